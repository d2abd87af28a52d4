/* SPDX-License-Identifier: Apache-2.0 */
/* Copying the linker of a process, and what the forking thread has of libraries, for a child. */
/*
 * The child has the same libraries at the same places under the same numbers, in lists of its own:
 * from there on neither sees what the other one loads. Each instance of the thread gets a copy.
 * They refer to each other, so all are begun first; then whatever they import gets its twin:
 *
 *   functions of modules   those of the instances' copies
 *   functions of the host  imported anew, as by a thread that starts
 *   stubs                  stubs, which find what they stand for in the child
 *   globals                of the linker's own: new ones with the values there are now
 *   tags                   the instances', and those the linker made
 *
 * The table is copied element by element, for the guest may have written to it.
 *
 * A fork takes its turn as a load does, so there is no library that is half loaded, but for those
 * this very thread is loading: it goes on with them in the child. A vfork takes what is published.
 * Memory was copied a little earlier, and other threads of the parent may have taken or given back
 * some since: what is free is cut to the child's memory, and zeroed.
 */
#include <string.h>

#include "engine/rt/copy.h"
#include "engine/rt/linker.h"
#include "wasix/dl.h"

static bool name_is(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

/* -------- the linker -------- */

static uint32_t *copy_words(struct wx_mem *mem, const uint32_t *from, size_t n)
{
    uint32_t *to = wx_zalloc_array(mem, n + 1, sizeof *to);
    if (to && n) {
        memcpy(to, from, n * sizeof *to);
    }
    return to;
}

/* What is filled in lies in the copy at once, where it is freed whatever happens. */
static bool copy_lib(struct wx_dl *dl, const struct wx_dl_lib *from)
{
    struct wx_mem *mem = &dl->env->mem;
    const struct wx_module *w = from->module->wasm;
    struct wx_dl_lib *to = wx_zalloc(mem, sizeof *to);
    if (!to) {
        return false;
    }
    *to = (struct wx_dl_lib){.module = wx_rt_module_ref(from->module),
                             .number = from->number,
                             .dev = from->dev,
                             .ino = from->ino,
                             .memory_base = from->memory_base,
                             .table_base = from->table_base,
                             .tls_base = from->tls_base,
                             .tls_size = from->tls_size,
                             .tls_align = from->tls_align,
                             .global = wx_load_acquire(&from->global)};
    dl->libs[dl->n_loaded++] = to;
    to->name = wx_strndup(mem, from->name, strlen(from->name));
    to->path = wx_strndup(mem, from->path, strlen(from->path));
    to->got = wx_zalloc_array(mem, (size_t)w->n_imports + 1, sizeof *to->got);
    to->elem_funcs = copy_words(mem, from->elem_funcs, from->info.table_size);
    to->slots = copy_words(mem, from->slots, w->n_funcs);
    return to->name && to->path && to->got && to->elem_funcs && to->slots &&
           wx_dylink_read(w, mem, &to->info, NULL) == WAX_OK;
}

/* Libraries may refer to later ones. */
static void copy_gots(struct wx_dl *dl, const struct wx_dl *from)
{
    for (uint32_t i = 0; i < dl->n_loaded; i++) {
        const struct wx_dl_lib *old = from->libs[i];
        for (uint32_t k = 0; k < old->module->wasm->n_imports; k++) {
            const struct wx_dl_lib *tls = old->got[k].tls;
            dl->libs[i]->got[k].value = old->got[k].value;
            dl->libs[i]->got[k].tls = tls ? dl->libs[tls->number] : NULL;
        }
    }
}

static bool copy_places(struct wx_dl *dl, const struct wx_dl *from)
{
    struct wx_mem *mem = &dl->env->mem;
    uint64_t size = wx_memory_size(dl->env->memory);
    dl->table_size = from->table_size;
    bool ok = true;
    for (size_t i = 0; i < from->ranges.n && ok; i++) {
        struct wx_dl_range r = from->ranges.p[i];
        r.lib = r.lib && r.lib->number < dl->n_loaded ? dl->libs[r.lib->number] : NULL;
        ok = wx_vec_push(mem, &dl->ranges, r);
    }
    for (size_t i = 0; i < from->free.n && ok && !dl->borrows; i++) {
        struct wx_dl_span s = from->free.p[i];
        s.end = s.end < size ? s.end : size;
        ok = s.at >= s.end || wx_vec_push(mem, &dl->free, s);
    }
    return ok;
}

/* Loads of this thread under way go on in the copy. */
static bool copy_lists(struct wx_dl *dl, struct wx_dl *from, const struct wx_guest_thread *self)
{
    wx_mutex_lock(&from->lock);
    bool owns = from->owner == self;
    uint32_t n = owns ? from->n_loaded : wx_load_relaxed(&from->n_libs);
    bool ok = true;
    for (uint32_t i = 0; i < n && ok; i++) {
        ok = copy_lib(dl, from->libs[i]);
    }
    if (ok) {
        copy_gots(dl, from);
        ok = copy_places(dl, from);
    }
    dl->owner = owns ? &dl->env->main : NULL;
    dl->depth = owns ? from->depth : 0;
    wx_store_release(&dl->n_libs, wx_load_relaxed(&from->n_libs));
    wx_mutex_unlock(&from->lock);
    return ok;
}

/* In case threads of the parent, which the child does not have, had it. */
static void clear_free(struct wx_dl *dl)
{
    for (size_t i = 0; i < dl->free.n; i++) {
        wx_dl_clear(dl, dl->free.p[i].at, dl->free.p[i].end - dl->free.p[i].at);
    }
}

static wax_status copy_linker(struct wx_env *env, const struct wx_guest_thread *from, bool shares,
                              wax_error **err)
{
    struct wx_dl *old = from->env->dl, *dl = wx_zalloc(&env->mem, sizeof *dl);
    if (!dl) {
        return wx_fail_nomem(err, "a linker");
    }
    dl->env = env;
    wx_mutex_init(&dl->lock);
    dl->borrows = shares;
    dl->stack_low = old->stack_low;
    dl->stack_high = old->stack_high;
    dl->heap_end = old->heap_end;
    env->dl = dl;
    if (!copy_lists(dl, old, from)) {
        return wx_fail_nomem(err, "a linker");
    }
    if (wx_env_n_threads(from->env) > 1) {
        clear_free(dl);
    }
    return WAX_OK;
}

/* -------- instances -------- */

struct copying {
    struct wx_dl_group *to;
    const struct wx_dl_group *from;
    struct wx_twins *twins;
    const struct wx_linker *others;
    wax_error **err;
};

static wax_status begin_members(const struct copying *c)
{
    struct wx_dl_group *to = c->to;
    to->n_ready = c->from->n_ready;
    to->initializing = c->from->initializing;
    for (size_t i = 0; i < c->from->members.n; i++) {
        struct wx_dl_member m = c->from->members.p[i];
        wax_status st = wx_instance_begin_copy(to->self->store, m.instance, &m.instance, c->err);
        if (st != WAX_OK) {
            return st;
        }
        if (!wx_vec_push(&to->dl->env->mem, &to->members, m)) {
            return wx_fail_nomem(c->err, "an instance");
        }
    }
    return WAX_OK;
}

static wax_status copy_tags(const struct copying *c)
{
    struct wx_store *store = c->to->self->store;
    for (size_t i = 0; i < c->from->tags.n; i++) {
        const struct wx_dl_tag *from = c->from->tags.p[i];
        struct wx_dl_tag *to = wx_arena_alloc(store->arena, sizeof *to);
        char *name = to ? wx_arena_alloc(store->arena, (size_t)from->name.len + 1) : NULL;
        if (!name || !wx_vec_push(&c->to->dl->env->mem, &c->to->tags, to)) {
            return wx_fail_nomem(c->err, "a tag");
        }
        to->name = (struct wx_name){memcpy(name, from->name.p, from->name.len), from->name.len};
        wax_status st = wx_tag_new(store, from->tag->sig, &to->tag, c->err);
        if (st != WAX_OK || !wx_twins_add(c->twins, from->tag, to->tag)) {
            c->to->tags.n--;
            return st != WAX_OK ? st : wx_fail_nomem(c->err, "a tag");
        }
    }
    return WAX_OK;
}

static wax_status import_anew(const struct copying *c, size_t i, const struct wx_import *im,
                              struct wx_extern *ret)
{
    struct wx_rt_module *module = c->to->dl->libs[i]->module;
    wax_status st = wx_linker_find(c->others, c->to->self->store, module, im, ret, c->err);
    return st == WAX_E_NOT_FOUND
               ? wx_fail(c->err, WAX_E_UNSUPPORTED, "import '%.*s.%.*s' can not be copied",
                         (int)im->module.len, im->module.p, (int)im->name.len, im->name.p)
               : st;
}

/* One of the host's, from which others may have it. */
static wax_status import_host(const struct copying *c, size_t i, const struct wx_import *im,
                              struct wx_extern *ret)
{
    const struct wx_func *old = c->from->members.p[i].instance->funcs[im->idx];
    ret->u.func = wx_twins_find(c->twins, old);
    if (ret->u.func) {
        return WAX_OK;
    }
    wax_status st = import_anew(c, i, im, ret);
    if (st != WAX_OK || ret->kind != WX_EXT_FUNC) {
        return st;
    }
    const struct wx_func *f = ret->u.func;
    bool ok = wx_twins_add(c->twins, old, ret->u.func) &&
              (!old->data || wx_twins_add(c->twins, old->data, f->data));
    return ok ? WAX_OK : wx_fail_nomem(c->err, "a function");
}

/* A stub that has become one of the host's functions is no import of these. */
static wax_status import_hosts(const struct copying *c)
{
    wax_status st = WAX_OK;
    for (size_t i = 0; i < c->to->members.n; i++) {
        const struct wx_module *w = c->to->dl->libs[i]->module->wasm;
        for (uint32_t k = 0; k < w->n_imports && st == WAX_OK; k++) {
            const struct wx_import *im = &w->imports[k];
            struct wx_extern ext = {.kind = WX_EXT_FUNC};
            if (im->kind == WX_EXT_FUNC && !name_is(im->module, "env")) {
                st = import_host(c, i, im, &ext);
            }
        }
    }
    return st;
}

static wax_status import_func(const struct copying *c, size_t i, const struct wx_import *im,
                              struct wx_extern *ret)
{
    const struct wx_copy copy = {.from = c->from->members.p[i].instance,
                                 .to = c->to->members.p[i].instance};
    const struct wx_func *old = copy.from->funcs[im->idx];
    if (old->kind == WX_FUNC_HOST) {
        return import_host(c, i, im, ret);
    }
    ret->u.func = wx_copy_func(&copy, old);
    return ret->u.func ? WAX_OK
           : wx_twins_find(c->twins, old->instance)
               ? wx_fail_nomem(c->err, "a function")
               : import_anew(c, i, im, ret); /* of an instance of the embedder's */
}

/* Is it one that the linker makes? */
static bool is_own_global(const struct wx_import *im)
{
    return name_is(im->module, "GOT.mem") || name_is(im->module, "GOT.func") ||
           (name_is(im->module, "env") &&
            (name_is(im->name, "__memory_base") || name_is(im->name, "__table_base") ||
             name_is(im->name, "__stack_pointer")));
}

static wax_status import_global(const struct copying *c, size_t i, const struct wx_import *im,
                                struct wx_extern *ret)
{
    const struct wx_instance *inst = c->from->members.p[i].instance;
    const struct wx_global *old = (const struct wx_global *)(const void *)inst->globals[im->idx];
    ret->u.global = wx_twins_find(c->twins, old);
    if (ret->u.global) {
        return WAX_OK;
    }
    if (!is_own_global(im)) {
        return import_anew(c, i, im, ret);
    }
    wax_status st =
        wx_global_new(c->to->self->store, &old->type, old->value, &ret->u.global, c->err);
    return st != WAX_OK || wx_twins_add(c->twins, old, ret->u.global)
               ? st
               : wx_fail_nomem(c->err, "a global");
}

static wax_status import_one(const struct copying *c, size_t i, const struct wx_import *im,
                             struct wx_extern *ret)
{
    ret->kind = im->kind;
    switch (im->kind) {
    case WX_EXT_FUNC: return import_func(c, i, im, ret);
    case WX_EXT_GLOBAL: return import_global(c, i, im, ret);
    case WX_EXT_TABLE: ret->u.table = c->to->table; return WAX_OK;
    case WX_EXT_MEMORY: ret->u.memory = c->to->dl->env->memory; return WAX_OK;
    default:
        ret->u.tag = wx_twins_find(c->twins, c->from->members.p[i].instance->tags[im->idx]);
        return ret->u.tag ? WAX_OK : import_anew(c, i, im, ret);
    }
}

static wax_status fill_member(const struct copying *c, size_t i)
{
    const struct wx_module *w = c->to->dl->libs[i]->module->wasm;
    struct wx_mem *mem = &c->to->dl->env->mem;
    struct wx_instance *to = c->to->members.p[i].instance;
    struct wx_extern *imports = wx_zalloc_array(mem, (size_t)w->n_imports + 1, sizeof *imports);
    if (!imports) {
        return wx_fail_nomem(c->err, "imports");
    }
    wax_status st = WAX_OK;
    for (uint32_t k = 0; k < w->n_imports && st == WAX_OK; k++) {
        st = import_one(c, i, &w->imports[k], &imports[k]);
    }
    if (st == WAX_OK) {
        st = wx_instance_fill_copy(to, c->from->members.p[i].instance, imports, c->to->dl->borrows,
                                   c->err);
    }
    wx_free(mem, imports);
    return st != WAX_OK || wx_dl_prepare_init(to) ? st : wx_fail_nomem(c->err, "a function");
}

static wax_status copy_elements(const struct copying *c)
{
    const struct wx_table *from = c->from->table;
    const struct wx_copy copy = {.from = c->from->members.p[0].instance,
                                 .to = c->to->members.p[0].instance};
    if (!wx_dl_group_grow_table(c->to, from->size)) {
        return wx_fail_nomem(c->err, "a table");
    }
    for (uint64_t i = 0; i < from->size; i++) {
        const struct wx_func *old = (const struct wx_func *)(uintptr_t)from->elems[i].ref;
        const struct wx_func *f = old ? wx_copy_func(&copy, old) : NULL;
        if (old && !f) {
            return wx_fail(c->err, WAX_E_UNSUPPORTED,
                           "a reference to a function of the host's in the table can not be "
                           "copied to another process");
        }
        const uint64_t ref[2] = {(uint64_t)(uintptr_t)f, 0};
        wx_table_set(c->to->table, i, ref);
    }
    return WAX_OK;
}

static wax_status copy_group(const struct copying *c)
{
    wax_status st = wx_twins_add(c->twins, c->from->table, c->to->table)
                        ? WAX_OK
                        : wx_fail_nomem(c->err, "a table");
    st = st == WAX_OK ? begin_members(c) : st;
    st = st == WAX_OK ? copy_tags(c) : st;
    st = st == WAX_OK ? import_hosts(c) : st;
    if (st == WAX_OK && !wx_dl_stubs_copy(c->to, c->from, c->twins)) {
        st = wx_fail_nomem(c->err, "a function");
    }
    for (size_t i = 0; i < c->to->members.n && st == WAX_OK; i++) {
        st = fill_member(c, i);
    }
    if (st == WAX_OK && c->from->stack_pointer) {
        c->to->stack_pointer = wx_twins_find(c->twins, c->from->stack_pointer);
    }
    return st == WAX_OK ? copy_elements(c) : st;
}

wax_status wx_dl_copy_thread(struct wx_guest_thread *self, const struct wx_guest_thread *from,
                             bool shares, wax_error **err)
{
    struct wx_linker *others;
    wax_status st = copy_linker(self->env, from, shares, err);
    st = st == WAX_OK ? wx_dl_group_new(self, err) : st;
    st = st == WAX_OK ? wx_env_new_linker(self, &others, err) : st;
    if (st != WAX_OK) {
        return st;
    }
    const struct copying c = {.to = self->group,
                              .from = from->group,
                              .twins = self->store->twins,
                              .others = others,
                              .err = err};
    st = copy_group(&c);
    wx_linker_free(others);
    if (st == WAX_OK) {
        self->instance = self->group->members.p[0].instance;
    }
    return st;
}
