/* SPDX-License-Identifier: Apache-2.0 */
/* Filling in one field of an instruction of x86-64. */
/* Pure functions on bytes; the emitter of this processor calls them inline. */
#ifndef WX_ENGINE_JIT_PATCH_X86_64_H
#define WX_ENGINE_JIT_PATCH_X86_64_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "engine/jit/stencil.h"

/* Whether a hole of that kind (without WX_SR_IN_COLD) holds the value. */
static inline bool wx_x86_fits(uint8_t kind, uint64_t v)
{
    return kind == WX_SR_IMM32   ? v <= UINT32_MAX
           : kind == WX_SR_IMM31 ? (int64_t)v == (int32_t)v
                                 : true;
}

static inline void wx_x86_put_imm(uint8_t *p, uint8_t kind, uint64_t v)
{
    switch (kind) {
    case WX_SR_IMM8: *p = (uint8_t)v; break;
    case WX_SR_IMM64: wx_put_u64(p, v); break;
    default: wx_put_u32(p, (uint32_t)v); break;
    }
}

/* The field at p, which will be at `place`: from there to `to`. A region is smaller than 2 GiB. */
static inline void wx_x86_put_rel32(uint8_t *p, const uint8_t *place, const uint8_t *to,
                                    int32_t addend)
{
    wx_put_u32(p, (uint32_t)(int32_t)(to - place + addend));
}

#endif
