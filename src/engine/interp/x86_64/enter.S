/* SPDX-License-Identifier: Apache-2.0 */
/* From C into the interpreter's first handler (x86-64). */
#include "os/x86_64/frame.inc"

/*
 * uint64_t wx_interp_enter(void **host_sp, uint64_t *fp, uint8_t *mem, const uint64_t *pc,
 *                          struct wx_instance *ctx, struct wx_thread *t)
 *
 * Handlers take their state in r12, r13, r14, r15, rdi, … (preserve_none) and keep no register: the
 * host's are saved here, in the frame wx_stack_leave knows, so that a trap can leave through it.
 * Guest floating point is round-to-nearest with denormals, whatever mode the host thread is in; the
 * host's own mode comes back with its registers.
 */
        .text
        .globl  wx_interp_enter
        .hidden wx_interp_enter
        .type   wx_interp_enter, @function
        .p2align 4
wx_interp_enter:
        .cfi_startproc
        WX_SAVE_HOST
        movq    %rsp, (%rdi)
        ldmxcsr default_mxcsr(%rip)
        movq    %rsi, %r12
        movq    %rdx, %r13
        movq    %rcx, %r14
        movq    %r8, %r15
        movq    %r9, %rdi
        call    *(%r14)
        WX_RESTORE_HOST
        ret
        .cfi_endproc
        .size   wx_interp_enter, . - wx_interp_enter

        .section .rodata
        .p2align 2
default_mxcsr:
        .long   0x1f80

        .section .note.GNU-stack, "", @progbits
