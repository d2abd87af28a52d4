/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that come from one. */
#include "wasi/ptable.h"

#include <signal.h>

#include "base/atomic.h"
#include "os/futex.h"
#include "wasi/env.h"

#define MAX_ID 0x1fffffffu /* wasi-threads: thread ids are positive and below 2^29 */

#define FOR_EACH_PROCESS(T, P)                                                                     \
    for (struct wx_list_node *n_ = wx_list_first(&(T)->processes); n_;                             \
         n_ = wx_list_next(&(T)->processes, n_))                                                   \
        for (struct wx_process *P = WX_LIST_ENTRY(n_, struct wx_process, link); P; P = NULL)

struct wx_ptable *wx_ptable_new(struct wx_mem *mem, uint32_t max, uint32_t max_threads)
{
    struct wx_ptable *t = wx_zalloc(mem, sizeof *t);
    if (t) {
        t->mem = wx_mem_ref(mem);
        t->refs = 1;
        t->max = max;
        t->max_threads = max_threads;
        t->next_id = WX_FIRST_PID;
        wx_mutex_init(&t->lock);
        wx_mutex_lock(&t->lock);
        wx_list_init(&t->processes);
        wx_mutex_unlock(&t->lock);
    }
    return t;
}

struct wx_ptable *wx_ptable_ref(struct wx_ptable *t)
{
    wx_add_relaxed(&t->refs, 1); /* the caller holds one already */
    return t;
}

static void drop(struct wx_ptable *t, struct wx_process *p) WAX_REQUIRES(&t->lock)
{
    wx_list_remove(&p->link);
    t->n--;
    wx_free(t->mem, p);
}

void wx_ptable_unref(struct wx_ptable *t)
{
    if (!t || wx_sub_acqrel(&t->refs, 1) != 1) {
        return;
    }
    wx_mutex_lock(&t->lock);
    for (struct wx_list_node *n; (n = wx_list_first(&t->processes)) != NULL;) {
        drop(t, WX_LIST_ENTRY(n, struct wx_process, link)); /* ended; nobody asked */
    }
    wx_program_cache_fini(&t->programs);
    wx_mutex_unlock(&t->lock);
    wx_mutex_fini(&t->lock);
    struct wx_mem *mem = t->mem;
    wx_free(mem, t);
    wx_mem_unref(mem);
}

uint32_t wx_ptable_id(struct wx_ptable *t)
{
    uint32_t id = wx_load_relaxed(&t->next_id);
    while (id <= MAX_ID && !__atomic_compare_exchange_n(&t->next_id, &id, id + 1, false,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return id <= MAX_ID ? id : 0;
}

bool wx_ptable_add_thread(struct wx_ptable *t)
{
    uint32_t n = wx_load_relaxed(&t->n_threads);
    while (n < t->max_threads && !__atomic_compare_exchange_n(&t->n_threads, &n, n + 1, false,
                                                              __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return n < t->max_threads;
}

void wx_ptable_drop_thread(struct wx_ptable *t)
{
    (void)__atomic_fetch_sub(&t->n_threads, 1, __ATOMIC_RELAXED); /* a count, nothing more */
}

static struct wx_process *find(struct wx_ptable *t, uint32_t pid) WAX_REQUIRES(&t->lock)
{
    FOR_EACH_PROCESS(t, p)
    {
        if (p->pid == pid) {
            return p;
        }
    }
    return NULL;
}

wx_werrno wx_ptable_add(struct wx_ptable *t, struct wx_env *env, uint32_t parent, uint32_t *ret_pid)
{
    uint32_t pid = wx_ptable_id(t);
    struct wx_process *p = pid ? wx_zalloc(t->mem, sizeof *p) : NULL;
    if (!p) {
        return pid ? WX_WERRNO_NOMEM : WX_WERRNO_AGAIN;
    }
    *p = (struct wx_process){.pid = pid, .parent = parent, .env = env};
    wx_mutex_lock(&t->lock);
    bool room = !t->closing && t->n < t->max && wx_ptable_add_thread(t);
    if (room) {
        wx_list_add(&t->processes, &p->link);
        t->n++;
    }
    wx_mutex_unlock(&t->lock);
    if (!room) {
        wx_free(t->mem, p);
        return WX_WERRNO_AGAIN;
    }
    *ret_pid = pid;
    return 0;
}

void wx_ptable_remove(struct wx_ptable *t, uint32_t pid)
{
    wx_mutex_lock(&t->lock);
    struct wx_process *p = find(t, pid);
    if (p) {
        wx_ptable_drop_thread(t);
        drop(t, p);
    }
    wx_mutex_unlock(&t->lock);
}

/* Something about a child has changed: whoever waits for it looks again. */
static void tell_parent(struct wx_ptable *t, const struct wx_process *p) WAX_REQUIRES(&t->lock)
{
    struct wx_process *parent = find(t, p->parent);
    if (parent && parent->env) {
        wx_signal_send(parent->env, SIGCHLD);
        wx_env_wake_threads(parent->env);
    }
}

static void give_away_children(struct wx_ptable *t, uint32_t pid) WAX_REQUIRES(&t->lock)
{
    for (struct wx_list_node *n = wx_list_first(&t->processes), *next; n; n = next) {
        struct wx_process *p = WX_LIST_ENTRY(n, struct wx_process, link);
        next = wx_list_next(&t->processes, n);
        if (p->parent != pid) {
            continue;
        }
        p->parent = WX_FIRST_PID;
        p->orphan = true;
        if (!p->env) { /* the first process does not wait for what it did not start */
            drop(t, p);
        }
    }
}

void wx_ptable_end(struct wx_ptable *t, uint32_t pid, struct wx_exit how)
{
    wx_mutex_lock(&t->lock);
    give_away_children(t, pid);
    struct wx_process *p = find(t, pid);
    if (p) {
        wx_ptable_drop_thread(t);
        p->env = NULL;
        p->exit = how;
        tell_parent(t, p);
        if (!p->parent || (p->parent == WX_FIRST_PID && p->orphan)) {
            drop(t, p);
        }
    }
    wx_mutex_unlock(&t->lock);
}

void wx_ptable_borrow(struct wx_ptable *t, uint32_t pid)
{
    wx_mutex_lock(&t->lock);
    struct wx_process *p = find(t, pid);
    if (p) {
        p->borrows = true;
    }
    wx_mutex_unlock(&t->lock);
}

void wx_ptable_release(struct wx_ptable *t, uint32_t pid)
{
    wx_mutex_lock(&t->lock);
    struct wx_process *p = find(t, pid), *parent = p && p->borrows ? find(t, p->parent) : NULL;
    if (p) {
        p->borrows = false;
    }
    if (parent && parent->env) {
        wx_env_wake_threads(parent->env);
    }
    wx_mutex_unlock(&t->lock);
}

bool wx_ptable_borrows(struct wx_ptable *t, uint32_t pid)
{
    wx_mutex_lock(&t->lock);
    const struct wx_process *p = find(t, pid);
    bool borrows = p && p->env && p->borrows;
    wx_mutex_unlock(&t->lock);
    return borrows;
}

void wx_ptable_stopped(struct wx_ptable *t, uint32_t pid, int sig)
{
    wx_mutex_lock(&t->lock);
    struct wx_process *p = find(t, pid);
    if (p && p->stopped != sig) {
        p->stopped = sig;
        p->stop_told = false;
        tell_parent(t, p);
    }
    wx_mutex_unlock(&t->lock);
}

static enum wx_waited look(struct wx_ptable *t, struct wx_process *p, bool stopped_too,
                           uint32_t *ret_pid, struct wx_exit *ret_exit) WAX_REQUIRES(&t->lock)
{
    *ret_pid = p->pid;
    if (!p->env) {
        *ret_exit = p->exit;
        drop(t, p);
        return WX_WAITED_ENDED;
    }
    if (stopped_too && p->stopped && !p->stop_told) {
        p->stop_told = true;
        *ret_exit = (struct wx_exit){0, p->stopped};
        return WX_WAITED_STOPPED;
    }
    return WX_WAITED_NOT_YET;
}

enum wx_waited wx_ptable_wait(struct wx_ptable *t, uint32_t parent, uint32_t pid, bool stopped_too,
                              uint32_t *ret_pid, struct wx_exit *ret_exit)
{
    enum wx_waited got = WX_WAITED_NOBODY;
    wx_mutex_lock(&t->lock);
    for (struct wx_list_node *n = wx_list_first(&t->processes), *next; n; n = next) {
        struct wx_process *p = WX_LIST_ENTRY(n, struct wx_process, link);
        next = wx_list_next(&t->processes, n);
        if (p->parent == parent && (!pid || p->pid == pid)) {
            got = look(t, p, stopped_too, ret_pid, ret_exit);
            if (got != WX_WAITED_NOT_YET) {
                break;
            }
        }
    }
    wx_mutex_unlock(&t->lock);
    return got;
}

bool wx_ptable_parent(struct wx_ptable *t, uint32_t pid, uint32_t *ret_parent)
{
    wx_mutex_lock(&t->lock);
    const struct wx_process *p = find(t, pid);
    *ret_parent = p ? p->parent : 0;
    wx_mutex_unlock(&t->lock);
    return p != NULL;
}

bool wx_ptable_signal(struct wx_ptable *t, uint32_t pid, uint32_t from, int sig)
{
    bool found = false;
    wx_mutex_lock(&t->lock);
    FOR_EACH_PROCESS(t, p)
    {
        if (pid == 0 || (pid == UINT32_MAX ? p->pid != from : p->pid == pid)) {
            found = true;
            if (p->env) {
                wx_signal_send(p->env, sig);
            }
        }
    }
    wx_mutex_unlock(&t->lock);
    return found;
}

/* -------- host threads -------- */

bool wx_ptable_host_begin(struct wx_ptable *t)
{
    wx_mutex_lock(&t->lock);
    bool ok = !t->closing;
    t->n_hosted += ok;
    wx_mutex_unlock(&t->lock);
    return ok;
}

void wx_ptable_host_end(struct wx_ptable *t)
{
    wx_mutex_lock(&t->lock);
    t->n_hosted--;
    (void)__atomic_fetch_add(&t->hosted_word, 1, __ATOMIC_SEQ_CST); /* pairs with wx_ptable_close */
    wx_futex_wake(&t->hosted_word, 1);
    wx_mutex_unlock(&t->lock);
}

static uint32_t kill_others(struct wx_ptable *t)
{
    wx_mutex_lock(&t->lock);
    t->closing = true;
    FOR_EACH_PROCESS(t, p)
    {
        if (p->env && p->parent) {
            wx_env_exit_signal(p->env, SIGKILL);
        }
    }
    uint32_t n = t->n_hosted;
    wx_mutex_unlock(&t->lock);
    return n;
}

void wx_ptable_close(struct wx_ptable *t)
{
    for (;;) {
        uint32_t seq = wx_load_seq(&t->hosted_word);
        if (kill_others(t) == 0) {
            return;
        }
        (void)wx_futex_wait(&t->hosted_word, seq, UINT64_MAX); /* look again, whatever it says */
    }
}
