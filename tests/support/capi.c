/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the public API share. */
#include "support/capi.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/entries.h"

void expect_ok(wax_status status, wax_error *error, const char *call)
{
    if (status != WAX_OK) {
        fail_msg("%s: %s: %s", call, wax_status_name(status), wax_error_message(error));
    }
    assert_null(error);
}

void expect_error(wax_status status, wax_error *error, wax_status want, const char *call)
{
    if (status != want) {
        fail_msg("%s: %s instead of %s: %s", call, wax_status_name(status), wax_status_name(want),
                 wax_error_message(error));
    }
    assert_non_null(error);
    assert_string_equal(wax_status_name(wax_error_status(error)), wax_status_name(want));
}

void expect_text(wax_error *error, const char *text)
{
    if (!strstr(wax_error_message(error), text) && !strstr(wax_error_hint(error), text) &&
        !strstr(wax_error_rule(error), text)) {
        fail_msg("'%s' is not in '%s', hint '%s'", text, wax_error_message(error),
                 wax_error_hint(error));
    }
    wax_error_free(error);
}

wax_engine *new_engine(void)
{
    wax_engine *engine = NULL;
    OK(wax_engine_new(NULL, &engine, &error));
    return engine;
}

wax_module *load(wax_engine *engine, const struct wasm *w)
{
    wax_module *module = NULL;
    OK(wax_module_from_bytes(engine, w->b, w->n, &module, &error));
    return module;
}

void bench_empty(struct bench *b, const wax_engine_options *options)
{
    memset(b, 0, sizeof *b);
    OK(wax_engine_new(options, &b->engine, &error));
    OK(wax_store_new(b->engine, &b->store, &error));
    OK(wax_linker_new(b->engine, &b->linker, &error));
}

void bench_load(struct bench *b, const struct wasm *w)
{
    b->module = load(b->engine, w);
    OK(wax_linker_instantiate(b->linker, b->store, b->module, &b->instance, &error));
}

void bench_open(struct bench *b, const wax_engine_options *options, const struct wasm *w)
{
    bench_empty(b, options);
    bench_load(b, w);
}

void bench_close(struct bench *b)
{
    wax_linker_free(b->linker);
    wax_store_free(b->store);
    wax_module_free(b->module);
    wax_engine_free(b->engine);
}

wax_func *bench_func(struct bench *b, const char *func)
{
    wax_func *f = NULL;
    OK(wax_instance_func(b->instance, func, &f, &error));
    return f;
}

wax_value i32(int32_t v)
{
    wax_value value = WAX_INIT_I32(v);
    return value;
}

wax_value i64(int64_t v)
{
    wax_value value = WAX_INIT_I64(v);
    return value;
}

wax_name name(const char *s) { return (wax_name){s, strlen(s)}; }

void in_child(int (*fn)(void))
{
    (void)fflush(NULL); /* nothing is printed twice */
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)alarm(20);
        _exit(fn());
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("the child ended with wait status 0x%x", (unsigned)status);
    }
}

unsigned count_fds(void) { return count_entries("/proc/self/fd"); }

unsigned count_threads(void) { return count_entries("/proc/self/task"); }
