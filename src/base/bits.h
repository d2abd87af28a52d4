/* SPDX-License-Identifier: Apache-2.0 */
/* Unaligned little-endian access, bit casts, rounding. */
#ifndef WX_BASE_BITS_H
#define WX_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "waxwing runs on little-endian hosts only"
#endif

static inline uint16_t wx_get_u16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint32_t wx_get_u32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint64_t wx_get_u64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void wx_put_u16(void *p, uint16_t v) { memcpy(p, &v, sizeof v); }
static inline void wx_put_u32(void *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static inline void wx_put_u64(void *p, uint64_t v) { memcpy(p, &v, sizeof v); }

static inline float wx_f32_from_bits(uint32_t v)
{
    float f;
    memcpy(&f, &v, sizeof f);
    return f;
}
static inline uint32_t wx_f32_bits(float f)
{
    uint32_t v;
    memcpy(&v, &f, sizeof v);
    return v;
}
static inline double wx_f64_from_bits(uint64_t v)
{
    double f;
    memcpy(&f, &v, sizeof f);
    return f;
}
static inline uint64_t wx_f64_bits(double f)
{
    uint64_t v;
    memcpy(&v, &f, sizeof v);
    return v;
}

/* `to` is a power of two; the sum must not overflow. */
static inline uint64_t wx_align_up(uint64_t v, uint64_t to) { return (v + to - 1) & ~(to - 1); }
static inline bool wx_is_pow2(uint64_t v) { return v != 0 && (v & (v - 1)) == 0; }

#endif
