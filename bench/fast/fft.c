/* SPDX-License-Identifier: Apache-2.0 */
/* Fourier transform of 2,048 complex doubles, radix 2 in place, forth and back. */
#include "bench.h"

#define LOG 11
#define SIZE (1 << LOG)

struct complex {
    double re, im;
};
static struct complex data[SIZE], roots[SIZE / 2];

/* roots of unity by halving angles: no libm, the same bits everywhere */
static void make_roots(void)
{
    roots[0] = (struct complex){1, 0};
    double c = -1, s = 0; /* angle pi */
    for (int stride = SIZE / 4; stride > 0; stride /= 2) {
        s = __builtin_sqrt((1 - c) / 2);
        c = __builtin_sqrt((1 + c) / 2);
        for (int i = stride; i < SIZE / 2; i += 2 * stride) {
            struct complex w = roots[i - stride];
            roots[i] = (struct complex){w.re * c - w.im * s, w.im * c + w.re * s};
        }
    }
}

static void transform(double direction)
{
    for (uint32_t i = 0, k = 0; i < SIZE; i++) {
        if (i < k) {
            struct complex t = data[i];
            data[i] = data[k];
            data[k] = t;
        }
        uint32_t bit = SIZE / 2;
        for (; k & bit; bit >>= 1) {
            k ^= bit;
        }
        k |= bit;
    }
    for (int half = 1; half < SIZE; half *= 2) {
        int stride = SIZE / 2 / half;
        for (int start = 0; start < SIZE; start += 2 * half) {
            for (int i = 0; i < half; i++) {
                struct complex w = roots[i * stride], *p = &data[start + i], *q = p + half;
                double wi = w.im * direction;
                double re = q->re * w.re - q->im * wi, im = q->re * wi + q->im * w.re;
                q->re = p->re - re;
                q->im = p->im - im;
                p->re += re;
                p->im += im;
            }
        }
    }
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 21;
    make_roots();
    for (int i = 0; i < SIZE; i++) {
        data[i].re = (double)(next_random(&seed) >> 8);
        data[i].im = (double)(next_random(&seed) >> 8);
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        transform(1);
        sum = mix(sum, double_bits(data[round % SIZE].re));
        transform(-1);
        for (int i = 0; i < SIZE; i++) {
            data[i].re /= SIZE;
            data[i].im /= SIZE;
        }
    }
    return sum;
}
