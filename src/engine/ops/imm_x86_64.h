/* SPDX-License-Identifier: Apache-2.0 */
/* Integer instructions with an immediate operand, for stencils on x86-64. */
/*
 * The compiler loads the address of a symbol into a register before it computes with it, and needs
 * rcx for a shift whose count it does not see. These say which instruction takes the hole; the
 * meaning is that of wx_num_<NAME>, which the tests hold both to.
 */
#ifndef WX_ENGINE_OPS_IMM_X86_64_H
#define WX_ENGINE_OPS_IMM_X86_64_H

#define WX_HOLE_0 wx_hole_A
#define WX_HOLE_1 wx_hole_B

#define WX_ALU(T, INSN, X, H)                                                                      \
    __extension__({                                                                                \
        T v_ = (X);                                                                                \
        __asm__(INSN " %1, %0" : "+r"(v_) : "i"(WX_HOLE_##H) : "cc");                              \
        v_;                                                                                        \
    })
#define WX_MUL(T, INSN, X, H)                                                                      \
    __extension__({                                                                                \
        T v_ = (X);                                                                                \
        __asm__(INSN " %1, %0, %0" : "+r"(v_) : "i"(WX_HOLE_##H) : "cc");                          \
        v_;                                                                                        \
    })
#define WX_CMP(T, INSN, CC, X, H)                                                                  \
    __extension__({                                                                                \
        uint32_t c_;                                                                               \
        __asm__(INSN " %2, %1" : "=@cc" CC(c_) : "r"((T)(X)), "i"(WX_HOLE_##H));                   \
        c_;                                                                                        \
    })

#define WX_C_I32_ADD(X, H) WX_ALU(uint32_t, "addl", X, H)
#define WX_C_I32_SUB(X, H) WX_ALU(uint32_t, "subl", X, H)
#define WX_C_I32_MUL(X, H) WX_MUL(uint32_t, "imull", X, H)
#define WX_C_I32_AND(X, H) WX_ALU(uint32_t, "andl", X, H)
#define WX_C_I32_OR(X, H) WX_ALU(uint32_t, "orl", X, H)
#define WX_C_I32_XOR(X, H) WX_ALU(uint32_t, "xorl", X, H)
#define WX_C_I32_SHL(X, H) WX_ALU(uint32_t, "shll", X, H)
#define WX_C_I32_SHR_S(X, H) WX_ALU(uint32_t, "sarl", X, H)
#define WX_C_I32_SHR_U(X, H) WX_ALU(uint32_t, "shrl", X, H)
#define WX_C_I32_ROTL(X, H) WX_ALU(uint32_t, "roll", X, H)
#define WX_C_I32_ROTR(X, H) WX_ALU(uint32_t, "rorl", X, H)
#define WX_C_I64_ADD(X, H) WX_ALU(uint64_t, "addq", X, H)
#define WX_C_I64_SUB(X, H) WX_ALU(uint64_t, "subq", X, H)
#define WX_C_I64_MUL(X, H) WX_MUL(uint64_t, "imulq", X, H)
#define WX_C_I64_AND(X, H) WX_ALU(uint64_t, "andq", X, H)
#define WX_C_I64_OR(X, H) WX_ALU(uint64_t, "orq", X, H)
#define WX_C_I64_XOR(X, H) WX_ALU(uint64_t, "xorq", X, H)
#define WX_C_I64_SHL(X, H) WX_ALU(uint64_t, "shlq", X, H)
#define WX_C_I64_SHR_S(X, H) WX_ALU(uint64_t, "sarq", X, H)
#define WX_C_I64_SHR_U(X, H) WX_ALU(uint64_t, "shrq", X, H)
#define WX_C_I64_ROTL(X, H) WX_ALU(uint64_t, "rolq", X, H)
#define WX_C_I64_ROTR(X, H) WX_ALU(uint64_t, "rorq", X, H)

#define WX_C_I32_EQ(X, H) WX_CMP(uint32_t, "cmpl", "e", X, H)
#define WX_C_I32_NE(X, H) WX_CMP(uint32_t, "cmpl", "ne", X, H)
#define WX_C_I32_LT_S(X, H) WX_CMP(uint32_t, "cmpl", "l", X, H)
#define WX_C_I32_LT_U(X, H) WX_CMP(uint32_t, "cmpl", "b", X, H)
#define WX_C_I32_GT_S(X, H) WX_CMP(uint32_t, "cmpl", "g", X, H)
#define WX_C_I32_GT_U(X, H) WX_CMP(uint32_t, "cmpl", "a", X, H)
#define WX_C_I32_LE_S(X, H) WX_CMP(uint32_t, "cmpl", "le", X, H)
#define WX_C_I32_LE_U(X, H) WX_CMP(uint32_t, "cmpl", "be", X, H)
#define WX_C_I32_GE_S(X, H) WX_CMP(uint32_t, "cmpl", "ge", X, H)
#define WX_C_I32_GE_U(X, H) WX_CMP(uint32_t, "cmpl", "ae", X, H)
#define WX_C_I64_EQ(X, H) WX_CMP(uint64_t, "cmpq", "e", X, H)
#define WX_C_I64_NE(X, H) WX_CMP(uint64_t, "cmpq", "ne", X, H)
#define WX_C_I64_LT_S(X, H) WX_CMP(uint64_t, "cmpq", "l", X, H)
#define WX_C_I64_LT_U(X, H) WX_CMP(uint64_t, "cmpq", "b", X, H)
#define WX_C_I64_GT_S(X, H) WX_CMP(uint64_t, "cmpq", "g", X, H)
#define WX_C_I64_GT_U(X, H) WX_CMP(uint64_t, "cmpq", "a", X, H)
#define WX_C_I64_LE_S(X, H) WX_CMP(uint64_t, "cmpq", "le", X, H)
#define WX_C_I64_LE_U(X, H) WX_CMP(uint64_t, "cmpq", "be", X, H)
#define WX_C_I64_GE_S(X, H) WX_CMP(uint64_t, "cmpq", "ge", X, H)
#define WX_C_I64_GE_U(X, H) WX_CMP(uint64_t, "cmpq", "ae", X, H)

/* Floats have no immediates: they are loaded. */
#define WX_C_F32_EQ(X, H) wx_num_F32_EQ(X, IMM_X_f(H))
#define WX_C_F32_NE(X, H) wx_num_F32_NE(X, IMM_X_f(H))
#define WX_C_F32_LT(X, H) wx_num_F32_LT(X, IMM_X_f(H))
#define WX_C_F32_GT(X, H) wx_num_F32_GT(X, IMM_X_f(H))
#define WX_C_F32_LE(X, H) wx_num_F32_LE(X, IMM_X_f(H))
#define WX_C_F32_GE(X, H) wx_num_F32_GE(X, IMM_X_f(H))
#define WX_C_F32_ADD(X, H) wx_num_F32_ADD(X, IMM_X_f(H))
#define WX_C_F32_SUB(X, H) wx_num_F32_SUB(X, IMM_X_f(H))
#define WX_C_F32_MUL(X, H) wx_num_F32_MUL(X, IMM_X_f(H))
#define WX_C_F32_DIV(X, H) wx_num_F32_DIV(X, IMM_X_f(H))
#define WX_C_F32_MIN(X, H) wx_num_F32_MIN(X, IMM_X_f(H))
#define WX_C_F32_MAX(X, H) wx_num_F32_MAX(X, IMM_X_f(H))
#define WX_C_F32_COPYSIGN(X, H) wx_num_F32_COPYSIGN(X, IMM_X_f(H))
#define WX_C_F64_EQ(X, H) wx_num_F64_EQ(X, IMM_X_F(H))
#define WX_C_F64_NE(X, H) wx_num_F64_NE(X, IMM_X_F(H))
#define WX_C_F64_LT(X, H) wx_num_F64_LT(X, IMM_X_F(H))
#define WX_C_F64_GT(X, H) wx_num_F64_GT(X, IMM_X_F(H))
#define WX_C_F64_LE(X, H) wx_num_F64_LE(X, IMM_X_F(H))
#define WX_C_F64_GE(X, H) wx_num_F64_GE(X, IMM_X_F(H))
#define WX_C_F64_ADD(X, H) wx_num_F64_ADD(X, IMM_X_F(H))
#define WX_C_F64_SUB(X, H) wx_num_F64_SUB(X, IMM_X_F(H))
#define WX_C_F64_MUL(X, H) wx_num_F64_MUL(X, IMM_X_F(H))
#define WX_C_F64_DIV(X, H) wx_num_F64_DIV(X, IMM_X_F(H))
#define WX_C_F64_MIN(X, H) wx_num_F64_MIN(X, IMM_X_F(H))
#define WX_C_F64_MAX(X, H) wx_num_F64_MAX(X, IMM_X_F(H))
#define WX_C_F64_COPYSIGN(X, H) wx_num_F64_COPYSIGN(X, IMM_X_F(H))

#endif
