/* SPDX-License-Identifier: Apache-2.0 */
/* The op bodies: every form of every instruction the tiers run. */
/*
 * Table expansion: a form macro per lower class makes the functions of each row of opcodes.def; the
 * semantics are the plain functions wx_num_<NAME> (wasm/num.h) and wx_op_<NAME> (memops.h). V is the
 * register of the first operand, W, U those of the next ones, Z that of the result.
 *
 * Sources of the rules: wasm core 3.0, 4.4 (execution); threads proposal.
 */
#include "engine/ops/state.h"

#include "engine/ops/handlers.h"
#include "engine/ops/memops.h"
#include "wasm/num.h"

/*
 * M(N, V, W, U, Z, …): N is the last number of the name, Z where the result goes.
 *
 * The interpreter's bodies are made for the four positions, N = V = Z. Of a stencil the registers are
 * holes (WX_BODY), so that one serves all of them; what N tells apart is whether the result's register
 * is that of an operand:
 *
 *   AT_PLACE  the first operand's, or no operand is in a register of that file
 *   AT_NEW    0: as AT_PLACE; 1: another register
 *   AT_ANY    0, 1: as AT_NEW; 2: the second operand's
 *   AT_LAST   the first operand is not in a register. 0: another; 2: the second operand's
 *   AT_POS    no holes (WX_BODY_AT): processor instructions with registers of their own; one for each of
 *             the three positions
 */
#ifdef WX_STENCIL
#define AT_PLACE(M, ...) M(0, 0, 1, 2, 0, __VA_ARGS__)
#define AT_NEW(M, ...) M(0, 0, 1, 2, 0, __VA_ARGS__) M(1, 0, 1, 2, 2, __VA_ARGS__)
#define AT_ANY(M, ...) AT_NEW(M, __VA_ARGS__) M(2, 0, 1, 2, 1, __VA_ARGS__)
#define AT_LAST(M, ...) M(0, 0, 1, 2, 0, __VA_ARGS__) M(2, 0, 1, 2, 1, __VA_ARGS__)
#define AT_POS(M, ...)                                                                             \
    M(0, 0, 1, 2, 0, __VA_ARGS__) M(1, 1, 2, 0, 1, __VA_ARGS__) M(2, 2, 0, 1, 2, __VA_ARGS__)
#else
#define AT_PLACE(M, ...) M(0, 0, 1, 2, 0, __VA_ARGS__) M(1, 1, 2, 3, 1, __VA_ARGS__)                \
    M(2, 2, 3, 0, 2, __VA_ARGS__) M(3, 3, 0, 1, 3, __VA_ARGS__)
#define AT_NEW AT_PLACE
#define AT_ANY AT_PLACE
#define AT_LAST AT_PLACE
#define AT_POS AT_PLACE
#endif

/* -------- arithmetic -------- */

#define DEF_UNARY_R(N, V, W, U, Z, NAME, P, R)                                                     \
    WX_BODY(NAME##_R_##N) { CAT(SET_, R)(Z, wx_num_##NAME(CAT(GET_, P)(V))); NEXT(0); }
#define DEF_UNARY_L(N, V, W, U, Z, NAME, P, R)                                                     \
    WX_BODY(NAME##_L_##N) { CAT(SET_, R)(Z, wx_num_##NAME(CAT(LOC_, P)(A))); NEXT(1); }

#define TYPE_i uint32_t
#define TYPE_I uint64_t
#define DEF_UNARY_TRAP(N, V, W, U, Z, NAME, P, R)                                                        \
    WX_BODY_AT(NAME##_R_##N)                                                                          \
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
#if defined(WX_STENCIL) && !defined(WX_STENCIL_WIDE) && defined(__x86_64__)
#include "engine/ops/imm_x86_64.h"
#define WX_C(NAME, P, X, H) WX_C_##NAME(X, H)
#elif !defined(WX_C) /* imm_aarch64.h has its own */
#define WX_C(NAME, P, X, H) wx_num_##NAME(X, CAT(IMM_, P)(WX_VALUE(H)))
#endif

#define DEF_BINARY_RR(N, V, W, U, Z, NAME, P, R) \
    WX_BODY(NAME##_RR_##N) { CAT(SET_, R)(Z, wx_num_##NAME(CAT(GET_, P)(V), CAT(GET_, P)(W))); NEXT(0); }
#define DEF_BINARY_RX(N, V, W, U, Z, NAME, P, R) \
    WX_BODY(NAME##_RL_##N) { CAT(SET_, R)(Z, wx_num_##NAME(CAT(GET_, P)(V), CAT(LOC_, P)(A))); NEXT(1); } \
    WX_BODY(NAME##_RC_##N) { CAT(SET_, R)(Z, WX_C(NAME, P, CAT(GET_, P)(V), 0)); NEXT(1); }
#define DEF_BINARY_LR(N, V, W, U, Z, NAME, P, R) \
    WX_BODY(NAME##_LR_##N) { CAT(SET_, R)(Z, wx_num_##NAME(CAT(LOC_, P)(A), CAT(GET_, P)(W))); NEXT(1); }
#define DEF_BINARY_LX(N, V, W, U, Z, NAME, P, R) \
    WX_BODY(NAME##_LL_##N) { CAT(SET_, R)(Z, wx_num_##NAME(CAT(LOC_, P)(A), CAT(LOC_, P)(B))); NEXT(2); } \
    WX_BODY(NAME##_LC_##N) { CAT(SET_, R)(Z, WX_C(NAME, P, CAT(LOC_, P)(A), 1)); NEXT(2); }
#define DEF_BINARY(NAME, P, R) \
    AT_ANY(DEF_BINARY_RR, NAME, P, R) AT_NEW(DEF_BINARY_RX, NAME, P, R) \
    AT_LAST(DEF_BINARY_LR, NAME, P, R) AT_PLACE(DEF_BINARY_LX, NAME, P, R)

#define BRANCH(COND, N, TARGET)                                                                    \
    {                                                                                              \
        if (COND) {                                                                                \
            GOTO(TARGET);                                                                          \
        }                                                                                          \
        NEXT(N);                                                                                   \
    }
#define DEF_COMPARE_BR(N, V, W, U, Z, NAME, P, R)                                                        \
    WX_BODY(NAME##_BR_RR_##N) BRANCH(wx_num_##NAME(CAT(GET_, P)(V), CAT(GET_, P)(W)), 1, A)        \
    WX_BODY(NAME##_BR_RL_##N) BRANCH(wx_num_##NAME(CAT(GET_, P)(V), CAT(LOC_, P)(A)), 2, B)        \
    WX_BODY(NAME##_BR_RC_##N) BRANCH(WX_C(NAME, P, CAT(GET_, P)(V), 0), 2, B)        \
    WX_BODY(NAME##_BR_LR_##N) BRANCH(wx_num_##NAME(CAT(LOC_, P)(A), CAT(GET_, P)(W)), 2, B)        \
    WX_BODY(NAME##_BR_LL_##N) BRANCH(wx_num_##NAME(CAT(LOC_, P)(A), CAT(LOC_, P)(B)), 3, C)        \
    WX_BODY(NAME##_BR_LC_##N) BRANCH(WX_C(NAME, P, CAT(LOC_, P)(A), 1), 3, C)

#define DEF_BINARY_TRAP(N, V, W, U, Z, NAME, P, R)                                                       \
    WX_BODY_AT(NAME##_RR_##N)                                                                         \
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

/*
 * Checked access: memory A, offset B, C masks the index to its width; gives p. The end is compared, so
 * that three registers do: the memory, the end, its size.
 */
#define CHECKED(V, WIDTH)                                                                          \
    const struct wx_memory *m_ = ctx->memories[A];                                                 \
    uint64_t end_;                                                                                 \
    if (wx_unlikely(__builtin_add_overflow(GET_I(V) & C, B, &end_) ||                              \
                    __builtin_add_overflow(end_, (uint64_t)(WIDTH), &end_) ||                      \
                    end_ > wx_memory_size(m_))) {                                                  \
        TRAP(WX_TRAP_MEMORY_OOB);                                                                  \
    }                                                                                              \
    uint8_t *p = m_->base + end_ - (WIDTH);
/* Atomics fault on misalignment before anything else; bases are page-aligned. */
#define CHECKED_ATOMIC(V, WIDTH)                                                                   \
    if (wx_unlikely((GET_I(V) + B) & ((WIDTH)-1))) {                                         \
        TRAP(WX_TRAP_UNALIGNED_ATOMIC);                                                            \
    }                                                                                              \
    CHECKED(V, WIDTH)
/* Guarded memory 0: offset A; gives p. */
#define GUARDED_ATOMIC(V, WIDTH)                                                                   \
    if (wx_unlikely((GET_i(V) + (uint32_t)A) & ((WIDTH)-1))) {                                     \
        TRAP(WX_TRAP_UNALIGNED_ATOMIC);                                                            \
    }                                                                                              \
    uint8_t *p = GUARDED(GET_i(V), A);

#define DEF_LOAD_L(N, V, W, U, Z, NAME, R, WIDTH)                                                  \
    WX_BODY(NAME##_L_##N) { CAT(SET_, R)(Z, wx_op_##NAME(GUARDED(LOC_i(A), B))); NEXT(2); }
#define DEF_LOAD_R(N, V, W, U, Z, NAME, R, WIDTH)                                                  \
    WX_BODY(NAME##_R_##N) { CAT(SET_, R)(Z, wx_op_##NAME(GUARDED(GET_i(V), A))); NEXT(1); }        \
    WX_BODY(NAME##_K_##N)                                                                          \
    {                                                                                              \
        CHECKED(V, WIDTH)                                                                          \
        CAT(SET_, R)(Z, wx_op_##NAME(p));                                                          \
        NEXT(3);                                                                                   \
    }

/* The offset is the last immediate. */
#define DEF_STORE(N, V, W, U, Z, NAME, P, WIDTH)                                                         \
    WX_BODY(NAME##_RR_##N) { wx_op_##NAME(GUARDED(GET_i(V), A), CAT(GET_, P)(W)); NEXT(1); }       \
    WX_BODY(NAME##_RL_##N) { wx_op_##NAME(GUARDED(GET_i(V), B), CAT(LOC_, P)(A)); NEXT(2); }       \
    WX_BODY(NAME##_RC_##N) { wx_op_##NAME(GUARDED(GET_i(V), B), CAT(IMM_, P)(A)); NEXT(2); }       \
    WX_BODY(NAME##_LR_##N) { wx_op_##NAME(GUARDED(LOC_i(A), B), CAT(GET_, P)(W)); NEXT(2); }       \
    WX_BODY(NAME##_LL_##N) { wx_op_##NAME(GUARDED(LOC_i(A), C), CAT(LOC_, P)(B)); NEXT(3); }       \
    WX_BODY(NAME##_LC_##N) { wx_op_##NAME(GUARDED(LOC_i(A), C), CAT(IMM_, P)(B)); NEXT(3); }       \
    WX_BODY(NAME##_K_##N)                                                                          \
    {                                                                                              \
        CHECKED(V, WIDTH)                                                                          \
        wx_op_##NAME(p, CAT(GET_, P)(W));                                                          \
        NEXT(3);                                                                                   \
    }

#define DEF_ATOMIC_LOAD(N, V, W, U, Z, NAME, R, WIDTH)                                                   \
    WX_BODY_AT(NAME##_K_##N)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p));                                                          \
        NEXT_FREE(3);                                                                                   \
    }                                                                                              \
    WX_BODY_AT(NAME##_R_##N)                                                                          \
    {                                                                                              \
        GUARDED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p));                                                          \
        NEXT_FREE(1);                                                                                   \
    }
#define DEF_ATOMIC_STORE(N, V, W, U, Z, NAME, P, WIDTH)                                                  \
    WX_BODY_AT(NAME##_K_##N)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        wx_op_##NAME(p, CAT(GET_, P)(W));                                                          \
        NEXT_FREE(3);                                                                                   \
    }                                                                                              \
    WX_BODY_AT(NAME##_R_##N)                                                                          \
    {                                                                                              \
        GUARDED_ATOMIC(V, WIDTH)                                                                   \
        wx_op_##NAME(p, CAT(GET_, P)(W));                                                          \
        NEXT_FREE(1);                                                                                   \
    }
#define DEF_ATOMIC_RMW(N, V, W, U, Z, NAME, R, WIDTH)                                                    \
    WX_BODY_AT(NAME##_K_##N)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p, CAT(GET_, R)(W)));                                         \
        NEXT_FREE(3);                                                                                   \
    }                                                                                              \
    WX_BODY_AT(NAME##_R_##N)                                                                          \
    {                                                                                              \
        GUARDED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p, CAT(GET_, R)(W)));                                         \
        NEXT_FREE(1);                                                                                   \
    }
#define DEF_ATOMIC_CMPXCHG(N, V, W, U, Z, NAME, R, WIDTH)                                                \
    WX_BODY_AT(NAME##_K_##N)                                                                          \
    {                                                                                              \
        CHECKED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p, CAT(GET_, R)(W), CAT(GET_, R)(U)));                        \
        NEXT_FREE(3);                                                                                   \
    }                                                                                              \
    WX_BODY_AT(NAME##_R_##N)                                                                          \
    {                                                                                              \
        GUARDED_ATOMIC(V, WIDTH)                                                                   \
        CAT(SET_, R)(V, wx_op_##NAME(p, CAT(GET_, R)(W), CAT(GET_, R)(U)));                        \
        NEXT_FREE(1);                                                                                   \
    }

/* -------- v128: letters V; the lane of a form is the number after its letters -------- */

#define DEF_V_BINARY_RR(N, V, W, U, Z, NAME)                                                       \
    WX_BODY(NAME##_RR_##N) { SET_V(Z, wx_num_##NAME(GET_V(V), GET_V(W))); NEXT(0); }
#define DEF_V_BINARY_RL(N, V, W, U, Z, NAME)                                                       \
    WX_BODY(NAME##_RL_##N) { SET_V(Z, wx_num_##NAME(GET_V(V), LOC_V(A))); NEXT(1); }
#define DEF_V_BINARY_LR(N, V, W, U, Z, NAME)                                                       \
    WX_BODY(NAME##_LR_##N) { SET_V(Z, wx_num_##NAME(LOC_V(A), GET_V(W))); NEXT(1); }
#define DEF_V_BINARY_LL(N, V, W, U, Z, NAME)                                                       \
    WX_BODY(NAME##_LL_##N) { SET_V(Z, wx_num_##NAME(LOC_V(A), LOC_V(B))); NEXT(2); }
#define DEF_V_SHIFT_R(N, V, W, U, Z, NAME)                                                         \
    WX_BODY(NAME##_RR_##N) { SET_V(Z, wx_num_##NAME(GET_V(V), GET_i(W))); NEXT(0); }               \
    WX_BODY(NAME##_RL_##N) { SET_V(Z, wx_num_##NAME(GET_V(V), LOC_i(A))); NEXT(1); }               \
    WX_BODY(NAME##_RC_##N) { SET_V(Z, wx_num_##NAME(GET_V(V), IMM_i(A))); NEXT(1); }
#define DEF_V_SHIFT_L(N, V, W, U, Z, NAME)                                                         \
    WX_BODY(NAME##_LR_##N) { SET_V(Z, wx_num_##NAME(LOC_V(A), GET_i(W))); NEXT(1); }               \
    WX_BODY(NAME##_LL_##N) { SET_V(Z, wx_num_##NAME(LOC_V(A), LOC_i(B))); NEXT(2); }               \
    WX_BODY(NAME##_LC_##N) { SET_V(Z, wx_num_##NAME(LOC_V(A), IMM_i(B))); NEXT(2); }
#define DEF_V_TERNARY(N, V, W, U, Z, NAME)                                                               \
    WX_BODY(NAME##_R_##N) { SET_V(V, wx_num_##NAME(GET_V(V), GET_V(W), GET_V(U))); NEXT(0); }
#define DEF_V_SHUFFLE(N, V, W, U, Z, NAME)                                                               \
    WX_BODY(NAME##_R_##N) { SET_V(V, wx_num_##NAME(GET_V(V), GET_V(W), IMM_X_V(0))); NEXT(2); }

/* M(LANE, …) for each lane of W bytes. */
#define LANES_8(M, ...) M(0, __VA_ARGS__) M(1, __VA_ARGS__)
#define LANES_4(M, ...) LANES_8(M, __VA_ARGS__) M(2, __VA_ARGS__) M(3, __VA_ARGS__)
#define LANES_2(M, ...)                                                                            \
    LANES_4(M, __VA_ARGS__) M(4, __VA_ARGS__) M(5, __VA_ARGS__) M(6, __VA_ARGS__) M(7, __VA_ARGS__)
#define LANES_1(M, ...)                                                                            \
    LANES_2(M, __VA_ARGS__) M(8, __VA_ARGS__) M(9, __VA_ARGS__) M(10, __VA_ARGS__)                 \
    M(11, __VA_ARGS__) M(12, __VA_ARGS__) M(13, __VA_ARGS__) M(14, __VA_ARGS__) M(15, __VA_ARGS__)

/* In its slot a lane is a scalar of its own: A is its offset. */
#define LANE_CELL_I8X16_EXTRACT_LANE_S s8
#define LANE_CELL_I8X16_EXTRACT_LANE_U u8
#define LANE_CELL_I16X8_EXTRACT_LANE_S s16
#define LANE_CELL_I16X8_EXTRACT_LANE_U u16
#define LANE_CELL_I32X4_EXTRACT_LANE u32
#define LANE_CELL_I64X2_EXTRACT_LANE u64
#define LANE_CELL_F32X4_EXTRACT_LANE f32
#define LANE_CELL_F64X2_EXTRACT_LANE f64
#define DEF_V_EXTRACT_LANE(LANE, N, V, Z, NAME, R)                                                       \
    WX_BODY(NAME##_R##LANE##_##N) { CAT(SET_, R)(Z, wx_num_##NAME(GET_V(V), LANE)); NEXT(0); }
#define DEF_V_EXTRACT_R(N, V, W, U, Z, NAME, R, WIDTH)                                             \
    LANES_##WIDTH(DEF_V_EXTRACT_LANE, N, V, Z, NAME, R)
#define DEF_V_EXTRACT_L(N, V, W, U, Z, NAME, R, WIDTH)                                             \
    WX_BODY(NAME##_L_##N)                                                                          \
    {                                                                                              \
        CAT(SET_, R)(Z, *(const CAT(wx_cell_, LANE_CELL_##NAME) *)(const void *)SLOT(A));          \
        NEXT(1);                                                                                   \
    }
#define DEF_V_REPLACE_LANE(LANE, N, V, W, NAME, Q)                                                    \
    WX_BODY(NAME##_R##LANE##_##N)                                                                  \
    {                                                                                              \
        SET_V(V, wx_num_##NAME(GET_V(V), CAT(GET_, Q)(W), LANE));                                  \
        NEXT(0);                                                                                   \
    }
#define DEF_V_REPLACE(N, V, W, U, Z, NAME, Q, WIDTH) LANES_##WIDTH(DEF_V_REPLACE_LANE, N, V, W, NAME, Q)

/* The offset is the last immediate. */
#define DEF_V_STORE(N, V, W, U, Z, NAME, WIDTH)                                                          \
    WX_BODY(NAME##_RR_##N) { wx_op_##NAME(GUARDED(GET_i(V), A), GET_V(W)); NEXT(1); }              \
    WX_BODY(NAME##_RL_##N) { wx_op_##NAME(GUARDED(GET_i(V), B), LOC_V(A)); NEXT(2); }              \
    WX_BODY(NAME##_LR_##N) { wx_op_##NAME(GUARDED(LOC_i(A), B), GET_V(W)); NEXT(2); }              \
    WX_BODY(NAME##_LL_##N) { wx_op_##NAME(GUARDED(LOC_i(A), C), LOC_V(B)); NEXT(3); }              \
    WX_BODY(NAME##_K_##N)                                                                          \
    {                                                                                              \
        CHECKED(V, WIDTH)                                                                          \
        wx_op_##NAME(p, GET_V(W));                                                                 \
        NEXT(3);                                                                                   \
    }
#define DEF_V_LOAD_LANE_1(LANE, N, V, W, NAME, WIDTH)                                                 \
    WX_BODY(NAME##_R##LANE##_##N)                                                                  \
    {                                                                                              \
        SET_V(V, wx_op_##NAME(GUARDED(GET_i(V), A), GET_V(W), LANE));                              \
        NEXT(1);                                                                                   \
    }                                                                                              \
    WX_BODY(NAME##_K##LANE##_##N)                                                                  \
    {                                                                                              \
        CHECKED(V, WIDTH)                                                                          \
        SET_V(V, wx_op_##NAME(p, GET_V(W), LANE));                                                 \
        NEXT(3);                                                                                   \
    }
#define DEF_V_LOAD_LANE(N, V, W, U, Z, NAME, WIDTH) LANES_##WIDTH(DEF_V_LOAD_LANE_1, N, V, W, NAME, WIDTH)
#define DEF_V_STORE_LANE_1(LANE, N, V, W, NAME, WIDTH)                                                \
    WX_BODY(NAME##_R##LANE##_##N)                                                                  \
    {                                                                                              \
        wx_op_##NAME(GUARDED(GET_i(V), A), GET_V(W), LANE);                                        \
        NEXT(1);                                                                                   \
    }                                                                                              \
    WX_BODY(NAME##_K##LANE##_##N)                                                                  \
    {                                                                                              \
        CHECKED(V, WIDTH)                                                                          \
        wx_op_##NAME(p, GET_V(W), LANE);                                                           \
        NEXT(3);                                                                                   \
    }
#define DEF_V_STORE_LANE(N, V, W, U, Z, NAME, WIDTH) LANES_##WIDTH(DEF_V_STORE_LANE_1, N, V, W, NAME, WIDTH)

/* -------- wide arithmetic: low half first, results in the first two positions -------- */

#define DEF_WIDE_II(N, V, W, U, Z, NAME)                                                           \
    WX_BODY_AT(NAME##_R_##N)                                                                       \
    {                                                                                              \
        unsigned __int128 v = wx_num_##NAME(GET_I(V), GET_I(W));                                   \
        SET_I(V, (uint64_t)v);                                                                     \
        SET_I(W, (uint64_t)(v >> 64));                                                             \
        NEXT(0);                                                                                   \
    }
/* The last of four operands is in its slot: stencils have three registers. */
#define DEF_WIDE_IIII(N, V, W, U, Z, NAME)                                                         \
    WX_BODY_AT(NAME##_R_##N)                                                                       \
    {                                                                                              \
        unsigned __int128 v = wx_num_##NAME(GET_I(V), GET_I(W), GET_I(U), LOC_I(A));               \
        SET_I(V, (uint64_t)v);                                                                     \
        SET_I(W, (uint64_t)(v >> 64));                                                             \
        NEXT(1);                                                                                   \
    }

/* Second letter of "VX". */
#define VAL_Vi i
#define VAL_VI I
#define VAL_Vf f
#define VAL_VF F
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
#define BODY_GC(NAME, P, R, WIDTH)
#define BODY_UNARY(NAME, P, R, WIDTH) AT_NEW(DEF_UNARY_R, NAME, P, R) AT_PLACE(DEF_UNARY_L, NAME, P, R)
#define BODY_UNARY_TRAP(NAME, P, R, WIDTH) AT_POS(DEF_UNARY_TRAP, NAME, P, R)
#define BODY_BINARY(NAME, P, R, WIDTH) DEF_BINARY(NAME, ONE_##P, R)
#define BODY_BINARY_TRAP(NAME, P, R, WIDTH) AT_POS(DEF_BINARY_TRAP, NAME, ONE_##P, R)
#define BODY_COMPARE(NAME, P, R, WIDTH)                                                            \
    DEF_BINARY(NAME, ONE_##P, R) AT_PLACE(DEF_COMPARE_BR, NAME, ONE_##P, R)
#define BODY_LOAD(NAME, P, R, WIDTH) AT_NEW(DEF_LOAD_R, NAME, R, WIDTH) AT_PLACE(DEF_LOAD_L, NAME, R, WIDTH)
#define BODY_STORE(NAME, P, R, WIDTH) AT_PLACE(DEF_STORE, NAME, VAL_##P, WIDTH)
#define BODY_ATOMIC_LOAD(NAME, P, R, WIDTH) AT_POS(DEF_ATOMIC_LOAD, NAME, R, WIDTH)
#define BODY_ATOMIC_STORE(NAME, P, R, WIDTH) AT_POS(DEF_ATOMIC_STORE, NAME, VAL_##P, WIDTH)
#define BODY_ATOMIC_RMW(NAME, P, R, WIDTH) AT_POS(DEF_ATOMIC_RMW, NAME, R, WIDTH)
#define BODY_ATOMIC_CMPXCHG(NAME, P, R, WIDTH) AT_POS(DEF_ATOMIC_CMPXCHG, NAME, R, WIDTH)
#define BODY_V_BINARY(NAME, P, R, WIDTH) \
    AT_ANY(DEF_V_BINARY_RR, NAME) AT_NEW(DEF_V_BINARY_RL, NAME)                                    \
    AT_LAST(DEF_V_BINARY_LR, NAME) AT_PLACE(DEF_V_BINARY_LL, NAME)
#define BODY_V_SHIFT(NAME, P, R, WIDTH) AT_NEW(DEF_V_SHIFT_R, NAME) AT_PLACE(DEF_V_SHIFT_L, NAME)
#define BODY_V_TERNARY(NAME, P, R, WIDTH) AT_PLACE(DEF_V_TERNARY, NAME)
#define BODY_V_SHUFFLE(NAME, P, R, WIDTH) AT_PLACE(DEF_V_SHUFFLE, NAME)
#define BODY_V_EXTRACT(NAME, P, R, WIDTH) \
    AT_NEW(DEF_V_EXTRACT_R, NAME, R, WIDTH) AT_PLACE(DEF_V_EXTRACT_L, NAME, R, WIDTH)
#define BODY_V_REPLACE(NAME, P, R, WIDTH) AT_PLACE(DEF_V_REPLACE, NAME, VAL_##P, WIDTH)
#define BODY_V_STORE(NAME, P, R, WIDTH) AT_PLACE(DEF_V_STORE, NAME, WIDTH)
#define BODY_V_LOAD_LANE(NAME, P, R, WIDTH) AT_PLACE(DEF_V_LOAD_LANE, NAME, WIDTH)
#define BODY_V_STORE_LANE(NAME, P, R, WIDTH) AT_PLACE(DEF_V_STORE_LANE, NAME, WIDTH)
#define BODY_WIDE(NAME, P, R, WIDTH) AT_POS(DEF_WIDE_##P, NAME)

#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    BODY_##LOWER(NAME, PARAMS, RESULTS, ACCESS)
#include "wasm/opcodes.def"
#undef OP

/* -------- slots, registers, globals -------- */

/* A global that the module defines lies in the instance. */
#define OWN_GLOBAL(OFF) ((uint64_t *)(void *)((uint8_t *)ctx + (OFF)))

#define DEF_SLOTS(N, V, W, U, Z, UNUSED)                                                                 \
    WX_BODY(GET_r_##N) { SET_I(V, LOC_I(A)); NEXT(1); }                                            \
    WX_BODY(GET_x_##N) { SET_F(V, LOC_F(A)); NEXT(1); }                                            \
    WX_BODY(GET_v_##N) { SET_V(V, LOC_V(A)); NEXT(1); }                                            \
    WX_BODY(PUT_r_##N) { PUT_r(A, V); NEXT(1); }                                                   \
    WX_BODY(PUT_x_##N) { PUT_x(A, V); NEXT(1); }                                                   \
    WX_BODY(PUT_v_##N) { PUT_v(A, V); NEXT(1); }                                                   \
    WX_BODY(CONST_v_##N) { SET_V(V, IMM_X_V(0)); NEXT(2); }                                       \
    WX_BODY(CONST_r_##N) { SET_I(V, A); NEXT(1); }                                                 \
    WX_BODY(CONST_x_##N) { SET_F(V, IMM_X_F(0)); NEXT(1); }                                          \
    WX_BODY(SHIFT1_r_##N) { CAT(r, V) = CAT(r, W); NEXT(0); }                                      \
    WX_BODY(SHIFT1_x_##N) { CAT(x, V) = CAT(x, W); NEXT(0); }                                      \
    WX_BODY(GLOBAL_GET_r_##N) { CAT(r, V) = ctx->globals[A][0]; NEXT(1); }                         \
    WX_BODY(GLOBAL_SET_r_##N) { ctx->globals[A][0] = CAT(r, V); NEXT(1); }                         \
    WX_BODY(GLOBAL_GET_x_##N) { SET_F(V, wx_f64_from_bits(ctx->globals[A][0])); NEXT(1); }         \
    WX_BODY(GLOBAL_SET_x_##N) { ctx->globals[A][0] = wx_f64_bits(GET_F(V)); NEXT(1); }             \
    WX_BODY(GLOBAL_GET_v_##N) { SET_V(V, *(const wx_slots_v128 *)ctx->globals[A]); NEXT(1); }      \
    WX_BODY(GLOBAL_SET_v_##N) { *(wx_slots_v128 *)ctx->globals[A] = GET_V(V); NEXT(1); }           \
    WX_BODY(OWN_GLOBAL_GET_r_##N) { CAT(r, V) = OWN_GLOBAL(A)[0]; NEXT(1); }                       \
    WX_BODY(OWN_GLOBAL_SET_r_##N) { OWN_GLOBAL(A)[0] = CAT(r, V); NEXT(1); }                       \
    WX_BODY(OWN_GLOBAL_GET_x_##N) { SET_F(V, wx_f64_from_bits(OWN_GLOBAL(A)[0])); NEXT(1); }       \
    WX_BODY(OWN_GLOBAL_SET_x_##N) { OWN_GLOBAL(A)[0] = wx_f64_bits(GET_F(V)); NEXT(1); }           \
    WX_BODY(OWN_GLOBAL_GET_v_##N) { SET_V(V, *(const wx_slots_v128 *)OWN_GLOBAL(A)); NEXT(1); }    \
    WX_BODY(OWN_GLOBAL_SET_v_##N) { *(wx_slots_v128 *)OWN_GLOBAL(A) = GET_V(V); NEXT(1); }         \
    WX_BODY(SELECT_r_##N) { CAT(r, V) = GET_i(U) ? CAT(r, V) : CAT(r, W); NEXT(0); }               \
    WX_BODY(SELECT_x_##N)                                                                          \
    {                                                                                              \
        if (!GET_i(U)) {                                                                           \
            CAT(x, V) = CAT(x, W);                                                                 \
        }                                                                                          \
        NEXT(0);                                                                                   \
    }                                                                                              \
    WX_BODY(MEMORY_SIZE_##N) { SET_I(V, wx_memory_pages(ctx->memories[A])); NEXT(1); }             \
    WX_BODY(NON_NULL_##N)                                                                          \
    {                                                                                              \
        if (wx_unlikely(!GET_I(V))) {                                                              \
            TRAP(WX_TRAP_NULL_REF);                                                                \
        }                                                                                          \
        NEXT(0);                                                                                   \
    }
AT_PLACE(DEF_SLOTS, 0)
#ifndef WX_STENCIL /* there SHIFT1 moves between any two registers */
#define DEF_SHIFT(N, V, W, U, Z, X)                                                                \
    WX_BODY(SHIFT2_r_##N) { CAT(r, V) = CAT(r, U); NEXT(0); }                                      \
    WX_BODY(SHIFT2_x_##N) { CAT(x, V) = CAT(x, U); NEXT(0); }
AT_PLACE(DEF_SHIFT, 0)
WX_BODY(SHIFT3_r_0) { r0 = r3; NEXT(0); }
WX_BODY(SHIFT3_r_1) { r1 = r0; NEXT(0); }
WX_BODY(SHIFT3_r_2) { r2 = r1; NEXT(0); }
WX_BODY(SHIFT3_r_3) { r3 = r2; NEXT(0); }
WX_BODY(SHIFT3_x_0) { x0 = x3; NEXT(0); }
WX_BODY(SHIFT3_x_1) { x1 = x0; NEXT(0); }
WX_BODY(SHIFT3_x_2) { x2 = x1; NEXT(0); }
WX_BODY(SHIFT3_x_3) { x3 = x2; NEXT(0); }
#endif

WX_BODY(MOVE_SLOT) { *(uint64_t *)(void *)SLOT(A) = LOC_I(B); NEXT(2); }
WX_BODY(MOVE_SLOT2) { *(wx_slots_v128 *)(void *)SLOT(A) = LOC_V(B); NEXT(2); }
WX_BODY(CONST_SLOT2)
{
    *(uint64_t *)(void *)SLOT(A) = B;
    *(uint64_t *)(void *)SLOT(A + 8) = C;
    NEXT(3);
}
WX_BODY(CONST_SLOT) { *(uint64_t *)(void *)SLOT(A) = B; NEXT(2); }

static inline __attribute__((always_inline)) void move_slots(uint64_t *to, const uint64_t *from,
                                                             uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) { /* always downwards: ascending order is safe */
        ((volatile uint64_t *)to)[i] = from[i];
    }
}
WX_BODY(COPY_SLOTS) /* as doubles: there are not that many other registers */
{
    for (uint64_t i = 0; i != C; i++) {
        __asm__ volatile("" : "+r"(i));
        ((volatile double *)(void *)SLOT(A))[i] = ((const double *)(const void *)SLOT(B))[i];
    }
    NEXT(3);
}

/* -------- control -------- */

WX_BODY(BR) { GOTO(A); }
WX_BODY(BR_IF_L) BRANCH(LOC_i(A), 2, B)
WX_BODY(BR_UNLESS_L) BRANCH(!LOC_i(A), 2, B)
#define DEF_BRANCH(N, V, W, U, Z, UNUSED)                                                                \
    WX_BODY(BR_IF_##N) BRANCH(GET_i(V), 1, A)                                                      \
    WX_BODY(BR_UNLESS_##N) BRANCH(!GET_i(V), 1, A)                                                 \
    WX_BODY(BR_NULL_##N) BRANCH(!GET_I(V), 1, A)                                                   \
    WX_BODY(BR_NON_NULL_##N) BRANCH(GET_I(V), 1, A)
AT_PLACE(DEF_BRANCH, 0)

WX_BODY(BR_POLL) BRANCH(wx_unlikely(wx_load_relaxed(&t->interrupt)), 1, A)
WX_BODY(UNREACHABLE) { TRAP(WX_TRAP_UNREACHABLE); }

WX_BODY(FUEL)
{
    t->fuel -= (int64_t)A;
    if (wx_unlikely(t->fuel < 0)) {
        TRAP(WX_TRAP_OUT_OF_FUEL);
    }
    NEXT(1);
}

/* Other threads count, too: one may be lost, none is torn. */
WX_BODY(HEAT)
{
    uint64_t *count = &ctx->heat[A];
    __atomic_store_n(count, __atomic_load_n(count, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
    NEXT(1);
}

#define DEF_CANON(N, V, W, U, Z, UNUSED)                                                           \
    WX_BODY(CANON_f_##N) { SET_f(Z, wx_num_canonical_f32(GET_f(V))); NEXT(0); }                    \
    WX_BODY(CANON_F_##N) { SET_F(Z, wx_num_canonical_f64(GET_F(V))); NEXT(0); }                    \
    WX_BODY(CANON_f4_##N) { SET_V(Z, wx_num_canonical_f32x4(GET_V(V))); NEXT(0); }                 \
    WX_BODY(CANON_F2_##N) { SET_V(Z, wx_num_canonical_f64x2(GET_V(V))); NEXT(0); }
AT_PLACE(DEF_CANON, 0)

WX_BODY_AT(ENTER)
{
    volatile uint64_t *p = (uint64_t *)(void *)SLOT(A); /* a loop, not a call to memset */
#pragma clang loop unroll(disable)
    for (uint64_t i = 0; i < B; i++) {
        p[i] = 0;
    }
    NEXT_FREE(2);
}

/* -------- calls, returns and ways out: their own for each kind of frame -------- */

#ifdef WX_STENCIL
#include "engine/ops/bodies_stencil.h"
#else
#include "engine/ops/bodies_interp.h"
#endif
