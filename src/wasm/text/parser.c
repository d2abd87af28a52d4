/* SPDX-License-Identifier: Apache-2.0 */
/* Text to binary: the passes, and what all parts of the parser use. */
/*
 * The text is read three times by the same lexer; nothing of it is kept but identifiers:
 *
 *   1. names    every field gets its index, every identifier its binding, so that uses may come
 *               before definitions; bodies are skipped (parse_fields.c: declare)
 *   2. types    type fields are encoded (parse_types.c)
 *   3. fields   everything else is encoded, in order; type uses without a type field make one at
 *               the end of the type section, as the specification orders it
 *
 * A third pass that met a type index which only a later type use made is run again with all types
 * known. assemble.c joins the sections. The result is decoded and validated like any binary module:
 * this code checks syntax and names only.
 *
 * Invariants. 1. After the first failure every token is EOF. 2. No recursion on nesting: open
 * constructs are on p->frames, annotations and comments are counted. 3. Work is linear in the text:
 * identifiers are interned once, labels and locals are looked up through their identifier.
 */
#include "wasm/text/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "wasm/text/number.h"

/* -------- failures -------- */

static void stop(struct wx_parser *p, wax_status status)
{
    p->status = status;
    p->lx.pos = p->lx.len;
    p->tok = p->next = (struct wx_tok){.off = p->lx.len};
}

void wx_p_fail_at(struct wx_parser *p, wax_status status, uint32_t off, const char *format, ...)
{
    if (!wx_p_ok(p)) {
        return;
    }
    char message[512];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(message, sizeof message, format, ap); /* cut off if longer */
    va_end(ap);
    (void)wx_fail(p->err, status, "%s", message);
    wx_text_point_at(p->lx.text, p->lx.len, off, p->err);
    stop(p, status);
}

void wx_p_nomem(struct wx_parser *p)
{
    if (wx_p_ok(p)) {
        (void)wx_fail_nomem(p->err, "text");
        stop(p, WAX_E_NOMEM);
    }
}

void wx_p_fail(struct wx_parser *p, const char *format, ...)
{
    char message[400];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(message, sizeof message, format, ap); /* cut off if longer */
    va_end(ap);
    wx_p_fail_at(p, WAX_E_MALFORMED, p->tok.off, "%s", message);
}

void wx_p_unexpected(struct wx_parser *p, const char *expected)
{
    if (p->tok.kind == WX_TOK_EOF) {
        wx_p_fail(p, "unexpected end of text: expected %s", expected);
        return;
    }
    int len = (int)(p->tok.len < 40 ? p->tok.len : 40);
    wx_p_fail(p, "unexpected token '%.*s%s': expected %s", len, wx_p_text(p, p->tok),
              p->tok.len > 40 ? "..." : "", expected);
}

/* -------- tokens -------- */

static struct wx_tok lex(struct wx_parser *p)
{
    struct wx_tok t = wx_lexer_next(&p->lx);
    if (p->lx.fail && wx_p_ok(p)) {
        /* Reported at once, although one token is still ahead: nothing can undo it. */
        wx_p_fail_at(p, WAX_E_MALFORMED, p->lx.fail_off, "%s", p->lx.fail);
        t = p->tok;
    }
    return t;
}

void wx_p_advance(struct wx_parser *p)
{
    p->tok = p->next;
    if (wx_p_ok(p)) {
        p->next = lex(p);
    }
}

void wx_p_seek(struct wx_parser *p, uint32_t off, uint32_t depth)
{
    if (wx_p_ok(p)) {
        p->lx.pos = off;
        p->lx.depth = depth;
        p->tok = lex(p);
    }
    if (wx_p_ok(p)) {
        p->next = lex(p);
    }
}

bool wx_tok_is(const struct wx_parser *p, struct wx_tok t, const char *keyword)
{
    size_t len = strlen(keyword);
    return t.kind == WX_TOK_ATOM && t.len == len && memcmp(wx_p_text(p, t), keyword, len) == 0;
}

bool wx_p_open(struct wx_parser *p, const char *keyword)
{
    if (!wx_p_at(p, keyword)) {
        return false;
    }
    wx_p_advance(p);
    wx_p_advance(p);
    return true;
}

bool wx_p_accept(struct wx_parser *p, const char *keyword)
{
    bool is = wx_tok_is(p, p->tok, keyword);
    if (is) {
        wx_p_advance(p);
    }
    return is;
}

void wx_p_close(struct wx_parser *p)
{
    if (p->tok.kind != WX_TOK_RPAR) {
        wx_p_unexpected(p, "')'");
        return;
    }
    wx_p_advance(p);
}

void wx_p_skip(struct wx_parser *p, uint32_t start, void (*at_open)(struct wx_parser *p))
{
    for (uint32_t open = 1; open > 0 && wx_p_ok(p); wx_p_advance(p)) {
        if (p->tok.kind == WX_TOK_LPAR) {
            if (open == 1 && at_open) {
                at_open(p);
            }
            open++;
        } else if (p->tok.kind == WX_TOK_RPAR) {
            open--;
        } else if (p->tok.kind == WX_TOK_EOF) {
            wx_p_fail_at(p, WAX_E_MALFORMED, start,
                         "unexpected end of text: the '(' before this is never closed");
        }
    }
}

/* -------- identifiers and indices -------- */

static struct wx_sym *intern(struct wx_parser *p, const char *name, uint32_t len)
{
    struct wx_sym *sym = wx_map_get(&p->syms, name, len);
    if (sym) {
        return sym;
    }
    sym = wx_arena_alloc(p->arena, sizeof *sym);
    char *copy = sym ? wx_arena_alloc(p->arena, len) : NULL;
    if (!copy || !wx_map_put(&p->syms, name, len, sym)) {
        wx_p_nomem(p);
        return NULL;
    }
    memcpy(copy, name, len);
    sym->name = copy;
    sym->len = len;
    return sym;
}

struct wx_sym *wx_p_id(struct wx_parser *p)
{
    if (p->tok.kind != WX_TOK_ID) {
        return NULL;
    }
    const char *s = wx_p_text(p, p->tok) + 1;
    uint32_t len = p->tok.len - 1;
    if (s[0] == '"') {
        p->scratch.len = 0;
        wx_text_unquote(s, len, &p->scratch);
        s = wx_strbuf_str(&p->scratch);
        len = (uint32_t)p->scratch.len;
        if (!wx_utf8_valid(s, len)) {
            wx_p_fail(p, "malformed UTF-8 encoding in an identifier");
            return NULL;
        }
    }
    struct wx_sym *sym = intern(p, s, len);
    wx_p_advance(p);
    return sym;
}

static const char *const space_names[WX_SPACE_COUNT] = {
    "type", "function", "table", "memory", "global", "tag", "elem segment", "data segment"};

void wx_p_bind(struct wx_parser *p, enum wx_space space, struct wx_sym *sym, struct wx_tok at)
{
    uint32_t idx = p->n_idx[space]++;
    if (!sym || !wx_p_ok(p)) {
        return;
    }
    if (sym->idx[space]) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "duplicate %s '$%.*s'", space_names[space],
                     (int)(sym->len < 100 ? sym->len : 100), sym->name);
        return;
    }
    sym->idx[space] = idx + 1;
    struct wx_text_name name = {idx, sym};
    if (!wx_vec_push(p->mem, &p->names[space], name)) {
        wx_p_nomem(p);
    }
}

bool wx_p_at_index(const struct wx_parser *p)
{
    return p->tok.kind == WX_TOK_ID ||
           (p->tok.kind == WX_TOK_ATOM && *wx_p_text(p, p->tok) >= '0' &&
            *wx_p_text(p, p->tok) <= '9');
}

static uint64_t number(struct wx_parser *p, unsigned bits, const char *what)
{
    uint64_t v = 0;
    enum wx_num_result r = p->tok.kind == WX_TOK_ATOM
                               ? wx_text_nat(wx_p_text(p, p->tok), p->tok.len, bits, &v)
                               : WX_NUM_SYNTAX;
    if (r == WX_NUM_RANGE) {
        wx_p_fail(p, "%s out of range: i%u constant", what, bits);
    } else if (r != WX_NUM_OK) {
        wx_p_unexpected(p, what);
    }
    wx_p_advance(p);
    return v;
}

uint32_t wx_p_u32(struct wx_parser *p, const char *what) { return (uint32_t)number(p, 32, what); }

uint64_t wx_p_u64(struct wx_parser *p, const char *what) { return number(p, 64, what); }

uint32_t wx_p_index(struct wx_parser *p, enum wx_space space)
{
    if (p->tok.kind != WX_TOK_ID) {
        return wx_p_u32(p, "an index or identifier");
    }
    struct wx_tok at = p->tok;
    struct wx_sym *sym = wx_p_id(p);
    if (sym && !sym->idx[space]) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "unknown %s '$%.*s'", space_names[space],
                     (int)(sym->len < 100 ? sym->len : 100), sym->name);
    }
    return sym && sym->idx[space] ? sym->idx[space] - 1 : 0;
}

void wx_p_string(struct wx_parser *p, struct wx_strbuf *out)
{
    if (p->tok.kind != WX_TOK_STRING) {
        wx_p_unexpected(p, "a string");
        return;
    }
    wx_text_unquote(wx_p_text(p, p->tok), p->tok.len, out);
    wx_p_advance(p);
}

void wx_p_name(struct wx_parser *p, struct wx_strbuf *out)
{
    struct wx_tok at = p->tok;
    p->scratch.len = 0;
    wx_p_string(p, &p->scratch);
    if (wx_p_ok(p) && !wx_utf8_valid(wx_strbuf_str(&p->scratch), p->scratch.len)) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "malformed UTF-8 encoding in a name");
    }
    wx_emit_u32(out, (uint32_t)p->scratch.len);
    wx_strbuf_add(out, wx_strbuf_str(&p->scratch), p->scratch.len);
}

/* -------- output -------- */

void wx_emit_u64(struct wx_strbuf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        wx_emit_u8(b, (uint8_t)(v | 0x80));
    }
    wx_emit_u8(b, (uint8_t)v);
}

void wx_emit_u32(struct wx_strbuf *b, uint32_t v) { wx_emit_u64(b, v); }

void wx_emit_s64(struct wx_strbuf *b, int64_t v)
{
    for (;;) {
        uint8_t byte = (uint8_t)(v & 0x7f);
        v >>= 7;
        if ((v == 0 && !(byte & 0x40)) || (v == -1 && (byte & 0x40))) {
            wx_emit_u8(b, byte);
            return;
        }
        wx_emit_u8(b, byte | 0x80);
    }
}

void wx_p_mark(struct wx_parser *p, struct wx_text_out *out, uint32_t text_off)
{
    struct wx_text_mark mark = {(uint32_t)out->b.len, text_off};
    if (!wx_vec_push(p->mem, &out->marks, mark)) {
        wx_p_nomem(p);
    }
}

void wx_p_append(struct wx_parser *p, struct wx_text_out *to, struct wx_text_out *from)
{
    if (!wx_vec_reserve(p->mem, &to->marks, from->marks.n)) {
        wx_p_nomem(p);
        return;
    }
    for (size_t i = 0; i < from->marks.n; i++) {
        struct wx_text_mark m = from->marks.p[i];
        m.off += (uint32_t)to->b.len;
        to->marks.p[to->marks.n++] = m;
    }
    wx_strbuf_add(&to->b, wx_strbuf_str(&from->b), from->b.len);
    from->b.len = 0;
    from->marks.n = 0;
}

/* -------- passes -------- */

static bool at_field(struct wx_parser *p)
{
    if (p->tok.kind == WX_TOK_LPAR || p->tok.kind == WX_TOK_ANNOT) {
        return true;
    }
    if (p->tok.kind != (p->field_depth ? WX_TOK_RPAR : WX_TOK_EOF)) {
        wx_p_unexpected(p, p->field_depth ? "a module field or ')'" : "a module field");
    }
    return false;
}

static void names_pass(struct wx_parser *p)
{
    while (at_field(p)) {
        bool annotation = p->tok.kind == WX_TOK_ANNOT;
        wx_p_advance(p);
        if (annotation) {
            wx_p_skip(p, p->tok.off, NULL);
        } else {
            wx_p_declare_field(p);
        }
    }
    if (p->field_depth && wx_p_ok(p)) {
        wx_p_close(p);
        if (wx_p_ok(p) && p->tok.kind != WX_TOK_EOF) {
            wx_p_unexpected(p, "the end of the text behind the module");
        }
    }
}

static void types_pass(struct wx_parser *p)
{
    for (size_t i = 0; i < p->type_fields.n; i++) {
        wx_p_seek(p, p->type_fields.p[i], p->field_depth + 1);
        wx_p_type_field(p);
    }
    p->n_explicit = (uint32_t)p->types.n;
}

static void fields_pass(struct wx_parser *p)
{
    wx_p_seek(p, p->body_off, p->field_depth);
    while (at_field(p)) {
        bool annotation = p->tok.kind == WX_TOK_ANNOT;
        wx_p_advance(p);
        if (annotation) {
            wx_p_custom_annotation(p);
        } else {
            wx_p_field(p);
        }
    }
}

/* Before the fields pass is run again: types stay, everything else it made goes. */
static void reset_fields(struct wx_parser *p)
{
    for (int i = WX_OUT_IMPORT; i < WX_OUT_COUNT; i++) {
        p->out[i].b.len = p->out[i].marks.n = 0;
        p->out[i].n = 0;
    }
    memset(p->at, 0, sizeof p->at);
    p->local_names.n = p->customs.n = p->custom_bytes.len = 0;
    p->defined_something = p->has_start = p->wants_later_type = p->checks_later_type = false;
}

static void begin(struct wx_parser *p)
{
    wx_p_seek(p, 0, 0);
    if (wx_p_at(p, "module")) {
        p->field_depth = 1;
        p->lx.annot_depth = 1;
        wx_p_seek(p, p->tok.off, 0); /* what lies ahead was read with other annotations */
        (void)wx_p_open(p, "module");
        p->module_name = wx_p_id(p);
    } else {
        p->lx.annot_depth = 0;
        wx_p_seek(p, 0, 0);
    }
    p->body_off = p->tok.off;
}

static void parse(struct wx_parser *p)
{
    begin(p);
    names_pass(p);
    types_pass(p);
    size_t n_types;
    do {
        n_types = p->types.n;
        reset_fields(p);
        if (wx_p_ok(p)) {
            fields_pass(p);
        }
    } while (wx_p_ok(p) && p->wants_later_type && p->types.n > n_types);
    if (wx_p_ok(p) && p->checks_later_type) { /* an index alone is left to validation */
        wx_p_fail_at(p, WAX_E_MALFORMED, p->later_type_at.off, "unknown type");
    }
}

static void init_buffers(struct wx_parser *p)
{
    struct wx_strbuf *const buffers[] = {
        &p->type_bytes, &p->params,       &p->results, &p->key,      &p->code.b, &p->pending,
        &p->scratch,    &p->custom_bytes, &p->head,    &p->offset.b, &p->items.b};
    for (size_t i = 0; i < WX_ARRAY_LEN(buffers); i++) {
        wx_strbuf_init(buffers[i], p->mem);
    }
    for (int i = 0; i < WX_OUT_COUNT; i++) {
        wx_strbuf_init(&p->out[i].b, p->mem);
    }
    wx_map_init(&p->syms, p->mem);
    wx_map_init(&p->type_map, p->mem);
    wx_p_init_ops(p);
}

void wx_p_fini(struct wx_parser *p)
{
    struct wx_strbuf *const buffers[] = {
        &p->type_bytes, &p->params,       &p->results, &p->key,      &p->code.b, &p->pending,
        &p->scratch,    &p->custom_bytes, &p->head,    &p->offset.b, &p->items.b};
    for (size_t i = 0; i < WX_ARRAY_LEN(buffers); i++) {
        wx_strbuf_fini(buffers[i]);
    }
    for (int i = 0; i < WX_OUT_COUNT; i++) {
        wx_strbuf_fini(&p->out[i].b);
        wx_vec_fini(p->mem, &p->out[i].marks);
    }
    for (int i = 0; i < WX_SPACE_COUNT; i++) {
        wx_vec_fini(p->mem, &p->names[i]);
    }
    wx_vec_fini(p->mem, &p->code.marks);
    wx_vec_fini(p->mem, &p->offset.marks);
    wx_vec_fini(p->mem, &p->items.marks);
    wx_vec_fini(p->mem, &p->local_names);
    wx_vec_fini(p->mem, &p->type_fields);
    wx_vec_fini(p->mem, &p->types);
    wx_vec_fini(p->mem, &p->frames);
    wx_vec_fini(p->mem, &p->labels);
    wx_vec_fini(p->mem, &p->customs);
    wx_map_fini(&p->type_map);
    wx_map_fini(&p->syms);
    wx_arena_free(p->arena);
}

static bool lost_something(const struct wx_parser *p)
{
    bool lost = p->type_bytes.failed || p->params.failed || p->results.failed || p->key.failed ||
                p->code.b.failed || p->pending.failed || p->scratch.failed ||
                p->custom_bytes.failed || p->head.failed || p->offset.b.failed || p->items.b.failed;
    for (int i = 0; i < WX_OUT_COUNT; i++) {
        lost |= p->out[i].b.failed;
    }
    return lost;
}

wax_status wx_p_init(struct wx_parser *p, struct wx_mem *mem, const char *text, size_t len,
                     const struct wx_decode_limits *limits, wax_error **err)
{
    *p = (struct wx_parser){.mem = mem, .limits = limits, .err = err};
    init_buffers(p);
    if (len > limits->max_module_bytes || len >= UINT32_MAX) {
        return p->status = wx_fail(err, WAX_E_LIMIT, "text too big: %zu bytes, the limit is %llu",
                                   len, (unsigned long long)limits->max_module_bytes);
    }
    p->arena = wx_arena_new(mem);
    if (!p->arena) {
        return p->status = wx_fail_nomem(err, "text");
    }
    wx_lexer_init(&p->lx, text, (uint32_t)len);
    return WAX_OK;
}

wax_status wx_text_encode(struct wx_mem *mem, const char *text, size_t len,
                          const struct wx_decode_limits *limits, struct wx_text_module *ret,
                          wax_error **err)
{
    *ret = (struct wx_text_module){.marks = NULL};
    wx_strbuf_init(&ret->bytes, mem);
    struct wx_parser *p = wx_alloc(mem, sizeof *p);
    if (!p) {
        return wx_fail_nomem(err, "text");
    }
    if (wx_p_init(p, mem, text, len, limits, err) == WAX_OK) {
        parse(p);
        if (wx_p_ok(p) && !lost_something(p)) {
            wx_p_assemble(p, ret);
        }
        if (lost_something(p) || ret->bytes.failed) {
            wx_p_nomem(p);
        }
    }
    wax_status st = p->status;
    wx_p_fini(p);
    wx_free(mem, p);
    return st;
}

void wx_text_module_fini(struct wx_text_module *module)
{
    if (module->bytes.mem) {
        wx_free(module->bytes.mem, module->marks);
        wx_strbuf_fini(&module->bytes);
    }
    module->marks = NULL;
    module->n_marks = 0;
}
