/* SPDX-License-Identifier: Apache-2.0 */
/* Which locals of a body are used most. */
#include "wasm/census.h"

#include <string.h>

#define MIN_USES 8u

bool wx_census_begin(struct wx_census *c, struct wx_mem *mem, size_t n_locals)
{
    c->uses.n = 0;
    c->clobbers = 0;
    c->depth = 0;
    wx_census_weigh(c);
    if (!wx_vec_reserve(mem, &c->uses, n_locals)) {
        return false;
    }
    if (n_locals) {
        memset(c->uses.p, 0, n_locals * sizeof *c->uses.p);
    }
    c->uses.n = n_locals;
    return true;
}

void wx_census_fini(struct wx_census *c, struct wx_mem *mem) { wx_vec_fini(mem, &c->uses); }

bool wx_census_clobbers(enum wx_lower class)
{
    return class == WX_LOWER_CALL || class == WX_LOWER_EXN || class == WX_LOWER_TABLE ||
           class == WX_LOWER_BULK || class == WX_LOWER_ATOMIC_LOAD ||
           class == WX_LOWER_ATOMIC_STORE || class == WX_LOWER_ATOMIC_RMW ||
           class == WX_LOWER_ATOMIC_CMPXCHG || class == WX_LOWER_ATOMIC_WAIT;
}

/* Some locals, the most used one first. */
struct best {
    uint32_t n, idx[WX_MAX_HOT_LOCALS];
};

static void offer(struct best *b, const struct wx_census *c, uint32_t idx)
{
    uint32_t i = b->n;
    if (i < WX_MAX_HOT_LOCALS) {
        b->n++;
    } else if (c->uses.p[b->idx[--i]] >= c->uses.p[idx]) {
        return;
    }
    for (; i > 0 && c->uses.p[b->idx[i - 1]] < c->uses.p[idx]; i--) {
        b->idx[i] = b->idx[i - 1];
    }
    b->idx[i] = idx;
}

/* Does the value fit into one register of its file? */
static bool fits(wx_valtype t) { return wx_type_in_vector_file(t) || wx_type_slots(t) == 1; }

bool wx_census_choose(const struct wx_census *c, const wx_valtype *locals, struct wx_arena *arena,
                      struct wx_func_def *def)
{
    struct best best[2] = {{0}};
    for (uint32_t i = 0; i < c->uses.n; i++) {
        if (c->uses.p[i] > MIN_USES && c->uses.p[i] > 2 * c->clobbers && fits(locals[i])) {
            offer(&best[wx_type_in_vector_file(locals[i])], c, i);
        }
    }
    for (int file = 0; file < 2; file++) {
        uint32_t n = best[file].n;
        if (n == 0) {
            continue;
        }
        uint32_t *copy = wx_arena_array(arena, n, sizeof *copy);
        if (!copy) {
            return false;
        }
        memcpy(copy, best[file].idx, n * sizeof *copy);
        def->hot[file] = copy;
        def->n_hot[file] = (uint8_t)n;
    }
    return true;
}
