/* SPDX-License-Identifier: Apache-2.0 */
/* Making libraries ready in a thread: start function, thread-local data, relocations, constructors.
 */
/*
 * In the thread that loads, every step is done for all new libraries before the next one:
 *
 *   START       the module's start function, which fills memory once per process
 *   TLS         a block for thread-local data, unless the start function has set one
 *   RELOCS      __wasm_apply_data_relocs
 *   TLS_RELOCS  __wasm_apply_tls_relocs, or what does it; then all threads may see the libraries
 *   CTORS       __wasm_call_ctors, or _initialize without it; not the program's: its entry point
 *               sees to them
 *
 * Any other thread does the first two, on its own stack, before the first function it calls of any
 * library that was new to it.
 */
#include <string.h>

#include "base/check.h"
#include "wasix/dl.h"

static struct wx_func *find_func(const struct wx_dl_member *m, const char *name)
{
    struct wx_extern ext;
    bool found = wx_instance_export(m->instance, name, strlen(name), &ext) &&
                 ext.kind == WX_EXT_FUNC && ext.u.func;
    return found ? ext.u.func : NULL;
}

bool wx_dl_prepare_init(struct wx_instance *instance)
{
    static const char *const names[] = {"__wasix_init_tls",         "__wasm_init_tls",
                                        "__wasm_apply_data_relocs", "__wasm_apply_tls_relocs",
                                        "__wasm_call_ctors",        "_initialize"};
    uint32_t idx = instance->module->wasm->start_func;
    bool ok = idx == WAX_NO_INDEX || wx_instance_func(instance, idx);
    for (size_t i = 0; i < WX_ARRAY_LEN(names) && ok; i++) {
        const struct wx_export *e =
            wx_module_find_export(instance->module->wasm, names[i], strlen(names[i]));
        ok = !e || e->kind != WX_EXT_FUNC || wx_instance_func(instance, e->idx);
    }
    return ok;
}

static bool is_of(const struct wx_func *f, uint32_t n_params, uint32_t n_results)
{
    const struct wx_sig *sig = f->sig;
    return sig->n_params == n_params && sig->n_results == n_results && sig->n_param_slots <= 4;
}

static struct wx_func *find_plain(const struct wx_dl_member *m, const char *name)
{
    struct wx_func *f = find_func(m, name);
    return f && is_of(f, 0, 0) ? f : NULL;
}

static bool start(struct wx_dl_member *m, struct wx_dl_init *ret)
{
    uint32_t idx = m->instance->module->wasm->start_func;
    ret->func = idx == WAX_NO_INDEX ? NULL : wx_instance_func(m->instance, idx);
    return ret->func != NULL;
}

/* A function of the library's own that makes its block, or a block for the one that fills it. */
static bool make_tls(struct wx_dl_group *g, const struct wx_dl_lib *lib, struct wx_dl_member *m,
                     struct wx_dl_init *ret)
{
    bool exports_base = lib->tls_base != WAX_NO_INDEX;
    if (exports_base && wx_dl_tls_base(g, lib)) {
        return false;
    }
    struct wx_func *f = m->first ? NULL : find_func(m, "__wasix_init_tls");
    if (f && is_of(f, 0, 1)) {
        *ret = (struct wx_dl_init){f, 0};
        return true;
    }
    if (!exports_base) {
        return false;
    }
    f = find_func(m, "__wasm_init_tls");
    if (!f || !is_of(f, 1, 0) || !lib->tls_size) {
        return false;
    }
    m->tls_block = wx_dl_take_memory(g->dl, lib->tls_size, lib->tls_align);
    if (!m->tls_block) {
        wx_logf(&g->dl->env->log, WX_LOG_ERROR, "dl",
                "no memory for the %llu thread-local bytes of '%s'",
                (unsigned long long)lib->tls_size, lib->path);
        f = NULL; /* to be tried again */
    }
    *ret = (struct wx_dl_init){f, m->tls_block};
    return true;
}

/*
 * Linkers that do not export __wasm_apply_tls_relocs call it at the end of __wasm_init_tls, but the
 * start function fills the block of the first thread without either: the block is filled once more.
 */
static bool relocate_tls(struct wx_dl_group *g, const struct wx_dl_lib *lib,
                         const struct wx_dl_member *m, struct wx_dl_init *ret)
{
    struct wx_func *f = find_func(m, "__wasm_init_tls");
    uint64_t base = lib->tls_base == WAX_NO_INDEX ? 0 : wx_dl_tls_base(g, lib);
    if (!f || !is_of(f, 1, 0) || !base || m->tls_block) {
        return false;
    }
    *ret = (struct wx_dl_init){f, base};
    return true;
}

static bool init_func(struct wx_dl_group *g, uint32_t i, enum wx_dl_step step,
                      struct wx_dl_init *ret)
{
    static const char *const names[] = {[WX_DL_RELOCS] = "__wasm_apply_data_relocs",
                                        [WX_DL_TLS_RELOCS] = "__wasm_apply_tls_relocs",
                                        [WX_DL_CTORS] = "__wasm_call_ctors"};
    struct wx_dl_member *m = &g->members.p[i];
    const struct wx_dl_lib *lib = g->dl->libs[i];
    *ret = (struct wx_dl_init){NULL, 0};
    switch (step) {
    case WX_DL_START: return start(m, ret);
    case WX_DL_TLS: return i > 0 && make_tls(g, lib, m, ret);
    default: break;
    }
    if (!m->first || (i == 0 && step == WX_DL_CTORS)) {
        return false;
    }
    ret->func = find_plain(m, names[step]);
    if (!ret->func && step == WX_DL_TLS_RELOCS) {
        return relocate_tls(g, lib, m, ret);
    }
    if (!ret->func && step == WX_DL_CTORS) {
        ret->func = find_plain(m, "_initialize"); /* a reactor's: it calls them */
    }
    return ret->func != NULL;
}

/* Addresses of thread-local data in GOTs, now that there are blocks. */
static void fill_tls_got(struct wx_dl_group *g, uint32_t from)
{
    for (size_t i = from; i < g->members.n; i++) {
        const struct wx_module *w = g->members.p[i].instance->module->wasm;
        const struct wx_dl_got *got = g->dl->libs[i]->got;
        for (uint32_t k = 0; k < w->n_imports; k++) {
            if (got[k].tls) {
                g->members.p[i].instance->globals[w->imports[k].idx][0] =
                    (uint32_t)(got[k].value + wx_dl_tls_base(g, got[k].tls));
            }
        }
    }
}

static bool next_in_step(struct wx_dl_group *g, uint32_t from, enum wx_dl_step step,
                         struct wx_dl_init *ret)
{
    for (uint32_t i = from; i < g->members.n; i++) {
        if (g->members.p[i].step == step) {
            bool found = init_func(g, i, step, ret);
            if (!found || ret->func) {
                g->members.p[i].step++;
            }
            if (found) {
                return true;
            }
        }
    }
    return false;
}

bool wx_dl_next_init(struct wx_dl_group *g, uint32_t from, struct wx_dl_init *ret)
{
    for (enum wx_dl_step step = WX_DL_START; step < WX_DL_READY; step++) {
        if (next_in_step(g, from, step, ret)) {
            g->initializing += ret->func != NULL;
            return true;
        }
        if (step == WX_DL_TLS) {
            fill_tls_got(g, from);
        } else if (step == WX_DL_TLS_RELOCS) {
            wx_dl_publish(g);
        }
    }
    while (g->n_ready < g->members.n && g->members.p[g->n_ready].step == WX_DL_READY) {
        g->n_ready++;
    }
    if (g->n_ready == g->members.n) {
        wx_dl_stubs_settle(g);
    }
    return false;
}

void wx_dl_publish(struct wx_dl_group *g)
{
    struct wx_dl *dl = g->dl;
    wx_mutex_lock(&dl->lock);
    if (dl->owner == g->self && g->members.n == dl->n_loaded) {
        wx_store_release(&dl->n_libs, dl->n_loaded); /* pairs with wx_dl_sync */
    }
    wx_mutex_unlock(&dl->lock);
}

wax_status wx_dl_start(struct wx_guest_thread *main, wax_error **err)
{
    struct wx_dl_group *g = main->group;
    struct wx_dl_init init;
    wax_status st = WAX_OK;
    (void)wx_dl_own(g); /* nobody else is there */
    for (uint32_t i = 0; i < g->dl->n_loaded; i++) {
        wx_store_release(&g->dl->libs[i]->global, 1); /* what the program needs */
    }
    while (st == WAX_OK && wx_dl_next_init(g, 0, &init)) {
        uint64_t args[4] = {init.arg}, results[4];
        if (!init.func) {
            st = wx_fail_nomem(err, "thread-local data");
            break;
        }
        st = wx_enter(main->store, init.func, args, results, err);
        g->initializing--;
    }
    wx_dl_disown(g, false);
    return st;
}
