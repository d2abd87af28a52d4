/* SPDX-License-Identifier: Apache-2.0 */
/* Joins the sections the parser made into a module, with the name section. */
#include <string.h>

#include "base/check.h"
#include "wasm/text/parser.h"

static const struct {
    uint8_t id;
    bool counted; /* a vector: its count stands before it */
} sections[WX_OUT_COUNT] = {
    [WX_OUT_TYPE] = {1, true},         [WX_OUT_IMPORT] = {2, true}, [WX_OUT_FUNC] = {3, true},
    [WX_OUT_TABLE] = {4, true},        [WX_OUT_MEMORY] = {5, true}, [WX_OUT_TAG] = {13, true},
    [WX_OUT_GLOBAL] = {6, true},       [WX_OUT_EXPORT] = {7, true}, [WX_OUT_START] = {8, false},
    [WX_OUT_ELEM] = {9, true},         [WX_OUT_CODE] = {10, true},  [WX_OUT_DATA] = {11, true},
    [WX_OUT_DATA_COUNT] = {12, false},
};

struct module_out {
    struct wx_parser *p;
    struct wx_text_module *m;
    wx_text_marks marks;
};

static void put_custom(struct module_out *o, const char *bytes, uint32_t len)
{
    struct wx_strbuf *out = &o->m->bytes;
    wx_emit_u8(out, 0);
    wx_emit_u32(out, len);
    wx_strbuf_add(out, bytes, len);
}

static void put_customs(struct module_out *o, int section, bool after)
{
    const struct wx_parser *p = o->p;
    for (size_t i = 0; i < p->customs.n; i++) {
        const struct wx_text_custom *c = &p->customs.p[i];
        if (c->section == section && c->after == after) {
            put_custom(o, p->custom_bytes.p + c->off, c->len);
        }
    }
}

static void put_section(struct module_out *o, int section)
{
    struct wx_parser *p = o->p;
    const struct wx_text_out *from = &p->out[section];
    struct wx_strbuf *out = &o->m->bytes, *count = &p->key;
    if (from->b.len == 0) {
        return;
    }
    count->len = 0;
    if (sections[section].counted) {
        wx_emit_u32(count, from->n);
    }
    wx_emit_u8(out, sections[section].id);
    wx_emit_u32(out, (uint32_t)(count->len + from->b.len));
    wx_strbuf_add(out, wx_strbuf_str(count), count->len);
    if (!wx_vec_reserve(p->mem, &o->marks, from->marks.n)) {
        wx_p_nomem(p);
        return;
    }
    for (size_t i = 0; i < from->marks.n; i++) {
        struct wx_text_mark mark = from->marks.p[i];
        mark.off += (uint32_t)out->len;
        o->marks.p[o->marks.n++] = mark;
    }
    wx_strbuf_add(out, from->b.p, from->b.len);
}

/* -------- names -------- */

static void put_sym(struct wx_strbuf *out, const struct wx_sym *sym)
{
    wx_emit_u32(out, sym->len);
    wx_strbuf_add(out, sym->name, sym->len);
}

static void put_subsection(struct wx_strbuf *out, uint8_t id, const struct wx_strbuf *payload)
{
    wx_emit_u8(out, id);
    wx_emit_u32(out, (uint32_t)payload->len);
    wx_strbuf_add(out, wx_strbuf_str(payload), payload->len);
}

static void put_name_map(struct wx_parser *p, struct wx_strbuf *out, uint8_t id,
                         enum wx_space space)
{
    struct wx_strbuf *map = &p->head;
    if (p->names[space].n == 0) {
        return;
    }
    map->len = 0;
    wx_emit_u32(map, (uint32_t)p->names[space].n);
    for (size_t i = 0; i < p->names[space].n; i++) {
        wx_emit_u32(map, p->names[space].p[i].idx);
        put_sym(map, p->names[space].p[i].sym);
    }
    put_subsection(out, id, map);
}

static void put_local_names(struct wx_parser *p, struct wx_strbuf *out)
{
    struct wx_strbuf *map = &p->head, *one = &p->pending;
    uint32_t n_funcs = 0;
    const struct wx_text_local_name *names = p->local_names.p;
    size_t n = p->local_names.n;
    map->len = 0;
    for (size_t i = 0; i < n;) {
        uint32_t n_locals = 0;
        size_t first = i;
        one->len = 0;
        for (; i < n && names[i].func == names[first].func; i++, n_locals++) {
            wx_emit_u32(one, names[i].local);
            put_sym(one, names[i].sym);
        }
        wx_emit_u32(map, names[first].func);
        wx_emit_u32(map, n_locals);
        wx_strbuf_add(map, wx_strbuf_str(one), one->len);
        n_funcs++;
    }
    if (n_funcs) {
        one->len = 0;
        wx_emit_u32(one, n_funcs);
        wx_strbuf_add(one, wx_strbuf_str(map), map->len);
        put_subsection(out, 2, one);
    }
}

/* Core ones, then those of the extended name section. */
static void put_names(struct module_out *o)
{
    static const struct {
        uint8_t id;
        uint8_t space;
    } maps[] = {
        {4, WX_SPACE_TYPE}, {5, WX_SPACE_TABLE}, {6, WX_SPACE_MEMORY}, {7, WX_SPACE_GLOBAL},
        {8, WX_SPACE_ELEM}, {9, WX_SPACE_DATA},  {11, WX_SPACE_TAG},
    };
    struct wx_parser *p = o->p;
    struct wx_strbuf *out = &p->scratch;
    out->len = 0;
    wx_strbuf_add(out, "\4name", 5);
    if (p->module_name) {
        p->head.len = 0;
        put_sym(&p->head, p->module_name);
        put_subsection(out, 0, &p->head);
    }
    put_name_map(p, out, 1, WX_SPACE_FUNC);
    put_local_names(p, out);
    for (size_t i = 0; i < WX_ARRAY_LEN(maps); i++) {
        put_name_map(p, out, maps[i].id, (enum wx_space)maps[i].space);
    }
    if (out->len > 5) {
        put_custom(o, out->p, (uint32_t)out->len);
    }
}

static bool too_big(const struct wx_parser *p)
{
    uint64_t total = 0;
    for (int i = 0; i < WX_OUT_COUNT; i++) {
        total += p->out[i].b.len;
    }
    return total + p->custom_bytes.len > p->limits->max_module_bytes;
}

void wx_p_assemble(struct wx_parser *p, struct wx_text_module *ret)
{
    if (too_big(p)) {
        wx_p_fail_at(p, WAX_E_LIMIT, 0, "module too big, the limit is %llu bytes",
                     (unsigned long long)p->limits->max_module_bytes);
        return;
    }
    struct module_out o = {.p = p, .m = ret};
    if (p->uses_data) {
        wx_emit_u32(&p->out[WX_OUT_DATA_COUNT].b, p->out[WX_OUT_DATA].n);
    }
    wx_strbuf_add(&ret->bytes, "\0asm\1\0\0\0", 8);
    for (int i = 0; i < WX_OUT_COUNT; i++) {
        put_customs(&o, i, false);
        put_section(&o, i);
        put_customs(&o, i, true);
    }
    put_names(&o);
    put_customs(&o, WX_OUT_COUNT, false);
    put_customs(&o, WX_OUT_COUNT, true);
    ret->marks = o.marks.p;
    ret->n_marks = o.marks.n;
}
