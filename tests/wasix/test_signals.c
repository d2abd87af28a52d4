/* SPDX-License-Identifier: Apache-2.0 */
/* wax_env_signal(): default actions, handlers, from another thread and from a signal handler. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

static const char *path;

struct guest {
    wax_engine *engine;
    wax_module *module;
    wax_builder *builder;
    wax_env *env;
    const char *func; /* NULL: _start */
    pthread_t thread;
    wax_status status;
    int32_t code, result;
    uint32_t stops; /* atomic */
    size_t seen;    /* of its output */
};

static void count_stop(void *data) { __atomic_fetch_add((uint32_t *)data, 1, __ATOMIC_SEQ_CST); }

static void guest_open(struct guest *g, const char *tier, const char *func)
{
    memset(g, 0, sizeof *g);
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.tier = tier;
    g->func = func;
    assert_int_equal(wax_engine_new(&o, &g->engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_file(g->engine, path, &g->module, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(g->engine, "guest", &g->builder, NULL), WAX_OK);
    wax_builder_grant(g->builder, WAX_CAP_THREADS);
    assert_int_equal(wax_builder_stdio_buffer(g->builder, WAX_STDOUT, 0, NULL), WAX_OK);
    assert_int_equal(wax_builder_on_stop(g->builder, count_stop, &g->stops, NULL), WAX_OK);
    assert_int_equal(wax_builder_instantiate(g->builder, g->module, &g->env, NULL), WAX_OK);
}

static void *run(void *data)
{
    struct guest *g = data;
    wax_error *error = NULL;
    wax_value result = WAX_INIT_I32(0);
    if (!g->func) {
        g->status = wax_env_run(g->env, &g->code, &error);
    } else {
        bool tells = strcmp(g->func, "tell") == 0;
        g->status = wax_env_call(g->env, g->func, NULL, 0, &result, tells, &error);
        g->code = g->status == WAX_EXIT ? wax_error_exit_code(error) : 0;
        g->result = result.of.i32;
    }
    wax_error_free(error);
    return NULL;
}

/* Until it has written so much, again and again. */
static void until(struct guest *g, const char *text)
{
    for (int i = 0; i < 20000; i++) {
        char *bytes;
        size_t len;
        assert_int_equal(wax_env_output(g->env, WAX_STDOUT, &bytes, &len, NULL), WAX_OK);
        char *at = strstr(bytes + g->seen, text);
        g->seen = at ? (size_t)(at - bytes) + strlen(text) : g->seen;
        free(bytes);
        if (at) {
            return;
        }
        (void)usleep(1000);
    }
    fail_msg("the guest did not say '%s'", text);
}

static void start(struct guest *g)
{
    assert_int_equal(pthread_create(&g->thread, NULL, run, g), 0);
    until(g, "ready\n");
}

static void guest_close(struct guest *g)
{
    wax_env_free(g->env);
    wax_builder_free(g->builder);
    wax_module_free(g->module);
    wax_engine_free(g->engine);
}

static void test_default_action_ends(void **state)
{
    static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGKILL, SIGUSR1};
    static const char *const funcs[] = {"loop", "nap", NULL};
    for (size_t f = 0; f < 3; f++) {
        for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
            struct guest g;
            guest_open(&g, *state, funcs[f]);
            start(&g);
            assert_int_equal(wax_env_exit_signal(g.env), 0);
            assert_int_equal(wax_env_signal(g.env, fatal[i]), 1);
            assert_int_equal(pthread_join(g.thread, NULL), 0);
            assert_int_equal(g.status, funcs[f] ? WAX_EXIT : WAX_OK);
            assert_int_equal(g.code, 128 + fatal[i]);
            assert_int_equal(wax_env_exit_signal(g.env), fatal[i]);
            guest_close(&g);
        }
    }
}

static void test_default_action_ignores(void **state)
{
    static const int ignored[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
    struct guest g;
    guest_open(&g, *state, "loop");
    start(&g);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(wax_env_signal(g.env, ignored[i]), 1);
    }
    (void)usleep(20000);
    assert_int_equal(wax_env_exit_signal(g.env), 0);
    assert_int_equal(wax_env_signal(g.env, SIGTERM), 1);
    assert_int_equal(pthread_join(g.thread, NULL), 0);
    assert_int_equal(g.code, 128 + SIGTERM);
    guest_close(&g);
}

static uint64_t cpu_ns(pthread_t thread)
{
    clockid_t clock;
    struct timespec ts;
    assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
    assert_int_equal(clock_gettime(clock, &ts), 0);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void wait_stops(struct guest *g, uint32_t n)
{
    for (int i = 0; i < 20000 && __atomic_load_n(&g->stops, __ATOMIC_SEQ_CST) < n; i++) {
        (void)usleep(1000);
    }
    assert_int_equal(__atomic_load_n(&g->stops, __ATOMIC_SEQ_CST), n);
}

static void test_stop_and_continue(void **state)
{
    static const int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
    struct guest g;
    guest_open(&g, *state, "loop");
    start(&g);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(wax_env_signal(g.env, stops[i]), 1);
        wait_stops(&g, i + 1);
        (void)usleep(2000); /* on its way into the wait */
        uint64_t before = cpu_ns(g.thread);
        (void)usleep(50000);
        assert_in_range(cpu_ns(g.thread) - before, 0, 10000000);
        assert_int_equal(wax_env_signal(g.env, SIGCONT), 1);
        before = cpu_ns(g.thread);
        for (int k = 0; k < 20000 && cpu_ns(g.thread) - before < 20000000; k++) {
            (void)usleep(1000);
        }
        assert_true(cpu_ns(g.thread) - before >= 20000000); /* it runs again */
    }
    assert_int_equal(wax_env_signal(g.env, SIGSTOP), 1);
    wait_stops(&g, 5);
    assert_int_equal(wax_env_signal(g.env, SIGKILL), 1); /* ends it where it stands */
    assert_int_equal(pthread_join(g.thread, NULL), 0);
    assert_int_equal(g.code, 128 + SIGKILL);
    guest_close(&g);
}

static wax_env *handled_env;

static void pass_on(int sig)
{
    (void)sig;
    (void)wax_env_signal(handled_env, SIGUSR2);
}

static void test_handler(void **state)
{
    struct guest g;
    guest_open(&g, *state, "tell");
    start(&g);
    assert_int_equal(wax_env_signal(g.env, SIGINT), 1);
    until(&g, "got 2\n");
    assert_int_equal(wax_env_signal(g.env, SIGTSTP), 1); /* is its own affair */
    until(&g, "got 20\n");
    struct sigaction act = {.sa_handler = pass_on, .sa_flags = SA_ONSTACK}, old;
    (void)sigemptyset(&act.sa_mask);
    handled_env = g.env;
    assert_int_equal(sigaction(SIGUSR1, &act, &old), 0);
    assert_int_equal(pthread_kill(g.thread, SIGUSR1), 0); /* in the very thread that waits */
    until(&g, "got 12\n");
    assert_int_equal(raise(SIGUSR1), 0);
    until(&g, "got 12\n");
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
    assert_int_equal(wax_env_signal(g.env, SIGTERM), 1);
    assert_int_equal(pthread_join(g.thread, NULL), 0);
    assert_int_equal(g.status, WAX_OK);
    assert_int_equal(g.result, 5);
    assert_int_equal(wax_env_exit_signal(g.env), 0);
    guest_close(&g);
}

/* While no code of the guest runs a signal waits, once for each number. */
static void test_between_calls(void **state)
{
    struct guest g;
    guest_open(&g, *state, "loop");
    assert_int_equal(wax_env_signal(g.env, SIGTERM), 1);
    assert_int_equal(wax_env_signal(g.env, SIGTERM), 0);
    (void)run(&g);
    assert_int_equal(g.status, WAX_EXIT);
    assert_int_equal(g.code, 128 + SIGTERM);
    guest_close(&g);
}

static void test_no_such_signal(void **state)
{
    struct guest g;
    guest_open(&g, *state, "loop");
    assert_int_equal(wax_env_signal(g.env, 0), -1);
    assert_int_equal(wax_env_signal(g.env, 32), -1);
    assert_int_equal(wax_env_signal(g.env, -1), -1);
    assert_int_equal(wax_env_signal(NULL, SIGINT), -1);
    assert_int_equal(wax_env_exit_signal(NULL), 0);
    assert_int_equal(wax_builder_on_stop(NULL, NULL, NULL, NULL), WAX_E_INVALID);
    guest_close(&g);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 64;
    }
    path = argv[2];
    void *tier = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_default_action_ends, tier),
        cmocka_unit_test_prestate(test_default_action_ignores, tier),
        cmocka_unit_test_prestate(test_stop_and_continue, tier),
        cmocka_unit_test_prestate(test_handler, tier),
        cmocka_unit_test_prestate(test_between_calls, tier),
        cmocka_unit_test_prestate(test_no_such_signal, tier),
    };
    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
