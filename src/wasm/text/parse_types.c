/* SPDX-License-Identifier: Apache-2.0 */
/* Types in text: value types, function types, type uses, limits. */
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "wasm/text/number.h"
#include "wasm/text/parser.h"

/* One-byte types by name; for abstract heap types the same byte means "(ref null HEAP)". */
struct type_name {
    const char *text;
    uint8_t code;
};
static const struct type_name numeric_types[] = {
    {"i32", WX_KIND_I32}, {"i64", WX_KIND_I64},   {"f32", WX_KIND_F32},
    {"f64", WX_KIND_F64}, {"v128", WX_KIND_V128},
};
static const struct type_name ref_types[] = {
    {"funcref", WX_HEAP_FUNC},     {"externref", WX_HEAP_EXTERN},
    {"exnref", WX_HEAP_EXN},       {"nullfuncref", WX_HEAP_NOFUNC},
    {"nullexnref", WX_HEAP_NOEXN}, {"nullexternref", WX_HEAP_NOEXTERN},
};
static const struct type_name heap_types[] = {
    {"func", WX_HEAP_FUNC},     {"extern", WX_HEAP_EXTERN}, {"exn", WX_HEAP_EXN},
    {"nofunc", WX_HEAP_NOFUNC}, {"noexn", WX_HEAP_NOEXN},   {"noextern", WX_HEAP_NOEXTERN},
};
static const char *const gc_types[] = {"anyref",   "eqref",   "i31ref", "structref",
                                       "arrayref", "nullref", "any",    "eq",
                                       "i31",      "struct",  "array",  "none"};

static uint8_t find_type(const struct wx_parser *p, const struct type_name *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (wx_tok_is(p, p->tok, names[i].text)) {
            return names[i].code;
        }
    }
    return 0;
}
#define FIND(P, NAMES) find_type((P), (NAMES), WX_ARRAY_LEN(NAMES))

/* Fails: a type we do not have, or none at all. */
static void no_type(struct wx_parser *p, const char *expected)
{
    for (size_t i = 0; i < WX_ARRAY_LEN(gc_types); i++) {
        if (wx_tok_is(p, p->tok, gc_types[i])) {
            wx_p_fail_at(p, WAX_E_UNSUPPORTED, p->tok.off,
                         "garbage-collected types are not supported ('%s')", gc_types[i]);
            return;
        }
    }
    wx_p_unexpected(p, expected);
}

void wx_p_heaptype(struct wx_parser *p, struct wx_strbuf *out)
{
    uint8_t code = FIND(p, heap_types);
    if (code) {
        wx_emit_u8(out, code);
        wx_p_advance(p);
    } else if (wx_p_at_index(p)) {
        wx_emit_s64(out, wx_p_index(p, WX_SPACE_TYPE));
    } else {
        no_type(p, "a heap type");
    }
}

bool wx_p_at_reftype(const struct wx_parser *p)
{
    if (wx_p_at(p, "ref") || FIND(p, ref_types)) {
        return true;
    }
    for (size_t i = 0; i < 6; i++) {
        if (wx_tok_is(p, p->tok, gc_types[i])) {
            return true;
        }
    }
    return false;
}

void wx_p_reftype(struct wx_parser *p, struct wx_strbuf *out)
{
    uint8_t code = FIND(p, ref_types);
    if (code) {
        wx_emit_u8(out, code);
        wx_p_advance(p);
        return;
    }
    if (!wx_p_open(p, "ref")) {
        no_type(p, "a reference type");
        return;
    }
    bool null = wx_p_accept(p, "null");
    if (!null || wx_p_at_index(p)) { /* "(ref null func)" has the short form of funcref */
        wx_emit_u8(out, null ? 0x63 : 0x64);
    }
    wx_p_heaptype(p, out);
    wx_p_close(p);
}

void wx_p_valtype(struct wx_parser *p, struct wx_strbuf *out)
{
    uint8_t code = FIND(p, numeric_types);
    if (code) {
        wx_emit_u8(out, code);
        wx_p_advance(p);
    } else if (wx_p_at_reftype(p)) {
        wx_p_reftype(p, out);
    } else {
        no_type(p, "a value type");
    }
}

/* -------- function types -------- */

void wx_p_bind_local(struct wx_parser *p, struct wx_sym *sym, uint32_t idx, struct wx_tok at)
{
    if (!sym || !wx_p_ok(p)) {
        return;
    }
    if (sym->local_func == p->func_serial + 1) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "duplicate local '$%.*s'",
                     (int)(sym->len < 100 ? sym->len : 100), sym->name);
        return;
    }
    sym->local = idx;
    sym->local_func = p->func_serial + 1;
    struct wx_text_local_name name = {p->at[WX_SPACE_FUNC], idx, sym};
    if (!wx_vec_push(p->mem, &p->local_names, name)) {
        wx_p_nomem(p);
    }
}

/* (param …)* (result …)* into p->params and p->results. True if there was any. */
static bool signature(struct wx_parser *p, bool bind, bool names_ok, uint32_t *ret_n_params,
                      uint32_t *ret_n_results)
{
    uint32_t n_params = 0, n_results = 0;
    bool any = false;
    p->params.len = p->results.len = 0;
    while (wx_p_open(p, "param")) {
        any = true;
        struct wx_tok at = p->tok;
        if (at.kind == WX_TOK_ID && (bind || names_ok)) {
            struct wx_sym *sym = wx_p_id(p);
            if (bind) {
                wx_p_bind_local(p, sym, n_params, at);
            }
            wx_p_valtype(p, &p->params);
            n_params++;
        } else {
            for (; p->tok.kind != WX_TOK_RPAR && wx_p_ok(p); n_params++) {
                wx_p_valtype(p, &p->params);
            }
        }
        wx_p_close(p);
    }
    while (wx_p_open(p, "result")) {
        any = true;
        for (; p->tok.kind != WX_TOK_RPAR && wx_p_ok(p); n_results++) {
            wx_p_valtype(p, &p->results);
        }
        wx_p_close(p);
    }
    p->key.len = 0;
    wx_emit_u32(&p->key, n_params);
    wx_strbuf_add(&p->key, wx_strbuf_str(&p->params), p->params.len);
    wx_emit_u32(&p->key, n_results);
    wx_strbuf_add(&p->key, wx_strbuf_str(&p->results), p->results.len);
    *ret_n_params = n_params;
    *ret_n_results = n_results;
    return any;
}

/* Add the function type in p->key to the list; `plain` ones may be found by type uses. */
static void add_type(struct wx_parser *p, uint32_t n_params, bool plain)
{
    struct wx_text_type t = {(uint32_t)p->type_bytes.len, (uint32_t)p->key.len, n_params, true};
    uint32_t idx = (uint32_t)p->types.n;
    const char *key = wx_strbuf_str(&p->key);
    wx_strbuf_add(&p->type_bytes, key, p->key.len);
    if (p->key.failed || p->type_bytes.failed || !wx_vec_push(p->mem, &p->types, t) ||
        (plain && !wx_map_get(&p->type_map, key, p->key.len) &&
         !wx_map_put(&p->type_map, key, p->key.len, (void *)((uintptr_t)idx + 1)))) {
        wx_p_nomem(p);
    }
}

/* Index of the plain function type in p->key; made at the end if there is none. */
static uint32_t find_or_add_type(struct wx_parser *p, uint32_t n_params)
{
    const char *key = wx_strbuf_str(&p->key);
    uintptr_t known = (uintptr_t)wx_map_get(&p->type_map, key, p->key.len);
    if (known) {
        return (uint32_t)known - 1;
    }
    struct wx_text_out *out = &p->out[WX_OUT_TYPE];
    wx_p_mark(p, out, p->tok.off);
    wx_emit_u8(&out->b, 0x60);
    wx_strbuf_add(&out->b, key, p->key.len);
    out->n++;
    add_type(p, n_params, true);
    return (uint32_t)p->types.n - 1;
}

uint32_t wx_p_typeuse(struct wx_parser *p, bool bind, bool names_ok, uint32_t *ret_n_params)
{
    struct wx_tok at = p->tok;
    uint32_t n_params, n_results, idx = 0;
    bool explicit = wx_p_open(p, "type");
    if (explicit) {
        idx = wx_p_index(p, WX_SPACE_TYPE);
        wx_p_close(p);
    }
    bool inlined = signature(p, bind, names_ok, &n_params, &n_results);
    if (!wx_p_ok(p)) {
        return 0;
    }
    if (!explicit) {
        idx = find_or_add_type(p, n_params);
    } else if (idx >= p->types.n) {
        p->wants_later_type = true; /* perhaps there is one when all type uses are known */
        if (inlined && !p->checks_later_type) {
            p->checks_later_type = true;
            p->later_type_at = at;
        }
    } else {
        const struct wx_text_type *t = &p->types.p[idx];
        bool same =
            t->len == p->key.len && memcmp(p->type_bytes.p + t->off, p->key.p, p->key.len) == 0;
        if (inlined && !same) {
            wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "inline function type does not match type %u",
                         idx);
        }
        n_params = t->n_params;
    }
    if (ret_n_params) {
        *ret_n_params = n_params;
    }
    return idx;
}

void wx_p_blocktype(struct wx_parser *p, struct wx_strbuf *out)
{
    if (wx_p_at(p, "type")) {
        wx_emit_s64(out, wx_p_typeuse(p, false, false, NULL));
        return;
    }
    uint32_t n_params, n_results;
    (void)signature(p, false, false, &n_params, &n_results);
    if (n_params == 0 && n_results == 0) {
        wx_emit_u8(out, 0x40);
    } else if (n_params == 0 && n_results == 1) {
        wx_strbuf_add(out, wx_strbuf_str(&p->results), p->results.len);
    } else if (wx_p_ok(p)) {
        wx_emit_s64(out, find_or_add_type(p, n_params));
    }
}

/* -------- type fields -------- */

/* "(func …)" behind what stands before it, with its closing parenthesis. */
static void functype(struct wx_parser *p, bool plain)
{
    if (wx_p_at(p, "struct") || wx_p_at(p, "array")) {
        wx_p_fail_at(p, WAX_E_UNSUPPORTED, p->next.off,
                     "garbage-collected types are not supported ('%.*s')", (int)p->next.len,
                     wx_p_text(p, p->next));
        return;
    }
    if (!wx_p_open(p, "func")) {
        wx_p_unexpected(p, "'(func'");
        return;
    }
    uint32_t n_params, n_results;
    (void)signature(p, false, true, &n_params, &n_results);
    wx_p_close(p);
    if (wx_p_ok(p)) {
        struct wx_strbuf *out = &p->out[WX_OUT_TYPE].b;
        wx_emit_u8(out, 0x60);
        wx_strbuf_add(out, wx_strbuf_str(&p->key), p->key.len);
        add_type(p, n_params, plain);
    }
}

/* Behind "(type". "(sub final …)" without a supertype is the plain type. */
static void type_definition(struct wx_parser *p, bool alone)
{
    (void)wx_p_id(p); /* bound by the first pass */
    if (!wx_p_open(p, "sub")) {
        functype(p, alone);
        wx_p_close(p);
        return;
    }
    struct wx_strbuf *out = &p->out[WX_OUT_TYPE].b;
    bool final = wx_p_accept(p, "final");
    struct wx_text_out supers = {.n = 0};
    wx_strbuf_init(&supers.b, p->mem);
    for (; wx_p_at_index(p) && wx_p_ok(p); supers.n++) {
        wx_emit_u32(&supers.b, wx_p_index(p, WX_SPACE_TYPE));
    }
    bool plain = final && supers.n == 0;
    if (!plain) {
        wx_emit_u8(out, final ? 0x4f : 0x50);
        wx_emit_u32(out, supers.n);
        wx_strbuf_add(out, wx_strbuf_str(&supers.b), supers.b.len);
    }
    wx_strbuf_fini(&supers.b);
    functype(p, alone && plain);
    wx_p_close(p);
    wx_p_close(p);
}

/* Behind "(rec": a group of one is that type alone. */
static void rec_group(struct wx_parser *p)
{
    struct wx_text_out *out = &p->out[WX_OUT_TYPE];
    struct wx_parser ahead = *p; /* only tokens are read: nothing it holds is changed */
    uint32_t n = 0;
    wax_error *ignored = NULL;
    ahead.err = &ignored;
    while (ahead.tok.kind == WX_TOK_LPAR && wx_p_ok(&ahead)) {
        wx_p_advance(&ahead);
        wx_p_skip(&ahead, ahead.tok.off, NULL);
        n++;
    }
    wx_error_clear(&ignored);
    if (n != 1) {
        wx_emit_u8(&out->b, 0x4e);
        wx_emit_u32(&out->b, n);
    }
    while (wx_p_open(p, "type")) {
        type_definition(p, n == 1);
    }
    wx_p_close(p);
}

void wx_p_type_field(struct wx_parser *p)
{
    struct wx_text_out *out = &p->out[WX_OUT_TYPE];
    wx_p_mark(p, out, p->tok.off);
    out->n++;
    if (wx_p_accept(p, "rec")) {
        rec_group(p);
    } else if (wx_p_accept(p, "type")) {
        type_definition(p, true);
    }
}

/* -------- limits, tables, memories, globals -------- */

bool wx_p_addrtype(struct wx_parser *p) { return !wx_p_accept(p, "i32") && wx_p_accept(p, "i64"); }

/* `max` UINT64_MAX with has_max false; page_shift < 0 = default. */
static void put_limits(struct wx_strbuf *out, bool is64, uint64_t min, const uint64_t *max,
                       bool shared, int page_shift)
{
    wx_emit_u8(out, (uint8_t)((max ? 1 : 0) | (shared ? 2 : 0) | (is64 ? 4 : 0) |
                              (page_shift >= 0 ? 8 : 0)));
    wx_emit_u64(out, min);
    if (max) {
        wx_emit_u64(out, *max);
    }
    if (page_shift >= 0) {
        wx_emit_u32(out, (uint32_t)page_shift);
    }
}

void wx_p_put_limits(struct wx_strbuf *out, bool is64, uint64_t min, uint64_t max, int page_shift)
{
    put_limits(out, is64, min, &max, false, page_shift);
}

/* min max? behind the address type; sizes past 32 bits are for the validator to refuse */
static uint64_t bounds(struct wx_parser *p, uint64_t *ret_max, bool *ret_has_max)
{
    uint64_t min = wx_p_u64(p, "a size");
    *ret_has_max = wx_p_at_index(p) && p->tok.kind == WX_TOK_ATOM;
    *ret_max = *ret_has_max ? wx_p_u64(p, "a size") : 0;
    return min;
}

void wx_p_tabletype(struct wx_parser *p, bool is64, struct wx_strbuf *out)
{
    bool has_max;
    uint64_t max, min = bounds(p, &max, &has_max);
    wx_p_reftype(p, out);
    put_limits(out, is64, min, has_max ? &max : NULL, false, -1);
}

/* (pagesize N)? as its logarithm, -1 if absent. */
int wx_p_pagesize(struct wx_parser *p)
{
    if (!wx_p_open(p, "pagesize")) {
        return -1;
    }
    struct wx_tok at = p->tok;
    uint64_t size = wx_p_u64(p, "a page size");
    if (wx_p_ok(p) && !wx_is_pow2(size)) {
        wx_p_fail_at(p, WAX_E_MALFORMED, at.off, "invalid custom page size: not a power of two");
    }
    wx_p_close(p);
    return wx_p_ok(p) ? __builtin_ctzll(size) : -1;
}

void wx_p_memtype(struct wx_parser *p, bool is64, struct wx_strbuf *out)
{
    bool has_max;
    uint64_t max, min = bounds(p, &max, &has_max);
    bool shared = wx_p_accept(p, "shared");
    int page_shift = wx_p_pagesize(p);
    put_limits(out, is64, min, has_max ? &max : NULL, shared, page_shift);
}

void wx_p_globaltype(struct wx_parser *p, struct wx_strbuf *out)
{
    bool mut = wx_p_open(p, "mut");
    wx_p_valtype(p, out);
    if (mut) {
        wx_p_close(p);
    }
    wx_emit_u8(out, mut);
}
