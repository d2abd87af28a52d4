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

/* Anybody's datagrams: those that are refused never arrived. */
static ssize_t recv_any(struct wx_hostsock *s, struct msghdr *m, int flags)
{
    struct sockaddr_storage *peer = m->msg_name;
    for (int i = 0; i < MAX_REFUSED; i++) {
        memset(peer, 0, sizeof *peer);
        m->msg_namelen = sizeof *peer;
        ssize_t r = recvmsg(s->file.host_fd, m, flags);
        if (r < 0 || !refuses(s, peer)) {
            return r < 0 ? -errno : r;
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
    if (n == 1 && !ret_peer && f->filetype == WX_FT_STREAM) { /* no header to copy */
        ssize_t r = recv(f->host_fd, iov->iov_base, iov->iov_len, flags | MSG_DONTWAIT);
        *ret_truncated = false;
        return r < 0 ? -errno : r;
    }
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n, .msg_name = ret_peer};
    m.msg_namelen = ret_peer ? sizeof *ret_peer : 0;
    ssize_t r;
    if (s->watch && f->filetype == WX_FT_DGRAM) {
        m.msg_name = ret_peer ? ret_peer : &unasked;
        r = recv_any(s, &m, flags | MSG_DONTWAIT);
    } else {
        r = recvmsg(f->host_fd, &m, flags | MSG_DONTWAIT);
        r = r < 0 ? -errno : r;
    }
    *ret_truncated = (m.msg_flags & MSG_TRUNC) != 0;
    return r;
}

ssize_t wx_hostsock_send(struct wx_file *f, struct iovec *iov, int n, const struct sockaddr *to,
                         socklen_t to_len)
{
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

int wx_hostsock_accept(struct wx_file *f, struct wx_file **ret, struct sockaddr_storage *ret_peer)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct sockaddr_storage unasked, *peer = ret_peer ? ret_peer : &unasked;
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
    return shutdown(f->host_fd, how) != 0 ? errno : 0;
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
