/* SPDX-License-Identifier: Apache-2.0 */
/* Between public handles and internal objects. */
#ifndef WX_CAPI_CAPI_H
#define WX_CAPI_CAPI_H

#include <waxwing/waxwing.h>

#include "engine/rt/linker.h"
#include "engine/rt/store.h"
#include "engine/rt/value.h"

/*
 * Engines, modules, stores, functions, tables, memories, globals and instances are their internal
 * objects under another name; the rest have structs of their own.
 */
#define WX_HANDLE(PUBLIC, INTERNAL)                                                                \
    static inline struct INTERNAL *wx_in_##PUBLIC(const struct PUBLIC *p)                          \
    {                                                                                              \
        return (struct INTERNAL *)(uintptr_t)p;                                                    \
    }                                                                                              \
    static inline struct PUBLIC *wx_out_##PUBLIC(const struct INTERNAL *p)                         \
    {                                                                                              \
        return (struct PUBLIC *)(uintptr_t)p;                                                      \
    }
WX_HANDLE(wax_engine, wx_engine)
WX_HANDLE(wax_module, wx_rt_module)
WX_HANDLE(wax_store, wx_store)
WX_HANDLE(wax_instance, wx_instance)
WX_HANDLE(wax_func, wx_func)
WX_HANDLE(wax_table, wx_table)
WX_HANDLE(wax_memory, wx_memory)
WX_HANDLE(wax_global, wx_global)
WX_HANDLE(wax_tag, wx_tag)
WX_HANDLE(wax_linker, wx_linker)

/** WAX_E_INVALID naming the argument. */
#define WX_REQUIRE(COND, ERR, WHAT)                                                                \
    if (!(COND)) {                                                                                 \
        return wx_fail((ERR), WAX_E_INVALID, "%s: %s", __func__, (WHAT));                          \
    }

wx_valtype wx_in_type(wax_valtype type);
/**
 * May the value stand where the engine-wide type is wanted? References must be of this store, of a
 * matching function type and not null where null is not allowed. Of exnrefs wx_check_exnref() tells
 * whether they are still valid.
 */
bool wx_value_fits(const struct wx_store *store, const wax_value *value, wx_valtype type);
/** Is this one of the public value types? */
bool wx_is_type(wax_valtype type);
/** Store a value into its slot(s); v128 takes two. */
void wx_in_value(const wax_value *value, uint64_t *slots);
/** WAX_E_STATE for an exnref that is gone or another store's; WAX_OK for all other values. */
wax_status wx_check_exnref(const struct wx_store *store, const wax_value *value, wax_error **err);
struct wx_name wx_in_name(wax_name name);
/** Type arrays as the public API shows them, in the given arena. False when out of memory. */
bool wx_out_functype(struct wx_arena *arena, const wx_valtype *types, uint32_t n_params,
                     uint32_t n_results, wax_functype *ret_type);
void wx_out_extern(const struct wx_extern *ext, wax_extern *ret_extern);
struct wx_extern wx_in_extern(const wax_extern *ext);
/** text.c: a module given as text. */
wax_status wx_capi_module_from_text(struct wx_engine *e, const char *text, size_t len,
                                    struct wx_rt_module **ret_module, wax_error **err);
/**
 * A value from the embedder for something of this type in this store: WAX_E_TYPE if it is of
 * another type, null where that is not allowed, of another store or function type (what
 * wx_value_fits() says). `what` names it.
 */
wax_status wx_check_value(const struct wx_store *store, const wax_value *value, wx_valtype type,
                          const char *what, wax_error **err);
wax_limits wx_out_limits(const struct wx_limits *l);

#endif
