/* SPDX-License-Identifier: Apache-2.0 */
/* From code back to wasm: which instruction an address belongs to. */
#ifndef WX_ENGINE_JIT_MARKS_H
#define WX_ENGINE_JIT_MARKS_H

#include "base/vec.h"

/** Code from code_off on, up to the next mark, belongs to the instruction at module_off. */
struct wx_jit_mark {
    uint32_t code_off; /* from the start of the function */
    uint32_t module_off;
    uint32_t fp_delta; /* bytes a call in it has added to fp when it is on the way */
};

/**
 * Marks are made for every instruction and looked at after traps, so they are packed: each is the
 * difference to the one before, mostly two bytes. Every WX_JIT_BLOCK_MARKS of them begin anew at a
 * block, among which is searched.
 */
#define WX_JIT_BLOCK_MARKS 32u
struct wx_jit_block {
    uint32_t code_off, module_off; /* of its first mark */
    uint32_t at;                   /* in the packed bytes */
};

/** Packs the marks of one function; reusable. */
struct wx_jit_packer {
    struct wx_mem *mem;
    WX_VEC(struct wx_jit_block) blocks;
    WX_VEC(uint8_t) bytes;
    struct wx_jit_mark last; /* not packed yet, if there is one */
    struct wx_jit_mark before;
    uint32_t n; /* packed */
    bool any;
};

/** Begin a function; keeps the memory. */
void wx_jit_packer_reset(struct wx_jit_packer *p);
void wx_jit_packer_fini(struct wx_jit_packer *p);
#define WX_JIT_MAX_PACKED 24u /* three numbers of at most 32, 34 and 29 bits, in 7-bit groups */
bool wx_jit_packer_flush_slow(struct wx_jit_packer *p);
/** Pack the last mark. @return false when out of memory */
static inline bool wx_jit_packer_flush(struct wx_jit_packer *p)
{
    uint32_t code_step = p->last.code_off - p->before.code_off;
    uint32_t module_step = p->last.module_off - p->before.module_off;
    if (!p->any || p->n % WX_JIT_BLOCK_MARKS == 0 || code_step >= 0x80 || module_step >= 0x20 ||
        p->last.fp_delta != 0 || p->bytes.cap - p->bytes.n < WX_JIT_MAX_PACKED) {
        return wx_jit_packer_flush_slow(p);
    }
    uint8_t *out = p->bytes.p + p->bytes.n; /* the usual two bytes, see marks.c */
    out[0] = (uint8_t)code_step;
    out[1] = (uint8_t)(module_step << 2);
    p->bytes.n += 2;
    p->before = p->last;
    p->n++;
    p->any = false;
    return true;
}
/** Code offsets ascend; a mark at the same one replaces the last. @return as flush */
static inline bool wx_jit_packer_add(struct wx_jit_packer *p, const struct wx_jit_mark *m)
{
    if (p->any && p->last.code_off != m->code_off && !wx_jit_packer_flush(p)) {
        return false;
    }
    p->last = *m;
    p->any = true;
    return true;
}
/** The last mark at or before code_off; the first one if there is none. n_blocks is not 0. */
struct wx_jit_mark wx_jit_marks_find(const struct wx_jit_block *blocks, uint32_t n_blocks,
                                     const uint8_t *bytes, size_t n_bytes, uint32_t code_off);
/** All marks of a function, ascending by code: room for n in `out`. */
void wx_jit_marks_unpack(const struct wx_jit_block *blocks, const uint8_t *bytes, uint32_t n,
                         struct wx_jit_mark *out);

#endif
