/* SPDX-License-Identifier: Apache-2.0 */
/* Stack switching for x86-64; contracts in os/switch.h. */
#include "os/x86_64/frame.inc"

        .text

/* rdi = sw, rsi = guest_top, rdx = entry, rcx = arg */
        .globl  wx_stack_enter
        .hidden wx_stack_enter
        .type   wx_stack_enter, @function
        .p2align 4
wx_stack_enter:
        .cfi_startproc
        WX_SAVE_HOST
        movq    %rsp, 0(%rdi)
        movq    %rsi, %rsp
        pushq   %rdi                    /* found again after the guest, whatever it did to registers */
        subq    $8, %rsp
        movq    %rcx, %rdi
        call    *%rdx
        movq    8(%rsp), %rdi
        movq    0(%rdi), %rsp
        WX_RESTORE_HOST
        ret
        .cfi_endproc
        .size   wx_stack_enter, . - wx_stack_enter

/* rdi = sw, rsi = fn, rdx = arg */
        .globl  wx_stack_to_host
        .hidden wx_stack_to_host
        .type   wx_stack_to_host, @function
        .p2align 4
wx_stack_to_host:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, 8(%rdi)
        movq    %rdi, %rbx
        movq    0(%rdi), %rsp           /* 16-byte aligned by WX_SAVE_HOST */
        movq    %rdx, %rdi
        call    *%rsi
        movq    8(%rbx), %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size   wx_stack_to_host, . - wx_stack_to_host

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
