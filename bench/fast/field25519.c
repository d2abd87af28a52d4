/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic modulo 2^255 - 19 with eight limbs of 32 bits: a chain of squares and an inverse. */
#include "bench.h"

struct element {
    uint32_t limb[8];
};

/* x += carry * 2^256, which is carry * 38; the result is below 2^256 */
static void fold(struct element *x, uint64_t carry)
{
    while (carry != 0) {
        carry *= 38;
        for (int i = 0; i < 8; i++) {
            carry += x->limb[i];
            x->limb[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

__attribute__((noinline)) static void add(struct element *r, const struct element *a,
                                          const struct element *b)
{
    uint64_t carry = 0;
    for (int i = 0; i < 8; i++) {
        carry += (uint64_t)a->limb[i] + b->limb[i];
        r->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(r, carry);
}

__attribute__((noinline)) static void multiply(struct element *r, const struct element *a,
                                               const struct element *b)
{
    uint32_t wide[16] = {0};
    for (int i = 0; i < 8; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < 8; k++) {
            carry += (uint64_t)a->limb[i] * b->limb[k] + wide[i + k];
            wide[i + k] = (uint32_t)carry;
            carry >>= 32;
        }
        wide[i + 8] = (uint32_t)carry;
    }
    uint64_t carry = 0;
    for (int i = 0; i < 8; i++) {
        carry += (uint64_t)wide[i + 8] * 38 + wide[i];
        r->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(r, carry);
}

/* the least representative */
static void reduce(struct element *x)
{
    for (int pass = 0; pass < 2; pass++) {
        uint64_t carry = (uint64_t)(x->limb[7] >> 31) * 19;
        x->limb[7] &= 0x7fffffff;
        for (int i = 0; i < 8; i++) {
            carry += x->limb[i];
            x->limb[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    uint32_t all = x->limb[0] >= 0xffffffed && x->limb[7] == 0x7fffffff;
    for (int i = 1; i < 7; i++) {
        all &= x->limb[i] == 0xffffffff;
    }
    if (all) {
        x->limb[0] -= 0xffffffed;
        for (int i = 1; i < 8; i++) {
            x->limb[i] = 0;
        }
    }
}

/* x to the power 2^255 - 21 */
static void invert(struct element *r, const struct element *x)
{
    struct element p = *x;
    for (int bit = 253; bit >= 0; bit--) {
        multiply(&p, &p, &p);
        if (bit != 2 && bit != 4) {
            multiply(&p, &p, x);
        }
    }
    *r = p;
}

uint64_t kernel(uint32_t rounds)
{
    struct element x = {{3, 1, 4, 1, 5, 9, 2, 6}}, y, z;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 250; i++) {
            multiply(&y, &x, &x);
            add(&x, &y, &x);
        }
        invert(&y, &x);
        multiply(&z, &x, &y); /* 1 */
        reduce(&z);
        reduce(&x);
        sum = mix(sum, ((uint64_t)x.limb[7] << 32 | x.limb[0]) + z.limb[0] - 1 + z.limb[5]);
    }
    return sum;
}
