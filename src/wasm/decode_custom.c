/* SPDX-License-Identifier: Apache-2.0 */
/* Custom sections; the name section is read tolerantly: a broken one is ignored. */
#include "wasm/decoder.h"

#include <string.h>

static bool name_is(struct wx_name name, const char *s)
{
    return name.len == strlen(s) && memcmp(name.p, s, name.len) == 0;
}

/* Function names: a map from index to name, indices ascending. */
static void read_func_names(struct wx_decoder *d, struct wx_reader *r)
{
    struct wx_module *m = d->m;
    struct wx_name *names = wx_arena_array(m->arena, m->n_funcs, sizeof *names);
    if (!names) {
        return;
    }
    m->func_names = names;
    uint32_t n = wx_read_count(r, 2, UINT32_MAX, "names");
    for (uint32_t i = 0; i < n && wx_reader_ok(r); i++) {
        uint32_t idx = wx_read_u32(r);
        struct wx_name name = wx_read_name(r);
        if (wx_reader_ok(r) && idx < m->n_funcs) {
            names[idx] = name;
        }
    }
}

static void read_names(struct wx_decoder *d, uint32_t off, uint32_t len)
{
    struct wx_reader r;
    wx_reader_init(&r, d->m->bytes, off, len, "name section", NULL);
    while (wx_reader_left(&r) > 0) {
        uint8_t id = wx_read_u8(&r);
        uint32_t size = wx_read_u32(&r);
        const uint8_t *p = wx_read_bytes(&r, size);
        if (!p) {
            return;
        }
        struct wx_reader sub;
        wx_reader_init(&sub, d->m->bytes, (size_t)(p - d->m->bytes), size, "name section", NULL);
        if (id == 0) {
            d->m->module_name = wx_read_name(&sub);
        } else if (id == 1) {
            read_func_names(d, &sub);
        }
    }
}

void wx_decode_custom_section(struct wx_decoder *d)
{
    struct wx_reader *r = &d->r;
    struct wx_module *m = d->m;
    struct wx_name name = wx_read_name(r);
    if (!wx_reader_ok(r)) {
        return;
    }
    if (m->n_customs == d->limits.max_customs) {
        wx_reader_fail(r, WAX_E_LIMIT, "too many custom sections, the limit is %u",
                       d->limits.max_customs);
        return;
    }
    /* Grown in powers of two inside the arena. */
    if ((m->n_customs & (m->n_customs - 1)) == 0 || m->n_customs == 0) {
        uint32_t cap = m->n_customs ? m->n_customs * 2 : 1;
        struct wx_custom_section *grown = wx_arena_array(m->arena, cap, sizeof *grown);
        if (!grown) {
            wx_reader_fail(r, WAX_E_NOMEM, "out of memory for custom sections");
            return;
        }
        if (m->n_customs) {
            memcpy(grown, m->customs, m->n_customs * sizeof *grown);
        }
        m->customs = grown;
    }
    struct wx_custom_section *c = (struct wx_custom_section *)(uintptr_t)&m->customs[m->n_customs];
    m->n_customs++;
    c->name = name;
    c->off = (uint32_t)wx_reader_off(r);
    c->len = (uint32_t)wx_reader_left(r);
    r->p = r->end;
    if (name_is(name, "name") && m->func_names == NULL) {
        read_names(d, c->off, c->len);
    }
}
