/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation of constant expressions (already validated). */
#include <string.h>

#include "base/bits.h"
#include "engine/rt/engine.h"
#include "wasm/opcodes.h"
#include "wasm/reader.h"

struct value {
    uint64_t w[2];
};

static void copy_global(const struct wx_instance *inst, uint32_t idx, uint64_t out[2])
{
    out[0] = inst->globals[idx][0];
    out[1] = inst->globals[idx][1];
}

static bool func_ref(struct wx_instance *inst, uint32_t idx, uint64_t out[2])
{
    struct wx_func *f = wx_instance_func(inst, idx);
    out[0] = (uint64_t)(uintptr_t)f;
    out[1] = 0;
    return f != NULL;
}

static uint64_t arith(enum wx_op op, uint64_t a, uint64_t b)
{
    switch (op) {
    case WX_OP_I32_ADD: return (uint32_t)(a + b);
    case WX_OP_I32_SUB: return (uint32_t)(a - b);
    case WX_OP_I32_MUL: return (uint32_t)(a * b);
    case WX_OP_I64_ADD: return a + b;
    case WX_OP_I64_SUB: return a - b;
    default: return a * b;
    }
}

/* One instruction that pushes; arithmetic is handled by the caller. */
static bool push_one(struct wx_instance *inst, enum wx_op op, struct wx_reader *r, struct value *v)
{
    *v = (struct value){{0, 0}};
    switch (op) {
    case WX_OP_I32_CONST: v->w[0] = (uint32_t)wx_read_s32(r); return true;
    case WX_OP_I64_CONST: v->w[0] = (uint64_t)wx_read_s64(r); return true;
    case WX_OP_F32_CONST: v->w[0] = wx_read_u32le(r); return true;
    case WX_OP_F64_CONST: v->w[0] = wx_get_u64(wx_read_bytes(r, 8)); return true;
    case WX_OP_V128_CONST: memcpy(v->w, wx_read_bytes(r, 16), 16); return true;
    case WX_OP_GLOBAL_GET: copy_global(inst, wx_read_u32(r), v->w); return true;
    case WX_OP_REF_FUNC: return func_ref(inst, wx_read_u32(r), v->w);
    default: (void)wx_read_s33(r); return true; /* ref.null */
    }
}

/* The general form: a stack machine; depth is bounded by the expression's length. */
static bool eval_stack(struct wx_instance *inst, const struct wx_constexpr *e, uint64_t ret[2])
{
    struct wx_mem *mem = &inst->store->mem;
    struct value *stack = wx_alloc(mem, (e->len / 2 + 1) * sizeof *stack);
    if (!stack) {
        return false;
    }
    size_t n = 0;
    struct wx_reader r;
    wx_reader_init(&r, inst->module->wasm->bytes, e->off, e->len, "expression", NULL);
    bool ok = true;
    while (ok) {
        uint32_t code = wx_read_u8(&r);
        uint8_t pfx = code == 0xfd ? 0xfd : 0;
        enum wx_op op = wx_op_find(pfx, pfx ? wx_read_u32(&r) : code);
        if (op == WX_OP_END) {
            break;
        }
        if (wx_op_table[op].lower == WX_LOWER_BINARY) {
            n--;
            stack[n - 1].w[0] = arith(op, stack[n - 1].w[0], stack[n].w[0]);
        } else {
            ok = push_one(inst, op, &r, &stack[n++]);
        }
    }
    ret[0] = stack[0].w[0];
    ret[1] = stack[0].w[1];
    wx_free(mem, stack);
    return ok;
}

bool wx_constexpr_eval(struct wx_instance *inst, const struct wx_constexpr *e, uint64_t ret[2])
{
    ret[0] = ret[1] = 0;
    switch (e->form) {
    case WX_CE_CONST: ret[0] = e->value[0]; return true;
    case WX_CE_GLOBAL: copy_global(inst, (uint32_t)e->value[0], ret); return true;
    case WX_CE_REF_NULL: return true;
    case WX_CE_REF_FUNC: return func_ref(inst, (uint32_t)e->value[0], ret);
    default: return eval_stack(inst, e, ret);
    }
}

bool wx_elem_ref(struct wx_instance *inst, const struct wx_elem_segment *seg, uint32_t item,
                 uint64_t ret_value[2])
{
    if (seg->funcs) {
        return func_ref(inst, seg->funcs[item], ret_value);
    }
    return wx_constexpr_eval(inst, &seg->exprs[item], ret_value);
}
