/* SPDX-License-Identifier: Apache-2.0 */
/* Op bodies of compiled code: calls, returns, tables of branches, ways out. */
/*
 * Part of bodies.c. Frames have no header: the return address is on the guest stack, and a call
 * moves fp to the arguments and back by a constant, which the tier knows for every call.
 */
#ifndef WX_ENGINE_OPS_BODIES_STENCIL_H
#define WX_ENGINE_OPS_BODIES_STENCIL_H

#define ARGS ((uint64_t *)(void *)SLOT(B))

/* At the start of each function. A = bytes of its frame. */
WX_BODY(FRAME)
{
    if (wx_unlikely(SLOT(A) > (const uint8_t *)t->stack_limit)) {
        JUMP_TO(overflow, fp);
    }
    NEXT(1);
}
/* Behind each call. A = what the call added to fp. */
WX_BODY(AFTER_CALL)
{
    fp = (uint64_t *)(void *)((uint8_t *)fp - A);
    NEXT(1);
}

/* B = address of the table of targets. */
#define DEF_BR_TABLE(N, V, W, U, Z, UNUSED)                                                              \
    WX_BODY(BR_TABLE_##N)                                                                          \
    {                                                                                              \
        uint64_t i = GET_i(V) < A ? GET_i(V) : A;                                                  \
        JUMP_R3(address, fp, ((const uint64_t *)B)[i]);                                            \
    }
AT_PLACE(DEF_BR_TABLE, 0)

WX_BODY(POLL)
{
    if (wx_unlikely(wx_load_relaxed(&t->interrupt))) {
        JUMP_TO(poll, fp);
    }
    NEXT(0);
}

WX_BODY(RETURN) { JUMP_TO(ret, fp); }
#define DEF_RETURN(N, V, W, U, Z, UNUSED)                                                                \
    WX_BODY(RETURN_r_##N) { PUT_r(0, V); JUMP_TO(ret, fp); }                                       \
    WX_BODY(RETURN_x_##N) { PUT_x(0, V); JUMP_TO(ret, fp); }                                       \
    WX_BODY(RETURN_v_##N) { PUT_v(0, V); JUMP_TO(ret, fp); }
AT_PLACE(DEF_RETURN, 0)
WX_BODY_AT(RETURN_N)
{
    move_slots(fp, (const uint64_t *)(const void *)SLOT(B), C);
    JUMP_FREE(ret, fp, WX_ANY(r3));
}

WX_BODY_AT(CALL) { JUMP_FREE(callee, ARGS, WX_ANY(r3)); }
WX_BODY_AT(CALL_FUNC)
{
    r0 = (uint64_t)(uintptr_t)ctx->funcs[A];
    JUMP_FREE(call_func, ARGS, WX_ANY(r3));
}

/*
 * Element IDX of a table, checked against signature id SIG; leaves the function in r0. FETCH leaves
 * without one: r0 = index, r1 = table and signature.
 */
#define TABLE_CALLEE(TABLE, IDX, SIG, FETCH)                                                       \
    const struct wx_table *tab_ = ctx->tables[TABLE];                                              \
    uint64_t idx_ = (IDX);                                                                         \
    if (wx_unlikely(idx_ >= tab_->size || tab_->elems[idx_].sig_id != (uint32_t)(SIG))) {          \
        r0 = idx_;                                                                                 \
        r1 = (TABLE) | (uint64_t)(SIG) << 32;                                                      \
        FETCH;                                                                                     \
    }                                                                                              \
    r0 = tab_->elems[idx_].ref;

#define CALL_R0                                                                                    \
    const struct wx_func *f_ = (const struct wx_func *)(uintptr_t)r0;                              \
    if (wx_unlikely(f_->instance != ctx)) {                                                        \
        JUMP_FREE(call_func, ARGS, WX_ANY(r3));                                                                  \
    }                                                                                              \
    JUMP_FREE(call_address, ARGS, f_->code->entry);

#define DEF_CALLS(N, V, W, U, Z, UNUSED)                                                                 \
    WX_BODY_AT(CALL_INDIRECT_##N)                                                                     \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C, JUMP_FREE(fetch_call, ARGS, WX_ANY(r3)))                  \
        CALL_R0                                                                                    \
    }                                                                                              \
    WX_BODY_AT(CALL_REF_##N)                                                                          \
    {                                                                                              \
        r0 = GET_I(V);                                                                             \
        if (wx_unlikely(!r0)) {                                                                    \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        CALL_R0                                                                                    \
    }
AT_POS(DEF_CALLS, 0)

/* Tail calls: the arguments take the place of this frame; the return address stays. */
WX_BODY_AT(TAIL_CALL)
{
    move_slots(fp, ARGS, C);
    JUMP_FREE(tail_callee, fp, WX_ANY(r3));
}

#define E_SLOTS ((uint32_t)WX_HOLE(E))
/* Another instance's, or a host function: r1 = argument slots, r2 = where they are. */
#define FETCH_TAIL                                                                                 \
    r2 = E_SLOTS;                                                                                  \
    JUMP_FREE(fetch_tail_call, fp, ARGS)
#define TAIL_R0                                                                                    \
    const struct wx_func *f_ = (const struct wx_func *)(uintptr_t)r0;                              \
    if (wx_unlikely(f_->instance != ctx)) {                                                        \
        r1 = E_SLOTS;                                                                              \
        r2 = (uint64_t)(uintptr_t)ARGS;                                                            \
        JUMP_FREE(tail_func, fp, WX_ANY(r3));                                                                    \
    }                                                                                              \
    move_slots(fp, ARGS, E_SLOTS);                                                                 \
    JUMP_FREE(tail_address, fp, f_->code->entry);

WX_BODY_AT(TAIL_CALL_FUNC)
{
    r0 = (uint64_t)(uintptr_t)ctx->funcs[A];
    r1 = E_SLOTS;
    r2 = (uint64_t)(uintptr_t)ARGS;
    JUMP_FREE(tail_func, fp, WX_ANY(r3));
}
#define DEF_TAIL_CALLS(N, V, W, U, Z, UNUSED)                                                            \
    WX_BODY_AT(TAIL_CALL_INDIRECT_##N)                                                                \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C, FETCH_TAIL)                                               \
        TAIL_R0                                                                                    \
    }                                                                                              \
    WX_BODY_AT(TAIL_CALL_REF_##N)                                                                     \
    {                                                                                              \
        r0 = GET_I(V);                                                                             \
        if (wx_unlikely(!r0)) {                                                                    \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        TAIL_R0                                                                                    \
    }
AT_POS(DEF_TAIL_CALLS, 0)

WX_BODY_AT(HELPER)
{
    r0 = A;
    r1 = (uint64_t)(uintptr_t)SLOT(B);
    r2 = C;
    JUMP_FREE(helper, fp, D);
}

#endif
