/* SPDX-License-Identifier: Apache-2.0 */
/* The wait/notify table: memory.atomic.wait/notify and the WASIX futexes share it. */
#ifndef WX_ENGINE_RT_WAITQ_H
#define WX_ENGINE_RT_WAITQ_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/rt/outcome.h"

struct wx_thread;
struct wx_memory;

/* One waiting thread. Lives in the waiting thread's host frame or wait state; no allocation. */
struct wx_waitq_node {
    struct wx_waitq_node *prev, *next; /* guarded by the bucket's lock */
    struct wx_thread *thread;
    const struct wx_memory *memory;
    uint64_t addr;
    uint32_t notified; /* atomic: set by notify before the wake */
    bool queued;       /* guarded by the bucket's lock */
};

enum wx_waitq_result { WX_WAITQ_QUEUED, WX_WAITQ_NOT_EQUAL };

/**
 * Compare the 32- or 64-bit cell at `addr` (already bounds- and alignment-checked) with `expected`
 * and queue `node` for it in one step with respect to wx_waitq_notify().
 */
enum wx_waitq_result wx_waitq_enqueue(struct wx_waitq_node *node, struct wx_thread *t,
                                      const struct wx_memory *memory, uint64_t addr,
                                      uint64_t expected, bool is64);
/** Take a node off (idempotent). @return true if it had been notified */
bool wx_waitq_remove(struct wx_waitq_node *node);
/**
 * Wake up to `count` waiters of (memory, addr), oldest first. `tell` (may be NULL) hears how many
 * before the first of them can go on; it is called under a leaf lock.
 * @return how many were woken
 */
uint32_t wx_waitq_notify(const struct wx_memory *memory, uint64_t addr, uint32_t count,
                         void (*tell)(void *arg, uint32_t n), void *arg);

/** Fill t->out.wait for a node about to be queued; callers may replace resume and abandon. */
void wx_waitq_begin(struct wx_thread *t, int64_t timeout_ns, uint64_t *slots);
/**
 * memory.atomic.wait32/64 on a checked, aligned address. Writes slots[0] = 0 (woken), 1 (not equal)
 * or 2 (timed out) either at once (WX_DONE) or after WX_WAIT. timeout_ns < 0 waits for ever.
 */
enum wx_outcome wx_waitq_wait(struct wx_thread *t, const struct wx_memory *memory, uint64_t addr,
                              uint64_t expected, bool is64, int64_t timeout_ns, uint64_t *slots);

#endif
