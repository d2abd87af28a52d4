/* SPDX-License-Identifier: Apache-2.0 */
/* A module compiled whole: its functions run, also while others of it are still being made. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#define FUNCS 4000 /* so many that no memory made for small modules is taken */

/* Function i returns i more than function i + 1, which it calls; the last one returns its argument.
 * Caller frees. */
static char *make_text(size_t *ret_len)
{
    size_t size = (size_t)FUNCS * 160, n = 0;
    char *text = malloc(size);
    assert_non_null(text);
    n += (size_t)snprintf(text, size, "(module");
    for (int i = 0; i < FUNCS; i++) {
        char call[32] = "";
        if (i % 100 != 99) { /* no chain is long */
            (void)snprintf(call, sizeof call, "call %d", i + 1);
        }
        n += (size_t)snprintf(text + n, size - n,
                              "(func (export \"f%d\") (param i32) (result i32) local.get 0 %s "
                              "i32.const %d i32.add)",
                              i, call, i);
    }
    n += (size_t)snprintf(text + n, size - n, ")");
    assert_true(n < size);
    *ret_len = n;
    return text;
}

static int32_t expected(int i)
{
    int32_t sum = 7;
    for (int k = i; k <= i / 100 * 100 + 99; k++) {
        sum += k;
    }
    return sum;
}

struct guest {
    wax_engine *engine;
    wax_module *module;
    wax_store *store;
    wax_linker *linker;
    wax_instance *instance;
};

static void make_module(struct guest *g)
{
    size_t len;
    char *text = make_text(&len);
    assert_int_equal(wax_engine_new(NULL, &g->engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_text(g->engine, text, len, &g->module, NULL), WAX_OK);
    free(text);
}

static void make_instance(struct guest *g)
{
    assert_int_equal(wax_store_new(g->engine, &g->store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(g->engine, &g->linker, NULL), WAX_OK);
    assert_int_equal(wax_linker_instantiate(g->linker, g->store, g->module, &g->instance, NULL),
                     WAX_OK);
}

static void end(struct guest *g)
{
    wax_linker_free(g->linker);
    wax_store_free(g->store);
    wax_module_free(g->module);
    wax_engine_free(g->engine);
}

/* @return functions that gave something else */
static int call_every(struct guest *g, int step)
{
    int wrong = 0;
    for (int i = FUNCS - 1; i >= 0; i -= step) {
        char name[16];
        (void)snprintf(name, sizeof name, "f%d", i);
        wax_func *func;
        wax_value arg = WAX_INIT_I32(7), result = WAX_INIT_I32(0);
        bool ok = wax_instance_func(g->instance, name, &func, NULL) == WAX_OK &&
                  wax_call(func, &arg, 1, &result, 1, NULL) == WAX_OK &&
                  result.of.i32 == expected(i);
        wrong += !ok;
    }
    return wrong;
}

static void check_mappings(void)
{
    char line[512], flags[8];
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%*s %7s", flags) == 1 && flags[1] == 'w') {
            assert_int_not_equal(flags[2], 'x');
        }
    }
    (void)fclose(maps); /* only read */
}

static void test_runs(void **state)
{
    (void)state;
    struct guest g;
    make_module(&g);
    wax_compiled compiled;
    assert_int_equal(wax_module_compile(g.module, &compiled, NULL), WAX_OK);
    assert_int_equal(compiled.n_funcs, FUNCS);
    check_mappings();
    make_instance(&g);
    assert_int_equal(call_every(&g, 1), 0);
    check_mappings();
    end(&g);
}

static void *compile(void *arg)
{
    return (void *)(uintptr_t)(wax_module_compile(arg, NULL, NULL) != WAX_OK);
}

/* Whoever calls a function before it is made makes it; what is made then runs at once. */
static void test_runs_meanwhile(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        struct guest g;
        pthread_t thread;
        void *failed;
        make_module(&g);
        assert_int_equal(pthread_create(&thread, NULL, compile, g.module), 0);
        make_instance(&g);
        int wrong = call_every(&g, 37);
        assert_int_equal(pthread_join(thread, &failed), 0);
        assert_null(failed);
        assert_int_equal(wrong, 0);
        assert_int_equal(call_every(&g, 11), 0);
        check_mappings();
        end(&g);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs),
                                              cmocka_unit_test(test_runs_meanwhile)};
    return cmocka_run_group_tests_name("whole", tests, NULL, NULL);
}
