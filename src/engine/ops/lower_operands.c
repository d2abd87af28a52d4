/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering: where each operand is, and bringing it where a body wants it. */
#include "engine/ops/lowering.h"

#define MAX_UNSETTLED 32u /* operands at the top that may be elsewhere than in their slots */

/* -------- output -------- */

void wx_lo_fail(struct wx_lowering *l) { l->failed = true; }

void wx_lo_emit(struct wx_lowering *l, uint32_t h, const uint64_t *imms, unsigned n)
{
    if (!l->sink->emit(l->sink, h, imms, n, -1)) {
        wx_lo_fail(l);
    }
}
void wx_lo_emit0(struct wx_lowering *l, uint32_t h) { wx_lo_emit(l, h, NULL, 0); }
void wx_lo_emit1(struct wx_lowering *l, uint32_t h, uint64_t a) { wx_lo_emit(l, h, &a, 1); }
void wx_lo_emit2(struct wx_lowering *l, uint32_t h, uint64_t a, uint64_t b)
{
    wx_lo_emit(l, h, (const uint64_t[]){a, b}, 2);
}
void wx_lo_emit3(struct wx_lowering *l, uint32_t h, uint64_t a, uint64_t b, uint64_t c)
{
    wx_lo_emit(l, h, (const uint64_t[]){a, b, c}, 3);
}
void wx_lo_emit4(struct wx_lowering *l, uint32_t h, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    wx_lo_emit(l, h, (const uint64_t[]){a, b, c, d}, 4);
}
void wx_lo_emit_branch(struct wx_lowering *l, uint32_t h, const uint64_t *imms, unsigned n,
                       uint32_t label)
{
    if (!l->sink->emit(l->sink, h, imms, n, label)) {
        wx_lo_fail(l);
    }
}
void wx_lo_bind(struct wx_lowering *l, uint32_t label)
{
    if (!l->sink->bind(l->sink, label)) {
        wx_lo_fail(l);
    }
}

/* -------- operand stack -------- */

static uint32_t header_slot(const struct wx_lowering *l) { return l->def->n_local_slots; }
uint64_t wx_lo_header_off(const struct wx_lowering *l) { return wx_lo_slot_off(header_slot(l)); }
uint32_t wx_lo_first_operand_slot(const struct wx_lowering *l)
{
    return header_slot(l) + l->rt->tier->header_slots;
}

bool wx_lo_type_is_x(wx_valtype t)
{
    uint8_t k = wx_type_kind(t);
    return k == WX_KIND_F32 || k == WX_KIND_F64 || k == WX_KIND_V128;
}

uint32_t wx_lo_next_slot(const struct wx_lowering *l)
{
    if (l->stack.n == 0) {
        return wx_lo_first_operand_slot(l);
    }
    const struct wx_operand *top = &l->stack.p[l->stack.n - 1];
    return top->slot + top->n_slots;
}

/*
 * Have the first word of a reference of two slots in the register of its position, for a test; the
 * reference itself stays in its slots.
 */
void wx_lo_peek_pair(struct wx_lowering *l, size_t pos)
{
    wx_lo_to_slot(l, pos);
    wx_lo_to_reg(l, pos);
    wx_lo_at(l, pos)->place = WX_IN_SLOT;
    l->owner[0][pos & 3] = -1;
}

uint32_t wx_lo_by_file(const struct wx_operand *o, uint32_t h_r, uint32_t h_x, uint32_t h_v)
{
    return !o->is_x ? h_r : o->n_slots == 1 ? h_x : h_v;
}

/* A constant or what is in a frame slot, to another slot. */
void wx_lo_copy_to(struct wx_lowering *l, size_t pos, uint64_t off)
{
    const struct wx_operand *o = wx_lo_at(l, pos);
    bool two = o->n_slots == 2;
    if (o->place != WX_IN_CONST) {
        wx_lo_emit2(l, two ? WX_H_MOVE_SLOT2 : WX_H_MOVE_SLOT, off, wx_lo_loc_off(l, pos));
    } else if (two) {
        wx_lo_emit3(l, WX_H_CONST_SLOT2, off, o->value, o->high);
    } else {
        wx_lo_emit2(l, WX_H_CONST_SLOT, off, o->value);
    }
}

/* Write an operand to its own slot, wherever it is. */
void wx_lo_to_slot(struct wx_lowering *l, size_t pos)
{
    struct wx_operand *o = wx_lo_at(l, pos);
    uint64_t off = wx_lo_slot_off(o->slot);
    switch (o->place) {
    case WX_IN_REG:
        wx_lo_emit1(
            l, wx_lo_by_file(o, WX_H_PUT_r_0, WX_H_PUT_x_0, WX_H_PUT_v_0) + (uint32_t)(pos & 3),
            off);
        l->owner[o->is_x][pos & 3] = -1;
        break;
    case WX_IN_LOCAL:
    case WX_IN_CONST: wx_lo_copy_to(l, pos, off); break;
    default: break;
    }
    o->place = WX_IN_SLOT;
}

/* The register of `pos` in a file becomes its own; an older owner goes to its slot. */
static void claim(struct wx_lowering *l, size_t pos, bool is_x)
{
    int64_t owner = l->owner[is_x][pos & 3];
    if (owner >= 0 && owner != (int64_t)pos) {
        wx_lo_to_slot(l, (size_t)owner);
    }
    l->owner[is_x][pos & 3] = (int64_t)pos;
}

void wx_lo_to_reg(struct wx_lowering *l, size_t pos)
{
    struct wx_operand *o = wx_lo_at(l, pos);
    if (o->place == WX_IN_REG) {
        return;
    }
    claim(l, pos, o->is_x);
    l->n_settled = pos < l->n_settled ? pos : l->n_settled;
    uint32_t v = (uint32_t)(pos & 3);
    if (o->place == WX_IN_CONST) {
        wx_lo_emit(l, wx_lo_by_file(o, WX_H_CONST_r_0, WX_H_CONST_x_0, WX_H_CONST_v_0) + v,
                   (const uint64_t[]){o->value, o->high}, o->is_x ? o->n_slots : 1);
    } else {
        wx_lo_emit1(l, wx_lo_by_file(o, WX_H_GET_r_0, WX_H_GET_x_0, WX_H_GET_v_0) + v,
                    wx_lo_loc_off(l, pos));
    }
    o->place = WX_IN_REG;
}

void wx_lo_push(struct wx_lowering *l, uint8_t place, wx_valtype t, uint64_t value)
{
    struct wx_operand o = {.place = place,
                           .is_x = wx_lo_type_is_x(t),
                           .value = value,
                           .n_slots = (uint8_t)wx_type_slots(t),
                           .slot = wx_lo_next_slot(l)};
    size_t pos = wx_lo_height(l);
    if (pos - l->n_settled >= MAX_UNSETTLED) {
        wx_lo_to_slot(l, l->n_settled++);
    }
    if (place == WX_IN_REG) {
        claim(l, pos, o.is_x);
    }
    if (!wx_vec_push(l->mem, &l->stack, o)) {
        wx_lo_fail(l);
    }
}

/* A value about to be made by a body at the present height: register claimed, operand pushed. */
unsigned wx_lo_push_reg(struct wx_lowering *l, wx_valtype t)
{
    wx_lo_push(l, WX_IN_REG, t, 0);
    return (unsigned)((wx_lo_height(l) - 1) & 3);
}

void wx_lo_pop(struct wx_lowering *l)
{
    size_t pos = wx_lo_height(l) - 1;
    struct wx_operand *o = wx_lo_at(l, pos);
    if (o->place == WX_IN_REG) {
        l->owner[o->is_x][pos & 3] = -1;
    }
    l->stack.n--;
    l->n_settled = pos < l->n_settled ? pos : l->n_settled;
}

void wx_lo_pop_to(struct wx_lowering *l, size_t h)
{
    while (wx_lo_height(l) > h) {
        wx_lo_pop(l);
    }
}

void wx_lo_flush_to(struct wx_lowering *l, size_t n)
{
    for (; l->n_settled < n; l->n_settled++) {
        wx_lo_to_slot(l, l->n_settled);
    }
}
void wx_lo_flush(struct wx_lowering *l) { wx_lo_flush_to(l, wx_lo_height(l)); }

/* Frame offset of an operand that is in a slot or local. */
uint64_t wx_lo_loc_off(struct wx_lowering *l, size_t pos)
{
    const struct wx_operand *o = wx_lo_at(l, pos);
    return o->place == WX_IN_LOCAL ? o->value : wx_lo_slot_off(o->slot);
}
bool wx_lo_is_loc(struct wx_lowering *l, size_t pos)
{
    return wx_lo_at(l, pos)->place == WX_IN_LOCAL || wx_lo_at(l, pos)->place == WX_IN_SLOT;
}

wx_valtype wx_lo_letter_type(char c)
{
    switch (c) {
    case 'I': return WX_KIND_I64;
    case 'f': return WX_KIND_F32;
    case 'F': return WX_KIND_F64;
    case 'V': return WX_KIND_V128;
    default: return WX_KIND_I32;
    }
}

/* -------- forms of two-operand bodies -------- */

/*
 * Choose the form for the top two operands, bring them into place and pop them. Immediates go to
 * imms; the body number is first + form * 4 + position.
 */
uint32_t wx_lo_take_two(struct wx_lowering *l, uint64_t imms[2], unsigned *ret_n)
{
    size_t b = wx_lo_height(l) - 1, a = b - 1;
    enum wx_form form;
    if (wx_lo_at(l, a)->place == WX_IN_CONST) {
        wx_lo_to_reg(l, a);
    }
    bool a_loc = wx_lo_is_loc(l, a), b_loc = wx_lo_is_loc(l, b),
         b_const = wx_lo_at(l, b)->place == WX_IN_CONST;
    *ret_n = 0;
    if (a_loc) {
        imms[(*ret_n)++] = wx_lo_loc_off(l, a);
    }
    if (b_loc) {
        imms[(*ret_n)++] = wx_lo_loc_off(l, b);
    } else if (b_const) {
        imms[(*ret_n)++] = wx_lo_at(l, b)->value;
    }
    form = a_loc ? (b_loc     ? WX_FORM_LL
                    : b_const ? WX_FORM_LC
                              : WX_FORM_LR)
                 : (b_loc     ? WX_FORM_RL
                    : b_const ? WX_FORM_RC
                              : WX_FORM_RR);
    wx_lo_pop(l);
    wx_lo_pop(l);
    return (uint32_t)form * 4 + (uint32_t)(a & 3);
}

/* The same for two v128 operands: forms RR, RL, LR, LL; constants go to registers. */
uint32_t wx_lo_take_two_v(struct wx_lowering *l, uint64_t imms[2], unsigned *ret_n)
{
    size_t b = wx_lo_height(l) - 1;
    if (wx_lo_at(l, b)->place == WX_IN_CONST) {
        wx_lo_to_reg(l, b);
    }
    static const uint8_t forms[] = {
        [WX_FORM_RR] = 0, [WX_FORM_RL] = 1, [WX_FORM_LR] = 2, [WX_FORM_LL] = 3};
    uint32_t body = wx_lo_take_two(l, imms, ret_n);
    return forms[body / 4] * 4u + body % 4;
}

/* First body number of each instruction that has any. */
const uint16_t wx_lo_first_body[WX_OP_COUNT] = {
#define NONE(NAME)
#define R0(NAME) [WX_OP_##NAME] = WX_H_##NAME##_R_0,
#define RR0(NAME) [WX_OP_##NAME] = WX_H_##NAME##_RR_0,
#define RL0(NAME) [WX_OP_##NAME] = WX_H_##NAME##_R0_0,
#define K0(NAME) [WX_OP_##NAME] = WX_H_##NAME##_K_0,
#define FIRST_CONTROL NONE
#define FIRST_EXN NONE
#define FIRST_CALL NONE
#define FIRST_PARAMETRIC NONE
#define FIRST_LOCAL NONE
#define FIRST_GLOBAL NONE
#define FIRST_TABLE NONE
#define FIRST_REF NONE
#define FIRST_CONST NONE
#define FIRST_BULK NONE
#define FIRST_ATOMIC_WAIT NONE
#define FIRST_WIDE R0
#define FIRST_V_BINARY RR0
#define FIRST_V_SHIFT RR0
#define FIRST_V_TERNARY R0
#define FIRST_V_SHUFFLE R0
#define FIRST_V_EXTRACT RL0
#define FIRST_V_REPLACE RL0
#define FIRST_V_STORE RR0
#define FIRST_V_LOAD_LANE RL0
#define FIRST_V_STORE_LANE RL0
#define FIRST_GC NONE
#define FIRST_UNARY R0
#define FIRST_UNARY_TRAP R0
#define FIRST_BINARY RR0
#define FIRST_BINARY_TRAP RR0
#define FIRST_COMPARE RR0
#define FIRST_LOAD R0
#define FIRST_STORE RR0
#define FIRST_ATOMIC_LOAD K0
#define FIRST_ATOMIC_STORE K0
#define FIRST_ATOMIC_RMW K0
#define FIRST_ATOMIC_CMPXCHG K0
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER) FIRST_##LOWER(NAME)
#include "wasm/opcodes.def"
#undef OP
};

/* The compare that holds exactly when this one does not; integers only (NaN). */
enum wx_op wx_lo_inverse(enum wx_op op)
{
#define PAIR(P, X, Y)                                                                              \
    case WX_OP_##P##_##X: return WX_OP_##P##_##Y;                                                  \
    case WX_OP_##P##_##Y: return WX_OP_##P##_##X;
#define PAIRS(P)                                                                                   \
    PAIR(P, EQ, NE)                                                                                \
    PAIR(P, LT_S, GE_S) PAIR(P, LT_U, GE_U) PAIR(P, GT_S, LE_S) PAIR(P, GT_U, LE_U)
    switch (op) {
        PAIRS(I32)
        PAIRS(I64)
    default: return WX_OP_INVALID;
    }
}
