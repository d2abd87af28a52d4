/* SPDX-License-Identifier: Apache-2.0 */
/* Quicksort of 4,000 words, short runs by insertion: branches that cannot be foretold. */
#include "bench.h"

#define COUNT 4000

static uint32_t values[COUNT];

static void insertion_sort(uint32_t *p, int n)
{
    for (int i = 1; i < n; i++) {
        uint32_t v = p[i];
        int k = i;
        for (; k > 0 && p[k - 1] > v; k--) {
            p[k] = p[k - 1];
        }
        p[k] = v;
    }
}

static void quicksort(uint32_t *p, int n)
{
    while (n > 12) {
        uint32_t a = p[0], b = p[n / 2], c = p[n - 1];
        uint32_t pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        int low = 0, high = n - 1;
        while (low <= high) {
            while (p[low] < pivot) {
                low++;
            }
            while (p[high] > pivot) {
                high--;
            }
            if (low <= high) {
                uint32_t t = p[low];
                p[low++] = p[high];
                p[high--] = t;
            }
        }
        quicksort(p, high + 1);
        p += low;
        n -= low;
    }
    insertion_sort(p, n);
}

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 99;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            values[i] = next_random(&seed);
        }
        quicksort(values, COUNT);
        for (uint32_t i = 0; i < COUNT; i += 31) {
            sum = mix(sum, values[i]);
        }
    }
    return sum;
}
