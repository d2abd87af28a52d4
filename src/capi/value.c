/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion of values and types. */
#include "capi/capi.h"

#include <string.h>

wx_valtype wx_in_type(wax_valtype type)
{
    static const wx_valtype types[] = {WX_KIND_I32,  WX_KIND_I64, WX_KIND_F32,  WX_KIND_F64,
                                       WX_KIND_V128, WX_FUNCREF,  WX_EXTERNREF, WX_EXNREF};
    return type >= 0 && (size_t)type < sizeof types / sizeof *types ? types[type] : WX_KIND_I32;
}

bool wx_is_type(wax_valtype type) { return type >= WAX_I32 && type <= WAX_EXNREF; }

static bool ref_fits(const struct wx_store *store, const wax_value *value, wx_valtype type)
{
    const struct wx_func *f = wx_in_wax_func(value->of.func);
    switch (value->type) {
    case WAX_FUNCREF:
        return f->store == store && wx_type_heap(type) != WX_HEAP_NOFUNC &&
               (wx_type_heap(type) < WX_HEAP_INDEX ||
                wx_type_heap(type) - WX_HEAP_INDEX == f->sig->id);
    case WAX_EXTERNREF:
        return value->of.externref <= store->externrefs.n && wx_type_heap(type) != WX_HEAP_NOEXTERN;
    default: return true;
    }
}

bool wx_value_fits(const struct wx_store *store, const wax_value *value, wx_valtype type)
{
    if (value->type != wx_out_type(type)) {
        return false;
    }
    if (!wx_type_is_ref(type)) {
        return true;
    }
    return value->of.externref ? ref_fits(store, value, type) : wx_type_nullable(type);
}

void wx_in_value(const wax_value *value, uint64_t *slots)
{
    switch (value->type) {
    case WAX_V128: memcpy(slots, value->of.v128, 16); break;
    case WAX_I32: slots[0] = (uint32_t)value->of.i32; break;
    case WAX_F32:
        slots[0] = 0;
        memcpy(slots, &value->of.f32, 4);
        break;
    case WAX_FUNCREF: slots[0] = (uint64_t)(uintptr_t)value->of.func; break;
    case WAX_EXNREF: memcpy(slots, value->of.exnref, 16); break;
    default: slots[0] = (uint64_t)value->of.i64; break;
    }
}

wax_status wx_check_exnref(const struct wx_store *store, const wax_value *value, wax_error **err)
{
    if (value->type != WAX_EXNREF || wx_exn_is_valid(store, value->of.exnref)) {
        return WAX_OK;
    }
    (void)wx_fail(err, WAX_E_STATE, "the exception reference is not valid any more");
    wx_error_set_hint(err, "keep it in a global or a table of its store");
    return WAX_E_STATE;
}

struct wx_name wx_in_name(wax_name name) { return (struct wx_name){name.data, (uint32_t)name.len}; }

bool wx_out_functype(struct wx_arena *arena, const wx_valtype *types, uint32_t n_params,
                     uint32_t n_results, wax_functype *ret_type)
{
    uint32_t n = n_params + n_results;
    wax_valtype *out = wx_arena_array(arena, n, sizeof *out);
    if (!out) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        out[i] = wx_out_type(types[i]);
    }
    *ret_type = (wax_functype){n_params, n_results, out, out + n_params};
    return true;
}

void wx_out_extern(const struct wx_extern *ext, wax_extern *ret_extern)
{
    ret_extern->kind = (int32_t)ext->kind; /* the same numbers, see the assertions */
    ret_extern->of.func = (wax_func *)(void *)ext->u.func;
}

struct wx_extern wx_in_extern(const wax_extern *ext)
{
    return (struct wx_extern){.kind = (uint32_t)ext->kind,
                              .u.func = (struct wx_func *)(void *)ext->of.func};
}

_Static_assert(WAX_EXTERN_FUNC == (int)WX_EXT_FUNC && WAX_EXTERN_TABLE == (int)WX_EXT_TABLE &&
                   WAX_EXTERN_MEMORY == (int)WX_EXT_MEMORY &&
                   WAX_EXTERN_GLOBAL == (int)WX_EXT_GLOBAL && WAX_EXTERN_TAG == (int)WX_EXT_TAG,
               "extern kinds are the binary format's");

wax_limits wx_out_limits(const struct wx_limits *l)
{
    return (wax_limits){l->min, l->has_max ? l->max : UINT64_MAX, l->is64, l->shared};
}

wax_status wx_check_value(const struct wx_store *store, const wax_value *value, wx_valtype type,
                          const char *what, wax_error **err)
{
    static const char *const names[] = {"i32",  "i64",     "f32",       "f64",
                                        "v128", "funcref", "externref", "exnref"};
    wax_valtype want = wx_out_type(type);
    if (value->type != want) {
        bool known = value->type >= 0 && (size_t)value->type < sizeof names / sizeof *names;
        return wx_fail(err, WAX_E_TYPE, "%s: %s wanted, not %s", what, names[want],
                       known ? names[value->type] : "an unknown type");
    }
    if (wx_type_is_ref(type) && !wx_type_nullable(type) && value->of.externref == 0) {
        return wx_fail(err, WAX_E_TYPE, "%s must not be null", what);
    }
    if (value->type == WAX_FUNCREF && value->of.func &&
        wx_in_wax_func(value->of.func)->store != store) {
        return wx_fail(err, WAX_E_TYPE, "%s: the function belongs to another store", what);
    }
    return wx_value_fits(store, value, type)
               ? WAX_OK
               : wx_fail(err, WAX_E_TYPE,
                         "%s: the reference is of another function type or of another store", what);
}
