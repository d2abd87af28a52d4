/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of threads that ended, kept for those that begin. */
#ifndef WX_ENGINE_RT_STACKS_H
#define WX_ENGINE_RT_STACKS_H

#include "engine/rt/gstack.h"
#include "os/lock.h"

/** What a thread has of stacks. */
struct wx_stacks {
    uint64_t *values;
    uint64_t value_bytes;
    struct wx_gstack guest; /* empty: none was made */
    char *signals;          /* alternate stack of the host thread, WX_ALTSTACK_BYTES */
};

/**
 * Mapping, touching and unmapping them costs more than the rest of a short thread. Thread-safe; at
 * most WX_KEPT_STACKS are kept, with what was touched of them.
 */
#define WX_KEPT_STACKS 8u
struct wx_stack_cache {
    struct wx_mutex lock; /* leaf */
    struct wx_stacks kept[WX_KEPT_STACKS] WAX_GUARDED_BY(&lock);
    uint32_t n WAX_GUARDED_BY(&lock);
};

void wx_stacks_unmap(struct wx_stacks *stacks);
void wx_stack_cache_init(struct wx_stack_cache *cache);
void wx_stack_cache_fini(struct wx_stack_cache *cache);
/** Kept ones with this much for values, else new ones. @return false: out of memory */
bool wx_stack_cache_get(struct wx_stack_cache *cache, uint64_t value_bytes,
                        struct wx_stacks *ret_stacks);
/** Kept, or unmapped. */
void wx_stack_cache_put(struct wx_stack_cache *cache, struct wx_stacks *stacks);

#endif
