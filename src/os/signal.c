/* SPDX-License-Identifier: Apache-2.0 */
/* Signal handlers: install, count, chain. */
/*
 * Four signals are taken: SIGSEGV, SIGBUS and SIGILL tell of faults in guest code, one real-time
 * signal stops a thread. What the fault function does not claim goes to whoever was there before:
 * a function is called, the default action is restored so that the instruction faults again.
 *
 * Invariants. 1. previous[] is written only under `lock` before our handler can run for that
 * signal, and never while users > 0; the handler reads it without the lock. 2. Handlers run on the
 * alternate stack (SA_ONSTACK) and are not masked (SA_NODEFER): an embedder's chained handler may
 * longjmp.
 */
#include "os/signal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "os/lock.h"
#include "os/vm.h"

static struct wx_signal_state {
    pthread_mutex_t lock;
    unsigned users;
    wx_fault_fn fn;
    struct sigaction previous[4];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

WX_UNINSTRUMENTED int wx_signal_kick_number(void) { return SIGRTMIN + 5; }

WX_UNINSTRUMENTED static int signal_number(unsigned i)
{
    static const int fixed[3] = {SIGSEGV, SIGBUS, SIGILL};
    return i < 3 ? fixed[i] : wx_signal_kick_number();
}

/*
 * ThreadSanitizer holds back asynchronous signals until its runtime is entered, which compiled code
 * and op bodies never do. Under it the kick's handler is installed past it, straight at the kernel,
 * and everything it runs is built without instrumentation.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PAST_SANITIZER 1
#endif
#endif

#ifdef PAST_SANITIZER
#include "os/sigreturn.h"

static int install_raw(int sig, const struct sigaction *act)
{
    struct wx_kernel_sigaction raw = {
        .handler = act->sa_flags & SA_SIGINFO ? (void *)act->sa_sigaction : (void *)act->sa_handler,
        .flags = (unsigned long)act->sa_flags | WX_SA_RESTORER,
        .restorer = wx_sigreturn,
    };
    return syscall(SYS_rt_sigaction, sig, &raw, NULL, sizeof raw.mask) != 0 ? errno : 0;
}
#endif

/* Install a handler for one of our signals. @return host errno */
static int set_handler(int sig, const struct sigaction *act)
{
#ifdef PAST_SANITIZER
    if (sig == wx_signal_kick_number()) {
        return install_raw(sig, act);
    }
#endif
    return sigaction(sig, act, NULL) != 0 ? errno : 0;
}

/* Nobody replaced our handler since. */
static bool still_ours(int sig, void (*handler)(int, siginfo_t *, void *))
{
#ifdef PAST_SANITIZER
    if (sig == wx_signal_kick_number()) {
        return true;
    }
#endif
    struct sigaction now;
    return sigaction(sig, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
           now.sa_sigaction == handler;
}

WX_UNINSTRUMENTED static void chain_sigsafe(int sig, siginfo_t *info, void *ucontext)
{
    const struct sigaction *old = NULL;
    for (unsigned i = 0; i < 4; i++) {
        if (signal_number(i) == sig) {
            old = &state.previous[i];
        }
    }
    if (!old || (sig == wx_signal_kick_number() && old->sa_handler == SIG_DFL)) {
        return; /* a kick that came late: the default action would end the process */
    }
    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(sig, info, ucontext);
    } else if (old->sa_handler == SIG_DFL || (old->sa_handler == SIG_IGN && info->si_code > 0)) {
        struct sigaction dfl = {.sa_handler = SIG_DFL};
        (void)sigaction(sig, &dfl, NULL); /* returning repeats the fault, now deadly */
        if (info->si_code <= 0) {
            (void)raise(sig);
        }
    } else if (old->sa_handler != SIG_IGN) {
        old->sa_handler(sig);
    }
}

WX_UNINSTRUMENTED static void handler_sigsafe(int sig, siginfo_t *info, void *ucontext)
{
    int saved = errno;
    if (!state.fn(sig, info, ucontext)) {
        chain_sigsafe(sig, info, ucontext);
    }
    errno = saved;
}

static int install(void)
{
    struct sigaction ours = {.sa_sigaction = handler_sigsafe,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    (void)sigemptyset(&ours.sa_mask);
    for (unsigned i = 0; i < 4; i++) {
        int e = sigaction(signal_number(i), NULL, &state.previous[i]) != 0
                    ? errno
                    : set_handler(signal_number(i), &ours);
        if (e) {
            return e;
        }
    }
    return 0;
}

int wx_signal_acquire(wx_fault_fn fn)
{
    (void)pthread_mutex_lock(&state.lock); /* static, error-free kind */
    int e = 0;
    if (state.users == 0) {
        state.fn = fn;
        e = install();
    }
    wx_assert(state.fn == fn);
    if (!e) {
        state.users++;
    }
    (void)pthread_mutex_unlock(&state.lock);
    return e;
}

void wx_signal_release(void)
{
    (void)pthread_mutex_lock(&state.lock);
    wx_assert(state.users > 0);
    if (--state.users == 0) {
        for (unsigned i = 0; i < 4; i++) {
            int sig = signal_number(i);
            if (still_ours(sig, handler_sigsafe)) {
                if (sig == wx_signal_kick_number()) { /* drops late kicks that still wait */
                    struct sigaction ignore = {.sa_handler = SIG_IGN};
                    (void)set_handler(sig, &ignore);
                }
                (void)set_handler(sig, &state.previous[i]); /* was installed before: can not fail */
            }
        }
    }
    (void)pthread_mutex_unlock(&state.lock);
}

void wx_signal_kick(int32_t tid)
{
    int saved = errno;
    (void)syscall(SYS_tgkill, getpid(), tid, wx_signal_kick_number()); /* it may be gone: fine */
    errno = saved;
}

/* -------- threads -------- */

static _Thread_local bool prepared;
static _Thread_local stack_t before; /* what wx_signal_begin_thread() found */
static pthread_key_t altstack_key;   /* value: the stack that is ours */
static bool has_key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void release_altstack(void *ours)
{
    stack_t off = {.ss_flags = SS_DISABLE};
    (void)sigaltstack(&off, NULL); /* only refused while running on it */
    wx_vm_release(ours, WX_ALTSTACK_BYTES);
}

static void make_key(void) { has_key = pthread_key_create(&altstack_key, release_altstack) == 0; }

/* Threads that outlive an unloaded library must not call into it. */
__attribute__((destructor)) static void drop_key(void)
{
    if (has_key) {
        (void)pthread_key_delete(altstack_key); /* valid: made above */
    }
}

static int ensure_altstack(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0) {
        return errno;
    }
    if (!(now.ss_flags & SS_DISABLE) && now.ss_size >= WX_ALTSTACK_BYTES / 2) {
        return 0;
    }
    (void)pthread_once(&key_once, make_key);
    void *p =
        mmap(NULL, WX_ALTSTACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return errno;
    }
    stack_t ours = {.ss_sp = p, .ss_size = WX_ALTSTACK_BYTES};
    if (!has_key || pthread_setspecific(altstack_key, p) != 0 || sigaltstack(&ours, NULL) != 0) {
        wx_vm_release(p, WX_ALTSTACK_BYTES);
        if (has_key) {
            (void)pthread_setspecific(altstack_key, NULL); /* clearing does not fail */
        }
        return ENOMEM;
    }
    return 0;
}

int wx_signal_prepare_thread(void)
{
    if (wx_likely(prepared)) {
        return 0;
    }
    int e = ensure_altstack();
    if (e) {
        return e;
    }
    sigset_t set;
    (void)sigemptyset(&set); /* these calls fail only for bad numbers */
    for (unsigned i = 0; i < 4; i++) {
        (void)sigaddset(&set, signal_number(i));
    }
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    prepared = true;
    return 0;
}

void wx_signal_begin_thread(char *altstack)
{
    const stack_t ours = {.ss_sp = altstack, .ss_size = WX_ALTSTACK_BYTES};
    prepared = sigaltstack(&ours, &before) == 0; /* else wx_signal_prepare_thread() says why */
}

void wx_signal_end_thread(void)
{
    if (prepared) {
        (void)sigaltstack(&before, NULL); /* only refused while running on ours */
    }
    prepared = false;
}

/* -------- signals of failed writes -------- */

static void only(sigset_t *set, int sig)
{
    (void)sigemptyset(set); /* these calls fail only for bad numbers */
    (void)sigaddset(set, sig);
}

void wx_signal_hold(struct wx_held_signal *held, int sig)
{
    sigset_t set;
    only(&set, sig);
    held->sig = sig;
    (void)pthread_sigmask(SIG_BLOCK, &set, &held->old); /* valid arguments */
    held->pending = false;
    if (sigismember(&held->old, sig) == 1) { /* else one would have been delivered */
        held->pending = sigpending(&set) == 0 && sigismember(&set, sig) == 1;
    }
}

void wx_signal_drop(const struct wx_held_signal *held, bool raised)
{
    int saved = errno;
    if (raised && !held->pending) {
        static const struct timespec at_once = {0, 0};
        sigset_t set;
        only(&set, held->sig);
        (void)sigtimedwait(&set, NULL, &at_once); /* EAGAIN: none came */
    }
    (void)pthread_sigmask(SIG_SETMASK, &held->old, NULL); /* valid arguments */
    errno = saved;
}
