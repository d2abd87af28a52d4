/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions through the public API: tags and host functions that throw, errors, exnref values. */
#include "unit/bytes.h"

#include <waxwing/waxwing.h>

/*
 * Types: 0 (i32) -> i32, 1 (i32) -> (), 2 (i64 f64 externref) -> (), 3 () -> exnref,
 * 4 (exnref) -> i32, 5 () -> i32, 6 () -> (i64 f64 externref exnref).
 * Imports: functions 0 h.f of type 0 and 1 h.g of type 4, tag 0 h.t. Tag 1 is of type 2.
 */
static const struct body bodies[] = {
    /* 2 run: h.f(arg), or what it threw + 10 */
    BODY("\0\2\x7f\x1f\x7f\1\0\0\0\x20\0\x10\0\x0b\x0f\x0b\x41\x0a\x6a\x0b"),
    /* 3 bare: h.f(arg) */
    BODY("\0\x20\0\x10\0\x0b"),
    /* 4 throw: throw tag 0 */
    BODY("\0\x20\0\x08\0\x0b"),
    /* 5 make: tag 1 with 7, 1.0, null, caught by reference */
    BODY("\1\1\x69\2\6\x1f\x40\1\1\1\0\x42\7\x44\0\0\0\0\0\0\xf0\x3f\xd0\x6f\x08\1\x0b\0\x0b"
         "\x21\0\x1a\x1a\x1a\x20\0\x0b"),
    /* 6 again: throw_ref */
    BODY("\0\x20\0\x0a\x0b"),
    /* 7 churn: make 1,000 times */
    BODY("\1\1\x7f\3\x40\x10\5\x1a\x20\0\x41\1\x6a\x22\0\x41\xe8\7\x48\x0d\0\x0b\x20\0\x0b"),
    /* 8 pass: h.g(make()) */
    BODY("\0\x10\5\x10\1\x0b"),
};

struct world {
    wax_engine *engine;
    wax_module *module;
    wax_store *store;
    wax_linker *linker;
    wax_instance *instance;
    wax_tag *tag;
    wax_tag *foreign; /* of another store */
    wax_store *other;
    int mode; /* what h.f does */
    wax_status inner;
    wax_value seen; /* what h.g got */
};

static struct bytes mod;

static wax_func *func(struct world *w, const char *name)
{
    wax_func *f = NULL;
    assert_int_equal(wax_instance_func(w->instance, name, &f, NULL), WAX_OK);
    return f;
}

enum { THROW, THROW_WRONG, THROW_FOREIGN, NEST, HANDLE, NO_TAG };

static wax_status f(void *data, wax_memory *memory, const wax_value *args, wax_value *results,
                    wax_error **err)
{
    (void)memory;
    struct world *w = data;
    wax_value v = args[0];
    switch (w->mode) {
    case THROW: v.of.i32++; return wax_host_throw(err, w->tag, &v, 1);
    case THROW_WRONG: v.type = WAX_I64; return wax_host_throw(err, w->tag, &v, 1);
    case THROW_FOREIGN: return wax_host_throw(err, w->foreign, &v, 1);
    case NO_TAG: return WAX_EXCEPTION;
    default: break;
    }
    wax_error *error = NULL;
    w->inner = wax_call(func(w, "throw"), &v, 1, results, 1, &error);
    if (w->mode == NEST) {
        *err = error; /* goes on in the guest below */
        return w->inner;
    }
    results[0].of.i32 = wax_error_value(error, 0)->of.i32 * 2;
    wax_error_free(error);
    return WAX_OK;
}

static wax_status g(void *data, wax_memory *memory, const wax_value *args, wax_value *results,
                    wax_error **err)
{
    (void)memory, (void)err;
    struct world *w = data;
    w->seen = args[0];
    results[0].of.i32 = args[0].type == WAX_EXNREF && args[0].of.exnref[0] != 0;
    return WAX_OK;
}

static void make_module(void)
{
    mod.n = 0;
    SECTION(&mod, 1,
            "\7\x60\1\x7f\1\x7f\x60\1\x7f\0\x60\3\x7e\x7c\x6f\0\x60\0\1\x69\x60\1\x69\1\x7f"
            "\x60\0\1\x7f\x60\0\4\x7e\x7c\x6f\x69");
    SECTION(&mod, 2, "\3\1h\1f\0\0\1h\1g\0\4\1h\1t\4\0\1");
    SECTION(&mod, 3, "\7\0\0\0\3\4\5\5");
    SECTION(&mod, 13, "\1\0\2");
    SECTION(&mod, 7,
            "\7\3run\0\2\4bare\0\3\5throw\0\4\4make\0\5\5again\0\6\5churn\0\7\4pass\0\x08");
    put_code(&mod, bodies, sizeof bodies / sizeof *bodies);
}

static void define(struct world *w, const char *name, wax_extern ext)
{
    assert_int_equal(
        wax_linker_define(w->linker, (wax_name){"h", 1}, (wax_name){name, 1}, &ext, NULL), WAX_OK);
}

static void open_world(struct world *w)
{
    static const wax_valtype i32 = WAX_I32, exn = WAX_EXNREF;
    memset(w, 0, sizeof *w);
    make_module();
    assert_int_equal(wax_engine_new(NULL, &w->engine, NULL), WAX_OK);
    wax_error *err = NULL;
    wax_status st = wax_module_from_bytes(w->engine, mod.p, mod.n, &w->module, &err);
    assert_string_equal(wax_error_message(err), "");
    assert_int_equal(st, WAX_OK);
    assert_int_equal(wax_store_new(w->engine, &w->store, NULL), WAX_OK);
    assert_int_equal(wax_store_new(w->engine, &w->other, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(w->engine, &w->linker, NULL), WAX_OK);
    const wax_functype f_type = {1, 1, &i32, &i32}, g_type = {1, 1, &exn, &i32},
                       t_type = {1, 0, &i32, NULL};
    wax_func *func_f, *func_g;
    assert_int_equal(wax_func_new(w->store, &f_type, f, w, &func_f, NULL), WAX_OK);
    assert_int_equal(wax_func_new(w->store, &g_type, g, w, &func_g, NULL), WAX_OK);
    assert_int_equal(wax_tag_new(w->store, &t_type, &w->tag, NULL), WAX_OK);
    assert_int_equal(wax_tag_new(w->other, &t_type, &w->foreign, NULL), WAX_OK);
    define(w, "f", (wax_extern){.kind = WAX_EXTERN_FUNC, .of.func = func_f});
    define(w, "g", (wax_extern){.kind = WAX_EXTERN_FUNC, .of.func = func_g});
    define(w, "t", (wax_extern){.kind = WAX_EXTERN_TAG, .of.tag = w->tag});
    st = wax_linker_instantiate(w->linker, w->store, w->module, &w->instance, &err);
    assert_string_equal(wax_error_message(err), "");
    assert_int_equal(st, WAX_OK);
}

static void close_world(struct world *w)
{
    wax_linker_free(w->linker);
    wax_store_free(w->store);
    wax_store_free(w->other);
    wax_module_free(w->module);
    wax_engine_free(w->engine);
}

static wax_status call(struct world *w, const char *name, int32_t arg, int32_t *ret,
                       wax_error **err)
{
    wax_value in = WAX_INIT_I32(arg), out = {0};
    wax_status st = wax_call(func(w, name), &in, 1, &out, 1, err);
    *ret = out.of.i32;
    return st;
}

/* -------- host functions -------- */

static void test_host_throw_is_caught_by_the_guest(void **state)
{
    (void)state;
    struct world w;
    int32_t got;
    open_world(&w);
    w.mode = THROW;
    assert_int_equal(call(&w, "run", 4, &got, NULL), WAX_OK);
    assert_int_equal(got, 15);
    close_world(&w);
}

static void test_host_throw_uncaught(void **state)
{
    (void)state;
    struct world w;
    int32_t got;
    wax_error *err = NULL;
    open_world(&w);
    w.mode = THROW;
    assert_int_equal(call(&w, "bare", 4, &got, &err), WAX_EXCEPTION);
    assert_int_equal(wax_error_status(err), WAX_EXCEPTION);
    assert_ptr_equal(wax_error_tag(err), w.tag);
    assert_int_equal(wax_error_n_values(err), 1);
    assert_int_equal(wax_error_value(err, 0)->of.i32, 5);
    assert_null(wax_error_value(err, 1));
    assert_string_equal(wax_error_message(err), "uncaught exception (i32 5)");
    assert_int_equal(wax_error_n_frames(err), 1);
    assert_string_equal(wax_error_frame(err, 0)->func_name, "bare");
    wax_error_free(err);
    assert_int_equal(call(&w, "bare", 4, &got, NULL), WAX_EXCEPTION); /* nobody wants the error */
    close_world(&w);
}

/* guest -> host -> guest throws: the host hands it on, and the guest below catches it. */
static void test_exception_through_a_host_function(void **state)
{
    (void)state;
    struct world w;
    int32_t got;
    wax_error *err = NULL;
    open_world(&w);
    w.mode = NEST;
    assert_int_equal(call(&w, "run", 7, &got, NULL), WAX_OK);
    assert_int_equal(got, 17);
    assert_int_equal(w.inner, WAX_EXCEPTION);
    assert_int_equal(call(&w, "bare", 7, &got, &err), WAX_EXCEPTION);
    assert_ptr_equal(wax_error_tag(err), w.tag);
    assert_int_equal(wax_error_n_frames(err), 2); /* of both activations */
    assert_string_equal(wax_error_frame(err, 0)->func_name, "throw");
    assert_string_equal(wax_error_frame(err, 1)->func_name, "bare");
    wax_error_free(err);
    w.mode = HANDLE;
    assert_int_equal(call(&w, "bare", 7, &got, NULL), WAX_OK);
    assert_int_equal(got, 14);
    close_world(&w);
}

static void expect_host_trap(struct world *w, int mode, const char *message)
{
    int32_t got;
    wax_error *err = NULL;
    w->mode = mode;
    assert_int_equal(call(w, "run", 1, &got, &err), WAX_TRAP);
    assert_string_equal(wax_error_message(err), message);
    assert_null(wax_error_tag(err));
    wax_error_free(err);
}

static void test_bad_throws_trap(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    expect_host_trap(&w, THROW_WRONG, "exception value 0 is of another type");
    expect_host_trap(&w, THROW_FOREIGN, "a host function threw an exception of another store");
    expect_host_trap(&w, NO_TAG, "a host function threw without a tag");
    close_world(&w);
}

/* -------- tags -------- */

static void test_tag_new_and_type(void **state)
{
    (void)state;
    struct world w;
    wax_functype type;
    wax_tag *tag;
    static const wax_valtype i32 = WAX_I32;
    open_world(&w);
    assert_int_equal(wax_tag_type(w.tag, &type, NULL), WAX_OK);
    assert_int_equal(type.n_params, 1);
    assert_int_equal(type.n_results, 0);
    assert_int_equal(type.params[0], WAX_I32);
    const wax_functype bad = {0, 1, NULL, &i32};
    assert_int_equal(wax_tag_new(w.store, &bad, &tag, NULL), WAX_E_INVALID);
    assert_int_equal(wax_tag_new(NULL, &type, &tag, NULL), WAX_E_INVALID);
    assert_null(wax_error_tag(NULL));
    assert_int_equal(wax_error_n_values(NULL), 0);
    close_world(&w);
}

static void test_tag_of_another_store_does_not_link(void **state)
{
    (void)state;
    struct world w;
    wax_instance *instance;
    wax_error *err = NULL;
    open_world(&w);
    define(&w, "t", (wax_extern){.kind = WAX_EXTERN_TAG, .of.tag = w.foreign});
    assert_int_equal(wax_linker_instantiate(w.linker, w.store, w.module, &instance, &err),
                     WAX_E_LINK);
    assert_non_null(strstr(wax_error_message(err), "another store"));
    wax_error_free(err);
    close_world(&w);
}

/* -------- exnref values -------- */

static wax_status again(struct world *w, const wax_value *exn, wax_error **err)
{
    wax_value out;
    return wax_call(func(w, "again"), exn, 1, &out, 1, err);
}

static void expect_seven(struct world *w, const wax_value *exn)
{
    wax_error *err = NULL;
    assert_int_equal(again(w, exn, &err), WAX_EXCEPTION);
    assert_int_equal(wax_error_n_values(err), 3);
    assert_int_equal(wax_error_value(err, 0)->of.i64, 7);
    assert_true(wax_error_value(err, 1)->of.f64 == 1.0);
    assert_int_equal(wax_error_value(err, 2)->type, WAX_EXTERNREF);
    assert_string_equal(wax_error_message(err), "uncaught exception (i64 7, f64 1, externref)");
    wax_error_free(err);
}

static void test_exnref_in_the_hands_of_the_host(void **state)
{
    (void)state;
    struct world w;
    wax_value exn, out, kept;
    wax_error *err = NULL;
    open_world(&w);
    assert_int_equal(wax_call(func(&w, "make"), NULL, 0, &exn, 1, NULL), WAX_OK);
    assert_int_equal(exn.type, WAX_EXNREF);
    expect_seven(&w, &exn);
    wax_global *global;
    assert_int_equal(wax_global_new(w.store, &exn, 1, &global, NULL), WAX_OK);
    assert_int_equal(wax_call(func(&w, "churn"), NULL, 0, &out, 1, NULL), WAX_OK);
    wax_global_get(global, &kept);
    expect_seven(&w, &kept); /* the global kept it */
    wax_value null = {.type = WAX_EXNREF};
    assert_int_equal(wax_global_set(global, &null, NULL), WAX_OK);
    /* The same again, so that no slot of the stack has the old one by chance. */
    assert_int_equal(wax_call(func(&w, "make"), NULL, 0, &kept, 1, NULL), WAX_OK);
    assert_int_equal(wax_call(func(&w, "churn"), NULL, 0, &out, 1, NULL), WAX_OK);
    assert_int_equal(again(&w, &exn, &err), WAX_E_STATE); /* now it is gone: an error, no fault */
    assert_non_null(strstr(wax_error_hint(err), "global"));
    wax_error_free(err);
    assert_int_equal(wax_global_set(global, &exn, NULL), WAX_E_STATE);
    assert_int_equal(again(&w, &null, NULL), WAX_TRAP);
    close_world(&w);
}

static void test_exnref_as_argument_of_a_host_function(void **state)
{
    (void)state;
    struct world w;
    wax_value out;
    open_world(&w);
    assert_int_equal(wax_call(func(&w, "pass"), NULL, 0, &out, 1, NULL), WAX_OK);
    assert_int_equal(out.of.i32, 1);
    expect_seven(&w, &w.seen);
    close_world(&w);
}

static void test_table_of_exnref(void **state)
{
    (void)state;
    struct world w;
    wax_table *table;
    wax_value exn, got, null = {.type = WAX_EXNREF};
    const wax_limits limits = {2, 10, 0, 0};
    open_world(&w);
    assert_int_equal(wax_table_new(w.store, &limits, WAX_EXNREF, &table, NULL), WAX_OK);
    assert_int_equal(wax_call(func(&w, "make"), NULL, 0, &exn, 1, NULL), WAX_OK);
    assert_int_equal(wax_table_set(table, 1, &exn, NULL), WAX_OK);
    assert_int_equal(wax_table_grow(table, 1, &null, NULL), WAX_OK);
    assert_int_equal(wax_call(func(&w, "churn"), NULL, 0, &got, 1, NULL), WAX_OK);
    assert_int_equal(wax_table_get(table, 1, &got, NULL), WAX_OK);
    expect_seven(&w, &got);
    assert_int_equal(wax_table_get(table, 2, &got, NULL), WAX_OK);
    assert_int_equal(got.of.exnref[0], 0);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_throw_is_caught_by_the_guest),
        cmocka_unit_test(test_host_throw_uncaught),
        cmocka_unit_test(test_exception_through_a_host_function),
        cmocka_unit_test(test_bad_throws_trap),
        cmocka_unit_test(test_tag_new_and_type),
        cmocka_unit_test(test_tag_of_another_store_does_not_link),
        cmocka_unit_test(test_exnref_in_the_hands_of_the_host),
        cmocka_unit_test(test_exnref_as_argument_of_a_host_function),
        cmocka_unit_test(test_table_of_exnref),
    };
    return cmocka_run_group_tests_name("capi-exceptions", tests, NULL, NULL);
}
