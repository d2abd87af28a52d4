/* SPDX-License-Identifier: Apache-2.0 */
/* Largest singular value of an infinite matrix cut at 100, by power iteration: divisions. */
#include "bench.h"

#define SIZE 100

static double u[SIZE], v[SIZE], t[SIZE];

static double entry(int i, int k) { return 1.0 / ((i + k) * (i + k + 1) / 2 + i + 1); }

static void apply(double *to, const double *from, int transposed)
{
    for (int i = 0; i < SIZE; i++) {
        double s = 0;
        for (int k = 0; k < SIZE; k++) {
            s += (transposed ? entry(k, i) : entry(i, k)) * from[k];
        }
        to[i] = s;
    }
}

uint64_t kernel(uint32_t rounds)
{
    for (int i = 0; i < SIZE; i++) {
        u[i] = 1;
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < 3; i++) {
            apply(t, u, 0);
            apply(v, t, 1);
            apply(t, v, 0);
            apply(u, t, 1);
        }
        double uv = 0, vv = 0;
        for (int i = 0; i < SIZE; i++) {
            uv += u[i] * v[i];
            vv += v[i] * v[i];
        }
        sum = mix(sum, double_bits(__builtin_sqrt(uv / vv)));
        for (int i = 0; i < SIZE; i++) {
            u[i] = u[i] / u[0] + (double)(round % 7);
        }
    }
    return sum;
}
