/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems in memory against the host's: the same calls, the same answers; quotas, streams. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "direct.h"

#define TMP 5u /* mounted behind DATA and RO */
#define OUT 4096u
#define BUF 8192u
#define ROUNDS 40000u

enum { E_NOSPC = 51, E_INVAL = 28 };

static struct guest guest, *const g = &guest;

static void open_with_tmpfs(uint64_t max_bytes, uint64_t max_inodes)
{
    guest_open(g, "wasi_snapshot_preview1");
    assert_int_equal(wax_builder_tmpfs(g->builder, "/tmp", max_bytes, max_inodes, NULL), WAX_OK);
    guest_start(g);
}

/* -------- the same as on the host -------- */

static uint32_t rnd_state;
static uint32_t rnd(uint32_t n)
{
    rnd_state = rnd_state * 1664525u + 1013904223u;
    return (rnd_state >> 8) % n;
}

static const char *const names[] = {
    "a",      "b",    "c",     "d",    "a/b",        "a/c",     "b/a",  "c/d",      "a/b/c",
    "d/",     "a/",   "./a",   "a/.",  "a/..",       "..",      "../x", ".",        "b/..",
    "c/../a", "a/b/", "x/y/z", "link", "link/",      "link/a",  "loop", "dangling", "dangling/",
    "up",     "up/x", "a//b",  "//",   "a/./b/../c", "missing",
};
static const char *const targets[] = {"a",       "a/b", "..", "../x", "loop",
                                      "missing", ".",   "b/", "link"};
#define PICK(LIST) ((LIST)[rnd(sizeof(LIST) / sizeof *(LIST))])

/* What a call answers: errno and, when it succeeded, bytes that must agree. */
struct answer {
    uint32_t e;
    uint32_t n;
    uint8_t bytes[64];
};

static struct answer do_stat(uint32_t dir, const char *a, uint32_t k)
{
    struct answer r = {.e = CALL(g, "path_filestat_get", dir, k & 1, PATH(g, a), OUT)};
    if (r.e == 0) { /* type, links, size of files */
        r.bytes[0] = (uint8_t)guest_u32(g, OUT + 16);
        bool is_file = r.bytes[0] == 4;
        uint64_t links = is_file ? guest_u64(g, OUT + 24) : 0,
                 size = is_file ? guest_u64(g, OUT + 32) : 0;
        memcpy(r.bytes + 8, &links, 8);
        memcpy(r.bytes + 16, &size, 8);
    }
    return r;
}

static struct answer do_open(uint32_t dir, const char *a, uint32_t k)
{
    static const uint64_t rights[] = {R_READ, R_WRITE, R_READ | R_WRITE, ALL_RIGHTS};
    struct answer r = {0};
    uint32_t fd;
    r.e = guest_open_at(g, dir, a, k & 1, k >> 1 & 15, rights[k >> 5 & 3], k >> 7 & 1, &fd);
    if (r.e) {
        return r;
    }
    guest_put(g, BUF, "0123456789", 10);
    uint32_t n = 0;
    r.bytes[0] = (uint8_t)guest_io(g, "fd_write", fd, BUF, k >> 8 & 7, &n);
    r.bytes[1] = (uint8_t)n;
    r.bytes[2] = (uint8_t)CALL(g, "fd_seek", fd, k >> 11 & 3, 0, OUT);
    n = 0;
    r.bytes[3] = (uint8_t)guest_io(g, "fd_read", fd, BUF + 32, 20, &n);
    r.bytes[4] = (uint8_t)n;
    for (uint32_t i = 0; i < n; i++) {
        r.bytes[8 + i] = (uint8_t)guest_u32(g, BUF + 32 + i);
    }
    r.bytes[5] = (uint8_t)CALL(g, "fd_filestat_set_size", fd, k >> 13 & 15);
    assert_int_equal(CALL(g, "fd_close", fd), 0);
    return r;
}

static struct answer do_one(uint32_t dir, uint32_t op, const char *a, const char *b, uint32_t k)
{
    struct answer r = {0};
    switch (op) {
    case 0: r.e = CALL(g, "path_create_directory", dir, PATH(g, a)); break;
    case 1: r.e = CALL(g, "path_remove_directory", dir, PATH(g, a)); break;
    case 2: r.e = CALL(g, "path_unlink_file", dir, PATH(g, a)); break;
    case 3: {
        uint32_t from = guest_str(g, a), to = guest_str(g, b);
        r.e = CALL(g, "path_rename", dir, from, strlen(a), dir, to, strlen(b));
        break;
    }
    case 4: {
        uint32_t from = guest_str(g, a), to = guest_str(g, b);
        r.e = CALL(g, "path_link", dir, 0, from, strlen(a), dir, to, strlen(b));
        break;
    }
    case 5: {
        const char *text = targets[k % (sizeof targets / sizeof *targets)];
        uint32_t from = guest_str(g, text), to = guest_str(g, b);
        r.e = CALL(g, "path_symlink", from, strlen(text), dir, to, strlen(b));
        break;
    }
    case 6:
        r.e = CALL(g, "path_readlink", dir, PATH(g, a), BUF, 40, OUT);
        r.n = r.e ? 0 : guest_u32(g, OUT);
        break;
    case 7:
    case 8: r = do_stat(dir, a, k); break;
    default: r = do_open(dir, a, k); break;
    }
    return r;
}

static void check(uint32_t round, uint32_t op, const char *a, const char *b, uint32_t k)
{
    struct answer host = do_one(DATA, op, a, b, k), mem = do_one(TMP, op, a, b, k);
    if (memcmp(&host, &mem, sizeof host) != 0) {
        print_error("round %u: op %u of '%s', '%s' with 0x%x: host errno %u, memory %u\n", round,
                    op, a, b, k, host.e, mem.e);
        for (size_t i = 0; i < sizeof host.bytes; i++) {
            if (host.bytes[i] != mem.bytes[i]) {
                print_error("  byte %zu: %u, %u\n", i, host.bytes[i], mem.bytes[i]);
            }
        }
        fail();
    }
}

/* A directory of below can not be renamed on a copy-on-write mount: neither is the host's. */
static bool is_dir(const char *path)
{
    return CALL(g, "path_filestat_get", DATA, 0, PATH(g, path), OUT) == 0 &&
           (guest_u32(g, OUT + 16) & 255) == 3;
}

static void same_calls(uint32_t rounds, bool rename_dirs)
{
    for (uint32_t round = 0; round < rounds; round++) {
        rnd_state = round * 2654435761u;
        (void)rnd(2);
        uint32_t op = rnd(12), k = rnd(1u << 20);
        const char *a = PICK(names), *b = PICK(names);
        if (op == 3 && !rename_dirs && is_dir(a)) {
            continue;
        }
        check(round, op, a, b, k);
        for (size_t i = 0; round % 8 == 0 && i < sizeof names / sizeof *names; i++) {
            check(round, 8, names[i], "", 0); /* the trees are the same */
        }
    }
}

static void test_same_as_the_host(void **state)
{
    (void)state;
    open_with_tmpfs(0, 0);
    same_calls(ROUNDS, true);
    guest_close(g);
}

/* The same files in both: half of the names are there below. */
static void populate(const char *dir)
{
    static const char *const dirs[] = {"a", "a/b", "c"};
    static const char *const files[] = {"a/b/c", "b", "c/d", "d"};
    char path[64];
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, dirs[i]);
        assert_int_equal(mkdir(guest_path(g, path), 0777), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        guest_file(g, path, files[i]);
    }
    (void)snprintf(path, sizeof path, "%s/link", dir);
    assert_int_equal(symlink("a/b", guest_path(g, path)), 0);
}

static void check_untouched(const char *name, const char *text)
{
    char path[64], got[64] = "";
    (void)snprintf(path, sizeof path, "low/%s", name);
    FILE *f = fopen(guest_path(g, path), "re");
    assert_non_null(f);
    (void)fread(got, 1, sizeof got - 1, f);
    (void)fclose(f);
    assert_string_equal(got, text);
}

static void test_copy_on_write_is_the_same_too(void **state)
{
    (void)state;
    guest_open(g, "wasi_snapshot_preview1");
    assert_int_equal(mkdir(guest_path(g, "low"), 0777), 0);
    populate("low");
    populate("data");
    assert_int_equal(wax_builder_cow(g->builder, guest_path(g, "low"), "/cow", 0, 0, NULL), WAX_OK);
    guest_start(g);
    same_calls(ROUNDS, false);
    check_untouched("a/b/c", "a/b/c");
    check_untouched("b", "b");
    check_untouched("c/d", "c/d");
    check_untouched("d", "d");
    guest_close(g);
}

/* -------- listing -------- */

static uint32_t list_from(uint32_t fd, uint64_t cookie)
{
    assert_int_equal(CALL(g, "fd_readdir", fd, BUF, 4096, cookie, OUT), 0);
    return guest_u32(g, OUT);
}

static void test_deleting_while_listing(void **state)
{
    (void)state;
    open_with_tmpfs(0, 0);
    char name[16];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(name, sizeof name, "f%03d", i);
        uint32_t fd;
        assert_int_equal(guest_open_at(g, TMP, name, 0, CREAT, R_WRITE, 0, &fd), 0);
        assert_int_equal(CALL(g, "fd_close", fd), 0);
    }
    uint32_t seen = 0;
    uint64_t cookie = 0;
    for (;;) { /* take one entry at a time, delete it, go on behind it */
        uint32_t used = list_from(TMP, cookie);
        if (used < 24) {
            break;
        }
        cookie = guest_u64(g, BUF);
        uint32_t len = guest_u32(g, BUF + 16);
        for (uint32_t i = 0; i < len; i++) {
            name[i] = (char)guest_u32(g, BUF + 24 + i);
        }
        name[len] = '\0';
        if (name[0] == 'f') {
            seen++;
            assert_int_equal(CALL(g, "path_unlink_file", TMP, PATH(g, name)), 0);
        }
    }
    assert_int_equal(seen, 200);
    assert_int_equal(CALL(g, "fd_readdir", TMP, BUF, 4096, UINT64_C(1) << 40, OUT), E_INVAL);
    guest_close(g);
}

/* -------- limits -------- */

static void test_quotas(void **state)
{
    (void)state;
    open_with_tmpfs(100, 3); /* the root is an inode */
    uint32_t fd, n, other;
    assert_int_equal(guest_open_at(g, TMP, "f", 0, CREAT, ALL_RIGHTS, 0, &fd), 0);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 100, &n), 0);
    assert_int_equal(n, 100);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 1, &n), E_NOSPC);
    assert_int_equal(CALL(g, "fd_filestat_set_size", fd, UINT64_C(1) << 40), E_NOSPC);
    assert_int_equal(CALL(g, "fd_allocate", fd, 0, 101), E_NOSPC);
    assert_int_equal(CALL(g, "fd_filestat_set_size", fd, 10), 0);
    assert_int_equal(CALL(g, "fd_allocate", fd, 0, 5), 0); /* never shrinks */
    assert_int_equal(CALL(g, "fd_filestat_get", fd, OUT), 0);
    assert_int_equal(guest_u64(g, OUT + 32), 10);
    assert_int_equal(CALL(g, "path_create_directory", TMP, PATH(g, "d")), 0);
    assert_int_equal(CALL(g, "path_create_directory", TMP, PATH(g, "e")), E_NOSPC);
    /* an unlinked file lives while it is open, and its space comes back when it is not */
    assert_int_equal(CALL(g, "path_unlink_file", TMP, PATH(g, "f")), 0);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 80, &n), E_NOSPC); /* at 100 still */
    assert_int_equal(CALL(g, "fd_seek", fd, 0, 0, OUT), 0);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 80, &n), 0);
    assert_int_equal(guest_open_at(g, TMP, "g", 0, CREAT, ALL_RIGHTS, 0, &other), E_NOSPC);
    assert_int_equal(CALL(g, "fd_close", fd), 0);
    assert_int_equal(guest_open_at(g, TMP, "g", 0, CREAT, ALL_RIGHTS, 0, &other), 0);
    assert_int_equal(guest_io(g, "fd_write", other, BUF, 100, &n), 0);
    guest_close(g);
}

/* A chain of 20,000 directories is freed without recursion; the walk has its own depth limit. */
static void test_deep_tree(void **state)
{
    (void)state;
    open_with_tmpfs(0, 0);
    uint32_t dir = TMP, next;
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(CALL(g, "path_create_directory", dir, PATH(g, "d")), 0);
        assert_int_equal(
            guest_open_at(g, dir, "d", 0, DIRECTORY, ALL_RIGHTS & ~(uint64_t)R_WRITE, 0, &next), 0);
        if (dir != TMP) {
            assert_int_equal(CALL(g, "fd_close", dir), 0);
        }
        dir = next;
    }
    guest_close(g);
}

/* -------- streams -------- */

struct calls {
    char got[64];
    size_t n;
};

static int64_t take_bytes(void *data, void *buf, size_t len)
{
    struct calls *c = data;
    assert_true(c->n + len <= sizeof c->got);
    memcpy(c->got + c->n, buf, len);
    c->n += len;
    return (int64_t)len;
}

static void test_streams(void **state)
{
    (void)state;
    struct calls calls = {.n = 0};
    guest_open(g, "wasi_snapshot_preview1");
    assert_int_equal(wax_builder_stdio_bytes(g->builder, "hello", 5, NULL), WAX_OK);
    assert_int_equal(wax_builder_stdio_buffer(g->builder, WAX_STDOUT, 8, NULL), WAX_OK);
    assert_int_equal(wax_builder_stdio_buffer(g->builder, WAX_STDIN, 8, NULL), WAX_E_INVALID);
    assert_int_equal(wax_builder_stdio_call(g->builder, WAX_STDERR, take_bytes, &calls, NULL),
                     WAX_OK);
    assert_int_equal(wax_builder_stdio_call(g->builder, 3, take_bytes, &calls, NULL),
                     WAX_E_INVALID);
    for (int round = 0; round < 2; round++) { /* a builder serves twice, each time anew */
        round ? guest_restart(g) : guest_start(g);
        uint32_t n;
        assert_int_equal(guest_io(g, "fd_read", 0, BUF, 3, &n), 0);
        assert_int_equal(n, 3);
        assert_int_equal(guest_u32(g, BUF) & 0xffffff, 'h' | 'e' << 8 | 'l' << 16);
        assert_int_equal(guest_io(g, "fd_read", 0, BUF, 100, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(guest_io(g, "fd_read", 0, BUF, 100, &n), 0);
        assert_int_equal(n, 0);
        guest_put(g, BUF, "12345678", 8);
        assert_int_equal(guest_io(g, "fd_write", 1, BUF, 6, &n), 0);
        assert_int_equal(guest_io(g, "fd_write", 1, BUF, 3, &n), E_NOSPC);
        assert_int_equal(guest_io(g, "fd_write", 1, BUF, 2, &n), 0);
        char *out;
        size_t len;
        assert_int_equal(wax_env_output(g->env, WAX_STDOUT, &out, &len, NULL), WAX_OK);
        assert_int_equal(len, 8);
        assert_string_equal(out, "12345612");
        free(out);
        assert_int_equal(wax_env_output(g->env, WAX_STDERR, &out, &len, NULL), WAX_E_INVALID);
        assert_int_equal(guest_io(g, "fd_write", 2, BUF, 4, &n), 0);
    }
    assert_int_equal(calls.n, 8);
    assert_memory_equal(calls.got, "12341234", 8);
    guest_close(g);
}

/* Nothing that a guest makes in memory is free of the quota: names, links' texts, what was cut. */
static void test_quotas_of_the_rest(void **state)
{
    (void)state;
    wax_engine_options options;
    char name[8], text[201];
    uint32_t fd, n, e = 0;
    open_with_tmpfs(1000, 20);
    assert_int_equal(guest_open_at(g, TMP, "f", 0, CREAT, ALL_RIGHTS, 0, &fd), 0);
    for (n = 0; n < 100 && !e; n++) { /* second names of one file */
        (void)snprintf(name, sizeof name, "l%u", n);
        e = CALL(g, "path_link", TMP, 0, PATH(g, "f"), TMP, PATH(g, name));
    }
    assert_int_equal(e, E_NOSPC);
    assert_int_equal(n, 20);
    assert_int_equal(CALL(g, "path_rename", TMP, PATH(g, "l0"), TMP, PATH(g, "moved")), 0);
    assert_int_equal(CALL(g, "path_unlink_file", TMP, PATH(g, "moved")), 0);
    assert_int_equal(CALL(g, "path_link", TMP, 0, PATH(g, "f"), TMP, PATH(g, "l0")), 0);
    memset(text, 't', sizeof text);
    text[200] = '\0';
    for (e = n = 0; n < 100 && !e; n++) {
        (void)snprintf(name, sizeof name, "s%u", n);
        e = CALL(g, "path_symlink", PATH(g, text), TMP, PATH(g, name));
    }
    assert_int_equal(e, E_NOSPC);
    assert_int_equal(n, 6); /* five of 200 bytes */
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 1, &n), E_NOSPC);
    assert_int_equal(CALL(g, "path_unlink_file", TMP, PATH(g, "s0")), 0);
    assert_int_equal(guest_io(g, "fd_write", fd, BUF, 200, &n), 0);
    guest_close(g);
    /* Files that were big, and are cut to nothing. */
    wax_engine_options_init(&options);
    options.allocation_limit = UINT64_C(16) << 20;
    guest_open_with(g, "wasi_snapshot_preview1", &options);
    assert_int_equal(wax_builder_tmpfs(g->builder, "/tmp", 2 << 20, 0, NULL), WAX_OK);
    guest_start(g);
    for (n = 0; n < 50; n++) {
        (void)snprintf(name, sizeof name, "b%u", n);
        assert_int_equal(guest_open_at(g, TMP, name, 0, CREAT, ALL_RIGHTS, 0, &fd), 0);
        assert_int_equal(CALL(g, "fd_filestat_set_size", fd, 1 << 20), 0);
        assert_int_equal(CALL(g, "fd_filestat_set_size", fd, n % 2), 0);
        assert_int_equal(CALL(g, "fd_filestat_set_size", fd, 3), 0);
        uint32_t got;
        assert_int_equal(guest_io(g, "fd_read", fd, BUF, 8, &got), 0);
        assert_int_equal(got, 3);
        assert_int_equal(guest_u32(g, BUF) & 0xffffff, 0);
    }
    guest_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_the_host),
        cmocka_unit_test(test_copy_on_write_is_the_same_too),
        cmocka_unit_test(test_deleting_while_listing),
        cmocka_unit_test(test_quotas),
        cmocka_unit_test(test_quotas_of_the_rest),
        cmocka_unit_test(test_deep_tree),
        cmocka_unit_test(test_streams),
    };
    return cmocka_run_group_tests_name("memfs", tests, NULL, NULL);
}
