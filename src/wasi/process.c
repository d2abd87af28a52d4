/* SPDX-License-Identifier: Apache-2.0 */
/* Processes from processes. */
/*
 * All of them run in one host process, each on host threads of its own (ruling R22). The host
 * thread of a process's main thread owns its environment: it runs the guest, then ends the process
 * in the table, from where its parent learns how, and frees it.
 */
#include "wasi/process.h"

#include <signal.h>
#include <string.h>

#include "engine/rt/copy.h"
#include "net/policy.h"
#include "os/thread.h"
#include "wasi/fdtable.h"

#define HOST_STACK_BYTES ((size_t)1024 * 1024) /* reserved; little of it is ever touched */

/* -------- making -------- */

static bool copy_strings(struct wx_env *to, const struct wx_env *from)
{
    bool ok = true;
    for (size_t i = 0; i < from->n_args && ok; i++) {
        ok = wx_env_add_arg(to, from->args[i], NULL) == WAX_OK;
    }
    for (size_t i = 0; i < from->n_environ && ok; i++) {
        ok = wx_env_add_var(to, from->environ[i], NULL) == WAX_OK;
    }
    return ok;
}

/* What is decided at the start of the first process, and what a thread of the parent may change. */
static void copy_settings(struct wx_env *to, struct wx_env *from)
{
    to->log = from->log;
    to->grants = from->grants;
    to->limits = from->limits;
    to->trace = from->trace;
    to->embedder = from->embedder;
    to->wasix = from->wasix;
    memcpy(to->dispositions, from->dispositions, sizeof to->dispositions);
    wx_env_inherit(to, from);
    wx_env_limit_fds(to, from->limits.max_fds);
    wx_mutex_lock(&from->lock);
    uint32_t handler = from->signals.handler;
    to->cwd = from->cwd ? wx_file_ref(from->cwd) : NULL;
    wx_mutex_unlock(&from->lock);
    wx_mutex_lock(&to->lock);
    to->signals.handler = handler;
    wx_mutex_unlock(&to->lock);
}

wx_werrno wx_process_new(struct wx_env *parent, struct wx_env **ret_child)
{
    struct wx_env *child;
    if (wx_env_new(parent->engine, &child, NULL) != WAX_OK) {
        return WX_WERRNO_NOMEM;
    }
    copy_settings(child, parent);
    child->table = wx_ptable_ref(parent->table);
    wx_werrno e = copy_strings(child, parent) ? 0 : WX_WERRNO_NOMEM;
    e = e ? e : wx_fdtable_clone(child->fds, parent->fds);
    e = e ? e : wx_ptable_add(child->table, child, parent->main.tid, &child->main.tid);
    if (e) {
        wx_env_free(child);
        return e;
    }
    child->main.env = child;
    child->main.is_main = true;
    *ret_child = child;
    return 0;
}

void wx_process_undo(struct wx_env *child)
{
    wx_ptable_remove(child->table, child->main.tid);
    wx_env_free(child);
}

/* -------- copying a thread -------- */

/* `like`: whose stack is to fit; NULL: the engine's default. */
static wax_status make_store(struct wx_env *child, const struct wx_store *like, wax_error **err)
{
    struct wx_guest_thread *main = &child->main;
    if (main->store) {
        return WAX_OK; /* an attempt before came to nothing */
    }
    uint64_t stack = like ? like->thread.stack_bytes : 0;
    wax_status st = wx_store_new(child->engine, stack, 0, &main->store, err);
    if (st == WAX_OK) {
        child->owns_store = true;
        main->store->max_memory_bytes = child->limits.max_memory_bytes;
        main->store->thread.owner = main;
        wx_signal_attach(&main->store->thread);
        wx_context_attach(&main->store->thread);
        wx_mutex_lock(&child->lock);
        child->n_threads = 1;
        wx_list_add(&child->threads, &main->link);
        wx_mutex_unlock(&child->lock);
    }
    return st;
}

static void copy_signals(struct wx_env *child, const struct wx_guest_thread *self)
{
    wx_mutex_lock(&self->env->lock);
    const struct wx_thread_signals s = self->signals;
    wx_mutex_unlock(&self->env->lock);
    wx_mutex_lock(&child->lock);
    child->main.signals = s;
    child->main.signals.pending = 0;
    wx_mutex_unlock(&child->lock);
}

/* The child has its store. */
static wax_status copy_thread(struct wx_env *child, const struct wx_guest_thread *self, bool shares,
                              const uint64_t *slots, uint64_t **ret_slots, wax_error **err)
{
    struct wx_env *parent = self->env;
    wax_status st = WAX_OK;
    if (shares) {
        child->memory = wx_memory_ref(parent->memory);
    } else if (parent->memory_import) {
        st = wx_memory_copy(parent->memory, &child->memory, err);
    }
    if (st == WAX_OK && !wx_closures_copy(child, self)) {
        st = wx_fail_nomem(err, "closures");
    }
    st = st == WAX_OK ? wx_env_link_copy(&child->main, self, shares, err) : st;
    st = st == WAX_OK ? wx_contexts_new_copy(&child->main, self, err) : st;
    st = st == WAX_OK ? wx_snapshots_copy(&child->main, self, err) : st;
    st = st == WAX_OK ? wx_contexts_copy(&child->main, self, err) : st;
    const struct wx_stack_view view = wx_stack_view_of(&self->store->thread);
    struct wx_copy copy;
    if (st == WAX_OK) {
        st = wx_thread_copy(&child->main.store->thread, &view, child->main.instance, self->instance,
                            &copy, err);
    }
    if (st == WAX_OK) {
        *ret_slots = wx_copy_stack_address(&copy, slots);
    }
    return st;
}

wax_status wx_process_copy_thread(struct wx_env *child, const struct wx_guest_thread *self,
                                  bool shares, const uint64_t *slots, uint64_t **ret_slots,
                                  wax_error **err)
{
    struct wx_env *parent = self->env;
    if (self->store->thread.depth != 1) {
        return wx_fail(err, WAX_E_UNSUPPORTED, "a call of the embedder's is under way");
    }
    child->module = wx_rt_module_ref(parent->module);
    child->memory_import = parent->memory_import;
    copy_signals(child, self);
    wax_status st = make_store(child, self->store, err);
    if (st == WAX_OK) {
        struct wx_twins twins = {.mem = &child->mem};
        child->main.store->twins = &twins;
        st = copy_thread(child, self, shares, slots, ret_slots, err);
        child->main.store->twins = NULL;
        wx_twins_fini(&twins);
    }
    return st;
}

/* -------- running -------- */

/* A trap is a crash: SIGABRT, with its message in the log. */
static struct wx_exit how_it_ended(struct wx_env *env, wax_status st, int32_t code,
                                   const wax_error *error)
{
    wx_mutex_lock(&env->lock);
    int sig = env->exit_signal;
    wx_mutex_unlock(&env->lock);
    if (st == WAX_OK) {
        return (struct wx_exit){code, sig};
    }
    wx_logf(&env->log, WX_LOG_ERROR, "process", "process %u: %s", env->main.tid,
            error ? wax_error_message(error) : "stopped");
    return (struct wx_exit){128 + SIGABRT, SIGABRT};
}

/* What a host thread is given; on the heap until it has it. */
struct start {
    struct wx_env *env;
    struct wx_ptable *table; /* counted */
    enum wx_begin begin;
};

static void *process_main(void *arg)
{
    struct start s = *(struct start *)arg;
    wx_free(s.table->mem, arg);
    wax_error *error = NULL;
    int32_t code = 0;
    wax_status st = wx_env_run(s.env, s.begin, &code, &error);
    struct wx_exit how = how_it_ended(s.env, st, code, error);
    wax_error_free(error);
    wx_ptable_end(s.table, s.env->main.tid, how);
    wx_env_free(s.env);
    /* Not the last reference: the first process keeps one until it has seen host_end, and behind
     * that the engine whose memory it is may be gone. */
    wx_ptable_unref(s.table);
    wx_ptable_host_end(s.table);
    return NULL;
}

wx_werrno wx_process_start(struct wx_env *child, enum wx_begin begin)
{
    struct wx_ptable *table = child->table;
    struct start *start = wx_alloc(table->mem, sizeof *start);
    if (!start) {
        return WX_WERRNO_NOMEM;
    }
    wx_werrno e = wx_ptable_host_begin(table) ? 0 : WX_WERRNO_AGAIN;
    if (!e) {
        *start = (struct start){child, wx_ptable_ref(table), begin};
        struct wx_os_thread thread;
        e = wx_werrno_from_host(wx_os_thread_start(&thread, HOST_STACK_BYTES, process_main, start));
        if (!e) {
            wx_os_thread_detach(&thread);
            return 0;
        }
        wx_ptable_host_end(table);
        wx_ptable_unref(table);
    }
    wx_free(table->mem, start);
    return e;
}

wx_werrno wx_process_start_next(struct wx_env *child, struct wx_thread *t)
{
    wax_error *error = NULL;
    if (make_store(child, NULL, &error) != WAX_OK) {
        wx_logf(&child->log, WX_LOG_ERROR, "process", "cannot start: %s", wax_error_message(error));
        wax_error_free(error);
        return WX_WERRNO_NOMEM;
    }
    child->main.store->thread.fuel = t->fuel / 2;
    wx_werrno e = wx_process_start(child, WX_BEGIN_NEXT);
    if (!e) {
        t->fuel -= t->fuel / 2;
    }
    return e;
}

void wx_process_end_acting(struct wx_guest_thread *g, struct wx_exit how)
{
    struct wx_env *child = g->acting;
    g->acting = NULL;
    wx_mutex_lock(&child->lock);
    if (child->exit_signal) {
        how = (struct wx_exit){128 + child->exit_signal, child->exit_signal};
    }
    wx_mutex_unlock(&child->lock);
    wx_ptable_end(child->table, child->main.tid, how);
    wx_env_free(child);
}
