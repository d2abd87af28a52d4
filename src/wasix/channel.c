/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes, pairs of sockets, event counters. */
#include <errno.h>
#include <sys/socket.h>

#include "os/sock.h"
#include "vfs/hostsock.h"
#include "vfs/pipe.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"

#define ANY_RIGHTS                                                                                 \
    (WX_R(WX_RN_FD_FDSTAT_SET_FLAGS) | WX_R(WX_RN_FD_FILESTAT_GET) | WX_R(WX_RN_POLL_FD_READWRITE))
#define PIPE_RIGHTS (ANY_RIGHTS | WX_R(WX_RN_FD_SYNC) | WX_R(WX_RN_FD_DATASYNC))
#define BOTH_WAYS (WX_R(WX_RN_FD_READ) | WX_R(WX_RN_FD_WRITE))

/* Both numbers or none. */
static wx_werrno reserve_two(struct wx_fdtable *t, uint32_t n[2])
{
    wx_werrno e = wx_fdtable_reserve(t, &n[0]);
    if (!e && (e = wx_fdtable_reserve(t, &n[1])) != 0) {
        wx_fdtable_unreserve(t, n[0]);
    }
    return e;
}

typedef int (*make_two_fn)(const struct wx_wasi_call *c, uint64_t arg, struct wx_file *ret[2]);

/* The numbers come first: with none left nothing is made. */
static wx_wasi_ret publish_two(struct wx_wasi_call *c, make_two_fn make, uint64_t arg,
                               const uint64_t rights[2], const uint64_t ret[2])
{
    struct wx_file *files[2];
    uint32_t n[2];
    wx_werrno e = wx_guest_check(c, (wx_gptr){ret[0]}, 4);
    e = e ? e : wx_guest_check(c, (wx_gptr){ret[1]}, 4);
    e = e ? e : reserve_two(c->env->fds, n);
    if (e) {
        return e;
    }
    int host = make(c, arg, files);
    for (int i = 0; i < 2; i++) {
        if (host) {
            wx_fdtable_unreserve(c->env->fds, n[i]);
        } else {
            const struct wx_fd fd = {.file = files[i], .rights = rights[i]};
            wx_fdtable_fill(c->env->fds, n[i], &fd);
            (void)wx_guest_write_u32(c, (wx_gptr){ret[i]}, n[i]); /* checked */
        }
    }
    return host ? wx_werrno_from_host(host) : 0;
}

static int make_pipe(const struct wx_wasi_call *c, uint64_t arg, struct wx_file *ret[2])
{
    (void)arg;
    return wx_pipe_new(c->env->file_mem, ret);
}

wx_wasi_ret wx_wasi_fd_pipe(struct wx_wasi_call *c, const uint64_t *a)
{
    static const uint64_t rights[2] = {PIPE_RIGHTS | WX_R(WX_RN_FD_READ),
                                       PIPE_RIGHTS | WX_R(WX_RN_FD_WRITE)};
    return publish_two(c, make_pipe, 0, rights, a);
}

/* -------- pairs of sockets -------- */

static int make_pair(const struct wx_wasi_call *c, uint64_t type, struct wx_file *ret[2])
{
    int fds[2], e = wx_sock_pair((int)type, fds);
    if (e) {
        return e;
    }
    for (int i = 0; i < 2; i++) { /* they take the descriptors in any case */
        ret[i] = wx_hostsock_new(c->env->file_mem, fds[i]);
    }
    if (!ret[0] || !ret[1]) {
        wx_file_unref(ret[0]);
        wx_file_unref(ret[1]);
        return ENOMEM;
    }
    return 0;
}

/*
 * The libc names TCP and UDP as protocols of pairs, which are AF_UNIX all the same; of the family
 * nothing else is said.
 */
wx_wasi_ret wx_wasi_sock_pair(struct wx_wasi_call *c, const uint64_t *a)
{
    enum { FAMILY_UNSPEC = 0, FAMILY_LAST = 3, TYPE_STREAM = 1, TYPE_DGRAM = 2 };
    enum { PROTO_IP = 0, PROTO_TCP = 6, PROTO_UDP = 17 };
    static const uint64_t rights[2] = {ANY_RIGHTS | BOTH_WAYS | WX_R(WX_RN_SOCK_SHUTDOWN),
                                       ANY_RIGHTS | BOTH_WAYS | WX_R(WX_RN_SOCK_SHUTDOWN)};
    uint64_t type = a[1] & 0xff, proto = a[2] & 0xffff;
    if ((a[0] & 0xff) > FAMILY_LAST) {
        return WX_WERRNO_AFNOSUPPORT;
    }
    bool fits = type == TYPE_STREAM  ? proto == PROTO_IP || proto == PROTO_TCP
                : type == TYPE_DGRAM ? proto == PROTO_IP || proto == PROTO_UDP
                                     : false;
    if (!fits) {
        return WX_WERRNO_NOTSUP;
    }
    return publish_two(c, make_pair, type == TYPE_STREAM ? SOCK_STREAM : SOCK_DGRAM, rights, a + 3);
}

/* -------- event counters -------- */

/* Flags as the libc passes them: those of its eventfd(), cut to 16 bits. */
wx_wasi_ret wx_wasi_fd_event(struct wx_wasi_call *c, const uint64_t *a)
{
    enum { SEMAPHORE = 1, NONBLOCK = 4 };
    uint32_t n;
    struct wx_file *f;
    if (a[1] & 0xffff & ~(uint64_t)(SEMAPHORE | NONBLOCK)) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[2]}, 4);
    e = e ? e : wx_fdtable_reserve(c->env->fds, &n);
    if (e) {
        return e;
    }
    int host = wx_eventfile_new(c->env->file_mem, a[0], (a[1] & SEMAPHORE) != 0, &f);
    if (host) {
        wx_fdtable_unreserve(c->env->fds, n);
        return wx_werrno_from_host(host);
    }
    const struct wx_fd fd = {.file = f,
                             .rights = ANY_RIGHTS | BOTH_WAYS,
                             .flags = a[1] & NONBLOCK ? WX_FDFLAG_NONBLOCK : 0};
    wx_fdtable_fill(c->env->fds, n, &fd);
    return wx_guest_write_u32(c, (wx_gptr){a[2]}, n); /* checked */
}
