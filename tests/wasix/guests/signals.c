/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: to oneself, to threads, blocked, out of waits, in loops and deep calls, from timers. */
#include "check.h"

#define P(X) AT(X)
#define CHECK(X) IS(!(X), 0)
#define MAIN                                                                                       \
    static int guest_main(void);                                                                   \
    WAX_EXPORT("_start") void start(void) { wasix_proc_exit2((uint32_t)guest_main()); }            \
    static int guest_main(void)

enum { HUP = 1, INT = 2, USR1 = 10, USR2 = 12, ALRM = 14, CHLD = 17, CONT = 18, TSTP = 20 };
enum { SUCCESS = 0, INTR = 27, INVAL = 28, SRCH = 71 };
#define MS UINT64_C(1000000)

static volatile uint32_t count[32];
static volatile uint32_t handled_by[32];
static volatile uint32_t in_handler; /* bit = number */
static uint32_t word;

static uint32_t tid(void)
{
    uint32_t t = 0;
    wasix_thread_id(P(&t));
    return t;
}

WAX_EXPORT("__wasm_signal") void on_signal(uint32_t sig)
{
    CHECK(!(in_handler >> sig & 1)); /* POSIX: not in its own handler */
    in_handler |= 1u << sig;
    count[sig]++;
    handled_by[sig] = tid();
    if (sig == USR2 && count[USR2] < 5) { /* another one nests, the same waits */
        uint32_t before = count[HUP];
        CHECK(wasix_proc_raise(USR2) == SUCCESS && wasix_proc_raise(HUP) == SUCCESS);
        CHECK(count[HUP] == before + 1);
        wasix_thread_sleep(1 * MS);
    }
    in_handler &= ~(1u << sig);
}

static void set_handler(const char *name)
{
    uint32_t n = 0;
    while (name[n]) {
        n++;
    }
    wasix_callback_signal(P(name), n);
}

/* Told of at least one at its default, a libc makes its defaults ready before main(). */
static void listed(void)
{
    uint8_t list[2 * 32];
    uint32_t n = 0, found = 0;
    CHECK(wasix_proc_signals_sizes_get(P(&n)) == SUCCESS && n >= 1 && n <= 31);
    CHECK(wasix_proc_signals_get(P(list)) == SUCCESS);
    for (uint32_t i = 0; i < n; i++) {
        found += list[2 * i] == CHLD && list[2 * i + 1] == 0;
    }
    CHECK(found == 1);
}

static void to_oneself(void)
{
    CHECK(wasix_proc_raise(USR1) == SUCCESS);
    CHECK(count[USR1] == 1); /* before the call returned */
    CHECK(wasix_proc_raise(0) == SUCCESS);
    CHECK(wasix_proc_raise(32) == INVAL);
    CHECK(wasix_thread_signal(tid(), USR1) == SUCCESS && count[USR1] == 2);
    CHECK(wasix_thread_signal(0x3fffffff, USR1) == SUCCESS && count[USR1] == 3);
    CHECK(wasix_thread_signal(12345, USR1) == SRCH);
    CHECK(wasix_proc_raise(USR2) == SUCCESS);
    CHECK(count[USR2] == 5 && count[HUP] == 4 && in_handler == 0);
}

static void blocked(void)
{
    uint32_t before = count[HUP];
    set_handler("__wasm_signal_blocked");
    CHECK(wasix_proc_raise(HUP) == SUCCESS && wasix_proc_raise(HUP) == SUCCESS);
    CHECK(wasix_thread_sleep(1 * MS) == SUCCESS); /* not interrupted */
    CHECK(count[HUP] == before);
    set_handler("__wasm_signal");
    CHECK(count[HUP] == before + 1); /* a set holds each once */
}

/* -------- timers -------- */

static __attribute__((noinline)) uint32_t fib(uint32_t n) /* no loop: only its entry is a poll */
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void timers(void)
{
    count[ALRM] = 0;
    CHECK(wasix_proc_raise_interval(ALRM, 2 * MS, 0) == SUCCESS);
    CHECK(wasix_thread_sleep(10000 * MS) == INTR && count[ALRM] == 1);
    CHECK(wasix_thread_sleep(5 * MS) == SUCCESS && count[ALRM] == 1); /* once */
    CHECK(wasix_proc_raise_interval(ALRM, 1 * MS, 1) == SUCCESS);
    while (count[ALRM] < 5) { /* in a loop */
    }
    count[ALRM] = 0;
    uint32_t sum = 0;
    while (count[ALRM] < 3) { /* in calls */
        sum = fib(24);
        CHECK(sum == 46368);
    }
    CHECK(wasix_proc_raise_interval(ALRM, 0, 0) == SUCCESS);
    CHECK(wasix_proc_raise_interval(ALRM, 1, 1) == SUCCESS); /* floods nobody but us */
    for (uint32_t i = 0; i < 100000 && count[ALRM] < 1000; i++) {
        sum += count[ALRM];
    }
    CHECK(wasix_proc_raise_interval(ALRM, 0, 0) == SUCCESS);
    count[ALRM] = 0;
    CHECK(wasix_proc_raise_interval(ALRM, 60000 * MS, 0) == SUCCESS); /* left armed */
    CHECK(wasix_proc_raise_interval(0, 1, 0) == INVAL &&
          wasix_proc_raise_interval(32, 1, 0) == INVAL);
}

/* -------- waits -------- */

static void waits(void)
{
    uint8_t timeout[16] = {1}, woken = 9;
    *(uint64_t *)(void *)(timeout + 8) = 10000 * MS;
    count[ALRM] = 0;
    CHECK(wasix_proc_raise_interval(ALRM, 2 * MS, 0) == SUCCESS);
    CHECK(wasix_futex_wait(P(&word), 0, P(timeout), P(&woken)) == INTR);
    CHECK(woken == 0);
    CHECK(count[ALRM] == 1);

    CHECK(wasix_proc_raise_interval(ALRM, 2 * MS, 0) == SUCCESS); /* the instruction goes on */
    CHECK(__builtin_wasm_memory_atomic_wait32((int *)&word, 0, 30 * (int64_t)MS) == 2);
    CHECK(count[ALRM] == 2);

    uint64_t sub[6] = {0}, event[4];
    uint32_t n = 0;
    *(uint32_t *)(void *)(sub + 2) = 1;
    sub[3] = 10000 * MS;
    CHECK(wasix_proc_raise_interval(ALRM, 2 * MS, 0) == SUCCESS);
    CHECK(wasix_poll_oneoff(P(sub), P(event), 1, P(&n)) == INTR && count[ALRM] == 3);

    CHECK(wasix_proc_raise(CHLD) == SUCCESS); /* has a handler as well */
    CHECK(count[CHLD] == 1);
}

/* -------- threads -------- */

static wax_thread threads[64];
static _Alignas(16) char stacks[64][4096];
static uint32_t started, stop;

static void spin(void *arg)
{
    uint32_t mine = tid();
    (void)arg;
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        if (handled_by[INT] == mine) {
            __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
        }
    }
}

static void sleeper(void *arg)
{
    (void)arg;
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        (void)wasix_thread_sleep(10000 * MS); /* each ends by a signal */
    }
}

static void run_threads(uint32_t n, void (*fn)(void *))
{
    started = stop = 0;
    for (uint32_t i = 0; i < n; i++) {
        CHECK(wax_thread_start(&threads[i], fn, 0, stacks[i], sizeof stacks[i]) == 0);
    }
    while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) < n) {
    }
}

static void to_threads(uint32_t n)
{
    run_threads(n, spin);
    CHECK(wasix_thread_signal(threads[n - 1].tid, INT) == SUCCESS);
    for (uint32_t i = 0; i < n; i++) {
        wax_thread_join(&threads[i]);
    }
    CHECK(handled_by[INT] == threads[n - 1].tid);
    run_threads(n, sleeper);
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < n; i++) {
        while (!__atomic_load_n(&threads[i].done, __ATOMIC_SEQ_CST)) {
            (void)wasix_thread_signal(threads[i].tid, USR1);
            wasix_thread_sleep(0);
        }
        wax_thread_join(&threads[i]);
    }
}

MAIN
{
    CHECK(wasix_proc_raise(CHLD) == SUCCESS && wasix_proc_raise(CONT) == SUCCESS); /* ignored */
    set_handler("__wasm_signal");
    listed();
    to_oneself();
    blocked();
    timers();
    waits();
    to_threads(1);
    to_threads(2);
    to_threads(64);
    return 0;
}
