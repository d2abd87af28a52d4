/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: reading a library, giving it a place in memory and table, then what it needs. */
/*
 * What is needed comes first (so its constructors run first), the program itself before all. A
 * library that is being loaded counts as there when another one needs it, so circles are none.
 *
 * Memory of libraries is grown for them, whole pages; what is left over, and what a library that
 * could not be loaded had, serves the next one and blocks of thread-local data. It never goes back:
 * neither does a library.
 */
#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "wasix/dl.h"
#include "wasm/reader.h"

#define MAIN_STACK (UINT64_C(8) << 20)
#define LEAST_BASE 1024u /* what lies below is not valid as an address */

static bool name_is(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

static uint64_t align_up(uint64_t v, uint32_t align)
{
    uint64_t mask = (UINT64_C(1) << align) - 1;
    return (v + mask) & ~mask;
}

/* -------- memory -------- */

static void put_span(struct wx_dl *dl, uint64_t at, uint64_t end) WAX_REQUIRES(&dl->lock)
{
    struct wx_dl_span s = {at, end};
    if (at < end) {
        (void)wx_vec_push(&dl->env->mem, &dl->free, s); /* else nobody gets it */
    }
}

/* The smallest span it fits in. */
static uint64_t take_span(struct wx_dl *dl, uint64_t size, uint32_t align) WAX_REQUIRES(&dl->lock)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < dl->free.n; i++) {
        const struct wx_dl_span *s = &dl->free.p[i];
        uint64_t at = align_up(s->at, align);
        bool fits = at <= s->end && size <= s->end - at;
        if (fits &&
            (best == SIZE_MAX || s->end - s->at < dl->free.p[best].end - dl->free.p[best].at)) {
            best = i;
        }
    }
    if (best == SIZE_MAX) {
        return 0;
    }
    struct wx_dl_span s = dl->free.p[best];
    uint64_t at = align_up(s.at, align);
    dl->free.p[best] = dl->free.p[--dl->free.n];
    put_span(dl, s.at, at);
    put_span(dl, at + size, s.end);
    return at;
}

uint64_t wx_dl_take_memory(struct wx_dl *dl, uint64_t size, uint32_t align)
{
    struct wx_memory *m = dl->env->memory;
    unsigned shift = m->type.page_shift;
    wx_mutex_lock(&dl->lock);
    uint64_t at = take_span(dl, size, align);
    if (!at) {
        uint64_t slack = align > shift ? UINT64_C(1) << align : 0;
        uint64_t pages = align_up(size + slack, shift) >> shift;
        uint64_t old = wx_memory_grow(m, pages);
        if (old != UINT64_MAX) {
            put_span(dl, old << shift, (old + pages) << shift);
            at = take_span(dl, size, align);
        }
    }
    wx_mutex_unlock(&dl->lock);
    return at;
}

void wx_dl_clear(struct wx_dl *dl, uint64_t at, uint64_t size)
{
    static const uint64_t zeros[32];
    for (uint64_t n; size; at += n, size -= n) {
        n = size < sizeof zeros ? size : sizeof zeros;
        wx_memory_write(dl->env->memory, at, zeros, n);
    }
}

void wx_dl_give_memory(struct wx_dl *dl, uint64_t at, uint64_t size)
{
    if (at && size && !dl->borrows) {
        wx_dl_clear(dl, at, size);
        wx_mutex_lock(&dl->lock);
        put_span(dl, at, at + size);
        wx_mutex_unlock(&dl->lock);
    }
}

/* -------- reading -------- */

static void lib_free(struct wx_dl *dl, struct wx_dl_lib *lib)
{
    struct wx_mem *mem = &dl->env->mem;
    if (lib) {
        wx_dylink_fini(&lib->info, mem);
        wx_rt_module_unref(lib->module);
        wx_free(mem, lib->name);
        wx_free(mem, lib->path);
        wx_free(mem, lib->got);
        wx_free(mem, lib->elem_funcs);
        wx_free(mem, lib->slots);
        wx_free(mem, lib);
    }
}

/* All of a file, from the engine's account. */
static wax_status read_bytes(struct wx_engine *engine, struct wx_file *f, uint64_t size,
                             const char *path, uint8_t **ret, wax_error **err)
{
    uint8_t *bytes = wx_alloc(wx_engine_get_mem(engine), size ? size : 1);
    if (!bytes) {
        return wx_fail_nomem(err, "a library");
    }
    for (uint64_t at = 0; at < size;) {
        struct iovec iov = {bytes + at, size - at};
        ssize_t n = f->ops->io(f, false, &iov, 1, (int64_t)at);
        if (n <= 0) {
            wx_free(wx_engine_get_mem(engine), bytes);
            return wx_fail(err, WAX_E_LINK, "library '%s' can not be read: %s", path,
                           n ? strerror((int)-n) : "it got shorter");
        }
        at += (uint64_t)n;
    }
    *ret = bytes;
    return WAX_OK;
}

static wax_status read_module(struct wx_dl *dl, struct wx_dl_lib *lib, struct wx_file *f,
                              wax_error **err)
{
    struct wx_engine *engine = dl->env->engine;
    struct stat st;
    uint8_t *bytes = NULL;
    int e = f->ops->stat(f, &st);
    if (e) {
        return wx_fail(err, WAX_E_LINK, "library '%s' can not be read: %s", lib->path, strerror(e));
    }
    if ((uint64_t)st.st_size > wx_decode_limits_default.max_module_bytes) {
        return wx_fail(err, WAX_E_LIMIT, "library '%s' is larger than %llu bytes", lib->path,
                       (unsigned long long)wx_decode_limits_default.max_module_bytes);
    }
    lib->dev = st.st_dev;
    lib->ino = st.st_ino;
    wax_status s = read_bytes(engine, f, (uint64_t)st.st_size, lib->path, &bytes, err);
    if (s == WAX_OK) {
        s = wx_rt_module_new_owned(engine, bytes, (size_t)st.st_size, &lib->module, err);
        if (s != WAX_OK) {
            wx_error_prefix(err, "library '%s'", lib->path);
        }
    }
    return s;
}

/* -------- looking at a module -------- */

static const struct wx_export *find_global(const struct wx_module *w, const char *name)
{
    const struct wx_export *e = wx_module_find_export(w, name, strlen(name));
    return e && e->kind == WX_EXT_GLOBAL ? e : NULL;
}

static uint64_t constant_of(const struct wx_module *w, const char *name)
{
    const struct wx_export *e = find_global(w, name);
    const struct wx_global_def *g = e && e->idx >= w->n_global_imports ? &w->globals[e->idx] : NULL;
    return g && g->init.form == WX_CE_CONST ? g->init.value[0] : 0;
}

static wax_status look_at_tls(const struct wx_dl *dl, struct wx_dl_lib *lib, wax_error **err)
{
    const struct wx_module *w = lib->module->wasm;
    const struct wx_export *base = find_global(w, "__tls_base");
    bool has_symbols = false;
    for (uint32_t i = 0; i < w->n_exports; i++) {
        has_symbols |= (lib->info.export_flags[i] & WX_DYLINK_TLS) != 0;
    }
    lib->tls_base = base ? base->idx : WAX_NO_INDEX;
    if (!base) {
        return has_symbols && lib != dl->libs[0] /* the program looks after its own */
                   ? wx_fail(err, WAX_E_LINK,
                             "'%s' has thread-local symbols and exports no '__tls_base' "
                             "(link it with --export=__tls_base)",
                             lib->path)
                   : WAX_OK;
    }
    uint64_t align = constant_of(w, "__tls_align");
    lib->tls_size = constant_of(w, "__tls_size");
    while (lib->tls_align < 16 && (UINT64_C(1) << lib->tls_align) < align) {
        lib->tls_align++;
    }
    return WAX_OK;
}

/* Imports of memory and table, none of its own. */
static wax_status check_shape(const struct wx_dl_lib *lib, wax_error **err)
{
    const struct wx_module *w = lib->module->wasm;
    if (w->n_memories > w->n_memory_imports) {
        return wx_fail(err, WAX_E_LINK,
                       "'%s' has a memory of its own: what is dynamically linked imports "
                       "'env.memory'",
                       lib->path);
    }
    if (w->n_memory_imports != 1) {
        return wx_fail(err, WAX_E_LINK,
                       "'%s' imports %u memories, not the one that is 'env.memory'", lib->path,
                       w->n_memory_imports);
    }
    return w->n_table_imports > 1
               ? wx_fail(err, WAX_E_LINK, "'%s' imports more tables than the one of functions",
                         lib->path)
               : WAX_OK;
}

/* -------- its part of the table -------- */

/* An offset is the library's base and a constant; extended-const adds them. */
static bool element_offset(const struct wx_module *w, const struct wx_constexpr *e,
                           uint32_t base_global, uint32_t *ret)
{
    struct wx_reader r;
    bool seen = false;
    *ret = 0;
    if (e->form == WX_CE_GLOBAL) {
        return e->value[0] == base_global;
    }
    wx_reader_init(&r, w->bytes, e->off, e->len, "expression", NULL);
    for (;;) {
        switch (wx_read_u8(&r)) {
        case 0x23: /* global.get */
            if (seen || wx_read_u32(&r) != base_global) {
                return false;
            }
            seen = true;
            break;
        case 0x41: *ret += (uint32_t)wx_read_s32(&r); break; /* i32.const */
        case 0x6a: break;                                    /* i32.add */
        case 0x0b: return seen;
        default: return false;
        }
    }
}

static uint32_t find_base_global(const struct wx_module *w)
{
    for (uint32_t i = 0; i < w->n_imports; i++) {
        const struct wx_import *im = &w->imports[i];
        if (im->kind == WX_EXT_GLOBAL && name_is(im->module, "env") &&
            name_is(im->name, "__table_base")) {
            return im->idx;
        }
    }
    return WAX_NO_INDEX;
}

static uint32_t item_func(const struct wx_elem_segment *s, uint32_t i)
{
    if (s->funcs) {
        return s->funcs[i];
    }
    return s->exprs[i].form == WX_CE_REF_FUNC ? (uint32_t)s->exprs[i].value[0] : WAX_NO_INDEX;
}

static wax_status place_segment(struct wx_dl_lib *lib, const struct wx_elem_segment *s,
                                uint32_t base_global, wax_error **err)
{
    uint32_t off;
    if (s->table_idx != 0 || !element_offset(lib->module->wasm, &s->offset, base_global, &off)) {
        return wx_fail(err, WAX_E_LINK,
                       "'%s' places functions elsewhere than in its own part of "
                       "the table",
                       lib->path);
    }
    if (off > lib->info.table_size || s->n > lib->info.table_size - off) {
        return wx_fail(err, WAX_E_LINK,
                       "'%s' places %u functions at %u, and asks for %u table elements only",
                       lib->path, s->n, off, lib->info.table_size);
    }
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t func = item_func(s, i);
        lib->elem_funcs[off + i] = func == WAX_NO_INDEX ? 0 : func + 1;
        if (func != WAX_NO_INDEX && !lib->slots[func]) {
            lib->slots[func] = (uint32_t)(lib->table_base + off + i);
        }
    }
    return WAX_OK;
}

static wax_status place_table(struct wx_dl *dl, struct wx_dl_lib *lib, wax_error **err)
{
    const struct wx_module *w = lib->module->wasm;
    uint64_t limit = wx_engine_get_config(dl->env->engine)->max_table_elems;
    limit = limit ? limit : WX_TABLE_MAX_ELEMS;
    wx_mutex_lock(&dl->lock);
    lib->table_base = align_up(dl->table_size, lib->info.table_align);
    uint64_t end = lib->table_base + lib->info.table_size;
    const struct wx_dl_range r = {lib->table_base, lib->info.table_size, lib, WAX_NO_INDEX};
    bool fits = end <= limit;
    bool ok = fits && (!r.n || wx_vec_push(&dl->env->mem, &dl->ranges, r));
    dl->table_size = ok ? end : dl->table_size;
    wx_mutex_unlock(&dl->lock);
    if (!ok) {
        return fits ? wx_fail_nomem(err, "a table")
                    : wx_fail(err, WAX_E_LIMIT,
                              "'%s' asks for %u table elements, aligned to 2^%u: over the limit of "
                              "%llu",
                              lib->path, lib->info.table_size, lib->info.table_align,
                              (unsigned long long)limit);
    }
    lib->elem_funcs =
        wx_zalloc_array(&dl->env->mem, (size_t)lib->info.table_size + 1, sizeof(uint32_t));
    lib->slots = wx_zalloc_array(&dl->env->mem, (size_t)w->n_funcs + 1, sizeof(uint32_t));
    if (!lib->elem_funcs || !lib->slots) {
        return wx_fail_nomem(err, "a table");
    }
    uint32_t base_global = find_base_global(w);
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < w->n_elems && st == WAX_OK; i++) {
        if (w->elems[i].mode == WX_SEG_ACTIVE) {
            st = place_segment(lib, &w->elems[i], base_global, err);
        }
    }
    return st;
}

/* -------- the program -------- */

static wax_status too_large(const struct wx_dl *dl, const struct wx_dl_lib *lib, wax_error **err)
{
    return wx_fail(
        err, WAX_E_LIMIT,
        "'%s' asks for %u bytes of memory, aligned to 2^%u: there are not as many of the "
        "%llu the guest may have",
        lib->path, lib->info.memory_size, lib->info.memory_align,
        (unsigned long long)dl->env->memory->max_bytes);
}

/* Data, then the stack, then the heap. */
static wax_status place_program(struct wx_dl *dl, struct wx_dl_lib *lib, wax_error **err)
{
    struct wx_memory *m = dl->env->memory;
    uint64_t stack = m->max_bytes / 4 < MAIN_STACK ? m->max_bytes / 4 & ~UINT64_C(15) : MAIN_STACK;
    lib->memory_base = align_up(LEAST_BASE, lib->info.memory_align);
    dl->stack_low = align_up(lib->memory_base + lib->info.memory_size, 10);
    dl->stack_high = dl->stack_low + stack;
    dl->heap_end = align_up(dl->stack_high, m->type.page_shift);
    uint64_t size = wx_memory_size(m);
    if (size < dl->heap_end &&
        wx_memory_grow(m, (dl->heap_end - size) >> m->type.page_shift) == UINT64_MAX) {
        return too_large(dl, lib, err);
    }
    dl->heap_end = wx_memory_size(m);
    return WAX_OK;
}

static wax_status place_memory(struct wx_dl *dl, struct wx_dl_lib *lib, wax_error **err)
{
    if (lib->info.memory_size) {
        lib->memory_base = wx_dl_take_memory(dl, lib->info.memory_size, lib->info.memory_align);
        return lib->memory_base ? WAX_OK : too_large(dl, lib, err);
    }
    return WAX_OK;
}

/* What is common to both, once there is a module. */
static wax_status set_up(struct wx_dl *dl, struct wx_dl_lib *lib, wax_error **err)
{
    const struct wx_module *w = lib->module->wasm;
    wax_status st = wx_dylink_read(w, &dl->env->mem, &lib->info, err);
    if (st == WAX_E_NOT_FOUND) {
        (void)wx_fail(err, WAX_E_LINK, "'%s' is no library: it has no section 'dylink.0'",
                      lib->path);
        wx_error_set_hint(err, "compile it with -fPIC and link it with wasm-ld -shared");
        return WAX_E_LINK;
    }
    lib->got = wx_zalloc_array(&dl->env->mem, (size_t)w->n_imports + 1, sizeof *lib->got);
    if (st == WAX_OK && !lib->got) {
        st = wx_fail_nomem(err, "a library");
    }
    st = st == WAX_OK ? check_shape(lib, err) : st;
    return st == WAX_OK ? look_at_tls(dl, lib, err) : st;
}

wax_status wx_dl_new(struct wx_guest_thread *main, wax_error **err)
{
    struct wx_env *env = main->env;
    struct wx_dl *dl = wx_zalloc(&env->mem, sizeof *dl);
    struct wx_dl_lib *lib = dl ? wx_zalloc(&env->mem, sizeof *lib) : NULL;
    if (!lib) {
        wx_free(&env->mem, dl);
        return wx_fail_nomem(err, "a linker");
    }
    const char *name = env->n_args ? env->args[0] : "program";
    dl->env = env;
    wx_mutex_init(&dl->lock);
    wx_mutex_lock(&dl->lock);
    dl->table_size = 1; /* 0 is the null pointer */
    wx_mutex_unlock(&dl->lock);
    env->dl = dl;
    dl->libs[0] = lib;
    dl->n_loaded = 1;
    lib->module = wx_rt_module_ref(env->module);
    lib->name = wx_strndup(&env->mem, name, strlen(name));
    lib->path = wx_strndup(&env->mem, name, strlen(name));
    if (!lib->name || !lib->path) {
        return wx_fail_nomem(err, "a linker");
    }
    wax_status st = set_up(dl, lib, err);
    if (st == WAX_OK && !env->memory) {
        st = wx_fail(err, WAX_E_LINK, "'%s' imports no memory: what is dynamically linked does",
                     name);
    }
    st = st == WAX_OK ? place_program(dl, lib, err) : st;
    return st == WAX_OK ? place_table(dl, lib, err) : st;
}

void wx_dl_free(struct wx_env *env)
{
    struct wx_dl *dl = env->dl;
    if (!dl) {
        return;
    }
    for (uint32_t i = 0; i < dl->n_loaded; i++) {
        lib_free(dl, dl->libs[i]);
    }
    wx_mutex_lock(&dl->lock);
    wx_vec_fini(&env->mem, &dl->ranges);
    wx_vec_fini(&env->mem, &dl->free);
    wx_mutex_unlock(&dl->lock);
    wx_mutex_fini(&dl->lock);
    wx_free(&env->mem, dl);
    env->dl = NULL;
}

/* -------- libraries -------- */

/* One load under way. */
struct load {
    struct wx_dl *dl;
    const char *library_path;
    struct wx_dl_lib *pending; /* read, their needs not yet; linked by next */
    wax_error **err;
};

static bool is_same_file(const struct wx_dl_lib *a, const struct wx_dl_lib *b)
{
    return a->ino && a->ino == b->ino && a->dev == b->dev;
}

/* Loaded already, or about to be: under this name, or (file) the same file. */
static struct wx_dl_lib *find_loaded(const struct load *l, const char *name,
                                     const struct wx_dl_lib *file)
{
    for (uint32_t i = 1; i < l->dl->n_loaded; i++) {
        struct wx_dl_lib *lib = l->dl->libs[i];
        if (name ? strcmp(lib->name, name) == 0 : is_same_file(lib, file)) {
            return lib;
        }
    }
    for (struct wx_dl_lib *lib = l->pending; lib; lib = lib->next) {
        if (lib != file && (name ? strcmp(lib->name, name) == 0 : is_same_file(lib, file))) {
            return lib;
        }
    }
    return NULL;
}

/* Read the file of that name. *ret_lib may be one that is there: the same file. */
static wax_status read_lib(struct load *l, const char *name, struct wx_dl_lib *parent,
                           const struct wx_dl_lib *requester, struct wx_dl_lib **ret_lib,
                           bool *ret_is_new)
{
    struct wx_dl *dl = l->dl;
    struct wx_mem *mem = &dl->env->mem;
    const struct wx_dl_search search = {dl, name, requester, !parent, l->library_path};
    struct wx_file *file = NULL;
    struct wx_dl_lib *lib = wx_zalloc(mem, sizeof *lib);
    if (!lib) {
        return wx_fail_nomem(l->err, "a library");
    }
    lib->name = wx_strndup(mem, name, strlen(name));
    wax_status st = lib->name ? wx_dl_find_file(&search, &file, &lib->path, l->err)
                              : wx_fail_nomem(l->err, "a library");
    st = st == WAX_OK && file ? read_module(dl, lib, file, l->err) : st;
    wx_file_unref(file);
    struct wx_dl_lib *same = st == WAX_OK ? find_loaded(l, NULL, lib) : NULL;
    st = st == WAX_OK && !same ? set_up(dl, lib, l->err) : st;
    if (st != WAX_OK || same) {
        lib_free(dl, lib);
        *ret_lib = same;
        *ret_is_new = false;
        return st;
    }
    lib->parent = parent;
    lib->next = l->pending;
    l->pending = lib;
    *ret_lib = lib;
    *ret_is_new = true;
    return WAX_OK;
}

/* All it needs is there: it takes its place. */
static wax_status finish(struct load *l, struct wx_dl_lib *lib)
{
    struct wx_dl *dl = l->dl;
    struct wx_dl_lib **at = &l->pending;
    if (dl->n_loaded == WX_DL_MAX_LIBS) {
        return wx_fail(l->err, WAX_E_LIMIT, "'%s' is over the limit of %u libraries", lib->path,
                       WX_DL_MAX_LIBS);
    }
    while (*at && *at != lib) {
        at = &(*at)->next;
    }
    *at = lib->next;
    lib->next = NULL;
    lib->number = dl->n_loaded;
    dl->libs[dl->n_loaded++] = lib; /* from here on wx_dl_unload() drops it */
    wax_status st = place_memory(dl, lib, l->err);
    return st == WAX_OK ? place_table(dl, lib, l->err) : st;
}

/* The next library that `lib` needs and that is not there is read; NULL: there is none. */
static wax_status read_next(struct load *l, struct wx_dl_lib *lib, struct wx_dl_lib **ret_next)
{
    *ret_next = NULL;
    while (lib->n_looked_for < lib->info.n_needed) {
        struct wx_name n = lib->info.needed[lib->n_looked_for++];
        char *name = wx_strndup(&l->dl->env->mem, n.p ? n.p : "", n.len);
        if (!name) {
            return wx_fail_nomem(l->err, "a name");
        }
        struct wx_dl_lib *found = find_loaded(l, name, NULL);
        bool is_new = false;
        wax_status st = found ? WAX_OK : read_lib(l, name, lib, lib, &found, &is_new);
        wx_free(&l->dl->env->mem, name);
        if (st != WAX_OK || is_new) {
            *ret_next = st == WAX_OK ? found : NULL;
            return st;
        }
    }
    return WAX_OK;
}

/* From a library down to all it needs, and up again. The program stays where it is. */
static wax_status load_tree(struct load *l, struct wx_dl_lib *lib)
{
    wax_status st = WAX_OK;
    while (lib && st == WAX_OK) {
        struct wx_dl_lib *next;
        st = read_next(l, lib, &next);
        if (st == WAX_OK && !next) {
            next = lib->parent;
            st = lib == l->dl->libs[0] ? WAX_OK : finish(l, lib);
        }
        lib = next;
    }
    while (l->pending) {
        struct wx_dl_lib *drop = l->pending;
        l->pending = drop->next;
        lib_free(l->dl, drop);
    }
    return st;
}

wax_status wx_dl_load(struct wx_dl *dl, const char *name, const struct wx_dl_lib *requester,
                      const char *library_path, struct wx_dl_lib **ret_lib, wax_error **err)
{
    struct load l = {.dl = dl, .library_path = library_path, .err = err};
    bool is_new = false;
    *ret_lib = find_loaded(&l, name, NULL);
    wax_status st = *ret_lib ? WAX_OK : read_lib(&l, name, NULL, requester, ret_lib, &is_new);
    return st == WAX_OK && is_new ? load_tree(&l, *ret_lib) : st;
}

/* LD_LIBRARY_PATH as the guest sees it. */
static const char *library_path_of(const struct wx_env *env)
{
    static const char name[] = "LD_LIBRARY_PATH=";
    for (size_t i = 0; i < env->n_environ; i++) {
        if (strncmp(env->environ[i], name, sizeof name - 1) == 0) {
            return env->environ[i] + sizeof name - 1;
        }
    }
    return NULL;
}

wax_status wx_dl_load_needed(struct wx_dl *dl, wax_error **err)
{
    struct load l = {.dl = dl, .library_path = library_path_of(dl->env), .err = err};
    return load_tree(&l, dl->libs[0]);
}

void wx_dl_unload(struct wx_dl *dl, uint32_t keep)
{
    wx_assert(keep >= wx_load_relaxed(&dl->n_libs)); /* the owner's own writes */
    wx_mutex_lock(&dl->lock);
    for (size_t i = dl->ranges.n; i-- > 0;) {
        struct wx_dl_range *r = &dl->ranges.p[i];
        if (r->lib && r->lib->number >= keep) {
            r->lib = NULL;
            if (i + 1 == dl->ranges.n) {
                dl->table_size = r->first;
                dl->ranges.n--;
            }
        }
    }
    wx_mutex_unlock(&dl->lock);
    while (dl->n_loaded > keep) {
        struct wx_dl_lib *lib = dl->libs[--dl->n_loaded];
        wx_dl_give_memory(dl, lib->memory_base, lib->info.memory_size);
        lib_free(dl, lib);
    }
}
