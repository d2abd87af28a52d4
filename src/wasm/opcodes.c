/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction table and its reverse index. */
#include "wasm/opcodes.h"

#include "wasm/features.h"

/* Letters counted; "_" and "X" are none: for these the first argument of SECOND becomes two. */
#define NONE__ 0, 1
#define NONE_X 0, 1
#define SECOND(A, B, ...) B
#define IS_NONE(...) SECOND(__VA_ARGS__, 0, 0)
#define N_PARAMS(PARAMS) (sizeof #PARAMS - 1 - IS_NONE(NONE_##PARAMS))

const struct wx_op_info wx_op_table[WX_OP_COUNT] = {
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    [WX_OP_##NAME] = {CODE,                                                                        \
                      PFX,                                                                         \
                      WX_IMM_##IMM,                                                                \
                      ACCESS,                                                                      \
                      WX_FEATURE_##FEATURE,                                                        \
                      WX_LOWER_##LOWER,                                                            \
                      N_PARAMS(PARAMS),                                                            \
                      #PARAMS,                                                                     \
                      #RESULTS},
#include "wasm/opcodes.def"
#undef OP
};
_Static_assert(sizeof(struct wx_op_info) == 16, "one shift to find a row");

const char wx_op_text[WX_OP_COUNT][40] = {
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    [WX_OP_##NAME] = TEXT,
#include "wasm/opcodes.def"
#undef OP
};

const uint16_t wx_op_by_code[5][WX_OP_MAX_CODE] = {
#define ROW(PFX) ((PFX) == 0 ? 0 : (PFX) - 0xfa)
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    [ROW(PFX)][CODE] = WX_OP_##NAME + 1,
#include "wasm/opcodes.def"
#undef OP
};
