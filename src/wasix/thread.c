/* SPDX-License-Identifier: Apache-2.0 */
/* Guest threads: one host thread, store and instance each, over the shared memory. */
/*
 * A spawn makes store and instance before it returns, so that failures reach the guest as an errno;
 * only then the host thread starts, and all guest code of the thread runs there, its start function
 * included: where a stop of the process reaches it.
 *
 * Fuel is a budget of the process. A thread starts with half of what its parent has; what it leaves
 * goes into env->fuel_back, which the next thread that spawns or joins takes. Threads are detached:
 * the last thing one does is to give its place back under env->lock and bump env->threads_word,
 * after which it touches nothing of the environment. wx_env_stop() waits for exactly that.
 *
 * Source: wasi-threads proposal; WASIX thread_spawn_v2.
 */
#include <errno.h>
#include <string.h>

#include "os/clock.h"
#include "os/futex.h"
#include "os/signal.h"
#include "wasi/dl.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/ptable.h"
#include "wasix/callable.h"

#define HOST_STACK_BYTES ((size_t)1024 * 1024) /* reserved; little of it is ever touched */

static void thread_free(struct wx_guest_thread *g)
{
    struct wx_env *env = g->env;
    wx_guest_thread_fini(g);
    wx_store_free(g->store);
    wx_free(&env->mem, g);
}

/* Take the thread off the list and wake joiners; env must not be touched afterwards. */
static void retire(struct wx_guest_thread *g)
{
    struct wx_env *env = g->env;
    wx_mutex_lock(&env->lock);
    wx_list_remove(&g->link);
    env->n_threads--;
    wx_ptable_drop_thread(env->table);
    env->fuel_back += g->store->thread.fuel > 0 ? g->store->thread.fuel : 0;
    for (struct wx_list_node *n = wx_list_first(&env->threads); n;
         n = wx_list_next(&env->threads, n)) {
        struct wx_guest_thread *other = WX_LIST_ENTRY(n, struct wx_guest_thread, link);
        if (other->joins) {
            wx_thread_wake(&other->store->thread);
        }
    }
    wx_mutex_unlock(&env->lock);
    thread_free(g);
    wx_mutex_lock(&env->lock);
    env->n_others--;
    (void)__atomic_fetch_add(&env->threads_word, 1, __ATOMIC_SEQ_CST); /* pairs with join_others */
    if (env->waited) {
        wx_futex_wake(&env->threads_word, 1);
    }
    wx_mutex_unlock(&env->lock);
}

/* A trap in a thread ends the process; its error is what the embedder gets to see. */
static void thread_failed(struct wx_guest_thread *g, wax_status st, wax_error *error)
{
    struct wx_env *env = g->env;
    wx_error_prefix(&error, "thread %u", g->tid);
    wx_logf(&env->log, st == WAX_E_CANCELLED ? WX_LOG_DEBUG : WX_LOG_ERROR, "thread", "%s",
            wax_error_message(error));
    wx_mutex_lock(&env->lock);
    bool keep = !env->trap_error && !env->exiting && st != WAX_E_CANCELLED;
    if (keep) {
        env->trap_error = error;
    }
    wx_mutex_unlock(&env->lock);
    if (!keep) {
        wax_error_free(error);
    }
    wx_env_exit(env, 134);
}

static void run_guest(struct wx_guest_thread *g)
{
    struct wx_extern ext;
    wax_error *error = NULL;
    wax_status st = wx_env_start_instance(g, &error);
    if (st == WAX_OK && !wx_instance_export(g->instance, "wasi_thread_start", 17, &ext)) {
        st = wx_fail_nomem(&error, "a function"); /* it is there: looked at before */
    }
    if (st == WAX_OK) {
        const uint64_t args[2] = {g->tid, g->start_arg};
        st = wx_enter(g->store, ext.u.func, args, NULL, &error);
    }
    if (st != WAX_OK && st != WAX_EXIT) {
        thread_failed(g, st, error);
    } else {
        wax_error_free(error); /* thread_exit, or the process ends */
    }
}

static void *thread_main(void *arg)
{
    struct wx_guest_thread *g = arg;
    wx_signal_begin_thread(g->store->thread.signal_stack);
    run_guest(g);
    wx_signal_end_thread();
    retire(g);
    return NULL;
}

/* -------- spawning -------- */

static wx_werrno refuse(struct wx_env *env, wx_werrno e, const char *why, const char *hint)
{
    wx_logf(&env->log, WX_LOG_ERROR, "thread", "cannot start a thread: %s (%s)", why, hint);
    return e;
}

/* Checks of the module's shape; each names what is missing. */
static wx_werrno check_shape(struct wx_env *env)
{
    const struct wx_export *e = wx_module_find_export(env->module->wasm, "wasi_thread_start", 17);
    if (!e || e->kind != WX_EXT_FUNC) {
        return refuse(env, WX_WERRNO_NOTCAPABLE, "the module exports no 'wasi_thread_start'",
                      "link it with the threads support of its C library");
    }
    const struct wx_functype *t = wx_module_func_type(env->module->wasm, e->idx);
    if (t->n_params != 2 || t->n_results != 0 || t->types[0] != WX_KIND_I32 ||
        t->types[1] != WX_KIND_I32) {
        return refuse(env, WX_WERRNO_NOTCAPABLE, "'wasi_thread_start' is not of type (i32, i32)",
                      "it is called with the thread id and the start argument");
    }
    if (!env->memory_import || !env->memory->type.shared) {
        return refuse(env, WX_WERRNO_MEMVIOLATION, "the memory is not an imported shared one",
                      "link with --import-memory --shared-memory");
    }
    return 0;
}

/* A place in the process: within the limit, and the process is not ending. */
static wx_werrno reserve(struct wx_env *env, struct wx_guest_thread *g)
{
    wx_mutex_lock(&env->lock);
    bool room = !env->exiting && wx_ptable_add_thread(env->table);
    g->tid = room ? wx_ptable_id(env->table) : 0;
    if (room && !g->tid) {
        wx_ptable_drop_thread(env->table);
    }
    wx_werrno e = g->tid ? 0 : WX_WERRNO_AGAIN;
    if (!e) {
        env->n_threads++;
        env->n_others++;
        wx_list_add(&env->threads, &g->link);
    }
    wx_mutex_unlock(&env->lock);
    return e;
}

static wx_werrno make_instance(struct wx_guest_thread *g)
{
    wax_error *error = NULL;
    wax_status st = wx_env_link_thread(g, &error);
    if (st == WAX_OK) {
        return wx_closures_inherit(g) ? 0 : WX_WERRNO_NOMEM;
    }
    wx_logf(&g->env->log, WX_LOG_ERROR, "thread", "cannot start a thread: %s",
            wax_error_message(error));
    wax_error_free(error);
    return st == WAX_E_NOMEM ? WX_WERRNO_NOMEM : WX_WERRNO_NOEXEC;
}

static void take_fuel_back(struct wx_env *env, struct wx_thread *t)
{
    wx_mutex_lock(&env->lock);
    if (__builtin_add_overflow(t->fuel, env->fuel_back, &t->fuel)) {
        t->fuel = INT64_MAX;
    }
    env->fuel_back = 0;
    wx_mutex_unlock(&env->lock);
}

static wx_werrno make_thread(struct wx_env *env, uint32_t start_arg, struct wx_guest_thread **ret)
{
    struct wx_guest_thread *g = wx_zalloc(&env->mem, sizeof *g);
    if (!g) {
        return WX_WERRNO_NOMEM;
    }
    g->env = env;
    g->start_arg = start_arg;
    if (wx_store_new_thread(env->engine, &env->stacks, env->limits.thread_stack_bytes, &g->store,
                            NULL) != WAX_OK) {
        wx_free(&env->mem, g);
        return WX_WERRNO_NOMEM;
    }
    g->store->thread.owner = g;
    wx_signal_attach(&g->store->thread);
    wx_context_attach(&g->store->thread);
    wx_werrno e = make_instance(g);
    if (!e) {
        e = reserve(env, g);
    }
    if (e) {
        thread_free(g);
        return e;
    }
    *ret = g;
    return 0;
}

static wx_werrno spawn(struct wx_wasi_call *c, uint32_t start_arg, uint32_t *ret_tid)
{
    struct wx_env *env = c->env;
    if (!env->grants.threads) {
        wx_wasi_denied(c, "capability threads is not granted");
        return refuse(env, WX_WERRNO_AGAIN, "threads were not granted",
                      "rule: capability threads; grant it with WAX_CAP_THREADS");
    }
    struct wx_guest_thread *g;
    wx_werrno e = check_shape(env);
    e = e ? e : make_thread(env, start_arg, &g);
    if (e) {
        return e;
    }
    *ret_tid = g->tid;
    take_fuel_back(env, c->t);
    g->store->thread.fuel = c->t->fuel / 2;
    c->t->fuel -= g->store->thread.fuel;
    struct wx_os_thread thread; /* not in g: that may be gone when this call returns */
    int host = wx_os_thread_start(&thread, HOST_STACK_BYTES, thread_main, g);
    if (host) {
        retire(g);
        return wx_werrno_from_host(host);
    }
    wx_os_thread_detach(&thread);
    return 0;
}

wx_wasi_ret wx_wasi_thread_spawn(struct wx_wasi_call *c, const uint64_t *a)
{
    uint8_t start[128]; /* thread_start must be readable; the guest's entry reads it itself */
    wx_werrno e = wx_guest_read(c, (wx_gptr){a[0]}, start, c->is64 ? 128 : 64);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[1]}, 4);
    uint32_t tid = 0;
    e = e ? e : spawn(c, (uint32_t)a[0], &tid);
    return e ? e : wx_guest_write_u32(c, (wx_gptr){a[1]}, tid);
}

wx_wasi_ret wx_wasi_wasi_thread_spawn(struct wx_wasi_call *c, const uint64_t *a)
{
    uint32_t tid = 0;
    wx_werrno e = spawn(c, (uint32_t)a[0], &tid);
    c->slots[0] = e ? (uint32_t)-(int32_t)e : tid;
    return WX_RET_DONE;
}

/* -------- joining, ending, identity -------- */

/* If it is, this thread is told when one ends. */
static bool is_live(struct wx_wasi_call *c, uint32_t tid)
{
    struct wx_env *env = c->env;
    bool live = false;
    wx_mutex_lock(&env->lock);
    for (struct wx_list_node *n = wx_list_first(&env->threads); n;
         n = wx_list_next(&env->threads, n)) {
        live = live || WX_LIST_ENTRY(n, struct wx_guest_thread, link)->tid == tid;
    }
    c->self->joins = live;
    wx_mutex_unlock(&env->lock);
    return live;
}

/* The same for any other one. */
static bool is_last(struct wx_wasi_call *c)
{
    wx_mutex_lock(&c->env->lock);
    bool last = c->env->n_threads == 1;
    c->self->joins = !last;
    wx_mutex_unlock(&c->env->lock);
    return last;
}

static enum wx_outcome resume_join(struct wx_thread *t, enum wx_wake why);

/* Ready when the thread is gone; every end of a thread wakes all that join. */
static wx_wasi_ret join(struct wx_wasi_call *c, uint32_t tid)
{
    uint32_t seq = wx_load_seq(&c->t->wake_seq);
    if (tid == c->self->tid) {
        return WX_WERRNO_DEADLK;
    }
    if (!is_live(c, tid)) {
        take_fuel_back(c->env, c->t);
        return 0;
    }
    const uint64_t state[4] = {tid};
    return wx_wasi_wait_woken(c, seq, resume_join, state);
}

static enum wx_outcome resume_join(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    if (why == WX_WAKE_SIGNAL) {
        return WX_WAIT; /* POSIX: a join is not interrupted */
    }
    return wx_wasi_finish(&c, join(&c, (uint32_t)w.state[0]));
}

wx_wasi_ret wx_wasi_thread_join(struct wx_wasi_call *c, const uint64_t *a)
{
    return join(c, (uint32_t)a[0]);
}

static enum wx_outcome resume_exit_main(struct wx_thread *t, enum wx_wake why);

/* Only this thread ends; the process lives until the others are gone, then exits with 0. */
static wx_wasi_ret exit_main(struct wx_wasi_call *c)
{
    uint32_t seq = wx_load_seq(&c->t->wake_seq);
    if (!is_last(c)) {
        c->t->out.wait = (struct wx_wait){.kind = WX_WAIT_TIME,
                                          .deadline_ns = UINT64_MAX,
                                          .seq = seq,
                                          .resume = resume_exit_main,
                                          .data = c->binding,
                                          .slots = c->slots};
        return WX_RET_WAIT;
    }
    wx_env_exit(c->env, 0);
    c->t->exit_code = 0;
    return WX_RET_EXIT;
}

static enum wx_outcome resume_exit_main(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    if (why == WX_WAKE_SIGNAL) {
        return WX_WAIT; /* nothing is left that could be told */
    }
    return wx_wasi_finish(&c, exit_main(&c));
}

wx_wasi_ret wx_wasi_thread_exit(struct wx_wasi_call *c, const uint64_t *a)
{
    (void)a; /* the value goes nowhere: joins do not return it */
    if (c->self->is_main) {
        return exit_main(c);
    }
    c->t->exit_code = 0;
    return WX_RET_EXIT;
}

wx_wasi_ret wx_wasi_thread_id(struct wx_wasi_call *c, const uint64_t *a)
{
    return wx_guest_write_u32(c, (wx_gptr){a[0]}, c->self->tid);
}

wx_wasi_ret wx_wasi_proc_id(struct wx_wasi_call *c, const uint64_t *a)
{
    return wx_guest_write_u32(c, (wx_gptr){a[0]}, c->env->main.tid);
}

wx_wasi_ret wx_wasi_thread_parallelism(struct wx_wasi_call *c, const uint64_t *a)
{
    return wx_guest_write_size(c, (wx_gptr){a[0]}, wx_os_parallelism());
}

static enum wx_outcome resume_sleep(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait *w = &t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w->data, w->slots);
    if (why == WX_WAKE_SIGNAL) {
        return wx_wasi_finish(&c, WX_WERRNO_INTR);
    }
    if (why == WX_WAKE_READY) { /* a wake meant for something else: sleep on */
        w->seq = wx_load_seq(&t->wake_seq);
        return WX_WAIT;
    }
    return wx_wasi_finish(&c, 0);
}

wx_wasi_ret wx_wasi_thread_sleep(struct wx_wasi_call *c, const uint64_t *a)
{
    if (a[0] == 0) {
        wx_os_yield();
        return 0;
    }
    c->t->out.wait = (struct wx_wait){.kind = WX_WAIT_TIME,
                                      .deadline_ns = wx_clock_after(a[0]),
                                      .seq = wx_load_seq(&c->t->wake_seq),
                                      .resume = resume_sleep,
                                      .data = c->binding,
                                      .slots = c->slots};
    return WX_RET_WAIT;
}
