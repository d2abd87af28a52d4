/* SPDX-License-Identifier: Apache-2.0 */
/* Printing of modules: flat code, names from the name section, one field a line. */
/*
 * Fields come in the order of the sections, and every type use names its type, so that parsing the
 * text gives the same indices, and the same bytes if the module was made by our own parser (a test
 * checks that over the whole core suite). Lost are names of labels and how binary integers were
 * padded.
 */
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "wasm/text/number.h"
#include "wasm/text/printer.h"

void wx_print_line(struct wx_printer *pr)
{
    static const char blanks[] = "                                                            ";
    unsigned n = pr->indent * 2;
    wx_print(pr, "\n");
    wx_strbuf_add(pr->out, blanks, n < sizeof blanks - 1 ? n : sizeof blanks - 1);
}

static const struct wx_name *id_of(const struct wx_printer *pr, enum wx_space space, uint32_t idx)
{
    const struct wx_name *ids = pr->ids[space];
    return ids && ids[idx].len ? &ids[idx] : NULL;
}

void wx_print_index(struct wx_printer *pr, enum wx_space space, uint32_t idx)
{
    const struct wx_name *id = id_of(pr, space, idx);
    if (id) {
        wx_print(pr, " ");
        wx_strbuf_add(pr->out, id->p, id->len);
    } else {
        wx_strbuf_addf(pr->out, " %u", idx);
    }
}

/* " $name" of a definition, or its number as a comment. */
static void print_id(struct wx_printer *pr, enum wx_space space, uint32_t idx)
{
    if (id_of(pr, space, idx)) {
        wx_print_index(pr, space, idx);
    } else {
        wx_strbuf_addf(pr->out, " (;%u;)", idx);
    }
}

static void print_name(struct wx_printer *pr, struct wx_name name)
{
    wx_print(pr, " ");
    wx_print_string(pr->out, name.p ? name.p : "", name.len, false);
}

/* -------- types -------- */

wx_valtype wx_print_read_valtype(struct wx_reader *r)
{
    uint8_t byte = wx_read_u8(r);
    if (byte == 0x63 || byte == 0x64) {
        return WX_REF(wx_print_read_heaptype(r), byte == 0x63);
    }
    return byte >= WX_KIND_V128 ? byte : WX_REF(byte, 1);
}

uint32_t wx_print_read_heaptype(struct wx_reader *r)
{
    int64_t code = wx_read_s33(r);
    return code >= 0 ? WX_HEAP_INDEX + (uint32_t)code : (uint32_t)(code & 0x7f);
}

void wx_print_heaptype(struct wx_printer *pr, uint32_t heap)
{
    if (heap >= WX_HEAP_INDEX) {
        const struct wx_name *id = id_of(pr, WX_SPACE_TYPE, heap - WX_HEAP_INDEX);
        if (id) {
            wx_strbuf_add(pr->out, id->p, id->len);
        } else {
            wx_strbuf_addf(pr->out, "%u", heap - WX_HEAP_INDEX);
        }
        return;
    }
    switch (heap) {
    case WX_HEAP_EXTERN: wx_print(pr, "extern"); break;
    case WX_HEAP_EXN: wx_print(pr, "exn"); break;
    case WX_HEAP_NOFUNC: wx_print(pr, "nofunc"); break;
    case WX_HEAP_NOEXTERN: wx_print(pr, "noextern"); break;
    case WX_HEAP_NOEXN: wx_print(pr, "noexn"); break;
    default: wx_print(pr, "func"); break;
    }
}

void wx_print_valtype(struct wx_printer *pr, wx_valtype type)
{
    switch (wx_type_kind(type)) {
    case WX_KIND_I32: wx_print(pr, "i32"); return;
    case WX_KIND_I64: wx_print(pr, "i64"); return;
    case WX_KIND_F32: wx_print(pr, "f32"); return;
    case WX_KIND_F64: wx_print(pr, "f64"); return;
    case WX_KIND_V128: wx_print(pr, "v128"); return;
    default: break;
    }
    switch (type) {
    case WX_FUNCREF: wx_print(pr, "funcref"); return;
    case WX_EXTERNREF: wx_print(pr, "externref"); return;
    case WX_EXNREF: wx_print(pr, "exnref"); return;
    default: break;
    }
    wx_print(pr, wx_type_nullable(type) ? "(ref null " : "(ref ");
    wx_print_heaptype(pr, wx_type_heap(type));
    wx_print(pr, ")");
}

/* " (WORD t t t)", each alone where it has a name. */
static void print_types(struct wx_printer *pr, const char *word, const wx_valtype *types,
                        uint32_t n, const struct wx_name *ids)
{
    bool open = false;
    for (uint32_t i = 0; i < n; i++) {
        bool named = ids && ids[i].len;
        if (open && named) {
            wx_print(pr, ")");
            open = false;
        }
        if (!open) {
            wx_strbuf_addf(pr->out, " (%s", word);
        }
        wx_print(pr, " ");
        if (named) {
            wx_strbuf_add(pr->out, ids[i].p, ids[i].len);
            wx_print(pr, " ");
        }
        wx_print_valtype(pr, types[i]);
        open = !named;
        if (named) {
            wx_print(pr, ")");
        }
    }
    wx_print(pr, open ? ")" : "");
}

void wx_print_signature(struct wx_printer *pr, const struct wx_functype *t, bool names)
{
    print_types(pr, "param", t->types, t->n_params, names ? pr->local_ids : NULL);
    print_types(pr, "result", t->types + t->n_params, t->n_results, NULL);
}

static void print_typeuse(struct wx_printer *pr, uint32_t type_idx, bool names)
{
    wx_print(pr, " (type");
    wx_print_index(pr, WX_SPACE_TYPE, type_idx);
    wx_print(pr, ")");
    wx_print_signature(pr, &pr->m->types[type_idx], names);
}

static void print_limits(struct wx_printer *pr, const struct wx_limits *l)
{
    wx_strbuf_addf(pr->out, "%s %" PRIu64, l->is64 ? " i64" : "", l->min);
    if (l->has_max) {
        wx_strbuf_addf(pr->out, " %" PRIu64, l->max);
    }
}

static void print_tabletype(struct wx_printer *pr, const struct wx_tabletype *t)
{
    print_limits(pr, &t->limits);
    wx_print(pr, " ");
    wx_print_valtype(pr, t->elem);
}

static void print_memtype(struct wx_printer *pr, const struct wx_limits *l)
{
    print_limits(pr, l);
    wx_print(pr, l->shared ? " shared" : "");
    if (l->page_shift != 16) {
        wx_strbuf_addf(pr->out, " (pagesize %u)", 1u << l->page_shift);
    }
}

static void print_globaltype(struct wx_printer *pr, struct wx_globaltype g)
{
    wx_print(pr, g.mut ? " (mut " : " ");
    wx_print_valtype(pr, g.type);
    wx_print(pr, g.mut ? ")" : "");
}

/* -------- fields -------- */

static void open_field(struct wx_printer *pr, const char *word)
{
    wx_print_line(pr);
    wx_print(pr, "(");
    wx_print(pr, word);
}

static void close_field(struct wx_printer *pr) { wx_print(pr, ")"); }

static void print_type_fields(struct wx_printer *pr)
{
    for (uint32_t i = 0; i < pr->m->n_types; i++) {
        open_field(pr, "type");
        print_id(pr, WX_SPACE_TYPE, i);
        wx_print(pr, " (func");
        wx_print_signature(pr, &pr->m->types[i], false);
        wx_print(pr, ")");
        close_field(pr);
    }
}

static const struct {
    const char *word;
    enum wx_space space;
} extern_kinds[] = {
    [WX_EXT_FUNC] = {"func", WX_SPACE_FUNC},       [WX_EXT_TABLE] = {"table", WX_SPACE_TABLE},
    [WX_EXT_MEMORY] = {"memory", WX_SPACE_MEMORY}, [WX_EXT_GLOBAL] = {"global", WX_SPACE_GLOBAL},
    [WX_EXT_TAG] = {"tag", WX_SPACE_TAG},
};

static void print_import(struct wx_printer *pr, const struct wx_import *im)
{
    const struct wx_module *m = pr->m;
    open_field(pr, "import");
    print_name(pr, im->module);
    print_name(pr, im->name);
    wx_print(pr, " (");
    wx_print(pr, extern_kinds[im->kind].word);
    print_id(pr, extern_kinds[im->kind].space, im->idx);
    switch (im->kind) {
    case WX_EXT_FUNC:
        wx_print_enter_func(pr, im->idx, wx_module_func_type(m, im->idx)->n_params);
        print_typeuse(pr, m->funcs[im->idx].type_idx, true);
        break;
    case WX_EXT_TABLE: print_tabletype(pr, &m->tables[im->idx].type); break;
    case WX_EXT_MEMORY: print_memtype(pr, &m->memories[im->idx]); break;
    case WX_EXT_GLOBAL: print_globaltype(pr, m->globals[im->idx].type); break;
    default: print_typeuse(pr, m->tags[im->idx], false); break;
    }
    wx_print(pr, ")");
    close_field(pr);
}

static void print_definitions(struct wx_printer *pr)
{
    const struct wx_module *m = pr->m;
    for (uint32_t i = m->n_table_imports; i < m->n_tables; i++) {
        open_field(pr, "table");
        print_id(pr, WX_SPACE_TABLE, i);
        print_tabletype(pr, &m->tables[i].type);
        if (m->tables[i].has_init) {
            wx_print_constexpr(pr, &m->tables[i].init, NULL);
        }
        close_field(pr);
    }
    for (uint32_t i = m->n_memory_imports; i < m->n_memories; i++) {
        open_field(pr, "memory");
        print_id(pr, WX_SPACE_MEMORY, i);
        print_memtype(pr, &m->memories[i]);
        close_field(pr);
    }
    for (uint32_t i = m->n_tag_imports; i < m->n_tags; i++) {
        open_field(pr, "tag");
        print_id(pr, WX_SPACE_TAG, i);
        print_typeuse(pr, m->tags[i], false);
        close_field(pr);
    }
    for (uint32_t i = m->n_global_imports; i < m->n_globals; i++) {
        open_field(pr, "global");
        print_id(pr, WX_SPACE_GLOBAL, i);
        print_globaltype(pr, m->globals[i].type);
        wx_print_constexpr(pr, &m->globals[i].init, NULL);
        close_field(pr);
    }
}

static void print_exports(struct wx_printer *pr)
{
    const struct wx_module *m = pr->m;
    for (uint32_t i = 0; i < m->n_exports; i++) {
        const struct wx_export *e = &m->exports[i];
        open_field(pr, "export");
        print_name(pr, e->name);
        wx_print(pr, " (");
        wx_print(pr, extern_kinds[e->kind].word);
        wx_print_index(pr, extern_kinds[e->kind].space, e->idx);
        wx_print(pr, ")");
        close_field(pr);
    }
    if (m->start_func != WAX_NO_INDEX) {
        open_field(pr, "start");
        wx_print_index(pr, WX_SPACE_FUNC, m->start_func);
        close_field(pr);
    }
}

static void print_elem(struct wx_printer *pr, uint32_t idx)
{
    const struct wx_elem_segment *s = &pr->m->elems[idx];
    open_field(pr, "elem");
    print_id(pr, WX_SPACE_ELEM, idx);
    if (s->mode == WX_SEG_ACTIVE) {
        if (s->table_idx) {
            wx_print(pr, " (table");
            wx_print_index(pr, WX_SPACE_TABLE, s->table_idx);
            wx_print(pr, ")");
        }
        wx_print_constexpr(pr, &s->offset, "offset");
    } else if (s->mode == WX_SEG_DECLARED) {
        wx_print(pr, " declare");
    }
    if (s->exprs) {
        wx_print(pr, " ");
        wx_print_valtype(pr, s->type);
    } else {
        wx_print(pr, " func");
    }
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->exprs) {
            wx_print_constexpr(pr, &s->exprs[i], "item");
        } else {
            wx_print_index(pr, WX_SPACE_FUNC, s->funcs[i]);
        }
    }
    close_field(pr);
}

static void print_data(struct wx_printer *pr, uint32_t idx)
{
    const struct wx_data_segment *s = &pr->m->datas[idx];
    open_field(pr, "data");
    print_id(pr, WX_SPACE_DATA, idx);
    if (s->mode == WX_SEG_ACTIVE) {
        if (s->memory_idx) {
            wx_print(pr, " (memory");
            wx_print_index(pr, WX_SPACE_MEMORY, s->memory_idx);
            wx_print(pr, ")");
        }
        wx_print_constexpr(pr, &s->offset, "offset");
    }
    wx_print(pr, " ");
    wx_print_string(pr->out, pr->m->bytes + s->data_off, s->data_len, true);
    close_field(pr);
}

/* -------- functions -------- */

/* Runs of one type share a field, but where they have names. */
static void print_locals(struct wx_printer *pr, const struct wx_func_def *f, uint32_t n_params)
{
    uint32_t idx = n_params, in_line = 0;
    for (uint32_t i = 0; i < f->n_runs; i++) {
        for (uint32_t k = 0; k < f->runs[i].n; k++, idx++) {
            const struct wx_name *ids = pr->local_ids ? &pr->local_ids[idx] : NULL;
            bool named = ids && ids->len;
            if (in_line && (named || in_line == 40)) {
                wx_print(pr, ")");
                in_line = 0;
            }
            if (!in_line) {
                wx_print_line(pr);
                wx_print(pr, "(local");
            }
            wx_print(pr, " ");
            if (named) {
                wx_strbuf_add(pr->out, ids->p, ids->len);
                wx_print(pr, " ");
            }
            wx_print_valtype(pr, f->runs[i].type);
            in_line = named ? 0 : in_line + 1;
            if (named) {
                wx_print(pr, ")");
            }
        }
    }
    wx_print(pr, in_line ? ")" : "");
}

static void print_func(struct wx_printer *pr, uint32_t idx)
{
    const struct wx_func_def *f = &pr->m->funcs[idx];
    open_field(pr, "func");
    print_id(pr, WX_SPACE_FUNC, idx);
    wx_print_enter_func(pr, idx, f->n_locals);
    print_typeuse(pr, f->type_idx, true);
    pr->indent++;
    print_locals(pr, f, pr->m->types[f->type_idx].n_params);
    wx_print_body(pr, f);
    pr->indent--;
    close_field(pr);
}

/* -------- custom sections -------- */

/* All but names, each with the section it stands behind. */
static void print_customs(struct wx_printer *pr)
{
    static const char *const after[] = {
        "(before first)", "(after type)",   "(after import)",    "(after func)",  "(after table)",
        "(after memory)", "(after global)", "(after export)",    "(after start)", "(after elem)",
        "(after code)",   "(after data)",   "(after datacount)", "(after tag)"};
    const struct wx_module *m = pr->m;
    struct wx_reader r;
    wx_reader_init(&r, m->bytes, 8, m->len - 8, "module", NULL);
    uint8_t last = 0;
    bool behind_names = false;
    for (uint32_t custom = 0; wx_reader_left(&r) > 0;) {
        uint8_t id = wx_read_u8(&r);
        uint32_t size = wx_read_u32(&r);
        const uint8_t *p = wx_read_bytes(&r, size);
        if (id != 0) { /* an empty vector is not printed: nothing can stand behind it */
            bool empty = size == 1 && p && *p == 0 && id != 8;
            last = id < WX_ARRAY_LEN(after) && !empty ? id : last;
            continue;
        }
        const struct wx_custom_section *c = &m->customs[custom++];
        if (c->name.len == 4 && memcmp(c->name.p, "name", 4) == 0) {
            behind_names = true;
            continue;
        }
        open_field(pr, "@custom");
        print_name(pr, c->name);
        if (!behind_names) {
            wx_print(pr, " ");
            wx_print(pr, after[last]);
        }
        wx_print(pr, " ");
        wx_print_string(pr->out, m->bytes + c->off, c->len, true);
        close_field(pr);
    }
}

/* -------- modules -------- */

static void print_module(struct wx_printer *pr)
{
    const struct wx_module *m = pr->m;
    wx_print(pr, "(module");
    if (m->module_name.len) {
        struct wx_name name = m->module_name;
        bool plain = true;
        for (uint32_t i = 0; i < name.len; i++) {
            plain &= wx_text_is_idchar((unsigned char)name.p[i]);
        }
        wx_print(pr, " $");
        if (plain) {
            wx_strbuf_add(pr->out, name.p, name.len);
        } else {
            wx_print_string(pr->out, name.p, name.len, false);
        }
    }
    pr->indent = 1;
    print_type_fields(pr);
    for (uint32_t i = 0; i < m->n_imports; i++) {
        print_import(pr, &m->imports[i]);
    }
    print_definitions(pr);
    print_exports(pr);
    for (uint32_t i = 0; i < m->n_elems; i++) {
        print_elem(pr, i);
    }
    for (uint32_t i = m->n_func_imports; i < m->n_funcs && !pr->out->failed; i++) {
        print_func(pr, i);
    }
    for (uint32_t i = 0; i < m->n_datas; i++) {
        print_data(pr, i);
    }
    print_customs(pr);
    wx_print(pr, ")\n");
}

wax_status wx_text_print(const struct wx_module *module, struct wx_strbuf *out, wax_error **err)
{
    struct wx_printer pr = {
        .m = module,
        .mem = out->mem,
        .out = out,
        .n = {[WX_SPACE_TYPE] = module->n_types,
              [WX_SPACE_FUNC] = module->n_funcs,
              [WX_SPACE_TABLE] = module->n_tables,
              [WX_SPACE_MEMORY] = module->n_memories,
              [WX_SPACE_GLOBAL] = module->n_globals,
              [WX_SPACE_TAG] = module->n_tags,
              [WX_SPACE_ELEM] = module->n_elems,
              [WX_SPACE_DATA] = module->n_datas},
    };
    pr.arena = wx_arena_new(out->mem);
    if (!pr.arena) {
        return wx_fail_nomem(err, "text");
    }
    wx_print_read_names(&pr);
    if (!pr.failed) {
        print_module(&pr);
    }
    wx_arena_free(pr.arena);
    wx_vec_fini(pr.mem, &pr.locals);
    return pr.failed || out->failed ? wx_fail_nomem(err, "text") : WAX_OK;
}
