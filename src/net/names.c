/* SPDX-License-Identifier: Apache-2.0 */
/* Which names of the guest's stand behind names of sockets on the host. */
#include <stdio.h>
#include <string.h>

#include "net/policy.h"

bool wx_net_add_name(struct wx_net *net, const void *owner, const char *host, const char *guest)
{
    struct wx_net_name n = {.owner = owner};
    (void)snprintf(n.host, sizeof n.host, "%s", host);
    (void)snprintf(n.guest, sizeof n.guest, "%s", guest);
    wx_mutex_lock(&net->lock);
    bool ok = wx_vec_push(net->mem, &net->names, n);
    wx_mutex_unlock(&net->lock);
    return ok;
}

void wx_net_remove_name(struct wx_net *net, const void *owner)
{
    wx_mutex_lock(&net->lock);
    for (size_t i = 0; i < net->names.n; i++) {
        if (net->names.p[i].owner == owner) {
            net->names.p[i] = net->names.p[--net->names.n];
            break;
        }
    }
    wx_mutex_unlock(&net->lock);
}

bool wx_net_find_name(struct wx_net *net, const char *host, char ret[WX_NET_PATH_MAX + 1])
{
    bool found = false;
    wx_mutex_lock(&net->lock);
    for (size_t i = 0; i < net->names.n && !found; i++) {
        found = strcmp(net->names.p[i].host, host) == 0;
        if (found) {
            memcpy(ret, net->names.p[i].guest, sizeof net->names.p[i].guest);
        }
    }
    wx_mutex_unlock(&net->lock);
    return found;
}
