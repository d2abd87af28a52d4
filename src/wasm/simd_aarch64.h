/* SPDX-License-Identifier: Apache-2.0 */
/* The part of simd.h that wants instructions of aarch64. */
/*
 * Most are one instruction that does what wasm says: conversions saturate and take NaN to 0,
 * minimum and maximum order zeros and pass NaN on, table look-ups give 0 out of range. Tables of
 * two registers are avoided: those must be neighbours, which the registers of a stencil are not.
 */
#ifndef WX_WASM_SIMD_AARCH64_H
#define WX_WASM_SIMD_AARCH64_H

#include <arm_neon.h>

#define WX_NEON_2(NAME, T, EXPR)                                                                   \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 va, wx_v128 vb)                                           \
    {                                                                                              \
        T a = (T)va, b = (T)vb;                                                                    \
        return (wx_v128)(EXPR);                                                                    \
    }
#define WX_NEON_1(NAME, T, EXPR)                                                                   \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 va)                                                       \
    {                                                                                              \
        T a = (T)va;                                                                               \
        return (wx_v128)(EXPR);                                                                    \
    }
#define WX_NEON_TEST(NAME, T, EXPR)                                                                \
    WX_NUM uint32_t wx_num_##NAME(wx_v128 va)                                                      \
    {                                                                                              \
        T a = (T)va;                                                                               \
        return (uint32_t)(EXPR);                                                                   \
    }

/* -------- tests -------- */

WX_NEON_TEST(V128_ANY_TRUE, uint32x4_t, vmaxvq_u32(a) != 0)
WX_NEON_TEST(I8X16_ALL_TRUE, uint8x16_t, vminvq_u8(a) != 0)
WX_NEON_TEST(I16X8_ALL_TRUE, uint16x8_t, vminvq_u16(a) != 0)
WX_NEON_TEST(I32X4_ALL_TRUE, uint32x4_t, vminvq_u32(a) != 0)
WX_NEON_TEST(I64X2_ALL_TRUE, uint64x2_t, vmaxvq_u32((uint32x4_t)vceqzq_u64(a)) == 0)
/* Each lane's sign as the bit it becomes, and the sum of those. */
WX_NUM uint32_t wx_num_I8X16_BITMASK(wx_v128 a)
{
    uint64_t each = UINT64_C(0x8040201008040201);
    uint8x16_t bits = (uint8x16_t)wx_v_words(each, each) & (uint8x16_t)vshrq_n_s8((int8x16_t)a, 7);
    return vaddv_u8(vget_low_u8(bits)) | (uint32_t)vaddv_u8(vget_high_u8(bits)) << 8;
}
WX_NUM uint32_t wx_num_I16X8_BITMASK(wx_v128 a)
{
    uint16x8_t each = (uint16x8_t)wx_v_words(UINT64_C(0x8000400020001), UINT64_C(0x80004000200010));
    return vaddvq_u16(each & (uint16x8_t)vshrq_n_s16((int16x8_t)a, 15));
}
WX_NUM uint32_t wx_num_I32X4_BITMASK(wx_v128 a)
{
    uint32x4_t each = (uint32x4_t)wx_v_words(UINT64_C(0x200000001), UINT64_C(0x800000004));
    return vaddvq_u32(each & (uint32x4_t)vshrq_n_s32((int32x4_t)a, 31));
}
WX_NUM uint32_t wx_num_I64X2_BITMASK(wx_v128 a) { return (uint32_t)(a[0] >> 63 | a[1] >> 63 << 1); }

/* -------- shifts: to the right by negative counts -------- */

#define WX_NEON_SHIFTS(P, BITS, LANE)                                                              \
    WX_NUM wx_v128 wx_num_##P##_SHL(wx_v128 a, uint32_t n)                                         \
    {                                                                                              \
        return (wx_v128)vshlq_u##BITS((uint##LANE)a,                                               \
                                      vdupq_n_s##BITS((int##BITS##_t)(n & (BITS - 1))));           \
    }                                                                                              \
    WX_NUM wx_v128 wx_num_##P##_SHR_S(wx_v128 a, uint32_t n)                                       \
    {                                                                                              \
        return (wx_v128)vshlq_s##BITS(                                                             \
            (int##LANE)a, vdupq_n_s##BITS((int##BITS##_t) - (int32_t)(n & (BITS - 1))));           \
    }                                                                                              \
    WX_NUM wx_v128 wx_num_##P##_SHR_U(wx_v128 a, uint32_t n)                                       \
    {                                                                                              \
        return (wx_v128)vshlq_u##BITS(                                                             \
            (uint##LANE)a, vdupq_n_s##BITS((int##BITS##_t) - (int32_t)(n & (BITS - 1))));          \
    }
WX_NEON_SHIFTS(I8X16, 8, 8x16_t)
WX_NEON_SHIFTS(I16X8, 16, 16x8_t)
WX_NEON_SHIFTS(I32X4, 32, 32x4_t)
WX_NEON_SHIFTS(I64X2, 64, 64x2_t)

/* -------- bytes and words -------- */

WX_NEON_2(I8X16_SWIZZLE, uint8x16_t, vqtbl1q_u8(a, b))
WX_NUM wx_v128 wx_num_I8X16_SHUFFLE(wx_v128 a, wx_v128 b, wx_v128 s)
{
    uint8x16_t of_a = (uint8x16_t)s, of_b = of_a - vdupq_n_u8(16);
    return (wx_v128)(vqtbl1q_u8((uint8x16_t)a, of_a) | vqtbl1q_u8((uint8x16_t)b, of_b));
}
WX_NEON_1(I8X16_POPCNT, uint8x16_t, vcntq_u8(a))
WX_NEON_2(I8X16_NARROW_I16X8_S, int16x8_t, vcombine_s8(vqmovn_s16(a), vqmovn_s16(b)))
WX_NEON_2(I8X16_NARROW_I16X8_U, int16x8_t, vcombine_u8(vqmovun_s16(a), vqmovun_s16(b)))
WX_NEON_2(I16X8_NARROW_I32X4_S, int32x4_t, vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)))
WX_NEON_2(I16X8_NARROW_I32X4_U, int32x4_t, vcombine_u16(vqmovun_s32(a), vqmovun_s32(b)))
WX_NEON_2(I8X16_AVGR_U, uint8x16_t, vrhaddq_u8(a, b))
WX_NEON_2(I16X8_AVGR_U, uint16x8_t, vrhaddq_u16(a, b))
WX_NEON_2(I32X4_DOT_I16X8_S, int16x8_t,
          vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b)))
WX_NEON_2(I16X8_Q15MULR_SAT_S, int16x8_t, vqrdmulhq_s16(a, b))

/* -------- floats -------- */

#define WX_NEON_FLOAT(P, T, SUF)                                                                   \
    WX_NEON_2(P##_MIN, T, vminq_##SUF(a, b))                                                       \
    WX_NEON_2(P##_MAX, T, vmaxq_##SUF(a, b))                                                       \
    WX_NEON_2(P##_PMIN, T, vbslq_##SUF(vcltq_##SUF(b, a), b, a))                                   \
    WX_NEON_2(P##_PMAX, T, vbslq_##SUF(vcltq_##SUF(a, b), b, a))
WX_NEON_FLOAT(F32X4, float32x4_t, f32)
WX_NEON_FLOAT(F64X2, float64x2_t, f64)

WX_NEON_1(F32X4_DEMOTE_F64X2_ZERO, float64x2_t, vcombine_f32(vcvt_f32_f64(a), vdup_n_f32(0)))
WX_NEON_1(I32X4_TRUNC_SAT_F32X4_S, float32x4_t, vcvtq_s32_f32(a))
WX_NEON_1(I32X4_TRUNC_SAT_F32X4_U, float32x4_t, vcvtq_u32_f32(a))
WX_NEON_1(I32X4_TRUNC_SAT_F64X2_S_ZERO, float64x2_t,
          vcombine_s32(vqmovn_s64(vcvtq_s64_f64(a)), vdup_n_s32(0)))
WX_NEON_1(I32X4_TRUNC_SAT_F64X2_U_ZERO, float64x2_t,
          vcombine_u32(vqmovn_u64(vcvtq_u64_f64(a)), vdup_n_u32(0)))
WX_NEON_1(F32X4_CONVERT_I32X4_U, uint32x4_t, vcvtq_f32_u32(a))
WX_NEON_1(F64X2_CONVERT_LOW_I32X4_U, uint32x4_t, vcvtq_f64_u64(vmovl_u32(vget_low_u32(a))))

#endif
