/* SPDX-License-Identifier: Apache-2.0 */
/* Op bodies of compiled code: calls, returns, tables of branches, ways out. */
/*
 * Part of bodies.c. Frames have no header: the return address is on the guest stack, and a call
 * moves fp to the arguments and back by a constant, which the tier knows for every call.
 */
#ifndef WX_ENGINE_OPS_BODIES_STENCIL_H
#define WX_ENGINE_OPS_BODIES_STENCIL_H

#define ARGS ((uint64_t *)(void *)SLOT(B))
#define JUMP_CODE(CODE, FP)                                                                        \
    __attribute__((musttail)) return ((wx_handler)(uintptr_t)(CODE)->entry)(WX_PASS(FP))

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
#define DEF_BR_TABLE(V, W, U, UNUSED)                                                              \
    WX_BODY(BR_TABLE_##V)                                                                          \
    {                                                                                              \
        uint64_t i = GET_i(V) < A ? GET_i(V) : A;                                                  \
        __attribute__((musttail)) return ((wx_handler const *)B)[i](WX_PASS(fp));                  \
    }
AT4(DEF_BR_TABLE, 0)

WX_BODY(POLL)
{
    if (wx_unlikely(wx_load_relaxed(&t->interrupt))) {
        JUMP_TO(poll, fp);
    }
    NEXT(0);
}

WX_BODY(RETURN) { JUMP_TO(ret, fp); }
#define DEF_RETURN(V, W, U, UNUSED)                                                                \
    WX_BODY(RETURN_r_##V) { PUT_r(0, V); JUMP_TO(ret, fp); }                                       \
    WX_BODY(RETURN_x_##V) { PUT_x(0, V); JUMP_TO(ret, fp); }                                       \
    WX_BODY(RETURN_v_##V) { PUT_v(0, V); JUMP_TO(ret, fp); }
AT4(DEF_RETURN, 0)
WX_BODY(RETURN_N)
{
    move_slots(fp, (const uint64_t *)(const void *)SLOT(B), C);
    JUMP_TO(ret, fp);
}

WX_BODY(CALL) { JUMP_TO(callee, ARGS); }
WX_BODY(CALL_FUNC)
{
    r0 = (uint64_t)(uintptr_t)ctx->funcs[A];
    JUMP_TO(call_func, ARGS);
}

/* Element IDX of a table, checked against signature id SIG; leaves the function in r0. */
#define TABLE_CALLEE(TABLE, IDX, SIG)                                                              \
    const struct wx_table *tab_ = ctx->tables[TABLE];                                              \
    uint64_t idx_ = (IDX);                                                                         \
    if (wx_unlikely(idx_ >= tab_->size)) {                                                         \
        TRAP(WX_TRAP_TABLE_OOB);                                                                   \
    }                                                                                              \
    r0 = (uint64_t)(uintptr_t)&tab_->elems[idx_];                                                  \
    if (wx_unlikely(((const struct wx_tabent *)(uintptr_t)r0)->sig_id != (uint32_t)(SIG))) {       \
        JUMP_TO(bad_callee, fp);                                                                   \
    }                                                                                              \
    r0 = ((const struct wx_tabent *)(uintptr_t)r0)->ref;

#define CALL_R0                                                                                    \
    const struct wx_func *f_ = (const struct wx_func *)(uintptr_t)r0;                              \
    if (wx_unlikely(f_->instance != ctx)) {                                                        \
        JUMP_TO(call_func, ARGS);                                                                  \
    }                                                                                              \
    JUMP_CODE(f_->code, ARGS);

#define DEF_CALLS(V, W, U, UNUSED)                                                                 \
    WX_BODY(CALL_INDIRECT_##V)                                                                     \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C)                                                           \
        CALL_R0                                                                                    \
    }                                                                                              \
    WX_BODY(CALL_REF_##V)                                                                          \
    {                                                                                              \
        r0 = GET_I(V);                                                                             \
        if (wx_unlikely(!r0)) {                                                                    \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        CALL_R0                                                                                    \
    }
AT4(DEF_CALLS, 0)

/* Tail calls: the arguments take the place of this frame; the return address stays. */
WX_BODY(TAIL_CALL)
{
    move_slots(fp, ARGS, C);
    JUMP_TO(tail_callee, fp);
}

#define E_SLOTS ((uint32_t)(uintptr_t)wx_hole_E)
/* Another instance's, or a host function: r1 = argument slots, r2 = where they are. */
#define TAIL_R0                                                                                    \
    const struct wx_func *f_ = (const struct wx_func *)(uintptr_t)r0;                              \
    if (wx_unlikely(f_->instance != ctx)) {                                                        \
        r1 = E_SLOTS;                                                                              \
        r2 = (uint64_t)(uintptr_t)ARGS;                                                            \
        JUMP_TO(tail_func, fp);                                                                    \
    }                                                                                              \
    move_slots(fp, ARGS, E_SLOTS);                                                                 \
    JUMP_CODE(f_->code, fp);

WX_BODY(TAIL_CALL_FUNC)
{
    r0 = (uint64_t)(uintptr_t)ctx->funcs[A];
    r1 = E_SLOTS;
    r2 = (uint64_t)(uintptr_t)ARGS;
    JUMP_TO(tail_func, fp);
}
#define DEF_TAIL_CALLS(V, W, U, UNUSED)                                                            \
    WX_BODY(TAIL_CALL_INDIRECT_##V)                                                                \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C)                                                           \
        TAIL_R0                                                                                    \
    }                                                                                              \
    WX_BODY(TAIL_CALL_REF_##V)                                                                     \
    {                                                                                              \
        r0 = GET_I(V);                                                                             \
        if (wx_unlikely(!r0)) {                                                                    \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        TAIL_R0                                                                                    \
    }
AT4(DEF_TAIL_CALLS, 0)

WX_BODY(HELPER)
{
    r0 = A;
    r1 = (uint64_t)(uintptr_t)SLOT(B);
    r2 = C;
    r3 = D;
    JUMP_TO(helper, fp);
}

#endif
