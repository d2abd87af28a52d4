/* SPDX-License-Identifier: Apache-2.0 */
/* Immediates of stencils on aarch64. */
/*
 * Instructions hold 12 or 16 bits of a constant. A hole is one to four moves of 16 bits, as many as
 * the form of the stencil has room for (WX_STENCIL_BITS: 16 or 64): the relocations are those
 * the linker would use for the address of a symbol. In the narrow form additions and comparisons
 * take their 12 bits themselves, as a relocation put on an instruction that the assembler takes
 * none for.
 */
#ifndef WX_ENGINE_OPS_IMM_AARCH64_H
#define WX_ENGINE_OPS_IMM_AARCH64_H

#if WX_STENCIL_BITS == 16
#define WX_HOLE_MOVES(H) "movz %0, #:abs_g0:wx_hole_" #H
#else /* the form of 32 bits is the first two of these: tools/stencils/aarch64.py */
#define WX_HOLE_MOVES(H)                                                                           \
    "movz %0, #:abs_g0_nc:wx_hole_" #H "\n\t"                                                      \
    "movk %0, #:abs_g1_nc:wx_hole_" #H "\n\t"                                                      \
    "movk %0, #:abs_g2_nc:wx_hole_" #H "\n\t"                                                      \
    "movk %0, #:abs_g3:wx_hole_" #H
#endif
#define WX_HOLE(H)                                                                                 \
    __extension__({                                                                                \
        uint64_t hole_;                                                                            \
        __asm__(WX_HOLE_MOVES(H) : "=r"(hole_));                                                   \
        hole_;                                                                                     \
    })

/* X op immediate number H (0 = A, 1 = B); floats are loaded. */
#define WX_C(NAME, P, X, H) CAT(WX_C_OF_, P)(NAME, X, H)
#define WX_C_OF_f(NAME, X, H) wx_num_##NAME(X, IMM_X_f(H))
#define WX_C_OF_F(NAME, X, H) wx_num_##NAME(X, IMM_X_F(H))

#if WX_STENCIL_BITS != 16
#define WX_C_OF_i(NAME, X, H) wx_num_##NAME(X, IMM_i(WX_VALUE(H)))
#define WX_C_OF_I(NAME, X, H) wx_num_##NAME(X, IMM_I(WX_VALUE(H)))
#else
#define WX_C_OF_i(NAME, X, H) WX_C_##NAME(uint32_t, "w", NAME, X, H)
#define WX_C_OF_I(NAME, X, H) WX_C_##NAME(uint64_t, "x", NAME, X, H)

#define WX_HOLE_0 "wx_hole_A"
#define WX_HOLE_1 "wx_hole_B"
#define WX_12_BITS(H) ".reloc ., R_AARCH64_ADD_ABS_LO12_NC, " WX_HOLE_##H "\n\t"
/* Writing the low half of a register clears the high one. */
#define WX_C_SUM(INSN, T, W, X, H)                                                                 \
    __extension__({                                                                                \
        uint64_t v_;                                                                               \
        __asm__(WX_12_BITS(H) INSN " %" W "0, %" W "1, #0" : "=r"(v_) : "r"((T)(X)));              \
        __builtin_assume(v_ <= (T) - 1);                                                           \
        (T) v_;                                                                                    \
    })
#define WX_C_COMPARE(CC, T, W, X, H)                                                               \
    __extension__({                                                                                \
        uint32_t c_;                                                                               \
        __asm__(WX_12_BITS(H) "cmp %" W "1, #0" : "=@cc" CC(c_) : "r"((T)(X)));                    \
        c_;                                                                                        \
    })
#define WX_C_MOVED(T, W, NAME, X, H) wx_num_##NAME(X, (T)WX_VALUE(H))

#define WX_C_ADD(T, W, NAME, X, H) WX_C_SUM("add", T, W, X, H)
#define WX_C_SUB(T, W, NAME, X, H) WX_C_SUM("sub", T, W, X, H)
#define WX_C_EQ(T, W, NAME, X, H) WX_C_COMPARE("eq", T, W, X, H)
#define WX_C_NE(T, W, NAME, X, H) WX_C_COMPARE("ne", T, W, X, H)
#define WX_C_LT_S(T, W, NAME, X, H) WX_C_COMPARE("lt", T, W, X, H)
#define WX_C_LT_U(T, W, NAME, X, H) WX_C_COMPARE("lo", T, W, X, H)
#define WX_C_GT_S(T, W, NAME, X, H) WX_C_COMPARE("gt", T, W, X, H)
#define WX_C_GT_U(T, W, NAME, X, H) WX_C_COMPARE("hi", T, W, X, H)
#define WX_C_LE_S(T, W, NAME, X, H) WX_C_COMPARE("le", T, W, X, H)
#define WX_C_LE_U(T, W, NAME, X, H) WX_C_COMPARE("ls", T, W, X, H)
#define WX_C_GE_S(T, W, NAME, X, H) WX_C_COMPARE("ge", T, W, X, H)
#define WX_C_GE_U(T, W, NAME, X, H) WX_C_COMPARE("hs", T, W, X, H)

#define WX_C_I32_ADD WX_C_ADD
#define WX_C_I32_SUB WX_C_SUB
#define WX_C_I32_MUL WX_C_MOVED
#define WX_C_I32_AND WX_C_MOVED
#define WX_C_I32_OR WX_C_MOVED
#define WX_C_I32_XOR WX_C_MOVED
#define WX_C_I32_SHL WX_C_MOVED
#define WX_C_I32_SHR_S WX_C_MOVED
#define WX_C_I32_SHR_U WX_C_MOVED
#define WX_C_I32_ROTL WX_C_MOVED
#define WX_C_I32_ROTR WX_C_MOVED
#define WX_C_I32_EQ WX_C_EQ
#define WX_C_I32_NE WX_C_NE
#define WX_C_I32_LT_S WX_C_LT_S
#define WX_C_I32_LT_U WX_C_LT_U
#define WX_C_I32_GT_S WX_C_GT_S
#define WX_C_I32_GT_U WX_C_GT_U
#define WX_C_I32_LE_S WX_C_LE_S
#define WX_C_I32_LE_U WX_C_LE_U
#define WX_C_I32_GE_S WX_C_GE_S
#define WX_C_I32_GE_U WX_C_GE_U
#define WX_C_I64_ADD WX_C_ADD
#define WX_C_I64_SUB WX_C_SUB
#define WX_C_I64_MUL WX_C_MOVED
#define WX_C_I64_AND WX_C_MOVED
#define WX_C_I64_OR WX_C_MOVED
#define WX_C_I64_XOR WX_C_MOVED
#define WX_C_I64_SHL WX_C_MOVED
#define WX_C_I64_SHR_S WX_C_MOVED
#define WX_C_I64_SHR_U WX_C_MOVED
#define WX_C_I64_ROTL WX_C_MOVED
#define WX_C_I64_ROTR WX_C_MOVED
#define WX_C_I64_EQ WX_C_EQ
#define WX_C_I64_NE WX_C_NE
#define WX_C_I64_LT_S WX_C_LT_S
#define WX_C_I64_LT_U WX_C_LT_U
#define WX_C_I64_GT_S WX_C_GT_S
#define WX_C_I64_GT_U WX_C_GT_U
#define WX_C_I64_LE_S WX_C_LE_S
#define WX_C_I64_LE_U WX_C_LE_U
#define WX_C_I64_GE_S WX_C_GE_S
#define WX_C_I64_GE_U WX_C_GE_U
#endif

#endif
