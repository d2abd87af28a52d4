/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 17 to 22: positions, appending, sizes, times, syncing. */
#include "rules.h"

static uint32_t seek(uint32_t fd, int64_t off, uint32_t whence, uint64_t *ret)
{
    *ret = UINT64_MAX;
    return p1_fd_seek(fd, (uint64_t)off, whence, P(ret));
}

static void positions(void)
{
    char buf[16];
    uint32_t n, fd = open_file("f", ALL_RIGHTS, 0);
    const uint32_t iovs[6] = {P(buf), 3, 0, 0, P(buf + 3), 3};
    CHECK(SUCCESS, p1_fd_read(fd, P(iovs), 3, P(&n)));
    EQUAL(6, n);
    TRUE(memcmp(buf, "012345", 6) == 0);
    CHECK(SUCCESS, p1_fd_pread(fd, P(iovs), 1, 8, P(&n)));
    EQUAL(2, n);
    EQUAL(6, tell(fd)); /* pread and pwrite leave it alone */
    CHECK(SUCCESS, p1_fd_pwrite(fd, P(iovs), 1, 20, P(&n)));
    EQUAL(6, tell(fd));
    EQUAL(23, size_of(fd));
    uint32_t other =
        open_file("f", ALL_RIGHTS, 0); /* an opening of its own: a position of its own */
    EQUAL(0, tell(other));
    CHECK(SUCCESS, p1_fd_filestat_set_size(other, 2));
    EQUAL(6, tell(fd));
    CHECK(SUCCESS, read_fd(fd, buf, 4, &n)); /* behind the end now: no size is remembered */
    EQUAL(0, n);
    CHECK(SUCCESS, write_fd(fd, "x", &n));
    EQUAL(7, size_of(other));
    CHECK(SUCCESS, p1_fd_renumber(fd, other));
    EQUAL(7, tell(other)); /* the position belongs to the file, not to the number */
}

static void unlinked(void)
{
    char buf[16];
    uint32_t n, fd = open_file("f", ALL_RIGHTS, 0);
    remove_file("f");
    CHECK(NOENT, try_open("f", 0, R_READ));
    CHECK(SUCCESS, read_fd(fd, buf, 4, &n));
    EQUAL(4, n);
    CHECK(SUCCESS, write_fd(fd, "xy", &n));
    EQUAL(10, size_of(fd));
    make_file("f", "another");
    EQUAL(10, size_of(fd));
    CHECK(SUCCESS,
          p1_path_rename(DATA, S("d/g"), DATA, S("f"))); /* over a name somebody has open */
    TRUE(file_is("f", "inner"));
}

static void seeks(void)
{
    uint64_t at;
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, seek(fd, 5, SEEK_START, &at));
    EQUAL(5, at);
    CHECK(INVAL, seek(fd, -6, SEEK_HERE, &at));
    CHECK(INVAL, seek(fd, -1, SEEK_START, &at));
    CHECK(INVAL, seek(fd, INT64_MIN, SEEK_BACK, &at));
    CHECK(INVAL, seek(fd, 0, 3, &at));
    CHECK(INVAL, seek(fd, 0, UINT32_MAX, &at));
    EQUAL(5, tell(fd)); /* what is refused moves nothing */
    CHECK(SUCCESS, seek(fd, -2, SEEK_BACK, &at));
    EQUAL(8, at);
    CHECK(SUCCESS, seek(fd, INT64_C(5) << 30, SEEK_START, &at));
    EQUAL(UINT64_C(5) << 30, at);
    uint32_t e = seek(fd, INT64_MAX, SEEK_HERE, &at);
    TRUE(e == __WASI_ERRNO_OVERFLOW || e == __WASI_ERRNO_INVAL); /* the host's word */
    EQUAL(UINT64_C(5) << 30, tell(fd));
    uint32_t d = open_at(DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, NULL);
    TRUE(seek(d, 0, SEEK_START, &at) != 0);
    uint32_t teller = open_file("f", RIGHT(FD_SEEK), 0);
    EQUAL(0, tell(teller)); /* the right to seek contains it */
    CHECK(SUCCESS, seek(teller, 1, SEEK_START, &at));
    teller = open_file("f", RIGHT(FD_TELL), 0);
    EQUAL(0, tell(teller));
    CHECK(NOTCAPABLE, seek(teller, 1, SEEK_START, &at));
}

static void seek_stream(void)
{
    uint64_t at;
    uint32_t n;
    char c;
    const uint32_t iov[2] = {P(&c), 1};
    TRUE(seek(0, 0, SEEK_START, &at) != 0); /* a pipe: no right, or ESPIPE */
    TRUE(p1_fd_tell(0, P(&at)) != 0);
    CHECK(SPIPE, p1_fd_pread(0, P(iov), 1, 0, P(&n)));
    CHECK(SPIPE, p1_fd_pwrite(1, P(iov), 1, 0, P(&n)));
}

static void append(void)
{
    uint64_t at;
    uint32_t n, fd = open_file("f", ALL_RIGHTS, APPEND), other = open_file("f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, write_fd(fd, "ab", &n));
    EQUAL(12, tell(fd));
    CHECK(SUCCESS, p1_fd_filestat_set_size(other, 3));
    CHECK(SUCCESS, write_fd(fd, "c", &n)); /* the end as it is now */
    EQUAL(4, tell(fd));
    CHECK(SUCCESS, seek(fd, 0, SEEK_START, &at));
    CHECK(SUCCESS, write_fd(fd, "d", &n));
    TRUE(file_is("f", "012cd"));
    const uint32_t iov[2] = {S("e")};
    CHECK(SUCCESS, p1_fd_pwrite(fd, P(iov), 1, 0, P(&n))); /* appends, as Linux does */
    TRUE(file_is("f", "012cde"));
    __wasi_fdstat_t st;
    CHECK(SUCCESS, p1_fd_fdstat_get(fd, P(&st)));
    EQUAL(APPEND, st.fs_flags);
}

static void set_flags(void)
{
    uint64_t at;
    uint32_t n, fd = open_file("f", ALL_RIGHTS, APPEND);
    CHECK(SUCCESS, p1_fd_fdstat_set_flags(fd, 0));
    CHECK(SUCCESS, seek(fd, 0, SEEK_START, &at));
    CHECK(SUCCESS, write_fd(fd, "a", &n));
    TRUE(file_is("f", "a123456789"));
    CHECK(SUCCESS, p1_fd_fdstat_set_flags(fd, APPEND | NONBLOCK));
    CHECK(SUCCESS, write_fd(fd, "b", &n));
    TRUE(file_is("f", "a123456789b"));
    __wasi_fdstat_t st;
    CHECK(SUCCESS, p1_fd_fdstat_get(fd, P(&st)));
    EQUAL(APPEND | NONBLOCK, st.fs_flags);
    CHECK(INVAL, p1_fd_fdstat_set_flags(fd, APPEND | SYNC)); /* can not be changed later */
    CHECK(INVAL, p1_fd_fdstat_set_flags(fd, DSYNC));
    CHECK(INVAL, p1_fd_fdstat_set_flags(fd, RSYNC));
    CHECK(INVAL, p1_fd_fdstat_set_flags(fd, 32));
}

/* NONBLOCK on standard input, a pipe with nothing in it: AGAIN, and the host's pipe stays as it is.
 */
static void nonblock(void)
{
    uint32_t n;
    char c;
    CHECK(SUCCESS, p1_fd_fdstat_set_flags(0, NONBLOCK));
    CHECK(AGAIN, read_fd(0, &c, 1, &n));
    CHECK(SUCCESS, p1_fd_fdstat_set_flags(0, 0));
    peek("blocking");
}

static void sync_at_open(void) /* the runner looks at the flags */
{
    (void)open_file("f", R_WRITE, SYNC);
    (void)open_file("f", R_WRITE, DSYNC);
    peek("sync");
}

static void set_size(void)
{
    uint32_t n, fd = open_file("f", ALL_RIGHTS, 0), ro = open_file("f", R_READ | R_WRITE, 0);
    CHECK(SUCCESS, p1_fd_filestat_set_size(fd, 3));
    EQUAL(3, size_of(fd));
    CHECK(SUCCESS, p1_fd_filestat_set_size(fd, 100));
    EQUAL(100, size_of(fd));
    char c = 'x';
    const uint32_t iov[2] = {P(&c), 1};
    CHECK(SUCCESS, p1_fd_pread(fd, P(iov), 1, 50, P(&n)));
    EQUAL(0, c); /* grown by zeros */
    CHECK(INVAL, p1_fd_filestat_set_size(fd, UINT64_MAX));
    CHECK(INVAL, p1_fd_filestat_set_size(fd, UINT64_C(1) << 63));
    CHECK(NOTCAPABLE, p1_fd_filestat_set_size(ro, 0));
    CHECK(NOTCAPABLE, p1_fd_filestat_set_size(DATA, 0));
    EQUAL(100, size_of(fd));
}

static void allocate(void)
{
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, p1_fd_allocate(fd, 0, 4));
    EQUAL(10, size_of(fd)); /* never shrinks */
    CHECK(SUCCESS, p1_fd_allocate(fd, 8, 8));
    EQUAL(16, size_of(fd));
    CHECK(INVAL, p1_fd_allocate(fd, 0, 0));
    CHECK(INVAL, p1_fd_allocate(fd, UINT64_MAX, 2));
    CHECK(INVAL, p1_fd_allocate(fd, INT64_MAX, 2));
    CHECK(NOTCAPABLE, p1_fd_allocate(open_file("f", R_WRITE, 0), 0, 100));
    CHECK(SUCCESS, p1_fd_advise(fd, 0, 0, 3));
    CHECK(INVAL, p1_fd_advise(fd, UINT64_MAX, 2, 0));
    EQUAL(16, size_of(fd));
}

static void times(void)
{
    __wasi_filestat_t st;
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, p1_fd_filestat_set_times(fd, 1000000001, 2000000002, 1 | 4));
    CHECK(SUCCESS, p1_fd_filestat_get(fd, P(&st)));
    EQUAL(1000000001, st.atim); /* to the nanosecond */
    EQUAL(2000000002, st.mtim);
    CHECK(INVAL, p1_fd_filestat_set_times(fd, 0, 0, 1 | 2));
    CHECK(INVAL, p1_fd_filestat_set_times(fd, 0, 0, 4 | 8));
    CHECK(INVAL, p1_fd_filestat_set_times(fd, 0, 0, 16));
    CHECK(INVAL, p1_path_filestat_set_times(DATA, 0, S("f"), 0, 0, 4 | 8));
    CHECK(SUCCESS, p1_path_filestat_set_times(DATA, 0, S("f"), 3000000003, 0, 1));
    CHECK(SUCCESS, stat_at(DATA, 0, "f", &st));
    EQUAL(3000000003, st.atim);
    EQUAL(2000000002, st.mtim); /* left out */
    CHECK(SUCCESS, p1_path_filestat_set_times(DATA, 0, S("lf"), 0, 4000000004, 4));
    CHECK(SUCCESS, stat_at(DATA, 0, "lf", &st));
    EQUAL(4000000004, st.mtim); /* the link's own */
    CHECK(SUCCESS, stat_at(DATA, FOLLOW, "lf", &st));
    EQUAL(2000000002, st.mtim);
    CHECK(NOTCAPABLE, p1_path_filestat_set_times(DATA, FOLLOW, S("upfile"), 0, 1, 4));
    uint32_t e = p1_fd_filestat_set_times(fd, UINT64_MAX, UINT64_MAX, 1 | 4); /* the year 2554 */
    TRUE(e == 0 || e == __WASI_ERRNO_OVERFLOW || e == __WASI_ERRNO_INVAL);
    CHECK(SUCCESS, stat_at(DATA, 0, "old", &st)); /* from before 1970 */
    EQUAL(0, st.mtim);
    CHECK(SUCCESS, p1_fd_filestat_set_times(fd, 0, 0, 2 | 8));
    CHECK(SUCCESS, p1_fd_filestat_get(fd, P(&st)));
    TRUE(st.mtim > UINT64_C(1600000000) * 1000000000);
}

static void sync_directory(void)
{
    CHECK(SUCCESS, p1_fd_sync(DATA));
    CHECK(SUCCESS, p1_fd_datasync(DATA));
    CHECK(SUCCESS, p1_fd_sync(RO));
    uint32_t d = open_at(DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, NULL);
    CHECK(SUCCESS, p1_fd_sync(d));
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, p1_fd_sync(fd));
    CHECK(SUCCESS, p1_fd_datasync(fd));
    CHECK(NOTCAPABLE, p1_fd_sync(open_file("f", R_READ, 0)));
    CHECK(BADF, p1_fd_sync(100));
}

/* At 6 a directory in memory, at 7 one whose changes are: 1 KiB and 6 inodes each. */
static void quota_of(uint32_t dir)
{
    static char block[600];
    uint32_t e, n, fd = open_at(dir, "q", 0, CREAT, ALL_RIGHTS, 0, &e);
    const uint32_t iov[2] = {P(block), sizeof block}, small[2] = {P(block), 424};
    CHECK(SUCCESS, e);
    CHECK(SUCCESS, p1_fd_write(fd, P(iov), 1, P(&n)));
    CHECK(NOSPC, p1_fd_write(fd, P(iov), 1, P(&n)));
    EQUAL(600, size_of(fd)); /* nothing of it */
    EQUAL(600, tell(fd));
    CHECK(NOSPC, p1_fd_filestat_set_size(fd, 1025));
    CHECK(NOSPC, p1_fd_allocate(fd, 1000, 25));
    CHECK(NOSPC, p1_fd_pwrite(fd, P(iov), 1, 500, P(&n)));
    EQUAL(600, size_of(fd));
    CHECK(SUCCESS, p1_fd_allocate(fd, 0, 1024));
    EQUAL(1024, size_of(fd));
    CHECK(SUCCESS, p1_fd_filestat_set_size(fd, 600)); /* what is given up is free again */
    CHECK(SUCCESS, p1_fd_write(fd, P(small), 1, P(&n)));
    EQUAL(424, n);
    /* A removed file counts until it is closed. */
    CHECK(SUCCESS, p1_path_unlink_file(dir, S("q")));
    uint32_t other = open_at(dir, "r", 0, CREAT, ALL_RIGHTS, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(NOSPC, p1_fd_write(other, P(small), 1, P(&n)));
    CHECK(SUCCESS, p1_fd_close(fd));
    CHECK(SUCCESS, p1_fd_write(other, P(small), 1, P(&n)));
    CHECK(SUCCESS, p1_fd_close(other));
    /* The directory itself and r are two of the six. */
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        CHECK(SUCCESS, p1_path_create_directory(dir, S(names[i])));
    }
    CHECK(NOSPC, p1_path_create_directory(dir, S("e")));
    CHECK(NOSPC, p1_path_symlink(S("a"), dir, S("e")));
    CHECK(NOSPC, try_open_at(dir, "e", 0, CREAT, R_WRITE));
    CHECK(SUCCESS, p1_path_link(dir, 0, S("r"), dir, S("e"))); /* another name is no inode */
    CHECK(SUCCESS, p1_path_remove_directory(dir, S("a")));
    CHECK(SUCCESS, p1_path_create_directory(dir, S("a")));
}

static void quota(void)
{
    quota_of(OTHER + 1);
    quota_of(OTHER + 2);
    uint32_t e, n, fd = open_at(OTHER + 2, "x", 0, 0, R_READ, 0, &e);
    char c;
    CHECK(SUCCESS, e); /* what the host has is still there to be read */
    CHECK(SUCCESS, read_fd(fd, &c, 1, &n));
    CHECK(NOSPC, try_open_at(OTHER + 2, "x", 0, 0, R_WRITE)); /* a copy would be one more */
}

const struct rule io_rules[] = {
    {"rule-17-positions", positions},
    {"rule-17-unlinked-and-replaced", unlinked},
    {"rule-18-seek", seeks},
    {"rule-18-seek-stream", seek_stream},
    {"rule-19-append", append},
    {"rule-19-set-flags", set_flags},
    {"rule-19-nonblock", nonblock},
    {"rule-19-sync-at-open", sync_at_open},
    {"rule-20-set-size", set_size},
    {"rule-20-allocate", allocate},
    {"rule-20-quota", quota},
    {"rule-21-times", times},
    {"rule-22-sync-directory", sync_directory},
    {NULL, NULL},
};
