/* SPDX-License-Identifier: Apache-2.0 */
/* Every family of calls in 1, 2 and 64 threads, to the end and ended anywhere: nothing is left. */
/*
 * argv: TIER SOAK.WASM SOAK_FORKS.WASM, the same with processes. WAXWING_SOAK: percent of the
 * rounds, for slow builds.
 *
 * What a run may leave behind is looked for after it: descriptors, threads and bytes of the engine
 * are what they were before.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
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

#define SECOND UINT64_C(1000000000)

static wax_engine *engine;
static wax_module *modules[2]; /* the one that forks last */
static unsigned percent = 100, own_tasks;

/* -------- what there is -------- */

struct counts {
    unsigned fds, tasks;
    uint64_t bytes;
};

/* A thread that nobody joins is gone some time after it was the last to touch anything of ours. */
static struct counts count(void)
{
    struct counts now = {.tasks = count_entries("/proc/self/task")};
    for (int i = 0; i < 2000 && now.tasks > own_tasks; i++) {
        (void)usleep(1000);
        now.tasks = count_entries("/proc/self/task");
    }
    now.fds = count_entries("/proc/self/fd");
    now.bytes = wax_engine_allocated(engine);
    return now;
}

static void assert_nothing_left(const struct counts *before, const char *what)
{
    const struct counts now = count();
    if (now.fds != before->fds || now.tasks != before->tasks || now.bytes != before->bytes) {
        fail_msg("%s: descriptors %u, now %u; threads %u, now %u; bytes %llu, now %llu", what,
                 before->fds, now.fds, before->tasks, now.tasks, (unsigned long long)before->bytes,
                 (unsigned long long)now.bytes);
    }
}

static uint64_t now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

/* -------- to the end -------- */

static wax_env *make(const char *const *args, size_t n)
{
    wax_builder *builder;
    wax_env *env = NULL;
    wax_error *error = NULL;
    assert_int_equal(wax_builder_new(engine, "soak", &builder, NULL), WAX_OK);
    wax_builder_grant(builder, WAX_CAP_THREADS | WAX_CAP_PROCESSES);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(wax_builder_arg(builder, args[i], NULL), WAX_OK);
    }
    assert_int_equal(wax_builder_inherit_stdio(builder, NULL), WAX_OK);
    assert_int_equal(wax_builder_tmpfs(builder, "/tmp", 0, 0, NULL), WAX_OK);
    assert_int_equal(wax_builder_net(builder, "loopback", NULL), WAX_OK);
    wax_module *module = modules[strcmp(args[0], "forks") == 0];
    if (wax_builder_instantiate(builder, module, &env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
    wax_builder_free(builder);
    return env;
}

static void run_once(const char *family, unsigned threads, unsigned rounds)
{
    char n_threads[12], n_rounds[12];
    int32_t code = -1;
    wax_error *error = NULL;
    (void)snprintf(n_threads, sizeof n_threads, "%u", threads);
    (void)snprintf(n_rounds, sizeof n_rounds, "%u", rounds);
    wax_env *env = make((const char *const[]){family, n_threads, n_rounds}, 3);
    if (wax_env_run(env, &code, &error) != WAX_OK || code != 0) {
        fail_msg("%s, %u threads: code %d, %s", family, threads, code,
                 error ? wax_error_message(error) : "no error");
    }
    wax_env_free(env);
}

struct soak {
    const char *family;
    unsigned rounds[3]; /* of each of 1, 2 and 64 threads */
};

static const struct soak soaks[] = {
    {"threads", {10000, 1000, 30}}, {"futexes", {20000, 5000, 20}}, {"clocks", {500, 500, 50}},
    {"files", {1000, 500, 20}},     {"pipes", {2000, 1000, 40}},    {"rings", {20000, 5000, 100}},
    {"sockets", {200, 100, 5}},     {"polls", {1000, 500, 20}},     {"signals", {500, 500, 20}},
    {"forks", {1000, 100, 2}},
};
#define N_SOAKS (sizeof soaks / sizeof soaks[0])

static void test_family(void **state)
{
    static const unsigned threads[3] = {1, 2, 64};
    const struct soak *s = *state;
    run_once(s->family, 2, 3); /* what is made once, code too, is made now */
    struct counts before = count();
    for (int i = 0; i < 3; i++) {
        unsigned rounds = s->rounds[i] * percent / 100;
        uint64_t begun = now_ns();
        run_once(s->family, threads[i], rounds ? rounds : 1);
        printf("# %s, %u threads, %u rounds: %.0f ms\n", s->family, threads[i], rounds,
               (double)(now_ns() - begun) / 1e6);
        assert_nothing_left(&before, s->family);
    }
}

/* -------- ended anywhere -------- */

enum way { CANCEL, DEADLINE, KILLED, EXITS, TRAPS, N_WAYS };
static const char *const ways[N_WAYS] = {"cancel", "deadline", "SIGKILL", "exit", "trap"};

struct killer {
    wax_env *env;
    enum way way;
    uint64_t after_ns, began_ns;
    int sent;
};

static void *kill_later(void *arg)
{
    struct killer *k = arg;
    const struct timespec ts = {0, (long)k->after_ns};
    (void)nanosleep(&ts, NULL);
    k->began_ns = now_ns();
    if (k->way == CANCEL) {
        wax_env_cancel(k->env);
    } else {
        k->sent = wax_env_signal(k->env, SIGKILL);
    }
    return NULL;
}

static void assert_end(const char *family, enum way way, wax_status st, int32_t code,
                       const wax_error *error)
{
    static const wax_status status[N_WAYS] = {WAX_E_CANCELLED, WAX_E_TIMEOUT, WAX_OK, WAX_OK,
                                              WAX_TRAP};
    static const int32_t codes[N_WAYS] = {[KILLED] = 128 + SIGKILL, [EXITS] = 7};
    if (st != status[way] || (st == WAX_OK && code != codes[way])) {
        fail_msg("%s, %s: status %d, code %d, %s", family, ways[way], (int)st, (int)code,
                 error ? wax_error_message(error) : "no error");
    }
}

/* @return how long it took to be over */
static uint64_t end_once(const char *family, unsigned threads, enum way way, uint64_t after_ns)
{
    char n_threads[12], us[24];
    int32_t code = -1;
    wax_error *error = NULL;
    pthread_t thread;
    bool outside = way == CANCEL || way == KILLED;
    (void)snprintf(n_threads, sizeof n_threads, "%u", threads);
    (void)snprintf(us, sizeof us, "%llu", (unsigned long long)(after_ns / 1000));
    wax_env *env = make((const char *const[]){family, n_threads, "0", ways[way], us},
                        way == EXITS || way == TRAPS ? 5 : 3);
    struct killer k = {env, way, after_ns, now_ns() + after_ns, 1};
    if (way == DEADLINE) {
        wax_store_set_timeout(wax_env_store(env), after_ns);
    }
    if (outside) {
        assert_int_equal(pthread_create(&thread, NULL, kill_later, &k), 0);
    }
    wax_status st = wax_env_run(env, &code, &error);
    if (outside) {
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(k.sent, 1);
    assert_end(family, way, st, code, error);
    wax_error_free(error);
    wax_env_free(env); /* the others */
    uint64_t over = now_ns();
    return over > k.began_ns ? over - k.began_ns : 0;
}

static uint64_t random_below(uint64_t n)
{
    static uint64_t x = 88172645463325252; /* the same each time */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x % n;
}

static void test_ends(void **state)
{
    static const unsigned threads[] = {1, 2, 8, 64};
    const struct soak *s = *state;
    unsigned times = percent == 100 ? 4 : 1;
    uint64_t longest = 0;
    run_once(s->family, 2, 3);
    (void)end_once(s->family, 1, EXITS, 1000);
    (void)end_once(s->family, 1, TRAPS, 1000);
    struct counts before = count();
    for (unsigned i = 0; i < times * N_WAYS; i++) {
        enum way way = (enum way)(i % N_WAYS);
        unsigned n = threads[random_below(4)];
        uint64_t took = end_once(s->family, n, way, 1000 + random_below(8000000));
        longest = took > longest ? took : longest;
        assert_nothing_left(&before, ways[way]);
    }
    printf("# %s: ended %u times, %.1f ms at most\n", s->family, times * N_WAYS,
           (double)longest / 1e6);
    assert_true(longest < 10 * SECOND); /* no hang, on a busy machine */
}

/* -------- */

static void open_engine(const char *tier, char **paths)
{
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.tier = tier;
    bool ok = wax_engine_new(&o, &engine, NULL) == WAX_OK;
    for (int i = 0; i < 2 && ok; i++) {
        ok = wax_module_from_file(engine, paths[i], &modules[i], NULL) == WAX_OK;
    }
    if (!ok) {
        (void)fprintf(stderr, "cannot load '%s' and '%s'\n", paths[0], paths[1]);
        exit(66);
    }
}

static void *nothing(void *arg) { return arg; }

int main(int argc, char **argv)
{
    struct CMUnitTest tests[2 * N_SOAKS];
    char names[2 * N_SOAKS][64];
    if (argc < 4) {
        return 64;
    }
    const char *p = getenv("WAXWING_SOAK");
    pthread_t first; /* sanitizers start a thread of their own with the first of the process */
    if (pthread_create(&first, NULL, nothing, NULL) != 0 || pthread_join(first, NULL) != 0) {
        return 71;
    }
    own_tasks = count_entries("/proc/self/task");
    percent = p ? (unsigned)strtoul(p, NULL, 10) : 100;
    open_engine(argv[1], argv + 2);
    for (size_t i = 0; i < 2 * N_SOAKS; i++) {
        const struct soak *s = &soaks[i % N_SOAKS];
        (void)snprintf(names[i], sizeof names[i], "test_%s_%s", i < N_SOAKS ? "family" : "ends",
                       s->family);
        tests[i] = (struct CMUnitTest){.name = names[i],
                                       .test_func = i < N_SOAKS ? test_family : test_ends,
                                       .initial_state = (void *)(uintptr_t)s};
    }
    int failed = cmocka_run_group_tests_name("soak", tests, NULL, NULL);
    wax_module_free(modules[0]);
    wax_module_free(modules[1]);
    wax_engine_free(engine);
    return failed;
}
