/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of stacks. */
#include "engine/rt/stacks.h"

#include "os/signal.h"
#include "os/vm.h"

void wx_stack_cache_init(struct wx_stack_cache *cache)
{
    *cache = (struct wx_stack_cache){0};
    wx_mutex_init(&cache->lock);
}

void wx_stacks_unmap(struct wx_stacks *stacks)
{
    wx_vm_release(stacks->values, stacks->value_bytes);
    wx_vm_release(stacks->signals, WX_ALTSTACK_BYTES);
    wx_gstack_fini(&stacks->guest);
    *stacks = (struct wx_stacks){0};
}

void wx_stack_cache_fini(struct wx_stack_cache *cache)
{
    wx_mutex_lock(&cache->lock);
    while (cache->n) {
        wx_stacks_unmap(&cache->kept[--cache->n]);
    }
    wx_mutex_unlock(&cache->lock);
    wx_mutex_fini(&cache->lock);
}

static void *map(size_t bytes)
{
    void *p = wx_vm_reserve(bytes);
    if (p && wx_vm_commit(p, bytes) != 0) {
        wx_vm_release(p, bytes);
        return NULL;
    }
    return p;
}

bool wx_stack_cache_get(struct wx_stack_cache *cache, uint64_t value_bytes,
                        struct wx_stacks *ret_stacks)
{
    bool found = false;
    wx_mutex_lock(&cache->lock);
    if (cache->n && cache->kept[cache->n - 1].value_bytes == value_bytes) {
        *ret_stacks = cache->kept[--cache->n];
        found = true;
    }
    wx_mutex_unlock(&cache->lock);
    if (found) {
        return true;
    }
    struct wx_stacks made = {.value_bytes = value_bytes};
    made.values = map(value_bytes);
    made.signals = made.values ? map(WX_ALTSTACK_BYTES) : NULL;
    if (!made.signals) {
        wx_stacks_unmap(&made);
        return false;
    }
    *ret_stacks = made;
    return true;
}

void wx_stack_cache_put(struct wx_stack_cache *cache, struct wx_stacks *stacks)
{
    bool kept = false;
    wx_mutex_lock(&cache->lock);
    if (cache->n < WX_KEPT_STACKS) {
        cache->kept[cache->n++] = *stacks;
        kept = true;
    }
    wx_mutex_unlock(&cache->lock);
    if (!kept) {
        wx_stacks_unmap(stacks);
    }
}
