/* SPDX-License-Identifier: Apache-2.0 */
/* Calls functions of the embedder, from many threads and from below themselves. */
#include <waxwing/guest.h>

__attribute__((import_module("env"), import_name("add"))) uint32_t host_add(uint32_t n);
__attribute__((import_module("env"), import_name("back"))) uint32_t host_back(uint32_t n);

#define N 16
static wax_thread threads[N];
static _Alignas(16) char stacks[N][4096];
static uint32_t wrong;

static uint32_t own_tid(void)
{
    uint32_t tid = 0;
    (void)wasix_thread_id((uint32_t)(uintptr_t)&tid);
    return tid;
}

static void worker(void *arg)
{
    uint32_t n = (uint32_t)(uintptr_t)arg;
    for (uint32_t i = 0; i < 200; i++) {
        (void)host_add(1);
    }
    /* 10100: a hundred calls, each below the one before */
    if (host_back(n) != n + 1 + own_tid() || host_back(10100) != 0) {
        __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
    }
}

/** What host_back() calls on the calling thread's instance. */
WAX_EXPORT("callee") uint32_t callee(uint32_t n) { return n + 1 + own_tid(); }

/** @return threads that could be started; + 1000 for each that saw something wrong */
WAX_EXPORT("run") uint32_t run(void)
{
    uint32_t n = 0;
    for (; n < N; n++) {
        if (wax_thread_start(&threads[n], worker, (void *)(uintptr_t)n, stacks[n],
                             sizeof stacks[n]) != 0) {
            break;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        wax_thread_join(&threads[i]);
    }
    return n + wrong * 1000;
}

/** Calls the host again and again, below whatever the host does. */
WAX_EXPORT("deep") uint32_t deep(uint32_t n) { return n > 10000 ? host_back(n) : 0; }

WAX_EXPORT("exit7") uint32_t exit7(void)
{
    p1_proc_exit(7);
    return 0;
}

/** The host calls exit7() and keeps quiet about it; then an endless loop. */
WAX_EXPORT("exit_below") uint32_t exit_below(void)
{
    (void)host_back(7777);
    for (volatile uint32_t i = 0;; i++) {
    }
    return 0;
}

static void burner(void *arg)
{
    (void)arg;
    for (volatile uint32_t i = 0;; i++) {
    }
}

/** Threads that burn fuel, one after the other's end is not waited for. */
WAX_EXPORT("burn") uint32_t burn(void)
{
    for (uint32_t i = 0; i < 4; i++) {
        (void)wax_thread_start(&threads[i], burner, 0, stacks[i], sizeof stacks[i]);
    }
    (void)wasix_thread_sleep(1000000000ull * 3600);
    return 0;
}
