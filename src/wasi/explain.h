/* SPDX-License-Identifier: Apache-2.0 */
/* Why a module will not run in an environment, or not wholly, and what would help. */
#ifndef WX_WASI_EXPLAIN_H
#define WX_WASI_EXPLAIN_H

#include "wasm/module.h"

enum wx_finding_level { WX_FINDING_NOTE, WX_FINDING_LIMIT, WX_FINDING_MISSING };

/** Texts are valid during the call. */
struct wx_finding {
    enum wx_finding_level level;
    const char *subject; /* "wasix_32v1.proc_fork" */
    const char *message;
    const char *hint; /* "" if there is none */
};

typedef void (*wx_finding_fn)(void *data, const struct wx_finding *finding);

/** Look at imports and exports; what the embedder defines counts as missing. */
void wx_explain(const struct wx_module *module, wx_finding_fn fn, void *data);

/** When an import was last seen in the interface; NULL: it never was removed. */
const char *wx_abi_removed(struct wx_name name);

#endif
