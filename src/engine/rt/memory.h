/* SPDX-License-Identifier: Apache-2.0 */
/* Linear memories: reserved once, never moved, guarded on both sides. */
#ifndef WX_ENGINE_RT_MEMORY_H
#define WX_ENGINE_RT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "os/lock.h"
#include "wasm/types.h"

struct wx_engine;
struct wx_memory_file; /* memory.c */

/**
 * 32-bit memories on hosts that allow it: 2 GiB guard, 4 GiB, 2 GiB guard, all PROT_NONE until
 * committed; any zero-extended 32-bit index plus a static offset below 2 GiB lands inside, so op
 * bodies do not check (guarded = true). Otherwise (64-bit addresses, page size 1, refused
 * reservations, R15) accesses are checked against size_bytes and exactly the maximum is reserved.
 *
 * Invariants. 1. base never changes (I2). 2. size_bytes only grows; published with release after
 * the pages are accessible. 3. Shared memories may belong to several stores; counted.
 */
struct wx_memory {
    uint8_t *base;
    uint64_t size_bytes;   /* atomic */
    uint64_t max_bytes;    /* lesser of declared and configured maximum */
    struct wx_limits type; /* as declared */
    bool guarded;
    void *reservation;
    uint64_t reservation_bytes;
    struct wx_engine *engine;
    struct wx_memory_file *file; /* counted: it can be copied fast (R9); NULL: it is anonymous */

    struct wx_mutex grow_lock; /* also against copies */
    bool
        sealed WAX_GUARDED_BY(&grow_lock); /* it no longer writes to its file, nor does any other */
    uint32_t refs;                         /* atomic */
};

/** May a memory of this type be guarded, or will it be checked for sure? */
bool wx_memory_guardable(const struct wx_engine *engine, const struct wx_limits *type);
/** `max_bytes` limits growth below the declared maximum (0 = no further limit). */
wax_status wx_memory_new(struct wx_engine *engine, const struct wx_limits *type, uint64_t max_bytes,
                         struct wx_memory **ret_memory, wax_error **err);
/**
 * The same for a guest that forks (R9): it lies in a file, which the first copy makes that of both,
 * privately; later ones copy what was written since. Where the host has no such files it is an
 * ordinary one.
 */
wax_status wx_memory_new_forkable(struct wx_engine *engine, const struct wx_limits *type,
                                  uint64_t max_bytes, struct wx_memory **ret_memory,
                                  wax_error **err);
/**
 * A memory of the same kind with the same content. Other threads may write meanwhile; what they
 * write then is or is not in the copy, byte for byte.
 * @return WAX_OK; WAX_E_NOMEM
 */
wax_status wx_memory_copy(struct wx_memory *from, struct wx_memory **ret_memory, wax_error **err);
struct wx_memory *wx_memory_ref(struct wx_memory *memory);
void wx_memory_unref(struct wx_memory *memory); /* NULL accepted */
/** @return previous size in pages, or UINT64_MAX when refused (limit or host). Thread-safe. */
uint64_t wx_memory_grow(struct wx_memory *memory, uint64_t delta_pages);
static inline uint64_t wx_memory_size(const struct wx_memory *m) /* bytes */
{
    return __atomic_load_n(&m->size_bytes, __ATOMIC_ACQUIRE);
}
static inline uint64_t wx_memory_pages(const struct wx_memory *m)
{
    return wx_memory_size(m) >> m->type.page_shift;
}
/** True when [addr, addr + len) lies inside now (memories never shrink, so it stays true). */
static inline bool wx_memory_in_bounds(const struct wx_memory *m, uint64_t addr, uint64_t len)
{
    uint64_t size = wx_memory_size(m);
    return len <= size && addr <= size - len;
}
/* Copies between host and checked guest ranges, outside sanitizer instrumentation (R16). */
void wx_memory_read(const struct wx_memory *m, uint64_t addr, void *dst, size_t len);
void wx_memory_write(struct wx_memory *m, uint64_t addr, const void *src, size_t len);

#endif
