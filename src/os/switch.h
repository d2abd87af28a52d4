/* SPDX-License-Identifier: Apache-2.0 */
/* Moving between the host stack and guest stacks. */
#ifndef WX_OS_SWITCH_H
#define WX_OS_SWITCH_H

#include <stdint.h>

/* Both saved stack pointers; assembly knows the offsets. */
struct wx_switch {
    void *host_sp;  /* frame made by wx_stack_enter; where to leave to */
    void *guest_sp; /* frame made by wx_stack_to_host while host code runs */
};

/**
 * Save the host state, move to guest_top (16-byte aligned, exclusive end of a guest stack) and run
 * entry(arg) there. Comes back with entry's result, or with the code given to wx_stack_leave().
 */
uint64_t wx_stack_enter(struct wx_switch *sw, void *guest_top, uint64_t (*entry)(void *arg),
                        void *arg);
/**
 * From guest code: save the callee-saved registers on the guest stack (one thunk frame), run
 * fn(arg) on the host stack, come back. Nothing of C is ever on the guest stack (invariant 1).
 */
uint64_t wx_stack_to_host(struct wx_switch *sw, uint64_t (*fn)(void *arg), void *arg);
/**
 * Drop everything above the frame at host_sp and return `code` from the call that made it: from
 * wx_stack_enter, or from a tier's own entry thunk, which builds the same frame. Also the address a
 * signal handler redirects a faulting thread to, with these arguments in the first two registers.
 */
_Noreturn void wx_stack_leave(void *host_sp, uint64_t code);

#endif
