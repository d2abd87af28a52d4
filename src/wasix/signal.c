/* SPDX-License-Identifier: Apache-2.0 */
/* WASIX calls about signals. What signals do: wasi/signal.c. */
#include <errno.h>
#include <signal.h>

#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/timer.h"

#define MAX_NAME 1024u
#define TID_MAIN 0x3fffffffu /* stands for the main thread */

static bool is_signal(uint64_t sig) { return sig < WX_N_SIGNALS; }

wx_wasi_ret wx_wasi_callback_signal(struct wx_wasi_call *c, const uint64_t *a)
{
    char *name;
    if (wx_guest_read_str(c, (wx_gptr){a[0]}, a[1], MAX_NAME, &name) == 0) {
        wx_signal_set_handler(c->self, name, a[1]);
        wx_free(&c->env->mem, name);
    }
    return WX_RET_DONE; /* an unreadable name changes nothing: there is nobody to tell */
}

wx_wasi_ret wx_wasi_signal_raise(struct wx_wasi_call *c, const uint64_t *a)
{
    if (!is_signal(a[0])) {
        return WX_WERRNO_INVAL;
    }
    wx_signal_send(c->env, (int)a[0]);
    return 0;
}

wx_wasi_ret wx_wasi_thread_signal(struct wx_wasi_call *c, const uint64_t *a)
{
    uint32_t tid = a[0] == TID_MAIN ? c->env->main.tid : (uint32_t)a[0];
    if (!is_signal(a[1])) {
        return WX_WERRNO_INVAL;
    }
    return wx_signal_send_thread(c->env, tid, (int)a[1]) ? 0 : WX_WERRNO_SRCH;
}

/* ns, as libc passes them; see docs/COMPATIBILITY.md. */
wx_wasi_ret wx_wasi_proc_raise_interval(struct wx_wasi_call *c, const uint64_t *a)
{
    if (!is_signal(a[0]) || a[0] == 0 || a[2] > 1) {
        return WX_WERRNO_INVAL;
    }
    int e = wx_env_set_timer(c->env, (int)a[0], a[1], a[2] != 0);
    if (e) {
        wx_logf(&c->env->log, WX_LOG_ERROR, "signal", "cannot set a timer: %s",
                e == ENOTSUP ? "the engine has no signal handlers of its own" : "out of resources");
    }
    return e ? wx_werrno_from_host(e) : 0;
}

/* -------- what every WASIX libc asks for at start -------- */

/*
 * What whoever spawned this process said about signals; libc does it. SIGCHLD always: a libc that
 * is told of nothing never looks at signals until sigaction() is called, and a signal that comes
 * before calls a null function in it.
 */
static bool is_listed(const struct wx_env *env, unsigned sig)
{
    return sig == SIGCHLD || env->dispositions[sig] != 0;
}

wx_wasi_ret wx_wasi_proc_signals_sizes_get(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t n = 0;
    for (unsigned sig = 1; sig < WX_N_SIGNALS; sig++) {
        n += is_listed(c->env, sig);
    }
    return wx_guest_write_size(c, (wx_gptr){a[0]}, n);
}

wx_wasi_ret wx_wasi_proc_signals_get(struct wx_wasi_call *c, const uint64_t *a)
{
    uint8_t list[2 * WX_N_SIGNALS];
    size_t n = 0;
    for (unsigned sig = 1; sig < WX_N_SIGNALS; sig++) {
        if (is_listed(c->env, sig)) {
            unsigned disp = c->env->dispositions[sig];
            list[n++] = (uint8_t)sig;
            list[n++] = (uint8_t)(disp ? disp - 1 : 0);
        }
    }
    return wx_guest_write(c, (wx_gptr){a[0]}, list, n);
}
