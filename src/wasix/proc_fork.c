/* SPDX-License-Identifier: Apache-2.0 */
/* proc_fork: a copy of the process, with the calling thread only; or in its memory (vfork).
 * proc_fork_env: only of what it has of files, which the calling thread works on. */
/*
 * The guest is left first, so that all of the thread lies in memory; then memory, instance and
 * stacks are copied, and both go on behind the call: the parent with the child's number, the child
 * with 0. Nothing of the guest is unwound or rewound; modules made for that work as well.
 *
 * Source: WASIX proc_fork; POSIX.1-2017 fork().
 */
#include "base/atomic.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/process.h"
#include "wasix/dl.h"
#include "wasix/proc_args.h"

static wx_werrno refuse(const struct wx_wasi_call *c, wax_status st, wax_error *error)
{
    wx_logf(&c->env->log, WX_LOG_ERROR, "process", "cannot fork: %s",
            error ? wax_error_message(error) : "no reason");
    wax_error_free(error);
    return st == WAX_E_UNSUPPORTED ? WX_WERRNO_NOTSUP : WX_WERRNO_NOMEM;
}

/* The child's results: 0 in both places. */
static void answer_child(struct wx_env *child, uint64_t *slots, uint64_t pid_ptr)
{
    const uint32_t none = 0;
    slots[0] = 0;
    wx_memory_write(child->memory, pid_ptr, &none, sizeof none);
}

static enum wx_outcome resume_vfork(struct wx_thread *t, enum wx_wake why);

enum { S_PID_PTR, S_SHARES, S_PID = S_SHARES, S_MODE };

/* The parent stands still while the child has its memory, and takes no signals there. */
static wx_wasi_ret wait_for_child(struct wx_wasi_call *c, const uint64_t s[4])
{
    uint32_t seq = wx_load_seq(&c->t->wake_seq);
    if (!wx_ptable_borrows(c->env->table, (uint32_t)s[S_PID])) {
        wx_guest_unhold_signals(c->self, (uint8_t)s[S_MODE]);
        return wx_guest_write_u32(c, (wx_gptr){s[S_PID_PTR]}, (uint32_t)s[S_PID]);
    }
    return wx_wasi_wait_woken(c, seq, resume_vfork, s);
}

static enum wx_outcome resume_vfork(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    const struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    return wx_wasi_finish(&c, wait_for_child(&c, w.state));
}

static wx_wasi_ret fork_process(struct wx_wasi_call *c, uint64_t pid_ptr, bool shares)
{
    struct wx_env *child;
    wx_werrno e = wx_process_new(c->env, &child);
    if (e) {
        return e;
    }
    uint32_t pid = child->main.tid;
    uint64_t *slots;
    wax_error *error = NULL;
    wax_status st = wx_process_copy_thread(child, c->self, shares, c->slots, &slots, &error);
    if (st != WAX_OK) {
        wx_process_undo(child);
        return refuse(c, st, error);
    }
    answer_child(child, slots, pid_ptr);
    if (child->main.group && !shares) {
        wx_dl_disown(child->main.group, false); /* the turn of this call */
    }
    child->main.store->thread.fuel = c->t->fuel / 2;
    uint8_t mode = 0;
    if (shares) {
        wx_ptable_borrow(child->table, pid);
        mode = wx_guest_hold_signals(c->self);
    }
    e = wx_process_start(child, WX_BEGIN_COPY);
    if (e) {
        wx_process_undo(child);
        if (shares) {
            wx_guest_unhold_signals(c->self, mode);
        }
        return e;
    }
    c->t->fuel -= c->t->fuel / 2;
    const uint64_t s[4] = {pid_ptr, pid, mode};
    return shares ? wait_for_child(c, s) : wx_guest_write_u32(c, (wx_gptr){pid_ptr}, pid);
}

static enum wx_outcome resume_fork(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    bool shares = w.state[S_SHARES] != 0;
    wx_wasi_ret ret = fork_process(&c, w.state[S_PID_PTR], shares);
    if (c.self->group && !shares) {
        wx_dl_disown(c.self->group, false);
    }
    return wx_wasi_finish(&c, ret);
}

static enum wx_outcome resume_turn(struct wx_thread *t, enum wx_wake why);

/* While libraries are being loaded there is no copy: the thread that does it would not be there. */
static wx_wasi_ret take_turn(struct wx_wasi_call *c, uint64_t pid_ptr)
{
    uint32_t seq = wx_load_seq(&c->t->wake_seq);
    if (!wx_dl_want(c->self->group)) {
        const uint64_t s[4] = {pid_ptr};
        return wx_wasi_wait_woken(c, seq, resume_turn, s);
    }
    return wx_wasi_leave(c, resume_fork, pid_ptr, false);
}

static enum wx_outcome resume_turn(struct wx_thread *t, enum wx_wake why)
{
    const struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    if (why == WX_WAKE_SIGNAL) {
        return WX_WAIT; /* goes on after the handlers */
    }
    return wx_wasi_finish(&c, take_turn(&c, w.state[S_PID_PTR]));
}

wx_wasi_ret wx_wasi_proc_fork(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_werrno e = wx_proc_may_fork(c);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[1]}, 4);
    if (e) {
        return e;
    }
    bool shares = !(a[0] & 0xff);
    return c->self->group && !shares ? take_turn(c, a[1])
                                     : wx_wasi_leave(c, resume_fork, a[1], shares);
}

/*
 * The calling thread goes on as the child: its descriptors, its directory, its number. It is the
 * parent's again when that child execs or exits, and those calls return; the guest jumps back.
 */
wx_wasi_ret wx_wasi_proc_fork_env(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_env *child;
    wx_werrno e = wx_proc_may_fork(c);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[0]}, 4);
    e = e ? e : wx_process_new(c->env, &child);
    if (e) {
        return e;
    }
    c->self->acting = child;
    return wx_guest_write_u32(c, (wx_gptr){a[0]}, child->main.tid);
}

wx_wasi_ret wx_wasi_proc_exit2(struct wx_wasi_call *c, const uint64_t *a)
{
    if (!c->self->acting) {
        return wx_wasi_proc_exit(c, a);
    }
    wx_process_end_acting(c->self, (struct wx_exit){(int32_t)(a[0] & 0xff), 0});
    return WX_RET_DONE;
}
