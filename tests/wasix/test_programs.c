/* SPDX-License-Identifier: Apache-2.0 */
/* Guest programs that test themselves, each in every tier; afterwards nothing is left of them. */
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

#include "support/entries.h"

static const char *const tiers[] = {"fast", "interp"};
static char **programs;
static int n_programs;

static void print_log(void *data, int32_t level, const char *area, const char *message)
{
    (void)data;
    if (level <= WAX_LOG_WARN) {
        (void)fprintf(stderr, "# %s: %s\n", area, message);
    }
}

/* A thread that nobody joins is gone some time after it was the last to touch anything of ours. */
static unsigned count_tasks(unsigned want)
{
    unsigned n = count_entries("/proc/self/task");
    for (int i = 0; i < 1000 && n > want; i++) {
        (void)usleep(1000);
        n = count_entries("/proc/self/task");
    }
    return n;
}

static wax_builder *describe(wax_engine *engine, const char *path)
{
    wax_builder *builder;
    char dir[4096], rounds[16]; /* of what a program does over and over */
    const char *percent = getenv("WAXWING_SOAK");
    assert_int_equal(wax_builder_new(engine, "program", &builder, NULL), WAX_OK);
    wax_builder_grant(builder, WAX_CAP_THREADS | WAX_CAP_PROCESSES);
    assert_int_equal(wax_builder_inherit_stdio(builder, NULL), WAX_OK);
    (void)snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(wax_builder_mount(builder, dir, "/bin", WAX_MOUNT_RO, NULL), WAX_OK);
    assert_int_equal(wax_builder_tmpfs(builder, "/tmp", 0, 0, NULL), WAX_OK);
    assert_int_equal(wax_builder_env(builder, "HOME", "/home", NULL), WAX_OK);
    (void)snprintf(rounds, sizeof rounds, "%ld", 10 * (percent ? strtol(percent, NULL, 10) : 100));
    assert_int_equal(wax_builder_env(builder, "ROUNDS", rounds, NULL), WAX_OK);
    return builder;
}

/* Takes the builder. */
static void run(wax_engine *engine, const char *path, wax_builder *builder, int32_t want)
{
    wax_module *module;
    wax_env *env;
    wax_error *error = NULL;
    int32_t code = -1;
    assert_int_equal(wax_module_from_file(engine, path, &module, NULL), WAX_OK);
    if (wax_builder_instantiate(builder, module, &env, &error) != WAX_OK ||
        wax_env_run(env, &code, &error) != WAX_OK || code != want) {
        fail_msg("%s: code %d, %s", path, code, error ? wax_error_message(error) : "no error");
    }
    wax_env_free(env);
    wax_builder_free(builder);
    wax_module_free(module);
}

static void run_program(wax_engine *engine, const char *path)
{
    run(engine, path, describe(engine, path), 0);
}

static void test_programs(void **state)
{
    wax_engine_options o;
    wax_engine *engine;
    wax_engine_options_init(&o);
    o.log = print_log;
    o.tier = *state;
    assert_int_equal(wax_engine_new(&o, &engine, NULL), WAX_OK);
    for (int i = 0; i < n_programs; i++) {
        run_program(engine, programs[i]); /* what is made once is made now */
        unsigned fds = count_entries("/proc/self/fd"), tasks = count_tasks(3); /* ., .., this one */
        uint64_t bytes = wax_engine_allocated(engine);
        run_program(engine, programs[i]);
        assert_int_equal(count_entries("/proc/self/fd"), fds);
        assert_int_equal(count_tasks(tasks), tasks);
        assert_int_equal(wax_engine_allocated(engine), bytes);
    }
    wax_engine_free(engine);
}

/* -------- what is told of a process that becomes another program, and another -------- */

struct told {
    unsigned execs, exits;
};

static void on_call(void *data, const wax_trace_record *r)
{
    struct told *told = data;
    (void)__atomic_fetch_add(&told->execs, strcmp(r->name, "proc_exec3") == 0, __ATOMIC_SEQ_CST);
    (void)__atomic_fetch_add(&told->exits, strcmp(r->name, "proc_exit2") == 0, __ATOMIC_SEQ_CST);
}

static void test_traces(void **state)
{
    wax_engine_options o;
    wax_engine *engine;
    struct told told = {0, 0};
    wax_engine_options_init(&o);
    o.tier = *state;
    assert_int_equal(wax_engine_new(&o, &engine, NULL), WAX_OK);
    for (int i = 0; i < n_programs; i++) {
        if (!strstr(programs[i], "exec.wasm")) {
            continue;
        }
        wax_builder *b = describe(engine, programs[i]);
        assert_int_equal(wax_builder_trace(b, "proc", on_call, &told, NULL), WAX_OK);
        assert_int_equal(wax_builder_arg(b, "family", NULL), WAX_OK);
        run(engine, programs[i], b, 7);
        assert_int_equal(told.execs, 3);
        assert_int_equal(told.exits, 2);
    }
    wax_engine_free(engine);
}

int main(int argc, char **argv)
{
    programs = argv + 1;
    n_programs = argc - 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_programs, (void *)(uintptr_t)tiers[0]),
        cmocka_unit_test_prestate(test_programs, (void *)(uintptr_t)tiers[1]),
        cmocka_unit_test_prestate(test_traces, (void *)(uintptr_t)tiers[0]),
        cmocka_unit_test_prestate(test_traces, (void *)(uintptr_t)tiers[1]),
    };
    return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}
