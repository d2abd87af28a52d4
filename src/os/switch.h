/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving guest code for the host stack it was entered from. */
#ifndef WX_OS_SWITCH_H
#define WX_OS_SWITCH_H

#include <stdint.h>

/**
 * Drop everything above the frame at host_sp and return `code` from the call that made it: from
 * a tier's entry thunk (frame.inc). Also the address a
 * signal handler redirects a faulting thread to, with these arguments in the first two registers.
 */
_Noreturn void wx_stack_leave(void *host_sp, uint64_t code);

#endif
