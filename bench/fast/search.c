/* SPDX-License-Identifier: Apache-2.0 */
/* Finds words in 64 KiB of text: by skipping with a table, and by first byte and comparison. */
#include "bench.h"

#define SIZE 65536

static uint8_t text[SIZE];

static uint32_t count_skipping(const char *word, uint32_t len)
{
    uint8_t skip[256];
    for (int i = 0; i < 256; i++) {
        skip[i] = (uint8_t)len;
    }
    for (uint32_t i = 0; i + 1 < len; i++) {
        skip[(uint8_t)word[i]] = (uint8_t)(len - 1 - i);
    }
    uint32_t found = 0;
    for (uint32_t at = 0; at + len <= SIZE; at += skip[text[at + len - 1]]) {
        uint32_t k = len;
        while (k > 0 && text[at + k - 1] == (uint8_t)word[k - 1]) {
            k--;
        }
        found += k == 0;
    }
    return found;
}

static uint32_t count_plainly(const char *word)
{
    uint32_t found = 0;
    for (uint32_t at = 0; at + 16 <= SIZE; at++) {
        uint32_t k = 0;
        while (word[k] != 0 && text[at + k] == (uint8_t)word[k]) {
            k++;
        }
        found += word[k] == 0;
    }
    return found;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    make_text(text, SIZE, 6);
    for (uint32_t round = 0; round < rounds; round++) {
        sum = mix(sum, count_skipping("northern forest", 15) + count_skipping("berries ", 8));
        sum = mix(sum, count_plainly("winter was") + count_plainly("bird"));
        text[round * 101 % SIZE] ^= 1;
    }
    return sum;
}
