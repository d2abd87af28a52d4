/* SPDX-License-Identifier: Apache-2.0 */
/* Prices of 500 options by the formula of Black and Scholes: exponentials, logarithms, selects.
 */
#include "bench.h"

#define COUNT 500

static struct {
    double spot, strike, rate, volatility, years;
} options[COUNT];

static double power_of_two(int n)
{
    union {
        uint64_t u;
        double f;
    } v = {.u = (uint64_t)(1023 + n) << 52};
    return v.f;
}

static double exponential(double x)
{
    int n = (int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
    double r = x - n * 0.6931471805599453, term = 1, s = 1;
    for (int i = 1; i < 12; i++) {
        term *= r / i;
        s += term;
    }
    return s * power_of_two(n);
}

static double logarithm(double x)
{
    uint64_t bits = double_bits(x);
    int n = (int)(bits >> 52) - 1023;
    double m = x * power_of_two(-n);
    if (m > 1.4142135623730951) {
        m /= 2;
        n++;
    }
    double q = (m - 1) / (m + 1), square = q * q, power = q, s = 0;
    for (int i = 1; i < 16; i += 2) {
        s += power / i;
        power *= square;
    }
    return 2 * s + n * 0.6931471805599453;
}

/* share of the normal distribution below x, by the trapezoid rule */
static double normal(double x)
{
    double end = x < 0 ? -x : x, width = end / 8, s = 0;
    for (int i = 0; i <= 8; i++) {
        double at = i * width;
        s += exponential(-at * at / 2) * (i == 0 || i == 8 ? 0.5 : 1.0);
    }
    s *= width * 0.3989422804014327;
    return x < 0 ? 0.5 - s : 0.5 + s;
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 31;
    for (int i = 0; i < COUNT; i++) {
        options[i].spot = 50 + next_random(&seed) % 100;
        options[i].strike = 50 + next_random(&seed) % 100;
        options[i].rate = 0.01 + next_random(&seed) % 100 / 2000.0;
        options[i].volatility = 0.1 + next_random(&seed) % 100 / 250.0;
        options[i].years = 0.25 + next_random(&seed) % 100 / 50.0;
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        double total = 0;
        for (int i = 0; i < COUNT; i++) {
            double years = options[i].years, spread = options[i].volatility * __builtin_sqrt(years);
            double drift = options[i].rate + options[i].volatility * options[i].volatility / 2;
            double d1 = (logarithm(options[i].spot / options[i].strike) + drift * years) / spread;
            double discounted = options[i].strike * exponential(-options[i].rate * years);
            total += options[i].spot * normal(d1) - discounted * normal(d1 - spread);
            options[i].spot += round & 1 ? -0.5 : 0.5;
        }
        sum = mix(sum, double_bits(total));
    }
    return sum;
}
