/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: waiting for children, parents, signals to others. */
#include <string.h>

#include "base/atomic.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/ptable.h"
#include "wasi/signal.h"

enum { NON_BLOCKING = 1, WAKE_STOPPED = 2 };         /* join_flags */
enum { NOTHING, EXIT_NORMAL, EXIT_SIGNAL, STOPPED }; /* join_status */
enum { STATUS_BYTES = 6, OPTION_PID_BYTES = 8, ANY_OF_OPTION = 0 };

enum { S_PID_PTR, S_FLAGS, S_STATUS_PTR, S_WANT };

static wx_werrno write_status(struct wx_wasi_call *c, uint64_t at, enum wx_waited waited,
                              const struct wx_exit *how)
{
    uint8_t b[STATUS_BYTES] = {NOTHING};
    if (waited == WX_WAITED_STOPPED) {
        b[0] = STOPPED;
        b[2] = (uint8_t)how->signal;
    } else if (waited == WX_WAITED_ENDED) {
        b[0] = how->signal ? EXIT_SIGNAL : EXIT_NORMAL;
        b[2] =
            how->signal ? 0 : (uint8_t)how->code; /* or libc makes no status of a signal of both */
        b[4] = (uint8_t)how->signal;
    }
    return wx_guest_write(c, (wx_gptr){at}, b, sizeof b);
}

/* "Some", even if it is the 0 that stands for nobody yet: libc returns it from waitpid(). */
static wx_werrno write_pid(struct wx_wasi_call *c, uint64_t at, uint32_t pid)
{
    uint8_t b[OPTION_PID_BYTES] = {1};
    memcpy(b + 4, &pid, sizeof pid);
    return wx_guest_write(c, (wx_gptr){at}, b, sizeof b);
}

static enum wx_outcome resume_join(struct wx_thread *t, enum wx_wake why);

/* A child that is there already counts more than the signal that told so. */
static wx_wasi_ret join(struct wx_wasi_call *c, const uint64_t s[4], bool interrupted)
{
    uint32_t seq = wx_load_seq(&c->t->wake_seq), pid = 0;
    struct wx_exit how = {0, 0};
    enum wx_waited waited = wx_ptable_wait(c->env->table, c->env->main.tid, (uint32_t)s[S_WANT],
                                           (s[S_FLAGS] & WAKE_STOPPED) != 0, &pid, &how);
    if (waited == WX_WAITED_NOBODY) {
        return WX_WERRNO_CHILD;
    }
    if (waited == WX_WAITED_NOT_YET) {
        if (s[S_FLAGS] & NON_BLOCKING) {
            return 0; /* nobody, nothing: as both are already */
        }
        if (interrupted) {
            return WX_WERRNO_INTR;
        }
        return wx_wasi_wait_woken(c, seq, resume_join, s);
    }
    wx_werrno e = write_pid(c, s[S_PID_PTR], pid);
    return e ? e : write_status(c, s[S_STATUS_PTR], waited, &how);
}

static enum wx_outcome resume_join(struct wx_thread *t, enum wx_wake why)
{
    const struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    bool interrupted = wx_signal_restarts(t, why) == WX_WAKE_SIGNAL;
    return wx_wasi_finish(&c, join(&c, w.state, interrupted));
}

wx_wasi_ret wx_wasi_proc_join(struct wx_wasi_call *c, const uint64_t *a)
{
    uint8_t want[OPTION_PID_BYTES];
    uint32_t pid = 0;
    wx_werrno e = wx_guest_read(c, (wx_gptr){a[0]}, want, sizeof want);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[2]}, STATUS_BYTES);
    if (e) {
        return e;
    }
    if (want[0] == 1) {
        memcpy(&pid, want + 4, sizeof pid);
        if (!pid) {
            return WX_WERRNO_CHILD;
        }
    }
    e = write_pid(c, a[0], 0);
    e = e ? e : write_status(c, a[2], WX_WAITED_NOT_YET, NULL);
    const uint64_t s[4] = {a[0], a[1], a[2], pid};
    return e ? e : join(c, s, false);
}

wx_wasi_ret wx_wasi_proc_parent(struct wx_wasi_call *c, const uint64_t *a)
{
    uint32_t parent;
    return wx_ptable_parent(c->env->table, (uint32_t)a[0], &parent)
               ? wx_guest_write_u32(c, (wx_gptr){a[1]}, parent)
               : WX_WERRNO_SRCH;
}

wx_wasi_ret wx_wasi_proc_signal(struct wx_wasi_call *c, const uint64_t *a)
{
    if (a[1] >= WX_N_SIGNALS) {
        return WX_WERRNO_INVAL;
    }
    uint32_t pid = (uint32_t)a[0];
    if ((int32_t)pid < -1) { /* a group: there is one, that of the first process */
        if (pid != 0u - WX_FIRST_PID) {
            return WX_WERRNO_SRCH;
        }
        pid = 0;
    }
    return wx_ptable_signal(c->env->table, pid, c->env->main.tid, (int)a[1]) ? 0 : WX_WERRNO_SRCH;
}

/* There is no journal to write it to: as without one elsewhere, that is no error. */
wx_wasi_ret wx_wasi_proc_snapshot(struct wx_wasi_call *c, const uint64_t *a)
{
    (void)c, (void)a;
    return 0;
}
