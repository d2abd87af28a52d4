/* SPDX-License-Identifier: Apache-2.0 */
/* AES-128 of 4 KiB in counter mode, byte by byte with a computed S-box. */
#include "bench.h"

#define SIZE 4096

static uint8_t box[256], round_keys[11][16], data[SIZE];

static uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b); }

static void make_box(void)
{
    uint8_t power = 1, inverse = 1; /* power times 3, inverse divided by 3: always inverse pairs */
    do {
        power ^= twice(power);
        inverse ^= (uint8_t)(inverse << 1);
        inverse ^= (uint8_t)(inverse << 2);
        inverse ^= (uint8_t)(inverse << 4);
        inverse ^= (inverse >> 7) * 0x09;
        uint32_t wide = inverse * 0x101u;
        box[power] = (uint8_t)(inverse ^ wide >> 4 ^ wide >> 5 ^ wide >> 6 ^ wide >> 7 ^ 0x63);
    } while (power != 1);
    box[0] = 0x63;
}

static void expand_key(const uint8_t *key)
{
    uint8_t *k = round_keys[0], constant = 1;
    for (int i = 0; i < 16; i++) {
        k[i] = key[i];
    }
    for (int i = 16; i < 176; i += 4) {
        uint8_t t[4] = {k[i - 4], k[i - 3], k[i - 2], k[i - 1]};
        if (i % 16 == 0) {
            uint8_t first = t[0];
            t[0] = box[t[1]] ^ constant;
            t[1] = box[t[2]];
            t[2] = box[t[3]];
            t[3] = box[first];
            constant = twice(constant);
        }
        for (int n = 0; n < 4; n++) {
            k[i + n] = k[i + n - 16] ^ t[n];
        }
    }
}

static void encrypt(uint8_t *s)
{
    uint8_t t[16];
    for (int i = 0; i < 16; i++) {
        s[i] ^= round_keys[0][i];
    }
    for (int round = 1; round <= 10; round++) {
        for (int i = 0; i < 16; i++) {
            t[i] = box[s[(i + i % 4 * 4) & 15]];
        }
        for (int c = 0; c < 16; c += 4) {
            uint8_t all = t[c] ^ t[c + 1] ^ t[c + 2] ^ t[c + 3];
            for (int i = 0; i < 4; i++) {
                uint8_t mixed = all ^ twice(t[c + i] ^ t[c + (i + 1) % 4]);
                s[c + i] =
                    (uint8_t)(t[c + i] ^ (round < 10 ? mixed : 0) ^ round_keys[round][c + i]);
            }
        }
    }
}

uint64_t kernel(uint32_t rounds)
{
    static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    make_box();
    expand_key(key);
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t at = 0; at < SIZE; at += 16) {
            uint8_t block[16] = {(uint8_t)at, (uint8_t)(at >> 8), (uint8_t)round, 1};
            encrypt(block);
            for (int i = 0; i < 16; i++) {
                data[at + (uint32_t)i] ^= block[i];
            }
        }
        sum = mix(sum, data[round % SIZE] + 256u * data[SIZE - 1]);
    }
    return sum;
}
