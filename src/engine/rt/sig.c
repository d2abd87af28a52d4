/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of function types. */
#include "engine/rt/sig.h"

#include <string.h>

#include "engine/rt/engine.h"

/* A reference of a type to itself, while ids are not given yet; no binary heap type has this code.
 */
#define HEAP_SELF 0xffu

static wx_valtype with_heap(wx_valtype t, uint32_t heap)
{
    return WX_REF(heap, wx_type_nullable(t));
}

static bool is_concrete(wx_valtype t)
{
    return wx_type_is_ref(t) && wx_type_heap(t) >= WX_HEAP_INDEX;
}

wx_valtype wx_sig_globalize(const struct wx_sig *const *sigs, wx_valtype type)
{
    if (!is_concrete(type)) {
        return type;
    }
    return with_heap(type, WX_HEAP_INDEX + sigs[wx_type_heap(type) - WX_HEAP_INDEX]->id);
}

/* New entry; `key` holds n_params and the types with HEAP_SELF. */
static struct wx_sig *add_sig(struct wx_engine *e, const uint32_t *key, uint32_t n_params,
                              uint32_t n) WAX_REQUIRES(&e->sig_lock)
{
    struct wx_sig *sig = wx_arena_alloc(e->sig_arena, sizeof *sig);
    wx_valtype *types = wx_arena_array(e->sig_arena, (size_t)n + 1, sizeof *types);
    if (!sig || !types || !wx_map_put(&e->sigs, key, ((size_t)n + 1) * sizeof *key, sig)) {
        return NULL;
    }
    sig->id = ++e->n_sigs;
    for (uint32_t i = 0; i < n; i++) {
        wx_valtype t = key[i + 1];
        bool self = wx_type_is_ref(t) && wx_type_heap(t) == HEAP_SELF;
        types[i] = self ? with_heap(t, WX_HEAP_INDEX + sig->id) : t;
        *(i < n_params ? &sig->n_param_slots : &sig->n_result_slots) += wx_type_slots(types[i]);
    }
    sig->n_params = n_params;
    sig->n_results = n - n_params;
    sig->types = types;
    return sig;
}

static wax_status intern_key(struct wx_engine *e, const uint32_t *key, uint32_t n_params,
                             uint32_t n, const struct wx_sig **ret_sig, wax_error **err)
{
    wx_mutex_lock(&e->sig_lock);
    struct wx_sig *sig = wx_map_get(&e->sigs, key, ((size_t)n + 1) * sizeof *key);
    if (!sig) {
        sig = add_sig(e, key, n_params, n);
    }
    wx_mutex_unlock(&e->sig_lock);
    if (!sig) {
        return wx_fail_nomem(err, "a function type");
    }
    *ret_sig = sig;
    return WAX_OK;
}

/* n_params and the types; freed by the caller. */
static uint32_t *new_key(struct wx_engine *engine, const wx_valtype *types, uint32_t n_params,
                         uint32_t n)
{
    uint32_t *key = wx_alloc(&engine->mem, ((size_t)n + 1) * sizeof *key);
    if (key) {
        key[0] = n_params;
    }
    if (key && n) {
        memcpy(key + 1, types, n * sizeof *key);
    }
    return key;
}

const struct wx_sig *wx_sig_find(struct wx_engine *engine, const wx_valtype *types,
                                 uint32_t n_params, uint32_t n_results)
{
    uint32_t n = n_params + n_results;
    uint32_t *key = new_key(engine, types, n_params, n);
    if (!key) {
        return NULL;
    }
    wx_mutex_lock(&engine->sig_lock);
    const struct wx_sig *sig = wx_map_get(&engine->sigs, key, ((size_t)n + 1) * sizeof *key);
    wx_mutex_unlock(&engine->sig_lock);
    wx_free(&engine->mem, key);
    return sig;
}

wax_status wx_sig_intern(struct wx_engine *engine, const wx_valtype *types, uint32_t n_params,
                         uint32_t n_results, const struct wx_sig **ret_sig, wax_error **err)
{
    uint32_t n = n_params + n_results;
    uint32_t *key = new_key(engine, types, n_params, n);
    if (!key) {
        return wx_fail_nomem(err, "a function type");
    }
    wax_status st = intern_key(engine, key, n_params, n, ret_sig, err);
    wx_free(&engine->mem, key);
    return st;
}

static wax_status intern_one(struct wx_engine *engine, const struct wx_module *module, uint32_t idx,
                             const struct wx_sig **sigs, wax_error **err)
{
    const struct wx_functype *t = &module->types[idx];
    uint32_t n = t->n_params + t->n_results;
    uint32_t *key = wx_alloc(&engine->mem, ((size_t)n + 1) * sizeof *key);
    if (!key) {
        return wx_fail_nomem(err, "a function type");
    }
    key[0] = t->n_params;
    for (uint32_t i = 0; i < n; i++) {
        wx_valtype v = t->types[i];
        bool self = is_concrete(v) && wx_type_heap(v) - WX_HEAP_INDEX == idx;
        key[i + 1] = self ? with_heap(v, HEAP_SELF) : wx_sig_globalize(sigs, v);
    }
    wax_status st = intern_key(engine, key, t->n_params, n, &sigs[idx], err);
    wx_free(&engine->mem, key);
    return st;
}

wax_status wx_sig_intern_module(struct wx_engine *engine, const struct wx_module *module,
                                const struct wx_sig **ret_sigs, wax_error **err)
{
    for (uint32_t i = 0; i < module->n_types; i++) { /* types refer to earlier ones only */
        wax_status st = intern_one(engine, module, i, ret_sigs, err);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

bool wx_sig_valtype_matches(wx_valtype sub, wx_valtype super)
{
    if (sub == super) {
        return true;
    }
    if (!wx_type_is_ref(sub) || !wx_type_is_ref(super) ||
        (wx_type_nullable(sub) && !wx_type_nullable(super))) {
        return false;
    }
    uint32_t a = wx_type_heap(sub), b = wx_type_heap(super);
    return a == b || (a >= WX_HEAP_INDEX && b == WX_HEAP_FUNC) ||
           (a == WX_HEAP_NOFUNC && (b == WX_HEAP_FUNC || b >= WX_HEAP_INDEX)) ||
           (a == WX_HEAP_NOEXTERN && b == WX_HEAP_EXTERN) ||
           (a == WX_HEAP_NOEXN && b == WX_HEAP_EXN);
}
