/* SPDX-License-Identifier: Apache-2.0 */
/* Wasm arithmetic on v128, lane by lane in plain C: what each instruction means. */
/*
 * wx_lanes_<NAME> computes the instruction NAME of opcodes.def (core spec 4.3.4). This is the
 * definition: tests compare the op bodies with it, and processors without a header of their own run
 * it (simd.h). Floats go through num.h, so that the rules for NaN, zeros and conversions are the
 * scalar ones: min and max give NaN if either operand is one, and order zeros; pmin and pmax are
 * b < a ? b : a and a < b ? b : a; abs and neg only touch the sign; everything else gives quiet
 * NaN.
 *
 * Relaxed instructions have one result each, the one of their strict relatives, on every processor
 * and tier (docs/design/relaxed-simd.md).
 */
#ifndef WX_WASM_NUM_SIMD_H
#define WX_WASM_NUM_SIMD_H

#include "wasm/num.h"

/* Lane 0 first; bytes as in memory on the little-endian processors there are. */
union wx_lanes {
    uint8_t u8[16];
    int8_t s8[16];
    uint16_t u16[8];
    int16_t s16[8];
    uint32_t u32[4];
    int32_t s32[4];
    uint64_t u64[2];
    int64_t s64[2];
    float f32[4];
    double f64[2];
};

#define WX_LANES static inline union wx_lanes
typedef uint8_t wx_lane_u8;
typedef int8_t wx_lane_s8;
typedef uint16_t wx_lane_u16;
typedef int16_t wx_lane_s16;
typedef uint32_t wx_lane_u32;
typedef int32_t wx_lane_s32;
typedef uint64_t wx_lane_u64;
typedef int64_t wx_lane_s64;
typedef float wx_lane_f32;
typedef double wx_lane_f64;

/* r[i] = EXPR of a (and b, c) for each of N lanes; OUT and IN name lanes of the union. */
#define WX_LANES_1(NAME, N, OUT, IN, EXPR)                                                         \
    WX_LANES wx_lanes_##NAME(union wx_lanes va)                                                    \
    {                                                                                              \
        union wx_lanes r = {{0}};                                                                  \
        for (int i = 0; i < N; i++) {                                                              \
            wx_lane_##IN a = va.IN[i];                                                             \
            r.OUT[i] = (wx_lane_##OUT)(EXPR);                                                      \
        }                                                                                          \
        return r;                                                                                  \
    }
#define WX_LANES_2(NAME, N, OUT, IN, EXPR)                                                         \
    WX_LANES wx_lanes_##NAME(union wx_lanes va, union wx_lanes vb)                                 \
    {                                                                                              \
        union wx_lanes r = {{0}};                                                                  \
        for (int i = 0; i < N; i++) {                                                              \
            wx_lane_##IN a = va.IN[i], b = vb.IN[i];                                               \
            r.OUT[i] = (wx_lane_##OUT)(EXPR);                                                      \
        }                                                                                          \
        return r;                                                                                  \
    }
#define WX_LANES_3(NAME, N, OUT, IN, EXPR)                                                         \
    WX_LANES wx_lanes_##NAME(union wx_lanes va, union wx_lanes vb, union wx_lanes vc)              \
    {                                                                                              \
        union wx_lanes r = {{0}};                                                                  \
        for (int i = 0; i < N; i++) {                                                              \
            wx_lane_##IN a = va.IN[i], b = vb.IN[i], c = vc.IN[i];                                 \
            r.OUT[i] = (wx_lane_##OUT)(EXPR);                                                      \
        }                                                                                          \
        return r;                                                                                  \
    }
/* All lanes equal to v. */
#define WX_LANES_SPLAT(NAME, N, OUT, T)                                                            \
    WX_LANES wx_lanes_##NAME(T v)                                                                  \
    {                                                                                              \
        union wx_lanes r;                                                                          \
        for (int i = 0; i < N; i++) {                                                              \
            r.OUT[i] = (wx_lane_##OUT)v;                                                           \
        }                                                                                          \
        return r;                                                                                  \
    }
/* The count is taken modulo the lane width. */
#define WX_LANES_SHIFT(NAME, N, LANE, EXPR)                                                        \
    WX_LANES wx_lanes_##NAME(union wx_lanes va, uint32_t count)                                    \
    {                                                                                              \
        union wx_lanes r;                                                                          \
        uint32_t n = count & (128 / N - 1);                                                        \
        for (int i = 0; i < N; i++) {                                                              \
            wx_lane_##LANE a = va.LANE[i];                                                         \
            r.LANE[i] = (wx_lane_##LANE)(EXPR);                                                    \
        }                                                                                          \
        return r;                                                                                  \
    }

/* -------- bits -------- */

WX_LANES_1(V128_NOT, 2, u64, u64, ~a)
WX_LANES_2(V128_AND, 2, u64, u64, a &b)
WX_LANES_2(V128_ANDNOT, 2, u64, u64, a & ~b)
WX_LANES_2(V128_OR, 2, u64, u64, a | b)
WX_LANES_2(V128_XOR, 2, u64, u64, a ^ b)
WX_LANES_3(V128_BITSELECT, 2, u64, u64, (a & c) | (b & ~c))
static inline uint32_t wx_lanes_V128_ANY_TRUE(union wx_lanes a)
{
    return (a.u64[0] | a.u64[1]) != 0;
}

/* -------- integers of every width -------- */

#define WX_MASK(COND) ((COND) ? -1 : 0)
#define WX_LANES_INT(P, N, U, S)                                                                   \
    WX_LANES_1(P##_NEG, N, U, U, 0 - (uint64_t)a)                                                  \
    WX_LANES_1(P##_ABS, N, U, S, a < 0 ? 0 - (uint64_t)a : (uint64_t)a)                            \
    WX_LANES_2(P##_ADD, N, U, U, (uint64_t)a + b)                                                  \
    WX_LANES_2(P##_SUB, N, U, U, (uint64_t)a - b)                                                  \
    WX_LANES_2(P##_EQ, N, S, S, WX_MASK(a == b))                                                   \
    WX_LANES_2(P##_NE, N, S, S, WX_MASK(a != b))                                                   \
    WX_LANES_2(P##_LT_S, N, S, S, WX_MASK(a < b))                                                  \
    WX_LANES_2(P##_GT_S, N, S, S, WX_MASK(a > b))                                                  \
    WX_LANES_2(P##_LE_S, N, S, S, WX_MASK(a <= b))                                                 \
    WX_LANES_2(P##_GE_S, N, S, S, WX_MASK(a >= b))                                                 \
    WX_LANES_SHIFT(P##_SHL, N, U, (uint64_t)a << n)                                                \
    WX_LANES_SHIFT(P##_SHR_S, N, S, a >> n)                                                        \
    WX_LANES_SHIFT(P##_SHR_U, N, U, a >> n)                                                        \
    static inline uint32_t wx_lanes_##P##_ALL_TRUE(union wx_lanes a)                               \
    {                                                                                              \
        for (int i = 0; i < N; i++) {                                                              \
            if (!a.U[i]) {                                                                         \
                return 0;                                                                          \
            }                                                                                      \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
    static inline uint32_t wx_lanes_##P##_BITMASK(union wx_lanes a)                                \
    {                                                                                              \
        uint32_t r = 0;                                                                            \
        for (int i = 0; i < N; i++) {                                                              \
            r |= (uint32_t)(a.S[i] < 0) << i;                                                      \
        }                                                                                          \
        return r;                                                                                  \
    }
WX_LANES_INT(I8X16, 16, u8, s8)
WX_LANES_INT(I16X8, 8, u16, s16)
WX_LANES_INT(I32X4, 4, u32, s32)
WX_LANES_INT(I64X2, 2, u64, s64)

#define WX_LANES_UNSIGNED(P, N, U, S)                                                              \
    WX_LANES_2(P##_LT_U, N, S, U, WX_MASK(a < b))                                                  \
    WX_LANES_2(P##_GT_U, N, S, U, WX_MASK(a > b))                                                  \
    WX_LANES_2(P##_LE_U, N, S, U, WX_MASK(a <= b))                                                 \
    WX_LANES_2(P##_GE_U, N, S, U, WX_MASK(a >= b))                                                 \
    WX_LANES_2(P##_MIN_S, N, S, S, a < b ? a : b)                                                  \
    WX_LANES_2(P##_MIN_U, N, U, U, a < b ? a : b)                                                  \
    WX_LANES_2(P##_MAX_S, N, S, S, a > b ? a : b)                                                  \
    WX_LANES_2(P##_MAX_U, N, U, U, a > b ? a : b)
WX_LANES_UNSIGNED(I8X16, 16, u8, s8)
WX_LANES_UNSIGNED(I16X8, 8, u16, s16)
WX_LANES_UNSIGNED(I32X4, 4, u32, s32)

WX_LANES_2(I16X8_MUL, 8, u16, u16, (uint32_t)a *b)
WX_LANES_2(I32X4_MUL, 4, u32, u32, a *b)
WX_LANES_2(I64X2_MUL, 2, u64, u64, a *b)

/* -------- saturation, averages, bytes -------- */

static inline int32_t wx_clamp(int32_t v, int32_t low, int32_t high)
{
    return v < low ? low : v > high ? high : v;
}
WX_LANES_2(I8X16_ADD_SAT_S, 16, s8, s8, wx_clamp(a + b, INT8_MIN, INT8_MAX))
WX_LANES_2(I8X16_ADD_SAT_U, 16, u8, u8, wx_clamp(a + b, 0, UINT8_MAX))
WX_LANES_2(I8X16_SUB_SAT_S, 16, s8, s8, wx_clamp(a - b, INT8_MIN, INT8_MAX))
WX_LANES_2(I8X16_SUB_SAT_U, 16, u8, u8, wx_clamp(a - b, 0, UINT8_MAX))
WX_LANES_2(I16X8_ADD_SAT_S, 8, s16, s16, wx_clamp(a + b, INT16_MIN, INT16_MAX))
WX_LANES_2(I16X8_ADD_SAT_U, 8, u16, u16, wx_clamp(a + b, 0, UINT16_MAX))
WX_LANES_2(I16X8_SUB_SAT_S, 8, s16, s16, wx_clamp(a - b, INT16_MIN, INT16_MAX))
WX_LANES_2(I16X8_SUB_SAT_U, 8, u16, u16, wx_clamp(a - b, 0, UINT16_MAX))
WX_LANES_2(I8X16_AVGR_U, 16, u8, u8, (a + b + 1) / 2)
WX_LANES_2(I16X8_AVGR_U, 8, u16, u16, (a + b + 1) / 2)
WX_LANES_1(I8X16_POPCNT, 16, u8, u8, __builtin_popcount(a))
WX_LANES_2(I16X8_Q15MULR_SAT_S, 8, s16, s16, wx_clamp((a * b + 0x4000) >> 15, INT16_MIN, INT16_MAX))

/* Both halves of the result, the operands' lanes being twice as wide and signed. */
#define WX_LANES_NARROW(NAME, N, OUT, IN, LOW, HIGH)                                               \
    WX_LANES wx_lanes_##NAME(union wx_lanes a, union wx_lanes b)                                   \
    {                                                                                              \
        union wx_lanes r;                                                                          \
        for (int i = 0; i < N; i++) {                                                              \
            int32_t v = i < N / 2 ? a.IN[i] : b.IN[i - N / 2];                                     \
            r.OUT[i] = (wx_lane_##OUT)wx_clamp(v, LOW, HIGH);                                      \
        }                                                                                          \
        return r;                                                                                  \
    }
WX_LANES_NARROW(I8X16_NARROW_I16X8_S, 16, s8, s16, INT8_MIN, INT8_MAX)
WX_LANES_NARROW(I8X16_NARROW_I16X8_U, 16, u8, s16, 0, UINT8_MAX)
WX_LANES_NARROW(I16X8_NARROW_I32X4_S, 8, s16, s32, INT16_MIN, INT16_MAX)
WX_LANES_NARROW(I16X8_NARROW_I32X4_U, 8, u16, s32, 0, UINT16_MAX)

/* -------- widening -------- */

/* EXPR is of lanes i + FIRST, half as wide, of a (and b). */
#define WX_LANES_WIDEN_1(NAME, N, OUT, IN, FIRST)                                                  \
    WX_LANES wx_lanes_##NAME(union wx_lanes a)                                                     \
    {                                                                                              \
        union wx_lanes r;                                                                          \
        for (int i = 0; i < N; i++) {                                                              \
            r.OUT[i] = a.IN[i + FIRST];                                                            \
        }                                                                                          \
        return r;                                                                                  \
    }
#define WX_LANES_WIDEN_2(NAME, N, OUT, IN, FIRST)                                                  \
    WX_LANES wx_lanes_##NAME(union wx_lanes a, union wx_lanes b)                                   \
    {                                                                                              \
        union wx_lanes r;                                                                          \
        for (int i = 0; i < N; i++) {                                                              \
            r.OUT[i] = (wx_lane_##OUT)((uint64_t)a.IN[i + FIRST] * (uint64_t)b.IN[i + FIRST]);     \
        }                                                                                          \
        return r;                                                                                  \
    }
#define WX_LANES_WIDEN(P, Q, N, U, S, HALF_U, HALF_S)                                              \
    WX_LANES_WIDEN_1(P##_EXTEND_LOW_##Q##_S, N, S, HALF_S, 0)                                      \
    WX_LANES_WIDEN_1(P##_EXTEND_HIGH_##Q##_S, N, S, HALF_S, N)                                     \
    WX_LANES_WIDEN_1(P##_EXTEND_LOW_##Q##_U, N, U, HALF_U, 0)                                      \
    WX_LANES_WIDEN_1(P##_EXTEND_HIGH_##Q##_U, N, U, HALF_U, N)                                     \
    WX_LANES_WIDEN_2(P##_EXTMUL_LOW_##Q##_S, N, S, HALF_S, 0)                                      \
    WX_LANES_WIDEN_2(P##_EXTMUL_HIGH_##Q##_S, N, S, HALF_S, N)                                     \
    WX_LANES_WIDEN_2(P##_EXTMUL_LOW_##Q##_U, N, U, HALF_U, 0)                                      \
    WX_LANES_WIDEN_2(P##_EXTMUL_HIGH_##Q##_U, N, U, HALF_U, N)
WX_LANES_WIDEN(I16X8, I8X16, 8, u16, s16, u8, s8)
WX_LANES_WIDEN(I32X4, I16X8, 4, u32, s32, u16, s16)
WX_LANES_WIDEN(I64X2, I32X4, 2, u64, s64, u32, s32)

#define WX_LANES_PAIRS(NAME, N, OUT, IN)                                                           \
    WX_LANES wx_lanes_##NAME(union wx_lanes a)                                                     \
    {                                                                                              \
        union wx_lanes r;                                                                          \
        for (int i = 0; i < N; i++) {                                                              \
            r.OUT[i] = (wx_lane_##OUT)(a.IN[2 * i] + a.IN[2 * i + 1]);                             \
        }                                                                                          \
        return r;                                                                                  \
    }
WX_LANES_PAIRS(I16X8_EXTADD_PAIRWISE_I8X16_S, 8, s16, s8)
WX_LANES_PAIRS(I16X8_EXTADD_PAIRWISE_I8X16_U, 8, u16, u8)
WX_LANES_PAIRS(I32X4_EXTADD_PAIRWISE_I16X8_S, 4, s32, s16)
WX_LANES_PAIRS(I32X4_EXTADD_PAIRWISE_I16X8_U, 4, u32, u16)

/* Sums of products of neighbours, modulo the lane width. */
#define WX_LANES_DOT(NAME, N, OUT, IN)                                                             \
    WX_LANES wx_lanes_##NAME(union wx_lanes a, union wx_lanes b)                                   \
    {                                                                                              \
        union wx_lanes r;                                                                          \
        for (int i = 0; i < N; i++) {                                                              \
            int64_t low = (int64_t)a.IN[2 * i] * b.IN[2 * i];                                      \
            r.OUT[i] = (wx_lane_##OUT)(low + (int64_t)a.IN[2 * i + 1] * b.IN[2 * i + 1]);          \
        }                                                                                          \
        return r;                                                                                  \
    }
WX_LANES_DOT(I32X4_DOT_I16X8_S, 4, s32, s16)

/* -------- lanes -------- */

WX_LANES_SPLAT(I8X16_SPLAT, 16, u8, uint32_t)
WX_LANES_SPLAT(I16X8_SPLAT, 8, u16, uint32_t)
WX_LANES_SPLAT(I32X4_SPLAT, 4, u32, uint32_t)
WX_LANES_SPLAT(I64X2_SPLAT, 2, u64, uint64_t)
WX_LANES_SPLAT(F32X4_SPLAT, 4, f32, float)
WX_LANES_SPLAT(F64X2_SPLAT, 2, f64, double)

#define WX_LANES_EXTRACT(NAME, T, LANE)                                                            \
    static inline T wx_lanes_##NAME(union wx_lanes a, unsigned lane) { return (T)a.LANE[lane]; }
#define WX_LANES_REPLACE(NAME, T, LANE)                                                            \
    WX_LANES wx_lanes_##NAME(union wx_lanes a, T v, unsigned lane)                                 \
    {                                                                                              \
        a.LANE[lane] = (wx_lane_##LANE)v;                                                          \
        return a;                                                                                  \
    }
WX_LANES_EXTRACT(I8X16_EXTRACT_LANE_S, uint32_t, s8)
WX_LANES_EXTRACT(I8X16_EXTRACT_LANE_U, uint32_t, u8)
WX_LANES_EXTRACT(I16X8_EXTRACT_LANE_S, uint32_t, s16)
WX_LANES_EXTRACT(I16X8_EXTRACT_LANE_U, uint32_t, u16)
WX_LANES_EXTRACT(I32X4_EXTRACT_LANE, uint32_t, u32)
WX_LANES_EXTRACT(I64X2_EXTRACT_LANE, uint64_t, u64)
WX_LANES_EXTRACT(F32X4_EXTRACT_LANE, float, f32)
WX_LANES_EXTRACT(F64X2_EXTRACT_LANE, double, f64)
WX_LANES_REPLACE(I8X16_REPLACE_LANE, uint32_t, u8)
WX_LANES_REPLACE(I16X8_REPLACE_LANE, uint32_t, u16)
WX_LANES_REPLACE(I32X4_REPLACE_LANE, uint32_t, u32)
WX_LANES_REPLACE(I64X2_REPLACE_LANE, uint64_t, u64)
WX_LANES_REPLACE(F32X4_REPLACE_LANE, float, f32)
WX_LANES_REPLACE(F64X2_REPLACE_LANE, double, f64)

/* Lane numbers past 15 give zero. */
WX_LANES wx_lanes_I8X16_SWIZZLE(union wx_lanes a, union wx_lanes s)
{
    union wx_lanes r;
    for (int i = 0; i < 16; i++) {
        r.u8[i] = s.u8[i] < 16 ? a.u8[s.u8[i]] : 0;
    }
    return r;
}
/* Lane numbers below 32, those from 16 on are b's. */
WX_LANES wx_lanes_I8X16_SHUFFLE(union wx_lanes a, union wx_lanes b, union wx_lanes s)
{
    union wx_lanes r;
    for (int i = 0; i < 16; i++) {
        r.u8[i] = s.u8[i] < 16 ? a.u8[s.u8[i]] : b.u8[s.u8[i] & 15];
    }
    return r;
}

/* -------- floats -------- */

#define WX_LANES_FLOAT(P, Q, N, F, S)                                                              \
    WX_LANES_1(P##_ABS, N, F, F, wx_num_##Q##_ABS(a))                                              \
    WX_LANES_1(P##_NEG, N, F, F, wx_num_##Q##_NEG(a))                                              \
    WX_LANES_1(P##_SQRT, N, F, F, wx_num_##Q##_SQRT(a))                                            \
    WX_LANES_1(P##_CEIL, N, F, F, wx_num_##Q##_CEIL(a))                                            \
    WX_LANES_1(P##_FLOOR, N, F, F, wx_num_##Q##_FLOOR(a))                                          \
    WX_LANES_1(P##_TRUNC, N, F, F, wx_num_##Q##_TRUNC(a))                                          \
    WX_LANES_1(P##_NEAREST, N, F, F, wx_num_##Q##_NEAREST(a))                                      \
    WX_LANES_2(P##_ADD, N, F, F, wx_num_##Q##_ADD(a, b))                                           \
    WX_LANES_2(P##_SUB, N, F, F, wx_num_##Q##_SUB(a, b))                                           \
    WX_LANES_2(P##_MUL, N, F, F, wx_num_##Q##_MUL(a, b))                                           \
    WX_LANES_2(P##_DIV, N, F, F, wx_num_##Q##_DIV(a, b))                                           \
    WX_LANES_2(P##_MIN, N, F, F, wx_num_##Q##_MIN(a, b))                                           \
    WX_LANES_2(P##_MAX, N, F, F, wx_num_##Q##_MAX(a, b))                                           \
    WX_LANES_2(P##_PMIN, N, F, F, b < a ? b : a)                                                   \
    WX_LANES_2(P##_PMAX, N, F, F, a < b ? b : a)                                                   \
    WX_LANES_2(P##_EQ, N, S, F, WX_MASK(a == b))                                                   \
    WX_LANES_2(P##_NE, N, S, F, WX_MASK(a != b))                                                   \
    WX_LANES_2(P##_LT, N, S, F, WX_MASK(a < b))                                                    \
    WX_LANES_2(P##_GT, N, S, F, WX_MASK(a > b))                                                    \
    WX_LANES_2(P##_LE, N, S, F, WX_MASK(a <= b))                                                   \
    WX_LANES_2(P##_GE, N, S, F, WX_MASK(a >= b))
WX_LANES_FLOAT(F32X4, F32, 4, f32, s32)
WX_LANES_FLOAT(F64X2, F64, 2, f64, s64)

WX_LANES_1(I32X4_TRUNC_SAT_F32X4_S, 4, u32, f32, wx_num_I32_TRUNC_SAT_F32_S(a))
WX_LANES_1(I32X4_TRUNC_SAT_F32X4_U, 4, u32, f32, wx_num_I32_TRUNC_SAT_F32_U(a))
WX_LANES_1(I32X4_TRUNC_SAT_F64X2_S_ZERO, 2, u32, f64, wx_num_I32_TRUNC_SAT_F64_S(a))
WX_LANES_1(I32X4_TRUNC_SAT_F64X2_U_ZERO, 2, u32, f64, wx_num_I32_TRUNC_SAT_F64_U(a))
WX_LANES_1(F32X4_CONVERT_I32X4_S, 4, f32, u32, wx_num_F32_CONVERT_I32_S(a))
WX_LANES_1(F32X4_CONVERT_I32X4_U, 4, f32, u32, wx_num_F32_CONVERT_I32_U(a))
WX_LANES_1(F64X2_CONVERT_LOW_I32X4_S, 2, f64, u32, wx_num_F64_CONVERT_I32_S(a))
WX_LANES_1(F64X2_CONVERT_LOW_I32X4_U, 2, f64, u32, wx_num_F64_CONVERT_I32_U(a))
WX_LANES_1(F32X4_DEMOTE_F64X2_ZERO, 2, f32, f64, wx_num_F32_DEMOTE_F64(a))
WX_LANES_1(F64X2_PROMOTE_LOW_F32X4, 2, f64, f32, wx_num_F64_PROMOTE_F32(a))

/* -------- relaxed -------- */

#define wx_lanes_I8X16_RELAXED_SWIZZLE wx_lanes_I8X16_SWIZZLE
#define wx_lanes_I32X4_RELAXED_TRUNC_F32X4_S wx_lanes_I32X4_TRUNC_SAT_F32X4_S
#define wx_lanes_I32X4_RELAXED_TRUNC_F32X4_U wx_lanes_I32X4_TRUNC_SAT_F32X4_U
#define wx_lanes_I32X4_RELAXED_TRUNC_F64X2_S_ZERO wx_lanes_I32X4_TRUNC_SAT_F64X2_S_ZERO
#define wx_lanes_I32X4_RELAXED_TRUNC_F64X2_U_ZERO wx_lanes_I32X4_TRUNC_SAT_F64X2_U_ZERO
#define wx_lanes_I8X16_RELAXED_LANESELECT wx_lanes_V128_BITSELECT
#define wx_lanes_I16X8_RELAXED_LANESELECT wx_lanes_V128_BITSELECT
#define wx_lanes_I32X4_RELAXED_LANESELECT wx_lanes_V128_BITSELECT
#define wx_lanes_I64X2_RELAXED_LANESELECT wx_lanes_V128_BITSELECT
#define wx_lanes_F32X4_RELAXED_MIN wx_lanes_F32X4_MIN
#define wx_lanes_F32X4_RELAXED_MAX wx_lanes_F32X4_MAX
#define wx_lanes_F64X2_RELAXED_MIN wx_lanes_F64X2_MIN
#define wx_lanes_F64X2_RELAXED_MAX wx_lanes_F64X2_MAX
#define wx_lanes_I16X8_RELAXED_Q15MULR_S wx_lanes_I16X8_Q15MULR_SAT_S
/* Two roundings; the negation is exact. */
WX_LANES_3(F32X4_RELAXED_MADD, 4, f32, f32, wx_num_F32_ADD(wx_num_F32_MUL(a, b), c))
WX_LANES_3(F32X4_RELAXED_NMADD, 4, f32, f32,
           wx_num_F32_ADD(wx_num_F32_MUL(wx_num_F32_NEG(a), b), c))
WX_LANES_3(F64X2_RELAXED_MADD, 2, f64, f64, wx_num_F64_ADD(wx_num_F64_MUL(a, b), c))
WX_LANES_3(F64X2_RELAXED_NMADD, 2, f64, f64,
           wx_num_F64_ADD(wx_num_F64_MUL(wx_num_F64_NEG(a), b), c))
/* Both operands signed, sums modulo 2^16. */
WX_LANES_DOT(I16X8_RELAXED_DOT_I8X16_I7X16_S, 8, s16, s8)
WX_LANES wx_lanes_I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S(union wx_lanes a, union wx_lanes b,
                                                      union wx_lanes c)
{
    return wx_lanes_I32X4_ADD(
        wx_lanes_I32X4_EXTADD_PAIRWISE_I16X8_S(wx_lanes_I16X8_RELAXED_DOT_I8X16_I7X16_S(a, b)), c);
}

#endif
