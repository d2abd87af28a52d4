/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing validate: are these files modules this engine accepts? */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char help[] =
    "usage: waxwing validate [--feature +NAME|-NAME] FILE...\n"
    "Decodes and validates each file; prints nothing when all is well.\n"
    "exit status: 0 all valid, 65 one is not, 66 missing file, 69 feature not supported\n";

int cmd_validate(int argc, char **argv)
{
    wax_engine_options options;
    wax_engine_options_init(&options);
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--feature") == 0 && i + 1 < argc) {
            options.features = argv[++i];
        } else {
            return cli_usage("validate", "unknown option '%s'", argv[i]);
        }
    }
    if (i == argc) {
        return cli_usage("validate", "no file named");
    }
    wax_engine *engine = NULL;
    wax_error *error = NULL;
    if (wax_engine_new(&options, &engine, &error) != WAX_OK) {
        return cli_fail("validate", error);
    }
    int status = 0;
    for (; i < argc; i++) {
        wax_module *module = NULL;
        error = NULL;
        if (wax_module_from_file(engine, argv[i], &module, &error) != WAX_OK) {
            status = cli_fail("validate", error);
        }
        wax_module_free(module);
    }
    wax_engine_free(engine);
    return status;
}
