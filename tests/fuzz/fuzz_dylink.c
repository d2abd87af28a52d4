/* SPDX-License-Identifier: Apache-2.0 */
/* A library a program needs: any bytes as its section "dylink.0", or as all of it. */
/*
 * The first byte chooses the module the section is put into; beyond those, what follows is the
 * module. The program needs liba.so, which is this one; there is a libb.so, too, which needs it and
 * has symbols it wants. Whatever comes of it, the second run leaves nothing behind.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <waxwing/waxwing.h>

#include "fuzz.h"

#define IMPORTS                                                                                    \
    "(import \"env\" \"memory\" (memory 1 256))"                                                   \
    "(import \"env\" \"__indirect_function_table\" (table 0 funcref))"                             \
    "(import \"env\" \"__memory_base\" (global $mb i32))"                                          \
    "(import \"env\" \"__table_base\" (global $tb i32))"
#define MAX_INPUT 4096u

static const char program_text[] =
    "(module (@custom \"dylink.0\" (before first) "
    "\"\\01\\04\\00\\00\\00\\00\\02\\09\\01\\07liba.so\")" IMPORTS
    "(func (export \"f\") (result i32) (i32.const 7)) (func (export \"_start\"))"
    "(global (export \"d\") i32 (i32.const 8)))";
static const char
    other_text[] = /* needs liba.so, weakly wants its x, which is thread-local or not */
    "(module (@custom \"dylink.0\" (before first) "
    "\"\\01\\04\\10\\00\\01\\00\\02\\09\\01\\07liba.so\\04\\08\\01\\03env\\01x\\11\")" IMPORTS
    "(import \"GOT.mem\" \"x\" (global $x (mut i32)))"
    "(import \"env\" \"f\" (func $f (result i32)))"
    "(func $g (export \"g\") (result i32) (i32.add (global.get $x) (call $f)))"
    "(global (export \"y\") i32 (i32.const 4)) (elem (global.get $tb) func $g)"
    "(func (export \"__wasm_call_ctors\") (drop (call $g))))";
static const char *const texts[] = {
    "(module " IMPORTS ")",
    /* what it has lies in its own memory and table, and refers to libb.so */
    "(module " IMPORTS "(import \"GOT.mem\" \"y\" (global $y (mut i32)))"
    "(import \"GOT.func\" \"g\" (global $gp (mut i32))) (import \"env\" \"g\" (func $g (result "
    "i32)))"
    "(func $h (export \"h\") (result i32) (call $g)) (elem (global.get $tb) func $h)"
    "(data (global.get $mb) \"0123456789abcdef\")"
    "(global (export \"x\") i32 (i32.const 12))"
    "(func (export \"__wasm_call_ctors\") (i32.store (global.get $y) (global.get $gp))))",
    /* thread-local data; its block is the linker's */
    "(module " IMPORTS "(global $tls (mut i32) (i32.const 0)) (export \"__tls_base\" (global $tls))"
    "(global (export \"__tls_size\") i32 (i32.const 32))"
    "(global (export \"__tls_align\") i32 (i32.const 8)) (global (export \"x\") i32 (i32.const 16))"
    "(func (export \"__wasm_init_tls\") (param i32) (global.set $tls (local.get 0))"
    "  (i32.store offset=16 (local.get 0) (i32.const 3))))",
    /* symbols of its own, one of them anywhere; a start function */
    "(module " IMPORTS "(import \"GOT.mem\" \"x\" (global $x (mut i32)))"
    "(import \"GOT.func\" \"g\" (global $gp (mut i32)))"
    "(global (export \"x\") i32 (i32.const -1)) (func $g (export \"g\") (result i32) (i32.const 1))"
    "(func $s (global.set $x (i32.const 5))) (start $s)"
    "(func (export \"__wasm_apply_data_relocs\") (i32.store (global.get $mb) (global.get $x))))",
};
#define N_TEXTS (sizeof texts / sizeof *texts)

struct bytes {
    uint8_t *p;
    size_t n;
};

static wax_engine *engine;
static wax_module *program;
static struct bytes modules[N_TEXTS];
static char directory[] = "/tmp/waxwing-fuzz-XXXXXX";

static struct bytes binary(const char *text)
{
    void *p;
    struct bytes b;
    wax_error *err = NULL;
    if (wax_text_to_binary(engine, text, strlen(text), &p, &b.n, &err) != WAX_OK) {
        fuzz_fail("%s: %s", wax_error_message(err), text);
    }
    b.p = p;
    return b;
}

static void write_lib(const char *name, const uint8_t *const parts[], const size_t lens[], size_t n)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "wb");
    bool ok = f != NULL;
    for (size_t i = 0; i < n && ok; i++) {
        ok = fwrite(parts[i], 1, lens[i], f) == lens[i];
    }
    if (!f || fclose(f) != 0 || !ok) {
        fuzz_fail("cannot write '%s'", path);
    }
}

static void clean_up(void)
{
    static const char *const names[] = {"liba.so", "libb.so"};
    char path[64];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

static void set_up(void)
{
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.tier = "interp";
    if (!mkdtemp(directory) || atexit(clean_up) != 0 ||
        wax_engine_new(&o, &engine, NULL) != WAX_OK) {
        fuzz_fail("no directory, or no engine");
    }
    for (size_t i = 0; i < N_TEXTS; i++) {
        modules[i] = binary(texts[i]);
    }
    struct bytes b = binary(other_text);
    write_lib("libb.so", (const uint8_t *const[]){b.p}, &b.n, 1);
    wax_bytes_free(b.p);
    if (wax_module_from_text(engine, program_text, strlen(program_text), &program, NULL) !=
        WAX_OK) {
        fuzz_fail("the program");
    }
}

/* The section lies behind the head of the module. */
static void write_input(const uint8_t *data, size_t size)
{
    static const uint8_t name[] = "\010dylink.0";
    if (size == 0 || data[0] >= N_TEXTS) {
        const size_t n = size ? size - 1 : 0;
        write_lib("liba.so", (const uint8_t *const[]){data + (size ? 1 : 0)}, &n, 1);
        return;
    }
    const struct bytes *m = &modules[data[0]];
    size_t len = size - 1 + 9; /* with its name */
    const uint8_t head[] = {0, (uint8_t)(len & 0x7f) | 0x80, (uint8_t)(len >> 7 & 0x7f)};
    const uint8_t *const parts[] = {m->p, head, name, data + 1, m->p + 8};
    const size_t lens[] = {8, sizeof head, 9, size - 1, m->n - 8};
    write_lib("liba.so", parts, lens, 5);
}

static void run(void)
{
    wax_builder *b = NULL;
    wax_env *env = NULL;
    wax_error *err = NULL;
    int32_t code;
    wax_status st = wax_builder_new(engine, "program", &b, NULL);
    st = st == WAX_OK ? wax_builder_mount(b, directory, "/lib", WAX_MOUNT_RO, NULL) : st;
    if (st != WAX_OK) {
        fuzz_fail("no builder");
    }
    st = wax_builder_instantiate(b, program, &env, &err);
    st = st == WAX_OK ? wax_env_run(env, &code, &err) : st;
    if (st != WAX_OK && (!err || !wax_error_message(err)[0])) {
        fuzz_fail("status %d without an error that says so", (int)st);
    }
    wax_error_free(err);
    wax_env_free(env);
    wax_builder_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!engine) {
        set_up();
    }
    write_input(data, size < MAX_INPUT ? size : MAX_INPUT);
    run(); /* what is made once is made now: types */
    uint64_t before = wax_engine_allocated(engine);
    run();
    if (wax_engine_allocated(engine) != before) {
        fuzz_fail("%lld bytes are left", (long long)(wax_engine_allocated(engine) - before));
    }
    return 0;
}
