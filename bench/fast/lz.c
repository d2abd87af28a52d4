/* SPDX-License-Identifier: Apache-2.0 */
/* Compresses 32 KiB of text by back references found through hashes, decompresses and compares. */
#include "bench.h"

#define SIZE 32768u
#define HEADS 4096u

static uint8_t text[SIZE], packed[2 * SIZE], unpacked[SIZE];
static uint32_t heads[HEADS]; /* newest position + 1 of each hash */

static uint32_t hash(const uint8_t *p)
{
    return (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16) * 2654435761u >> 20;
}

/* a literal is 0x00 BYTE; a reference LENGTH LOW HIGH */
static size_t compress(uint8_t *out, const uint8_t *in, uint32_t len)
{
    uint8_t *start = out;
    for (uint32_t i = 0; i < HEADS; i++) {
        heads[i] = 0;
    }
    for (uint32_t at = 0; at < len;) {
        uint32_t run = 0, seen = 0;
        if (at + 3 < len) {
            uint32_t *head = &heads[hash(in + at)];
            seen = *head;
            *head = at + 1;
            if (seen != 0) {
                const uint8_t *old = in + seen - 1, *now = in + at;
                uint32_t most = len - at < 255 ? len - at : 255;
                while (run < most && old[run] == now[run]) {
                    run++;
                }
            }
        }
        if (run >= 4) {
            uint32_t distance = at + 1 - seen;
            *out++ = (uint8_t)run;
            *out++ = (uint8_t)distance;
            *out++ = (uint8_t)(distance >> 8);
            at += run;
        } else {
            *out++ = 0;
            *out++ = in[at++];
        }
    }
    return (size_t)(out - start);
}

static uint32_t decompress(uint8_t *out, const uint8_t *in, size_t len)
{
    uint8_t *start = out;
    const uint8_t *end = in + len;
    while (in < end) {
        uint32_t run = *in++;
        if (run == 0) {
            *out++ = *in++;
            continue;
        }
        const uint8_t *old = out - (in[0] | (uint32_t)in[1] << 8);
        in += 2;
        for (; run > 0; run--) {
            *out++ = *old++;
        }
    }
    return (uint32_t)(out - start);
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    make_text(text, SIZE, 12);
    for (uint32_t round = 0; round < rounds; round++) {
        size_t len = compress(packed, text, SIZE);
        uint32_t whole = decompress(unpacked, packed, len), wrong = whole != SIZE;
        for (uint32_t i = 0; i < SIZE; i++) {
            wrong += text[i] != unpacked[i];
        }
        sum = mix(sum, len + wrong);
        text[round * 31 % SIZE] ^= 1;
    }
    return sum;
}
