/* SPDX-License-Identifier: Apache-2.0 */
/* Spec scripts in their JSON form, as the same commands that .wast text gives. */
/*
 * Strings are borrowed from the JSON tree, which lives as long as the script; everything else is in
 * blocks that are freed with it. A module is the file the command names: text if that ends in
 * ".wat" and no binary is named beside it.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wast.h"

struct block {
    struct block *next;
};

struct json {
    json_t *root;
    struct block *blocks;
    char *dir; /* where modules lie, with the slash */
    int failed;
};

/* Zeroed and freed with the script; NULL is remembered in failed. */
static void *alloc(struct json *j, size_t n, size_t size)
{
    struct block *b = calloc(1, sizeof *b + n * size + 16);
    if (!b) {
        j->failed = 1;
        return NULL;
    }
    b->next = j->blocks;
    j->blocks = b;
    return (char *)b + 16;
}

static const char *str(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static wax_name name_of(const json_t *json, const char *field)
{
    const json_t *s = json_object_get(json, field);
    return (wax_name){json_string_value(s), json_string_length(s)};
}

/* -------- values -------- */

static void put_number(const char *text, int is_float, unsigned width, uint8_t *bits, uint8_t *nan)
{
    uint64_t v = 0;
    *nan = WAX_SCRIPT_EXACT;
    if (is_float && strcmp(text, "nan:canonical") == 0) {
        *nan = WAX_SCRIPT_NAN_CANONICAL;
    } else if (is_float && strcmp(text, "nan:arithmetic") == 0) {
        *nan = WAX_SCRIPT_NAN_ARITHMETIC;
    } else {
        v = text[0] == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
    }
    memcpy(bits, &v, width / 8);
}

static void put_vector(const json_t *json, wax_script_value *v)
{
    const char *lane = str(json, "lane_type");
    const json_t *list = json_object_get(json, "value");
    v->kind = WAX_SCRIPT_VECTOR;
    v->type = WAX_V128;
    v->is_float = lane && lane[0] == 'f';
    v->lane = lane ? (int32_t)strtol(lane + 1, NULL, 10) : 32;
    for (unsigned i = 0; i < 128u / (unsigned)v->lane; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        uint8_t nan;
        put_number(text ? text : "0", v->is_float, (unsigned)v->lane,
                   v->bits + i * (unsigned)v->lane / 8, &nan);
        if (v->is_float) {
            v->nan[i] = nan;
        }
    }
}

static void put_reference(const char *type, const char *text, wax_script_value *v)
{
    static const struct {
        const char *name;
        int32_t type;
    } types[] = {{"funcref", WAX_FUNCREF},         {"externref", WAX_EXTERNREF},
                 {"exnref", WAX_EXNREF},           {"nullfuncref", WAX_FUNCREF},
                 {"nullexternref", WAX_EXTERNREF}, {"nullexnref", WAX_EXNREF}};
    v->type = WAX_SCRIPT_ANY_TYPE;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i].name) == 0) {
            v->type = types[i].type;
        }
    }
    if (strcmp(type, "refnull") == 0 || strncmp(type, "null", 4) == 0 ||
        (text && strcmp(text, "null") == 0)) {
        v->kind = WAX_SCRIPT_REF_NULL;
    } else if (v->type == WAX_EXTERNREF && text) {
        v->kind = WAX_SCRIPT_REF_HOST;
        v->number = strtoull(text, NULL, 10);
    } else {
        v->kind = WAX_SCRIPT_REF;
    }
}

static const wax_script_value *put_values(struct json *j, const json_t *list, size_t *ret_n,
                                          int nested);

static void put_value(struct json *j, const json_t *json, wax_script_value *v, int nested)
{
    static const char *const numbers[] = {"i32", "i64", "f32", "f64"};
    const char *type = str(json, "type"), *text = str(json, "value");
    type = type ? type : "";
    for (int32_t t = WAX_I32; t <= WAX_F64; t++) {
        if (strcmp(type, numbers[t]) == 0) {
            v->kind = WAX_SCRIPT_NUMBER;
            v->type = t;
            put_number(text ? text : "0", t >= WAX_F32, t % 2 ? 64 : 32, v->bits, &v->nan[0]);
            return;
        }
    }
    if (strcmp(type, "v128") == 0) {
        put_vector(json, v);
    } else if (strcmp(type, "either") == 0 && !nested) {
        v->kind = WAX_SCRIPT_EITHER;
        v->values = put_values(j, json_object_get(json, "values"), &v->n_values, 1);
    } else {
        put_reference(type, text, v);
    }
}

static const wax_script_value *put_values(struct json *j, const json_t *list, size_t *ret_n,
                                          int nested)
{
    size_t n = json_array_size(list);
    wax_script_value *values = alloc(j, n, sizeof *values);
    for (size_t i = 0; values && i < n; i++) {
        put_value(j, json_array_get(list, i), &values[i], nested);
    }
    *ret_n = values ? n : 0;
    return values;
}

/* -------- commands -------- */

static const struct {
    const char *type;
    int32_t kind;
} kinds[] = {
    {"module", WAX_SCRIPT_MODULE},
    {"module_definition", WAX_SCRIPT_DEFINITION},
    {"module_instance", WAX_SCRIPT_INSTANCE},
    {"register", WAX_SCRIPT_REGISTER},
    {"action", WAX_SCRIPT_ACTION},
    {"assert_return", WAX_SCRIPT_ASSERT_RETURN},
    {"assert_trap", WAX_SCRIPT_ASSERT_TRAP},
    {"assert_exhaustion", WAX_SCRIPT_ASSERT_EXHAUSTION},
    {"assert_exception", WAX_SCRIPT_ASSERT_EXCEPTION},
    {"assert_invalid", WAX_SCRIPT_ASSERT_INVALID},
    {"assert_malformed", WAX_SCRIPT_ASSERT_MALFORMED},
    {"assert_unlinkable", WAX_SCRIPT_ASSERT_UNLINKABLE},
    {"assert_uninstantiable", WAX_SCRIPT_ASSERT_UNINSTANTIABLE},
    {"thread", WAX_SCRIPT_THREAD},
    {"wait", WAX_SCRIPT_WAIT},
};

/* The module a command names, if any. */
static void put_module(struct json *j, const json_t *json, wax_script_command *c)
{
    const char *binary = str(json, "binary_filename");
    const char *name = binary ? binary : str(json, "filename");
    if (!name) {
        return;
    }
    size_t len = strlen(name), path_len = strlen(j->dir) + len + 1;
    char *path = alloc(j, path_len, 1);
    if (!path) {
        return;
    }
    (void)snprintf(path, path_len, "%s%s", j->dir, name); /* sized above */
    char *bytes = wast_read_file(path, &c->len);
    char *kept = bytes ? alloc(j, c->len, 1) : NULL;
    if (kept) {
        memcpy(kept, bytes, c->len);
    } else {
        fprintf(stderr, "waxwing: wast: cannot read '%s'\n", path);
        j->failed = 1;
    }
    free(bytes);
    c->bytes = kept;
    c->is_text = len > 4 && strcmp(name + len - 4, ".wat") == 0;
}

static void put_action(struct json *j, const json_t *json, wax_script_action *a)
{
    const char *type = str(json, "type");
    a->is_get = type && strcmp(type, "get") == 0;
    a->module = name_of(json, "module");
    a->field = name_of(json, "field");
    a->args = put_values(j, json_object_get(json, "args"), &a->n_args, 0);
}

static const wax_script_command *put_commands(struct json *j, const json_t *list, size_t *ret_n);

static void put_command(struct json *j, const json_t *json, wax_script_command *c)
{
    const char *type = str(json, "type");
    c->kind = -1;
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(type, kinds[i].type) == 0) {
            c->kind = kinds[i].kind;
        }
    }
    c->line = (uint32_t)json_integer_value(json_object_get(json, "line"));
    if (c->kind < 0) {
        fprintf(stderr, "waxwing: wast: line %u: unknown command '%s'\n", c->line,
                type ? type : "");
        j->failed = 1;
        return;
    }
    c->name = name_of(json, c->kind == WAX_SCRIPT_INSTANCE ? "instance"
                            : c->kind == WAX_SCRIPT_WAIT   ? "thread"
                                                           : "name");
    c->of = name_of(json, c->kind == WAX_SCRIPT_INSTANCE   ? "module"
                          : c->kind == WAX_SCRIPT_REGISTER ? "name"
                                                           : "shared_module");
    c->as = name_of(json, "as");
    c->message = name_of(json, "text");
    put_module(j, json, c);
    if (json_object_get(json, "action")) {
        put_action(j, json_object_get(json, "action"), &c->action);
        c->expected = put_values(j, json_object_get(json, "expected"), &c->n_expected, 0);
    }
    if (c->kind == WAX_SCRIPT_THREAD) {
        c->body = put_commands(j, json_object_get(json, "commands"), &c->n_body);
    }
}

static const wax_script_command *put_commands(struct json *j, const json_t *list, size_t *ret_n)
{
    size_t n = json_array_size(list);
    wax_script_command *commands = alloc(j, n, sizeof *commands);
    for (size_t i = 0; commands && i < n; i++) {
        put_command(j, json_array_get(list, i), &commands[i]);
    }
    *ret_n = commands ? n : 0;
    return commands;
}

int wast_json_open(const char *file, struct wast_script *ret)
{
    json_error_t where;
    json_t *root = json_load_file(file, JSON_ALLOW_NUL, &where);
    if (!root) {
        fprintf(stderr, "waxwing: wast: %s:%d: %s\n", file, where.line, where.text);
        return where.line < 0 ? EXIT_NOINPUT : EXIT_DATA;
    }
    struct json *j = calloc(1, sizeof *j);
    const char *slash = strrchr(file, '/');
    char *dir = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup("");
    if (!j || !dir) {
        free(j);
        free(dir);
        json_decref(root);
        return EXIT_IO;
    }
    j->root = root;
    j->dir = dir;
    ret->json = j;
    ret->commands = put_commands(j, json_object_get(root, "commands"), &ret->n);
    if (j->failed) {
        wast_json_close(j);
        ret->json = NULL;
        return EXIT_DATA;
    }
    return 0;
}

void wast_json_close(struct json *j)
{
    if (!j) {
        return;
    }
    for (struct block *b = j->blocks; b;) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
    json_decref(j->root);
    free(j->dir);
    free(j);
}
