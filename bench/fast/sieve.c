/* SPDX-License-Identifier: Apache-2.0 */
/* Sieve of Eratosthenes over the odd numbers below 120,000: byte stores with growing strides. */
#include "bench.h"

#define LIMIT 60000

static uint8_t composite[LIMIT];

static uint32_t count_primes(void)
{
    for (uint32_t i = 0; i < LIMIT; i++) {
        composite[i] = 0;
    }
    uint32_t count = 1; /* 2 */
    for (uint32_t i = 1; i < LIMIT; i++) {
        if (composite[i]) {
            continue;
        }
        count++;
        for (uint32_t k = i + 2 * i + 1; k < LIMIT; k += 2 * i + 1) {
            composite[k] = 1;
        }
    }
    return count;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = mix(sum, count_primes() + composite[LIMIT - 1 - round % 1000]);
    }
    return sum;
}
