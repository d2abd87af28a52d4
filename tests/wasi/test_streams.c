/* SPDX-License-Identifier: Apache-2.0 */
/* Standard streams as an embedder gives them; the rules of the filesystem are in rules/. */
#include "direct.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct sub {
    uint64_t userdata;
    uint64_t tag;
    uint64_t u[4]; /* clock: id, timeout, precision, flags; descriptor: number */
};
_Static_assert(sizeof(struct sub) == 48, "the layout of subscriptions");

static uint32_t poll_n(struct guest *g, const struct sub *subs, uint32_t n, uint32_t *ret_n)
{
    guest_put(g, 16384, subs, n * sizeof *subs);
    uint32_t e = CALL(g, "poll_oneoff", 16384, 32768, n, 64);
    *ret_n = e ? 0 : guest_u32(g, 64);
    return e;
}

/* A closed reader is an errno to the guest and nothing to the host. */
static void test_closed_pipe(void **state)
{
    struct guest *g = *state;
    int fds[2], pair[2];
    uint32_t n;
    wax_env_free(g->env);
    g->env = NULL;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(wax_builder_stdio_fd(g->builder, WAX_STDOUT, fds[1], NULL), WAX_OK);
    assert_int_equal(wax_builder_stdio_fd(g->builder, WAX_STDERR, pair[1], NULL), WAX_OK);
    guest_start(g);
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    CHECK(SUCCESS, guest_io(g, "fd_write", 1, 4096, 4, &n));
    (void)close(fds[0]);
    (void)close(pair[0]);
    CHECK(PIPE, guest_io(g, "fd_write", 1, 4096, 4, &n));
    CHECK(PIPE, guest_io(g, "fd_write", 2, 4096, 4, &n));
    CHECK(SUCCESS, poll_n(g, &(struct sub){1, 2, {1}}, 1, &n));
    assert_int_equal(guest_u32(g, 32768 + 24) & 1, 1); /* hung up */
    sigset_t pending;
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    (void)close(fds[1]);
    (void)close(pair[1]);
}

static void test_shutdown(void **state)
{
    struct guest *g = *state;
    int pair[2];
    char byte;
    CHECK(BADF, CALL(g, "sock_shutdown", 100, 1));
    CHECK(NOTSOCK, CALL(g, "sock_shutdown", DATA, 1));
    CHECK(NOTSOCK, CALL(g, "sock_shutdown", 1, 1));
    wax_env_free(g->env);
    g->env = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(wax_builder_stdio_fd(g->builder, WAX_STDOUT, pair[1], NULL), WAX_OK);
    guest_start(g);
    CHECK(INVAL, CALL(g, "sock_shutdown", 1, 0));
    CHECK(INVAL, CALL(g, "sock_shutdown", 1, 4));
    CHECK(INVAL, CALL(g, "sock_shutdown", 1, UINT32_MAX));
    CHECK(SUCCESS, CALL(g, "sock_shutdown", 1, 2));
    assert_int_equal(read(pair[0], &byte, 1), 0);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

/* Duplicates the library keeps are closed when the host runs another program. */
static void test_streams_are_close_on_exec(void **state)
{
    struct guest *g = *state;
    int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(first); /* the lowest free number: what a duplicate gets */
    assert_int_equal(wax_builder_stdio_fd(g->builder, WAX_STDIN, STDOUT_FILENO, NULL), WAX_OK);
    assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
}

/* A limit that not even the streams fit under. */
static void test_limit(void **state)
{
    struct guest *g = *state;
    wax_env_free(g->env);
    g->env = NULL;
    wax_builder_limits(g->builder, 0, 2, 0);
    wax_error *error = NULL;
    assert_int_equal(wax_builder_instantiate(g->builder, g->module, &g->env, &error), WAX_E_LIMIT);
    wax_error_free(error);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, guest_setup, guest_teardown)

/* Pipes whose other ends are the embedder's. */
static void test_pipes(void **state)
{
    struct guest *g = *state;
    int in, out, other;
    uint32_t n;
    char text[16];
    assert_int_equal(wax_builder_stdio_pipe(g->builder, WAX_STDIN, NULL), WAX_OK);
    assert_int_equal(wax_builder_stdio_pipe(g->builder, WAX_STDOUT, NULL), WAX_OK);
    assert_int_equal(wax_builder_stdio_pipe(g->builder, 3, NULL), WAX_E_INVALID);
    guest_restart(g);
    assert_int_equal(wax_env_pipe(g->env, WAX_STDIN, &in, NULL), WAX_OK);
    assert_int_equal(wax_env_pipe(g->env, WAX_STDOUT, &out, NULL), WAX_OK);
    assert_int_equal(wax_env_pipe(g->env, WAX_STDOUT, &other, NULL), WAX_E_INVALID); /* taken */
    assert_int_equal(wax_env_pipe(g->env, WAX_STDERR, &other, NULL), WAX_E_INVALID);
    assert_true(fcntl(in, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(in, "to the guest", 12), 12);
    CHECK(SUCCESS, guest_io(g, "fd_read", 0, 1024, 100, &n));
    assert_int_equal(n, 12);
    CHECK(SUCCESS, guest_io(g, "fd_write", 1, 1024, 12, &n));
    assert_int_equal(read(out, text, sizeof text), 12);
    assert_memory_equal(text, "to the guest", 12);
    (void)close(in);
    CHECK(SUCCESS, guest_io(g, "fd_read", 0, 1024, 100, &n));
    assert_int_equal(n, 0);
    CHECK(SUCCESS, CALL(g, "fd_close", 1));
    assert_int_equal(read(out, text, sizeof text), 0); /* the guest had the only other end */
    (void)close(out);
    guest_restart(g); /* each environment has its own; what nobody takes goes with it */
    assert_int_equal(wax_env_pipe(g->env, WAX_STDIN, &in, NULL), WAX_OK);
    (void)close(in);
    CHECK(SUCCESS, guest_io(g, "fd_read", 0, 1024, 100, &n));
    assert_int_equal(n, 0);
}

/* Rule 27: what all guests of an engine have open together is limited, too. */
static void test_rule_27_host_budget(void **state)
{
    struct guest *g = *state;
    wax_engine_options options;
    struct guest two;
    wax_env *env = NULL;
    wax_error *error = NULL;
    uint32_t fd, n = 0;
    (void)g;
    wax_engine_options_init(&options);
    options.max_guest_fds = 20;
    guest_open_with(&two, "wasi_snapshot_preview1", &options);
    guest_start(&two); /* three streams, two directories */
    assert_int_equal(wax_builder_instantiate(two.builder, two.module, &env, NULL), WAX_OK);
    guest_file(&two, "data/f", "x");
    uint32_t e = 0;
    while (!(e = guest_open_at(&two, DATA, "f", 0, 0, R_READ, 0, &fd)) && n < 100) {
        n++;
    }
    CHECK(NFILE, e);
    assert_int_equal(n, 10); /* the other guest has five */
    CHECK(SUCCESS, CALL(&two, "fd_renumber", fd, 0));
    CHECK(SUCCESS, guest_open_at(&two, DATA, "f", 0, 0, R_READ, 0, &fd));
    CHECK(NFILE, guest_open_at(&two, DATA, "f", 0, 0, R_READ, 0, &fd));
    CHECK(NOENT, CALL(&two, "fd_close", fd)
                     ? 0u
                     : guest_open_at(&two, DATA, "none", 0, 0, R_READ, 0, &fd));
    CHECK(SUCCESS, guest_open_at(&two, DATA, "f", 0, 0, R_READ, 0, &fd)); /* nothing was lost */
    wax_env *third = NULL;
    assert_int_equal(wax_builder_instantiate(two.builder, two.module, &third, &error), WAX_E_LIMIT);
    wax_error_free(error);
    wax_env_free(env); /* what it had is free again */
    for (n = 0; !(e = guest_open_at(&two, DATA, "f", 0, 0, R_READ, 0, &fd)) && n < 100;) {
        n++;
    }
    CHECK(NFILE, e);
    assert_int_equal(n, 5);
    guest_close(&two);
}

/* A directory costs the host one descriptor, listed or not. */
static void test_rule_27_listings(void **state)
{
    struct guest *g = *state;
    uint32_t fd;
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    size_t before = count_fds();
    for (int i = 0; i < 10; i++) {
        CHECK(SUCCESS, guest_open_at(g, DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, &fd));
        CHECK(SUCCESS, CALL(g, "fd_readdir", fd, 4096, 4096, 0, 64));
        assert_int_equal(guest_u32(g, 64), 24 + 1 + 24 + 2);
        CHECK(SUCCESS, CALL(g, "fd_readdir", fd, 4096, 4096, 0, 64));
        assert_int_equal(guest_u32(g, 64), 24 + 1 + 24 + 2);
    }
    assert_int_equal(count_fds(), before + 10);
}

/* Below a root each directory keeps those above it open: they count, and there is an end. */
static void test_rule_27_depth(void **state)
{
    enum { ROOT = 3, MAX = 60 };
    wax_engine_options options;
    struct guest deep;
    uint32_t fd, n, e, at = ROOT;
    (void)state;
    wax_engine_options_init(&options);
    options.max_guest_fds = MAX;
    guest_open_with(&deep, "wasix_32v1", &options);
    guest_start(&deep);
    CHECK(SUCCESS, CALL(&deep, "path_create_directory", ROOT, PATH(&deep, "data/a")));
    size_t before = count_fds();
    char path[200] = "data/a";
    for (n = 0; n < 20; n++) {
        memcpy(path + 6 + (size_t)2 * n, "/a", 3);
        CHECK(SUCCESS, CALL(&deep, "path_create_directory", ROOT, PATH(&deep, path)));
    }
    for (n = 0; !(e = guest_open_at(&deep, ROOT, path, 0, DIRECTORY, DIR_RIGHTS, 0, &fd)); n++) {
        assert_true(n < MAX);
    }
    CHECK(NFILE, e);
    assert_int_equal(n, 2);
    assert_true(count_fds() <= before + MAX);
    while (n-- > 0) {
        CHECK(SUCCESS, CALL(&deep, "fd_close", 4 + n));
    }
    assert_int_equal(count_fds(), before);
    guest_close(&deep);
    /* One open at a time, each reached from the last. */
    guest_open(&deep, "wasix_32v1");
    assert_int_equal(wax_builder_tmpfs(deep.builder, "/t", 0, 0, NULL), WAX_OK);
    guest_start(&deep);
    CHECK(SUCCESS, guest_open_at(&deep, ROOT, "t", 0, DIRECTORY, DIR_RIGHTS, 0, &at));
    for (e = 0, n = 0; !e && n < 400; n++) {
        CHECK(SUCCESS, CALL(&deep, "path_create_directory", at, PATH(&deep, "a")));
        e = guest_open_at(&deep, at, "a", 0, DIRECTORY, DIR_RIGHTS, 0, &fd);
        CHECK(SUCCESS, CALL(&deep, "fd_close", at));
        at = fd;
    }
    CHECK(NAMETOOLONG, e);
    guest_close(&deep);
}

/* Flags of a description shared with the host stay as they are: a log is only appended to. */
static void test_shared_flags(void **state)
{
    struct guest *g = *state;
    uint32_t n;
    guest_file(g, "ro/log", "before ");
    int fd = open(guest_path(g, "ro/log"), O_RDWR | O_APPEND | O_CLOEXEC);
    assert_int_equal(wax_builder_stdio_fd(g->builder, WAX_STDOUT, fd, NULL), WAX_OK);
    assert_int_equal(wax_builder_fd(g->builder, fd, NULL), WAX_OK);
    guest_restart(g);
    static const uint32_t given[] = {1, 5};
    for (int i = 0; i < 2; i++) {
        CHECK(SUCCESS, CALL(g, "fd_fdstat_get", given[i], 64));
        assert_int_equal(guest_u32(g, 64) >> 16, 1);
        CHECK(PERM, CALL(g, "fd_fdstat_set_flags", given[i], 0));
        CHECK(SUCCESS, CALL(g, "fd_fdstat_set_flags", given[i], 1 | 4));
        CHECK(SUCCESS, CALL(g, "fd_seek", given[i], 0, 0, 64));
        CHECK(SUCCESS, guest_io(g, "fd_write", given[i], 4096, 4, &n));
    }
    assert_true(fcntl(fd, F_GETFL) & O_APPEND);
    assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
    char text[32] = {0};
    assert_int_equal(pread(fd, text, sizeof text, 0), 7 + 8);
    assert_memory_equal(text, "before ", 7);
    (void)close(fd);
}

/* Buffers over buffers: a device without an end gives some, so that a stop is seen. */
static void test_endless_devices(void **state)
{
    static const char *const names[] = {"urandom", "zero", "full"};
    struct guest *g = *state;
    uint32_t iovs[20][2], fd;
    assert_int_equal(wax_builder_dev(g->builder, "/dev", NULL), WAX_OK);
    guest_restart(g);
    for (int i = 0; i < 20; i++) {
        iovs[i][0] = 0;
        iovs[i][1] = 131072;
    }
    for (int i = 0; i < 3; i++) {
        CHECK(SUCCESS, guest_open_at(g, 5, names[i], 0, 0, R_READ, 0, &fd));
        guest_put(g, 32768, iovs, sizeof iovs);
        CHECK(SUCCESS, CALL(g, "fd_read", fd, 32768, 20, 24));
        assert_int_equal(guest_u32(g, 24), 1u << 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_closed_pipe),
        TEST(test_shutdown),
        TEST(test_streams_are_close_on_exec),
        TEST(test_limit),
        TEST(test_pipes),
        TEST(test_rule_27_host_budget),
        TEST(test_rule_27_listings),
        TEST(test_rule_27_depth),
        TEST(test_shared_flags),
        TEST(test_endless_devices),
    };
    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
