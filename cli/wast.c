/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing wast: runs spec test scripts, .wast or in their JSON form. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wast.h"

static const char help[] =
    "usage: waxwing wast [--tier T] [--feature +NAME|-NAME] [--checked]\n"
    "                    [--deterministic] [--list-skips] FILE...\n"
    "Runs spec test scripts: .wast text, or .json made from it with the modules beside it.\n"
    "Prints 'FILE: P passed, F failed, S skipped' for each and a closing total.\n"
    "exit status: 0 only if none failed; 65 a script can not be read, 66 it is missing\n";

/*
 * Groups of the suite (folders) that were written for other features than the defaults. `file` is a
 * file of the group, NULL for all of them.
 */
static const struct {
    const char *group, *file, *features;
    const char *reason;
} switches[] = {
    {"custom-page-sizes", NULL, "+custom-page-sizes", "tests that proposal, off by default"},
    {"wide-arithmetic", NULL, "+wide-arithmetic", "tests that proposal, off by default"},
    {"threads", "memory", "-multi-memory,-memory64",
     "lines 14 and 15 want a second memory refused, 83-92 limits of 33 bits malformed: written "
     "before multi-memory and memory64"},
    {"threads", "imports", "-multi-memory,-reference-types,-function-references",
     "lines 310-318 and 405-413 want second tables and memories refused: written before 2.0"},
};

struct options {
    wax_engine_options engine;
    char features[512]; /* of --feature, all of them */
    int list_skips;
};

/* -------- engines -------- */

/* Is the last folder of `path` the group, and the file (without suffix) the one named? */
static int in_group(const char *path, const char *group, const char *file)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t len = strlen(group);
    if (!slash || (size_t)(slash - path) < len || strncmp(slash - len, group, len) != 0 ||
        ((size_t)(slash - path) > len && slash[-(long)len - 1] != '/')) {
        return 0;
    }
    return !file || (strncmp(base, file, strlen(file)) == 0 && base[strlen(file)] == '.');
}

/* Features of the file's group, then those of the command line, which win. */
static int features_for(const struct options *o, const char *file, char *buf, size_t size)
{
    int off = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        if (in_group(file, switches[i].group, switches[i].file)) {
            (void)snprintf(buf, size, "%s", switches[i].features);
            off = strchr(buf, '-') != NULL;
        }
    }
    if (o->features[0]) {
        size_t len = strlen(buf);
        (void)snprintf(buf + len, size - len, "%s%s", len ? "," : "", o->features);
    }
    return off;
}

/* -------- files -------- */

void *wast_read_file(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rbe");
    if (!f) {
        return NULL;
    }
    size_t cap = 1 << 16, len = 0, n;
    char *buf = malloc(cap);
    while (buf && !feof(f) && !ferror(f) && (n = fread(buf + len, 1, cap - len - 1, f)) > 0) {
        len += n;
        if (len + 1 == cap) {
            cap *= 2;
            char *bigger = realloc(buf, cap);
            if (!bigger) {
                free(buf);
            }
            buf = bigger;
        }
    }
    if (buf && ferror(f)) {
        free(buf);
        buf = NULL;
    }
    (void)fclose(f); /* read only */
    if (buf) {
        buf[len] = '\0';
        *ret_len = len;
    }
    return buf;
}

static int has_suffix(const char *s, const char *suffix)
{
    size_t len = strlen(s), n = strlen(suffix);
    return len >= n && strcmp(s + len - n, suffix) == 0;
}

static int open_text(wax_engine *engine, const char *file, struct wast_script *ret)
{
    size_t len;
    char *text = wast_read_file(file, &len);
    if (!text) {
        fprintf(stderr, "waxwing: wast: cannot read '%s': %s\n", file, strerror(errno));
        return EXIT_NOINPUT;
    }
    wax_error *error = NULL;
    wax_status st = wax_script_parse(engine, text, len, &ret->text, &error);
    free(text);
    if (st != WAX_OK) {
        fprintf(stderr, "%s:%u:%u:\n", file, wax_error_line(error), wax_error_column(error));
        return cli_fail("wast", error);
    }
    ret->commands = wax_script_commands(ret->text, &ret->n);
    return 0;
}

int wast_script_open(wax_engine *engine, const char *file, struct wast_script *ret)
{
    *ret = (struct wast_script){.n = 0};
    return has_suffix(file, ".json") ? wast_json_open(file, ret) : open_text(engine, file, ret);
}

void wast_script_close(struct wast_script *script)
{
    wax_script_free(script->text);
    wast_json_close(script->json);
}

static int run_file(const struct options *o, struct wast *w)
{
    char features[640];
    wax_engine_options options = o->engine;
    w->feature_off = features_for(o, w->file, features, sizeof features);
    options.features = features[0] ? features : NULL;
    wax_error *error = NULL;
    if (wax_engine_new(&options, &w->engine, &error) != WAX_OK) {
        return cli_fail("wast", error);
    }
    struct wast_script script;
    int status = wast_script_open(w->engine, w->file, &script);
    if (status == 0) {
        status = wast_run(w, script.commands, script.n);
        wast_script_close(&script);
    }
    wax_engine_free(w->engine);
    return status;
}

/* -------- the command -------- */

static int add_features(struct options *o, const char *features)
{
    size_t len = strlen(o->features);
    int n = snprintf(o->features + len, sizeof o->features - len, "%s%s", len ? "," : "", features);
    return n >= 0 && (size_t)n < sizeof o->features - len ? 0 : -1;
}

/* @return index of the first file, or a negative exit status; 0 = done */
static int parse_options(struct options *o, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--list-skips") == 0) {
            o->list_skips = 1;
        } else if (strcmp(argv[i], "--tier") == 0 && i + 1 < argc) {
            o->engine.tier = argv[++i];
        } else if (strcmp(argv[i], "--feature") == 0 && i + 1 < argc) {
            if (add_features(o, argv[++i]) != 0) {
                return -cli_usage("wast", "too many features");
            }
        } else if (strcmp(argv[i], "--checked") == 0) {
            o->engine.checked = 1;
        } else if (strcmp(argv[i], "--deterministic") == 0) {
            o->engine.canonical_nans = 1;
        } else {
            return -cli_usage("wast", "unknown option '%s'", argv[i]);
        }
    }
    return i == argc ? -cli_usage("wast", "no file named") : i;
}

int cmd_wast(int argc, char **argv)
{
    struct options o = {.list_skips = 0};
    wax_engine_options_init(&o.engine);
    o.engine.stack_bytes = 1 << 20; /* runaway recursion ends sooner */
    int i = parse_options(&o, argc, argv);
    if (i <= 0) {
        return -i;
    }
    unsigned passed = 0, failed = 0, skipped = 0;
    int status = 0;
    for (; i < argc; i++) {
        struct wast w = {.file = argv[i], .list_skips = o.list_skips};
        int st = run_file(&o, &w);
        status = st ? st : status;
        printf("%s: %u passed, %u failed, %u skipped\n", w.file, w.passed, w.failed, w.skipped);
        passed += w.passed;
        failed += w.failed;
        skipped += w.skipped;
    }
    printf("total: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return status ? status : failed != 0;
}
