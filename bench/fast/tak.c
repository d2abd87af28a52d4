/* SPDX-License-Identifier: Apache-2.0 */
/* Takeuchi's function: calls with three arguments, each the result of a call. */
#include "bench.h"

__attribute__((noinline)) static int tak(int x, int y, int z)
{
    return y < x ? tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) : z;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = mix(sum, (uint64_t)tak(16, 11, (int)(round % 3) + 4));
    }
    return sum;
}
