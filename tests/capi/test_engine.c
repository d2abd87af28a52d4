/* SPDX-License-Identifier: Apache-2.0 */
/* Engines and modules: options, loading, describing, errors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/capi.h"

static void test_engine_new_bad_options(void **state)
{
    (void)state;
    wax_engine *engine = NULL;
    wax_engine_options o;
    wax_engine_options_init(&o);
    assert_int_equal(o.struct_size, sizeof o);
    o.tier = "warp";
    FAILS(WAX_E_UNSUPPORTED, "'warp'", wax_engine_new(&o, &engine, &error));
    wax_engine_options_init(&o);
    o.features = "+threads,-nonsense";
    FAILS(WAX_E_INVALID, "'nonsense'", wax_engine_new(&o, &engine, &error));
    wax_engine_options_init(&o);
    o.signals = 7;
    FAILS(WAX_E_INVALID, "signal mode 7", wax_engine_new(&o, &engine, &error));
    memset(&o, 0, sizeof o);
    FAILS(WAX_E_INVALID, "not initialised", wax_engine_new(&o, &engine, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_engine_new(NULL, NULL, &error));
    assert_null(engine); /* written only on success */
    assert_int_equal(wax_engine_new(&o, &engine, NULL), WAX_E_INVALID); /* no error wanted */
    wax_engine_free(NULL);
    assert_int_equal(wax_engine_allocated(NULL), 0);
}

/* (func (export "f")) */
static void empty_function(struct wasm *w)
{
    wasm_init(w);
    WASM_SECTION(w, SEC_TYPE, 1, 0x60, 0, 0);
    WASM_SECTION(w, SEC_FUNC, 1, 0);
    WASM_SECTION(w, SEC_EXPORT, 1, 1, 'f', 0, 0);
    wasm_section(w, SEC_CODE);
    wasm_u32(w, 1);
    wasm_body(w);
    wasm_end(w);
    wasm_end(w);
}

static void test_engine_free_before_what_it_made(void **state)
{
    (void)state;
    struct wasm w;
    empty_function(&w);
    struct bench b;
    bench_open(&b, NULL, &w);
    wax_engine_free(b.engine);
    b.engine = NULL;
    wax_module_free(b.module); /* the instance holds it, too */
    b.module = NULL;
    OK(wax_call(bench_func(&b, "f"), NULL, 0, NULL, 0, &error));
    bench_close(&b);
}

static void test_engine_accounts(void **state)
{
    (void)state;
    struct wasm w;
    empty_function(&w);
    wax_engine *engine = new_engine();
    uint64_t before = wax_engine_allocated(engine);
    wax_module *module = load(engine, &w);
    uint64_t with = wax_engine_allocated(engine);
    assert_true(with > before);
    wax_module_free(module);
    assert_true(wax_engine_allocated(engine) < with);
    assert_true(wax_engine_allocated_peak(engine) >= with);
    wax_engine_free(engine);
    assert_int_equal(strcmp(wax_version(), WAX_VERSION), 0);
}

static void test_engine_allocation_limit(void **state)
{
    (void)state;
    struct wasm w;
    empty_function(&w);
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.allocation_limit = 4096;
    wax_engine *engine = NULL;
    wax_module *module = NULL;
    OK(wax_engine_new(&o, &engine, &error));
    static uint8_t big[65536] = "\0asm\1\0\0\0";
    FAILS(WAX_E_NOMEM, "out of memory",
          wax_module_from_bytes(engine, big, sizeof big, &module, &error));
    assert_true(wax_engine_allocated(engine) <= 4096);
    wax_engine_free(engine);
}

/* -------- loading -------- */

static void test_module_from_bytes_errors_tell_where(void **state)
{
    (void)state;
    wax_engine *engine = new_engine();
    wax_module *module = NULL;
    struct wasm w;
    empty_function(&w);
    FAILS(WAX_E_INVALID, "engine", wax_module_from_bytes(NULL, w.b, w.n, &module, &error));
    FAILS(WAX_E_INVALID, "bytes", wax_module_from_bytes(engine, NULL, 1, &module, &error));
    FAILS(WAX_E_INVALID, "ret_module", wax_module_from_bytes(engine, w.b, w.n, NULL, &error));
    FAILS(WAX_E_MALFORMED, "", wax_module_from_bytes(engine, NULL, 0, &module, &error));
    FAILS(WAX_E_MALFORMED, "not a wasm module",
          wax_module_from_bytes(engine, "garbage!", 8, &module, &error));

    wax_error *kept = NULL; /* an operator without operands: i32.add in the body of function 0 */
    w.b[w.n - 1] = 0x6a;
    assert_int_equal(wax_module_from_bytes(engine, w.b, w.n, &module, &kept), WAX_E_VALIDATION);
    assert_int_equal(wax_error_offset(kept), w.n - 1);
    assert_int_equal(wax_error_func_idx(kept), 0);
    assert_string_equal(wax_error_section(kept), "function body");
    assert_int_equal(wax_error_trap_code(kept), 0);
    assert_int_equal(wax_error_n_frames(kept), 0);
    wax_error_free(kept);
    assert_null(module);
    wax_engine_free(engine);
}

static void test_module_needs_a_feature(void **state)
{
    (void)state;
    struct wasm w;
    wasm_init(&w);
    WASM_SECTION(&w, SEC_MEMORY, 2, 0, 1, 0, 1);
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.features = "-multi-memory";
    wax_engine *engine = NULL;
    OK(wax_engine_new(&o, &engine, &error));
    wax_module *module = NULL;
    wax_error *kept = NULL;
    assert_int_equal(wax_module_from_bytes(engine, w.b, w.n, &module, &kept), WAX_E_UNSUPPORTED);
    assert_true(wax_error_offset(kept) <= w.n);
    expect_text(kept, "+multi-memory");
    wax_engine_free(engine);
    engine = new_engine();
    module = load(engine, &w);
    assert_string_equal(wax_module_feature(module, 0), "multi-memory");
    assert_null(wax_module_feature(module, 1));
    wax_module_free(module);
    wax_engine_free(engine);
}

static void test_features_are_listed(void **state)
{
    (void)state;
    wax_feature f;
    size_t n = 0, off = 0;
    char spec[64];
    for (; wax_feature_info(n, &f); n++) {
        wax_engine *engine = NULL;
        wax_engine_options o;
        wax_engine_options_init(&o);
        (void)snprintf(spec, sizeof spec, "-%s", f.name);
        o.features = spec;
        OK(wax_engine_new(&o, &engine, &error)); /* the name is one the options know */
        wax_engine_free(engine);
        assert_true(f.standing[0] && f.about[0]);
        off += !f.on;
    }
    assert_true(n > 10 && off > 0);
    assert_int_equal(wax_feature_info(0, NULL), 0);
}

static void test_module_from_file_errors(void **state)
{
    (void)state;
    wax_engine *engine = new_engine();
    wax_module *module = NULL;
    char dir[] = "/tmp/waxwing-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/none.wasm", dir);
    wax_error *kept = NULL;
    assert_int_equal(wax_module_from_file(engine, path, &module, &kept), WAX_E_NOT_FOUND);
    assert_int_equal(wax_error_status(kept), WAX_E_NOT_FOUND);
    assert_int_equal(wax_error_errno(kept), 2);
    expect_text(kept, "none.wasm': No such file");
    FAILS(WAX_E_IO, "not a regular file", wax_module_from_file(engine, dir, &module, &error));
    assert_int_equal(mkfifo(path, 0600), 0);
    FAILS(WAX_E_IO, "not a regular file", wax_module_from_file(engine, path, &module, &error));
    (void)unlink(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    (void)fclose(f);
    FAILS(WAX_E_MALFORMED, path, wax_module_from_file(engine, path, &module, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_module_from_file(engine, NULL, &module, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_module_from_file(engine, path, NULL, &error));
    (void)unlink(path);
    (void)rmdir(dir);
    wax_engine_free(engine);
}

static void test_module_from_file(void **state)
{
    (void)state;
    struct wasm w;
    empty_function(&w);
    char path[] = "/tmp/waxwing-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, w.b, w.n), w.n);
    (void)close(fd);
    wax_engine *engine = new_engine();
    wax_module *module = NULL;
    unsigned fds = count_fds();
    OK(wax_module_from_file(engine, path, &module, &error));
    assert_int_equal(count_fds(), fds);
    assert_int_equal(wax_module_n_exports(module), 1);
    wax_module_free(module);
    wax_engine_free(engine);
    (void)unlink(path);
}

/* -------- describing -------- */

/* One import and one export of every kind; names with NULs and empty ones; a custom section. */
static void all_kinds(struct wasm *w)
{
    wasm_init(w);
    wasm_section(w, 0);
    wasm_name(w, "note", 4);
    wasm_put(w, "hello", 5);
    wasm_end(w);
    WASM_SECTION(w, SEC_TYPE, 1, 0x60, 2, I32, F64, 1, EXTERNREF);
    wasm_section(w, SEC_IMPORT);
    wasm_u32(w, 4);
    wasm_name(w, "a\0b", 3);
    wasm_name(w, "", 0);
    WASM_PUT(w, 0, 0);
    wasm_name(w, "m", 1);
    wasm_name(w, "table", 5);
    WASM_PUT(w, 1, FUNCREF, 1, 2, 9);
    wasm_name(w, "m", 1);
    wasm_name(w, "memory", 6);
    WASM_PUT(w, 2, 7, 3, 0x80, 2); /* 64-bit, shared, 3 to 256 pages */
    wasm_name(w, "wasi_snapshot_preview1", 22);
    wasm_name(w, "global", 6);
    WASM_PUT(w, 3, I64, 1);
    wasm_end(w);
    wasm_section(w, SEC_EXPORT);
    wasm_u32(w, 4);
    wasm_name(w, "x\0", 2);
    WASM_PUT(w, 0, 0);
    wasm_name(w, "x", 1);
    WASM_PUT(w, 1, 0);
    wasm_name(w, "", 0);
    WASM_PUT(w, 2, 0);
    wasm_name(w, "\xc3\xa4", 2);
    WASM_PUT(w, 3, 0);
    wasm_end(w);
}

static void assert_name(wax_name n, const char *want, size_t len)
{
    assert_int_equal(n.len, len);
    assert_memory_equal(n.data, want, len);
}

static void test_module_describes_ports(void **state)
{
    (void)state;
    struct wasm w;
    all_kinds(&w);
    wax_engine *engine = new_engine();
    wax_module *module = load(engine, &w);
    assert_int_equal(wax_module_n_imports(module), 4);
    assert_int_equal(wax_module_n_exports(module), 4);
    wax_port p;
    OK(wax_module_import(module, 0, &p, &error));
    assert_name(p.module, "a\0b", 3);
    assert_name(p.name, "", 0);
    assert_int_equal(p.kind, WAX_EXTERN_FUNC);
    assert_int_equal(p.func.n_params, 2);
    assert_int_equal(p.func.params[0], WAX_I32);
    assert_int_equal(p.func.params[1], WAX_F64);
    assert_int_equal(p.func.n_results, 1);
    assert_int_equal(p.func.results[0], WAX_EXTERNREF);
    OK(wax_module_import(module, 1, &p, &error));
    assert_int_equal(p.kind, WAX_EXTERN_TABLE);
    assert_true(p.limits.min == 2 && p.limits.max == 9 && !p.limits.is64);
    assert_int_equal(p.value, WAX_FUNCREF);
    OK(wax_module_import(module, 2, &p, &error));
    assert_int_equal(p.kind, WAX_EXTERN_MEMORY);
    assert_true(p.limits.min == 3 && p.limits.max == 256 && p.limits.is64 && p.limits.shared);
    OK(wax_module_import(module, 3, &p, &error));
    assert_int_equal(p.kind, WAX_EXTERN_GLOBAL);
    assert_true(p.value == WAX_I64 && p.mut == 1);
    FAILS(WAX_E_NOT_FOUND, "import 4", wax_module_import(module, 4, &p, &error));
    OK(wax_module_export(module, 0, &p, &error));
    assert_name(p.name, "x\0", 2);
    OK(wax_module_export(module, 3, &p, &error));
    assert_name(p.name, "\xc3\xa4", 2);
    FAILS(WAX_E_NOT_FOUND, "export 4", wax_module_export(module, 4, &p, &error));
    FAILS(WAX_E_INVALID, "NULL", wax_module_export(module, 0, NULL, &error));
    size_t len = 0;
    assert_memory_equal(wax_module_custom(module, "note", &len), "hello", 5);
    assert_int_equal(len, 5);
    assert_null(wax_module_custom(module, "other", &len));
    assert_int_equal(wax_module_wasi(module), 0); /* a global is not a function of WASI */
    wax_module_free(module);
    wax_engine_free(engine);
    wax_module_free(NULL);
    assert_int_equal(wax_module_n_imports(NULL), 0);
}

static void count_finding(void *data, const wax_finding *f)
{
    unsigned *n = data;
    assert_in_range(f->level, WAX_FINDING_NOTE, WAX_FINDING_MISSING);
    assert_true(f->subject[0] && f->message[0] && f->hint);
    n[f->level]++;
    if (f->level == WAX_FINDING_MISSING) {
        assert_string_equal(f->subject, "memory");
    }
}

static void test_module_wasi_versions(void **state)
{
    (void)state;
    struct wasm w;
    wasm_init(&w);
    WASM_SECTION(&w, SEC_TYPE, 1, 0x60, 1, I32, 0);
    wasm_section(&w, SEC_IMPORT);
    wasm_u32(&w, 1);
    wasm_name(&w, "wasi_snapshot_preview1", 22);
    wasm_name(&w, "proc_exit", 9);
    WASM_PUT(&w, 0, 0);
    wasm_end(&w);
    wax_engine *engine = new_engine();
    wax_module *module = load(engine, &w);
    assert_int_equal(wax_module_wasi(module), WAX_WASI_PREVIEW1);
    assert_int_equal(wax_module_wasi_strict(module), WAX_WASI_PREVIEW1);
    unsigned n[3] = {0};
    wax_module_explain(module, count_finding, n); /* no memory for WASI, and a library */
    assert_int_equal(n[WAX_FINDING_MISSING], 1);
    assert_int_equal(n[WAX_FINDING_LIMIT], 0);
    assert_int_equal(n[WAX_FINDING_NOTE], 1);
    wax_module_explain(module, NULL, n);
    wax_module_explain(NULL, count_finding, n);
    assert_int_equal(n[WAX_FINDING_MISSING], 1);
    wax_module_free(module);
    wax_engine_free(engine);
}

/* -------- errors -------- */

static void test_errors_without_an_object(void **state)
{
    (void)state;
    assert_int_equal(wax_error_status(NULL), WAX_OK);
    assert_string_equal(wax_error_message(NULL), "");
    assert_string_equal(wax_error_hint(NULL), "");
    assert_string_equal(wax_error_rule(NULL), "");
    assert_string_equal(wax_error_section(NULL), "");
    assert_true(wax_error_offset(NULL) == WAX_NO_OFFSET);
    assert_true(wax_error_func_idx(NULL) == WAX_NO_INDEX);
    assert_int_equal(wax_error_errno(NULL), 0);
    assert_int_equal(wax_error_exit_code(NULL), 0);
    assert_null(wax_error_frame(NULL, 0));
    wax_error_free(NULL);
    assert_string_equal(wax_status_name(WAX_E_POISONED), "WAX_E_POISONED");
    assert_string_equal(wax_status_name(-999), "unknown status");
    assert_string_equal(wax_trap_name(-999), "unknown trap");
    assert_int_equal(wax_host_fail(NULL, "%s", "nobody listens"), WAX_TRAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine_new_bad_options),
        cmocka_unit_test(test_engine_free_before_what_it_made),
        cmocka_unit_test(test_engine_accounts),
        cmocka_unit_test(test_engine_allocation_limit),
        cmocka_unit_test(test_module_from_bytes_errors_tell_where),
        cmocka_unit_test(test_module_needs_a_feature),
        cmocka_unit_test(test_features_are_listed),
        cmocka_unit_test(test_module_from_file_errors),
        cmocka_unit_test(test_module_from_file),
        cmocka_unit_test(test_module_describes_ports),
        cmocka_unit_test(test_module_wasi_versions),
        cmocka_unit_test(test_errors_without_an_object),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
