/* SPDX-License-Identifier: Apache-2.0 */
/* Import resolution. */
#include "engine/rt/linker.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"

struct provider {
    wx_provider_fn fn;
    void *data;
};

/* Either an object of some store, or (host.fn set) what to make one of in the store at hand. */
struct def {
    struct wx_extern ext;
    struct wx_host_def host;
    max_align_t data[]; /* host.data points here */
};

struct wx_linker {
    struct wx_engine *engine; /* counted */
    struct wx_mem *mem;
    struct wx_map defs; /* "u32 length of module, module, name" -> struct def, owned */
    WX_VEC(struct provider) providers;
};

wax_status wx_linker_new(struct wx_engine *engine, struct wx_mem *mem,
                         struct wx_linker **ret_linker, wax_error **err)
{
    struct wx_linker *l = wx_zalloc(mem, sizeof *l);
    if (!l) {
        return wx_fail_nomem(err, "a linker");
    }
    l->engine = wx_engine_ref(engine);
    l->mem = mem;
    wx_map_init(&l->defs, mem);
    *ret_linker = l;
    return WAX_OK;
}

void wx_linker_free(struct wx_linker *linker)
{
    if (!linker) {
        return;
    }
    for (size_t i = 0; i < linker->defs.cap; i++) {
        wx_free(linker->mem, linker->defs.entries[i].value);
    }
    wx_map_fini(&linker->defs);
    wx_vec_fini(linker->mem, &linker->providers);
    struct wx_engine *engine = linker->engine;
    wx_free(linker->mem, linker);
    wx_engine_unref(engine);
}

struct wx_engine *wx_linker_engine(const struct wx_linker *linker) { return linker->engine; }

/* Key without ambiguity: names may hold any byte. NULL when out of memory. */
static uint8_t *make_key(struct wx_mem *mem, struct wx_name module, struct wx_name name,
                         size_t *ret_len)
{
    *ret_len = sizeof module.len + module.len + name.len;
    uint8_t *key = wx_alloc(mem, *ret_len);
    if (key) {
        memcpy(key, &module.len, sizeof module.len);
        if (module.len) {
            memcpy(key + sizeof module.len, module.p, module.len);
        }
        if (name.len) {
            memcpy(key + sizeof module.len + module.len, name.p, name.len);
        }
    }
    return key;
}

/* Takes `def` (NULL = out of memory), also on failure. */
static wax_status put_def(struct wx_linker *linker, struct wx_name module, struct wx_name name,
                          struct def *def, wax_error **err)
{
    size_t len;
    uint8_t *key = def ? make_key(linker->mem, module, name, &len) : NULL;
    struct def *old = key ? wx_map_get(&linker->defs, key, len) : NULL;
    bool ok = key && wx_map_put(&linker->defs, key, len, def);
    wx_free(linker->mem, ok ? old : def);
    wx_free(linker->mem, key);
    return ok ? WAX_OK : wx_fail_nomem(err, "a definition");
}

wax_status wx_linker_define(struct wx_linker *linker, struct wx_name module, struct wx_name name,
                            const struct wx_extern *ext, wax_error **err)
{
    struct def *def = wx_zalloc(linker->mem, sizeof *def);
    if (def) {
        def->ext = *ext;
    }
    return put_def(linker, module, name, def, err);
}

wax_status wx_linker_define_host(struct wx_linker *linker, struct wx_name module,
                                 struct wx_name name, const struct wx_host_def *host,
                                 wax_error **err)
{
    struct def *def = wx_zalloc(linker->mem, sizeof *def + host->data_len);
    if (def) {
        def->ext.kind = WX_EXT_FUNC;
        def->host = *host;
        def->host.data = def->data;
        memcpy(def->data, host->data, host->data_len);
    }
    return put_def(linker, module, name, def, err);
}

wax_status wx_linker_define_instance(struct wx_linker *linker, struct wx_name module,
                                     struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = 0; i < w->n_exports; i++) {
        struct wx_extern ext;
        const struct wx_export *e = &w->exports[i];
        if (!wx_instance_extern(inst, e->kind, e->idx, &ext)) {
            return wx_fail_nomem(err, "a function");
        }
        wax_status st = wx_linker_define(linker, module, e->name, &ext, err);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

wax_status wx_linker_add_provider(struct wx_linker *linker, wx_provider_fn fn, void *data,
                                  wax_error **err)
{
    struct provider p = {fn, data};
    return wx_vec_push(linker->mem, &linker->providers, p) ? WAX_OK
                                                           : wx_fail_nomem(err, "a provider");
}

static wax_status make_host(const struct wx_host_def *h, struct wx_store *store,
                            const struct wx_import *im, struct wx_func **ret_func, wax_error **err)
{
    void *data = wx_arena_alloc(store->arena, h->data_len);
    if (!data) {
        return wx_fail_nomem(err, "a host function");
    }
    memcpy(data, h->data, h->data_len);
    char name[128]; /* for back-traces only: cut when longer */
    (void)snprintf(name, sizeof name, "%.*s", (int)(im->name.len < 127 ? im->name.len : 127),
                   im->name.len ? im->name.p : "");
    return wx_func_new_host(store, h->sig, h->fn, data, name, ret_func, err);
}

wax_status wx_linker_find(const struct wx_linker *l, struct wx_store *store,
                          const struct wx_rt_module *module, const struct wx_import *im,
                          struct wx_extern *ret_extern, wax_error **err)
{
    size_t len;
    uint8_t *key = make_key(l->mem, im->module, im->name, &len);
    if (!key) {
        return wx_fail_nomem(err, "linking");
    }
    const struct def *def = wx_map_get(&l->defs, key, len);
    wx_free(l->mem, key);
    if (def) {
        *ret_extern = def->ext;
        return def->host.fn ? make_host(&def->host, store, im, &ret_extern->u.func, err) : WAX_OK;
    }
    for (size_t i = 0; i < l->providers.n; i++) {
        const struct provider *p = &l->providers.p[i];
        wax_status st = p->fn(p->data, store, module, im, ret_extern, err);
        if (st != WAX_E_NOT_FOUND) {
            return st;
        }
    }
    return WAX_E_NOT_FOUND;
}

static bool name_is(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

static const char *hint_for(const struct wx_import *im)
{
    if (im->module.len >= 4 && (memcmp(im->module.p, "wasi", 4) == 0)) {
        return "this module wants WASI: run it through a builder (wax_builder) or 'waxwing run'";
    }
    if (name_is(im->module, "env")) {
        return "an 'env' function is the embedder's: define it in the linker, or link the guest "
               "with the library that has it";
    }
    return "define it in the linker, or preload a module that exports it (--preload NAME=PATH)";
}

static void describe_missing(const struct wx_import *first, uint32_t n, wax_error **err)
{
    static const char *const kinds[] = {"function", "table", "memory", "global", "tag"};
    char more[48] = "";
    if (n > 1) {
        (void)snprintf(more, sizeof more, " (and %u more)", n - 1); /* fits any u32 */
    }
    (void)wx_fail(err, WAX_E_LINK, "unknown import: %s '%.*s.%.*s' is not provided%s",
                  kinds[first->kind], (int)(first->module.len < 200 ? first->module.len : 200),
                  first->module.len ? first->module.p : "",
                  (int)(first->name.len < 200 ? first->name.len : 200),
                  first->name.len ? first->name.p : "", more);
    wx_error_set_hint(err, "%s", hint_for(first));
}

wax_status wx_linker_resolve(const struct wx_linker *linker, struct wx_store *store,
                             const struct wx_rt_module *module, struct wx_extern *ret_externs,
                             wax_error **err)
{
    const struct wx_module *w = module->wasm;
    const struct wx_import *first = NULL;
    uint32_t n_missing = 0;
    for (uint32_t i = 0; i < w->n_imports; i++) {
        wax_status st = wx_linker_find(linker, store, module, &w->imports[i], &ret_externs[i], err);
        if (st == WAX_E_NOT_FOUND) {
            first = first ? first : &w->imports[i];
            n_missing++;
        } else if (st != WAX_OK) {
            return st;
        }
    }
    if (first) {
        describe_missing(first, n_missing, err);
        return WAX_E_LINK;
    }
    return WAX_OK;
}
