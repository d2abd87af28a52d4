/* SPDX-License-Identifier: Apache-2.0 */
/* Import resolution by (module, name): definitions first, then providers such as WASI. */
#ifndef WX_ENGINE_RT_LINKER_H
#define WX_ENGINE_RT_LINKER_H

#include "engine/rt/store.h"

struct wx_linker;

/**
 * Asked for imports nobody defined. Returns WAX_OK with *ret_extern set, WAX_E_NOT_FOUND (try the
 * next, *err untouched), or another error that ends linking.
 */
typedef wax_status (*wx_provider_fn)(void *data, struct wx_store *store,
                                     const struct wx_rt_module *module,
                                     const struct wx_import *import, struct wx_extern *ret_extern,
                                     wax_error **err);

/** `mem` is an account of the engine, which is held. */
wax_status wx_linker_new(struct wx_engine *engine, struct wx_mem *mem,
                         struct wx_linker **ret_linker, wax_error **err);
struct wx_engine *wx_linker_engine(const struct wx_linker *linker);
void wx_linker_free(struct wx_linker *linker); /* NULL accepted */
/** Define or replace; names are copied, length-counted. */
wax_status wx_linker_define(struct wx_linker *linker, struct wx_name module, struct wx_name name,
                            const struct wx_extern *ext, wax_error **err);
/** A host function that is made anew in each store it is linked into. */
struct wx_host_def {
    const struct wx_sig *sig;
    wx_host_fn fn;
    const void *data; /* copied into each store; fn gets the copy */
    size_t data_len;
};
/** Define or replace by description instead of by object; names and data are copied. */
wax_status wx_linker_define_host(struct wx_linker *linker, struct wx_name module,
                                 struct wx_name name, const struct wx_host_def *def,
                                 wax_error **err);
/** All exports of an instance under a module name. */
wax_status wx_linker_define_instance(struct wx_linker *linker, struct wx_name module,
                                     struct wx_instance *inst, wax_error **err);
wax_status wx_linker_add_provider(struct wx_linker *linker, wx_provider_fn fn, void *data,
                                  wax_error **err);
/**
 * One import. Thread-safe as long as nobody defines.
 *
 * @return WAX_OK; WAX_E_NOT_FOUND (*err untouched), or another error
 */
wax_status wx_linker_find(const struct wx_linker *linker, struct wx_store *store,
                          const struct wx_rt_module *module, const struct wx_import *import,
                          struct wx_extern *ret_extern, wax_error **err);
/**
 * Find every import of a module; all missing ones are named in one WAX_E_LINK error (the first in
 * the message with its type, the count of others), with a hint for well-known namespaces.
 */
wax_status wx_linker_resolve(const struct wx_linker *linker, struct wx_store *store,
                             const struct wx_rt_module *module, struct wx_extern *ret_externs,
                             wax_error **err);

#endif
