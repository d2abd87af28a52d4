/* SPDX-License-Identifier: Apache-2.0 */
/* sock_send_file: from a file to a connection. */
/*
 * Chunk by chunk through a buffer of ours: the host's own call would block on the file's side, and
 * on what is no file of the host. The position of the file stays where it is. While the call waits
 * it keeps the number of the file, not the file: closing that meanwhile ends it.
 */
#include <errno.h>
#include <poll.h>

#include "base/atomic.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"
#include "wasi/signal.h"
#include "wasi/sock_watch.h"

enum { CHUNK = 16384 };
enum { F_IN_FD, F_OFFSET, F_COUNT, F_RET_SENT, F_DONE }; /* of the state, as the parameters */

static enum wx_outcome resume_send_file(struct wx_thread *t, enum wx_wake why);

/* @return 0: all is sent, or there is no more; -errno */
static ssize_t send_chunks(const struct wx_wasi_call *c, struct wx_file *out, struct wx_file *in,
                           uint64_t s[WX_SOCK_N_STATE])
{
    uint8_t buf[CHUNK];
    while (s[F_DONE] < s[F_COUNT] && !wx_load_relaxed(&c->t->interrupt)) {
        uint64_t rest = s[F_COUNT] - s[F_DONE], at;
        if (__builtin_add_overflow(s[F_OFFSET], s[F_DONE], &at) || at > INT64_MAX) {
            return -EINVAL;
        }
        struct iovec iov = {buf, rest < CHUNK ? rest : CHUNK};
        ssize_t n = in->ops->io(in, false, &iov, 1, (int64_t)at);
        iov.iov_len = n > 0 ? (size_t)n : 0;
        ssize_t sent = n > 0 ? wx_hostsock_send(out, &iov, 1, NULL, 0) : n;
        if (sent <= 0) {
            return sent;
        }
        s[F_DONE] += (uint64_t)sent;
    }
    return 0;
}

/* The file, and whether it can be read from anywhere. */
static wx_werrno get_input(struct wx_wasi_call *c, uint64_t n, struct wx_file **ret)
{
    struct wx_fd fd;
    wx_werrno e = wx_fdtable_get(c->env->fds, (uint32_t)n, &fd);
    if (e) {
        return e;
    }
    if (fd.file->filetype == WX_FT_DIR) {
        e = WX_WERRNO_ISDIR;
    } else if (!(fd.rights & WX_R(WX_RN_FD_READ))) {
        e = WX_WERRNO_BADF;
    }
    if (e) {
        wx_file_unref(fd.file);
        return e;
    }
    *ret = fd.file;
    return 0;
}

/* Takes the reference of out. */
static wx_wasi_ret do_send_file(struct wx_wasi_call *c, struct wx_file *out, wx_werrno gives_up,
                                uint64_t deadline_ns, uint64_t s[WX_SOCK_N_STATE])
{
    struct wx_file *in;
    wx_werrno e = get_input(c, s[F_IN_FD], &in);
    if (!e) {
        ssize_t r = send_chunks(c, out, in, s);
        wx_file_unref(in);
        if (r == -EAGAIN && !gives_up) {
            deadline_ns = deadline_ns ? deadline_ns : wx_sock_deadline(out, WX_SOCK_SEND);
            return wx_sock_wait(c, out, POLLOUT, deadline_ns, resume_send_file, s);
        }
        e = r == -EAGAIN ? gives_up : r < 0 ? wx_werrno_from_host((int)-r) : 0;
    }
    wx_file_unref(out);
    return e && !s[F_DONE] ? e : wx_guest_write_u64(c, (wx_gptr){s[F_RET_SENT]}, s[F_DONE]);
}

static enum wx_outcome resume_send_file(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wasi_call c;
    uint64_t s[WX_SOCK_N_STATE], deadline;
    struct wx_file *f = wx_sock_resumed(t, &c, s, &deadline);
    why = wx_signal_restarts(t, why);
    return wx_wasi_finish(&c, do_send_file(&c, f, wx_sock_woken(why, deadline), deadline, s));
}

wx_wasi_ret wx_wasi_sock_send_file(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    uint64_t s[WX_SOCK_N_STATE] = {
        [F_IN_FD] = a[1], [F_OFFSET] = a[2], [F_COUNT] = a[3], [F_RET_SENT] = a[4]};
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[4]}, 8);
    if (e || (e = wx_sock_get(c, a[0], WX_R(WX_RN_FD_WRITE), &fd))) {
        return e;
    }
    if (fd.file->filetype != WX_FT_STREAM) {
        wx_file_unref(fd.file);
        return WX_WERRNO_INVAL;
    }
    bool nonblock = (fd.flags & WX_FDFLAG_NONBLOCK) != 0;
    return do_send_file(c, fd.file, nonblock ? WX_WERRNO_AGAIN : 0, 0, s);
}
