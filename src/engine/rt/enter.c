/* SPDX-License-Identifier: Apache-2.0 */
/* The one way into guest code, and the one place that acts on outcomes (ruling R1). */
/*
 * wx_enter claims the store for this host thread, lays the arguments on the value stack, and lets
 * the tier run until it comes back with an outcome:
 *
 *   DONE       the function returned; results lie where the arguments were
 *   WAIT       block here, then let the host function that asked go on
 *   CALL       run a guest function above the present frame, then go on
 *   THROW      go on at a landing pad, or leave this activation if nobody catches it (throw.c)
 *   TRAP, EXIT leave all frames of this activation
 *   INTERRUPT  another thread wants something: stop hard, end the process
 *
 * An embedder's function may call wx_enter again; each such activation saves and restores the state
 * compiled code keeps in the thread. The depth is bounded so that host stacks can not overflow.
 */
#include <stdio.h>
#include <string.h>

#include "engine/rt/engine.h"
#include "os/clock.h"
#include "os/signal.h"
#include "os/thread.h"

#define MAX_DEPTH 200u      /* nested activations */
#define MAX_TRACE_FRAMES 64 /* innermost frames named in an error */

/* What an activation keeps of the one below it. */
struct activation {
    const void *pc;
    uint64_t *fp;
    struct wx_instance *inst;
    uint64_t *top;
    void *host_sp;
    void *guest_sp;
    struct wx_thread *current;
    struct wx_activation_link link;
};

static enum wx_outcome run(struct wx_thread *t, struct wx_func *func, uint64_t *base);

static enum wx_outcome start(struct wx_thread *t, struct wx_func *func, uint64_t *base)
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
    return func->code->module->tier->call(t, func, base);
}

/* A host function is done: back into the guest, or out if it was called directly. */
static enum wx_outcome go_on(struct wx_thread *t, const struct wx_func *func)
{
    t->pc_behind = false;
    return func->kind == WX_FUNC_HOST ? WX_DONE : func->code->module->tier->resume(t);
}

/* What a host function came to after it had left the guest once: pc is behind its call. */
static enum wx_outcome came_back(struct wx_thread *t, const struct wx_func *func,
                                 enum wx_outcome out)
{
    if (out == WX_DONE) {
        return go_on(t, func);
    }
    t->pc_behind = true;
    return out;
}

static enum wx_outcome do_wait(struct wx_thread *t, const struct wx_func *func)
{
    enum wx_wake why = WX_WAKE_READY;
    if (!wx_thread_wait(t, &why)) {
        if (t->out.wait.abandon) {
            t->out.wait.abandon(t);
        }
        return WX_INTERRUPT;
    }
    return came_back(t, func, t->out.wait.resume(t, why));
}

static void save(struct wx_thread *t, struct activation *a)
{
    *a = (struct activation){.pc = t->pc,
                             .fp = t->fp,
                             .inst = t->inst,
                             .top = t->top,
                             .host_sp = t->host_sp,
                             .guest_sp = t->guest_sp,
                             .current = wx_thread_current,
                             .link = {t, wx_activations}};
}

static void restore(struct wx_thread *t, const struct activation *a)
{
    t->pc = a->pc;
    t->fp = a->fp;
    t->inst = a->inst;
    t->top = a->top;
    t->host_sp = a->host_sp;
    t->guest_sp = a->guest_sp;
    t->pc_behind = false; /* a host function runs; who called it knows */
}

static enum wx_outcome do_call(struct wx_thread *t, const struct wx_func *func)
{
    struct wx_guest_call call = t->out.call;
    const struct wx_sig *sig = call.func->sig;
    if (t->depth >= MAX_DEPTH || t->top + 4 > t->stack_end || sig->n_param_slots > 4 ||
        sig->n_result_slots > 4) {
        return wx_trap(t, WX_TRAP_STACK_OVERFLOW);
    }
    struct activation a;
    save(t, &a);
    t->depth++;
    uint64_t *base = t->top;
    memcpy(base, call.args, sizeof call.args);
    enum wx_outcome out = run(t, call.func, base);
    t->depth--;
    if (out == WX_THROW) { /* thrown on where this activation was asked for */
        wx_throw_keep_trace(t);
        restore(t, &a);
        return came_back(t, func, WX_THROW);
    }
    if (out != WX_DONE) {
        return out; /* the whole stack goes; a trace starts at the innermost frame */
    }
    restore(t, &a);
    memcpy(call.args, base, sizeof call.args);
    t->out.call = call;
    return came_back(t, func, call.then(t));
}

static enum wx_outcome run(struct wx_thread *t, struct wx_func *func, uint64_t *base)
{
    enum wx_outcome out = start(t, func, base);
    for (;;) {
        switch (out) {
        case WX_WAIT: out = do_wait(t, func); break;
        case WX_CALL: out = do_call(t, func); break;
        case WX_THROW:
            if (!wx_throw_land(t, &out)) {
                return WX_THROW;
            }
            break;
        default: return out;
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
    save(t, &a);
    wx_activations = &a.link;
    wx_thread_current = t;
    t->depth++;
    t->pc = NULL;
    t->inst = NULL;
    if (n_args) {
        memcpy(base, args, n_args * sizeof *args);
    }
    enum wx_outcome out = wx_load_seq(&t->interrupt) ? WX_INTERRUPT : run(t, func, base);
    wax_status st = finish(t, out, err);
    if (st == WAX_OK && n_results) {
        memcpy(results, base, n_results * sizeof *results);
    }
    t->depth--;
    restore(t, &a);
    wx_thread_current = a.current;
    wx_activations = a.link.below;
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

wax_status wx_enter(struct wx_store *store, struct wx_func *func, const uint64_t *args,
                    uint64_t *results, wax_error **err)
{
    struct wx_thread *t = &store->thread;
    wax_status st = claim(t, err);
    if (st != WAX_OK) {
        return st;
    }
    if (t->depth) {
        return enter_claimed(t, func, args, results, err);
    }
    struct wx_timer timer = {0};
    st = begin_call(store, &timer, err);
    if (st == WAX_OK) {
        st = enter_claimed(t, func, args, results, err);
        wx_timer_stop(&timer);
    }
    wx_store_release(&t->host_tid, 0); /* pairs with the claim of the next thread */
    return st;
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
