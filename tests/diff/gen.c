/* SPDX-License-Identifier: Apache-2.0 */
/* Modules around the bodies: sections, types, segments. */
#include <stdlib.h>
#include <string.h>

#include "gen_state.h"

uint32_t gen_hits[WX_OP_COUNT];

/* -------- choices -------- */

uint64_t gen_rand_next(struct gen_rand *r)
{
    uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void gen_fill(uint64_t seed, uint8_t *out, size_t len)
{
    struct gen_rand r = {seed};
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(gen_rand_next(&r) >> 32);
    }
}

uint32_t pick(struct gen *g, uint32_t n)
{
    uint32_t v = 0;
    if (g->in == g->in_end) {
        g->budget = 0;
        return 0;
    }
    v = *g->in++;
    if (n > 256 && g->in < g->in_end) {
        v = v << 8 | *g->in++;
    }
    return n ? v % n : 0;
}

/* True once in so many times; false when the bytes are used up. */
bool chance(struct gen *g, uint32_t one_in) { return pick(g, one_in) + 1 == one_in; }

/* -------- bytes -------- */

void wbuf_put(struct wbuf *b, const void *p, size_t n)
{
    if (n > b->cap - b->n) {
        size_t cap = (b->cap + n) * 2;
        uint8_t *grown = b->failed ? NULL : realloc(b->p, cap);
        if (!grown) {
            b->failed = true;
            return;
        }
        b->p = grown;
        b->cap = cap;
    }
    if (n) {
        memcpy(b->p + b->n, p, n);
    }
    b->n += n;
}

void wbuf_u8(struct wbuf *b, uint8_t v) { wbuf_put(b, &v, 1); }

void wbuf_u64(struct wbuf *b, uint64_t v)
{
    do {
        wbuf_u8(b, (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0)));
        v >>= 7;
    } while (v);
}

void wbuf_u32(struct wbuf *b, uint32_t v) { wbuf_u64(b, v); }

void wbuf_s64(struct wbuf *b, int64_t v)
{
    for (;;) {
        uint8_t byte = (uint8_t)(v & 0x7f);
        v >>= 7;
        bool last = (v == 0 && !(byte & 0x40)) || (v == -1 && (byte & 0x40));
        wbuf_u8(b, last ? byte : byte | 0x80);
        if (last) {
            return;
        }
    }
}

static void section(struct gen *g, uint8_t id, struct wbuf *body)
{
    wbuf_u8(&g->out, id);
    wbuf_u32(&g->out, (uint32_t)body->n);
    wbuf_put(&g->out, body->p, body->n);
    g->out.failed |= body->failed;
    body->n = 0;
}

static void put_name(struct wbuf *b, char kind, uint32_t idx)
{
    uint8_t name[3] = {(uint8_t)kind, (uint8_t)('0' + idx % 10), (uint8_t)('0' + idx / 10)};
    wbuf_u32(b, idx > 9 ? 3 : 2);
    wbuf_put(b, name, idx > 9 ? 3 : 2);
}

/* -------- types -------- */

void put_heaptype(struct wbuf *b, wx_valtype t)
{
    uint32_t heap = wx_type_heap(t);
    wbuf_s64(b, heap >= WX_HEAP_INDEX ? (int64_t)(heap - WX_HEAP_INDEX) : (int64_t)heap - 0x80);
}

void put_valtype(struct wbuf *b, wx_valtype t)
{
    if (!wx_type_is_ref(t)) {
        wbuf_u8(b, wx_type_kind(t));
    } else if (wx_type_heap(t) < WX_HEAP_INDEX && wx_type_nullable(t)) {
        wbuf_u8(b, (uint8_t)wx_type_heap(t));
    } else {
        wbuf_u8(b, wx_type_nullable(t) ? 0x63 : 0x64);
        put_heaptype(b, t);
    }
}

wx_valtype pick_type(struct gen *g)
{
    static const wx_valtype plain[] = {WX_KIND_I32, WX_KIND_I64, WX_KIND_F32, WX_KIND_F64};
    uint32_t k = pick(g, 24);
    if (k >= 20 && has(g, WX_FEATURE_SIMD)) {
        return WX_KIND_V128;
    }
    if (k == 19 && has(g, WX_FEATURE_REFERENCE_TYPES)) {
        return WX_FUNCREF;
    }
    if (k == 18 && has(g, WX_FEATURE_REFERENCE_TYPES)) {
        return WX_EXTERNREF;
    }
    if (k == 17 && has(g, WX_FEATURE_FUNCTION_REFERENCES) && g->n_types) {
        return WX_REF(WX_HEAP_INDEX + pick(g, g->n_types), 1);
    }
    if (k == 16 && has(g, WX_FEATURE_EXCEPTIONS)) {
        return WX_EXNREF;
    }
    return plain[k % 4];
}

static void make_types(struct gen *g)
{
    uint32_t n = 4 + pick(g, MAX_TYPES - 4 + 1);
    uint32_t most = has(g, WX_FEATURE_MULTI_VALUE) ? 4 : 2;
    while (g->n_types < n) {
        struct gtype *t = &g->types[g->n_types];
        if (g->n_types > 0) { /* type 0 is [] -> [] */
            t->n_params = pick(g, 5);
            t->n_results = pick(g, most);
        }
        for (uint32_t i = 0; i < t->n_params + t->n_results; i++) {
            t->t[i] = pick_type(g);
        }
        g->n_types++;
    }
}

static void put_types(struct gen *g, struct wbuf *b)
{
    wbuf_u32(b, g->n_types);
    for (uint32_t k = 0; k < g->n_types; k++) {
        const struct gtype *t = &g->types[k];
        wbuf_u8(b, 0x60);
        for (uint32_t i = 0; i < t->n_params + t->n_results + 1; i++) {
            if (i == 0) {
                wbuf_u32(b, t->n_params);
            }
            if (i == t->n_params) {
                wbuf_u32(b, t->n_results);
            }
            if (i < t->n_params + t->n_results) {
                put_valtype(b, t->t[i]);
            }
        }
    }
    section(g, 1, b);
}

/* -------- imports, functions, memories, tables, tags -------- */

/* A host function takes and gives only what the harness can make. */
static bool plain_type(const struct gtype *t)
{
    for (uint32_t i = 0; i < t->n_params + t->n_results; i++) {
        if (wx_type_is_ref(t->t[i]) || wx_type_kind(t->t[i]) == WX_KIND_V128) {
            return false;
        }
    }
    return true;
}

static void make_funcs(struct gen *g, struct wbuf *b)
{
    uint32_t max = g->opt.max_funcs ? g->opt.max_funcs : 6;
    uint32_t n_imports = pick(g, 3), n = 1 + pick(g, max);
    for (uint32_t i = 0; i < n_imports; i++) {
        uint32_t type = pick(g, g->n_types);
        g->funcs[g->n_imports++] = plain_type(&g->types[type]) ? type : 0;
    }
    wbuf_u32(b, g->n_imports);
    for (uint32_t i = 0; i < g->n_imports; i++) {
        wbuf_u8(b, 1);
        wbuf_u8(b, 'h');
        wbuf_u8(b, 1);
        wbuf_u8(b, (uint8_t)('0' + i));
        wbuf_u8(b, 0);
        wbuf_u32(b, g->funcs[i]);
    }
    section(g, 2, b);
    g->n_funcs = g->n_imports;
    wbuf_u32(b, n);
    for (uint32_t i = 0; i < n && g->n_funcs < MAX_FUNCS; i++) {
        g->funcs[g->n_funcs] = pick(g, g->n_types);
        wbuf_u32(b, g->funcs[g->n_funcs++]);
    }
    section(g, 3, b);
}

static void make_tables(struct gen *g, struct wbuf *b)
{
    bool refs = has(g, WX_FEATURE_REFERENCE_TYPES);
    uint32_t n = 1 + (refs ? pick(g, MAX_TABLES) : 0);
    wbuf_u32(b, n);
    for (uint32_t i = 0; i < n; i++) {
        struct gtable *t = &g->tables[g->n_tables++];
        t->elem = i == 1 ? WX_EXTERNREF : WX_FUNCREF;
        t->is64 = has(g, WX_FEATURE_MEMORY64) && chance(g, 4);
        t->min = 4 + pick(g, 12);
        put_valtype(b, t->elem);
        wbuf_u8(b, t->is64 ? 5 : 1);
        wbuf_u32(b, t->min);
        wbuf_u32(b, t->min + pick(g, 8));
    }
    section(g, 4, b);
}

static void make_memories(struct gen *g, struct wbuf *b)
{
    uint32_t n = has(g, WX_FEATURE_MULTI_MEMORY) ? 1 + (chance(g, 3) ? pick(g, MAX_MEMS) : 0) : 1;
    wbuf_u32(b, n);
    for (uint32_t i = 0; i < n; i++) {
        struct gmem *m = &g->mems[g->n_mems++];
        m->is64 = has(g, WX_FEATURE_MEMORY64) && chance(g, 4);
        m->shared = has(g, WX_FEATURE_THREADS) && chance(g, 3);
        bool bytes = has(g, WX_FEATURE_CUSTOM_PAGE_SIZES) && chance(g, 6);
        m->page_shift = bytes ? 0 : 16;
        m->min = bytes ? 64 + pick(g, 256) : chance(g, 8) ? 0 : 1 + pick(g, 2);
        m->max = m->min + (bytes ? pick(g, 256) : pick(g, 4));
        m->has_max = true;
        wbuf_u8(b, (uint8_t)(1 | (m->shared ? 2 : 0) | (m->is64 ? 4 : 0) | (bytes ? 8 : 0)));
        wbuf_u32(b, m->min);
        wbuf_u32(b, m->max);
        if (bytes) {
            wbuf_u8(b, 0);
        }
    }
    section(g, 5, b);
}

static void make_tags(struct gen *g, struct wbuf *b)
{
    if (!has(g, WX_FEATURE_EXCEPTIONS)) {
        return;
    }
    uint32_t n = 1 + pick(g, MAX_TAGS - 1);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t type = pick(g, g->n_types);
        g->tags[g->n_tags++] = g->types[type].n_results == 0 ? type : 0;
    }
    wbuf_u32(b, g->n_tags);
    for (uint32_t i = 0; i < g->n_tags; i++) {
        wbuf_u8(b, 0);
        wbuf_u32(b, g->tags[i]);
    }
    section(g, 13, b);
}

/* -------- globals -------- */

/* A constant expression; `before` globals may be read. */
static void put_init(struct gen *g, struct wbuf *b, wx_valtype t, uint32_t before)
{
    struct wbuf saved = g->code;
    g->code = *b;
    uint32_t from = pick(g, before + 1);
    if (from < before && g->globals[from].type == t && !g->globals[from].mut &&
        has(g, WX_FEATURE_EXTENDED_CONST)) {
        wbuf_u8(&g->code, 0x23);
        wbuf_u32(&g->code, from);
    } else if (wx_type_is_ref(t)) {
        gen_default(g, t);
    } else {
        gen_const(g, t, gen_rand_next(&(struct gen_rand){pick(g, 256)}));
    }
    if ((t == WX_KIND_I32 || t == WX_KIND_I64) && has(g, WX_FEATURE_EXTENDED_CONST) &&
        chance(g, 3)) {
        gen_const(g, t, pick(g, 256) * UINT64_C(0x123456789));
        wbuf_u8(&g->code, (uint8_t)((t == WX_KIND_I32 ? 0x6a : 0x7c) + pick(g, 3)));
    }
    wbuf_u8(&g->code, 0x0b);
    *b = g->code;
    g->code = saved;
    g->sp = 0;
}

static void make_globals(struct gen *g, struct wbuf *b)
{
    uint32_t n = 3 + pick(g, MAX_GLOBALS - 4);
    wbuf_u32(b, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        struct gglobal *gl = &g->globals[i];
        gl->type = pick_type(g);
        gl->mut = !chance(g, 3);
        put_valtype(b, gl->type);
        wbuf_u8(b, gl->mut);
        put_init(g, b, gl->type, g->n_globals);
        g->n_globals++;
    }
    wbuf_u8(b, WX_KIND_I32); /* the fuel */
    wbuf_u8(b, 1);
    wbuf_u8(b, 0x41);
    wbuf_s64(b, 400);
    wbuf_u8(b, 0x0b);
    section(g, 6, b);
}

/* -------- exports and segments -------- */

static void put_exports(struct gen *g, struct wbuf *b)
{
    wbuf_u32(b, g->n_funcs - g->n_imports + g->n_mems + g->n_tables + g->n_globals + 1);
    static const char kinds[] = "ftmg";
    for (uint8_t kind = 0; kind < 4; kind++) {
        uint32_t first = kind == 0 ? g->n_imports : 0;
        uint32_t n = kind == 0   ? g->n_funcs
                     : kind == 1 ? g->n_tables
                     : kind == 2 ? g->n_mems
                                 : g->n_globals + 1;
        for (uint32_t i = first; i < n; i++) {
            put_name(b, kinds[kind], i - first);
            wbuf_u8(b, kind);
            wbuf_u32(b, i);
        }
    }
    section(g, 7, b);
    if (chance(g, 8)) {
        for (uint32_t i = g->n_imports; i < g->n_funcs; i++) {
            if (g->funcs[i] == 0) {
                wbuf_u32(b, i);
                section(g, 8, b);
                break;
            }
        }
    }
}

static void put_offset(struct wbuf *b, bool is64, uint32_t v)
{
    wbuf_u8(b, is64 ? 0x42 : 0x41);
    wbuf_s64(b, (int64_t)v);
    wbuf_u8(b, 0x0b);
}

static void put_elems(struct gen *g, struct wbuf *b)
{
    bool bulk = has(g, WX_FEATURE_BULK_MEMORY) && has(g, WX_FEATURE_REFERENCE_TYPES);
    uint32_t in_table = g->n_funcs < g->tables[0].min ? g->n_funcs : g->tables[0].min;
    g->elems[g->n_elems++] = (struct gsegment){.type = WX_FUNCREF, .n = in_table};
    wbuf_u32(b, bulk ? 3 : 1);
    wbuf_u32(b, 0); /* active, table 0: function i at i */
    put_offset(b, g->tables[0].is64, 0);
    wbuf_u32(b, in_table);
    for (uint32_t i = 0; i < in_table; i++) {
        wbuf_u32(b, i);
    }
    if (bulk) {
        wbuf_u32(b, 5); /* passive, expressions */
        wbuf_u8(b, 0x70);
        wbuf_u32(b, 4);
        for (uint32_t i = 0; i < 4; i++) {
            if (i & 1) {
                wbuf_put(b, "\xd0\x70\x0b", 3);
            } else {
                wbuf_u8(b, 0xd2);
                wbuf_u32(b, i % g->n_funcs);
                wbuf_u8(b, 0x0b);
            }
        }
        g->elems[g->n_elems++] = (struct gsegment){.type = WX_FUNCREF, .passive = true, .n = 4};
        wbuf_u32(b, 3); /* declared: all, so that ref.func may take any */
        wbuf_u8(b, 0);
        wbuf_u32(b, g->n_funcs);
        for (uint32_t i = 0; i < g->n_funcs; i++) {
            wbuf_u32(b, i);
        }
        g->elems[g->n_elems++] = (struct gsegment){.type = WX_FUNCREF, .n = g->n_funcs};
    }
    section(g, 9, b);
}

static void put_data(struct gen *g, struct wbuf *b)
{
    wbuf_u32(b, g->n_datas);
    for (uint32_t i = 0; i < g->n_datas; i++) {
        uint32_t len = 1 + pick(g, 40);
        if (i == 0) {
            len = g->mems[0].min ? len : 0;
            len = g->mems[0].page_shift == 0 && len > g->mems[0].min ? g->mems[0].min : len;
            wbuf_u32(b, 0);
            put_offset(b, g->mems[0].is64, 0);
        } else {
            wbuf_u32(b, 1);
        }
        wbuf_u32(b, len);
        for (uint32_t k = 0; k < len; k++) {
            wbuf_u8(b, (uint8_t)(pick(g, 256) ^ k * 37));
        }
    }
    section(g, 11, b);
}

static void put_code(struct gen *g, struct wbuf *b)
{
    wbuf_u32(b, g->n_funcs - g->n_imports);
    for (uint32_t i = g->n_imports; i < g->n_funcs; i++) {
        g->code.n = 0;
        gen_body(g, i);
        wbuf_u32(b, (uint32_t)g->code.n);
        wbuf_put(b, g->code.p, g->code.n);
    }
    g->out.failed |= g->code.failed;
    section(g, 10, b);
}

/* A feature is of no use without those it stands on. */
static uint64_t consistent(uint64_t f)
{
    static const struct {
        uint8_t feature, on;
    } rules[] = {
        {WX_FEATURE_RELAXED_SIMD, WX_FEATURE_SIMD},
        {WX_FEATURE_EXCEPTIONS, WX_FEATURE_REFERENCE_TYPES},
        {WX_FEATURE_LEGACY_EXCEPTIONS, WX_FEATURE_EXCEPTIONS},
        {WX_FEATURE_FUNCTION_REFERENCES, WX_FEATURE_REFERENCE_TYPES},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!(f >> rules[i].on & 1)) {
            f &= ~(UINT64_C(1) << rules[i].feature);
        }
    }
    return f;
}

uint8_t *gen_module(const uint8_t *data, size_t len, const struct gen_options *options,
                    size_t *ret_len)
{
    struct gen *g = calloc(1, sizeof *g);
    if (!g) {
        return NULL;
    }
    struct wbuf b = {0};
    g->in = data;
    g->in_end = data + len;
    g->opt = *options;
    g->opt.features = consistent(options->features);
    wbuf_put(&g->out, "\0asm\1\0\0\0", 8);
    gen_collect_ops(g);
    make_types(g);
    put_types(g, &b);
    make_funcs(g, &b);
    make_tables(g, &b);
    make_memories(g, &b);
    make_tags(g, &b);
    make_globals(g, &b);
    put_exports(g, &b);
    put_elems(g, &b);
    g->n_datas = has(g, WX_FEATURE_BULK_MEMORY) ? 3 : 1;
    if (g->n_datas > 1) {
        wbuf_u32(&b, g->n_datas);
        section(g, 12, &b);
    }
    put_code(g, &b);
    put_data(g, &b);
    bool failed = g->out.failed;
    uint8_t *out = g->out.p;
    *ret_len = g->out.n;
    free(b.p);
    free(g->code.p);
    free(g);
    if (failed) {
        free(out);
        return NULL;
    }
    return out;
}
