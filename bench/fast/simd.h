/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of 16 bytes for the host and for wasm, from clang's vector types. */
#ifndef SIMD_H
#define SIMD_H

#include <stdint.h>

typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef uint8_t u8x8 __attribute__((vector_size(8)));

/* loads and stores at any alignment */
#define LOAD(TYPE, P)                                                                              \
    ({                                                                                             \
        TYPE v_;                                                                                   \
        __builtin_memcpy(&v_, (P), sizeof v_);                                                     \
        v_;                                                                                        \
    })
#define STORE(P, V)                                                                                \
    do {                                                                                           \
        __typeof__(V) v_ = (V);                                                                    \
        __builtin_memcpy((P), &v_, sizeof v_);                                                     \
    } while (0)

#ifdef __wasm__
#include <wasm_simd128.h>
/* table[at], at below 16 */
static inline u8x16 look_up(u8x16 table, u8x16 at)
{
    return (u8x16)wasm_i8x16_swizzle((v128_t)table, (v128_t)at);
}
static inline int any_set(u8x16 v) { return wasm_v128_any_true((v128_t)v); }
static inline int any_high_bit(u8x16 v) { return wasm_i8x16_bitmask((v128_t)v) != 0; }
/* products of neighbours, added in pairs */
static inline i32x4 dot_pairs(i16x8 a, i16x8 b)
{
    return (i32x4)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
}
#else
#include <smmintrin.h>
static inline u8x16 look_up(u8x16 table, u8x16 at)
{
    return (u8x16)_mm_shuffle_epi8((__m128i)table, (__m128i)at);
}
static inline int any_set(u8x16 v) { return !_mm_testz_si128((__m128i)v, (__m128i)v); }
static inline int any_high_bit(u8x16 v) { return _mm_movemask_epi8((__m128i)v) != 0; }
static inline i32x4 dot_pairs(i16x8 a, i16x8 b)
{
    return (i32x4)_mm_madd_epi16((__m128i)a, (__m128i)b);
}
#endif

#endif
