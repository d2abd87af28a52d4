/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation accounts over malloc: a 16-byte header keeps the size of each block. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/annot.h"
#include "base/atomic.h"
#include "base/check.h"

/* Header before each block; keeps malloc's 16-byte alignment. */
struct header {
    uint64_t size;
    uint64_t magic;
};
#define MAGIC UINT64_C(0x5741585f4d454d21)
_Static_assert(sizeof(struct header) == 16, "blocks keep 16-byte alignment");

void wx_mem_init(struct wx_mem *mem, struct wx_mem *parent, uint64_t limit)
{
    *mem = (struct wx_mem){.parent = parent, .limit = limit, .fail_at = 0};
}

/* Counters are statistics and limits only: relaxed, they order nothing else. */
static bool charge_one(struct wx_mem *mem, uint64_t size)
{
    uint64_t before = wx_add_relaxed(&mem->used, size);
    if (mem->limit != 0 && (before + size < before || before + size > mem->limit)) {
        wx_sub_relaxed(&mem->used, size);
        return false;
    }
    uint64_t peak = wx_load_relaxed(&mem->peak);
    while (before + size > peak &&
           !__atomic_compare_exchange_n(&mem->peak, &peak, before + size, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
    }
    return true;
}

bool wx_mem_charge(struct wx_mem *mem, uint64_t size)
{
    for (struct wx_mem *m = mem; m; m = m->parent) {
        if (!charge_one(m, size)) {
            for (struct wx_mem *u = mem; u != m; u = u->parent) {
                wx_sub_relaxed(&u->used, size);
            }
            return false;
        }
    }
    return true;
}

void wx_mem_uncharge(struct wx_mem *mem, uint64_t size)
{
    for (struct wx_mem *m = mem; m; m = m->parent) {
        wx_sub_relaxed(&m->used, size);
    }
}

static bool fault_now(struct wx_mem *mem)
{
    struct wx_mem *root = mem;
    while (root->parent) {
        root = root->parent;
    }
    return wx_unlikely(wx_load_relaxed(&root->fail_at) > 0) &&
           wx_sub_relaxed(&root->fail_at, 1) == 1;
}

static void count_live(struct wx_mem *mem, uint64_t delta)
{
    for (struct wx_mem *m = mem; m; m = m->parent) {
        wx_add_relaxed(&m->n_live, delta);
    }
}

static void *alloc_block(struct wx_mem *mem, size_t size, bool zero)
{
    size_t total;
    if (!wx_add_ok(size, sizeof(struct header), &total) || fault_now(mem) ||
        !wx_mem_charge(mem, size)) {
        return NULL;
    }
    struct header *h = zero ? calloc(1, total) : malloc(total);
    if (!h) {
        wx_mem_uncharge(mem, size);
        return NULL;
    }
    h->size = size;
    h->magic = MAGIC;
    count_live(mem, 1);
    return h + 1;
}

void *wx_alloc(struct wx_mem *mem, size_t size) { return alloc_block(mem, size, false); }

void *wx_zalloc(struct wx_mem *mem, size_t size) { return alloc_block(mem, size, true); }

void *wx_zalloc_array(struct wx_mem *mem, size_t n, size_t size)
{
    size_t total;
    return wx_mul_ok(n, size, &total) ? alloc_block(mem, total, true) : NULL;
}

void *wx_realloc(struct wx_mem *mem, void *p, size_t size)
{
    if (!p) {
        return wx_alloc(mem, size);
    }
    struct header *h = (struct header *)p - 1;
    wx_assert(h->magic == MAGIC);
    size_t old = h->size, total;
    if (!wx_add_ok(size, sizeof(struct header), &total) || fault_now(mem) ||
        (size > old && !wx_mem_charge(mem, size - old))) {
        return NULL;
    }
    struct header *moved = realloc(h, total);
    if (!moved) {
        if (size > old) {
            wx_mem_uncharge(mem, size - old);
        }
        return NULL;
    }
    if (size < old) {
        wx_mem_uncharge(mem, old - size);
    }
    moved->size = size;
    return moved + 1;
}

char *wx_strndup(struct wx_mem *mem, const char *s, size_t len)
{
    char *copy = len < SIZE_MAX ? wx_alloc(mem, len + 1) : NULL;
    if (copy) {
        if (len) {
            memcpy(copy, s, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

void wx_free(struct wx_mem *mem, void *p)
{
    if (p) {
        struct header *h = (struct header *)p - 1;
        wx_assert(h->magic == MAGIC);
        h->magic = 0;
        wx_mem_uncharge(mem, h->size);
        count_live(mem, UINT64_MAX);
        free(h);
    }
}

struct wx_mem *wx_mem_new(struct wx_mem *parent, uint64_t limit)
{
    struct wx_mem *mem = wx_alloc(parent, sizeof *mem);
    if (mem) {
        wx_mem_init(mem, parent, limit);
        mem->refs = 1;
    }
    return mem;
}

struct wx_mem *wx_mem_ref(struct wx_mem *mem)
{
    wx_add_relaxed(&mem->refs, 1); /* the caller holds one already */
    return mem;
}

void wx_mem_unref(struct wx_mem *mem)
{
    if (mem && wx_sub_acqrel(&mem->refs, 1) == 1) {
        wx_assert(wx_mem_used(mem) == 0);
        wx_free(mem->parent, mem);
    }
}

uint64_t wx_mem_used(const struct wx_mem *mem) { return wx_load_relaxed(&mem->used); }

uint64_t wx_mem_peak(const struct wx_mem *mem) { return wx_load_relaxed(&mem->peak); }
