/* SPDX-License-Identifier: Apache-2.0 */
/* Host threads over pthread. */
#include "os/thread.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/signal.h"

int wx_os_thread_start(struct wx_os_thread *thread, size_t stack_bytes, void *(*fn)(void *),
                       void *arg)
{
    pthread_attr_t attr;
    int e = pthread_attr_init(&attr);
    if (e) {
        return e;
    }
    sigset_t block, old;
    (void)sigfillset(&block); /* these calls fail only for bad arguments */
    (void)sigdelset(&block, SIGSEGV);
    (void)sigdelset(&block, SIGBUS);
    (void)sigdelset(&block, SIGILL);
    (void)sigdelset(&block, SIGFPE);
    (void)sigdelset(&block, SIGTRAP);
    (void)sigdelset(&block, SIGABRT);
    (void)sigdelset(&block, wx_signal_kick_number());
    e = pthread_attr_setstacksize(&attr, stack_bytes);
    if (!e) {
        (void)pthread_sigmask(SIG_SETMASK, &block, &old);
        e = pthread_create(&thread->handle, &attr, fn, arg);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    (void)pthread_attr_destroy(&attr); /* no resources behind it in glibc */
    return e;
}

void wx_os_thread_join(struct wx_os_thread *thread)
{
    (void)pthread_join(thread->handle, NULL); /* joinable and not ourselves, by contract */
}

void wx_os_thread_detach(struct wx_os_thread *thread) { (void)pthread_detach(thread->handle); }

int32_t wx_os_tid(void) { return (int32_t)syscall(SYS_gettid); }

int32_t wx_os_pid(void) { return (int32_t)getpid(); }

void wx_os_yield(void) { (void)sched_yield(); } /* never fails on Linux */

uint32_t wx_os_parallelism(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (uint32_t)n : 1;
}
