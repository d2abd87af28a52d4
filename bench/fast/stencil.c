/* SPDX-License-Identifier: Apache-2.0 */
/* Heat in a plate of 128 x 128 cells, updated in place: each cell waits for its neighbour. */
#include "bench.h"

#define SIZE 128

static double plate[SIZE][SIZE];

static void relax(void)
{
    for (int y = 1; y < SIZE - 1; y++) {
        for (int x = 1; x < SIZE - 1; x++) {
            double around = plate[y - 1][x] + plate[y + 1][x] + plate[y][x - 1] + plate[y][x + 1];
            plate[y][x] += 0.9 * (around * 0.25 - plate[y][x]);
        }
    }
}

uint64_t kernel(uint32_t rounds)
{
    for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
            plate[y][x] = (x * 7 + y * 13) % 31;
        }
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 2; i++) {
            relax();
        }
        plate[0][round % SIZE] += 1;
        sum = mix(sum, double_bits(plate[SIZE / 2][round % SIZE]));
    }
    return sum;
}
