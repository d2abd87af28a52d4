/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering: locals, and those of them that compiled code keeps in registers. */
/*
 * Which ones was counted when the body was validated (wasm/census.h).
 *
 * `in_reg` and `in_slot` say where each one is at the place at hand. A read loads it, a write
 * leaves only the register valid; before calls all are stored. Labels agree on registers, catches
 * on slots.
 */
#include "engine/ops/lowering.h"

_Static_assert(WX_LOCAL_REGS <= WX_MAX_HOT_LOCALS && WX_LOCAL_XREGS <= WX_MAX_HOT_LOCALS,
               "as many as are told");

/* -------- which -------- */

/* Into registers from the first one for locals on. */
static void make_hot(struct wx_lowering *l, bool is_x, unsigned room)
{
    const uint32_t *idx = l->def->hot[is_x];
    for (unsigned k = 0; k < l->def->n_hot[is_x] && k < room; k++) {
        uint8_t *kind = &l->local_kind[idx[k]];
        l->hot[l->n_hot++] = (struct wx_lo_hot){.off = l->local_slot[idx[k]] * 8,
                                                .reg = (uint8_t)(WX_OPERAND_REGS + k),
                                                .is_x = is_x,
                                                .two_slots = (*kind >> 1 & 3) == 2,
                                                .in_slot = true};
        *kind = (uint8_t)((*kind & 7) | l->n_hot << 3);
    }
}

void wx_lo_choose_hot(struct wx_lowering *l)
{
    if (l->compiled) {
        make_hot(l, false, WX_LOCAL_REGS);
        make_hot(l, true, WX_LOCAL_XREGS);
    }
}

/* -------- where they are -------- */

static void move_hot(struct wx_lowering *l, const struct wx_lo_files *h,
                     const struct wx_lo_hot *hot)
{
    const uint64_t off = hot->off;
    wx_lo_emit_regs(l, wx_lo_by_file(h, hot->is_x, hot->two_slots), WX_REG(hot->is_x, 0, hot->reg),
                    &off, 1);
}

void wx_lo_load_hot(struct wx_lowering *l, unsigned i)
{
    struct wx_lo_hot *hot = &l->hot[i];
    if (!hot->in_reg) {
        move_hot(l, &wx_lo_get_body, hot);
        hot->in_reg = true;
    }
}

void wx_lo_load_all_hot(struct wx_lowering *l)
{
    for (unsigned i = 0; i < l->n_hot; i++) {
        wx_lo_load_hot(l, i);
    }
}

static void save_hot(struct wx_lowering *l)
{
    for (unsigned i = 0; i < l->n_hot; i++) {
        if (!l->hot[i].in_slot) {
            move_hot(l, &wx_lo_put_body, &l->hot[i]);
            l->hot[i].in_slot = true;
        }
    }
}

void wx_lo_hot_in_slots(struct wx_lowering *l)
{
    for (unsigned i = 0; i < l->n_hot; i++) {
        l->hot[i].in_reg = false;
        l->hot[i].in_slot = true;
    }
}

void wx_lo_clobber(struct wx_lowering *l)
{
    save_hot(l);
    wx_lo_hot_in_slots(l);
}

void wx_lo_hot_at_label(struct wx_lowering *l)
{
    for (unsigned i = 0; i < l->n_hot; i++) {
        l->hot[i].in_reg = true;
        l->hot[i].in_slot = false;
    }
}

/* -------- polls -------- */

void wx_lo_poll(struct wx_lowering *l)
{
    if (l->n_hot == 0) {
        wx_lo_emit0(l, WX_H_POLL);
        return;
    }
    struct wx_lo_poll p = {wx_lo_new_label(l), wx_lo_new_label(l), l->op_off};
    wx_lo_emit_test(l, &(const struct wx_lo_test){.h = WX_H_BR_POLL}, p.label);
    wx_lo_bind(l, p.back);
    if (!wx_vec_push(l->mem, &l->polls, p)) {
        wx_lo_fail(l);
    }
}

void wx_lo_polls_out_of_line(struct wx_lowering *l)
{
    for (size_t i = 0; i < l->polls.n && !l->failed; i++) {
        const struct wx_lo_poll *p = &l->polls.p[i];
        wx_lo_hot_at_label(l); /* nothing falls through to here */
        wx_lo_bind(l, p->label);
        if (!l->sink->mark(l->sink, p->op_off)) {
            wx_lo_fail(l);
        }
        wx_lo_clobber(l);
        wx_lo_emit0(l, WX_H_POLL);
        wx_lo_emit_jump(l, p->back);
    }
}

/* -------- results, local.get, local.set -------- */

/* Operands that still stand for the local are read before it changes. */
static void keep_old_local(struct wx_lowering *l, uint64_t off, size_t except)
{
    for (size_t i = l->n_settled; i < wx_lo_height(l); i++) {
        if (i != except && wx_lo_at(l, i)->place == WX_IN_LOCAL && wx_lo_at(l, i)->value == off) {
            wx_lo_to_slot(l, i);
        }
    }
}

static void set_in_reg(struct wx_lo_hot *hot)
{
    hot->in_reg = true;
    hot->in_slot = false;
}

/* The top operand to a local in a register. */
static void write_hot(struct wx_lowering *l, struct wx_lo_hot *hot)
{
    size_t p = wx_lo_height(l) - 1;
    const struct wx_operand *o = wx_lo_at(l, p);
    if (o->place == WX_IN_CONST) {
        wx_lo_emit_file(l, &wx_lo_const_body, o, p, hot->reg, (const uint64_t[]){o->value, o->high},
                        o->is_x ? o->n_slots : 1);
    } else if (o->place == WX_IN_REG || (o->place == WX_IN_LOCAL && o->hot)) {
        if (o->place == WX_IN_LOCAL && &l->hot[o->hot - 1] == hot) {
            return;
        }
        uint32_t from = wx_lo_in_reg(l, p, 1);
        wx_lo_emit_regs(l, wx_lo_by_file(&wx_lo_move_body, o->is_x, o->n_slots == 2),
                        WX_REG(hot->is_x, 0, hot->reg) | from, NULL, 0);
    } else {
        uint64_t from = wx_lo_loc_off(l, p);
        wx_lo_emit_file(l, &wx_lo_get_body, o, p, hot->reg, &from, 1);
    }
    set_in_reg(hot);
}

static void write_local(struct wx_lowering *l, uint32_t idx)
{
    size_t p = wx_lo_height(l) - 1;
    uint64_t off = wx_lo_slot_off(l->local_slot[idx]);
    keep_old_local(l, off, p);
    if (l->local_kind[idx] >> 3) {
        write_hot(l, &l->hot[(l->local_kind[idx] >> 3) - 1]);
        return;
    }
    const struct wx_operand *o = wx_lo_at(l, p);
    if (o->place == WX_IN_REG) {
        wx_lo_emit_file(l, &wx_lo_put_body, o, p, wx_lo_reg(l, p), &off, 1);
    } else if (o->place == WX_IN_CONST || o->hot || wx_lo_loc_off(l, p) != off) {
        wx_lo_copy_to(l, p, off);
    }
}

void wx_lo_local(struct wx_lowering *l, enum wx_op op)
{
    uint32_t idx = wx_read_u32(&l->r);
    if (op == WX_OP_LOCAL_GET) {
        wx_lo_push_local(l, idx);
        return;
    }
    write_local(l, idx);
    if (op == WX_OP_LOCAL_SET) {
        wx_lo_pop(l);
    }
}

/* If the next instruction sets a local in a register, carry it out. @return the local, or NULL */
static const struct wx_lo_hot *take_next_set(struct wx_lowering *l)
{
    struct wx_reader r = l->r;
    bool tee = wx_read_u8(&r) == 0x22;
    uint32_t idx = wx_read_u32(&r);
    if (!(l->local_kind[idx] >> 3)) {
        return NULL;
    }
    struct wx_lo_hot *hot = &l->hot[(l->local_kind[idx] >> 3) - 1];
    keep_old_local(l, hot->off, SIZE_MAX);
    l->r = r;
    l->cost++;
    if (tee) {
        wx_lo_push_local(l, idx);
    }
    set_in_reg(hot);
    return hot;
}

struct wx_lo_dest wx_lo_result_or_set(struct wx_lowering *l, wx_valtype t)
{
    const struct wx_lo_hot *hot = take_next_set(l);
    if (hot) {
        l->result = (struct wx_lo_dest){hot->reg, hot->is_x};
    } else {
        (void)wx_lo_push_reg(l, t);
    }
    return l->result;
}
