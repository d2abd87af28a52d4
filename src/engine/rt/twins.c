/* SPDX-License-Identifier: Apache-2.0 */
/* A map of addresses. They are the host's, so nobody can choose ones that collide. */
#include "engine/rt/twins.h"

#include <stdint.h>

#define FIRST_CAP 64u

/* Its entry, or the empty one where it belongs: a third is always empty. */
static struct wx_twin *find_entry(const struct wx_twins *twins, const void *from)
{
    uint64_t hash = ((uint64_t)(uintptr_t)from >> 4) * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = (size_t)(hash >> 32);; i++) {
        struct wx_twin *e = &twins->p[i & (twins->cap - 1)];
        if (!e->from || e->from == from) {
            return e;
        }
    }
}

static bool grow(struct wx_twins *twins)
{
    struct wx_twins bigger = {.mem = twins->mem, .n = twins->n};
    bigger.cap = twins->cap ? 2 * twins->cap : FIRST_CAP;
    bigger.p = wx_zalloc_array(twins->mem, bigger.cap, sizeof *bigger.p);
    if (!bigger.p) {
        return false;
    }
    for (size_t i = 0; i < twins->cap; i++) {
        if (twins->p[i].from) {
            *find_entry(&bigger, twins->p[i].from) = twins->p[i];
        }
    }
    wx_free(twins->mem, twins->p);
    *twins = bigger;
    return true;
}

bool wx_twins_add(struct wx_twins *twins, const void *from, void *to)
{
    if (twins->n >= twins->cap / 3 * 2 && !grow(twins)) {
        return false;
    }
    struct wx_twin *e = find_entry(twins, from);
    if (!e->from) {
        *e = (struct wx_twin){from, to};
        twins->n++;
    }
    return true;
}

void *wx_twins_find(const struct wx_twins *twins, const void *from)
{
    return twins && twins->cap ? find_entry(twins, from)->to : NULL;
}

void wx_twins_fini(struct wx_twins *twins)
{
    wx_free(twins->mem, twins->p);
    *twins = (struct wx_twins){.mem = twins->mem};
}
