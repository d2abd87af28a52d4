/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers of printed text, from the name section, and quoted strings. */
/*
 * An identifier must be unique in its space and must not be empty: a name that was used already
 * gets "#" and its index behind it. Names that are no plain identifiers are quoted.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "wasm/text/printer.h"

/* -------- strings -------- */

/* Length and value of the UTF-8 sequence at s (known to be well-formed). */
static unsigned decode_utf8(const unsigned char *s, uint32_t *ret)
{
    unsigned n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
    for (unsigned i = 1; i < n; i++) {
        c = c << 6 | (s[i] & 0x3fu);
    }
    *ret = c;
    return n;
}

/* Characters that change how a terminal shows what is around them. */
static bool is_hidden(uint32_t c)
{
    return (c >= 0x80 && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

void wx_print_string(struct wx_strbuf *out, const void *bytes, size_t len, bool is_data)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *s = bytes;
    bool raw = !is_data && wx_utf8_valid(bytes, len);
    wx_strbuf_add(out, "\"", 1);
    for (size_t i = 0; i < len;) {
        unsigned char c = s[i];
        if (c == '"' || c == '\\') {
            char escaped[2] = {'\\', (char)c};
            wx_strbuf_add(out, escaped, 2);
        } else if (c >= 0x20 && c < 0x7f) {
            wx_strbuf_add(out, (const char *)&c, 1);
        } else if (c < 0x80 || !raw) {
            char escaped[3] = {'\\', hex[c >> 4], hex[c & 15]};
            wx_strbuf_add(out, escaped, 3);
        } else {
            uint32_t code;
            unsigned n = decode_utf8(s + i, &code);
            if (is_hidden(code)) {
                wx_strbuf_addf(out, "\\u{%x}", code);
            } else {
                wx_strbuf_add(out, (const char *)s + i, n);
            }
            i += n;
            continue;
        }
        i++;
    }
    wx_strbuf_add(out, "\"", 1);
}

/* -------- identifiers -------- */

static bool is_plain(struct wx_name name)
{
    for (uint32_t i = 0; i < name.len; i++) {
        if (!wx_text_is_idchar((unsigned char)name.p[i])) {
            return false;
        }
    }
    return true;
}

/* "$name", unique in `taken`; empty when there is none (or no memory). */
static struct wx_name make_id(struct wx_printer *pr, struct wx_map *taken, struct wx_name name,
                              uint32_t idx)
{
    struct wx_name id = {"", 0};
    struct wx_strbuf unique, text;
    if (name.len == 0) {
        return id;
    }
    wx_strbuf_init(&unique, pr->mem);
    wx_strbuf_init(&text, pr->mem);
    wx_strbuf_add(&unique, name.p, name.len);
    while (wx_map_get(taken, wx_strbuf_str(&unique), unique.len) && !unique.failed) {
        wx_strbuf_addf(&unique, "#%u", idx);
    }
    name = (struct wx_name){wx_strbuf_str(&unique), (uint32_t)unique.len};
    wx_strbuf_add(&text, "$", 1);
    if (is_plain(name)) {
        wx_strbuf_add(&text, name.p, name.len);
    } else {
        wx_print_string(&text, name.p, name.len, false);
    }
    char *copy = wx_arena_alloc(pr->arena, text.len);
    if (copy && !text.failed && !unique.failed && wx_map_put(taken, name.p, name.len, pr)) {
        memcpy(copy, text.p, text.len);
        id = (struct wx_name){copy, (uint32_t)text.len};
    } else {
        pr->failed = true;
    }
    wx_strbuf_fini(&unique);
    wx_strbuf_fini(&text);
    return id;
}

/* A map from indices to names; each index once, ascending. */
static void read_name_map(struct wx_printer *pr, struct wx_reader *r, enum wx_space space)
{
    struct wx_name *ids = wx_arena_array(pr->arena, pr->n[space], sizeof *ids);
    if (!ids || pr->ids[space]) {
        pr->failed |= !ids;
        return;
    }
    struct wx_map taken;
    wx_map_init(&taken, pr->mem);
    uint32_t n = wx_read_count(r, 2, UINT32_MAX, "names");
    for (uint32_t i = 0; i < n && wx_reader_ok(r) && !pr->failed; i++) {
        uint32_t idx = wx_read_u32(r);
        struct wx_name name = wx_read_name(r);
        if (wx_reader_ok(r) && idx < pr->n[space] && ids[idx].len == 0) {
            ids[idx] = make_id(pr, &taken, name, idx);
        }
    }
    wx_map_fini(&taken);
    pr->ids[space] = ids;
}

static void read_local_names(struct wx_printer *pr, struct wx_reader *r)
{
    uint32_t n_funcs = wx_read_count(r, 2, UINT32_MAX, "functions"), last = 0;
    for (uint32_t i = 0; i < n_funcs && wx_reader_ok(r); i++) {
        uint32_t func = wx_read_u32(r), n = wx_read_count(r, 2, UINT32_MAX, "names");
        if (i && func <= last) {
            return; /* out of order: not a name section we trust further */
        }
        last = func;
        for (uint32_t k = 0; k < n && wx_reader_ok(r); k++) {
            struct wx_print_local l = {.func = func, .local = wx_read_u32(r)};
            l.name = wx_read_name(r);
            if (wx_reader_ok(r) && !wx_vec_push(pr->mem, &pr->locals, l)) {
                pr->failed = true;
                return;
            }
        }
    }
}

void wx_print_read_names(struct wx_printer *pr)
{
    static const struct {
        uint8_t id;
        uint8_t space;
    } maps[] = {
        {1, WX_SPACE_FUNC},   {4, WX_SPACE_TYPE}, {5, WX_SPACE_TABLE}, {6, WX_SPACE_MEMORY},
        {7, WX_SPACE_GLOBAL}, {8, WX_SPACE_ELEM}, {9, WX_SPACE_DATA},  {11, WX_SPACE_TAG},
    };
    const struct wx_custom_section *c = wx_module_find_custom(pr->m, "name");
    if (!c) {
        return;
    }
    struct wx_reader r;
    wx_reader_init(&r, pr->m->bytes, c->off, c->len, "name section", NULL);
    while (wx_reader_left(&r) > 0) {
        uint8_t id = wx_read_u8(&r);
        uint32_t size = wx_read_u32(&r);
        const uint8_t *p = wx_read_bytes(&r, size);
        if (!p) {
            return;
        }
        struct wx_reader sub;
        wx_reader_init(&sub, pr->m->bytes, (size_t)(p - pr->m->bytes), size, "name section", NULL);
        for (size_t i = 0; i < WX_ARRAY_LEN(maps); i++) {
            if (maps[i].id == id) {
                read_name_map(pr, &sub, (enum wx_space)maps[i].space);
            }
        }
        if (id == 2 && pr->locals.n == 0) {
            read_local_names(pr, &sub);
        }
    }
}

void wx_print_enter_func(struct wx_printer *pr, uint32_t func_idx, uint32_t n_locals)
{
    pr->local_ids = NULL;
    while (pr->local_at < pr->locals.n && pr->locals.p[pr->local_at].func < func_idx) {
        pr->local_at++;
    }
    if (pr->local_at == pr->locals.n || pr->locals.p[pr->local_at].func != func_idx) {
        return;
    }
    struct wx_name *ids = wx_arena_array(pr->arena, n_locals, sizeof *ids);
    if (!ids) {
        pr->failed = true;
        return;
    }
    struct wx_map taken;
    wx_map_init(&taken, pr->mem);
    for (; pr->local_at < pr->locals.n && pr->locals.p[pr->local_at].func == func_idx;
         pr->local_at++) {
        const struct wx_print_local *l = &pr->locals.p[pr->local_at];
        if (l->local < n_locals && ids[l->local].len == 0) {
            ids[l->local] = make_id(pr, &taken, l->name, l->local);
        }
    }
    wx_map_fini(&taken);
    pr->local_ids = ids;
}
