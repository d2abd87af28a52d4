/* SPDX-License-Identifier: Apache-2.0 */
/* Wasm arithmetic on v128 as vectors: wx_num_<NAME> for the op bodies. clang only. */
/*
 * Each function does what num_simd.h says lane by lane; tests compare the two. Here is what vector
 * types of clang express well on every processor; the rest is in a header per processor, or taken
 * from num_simd.h where there is none.
 *
 * Op bodies have no constant pool (each use would be a relocation in every stencil) and no stack.
 * So vectors of constants are made by instructions: all ones by a compare, others by shifting those
 * or from an integer. wx_opaque keeps the compiler from folding them back into memory.
 */
#ifndef WX_WASM_SIMD_H
#define WX_WASM_SIMD_H

#include "wasm/num.h"

#define WX_VECTOR(T) T __attribute__((vector_size(16)))
typedef WX_VECTOR(uint8_t) wx_v_u8;
typedef WX_VECTOR(int8_t) wx_v_s8;
typedef WX_VECTOR(uint16_t) wx_v_u16;
typedef WX_VECTOR(int16_t) wx_v_s16;
typedef WX_VECTOR(uint32_t) wx_v_u32;
typedef WX_VECTOR(int32_t) wx_v_s32;
typedef WX_VECTOR(uint64_t) wx_v_u64;
typedef WX_VECTOR(int64_t) wx_v_s64;
typedef WX_VECTOR(float) wx_v_f32;
typedef WX_VECTOR(double) wx_v_f64;
typedef wx_v_u64 wx_v128;
/* Halves, as the source of widening. */
typedef uint8_t wx_h_u8 __attribute__((vector_size(8)));
typedef int8_t wx_h_s8 __attribute__((vector_size(8)));
typedef uint16_t wx_h_u16 __attribute__((vector_size(8)));
typedef int16_t wx_h_s16 __attribute__((vector_size(8)));
typedef uint32_t wx_h_u32 __attribute__((vector_size(8)));
typedef int32_t wx_h_s32 __attribute__((vector_size(8)));
typedef float wx_h_f32 __attribute__((vector_size(8)));

/* -------- constants -------- */

#if defined(__x86_64__)
#define WX_VECTOR_REGISTER "x"
#else
#define WX_VECTOR_REGISTER "w"
#endif
/* The same value, about which the compiler knows nothing. */
WX_NUM wx_v128 wx_opaque(wx_v128 v)
{
    __asm__("" : "+" WX_VECTOR_REGISTER(v));
    return v;
}
WX_NUM wx_v128 wx_v_ones(void) { return wx_opaque(~(wx_v128){0, 0}); }
WX_NUM wx_v_u32 wx_v_bits32(uint32_t v) /* a constant in each lane */
{
    __asm__("" : "+r"(v));
    return (wx_v_u32){v, v, v, v};
}
WX_NUM wx_v_u64 wx_v_bits64(uint64_t v)
{
    __asm__("" : "+r"(v));
    return (wx_v_u64){v, v};
}
WX_NUM wx_v128 wx_v_words(uint64_t low, uint64_t high)
{
    __asm__("" : "+r"(low), "+r"(high));
    return (wx_v128){low, high};
}

/* -------- helpers of the tables below -------- */

#define WX_VEC_1(NAME, T, EXPR)                                                                    \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 va)                                                       \
    {                                                                                              \
        wx_v_##T a = (wx_v_##T)va;                                                                 \
        return (wx_v128)(EXPR);                                                                    \
    }
#define WX_VEC_2(NAME, T, EXPR)                                                                    \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 va, wx_v128 vb)                                           \
    {                                                                                              \
        wx_v_##T a = (wx_v_##T)va, b = (wx_v_##T)vb;                                               \
        return (wx_v128)(EXPR);                                                                    \
    }
#define WX_VEC_3(NAME, T, EXPR)                                                                    \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 va, wx_v128 vb, wx_v128 vc)                               \
    {                                                                                              \
        wx_v_##T a = (wx_v_##T)va, b = (wx_v_##T)vb, c = (wx_v_##T)vc;                             \
        return (wx_v128)(EXPR);                                                                    \
    }

/* -------- bits -------- */

WX_VEC_1(V128_NOT, u64, ~a)
WX_VEC_2(V128_AND, u64, a &b)
WX_VEC_2(V128_ANDNOT, u64, a & ~b)
WX_VEC_2(V128_OR, u64, a | b)
WX_VEC_2(V128_XOR, u64, a ^ b)
WX_VEC_3(V128_BITSELECT, u64, (a & c) | (b & ~c))

/* -------- integers -------- */

/* A mask as it is: compilers would rather blend by it, which on x86-64 takes xmm0 and no other. */
WX_NUM wx_v128 wx_v_mask(wx_v128 m)
{
#ifdef __x86_64__
    __asm__("" : "+x"(m));
#endif
    return m;
}
WX_VEC_1(I8X16_ABS, s8, __builtin_elementwise_abs(a))
WX_VEC_1(I16X8_ABS, s16, __builtin_elementwise_abs(a))
WX_VEC_1(I32X4_ABS, s32, __builtin_elementwise_abs(a))
WX_NUM wx_v128 wx_num_I64X2_ABS(wx_v128 a)
{
    wx_v128 sign = wx_v_mask((wx_v128)((wx_v_s64)a < 0));
    return (wx_v128)((wx_v_u64)(a ^ sign) - (wx_v_u64)sign);
}

#define WX_VEC_INT(P, U, S)                                                                        \
    WX_VEC_1(P##_NEG, U, -a)                                                                       \
    WX_VEC_2(P##_ADD, U, a + b)                                                                    \
    WX_VEC_2(P##_SUB, U, a - b)                                                                    \
    WX_VEC_2(P##_EQ, S, a == b)                                                                    \
    WX_VEC_2(P##_NE, S, a != b)                                                                    \
    WX_VEC_2(P##_LT_S, S, a < b)                                                                   \
    WX_VEC_2(P##_GT_S, S, a > b)                                                                   \
    WX_VEC_2(P##_LE_S, S, a <= b)                                                                  \
    WX_VEC_2(P##_GE_S, S, a >= b)
WX_VEC_INT(I8X16, u8, s8)
WX_VEC_INT(I16X8, u16, s16)
WX_VEC_INT(I32X4, u32, s32)
WX_VEC_INT(I64X2, u64, s64)

/* Unsigned order by minimum and maximum: comparing needs no constant that way. */
#define WX_VEC_UNSIGNED(P, U, S)                                                                   \
    WX_VEC_2(P##_MIN_S, S, __builtin_elementwise_min(a, b))                                        \
    WX_VEC_2(P##_MIN_U, U, __builtin_elementwise_min(a, b))                                        \
    WX_VEC_2(P##_MAX_S, S, __builtin_elementwise_max(a, b))                                        \
    WX_VEC_2(P##_MAX_U, U, __builtin_elementwise_max(a, b))                                        \
    WX_VEC_2(P##_LE_U, U, __builtin_elementwise_min(a, b) == a)                                    \
    WX_VEC_2(P##_GE_U, U, __builtin_elementwise_max(a, b) == a)                                    \
    WX_VEC_2(P##_LT_U, U, ~(__builtin_elementwise_max(a, b) == a))                                 \
    WX_VEC_2(P##_GT_U, U, ~(__builtin_elementwise_min(a, b) == a))
WX_VEC_UNSIGNED(I8X16, u8, s8)
WX_VEC_UNSIGNED(I16X8, u16, s16)
WX_VEC_UNSIGNED(I32X4, u32, s32)

WX_VEC_2(I16X8_MUL, u16, a *b)
WX_VEC_2(I32X4_MUL, u32, a *b)
WX_VEC_2(I64X2_MUL, u64, a *b)

#define WX_VEC_SAT(P, U, S)                                                                        \
    WX_VEC_2(P##_ADD_SAT_S, S, __builtin_elementwise_add_sat(a, b))                                \
    WX_VEC_2(P##_ADD_SAT_U, U, __builtin_elementwise_add_sat(a, b))                                \
    WX_VEC_2(P##_SUB_SAT_S, S, __builtin_elementwise_sub_sat(a, b))                                \
    WX_VEC_2(P##_SUB_SAT_U, U, __builtin_elementwise_sub_sat(a, b))
WX_VEC_SAT(I8X16, u8, s8)
WX_VEC_SAT(I16X8, u16, s16)

/* -------- widening -------- */

#define WX_LOW_8(A) __builtin_shufflevector((A), (A), 0, 1, 2, 3, 4, 5, 6, 7)
#define WX_HIGH_8(A) __builtin_shufflevector((A), (A), 8, 9, 10, 11, 12, 13, 14, 15)
#define WX_LOW_4(A) __builtin_shufflevector((A), (A), 0, 1, 2, 3)
#define WX_HIGH_4(A) __builtin_shufflevector((A), (A), 4, 5, 6, 7)
#define WX_LOW_2(A) __builtin_shufflevector((A), (A), 0, 1)
#define WX_HIGH_2(A) __builtin_shufflevector((A), (A), 2, 3)
#define WX_TO(T, A) __builtin_convertvector((A), wx_v_##T)
#define WX_VEC_WIDEN(P, Q, N, U, S, HALF_U, HALF_S)                                                \
    WX_VEC_1(P##_EXTEND_LOW_##Q##_S, HALF_S, WX_TO(S, WX_LOW_##N(a)))                              \
    WX_VEC_1(P##_EXTEND_HIGH_##Q##_S, HALF_S, WX_TO(S, WX_HIGH_##N(a)))                            \
    WX_VEC_1(P##_EXTEND_LOW_##Q##_U, HALF_U, WX_TO(U, WX_LOW_##N(a)))                              \
    WX_VEC_1(P##_EXTEND_HIGH_##Q##_U, HALF_U, WX_TO(U, WX_HIGH_##N(a)))                            \
    WX_VEC_2(P##_EXTMUL_LOW_##Q##_S, HALF_S, WX_TO(S, WX_LOW_##N(a)) * WX_TO(S, WX_LOW_##N(b)))    \
    WX_VEC_2(P##_EXTMUL_HIGH_##Q##_S, HALF_S, WX_TO(S, WX_HIGH_##N(a)) * WX_TO(S, WX_HIGH_##N(b))) \
    WX_VEC_2(P##_EXTMUL_LOW_##Q##_U, HALF_U, WX_TO(U, WX_LOW_##N(a)) * WX_TO(U, WX_LOW_##N(b)))    \
    WX_VEC_2(P##_EXTMUL_HIGH_##Q##_U, HALF_U, WX_TO(U, WX_HIGH_##N(a)) * WX_TO(U, WX_HIGH_##N(b)))
WX_VEC_WIDEN(I16X8, I8X16, 8, u16, s16, u8, s8)
WX_VEC_WIDEN(I32X4, I16X8, 4, u32, s32, u16, s16)
WX_VEC_WIDEN(I64X2, I32X4, 2, u64, s64, u32, s32)

/* The even neighbour is moved up and down again to extend it, the odd one only down. */
#define WX_EVEN(T, A, BITS) ((wx_v_##T)wx_opaque((wx_v128)((A) << (BITS))) >> (BITS))
#define WX_ODD(T, A, BITS) ((A) >> (BITS))
WX_VEC_1(I16X8_EXTADD_PAIRWISE_I8X16_S, s16, WX_EVEN(s16, a, 8) + WX_ODD(s16, a, 8))
WX_VEC_1(I16X8_EXTADD_PAIRWISE_I8X16_U, u16, WX_EVEN(u16, a, 8) + WX_ODD(u16, a, 8))
WX_VEC_1(I32X4_EXTADD_PAIRWISE_I16X8_S, s32, WX_EVEN(s32, a, 16) + WX_ODD(s32, a, 16))
WX_VEC_1(I32X4_EXTADD_PAIRWISE_I16X8_U, u32, WX_EVEN(u32, a, 16) + WX_ODD(u32, a, 16))
WX_VEC_2(I16X8_RELAXED_DOT_I8X16_I7X16_S, s16,
         WX_EVEN(s16, a, 8) * WX_EVEN(s16, b, 8) + WX_ODD(s16, a, 8) * WX_ODD(s16, b, 8))

/* -------- lanes -------- */

#define WX_VEC_SPLAT(NAME, T, V, ...)                                                              \
    WX_NUM wx_v128 wx_num_##NAME(V v) { return (wx_v128)(wx_v_##T)__VA_ARGS__; }
#define WX_4(X) X, X, X, X
WX_VEC_SPLAT(I8X16_SPLAT, u8, uint32_t, {WX_4(WX_4((uint8_t)v))})
WX_VEC_SPLAT(I16X8_SPLAT, u16, uint32_t, {WX_4((uint16_t)v), WX_4((uint16_t)v)})
WX_VEC_SPLAT(I32X4_SPLAT, u32, uint32_t, {WX_4(v)})
WX_VEC_SPLAT(I64X2_SPLAT, u64, uint64_t, {v, v})
WX_VEC_SPLAT(F32X4_SPLAT, f32, float, {WX_4(v)})
WX_VEC_SPLAT(F64X2_SPLAT, f64, double, {v, v})

/* `lane` is a constant once these are inlined. */
#define WX_VEC_EXTRACT(NAME, T, R)                                                                 \
    WX_NUM R wx_num_##NAME(wx_v128 a, unsigned lane) { return (R)((wx_v_##T)a)[lane]; }
#define WX_VEC_REPLACE(NAME, T, LANE, V)                                                           \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a, V v, unsigned lane)                                    \
    {                                                                                              \
        wx_v_##T r = (wx_v_##T)a;                                                                  \
        r[lane] = (LANE)v;                                                                         \
        return (wx_v128)r;                                                                         \
    }
WX_VEC_EXTRACT(I8X16_EXTRACT_LANE_S, s8, uint32_t)
WX_VEC_EXTRACT(I8X16_EXTRACT_LANE_U, u8, uint32_t)
WX_VEC_EXTRACT(I16X8_EXTRACT_LANE_S, s16, uint32_t)
WX_VEC_EXTRACT(I16X8_EXTRACT_LANE_U, u16, uint32_t)
WX_VEC_EXTRACT(I32X4_EXTRACT_LANE, u32, uint32_t)
WX_VEC_EXTRACT(I64X2_EXTRACT_LANE, u64, uint64_t)
WX_VEC_EXTRACT(F32X4_EXTRACT_LANE, f32, float)
WX_VEC_EXTRACT(F64X2_EXTRACT_LANE, f64, double)
WX_VEC_REPLACE(I8X16_REPLACE_LANE, u8, uint8_t, uint32_t)
WX_VEC_REPLACE(I16X8_REPLACE_LANE, u16, uint16_t, uint32_t)
WX_VEC_REPLACE(I32X4_REPLACE_LANE, u32, uint32_t, uint32_t)
WX_VEC_REPLACE(I64X2_REPLACE_LANE, u64, uint64_t, uint64_t)
WX_VEC_REPLACE(F32X4_REPLACE_LANE, f32, float, float)
WX_VEC_REPLACE(F64X2_REPLACE_LANE, f64, double, double)

/* -------- floats -------- */

#define WX_VEC_FLOAT(P, F, U, BITS)                                                                \
    WX_VEC_1(P##_ABS, U, a &((wx_v_##U)wx_v_ones() >> 1))                                          \
    WX_VEC_1(P##_NEG, U, a ^ ((wx_v_##U)wx_v_ones() << (BITS - 1)))                                \
    WX_VEC_1(P##_SQRT, F, __builtin_elementwise_sqrt(a))                                           \
    WX_VEC_1(P##_CEIL, F, __builtin_elementwise_ceil(a))                                           \
    WX_VEC_1(P##_FLOOR, F, __builtin_elementwise_floor(a))                                         \
    WX_VEC_1(P##_TRUNC, F, __builtin_elementwise_trunc(a))                                         \
    WX_VEC_1(P##_NEAREST, F, __builtin_elementwise_roundeven(a))                                   \
    WX_VEC_2(P##_ADD, F, a + b)                                                                    \
    WX_VEC_2(P##_SUB, F, a - b)                                                                    \
    WX_VEC_2(P##_MUL, F, a *b)                                                                     \
    WX_VEC_2(P##_DIV, F, a / b)                                                                    \
    WX_VEC_2(P##_EQ, F, a == b)                                                                    \
    WX_VEC_2(P##_NE, F, a != b)                                                                    \
    WX_VEC_2(P##_LT, F, a < b)                                                                     \
    WX_VEC_2(P##_GT, F, a > b)                                                                     \
    WX_VEC_2(P##_LE, F, a <= b)                                                                    \
    WX_VEC_2(P##_GE, F, a >= b)
WX_VEC_FLOAT(F32X4, f32, u32, 32)
WX_VEC_FLOAT(F64X2, f64, u64, 64)

WX_VEC_1(F32X4_CONVERT_I32X4_S, s32, WX_TO(f32, a))
WX_VEC_1(F64X2_CONVERT_LOW_I32X4_S, s32, WX_TO(f64, WX_LOW_2(a)))
WX_VEC_1(F64X2_PROMOTE_LOW_F32X4, f32, WX_TO(f64, WX_LOW_2(a)))

#if defined(__x86_64__) && !defined(WX_SIMD_PORTABLE)
#include "wasm/simd_x86_64.h"
#elif defined(__aarch64__) && !defined(WX_SIMD_PORTABLE)
#include "wasm/simd_aarch64.h"
#else
#include "wasm/simd_portable.h"
#endif

/* -------- relaxed: as the strict ones (num_simd.h) -------- */

#define WX_VEC_SAME_1(NAME, AS)                                                                    \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a) { return wx_num_##AS(a); }
#define WX_VEC_SAME_2(NAME, AS)                                                                    \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a, wx_v128 b) { return wx_num_##AS(a, b); }
#define WX_VEC_SAME_3(NAME, AS)                                                                    \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a, wx_v128 b, wx_v128 c) { return wx_num_##AS(a, b, c); }
WX_VEC_SAME_2(I8X16_RELAXED_SWIZZLE, I8X16_SWIZZLE)
WX_VEC_SAME_1(I32X4_RELAXED_TRUNC_F32X4_S, I32X4_TRUNC_SAT_F32X4_S)
WX_VEC_SAME_1(I32X4_RELAXED_TRUNC_F32X4_U, I32X4_TRUNC_SAT_F32X4_U)
WX_VEC_SAME_1(I32X4_RELAXED_TRUNC_F64X2_S_ZERO, I32X4_TRUNC_SAT_F64X2_S_ZERO)
WX_VEC_SAME_1(I32X4_RELAXED_TRUNC_F64X2_U_ZERO, I32X4_TRUNC_SAT_F64X2_U_ZERO)
WX_VEC_SAME_3(I8X16_RELAXED_LANESELECT, V128_BITSELECT)
WX_VEC_SAME_3(I16X8_RELAXED_LANESELECT, V128_BITSELECT)
WX_VEC_SAME_3(I32X4_RELAXED_LANESELECT, V128_BITSELECT)
WX_VEC_SAME_3(I64X2_RELAXED_LANESELECT, V128_BITSELECT)
WX_VEC_SAME_2(F32X4_RELAXED_MIN, F32X4_MIN)
WX_VEC_SAME_2(F32X4_RELAXED_MAX, F32X4_MAX)
WX_VEC_SAME_2(F64X2_RELAXED_MIN, F64X2_MIN)
WX_VEC_SAME_2(F64X2_RELAXED_MAX, F64X2_MAX)
WX_VEC_SAME_2(I16X8_RELAXED_Q15MULR_S, I16X8_Q15MULR_SAT_S)
#define WX_VEC_MADD(P)                                                                             \
    WX_NUM wx_v128 wx_num_##P##_RELAXED_MADD(wx_v128 a, wx_v128 b, wx_v128 c)                      \
    {                                                                                              \
        return wx_num_##P##_ADD(wx_num_##P##_MUL(a, b), c);                                        \
    }                                                                                              \
    WX_NUM wx_v128 wx_num_##P##_RELAXED_NMADD(wx_v128 a, wx_v128 b, wx_v128 c)                     \
    {                                                                                              \
        return wx_num_##P##_ADD(wx_num_##P##_MUL(wx_num_##P##_NEG(a), b), c);                      \
    }
WX_VEC_MADD(F32X4)
WX_VEC_MADD(F64X2)
WX_NUM wx_v128 wx_num_I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S(wx_v128 a, wx_v128 b, wx_v128 c)
{
    return wx_num_I32X4_ADD(
        wx_num_I32X4_EXTADD_PAIRWISE_I16X8_S(wx_num_I16X8_RELAXED_DOT_I8X16_I7X16_S(a, b)), c);
}

/* -------- NaNs -------- */

/* Opaque masks, or the compiler finds a blend that wants a register of its own. */
WX_NUM wx_v128 wx_num_canonical_f32x4(wx_v128 v)
{
    wx_v_u32 number = (wx_v_u32)wx_opaque((wx_v128)((wx_v_f32)v == (wx_v_f32)v));
    return (wx_v128)(((wx_v_u32)v & number) | (wx_v_bits32(0x7fc00000u) & ~number));
}
WX_NUM wx_v128 wx_num_canonical_f64x2(wx_v128 v)
{
    wx_v_u64 number = wx_opaque((wx_v128)((wx_v_f64)v == (wx_v_f64)v));
    return ((wx_v_u64)v & number) | (wx_v_bits64(UINT64_C(0x7ff8000000000000)) & ~number);
}

#endif
