/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering of everything that is not control: one function per class of instructions. */
#include <string.h>

#include "base/bits.h"
#include "engine/ops/lowering.h"

/* -------- arithmetic -------- */

/* Operands may be swapped; not worth a column of opcodes.def. */
static bool commutes(enum wx_op op)
{
    switch (op) {
    case WX_OP_I32_ADD:
    case WX_OP_I32_MUL:
    case WX_OP_I32_AND:
    case WX_OP_I32_OR:
    case WX_OP_I32_XOR:
    case WX_OP_I32_EQ:
    case WX_OP_I32_NE:
    case WX_OP_I64_ADD:
    case WX_OP_I64_MUL:
    case WX_OP_I64_AND:
    case WX_OP_I64_OR:
    case WX_OP_I64_XOR:
    case WX_OP_I64_EQ:
    case WX_OP_I64_NE:
    case WX_OP_F32_ADD:
    case WX_OP_F32_MUL:
    case WX_OP_F64_ADD:
    case WX_OP_F64_MUL:
    case WX_OP_V128_AND:
    case WX_OP_V128_OR:
    case WX_OP_V128_XOR:
    case WX_OP_I8X16_ADD:
    case WX_OP_I16X8_ADD:
    case WX_OP_I32X4_ADD:
    case WX_OP_I64X2_ADD:
    case WX_OP_F32X4_ADD:
    case WX_OP_F32X4_MUL:
    case WX_OP_F64X2_ADD:
    case WX_OP_F64X2_MUL: return true;
    default: return false;
    }
}

/*
 * A body with a result: which of the forms that the last number of its name tells apart (bodies.c)
 * for operands a and b (-1: not in a register of the result's file) and result d. @return body
 * number
 */
static uint32_t with_result(struct wx_lowering *l, uint32_t h, size_t pos, enum wx_op op, int a,
                            int b, struct wx_lo_dest d, uint32_t *regs)
{
    int to = (int)d.reg;
    if (!l->compiled) {
        return wx_lo_at_pos(l, h, pos);
    }
    if (a == to) {
        return h;
    }
    if (b == to && (a < 0 || !commutes(op))) {
        return h + 2;
    }
    if (b == to) { /* the second becomes the first */
        *regs &= ~(WX_REG(d.is_x, 0, 15) | WX_REG(d.is_x, 1, 15));
        *regs |= WX_REG(d.is_x, 0, b) | WX_REG(d.is_x, 1, a);
        return h;
    }
    *regs |= WX_REG(d.is_x, a < 0 ? 0 : 2, to);
    return h + (a >= 0);
}

/* A body of one operand at `pos` in a register (source: as role 0), with a result. */
static void unary_result(struct wx_lowering *l, uint32_t h, size_t pos, bool is_x, uint32_t source,
                         uint8_t result, const uint64_t *imms, unsigned n)
{
    struct wx_lo_dest d = wx_lo_result(l, result);
    int a = d.is_x == is_x ? (int)(source >> (is_x ? 12 : 0)) : -1;
    h = with_result(l, h, pos, WX_OP_INVALID, a, -1, d, &source);
    wx_lo_emit_regs(l, h, source, imms, n);
}

/* A body that takes nothing from registers. */
static void nullary_result(struct wx_lowering *l, uint32_t h, size_t pos, uint8_t result,
                           const uint64_t *imms, unsigned n)
{
    struct wx_lo_dest d = wx_lo_result(l, result);
    wx_lo_emit_regs(l, wx_lo_at_pos(l, h, pos), WX_REG(d.is_x, 0, d.reg), imms, n);
}

/* The top n operands to the registers of their positions, off the stack. @return the first */
static size_t take_positions(struct wx_lowering *l, size_t n)
{
    size_t first = wx_lo_height(l) - n;
    for (size_t i = 0; i < n; i++) {
        wx_lo_to_reg(l, first + i);
    }
    wx_lo_pop_to(l, first);
    return first;
}

/* Operands and result in the registers of their positions. */
static void by_position(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    size_t first = take_positions(l, strlen(info->params));
    (void)wx_lo_push_reg(l, wx_lo_rows[op].result);
    wx_lo_emit0(l, wx_lo_rows[op].body + wx_lo_reg(l, first));
}

void wx_lo_unary(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_lo_row *row = &wx_lo_rows[op];
    size_t p = wx_lo_height(l) - 1;
    const struct wx_operand *o = wx_lo_at(l, p);
    if (row->class == WX_LOWER_UNARY_TRAP) {
        by_position(l, op);
    } else if (wx_lo_is_loc(o)) {
        uint64_t off = o->value;
        wx_lo_pop(l);
        nullary_result(l, row->body + 4u, p, row->result, &off, 1);
    } else {
        bool is_x = wx_lo_is_x(o);
        uint32_t source = wx_lo_in_reg(l, p, 0);
        wx_lo_pop(l);
        unary_result(l, row->body, p, is_x, source, row->result, NULL, 0);
    }
}

/* v128 has no form with a constant. */
static uint32_t form_of(enum wx_op op, enum wx_form form)
{
    static const uint8_t of_v128[] = {
        [WX_FORM_RR] = 0, [WX_FORM_RL] = 1, [WX_FORM_LR] = 2, [WX_FORM_LL] = 3};
    enum wx_lower c = (enum wx_lower)wx_lo_rows[op].class;
    return c == WX_LOWER_V_BINARY || c == WX_LOWER_V_STORE ? of_v128[form] : form;
}

static void take_two(struct wx_lowering *l, enum wx_op op, struct wx_lo_two *t)
{
    size_t b = wx_lo_height(l) - 1;
    enum wx_lower c = (enum wx_lower)wx_lo_rows[op].class;
    if ((c == WX_LOWER_V_BINARY || c == WX_LOWER_V_STORE) && wx_lo_at(l, b)->place == WX_IN_CONST) {
        wx_lo_to_reg(l, b);
    }
    wx_lo_take_two(l, t);
}

void wx_lo_binary(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_lo_row *row = &wx_lo_rows[op];
    if (row->class == WX_LOWER_BINARY_TRAP) {
        by_position(l, op);
        return;
    }
    struct wx_lo_two t;
    take_two(l, op, &t);
    struct wx_lo_dest d;
    if (t.a >= 0 && t.a == t.b &&
        t.a_x == t.b_x) { /* a local with itself: it must not be the result */
        (void)wx_lo_push_reg(l, row->result);
        d = l->result;
    } else {
        d = wx_lo_result(l, row->result);
    }
    uint32_t regs = wx_lo_sources(&t);
    uint32_t h = with_result(l, row->body + form_of(op, t.form) * 4, t.pos, op,
                             t.a_x == d.is_x ? t.a : -1, t.b_x == d.is_x ? t.b : -1, d, &regs);
    wx_lo_emit_regs(l, h, regs, t.imms, t.n);
}

/* -------- memory -------- */

struct memarg {
    uint32_t memory;
    uint64_t off;
    uint64_t mask; /* index width */
    bool guarded;  /* no explicit check */
};

static struct memarg read_memarg(struct wx_lowering *l)
{
    struct memarg a = {0};
    uint32_t flags = wx_read_u32(&l->r);
    if (flags & 0x40) {
        a.memory = wx_read_u32(&l->r);
    }
    a.off = wx_read_u64(&l->r);
    const struct wx_limits *type = &l->m->memories[a.memory];
    a.mask = type->is64 ? UINT64_MAX : UINT32_MAX;
    /* Access width stays inside the guard: 2 GiB - 16 is the last safe offset. */
    a.guarded = a.memory == 0 && l->mode == 0 && !type->is64 && type->page_shift == 16 &&
                a.off < (UINT64_C(2) << 30) - 16;
    return a;
}

void wx_lo_load(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_lo_row *row = &wx_lo_rows[op];
    struct memarg a = read_memarg(l);
    size_t p = wx_lo_height(l) - 1;
    if (a.guarded && wx_lo_is_loc(wx_lo_at(l, p))) {
        const uint64_t imms[] = {wx_lo_at(l, p)->value, a.off};
        wx_lo_pop(l);
        nullary_result(l, row->body + 4u, p, row->result, imms, 2);
        return;
    }
    uint32_t address = wx_lo_in_reg(l, p, 0);
    wx_lo_pop(l);
    if (a.guarded) {
        unary_result(l, row->body, p, false, address, row->result, &a.off, 1);
    } else {
        unary_result(l, row->body + 8u, p, false, address, row->result,
                     (const uint64_t[]){a.memory, a.off, a.mask}, 3);
    }
}

/* The checked form of a store, which follows its other forms: address and value in registers. */
static void store_checked(struct wx_lowering *l, uint32_t h, const struct memarg *a)
{
    size_t p = wx_lo_height(l) - 2;
    uint32_t regs = wx_lo_in_reg(l, p, 0);
    regs |= wx_lo_in_reg(l, p + 1, 1);
    wx_lo_pop_to(l, p);
    wx_lo_emit_regs(l, wx_lo_at_pos(l, h, p), regs, (const uint64_t[]){a->memory, a->off, a->mask},
                    3);
}

void wx_lo_store(struct wx_lowering *l, enum wx_op op)
{
    struct memarg a = read_memarg(l);
    bool is_v = wx_lo_rows[op].class == WX_LOWER_V_STORE;
    uint32_t h = wx_lo_rows[op].body;
    if (!a.guarded) {
        store_checked(l, h + (is_v ? 16 : 24), &a);
        return;
    }
    struct wx_lo_two t;
    take_two(l, op, &t);
    t.imms[t.n++] = a.off;
    wx_lo_emit_regs(l, wx_lo_at_pos(l, h + form_of(op, t.form) * 4, t.pos), wx_lo_sources(&t),
                    t.imms, t.n);
}

/* Atomics take their operands in registers, and need others besides. */
void wx_lo_atomic(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    struct memarg a = read_memarg(l);
    size_t first = take_positions(l, strlen(info->params));
    wx_lo_clobber(l);
    if (info->results[0] != '_') {
        (void)wx_lo_push_reg(l, wx_lo_rows[op].result);
    }
    uint32_t h = wx_lo_rows[op].body + wx_lo_reg(l, first);
    if (a.guarded) {
        wx_lo_emit(l, h + 4, &a.off, 1);
    } else {
        wx_lo_emit3(l, h, a.memory, a.off, a.mask);
    }
}

/* -------- v128 and wide arithmetic -------- */

void wx_lo_wide(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    size_t n = strlen(info->params);
    bool spills = n > WX_OPERAND_REGS; /* more than there are registers: the last one in its slot */
    uint64_t last = 0;
    if (spills) {
        size_t top = wx_lo_height(l) - 1;
        wx_lo_to_slot(l, top);
        last = wx_lo_slot_off(wx_lo_at(l, top)->slot);
        wx_lo_pop(l);
    }
    size_t first = take_positions(l, n - spills);
    (void)wx_lo_push_reg(l, WX_SHAPE_R);
    (void)wx_lo_push_reg(l, WX_SHAPE_R);
    wx_lo_emit(l, wx_lo_rows[op].body + wx_lo_reg(l, first), &last, spills);
}

/* Operands in any registers, off the stack; the first in the register of its position if in_place.
 */
static uint32_t take_any(struct wx_lowering *l, const struct wx_op_info *info, bool in_place)
{
    size_t n = strlen(info->params), first = wx_lo_height(l) - n;
    uint32_t regs = 0;
    if (in_place) {
        wx_lo_to_reg(l, first);
    }
    for (size_t i = 0; i < n; i++) {
        regs |= wx_lo_in_reg(l, first + i, (unsigned)i);
    }
    wx_lo_pop_to(l, first);
    return regs;
}

/* Instructions that only have a form for registers. The result takes the place of the first
 * operand. */
void wx_lo_v_registers(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    size_t first = wx_lo_height(l) - strlen(info->params);
    bool extracts = info->lower == WX_LOWER_V_EXTRACT;
    uint32_t regs = take_any(l, info, !extracts);
    uint8_t result = wx_lo_rows[op].result;
    uint32_t h = wx_lo_rows[op].body;
    if (info->imm == WX_IMM_LANES16) {
        const uint8_t *lanes = wx_read_bytes(&l->r, 16);
        (void)wx_lo_push_reg(l, result);
        wx_lo_emit_regs(l, wx_lo_at_pos(l, h, first), regs,
                        (const uint64_t[]){wx_get_u64(lanes), wx_get_u64(lanes + 8)}, 2);
        return;
    }
    h += info->imm == WX_IMM_LANE ? wx_read_u8(&l->r) * 4u : 0;
    if (extracts) {
        unary_result(l, h, first, true, regs, result, NULL, 0);
        return;
    }
    (void)wx_lo_push_reg(l, result);
    wx_lo_emit_regs(l, wx_lo_at_pos(l, h, first), regs, NULL, 0);
}

void wx_lo_v_extract(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    size_t p = wx_lo_height(l) - 1;
    if (!wx_lo_is_loc(wx_lo_at(l, p))) {
        wx_lo_v_registers(l, op);
        return;
    }
    uint64_t off = wx_lo_at(l, p)->value + (uint64_t)wx_read_u8(&l->r) * info->access;
    wx_lo_pop(l);
    const struct wx_lo_row *row = &wx_lo_rows[op];
    nullary_result(l, row->body + 16u / info->access * 4, p, row->result, &off, 1);
}

/* v128.loadN_lane, v128.storeN_lane: address and vector; what is loaded takes any register. */
void wx_lo_v_lane_access(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    struct memarg a = read_memarg(l);
    uint32_t lane = wx_read_u8(&l->r), n_lanes = 16u / info->access;
    size_t first = wx_lo_height(l) - 2;
    bool loads = info->lower == WX_LOWER_V_LOAD_LANE;
    uint32_t regs = take_any(l, info, false);
    if (loads) {
        unsigned reg = wx_lo_push_reg(l, WX_SHAPE_V);
        regs |= WX_REG(true, 0, reg);
    }
    uint32_t h = wx_lo_rows[op].body + lane * 4 + (a.guarded ? 0 : n_lanes * 4);
    wx_lo_emit_regs(l, wx_lo_at_pos(l, h, first), regs,
                    a.guarded ? (const uint64_t[]){a.off}
                              : (const uint64_t[]){a.memory, a.off, a.mask},
                    a.guarded ? 1 : 3);
}

/* -------- helpers -------- */

/* Call a runtime helper on the top n operands; at most one result. */
static void lower_helper(struct wx_lowering *l, enum wx_helper helper, size_t n, uint64_t c,
                         uint64_t d, wx_valtype result)
{
    wx_lo_flush(l);
    wx_lo_pop_to(l, wx_lo_height(l) - n);
    wx_lo_clobber(l);
    wx_lo_emit4(l, WX_H_HELPER, helper, wx_lo_slot_off(l->next_slot), c, d);
    if (result != WX_KIND_BOT) {
        wx_lo_push_slot(l, result);
    }
}

static wx_valtype address_type(bool is64) { return is64 ? WX_KIND_I64 : WX_KIND_I32; }

void wx_lo_bulk(struct wx_lowering *l, enum wx_op op)
{
    uint32_t a = wx_read_u32(&l->r);
    switch (op) {
    case WX_OP_MEMORY_SIZE:
        nullary_result(l, WX_H_MEMORY_SIZE_0, wx_lo_height(l), WX_SHAPE_R, (const uint64_t[]){a},
                       1);
        break;
    case WX_OP_MEMORY_GROW:
        lower_helper(l, WX_HELPER_MEMORY_GROW, 1, a, 0, address_type(l->m->memories[a].is64));
        break;
    case WX_OP_MEMORY_FILL: lower_helper(l, WX_HELPER_MEMORY_FILL, 3, a, 0, WX_KIND_BOT); break;
    case WX_OP_MEMORY_COPY:
        lower_helper(l, WX_HELPER_MEMORY_COPY, 3, a, wx_read_u32(&l->r), WX_KIND_BOT);
        break;
    case WX_OP_MEMORY_INIT:
        lower_helper(l, WX_HELPER_MEMORY_INIT, 3, a, wx_read_u32(&l->r), WX_KIND_BOT);
        break;
    default: lower_helper(l, WX_HELPER_DATA_DROP, 0, a, 0, WX_KIND_BOT); break;
    }
}

void wx_lo_table(struct wx_lowering *l, enum wx_op op)
{
    uint32_t a = wx_read_u32(&l->r);
    const struct wx_tabletype *t = a < l->m->n_tables ? &l->m->tables[a].type : NULL;
    wx_valtype index = t ? address_type(t->limits.is64) : WX_KIND_I32;
    wx_valtype elem = t ? t->elem : WX_FUNCREF; /* elem.drop names no table */
    switch (op) {
    case WX_OP_TABLE_GET: lower_helper(l, WX_HELPER_TABLE_GET, 1, a, 0, elem); break;
    case WX_OP_TABLE_SET: lower_helper(l, WX_HELPER_TABLE_SET, 2, a, 0, WX_KIND_BOT); break;
    case WX_OP_TABLE_SIZE: lower_helper(l, WX_HELPER_TABLE_SIZE, 0, a, 0, index); break;
    case WX_OP_TABLE_GROW: lower_helper(l, WX_HELPER_TABLE_GROW, 2, a, 0, index); break;
    case WX_OP_TABLE_FILL: lower_helper(l, WX_HELPER_TABLE_FILL, 3, a, 0, WX_KIND_BOT); break;
    case WX_OP_TABLE_COPY:
        lower_helper(l, WX_HELPER_TABLE_COPY, 3, a, wx_read_u32(&l->r), WX_KIND_BOT);
        break;
    case WX_OP_TABLE_INIT:
        lower_helper(l, WX_HELPER_TABLE_INIT, 3, a, wx_read_u32(&l->r), WX_KIND_BOT);
        break;
    default: lower_helper(l, WX_HELPER_ELEM_DROP, 0, a, 0, WX_KIND_BOT); break;
    }
}

void wx_lo_atomic_wait(struct wx_lowering *l, enum wx_op op)
{
    if (op == WX_OP_ATOMIC_FENCE) {
        (void)wx_read_u8(&l->r); /* atomics are sequentially consistent already */
        return;
    }
    struct memarg a = read_memarg(l);
    enum wx_helper h = op == WX_OP_MEMORY_ATOMIC_NOTIFY   ? WX_HELPER_NOTIFY
                       : op == WX_OP_MEMORY_ATOMIC_WAIT32 ? WX_HELPER_WAIT32
                                                          : WX_HELPER_WAIT64;
    lower_helper(l, h, strlen(wx_op_table[op].params), a.memory, a.off, WX_KIND_I32);
}

/* -------- globals, constants -------- */

void wx_lo_global(struct wx_lowering *l, enum wx_op op)
{
    uint32_t idx = wx_read_u32(&l->r);
    wx_valtype t = l->m->globals[idx].type.type;
    uint8_t shape = wx_lo_shape_of(t);
    bool own = idx >= l->m->n_global_imports, get = op == WX_OP_GLOBAL_GET;
    if (shape == WX_SHAPE_PAIR) {
        lower_helper(l, get ? WX_HELPER_GLOBAL_GET_PAIR : WX_HELPER_GLOBAL_SET_PAIR, !get, idx, 0,
                     get ? t : WX_KIND_BOT);
        return;
    }
    /* Of imported ones by number, of the module's own by place. */
    static const struct wx_lo_files bodies[2][2] = {
        {{WX_H_GLOBAL_SET_r_0, WX_H_GLOBAL_SET_x_0, WX_H_GLOBAL_SET_v_0},
         {WX_H_GLOBAL_GET_r_0, WX_H_GLOBAL_GET_x_0, WX_H_GLOBAL_GET_v_0}},
        {{WX_H_OWN_GLOBAL_SET_r_0, WX_H_OWN_GLOBAL_SET_x_0, WX_H_OWN_GLOBAL_SET_v_0},
         {WX_H_OWN_GLOBAL_GET_r_0, WX_H_OWN_GLOBAL_GET_x_0, WX_H_OWN_GLOBAL_GET_v_0}},
    };
    uint64_t a = own ? wx_instance_own_global(l->m, idx) : idx;
    uint32_t h =
        wx_lo_by_file(&bodies[own][get], wx_lo_shape_is_x(shape), wx_lo_shape_slots(shape) == 2);
    if (get) {
        nullary_result(l, h, wx_lo_height(l), shape, &a, 1);
        return;
    }
    size_t p = wx_lo_height(l) - 1;
    uint32_t regs = wx_lo_in_reg(l, p, 0);
    wx_lo_emit_regs(l, wx_lo_at_pos(l, h, p), regs, &a, 1);
    wx_lo_pop(l);
}

void wx_lo_const(struct wx_lowering *l, enum wx_op op)
{
    struct wx_reader *r = &l->r;
    switch (op) {
    case WX_OP_I32_CONST: wx_lo_push_const(l, WX_SHAPE_R, (uint32_t)wx_read_s32(r)); break;
    case WX_OP_I64_CONST: wx_lo_push_const(l, WX_SHAPE_R, (uint64_t)wx_read_s64(r)); break;
    case WX_OP_F32_CONST: wx_lo_push_const(l, WX_SHAPE_X, wx_read_u32le(r)); break;
    case WX_OP_F64_CONST: wx_lo_push_const(l, WX_SHAPE_X, wx_get_u64(wx_read_bytes(r, 8))); break;
    default:
        wx_lo_push_const(l, WX_SHAPE_V, wx_get_u64(wx_read_bytes(r, 8)));
        if (!l->failed) {
            wx_lo_at(l, wx_lo_height(l) - 1)->high = wx_get_u64(wx_read_bytes(r, 8));
        }
        break;
    }
}

/* References of two slots: the second takes the place of the first unless the condition holds. */
static void select_pair(struct wx_lowering *l, size_t p)
{
    wx_lo_flush(l);
    struct wx_lo_test t = {.regs = wx_lo_in_reg(l, p + 2, 0),
                           .h = wx_lo_at_pos(l, WX_H_BR_IF_0, p + 2)};
    uint32_t first = wx_lo_new_label(l);
    wx_lo_emit_test(l, &t, first);
    wx_lo_emit2(l, WX_H_MOVE_SLOT2, wx_lo_slot_off(wx_lo_at(l, p)->slot),
                wx_lo_slot_off(wx_lo_at(l, p + 1)->slot));
    wx_lo_bind(l, first);
    wx_lo_pop_to(l, p + 1);
}

void wx_lo_parametric(struct wx_lowering *l, enum wx_op op)
{
    if (op == WX_OP_DROP) {
        wx_lo_pop(l);
        return;
    }
    if (op == WX_OP_SELECT_T) { /* the type is known from the operands */
        (void)wx_read_u32(&l->r);
        uint8_t kind = wx_read_u8(&l->r);
        if (kind == 0x63 || kind == 0x64) {
            (void)wx_read_s33(&l->r);
        }
    }
    size_t p = wx_lo_height(l) - 3;
    bool is_x = wx_lo_is_x(wx_lo_at(l, p));
    if (!is_x && wx_lo_is_wide(wx_lo_at(l, p))) {
        select_pair(l, p);
        return;
    }
    wx_lo_to_reg(l, p); /* the result takes its place */
    uint32_t regs = wx_lo_in_reg(l, p, 0);
    regs |= wx_lo_in_reg(l, p + 1, 1);
    regs |= wx_lo_in_reg(l, p + 2, 2);
    wx_lo_pop_some(l, 2);
    wx_lo_emit_regs(l, wx_lo_at_pos(l, is_x ? WX_H_SELECT_x_0 : WX_H_SELECT_r_0, p), regs, NULL, 0);
}

/* -------- calls -------- */

struct callee {
    uint32_t h; /* body, or tail form */
    uint64_t a, c, d;
    const struct wx_functype *type;
};

static void finish_call(struct wx_lowering *l, const struct callee *k)
{
    wx_lo_flush(l);
    wx_lo_pop_to(l, wx_lo_height(l) - k->type->n_params);
    wx_lo_clobber(l);
    wx_lo_emit4(l, k->h, k->a, wx_lo_slot_off(l->next_slot), k->c, k->d);
    wx_lo_push_types(l, k->type->types + k->type->n_params, k->type->n_results);
}

static void finish_tail_call(struct wx_lowering *l, const struct callee *k)
{
    if (l->exn.region != WX_EXN_NONE) {
        wx_lo_exn_spot(l, WX_EXN_NONE); /* this frame catches nothing of the callee's */
    }
    wx_lo_flush(l);
    wx_lo_pop_to(l, wx_lo_height(l) - k->type->n_params);
    uint64_t args = wx_lo_slot_off(l->next_slot);
    if (k->h == WX_H_TAIL_CALL) {
        wx_lo_emit4(l, k->h, k->a, args, k->type->n_param_slots, wx_lo_header_off(l));
    } else {
        uint64_t e = k->type->n_param_slots | wx_lo_header_off(l) << 32;
        wx_lo_emit(l, k->h, (const uint64_t[]){k->a, args, k->c, k->d, e}, 5);
        wx_lo_emit3(l, WX_H_RETURN_N, wx_lo_header_off(l), args, k->type->n_result_slots);
    }
    wx_lo_go_dead(l);
}

static void lower_direct_call(struct wx_lowering *l, bool tail)
{
    uint32_t idx = wx_read_u32(&l->r);
    struct callee k = {.type = wx_module_func_type(l->m, idx)};
    if (idx < l->m->n_func_imports) {
        k.h = tail ? WX_H_TAIL_CALL_FUNC : WX_H_CALL_FUNC;
        k.a = idx;
    } else {
        k.h = tail ? WX_H_TAIL_CALL : WX_H_CALL;
        k.a = (uint64_t)(uintptr_t)&l->rt->codes[l->mode][idx - l->m->n_func_imports];
    }
    (tail ? finish_tail_call : finish_call)(l, &k);
}

/* The index or reference on top: into its register, off the stack; flushing keeps it there. */
static uint32_t take_callee(struct wx_lowering *l)
{
    size_t p = wx_lo_height(l) - 1;
    wx_lo_flush_to(l, p);
    wx_lo_to_reg(l, p);
    wx_lo_pop(l);
    return wx_lo_reg(l, p);
}

static void lower_call_indirect(struct wx_lowering *l, bool tail)
{
    uint32_t type_idx = wx_read_u32(&l->r), table = wx_read_u32(&l->r);
    uint32_t v = take_callee(l);
    bool is64 = l->m->tables[table].type.limits.is64;
    struct callee k = {.h = (tail ? WX_H_TAIL_CALL_INDIRECT_0 : WX_H_CALL_INDIRECT_0) + v,
                       .a = table,
                       .c = l->rt->sigs[type_idx]->id,
                       .d = is64 ? UINT64_MAX : UINT32_MAX,
                       .type = &l->m->types[type_idx]};
    (tail ? finish_tail_call : finish_call)(l, &k);
}

static void lower_call_ref(struct wx_lowering *l, bool tail)
{
    uint32_t type_idx = wx_read_u32(&l->r);
    uint32_t v = take_callee(l);
    struct callee k = {.h = (tail ? WX_H_TAIL_CALL_REF_0 : WX_H_CALL_REF_0) + v,
                       .type = &l->m->types[type_idx]};
    (tail ? finish_tail_call : finish_call)(l, &k);
}

void wx_lo_call(struct wx_lowering *l, enum wx_op op)
{
    switch (op) {
    case WX_OP_CALL: lower_direct_call(l, false); break;
    case WX_OP_RETURN_CALL: lower_direct_call(l, true); break;
    case WX_OP_CALL_INDIRECT: lower_call_indirect(l, false); break;
    case WX_OP_RETURN_CALL_INDIRECT: lower_call_indirect(l, true); break;
    case WX_OP_CALL_REF: lower_call_ref(l, false); break;
    default: lower_call_ref(l, true); break;
    }
}

/* -------- references -------- */

/* The reference at p in a register, for a test; of two slots, the first word of it. */
static uint32_t take_reference(struct wx_lowering *l, size_t p)
{
    if (wx_lo_is_wide(wx_lo_at(l, p))) {
        wx_lo_peek_pair(l, p);
        return WX_REG(false, 0, wx_lo_reg(l, p));
    }
    return wx_lo_in_reg(l, p, 0);
}

static void lower_br_on(struct wx_lowering *l, bool null)
{
    uint32_t depth = wx_read_u32(&l->r);
    size_t p = wx_lo_height(l) - 1;
    uint32_t regs = take_reference(l, p);
    struct wx_lo_test t = {.h = wx_lo_at_pos(l, null ? WX_H_BR_NULL_0 : WX_H_BR_NON_NULL_0, p),
                           .regs = regs};
    if (null) { /* the branch drops the reference, the other way keeps it */
        wx_lo_to_slot(l, p);
        struct wx_operand ref = *wx_lo_at(l, p);
        wx_lo_pop(l);
        wx_lo_branch_if(l, &t, depth);
        wx_lo_push_value(l, WX_IN_SLOT, ref.shape, ref.value);
        return;
    }
    wx_lo_branch_if(l, &t, depth);
    wx_lo_pop(l);
}

void wx_lo_ref(struct wx_lowering *l, enum wx_op op)
{
    uint32_t regs;
    switch (op) {
    case WX_OP_REF_NULL: {
        int64_t heap = wx_read_s33(&l->r);
        bool exn = heap == WX_HEAP_EXN - 0x80 || heap == WX_HEAP_NOEXN - 0x80;
        wx_lo_push_const(l, exn ? WX_SHAPE_PAIR : WX_SHAPE_R, 0);
        break;
    }
    case WX_OP_REF_IS_NULL: wx_lo_unary(l, WX_OP_I64_EQZ); break;
    case WX_OP_REF_FUNC:
        lower_helper(l, WX_HELPER_REF_FUNC, 0, wx_read_u32(&l->r), 0, WX_FUNCREF);
        break;
    case WX_OP_REF_AS_NON_NULL:
        regs = take_reference(l, wx_lo_height(l) - 1);
        wx_lo_emit_regs(l, wx_lo_at_pos(l, WX_H_NON_NULL_0, wx_lo_height(l) - 1), regs, NULL, 0);
        break;
    default: lower_br_on(l, op == WX_OP_BR_ON_NULL); break;
    }
}
