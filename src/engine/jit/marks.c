/* SPDX-License-Identifier: Apache-2.0 */
/* Marks, packed. */
/*
 * One mark: the code offset's difference, unsigned LEB128; then a number whose lowest bit says
 * whether fp_delta / 8 follows, the next one the sign of the module offset's difference, the rest
 * its size. Module offsets go back where the cold part of a function begins.
 */
#include "engine/jit/marks.h"

#include "base/check.h"

void wx_jit_packer_reset(struct wx_jit_packer *p)
{
    p->blocks.n = p->bytes.n = 0;
    p->n = 0;
    p->any = false;
}

void wx_jit_packer_fini(struct wx_jit_packer *p)
{
    wx_vec_fini(p->mem, &p->blocks);
    wx_vec_fini(p->mem, &p->bytes);
}

static uint8_t *put(uint8_t *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        *out++ = (uint8_t)(v | 0x80);
    }
    *out++ = (uint8_t)v;
    return out;
}

static uint64_t get(const uint8_t **at)
{
    uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
}

bool wx_jit_packer_flush_slow(struct wx_jit_packer *p)
{
    const struct wx_jit_mark m = p->last;
    if (!p->any) {
        return true;
    }
    if (p->n % WX_JIT_BLOCK_MARKS == 0) {
        struct wx_jit_block b = {m.code_off, m.module_off, (uint32_t)p->bytes.n};
        if (!wx_vec_push(p->mem, &p->blocks, b)) {
            return false;
        }
        p->before = m;
    }
    if (p->bytes.cap - p->bytes.n < WX_JIT_MAX_PACKED &&
        !wx_vec_reserve(p->mem, &p->bytes, WX_JIT_MAX_PACKED)) {
        return false;
    }
    uint64_t back = m.module_off < p->before.module_off;
    uint32_t distance =
        back ? p->before.module_off - m.module_off : m.module_off - p->before.module_off;
    uint8_t *start = p->bytes.p + p->bytes.n;
    uint8_t *out = put(start, m.code_off - p->before.code_off);
    out = put(out, (uint64_t)distance << 2 | back << 1 | (m.fp_delta != 0));
    if (m.fp_delta) {
        wx_assert(m.fp_delta % 8 == 0);
        out = put(out, m.fp_delta / 8);
    }
    p->bytes.n += (size_t)(out - start);
    p->before = m;
    p->n++;
    p->any = false;
    return true;
}

static void step(struct wx_jit_mark *m, const uint8_t **at)
{
    m->code_off += (uint32_t)get(at);
    uint64_t v = get(at);
    uint32_t distance = (uint32_t)(v >> 2);
    m->module_off = v & 2 ? m->module_off - distance : m->module_off + distance;
    m->fp_delta = v & 1 ? (uint32_t)get(at) * 8 : 0;
}

struct wx_jit_mark wx_jit_marks_find(const struct wx_jit_block *blocks, uint32_t n_blocks,
                                     const uint8_t *bytes, size_t n_bytes, uint32_t code_off)
{
    uint32_t low = 0, high = n_blocks;
    while (high - low > 1) { /* last block at or before it */
        uint32_t mid = low + (high - low) / 2;
        *(blocks[mid].code_off <= code_off ? &low : &high) = mid;
    }
    const uint8_t *at = bytes + blocks[low].at;
    const uint8_t *end = bytes + (low + 1 < n_blocks ? blocks[low + 1].at : n_bytes);
    struct wx_jit_mark next = {blocks[low].code_off, blocks[low].module_off, 0};
    step(&next, &at);
    struct wx_jit_mark found = next;
    while (at < end) {
        step(&next, &at);
        if (next.code_off > code_off) {
            break;
        }
        found = next;
    }
    return found;
}

void wx_jit_marks_unpack(const struct wx_jit_block *blocks, const uint8_t *bytes, uint32_t n,
                         struct wx_jit_mark *out)
{
    struct wx_jit_mark m = {0};
    for (uint32_t i = 0; i < n; i++) {
        if (i % WX_JIT_BLOCK_MARKS == 0) {
            m.code_off = blocks[i / WX_JIT_BLOCK_MARKS].code_off;
            m.module_off = blocks[i / WX_JIT_BLOCK_MARKS].module_off;
        }
        step(&m, &bytes); /* blocks lie one behind the other */
        out[i] = m;
    }
}
