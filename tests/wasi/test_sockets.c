/* SPDX-License-Identifier: Apache-2.0 */
/* sock_* on sockets the embedder gave: flags, rights, waiting, stops, numbers; proc_raise. */
#include "direct.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER = 5, PEER = 6 }; /* behind /data and /ro */
enum { PEEK = 1, WAITALL = 2 };
enum { NONBLOCK = 4 };
enum { R_SOCK_SHUTDOWN = 1 << 28, R_SOCK_ACCEPT = 1 << 29 };

static uint16_t port;
static int ours; /* the other end of PEER */

/* A listener and a connected socket of `type`. */
static int setup_type(void **state, int type)
{
    static struct guest g;
    int pair[2];
    guest_open(&g, "wasi_snapshot_preview1");
    assert_int_equal(socketpair(AF_UNIX, type, 0, pair), 0);
    assert_int_equal(wax_builder_listen(g.builder, "127.0.0.1:0", 0, &port, NULL), WAX_OK);
    assert_int_equal(wax_builder_fd(g.builder, pair[1], NULL), WAX_OK);
    assert_int_equal(close(pair[1]), 0);
    ours = pair[0];
    guest_start(&g);
    *state = &g;
    return 0;
}

static int setup(void **state) { return setup_type(state, SOCK_STREAM); }
static int setup_dgram(void **state) { return setup_type(state, SOCK_DGRAM); }

static int teardown(void **state)
{
    (void)close(ours);
    guest_close(*state);
    return 0;
}

static int connect_to(uint16_t to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(to)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void send_ours(const char *s) { assert_int_equal(send(ours, s, strlen(s), 0), strlen(s)); }

/* One buffer of `len` at 4096. */
static uint32_t receive(struct guest *g, uint32_t fd, uint32_t len, uint32_t flags, uint32_t *ret_n,
                        uint32_t *ret_flags)
{
    const uint32_t iov[2] = {4096, len};
    guest_put(g, 16, iov, sizeof iov);
    uint32_t e = CALL(g, "sock_recv", fd, 16, 1, flags, 24, 28);
    *ret_n = e ? 0 : guest_u32(g, 24);
    *ret_flags = e ? 0 : guest_u32(g, 28) & 0xffff;
    return e;
}

static uint32_t transmit(struct guest *g, uint32_t fd, const char *s, uint32_t flags,
                         uint32_t *ret_n)
{
    const uint32_t iov[2] = {guest_str(g, s), (uint32_t)strlen(s)};
    guest_put(g, 16, iov, sizeof iov);
    uint32_t e = CALL(g, "sock_send", fd, 16, 1, flags, 24);
    *ret_n = e ? 0 : guest_u32(g, 24);
    return e;
}

static void holds(struct guest *g, const char *want)
{
    char got[64] = {0};
    assert_int_equal(wax_env_read(g->env, 4096, got, strlen(want), NULL), WAX_OK);
    assert_string_equal(got, want);
}

static uint8_t type_of(struct guest *g, uint32_t fd, uint64_t *ret_rights)
{
    CHECK(SUCCESS, CALL(g, "fd_fdstat_get", fd, 64));
    *ret_rights = guest_u64(g, 72);
    return (uint8_t)guest_u32(g, 64);
}

static void test_stat(void **state)
{
    struct guest *g = *state;
    uint64_t rights;
    assert_int_equal(type_of(g, LISTENER, &rights), 6);
    assert_true(rights & R_SOCK_ACCEPT);
    assert_false(rights & (R_READ | R_WRITE));
    assert_int_equal(type_of(g, PEER, &rights), 6);
    assert_true(rights & R_SOCK_SHUTDOWN);
    assert_false(rights & R_SOCK_ACCEPT);
    CHECK(BADF, CALL(g, "fd_prestat_get", LISTENER, 64)); /* no directory: the C library stops */
    CHECK(SPIPE, CALL(g, "fd_pread", PEER, 16, 0, 0, 24));
    CHECK(NOTCAPABLE, CALL(g, "sock_accept", PEER, 0, 8));
}

static void test_data(void **state)
{
    struct guest *g = *state;
    uint32_t n, flags;
    char got[16] = {0};
    send_ours("hello");
    CHECK(SUCCESS, receive(g, PEER, 3, PEEK, &n, &flags));
    assert_int_equal(n, 3);
    CHECK(SUCCESS, receive(g, PEER, 100, 0, &n, &flags));
    assert_int_equal(n, 5);
    assert_int_equal(flags, 0);
    holds(g, "hello");
    CHECK(SUCCESS, transmit(g, PEER, "back", 0, &n));
    assert_int_equal(recv(ours, got, sizeof got, 0), 4);
    assert_string_equal(got, "back");
    CHECK(SUCCESS, guest_io(g, "fd_write", PEER, 4096, 5, &n)); /* as files */
    assert_int_equal(recv(ours, got, sizeof got, 0), 5);
    send_ours("more");
    CHECK(SUCCESS, guest_io(g, "fd_read", PEER, 4096, 100, &n));
    holds(g, "more");
    CHECK(SUCCESS, receive(g, PEER, 0, 0, &n, &flags)); /* nothing asked: nothing to wait for */
    CHECK(INVAL, receive(g, PEER, 1, 4, &n, &flags));
    CHECK(INVAL, transmit(g, PEER, "x", 1, &n));
    CHECK(NOTSOCK, receive(g, DATA, 1, 0, &n, &flags));
    CHECK(BADF, transmit(g, 77, "x", 0, &n));
    CHECK(FAULT, CALL(g, "sock_recv", PEER, 16, 1, 0, 24, MEMORY_BYTES - 1));
    CHECK(SUCCESS, CALL(g, "sock_shutdown", PEER, 2));
    assert_int_equal(recv(ours, got, sizeof got, 0), 0);
    CHECK(PIPE, transmit(g, PEER, "x", 0, &n)); /* and no SIGPIPE */
    (void)close(ours);
    CHECK(SUCCESS, receive(g, PEER, 1, 0, &n, &flags));
    assert_int_equal(n, 0);
}

/* What is cut off is told, and gone. */
static void test_datagrams(void **state)
{
    struct guest *g = *state;
    uint64_t rights;
    uint32_t n, flags;
    assert_int_equal(type_of(g, PEER, &rights), 5);
    send_ours("datagram");
    send_ours("two");
    CHECK(SUCCESS, receive(g, PEER, 4, 0, &n, &flags));
    assert_int_equal(n, 4);
    assert_int_equal(flags, 1);
    CHECK(SUCCESS, receive(g, PEER, 4, 0, &n, &flags));
    assert_int_equal(n, 3);
    assert_int_equal(flags, 0);
    holds(g, "two");
}

static void test_nonblock(void **state)
{
    struct guest *g = *state;
    uint32_t n, flags, fd;
    CHECK(SUCCESS, CALL(g, "fd_fdstat_set_flags", LISTENER, NONBLOCK));
    CHECK(AGAIN, CALL(g, "sock_accept", LISTENER, 0, 8));
    CHECK(SUCCESS, CALL(g, "fd_fdstat_set_flags", PEER, NONBLOCK));
    CHECK(AGAIN, receive(g, PEER, 1, 0, &n, &flags));
    CHECK(AGAIN, receive(g, PEER, 1, WAITALL, &n, &flags));
    send_ours("ab");
    CHECK(SUCCESS, receive(g, PEER, 5, WAITALL, &n, &flags)); /* what there is */
    assert_int_equal(n, 2);
    int peer = connect_to(port);
    CHECK(INVAL, CALL(g, "sock_accept", LISTENER, 1, 8));
    CHECK(FAULT, CALL(g, "sock_accept", LISTENER, 0, MEMORY_BYTES - 2));
    CHECK(SUCCESS, CALL(g, "sock_accept", LISTENER, NONBLOCK, 8));
    fd = guest_u32(g, 8);
    assert_int_equal(fd, 7); /* the lowest free number */
    CHECK(AGAIN, receive(g, fd, 1, 0, &n, &flags));
    CHECK(SUCCESS, CALL(g, "fd_fdstat_get", fd, 64));
    assert_int_equal(guest_u32(g, 64) >> 16, NONBLOCK);
    CHECK(SUCCESS, CALL(g, "fd_close", fd));
    (void)close(peer);
}

/* A connection is not taken when there is no number for it. */
static void test_no_number(void **state)
{
    struct guest *g = *state;
    wax_builder_limits(g->builder, 0, 7, 0);
    guest_restart(g);
    int peer = connect_to(port);
    CHECK(MFILE, CALL(g, "sock_accept", LISTENER, 0, 8));
    CHECK(SUCCESS, CALL(g, "fd_close", PEER));
    CHECK(SUCCESS, CALL(g, "sock_accept", LISTENER, 0, 8));
    assert_int_equal(guest_u32(g, 8), PEER);
    (void)close(peer);
}

/* -------- waiting -------- */

struct later {
    struct guest *g;
    int step; /* which of the things below */
};

static void *do_later(void *arg)
{
    struct later *l = arg;
    (void)usleep(30000);
    switch (l->step) {
    case 0: send_ours("ab"); break;
    case 1: /* in two pieces */
        send_ours("ab");
        (void)usleep(30000);
        send_ours("cd");
        break;
    case 2: return (void *)(intptr_t)connect_to(port);
    case 3: wax_env_cancel(l->g->env); break;
    default: break;
    }
    return NULL;
}

static pthread_t start_later(struct later *l)
{
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, do_later, l), 0);
    return t;
}

static void test_waits(void **state)
{
    struct guest *g = *state;
    uint32_t n, flags;
    void *result;
    pthread_t t = start_later(&(struct later){g, 0});
    CHECK(SUCCESS, receive(g, PEER, 4, 0, &n, &flags));
    assert_int_equal(n, 2);
    assert_int_equal(pthread_join(t, NULL), 0);
    t = start_later(&(struct later){g, 1});
    CHECK(SUCCESS, receive(g, PEER, 4, WAITALL, &n, &flags));
    assert_int_equal(n, 4);
    holds(g, "abcd");
    assert_int_equal(pthread_join(t, NULL), 0);
    t = start_later(&(struct later){g, 2});
    CHECK(SUCCESS, CALL(g, "sock_accept", LISTENER, 0, 8));
    assert_int_equal(pthread_join(t, &result), 0);
    assert_int_equal(send((int)(intptr_t)result, "tcp", 3, 0), 3);
    CHECK(SUCCESS, receive(g, guest_u32(g, 8), 3, WAITALL, &n, &flags));
    holds(g, "tcp");
    (void)close((int)(intptr_t)result);
}

/* Each blocking call, ended by cancel and by a deadline: nothing is left. */
static void test_stops(void **state)
{
    struct guest *g = *state;
    static const char *const names[] = {"sock_accept", "sock_recv", "sock_send"};
    guest_put(g, 16, (const uint32_t[]){0, 65536}, 8);
    guest_restart(g);
    const size_t fds = count_fds();
    const uint64_t bytes = wax_engine_allocated(g->engine);
    for (int i = 0; i < 6; i++) {
        guest_put(g, 16, (const uint32_t[]){0, 65536}, 8);
        wax_value args[6] = {WAX_INIT_I32(i % 3 ? PEER : LISTENER),
                             WAX_INIT_I32(i % 3 ? 16 : 0),
                             WAX_INIT_I32(i % 3 ? 1 : 8),
                             WAX_INIT_I32(0),
                             WAX_INIT_I32(24),
                             WAX_INIT_I32(28)};
        const size_t n_args[] = {3, 6, 5};
        wax_value result;
        wax_status st = WAX_OK;
        pthread_t t = 0;
        struct later later = {g, 3};
        if (i < 3) {
            t = start_later(&later);
        } else {
            wax_store_set_timeout(wax_env_store(g->env), 30000000);
        }
        while (st == WAX_OK) { /* sending fills the socket first */
            st = wax_env_call(g->env, names[i % 3], args, n_args[i % 3], &result, 1, NULL);
            assert_true(st != WAX_OK || (i % 3 == 2 && result.of.i32 == 0));
        }
        assert_int_equal(st, i < 3 ? WAX_E_CANCELLED : WAX_E_TIMEOUT);
        if (i < 3) {
            assert_int_equal(pthread_join(t, NULL), 0);
        }
        guest_restart(g);
        assert_int_equal(count_fds(), fds);
        assert_int_equal(wax_engine_allocated(g->engine), bytes);
    }
}

/* Poll tells of connections, data and room to write. */
static void test_poll(void **state)
{
    struct guest *g = *state;
    const uint64_t subs[18] = {1, 1, LISTENER, 0, 0, 0, 2, 1, PEER, 0, 0, 0, 3, 2, PEER};
    guest_put(g, 16384, subs, sizeof subs);
    CHECK(SUCCESS, CALL(g, "poll_oneoff", 16384, 32768, 3, 64));
    assert_int_equal(guest_u32(g, 64), 1);
    assert_int_equal(guest_u64(g, 32768), 3); /* only writing */
    send_ours("abc");
    int peer = connect_to(port);
    CHECK(SUCCESS, CALL(g, "poll_oneoff", 16384, 32768, 3, 64));
    assert_int_equal(guest_u32(g, 64), 3);
    assert_int_equal(guest_u64(g, 32768 + 32 + 16), 3); /* bytes to read */
    (void)close(peer);
}

/* -------- the builder -------- */

static void test_builder(void **state)
{
    struct guest *g = *state;
    wax_error *error = NULL;
    uint16_t p = 0;
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      "localhost:80",
                                      "127.0.0.1:",
                                      "1.2.3:80",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "[::1:80",
                                      "127.0.0.1: 80",
                                      "::1:80",
                                      ":80",
                                      "[]:80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (wax_builder_listen(g->builder, bad[i], 0, NULL, &error) != WAX_E_INVALID) {
            fail_msg("'%s' is an address", bad[i]);
        }
        assert_non_null(strstr(wax_error_message(error), "cannot listen on '"));
        wax_error_free(error);
        error = NULL;
    }
    char taken[32];
    (void)snprintf(taken, sizeof taken, "127.0.0.1:%u", port);
    assert_int_equal(wax_builder_listen(g->builder, taken, 0, NULL, &error), WAX_E_IO);
    assert_int_equal(wax_error_errno(error), EADDRINUSE);
    wax_error_free(error);
    error = NULL;
    assert_int_equal(wax_builder_listen(g->builder, NULL, 0, NULL, NULL), WAX_E_INVALID);
    assert_int_equal(wax_builder_listen(g->builder, "127.0.0.1:0", 2, NULL, NULL), WAX_E_INVALID);
    wax_status st = wax_builder_listen(g->builder, "[::1]:0", 0, &p, NULL);
    assert_true(st == WAX_E_IO || (st == WAX_OK && p != 0)); /* hosts without IPv6 */
    assert_int_equal(wax_builder_fd(g->builder, -1, NULL), WAX_E_INVALID);
    assert_int_equal(wax_builder_fd(g->builder, 9999, &error), WAX_E_INVALID);
    assert_string_equal(wax_error_message(error), "descriptor 9999 is not open");
    wax_error_free(error);
    int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(wax_builder_fd(g->builder, dir, NULL), WAX_E_INVALID);
    (void)close(dir);
}

/* Files and pipes, open for what they are open for. */
static void test_files(void **state)
{
    struct guest *g = *state;
    int fds[2];
    uint32_t n;
    uint64_t rights;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    int file = open(guest_path(g, "ro/keep"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(wax_builder_fd(g->builder, file, NULL), WAX_OK);
    assert_int_equal(wax_builder_fd(g->builder, fds[1], NULL), WAX_OK);
    guest_restart(g);
    assert_int_equal(type_of(g, 7, &rights), 4);
    CHECK(SUCCESS, guest_io(g, "fd_read", 7, 4096, 100, &n));
    holds(g, "keep");
    CHECK(SUCCESS, CALL(g, "fd_seek", 7, 0, 0, 64));
    CHECK(BADF, guest_io(g, "fd_write", 7, 4096, 4, &n));
    CHECK(NOTCAPABLE, CALL(g, "fd_filestat_set_size", 7, 0));
    CHECK(SUCCESS, guest_io(g, "fd_write", 8, 4096, 4, &n));
    CHECK(BADF, guest_io(g, "fd_read", 8, 4096, 4, &n));
    char got[8] = {0};
    assert_int_equal(read(fds[0], got, sizeof got), 4);
    assert_string_equal(got, "keep");
    (void)close(file);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* What is non-blocking to the guest from the start, in every environment. */
static void test_nonblock_from_the_start(void **state)
{
    struct guest *g = *state;
    int pair[2];
    uint32_t n, flags;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(wax_builder_listen(g->builder, "127.0.0.1:0", WAX_LISTEN_NONBLOCK, NULL, NULL),
                     WAX_OK);
    assert_int_equal(wax_builder_fd(g->builder, pair[1], NULL), WAX_OK);
    for (int i = 0; i < 2; i++) {
        guest_restart(g);
        CHECK(AGAIN, CALL(g, "sock_accept", 7, 0, 8));
        CHECK(AGAIN, receive(g, 8, 1, 0, &n, &flags));
        CHECK(SUCCESS, CALL(g, "fd_fdstat_get", LISTENER, 64));
        assert_int_equal(guest_u32(g, 64) >> 16, 0); /* the host's flag is ours */
    }
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* -------- proc_raise -------- */

static void test_raise(void **state)
{
    struct guest *g = *state;
    CHECK(SUCCESS, CALL(g, "proc_raise", 0));
    CHECK(SUCCESS, CALL(g, "proc_raise", SIGCHLD));
    CHECK(SUCCESS, CALL(g, "proc_raise", SIGWINCH));
    CHECK(NOTSUP, CALL(g, "proc_raise", SIGSTOP));
    CHECK(INVAL, CALL(g, "proc_raise", 32));
    CHECK(INVAL, CALL(g, "proc_raise", UINT32_MAX));
    static const int fatal[] = {SIGTERM, SIGABRT, SIGKILL, SIGUSR1, SIGSYS};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        const wax_value sig = WAX_INIT_I32(fatal[i]);
        wax_value result;
        wax_error *error = NULL;
        assert_int_equal(wax_env_call(g->env, "proc_raise", &sig, 1, &result, 1, &error), WAX_EXIT);
        assert_int_equal(wax_error_exit_code(error), 128 + fatal[i]);
        wax_error_free(error);
        guest_restart(g);
    }
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stat),
        TEST(test_data),
        cmocka_unit_test_setup_teardown(test_datagrams, setup_dgram, teardown),
        TEST(test_nonblock),
        TEST(test_no_number),
        TEST(test_waits),
        TEST(test_stops),
        TEST(test_poll),
        TEST(test_builder),
        TEST(test_files),
        TEST(test_nonblock_from_the_start),
        TEST(test_raise),
    };
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
