/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a ring of 16,384 nodes laid at random, with a little work at each: load latency. */
#include "bench.h"

#define NODES 16384

struct node {
    struct node *next;
    uint32_t weight, visits;
};
static struct node nodes[NODES];
static uint32_t order[NODES];

static void link_nodes(void)
{
    uint32_t seed = 8;
    for (uint32_t i = 0; i < NODES; i++) {
        order[i] = i;
        nodes[i].weight = next_random(&seed);
        nodes[i].visits = 0;
    }
    for (uint32_t i = NODES - 1; i > 0; i--) {
        uint32_t k = next_random(&seed) % (i + 1), t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
    for (uint32_t i = 0; i < NODES; i++) {
        nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
    }
}

uint64_t kernel(uint32_t rounds)
{
    link_nodes();
    uint64_t sum = 0;
    struct node *p = nodes;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t total = round;
        for (int i = 0; i < 2 * NODES; i++) {
            total += p->weight ^ p->visits++;
            p = p->next;
        }
        sum = mix(sum, total);
    }
    return sum;
}
