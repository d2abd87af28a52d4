/* SPDX-License-Identifier: Apache-2.0 */
/* Process signals: installed only on request, counted, chained (ruling R7). */
#ifndef WX_OS_SIGNAL_H
#define WX_OS_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * Looks at SIGSEGV, SIGBUS, SIGILL or the kick signal. true = handled, go on with the (edited)
 * context; false = not ours, the previous handler gets it. Async-signal-safe.
 */
typedef bool (*wx_fault_fn)(int sig, siginfo_t *info, void *ucontext);

/** Install our handlers (first user) or count one more. @return host errno */
int wx_signal_acquire(wx_fault_fn fn);
/** The last release puts the previous handlers back, unless somebody else replaced ours. */
void wx_signal_release(void);
/** The real-time signal used to stop a thread; the same for the life of the process. */
int wx_signal_kick_number(void);
/** Send it to one thread of this process. */
void wx_signal_kick(int32_t tid);
/**
 * Make sure the calling thread has an alternate stack. *ret_ours is what to give back to
 * wx_signal_altstack_release(), NULL if it had a sufficient one. @return host errno
 */
int wx_signal_altstack_ensure(void **ret_ours);
void wx_signal_altstack_release(void *ours);

/** State of the calling thread between wx_signal_hold_pipe() and wx_signal_drop_pipe(). */
struct wx_held_pipe {
    sigset_t old;
    bool pending; /* a SIGPIPE was waiting before */
};
/** Around a write to a pipe or socket: a closed reader must not raise SIGPIPE in the host. */
void wx_signal_hold_pipe(struct wx_held_pipe *held);
/** `broken`: the write came back with EPIPE, so its signal is taken away. Keeps errno. */
void wx_signal_drop_pipe(const struct wx_held_pipe *held, bool broken);

#endif
