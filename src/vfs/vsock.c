/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that stay in this process. */
/*
 * Every socket is one end of an AF_UNIX pair, made together with it, so that waiting for it (poll,
 * epoll) is the kernel's from the beginning. What becomes of the far end makes the difference:
 *
 *   a stream that connects   gives it to who listens; accepting makes a file of it
 *   a stream that listens    keeps it: a byte is written to it while somebody waits for accept
 *   datagrams                keeps it: senders write to it, their address before the data
 *
 * Invariants. 1. The near end of a listener can be read if and only if `calls` is not empty. 2. A
 * socket that is GONE has no far end and no calls. 3. Whoever writes to a far end holds the lock of
 * its socket, and never waits.
 */
#include "vfs/vsock.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/atomic.h"
#include "base/check.h"
#include "os/fd.h"
#include "vfs/file.h"
#include "vfs/vnet.h"

#define MAX_BYTES 65507 /* of a datagram: UDP over IPv4 */
#define AF_ERROR 0x4058 /* in place of an address: an error to be told */

static void close_end(struct wx_vsock_end *end)
{
    if (end->fd >= 0) {
        (void)wx_fd_close(&end->fd); /* what was sent is the kernel's */
        if (end->budget) {
            wx_budget_give(end->budget);
        }
    }
    end->fd = -1;
}

struct wx_vsock *wx_vsock_new(struct wx_mem *mem, int family, int type, int near_fd,
                              struct wx_vsock_end far, struct wx_vnet *net)
{
    struct wx_vsock *v = wx_zalloc(mem, sizeof *v);
    if (!v) {
        close_end(&far);
        return NULL;
    }
    v->mem = mem;
    v->refs = 1;
    v->family = family;
    v->type = type;
    v->near_fd = near_fd;
    v->net = net ? wx_vnet_ref(net) : NULL;
    wx_mutex_init(&v->lock);
    wx_mutex_lock(&v->lock);
    v->far = far;
    wx_mutex_unlock(&v->lock);
    return v;
}

struct wx_vsock *wx_vsock_ref(struct wx_vsock *v)
{
    wx_add_relaxed(&v->refs, 1); /* the caller holds one already */
    return v;
}

void wx_vsock_unref(struct wx_vsock *v)
{
    if (!v || wx_sub_acqrel(&v->refs, 1) != 1) {
        return;
    }
    wx_vnet_unref(v->net);
    wx_mutex_fini(&v->lock);
    wx_free(v->mem, v);
}

static enum wx_vsock_state state_of(const struct wx_vsock *v)
{
    return (enum wx_vsock_state)wx_load_acquire(&v->state); /* pairs with set_state() */
}

static void set_state(struct wx_vsock *v, enum wx_vsock_state state) WAX_REQUIRES(&v->lock)
{
    wx_store_release(&v->state, (uint32_t)state);
}

/* Nobody of those who called is accepted any more. */
static void drop_calls(struct wx_vsock *v) WAX_REQUIRES(&v->lock)
{
    for (size_t i = 0; i < v->calls.n; i++) {
        close_end(&v->calls.p[i].end);
    }
    wx_vec_fini(v->mem, &v->calls);
    v->calls.n = 0;
}

void wx_vsock_close(struct wx_vsock *v)
{
    if (v->net) {
        wx_vnet_remove(v->net, v);
    }
    wx_mutex_lock(&v->lock);
    struct wx_vsock *partner = v->partner;
    set_state(v, WX_VSOCK_GONE);
    drop_calls(v);
    close_end(&v->far);
    v->partner = NULL;
    wx_mutex_unlock(&v->lock);
    wx_vsock_unref(partner);
    wx_vsock_unref(v);
}

/* -------- addresses -------- */

void wx_vsock_set_name(struct wx_vsock *v, const struct sockaddr_storage *name)
{
    wx_mutex_lock(&v->lock);
    v->name = *name;
    v->bound = true;
    wx_mutex_unlock(&v->lock);
}

void wx_vsock_set_peer(struct wx_vsock *v, const struct sockaddr_storage *peer)
{
    wx_mutex_lock(&v->lock);
    v->peer = *peer;
    set_state(v, WX_VSOCK_CONNECTED);
    wx_mutex_unlock(&v->lock);
}

int wx_vsock_get_name(struct wx_vsock *v, bool peer, struct sockaddr_storage *ret)
{
    wx_mutex_lock(&v->lock);
    bool there = !peer || state_of(v) == WX_VSOCK_CONNECTED;
    *ret = peer ? v->peer : v->name;
    wx_mutex_unlock(&v->lock);
    ret->ss_family = ret->ss_family ? ret->ss_family : (sa_family_t)v->family;
    return there ? 0 : ENOTCONN;
}

bool wx_vsock_is_bound(struct wx_vsock *v)
{
    wx_mutex_lock(&v->lock);
    bool bound = v->bound;
    wx_mutex_unlock(&v->lock);
    return bound;
}

/* -------- streams: calling and being called -------- */

int wx_vsock_listen(struct wx_vsock *v, int backlog)
{
    wx_mutex_lock(&v->lock);
    enum wx_vsock_state s = state_of(v);
    int e = s == WX_VSOCK_NEW || s == WX_VSOCK_LISTENING ? 0 : EINVAL;
    if (!e) {
        v->backlog = backlog > 0 ? (size_t)backlog : 1;
        set_state(v, WX_VSOCK_LISTENING);
    }
    wx_mutex_unlock(&v->lock);
    return e;
}

/* Takes the end on success. */
static int call(struct wx_vsock *to, const struct wx_vsock_call *c)
{
    wx_mutex_lock(&to->lock);
    int e = state_of(to) != WX_VSOCK_LISTENING      ? ECONNREFUSED
            : to->calls.n >= to->backlog            ? EAGAIN
            : !wx_vec_push(to->mem, &to->calls, *c) ? ENOMEM
                                                    : 0;
    if (!e && to->calls.n == 1) {
        ssize_t sent = send(to->far.fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent; /* into an empty pair */
    }
    wx_mutex_unlock(&to->lock);
    return e;
}

/* The far end, for who listens; the socket is CONNECTING then. */
static int begin_connect(struct wx_vsock *v, struct wx_vsock_end *ret)
{
    static const int errors[] = {[WX_VSOCK_CONNECTING] = EALREADY,
                                 [WX_VSOCK_LISTENING] = EISCONN,
                                 [WX_VSOCK_CONNECTED] = EISCONN,
                                 [WX_VSOCK_ENDED] = EINVAL,
                                 [WX_VSOCK_GONE] = EBADF};
    wx_mutex_lock(&v->lock);
    int e = errors[state_of(v)];
    if (!e) {
        *ret = v->far;
        v->far.fd = -1;
        set_state(v, WX_VSOCK_CONNECTING);
    }
    wx_mutex_unlock(&v->lock);
    return e;
}

bool wx_vsock_listens(const struct wx_vsock *v) { return state_of(v) == WX_VSOCK_LISTENING; }

static int connect_stream(struct wx_vsock *v, struct wx_vsock *to,
                          const struct sockaddr_storage *peer,
                          const struct wx_vsock_call *addresses)
{
    struct wx_vsock_call c = *addresses;
    int e = begin_connect(v, &c.end);
    if (e) {
        return e;
    }
    e = call(to, &c);
    wx_mutex_lock(&v->lock);
    if (e) {
        v->far = c.end;
        set_state(v, WX_VSOCK_NEW);
    } else {
        v->peer = *peer;
        set_state(v, WX_VSOCK_CONNECTED);
    }
    wx_mutex_unlock(&v->lock);
    return e;
}

static int connect_datagram(struct wx_vsock *v, struct wx_vsock *to,
                            const struct sockaddr_storage *peer)
{
    if (state_of(to) == WX_VSOCK_GONE) {
        return ECONNREFUSED;
    }
    wx_mutex_lock(&v->lock);
    struct wx_vsock *before = v->partner;
    v->partner = wx_vsock_ref(to);
    v->peer = *peer;
    set_state(v, WX_VSOCK_CONNECTED);
    wx_mutex_unlock(&v->lock);
    wx_vsock_unref(before);
    return 0;
}

int wx_vsock_connect(struct wx_vsock *v, struct wx_vsock *to, const struct sockaddr_storage *peer,
                     const struct wx_vsock_call *addresses)
{
    return v->type != to->type      ? EPROTOTYPE
           : v->type == SOCK_STREAM ? connect_stream(v, to, peer, addresses)
                                    : connect_datagram(v, to, peer);
}

int wx_vsock_accept(struct wx_vsock *v, struct wx_vsock_call *ret)
{
    char byte;
    wx_mutex_lock(&v->lock);
    int e = state_of(v) != WX_VSOCK_LISTENING ? EINVAL : v->calls.n == 0 ? EAGAIN : 0;
    if (!e) {
        *ret = v->calls.p[0];
        v->calls.n--;
        memmove(v->calls.p, v->calls.p + 1, v->calls.n * sizeof *v->calls.p);
        if (v->calls.n == 0) {
            ssize_t got = recv(v->near_fd, &byte, 1, MSG_DONTWAIT);
            (void)got; /* it was put there */
        }
    }
    wx_mutex_unlock(&v->lock);
    return e;
}

void wx_vsock_set_accepted(struct wx_vsock *v, const struct wx_vsock_call *c)
{
    wx_mutex_lock(&v->lock);
    v->name = c->at;
    v->peer = c->from;
    set_state(v, WX_VSOCK_CONNECTED);
    wx_mutex_unlock(&v->lock);
}

int wx_vsock_shutdown(struct wx_vsock *v, int how)
{
    wx_mutex_lock(&v->lock);
    enum wx_vsock_state s = state_of(v);
    int e = s == WX_VSOCK_CONNECTED || s == WX_VSOCK_LISTENING ? 0 : ENOTCONN;
    if (s == WX_VSOCK_LISTENING && how != SHUT_WR) {
        drop_calls(v);
        set_state(v, WX_VSOCK_ENDED); /* who waits is woken by the end of the pair */
    }
    if (!e && (s == WX_VSOCK_CONNECTED || how != SHUT_WR)) {
        e = shutdown(v->near_fd, how) != 0 ? errno : 0;
    }
    wx_mutex_unlock(&v->lock);
    return e;
}

/* -------- data -------- */

static ssize_t not_connected(const struct wx_vsock *v, bool sends)
{
    return v->family == AF_UNIX ? (sends ? -ENOTCONN : -EINVAL) : sends ? -EPIPE : -ENOTCONN;
}

ssize_t wx_vsock_send(struct wx_vsock *v, struct iovec *iov, int n)
{
    const struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    if (state_of(v) != WX_VSOCK_CONNECTED) {
        return not_connected(v, true);
    }
    ssize_t r = sendmsg(v->near_fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    return r < 0 ? -errno : r;
}

static ssize_t recv_datagram(struct wx_vsock *v, struct iovec *iov, int n, int flags,
                             bool *ret_truncated, struct sockaddr_storage *ret_from)
{
    struct iovec with[IOV_MAX];
    struct sockaddr_storage from;
    int rest = n < IOV_MAX ? n : IOV_MAX - 1;
    with[0] = (struct iovec){&from, sizeof from};
    memcpy(with + 1, iov, (size_t)rest * sizeof *iov);
    struct msghdr m = {.msg_iov = with, .msg_iovlen = (size_t)rest + 1};
    memset(&from, 0, sizeof from);
    ssize_t r = recvmsg(v->near_fd, &m, flags | MSG_DONTWAIT);
    if (r < 0) {
        return -errno;
    }
    if (r < (ssize_t)sizeof from) {
        return -EAGAIN; /* by nobody: what is over tells so by being ready, too */
    }
    if (from.ss_family == AF_ERROR) {
        int error;
        memcpy(&error, (const char *)&from + sizeof error, sizeof error);
        return -error;
    }
    *ret_truncated = (m.msg_flags & MSG_TRUNC) != 0;
    if (ret_from) {
        *ret_from = from;
    }
    return r - (ssize_t)sizeof from;
}

ssize_t wx_vsock_recv(struct wx_vsock *v, struct iovec *iov, int n, int flags, bool *ret_truncated,
                      struct sockaddr_storage *ret_from)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    if (v->type != SOCK_STREAM) {
        return recv_datagram(v, iov, n, flags, ret_truncated, ret_from);
    }
    if (state_of(v) != WX_VSOCK_CONNECTED) {
        return not_connected(v, false);
    }
    ssize_t r = recvmsg(v->near_fd, &m, flags | MSG_DONTWAIT);
    return r < 0 ? -errno : r;
}

/* Does it take datagrams of who has that address? */
static int accepts(const struct wx_vsock *to, const struct wx_vsock *v,
                   const struct sockaddr_storage *from) WAX_REQUIRES(&to->lock)
{
    if (state_of(to) == WX_VSOCK_GONE || to->far.fd < 0) {
        return ECONNREFUSED;
    }
    if (to->type == SOCK_STREAM) {
        return EPROTOTYPE;
    }
    if (state_of(to) != WX_VSOCK_CONNECTED) {
        return 0;
    }
    bool fits = to->net ? wx_vnet_same_address(&to->peer, from) : to->partner == v;
    return fits ? 0 : EPERM;
}

/* One message to the far end. */
static ssize_t put(const struct wx_vsock *to, const struct sockaddr_storage *from,
                   const struct iovec *iov, int n) WAX_REQUIRES(&to->lock)
{
    struct iovec with[IOV_MAX];
    struct sockaddr_storage copy = *from; /* the system's type wants it writable */
    with[0] = (struct iovec){&copy, sizeof copy};
    if (n) {
        memcpy(with + 1, iov, (size_t)n * sizeof *iov);
    }
    const struct msghdr m = {.msg_iov = with, .msg_iovlen = (size_t)n + 1};
    ssize_t r = sendmsg(to->far.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    return r < 0 ? -errno : r - (ssize_t)sizeof copy;
}

ssize_t wx_vsock_send_to(struct wx_vsock *v, struct wx_vsock *to,
                         const struct sockaddr_storage *from, const struct iovec *iov, int n)
{
    if (wx_iov_total(iov, n) > MAX_BYTES || n >= IOV_MAX) {
        return -EMSGSIZE;
    }
    wx_mutex_lock(&to->lock);
    int e = accepts(to, v, from);
    ssize_t r = e ? -e : put(to, from, iov, n);
    wx_mutex_unlock(&to->lock);
    return r == -ENOBUFS ? -EAGAIN : r == -EPIPE ? -ECONNREFUSED : r; /* EPIPE: it was shut down */
}

struct wx_vsock *wx_vsock_partner(struct wx_vsock *v)
{
    wx_mutex_lock(&v->lock);
    struct wx_vsock *partner = v->partner ? wx_vsock_ref(v->partner) : NULL;
    wx_mutex_unlock(&v->lock);
    return partner;
}

void wx_vsock_fail_later(struct wx_vsock *v, int error)
{
    struct sockaddr_storage from = {.ss_family = AF_ERROR};
    memcpy((char *)&from + sizeof error, &error, sizeof error);
    wx_mutex_lock(&v->lock);
    if (v->far.fd >= 0) {
        (void)put(v, &from, NULL, 0); /* no room: there is something else to receive */
    }
    wx_mutex_unlock(&v->lock);
}

/* -------- options -------- */

static bool is_near(int level, int name)
{
    return level == SOL_SOCKET &&
           (name == SO_RCVBUF || name == SO_SNDBUF || name == SO_RCVLOWAT || name == SO_SNDLOWAT);
}

int wx_vsock_set_option(struct wx_vsock *v, int level, int name, int value)
{
    if (is_near(level, name)) {
        return setsockopt(v->near_fd, level, name, &value, sizeof value) != 0 ? errno : 0;
    }
    bool group = level == IPPROTO_IP && name == IP_MULTICAST_TTL;
    bool hops = group || (level == IPPROTO_IP && name == IP_TTL) ||
                (level == IPPROTO_IPV6 && name == IPV6_UNICAST_HOPS);
    if (hops && (value < !group || value > 255)) {
        return EINVAL;
    }
    size_t i = 0;
    wx_mutex_lock(&v->lock);
    while (i < v->n_options && (v->options[i].level != level || v->options[i].name != name)) {
        i++;
    }
    bool room = i < WX_VSOCK_N_OPTIONS;
    if (room) {
        v->options[i].level = level;
        v->options[i].name = name;
        v->options[i].value = value;
        v->n_options = i == v->n_options ? i + 1 : v->n_options;
    }
    wx_mutex_unlock(&v->lock);
    return room ? 0 : ENOMEM;
}

/* What nobody set. */
static int by_default(const struct wx_vsock *v, int level, int name)
{
    if (level == SOL_SOCKET) {
        return name == SO_ACCEPTCONN && state_of(v) == WX_VSOCK_LISTENING;
    }
    return level == IPPROTO_IP     ? (name == IP_TTL ? 64 : 1)
           : level == IPPROTO_IPV6 ? (name == IPV6_UNICAST_HOPS ? 64 : name == IPV6_MULTICAST_LOOP)
                                   : 0;
}

int wx_vsock_get_option(struct wx_vsock *v, int level, int name, int *ret)
{
    socklen_t len = sizeof *ret;
    if (is_near(level, name)) {
        return getsockopt(v->near_fd, level, name, ret, &len) != 0 ? errno : 0;
    }
    *ret = by_default(v, level, name);
    wx_mutex_lock(&v->lock);
    for (size_t i = 0; i < v->n_options; i++) {
        if (v->options[i].level == level && v->options[i].name == name) {
            *ret = v->options[i].value;
        }
    }
    wx_mutex_unlock(&v->lock);
    return 0;
}
