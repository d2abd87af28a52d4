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

static void add_local(struct wx_lowering *l, uint32_t *idx, uint32_t *slot, wx_valtype t)
{
    l->local_slot[*idx] = *slot;
    l->local_shape[*idx] = wx_lo_shape_of(t);
    *slot += wx_type_slots(t);
    (*idx)++;
}

bool wx_lo_set_locals(struct wx_lowering *l)
{
    l->local_slot = wx_alloc(l->mem, ((size_t)l->def->n_locals + 1) * sizeof *l->local_slot);
    l->local_shape = wx_alloc(l->mem, (size_t)l->def->n_locals + 1);
    if (!l->local_slot || !l->local_shape) {
        return false;
    }
    uint32_t idx = 0, slot = 0;
    for (uint32_t i = 0; i < l->type->n_params; i++) {
        add_local(l, &idx, &slot, l->type->types[i]);
    }
    for (uint32_t k = 0; k < l->def->n_runs; k++) {
        for (uint32_t i = 0; i < l->def->runs[k].n; i++) {
            add_local(l, &idx, &slot, l->def->runs[k].type);
        }
    }
    return true;
}

/* Into registers from the first one for locals on. */
static void make_hot(struct wx_lowering *l, bool is_x, unsigned room)
{
    const uint32_t *idx = l->def->hot[is_x];
    for (unsigned k = 0; k < l->def->n_hot[is_x] && k < room; k++) {
        uint8_t *shape = &l->local_shape[idx[k]];
        l->hot[l->n_hot++] = (struct wx_lo_hot){.off = l->local_slot[idx[k]] * 8,
                                                .reg = (uint8_t)(WX_OPERAND_REGS + k),
                                                .is_x = is_x,
                                                .two_slots = wx_lo_shape_slots(*shape) == 2,
                                                .in_slot = true};
        *shape = (uint8_t)(*shape | l->n_hot << WX_SHAPE_HOT_SHIFT);
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

static bool stands_for(const struct wx_operand *o, uint64_t off)
{
    return o->value == off && (o->place == WX_IN_LOCAL || o->place == WX_IN_HOT);
}

/* Operands that still stand for the local are read before it changes. */
static void keep_old_local(struct wx_lowering *l, uint64_t off, size_t except)
{
    for (size_t i = l->n_settled; i < wx_lo_height(l); i++) {
        if (wx_unlikely(stands_for(wx_lo_at(l, i), off)) && i != except) {
            wx_lo_to_slot(l, i);
        }
    }
}

/* The local in a register of that number, or NULL. */
static struct wx_lo_hot *hot_local(struct wx_lowering *l, uint32_t idx)
{
    unsigned hot = l->local_shape[idx] >> WX_SHAPE_HOT_SHIFT;
    return hot ? &l->hot[hot - 1] : NULL;
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
                        o->shape == WX_SHAPE_V ? 2 : 1);
    } else if (wx_lo_in_some_reg(o)) {
        if (stands_for(o, hot->off)) {
            return;
        }
        uint32_t from = wx_lo_in_reg(l, p, 1);
        wx_lo_emit_regs(l, wx_lo_by_file(&wx_lo_move_body, wx_lo_is_x(o), wx_lo_is_wide(o)),
                        WX_REG(hot->is_x, 0, hot->reg) | from, NULL, 0);
    } else {
        wx_lo_emit_file(l, &wx_lo_get_body, o, p, hot->reg, &o->value, 1);
    }
    set_in_reg(hot);
}

static void write_local(struct wx_lowering *l, uint32_t idx)
{
    size_t p = wx_lo_height(l) - 1;
    uint64_t off = wx_lo_slot_off(l->local_slot[idx]);
    keep_old_local(l, off, p);
    struct wx_lo_hot *hot = hot_local(l, idx);
    if (hot) {
        write_hot(l, hot);
        return;
    }
    const struct wx_operand *o = wx_lo_at(l, p);
    if (o->place == WX_IN_REG) {
        wx_lo_emit_file(l, &wx_lo_put_body, o, p, o->reg, &off, 1);
    } else if (!stands_for(o, off)) {
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
    struct wx_lo_hot *hot = hot_local(l, idx);
    if (!hot) {
        return NULL;
    }
    keep_old_local(l, hot->off, SIZE_MAX);
    l->r = r;
    l->cost++;
    if (tee) {
        wx_lo_push_local(l, idx);
    }
    set_in_reg(hot);
    return hot;
}

struct wx_lo_dest wx_lo_result_or_set(struct wx_lowering *l, uint8_t shape)
{
    const struct wx_lo_hot *hot = take_next_set(l);
    if (hot) {
        l->result = (struct wx_lo_dest){hot->reg, hot->is_x};
    } else {
        (void)wx_lo_push_reg(l, shape);
    }
    return l->result;
}
