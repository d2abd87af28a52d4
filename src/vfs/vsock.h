/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that stay in this process. */
#ifndef WX_VFS_VSOCK_H
#define WX_VFS_VSOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/budget.h"
#include "base/mem.h"
#include "base/vec.h"
#include "os/lock.h"

struct wx_vnet;

enum wx_vsock_state {
    WX_VSOCK_NEW,
    WX_VSOCK_CONNECTING,
    WX_VSOCK_LISTENING,
    WX_VSOCK_CONNECTED,
    WX_VSOCK_ENDED, /* a listener that was shut down */
    WX_VSOCK_GONE   /* its file is closed */
};

/** The other end of a pair, which counts in a budget as long as it is no file. */
struct wx_vsock_end {
    int fd; /* -1: none */
    struct wx_budget *budget;
};

/** Somebody who called and was not accepted yet. */
struct wx_vsock_call {
    struct wx_vsock_end end;
    struct sockaddr_storage from, at;
};

#define WX_VSOCK_N_OPTIONS 16

/**
 * One socket. Its file holds the near end of a pair; who knows an address of it holds the socket.
 * No lock of two sockets is held at once. Thread-safe.
 */
struct wx_vsock {
    struct wx_mem *mem;
    uint32_t refs; /* atomic */
    int family, type;
    int near_fd;          /* the file's; not used any more once it is GONE */
    struct wx_vnet *net;  /* counted; NULL: addresses are paths */
    uint32_t state;       /* atomic, changed under the lock */
    struct wx_mutex lock; /* after those of networks and filesystems; a leaf */
    struct wx_vsock_end far WAX_GUARDED_BY(&lock);
    bool bound WAX_GUARDED_BY(&lock);
    struct sockaddr_storage name WAX_GUARDED_BY(&lock); /* no family: none yet */
    struct sockaddr_storage peer WAX_GUARDED_BY(&lock);
    struct wx_vsock *partner WAX_GUARDED_BY(&lock); /* datagrams, paths: counted; or NULL */
    WX_VEC(struct wx_vsock_call) calls WAX_GUARDED_BY(&lock);
    size_t backlog WAX_GUARDED_BY(&lock);
    struct {
        int level, name, value;
    } options[WX_VSOCK_N_OPTIONS] WAX_GUARDED_BY(&lock);
    size_t n_options WAX_GUARDED_BY(&lock);
};

/** A path as the guest wrote it, in a sockaddr_un: no name of the host's. */
#define WX_AF_GUEST_PATH 0x4057

/** Takes `far`, also on failure, and a reference of `net`. @return NULL when out of memory */
struct wx_vsock *wx_vsock_new(struct wx_mem *mem, int family, int type, int near_fd,
                              struct wx_vsock_end far, struct wx_vnet *net);
struct wx_vsock *wx_vsock_ref(struct wx_vsock *v);
void wx_vsock_unref(struct wx_vsock *v); /* NULL accepted */
/** Its file is closed: nobody reaches it any more. Takes the file's reference. */
void wx_vsock_close(struct wx_vsock *v);

/* Host errnos. */

/** Its own address. */
void wx_vsock_set_name(struct wx_vsock *v, const struct sockaddr_storage *name);
/** Its address, or the other side's. @return ENOTCONN: there is none */
int wx_vsock_get_name(struct wx_vsock *v, bool peer, struct sockaddr_storage *ret);
bool wx_vsock_is_bound(struct wx_vsock *v);
int wx_vsock_listen(struct wx_vsock *v, int backlog);
/**
 * Connect a stream to who listens, or a datagram socket to whom it sends from now on. `peer`: whom
 * it takes itself to be connected to; of `call` the addresses, as the other side sees them.
 * @return EAGAIN: the queue is full
 */
int wx_vsock_connect(struct wx_vsock *v, struct wx_vsock *to, const struct sockaddr_storage *peer,
                     const struct wx_vsock_call *call);
/** A datagram socket of a network: who it talks to, wherever that is. */
void wx_vsock_set_peer(struct wx_vsock *v, const struct sockaddr_storage *peer);
/** Take who called first: an end, to be closed, with both addresses. */
int wx_vsock_accept(struct wx_vsock *v, struct wx_vsock_call *ret);
/** An accepted one: connected. Takes nothing. */
void wx_vsock_set_accepted(struct wx_vsock *v, const struct wx_vsock_call *call);
int wx_vsock_shutdown(struct wx_vsock *v, int how);

/** Bytes or -errno; of streams as sendmsg(2), recvmsg(2) on the near end. */
ssize_t wx_vsock_send(struct wx_vsock *v, struct iovec *iov, int n);
ssize_t wx_vsock_recv(struct wx_vsock *v, struct iovec *iov, int n, int flags, bool *ret_truncated,
                      struct sockaddr_storage *ret_from);
/** Does it, a stream, listen? */
bool wx_vsock_listens(const struct wx_vsock *v);
/**
 * A datagram of who has the address `from`; v NULL: one of the host. @return bytes, -EAGAIN: no
 * room, -ECONNREFUSED: nobody has the address any more, -EPERM: it talks to somebody else
 */
ssize_t wx_vsock_send_to(struct wx_vsock *v, struct wx_vsock *to,
                         const struct sockaddr_storage *from, const struct iovec *iov, int n);
/** Who it is connected to, as a datagram socket over paths; counted, or NULL. */
struct wx_vsock *wx_vsock_partner(struct wx_vsock *v);
/** What its next receive answers, as an error of an earlier send is told. */
void wx_vsock_fail_later(struct wx_vsock *v, int error);

/* Options that the near end has not, or not in this sense, are kept and given back. */
int wx_vsock_set_option(struct wx_vsock *v, int level, int name, int value);
int wx_vsock_get_option(struct wx_vsock *v, int level, int name, int *ret);

#endif
