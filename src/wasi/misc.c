/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments, environment, clocks, random numbers, exit. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/atomic.h"
#include "os/clock.h"
#include "os/fd.h"
#include "wasi/env.h"
#include "wasi/handlers.h"

static uint64_t total_bytes(char *const *list, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += strlen(list[i]) + 1;
    }
    return sum;
}

static wx_wasi_ret write_sizes(struct wx_wasi_call *c, const uint64_t *a, char *const *list,
                               size_t n)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, c->is64 ? 8 : 4);
    e = e ? e : wx_guest_write_size(c, (wx_gptr){a[0]}, n);
    return e ? e : wx_guest_write_size(c, (wx_gptr){a[1]}, total_bytes(list, n));
}

/* Array of pointers at a[0], strings one after the other at a[1]. */
static wx_wasi_ret write_list(struct wx_wasi_call *c, const uint64_t *a, char *const *list,
                              size_t n)
{
    uint64_t width = c->is64 ? 8 : 4, at = a[1];
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, n * width);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[1]}, total_bytes(list, n));
    for (size_t i = 0; i < n && !e; i++) {
        size_t len = strlen(list[i]) + 1;
        e = wx_guest_write_size(c, (wx_gptr){a[0] + i * width}, at);
        e = e ? e : wx_guest_write(c, (wx_gptr){at}, list[i], len);
        at += len;
    }
    return e;
}

wx_wasi_ret wx_wasi_args_sizes_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return write_sizes(c, a, c->env->args, c->env->n_args);
}

wx_wasi_ret wx_wasi_args_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return write_list(c, a, c->env->args, c->env->n_args);
}

wx_wasi_ret wx_wasi_environ_sizes_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return write_sizes(c, a, c->env->environ, c->env->n_environ);
}

wx_wasi_ret wx_wasi_environ_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return write_list(c, a, c->env->environ, c->env->n_environ);
}

enum { REALTIME }; /* the first of them */
static const clockid_t clocks[4] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                    CLOCK_THREAD_CPUTIME_ID};

wx_wasi_ret wx_wasi_clock_res_get(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t ns;
    int e = a[0] < 4 ? wx_clock_resolution(clocks[a[0]], &ns) : -1;
    return a[0] >= 4 ? WX_WERRNO_INVAL
           : e       ? wx_werrno_from_host(e)
                     : wx_guest_write_u64(c, (wx_gptr){a[1]}, ns);
}

wx_wasi_ret wx_wasi_clock_time_get(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t ns;
    int e = a[0] < 4 ? wx_clock_get(clocks[a[0]], &ns) : -1;
    if (e) {
        return a[0] >= 4 ? WX_WERRNO_INVAL : wx_werrno_from_host(e);
    }
    ns += a[0] == REALTIME ? (uint64_t)wx_load_relaxed(&c->env->realtime_offset) : 0;
    return wx_guest_write_u64(c, (wx_gptr){a[2]}, ns);
}

/* For this process and those it forks; the host's clock stays as it is. */
wx_wasi_ret wx_wasi_clock_time_set(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t now;
    int e = a[0] == REALTIME ? wx_clock_get(CLOCK_REALTIME, &now) : EINVAL;
    if (!e) {
        wx_store_relaxed(&c->env->realtime_offset, (int64_t)(a[1] - now));
    }
    return e ? wx_werrno_from_host(e) : 0;
}

/* Gigabytes take seconds: between the chunks a stop is seen, and the next poll acts on it. */
wx_wasi_ret wx_wasi_random_get(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, a[1]);
    for (uint64_t at = 0; at < a[1] && !e;) {
        uint8_t b[1024];
        uint64_t n = a[1] - at < sizeof b ? a[1] - at : sizeof b;
        int host = wx_load_relaxed(&c->t->interrupt) ? EINTR : wx_random_fill(b, n);
        e = host ? wx_werrno_from_host(host) : wx_guest_write(c, (wx_gptr){a[0] + at}, b, n);
        at += n;
    }
    return e;
}

wx_wasi_ret wx_wasi_proc_exit(struct wx_wasi_call *c, const uint64_t *a)
{
    c->t->exit_code = (int32_t)(a[0] & 0xff); /* as POSIX exit */
    wx_env_exit(c->env, c->t->exit_code);
    return WX_RET_EXIT;
}

/*
 * The default actions of POSIX; preview1 has no handlers. Nothing can stop and continue a process
 * here, so the signals that would are refused.
 */
wx_wasi_ret wx_wasi_proc_raise(struct wx_wasi_call *c, const uint64_t *a)
{
    enum { N_SIGNALS = 32 };
    const uint32_t ignored = 1u | 1u << SIGCHLD | 1u << SIGCONT | 1u << SIGURG | 1u << SIGWINCH;
    const uint32_t stops = 1u << SIGSTOP | 1u << SIGTSTP | 1u << SIGTTIN | 1u << SIGTTOU;
    if (a[0] >= N_SIGNALS) {
        return WX_WERRNO_INVAL;
    }
    if ((ignored | stops) >> a[0] & 1) {
        return ignored >> a[0] & 1 ? 0 : WX_WERRNO_NOTSUP;
    }
    c->t->exit_code = 128 + (int32_t)a[0];
    wx_env_exit_signal(c->env, (int)a[0]);
    return WX_RET_EXIT;
}

/* A sleep of no length: gives up the processor and sees interrupts. */
wx_wasi_ret wx_wasi_sched_yield(struct wx_wasi_call *c, const uint64_t *a)
{
    (void)c, (void)a;
    wx_os_yield();
    return 0;
}
