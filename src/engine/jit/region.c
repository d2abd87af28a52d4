/* SPDX-License-Identifier: Apache-2.0 */
/* Code memory of a module. */
#include "engine/jit/region.h"

#include <pthread.h>
#include <string.h>

#include "base/atomic.h"
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
static void put_stub(struct wx_jit_region *r, uint32_t i, uint8_t *w)
{
    const uint8_t *slot = (const uint8_t *)&r->thunks[WX_THUNK_lazy];
    int64_t disp = slot - (wx_jit_region_stub(r, i) + 6);
    w[0] = 0xff;
    w[1] = 0x15;
    wx_put_u32(w + 2, (uint32_t)(int32_t)disp);
    w[6] = w[7] = 0xcc;
    r->entries[i] = wx_jit_region_stub(r, i);
}

#define STUBS_AT_ONCE 512u

static bool fill_stubs(struct wx_jit_region *r)
{
    uint8_t some[STUBS_AT_ONCE * WX_JIT_STUB_BYTES];
    for (uint32_t i = 0; i < r->n_funcs; i += STUBS_AT_ONCE) {
        uint32_t n = r->n_funcs - i < STUBS_AT_ONCE ? r->n_funcs - i : STUBS_AT_ONCE;
        for (uint32_t k = 0; k < n; k++) {
            put_stub(r, i + k, some + (size_t)k * WX_JIT_STUB_BYTES);
        }
        if (wx_vm_code_write(&r->space.code, (size_t)i * WX_JIT_STUB_BYTES, some,
                             (size_t)n * WX_JIT_STUB_BYTES) != 0) {
            return false;
        }
    }
    r->used = wx_align_up((uint64_t)r->n_funcs * WX_JIT_STUB_BYTES, 16);
    return wx_jit_region_seal(r);
}

bool wx_jit_region_seal(struct wx_jit_region *r)
{
    if (wx_vm_code_seal(&r->space.code) != 0) {
        return false;
    }
    r->used = r->used > r->space.code.sealed ? r->used : r->space.code.sealed;
    return true;
}

/* -------- address space -------- */

static bool map_space(size_t data, size_t code, bool whole, struct wx_jit_space *ret)
{
    struct wx_jit_space s = {.bytes = data + code, .data_bytes = data};
    s.base = wx_vm_reserve(s.bytes);
    if (!s.base || wx_vm_commit(s.base, data) != 0 ||
        ((!whole || wx_vm_code_map_pages(s.base + data, code, &s.code) != 0) &&
         wx_vm_code_map(s.base + data, code, &s.code) != 0)) {
        wx_vm_release(s.base, s.bytes);
        return false;
    }
    *ret = s;
    return true;
}

static void unmap_space(struct wx_jit_space *s)
{
    wx_vm_code_unmap(&s->code);
    wx_vm_release(s->base, s->data_bytes); /* the code lay behind */
}

/*
 * Asking whether the host allows code memory means making some, which is then kept for the first
 * module it is large enough for: mapping is much of what a small one's start takes.
 */
#define SPARE_DATA ((size_t)16 << 10)
#define SPARE_CODE (2 * MIN_CODE)
static struct wx_jit_space spare;
static unsigned spare_is_there; /* atomic: 1 = spare may be taken, by who sets it to 0 */
static bool possible;
static pthread_once_t asked = PTHREAD_ONCE_INIT;

static void ask(void)
{
    possible = map_space(SPARE_DATA, SPARE_CODE, false, &spare);
    wx_store_release(&spare_is_there, possible); /* pairs with take_spare */
}

bool wx_jit_region_possible(void)
{
    (void)pthread_once(&asked, ask); /* fails never */
    return possible;
}

static bool take_spare(size_t data, size_t code, struct wx_jit_space *ret)
{
    unsigned there = 1;
    if (data > SPARE_DATA || code > SPARE_CODE || !wx_cas_acqrel(&spare_is_there, &there, 0)) {
        return false;
    }
    *ret = spare;
    return true;
}

/* -------- regions -------- */

/*
 * 64 bytes for each function beyond its share: none is so small that its frame is not. Of those
 * that are to be sealed together each may be called before, and then has a page of its own.
 */
static uint64_t code_room(uint32_t n_funcs, uint64_t code_bytes, bool whole)
{
    uint64_t more = whole ? wx_vm_page_size() : 64;
    uint64_t room = code_bytes * EXPANSION + n_funcs * more + MIN_CODE;
    return room < MAX_CODE ? room : MAX_CODE;
}

static bool map_region(struct wx_jit_region *r, uint64_t code_bytes, bool whole)
{
    size_t page = wx_vm_page_size();
    size_t pool = wx_align_up(WX_THUNK_COUNT * sizeof(uint64_t), 16);
    size_t entries = wx_align_up(pool + wx_stencil_pool_len, 16);
    size_t data = wx_align_up(entries + (size_t)r->n_funcs * sizeof *r->entries, page);
    size_t code = wx_align_up(code_room(r->n_funcs, code_bytes, whole), page);
    if (!take_spare(data, code, &r->space) && !map_space(data, code, whole, &r->space)) {
        return false;
    }
    r->thunks = (uint64_t *)(void *)r->space.base;
    r->pool = r->space.base + pool;
    r->entries = (const void **)(void *)(r->space.base + entries);
    memcpy(r->pool, wx_stencil_pool, wx_stencil_pool_len);
    fill_thunks(r->thunks);
    return true;
}

struct wx_jit_region *wx_jit_region_new(struct wx_mem *mem, uint32_t n_funcs, uint64_t code_bytes,
                                        bool whole)
{
    struct wx_jit_region *r = wx_zalloc(mem, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->mem = mem;
    r->n_funcs = n_funcs;
    r->order = wx_zalloc_array(mem, (size_t)n_funcs + 1, sizeof *r->order);
    if (!r->order || !map_region(r, code_bytes, whole) ||
        (size_t)n_funcs * WX_JIT_STUB_BYTES > r->space.code.len || !fill_stubs(r) ||
        !wx_jittext_add(r->space.code.rx, r->space.code.len)) {
        wx_jit_region_free(r);
        return NULL;
    }
    return r;
}

void wx_jit_region_free(struct wx_jit_region *r)
{
    if (!r) {
        return;
    }
    if (r->space.code.rx) {
        wx_jittext_remove(r->space.code.rx);
    }
    unmap_space(&r->space);
    wx_free(r->mem, r->order);
    wx_free(r->mem, r);
}
