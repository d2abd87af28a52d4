/* SPDX-License-Identifier: Apache-2.0 */
/* Failures of the host reach the guest as their errno: full disks, limits, broken media. */
/* What was reported written is there, and the host process lives on. */
#include "direct.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Write 4 KiB at a time until it fails; *ret_total: what was reported. */
static uint32_t fill(struct guest *g, uint32_t fd, uint64_t *ret_total)
{
    static uint8_t block[4096];
    uint32_t e = 0, n;
    memset(block, 'x', sizeof block);
    guest_put(g, 4096, block, sizeof block);
    for (*ret_total = 0; !e && *ret_total < 1 << 24; *ret_total += n) {
        e = guest_io(g, "fd_write", fd, 4096, sizeof block, &n);
        assert_true(e != 0 || n > 0);
    }
    return e;
}

static uint64_t size_of(struct guest *g, uint32_t fd)
{
    CHECK(SUCCESS, CALL(g, "fd_filestat_get", fd, 64));
    return guest_u64(g, 64 + 32);
}

/* Bytes 'x', and nothing else, up to `total`. */
static void holds_what_was_written(struct guest *g, const char *name, uint64_t total)
{
    FILE *f = fopen(guest_path(g, name), "re");
    assert_non_null(f);
    uint64_t n = 0;
    int c;
    for (; (c = fgetc(f)) != EOF; n++) {
        assert_int_equal(c, 'x');
    }
    assert_int_equal(n, total);
    assert_int_equal(fclose(f), 0);
}

static void limit(int what, rlim_t n, struct rlimit *ret_old)
{
    assert_int_equal(getrlimit(what, ret_old), 0);
    const struct rlimit l = {n, ret_old->rlim_max};
    assert_int_equal(setrlimit(what, &l), 0);
}

/* RLIMIT_FSIZE: EFBIG, and the SIGXFSZ that would end the host is taken away. */
static void test_file_size_limit(void **state)
{
    struct guest *g = *state;
    struct rlimit old;
    uint64_t total;
    uint32_t fd;
    sigset_t pending;
    assert_true(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
    limit(RLIMIT_FSIZE, 10000, &old);
    CHECK(SUCCESS, guest_open_at(g, DATA, "f", 0, CREAT, ALL_RIGHTS, 0, &fd));
    CHECK(FBIG, fill(g, fd, &total));
    assert_int_equal(total, 10000); /* the last write was a short one */
    CHECK(FBIG, CALL(g, "fd_filestat_set_size", fd, 10001));
    CHECK(FBIG, CALL(g, "fd_allocate", fd, 0, 10001));
    CHECK(FBIG, CALL(g, "fd_pwrite", fd, 16, 1, 20000, 24));
    assert_int_equal(size_of(g, fd), 10000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGXFSZ), 0);
    holds_what_was_written(g, "data/f", total);
}

/* A small filesystem of our own, in a namespace of our own; 77 = that is not allowed here. */
static int on_a_small_disk(struct guest *g)
{
    const bool root = geteuid() == 0;
    uint64_t total;
    uint32_t fd, dir;
    if (unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("small", guest_path(g, "data"), "tmpfs", 0, "size=256k,nr_inodes=10") != 0) {
        return 77;
    }
    wax_env_free(g->env);
    wax_builder_free(g->builder);
    assert_int_equal(wax_builder_new(g->engine, "direct", &g->builder, NULL), WAX_OK);
    assert_int_equal(wax_builder_mount(g->builder, guest_path(g, "data"), "/data", 0, NULL),
                     WAX_OK);
    guest_start(g);
    CHECK(SUCCESS, guest_open_at(g, DATA, "f", 0, CREAT, ALL_RIGHTS, 0, &fd));
    CHECK(NOSPC, fill(g, fd, &total));
    assert_int_equal(total, 256 * 1024);
    assert_int_equal(size_of(g, fd), total);
    CHECK(NOSPC, CALL(g, "fd_allocate", fd, 0, 512 * 1024));
    holds_what_was_written(g, "data/f", total);
    CHECK(SUCCESS, CALL(g, "fd_filestat_set_size", fd, 0)); /* room again */
    CHECK(NOSPC, fill(g, fd, &total));
    uint32_t e = 0;
    for (int i = 0; i < 20 && !e; i++) { /* no inodes left */
        char name[16];
        (void)snprintf(name, sizeof name, "d%d", i);
        e = CALL(g, "path_create_directory", DATA, PATH(g, name));
    }
    CHECK(NOSPC, e);
    CHECK(NOSPC, guest_open_at(g, DATA, "new", 0, CREAT, ALL_RIGHTS, 0, &dir));
    CHECK(NOSPC, CALL(g, "path_symlink", PATH(g, "to"), DATA, PATH(g, "link")));
    wax_env_free(g->env);
    wax_builder_free(g->builder);
    return 0;
}

static void test_full_disk(void **state)
{
    struct guest *g = *state;
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(on_a_small_disk(g));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A full device behind a stream and behind a descriptor. */
static void test_full_device(void **state)
{
    struct guest *g = *state;
    uint32_t n;
    int full = open("/dev/full", O_RDWR | O_CLOEXEC);
    assert_true(full >= 0);
    assert_int_equal(wax_builder_stdio_fd(g->builder, WAX_STDOUT, full, NULL), WAX_OK);
    assert_int_equal(wax_builder_fd(g->builder, full, NULL), WAX_OK);
    guest_restart(g);
    CHECK(NOSPC, guest_io(g, "fd_write", 1, 4096, 4, &n));
    CHECK(NOSPC, guest_io(g, "fd_write", 5, 4096, 4, &n));
    (void)close(full);
}

/* Memory that is not there, read through its file: the kernel's EIO. */
static void test_io_error(void **state)
{
    struct guest *g = *state;
    uint32_t n;
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(mem >= 0);
    assert_int_equal(wax_builder_fd(g->builder, mem, NULL), WAX_OK);
    guest_restart(g);
    CHECK(IO, guest_io(g, "fd_read", 5, 4096, 4, &n));
    CHECK(IO, CALL(g, "fd_pread", 5, 16, 1, 0, 24));
    CHECK(SUCCESS, CALL(g, "fd_tell", 5, 64));
    assert_int_equal(guest_u64(g, 64), 0);
    (void)close(mem);
}

/* The host has no descriptors left: MFILE, nothing made or cut, and all is well afterwards. */
static void test_no_descriptors(void **state)
{
    struct guest *g = *state;
    struct rlimit old;
    uint32_t fd;
    guest_file(g, "data/old", "old");
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(next);
    limit(RLIMIT_NOFILE, (rlim_t)next, &old);
    CHECK(MFILE, guest_open_at(g, DATA, "new", 0, CREAT, ALL_RIGHTS, 0, &fd));
    CHECK(MFILE, guest_open_at(g, DATA, "old", 0, TRUNC, ALL_RIGHTS, 0, &fd));
    CHECK(MFILE, CALL(g, "fd_readdir", DATA, 8192, 1024, 0, 64));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK(NOENT, CALL(g, "path_filestat_get", DATA, 0, PATH(g, "new"), 64));
    CHECK(SUCCESS, CALL(g, "path_filestat_get", DATA, 0, PATH(g, "old"), 64));
    assert_int_equal(guest_u64(g, 64 + 32), 3);
    CHECK(SUCCESS, guest_open_at(g, DATA, "new", 0, CREAT, ALL_RIGHTS, 0, &fd));
    assert_int_equal(fd, 5);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, guest_setup, guest_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file_size_limit), TEST(test_full_disk),      TEST(test_full_device),
        TEST(test_io_error),        TEST(test_no_descriptors),
    };
    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
