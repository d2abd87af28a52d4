/* SPDX-License-Identifier: Apache-2.0 */
/* Which values of a function are references at an instruction of it. */
#ifndef WX_WASM_TYPING_H
#define WX_WASM_TYPING_H

#include "base/vec.h"
#include "wasm/module.h"

/** Slots are counted from the first local, or from the first operand. */
struct wx_ref_slot {
    uint32_t slot;
    bool is_operand;
    wx_valtype type;
};

struct wx_typing; /* for one module, which outlives it; one thread at a time */

wax_status wx_typing_new(struct wx_mem *mem, const struct wx_module *module,
                         struct wx_typing **ret_typing, wax_error **err);
void wx_typing_free(struct wx_typing *typing); /* NULL accepted */
/** Begin with a defined function. @return WAX_OK; WAX_E_NOMEM */
wax_status wx_typing_begin(struct wx_typing *typing, uint32_t func_idx, wax_error **err);

/** Before the first instruction: parameters, and nothing else. */
#define WX_TYPING_ENTRY UINT64_C(0)

/**
 * The references there are while the instruction at this byte offset of the module waits for what
 * it calls: in locals and in operands that it leaves alone. Offsets ascend from call to call. Valid
 * until the next one.
 *
 * @return WAX_OK; WAX_E_NOMEM; WAX_E_INTERNAL if no instruction begins there
 */
wax_status wx_typing_at(struct wx_typing *typing, uint64_t off,
                        const struct wx_ref_slot **ret_slots, size_t *ret_n, wax_error **err);

#endif
