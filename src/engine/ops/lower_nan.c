/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical NaNs: which results may hold one, and the body behind them. */
/*
 * The specification lets arithmetic choose the sign and payload of the NaNs it makes. What only
 * moves bits (loads, constants, copysign, abs, neg, pmin, pmax, lanes) keeps those it is given; all
 * else is here. Source: wasm core 3.0, 4.3.3 (NaN propagation), appendix on profiles
 * (deterministic).
 */
#include "engine/ops/lowering.h"

enum kind { NONE, KIND_F32, KIND_F64, KIND_F32X4, KIND_F64X2 };

#define BOTH(NAME) [WX_OP_F32_##NAME] = KIND_F32, [WX_OP_F64_##NAME] = KIND_F64,
#define LANES(NAME) [WX_OP_F32X4_##NAME] = KIND_F32X4, [WX_OP_F64X2_##NAME] = KIND_F64X2,
#define ALL(NAME) BOTH(NAME) LANES(NAME)

/* clang-format off */
static const uint8_t kinds[WX_OP_COUNT] = {
    ALL(ADD) ALL(SUB) ALL(MUL) ALL(DIV) ALL(SQRT) ALL(MIN) ALL(MAX)
    ALL(CEIL) ALL(FLOOR) ALL(TRUNC) ALL(NEAREST)
    LANES(RELAXED_MADD) LANES(RELAXED_NMADD) LANES(RELAXED_MIN) LANES(RELAXED_MAX)
    [WX_OP_F32_DEMOTE_F64] = KIND_F32,
    [WX_OP_F64_PROMOTE_F32] = KIND_F64,
    [WX_OP_F32X4_DEMOTE_F64X2_ZERO] = KIND_F32X4,
    [WX_OP_F64X2_PROMOTE_LOW_F32X4] = KIND_F64X2,
};
/* clang-format on */

void wx_lo_canonical(struct wx_lowering *l, enum wx_op op)
{
    static const uint16_t bodies[] = {
        [KIND_F32] = WX_H_CANON_f_0,
        [KIND_F64] = WX_H_CANON_F_0,
        [KIND_F32X4] = WX_H_CANON_f4_0,
        [KIND_F64X2] = WX_H_CANON_F2_0,
    };
    if (kinds[op] != NONE) {
        unsigned reg = l->result.reg;
        wx_lo_emit_regs(l, wx_lo_at_pos(l, bodies[kinds[op]], reg), WX_REG(1, 0, reg), NULL, 0);
    }
}
