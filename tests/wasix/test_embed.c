/* SPDX-License-Identifier: Apache-2.0 */
/* Embedding: host functions on guest threads, stops and deadlines in odd places, misuse. */
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
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "support/sanitized.h"

static const char *hosts_path, *counter_path;
static char last_log[512];

static void keep_log(void *data, int32_t level, const char *area, const char *message)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guest threads log, too */
    (void)data, (void)level, (void)area;
    (void)pthread_mutex_lock(&lock);
    (void)snprintf(last_log, sizeof last_log, "%s", message);
    (void)pthread_mutex_unlock(&lock);
}

static wax_engine *engine_new(int32_t signals, int64_t fail_alloc_at)
{
    wax_engine_options o;
    wax_engine *engine = NULL;
    wax_engine_options_init(&o);
    o.log = fail_alloc_at ? NULL : keep_log;
    o.signals = signals;
    o.fail_alloc_at = fail_alloc_at;
    return wax_engine_new(&o, &engine, NULL) == WAX_OK ? engine : NULL;
}

#define NAME(S) ((wax_name){(S), sizeof(S) - 1})
static const wax_valtype one_i32[1] = {WAX_I32};
static const wax_functype i32_to_i32 = {1, 1, one_i32, one_i32};

/* (func (export "loop") (loop br 0)) (func (export "one") (result i32) i32.const 1) */
static const uint8_t loop_module[] = "\0asm\1\0\0\0"
                                     "\1\10\2\140\0\0\140\0\1\177"
                                     "\3\3\2\0\1"
                                     "\7\16\2\4loop\0\0\3one\0\1"
                                     "\12\16\2\7\0\3\100\14\0\13\13\4\0\101\1\13";

static wax_instance *instantiate(wax_engine *engine, wax_store *store, wax_linker *linker,
                                 const uint8_t *bytes, size_t len)
{
    wax_module *module = NULL;
    wax_instance *instance = NULL;
    wax_error *error = NULL;
    if (wax_module_from_bytes(engine, bytes, len, &module, &error) != WAX_OK ||
        wax_linker_instantiate(linker, store, module, &instance, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
    wax_module_free(module);
    return instance;
}
#define INSTANTIATE(E, S, L, BYTES) instantiate((E), (S), (L), (BYTES), sizeof(BYTES) - 1)

static wax_status call_name(wax_instance *instance, const char *name, wax_value *result)
{
    wax_func *func = NULL;
    assert_int_equal(wax_instance_func(instance, name, &func, NULL), WAX_OK);
    return wax_call(func, NULL, 0, result, result ? 1 : 0, NULL);
}

/* -------- host functions on guest threads -------- */

static wax_status host_add(void *data, wax_memory *memory, const wax_value *args,
                           wax_value *results, wax_error **err)
{
    (void)err;
    if (!memory) {
        return WAX_E_INTERNAL;
    }
    results[0].of.i32 =
        (int32_t)__atomic_add_fetch((uint32_t *)data, (uint32_t)args[0].of.i32, __ATOMIC_RELAXED);
    return WAX_OK;
}

/* Calls the guest again on the thread it came from. */
static wax_status host_back(void *data, wax_memory *memory, const wax_value *args,
                            wax_value *results, wax_error **err)
{
    (void)data, (void)memory;
    wax_instance *instance = wax_calling_instance();
    int32_t n = args[0].of.i32;
    wax_func *func = NULL;
    if (n == 7777) {
        (void)call_name(instance, "exit7", &results[0]); /* and says nothing of it */
        return WAX_OK;
    }
    wax_status st = wax_instance_func(instance, n > 10000 ? "deep" : "callee", &func, err);
    if (st != WAX_OK) {
        return st;
    }
    wax_value arg = WAX_INIT_I32(n > 10000 ? n - 1 : n);
    return wax_call(func, &arg, 1, results, 1, err);
}

struct plugin {
    wax_engine *engine;
    wax_module *module;
    wax_linker *linker;
    wax_store *store;
    wax_builder *builder;
    wax_env *env;
    uint32_t sum;
};

/* With functions for all threads, or with objects of the main store. */
static void plugin_open(struct plugin *p, bool for_all)
{
    memset(p, 0, sizeof *p);
    wax_error *error = NULL;
    p->engine = engine_new(WAX_SIGNALS_OWN, 0);
    assert_non_null(p->engine);
    assert_int_equal(wax_module_from_file(p->engine, hosts_path, &p->module, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(p->engine, &p->linker, NULL), WAX_OK);
    assert_int_equal(wax_store_new(p->engine, &p->store, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(p->engine, "hosts", &p->builder, NULL), WAX_OK);
    static const struct {
        const char *name;
        wax_host_fn fn;
    } funcs[] = {{"add", host_add}, {"back", host_back}};
    for (size_t i = 0; i < 2; i++) {
        wax_name name = {funcs[i].name, strlen(funcs[i].name)};
        wax_extern ext = {.kind = WAX_EXTERN_FUNC};
        if (for_all) {
            assert_int_equal(wax_linker_define_func(p->linker, NAME("env"), name, &i32_to_i32,
                                                    funcs[i].fn, &p->sum, NULL),
                             WAX_OK);
        } else {
            assert_int_equal(
                wax_func_new(p->store, &i32_to_i32, funcs[i].fn, &p->sum, &ext.of.func, NULL),
                WAX_OK);
            assert_int_equal(wax_linker_define(p->linker, NAME("env"), name, &ext, NULL), WAX_OK);
        }
    }
    wax_builder_grant(p->builder, WAX_CAP_THREADS);
    wax_builder_linker(p->builder, p->linker);
    wax_builder_store(p->builder, p->store);
    if (wax_builder_instantiate(p->builder, p->module, &p->env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
}

static void plugin_close(struct plugin *p)
{
    wax_env_free(p->env);
    wax_builder_free(p->builder);
    wax_linker_free(p->linker);
    wax_store_free(p->store);
    wax_module_free(p->module);
    wax_engine_free(p->engine);
}

static void test_host_functions_on_threads(void **state)
{
    (void)state;
    struct plugin p;
    wax_value result;
    wax_error *error = NULL;
    plugin_open(&p, true);
    if (wax_env_call(p.env, "run", NULL, 0, &result, 1, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
    assert_int_equal(result.of.i32, 16);
    assert_int_equal(p.sum, 16 * 200);
    assert_null(wax_calling_instance());
    plugin_close(&p);
}

static void test_host_objects_are_the_main_threads(void **state)
{
    (void)state;
    struct plugin p;
    wax_value result;
    plugin_open(&p, false);
    assert_int_equal(wax_env_call(p.env, "run", NULL, 0, &result, 1, NULL), WAX_OK);
    assert_int_equal(result.of.i32, 0);
    assert_non_null(strstr(last_log, "'env.add' belongs to the main thread only"));
    plugin_close(&p);
}

/* -------- ends below host functions -------- */

static void test_exit_below_a_host_function(void **state)
{
    (void)state;
    struct plugin p;
    wax_value result;
    wax_error *error = NULL;
    plugin_open(&p, true);
    wax_store_set_timeout(p.store, 2000000000);
    assert_int_equal(wax_env_call(p.env, "exit_below", NULL, 0, &result, 1, &error), WAX_EXIT);
    assert_int_equal(wax_error_exit_code(error), 7);
    wax_error_free(error);
    plugin_close(&p);
}

static wax_status pass_on_exit(void *data, wax_memory *memory, const wax_value *args,
                               wax_value *results, wax_error **err)
{
    (void)data, (void)memory, (void)args;
    wax_func *func = NULL;
    wax_status st = wax_instance_func(wax_calling_instance(), "exit7", &func, err);
    return st == WAX_OK ? wax_call(func, NULL, 0, results, 1, err) : st;
}

static void test_host_function_passes_an_exit_on(void **state)
{
    (void)state;
    struct plugin p;
    wax_value result, arg = WAX_INIT_I32(10001);
    wax_error *error = NULL;
    plugin_open(&p, true);
    wax_env_free(p.env);
    p.env = NULL;
    assert_int_equal(wax_linker_define_func(p.linker, NAME("env"), NAME("back"), &i32_to_i32,
                                            pass_on_exit, NULL, NULL),
                     WAX_OK);
    assert_int_equal(wax_builder_instantiate(p.builder, p.module, &p.env, NULL), WAX_OK);
    assert_int_equal(wax_env_call(p.env, "deep", &arg, 1, &result, 1, &error), WAX_EXIT);
    assert_int_equal(wax_error_exit_code(error), 7);
    wax_error_free(error);
    plugin_close(&p);
}

/* The store is the embedder's: a guest process that ended in it leaves it as it was. */
static void test_store_outlives_the_process(void **state)
{
    (void)state;
    struct plugin p;
    wax_value result;
    plugin_open(&p, true);
    wax_instance *other = INSTANTIATE(p.engine, p.store, p.linker, loop_module);
    assert_int_equal(wax_env_call(p.env, "exit7", NULL, 0, &result, 1, NULL), WAX_EXIT);
    wax_env_free(p.env);
    p.env = NULL;
    assert_int_equal(call_name(other, "one", &result), WAX_OK);
    assert_int_equal(result.of.i32, 1);
    plugin_close(&p);
}

/* -------- deadlines -------- */

struct looper {
    wax_instance *instance;
    wax_status status;
};

static void *loop_with_blocked_signals(void *arg)
{
    struct looper *l = arg;
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, NULL);
    l->status = call_name(l->instance, "loop", NULL);
    return NULL;
}

static void test_deadline_on_a_thread_with_blocked_signals(void **state)
{
    (void)state;
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
    wax_store *store;
    wax_linker *linker;
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    struct looper l = {INSTANTIATE(engine, store, linker, loop_module), WAX_OK};
    wax_store_set_timeout(store, 20000000);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, loop_with_blocked_signals, &l), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(l.status, WAX_E_TIMEOUT);
    wax_linker_free(linker);
    wax_store_free(store);
    wax_engine_free(engine);
}

static wax_status nap(void *data, wax_memory *memory, const wax_value *args, wax_value *results,
                      wax_error **err)
{
    (void)data, (void)memory, (void)args, (void)results, (void)err;
    struct timespec rest = {0, 100000000};
    while (nanosleep(&rest, &rest) != 0) {
    }
    return WAX_OK;
}

/* Enters another store, where the deadline of the first passes; then loops. */
static wax_status nap_elsewhere(void *data, wax_memory *memory, const wax_value *args,
                                wax_value *results, wax_error **err)
{
    (void)memory, (void)args, (void)results;
    wax_status st = wax_call(data, NULL, 0, NULL, 0, err);
    return st == WAX_OK ? call_name(wax_calling_instance(), "loop", NULL) : st;
}

static void test_deadline_passes_in_another_store(void **state)
{
    (void)state;
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
    wax_store *stores[2];
    wax_linker *linker;
    wax_func *inner;
    static const wax_functype none = {0, 0, NULL, NULL};
    assert_int_equal(wax_store_new(engine, &stores[0], NULL), WAX_OK);
    assert_int_equal(wax_store_new(engine, &stores[1], NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    assert_int_equal(wax_func_new(stores[1], &none, nap, NULL, &inner, NULL), WAX_OK);
    assert_int_equal(
        wax_linker_define_func(linker, NAME("m"), NAME("f"), &none, nap_elsewhere, inner, NULL),
        WAX_OK);
    /* (import "m" "f") (func (export "loop") (loop br 0)) (func (export "go") call 0) */
    static const uint8_t bytes[] = "\0asm\1\0\0\0"
                                   "\1\4\1\140\0\0"
                                   "\2\7\1\1m\1f\0\0"
                                   "\3\3\2\0\0"
                                   "\7\15\2\4loop\0\1\2go\0\2"
                                   "\12\16\2\7\0\3\100\14\0\13\13\4\0\20\0\13";
    wax_instance *instance = INSTANTIATE(engine, stores[0], linker, bytes);
    wax_store_set_timeout(stores[0], 20000000);
    assert_int_equal(call_name(instance, "go", NULL), WAX_E_TIMEOUT);
    wax_linker_free(linker);
    wax_store_free(stores[0]);
    wax_store_free(stores[1]);
    wax_engine_free(engine);
}

static void test_deadline_without_signals_is_refused(void **state)
{
    (void)state;
    wax_engine *engine = engine_new(WAX_SIGNALS_NONE, 0);
    wax_store *store;
    wax_linker *linker;
    wax_value result;
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    wax_instance *instance = INSTANTIATE(engine, store, linker, loop_module);
    wax_store_set_timeout(store, 20000000);
    assert_int_equal(call_name(instance, "one", &result), WAX_E_UNSUPPORTED);
    wax_store_set_timeout(store, 0);
    assert_int_equal(call_name(instance, "one", &result), WAX_OK);
    wax_linker_free(linker);
    wax_store_free(store);
    wax_engine_free(engine);
}

/* -------- fuel -------- */

static void test_threads_share_the_fuel(void **state)
{
    (void)state;
    wax_engine_options o;
    struct plugin p = {0};
    wax_value result;
    wax_engine_options_init(&o);
    o.fuel = 1;
    assert_int_equal(wax_engine_new(&o, &p.engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_file(p.engine, hosts_path, &p.module, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(p.engine, &p.linker, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(p.engine, "hosts", &p.builder, NULL), WAX_OK);
    assert_int_equal(wax_linker_define_func(p.linker, NAME("env"), NAME("add"), &i32_to_i32,
                                            host_add, &p.sum, NULL),
                     WAX_OK);
    assert_int_equal(wax_linker_define_func(p.linker, NAME("env"), NAME("back"), &i32_to_i32,
                                            host_back, NULL, NULL),
                     WAX_OK);
    wax_builder_grant(p.builder, WAX_CAP_THREADS);
    wax_builder_linker(p.builder, p.linker);
    assert_int_equal(wax_store_new(p.engine, &p.store, NULL), WAX_OK);
    wax_builder_store(p.builder, p.store);
    wax_store_set_fuel(p.store, 1000000);
    assert_int_equal(wax_builder_instantiate(p.builder, p.module, &p.env, NULL), WAX_OK);
    assert_int_equal(wax_env_call(p.env, "burn", NULL, 0, &result, 1, NULL), WAX_EXIT);
    /* Whatever is left is less than what was given, less the halves the others got. */
    assert_true(wax_store_fuel(wax_env_store(p.env)) <= 500000);
    plugin_close(&p);
}

/* -------- stops and threads -------- */

struct canceller {
    wax_env *env;
    long delay_ns;
};

static void *cancel_later(void *arg)
{
    const struct canceller *c = arg;
    struct timespec ts = {0, c->delay_ns};
    (void)nanosleep(&ts, NULL);
    wax_env_cancel(c->env);
    return NULL;
}

static void test_cancel_while_spawning(void **state)
{
    (void)state;
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
    wax_module *module;
    wax_builder *builder;
    assert_int_equal(wax_module_from_file(engine, counter_path, &module, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(engine, "x", &builder, NULL), WAX_OK);
    wax_builder_grant(builder, WAX_CAP_THREADS);
    for (int i = 0; i < 40; i++) {
        wax_env *env;
        wax_value result, n = WAX_INIT_I32(1000000);
        assert_int_equal(wax_builder_instantiate(builder, module, &env, NULL), WAX_OK);
        struct canceller c = {env, 100000L * (i + 1)};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
        bool many = i & 1;
        wax_status st =
            wax_env_call(env, many ? "run" : "rounds", &n, many ? 0 : 1, &result, 1, NULL);
        /* refused spawns end both early: the process is ending */
        assert_true(st == WAX_E_CANCELLED || st == WAX_OK);
        if (i & 2) {
            assert_int_equal(pthread_join(thread, NULL), 0);
            wax_env_free(env);
        } else { /* the stop comes while freeing waits for the threads, or before */
            wax_env_cancel(env);
            assert_int_equal(pthread_join(thread, NULL), 0);
            wax_env_free(env);
        }
    }
    wax_builder_free(builder);
    wax_module_free(module);
    wax_engine_free(engine);
}

/* -------- start functions -------- */

static void test_start_function_may_call_wasi(void **state)
{
    (void)state;
    /* (import "wasi_snapshot_preview1" "sched_yield") (memory (export "memory") 1)
     * (func (drop (call 0))) (start 1) */
    static const uint8_t bytes[] = "\0asm\1\0\0\0"
                                   "\1\10\2\140\0\1\177\140\0\0"
                                   "\2\46\1\26wasi_snapshot_preview1\13sched_yield\0\0"
                                   "\3\2\1\1"
                                   "\5\3\1\0\1"
                                   "\7\12\1\6memory\2\0"
                                   "\10\1\1"
                                   "\12\7\1\5\0\20\0\32\13";
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
    wax_module *module;
    wax_builder *builder;
    wax_env *env = NULL;
    wax_error *error = NULL;
    assert_int_equal(wax_module_from_bytes(engine, bytes, sizeof bytes - 1, &module, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(engine, "x", &builder, NULL), WAX_OK);
    if (wax_builder_instantiate(builder, module, &env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
    wax_env_free(env);
    wax_builder_free(builder);
    wax_module_free(module);
    wax_engine_free(engine);
}

/* A memory the embedder defines is the one WASI works on. */
static void test_memory_of_the_embedder(void **state)
{
    (void)state;
    /* (import "wasi_snapshot_preview1" "random_get") (import "env" "memory" (memory 1))
     * (export "get" (func 0)) */
    static const uint8_t bytes[] = "\0asm\1\0\0\0"
                                   "\1\7\1\140\2\177\177\1\177"
                                   "\2\63\2\26wasi_snapshot_preview1\12random_get\0\0"
                                   "\3env\6memory\2\0\1"
                                   "\7\7\1\3get\0\0";
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
    wax_module *module;
    wax_builder *builder;
    wax_store *store;
    wax_linker *linker;
    wax_env *env;
    wax_value result, args[2] = {WAX_INIT_I32(64), WAX_INIT_I32(64)};
    wax_extern ext = {.kind = WAX_EXTERN_MEMORY};
    const wax_limits limits = {1, UINT64_MAX, 0, 0};
    assert_int_equal(wax_module_from_bytes(engine, bytes, sizeof bytes - 1, &module, NULL), WAX_OK);
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    assert_int_equal(wax_memory_new(store, &limits, &ext.of.memory, NULL), WAX_OK);
    assert_int_equal(wax_linker_define(linker, NAME("env"), NAME("memory"), &ext, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(engine, "x", &builder, NULL), WAX_OK);
    wax_builder_linker(builder, linker);
    wax_builder_store(builder, store);
    assert_int_equal(wax_builder_instantiate(builder, module, &env, NULL), WAX_OK);
    assert_ptr_equal(wax_env_memory(env), ext.of.memory);
    assert_int_equal(wax_env_call(env, "get", args, 2, &result, 1, NULL), WAX_OK);
    uint8_t got[64], zero[64] = {0};
    assert_int_equal(wax_memory_read(ext.of.memory, 64, got, sizeof got, NULL), WAX_OK);
    assert_memory_not_equal(got, zero, sizeof got);
    wax_env_free(env);
    wax_builder_free(builder);
    wax_linker_free(linker);
    wax_store_free(store);
    wax_module_free(module);
    wax_engine_free(engine);
}

/* A child has copies of the embedder's globals and tables, and so has its own child. */
static void test_children_have_globals_and_tables_of_their_own(void **state)
{
    (void)state;
    static const char text[] =
        "(module (type $u (func (result i32)))"
        " (import \"wasix_32v1\" \"proc_fork\" (func $fork (param i32 i32) (result i32)))"
        " (import \"wasix_32v1\" \"proc_join\" (func $join (param i32 i32 i32) (result i32)))"
        " (import \"wasix_32v1\" \"proc_exit2\" (func $exit (param i32)))"
        " (import \"env\" \"count\" (global $count (mut i32)))"
        " (import \"env\" \"count\" (global $again (mut i32)))"
        " (import \"env\" \"table\" (table $t 4 funcref))"
        " (memory (export \"memory\") 1)"
        " (func $get (result i32) (global.get $count)) (elem (i32.const 1) $get)"
        " (func $call (result i32) (call_indirect $t (type $u) (i32.const 1)))"
        " (func $is (param i32 i32)"
        "  (if (i32.ne (local.get 0) (local.get 1)) (then (call $exit (i32.const 99)))))"
        " (func $new (result i32) (call $is (call $fork (i32.const 1) (i32.const 16)) (i32.const "
        "0))"
        "  (i32.load (i32.const 16)))"
        " (func $wait (param $pid i32) (param $code i32)"
        "  (i32.store (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (local.get $pid))"
        "  (call $is (call $join (i32.const 32) (i32.const 0) (i32.const 48)) (i32.const 0))"
        "  (call $is (i32.load16_u (i32.const 50)) (local.get $code)))"
        " (func $child (local $pid i32)"
        "  (call $is (call $call) (i32.const 5))"
        "  (global.set $count (i32.const 7))"
        "  (call $is (global.get $again) (i32.const 7)) (call $is (call $call) (i32.const 7))"
        "  (table.set $t (i32.const 2) (table.get $t (i32.const 1)))"
        "  (table.set $t (i32.const 1) (ref.null func))"
        "  (local.set $pid (call $new))"
        "  (if (local.get $pid) (then (call $wait (local.get $pid) (i32.const 4))))"
        "  (global.set $again (i32.add (global.get $count) (i32.const 1)))"
        "  (call $is (call_indirect $t (type $u) (i32.const 2)) (i32.const 8))"
        "  (call $is (ref.is_null (table.get $t (i32.const 1))) (i32.const 1))"
        "  (call $exit (select (i32.const 3) (i32.const 4) (local.get $pid))))"
        " (func (export \"_start\") (local $pid i32)"
        "  (global.set $count (i32.const 5))"
        "  (local.set $pid (call $new))"
        "  (if (i32.eqz (local.get $pid)) (then (call $child)))"
        "  (call $wait (local.get $pid) (i32.const 3))"
        "  (call $is (global.get $count) (i32.const 5)) (call $is (call $call) (i32.const 5))"
        "  (call $is (ref.is_null (table.get $t (i32.const 2))) (i32.const 1))))";
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
    wax_module *module;
    wax_builder *builder;
    wax_store *store;
    wax_linker *linker;
    wax_env *env;
    int32_t code = -1;
    wax_value value = WAX_INIT_I32(0);
    wax_extern count = {.kind = WAX_EXTERN_GLOBAL}, table = {.kind = WAX_EXTERN_TABLE};
    const wax_limits limits = {4, UINT64_MAX, 0, 0};
    assert_int_equal(
        wax_module_from_bytes(engine, (const uint8_t *)text, sizeof text - 1, &module, NULL),
        WAX_OK);
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    assert_int_equal(wax_global_new(store, &value, 1, &count.of.global, NULL), WAX_OK);
    assert_int_equal(wax_table_new(store, &limits, WAX_FUNCREF, &table.of.table, NULL), WAX_OK);
    assert_int_equal(wax_linker_define(linker, NAME("env"), NAME("count"), &count, NULL), WAX_OK);
    assert_int_equal(wax_linker_define(linker, NAME("env"), NAME("table"), &table, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(engine, "x", &builder, NULL), WAX_OK);
    wax_builder_grant(builder, WAX_CAP_PROCESSES);
    wax_builder_linker(builder, linker);
    wax_builder_store(builder, store);
    assert_int_equal(wax_builder_instantiate(builder, module, &env, NULL), WAX_OK);
    assert_int_equal(wax_env_run(env, &code, NULL), WAX_OK);
    assert_int_equal(code, 0);
    wax_global_get(count.of.global, &value);
    assert_int_equal(value.of.i32, 5);
    wax_env_free(env);
    wax_builder_free(builder);
    wax_linker_free(linker);
    wax_store_free(store);
    wax_module_free(module);
    wax_engine_free(engine);
}

/* -------- objects in wrong places -------- */

static void test_references_keep_their_types(void **state)
{
    (void)state;
    /* (type (func (result i32))) (table (export "t") 1 1 (ref null 0))
     * (func (export "f") (result i32) i32.const 1)
     * (global (export "g") (mut (ref null 0)) (ref.null 0))
     * (func (export "go") (param (ref null 0)) (result i32) (call_ref 0 (local.get 0))) */
    static const uint8_t bytes[] = "\0asm\1\0\0\0"
                                   "\1\13\2\140\0\1\177\140\1\143\0\1\177"
                                   "\3\3\2\0\1"
                                   "\4\6\1\143\0\1\1\1"
                                   "\6\7\1\143\0\1\320\0\13"
                                   "\7\22\4\1t\1\0\1f\0\0\1g\3\0\2go\0\1"
                                   "\12\15\2\4\0\101\1\13\6\0\40\0\24\0\13";
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
    wax_store *stores[2];
    wax_linker *linker;
    assert_int_equal(wax_store_new(engine, &stores[0], NULL), WAX_OK);
    assert_int_equal(wax_store_new(engine, &stores[1], NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    wax_instance *here = instantiate(engine, stores[0], linker, bytes, sizeof bytes - 1);
    wax_instance *there = instantiate(engine, stores[1], linker, bytes, sizeof bytes - 1);
    wax_extern t, g;
    wax_func *f, *f_there, *go, *wrong;
    assert_int_equal(wax_instance_export(here, NAME("t"), &t, NULL), WAX_OK);
    assert_int_equal(wax_instance_export(here, NAME("g"), &g, NULL), WAX_OK);
    assert_int_equal(wax_instance_func(here, "f", &f, NULL), WAX_OK);
    assert_int_equal(wax_instance_func(here, "go", &go, NULL), WAX_OK);
    assert_int_equal(wax_instance_func(there, "f", &f_there, NULL), WAX_OK);
    assert_int_equal(wax_func_new(stores[0], &i32_to_i32, host_add, NULL, &wrong, NULL), WAX_OK);
    wax_func *const bad[2] = {f_there, wrong};
    wax_value result;
    for (int i = 0; i < 3; i++) {
        wax_value v = {.type = WAX_FUNCREF, .of.func = i == 2 ? f : bad[i]};
        wax_status want = i == 2 ? WAX_OK : WAX_E_TYPE;
        assert_int_equal(wax_table_set(t.of.table, 0, &v, NULL), want);
        assert_int_equal(wax_global_set(g.of.global, &v, NULL), want);
        assert_int_equal(wax_call(go, &v, 1, &result, 1, NULL), want);
        if (i == 0) {
            wax_global *made;
            assert_int_equal(wax_global_new(stores[0], &v, 0, &made, NULL), WAX_E_TYPE);
        }
    }
    wax_value odd = {.type = WAX_EXTERNREF, .of.externref = 99};
    wax_table *table;
    wax_limits limits = {2, 1, 0, 0};
    assert_int_equal(wax_table_new(stores[0], &limits, WAX_EXTERNREF, &table, NULL), WAX_E_INVALID);
    limits.max = 4;
    assert_int_equal(wax_table_new(stores[0], &limits, WAX_EXTERNREF, &table, NULL), WAX_OK);
    assert_int_equal(wax_table_set(table, 0, &odd, NULL), WAX_E_TYPE);
    assert_int_equal(wax_table_grow(table, UINT64_MAX, &odd, NULL), WAX_E_TYPE);
    odd.of.externref = 0;
    assert_int_equal(wax_table_grow(table, UINT64_MAX, &odd, NULL), WAX_E_LIMIT);
    wax_linker_free(linker);
    wax_store_free(stores[0]);
    wax_store_free(stores[1]);
    wax_engine_free(engine);
}

static void test_objects_of_other_stores_and_engines(void **state)
{
    (void)state;
    /* (import "m" "f" (func (param i32) (result i32))) */
    static const uint8_t bytes[] = "\0asm\1\0\0\0"
                                   "\1\6\1\140\1\177\1\177"
                                   "\2\7\1\1m\1f\0\0";
    wax_engine *engines[2] = {engine_new(WAX_SIGNALS_OWN, 0), engine_new(WAX_SIGNALS_OWN, 0)};
    wax_store *stores[2];
    wax_linker *linker;
    wax_module *module;
    wax_instance *instance;
    wax_extern ext = {.kind = WAX_EXTERN_FUNC};
    assert_int_equal(wax_store_new(engines[0], &stores[0], NULL), WAX_OK);
    assert_int_equal(wax_store_new(engines[0], &stores[1], NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engines[0], &linker, NULL), WAX_OK);
    assert_int_equal(wax_func_new(stores[1], &i32_to_i32, host_add, NULL, &ext.of.func, NULL),
                     WAX_OK);
    assert_int_equal(wax_linker_define(linker, NAME("m"), NAME("f"), &ext, NULL), WAX_OK);
    assert_int_equal(wax_module_from_bytes(engines[0], bytes, sizeof bytes - 1, &module, NULL),
                     WAX_OK);
    assert_int_equal(wax_linker_instantiate(linker, stores[0], module, &instance, NULL),
                     WAX_E_LINK);
    assert_int_equal(wax_linker_instantiate(linker, stores[1], module, &instance, NULL), WAX_OK);
    wax_module_free(module);
    assert_int_equal(wax_module_from_bytes(engines[1], bytes, sizeof bytes - 1, &module, NULL),
                     WAX_OK);
    assert_int_equal(wax_linker_instantiate(linker, stores[1], module, &instance, NULL),
                     WAX_E_INVALID);
    wax_module_free(module);
    wax_store_free(stores[0]);
    wax_store_free(stores[1]);
    wax_engine_free(engines[0]);
    wax_engine_free(engines[1]);
    wax_linker_free(linker); /* holds its engine */
}

/* -------- faults of the host -------- */

static void on_fault(int sig)
{
    (void)sig;
    _exit(42);
}

static wax_status crash(void *data, wax_memory *memory, const wax_value *args, wax_value *results,
                        wax_error **err)
{
    (void)memory, (void)args, (void)results, (void)err;
    *(volatile int *)data = 1;
    return WAX_OK;
}

/* In a child: the embedder's handler, if any, sees a fault of a host function. */
static int crash_in_host_function(bool handled)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sigaction act = {.sa_handler = handled ? on_fault : SIG_DFL};
        (void)sigaction(SIGSEGV, &act, NULL);
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        wax_engine *engine = engine_new(WAX_SIGNALS_OWN, 0);
        wax_store *store;
        wax_func *func;
        static const wax_functype type = {0, 0, NULL, NULL};
        if (wax_store_new(engine, &store, NULL) == WAX_OK &&
            wax_func_new(store, &type, crash, (void *)(uintptr_t)getpagesize(), &func, NULL) ==
                WAX_OK &&
            wax_call(func, NULL, 0, NULL, 0, NULL) == WAX_OK) {
            _exit(2); /* there was no fault */
        }
        _exit(1); /* came back: taken for a trap */
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_fault_in_a_host_function_is_the_hosts(void **state)
{
    (void)state;
    int status = crash_in_host_function(true);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    status = crash_in_host_function(false);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* -------- little to be had -------- */

/* Everything of a threaded plugin with the n-th allocation failing. @return whether all went well
 */
static bool flow_failing_at(int64_t n)
{
    wax_engine *engine = engine_new(WAX_SIGNALS_OWN, n);
    wax_module *module = NULL;
    wax_builder *builder = NULL;
    wax_env *env = NULL;
    wax_error *error = NULL;
    wax_value result = WAX_INIT_I32(0), rounds = WAX_INIT_I32(2);
    bool ok = engine && wax_module_from_file(engine, counter_path, &module, &error) == WAX_OK &&
              wax_builder_new(engine, "x", &builder, &error) == WAX_OK &&
              wax_builder_env(builder, "KEY", "value", &error) == WAX_OK &&
              wax_builder_mount(builder, "/tmp", "/tmp", 0, &error) == WAX_OK;
    if (ok) {
        wax_builder_grant(builder, WAX_CAP_THREADS);
        ok = wax_builder_instantiate(builder, module, &env, &error) == WAX_OK &&
             wax_env_call(env, "rounds", &rounds, 1, &result, 1, &error) == WAX_OK &&
             result.of.i32 == 2;
    }
    wax_error_free(error);
    wax_env_free(env);
    wax_builder_free(builder);
    wax_module_free(module);
    wax_engine_free(engine);
    return ok;
}

static void test_allocations_fail_one_by_one(void **state)
{
    (void)state;
    int64_t n = 1;
    for (int good = 0; good < 5 && n < 5000; n++) {
        good = flow_failing_at(n) ? good + 1 : 0;
    }
    printf("# %lld allocations failed in turn\n", (long long)n);
    assert_in_range(n, 50, 4999);
}

#if !SANITIZED /* sanitizers need the address space */
static void test_little_address_space(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {UINT64_C(1) << 30, UINT64_C(1) << 30};
        (void)setrlimit(RLIMIT_AS, &limit);
        _exit(flow_failing_at(0) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#endif

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 64;
    }
    hosts_path = argv[1];
    counter_path = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_in_a_host_function_is_the_hosts), /* forks: no threads yet */
#if !SANITIZED
        cmocka_unit_test(test_little_address_space),
#endif
        cmocka_unit_test(test_host_functions_on_threads),
        cmocka_unit_test(test_host_objects_are_the_main_threads),
        cmocka_unit_test(test_exit_below_a_host_function),
        cmocka_unit_test(test_host_function_passes_an_exit_on),
        cmocka_unit_test(test_store_outlives_the_process),
        cmocka_unit_test(test_deadline_on_a_thread_with_blocked_signals),
        cmocka_unit_test(test_deadline_passes_in_another_store),
        cmocka_unit_test(test_deadline_without_signals_is_refused),
        cmocka_unit_test(test_threads_share_the_fuel),
        cmocka_unit_test(test_cancel_while_spawning),
        cmocka_unit_test(test_start_function_may_call_wasi),
        cmocka_unit_test(test_memory_of_the_embedder),
        cmocka_unit_test(test_children_have_globals_and_tables_of_their_own),
        cmocka_unit_test(test_references_keep_their_types),
        cmocka_unit_test(test_objects_of_other_stores_and_engines),
        cmocka_unit_test(test_allocations_fail_one_by_one),
    };
    return cmocka_run_group_tests_name("embed", tests, NULL, NULL);
}
