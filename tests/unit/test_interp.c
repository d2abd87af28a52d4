/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter and the lowering: frames, traps with places, waits, fuel, interruption. */
/*
 * Modules are put together from bytes here; semantics of single instructions are the core suite's
 * business. What is tested is what that suite can not see: exact offsets in back-traces, outcomes
 * that leave the loop and come back, and operand states the lowering once got wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "engine/interp/interp.h"
#include "engine/rt/store.h"
#include "unit/bytes.h"

/* -------- a store with one instance -------- */

struct world {
    struct wx_engine *engine;
    struct wx_store *store;
    struct wx_rt_module *module;
    struct wx_instance *inst;
};

static void open_world(struct world *w, const struct bytes *b, wx_host_fn host, bool fuel)
{
    wx_interp_register();
    struct wx_engine_config config = {.features = wx_features_default(), .fuel = fuel};
    assert_int_equal(wx_engine_new(&config, &w->engine, NULL), WAX_OK);
    assert_int_equal(wx_store_new(w->engine, 0, 0, &w->store, NULL), WAX_OK);
    assert_int_equal(wx_rt_module_new(w->engine, b->p, b->n, &w->module, NULL), WAX_OK);
    struct wx_extern import = {.kind = WX_EXT_FUNC};
    if (host) {
        assert_int_equal(wx_func_new_host(w->store, w->module->sigs[0], host, NULL, "host",
                                          &import.u.func, NULL),
                         WAX_OK);
    }
    assert_int_equal(wx_instantiate(w->store, w->module, &import, true, &w->inst, NULL), WAX_OK);
}

static void close_world(struct world *w)
{
    wx_store_free(w->store);
    wx_rt_module_unref(w->module);
    wx_engine_unref(w->engine);
}

/* Call the function exported under the empty name. */
static wax_status run(struct world *w, uint64_t arg, uint64_t *results, wax_error **err)
{
    struct wx_extern f;
    assert_true(wx_instance_export(w->inst, "", 0, &f));
    return wx_enter(w->store, f.u.func, &arg, results, err);
}

static void expect_i32(const struct bytes *b, uint64_t arg, uint32_t want)
{
    struct world w;
    uint64_t results[4];
    wax_error *err = NULL;
    open_world(&w, b, NULL, false);
    wax_status st = run(&w, arg, results, &err);
    assert_string_equal(err ? wax_error_message(err) : "", "");
    assert_int_equal(st, WAX_OK);
    assert_int_equal((uint32_t)results[0], want);
    close_world(&w);
}

static void expect_trap(struct world *w, uint64_t arg, wax_trap_code code, const uint64_t *offs,
                        size_t n_offs)
{
    uint64_t results[4];
    wax_error *err = NULL;
    assert_int_equal(run(w, arg, results, &err), WAX_TRAP);
    assert_int_equal(wax_error_trap_code(err), code);
    for (size_t i = 0; i < n_offs; i++) {
        const wax_frame *f = wax_error_frame(err, i);
        assert_non_null(f);
        assert_int_equal(f->module_off, offs[i]);
    }
    wax_error_free(err);
}

/* Types: 0 = (i32) -> i32, 1 = () -> i32. One function of type 0, exported as "". */
#define TYPES "\2\x60\1\x7f\1\x7f\x60\0\1\x7f"
static void make_simple(struct bytes *b, struct body body)
{
    b->n = 0;
    SECTION(b, 1, TYPES);
    SECTION(b, 3, "\1\0");
    SECTION(b, 5, "\1\0\1");
    SECTION(b, 7, "\1\0\0\0");
    put_code(b, &body, 1);
}

static struct bytes mod; /* too large for the stack */

/* -------- calls and frames -------- */

static void test_call_adds_two_results(void **state)
{
    (void)state;
    const struct body bodies[] = {
        BODY("\0\x20\0\x10\1\x10\1\x6a\x6a\x0b"), /* arg + f1() + f1() */
        BODY("\0\x41\x07\x0b"),
    };
    mod.n = 0;
    SECTION(&mod, 1, TYPES);
    SECTION(&mod, 3, "\2\0\1");
    SECTION(&mod, 7, "\1\0\0\0");
    put_code(&mod, bodies, 2);
    expect_i32(&mod, 5, 19);
}

/* A frame without locals: the result lands where the header was. */
static void test_return_from_function_without_locals(void **state)
{
    (void)state;
    const struct body bodies[] = {BODY("\0\x41\x2a\x0f\x0b")};
    mod.n = 0;
    SECTION(&mod, 1, TYPES);
    SECTION(&mod, 3, "\1\1");
    SECTION(&mod, 7, "\1\0\0\0");
    put_code(&mod, bodies, 1);
    expect_i32(&mod, 0, 42);
}

static void test_recursion_without_end_traps(void **state)
{
    (void)state;
    struct world w;
    make_simple(&mod, (struct body)BODY("\0\x20\0\x10\0\x0b"));
    open_world(&w, &mod, NULL, false);
    uint64_t at = OFFSET_OF(&mod, "\x10\0\x0b");
    expect_trap(&w, 1, WX_TRAP_STACK_OVERFLOW, (const uint64_t[]){at, at, at}, 3);
    expect_trap(&w, 1, WX_TRAP_STACK_OVERFLOW, NULL, 0); /* and the store still works */
    close_world(&w);
}

/* f0(n) = n ? f1(n - 1) : 99, f1(n) = n ? f0(n - 1) : 98, as tail calls: constant stack. */
static void test_return_call_mutual_million(void **state)
{
    (void)state;
#define HALF(OTHER, END) "\0\x20\0\x04\x7f\x20\0\x41\1\x6b\x12" OTHER "\x05\x41" END "\x0b\x0b"
    const struct body bodies[] = {BODY(HALF("\1", "\xe3\0")), BODY(HALF("\0", "\xe2\0"))};
    mod.n = 0;
    SECTION(&mod, 1, TYPES);
    SECTION(&mod, 3, "\2\0\0");
    SECTION(&mod, 7, "\1\0\0\0");
    put_code(&mod, bodies, 2);
    expect_i32(&mod, 1000000, 99);
    expect_i32(&mod, 1000001, 98);
}

static void test_call_indirect_failures(void **state)
{
    (void)state;
    /* A table of 3: [0] = f1 () -> i32, [1] = null, [2] = f0 of the wrong type. */
    const struct body bodies[] = {
        BODY("\0\x20\0\x11\1\0\x0b"),
        BODY("\0\x41\x07\x0b"),
    };
    mod.n = 0;
    SECTION(&mod, 1, TYPES);
    SECTION(&mod, 3, "\2\0\1");
    SECTION(&mod, 4, "\1\x70\0\3");
    SECTION(&mod, 7, "\1\0\0\0");
    SECTION(&mod, 9, "\2\0\x41\0\x0b\1\1\0\x41\2\x0b\1\0");
    put_code(&mod, bodies, 2);
    expect_i32(&mod, 0, 7);
    struct world w;
    open_world(&w, &mod, NULL, false);
    uint64_t at = OFFSET_OF(&mod, "\x11\1\0\x0b");
    expect_trap(&w, 1, WX_TRAP_INDIRECT_NULL, &at, 1);
    expect_trap(&w, 2, WX_TRAP_SIGNATURE, &at, 1);
    expect_trap(&w, 3, WX_TRAP_TABLE_OOB, &at, 1);
    expect_trap(&w, UINT32_MAX, WX_TRAP_TABLE_OOB, &at, 1);
    close_world(&w);
}

/* -------- traps name their instruction -------- */

static void test_trap_names_every_frame(void **state)
{
    (void)state;
    const struct body bodies[] = {
        BODY("\0\x01\x20\0\x10\1\x0b"), BODY("\0\x41\1\x20\0\x6d\x0b"), /* 1 / arg */
    };
    mod.n = 0;
    SECTION(&mod, 1, TYPES);
    SECTION(&mod, 3, "\2\0\0");
    SECTION(&mod, 7, "\1\0\0\0");
    put_code(&mod, bodies, 2);
    struct world w;
    open_world(&w, &mod, NULL, false);
    const uint64_t offs[] = {OFFSET_OF(&mod, "\x6d\x0b"), OFFSET_OF(&mod, "\x10\1\x0b")};
    expect_trap(&w, 0, WX_TRAP_DIV_ZERO, offs, 2);
    close_world(&w);
}

static void test_memory_fault_is_a_trap_at_its_load(void **state)
{
    (void)state;
    struct world w;
    make_simple(&mod, (struct body)BODY("\0\x20\0\x28\2\x08\x1a\x20\0\x2d\0\0\x0b"));
    open_world(&w, &mod, NULL, false);
    uint64_t first = OFFSET_OF(&mod, "\x28\2\x08");
    expect_trap(&w, 0x10000 - 11, WX_TRAP_MEMORY_OOB, &first, 1);
    expect_trap(&w, UINT32_MAX, WX_TRAP_MEMORY_OOB, &first, 1);
    uint64_t results[4];
    assert_int_equal(run(&w, 0x10000 - 12, results, NULL), WAX_OK);
    assert_int_equal(results[0], 0);
    close_world(&w);
}

/* -------- lowering -------- */

/* Two carried values, the first in its slot, the second not: both must be moved at the br_if. */
static void test_br_if_carries_unread_local(void **state)
{
    (void)state;
    /* block (result i32 i32) { 40 as a spilled operand; local.get 0; 1; br_if 0 } add */
    const struct body bodies[] = {
        BODY("\0\x02\2\x10\1\x20\0\x41\1\x0d\0\x0b\x6a\x0b"),
        BODY("\0\x41\x28\x0b"),
    };
    mod.n = 0;
    SECTION(&mod, 1, "\3\x60\1\x7f\1\x7f\x60\0\1\x7f\x60\0\2\x7f\x7f");
    SECTION(&mod, 3, "\2\0\1");
    SECTION(&mod, 7, "\1\0\0\0");
    put_code(&mod, bodies, 2);
    expect_i32(&mod, 2, 42);
}

/* local.get before local.set sees the old value, in whatever form it waits. */
static void test_local_set_keeps_pending_gets(void **state)
{
    (void)state;
    /* get 0; get 0; 5; tee 0; add; sub: old - (old + 5) */
    make_simple(&mod, (struct body)BODY("\0\x20\0\x20\0\x41\5\x22\0\x6a\x6b\x0b"));
    expect_i32(&mod, 100, (uint32_t)-5);
}

static void test_br_table_with_result(void **state)
{
    (void)state;
    /* two blocks with a result; index picks how many of 100, 10 are added */
    make_simple(&mod, (struct body)BODY("\0\x02\x7f\x02\x7f\x41\1\x20\0\x0e\1\0\1\x0b\x41\x0a\x6a"
                                        "\x0b\x41\xe4\0\x6a\x0b"));
    expect_i32(&mod, 0, 111);
    expect_i32(&mod, 1, 101);
    expect_i32(&mod, 7, 101);
}

/* Deep operand stacks with a local.set or call each: time must not be quadratic. */
static void test_lower_deep_stack_is_linear(void **state)
{
    (void)state;
    enum { N = 12000 };
    static char body[1 + 2 * N + 2 * N + 3];
    size_t n = 0;
    body[n++] = 0;
    for (int i = 0; i < N; i++) {
        memcpy(body + n, "\x20\0", 2);
        n += 2;
    }
    for (int i = 0; i < N; i++) {
        memcpy(body + n, "\x21\0", 2);
        n += 2;
    }
    memcpy(body + n, "\x20\0\x0b", 3);
    n += 3;
    make_simple(&mod, (struct body){body, n});
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    expect_i32(&mod, 3, 3);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    assert_true(b.tv_sec - a.tv_sec < 2);
}

/* -------- outcomes -------- */

static enum wx_outcome host_resumed(struct wx_thread *t, enum wx_wake why)
{
    assert_int_equal(why, WX_WAKE_TIMEOUT);
    t->out.wait.slots[0] += 1;
    return WX_DONE;
}

static enum wx_outcome host_waits(struct wx_thread *t, void *data, uint64_t *slots)
{
    (void)data;
    t->out.wait = (struct wx_wait){.kind = WX_WAIT_TIME,
                                   .deadline_ns = 1,
                                   .slots = slots,
                                   .resume = host_resumed,
                                   .seq = wx_load_seq(&t->wake_seq)};
    return WX_WAIT;
}

static enum wx_outcome host_traps(struct wx_thread *t, void *data, uint64_t *slots)
{
    (void)data, (void)slots;
    return wx_trap(t, WX_TRAP_HOST);
}

/* host is import 0; f1(n) = n + host(n) or, as a tail call, host(n) */
static void make_host_user(struct bytes *b, struct body body)
{
    b->n = 0;
    SECTION(b, 1, TYPES);
    SECTION(b, 2, "\1\1m\1h\0\0");
    SECTION(b, 3, "\1\0");
    SECTION(b, 7, "\1\0\0\1");
    put_code(b, &body, 1);
}

static void test_host_wait_resumes_behind_the_call(void **state)
{
    (void)state;
    static const struct body bodies[] = {BODY("\0\x20\0\x20\0\x10\0\x6a\x0b"),
                                         BODY("\0\x20\0\x12\0\x0b")};
    static const uint64_t want[] = {21, 11};
    for (int i = 0; i < 2; i++) {
        struct world w;
        uint64_t results[4];
        make_host_user(&mod, bodies[i]);
        open_world(&w, &mod, host_waits, false);
        assert_int_equal(run(&w, 10, results, NULL), WAX_OK);
        assert_int_equal(results[0], want[i]);
        close_world(&w);
    }
}

static void test_host_trap_names_the_call(void **state)
{
    (void)state;
    struct world w;
    make_host_user(&mod, (struct body)BODY("\0\x01\x20\0\x10\0\x0b"));
    open_world(&w, &mod, host_traps, false);
    uint64_t at = OFFSET_OF(&mod, "\x10\0\x0b");
    expect_trap(&w, 0, WX_TRAP_HOST, &at, 1);
    close_world(&w);
}

/* loop { n = n - 1; br_if n } : 5 instructions a turn, 1 before, 2 after */
#define COUNTDOWN "\0\x03\x40\x20\0\x41\1\x6b\x22\0\x0d\0\x0b\x20\0\x0b"

static void test_fuel_is_charged_per_instruction(void **state)
{
    (void)state;
    struct world w;
    uint64_t results[4];
    wax_error *err = NULL;
    make_simple(&mod, (struct body)BODY(COUNTDOWN));
    open_world(&w, &mod, NULL, true);
    wx_store_set_fuel(w.store, 1000000);
    assert_int_equal(run(&w, 1, results, NULL), WAX_OK);
    int64_t once = 1000000 - w.store->thread.fuel;
    wx_store_set_fuel(w.store, 1000000);
    assert_int_equal(run(&w, 101, results, NULL), WAX_OK);
    assert_int_equal(1000000 - w.store->thread.fuel, once + 100 * 5);
    wx_store_set_fuel(w.store, once + 100 * 5 - 1);
    assert_int_equal(run(&w, 101, results, &err), WAX_E_FUEL);
    wax_error_free(err);
    close_world(&w);
}

static void *cancel_soon(void *store)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    wx_store_cancel(store);
    return NULL;
}

static void expect_cancelled(struct body body)
{
    struct world w;
    uint64_t results[4];
    wax_error *err = NULL;
    pthread_t thread;
    make_simple(&mod, body);
    open_world(&w, &mod, NULL, false);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, w.store), 0);
    assert_int_equal(run(&w, 1, results, &err), WAX_E_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(wax_error_n_frames(err) > 0);
    wax_error_free(err);
    assert_int_equal(run(&w, 1, results, NULL), WAX_E_POISONED);
    close_world(&w);
}

static void test_cancel_ends_a_tight_loop(void **state)
{
    (void)state;
    expect_cancelled((struct body)BODY("\0\x03\x40\x0c\0\x0b\x00\x0b"));
}

/* No loop to poll in: calls see the cancel by the stack limit (two calls a level never end). */
static void test_cancel_ends_a_call_tree(void **state)
{
    (void)state;
    /* f(n) = n > 40 ? 0 : f(n + 1) + f(n + 1) */
    expect_cancelled(
        (struct body)BODY("\0\x20\0\x41\x28\x4a\x04\x7f\x41\0\x05\x20\0\x41\1\x6a\x10\0"
                          "\x20\0\x41\1\x6a\x10\0\x6a\x0b\x0b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_adds_two_results),
        cmocka_unit_test(test_return_from_function_without_locals),
        cmocka_unit_test(test_recursion_without_end_traps),
        cmocka_unit_test(test_return_call_mutual_million),
        cmocka_unit_test(test_call_indirect_failures),
        cmocka_unit_test(test_trap_names_every_frame),
        cmocka_unit_test(test_memory_fault_is_a_trap_at_its_load),
        cmocka_unit_test(test_br_if_carries_unread_local),
        cmocka_unit_test(test_local_set_keeps_pending_gets),
        cmocka_unit_test(test_br_table_with_result),
        cmocka_unit_test(test_lower_deep_stack_is_linear),
        cmocka_unit_test(test_host_wait_resumes_behind_the_call),
        cmocka_unit_test(test_host_trap_names_the_call),
        cmocka_unit_test(test_fuel_is_charged_per_instruction),
        cmocka_unit_test(test_cancel_ends_a_tight_loop),
        cmocka_unit_test(test_cancel_ends_a_call_tree),
    };
    return cmocka_run_group_tests_name("interp", tests, NULL, NULL);
}
