/* SPDX-License-Identifier: Apache-2.0 */
/* The guest process: making, instantiating, ending. */
/*
 * A process ends once: wx_env_exit() records the first exit code and interrupts every other thread;
 * each leaves its guest code with WX_EXIT and its host thread ends. The main thread then waits
 * until the others are gone, so that after wx_env_stop() nothing of the process runs any more.
 */
#include "wasi/env.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "engine/rt/copy.h"
#include "net/policy.h"
#include "os/futex.h"
#include "os/tty.h"
#include "vfs/hostfile.h"
#include "vfs/vnet.h"
#include "wasi/abi.h"
#include "wasi/detect.h"
#include "wasi/dl.h"
#include "wasi/fdtable.h"
#include "wasi/process.h"
#include "wasi/ptable.h"
#include "wasi/rights.h"
#include "wasi/timer.h"
#include "wasi/trace.h"
#include "wasm/dylink.h"

wax_status wx_env_new(struct wx_engine *engine, struct wx_env **ret_env, wax_error **err)
{
    struct wx_env *env = wx_zalloc(wx_engine_get_mem(engine), sizeof *env);
    if (!env) {
        return wx_fail_nomem(err, "an environment");
    }
    env->engine = wx_engine_ref(engine);
    wx_mem_init(&env->mem, wx_engine_get_mem(engine), 0);
    env->log = *wx_engine_get_log(engine);
    env->limits = (struct wx_env_limits){.max_threads = 512,
                                         .max_processes = 64,
                                         .max_fds = 1024,
                                         .thread_stack_bytes = UINT64_C(1) << 20};
    wx_stack_cache_init(&env->stacks);
    wx_mutex_init(&env->lock);
    wx_mutex_lock(&env->lock);
    wx_list_init(&env->threads);
    env->signals.handler = WAX_NO_INDEX;
    wx_mutex_unlock(&env->lock);
    env->file_mem = wx_mem_new(wx_engine_get_mem(engine), 0);
    env->fds = wx_alloc(&env->mem, sizeof *env->fds);
    env->ttys = env->file_mem ? wx_tty_keeper_new(env->file_mem) : NULL;
    env->is_first = true;
    if (!env->file_mem || !env->fds || !env->ttys) {
        wx_free(&env->mem, env->fds);
        env->fds = NULL;
        wx_env_free(env);
        return wx_fail_nomem(err, "an environment");
    }
    wx_fdtable_init(env->fds, &env->mem, env->limits.max_fds, wx_engine_get_fds(engine));
    *ret_env = env;
    return WAX_OK;
}

void wx_env_inherit(struct wx_env *env, const struct wx_env *parent)
{
    wx_tty_keeper_unref(env->ttys);
    wx_mem_unref(env->file_mem);
    env->file_mem = wx_mem_ref(parent->file_mem);
    env->ttys = wx_tty_keeper_ref(parent->ttys);
    env->net = wx_net_ref(parent->net);
    env->vnet = wx_vnet_ref(parent->vnet);
    env->is_first = false;
    env->realtime_offset = wx_load_relaxed(&parent->realtime_offset);
}

void wx_env_join_others(struct wx_env *env)
{
    for (;;) {
        uint32_t seq = wx_load_seq(&env->threads_word);
        wx_signal_take_host(env);
        wx_mutex_lock(&env->lock);
        uint32_t n = env->n_others;
        env->waited = true;
        wx_mutex_unlock(&env->lock);
        if (n == 0) {
            return;
        }
        (void)wx_futex_wait(&env->threads_word, seq, UINT64_MAX); /* look again, whatever it says */
    }
}

static void interrupt_others(struct wx_env *env, const struct wx_thread *self)
    WAX_REQUIRES(&env->lock)
{
    for (struct wx_list_node *n = wx_list_first(&env->threads); n;
         n = wx_list_next(&env->threads, n)) {
        struct wx_guest_thread *g = WX_LIST_ENTRY(n, struct wx_guest_thread, link);
        struct wx_thread *t = &g->store->thread;
        if (!self || t != self || t->depth > 1) { /* below a host function: all of it */
            wx_store_relaxed(&t->interrupt_exit_code, env->exit_code);
            wx_thread_interrupt(t, WX_INT_EXIT);
        }
    }
}

static void end(struct wx_env *env, int32_t code, int sig, const struct wx_thread *self)
{
    wx_mutex_lock(&env->lock);
    if (!env->exiting || env->execs) { /* an exec under way comes to nothing */
        env->exiting = true;
        env->execs = false;
        env->exit_code = code;
        env->exit_signal = sig;
    }
    interrupt_others(env, self);
    wx_mutex_unlock(&env->lock);
}

wx_werrno wx_env_exec(struct wx_env *env, struct wx_program *program)
{
    wx_mutex_lock(&env->lock);
    wx_werrno e = wx_load_relaxed(&env->runs) ? 0 : WX_WERRNO_NOTSUP;
    if (!e && !env->exiting) {
        env->exiting = true;
        env->execs = true;
        env->exit_code = 0;
        struct wx_program before = env->next;
        env->next = *program;
        *program = before; /* what another exec left when the process ended all the same */
        interrupt_others(env, wx_thread_current);
    }
    wx_mutex_unlock(&env->lock);
    wx_program_fini(&env->mem, program);
    return e;
}

void wx_env_exit(struct wx_env *env, int32_t code) { end(env, code, 0, wx_thread_current); }
void wx_env_exit_signal(struct wx_env *env, int sig) { end(env, 128 + sig, sig, NULL); }
void wx_env_signal_group(struct wx_env *env, int sig)
{
    (void)wx_ptable_signal(env->table, 0, 0, sig); /* at least this one is there */
}

void wx_env_cancel(struct wx_env *env)
{
    wx_mutex_lock(&env->lock);
    env->exiting = true;
    for (struct wx_list_node *n = wx_list_first(&env->threads); n;
         n = wx_list_next(&env->threads, n)) {
        wx_store_cancel(WX_LIST_ENTRY(n, struct wx_guest_thread, link)->store);
    }
    wx_mutex_unlock(&env->lock);
}

void wx_env_stop(struct wx_env *env)
{
    wx_env_exit(env, 0);
    wx_env_join_others(env);
}

void wx_guest_thread_fini(struct wx_guest_thread *g)
{
    if (g->acting) {
        wx_process_end_acting(g, (struct wx_exit){128 + SIGKILL, SIGKILL});
    }
    wx_snapshots_drop(g);
    wx_contexts_drop(g);
    wx_dl_end_thread(g);
}

void wx_env_free(struct wx_env *env)
{
    if (!env) {
        return;
    }
    wx_env_stop(env);
    wx_guest_thread_fini(&env->main);
    if (env->table && env->is_first) {
        wx_ptable_close(env->table);
        wx_ptable_remove(env->table, env->main.tid);
    }
    wx_ptable_unref(env->table);
    wx_env_fini_timers(env);
    wx_mutex_lock(&env->lock);
    wx_error_clear(&env->trap_error);
    wx_program_fini(&env->mem, &env->next);
    wx_mutex_unlock(&env->lock);
    if (env->fds) {
        wx_fdtable_fini(env->fds);
        wx_free(&env->mem, env->fds);
    }
    for (size_t i = 0; i < env->n_args; i++) {
        wx_free(&env->mem, env->args[i]);
    }
    for (size_t i = 0; i < env->n_environ; i++) {
        wx_free(&env->mem, env->environ[i]);
    }
    wx_env_fini_mounts(env);
    wx_env_fini_files(env);
    wx_net_unref(env->net);
    wx_vnet_unref(env->vnet);
    wx_free(&env->mem, env->args);
    wx_free(&env->mem, env->environ);
    wx_dl_free(env);
    if (env->is_first) {
        wx_trace_free(env->trace); /* of all */
    }
    if (env->owns_store) {
        wx_store_free(env->main.store);
    } else if (env->main.store) { /* the process ended in it, the store lives on */
        wx_thread_clear_interrupt(&env->main.store->thread, WX_INT_EXIT);
        env->main.store->thread.owner = NULL;
        wx_signal_detach(&env->main.store->thread);
        wx_context_detach(&env->main.store->thread);
    }
    wx_memory_unref(env->memory);
    wx_rt_module_unref(env->module);
    wx_stack_cache_fini(&env->stacks);
    wx_mutex_fini(&env->lock);
    if (env->is_first && env->ttys) {
        wx_tty_keeper_restore(env->ttys);
    }
    wx_tty_keeper_unref(env->ttys);
    wx_mem_unref(env->file_mem);
    struct wx_engine *engine = env->engine;
    wx_free(wx_engine_get_mem(engine), env);
    wx_engine_unref(engine);
}

static wax_status push_string(struct wx_env *env, char ***list, size_t *n, const char *s,
                              wax_error **err)
{
    char **grown = wx_realloc(&env->mem, *list, (*n + 1) * sizeof *grown);
    if (grown) {
        *list = grown;
    }
    char *copy = grown ? wx_strndup(&env->mem, s, strlen(s)) : NULL;
    if (!copy) {
        return wx_fail_nomem(err, "an argument");
    }
    grown[(*n)++] = copy;
    return WAX_OK;
}

wax_status wx_env_add_arg(struct wx_env *env, const char *arg, wax_error **err)
{
    return push_string(env, &env->args, &env->n_args, arg, err);
}

wax_status wx_env_add_var(struct wx_env *env, const char *pair, wax_error **err)
{
    return push_string(env, &env->environ, &env->n_environ, pair, err);
}

/* -------- descriptors -------- */

void wx_env_limit_fds(struct wx_env *env, uint32_t max_fds)
{
    env->limits.max_fds = max_fds;
    env->fds->max = max_fds; /* before anybody else has the table */
}

wax_status wx_env_set_stream(struct wx_env *env, uint32_t n, struct wx_file *file, wax_error **err)
{
    if (!file) {
        return wx_fail_nomem(err, "a stream");
    }
    if (file->filetype == WX_FT_CHAR && !isatty(file->host_fd)) {
        file->filetype = WX_FT_UNKNOWN; /* the guest takes a character device for a terminal */
    }
    struct wx_fd entry = {.file = file, .flags = wx_hostfile_appends(file) ? WX_FDFLAG_APPEND : 0};
    entry.rights = WX_R(WX_RN_FD_FDSTAT_SET_FLAGS) | WX_R(WX_RN_FD_FILESTAT_GET) |
                   WX_R(WX_RN_POLL_FD_READWRITE) | WX_R(WX_RN_FD_SYNC) | WX_R(WX_RN_FD_DATASYNC) |
                   (n == 0 ? WX_R(WX_RN_FD_READ) : WX_R(WX_RN_FD_WRITE));
    if (file->filetype == WX_FT_FILE) {
        entry.rights |= WX_R(WX_RN_FD_SEEK) | WX_R(WX_RN_FD_TELL);
    } else if (file->filetype == WX_FT_STREAM) {
        entry.rights |= WX_R(WX_RN_SOCK_SHUTDOWN);
    }
    uint32_t got;
    wx_werrno e = wx_fdtable_add(env->fds, &entry, n, &got);
    if (e) {
        wx_file_unref(entry.file);
        return e == WX_WERRNO_NFILE
                   ? wx_fail(err, WAX_E_LIMIT, "stream %u is over the limit of all guests", n)
               : e == WX_WERRNO_MFILE
                   ? wx_fail(err, WAX_E_LIMIT, "stream %u is over the limit of %u descriptors", n,
                             env->limits.max_fds)
                   : wx_fail_nomem(err, "a stream");
    }
    return WAX_OK;
}

/* -------- instantiating -------- */

/*
 * The first memory import: one for all threads. The embedder's if it defines one, else made here
 * with the declared type.
 */
static wax_status make_memory(struct wx_env *env, wax_error **err)
{
    const struct wx_module *w = env->module->wasm;
    const struct wx_import *im = NULL;
    for (uint32_t i = 0; i < w->n_imports && !im; i++) {
        im = w->imports[i].kind == WX_EXT_MEMORY ? &w->imports[i] : NULL;
    }
    env->memory_import = im;
    if (!im) {
        return WAX_OK;
    }
    struct wx_extern ext;
    wax_status st =
        env->embedder && env->is_first && !wx_load_relaxed(&env->runs) /* not of later programs */
            ? wx_linker_find(env->embedder, env->main.store, env->module, im, &ext, err)
            : WAX_E_NOT_FOUND;
    if (st == WAX_E_NOT_FOUND) {
        bool forks = env->main.store->forkable;
        return (forks ? wx_memory_new_forkable : wx_memory_new)(
            env->engine, &w->memories[im->idx], env->limits.max_memory_bytes, &env->memory, err);
    }
    if (st == WAX_OK && ext.kind == WX_EXT_MEMORY) { /* another kind fails when linking */
        env->memory = wx_memory_ref(ext.u.memory);
    }
    return st;
}

static wax_status provide_memory(void *data, struct wx_store *store,
                                 const struct wx_rt_module *module, const struct wx_import *import,
                                 struct wx_extern *ret, wax_error **err)
{
    (void)store, (void)module, (void)err;
    const struct wx_guest_thread *self = data;
    if (import != self->env->memory_import || !self->env->memory) {
        return WAX_E_NOT_FOUND;
    }
    *ret = (struct wx_extern){.kind = WX_EXT_MEMORY, .u.memory = self->env->memory};
    return WAX_OK;
}

/* In a store that is made as a copy: the instance to be copied says what is in it (rt/copy.c). */
static wax_status stand_in(struct wx_store *store, struct wx_extern *ext, wax_error **err)
{
    const uint64_t none[2] = {0, 0};
    return ext->kind == WX_EXT_TABLE
               ? wx_table_new(store, &ext->u.table->type, none, &ext->u.table, err)
               : wx_global_new(store, &ext->u.global->type, none, &ext->u.global, err);
}

/*
 * Objects of the embedder belong to the main thread's store. Another thread can have what has no
 * state of its own: functions made per store, shared memories, constants. A child has copies of
 * globals and tables.
 */
static wax_status for_thread(const struct wx_guest_thread *self, const struct wx_import *import,
                             struct wx_extern *ext, wax_error **err)
{
    const struct wx_global *g = ext->kind == WX_EXT_GLOBAL ? ext->u.global : NULL;
    bool fits = (ext->kind == WX_EXT_FUNC && ext->u.func->store == self->store) ||
                (ext->kind == WX_EXT_MEMORY && ext->u.memory->type.shared);
    if (fits) {
        return WAX_OK;
    }
    if (ext->kind == WX_EXT_TAG) { /* exceptions do not cross threads: one of its own will do */
        return wx_tag_new(self->store, ext->u.tag->sig, &ext->u.tag, err);
    }
    if (g && !g->type.mut && !wx_type_is_ref(g->type.type)) {
        return wx_global_new(self->store, &g->type, g->value, &ext->u.global, err);
    }
    if (self->store->twins && (g || ext->kind == WX_EXT_TABLE)) {
        return stand_in(self->store, ext, err);
    }
    (void)wx_fail(err, WAX_E_LINK, "import '%.*s.%.*s' belongs to the main thread only",
                  (int)import->module.len, import->module.p, (int)import->name.len, import->name.p);
    wx_error_set_hint(err, "functions for all threads are defined with wax_linker_define_func()");
    return WAX_E_LINK;
}

static wax_status provide_embedder(void *data, struct wx_store *store,
                                   const struct wx_rt_module *module,
                                   const struct wx_import *import, struct wx_extern *ret,
                                   wax_error **err)
{
    const struct wx_guest_thread *self = data;
    if (!self->env->embedder) {
        return WAX_E_NOT_FOUND;
    }
    wax_status st = wx_linker_find(self->env->embedder, store, module, import, ret, err);
    return st == WAX_OK && !(self->is_main && self->env->is_first)
               ? for_thread(self, import, ret, err)
               : st;
}

wax_status wx_env_new_linker(struct wx_guest_thread *self, struct wx_linker **ret_linker,
                             wax_error **err)
{
    struct wx_linker *l;
    wax_status st = wx_linker_new(self->env->engine, &self->env->mem, &l, err);
    if (st != WAX_OK) {
        return st;
    }
    /* The memory of all threads, the embedder's definitions, then WASI. */
    static const wx_provider_fn providers[] = {provide_memory, provide_embedder, wx_abi_provide};
    for (size_t i = 0; i < 3 && st == WAX_OK; i++) {
        st = wx_linker_add_provider(l, providers[i], self, err);
    }
    if (st != WAX_OK) {
        wx_linker_free(l);
        return st;
    }
    *ret_linker = l;
    return WAX_OK;
}

/* `from`: whose instance to copy, and whether to share its memories; NULL: a fresh one. */
static wax_status link_instance(struct wx_guest_thread *self, const struct wx_guest_thread *from,
                                bool shares, wax_error **err)
{
    struct wx_env *env = self->env;
    if (wx_dylink_is(env->module->wasm)) {
        return from ? wx_dl_copy_thread(self, from, shares, err) : wx_dl_link_thread(self, err);
    }
    struct wx_linker *l;
    wax_status st = wx_env_new_linker(self, &l, err);
    if (st != WAX_OK) {
        return st;
    }
    const struct wx_module *w = env->module->wasm;
    struct wx_extern *imports =
        wx_zalloc_array(&env->mem, (size_t)w->n_imports + 1, sizeof *imports);
    st = imports ? WAX_OK : wx_fail_nomem(err, "imports");
    if (st == WAX_OK) {
        st = wx_linker_resolve(l, self->store, env->module, imports, err);
    }
    if (st == WAX_OK) {
        st = from ? wx_instance_copy(self->store, from->instance, imports, shares, &self->instance,
                                     err)
                  : wx_instantiate(self->store, env->module, imports, false, &self->instance, err);
    }
    wx_free(&env->mem, imports);
    wx_linker_free(l);
    return st;
}

wax_status wx_env_link_thread(struct wx_guest_thread *self, wax_error **err)
{
    return link_instance(self, NULL, false, err);
}

wax_status wx_env_start_instance(struct wx_guest_thread *self, wax_error **err)
{
    uint32_t idx = self->env->module->wasm->start_func;
    if (idx == WAX_NO_INDEX) {
        return WAX_OK;
    }
    struct wx_func *f = wx_instance_func(self->instance, idx);
    return f ? wx_enter(self->store, f, NULL, NULL, err) : wx_fail_nomem(err, "a function");
}

/* The memory WASI works on: the imported one, else the exported "memory", else any exported. */
static wax_status find_memory(struct wx_env *env, wax_error **err)
{
    const struct wx_module *w = env->module->wasm;
    const struct wx_export *e = wx_module_find_export(w, "memory", 6);
    for (uint32_t i = 0; i < w->n_exports && !(e && e->kind == WX_EXT_MEMORY); i++) {
        e = &w->exports[i];
    }
    if (!env->memory && e && e->kind == WX_EXT_MEMORY) {
        env->memory = wx_memory_ref(env->main.instance->memories[e->idx]);
    }
    if (!env->memory && wx_wasi_versions(w)) {
        (void)wx_fail(err, WAX_E_LINK, "the module imports WASI but has no memory to share");
        wx_error_set_hint(err, "import or export a memory");
        return WAX_E_LINK;
    }
    return WAX_OK;
}

wax_status wx_env_link_copy(struct wx_guest_thread *self, const struct wx_guest_thread *from,
                            bool shares, wax_error **err)
{
    wax_status st = link_instance(self, from, shares, err);
    return st == WAX_OK ? find_memory(self->env, err) : st;
}

wax_status wx_env_call_export(struct wx_env *env, const char *name, bool needed, wax_error **err)
{
    struct wx_extern ext;
    if (!wx_instance_export(env->main.instance, name, strlen(name), &ext) ||
        ext.kind != WX_EXT_FUNC) {
        return needed ? wx_fail(err, WAX_E_NOT_FOUND, "the module exports no function '%s'", name)
                      : WAX_OK;
    }
    if (ext.u.func->sig->n_params || ext.u.func->sig->n_results) {
        return wx_fail(err, WAX_E_TYPE, "'%s' must take and return nothing", name);
    }
    return wx_enter(env->main.store, ext.u.func, NULL, NULL, err);
}

/* The first process, with the table of those to come, and of the ids of threads. */
static wax_status number(struct wx_env *env, wax_error **err)
{
    env->table = wx_ptable_new(env->file_mem, env->limits.max_processes, env->limits.max_threads);
    bool ok = env->table && wx_ptable_add(env->table, env, 0, &env->main.tid) == 0;
    return ok ? WAX_OK : wx_fail_nomem(err, "a process");
}

/* Does the module import it from any version of WASIX? */
static bool forks(const struct wx_module *w)
{
    bool found = false;
    for (uint32_t i = 0; i < w->n_imports && !found; i++) {
        const struct wx_import *im = &w->imports[i];
        found = im->kind == WX_EXT_FUNC && wx_abi_is_space(im->module) && im->name.len == 9 &&
                memcmp(im->name.p, "proc_fork", 9) == 0;
    }
    return found;
}

wax_status wx_env_load(struct wx_env *env, wax_error **err)
{
    env->main.store->forkable = env->grants.processes && forks(env->module->wasm);
    wax_status st = make_memory(env, err);
    if (st == WAX_OK) {
        st = wx_env_link_thread(&env->main, err);
    }
    if (st == WAX_OK) {
        st = find_memory(env, err);
    }
    if (st == WAX_OK) { /* now that WASI has a memory: it may call in */
        st = env->dl ? wx_dl_start(&env->main, err) : wx_env_start_instance(&env->main, err);
    }
    return st;
}

wax_status wx_env_instantiate(struct wx_env *env, struct wx_rt_module *module,
                              struct wx_store *store, wax_error **err)
{
    env->module = wx_rt_module_ref(module);
    env->wasix = (wx_wasi_versions(module->wasm) & (WX_WASIX_32V1 | WX_WASIX_64V1)) != 0 ||
                 wx_dylink_is(module->wasm);
    env->main = (struct wx_guest_thread){.env = env, .store = store, .is_main = true};
    wax_status st = WAX_OK;
    if (!store) {
        env->owns_store = true;
        st = wx_store_new(env->engine, 0, 0, &env->main.store, err);
    }
    if (st != WAX_OK) {
        return st;
    }
    env->main.store->max_memory_bytes = env->limits.max_memory_bytes;
    env->main.store->thread.owner = &env->main;
    wx_signal_attach(&env->main.store->thread);
    wx_context_attach(&env->main.store->thread);
    st = number(env, err);
    wx_mutex_lock(&env->lock);
    env->n_threads = 1;
    wx_list_add(&env->threads, &env->main.link);
    wx_mutex_unlock(&env->lock);
    st = st == WAX_OK ? wx_env_place_mounts(env, err) : st;
    st = st == WAX_OK ? wx_env_place_files(env, err) : st;
    st = st == WAX_OK ? wx_env_load(env, err) : st;
    struct wx_extern start;
    if (st == WAX_OK && !wx_instance_export(env->main.instance, "_start", 6, &start)) {
        st = wx_env_call_export(env, "_initialize", false, err); /* commands do it in _start */
    }
    return st;
}

void wx_env_wake_threads(struct wx_env *env)
{
    wx_mutex_lock(&env->lock);
    for (struct wx_list_node *n = wx_list_first(&env->threads); n;
         n = wx_list_next(&env->threads, n)) {
        wx_thread_wake(&WX_LIST_ENTRY(n, struct wx_guest_thread, link)->store->thread);
    }
    wx_mutex_unlock(&env->lock);
}

uint32_t wx_env_n_threads(struct wx_env *env)
{
    wx_mutex_lock(&env->lock);
    uint32_t n = env->n_threads;
    wx_mutex_unlock(&env->lock);
    return n;
}
