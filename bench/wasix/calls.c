/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, futexes, pipes, sockets, processes: calls CASE ROUNDS; native, or over WASIX. */
#include "platform.h"

/* -------- threads -------- */

static struct thread other;

static void nothing(void *arg) { (void)arg; }

static int spawn_join(long rounds)
{
    for (; rounds > 0; rounds--) {
        if (thread_start(&other, nothing, NULL)) {
            return 1;
        }
        thread_join(&other);
    }
    return 0;
}

/* 0: free, 1: held, 2: held and waited for. The same code on both sides. */
static uint32_t mutex;

static __attribute__((noinline)) void lock(uint32_t *m)
{
    uint32_t old = 0;
    if (__atomic_compare_exchange_n(m, &old, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return;
    }
    while (__atomic_exchange_n(m, 2, __ATOMIC_ACQUIRE)) {
        futex_wait(m, 2);
    }
}

static __attribute__((noinline)) void unlock(uint32_t *m)
{
    if (__atomic_exchange_n(m, 0, __ATOMIC_RELEASE) == 2) {
        futex_wake(m);
    }
}

static int uncontended(long rounds)
{
    static volatile uint32_t guarded;
    for (long i = 0; i < rounds; i++) {
        lock(&mutex);
        guarded++;
        unlock(&mutex);
    }
    return guarded != (uint32_t)rounds;
}

/* -------- two threads by turns -------- */

static uint32_t turn;

static void wait_for(uint32_t mine)
{
    for (;;) {
        uint32_t now = __atomic_load_n(&turn, __ATOMIC_ACQUIRE);
        if (now == mine) {
            return;
        }
        futex_wait(&turn, now);
    }
}

static void give_to(uint32_t who)
{
    __atomic_store_n(&turn, who, __ATOMIC_RELEASE);
    futex_wake(&turn);
}

static void futex_peer(void *arg)
{
    for (long n = *(long *)arg; n > 0; n--) {
        wait_for(1);
        give_to(0);
    }
}

static int futexes(long rounds)
{
    long n = rounds;
    if (thread_start(&other, futex_peer, &n)) {
        return 1;
    }
    for (long i = 0; i < rounds; i++) {
        give_to(1);
        wait_for(0);
    }
    thread_join(&other);
    return 0;
}

static int there[2], back[2];

static void pipe_peer(void *arg)
{
    char c;
    (void)arg;
    while (get(there[0], &c, 1) == 1 && c == 'a' && put(back[1], &c, 1) == 1) {
    }
}

static int pipes(long rounds)
{
    char c = 'a';
    if (make_pipe(there) || make_pipe(back) || thread_start(&other, pipe_peer, NULL)) {
        return 1;
    }
    for (; rounds > 0; rounds--) {
        if (put(there[1], &c, 1) != 1 || get(back[0], &c, 1) != 1) {
            return 1;
        }
    }
    c = 'z';
    (void)put(there[1], &c, 1);
    thread_join(&other);
    return 0;
}

#define MESSAGE 64

static int listener;

static void echo_peer(void *arg)
{
    char buf[MESSAGE];
    int s = accept_one(listener);
    (void)arg;
    while (receive_all(s, buf, sizeof buf) == MESSAGE && buf[0] == 'a' &&
           send_all(s, buf, sizeof buf) == MESSAGE) {
    }
}

static int echo(long rounds)
{
    static char buf[MESSAGE];
    static uint64_t address[ADDRESS_BYTES / 8];
    listener = listen_somewhere(address);
    if (listener < 0 || thread_start(&other, echo_peer, NULL)) {
        return 1;
    }
    int s = connect_to(address);
    buf[0] = 'a';
    for (; rounds > 0; rounds--) {
        if (send_all(s, buf, sizeof buf) != MESSAGE || receive_all(s, buf, sizeof buf) != MESSAGE) {
            return 1;
        }
    }
    buf[0] = 'z';
    (void)send_all(s, buf, sizeof buf);
    thread_join(&other);
    return 0;
}

/* -------- processes -------- */

#define FORK_BYTES (64u << 20)
#define DIRTY_BYTES (1u << 20)
#define PAGE 4096

static char memory[FORK_BYTES];

static void touch(size_t bytes)
{
    static char c;
    c++;
    for (size_t i = 0; i < bytes; i += PAGE) {
        ((volatile char *)memory)[i] = c;
    }
}

static int tell(uint64_t ns)
{
    char text[21];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + ns % 10);
        ns /= 10;
    } while (ns > 0);
    return put(1, text + at, sizeof text - at) != (long)(sizeof text - at);
}

/* Of a process with all of its memory in use: there is one of it only, and it tells what it took.
 */
static int first_fork(long rounds)
{
    touch(FORK_BYTES);
    uint64_t start = now_ns();
    int e = rounds > 0 ? fork_once() : 0;
    return e ? e : tell(now_ns() - start);
}

/* Those after it, with 1 MiB written in between. */
static int later_forks(long rounds)
{
    touch(FORK_BYTES);
    int e = fork_once();
    for (; rounds > 0 && !e; rounds--) {
        touch(DIRTY_BYTES);
        e = fork_once();
    }
    return e;
}

/* -------- */

static const struct {
    const char *name;
    int (*run)(long rounds);
} cases[] = {
    {"spawn", spawn_join}, {"mutex", uncontended}, {"futex", futexes},     {"pipe", pipes},
    {"echo", echo},        {"fork", first_fork},   {"forks", later_forks},
};

static int equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static int run(int n_args, char **args)
{
    long rounds = 0;
    for (const char *p = n_args > 2 ? args[2] : ""; *p; p++) {
        rounds = rounds * 10 + (*p - '0');
    }
    for (size_t i = 0; n_args > 2 && i < sizeof cases / sizeof *cases; i++) {
        if (equal(cases[i].name, args[1])) {
            return cases[i].run(rounds);
        }
    }
    return 64;
}
