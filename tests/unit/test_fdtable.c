/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptor table: duplicates, clones, close-on-exec, budgets, ownership. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vfs/stream.h"
#include "wasi/fdtable.h"
#include "wasi/rights.h"

enum { MAX = 16 };

/* Two accounts, as two processes have; files are in a third. */
struct fixture {
    struct wx_mem root, mem[2], files;
    struct wx_budget budget;
    struct wx_fdtable t[2];
};

static void open_both(struct fixture *f, uint32_t budget)
{
    wx_mem_init(&f->root, NULL, 0);
    wx_mem_init(&f->mem[0], &f->root, 0);
    wx_mem_init(&f->mem[1], &f->root, 0);
    wx_mem_init(&f->files, &f->root, 0);
    f->budget = (struct wx_budget){.max = budget};
    wx_fdtable_init(&f->t[0], &f->mem[0], MAX, &f->budget);
    wx_fdtable_init(&f->t[1], &f->mem[1], MAX, &f->budget);
}

static void close_both(struct fixture *f)
{
    wx_fdtable_fini(&f->t[0]);
    wx_fdtable_fini(&f->t[1]);
    assert_int_equal(f->budget.used, 0);
    assert_int_equal(wx_mem_used(&f->root), 0);
}

static struct wx_file *add(struct fixture *f, uint32_t want, bool cloexec, uint16_t flags)
{
    struct wx_fd fd = {.file = wx_nullfile_new(&f->files),
                       .rights = WX_R(WX_RN_FD_READ),
                       .flags = flags,
                       .cloexec = cloexec};
    uint32_t n;
    assert_non_null(fd.file);
    assert_int_equal(wx_fdtable_add(&f->t[0], &fd, want, &n), 0);
    assert_int_equal(n, want);
    return fd.file;
}

/* The file of a number, NULL if there is none. */
static struct wx_file *at(struct wx_fdtable *t, uint32_t n, struct wx_fd *ret)
{
    if (wx_fdtable_get(t, n, ret) != 0) {
        return NULL;
    }
    wx_file_unref(ret->file);
    return ret->file;
}

static void test_dup_takes_the_lowest_number(void **state)
{
    (void)state;
    struct fixture f;
    struct wx_fd fd;
    uint32_t n;
    open_both(&f, 100);
    struct wx_file *a = add(&f, 0, true, 0);
    (void)add(&f, 2, false, 0);
    assert_int_equal(wx_fdtable_dup(&f.t[0], 0, 0, false, &n), 0);
    assert_int_equal(n, 1);
    assert_ptr_equal(at(&f.t[0], 1, &fd), a);
    assert_false(fd.cloexec);
    assert_int_equal(fd.rights, WX_R(WX_RN_FD_READ));
    assert_int_equal(wx_fdtable_dup(&f.t[0], 1, 2, true, &n), 0);
    assert_int_equal(n, 3);
    assert_ptr_equal(at(&f.t[0], 3, &fd), a);
    assert_true(fd.cloexec);
    assert_int_equal(wx_fdtable_dup(&f.t[0], 9, 0, false, &n), WX_WERRNO_BADF);
    assert_int_equal(wx_fdtable_dup(&f.t[0], 0, MAX, false, &n), WX_WERRNO_INVAL);
    assert_int_equal(wx_fdtable_dup(&f.t[0], 0, MAX - 1, false, &n), 0);
    assert_int_equal(wx_fdtable_dup(&f.t[0], 0, MAX - 1, false, &n), WX_WERRNO_MFILE);
    assert_int_equal(f.budget.used, 5);
    close_both(&f);
}

static void test_dup_shares_flags(void **state)
{
    (void)state;
    struct fixture f;
    struct wx_fd fd;
    uint32_t n;
    open_both(&f, 100);
    (void)add(&f, 0, false, WX_FDFLAG_NONBLOCK);
    assert_int_equal(wx_fdtable_dup(&f.t[0], 0, 0, false, &n), 0);
    assert_int_equal(wx_fdtable_clone(&f.t[1], &f.t[0]), 0);
    (void)at(&f.t[1], 1, &fd);
    assert_int_equal(fd.flags, WX_FDFLAG_NONBLOCK);
    assert_int_equal(wx_fdtable_set_flags(&f.t[1], 1, WX_FDFLAG_APPEND), 0);
    (void)at(&f.t[0], 0, &fd);
    assert_int_equal(fd.flags, WX_FDFLAG_APPEND);
    /* rights and close-on-exec are a descriptor's own */
    assert_int_equal(wx_fdtable_set_rights(&f.t[0], 1, 0, 0), 0);
    assert_int_equal(wx_fdtable_set_cloexec(&f.t[0], 1, true), 0);
    (void)at(&f.t[0], 0, &fd);
    assert_int_equal(fd.rights, WX_R(WX_RN_FD_READ));
    assert_false(fd.cloexec);
    close_both(&f);
}

static void test_dup_to_replaces(void **state)
{
    (void)state;
    struct fixture f;
    struct wx_fd fd;
    open_both(&f, 3);
    struct wx_file *a = add(&f, 0, true, 0), *b = wx_file_ref(add(&f, 1, false, 0));
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 0, 1), 0);
    assert_ptr_equal(at(&f.t[0], 1, &fd), a);
    assert_false(fd.cloexec);
    assert_ptr_equal(at(&f.t[0], 0, &fd), a);
    assert_true(fd.cloexec);
    assert_int_equal(b->refs, 1); /* closed there */
    wx_file_unref(b);
    assert_int_equal(f.budget.used, 2);
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 0, 7), 0); /* need not be open */
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 0, 8), WX_WERRNO_NFILE);
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 0, 7), 0); /* the charge is there */
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 0, 0), 0);
    (void)at(&f.t[0], 0, &fd);
    assert_false(fd.cloexec);
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 0, MAX), WX_WERRNO_BADF);
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 0, UINT32_MAX), WX_WERRNO_BADF);
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 5, 0), WX_WERRNO_BADF);
    close_both(&f);
}

static void test_dup_to_leaves_a_reserved_number(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t n;
    open_both(&f, 100);
    (void)add(&f, 1, false, 0);
    assert_int_equal(wx_fdtable_reserve(&f.t[0], &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 1, 0), WX_WERRNO_BUSY);
    wx_fdtable_unreserve(&f.t[0], 0);
    assert_int_equal(wx_fdtable_dup_to(&f.t[0], 1, 0), 0);
    close_both(&f);
}

static size_t preopen(struct wx_fdtable *t, uint32_t n, char buf[8])
{
    size_t len = 0;
    memset(buf, 0, 8);
    return wx_fdtable_preopen(t, n, buf, 7, &len) == 0 ? len : SIZE_MAX;
}

static void test_preopens_belong_to_each_table(void **state)
{
    (void)state;
    struct fixture f;
    char buf[8];
    uint32_t n;
    open_both(&f, 100);
    struct wx_fd fd = {.file = wx_nullfile_new(&f.files)};
    assert_int_equal(wx_fdtable_add_preopen(&f.t[0], &fd, "/data/more", 3, &n), 0);
    assert_int_equal(wx_fdtable_clone(&f.t[1], &f.t[0]), 0);
    assert_int_equal(wx_fdtable_dup(&f.t[1], 3, 0, false, &n), 0);
    assert_int_equal(wx_fdtable_close(&f.t[0], 3), 0);
    assert_int_equal(preopen(&f.t[0], 3, buf), SIZE_MAX);
    assert_int_equal(wx_mem_used(&f.mem[0]) + wx_mem_used(&f.mem[1]) + wx_mem_used(&f.files),
                     wx_mem_used(&f.root));
    for (uint32_t i = 0; i < 4; i += 3) {
        assert_int_equal(preopen(&f.t[1], i, buf), strlen("/data/more"));
        assert_string_equal(buf, "/data/m");
    }
    assert_int_equal(wx_fdtable_dup_to(&f.t[1], 3, 5), 0);
    assert_int_equal(wx_fdtable_renumber(&f.t[1], 5, 0), 0);
    assert_int_equal(preopen(&f.t[1], 0, buf), strlen("/data/more"));
    assert_int_equal(preopen(&f.t[1], 5, buf), SIZE_MAX);
    close_both(&f);
}

static void test_clone_is_all_or_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct wx_fd fd;
    uint32_t n;
    open_both(&f, 5);
    for (uint32_t i = 0; i < 3; i++) {
        (void)add(&f, i * 4, i == 1, 0);
    }
    assert_int_equal(wx_fdtable_clone(&f.t[1], &f.t[0]), WX_WERRNO_NFILE);
    assert_int_equal(f.budget.used, 3);
    assert_int_equal(wx_fdtable_next(&f.t[1], 0), UINT32_MAX);
    f.budget.max = 7;
    assert_int_equal(wx_fdtable_reserve(&f.t[0], &n), 0); /* another thread's: not copied */
    assert_int_equal(wx_fdtable_clone(&f.t[1], &f.t[0]), 0);
    assert_int_equal(f.budget.used, 7);
    wx_fdtable_unreserve(&f.t[0], n);
    for (uint32_t i = 0; i < MAX; i++) {
        struct wx_fd own;
        assert_ptr_equal(at(&f.t[1], i, &fd), at(&f.t[0], i, &own));
    }
    (void)at(&f.t[1], 4, &fd);
    assert_true(fd.cloexec);
    close_both(&f);
}

static void test_clone_without_memory(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t n;
    open_both(&f, 100);
    for (uint32_t i = 0; i < 12; i++) {
        struct wx_fd fd = {.file = wx_nullfile_new(&f.files)};
        assert_int_equal(wx_fdtable_add_preopen(&f.t[0], &fd, "/", 0, &n), 0);
    }
    wx_werrno e = WX_WERRNO_NOMEM;
    for (int64_t i = 1; e; i++) {
        const uint64_t used = wx_mem_used(&f.root);
        f.root.fail_at = i;
        e = wx_fdtable_clone(&f.t[1], &f.t[0]);
        f.root.fail_at = 0;
        assert_true(e == 0 || (e == WX_WERRNO_NOMEM && wx_mem_used(&f.root) == used));
        assert_int_equal(f.budget.used, e ? 12 : 24);
    }
    close_both(&f);
}

static void test_close_on_exec(void **state)
{
    (void)state;
    struct fixture f;
    struct wx_fd fd;
    open_both(&f, 100);
    for (uint32_t i = 0; i < 10; i++) {
        (void)add(&f, i, i % 3 == 0, 0);
    }
    wx_fdtable_close_on_exec(&f.t[0]);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(at(&f.t[0], i, &fd) == NULL, i % 3 == 0);
    }
    assert_int_equal(f.budget.used, 6);
    close_both(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dup_takes_the_lowest_number),
        cmocka_unit_test(test_dup_shares_flags),
        cmocka_unit_test(test_dup_to_replaces),
        cmocka_unit_test(test_dup_to_leaves_a_reserved_number),
        cmocka_unit_test(test_preopens_belong_to_each_table),
        cmocka_unit_test(test_clone_is_all_or_nothing),
        cmocka_unit_test(test_clone_without_memory),
        cmocka_unit_test(test_close_on_exec),
    };
    return cmocka_run_group_tests_name("fdtable", tests, NULL, NULL);
}
