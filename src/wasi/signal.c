/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of a guest process. */
/*
 * A guest has one function for all its signals (callback_signal); what it does with each is decided
 * inside it. Until it names one, the default actions of POSIX apply and happen here. Afterwards a
 * signal waits in the set of a thread that does not block it, or of the process if all do, and the
 * thread's interrupt bit makes it look: at a poll, at the end of a call, or in the midst of a wait.
 *
 * A set holds each number once, as in POSIX. SIGKILL and SIGSTOP never reach a handler.
 *
 * Source: WASIX callback_signal, proc_signal, thread_signal; POSIX.1-2017, 2.4.
 */
#include "wasi/signal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "os/futex.h"
#include "os/signal.h"
#include "vfs/file.h"
#include "wasi/call.h"
#include "wasi/env.h"
#include "wasi/ptable.h"
#include "wasi/timer.h"

#define BIT(SIG) (UINT32_C(1) << (SIG))

static const uint32_t ignored = BIT(0) | BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH);
static const uint32_t stops = BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU);

#define FOR_EACH_THREAD(ENV, G)                                                                    \
    for (struct wx_list_node *n_ = wx_list_first(&(ENV)->threads); n_;                             \
         n_ = wx_list_next(&(ENV)->threads, n_))                                                   \
        for (struct wx_guest_thread *G = WX_LIST_ENTRY(n_, struct wx_guest_thread, link); G;       \
             G = NULL)

static bool has_handler(const struct wx_env *env) WAX_REQUIRES(&env->lock)
{
    return env->signals.handler != WAX_NO_INDEX;
}

static void kick_all(struct wx_env *env) WAX_REQUIRES(&env->lock)
{
    FOR_EACH_THREAD(env, g) { wx_thread_interrupt(&g->store->thread, WX_INT_SIGNAL); }
}

/* Pending in this thread, which looks soon. */
static void give(const struct wx_env *env, struct wx_guest_thread *g, int sig)
    WAX_REQUIRES(&env->lock)
{
    (void)env;
    g->signals.pending |= BIT(sig);
    if (g->signals.mode != WX_SIG_BLOCKED) {
        wx_thread_interrupt(&g->store->thread, WX_INT_SIGNAL);
    }
}

static void give_any(struct wx_env *env, int sig) WAX_REQUIRES(&env->lock)
{
    struct wx_guest_thread *to = NULL;
    FOR_EACH_THREAD(env, g)
    {
        if (g->signals.mode != WX_SIG_BLOCKED && (!to || g->is_main)) {
            to = g;
        }
    }
    if (to) {
        give(env, to, sig);
    } else {
        env->signals.pending |= BIT(sig);
    }
}

static void set_stopped(struct wx_env *env, int sig) WAX_REQUIRES(&env->lock)
{
    env->signals.stopped = sig;
    kick_all(env); /* to stop, or to see that they may go on */
}

/* What happens whatever the guest thinks of it. @return the process goes on to look at the signal
 */
static bool at_once(struct wx_env *env, int sig, bool *ret_ends) WAX_REQUIRES(&env->lock)
{
    *ret_ends = sig == SIGKILL;
    if (sig == SIGCONT && env->signals.stopped) {
        set_stopped(env, 0);
    }
    if (sig == SIGSTOP || (stops & BIT(sig) && !has_handler(env))) {
        set_stopped(env, sig);
        return false;
    }
    if (!has_handler(env)) {
        *ret_ends = !(ignored & BIT(sig));
        return false;
    }
    return sig != 0 && sig != SIGKILL;
}

void wx_signal_send(struct wx_env *env, int sig)
{
    bool ends;
    wx_mutex_lock(&env->lock);
    if (at_once(env, sig, &ends)) {
        give_any(env, sig);
    }
    wx_mutex_unlock(&env->lock);
    if (ends) {
        wx_env_exit_signal(env, sig);
    }
}

bool wx_signal_send_thread(struct wx_env *env, uint32_t tid, int sig)
{
    bool ends = false, found = false;
    wx_mutex_lock(&env->lock);
    FOR_EACH_THREAD(env, g)
    {
        if (g->tid == tid) {
            found = true;
            if (at_once(env, sig, &ends)) {
                give(env, g, sig);
            }
        }
    }
    wx_mutex_unlock(&env->lock);
    if (ends) {
        wx_env_exit_signal(env, sig);
    }
    return found;
}

void wx_wasi_raise_self(struct wx_wasi_call *c, int sig)
{
    (void)wx_signal_send_thread(c->self->env, c->self->tid, sig); /* it is there */
}

wx_werrno wx_wasi_write_failed(struct wx_wasi_call *c, const struct wx_file *f, int host_errno)
{
    if (host_errno == EPIPE && c->env->wasix && f->filetype != WX_FT_DGRAM) {
        wx_wasi_raise_self(c, SIGPIPE);
    }
    return wx_werrno_from_host(host_errno);
}

WX_UNINSTRUMENTED bool wx_signal_send_sigsafe(struct wx_env *env, int sig)
{
    uint32_t before = __atomic_fetch_or(&env->signals.host, BIT(sig), __ATOMIC_SEQ_CST);
    wx_thread_interrupt(&env->main.store->thread, WX_INT_SIGNAL);
    (void)__atomic_fetch_add(&env->threads_word, 1, __ATOMIC_SEQ_CST); /* main waits for others? */
    wx_futex_wake(&env->threads_word, 1);
    return !(before & BIT(sig));
}

void wx_signal_set_handler(struct wx_guest_thread *g, const char *name, uint64_t len)
{
    struct wx_env *env = g->env;
    const struct wx_module *m = env->module->wasm;
    const struct wx_export *e = wx_module_find_export(m, name, (size_t)len);
    const struct wx_functype *t =
        e && e->kind == WX_EXT_FUNC ? wx_module_func_type(m, e->idx) : NULL;
    bool fits = t && t->n_params == 1 && t->n_results == 0 && t->types[0] == WX_KIND_I32;
    wx_mutex_lock(&env->lock);
    g->signals.mode = fits ? WX_SIG_OWN : WX_SIG_BLOCKED;
    if (fits) {
        g->signals.handler = e->idx;
        env->signals.handler = e->idx;
        g->signals.pending |= env->signals.pending; /* this thread takes them now */
        env->signals.pending = 0;
        if (g->signals.pending) {
            wx_thread_interrupt(&g->store->thread, WX_INT_SIGNAL);
        }
    }
    wx_mutex_unlock(&env->lock);
}

uint8_t wx_guest_hold_signals(struct wx_guest_thread *g)
{
    wx_mutex_lock(&g->env->lock);
    uint8_t mode = g->signals.mode;
    g->signals.mode = WX_SIG_BLOCKED;
    wx_mutex_unlock(&g->env->lock);
    return mode;
}

void wx_guest_unhold_signals(struct wx_guest_thread *g, uint8_t mode)
{
    struct wx_env *env = g->env;
    wx_mutex_lock(&env->lock);
    g->signals.mode = mode;
    if (mode != WX_SIG_BLOCKED) {
        g->signals.pending |= env->signals.pending; /* this thread takes them now */
        env->signals.pending = 0;
        if (g->signals.pending) {
            wx_thread_interrupt(&g->store->thread, WX_INT_SIGNAL);
        }
    }
    wx_mutex_unlock(&env->lock);
}

/* -------- in the thread that got one -------- */

/* Signals of the embedder, sent where no lock may be taken, and those whose time has come. */
void wx_signal_take_host(struct wx_env *env)
{
    uint32_t due = wx_env_take_timers(env);
    for (int sig = 1; due && (uint32_t)sig < WX_N_SIGNALS; sig++) {
        if (due & BIT(sig)) {
            wx_signal_send(env, sig);
        }
    }
    uint32_t set = __atomic_exchange_n(&env->signals.host, 0, __ATOMIC_SEQ_CST);
    for (int sig = 1; set && (uint32_t)sig < WX_N_SIGNALS; sig++) {
        if (set & BIT(sig)) {
            wx_env_signal_group(env, sig);
        }
    }
}

/* @return the signal that did it; 0: the process runs */
static int is_stopped(struct wx_env *env)
{
    wx_mutex_lock(&env->lock);
    int sig = env->exiting ? 0 : env->signals.stopped;
    wx_mutex_unlock(&env->lock);
    return sig;
}

/* The main thread tells whoever waits for the process. */
static void tell_stopped(const struct wx_guest_thread *g, int sig)
{
    struct wx_env *env = g->env;
    if (!g->is_main) {
        return;
    }
    wx_ptable_stopped(env->table, env->main.tid, sig);
    if (sig && env->is_first && env->on_stop) {
        env->on_stop(env->on_stop_data);
    }
}

static enum wx_outcome stay(struct wx_thread *t, enum wx_wake why)
{
    (void)t, (void)why;
    return WX_DONE;
}

/* Until the process is continued or ends. The wait under way, if any, is not to be lost. */
static void stand_still(struct wx_thread *t, const struct wx_guest_thread *g)
{
    struct wx_env *env = g->env;
    const struct wx_wait saved = t->out.wait;
    int sig = is_stopped(env);
    if (!sig) {
        return;
    }
    tell_stopped(g, sig);
    bool goes_on = true;
    while (goes_on) {
        t->out.wait = (struct wx_wait){.kind = WX_WAIT_TIME,
                                       .deadline_ns = UINT64_MAX,
                                       .seq = wx_load_seq(&t->wake_seq),
                                       .resume = stay};
        if (!is_stopped(env)) {
            break;
        }
        enum wx_wake why;
        if (!wx_thread_wait(t, &why)) {
            wx_thread_clear_interrupt(t, WX_INT_SIGNAL);
            wx_signal_take_host(env);
            goes_on = wx_load_seq(&t->interrupt) == 0;
        }
    }
    t->out.wait = saved;
    tell_stopped(g, 0);
}

/* The lowest pending number this thread takes, and its handler; 0: none. */
static int take(struct wx_guest_thread *g, uint32_t *ret_handler)
{
    struct wx_env *env = g->env;
    int sig = 0;
    wx_mutex_lock(&env->lock);
    uint32_t set = g->signals.pending & ~g->signals.running;
    if (set && g->signals.mode != WX_SIG_BLOCKED) {
        sig = __builtin_ctz(set);
        g->signals.pending &= ~BIT(sig);
        g->signals.running |= BIT(sig);
        *ret_handler = g->signals.mode == WX_SIG_OWN ? g->signals.handler : env->signals.handler;
    }
    wx_mutex_unlock(&env->lock);
    return sig;
}

static enum wx_outcome next(struct wx_thread *t, struct wx_guest_call *ret_call)
{
    struct wx_guest_thread *g = t->owner;
    uint32_t handler = WAX_NO_INDEX;
    wx_signal_take_host(g->env);
    stand_still(t, g);
    int sig = take(g, &handler);
    if (!sig) {
        return WX_DONE; /* an exit has set a bit of its own */
    }
    struct wx_func *f = wx_instance_func(g->instance, handler);
    if (!f) {
        return wx_trap(t, WX_TRAP_NOMEM);
    }
    *ret_call =
        (struct wx_guest_call){.func = f, .args = {(uint64_t)sig}, .state = {(uint64_t)sig}};
    return WX_CALL;
}

enum wx_wake wx_signal_restarts(const struct wx_thread *t, enum wx_wake why)
{
    bool goes_on = why == WX_WAKE_SIGNAL && (ignored & BIT(t->out.call.state[0]));
    return goes_on || why == WX_WAKE_AGAIN ? WX_WAKE_READY : why; /* its handler is done */
}

static void after(struct wx_thread *t, const struct wx_guest_call *call)
{
    struct wx_guest_thread *g = t->owner;
    wx_mutex_lock(&g->env->lock);
    g->signals.running &= ~BIT(call->state[0]);
    wx_mutex_unlock(&g->env->lock);
}

void wx_signal_attach(struct wx_thread *t)
{
    t->on_signal = next;
    t->after_signal = after;
}

void wx_signal_detach(struct wx_thread *t)
{
    t->on_signal = NULL;
    t->after_signal = NULL;
}
