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

/* X op immediate number H, the way this build and processor do it best. */
#define WX_VALUE_0 A
#define WX_VALUE_1 B
#define WX_VALUE(H) CAT(WX_VALUE_, H)
#if defined(WX_STENCIL) && !defined(WX_STENCIL_WIDE) && defined(__x86_64__)
#include "engine/ops/imm_x86_64.h"
#define WX_C(NAME, P, X, H) WX_C_##NAME(X, H)
#else
#define WX_C(NAME, P, X, H) wx_num_##NAME(X, CAT(IMM_, P)(WX_VALUE(H)))
#endif

#define DEF_BINARY(V, W, U, NAME, P, R)                                                            \
    WX_BODY(NAME##_RR_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(GET_, P)(V), CAT(GET_, P)(W))); NEXT(0); } \
    WX_BODY(NAME##_RL_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(GET_, P)(V), CAT(LOC_, P)(A))); NEXT(1); } \
    WX_BODY(NAME##_RC_##V) { CAT(SET_, R)(V, WX_C(NAME, P, CAT(GET_, P)(V), 0)); NEXT(1); } \
    WX_BODY(NAME##_LR_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(LOC_, P)(A), CAT(GET_, P)(W))); NEXT(1); } \
    WX_BODY(NAME##_LL_##V) { CAT(SET_, R)(V, wx_num_##NAME(CAT(LOC_, P)(A), CAT(LOC_, P)(B))); NEXT(2); } \
    WX_BODY(NAME##_LC_##V) { CAT(SET_, R)(V, WX_C(NAME, P, CAT(LOC_, P)(A), 1)); NEXT(2); }

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
    WX_BODY(NAME##_BR_RC_##V) BRANCH(WX_C(NAME, P, CAT(GET_, P)(V), 0), 2, B)        \
    WX_BODY(NAME##_BR_LR_##V) BRANCH(wx_num_##NAME(CAT(LOC_, P)(A), CAT(GET_, P)(W)), 2, B)        \
    WX_BODY(NAME##_BR_LL_##V) BRANCH(wx_num_##NAME(CAT(LOC_, P)(A), CAT(LOC_, P)(B)), 3, C)        \
    WX_BODY(NAME##_BR_LC_##V) BRANCH(WX_C(NAME, P, CAT(LOC_, P)(A), 1), 3, C)

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
#ifdef WX_STENCIL /* the fault handler sees the address of the access itself */
#define GUARDED(IDX, OFF) (mem + (uint64_t)(uint32_t)(IDX) + (OFF))
#else
#define GUARDED(IDX, OFF)                                                                          \
    (*(const void *volatile *)&t->pc = pc, mem + (uint64_t)(uint32_t)(IDX) + (OFF))
#endif

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
    WX_BODY(BR_NON_NULL_##V) BRANCH(GET_I(V), 1, A)
AT4(DEF_BRANCH, 0)

WX_BODY(UNREACHABLE) { TRAP(WX_TRAP_UNREACHABLE); }

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

/* -------- calls, returns and ways out: their own for each kind of frame -------- */

#ifdef WX_STENCIL
#include "engine/ops/bodies_stencil.h"
#else
#include "engine/ops/bodies_interp.h"
#endif
