/* SPDX-License-Identifier: Apache-2.0 */
/* port_*: network interfaces of the guest's own, which it has none of. */
#include "wasi/call.h"
#include "wasi/handlers.h"

wx_wasi_ret wx_wasi_port_notsup(struct wx_wasi_call *c, const uint64_t *a)
{
    (void)a;
    wx_wasi_denied(c, "a guest has no network interface of its own");
    return WX_WERRNO_NOTSUP;
}
