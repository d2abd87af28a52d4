/* SPDX-License-Identifier: Apache-2.0 */
/* The base layer: accounts, fault injection, containers, UTF-8, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/vec.h"

static void test_mem_limit_counts_children(void **state)
{
    (void)state;
    struct wx_mem root, child;
    wx_mem_init(&root, NULL, 1000);
    wx_mem_init(&child, &root, 0);
    void *p = wx_alloc(&child, 600);
    assert_non_null(p);
    assert_null(wx_alloc(&child, 500));
    assert_int_equal(wx_mem_used(&root), 600);
    p = wx_realloc(&child, p, 900);
    assert_non_null(p);
    assert_int_equal(wx_mem_used(&child), 900);
    wx_free(&child, p);
    assert_int_equal(wx_mem_used(&root), 0);
    assert_int_equal(wx_mem_peak(&root), 900);
}

static void test_mem_fails_the_nth(void **state)
{
    (void)state;
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    mem.fail_at = 2;
    void *a = wx_alloc(&mem, 1), *b = wx_alloc(&mem, 1), *c = wx_alloc(&mem, 1);
    assert_non_null(a);
    assert_null(b);
    assert_non_null(c);
    wx_free(&mem, a);
    wx_free(&mem, c);
    assert_null(wx_zalloc_array(&mem, SIZE_MAX / 2, 3));
}

static void test_vec_and_map_and_strbuf(void **state)
{
    (void)state;
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    WX_VEC(int) v = {0};
    for (int i = 0; i < 1000; i++) {
        assert_true(wx_vec_push(&mem, &v, i));
    }
    assert_int_equal(v.n, 1000);
    assert_int_equal(v.p[999], 999);
    wx_vec_fini(&mem, &v);
    struct wx_map map;
    wx_map_init(&map, &mem);
    static int values[500];
    for (int i = 0; i < 500; i++) {
        assert_true(wx_map_put(&map, &i, sizeof i, &values[i]));
    }
    int key = 321;
    assert_ptr_equal(wx_map_get(&map, &key, sizeof key), &values[321]);
    assert_null(wx_map_get(&map, "\0\0\0\0\0", 5)); /* length counts, not NUL */
    wx_map_fini(&map);
    struct wx_strbuf sb;
    wx_strbuf_init(&sb, &mem);
    wx_strbuf_addf(&sb, "%d-%s", 7, "x");
    wx_strbuf_add(&sb, "yz", 2);
    assert_string_equal(wx_strbuf_str(&sb), "7-xyz");
    wx_strbuf_fini(&sb);
    struct wx_arena *arena = wx_arena_new(&mem);
    uint8_t *p = wx_arena_alloc(arena, 100000);
    assert_int_equal(p[99999], 0);
    assert_null(wx_arena_array(arena, SIZE_MAX, 2));
    wx_arena_free(arena);
    assert_int_equal(wx_mem_used(&mem), 0);
    assert_int_equal(mem.n_live, 0);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(wx_utf8_valid("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10));
    assert_true(wx_utf8_valid("", 0));
    assert_false(wx_utf8_valid("\xc0\x80", 2));         /* overlong */
    assert_false(wx_utf8_valid("\xed\xa0\x80", 3));     /* surrogate */
    assert_false(wx_utf8_valid("\xf4\x90\x80\x80", 4)); /* past U+10FFFF */
    assert_false(wx_utf8_valid("\xe2\x82", 2));         /* cut */
    assert_false(wx_utf8_valid("\x80", 1));
}

static void test_error_first_wins(void **state)
{
    (void)state;
    wax_error *e = NULL;
    assert_int_equal(wx_fail_at(&e, WAX_E_MALFORMED, 17, "bad %s", "thing"), WAX_E_MALFORMED);
    (void)wx_fail(&e, WAX_E_LINK, "another");
    wx_error_set_hint(&e, "do %d", 5);
    wx_error_prefix(&e, "file");
    assert_string_equal(wax_error_message(e), "file: bad thing");
    assert_string_equal(wax_error_hint(e), "do 5");
    assert_int_equal(wax_error_offset(e), 17);
    assert_int_equal(wax_error_status(e), WAX_E_MALFORMED);
    wx_error_clear(&e);
    assert_null(e);
    (void)wx_fail_errno(&e, 2, "cannot open '%s'", "x");
    assert_string_equal(wax_error_message(e), "cannot open 'x': No such file or directory");
    wax_error_free(e);
    assert_int_equal(wx_fail(NULL, WAX_E_LIMIT, "nobody listens"), WAX_E_LIMIT);
    assert_string_equal(wax_status_name(WAX_E_LIMIT), "WAX_E_LIMIT");
    assert_string_equal(wax_trap_name(1), "unreachable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mem_limit_counts_children), cmocka_unit_test(test_mem_fails_the_nth),
        cmocka_unit_test(test_vec_and_map_and_strbuf),    cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_error_first_wins),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
