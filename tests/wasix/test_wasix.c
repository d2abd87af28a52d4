/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, futexes, process end and cancellation, through the public API. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "support/entries.h"

static const char *counter_path, *no_entry_path;
static char last_log[512];

static void keep_log(void *data, int32_t level, const char *area, const char *message)
{
    (void)data, (void)level, (void)area;
    (void)snprintf(last_log, sizeof last_log, "%s", message);
}

struct plugin {
    wax_engine *engine;
    wax_module *module;
    wax_builder *builder;
    wax_env *env;
};

static void plugin_open(struct plugin *p, const char *path, uint32_t caps, uint32_t max_threads)
{
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.log = keep_log;
    assert_int_equal(wax_engine_new(&o, &p->engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_file(p->engine, path, &p->module, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(p->engine, "test", &p->builder, NULL), WAX_OK);
    wax_builder_grant(p->builder, caps);
    wax_builder_limits(p->builder, max_threads, 0, 0);
    p->env = NULL;
}

static void plugin_start(struct plugin *p)
{
    wax_error *error = NULL;
    if (wax_builder_instantiate(p->builder, p->module, &p->env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
}

static void plugin_close(struct plugin *p)
{
    wax_env_free(p->env);
    wax_builder_free(p->builder);
    wax_module_free(p->module);
    wax_engine_free(p->engine);
}

static uint32_t call(struct plugin *p, const char *name, const wax_value *args, size_t n)
{
    wax_value result;
    wax_error *error = NULL;
    if (wax_env_call(p->env, name, args, n, &result, 1, &error) != WAX_OK) {
        fail_msg("%s: %s", name, wax_error_message(error));
    }
    return (uint32_t)result.of.i32;
}

/* Host threads may need a moment to be gone after their last word to us. */
static void wait_threads(unsigned want)
{
    for (int i = 0; i < 2000 && count_entries("/proc/self/task") > want; i++) {
        usleep(1000);
    }
    assert_int_equal(count_entries("/proc/self/task"), want);
}

static void test_threads_count_to_a_million(void **state)
{
    (void)state;
    unsigned threads = count_entries("/proc/self/task"), fds = count_entries("/proc/self/fd");
    struct plugin p;
    plugin_open(&p, counter_path, WAX_CAP_THREADS, 0);
    plugin_start(&p);
    assert_int_equal(call(&p, "run", NULL, 0), 64);
    assert_int_equal(call(&p, "thread_id", NULL, 0), 1);
    plugin_close(&p);
    wait_threads(threads);
    assert_int_equal(count_entries("/proc/self/fd"), fds);
}

static void test_threads_come_and_go(void **state)
{
    (void)state;
    unsigned threads = count_entries("/proc/self/task"), fds = count_entries("/proc/self/fd");
    struct plugin p;
    plugin_open(&p, counter_path, WAX_CAP_THREADS, 0);
    plugin_start(&p);
    wax_value n = WAX_INIT_I32(1);
    (void)call(&p, "rounds", &n, 1);
    usleep(100000); /* the thread gives its memory back after it was joined */
    uint64_t before = wax_engine_allocated(p.engine);
    n.of.i32 = 500;
    assert_int_equal(call(&p, "rounds", &n, 1), 500);
    for (int i = 0; i < 1000 && wax_engine_allocated(p.engine) != before; i++) {
        usleep(1000); /* the last thread gives its memory back after it was joined */
    }
    assert_int_equal(wax_engine_allocated(p.engine), before);
    plugin_close(&p);
    wait_threads(threads);
    assert_int_equal(count_entries("/proc/self/fd"), fds);
}

static void test_thread_limit_is_exact(void **state)
{
    (void)state;
    unsigned threads = count_entries("/proc/self/task");
    struct plugin p;
    plugin_open(&p, counter_path, WAX_CAP_THREADS, 8);
    plugin_start(&p);
    assert_int_equal(call(&p, "until_refused", NULL, 0), 7); /* and the main thread */
    assert_int_equal(wax_env_n_threads(p.env), 8);
    plugin_close(&p); /* ends the sleeping ones */
    wait_threads(threads);
}

static void test_threads_not_granted(void **state)
{
    (void)state;
    struct plugin p;
    plugin_open(&p, counter_path, 0, 0);
    plugin_start(&p);
    assert_int_equal(call(&p, "spawn_errno", NULL, 0), 6);
    assert_non_null(strstr(last_log, "capability threads"));
    plugin_close(&p);
}

static void test_missing_thread_entry(void **state)
{
    (void)state;
    struct plugin p;
    plugin_open(&p, no_entry_path, WAX_CAP_THREADS, 0);
    plugin_start(&p);
    assert_int_equal(call(&p, "spawn_errno", NULL, 0), 76);
    assert_non_null(strstr(last_log, "wasi_thread_start"));
    assert_int_equal((int32_t)call(&p, "spawn_old_errno", NULL, 0), -76);
    plugin_close(&p);
}

static void test_exit_from_thread_ends_the_process(void **state)
{
    (void)state;
    unsigned threads = count_entries("/proc/self/task");
    struct plugin p;
    plugin_open(&p, counter_path, WAX_CAP_THREADS, 0);
    plugin_start(&p);
    wax_error *error = NULL;
    assert_int_equal(wax_env_call(p.env, "exit_from_thread", NULL, 0, NULL, 0, &error), WAX_EXIT);
    assert_int_equal(wax_error_exit_code(error), 42);
    wax_error_free(error);
    plugin_close(&p);
    wait_threads(threads);
}

static void expect_thread_fails(const char *func, const char *log)
{
    struct plugin p;
    plugin_open(&p, counter_path, WAX_CAP_THREADS, 0);
    plugin_start(&p);
    wax_error *error = NULL;
    assert_int_equal(wax_env_call(p.env, func, NULL, 0, NULL, 0, &error), WAX_EXIT);
    assert_int_equal(wax_error_exit_code(error), 134);
    assert_non_null(strstr(last_log, log));
    wax_error_free(error);
    plugin_close(&p);
}

static void test_trap_in_thread_ends_the_process(void **state)
{
    (void)state;
    expect_thread_fails("trap_in_thread", "thread 2: unreachable");
}

static void test_exception_in_thread_ends_the_process(void **state)
{
    (void)state;
    expect_thread_fails("throw_in_thread", "thread 2: uncaught exception (i32 7)");
}

static void test_futex(void **state)
{
    (void)state;
    struct plugin p;
    plugin_open(&p, counter_path, WAX_CAP_THREADS, 0);
    plugin_start(&p);
    assert_int_equal(call(&p, "futex_timeout", NULL, 0), 0);
    assert_int_equal(call(&p, "futex_nobody", NULL, 0), 0);
    plugin_close(&p);
}

/* -------- cancellation -------- */

struct canceller {
    wax_env *env;
    uint64_t delay_ns;
    uint64_t cancelled_at; /* read after joining */
};

static uint64_t now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void *cancel_later(void *arg)
{
    struct canceller *c = arg;
    struct timespec ts = {0, (long)c->delay_ns};
    (void)nanosleep(&ts, NULL);
    c->cancelled_at = now_ns();
    wax_env_cancel(c->env);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t cancel_once(wax_module *module, wax_builder *builder, const char *name,
                            size_t n_results)
{
    wax_env *env = NULL;
    wax_error *error = NULL;
    wax_value result;
    assert_int_equal(wax_builder_instantiate(builder, module, &env, NULL), WAX_OK);
    struct canceller c = {env, 1000000, 0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
    wax_status st = wax_env_call(env, name, NULL, 0, &result, n_results, &error);
    uint64_t end = now_ns();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(st, WAX_E_CANCELLED);
    wax_error_free(error);
    error = NULL; /* R19 */
    assert_int_equal(wax_env_call(env, name, NULL, 0, &result, n_results, &error), WAX_E_POISONED);
    wax_error_free(error);
    wax_env_free(env);
    return end > c.cancelled_at ? end - c.cancelled_at : 0;
}

static void cancel_many(const char *name, size_t n_results)
{
    int tries = getenv("WAXWING_CANCEL_TRIES") ? atoi(getenv("WAXWING_CANCEL_TRIES")) : 100;
    uint64_t took[1000];
    assert_in_range(tries, 1, 1000);
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    struct plugin p;
    plugin_open(&p, counter_path, WAX_CAP_THREADS, 0);
    assert_int_equal(wax_builder_stdio_fd(p.builder, WAX_STDIN, pipe_fds[0], NULL), WAX_OK);
    int within = 0;
    for (int i = 0; i < tries; i++) {
        took[i] = cancel_once(p.module, p.builder, name, n_results);
        within += took[i] <= 10000000;
    }
    plugin_close(&p);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    qsort(took, (size_t)tries, sizeof *took, by_value);
    printf("# cancel in %s: median %.3f ms, max %.3f ms, %d of %d within 10 ms\n", name,
           (double)took[tries / 2] / 1e6, (double)took[tries - 1] / 1e6, within, tries);
    assert_true(took[tries - 1] < 1000000000u);
}

static void test_cancel_tight_loop(void **state)
{
    (void)state;
    cancel_many("spin", 0);
}
static void test_cancel_atomic_wait(void **state)
{
    (void)state;
    cancel_many("wait", 0);
}
static void test_cancel_sleep(void **state)
{
    (void)state;
    cancel_many("sleep", 0);
}
static void test_cancel_pipe_read(void **state)
{
    (void)state;
    cancel_many("read", 1);
}

static void test_timeout_stops_a_loop(void **state)
{
    (void)state;
    struct plugin p;
    plugin_open(&p, counter_path, 0, 0);
    plugin_start(&p);
    wax_store_set_timeout(wax_env_store(p.env), 20000000);
    wax_error *error = NULL;
    assert_int_equal(wax_env_call(p.env, "spin", NULL, 0, NULL, 0, &error), WAX_E_TIMEOUT);
    assert_true(wax_error_n_frames(error) >= 1);
    assert_string_equal(wax_error_frame(error, 0)->func_name, "spin");
    wax_error_free(error);
    plugin_close(&p);
}

static void *nothing(void *arg) { return arg; }

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 64;
    }
    counter_path = argv[1];
    no_entry_path = argv[2];
    pthread_t first; /* sanitizers start a thread of their own with the first of the process */
    if (pthread_create(&first, NULL, nothing, NULL) != 0 || pthread_join(first, NULL) != 0) {
        return 71;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_count_to_a_million),
        cmocka_unit_test(test_threads_come_and_go),
        cmocka_unit_test(test_thread_limit_is_exact),
        cmocka_unit_test(test_threads_not_granted),
        cmocka_unit_test(test_missing_thread_entry),
        cmocka_unit_test(test_exit_from_thread_ends_the_process),
        cmocka_unit_test(test_trap_in_thread_ends_the_process),
        cmocka_unit_test(test_exception_in_thread_ends_the_process),
        cmocka_unit_test(test_futex),
        cmocka_unit_test(test_cancel_tight_loop),
        cmocka_unit_test(test_cancel_atomic_wait),
        cmocka_unit_test(test_cancel_sleep),
        cmocka_unit_test(test_cancel_pipe_read),
        cmocka_unit_test(test_timeout_stops_a_loop),
    };
    return cmocka_run_group_tests_name("wasix", tests, NULL, NULL);
}
