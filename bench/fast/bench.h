/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernels share: the one function each defines, pseudo-random numbers, a checksum. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

/**
 * The kernel: the same work `rounds` times, each round as dear as the next.
 * Returns a checksum that depends on all of it, equal on every machine.
 */
uint64_t kernel(uint32_t rounds);

/* next of a repeatable sequence; *state starts at anything but 0 */
static inline uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static inline uint64_t mix(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
    return sum ^ sum >> 29;
}

static inline uint64_t double_bits(double x)
{
    union {
        double f;
        uint64_t u;
    } v = {.f = x};
    return v.u;
}

/* fills `text` with words and line ends of a small vocabulary; not terminated */
static inline void make_text(uint8_t *text, size_t len, uint32_t seed)
{
    static const char vocabulary[] = "the of river and stone a bird in winter was flying over "
                                     "cold water to northern forest with red berries for them ";
    size_t starts[32], n = 0;
    for (size_t i = 0; i + 1 < sizeof vocabulary; i++) {
        if (i == 0 || vocabulary[i - 1] == ' ') {
            starts[n++] = i;
        }
    }
    size_t at = 0;
    while (at < len) {
        uint32_t r = next_random(&seed);
        const char *word = vocabulary + starts[(r & 1 ? r >> 8 & 7 : r >> 8) % n];
        while (at < len && *word != ' ') {
            text[at++] = (uint8_t)*word++;
        }
        if (at < len) {
            text[at++] = r % 11 == 0 ? '\n' : ' ';
        }
    }
}

#endif
