/* SPDX-License-Identifier: Apache-2.0 */
/* The text format through the public API: loading, translating, printing, scripts, failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

static const char add_text[] =
    "(module $math (func $add (export \"add\") (param $a i32) (param $b i32) (result i32)\n"
    "  (i32.add (local.get $a) (local.get $b))))";

static wax_engine *engine_new(int64_t fail_alloc_at)
{
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.tier = "interp";
    o.fail_alloc_at = fail_alloc_at;
    wax_engine *engine = NULL;
    wax_status st = wax_engine_new(&o, &engine, NULL);
    assert_true(st == WAX_OK || (st == WAX_E_NOMEM && fail_alloc_at));
    return engine;
}

static int32_t call_add(wax_engine *engine, wax_module *module)
{
    wax_store *store;
    wax_linker *linker;
    wax_instance *instance;
    wax_func *func;
    wax_value args[2] = {WAX_INIT_I32(40), WAX_INIT_I32(2)}, result = WAX_INIT_I32(0);
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    assert_int_equal(wax_linker_instantiate(linker, store, module, &instance, NULL), WAX_OK);
    assert_int_equal(wax_instance_func(instance, "add", &func, NULL), WAX_OK);
    assert_int_equal(wax_call(func, args, 2, &result, 1, NULL), WAX_OK);
    wax_linker_free(linker);
    wax_store_free(store);
    return result.of.i32;
}

/* Bytes, text and a file all take text; binary still works where text is taken by its looks. */
static void test_modules_load_from_text(void **state)
{
    (void)state;
    wax_engine *engine = engine_new(0);
    wax_module *module;
    assert_int_equal(wax_module_from_bytes(engine, add_text, sizeof add_text - 1, &module, NULL),
                     WAX_OK);
    assert_int_equal(call_add(engine, module), 42);
    wax_module_free(module);
    assert_int_equal(wax_module_from_text(engine, add_text, sizeof add_text - 1, &module, NULL),
                     WAX_OK);
    assert_int_equal(call_add(engine, module), 42);
    wax_module_free(module);
    char path[] = "/tmp/waxwing-text-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, " \n;; text\n", 10) == 10 &&
                write(fd, add_text, sizeof add_text - 1) == (ssize_t)sizeof add_text - 1);
    close(fd);
    assert_int_equal(wax_module_from_file(engine, path, &module, NULL), WAX_OK);
    assert_int_equal(call_add(engine, module), 42);
    wax_module_free(module);
    unlink(path);
    void *binary;
    size_t len;
    assert_int_equal(wax_text_to_binary(engine, add_text, sizeof add_text - 1, &binary, &len, NULL),
                     WAX_OK);
    assert_memory_equal(binary, "\0asm", 4);
    assert_int_equal(wax_module_from_bytes(engine, binary, len, &module, NULL), WAX_OK);
    assert_int_equal(call_add(engine, module), 42);
    wax_module_free(module);
    wax_bytes_free(binary);
    /* What is no text by its looks is refused as a binary; text that is asked for may be empty. */
    assert_int_equal(wax_module_from_bytes(engine, "", 0, &module, NULL), WAX_E_MALFORMED);
    assert_int_equal(wax_module_from_bytes(engine, "x", 1, &module, NULL), WAX_E_MALFORMED);
    assert_int_equal(wax_module_from_text(engine, "", 0, &module, NULL), WAX_OK);
    wax_module_free(module);
    wax_engine_free(engine);
}

static void test_errors_show_the_text(void **state)
{
    (void)state;
    static const char syntax[] = "(module\n  (func (i32.ad)))";
    static const char types[] = "(module\n  (func (result i32)\n    (i64.const 1)))";
    wax_engine *engine = engine_new(0);
    wax_module *module;
    wax_error *e = NULL;
    assert_int_equal(wax_module_from_bytes(engine, syntax, sizeof syntax - 1, &module, &e),
                     WAX_E_MALFORMED);
    assert_int_equal(wax_error_line(e), 2);
    assert_int_equal(wax_error_column(e), 10);
    assert_string_equal(wax_error_excerpt(e), "  (func (i32.ad)))\n         ^");
    assert_string_equal(wax_error_hint(e), "did you mean 'i32.add'?");
    wax_error_free(e);
    e = NULL;
    assert_int_equal(wax_module_from_bytes(engine, types, sizeof types - 1, &module, &e),
                     WAX_E_VALIDATION);
    assert_int_equal(wax_error_line(e), 3);
    assert_true(wax_error_offset(e) != WAX_NO_OFFSET);
    wax_error_free(e);
    e = NULL;
    assert_int_equal(wax_module_from_bytes(engine, "\0asm\2\0\0\0", 8, &module, &e),
                     WAX_E_MALFORMED);
    assert_int_equal(wax_error_line(e), 0); /* nothing of text in errors about binaries */
    assert_string_equal(wax_error_excerpt(e), "");
    wax_error_free(e);
    wax_engine_free(engine);
}

/* An operand of unreachable code can be of any type, but what comes of a reference is one. */
static void test_references_in_unreachable_code(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        wax_status want;
    } cases[] = {
        {"(func (result funcref) unreachable ref.as_non_null)", WAX_OK},
        {"(func (result (ref extern)) unreachable ref.as_non_null)", WAX_OK},
        {"(type $t (func)) (func (result (ref $t)) unreachable ref.as_non_null)", WAX_OK},
        {"(func (result i32) unreachable ref.as_non_null ref.is_null)", WAX_OK},
        {"(func unreachable br_on_null 0 drop)", WAX_OK},
        {"(func (result i32) unreachable ref.as_non_null)", WAX_E_VALIDATION},
        {"(func (result i32) unreachable ref.as_non_null i32.eqz)", WAX_E_VALIDATION},
        {"(func (result v128) unreachable ref.as_non_null)", WAX_E_VALIDATION},
        {"(func unreachable ref.as_non_null ref.as_non_null i32.const 0 select drop)",
         WAX_E_VALIDATION},
        {"(func (result i32) (block (result i32) unreachable br_on_null 0))", WAX_E_VALIDATION},
    };
    wax_engine *engine = engine_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wax_module *module = NULL;
        wax_status st =
            wax_module_from_text(engine, cases[i].text, strlen(cases[i].text), &module, NULL);
        if (st != cases[i].want) {
            print_message("%s: %s\n", cases[i].text, wax_status_name(st));
        }
        assert_int_equal(st, cases[i].want);
        wax_module_free(module);
    }
    wax_engine_free(engine);
}

static void test_printing_and_reading_back(void **state)
{
    (void)state;
    wax_engine *engine = engine_new(0);
    wax_module *module;
    char *text;
    size_t len;
    assert_int_equal(wax_module_from_text(engine, add_text, sizeof add_text - 1, &module, NULL),
                     WAX_OK);
    assert_int_equal(wax_module_print(module, &text, &len, NULL), WAX_OK);
    wax_module_free(module);
    assert_int_equal(strlen(text), len);
    assert_non_null(strstr(text, "(func $add (type 0) (param $a i32) (param $b i32)"));
    assert_int_equal(wax_module_from_text(engine, text, len, &module, NULL), WAX_OK);
    assert_int_equal(call_add(engine, module), 42);
    wax_module_free(module);
    wax_engine_free(engine);
    wax_bytes_free(text); /* outlives the engine */
    wax_bytes_free(NULL);
}

static void test_compiling(void **state)
{
    (void)state;
    static const char *const tiers[] = {"fast", "interp"};
    for (unsigned i = 0; i < 2; i++) {
        wax_engine_options options;
        wax_engine_options_init(&options);
        options.tier = tiers[i];
        wax_engine *engine;
        if (wax_engine_new(&options, &engine, NULL) != WAX_OK) {
            continue; /* no code memory on this host */
        }
        wax_module *module;
        wax_compiled c, again;
        assert_int_equal(wax_module_from_text(engine, add_text, sizeof add_text - 1, &module, NULL),
                         WAX_OK);
        assert_int_equal(wax_module_compile(module, &c, NULL), WAX_OK);
        assert_int_equal(c.n_funcs, 1);
        assert_int_equal(c.body_bytes, 6); /* two local.get, add, end */
        assert_true((c.code_bytes > 0) == (i == 0));
        assert_int_equal(wax_module_compile(module, &again, NULL), WAX_OK); /* nothing left to do */
        assert_int_equal(again.n_funcs, c.n_funcs);
        assert_int_equal(again.code_bytes, c.code_bytes);
        assert_int_equal(wax_module_compile(module, NULL, NULL), WAX_OK);
        assert_int_equal(call_add(engine, module), 42);
        wax_module_free(module);
        wax_engine_free(engine);
    }
}

static void test_scripts(void **state)
{
    (void)state;
    static const char text[] = "(module) (assert_return (invoke \"f\" (i32.const 1)))";
    wax_engine *engine = engine_new(0);
    wax_script *script;
    size_t n;
    assert_int_equal(wax_script_parse(engine, text, sizeof text - 1, &script, NULL), WAX_OK);
    wax_engine_free(engine); /* the script holds on to it */
    const wax_script_command *c = wax_script_commands(script, &n);
    assert_int_equal(n, 2);
    assert_int_equal(c[1].kind, WAX_SCRIPT_ASSERT_RETURN);
    assert_int_equal(c[1].action.args[0].bits[0], 1);
    wax_script_free(script);
    wax_script_free(NULL);
    assert_null(wax_script_commands(NULL, &n));
    assert_int_equal(n, 0);
}

static void test_wrong_arguments(void **state)
{
    (void)state;
    wax_engine *engine = engine_new(0);
    wax_module *module;
    wax_script *script;
    void *bytes;
    char *text;
    size_t len;
    assert_int_equal(wax_module_from_text(NULL, "", 0, &module, NULL), WAX_E_INVALID);
    assert_int_equal(wax_module_from_text(engine, NULL, 1, &module, NULL), WAX_E_INVALID);
    assert_int_equal(wax_text_to_binary(engine, "", 0, NULL, &len, NULL), WAX_E_INVALID);
    assert_int_equal(wax_text_to_binary(engine, "", 0, &bytes, NULL, NULL), WAX_E_INVALID);
    assert_int_equal(wax_module_print(NULL, &text, &len, NULL), WAX_E_INVALID);
    assert_int_equal(wax_module_compile(NULL, NULL, NULL), WAX_E_INVALID);
    assert_int_equal(wax_script_parse(engine, NULL, 1, &script, NULL), WAX_E_INVALID);
    wax_engine_free(engine);
}

/* Each allocation fails once: nothing leaks, nothing but WAX_E_NOMEM comes back. */
static void test_allocation_failures(void **state)
{
    (void)state;
    static const char text[] =
        "(module (func (export \"f\"))) (thread $t (invoke \"f\")) (wait $t) "
        "(assert_return (get \"g\") (either (i32.const 1) (v128.const i32x4 1 2 3 4)))";
    wax_status st = WAX_E_NOMEM;
    for (int64_t at = 1; st != WAX_OK; at++) {
        wax_engine *engine = engine_new(at);
        wax_module *module = NULL;
        wax_script *script = NULL;
        void *bytes = NULL;
        char *printed = NULL;
        size_t len;
        if (!engine) {
            continue;
        }
        st = wax_module_from_text(engine, add_text, sizeof add_text - 1, &module, NULL);
        if (st == WAX_OK) {
            st = wax_text_to_binary(engine, add_text, sizeof add_text - 1, &bytes, &len, NULL);
        }
        if (st == WAX_OK) {
            st = wax_module_print(module, &printed, &len, NULL);
        }
        if (st == WAX_OK) {
            st = wax_module_compile(module, NULL, NULL);
        }
        if (st == WAX_OK) {
            st = wax_script_parse(engine, text, sizeof text - 1, &script, NULL);
        }
        assert_true(st == WAX_OK || st == WAX_E_NOMEM);
        wax_bytes_free(bytes);
        wax_bytes_free(printed);
        wax_script_free(script);
        wax_module_free(module);
        wax_engine_free(engine);
        assert_true(at < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules_load_from_text),
        cmocka_unit_test(test_errors_show_the_text),
        cmocka_unit_test(test_references_in_unreachable_code),
        cmocka_unit_test(test_printing_and_reading_back),
        cmocka_unit_test(test_compiling),
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests_name("capi-text", tests, NULL, NULL);
}
