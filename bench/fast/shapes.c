/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with tables of operations: a list of four kinds, in random order, asked and changed. */
#include "bench.h"

#define COUNT 2000

struct shape;
struct operations {
    double (*area)(const struct shape *s);
    double (*edge)(const struct shape *s);
    void (*grow)(struct shape *s, double by);
};
struct shape {
    const struct operations *ops;
    double a, b;
};
static struct shape shapes[COUNT];

static double square_area(const struct shape *s) { return s->a * s->a; }
static double square_edge(const struct shape *s) { return 4 * s->a; }
static void square_grow(struct shape *s, double by) { s->a += by; }

static double box_area(const struct shape *s) { return s->a * s->b; }
static double box_edge(const struct shape *s) { return 2 * (s->a + s->b); }
static void box_grow(struct shape *s, double by)
{
    s->a += by;
    s->b -= by / 2;
}

static double circle_area(const struct shape *s) { return 3.14159 * s->a * s->a; }
static double circle_edge(const struct shape *s) { return 2 * 3.14159 * s->a; }
static void circle_grow(struct shape *s, double by) { s->a += by / 4; }

static double wedge_area(const struct shape *s) { return s->a * s->b / 2; }
static double wedge_edge(const struct shape *s)
{
    return s->a + s->b + __builtin_sqrt(s->a * s->a + s->b * s->b);
}
static void wedge_grow(struct shape *s, double by) { s->b += by; }

static const struct operations kinds[4] = {{square_area, square_edge, square_grow},
                                           {box_area, box_edge, box_grow},
                                           {circle_area, circle_edge, circle_grow},
                                           {wedge_area, wedge_edge, wedge_grow}};

uint64_t kernel(uint32_t rounds)
{
    uint32_t seed = 77;
    for (int i = 0; i < COUNT; i++) {
        shapes[i].ops = &kinds[next_random(&seed) >> 9 & 3];
        shapes[i].a = 1 + next_random(&seed) % 50;
        shapes[i].b = 200 + next_random(&seed) % 50;
    }
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        double total = 0;
        for (int i = 0; i < COUNT; i++) {
            struct shape *s = &shapes[i];
            total += s->ops->area(s) - s->ops->edge(s);
            s->ops->grow(s, round % 4 < 2 ? 0.25 : -0.25);
        }
        sum = mix(sum, double_bits(total));
    }
    return sum;
}
