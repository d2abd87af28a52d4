/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 27 to 30: the descriptor table. */
#include "rules.h"

static void lowest_first(void)
{
    uint32_t a = open_file("f", R_READ, 0), b = open_file("f", R_READ, 0);
    uint32_t c = open_file("f", R_READ, 0);
    EQUAL(OTHER + 1, a);
    EQUAL(a + 1, b);
    EQUAL(b + 1, c);
    CHECK(SUCCESS, p1_fd_close(b));
    CHECK(SUCCESS, p1_fd_close(a));
    EQUAL(a, open_file("f", R_READ, 0));
    EQUAL(b, open_file("d", R_READ, 0));
    EQUAL(c + 1, open_file("f", R_READ, 0));
}

/* With --max-fds 10. */
static void limit(void)
{
    uint32_t e;
    for (uint32_t i = OTHER + 1; i < 10; i++) {
        EQUAL(i, open_file("f", R_READ, 0));
    }
    (void)open_at(DATA, "made", 0, CREAT, R_WRITE, 0, &e);
    CHECK(MFILE, e);
    CHECK(SUCCESS, p1_fd_close(7));
    EQUAL(7, open_file("f", R_READ, 0));
    CHECK(MFILE, try_open("f", 0, R_READ));
}

/* The host's own limit is far below the guest's 1024: an errno, and all works again afterwards. */
static void host_limit(void)
{
    uint32_t e = 0, n = 0, last = NO_FD;
    while (!e && n < 1024) {
        uint32_t fd = open_at(DATA, "f", 0, 0, R_READ, 0, &e);
        n += !e;
        last = e ? last : fd;
    }
    TRUE(e == __WASI_ERRNO_MFILE || e == __WASI_ERRNO_NFILE);
    TRUE(n > 0 && n < 100);
    CHECK(SUCCESS, p1_fd_close(last));
    CHECK(SUCCESS, p1_fd_close(last - 1));
    CHECK(SUCCESS, p1_fd_close(last - 2));
    CHECK(SUCCESS, try_open("d/g", 0, R_READ));
}

void rule_renumber(void)
{
    char c[4];
    uint32_t n, a = open_file("f", ALL_RIGHTS, 0), b = open_file("d/g", ALL_RIGHTS, 0);
    CHECK(SUCCESS, p1_fd_renumber(a, a));
    EQUAL(0, tell(a));
    CHECK(BADF, p1_fd_renumber(a, 100));
    CHECK(BADF, p1_fd_renumber(100, a));
    CHECK(BADF, p1_fd_renumber(100, 100));
    CHECK(BADF, p1_fd_renumber(a, 0x7fffffff)); /* allocates nothing up to there */
    CHECK(BADF, p1_fd_renumber(a, UINT32_MAX));
    CHECK(BADF, p1_fd_renumber(UINT32_MAX, a));
    CHECK(SUCCESS, read_fd(a, c, 3, &n));
    CHECK(SUCCESS, p1_fd_renumber(a, b));
    CHECK(BADF, p1_fd_renumber(a, b));
    uint64_t at;
    CHECK(BADF, p1_fd_tell(a, P(&at)));
    EQUAL(3, tell(b));
    EQUAL(10, size_of(b));
}

static void renumber_preopen(void)
{
    uint32_t prestat[2], fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(SUCCESS, p1_fd_renumber(fd, OTHER)); /* the file takes the place of a mount */
    CHECK(BADF, p1_fd_prestat_get(OTHER, P(prestat)));
    EQUAL(10, size_of(OTHER));
    CHECK(NOTDIR, try_open_at(OTHER, "x", 0, 0, R_READ));
    fd = open_file("d", DIR_RIGHTS, 0);
    CHECK(SUCCESS, p1_fd_renumber(RO, fd)); /* a mount takes another number, read-only as ever */
    CHECK(SUCCESS, p1_fd_prestat_get(fd, P(prestat)));
    CHECK(BADF, p1_fd_prestat_get(RO, P(prestat)));
    CHECK(ROFS, try_open_at(fd, "keep", 0, TRUNC, R_READ));
    CHECK(SUCCESS, try_open_at(fd, "keep", 0, 0, R_READ));
    CHECK(SUCCESS, p1_fd_renumber(open_file("f", ALL_RIGHTS, 0), 0)); /* over a stream */
    EQUAL(10, size_of(0));
}

static void closing(void)
{
    uint32_t prestat[2], n;
    char c;
    CHECK(SUCCESS, p1_fd_close(OTHER));
    CHECK(BADF, p1_fd_close(OTHER));
    CHECK(BADF, p1_fd_prestat_get(OTHER, P(prestat)));
    CHECK(BADF, try_open_at(OTHER, "x", 0, 0, R_READ));
    EQUAL(OTHER, open_file("f", R_READ, 0)); /* the number is free for anything */
    CHECK(SUCCESS, p1_fd_close(0));
    CHECK(BADF, read_fd(0, &c, 1, &n));
    EQUAL(0, open_file("f", R_READ, 0));
    CHECK(SUCCESS, read_fd(0, &c, 1, &n));
    EQUAL('0', c);
    CHECK(BADF, p1_fd_close(100));
    CHECK(BADF, p1_fd_close(UINT32_MAX));
}

static void prestat(void)
{
    char name[16];
    struct {
        uint8_t type;
        uint32_t len;
    } p = {9, 9};
    memset(name, '#', sizeof name);
    CHECK(SUCCESS, p1_fd_prestat_get(DATA, P(&p)));
    EQUAL(0, p.type);
    EQUAL(5, p.len);
    CHECK(SUCCESS, p1_fd_prestat_dir_name(DATA, P(name), sizeof name));
    TRUE(memcmp(name, "/data#", 6) == 0); /* no NUL */
    CHECK(SUCCESS, p1_fd_prestat_dir_name(DATA, P(name), 5));
    CHECK(NAMETOOLONG, p1_fd_prestat_dir_name(DATA, P(name), 4));
    for (uint32_t fd = 0; fd < 3; fd++) {
        CHECK(BADF, p1_fd_prestat_get(fd, P(&p)));
        CHECK(BADF, p1_fd_prestat_dir_name(fd, P(name), sizeof name));
    }
    CHECK(BADF, p1_fd_prestat_get(open_file("d", R_READ, 0), P(&p)));
    CHECK(BADF, p1_fd_prestat_get(OTHER + 2, P(&p))); /* the end of wasi-libc's scan */
}

const struct rule fd_rules[] = {
    {"rule-27-lowest-first", lowest_first},
    {"rule-27-limit", limit},
    {"rule-27-host-limit", host_limit},
    {"rule-28-renumber", rule_renumber},
    {"rule-28-renumber-preopen", renumber_preopen},
    {"rule-29-close", closing},
    {"rule-30-prestat", prestat},
    {NULL, NULL},
};
