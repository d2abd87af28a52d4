/* SPDX-License-Identifier: Apache-2.0 */
/* From op bodies to machine code: copies stencils and fills their holes. */
#ifndef WX_ENGINE_JIT_EMIT_H
#define WX_ENGINE_JIT_EMIT_H

#include "engine/jit/region.h"
#include "engine/ops/lower.h"

/* Code from code_off on belongs to the instruction at module_off; both ascend in the hot part, then
 * again in the cold part. fp_delta: what a call in it has added to fp when it is on the way. */
struct wx_jit_mark {
    uint32_t code_off; /* from the start of the function */
    uint32_t module_off;
    uint32_t fp_delta; /* bytes */
};

/** One compiled function: wx_code.tier_data. */
struct wx_jit_code {
    uint32_t start; /* in the region's code */
    uint32_t len;
    uint32_t n_marks;
    uint32_t *pads; /* offset in the function of each landing pad; behind the marks */
    struct wx_jit_mark marks[];
};

/**
 * Compile one function at the region's end. The module's lock is held.
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_LIMIT (the region is full)
 */
wax_status wx_jit_emit_function(struct wx_jit_region *region, struct wx_rt_module *module,
                                struct wx_code *code, struct wx_jit_code **ret_code,
                                wax_error **err);

#endif
