/* SPDX-License-Identifier: Apache-2.0 */
/* Signals in guest code: which faults are ours, and the way out. */
/*
 * A fault is a trap only if all of this holds: this host thread is inside wx_enter, the instruction
 * is guest code (compiled, or an op body of the interpreter), and the address lies in the
 * reservation of a memory the running instance can reach, or in a guard of its guest stack.
 * Everything else is a bug of the host and goes to whoever handled the signal before (R7, R28).
 *
 * The handler touches only the thread's own state and edits the context so that the thread goes on
 * in wx_stack_leave with the trap as outcome: no longjmp, no C frame is skipped.
 */
#include <signal.h>

#include "engine/rt/engine.h"
#include "engine/rt/jittext.h"
#include "os/signal.h"
#include "os/switch.h"
#include "os/ucontext.h"

WX_UNINSTRUMENTED static bool in_memory_sigsafe(const struct wx_instance *inst, uintptr_t addr)
{
    uint32_t n = inst ? inst->module->wasm->n_memories : 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct wx_memory *m = inst->memories[i];
        uintptr_t start = (uintptr_t)m->reservation;
        if (addr >= start && addr < start + m->reservation_bytes) {
            return true;
        }
    }
    return false;
}

WX_UNINSTRUMENTED static bool leave_sigsafe(struct wx_thread *t, void *uc, enum wx_outcome out)
{
    wx_uc_redirect(uc, (void *)(uintptr_t)wx_stack_leave, t->host_sp,
                   (uint64_t)(uintptr_t)t->host_sp, (uint64_t)out);
    return true;
}

/* Compiled code keeps its state in registers; a stopped thread has it in memory. */
WX_UNINSTRUMENTED static void save_state_sigsafe(struct wx_thread *t, const void *uc)
{
    t->pc =
        (const char *)wx_uc_pc(uc) + 1; /* as if behind the instruction, like a return address */
    t->fp = wx_uc_guest_fp(uc);
    t->inst = wx_uc_guest_instance(uc);
    t->guest_sp = wx_uc_sp(uc);
}

WX_UNINSTRUMENTED static bool memory_fault_sigsafe(struct wx_thread *t, const siginfo_t *info,
                                                   void *uc)
{
    uintptr_t addr = (uintptr_t)info->si_addr;
    if (!wx_jittext_is_guest_sigsafe(wx_uc_pc(uc))) {
        return false;
    }
    if (wx_jittext_is_compiled_sigsafe(wx_uc_pc(uc))) {
        save_state_sigsafe(t, uc);
    }
    if (t->gstack && wx_gstack_in_guard(t->gstack, addr)) {
        t->trap = WX_TRAP_STACK_OVERFLOW;
    } else if (in_memory_sigsafe(t->inst, addr)) {
        t->trap = WX_TRAP_MEMORY_OOB;
    } else {
        return false;
    }
    t->fault_addr = addr;
    return leave_sigsafe(t, uc, WX_TRAP);
}

/* Is the thread inside a call now, maybe below one of another store? */
WX_UNINSTRUMENTED static bool is_active_sigsafe(const void *thread)
{
    const struct wx_activation_link *a = wx_activations;
    while (a && a->thread != thread) {
        a = a->below;
    }
    return a != NULL;
}

WX_UNINSTRUMENTED bool wx_fault_handle_sigsafe(int sig, siginfo_t *info, void *ucontext)
{
    struct wx_thread *t = wx_thread_current;
    if (!t) { /* a kick that came late */
        return sig == wx_signal_kick_number() &&
               (info->si_code == SI_TKILL || info->si_code == SI_TIMER);
    }
    if (sig == wx_signal_kick_number()) {
        uintptr_t value = (uintptr_t)info->si_value.sival_ptr;
        void *owner = (void *)(value & ~(uintptr_t)1);
        if (info->si_code == SI_TIMER && is_active_sigsafe(owner)) {
            /* a deadline passed, or a timer of the guest (wx_timer_start_soft) */
            wx_thread_interrupt_self_sigsafe(owner, value & 1 ? WX_INT_SIGNAL : WX_INT_TIMEOUT);
        } else if (info->si_code != SI_TKILL) {
            return false; /* somebody else's use of the number */
        }
        if (t->host_sp && (wx_load_seq(&t->interrupt) & ~WX_INT_SIGNAL) &&
            wx_jittext_is_compiled_sigsafe(wx_uc_pc(ucontext))) {
            save_state_sigsafe(t, ucontext);
            return leave_sigsafe(t, ucontext, WX_INTERRUPT);
        }
        return true; /* polls and waits will see the interrupt */
    }
    return (sig == SIGSEGV || sig == SIGBUS) && t->host_sp &&
           memory_fault_sigsafe(t, info, ucontext);
}
