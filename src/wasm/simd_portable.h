/* SPDX-License-Identifier: Apache-2.0 */
/* The part of simd.h that processors without a header of their own take from the definition. */
#ifndef WX_WASM_SIMD_PORTABLE_H
#define WX_WASM_SIMD_PORTABLE_H

#include "wasm/num_simd.h"

union wx_lanes_or_vector {
    wx_v128 v;
    union wx_lanes l;
};
#define WX_L(V) (((union wx_lanes_or_vector){.v = (V)}).l)
#define WX_V(L) (((union wx_lanes_or_vector){.l = (L)}).v)

#define WX_BY_LANES_TEST(NAME)                                                                     \
    WX_NUM uint32_t wx_num_##NAME(wx_v128 a) { return wx_lanes_##NAME(WX_L(a)); }
#define WX_BY_LANES_SHIFT(NAME)                                                                    \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a, uint32_t n)                                            \
    {                                                                                              \
        return WX_V(wx_lanes_##NAME(WX_L(a), n));                                                  \
    }
#define WX_BY_LANES_1(NAME)                                                                        \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a) { return WX_V(wx_lanes_##NAME(WX_L(a))); }
#define WX_BY_LANES_2(NAME)                                                                        \
    WX_NUM wx_v128 wx_num_##NAME(wx_v128 a, wx_v128 b)                                             \
    {                                                                                              \
        return WX_V(wx_lanes_##NAME(WX_L(a), WX_L(b)));                                            \
    }
#define WX_BY_LANES_INT(P)                                                                         \
    WX_BY_LANES_TEST(P##_ALL_TRUE)                                                                 \
    WX_BY_LANES_TEST(P##_BITMASK)                                                                  \
    WX_BY_LANES_SHIFT(P##_SHL)                                                                     \
    WX_BY_LANES_SHIFT(P##_SHR_S)                                                                   \
    WX_BY_LANES_SHIFT(P##_SHR_U)
#define WX_BY_LANES_FLOAT(P)                                                                       \
    WX_BY_LANES_2(P##_MIN)                                                                         \
    WX_BY_LANES_2(P##_MAX)                                                                         \
    WX_BY_LANES_2(P##_PMIN)                                                                        \
    WX_BY_LANES_2(P##_PMAX)

WX_BY_LANES_TEST(V128_ANY_TRUE)
WX_BY_LANES_INT(I8X16)
WX_BY_LANES_INT(I16X8)
WX_BY_LANES_INT(I32X4)
WX_BY_LANES_INT(I64X2)
WX_BY_LANES_FLOAT(F32X4)
WX_BY_LANES_FLOAT(F64X2)
WX_BY_LANES_2(I8X16_SWIZZLE)
WX_NUM wx_v128 wx_num_I8X16_SHUFFLE(wx_v128 a, wx_v128 b, wx_v128 s)
{
    return WX_V(wx_lanes_I8X16_SHUFFLE(WX_L(a), WX_L(b), WX_L(s)));
}
WX_BY_LANES_1(I8X16_POPCNT)
WX_BY_LANES_2(I8X16_NARROW_I16X8_S)
WX_BY_LANES_2(I8X16_NARROW_I16X8_U)
WX_BY_LANES_2(I16X8_NARROW_I32X4_S)
WX_BY_LANES_2(I16X8_NARROW_I32X4_U)
WX_BY_LANES_2(I8X16_AVGR_U)
WX_BY_LANES_2(I16X8_AVGR_U)
WX_BY_LANES_2(I32X4_DOT_I16X8_S)
WX_BY_LANES_2(I16X8_Q15MULR_SAT_S)
WX_BY_LANES_1(F32X4_DEMOTE_F64X2_ZERO)
WX_BY_LANES_1(I32X4_TRUNC_SAT_F32X4_S)
WX_BY_LANES_1(I32X4_TRUNC_SAT_F32X4_U)
WX_BY_LANES_1(I32X4_TRUNC_SAT_F64X2_S_ZERO)
WX_BY_LANES_1(I32X4_TRUNC_SAT_F64X2_U_ZERO)
WX_BY_LANES_1(F32X4_CONVERT_I32X4_U)
WX_BY_LANES_1(F64X2_CONVERT_LOW_I32X4_U)

#endif
