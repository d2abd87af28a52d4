/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the op bodies, as the lowering names them and the tiers look them up. */
#ifndef WX_ENGINE_OPS_HANDLERS_H
#define WX_ENGINE_OPS_HANDLERS_H

#include <stdint.h>

#include "engine/rt/outcome.h"

enum wx_h {
#define H(NAME) WX_H_##NAME,
#include "engine/ops/handlers.def"
    WX_H_COUNT
};

/* Operand forms of two-operand bodies, in table order; number = first + form * 4 + position. */
enum wx_form { WX_FORM_RR, WX_FORM_RL, WX_FORM_RC, WX_FORM_LR, WX_FORM_LL, WX_FORM_LC };

/* Runtime helpers reached by the HELPER body. */
enum wx_helper {
    WX_HELPER_MEMORY_GROW,
    WX_HELPER_MEMORY_FILL,
    WX_HELPER_MEMORY_COPY,
    WX_HELPER_MEMORY_INIT,
    WX_HELPER_DATA_DROP,
    WX_HELPER_TABLE_GET,
    WX_HELPER_TABLE_SET,
    WX_HELPER_TABLE_SIZE,
    WX_HELPER_TABLE_GROW,
    WX_HELPER_TABLE_FILL,
    WX_HELPER_TABLE_COPY,
    WX_HELPER_TABLE_INIT,
    WX_HELPER_ELEM_DROP,
    WX_HELPER_REF_FUNC,
    WX_HELPER_NOTIFY,
    WX_HELPER_WAIT32,
    WX_HELPER_WAIT64,
    WX_HELPER_THROW,
    WX_HELPER_THROW_REF,
    WX_HELPER_GLOBAL_GET_PAIR,
    WX_HELPER_GLOBAL_SET_PAIR,
    WX_HELPER_COUNT
};

struct wx_instance;
/** Operands and results in `slots`; c and d are immediates. Same contract as wx_host_fn. */
typedef enum wx_outcome (*wx_helper_fn)(struct wx_instance *inst, uint64_t *slots, uint64_t c,
                                        uint64_t d);
extern const wx_helper_fn wx_helpers[WX_HELPER_COUNT];

#endif
