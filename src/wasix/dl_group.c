/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries in a thread: instances, what they import, elements of its table. */
/*
 * A thread has instances of its own of everything, in its own store, and nobody else touches them.
 * Whoever loads a library makes its instances and publishes it; other threads make theirs when
 * they first need one: when a function in the table is called that is not there (wx_table.fetch),
 * when a function is called that was not found before, at dlopen() and dlsym(). So a load waits for
 * nobody, and a thread that never uses a library does not pay for it.
 *
 * All instances of a batch are allocated before the first one is linked, so that libraries may
 * import from each other in circles. Elements of the table are placed by the thread that loads;
 * others fetch them one by one.
 */
#include <stdio.h>
#include <string.h>

#include "engine/rt/linker.h"
#include "wasi/abi.h"
#include "wasix/dl.h"

static bool name_is(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

static bool same_name(struct wx_name a, struct wx_name b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static struct wx_dl_member *member_of(const struct wx_dl_group *g, const struct wx_dl_lib *lib)
{
    return lib->number < g->members.n ? &g->members.p[lib->number] : NULL;
}

uint64_t wx_dl_tls_base(const struct wx_dl_group *g, const struct wx_dl_lib *lib)
{
    const struct wx_dl_member *m = member_of(g, lib);
    if (!m || lib->tls_base == WAX_NO_INDEX) {
        return 0;
    }
    const struct wx_module *w = lib->module->wasm;
    const uint64_t *cell = m->instance->globals[lib->tls_base]; /* NULL: it is not linked yet */
    uint64_t value = cell ? (uint32_t)cell[0] : 0;
    return !cell || w->globals[lib->tls_base].type.mut ? value : value + lib->memory_base;
}

/* -------- functions and the table -------- */

struct wx_func *wx_dl_func(struct wx_dl_group *g, const struct wx_dl_lib *lib, uint32_t func)
{
    const struct wx_dl_member *m = member_of(g, lib);
    const struct wx_module *w = lib->module->wasm;
    if (func < w->n_func_imports) {
        return m->instance->funcs[func];
    }
    if (m->first || m->step == WX_DL_READY || g->initializing) {
        return wx_instance_func(m->instance, func);
    }
    const struct wx_sig *sig = lib->module->sigs[w->funcs[func].type_idx];
    return wx_dl_stub_new(g, sig, lib, func, (struct wx_name){"", 0}, NULL);
}

bool wx_dl_group_grow_table(struct wx_dl_group *g, uint64_t size)
{
    static const uint64_t null[2];
    return g->table->size >= size ||
           wx_table_grow(g->table, size - g->table->size, null) != UINT64_MAX;
}

/* wx_table.fetch: called where an element is missing, on the thread's own host stack. */
static void fetch(struct wx_table *table, uint64_t idx)
{
    struct wx_dl_group *g = table->fetch_data;
    const struct wx_dl_lib *lib;
    uint32_t func;
    wax_error *error = NULL;
    if (!wx_dl_slot_owner(g->dl, idx, &lib, &func)) {
        return;
    }
    wax_status st = wx_dl_sync(g, &error);
    struct wx_func *f = st == WAX_OK && member_of(g, lib) ? wx_dl_func(g, lib, func) : NULL;
    if (f && wx_dl_group_grow_table(g, idx + 1)) {
        const uint64_t ref[2] = {(uint64_t)(uintptr_t)f, 0};
        wx_table_set(table, idx, ref);
    } else {
        wx_logf(&g->dl->env->log, WX_LOG_ERROR, "dl", "'%s' is not to be had in a thread: %s",
                lib->path, error ? wax_error_message(error) : "out of memory");
    }
    wax_error_free(error);
}

struct wx_table *wx_dl_table(const struct wx_guest_thread *self) { return self->group->table; }

uint64_t wx_dl_grow_table(struct wx_guest_thread *self, uint64_t n)
{
    uint64_t first = wx_dl_reserve(self->env->dl, n);
    return first != UINT64_MAX && wx_dl_group_grow_table(self->group, first + n) ? first
                                                                                 : UINT64_MAX;
}

static wax_status make_table(struct wx_dl_group *g, wax_error **err)
{
    static const uint64_t null[2];
    wx_mutex_lock(&g->dl->lock);
    uint64_t size = g->dl->table_size;
    wx_mutex_unlock(&g->dl->lock);
    const struct wx_tabletype type = {.elem = WX_FUNCREF, .limits = {.min = size}};
    wax_status st = wx_table_new(g->self->store, &type, null, &g->table, err);
    if (st == WAX_OK) {
        g->table->fetch = fetch;
        g->table->fetch_data = g;
    }
    return st;
}

/* -------- what a module imports -------- */

struct binding {
    struct wx_dl_group *g;
    const struct wx_dl_lib *lib;
    struct wx_dl_member *member;
    const struct wx_linker *others;
    const struct wx_import *im;
    const struct wx_dl_got *got;
    wax_error **err;
};

/* Nobody defines it: the error a module without libraries would get. */
static wax_status unknown(const struct binding *b)
{
    return wx_fail(b->err, WAX_E_LINK, "unknown import of '%s': '%.*s.%.*s' is not provided",
                   b->lib->path, (int)b->im->module.len, b->im->module.p, (int)b->im->name.len,
                   b->im->name.p);
}

static wax_status bind_others(const struct binding *b, struct wx_extern *ret)
{
    wax_status st =
        wx_linker_find(b->others, b->g->self->store, b->lib->module, b->im, ret, b->err);
    return st == WAX_E_NOT_FOUND ? unknown(b) : st;
}

static wax_status bind_func(const struct binding *b, struct wx_extern *ret)
{
    const struct wx_rt_module *m = b->lib->module;
    struct wx_dl_symbol s;
    ret->kind = WX_EXT_FUNC;
    if (!name_is(b->im->module, "env")) {
        ret->u.func = b->member->instance->funcs[b->im->idx]; /* bind_hosts */
        return ret->u.func ? WAX_OK : unknown(b);
    }
    if (wx_dl_find_symbol(b->g->dl, (uint32_t)b->g->members.n, b->im->name, &s) &&
        s.kind == WX_EXT_FUNC) {
        ret->u.func = wx_dl_func(b->g, s.lib, s.idx);
    } else {
        wax_status st = wx_linker_find(b->others, b->g->self->store, m, b->im, ret, b->err);
        if (st != WAX_E_NOT_FOUND) {
            return st;
        }
        const struct wx_sig *sig = m->sigs[m->wasm->funcs[b->im->idx].type_idx];
        ret->kind = WX_EXT_FUNC;
        ret->u.func = wx_dl_stub_new(b->g, sig, NULL, 0, b->im->name, b->lib);
    }
    return ret->u.func ? WAX_OK : wx_fail_nomem(b->err, "a function");
}

static wax_status new_global(const struct binding *b, uint64_t value, struct wx_global **ret)
{
    const struct wx_rt_module *m = b->lib->module;
    struct wx_globaltype type = m->wasm->globals[b->im->idx].type;
    type.type = wx_sig_globalize(m->sigs, type.type);
    const uint64_t v[2] = {wx_type_kind(type.type) == WX_KIND_I32 ? (uint32_t)value : value, 0};
    return wx_global_new(b->g->self->store, &type, v, ret, b->err);
}

/* One for all modules of the thread. A further thread sets its own where it starts. */
static wax_status bind_stack_pointer(const struct binding *b, struct wx_extern *ret)
{
    struct wx_dl_group *g = b->g;
    wax_status st = g->stack_pointer ? WAX_OK : new_global(b, g->dl->stack_high, &g->stack_pointer);
    ret->u.global = g->stack_pointer;
    return st;
}

static wax_status bind_global(const struct binding *b, struct wx_extern *ret)
{
    uint64_t tls = b->got->tls ? wx_dl_tls_base(b->g, b->got->tls) : 0;
    ret->kind = WX_EXT_GLOBAL;
    if (name_is(b->im->module, "GOT.mem") || name_is(b->im->module, "GOT.func")) {
        return new_global(b, b->got->value + tls, &ret->u.global);
    }
    if (!name_is(b->im->module, "env")) {
        return bind_others(b, ret);
    }
    if (name_is(b->im->name, "__memory_base")) {
        return new_global(b, b->lib->memory_base, &ret->u.global);
    }
    if (name_is(b->im->name, "__table_base")) {
        return new_global(b, b->lib->table_base, &ret->u.global);
    }
    return name_is(b->im->name, "__stack_pointer") ? bind_stack_pointer(b, ret)
                                                   : bind_others(b, ret);
}

/* The one a module exports under that name, else one that is made for all. */
static wax_status bind_tag(const struct binding *b, struct wx_extern *ret)
{
    struct wx_dl_group *g = b->g;
    const struct wx_rt_module *m = b->lib->module;
    struct wx_dl_symbol s;
    ret->kind = WX_EXT_TAG;
    if (wx_dl_find_symbol(g->dl, (uint32_t)g->members.n, b->im->name, &s) && s.kind == WX_EXT_TAG &&
        s.idx >= s.lib->module->wasm->n_tag_imports &&
        g->members.p[s.lib->number].instance->tags[s.idx]) {
        ret->u.tag = g->members.p[s.lib->number].instance->tags[s.idx];
        return WAX_OK;
    }
    for (size_t i = 0; i < g->tags.n; i++) {
        if (same_name(g->tags.p[i]->name, b->im->name)) {
            ret->u.tag = g->tags.p[i]->tag;
            return WAX_OK;
        }
    }
    if (!name_is(b->im->name, "__cpp_exception") && !name_is(b->im->name, "__c_longjmp")) {
        return bind_others(b, ret);
    }
    struct wx_dl_tag *tag = wx_arena_alloc(g->self->store->arena, sizeof *tag);
    if (!tag || !wx_vec_push(&g->dl->env->mem, &g->tags, tag)) {
        return wx_fail_nomem(b->err, "a tag");
    }
    tag->name = b->im->name; /* in the module, which the process keeps */
    wax_status st =
        wx_tag_new(g->self->store, m->sigs[m->wasm->tags[b->im->idx]], &tag->tag, b->err);
    ret->u.tag = tag->tag;
    g->tags.n -= st != WAX_OK;
    return st;
}

static wax_status bind_one(const struct binding *b, struct wx_extern *ret)
{
    switch (b->im->kind) {
    case WX_EXT_FUNC: return bind_func(b, ret);
    case WX_EXT_GLOBAL: return bind_global(b, ret);
    case WX_EXT_TAG: return bind_tag(b, ret);
    case WX_EXT_TABLE:
        *ret = (struct wx_extern){.kind = WX_EXT_TABLE, .u.table = b->g->table};
        return WAX_OK;
    default:
        *ret = (struct wx_extern){.kind = WX_EXT_MEMORY, .u.memory = b->g->dl->env->memory};
        return WAX_OK;
    }
}

/* Functions of the host come first: others may import them from here. */
static wax_status bind_hosts(struct binding *b)
{
    const struct wx_module *w = b->lib->module->wasm;
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < w->n_imports && st == WAX_OK; i++) {
        b->im = &w->imports[i];
        struct wx_extern ext;
        if (b->im->kind == WX_EXT_FUNC && !name_is(b->im->module, "env")) {
            st = bind_others(b, &ext);
            if (st == WAX_OK && ext.kind == WX_EXT_FUNC) {
                b->member->instance->funcs[b->im->idx] = ext.u.func;
            }
        }
    }
    return st;
}

static wax_status link_member(struct binding *b)
{
    const struct wx_module *w = b->lib->module->wasm;
    struct wx_mem *mem = &b->g->dl->env->mem;
    struct wx_extern *imports = wx_zalloc_array(mem, (size_t)w->n_imports + 1, sizeof *imports);
    wax_status st = imports ? WAX_OK : wx_fail_nomem(b->err, "imports");
    for (uint32_t i = 0; imports && i < w->n_imports && st == WAX_OK; i++) {
        b->im = &w->imports[i];
        b->got = &b->lib->got[i];
        st = bind_one(b, &imports[i]);
    }
    if (st == WAX_OK) {
        bool again = !b->member->first && b->lib->number > 0;
        st = wx_instance_link(b->member->instance, imports, again, b->err);
    }
    if (st == WAX_OK && !wx_dl_prepare_init(b->member->instance)) {
        st = wx_fail_nomem(b->err, "a function");
    }
    wx_free(mem, imports);
    if (st != WAX_OK) {
        wx_error_prefix(b->err, "'%s'", b->lib->path);
    }
    return st;
}

/* -------- instances -------- */

static wax_status add_members(struct wx_dl_group *g, uint32_t n, bool first, wax_error **err)
{
    struct wx_dl *dl = g->dl;
    while (g->members.n < n) {
        const struct wx_dl_lib *lib = dl->libs[g->members.n];
        struct wx_dl_member m = {.first = first};
        wax_status st =
            wx_instance_new(g->self->store, lib->module, dl->env->memory, &m.instance, err);
        if (st != WAX_OK) {
            return st;
        }
        m.step = lib->number == 0 && !first ? WX_DL_READY : WX_DL_START; /* its thread sees to it */
        if (!wx_vec_push(&dl->env->mem, &g->members, m)) {
            return wx_fail_nomem(err, "an instance");
        }
    }
    return WAX_OK;
}

/* The instances stay in the store; nothing leads to them. */
static void drop_members(struct wx_dl_group *g, size_t keep)
{
    static const uint64_t null[2];
    for (size_t i = keep; i < g->members.n; i++) {
        const struct wx_dl_lib *lib = g->dl->libs[i];
        if (g->members.p[i].first) { /* else its part is in use, or empty */
            (void)wx_table_fill(g->table, lib->table_base, null, lib->info.table_size);
        }
    }
    g->members.n = keep;
}

/* Members of [from, n): all are allocated, then linked. */
static wax_status add_and_link(struct wx_dl_group *g, uint32_t n, bool first,
                               const struct wx_linker *others, wax_error **err)
{
    size_t from = g->members.n;
    wx_mutex_lock(&g->dl->lock);
    uint64_t size = g->dl->table_size;
    wx_mutex_unlock(&g->dl->lock);
    wax_status st = wx_dl_group_grow_table(g, size) ? add_members(g, n, first, err)
                                                    : wx_fail_nomem(err, "a table");
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = from; i < n && st == WAX_OK; i++) {
            struct binding b = {.g = g,
                                .lib = g->dl->libs[i],
                                .member = &g->members.p[i],
                                .others = others,
                                .err = err};
            st = pass ? link_member(&b) : bind_hosts(&b);
        }
    }
    if (st != WAX_OK) {
        drop_members(g, from);
    }
    return st;
}

wax_status wx_dl_sync(struct wx_dl_group *g, wax_error **err)
{
    uint32_t n = wx_load_acquire(&g->dl->n_libs); /* pairs with wx_dl_publish */
    struct wx_linker *others;
    if (n <= g->members.n) {
        return WAX_OK;
    }
    wax_status st = wx_env_new_linker(g->self, &others, err);
    if (st == WAX_OK) {
        st = add_and_link(g, n, false, others, err);
        wx_linker_free(others);
    }
    return st;
}

wax_status wx_dl_link_new(struct wx_dl_group *g, bool now, wax_error **err)
{
    struct wx_dl *dl = g->dl;
    struct wx_linker *others;
    wax_status st = wx_env_new_linker(g->self, &others, err);
    if (st != WAX_OK) {
        return st;
    }
    for (uint32_t i = (uint32_t)g->members.n; i < dl->n_loaded && st == WAX_OK; i++) {
        st = wx_dl_check(g, dl->libs[i], now, others, err);
    }
    if (st == WAX_OK) {
        st = add_and_link(g, dl->n_loaded, true, others, err);
    }
    wx_linker_free(others);
    return st;
}

/* -------- who may load -------- */

bool wx_dl_own(struct wx_dl_group *g)
{
    struct wx_dl *dl = g->dl;
    wx_mutex_lock(&dl->lock);
    bool mine = !dl->owner || dl->owner == g->self;
    if (mine) {
        dl->owner = g->self;
        dl->depth++;
    }
    wx_mutex_unlock(&dl->lock);
    return mine;
}

bool wx_dl_want(struct wx_dl_group *g)
{
    wx_store_seq(&g->waits, 1); /* before looking; pairs with wx_dl_disown */
    bool mine = wx_dl_own(g);
    wx_store_seq(&g->waits, !mine);
    return mine;
}

void wx_dl_disown(struct wx_dl_group *g, bool all)
{
    struct wx_dl *dl = g->dl;
    struct wx_env *env = dl->env;
    wx_mutex_lock(&dl->lock);
    bool last = dl->owner == g->self && (all || --dl->depth == 0);
    if (last) {
        dl->owner = NULL;
        dl->depth = 0;
    }
    wx_mutex_unlock(&dl->lock);
    if (!last) {
        return;
    }
    wx_mutex_lock(&env->lock);
    for (struct wx_list_node *n = wx_list_first(&env->threads); n;
         n = wx_list_next(&env->threads, n)) {
        struct wx_guest_thread *other = WX_LIST_ENTRY(n, struct wx_guest_thread, link);
        if (other->group && wx_load_seq(&other->group->waits)) {
            wx_thread_wake(&other->store->thread);
        }
    }
    wx_mutex_unlock(&env->lock);
}

/* -------- threads -------- */

wax_status wx_dl_group_new(struct wx_guest_thread *self, wax_error **err)
{
    struct wx_dl_group *g = wx_zalloc(&self->env->mem, sizeof *g);
    if (!g) {
        return wx_fail_nomem(err, "a thread");
    }
    g->dl = self->env->dl;
    g->self = self;
    self->group = g;
    return make_table(g, err);
}

wax_status wx_dl_link_thread(struct wx_guest_thread *self, wax_error **err)
{
    wax_status st = self->is_main ? wx_dl_new(self, err) : WAX_OK;
    st = st == WAX_OK ? wx_dl_group_new(self, err) : st;
    if (st == WAX_OK && self->is_main) {
        st = wx_dl_load_needed(self->env->dl, err);
        st = st == WAX_OK ? wx_dl_link_new(self->group, false, err) : st;
    } else if (st == WAX_OK) {
        st = wx_dl_sync(self->group, err);
    }
    if (st == WAX_OK) {
        self->instance = self->group->members.p[0].instance;
    }
    return st;
}

void wx_dl_end_thread(struct wx_guest_thread *self)
{
    struct wx_dl_group *g = self->group;
    if (!g) {
        return;
    }
    struct wx_mem *mem = &self->env->mem;
    wx_mutex_lock(&g->dl->lock);
    bool owner = g->dl->owner == self;
    wx_mutex_unlock(&g->dl->lock);
    if (owner) { /* it ended while it loaded: nobody else knows of what is not published */
        wx_dl_unload(g->dl, g->dl->n_libs);
        g->members.n = g->members.n < g->dl->n_libs ? g->members.n : g->dl->n_libs;
        wx_dl_disown(g, true);
    }
    for (size_t i = 0; i < g->members.n; i++) {
        wx_dl_give_memory(g->dl, g->members.p[i].tls_block, g->dl->libs[i]->tls_size);
    }
    wx_vec_fini(mem, &g->members);
    wx_vec_fini(mem, &g->stubs);
    wx_vec_fini(mem, &g->tags);
    wx_free(mem, g);
    self->group = NULL;
}
