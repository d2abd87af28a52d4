/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction table and its reverse index. */
#include "wasm/opcodes.h"

#include "wasm/features.h"

const struct wx_op_info wx_op_table[WX_OP_COUNT] = {
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    [WX_OP_##NAME] = {PFX,                                                                         \
                      CODE,                                                                        \
                      TEXT,                                                                        \
                      WX_IMM_##IMM,                                                                \
                      #PARAMS,                                                                     \
                      #RESULTS,                                                                    \
                      ACCESS,                                                                      \
                      WX_FEATURE_##FEATURE,                                                        \
                      WX_LOWER_##LOWER},
#include "wasm/opcodes.def"
#undef OP
};

/* Reverse index: one dense row per prefix. Value = op + 1, 0 = none. */
#define MAX_CODE 0x120
static const uint16_t by_code[5][MAX_CODE] = {
#define ROW(PFX) ((PFX) == 0 ? 0 : (PFX) - 0xfa)
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    [ROW(PFX)][CODE] = WX_OP_##NAME + 1,
#include "wasm/opcodes.def"
#undef OP
};

enum wx_op wx_op_find(uint8_t pfx, uint32_t code)
{
    if (code >= MAX_CODE || (pfx != 0 && (pfx < 0xfb || pfx > 0xfe))) {
        return WX_OP_INVALID;
    }
    uint16_t v = by_code[ROW(pfx)][code];
    return v ? (enum wx_op)(v - 1) : WX_OP_INVALID;
}
