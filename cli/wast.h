/* SPDX-License-Identifier: Apache-2.0 */
/* Spec scripts: state of one file and the values of its JSON form. */
#ifndef WAXWING_CLI_WAST_H
#define WAXWING_CLI_WAST_H

#include <jansson.h>

#include "cli.h"

#define WAST_MAX_VALUES 32

/** The module a name or the present position stands for; module commands may fail. */
struct wast_instance {
    char *name;             /* NULL for the unnamed ones */
    wax_instance *instance; /* NULL: skipped or failed */
    struct wast_instance *next;
};

struct wast_definition {
    char *name;
    wax_module *module; /* NULL: skipped or failed */
    struct wast_definition *next;
};

struct wast {
    const char *file; /* as named, for messages */
    char *dir;        /* where its modules lie */
    wax_engine *engine;
    wax_store *store;
    wax_linker *linker;
    struct wast_instance *instances;
    struct wast_instance *current;
    struct wast_definition *definitions;
    struct wast_definition *definition;
    unsigned passed, failed, skipped;
    unsigned n_externs;
    wax_value externs[64];   /* externref N of the script, made on demand */
    const char *skip_reason; /* why the module at hand can not be had */
    int list_skips;
};

/** Argument from JSON. @return 0, or -1 for a kind that is not supported */
int wast_value(struct wast *w, const json_t *json, wax_value *ret_value);
/** Does a result match what the script expects? */
int wast_matches(struct wast *w, const wax_value *value, const json_t *expected);
/** Text of a value for messages, into buf. */
const char *wast_text(const wax_value *value, char *buf, size_t size);
/** Define module "spectest" in the linker. @return WAX_OK or the error */
wax_status wast_spectest(struct wast *w, wax_error **err);

#endif
