/* SPDX-License-Identifier: Apache-2.0 */
/* Every public function that allocates, with its 1st, 2nd, … allocation failing. */
/*
 * A scenario is run again and again in a fresh engine whose n-th allocation fails, with n growing
 * until nothing fails any more. Each failure must come out as WAX_E_NOMEM (or as a trap of that
 * kind) with an error of the same status; nothing may be left: descriptors and mappings are counted
 * here, memory by the leak check of the ASan build.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/capi.h"

#define QUIET 40 /* successes in a row that end a loop: some failures are tolerated */

#if SANITIZED && defined(__has_feature)
#if __has_feature(address_sanitizer)
int __lsan_do_recoverable_leak_check(void);
#define LEAKS() __lsan_do_recoverable_leak_check()
#endif
#endif
#ifndef LEAKS
#define LEAKS() 0
#endif

/* What a scenario has made; freed whatever became of it. */
struct made {
    wax_engine *engine;
    wax_module *module;
    wax_store *store;
    wax_linker *linker;
    wax_builder *builder;
    wax_env *env;
    wax_instance *instance;
};

typedef wax_status (*scenario_fn)(struct made *m, wax_error **err);

static void free_made(struct made *m)
{
    wax_env_free(m->env);
    wax_builder_free(m->builder);
    wax_linker_free(m->linker);
    wax_store_free(m->store);
    wax_module_free(m->module);
    wax_engine_free(m->engine);
}

static unsigned count_mappings(void)
{
    unsigned n = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    for (int c; (c = getc(f)) != EOF;) {
        n += c == '\n';
    }
    (void)fclose(f); /* read only */
    return n;
}

static void check_failure(wax_status st, wax_error *error, int64_t n)
{
    bool nomem =
        st == WAX_E_NOMEM || (st == WAX_TRAP && strstr(wax_error_message(error), "memory"));
    if (!nomem) {
        fail_msg("allocation %lld: %s: %s", (long long)n, wax_status_name(st),
                 wax_error_message(error));
    }
    assert_int_equal(st, wax_error_status(error));
    assert_true(wax_error_message(error)[0] != '\0');
}

static void fault_loop(scenario_fn scenario)
{
    unsigned failures = 0, quiet = 0, fds = count_fds(), mappings = 0;
    for (int64_t n = 1; quiet < QUIET; n++) {
        wax_engine_options o;
        wax_engine_options_init(&o);
        o.fail_alloc_at = n;
        struct made m = {0};
        wax_error *error = NULL;
        wax_status st = wax_engine_new(&o, &m.engine, &error);
        if (st == WAX_OK) {
            st = scenario(&m, &error);
        }
        if (st == WAX_OK) {
            assert_null(error);
            quiet++;
        } else {
            check_failure(st, error, n);
            failures++;
            quiet = 0;
        }
        wax_error_free(error);
        free_made(&m);
        if (n == QUIET) { /* the heap has its size by now */
            mappings = count_mappings();
        }
    }
    assert_true(failures > 0);
    assert_int_equal(count_fds(), fds);
    /* Heap segments come and go; a sanitizer makes mappings of its own. */
    assert_true(SANITIZED || mappings == 0 || count_mappings() <= mappings + 16);
    assert_int_equal(LEAKS(), 0);
}

/* -------- a module with something of everything -------- */

static void rich_module(struct wasm *w)
{
    wasm_init(w);
    wasm_section(w, SEC_TYPE);
    WASM_PUT(w, 2, 0x60, 1, I32, 1, I32, 0x60, 12); /* twelve parameters: more than fit inline */
    for (int i = 0; i < 12; i++) {
        WASM_PUT(w, I64);
    }
    WASM_PUT(w, 12);
    for (int i = 0; i < 12; i++) {
        WASM_PUT(w, I64);
    }
    wasm_end(w);
    WASM_SECTION(w, SEC_IMPORT, 2, 1, 'h', 1, 'f', 0, 0, 1, 'h', 1, 'w', 0, 1);
    WASM_SECTION(w, SEC_FUNC, 2, 0, 1);
    WASM_SECTION(w, SEC_TABLE, 1, FUNCREF, 0, 2);
    WASM_SECTION(w, SEC_MEMORY, 1, 0, 1);
    WASM_SECTION(w, SEC_GLOBAL, 1, FUNCREF, 0, 0xd2, 2, 0x0b);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 4);
    wasm_export(w, "f", 0, 2);
    wasm_export(w, "wide", 0, 3);
    wasm_export(w, "table", 1, 0);
    wasm_export(w, "memory", 2, 0);
    wasm_end(w);
    WASM_SECTION(w, SEC_ELEM, 1, 0, 0x41, 0, 0x0b, 2, 0, 2);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 2);
    wasm_body(w);
    WASM_PUT(w, 0xd0, FUNCREF, 0x41, 9, 0xfc, 15, 0, 0x1a); /* table.grow */
    WASM_PUT(w, 0x20, 0, 0x41, 0, 0x11, 0, 0);              /* call_indirect */
    wasm_end(w);
    wasm_body(w);
    for (uint8_t i = 0; i < 12; i++) {
        WASM_PUT(w, 0x20, i);
    }
    WASM_PUT(w, 0x10, 1);
    wasm_end(w);
    wasm_end(w);
    wasm_section(w, SEC_DATA);
    WASM_PUT(w, 1, 0, 0x41, 8, 0x0b, 3, 'a', 'b', 'c');
    wasm_end(w);
}

static wax_status identity(void *data, wax_memory *memory, const wax_value *args,
                           wax_value *results, wax_error **err)
{
    (void)memory, (void)err;
    size_t n = *(const size_t *)data;
    memcpy(results, args, n * sizeof *results);
    return WAX_OK;
}

static const wax_valtype i32s[] = {WAX_I32};
static const wax_valtype i64s[] = {WAX_I64, WAX_I64, WAX_I64, WAX_I64, WAX_I64, WAX_I64,
                                   WAX_I64, WAX_I64, WAX_I64, WAX_I64, WAX_I64, WAX_I64};

static wax_status define(struct made *m, const char *func, const wax_valtype *types, size_t *n,
                         wax_error **err)
{
    wax_functype type = {(uint32_t)*n, (uint32_t)*n, types, types};
    wax_extern ext = {.kind = WAX_EXTERN_FUNC};
    wax_status st = wax_func_new(m->store, &type, identity, n, &ext.of.func, err);
    return st == WAX_OK ? wax_linker_define(m->linker, name("h"), name(func), &ext, err) : st;
}

static wax_status make_instance(struct made *m, wax_error **err)
{
    static size_t one = 1, twelve = 12;
    struct wasm w;
    rich_module(&w);
    wax_status st = wax_module_from_bytes(m->engine, w.b, w.n, &m->module, err);
    st = st ? st : wax_store_new(m->engine, &m->store, err);
    st = st ? st : wax_linker_new(m->engine, &m->linker, err);
    st = st ? st : define(m, "f", i32s, &one, err);
    st = st ? st : define(m, "w", i64s, &twelve, err);
    return st ? st : wax_linker_instantiate(m->linker, m->store, m->module, &m->instance, err);
}

/* -------- scenarios -------- */

static wax_status loading(struct made *m, wax_error **err)
{
    struct wasm w;
    rich_module(&w);
    return wax_module_from_bytes(m->engine, w.b, w.n, &m->module, err);
}

static const char *module_path;

static wax_status loading_a_file(struct made *m, wax_error **err)
{
    return wax_module_from_file(m->engine, module_path, &m->module, err);
}

static wax_status describing(struct made *m, wax_error **err)
{
    wax_port p;
    wax_status st = loading(m, err);
    for (size_t i = 0; st == WAX_OK && i < 2; i++) {
        st = wax_module_import(m->module, i, &p, err);
    }
    for (size_t i = 0; st == WAX_OK && i < 4; i++) {
        st = wax_module_export(m->module, i, &p, err);
    }
    return st;
}

static wax_status instantiating(struct made *m, wax_error **err) { return make_instance(m, err); }

static wax_status defining_an_instance(struct made *m, wax_error **err)
{
    wax_status st = make_instance(m, err);
    return st ? st : wax_linker_define_instance(m->linker, name("again"), m->instance, err);
}

static wax_status calling(struct made *m, wax_error **err)
{
    wax_func *f;
    wax_functype type;
    wax_value x = i32(4), r = i32(0), many[12], back[12];
    for (int i = 0; i < 12; i++) {
        many[i] = i64(i);
    }
    wax_status st = make_instance(m, err);
    st = st ? st : wax_instance_func(m->instance, "wide", &f, err);
    st = st ? st : wax_func_type(f, &type, err);
    st = st ? st : wax_call(f, many, 12, back, 12, err);
    if (st == WAX_OK) {
        assert_int_equal(back[11].of.i64, 11);
    }
    st = st ? st : wax_instance_func(m->instance, "f", &f, err);
    st = st ? st : wax_call(f, &x, 1, &r, 1, err);
    if (st == WAX_OK) {
        assert_int_equal(r.of.i32, 4);
    }
    return st;
}

static wax_status objects(struct made *m, wax_error **err)
{
    wax_memory *memory;
    wax_table *table;
    wax_global *global;
    wax_value ref, v = i32(1);
    wax_limits limits = {.min = 1, .max = 20};
    wax_status st = wax_store_new(m->engine, &m->store, err);
    st = st ? st : wax_memory_new(m->store, &limits, &memory, err);
    st = st ? st : wax_memory_grow(memory, 3, NULL, err);
    st = st ? st : wax_store_externref(m->store, m, NULL, &ref, err);
    st = st ? st : wax_table_new(m->store, &limits, WAX_EXTERNREF, &table, err);
    st = st ? st : wax_table_set(table, 0, &ref, err);
    st = st ? st : wax_global_new(m->store, &v, 1, &global, err);
    return st ? st : wax_global_set(global, &v, err);
}

static const char *guest_path;

static void count_record(void *data, const wax_trace_record *r)
{
    *(unsigned *)data += r->error == 6; /* the spawn is refused */
}

static wax_status environment(struct made *m, wax_error **err)
{
    char *text = NULL;
    wax_status st = wax_module_from_file(m->engine, guest_path, &m->module, err);
    st = st ? st : wax_builder_new(m->engine, "guest", &m->builder, err);
    st = st ? st : wax_builder_arg(m->builder, "argument", err);
    st = st ? st : wax_builder_env(m->builder, "KEY", "value", err);
    st = st ? st : wax_builder_env(m->builder, "KEY", "other", err);
    st = st ? st : wax_builder_mount(m->builder, "/tmp", "/data", WAX_MOUNT_RO, err);
    st = st ? st : wax_builder_inherit_stdio(m->builder, err);
    static unsigned records;
    records = 0;
    st = st ? st : wax_builder_trace(m->builder, "thread", count_record, &records, err);
    st = st ? st : wax_builder_count_calls(m->builder, 1, err);
    st = st ? st : wax_builder_listen(m->builder, "127.0.0.1:0", 0, NULL, err);
    st = st ? st : wax_builder_fd(m->builder, 2, err);
    st = st ? st : wax_builder_net(m->builder, "loopback", err);
    st = st ? st : wax_builder_net(m->builder, "allow:tcp:out:*.test:1", err);
    st = st ? st : wax_builder_instantiate(m->builder, m->module, &m->env, err);
    if (st != WAX_OK) {
        return st;
    }
    wax_value errno_of_spawn;
    st = wax_env_call(m->env, "spawn_errno", NULL, 0, &errno_of_spawn, 1, err); /* denied */
    st = st ? st : wax_env_write_u32(m->env, 16, 0x00636261, err);
    st = st ? st : wax_env_read_str(m->env, 16, 100, &text, err);
    if (st == WAX_OK) {
        assert_string_equal(text, "abc");
        assert_int_equal(records, 1);
    }
    free(text);
    return st;
}

#define SCENARIO(FN)                                                                               \
    static void test_faults_##FN(void **state)                                                     \
    {                                                                                              \
        (void)state;                                                                               \
        fault_loop(FN);                                                                            \
    }
SCENARIO(loading)
SCENARIO(loading_a_file)
SCENARIO(describing)
SCENARIO(instantiating)
SCENARIO(defining_an_instance)
SCENARIO(calling)
SCENARIO(objects)
SCENARIO(environment)

/* A table at its limit of allocation: growing fails, what is there stays. */
static void test_table_grow_limit_is_clean(void **state)
{
    (void)state;
    struct bench b;
    bench_empty(&b, NULL);
    wax_table *t = NULL;
    wax_value null = {.type = WAX_FUNCREF};
    wax_limits limits = {.min = 1, .max = UINT64_MAX};
    uint64_t before = wax_engine_allocated(b.engine);
    OK(wax_table_new(b.store, &limits, WAX_FUNCREF, &t, &error));
    OK(wax_table_grow(t, 999999, &null, &error));
    FAILS(WAX_E_LIMIT, "grow", wax_table_grow(t, 1, &null, &error));
    for (int i = 0; i < 10; i++) { /* many tables get no more than one store may have */
        limits.min = 1000000;
        if (wax_table_new(b.store, &limits, WAX_FUNCREF, &t, NULL) != WAX_OK) {
            break;
        }
        assert_true(i < 9);
    }
    assert_true(wax_engine_allocated_peak(b.engine) - before < 48u << 20);
    bench_close(&b);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 1;
    }
    module_path = guest_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_loading),
        cmocka_unit_test(test_faults_loading_a_file),
        cmocka_unit_test(test_faults_describing),
        cmocka_unit_test(test_faults_instantiating),
        cmocka_unit_test(test_faults_defining_an_instance),
        cmocka_unit_test(test_faults_calling),
        cmocka_unit_test(test_faults_objects),
        cmocka_unit_test(test_faults_environment),
        cmocka_unit_test(test_table_grow_limit_is_clean),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
