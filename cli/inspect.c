/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing inspect: what a module is made of and what it needs. */
#include <jansson.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char help[] =
    "usage: waxwing inspect [--json] FILE...\n"
    "Shows WASI versions, imports, exports, memories, the features a module needs and, of one "
    "that\n"
    "is dynamically linked, the libraries it needs and where they are looked for.\n"
    "wasi: versions functions are imported from; strict: the one all of them belong to.\n";

static const char *const kinds[] = {"func", "table", "memory", "global", "tag"};
static const char *const types[] = {"i32",  "i64",     "f32",       "f64",
                                    "v128", "funcref", "externref", "exnref"};
static const char *const versions[] = {"wasi_unstable", "wasi_snapshot_preview1", "wasix_32v1",
                                       "wasix_64v1"};

static json_t *name_json(wax_name n) { return json_stringn(n.data, n.len); }

static json_t *types_json(const wax_valtype *list, uint32_t n)
{
    json_t *a = json_array();
    for (uint32_t i = 0; i < n; i++) {
        (void)json_array_append_new(a, json_string(types[list[i]])); /* NULL-safe */
    }
    return a;
}

static json_t *limits_json(const wax_limits *l)
{
    json_t *o =
        json_pack("{sI sb sb}", "min", (json_int_t)l->min, "shared", l->shared, "is64", l->is64);
    if (l->max != UINT64_MAX) {
        (void)json_object_set_new(o, "max", json_integer((json_int_t)l->max));
    }
    return o;
}

static json_t *port_json(const wax_port *p, int is_import)
{
    json_t *o = json_object();
    if (is_import) {
        (void)json_object_set_new(o, "module", name_json(p->module));
    }
    (void)json_object_set_new(o, "name", name_json(p->name));
    (void)json_object_set_new(o, "kind", json_string(kinds[p->kind]));
    if (p->kind == WAX_EXTERN_FUNC || p->kind == WAX_EXTERN_TAG) {
        (void)json_object_set_new(o, "params", types_json(p->func.params, p->func.n_params));
        (void)json_object_set_new(o, "results", types_json(p->func.results, p->func.n_results));
    } else if (p->kind == WAX_EXTERN_GLOBAL) {
        (void)json_object_set_new(o, "type", json_string(types[p->value]));
        (void)json_object_set_new(o, "mutable", json_boolean(p->mut));
    } else {
        (void)json_object_set_new(o, "limits", limits_json(&p->limits));
    }
    return o;
}

static json_t *versions_json(uint32_t bits)
{
    json_t *a = json_array();
    for (int i = 0; i < 4; i++) {
        if (bits >> i & 1) {
            (void)json_array_append_new(a, json_string(versions[i]));
        }
    }
    return a;
}

/* null if it is not dynamically linked. */
static json_t *dylink_json(const wax_module *m)
{
    wax_dylink d;
    wax_error *error = NULL;
    if (wax_module_dylink(m, &d, &error) != WAX_OK) {
        json_t *o = wax_error_status(error) == WAX_E_NOT_FOUND
                        ? json_null()
                        : json_pack("{ss}", "error", wax_error_message(error));
        wax_error_free(error);
        return o;
    }
    json_t *needed = json_array(), *paths = json_array();
    for (size_t i = 0; i < d.n_needed; i++) {
        (void)json_array_append_new(needed, name_json(wax_module_needed(m, i)));
    }
    for (size_t i = 0; i < d.n_paths; i++) {
        (void)json_array_append_new(paths, name_json(wax_module_runpath(m, i)));
    }
    return json_pack("{sI si sI si so so}", "memory", (json_int_t)d.memory_bytes, "memory_align",
                     (int)d.memory_align, "table", (json_int_t)d.table_elems, "table_align",
                     (int)d.table_align, "needed", needed, "runpath", paths);
}

static json_t *module_json(wax_module *m)
{
    json_t *imports = json_array(), *exports = json_array(), *memories = json_array(),
           *features = json_array();
    wax_port p;
    for (size_t i = 0; wax_module_import(m, i, &p, NULL) == WAX_OK; i++) {
        (void)json_array_append_new(imports, port_json(&p, 1));
        if (p.kind == WAX_EXTERN_MEMORY) {
            (void)json_array_append_new(memories, port_json(&p, 1));
        }
    }
    for (size_t i = 0; wax_module_export(m, i, &p, NULL) == WAX_OK; i++) {
        (void)json_array_append_new(exports, port_json(&p, 0));
        if (p.kind == WAX_EXTERN_MEMORY) {
            (void)json_array_append_new(memories, port_json(&p, 0));
        }
    }
    for (size_t i = 0; wax_module_feature(m, i); i++) {
        (void)json_array_append_new(features, json_string(wax_module_feature(m, i)));
    }
    json_t *strict = json_null();
    uint32_t bit = wax_module_wasi_strict(m);
    for (int i = 0; i < 4; i++) {
        if (bit == 1u << i) {
            strict = json_string(versions[i]);
        }
    }
    return json_pack("{so so so so so so so}", "wasi", versions_json(wax_module_wasi(m)), "strict",
                     strict, "imports", imports, "exports", exports, "memories", memories,
                     "features", features, "dylink", dylink_json(m));
}

static void print_ports(const json_t *list, const char *title)
{
    size_t i;
    json_t *o;
    printf("%s: %zu\n", title, json_array_size(list));
    json_array_foreach(list, i, o)
    {
        const char *module = json_string_value(json_object_get(o, "module"));
        const char *name = json_string_value(json_object_get(o, "name"));
        char *params = json_dumps(json_object_get(o, "params"), JSON_COMPACT);
        char *results = json_dumps(json_object_get(o, "results"), JSON_COMPACT);
        char plain[2][1024];
        printf("  %-7s %s%s%s %s%s%s\n", json_string_value(json_object_get(o, "kind")),
               module ? cli_plain(module, plain[0], sizeof plain[0]) : "", module ? "." : "",
               name ? cli_plain(name, plain[1], sizeof plain[1]) : "", params ? params : "",
               params ? " -> " : "", results ? results : "");
        free(params);
        free(results);
    }
}

static void print_words(const json_t *list, const char *title)
{
    size_t i;
    json_t *o;
    printf("%s:", title);
    json_array_foreach(list, i, o)
    {
        char plain[1024];
        printf(" %s", cli_plain(json_string_value(o), plain, sizeof plain));
    }
    printf(json_array_size(list) ? "\n" : " none\n");
}

static void print_dylink(const json_t *d)
{
    const char *error = json_string_value(json_object_get(d, "error"));
    if (error) {
        printf("dylink: %s\n", error);
    } else if (json_is_object(d)) {
        printf("dylink: %lld bytes aligned to 2^%lld, %lld table elements aligned to 2^%lld\n",
               (long long)json_integer_value(json_object_get(d, "memory")),
               (long long)json_integer_value(json_object_get(d, "memory_align")),
               (long long)json_integer_value(json_object_get(d, "table")),
               (long long)json_integer_value(json_object_get(d, "table_align")));
        print_words(json_object_get(d, "needed"), "needed");
        print_words(json_object_get(d, "runpath"), "runpath");
    }
}

int cmd_inspect(int argc, char **argv)
{
    int as_json = 0, i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--json") != 0) {
            return cli_usage("inspect", "unknown option '%s'", argv[i]);
        }
        as_json = 1;
    }
    if (i == argc) {
        return cli_usage("inspect", "no file named");
    }
    wax_engine *engine = NULL;
    wax_error *error = NULL;
    if (wax_engine_new(NULL, &engine, &error) != WAX_OK) {
        return cli_fail("inspect", error);
    }
    int status = 0;
    for (; i < argc; i++) {
        wax_module *m = NULL;
        error = NULL;
        if (wax_module_from_file(engine, argv[i], &m, &error) != WAX_OK) {
            status = cli_fail("inspect", error);
            continue;
        }
        json_t *o = module_json(m);
        if (as_json) {
            (void)json_dumpf(o, stdout, JSON_INDENT(2));
            putchar('\n');
        } else {
            printf("%s\n", argv[i]);
            const char *strict = json_string_value(json_object_get(o, "strict"));
            print_words(json_object_get(o, "wasi"), "wasi");
            printf("strict: %s\n", strict ? strict : "none");
            print_words(json_object_get(o, "features"), "features");
            print_dylink(json_object_get(o, "dylink"));
            print_ports(json_object_get(o, "imports"), "imports");
            print_ports(json_object_get(o, "exports"), "exports");
        }
        json_decref(o);
        wax_module_free(m);
    }
    wax_engine_free(engine);
    return status;
}
