/* SPDX-License-Identifier: Apache-2.0 */
/* Checks 32 KiB of UTF-8, 16 bytes at once, classes by table look-up of half bytes. */
#include "bench.h"
#include "simd.h"

#define SIZE 32768

static uint8_t text[SIZE + 64];

/* as many characters of one to four bytes as fit; the rest is spaces */
static void make_utf8(void)
{
    uint32_t seed = 14;
    size_t at = 32;
    while (at + 4 <= SIZE) {
        uint32_t r = next_random(&seed), c = r >> 11;
        switch (r & 7) {
        case 0: text[at++] = (uint8_t)(0xc2 + c % 30); break;
        case 1:
            text[at++] = (uint8_t)(0xe1 + c % 12);
            text[at++] = (uint8_t)(0x80 + c / 16 % 64);
            break;
        case 2:
            text[at++] = (uint8_t)(0xf1 + c % 3);
            text[at++] = (uint8_t)(0x80 + c / 8 % 64);
            text[at++] = (uint8_t)(0x80 + c / 512 % 64);
            break;
        default: text[at++] = (uint8_t)(32 + c % 90); continue;
        }
        text[at++] = (uint8_t)(0x80 + c / 32 % 64);
    }
    while (at < sizeof text) {
        text[at++] = ' ';
    }
}

/* How many bytes must follow the one with this upper half. */
static u8x16 followers(u8x16 v)
{
    const u8x16 table = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3};
    return look_up(table, v >> 4);
}

/* bytes above the bound, as all ones */
static u8x16 above(u8x16 v, uint8_t bound) { return (u8x16)(v > (u8x16){} + bound); }
static u8x16 equal(u8x16 v, uint8_t value) { return (u8x16)(v == (u8x16){} + value); }

/* number of blocks with an error that starts or ends in them */
static uint32_t count_bad(const uint8_t *p, size_t len)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < len; i += 16) {
        u8x16 now = LOAD(u8x16, p + i), before = LOAD(u8x16, p + i - 1);
        if (!any_high_bit(now | LOAD(u8x16, p + i - 3))) {
            continue; /* all ASCII, and nothing open from before */
        }
        u8x16 second = followers(before), third = followers(LOAD(u8x16, p + i - 2));
        u8x16 fourth = followers(LOAD(u8x16, p + i - 3));
        u8x16 expected = above(second, 0) | above(third, 1) | above(fourth, 2);
        u8x16 follows = (u8x16)((now & 0xc0) == 0x80);
        u8x16 wrong = expected ^ follows;
        wrong |= above(now, 0xf4) | (above(now, 0xbf) & ~above(now, 0xc1)); /* never used */
        wrong |= equal(before, 0xe0) & ~above(now, 0x9f);                   /* longer than needed */
        wrong |= equal(before, 0xf0) & ~above(now, 0x8f);
        wrong |= equal(before, 0xed) & above(now, 0x9f); /* surrogates */
        wrong |= equal(before, 0xf4) & above(now, 0x8f); /* above the last character */
        bad += (uint32_t)any_set(wrong);
    }
    return bad;
}

uint64_t kernel(uint32_t rounds)
{
    make_utf8();
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 4; i++) {
            sum = mix(sum, count_bad(text + 32, SIZE - 32));
            text[32 + (round * 4 + (uint32_t)i) * 997 % (SIZE - 64)] ^= 0x80;
        }
    }
    return sum;
}
