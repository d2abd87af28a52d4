/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 by one table of 256 words, over 64 KiB: a chain of table loads. */
#include "bench.h"

#define SIZE 65536

static uint32_t table[256];
static uint8_t data[SIZE];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) {
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        }
        table[i] = c;
    }
}

static uint32_t crc(const uint8_t *p, size_t len)
{
    uint32_t c = ~0u;
    for (size_t i = 0; i < len; i++) {
        c = c >> 8 ^ table[(c ^ p[i]) & 0xff];
    }
    return ~c;
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 7;
    make_table();
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)next_random(&seed);
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        sum = mix(sum, crc(data, SIZE));
        data[round % SIZE]++;
    }
    return sum;
}
