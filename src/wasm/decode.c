/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to a validated module: section by section, in one pass. */
/*
 * The decoder walks the sections in order with one cursor (reader.h) and validates as it goes:
 * types and indices at once, function bodies as the code section is read. A module that comes out
 * is valid as a whole; nothing is checked again later (ruling R26).
 *
 * Invariants. 1. Arrays of the module are complete for all sections read so far, so that indices
 * can be checked on the spot. 2. A count never leads to an allocation before it was bounded by the
 * bytes left (each element takes at least one). 3. After the first failure nothing more is read.
 *
 * Source: wasm core 3.0, 5.5 (modules) and 3.5 (module validation).
 */
#include <stdlib.h>
#include <string.h>

#include "wasm/decoder.h"

enum section {
    SEC_CUSTOM,
    SEC_TYPE,
    SEC_IMPORT,
    SEC_FUNCTION,
    SEC_TABLE,
    SEC_MEMORY,
    SEC_GLOBAL,
    SEC_EXPORT,
    SEC_START,
    SEC_ELEMENT,
    SEC_CODE,
    SEC_DATA,
    SEC_DATA_COUNT,
    SEC_TAG,
    SEC_COUNT
};

static const struct {
    const char *name;
    uint8_t order; /* position in a module */
} sections[SEC_COUNT] = {
    [SEC_CUSTOM] = {"custom section", 0},    [SEC_TYPE] = {"type section", 1},
    [SEC_IMPORT] = {"import section", 2},    [SEC_FUNCTION] = {"function section", 3},
    [SEC_TABLE] = {"table section", 4},      [SEC_MEMORY] = {"memory section", 5},
    [SEC_TAG] = {"tag section", 6},          [SEC_GLOBAL] = {"global section", 7},
    [SEC_EXPORT] = {"export section", 8},    [SEC_START] = {"start section", 9},
    [SEC_ELEMENT] = {"element section", 10}, [SEC_DATA_COUNT] = {"data count section", 11},
    [SEC_CODE] = {"code section", 12},       [SEC_DATA] = {"data section", 13},
};

/* -------- helpers -------- */

static void *nomem(struct wx_decoder *d)
{
    wx_reader_fail(&d->r, WAX_E_NOMEM, "out of memory for %s", d->r.section);
    return NULL;
}

/* A copy of `old` with room for n_more; NULL after a failure. */
static void *extend(struct wx_decoder *d, const void *old, size_t n_old, size_t n_more, size_t size)
{
    uint8_t *p = wx_arena_array(d->m->arena, n_old + n_more, size);
    if (!p) {
        return nomem(d);
    }
    if (n_old) {
        memcpy(p, old, n_old * size);
    }
    return p;
}

static bool check_index(struct wx_decoder *d, uint32_t idx, uint32_t n, const char *what)
{
    if (wx_reader_ok(&d->r) && idx >= n) {
        wx_reader_fail(&d->r, WAX_E_VALIDATION, "unknown %s %u", what, idx);
    }
    return wx_reader_ok(&d->r);
}

static uint32_t read_type_idx(struct wx_decoder *d)
{
    uint32_t idx = wx_read_u32(&d->r);
    return check_index(d, idx, d->m->n_types, "type") ? idx : 0;
}

/* -------- imports and definitions -------- */

static bool append_func(struct wx_decoder *d, uint32_t type_idx)
{
    struct wx_func_def *f = (struct wx_func_def *)(uintptr_t)&d->m->funcs[d->m->n_funcs++];
    f->type_idx = type_idx;
    return true;
}

/* One import; definitions go to the end of their index space (room was made by the caller). */
static void read_import(struct wx_decoder *d, struct wx_import *im)
{
    struct wx_reader *r = &d->r;
    struct wx_module *m = d->m;
    im->module = wx_read_name(r);
    im->name = wx_read_name(r);
    uint64_t off = wx_reader_off(r);
    im->kind = wx_read_u8(r);
    switch (im->kind) {
    case WX_EXT_FUNC:
        im->idx = m->n_funcs;
        (void)append_func(d, read_type_idx(d));
        break;
    case WX_EXT_TABLE:
        im->idx = m->n_tables;
        ((struct wx_table_def *)(uintptr_t)m->tables)[m->n_tables++].type = wx_decode_tabletype(d);
        break;
    case WX_EXT_MEMORY:
        im->idx = m->n_memories;
        ((struct wx_limits *)(uintptr_t)m->memories)[m->n_memories++] = wx_decode_memtype(d);
        break;
    case WX_EXT_GLOBAL:
        im->idx = m->n_globals;
        ((struct wx_global_def *)(uintptr_t)m->globals)[m->n_globals++].type =
            wx_decode_globaltype(d);
        break;
    case WX_EXT_TAG:
        if (wx_decode_need(d, r, WX_FEATURE_EXCEPTIONS, "tag import")) {
            if (wx_read_u8(r) != 0) {
                wx_reader_fail(r, WAX_E_MALFORMED, "malformed tag attribute");
            }
            im->idx = m->n_tags;
            ((uint32_t *)(uintptr_t)m->tags)[m->n_tags++] = read_type_idx(d);
        }
        break;
    default:
        if (wx_reader_ok(r)) {
            wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed import kind 0x%02x", im->kind);
        }
    }
}

/* Count imports by kind with a throw-away cursor, so that each index space gets exact room. */
static bool count_imports(struct wx_decoder *d, uint32_t n, uint32_t counts[5])
{
    struct wx_decoder probe = *d;
    probe.r.err = NULL; /* a failure is met again, and reported, by the real pass */
    struct wx_reader *r = &probe.r;
    for (uint32_t i = 0; i < n && wx_reader_ok(r); i++) {
        (void)wx_read_name(r);
        (void)wx_read_name(r);
        uint8_t kind = wx_read_u8(r);
        if (kind > WX_EXT_TAG) {
            break;
        }
        counts[kind]++;
        if (kind == WX_EXT_FUNC || kind == WX_EXT_TAG) {
            if (kind == WX_EXT_TAG) {
                (void)wx_read_u8(r);
            }
            (void)wx_read_u32(r);
        } else if (kind == WX_EXT_TABLE) {
            (void)wx_decode_tabletype(&probe);
        } else if (kind == WX_EXT_MEMORY) {
            (void)wx_decode_memtype(&probe);
        } else {
            (void)wx_decode_globaltype(&probe);
        }
    }
    return true;
}

static void read_import_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t n = wx_read_count(&d->r, 4, d->limits.max_imports, "imports");
    uint32_t counts[5] = {0};
    (void)count_imports(d, n, counts);
    struct wx_import *imports = extend(d, NULL, 0, n, sizeof *imports);
    m->funcs = extend(d, NULL, 0, counts[WX_EXT_FUNC], sizeof *m->funcs);
    m->tables = extend(d, NULL, 0, counts[WX_EXT_TABLE], sizeof *m->tables);
    m->memories = extend(d, NULL, 0, counts[WX_EXT_MEMORY], sizeof *m->memories);
    m->globals = extend(d, NULL, 0, counts[WX_EXT_GLOBAL], sizeof *m->globals);
    m->tags = extend(d, NULL, 0, counts[WX_EXT_TAG], sizeof *m->tags);
    m->imports = imports;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        read_import(d, &imports[i]);
        m->n_imports = i + 1;
    }
    m->n_func_imports = m->n_funcs;
    m->n_table_imports = m->n_tables;
    m->n_memory_imports = m->n_memories;
    m->n_global_imports = m->n_globals;
    m->n_tag_imports = m->n_tags;
}

static void read_function_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t n = wx_read_count(&d->r, 1, d->limits.max_funcs, "functions");
    m->funcs = extend(d, m->funcs, m->n_funcs, n, sizeof *m->funcs);
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        (void)append_func(d, read_type_idx(d));
    }
}

/* A table is a table type, or 0x40 0x00 with an initialiser after the type. */
static void read_table(struct wx_decoder *d, struct wx_table_def *t)
{
    struct wx_reader *r = &d->r;
    uint64_t off = wx_reader_off(r);
    t->has_init = wx_reader_left(r) > 0 && *r->p == 0x40;
    if (t->has_init) {
        r->p++;
        (void)wx_decode_need(d, r, WX_FEATURE_FUNCTION_REFERENCES, "table initialiser");
        if (wx_read_u8(r) != 0) {
            wx_reader_fail(r, WAX_E_MALFORMED, "malformed table");
        }
    }
    t->type = wx_decode_tabletype(d);
    if (t->has_init) {
        wx_validate_const(d, r, t->type.elem, d->m->n_globals, &t->init);
    } else if (wx_reader_ok(r) && !wx_type_nullable(t->type.elem)) {
        wx_reader_fail_at(r, WAX_E_VALIDATION, off,
                          "type mismatch: a table of non-nullable references needs an initialiser");
    }
}

static void read_table_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t n = wx_read_count(&d->r, 3, d->limits.max_tables, "tables");
    struct wx_table_def *tables = extend(d, m->tables, m->n_tables, n, sizeof *tables);
    m->tables = tables;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        read_table(d, &tables[m->n_tables]);
        m->n_tables++;
    }
}

static void read_memory_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t n = wx_read_count(&d->r, 2, d->limits.max_memories, "memories");
    struct wx_limits *memories = extend(d, m->memories, m->n_memories, n, sizeof *memories);
    m->memories = memories;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        memories[m->n_memories++] = wx_decode_memtype(d);
    }
}

static void read_tag_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    if (!wx_decode_need(d, &d->r, WX_FEATURE_EXCEPTIONS, "tag section")) {
        return;
    }
    uint32_t n = wx_read_count(&d->r, 2, d->limits.max_tags, "tags");
    uint32_t *tags = extend(d, m->tags, m->n_tags, n, sizeof *tags);
    m->tags = tags;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        if (wx_read_u8(&d->r) != 0) {
            wx_reader_fail(&d->r, WAX_E_MALFORMED, "malformed tag attribute");
        }
        uint32_t type_idx = read_type_idx(d);
        if (wx_reader_ok(&d->r) && m->types[type_idx].n_results) {
            wx_reader_fail(&d->r, WAX_E_VALIDATION, "non-empty tag result type");
        }
        tags[m->n_tags++] = type_idx;
    }
}

static void read_global_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t n = wx_read_count(&d->r, 3, d->limits.max_globals, "globals");
    struct wx_global_def *globals = extend(d, m->globals, m->n_globals, n, sizeof *globals);
    m->globals = globals;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        struct wx_global_def *g = &globals[m->n_globals];
        g->type = wx_decode_globaltype(d);
        wx_validate_const(d, &d->r, g->type.type, m->n_globals, &g->init);
        m->n_globals++;
    }
}

/* -------- exports and start -------- */

/* The sort needs the array; qsort has no context argument in C11. */
static _Thread_local const struct wx_export *sort_exports;

static int compare_exports(const void *pa, const void *pb)
{
    const struct wx_name *a = &sort_exports[*(const uint32_t *)pa].name;
    const struct wx_name *b = &sort_exports[*(const uint32_t *)pb].name;
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }
    return a->len ? memcmp(a->p, b->p, a->len) : 0;
}

static void sort_and_check_exports(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t *sorted = extend(d, NULL, 0, m->n_exports, sizeof *sorted);
    if (!sorted) {
        return;
    }
    for (uint32_t i = 0; i < m->n_exports; i++) {
        sorted[i] = i;
    }
    sort_exports = m->exports;
    qsort(sorted, m->n_exports, sizeof *sorted, compare_exports);
    for (uint32_t i = 1; i < m->n_exports; i++) {
        if (compare_exports(&sorted[i - 1], &sorted[i]) == 0) {
            const struct wx_name *name = &m->exports[sorted[i]].name;
            wx_reader_fail(&d->r, WAX_E_VALIDATION, "duplicate export name '%.*s'",
                           (int)(name->len < 100 ? name->len : 100), name->p ? name->p : "");
        }
    }
    m->exports_sorted = sorted;
}

static void read_export(struct wx_decoder *d, struct wx_export *e)
{
    struct wx_reader *r = &d->r;
    const struct wx_module *m = d->m;
    const uint32_t counts[5] = {m->n_funcs, m->n_tables, m->n_memories, m->n_globals, m->n_tags};
    static const char *const kinds[5] = {"function", "table", "memory", "global", "tag"};
    e->name = wx_read_name(r);
    e->kind = wx_read_u8(r);
    e->idx = wx_read_u32(r);
    if (wx_reader_ok(r) && e->kind > WX_EXT_TAG) {
        wx_reader_fail(r, WAX_E_MALFORMED, "malformed export kind 0x%02x", e->kind);
        return;
    }
    if (wx_reader_ok(r) && check_index(d, e->idx, counts[e->kind], kinds[e->kind]) &&
        e->kind == WX_EXT_FUNC) {
        d->declared_funcs[e->idx] = 1;
    }
}

static void read_export_section(struct wx_decoder *d)
{
    uint32_t n = wx_read_count(&d->r, 3, d->limits.max_exports, "exports");
    struct wx_export *exports = extend(d, NULL, 0, n, sizeof *exports);
    d->m->exports = exports;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        read_export(d, &exports[i]);
        d->m->n_exports = i + 1;
    }
    if (wx_reader_ok(&d->r)) {
        sort_and_check_exports(d);
    }
}

static void read_start_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t idx = wx_read_u32(&d->r);
    if (check_index(d, idx, m->n_funcs, "function")) {
        const struct wx_functype *t = wx_module_func_type(m, idx);
        if (t->n_params || t->n_results) {
            wx_reader_fail(&d->r, WAX_E_VALIDATION, "start function %u must have type [] -> []",
                           idx);
        }
        m->start_func = idx;
    }
}

/* -------- segments -------- */

static void read_elem_items(struct wx_decoder *d, struct wx_elem_segment *s, bool exprs)
{
    struct wx_reader *r = &d->r;
    uint32_t limit = (uint32_t)d->limits.max_elem_items;
    s->n = wx_read_count(r, 1, limit, "elements");
    if (exprs) {
        struct wx_constexpr *e = extend(d, NULL, 0, s->n, sizeof *e);
        s->exprs = e;
        for (uint32_t i = 0; i < s->n && wx_reader_ok(r); i++) {
            wx_validate_const(d, r, s->type, d->m->n_globals, &e[i]);
        }
        return;
    }
    uint32_t *f = extend(d, NULL, 0, s->n, sizeof *f);
    s->funcs = f;
    for (uint32_t i = 0; i < s->n && wx_reader_ok(r); i++) {
        f[i] = wx_read_u32(r);
        if (check_index(d, f[i], d->m->n_funcs, "function")) {
            d->declared_funcs[f[i]] = 1;
        }
    }
}

/* Flags: bit 0 not active, bit 1 explicit table (active) or declared, bit 2 expressions. */
static void read_elem(struct wx_decoder *d, struct wx_elem_segment *s)
{
    struct wx_reader *r = &d->r;
    uint32_t flags = wx_read_u32(r);
    if (wx_reader_ok(r) && flags > 7) {
        wx_reader_fail(r, WAX_E_MALFORMED, "malformed elements segment kind %u", flags);
        return;
    }
    s->mode = !(flags & 1) ? WX_SEG_ACTIVE : flags & 2 ? WX_SEG_DECLARED : WX_SEG_PASSIVE;
    s->type = WX_REF(WX_HEAP_FUNC, (flags & 4) != 0);
    if (s->mode == WX_SEG_ACTIVE) {
        s->table_idx = flags & 2 ? wx_read_u32(r) : 0;
        if (!check_index(d, s->table_idx, d->m->n_tables, "table")) {
            return;
        }
        bool is64 = d->m->tables[s->table_idx].type.limits.is64;
        wx_validate_const(d, r, is64 ? WX_KIND_I64 : WX_KIND_I32, d->m->n_globals, &s->offset);
    }
    if (flags & 3) {
        if (flags & 4) {
            s->type = wx_decode_reftype(d, r);
        } else if (wx_read_u8(r) != 0) {
            wx_reader_fail(r, WAX_E_MALFORMED, "malformed element kind");
        }
    }
    if (wx_reader_ok(r) && s->mode == WX_SEG_ACTIVE &&
        !wx_valtype_matches(d->m, s->type, d->m->tables[s->table_idx].type.elem)) {
        wx_reader_fail(r, WAX_E_VALIDATION, "type mismatch: segment of %s for a table of %s",
                       wx_valtype_text(s->type),
                       wx_valtype_text(d->m->tables[s->table_idx].type.elem));
    }
    read_elem_items(d, s, (flags & 4) != 0);
}

static void read_element_section(struct wx_decoder *d)
{
    uint32_t n = wx_read_count(&d->r, 2, d->limits.max_elems, "element segments");
    struct wx_elem_segment *elems = extend(d, NULL, 0, n, sizeof *elems);
    d->m->elems = elems;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        read_elem(d, &elems[i]);
        d->m->n_elems = i + 1;
    }
}

static void read_data(struct wx_decoder *d, struct wx_data_segment *s)
{
    struct wx_reader *r = &d->r;
    uint32_t flags = wx_read_u32(r);
    if (wx_reader_ok(r) && flags > 2) {
        wx_reader_fail(r, WAX_E_MALFORMED, "malformed data segment kind %u", flags);
        return;
    }
    s->mode = flags == 1 ? WX_SEG_PASSIVE : WX_SEG_ACTIVE;
    if (s->mode == WX_SEG_ACTIVE) {
        s->memory_idx = flags == 2 ? wx_read_u32(r) : 0;
        if (!check_index(d, s->memory_idx, d->m->n_memories, "memory")) {
            return;
        }
        bool is64 = d->m->memories[s->memory_idx].is64;
        wx_validate_const(d, r, is64 ? WX_KIND_I64 : WX_KIND_I32, d->m->n_globals, &s->offset);
    }
    s->data_len = wx_read_u32(r);
    s->data_off = (uint32_t)wx_reader_off(r);
    (void)wx_read_bytes(r, s->data_len);
}

static void read_data_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t n = wx_read_count(&d->r, 2, d->limits.max_datas, "data segments");
    if (wx_reader_ok(&d->r) && m->has_data_count && n != d->data_count) {
        wx_reader_fail(&d->r, WAX_E_MALFORMED,
                       "data count and data section have inconsistent lengths (%u and %u)",
                       d->data_count, n);
    }
    struct wx_data_segment *datas = extend(d, NULL, 0, n, sizeof *datas);
    m->datas = datas;
    m->n_datas = 0;
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        read_data(d, &datas[i]);
        m->n_datas = i + 1;
    }
}

static void read_data_count_section(struct wx_decoder *d)
{
    (void)wx_decode_need(d, &d->r, WX_FEATURE_BULK_MEMORY, "data count section");
    d->data_count = wx_read_u32(&d->r);
    if (wx_reader_ok(&d->r) && d->data_count > d->limits.max_datas) {
        wx_reader_fail(&d->r, WAX_E_LIMIT, "too many data segments: %u, the limit is %u",
                       d->data_count, d->limits.max_datas);
        return;
    }
    d->m->has_data_count = true;
    d->m->n_datas = d->data_count; /* what bodies may name; the data section must agree */
}

/* -------- code -------- */

static void read_locals(struct wx_decoder *d, struct wx_reader *r, struct wx_func_def *f)
{
    const struct wx_functype *t = &d->m->types[f->type_idx];
    f->n_runs = wx_read_count(r, 2, UINT32_MAX, "local declarations");
    struct wx_local_run *runs = extend(d, NULL, 0, f->n_runs, sizeof *runs);
    if (!runs) {
        r->status = d->r.status; /* the body's reader is another */
        return;
    }
    f->runs = runs;
    uint64_t n = t->n_params, slots = t->n_param_slots;
    for (uint32_t i = 0; i < f->n_runs && wx_reader_ok(r); i++) {
        runs[i].n = wx_read_u32(r);
        runs[i].type = wx_decode_valtype(d, r);
        n += runs[i].n;
        slots += (uint64_t)runs[i].n * wx_type_slots(runs[i].type);
        if (n > UINT32_MAX) {
            wx_reader_fail(r, WAX_E_MALFORMED, "too many locals");
        }
    }
    if (wx_reader_ok(r) && n > d->limits.max_locals) {
        wx_reader_fail(r, WAX_E_LIMIT, "too many locals: %llu, the limit is %u",
                       (unsigned long long)n, d->limits.max_locals);
    }
    f->n_locals = (uint32_t)n;
    f->n_local_slots = (uint32_t)slots;
}

static void read_body(struct wx_decoder *d, struct wx_validator *v, uint32_t func_idx)
{
    struct wx_func_def *f = (struct wx_func_def *)(uintptr_t)&d->m->funcs[func_idx];
    uint64_t at = wx_reader_off(&d->r);
    uint32_t size = wx_read_u32(&d->r);
    const uint8_t *p = wx_read_bytes(&d->r, size);
    if (!p) {
        return;
    }
    if (size > d->limits.max_func_bytes) {
        wx_reader_fail_at(&d->r, WAX_E_LIMIT, at,
                          "function body too big: %u bytes, the limit is %u", size,
                          d->limits.max_func_bytes);
        return;
    }
    struct wx_reader r;
    wx_reader_init(&r, d->m->bytes, (size_t)(p - d->m->bytes), size, "function body", d->err);
    read_locals(d, &r, f);
    f->body_off = (uint32_t)wx_reader_off(&r);
    f->body_len = (uint32_t)wx_reader_left(&r);
    if (wx_reader_ok(&r)) {
        v->r = &r;
        wx_validate_body(v, f);
    }
    if (!wx_reader_ok(&r)) {
        wx_error_set_func(d->err, func_idx);
        d->r.status = r.status;
        d->r.p = d->r.end;
    }
}

static void read_code_section(struct wx_decoder *d)
{
    struct wx_module *m = d->m;
    uint32_t n = wx_read_count(&d->r, 2, d->limits.max_funcs, "function bodies");
    if (wx_reader_ok(&d->r) && n != m->n_funcs - m->n_func_imports) {
        wx_reader_fail(&d->r, WAX_E_MALFORMED,
                       "function and code section have inconsistent lengths (%u and %u)",
                       m->n_funcs - m->n_func_imports, n);
        return;
    }
    struct wx_validator v;
    wx_validator_init(&v, d, &d->r);
    for (uint32_t i = 0; i < n && wx_reader_ok(&d->r); i++) {
        read_body(d, &v, m->n_func_imports + i);
    }
    d->n_code = n;
    wx_validator_fini(&v);
}

/* -------- the module -------- */

static void read_section(struct wx_decoder *d, uint8_t id)
{
    static void (*const readers[SEC_COUNT])(struct wx_decoder *) = {
        [SEC_CUSTOM] = wx_decode_custom_section,
        [SEC_TYPE] = wx_decode_type_section,
        [SEC_IMPORT] = read_import_section,
        [SEC_FUNCTION] = read_function_section,
        [SEC_TABLE] = read_table_section,
        [SEC_MEMORY] = read_memory_section,
        [SEC_GLOBAL] = read_global_section,
        [SEC_EXPORT] = read_export_section,
        [SEC_START] = read_start_section,
        [SEC_ELEMENT] = read_element_section,
        [SEC_CODE] = read_code_section,
        [SEC_DATA] = read_data_section,
        [SEC_DATA_COUNT] = read_data_count_section,
        [SEC_TAG] = read_tag_section,
    };
    readers[id](d);
    if (wx_reader_ok(&d->r) && wx_reader_left(&d->r) > 0) {
        wx_reader_fail(&d->r, WAX_E_MALFORMED, "section size mismatch: %zu bytes left in %s",
                       wx_reader_left(&d->r), d->r.section);
    }
    /* Function indices are final once imports and the function section can no longer come. */
    if (id != SEC_CUSTOM && sections[id].order <= sections[SEC_FUNCTION].order &&
        wx_reader_ok(&d->r)) {
        wx_free(d->mem, d->declared_funcs);
        d->declared_funcs = wx_zalloc(d->mem, (size_t)d->m->n_funcs + 1);
        if (!d->declared_funcs) {
            (void)nomem(d);
        }
    }
}

static bool header_ok(struct wx_decoder *d, struct wx_reader *r)
{
    uint32_t magic = wx_read_u32le(r);
    if (wx_reader_ok(r) && magic != UINT32_C(0x6d736100)) {
        wx_reader_fail_at(r, WAX_E_MALFORMED, 0, "magic header not detected: not a wasm module");
    }
    uint32_t version = wx_read_u32le(r);
    if (wx_reader_ok(r) && version != 1) {
        if (version == 0x1000d) {
            wx_reader_fail_at(r, WAX_E_UNSUPPORTED, 4,
                              "this is a component, only core modules are supported");
        } else {
            wx_reader_fail_at(r, WAX_E_MALFORMED, 4, "unknown binary version %u", version);
        }
    }
    d->r.status = r->status;
    return wx_reader_ok(r);
}

static void read_sections(struct wx_decoder *d, struct wx_reader *top)
{
    uint8_t last_order = 0;
    while (wx_reader_left(top) > 0 && wx_reader_ok(top)) {
        uint64_t off = wx_reader_off(top);
        uint8_t id = wx_read_u8(top);
        uint32_t size = wx_read_u32(top);
        const uint8_t *p = wx_read_bytes(top, size);
        if (!p) {
            break;
        }
        if (id >= SEC_COUNT) {
            wx_reader_fail_at(top, WAX_E_MALFORMED, off, "malformed section id %u", id);
            break;
        }
        if (id != SEC_CUSTOM && sections[id].order <= last_order) {
            wx_reader_fail_at(top, WAX_E_MALFORMED, off,
                              "unexpected content after last section: %s out of order or twice",
                              sections[id].name);
            break;
        }
        last_order = id == SEC_CUSTOM ? last_order : sections[id].order;
        wx_reader_init(&d->r, d->m->bytes, (size_t)(p - d->m->bytes), size, sections[id].name,
                       d->err);
        read_section(d, id);
        top->status = d->r.status;
    }
    d->r.status = top->status;
}

static void check_complete(struct wx_decoder *d)
{
    const struct wx_module *m = d->m;
    struct wx_reader *r = &d->r;
    r->p = r->end = m->bytes + m->len;
    r->base = m->bytes;
    if (d->n_code != m->n_funcs - m->n_func_imports) {
        wx_reader_fail(r, WAX_E_MALFORMED,
                       "function and code section have inconsistent lengths (%u and 0)",
                       m->n_funcs - m->n_func_imports);
    } else if (m->has_data_count && m->n_datas != 0 && !m->datas) {
        wx_reader_fail(r, WAX_E_MALFORMED,
                       "data count and data section have inconsistent lengths (%u and 0)",
                       m->n_datas);
    } else if (m->n_memories > 1) {
        (void)wx_decode_need(d, r, WX_FEATURE_MULTI_MEMORY, "more than one memory");
    } else if (m->n_tables > 1) {
        (void)wx_decode_need(d, r, WX_FEATURE_REFERENCE_TYPES, "more than one table");
    }
}

static wax_status decode(struct wx_decoder *d)
{
    struct wx_reader top;
    wx_reader_init(&top, d->m->bytes, 0, d->m->len, "module", d->err);
    if (header_ok(d, &top)) {
        read_sections(d, &top);
    }
    if (wx_reader_ok(&d->r)) {
        check_complete(d);
    }
    d->m->features_used = d->used;
    return d->r.status;
}

static struct wx_module *new_module(struct wx_mem *mem, uint8_t *bytes, size_t len)
{
    struct wx_module *m = wx_zalloc(mem, sizeof *m);
    struct wx_arena *arena = m ? wx_arena_new(mem) : NULL;
    if (!arena) {
        wx_free(mem, m);
        return NULL;
    }
    m->mem = mem;
    m->arena = arena;
    m->bytes = bytes;
    m->len = len;
    m->start_func = WAX_NO_INDEX;
    return m;
}

static wax_status check_len(size_t len, const struct wx_decode_limits *limits, wax_error **err)
{
    if (len > limits->max_module_bytes || len > UINT32_MAX) {
        return wx_fail(err, WAX_E_LIMIT, "module too big: %zu bytes, the limit is %llu", len,
                       (unsigned long long)limits->max_module_bytes);
    }
    return WAX_OK;
}

wax_status wx_module_decode_owned(struct wx_mem *mem, uint8_t *bytes, size_t len,
                                  const struct wx_features *features,
                                  const struct wx_decode_limits *limits,
                                  struct wx_module **ret_module, wax_error **err)
{
    struct wx_decoder d = {.mem = mem, .features = *features, .limits = *limits, .err = err};
    wax_status st = check_len(len, limits, err);
    d.m = st == WAX_OK ? new_module(mem, bytes, len) : NULL;
    if (!d.m) {
        wx_free(mem, bytes);
        return st != WAX_OK ? st : wx_fail_nomem(err, "a module");
    }
    d.m->features = *features;
    wx_map_init(&d.canon, mem);
    d.declared_funcs = wx_zalloc(mem, 1);
    st = d.declared_funcs ? decode(&d) : wx_fail_nomem(err, "a module");
    wx_map_fini(&d.canon);
    wx_free(mem, d.declared_funcs);
    if (st != WAX_OK) {
        wx_module_free(d.m);
        return st;
    }
    *ret_module = d.m;
    return WAX_OK;
}

wax_status wx_module_decode(struct wx_mem *mem, const uint8_t *bytes, size_t len,
                            const struct wx_features *features,
                            const struct wx_decode_limits *limits, struct wx_module **ret_module,
                            wax_error **err)
{
    wax_status st = check_len(len, limits, err); /* before anything is copied */
    if (st != WAX_OK) {
        return st;
    }
    uint8_t *copy = wx_alloc(mem, len);
    if (!copy) {
        return wx_fail_nomem(err, "a module");
    }
    if (len) {
        memcpy(copy, bytes, len);
    }
    return wx_module_decode_owned(mem, copy, len, features, limits, ret_module, err);
}
