/* SPDX-License-Identifier: Apache-2.0 */
/* Interval timers. */
/*
 * A kernel timer sends our real-time signal to the host thread that set it, which sets the
 * interrupt bit of the guest thread it runs; that thread then asks here which timers are due. So
 * nothing but the guest's own threads runs (R8), and a late signal is no harm: the clock decides.
 *
 * One signal is under way at a time: an interval starts again when somebody has looked. And time
 * has a resolution, so that a guest that asks for a nanosecond still gets on between two of them.
 */
#include "wasi/timer.h"

#include <errno.h>

#include "os/clock.h"
#include "os/signal.h"
#include "wasi/env.h"

#define RESOLUTION_NS UINT64_C(100000)

struct timer {
    struct wx_timer host;
    uint64_t due_ns;      /* monotonic; 0: not armed */
    uint64_t interval_ns; /* 0: once */
};

struct wx_guest_timers {
    struct timer of[WX_N_SIGNALS];
};

static int arm(struct wx_env *env, struct timer *timer, uint64_t ns, bool repeat)
    WAX_REQUIRES(&env->lock)
{
    (void)env; /* its lock is held */
    wx_timer_stop(&timer->host);
    *timer = (struct timer){0};
    if (!ns) {
        return 0;
    }
    ns = ns < RESOLUTION_NS ? RESOLUTION_NS : ns;
    uint64_t due = wx_clock_after(ns); /* not later than the kernel's */
    int e = wx_timer_start_soft(&timer->host, ns, wx_signal_kick_number(), wx_thread_current);
    if (!e) {
        timer->due_ns = due;
        timer->interval_ns = repeat ? ns : 0;
    }
    return e;
}

int wx_env_set_timer(struct wx_env *env, int sig, uint64_t ns, bool repeat)
{
    if (wx_engine_get_config(env->engine)->signals != WX_SIGNALS_OWN) {
        return ENOTSUP;
    }
    wx_mutex_lock(&env->lock);
    if (!env->timers && ns) {
        env->timers = wx_zalloc(&env->mem, sizeof *env->timers);
    }
    int e = env->timers ? arm(env, &env->timers->of[sig], ns, repeat) : ns ? ENOMEM : 0;
    wx_mutex_unlock(&env->lock);
    return e;
}

/* Several intervals that passed unseen are one signal, as in POSIX. */
static bool take(struct timer *timer, uint64_t now)
{
    if (!timer->due_ns || now < timer->due_ns) {
        return false;
    }
    if (timer->interval_ns) {
        timer->due_ns += ((now - timer->due_ns) / timer->interval_ns + 1) * timer->interval_ns;
        timer->due_ns = timer->due_ns - now < RESOLUTION_NS ? now + RESOLUTION_NS : timer->due_ns;
        wx_timer_again(&timer->host, timer->due_ns - now);
    } else {
        timer->due_ns = 0;
        wx_timer_stop(&timer->host);
    }
    return true;
}

uint32_t wx_env_take_timers(struct wx_env *env)
{
    uint32_t due = 0;
    wx_mutex_lock(&env->lock);
    if (env->timers) {
        uint64_t now = wx_clock_now();
        for (unsigned sig = 1; sig < WX_N_SIGNALS; sig++) {
            due |= (uint32_t)take(&env->timers->of[sig], now) << sig;
        }
    }
    wx_mutex_unlock(&env->lock);
    return due;
}

void wx_env_fini_timers(struct wx_env *env)
{
    wx_mutex_lock(&env->lock);
    for (unsigned sig = 0; env->timers && sig < WX_N_SIGNALS; sig++) {
        wx_timer_stop(&env->timers->of[sig].host);
    }
    wx_free(&env->mem, env->timers);
    env->timers = NULL;
    wx_mutex_unlock(&env->lock);
}
