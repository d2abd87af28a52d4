/* SPDX-License-Identifier: Apache-2.0 */
/* The wait/notify table: hashed buckets of waiting threads. */
/*
 * Comparing the cell and queueing happen under the bucket's lock, notifying too, so that a notify
 * that comes after the waker's store can not miss a waiter that saw the old value (threads
 * proposal, "wait" and "notify"). A notifier sets the node and its thread's word while holding the
 * lock; a waiter takes the lock once more (wx_waitq_remove) before its node or thread may go away.
 * The threads are woken behind the lock, or each would run into it at once. By then they may be
 * gone: a word is only an address to the kernel, and whoever sleeps there now looks again.
 *
 * Buckets are shared by all memories of the process; the key is (memory, address).
 */
#include "engine/rt/waitq.h"

#include "base/bits.h"
#include "engine/rt/engine.h"
#include "os/clock.h"
#include "os/futex.h"

#define N_BUCKETS 256u

struct bucket {
    pthread_mutex_t lock; /* leaf */
    struct wx_waitq_node *head, *tail;
};

static struct bucket buckets[N_BUCKETS] = {
    [0 ... N_BUCKETS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER},
};

static struct bucket *bucket_of(const struct wx_memory *memory, uint64_t addr)
{
    uint64_t h = ((uint64_t)(uintptr_t)memory >> 6) * UINT64_C(0x9e3779b97f4a7c15) ^
                 (addr >> 2) * UINT64_C(0xd1b54a32d192ed03);
    return &buckets[(h >> 40) % N_BUCKETS];
}

static void lock_bucket(struct bucket *b) { (void)pthread_mutex_lock(&b->lock); } /* never fails */
static void unlock_bucket(struct bucket *b) { (void)pthread_mutex_unlock(&b->lock); }

/* R16: the cell belongs to the guest, its races are not ours to report. */
__attribute__((no_sanitize("thread"))) static uint64_t load_cell(const struct wx_memory *m,
                                                                 uint64_t addr, bool is64)
{
    const void *p = m->base + addr;
    return is64 ? wx_load_seq((const uint64_t *)p) : wx_load_seq((const uint32_t *)p);
}

static void unlink_node(struct bucket *b, struct wx_waitq_node *node)
{
    *(node->prev ? &node->prev->next : &b->head) = node->next;
    *(node->next ? &node->next->prev : &b->tail) = node->prev;
    node->queued = false;
}

enum wx_waitq_result wx_waitq_enqueue(struct wx_waitq_node *node, struct wx_thread *t,
                                      const struct wx_memory *memory, uint64_t addr,
                                      uint64_t expected, bool is64)
{
    struct bucket *b = bucket_of(memory, addr);
    lock_bucket(b);
    if (load_cell(memory, addr, is64) != (is64 ? expected : (uint32_t)expected)) {
        unlock_bucket(b);
        return WX_WAITQ_NOT_EQUAL;
    }
    *node = (struct wx_waitq_node){
        .thread = t, .memory = memory, .addr = addr, .queued = true, .prev = b->tail};
    *(b->tail ? &b->tail->next : &b->head) = node;
    b->tail = node;
    unlock_bucket(b);
    return WX_WAITQ_QUEUED;
}

bool wx_waitq_remove(struct wx_waitq_node *node)
{
    struct bucket *b = bucket_of(node->memory, node->addr);
    lock_bucket(b);
    if (node->queued) {
        unlink_node(b, node);
    }
    bool notified = wx_load_relaxed(&node->notified) != 0; /* ordered by the lock */
    unlock_bucket(b);
    return notified;
}

#define MAX_LATER 32u /* threads woken behind the lock; more are woken under it */

static uint32_t count_waiters(const struct bucket *b, const struct wx_memory *memory, uint64_t addr,
                              uint32_t max)
{
    uint32_t n = 0;
    for (const struct wx_waitq_node *node = b->head; node && n < max; node = node->next) {
        n += node->memory == memory && node->addr == addr;
    }
    return n;
}

uint32_t wx_waitq_notify(const struct wx_memory *memory, uint64_t addr, uint32_t count,
                         void (*tell)(void *arg, uint32_t n), void *arg)
{
    struct bucket *b = bucket_of(memory, addr);
    uint32_t *words[MAX_LATER];
    uint32_t n = 0;
    lock_bucket(b);
    if (tell) {
        tell(arg, count_waiters(b, memory, addr, count));
    }
    for (struct wx_waitq_node *node = b->head; node && n < count;) {
        struct wx_waitq_node *next = node->next;
        if (node->memory == memory && node->addr == addr) {
            unlink_node(b, node);
            wx_store_release(&node->notified, 1); /* pairs with wait_word */
            uint32_t *word = wx_thread_wake_later(node->thread);
            if (n < MAX_LATER) {
                words[n] = word;
            } else {
                wx_futex_wake(word, 1);
            }
            n++;
        }
        node = next;
    }
    unlock_bucket(b);
    for (uint32_t i = 0; i < n && i < MAX_LATER; i++) {
        wx_futex_wake(words[i], 1);
    }
    return n;
}

/* Back in the queue. A value that changed meanwhile would have come with a notify. */
static enum wx_outcome wait_again(struct wx_thread *t)
{
    struct wx_wait *w = &t->out.wait;
    const struct wx_memory *memory = w->data;
    if (wx_waitq_enqueue(&t->node, t, memory, w->state[0], w->state[1], w->state[2] != 0) ==
        WX_WAITQ_NOT_EQUAL) {
        w->slots[0] = 0;
        return WX_DONE;
    }
    return WX_WAIT;
}

static enum wx_outcome resume_wait(struct wx_thread *t, enum wx_wake why)
{
    if (why == WX_WAKE_AGAIN) {
        return wait_again(t);
    }
    bool notified = wx_waitq_remove(&t->node);
    if (why == WX_WAKE_SIGNAL && !notified) {
        return WX_WAIT; /* the instruction knows no EINTR */
    }
    t->out.wait.slots[0] = notified || why == WX_WAKE_READY ? 0 : 2;
    return WX_DONE;
}

static void abandon_wait(struct wx_thread *t) { (void)wx_waitq_remove(&t->node); }

void wx_waitq_begin(struct wx_thread *t, int64_t timeout_ns, uint64_t *slots)
{
    t->out.wait = (struct wx_wait){
        .kind = WX_WAIT_KEY,
        .deadline_ns = timeout_ns < 0 ? UINT64_MAX : wx_clock_after((uint64_t)timeout_ns),
        .resume = resume_wait,
        .abandon = abandon_wait,
        .slots = slots,
    };
}

enum wx_outcome wx_waitq_wait(struct wx_thread *t, const struct wx_memory *memory, uint64_t addr,
                              uint64_t expected, bool is64, int64_t timeout_ns, uint64_t *slots)
{
    wx_waitq_begin(t, timeout_ns, slots);
    t->out.wait.data = (void *)(uintptr_t)memory;
    t->out.wait.state[0] = addr;
    t->out.wait.state[1] = expected;
    t->out.wait.state[2] = is64;
    if (wx_waitq_enqueue(&t->node, t, memory, addr, expected, is64) == WX_WAITQ_NOT_EQUAL) {
        slots[0] = 1;
        return WX_DONE;
    }
    return WX_WAIT;
}
