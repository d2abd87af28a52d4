/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels for the benchmark: built for the host and for wasm32 from this one file. */
#include <stdint.h>

#ifdef __wasm__
#define KERNEL(NAME) __attribute__((export_name(#NAME))) uint32_t NAME(uint32_t n)
#else
#define KERNEL(NAME) uint32_t NAME(uint32_t n)
uint32_t fib(uint32_t n), sieve(uint32_t n), matmul(uint32_t n), crc(uint32_t n), sort(uint32_t n);
#endif

KERNEL(fib) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static uint8_t flags[1000000];
KERNEL(sieve)
{
    uint32_t count = 0;
    for (uint32_t round = 0; round < n; round++) {
        count = 0;
        for (uint32_t i = 0; i < sizeof flags; i++) {
            flags[i] = 1;
        }
        for (uint32_t i = 2; i < sizeof flags; i++) {
            if (flags[i]) {
                count++;
                for (uint32_t k = i + i; k < sizeof flags; k += i) {
                    flags[k] = 0;
                }
            }
        }
    }
    return count;
}

static double a[200][200], b[200][200], c[200][200];
KERNEL(matmul)
{
    double sum = 0;
    for (uint32_t round = 0; round < n; round++) {
        for (int i = 0; i < 200; i++) {
            for (int k = 0; k < 200; k++) {
                a[i][k] = i + k;
                b[i][k] = i - k;
            }
        }
        for (int i = 0; i < 200; i++) {
            for (int k = 0; k < 200; k++) {
                double s = 0;
                for (int j = 0; j < 200; j++) {
                    s += a[i][j] * b[j][k];
                }
                c[i][k] = s;
            }
        }
        sum += c[round % 200][7];
    }
    return (uint32_t)(int32_t)sum;
}

KERNEL(crc)
{
    uint32_t crc = ~0u;
    for (uint32_t i = 0; i < n; i++) {
        crc ^= i & 0xff;
        for (int k = 0; k < 8; k++) {
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
        }
    }
    return ~crc;
}

static uint32_t data[200000];
static void quicksort(uint32_t *p, int n)
{
    while (n > 1) {
        uint32_t pivot = p[n / 2];
        int i = 0, k = n - 1;
        while (i <= k) {
            while (p[i] < pivot) {
                i++;
            }
            while (p[k] > pivot) {
                k--;
            }
            if (i <= k) {
                uint32_t t = p[i];
                p[i++] = p[k];
                p[k--] = t;
            }
        }
        quicksort(p, k + 1);
        p += i;
        n -= i;
    }
}
KERNEL(sort)
{
    uint32_t x = 1, sum = 0;
    for (uint32_t round = 0; round < n; round++) {
        for (uint32_t i = 0; i < 200000; i++) {
            x = x * 1664525u + 1013904223u;
            data[i] = x;
        }
        quicksort(data, 200000);
        sum ^= data[1000];
    }
    return sum;
}

#ifndef __wasm__
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint32_t (*run)(uint32_t);
    } kernels[] = {
        {"fib", fib}, {"sieve", sieve}, {"matmul", matmul}, {"crc", crc}, {"sort", sort}};
    for (unsigned i = 0; argc == 3 && i < 5; i++) {
        if (strcmp(argv[1], kernels[i].name) == 0) {
            printf("%d\n", (int)kernels[i].run((uint32_t)atoi(argv[2])));
        }
    }
    return 0;
}
#endif
