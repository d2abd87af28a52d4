/* SPDX-License-Identifier: Apache-2.0 */
/* Spec scripts: reading them in either form, and the state of running one. */
#ifndef WAXWING_CLI_WAST_H
#define WAXWING_CLI_WAST_H

#include <pthread.h>

#include "cli.h"

#define WAST_MAX_VALUES 32

/* -------- reading: wast_json.c -------- */

/** A script of either form as commands. */
struct wast_script {
    const wax_script_command *commands;
    size_t n;
    wax_script *text;  /* made from .wast */
    struct json *json; /* made from .json */
};
/** By the file's suffix. @return 0, or an exit status after a message */
int wast_script_open(wax_engine *engine, const char *file, struct wast_script *ret_script);
void wast_script_close(struct wast_script *script);
/** Bytes of a file from malloc (a NUL behind them); NULL with errno set. */
void *wast_read_file(const char *path, size_t *ret_len);
/** JSON form. @return as wast_script_open() */
int wast_json_open(const char *file, struct wast_script *ret_script);
void wast_json_close(struct json *json);

/* -------- running: wast_run.c -------- */

/** The module a name or the present position stands for; module commands may fail. */
struct wast_instance {
    wax_name name;          /* data NULL for the unnamed ones */
    wax_instance *instance; /* NULL: skipped or failed */
    struct wast_instance *next;
};

struct wast_definition {
    wax_name name;
    wax_module *module; /* NULL: skipped or failed */
    struct wast_definition *next;
};

/** State of one script, or of one thread of it. */
struct wast {
    const char *file; /* as named, for messages */
    wax_engine *engine;
    wax_store *store;
    wax_linker *linker;
    struct wast_instance *instances;
    struct wast_instance *current;
    struct wast_definition *definitions;
    struct wast_definition *definition;
    struct wast_thread *threads;
    unsigned passed, failed, skipped;
    unsigned n_externs;
    wax_value externs[64];   /* host reference N of the script, made on demand */
    const char *skip_reason; /* why the command at hand can not be run */
    int list_skips;
    int feature_off; /* the group's switches are on: a module over them is rejected as asked */
};

/** Run commands in order and count. Makes and frees what is in *w but the counts. */
int wast_run(struct wast *w, const wax_script_command *commands, size_t n);

/* -------- values: wast_value.c -------- */

/** A script's value as an argument. @return 0, or -1 for a kind that can not be passed */
int wast_value(struct wast *w, const wax_script_value *from, wax_value *ret_value);
/** Does a result match what the script expects? */
int wast_matches(struct wast *w, const wax_value *value, const wax_script_value *expected);
/** Text of a value for messages, into buf. */
const char *wast_text(const wax_value *value, char *buf, size_t size);
const char *wast_expected_text(const wax_script_value *value, char *buf, size_t size);

/** Define module "spectest" in the linker. @return WAX_OK or the error */
wax_status wast_spectest(struct wast *w, wax_error **err);

#endif
