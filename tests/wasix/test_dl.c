/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamically linked programs, each in both tiers; what linking refuses; afterwards nothing is
 * left. */
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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "support/entries.h"

static const char *tier, *libraries; /* the directory they lie in */
static const char *small;
static char **programs;
static int n_programs;
static wax_engine *engine;

static void print_log(void *data, int32_t level, const char *area, const char *message)
{
    (void)data;
    if (level <= WAX_LOG_WARN) {
        (void)fprintf(stderr, "# %s: %s\n", area, message);
    }
}

static int set_up(void **state)
{
    (void)state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.log = print_log;
    o.tier = tier;
    return wax_engine_new(&o, &engine, NULL) != WAX_OK;
}

static int tear_down(void **state)
{
    (void)state;
    wax_engine_free(engine);
    return 0;
}

static unsigned count_fds(void) { return count_entries("/proc/self/fd"); }

/* A thread that nobody joins is gone some time after it was the last to touch anything of ours. */
static unsigned count_tasks(unsigned want)
{
    unsigned n = count_entries("/proc/self/task");
    for (int i = 0; i < 1000 && n > want; i++) {
        (void)usleep(1000);
        n = count_entries("/proc/self/task");
    }
    return n;
}

static wax_status prepare(wax_builder *builder, const char *lib_path, wax_error **err)
{
    wax_builder_grant(builder, WAX_CAP_THREADS | WAX_CAP_PROCESSES);
    wax_status st = wax_builder_inherit_stdio(builder, err);
    st = st == WAX_OK ? wax_builder_mount(builder, libraries, "/lib", WAX_MOUNT_RO, err) : st;
    st = st == WAX_OK ? wax_builder_tmpfs(builder, "/tmp", 1 << 24, 1000, err) : st;
    return st == WAX_OK && lib_path ? wax_builder_env(builder, "LD_LIBRARY_PATH", lib_path, err)
                                    : st;
}

/* Somebody who ends a run from outside, by SIGKILL or for good. */
struct killer {
    wax_env *env;
    bool cancels;
    long after_ns;
};

static void *kill_later(void *arg)
{
    const struct killer *k = arg;
    const struct timespec ts = {0, k->after_ns};
    (void)nanosleep(&ts, NULL);
    if (k->cancels) {
        wax_env_cancel(k->env);
    } else {
        (void)wax_env_signal(k->env, SIGKILL);
    }
    return NULL;
}

static wax_status run_env(struct killer *killer, wax_env *env, int32_t *ret_code, wax_error **err)
{
    pthread_t thread;
    if (killer) {
        killer->env = env;
        assert_int_equal(pthread_create(&thread, NULL, kill_later, killer), 0);
    }
    wax_status st = wax_env_run(env, ret_code, err);
    if (killer) {
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    return st;
}

/* @return the status; *ret_code of the guest; the error's text in `text` */
static wax_status run_killed(struct killer *killer, const char *path, const char *lib_path,
                             int32_t *ret_code, char *text, size_t text_len)
{
    wax_module *module = NULL;
    wax_builder *builder = NULL;
    wax_env *env = NULL;
    wax_error *error = NULL;
    text[0] = '\0';
    wax_status st = wax_module_from_file(engine, path, &module, &error);
    st = st == WAX_OK ? wax_builder_new(engine, "program", &builder, &error) : st;
    st = st == WAX_OK ? prepare(builder, lib_path, &error) : st;
    st = st == WAX_OK ? wax_builder_instantiate(builder, module, &env, &error) : st;
    st = st == WAX_OK ? run_env(killer, env, ret_code, &error) : st;
    wax_env_free(env);
    wax_builder_free(builder);
    wax_module_free(module);
    if (error) {
        (void)snprintf(text, text_len, "%s", wax_error_message(error));
        wax_error_free(error);
    }
    return st;
}

static wax_status run(const char *path, const char *lib_path, int32_t *ret_code, char *text,
                      size_t text_len)
{
    return run_killed(NULL, path, lib_path, ret_code, text, text_len);
}

static void test_programs(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    unsigned fds = 0, tasks = 0;
    for (int i = 0; i < n_programs; i++) {
        for (int round = 0; round < 2; round++) { /* what is made once is made in the first */
            char text[1000];
            int32_t code = -1;
            if (run(programs[i], NULL, &code, text, sizeof text) != WAX_OK || code != 0) {
                fail_msg("%s: code %d, %s", programs[i], code, text);
            }
            if (round) {
                assert_int_equal(count_fds(), fds);
                assert_int_equal(wax_engine_allocated(engine), bytes);
            }
            unsigned left = count_tasks(round ? tasks : 3); /* ., .., this one */
            assert_true(!round || left == tasks);
            tasks = left;
            fds = count_fds();
            bytes = wax_engine_allocated(engine);
        }
    }
}

/* Ended anywhere, with processes and loads under way: nothing is left. */
static void test_ends(void **state)
{
    (void)state;
    uint32_t x = 2463534242; /* the same each time */
    for (int i = 0; i < n_programs; i++) {
        if (!strstr(programs[i], "dl_processes.wasm")) {
            continue;
        }
        char text[1000];
        int32_t code = -1;
        assert_int_equal(run(programs[i], NULL, &code, text, sizeof text), WAX_OK);
        unsigned fds = count_fds(), tasks = count_tasks(3);
        uint64_t bytes = wax_engine_allocated(engine);
        for (int round = 0; round < 40; round++) {
            x = x * 1664525 + 1013904223;
            struct killer k = {.cancels = round & 1, .after_ns = (long)(x >> 8) * 5};
            wax_status st = run_killed(&k, programs[i], NULL, &code, text, sizeof text);
            bool fine = st == WAX_OK && (code == 0 || (!k.cancels && code == 128 + SIGKILL));
            if (!fine && (!k.cancels || st != WAX_E_CANCELLED)) {
                fail_msg("%s, code %d, '%s'", wax_status_name(st), code, text);
            }
            assert_int_equal(count_tasks(tasks), tasks);
            assert_int_equal(count_fds(), fds);
            assert_int_equal(wax_engine_allocated(engine), bytes);
        }
    }
}

/* -------- what linking refuses -------- */

#define MAIN_HEAD                                                                                  \
    "(module (@custom \"dylink.0\" (before first) "                                                \
    "\"\\01\\04\\00\\00\\00\\00\\02\\0b\\01\\09libbad.so\")"
#define IMPORTS                                                                                    \
    "(import \"env\" \"memory\" (memory 1 600))"                                                   \
    "(import \"env\" \"__indirect_function_table\" (table 0 funcref))"                             \
    "(import \"env\" \"__table_base\" (global $tb i32))"
#define PROGRAM                                                                                    \
    MAIN_HEAD IMPORTS "(func (export \"f\")) (func (export \"_start\")) (global (export \"d\") "   \
                      "i32 (i32.const 8)))"
/* A library with 16 bytes of memory and one element. */
#define LIB(DYLINK, REST) "(module (@custom \"dylink.0\" (before first) \"" DYLINK "\")" REST ")"
#define INFO "\\01\\04\\10\\00\\01\\00"

struct bad {
    const char *what;
    const char *library; /* text; or bytes, if raw */
    const char *error;   /* part of the message; NULL: it is fine */
    size_t raw;          /* so many bytes */
};

static const struct bad bads[] = {
    {"fine", LIB(INFO, IMPORTS "(func $g) (elem (global.get $tb) func $g)"), NULL, 0},
    {"no module", "hello, this is no module", "magic header", 24},
    {"nothing at all", "", "/lib/libbad.so", 1},
    {"no section", "(module " IMPORTS ")", "no section 'dylink.0'", 0},
    {"two sections", LIB(INFO, "(@custom \"dylink.0\" \"" INFO "\")" IMPORTS),
     "more than one section", 0},
    {"a section that ends too soon", LIB("\\01\\04\\10", IMPORTS), "dylink.0", 0},
    {"a subsection that ends too soon", LIB("\\01\\02\\10\\00", IMPORTS), "dylink.0", 0},
    {"a subsection that is longer", LIB("\\01\\05\\10\\00\\01\\00\\00", IMPORTS), "longer", 0},
    {"a subsection twice", LIB(INFO INFO, IMPORTS), "twice", 0},
    {"more names than bytes", LIB(INFO "\\02\\05\\ff\\ff\\ff\\ff\\0f", IMPORTS), "dylink.0", 0},
    {"an unknown subsection", LIB(INFO "\\77\\02ab", IMPORTS), NULL, 0},
    {"alignment of memory", LIB("\\01\\04\\10\\28\\01\\00", IMPORTS), "2^40", 0},
    {"alignment beyond memory", LIB("\\01\\04\\10\\1e\\01\\00", IMPORTS), "not as many", 0},
    {"alignment of the table", LIB("\\01\\04\\10\\00\\01\\1e", IMPORTS), "over the limit", 0},
    {"all the memory", LIB("\\01\\08\\ff\\ff\\ff\\ff\\0f\\00\\01\\00", IMPORTS), "not as many", 0},
    {"all the table", LIB("\\01\\08\\10\\00\\ff\\ff\\ff\\ff\\0f\\00", IMPORTS),
     "over the limit of 1000000", 0},
    {"a memory of its own", LIB(INFO, "(memory 1)"), "memory of its own", 0},
    {"no memory", LIB(INFO, ""), "imports 0 memories", 0},
    {"a shared memory", LIB(INFO, "(import \"env\" \"memory\" (memory 1 600 shared))"),
     "memory is not shared", 0},
    {"a second table", LIB(INFO, IMPORTS "(import \"env\" \"t\" (table 0 funcref))"), "more tables",
     0},
    {"elements outside its part", LIB(INFO, IMPORTS "(func $g) (elem (global.get $tb) func $g $g)"),
     "table elements only", 0},
    {"elements elsewhere", LIB(INFO, IMPORTS "(func $g) (elem (i32.const 1) func $g)"), "elsewhere",
     0},
    {"another type", LIB(INFO, IMPORTS "(import \"env\" \"f\" (func (param i32)))"),
     "their types differ", 0},
    {"data as a function", LIB(INFO, IMPORTS "(import \"env\" \"d\" (func))"), "no function", 0},
    {"a function as data", LIB(INFO, IMPORTS "(import \"GOT.mem\" \"f\" (global (mut i32)))"),
     "no address", 0},
    {"data nobody has", LIB(INFO, IMPORTS "(import \"GOT.mem\" \"gone\" (global (mut i32)))"),
     "symbol 'gone' is not defined: '/lib/libbad.so' wants it", 0},
    {"an address nobody has",
     LIB(INFO, IMPORTS "(import \"GOT.func\" \"gone\" (global (mut i32)))"),
     "symbol 'gone' is not defined: '/lib/libbad.so' wants it", 0},
    {"a weak one nobody has",
     LIB(INFO "\\04\\0b\\01\\03env\\04gone\\11",
         IMPORTS "(import \"GOT.mem\" \"gone\" (global (mut i32)))"),
     NULL, 0},
    {"a function that may come later", LIB(INFO, IMPORTS "(import \"env\" \"gone\" (func))"), NULL,
     0},
    {"no integer", LIB(INFO, IMPORTS "(import \"GOT.mem\" \"d\" (global (mut f32)))"), "no integer",
     0},
    {"another namespace", LIB(INFO, IMPORTS "(import \"other\" \"f\" (func))"),
     "'other.f' is not provided", 0},
    {"a WASI there is not",
     LIB(INFO, IMPORTS "(import \"wasi_snapshot_preview1\" \"nope\" (func))"), "nope", 0},
    {"a global nobody has", LIB(INFO, IMPORTS "(import \"env\" \"x\" (global i32))"),
     "'env.x' is not provided", 0},
    {"needs what is not there", LIB(INFO "\\02\\0d\\01\\0blibother.so", IMPORTS),
     "library 'libother.so', needed by 'libbad.so', is not there", 0},
    {"needs itself", LIB(INFO "\\02\\0b\\01\\09libbad.so", IMPORTS), NULL, 0},
    {"thread-local symbols without a base",
     LIB(INFO "\\03\\05\\01\\01x\\80\\02", IMPORTS "(global (export \"x\") i32 (i32.const 0))"),
     "exports no '__tls_base'", 0},
    {"data beyond memory", LIB(INFO, IMPORTS "(data (i32.const -8) \"0123456789\")"),
     "out of bounds memory access", 0},
    {"a start function that traps", LIB(INFO, IMPORTS "(func $g unreachable) (start $g)"),
     "unreachable", 0},
    {"a constructor that traps",
     LIB(INFO, IMPORTS "(func (export \"__wasm_call_ctors\") unreachable)"), "unreachable", 0},
};

static char directory[] = "/tmp/waxwing-dl-XXXXXX";

static void write_file(const char *name, const void *bytes, size_t len)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "wb");
    if (!f) {
        fail_msg("cannot write %s", path);
        return;
    }
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void write_text(const char *name, const char *text)
{
    void *bytes;
    size_t len;
    wax_error *error = NULL;
    if (wax_text_to_binary(engine, text, strlen(text), &bytes, &len, &error) != WAX_OK) {
        fail_msg("%s: %s: %s", name, wax_error_message(error), text);
    }
    write_file(name, bytes, len);
    wax_bytes_free(bytes);
}

static void try_bad(const struct bad *b)
{
    char path[256], text[1000];
    int32_t code = -1;
    if (b->raw) {
        write_file("libbad.so", b->library, b->raw == 1 ? 0 : b->raw);
    } else {
        write_text("libbad.so", b->library);
    }
    (void)snprintf(path, sizeof path, "%s/program.wasm", directory);
    wax_status st = run(path, NULL, &code, text, sizeof text);
    bool ok = b->error ? st != WAX_OK && strstr(text, b->error) : st == WAX_OK && code == 0;
    if (!ok) {
        fail_msg("%s: %s, '%s'", b->what, wax_status_name(st), text);
    }
}

/* What a module tells of itself. */
static void test_inspect(void **state)
{
    (void)state;
    static const char library[] =
        LIB("\\01\\05\\80\\02\\04\\03\\01\\02\\05\\01\\03a.b\\05\\05\\01\\03/c:", IMPORTS);
    wax_module *m;
    wax_dylink d;
    wax_error *error = NULL;
    assert_int_equal(wax_module_from_text(engine, library, sizeof library - 1, &m, NULL), WAX_OK);
    assert_int_equal(wax_module_dylink(m, &d, NULL), WAX_OK);
    assert_true(d.memory_bytes == 256 && d.memory_align == 4 && d.table_elems == 3 &&
                d.table_align == 1 && d.n_needed == 1 && d.n_paths == 1);
    wax_name n = wax_module_needed(m, 0), path = wax_module_runpath(m, 0);
    assert_true(n.len == 3 && memcmp(n.data, "a.b", 3) == 0);
    assert_true(path.len == 3 && memcmp(path.data, "/c:", 3) == 0);
    assert_int_equal(wax_module_needed(m, 1).len, 0);
    assert_int_equal(wax_module_runpath(m, 1).len, 0);
    assert_int_equal(wax_module_dylink(m, NULL, NULL), WAX_E_INVALID);
    wax_module_free(m);
    assert_int_equal(wax_module_from_text(engine, "(module)", 8, &m, NULL), WAX_OK);
    assert_int_equal(wax_module_dylink(m, &d, &error), WAX_E_NOT_FOUND);
    wax_error_free(error);
    assert_int_equal(wax_module_needed(m, 0).len, 0);
    wax_module_free(m);
}

/* One tag in both encodings: the program has exnref, the library the legacy one. */
static void test_encodings(void **state)
{
    (void)state;
    static const char program[] = MAIN_HEAD IMPORTS
        "(import \"env\" \"__cpp_exception\" (tag $e (param i32)))"
        "(import \"env\" \"thrower\" (func $thrower (param i32)))"
        "(import \"env\" \"catcher\" (func $catcher (result i32)))"
        "(func (export \"raise\") (param i32) (throw $e (local.get 0)))"
        "(func (export \"_start\")"
        "  (block $h (result i32)"
        "    (try_table (catch $e $h) (call $thrower (i32.const 41))) (i32.const 0))"
        "  (if (i32.ne (i32.const 42)) (then unreachable))"
        "  (if (i32.ne (call $catcher) (i32.const 7)) (then unreachable))))";
    static const char library[] =
        LIB(INFO, IMPORTS "(import \"env\" \"__cpp_exception\" (tag $e (param i32)))"
                          "(import \"env\" \"raise\" (func $raise (param i32)))"
                          "(func (export \"thrower\") (param i32)"
                          "  try local.get 0 call $raise"
                          "  catch $e i32.const 1 i32.add throw $e end)"
                          "(func (export \"catcher\") (result i32)"
                          "  try (result i32) i32.const 7 call $raise i32.const 0 catch $e end)");
    static const struct bad good = {"both encodings", library, NULL, 0};
    const char *keep = libraries;
    libraries = directory;
    write_text("program.wasm", program);
    try_bad(&good);
    write_text("program.wasm", PROGRAM);
    libraries = keep;
}

static void test_refused(void **state)
{
    (void)state;
    const char *keep = libraries;
    assert_non_null(mkdtemp(directory));
    libraries = directory;
    write_text("program.wasm", PROGRAM);
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        try_bad(&bads[i]); /* what is made once is made now: types */
        uint64_t bytes = wax_engine_allocated(engine);
        unsigned fds = count_fds();
        try_bad(&bads[i]);
        if (wax_engine_allocated(engine) != bytes || count_fds() != fds) {
            fail_msg("%s: %d bytes are left, %d descriptors", bads[i].what,
                     (int)(wax_engine_allocated(engine) - bytes), (int)(count_fds() - fds));
        }
    }
    libraries = keep;
}

/* The n-th allocation fails: the program ends with 0, or 3, or is not started. */
static void test_memory(void **state)
{
    (void)state;
    wax_engine *keep = engine;
    unsigned fds = count_fds(), quiet = 0, tried = 0;
    for (int64_t n = 1; quiet < 40; n += 1 + n / 40) {
        wax_engine_options o;
        wax_engine_options_init(&o);
        o.tier = tier;
        o.fail_alloc_at = n;
        wax_status st = wax_engine_new(&o, &engine, NULL);
        int32_t code = 0;
        char text[1000] = "";
        if (st == WAX_OK) {
            st = run(small, NULL, &code, text, sizeof text);
            wax_engine_free(engine); /* what is left is for the leak check of the ASan build */
        }
        engine = keep;
        bool fine = st == WAX_OK && (code == 0 || code == 3);
        if (!fine && st != WAX_E_NOMEM && st != WAX_TRAP) {
            fail_msg("allocation %d: %s, code %d, '%s'", (int)n, wax_status_name(st), code, text);
        }
        quiet = st == WAX_OK && code == 0 ? quiet + 1 : 0;
        tried++;
    }
    assert_true(tried > 100);
    assert_int_equal(count_fds(), fds);
}

/* -------- where libraries are looked for -------- */

static void make_link(const char *name, const char *target)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    (void)unlink(path);
    assert_int_equal(target ? symlink(target, path) : 0, 0);
}

/* The program needs libbad.so: is it found with this LD_LIBRARY_PATH? NULL: yes */
static void try_path(const char *lib_path, const char *error)
{
    char path[256], text[1000];
    int32_t code = -1;
    (void)snprintf(path, sizeof path, "%s/program.wasm", directory);
    wax_status st = run(path, lib_path, &code, text, sizeof text);
    if (error ? st == WAX_OK || !strstr(text, error) : st != WAX_OK || code != 0) {
        fail_msg("LD_LIBRARY_PATH=%s: %s, '%s'", lib_path ? lib_path : "", wax_status_name(st),
                 text);
    }
}

static void test_places(void **state)
{
    (void)state;
    static const char library[] = LIB(INFO, IMPORTS);
    static const char runpath[] =
        LIB(/* needs libother.so, which lies in $ORIGIN/sub */
            INFO "\\02\\0d\\01\\0blibother.so\\05\\0d\\01\\0b$ORIGIN/sub", IMPORTS);
    static const char braces[] =
        LIB(INFO "\\02\\0d\\01\\0blibother.so\\05\\13\\01\\11/no:${ORIGIN}/sub", IMPORTS);
    char path[256];
    const char *keep = libraries;
    libraries = directory;
    (void)snprintf(path, sizeof path, "%s/sub", directory);
    assert_int_equal(mkdir(path, 0700), 0);
    make_link("libbad.so", NULL);
    write_text("sub/libbad.so", library);
    try_path(NULL, "looked for: /lib/libbad.so");
    try_path("/lib/sub", NULL);
    try_path("/nowhere::/lib/sub:", NULL);
    try_path(path, "is not there"); /* a directory of the host */
    make_link("sub/libbad.so", NULL);
    write_text("sub/libbad.wasm", library);
    try_path("/lib/sub", NULL);
    make_link("sub/libbad.wasm", NULL);
    /* By the requester's RUNPATH. */
    write_text("sub/libother.so", library);
    write_text("libbad.so", LIB(INFO "\\02\\0d\\01\\0blibother.so", IMPORTS));
    try_path(NULL, "'libother.so', needed by 'libbad.so', is not there");
    write_text("libbad.so", runpath);
    try_path(NULL, NULL);
    write_text("libbad.so", braces);
    try_path(NULL, NULL);
    /* Links lead nowhere outside. */
    (void)snprintf(path, sizeof path, "%s/libplug.so", keep);
    make_link("libbad.so", path);
    try_path(NULL, "is not there");
    make_link("libbad.so", "sub/libother.so");
    try_path(NULL, NULL);
    make_link("libbad.so", "sub"); /* no file */
    try_path(NULL, "/lib/libbad.so (");
    make_link("libbad.so", NULL);
    make_link("sub/libother.so", NULL);
    (void)snprintf(path, sizeof path, "%s/sub", directory);
    assert_int_equal(rmdir(path), 0);
    libraries = keep;
}

/* Libraries of one batch refer to each other in both directions, to what is not linked yet. */
static void test_circle(void **state)
{
    (void)state;
    static const char first[] = /* wants thread-local data and a function of who needs it */
        LIB(INFO,
            IMPORTS "(import \"GOT.mem\" \"x\" (global $x (mut i32)))"
                    "(import \"GOT.func\" \"late\" (global $late (mut i32)))"
                    "(import \"env\" \"late\" (func $g (result i32)))"
                    "(func (export \"early\") (result i32) (i32.add (global.get $x) (call $g)))");
    static const char second[] =
        LIB(INFO "\\02\\0d\\01\\0blibother.so\\03\\05\\01\\01x\\80\\02",
            IMPORTS "(import \"env\" \"early\" (func $early (result i32)))"
                    "(global $tls (mut i32) (i32.const 0)) (export \"__tls_base\" (global $tls))"
                    "(global (export \"x\") i32 (i32.const 8))"
                    "(func $start (global.set $tls (i32.const 2000))) (start $start)"
                    "(func (export \"late\") (result i32) (i32.const 5))"
                    "(func (export \"__wasm_call_ctors\")"
                    "  (if (i32.ne (call $early) (i32.const 2013)) (then unreachable)))");
    static const char spoilt[] =
        LIB(INFO "\\02\\0d\\01\\0blibother.so", IMPORTS "(data (i32.const -8) \"0123456789\")");
    static const struct bad good = {"a circle", second, NULL, 0},
                            bad = {"a circle that breaks", spoilt, "out of bounds", 0};
    const char *keep = libraries;
    libraries = directory;
    write_text("libother.so", first);
    try_bad(&good);
    write_text("libother.so", LIB(INFO, IMPORTS "(func $g) (elem (global.get $tb) func $g)"));
    try_bad(&bad);
    make_link("libother.so", NULL);
    libraries = keep;
}

/* A library cut anywhere is an error, or fine; never more. */
static void test_truncated(void **state)
{
    (void)state;
    char path[256], text[1000];
    static uint8_t bytes[65536];
    const char *keep = libraries;
    (void)snprintf(path, sizeof path, "%s/libplug.so", libraries);
    FILE *f = fopen(path, "rb");
    if (!f) {
        fail_msg("cannot read %s", path);
        return;
    }
    size_t len = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    libraries = directory;
    (void)snprintf(path, sizeof path, "%s/program.wasm", directory);
    uint64_t before = 0;
    for (size_t n = 0; n < len; n++) {
        int32_t code = -1;
        write_file("libbad.so", bytes, n);
        assert_int_not_equal(run(path, NULL, &code, text, sizeof text), WAX_OK);
        before = before ? before : wax_engine_allocated(engine);
    }
    assert_int_equal(wax_engine_allocated(engine), before);
    libraries = keep;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, i ? "libbad.so" : "program.wasm");
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        return 2;
    }
    tier = argv[1];
    libraries = argv[2];
    small = argv[3];
    programs = argv + 4;
    n_programs = argc - 4;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programs),  cmocka_unit_test(test_ends),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_inspect),
        cmocka_unit_test(test_encodings), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_places),    cmocka_unit_test(test_circle),
        cmocka_unit_test(test_truncated)};
    return cmocka_run_group_tests_name("dl", tests, set_up, tear_down);
}
