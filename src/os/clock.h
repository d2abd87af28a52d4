/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks in nanoseconds, and deadline timers that need no thread. */
#ifndef WX_OS_CLOCK_H
#define WX_OS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** Monotonic time, never 0. */
uint64_t wx_clock_now(void);
/** @return host errno */
int wx_clock_get(clockid_t clock, uint64_t *ret_ns);
int wx_clock_resolution(clockid_t clock, uint64_t *ret_ns);
/** now + delta, saturating at UINT64_MAX (= never). */
uint64_t wx_clock_after(uint64_t delta_ns);

/** A one-shot deadline that signals the calling thread: no thread of its own (ruling R8). */
struct wx_timer {
    timer_t id;
    bool on;
};
/** After `ns`, send `sig` with `value` as si_value to the calling thread. @return host errno */
int wx_timer_start(struct wx_timer *timer, uint64_t ns, int sig, void *value);
/** The same; whoever gets the signal tells it apart by the lowest bit of si_value, which is set. */
int wx_timer_start_soft(struct wx_timer *timer, uint64_t ns, int sig, void *value);
/** Once more, the same signal to the same thread, whoever calls. */
void wx_timer_again(const struct wx_timer *timer, uint64_t ns);
void wx_timer_stop(struct wx_timer *timer); /* accepts one never started */

#endif
