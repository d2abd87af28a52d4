/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets a guest makes, and the rules it makes them under. */
#ifndef WX_WASI_SOCK_WATCH_H
#define WX_WASI_SOCK_WATCH_H

#include "base/budget.h"
#include "net/policy.h"
#include "vfs/root.h"
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
/**
 * It is bound to a name in a filesystem, as the guest wrote it, below a directory that is kept open
 * as long as the socket, so that no other one can get the same name on the host. False: out of
 * memory, or `budget` is spent
 */
bool wx_sock_set_path(struct wx_file *f, struct wx_budget *budget, const char *name,
                      const struct wx_root_place *at);
/** What it is bound to, as the guest wrote it; NULL: nothing. */
const char *wx_sock_path(struct wx_file *f);
/** It is bound to this, as the guest sees it. */
void wx_sock_set_bound(struct wx_file *f, const struct wx_net_ip *ip, uint16_t port);

/* -------- addresses that are paths: sock_unix.c -------- */

wx_werrno wx_sock_unix_bind(const struct wx_wasi_call *c, struct wx_file *f, uint64_t ptr);
/** How to reach the socket with that address of the guest's, if `op` may. */
struct wx_sock_peer {
    struct sockaddr_un name;
    int node_fd; /* to be closed when it was reached; -1: none */
};
wx_werrno wx_sock_unix_find(const struct wx_wasi_call *c, struct wx_file *f, enum wx_net_op op,
                            uint64_t ptr, struct wx_sock_peer *ret);

#endif
