/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the ways to set 8 queens, one call a row, with the board in memory. */
#include "bench.h"

#define SIZE 8

static uint8_t column_taken[SIZE], rising_taken[2 * SIZE], falling_taken[2 * SIZE], place[SIZE];
static uint32_t last_sum;

static uint32_t solve(uint32_t row)
{
    if (row == SIZE) {
        last_sum = last_sum * 31 + place[0] * 8 + place[SIZE - 1];
        return 1;
    }
    uint32_t found = 0;
    for (uint32_t x = 0; x < SIZE; x++) {
        uint8_t *rising = &rising_taken[row + x], *falling = &falling_taken[row + SIZE - x];
        if (column_taken[x] | *rising | *falling) {
            continue;
        }
        place[row] = (uint8_t)x;
        column_taken[x] = *rising = *falling = 1;
        found += solve(row + 1);
        column_taken[x] = *rising = *falling = 0;
    }
    return found;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        last_sum = round;
        sum = mix(sum, solve(0));
        sum = mix(sum, last_sum);
    }
    return sum;
}
