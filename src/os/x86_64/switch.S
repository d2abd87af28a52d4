/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving guest code, and returning from raw signal handlers (x86-64); os/switch.h. */
#include "os/x86_64/frame.inc"

        .text

/* rdi = host_sp, rsi = code */
        .globl  wx_stack_leave
        .hidden wx_stack_leave
        .type   wx_stack_leave, @function
        .p2align 4
wx_stack_leave:
        movq    %rdi, %rsp
        movq    %rsi, %rax
        cld
        WX_RESTORE_HOST
        ret
        .size   wx_stack_leave, . - wx_stack_leave

/* Return address of signal handlers installed without the C library (os/sigreturn.h). */
        .globl  wx_sigreturn
        .hidden wx_sigreturn
        .type   wx_sigreturn, @function
        .p2align 4
wx_sigreturn:
        movl    $15, %eax
        syscall
        .size   wx_sigreturn, . - wx_sigreturn

        .section .note.GNU-stack, "", @progbits
