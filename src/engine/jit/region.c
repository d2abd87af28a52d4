/* SPDX-License-Identifier: Apache-2.0 */
/* Code memory of a module. */
#include "engine/jit/region.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "engine/rt/jittext.h"

/* Room for code: pages cost nothing until written, so be generous, but stay in reach of rel32. */
#define EXPANSION 48u
#define MIN_CODE ((uint64_t)256 << 10)
#define MAX_CODE ((uint64_t)1536 << 20)

#define THUNK(NAME) extern const char wx_jit_thunk_##NAME[];
#include "engine/jit/thunks.def"
#undef THUNK

static void fill_thunks(uint64_t *slots)
{
#define THUNK(NAME) slots[WX_THUNK_##NAME] = (uint64_t)(uintptr_t)wx_jit_thunk_##NAME;
#include "engine/jit/thunks.def"
#undef THUNK
}

/* Stub of function i: call [lazy]; the return address tells which one it is. */
static void fill_stubs(struct wx_jit_region *r)
{
    const uint8_t *slot = (const uint8_t *)&r->thunks[WX_THUNK_lazy];
    for (uint32_t i = 0; i < r->n_funcs; i++) {
        uint8_t *w = r->code.rw + (size_t)i * WX_JIT_STUB_BYTES;
        int64_t disp = slot - (wx_jit_region_stub(r, i) + 6);
        w[0] = 0xff;
        w[1] = 0x15;
        wx_put_u32(w + 2, (uint32_t)(int32_t)disp);
        w[6] = w[7] = 0xcc;
        r->entries[i] = wx_jit_region_stub(r, i);
    }
    r->used = wx_align_up((uint64_t)r->n_funcs * WX_JIT_STUB_BYTES, 16);
}

static bool map_region(struct wx_jit_region *r, uint64_t code_bytes)
{
    size_t page = wx_vm_page_size();
    size_t pool = WX_THUNK_COUNT * sizeof(uint64_t);
    pool = wx_align_up(pool, 16);
    size_t entries = wx_align_up(pool + wx_stencil_pool_len, 16);
    size_t data = wx_align_up(entries + (size_t)r->n_funcs * sizeof *r->entries, page);
    uint64_t code = code_bytes * EXPANSION + (uint64_t)r->n_funcs * 64 + MIN_CODE;
    code = wx_align_up(code < MAX_CODE ? code : MAX_CODE, page);
    r->reservation_bytes = data + code;
    r->reservation = wx_vm_reserve(r->reservation_bytes);
    if (!r->reservation || wx_vm_commit(r->reservation, data) != 0 ||
        wx_vm_code_map(r->reservation + data, code, &r->code) != 0) {
        return false;
    }
    r->thunks = (uint64_t *)(void *)r->reservation;
    r->pool = r->reservation + pool;
    r->entries = (const void **)(void *)(r->reservation + entries);
    memcpy(r->pool, wx_stencil_pool, wx_stencil_pool_len);
    fill_thunks(r->thunks);
    return true;
}

struct wx_jit_region *wx_jit_region_new(struct wx_mem *mem, uint32_t n_funcs, uint64_t code_bytes)
{
    struct wx_jit_region *r = wx_zalloc(mem, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->mem = mem;
    r->n_funcs = n_funcs;
    r->order = wx_zalloc_array(mem, (size_t)n_funcs + 1, sizeof *r->order);
    if (!r->order || !map_region(r, code_bytes) ||
        (size_t)n_funcs * WX_JIT_STUB_BYTES > r->code.len ||
        !wx_jittext_add(r->code.rx, r->code.len)) {
        wx_jit_region_free(r);
        return NULL;
    }
    fill_stubs(r);
    return r;
}

void wx_jit_region_free(struct wx_jit_region *r)
{
    if (!r) {
        return;
    }
    if (r->code.rx) {
        wx_jittext_remove(r->code.rx);
        wx_vm_release(r->code.rw, r->code.len);
    }
    wx_vm_release(r->reservation, r->reservation_bytes); /* code.rx lies in it */
    wx_free(r->mem, r->order);
    wx_free(r->mem, r);
}

bool wx_jit_region_possible(void)
{
    struct wx_vm_code probe;
    if (wx_vm_code_map(NULL, wx_vm_page_size(), &probe) != 0) {
        return false;
    }
    wx_vm_code_unmap(&probe);
    return true;
}
