/* SPDX-License-Identifier: Apache-2.0 */
/* The part of simd.h that wants instructions of x86-64-v2 (SSE4.2). */
/*
 * How constants are made, there being no pool (simd.h): float bounds from an integer register, sign
 * bits by shifting all ones, tables of popcnt and masks of byte shifts from integers.
 */
#ifndef WX_WASM_SIMD_X86_64_H
#define WX_WASM_SIMD_X86_64_H

#include <nmmintrin.h>

#define WX_I(A) ((__m128i)(A))
#define WX_F(A) ((__m128)(A))
#define WX_D(A) ((__m128d)(A))

/* -------- tests -------- */

WX_NUM uint32_t wx_num_V128_ANY_TRUE(wx_v128 a) { return !_mm_testz_si128(WX_I(a), WX_I(a)); }
#define WX_X86_TESTS(P, U)                                                                         \
    WX_NUM uint32_t wx_num_##P##_ALL_TRUE(wx_v128 a)                                               \
    {                                                                                              \
        __m128i zeros = (__m128i)((wx_v_##U)a == 0);                                               \
        return (uint32_t)_mm_testz_si128(zeros, zeros);                                            \
    }
WX_X86_TESTS(I8X16, u8)
WX_X86_TESTS(I16X8, u16)
WX_X86_TESTS(I32X4, u32)
WX_X86_TESTS(I64X2, u64)
WX_NUM uint32_t wx_num_I8X16_BITMASK(wx_v128 a) { return (uint32_t)_mm_movemask_epi8(WX_I(a)); }
WX_NUM uint32_t wx_num_I16X8_BITMASK(wx_v128 a)
{
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(WX_I(a), _mm_setzero_si128()));
}
WX_NUM uint32_t wx_num_I32X4_BITMASK(wx_v128 a) { return (uint32_t)_mm_movemask_ps(WX_F(a)); }
WX_NUM uint32_t wx_num_I64X2_BITMASK(wx_v128 a) { return (uint32_t)_mm_movemask_pd(WX_D(a)); }

/* -------- shifts: the processor takes counts past the width as they are -------- */

#define WX_COUNT(N, BITS) _mm_cvtsi32_si128((int)((N) & ((BITS) - 1)))
#define WX_X86_SHIFT(NAME, BITS, FN)                                                               \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a, uint32_t n)                                            \
    {                                                                                              \
        return (wx_v128)FN(WX_I(a), WX_COUNT(n, BITS));                                            \
    }
WX_X86_SHIFT(I16X8_SHL, 16, _mm_sll_epi16)
WX_X86_SHIFT(I16X8_SHR_S, 16, _mm_sra_epi16)
WX_X86_SHIFT(I16X8_SHR_U, 16, _mm_srl_epi16)
WX_X86_SHIFT(I32X4_SHL, 32, _mm_sll_epi32)
WX_X86_SHIFT(I32X4_SHR_S, 32, _mm_sra_epi32)
WX_X86_SHIFT(I32X4_SHR_U, 32, _mm_srl_epi32)
WX_X86_SHIFT(I64X2_SHL, 64, _mm_sll_epi64)
WX_X86_SHIFT(I64X2_SHR_U, 64, _mm_srl_epi64)
/* There is no arithmetic shift of 64 bits: the sign goes along and is extended by a subtraction. */
WX_NUM wx_v128 wx_num_I64X2_SHR_S(wx_v128 a, uint32_t n)
{
    __m128i count = WX_COUNT(n, 64), top = _mm_slli_epi64(WX_I(wx_v_ones()), 63);
    __m128i sign = _mm_srl_epi64(top, count);
    return (wx_v128)_mm_sub_epi64(_mm_xor_si128(_mm_srl_epi64(WX_I(a), count), sign), sign);
}
/* Bytes are shifted as words, then what came from the neighbour is cut off. */
WX_NUM __m128i wx_x86_bytes(uint32_t v)
{
    return _mm_shuffle_epi8(_mm_cvtsi32_si128((int)v), _mm_setzero_si128());
}
WX_NUM wx_v128 wx_num_I8X16_SHL(wx_v128 a, uint32_t n)
{
    __m128i keep = wx_x86_bytes(UINT32_C(0xff) << (n & 7));
    return (wx_v128)_mm_and_si128(_mm_sll_epi16(WX_I(a), WX_COUNT(n, 8)), keep);
}
WX_NUM wx_v128 wx_num_I8X16_SHR_U(wx_v128 a, uint32_t n)
{
    __m128i keep = wx_x86_bytes(UINT32_C(0xff) >> (n & 7));
    return (wx_v128)_mm_and_si128(_mm_srl_epi16(WX_I(a), WX_COUNT(n, 8)), keep);
}
WX_NUM wx_v128 wx_num_I8X16_SHR_S(wx_v128 a, uint32_t n)
{
    __m128i count = _mm_cvtsi32_si128((int)((n & 7) + 8)); /* each byte on top of a word */
    __m128i low = _mm_sra_epi16(_mm_unpacklo_epi8(WX_I(a), WX_I(a)), count);
    __m128i high = _mm_sra_epi16(_mm_unpackhi_epi8(WX_I(a), WX_I(a)), count);
    return (wx_v128)_mm_packs_epi16(low, high);
}

/* -------- bytes and words -------- */

WX_NUM wx_v128 wx_num_I8X16_SWIZZLE(wx_v128 a, wx_v128 s)
{
    /* A control byte with its top bit set gives zero: 16 and up must get there, saturating. */
    __m128i control = _mm_adds_epu8(WX_I(s), WX_I(wx_v_bits32(0x70707070)));
    return (wx_v128)_mm_shuffle_epi8(WX_I(a), control);
}
WX_NUM wx_v128 wx_num_I8X16_SHUFFLE(wx_v128 a, wx_v128 b, wx_v128 s)
{
    __m128i of_a = _mm_adds_epu8(WX_I(s), WX_I(wx_v_bits32(0x70707070)));
    __m128i of_b = _mm_add_epi8(WX_I(s), WX_I(wx_v_bits32(0xf0f0f0f0))); /* minus 16 */
    return (wx_v128)_mm_or_si128(_mm_shuffle_epi8(WX_I(a), of_a), _mm_shuffle_epi8(WX_I(b), of_b));
}
WX_NUM wx_v128 wx_num_I8X16_POPCNT(wx_v128 a)
{
    __m128i table = WX_I(wx_v_words(UINT64_C(0x0302020102010100), UINT64_C(0x0403030203020201)));
    __m128i four = WX_I(wx_v_bits32(0x0f0f0f0f));
    __m128i low = _mm_and_si128(WX_I(a), four);
    __m128i high = _mm_and_si128(_mm_srli_epi16(WX_I(a), 4), four);
    return (wx_v128)_mm_add_epi8(_mm_shuffle_epi8(table, low), _mm_shuffle_epi8(table, high));
}
#define WX_X86_2(NAME, FN)                                                                         \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a, wx_v128 b) { return (wx_v128)FN(WX_I(a), WX_I(b)); }
WX_X86_2(I8X16_NARROW_I16X8_S, _mm_packs_epi16)
WX_X86_2(I8X16_NARROW_I16X8_U, _mm_packus_epi16)
WX_X86_2(I16X8_NARROW_I32X4_S, _mm_packs_epi32)
WX_X86_2(I16X8_NARROW_I32X4_U, _mm_packus_epi32)
WX_X86_2(I8X16_AVGR_U, _mm_avg_epu8)
WX_X86_2(I16X8_AVGR_U, _mm_avg_epu16)
WX_X86_2(I32X4_DOT_I16X8_S, _mm_madd_epi16)
/* The processor wraps at -1 * -1, the only product out of range. */
WX_NUM wx_v128 wx_num_I16X8_Q15MULR_SAT_S(wx_v128 a, wx_v128 b)
{
    __m128i r = _mm_mulhrs_epi16(WX_I(a), WX_I(b));
    __m128i lowest = _mm_slli_epi16(WX_I(wx_v_ones()), 15);
    return (wx_v128)_mm_xor_si128(r, _mm_cmpeq_epi16(r, lowest));
}

/* -------- floats -------- */

/*
 * The processor's minimum takes the second operand when either is NaN or both are zeros. Both ways
 * round joined by OR (AND) order the zeros; NaNs are quiet in the sum.
 */
#define WX_X86_FLOAT(P, T, CAST, SUF, BITS_OF)                                                     \
    WX_NUM T wx_x86_or_nan_##P(T a, T b, T r)                                                      \
    {                                                                                              \
        T nan = (T)wx_v_mask((wx_v128)_mm_cmpunord_##SUF(a, b));                                   \
        return _mm_or_##SUF(_mm_andnot_##SUF(nan, r), _mm_and_##SUF(nan, _mm_add_##SUF(a, b)));    \
    }                                                                                              \
    WX_NUM wx_v128 wx_num_##P##_MIN(wx_v128 a, wx_v128 b)                                          \
    {                                                                                              \
        T r = _mm_or_##SUF(_mm_min_##SUF(CAST(a), CAST(b)), _mm_min_##SUF(CAST(b), CAST(a)));      \
        return (wx_v128)wx_x86_or_nan_##P(CAST(a), CAST(b), r);                                    \
    }                                                                                              \
    WX_NUM wx_v128 wx_num_##P##_MAX(wx_v128 a, wx_v128 b)                                          \
    {                                                                                              \
        T r = _mm_and_##SUF(_mm_max_##SUF(CAST(a), CAST(b)), _mm_max_##SUF(CAST(b), CAST(a)));     \
        return (wx_v128)wx_x86_or_nan_##P(CAST(a), CAST(b), r);                                    \
    }                                                                                              \
    WX_NUM wx_v128 wx_num_##P##_PMIN(wx_v128 a, wx_v128 b)                                         \
    {                                                                                              \
        return (wx_v128)_mm_min_##SUF(CAST(b), CAST(a));                                           \
    }                                                                                              \
    WX_NUM wx_v128 wx_num_##P##_PMAX(wx_v128 a, wx_v128 b)                                         \
    {                                                                                              \
        return (wx_v128)_mm_max_##SUF(CAST(b), CAST(a));                                           \
    }
WX_X86_FLOAT(F32X4, __m128, WX_F, ps, 32)
WX_X86_FLOAT(F64X2, __m128d, WX_D, pd, 64)

/* -------- conversions; a cast out of range gives 0x80000000 -------- */

WX_NUM wx_v128 wx_num_F32X4_DEMOTE_F64X2_ZERO(wx_v128 a) { return (wx_v128)_mm_cvtpd_ps(WX_D(a)); }

WX_NUM wx_v128 wx_num_I32X4_TRUNC_SAT_F32X4_S(wx_v128 v)
{
    __m128 a = WX_F(v), limit = WX_F(wx_v_bits32(0x4f000000)); /* 2^31 */
    a = _mm_and_ps(a, _mm_cmpeq_ps(a, a));                     /* NaN to 0 */
    __m128i over = _mm_castps_si128(_mm_cmple_ps(limit, a));
    return (wx_v128)_mm_xor_si128(_mm_cvttps_epi32(a), over);
}
WX_NUM wx_v128 wx_num_I32X4_TRUNC_SAT_F32X4_U(wx_v128 v)
{
    __m128 a = _mm_max_ps(WX_F(v), _mm_setzero_ps()); /* NaN to 0 */
    __m128 limit = WX_F(wx_v_bits32(0x4f000000));     /* 2^31: taken off and put back as a bit */
    __m128 big = _mm_cmple_ps(limit, a);
    a = _mm_sub_ps(a, _mm_and_ps(big, limit));
    __m128i over = _mm_castps_si128(_mm_cmple_ps(limit, a));
    __m128i top = _mm_slli_epi32(WX_I(wx_opaque((wx_v128)big)), 31);
    return (wx_v128)_mm_or_si128(_mm_xor_si128(_mm_cvttps_epi32(a), top), over);
}
WX_NUM wx_v128 wx_num_I32X4_TRUNC_SAT_F64X2_S_ZERO(wx_v128 v)
{
    __m128d a = WX_D(v), limit = WX_D(wx_v_bits64(UINT64_C(0x41dfffffffc00000))); /* 2^31 - 1 */
    limit = _mm_and_pd(limit, _mm_cmpeq_pd(a, a)); /* NaN: the minimum takes this 0 */
    return (wx_v128)_mm_cvttpd_epi32(_mm_min_pd(a, limit));
}
/* With 2^52 added the integer is the low half of the double. */
WX_NUM wx_v128 wx_num_I32X4_TRUNC_SAT_F64X2_U_ZERO(wx_v128 v)
{
    __m128d a = _mm_max_pd(WX_D(v), _mm_setzero_pd());                  /* NaN to 0 */
    a = _mm_min_pd(a, WX_D(wx_v_bits64(UINT64_C(0x41efffffffe00000)))); /* 2^32 - 1 */
    a = _mm_round_pd(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    a = _mm_add_pd(a, WX_D(wx_v_bits64(UINT64_C(0x4330000000000000))));
    return (wx_v128)_mm_shuffle_ps(_mm_castpd_ps(a), _mm_setzero_ps(), _MM_SHUFFLE(0, 0, 2, 0));
}
/* Both halves convert exactly, so the sum rounds once. */
WX_NUM wx_v128 wx_num_F32X4_CONVERT_I32X4_U(wx_v128 a)
{
    __m128i low = _mm_blend_epi16(WX_I(a), _mm_setzero_si128(), 0xaa);
    __m128 high = _mm_cvtepi32_ps(_mm_srli_epi32(WX_I(a), 16));
    high = _mm_mul_ps(high, WX_F(wx_v_bits32(0x47800000))); /* 2^16 */
    return (wx_v128)_mm_add_ps(high, _mm_cvtepi32_ps(low));
}
WX_NUM wx_v128 wx_num_F64X2_CONVERT_LOW_I32X4_U(wx_v128 a)
{
    __m128i exponent = WX_I(wx_v_bits32(0x43300000)); /* 2^52 + a, less 2^52 */
    __m128d sum = _mm_castsi128_pd(_mm_unpacklo_epi32(WX_I(a), exponent));
    __m128d base = _mm_castsi128_pd(_mm_unpacklo_epi32(_mm_setzero_si128(), exponent));
    return (wx_v128)_mm_sub_pd(sum, base);
}

#endif
