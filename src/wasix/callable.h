/* SPDX-License-Identifier: Apache-2.0 */
/* Functions by their numbers in the guest's table, and their values as bytes in its memory. */
#ifndef WX_WASIX_CALLABLE_H
#define WX_WASIX_CALLABLE_H

#include "wasi/env.h"

/** What guests take function pointers from; NULL: the module exports none that fits. */
struct wx_table *wx_callable_table(const struct wx_guest_thread *self);
/** @return NULL: there is none of that number */
struct wx_func *wx_callable_find(struct wx_table *table, uint64_t idx);

/*
 * Values lie one behind the other without padding, in the order of their types: 4 bytes for i32 and
 * f32, 8 for i64 and f64, 16 for v128.
 */

/** Bytes of a value; 0: it is a reference, which has none. */
uint32_t wx_value_bytes(wx_valtype type);
/** Bytes of all of them. @return false: one is a reference */
bool wx_values_bytes(const wx_valtype *types, uint32_t n, uint64_t *ret_bytes);
/** Read from memory that was checked for `len` bytes; a value that ends behind those is zero. */
void wx_values_load(const struct wx_memory *m, uint64_t addr, uint64_t len, const wx_valtype *types,
                    uint32_t n, uint64_t *slots);
/** Write; a value that ends behind `len` bytes is dropped. */
void wx_values_store(struct wx_memory *m, uint64_t addr, uint64_t len, const wx_valtype *types,
                     uint32_t n, const uint64_t *slots);

/** Zeros, where it was checked. */
void wx_values_clear(struct wx_memory *m, uint64_t addr, uint64_t len);

/** Is this the number of a closure, or kept for one? */
bool wx_closure_owns(const struct wx_guest_thread *self, uint64_t idx);
/** A new thread's table gets what closures there are. @return false when out of memory */
bool wx_closures_inherit(struct wx_guest_thread *g);

#endif
