/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of 64 limbs: schoolbook products, small divisions and printing in decimal. */
#include "bench.h"

#define LIMBS 64

static uint32_t a[LIMBS], b[LIMBS], product[2 * LIMBS];

static void multiply(uint32_t *r, const uint32_t *x, const uint32_t *y)
{
    for (int i = 0; i < 2 * LIMBS; i++) {
        r[i] = 0;
    }
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < LIMBS; k++) {
            carry += (uint64_t)x[i] * y[k] + r[i + k];
            r[i + k] = (uint32_t)carry;
            carry >>= 32;
        }
        r[i + LIMBS] = (uint32_t)carry;
    }
}

static uint32_t divide_small(uint32_t *x, int n, uint32_t by)
{
    uint64_t rest = 0;
    for (int i = n - 1; i >= 0; i--) {
        rest = rest << 32 | x[i];
        x[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    return (uint32_t)rest;
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 3;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < LIMBS; i++) {
            a[i] = next_random(&seed);
            b[i] ^= product[LIMBS + i] + a[i];
        }
        for (int i = 0; i < 8; i++) {
            multiply(product, a, b);
            for (int k = 0; k < LIMBS; k++) {
                a[k] = product[k + LIMBS / 2];
            }
        }
        for (int i = 0; i < 16; i++) {
            sum = mix(sum, divide_small(product, 2 * LIMBS, 1000000000));
        }
    }
    return sum;
}
