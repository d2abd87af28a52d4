/* SPDX-License-Identifier: Apache-2.0 */
/* What rt_sigaction(2) wants when the C library is not asked: x86-64 layout and return stub. */
#ifndef WX_OS_SIGRETURN_H
#define WX_OS_SIGRETURN_H

#include <stdint.h>

#define WX_SA_RESTORER 0x04000000UL

struct wx_kernel_sigaction {
    void *handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/** Where a handler returns to: the rt_sigreturn system call (assembly). */
void wx_sigreturn(void);

#endif
