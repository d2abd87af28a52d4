/* SPDX-License-Identifier: Apache-2.0 */
/* What all calls on sockets share: looking them up, waiting for them, addresses in guest memory. */
#ifndef WX_WASI_SOCK_H
#define WX_WASI_SOCK_H

#include "vfs/hostsock.h"
#include "wasi/call.h"
#include "wasi/fdtable.h"

/* riflags, roflags, siflags */
enum { WX_RI_PEEK = 1, WX_RI_WAITALL = 2, WX_RI_DATA_TRUNCATED = 4, WX_RI_DONTWAIT = 8 };
enum { WX_RO_DATA_TRUNCATED = 1 };
enum { WX_SI_DONTWAIT = 1 };

/** A socket with that right, its file referenced. */
wx_werrno wx_sock_get(const struct wx_wasi_call *c, uint64_t n, uint64_t right, struct wx_fd *fd);

/* -------- waiting -------- */

#define WX_SOCK_N_STATE 6 /* of wait.state for the call; the others hold file and deadline */

/** When a call that begins now gives up; `timeout`: WX_SOCK_RECV, … */
uint64_t wx_sock_deadline(struct wx_file *f, unsigned timeout);
/**
 * Wait until the socket is ready for `events`; 0: a moment, where nothing tells. Takes the
 * reference of f.
 */
wx_wasi_ret wx_sock_wait(struct wx_wasi_call *c, struct wx_file *f, short events,
                         uint64_t deadline_ns, wx_resume_fn resume,
                         const uint64_t state[WX_SOCK_N_STATE]);
/** What a call answers that waited and was not lucky; 0: it tries again. */
wx_werrno wx_sock_woken(enum wx_wake why, uint64_t deadline_ns);
/** Back from a wait: the call, its state, its deadline and its file. */
struct wx_file *wx_sock_resumed(struct wx_thread *t, struct wx_wasi_call *c,
                                uint64_t state[WX_SOCK_N_STATE], uint64_t *ret_deadline);

/* -------- data -------- */

/** Data to move, with an address beside it or without. */
struct wx_sock_transfer {
    bool send, addressed;
    uint16_t flags;        /* RI_* */
    uint64_t iovs, n_iovs; /* in guest memory, as */
    uint64_t ret_len, ret_flags, addr;
};
/** Takes the reference of f. */
wx_wasi_ret wx_sock_do_transfer(struct wx_wasi_call *c, struct wx_file *f, bool nonblock,
                                const struct wx_sock_transfer *x);
/** accept; ret_addr 0: nobody asks. Takes the reference of f. */
wx_wasi_ret wx_sock_do_accept(struct wx_wasi_call *c, struct wx_file *f, bool nonblock,
                              uint16_t flags, uint64_t rights, uint64_t ret_fd, uint64_t ret_addr);

/* -------- addresses: __wasi_addr_port_t -------- */

#define WX_ADDR_BYTES 20 /* what a guest has room for in any case */

/** For a socket of that family; inval, or afnosupport, if it is none. */
wx_werrno wx_sock_read_addr(const struct wx_wasi_call *c, uint64_t ptr, int family,
                            struct sockaddr_storage *ret, socklen_t *ret_len);
wx_werrno wx_sock_write_addr(const struct wx_wasi_call *c, uint64_t ptr,
                             const struct sockaddr_storage *sa);
#define WX_SOCK_UNIX_NAME 108
/** What an AF_UNIX address of the host is to the guest, which may be "". @return its length */
size_t wx_sock_unix_name(const struct wx_wasi_call *c, const struct sockaddr_storage *sa,
                         char ret[WX_SOCK_UNIX_NAME]);

#endif
