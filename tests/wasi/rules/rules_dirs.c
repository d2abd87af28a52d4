/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 23 to 26: listing directories. */
#include "rules.h"

#include <stdio.h>

static uint8_t buf[65536];

/* Names from `cookie` on with a buffer of `len` bytes; *cookie becomes the last one's. */
static uint32_t list_some(uint32_t fd, uint32_t len, uint64_t *cookie)
{
    uint32_t used, at = 0, n = 0;
    struct entry e;
    CHECK(SUCCESS, readdir(fd, buf, len, *cookie, &used));
    TRUE(used <= len);
    while (next_entry(buf, used, &at, &e)) {
        *cookie = e.cookie;
        n++;
    }
    return n;
}

static uint32_t list_all(uint32_t fd, uint32_t len, uint64_t cookie)
{
    uint32_t n, total = 0;
    while ((n = list_some(fd, len, &cookie)) > 0) {
        total += n;
    }
    return total;
}

static void make_many(uint32_t n)
{
    char name[32];
    make_dir("many");
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "many/f%u", i);
        CHECK(SUCCESS, try_open(name, CREAT, R_WRITE));
    }
}

static void remove_many(uint32_t n)
{
    char name[32];
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "many/f%u", i);
        uint32_t e = p1_path_unlink_file(DATA, S(name));
        TRUE(e == 0 || e == __WASI_ERRNO_NOENT);
    }
    CHECK(SUCCESS, p1_path_remove_directory(DATA, S("many")));
}

/* Each entry once, with its inode and type; "." and ".." come first. */
static void entries(void)
{
    static const struct {
        const char *name;
        uint8_t type;
    } wanted[] = {{"f", __WASI_FILETYPE_REGULAR_FILE},     {"d", __WASI_FILETYPE_DIRECTORY},
                  {"lf", __WASI_FILETYPE_SYMBOLIC_LINK},   {"up", __WASI_FILETYPE_SYMBOLIC_LINK},
                  {"sock", __WASI_FILETYPE_SOCKET_STREAM}, {"fifo", __WASI_FILETYPE_UNKNOWN}};
    uint32_t used, at = 0, seen = 0, i = 0;
    struct entry e;
    __wasi_filestat_t st;
    CHECK(SUCCESS, readdir(DATA, buf, sizeof buf, 0, &used));
    for (; next_entry(buf, used, &at, &e); i++) {
        EQUAL(i + 1, e.cookie);
        TRUE(e.ino != 0);
        if (i < 2) {
            TRUE(strcmp(e.name, i ? ".." : ".") == 0);
            EQUAL(__WASI_FILETYPE_DIRECTORY, e.type);
            continue;
        }
        CHECK(SUCCESS, stat_at(DATA, 0, e.name, &st));
        EQUAL(st.ino, e.ino);
        EQUAL(st.filetype, e.type);
        for (uint32_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
            if (strcmp(e.name, wanted[w].name) == 0) {
                EQUAL(wanted[w].type, e.type);
                seen++;
            }
        }
    }
    EQUAL(6, seen);
    EQUAL(used, at);
    CHECK(SUCCESS, stat_at(DATA, 0, ".", &st));
    at = 0;
    TRUE(next_entry(buf, used, &at, &e) && e.ino == st.ino);
}

static void rewind_listing(void)
{
    uint64_t cookie = 0;
    uint32_t n = list_all(DATA, sizeof buf, 0);
    EQUAL(n, list_all(DATA, 64, 0)); /* by small steps */
    make_file("d/late", "");
    uint32_t d = open_at(DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, NULL);
    EQUAL(5, list_all(d, sizeof buf, 0));
    make_file("d/later", "");
    EQUAL(6, list_all(d, sizeof buf, 0)); /* 0 is a fresh listing */
    remove_file("d/late");
    remove_file("d/later");
    EQUAL(4, list_all(d, sizeof buf, 0));
    EQUAL(2, list_some(d, 2 * 24 + 3, &cookie)); /* "." and "..", whatever comes then is cut */
    EQUAL(2, list_all(d, sizeof buf, cookie));   /* going on, and again from the same place */
    EQUAL(2, list_all(d, sizeof buf, cookie));
}

static void delete_while_listing(void)
{
    enum { N = 300 };
    uint64_t cookie = 0;
    uint32_t used, gone = 0;
    make_many(N);
    uint32_t fd = open_at(DATA, "many", 0, DIRECTORY, DIR_RIGHTS, 0, NULL);
    for (bool more = true; more;) {
        uint32_t at = 0;
        struct entry e;
        CHECK(SUCCESS, readdir(fd, buf, 200, cookie, &used));
        more = false;
        while (next_entry(buf, used, &at, &e)) {
            more = true;
            cookie = e.cookie;
            if (e.name[0] == 'f') {
                CHECK(SUCCESS, p1_path_unlink_file(fd, S(e.name)));
                gone++;
            }
        }
    }
    EQUAL(N, gone);
    remove_many(0);
}

static void small_buffers(void)
{
    uint32_t used, at = 0;
    struct entry e;
    memset(buf, 0xee, 64);
    CHECK(SUCCESS, readdir(DATA, buf, 0, 0, &used));
    EQUAL(0, used);
    CHECK(SUCCESS, readdir(DATA, buf, 10, 0, &used));
    EQUAL(10, used);
    EQUAL(0xee, buf[10]);
    CHECK(SUCCESS, readdir(DATA, buf, 30, 0, &used));
    EQUAL(30, used); /* full: "." and a piece of ".." */
    EQUAL(0xee, buf[30]);
    TRUE(next_entry(buf, used, &at, &e));
    TRUE(!next_entry(buf, used, &at, &e));
    CHECK(SUCCESS, readdir(DATA, buf, sizeof buf, 0, &used));
    TRUE(used < sizeof buf);
}

static void bad_cookies(void)
{
    uint32_t used;
    CHECK(INVAL, readdir(DATA, buf, 256, 1000000, &used));
    CHECK(INVAL, readdir(DATA, buf, 256, UINT64_MAX, &used));
    CHECK(INVAL, readdir(DATA, buf, 256, UINT64_C(1) << 63, &used));
    CHECK(NOTDIR, readdir(open_file("f", ALL_RIGHTS, 0), buf, 256, 0, &used));
    CHECK(NOTDIR, readdir(0, buf, 256, 0, &used));
    uint32_t d = open_at(DATA, "d", 0, DIRECTORY, R_READ, 0, NULL);
    CHECK(NOTCAPABLE, readdir(d, buf, 256, 0, &used));
}

/* Ten times the entries take ten times as long, not a hundred times. */
static void cost(void)
{
    uint64_t t[3];
    uint32_t few, all;
    make_many(1000);
    uint32_t fd = open_at(DATA, "many", 0, DIRECTORY, DIR_RIGHTS, 0, NULL);
    EQUAL(1002, list_all(fd, 4096, 0)); /* everything is warm now */
    CHECK(SUCCESS, p1_clock_time_get(1, 0, P(&t[0])));
    few = 0;
    for (uint64_t cookie = 0; few < 100;) {
        few += list_some(fd, 4096, &cookie);
    }
    CHECK(SUCCESS, p1_clock_time_get(1, 0, P(&t[1])));
    all = list_all(fd, 4096, 0);
    CHECK(SUCCESS, p1_clock_time_get(1, 0, P(&t[2])));
    EQUAL(1002, all);
    TRUE(t[2] - t[1] < 100 * (t[1] - t[0]) + 20000000);
    remove_many(1000);
}

const struct rule dir_rules[] = {
    {"rule-23-entries", entries},
    {"rule-24-rewind", rewind_listing},
    {"rule-24-delete-while-listing", delete_while_listing},
    {"rule-25-small-buffers", small_buffers},
    {"rule-25-bad-cookies", bad_cookies},
    {"rule-26-cost", cost},
    {NULL, NULL},
};
