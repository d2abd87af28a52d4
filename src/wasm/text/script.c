/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts (.wast) to typed commands; modules in them are only delimited. */
/*
 * The token machinery is the parser's. Everything a command points to is made in the script's
 * arena; lists are collected in vectors and copied there when they are complete.
 *
 * Source: the reference interpreter's README, "Scripts"; threads proposal for thread and wait.
 */
#include <string.h>

#include "base/check.h"
#include "wasm/text/number.h"
#include "wasm/text/parser.h"

typedef WX_VEC(wax_script_command) command_list;
typedef WX_VEC(wax_script_value) value_list;

#define MAX_THREAD_DEPTH 16 /* the reader recurses on them */

struct reader {
    struct wx_parser *p;
    struct wx_script *script;
    /* Lines are counted onwards from the latest command. */
    uint32_t line, line_off;
    unsigned depth; /* of threads */
};

static void *arena_copy(struct reader *r, const void *from, size_t n, size_t size)
{
    void *to = wx_arena_array(r->script->arena, n, size);
    if (!to) {
        wx_p_nomem(r->p);
    } else if (n) {
        memcpy(to, from, n * size);
    }
    return to;
}

static uint32_t line_of(struct reader *r, uint32_t off)
{
    uint32_t lines, column;
    wx_text_position(r->p->lx.text + r->line_off, r->p->lx.len - r->line_off, off - r->line_off,
                     &lines, &column);
    r->line += lines - 1;
    r->line_off = off;
    return r->line;
}

/* The identifier at hand, or an absent name. */
static wax_name optional_id(struct reader *r)
{
    const struct wx_sym *sym = wx_p_id(r->p);
    if (!sym) {
        return (wax_name){NULL, 0};
    }
    const char *copy = arena_copy(r, sym->name, sym->len, 1);
    return (wax_name){copy, sym->len};
}

/* String tokens, one at least, joined. */
static wax_name strings(struct reader *r, bool many)
{
    struct wx_parser *p = r->p;
    p->head.len = 0;
    do {
        wx_p_string(p, &p->head);
    } while (many && p->tok.kind == WX_TOK_STRING);
    const char *copy = arena_copy(r, wx_strbuf_str(&p->head), p->head.len, 1);
    return (wax_name){copy, p->head.len};
}

static const wax_script_value *take_values(struct reader *r, value_list *list, size_t *ret_n)
{
    const wax_script_value *values = arena_copy(r, list->p, list->n, sizeof *list->p);
    *ret_n = list->n;
    wx_vec_fini(r->p->mem, list);
    return values;
}

/* -------- values -------- */

/* A number of the given kind into bits; NaN patterns are allowed for floats. */
static void number(struct reader *r, bool is_float, unsigned width, uint8_t *bits, uint8_t *nan)
{
    struct wx_parser *p = r->p;
    const char *s = wx_p_text(p, p->tok);
    uint64_t v = 0;
    *nan = WAX_SCRIPT_EXACT;
    if (is_float && wx_tok_is(p, p->tok, "nan:canonical")) {
        *nan = WAX_SCRIPT_NAN_CANONICAL;
    } else if (is_float && wx_tok_is(p, p->tok, "nan:arithmetic")) {
        *nan = WAX_SCRIPT_NAN_ARITHMETIC;
    } else if (p->tok.kind != WX_TOK_ATOM ||
               (is_float ? wx_text_float(s, p->tok.len, width, &v)
                         : wx_text_int(s, p->tok.len, width, &v)) != WX_NUM_OK) {
        wx_p_unexpected(p, is_float ? "a float" : "an integer");
    }
    memcpy(bits, &v, width / 8);
    wx_p_advance(p);
}

static void vector(struct reader *r, wax_script_value *v)
{
    static const struct {
        const char *shape;
        uint8_t lane;
        bool is_float;
    } shapes[] = {{"i8x16", 8, false},  {"i16x8", 16, false}, {"i32x4", 32, false},
                  {"i64x2", 64, false}, {"f32x4", 32, true},  {"f64x2", 64, true}};
    v->kind = WAX_SCRIPT_VECTOR;
    v->type = WAX_V128;
    for (size_t i = 0; i < WX_ARRAY_LEN(shapes); i++) {
        if (wx_p_accept(r->p, shapes[i].shape)) {
            v->lane = shapes[i].lane;
            v->is_float = shapes[i].is_float;
            unsigned n = 128u / shapes[i].lane;
            for (unsigned k = 0; k < n && wx_p_ok(r->p); k++) {
                uint8_t nan;
                number(r, shapes[i].is_float, shapes[i].lane, v->bits + k * shapes[i].lane / 8,
                       &nan);
                if (shapes[i].is_float) {
                    v->nan[k] = nan;
                }
            }
            return;
        }
    }
    wx_p_unexpected(r->p, "a vector shape like i32x4");
}

/* Which type a heap type's name means here. */
static wax_valtype heap_type(struct wx_parser *p)
{
    static const struct {
        const char *word;
        wax_valtype type;
    } types[] = {{"func", WAX_FUNCREF},    {"extern", WAX_EXTERNREF},    {"exn", WAX_EXNREF},
                 {"nofunc", WAX_FUNCREF},  {"noextern", WAX_EXTERNREF},  {"noexn", WAX_EXNREF},
                 {"funcref", WAX_FUNCREF}, {"externref", WAX_EXTERNREF}, {"exnref", WAX_EXNREF}};
    for (size_t i = 0; i < WX_ARRAY_LEN(types); i++) {
        if (wx_p_accept(p, types[i].word)) {
            return types[i].type;
        }
    }
    if (wx_p_at_index(p)) {
        (void)wx_p_id(p);
        return WAX_FUNCREF;
    }
    wx_p_advance(p); /* a type of another proposal: nothing matches it but null */
    return WAX_SCRIPT_ANY_TYPE;
}

/* Behind "(ref.null" and the like. */
static void reference(struct reader *r, const char *word, wax_script_value *v)
{
    struct wx_parser *p = r->p;
    v->kind = WAX_SCRIPT_REF;
    v->type = WAX_SCRIPT_ANY_TYPE;
    if (strcmp(word, "ref.null") == 0) {
        v->kind = WAX_SCRIPT_REF_NULL;
        v->type = p->tok.kind == WX_TOK_RPAR ? WAX_SCRIPT_ANY_TYPE : heap_type(p);
    } else if (strcmp(word, "ref.extern") == 0 || strcmp(word, "ref.host") == 0) {
        v->type = WAX_EXTERNREF;
        if (p->tok.kind != WX_TOK_RPAR) {
            v->kind = WAX_SCRIPT_REF_HOST;
            v->number = wx_p_u32(p, "a number");
        }
    } else if (strcmp(word, "ref.func") == 0) {
        v->type = WAX_FUNCREF;
        if (wx_p_at_index(p)) {
            (void)(wx_p_id(p) ? 0u : wx_p_u32(p, "a function"));
        }
    } else if (strcmp(word, "ref.exn") == 0) {
        v->type = WAX_EXNREF;
    }
}

static bool value(struct reader *r, wax_script_value *v, bool nested);

static void either(struct reader *r, wax_script_value *v)
{
    value_list list = {0};
    wax_script_value one;
    while (value(r, &one, true)) {
        if (!wx_vec_push(r->p->mem, &list, one)) {
            wx_p_nomem(r->p);
        }
    }
    v->kind = WAX_SCRIPT_EITHER;
    v->values = take_values(r, &list, &v->n_values);
}

/* One value in parentheses. False if there is none (or after a failure). */
static bool value(struct reader *r, wax_script_value *v, bool nested)
{
    static const struct {
        const char *word;
        wax_valtype type;
    } numbers[] = {{"i32.const", WAX_I32},
                   {"i64.const", WAX_I64},
                   {"f32.const", WAX_F32},
                   {"f64.const", WAX_F64}};
    static const char *const refs[] = {"ref.null",   "ref.extern", "ref.host", "ref.func",
                                       "ref.exn",    "ref.any",    "ref.eq",   "ref.i31",
                                       "ref.struct", "ref.array"};
    struct wx_parser *p = r->p;
    *v = (wax_script_value){.kind = WAX_SCRIPT_NUMBER};
    if (p->tok.kind != WX_TOK_LPAR || !wx_p_ok(p)) {
        return false;
    }
    bool found = false;
    for (size_t i = 0; i < WX_ARRAY_LEN(numbers) && !found; i++) {
        if ((found = wx_p_open(p, numbers[i].word))) {
            v->type = numbers[i].type;
            bool wide = v->type == WAX_I64 || v->type == WAX_F64;
            number(r, v->type >= WAX_F32, wide ? 64 : 32, v->bits, &v->nan[0]);
        }
    }
    for (size_t i = 0; i < WX_ARRAY_LEN(refs) && !found; i++) {
        if ((found = wx_p_open(p, refs[i]))) {
            reference(r, refs[i], v);
        }
    }
    if (!found && wx_p_open(p, "v128.const")) {
        vector(r, v);
        found = true;
    }
    if (!found && !nested && wx_p_open(p, "either")) {
        either(r, v);
        found = true;
    }
    if (!found) {
        wx_p_unexpected(p, "a value");
        return false;
    }
    wx_p_close(p);
    return wx_p_ok(p);
}

static const wax_script_value *values(struct reader *r, size_t *ret_n)
{
    value_list list = {0};
    wax_script_value one;
    while (value(r, &one, false)) {
        if (!wx_vec_push(r->p->mem, &list, one)) {
            wx_p_nomem(r->p);
        }
    }
    return take_values(r, &list, ret_n);
}

/* -------- modules and actions -------- */

/* Behind "(module" and its name: what the module is, and its closing parenthesis. */
static void module_body(struct reader *r, wax_script_command *c)
{
    struct wx_parser *p = r->p;
    bool quote = wx_p_accept(p, "quote");
    bool binary = !quote && wx_p_accept(p, "binary");
    c->is_text = !binary;
    if (quote || binary) {
        wax_name bytes = {"", 0};
        if (p->tok.kind == WX_TOK_STRING) {
            bytes = strings(r, true);
        }
        c->bytes = bytes.data;
        c->len = bytes.len;
        wx_p_close(p);
        return;
    }
    uint32_t from = p->tok.off, open = 1;
    while (open && wx_p_ok(p)) { /* as wx_p_skip, but the last parenthesis is not the module's */
        if (p->tok.kind == WX_TOK_LPAR) {
            open++;
        } else if (p->tok.kind == WX_TOK_RPAR && --open == 0) {
            break;
        } else if (p->tok.kind == WX_TOK_EOF) {
            wx_p_unexpected(p, "')' of the module");
        }
        wx_p_advance(p);
    }
    if (wx_p_ok(p)) {
        c->bytes = arena_copy(r, p->lx.text + from, p->tok.off - from, 1);
        c->len = p->tok.off - from;
    }
    wx_p_close(p);
}

/* "(module …)" as a part of an assertion. */
static void module_argument(struct reader *r, wax_script_command *c)
{
    if (!wx_p_open(r->p, "module")) {
        wx_p_unexpected(r->p, "'(module'");
        return;
    }
    c->name = optional_id(r);
    module_body(r, c);
}

/* "(invoke …)" or "(get …)" */
static void action(struct reader *r, wax_script_action *a)
{
    struct wx_parser *p = r->p;
    a->is_get = wx_p_open(p, "get");
    if (!a->is_get && !wx_p_open(p, "invoke")) {
        wx_p_unexpected(p, "'(invoke' or '(get'");
        return;
    }
    a->module = optional_id(r);
    a->field = strings(r, false);
    if (!a->is_get) {
        a->args = values(r, &a->n_args);
    }
    wx_p_close(p);
}

/* -------- commands -------- */

static void command(struct reader *r, wax_script_command *c);

static void commands(struct reader *r, command_list *list)
{
    struct wx_parser *p = r->p;
    while (p->tok.kind == WX_TOK_LPAR && wx_p_ok(p)) {
        wax_script_command c = {.line = line_of(r, p->tok.off)};
        command(r, &c);
        if (!wx_vec_push(p->mem, list, c)) {
            wx_p_nomem(p);
        }
    }
}

static void read_module(struct reader *r, wax_script_command *c)
{
    struct wx_parser *p = r->p;
    if (wx_p_accept(p, "instance")) {
        c->kind = WAX_SCRIPT_INSTANCE;
        c->name = optional_id(r);
        c->of = optional_id(r);
        wx_p_close(p);
        return;
    }
    c->kind = wx_p_accept(p, "definition") ? WAX_SCRIPT_DEFINITION : WAX_SCRIPT_MODULE;
    c->name = optional_id(r);
    module_body(r, c);
}

static void read_thread(struct reader *r, wax_script_command *c)
{
    struct wx_parser *p = r->p;
    c->name = optional_id(r);
    if (wx_p_open(p, "shared")) {
        if (wx_p_open(p, "module")) {
            c->of = optional_id(r);
            wx_p_close(p);
        }
        wx_p_close(p);
    }
    command_list list = {0};
    if (++r->depth > MAX_THREAD_DEPTH) {
        wx_p_fail(p, "threads nested too deep, the limit is %d", MAX_THREAD_DEPTH);
    }
    commands(r, &list);
    r->depth--;
    c->body = arena_copy(r, list.p, list.n, sizeof *list.p);
    c->n_body = list.n;
    wx_vec_fini(p->mem, &list);
    wx_p_close(p);
}

static void read_register(struct reader *r, wax_script_command *c)
{
    c->as = strings(r, false);
    c->of = optional_id(r);
    wx_p_close(r->p);
}

static void read_action(struct reader *r, wax_script_command *c)
{
    action(r, &c->action);
    if (c->kind == WAX_SCRIPT_ASSERT_RETURN) {
        c->expected = values(r, &c->n_expected);
    } else if (c->kind == WAX_SCRIPT_ASSERT_TRAP || c->kind == WAX_SCRIPT_ASSERT_EXHAUSTION) {
        c->message = strings(r, false);
    }
    wx_p_close(r->p);
}

static void read_rejection(struct reader *r, wax_script_command *c)
{
    module_argument(r, c);
    c->message = strings(r, false);
    wx_p_close(r->p);
}

static void read_trap(struct reader *r, wax_script_command *c)
{
    if (wx_p_at(r->p, "module")) {
        c->kind = WAX_SCRIPT_ASSERT_UNINSTANTIABLE;
        read_rejection(r, c);
    } else {
        read_action(r, c);
    }
}

static void read_wait(struct reader *r, wax_script_command *c)
{
    c->name = optional_id(r);
    wx_p_close(r->p);
}

static const struct {
    const char *word;
    int32_t kind;
    void (*read)(struct reader *r, wax_script_command *c);
} words[] = {
    {"module", WAX_SCRIPT_MODULE, read_module},
    {"register", WAX_SCRIPT_REGISTER, read_register},
    {"assert_return", WAX_SCRIPT_ASSERT_RETURN, read_action},
    {"assert_trap", WAX_SCRIPT_ASSERT_TRAP, read_trap},
    {"assert_exhaustion", WAX_SCRIPT_ASSERT_EXHAUSTION, read_action},
    {"assert_exception", WAX_SCRIPT_ASSERT_EXCEPTION, read_action},
    {"assert_invalid", WAX_SCRIPT_ASSERT_INVALID, read_rejection},
    {"assert_malformed", WAX_SCRIPT_ASSERT_MALFORMED, read_rejection},
    {"assert_unlinkable", WAX_SCRIPT_ASSERT_UNLINKABLE, read_rejection},
    {"thread", WAX_SCRIPT_THREAD, read_thread},
    {"wait", WAX_SCRIPT_WAIT, read_wait},
};

static void command(struct reader *r, wax_script_command *c)
{
    struct wx_parser *p = r->p;
    if (wx_p_at(p, "invoke") || wx_p_at(p, "get")) {
        c->kind = WAX_SCRIPT_ACTION;
        action(r, &c->action);
        return;
    }
    for (size_t i = 0; i < WX_ARRAY_LEN(words); i++) {
        if (wx_p_open(p, words[i].word)) {
            c->kind = words[i].kind;
            words[i].read(r, c);
            return;
        }
    }
    wx_p_advance(p);
    wx_p_unexpected(p, "a script command (module, register, invoke, assert_return, ...)");
}

/* A file of module fields without anything around them is one module. */
static bool is_one_module(struct wx_parser *p)
{
    static const char *const fields[] = {"type", "rec",    "import", "func",  "table", "memory",
                                         "tag",  "global", "export", "start", "elem",  "data"};
    for (size_t i = 0; i < WX_ARRAY_LEN(fields); i++) {
        if (wx_p_at(p, fields[i])) {
            return true;
        }
    }
    return false;
}

static void script(struct reader *r)
{
    struct wx_parser *p = r->p;
    command_list list = {0};
    wx_p_seek(p, 0, 0);
    if (is_one_module(p)) {
        wax_script_command c = {.kind = WAX_SCRIPT_MODULE, .line = 1, .is_text = 1};
        c.bytes = arena_copy(r, p->lx.text, p->lx.len, 1);
        c.len = p->lx.len;
        if (!wx_vec_push(p->mem, &list, c)) {
            wx_p_nomem(p);
        }
    } else {
        commands(r, &list);
        if (wx_p_ok(p) && p->tok.kind != WX_TOK_EOF) {
            wx_p_unexpected(p, "'('");
        }
    }
    r->script->commands = arena_copy(r, list.p, list.n, sizeof *list.p);
    r->script->n = list.n;
    wx_vec_fini(p->mem, &list);
    if (p->head.failed || p->scratch.failed) {
        wx_p_nomem(p);
    }
}

wax_status wx_script_parse(struct wx_mem *mem, const char *text, size_t len,
                           const struct wx_decode_limits *limits, struct wx_script **ret,
                           wax_error **err)
{
    struct wx_script *s = wx_zalloc(mem, sizeof *s);
    struct wx_parser *p = wx_alloc(mem, sizeof *p);
    struct wx_arena *arena = s && p ? wx_arena_new(mem) : NULL;
    if (!arena) {
        wx_free(mem, p);
        wx_free(mem, s);
        return wx_fail_nomem(err, "a script");
    }
    s->mem = mem;
    s->arena = arena;
    struct reader r = {.p = p, .script = s, .line = 1};
    if (wx_p_init(p, mem, text, len, limits, err) == WAX_OK) {
        script(&r);
    }
    wax_status st = p->status;
    wx_p_fini(p);
    wx_free(mem, p);
    if (st != WAX_OK) {
        wx_script_free(s);
        return st;
    }
    *ret = s;
    return WAX_OK;
}

void wx_script_free(struct wx_script *script)
{
    if (script) {
        struct wx_mem *mem = script->mem;
        wx_arena_free(script->arena);
        wx_free(mem, script);
    }
}
