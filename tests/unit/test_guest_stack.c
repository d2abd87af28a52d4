/* SPDX-License-Identifier: Apache-2.0 */
/* Invariant 1 and the ways out of compiled code, with assembly guests on a guest stack. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/jit/jit.h"
#include "engine/rt/engine.h"
#include "engine/rt/jittext.h"
#include "os/signal.h"
#include "os/thread.h"

extern const char guest_host_call[], guest_load[], guest_recurse[], guest_spin[];
uint64_t wx_jit_enter(struct wx_thread *t, uint64_t *fp, uint8_t *mem, struct wx_instance *inst,
                      const void *entry, void *guest_sp); /* engine/jit/x86_64/thunks.S */
extern const char guest_text_start[], guest_text_end[];

static struct wx_engine *engine;
static struct wx_store *store;
static struct wx_gstack stack;

static sigjmp_buf chained;
static void previous_handler(int sig)
{
    (void)sig;
    siglongjmp(chained, 1);
}

/* Inside each test: cmocka puts handlers of its own in place before one starts. */
static void setup(void)
{
    struct sigaction old = {.sa_handler = previous_handler, .sa_flags = SA_ONSTACK};
    (void)sigaction(SIGSEGV, &old, NULL);
    wx_jit_register();
    struct wx_engine_config config = {.features = wx_features_default()};
    assert_int_equal(wx_engine_new(&config, &engine, NULL), WAX_OK);
    assert_int_equal(wx_store_new(engine, 0, 0, &store, NULL), WAX_OK);
    assert_int_equal(wx_gstack_init(&stack, 65536, NULL), WAX_OK);
    assert_true(wx_jittext_add(guest_text_start, (size_t)(guest_text_end - guest_text_start)));
}

static void teardown(void)
{
    wx_jittext_remove(guest_text_start);
    wx_gstack_fini(&stack);
    wx_store_free(store);
    wx_engine_unref(engine);
}

static struct wx_instance *instance; /* of the guest code that runs */

/* What enter.c and a compiled tier do, in small. */
static enum wx_outcome run(const char *guest, void *fp)
{
    struct wx_thread *t = &store->thread;
    assert_int_equal(wx_signal_prepare_thread(), 0);
    wx_thread_current = t;
    wx_store_release(&t->host_tid, wx_os_tid());
    t->gstack = &stack;
    t->guest_limit = stack.base;
    uint64_t out = wx_jit_enter(t, fp, NULL, instance, guest, stack.top);
    t->host_sp = NULL;
    t->gstack = NULL;
    wx_store_release(&t->host_tid, 0);
    wx_thread_current = NULL;
    return (enum wx_outcome)out;
}

static bool on_guest_stack(const void *p)
{
    return (const uint8_t *)p >= stack.base && (const uint8_t *)p < stack.top;
}

static enum wx_outcome on_host(struct wx_thread *t, void *data, uint64_t *slots)
{
    int here;
    *(bool *)data = on_guest_stack(&here);
    assert_true(on_guest_stack(t->guest_sp));
    slots[0] = 41;
    return WX_DONE;
}

static void test_host_calls_leave_the_guest_stack(void **state)
{
    (void)state;
    setup();
    bool was_on_guest_stack = true;
    const struct wx_sig *sig;
    struct wx_func *f;
    assert_int_equal(wx_sig_intern(engine, NULL, 0, 0, &sig, NULL), WAX_OK);
    assert_int_equal(wx_func_new_host(store, sig, on_host, &was_on_guest_stack, "f", &f, NULL),
                     WAX_OK);
    uint64_t *slots = store->thread.stack_base;
    slots[0] = (uint64_t)(uintptr_t)f;
    assert_int_equal(run(guest_host_call, slots), WX_DONE);
    assert_int_equal(slots[0], 41);
    assert_false(was_on_guest_stack);
    /* Only return addresses were there: everything below them is untouched. */
    for (uint8_t *p = stack.base; p < stack.top - 32; p++) {
        assert_int_equal(*p, 0);
    }
    teardown();
}

static void test_overflow_is_a_trap(void **state)
{
    (void)state;
    setup();
    assert_int_equal(run(guest_recurse, NULL), WX_TRAP);
    assert_int_equal(store->thread.trap, WX_TRAP_STACK_OVERFLOW);
    teardown();
}

static void *cancel_soon(void *arg)
{
    (void)arg;
    usleep(20000);
    wx_store_cancel(store);
    return NULL;
}

static void test_hard_stop_ends_a_loop_without_polls(void **state)
{
    (void)state;
    setup();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
    assert_int_equal(run(guest_spin, NULL), WX_INTERRUPT);
    assert_int_equal(pthread_join(thread, NULL), 0);
    store->thread.interrupt = 0;
    teardown();
}

/* (module (memory 1)): something a fault may lie in. */
static const uint8_t memory_module[] = {0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 3, 1, 0, 1};

static void test_fault_in_a_memory_is_a_trap(void **state)
{
    (void)state;
    setup();
    struct wx_rt_module *m;
    struct wx_instance *inst;
    assert_int_equal(wx_rt_module_new(engine, memory_module, sizeof memory_module, &m, NULL),
                     WAX_OK);
    assert_int_equal(wx_instantiate(store, m, NULL, true, &inst, NULL), WAX_OK);
    wx_rt_module_unref(m);
    instance = inst;
    assert_int_equal(run(guest_load, inst->mem0), WX_DONE);
    assert_int_equal(run(guest_load, inst->mem0 + 65536), WX_TRAP);
    assert_int_equal(store->thread.trap, WX_TRAP_MEMORY_OOB);
    assert_int_equal(run(guest_load, inst->mem0 - 8), WX_TRAP); /* the guard before it */
    instance = NULL;
    teardown();
}

/* A fault that is not ours reaches the handler that was there before the engine. */
static void test_foreign_fault_is_chained(void **state)
{
    (void)state;
    setup();
    volatile int *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile int got = 0;
    if (sigsetjmp(chained, 1) == 0) {
        (void)*nowhere; /* host code */
    } else {
        got++;
    }
    if (sigsetjmp(chained, 1) == 0) {
        (void)run(guest_load,
                  (void *)(uintptr_t)nowhere); /* guest code, but none of its memories */
    } else {
        got++;
    }
    assert_int_equal(got, 2);
    wx_thread_current = NULL;
    assert_int_equal(munmap((void *)(uintptr_t)nowhere, 4096), 0);
    teardown();
}

/* (module (func) (func (export "f") (call 0))) */
static const uint8_t call_module[] = {0,  0x61, 0x73, 0x6d, 1, 0,   0, 0, 1,    4, 1,   0x60, 0,
                                      0,  3,    3,    2,    0, 0,   7, 5, 1,    1, 'f', 0,    1,
                                      10, 9,    2,    2,    0, 0xb, 4, 0, 0x10, 0, 0xb};

/* As an interrupt leaves it that was dealt with before it was told everything. */
static void test_no_limit_without_interrupt_is_no_overflow(void **state)
{
    static const char *const tiers[] = {"fast", "interp"};
    (void)state;
    setup();
    for (size_t i = 0; i < 2; i++) {
        struct wx_engine_config config = {.features = wx_features_default(),
                                          .tier = wx_tier_find(tiers[i])};
        struct wx_engine *e;
        struct wx_store *s;
        struct wx_rt_module *m;
        struct wx_instance *inst;
        struct wx_extern f;
        assert_int_equal(wx_engine_new(&config, &e, NULL), WAX_OK);
        assert_int_equal(wx_store_new(e, 0, 0, &s, NULL), WAX_OK);
        assert_int_equal(wx_rt_module_new(e, call_module, sizeof call_module, &m, NULL), WAX_OK);
        assert_int_equal(wx_instantiate(s, m, NULL, true, &inst, NULL), WAX_OK);
        wx_rt_module_unref(m);
        assert_true(wx_instance_export(inst, "f", 1, &f));
        s->thread.stack_limit = NULL;
        assert_int_equal(wx_enter(s, f.u.func, NULL, NULL, NULL), WAX_OK);
        assert_ptr_equal(s->thread.stack_limit, s->thread.stack_end);
        wx_store_free(s);
        wx_engine_unref(e);
    }
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_calls_leave_the_guest_stack),
        cmocka_unit_test(test_overflow_is_a_trap),
        cmocka_unit_test(test_hard_stop_ends_a_loop_without_polls),
        cmocka_unit_test(test_fault_in_a_memory_is_a_trap),
        cmocka_unit_test(test_foreign_fault_is_chained),
        cmocka_unit_test(test_no_limit_without_interrupt_is_no_overflow),
    };
    return cmocka_run_group_tests_name("guest_stack", tests, NULL, NULL);
}
