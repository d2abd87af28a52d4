/* SPDX-License-Identifier: Apache-2.0 */
/* Fuel, deadlines, cancelling, poisoned stores; signal modes, checked memories, short address
 * space. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "support/capi.h"

/*
 * (memory 1)
 * (func (export "loop") (loop (br 0)))     (func (export "one") (result i32) (i32.const 1))
 * (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
 * (func (export "deep") (call $deep))
 */
static void guest(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 3, 0x60, 0, 0, 0x60, 0, 1, I32, 0x60, 1, I32, 1, I32);
    WASM_SECTION(w, SEC_FUNC, 4, 0, 1, 2, 0);
    WASM_SECTION(w, SEC_MEMORY, 1, 0, 1);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 4);
    wasm_export(w, "loop", 0, 0);
    wasm_export(w, "one", 0, 1);
    wasm_export(w, "load", 0, 2);
    wasm_export(w, "deep", 0, 3);
    wasm_end(w);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 4);
    WASM_BODY(w, 0x03, 0x40, 0x0c, 0, 0x0b);
    WASM_BODY(w, 0x41, 1);
    WASM_BODY(w, 0x20, 0, 0x28, 2, 0);
    WASM_BODY(w, 0x10, 3);
    wasm_end(w);
}

static void open_guest(struct bench *b, const wax_engine_options *options)
{
    struct wasm w;
    guest(&w);
    bench_open(b, options, &w);
}

static double now(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* -------- stops -------- */

static void test_fuel(void **state)
{
    (void)state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.fuel = 1;
    struct bench b;
    open_guest(&b, &o);
    wax_value r;
    wax_store_set_fuel(b.store, 100);
    OK(wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    assert_true(wax_store_fuel(b.store) < 100 && wax_store_fuel(b.store) > 80);
    FAILS(WAX_E_FUEL, "fuel", wax_call(bench_func(&b, "loop"), NULL, 0, NULL, 0, &error));
    assert_int_equal(wax_store_fuel(b.store), 0);
    FAILS(WAX_E_FUEL, "fuel", wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    wax_store_set_fuel(b.store, UINT64_MAX); /* used up is not poisoned */
    OK(wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    bench_close(&b);
}

static void test_timeout_poisons(void **state)
{
    (void)state;
    struct bench b;
    open_guest(&b, NULL);
    wax_store_set_timeout(b.store, 30000000);
    double start = now();
    wax_error *kept = NULL;
    assert_int_equal(wax_call(bench_func(&b, "loop"), NULL, 0, NULL, 0, &kept), WAX_E_TIMEOUT);
    assert_true(now() - start >= 0.03 && now() - start < 1.0);
    assert_int_equal(wax_error_status(kept), WAX_E_TIMEOUT);
    assert_int_equal(wax_error_n_frames(kept), 1);
    assert_string_equal(wax_error_frame(kept, 0)->func_name, "loop");
    expect_text(kept, "deadline");
    wax_value r;
    FAILS(WAX_E_POISONED, "new instance", wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    bench_close(&b);
}

static void test_timeout_counts_each_call(void **state)
{
    (void)state;
    struct bench b;
    open_guest(&b, NULL);
    wax_value r;
    wax_store_set_timeout(b.store, 200000000);
    for (double start = now(); now() - start < 0.4;) { /* longer than one deadline */
        OK(wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    }
    bench_close(&b);
}

static void *cancel_soon(void *store)
{
    usleep(20000);
    wax_store_cancel(store);
    return NULL;
}

static void cancel_while_running(const wax_engine_options *options)
{
    struct bench b;
    open_guest(&b, options);
    pthread_t t;
    double start = now();
    assert_int_equal(pthread_create(&t, NULL, cancel_soon, b.store), 0);
    FAILS(WAX_E_CANCELLED, "cancelled", wax_call(bench_func(&b, "loop"), NULL, 0, NULL, 0, &error));
    assert_true(now() - start < 1.0);
    assert_int_equal(pthread_join(t, NULL), 0);
    wax_value r;
    FAILS(WAX_E_POISONED, "", wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    bench_close(&b);
}

static void test_cancel_from_another_thread(void **state)
{
    (void)state;
    cancel_while_running(NULL);
}

static void test_cancel_without_signals(void **state)
{
    (void)state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.signals = WAX_SIGNALS_NONE;
    cancel_while_running(&o);
}

static void test_cancel_before_the_call(void **state)
{
    (void)state;
    struct bench b;
    open_guest(&b, NULL);
    wax_store_cancel(b.store);
    wax_value r;
    FAILS(WAX_E_CANCELLED, "", wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    FAILS(WAX_E_POISONED, "", wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    bench_close(&b);
    wax_store_cancel(NULL);
}

/* A host function whose own call is cancelled: the outer call is cancelled, not trapped. */
static wax_status call_loop(void *data, wax_memory *memory, const wax_value *args,
                            wax_value *results, wax_error **err)
{
    (void)memory, (void)args, (void)results;
    return wax_call(data, NULL, 0, NULL, 0, err);
}

static void test_cancel_inside_a_host_function(void **state)
{
    (void)state;
    struct bench b;
    open_guest(&b, NULL);
    static const wax_functype none = {0, 0, NULL, NULL};
    wax_func *outer = NULL;
    OK(wax_func_new(b.store, &none, call_loop, bench_func(&b, "loop"), &outer, &error));
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, cancel_soon, b.store), 0);
    FAILS(WAX_E_CANCELLED, "cancelled", wax_call(outer, NULL, 0, NULL, 0, &error));
    assert_int_equal(pthread_join(t, NULL), 0);
    bench_close(&b);
}

struct rival {
    struct bench *bench;
    wax_func *one; /* looked up before: an instance is for one thread at a time */
    wax_status got;
};

static void *call_one(void *data)
{
    struct rival *r = data;
    wax_value v;
    usleep(20000);
    r->got = wax_call(r->one, NULL, 0, &v, 1, NULL);
    wax_store_cancel(r->bench->store);
    return NULL;
}

static void test_call_from_two_threads(void **state)
{
    (void)state;
    struct bench b;
    open_guest(&b, NULL);
    struct rival r = {&b, bench_func(&b, "one"), WAX_OK};
    wax_func *loop = bench_func(&b, "loop");
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, call_one, &r), 0);
    FAILS(WAX_E_CANCELLED, "", wax_call(loop, NULL, 0, NULL, 0, &error));
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_int_equal(r.got, WAX_E_STATE);
    bench_close(&b);
}

static void test_stack_overflow(void **state)
{
    (void)state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.stack_bytes = 65536;
    struct bench b;
    open_guest(&b, &o);
    wax_error *kept = NULL;
    assert_int_equal(wax_call(bench_func(&b, "deep"), NULL, 0, NULL, 0, &kept), WAX_TRAP);
    assert_true(wax_error_n_frames(kept) > 10); /* the innermost ones */
    expect_text(kept, "stack");
    wax_value r;
    OK(wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    bench_close(&b);
}

/* -------- signals -------- */

static int out_of_bounds(const wax_engine_options *o)
{
    struct bench b;
    open_guest(&b, o);
    wax_value far = i32(-4), near = i32(0), r;
    wax_error *kept = NULL;
    CHECK(wax_call(bench_func(&b, "load"), &far, 1, &r, 1, &kept) == WAX_TRAP);
    CHECK(strstr(wax_error_message(kept), "out of bounds"));
    wax_error_free(kept);
    CHECK(wax_call(bench_func(&b, "load"), &near, 1, &r, 1, NULL) == WAX_OK && r.of.i32 == 0);
    CHECK(wax_call(bench_func(&b, "deep"), NULL, 0, NULL, 0, NULL) == WAX_TRAP);
    bench_close(&b);
    return 0;
}

static bool same_handler(int sig, const struct sigaction *want)
{
    struct sigaction have;
    (void)sigaction(sig, NULL, &have); /* valid arguments */
    return have.sa_sigaction == want->sa_sigaction;
}

static int own_child(void)
{
    struct sigaction before;
    (void)sigaction(SIGSEGV, NULL, &before);
    wax_engine *engine = NULL, *second = NULL;
    CHECK(wax_engine_new(NULL, &engine, NULL) == WAX_OK);
    CHECK(!same_handler(SIGSEGV, &before));
    CHECK(wax_engine_new(NULL, &second, NULL) == WAX_OK);
    CHECK(out_of_bounds(NULL) == 0);
    wax_engine_free(engine);
    CHECK(!same_handler(SIGSEGV, &before)); /* the second still needs them */
    wax_engine_free(second);
    CHECK(same_handler(SIGSEGV, &before));
    return 0;
}

static void test_signals_own(void **state)
{
    (void)state;
    in_child(own_child);
}

static volatile sig_atomic_t chained;
static sigjmp_buf escape;

static void embedder_handler(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info, (void)context;
    chained++;
    siglongjmp(escape, 1);
}

/* A fault of the host's own goes to the handler that was there before. */
static int chain_child(void)
{
    struct sigaction act = {.sa_sigaction = embedder_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void)sigaction(SIGSEGV, &act, NULL);
    struct bench b;
    open_guest(&b, NULL);
    if (sigsetjmp(escape, 1) == 0) {
        (void)raise(SIGSEGV);
    }
    CHECK(chained == 1);
    CHECK(out_of_bounds(NULL) == 0);
    CHECK(chained == 1);
    bench_close(&b);
    return 0;
}

static void test_signals_own_chains(void **state)
{
    (void)state;
    in_child(chain_child);
}

static volatile sig_atomic_t filtered;

static void filter_handler(int sig, siginfo_t *info, void *context)
{
    if (!wax_signal_filter(sig, info, context)) {
        _exit(99); /* not the guest's */
    }
    filtered++;
}

static int filter_child(void)
{
    struct sigaction act = {.sa_sigaction = filter_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void)sigaction(SIGSEGV, &act, NULL);
    (void)sigaction(SIGBUS, &act, NULL);
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.signals = WAX_SIGNALS_FILTER;
    CHECK(out_of_bounds(&o) == 0);
    CHECK(same_handler(SIGSEGV, &act));
    CHECK(filtered == 1);
    return 0;
}

static void test_signals_filter(void **state)
{
    (void)state;
    in_child(filter_child);
}

static int none_child(void)
{
    struct sigaction act = {.sa_sigaction = filter_handler, .sa_flags = SA_SIGINFO};
    (void)sigaction(SIGSEGV, &act, NULL);
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.signals = WAX_SIGNALS_NONE;
    CHECK(out_of_bounds(&o) == 0);
    CHECK(same_handler(SIGSEGV, &act));
    CHECK(filtered == 0); /* nothing faulted */
    return 0;
}

static void test_signals_none(void **state)
{
    (void)state;
    in_child(none_child);
}

static void test_timeout_needs_signals(void **state)
{
    (void)state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.signals = WAX_SIGNALS_NONE;
    struct bench b;
    open_guest(&b, &o);
    wax_store_set_timeout(b.store, 1000000);
    FAILS(WAX_E_UNSUPPORTED, "timeout", wax_call(bench_func(&b, "loop"), NULL, 0, NULL, 0, &error));
    wax_store_set_timeout(b.store, 0);
    wax_value r;
    OK(wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    bench_close(&b);
}

static void test_checked_memories(void **state)
{
    (void)state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.checked = 1;
    assert_int_equal(out_of_bounds(&o), 0);
}

/* -------- logs, and R15: reservations refused -------- */

static char logged[512];

static void keep_log(void *data, int32_t level, const char *area, const char *message)
{
    (void)level, (void)area;
    (*(int *)data)++;
    (void)snprintf(logged, sizeof logged, "%s", message);
}

static int short_space_child(void)
{
    int n = 0;
    struct rlimit limit = {1u << 30, 1u << 30}; /* no room for 8 GiB */
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.log = keep_log;
    o.log_data = &n;
    CHECK(out_of_bounds(&o) == 0);
    CHECK(n == 1 && strstr(logged, "address space is limited"));
    struct bench b;
    bench_empty(&b, &o);
    wax_memory *m = NULL;
    wax_error *kept = NULL;
    wax_limits limits = {.min = 1, .max = UINT64_MAX};
    CHECK(wax_memory_new(b.store, &limits, &m, NULL) == WAX_OK); /* less than 4 GiB, but works */
    CHECK(wax_memory_grow(m, 100, NULL, NULL) == WAX_OK && wax_memory_size(m) == 101 * 65536);
    limits.min = 32768; /* 2 GiB can not be had */
    CHECK(wax_memory_new(b.store, &limits, &m, &kept) == WAX_E_NOMEM);
    CHECK(strstr(wax_error_hint(kept), "ulimit -v"));
    wax_error_free(kept);
    bench_close(&b);
    return 0;
}

static void test_short_address_space(void **state)
{
    (void)state;
    if (SANITIZED) {
        print_message("# the sanitizer's own reservations need the address space\n");
        skip();
    }
    in_child(short_space_child);
}

static void test_log_levels(void **state)
{
    (void)state;
    int n = 0;
    wax_engine_options o;
    wax_engine_options_init(&o);
    assert_int_equal(o.log_level, WAX_LOG_WARN);
    o.log = keep_log;
    o.log_data = &n;
    struct bench b;
    open_guest(&b, &o);
    wax_value r;
    OK(wax_call(bench_func(&b, "one"), NULL, 0, &r, 1, &error));
    bench_close(&b);
    assert_int_equal(n, 0); /* nothing to warn about */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fuel),
        cmocka_unit_test(test_timeout_poisons),
        cmocka_unit_test(test_timeout_counts_each_call),
        cmocka_unit_test(test_cancel_from_another_thread),
        cmocka_unit_test(test_cancel_without_signals),
        cmocka_unit_test(test_cancel_before_the_call),
        cmocka_unit_test(test_cancel_inside_a_host_function),
        cmocka_unit_test(test_call_from_two_threads),
        cmocka_unit_test(test_stack_overflow),
        cmocka_unit_test(test_signals_own),
        cmocka_unit_test(test_signals_own_chains),
        cmocka_unit_test(test_signals_filter),
        cmocka_unit_test(test_signals_none),
        cmocka_unit_test(test_timeout_needs_signals),
        cmocka_unit_test(test_checked_memories),
        cmocka_unit_test(test_short_address_space),
        cmocka_unit_test(test_log_levels),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
