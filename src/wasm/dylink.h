/* SPDX-License-Identifier: Apache-2.0 */
/* The "dylink.0" section: what a dynamically linked module needs of who loads it. */
#ifndef WX_WASM_DYLINK_H
#define WX_WASM_DYLINK_H

#include "base/mem.h"
#include "wasm/module.h"

#define WX_DYLINK_WEAK 0x01u
#define WX_DYLINK_HIDDEN 0x04u
#define WX_DYLINK_TLS 0x100u

/** Names point into the module's bytes; the arrays belong to whom `mem` says. */
struct wx_dylink {
    uint32_t memory_size, memory_align; /* bytes, power of two */
    uint32_t table_size, table_align;   /* elements, power of two */
    uint32_t n_needed, n_paths;
    struct wx_name *needed;
    struct wx_name *paths;  /* RUNPATH: lists of directories, separated by ':' */
    uint32_t *export_flags; /* one for each export of the module; WX_DYLINK_* */
    uint32_t *import_flags; /* the same for imports */
};

bool wx_dylink_is(const struct wx_module *module);
/**
 * Read it. Alignments are at most 2^30.
 *
 * @return WAX_OK; WAX_E_NOT_FOUND: the module has none (*err untouched); WAX_E_MALFORMED with the
 * offset, also if there are two; WAX_E_LIMIT, WAX_E_NOMEM
 */
wax_status wx_dylink_read(const struct wx_module *module, struct wx_mem *mem, struct wx_dylink *ret,
                          wax_error **err);
void wx_dylink_fini(struct wx_dylink *dylink, struct wx_mem *mem); /* zeroed ones accepted */

#endif
