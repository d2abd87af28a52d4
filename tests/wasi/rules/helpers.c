/* SPDX-License-Identifier: Apache-2.0 */
/* Counting checks; the calls with less to write. */
#include "rules.h"

#include <stdio.h>

unsigned checks, failures;

/* -------- counting -------- */

void check(int line, const char *what, bool ok)
{
    checks++;
    if (!ok) {
        failures++;
        printf("line %d: not so: %s\n", line, what);
    }
}

void check_errno(int line, const char *what, uint32_t got, uint32_t want)
{
    checks++;
    if (got != want) {
        failures++;
        printf("line %d: errno %u, wanted %u: %s\n", line, got, want, what);
    }
}

void check_number(int line, const char *what, uint64_t got, uint64_t want)
{
    checks++;
    if (got != want) {
        failures++;
        printf("line %d: %llu, wanted %llu: %s\n", line, got, want, what);
    }
}

void peek(const char *what)
{
    char answer;
    uint32_t n;
    printf("peek %s\n", what);
    fflush(stdout);
    CHECK(SUCCESS, read_fd(0, &answer, 1, &n)); /* not more than that */
    EQUAL(1, n);
}

/* -------- files -------- */

uint32_t open_at(uint32_t dir, const char *path, uint32_t dirflags, uint32_t oflags,
                 uint64_t rights, uint32_t fdflags, uint32_t *ret_errno)
{
    uint32_t fd = NO_FD;
    uint32_t e = p1_path_open(dir, dirflags, S(path), oflags, rights, ALL_RIGHTS, fdflags, P(&fd));
    if (ret_errno) {
        *ret_errno = e;
    }
    return e ? NO_FD : fd;
}

uint32_t try_open_at(uint32_t dir, const char *path, uint32_t dirflags, uint32_t oflags,
                     uint64_t rights)
{
    uint32_t e, fd = open_at(dir, path, dirflags, oflags, rights, 0, &e);
    if (!e) {
        CHECK(SUCCESS, p1_fd_close(fd));
    }
    return e;
}

uint32_t try_open(const char *path, uint32_t oflags, uint64_t rights)
{
    return try_open_at(DATA, path, FOLLOW, oflags, rights);
}

uint32_t open_file(const char *path, uint64_t rights, uint32_t fdflags)
{
    uint32_t e, fd = open_at(DATA, path, FOLLOW, 0, rights, fdflags, &e);
    CHECK(SUCCESS, e);
    return fd;
}

void make_file(const char *path, const char *text)
{
    uint32_t e, n, fd = open_at(DATA, path, 0, CREAT | EXCL, R_WRITE, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(SUCCESS, write_fd(fd, text, &n));
    CHECK(SUCCESS, p1_fd_close(fd));
}

void make_dir(const char *path) { CHECK(SUCCESS, p1_path_create_directory(DATA, S(path))); }
void remove_file(const char *path) { CHECK(SUCCESS, p1_path_unlink_file(DATA, S(path))); }

uint32_t read_fd(uint32_t fd, void *buf, uint32_t len, uint32_t *ret_n)
{
    const uint32_t iov[2] = {P(buf), len};
    *ret_n = 0;
    return p1_fd_read(fd, P(iov), 1, P(ret_n));
}

uint32_t write_fd(uint32_t fd, const char *text, uint32_t *ret_n)
{
    const uint32_t iov[2] = {S(text)};
    *ret_n = 0;
    return p1_fd_write(fd, P(iov), 1, P(ret_n));
}

uint64_t tell(uint32_t fd)
{
    uint64_t at = UINT64_MAX;
    CHECK(SUCCESS, p1_fd_tell(fd, P(&at)));
    return at;
}

uint64_t size_of(uint32_t fd)
{
    __wasi_filestat_t st = {.size = UINT64_MAX};
    CHECK(SUCCESS, p1_fd_filestat_get(fd, P(&st)));
    return st.size;
}

bool file_is(const char *path, const char *text)
{
    char buf[256];
    uint32_t n, e, fd = open_at(DATA, path, FOLLOW, 0, R_READ, 0, &e);
    bool same = !e && read_fd(fd, buf, sizeof buf, &n) == 0 && n == strlen(text) &&
                memcmp(buf, text, n) == 0;
    (void)p1_fd_close(fd);
    return same;
}

uint32_t stat_at(uint32_t dir, uint32_t flags, const char *path, __wasi_filestat_t *ret)
{
    memset(ret, 0xff, sizeof *ret);
    return p1_path_filestat_get(dir, flags, S(path), P(ret));
}

uint32_t readdir(uint32_t fd, void *buf, uint32_t len, uint64_t cookie, uint32_t *ret_used)
{
    *ret_used = 0;
    return p1_fd_readdir(fd, P(buf), len, cookie, P(ret_used));
}

bool next_entry(const uint8_t *buf, uint32_t used, uint32_t *at, struct entry *ret)
{
    uint32_t len;
    if (used - *at < 24) {
        return false;
    }
    memcpy(&ret->cookie, buf + *at, 8);
    memcpy(&ret->ino, buf + *at + 8, 8);
    memcpy(&len, buf + *at + 16, 4);
    ret->type = buf[*at + 20];
    if (len >= sizeof ret->name || used - *at - 24 < len) {
        return false;
    }
    memcpy(ret->name, buf + *at + 24, len);
    ret->name[len] = '\0';
    *at += 24 + len;
    return true;
}
