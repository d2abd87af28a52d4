/* SPDX-License-Identifier: Apache-2.0 */
/* A network that is nowhere but in this process: the loopback addresses. */
#ifndef WX_VFS_VNET_H
#define WX_VFS_VNET_H

#include "vfs/vsock.h"

struct wx_vnet;

/** @return NULL when out of memory */
struct wx_vnet *wx_vnet_new(struct wx_mem *mem);
struct wx_vnet *wx_vnet_ref(struct wx_vnet *net);
void wx_vnet_unref(struct wx_vnet *net); /* NULL accepted */
/** Forget the addresses of a socket. */
void wx_vnet_remove(struct wx_vnet *net, const struct wx_vsock *v);

/** Is it 127.0.0.0/8 or ::1, or does it stand for all of them? */
bool wx_vnet_reaches(const struct sockaddr *address);
bool wx_vnet_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

/*
 * Of sockets of a network; host errnos. An address of another place is EADDRNOTAVAIL to bind and
 * ENETUNREACH to connect and to send.
 */
int wx_vnet_bind(struct wx_vsock *v, const struct sockaddr *address);
int wx_vnet_connect(struct wx_vsock *v, const struct sockaddr *to);
/** A datagram; NULL: to who it is connected to. As on any network, one nobody takes is lost. */
ssize_t wx_vnet_send(struct wx_vsock *v, const struct iovec *iov, int n, const struct sockaddr *to);

#endif
