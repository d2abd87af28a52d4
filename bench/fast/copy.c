/* SPDX-License-Identifier: Apache-2.0 */
/* Copies no library call does: repeating runs, unaligned words, byte reversal, rows to columns. */
#include "bench.h"

#define SIZE 32768

static uint8_t from[SIZE + 16], to[SIZE + 16];

/* as a decompressor fills: the source is the run that is being written */
__attribute__((noinline)) static void repeat(uint8_t *p, size_t distance, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        p[i + distance] = p[i];
    }
}

__attribute__((noinline)) static void move_words(uint8_t *dst, const uint8_t *src, size_t len)
{
    for (size_t i = 0; i + 8 <= len; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, src + i, 8);
        word ^= word >> 7;
        __builtin_memcpy(dst + i, &word, 8);
    }
}

__attribute__((noinline)) static void swap_ends(uint8_t *p, size_t len)
{
    for (size_t i = 0, k = len - 1; i < k; i++, k--) {
        uint8_t t = p[i];
        p[i] = p[k];
        p[k] = t;
    }
}

__attribute__((noinline)) static void transpose(uint8_t *dst, const uint8_t *src, size_t rows)
{
    uint32_t *d = (uint32_t *)dst;
    const uint32_t *s = (const uint32_t *)src;
    size_t columns = SIZE / 4 / rows;
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < columns; x++) {
            d[x * rows + y] = s[y * columns + x];
        }
    }
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 4;
    for (size_t i = 0; i < SIZE; i++) {
        from[i] = (uint8_t)next_random(&seed);
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        repeat(from + round % 100, 3 + round % 5, SIZE / 4);
        move_words(to, from + round % 8, SIZE);
        swap_ends(to + round % 64, SIZE / 2);
        transpose(from, to, 64);
        __builtin_memcpy(to, from + SIZE / 2, SIZE / 4 + round % 8);
        sum = mix(sum, to[round * 7919 % SIZE] + from[round * 104729 % SIZE]);
    }
    return sum;
}
