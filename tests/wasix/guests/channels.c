/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes, pairs of sockets and event counters, alone and between 1, 2 and 64 threads. */
#include "check.h"

enum { STREAM = 1, DGRAM = 2 };
#define MIB (1u << 20)
#define MS 1000000ull

static uint8_t big[MIB], copy[MIB];
static wax_thread threads[64];
static _Alignas(16) char stacks[64][8192];

static void start(uint32_t i, void (*fn)(void *), void *arg)
{
    OK(wax_thread_start(&threads[i], fn, arg, stacks[i], sizeof stacks[i]));
}

static void pipe_of(uint32_t p[2]) { OK(wasix_fd_pipe(AT(&p[0]), AT(&p[1]))); }

static void pair_of(uint32_t type, uint32_t p[2])
{
    OK(wasix_sock_pair(3, type, 0, AT(&p[0]), AT(&p[1])));
}

static void close_two(const uint32_t p[2])
{
    OK(p1_fd_close(p[0]));
    OK(p1_fd_close(p[1]));
}

/* -------- pipes -------- */

static void check_pipe(void)
{
    uint32_t p[2], n, hup;
    uint64_t bytes;
    char buf[16];
    pipe_of(p);
    IS(ready(p[0], 1, 0, &bytes, &hup), 0);
    IS(ready(p[1], 2, 0, &bytes, &hup), 1);
    OK(put(p[1], "hello", 5, &n));
    IS(n, 5);
    IS(ready(p[0], 1, 0, &bytes, &hup), 1);
    IS(bytes, 5);
    IS(hup, 0);
    OK(get(p[0], buf, sizeof buf, &n));
    IS(n, 5);
    IS(buf[4], 'o');
    IS(put(p[0], "x", 1, &n), E_BADF);
    IS(get(p[1], buf, 1, &n), E_BADF);
    OK(p1_fd_close(p[1]));
    IS(ready(p[0], 1, 0, &bytes, &hup), 1);
    IS(hup, 1);
    OK(get(p[0], buf, 1, &n)); /* the end */
    IS(n, 0);
    OK(p1_fd_close(p[0]));
}

static uint32_t n_sigpipe;

WAX_EXPORT("on_signal") void on_signal(uint32_t sig)
{
    IS(sig, 13);
    n_sigpipe++;
}

static void check_pipe_without_reader(void)
{
    uint32_t p[2], n, twin, hup;
    uint64_t bytes;
    pipe_of(p);
    OK(wasix_fd_dup(p[0], AT(&twin)));
    OK(p1_fd_close(p[0]));
    OK(put(p[1], "x", 1, &n)); /* one is left */
    OK(p1_fd_close(twin));
    IS(put(p[1], "x", 1, &n), E_PIPE);
    IS(n_sigpipe, 1);
    IS(ready(p[1], 2, 0, &bytes, &hup), 1);
    IS(hup, 1);
    OK(p1_fd_close(p[1]));
}

static void check_pipe_nonblocking(void)
{
    uint32_t p[2], n, total = 0, e;
    pipe_of(p);
    set_nonblock(p[0]);
    set_nonblock(p[1]);
    IS(get(p[0], copy, 1, &n), E_AGAIN);
    while ((e = put(p[1], big, 4096, &n)) == 0) { /* 4096 at once or not at all */
        IS(n, 4096);
        total += n;
    }
    IS(e, E_AGAIN);
    OK(get(p[0], copy, 4096 + 100, &n));
    IS(n, 4196);
    OK(put(p[1], big, 4096, &n)); /* what is free may be in pieces */
    IS(put(p[1], big, MIB, &n), E_AGAIN);
    total = total - 4196 + 4096;
    while (total) {
        OK(get(p[0], copy, MIB, &n));
        total -= n;
    }
    IS(get(p[0], copy, 1, &n), E_AGAIN);
    OK(put(p[1], big, MIB, &n)); /* a part */
    IS(n > 0 && n < MIB, 1);
    close_two(p);
}

static uint32_t one_end;
static void write_big(void *arg)
{
    uint32_t n;
    (void)arg;
    OK(put(one_end, big, MIB, &n));
    IS(n, MIB); /* waits until all is written */
    OK(p1_fd_close(one_end));
}

static void check_big(const uint32_t p[2])
{
    uint32_t n, total = 0;
    one_end = p[1];
    start(0, write_big, 0);
    do {
        OK(get(p[0], copy + total, MIB - total + 1, &n));
        total += n;
    } while (n);
    IS(total, MIB);
    for (uint32_t i = 0; i < MIB; i++) {
        if (copy[i] != big[i]) {
            IS(i, MIB);
        }
    }
    wax_thread_join(&threads[0]);
    OK(p1_fd_close(p[0]));
}

/* A reader that waits sees the last writer go. */
static void close_later(void *arg)
{
    sleep_ms(20);
    OK(p1_fd_close((uint32_t)(uintptr_t)arg));
}

static void check_close_wakes(void)
{
    uint32_t p[2], n;
    pipe_of(p);
    start(0, close_later, (void *)(uintptr_t)p[1]);
    OK(get(p[0], copy, 1, &n));
    IS(n, 0);
    wax_thread_join(&threads[0]);
    OK(p1_fd_close(p[0]));
}

/* A writer that waits sees the last reader go: what it wrote so far counts. */
static void check_reader_goes(void)
{
    uint32_t p[2], n;
    pipe_of(p);
    start(0, close_later, (void *)(uintptr_t)p[0]);
    OK(put(p[1], big, MIB, &n));
    IS(n > 0 && n < MIB, 1);
    IS(put(p[1], big, 1, &n), E_PIPE);
    wax_thread_join(&threads[0]);
    OK(p1_fd_close(p[1]));
}

/* -------- pairs of sockets -------- */

static void check_pair(void)
{
    uint32_t p[2], n, hup;
    uint64_t bytes;
    char buf[16];
    pair_of(STREAM, p);
    OK(put(p[0], "there", 5, &n));
    OK(put(p[1], "back", 4, &n));
    IS(ready(p[1], 1, 0, &bytes, &hup), 1);
    IS(bytes, 5);
    OK(get(p[0], buf, sizeof buf, &n));
    IS(n, 4);
    OK(get(p[1], buf, sizeof buf, &n));
    IS(n, 5);
    OK(p1_sock_shutdown(p[0], 2));
    OK(get(p[1], buf, sizeof buf, &n));
    IS(n, 0);
    OK(put(p[1], "still", 5, &n));
    OK(p1_fd_close(p[0]));
    uint32_t before = n_sigpipe;
    IS(put(p[1], "x", 1, &n), E_PIPE);
    IS(n_sigpipe, before + 1);
    uint32_t iov[2] = {AT("x"), 1};
    IS(wasix_sock_send(p[1], AT(iov), 1, 0, AT(&n)), E_PIPE); /* may have been MSG_NOSIGNAL */
    IS(n_sigpipe, before + 1);
    OK(p1_fd_close(p[1]));

    pair_of(DGRAM, p);
    OK(put(p[0], "one", 3, &n));
    OK(put(p[0], "three", 5, &n));
    OK(get(p[1], buf, sizeof buf, &n));
    IS(n, 3); /* boundaries are kept */
    OK(get(p[1], buf, sizeof buf, &n));
    IS(n, 5);
    close_two(p);

    IS(wasix_sock_pair(3, STREAM, 17, AT(&p[0]), AT(&p[1])), E_NOTSUP);
    IS(wasix_sock_pair(3, DGRAM, 6, AT(&p[0]), AT(&p[1])), E_NOTSUP);
    IS(wasix_sock_pair(3, 3, 0, AT(&p[0]), AT(&p[1])), E_NOTSUP);
}

/* -------- event counters -------- */

static uint32_t event_of(uint64_t count, uint32_t flags)
{
    uint32_t fd;
    OK(wasix_fd_event(count, flags, AT(&fd)));
    return fd;
}

static uint32_t add(uint32_t fd, uint64_t v)
{
    uint32_t n, e = put(fd, &v, sizeof v, &n);
    IS(n, e ? 0 : sizeof v);
    return e;
}

/* UINT64_MAX: it would have to wait */
static uint64_t take(uint32_t fd)
{
    uint64_t v = 0;
    uint32_t n, e = get(fd, &v, sizeof v, &n);
    if (e) {
        IS(e, E_AGAIN);
        return UINT64_MAX;
    }
    IS(n, sizeof v);
    return v;
}

static void check_event(void)
{
    uint32_t n, fd = event_of(UINT64_C(5000000000), 4), hup;
    uint64_t bytes;
    uint8_t raw[12];
    IS(take(fd), UINT64_C(5000000000));
    IS(take(fd), UINT64_MAX);
    IS(ready(fd, 1, 0, &bytes, &hup), 0);
    OK(add(fd, 3));
    OK(add(fd, 4));
    IS(ready(fd, 1, 0, &bytes, &hup), 1);
    IS(take(fd), 7);
    IS(put(fd, raw, 7, &n), E_INVAL);
    IS(get(fd, raw, 7, &n), E_INVAL);
    IS(add(fd, UINT64_MAX), E_INVAL);
    OK(add(fd, UINT64_MAX - 1));
    IS(add(fd, 1), E_AGAIN); /* full */
    IS(ready(fd, 2, 0, &bytes, &hup), 0);
    IS(take(fd), UINT64_MAX - 1);
    /* in pieces, and longer than a number */
    uint64_t v = UINT64_C(0x0102030405060708), back = 0;
    const uint32_t out[6] = {AT(&v), 3, AT((uint8_t *)&v + 3), 5, AT(raw), 4};
    OK(p1_fd_write(fd, AT(out), 3, AT(&n)));
    IS(n, 8);
    const uint32_t in[6] = {AT(&back), 1, AT((uint8_t *)&back + 1), 7, AT(raw), 4};
    OK(p1_fd_read(fd, AT(in), 3, AT(&n)));
    IS(n, 8);
    IS(back, v);
    OK(p1_fd_close(fd));

    fd = event_of(2, 1 | 4); /* a semaphore */
    IS(take(fd), 1);
    IS(take(fd), 1);
    IS(take(fd), UINT64_MAX);
    OK(p1_fd_close(fd));
    IS(wasix_fd_event(0, 8, AT(&fd)), E_INVAL);
    IS(wasix_fd_event(UINT64_MAX, 0, AT(&fd)), E_INVAL);
}

static void add_later(void *arg)
{
    sleep_ms(20);
    OK(add((uint32_t)(uintptr_t)arg, 9));
}

static void check_event_waits(void)
{
    uint32_t fd = event_of(0, 0);
    start(0, add_later, (void *)(uintptr_t)fd);
    IS(take(fd), 9);
    uint32_t n;
    IS(get(fd, copy, 7, &n), E_INVAL); /* at once, though the one before had to wait */
    wax_thread_join(&threads[0]);
    OK(p1_fd_close(fd));
}

static void put_later(void *arg)
{
    uint32_t n;
    sleep_ms(20);
    OK(put((uint32_t)(uintptr_t)arg, big, 3, &n));
}

/* Reads after one that had to wait: of nothing, at a place, what is there already, the end. */
static void check_after_waiting(const uint32_t p[2])
{
    uint32_t n;
    start(0, put_later, (void *)(uintptr_t)p[1]);
    OK(get(p[0], copy, 1, &n));
    OK(get(p[0], copy, 0, &n));
    IS(n, 0);
    uint32_t iov[2] = {AT(copy), 1};
    IS(p1_fd_pread(p[0], AT(iov), 1, 0, AT(&n)), E_SPIPE);
    OK(get(p[0], copy + 1, 9, &n));
    IS(n, 2);
    IS(copy[2], big[2]);
    wax_thread_join(&threads[0]);
    OK(p1_fd_close(p[1]));
    OK(get(p[0], copy, 1, &n));
    IS(n, 0);
    OK(p1_fd_close(p[0]));
}

/* -------- many threads -------- */

#define ROUNDS 300
static uint32_t there[64][2], back[64][2], counter;

static void pong(void *arg)
{
    uint32_t i = (uint32_t)(uintptr_t)arg, n, v;
    for (;;) {
        OK(get(there[i][0], &v, sizeof v, &n));
        if (n == 0) {
            break;
        }
        v++;
        OK(put(back[i][1], &v, sizeof v, &n));
        OK(add(counter, 1));
    }
}

static void check_ping_pong(uint32_t n_threads, uint32_t is_pair)
{
    uint32_t n;
    counter = event_of(0, 4);
    for (uint32_t i = 0; i < n_threads; i++) {
        if (is_pair) {
            pair_of(STREAM, there[i]);
            pair_of(STREAM, back[i]);
        } else {
            pipe_of(there[i]);
            pipe_of(back[i]);
        }
        start(i, pong, (void *)(uintptr_t)i);
    }
    for (uint32_t r = 0; r < ROUNDS; r++) {
        for (uint32_t i = 0; i < n_threads; i++) {
            uint32_t v = r * 64 + i;
            OK(put(there[i][1], &v, sizeof v, &n));
        }
        for (uint32_t i = 0; i < n_threads; i++) {
            uint32_t v = 0;
            OK(get(back[i][0], &v, sizeof v, &n));
            IS(v, r * 64 + i + 1);
        }
    }
    for (uint32_t i = 0; i < n_threads; i++) {
        OK(p1_fd_close(there[i][1]));
        wax_thread_join(&threads[i]);
        OK(p1_fd_close(there[i][0]));
        close_two(back[i]);
    }
    IS(take(counter), (uint64_t)ROUNDS * n_threads);
    OK(p1_fd_close(counter));
}

WAX_EXPORT("_start") void _start(void)
{
    uint32_t p[2], before = lowest_fd();
    for (uint32_t i = 0; i < MIB; i++) {
        big[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    check_pipe();
    wasix_callback_signal(AT("on_signal"), 9);
    check_pipe_without_reader();
    check_pipe_nonblocking();
    pipe_of(p);
    check_big(p);
    pair_of(STREAM, p);
    check_big(p);
    check_close_wakes();
    check_reader_goes();
    check_pair();
    check_event();
    check_event_waits();
    pipe_of(p);
    check_after_waiting(p);
    pair_of(STREAM, p);
    check_after_waiting(p);
    check_ping_pong(1, 0);
    check_ping_pong(2, 1);
    check_ping_pong(64, 0);
    check_ping_pong(64, 1);
    IS(lowest_fd(), before);
}
