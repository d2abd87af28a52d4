/* SPDX-License-Identifier: Apache-2.0 */
/* Signals between the embedder and its guests. Numbers are those of Linux, 1 to 31. */
/*
 * A guest that names a handler gets every signal there: WASIX programs do, by their libc. Until
 * then, and for good in guests of plain WASI, the default actions of POSIX apply: CHLD, CONT, URG
 * and WINCH do nothing, STOP, TSTP, TTIN and TTOU stop the guest until a CONT, all others end it.
 * KILL and STOP reach no handler.
 */
#ifndef WAXWING_SIGNAL_H
#define WAXWING_SIGNAL_H

#include <waxwing/wasi.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Send a signal to a guest, as its terminal would: to the processes in its foreground. It arrives
 * at the next loop head or call of the guest's code, and ends what the guest waits in; between
 * calls of the guest, with the next one. Any thread; async-signal-safe.
 *
 * @param env  borrowed; NULL accepted
 * @param sig  1 to 31
 * @return 1; 0 if one of the same number is on its way still, which this one became part of: the
 *         guest has not looked since; -1 if there is no such signal or environment
 * @since 0.1
 * @source POSIX.1-2017, 2.4
 */
WAX_API int wax_env_signal(wax_env *env, int sig);

/**
 * The signal that ended the guest: the exit code it came with is 128 + its number. Thread-safe.
 *
 * @param env  borrowed; NULL gives 0
 * @return its number; 0 if the guest is not over, or ended otherwise
 * @since 0.1
 * @source POSIX.1-2017, wait()
 */
WAX_API int wax_env_exit_signal(wax_env *env);

/** Called on the guest's main thread; may stop the embedder. It must not call the guest. */
typedef void (*wax_stop_fn)(void *data);

/**
 * Be told when a signal stops the guest, before its main thread stands still: an embedder that has
 * a terminal in common with it may stop itself, and send the guest SIGCONT afterwards.
 *
 * @param builder  borrowed
 * @param fn       called while environments made by this builder live; NULL = nobody is told
 * @param data     given to it
 * @return WAX_OK; WAX_E_INVALID
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_on_stop(wax_builder *builder, wax_stop_fn fn,
                                                    void *data, wax_error **err);

#ifdef __cplusplus
}
#endif

#endif
