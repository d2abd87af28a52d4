/* SPDX-License-Identifier: Apache-2.0 */
/* 64 threads increment, wait and notify 1,000,000 times in all. */
#include <waxwing/guest.h>

#define N 64
#define TOTAL 1000000

static wax_thread threads[N];
static _Alignas(16) char stacks[N][4096];
static uint32_t counter, turnstile, exits;

/* Every 1,000th increment passes a turnstile: wait until somebody moves it, or move it and notify.
 */
static void worker(void *arg)
{
    (void)arg;
    for (;;) {
        uint32_t n = __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
        if (n >= TOTAL) {
            break;
        }
        if (n % 1000 == 0) {
            uint32_t seen = __atomic_load_n(&turnstile, __ATOMIC_SEQ_CST);
            if (n % 2000 == 0) {
                (void)__builtin_wasm_memory_atomic_wait32((int *)&turnstile, (int)seen, 1000000);
            } else {
                __atomic_fetch_add(&turnstile, 1, __ATOMIC_SEQ_CST);
                (void)__builtin_wasm_memory_atomic_notify((int *)&turnstile, 1);
            }
        }
    }
    __atomic_fetch_add(&exits, 1, __ATOMIC_SEQ_CST);
}

/** @return number of threads that ended well; 64 expected */
WAX_EXPORT("run") uint32_t run(void)
{
    counter = exits = 0;
    for (uint32_t i = 0; i < N; i++) {
        if (wax_thread_start(&threads[i], worker, 0, stacks[i], sizeof stacks[i]) != 0) {
            return 1000 + i;
        }
    }
    for (uint32_t i = 0; i < N; i++) {
        wax_thread_join(&threads[i]);
    }
    return counter == TOTAL + N ? exits : 2000;
}

/** Start and join one thread after the other; wasix_thread_join besides ours. */
WAX_EXPORT("rounds") uint32_t rounds(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        counter = TOTAL;
        uint32_t e = wax_thread_start(&threads[0], worker, 0, stacks[0], sizeof stacks[0]);
        if (e) {
            return 1000 + e;
        }
        wax_thread_join(&threads[0]);
        if (wasix_thread_join(threads[0].tid) != 0) {
            return 2000;
        }
    }
    return n;
}

static uint32_t started;
static void sleeper(void *arg)
{
    (void)arg;
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    (void)wasix_thread_sleep(1000000000ull * 3600);
}

/** Start sleeping threads until one is refused. @return how many started */
WAX_EXPORT("until_refused") uint32_t until_refused(void)
{
    uint32_t n = 0;
    while (n < N && wax_thread_start(&threads[n], sleeper, 0, stacks[n], sizeof stacks[n]) == 0) {
        n++;
    }
    return n;
}

/** errno of one spawn */
WAX_EXPORT("spawn_errno") uint32_t spawn_errno(void)
{
    return wax_thread_start(&threads[0], sleeper, 0, stacks[0], sizeof stacks[0]);
}

static void exiter(void *arg)
{
    (void)arg;
    p1_proc_exit(42);
}
static void trapper(void *arg)
{
    (void)arg;
    __builtin_trap();
}

static void thrower(void *arg)
{
    __builtin_wasm_throw(0, arg); /* tag __cpp_exception, its value a pointer */
}

/** A thread exits the process with 42 while this one sleeps. */
WAX_EXPORT("exit_from_thread") void exit_from_thread(void)
{
    (void)wax_thread_start(&threads[0], exiter, 0, stacks[0], sizeof stacks[0]);
    (void)wasix_thread_sleep(1000000000ull * 3600);
}

WAX_EXPORT("trap_in_thread") void trap_in_thread(void)
{
    (void)wax_thread_start(&threads[0], trapper, 0, stacks[0], sizeof stacks[0]);
    (void)wasix_thread_sleep(1000000000ull * 3600);
}

WAX_EXPORT("throw_in_thread") void throw_in_thread(void)
{
    (void)wax_thread_start(&threads[0], thrower, (void *)7, stacks[0], sizeof stacks[0]);
    (void)wasix_thread_sleep(1000000000ull * 3600);
}

/* -------- ways to be stuck -------- */

WAX_EXPORT("spin") void spin(void)
{
    for (;;) {
        __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    }
}

WAX_EXPORT("wait") void wait_forever(void)
{
    turnstile = 0;
    (void)__builtin_wasm_memory_atomic_wait32((int *)&turnstile, 0, -1);
}

WAX_EXPORT("sleep") void sleep_forever(void) { (void)wasix_thread_sleep(1000000000ull * 3600); }

WAX_EXPORT("read") uint32_t read_stdin(void)
{
    static char buf[16];
    uint32_t iov[2] = {(uint32_t)(uintptr_t)buf, sizeof buf}, got;
    return p1_fd_read(0, (uint32_t)(uintptr_t)iov, 1, (uint32_t)(uintptr_t)&got);
}

/** futex_wait with a timeout of 5 ms. @return the woken flag + 10 * errno; 0 expected */
WAX_EXPORT("futex_timeout") uint32_t futex_timeout(void)
{
    static struct {
        uint8_t tag;
        uint64_t ns;
    } timeout = {1, 5000000};
    static uint8_t woken = 9;
    turnstile = 7;
    uint32_t e = wasix_futex_wait((uint32_t)(uintptr_t)&turnstile, 7, (uint32_t)(uintptr_t)&timeout,
                                  (uint32_t)(uintptr_t)&woken);
    return woken + 10 * e;
}

/** futex_wake with nobody waiting. @return the flag; 0 expected */
WAX_EXPORT("futex_nobody") uint32_t futex_nobody(void)
{
    static uint8_t woken = 9;
    (void)wasix_futex_wake((uint32_t)(uintptr_t)&turnstile, (uint32_t)(uintptr_t)&woken);
    return woken;
}

WAX_EXPORT("thread_id") uint32_t thread_id(void)
{
    static uint32_t tid;
    return wasix_thread_id((uint32_t)(uintptr_t)&tid) ? 1000 : tid;
}

/** Start address of the counter, for the host to look at. */
WAX_EXPORT("counter_address") uint32_t counter_address(void)
{
    return (uint32_t)(uintptr_t)&counter;
}
