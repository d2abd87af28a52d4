/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering of exceptions, both encodings, and the table of who catches what (rt/exn.h). */
/*
 * A try emits nothing: opening a block brings the operands below it to their slots, where they stay
 * until it ends, and locals are always in theirs, so a landing pad finds all it needs in the frame.
 *
 * Regions. Each control frame names the region in force inside it; a try, or try_table, makes one
 * of its own, a legacy catch falls back to the one around. The first instruction that may throw in
 * another region than the one before makes a spot of the table. `delegate` is only another `outer`
 * of its region. A tail call is outside of all: its frame is gone when the callee throws.
 *
 * Pads. A legacy catch is one: its code starts there. A clause of try_table has the payload written
 * where its label wants it; what is left to do (a single result into its register, the jump) is
 * emitted behind the function's last instruction.
 *
 * A legacy catch keeps the caught exnref in two hidden slots below its operands, for rethrow; the
 * validator counts them in max_stack_slots.
 */
#include "engine/ops/lowering.h"

#include <string.h>

static uint32_t new_region(struct wx_lowering *l)
{
    struct wx_exn_region r = {.first = WX_EXN_NONE, .outer = wx_lo_ctrl(l, 0)->region};
    if (!wx_vec_push(l->mem, &l->exn.regions, r)) {
        wx_lo_fail(l);
        return WX_EXN_NONE;
    }
    return (uint32_t)l->exn.regions.n - 1;
}

/* Append a clause to the region; `last` is the one before it, or WX_EXN_NONE. */
static uint32_t add_clause(struct wx_lowering *l, uint32_t region, uint32_t last,
                           struct wx_exn_clause clause)
{
    clause.next = WX_EXN_NONE;
    if (l->failed || !wx_vec_push(l->mem, &l->exn.clauses, clause)) {
        wx_lo_fail(l);
        return WX_EXN_NONE;
    }
    uint32_t idx = (uint32_t)l->exn.clauses.n - 1;
    *(last == WX_EXN_NONE ? &l->exn.regions.p[region].first : &l->exn.clauses.p[last].next) = idx;
    return idx;
}

void wx_lo_exn_spot(struct wx_lowering *l, uint32_t region)
{
    struct wx_exn_spot spot = {.module_off = l->op_off, .region = region};
    l->exn.region = region;
    if (!wx_vec_push(l->mem, &l->exn.spots, spot)) {
        wx_lo_fail(l);
    }
}

static const struct wx_functype *tag_type(const struct wx_lowering *l, uint32_t tag)
{
    return &l->m->types[l->m->tags[tag]];
}

/* -------- throwing -------- */

static void emit_throw(struct wx_lowering *l, enum wx_helper helper, size_t n_operands, uint64_t c)
{
    wx_lo_flush(l);
    wx_lo_pop_to(l, wx_lo_height(l) - n_operands);
    wx_lo_clobber(l);
    wx_lo_emit4(l, WX_H_HELPER, helper, wx_lo_slot_off(l->next_slot), c, 0);
    wx_lo_go_dead(l);
}

static void lower_rethrow(struct wx_lowering *l)
{
    const struct wx_control *c = wx_lo_ctrl(l, wx_read_u32(&l->r));
    uint32_t kept = wx_lo_at(l, c->height)->slot; /* first operand of the catch */
    wx_lo_clobber(l);
    wx_lo_emit4(l, WX_H_HELPER, WX_HELPER_THROW_REF, wx_lo_slot_off(kept), 0, 0);
    wx_lo_go_dead(l);
}

/* -------- try_table -------- */

static void lower_clause(struct wx_lowering *l, uint32_t region, uint32_t *last)
{
    uint8_t kind = wx_read_u8(&l->r); /* catch, catch_ref, catch_all, catch_all_ref */
    uint32_t tag = kind < 2 ? wx_read_u32(&l->r) : WX_EXN_NONE;
    uint32_t depth = wx_read_u32(&l->r); /* counted from outside the try_table */
    struct wx_control *target = wx_lo_ctrl(l, depth);
    bool is_body = depth + 1 == l->ctrls.n;
    uint32_t slot = wx_lo_slot_at_height(l, target->height);
    struct wx_lo_pad pad = {.pad = l->exn.n_pads++,
                            .label = is_body ? WX_EXN_NONE : target->label,
                            .slot = slot,
                            .in_reg = !is_body && wx_lo_result_in_reg(target)};
    if (pad.in_reg) {
        const struct wx_operand o = {
            .shape = wx_lo_shape_of(wx_lo_ctrl_types(target)[target->n_params])};
        pad.get = wx_lo_at_pos(l, wx_lo_by_file(&wx_lo_get_body, wx_lo_is_x(&o), wx_lo_is_wide(&o)),
                               target->height);
        pad.regs = WX_REG(wx_lo_is_x(&o), 0, wx_lo_reg(l, target->height));
    }
    target->reached_end = target->reached_end || target->op != WX_OP_LOOP;
    if (!wx_vec_push(l->mem, &l->exn.pads, pad)) {
        wx_lo_fail(l);
    }
    uint32_t n = tag == WX_EXN_NONE ? 0 : tag_type(l, tag)->n_param_slots;
    *last = add_clause(l, region, *last,
                       (struct wx_exn_clause){.tag = tag,
                                              .pad = pad.pad,
                                              .payload_slot = slot,
                                              .ref_slot = kind & 1 ? slot + n : WX_EXN_NONE});
}

uint32_t wx_lo_exn_open(struct wx_lowering *l, enum wx_op op)
{
    uint32_t region = new_region(l), last = WX_EXN_NONE;
    uint32_t n = op == WX_OP_TRY_TABLE ? wx_read_u32(&l->r) : 0;
    for (uint32_t i = 0; i < n && !l->failed; i++) {
        lower_clause(l, region, &last);
    }
    return region;
}

void wx_lo_exn_pads(struct wx_lowering *l)
{
    for (size_t i = 0; i < l->exn.pads.n && !l->failed; i++) {
        const struct wx_lo_pad *p = &l->exn.pads.p[i];
        if (!l->sink->pad(l->sink, p->pad)) {
            wx_lo_fail(l);
        }
        wx_lo_hot_in_slots(l); /* as the call left them */
        if (p->in_reg) {
            uint64_t from = wx_lo_slot_off(p->slot);
            wx_lo_emit_regs(l, p->get, p->regs, &from, 1);
        }
        if (p->label != WX_EXN_NONE) {
            wx_lo_emit_jump(l, p->label);
        } else if (l->type->n_results == 0) {
            wx_lo_emit1(l, WX_H_RETURN, wx_lo_header_off(l));
        } else {
            wx_lo_emit3(l, WX_H_RETURN_N, wx_lo_header_off(l), wx_lo_slot_off(p->slot),
                        l->type->n_result_slots);
        }
    }
}

/* -------- legacy catch, delegate -------- */

void wx_lo_begin_catch(struct wx_lowering *l, enum wx_op op, bool reachable)
{
    struct wx_control *c = wx_lo_ctrl(l, 0);
    uint32_t tag = op == WX_OP_CATCH ? wx_read_u32(&l->r) : WX_EXN_NONE;
    if (reachable) {
        wx_lo_fall_to_end(l, c);
        wx_lo_emit_jump(l, c->label);
    }
    wx_lo_end_fuel(l);
    l->dead = false;
    if (c->op == WX_OP_TRY) {
        c->own_region = c->region;
        c->last_clause = WX_EXN_NONE;
    }
    c->op = (uint8_t)op;
    c->region = wx_lo_ctrl(l, 1)->region;
    wx_lo_reset_to(l, c->height);
    uint32_t pad = l->exn.n_pads++, kept = l->next_slot;
    c->last_clause = add_clause(
        l, c->own_region, c->last_clause,
        (struct wx_exn_clause){.tag = tag, .pad = pad, .payload_slot = kept + 2, .ref_slot = kept});
    if (!l->sink->pad(l->sink, pad)) {
        wx_lo_fail(l);
    }
    wx_lo_hot_in_slots(l); /* as the call left them */
    wx_lo_push_slot(l, WX_EXNREF);
    if (tag != WX_EXN_NONE) {
        wx_lo_push_types(l, tag_type(l, tag)->types, tag_type(l, tag)->n_params);
    }
    wx_lo_begin_fuel(l);
}

void wx_lo_delegate(struct wx_lowering *l)
{
    uint32_t depth = wx_read_u32(&l->r); /* counted from outside this try */
    l->exn.regions.p[wx_lo_ctrl(l, 0)->region].outer = wx_lo_ctrl(l, depth + 1)->region;
}

void wx_lo_exn(struct wx_lowering *l, enum wx_op op)
{
    switch (op) {
    case WX_OP_THROW: {
        uint32_t tag = wx_read_u32(&l->r);
        emit_throw(l, WX_HELPER_THROW, tag_type(l, tag)->n_params, tag);
        break;
    }
    case WX_OP_THROW_REF: emit_throw(l, WX_HELPER_THROW_REF, 1, 0); break;
    case WX_OP_RETHROW: lower_rethrow(l); break;
    case WX_OP_CATCH:
    case WX_OP_CATCH_ALL: wx_lo_begin_catch(l, op, true); break;
    case WX_OP_DELEGATE:
        wx_lo_delegate(l);
        wx_lo_end_block(l, true);
        break;
    default: wx_lo_open_block(l, op); break; /* try, try_table */
    }
}

/* -------- the table -------- */

void wx_lo_exn_finish(struct wx_lowering *l, struct wx_code *code)
{
    /* Nothing may throw in there, or another tier made the same before. */
    if (l->failed || l->exn.clauses.n == 0 || l->exn.spots.n == 0 || code->exns) {
        return;
    }
    size_t spots = l->exn.spots.n * sizeof *l->exn.spots.p,
           regions = l->exn.regions.n * sizeof *l->exn.regions.p,
           clauses = l->exn.clauses.n * sizeof *l->exn.clauses.p;
    struct wx_exn_table *t = wx_alloc(l->mem, sizeof *t + spots + regions + clauses);
    if (!t) {
        wx_lo_fail(l);
        return;
    }
    uint8_t *p = (uint8_t *)(t + 1);
    *t = (struct wx_exn_table){
        .n_spots = (uint32_t)l->exn.spots.n,
        .n_regions = (uint32_t)l->exn.regions.n,
        .n_clauses = (uint32_t)l->exn.clauses.n,
        .n_pads = l->exn.n_pads,
        .spots = memcpy(p, l->exn.spots.p, spots),
        .regions = memcpy(p + spots, l->exn.regions.p, regions),
        .clauses = memcpy(p + spots + regions, l->exn.clauses.p, clauses),
    };
    code->exns = t;
}

void wx_lo_exn_fini(struct wx_lowering *l)
{
    wx_vec_fini(l->mem, &l->exn.spots);
    wx_vec_fini(l->mem, &l->exn.regions);
    wx_vec_fini(l->mem, &l->exn.clauses);
    wx_vec_fini(l->mem, &l->exn.pads);
}
