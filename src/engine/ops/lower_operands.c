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
    wx_lo_emit_regs(l, wx_lo_at_pos(l, wx_lo_by_file(h, wx_lo_is_x(o), wx_lo_is_wide(o)), pos),
                    WX_REG(wx_lo_is_x(o), 0, reg), imms, n);
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
    wx_lo_set_in_slot(wx_lo_at(l, pos));
    l->owner[0][wx_lo_at(l, pos)->reg] = -1;
}

/* A constant, a local, or what is in a frame slot, to another slot. */
void wx_lo_copy_to(struct wx_lowering *l, size_t pos, uint64_t off)
{
    const struct wx_operand *o = wx_lo_at(l, pos);
    bool wide = wx_lo_is_wide(o);
    if (o->place == WX_IN_HOT) {
        wx_lo_emit_file(l, &wx_lo_put_body, o, pos, wx_lo_hot_reg(l, o), &off, 1);
    } else if (o->place != WX_IN_CONST) {
        wx_lo_emit2(l, wide ? WX_H_MOVE_SLOT2 : WX_H_MOVE_SLOT, off, o->value);
    } else if (wide) {
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
    if (o->place == WX_IN_REG) {
        wx_lo_emit_file(l, &wx_lo_put_body, o, pos, o->reg, &off, 1);
        l->owner[wx_lo_is_x(o)][o->reg] = -1;
    } else if (o->place != WX_IN_SLOT) {
        wx_lo_copy_to(l, pos, off);
    }
    wx_lo_set_in_slot(o);
}

/* An operand that is not in its register. */
void wx_lo_to_reg_slow(struct wx_lowering *l, size_t pos)
{
    struct wx_operand *o = wx_lo_at(l, pos);
    bool is_x = wx_lo_is_x(o);
    wx_lo_claim(l, pos, is_x, o->reg);
    l->n_settled = pos < l->n_settled ? pos : l->n_settled;
    if (o->place == WX_IN_CONST) {
        wx_lo_emit_file(l, &wx_lo_const_body, o, pos, o->reg, (const uint64_t[]){o->value, o->high},
                        o->shape == WX_SHAPE_V ? 2 : 1);
    } else if (o->place == WX_IN_HOT) {
        unsigned from = wx_lo_hot_reg(l, o);
        wx_lo_emit_regs(l, wx_lo_by_file(&wx_lo_move_body, is_x, wx_lo_is_wide(o)),
                        WX_REG(is_x, 0, o->reg) | WX_REG(is_x, 1, from), NULL, 0);
    } else {
        wx_lo_emit_file(l, &wx_lo_get_body, o, pos, o->reg, &o->value, 1);
    }
    o->place = WX_IN_REG;
}

/* The operand in some register: its own, or that of the local it stands for. @return its number */
unsigned wx_lo_any_reg(struct wx_lowering *l, size_t pos)
{
    const struct wx_operand *o = wx_lo_at(l, pos);
    if (o->place == WX_IN_HOT) {
        return wx_lo_hot_reg(l, o);
    }
    wx_lo_to_reg(l, pos);
    return o->reg;
}

/* The same. @return the register as `role` of a body */
uint32_t wx_lo_in_reg(struct wx_lowering *l, size_t pos, unsigned role)
{
    unsigned reg = wx_lo_any_reg(l, pos);
    return WX_REG(wx_lo_is_x(wx_lo_at(l, pos)), role, reg);
}

/* The same when room or the register has to be made first. */
static WX_COLD unsigned push_reg_slow(struct wx_lowering *l, uint8_t shape)
{
    if (wx_lo_in_the_way(l) && !wx_lo_make_way(l)) {
        return 0;
    }
    bool is_x = wx_lo_shape_is_x(shape);
    l->result = (struct wx_lo_dest){l->next_reg, is_x};
    wx_lo_claim(l, wx_lo_height(l), is_x, l->next_reg);
    wx_lo_put_operand(l, WX_IN_REG, shape, 0);
    return l->result.reg;
}

/* A value about to be made by a body at the present height: register claimed, operand pushed. */
unsigned wx_lo_push_reg(struct wx_lowering *l, uint8_t shape)
{
    bool is_x = wx_lo_shape_is_x(shape);
    int64_t *owner = &l->owner[is_x][l->next_reg];
    if (wx_unlikely(wx_lo_in_the_way(l) || *owner >= 0)) {
        return push_reg_slow(l, shape);
    }
    *owner = (int64_t)wx_lo_height(l);
    l->result = (struct wx_lo_dest){l->next_reg, is_x};
    wx_lo_put_operand(l, WX_IN_REG, shape, 0);
    return l->result.reg;
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
    if (wx_lo_height(l) > h) {
        wx_lo_pop_some(l, wx_lo_height(l) - h);
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

/* The operand at pos as one of the two. @return its register, -1 if its immediate says it all */
static inline int take_source(struct wx_lowering *l, struct wx_lo_two *t, size_t pos)
{
    const struct wx_operand *o = wx_lo_at(l, pos);
    if (wx_lo_in_some_reg(o)) {
        return o->place == WX_IN_REG ? o->reg : (int)wx_lo_hot_reg(l, o);
    }
    t->imms[t->n++] = o->value;
    return -1;
}

/* Choose the form for the top two operands, bring them into place and pop them. */
void wx_lo_take_two(struct wx_lowering *l, struct wx_lo_two *t)
{
    static const uint8_t forms[WX_IN_CONST][WX_IN_CONST + 1] = {
        /* by their places */
        [WX_IN_REG] = {WX_FORM_RR, WX_FORM_RR, WX_FORM_RL, WX_FORM_RL, WX_FORM_RC},
        [WX_IN_HOT] = {WX_FORM_RR, WX_FORM_RR, WX_FORM_RL, WX_FORM_RL, WX_FORM_RC},
        [WX_IN_SLOT] = {WX_FORM_LR, WX_FORM_LR, WX_FORM_LL, WX_FORM_LL, WX_FORM_LC},
        [WX_IN_LOCAL] = {WX_FORM_LR, WX_FORM_LR, WX_FORM_LL, WX_FORM_LL, WX_FORM_LC},
    };
    size_t a = wx_lo_height(l) - 2, b = a + 1;
    if (wx_lo_at(l, a)->place == WX_IN_CONST) {
        wx_lo_to_reg(l, a);
    }
    t->pos = a;
    t->n = 0;
    t->a_x = wx_lo_is_x(wx_lo_at(l, a));
    t->b_x = wx_lo_is_x(wx_lo_at(l, b));
    t->form = (enum wx_form)forms[wx_lo_at(l, a)->place][wx_lo_at(l, b)->place];
    t->a = take_source(l, t, a);
    t->b = take_source(l, t, b);
    wx_lo_pop_some(l, 2);
}

uint32_t wx_lo_sources(const struct wx_lo_two *t)
{
    return (t->a >= 0 ? WX_REG(t->a_x, 0, t->a) : 0) | (t->b >= 0 ? WX_REG(t->b_x, 1, t->b) : 0);
}

/* Letters as in opcodes.def; only a first result counts. */
#define SHAPE(C)                                                                                   \
    ((C) == 'i' || (C) == 'I'   ? WX_SHAPE_R                                                       \
     : (C) == 'f' || (C) == 'F' ? WX_SHAPE_X                                                       \
     : (C) == 'V'               ? WX_SHAPE_V                                                       \
                                : WX_SHAPE_NONE)
const struct wx_lo_row wx_lo_rows[WX_OP_COUNT] = {
#define NONE(NAME) 0
#define R0(NAME) WX_H_##NAME##_R_0
#define RR0(NAME) WX_H_##NAME##_RR_0
#define RL0(NAME) WX_H_##NAME##_R0_0
#define K0(NAME) WX_H_##NAME##_K_0
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
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    [WX_OP_##NAME] = {FIRST_##LOWER(NAME), WX_LOWER_##LOWER, SHAPE((#RESULTS)[0])},
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
