/* SPDX-License-Identifier: Apache-2.0 */
/* The one way into guest code, and the one place that acts on outcomes (ruling R1). */
/*
 * wx_enter claims the store for this host thread, lays the arguments on the value stack, and lets
 * the tier run until it comes back with an outcome:
 *
 *   DONE       the function returned; results lie where the arguments were
 *   WAIT       block here, then let the host function that asked go on
 *   CALL       run a guest function above the present frame, then go on
 *   LEFT       nothing of the guest is on a host stack: copy or exchange its stacks, then go on
 *   THROW      go on at a landing pad, or leave this activation if nobody catches it (throw.c)
 *   TRAP, EXIT leave all frames of this activation
 *   INTERRUPT  another thread wants something: stop hard, end the process
 *
 * An embedder's function may call wx_enter again; each such activation saves and restores the state
 * compiled code keeps in the thread. The depth is bounded so that host stacks can not overflow.
 */
#include <stdio.h>
#include <string.h>

#include "engine/rt/copy.h"
#include "engine/rt/engine.h"
#include "os/clock.h"
#include "os/signal.h"
#include "os/thread.h"

#define MAX_DEPTH 200u      /* nested activations */
#define MAX_TRACE_FRAMES 64 /* innermost frames named in an error */

/* What wx_enter keeps of what ran before it. */
struct activation {
    struct wx_spot place;
    struct wx_thread *current;
    const struct wx_func *func;
    struct wx_call_record *calls;
    uint32_t depth;
    struct wx_activation_link link;
};

#define RECORD_SLOTS WX_CALL_RECORD_SLOTS

static uint64_t hard_interrupt(const struct wx_thread *t)
{
    return wx_load_seq(&t->interrupt) & ~WX_INT_SIGNAL;
}

static enum wx_outcome start(struct wx_thread *t, const struct wx_func *func, uint64_t *base)
{
    t->pc_behind = false;
    if (func->kind == WX_FUNC_HOST) {
        uint32_t n = func->sig->n_param_slots > func->sig->n_result_slots
                         ? func->sig->n_param_slots
                         : func->sig->n_result_slots;
        t->top = base + n;
        t->inst = NULL;
        return func->host(t, func->data, base);
    }
    return func->code->module->tier->call(t, (struct wx_func *)(uintptr_t)func, base);
}

/* -------- signals of the guest -------- */

static enum wx_outcome handled(struct wx_thread *t);

/* The next handler to run, if any: WX_CALL; WX_DONE when the guest goes on where it is. */
static enum wx_outcome next_signal(struct wx_thread *t)
{
    wx_thread_clear_interrupt(t, WX_INT_SIGNAL);
    enum wx_outcome out = t->on_signal ? t->on_signal(t, &t->out.call) : WX_DONE;
    t->out.call.then = handled;
    return out;
}

static enum wx_outcome handled(struct wx_thread *t) { return next_signal(t); }

/*
 * Guest code stopped at a poll or at the entry of a function, or a host function is done and has
 * seen the interrupt. What is in use lies below `top`.
 */
static enum wx_outcome stopped(struct wx_thread *t)
{
    if (hard_interrupt(t)) {
        return WX_INTERRUPT;
    }
    if (!t->inst) {
        return next_signal(t); /* a host function called directly, and `top` is right */
    }
    const struct wx_tier_ops *tier = t->inst->module->tier;
    if (tier->settle) {
        tier->settle(t);
    }
    struct wx_walk w = wx_walk_start(t);
    if (!tier->walk(t, &w)) {
        return WX_INTERRUPT;
    }
    t->top = w.fp + w.code->frame_slots;
    return next_signal(t);
}

/* -------- going on -------- */

/* A host function is done: back into the guest, or out if it was called directly. */
static enum wx_outcome go_on(struct wx_thread *t)
{
    t->pc_behind = false;
    return t->func->kind == WX_FUNC_HOST ? WX_DONE : t->func->code->module->tier->resume(t);
}

/* What a host function came to after it had left the guest once: pc is behind its call. */
static enum wx_outcome came_back(struct wx_thread *t, enum wx_outcome out)
{
    if (out == WX_DONE && (wx_load_seq(&t->interrupt) & WX_INT_SIGNAL)) {
        out = next_signal(t);
    }
    if (out == WX_DONE) {
        return go_on(t);
    }
    t->pc_behind = true;
    return out;
}

static enum wx_outcome give_up(struct wx_thread *t, enum wx_outcome out)
{
    if (t->out.wait.abandon) {
        t->out.wait.abandon(t);
    }
    return out;
}

/* Before a handler runs the wait ends, or says that it goes on afterwards (*ret_waits). */
static enum wx_outcome before_handler(struct wx_thread *t, bool *ret_waits)
{
    const struct wx_guest_call call = t->out.call;
    enum wx_outcome out = t->out.wait.resume(t, WX_WAKE_SIGNAL);
    *ret_waits = out == WX_WAIT;
    if (out != WX_WAIT && out != WX_DONE && out != WX_INTERRUPT) { /* that is asked again */
        return came_back(t, out);
    }
    t->pc_behind = true;
    t->out.call = call;
    return WX_CALL;
}

/* A wait with a signal to see to. One without a handler changes nothing for whoever waits. */
static enum wx_outcome signalled(struct wx_thread *t, bool *ret_waits)
{
    if (hard_interrupt(t)) {
        return give_up(t, WX_INTERRUPT);
    }
    enum wx_outcome out = next_signal(t);
    if (out == WX_DONE) {
        return WX_WAIT;
    }
    return out == WX_CALL ? before_handler(t, ret_waits) : give_up(t, out);
}

static enum wx_outcome do_wait(struct wx_thread *t, bool *ret_waits)
{
    enum wx_wake why = WX_WAKE_READY;
    return wx_thread_wait(t, &why) ? came_back(t, t->out.wait.resume(t, why))
                                   : signalled(t, ret_waits);
}

static void go_back(struct wx_thread *t, const struct wx_spot *p)
{
    t->pc = p->pc;
    t->fp = p->fp;
    t->inst = p->inst;
    t->top = p->top;
    t->host_sp = p->host_sp;
    t->guest_sp = p->guest_sp;
    t->pc_behind = false; /* a host function runs; who called it knows */
}

/* -------- guest calls of the runtime -------- */

/* Room for parameters and results, and for all of args[]. */
static uint64_t call_slots(const struct wx_sig *sig)
{
    return 4 + (uint64_t)sig->n_param_slots + sig->n_result_slots;
}

/* Begin what t->out.call says. */
static enum wx_outcome do_call(struct wx_thread *t, bool waits)
{
    const struct wx_guest_call *call = &t->out.call;
    if (t->top > t->stack_end ||
        (uint64_t)(t->stack_end - t->top) < RECORD_SLOTS + call_slots(call->func->sig)) {
        return wx_trap(t, WX_TRAP_STACK_OVERFLOW);
    }
    struct wx_call_record *r = (struct wx_call_record *)(void *)t->top;
    *r = (struct wx_call_record){.below = t->calls,
                                 .place = wx_spot_of(t),
                                 .func = t->func,
                                 .waits = waits,
                                 .wait = t->out.wait,
                                 .call = *call};
    t->calls = r;
    t->func = r->call.func;
    uint64_t *base = t->top + RECORD_SLOTS;
    if (r->call.fill) {
        r->call.fill(t, &r->call, base);
    } else {
        wx_assert(t->func->sig->n_param_slots <= 4);
        memcpy(base, r->call.args, sizeof r->call.args);
    }
    return start(t, t->func, base);
}

/* The innermost guest call of the runtime has come to `out`. *ret_waits: as before_handler(). */
static enum wx_outcome end_call(struct wx_thread *t, enum wx_outcome out, bool *ret_waits)
{
    const struct wx_call_record r = *t->calls;
    if (r.call.then == handled) {
        t->after_signal(t, &r.call);
    }
    const uint64_t *results = (const uint64_t *)(const void *)t->calls + RECORD_SLOTS;
    if (out == WX_THROW) {
        wx_throw_keep_trace(t);
    }
    t->calls = r.below;
    t->func = r.func;
    go_back(t, &r.place);
    if (out == WX_THROW) { /* thrown on where this call was asked for */
        if (r.waits && r.wait.abandon) {
            t->out.wait = r.wait;
            r.wait.abandon(t);
        }
        if (r.call.thrown) {
            r.call.thrown(t, &r.call);
        }
        return came_back(t, WX_THROW);
    }
    t->out.call = r.call;
    t->out.call.results = results;
    memcpy(t->out.call.args, results, sizeof t->out.call.args);
    out = r.call.then(t);
    if (r.waits) {
        t->out.wait = r.wait;
        if (out == WX_DONE) {
            return came_back(t, r.wait.resume(t, WX_WAKE_AGAIN));
        }
        if (out == WX_CALL) { /* another handler */
            return before_handler(t, ret_waits);
        }
        (void)give_up(t, out);
    }
    return came_back(t, out);
}

void wx_thread_leave_calls(struct wx_thread *t, const struct wx_call_record *until)
{
    while (t->calls && t->calls > until) { /* each lies above the one below */
        const struct wx_call_record r = *t->calls;
        if (r.call.then == handled) {
            t->after_signal(t, &r.call);
        }
        if (r.waits && r.wait.abandon) {
            t->out.wait = r.wait;
            r.wait.abandon(t);
        }
        if (r.call.thrown) {
            r.call.thrown(t, &r.call);
        }
        t->calls = r.below;
    }
}

/* `base`: the guest call of the runtime that the activation began above; NULL: none. */
static enum wx_outcome run_on(struct wx_thread *t, const struct wx_call_record *base,
                              enum wx_outcome out)
{
    bool waits = false;
    for (;;) {
        switch (out) {
        case WX_WAIT: out = do_wait(t, &waits); break;
        case WX_LEFT: out = came_back(t, t->out.wait.resume(t, WX_WAKE_READY)); break;
        case WX_CALL:
            out = do_call(t, waits);
            waits = false;
            break;
        case WX_INTERRUPT:
            out = stopped(t);
            if (out == WX_INTERRUPT) {
                return out;
            }
            out = out == WX_DONE ? go_on(t) : out;
            break;
        case WX_THROW:
            if (!wx_throw_land(t, &out)) {
                if (t->calls == base) {
                    return WX_THROW;
                }
                out = end_call(t, WX_THROW, &waits);
            }
            break;
        case WX_DONE:
            if (t->calls == base) {
                return WX_DONE;
            }
            out = end_call(t, WX_DONE, &waits);
            break;
        default: return out; /* the whole stack goes; a trace starts at the innermost frame */
        }
    }
}

/* -------- ends other than DONE -------- */

static const char *c_name(struct wx_name n, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%.*s", (int)(n.len < size ? n.len : size - 1), n.len ? n.p : "");
    return buf;
}

void wx_thread_add_trace(struct wx_thread *t, wax_error **err)
{
    if (!t->inst || !t->pc) {
        return; /* a host function called directly */
    }
    const struct wx_tier_ops *tier = t->inst->module->tier;
    struct wx_walk w = wx_walk_start(t);
    bool more = true;
    for (int i = 0; more && i < MAX_TRACE_FRAMES && tier->walk(t, &w); i++) {
        const struct wx_module *m = w.inst->module->wasm;
        char module[128], func[256];
        wx_error_add_frame(err, c_name(m->module_name, module, sizeof module),
                           c_name(wx_module_func_name(m, w.func_idx), func, sizeof func),
                           w.func_idx, w.module_off);
        more = tier->step(t, &w);
    }
}

static wax_status fail_trap(struct wx_thread *t, wax_error **err)
{
    enum wx_trap code = (enum wx_trap)t->trap;
    wax_status status = code == WX_TRAP_OUT_OF_FUEL ? WAX_E_FUEL : WAX_TRAP;
    (void)wx_fail(err, status, "%s", t->error ? wax_error_message(t->error) : wax_trap_name(code));
    if (t->error) {
        wx_error_set_hint(err, "%s", wax_error_hint(t->error));
        wx_error_clear(&t->error);
    }
    wx_error_set_trap(err, (wax_trap_code)code);
    wx_thread_add_trace(t, err);
    return status;
}

static wax_status fail_exit(int32_t code, wax_error **err)
{
    (void)wx_fail(err, WAX_EXIT, "the guest exited with code %d", code);
    wx_error_set_exit_code(err, code);
    return WAX_EXIT;
}

static wax_status fail_interrupt(struct wx_thread *t, wax_error **err)
{
    uint64_t bits = wx_load_seq(&t->interrupt);
    if ((bits & WX_INT_EXIT) && !(bits & WX_INT_CANCEL)) { /* a cancelled process exits as well */
        return fail_exit(wx_load_relaxed(&t->interrupt_exit_code),
                         err); /* after the bit: ordered */
    }
    bool timeout = (bits & WX_INT_TIMEOUT) && !(bits & WX_INT_CANCEL);
    wax_status status = timeout ? WAX_E_TIMEOUT : WAX_E_CANCELLED;
    (void)wx_fail(err, status, timeout ? "the deadline passed" : "the call was cancelled");
    wx_error_set_trap(err, timeout ? WX_TRAP_TIMEOUT : WX_TRAP_CANCELLED);
    wx_thread_add_trace(t, err);
    t->store->poisoned = true; /* R19 */
    return status;
}

static wax_status finish(struct wx_thread *t, enum wx_outcome out, wax_error **err)
{
    switch (out) {
    case WX_DONE: return WAX_OK;
    case WX_TRAP: return fail_trap(t, err);
    case WX_THROW: return wx_throw_fail(t, err);
    case WX_EXIT: return fail_exit(t->exit_code, err);
    case WX_INTERRUPT: return fail_interrupt(t, err);
    default: return wx_fail(err, WAX_E_INTERNAL, "outcome %d is not handled yet", (int)out);
    }
}

/* -------- entering -------- */

static wax_status claim(struct wx_thread *t, wax_error **err)
{
    int32_t me = wx_os_tid(), nobody = 0;
    if (t->store->poisoned) {
        (void)wx_fail(err, WAX_E_POISONED, "the store was stopped hard and can not run again");
        wx_error_set_hint(err, "make a new instance");
        return WAX_E_POISONED;
    }
    if (!wx_cas_acqrel(&t->host_tid, &nobody, me) && nobody != me) {
        return wx_fail(err, WAX_E_STATE, "the store is running on another thread");
    }
    return WAX_OK;
}

static void push_activation(struct wx_thread *t, struct activation *a)
{
    *a = (struct activation){.place = wx_spot_of(t),
                             .current = wx_thread_current,
                             .func = t->func,
                             .calls = t->calls,
                             .depth = t->depth,
                             .link = {t, wx_activations}};
    wx_activations = &a->link;
    wx_thread_current = t;
}

static void pop_activation(struct wx_thread *t, const struct activation *a)
{
    t->depth = a->depth;
    t->calls = a->calls;
    t->func = a->func;
    go_back(t, &a->place);
    wx_thread_current = a->current;
    wx_activations = a->link.below;
}

static wax_status enter_claimed(struct wx_thread *t, struct wx_func *func, const uint64_t *args,
                                uint64_t *results, wax_error **err)
{
    uint32_t n_args = func->sig->n_param_slots, n_results = func->sig->n_result_slots;
    uint64_t *base = t->depth ? t->top : t->stack_base;
    if (t->depth >= MAX_DEPTH || base + n_args + n_results > t->stack_end) {
        t->trap = WX_TRAP_STACK_OVERFLOW;
        return fail_trap(t, err);
    }
    struct activation a;
    push_activation(t, &a);
    t->depth++;
    t->func = func;
    t->pc = NULL;
    t->inst = NULL;
    if (n_args) {
        memcpy(base, args, n_args * sizeof *args);
    }
    enum wx_outcome out =
        hard_interrupt(t) ? WX_INTERRUPT : run_on(t, t->calls, start(t, func, base));
    wax_status st = finish(t, out, err);
    if (st == WAX_OK && n_results) {
        memcpy(results, base, n_results * sizeof *results);
    }
    pop_activation(t, &a);
    return st;
}

/* The thread's stacks are filled already: go on behind the call it was copied in. */
static wax_status resume_claimed(struct wx_thread *t, wax_error **err)
{
    struct activation a;
    push_activation(t, &a);
    a.depth = 0; /* nothing is below */
    a.calls = NULL;
    a.place = (struct wx_spot){0};
    wax_status st =
        finish(t, hard_interrupt(t) ? WX_INTERRUPT : run_on(t, NULL, came_back(t, WX_DONE)), err);
    pop_activation(t, &a);
    return st;
}

/* What only the outermost activation needs: a fit host thread and the deadline. */
static wax_status begin_call(struct wx_store *store, struct wx_timer *timer, wax_error **err)
{
    struct wx_thread *t = &store->thread;
    if (wx_unlikely(wx_load_relaxed(&t->interrupt) & WX_INT_TIMEOUT)) {
        wx_thread_clear_interrupt(t, WX_INT_TIMEOUT); /* came when the call before was over */
    }
    int e = store->engine->owns_signals ? wx_signal_prepare_thread() : 0;
    if (e) {
        return wx_fail_errno(err, e, "cannot set up a signal stack");
    }
    if (!store->timeout_ns) {
        return WAX_OK;
    }
    if (!store->engine->owns_signals) {
        (void)wx_fail(err, WAX_E_UNSUPPORTED, "a timeout needs the engine's own signal handlers");
        wx_error_set_hint(err, "use WAX_SIGNALS_OWN, fuel, or wax_store_cancel() from a thread");
        return WAX_E_UNSUPPORTED;
    }
    e = wx_timer_start(timer, store->timeout_ns, wx_signal_kick_number(), t);
    return e ? wx_fail_errno(err, e, "cannot start a deadline timer") : WAX_OK;
}

/* The outermost activation of a store: `func`, or NULL to go on with a copied thread. */
static wax_status enter_outermost(struct wx_store *store, struct wx_func *func,
                                  const uint64_t *args, uint64_t *results, wax_error **err)
{
    struct wx_thread *t = &store->thread;
    struct wx_timer timer = {0};
    wax_status st = begin_call(store, &timer, err);
    if (st == WAX_OK) {
        st = func ? enter_claimed(t, func, args, results, err) : resume_claimed(t, err);
        wx_timer_stop(&timer);
    }
    wx_store_release(&t->host_tid, 0); /* pairs with the claim of the next thread */
    return st;
}

wax_status wx_enter(struct wx_store *store, struct wx_func *func, const uint64_t *args,
                    uint64_t *results, wax_error **err)
{
    struct wx_thread *t = &store->thread;
    wax_status st = claim(t, err);
    if (st != WAX_OK) {
        return st;
    }
    return t->depth ? enter_claimed(t, func, args, results, err)
                    : enter_outermost(store, func, args, results, err);
}

wax_status wx_enter_copy(struct wx_store *store, wax_error **err)
{
    wax_status st = claim(&store->thread, err);
    return st == WAX_OK ? enter_outermost(store, NULL, NULL, NULL, err) : st;
}

void wx_store_cancel(struct wx_store *store)
{
    struct wx_thread *t = &store->thread;
    wx_thread_interrupt(t, WX_INT_CANCEL);
    int32_t tid = wx_load_acquire(&t->host_tid);
    if (tid && store->engine->owns_signals) {
        wx_signal_kick(tid); /* leaves compiled code that polls nothing */
    }
}
