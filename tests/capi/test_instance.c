/* SPDX-License-Identifier: Apache-2.0 */
/* Host functions, linking, calling, memories, tables, globals, external references. */
#include <stdio.h>
#include <string.h>

#include "support/capi.h"

/* -------- host functions -------- */

struct host {
    struct bench *bench;
    int calls;
    wax_status answer; /* what the function returns after calling back */
};

/* twice(x): reads and writes the caller's memory, too. */
static wax_status twice(void *data, wax_memory *memory, const wax_value *args, wax_value *results,
                        wax_error **err)
{
    struct host *h = data;
    h->calls++;
    if (args[0].of.i32 == 13) {
        return wax_host_fail(err, "the number %d is not wanted", args[0].of.i32);
    }
    if (memory && wax_memory_write(memory, 0, &args[0].of.i32, 4, err) != WAX_OK) {
        return WAX_TRAP;
    }
    results[0].of.i32 = 2 * args[0].of.i32;
    return WAX_OK;
}

/* again(x): calls the guest's `down` in the same store. */
static wax_status again(void *data, wax_memory *memory, const wax_value *args, wax_value *results,
                        wax_error **err)
{
    struct host *h = data;
    (void)memory;
    h->calls++;
    wax_func *down;
    wax_status st = wax_instance_func(h->bench->instance, "down", &down, err);
    return st == WAX_OK ? wax_call(down, args, 1, results, 1, err) : st;
}

/*
 * (import "h\0" "twice" (func (param i32) (result i32))) (import "h\0" "again" (same))
 * (memory (export "memory") 1)
 * (func (export "quad") … (twice (twice x)))    (func (export "down") … x ? again(x - 1) + 1 : 0)
 * (func (export "trap") unreachable)            (func (export "load") (i32.load x))
 */
static void caller(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 2, 0x60, 1, I32, 1, I32, 0x60, 0, 0);
    WASM_SECTION(w, SEC_IMPORT, 2, 2, 'h', 0, 5, 't', 'w', 'i', 'c', 'e', 0, 0, /* next */
                 2, 'h', 0, 5, 'a', 'g', 'a', 'i', 'n', 0, 0);
    WASM_SECTION(w, SEC_FUNC, 4, 0, 0, 1, 0);
    WASM_SECTION(w, SEC_MEMORY, 1, 1, 1, 3);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 5);
    wasm_export(w, "quad", 0, 2);
    wasm_export(w, "down", 0, 3);
    wasm_export(w, "trap", 0, 4);
    wasm_export(w, "load", 0, 5);
    wasm_export(w, "memory", 2, 0);
    wasm_end(w);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 4);
    WASM_BODY(w, 0x20, 0, 0x10, 0, 0x10, 0);
    WASM_BODY(w, 0x20, 0, 0x04, I32, 0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x41, 1, 0x6a, 0x05, 0x41, 0,
              0x0b);
    WASM_BODY(w, 0x00);
    WASM_BODY(w, 0x20, 0, 0x28, 2, 0);
    wasm_end(w);
}

static const wax_valtype one_i32[] = {WAX_I32};
static const wax_functype i32_to_i32 = {1, 1, one_i32, one_i32};

static void define(struct bench *b, const char *func, wax_host_fn fn, void *data)
{
    wax_extern ext = {.kind = WAX_EXTERN_FUNC};
    OK(wax_func_new(b->store, &i32_to_i32, fn, data, &ext.of.func, &error));
    wax_name module = {"h", 2}; /* the NUL is part of it */
    OK(wax_linker_define(b->linker, module, name(func), &ext, &error));
}

static void open_caller(struct bench *b, struct host *h)
{
    struct wasm w;
    caller(&w);
    bench_empty(b, NULL);
    *h = (struct host){.bench = b};
    define(b, "twice", twice, h);
    define(b, "again", again, h);
    bench_load(b, &w);
}

static int32_t call_i32(struct bench *b, const char *func, int32_t arg)
{
    wax_value x = i32(arg), result;
    OK(wax_call(bench_func(b, func), &x, 1, &result, 1, &error));
    assert_int_equal(result.type, WAX_I32);
    return result.of.i32;
}

static void test_host_function(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    assert_int_equal(call_i32(&b, "quad", 5), 20);
    assert_int_equal(h.calls, 2);
    assert_int_equal(call_i32(&b, "load", 0), 10); /* what the second call wrote */
    wax_func *direct = NULL;                       /* calling one without a guest between */
    OK(wax_func_new(b.store, &i32_to_i32, twice, &h, &direct, &error));
    wax_value x = i32(4), result;
    OK(wax_call(direct, &x, 1, &result, 1, &error));
    assert_int_equal(result.of.i32, 8);
    wax_functype type;
    OK(wax_func_type(direct, &type, &error));
    assert_true(type.n_params == 1 && type.n_results == 1 && type.results[0] == WAX_I32);
    bench_close(&b);
}

static void test_host_function_fails(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    wax_value x = i32(13), result = i32(77);
    wax_error *kept = NULL;
    assert_int_equal(wax_call(bench_func(&b, "quad"), &x, 1, &result, 1, &kept), WAX_TRAP);
    assert_string_equal(wax_error_message(kept), "the number 13 is not wanted");
    assert_int_equal(wax_error_n_frames(kept), 1); /* quad called it */
    assert_string_equal(wax_error_frame(kept, 0)->func_name, "quad");
    assert_true(wax_error_frame(kept, 0)->module_off != WAX_NO_OFFSET);
    assert_null(wax_error_frame(kept, 1));
    wax_error_free(kept);
    assert_int_equal(result.of.i32, 77);          /* written only on success */
    assert_int_equal(call_i32(&b, "quad", 1), 4); /* a trap does not poison */
    bench_close(&b);
}

static void test_host_function_reenters(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    assert_int_equal(call_i32(&b, "down", 10), 10);
    assert_int_equal(h.calls, 10);
    wax_value x = i32(1000000), result; /* far too deep: an error, not a crash */
    wax_error *kept = NULL;
    assert_int_equal(wax_call(bench_func(&b, "down"), &x, 1, &result, 1, &kept), WAX_TRAP);
    expect_text(kept, "stack");
    assert_int_equal(call_i32(&b, "down", 3), 3);
    bench_close(&b);
}

static void test_host_function_bad_types(void **state)
{
    (void)state;
    struct bench b;
    bench_empty(&b, NULL);
    wax_func *f = NULL;
    static const wax_valtype odd[] = {99};
    wax_functype type = {1, 0, odd, NULL};
    FAILS(WAX_E_INVALID, "type", wax_func_new(b.store, &type, twice, NULL, &f, &error));
    type.params = NULL;
    FAILS(WAX_E_INVALID, "type", wax_func_new(b.store, &type, twice, NULL, &f, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_func_new(b.store, &i32_to_i32, NULL, NULL, &f, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_func_new(NULL, &i32_to_i32, twice, NULL, &f, &error));
    assert_null(f);
    bench_close(&b);
}

/* -------- calling -------- */

static void test_call_wrong_arguments(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    wax_func *quad = bench_func(&b, "quad");
    wax_value x[2] = {i32(1), i32(2)}, result[2], wide = i64(1), odd = {.type = 99};
    FAILS(WAX_E_INVALID, "takes 1", wax_call(quad, x, 2, result, 1, &error));
    FAILS(WAX_E_INVALID, "takes 1", wax_call(quad, x, 0, result, 1, &error));
    FAILS(WAX_E_INVALID, "gives 1", wax_call(quad, x, 1, result, 0, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_call(quad, NULL, 1, result, 1, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_call(NULL, x, 1, result, 1, &error));
    FAILS(WAX_E_TYPE, "i32 wanted, not i64", wax_call(quad, &wide, 1, result, 1, &error));
    FAILS(WAX_E_TYPE, "unknown type", wax_call(quad, &odd, 1, result, 1, &error));
    assert_int_equal(h.calls, 0);
    bench_close(&b);
}

static void test_call_trap_has_frames(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    wax_error *kept = NULL;
    assert_int_equal(wax_call(bench_func(&b, "trap"), NULL, 0, NULL, 0, &kept), WAX_TRAP);
    assert_string_equal(wax_trap_name(wax_error_trap_code(kept)), wax_error_message(kept));
    assert_int_equal(wax_error_n_frames(kept), 1);
    assert_int_equal(wax_error_frame(kept, 0)->func_idx, 4);
    expect_text(kept, "unreachable");
    wax_value far = i32(-4), result;
    kept = NULL;
    assert_int_equal(wax_call(bench_func(&b, "load"), &far, 1, &result, 1, &kept), WAX_TRAP);
    expect_text(kept, "out of bounds memory access");
    assert_int_equal(wax_call(bench_func(&b, "trap"), NULL, 0, NULL, 0, NULL), WAX_TRAP);
    bench_close(&b);
}

static void test_instance_exports(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    wax_func *f = NULL;
    wax_memory *m = NULL;
    wax_extern ext;
    FAILS(WAX_E_NOT_FOUND, "'none'", wax_instance_func(b.instance, "none", &f, &error));
    FAILS(WAX_E_TYPE, "'memory' is not a function",
          wax_instance_func(b.instance, "memory", &f, &error));
    FAILS(WAX_E_TYPE, "'quad' is not a memory",
          wax_instance_memory(b.instance, "quad", &m, &error));
    wax_name cut = {"quadrat", 4};
    OK(wax_instance_export(b.instance, cut, &ext, &error));
    assert_int_equal(ext.kind, WAX_EXTERN_FUNC);
    cut.len = 5;
    FAILS(WAX_E_NOT_FOUND, "'quadr'", wax_instance_export(b.instance, cut, &ext, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_instance_func(NULL, "quad", &f, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_instance_func(b.instance, NULL, &f, &error));
    bench_close(&b);
}

/* -------- linking -------- */

static void test_linker_missing_and_wrong_imports(void **state)
{
    (void)state;
    struct wasm w;
    caller(&w);
    struct bench b;
    bench_empty(&b, NULL);
    b.module = load(b.engine, &w);
    FAILS(WAX_E_LINK, "and 1 more",
          wax_linker_instantiate(b.linker, b.store, b.module, &b.instance, &error));
    struct host h = {.bench = &b};
    define(&b, "twice", twice, &h);
    FAILS(WAX_E_LINK, "again",
          wax_linker_instantiate(b.linker, b.store, b.module, &b.instance, &error));
    wax_extern ext = {.kind = WAX_EXTERN_GLOBAL};
    wax_value v = i32(1);
    wax_name module = {"h", 2};
    OK(wax_global_new(b.store, &v, 0, &ext.of.global, &error));
    OK(wax_linker_define(b.linker, module, name("again"), &ext, &error));
    FAILS(WAX_E_LINK, "another kind",
          wax_linker_instantiate(b.linker, b.store, b.module, &b.instance, &error));
    static const wax_functype none = {0, 0, NULL, NULL};
    ext.kind = WAX_EXTERN_FUNC;
    OK(wax_func_new(b.store, &none, twice, &h, &ext.of.func, &error));
    OK(wax_linker_define(b.linker, module, name("again"), &ext, &error)); /* replaces it */
    FAILS(WAX_E_LINK, "signatures differ",
          wax_linker_instantiate(b.linker, b.store, b.module, &b.instance, &error));
    wax_store *other = NULL;
    OK(wax_store_new(b.engine, &other, &error));
    define(&b, "again", again, &h);
    FAILS(WAX_E_LINK, "another store",
          wax_linker_instantiate(b.linker, other, b.module, &b.instance, &error));
    wax_store_free(other);
    assert_null(b.instance);
    OK(wax_linker_instantiate(b.linker, b.store, b.module, &b.instance, &error));
    bench_close(&b);
}

/* (import "first" "quad" …) (func (export "eight") (quad (i32.const 2))) */
static void second(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 2, 0x60, 1, I32, 1, I32, 0x60, 0, 1, I32);
    WASM_SECTION(w, SEC_IMPORT, 2, 5, 'f', 'i', 'r', 's', 't', 4, 'q', 'u', 'a', 'd', 0, 0, /* */
                 5, 'f', 'i', 'r', 's', 't', 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0, 1);
    WASM_SECTION(w, SEC_FUNC, 1, 1);
    WASM_SECTION(w, SEC_EXPORT, 2, 5, 'e', 'i', 'g', 'h', 't', 0, 1, 1, 'm', 2, 0);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 1);
    WASM_BODY(w, 0x41, 2, 0x10, 0);
    wasm_end(w);
}

static void test_linker_instances_by_name(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    OK(wax_linker_define_instance(b.linker, name("first"), b.instance, &error));
    struct wasm w;
    second(&w);
    wax_module *module = load(b.engine, &w);
    wax_instance *instance = NULL, *first = b.instance;
    OK(wax_linker_instantiate(b.linker, b.store, module, &instance, &error));
    wax_module_free(module); /* the instance keeps what it needs */
    b.instance = instance;
    wax_value result;
    OK(wax_call(bench_func(&b, "eight"), NULL, 0, &result, 1, &error));
    assert_int_equal(result.of.i32, 8);
    wax_memory *one = NULL, *two = NULL;
    OK(wax_instance_memory(first, "memory", &one, &error));
    OK(wax_instance_memory(instance, "m", &two, &error));
    assert_ptr_equal(one, two);
    bench_close(&b);
}

/* -------- memories -------- */

static void test_memory_bounds_and_growth(void **state)
{
    (void)state;
    struct bench b;
    bench_empty(&b, NULL);
    wax_memory *m = NULL;
    wax_limits limits = {.min = 1, .max = 3};
    OK(wax_memory_new(b.store, &limits, &m, &error));
    assert_int_equal(wax_memory_size(m), 65536);
    char text[8] = "waxwing", back[8] = "";
    OK(wax_memory_write(m, 65536 - 8, text, 8, &error));
    OK(wax_memory_read(m, 65536 - 8, back, 8, &error));
    assert_string_equal(back, text);
    OK(wax_memory_read(m, 65536, back, 0, &error)); /* nothing at the end is inside */
    FAILS(WAX_E_BOUNDS, "0xfff9", wax_memory_read(m, 65536 - 7, back, 8, &error));
    FAILS(WAX_E_BOUNDS, "outside", wax_memory_write(m, UINT64_MAX - 3, text, 8, &error));
    FAILS(WAX_E_BOUNDS, "outside", wax_memory_read(m, 65537, back, 0, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_memory_read(m, 0, NULL, 1, &error));
    uint64_t pages = 9;
    OK(wax_memory_grow(m, 2, &pages, &error));
    assert_int_equal(pages, 1);
    assert_int_equal(wax_memory_size(m), 3 * 65536);
    OK(wax_memory_grow(m, 0, NULL, &error));
    FAILS(WAX_E_LIMIT, "grow by 1", wax_memory_grow(m, 1, &pages, &error));
    FAILS(WAX_E_LIMIT, "grow", wax_memory_grow(m, UINT64_MAX, &pages, &error));
    assert_int_equal(pages, 1); /* written only on success */
    OK(wax_memory_read(m, 3 * 65536 - 8, back, 8, &error));
    assert_int_equal(back[0], 0); /* new pages are zero */
    assert_int_equal(wax_memory_size(NULL), 0);
    bench_close(&b);
}

static void test_memory_new_limits(void **state)
{
    (void)state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.max_memory_bytes = 1u << 20;
    struct bench b;
    bench_empty(&b, &o);
    wax_memory *m = NULL;
    wax_limits limits = {.min = 17, .max = UINT64_MAX};
    FAILS(WAX_E_LIMIT, "over the limit", wax_memory_new(b.store, &limits, &m, &error));
    limits.min = UINT64_MAX;
    FAILS(WAX_E_LIMIT, "over the limit", wax_memory_new(b.store, &limits, &m, &error));
    limits = (wax_limits){.min = 1, .max = UINT64_MAX, .shared = 1};
    FAILS(WAX_E_INVALID, "maximum", wax_memory_new(b.store, &limits, &m, &error));
    limits = (wax_limits){.min = 2, .max = 1};
    FAILS(WAX_E_INVALID, "maximum", wax_memory_new(b.store, &limits, &m, &error));
    assert_null(m);
    limits = (wax_limits){.min = 1, .max = UINT64_MAX};
    OK(wax_memory_new(b.store, &limits, &m, &error));
    OK(wax_memory_grow(m, 15, NULL, &error));
    FAILS(WAX_E_LIMIT, "", wax_memory_grow(m, 1, NULL, &error));
    bench_close(&b);
}

/* -------- tables and references -------- */

static int finalized;

static void finalize(void *data) { finalized += *(int *)data; }

static void test_externref_identity_and_finalizer(void **state)
{
    (void)state;
    struct bench b;
    bench_empty(&b, NULL);
    static int one = 1, ten = 10;
    finalized = 0;
    wax_value r1, r2, none = {.type = WAX_EXTERNREF}, back;
    OK(wax_store_externref(b.store, &one, finalize, &r1, &error));
    OK(wax_store_externref(b.store, &ten, finalize, &r2, &error));
    assert_true(r1.of.externref != r2.of.externref && r1.of.externref != 0);
    wax_table *t = NULL;
    wax_limits limits = {.min = 2, .max = 4};
    OK(wax_table_new(b.store, &limits, WAX_EXTERNREF, &t, &error));
    OK(wax_table_get(t, 0, &back, &error));
    assert_ptr_equal(wax_externref_data(b.store, &back), NULL); /* null at first */
    OK(wax_table_set(t, 1, &r2, &error));
    OK(wax_table_get(t, 1, &back, &error));
    assert_int_equal(back.type, WAX_EXTERNREF);
    assert_true(back.of.externref == r2.of.externref);
    assert_ptr_equal(wax_externref_data(b.store, &back), &ten);
    assert_ptr_equal(wax_externref_data(b.store, &none), NULL);
    wax_value number = i32(1), far = {.type = WAX_EXTERNREF, .of.externref = 1000};
    assert_ptr_equal(wax_externref_data(b.store, &number), NULL);
    assert_ptr_equal(wax_externref_data(b.store, &far), NULL);
    assert_int_equal(finalized, 0);
    bench_close(&b);
    assert_int_equal(finalized, 11); /* each once, with the store */
}

static void test_table_bounds_types_growth(void **state)
{
    (void)state;
    struct bench b;
    struct host h;
    open_caller(&b, &h);
    wax_table *t = NULL;
    wax_limits limits = {.min = 1, .max = 3};
    FAILS(WAX_E_INVALID, "reference", wax_table_new(b.store, &limits, WAX_I32, &t, &error));
    OK(wax_table_new(b.store, &limits, WAX_FUNCREF, &t, &error));
    wax_value f = {.type = WAX_FUNCREF, .of.func = bench_func(&b, "quad")}, back,
              wrong = {.type = WAX_EXTERNREF}, x = i32(3), result;
    OK(wax_table_set(t, 0, &f, &error));
    OK(wax_table_get(t, 0, &back, &error));
    assert_ptr_equal(back.of.func, f.of.func);
    OK(wax_call(back.of.func, &x, 1, &result, 1, &error));
    assert_int_equal(result.of.i32, 12);
    FAILS(WAX_E_TYPE, "funcref wanted", wax_table_set(t, 0, &wrong, &error));
    FAILS(WAX_E_BOUNDS, "element 1", wax_table_set(t, 1, &f, &error));
    FAILS(WAX_E_BOUNDS, "element 1", wax_table_get(t, 1, &back, &error));
    OK(wax_table_grow(t, 2, &f, &error));
    assert_int_equal(wax_table_size(t), 3);
    OK(wax_table_get(t, 2, &back, &error));
    assert_ptr_equal(back.of.func, f.of.func);
    FAILS(WAX_E_LIMIT, "grow by 1", wax_table_grow(t, 1, &f, &error));
    struct bench other;
    struct host h2;
    open_caller(&other, &h2);
    f.of.func = bench_func(&other, "quad");
    FAILS(WAX_E_TYPE, "another store", wax_table_set(t, 0, &f, &error));
    bench_close(&other);
    limits.min = UINT64_MAX;
    FAILS(WAX_E_INVALID, "maximum", wax_table_new(b.store, &limits, WAX_FUNCREF, &t, &error));
    limits.max = UINT64_MAX;
    FAILS(WAX_E_LIMIT, "over the limit", wax_table_new(b.store, &limits, WAX_FUNCREF, &t, &error));
    bench_close(&b);
}

static void test_global_types(void **state)
{
    (void)state;
    struct bench b;
    bench_empty(&b, NULL);
    wax_value v = i64(-5), back, wrong = i32(1), odd = {.type = -1};
    wax_global *var = NULL, *constant = NULL;
    OK(wax_global_new(b.store, &v, 1, &var, &error));
    OK(wax_global_new(b.store, &v, 0, &constant, &error));
    FAILS(WAX_E_INVALID, "value type", wax_global_new(b.store, &odd, 0, &constant, &error));
    v.of.i64 = INT64_MIN;
    OK(wax_global_set(var, &v, &error));
    wax_global_get(var, &back);
    assert_true(back.type == WAX_I64 && back.of.i64 == INT64_MIN);
    FAILS(WAX_E_TYPE, "i64 wanted, not i32", wax_global_set(var, &wrong, &error));
    FAILS(WAX_E_TYPE, "immutable", wax_global_set(constant, &v, &error));
    wax_global_get(constant, &back);
    assert_int_equal(back.of.i64, -5);
    wax_global_get(NULL, &back);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_function),
        cmocka_unit_test(test_host_function_fails),
        cmocka_unit_test(test_host_function_reenters),
        cmocka_unit_test(test_host_function_bad_types),
        cmocka_unit_test(test_call_wrong_arguments),
        cmocka_unit_test(test_call_trap_has_frames),
        cmocka_unit_test(test_instance_exports),
        cmocka_unit_test(test_linker_missing_and_wrong_imports),
        cmocka_unit_test(test_linker_instances_by_name),
        cmocka_unit_test(test_memory_bounds_and_growth),
        cmocka_unit_test(test_memory_new_limits),
        cmocka_unit_test(test_externref_identity_and_finalizer),
        cmocka_unit_test(test_table_bounds_types_growth),
        cmocka_unit_test(test_global_types),
    };
    return cmocka_run_group_tests_name("instance", tests, NULL, NULL);
}
