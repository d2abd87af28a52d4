/* SPDX-License-Identifier: Apache-2.0 */
/* The translation every tier built on the op bodies shares: wasm body in, body numbers out. */
#ifndef WX_ENGINE_OPS_LOWER_H
#define WX_ENGINE_OPS_LOWER_H

#include "base/vec.h"
#include "engine/ops/handlers.h"
#include "engine/rt/store.h"

#define WX_SINK_TARGET UINT32_MAX

/*
 * Registers of a body's operands, four bits each: first, second and third of the integer file, then
 * of the vector file. 0..2 are operands by position, from 3 on locals. Only compiled code has them
 * as parameters: the interpreter's bodies name theirs.
 */
#define WX_REG(IS_X, ROLE, REG) ((uint32_t)(REG) << 4 * ((ROLE) + ((IS_X) ? 3 : 0)))
#define WX_OPERAND_REGS 3u /* compiled code; the interpreter has four */
#define WX_LOCAL_REGS 4u   /* more of the integer file */
#define WX_LOCAL_XREGS 5u  /* more of the vector file */

/** Where the lowering's output goes. The interpreter writes words, a compiler copies stencils. */
struct wx_sink {
    /**
     * Append body `h` with the registers `regs` (WX_REG) and n immediates. label >= 0: one more
     * immediate, a branch target. WX_SINK_TARGET as body: only one more target of the br_table
     * before.
     */
    bool (*emit)(struct wx_sink *sink, uint32_t h, uint32_t regs, const uint64_t *imms, unsigned n,
                 int64_t label);
    /** The next body is the target of `label`. */
    bool (*bind)(struct wx_sink *sink, uint32_t label);
    /** The next body is landing pad `pad` (rt/exn.h); pads are numbered from 0, bound once each. */
    bool (*pad)(struct wx_sink *sink, uint32_t pad);
    /** Bodies from here on belong to the instruction at this module offset. */
    bool (*mark)(struct wx_sink *sink, uint32_t module_off);
    /** Set the n-th immediate of the last FUEL body. */
    void (*set_fuel)(struct wx_sink *sink, uint64_t cost);
};

/**
 * Translate one defined function. Its body was validated when the module was decoded (R26).
 * Sets code->exns if exceptions are caught in it; call before entry is published.
 * @return WAX_OK, or WAX_E_NOMEM
 */
wax_status wx_lower(struct wx_rt_module *module, struct wx_code *code, struct wx_sink *sink,
                    wax_error **err);

#endif
