/* SPDX-License-Identifier: Apache-2.0 */
/* Open sockets of the host. */
#include "vfs/hostsock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "os/fd.h"
#include "os/sock.h"

ssize_t wx_hostsock_recv(struct wx_file *f, struct iovec *iov, int n, int flags,
                         bool *ret_truncated)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    ssize_t r = recvmsg(f->host_fd, &m, flags | MSG_DONTWAIT);
    *ret_truncated = (m.msg_flags & MSG_TRUNC) != 0;
    return r < 0 ? -errno : r;
}

ssize_t wx_hostsock_send(struct wx_file *f, struct iovec *iov, int n)
{
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    ssize_t r = sendmsg(f->host_fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    return r < 0 ? -errno : r;
}

int wx_hostsock_accept(struct wx_file *f, struct wx_file **ret)
{
    int fd = accept4(f->host_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    *ret = wx_hostsock_new(f->mem, fd);
    return *ret ? 0 : ENOMEM;
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
    return write ? wx_hostsock_send(f, iov, n) : wx_hostsock_recv(f, iov, n, 0, &truncated);
}

static int sock_stat(struct wx_file *f, struct stat *ret)
{
    return fstat(f->host_fd, ret) != 0 ? errno : 0;
}

static void sock_free(struct wx_file *f)
{
    (void)wx_fd_close(&f->host_fd); /* what was sent is the kernel's */
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

struct wx_file *wx_hostsock_new(struct wx_mem *mem, int host_fd)
{
    struct wx_file *f = wx_zalloc(mem, sizeof *f);
    if (!f) {
        (void)wx_fd_close(&host_fd);
        return NULL;
    }
    int type = wx_sock_type(host_fd);
    wx_file_init(f, &sock_ops, mem,
                 type == SOCK_STREAM  ? WX_FT_STREAM
                 : type == SOCK_DGRAM ? WX_FT_DGRAM
                                      : WX_FT_UNKNOWN);
    f->host_fd = host_fd;
    f->whole = type == SOCK_STREAM;
    if (wx_sock_is_listening(host_fd)) {
        int flags = fcntl(host_fd, F_GETFL);
        (void)fcntl(host_fd, F_SETFL, flags | O_NONBLOCK); /* can not fail on a socket */
    }
    return f;
}
