/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20 key stream of 16 KiB, mixed into a buffer: additions and rotations in registers. */
#include "bench.h"

#define SIZE 16384

static uint32_t data[SIZE / 4];

static void quarter(uint32_t *s, int a, int b, int c, int d)
{
    s[a] += s[b];
    s[d] ^= s[a];
    s[d] = s[d] << 16 | s[d] >> 16;
    s[c] += s[d];
    s[b] ^= s[c];
    s[b] = s[b] << 12 | s[b] >> 20;
    s[a] += s[b];
    s[d] ^= s[a];
    s[d] = s[d] << 8 | s[d] >> 24;
    s[c] += s[d];
    s[b] ^= s[c];
    s[b] = s[b] << 7 | s[b] >> 25;
}

static void block(uint32_t *out, const uint32_t *key, uint32_t counter)
{
    uint32_t first[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, s[16];
    for (int i = 0; i < 8; i++) {
        first[4 + i] = key[i];
    }
    first[12] = counter;
    for (int i = 0; i < 16; i++) {
        s[i] = first[i];
    }
    for (int i = 0; i < 10; i++) {
        quarter(s, 0, 4, 8, 12);
        quarter(s, 1, 5, 9, 13);
        quarter(s, 2, 6, 10, 14);
        quarter(s, 3, 7, 11, 15);
        quarter(s, 0, 5, 10, 15);
        quarter(s, 1, 6, 11, 12);
        quarter(s, 2, 7, 8, 13);
        quarter(s, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++) {
        out[i] ^= s[i] + first[i];
    }
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t key[8], seed = 41;
    for (int i = 0; i < 8; i++) {
        key[i] = next_random(&seed);
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < SIZE / 64; i++) {
            block(data + 16 * i, key, round * (SIZE / 64) + i);
        }
        sum = mix(sum, data[round % (SIZE / 4)]);
    }
    return sum;
}
