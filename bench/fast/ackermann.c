/* SPDX-License-Identifier: Apache-2.0 */
/* Ackermann's function of (2, n) and (3, 5): deep recursion that is only partly in tail position.
 */
#include "bench.h"

__attribute__((noinline)) static uint32_t ackermann(uint32_t m, uint32_t n)
{
    if (m == 0) {
        return n + 1;
    }
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = mix(sum, ackermann(3, 5) + ackermann(2, 100 + (round & 15)));
    }
    return sum;
}
