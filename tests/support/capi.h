/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the public API share: cmocka, checks that show the error, child processes. */
#ifndef WAXWING_TESTS_CAPI_H
#define WAXWING_TESTS_CAPI_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "support/sanitized.h"
#include "support/wasm.h"

/** Fails the test with the error's message unless the status is WAX_OK. */
void expect_ok(wax_status status, wax_error *error, const char *call);
/** The call must answer this status, with an error of the same status, which is kept. */
void expect_error(wax_status status, wax_error *error, wax_status want, const char *call);

/* CALL names `error`, a local of the test, as its last argument. */
#define OK(CALL)                                                                                   \
    do {                                                                                           \
        wax_error *error = NULL;                                                                   \
        wax_status status_ = (CALL);                                                               \
        expect_ok(status_, error, #CALL);                                                          \
    } while (0)
/** Fails with STATUS; the message holds TEXT. */
#define FAILS(STATUS, TEXT, CALL)                                                                  \
    do {                                                                                           \
        wax_error *error = NULL;                                                                   \
        wax_status status_ = (CALL);                                                               \
        expect_error(status_, error, (STATUS), #CALL);                                             \
        expect_text(error, (TEXT));                                                                \
    } while (0)
/** The message, hint or rule of the error holds the text; frees the error. */
void expect_text(wax_error *error, const char *text);

/** An engine with default options. */
wax_engine *new_engine(void);
wax_module *load(wax_engine *engine, const struct wasm *w);

/** A module in an empty store, without imports. */
struct bench {
    wax_engine *engine;
    wax_module *module;
    wax_store *store;
    wax_linker *linker;
    wax_instance *instance;
};
void bench_open(struct bench *b, const wax_engine_options *options, const struct wasm *w);
/** Only engine, store and linker; instantiate with bench_load() after defining imports. */
void bench_empty(struct bench *b, const wax_engine_options *options);
void bench_load(struct bench *b, const struct wasm *w);
void bench_close(struct bench *b);
wax_func *bench_func(struct bench *b, const char *name);

wax_value i32(int32_t v);
wax_value i64(int64_t v);
wax_name name(const char *s);

/** Run fn in a child of its own with 20 s to live; it fails the test by returning other than 0. */
void in_child(int (*fn)(void));
/** For children: print what does not hold and leave. */
#define CHECK(COND)                                                                                \
    do {                                                                                           \
        if (!(COND)) {                                                                             \
            fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #COND);                           \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

unsigned count_fds(void);
unsigned count_threads(void);

#endif
