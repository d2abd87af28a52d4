/* SPDX-License-Identifier: Apache-2.0 */
/* A host that forks: parent and child go on with the same module, each compiling on its own. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#define FUNCS 200

static char text[FUNCS * 128];

/* Function i returns 1000 * i + its argument; some are longer than others. */
static size_t make_text(void)
{
    int n = snprintf(text, sizeof text, "(module");
    for (int i = 0; i < FUNCS; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "(func (export \"f%d\") (param i32) (result i32) local.get 0", i);
        for (int k = 0; k < i % 4; k++) {
            n += snprintf(text + n, sizeof text - (size_t)n, " i32.const 0 i32.xor");
        }
        n += snprintf(text + n, sizeof text - (size_t)n, " i32.const %d i32.add)", 1000 * i);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, ")");
    assert_true((size_t)n < sizeof text);
    return (size_t)n;
}

/* @return functions that gave something else */
static int call_all(wax_instance *instance, int first, int step)
{
    int wrong = 0;
    for (int k = 0, i = first; k < FUNCS; k++, i += step) {
        char name[16];
        (void)snprintf(name, sizeof name, "f%d", i);
        wax_func *func;
        wax_value arg = WAX_INIT_I32(7), result = WAX_INIT_I32(0);
        bool ok = wax_instance_func(instance, name, &func, NULL) == WAX_OK &&
                  wax_call(func, &arg, 1, &result, 1, NULL) == WAX_OK &&
                  result.of.i32 == 1000 * i + 7;
        wrong += !ok;
    }
    return wrong;
}

/* They start at the same moment, from opposite ends. */
static void test_both_go_on(void **state)
{
    (void)state;
    wax_engine *engine;
    wax_module *module;
    wax_store *store;
    wax_linker *linker;
    wax_instance *instance;
    size_t len = make_text();
    assert_int_equal(wax_engine_new(NULL, &engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_text(engine, text, len, &module, NULL), WAX_OK);
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    assert_int_equal(wax_linker_instantiate(linker, store, module, &instance, NULL), WAX_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)alarm(60);
        _exit(call_all(instance, FUNCS - 1, -1) || call_all(instance, 0, 1) ? 1 : 0);
    }
    assert_int_equal(call_all(instance, 0, 1), 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(call_all(instance, FUNCS - 1, -1), 0); /* the child's code is not here */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    wax_linker_free(linker);
    wax_store_free(store);
    wax_module_free(module);
    wax_engine_free(engine);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_go_on)};
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
