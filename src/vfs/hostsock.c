/* SPDX-License-Identifier: Apache-2.0 */
/* Open sockets of the host. */
#include "vfs/hostsock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/atomic.h"
#include "base/check.h"
#include "os/fd.h"
#include "os/sock.h"
#include "vfs/vnet.h"

#define MAX_REFUSED 64 /* in one go; then the caller waits and comes again, and can be stopped */

static bool refuses(struct wx_hostsock *s, const struct sockaddr_storage *peer)
{
    return s->watch && s->watch->refuses(s->watch, s, false, (const struct sockaddr *)peer);
}

const char *wx_hostsock_refusal(struct wx_file *f, const struct sockaddr *to)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    return s->watch ? s->watch->refuses(s->watch, s, true, to) : NULL;
}

/* Take away what was only looked at. */
static void drop_one(int fd)
{
    char byte;
    (void)recv(fd, &byte, 1, MSG_DONTWAIT); /* gone already: as well */
}

static ssize_t recv_once(struct wx_hostsock *s, struct msghdr *m, int flags, bool *ret_truncated)
{
    struct wx_vsock *v = wx_hostsock_local(&s->file);
    if (v) {
        return wx_vsock_recv(v, m->msg_iov, (int)m->msg_iovlen, flags, ret_truncated, m->msg_name);
    }
    ssize_t r = recvmsg(s->file.host_fd, m, flags | MSG_DONTWAIT);
    *ret_truncated = r >= 0 && (m->msg_flags & MSG_TRUNC);
    return r < 0 ? -errno : r;
}

/* Anybody's datagrams: those that are refused never arrived. */
static ssize_t recv_any(struct wx_hostsock *s, struct msghdr *m, int flags, bool *ret_truncated)
{
    struct sockaddr_storage *peer = m->msg_name;
    for (int i = 0; i < MAX_REFUSED; i++) {
        memset(peer, 0, sizeof *peer);
        m->msg_namelen = sizeof *peer;
        ssize_t r = recv_once(s, m, flags, ret_truncated);
        if (r < 0 || !refuses(s, peer)) {
            return r;
        }
        if (flags & MSG_PEEK) {
            drop_one(s->file.host_fd);
        }
    }
    return -EAGAIN;
}

ssize_t wx_hostsock_recv(struct wx_file *f, struct iovec *iov, int n, int flags,
                         bool *ret_truncated, struct sockaddr_storage *ret_peer)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct sockaddr_storage unasked;
    if (n == 1 && !ret_peer && f->filetype == WX_FT_STREAM && !wx_hostsock_local(f)) {
        /* no header to copy */
        ssize_t r = recv(f->host_fd, iov->iov_base, iov->iov_len, flags | MSG_DONTWAIT);
        *ret_truncated = false;
        return r < 0 ? -errno : r;
    }
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n, .msg_name = ret_peer};
    m.msg_namelen = ret_peer ? sizeof *ret_peer : 0;
    *ret_truncated = false;
    if (s->watch && f->filetype == WX_FT_DGRAM) {
        m.msg_name = ret_peer ? ret_peer : &unasked;
        return recv_any(s, &m, flags, ret_truncated);
    }
    return recv_once(s, &m, flags, ret_truncated);
}

static ssize_t send_local(struct wx_vsock *v, struct iovec *iov, int n, const struct sockaddr *to)
{
    if (v->type == SOCK_STREAM) {
        return wx_vsock_send(v, iov, n);
    }
    if (v->net) {
        return wx_vnet_send(v, iov, n, to);
    }
    struct sockaddr_storage from;
    struct wx_vsock *partner = wx_vsock_partner(v);
    (void)wx_vsock_get_name(v, false, &from); /* there is one, perhaps empty */
    ssize_t r = partner ? wx_vsock_send_to(v, partner, &from, iov, n) : -ENOTCONN;
    wx_vsock_unref(partner);
    return r;
}

ssize_t wx_hostsock_send(struct wx_file *f, struct iovec *iov, int n, const struct sockaddr *to,
                         socklen_t to_len)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    if (v && !(to && to->sa_family == AF_UNIX)) { /* from which the host may still be sent to */
        return send_local(v, iov, n, to);
    }
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    if (n == 1) { /* no header to copy */
        ssize_t r = sendto(f->host_fd, iov->iov_base, iov->iov_len, flags, to, to ? to_len : 0);
        return r < 0 ? -errno : r;
    }
    struct sockaddr_storage copy; /* the system's type wants it writable */
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n, .msg_namelen = to ? to_len : 0};
    if (to) {
        memcpy(&copy, to, to_len);
        m.msg_name = &copy;
    }
    ssize_t r = sendmsg(f->host_fd, &m, flags);
    return r < 0 ? -errno : r;
}

/* -------- accepting -------- */

/* Takes the end of the call. */
static struct wx_file *accepted(struct wx_hostsock *s, struct wx_vsock *listener,
                                const struct wx_vsock_call *call)
{
    struct wx_file *f =
        wx_hostsock_new_own(s->file.mem, call->end.fd, s->family, s->type, s->protocol);
    if (!f) {
        return NULL;
    }
    static const struct wx_vsock_end no_end = {.fd = -1};
    struct wx_vsock *v =
        wx_vsock_new(f->mem, s->family, s->type, f->host_fd, no_end, listener->net);
    if (!v) {
        wx_file_unref(f);
        return NULL;
    }
    wx_vsock_set_accepted(v, call);
    wx_store_release(&wx_hostsock_of(f)->local, v);
    return f;
}

static int accept_local(struct wx_hostsock *s, struct wx_vsock *v, struct wx_file **ret,
                        struct sockaddr_storage *ret_peer)
{
    for (int i = 0; i < MAX_REFUSED; i++) {
        struct wx_vsock_call call;
        int e = wx_vsock_accept(v, &call);
        if (e) {
            return e;
        }
        wx_budget_give(call.end.budget); /* from here on it counts as the guest's */
        *ret_peer = call.from;
        if (refuses(s, ret_peer)) {
            (void)wx_fd_close(&call.end.fd); /* nobody has it */
            continue;
        }
        *ret = accepted(s, v, &call);
        return *ret ? 0 : ENOMEM;
    }
    return EAGAIN;
}

int wx_hostsock_accept(struct wx_file *f, struct wx_file **ret, struct sockaddr_storage *ret_peer)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct sockaddr_storage unasked, *peer = ret_peer ? ret_peer : &unasked;
    struct wx_vsock *v = wx_hostsock_local(f);
    if (v) {
        return accept_local(s, v, ret, peer);
    }
    for (int i = 0; i < MAX_REFUSED; i++) {
        socklen_t len = sizeof *peer;
        memset(peer, 0, sizeof *peer);
        int fd = accept4(f->host_fd, (struct sockaddr *)peer, &len, SOCK_CLOEXEC);
        if (fd < 0) {
            return errno;
        }
        if (refuses(s, peer)) {
            (void)wx_fd_close(&fd); /* nobody has it */
            continue;
        }
        *ret = wx_hostsock_new_own(f->mem, fd, s->family, s->type, s->protocol);
        if (*ret && wx_load_acquire(&s->n_as)) { /* it goes by the same name */
            struct wx_hostsock *a = wx_hostsock_of(*ret);
            a->as = s->as;
            a->n_as = s->n_as;
        }
        return *ret ? 0 : ENOMEM;
    }
    return EAGAIN;
}

int wx_hostsock_shutdown(struct wx_file *f, int how)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    return v && v->type == SOCK_STREAM      ? wx_vsock_shutdown(v, how)
           : shutdown(f->host_fd, how) != 0 ? errno
                                            : 0;
}

/* -------- the host's, or not -------- */

struct wx_vsock *wx_hostsock_local(struct wx_file *f)
{
    return wx_load_acquire(&wx_hostsock_of(f)->local); /* pairs with who sets it */
}

uint64_t wx_hostsock_overhead(struct wx_file *f)
{
    const struct wx_vsock *v = wx_hostsock_local(f);
    return !v ? 0 : v->type != SOCK_STREAM ? sizeof(struct sockaddr_storage) : wx_vsock_listens(v);
}

int wx_hostsock_bind(struct wx_file *f, const struct sockaddr *address, socklen_t len)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    return v ? wx_vnet_bind(v, address) : bind(f->host_fd, address, len) != 0 ? errno : 0;
}

int wx_hostsock_listen(struct wx_file *f, int backlog)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    return v                                  ? wx_vsock_listen(v, v->net ? SOMAXCONN : backlog)
           : listen(f->host_fd, backlog) != 0 ? errno
                                              : 0;
}

int wx_hostsock_connect(struct wx_file *f, const struct sockaddr *address, socklen_t len)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    if (v) {
        return v->net ? wx_vnet_connect(v, address) : EOPNOTSUPP; /* out of memory into the host */
    }
    return connect(f->host_fd, address, len) != 0 ? errno : 0;
}

int wx_hostsock_name(struct wx_file *f, bool peer, struct sockaddr_storage *ret)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    struct sockaddr *to = (struct sockaddr *)ret;
    socklen_t len = sizeof *ret;
    if (v) {
        return wx_vsock_get_name(v, peer, ret);
    }
    memset(ret, 0, sizeof *ret);
    int r = peer ? getpeername(f->host_fd, to, &len) : getsockname(f->host_fd, to, &len);
    return r != 0 ? errno : 0;
}

int wx_hostsock_set_option(struct wx_file *f, int level, int name, int value)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    return v && v->net ? wx_vsock_set_option(v, level, name, value)
           : setsockopt(f->host_fd, level, name, &value, sizeof value) != 0 ? errno
                                                                            : 0;
}

int wx_hostsock_get_option(struct wx_file *f, int level, int name, int *ret)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    socklen_t len = sizeof *ret;
    if (v && (v->net || (level == SOL_SOCKET && name == SO_ACCEPTCONN))) {
        return wx_vsock_get_option(v, level, name, ret);
    }
    return getsockopt(f->host_fd, level, name, ret, &len) != 0 ? errno : 0;
}

/* -------- as a file -------- */

static ssize_t sock_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    bool truncated;
    if (off >= 0) {
        return -ESPIPE;
    }
    if (f->filetype == WX_FT_STREAM && wx_iov_total(iov, n) == 0) {
        return 0;
    }
    return write ? wx_hostsock_send(f, iov, n, NULL, 0)
                 : wx_hostsock_recv(f, iov, n, 0, &truncated, NULL);
}

static int sock_stat(struct wx_file *f, struct stat *ret)
{
    return fstat(f->host_fd, ret) != 0 ? errno : 0;
}

static void sock_free(struct wx_file *f)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct wx_vsock *v = wx_hostsock_local(f);
    if (v) {
        wx_vsock_close(v); /* before its number is another file's */
    }
    (void)wx_fd_close(&f->host_fd); /* what was sent is the kernel's */
    if (s->watch) {
        s->watch->free(s->watch);
    }
    wx_free(f->mem, f);
}

static const struct wx_file_ops sock_ops = {
    .io = sock_io,
    .seek = wx_file_no_seek,
    .stat = sock_stat,
    .truncate = wx_file_no_truncate,
    .allocate = wx_file_no_allocate,
    .advise = wx_file_no_advise,
    .sync = wx_file_no_sync,
    .utimens = wx_file_no_utimens,
    .set_append = wx_file_any_append,
    .list = wx_file_no_list,
    .free = sock_free,
};

bool wx_file_is_socket(const struct wx_file *f) { return f->ops == &sock_ops; }

struct wx_hostsock *wx_hostsock_of(struct wx_file *f)
{
    wx_assert(wx_file_is_socket(f));
    return (struct wx_hostsock *)(void *)f;
}

struct wx_file *wx_hostsock_new_own(struct wx_mem *mem, int host_fd, int family, int type,
                                    int protocol)
{
    struct wx_hostsock *s = wx_zalloc(mem, sizeof *s);
    if (!s) {
        (void)wx_fd_close(&host_fd);
        return NULL;
    }
    wx_file_init(&s->file, &sock_ops, mem,
                 type == SOCK_STREAM  ? WX_FT_STREAM
                 : type == SOCK_DGRAM ? WX_FT_DGRAM
                                      : WX_FT_UNKNOWN);
    s->file.host_fd = host_fd;
    s->file.whole = type == SOCK_STREAM;
    s->family = family;
    s->type = type;
    s->protocol = protocol;
    s->linger_ns = WX_SOCK_NO_LINGER;
    return &s->file;
}

struct wx_file *wx_hostsock_new(struct wx_mem *mem, int host_fd)
{
    if (wx_sock_is_listening(host_fd)) {
        int flags = fcntl(host_fd, F_GETFL);
        (void)fcntl(host_fd, F_SETFL, flags | O_NONBLOCK); /* can not fail on a socket */
    }
    return wx_hostsock_new_own(mem, host_fd, wx_sock_family(host_fd), wx_sock_type(host_fd),
                               wx_sock_protocol(host_fd));
}

struct wx_file *wx_hostsock_new_virtual(struct wx_mem *mem, struct wx_vnet *net,
                                        struct wx_budget *budget, int family, int type,
                                        int protocol, int *ret_errno)
{
    int fds[2];
    if (!wx_budget_take(budget)) {
        *ret_errno = ENFILE;
        return NULL;
    }
    *ret_errno = wx_sock_pair(type, fds);
    if (*ret_errno) {
        wx_budget_give(budget);
        return NULL;
    }
    const struct wx_vsock_end far = {fds[1], budget};
    struct wx_vsock *v = wx_vsock_new(mem, family, type, fds[0], far, net);
    struct wx_file *f = wx_hostsock_new_own(mem, fds[0], family, type, protocol); /* takes it */
    if (v && f) {
        wx_store_release(&wx_hostsock_of(f)->local, v);
        return f;
    }
    if (v) {
        wx_vsock_close(v);
    }
    wx_file_unref(f);
    *ret_errno = ENOMEM;
    return NULL;
}

int wx_hostsock_localize(struct wx_file *f, struct wx_budget *budget)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct wx_vsock *none = NULL;
    struct wx_vsock_end far = {-1, budget};
    if (wx_hostsock_local(f)) {
        return 0;
    }
    if (!wx_budget_take(budget)) {
        return ENFILE;
    }
    int e = wx_sock_join(f->host_fd, s->type, &far.fd);
    if (e) { /* also when another thread was sooner */
        wx_budget_give(budget);
        return wx_hostsock_local(f) ? 0 : e;
    }
    struct wx_vsock *v = wx_vsock_new(f->mem, AF_UNIX, s->type, f->host_fd, far, NULL);
    if (!v) {
        return ENOMEM;
    }
    if (!wx_cas_acqrel(&s->local, &none, v)) { /* by another thread */
        wx_vsock_close(v);
    }
    return 0;
}
