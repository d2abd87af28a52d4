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
 * Make the calling thread fit for guest code, once: an alternate stack unless it has a sufficient
 * one, and our signals not blocked (a blocked fault ends the process, a blocked kick never comes).
 * Both stay until the thread ends. @return host errno
 */
int wx_signal_prepare_thread(void);

/**
 * The same for a thread of wx_os_thread_start(), which blocks none of them: with memory for the
 * alternate stack, until wx_signal_end_thread().
 */
#define WX_ALTSTACK_BYTES ((size_t)64 * 1024)
void wx_signal_begin_thread(char *altstack);
void wx_signal_end_thread(void);

/** State of the calling thread between wx_signal_hold() and wx_signal_drop(). */
struct wx_held_signal {
    sigset_t old;
    int sig;
    bool pending; /* one was waiting before */
};
/**
 * Around a write that may raise a signal in this thread when it fails: SIGPIPE of a closed reader,
 * SIGXFSZ of a file that has grown as far as it may. The host must not get it.
 */
void wx_signal_hold(struct wx_held_signal *held, int sig);
/** `raised`: the write came back with the errno of the signal, which is taken away. Keeps errno. */
void wx_signal_drop(const struct wx_held_signal *held, bool raised);

#endif
