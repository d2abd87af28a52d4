/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing print: a module in the text format. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char help[] =
    "usage: waxwing print FILE [-o OUT] [--feature +NAME|-NAME]\n"
    "Prints a module (binary or text) in the text format, with names from its name section.\n"
    "Parsing the output gives the same module; names of labels are lost.\n"
    "  -o, --output OUT   write there instead of standard output\n"
    "exit status: 0 done, 65 no valid module, 66 missing file, 74 the output can not be written\n";

/* @return exit status */
static int write_out(const char *path, const char *text, size_t len)
{
    FILE *f = path ? fopen(path, "wbe") : stdout;
    int ok = f && fwrite(text, 1, len, f) == len;
    if (f) {
        ok = (path ? fclose(f) : fflush(f)) == 0 && ok;
    }
    if (!ok) {
        fprintf(stderr, "waxwing: print: cannot write '%s': %s\n", path ? path : "standard output",
                strerror(errno));
        return EXIT_IO;
    }
    return 0;
}

static int print_file(wax_engine *engine, const char *file, const char *output)
{
    wax_module *module = NULL;
    wax_error *error = NULL;
    char *text;
    size_t len;
    wax_status st = wax_module_from_file(engine, file, &module, &error);
    if (st == WAX_OK) {
        st = wax_module_print(module, &text, &len, &error);
    }
    wax_module_free(module);
    if (st != WAX_OK) {
        return cli_fail("print", error);
    }
    int status = write_out(output, text, len);
    wax_bytes_free(text);
    return status;
}

int cmd_print(int argc, char **argv)
{
    wax_engine_options options;
    wax_engine_options_init(&options);
    const char *output = NULL, *file = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--feature") == 0 && i + 1 < argc) {
            options.features = argv[++i];
        } else if ((strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0) &&
                   i + 1 < argc) {
            output = argv[++i];
        } else if (argv[i][0] == '-') {
            return cli_usage("print", "unknown option '%s'", argv[i]);
        } else if (file) {
            return cli_usage("print", "more than one file named");
        } else {
            file = argv[i];
        }
    }
    if (!file) {
        return cli_usage("print", "no file named");
    }
    wax_engine *engine = NULL;
    wax_error *error = NULL;
    if (wax_engine_new(&options, &engine, &error) != WAX_OK) {
        return cli_fail("print", error);
    }
    int status = print_file(engine, file, output);
    wax_engine_free(engine);
    return status;
}
