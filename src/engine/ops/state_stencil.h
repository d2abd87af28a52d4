/* SPDX-License-Identifier: Apache-2.0 */
/* Machine state of the op bodies compiled as stencils: what state.h replaces for that build. */
/*
 * Immediates are holes: addresses of symbols nobody defines, found as relocations by
 * tools/gen-stencils.py. Going on is a tail jump to a symbol of its own: the jump to wx_s_next is
 * dropped at the end of a stencil, one to wx_s_target becomes the branch, the other names are calls
 * into thunks of the tier (ruling R3: their jump becomes a call, and what comes back goes on behind
 * the stencil). There is no pc: the place of a trap is the address it came from.
 *
 * mem, fp, ctx and t are the first four arguments, so that a thunk finds them in r12 to r15, which
 * C functions preserve; as a base without an index, as fp is, r13 takes a byte less than r12. Operands are in r0..r2 and x0..x2, which become holes; l0..l8 hold locals and are
 * passed on as they are. Everything a body may use besides is rcx, rbx, r10 and xmm8 to xmm15.
 */
#ifndef WX_ENGINE_OPS_STATE_STENCIL_H
#define WX_ENGINE_OPS_STATE_STENCIL_H

#define WX_STATE                                                                                   \
    uint8_t *mem, uint64_t *fp, struct wx_instance *ctx, struct wx_thread *t, uint64_t r0,         \
        uint64_t r1, uint64_t r2, uint64_t r3, uint64_t l0, uint64_t l1, uint64_t l2, uint64_t l3, \
        wx_x128 x0, wx_x128 x1, wx_x128 x2, wx_x128 l4, wx_x128 l5, wx_x128 l6, wx_x128 l7,        \
        wx_x128 l8
/* A value nobody cares about; noundef is off in this build. */
#define WX_ANY(V)                                                                                  \
    __extension__({                                                                                \
        __typeof__(V) any_;                                                                        \
        any_;                                                                                      \
    })
#define WX_PASS_R3(FP, R3)                                                                         \
    mem, (FP), ctx, t, r0, r1, r2, (R3), l0, l1, l2, l3, x0, x1, x2, l4, l5, l6, l7, l8
/* r3 is the register of shift counts: passed on by nobody but HELPER, free for all others. */
#define WX_PASS(FP) WX_PASS_R3(FP, WX_ANY(r3))
/* Bodies that the lowering saves the locals before are free to use their registers. */
#define WX_PASS_FREE(FP, R3)                                                                       \
    mem, (FP), ctx, t, r0, r1, r2, (R3), WX_ANY(l0), WX_ANY(l1), WX_ANY(l2), WX_ANY(l3), x0, x1,   \
        x2, l4, l5, l6, l7, l8
#define WX_PN __attribute__((preserve_none))

typedef WX_PN uint64_t (*wx_handler)(WX_STATE);

extern const uint8_t wx_hole_A[], wx_hole_B[], wx_hole_C[], wx_hole_D[], wx_hole_E[];
#ifdef __aarch64__
#include "engine/ops/imm_aarch64.h"
#else
#define WX_HOLE(H) ((uint64_t)(uintptr_t)wx_hole_##H)
#endif
#define A WX_HOLE(A)
#define B WX_HOLE(B)
#define C WX_HOLE(C)
#define D WX_HOLE(D)

/* Constants of the x file are loaded from behind the function: holes of other types. */
extern const float wx_pool_f_0, wx_pool_f_1;
extern const double wx_pool_F_0, wx_pool_F_1;
extern const wx_v128 wx_pool_V_0;
#define IMM_X_f(H) wx_pool_f_##H
#define IMM_X_F(H) wx_pool_F_##H
#define IMM_X_V(H) wx_pool_V_##H

#define WX_EXIT(NAME) extern WX_PN uint64_t wx_s_##NAME(WX_STATE)
WX_EXIT(next);         /* the stencil behind this one */
WX_EXIT(target);       /* the branch target */
WX_EXIT(address);      /* jump to the address in r3, within the function */
WX_EXIT(tail_address); /* the same as a tail call */
WX_EXIT(call_address); /* call of the address in r3 */
WX_EXIT(ret);          /* return from the function */
WX_EXIT(callee);       /* call of a function of this module: its entry in the table */
WX_EXIT(tail_callee);  /* the same as a jump */
WX_EXIT(call_func);    /* call of r0 = struct wx_func, whatever it is; fp = its arguments */
WX_EXIT(tail_func);    /* tail call of r0; comes back if it was a host function */
WX_EXIT(helper);       /* r0 = number, r1 = slots, r2, r3 = immediates */
WX_EXIT(poll);         /* an interrupt is pending */
WX_EXIT(overflow);     /* no room for the frame, or an interrupt */
WX_EXIT(fetch_call);   /* as call_func, r0 = index of a table's element that is not right: it is
                          fetched, or is a trap; r1 = number of the table | id of the signature << 32 */
WX_EXIT(fetch_tail_call); /* the same as a tail call; r2 = argument slots, r3 = where they are */
WX_EXIT(trap_any);     /* r0 = enum wx_trap */
#define TRAP(NAME, CODE, TEXT) WX_EXIT(trap_##NAME);
#include "base/trap.def"
#undef TRAP

/* WX_BODY: its registers are holes. WX_BODY_AT: code for the registers it names, as they are. */
#define WX_BODY(NAME) WX_PN uint64_t wx_i_##NAME(WX_STATE)
#define WX_BODY_AT(NAME) WX_PN uint64_t wx_p_##NAME(WX_STATE)
#define JUMP_TO(EXIT, FP) __attribute__((musttail)) return wx_s_##EXIT(WX_PASS(FP))
#define JUMP_R3(EXIT, FP, R3)                                                                      \
    __attribute__((musttail)) return wx_s_##EXIT(WX_PASS_R3(FP, (uint64_t)(uintptr_t)(R3)))
/* The same with the locals' registers free. */
#define JUMP_FREE(EXIT, FP, R3)                                                                    \
    __attribute__((musttail)) return wx_s_##EXIT(WX_PASS_FREE(FP, (uint64_t)(uintptr_t)(R3)))
#define NEXT_FREE(N) JUMP_FREE(next, fp, WX_ANY(r3))
#define NEXT(N) JUMP_TO(next, fp)
#define GOTO(WORD) JUMP_TO(target, fp)
/*
 * One exit a kind, so that a trap is a conditional jump and nothing else: the switch is over a
 * constant, or over one of two after inlining.
 */
#define TRAP(CODE)                                                                                 \
    do {                                                                                           \
        switch (CODE) {                                                                            \
        case WX_TRAP_UNREACHABLE: JUMP_FREE(trap_UNREACHABLE, fp, WX_ANY(r3));                                   \
        case WX_TRAP_MEMORY_OOB: JUMP_FREE(trap_MEMORY_OOB, fp, WX_ANY(r3));                                     \
        case WX_TRAP_TABLE_OOB: JUMP_FREE(trap_TABLE_OOB, fp, WX_ANY(r3));                                       \
        case WX_TRAP_DIV_ZERO: JUMP_FREE(trap_DIV_ZERO, fp, WX_ANY(r3));                                         \
        case WX_TRAP_INT_OVERFLOW: JUMP_FREE(trap_INT_OVERFLOW, fp, WX_ANY(r3));                                 \
        case WX_TRAP_BAD_CONVERSION: JUMP_FREE(trap_BAD_CONVERSION, fp, WX_ANY(r3));                             \
        case WX_TRAP_UNALIGNED_ATOMIC: JUMP_FREE(trap_UNALIGNED_ATOMIC, fp, WX_ANY(r3));                         \
        case WX_TRAP_NULL_REF: JUMP_FREE(trap_NULL_REF, fp, WX_ANY(r3));                                         \
        case WX_TRAP_OUT_OF_FUEL: JUMP_FREE(trap_OUT_OF_FUEL, fp, WX_ANY(r3));                                   \
        default: r0 = (uint64_t)(CODE); JUMP_FREE(trap_any, fp, WX_ANY(r3));                                     \
        }                                                                                          \
    } while (0)

#endif
