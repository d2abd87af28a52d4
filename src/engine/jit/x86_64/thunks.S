/* SPDX-License-Identifier: Apache-2.0 */
/* Between compiled code and the runtime (x86-64). */
/*
 * Compiled code runs on a guest stack that holds return addresses and nothing of C (invariant 1):
 *
 *     r13 = fp (value stack)   r12 = base of memory 0   r14 = instance   r15 = thread
 *
 * which C functions preserve. A thunk is reached by `call [slot]`; it saves where it came from in
 * the thread, moves to the host stack, and either comes back (a host function is done) or leaves
 * through the frame wx_jit_enter built, with an outcome. What waits goes on by wx_jit_resume, which
 * returns to the address on top of the saved guest stack.
 */
#include "os/x86_64/frame.inc"

/* struct wx_thread, struct wx_instance, struct wx_func, struct wx_code: jit.c asserts these. */
#define T_STACK_LIMIT 8
#define T_PC 24
#define T_FP 32
#define T_INST 40
#define T_HOST_SP 56
#define T_TRAP 64
#define T_GUEST_SP 72
#define T_GUEST_LIMIT 80
#define I_MEM0 8
#define F_KIND 0
#define F_INSTANCE 16
#define F_CODE 24
#define C_ENTRY 0

#define OUT_TRAP 3
#define OUT_INTERRUPT 5

.macro FUNCTION name
        .globl  \name
        .hidden \name
        .type   \name, @function
        .p2align 4
\name:
.endm

/* Where we come from, then the host stack. */
.macro TO_HOST
        movq    (%rsp), %rax
        movq    %rax, T_PC(%r15)
        movq    %r13, T_FP(%r15)
        movq    %r14, T_INST(%r15)
        movq    %rsp, T_GUEST_SP(%r15)
        movq    T_HOST_SP(%r15), %rsp
.endm

        .text

/* (thread, fp, mem, instance, entry, guest_sp) -> outcome */
FUNCTION wx_jit_enter
        .cfi_startproc
        WX_SAVE_HOST
        movq    %rsp, T_HOST_SP(%rdi)
        ldmxcsr default_mxcsr(%rip)
        movq    %rdi, %r15
        movq    %rsi, %r13
        movq    %rdx, %r12
        movq    %rcx, %r14
        movq    %r9, %rsp
        call    *%r8
        .globl  wx_jit_exit
        .hidden wx_jit_exit
wx_jit_exit:                            /* the outermost function's return address */
        movq    T_HOST_SP(%r15), %rsp
        xorl    %eax, %eax
        WX_RESTORE_HOST
        ret
        .cfi_endproc

/* (thread, fp, mem, instance) -> outcome; goes on where the thread's guest stack says */
FUNCTION wx_jit_resume
        .cfi_startproc
        WX_SAVE_HOST
        movq    %rsp, T_HOST_SP(%rdi)
        ldmxcsr default_mxcsr(%rip)
        movq    %rdi, %r15
        movq    %rsi, %r13
        movq    %rdx, %r12
        movq    %rcx, %r14
        movq    T_GUEST_SP(%rdi), %rsp
        ret
        .cfi_endproc

/* On the host stack with an outcome in eax: done means back to the guest. */
came_back:
        testl   %eax, %eax
        jne     leave
        movq    T_GUEST_SP(%r15), %rsp
        ret
leave:
        WX_RESTORE_HOST
        ret

/* -------- traps -------- */

#define THUNK(NAME)
#define TRAP_THUNK(NAME, CODE) FUNCTION wx_jit_thunk_trap_##NAME; movl $CODE, %edi; jmp trap;
TRAP_THUNK(UNREACHABLE, 1)
TRAP_THUNK(MEMORY_OOB, 2)
TRAP_THUNK(TABLE_OOB, 3)
TRAP_THUNK(INDIRECT_NULL, 4)
TRAP_THUNK(SIGNATURE, 5)
TRAP_THUNK(DIV_ZERO, 6)
TRAP_THUNK(INT_OVERFLOW, 7)
TRAP_THUNK(BAD_CONVERSION, 8)
TRAP_THUNK(STACK_OVERFLOW, 9)
TRAP_THUNK(UNALIGNED_ATOMIC, 10)
TRAP_THUNK(NULL_REF, 11)
TRAP_THUNK(UNSHARED_WAIT, 12)
TRAP_THUNK(CANCELLED, 13)
TRAP_THUNK(TIMEOUT, 14)
TRAP_THUNK(OUT_OF_FUEL, 15)
TRAP_THUNK(EXCEPTION, 16)
TRAP_THUNK(HOST, 17)
TRAP_THUNK(UNIMPLEMENTED, 18)
TRAP_THUNK(NOMEM, 19)

FUNCTION wx_jit_thunk_trap_any          /* rdi = enum wx_trap */
trap:
        movq    %rdi, T_TRAP(%r15)
        TO_HOST
        movl    $OUT_TRAP, %eax
        jmp     leave

guest_overflow:
        movl    $9, %edi
        jmp     trap

FUNCTION wx_jit_thunk_overflow          /* the limit is NULL when an interrupt wants in (R17) */
        movl    $9, %edi                /* call stack exhausted */
        cmpq    $0, T_STACK_LIMIT(%r15) /* not the interrupt itself: wx_thread_interrupt() */
        jne     trap
        movq    %rdi, T_TRAP(%r15)      /* tells it from a poll */
        jmp     interrupted
FUNCTION wx_jit_thunk_poll
        movq    $0, T_TRAP(%r15)
interrupted:
        TO_HOST
        movl    $OUT_INTERRUPT, %eax
        jmp     leave

/* -------- host functions -------- */

FUNCTION wx_jit_thunk_helper            /* rdi = number, rsi = slots, rdx, rcx = immediates */
        TO_HOST
        leaq    wx_helpers(%rip), %rax
        movq    (%rax,%rdi,8), %rax
        movq    %r14, %rdi
        call    *%rax
        jmp     came_back

FUNCTION wx_jit_thunk_call_func         /* rdi = function, r13 = its arguments */
        cmpl    $0, F_KIND(%rdi)
        jne     call_host
        leaq    -32(%rsp), %rax
        cmpq    T_GUEST_LIMIT(%r15), %rax
        jb      guest_overflow
        pushq   %r14
        movq    F_INSTANCE(%rdi), %r14
        movq    I_MEM0(%r14), %r12
        movq    F_CODE(%rdi), %rax
        call    *C_ENTRY(%rax)
        .globl  wx_jit_cross_return
        .hidden wx_jit_cross_return
wx_jit_cross_return:                    /* the caller's instance is below it on the stack */
        popq    %r14
        movq    I_MEM0(%r14), %r12
        ret
call_host:
        movq    %r13, %rdx
host:                                   /* rdi = function, rdx = arguments */
        TO_HOST
        movq    %rdi, %rsi
        movq    %r15, %rdi
        call    wx_jit_call_host
        jmp     came_back

FUNCTION wx_jit_thunk_fetch_call        /* rdi = index, rsi = table and signature, r13 = arguments */
        TO_HOST
        movq    %rsi, %rcx
        movq    %rdi, %rdx
        movq    %r14, %rsi
        movq    %r15, %rdi
        call    wx_jit_fetch
        testq   %rax, %rax
        je      trapped
        movq    T_GUEST_SP(%r15), %rsp
        movq    %rax, %rdi
        jmp     wx_jit_thunk_call_func
trapped:
        movl    $OUT_TRAP, %eax
        jmp     leave

FUNCTION wx_jit_thunk_fetch_tail_call   /* the same; rdx = argument slots, rcx = arguments */
        TO_HOST
        pushq   %rcx
        pushq   %rdx
        movq    %rsi, %rcx
        movq    %rdi, %rdx
        movq    %r14, %rsi
        movq    %r15, %rdi
        call    wx_jit_fetch
        popq    %rsi
        popq    %rdx
        testq   %rax, %rax
        je      trapped
        movq    T_GUEST_SP(%r15), %rsp
        movq    %rax, %rdi
        jmp     wx_jit_thunk_tail_func

FUNCTION wx_jit_thunk_tail_func         /* rdi = function, rsi = argument slots, rdx = arguments */
        cmpl    $0, F_KIND(%rdi)
        jne     host
        leaq    -32(%rsp), %rax
        cmpq    T_GUEST_LIMIT(%r15), %rax
        jb      guest_overflow
        xorl    %ecx, %ecx
1:      cmpq    %rsi, %rcx              /* the arguments take the place of the frame */
        jae     2f
        movq    (%rdx,%rcx,8), %rax
        movq    %rax, (%r13,%rcx,8)
        incq    %rcx
        jmp     1b
2:      addq    $8, %rsp                /* not back to this stencil: to the caller of its function */
        leaq    wx_jit_cross_return(%rip), %rax
        cmpq    (%rsp), %rax
        je      3f                      /* it restores its instance already */
        pushq   %r14
        pushq   %rax
3:      movq    F_INSTANCE(%rdi), %r14
        movq    I_MEM0(%r14), %r12
        movq    F_CODE(%rdi), %rax
        jmp     *C_ENTRY(%rax)

/* -------- first calls -------- */

FUNCTION wx_jit_thunk_lazy              /* called by the stub of a function */
        popq    %rdx                    /* behind the call in the stub */
        TO_HOST
        movq    %r15, %rdi
        movq    %r14, %rsi
        call    wx_jit_compile_stub
        testq   %rax, %rax
        je      1f
        movq    T_GUEST_SP(%r15), %rsp
        jmp     *%rax
1:      movl    $OUT_TRAP, %eax
        jmp     leave

        .section .rodata
        .p2align 2
default_mxcsr:
        .long   0x1f80

        .section .note.GNU-stack, "", @progbits
