/* SPDX-License-Identifier: Apache-2.0 */
/* soak FAMILY THREADS ROUNDS [END MICROSECONDS]: calls of one family, over and over, in threads. */
/*
 * Every thread does so many rounds, 0 of them: for ever. END is `exit` or `trap`: another thread
 * does that after a while.
 */
#include <stdbool.h>

#include <waxwing/wasix.h>

#include "check.h"

enum { INET4 = 1, UNIX = 3, STREAM = 1, DGRAM = 2, INTR = 27, NFILE = 41, SRCH = 71 };
enum { USR1 = 10, ALRM = 14 };
#define MAX_THREADS 64
#define US UINT64_C(1000)
#define ROUNDS(I) for (uint32_t I = 0; !rounds || I < rounds; I++)

static uint32_t rounds, n_workers;
static wax_thread workers[MAX_THREADS], children[MAX_THREADS];
static _Alignas(16) char stacks[MAX_THREADS][8192], child_stacks[MAX_THREADS][4096];

/* -------- threads -------- */

static void child(void *arg)
{
    if ((uintptr_t)arg % 2) {
        wasix_thread_exit(0);
    }
}

static void threads(uint32_t me)
{
    ROUNDS(i)
    {
        OK(wax_thread_start(&children[me], child, (void *)(uintptr_t)i, child_stacks[me],
                            sizeof child_stacks[me]));
        OK(wasix_thread_join(children[me].tid));
    }
}

/* -------- futexes -------- */

static uint32_t mutex, turn; /* 0: free, 1: held, 2: held and waited for */
static volatile uint32_t guarded;

static void futex_wait(uint32_t *word, uint32_t value, uint64_t ns)
{
    const struct wasix_option_timestamp timeout = {ns != 0, ns};
    uint8_t woken;
    uint32_t e = wasix_futex_wait(AT(word), value, AT(&timeout), AT(&woken));
    IS(e == E_SUCCESS || e == E_AGAIN, 1);
}

static void lock(void)
{
    uint32_t old = 0;
    if (__atomic_compare_exchange_n(&mutex, &old, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        return;
    }
    while (__atomic_exchange_n(&mutex, 2, __ATOMIC_SEQ_CST)) {
        futex_wait(&mutex, 2, 0);
    }
}

static void unlock(void)
{
    uint8_t woken;
    if (__atomic_exchange_n(&mutex, 0, __ATOMIC_SEQ_CST) == 2) {
        OK(wasix_futex_wake(AT(&mutex), AT(&woken)));
    }
}

/* A mutex, and a ring: who is waited for must be woken, or nobody goes on. */
static void futexes(uint32_t me)
{
    uint8_t woken;
    static uint32_t never;
    ROUNDS(i)
    {
        lock();
        guarded++;
        unlock();
        for (uint32_t now; (now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) % n_workers != me;) {
            (void)__builtin_wasm_memory_atomic_wait32((int *)&turn, (int)now, -1);
        }
        __atomic_fetch_add(&turn, 1, __ATOMIC_SEQ_CST);
        OK(wasix_futex_wake_all(AT(&turn), AT(&woken)));
        if (i % 16 == 0) {
            futex_wait(&never, 0, 10 * US);
        }
    }
}

static void futexes_after(void) { IS(guarded, rounds * n_workers); }

/* -------- clocks -------- */

static void poll_clock(uint64_t ns)
{
    const struct wasix_subscription sub = {.userdata = ns, .u.clock = {.id = 1, .timeout = ns}};
    struct wasix_event event = {0};
    uint32_t n = 0;
    OK(p1_poll_oneoff(AT(&sub), AT(&event), 1, AT(&n)));
    IS(n == 1 && event.userdata == ns && event.error == 0, 1);
}

static void clocks(uint32_t me)
{
    uint64_t last = 0, now = 0;
    (void)me;
    ROUNDS(i)
    {
        OK(wasix_clock_time_get(1, 1, AT(&now)));
        IS(now >= last, 1);
        last = now;
        OK(wasix_clock_res_get(i % 2, AT(&now)));
        OK(wasix_thread_sleep(10 * US));
        OK(wasix_sched_yield());
        OK(wasix_clock_time_get(1, 1, AT(&now)));
        IS(now >= last + 10 * US, 1);
        poll_clock(10 * US);
    }
}

/* -------- files -------- */

enum { SEEK_READ_WRITE = 0x46, READDIR = 0x4000 };
enum { ROOT = 3, CREATE = 1, DIRECTORY = 2, EXCLUSIVE = 4 };

static uint32_t open_at(const char *path, uint32_t len, uint32_t flags, uint64_t rights)
{
    uint32_t fd = 0;
    OK(wasix_path_open2(ROOT, 0, AT(path), len, flags, rights, rights, 0, 0, AT(&fd)));
    return fd;
}

static void files(uint32_t me)
{
    char name[] = "tmp/a00", other[] = "tmp/b00", buf[512], back[512];
    const uint32_t len = sizeof name - 1;
    uint32_t n, dir;
    uint64_t at;
    name[5] = other[5] = (char)('0' + me / 10);
    name[6] = other[6] = (char)('0' + me % 10);
    ROUNDS(i)
    {
        for (uint32_t k = 0; k < sizeof buf; k++) {
            buf[k] = (char)(i + k * me);
        }
        uint32_t fd = open_at(name, len, CREATE | EXCLUSIVE, SEEK_READ_WRITE);
        OK(put(fd, buf, sizeof buf, &n));
        OK(wasix_path_rename(ROOT, AT(name), len, ROOT, AT(other), len));
        OK(p1_fd_seek(fd, 0, 0, AT(&at)));
        OK(get(fd, back, sizeof back, &n));
        IS(n, sizeof back);
        for (uint32_t k = 0; k < sizeof buf; k++) {
            IS(back[k], buf[k]);
        }
        OK(p1_fd_close(fd));
        dir = open_at("tmp", 3, DIRECTORY, READDIR);
        OK(p1_fd_readdir(dir, AT(back), sizeof back, 0, AT(&n)));
        OK(p1_fd_close(dir));
        OK(wasix_path_unlink_file(ROOT, AT(other), len));
    }
}

/* -------- pipes -------- */

static void two_ends(const uint32_t p[2])
{
    char c = 0;
    uint32_t n;
    OK(put(p[1], "x", 1, &n));
    OK(get(p[0], &c, 1, &n));
    IS(c, 'x');
    OK(p1_fd_close(p[1]));
    OK(get(p[0], &c, 1, &n)); /* the end */
    IS(n, 0);
    OK(p1_fd_close(p[0]));
}

static void pipes(uint32_t me)
{
    uint32_t p[2], fd, n;
    uint64_t v = me + 1, got = 0;
    ROUNDS(i)
    {
        OK(wasix_fd_pipe(AT(&p[0]), AT(&p[1])));
        two_ends(p);
        OK(wasix_sock_pair(UNIX, STREAM, 0, AT(&p[0]), AT(&p[1])));
        two_ends(p);
        OK(wasix_fd_event(v, 0, AT(&fd)));
        OK(wasix_fd_dup(fd, AT(&p[0])));
        OK(p1_fd_close(fd));
        OK(get(p[0], &got, sizeof got, &n));
        IS(got, v);
        OK(p1_fd_close(p[0]));
    }
}

/* A byte goes round from thread to thread. */
static uint32_t ring[MAX_THREADS][2];

static void ring_before(void)
{
    uint32_t n;
    for (uint32_t i = 0; i < n_workers; i++) {
        OK(wasix_fd_pipe(AT(&ring[i][0]), AT(&ring[i][1])));
    }
    OK(put(ring[0][1], "o", 1, &n));
}

static void rings(uint32_t me)
{
    uint32_t n, to = (me + 1) % n_workers;
    char c = 0;
    ROUNDS(i)
    {
        OK(get(ring[me][0], &c, 1, &n));
        IS(c, 'o');
        OK(put(ring[to][1], &c, 1, &n));
    }
}

static void ring_after(void)
{
    for (uint32_t i = 0; i < n_workers; i++) {
        OK(p1_fd_close(ring[i][0]));
        OK(p1_fd_close(ring[i][1]));
    }
}

/* -------- sockets -------- */

struct address {
    uint8_t tag, zero;
    uint16_t port;
    uint8_t ip[106];
};

static uint32_t socket_of(uint32_t type, struct address *ret_at)
{
    uint32_t s = 0;
    *ret_at = (struct address){.tag = INET4, .ip = {127, 0, 0, 1}};
    OK(wasix_sock_open(INET4, type, 0, AT(&s)));
    OK(wasix_sock_bind(s, AT(ret_at)));
    if (type == STREAM) {
        OK(wasix_sock_listen(s, 4));
    }
    OK(wasix_sock_addr_local(s, AT(ret_at)));
    return s;
}

static void send_recv(uint32_t from, uint32_t to, uint32_t value)
{
    uint32_t got = 0, n, iov[2] = {AT(&value), 4}, back[2] = {AT(&got), 4};
    uint16_t flags;
    OK(wasix_sock_send(from, AT(iov), 1, 0, AT(&n)));
    OK(wasix_sock_recv(to, AT(back), 1, 0, AT(&n), AT(&flags)));
    IS(got, value);
}

static void sockets(uint32_t me)
{
    struct address at, from;
    (void)me;
    ROUNDS(i)
    {
        uint32_t listener = socket_of(STREAM, &at), a = 0, b = 0;
        OK(wasix_sock_open(INET4, STREAM, 0, AT(&a)));
        OK(wasix_sock_connect(a, AT(&at)));
        OK(wasix_sock_accept_v2(listener, 0, AT(&b), AT(&from)));
        send_recv(a, b, i);
        send_recv(b, a, i + 1);
        OK(p1_sock_shutdown(a, 2));
        OK(p1_fd_close(b));
        OK(p1_fd_close(a));
        OK(p1_fd_close(listener));
        b = socket_of(DGRAM, &at);
        a = socket_of(DGRAM, &from);
        OK(wasix_sock_connect(a, AT(&at)));
        send_recv(a, b, i);
        OK(p1_fd_close(b));
        OK(p1_fd_close(a));
    }
}

/* -------- poll, epoll -------- */

static void polls(uint32_t me)
{
    ROUNDS(i)
    {
        uint32_t set = 0, p[2], n = 0, hangup;
        uint64_t bytes;
        char c;
        struct wasix_epoll_event e = {.events = WASIX_EPOLLIN, .data2 = i * 64 + me}, got[2];
        OK(wasix_epoll_create(AT(&set)));
        OK(wasix_fd_pipe(AT(&p[0]), AT(&p[1])));
        OK(wasix_epoll_ctl(set, WASIX_EPOLL_ADD, p[0], AT(&e)));
        OK(wasix_epoll_wait(set, AT(got), 2, 10 * US, AT(&n)));
        IS(n, 0);
        IS(ready(p[0], 1, 10 * US, &bytes, &hangup), 0);
        OK(put(p[1], "x", 1, &n));
        OK(wasix_epoll_wait(set, AT(got), 2, UINT64_MAX, AT(&n)));
        IS(n, 1);
        IS(got[0].data2, i * 64 + me);
        IS(ready(p[0], 1, UINT64_C(3600) * 1000000000, &bytes, &hangup), 1);
        if (i % 2) {
            OK(wasix_epoll_ctl(set, WASIX_EPOLL_DEL, p[0], AT(&e)));
        }
        OK(get(p[0], &c, 1, &n));
        two_ends(p);
        OK(p1_fd_close(set));
    }
}

/* -------- signals -------- */

static uint32_t n_signals;

WAX_EXPORT("__wasm_signal") void on_signal(uint32_t sig)
{
    IS(sig == USR1 || sig == ALRM, 1);
    __atomic_fetch_add(&n_signals, 1, __ATOMIC_SEQ_CST);
}

static void signals_before(void)
{
    wasix_callback_signal(AT("__wasm_signal"), 13);
    OK(wasix_proc_raise_interval(ALRM, 200 * US, 1));
}

static void signals(uint32_t me)
{
    uint32_t self = 0;
    OK(wasix_thread_id(AT(&self)));
    ROUNDS(i)
    {
        uint32_t before = __atomic_load_n(&n_signals, __ATOMIC_SEQ_CST);
        uint32_t next = (me + 1) % n_workers, e;
        OK(wasix_thread_signal(self, USR1));
        IS(__atomic_load_n(&n_signals, __ATOMIC_SEQ_CST) > before, 1);
        e = wasix_thread_signal(next ? workers[next].tid : 1, USR1); /* begun, over, or neither */
        IS(e == E_SUCCESS || e == SRCH, 1);
        e = wasix_thread_sleep(20 * US);
        IS(e == E_SUCCESS || e == INTR, 1);
        OK(wasix_proc_raise(USR1));
    }
}

static void signals_after(void) { OK(wasix_proc_raise_interval(ALRM, 0, 0)); }

/* -------- processes -------- */

#ifdef FORKS /* else the memory would be of the kind that can be forked for all families */
static void pass(uint32_t in, uint32_t out)
{
    uint32_t v = 0, n = 0;
    OK(get(in, &v, sizeof v, &n));
    v++;
    OK(put(out, &v, sizeof v, &n));
}

/* A child gets a number by one pipe and gives it back by another, one more. */
static void forks(uint32_t me)
{
    ROUNDS(i)
    {
        uint32_t there[2], back[2], pid = 0, n = 0, v = i, e;
        OK(wasix_fd_pipe(AT(&there[0]), AT(&there[1])));
        OK(wasix_fd_pipe(AT(&back[0]), AT(&back[1])));
        do { /* as many as there may be, and as many descriptors of all of them */
            e = wasix_proc_fork(1, AT(&pid));
            if (e) {
                (void)wasix_thread_sleep(100 * US);
            }
        } while (e == E_AGAIN || e == NFILE);
        OK(e);
        if (pid == 0) {
            pass(there[0], back[1]);
            wasix_proc_exit2(me + 1);
        }
        struct wasix_option_u32 who = {1, pid};
        struct wasix_join_status status = {0};
        OK(put(there[1], &v, sizeof v, &n));
        OK(get(back[0], &v, sizeof v, &n));
        IS(v, i + 1);
        OK(wasix_proc_join(AT(&who), 0, AT(&status)));
        IS(status.tag == 1 && status.code == me + 1, 1);
        for (uint32_t k = 0; k < 2; k++) {
            OK(p1_fd_close(there[k]));
            OK(p1_fd_close(back[k]));
        }
    }
}
#endif

/* -------- */

static void nothing(void) {}

static const struct family {
    const char *name;
    void (*before)(void);
    void (*work)(uint32_t me);
    void (*after)(void);
} families[] = {
    {"threads", nothing, threads, nothing},
    {"futexes", nothing, futexes, futexes_after},
    {"clocks", nothing, clocks, nothing},
    {"files", nothing, files, nothing},
    {"pipes", nothing, pipes, nothing},
    {"rings", ring_before, rings, ring_after},
    {"sockets", nothing, sockets, nothing},
    {"polls", nothing, polls, nothing},
    {"signals", signals_before, signals, signals_after},
#ifdef FORKS
    {"forks", nothing, forks, nothing},
#endif
};
static const struct family *family;

static void worker(void *me) { family->work((uint32_t)(uintptr_t)me); }

static wax_thread ender;
static _Alignas(16) char ender_stack[4096];
static uint64_t end_after;
static bool traps;

static void end(void *arg)
{
    (void)arg;
    uint32_t e = wasix_thread_sleep(end_after * US);
    IS(e == E_SUCCESS || e == INTR, 1);
    if (traps) {
        __builtin_trap();
    }
    p1_proc_exit(7);
}

static uint32_t number(const char *p)
{
    uint32_t n = 0;
    for (; *p; p++) {
        n = n * 10 + (uint32_t)(*p - '0');
    }
    return n;
}

static bool equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

WAX_EXPORT("_start") void start(void)
{
    static char *args[8], text[256];
    uint32_t n = 0, bytes = 0, fds = lowest_fd();
    OK(p1_args_sizes_get(AT(&n), AT(&bytes)));
    IS((n == 4 || n == 6) && bytes <= sizeof text, 1);
    OK(p1_args_get(AT(args), AT(text)));
    for (uint32_t i = 0; i < sizeof families / sizeof *families; i++) {
        family = equal(families[i].name, args[1]) ? &families[i] : family;
    }
    n_workers = number(args[2]);
    rounds = number(args[3]);
    IS(family && n_workers >= 1 && n_workers <= MAX_THREADS, 1);
    if (n == 6) {
        traps = equal(args[4], "trap");
        end_after = number(args[5]);
        OK(wax_thread_start(&ender, end, 0, ender_stack, sizeof ender_stack));
    }
    family->before();
    for (uint32_t i = 1; i < n_workers; i++) {
        OK(wax_thread_start(&workers[i], worker, (void *)(uintptr_t)i, stacks[i],
                            sizeof stacks[i]));
    }
    worker(0);
    for (uint32_t i = 1; i < n_workers; i++) {
        wax_thread_join(&workers[i]);
    }
    family->after();
    IS(lowest_fd(), fds);
    p1_proc_exit(0);
}
