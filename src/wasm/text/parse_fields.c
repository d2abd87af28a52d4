/* SPDX-License-Identifier: Apache-2.0 */
/* Module fields in text: numbering them, and encoding them. */
#include <string.h>

#include "base/check.h"
#include "wasm/text/parser.h"

/* Fields that define something, with the kind imports and exports give it. */
static const struct field_kind {
    const char *word;
    uint8_t space;
    uint8_t kind; /* enum wx_extern_kind */
} kinds[] = {
    {"func", WX_SPACE_FUNC, WX_EXT_FUNC},
    {"table", WX_SPACE_TABLE, WX_EXT_TABLE},
    {"memory", WX_SPACE_MEMORY, WX_EXT_MEMORY},
    {"global", WX_SPACE_GLOBAL, WX_EXT_GLOBAL},
    {"tag", WX_SPACE_TAG, WX_EXT_TAG},
    {"type", WX_SPACE_TYPE, 0},
    {"elem", WX_SPACE_ELEM, 0},
    {"data", WX_SPACE_DATA, 0},
};
#define N_EXTERN_KINDS 5

/* The kind whose word is at hand among the first n; NULL if none. */
static const struct field_kind *find_kind(const struct wx_parser *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (wx_tok_is(p, p->tok, kinds[i].word)) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* -------- first pass -------- */

static void declare_inline_segment(struct wx_parser *p)
{
    if (wx_p_at(p, "elem")) {
        wx_p_bind(p, WX_SPACE_ELEM, NULL, p->tok);
    } else if (wx_p_at(p, "data")) {
        wx_p_bind(p, WX_SPACE_DATA, NULL, p->tok);
    }
}

static void declare(struct wx_parser *p, enum wx_space space)
{
    wx_p_advance(p);
    struct wx_tok at = p->tok;
    wx_p_bind(p, space, wx_p_id(p), at);
}

static void declare_rec(struct wx_parser *p)
{
    uint32_t start = p->tok.off;
    wx_p_advance(p);
    while (p->tok.kind == WX_TOK_LPAR && wx_p_ok(p)) {
        wx_p_advance(p);
        if (!wx_tok_is(p, p->tok, "type")) {
            wx_p_unexpected(p, "'type'");
        }
        declare(p, WX_SPACE_TYPE);
        wx_p_skip(p, start, NULL);
    }
    wx_p_skip(p, start, NULL);
}

static void declare_import(struct wx_parser *p)
{
    uint32_t start = p->tok.off;
    wx_p_advance(p);
    for (int i = 0; i < 2; i++) {
        p->scratch.len = 0;
        wx_p_string(p, &p->scratch);
    }
    if (p->tok.kind != WX_TOK_LPAR) {
        wx_p_unexpected(p, "'('");
        return;
    }
    wx_p_advance(p);
    const struct field_kind *k = find_kind(p, N_EXTERN_KINDS);
    if (!k) {
        wx_p_unexpected(p, "func, table, memory, global or tag");
        return;
    }
    declare(p, k->space);
    wx_p_skip(p, start, NULL);
    wx_p_skip(p, start, NULL);
}

void wx_p_declare_field(struct wx_parser *p)
{
    uint32_t start = p->tok.off;
    const struct field_kind *k = find_kind(p, WX_ARRAY_LEN(kinds));
    bool rec = wx_tok_is(p, p->tok, "rec");
    if (rec || (k && k->space == WX_SPACE_TYPE)) {
        if (!wx_vec_push(p->mem, &p->type_fields, p->tok.off)) {
            wx_p_nomem(p);
        }
    }
    if (rec) {
        declare_rec(p);
    } else if (k) {
        declare(p, k->space);
        bool segments = k->space == WX_SPACE_TABLE || k->space == WX_SPACE_MEMORY;
        wx_p_skip(p, start, segments ? declare_inline_segment : NULL);
    } else if (wx_tok_is(p, p->tok, "import")) {
        declare_import(p);
    } else if (wx_tok_is(p, p->tok, "export") || wx_tok_is(p, p->tok, "start")) {
        wx_p_skip(p, start, NULL);
    } else {
        wx_p_unexpected(p, "a module field (type, import, func, table, memory, global, tag, "
                           "export, start, elem or data)");
    }
}

/* -------- imports and exports -------- */

static void put_export(struct wx_parser *p, uint8_t kind, uint32_t idx)
{
    struct wx_strbuf *out = &p->out[WX_OUT_EXPORT].b;
    wx_emit_u8(out, kind);
    wx_emit_u32(out, idx);
    p->out[WX_OUT_EXPORT].n++;
}

/* (export "name")* of a definition */
static void inline_exports(struct wx_parser *p, uint8_t kind, uint32_t idx)
{
    while (wx_p_at(p, "export")) {
        wx_p_mark(p, &p->out[WX_OUT_EXPORT], p->tok.off);
        (void)wx_p_open(p, "export");
        wx_p_name(p, &p->out[WX_OUT_EXPORT].b);
        put_export(p, kind, idx);
        wx_p_close(p);
    }
}

/* What an import of that kind looks like, behind its identifier. */
static void import_type(struct wx_parser *p, uint8_t kind)
{
    struct wx_strbuf *out = &p->out[WX_OUT_IMPORT].b;
    wx_emit_u8(out, kind);
    switch (kind) {
    case WX_EXT_FUNC:
        wx_emit_u32(out, wx_p_typeuse(p, true, true, NULL));
        p->func_serial++;
        break;
    case WX_EXT_TABLE: wx_p_tabletype(p, wx_p_addrtype(p), out); break;
    case WX_EXT_MEMORY: wx_p_memtype(p, wx_p_addrtype(p), out); break;
    case WX_EXT_GLOBAL: wx_p_globaltype(p, out); break;
    default:
        wx_emit_u8(out, 0);
        wx_emit_u32(out, wx_p_typeuse(p, false, true, NULL));
        break;
    }
}

static void import_names(struct wx_parser *p, uint32_t off)
{
    if (p->defined_something) {
        wx_p_fail_at(p, WAX_E_MALFORMED, off,
                     "unexpected token: import after a function, table, memory, global or tag");
    }
    wx_p_mark(p, &p->out[WX_OUT_IMPORT], off);
    wx_p_name(p, &p->out[WX_OUT_IMPORT].b);
    wx_p_name(p, &p->out[WX_OUT_IMPORT].b);
    p->out[WX_OUT_IMPORT].n++;
}

/* "(func" and its like, of an import or export; NULL after saying what is wrong. */
static const struct field_kind *open_extern(struct wx_parser *p)
{
    if (p->tok.kind != WX_TOK_LPAR) {
        wx_p_unexpected(p, "'('");
        return NULL;
    }
    wx_p_advance(p);
    const struct field_kind *k = find_kind(p, N_EXTERN_KINDS);
    if (!k) {
        wx_p_unexpected(p, "func, table, memory, global or tag");
        return NULL;
    }
    wx_p_advance(p);
    return k;
}

static void import_field(struct wx_parser *p, uint32_t off)
{
    import_names(p, off);
    const struct field_kind *k = open_extern(p);
    if (!k) {
        return;
    }
    (void)wx_p_id(p);
    import_type(p, k->kind);
    p->at[k->space]++;
    wx_p_close(p);
    wx_p_close(p);
}

static void export_field(struct wx_parser *p, uint32_t off)
{
    wx_p_mark(p, &p->out[WX_OUT_EXPORT], off);
    wx_p_name(p, &p->out[WX_OUT_EXPORT].b);
    const struct field_kind *k = open_extern(p);
    if (!k) {
        return;
    }
    put_export(p, k->kind, wx_p_index(p, k->space));
    wx_p_close(p);
    wx_p_close(p);
}

static void start_field(struct wx_parser *p, uint32_t off)
{
    if (p->has_start) {
        wx_p_fail_at(p, WAX_E_MALFORMED, off, "multiple start sections");
    }
    p->has_start = true;
    wx_p_mark(p, &p->out[WX_OUT_START], off);
    wx_emit_u32(&p->out[WX_OUT_START].b, wx_p_index(p, WX_SPACE_FUNC));
    wx_p_close(p);
}

/* -------- functions -------- */

/* (local …)* as runs of equal types into p->head. Returns how many runs. */
static uint32_t locals(struct wx_parser *p, uint32_t n_params)
{
    uint32_t n_runs = 0, run = 0, idx = n_params;
    struct wx_strbuf *type = &p->results, *last = &p->params;
    p->head.len = last->len = 0;
    while (wx_p_open(p, "local")) {
        struct wx_tok at = p->tok;
        struct wx_sym *sym = wx_p_id(p);
        bool named = sym != NULL;
        wx_p_bind_local(p, sym, idx, at);
        for (bool first = true; wx_p_ok(p) && (first ? named || p->tok.kind != WX_TOK_RPAR
                                                     : !named && p->tok.kind != WX_TOK_RPAR);
             first = false, idx++) {
            type->len = 0;
            wx_p_valtype(p, type);
            if (run && type->len == last->len &&
                memcmp(wx_strbuf_str(type), wx_strbuf_str(last), type->len) == 0) {
                run++;
                continue;
            }
            if (run) {
                wx_emit_u32(&p->head, run);
                wx_strbuf_add(&p->head, wx_strbuf_str(last), last->len);
            }
            last->len = 0;
            wx_strbuf_add(last, wx_strbuf_str(type), type->len);
            n_runs++;
            run = 1;
        }
        wx_p_close(p);
    }
    if (run) {
        wx_emit_u32(&p->head, run);
        wx_strbuf_add(&p->head, wx_strbuf_str(last), last->len);
    }
    return n_runs;
}

static unsigned leb_len(uint32_t v)
{
    unsigned n = 1;
    while (v >>= 7) {
        n++;
    }
    return n;
}

static void func_field(struct wx_parser *p, uint32_t off)
{
    uint32_t n_params;
    uint32_t type_idx = wx_p_typeuse(p, true, true, &n_params);
    wx_p_mark(p, &p->out[WX_OUT_FUNC], off);
    wx_emit_u32(&p->out[WX_OUT_FUNC].b, type_idx);
    p->out[WX_OUT_FUNC].n++;
    uint32_t n_runs = locals(p, n_params);
    wx_p_expr(p);
    p->func_serial++;
    struct wx_text_out *code = &p->out[WX_OUT_CODE];
    wx_p_mark(p, code, off);
    wx_emit_u32(&code->b, (uint32_t)(leb_len(n_runs) + p->head.len + p->code.b.len));
    wx_emit_u32(&code->b, n_runs);
    wx_strbuf_add(&code->b, wx_strbuf_str(&p->head), p->head.len);
    wx_p_append(p, code, &p->code);
    code->n++;
    wx_p_close(p);
}

/* -------- element segments -------- */

struct elem_list {
    uint32_t n;
    bool exprs;
    bool is_funcref; /* expressions of type funcref */
};

static void take_code(struct wx_parser *p, struct wx_text_out *to) { wx_p_append(p, to, &p->code); }

/* (item expr) or one folded instruction, each */
static void elem_exprs(struct wx_parser *p, struct elem_list *list)
{
    list->exprs = true;
    while (p->tok.kind == WX_TOK_LPAR && wx_p_ok(p)) {
        if (wx_p_open(p, "item")) {
            wx_p_expr(p);
            wx_p_close(p);
        } else {
            wx_p_folded_expr(p);
        }
        take_code(p, &p->items);
        list->n++;
    }
}

static void elem_funcs(struct wx_parser *p, struct elem_list *list)
{
    for (; wx_p_at_index(p) && wx_p_ok(p); list->n++) {
        wx_p_mark(p, &p->items, p->tok.off);
        wx_emit_u32(&p->items.b, wx_p_index(p, WX_SPACE_FUNC));
    }
}

static void begin_segment(struct wx_parser *p)
{
    p->items.b.len = p->items.marks.n = 0;
    p->offset.b.len = p->offset.marks.n = 0;
    p->head.len = 0;
}

/* func x* | reftype expr* | x* (only if the table was not named); p->head gets the type. */
static struct elem_list elem_list(struct wx_parser *p, bool plain)
{
    struct elem_list list = {0};
    if (wx_p_accept(p, "func") || (plain && (wx_p_at_index(p) || p->tok.kind == WX_TOK_RPAR))) {
        elem_funcs(p, &list);
    } else {
        wx_p_reftype(p, &p->head);
        list.is_funcref = p->head.len == 1 && p->head.p[0] == WX_HEAP_FUNC;
        elem_exprs(p, &list);
    }
    return list;
}

/* offset and items are in p->offset and p->items, the type in p->head. */
static void put_elem(struct wx_parser *p, uint32_t off, enum wx_segment_mode mode, uint32_t table,
                     const struct elem_list *list)
{
    struct wx_text_out *out = &p->out[WX_OUT_ELEM];
    bool short_form = mode == WX_SEG_ACTIVE && table == 0 && (!list->exprs || list->is_funcref);
    unsigned flags = mode == WX_SEG_PASSIVE ? 1 : mode == WX_SEG_DECLARED ? 3 : short_form ? 0 : 2;
    wx_p_mark(p, out, off);
    wx_emit_u8(&out->b, (uint8_t)(flags | (list->exprs ? 4u : 0u)));
    if (flags == 2) {
        wx_emit_u32(&out->b, table);
    }
    if (mode == WX_SEG_ACTIVE) {
        wx_p_append(p, out, &p->offset);
    }
    if (flags != 0 && list->exprs) {
        wx_strbuf_add(&out->b, wx_strbuf_str(&p->head), p->head.len);
    } else if (flags != 0) {
        wx_emit_u8(&out->b, 0);
    }
    wx_emit_u32(&out->b, list->n);
    wx_p_append(p, out, &p->items);
    out->n++;
    p->at[WX_SPACE_ELEM]++;
}

/* (offset expr) or one folded instruction, into p->offset */
static void offset_expr(struct wx_parser *p)
{
    if (wx_p_open(p, "offset")) {
        wx_p_expr(p);
        wx_p_close(p);
    } else {
        wx_p_folded_expr(p);
    }
    take_code(p, &p->offset);
}

static void put_zero_offset(struct wx_parser *p, bool is64)
{
    p->code.b.len = p->code.marks.n = 0;
    wx_p_put_op(&p->code.b, is64 ? WX_OP_I64_CONST : WX_OP_I32_CONST);
    wx_emit_u8(&p->code.b, 0);
    wx_p_put_op(&p->code.b, WX_OP_END);
    take_code(p, &p->offset);
}

static void elem_field(struct wx_parser *p, uint32_t off)
{
    begin_segment(p);
    uint32_t table = 0;
    enum wx_segment_mode mode = WX_SEG_PASSIVE;
    bool named_table = wx_p_open(p, "table");
    if (named_table) {
        table = wx_p_index(p, WX_SPACE_TABLE);
        wx_p_close(p);
    }
    if (named_table || (p->tok.kind == WX_TOK_LPAR && !wx_p_at_reftype(p))) {
        mode = WX_SEG_ACTIVE;
        offset_expr(p);
    } else if (wx_p_accept(p, "declare")) {
        mode = WX_SEG_DECLARED;
    }
    struct elem_list list = elem_list(p, mode == WX_SEG_ACTIVE && !named_table);
    put_elem(p, off, mode, table, &list);
    wx_p_close(p);
}

/* -------- tables -------- */

/* reftype (elem …): a table of exactly these elements */
static void table_with_elems(struct wx_parser *p, uint32_t off, bool is64)
{
    uint32_t idx = p->at[WX_SPACE_TABLE];
    begin_segment(p);
    wx_p_reftype(p, &p->head);
    struct elem_list list = {0};
    bool funcref = p->head.len == 1 && p->head.p[0] == WX_HEAP_FUNC;
    if (!wx_p_open(p, "elem")) {
        wx_p_unexpected(p, "'(elem' or a size before the type");
        return;
    }
    if (p->tok.kind == WX_TOK_LPAR || !funcref) {
        list.is_funcref = funcref;
        elem_exprs(p, &list);
        for (; wx_p_at_index(p) && wx_p_ok(p); list.n++) { /* x means (ref.func x) */
            wx_p_mark(p, &p->items, p->tok.off);
            wx_p_put_op(&p->items.b, WX_OP_REF_FUNC);
            wx_emit_u32(&p->items.b, wx_p_index(p, WX_SPACE_FUNC));
            wx_p_put_op(&p->items.b, WX_OP_END);
        }
    } else {
        elem_funcs(p, &list);
    }
    struct wx_strbuf *out = &p->out[WX_OUT_TABLE].b;
    wx_strbuf_add(out, wx_strbuf_str(&p->head), p->head.len);
    wx_p_put_limits(out, is64, list.n, list.n, -1);
    put_zero_offset(p, is64);
    put_elem(p, off, WX_SEG_ACTIVE, idx, &list);
    wx_p_close(p);
}

static void table_field(struct wx_parser *p, uint32_t off)
{
    struct wx_text_out *out = &p->out[WX_OUT_TABLE];
    wx_p_mark(p, out, off);
    out->n++;
    bool is64 = wx_p_addrtype(p);
    if (wx_p_at_reftype(p)) {
        table_with_elems(p, off, is64);
    } else {
        p->head.len = 0;
        wx_p_tabletype(p, is64, &p->head);
        bool init = p->tok.kind != WX_TOK_RPAR;
        if (init) {
            wx_emit_u8(&out->b, 0x40);
            wx_emit_u8(&out->b, 0);
        }
        wx_strbuf_add(&out->b, wx_strbuf_str(&p->head), p->head.len);
        if (init) {
            wx_p_expr(p);
            take_code(p, out);
        }
    }
    wx_p_close(p);
}

/* -------- memories, data -------- */

/* String tokens into p->head, then the segment. */
static void put_data(struct wx_parser *p, uint32_t off, bool active, uint32_t memory)
{
    struct wx_text_out *out = &p->out[WX_OUT_DATA];
    wx_p_mark(p, out, off);
    wx_emit_u8(&out->b, active ? memory ? 2 : 0 : 1);
    if (active && memory) {
        wx_emit_u32(&out->b, memory);
    }
    if (active) {
        wx_p_append(p, out, &p->offset);
    }
    wx_emit_u32(&out->b, (uint32_t)p->head.len);
    wx_strbuf_add(&out->b, wx_strbuf_str(&p->head), p->head.len);
    out->n++;
    p->at[WX_SPACE_DATA]++;
}

static void strings(struct wx_parser *p)
{
    p->head.len = 0;
    while (p->tok.kind == WX_TOK_STRING) {
        wx_p_string(p, &p->head);
    }
}

static void data_field(struct wx_parser *p, uint32_t off)
{
    begin_segment(p);
    uint32_t memory = 0;
    bool named = wx_p_open(p, "memory"), active = named;
    if (named) {
        memory = wx_p_index(p, WX_SPACE_MEMORY);
        wx_p_close(p);
    }
    if (named || p->tok.kind == WX_TOK_LPAR) {
        active = true;
        offset_expr(p);
    }
    strings(p);
    put_data(p, off, active, memory);
    wx_p_close(p);
}

static void memory_field(struct wx_parser *p, uint32_t off)
{
    struct wx_text_out *out = &p->out[WX_OUT_MEMORY];
    wx_p_mark(p, out, off);
    out->n++;
    bool is64 = wx_p_addrtype(p);
    if (!wx_p_at(p, "data") && !wx_p_at(p, "pagesize")) {
        wx_p_memtype(p, is64, &out->b);
        wx_p_close(p);
        return;
    }
    begin_segment(p);
    int page_shift = wx_p_pagesize(p);
    if (!wx_p_open(p, "data")) {
        wx_p_unexpected(p, "'(data'");
        return;
    }
    strings(p);
    wx_p_close(p);
    uint64_t page = UINT64_C(1) << (page_shift < 0 ? 16 : page_shift & 63);
    uint64_t pages = p->head.len / page + (p->head.len % page != 0);
    wx_p_put_limits(&out->b, is64, pages, pages, page_shift);
    put_zero_offset(p, is64);
    put_data(p, off, true, p->at[WX_SPACE_MEMORY]);
    wx_p_close(p);
}

/* -------- globals, tags -------- */

static void global_field(struct wx_parser *p, uint32_t off)
{
    struct wx_text_out *out = &p->out[WX_OUT_GLOBAL];
    wx_p_mark(p, out, off);
    wx_p_globaltype(p, &out->b);
    wx_p_expr(p);
    take_code(p, out);
    out->n++;
    wx_p_close(p);
}

static void tag_field(struct wx_parser *p, uint32_t off)
{
    struct wx_text_out *out = &p->out[WX_OUT_TAG];
    wx_p_mark(p, out, off);
    wx_emit_u8(&out->b, 0);
    wx_emit_u32(&out->b, wx_p_typeuse(p, false, true, NULL));
    out->n++;
    wx_p_close(p);
}

/* -------- fields -------- */

/* func, table, memory, global, tag: identifier, exports, then an import or a definition. */
static void definition(struct wx_parser *p, const struct field_kind *k, uint32_t off)
{
    static void (*const define[N_EXTERN_KINDS])(struct wx_parser *, uint32_t) = {
        [WX_EXT_FUNC] = func_field,     [WX_EXT_TABLE] = table_field,
        [WX_EXT_MEMORY] = memory_field, [WX_EXT_GLOBAL] = global_field,
        [WX_EXT_TAG] = tag_field,
    };
    (void)wx_p_id(p); /* bound by the first pass */
    inline_exports(p, k->kind, p->at[k->space]);
    if (wx_p_open(p, "import")) {
        import_names(p, off);
        wx_p_close(p);
        import_type(p, k->kind);
        wx_p_close(p);
    } else {
        p->defined_something = true;
        define[k->kind](p, off);
    }
    p->at[k->space]++;
}

void wx_p_field(struct wx_parser *p)
{
    uint32_t off = p->tok.off;
    const struct field_kind *k = find_kind(p, N_EXTERN_KINDS);
    if (k) {
        wx_p_advance(p);
        definition(p, k, off);
    } else if (wx_p_accept(p, "import")) {
        import_field(p, off);
    } else if (wx_p_accept(p, "export")) {
        export_field(p, off);
    } else if (wx_p_accept(p, "start")) {
        start_field(p, off);
    } else if (wx_p_accept(p, "elem")) {
        (void)wx_p_id(p);
        elem_field(p, off);
    } else if (wx_p_accept(p, "data")) {
        (void)wx_p_id(p);
        data_field(p, off);
    } else {
        wx_p_skip(p, off, NULL); /* types: encoded by the second pass */
    }
}

/* -------- custom sections -------- */

/* (before SECTION), (after SECTION): first and last are the ends of the module. */
static void placement(struct wx_parser *p, struct wx_text_custom *c)
{
    static const struct {
        const char *word;
        uint8_t section;
    } places[] = {
        {"type", WX_OUT_TYPE},
        {"import", WX_OUT_IMPORT},
        {"func", WX_OUT_FUNC},
        {"table", WX_OUT_TABLE},
        {"memory", WX_OUT_MEMORY},
        {"tag", WX_OUT_TAG},
        {"global", WX_OUT_GLOBAL},
        {"export", WX_OUT_EXPORT},
        {"start", WX_OUT_START},
        {"elem", WX_OUT_ELEM},
        {"code", WX_OUT_CODE},
        {"data", WX_OUT_DATA},
        {"datacount", WX_OUT_DATA_COUNT},
    };
    c->after = wx_p_open(p, "after");
    if (!c->after && !wx_p_open(p, "before")) {
        wx_p_unexpected(p, "'(before', '(after' or a string");
        return;
    }
    bool found = wx_p_accept(p, c->after ? "last" : "first");
    c->section = c->after ? WX_OUT_COUNT : WX_OUT_TYPE;
    for (size_t i = 0; i < WX_ARRAY_LEN(places) && !found; i++) {
        if (wx_p_accept(p, places[i].word)) {
            c->section = places[i].section;
            found = true;
        }
    }
    if (!found) {
        wx_p_unexpected(p, "the name of a section");
    }
    wx_p_close(p);
}

void wx_p_custom_annotation(struct wx_parser *p)
{
    struct wx_text_custom c = {.section = WX_OUT_COUNT, .off = (uint32_t)p->custom_bytes.len};
    wx_p_name(p, &p->custom_bytes);
    if (p->tok.kind == WX_TOK_LPAR) {
        placement(p, &c);
    }
    while (p->tok.kind == WX_TOK_STRING) {
        wx_p_string(p, &p->custom_bytes);
    }
    c.len = (uint32_t)p->custom_bytes.len - c.off;
    if (!wx_vec_push(p->mem, &p->customs, c)) {
        wx_p_nomem(p);
    }
    wx_p_close(p);
}
