/* SPDX-License-Identifier: Apache-2.0 */
/* Files for perf(1): what they say of the code, and that they are opened with care. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/capi.h"

static char dir[64];
static char path[128];
static char data[1 << 16];

/* Names with blanks and control characters must not break a line. */
static const char text[] =
    "(module $plug.in\n"
    " (func $add (export \"add\") (param i32 i32) (result i32)\n"
    "  (i32.add (local.get 0) (local.get 1)))\n"
    " (func (export \"a b\\0a\\1bc\") (result i32) (call $add (i32.const 1) (i32.const 2)))\n"
    " (func $never (result i32) (i32.const 1)))";

static wax_engine_options profiled(int32_t kind)
{
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.tier = "fast";
    o.profile = kind;
    o.profile_dir = dir;
    return o;
}

/* A module that has run both its exports. */
static void open_plugin(struct bench *b, int32_t kind)
{
    wax_engine_options o = profiled(kind);
    wax_value args[] = {i32(2), i32(3)}, result;
    bench_empty(b, &o);
    OK(wax_module_from_text(b->engine, text, strlen(text), &b->module, &error));
    OK(wax_linker_instantiate(b->linker, b->store, b->module, &b->instance, &error));
    OK(wax_call(bench_func(b, "add"), args, 2, &result, 1, &error));
    assert_int_equal(result.of.i32, 5);
    OK(wax_call(bench_func(b, "a b\n\x1b"
                              "c"),
                NULL, 0, &result, 1, &error));
    assert_int_equal(result.of.i32, 3);
}

static size_t read_file(void)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(data, 1, sizeof data - 1, f);
    assert_int_equal(fclose(f), 0);
    data[n] = '\0';
    return n;
}

static void set_path(const char *format)
{
    (void)snprintf(path, sizeof path, format, dir, (int)getpid()); /* NOLINT: ours */
    (void)unlink(path);
}

static unsigned count_text(const char *needle)
{
    unsigned n = 0;
    for (const char *p = data; (p = strstr(p, needle)); p++) {
        n++;
    }
    return n;
}

static void test_map_names_functions(void **state)
{
    (void)state;
    struct bench b, second;
    struct stat st;
    set_path("%s/perf-%d.map");
    unsigned fds = count_fds();
    open_plugin(&b, WAX_PROFILE_PERFMAP);
    read_file();
    char name[64];
    unsigned long address, size;
    unsigned lines = 0, found = 0;
    for (char *line = strtok(data, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        assert_int_equal(sscanf(line, "%lx %lx %63s", &address, &size, name), 3);
        assert_true(address > 4096 && size > 0);
        found |= strcmp(name, "plug.in!add") == 0 ? 1 : 0;
        found |= strcmp(name, "plug.in!a_b__c") == 0 ? 2 : 0;
        found |= strcmp(name, "plug.in![first-calls]") == 0 ? 4 : 0;
    }
    assert_int_equal(found, 7);
    assert_int_equal(lines, 3); /* $never was never compiled */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    open_plugin(&second, WAX_PROFILE_PERFMAP); /* the process's other engines append */
    bench_close(&second);
    bench_close(&b);
    read_file();
    assert_int_equal(count_text("plug.in!add\n"), 2);
    open_plugin(&b, WAX_PROFILE_PERFMAP);
    bench_close(&b);
    read_file();
    assert_int_equal(count_text("plug.in!add\n"), 3);
    assert_int_equal(count_fds(), fds);
}

struct record {
    uint32_t id, size;
    uint64_t time;
};
struct load {
    struct record head;
    uint32_t pid, tid;
    uint64_t vma, address, size, index;
};

static bool is_mapped_executable(void)
{
    char line[512];
    bool found = false;
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        found |= strstr(line, path) && strstr(line, "r-xp");
    }
    assert_int_equal(fclose(f), 0);
    return found;
}

/* The load records; each is preceded by the places of its code, if it has any. */
static unsigned check_records(size_t n, unsigned *ret_places)
{
    uint32_t head[6];
    memcpy(head, data, sizeof head);
    assert_int_equal(head[0], 0x4a695444);
    assert_int_equal(head[1], 1);
    assert_int_equal(head[2], 40);
    assert_int_equal(head[3], EM_X86_64);
    assert_int_equal(head[5], getpid());
    unsigned loads = 0;
    uint64_t last = 0, places_of = 0;
    for (size_t at = 40; at < n;) {
        struct load load = {0};
        assert_true(n - at >= sizeof load.head);
        memcpy(&load.head, data + at, sizeof load.head);
        assert_true(load.head.size <= n - at && load.head.time >= last);
        last = load.head.time;
        if (load.head.id == 2) {
            memcpy(&places_of, data + at + sizeof load.head, 8);
            ++*ret_places;
        } else {
            assert_int_equal(load.head.id, 0);
            memcpy(&load, data + at, sizeof load);
            const char *name = data + at + sizeof load;
            assert_int_equal(load.head.size, sizeof load + strlen(name) + 1 + load.size);
            assert_int_equal(load.pid, getpid());
            assert_int_equal(load.index, loads);
            assert_memory_equal(name, "plug.in!", 8);
            assert_true(!places_of || places_of == load.address);
            /* the code is what the process runs */
            assert_memory_equal(name + strlen(name) + 1, (const void *)(uintptr_t)load.address,
                                load.size);
            places_of = 0;
            loads++;
        }
        at += load.head.size;
    }
    return loads;
}

static void test_dump_holds_code(void **state)
{
    (void)state;
    struct bench b;
    unsigned places = 0;
    set_path("%s/jit-%d.dump");
    unsigned fds = count_fds();
    open_plugin(&b, WAX_PROFILE_JITDUMP);
    assert_true(is_mapped_executable());
    size_t n = read_file();
    assert_int_equal(check_records(n, &places), 3);
    assert_int_equal(places, 2);
    bench_close(&b);
    assert_false(is_mapped_executable());
    assert_int_equal(count_fds(), fds);
}

static void test_stale_files_are_emptied(void **state)
{
    (void)state;
    struct bench b;
    set_path("%s/perf-%d.map");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("1000 10 of_an_earlier_process\n", f);
    assert_int_equal(fclose(f), 0);
    open_plugin(&b, WAX_PROFILE_PERFMAP);
    bench_close(&b);
    read_file();
    assert_int_equal(count_text("of_an_earlier_process"), 0);
    assert_int_equal(count_text("plug.in!add\n"), 1);
}

static void test_files_of_others_are_refused(void **state)
{
    (void)state;
    wax_engine *engine = NULL;
    char other[sizeof path];
    set_path("%s/perf-%d.map");
    (void)snprintf(other, sizeof other, "%s/other", dir);
    wax_engine_options o = profiled(WAX_PROFILE_PERFMAP);
    FILE *f = fopen(other, "w");
    assert_non_null(f);
    (void)fputs("precious", f);
    assert_int_equal(fclose(f), 0);
    unsigned fds = count_fds();
    assert_int_equal(symlink(other, path), 0);
    FAILS(WAX_E_DENIED, path, wax_engine_new(&o, &engine, &error));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(other, path), 0); /* a second name: whose file is it? */
    FAILS(WAX_E_DENIED, "directory of yours", wax_engine_new(&o, &engine, &error));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    FAILS(WAX_E_DENIED, path, wax_engine_new(&o, &engine, &error)); /* and does not block */
    assert_int_equal(count_fds(), fds);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s", other);
    read_file();
    assert_string_equal(data, "precious");
    (void)unlink(other);
}

static void test_bad_profiles(void **state)
{
    (void)state;
    wax_engine *engine = NULL;
    wax_engine_options o = profiled(7);
    FAILS(WAX_E_INVALID, "profile 7", wax_engine_new(&o, &engine, &error));
    o = profiled(WAX_PROFILE_JITDUMP);
    o.tier = "interp";
    FAILS(WAX_E_UNSUPPORTED, "'interp' has no profile", wax_engine_new(&o, &engine, &error));
    o = profiled(WAX_PROFILE_JITDUMP);
    o.profile_dir = "/nowhere";
    FAILS(WAX_E_NOT_FOUND, "/nowhere/jit-", wax_engine_new(&o, &engine, &error));
    assert_null(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stale_files_are_emptied), /* first: numbers of files come again */
        cmocka_unit_test(test_map_names_functions),         cmocka_unit_test(test_dump_holds_code),
        cmocka_unit_test(test_files_of_others_are_refused), cmocka_unit_test(test_bad_profiles),
    };
    (void)snprintf(dir, sizeof dir, "/tmp/waxwing-profile-XXXXXX");
    if (!mkdtemp(dir)) {
        return 1;
    }
    int failed = cmocka_run_group_tests_name("profile", tests, NULL, NULL);
    set_path("%s/perf-%d.map");
    set_path("%s/jit-%d.dump");
    (void)rmdir(dir);
    return failed;
}
