/* SPDX-License-Identifier: Apache-2.0 */
/* Guest stacks: where compiled code runs; nothing of C is ever on them (invariant 1). */
#ifndef WX_ENGINE_RT_GSTACK_H
#define WX_ENGINE_RT_GSTACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/annot.h"
#include "base/error.h"

/* [guard | size bytes, growing down from top | guard] */
struct wx_gstack {
    uint8_t *reservation;
    uint64_t reservation_bytes;
    uint8_t *base; /* lowest usable address */
    uint8_t *top;  /* exclusive, 16-byte aligned */
};

#define WX_GSTACK_GUARD (UINT64_C(64) * 1024)

wax_status wx_gstack_init(struct wx_gstack *stack, uint64_t bytes, wax_error **err);
void wx_gstack_fini(struct wx_gstack *stack);
/** The address lies in one of the guards: the guest overflowed (or underflowed) this stack. */
WX_UNINSTRUMENTED static inline bool wx_gstack_in_guard(const struct wx_gstack *s, uintptr_t addr)
{
    uintptr_t start = (uintptr_t)s->reservation;
    return addr >= start && addr < start + s->reservation_bytes &&
           (addr < (uintptr_t)s->base || addr >= (uintptr_t)s->top);
}

#endif
