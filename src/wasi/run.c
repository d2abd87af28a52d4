/* SPDX-License-Identifier: Apache-2.0 */
/* Running a guest process, from its first program to its end. */
/*
 * The host thread of the main thread runs one program after the other: an exec interrupts all
 * threads, as an exit does, and once they are gone the main one begins anew, in the same store,
 * with nothing of the old program in it. So whoever knows the process by its thread or store need
 * not learn of it.
 */
#include <string.h>

#include "os/clock.h"
#include "os/tty.h"
#include "wasi/dl.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/ptable.h"

enum { NOT_FOUND_CODE = 127 }; /* as shells tell of a program that could not be started */

/* What the whole process came to, given how the main thread's call ended. */
static wax_status settle(struct wx_env *env, wax_status st, int32_t *ret_code, wax_error **err)
{
    wx_mutex_lock(&env->lock);
    wax_error *trap = env->trap_error;
    env->trap_error = NULL;
    bool exited = env->exiting;
    int32_t code = env->exit_code;
    wx_mutex_unlock(&env->lock);
    if (trap) { /* a trap in another thread is what ended it */
        wx_error_clear(err);
        st = wax_error_status(trap);
        if (err) {
            *err = trap;
        } else {
            wax_error_free(trap);
        }
        return st;
    }
    *ret_code = exited ? code : 0;
    if (st == WAX_EXIT) {
        wx_error_clear(err);
        return WAX_OK;
    }
    return st;
}

/* The main thread's call has ended: so does the process, unless it becomes another program. */
static bool ends(struct wx_env *env, wax_status st, struct wx_program *ret_next)
{
    if (st == WAX_OK) {
        wx_env_exit(env, 0); /* returning from main ends the process */
    } else if (st != WAX_EXIT) {
        wx_env_exit(env, 1);
    }
    wx_env_join_others(env);
    wx_mutex_lock(&env->lock);
    bool over = !env->execs;
    if (!over) {
        *ret_next = env->next;
        env->next = (struct wx_program){0};
        env->execs = env->exiting = false;
        wx_thread_clear_interrupt(&env->main.store->thread, WX_INT_EXIT);
    }
    wx_mutex_unlock(&env->lock);
    return over;
}

/* -------- becoming another program -------- */

/* Handlers are gone with the old program; what was held back by them has its default action. */
static void reset_signals(struct wx_env *env)
{
    wx_mutex_lock(&env->lock);
    uint32_t pending = env->signals.pending | env->main.signals.pending;
    env->signals.pending = 0;
    env->signals.handler = WAX_NO_INDEX;
    env->main.signals = (struct wx_thread_signals){0};
    wx_mutex_unlock(&env->lock);
    for (int sig = 1; pending >> sig; sig++) {
        if (pending >> sig & 1) {
            wx_signal_send(env, sig);
        }
    }
}

static void set_strings(struct wx_env *env, char ***list, size_t *n, struct wx_strings *from)
{
    for (size_t i = 0; i < *n; i++) {
        wx_free(&env->mem, (*list)[i]);
    }
    wx_free(&env->mem, *list);
    *list = from->p;
    *n = from->n;
    *from = (struct wx_strings){0};
}

/* Nothing of the old program is left in the process, but for what the embedder may have got. */
static wax_status drop_program(struct wx_env *env, wax_error **err)
{
    wx_guest_thread_fini(&env->main);
    wx_dl_free(env);
    wax_status st = wx_store_renew(env->main.store, env->is_first, err);
    if (st == WAX_OK) {
        env->main.instance = NULL;
        env->main.line = NULL; /* it lay in the store, too */
        env->closures = NULL;  /* they lay in the store */
        wx_memory_unref(env->memory);
        env->memory = NULL;
        wx_ptable_release(env->table, env->main.tid);
    }
    return st;
}

static wax_status become(struct wx_env *env, struct wx_program *p, wax_error **err)
{
    wx_fdtable_close_on_exec(env->fds);
    reset_signals(env);
    wax_status st = drop_program(env, err);
    if (st != WAX_OK) {
        return st;
    }
    set_strings(env, &env->args, &env->n_args, &p->args);
    if (!p->inherits) {
        set_strings(env, &env->environ, &env->n_environ, &p->environ);
    }
    wx_rt_module_unref(env->module);
    env->module = p->module;
    p->module = NULL;
    st = wx_env_load(env, err);
    if (st != WAX_OK && st != WAX_EXIT) {
        wx_error_prefix(err, "cannot start %s", env->n_args ? env->args[0] : "a program");
    }
    return st;
}

/* A child says so in its exit code, as after a fork. */
static wax_status start_next(struct wx_env *env, struct wx_program *p, wax_error **err)
{
    wax_status st = become(env, p, err);
    wx_program_fini(&env->mem, p);
    if (st == WAX_OK) {
        return wx_env_call_export(env, "_start", true, err);
    }
    if (st != WAX_EXIT && !env->is_first) {
        wx_logf(&env->log, WX_LOG_ERROR, "process", "process %u: %s", env->main.tid,
                err && *err ? wax_error_message(*err) : "no memory");
        wx_error_clear(err);
        wx_env_exit(env, NOT_FOUND_CODE);
        st = WAX_EXIT;
    }
    return st;
}

/* The time a guest is given is that of all its programs. */
static wax_status run_next(struct wx_env *env, struct wx_program *p, uint64_t end_ns,
                           wax_error **err)
{
    struct wx_store *store = env->main.store;
    uint64_t whole = store->timeout_ns, now = wx_clock_now();
    if (whole) {
        store->timeout_ns = now < end_ns ? end_ns - now : 1;
    }
    wax_status st = start_next(env, p, err);
    store->timeout_ns = whole;
    return st;
}

/* -------- running -------- */

static wax_status begin_first(struct wx_env *env, enum wx_begin begin, wax_error **err)
{
    wx_store_relaxed(&env->runs, true);
    wx_mutex_lock(&env->lock);
    if (begin == WX_BEGIN_NEXT && !env->exiting) {
        env->execs = env->exiting = true;
    }
    wx_mutex_unlock(&env->lock);
    switch (begin) {
    case WX_BEGIN_START: return wx_env_call_export(env, "_start", true, err);
    case WX_BEGIN_COPY: return wx_enter_copy(env->main.store, err);
    case WX_BEGIN_NEXT: break;
    }
    return WAX_EXIT;
}

wax_status wx_env_run(struct wx_env *env, enum wx_begin begin, int32_t *ret_code, wax_error **err)
{
    wax_error *local = NULL;
    uint64_t end_ns = wx_clock_after(env->main.store->timeout_ns);
    wax_status st = begin_first(env, begin, &local);
    for (struct wx_program next; !ends(env, st, &next);) {
        wx_error_clear(&local);
        st = run_next(env, &next, end_ns, &local);
    }
    if (env->is_first) {
        wx_ptable_close(env->table);
        wx_tty_keeper_restore(env->ttys);
    }
    wx_store_relaxed(&env->runs, false);
    st = settle(env, st, ret_code, &local);
    if (err && !*err) {
        *err = local;
    } else {
        wax_error_free(local);
    }
    return st;
}
