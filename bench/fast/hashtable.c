/* SPDX-License-Identifier: Apache-2.0 */
/* Hash table with linear probing: inserts, look-ups with misses, removals that close gaps. */
#include "bench.h"

#define SLOTS 8192u
#define KEYS 5000u

struct slot {
    uint32_t key, value; /* key 0: empty */
};
static struct slot slots[SLOTS];

static uint32_t home(uint32_t key) { return key * 2654435761u >> 19; }

static struct slot *find(uint32_t key)
{
    uint32_t i = home(key);
    while (slots[i].key != 0 && slots[i].key != key) {
        i = (i + 1) & (SLOTS - 1);
    }
    return &slots[i];
}

static int removed(uint32_t key)
{
    struct slot *s = find(key);
    if (s->key == 0) {
        return 0;
    }
    uint32_t gap = (uint32_t)(s - slots), i = gap;
    for (;;) {
        i = (i + 1) & (SLOTS - 1);
        if (slots[i].key == 0) {
            break;
        }
        uint32_t way = (i - home(slots[i].key)) & (SLOTS - 1);
        if (way >= ((i - gap) & (SLOTS - 1))) {
            slots[gap] = slots[i];
            gap = i;
        }
    }
    slots[gap].key = 0;
    return 1;
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    uint32_t seed = 5;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t first = seed, hits = 0;
        for (uint32_t i = 0; i < KEYS; i++) {
            struct slot *s = find(next_random(&seed));
            s->key = seed;
            s->value = i ^ round;
        }
        for (uint32_t i = 0; i < 2 * KEYS; i++) {
            struct slot *s = find(next_random(&first));
            hits += s->key != 0 ? s->value : 1;
            if (i % 2 == 0) {
                hits += (uint32_t)removed(first);
            }
        }
        for (uint32_t i = 0; i < SLOTS; i++) {
            hits ^= slots[i].key;
            slots[i].key = 0;
        }
        sum = mix(sum, hits);
    }
    return sum;
}
