/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing explain: why a module will not run, and what would help. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char help[] =
    "usage: waxwing explain [--json] FILE...\n"
    "Says what each module lacks to run: imports, exports, features, and what would help.\n"
    "exit status: 0 if all of them run, 69 if one lacks something, 65 if one does not load\n";

static const char *const levels[] = {"note", "limit", "missing"};

struct report {
    json_t *list; /* NULL: print at once */
    unsigned n[3];
};

static void on_finding(void *data, const wax_finding *f)
{
    struct report *r = data;
    char plain[2][1024];
    r->n[f->level]++;
    if (r->list) {
        (void)json_array_append_new(r->list, json_pack("{ss ss* ss ss}", "level", levels[f->level],
                                                       "subject", f->subject, "message", f->message,
                                                       "hint", f->hint));
        return;
    }
    printf("  %-8s %s: %s\n", levels[f->level], cli_plain(f->subject, plain[0], sizeof plain[0]),
           cli_plain(f->message, plain[1], sizeof plain[1]));
    if (f->hint[0]) {
        printf("           hint: %s\n", f->hint);
    }
}

static int explain(const wax_module *module, const char *path, int as_json)
{
    struct report r = {.list = as_json ? json_array() : NULL};
    unsigned missing;
    if (!as_json) {
        printf("%s\n", path);
    }
    wax_module_explain(module, on_finding, &r);
    missing = r.n[WAX_FINDING_MISSING];
    if (as_json) {
        json_t *o = json_pack("{ss sb so}", "file", path, "runs", !missing, "findings", r.list);
        (void)json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
    } else if (missing) {
        printf("  will not run: %u missing\n", missing);
    } else {
        printf("  runs%s\n", r.n[WAX_FINDING_LIMIT] ? ", within limits" : "");
    }
    return missing ? EXIT_UNAVAILABLE : 0;
}

int cmd_explain(int argc, char **argv)
{
    int as_json = 0, i = 1, status = 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--json") != 0) {
            return cli_usage("explain", "unknown option '%s'", argv[i]);
        }
        as_json = 1;
    }
    if (i == argc) {
        return cli_usage("explain", "no file named");
    }
    wax_engine *engine = NULL;
    wax_error *error = NULL;
    if (wax_engine_new(NULL, &engine, &error) != WAX_OK) {
        return cli_fail("explain", error);
    }
    for (; i < argc; i++) {
        wax_module *m = NULL;
        error = NULL;
        int one = wax_module_from_file(engine, argv[i], &m, &error) == WAX_OK
                      ? explain(m, argv[i], as_json)
                      : cli_fail("explain", error);
        status = status ? status : one;
        wax_module_free(m);
    }
    wax_engine_free(engine);
    return status;
}
