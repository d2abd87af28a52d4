/* SPDX-License-Identifier: Apache-2.0 */
/* Guest stacks. */
#include "engine/rt/gstack.h"

#include "base/bits.h"
#include "os/vm.h"

wax_status wx_gstack_init(struct wx_gstack *stack, uint64_t bytes, wax_error **err)
{
    uint64_t size = wx_align_up(bytes, wx_vm_page_size());
    *stack = (struct wx_gstack){.reservation_bytes = size + 2 * WX_GSTACK_GUARD};
    stack->reservation = wx_vm_reserve(stack->reservation_bytes);
    if (!stack->reservation) {
        return wx_fail(err, WAX_E_NOMEM, "cannot reserve a guest stack of %llu bytes",
                       (unsigned long long)size);
    }
    stack->base = stack->reservation + WX_GSTACK_GUARD;
    stack->top = stack->base + size;
    int e = wx_vm_commit(stack->base, size);
    if (e) {
        wx_gstack_fini(stack);
        return wx_fail_errno(err, e, "cannot commit a guest stack of %llu bytes",
                             (unsigned long long)size);
    }
    return WAX_OK;
}

void wx_gstack_fini(struct wx_gstack *stack)
{
    wx_vm_release(stack->reservation, stack->reservation_bytes);
    *stack = (struct wx_gstack){0};
}
