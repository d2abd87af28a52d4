/* SPDX-License-Identifier: Apache-2.0 */
/* Bit tricks on 64-bit words: counts, rotations, reversal, Gray code, Morton order, square root. */
#include "bench.h"

static uint64_t reversed(uint64_t x)
{
    x = (x >> 1 & 0x5555555555555555u) | (x & 0x5555555555555555u) << 1;
    x = (x >> 2 & 0x3333333333333333u) | (x & 0x3333333333333333u) << 2;
    x = (x >> 4 & 0x0f0f0f0f0f0f0f0fu) | (x & 0x0f0f0f0f0f0f0f0fu) << 4;
    x = (x >> 8 & 0x00ff00ff00ff00ffu) | (x & 0x00ff00ff00ff00ffu) << 8;
    x = (x >> 16 & 0x0000ffff0000ffffu) | (x & 0x0000ffff0000ffffu) << 16;
    return x >> 32 | x << 32;
}

static uint64_t spread(uint64_t x)
{
    x &= 0xffffffffu;
    x = (x | x << 16) & 0x0000ffff0000ffffu;
    x = (x | x << 8) & 0x00ff00ff00ff00ffu;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
    x = (x | x << 2) & 0x3333333333333333u;
    return (x | x << 1) & 0x5555555555555555u;
}

static uint32_t square_root(uint64_t x)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << (62 - (__builtin_clzll(x | 1) & ~1)); bit != 0; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = root / 2 + bit;
        } else {
            root /= 2;
        }
    }
    return (uint32_t)root;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t x = 0x123456789abcdefu, sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 4096; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            unsigned turn = (unsigned)(x >> 58);
            uint64_t y = x << turn | x >> (-turn & 63);
            sum += (uint64_t)__builtin_popcountll(y ^ y >> 1) +
                   (uint64_t)__builtin_ctzll(y | 1u << 31);
            sum ^= reversed(y) + (spread(y) | spread(y >> 32) << 1);
            sum += square_root(y >> (i & 31));
        }
    }
    return sum;
}
