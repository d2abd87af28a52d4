/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of WASIX modules: duplicates, close-on-exec, dup2 by fd_renumber. */
#include "direct.h"

#include <string.h>

#include "wasi/rights.h"

enum { ROOT = 3, OUT = 8, BUF = 256 };

static int setup(void **state)
{
    static struct guest g;
    guest_open(&g, "wasix_32v1");
    guest_start(&g);
    *state = &g;
    return 0;
}

static uint32_t open_new(struct guest *g, const char *path, uint32_t fdflags, uint32_t ext)
{
    CHECK(SUCCESS, CALL(g, "path_open2", ROOT, 0, PATH(g, path), CREAT, ALL_RIGHTS, ALL_RIGHTS,
                        fdflags, ext, OUT));
    return guest_u32(g, OUT);
}

static uint32_t fdflags(struct guest *g, uint32_t fd)
{
    CHECK(SUCCESS, CALL(g, "fd_fdflags_get", fd, OUT));
    return guest_u32(g, OUT) & 0xffff;
}

static uint64_t position(struct guest *g, uint32_t fd)
{
    CHECK(SUCCESS, CALL(g, "fd_tell", fd, OUT));
    return guest_u64(g, OUT);
}

static uint32_t write_text(struct guest *g, uint32_t fd, const char *text)
{
    uint32_t n;
    guest_put(g, BUF, text, strlen(text));
    CHECK(SUCCESS, guest_io(g, "fd_write", fd, BUF, (uint32_t)strlen(text), &n));
    return n;
}

static void test_dup(void **state)
{
    struct guest *g = *state;
    uint32_t a = open_new(g, "/data/a", 0, 0);
    assert_int_equal(a, 4);
    CHECK(SUCCESS, CALL(g, "fd_dup", a, OUT));
    uint32_t b = guest_u32(g, OUT);
    assert_int_equal(b, 5);
    CHECK(SUCCESS, CALL(g, "fd_dup2", a, 100, 1, OUT));
    uint32_t c = guest_u32(g, OUT);
    assert_int_equal(c, 100);
    assert_int_equal(fdflags(g, b), 0);
    assert_int_equal(fdflags(g, c), 1);
    assert_int_equal(write_text(g, b, "hello"), 5); /* one position */
    assert_int_equal(position(g, a), 5);
    assert_int_equal(position(g, c), 5);
    /* and one set of flags */
    CHECK(SUCCESS, CALL(g, "fd_fdstat_set_flags", c, WX_FDFLAG_APPEND | WX_FDFLAG_NONBLOCK));
    CHECK(SUCCESS, CALL(g, "fd_fdstat_get", a, 512));
    assert_int_equal(guest_u32(g, 512) >> 16, WX_FDFLAG_APPEND | WX_FDFLAG_NONBLOCK);
    CHECK(SUCCESS, CALL(g, "fd_close", a));
    assert_int_equal(write_text(g, b, "more"), 4);
    CHECK(SUCCESS, CALL(g, "fd_close", b));
    CHECK(SUCCESS, CALL(g, "fd_close", c));
    CHECK(BADF, CALL(g, "fd_dup", a, OUT));
    CHECK(INVAL, CALL(g, "fd_dup2", 0, 65536, 0, OUT));
    CHECK(INVAL, CALL(g, "fd_dup2", 0, UINT32_MAX, 0, OUT));
    CHECK(SUCCESS, CALL(g, "fd_dup2", 0, 1023, 0, OUT));
    CHECK(MFILE, CALL(g, "fd_dup2", 0, 1023, 0, OUT));
    CHECK(SUCCESS, CALL(g, "fd_close", 1023));
    /* the number is not taken when it can not be told */
    CHECK(MEMVIOLATION, CALL(g, "fd_dup", 0, MEMORY_BYTES - 3));
    CHECK(SUCCESS, CALL(g, "fd_dup", 0, OUT));
    assert_int_equal(guest_u32(g, OUT), 4);
    CHECK(SUCCESS, CALL(g, "fd_close", 4));
}

static void test_cloexec(void **state)
{
    struct guest *g = *state;
    uint32_t a = open_new(g, "/data/b", 0, 1), b = open_new(g, "/data/b", 0, 0);
    assert_int_equal(fdflags(g, a), 1);
    assert_int_equal(fdflags(g, b), 0);
    CHECK(SUCCESS, CALL(g, "fd_fdflags_set", b, 0xffff)); /* unknown bits are nothing */
    assert_int_equal(fdflags(g, b), 1);
    CHECK(SUCCESS, CALL(g, "fd_fdflags_set", b, 0xfffe));
    assert_int_equal(fdflags(g, b), 0);
    CHECK(BADF, CALL(g, "fd_fdflags_get", 77, OUT));
    CHECK(BADF, CALL(g, "fd_fdflags_set", 77, 1));
    CHECK(MEMVIOLATION, CALL(g, "fd_fdflags_get", a, MEMORY_BYTES - 1));
    CHECK(SUCCESS, CALL(g, "fd_fdstat_set_rights", a, R_READ, 0));
    CHECK(NOTCAPABLE, CALL(g, "fd_fdflags_set", a, 0));
    CHECK(SUCCESS, CALL(g, "fd_close", a));
    CHECK(SUCCESS, CALL(g, "fd_close", b));
}

static void test_renumber_is_dup2(void **state)
{
    struct guest *g = *state;
    uint32_t a = open_new(g, "/data/c", 0, 1);
    CHECK(SUCCESS, CALL(g, "fd_renumber", a, 50)); /* need not be open */
    assert_int_equal(fdflags(g, 50), 0);
    assert_int_equal(fdflags(g, a), 1); /* and the source stays */
    assert_int_equal(write_text(g, 50, "x"), 1);
    assert_int_equal(position(g, a), 1);
    CHECK(SUCCESS, CALL(g, "fd_renumber", a, a));
    assert_int_equal(fdflags(g, a), 1);
    CHECK(BADF, CALL(g, "fd_renumber", 77, a));
    CHECK(BADF, CALL(g, "fd_renumber", 77, 77));
    CHECK(BADF, CALL(g, "fd_renumber", a, 65536));
    CHECK(BADF, CALL(g, "fd_renumber", a, UINT32_MAX));
    /* the root and back: it is still what its name says */
    CHECK(SUCCESS, CALL(g, "fd_renumber", ROOT, 51));
    CHECK(SUCCESS, CALL(g, "fd_renumber", a, ROOT));
    CHECK(SUCCESS, CALL(g, "fd_prestat_get", ROOT, OUT)); /* the root is told of all the same */
    CHECK(SUCCESS, CALL(g, "fd_renumber", 51, ROOT));
    CHECK(SUCCESS, CALL(g, "fd_prestat_get", ROOT, OUT));
    assert_int_equal(guest_u32(g, OUT + 4), 1);
    (void)open_new(g, "/data/d", 0, 0);
    for (uint32_t i = 4; i < 52; i++) {
        (void)CALL(g, "fd_close", i);
    }
}

/* Duplicates made in every way, many times: nothing is left. */
static void test_nothing_is_left(void **state)
{
    struct guest *g = *state;
    uint32_t a = open_new(g, "/data/e", 0, 0);
    const size_t fds = count_fds();
    for (uint32_t i = 0; i < 20000; i++) {
        CHECK(SUCCESS, CALL(g, "fd_dup2", a, 10, 1, OUT));
        CHECK(SUCCESS, CALL(g, "fd_renumber", a, 10));
        CHECK(SUCCESS, CALL(g, "fd_renumber", 10, 11));
        CHECK(SUCCESS, CALL(g, "fd_close", 10));
    }
    assert_int_equal(count_fds(), fds);
    CHECK(SUCCESS, CALL(g, "fd_close", 11));
    CHECK(SUCCESS, CALL(g, "fd_close", a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dup),
        cmocka_unit_test(test_cloexec),
        cmocka_unit_test(test_renumber_is_dup2),
        cmocka_unit_test(test_nothing_is_left),
    };
    return cmocka_run_group_tests_name("fds", tests, setup, guest_teardown);
}
