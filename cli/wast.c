/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing wast: runs spec test scripts in their JSON form. */
/*
 * Commands run in order and state carries over. A module this engine can not have (a feature its
 * tier lacks, text only) makes "no current instance"; commands on it are skipped, not failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wast.h"

static const char help[] =
    "usage: waxwing wast [--tier T] [--feature +NAME|-NAME] [--list-skips] FILE.json...\n"
    "Runs spec test scripts (the JSON form of .wast files, modules beside them).\n"
    "Prints 'FILE: P passed, F failed, S skipped' for each and a closing total.\n"
    "exit status: 0 only if none failed\n";

enum verdict { PASS, FAIL, SKIP };

/* Commands of the suite that contradict wasm 3.0: written before multi-memory. */
static const struct {
    const char *file;
    int line;
    const char *reason;
} contradicted[] = {
    {"threads/imports.json", 310, "multiple tables are valid since 2.0"},
    {"threads/imports.json", 314, "multiple tables are valid since 2.0"},
    {"threads/imports.json", 318, "multiple tables are valid since 2.0"},
    {"threads/imports.json", 405, "multiple memories are valid in 3.0"},
    {"threads/imports.json", 409, "multiple memories are valid in 3.0"},
    {"threads/imports.json", 413, "multiple memories are valid in 3.0"},
    {"threads/memory.json", 14, "multiple memories are valid in 3.0"},
    {"threads/memory.json", 15, "multiple memories are valid in 3.0"},
};

static const char *str(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static int line_of(const json_t *cmd)
{
    return (int)json_integer_value(json_object_get(cmd, "line"));
}

static enum verdict fail(const struct wast *w, const json_t *cmd, const char *what,
                         wax_error *error)
{
    fprintf(stderr, "%s:%d: %s: %s%s%s\n", w->file, line_of(cmd), str(cmd, "type"), what,
            error ? ": " : "", error ? wax_error_message(error) : "");
    wax_error_free(error);
    return FAIL;
}

static enum verdict skip(struct wast *w, const char *reason)
{
    w->skip_reason = reason;
    return SKIP;
}

/* -------- modules -------- */

/* The binary file of a command, NULL if it is text only. */
static const char *binary_of(const json_t *cmd)
{
    const char *binary = str(cmd, "binary_filename"), *name = str(cmd, "filename");
    if (binary) {
        return binary;
    }
    size_t len = name ? strlen(name) : 0;
    return len > 5 && strcmp(name + len - 5, ".wasm") == 0 ? name : NULL;
}

static wax_status load(struct wast *w, const char *name, wax_module **ret, wax_error **err)
{
    size_t len = strlen(w->dir) + strlen(name) + 2;
    char *path = malloc(len);
    if (!path) {
        return WAX_E_NOMEM;
    }
    (void)snprintf(path, len, "%s/%s", w->dir, name); /* sized above */
    wax_status st = wax_module_from_file(w->engine, path, ret, err);
    free(path);
    return st;
}

static char *copy(const char *s)
{
    size_t len = s ? strlen(s) + 1 : 0;
    char *p = len ? malloc(len) : NULL;
    return p ? memcpy(p, s, len) : NULL;
}

static void add_instance(struct wast *w, const char *name, wax_instance *instance)
{
    struct wast_instance *i = calloc(1, sizeof *i);
    if (i) {
        i->name = copy(name);
        i->instance = instance;
        i->next = w->instances;
        w->instances = i;
    }
    w->current = i;
}

static enum verdict load_verdict(struct wast *w, const json_t *cmd, wax_status st, wax_error *error)
{
    if (st == WAX_E_UNSUPPORTED) {
        wax_error_free(error);
        return skip(w, "needs a feature this tier does not run");
    }
    return fail(w, cmd, "does not load", error);
}

static enum verdict instantiate(struct wast *w, const json_t *cmd, const char *name,
                                wax_module *module)
{
    wax_instance *instance = NULL;
    wax_error *error = NULL;
    wax_status st = wax_linker_instantiate(w->linker, w->store, module, &instance, &error);
    add_instance(w, name, st == WAX_OK ? instance : NULL);
    return st == WAX_OK ? PASS : fail(w, cmd, "does not instantiate", error);
}

static enum verdict do_module(struct wast *w, const json_t *cmd)
{
    const char *file = binary_of(cmd);
    if (!file) {
        add_instance(w, str(cmd, "name"), NULL);
        return skip(w, "text-only module");
    }
    wax_module *module = NULL;
    wax_error *error = NULL;
    wax_status st = load(w, file, &module, &error);
    if (st != WAX_OK) {
        add_instance(w, str(cmd, "name"), NULL);
        return load_verdict(w, cmd, st, error);
    }
    enum verdict v = instantiate(w, cmd, str(cmd, "name"), module);
    wax_module_free(module);
    return v;
}

static enum verdict do_definition(struct wast *w, const json_t *cmd)
{
    struct wast_definition *d = calloc(1, sizeof *d);
    if (!d) {
        return fail(w, cmd, "out of memory", NULL);
    }
    d->name = copy(str(cmd, "name"));
    d->next = w->definitions;
    w->definitions = w->definition = d;
    const char *file = binary_of(cmd);
    if (!file) {
        return skip(w, "text-only module");
    }
    wax_error *error = NULL;
    wax_status st = load(w, file, &d->module, &error);
    return st == WAX_OK ? PASS : load_verdict(w, cmd, st, error);
}

static enum verdict do_instance(struct wast *w, const json_t *cmd)
{
    const char *name = str(cmd, "module");
    struct wast_definition *d = w->definition;
    for (struct wast_definition *p = w->definitions; name && p; p = p->next) {
        if (p->name && strcmp(p->name, name) == 0) {
            d = p;
            break;
        }
    }
    if (!d || !d->module) {
        add_instance(w, str(cmd, "instance"), NULL);
        return skip(w, "its definition was skipped");
    }
    return instantiate(w, cmd, str(cmd, "instance"), d->module);
}

static wax_instance *find(struct wast *w, const char *name)
{
    if (!name) {
        return w->current ? w->current->instance : NULL;
    }
    for (struct wast_instance *i = w->instances; i; i = i->next) {
        if (i->name && strcmp(i->name, name) == 0) {
            return i->instance;
        }
    }
    return NULL;
}

static enum verdict do_register(struct wast *w, const json_t *cmd)
{
    wax_instance *instance = find(w, str(cmd, "name"));
    if (!instance) {
        return skip(w, "its module was skipped");
    }
    const json_t *as = json_object_get(cmd, "as");
    wax_name name = {json_string_value(as), json_string_length(as)};
    wax_error *error = NULL;
    wax_status st = wax_linker_define_instance(w->linker, name, instance, &error);
    return st == WAX_OK ? PASS : fail(w, cmd, "cannot register", error);
}

/* -------- actions -------- */

struct result {
    wax_status status;
    wax_error *error;
    size_t n;
    wax_value values[WAST_MAX_VALUES];
    const char *skip; /* reason, or NULL */
};

static void invoke(struct wast *w, const json_t *action, wax_func *func, struct result *r)
{
    wax_functype type;
    r->status = wax_func_type(func, &type, &r->error);
    const json_t *args = json_object_get(action, "args");
    size_t n_args = json_array_size(args);
    wax_value values[WAST_MAX_VALUES];
    if (r->status != WAX_OK) {
        return;
    }
    if (n_args > WAST_MAX_VALUES || type.n_results > WAST_MAX_VALUES) {
        r->skip = "more values than the runner takes";
        return;
    }
    for (size_t i = 0; i < n_args; i++) {
        if (wast_value(w, json_array_get(args, i), &values[i]) != 0) {
            r->skip = "value of a kind not supported";
            return;
        }
    }
    r->n = type.n_results;
    r->status = wax_call(func, values, n_args, r->values, r->n, &r->error);
}

static void act(struct wast *w, const json_t *action, struct result *r)
{
    memset(r, 0, sizeof *r);
    wax_instance *instance = find(w, str(action, "module"));
    if (!instance) {
        r->skip = "its module was skipped";
        return;
    }
    const json_t *field = json_object_get(action, "field");
    wax_name name = {json_string_value(field), json_string_length(field)};
    wax_extern ext;
    r->status = wax_instance_export(instance, name, &ext, &r->error);
    if (r->status != WAX_OK) {
        return;
    }
    if (ext.kind == WAX_EXTERN_GLOBAL) {
        r->n = 1;
        wax_global_get(ext.of.global, &r->values[0]);
    } else if (ext.kind == WAX_EXTERN_FUNC) {
        invoke(w, action, ext.of.func, r);
    }
}

static enum verdict do_action(struct wast *w, const json_t *cmd)
{
    struct result r;
    act(w, json_object_get(cmd, "action"), &r);
    if (r.skip) {
        return skip(w, r.skip);
    }
    return r.status == WAX_OK ? PASS : fail(w, cmd, "failed", r.error);
}

static enum verdict assert_return(struct wast *w, const json_t *cmd)
{
    struct result r;
    act(w, json_object_get(cmd, "action"), &r);
    if (r.skip) {
        return skip(w, r.skip);
    }
    if (r.status != WAX_OK) {
        return fail(w, cmd, "failed", r.error);
    }
    const json_t *expected = json_object_get(cmd, "expected");
    if (json_array_size(expected) != r.n) {
        return fail(w, cmd, "wrong number of results", NULL);
    }
    for (size_t i = 0; i < r.n; i++) {
        if (!wast_matches(w, &r.values[i], json_array_get(expected, i))) {
            char what[512], got[64];
            char *want = json_dumps(json_array_get(expected, i), JSON_COMPACT);
            (void)snprintf(what, sizeof what, "result %zu is %s, expected %s", i,
                           wast_text(&r.values[i], got, sizeof got), want ? want : "?");
            free(want);
            return fail(w, cmd, what, NULL);
        }
    }
    return PASS;
}

static enum verdict assert_trap(struct wast *w, const json_t *cmd)
{
    struct result r;
    act(w, json_object_get(cmd, "action"), &r);
    if (r.skip) {
        return skip(w, r.skip);
    }
    int exhausted = strcmp(str(cmd, "type"), "assert_exhaustion") == 0;
    int stack =
        r.error && strcmp(wax_trap_name(wax_error_trap_code(r.error)), "call stack exhausted") == 0;
    if (r.status != WAX_TRAP || exhausted != stack) {
        return fail(w, cmd, r.status == WAX_OK ? "did not trap" : "ended otherwise", r.error);
    }
    wax_error_free(r.error);
    return PASS;
}

static enum verdict assert_exception(struct wast *w, const json_t *cmd)
{
    struct result r;
    act(w, json_object_get(cmd, "action"), &r);
    if (r.skip) {
        return skip(w, r.skip);
    }
    if (r.status != WAX_EXCEPTION) {
        return fail(w, cmd, r.status == WAX_OK ? "did not throw" : "ended otherwise", r.error);
    }
    wax_error_free(r.error);
    return PASS;
}

static enum verdict assert_rejected(struct wast *w, const json_t *cmd)
{
    const char *file = binary_of(cmd);
    if (!file) {
        return skip(w, "text-only module");
    }
    for (size_t i = 0; i < sizeof contradicted / sizeof *contradicted; i++) {
        size_t a = strlen(w->file), b = strlen(contradicted[i].file);
        if (contradicted[i].line == line_of(cmd) && a >= b &&
            strcmp(w->file + a - b, contradicted[i].file) == 0) {
            return skip(w, contradicted[i].reason);
        }
    }
    wax_module *module = NULL;
    wax_error *error = NULL;
    wax_status st = load(w, file, &module, &error);
    wax_module_free(module);
    wax_error_free(error);
    if (st == WAX_E_UNSUPPORTED) {
        return skip(w, "needs a feature this tier does not run");
    }
    if (st == WAX_E_MALFORMED || st == WAX_E_VALIDATION || st == WAX_E_LIMIT) {
        return PASS;
    }
    return fail(w, cmd, "was accepted", NULL);
}

static enum verdict assert_not_instantiable(struct wast *w, const json_t *cmd)
{
    const char *file = binary_of(cmd);
    if (!file) {
        return skip(w, "text-only module");
    }
    wax_module *module = NULL;
    wax_instance *instance;
    wax_error *error = NULL;
    wax_status st = load(w, file, &module, &error);
    if (st != WAX_OK) {
        return load_verdict(w, cmd, st, error);
    }
    st = wax_linker_instantiate(w->linker, w->store, module, &instance, &error);
    wax_module_free(module);
    wax_status want = strcmp(str(cmd, "type"), "assert_unlinkable") == 0 ? WAX_E_LINK : WAX_TRAP;
    if (st != want) {
        return fail(w, cmd, st == WAX_OK ? "was instantiated" : "failed otherwise", error);
    }
    wax_error_free(error);
    return PASS;
}

/* -------- scripts -------- */

static enum verdict run_command(struct wast *w, const json_t *cmd)
{
    static const struct {
        const char *type;
        enum verdict (*run)(struct wast *w, const json_t *cmd);
    } table[] = {
        {"module", do_module},
        {"module_definition", do_definition},
        {"module_instance", do_instance},
        {"register", do_register},
        {"action", do_action},
        {"assert_return", assert_return},
        {"assert_trap", assert_trap},
        {"assert_exhaustion", assert_trap},
        {"assert_exception", assert_exception},
        {"assert_invalid", assert_rejected},
        {"assert_malformed", assert_rejected},
        {"assert_unlinkable", assert_not_instantiable},
        {"assert_uninstantiable", assert_not_instantiable},
    };
    const char *type = str(cmd, "type");
    for (size_t i = 0; type && i < sizeof table / sizeof *table; i++) {
        if (strcmp(type, table[i].type) == 0) {
            return table[i].run(w, cmd);
        }
    }
    return skip(w, "command not supported yet");
}

static void run_commands(struct wast *w, const json_t *commands)
{
    size_t i;
    json_t *cmd;
    json_array_foreach(commands, i, cmd)
    {
        switch (run_command(w, cmd)) {
        case PASS: w->passed++; break;
        case FAIL: w->failed++; break;
        case SKIP:
            w->skipped++;
            if (w->list_skips) {
                printf("%s:%d: skipped %s: %s\n", w->file, line_of(cmd), str(cmd, "type"),
                       w->skip_reason);
            }
            break;
        }
    }
}

static void close_script(struct wast *w)
{
    for (struct wast_instance *i = w->instances; i;) {
        struct wast_instance *next = i->next;
        free(i->name);
        free(i);
        i = next;
    }
    for (struct wast_definition *d = w->definitions; d;) {
        struct wast_definition *next = d->next;
        wax_module_free(d->module);
        free(d->name);
        free(d);
        d = next;
    }
    wax_linker_free(w->linker);
    wax_store_free(w->store);
    free(w->dir);
}

static char *dir_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *dir = copy(slash ? file : ".");
    if (dir && slash) {
        dir[slash - file] = '\0';
    }
    return dir;
}

/* @return 0, or an exit status when the script itself can not be run */
static int run_script(struct wast *w)
{
    json_error_t where;
    json_t *root = json_load_file(w->file, JSON_ALLOW_NUL, &where);
    if (!root) {
        fprintf(stderr, "waxwing: wast: %s:%d: %s\n", w->file, where.line, where.text);
        return where.line < 0 ? EXIT_NOINPUT : EXIT_DATA;
    }
    wax_error *error = NULL;
    w->dir = dir_of(w->file);
    int status = 0;
    if (wax_store_new(w->engine, &w->store, &error) != WAX_OK ||
        wax_linker_new(w->engine, &w->linker, &error) != WAX_OK ||
        wast_spectest(w, &error) != WAX_OK) {
        status = cli_fail("wast", error);
    } else {
        run_commands(w, json_object_get(root, "commands"));
    }
    close_script(w);
    json_decref(root);
    return status;
}

int cmd_wast(int argc, char **argv)
{
    wax_engine_options options;
    wax_engine_options_init(&options);
    options.stack_bytes = 1 << 20; /* runaway recursion ends sooner */
    int i = 1, list_skips = 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--list-skips") == 0) {
            list_skips = 1;
        } else if (strcmp(argv[i], "--tier") == 0 && i + 1 < argc) {
            options.tier = argv[++i];
        } else if (strcmp(argv[i], "--feature") == 0 && i + 1 < argc) {
            options.features = argv[++i];
        } else if (strcmp(argv[i], "--checked") == 0) {
            options.checked = 1;
        } else {
            return cli_usage("wast", "unknown option '%s'", argv[i]);
        }
    }
    if (i == argc) {
        return cli_usage("wast", "no file named");
    }
    wax_error *error = NULL;
    wax_engine *engine;
    if (wax_engine_new(&options, &engine, &error) != WAX_OK) {
        return cli_fail("wast", error);
    }
    unsigned passed = 0, failed = 0, skipped = 0;
    int status = 0;
    for (; i < argc; i++) {
        struct wast w = {.file = argv[i], .engine = engine, .list_skips = list_skips};
        int st = run_script(&w);
        status = st ? st : status;
        printf("%s: %u passed, %u failed, %u skipped\n", w.file, w.passed, w.failed, w.skipped);
        passed += w.passed;
        failed += w.failed;
        skipped += w.skipped;
    }
    wax_engine_free(engine);
    printf("total: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return status ? status : failed != 0;
}
