/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering: branches, blocks, and the walk over a body. Idea and invariants in lowering.h. */
#include "engine/ops/lower.h"

#include <string.h>

#include "engine/ops/lowering.h"

#define MAX_SAVED 8u /* carried operands remembered around a conditional branch */

/* -------- branches -------- */

static uint32_t label_arity(const struct wx_control *c)
{
    return c->op == WX_OP_LOOP ? c->n_params : c->n_results;
}

/* The single result of a block travels in a register (invariant 2), if it fits into one. */
bool wx_lo_result_in_reg(const struct wx_control *c)
{
    if (c->op == WX_OP_LOOP || c->n_results != 1) {
        return false;
    }
    wx_valtype t = wx_lo_ctrl_types(c)[c->n_params];
    return wx_type_in_vector_file(t) || wx_type_slots(t) == 1;
}

uint32_t wx_lo_slot_at_height(struct wx_lowering *l, size_t h)
{
    return h < wx_lo_height(l) ? wx_lo_at(l, h)->slot : l->next_slot;
}

static bool all_in_slots(struct wx_lowering *l, size_t first)
{
    for (size_t i = first > l->n_settled ? first : l->n_settled; i < wx_lo_height(l); i++) {
        if (wx_lo_at(l, i)->place != WX_IN_SLOT) {
            return false;
        }
    }
    return true;
}

static bool branch_needs_moves(struct wx_lowering *l, const struct wx_control *c)
{
    uint32_t n = label_arity(c);
    size_t from = wx_lo_height(l) - n;
    if (wx_lo_result_in_reg(c)) {
        return wx_lo_reg(l, from) != wx_lo_reg(l, c->height) ||
               wx_lo_at(l, from)->place != WX_IN_REG;
    }
    return n > 0 && (from != c->height || !all_in_slots(l, from));
}

static void move_reg(struct wx_lowering *l, size_t from, size_t to, bool is_x)
{
    static const uint16_t by[2][4] = {
        {0, WX_H_SHIFT1_r_0, WX_H_SHIFT2_r_0, WX_H_SHIFT3_r_0},
        {0, WX_H_SHIFT1_x_0, WX_H_SHIFT2_x_0, WX_H_SHIFT3_x_0},
    };
    unsigned n = (unsigned)(from - to) & 3;
    if (l->compiled && wx_lo_reg(l, from) != wx_lo_reg(l, to)) {
        wx_lo_emit_regs(l, by[is_x][1],
                        WX_REG(is_x, 0, wx_lo_reg(l, to)) | WX_REG(is_x, 1, wx_lo_reg(l, from)),
                        NULL, 0);
    } else if (!l->compiled && n) {
        wx_lo_emit0(l, by[is_x][n] + (uint32_t)(to & 3));
    }
}

/* The operands from `first` on go to their slots, without counting as settled. */
static void to_slots_from(struct wx_lowering *l, size_t first)
{
    for (size_t i = first > l->n_settled ? first : l->n_settled; i < wx_lo_height(l); i++) {
        wx_lo_to_slot(l, i);
    }
}

/*
 * Bring the values a branch carries to where its label wants them. The stack model is left as it
 * is: what is in registers below is in slots too at any label, so nothing live is lost.
 */
static void carry(struct wx_lowering *l, const struct wx_control *c)
{
    uint32_t n = label_arity(c);
    size_t from = wx_lo_height(l) - n;
    if (n == 0) {
        return;
    }
    if (wx_lo_result_in_reg(c)) {
        wx_lo_to_reg(l, from);
        move_reg(l, from, c->height, wx_lo_is_x(wx_lo_at(l, from)));
        return;
    }
    to_slots_from(l, from);
    uint32_t to = wx_lo_slot_at_height(l, c->height), start = wx_lo_at(l, from)->slot;
    if (start != to) {
        wx_lo_emit3(l, WX_H_COPY_SLOTS, wx_lo_slot_off(to), wx_lo_slot_off(start),
                    l->next_slot - start);
    }
}

/* Basic blocks pay at their start; what they cost is known at their end (R5). */
void wx_lo_end_fuel(struct wx_lowering *l)
{
    if (l->fuel_open) {
        l->sink->set_fuel(l->sink, l->cost);
        l->fuel_open = false;
    }
}

void wx_lo_begin_fuel(struct wx_lowering *l)
{
    if (l->fuel) {
        l->cost = 0;
        l->fuel_open = true;
        wx_lo_emit1(l, WX_H_FUEL, 0);
    }
}

/* Two counters for each defined function: calls, iterations of its loops. */
static void count_heat(struct wx_lowering *l, unsigned which)
{
    if (l->heat) {
        uint32_t func = (uint32_t)(l->def - l->m->funcs) - l->m->n_func_imports;
        wx_lo_emit1(l, WX_H_HEAT, (uint64_t)func * 2 + which);
    }
}

static void jump(struct wx_lowering *l, struct wx_control *c)
{
    if (c->op != WX_OP_LOOP) {
        c->reached_end = true;
    }
    wx_lo_emit_jump(l, c->label);
}

static void do_return(struct wx_lowering *l);

void wx_lo_go_dead(struct wx_lowering *l)
{
    wx_lo_end_fuel(l);
    wx_lo_hot_at_label(l); /* nothing comes here: no moves before the next label */
    l->dead = true;
}

static void lower_br(struct wx_lowering *l)
{
    uint32_t depth = wx_read_u32(&l->r);
    struct wx_control *c = wx_lo_ctrl(l, depth);
    if (depth + 1 == l->ctrls.n) {
        do_return(l);
    } else {
        carry(l, c);
        jump(l, c);
    }
    wx_lo_go_dead(l);
}

/*
 * What a branch does to the model must not show on the way that is not taken. carry and do_return
 * touch the carried operands, which are saved and put back, and may spill the owner of a register
 * below them, which is why those are put to slots before.
 */
static void settle_below(struct wx_lowering *l, uint32_t arity)
{
    size_t n = wx_lo_height(l) - arity;
    for (size_t i = l->n_settled; i < n; i++) {
        if (wx_lo_at(l, i)->place == WX_IN_REG) {
            wx_lo_to_slot(l, i);
        }
    }
    if (arity > MAX_SAVED) { /* too many to save: in slots they do not change */
        wx_lo_flush(l);
    }
}

/* The way taken, when the values need moving: a piece of code of its own, jumped over otherwise. */
static void branch_with_moves(struct wx_lowering *l, const struct wx_lo_test *t, uint32_t depth)
{
    struct wx_control *c = wx_lo_ctrl(l, depth);
    bool is_body = depth + 1 == l->ctrls.n;
    uint32_t arity = is_body ? l->type->n_results : label_arity(c);
    settle_below(l, arity);
    uint32_t taken = wx_lo_new_label(l), after = wx_lo_new_label(l);
    wx_lo_emit_test(l, t, taken);
    wx_lo_emit_jump(l, after);
    wx_lo_bind(l, taken);
    struct wx_operand saved[MAX_SAVED];
    int64_t owners[2][4];
    size_t keep = arity <= MAX_SAVED ? arity : 0;
    memcpy(owners, l->owner, sizeof owners);
    memcpy(saved, l->stack.p + wx_lo_height(l) - keep, keep * sizeof *saved);
    if (is_body) {
        do_return(l);
    } else {
        carry(l, c);
        jump(l, c);
    }
    memcpy(l->stack.p + wx_lo_height(l) - keep, saved, keep * sizeof *saved);
    memcpy(l->owner, owners, sizeof owners);
    wx_lo_bind(l, after);
}

void wx_lo_branch_if(struct wx_lowering *l, const struct wx_lo_test *t, uint32_t depth)
{
    struct wx_control *c = wx_lo_ctrl(l, depth);
    bool is_body = depth + 1 == l->ctrls.n;
    if (!is_body && wx_lo_result_in_reg(c)) {
        wx_lo_to_reg(l, wx_lo_height(l) - 1); /* its register is none of the condition's */
    }
    if (is_body || branch_needs_moves(l, c)) {
        branch_with_moves(l, t, depth);
        return;
    }
    c->reached_end = c->reached_end || c->op != WX_OP_LOOP;
    wx_lo_emit_test(l, t, c->label);
}

/* The i32 on top as a condition, popped; the branch is taken if it is not zero, or is. */
static void take_condition(struct wx_lowering *l, bool if_zero, struct wx_lo_test *t)
{
    size_t p = wx_lo_height(l) - 1;
    *t = (struct wx_lo_test){0};
    if (wx_lo_is_loc(wx_lo_at(l, p))) {
        t->h = if_zero ? WX_H_BR_UNLESS_L : WX_H_BR_IF_L;
        t->imms[t->n++] = wx_lo_at(l, p)->value;
    } else {
        t->regs = wx_lo_in_reg(l, p, 0);
        t->h = wx_lo_at_pos(l, if_zero ? WX_H_BR_UNLESS_0 : WX_H_BR_IF_0, p);
    }
    wx_lo_pop(l);
}

static void lower_br_if(struct wx_lowering *l, bool if_zero)
{
    uint32_t depth = wx_read_u32(&l->r);
    struct wx_lo_test t;
    take_condition(l, if_zero, &t);
    wx_lo_branch_if(l, &t, depth);
    wx_lo_end_fuel(l);
    wx_lo_begin_fuel(l);
}

/* One way out of a br_table that moves values; the next one finds everything in slots again. */
static void branch_stub(struct wx_lowering *l, struct wx_control *c)
{
    if (c == &l->ctrls.p[0]) {
        do_return(l);
    } else {
        carry(l, c);
        jump(l, c);
    }
    struct wx_operand *top = wx_lo_height(l) ? wx_lo_at(l, wx_lo_height(l) - 1) : NULL;
    if (top && top->place == WX_IN_REG) { /* at most a single result, copied there */
        l->owner[wx_lo_is_x(top)][top->reg] = -1;
        wx_lo_set_in_slot(top);
    }
    l->n_settled = wx_lo_height(l);
}

/* Target word of one label; labels that need no code are gone to directly, others by one stub. */
static uint32_t table_target(struct wx_lowering *l, struct wx_control *c)
{
    if (c != &l->ctrls.p[0] && label_arity(c) == 0) {
        c->reached_end = c->reached_end || c->op != WX_OP_LOOP;
        return c->label;
    }
    if (!c->stub) {
        c->stub = wx_lo_new_label(l) + 1;
    }
    return c->stub - 1;
}

static void lower_br_table(struct wx_lowering *l)
{
    uint32_t n = wx_read_u32(&l->r);
    size_t p = wx_lo_height(l) - 1;
    uint32_t index = wx_lo_in_reg(l, p, 0);
    wx_lo_pop(l);
    /* Everything to slots, so that each way out starts from the same state. The index stays in its
     * register: spilling does not touch it. */
    wx_lo_flush(l);
    wx_lo_load_all_hot(l);
    wx_lo_emit_regs(l, wx_lo_at_pos(l, WX_H_BR_TABLE_0, p), index, (const uint64_t[]){n}, 1);
    const uint8_t *targets = l->r.p;
    for (uint32_t i = 0; i <= n; i++) {
        uint32_t label = table_target(l, wx_lo_ctrl(l, wx_read_u32(&l->r)));
        if (!l->sink->emit(l->sink, WX_SINK_TARGET, 0, NULL, 0, label)) {
            wx_lo_fail(l);
        }
    }
    l->r.p = targets;
    for (uint32_t i = 0; i <= n; i++) {
        struct wx_control *c = wx_lo_ctrl(l, wx_read_u32(&l->r));
        if (c->stub) {
            wx_lo_hot_at_label(l);
            wx_lo_bind(l, c->stub - 1);
            c->stub = 0;
            branch_stub(l, c);
        }
    }
    wx_lo_go_dead(l);
}

static void do_return(struct wx_lowering *l)
{
    uint32_t n = l->type->n_results;
    size_t first = wx_lo_height(l) - n;
    if (n == 0) {
        wx_lo_emit1(l, WX_H_RETURN, wx_lo_header_off(l));
    } else if (n == 1 && wx_lo_at(l, first)->shape != WX_SHAPE_PAIR) {
        static const struct wx_lo_files returns = {WX_H_RETURN_r_0, WX_H_RETURN_x_0,
                                                   WX_H_RETURN_v_0};
        const struct wx_operand *o = wx_lo_at(l, first);
        uint32_t regs = wx_lo_in_reg(l, first, 0);
        uint64_t header = wx_lo_header_off(l);
        wx_lo_emit_regs(
            l, wx_lo_at_pos(l, wx_lo_by_file(&returns, wx_lo_is_x(o), wx_lo_is_wide(o)), first),
            regs, &header, 1);
    } else {
        to_slots_from(l, first);
        wx_lo_emit3(l, WX_H_RETURN_N, wx_lo_header_off(l), wx_lo_slot_off(wx_lo_at(l, first)->slot),
                    l->type->n_result_slots);
    }
}

/* -------- blocks -------- */

static void read_blocktype(struct wx_lowering *l, struct wx_control *c)
{
    struct wx_reader *r = &l->r;
    uint8_t byte = *r->p;
    if (byte == 0x40) {
        r->p++;
    } else if ((byte & 0xc0) == 0x40) {
        r->p++;
        c->n_results = 1;
        c->one = byte >= WX_KIND_V128 && byte <= WX_KIND_I32 ? byte : WX_FUNCREF;
        if (byte == 0x63 || byte == 0x64) {
            int64_t heap = wx_read_s33(r);
            bool exn = heap == WX_HEAP_EXN - 0x80 || heap == WX_HEAP_NOEXN - 0x80;
            c->one = exn ? WX_EXNREF : WX_FUNCREF;
        } else if (byte == WX_HEAP_EXN || byte == WX_HEAP_NOEXN) {
            c->one = WX_EXNREF;
        }
    } else {
        const struct wx_functype *t = &l->m->types[wx_read_s33(r)];
        c->types = t->types;
        c->n_params = t->n_params;
        c->n_results = t->n_results;
    }
}

static void push_ctrl(struct wx_lowering *l, struct wx_control c)
{
    if (c.op != WX_OP_TRY && c.op != WX_OP_TRY_TABLE) {
        c.region = l->ctrls.n ? wx_lo_ctrl(l, 0)->region : WX_EXN_NONE;
    }
    if (!wx_vec_push(l->mem, &l->ctrls, c)) {
        wx_lo_fail(l);
    }
}

void wx_lo_open_block(struct wx_lowering *l, enum wx_op op)
{
    struct wx_control c = {.op = (uint8_t)op};
    read_blocktype(l, &c);
    wx_lo_flush(l);
    if (op == WX_OP_TRY || op == WX_OP_TRY_TABLE) {
        c.region = wx_lo_exn_open(l, op);
    }
    c.height = (uint32_t)(wx_lo_height(l) - c.n_params);
    c.label = wx_lo_new_label(l);
    push_ctrl(l, c);
    if (op == WX_OP_LOOP) {
        wx_lo_end_fuel(l);
        wx_lo_bind(l, c.label);
        wx_lo_poll(l);
        count_heat(l, 1);
        wx_lo_begin_fuel(l);
    }
}

/* `if`: the condition body jumps to the else part when it does not hold. */
static void open_if(struct wx_lowering *l, const struct wx_lo_test *t)
{
    struct wx_control c = {.op = WX_OP_IF};
    read_blocktype(l, &c);
    c.height = (uint32_t)(wx_lo_height(l) - c.n_params);
    c.label = wx_lo_new_label(l);
    c.else_label = wx_lo_new_label(l);
    push_ctrl(l, c);
    wx_lo_emit_test(l, t, c.else_label);
    wx_lo_end_fuel(l);
    wx_lo_begin_fuel(l);
}

static void lower_if(struct wx_lowering *l, bool if_zero)
{
    wx_lo_flush_to(l, wx_lo_height(l) - 1);
    struct wx_lo_test t;
    take_condition(l, if_zero, &t);
    open_if(l, &t);
}

void wx_lo_push_types(struct wx_lowering *l, const wx_valtype *types, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        wx_lo_push_slot(l, types[i]);
    }
}

/* The reachable end of a part: its results go where the label wants them. */
void wx_lo_fall_to_end(struct wx_lowering *l, struct wx_control *c)
{
    carry(l, c);
    c->reached_end = true;
}

void wx_lo_reset_to(struct wx_lowering *l, size_t h)
{
    wx_lo_pop_to(l, h);
    for (int f = 0; f < 2; f++) {
        for (int i = 0; i < 4; i++) {
            if (l->owner[f][i] >= (int64_t)h) {
                l->owner[f][i] = -1;
            }
        }
    }
}

static void begin_else(struct wx_lowering *l, bool reachable)
{
    struct wx_control *c = wx_lo_ctrl(l, 0);
    if (reachable) {
        wx_lo_fall_to_end(l, c);
        wx_lo_emit_jump(l, c->label);
    }
    wx_lo_end_fuel(l);
    wx_lo_bind(l, c->else_label);
    l->dead = false;
    c->op = WX_OP_ELSE;
    wx_lo_reset_to(l, c->height);
    wx_lo_push_types(l, wx_lo_ctrl_types(c), c->n_params);
    wx_lo_begin_fuel(l);
}

/* `end` of a block; afterwards its results are on the stack, or the code is still unreachable. */
void wx_lo_end_block(struct wx_lowering *l, bool reachable)
{
    struct wx_control c = *wx_lo_ctrl(l, 0);
    wx_lo_end_fuel(l);
    if (c.op == WX_OP_LOOP) { /* nobody branches to a loop's end: results stay where they are */
        l->ctrls.n--;
        l->dead = !reachable;
        if (reachable) {
            wx_lo_begin_fuel(l);
        }
        return;
    }
    if (reachable) {
        wx_lo_fall_to_end(l, &c);
    }
    if (c.op == WX_OP_IF) { /* no else: parameters are the results */
        if (wx_lo_result_in_reg(&c)) {
            if (reachable) {
                wx_lo_emit_jump(l, c.label);
            }
            wx_lo_bind(l, c.else_label);
            wx_lo_reset_to(l, c.height);
            wx_lo_push_types(l, wx_lo_ctrl_types(&c), c.n_params);
            wx_lo_to_reg(l, c.height);
        } else {
            wx_lo_bind(l, c.else_label);
        }
        c.reached_end = true;
    }
    wx_lo_bind(l, c.label);
    wx_lo_reset_to(l, c.height);
    l->ctrls.n--;
    l->dead = !c.reached_end;
    if (!l->dead) {
        const wx_valtype *results = wx_lo_ctrl_types(&c) + c.n_params;
        if (wx_lo_result_in_reg(&c)) {
            (void)wx_lo_push_reg(l, wx_lo_shape_of(results[0]));
        } else {
            wx_lo_push_types(l, results, c.n_results);
        }
        wx_lo_begin_fuel(l);
    }
}

static void end_body(struct wx_lowering *l, bool reachable)
{
    if (reachable) {
        do_return(l);
    }
    wx_lo_end_fuel(l);
    l->ctrls.n--;
}

/* -------- the walk -------- */

/* Dead code: find what closes the present part of the block; iterative, blocks nest deep. */
static void skip_dead(struct wx_lowering *l)
{
    for (uint32_t depth = 0;;) {
        enum wx_op op = wx_lo_read_op(&l->r);
        if (wx_lo_opens_block(op)) {
            depth++;
        } else if (depth == 0 && op == WX_OP_ELSE) {
            begin_else(l, false);
            return;
        } else if (depth == 0 && (op == WX_OP_CATCH || op == WX_OP_CATCH_ALL)) {
            wx_lo_begin_catch(l, op, false);
            return;
        } else if (depth == 0 && op == WX_OP_DELEGATE) {
            wx_lo_delegate(l);
            wx_lo_end_block(l, false);
            return;
        } else if (op == WX_OP_END || op == WX_OP_DELEGATE) {
            if (depth-- == 0) {
                (l->ctrls.n == 1 ? end_body : wx_lo_end_block)(l, false);
                return;
            }
        }
        wx_lo_skip_immediate(&l->r, (enum wx_imm)wx_op_table[op].imm);
    }
}

/*
 * The instruction at hand may trap, call, throw or poll: code from here on belongs to it. Nobody
 * ever asks about others, so each class below says it for itself.
 */
static inline void may_stop(struct wx_lowering *l)
{
    if (wx_unlikely(wx_lo_ctrl(l, 0)->region != l->exn.region)) {
        wx_lo_exn_spot(l, wx_lo_ctrl(l, 0)->region);
    }
    if (!l->sink->mark(l->sink, l->op_off)) {
        wx_lo_fail(l);
    }
}

static void lower_control(struct wx_lowering *l, enum wx_op op)
{
    switch (op) {
    case WX_OP_UNREACHABLE:
        may_stop(l);
        wx_lo_emit0(l, WX_H_UNREACHABLE);
        wx_lo_go_dead(l);
        break;
    case WX_OP_LOOP: /* polls */
        may_stop(l);
        wx_lo_open_block(l, op);
        break;
    case WX_OP_BLOCK: wx_lo_open_block(l, op); break;
    case WX_OP_IF: lower_if(l, true); break;
    case WX_OP_ELSE: begin_else(l, true); break;
    case WX_OP_END: (l->ctrls.n == 1 ? end_body : wx_lo_end_block)(l, true); break;
    case WX_OP_BR: lower_br(l); break;
    case WX_OP_BR_IF: lower_br_if(l, false); break;
    case WX_OP_BR_TABLE: lower_br_table(l); break;
    case WX_OP_RETURN:
        do_return(l);
        wx_lo_go_dead(l);
        break;
    default: break; /* nop */
    }
}

/* What follows, if it is br_if or if; carried out with the instruction at hand. */
enum follow { FOLLOW_OTHER, FOLLOW_BR_IF, FOLLOW_IF };

static enum follow peek_follow(const struct wx_lowering *l)
{
    uint8_t next = wx_reader_left(&l->r) ? *l->r.p : 0;
    return next == 0x0d ? FOLLOW_BR_IF : next == 0x04 ? FOLLOW_IF : FOLLOW_OTHER;
}

static void take_follow(struct wx_lowering *l)
{
    l->r.p++;
    l->cost++;
}

/* A compare right before br_if or if becomes one body. @return false if it does not apply */
static bool fuse_compare(struct wx_lowering *l, enum wx_op op)
{
    enum follow next = peek_follow(l);
    enum wx_op inv = wx_lo_inverse(op);
    if (next == FOLLOW_OTHER || (next == FOLLOW_IF && inv == WX_OP_INVALID)) {
        return false;
    }
    take_follow(l);
    uint32_t depth = next == FOLLOW_BR_IF ? wx_read_u32(&l->r) : 0;
    if (next == FOLLOW_IF) {
        wx_lo_flush_to(l, wx_lo_height(l) - 2);
    }
    struct wx_lo_two two;
    wx_lo_take_two(l, &two);
    struct wx_lo_test t = {
        .regs = wx_lo_sources(&two), .n = two.n, .imms = {two.imms[0], two.imms[1]}};
    t.h = wx_lo_at_pos(l, wx_lo_rows[next == FOLLOW_IF ? inv : op].body + BR_FORMS + two.form * 4u,
                       two.pos);
    if (next == FOLLOW_IF) {
        open_if(l, &t);
    } else {
        wx_lo_branch_if(l, &t, depth);
        wx_lo_end_fuel(l);
        wx_lo_begin_fuel(l);
    }
    return true;
}

/* i32.eqz right before br_if or if: the branch the other way round. */
static bool fuse_eqz(struct wx_lowering *l, enum wx_op op)
{
    enum follow next = peek_follow(l);
    if (op != WX_OP_I32_EQZ || next == FOLLOW_OTHER) {
        return false;
    }
    take_follow(l);
    if (next == FOLLOW_BR_IF) {
        lower_br_if(l, true);
    } else {
        lower_if(l, false);
    }
    return true;
}

static void lower_stopping(struct wx_lowering *l, enum wx_op op)
{
    may_stop(l);
    switch ((enum wx_lower)wx_lo_rows[op].class) {
    case WX_LOWER_TABLE: wx_lo_table(l, op); break;
    case WX_LOWER_REF: wx_lo_ref(l, op); break;
    case WX_LOWER_UNARY_TRAP: wx_lo_unary(l, op); break;
    case WX_LOWER_BINARY_TRAP: wx_lo_binary(l, op); break;
    case WX_LOWER_V_STORE: wx_lo_store(l, op); break;
    case WX_LOWER_BULK: wx_lo_bulk(l, op); break;
    case WX_LOWER_ATOMIC_LOAD:
    case WX_LOWER_ATOMIC_STORE:
    case WX_LOWER_ATOMIC_RMW:
    case WX_LOWER_ATOMIC_CMPXCHG: wx_lo_atomic(l, op); break;
    case WX_LOWER_ATOMIC_WAIT: wx_lo_atomic_wait(l, op); break;
    case WX_LOWER_EXN: wx_lo_exn(l, op); break;
    case WX_LOWER_V_LOAD_LANE:
    case WX_LOWER_V_STORE_LANE: wx_lo_v_lane_access(l, op); break;
    default: break; /* GC: refused when the module was loaded */
    }
}

/* One jump an instruction, as it can not be foreseen: what all have in common comes before. */
static void lower_one(struct wx_lowering *l)
{
    l->op_off = (uint32_t)wx_reader_off(&l->r);
    enum wx_op op = wx_lo_read_op(&l->r);
    l->cost++;
    if (wx_unlikely(l->fuel)) { /* any may trap: its block may end with it */
        may_stop(l);
    }
    switch ((enum wx_lower)wx_lo_rows[op].class) {
    case WX_LOWER_LOCAL: wx_lo_local(l, op); break;
    case WX_LOWER_CONST: wx_lo_const(l, op); break;
    case WX_LOWER_CONTROL: lower_control(l, op); break;
    case WX_LOWER_CALL:
        may_stop(l);
        wx_lo_call(l, op);
        break;
    case WX_LOWER_PARAMETRIC: wx_lo_parametric(l, op); break;
    case WX_LOWER_GLOBAL: wx_lo_global(l, op); break;
    case WX_LOWER_UNARY:
        if (!fuse_eqz(l, op)) {
            wx_lo_unary(l, op);
        }
        break;
    case WX_LOWER_COMPARE:
        if (!fuse_compare(l, op)) {
            wx_lo_binary(l, op);
        }
        break;
    case WX_LOWER_BINARY:
    case WX_LOWER_V_BINARY:
    case WX_LOWER_V_SHIFT: wx_lo_binary(l, op); break;
    case WX_LOWER_LOAD:
        may_stop(l);
        wx_lo_load(l, op);
        break;
    case WX_LOWER_STORE:
        may_stop(l);
        wx_lo_store(l, op);
        break;
    case WX_LOWER_WIDE: wx_lo_wide(l, op); break;
    case WX_LOWER_V_TERNARY:
    case WX_LOWER_V_SHUFFLE:
    case WX_LOWER_V_REPLACE: wx_lo_v_registers(l, op); break;
    case WX_LOWER_V_EXTRACT: wx_lo_v_extract(l, op); break;
    default: lower_stopping(l, op); break;
    }
    if (wx_unlikely(l->canonical)) {
        wx_lo_canonical(l, op);
    }
}

/*
 * local.get and i32.const of two bytes, about half of all instructions: an operand pushed, no more.
 * They can not stop, so that they need neither a mark nor the region they are in.
 */
static inline bool lower_quick(struct wx_lowering *l)
{
    const uint8_t *p = l->r.p; /* two bytes are there: a body does not end with these */
    if ((p[0] != 0x20 && p[0] != 0x41) || p[1] >= 0x80 || wx_lo_in_the_way(l) || l->fuel) {
        return false;
    }
    if (p[0] == 0x41) {
        uint32_t value = (uint32_t)((int32_t)(p[1] ^ 0x40) - 0x40); /* seven bits and their sign */
        wx_lo_put_operand(l, WX_IN_CONST, WX_SHAPE_R, value);
    } else {
        wx_lo_push_local(l, p[1]);
    }
    l->r.p += 2; /* without fuel nobody counts */
    return true;
}

static void lower_body(struct wx_lowering *l)
{
    uint32_t zero = l->def->n_local_slots - l->type->n_param_slots;
    if (!l->sink->mark(l->sink, (uint32_t)wx_reader_off(&l->r))) { /* ENTER, the first FUEL */
        wx_lo_fail(l);
    }
    if (zero) {
        wx_lo_emit2(l, WX_H_ENTER, wx_lo_slot_off(l->type->n_param_slots), zero);
    }
    wx_lo_choose_hot(l);
    count_heat(l, 0);
    wx_lo_begin_fuel(l);
    struct wx_control body = {.op = WX_OP_BLOCK,
                              .types = l->type->types,
                              .n_params = l->type->n_params,
                              .n_results = l->type->n_results,
                              .label = wx_lo_new_label(l)};
    push_ctrl(l, body);
    while (l->ctrls.n > 0 && !l->failed) {
        if (wx_unlikely(l->dead)) {
            skip_dead(l);
            continue;
        }
        while (lower_quick(l)) { /* which neither fails nor ends a block */
        }
        lower_one(l);
    }
    wx_lo_exn_pads(l);
    wx_lo_polls_out_of_line(l);
}

wax_status wx_lower(struct wx_rt_module *module, struct wx_code *code, struct wx_sink *sink,
                    wax_error **err)
{
    const struct wx_func_def *def = &module->wasm->funcs[code->func_idx];
    struct wx_lowering l = {
        .sink = sink,
        .rt = module,
        .m = module->wasm,
        .mem = wx_engine_get_mem(module->engine),
        .def = def,
        .type = &module->wasm->types[def->type_idx],
        .mode = (int)code->mode,
        .compiled = module->tier->compiled,
        .fuel = wx_engine_get_config(module->engine)->fuel,
        .heat = module->heat != NULL,
        .canonical = wx_engine_get_config(module->engine)->canonical_nans,
        .exn.region = WX_EXN_NONE,
    };
    memset(l.owner, 0xff, sizeof l.owner); /* all -1 */
    l.n_regs = l.compiled ? WX_OPERAND_REGS : 4;
    l.next_slot = wx_lo_first_operand_slot(&l);
    wx_reader_init(&l.r, module->wasm->bytes, def->body_off, def->body_len, "body", NULL);
    if (wx_lo_set_locals(&l)) {
        lower_body(&l);
        wx_lo_exn_finish(&l, code);
    } else {
        l.failed = true;
    }
    wx_free(l.mem, l.local_slot);
    wx_free(l.mem, l.local_shape);
    wx_vec_fini(l.mem, &l.stack);
    wx_vec_fini(l.mem, &l.ctrls);
    wx_vec_fini(l.mem, &l.polls);
    wx_lo_exn_fini(&l);
    return l.failed ? wx_fail_nomem(err, "code") : WAX_OK;
}
