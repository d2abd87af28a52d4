/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are loops over many locals: what compiled code keeps in registers. */
#include "gen_state.h"

void gen_keep_result(struct gen *g)
{
    uint32_t idx;
    if (g->sp == g->base || !find_local(g, g->st[g->sp - 1], &idx)) {
        return;
    }
    bool tee = g->depth > 0 || chance(g, 3); /* one made as an operand is to stay */
    emit_op(g, tee ? WX_OP_LOCAL_TEE : WX_OP_LOCAL_SET);
    wbuf_u32(&g->code, idx);
    g->sp -= !tee;
}

/* a, b = b, a */
static void swap_locals(struct gen *g)
{
    uint32_t a = pick(g, g->first_counter), b = 0;
    if (!find_local(g, g->locals[a], &b)) {
        return;
    }
    const uint32_t of[] = {a, b, a, b};
    for (uint32_t i = 0; i < 4; i++) {
        emit_op(g, i < 2 ? WX_OP_LOCAL_GET : WX_OP_LOCAL_SET);
        wbuf_u32(&g->code, of[i]);
    }
}

/* What functions of loops do most. */
bool gen_on_locals(struct gen *g)
{
    static const uint8_t ops[] = {WX_OP_LOCAL_GET, WX_OP_LOCAL_GET, WX_OP_LOCAL_SET,
                                  WX_OP_LOCAL_TEE, WX_OP_SELECT};
    uint32_t k = pick(g, 24);
    if (k == 5) {
        swap_locals(g);
    } else if (k < 5) {
        (void)gen_op(g, ops[k]);
    }
    return k <= 5;
}

/* What locals in registers meet most in loops: calls, exceptions, tables of branches. */
bool gen_around_locals(struct gen *g)
{
    static const uint8_t ops[] = {WX_OP_TRY,   WX_OP_TRY_TABLE, WX_OP_THROW,
                                  WX_OP_THROW, WX_OP_CALL,      WX_OP_BR_TABLE};
    enum wx_op op = ops[pick(g, sizeof ops)];
    return has(g, wx_op_table[op].feature) && gen_op(g, op);
}

/* Functions of loops have more locals of each file than there are registers. */
wx_valtype gen_local_type(struct gen *g, uint32_t i)
{
    static const uint8_t kinds[] = {WX_KIND_I32, WX_KIND_I64, WX_KIND_F32, WX_KIND_F64};
    if (!g->opt.loops || i % 6 == 5) {
        return pick_type(g);
    }
    return i % 6 == 4 && has(g, WX_FEATURE_SIMD) ? WX_KIND_V128 : kinds[i % 6 % 4];
}

/* All locals to memory, each function's at a place of its own: what they became can be seen. */
void gen_write_locals(struct gen *g, uint32_t func)
{
    const struct gmem *m = &g->mems[0];
    if (m->min == 0 || m->page_shift == 0) {
        return;
    }
    for (uint32_t i = 0; i < g->first_counter; i++) {
        uint8_t kind = wx_type_kind(g->locals[i]);
        enum wx_op op = kind == WX_KIND_I32   ? WX_OP_I32_STORE
                        : kind == WX_KIND_I64 ? WX_OP_I64_STORE
                        : kind == WX_KIND_F32 ? WX_OP_F32_STORE
                        : kind == WX_KIND_F64 ? WX_OP_F64_STORE
                                              : WX_OP_V128_STORE;
        if (wx_type_is_ref(g->locals[i])) {
            continue;
        }
        gen_const(g, addr_type(m->is64), 4096 + (func * MAX_LOCALS + i) * 16);
        emit_op(g, WX_OP_LOCAL_GET);
        wbuf_u32(&g->code, i);
        emit_op(g, op);
        wbuf_u32(&g->code, 0);
        wbuf_u32(&g->code, 0);
    }
}
