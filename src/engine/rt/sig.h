/* SPDX-License-Identifier: Apache-2.0 */
/* Engine-wide interned function types: equal types of all modules have one id. */
#ifndef WX_ENGINE_RT_SIG_H
#define WX_ENGINE_RT_SIG_H

#include "base/error.h"
#include "wasm/module.h"

struct wx_engine;

/**
 * Immutable once interned; kept until the engine ends (never freed while a module lives). In
 * `types` concrete heap types are WX_HEAP_INDEX + signature id (not a module's index).
 */
struct wx_sig {
    uint32_t id; /* ≥ 1 */
    uint32_t n_params;
    uint32_t n_results;
    uint32_t n_param_slots;
    uint32_t n_result_slots;
    const wx_valtype *types; /* params then results */
};

/** Intern a function type written in engine-wide terms. Thread-safe. */
wax_status wx_sig_intern(struct wx_engine *engine, const wx_valtype *types, uint32_t n_params,
                         uint32_t n_results, const struct wx_sig **ret_sig, wax_error **err);
/** The same if there is such a type already; NULL: there is none, or out of memory. */
const struct wx_sig *wx_sig_find(struct wx_engine *engine, const wx_valtype *types,
                                 uint32_t n_params, uint32_t n_results);
/** Intern every type of a module into ret_sigs[module->n_types]. */
wax_status wx_sig_intern_module(struct wx_engine *engine, const struct wx_module *module,
                                const struct wx_sig **ret_sigs, wax_error **err);
/** A module's value type in engine-wide terms. */
wx_valtype wx_sig_globalize(const struct wx_sig *const *sigs, wx_valtype type);
/** Subtyping of engine-wide value types. */
bool wx_sig_valtype_matches(wx_valtype sub, wx_valtype super);

#endif
