/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets a guest makes, and the rules it makes them under. */
#ifndef WX_WASIX_SOCK_H
#define WX_WASIX_SOCK_H

#include "net/policy.h"
#include "wasi/sock.h"

/** Decide; a refusal is told to the trace of the call. @return 0 or perm */
wx_werrno wx_sock_decide(const struct wx_wasi_call *c, const struct wx_net_query *q,
                         struct wx_net_verdict *ret);
/** The network of the process; NULL: nothing was granted, which the trace is told. */
struct wx_net *wx_sock_net(const struct wx_wasi_call *c);
/** A file over a socket of our making, under the rules of `net`; takes host_fd. */
struct wx_file *wx_sock_new(struct wx_mem *mem, struct wx_net *net, int host_fd, int family,
                            int type, int protocol);
/** A socket as a question: its protocol, and what it is bound to. False: it is not watched. */
bool wx_sock_query(struct wx_file *f, enum wx_net_op op, struct wx_net_query *ret);
/** It is bound to this, as the guest sees it. */
void wx_sock_set_bound(struct wx_file *f, const struct wx_net_ip *ip, uint16_t port);

#endif
