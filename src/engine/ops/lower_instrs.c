/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering of everything that is not control: one function per class of instructions. */
#include <string.h>

#include "base/bits.h"
#include "engine/ops/lowering.h"

/* -------- arithmetic -------- */

void wx_lo_unary(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    size_t p = wx_lo_height(l) - 1;
    bool plain = info->lower == WX_LOWER_UNARY;
    uint64_t off = 0;
    bool loc = plain && wx_lo_is_loc(l, p);
    if (loc) {
        off = wx_lo_loc_off(l, p);
    } else {
        wx_lo_to_reg(l, p);
    }
    wx_lo_pop(l);
    unsigned v = wx_lo_push_reg(l, wx_lo_letter_type(info->results[0]));
    if (loc) {
        wx_lo_emit1(l, wx_lo_first_body[op] + 4 + v, off);
    } else {
        wx_lo_emit0(l, wx_lo_first_body[op] + v);
    }
}

void wx_lo_binary(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    if (info->lower == WX_LOWER_BINARY_TRAP) {
        wx_lo_to_reg(l, wx_lo_height(l) - 2);
        wx_lo_to_reg(l, wx_lo_height(l) - 1);
    }
    uint64_t imms[2];
    unsigned n;
    uint32_t form = wx_lo_take_two(l, imms, &n);
    (void)wx_lo_push_reg(l, wx_lo_letter_type(info->results[0]));
    wx_lo_emit(l, wx_lo_first_body[op] + form, imms, n);
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
    struct memarg a = read_memarg(l);
    size_t p = wx_lo_height(l) - 1;
    bool loc = a.guarded && wx_lo_is_loc(l, p);
    uint64_t from = loc ? wx_lo_loc_off(l, p) : 0;
    if (!loc) {
        wx_lo_to_reg(l, p);
    }
    wx_lo_pop(l);
    unsigned v = wx_lo_push_reg(l, wx_lo_letter_type(wx_op_table[op].results[0]));
    if (loc) {
        wx_lo_emit2(l, wx_lo_first_body[op] + 4 + v, from, a.off);
    } else if (a.guarded) {
        wx_lo_emit1(l, wx_lo_first_body[op] + v, a.off);
    } else {
        wx_lo_emit3(l, wx_lo_first_body[op] + 8 + v, a.memory, a.off, a.mask);
    }
}

void wx_lo_store(struct wx_lowering *l, enum wx_op op)
{
    struct memarg a = read_memarg(l);
    uint64_t imms[3];
    unsigned n;
    if (!a.guarded) {
        wx_lo_to_reg(l, wx_lo_height(l) - 2);
        wx_lo_to_reg(l, wx_lo_height(l) - 1);
        unsigned v = (unsigned)((wx_lo_height(l) - 2) & 3);
        wx_lo_pop(l);
        wx_lo_pop(l);
        wx_lo_emit3(l, wx_lo_first_body[op] + 24 + v, a.memory, a.off, a.mask);
        return;
    }
    uint32_t form = wx_lo_take_two(l, imms, &n);
    imms[n++] = a.off;
    wx_lo_emit(l, wx_lo_first_body[op] + form, imms, n);
}

/* Atomics take n operands in registers and are always checked. */
void wx_lo_atomic(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    struct memarg a = read_memarg(l);
    size_t n = strlen(info->params), first = wx_lo_height(l) - n;
    for (size_t i = 0; i < n; i++) {
        wx_lo_to_reg(l, first + i);
    }
    wx_lo_pop_to(l, first);
    if (info->results[0] != '_') {
        (void)wx_lo_push_reg(l, wx_lo_letter_type(info->results[0]));
    }
    wx_lo_emit3(l, wx_lo_first_body[op] + (uint32_t)(first & 3), a.memory, a.off, a.mask);
}

/* -------- v128 and wide arithmetic -------- */

void wx_lo_v_binary(struct wx_lowering *l, enum wx_op op)
{
    uint64_t imms[2];
    unsigned n;
    uint32_t form = wx_lo_take_two_v(l, imms, &n);
    (void)wx_lo_push_reg(l, WX_KIND_V128);
    wx_lo_emit(l, wx_lo_first_body[op] + form, imms, n);
}

/* The operands of an instruction to registers, off the stack. @return position of the first */
static size_t take_registers(struct wx_lowering *l, const struct wx_op_info *info)
{
    size_t n = strlen(info->params), first = wx_lo_height(l) - n;
    for (size_t i = 0; i < n; i++) {
        wx_lo_to_reg(l, first + i);
    }
    wx_lo_pop_to(l, first);
    return first;
}

/* Instructions that only have a form for registers. */
void wx_lo_v_registers(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    size_t first = take_registers(l, info);
    for (const char *t = info->results; *t; t++) {
        (void)wx_lo_push_reg(l, wx_lo_letter_type(*t));
    }
    uint32_t h = wx_lo_first_body[op] + (uint32_t)(first & 3);
    if (info->imm == WX_IMM_LANES16) {
        const uint8_t *lanes = wx_read_bytes(&l->r, 16);
        wx_lo_emit2(l, h, wx_get_u64(lanes), wx_get_u64(lanes + 8));
        return;
    }
    uint32_t lane = info->imm == WX_IMM_LANE ? wx_read_u8(&l->r) : 0;
    wx_lo_emit0(l, h + lane * 4);
}

void wx_lo_v_extract(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    size_t p = wx_lo_height(l) - 1;
    if (!wx_lo_is_loc(l, p)) {
        wx_lo_v_registers(l, op);
        return;
    }
    uint64_t off = wx_lo_loc_off(l, p) + (uint64_t)wx_read_u8(&l->r) * info->access;
    wx_lo_pop(l);
    unsigned v = wx_lo_push_reg(l, wx_lo_letter_type(info->results[0]));
    wx_lo_emit1(l, wx_lo_first_body[op] + 16u / info->access * 4 + v, off);
}

void wx_lo_v_store(struct wx_lowering *l, enum wx_op op)
{
    struct memarg a = read_memarg(l);
    uint64_t imms[3];
    unsigned n;
    if (!a.guarded) {
        size_t first = take_registers(l, &wx_op_table[op]);
        wx_lo_emit3(l, wx_lo_first_body[op] + 16 + (uint32_t)(first & 3), a.memory, a.off, a.mask);
        return;
    }
    uint32_t form = wx_lo_take_two_v(l, imms, &n);
    imms[n++] = a.off;
    wx_lo_emit(l, wx_lo_first_body[op] + form, imms, n);
}

/* v128.loadN_lane, v128.storeN_lane */
void wx_lo_v_lane_access(struct wx_lowering *l, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    struct memarg a = read_memarg(l);
    uint32_t lane = wx_read_u8(&l->r), n_lanes = 16u / info->access;
    size_t first = take_registers(l, info);
    if (info->lower == WX_LOWER_V_LOAD_LANE) {
        (void)wx_lo_push_reg(l, WX_KIND_V128);
    }
    uint32_t h = wx_lo_first_body[op] + lane * 4 + (uint32_t)(first & 3);
    if (a.guarded) {
        wx_lo_emit1(l, h, a.off);
    } else {
        wx_lo_emit3(l, h + n_lanes * 4, a.memory, a.off, a.mask);
    }
}

/* -------- helpers -------- */

/* Call a runtime helper on the top n operands; at most one result. */
static void lower_helper(struct wx_lowering *l, enum wx_helper helper, size_t n, uint64_t c,
                         uint64_t d, wx_valtype result)
{
    wx_lo_flush(l);
    wx_lo_pop_to(l, wx_lo_height(l) - n);
    wx_lo_emit4(l, WX_H_HELPER, helper, wx_lo_slot_off(wx_lo_next_slot(l)), c, d);
    if (result != WX_KIND_BOT) {
        wx_lo_push(l, WX_IN_SLOT, result, 0);
    }
}

static wx_valtype address_type(bool is64) { return is64 ? WX_KIND_I64 : WX_KIND_I32; }

void wx_lo_bulk(struct wx_lowering *l, enum wx_op op)
{
    uint32_t a = wx_read_u32(&l->r);
    switch (op) {
    case WX_OP_MEMORY_SIZE: {
        unsigned v = wx_lo_push_reg(l, address_type(l->m->memories[a].is64));
        wx_lo_emit1(l, WX_H_MEMORY_SIZE_0 + v, a);
        break;
    }
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

/* -------- locals, globals, constants -------- */

/* Only file and size matter. */
static wx_valtype local_type(const struct wx_lowering *l, uint32_t idx)
{
    bool is_x = l->local_kind[idx] & 1;
    if (l->local_kind[idx] >> 1 == 2) {
        return is_x ? WX_KIND_V128 : WX_EXNREF;
    }
    return is_x ? WX_KIND_F64 : WX_KIND_I64;
}

/* Operands that still stand for the local are read before it changes. */
static void keep_old_local(struct wx_lowering *l, uint64_t off, size_t except)
{
    for (size_t i = l->n_settled; i < wx_lo_height(l); i++) {
        if (i != except && wx_lo_at(l, i)->place == WX_IN_LOCAL && wx_lo_at(l, i)->value == off) {
            wx_lo_to_slot(l, i);
        }
    }
}

static void write_local(struct wx_lowering *l, uint32_t idx)
{
    size_t p = wx_lo_height(l) - 1;
    uint64_t off = wx_lo_slot_off(l->local_slot[idx]);
    keep_old_local(l, off, p);
    const struct wx_operand *o = wx_lo_at(l, p);
    if (o->place == WX_IN_REG) {
        wx_lo_emit1(
            l, wx_lo_by_file(o, WX_H_PUT_r_0, WX_H_PUT_x_0, WX_H_PUT_v_0) + (uint32_t)(p & 3), off);
    } else if (o->place == WX_IN_CONST || wx_lo_loc_off(l, p) != off) {
        wx_lo_copy_to(l, p, off);
    }
}

void wx_lo_local(struct wx_lowering *l, enum wx_op op)
{
    uint32_t idx = wx_read_u32(&l->r);
    if (op == WX_OP_LOCAL_GET) {
        wx_lo_push(l, WX_IN_LOCAL, local_type(l, idx), wx_lo_slot_off(l->local_slot[idx]));
        return;
    }
    write_local(l, idx);
    if (op == WX_OP_LOCAL_SET) {
        wx_lo_pop(l);
    }
}

void wx_lo_global(struct wx_lowering *l, enum wx_op op)
{
    uint32_t idx = wx_read_u32(&l->r);
    wx_valtype t = l->m->globals[idx].type.type;
    if (wx_type_is_ref(t) && wx_type_slots(t) == 2) {
        bool get = op == WX_OP_GLOBAL_GET;
        lower_helper(l, get ? WX_HELPER_GLOBAL_GET_PAIR : WX_HELPER_GLOBAL_SET_PAIR, !get, idx, 0,
                     get ? t : WX_KIND_BOT);
        return;
    }
    if (op == WX_OP_GLOBAL_GET) {
        unsigned v = wx_lo_push_reg(l, t);
        uint32_t h = wx_lo_by_file(wx_lo_at(l, wx_lo_height(l) - 1), WX_H_GLOBAL_GET_r_0,
                                   WX_H_GLOBAL_GET_x_0, WX_H_GLOBAL_GET_v_0);
        wx_lo_emit1(l, h + v, idx);
        return;
    }
    size_t p = wx_lo_height(l) - 1;
    wx_lo_to_reg(l, p);
    uint32_t h = wx_lo_by_file(wx_lo_at(l, p), WX_H_GLOBAL_SET_r_0, WX_H_GLOBAL_SET_x_0,
                               WX_H_GLOBAL_SET_v_0);
    wx_lo_emit1(l, h + (uint32_t)(p & 3), idx);
    wx_lo_pop(l);
}

void wx_lo_const(struct wx_lowering *l, enum wx_op op)
{
    struct wx_reader *r = &l->r;
    switch (op) {
    case WX_OP_I32_CONST: wx_lo_push(l, WX_IN_CONST, WX_KIND_I32, (uint32_t)wx_read_s32(r)); break;
    case WX_OP_I64_CONST: wx_lo_push(l, WX_IN_CONST, WX_KIND_I64, (uint64_t)wx_read_s64(r)); break;
    case WX_OP_F32_CONST: wx_lo_push(l, WX_IN_CONST, WX_KIND_F32, wx_read_u32le(r)); break;
    case WX_OP_F64_CONST:
        wx_lo_push(l, WX_IN_CONST, WX_KIND_F64, wx_get_u64(wx_read_bytes(r, 8)));
        break;
    default:
        wx_lo_push(l, WX_IN_CONST, WX_KIND_V128, wx_get_u64(wx_read_bytes(r, 8)));
        wx_lo_at(l, wx_lo_height(l) - 1)->high = wx_get_u64(wx_read_bytes(r, 8));
        break;
    }
}

/* References of two slots: the second takes the place of the first unless the condition holds. */
static void select_pair(struct wx_lowering *l, size_t p)
{
    wx_lo_flush(l);
    wx_lo_to_reg(l, p + 2);
    uint32_t first = wx_lo_new_label(l);
    wx_lo_emit_branch(l, WX_H_BR_IF_0 + (uint32_t)((p + 2) & 3), NULL, 0, first);
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
    if (wx_lo_at(l, p)->n_slots == 2 && !wx_lo_at(l, p)->is_x) {
        select_pair(l, p);
        return;
    }
    for (size_t i = p; i < p + 3; i++) {
        wx_lo_to_reg(l, i);
    }
    bool is_x = wx_lo_at(l, p)->is_x;
    wx_lo_pop(l);
    wx_lo_pop(l);
    wx_lo_emit0(l, (is_x ? WX_H_SELECT_x_0 : WX_H_SELECT_r_0) + (uint32_t)(p & 3));
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
    wx_lo_emit4(l, k->h, k->a, wx_lo_slot_off(wx_lo_next_slot(l)), k->c, k->d);
    wx_lo_push_types(l, k->type->types + k->type->n_params, k->type->n_results, WX_IN_SLOT);
}

static void finish_tail_call(struct wx_lowering *l, const struct callee *k)
{
    if (l->exn.region != WX_EXN_NONE) {
        wx_lo_exn_spot(l, WX_EXN_NONE); /* this frame catches nothing of the callee's */
    }
    wx_lo_flush(l);
    wx_lo_pop_to(l, wx_lo_height(l) - k->type->n_params);
    uint64_t args = wx_lo_slot_off(wx_lo_next_slot(l));
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
    return (uint32_t)(p & 3);
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

static void lower_br_on(struct wx_lowering *l, bool null)
{
    uint32_t depth = wx_read_u32(&l->r);
    size_t p = wx_lo_height(l) - 1;
    if (wx_lo_at(l, p)->n_slots == 2) {
        wx_lo_peek_pair(l, p);
    } else {
        wx_lo_to_reg(l, p);
    }
    uint32_t v = (uint32_t)(p & 3);
    if (null) { /* the branch drops the reference, the other way keeps it */
        wx_lo_to_slot(l, p);
        struct wx_operand ref = *wx_lo_at(l, p);
        wx_lo_pop(l);
        wx_lo_branch_if(l, WX_H_BR_NULL_0 + v, NULL, 0, depth);
        if (!wx_vec_push(l->mem, &l->stack, ref)) {
            wx_lo_fail(l);
        }
        return;
    }
    wx_lo_branch_if(l, WX_H_BR_NON_NULL_0 + v, NULL, 0, depth);
    wx_lo_pop(l);
}

void wx_lo_ref(struct wx_lowering *l, enum wx_op op)
{
    switch (op) {
    case WX_OP_REF_NULL: {
        int64_t heap = wx_read_s33(&l->r);
        bool exn = heap == WX_HEAP_EXN - 0x80 || heap == WX_HEAP_NOEXN - 0x80;
        wx_lo_push(l, WX_IN_CONST, exn ? WX_EXNREF : WX_FUNCREF, 0);
        break;
    }
    case WX_OP_REF_IS_NULL: wx_lo_unary(l, WX_OP_I64_EQZ); break;
    case WX_OP_REF_FUNC:
        lower_helper(l, WX_HELPER_REF_FUNC, 0, wx_read_u32(&l->r), 0, WX_FUNCREF);
        break;
    case WX_OP_REF_AS_NON_NULL:
        if (wx_lo_at(l, wx_lo_height(l) - 1)->n_slots == 2) {
            wx_lo_peek_pair(l, wx_lo_height(l) - 1);
        } else {
            wx_lo_to_reg(l, wx_lo_height(l) - 1);
        }
        wx_lo_emit0(l, WX_H_NON_NULL_0 + (uint32_t)((wx_lo_height(l) - 1) & 3));
        break;
    default: lower_br_on(l, op == WX_OP_BR_ON_NULL); break;
    }
}
