/* SPDX-License-Identifier: Apache-2.0 */
/* Code memory of a module: near data and code within reach of 32-bit displacements. */
#ifndef WX_ENGINE_JIT_REGION_H
#define WX_ENGINE_JIT_REGION_H

#include "engine/jit/stencil.h"
#include "engine/rt/store.h"
#include "os/vm.h"

/** Address space of a region: data, and directly behind it the executable view of its code. */
struct wx_jit_space {
    uint8_t *base;
    size_t bytes, data_bytes;
    struct wx_vm_code code;
};

/**
 * One per module and bounds mode, made when its code table is made:
 *
 *     [ thunk slots | constant pool | entry slots ]   data, never executable
 *     [ stubs | functions ... ]                       code, executable here, written elsewhere
 * (R21)
 *
 * Code reaches data by rip-relative addresses, so it holds no absolute address but those of its own
 * branch tables. A direct call goes through the entry slot of its callee, which is a stub until the
 * first call compiles the function, so that no running code is ever patched (invariant 5).
 *
 * The functions of a module that is compiled whole are written into private pages that are sealed
 * and published in the end, or when somebody calls one.
 *
 * Invariants. 1. used only grows, under the module's lock. 2. An entry slot is written with release
 * after its code; code is complete before. 3. order[0..n_order) are functions by ascending address;
 * entries are published by n_order with release, so walkers need no lock.
 */
struct wx_jit_region {
    struct wx_jit_space space;
    uint64_t *thunks;
    uint8_t *pool;
    const void **entries; /* atomic slots, one per defined function */
    size_t used;          /* of code */
    uint32_t *order;      /* defined-function numbers by address */
    uint32_t n_order;     /* atomic */
    uint32_t n_made;      /* those behind n_order wait to be written */
    uint32_t n_funcs;
    struct wx_mem *mem;
};

#define WX_JIT_STUB_BYTES 8u

/**
 * For n_funcs functions with about code_bytes of wasm in all; `whole` if they are compiled all at
 * once now. NULL when memory is refused.
 */
struct wx_jit_region *wx_jit_region_new(struct wx_mem *mem, uint32_t n_funcs, uint64_t code_bytes,
                                        bool whole);
void wx_jit_region_free(struct wx_jit_region *r); /* NULL accepted */
/** Make all that is written executable; may move `used`. @return false if the host refuses */
bool wx_jit_region_seal(struct wx_jit_region *r);
/** What a function's entry is before it is compiled. */
static inline const uint8_t *wx_jit_region_stub(const struct wx_jit_region *r, uint32_t func)
{
    return r->space.code.rx + (size_t)func * WX_JIT_STUB_BYTES;
}
/** True if the host lets us make code memory at all. Asks once; thread-safe. */
bool wx_jit_region_possible(void);

#endif
