/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction numbers and facts, from opcodes.def. */
#ifndef WX_WASM_OPCODES_H
#define WX_WASM_OPCODES_H

#include <stdint.h>

enum wx_op {
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER) WX_OP_##NAME,
#include "wasm/opcodes.def"
#undef OP
    WX_OP_COUNT,
    WX_OP_INVALID = WX_OP_COUNT
};

/* Immediates, in binary order. */
enum wx_imm {
    WX_IMM_NONE,
    WX_IMM_BLOCK,      /* block type */
    WX_IMM_LABEL,      /* depth */
    WX_IMM_LABELS,     /* vector of depths, default depth */
    WX_IMM_FUNC,       /* function index */
    WX_IMM_TYPE,       /* type index */
    WX_IMM_TYPE_TABLE, /* type index, table index */
    WX_IMM_TYPES,      /* vector of value types */
    WX_IMM_LOCAL,
    WX_IMM_GLOBAL,
    WX_IMM_TABLE,
    WX_IMM_TABLE2, /* destination, source */
    WX_IMM_ELEM,
    WX_IMM_ELEM_TABLE,  /* segment, table */
    WX_IMM_MEMARG,      /* alignment (bit 6: memory index follows), offset */
    WX_IMM_MEMARG_LANE, /* memarg, lane */
    WX_IMM_MEM,
    WX_IMM_MEM2, /* destination, source */
    WX_IMM_DATA,
    WX_IMM_DATA_MEM, /* segment, memory */
    WX_IMM_I32,
    WX_IMM_I64,
    WX_IMM_F32,
    WX_IMM_F64,
    WX_IMM_V128,
    WX_IMM_LANE,
    WX_IMM_LANES16,
    WX_IMM_HEAP, /* heap type */
    WX_IMM_TAG,
    WX_IMM_TRY_TABLE, /* block type, vector of catch clauses */
    WX_IMM_FENCE      /* one zero byte */
};

/* How tiers translate an instruction. */
enum wx_lower {
    WX_LOWER_CONTROL,
    WX_LOWER_EXN,
    WX_LOWER_CALL,
    WX_LOWER_PARAMETRIC,
    WX_LOWER_LOCAL,
    WX_LOWER_GLOBAL,
    WX_LOWER_TABLE,
    WX_LOWER_REF,
    WX_LOWER_CONST,
    WX_LOWER_UNARY,
    WX_LOWER_UNARY_TRAP,
    WX_LOWER_BINARY,
    WX_LOWER_BINARY_TRAP,
    WX_LOWER_COMPARE,
    WX_LOWER_LOAD,
    WX_LOWER_STORE,
    WX_LOWER_BULK,
    WX_LOWER_ATOMIC_LOAD,
    WX_LOWER_ATOMIC_STORE,
    WX_LOWER_ATOMIC_RMW,
    WX_LOWER_ATOMIC_CMPXCHG,
    WX_LOWER_ATOMIC_WAIT,
    WX_LOWER_WIDE,      /* several i64, two results */
    WX_LOWER_V_BINARY,  /* of v128: two operands */
    WX_LOWER_V_SHIFT,   /* v128 and an i32 count */
    WX_LOWER_V_TERNARY, /* three operands */
    WX_LOWER_V_SHUFFLE, /* two operands, 16 lane numbers */
    WX_LOWER_V_EXTRACT, /* a lane of `access` bytes */
    WX_LOWER_V_REPLACE,
    WX_LOWER_V_STORE,
    WX_LOWER_V_LOAD_LANE, /* memory access of one lane */
    WX_LOWER_V_STORE_LANE,
    WX_LOWER_GC
};

/*
 * Without pointers: a table of constants needs no work when the library is loaded. Sixteen bytes:
 * every instruction of a body is looked up.
 */
struct wx_op_info {
    uint16_t code;
    uint8_t pfx;
    uint8_t imm; /* enum wx_imm */
    uint8_t access;
    uint8_t feature;  /* enum wx_feature */
    uint8_t lower;    /* enum wx_lower */
    uint8_t n_params; /* number of `params`; 0 if special */
    char params[5];   /* letters as in opcodes.def, "_" if none, "X" if special */
    char results[3];
};

extern const struct wx_op_info wx_op_table[WX_OP_COUNT];
/* Names in the text format. */
extern const char wx_op_text[WX_OP_COUNT][40];

#define WX_OP_MAX_CODE 0x120
/* Reverse index, one row per prefix: op + 1, 0 = none. */
extern const uint16_t wx_op_by_code[5][WX_OP_MAX_CODE];

/** Instruction of an opcode that is known to be one, as in a validated body. */
static inline enum wx_op wx_op_valid(uint8_t pfx, uint32_t code)
{
    return (enum wx_op)(wx_op_by_code[pfx == 0 ? 0 : pfx - 0xfa][code] - 1);
}
/** Instruction of a binary opcode (prefix 0 = none); WX_OP_INVALID if there is none. */
static inline enum wx_op wx_op_find(uint8_t pfx, uint32_t code)
{
    if (code >= WX_OP_MAX_CODE || (pfx != 0 && (pfx < 0xfb || pfx > 0xfe))) {
        return WX_OP_INVALID;
    }
    uint16_t v = wx_op_by_code[pfx == 0 ? 0 : pfx - 0xfa][code];
    return v ? (enum wx_op)(v - 1) : WX_OP_INVALID;
}

#endif
