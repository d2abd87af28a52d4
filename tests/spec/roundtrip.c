/* SPDX-License-Identifier: Apache-2.0 */
/* Every module of the scripts named: printed, parsed, compared. usage: roundtrip FILE.wast... */
/*
 * A module made from text by our parser must come back byte for byte (names of labels are never
 * kept; custom sections may move). One made by others may have padded integers: there the second
 * printing must equal the first.
 */
#define _GNU_SOURCE 1 /* memmem */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waxwing/waxwing.h>

static unsigned passed, failed, skipped;

static void report(const char *file, uint32_t line, const char *what, wax_error *error)
{
    printf("not ok - %s:%u: %s: %s\n%s\n", file, line, what, wax_error_message(error),
           wax_error_excerpt(error));
    wax_error_free(error);
    failed++;
}

static wax_status load(wax_engine *engine, const wax_script_command *c, wax_module **ret)
{
    return c->is_text ? wax_module_from_text(engine, c->bytes, c->len, ret, NULL)
                      : wax_module_from_bytes(engine, c->bytes, c->len, ret, NULL);
}

/* Are the bytes the text stands for those of the printed one? */
static int same_binary(wax_engine *engine, const wax_script_command *c, const char *text,
                       size_t len)
{
    void *a = NULL, *b = NULL;
    size_t a_len = 0, b_len = 0;
    int same = wax_text_to_binary(engine, c->bytes, c->len, &a, &a_len, NULL) == WAX_OK &&
               wax_text_to_binary(engine, text, len, &b, &b_len, NULL) == WAX_OK &&
               a_len == b_len && memcmp(a, b, a_len) == 0;
    wax_bytes_free(a);
    wax_bytes_free(b);
    return same;
}

static void check(wax_engine *engine, const char *file, const wax_script_command *c)
{
    wax_module *module, *again = NULL;
    if (load(engine, c, &module) != WAX_OK) {
        skipped += c->kind == WAX_SCRIPT_MODULE || c->kind == WAX_SCRIPT_DEFINITION;
        return;
    }
    char *text, *text2 = NULL;
    size_t len, len2;
    wax_error *error = NULL;
    if (wax_module_print(module, &text, &len, &error) != WAX_OK) {
        report(file, c->line, "cannot be printed", error);
    } else {
        if (wax_module_from_text(engine, text, len, &again, &error) != WAX_OK) {
            report(file, c->line, "does not parse", error);
        } else if (wax_module_print(again, &text2, &len2, &error) != WAX_OK || len != len2 ||
                   memcmp(text, text2, len) != 0) {
            report(file, c->line, "prints otherwise the second time", error);
        } else if (c->is_text && !memmem(c->bytes, c->len, "(pagesize 65536)", 16) &&
                   !same_binary(engine, c, text, len)) { /* the default size is not printed */
            report(file, c->line, "has other bytes", error);
        } else {
            passed++;
        }
        wax_bytes_free(text2);
        wax_module_free(again);
        wax_bytes_free(text);
    }
    wax_module_free(module);
}

static void check_file(wax_engine *engine, const char *file)
{
    static char text[1 << 24];
    FILE *f = fopen(file, "rb");
    size_t len = f ? fread(text, 1, sizeof text, f) : 0, n;
    wax_script *script = NULL;
    wax_error *error = NULL;
    if (f) {
        (void)fclose(f); /* read only */
    }
    if (!f || wax_script_parse(engine, text, len, &script, &error) != WAX_OK) {
        report(file, 0, "cannot be read", error);
        return;
    }
    const wax_script_command *commands = wax_script_commands(script, &n);
    for (size_t i = 0; i < n; i++) {
        if (commands[i].bytes) {
            check(engine, file, &commands[i]);
        }
    }
    wax_script_free(script);
}

int main(int argc, char **argv)
{
    wax_engine_options options;
    wax_engine_options_init(&options);
    options.features = "+custom-page-sizes,+wide-arithmetic";
    wax_engine *engine;
    if (wax_engine_new(&options, &engine, NULL) != WAX_OK) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        check_file(engine, argv[i]);
    }
    wax_engine_free(engine);
    printf("total: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed != 0;
}
