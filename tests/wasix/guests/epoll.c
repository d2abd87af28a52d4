/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of watched descriptors: triggering, duplicates, nesting, timeouts, many threads. */
/* Standard input is a stream that is always ready, as /dev/null is. */
#include <waxwing/wasix.h>

#include "check.h"

enum {
    IN = WASIX_EPOLLIN,
    OUT = WASIX_EPOLLOUT,
    ERR = WASIX_EPOLLERR,
    HUP = WASIX_EPOLLHUP,
    ET = WASIX_EPOLLET,
    ONESHOT = WASIX_EPOLLONESHOT
};
enum { ADD = WASIX_EPOLL_ADD, DEL = WASIX_EPOLL_DEL, MOD = WASIX_EPOLL_MOD };
#define MS 1000000ull
#define MANY 200

static struct wasix_epoll_event got[256];
static wax_thread threads[64];
static _Alignas(16) char stacks[64][8192];

static uint32_t set_of(void)
{
    uint32_t fd;
    OK(wasix_epoll_create(AT(&fd)));
    return fd;
}

static uint32_t event_of(uint64_t count, uint32_t flags)
{
    uint32_t fd;
    OK(wasix_fd_event(count, flags, AT(&fd)));
    return fd;
}

static void add(uint32_t fd, uint64_t v)
{
    uint32_t n;
    OK(put(fd, &v, sizeof v, &n));
}

static void drain(uint32_t fd)
{
    uint64_t v;
    uint32_t n;
    OK(get(fd, &v, sizeof v, &n));
}

static uint32_t ctl(uint32_t set, uint32_t op, uint32_t fd, uint32_t events, uint64_t data)
{
    struct wasix_epoll_event e = {
        .events = events, .ptr = 0x1234, .data1 = (uint32_t)data, .data2 = data};
    return wasix_epoll_ctl(set, op, fd, AT(&e));
}

/* How many are ready within `ns`. */
static uint32_t wait_some(uint32_t set, uint32_t max, uint64_t ns)
{
    uint32_t n = 99;
    OK(wasix_epoll_wait(set, AT(got), max, ns, AT(&n)));
    return n;
}

static uint32_t look(uint32_t set) { return wait_some(set, 256, 0); }

/* One entry is ready and says this. */
#define ONE(SET, EVENTS, DATA)                                                                     \
    do {                                                                                           \
        IS(look(SET), 1);                                                                          \
        IS(got[0].events, EVENTS);                                                                 \
        IS(got[0].data2, DATA);                                                                    \
    } while (0)

static void check_triggers(void)
{
    uint32_t s = set_of(), e = event_of(0, 4);
    OK(ctl(s, ADD, e, IN, 7));
    IS(look(s), 0);
    add(e, 1);
    ONE(s, IN, 7);
    IS(got[0].ptr, 0x1234);
    IS(got[0].fd, e);
    IS(got[0].data1, 7);
    ONE(s, IN, 7); /* until it is drained */
    drain(e);
    IS(look(s), 0);

    OK(ctl(s, MOD, e, IN | ET, 8));
    add(e, 1);
    ONE(s, IN, 8);
    IS(look(s), 0); /* told once */
    add(e, 1);
    ONE(s, IN, 8);
    drain(e);

    OK(ctl(s, MOD, e, IN | ONESHOT, 9));
    add(e, 1);
    ONE(s, IN, 9);
    add(e, 1);
    IS(look(s), 0);
    OK(ctl(s, MOD, e, IN | ONESHOT, 10)); /* armed again, and ready already */
    ONE(s, IN, 10);

    OK(ctl(s, MOD, e, OUT, 11));
    ONE(s, OUT, 11);
    OK(ctl(s, MOD, e, IN | OUT, 12));
    ONE(s, IN | OUT, 12);
    OK(ctl(s, DEL, e, 0, 0));
    IS(look(s), 0);
    OK(p1_fd_close(e));
    OK(p1_fd_close(s));
}

static void check_hangup(void)
{
    uint32_t s = set_of(), p[2];
    OK(wasix_fd_pipe(AT(&p[0]), AT(&p[1])));
    OK(ctl(s, ADD, p[0], 0, 1)); /* told in any case */
    OK(p1_fd_close(p[1]));
    ONE(s, HUP, 1);
    OK(p1_fd_close(p[0]));
    IS(look(s), 0);
    OK(wasix_fd_pipe(AT(&p[0]), AT(&p[1])));
    OK(ctl(s, ADD, p[1], OUT, 2));
    OK(p1_fd_close(p[0]));
    ONE(s, OUT | ERR, 2);
    OK(p1_fd_close(p[1]));
    OK(p1_fd_close(s));
}

static void check_errors(void)
{
    uint32_t s = set_of(), e = event_of(0, 4), n;
    IS(ctl(e, ADD, e, IN, 0), E_INVAL); /* no set */
    IS(ctl(77, ADD, e, IN, 0), E_BADF);
    IS(ctl(s, ADD, 77, IN, 0), E_BADF);
    IS(ctl(s, ADD, s, IN, 0), E_INVAL);
    IS(ctl(s, 4, e, IN, 0), E_INVAL);
    IS(ctl(s, MOD, e, IN, 0), E_NOENT);
    IS(ctl(s, DEL, e, IN, 0), E_NOENT);
    IS(wasix_epoll_ctl(s, ADD, e, 0), E_INVAL);
    IS(wasix_epoll_ctl(s, ADD, e, 0xfffffff0), E_MEMVIOLATION);
    OK(ctl(s, 0, e, IN, 0)); /* adds, too */
    IS(ctl(s, ADD, e, IN, 0), E_EXIST);
    OK(wasix_epoll_ctl(s, DEL, e, 0));
    IS(ctl(s, ADD, 3, IN, 0), E_PERM); /* a directory */
    IS(wasix_epoll_wait(s, AT(got), 0, 0, AT(&n)), E_INVAL);
    IS(wasix_epoll_wait(s, AT(got), -1u, 0, AT(&n)), E_INVAL);
    IS(wasix_epoll_wait(e, AT(got), 1, 0, AT(&n)), E_INVAL);
    IS(wasix_epoll_wait(s, 0xffffffe0, 2, 0, AT(&n)), E_MEMVIOLATION);
    IS(put(s, got, 8, &n), E_BADF);
    OK(p1_fd_fdstat_set_rights(e, 2, 0));
    IS(ctl(s, ADD, e, IN, 0), 76);
    OK(p1_fd_close(e));
    OK(p1_fd_close(s));
}

/* An entry is a number and an open file; it ends with the file. */
static void check_duplicates(void)
{
    uint32_t s = set_of(), e = event_of(1, 4), f, g;
    OK(wasix_fd_dup(e, AT(&f)));
    OK(ctl(s, ADD, e, IN, 1));
    OK(ctl(s, ADD, f, IN | ET, 2));
    OK(wasix_fd_dup(e, AT(&g)));
    OK(ctl(s, ADD, g, IN | ONESHOT, 3));
    IS(look(s), 3);
    IS(got[0].data2 + got[1].data2 + got[2].data2, 6);
    ONE(s, IN, 1);
    OK(ctl(s, MOD, g, IN, 4));
    IS(look(s), 2);
    OK(ctl(s, DEL, f, 0, 0));
    OK(p1_fd_close(e)); /* it is open still */
    IS(look(s), 2);
    OK(p1_fd_close(f));
    OK(p1_fd_close(g));
    IS(look(s), 0);
    /* the number again is another entry */
    e = event_of(1, 4);
    OK(ctl(s, ADD, e, IN, 5));
    ONE(s, IN, 5);
    OK(p1_fd_close(e));
    /* copies of the set are the set */
    e = event_of(1, 4);
    OK(wasix_fd_dup(s, AT(&g)));
    OK(ctl(g, ADD, e, IN, 6));
    ONE(s, IN, 6);
    OK(p1_fd_close(s));
    ONE(g, IN, 6);
    OK(p1_fd_close(e));
    OK(p1_fd_close(g));
}

/* More duplicates than there is room for. */
static void check_many_duplicates(void)
{
    uint32_t s = set_of(), e = event_of(1, 4), n = 0, fds[64], r = 0;
    for (; n < 64; n++) {
        OK(wasix_fd_dup(e, AT(&fds[n])));
        r = ctl(s, ADD, fds[n], IN, n);
        if (r) {
            break;
        }
    }
    IS(r, 51); /* nospc */
    IS(look(s), n);
    for (uint32_t i = 0; i <= n; i++) {
        OK(p1_fd_close(fds[i]));
    }
    OK(p1_fd_close(e));
    IS(look(s), 0);
    OK(p1_fd_close(s));
}

static void check_nesting(void)
{
    uint32_t outer = set_of(), inner = set_of(), e = event_of(0, 4), hup;
    uint64_t bytes;
    OK(ctl(outer, ADD, inner, IN, 1));
    OK(ctl(inner, ADD, e, IN, 2));
    IS(ctl(inner, ADD, outer, IN, 3), E_LOOP);
    IS(look(outer), 0);
    IS(ready(outer, 1, 0, &bytes, &hup), 0);
    add(e, 1);
    ONE(outer, IN, 1);
    ONE(inner, IN, 2);
    IS(ready(outer, 1, 0, &bytes, &hup), 1);
    drain(e);
    IS(look(outer), 0);
    OK(p1_fd_close(inner));
    OK(p1_fd_close(outer));
    OK(p1_fd_close(e));
}

/* Standard input is always ready. */
static void check_always_ready(void)
{
    uint32_t s = set_of(), e = event_of(1, 4), in, hup;
    uint64_t bytes;
    OK(wasix_fd_dup(0, AT(&in)));
    OK(ctl(s, ADD, in, IN, 1));
    ONE(s, IN, 1);
    ONE(s, IN, 1);
    IS(wait_some(s, 1, UINT64_MAX), 1);
    IS(ready(s, 1, 0, &bytes, &hup), 1);
    OK(ctl(s, ADD, e, IN, 2));
    IS(look(s), 2);
    uint32_t seen = 0; /* taking turns */
    for (int i = 0; i < 4; i++) {
        IS(wait_some(s, 1, 0), 1);
        seen |= (uint32_t)got[0].data2;
    }
    IS(seen, 3);
    OK(ctl(s, DEL, e, 0, 0));
    OK(ctl(s, MOD, in, IN | ET, 3));
    ONE(s, IN, 3);
    IS(look(s), 0);
    IS(ready(s, 1, 0, &bytes, &hup), 0);
    OK(ctl(s, MOD, in, IN | ONESHOT, 4));
    ONE(s, IN, 4);
    IS(look(s), 0);
    OK(ctl(s, DEL, in, 0, 0));
    IS(ctl(s, DEL, in, 0, 0), E_NOENT);
    OK(p1_fd_close(in));
    OK(p1_fd_close(e));
    OK(p1_fd_close(s));
}

static uint64_t now(void)
{
    uint64_t t;
    OK(p1_clock_time_get(1, 0, AT(&t)));
    return t;
}

static void add_later(void *arg)
{
    sleep_ms(20);
    add((uint32_t)(uintptr_t)arg, 1);
}

static void check_waiting(void)
{
    uint32_t s = set_of(), e = event_of(0, 4);
    OK(ctl(s, ADD, e, IN | ET, 1));
    uint64_t t = now();
    IS(wait_some(s, 8, 30 * MS), 0);
    IS(now() - t >= 30 * MS, 1);
    OK(wax_thread_start(&threads[0], add_later, (void *)(uintptr_t)e, stacks[0], sizeof stacks[0]));
    IS(wait_some(s, 8, UINT64_MAX), 1);
    IS(now() - t >= 50 * MS, 1);
    wax_thread_join(&threads[0]);
    OK(p1_fd_close(e));
    OK(p1_fd_close(s));
}

static void check_many(void)
{
    uint32_t s = set_of(), fds[MANY], seen[MANY] = {0}, n = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        fds[i] = event_of(i % 2, 4);
        OK(ctl(s, ADD, fds[i], IN, i));
    }
    for (uint32_t i = 0; i < MANY && n < MANY / 2; i++) { /* all come, few at a time */
        for (uint32_t k = wait_some(s, 7, 0); k; k--) {
            uint64_t d = got[k - 1].data2;
            IS(d % 2, 1);
            n += !seen[d]++;
        }
    }
    IS(n, MANY / 2);
    for (uint32_t i = 0; i < MANY; i++) {
        OK(p1_fd_close(fds[i])); /* without taking it out */
    }
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t e = event_of(1, 4);
        OK(ctl(s, ADD, e, IN, i));
        ONE(s, IN, i);
        OK(p1_fd_close(e));
    }
    OK(p1_fd_close(s));
}

/* Threads at one set. */
static uint32_t shared_set, tokens, taken, stop;
static void taker(void *arg)
{
    struct wasix_epoll_event e;
    uint32_t n, k;
    uint64_t v;
    (void)arg;
    for (;;) {
        OK(wasix_epoll_wait(shared_set, AT(&e), 1, UINT64_MAX, AT(&n)));
        if (n && e.data2 == 2) {
            break;
        }
        if (n && get(tokens, &v, sizeof v, &k) == 0) {
            IS(v, 1);
            (void)__atomic_fetch_add(&taken, 1, __ATOMIC_SEQ_CST);
        }
    }
}

static void check_threads(uint32_t n_threads)
{
    shared_set = set_of();
    tokens = event_of(0, 1 | 4);
    stop = event_of(0, 4);
    taken = 0;
    OK(ctl(shared_set, ADD, tokens, IN, 1));
    OK(ctl(shared_set, ADD, stop, IN, 2));
    for (uint32_t i = 0; i < n_threads; i++) {
        OK(wax_thread_start(&threads[i], taker, 0, stacks[i], sizeof stacks[i]));
    }
    for (uint32_t i = 0; i < 500; i++) {
        add(tokens, 2);
    }
    while (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) < 1000) {
        sleep_ms(1);
    }
    add(stop, 1);
    for (uint32_t i = 0; i < n_threads; i++) {
        wax_thread_join(&threads[i]);
    }
    IS(taken, 1000);
    OK(p1_fd_close(tokens));
    OK(p1_fd_close(stop));
    OK(p1_fd_close(shared_set));
}

WAX_EXPORT("_start") void _start(void)
{
    uint32_t before = lowest_fd();
    check_triggers();
    check_hangup();
    check_errors();
    check_duplicates();
    check_many_duplicates();
    check_nesting();
    check_always_ready();
    check_waiting();
    check_many();
    check_threads(1);
    check_threads(2);
    check_threads(64);
    IS(lowest_fd(), before);
}
