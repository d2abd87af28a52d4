/* SPDX-License-Identifier: Apache-2.0 */
/* preview1 call by call: what each answers, and that nothing outside a mount changes. */
#include "direct.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "wasi/werrno.h"

static int setup(void **state)
{
    static struct guest g;
    guest_open(&g, "wasi_snapshot_preview1");
    guest_start(&g);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    guest_close(*state);
    return 0;
}

#define CHECK(WANT, CALL_EXPR)                                                                     \
    do {                                                                                           \
        uint32_t got_ = (CALL_EXPR);                                                               \
        if (got_ != WX_WERRNO_##WANT) {                                                            \
            fail_msg("line %d: %s, wanted %s: %s", __LINE__, wx_werrno_name(got_),                 \
                     wx_werrno_name(WX_WERRNO_##WANT), #CALL_EXPR);                                \
        }                                                                                          \
    } while (0)

static uint32_t open_plain(struct guest *g, const char *path, uint32_t oflags, uint64_t rights)
{
    uint32_t fd = UINT32_MAX, e = guest_open_at(g, DATA, path, FOLLOW, oflags, rights, 0, &fd);
    if (!e) {
        CHECK(SUCCESS, CALL(g, "fd_close", fd));
    }
    return e;
}

static uint32_t open_file(struct guest *g, const char *path, uint64_t rights, uint32_t fdflags)
{
    uint32_t fd = UINT32_MAX;
    CHECK(SUCCESS, guest_open_at(g, DATA, path, FOLLOW, 0, rights, fdflags, &fd));
    return fd;
}

/* -------- opening -------- */

static void test_open_names(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    CHECK(NOENT, open_plain(g, "", 0, R_READ));
    CHECK(NOENT, open_plain(g, "none", 0, R_READ));
    CHECK(NOTDIR, open_plain(g, "f/", 0, R_READ));
    CHECK(NOTDIR, open_plain(g, "f/.", 0, R_READ));
    CHECK(NOTDIR, open_plain(g, "f/..", 0, R_READ));
    CHECK(ISDIR, open_plain(g, "new/", CREAT, R_WRITE));
    CHECK(SUCCESS, open_plain(g, "d/../f", 0, R_READ));
    CHECK(SUCCESS, open_plain(g, "././/f", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "..", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "d/../../outside/secret", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "/f", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "/etc/passwd", 0, R_READ));
    uint32_t p = guest_str(g, "f\0g");
    CHECK(INVAL, CALL(g, "path_open", DATA, 0, p, 3, 0, R_READ, 0, 0, 8));
    char name[300];
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    CHECK(NAMETOOLONG, open_plain(g, name, 0, R_READ));
    name[255] = '\0';
    CHECK(NOENT, open_plain(g, name, 0, R_READ));
    CHECK(NAMETOOLONG, CALL(g, "path_open", DATA, 0, 4096, 4097, 0, R_READ, 0, 0, 8));
    CHECK(SUCCESS, open_plain(g, "bytes \xff\xfe free", CREAT, R_WRITE));
}

static void test_open_flags(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "text");
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    CHECK(EXIST, open_plain(g, "f", CREAT | EXCL, R_WRITE));
    CHECK(NOTDIR, open_plain(g, "f", DIRECTORY, R_READ));
    CHECK(SUCCESS, open_plain(g, "d", DIRECTORY, R_READ));
    CHECK(ISDIR, open_plain(g, "d", DIRECTORY, R_READ | R_WRITE));
    CHECK(SUCCESS, open_plain(g, "d", 0, R_READ));
    CHECK(ISDIR, open_plain(g, "d", 0, R_WRITE));
    CHECK(ISDIR, open_plain(g, "d", 0, R_READ | R_WRITE));
    CHECK(ISDIR, open_plain(g, "d", TRUNC, R_WRITE));
    CHECK(INVAL, open_plain(g, "made", CREAT | DIRECTORY, R_READ));
    CHECK(NOENT, open_plain(g, "made", 0, R_READ)); /* nothing was made */
    CHECK(INVAL, open_plain(g, "f", 16, R_READ));
    uint32_t fd;
    CHECK(INVAL, guest_open_at(g, DATA, "f", 0, 0, R_READ, 32, &fd));
    CHECK(INVAL, guest_open_at(g, DATA, "f", 0, 0, UINT64_C(1) << 50, 0, &fd));
    CHECK(NOTDIR, guest_open_at(g, open_file(g, "f", R_READ, 0), "x", 0, 0, R_READ, 0, &fd));
    CHECK(BADF, guest_open_at(g, UINT32_MAX, "f", 0, 0, R_READ, 0, &fd));
    CHECK(FAULT, CALL(g, "path_open", DATA, 0, PATH(g, "f"), 0, R_READ, 0, 0, MEMORY_BYTES - 3));
    CHECK(SUCCESS, CALL(g, "path_open", DATA, 0, PATH(g, "f"), 0, R_READ, 0, 0, MEMORY_BYTES - 5));
}

static void test_open_links(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    static const char *const links[][2] = {
        {"f", "data/l"},           {"d", "data/ld"},          {"loop", "data/loop"},
        {".", "data/self"},        {"b", "data/a"},           {"a", "data/b"},
        {"none", "data/dangling"}, {"../outside", "data/up"}, {"../new", "data/upnew"},
        {"/etc", "data/abs"},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        assert_int_equal(symlink(links[i][0], guest_path(g, links[i][1])), 0);
    }
    uint32_t fd;
    CHECK(SUCCESS, open_plain(g, "l", 0, R_READ));
    CHECK(LOOP, guest_open_at(g, DATA, "l", 0, 0, R_READ, 0, &fd));
    CHECK(LOOP, guest_open_at(g, DATA, "dangling", 0, CREAT, R_WRITE, 0, &fd));
    CHECK(SUCCESS, guest_open_at(g, DATA, "ld/", 0, 0, R_READ, 0, &fd));
    CHECK(NOTDIR, open_plain(g, "l/", 0, R_READ));
    CHECK(LOOP, open_plain(g, "loop", 0, R_READ));
    CHECK(LOOP, open_plain(g, "a", 0, R_READ));
    CHECK(SUCCESS, open_plain(g, "self/self/self/f", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "self/../f", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "up/secret", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "abs/passwd", 0, R_READ));
    CHECK(NOTCAPABLE, open_plain(g, "upnew", CREAT, R_WRITE));
    CHECK(EXIST, open_plain(g, "dangling", CREAT | EXCL, R_WRITE));
    CHECK(NOENT, open_plain(g, "dangling", 0, R_READ));
    assert_int_equal(access(guest_path(g, "new"), F_OK), -1);
    char deep[400] = "";
    for (int i = 0; i < 45; i++) {
        strcat(deep, "self/");
    }
    CHECK(LOOP, open_plain(g, strcat(deep, "f"), 0, R_READ));
}

static void test_open_special(void **state)
{
    struct guest *g = *state;
    assert_int_equal(mkfifo(guest_path(g, "data/fifo"), 0666), 0);
    CHECK(PERM, open_plain(g, "fifo", 0, R_READ));
    CHECK(PERM, open_plain(g, "fifo", 0, R_WRITE));
    CHECK(PERM, open_plain(g, "fifo", CREAT, R_WRITE));
    CHECK(PERM, open_plain(g, "fifo", CREAT, R_READ | R_WRITE));
}

/* A mount of a whole tree still gives nothing of /proc: its mem files are the host's memory. */
static void test_kernel_files_below_a_mount(void **state)
{
    struct guest *g = *state;
    wax_env_free(g->env);
    g->env = NULL;
    assert_int_equal(wax_builder_mount(g->builder, "/", "/all", WAX_MOUNT_RO, NULL), WAX_OK);
    guest_start(g);
    uint32_t fd;
    CHECK(PERM, guest_open_at(g, 5, "proc/self/mem", FOLLOW, 0, R_READ, 0, &fd));
    CHECK(PERM, guest_open_at(g, 5, "proc/self/environ", FOLLOW, 0, R_READ, 0, &fd));
    CHECK(PERM, guest_open_at(g, 5, "proc", FOLLOW, DIRECTORY, R_READ, 0, &fd));
    CHECK(PERM, CALL(g, "path_readlink", 5, PATH(g, "proc/self/exe"), 4096, 100, 24));
    CHECK(SUCCESS, guest_open_at(g, 5, "etc", FOLLOW, DIRECTORY, R_READ, 0, &fd));
    CHECK(NOTCAPABLE, guest_open_at(g, fd, "../proc/self/mem", FOLLOW, 0, R_READ, 0, &fd));
}

static void test_rights(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "text");
    uint32_t n, fd = open_file(g, "f", R_READ, 0);
    CHECK(SUCCESS, guest_io(g, "fd_read", fd, 4096, 4, &n));
    CHECK(BADF, guest_io(g, "fd_write", fd, 4096, 4, &n));
    CHECK(NOTCAPABLE, CALL(g, "fd_seek", fd, 0, 0, 32));
    CHECK(NOTCAPABLE, CALL(g, "fd_filestat_set_size", fd, 0));
    CHECK(NOTCAPABLE, CALL(g, "fd_fdstat_set_rights", fd, R_READ | R_WRITE, 0));
    CHECK(SUCCESS, CALL(g, "fd_fdstat_set_rights", fd, 0, 0));
    CHECK(BADF, guest_io(g, "fd_read", fd, 4096, 4, &n));
    fd = open_file(g, "f", UINT64_C(1) << 2, 0); /* seek implies tell */
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, 32));
    uint32_t dir;
    CHECK(SUCCESS,
          CALL(g, "path_open", DATA, 0, PATH(g, "."), DIRECTORY, DIR_RIGHTS, R_READ, 0, 8));
    dir = guest_u32(g, 8);
    CHECK(SUCCESS, guest_open_at(g, dir, "f", 0, 0, R_READ | R_WRITE, 0, &fd));
    CHECK(BADF, guest_io(g, "fd_write", fd, 4096, 4, &n)); /* not inherited */
}

/* -------- reading and writing -------- */

static void test_read_write(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "0123456789");
    uint32_t n, fd = open_file(g, "f", ALL_RIGHTS, 0);
    const uint32_t iovs[6] = {4096, 3, 0, 0, 4100, 3};
    guest_put(g, 16, iovs, sizeof iovs);
    CHECK(SUCCESS, CALL(g, "fd_read", fd, 16, 3, 64));
    assert_int_equal(guest_u32(g, 64), 6);
    CHECK(SUCCESS, CALL(g, "fd_pread", fd, 16, 1, 8, 64));
    assert_int_equal(guest_u32(g, 64), 2);
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, 64));
    assert_int_equal(guest_u64(g, 64), 6);
    CHECK(SUCCESS, CALL(g, "fd_read", fd, 0, 0, 64));
    CHECK(INVAL, CALL(g, "fd_read", fd, 0, 1025, 64));
    CHECK(FAULT, CALL(g, "fd_read", fd, MEMORY_BYTES - 4, 1, 64));
    CHECK(FAULT, CALL(g, "fd_read", fd, UINT32_MAX - 3, 1, 64));
    const uint32_t bad[4] = {4096, 1, MEMORY_BYTES - 1, 2};
    guest_put(g, 16, bad, sizeof bad);
    CHECK(FAULT, CALL(g, "fd_read", fd, 16, 2, 64));
    CHECK(INVAL, CALL(g, "fd_pread", fd, 16, 1, UINT64_C(1) << 63, 64));
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, 64));
    assert_int_equal(guest_u64(g, 64), 6); /* the failed ones read nothing */
    CHECK(SUCCESS, CALL(g, "fd_seek", fd, 0, 2, 64));
    CHECK(SUCCESS, guest_io(g, "fd_read", fd, 4096, 4, &n));
    assert_int_equal(n, 0);
}

static void test_seek(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "0123456789");
    uint32_t fd = open_file(g, "f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, CALL(g, "fd_seek", fd, 5, 0, 64));
    CHECK(INVAL, CALL(g, "fd_seek", fd, (uint64_t)-6, 1, 64));
    CHECK(INVAL, CALL(g, "fd_seek", fd, (uint64_t)INT64_MIN, 2, 64));
    CHECK(INVAL, CALL(g, "fd_seek", fd, 0, 3, 64));
    CHECK(INVAL, CALL(g, "fd_seek", fd, 0, UINT32_MAX, 64));
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, 64));
    assert_int_equal(guest_u64(g, 64), 5);
    CHECK(SUCCESS, CALL(g, "fd_seek", fd, UINT64_C(5) << 30, 0, 64));
    assert_int_equal(guest_u64(g, 64), UINT64_C(5) << 30);
    CHECK(FAULT, CALL(g, "fd_seek", fd, 0, 0, MEMORY_BYTES - 7));
}

static void test_append(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "0123456789");
    uint32_t n, fd = open_file(g, "f", ALL_RIGHTS, 1);
    uint32_t other = open_file(g, "f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, guest_io(g, "fd_write", fd, 4096, 2, &n));
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, 64));
    assert_int_equal(guest_u64(g, 64), 12);
    CHECK(SUCCESS, CALL(g, "fd_filestat_set_size", other, 3));
    CHECK(SUCCESS, guest_io(g, "fd_write", fd, 4096, 1, &n));
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, 64));
    assert_int_equal(guest_u64(g, 64), 4);
    CHECK(SUCCESS, CALL(g, "fd_fdstat_set_flags", fd, 0));
    CHECK(SUCCESS, CALL(g, "fd_seek", fd, 0, 0, 64));
    CHECK(SUCCESS, guest_io(g, "fd_write", fd, 4096, 1, &n));
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, 64));
    assert_int_equal(guest_u64(g, 64), 1);
    CHECK(INVAL, CALL(g, "fd_fdstat_set_flags", fd, 16));
    CHECK(INVAL, CALL(g, "fd_fdstat_set_flags", fd, 32));
}

static void test_sizes(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "0123456789");
    uint32_t fd = open_file(g, "f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, CALL(g, "fd_allocate", fd, 0, 4));
    CHECK(SUCCESS, CALL(g, "fd_filestat_get", fd, 64));
    assert_int_equal(guest_u64(g, 64 + 32), 10); /* never shrinks */
    CHECK(SUCCESS, CALL(g, "fd_allocate", fd, 8, 8));
    CHECK(SUCCESS, CALL(g, "fd_filestat_get", fd, 64));
    assert_int_equal(guest_u64(g, 64 + 32), 16);
    CHECK(INVAL, CALL(g, "fd_allocate", fd, 0, 0));
    CHECK(INVAL, CALL(g, "fd_allocate", fd, UINT64_MAX, 2));
    CHECK(INVAL, CALL(g, "fd_filestat_set_size", fd, UINT64_MAX));
    CHECK(INVAL, CALL(g, "fd_advise", fd, 0, 0, 6));
    CHECK(SUCCESS, CALL(g, "fd_advise", fd, 0, 0, 3));
    uint32_t ro = open_file(g, "f", ALL_RIGHTS & ~(uint64_t)R_WRITE, 0);
    CHECK(SUCCESS, CALL(g, "fd_close", ro));
}

static void test_times(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    uint32_t fd = open_file(g, "f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, CALL(g, "fd_filestat_set_times", fd, 1000000001, 2000000002, 1 | 4));
    CHECK(SUCCESS, CALL(g, "fd_filestat_get", fd, 64));
    assert_int_equal(guest_u64(g, 64 + 40), 1000000001);
    assert_int_equal(guest_u64(g, 64 + 48), 2000000002);
    CHECK(INVAL, CALL(g, "fd_filestat_set_times", fd, 0, 0, 3));
    CHECK(INVAL, CALL(g, "fd_filestat_set_times", fd, 0, 0, 12));
    CHECK(INVAL, CALL(g, "fd_filestat_set_times", fd, 0, 0, 16));
    CHECK(SUCCESS, CALL(g, "path_filestat_set_times", DATA, 0, PATH(g, "f"), 3000000003, 0, 1 | 8));
    CHECK(SUCCESS, CALL(g, "path_filestat_get", DATA, 0, PATH(g, "f"), 64));
    assert_int_equal(guest_u64(g, 64 + 40), 3000000003);
    const struct timespec old[2] = {{-5, 0}, {-5, 0}}; /* before 1970 */
    assert_int_equal(utimensat(AT_FDCWD, guest_path(g, "data/f"), old, 0), 0);
    CHECK(SUCCESS, CALL(g, "fd_filestat_get", fd, 64));
    assert_int_equal(guest_u64(g, 64 + 48), 0);
}

/* -------- names -------- */

static void test_unlink_rmdir(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    assert_int_equal(mkdir(guest_path(g, "data/d/e"), 0777), 0);
    assert_int_equal(symlink("d", guest_path(g, "data/ld")), 0);
    CHECK(ISDIR, CALL(g, "path_unlink_file", DATA, PATH(g, "d")));
    CHECK(ISDIR, CALL(g, "path_unlink_file", DATA, PATH(g, "d/")));
    CHECK(ISDIR, CALL(g, "path_unlink_file", DATA, PATH(g, ".")));
    CHECK(NOTDIR, CALL(g, "path_unlink_file", DATA, PATH(g, "f/")));
    CHECK(NOTDIR, CALL(g, "path_unlink_file", DATA, PATH(g, "ld/")));
    CHECK(NOENT, CALL(g, "path_unlink_file", DATA, PATH(g, "none/")));
    CHECK(NOENT, CALL(g, "path_unlink_file", DATA, PATH(g, "none")));
    CHECK(NOENT, CALL(g, "path_unlink_file", DATA, PATH(g, "")));
    CHECK(NOTCAPABLE, CALL(g, "path_unlink_file", DATA, PATH(g, "../outside/secret")));
    CHECK(NOTCAPABLE, CALL(g, "path_unlink_file", DATA, PATH(g, "/")));
    CHECK(NOTEMPTY, CALL(g, "path_remove_directory", DATA, PATH(g, "d")));
    CHECK(INVAL, CALL(g, "path_remove_directory", DATA, PATH(g, ".")));
    CHECK(NOTDIR, CALL(g, "path_remove_directory", DATA, PATH(g, "f")));
    CHECK(NOTDIR, CALL(g, "path_remove_directory", DATA, PATH(g, "ld")));
    CHECK(SUCCESS, CALL(g, "path_remove_directory", DATA, PATH(g, "d/e/")));
    CHECK(EXIST, CALL(g, "path_create_directory", DATA, PATH(g, "d")));
    CHECK(EXIST, CALL(g, "path_create_directory", DATA, PATH(g, ".")));
    CHECK(SUCCESS, CALL(g, "path_create_directory", DATA, PATH(g, "n/")));
    CHECK(SUCCESS, CALL(g, "path_unlink_file", DATA, PATH(g, "ld")));
    CHECK(SUCCESS, CALL(g, "path_unlink_file", DATA, PATH(g, "f")));
}

static uint32_t rename_in(struct guest *g, const char *from, const char *to)
{
    return CALL(g, "path_rename", DATA, PATH(g, from), DATA, PATH(g, to));
}

static void test_rename(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    CHECK(NOTDIR, rename_in(g, "f", "x/"));
    CHECK(NOTDIR, rename_in(g, "f/", "x"));
    CHECK(SUCCESS, rename_in(g, "d", "e/"));
    CHECK(INVAL, rename_in(g, "e", "e/below"));
    CHECK(INVAL, rename_in(g, ".", "x"));
    CHECK(ISDIR, rename_in(g, "f", "e"));
    CHECK(NOTDIR, rename_in(g, "e", "f"));
    CHECK(SUCCESS, rename_in(g, "f", "f"));
    CHECK(NOENT, rename_in(g, "none", "x"));
    CHECK(NOTCAPABLE, rename_in(g, "f", "../outside/f"));
    CHECK(NOTCAPABLE, rename_in(g, "../outside/secret", "f"));
}

static void test_links(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    CHECK(SUCCESS, CALL(g, "path_link", DATA, 0, PATH(g, "f"), DATA, PATH(g, "h")));
    CHECK(EXIST, CALL(g, "path_link", DATA, 0, PATH(g, "f"), DATA, PATH(g, "h")));
    CHECK(PERM, CALL(g, "path_link", DATA, 0, PATH(g, "d"), DATA, PATH(g, "h2")));
    CHECK(INVAL, CALL(g, "path_link", DATA, FOLLOW, PATH(g, "f"), DATA, PATH(g, "h2")));
    CHECK(NOTDIR, CALL(g, "path_link", DATA, 0, PATH(g, "f/"), DATA, PATH(g, "h2")));
    CHECK(NOENT, CALL(g, "path_link", DATA, 0, PATH(g, "f"), DATA, PATH(g, "h2/")));
    CHECK(EXIST, CALL(g, "path_link", DATA, 0, PATH(g, "f"), DATA, PATH(g, "d/")));
    CHECK(SUCCESS, CALL(g, "path_symlink", PATH(g, "../outside"), DATA, PATH(g, "s")));
    CHECK(EXIST, CALL(g, "path_symlink", PATH(g, "f"), DATA, PATH(g, "s")));
    CHECK(PERM, CALL(g, "path_symlink", PATH(g, "/etc"), DATA, PATH(g, "s2")));
    CHECK(NOENT, CALL(g, "path_symlink", PATH(g, ""), DATA, PATH(g, "s2")));
    CHECK(NOENT, CALL(g, "path_symlink", PATH(g, "f"), DATA, PATH(g, "s2/")));
    CHECK(NOTDIR,
          CALL(g, "path_symlink", PATH(g, "f"), open_file(g, "f", R_READ, 0), PATH(g, "s2")));
    CHECK(SUCCESS, CALL(g, "path_link", DATA, 0, PATH(g, "s"), DATA, PATH(g, "s3")));
    CHECK(SUCCESS, CALL(g, "path_readlink", DATA, PATH(g, "s3"), 4096, 100, 64));
    assert_int_equal(guest_u32(g, 64), 10);
    CHECK(SUCCESS, CALL(g, "path_readlink", DATA, PATH(g, "s3"), 4096, 4, 64));
    assert_int_equal(guest_u32(g, 64), 4);
    CHECK(SUCCESS, CALL(g, "path_readlink", DATA, PATH(g, "s3"), 4096, 0, 64));
    assert_int_equal(guest_u32(g, 64), 0);
    CHECK(INVAL, CALL(g, "path_readlink", DATA, PATH(g, "f"), 4096, 4, 64));
    CHECK(NOTCAPABLE, CALL(g, "path_readlink", DATA, PATH(g, "s3/"), 4096, 4, 64));
    CHECK(SUCCESS, CALL(g, "path_symlink", PATH(g, "d"), DATA, PATH(g, "ld")));
    CHECK(INVAL, CALL(g, "path_readlink", DATA, PATH(g, "ld/"), 4096, 4, 64));
}

static void test_stat_of_links(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    assert_int_equal(symlink("f", guest_path(g, "data/lf")), 0);
    assert_int_equal(symlink("d", guest_path(g, "data/ld")), 0);
    uint8_t type;
    CHECK(SUCCESS, CALL(g, "path_filestat_get", DATA, 0, PATH(g, "lf"), 64));
    assert_int_equal(wax_env_read(g->env, 64 + 16, &type, 1, NULL), WAX_OK);
    assert_int_equal(type, 7);
    CHECK(SUCCESS, CALL(g, "path_filestat_get", DATA, FOLLOW, PATH(g, "lf"), 64));
    assert_int_equal(wax_env_read(g->env, 64 + 16, &type, 1, NULL), WAX_OK);
    assert_int_equal(type, 4);
    CHECK(SUCCESS, CALL(g, "path_filestat_get", DATA, 0, PATH(g, "ld/"), 64));
    assert_int_equal(wax_env_read(g->env, 64 + 16, &type, 1, NULL), WAX_OK);
    assert_int_equal(type, 3);
    CHECK(NOTDIR, CALL(g, "path_filestat_get", DATA, 0, PATH(g, "lf/"), 64));
}

/* -------- mounts -------- */

static void test_read_only_mount(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "x");
    assert_int_equal(symlink("keep", guest_path(g, "ro/link")), 0);
    uint32_t fd;
    static const uint32_t oflags[] = {CREAT, TRUNC, CREAT | TRUNC, CREAT | EXCL};
    for (size_t i = 0; i < sizeof oflags / sizeof *oflags; i++) {
        CHECK(ROFS, guest_open_at(g, RO, "keep", 0, oflags[i], R_READ, 0, &fd));
        CHECK(ROFS, guest_open_at(g, RO, "new", 0, oflags[i], R_WRITE, 0, &fd));
    }
    CHECK(ROFS, guest_open_at(g, RO, "keep", 0, 0, R_WRITE, 0, &fd));
    CHECK(ROFS, CALL(g, "path_create_directory", RO, PATH(g, "n")));
    CHECK(ROFS, CALL(g, "path_remove_directory", RO, PATH(g, "n")));
    CHECK(ROFS, CALL(g, "path_unlink_file", RO, PATH(g, "keep")));
    CHECK(ROFS, CALL(g, "path_symlink", PATH(g, "x"), RO, PATH(g, "n")));
    CHECK(ROFS, CALL(g, "path_rename", RO, PATH(g, "keep"), DATA, PATH(g, "k")));
    CHECK(ROFS, CALL(g, "path_rename", DATA, PATH(g, "f"), RO, PATH(g, "k")));
    CHECK(ROFS, CALL(g, "path_link", RO, 0, PATH(g, "keep"), DATA, PATH(g, "k")));
    CHECK(ROFS, CALL(g, "path_link", DATA, 0, PATH(g, "f"), RO, PATH(g, "k")));
    CHECK(ROFS, CALL(g, "path_filestat_set_times", RO, 0, PATH(g, "keep"), 0, 0, 2));
    CHECK(SUCCESS, guest_open_at(g, RO, "keep", 0, 0, ALL_RIGHTS, 0, &fd));
    CHECK(NOTCAPABLE, CALL(g, "fd_filestat_set_size", fd, 0));
    CHECK(NOTCAPABLE, CALL(g, "fd_filestat_set_times", fd, 0, 0, 2));
    CHECK(NOTCAPABLE, CALL(g, "fd_allocate", fd, 0, 100));
    uint32_t n;
    CHECK(BADF, guest_io(g, "fd_write", fd, 4096, 4, &n));
    CHECK(SUCCESS, guest_io(g, "fd_read", fd, 4096, 4, &n));
    CHECK(SUCCESS, guest_open_at(g, RO, ".", 0, DIRECTORY, DIR_RIGHTS, 0, &fd));
    CHECK(ROFS, CALL(g, "path_unlink_file", fd, PATH(g, "keep")));
}

static void test_across_mounts(void **state)
{
    struct guest *g = *state;
    wax_env_free(g->env);
    g->env = NULL;
    assert_int_equal(wax_builder_mount(g->builder, guest_path(g, "outside"), "/other", 0, NULL),
                     WAX_OK);
    guest_start(g);
    guest_file(g, "data/f", "x");
    CHECK(XDEV, CALL(g, "path_rename", DATA, PATH(g, "f"), 5, PATH(g, "f")));
    CHECK(XDEV, CALL(g, "path_link", DATA, 0, PATH(g, "f"), 5, PATH(g, "f")));
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    uint32_t fd;
    CHECK(SUCCESS, guest_open_at(g, DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, &fd));
    CHECK(SUCCESS, CALL(g, "path_rename", DATA, PATH(g, "f"), fd, PATH(g, "f")));
}

/* -------- descriptors -------- */

static void test_descriptors(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "0123456789");
    uint32_t a = open_file(g, "f", ALL_RIGHTS, 0), b = open_file(g, "f", ALL_RIGHTS, 0), n;
    assert_int_equal(a, 5);
    assert_int_equal(b, 6);
    CHECK(SUCCESS, CALL(g, "fd_renumber", a, a));
    CHECK(BADF, CALL(g, "fd_renumber", a, 100));
    CHECK(BADF, CALL(g, "fd_renumber", a, 0x7fffffff));
    CHECK(BADF, CALL(g, "fd_renumber", 100, a));
    CHECK(SUCCESS, guest_io(g, "fd_read", a, 4096, 3, &n));
    CHECK(SUCCESS, CALL(g, "fd_renumber", a, b));
    CHECK(BADF, CALL(g, "fd_tell", a, 64));
    CHECK(SUCCESS, CALL(g, "fd_tell", b, 64));
    assert_int_equal(guest_u64(g, 64), 3);
    assert_int_equal(open_file(g, "f", R_READ, 0), a); /* lowest first */
    CHECK(SUCCESS, CALL(g, "fd_close", b));
    CHECK(BADF, CALL(g, "fd_close", b));
    CHECK(BADF, CALL(g, "fd_close", UINT32_MAX));
    CHECK(SUCCESS, CALL(g, "fd_prestat_get", DATA, 64));
    assert_int_equal(guest_u32(g, 68), 5);
    CHECK(NAMETOOLONG, CALL(g, "fd_prestat_dir_name", DATA, 4096, 4));
    CHECK(SUCCESS, CALL(g, "fd_prestat_dir_name", DATA, 4096, 50));
    CHECK(BADF, CALL(g, "fd_prestat_get", 0, 64));
    CHECK(BADF, CALL(g, "fd_prestat_get", a, 64));
    CHECK(SUCCESS, CALL(g, "fd_renumber", a, DATA));
    CHECK(BADF, CALL(g, "fd_prestat_get", DATA, 64));
    CHECK(SUCCESS, CALL(g, "fd_sync", RO));
    CHECK(SUCCESS, CALL(g, "fd_datasync", RO));
}

static void test_descriptor_limit(void **state)
{
    struct guest *g = *state;
    wax_env_free(g->env);
    g->env = NULL;
    wax_builder_limits(g->builder, 0, 10, 0);
    guest_start(g);
    uint32_t fd;
    for (uint32_t i = 5; i < 10; i++) {
        CHECK(SUCCESS, guest_open_at(g, DATA, ".", 0, 0, R_READ, 0, &fd));
        assert_int_equal(fd, i);
    }
    CHECK(MFILE, guest_open_at(g, DATA, ".", 0, 0, R_READ, 0, &fd));
    wax_env_free(g->env);
    g->env = NULL;
    wax_builder_limits(g->builder, 0, 2, 0); /* not even the streams fit */
    wax_error *error = NULL;
    assert_int_equal(wax_builder_instantiate(g->builder, g->module, &g->env, &error), WAX_E_LIMIT);
    wax_error_free(error);
}

/* Names of one fd_readdir with a buffer of `len`. *ret_cookie = the last one. */
static uint32_t list(struct guest *g, uint32_t fd, uint32_t len, uint64_t cookie,
                     uint64_t *ret_cookie)
{
    uint8_t buf[8192];
    CHECK(SUCCESS, CALL(g, "fd_readdir", fd, 16384, len, cookie, 64));
    uint32_t used = guest_u32(g, 64), at = 0, n = 0;
    assert_true(used <= len);
    assert_int_equal(wax_env_read(g->env, 16384, buf, used, NULL), WAX_OK);
    while (used - at >= 24) {
        uint32_t name_len;
        memcpy(&name_len, buf + at + 16, 4);
        if (used - at < 24 + name_len) {
            break;
        }
        memcpy(ret_cookie, buf + at, 8);
        at += 24 + name_len;
        n++;
    }
    return n;
}

static void test_readdir(void **state)
{
    struct guest *g = *state;
    char name[32];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof name, "data/f%d", i);
        guest_file(g, name, "");
    }
    uint64_t cookie = 0, third = 0;
    uint32_t n, total = 0;
    while ((n = list(g, DATA, 256, cookie, &cookie)) > 0) {
        total += n;
        third = third ? third : cookie;
    }
    assert_int_equal(total, 202);
    for (int i = 0; i < 200; i += 2) {
        (void)snprintf(name, sizeof name, "data/f%d", i);
        assert_int_equal(unlink(guest_path(g, name)), 0);
    }
    total = 0; /* from a cookie of before: nothing is shifted */
    cookie = third;
    while ((n = list(g, DATA, 256, cookie, &cookie)) > 0) {
        total += n;
    }
    assert_in_range(total, 90, 202); /* some hosts still show what was there at the start */
    CHECK(INVAL, CALL(g, "fd_readdir", DATA, 16384, 256, 1000000, 64));
    CHECK(INVAL, CALL(g, "fd_readdir", DATA, 16384, 256, UINT64_MAX, 64));
    CHECK(SUCCESS, CALL(g, "fd_readdir", DATA, 16384, 0, 0, 64));
    assert_int_equal(guest_u32(g, 64), 0);
    CHECK(SUCCESS, CALL(g, "fd_readdir", DATA, 16384, 10, 0, 64));
    assert_int_equal(guest_u32(g, 64), 10);
    CHECK(NOTDIR, CALL(g, "fd_readdir", 0, 16384, 10, 0, 64));
    CHECK(FAULT, CALL(g, "fd_readdir", DATA, MEMORY_BYTES - 9, 10, 0, 64));
}

/* -------- polling -------- */

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

static uint16_t event_error(struct guest *g, uint32_t i)
{
    return (uint16_t)guest_u32(g, 32768 + 32 * i + 8);
}

static void test_poll(void **state)
{
    struct guest *g = *state;
    guest_file(g, "data/f", "0123456789");
    uint32_t n, fd = open_file(g, "f", ALL_RIGHTS, 0);
    CHECK(INVAL, CALL(g, "poll_oneoff", 16384, 32768, 0, 64));
    CHECK(INVAL, CALL(g, "poll_oneoff", 16384, 32768, 1025, 64));
    CHECK(INVAL, CALL(g, "poll_oneoff", 16384, 32768, UINT32_MAX, 64));
    CHECK(SUCCESS, poll_n(g, &(struct sub){1, 0, {1, 0, 0, 0}}, 1, &n));
    assert_int_equal(n, 1);
    CHECK(SUCCESS, poll_n(g, &(struct sub){1, 0, {9, 0, 0, 0}}, 1, &n));
    assert_int_equal(event_error(g, 0), WX_WERRNO_INVAL);
    CHECK(INVAL, poll_n(g, &(struct sub){1, 3, {0}}, 1, &n));
    const struct sub mixed[3] = {
        {7, 1, {fd}}, {8, 2, {UINT32_MAX}}, {9, 0, {1, 60000000000, 0, 0}}};
    CHECK(SUCCESS, poll_n(g, mixed, 3, &n));
    assert_int_equal(n, 2);
    assert_int_equal(guest_u64(g, 32768), 7);
    assert_int_equal(guest_u64(g, 32768 + 16), 10);
    assert_int_equal(event_error(g, 1), WX_WERRNO_BADF);
    const struct sub two[2] = {{1, 0, {0, 1, 0, 1}}, {2, 0, {1, UINT64_MAX, 0, 1}}};
    CHECK(SUCCESS, poll_n(g, two, 2, &n)); /* absolute: long ago, and never */
    assert_int_equal(n, 1);
    assert_int_equal(guest_u64(g, 32768), 1);
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

struct flipper {
    const struct guest *g;
    bool stop; /* atomic */
};

/* Exchanges a directory and a link leading out, as fast as it can. */
static void *flip(void *arg)
{
    struct flipper *f = arg;
    char a[256], b[256];
    (void)snprintf(a, sizeof a, "%s/data/d", f->g->tree);
    (void)snprintf(b, sizeof b, "%s/data/x", f->g->tree);
    while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
        if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0) {
            return "no exchange on this filesystem";
        }
    }
    return NULL;
}

static void test_races_with_the_host(void **state)
{
    struct guest *g = *state;
    assert_int_equal(mkdir(guest_path(g, "data/d"), 0777), 0);
    guest_file(g, "data/d/secret", "inside");
    assert_int_equal(symlink("../outside", guest_path(g, "data/x")), 0);
    struct flipper f = {.g = g};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, flip, &f), 0);
    unsigned opened = 0;
    for (int i = 0; i < 3000; i++) {
        uint32_t fd, n;
        if (guest_open_at(g, DATA, "d/secret", FOLLOW, 0, R_READ | R_WRITE, 0, &fd) == 0) {
            char text[6];
            opened++;
            CHECK(SUCCESS, guest_io(g, "fd_read", fd, 4096, 6, &n));
            assert_int_equal(wax_env_read(g->env, 4096, text, 6, NULL), WAX_OK);
            assert_memory_equal(text, "inside", 6);
            CHECK(SUCCESS, CALL(g, "fd_close", fd));
        }
        if (guest_open_at(g, DATA, "d/new", FOLLOW, CREAT, R_WRITE, 0, &fd) == 0) {
            CHECK(SUCCESS, CALL(g, "fd_close", fd));
        }
        (void)CALL(g, "path_create_directory", DATA, PATH(g, "d/dir"));
        (void)CALL(g, "path_rename", DATA, PATH(g, "d/new"), DATA, PATH(g, "d/newer"));
        (void)CALL(g, "path_unlink_file", DATA, PATH(g, "d/newer"));
        (void)CALL(g, "path_remove_directory", DATA, PATH(g, "d/dir"));
    }
    __atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
    void *trouble;
    assert_int_equal(pthread_join(thread, &trouble), 0);
    assert_null(trouble);
    assert_true(opened > 0);
    static const char *const outside[] = {"new", "newer", "dir"};
    for (int i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "outside/%s", outside[i]);
        assert_int_equal(access(guest_path(g, name), F_OK), -1);
    }
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

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(int argc, char **argv)
{
    if (argc > 1) { /* errno for openat2 to fail with: the walker has to do */
        wx_fd_refuse_openat2(atoi(argv[1]));
    }
    const struct CMUnitTest tests[] = {
        TEST(test_open_names),
        TEST(test_open_flags),
        TEST(test_open_links),
        TEST(test_open_special),
        TEST(test_kernel_files_below_a_mount),
        TEST(test_rights),
        TEST(test_read_write),
        TEST(test_seek),
        TEST(test_append),
        TEST(test_sizes),
        TEST(test_times),
        TEST(test_unlink_rmdir),
        TEST(test_rename),
        TEST(test_links),
        TEST(test_stat_of_links),
        TEST(test_read_only_mount),
        TEST(test_across_mounts),
        TEST(test_descriptors),
        TEST(test_descriptor_limit),
        TEST(test_readdir),
        TEST(test_poll),
        TEST(test_closed_pipe),
        TEST(test_shutdown),
        TEST(test_races_with_the_host),
        TEST(test_streams_are_close_on_exec),
    };
    return cmocka_run_group_tests_name("preview1", tests, NULL, NULL);
}
