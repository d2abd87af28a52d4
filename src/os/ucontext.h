/* SPDX-License-Identifier: Apache-2.0 */
/* Machine contexts: picks the processor's file. */
#ifndef WX_OS_UCONTEXT_H
#define WX_OS_UCONTEXT_H

#if defined(__x86_64__)
#include "os/x86_64/ucontext.h"
#else
#error "no machine context support for this processor"
#endif

#endif
