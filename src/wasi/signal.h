/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of a guest process: who gets them, what they do. Numbers are those of Linux. */
#ifndef WX_WASI_SIGNAL_H
#define WX_WASI_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/rt/outcome.h"
#include "wasi/werrno.h"

struct wx_env;
struct wx_file;
struct wx_guest_thread;
struct wx_wasi_call;

#define WX_N_SIGNALS 32u /* 1 to 31; 0 only asks whether somebody is there */

/**
 * What a thread does with signals for which there is a handler. A thread starts with the handler
 * that was named last in its process.
 */
enum wx_signal_mode_of_thread { WX_SIG_INHERIT, WX_SIG_OWN, WX_SIG_BLOCKED };

/** Of one thread; guarded by env->lock. */
struct wx_thread_signals {
    uint32_t pending; /* bit = number */
    uint32_t running; /* their handler has not returned: they wait, as in POSIX */
    uint32_t handler; /* WX_SIG_OWN: function index */
    uint8_t mode;
};

/** Of one process; guarded by env->lock, but for `host`. */
struct wx_process_signals {
    uint32_t pending; /* no thread takes them now */
    uint32_t handler; /* named last; WAX_NO_INDEX: none yet, default actions */
    int stopped;      /* by this signal; 0: it runs */
    uint32_t host;    /* atomic: sent by the embedder, not distributed yet */
};

/** Send a signal to a process: one thread that does not block it takes it. Any thread. */
void wx_signal_send(struct wx_env *env, int sig);
/** To one of its threads. @return false: there is no such thread */
bool wx_signal_send_thread(struct wx_env *env, uint32_t tid, int sig);
/**
 * To the processes in the foreground, from anywhere, also a signal handler of the host: distributed
 * when the main thread looks. @return false: one of that number waits for that already
 */
bool wx_signal_send_sigsafe(struct wx_env *env, int sig);
/** The thread takes no signals until it is given back what it was told before. */
uint8_t wx_guest_hold_signals(struct wx_guest_thread *g);
void wx_guest_unhold_signals(struct wx_guest_thread *g, uint8_t mode);
/**
 * How a wait that SA_RESTART would restart is to be resumed. Signals that do nothing by default end
 * none: only the libc knows whether the program handles them, and one that does not must not see
 * that a child of its ended. Their handler, the libc's, runs all the same.
 */
enum wx_wake wx_signal_restarts(const struct wx_thread *t, enum wx_wake why);
/** Distribute those. Own thread of the process, or who waits for its threads. */
void wx_signal_take_host(struct wx_env *env);
/** To the calling thread, handled before its call returns. */
void wx_wasi_raise_self(struct wx_wasi_call *c, int sig);
/**
 * fd_write to `f` failed with this errno of the host. If nobody reads there any more, WASIX
 * programs get SIGPIPE, too, as in POSIX. sock_send has no such thing: the libc's send() drops
 * MSG_NOSIGNAL on its way. @return guest errno
 */
wx_werrno wx_wasi_write_failed(struct wx_wasi_call *c, const struct wx_file *f, int host_errno);
/**
 * The calling thread's handler is this export of (i32) -> (); one that does not exist blocks
 * signals: they stay pending.
 */
void wx_signal_set_handler(struct wx_guest_thread *g, const char *name, uint64_t len);
/** Make a store's thread one that gets signals. */
void wx_signal_attach(struct wx_thread *t);
void wx_signal_detach(struct wx_thread *t);

#endif
