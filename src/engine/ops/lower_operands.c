/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering: where each operand is, and bringing it where a body wants it. */
#include "engine/ops/lowering.h"

/* -------- output -------- */

void wx_lo_fail(struct wx_lowering *l) { l->failed = true; }

void wx_lo_emit_regs(struct wx_lowering *l, uint32_t h, uint32_t regs, const uint64_t *imms,
                     unsigned n)
{
    if (!l->sink->emit(l->sink, h, regs, imms, n, -1)) {
        wx_lo_fail(l);
    }
}
void wx_lo_emit(struct wx_lowering *l, uint32_t h, const uint64_t *imms, unsigned n)
{
    wx_lo_emit_regs(l, h, 0, imms, n);
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
/* Branches find the locals in their registers. */
void wx_lo_emit_test(struct wx_lowering *l, const struct wx_lo_test *t, uint32_t label)
{
    wx_lo_load_all_hot(l);
    if (!l->sink->emit(l->sink, t->h, t->regs, t->imms, t->n, label)) {
        wx_lo_fail(l);
    }
}
void wx_lo_emit_jump(struct wx_lowering *l, uint32_t label)
{
    wx_lo_emit_test(l, &(const struct wx_lo_test){.h = WX_H_BR}, label);
}
void wx_lo_bind(struct wx_lowering *l, uint32_t label)
{
    wx_lo_load_all_hot(l);
    if (!l->sink->bind(l->sink, label)) {
        wx_lo_fail(l);
    }
    wx_lo_hot_at_label(l);
}

const struct wx_lo_files wx_lo_get_body = {WX_H_GET_r_0, WX_H_GET_x_0, WX_H_GET_v_0},
                         wx_lo_put_body = {WX_H_PUT_r_0, WX_H_PUT_x_0, WX_H_PUT_v_0},
                         wx_lo_const_body = {WX_H_CONST_r_0, WX_H_CONST_x_0, WX_H_CONST_v_0},
                         wx_lo_move_body = {WX_H_SHIFT1_r_0, WX_H_SHIFT1_x_0, WX_H_SHIFT1_x_0};

uint32_t wx_lo_by_file(const struct wx_lo_files *h, bool is_x, bool two_slots)
{
    return !is_x ? h->r : two_slots ? h->v : h->x;
}

/* A body that moves operand o, or one of its kind, at position pos to or from register reg. */
void wx_lo_emit_file(struct wx_lowering *l, const struct wx_lo_files *h, const struct wx_operand *o,
                     size_t pos, unsigned reg, const uint64_t *imms, unsigned n)
{
    wx_lo_emit_regs(l, wx_lo_at_pos(l, wx_lo_by_file(h, o->is_x, o->n_slots == 2), pos),
                    WX_REG(o->is_x, 0, reg), imms, n);
}

/* -------- operand stack -------- */

static uint32_t header_slot(const struct wx_lowering *l) { return l->def->n_local_slots; }
uint64_t wx_lo_header_off(const struct wx_lowering *l) { return wx_lo_slot_off(header_slot(l)); }
/*
 * Have the first word of a reference of two slots in the register of its position, for a test; the
 * reference itself stays in its slots.
 */
void wx_lo_peek_pair(struct wx_lowering *l, size_t pos)
{
    wx_lo_to_slot(l, pos);
    wx_lo_to_reg(l, pos);
    wx_lo_at(l, pos)->place = WX_IN_SLOT;
    l->owner[0][wx_lo_reg(l, pos)] = -1;
}

/* A constant, a local, or what is in a frame slot, to another slot. */
void wx_lo_copy_to(struct wx_lowering *l, size_t pos, uint64_t off)
{
    const struct wx_operand *o = wx_lo_at(l, pos);
    bool two = o->n_slots == 2;
    if (o->place == WX_IN_LOCAL && o->hot) {
        wx_lo_load_hot(l, o->hot - 1u);
        wx_lo_emit_file(l, &wx_lo_put_body, o, pos, l->hot[o->hot - 1].reg, &off, 1);
    } else if (o->place != WX_IN_CONST) {
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
        wx_lo_emit_file(l, &wx_lo_put_body, o, pos, wx_lo_reg(l, pos), &off, 1);
        l->owner[o->is_x][wx_lo_reg(l, pos)] = -1;
        break;
    case WX_IN_LOCAL:
    case WX_IN_CONST: wx_lo_copy_to(l, pos, off); break;
    default: break;
    }
    o->place = WX_IN_SLOT;
}

void wx_lo_to_reg(struct wx_lowering *l, size_t pos)
{
    struct wx_operand *o = wx_lo_at(l, pos);
    if (o->place == WX_IN_REG) {
        return;
    }
    unsigned reg = wx_lo_reg(l, pos);
    wx_lo_claim(l, pos, o->is_x, reg);
    l->n_settled = pos < l->n_settled ? pos : l->n_settled;
    if (o->place == WX_IN_CONST) {
        wx_lo_emit_file(l, &wx_lo_const_body, o, pos, reg, (const uint64_t[]){o->value, o->high},
                        o->is_x ? o->n_slots : 1);
    } else if (o->place == WX_IN_LOCAL && o->hot) {
        wx_lo_load_hot(l, o->hot - 1u);
        wx_lo_emit_regs(l, wx_lo_by_file(&wx_lo_move_body, o->is_x, o->n_slots == 2),
                        WX_REG(o->is_x, 0, reg) | WX_REG(o->is_x, 1, l->hot[o->hot - 1].reg), NULL,
                        0);
    } else {
        uint64_t from = wx_lo_loc_off(l, pos);
        wx_lo_emit_file(l, &wx_lo_get_body, o, pos, reg, &from, 1);
    }
    o->place = WX_IN_REG;
}

/* The operand in some register: its own, or that of the local it stands for. @return its number */
unsigned wx_lo_any_reg(struct wx_lowering *l, size_t pos)
{
    const struct wx_operand *o = wx_lo_at(l, pos);
    if (o->place == WX_IN_LOCAL && o->hot) {
        wx_lo_load_hot(l, o->hot - 1u);
        return l->hot[o->hot - 1].reg;
    }
    wx_lo_to_reg(l, pos);
    return wx_lo_reg(l, pos);
}

/* The same. @return the register as `role` of a body */
uint32_t wx_lo_in_reg(struct wx_lowering *l, size_t pos, unsigned role)
{
    unsigned reg = wx_lo_any_reg(l, pos);
    return WX_REG(wx_lo_at(l, pos)->is_x, role, reg);
}

/* A value about to be made by a body at the present height: register claimed, operand pushed. */
unsigned wx_lo_push_reg(struct wx_lowering *l, wx_valtype t)
{
    if (wx_unlikely(wx_lo_in_the_way(l)) && !wx_lo_make_way(l)) {
        return 0;
    }
    bool is_x = wx_lo_type_is_x(t);
    size_t pos = wx_lo_height(l);
    unsigned reg = wx_lo_reg(l, pos);
    wx_lo_claim(l, pos, is_x, reg);
    wx_lo_put_operand(l, WX_IN_REG, is_x, (uint8_t)wx_type_slots(t), 0, 0);
    l->result = (struct wx_lo_dest){reg, is_x};
    return reg;
}

/* What a push may need before: the lowest operand to its slot, room. */
bool wx_lo_make_way(struct wx_lowering *l)
{
    if (wx_lo_height(l) - l->n_settled >= MAX_UNSETTLED) {
        wx_lo_to_slot(l, l->n_settled++);
    }
    if (!wx_vec_reserve(l->mem, &l->stack, 1)) {
        wx_lo_fail(l);
        return false;
    }
    return true;
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

/* -------- forms of two-operand bodies -------- */

/* Where an operand of a two-operand body may come from: the letters of the forms. */
enum source { FROM_REG, FROM_LOC, FROM_CONST };

static inline enum source source_of(const struct wx_operand *o)
{
    return o->place == WX_IN_SLOT || (o->place == WX_IN_LOCAL && !o->hot) ? FROM_LOC
           : o->place == WX_IN_CONST                                      ? FROM_CONST
                                                                          : FROM_REG;
}

/* The operand at pos as one of the two. @return its register, -1 if its immediate says it all */
static inline int take_source(struct wx_lowering *l, struct wx_lo_two *t, size_t pos, enum source s)
{
    if (s == FROM_REG) {
        return (int)wx_lo_any_reg(l, pos);
    }
    t->imms[t->n++] = s == FROM_LOC ? wx_lo_loc_off(l, pos) : wx_lo_at(l, pos)->value;
    return -1;
}

/* Choose the form for the top two operands, bring them into place and pop them. */
void wx_lo_take_two(struct wx_lowering *l, struct wx_lo_two *t)
{
    static const uint8_t forms[2][3] = {{WX_FORM_RR, WX_FORM_RL, WX_FORM_RC},
                                        {WX_FORM_LR, WX_FORM_LL, WX_FORM_LC}};
    size_t a = wx_lo_height(l) - 2, b = a + 1;
    if (wx_lo_at(l, a)->place == WX_IN_CONST) {
        wx_lo_to_reg(l, a);
    }
    enum source from_a = source_of(wx_lo_at(l, a)), from_b = source_of(wx_lo_at(l, b));
    t->pos = a;
    t->n = 0;
    t->a_x = wx_lo_at(l, a)->is_x;
    t->b_x = wx_lo_at(l, b)->is_x;
    t->a = take_source(l, t, a, from_a);
    t->b = take_source(l, t, b, from_b);
    t->form = (enum wx_form)forms[from_a][from_b];
    wx_lo_pop(l);
    wx_lo_pop(l);
}

uint32_t wx_lo_sources(const struct wx_lo_two *t)
{
    return (t->a >= 0 ? WX_REG(t->a_x, 0, t->a) : 0) | (t->b >= 0 ? WX_REG(t->b_x, 1, t->b) : 0);
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
