/* SPDX-License-Identifier: Apache-2.0 */
/* Execution state of a store: value stack, interruption, waiting. One guest thread = one store. */
#ifndef WX_ENGINE_RT_THREAD_H
#define WX_ENGINE_RT_THREAD_H

#include <stdbool.h>

#include "base/annot.h"
#include "base/atomic.h"
#include "base/error.h"
#include "base/trap.h"
#include "engine/rt/gstack.h"
#include "engine/rt/outcome.h"
#include "engine/rt/stacks.h"
#include "engine/rt/waitq.h"

struct wx_store;
struct wx_instance;
struct wx_call_record; /* enter.c */

/* Bits of thread->interrupt. Set from any thread by wx_thread_interrupt(); cleared only by enter.c.
 */
#define WX_INT_CANCEL UINT64_C(1)  /* hard stop: WAX_E_CANCELLED */
#define WX_INT_TIMEOUT UINT64_C(2) /* hard stop: WAX_E_TIMEOUT */
#define WX_INT_EXIT UINT64_C(4)    /* the guest process ends: WX_EXIT with exit_code */
#define WX_INT_SIGNAL UINT64_C(8)  /* soft: ask on_signal, then go on */

typedef void (*wx_mark_fn)(void *data, const uint64_t *words, uint64_t n);

/**
 * Invariants. 1. Guest code of a store runs on one host thread at a time (wx_enter checks).
 * 2. interrupt, interrupt_exit_code, wake_seq and polling are the only fields other threads touch,
 * atomically.
 * 3. Everything that blocks on behalf of the guest does so in wx_thread_wait() and is ended by
 *    wx_thread_interrupt() or wx_thread_wake().
 */
struct wx_thread {
#define TCTX(TYPE, NAME) TYPE NAME;
#include "engine/rt/vmctx.def"
    struct wx_store *store;
    uint64_t *stack_base; /* value stack, reserved and lazily committed */
    uint64_t *stack_end;  /* what stack_limit is unless interrupted */
    uint64_t stack_bytes;
    uint32_t depth;               /* nested activations of wx_enter */
    const struct wx_func *func;   /* what the innermost activation or call below began with */
    struct wx_call_record *calls; /* innermost guest call of the runtime (WX_CALL); or NULL */
    /**
     * The bit WX_INT_SIGNAL was seen, and is taken back: fill in the guest call of the next handler
     * and return WX_CALL (asked again when it returned; `then` is not the hook's), or WX_DONE; any
     * other outcome ends the guest code, or waits first. NULL: no such thing.
     */
    enum wx_outcome (*on_signal)(struct wx_thread *t, struct wx_guest_call *ret_call);
    /** Such a handler has returned, or was left by an exception. */
    void (*after_signal)(struct wx_thread *t, const struct wx_guest_call *call);
    /**
     * Further stacks that the thread goes on with later, or copies of them: `mark` all their words,
     * which may be handles of exceptions (exn.c). NULL: there are none.
     */
    void (*other_stacks)(const struct wx_thread *t, wx_mark_fn mark, void *data);
    int32_t exit_code;           /* with WX_EXIT */
    int32_t interrupt_exit_code; /* atomic: with WX_INT_EXIT, stored before the bit */
    uint64_t fault_addr;         /* host address of the last memory fault, for messages */
    /* Owned: cause recorded by a host function with WX_TRAP; or error of the exception in flight,
     * with the trace of activations it has left. */
    wax_error *error;
    uint64_t exn[2]; /* the exception in flight (exn.h); null otherwise */
    bool exn_fresh;  /* made by this throw: no reference to it exists */
    bool
        pc_behind; /* pc is behind the instruction at hand: its host function waited, then failed */
    struct {
        struct wx_wait wait;
        struct wx_guest_call call;
    } out;
    /* Waiting (wait.c). */
    uint32_t wake_seq;            /* atomic futex word: bumped by every wake */
    uint32_t polling;             /* atomic: 1 while in ppoll; then a wake also writes event_fd */
    int32_t event_fd;             /* eventfd, made at the first WX_WAIT_FDS; -1 before */
    struct wx_waitq_node node;    /* for the wait/notify table */
    int32_t host_tid;             /* atomic: kernel tid while inside wx_enter, 0 outside */
    struct wx_gstack *gstack;     /* stack compiled code runs on now; NULL in the interpreter */
    struct wx_gstack own_gstack;  /* made at the first call that needs one, or kept by `cache` */
    struct wx_stack_cache *cache; /* where its stacks come from and go to; NULL: nowhere */
    char *signal_stack;           /* alternate stack, if a cache has one for it */
    void *owner;                  /* the guest thread of the wasi layer, or NULL */
};

wax_status wx_thread_init(struct wx_thread *t, struct wx_store *store, struct wx_stack_cache *cache,
                          uint64_t stack_bytes, wax_error **err);
void wx_thread_fini(struct wx_thread *t);

/** Set interrupt bits and wake whatever the thread blocks in. Any thread, async-signal-safe. */
void wx_thread_interrupt(struct wx_thread *t, uint64_t bits);
/**
 * Take bits back that no longer mean anything (a deadline of an earlier call, the end of a process
 * whose store lives on). Not while guest code runs in the store.
 */
void wx_thread_clear_interrupt(struct wx_thread *t, uint64_t bits);
/** Interrupt from a signal handler of the thread itself. */
void wx_thread_interrupt_self_sigsafe(struct wx_thread *t, uint64_t bits);
/** End the present wait early (its condition may have changed). Any thread, async-signal-safe. */
void wx_thread_wake(struct wx_thread *t);
/**
 * The first half of it, for a thread that waits for a key: it will not sleep any more, but one that
 * sleeps already must be woken at the word that is returned, wx_futex_wake(word, 1). The thread may
 * be gone by then.
 */
uint32_t *wx_thread_wake_later(struct wx_thread *t);
/**
 * Block as t->out.wait says. Own thread only.
 * @return true and *ret_why when the handler should be resumed; false when interrupt bits are set
 */
bool wx_thread_wait(struct wx_thread *t, enum wx_wake *ret_why);

/** The thread whose guest code this host thread runs now, NULL outside. */
extern WX_THREAD_LOCAL struct wx_thread *wx_thread_current;

/** One wx_enter under way, as signal handlers see it: of any store, innermost first. */
struct wx_activation_link {
    struct wx_thread *thread;
    const struct wx_activation_link *below;
};
extern WX_THREAD_LOCAL const struct wx_activation_link *wx_activations;

/** Record a trap and return WX_TRAP, for host functions: `return wx_trap(t, WX_TRAP_X);`. */
static inline enum wx_outcome wx_trap(struct wx_thread *t, enum wx_trap code)
{
    t->trap = (uint64_t)code;
    return WX_TRAP;
}

#endif
