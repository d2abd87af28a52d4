/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of the command are the guest's. */
/*
 * What a terminal or another process sends us goes on to the guest, which handles it or not. If it
 * ends the guest, it ends us the same way afterwards: whoever waits for us sees that signal. If it
 * stops the guest, it stops us, with the terminal as it was before the guest had it.
 *
 * A guest that is stuck where no signal reaches it does not take its first INT, TERM, HUP or QUIT:
 * one that comes PATIENCE_NS later ends the command at once.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include "cli.h"

#define PATIENCE_NS UINT64_C(250000000)

static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
#define N_FORWARDED (sizeof forwarded / sizeof *forwarded)

/* For the handlers, which may run on any thread: atomic. */
static wax_env *running;
static uint64_t sent_ns[NSIG]; /* the first one that the guest has not taken */
static sig_atomic_t continued;

static uint64_t now_ns_sigsafe(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &ts); /* it is there */
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void die_sigsafe(int sig)
{
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigset_t set;
    (void)sigaction(sig, &act, NULL); /* fails for KILL, which needs none of this */
    (void)sigemptyset(&set);
    (void)sigaddset(&set, sig);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(sig);
}

static int is_stuck_sigsafe(int sig, wax_env *env)
{
    uint64_t now = now_ns_sigsafe();
    if (wax_env_signal(env, sig) != 0) {
        __atomic_store_n(&sent_ns[sig], now, __ATOMIC_RELAXED);
        return 0;
    }
    return now - __atomic_load_n(&sent_ns[sig], __ATOMIC_RELAXED) >= PATIENCE_NS;
}

static void on_signal(int sig)
{
    int saved = errno, ends = sig != SIGWINCH && sig != SIGTSTP && sig != SIGCONT;
    wax_env *env = __atomic_load_n(&running, __ATOMIC_ACQUIRE);
    if (sig == SIGCONT) {
        __atomic_store_n(&continued, 1, __ATOMIC_RELAXED);
    }
    if (env ? is_stuck_sigsafe(sig, env) && ends : ends) {
        cli_put_terminal_back_sigsafe();
        die_sigsafe(sig);
    }
    errno = saved;
}

void cli_signals_start(wax_env *env)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK}, now;
    (void)sigemptyset(&act.sa_mask);
    (void)sigaddset(&act.sa_mask, SIGTTOU); /* putting a terminal back from the background */
    cli_keep_terminal();
    __atomic_store_n(&running, env, __ATOMIC_RELEASE);
    for (size_t i = 0; i < N_FORWARDED; i++) { /* what nohup or a shell ignores stays ignored */
        if (sigaction(forwarded[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) {
            (void)sigaction(forwarded[i], &act, NULL); /* valid arguments */
        }
    }
}

int cli_signals_end(void)
{
    wax_env *env = __atomic_exchange_n(&running, NULL, __ATOMIC_ACQ_REL);
    return wax_env_exit_signal(env);
}

void cli_stop_too(void *data)
{
    (void)data;
    struct sigaction stop = {.sa_handler = SIG_DFL}, old;
    wax_env *env = __atomic_load_n(&running, __ATOMIC_ACQUIRE);
    (void)sigemptyset(&stop.sa_mask);
    __atomic_store_n(&continued, 0, __ATOMIC_RELAXED);
    cli_lend_terminal();
    if (sigaction(SIGTSTP, &stop, &old) == 0) {
        (void)raise(SIGTSTP); /* here we stand, unless nobody is there to continue us */
        (void)sigaction(SIGTSTP, &old, NULL);
    }
    cli_take_terminal();
    if (env && !__atomic_load_n(&continued, __ATOMIC_RELAXED)) {
        (void)wax_env_signal(env, SIGCONT);
    }
}

int cli_die_of(int sig)
{
    (void)fflush(NULL);                          /* it is too late to tell of a failure */
    (void)prctl(PR_SET_DUMPABLE, 0, 0L, 0L, 0L); /* a core of ours says nothing of the guest */
    die_sigsafe(sig);
    return 128 + sig; /* the init of a container does not die so */
}
