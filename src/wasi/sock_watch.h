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
/** Put a socket of our making under the rules of `net`; NULL: none. False: out of memory. */
bool wx_sock_guard(struct wx_file *f, struct wx_net *net);
/** A socket as a question: its protocol, and what it is bound to. False: it is not watched. */
bool wx_sock_query(struct wx_file *f, enum wx_net_op op, struct wx_net_query *ret);
/**
 * It is bound to a name in a filesystem, as the guest wrote it. A directory of the host is kept
 * open as long as the socket, so that no other one can get the same name there. False: out of
 * memory, or `budget` is spent
 */
bool wx_sock_set_path(struct wx_file *f, struct wx_budget *budget, const char *name,
                      const struct wx_root_place *at);
/**
 * Of those who bind one socket at once only the first may: it sets the path, or gives up. False:
 * somebody else did, or does.
 */
bool wx_sock_claim_path(struct wx_file *f);
void wx_sock_unclaim_path(struct wx_file *f);
/** What it is bound to, as the guest wrote it; NULL: nothing. */
const char *wx_sock_path(struct wx_file *f);
/** It is bound to this, as the guest sees it. */
void wx_sock_set_bound(struct wx_file *f, const struct wx_net_ip *ip, uint16_t port);

/* -------- addresses that are paths: sock_unix.c -------- */

wx_werrno wx_sock_unix_bind(const struct wx_wasi_call *c, struct wx_file *f, uint64_t ptr);
/** How to reach the socket with that address of the guest's, if `op` may. */
struct wx_sock_peer {
    struct sockaddr_un name; /* of the host's, or as the guest wrote it */
    int node_fd;             /* -1: none */
    struct wx_vsock *local;  /* in memory; NULL: it is the host's */
};
void wx_sock_peer_fini(struct wx_sock_peer *peer);
/** Connect to one in memory. @return host errno */
int wx_sock_unix_connect(const struct wx_wasi_call *c, struct wx_file *f,
                         const struct wx_sock_peer *peer);
/** A datagram to one in memory. @return bytes or -errno */
ssize_t wx_sock_unix_send(struct wx_file *f, const struct wx_sock_peer *peer,
                          const struct iovec *iov, int n);
wx_werrno wx_sock_unix_find(const struct wx_wasi_call *c, struct wx_file *f, enum wx_net_op op,
                            uint64_t ptr, struct wx_sock_peer *ret);

#endif
