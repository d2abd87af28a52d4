/* SPDX-License-Identifier: Apache-2.0 */
/* Dot products by vectors: 16-bit whole numbers and floats, four sums at once. */
#include "bench.h"
#include "simd.h"

#define SIZE 4096

static int16_t a[SIZE], b[SIZE];
static float x[SIZE], y[SIZE];

static int32_t dot_short(void)
{
    i32x4 s = {0}, t = {0};
    for (int i = 0; i < SIZE; i += 16) {
        s += dot_pairs(LOAD(i16x8, a + i), LOAD(i16x8, b + i));
        t += dot_pairs(LOAD(i16x8, a + i + 8), LOAD(i16x8, b + i + 8));
    }
    s += t;
    return s[0] + s[1] + s[2] + s[3];
}

static float dot_float(void)
{
    f32x4 s = {0}, t = {0}, u = {0}, v = {0};
    for (int i = 0; i < SIZE; i += 16) {
        s += LOAD(f32x4, x + i) * LOAD(f32x4, y + i);
        t += LOAD(f32x4, x + i + 4) * LOAD(f32x4, y + i + 4);
        u += LOAD(f32x4, x + i + 8) * LOAD(f32x4, y + i + 8);
        v += LOAD(f32x4, x + i + 12) * LOAD(f32x4, y + i + 12);
    }
    s = (s + t) + (u + v);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 55;
    for (int i = 0; i < SIZE; i++) {
        a[i] = (int16_t)(next_random(&seed) >> 22);
        b[i] = (int16_t)(next_random(&seed) >> 22);
        x[i] = (float)a[i] / 8;
        y[i] = (float)b[i] / 4;
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 16; i++) {
            sum = mix(sum, (uint32_t)dot_short() ^ double_bits((double)dot_float()));
            a[(round + (uint32_t)i * 100) % SIZE] ^= 1;
            y[(round + (uint32_t)i * 100) % SIZE] += 0.25f;
        }
    }
    return sum;
}
