/* SPDX-License-Identifier: Apache-2.0 */
/* Open sockets of the host. Nothing here blocks or raises SIGPIPE. */
#ifndef WX_VFS_HOSTSOCK_H
#define WX_VFS_HOSTSOCK_H

#include <sys/socket.h>
#include <sys/un.h>

#include "vfs/file.h"
#include "vfs/vsock.h"

struct wx_hostsock;

/** Who decides what reaches a socket the guest made itself. One object a socket. */
struct wx_sock_watch {
    /*
     * NULL, or which rule refuses that a datagram leaves for `peer`, or that one, or a connection,
     * of it arrives. The text lives as long as the watch.
     */
    const char *(*refuses)(struct wx_sock_watch *watch, struct wx_hostsock *s, bool leaves,
                           const struct sockaddr *peer);
    void (*free)(struct wx_sock_watch *watch);
};

/** A socket in a filesystem, to talk to. */
struct wx_sock_target {
    int host_fd;            /* its node on the host (O_PATH), to be closed; -1: it is in memory */
    struct wx_vsock *local; /* then: counted */
};

/* Timeouts a socket may have. */
enum { WX_SOCK_RECV, WX_SOCK_SEND, WX_SOCK_CONNECT, WX_SOCK_ACCEPT, WX_SOCK_N_TIMEOUTS };

#define WX_SOCK_NO_LINGER UINT64_MAX

struct wx_hostsock {
    struct wx_file file; /* first */
    int family, type, protocol;
    struct wx_sock_watch *watch;             /* owned; NULL: given to the guest as it is */
    uint64_t timeout_ns[WX_SOCK_N_TIMEOUTS]; /* atomic; 0: none */
    uint64_t linger_ns;                      /* atomic; WX_SOCK_NO_LINGER: none */
    uint32_t n_as;                           /* atomic: `as` is valid; set once */
    struct sockaddr_storage as;              /* what its owner takes for its own address */
    struct wx_vsock *local;                  /* atomic; set once: it stays in this process */
};

/** One made by us, whose description nobody shares; takes it, as below. */
struct wx_file *wx_hostsock_new_own(struct wx_mem *mem, int host_fd, int family, int type,
                                    int protocol);
/**
 * A file over a host socket, which it takes (also on failure). A listening one is made
 * non-blocking, for all who share it: accepting has no flag for that.
 * @return NULL when out of memory
 */
struct wx_file *wx_hostsock_new(struct wx_mem *mem, int host_fd);
bool wx_file_is_socket(const struct wx_file *f);
/** Of a file that is a socket. */
struct wx_hostsock *wx_hostsock_of(struct wx_file *f);

/**
 * One of a network that is only in this process; NULL: out of memory, or of the budget, which gives
 * for a second descriptor as long as it needs one. *ret_errno
 */
struct wx_file *wx_hostsock_new_virtual(struct wx_mem *mem, struct wx_vnet *net,
                                        struct wx_budget *budget, int family, int type,
                                        int protocol, int *ret_errno);
/** NULL: it is the host's. */
struct wx_vsock *wx_hostsock_local(struct wx_file *f);
/**
 * An AF_UNIX socket stays in this process from now on, so that it may have a place in memory.
 * @return host errno
 */
int wx_hostsock_localize(struct wx_file *f, struct wx_budget *budget);

/** How much of what can be read is none of the guest's data. */
uint64_t wx_hostsock_overhead(struct wx_file *f);

/* As the calls of POSIX with these names; host errnos. */
int wx_hostsock_bind(struct wx_file *f, const struct sockaddr *address, socklen_t len);
int wx_hostsock_listen(struct wx_file *f, int backlog);
int wx_hostsock_connect(struct wx_file *f, const struct sockaddr *address, socklen_t len);
int wx_hostsock_name(struct wx_file *f, bool peer, struct sockaddr_storage *ret);
int wx_hostsock_set_option(struct wx_file *f, int level, int name, int value);
int wx_hostsock_get_option(struct wx_file *f, int level, int name, int *ret);

/** Which rule refuses a datagram to that address; NULL: none. */
const char *wx_hostsock_refusal(struct wx_file *f, const struct sockaddr *to);
/*
 * Of files that are sockets. Bytes or 0, or -errno; flags: MSG_PEEK. Refused datagrams and
 * connections are passed over. An address to send to is not looked at.
 */
ssize_t wx_hostsock_recv(struct wx_file *f, struct iovec *iov, int n, int flags,
                         bool *ret_truncated, struct sockaddr_storage *ret_peer);
ssize_t wx_hostsock_send(struct wx_file *f, struct iovec *iov, int n, const struct sockaddr *to,
                         socklen_t to_len);
int wx_hostsock_accept(struct wx_file *f, struct wx_file **ret, struct sockaddr_storage *ret_peer);
int wx_hostsock_shutdown(struct wx_file *f, int how);

#endif
