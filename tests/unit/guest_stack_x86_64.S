/* SPDX-License-Identifier: Apache-2.0 */
/* Guests for the guest-stack test: stand-ins for compiled code (registers: jit/x86_64/thunks.S). */
        .text
        .globl  guest_text_start, guest_text_end
        .p2align 4
guest_text_start:

/* r13 = slots: a host function, then what it gets. */
        .globl  guest_host_call
guest_host_call:
        movq    (%r13), %rdi
        call    wx_jit_thunk_call_func
        ret

/* Touches what r13 points to. */
        .globl  guest_load
guest_load:
        movq    (%r13), %rax
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
