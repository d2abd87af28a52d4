/* SPDX-License-Identifier: Apache-2.0 */
/* The op bodies: every form of every instruction the tiers run. */
/*
 * Table expansion: a form macro per lower class makes the functions of each row of opcodes.def; the
 * semantics are the plain functions wx_num_<NAME> (wasm/num.h) and wx_op_<NAME> (memops.h). V is the
 * position of the first operand mod 4, W, U the next ones; the result lands at V.
 *
 * Sources of the rules: wasm core 3.0, 4.4 (execution); threads proposal.
 */
#include "engine/ops/state.h"

#include "engine/ops/handlers.h"
#include "engine/ops/memops.h"
#include "wasm/num.h"

/* M(V, W, U, …) for the four positions. */
#define AT4(M, ...) M(0, 1, 2, __VA_ARGS__) M(1, 2, 3, __VA_ARGS__) M(2, 3, 0, __VA_ARGS__) M(3, 0, 1, __VA_ARGS__)

/* -------- arithmetic -------- */

#define DEF_UNARY(V, W, U, NAME, P, R)                                                             \
    WX_BODY(NAME##_R_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(GET_, P)(V))); NEXT(0); }            \
    WX_BODY(NAME##_L_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(LOC_, P)(A))); NEXT(1); }

#define TYPE_i uint32_t
#define TYPE_I uint64_t
#define DEF_UNARY_TRAP(V, W, U, NAME, P, R)                                                        \
    WX_BODY(NAME##_R_##V)                                                                          \
    {                                                                                              \
        CAT(TYPE_, R) v = 0;                                                                       \
        uint32_t trap = wx_num_##NAME(CAT(GET_, P)(V), &v);                                        \
        if (wx_unlikely(trap)) {                                                                   \
            TRAP(trap);                                                                            \
        }                                                                                          \
        CAT(SET_, R)(V, v);                                                                        \
        NEXT(0);                                                                                   \
    }

#define DEF_BINARY(V, W, U, NAME, P, R)                                                            \
    WX_BODY(NAME##_RR_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(GET_, P)(V), CAT(GET_, P)(W))); NEXT(0); } \
    WX_BODY(NAME##_RL_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(GET_, P)(V), CAT(LOC_, P)(A))); NEXT(1); } \
    WX_BODY(NAME##_RC_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(GET_, P)(V), CAT(IMM_, P)(A))); NEXT(1); } \
    WX_BODY(NAME##_LR_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(LOC_, P)(A), CAT(GET_, P)(W))); NEXT(1); } \
    WX_BODY(NAME##_LL_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(LOC_, P)(A), CAT(LOC_, P)(B))); NEXT(2); } \
    WX_BODY(NAME##_LC_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(LOC_, P)(A), CAT(IMM_, P)(B))); NEXT(2); }

#define BRANCH(COND, N, TARGET)                                                                    \
    {                                                                                              \
        if (COND) {                                                                                \
            GOTO(TARGET);                                                                          \
        }                                                                                          \
        NEXT(N);                                                                                   \
    }
#define DEF_COMPARE_BR(V, W, U, NAME, P, R)                                                        \
    WX_BODY(NAME##_BR_RR_##V) BRANCH(wx_num_##NAME(CAT(GET_, P)(V), CAT(GET_, P)(W)), 1, A)        \
    WX_BODY(NAME##_BR_RL_##V) BRANCH(wx_num_##NAME(CAT(GET_, P)(V), CAT(LOC_, P)(A)), 2, B)        \
    WX_BODY(NAME##_BR_RC_##V) BRANCH(wx_num_##NAME(CAT(GET_, P)(V), CAT(IMM_, P)(A)), 2, B)        \
    WX_BODY(NAME##_BR_LR_##V) BRANCH(wx_num_##NAME(CAT(LOC_, P)(A), CAT(GET_, P)(W)), 2, B)        \
    WX_BODY(NAME##_BR_LL_##V) BRANCH(wx_num_##NAME(CAT(LOC_, P)(A), CAT(LOC_, P)(B)), 3, C)        \
    WX_BODY(NAME##_BR_LC_##V) BRANCH(wx_num_##NAME(CAT(LOC_, P)(A), CAT(IMM_, P)(B)), 3, C)

#define DEF_BINARY_TRAP(V, W, U, NAME, P, R)                                                       \
    WX_BODY(NAME##_RR_##V)                                                                         \
    {                                                                                              \
        CAT(TYPE_, R) v = 0;                                                                       \
        uint32_t trap = wx_num_##NAME(CAT(GET_, P)(V), CAT(GET_, P)(W), &v);                       \
        if (wx_unlikely(trap)) {                                                                   \
            TRAP(trap);                                                                            \
        }                                                                                          \
        CAT(SET_, R)(V, v);                                                                        \
        NEXT(0);                                                                                   \
    }

/* -------- memory -------- */

/*
 * Guarded memory 0: no check. The 32-bit index is zero-extended at the access (invariant 3) and the
 * offset is below 2 GiB, so the address stays inside the reservation. pc is saved first, as a fault
 * needs an exact position; the store is volatile like the access (memops.h), which keeps their order.
 */
#define GUARDED(IDX, OFF)                                                                          \
    (*(const void *volatile *)&t->pc = pc, mem + (uint64_t)(uint32_t)(IDX) + (OFF))

/* Checked access: memory A, offset B, C masks the index to its width. NULL = out of bounds. */
static inline __attribute__((always_inline)) uint8_t *
checked(const struct wx_instance *ctx, uint64_t memory_idx, uint64_t idx, uint64_t off, uint64_t width)
{
    const struct wx_memory *m = ctx->memories[memory_idx];
    uint64_t size = wx_memory_size(m), addr;
    if (__builtin_add_overflow(idx, off, &addr) || addr > size || size - addr < width) {
        return NULL;
    }
    return m->base + addr;
}
#define CHECKED(V, WIDTH)                                                                          \
    uint8_t *p = checked(ctx, A, GET_I(V) & C, B, (WIDTH));                                        \
    if (wx_unlikely(!p)) {                                                                         \
        TRAP(WX_TRAP_MEMORY_OOB);                                                                  \
    }
/* Atomics fault on misalignment before anything else; bases are page-aligned. */
#define CHECKED_ATOMIC(V, WIDTH)                                                                   \
    if (wx_unlikely(((GET_I(V) & C) + B) & ((WIDTH)-1))) {                                         \
        TRAP(WX_TRAP_UNALIGNED_ATOMIC);                                                            \
    }                                                                                              \
    CHECKED(V, WIDTH)

#define DEF_LOAD(V, W, U, NAME, R, WIDTH)                                                          \
    WX_BODY(NAME##_R_##V) { CAT(SET_, R)(V, wx_op_##NAME(GUARDED(GET_i(V), A))); NEXT(1); }        \
    WX_BODY(NAME##_L_##V) { CAT(SET_, R)(V, wx_op_##NAME(GUARDED(LOC_i(A), B))); NEXT(2); }        \
    WX_BODY(NAME##_K_##V)                                                                          \
    {                                                                                              \
        CHECKED(V, WIDTH)                                                                          \
        CAT(SET_, R)(V, wx_op_##NAME(p));                                                          \
        NEXT(3);                                                                                   \
    }

/* The offset is the last immediate. */
#define DEF_STORE(V, W, U, NAME, P, WIDTH)                                                         \
    WX_BODY(NAME##_RR_##V) { wx_op_##NAME(GUARDED(GET_i(V), A), CAT(GET_, P)(W)); NEXT(1); }       \
    WX_BODY(NAME##_RL_##V) { wx_op_##NAME(GUARDED(GET_i(V), B), CAT(LOC_, P)(A)); NEXT(2); }       \
    WX_BODY(NAME##_RC_##V) { wx_op_##NAME(GUARDED(GET_i(V), B), CAT(IMM_, P)(A)); NEXT(2); }       \
    WX_BODY(NAME##_LR_##V) { wx_op_##NAME(GUARDED(LOC_i(A), B), CAT(GET_, P)(W)); NEXT(2); }       \
    WX_BODY(NAME##_LL_##V) { wx_op_##NAME(GUARDED(LOC_i(A), C), CAT(LOC_, P)(B)); NEXT(3); }       \
    WX_BODY(NAME##_LC_##V) { wx_op_##NAME(GUARDED(LOC_i(A), C), CAT(IMM_, P)(B)); NEXT(3); }       \
    WX_BODY(NAME##_K_##V)                                                                          \
    {                                                                                              \
        CHECKED(V, WIDTH)                                                                          \
        wx_op_##NAME(p, CAT(GET_, P)(W));                                                          \
        NEXT(3);                                                                                   \
    }

#define DEF_ATOMIC_LOAD(V, W, U, NAME, R, WIDTH)                                                   \
    WX_BODY(NAME##_K_##V)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p));                                                          \
        NEXT(3);                                                                                   \
    }
#define DEF_ATOMIC_STORE(V, W, U, NAME, P, WIDTH)                                                  \
    WX_BODY(NAME##_K_##V)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        wx_op_##NAME(p, CAT(GET_, P)(W));                                                          \
        NEXT(3);                                                                                   \
    }
#define DEF_ATOMIC_RMW(V, W, U, NAME, R, WIDTH)                                                    \
    WX_BODY(NAME##_K_##V)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p, CAT(GET_, R)(W)));                                         \
        NEXT(3);                                                                                   \
    }
#define DEF_ATOMIC_CMPXCHG(V, W, U, NAME, R, WIDTH)                                                \
    WX_BODY(NAME##_K_##V)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p, CAT(GET_, R)(W), CAT(GET_, R)(U)));                        \
        NEXT(3);                                                                                   \
    }

/* Second letter of "mX". */
#define VAL_mi i
#define VAL_mI I
#define VAL_mf f
#define VAL_mF F

#define BODY_CONTROL(NAME, P, R, WIDTH)
#define BODY_EXN(NAME, P, R, WIDTH)
#define BODY_CALL(NAME, P, R, WIDTH)
#define BODY_PARAMETRIC(NAME, P, R, WIDTH)
#define BODY_LOCAL(NAME, P, R, WIDTH)
#define BODY_GLOBAL(NAME, P, R, WIDTH)
#define BODY_TABLE(NAME, P, R, WIDTH)
#define BODY_REF(NAME, P, R, WIDTH)
#define BODY_CONST(NAME, P, R, WIDTH)
#define BODY_BULK(NAME, P, R, WIDTH)
#define BODY_ATOMIC_WAIT(NAME, P, R, WIDTH)
#define BODY_WIDE(NAME, P, R, WIDTH)
#define BODY_SIMD(NAME, P, R, WIDTH)
#define BODY_GC(NAME, P, R, WIDTH)
#define BODY_UNARY(NAME, P, R, WIDTH) AT4(DEF_UNARY, NAME, P, R)
#define BODY_UNARY_TRAP(NAME, P, R, WIDTH) AT4(DEF_UNARY_TRAP, NAME, P, R)
#define BODY_BINARY(NAME, P, R, WIDTH) AT4(DEF_BINARY, NAME, ONE_##P, R)
#define BODY_BINARY_TRAP(NAME, P, R, WIDTH) AT4(DEF_BINARY_TRAP, NAME, ONE_##P, R)
#define BODY_COMPARE(NAME, P, R, WIDTH)                                                            \
    AT4(DEF_BINARY, NAME, ONE_##P, R) AT4(DEF_COMPARE_BR, NAME, ONE_##P, R)
#define BODY_LOAD(NAME, P, R, WIDTH) AT4(DEF_LOAD, NAME, R, WIDTH)
#define BODY_STORE(NAME, P, R, WIDTH) AT4(DEF_STORE, NAME, VAL_##P, WIDTH)
#define BODY_ATOMIC_LOAD(NAME, P, R, WIDTH) AT4(DEF_ATOMIC_LOAD, NAME, R, WIDTH)
#define BODY_ATOMIC_STORE(NAME, P, R, WIDTH) AT4(DEF_ATOMIC_STORE, NAME, VAL_##P, WIDTH)
#define BODY_ATOMIC_RMW(NAME, P, R, WIDTH) AT4(DEF_ATOMIC_RMW, NAME, R, WIDTH)
#define BODY_ATOMIC_CMPXCHG(NAME, P, R, WIDTH) AT4(DEF_ATOMIC_CMPXCHG, NAME, R, WIDTH)

#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    BODY_##LOWER(NAME, PARAMS, RESULTS, ACCESS)
#include "wasm/opcodes.def"
#undef OP

/* -------- slots, registers, globals -------- */

#define DEF_SLOTS(V, W, U, UNUSED)                                                                 \
    WX_BODY(GET_r_##V) { SET_I(V, LOC_I(A)); NEXT(1); }                                            \
    WX_BODY(GET_x_##V) { SET_F(V, LOC_F(A)); NEXT(1); }                                            \
    WX_BODY(PUT_r_##V) { PUT_r(A, V); NEXT(1); }                                                   \
    WX_BODY(PUT_x_##V) { PUT_x(A, V); NEXT(1); }                                                   \
    WX_BODY(CONST_r_##V) { SET_I(V, A); NEXT(1); }                                                 \
    WX_BODY(CONST_x_##V) { SET_F(V, IMM_F(A)); NEXT(1); }                                          \
    WX_BODY(SHIFT1_r_##V) { CAT(r, V) = CAT(r, W); NEXT(0); }                                      \
    WX_BODY(SHIFT2_r_##V) { CAT(r, V) = CAT(r, U); NEXT(0); }                                      \
    WX_BODY(SHIFT1_x_##V) { CAT(x, V) = CAT(x, W); NEXT(0); }                                      \
    WX_BODY(SHIFT2_x_##V) { CAT(x, V) = CAT(x, U); NEXT(0); }                                      \
    WX_BODY(GLOBAL_GET_r_##V) { CAT(r, V) = ctx->globals[A][0]; NEXT(1); }                         \
    WX_BODY(GLOBAL_SET_r_##V) { ctx->globals[A][0] = CAT(r, V); NEXT(1); }                         \
    WX_BODY(GLOBAL_GET_x_##V) { SET_F(V, wx_f64_from_bits(ctx->globals[A][0])); NEXT(1); }         \
    WX_BODY(GLOBAL_SET_x_##V) { ctx->globals[A][0] = wx_f64_bits(GET_F(V)); NEXT(1); }             \
    WX_BODY(SELECT_r_##V) { CAT(r, V) = GET_i(U) ? CAT(r, V) : CAT(r, W); NEXT(0); }               \
    WX_BODY(SELECT_x_##V)                                                                          \
    {                                                                                              \
        if (!GET_i(U)) {                                                                           \
            CAT(x, V) = CAT(x, W);                                                                 \
        }                                                                                          \
        NEXT(0);                                                                                   \
    }                                                                                              \
    WX_BODY(MEMORY_SIZE_##V) { SET_I(V, wx_memory_pages(ctx->memories[A])); NEXT(1); }             \
    WX_BODY(NON_NULL_##V)                                                                          \
    {                                                                                              \
        if (wx_unlikely(!GET_I(V))) {                                                              \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        NEXT(0);                                                                                   \
    }
AT4(DEF_SLOTS, 0)
WX_BODY(SHIFT3_r_0) { r0 = r3; NEXT(0); }
WX_BODY(SHIFT3_r_1) { r1 = r0; NEXT(0); }
WX_BODY(SHIFT3_r_2) { r2 = r1; NEXT(0); }
WX_BODY(SHIFT3_r_3) { r3 = r2; NEXT(0); }
WX_BODY(SHIFT3_x_0) { x0 = x3; NEXT(0); }
WX_BODY(SHIFT3_x_1) { x1 = x0; NEXT(0); }
WX_BODY(SHIFT3_x_2) { x2 = x1; NEXT(0); }
WX_BODY(SHIFT3_x_3) { x3 = x2; NEXT(0); }

WX_BODY(MOVE_SLOT) { *(uint64_t *)(void *)SLOT(A) = LOC_I(B); NEXT(2); }
WX_BODY(CONST_SLOT) { *(uint64_t *)(void *)SLOT(A) = B; NEXT(2); }

static inline __attribute__((always_inline)) void move_slots(uint64_t *to, const uint64_t *from,
                                                             uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) { /* always downwards: ascending order is safe */
        ((volatile uint64_t *)to)[i] = from[i];
    }
}
WX_BODY(COPY_SLOTS)
{
    move_slots((uint64_t *)(void *)SLOT(A), (const uint64_t *)(const void *)SLOT(B), C);
    NEXT(3);
}

/* -------- control -------- */

WX_BODY(BR) { GOTO(A); }
WX_BODY(BR_IF_L) BRANCH(LOC_i(A), 2, B)
WX_BODY(BR_UNLESS_L) BRANCH(!LOC_i(A), 2, B)
#define DEF_BRANCH(V, W, U, UNUSED)                                                                \
    WX_BODY(BR_IF_##V) BRANCH(GET_i(V), 1, A)                                                      \
    WX_BODY(BR_UNLESS_##V) BRANCH(!GET_i(V), 1, A)                                                 \
    WX_BODY(BR_NULL_##V) BRANCH(!GET_I(V), 1, A)                                                   \
    WX_BODY(BR_NON_NULL_##V) BRANCH(GET_I(V), 1, A)                                                \
    WX_BODY(BR_TABLE_##V)                                                                          \
    {                                                                                              \
        uint64_t i = GET_i(V) < A ? GET_i(V) : A;                                                  \
        GOTO(pc[2 + i]);                                                                           \
    }
AT4(DEF_BRANCH, 0)

WX_BODY(UNREACHABLE) { TRAP(WX_TRAP_UNREACHABLE); }

WX_BODY(POLL)
{
    if (wx_unlikely(wx_load_relaxed(&t->interrupt))) {
        LEAVE(pc + 1, WX_INTERRUPT);
    }
    NEXT(0);
}

WX_BODY(FUEL)
{
    t->fuel -= (int64_t)A;
    if (wx_unlikely(t->fuel < 0)) {
        TRAP(WX_TRAP_OUT_OF_FUEL);
    }
    NEXT(1);
}

WX_BODY(ENTER)
{
    volatile uint64_t *p = (uint64_t *)(void *)SLOT(A); /* a loop, not a call to memset */
    for (uint64_t i = 0; i < B; i++) {
        p[i] = 0;
    }
    NEXT(2);
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
#define DEF_RETURN(V, W, U, UNUSED)                                                                \
    WX_BODY(RETURN_r_##V) { RETURN_TO(A, PUT_r(0, V)); }                                           \
    WX_BODY(RETURN_x_##V) { RETURN_TO(A, PUT_x(0, V)); }
AT4(DEF_RETURN, 0)

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

/* No room, or an interrupt made the limit NULL (R17). */
static WX_COLD uint64_t no_room(struct wx_thread *t)
{
    if (wx_load_relaxed(&t->interrupt)) {
        return WX_INTERRUPT;
    }
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
    if (!ROOM(nfp, code)) {
        return no_room(t);
    }
    struct wx_instance *inst = (struct wx_instance *)(uintptr_t)r3;
    t->inst = inst;
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
        if (out == WX_TRAP) {
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

/* Table element IDX checked against signature id SIG; leaves it in `e`. */
#define TABLE_CALLEE(TABLE, IDX, SIG)                                                              \
    const struct wx_table *tab_ = ctx->tables[TABLE];                                              \
    uint64_t idx_ = (IDX);                                                                         \
    if (wx_unlikely(idx_ >= tab_->size)) {                                                         \
        TRAP(WX_TRAP_TABLE_OOB);                                                                   \
    }                                                                                              \
    const struct wx_tabent *e = &tab_->elems[idx_];                                                \
    if (wx_unlikely(e->sig_id != (SIG))) {                                                         \
        TRAP(e->sig_id ? WX_TRAP_SIGNATURE : WX_TRAP_INDIRECT_NULL);                               \
    }

#define DEF_CALLS(V, W, U, UNUSED)                                                                 \
    WX_BODY(CALL_INDIRECT_##V)                                                                     \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C)                                                           \
        CALL_COMMON(e->ref);                                                                       \
    }                                                                                              \
    WX_BODY(CALL_REF_##V)                                                                          \
    {                                                                                              \
        if (wx_unlikely(!GET_I(V))) {                                                              \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        CALL_COMMON(GET_I(V));                                                                     \
    }
AT4(DEF_CALLS, 0)

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
        if (wx_unlikely(!ROOM(fp, code_))) {                                                       \
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
        if (out == WX_TRAP) {
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

WX_BODY(TAIL_CALL_FUNC) { TAIL_COMMON(ctx->funcs[A]); }
#define DEF_TAIL_CALLS(V, W, U, UNUSED)                                                            \
    WX_BODY(TAIL_CALL_INDIRECT_##V)                                                                \
    {                                                                                              \
        TABLE_CALLEE(A, GET_I(V) & D, C)                                                           \
        TAIL_COMMON(e->ref);                                                                       \
    }                                                                                              \
    WX_BODY(TAIL_CALL_REF_##V)                                                                     \
    {                                                                                              \
        if (wx_unlikely(!GET_I(V))) {                                                              \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        TAIL_COMMON(GET_I(V));                                                                     \
    }
AT4(DEF_TAIL_CALLS, 0)

WX_BODY(HELPER)
{
    SAVE(pc + 5);
    uint64_t *slots = (uint64_t *)(void *)SLOT(B);
    enum wx_outcome out = wx_helpers[A](ctx, slots, C, D);
    if (wx_unlikely(out != WX_DONE)) {
        if (out == WX_TRAP) {
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
