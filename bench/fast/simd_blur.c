/* SPDX-License-Identifier: Apache-2.0 */
/* Blurs a grey picture of 256 x 256 by weights 1 2 1 both ways, 8 points at once. */
#include "bench.h"
#include "simd.h"

#define SIZE 256

static uint8_t picture[SIZE][SIZE], blurred[SIZE][SIZE];

static u16x8 row_sum(const uint8_t *p)
{
    u16x8 left = __builtin_convertvector(LOAD(u8x8, p - 1), u16x8);
    u16x8 middle = __builtin_convertvector(LOAD(u8x8, p), u16x8);
    u16x8 right = __builtin_convertvector(LOAD(u8x8, p + 1), u16x8);
    return left + (middle << 1) + right;
}

static void blur(void)
{
    for (int y = 1; y < SIZE - 1; y++) {
        for (int x = 1; x < SIZE - 8; x += 8) {
            u16x8 s = row_sum(&picture[y - 1][x]) + (row_sum(&picture[y][x]) << 1) +
                      row_sum(&picture[y + 1][x]);
            STORE(&blurred[y][x], __builtin_convertvector((s + 8) >> 4, u8x8));
        }
    }
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 66;
    for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
            picture[y][x] = (uint8_t)next_random(&seed);
        }
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        blur();
        uint32_t at = round * 7919 % (SIZE * SIZE);
        sum = mix(sum, blurred[at / SIZE][at % SIZE]);
        picture[at / SIZE][at % SIZE] = (uint8_t)(sum >> 20);
    }
    return sum;
}
