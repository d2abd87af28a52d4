/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and redirecting a signal's machine context (x86-64). */
#ifndef WX_OS_X86_64_UCONTEXT_H
#define WX_OS_X86_64_UCONTEXT_H

#include <stdint.h>
#include <ucontext.h>

#include "base/annot.h"

WX_UNINSTRUMENTED static inline uintptr_t wx_uc_pc(const void *uc)
{
    return (uintptr_t)((const ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP];
}
WX_UNINSTRUMENTED static inline void *wx_uc_sp(const void *uc)
{
    return (void *)(uintptr_t)((const ucontext_t *)uc)->uc_mcontext.gregs[REG_RSP];
}
/** Registers compiled code keeps its frame and instance in (engine/ops/state_stencil.h). */
WX_UNINSTRUMENTED static inline void *wx_uc_guest_fp(const void *uc)
{
    return (void *)(uintptr_t)((const ucontext_t *)uc)->uc_mcontext.gregs[REG_R13];
}
WX_UNINSTRUMENTED static inline void *wx_uc_guest_instance(const void *uc)
{
    return (void *)(uintptr_t)((const ucontext_t *)uc)->uc_mcontext.gregs[REG_R14];
}
/** Continue at fn(arg0, arg1) with the given stack pointer. */
WX_UNINSTRUMENTED static inline void wx_uc_redirect(void *uc, void *fn, void *sp, uint64_t arg0,
                                                    uint64_t arg1)
{
    greg_t *g = ((ucontext_t *)uc)->uc_mcontext.gregs;
    g[REG_RIP] = (greg_t)(uintptr_t)fn;
    g[REG_RSP] = (greg_t)(uintptr_t)sp;
    g[REG_RDI] = (greg_t)arg0;
    g[REG_RSI] = (greg_t)arg1;
}

#endif
