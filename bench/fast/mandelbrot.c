/* SPDX-License-Identifier: Apache-2.0 */
/* Escape times of 48 x 32 points of the Mandelbrot set: a tight loop of doubles in registers. */
#include "bench.h"

static uint32_t escape_time(double cr, double ci)
{
    double r = 0, i = 0;
    for (uint32_t n = 0; n < 200; n++) {
        double rr = r * r, ii = i * i;
        if (rr + ii > 4) {
            return n;
        }
        i = 2 * r * i + ci;
        r = rr - ii + cr;
    }
    return 200;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        double shift = (double)(round % 16) / 1024;
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 48; x++) {
                sum = mix(sum, escape_time(x / 16.0 - 2.2 + shift, y / 16.0 - 1.0));
            }
        }
    }
    return sum;
}
