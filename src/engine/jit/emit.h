/* SPDX-License-Identifier: Apache-2.0 */
/* From op bodies to machine code: copies stencils and fills their holes. */
#ifndef WX_ENGINE_JIT_EMIT_H
#define WX_ENGINE_JIT_EMIT_H

#include "engine/jit/marks.h"
#include "engine/jit/region.h"
#include "engine/ops/lower.h"

/** One compiled function: wx_code.tier_data. One block of memory; the arrays follow `blocks`. */
struct wx_jit_code {
    uint32_t start; /* in the region's code */
    uint32_t len;
    uint32_t n_marks, n_blocks;
    uint32_t n_packed;    /* bytes */
    const uint32_t *pads; /* offset in the function of each landing pad */
    const uint8_t *packed;
    struct wx_jit_block blocks[];
};

/** The instruction a place in the function belongs to. */
static inline struct wx_jit_mark wx_jit_code_mark(const struct wx_jit_code *c, uint32_t code_off)
{
    return wx_jit_marks_find(c->blocks, c->n_blocks, c->packed, c->n_packed, code_off);
}

/** What compiling needs memory for, kept from function to function. One user at a time. */
struct wx_jit_scratch;
void wx_jit_scratch_free(struct wx_mem *mem, struct wx_jit_scratch *scratch); /* NULL accepted */

/**
 * Compile one function for the region's end. Its code waits in *scratch, which is made if NULL,
 * until it is written with all others there: those of one region. The module's lock is held.
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_LIMIT (the region is full)
 */
wax_status wx_jit_emit_function(struct wx_jit_region *region, struct wx_jit_scratch **scratch,
                                struct wx_rt_module *module, struct wx_code *code,
                                struct wx_jit_code **ret_code, wax_error **err);
/** Write what waits. @return false if the host refuses memory: it waits on */
bool wx_jit_write(struct wx_jit_region *region, struct wx_mem *mem,
                  struct wx_jit_scratch **scratch);
/** Bytes of code that wait. */
size_t wx_jit_unwritten(const struct wx_jit_scratch *scratch);

#endif
