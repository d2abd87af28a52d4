/* SPDX-License-Identifier: Apache-2.0 */
/* Reading "dylink.0". Source: tool-conventions, DynamicLinking.md. */
#include "wasm/dylink.h"

#include <string.h>

#include "base/map.h"
#include "wasm/reader.h"

#define SECTION "dylink.0"
#define MAX_NEEDED 4096u
#define MAX_PATHS 256u
#define MAX_ALIGN 30u

enum { MEM_INFO = 1, NEEDED, EXPORT_INFO, IMPORT_INFO, RUNTIME_PATH };

struct parser {
    const struct wx_module *m;
    struct wx_mem *mem;
    struct wx_dylink *dl;
    struct wx_reader r;     /* of the present subsection */
    uint32_t seen;          /* subsections, by number */
    struct wx_map flags[2]; /* name -> flags + 1; exports, imports */
};

static bool name_is(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

bool wx_dylink_is(const struct wx_module *module)
{
    return wx_module_find_custom(module, SECTION) != NULL;
}

static void nomem(struct parser *p) { wx_reader_fail(&p->r, WAX_E_NOMEM, "out of memory"); }

static uint32_t read_align(struct parser *p, const char *what)
{
    uint32_t align = wx_read_u32(&p->r);
    if (wx_reader_ok(&p->r) && align > MAX_ALIGN) {
        wx_reader_fail(&p->r, WAX_E_LIMIT, "%s alignment 2^%u is over the limit of 2^%u", what,
                       align, MAX_ALIGN);
    }
    return align;
}

static void read_mem_info(struct parser *p)
{
    p->dl->memory_size = wx_read_u32(&p->r);
    p->dl->memory_align = read_align(p, "memory");
    p->dl->table_size = wx_read_u32(&p->r);
    p->dl->table_align = read_align(p, "table");
}

static void read_names(struct parser *p, uint32_t max, const char *what, struct wx_name **ret_names,
                       uint32_t *ret_n)
{
    uint32_t n = wx_read_count(&p->r, 1, max, what);
    struct wx_name *names = wx_zalloc_array(p->mem, (size_t)n + 1, sizeof *names);
    if (!names) {
        nomem(p);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        names[i] = wx_read_name(&p->r);
    }
    *ret_names = names;
    *ret_n = n;
}

static void read_flags(struct parser *p, bool of_imports)
{
    uint32_t n = wx_read_count(&p->r, 2, UINT32_MAX, "symbols");
    for (uint32_t i = 0; i < n && wx_reader_ok(&p->r); i++) {
        if (of_imports) {
            (void)wx_read_name(&p->r); /* the module it is imported from: "env" */
        }
        struct wx_name name = wx_read_name(&p->r);
        uintptr_t flags = wx_read_u32(&p->r);
        if (wx_reader_ok(&p->r) && name.len &&
            !wx_map_put(&p->flags[of_imports], name.p, name.len, (void *)(flags + 1))) {
            nomem(p);
        }
    }
}

static void read_subsection(struct parser *p, uint8_t id)
{
    if (id >= MEM_INFO && id <= RUNTIME_PATH && (p->seen >> id & 1)) {
        wx_reader_fail(&p->r, WAX_E_MALFORMED, "subsection %u is there twice", id);
        return;
    }
    p->seen |= id <= RUNTIME_PATH ? 1u << id : 0;
    switch (id) {
    case MEM_INFO: read_mem_info(p); break;
    case NEEDED:
        read_names(p, MAX_NEEDED, "needed libraries", &p->dl->needed, &p->dl->n_needed);
        break;
    case EXPORT_INFO: read_flags(p, false); break;
    case IMPORT_INFO: read_flags(p, true); break;
    case RUNTIME_PATH:
        read_names(p, MAX_PATHS, "directories", &p->dl->paths, &p->dl->n_paths);
        break;
    default: return; /* of later versions: passed over, as the convention says */
    }
    if (wx_reader_ok(&p->r) && wx_reader_left(&p->r)) {
        wx_reader_fail(&p->r, WAX_E_MALFORMED, "subsection %u is longer than what is in it", id);
    }
}

static wax_status read_section(struct parser *p, const struct wx_custom_section *s, wax_error **err)
{
    struct wx_reader r;
    wx_reader_init(&r, p->m->bytes, s->off, s->len, SECTION, err);
    while (wx_reader_ok(&r) && wx_reader_left(&r)) {
        uint8_t id = wx_read_u8(&r);
        uint32_t len = wx_read_u32(&r);
        const uint8_t *at = wx_read_bytes(&r, len);
        if (at) {
            wx_reader_init(&p->r, p->m->bytes, (size_t)(at - p->m->bytes), len, SECTION, err);
            read_subsection(p, id);
            r.status = p->r.status;
        }
    }
    return r.status;
}

static uint32_t flags_of(const struct wx_map *map, struct wx_name name)
{
    uintptr_t v = name.len ? (uintptr_t)wx_map_get(map, name.p, name.len) : 0;
    return v ? (uint32_t)(v - 1) : 0;
}

/* From names to numbers of exports and imports. */
static bool place_flags(struct parser *p)
{
    const struct wx_module *m = p->m;
    struct wx_dylink *dl = p->dl;
    dl->export_flags = wx_zalloc_array(p->mem, (size_t)m->n_exports + 1, sizeof(uint32_t));
    dl->import_flags = wx_zalloc_array(p->mem, (size_t)m->n_imports + 1, sizeof(uint32_t));
    if (!dl->export_flags || !dl->import_flags) {
        return false;
    }
    for (uint32_t i = 0; i < m->n_exports; i++) {
        dl->export_flags[i] = flags_of(&p->flags[0], m->exports[i].name);
    }
    for (uint32_t i = 0; i < m->n_imports; i++) {
        dl->import_flags[i] = flags_of(&p->flags[1], m->imports[i].name);
    }
    return true;
}

static const struct wx_custom_section *find_section(const struct wx_module *m, uint32_t *ret_n)
{
    const struct wx_custom_section *found = NULL;
    *ret_n = 0;
    for (uint32_t i = 0; i < m->n_customs; i++) {
        if (name_is(m->customs[i].name, SECTION)) {
            found = &m->customs[i];
            ++*ret_n;
        }
    }
    return found;
}

wax_status wx_dylink_read(const struct wx_module *module, struct wx_mem *mem, struct wx_dylink *ret,
                          wax_error **err)
{
    uint32_t n;
    const struct wx_custom_section *s = find_section(module, &n);
    *ret = (struct wx_dylink){0};
    if (n != 1) {
        return n ? wx_fail_at(err, WAX_E_MALFORMED, s->off, "there is more than one section '%s'",
                              SECTION)
                 : WAX_E_NOT_FOUND;
    }
    struct parser p = {.m = module, .mem = mem, .dl = ret};
    wx_map_init(&p.flags[0], mem);
    wx_map_init(&p.flags[1], mem);
    wax_status st = read_section(&p, s, err);
    if (st == WAX_OK && !place_flags(&p)) {
        st = wx_fail_nomem(err, "symbols");
    }
    wx_map_fini(&p.flags[0]);
    wx_map_fini(&p.flags[1]);
    if (st != WAX_OK) {
        wx_dylink_fini(ret, mem);
    }
    return st;
}

void wx_dylink_fini(struct wx_dylink *dylink, struct wx_mem *mem)
{
    wx_free(mem, dylink->needed);
    wx_free(mem, dylink->paths);
    wx_free(mem, dylink->export_flags);
    wx_free(mem, dylink->import_flags);
    *dylink = (struct wx_dylink){0};
}
