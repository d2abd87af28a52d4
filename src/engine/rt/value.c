/* SPDX-License-Identifier: Apache-2.0 */
/* From slots to the values of the public API. */
#include "engine/rt/value.h"

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

void wx_out_value(const uint64_t *slots, wx_valtype type, wax_value *ret_value)
{
    memset(ret_value, 0, sizeof *ret_value);
    ret_value->type = wx_out_type(type);
    switch (ret_value->type) {
    case WAX_V128: memcpy(ret_value->of.v128, slots, 16); break;
    case WAX_I32:
    case WAX_F32: memcpy(&ret_value->of.i32, slots, 4); break;
    case WAX_FUNCREF: ret_value->of.func = (wax_func *)(uintptr_t)slots[0]; break;
    case WAX_EXNREF: memcpy(ret_value->of.exnref, slots, 16); break;
    default: ret_value->of.i64 = (int64_t)slots[0]; break;
    }
}
