/* SPDX-License-Identifier: Apache-2.0 */
/* Machine state of the op bodies and how they read immediates and go on. */
/*
 * The state lives in registers: every body is a function with the same parameters, calling the next
 * one by a tail call (preserve_none, musttail). Integer and reference operands are cached in
 * r0..r3, float operands in x0..x3: the operand at stack position p sits in r[p % 4] or x[p % 4] by
 * its type, or else in its slot of the frame. Bodies exist once per position mod 4.
 *
 * Built with WX_INTERP this gives the interpreter's handlers: immediates and targets are words of
 * the code stream after the handler's address. A stencil build replaces only this header:
 * immediates become holes (addresses of extern symbols), NEXT and GOTO tail calls to extern
 * functions.
 *
 * Bodies lie in the section wx_ops, so that the fault handler knows them (R28).
 */
#ifndef WX_ENGINE_OPS_STATE_H
#define WX_ENGINE_OPS_STATE_H

#include <stdint.h>

#include "base/annot.h"
#include "base/bits.h"
#include "engine/ops/frame.h"
#include "engine/rt/store.h"
#include "wasm/simd.h"

typedef float wx_x128 __attribute__((vector_size(16)));
typedef double wx_d128 __attribute__((vector_size(16)));

#ifdef WX_STENCIL
#include "engine/ops/state_stencil.h"
#else

#define WX_STATE                                                                                   \
    uint64_t *fp, uint8_t *mem, const uint64_t *pc, struct wx_instance *ctx, struct wx_thread *t,  \
        uint64_t r0, uint64_t r1, uint64_t r2, uint64_t r3, wx_x128 x0, wx_x128 x1, wx_x128 x2,    \
        wx_x128 x3
#define WX_STATE_FROM(FP, MEM, PC, CTX) (FP), (MEM), (PC), (CTX), t, r0, r1, r2, r3, x0, x1, x2, x3
#define WX_PN __attribute__((preserve_none))

typedef WX_PN uint64_t (*wx_handler)(WX_STATE);

/* Immediates A, B, C, D of the instruction at hand. */
#define A (pc[1])
#define B (pc[2])
#define C (pc[3])
#define D (pc[4])

#define WX_BODY(NAME) __attribute__((section("wx_ops"))) static WX_PN uint64_t wx_i_##NAME(WX_STATE)
#define WX_BODY_AT(NAME) WX_BODY(NAME)
#define JUMP(FP, MEM, PC, CTX)                                                                     \
    do {                                                                                           \
        const uint64_t *to_ = (PC);                                                                \
        __attribute__((musttail)) return ((wx_handler) * to_)(WX_STATE_FROM(FP, MEM, to_, CTX));   \
    } while (0)
/* Go on after this instruction, which has N immediates. */
#define NEXT(N) JUMP(fp, mem, pc + 1 + (N), ctx)
/* The same; in compiled code the lowering has put the locals to their slots (wx_lo_clobber). */
#define NEXT_FREE(N) NEXT(N)
/* Go to a branch target. */
#define GOTO(WORD) JUMP(fp, mem, (const uint64_t *)(uintptr_t)(WORD), ctx)
/* Leave with everything saved; PC is the faulting instruction or where to resume. */
#define SAVE(PC) (t->pc = (PC), t->fp = fp, t->inst = ctx)
#define LEAVE(PC, OUTCOME)                                                                         \
    do {                                                                                           \
        SAVE(PC);                                                                                  \
        return (OUTCOME);                                                                          \
    } while (0)
#define TRAP(CODE)                                                                                 \
    do {                                                                                           \
        t->trap = (CODE);                                                                          \
        LEAVE(pc, WX_TRAP);                                                                        \
    } while (0)

#endif

/* -------- operands by letter: i I f F V as in opcodes.def, r for references -------- */

#define CAT_(X, Y) X##Y
#define CAT(X, Y) CAT_(X, Y)

typedef float wx_f1 __attribute__((vector_size(4)));
typedef double wx_d1 __attribute__((vector_size(8)));
/* A vector whose first lane is v and whose others do not matter. */
static inline __attribute__((always_inline)) wx_x128 wx_x_from_f32(float v)
{
    wx_f1 one = {v};
    return __builtin_shufflevector(one, one, 0, -1, -1, -1);
}
static inline __attribute__((always_inline)) wx_x128 wx_x_from_f64(double v)
{
    wx_d1 one = {v};
    return (wx_x128)__builtin_shufflevector(one, one, 0, -1);
}

/* Register at position V. */
#define GET_i(V) ((uint32_t)CAT(r, V))
#define GET_I(V) (CAT(r, V))
#define GET_f(V) (CAT(x, V)[0])
#define GET_F(V) (((wx_d128)CAT(x, V))[0])
#define GET_V(N) ((wx_v128)CAT(x, N))
#define SET_V(N, X) (CAT(x, N) = (wx_x128)(X))
#define SET_i(V, X) (CAT(r, V) = (uint32_t)(X))
#define SET_I(V, X) (CAT(r, V) = (X))
#define SET_f(V, X) (CAT(x, V) = wx_x_from_f32(X))
#define SET_F(V, X) (CAT(x, V) = wx_x_from_f64(X))
/* Frame slot at a byte offset: a local or a spilled operand. */
#define SLOT(OFF) ((uint8_t *)fp + (OFF))
#define LOC_i(OFF) (*(const uint32_t *)(const void *)SLOT(OFF))
#define LOC_I(OFF) (*(const uint64_t *)(const void *)SLOT(OFF))
#define LOC_f(OFF) (*(const float *)(const void *)SLOT(OFF))
#define LOC_F(OFF) (*(const double *)(const void *)SLOT(OFF))
/* Slots are aligned to 8 bytes. */
typedef wx_v128 wx_slots_v128 __attribute__((aligned(8), may_alias));
#define LOC_V(OFF) (*(const wx_slots_v128 *)(const void *)SLOT(OFF))
/* Constant given by its bits. */
#define IMM_i(X) ((uint32_t)(X))
#define IMM_I(X) (X)
#define IMM_f(X) wx_f32_from_bits((uint32_t)(X))
#define IMM_F(X) wx_f64_from_bits(X)
/* The immediate number H (0 = A, 1 = B) of the x file; V: two immediates, 16 bytes next to each
 * other. */
#ifndef WX_STENCIL /* state_stencil.h has its own */
#define IMM_X_f(H) IMM_f(WX_VALUE(H))
#define IMM_X_F(H) IMM_F(WX_VALUE(H))
#define IMM_X_V(H) (*(const wx_slots_v128 *)(const void *)&WX_VALUE(H))
#endif
#define WX_VALUE_0 A
#define WX_VALUE_1 B
#define WX_VALUE(H) CAT(WX_VALUE_, H)
/* Value of that type stored to a slot. */
#define PUT_r(OFF, V) (*(uint64_t *)(void *)SLOT(OFF) = CAT(r, V))
#define PUT_x(OFF, V) (*(double *)(void *)SLOT(OFF) = ((wx_d128)CAT(x, V))[0])
#define PUT_v(OFF, V) (*(wx_slots_v128 *)(void *)SLOT(OFF) = GET_V(V))

/* First letter of an operand list of two equal letters. */
#define ONE_ii i
#define ONE_II I
#define ONE_ff f
#define ONE_FF F

#endif
