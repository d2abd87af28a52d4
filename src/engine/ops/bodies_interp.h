/* SPDX-License-Identifier: Apache-2.0 */
/* Op bodies of the interpreter's frames: calls, returns, tables of branches, ways out. */
/*
 * Part of bodies.c. Guest frames are linked by headers on the value stack (frame.h); every body is a
 * plain function, so leaving is a return through the entry thunk.
 */
#ifndef WX_ENGINE_OPS_BODIES_INTERP_H
#define WX_ENGINE_OPS_BODIES_INTERP_H

#define DEF_BR_TABLE(N, V, W, U, Z, UNUSED)                                                              \
    WX_BODY(BR_TABLE_##N)                                                                          \
    {                                                                                              \
        uint64_t i = GET_i(V) < A ? GET_i(V) : A;                                                  \
        GOTO(pc[2 + i]);                                                                           \
    }
AT_PLACE(DEF_BR_TABLE, 0)

WX_BODY(POLL)
{
    if (wx_unlikely(wx_load_relaxed(&t->interrupt))) {
        LEAVE(pc + 1, WX_INTERRUPT);
    }
    NEXT(0);
}

WX_BODY(EXIT)
{
    (void)fp, (void)mem, (void)pc, (void)ctx, (void)t;
    return WX_DONE;
}

/*
 * Back to the caller whose state the header at byte offset HEADER holds. RESULT is stored after the
 * header was read: in a function without locals both are at the start of the frame.
 */
#define RETURN_TO(HEADER, RESULT)                                                                  \
    do {                                                                                           \
        const uint64_t *h_ = (const uint64_t *)(const void *)SLOT(HEADER);                         \
        const uint64_t *pc_ = (const uint64_t *)(uintptr_t)h_[WX_FRAME_PC];                        \
        uint64_t *fp_ = (uint64_t *)(uintptr_t)h_[WX_FRAME_FP];                                    \
        struct wx_instance *ctx_ = (struct wx_instance *)(uintptr_t)h_[WX_FRAME_INST];             \
        RESULT;                                                                                    \
        t->fp = fp_;                                                                               \
        if (wx_unlikely(ctx_ != ctx)) {                                                            \
            t->inst = ctx_;                                                                        \
            mem = ctx_->mem0;                                                                      \
        }                                                                                          \
        JUMP(fp_, mem, pc_, ctx_);                                                                 \
    } while (0)

WX_BODY(RETURN) { RETURN_TO(A, (void)0); }
#define DEF_RETURN(N, V, W, U, Z, UNUSED)                                                                \
    WX_BODY(RETURN_r_##N) { RETURN_TO(A, PUT_r(0, V)); }                                           \
    WX_BODY(RETURN_x_##N) { RETURN_TO(A, PUT_x(0, V)); }                                           \
    WX_BODY(RETURN_v_##N) { RETURN_TO(A, PUT_v(0, V)); }
AT_PLACE(DEF_RETURN, 0)

/* Results may be more than the locals: the header is read before they are moved over it. */
WX_BODY(RETURN_N)
{
    const uint64_t *h = (const uint64_t *)(const void *)SLOT(A);
    const uint64_t *to = (const uint64_t *)(uintptr_t)h[WX_FRAME_PC];
    uint64_t *caller = (uint64_t *)(uintptr_t)h[WX_FRAME_FP];
    struct wx_instance *inst = (struct wx_instance *)(uintptr_t)h[WX_FRAME_INST];
    move_slots(fp, (const uint64_t *)(const void *)SLOT(B), C);
    t->fp = caller;
    t->inst = inst;
    JUMP(caller, inst->mem0, to, inst);
}

/* -------- calls -------- */

static WX_COLD uint64_t no_room(struct wx_thread *t)
{
    t->trap = WX_TRAP_STACK_OVERFLOW;
    return WX_TRAP;
}

#define ROOM(NFP, CODE) ((NFP) + (CODE)->frame_slots <= wx_load_relaxed(&t->stack_limit))

/* Write the callee's header and go to its first instruction; RET is where it comes back to. */
#define PUSH_FRAME(CODE, NFP, INST, ENTRY, RET)                                                    \
    do {                                                                                           \
        uint64_t *nfp_ = (NFP);                                                                    \
        uint64_t *h_ = nfp_ + (CODE)->local_slots;                                                 \
        h_[WX_FRAME_PC] = (uint64_t)(uintptr_t)(RET);                                              \
        h_[WX_FRAME_FP] = (uint64_t)(uintptr_t)fp;                                                 \
        h_[WX_FRAME_INST] = (uint64_t)(uintptr_t)ctx;                                              \
        t->fp = nfp_;                                                                              \
        JUMP(nfp_, (INST)->mem0, (ENTRY), (INST));                                                 \
    } while (0)

/* Not compiled yet, or no room: r1 = code, r2 = new frame, r3 = its instance. */
WX_BODY(enter_slow)
{
    struct wx_code *code = (struct wx_code *)(uintptr_t)r1;
    uint64_t *nfp = (uint64_t *)(uintptr_t)r2;
    SAVE(pc);
    const uint64_t *entry = wx_code_entry(t, code);
    if (!entry) {
        return WX_TRAP;
    }
    if (nfp + code->frame_slots > t->stack_end) {
        return no_room(t);
    }
    struct wx_instance *inst = (struct wx_instance *)(uintptr_t)r3;
    t->inst = inst;
    /* An interrupt makes the limit NULL (R17), or did: the callee has not begun. */
    if (wx_load_relaxed(&t->interrupt) || !wx_load_relaxed(&t->stack_limit)) {
        uint64_t *h = nfp + code->local_slots;
        h[WX_FRAME_PC] = (uint64_t)(uintptr_t)(pc + 5);
        h[WX_FRAME_FP] = (uint64_t)(uintptr_t)fp;
        h[WX_FRAME_INST] = (uint64_t)(uintptr_t)ctx;
        t->fp = nfp;
        t->pc = entry;
        return WX_INTERRUPT;
    }
    PUSH_FRAME(code, nfp, inst, entry, pc + 5);
}

/* Enter a wasm function with its arguments at NFP, to come back after this five-word call. */
#define ENTER_CODE(CODE, NFP, INST)                                                                \
    do {                                                                                           \
        struct wx_code *code_ = (CODE);                                                            \
        uint64_t *new_ = (NFP);                                                                    \
        const uint64_t *entry_ = wx_load_acquire(&code_->entry); /* pairs with the tier */         \
        if (wx_unlikely(!entry_ || !ROOM(new_, code_))) {                                          \
            r1 = (uint64_t)(uintptr_t)code_;                                                       \
            r2 = (uint64_t)(uintptr_t)new_;                                                        \
            r3 = (uint64_t)(uintptr_t)(INST);                                                      \
            __attribute__((musttail)) return wx_i_enter_slow(WX_STATE_FROM(fp, mem, pc, ctx));     \
        }                                                                                          \
        PUSH_FRAME(code_, new_, INST, entry_, pc + 5);                                             \
    } while (0)

WX_BODY(CALL)
{
    ENTER_CODE((struct wx_code *)(uintptr_t)A, (uint64_t *)(void *)SLOT(B), ctx);
}

/* Shared tail: r0 = callee (struct wx_func), B = arguments, five words. */
WX_BODY(call_common)
{
    struct wx_func *f = (struct wx_func *)(uintptr_t)r0;
    uint64_t *args = (uint64_t *)(void *)SLOT(B);
    if (f->kind == WX_FUNC_WASM) {
        struct wx_instance *inst = f->instance;
        t->inst = inst;
        ENTER_CODE(f->code, args, inst);
    }
    uint32_t n = f->sig->n_param_slots;
    n = n > f->sig->n_result_slots ? n : f->sig->n_result_slots;
    SAVE(pc + 5);
    t->top = args + n;
    if (wx_unlikely(t->top + WX_FRAME_SLOTS > t->stack_end)) {
        t->pc = pc;
        return no_room(t);
    }
    enum wx_outcome out = f->host(t, f->data, args);
    if (wx_unlikely(out != WX_DONE)) {
        if (out == WX_TRAP || out == WX_THROW) {
            t->pc = pc;
        }
        return out;
    }
    NEXT(4);
}
#define CALL_COMMON(FUNC)                                                                          \
    do {                                                                                           \
        r0 = (uint64_t)(uintptr_t)(FUNC);                                                          \
        __attribute__((musttail)) return wx_i_call_common(WX_STATE_FROM(fp, mem, pc, ctx));        \
    } while (0)

WX_BODY(CALL_FUNC) { CALL_COMMON(ctx->funcs[A]); }

/* r0 = index, A = table, C = signature: no such element, unless somebody fetches it. */
static WX_COLD struct wx_func *fetch_callee(struct wx_thread *t, struct wx_table *table,
                                            uint64_t idx, uint32_t sig_id)
{
    enum wx_trap trap = WX_TRAP_NONE;
    struct wx_func *f = wx_table_callee(table, idx, sig_id, &trap);
    t->trap = f ? t->trap : (uint64_t)trap;
    return f;
}

/* Both tails of what follows: r0 becomes the function, or it is a trap here. */
#define FETCH_CALLEE                                                                               \
    SAVE(pc);                                                                                      \
    r0 = (uint64_t)(uintptr_t)fetch_callee(t, ctx->tables[A], r0, (uint32_t)C);                    \
    if (!r0) {                                                                                     \
        return WX_TRAP;                                                                            \
    }
WX_BODY(fetch_call)
{
    FETCH_CALLEE
    __attribute__((musttail)) return wx_i_call_common(WX_STATE_FROM(fp, mem, pc, ctx));
}

/* Table element IDX checked against signature id SIG; leaves it in `e`. */
#define TABLE_CALLEE(TABLE, IDX, SIG, FETCH)                                                       \
    const struct wx_table *tab_ = ctx->tables[TABLE];                                              \
    uint64_t idx_ = (IDX);                                                                         \
    if (wx_unlikely(idx_ >= tab_->size || tab_->elems[idx_].sig_id != (SIG))) {                    \
        r0 = idx_;                                                                                 \
        __attribute__((musttail)) return wx_i_##FETCH(WX_STATE_FROM(fp, mem, pc, ctx));            \
    }                                                                                              \
    const struct wx_tabent *e = &tab_->elems[idx_];

#define DEF_CALLS(N, V, W, U, Z, UNUSED)                                                                 \
    WX_BODY(CALL_INDIRECT_##N)                                                                     \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C, fetch_call)                                               \
        CALL_COMMON(e->ref);                                                                       \
    }                                                                                              \
    WX_BODY(CALL_REF_##N)                                                                          \
    {                                                                                              \
        if (wx_unlikely(!GET_I(V))) {                                                              \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        CALL_COMMON(GET_I(V));                                                                     \
    }
AT_POS(DEF_CALLS, 0)

/*
 * Tail calls: the arguments take the place of this frame, the header moves behind the callee's
 * locals. A host function is called like any other; the RETURN_N that follows hands its results on.
 */
#define REPLACE_FRAME(CODE, INST, SLOTS, HEADER)                                                   \
    do {                                                                                           \
        struct wx_code *code_ = (CODE);                                                            \
        struct wx_instance *inst_ = (INST);                                                        \
        SAVE(pc);                                                                                  \
        const uint64_t *entry_ = wx_code_entry(t, code_);                                          \
        if (wx_unlikely(!entry_)) {                                                                \
            return WX_TRAP;                                                                        \
        }                                                                                          \
        if (wx_unlikely(fp + code_->frame_slots > t->stack_end)) {                                 \
            return no_room(t);                                                                     \
        }                                                                                          \
        const uint64_t *h_ = (const uint64_t *)(const void *)SLOT(HEADER);                         \
        uint64_t h0_ = h_[WX_FRAME_PC], h1_ = h_[WX_FRAME_FP], h2_ = h_[WX_FRAME_INST];            \
        move_slots(fp, (const uint64_t *)(const void *)SLOT(B), (SLOTS));                          \
        uint64_t *n_ = fp + code_->local_slots;                                                    \
        n_[WX_FRAME_PC] = h0_;                                                                     \
        n_[WX_FRAME_FP] = h1_;                                                                     \
        n_[WX_FRAME_INST] = h2_;                                                                   \
        t->inst = inst_;                                                                           \
        if (wx_unlikely(wx_load_relaxed(&t->interrupt))) {                                         \
            t->pc = entry_;                                                                        \
            return WX_INTERRUPT;                                                                   \
        }                                                                                          \
        JUMP(fp, inst_->mem0, entry_, inst_);                                                      \
    } while (0)

WX_BODY(TAIL_CALL) { REPLACE_FRAME((struct wx_code *)(uintptr_t)A, ctx, C, D); }

/* The sixth word: argument slots and header offset. */
#define E_SLOTS ((uint32_t)pc[5])
#define E_HEADER (pc[5] >> 32)

WX_BODY(tail_common)
{
    struct wx_func *f = (struct wx_func *)(uintptr_t)r0;
    if (f->kind == WX_FUNC_WASM) {
        REPLACE_FRAME(f->code, f->instance, E_SLOTS, E_HEADER);
    }
    uint64_t *args = (uint64_t *)(void *)SLOT(B);
    uint32_t n = f->sig->n_param_slots;
    n = n > f->sig->n_result_slots ? n : f->sig->n_result_slots;
    SAVE(pc + 6);
    t->top = args + n;
    if (wx_unlikely(t->top + WX_FRAME_SLOTS > t->stack_end)) {
        t->pc = pc;
        return no_room(t);
    }
    enum wx_outcome out = f->host(t, f->data, args);
    if (wx_unlikely(out != WX_DONE)) {
        if (out == WX_TRAP || out == WX_THROW) {
            t->pc = pc;
        }
        return out;
    }
    NEXT(5);
}
#define TAIL_COMMON(FUNC)                                                                          \
    do {                                                                                           \
        r0 = (uint64_t)(uintptr_t)(FUNC);                                                          \
        __attribute__((musttail)) return wx_i_tail_common(WX_STATE_FROM(fp, mem, pc, ctx));        \
    } while (0)

WX_BODY(fetch_tail_call)
{
    FETCH_CALLEE
    __attribute__((musttail)) return wx_i_tail_common(WX_STATE_FROM(fp, mem, pc, ctx));
}

WX_BODY(TAIL_CALL_FUNC) { TAIL_COMMON(ctx->funcs[A]); }
#define DEF_TAIL_CALLS(N, V, W, U, Z, UNUSED)                                                            \
    WX_BODY(TAIL_CALL_INDIRECT_##N)                                                                \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C, fetch_tail_call)                                          \
        TAIL_COMMON(e->ref);                                                                       \
    }                                                                                              \
    WX_BODY(TAIL_CALL_REF_##N)                                                                     \
    {                                                                                              \
        if (wx_unlikely(!GET_I(V))) {                                                              \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        TAIL_COMMON(GET_I(V));                                                                     \
    }
AT_POS(DEF_TAIL_CALLS, 0)

WX_BODY(HELPER)
{
    SAVE(pc + 5);
    uint64_t *slots = (uint64_t *)(void *)SLOT(B);
    enum wx_outcome out = wx_helpers[A](ctx, slots, C, D);
    if (wx_unlikely(out != WX_DONE)) {
        if (out == WX_TRAP || out == WX_THROW) {
            t->pc = pc;
        }
        return out;
    }
    NEXT(4);
}

const wx_handler wx_interp_handlers[WX_H_COUNT] = {
#define H(NAME) [WX_H_##NAME] = wx_i_##NAME,
#include "engine/ops/handlers.def"
};

#endif
