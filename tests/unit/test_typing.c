/* SPDX-License-Identifier: Apache-2.0 */
/* Which slots hold references at an instruction: locals, operands, what catches keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "wasm/module.h"
#include "wasm/text/text.h"
#include "wasm/typing.h"

/* Calls of $mark are where it is asked, in order; their results are references, too. */
static const char source[] =
    "(module (type $t (func (param i32 funcref) (result externref exnref i32)))"
    "  (import \"m\" \"mark\" (func $mark (type $t)))"
    "  (tag $e (param i32 i64))"
    "  (func $f (param i64 externref v128) (local i32 exnref (ref null $t))"
    "    i64.const 1 ref.null func v128.const i64x2 0 0 ref.null exn"
    "    i32.const 0 ref.null func call $mark" /* 0 */
    "    drop drop drop"
    "    try (result i32)"
    "      i32.const 1 ref.null func call $mark drop drop drop" /* 1 */
    "      i32.const 7"
    "    catch $e"
    "      drop"
    "      try i32.const 2 unreachable"
    "      catch_all"
    "        ref.null extern"
    "        i32.const 3 ref.null func call $mark drop drop drop drop" /* 2 */
    "      end"
    "      i32.const 3 ref.null func call $mark drop drop drop" /* 3 */
    "    end"
    "    i32.const 4 ref.null func call $mark drop drop drop" /* 4 */
    "    loop (param i32) ref.null func drop drop end"        /* 5: the loop */
    "    drop drop drop drop))";

enum { CALLS = 5, LOOP = CALLS, ENTRY, N_PLACES };

struct fixture {
    struct wx_mem mem;
    struct wx_module *m;
    uint64_t at[N_PLACES]; /* byte offsets */
};

static void find_places(struct fixture *f, const struct wx_text_module *binary)
{
    size_t n = 0;
    for (size_t i = 0; i < binary->n_marks; i++) {
        const char *at = source + binary->marks[i].text_off;
        if (strncmp(at, "call $mark", 10) == 0) {
            assert_true(n < CALLS);
            f->at[n++] = binary->marks[i].off;
        } else if (strncmp(at, "loop", 4) == 0) {
            f->at[LOOP] = binary->marks[i].off;
        }
    }
    assert_int_equal(n, CALLS);
    f->at[ENTRY] = WX_TYPING_ENTRY;
}

static int make(void **state)
{
    static struct fixture f;
    struct wx_text_module binary;
    wax_error *err = NULL;
    const struct wx_features features = wx_features_default();
    wx_mem_init(&f.mem, NULL, 0);
    if (wx_text_encode(&f.mem, source, sizeof source - 1, &wx_decode_limits_default, &binary,
                       &err) != WAX_OK ||
        wx_module_decode(&f.mem, (const uint8_t *)binary.bytes.p, binary.bytes.len, &features,
                         &wx_decode_limits_default, &f.m, &err) != WAX_OK) {
        print_error("%s\n", wax_error_message(err));
        return -1;
    }
    find_places(&f, &binary);
    wx_text_module_fini(&binary);
    *state = &f;
    return 0;
}

static int drop(void **state)
{
    struct fixture *f = *state;
    wx_module_free(f->m);
    return f->mem.used == 0 ? 0 : -1;
}

/* -------- what is expected -------- */

struct want {
    unsigned place;
    uint32_t locals[4], operands[6]; /* slots; 99: the last one was before */
};

#define LOCALS {1, 5, 7, 99}
static const struct want wants[] = {
    {ENTRY, {1, 99}, {99}},     {0, LOCALS, {1, 4, 99}},
    {1, LOCALS, {1, 4, 99}},    {2, LOCALS, {1, 4, 6, 9, 11, 99}}, /* two exceptions are caught */
    {3, LOCALS, {1, 4, 6, 99}}, {4, LOCALS, {1, 4, 99}},
    {LOOP, LOCALS, {1, 4, 99}},
};

static void check_slots(const struct wx_ref_slot *found, size_t n, const struct want *want)
{
    size_t i = 0;
    for (const uint32_t *w = want->locals; *w != 99; w++, i++) {
        assert_true(i < n && !found[i].is_operand);
        assert_int_equal(found[i].slot, *w);
    }
    for (const uint32_t *w = want->operands; *w != 99; w++, i++) {
        assert_true(i < n && found[i].is_operand);
        assert_int_equal(found[i].slot, *w);
    }
    assert_int_equal(i, n);
}

static void look(const struct fixture *f, struct wx_typing *typing, const struct want *want)
{
    const struct wx_ref_slot *found = NULL;
    size_t n = 0;
    assert_int_equal(wx_typing_at(typing, f->at[want->place], &found, &n, NULL), WAX_OK);
    check_slots(found, n, want);
}

/* All places one after the other, and each by itself. */
static void test_places(void **state)
{
    struct fixture *f = *state;
    struct wx_typing *typing;
    assert_int_equal(wx_typing_new(&f->mem, f->m, &typing, NULL), WAX_OK);
    assert_int_equal(wx_typing_begin(typing, 1, NULL), WAX_OK);
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        look(f, typing, &wants[i]);
    }
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        assert_int_equal(wx_typing_begin(typing, 1, NULL), WAX_OK);
        look(f, typing, &wants[i]);
    }
    wx_typing_free(typing);
}

static void test_types(void **state)
{
    struct fixture *f = *state;
    struct wx_typing *typing;
    const struct wx_ref_slot *found = NULL;
    size_t n = 0;
    assert_int_equal(wx_typing_new(&f->mem, f->m, &typing, NULL), WAX_OK);
    assert_int_equal(wx_typing_begin(typing, 1, NULL), WAX_OK);
    assert_int_equal(wx_typing_at(typing, f->at[2], &found, &n, NULL), WAX_OK);
    assert_int_equal(n, 8);
    static const wx_valtype types[] = {WX_EXTERNREF, WX_EXNREF, 0,         WX_FUNCREF,
                                       WX_EXNREF,    WX_EXNREF, WX_EXNREF, WX_EXTERNREF};
    for (size_t i = 0; i < n; i++) {
        assert_true(types[i] ? found[i].type == types[i] : wx_type_is_funcref(found[i].type));
    }
    wx_typing_free(typing);
}

/* In the middle of an instruction, behind the last one, before where it is already. */
static void test_no_such_place(void **state)
{
    struct fixture *f = *state;
    struct wx_typing *typing;
    const struct wx_ref_slot *found;
    size_t n;
    const struct wx_func_def *def = &f->m->funcs[1];
    const uint64_t bad[] = {f->at[0] + 1, def->body_off + def->body_len, 1};
    assert_int_equal(wx_typing_new(&f->mem, f->m, &typing, NULL), WAX_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(wx_typing_begin(typing, 1, NULL), WAX_OK);
        assert_int_not_equal(wx_typing_at(typing, bad[i], &found, &n, NULL), WAX_OK);
    }
    wx_typing_free(typing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_no_such_place),
    };
    return cmocka_run_group_tests_name("typing", tests, make, drop);
}
