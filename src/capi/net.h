/* SPDX-License-Identifier: Apache-2.0 */
/* What a builder knows of the network of its guests. */
#ifndef WX_CAPI_NET_H
#define WX_CAPI_NET_H

#include <waxwing/net.h>

#include "base/mem.h"
#include "base/vec.h"

struct wx_env;

struct wx_net_spec {
    WX_VEC(char *) rules; /* valid ones */
    wax_net_fn fn;
    void *data;
};

void wx_net_spec_fini(struct wx_net_spec *spec, struct wx_mem *mem);
/** Check and keep a rule. */
wax_status wx_net_spec_add(struct wx_net_spec *spec, struct wx_mem *mem, const char *rule,
                           wax_error **err);
/** Give an environment its network. */
wax_status wx_net_spec_make(const struct wx_net_spec *spec, struct wx_env *env, wax_error **err);

#endif
