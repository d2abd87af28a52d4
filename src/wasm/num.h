/* SPDX-License-Identifier: Apache-2.0 */
/* Wasm arithmetic, once, for every tier, the constant folder and the tests. */
/*
 * wx_num_<NAME> computes the instruction NAME of opcodes.def (core spec 4.3). Functions that may
 * trap return an enum wx_trap (0 = none) and write *ret only then. Nothing here depends on the
 * rounding mode, errno or the C library; floats follow IEEE 754 as the spec wants it: results that
 * are NaN come out quiet, min/max order zeros, nearest rounds ties to even.
 */
#ifndef WX_WASM_NUM_H
#define WX_WASM_NUM_H

#include <stdint.h>

#include "base/bits.h"
#include "base/trap.h"

#define WX_NUM static inline __attribute__((always_inline))

/* Integer operations of both widths. U/S: unsigned and signed type, B: bits. */
#define WX_NUM_INT(P, U, S, B, CLZ, CTZ, POP)                                                      \
    WX_NUM uint32_t wx_num_##P##_EQZ(U a) { return a == 0; }                                       \
    WX_NUM uint32_t wx_num_##P##_EQ(U a, U b) { return a == b; }                                   \
    WX_NUM uint32_t wx_num_##P##_NE(U a, U b) { return a != b; }                                   \
    WX_NUM uint32_t wx_num_##P##_LT_S(U a, U b) { return (S)a < (S)b; }                            \
    WX_NUM uint32_t wx_num_##P##_LT_U(U a, U b) { return a < b; }                                  \
    WX_NUM uint32_t wx_num_##P##_GT_S(U a, U b) { return (S)a > (S)b; }                            \
    WX_NUM uint32_t wx_num_##P##_GT_U(U a, U b) { return a > b; }                                  \
    WX_NUM uint32_t wx_num_##P##_LE_S(U a, U b) { return (S)a <= (S)b; }                           \
    WX_NUM uint32_t wx_num_##P##_LE_U(U a, U b) { return a <= b; }                                 \
    WX_NUM uint32_t wx_num_##P##_GE_S(U a, U b) { return (S)a >= (S)b; }                           \
    WX_NUM uint32_t wx_num_##P##_GE_U(U a, U b) { return a >= b; }                                 \
    WX_NUM U wx_num_##P##_CLZ(U a) { return a ? (U)CLZ(a) : B; }                                   \
    WX_NUM U wx_num_##P##_CTZ(U a) { return a ? (U)CTZ(a) : B; }                                   \
    WX_NUM U wx_num_##P##_POPCNT(U a) { return (U)POP(a); }                                        \
    WX_NUM U wx_num_##P##_ADD(U a, U b) { return a + b; }                                          \
    WX_NUM U wx_num_##P##_SUB(U a, U b) { return a - b; }                                          \
    WX_NUM U wx_num_##P##_MUL(U a, U b) { return a * b; }                                          \
    WX_NUM U wx_num_##P##_AND(U a, U b) { return a & b; }                                          \
    WX_NUM U wx_num_##P##_OR(U a, U b) { return a | b; }                                           \
    WX_NUM U wx_num_##P##_XOR(U a, U b) { return a ^ b; }                                          \
    WX_NUM U wx_num_##P##_SHL(U a, U b) { return a << (b & (B - 1)); }                             \
    WX_NUM U wx_num_##P##_SHR_S(U a, U b) { return (U)((S)a >> (b & (B - 1))); }                   \
    WX_NUM U wx_num_##P##_SHR_U(U a, U b) { return a >> (b & (B - 1)); }                           \
    WX_NUM U wx_num_##P##_ROTL(U a, U b) { return a << (b & (B - 1)) | a >> (-b & (B - 1)); }      \
    WX_NUM U wx_num_##P##_ROTR(U a, U b) { return a >> (b & (B - 1)) | a << (-b & (B - 1)); }      \
    WX_NUM uint32_t wx_num_##P##_DIV_S(U a, U b, U *ret)                                           \
    {                                                                                              \
        if (b == 0) {                                                                              \
            return WX_TRAP_DIV_ZERO;                                                               \
        }                                                                                          \
        if (a == (U)1 << (B - 1) && b == (U) - 1) {                                                \
            return WX_TRAP_INT_OVERFLOW;                                                           \
        }                                                                                          \
        *ret = (U)((S)a / (S)b);                                                                   \
        return 0;                                                                                  \
    }                                                                                              \
    WX_NUM uint32_t wx_num_##P##_DIV_U(U a, U b, U *ret)                                           \
    {                                                                                              \
        if (b == 0) {                                                                              \
            return WX_TRAP_DIV_ZERO;                                                               \
        }                                                                                          \
        *ret = a / b;                                                                              \
        return 0;                                                                                  \
    }                                                                                              \
    WX_NUM uint32_t wx_num_##P##_REM_S(U a, U b, U *ret)                                           \
    {                                                                                              \
        if (b == 0) {                                                                              \
            return WX_TRAP_DIV_ZERO;                                                               \
        }                                                                                          \
        *ret = b == (U) - 1 ? 0 : (U)((S)a % (S)b); /* INT_MIN % -1 is 0, not a trap */            \
        return 0;                                                                                  \
    }                                                                                              \
    WX_NUM uint32_t wx_num_##P##_REM_U(U a, U b, U *ret)                                           \
    {                                                                                              \
        if (b == 0) {                                                                              \
            return WX_TRAP_DIV_ZERO;                                                               \
        }                                                                                          \
        *ret = a % b;                                                                              \
        return 0;                                                                                  \
    }                                                                                              \
    WX_NUM U wx_num_##P##_EXTEND8_S(U a) { return (U)(S)(int8_t)a; }                               \
    WX_NUM U wx_num_##P##_EXTEND16_S(U a) { return (U)(S)(int16_t)a; }

WX_NUM_INT(I32, uint32_t, int32_t, 32, __builtin_clz, __builtin_ctz, __builtin_popcount)
WX_NUM_INT(I64, uint64_t, int64_t, 64, __builtin_clzll, __builtin_ctzll, __builtin_popcountll)

WX_NUM uint64_t wx_num_I64_EXTEND32_S(uint64_t a) { return (uint64_t)(int64_t)(int32_t)a; }
WX_NUM uint32_t wx_num_I32_WRAP_I64(uint64_t a) { return (uint32_t)a; }
WX_NUM uint64_t wx_num_I64_EXTEND_I32_S(uint32_t a) { return (uint64_t)(int64_t)(int32_t)a; }
WX_NUM uint64_t wx_num_I64_EXTEND_I32_U(uint32_t a) { return a; }

/* Wide arithmetic: both halves of the result. */
typedef unsigned __int128 wx_u128;
WX_NUM wx_u128 wx_num_join(uint64_t low, uint64_t high) { return (wx_u128)high << 64 | low; }
WX_NUM wx_u128 wx_num_I64_ADD128(uint64_t a, uint64_t a_high, uint64_t b, uint64_t b_high)
{
    return wx_num_join(a, a_high) + wx_num_join(b, b_high);
}
WX_NUM wx_u128 wx_num_I64_SUB128(uint64_t a, uint64_t a_high, uint64_t b, uint64_t b_high)
{
    return wx_num_join(a, a_high) - wx_num_join(b, b_high);
}
WX_NUM wx_u128 wx_num_I64_MUL_WIDE_S(uint64_t a, uint64_t b)
{
    return (wx_u128)((__int128)(int64_t)a * (int64_t)b);
}
WX_NUM wx_u128 wx_num_I64_MUL_WIDE_U(uint64_t a, uint64_t b) { return (wx_u128)a * b; }

/*
 * Floats. nearest/ceil/floor/trunc go by the size of the number: every float of magnitude 2^P and
 * up is an integer already (P = bits of the fraction), below that the cast is exact. The sign of
 * the argument is kept for zero results. A signalling NaN is quieted by x + x.
 */
#define WX_NUM_FLOAT(P, F, U, FROM, BITS, SIGN, LIMIT, S, SQRT)                                    \
    WX_NUM uint32_t wx_num_##P##_EQ(F a, F b) { return a == b; }                                   \
    WX_NUM uint32_t wx_num_##P##_NE(F a, F b) { return a != b; }                                   \
    WX_NUM uint32_t wx_num_##P##_LT(F a, F b) { return a < b; }                                    \
    WX_NUM uint32_t wx_num_##P##_GT(F a, F b) { return a > b; }                                    \
    WX_NUM uint32_t wx_num_##P##_LE(F a, F b) { return a <= b; }                                   \
    WX_NUM uint32_t wx_num_##P##_GE(F a, F b) { return a >= b; }                                   \
    WX_NUM F wx_num_##P##_ABS(F a) { return FROM(BITS(a) & ~(SIGN)); }                             \
    WX_NUM F wx_num_##P##_NEG(F a) { return FROM(BITS(a) ^ (SIGN)); }                              \
    WX_NUM F wx_num_##P##_COPYSIGN(F a, F b)                                                       \
    {                                                                                              \
        return FROM((BITS(a) & ~(SIGN)) | (BITS(b) & (SIGN)));                                     \
    }                                                                                              \
    WX_NUM F wx_num_##P##_ADD(F a, F b) { return a + b; }                                          \
    WX_NUM F wx_num_##P##_SUB(F a, F b) { return a - b; }                                          \
    WX_NUM F wx_num_##P##_MUL(F a, F b) { return a * b; }                                          \
    WX_NUM F wx_num_##P##_DIV(F a, F b) { return a / b; }                                          \
    WX_NUM F wx_num_##P##_SQRT(F a) { return SQRT(a); }                                            \
    WX_NUM F wx_num_##P##_MIN(F a, F b)                                                            \
    {                                                                                              \
        if (a != a || b != b) {                                                                    \
            return a + b;                                                                          \
        }                                                                                          \
        return a == b ? FROM(BITS(a) | BITS(b)) : a < b ? a : b;                                   \
    }                                                                                              \
    WX_NUM F wx_num_##P##_MAX(F a, F b)                                                            \
    {                                                                                              \
        if (a != a || b != b) {                                                                    \
            return a + b;                                                                          \
        }                                                                                          \
        return a == b ? FROM(BITS(a) & BITS(b)) : a > b ? a : b;                                   \
    }                                                                                              \
    WX_NUM F wx_num_##P##_TRUNC(F a)                                                               \
    {                                                                                              \
        F m = FROM(BITS(a) & ~(SIGN));                                                             \
        if (!(m < (LIMIT))) {                                                                      \
            return a != a ? a + a : a;                                                             \
        }                                                                                          \
        return wx_num_##P##_COPYSIGN((F)(S)a, a);                                                  \
    }                                                                                              \
    WX_NUM F wx_num_##P##_FLOOR(F a)                                                               \
    {                                                                                              \
        F t = wx_num_##P##_TRUNC(a);                                                               \
        return t > a ? wx_num_##P##_COPYSIGN(t - 1, a) : t;                                        \
    }                                                                                              \
    WX_NUM F wx_num_##P##_CEIL(F a)                                                                \
    {                                                                                              \
        F t = wx_num_##P##_TRUNC(a);                                                               \
        return t < a ? wx_num_##P##_COPYSIGN(t + 1, a) : t;                                        \
    }                                                                                              \
    WX_NUM F wx_num_##P##_NEAREST(F a)                                                             \
    {                                                                                              \
        F m = FROM(BITS(a) & ~(SIGN));                                                             \
        if (!(m < (LIMIT))) {                                                                      \
            return a != a ? a + a : a;                                                             \
        }                                                                                          \
        S t = (S)m;                                                                                \
        F rest = m - (F)t; /* exact */                                                             \
        if (rest > (F)0.5 || (rest == (F)0.5 && (t & 1))) {                                        \
            t++;                                                                                   \
        }                                                                                          \
        return wx_num_##P##_COPYSIGN((F)t, a);                                                     \
    }

WX_NUM_FLOAT(F32, float, uint32_t, wx_f32_from_bits, wx_f32_bits, UINT32_C(0x80000000), 8388608.0f,
             int32_t, __builtin_sqrtf)
WX_NUM_FLOAT(F64, double, uint64_t, wx_f64_from_bits, wx_f64_bits, UINT64_C(0x8000000000000000),
             4503599627370496.0, int64_t, __builtin_sqrt)

/*
 * Float to integer. LOW/HIGH are the exact bounds in the float type: the value converts when
 * LOW < v (or LOW <= v, as OP says) and v < HIGH.
 */
#define WX_NUM_TRUNC(NAME, F, U, T, LOW_OP, LOW, HIGH, MIN, MAX)                                   \
    WX_NUM uint32_t wx_num_##NAME(F a, U *ret)                                                     \
    {                                                                                              \
        if (a != a) {                                                                              \
            return WX_TRAP_BAD_CONVERSION;                                                         \
        }                                                                                          \
        if (!(a LOW_OP(LOW) && a < (HIGH))) {                                                      \
            return WX_TRAP_INT_OVERFLOW;                                                           \
        }                                                                                          \
        *ret = (U)(T)a;                                                                            \
        return 0;                                                                                  \
    }
#define WX_NUM_TRUNC_SAT(NAME, F, U, T, LOW_OP, LOW, HIGH, MIN, MAX)                               \
    WX_NUM U wx_num_##NAME(F a)                                                                    \
    {                                                                                              \
        if (a != a) {                                                                              \
            return 0;                                                                              \
        }                                                                                          \
        if (!(a LOW_OP(LOW))) {                                                                    \
            return (U)(MIN);                                                                       \
        }                                                                                          \
        return a < (HIGH) ? (U)(T)a : (U)(MAX);                                                    \
    }
#define WX_NUM_TRUNCS(M, I32F32S, I32F32U, I32F64S, I32F64U, I64F32S, I64F32U, I64F64S, I64F64U)   \
    M(I32F32S, float, uint32_t, int32_t, >=, -2147483648.0f, 2147483648.0f, INT32_MIN, INT32_MAX)  \
    M(I32F32U, float, uint32_t, uint32_t, >, -1.0f, 4294967296.0f, 0, UINT32_MAX)                  \
    M(I32F64S, double, uint32_t, int32_t, >, -2147483649.0, 2147483648.0, INT32_MIN, INT32_MAX)    \
    M(I32F64U, double, uint32_t, uint32_t, >, -1.0, 4294967296.0, 0, UINT32_MAX)                   \
    M(I64F32S, float, uint64_t, int64_t, >=, -9223372036854775808.0f, 9223372036854775808.0f,      \
      INT64_MIN, INT64_MAX)                                                                        \
    M(I64F32U, float, uint64_t, uint64_t, >, -1.0f, 18446744073709551616.0f, 0, UINT64_MAX)        \
    M(I64F64S, double, uint64_t, int64_t, >=, -9223372036854775808.0, 9223372036854775808.0,       \
      INT64_MIN, INT64_MAX)                                                                        \
    M(I64F64U, double, uint64_t, uint64_t, >, -1.0, 18446744073709551616.0, 0, UINT64_MAX)
WX_NUM_TRUNCS(WX_NUM_TRUNC, I32_TRUNC_F32_S, I32_TRUNC_F32_U, I32_TRUNC_F64_S, I32_TRUNC_F64_U,
              I64_TRUNC_F32_S, I64_TRUNC_F32_U, I64_TRUNC_F64_S, I64_TRUNC_F64_U)
WX_NUM_TRUNCS(WX_NUM_TRUNC_SAT, I32_TRUNC_SAT_F32_S, I32_TRUNC_SAT_F32_U, I32_TRUNC_SAT_F64_S,
              I32_TRUNC_SAT_F64_U, I64_TRUNC_SAT_F32_S, I64_TRUNC_SAT_F32_U, I64_TRUNC_SAT_F64_S,
              I64_TRUNC_SAT_F64_U)

WX_NUM float wx_num_F32_CONVERT_I32_S(uint32_t a) { return (float)(int32_t)a; }
WX_NUM float wx_num_F32_CONVERT_I32_U(uint32_t a) { return (float)a; }
WX_NUM float wx_num_F32_CONVERT_I64_S(uint64_t a) { return (float)(int64_t)a; }
WX_NUM float wx_num_F32_CONVERT_I64_U(uint64_t a) { return (float)a; }
WX_NUM double wx_num_F64_CONVERT_I32_S(uint32_t a) { return (double)(int32_t)a; }
WX_NUM double wx_num_F64_CONVERT_I32_U(uint32_t a) { return (double)a; }
WX_NUM double wx_num_F64_CONVERT_I64_S(uint64_t a) { return (double)(int64_t)a; }
WX_NUM double wx_num_F64_CONVERT_I64_U(uint64_t a) { return (double)a; }
WX_NUM float wx_num_F32_DEMOTE_F64(double a) { return (float)a; }
WX_NUM double wx_num_F64_PROMOTE_F32(float a) { return (double)a; }
WX_NUM uint32_t wx_num_I32_REINTERPRET_F32(float a) { return wx_f32_bits(a); }
WX_NUM uint64_t wx_num_I64_REINTERPRET_F64(double a) { return wx_f64_bits(a); }
WX_NUM float wx_num_F32_REINTERPRET_I32(uint32_t a) { return wx_f32_from_bits(a); }
WX_NUM double wx_num_F64_REINTERPRET_I64(uint64_t a) { return wx_f64_from_bits(a); }

/* -------- NaNs -------- */

/* The canonical NaN for any NaN; positive, as the deterministic profile has it. */
WX_NUM float wx_num_canonical_f32(float v)
{
    return wx_f32_from_bits(v != v ? 0x7fc00000u : wx_f32_bits(v));
}
WX_NUM double wx_num_canonical_f64(double v)
{
    return wx_f64_from_bits(v != v ? UINT64_C(0x7ff8000000000000) : wx_f64_bits(v));
}

#endif
