/* SPDX-License-Identifier: Apache-2.0 */
/* Prototypes of all handlers: one per name in abi.def. */
#ifndef WX_WASI_HANDLERS_H
#define WX_WASI_HANDLERS_H

#include "wasi/call.h"

/**
 * Handlers take their arguments as an array in the order of the import; i32 arguments are
 * zero-extended. They check guest pointers before any effect.
 */
#define HANDLER(NAME) wx_wasi_ret wx_wasi_##NAME(struct wx_wasi_call *c, const uint64_t *a);
#include "wasi/handlers.def"

#endif
