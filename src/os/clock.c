/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks. */
#include "os/clock.h"

#include <errno.h>
#include <signal.h>

#include "os/thread.h"

static uint64_t to_ns(const struct timespec *ts)
{
    return (uint64_t)ts->tv_sec * 1000000000u + (uint64_t)ts->tv_nsec;
}

int wx_clock_get(clockid_t clock, uint64_t *ret_ns)
{
    struct timespec ts;
    if (clock_gettime(clock, &ts) != 0) {
        return errno;
    }
    *ret_ns = to_ns(&ts);
    return 0;
}

int wx_clock_resolution(clockid_t clock, uint64_t *ret_ns)
{
    struct timespec ts;
    if (clock_getres(clock, &ts) != 0) {
        return errno;
    }
    *ret_ns = to_ns(&ts);
    return 0;
}

uint64_t wx_clock_now(void)
{
    uint64_t now = 1;
    (void)wx_clock_get(CLOCK_MONOTONIC, &now); /* can not fail for this clock */
    return now;
}

uint64_t wx_clock_after(uint64_t delta_ns)
{
    uint64_t now = wx_clock_now();
    return delta_ns > UINT64_MAX - now ? UINT64_MAX : now + delta_ns;
}

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

static int start(struct wx_timer *timer, uint64_t ns, int sig, void *value)
{
    struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = sig};
    ev.sigev_value.sival_ptr = value;
    ev.sigev_notify_thread_id = wx_os_tid();
    if (timer_create(CLOCK_MONOTONIC, &ev, &timer->id) != 0) {
        return errno;
    }
    timer->on = true;
    struct itimerspec when = {.it_value = to_timespec(ns)};
    if (timer_settime(timer->id, 0, &when, NULL) != 0) {
        int e = errno;
        wx_timer_stop(timer);
        return e;
    }
    return 0;
}

int wx_timer_start(struct wx_timer *timer, uint64_t ns, int sig, void *value)
{
    return start(timer, ns, sig, value);
}

int wx_timer_start_soft(struct wx_timer *timer, uint64_t ns, int sig, void *value)
{
    return start(timer, ns, sig, (char *)value + 1); /* aligned: the bit is free */
}

void wx_timer_again(const struct wx_timer *timer, uint64_t ns)
{
    struct itimerspec when = {.it_value = to_timespec(ns ? ns : 1)};
    if (timer->on) {
        (void)timer_settime(timer->id, 0, &when, NULL); /* valid: a timer there is */
    }
}

void wx_timer_stop(struct wx_timer *timer)
{
    if (timer->on) {
        (void)timer_delete(timer->id); /* a signal under way is taken for a late kick */
        timer->on = false;
    }
}
