/* SPDX-License-Identifier: Apache-2.0 */
/* Fibonacci numbers the slow way: calls and little else. */
#include "bench.h"

static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = mix(sum, fib(22 + (round & 1)));
    }
    return sum;
}
