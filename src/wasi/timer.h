/* SPDX-License-Identifier: Apache-2.0 */
/* Interval timers of a guest process: a signal after some time, once or again and again. */
#ifndef WX_WASI_TIMER_H
#define WX_WASI_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct wx_env;

/**
 * Send `sig` in `ns` nanoseconds, then every `ns` if it repeats; 0 disarms. One timer a signal.
 * @return host errno; ENOTSUP without signals of the engine's own
 */
int wx_env_set_timer(struct wx_env *env, int sig, uint64_t ns, bool repeat);
/** The signals whose time has come, as bits; timers that repeat are set on. */
uint32_t wx_env_take_timers(struct wx_env *env);
void wx_env_fini_timers(struct wx_env *env);

#endif
