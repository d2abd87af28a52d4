/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 36 to 38: pointers, counts, enumerations, sizes. */
#include "rules.h"

#include <stdlib.h>

static uint32_t end_of_memory(void) { return (uint32_t)(__builtin_wasm_memory_size(0) * 65536); }

static void pointers(void)
{
    uint32_t n, end = end_of_memory(), fd = open_file("f", ALL_RIGHTS, 0);
    char c;
    const uint32_t good[2] = {P(&c), 1}, bad[4] = {P(&c), 1, end - 1, 2};
    CHECK(FAULT, p1_path_open(DATA, 0, S("f"), 0, R_READ, 0, 0, end - 3));
    CHECK(FAULT,
          p1_path_open(DATA, 0, S("made"), CREAT, R_WRITE, 0, 0, end)); /* before any effect */
    CHECK(NOENT, try_open("made", 0, R_READ));
    CHECK(FAULT, p1_path_open(DATA, 0, end - 1, 2, 0, R_READ, 0, 0, P(&n)));
    CHECK(FAULT, p1_path_unlink_file(DATA, UINT32_MAX, 1));
    CHECK(FAULT, p1_fd_read(fd, end - 4, 1, P(&n)));
    CHECK(FAULT, p1_fd_read(fd, UINT32_MAX - 3, 1, P(&n)));
    CHECK(FAULT, p1_fd_read(fd, P(bad), 2, P(&n)));
    CHECK(FAULT, p1_fd_read(fd, P(good), 1, end - 3));
    CHECK(FAULT, p1_fd_write(fd, P(bad), 2, P(&n)));
    CHECK(FAULT, p1_fd_write(fd, P(good), 1, end - 3));
    CHECK(FAULT, p1_fd_seek(fd, 0, SEEK_START, end - 7));
    CHECK(FAULT, p1_fd_readdir(DATA, end - 9, 10, 0, P(&n)));
    CHECK(FAULT, p1_fd_filestat_get(fd, end - 63));
    CHECK(FAULT, p1_random_get(end - 9, 10));
    CHECK(FAULT, p1_clock_time_get(0, 0, end - 7));
    CHECK(FAULT, p1_args_get(P(&n), end));
    CHECK(FAULT, p1_poll_oneoff(end - 47, P(&n), 1, P(&n)));
    CHECK(FAULT, p1_fd_prestat_dir_name(DATA, end - 2, 5));
    EQUAL(0, tell(fd)); /* nothing was read or written */
    EQUAL(10, size_of(fd));
}

static void counts(void)
{
    static uint32_t iovs[2 * 1025];
    uint32_t n = 9, fd = open_file("f", ALL_RIGHTS, 0);
    static char c[1025];
    for (uint32_t i = 0; i < 1025; i++) {
        iovs[2 * i] = P(c + i);
        iovs[2 * i + 1] = 1;
    }
    CHECK(INVAL, p1_fd_read(fd, P(iovs), 1025, P(&n)));
    CHECK(SUCCESS, p1_fd_read(fd, P(iovs), 1024, P(&n)));
    EQUAL(10, n);
    CHECK(SUCCESS, p1_fd_read(fd, 0, 0, P(&n)));
    EQUAL(0, n);
    CHECK(SUCCESS, p1_fd_write(fd, 0, 0, P(&n)));
    CHECK(INVAL, p1_fd_write(fd, P(iovs), UINT32_MAX, P(&n)));
    uint32_t big = end_of_memory(); /* many times all of memory: the sum overflows */
    for (uint32_t i = 0; i < 1024; i++) {
        iovs[2 * i] = 0;
        iovs[2 * i + 1] = big;
    }
    uint32_t e = big > INT32_MAX / 1024 ? p1_fd_write(fd, P(iovs), 1024, P(&n)) : 28;
    CHECK(INVAL, e);
    EQUAL(10, size_of(fd));
}

static void enums(void)
{
    uint64_t t;
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(INVAL, p1_clock_time_get(4, 0, P(&t)));
    CHECK(INVAL, p1_clock_time_get(UINT32_MAX, 0, P(&t)));
    CHECK(INVAL, p1_clock_res_get(4, P(&t)));
    CHECK(INVAL, p1_fd_advise(fd, 0, 0, 6));
    CHECK(INVAL, p1_fd_advise(fd, 0, 0, UINT32_MAX));
    CHECK(INVAL, p1_fd_seek(fd, 0, 3, P(&t)));
    CHECK(INVAL, p1_path_open(DATA, 0, S("f"), 16, R_READ, 0, 0, P(&t)));
    CHECK(INVAL, p1_path_open(DATA, 0, S("f"), 0, R_READ, 0, 32, P(&t)));
    CHECK(INVAL, p1_path_open(DATA, 0, S("f"), 0, UINT64_C(1) << 50, 0, 0, P(&t)));
    CHECK(INVAL, p1_fd_fdstat_set_flags(fd, 32));
    CHECK(INVAL, p1_fd_filestat_set_times(fd, 0, 0, 16));
    CHECK(INVAL, p1_path_filestat_set_times(DATA, 0, S("f"), 0, 0, 16));
    for (uint32_t id = 0; id < 4; id++) {
        CHECK(SUCCESS, p1_clock_time_get(id, UINT64_MAX, P(&t)));
        CHECK(SUCCESS, p1_clock_res_get(id, P(&t)));
        TRUE(t > 0);
    }
}

static void random_bytes(void)
{
    enum { N = 3000001 };
    uint8_t *b = calloc(1, N), zeros = 0;
    TRUE(b != NULL);
    CHECK(SUCCESS, p1_random_get(P(b), 0));
    EQUAL(0, b[0]);
    CHECK(SUCCESS, p1_random_get(P(b), N));
    for (uint32_t i = N - 64; i < N; i++) { /* to the last byte */
        zeros += b[i] == 0;
    }
    TRUE(zeros < 10);
}

/* What a guest says about lengths allocates nothing on the host before it is checked. */
static void lengths(void)
{
    uint32_t n, end = end_of_memory();
    char *all = NULL;
    CHECK(NAMETOOLONG, p1_path_open(DATA, 0, P(all), end, 0, R_READ, 0, 0, P(&n)));
    CHECK(NAMETOOLONG, p1_path_create_directory(DATA, P(all), end));
    CHECK(NAMETOOLONG, p1_path_symlink(P(all), end, DATA, S("s")));
    CHECK(FAULT, p1_path_open(DATA, 0, P(all), UINT32_MAX, 0, R_READ, 0, 0, P(&n)));
    CHECK(FAULT, p1_path_symlink(P(all), UINT32_MAX, DATA, S("s")));
    CHECK(INVAL, p1_poll_oneoff(P(all), P(all), end / 48, P(&n)));
}

const struct rule call_rules[] = {
    {"rule-36-pointers", pointers},   {"rule-36-counts", counts},   {"rule-37-enums", enums},
    {"rule-38-random", random_bytes}, {"rule-38-lengths", lengths}, {NULL, NULL},
};
