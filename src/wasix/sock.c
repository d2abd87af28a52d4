/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of WASIX: making, binding, connecting, accepting, data with addresses. */
/*
 * A guest's socket is a host socket that never blocks; blocking is the wait of the call. Who may be
 * talked to is decided where the address is: bind, listen, connect, each connection accepted and
 * each datagram sent or received (sock_watch.c). Sockets the guest was given are not watched: they
 * have no right to bind, connect, or send elsewhere.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "base/atomic.h"
#include "os/sock.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"
#include "wasi/sock_watch.h"

enum { AF_GUEST_INET4 = 1, AF_GUEST_INET6 = 2, AF_GUEST_UNIX = 3 };
enum { TYPE_STREAM = 1, TYPE_DGRAM = 2 };
enum { STATUS_OPENING, STATUS_OPENED, STATUS_CLOSED, STATUS_FAILED };

/* -------- making -------- */

/* Of the host, or of the network that is here only. @return host errno */
static int make_socket(const struct wx_wasi_call *c, int family, int type, int protocol,
                       struct wx_file **ret)
{
    struct wx_mem *mem = c->env->file_mem;
    int fd, e;
    if (c->env->vnet && family != AF_UNIX) {
        *ret = wx_hostsock_new_virtual(mem, c->env->vnet, c->env->fds->budget, family, type,
                                       protocol, &e);
    } else {
        e = wx_sock_open(family, type, protocol, &fd);
        *ret = e ? NULL : wx_hostsock_new_own(mem, fd, family, type, protocol);
    }
    if (*ret && !wx_sock_guard(*ret, c->env->net)) {
        wx_file_unref(*ret);
        *ret = NULL;
    }
    return *ret ? 0 : e ? e : ENOMEM;
}

wx_wasi_ret wx_wasi_sock_open(struct wx_wasi_call *c, const uint64_t *a)
{
    static const int families[] = {
        -1, [AF_GUEST_INET4] = AF_INET, [AF_GUEST_INET6] = AF_INET6, [AF_GUEST_UNIX] = AF_UNIX};
    int family = a[0] < sizeof families / sizeof *families ? families[a[0]] : -1;
    bool stream = a[1] == TYPE_STREAM;
    int protocol = stream ? IPPROTO_TCP : IPPROTO_UDP; /* of AF_UNIX, too: libc says so */
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[3]}, 4);
    if (e || family < 0) {
        return e ? e : WX_WERRNO_AFNOSUPPORT;
    }
    if ((!stream && a[1] != TYPE_DGRAM) || (a[2] != 0 && a[2] != (uint64_t)protocol)) {
        return WX_WERRNO_NOTSUP;
    }
    struct wx_net *net = family == AF_UNIX ? c->env->net : wx_sock_net(c);
    if (!net && family != AF_UNIX) { /* which may yet stay in memory */
        return WX_WERRNO_PERM;
    }
    uint32_t n;
    e = wx_fdtable_reserve(c->env->fds, &n);
    if (e) {
        return e;
    }
    int type = stream ? SOCK_STREAM : SOCK_DGRAM;
    struct wx_file *f;
    int host = make_socket(c, family, type, family == AF_UNIX ? 0 : protocol, &f);
    if (host) {
        wx_fdtable_unreserve(c->env->fds, n);
        return wx_werrno_from_host(host);
    }
    struct wx_fd entry = {
        .file = f, .rights = WX_RIGHTS_SOCKET, .inheriting = WX_RIGHTS_WASIX_CONNECTION};
    wx_fdtable_fill(c->env->fds, n, &entry);
    return wx_guest_write_u32(c, (wx_gptr){a[3]}, n); /* checked */
}

/* -------- binding -------- */

/* At the address the guest named, or at what a rule puts in its place. @return host errno */
static int bind_to(struct wx_file *f, const struct wx_net_query *q, const struct wx_net_verdict *v,
                   const struct sockaddr_storage *named, socklen_t len)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct sockaddr_storage at = *named;
    struct wx_net_ip ip = q->ip;
    uint16_t port = q->port;
    if (v->maps) {
        len = wx_net_to_sockaddr(&v->to, v->to_port, s->family, &at);
    }
    int e = wx_hostsock_bind(f, (const struct sockaddr *)&at, len);
    if (e) {
        return e;
    }
    if (v->maps) {
        s->as = *named;
        wx_store_release(&s->n_as, 1); /* pairs with the load of who looks at the address */
    } else if (port == 0 && wx_hostsock_name(f, false, &at) == 0) {
        (void)wx_net_from_sockaddr((const struct sockaddr *)&at, &ip, &port);
    }
    wx_sock_set_bound(f, &ip, port);
    return 0;
}

/* There is no such place in a virtual network, which is no matter of rules. */
static bool is_nowhere(const struct wx_wasi_call *c, const struct wx_net_verdict *v)
{
    return c->env->vnet && v->rule == 0;
}

static wx_wasi_ret do_bind(struct wx_wasi_call *c, struct wx_file *f, uint64_t ptr)
{
    struct sockaddr_storage sa;
    struct wx_net_query q;
    struct wx_net_verdict v;
    socklen_t len;
    if (wx_hostsock_of(f)->family == AF_UNIX) {
        return wx_sock_unix_bind(c, f, ptr);
    }
    wx_werrno e = wx_sock_read_addr(c, ptr, wx_hostsock_of(f)->family, &sa, &len);
    if (e || !wx_sock_query(f, WX_NET_BIND, &q)) {
        return e ? e : WX_WERRNO_NOTCAPABLE;
    }
    (void)wx_net_from_sockaddr((const struct sockaddr *)&sa, &q.ip, &q.port); /* it is one */
    e = wx_sock_decide(c, &q, &v);
    if (e && is_nowhere(c, &v)) {
        return WX_WERRNO_ADDRNOTAVAIL;
    }
    int host = e ? 0 : bind_to(f, &q, &v, &sa, len);
    return e ? e : host ? wx_werrno_from_host(host) : 0;
}

wx_wasi_ret wx_wasi_sock_bind(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_wasi_ret e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_BIND), &fd);
    if (!e) {
        e = do_bind(c, fd.file, a[1]);
        wx_file_unref(fd.file);
    }
    return e;
}

static wx_werrno do_listen(struct wx_wasi_call *c, struct wx_file *f, uint64_t backlog)
{
    struct wx_net_query q;
    struct wx_net_verdict v;
    if (!wx_sock_query(f, WX_NET_LISTEN, &q)) {
        return WX_WERRNO_NOTCAPABLE;
    }
    if (f->filetype != WX_FT_STREAM) {
        return WX_WERRNO_NOTSUP;
    }
    if (q.port == 0 && !q.path) { /* not bound */
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_sock_decide(c, &q, &v);
    if (e) {
        return e;
    }
    int n = backlog > SOMAXCONN ? SOMAXCONN : (int)backlog;
    int host = wx_hostsock_listen(f, n);
    return host ? wx_werrno_from_host(host) : 0;
}

wx_wasi_ret wx_wasi_sock_listen(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_LISTEN), &fd);
    if (!e) {
        e = do_listen(c, fd.file, a[1]);
        wx_file_unref(fd.file);
    }
    return e;
}

wx_wasi_ret wx_wasi_sock_accept_v2(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    if (a[1] & ~(uint64_t)WX_FDFLAG_NONBLOCK) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[2]}, 4);
    e = e || !a[3] ? e : wx_guest_check(c, (wx_gptr){a[3]}, WX_ADDR_BYTES);
    if (e || (e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_ACCEPT), &fd))) {
        return e;
    }
    return wx_sock_do_accept(c, fd.file, (fd.flags & WX_FDFLAG_NONBLOCK) != 0, (uint16_t)a[1],
                             fd.inheriting, a[2], a[3]);
}

/* -------- connecting -------- */

static enum wx_outcome resume_connect(struct wx_thread *t, enum wx_wake why);

static wx_wasi_ret wait_connected(struct wx_wasi_call *c, struct wx_file *f, uint64_t deadline)
{
    static const uint64_t state[WX_SOCK_N_STATE];
    return wx_sock_wait(c, f, POLLOUT, deadline, resume_connect, state);
}

static enum wx_outcome resume_connect(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wasi_call c;
    uint64_t state[WX_SOCK_N_STATE], deadline;
    struct wx_file *f = wx_sock_resumed(t, &c, state, &deadline);
    struct pollfd p = {.fd = f->host_fd, .events = POLLOUT};
    if (poll(&p, 1, 0) <= 0 && why == WX_WAKE_READY) {
        return wx_wasi_finish(&c, wait_connected(&c, f, deadline));
    }
    int host = p.revents                ? wx_sock_take_error(f->host_fd)
               : why == WX_WAKE_TIMEOUT ? ETIMEDOUT
                                        : EINTR; /* it goes on, as POSIX has it */
    wx_file_unref(f);
    return wx_wasi_finish(&c, host ? wx_werrno_from_host(host) : 0);
}

enum { C_ADDR }; /* of the state of a wait */

static enum wx_outcome resume_connect_unix(struct wx_thread *t, enum wx_wake why);

/*
 * At once, but for a listener whose queue is full. Tried again, the path may have come to mean
 * another socket, which is asked for then. Takes the reference of f.
 */
static wx_wasi_ret connect_unix(struct wx_wasi_call *c, struct wx_file *f, wx_werrno gives_up,
                                uint64_t deadline, uint64_t ptr)
{
    struct wx_sock_peer peer;
    wx_werrno e = wx_sock_unix_find(c, f, WX_NET_CONNECT, ptr, &peer);
    if (!e) {
        const struct sockaddr *to = (const struct sockaddr *)&peer.name;
        int host = peer.local ? wx_sock_unix_connect(c, f, &peer)
                              : wx_hostsock_connect(f, to, sizeof peer.name);
        wx_sock_peer_fini(&peer);
        if (host == EAGAIN && !gives_up) {
            const uint64_t state[WX_SOCK_N_STATE] = {[C_ADDR] = ptr};
            deadline = deadline ? deadline : wx_sock_deadline(f, WX_SOCK_CONNECT);
            return wx_sock_wait(c, f, 0, deadline, resume_connect_unix, state);
        }
        e = host == EAGAIN ? gives_up : host ? wx_werrno_from_host(host) : 0;
    }
    wx_file_unref(f);
    return e;
}

static enum wx_outcome resume_connect_unix(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wasi_call c;
    uint64_t state[WX_SOCK_N_STATE], deadline;
    struct wx_file *f = wx_sock_resumed(t, &c, state, &deadline);
    wx_werrno gives_up = wx_sock_woken(why, deadline);
    return wx_wasi_finish(&c, connect_unix(&c, f, gives_up, deadline, state[C_ADDR]));
}

/* Takes the reference of f. */
static wx_wasi_ret do_connect(struct wx_wasi_call *c, struct wx_file *f, bool nonblock,
                              uint64_t ptr)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct sockaddr_storage sa;
    struct wx_net_query q;
    struct wx_net_verdict v;
    socklen_t len;
    if (s->family == AF_UNIX) {
        return connect_unix(c, f, nonblock ? WX_WERRNO_AGAIN : 0, 0, ptr);
    }
    wx_werrno e = wx_sock_read_addr(c, ptr, s->family, &sa, &len);
    e = e || wx_sock_query(f, WX_NET_CONNECT, &q) ? e : WX_WERRNO_NOTCAPABLE;
    if (!e) {
        (void)wx_net_from_sockaddr((const struct sockaddr *)&sa, &q.ip, &q.port); /* it is one */
        e = wx_sock_decide(c, &q, &v);
        e = e && is_nowhere(c, &v) ? WX_WERRNO_NETUNREACH : e;
    }
    int host = e ? 0 : wx_hostsock_connect(f, (const struct sockaddr *)&sa, len);
    if ((host == EINPROGRESS || host == EALREADY) && !nonblock) {
        return wait_connected(c, f, wx_sock_deadline(f, WX_SOCK_CONNECT));
    }
    wx_file_unref(f);
    return e ? e : host ? wx_werrno_from_host(host) : 0;
}

wx_wasi_ret wx_wasi_sock_connect(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_CONNECT), &fd);
    return e ? e : do_connect(c, fd.file, (fd.flags & WX_FDFLAG_NONBLOCK) != 0, a[1]);
}

/* -------- data with addresses -------- */

wx_wasi_ret wx_wasi_sock_recv_from(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t known = WX_RI_PEEK | WX_RI_WAITALL | WX_RI_DATA_TRUNCATED | WX_RI_DONTWAIT;
    struct wx_fd fd;
    if (a[3] & ~known) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_RECV_FROM), &fd);
    bool nonblock = !e && ((fd.flags & WX_FDFLAG_NONBLOCK) || (a[3] & WX_RI_DONTWAIT));
    const struct wx_sock_transfer x = {.addressed = true,
                                       .flags = (uint16_t)a[3],
                                       .iovs = a[1],
                                       .n_iovs = a[2],
                                       .ret_len = a[4],
                                       .ret_flags = a[5],
                                       .addr = a[6]};
    return e ? e : wx_sock_do_transfer(c, fd.file, nonblock, &x);
}

wx_wasi_ret wx_wasi_sock_send_to(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    if (a[3] & ~(uint64_t)WX_SI_DONTWAIT) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_SEND_TO), &fd);
    bool nonblock = !e && ((fd.flags & WX_FDFLAG_NONBLOCK) || (a[3] & WX_SI_DONTWAIT));
    const struct wx_sock_transfer x = {.send = true,
                                       .addressed = true,
                                       .iovs = a[1],
                                       .n_iovs = a[2],
                                       .addr = a[4],
                                       .ret_len = a[5]};
    return e ? e : wx_sock_do_transfer(c, fd.file, nonblock, &x);
}

/* -------- what a socket is -------- */

/* Where there is no TCP to ask. */
static uint8_t plain_status(struct wx_file *f)
{
    struct sockaddr_storage peer;
    int listens = 0;
    (void)wx_hostsock_get_option(f, SOL_SOCKET, SO_ACCEPTCONN, &listens); /* every one has it */
    return listens || wx_hostsock_name(f, true, &peer) == 0 ? STATUS_OPENED : STATUS_OPENING;
}

static uint8_t stream_status(int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) {
        return STATUS_OPENED; /* of another kind than TCP */
    }
    switch (info.tcpi_state) {
    case TCP_SYN_SENT:
    case TCP_SYN_RECV: return STATUS_OPENING;
    case TCP_CLOSE: /* before, or after; a connection there was has a round-trip time */
        return info.tcpi_rtt           ? STATUS_CLOSED
               : info.tcpi_retransmits ? STATUS_FAILED
                                       : STATUS_OPENING;
    case TCP_TIME_WAIT:
    case TCP_CLOSING:
    case TCP_LAST_ACK: return STATUS_CLOSED;
    default: return STATUS_OPENED;
    }
}

wx_wasi_ret wx_wasi_sock_status(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = wx_sock_get(c, a[0], 0, &fd);
    if (e) {
        return e;
    }
    bool plain = wx_hostsock_of(fd.file)->family == AF_UNIX || wx_hostsock_local(fd.file);
    uint8_t status = fd.file->filetype != WX_FT_STREAM ? STATUS_OPENED
                     : plain                           ? plain_status(fd.file)
                                                       : stream_status(fd.file->host_fd);
    wx_file_unref(fd.file);
    return wx_guest_write_u8(c, (wx_gptr){a[1]}, status);
}

/* The name of one side. */
static wx_wasi_ret address(struct wx_wasi_call *c, const uint64_t *a, bool peer)
{
    struct wx_fd fd;
    struct sockaddr_storage sa;
    uint64_t right = peer ? WX_R(WX_RN_SOCK_ADDR_REMOTE) : WX_R(WX_RN_SOCK_ADDR_LOCAL);
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, WX_ADDR_BYTES);
    if (e || (e = wx_sock_get(c, a[0], right, &fd))) {
        return e;
    }
    struct wx_hostsock *s = wx_hostsock_of(fd.file);
    int host = wx_hostsock_name(fd.file, peer, &sa);
    if (!peer && wx_load_acquire(&s->n_as)) {
        sa = s->as;
    }
    wx_file_unref(fd.file);
    return host ? wx_werrno_from_host(host) : wx_sock_write_addr(c, a[1], &sa);
}

wx_wasi_ret wx_wasi_sock_addr_local(struct wx_wasi_call *c, const uint64_t *a)
{
    return address(c, a, false);
}

wx_wasi_ret wx_wasi_sock_addr_peer(struct wx_wasi_call *c, const uint64_t *a)
{
    return address(c, a, true);
}
