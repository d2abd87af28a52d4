/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing compile: how fast does a module compile? */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static const char help[] =
    "usage: waxwing compile [OPTIONS] FILE\n"
    "Loads a module (binary or text) and compiles all its functions, on one thread. Nothing is "
    "kept:\n"
    "'waxwing run' compiles each function at its first call.\n"
    "  --tier fast|interp        --feature +NAME,-NAME\n"
    "  --stats                   print how much was compiled and how fast, as on a terminal\n"
    "exit status: 0 done, 64 usage, 65 no valid module, 66 missing file,\n"
    "69 feature not supported\n";

struct compile {
    wax_engine_options engine;
    const char *file;
    bool stats;
};

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_stats(const wax_compiled *c, double load_s, double compile_s)
{
    printf("%" PRIu64 " function%s, %" PRIu64 " bytes of wasm, %" PRIu64 " bytes of machine code\n",
           c->n_funcs, c->n_funcs == 1 ? "" : "s", c->body_bytes, c->code_bytes);
    double mb = (double)c->body_bytes / 1e6;
    printf("loaded in %.2f ms (%.1f MB/s), compiled in %.2f ms (%.1f MB/s), together %.1f MB/s\n",
           load_s * 1e3, mb / load_s, compile_s * 1e3, mb / compile_s, mb / (load_s + compile_s));
}

static int compile_file(wax_engine *engine, const struct compile *c)
{
    wax_module *module = NULL;
    wax_error *error = NULL;
    wax_compiled compiled;
    double start = now();
    wax_status st = wax_module_from_file(engine, c->file, &module, &error);
    double loaded = now();
    if (st == WAX_OK) {
        st = wax_module_compile(module, &compiled, &error);
    }
    double end = now();
    wax_module_free(module);
    if (st != WAX_OK) {
        return cli_fail("compile", error);
    }
    if (c->stats) {
        print_stats(&compiled, loaded - start, end - loaded);
    }
    return 0;
}

/* @return exit status, or -1 to go on */
static int parse(struct compile *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--feature") == 0 && i + 1 < argc) {
            c->engine.features = argv[++i];
        } else if (strcmp(argv[i], "--tier") == 0 && i + 1 < argc) {
            c->engine.tier = argv[++i];
        } else if (strcmp(argv[i], "--stats") == 0) {
            c->stats = true;
        } else if (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0) {
            fprintf(stderr,
                    "waxwing: compile: '%s' is not there yet: compiled code can not be "
                    "kept\nhint: docs/STATUS.md tells what is\n",
                    argv[i]);
            return EXIT_UNAVAILABLE;
        } else if (argv[i][0] == '-') {
            return cli_usage("compile", "unknown option '%s'", argv[i]);
        } else if (c->file) {
            return cli_usage("compile", "more than one file named");
        } else {
            c->file = argv[i];
        }
    }
    return c->file ? -1 : cli_usage("compile", "no file named");
}

int cmd_compile(int argc, char **argv)
{
    struct compile c = {.stats = isatty(STDOUT_FILENO)};
    wax_engine_options_init(&c.engine);
    int status = parse(&c, argc, argv);
    if (status >= 0) {
        return status;
    }
    wax_engine *engine = NULL;
    wax_error *error = NULL;
    if (wax_engine_new(&c.engine, &engine, &error) != WAX_OK) {
        return cli_fail("compile", error);
    }
    status = compile_file(engine, &c);
    wax_engine_free(engine);
    return status;
}
