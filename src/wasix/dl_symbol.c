/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols: who defines one, what its address is, which table index a function has. */
/*
 * A symbol is an export. Those of the program come first, then those of libraries in the order they
 * were loaded, so what was found once is found always. An exported global is an address less the
 * memory base of its library, or, thread-local, less the base of its block. A function has one
 * table index, whoever asks: the place its library gives it in its own part of the table, else one
 * made for it.
 */
#include <string.h>

#include "engine/rt/linker.h"
#include "wasi/abi.h"
#include "wasix/dl.h"

#define MAX_HOPS 16u /* modules that only hand a function on */

static bool name_is(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

/* -------- finding -------- */

static bool find_export(const struct wx_dl_lib *lib, struct wx_name name, struct wx_dl_symbol *ret)
{
    const struct wx_module *w = lib->module->wasm;
    const struct wx_export *e = wx_module_find_export(w, name.p, name.len);
    uint32_t flags = e ? lib->info.export_flags[e - w->exports] : WX_DYLINK_HIDDEN;
    if ((flags & WX_DYLINK_HIDDEN) ||
        (e->kind != WX_EXT_FUNC && e->kind != WX_EXT_GLOBAL && e->kind != WX_EXT_TAG)) {
        return false;
    }
    *ret = (struct wx_dl_symbol){lib, e->kind, e->idx, flags};
    return true;
}

/* The import behind an index; NULL: it is none. */
static const struct wx_import *find_import(const struct wx_module *w, uint8_t kind, uint32_t idx)
{
    for (uint32_t i = 0; i < w->n_imports; i++) {
        if (w->imports[i].kind == kind && w->imports[i].idx == idx) {
            return &w->imports[i];
        }
    }
    return NULL;
}

static bool is_handed_on(const struct wx_dl_symbol *s)
{
    return s->kind == WX_EXT_FUNC && s->idx < s->lib->module->wasm->n_func_imports;
}

bool wx_dl_find_in(const struct wx_dl *dl, uint32_t n, const struct wx_dl_lib *lib,
                   struct wx_name name, struct wx_dl_symbol *ret)
{
    if (!find_export(lib, name, ret)) {
        return false;
    }
    for (unsigned hops = 0; is_handed_on(ret); hops++) {
        const struct wx_import *im = find_import(ret->lib->module->wasm, WX_EXT_FUNC, ret->idx);
        if (!im || !name_is(im->module, "env")) {
            return true; /* a function of the host */
        }
        struct wx_dl_symbol next;
        bool found = false;
        for (uint32_t i = 0; i < n && !found && hops < MAX_HOPS; i++) {
            found = dl->libs[i] != ret->lib && find_export(dl->libs[i], im->name, &next);
        }
        if (!found) {
            return true;
        }
        *ret = next;
    }
    return true;
}

bool wx_dl_find_symbol(const struct wx_dl *dl, uint32_t n, struct wx_name name,
                       struct wx_dl_symbol *ret)
{
    for (uint32_t i = 0; i < n; i++) {
        if (wx_dl_find_in(dl, n, dl->libs[i], name, ret)) {
            return true;
        }
    }
    return false;
}

bool wx_dl_address(const struct wx_dl_symbol *s, struct wx_dl_got *ret)
{
    const struct wx_module *w = s->lib->module->wasm;
    const struct wx_global_def *g = s->kind == WX_EXT_GLOBAL ? &w->globals[s->idx] : NULL;
    if (!g || s->idx < w->n_global_imports || g->init.form != WX_CE_CONST ||
        (wx_type_kind(g->type.type) != WX_KIND_I32 && wx_type_kind(g->type.type) != WX_KIND_I64)) {
        return false;
    }
    bool tls = (s->flags & WX_DYLINK_TLS) != 0;
    *ret =
        (struct wx_dl_got){g->init.value[0] + (tls ? 0 : s->lib->memory_base), tls ? s->lib : NULL};
    return true;
}

/* -------- the table -------- */

/* The last range that begins at or before idx. */
static const struct wx_dl_range *find_range(const struct wx_dl *dl, uint64_t idx)
    WAX_REQUIRES(&dl->lock)
{
    size_t low = 0, high = dl->ranges.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (dl->ranges.p[mid].first <= idx) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    const struct wx_dl_range *r = low ? &dl->ranges.p[low - 1] : NULL;
    return r && idx - r->first < r->n ? r : NULL;
}

bool wx_dl_slot_owner(struct wx_dl *dl, uint64_t idx, const struct wx_dl_lib **ret_lib,
                      uint32_t *ret_func)
{
    wx_mutex_lock(&dl->lock);
    const struct wx_dl_range *r = find_range(dl, idx);
    const struct wx_dl_lib *lib = r ? r->lib : NULL;
    uint32_t func = r ? r->func : WAX_NO_INDEX;
    if (lib && func == WAX_NO_INDEX) {
        uint32_t f = lib->elem_funcs[idx - r->first];
        func = f ? f - 1 : WAX_NO_INDEX;
    }
    wx_mutex_unlock(&dl->lock);
    if (!lib || func == WAX_NO_INDEX) {
        return false;
    }
    *ret_lib = lib;
    *ret_func = func;
    return true;
}

static uint64_t add_range(struct wx_dl *dl, uint64_t n, const struct wx_dl_lib *lib, uint32_t func)
    WAX_REQUIRES(&dl->lock)
{
    const struct wx_dl_range r = {dl->table_size, n, lib, func};
    uint64_t limit = wx_engine_get_config(dl->env->engine)->max_table_elems;
    limit = limit ? limit : WX_TABLE_MAX_ELEMS;
    if (dl->table_size > limit || n > limit - dl->table_size ||
        !wx_vec_push(&dl->env->mem, &dl->ranges, r)) {
        return UINT64_MAX;
    }
    dl->table_size += n;
    return r.first;
}

uint64_t wx_dl_reserve(struct wx_dl *dl, uint64_t n)
{
    wx_mutex_lock(&dl->lock);
    uint64_t first = add_range(dl, n, NULL, WAX_NO_INDEX);
    wx_mutex_unlock(&dl->lock);
    return first;
}

uint32_t wx_dl_slot(struct wx_dl *dl, const struct wx_dl_lib *lib, uint32_t func)
{
    wx_mutex_lock(&dl->lock);
    if (!lib->slots[func]) {
        uint64_t first = add_range(dl, 1, lib, func);
        lib->slots[func] = first == UINT64_MAX ? 0 : (uint32_t)first;
    }
    uint32_t slot = lib->slots[func];
    wx_mutex_unlock(&dl->lock);
    return slot;
}

/* -------- checking -------- */

struct check {
    struct wx_dl_group *g;
    struct wx_dl *dl;
    uint32_t n;
    struct wx_dl_lib *lib;
    const struct wx_import *im;
    const struct wx_linker *others; /* what is no symbol of a library */
    bool weak, now;
    wax_error **err;
};

static wax_status bad(const struct check *c, const char *why)
{
    static const char *const kinds[] = {"function", "table", "memory", "global", "tag"};
    return wx_fail(c->err, WAX_E_LINK, "'%s' can not be linked: %s '%.*s.%.*s' %s", c->lib->name,
                   kinds[c->im->kind], (int)c->im->module.len, c->im->module.p,
                   (int)c->im->name.len, c->im->name.p, why);
}

static wax_status missing(const struct check *c, const char *what)
{
    (void)wx_fail(c->err, WAX_E_LINK,
                  "%s symbol '%.*s' is not defined: '%s' wants it, and none of the %u modules "
                  "loaded has it",
                  what, (int)c->im->name.len, c->im->name.p, c->lib->path, c->n);
    wx_error_set_hint(c->err, "load the library that defines it first, or link '%s' with it",
                      c->lib->name);
    return WAX_E_LINK;
}

static wax_status other_type(const struct check *c, const struct wx_dl_symbol *s, const char *why)
{
    return wx_fail(c->err, WAX_E_LINK,
                   "symbol '%.*s': '%s' wants it as something else than '%s' "
                   "defines it: %s",
                   (int)c->im->name.len, c->im->name.p, c->lib->path, s->lib->path, why);
}

/* Does somebody outside of the libraries define it? */
static bool is_others(const struct check *c, wax_status *st)
{
    struct wx_extern ext;
    *st = wx_linker_find(c->others, c->g->self->store, c->lib->module, c->im, &ext, c->err);
    return *st == WAX_OK;
}

static wax_status check_func(const struct check *c)
{
    const struct wx_rt_module *m = c->lib->module;
    struct wx_dl_symbol s;
    wax_status st;
    if (wx_abi_is_space(c->im->module)) {
        return WAX_OK; /* looked at when it is linked */
    }
    if (!name_is(c->im->module, "env")) {
        return is_others(c, &st) ? WAX_OK : bad(c, "is not provided");
    }
    if (!wx_dl_find_symbol(c->dl, c->n, c->im->name, &s)) {
        return !c->now || c->weak || is_others(c, &st) ? WAX_OK : missing(c, "function");
    }
    if (s.kind != WX_EXT_FUNC) {
        return other_type(c, &s, "it is no function");
    }
    const struct wx_rt_module *def = s.lib->module;
    return def->sigs[def->wasm->funcs[s.idx].type_idx] ==
                   m->sigs[m->wasm->funcs[c->im->idx].type_idx]
               ? WAX_OK
               : other_type(c, &s, "their types differ");
}

/* Places the linker itself knows. */
static bool find_place(const struct wx_dl *dl, struct wx_name name, uint64_t *ret)
{
    const struct {
        const char *name;
        uint64_t value;
    } places[] = {{"__stack_low", dl->stack_low},
                  {"__stack_high", dl->stack_high},
                  {"__heap_base", dl->stack_high},
                  {"__heap_end", dl->heap_end}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (name_is(name, places[i].name)) {
            *ret = places[i].value;
            return true;
        }
    }
    return false;
}

static wax_status check_got_mem(const struct check *c, struct wx_dl_got *got)
{
    struct wx_dl_symbol s;
    if (find_place(c->dl, c->im->name, &got->value)) {
        return WAX_OK;
    }
    if (!wx_dl_find_symbol(c->dl, c->n, c->im->name, &s)) {
        return c->weak ? WAX_OK : missing(c, "data");
    }
    return wx_dl_address(&s, got) ? WAX_OK : other_type(c, &s, "it has no address");
}

/* The function import of the same name, which may be the host's. */
static const struct wx_import *find_sibling(const struct check *c)
{
    const struct wx_module *w = c->lib->module->wasm;
    for (uint32_t i = 0; i < w->n_imports; i++) {
        const struct wx_import *im = &w->imports[i];
        if (im->kind == WX_EXT_FUNC && name_is(im->module, "env") &&
            im->name.len == c->im->name.len &&
            memcmp(im->name.p, c->im->name.p, im->name.len) == 0) {
            return im;
        }
    }
    return NULL;
}

static wax_status check_got_func(const struct check *c, struct wx_dl_got *got)
{
    struct wx_dl_symbol s = {.lib = c->lib, .kind = WX_EXT_FUNC};
    if (!wx_dl_find_symbol(c->dl, c->n, c->im->name, &s)) {
        struct check sibling = *c;
        sibling.im = find_sibling(c);
        wax_status st;
        if (!sibling.im || !is_others(&sibling, &st)) {
            return c->weak ? WAX_OK : missing(c, "function");
        }
        s.idx = sibling.im->idx;
    }
    if (s.kind != WX_EXT_FUNC) {
        return other_type(c, &s, "it is no function");
    }
    got->value = wx_dl_slot(c->dl, s.lib, s.idx);
    return got->value ? WAX_OK : bad(c, "has no room in the table");
}

static wax_status check_global(const struct check *c, struct wx_dl_got *got)
{
    bool is_mem = name_is(c->im->module, "GOT.mem"), is_func = name_is(c->im->module, "GOT.func");
    if (!is_mem && !is_func) {
        return WAX_OK; /* looked at when it is linked */
    }
    wx_valtype type = c->lib->module->wasm->globals[c->im->idx].type.type;
    if (wx_type_kind(type) != WX_KIND_I32 && wx_type_kind(type) != WX_KIND_I64) {
        return bad(c, "is no integer");
    }
    return is_mem ? check_got_mem(c, got) : check_got_func(c, got);
}

static wax_status check_import(const struct check *c, struct wx_dl_got *got)
{
    switch (c->im->kind) {
    case WX_EXT_FUNC: return check_func(c);
    case WX_EXT_GLOBAL: return check_global(c, got);
    case WX_EXT_TABLE:
        return name_is(c->im->name, "__indirect_function_table") ? WAX_OK
                                                                 : bad(c, "is not provided");
    case WX_EXT_MEMORY: return c->im->idx == 0 ? WAX_OK : bad(c, "is a second one");
    default: return WAX_OK;
    }
}

wax_status wx_dl_check(struct wx_dl_group *g, struct wx_dl_lib *lib, bool now,
                       const struct wx_linker *others, wax_error **err)
{
    const struct wx_module *w = lib->module->wasm;
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < w->n_imports && st == WAX_OK; i++) {
        const struct check c = {.g = g,
                                .dl = g->dl,
                                .n = g->dl->n_loaded,
                                .lib = lib,
                                .im = &w->imports[i],
                                .others = others,
                                .weak = (lib->info.import_flags[i] & WX_DYLINK_WEAK) != 0,
                                .now = now,
                                .err = err};
        st = check_import(&c, &lib->got[i]);
    }
    return st;
}
