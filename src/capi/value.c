/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion of values and types. */
#include "capi/capi.h"

#include <string.h>

wax_valtype wx_out_type(wx_valtype type)
{
    switch (wx_type_kind(type)) {
    case WX_KIND_I32: return WAX_I32;
    case WX_KIND_I64: return WAX_I64;
    case WX_KIND_F32: return WAX_F32;
    case WX_KIND_F64: return WAX_F64;
    case WX_KIND_V128: return WAX_V128;
    default: break;
    }
    switch (wx_type_heap(type)) {
    case WX_HEAP_EXTERN:
    case WX_HEAP_NOEXTERN: return WAX_EXTERNREF;
    case WX_HEAP_EXN:
    case WX_HEAP_NOEXN: return WAX_EXNREF;
    default: return WAX_FUNCREF;
    }
}

wx_valtype wx_in_type(wax_valtype type)
{
    static const wx_valtype types[] = {WX_KIND_I32,  WX_KIND_I64, WX_KIND_F32,  WX_KIND_F64,
                                       WX_KIND_V128, WX_FUNCREF,  WX_EXTERNREF, WX_EXNREF};
    return type >= 0 && (size_t)type < sizeof types / sizeof *types ? types[type] : WX_KIND_I32;
}

void wx_out_value(const uint64_t *slots, wx_valtype type, wax_value *ret_value)
{
    memset(ret_value, 0, sizeof *ret_value);
    ret_value->type = wx_out_type(type);
    switch (ret_value->type) {
    case WAX_V128: memcpy(ret_value->of.v128, slots, 16); break;
    case WAX_I32:
    case WAX_F32: memcpy(&ret_value->of.i32, slots, 4); break;
    case WAX_FUNCREF: ret_value->of.func = (wax_func *)(uintptr_t)slots[0]; break;
    default: ret_value->of.i64 = (int64_t)slots[0]; break;
    }
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
    case WAX_EXNREF: slots[0] = slots[1] = 0; break;
    default: slots[0] = (uint64_t)value->of.i64; break;
    }
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
