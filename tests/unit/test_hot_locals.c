/* SPDX-License-Identifier: Apache-2.0 */
/* Locals in registers across control, calls, exceptions, polls and fuel; tiers must agree. */
/*
 * The functions of hot_locals.wat are loops over more locals than there are registers. Each is run
 * in every tier and bounds mode: result, status, back-trace and fuel must be the same; those
 * without calls also while another thread interrupts them all the time and they are resumed.
 */
#include "unit/tiers.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "os/signal.h"
#include "os/thread.h"
#include "wasm/text/text.h"

static char text[1 << 16];
static size_t text_len;
static struct wx_text_module binary;
static struct wx_mem mem;

/* -------- the module -------- */

static int read_module(void **state)
{
    const char *path = *state;
    FILE *f = fopen(path, "rb");
    if (!f) {
        print_error("cannot read %s\n", path);
        return -1;
    }
    wax_error *err = NULL;
    text_len = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    wx_mem_init(&mem, NULL, 0);
    wax_status st = wx_text_encode(&mem, text, text_len, &wx_decode_limits_default, &binary, &err);
    if (st != WAX_OK) {
        print_error("%s\n", wax_error_message(err));
    }
    wax_error_free(err);
    return st == WAX_OK ? 0 : -1;
}

static int free_module(void **state)
{
    (void)state;
    wx_text_module_fini(&binary);
    return 0;
}

/* (i32) -> i64, and throws nothing */
static enum wx_outcome host(struct wx_thread *t, void *data, uint64_t *slots)
{
    (void)t, (void)data;
    slots[0] = (uint32_t)slots[0] * UINT64_C(0x9e3779b97f4a7c15);
    return WX_DONE;
}

static bool open_config(struct tier_world *w, unsigned config, bool fuel)
{
    return tier_open(w, &tier_configs[config], binary.bytes.p, binary.bytes.len, host, fuel);
}

/* -------- what a run gave -------- */

enum { MAX_FRAMES = 8 };
struct outcome {
    wax_status st;
    wax_trap_code trap;
    uint64_t result;
    int64_t fuel_used;
    size_t n_frames;
    uint32_t funcs[MAX_FRAMES];
    uint64_t offs[MAX_FRAMES];
};

#define FUEL INT64_C(1000000000)

static struct wx_func *func_of(const struct tier_world *w, const char *name)
{
    struct wx_extern f;
    assert_true(wx_instance_export(w->inst, name, (uint32_t)strlen(name), &f));
    return f.u.func;
}

static struct outcome run(const struct tier_world *w, const char *name, uint64_t arg, int64_t fuel)
{
    struct outcome o = {0};
    wax_error *err = NULL;
    wx_store_set_fuel(w->store, fuel);
    o.st = wx_enter(w->store, func_of(w, name), &arg, &o.result, &err);
    o.fuel_used = fuel - w->store->thread.fuel;
    o.trap = wax_error_trap_code(err);
    o.n_frames = wax_error_n_frames(err);
    for (size_t i = 0; i < o.n_frames && i < MAX_FRAMES; i++) {
        o.funcs[i] = wax_error_frame(err, i)->func_idx;
        o.offs[i] = wax_error_frame(err, i)->module_off;
    }
    wax_error_free(err);
    return o;
}

static bool same(const struct outcome *a, const struct outcome *b, const char *name,
                 unsigned config)
{
    if (a->st == b->st && a->trap == b->trap && a->result == b->result &&
        a->fuel_used == b->fuel_used && a->n_frames == b->n_frames &&
        memcmp(a->funcs, b->funcs, sizeof a->funcs) == 0 &&
        memcmp(a->offs, b->offs, sizeof a->offs) == 0) {
        return true;
    }
    print_error(
        "%s in %s, %s: status %d, %#llx, fuel %lld, at %u:%llu; not %d, %#llx, %lld, %u:%llu\n",
        name, tier_configs[config].tier, tier_configs[config].checked ? "checked" : "guarded",
        b->st, (unsigned long long)b->result, (long long)b->fuel_used, b->funcs[0],
        (unsigned long long)b->offs[0], a->st, (unsigned long long)a->result,
        (long long)a->fuel_used, a->funcs[0], (unsigned long long)a->offs[0]);
    return false;
}

/* -------- tests -------- */

static const struct function {
    const char *name;
    uint64_t arg;
    bool alone;    /* no calls, no state: can be interrupted, resumed, run again */
    wax_status st; /* how it ends */
    uint64_t result;
} functions[] = {
    {"many", 50, true, WAX_OK, 0},
    {"vectors", 50, true, WAX_OK, 0},
    {"branches", 60, true, WAX_OK, 0},
    {"parameters", 40, true, WAX_OK, 0},
    {"pending", 30, true, WAX_OK, 0},
    {"wide", 40, true, WAX_OK, 0},
    {"calls", 20, false, WAX_OK, 0},
    {"atomics", 20, false, WAX_OK, 0},
    {"tails", 20, false, WAX_OK, 0},
    {"try_table", 24, false, WAX_OK, 0},
    {"legacy", 24, false, WAX_OK, 0},
    {"uncaught", 9, false, WAX_EXCEPTION, 0},
    {"div_zero", 9, true, WAX_TRAP, 0},
    {"out_of_bounds", 9, true, WAX_TRAP, 0},
    {"trap_below", 9, false, WAX_TRAP, 0},
    {"fibonacci", 90, true, WAX_OK, UINT64_C(2880067194370816120)},
};
#define N_FUNCTIONS (sizeof functions / sizeof *functions)

static void compare(bool fuel)
{
    static struct outcome first[N_FUNCTIONS];
    unsigned n_wrong = 0;
    for (unsigned c = 0; c < N_TIER_CONFIGS; c++) {
        struct tier_world w;
        if (!open_config(&w, c, fuel)) {
            continue;
        }
        for (size_t i = 0; i < N_FUNCTIONS; i++) {
            const struct function *f = &functions[i];
            struct outcome o = run(&w, f->name, f->arg, FUEL);
            if (c == 0) {
                first[i] = o;
                if (o.st != f->st || (f->result && o.result != f->result)) {
                    print_error("%s: status %d, result %llu\n", f->name, o.st,
                                (unsigned long long)o.result);
                    n_wrong++;
                }
            }
            n_wrong += !same(&first[i], &o, f->name, c);
        }
        tier_close(&w);
    }
    assert_int_equal(n_wrong, 0);
}

static void test_tiers_agree(void **state)
{
    (void)state;
    compare(false);
}

static void test_fuel_is_the_same(void **state)
{
    (void)state;
    compare(true);
}

/* Out of fuel at every seventeenth of the way: the same place, nothing less or more spent. */
static void test_out_of_fuel_at_the_same_place(void **state)
{
    (void)state;
    static struct outcome first[N_FUNCTIONS][16];
    static int64_t all[N_FUNCTIONS];
    unsigned n_wrong = 0;
    for (unsigned c = 0; c < N_TIER_CONFIGS; c++) {
        struct tier_world w;
        if (!open_config(&w, c, true)) {
            continue;
        }
        for (size_t i = 0; i < N_FUNCTIONS; i++) {
            const struct function *f = &functions[i];
            int64_t used = run(&w, f->name, f->arg, FUEL).fuel_used;
            all[i] = c == 0 ? used : all[i];
            for (int k = 0; k < 16; k++) {
                struct outcome o = run(&w, f->name, f->arg, all[i] * (k + 1) / 17);
                if (c == 0) {
                    first[i][k] = o;
                }
                n_wrong += !same(&first[i][k], &o, functions[i].name, c);
            }
        }
        tier_close(&w);
    }
    assert_int_equal(n_wrong, 0);
}

/* -------- polls -------- */

static bool stop_hammer; /* atomic */

/* The bit alone: with wx_thread_interrupt() the entry of a function would be a hard stop, too. */
static void *hammer(void *thread)
{
    while (!wx_load_relaxed(&stop_hammer)) {
        wx_store_seq(&((struct wx_thread *)thread)->interrupt, WX_INT_SIGNAL);
    }
    return NULL;
}

/* What enter.c does, but the guest goes on; every poll sees an interrupt, or only some. */
static unsigned run_resuming(const struct tier_world *w, const struct function *f, bool every,
                             uint64_t *result)
{
    struct wx_thread *t = &w->store->thread;
    const struct wx_tier_ops *tier = w->module->tier;
    unsigned n = 0;
    assert_int_equal(wx_signal_prepare_thread(), 0);
    wx_thread_current = t;
    wx_store_release(&t->host_tid, wx_os_tid());
    t->stack_base[0] = f->arg;
    wx_store_seq(&t->interrupt, WX_INT_SIGNAL);
    enum wx_outcome out = tier->call(t, func_of(w, f->name), t->stack_base);
    while (out == WX_INTERRUPT) {
        n++;
        if (!every) {
            wx_store_seq(&t->interrupt, 0);
        }
        out = tier->resume(t);
    }
    wx_store_seq(&t->interrupt, 0);
    wx_store_release(&t->host_tid, 0);
    wx_thread_current = NULL;
    assert_int_equal(out, WX_DONE);
    *result = t->stack_base[0];
    return n;
}

static void test_resumed_polls_change_nothing(void **state)
{
    (void)state;
    static unsigned polls[N_FUNCTIONS];
    for (unsigned c = 0; c < N_TIER_CONFIGS; c++) {
        struct tier_world w;
        if (!open_config(&w, c, false)) {
            continue;
        }
        for (size_t i = 0; i < N_FUNCTIONS; i++) {
            const struct function *f = &functions[i];
            if (!f->alone || f->st != WAX_OK) {
                continue;
            }
            uint64_t want = run(&w, f->name, f->arg, FUEL).result, got;
            unsigned n = run_resuming(&w, f, true, &got);
            if (got != want) {
                print_error("%s in %s\n", f->name, tier_configs[c].tier);
            }
            assert_int_equal(got, want);
            assert_true(n >= f->arg);
            polls[i] = c == 0 ? n : polls[i];
            assert_int_equal(n, polls[i]);
            pthread_t thread;
            wx_store_relaxed(&stop_hammer, false);
            assert_int_equal(pthread_create(&thread, NULL, hammer, &w.store->thread), 0);
            for (int k = 0; k < 50; k++) {
                assert_true(run_resuming(&w, f, false, &got) > 0);
                assert_int_equal(got, want);
            }
            wx_store_relaxed(&stop_hammer, true);
            assert_int_equal(pthread_join(thread, NULL), 0);
            wx_store_seq(&w.store->thread.interrupt, 0);
        }
        tier_close(&w);
    }
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    void *path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(test_tiers_agree, read_module, free_module, path),
        cmocka_unit_test_prestate_setup_teardown(test_fuel_is_the_same, read_module, free_module,
                                                 path),
        cmocka_unit_test_prestate_setup_teardown(test_out_of_fuel_at_the_same_place, read_module,
                                                 free_module, path),
        cmocka_unit_test_prestate_setup_teardown(test_resumed_polls_change_nothing, read_module,
                                                 free_module, path),
    };
    return cmocka_run_group_tests_name("hot_locals", tests, NULL, NULL);
}
