/* SPDX-License-Identifier: Apache-2.0 */
/* What a host function or a run of guest code can come to (ruling R1). */
#ifndef WX_ENGINE_RT_OUTCOME_H
#define WX_ENGINE_RT_OUTCOME_H

#include <poll.h>
#include <stdint.h>

struct wx_thread;
struct wx_func;
struct wx_memory;

/**
 * Host functions never block and never call guest code themselves: they return one of these with
 * the details in struct wx_outcome_data of the thread, and only engine/rt/enter.c acts on it.
 */
enum wx_outcome {
    WX_DONE = 0,  /* results are in the slots */
    WX_WAIT,      /* data.wait: block until ready, deadline or interrupt, then call resume */
    WX_CALL,      /* data.call: run a guest function, then continue with `then` */
    WX_TRAP,      /* thread->trap says which; data.error may hold the cause */
    WX_EXIT,      /* data.exit_code: leave all guest frames of this thread */
    WX_INTERRUPT, /* a poll saw thread->interrupt (tiers only); what can be resumed there */
    WX_THROW,     /* a wasm exception: wx_throw() recorded it in the thread */
    WX_LEFT,      /* data.wait.resume: call it when nothing of the guest is on a host stack, to copy
                     or exchange its stacks (copy.h); then go on with what is there now */
};

/**
 * Why a wait ended.
 *
 * SIGNAL: the guest has a signal to handle. The call is over (EINTR, or what it has done so far),
 * or returns WX_WAIT when it must not end: its resume is called once more, with AGAIN, after the
 * handlers. They may wait themselves, so such a wait gives up its place in a queue meanwhile.
 */
enum wx_wake { WX_WAKE_READY, WX_WAKE_TIMEOUT, WX_WAKE_SIGNAL, WX_WAKE_AGAIN };

/**
 * A host function. `slots` holds the parameters, one value per 64-bit slot (v128: two), upper bits
 * of 32-bit values undefined; results are written to the same array from slot 0 (i32
 * zero-extended). At least max(params, results) slots are there. Must not block, must not enter
 * guest code.
 */
typedef enum wx_outcome (*wx_host_fn)(struct wx_thread *t, void *data, uint64_t *slots);

/** Continues a waiting host function; same contract as wx_host_fn, slots in t->out.wait.slots. */
typedef enum wx_outcome (*wx_resume_fn)(struct wx_thread *t, enum wx_wake why);

enum wx_wait_kind {
    WX_WAIT_TIME, /* only deadline and interrupts */
    WX_WAIT_FDS,  /* ppoll over fds */
    WX_WAIT_KEY   /* queued on the wait/notify table by wx_waitq_enqueue() */
};

struct wx_wait {
    enum wx_wait_kind kind;
    uint64_t deadline_ns; /* monotonic, absolute; UINT64_MAX = none */
    /* WX_WAIT_FDS: owned by the handler, room for n_fds + 1; revents filled before resume. */
    struct pollfd *fds;
    uint32_t n_fds;
    /* WX_WAIT_TIME: thread->wake_seq as read before the handler looked at its condition; any wake
     * since then ends the wait with WX_WAKE_READY and the handler looks again. */
    uint32_t seq;
    wx_resume_fn resume;
    /* Called instead of resume when the wait is abandoned (hard stop); frees state; may be NULL. */
    void (*abandon)(struct wx_thread *t);
    /* For the handler's use. */
    void *data;
    uint64_t *slots;
    uint64_t state[8];
};

struct wx_guest_call {
    struct wx_func *func;
    uint64_t args[4]; /* parameters, if they fit; in `then` the first results */
    /* Or, for any number: writes all parameters to their slots. May be NULL. */
    void (*fill)(struct wx_thread *t, const struct wx_guest_call *call, uint64_t *slots);
    /* In `then`: where all results are, until the next guest call of this thread begins. */
    const uint64_t *results;
    /* Called after a normal return, in t->out.call. */
    enum wx_outcome (*then)(struct wx_thread *t);
    /* Called instead when it ends by an exception, which goes on afterwards; may be NULL. */
    void (*thrown)(struct wx_thread *t, const struct wx_guest_call *call);
    void *data;
    uint64_t *slots;
    uint64_t state[4];
};

#endif
