/* SPDX-License-Identifier: Apache-2.0 */
/* Product of two 64 x 64 matrices of doubles, rows by columns. */
#include "bench.h"

#define SIZE 64

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static void multiply(void)
{
    for (int i = 0; i < SIZE; i++) {
        for (int k = 0; k < SIZE; k++) {
            double s = 0;
            for (int j = 0; j < SIZE; j++) {
                s += a[i][j] * b[j][k];
            }
            c[i][k] = s;
        }
    }
}

uint64_t kernel(uint32_t rounds)
{
    for (int i = 0; i < SIZE; i++) {
        for (int k = 0; k < SIZE; k++) {
            a[i][k] = i * 0.25 - k;
            b[i][k] = k * 0.5 + i;
        }
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        multiply();
        a[round % SIZE][7] += 1;
        sum = mix(sum, double_bits(c[round % SIZE][11]));
    }
    return sum;
}
