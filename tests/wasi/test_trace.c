/* SPDX-License-Identifier: Apache-2.0 */
/* Traces and counts of calls: what the lines say, which calls make one, waits and denials. */
#include "direct.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wasi/trace.h"

/* What was traced last, copied. */
static struct {
    unsigned n;
    wax_trace_record record;
    char text[2100], rule[256], call_class[16], error_name[16];
} last;

static void keep(void *data, const wax_trace_record *r)
{
    assert_ptr_equal(data, &last);
    last.n++;
    last.record = *r;
    (void)snprintf(last.text, sizeof last.text, "%s", r->text);
    (void)snprintf(last.rule, sizeof last.rule, "%s", r->rule);
    (void)snprintf(last.call_class, sizeof last.call_class, "%s", r->call_class);
    (void)snprintf(last.error_name, sizeof last.error_name, "%s", r->error_name);
}

static int setup_space(void **state, const char *space)
{
    static struct guest g;
    guest_open(&g, space);
    assert_int_equal(wax_builder_trace(g.builder, "", keep, &last, NULL), WAX_OK);
    assert_int_equal(wax_builder_count_calls(g.builder, 1, NULL), WAX_OK);
    guest_start(&g);
    memset(&last, 0, sizeof last);
    *state = &g;
    return 0;
}

static int setup(void **state) { return setup_space(state, "wasi_snapshot_preview1"); }
static int setup_unstable(void **state) { return setup_space(state, "wasi_unstable"); }

static int teardown(void **state)
{
    guest_close(*state);
    return 0;
}

/* The call is made, and this is its line. */
#define LINE(TEXT, CALL_EXPR)                                                                      \
    do {                                                                                           \
        (void)(CALL_EXPR);                                                                         \
        assert_string_equal(last.text, TEXT);                                                      \
    } while (0)

static void test_lines(void **state)
{
    struct guest *g = *state;
    uint32_t fd = 0, n;
    LINE("path_open(3</data>, symlink_follow, \"a\\\"b\\n\", creat|excl, fd_read|fd_write, ALL, "
         "append, [5]) = success",
         guest_open_at(g, DATA, "a\"b\n", FOLLOW, CREAT | EXCL, R_READ | R_WRITE, 1, &fd));
    guest_put(g, 4096, "Salut\xff", 6);
    LINE("fd_write(5, [{\"Salut\\xff\", 6}], 1, [6]) = success",
         guest_io(g, "fd_write", 5, 4096, 6, &n));
    LINE("fd_seek(5, -1, end, 0x40) = notcapable (76)", CALL(g, "fd_seek", 5, -1, 2, 64));
    LINE("fd_pread(5, [{\"Sal\", 3}], 1, 0, [3]) = success",
         CALL(g, "fd_pread", 5, (guest_put(g, 16, &(uint32_t[2]){8192, 3}, 8), 16), 1, 0, 24));
    LINE("fd_filestat_get(4</ro>, 0x1fff8 (out of bounds)) = fault (21)",
         CALL(g, "fd_filestat_get", 4, MEMORY_BYTES - 8));
    LINE("fd_prestat_get(3</data>, {dir, 5}) = success", CALL(g, "fd_prestat_get", 3, 64));
    LINE("fd_prestat_get(99, 0x40) = badf (8)", CALL(g, "fd_prestat_get", 99, 64));
    LINE("fd_prestat_dir_name(3</data>, \"/data\") = success",
         CALL(g, "fd_prestat_dir_name", 3, 64, 5));
    LINE("path_readlink(3</data>, \"no\", 0x40, 10, 0x80) = noent (44)",
         CALL(g, "path_readlink", 3, PATH(g, "no"), 64, 10, 128));
    LINE("path_symlink(\"to\", 3</data>, \"ln\") = success",
         CALL(g, "path_symlink", PATH(g, "to"), 3, PATH(g, "ln")));
    LINE("path_readlink(3</data>, \"ln\", \"to\", 10, [2]) = success",
         CALL(g, "path_readlink", 3, PATH(g, "ln"), 64, 10, 128));
    LINE("fd_advise(5, 0, 1, dontneed) = notcapable (76)", CALL(g, "fd_advise", 5, 0, 1, 4));
    LINE("clock_res_get(7, 0x40) = inval (28)", CALL(g, "clock_res_get", 7, 64));
    LINE("random_get(0x20000 (out of bounds), 1) = fault (21)",
         CALL(g, "random_get", MEMORY_BYTES, 1));
    LINE("fd_close(5) = success", CALL(g, "fd_close", 5));
    LINE("fd_readdir(3</data>, [\".\", \"..\"], 60, 0, [60]) = success",
         CALL(g, "fd_readdir", 3, 8192, 60, 0, 64));
    assert_string_equal(last.record.space, "wasi_snapshot_preview1");
    assert_string_equal(last.call_class, "fd");
    assert_string_equal(last.error_name, "success");
    assert_int_equal(last.record.error, 0);
    assert_int_equal(last.record.thread, 1);
    assert_int_equal(last.record.n_args, 5);
}

static void test_lines_of_structures(void **state)
{
    struct guest *g = *state;
    LINE("fd_fdstat_get(0, {type=unknown, flags=0, rights=fd_datasync|fd_read|fd_fdstat_set_flags|"
         "fd_sync|fd_filestat_get|poll_fd_readwrite, inheriting=0}) = success",
         CALL(g, "fd_fdstat_get", 0, 64));
    (void)CALL(g, "path_filestat_get", RO, 0, PATH(g, "keep"), 64);
    assert_non_null(strstr(last.text, "path_filestat_get(4</ro>, 0, \"keep\", {ino="));
    assert_non_null(strstr(last.text, ", type=regular_file, nlink=1, size=4}) = success"));
}

static void test_polls(void **state)
{
    struct guest *g = *state;
    const uint64_t subs[12] = {7, 0, 1, UINT64_C(1) << 40, 0, 0, 8, 1, 99};
    guest_put(g, 16384, subs, sizeof subs);
    /* buffers overlap: what went in is written as it was */
    LINE("poll_oneoff([{#7, monotonic +1099511627776}, {#8, read 99}], [{#8, read, badf}], 2, [1]) "
         "= success",
         CALL(g, "poll_oneoff", 16384, 16384, 2, 64));
    LINE("poll_oneoff(0x1fff0 (out of bounds), 0x40, 2, 0x40) = fault (21)",
         CALL(g, "poll_oneoff", MEMORY_BYTES - 16, 64, 2, 64));
}

/* Pointers that lie outside, in the places where most is read through them. */
static void test_bad_pointers(void **state)
{
    struct guest *g = *state;
    LINE("path_open(3</data>, 0, 0xffffff00 (out of bounds), 4096, 0x10, 0x4000000000, 0, dsync, "
         "0xfffffffe (out of bounds)) = fault (21)",
         CALL(g, "path_open", DATA, 0, 0xffffff00, 4096, 16, UINT64_C(1) << 38, 0, 2, 0xfffffffe));
    guest_put(g, 16, &(uint32_t[4]){4096, 4, 0x1fffe, 4}, 16);
    LINE("fd_write(1, [{\"\\x00\\x00\\x00\\x00\", 4}, {0x1fffe (out of bounds), 4}], 2, 0x40) = "
         "fault (21)",
         CALL(g, "fd_write", 1, 16, 2, 64));
    LINE("fd_write(1, 0x10 (out of bounds), 4294967295, 0x40) = inval (28)",
         CALL(g, "fd_write", 1, 16, UINT32_MAX, 64));
    LINE("fd_read(-1, 0xfffffff8 (out of bounds), 1, 0x40) = badf (8)",
         CALL(g, "fd_read", UINT32_MAX, 0xfffffff8, 1, 64));
}

static void test_unstable(void **state)
{
    struct guest *g = *state;
    LINE("fd_seek(0, 1, cur, 0x40) = notcapable (76)", CALL(g, "fd_seek", 0, 1, 0, 64));
    (void)CALL(g, "path_filestat_get", RO, 0, PATH(g, "keep"), 64);
    assert_non_null(strstr(last.text, ", type=regular_file, nlink=1, size=4}) = success"));
    const uint64_t subs[7] = {7, 0, 0, 1, 5};
    guest_put(g, 16384, subs, sizeof subs);
    LINE("poll_oneoff([{#7, monotonic +5}], [{#7, clock}], 1, [1]) = success",
         CALL(g, "poll_oneoff", 16384, 32768, 1, 64));
}

/* A line that is too long is cut, but its result stays. */
static void test_long(void **state)
{
    struct guest *g = *state;
    static char name[4000];
    memset(name, 1, sizeof name - 1);
    uint32_t p = guest_str(g, name);
    uint32_t e = CALL(g, "path_rename", DATA, p, sizeof name - 1, DATA, p, sizeof name - 1);
    assert_true(e != 0 && strlen(last.text) < 2048);
    assert_non_null(strstr(last.text, "...) = "));
}

static void test_denials(void **state)
{
    struct guest *g = *state;
    uint32_t fd, n;
    assert_int_equal(guest_open_at(g, DATA, "f", 0, CREAT, R_WRITE, 0, &fd), 0);
    assert_string_equal(last.rule, "");
    (void)guest_io(g, "fd_read", fd, 4096, 4, &n);
    assert_string_equal(last.rule, "descriptor 5 lacks the right fd_read");
    (void)CALL(g, "path_unlink_file", RO, PATH(g, "keep"));
    assert_string_equal(last.rule, "the mount is read-only");
    (void)CALL(g, "path_unlink_file", DATA, PATH(g, "../outside/secret"));
    assert_string_equal(last.rule, "the path leads out of its directory");
    (void)CALL(g, "path_unlink_file", DATA, PATH(g, "/etc/passwd"));
    assert_string_equal(last.rule, "paths are relative to a descriptor");
    (void)CALL(g, "path_unlink_file", DATA, PATH(g, "missing"));
    assert_string_equal(last.rule, "");
    assert_int_equal(CALL(g, "thread-spawn", 0), (uint32_t)-6);
    assert_string_equal(last.rule, "capability threads is not granted");
    assert_string_equal(last.text, "thread-spawn(0x0) = -6");
    assert_int_equal(last.record.error, 6);
}

static void test_classes(void **state)
{
    struct guest *g = *state;
    wax_error *error = NULL;
    assert_int_equal(wax_builder_trace(g->builder, "clock,fd_tell", keep, &last, NULL), WAX_OK);
    guest_restart(g);
    last.n = 0;
    (void)CALL(g, "fd_seek", 0, 0, 0, 64);
    assert_int_equal(last.n, 0);
    (void)CALL(g, "fd_tell", 0, 64);
    assert_int_equal(last.n, 1);
    (void)CALL(g, "clock_time_get", 0, 0, 64);
    assert_int_equal(last.n, 2);
    static const char *const bad[] = {"nonsense", "fd,", ",", "fd,,dir", "FD", " fd"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(wax_builder_trace(g->builder, bad[i], keep, &last, &error), WAX_E_INVALID);
        assert_non_null(strstr(wax_error_message(error), "is named '"));
        wax_error_free(error);
        error = NULL;
    }
    assert_int_equal(wax_builder_trace(g->builder, NULL, NULL, NULL, NULL), WAX_OK);
    assert_int_equal(wax_builder_trace(NULL, "", NULL, NULL, NULL), WAX_E_INVALID);
    guest_restart(g);
    (void)CALL(g, "fd_tell", 0, 64);
    assert_int_equal(last.n, 2); /* off again */
    for (size_t i = 0; i < n_abi_rows; i++) {
        if (!wx_trace_class(abi_rows[i].name)[0]) {
            fail_msg("%s is in no class", abi_rows[i].name);
        }
    }
}

static char logged[512];

static void keep_log(void *data, int32_t level, const char *area, const char *message)
{
    (void)data;
    if (strcmp(area, "wasi") == 0) {
        (void)snprintf(logged, sizeof logged, "%d %s", (int)level, message);
    }
}

/* Without a function lines go to the log; denials go there without a trace, too. */
static void test_log(void **state)
{
    struct guest *g = *state;
    wax_engine_options o;
    wax_engine_options_init(&o);
    o.log = keep_log;
    o.log_level = WAX_LOG_TRACE;
    guest_close(g);
    guest_open_with(g, "wasi_snapshot_preview1", &o);
    assert_int_equal(wax_builder_trace(g->builder, "", NULL, NULL, NULL), WAX_OK);
    guest_start(g);
    (void)CALL(g, "fd_close", 77);
    assert_string_equal(logged, "4 [1] fd_close(77) = badf (8)");
    (void)CALL(g, "path_unlink_file", RO, PATH(g, "keep"));
    assert_string_equal(logged, "4 [1] path_unlink_file(4</ro>, \"keep\") = rofs (69) denied: the "
                                "mount is read-only");
    assert_int_equal(wax_builder_trace(g->builder, NULL, NULL, NULL, NULL), WAX_OK);
    guest_restart(g);
    (void)CALL(g, "path_unlink_file", RO, PATH(g, "keep"));
    assert_string_equal(logged, "3 path_unlink_file is denied: the mount is read-only");
}

static void test_counts(void **state)
{
    struct guest *g = *state;
    wax_call_count n;
    assert_int_equal(wax_env_call_count(g->env, 0, &n), 0);
    (void)CALL(g, "fd_close", 77);
    (void)CALL(g, "fd_close", 0);
    (void)CALL(g, "clock_time_get", 0, 0, 64);
    assert_int_equal(wax_env_call_count(g->env, 0, &n), 1);
    assert_string_equal(n.name, "clock_time_get");
    assert_int_equal(n.calls, 1);
    assert_int_equal(n.errors, 0);
    assert_int_equal(wax_env_call_count(g->env, 1, &n), 1);
    assert_string_equal(n.name, "fd_close");
    assert_string_equal(n.space, "wasi_snapshot_preview1");
    assert_int_equal(n.calls, 2);
    assert_int_equal(n.errors, 1);
    assert_true(n.ns > 0);
    assert_int_equal(wax_env_call_count(g->env, 2, &n), 0);
    assert_int_equal(wax_env_call_count(NULL, 0, &n), 0);
    assert_int_equal(wax_builder_count_calls(g->builder, 0, NULL), WAX_OK);
    guest_restart(g);
    (void)CALL(g, "fd_close", 77);
    assert_int_equal(wax_env_call_count(g->env, 0, &n), 0);
}

/* A call that waits is one line, with the time of the wait. */
static void test_wait(void **state)
{
    struct guest *g = *state;
    const uint64_t sub[6] = {1, 0, 1, 20000000};
    guest_put(g, 16384, sub, sizeof sub);
    last.n = 0;
    LINE("poll_oneoff([{#1, monotonic +20000000}], [{#1, clock}], 1, [1]) = success",
         CALL(g, "poll_oneoff", 16384, 32768, 1, 64));
    assert_int_equal(last.n, 1);
    assert_true(last.record.duration_ns >= 20000000);
}

static void *cancel_soon(void *env)
{
    (void)usleep(20000);
    wax_env_cancel(env);
    return NULL;
}

/* One that never comes back is a line, too, and its state is freed. */
static void test_abandoned(void **state)
{
    struct guest *g = *state;
    const uint64_t sub[6] = {1, 0, 1, UINT64_C(1) << 62};
    const wax_value args[4] = {WAX_INIT_I32(16384), WAX_INIT_I32(32768), WAX_INIT_I32(1),
                               WAX_INIT_I32(64)};
    wax_value result;
    pthread_t thread;
    guest_put(g, 16384, sub, sizeof sub);
    last.n = 0;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, g->env), 0);
    assert_int_equal(wax_env_call(g->env, "poll_oneoff", args, 4, &result, 1, NULL),
                     WAX_E_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(last.n, 1);
    assert_string_equal(last.text, "poll_oneoff([{#1, monotonic +4611686018427387904}], 0x8000, "
                                   "1, 0x40) = ? (interrupted)");
    assert_int_equal(last.record.error, -1);
}

static void test_exit(void **state)
{
    struct guest *g = *state;
    const wax_value code = WAX_INIT_I32(3);
    assert_int_equal(wax_env_call(g->env, "proc_exit", &code, 1, NULL, 0, NULL), WAX_EXIT);
    assert_string_equal(last.text, "proc_exit(3) = ?");
}

/* Nothing in a line is for a terminal to act on, whoever chose it. */
static void test_control_characters(void **state)
{
    struct guest *g = *state;
    assert_int_equal(wax_builder_tmpfs(g->builder, "/\x1b]0;x\a\n", 0, 0, NULL), WAX_OK);
    guest_restart(g);
    LINE("path_create_directory(5</\\x1b]0;x\\x07\\n>, \"\\x1b[2J\") = success",
         CALL(g, "path_create_directory", 5, PATH(g, "\x1b[2J")));
    for (const char *p = last.text; *p; p++) {
        assert_in_range(*p, 0x20, 0x7e);
    }
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lines),
        TEST(test_control_characters),
        TEST(test_lines_of_structures),
        TEST(test_polls),
        TEST(test_bad_pointers),
        cmocka_unit_test_setup_teardown(test_unstable, setup_unstable, teardown),
        TEST(test_long),
        TEST(test_denials),
        TEST(test_classes),
        TEST(test_log),
        TEST(test_counts),
        TEST(test_wait),
        TEST(test_abandoned),
        TEST(test_exit),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
