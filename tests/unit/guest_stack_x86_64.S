/* SPDX-License-Identifier: Apache-2.0 */
/* Guests for the guest-stack test: stand-ins for compiled code. */
        .text
        .globl  guest_text_start, guest_text_end
        .p2align 4
guest_text_start:

/* uint64_t guest_host_call(void *arg): struct wx_switch *, host function, its argument */
        .globl  guest_host_call
guest_host_call:
        movq    8(%rdi), %rsi
        movq    16(%rdi), %rdx
        movq    0(%rdi), %rdi
        subq    $8, %rsp
        call    wx_stack_to_host
        addq    $8, %rsp
        ret

/* Touches arg. */
        .globl  guest_load
guest_load:
        movq    (%rdi), %rax
        ret

/* Recurses until the guard. */
        .globl  guest_recurse
guest_recurse:
        subq    $248, %rsp
        call    guest_recurse
        addq    $248, %rsp
        ret

/* Polls nothing, never ends. */
        .globl  guest_spin
guest_spin:
        jmp     guest_spin
guest_text_end:
        .section .note.GNU-stack, "", @progbits
