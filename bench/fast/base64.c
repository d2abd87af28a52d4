/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 of 24 KiB and back, by tables. */
#include "bench.h"

#define SIZE 24576

static uint8_t plain[SIZE], coded[SIZE / 3 * 4], back[SIZE], values[256];
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(uint8_t *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        *out++ = (uint8_t)alphabet[v >> 18];
        *out++ = (uint8_t)alphabet[v >> 12 & 63];
        *out++ = (uint8_t)alphabet[v >> 6 & 63];
        *out++ = (uint8_t)alphabet[v & 63];
    }
}

/* number of bytes outside the alphabet */
static uint32_t decode(uint8_t *out, const uint8_t *in, size_t len)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < len; i += 4) {
        uint32_t v = 0;
        for (int k = 0; k < 4; k++) {
            uint8_t value = values[in[i + (size_t)k]];
            bad += value > 63;
            v = v << 6 | (value & 63);
        }
        *out++ = (uint8_t)(v >> 16);
        *out++ = (uint8_t)(v >> 8);
        *out++ = (uint8_t)v;
    }
    return bad;
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 64;
    for (int i = 0; i < 256; i++) {
        values[i] = 64;
    }
    for (uint8_t i = 0; i < 64; i++) {
        values[(uint8_t)alphabet[i]] = i;
    }
    for (int i = 0; i < SIZE; i++) {
        plain[i] = (uint8_t)next_random(&seed);
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        encode(coded, plain, SIZE);
        coded[round * 31 % sizeof coded] = '~';
        uint32_t bad = decode(back, coded, sizeof coded);
        sum = mix(sum, bad + 2u * back[round * 13 % SIZE]);
        plain[round % SIZE]++;
    }
    return sum;
}
