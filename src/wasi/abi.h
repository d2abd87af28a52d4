/* SPDX-License-Identifier: Apache-2.0 */
/* The ABI table at run time, and linking of its imports into a store. */
#ifndef WX_WASI_ABI_H
#define WX_WASI_ABI_H

#include "engine/rt/linker.h"
#include "wasi/call.h"

/** Rows of the table. */
enum {
    WX_ABI_N = 0
#define ABI(SPACE, NAME, PARAMS, RESULTS, HANDLER, NAMES) +1
#include "wasi/abi.def"
#undef ABI
};
#define WX_ABI_MAX_ARGS 15

typedef wx_wasi_ret (*wx_wasi_handler)(struct wx_wasi_call *c, const uint64_t *a);

/** An import; text is valid for ever. */
struct wx_abi_func {
    const char *space;
    const char *name;
    const char *params; /* letters */
    const char *results;
    wx_wasi_handler handler; /* NULL: not there yet */
    bool is64;
    bool wasix;
    uint16_t row;
};

/** Find an import; false if the table has none of that name. */
bool wx_abi_find(struct wx_name space, struct wx_name name, struct wx_abi_func *ret);
/** Namespace and name of a row, and what its parameters are called, separated by spaces. */
const char *wx_abi_space(unsigned row);
const char *wx_abi_name(unsigned row);
const char *wx_abi_param_names(unsigned row);
/** Is this one of the table's namespaces? */
bool wx_abi_is_space(struct wx_name space);
/** Provider for wx_linker: data = struct wx_guest_thread of the store. */
wax_status wx_abi_provide(void *data, struct wx_store *store, const struct wx_rt_module *module,
                          const struct wx_import *import, struct wx_extern *ret_extern,
                          wax_error **err);

#endif
