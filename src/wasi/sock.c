/* SPDX-License-Identifier: Apache-2.0 */
/* sock_* calls on the sockets a guest was given. */
/*
 * All are tried without blocking. What would block returns WAIT for the descriptor, which keeps the
 * file alive, and is tried again when it is ready; with NONBLOCK the guest gets again.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "vfs/hostsock.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"

enum { RI_PEEK = 1, RI_WAITALL = 2, RI_DATA_TRUNCATED = 4, RI_DONTWAIT = 8 };
enum { RO_DATA_TRUNCATED = 1 };
enum { SI_DONTWAIT = 1 };
enum { SD_RD = 1, SD_WR = 2 };

static wx_werrno get(const struct wx_wasi_call *c, uint64_t n, uint64_t right, struct wx_fd *fd)
{
    wx_werrno e = wx_fdtable_get(c->env->fds, (uint32_t)n, fd);
    if (e) {
        return e;
    }
    if (!wx_file_is_socket(fd->file)) {
        e = WX_WERRNO_NOTSOCK;
    } else if (!(fd->rights & right)) {
        wx_wasi_denied_rights(c, (uint32_t)n, right);
        e = WX_WERRNO_NOTCAPABLE;
    }
    if (e) {
        wx_file_unref(fd->file);
    }
    return e;
}

/* -------- waiting -------- */

#define FILE_SLOT 7 /* of wait.state: the file, referenced; the others are the call's */

static void abandon(struct wx_thread *t)
{
    struct wx_wait *w = &t->out.wait;
    wx_file_unref((struct wx_file *)(uintptr_t)w->state[FILE_SLOT]);
    wx_free(&t->store->mem, w->fds);
}

/* Takes the reference of f. */
static wx_wasi_ret wait_for(struct wx_wasi_call *c, struct wx_file *f, short events,
                            wx_resume_fn resume, const uint64_t *state, size_t n_state)
{
    struct pollfd *fds = wx_zalloc_array(&c->t->store->mem, 2, sizeof *fds);
    if (!fds) {
        wx_file_unref(f);
        return WX_WERRNO_NOMEM;
    }
    fds[0] = (struct pollfd){.fd = f->host_fd, .events = events};
    c->t->out.wait = (struct wx_wait){.kind = WX_WAIT_FDS,
                                      .deadline_ns = UINT64_MAX,
                                      .fds = fds,
                                      .n_fds = 1,
                                      .resume = resume,
                                      .abandon = abandon,
                                      .data = c->binding,
                                      .slots = c->slots};
    for (size_t i = 0; i < n_state; i++) {
        c->t->out.wait.state[i] = state[i];
    }
    c->t->out.wait.state[FILE_SLOT] = (uint64_t)(uintptr_t)f;
    return WX_RET_WAIT;
}

/* Back from a wait: the call, its state and its file. */
static struct wx_file *resumed(struct wx_thread *t, struct wx_wasi_call *c, uint64_t state[7])
{
    struct wx_wait w = t->out.wait;
    wx_wasi_call_init(c, t, w.data, w.slots);
    wx_free(&t->store->mem, w.fds);
    for (size_t i = 0; i < FILE_SLOT; i++) {
        state[i] = w.state[i];
    }
    return (struct wx_file *)(uintptr_t)w.state[FILE_SLOT];
}

/* -------- sending and receiving -------- */

enum { X_IOVS, X_N_IOVS, X_RET_LEN, X_RET_FLAGS, X_FLAGS, X_DONE, X_SEND };

/* Leave out the first `done` bytes. */
static void skip(struct iovec **iov, int *n, uint64_t done)
{
    while (*n > 0 && done >= (*iov)->iov_len) {
        done -= (*iov)->iov_len;
        (*iov)++;
        (*n)--;
    }
    if (*n > 0) {
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + done;
        (*iov)->iov_len -= done;
    }
}

/* One try, or with WAITALL several. @return what there is in all, or -errno */
static ssize_t transfer(struct wx_file *f, uint64_t x[7], struct iovec *iov, int n, bool *truncated)
{
    bool all = !x[X_SEND] && (x[X_FLAGS] & RI_WAITALL) && !(x[X_FLAGS] & RI_PEEK) &&
               f->filetype == WX_FT_STREAM;
    skip(&iov, &n, x[X_DONE]);
    if (f->filetype == WX_FT_STREAM && wx_iov_total(iov, n) == 0) {
        return (ssize_t)x[X_DONE];
    }
    for (;;) {
        int flags = x[X_FLAGS] & RI_PEEK ? MSG_PEEK : 0;
        ssize_t r =
            x[X_SEND] ? wx_hostsock_send(f, iov, n) : wx_hostsock_recv(f, iov, n, flags, truncated);
        if (r == -EAGAIN || (r < 0 && !x[X_DONE])) {
            return r;
        }
        x[X_DONE] += r > 0 ? (uint64_t)r : 0;
        if (!all || r <= 0) { /* the end, or an error that comes again */
            return (ssize_t)x[X_DONE];
        }
        skip(&iov, &n, (uint64_t)r);
        if (n == 0) {
            return (ssize_t)x[X_DONE];
        }
    }
}

static enum wx_outcome resume_transfer(struct wx_thread *t, enum wx_wake why);

/* Takes the reference of f. */
static wx_wasi_ret do_transfer(struct wx_wasi_call *c, struct wx_file *f, bool nonblock,
                               uint64_t x[7])
{
    struct iovec iov[WX_MAX_IOVS];
    int n = 0;
    bool truncated = false;
    wx_werrno e = wx_guest_check(c, (wx_gptr){x[X_RET_LEN]}, c->is64 ? 8 : 4);
    e = e || x[X_SEND] ? e : wx_guest_check(c, (wx_gptr){x[X_RET_FLAGS]}, 2);
    e = e ? e : wx_guest_read_iovs(c, x[X_IOVS], x[X_N_IOVS], iov, &n);
    if (e) {
        wx_file_unref(f);
        return e;
    }
    ssize_t r = transfer(f, x, iov, n, &truncated);
    if (r == -EAGAIN && !nonblock) {
        return wait_for(c, f, x[X_SEND] ? POLLOUT : POLLIN, resume_transfer, x, 7);
    }
    wx_file_unref(f);
    if (r == -EAGAIN && x[X_DONE]) {
        r = (ssize_t)x[X_DONE];
    }
    if (r < 0) {
        return wx_werrno_from_host((int)-r);
    }
    if (!x[X_SEND]) {
        uint16_t ro = truncated ? RO_DATA_TRUNCATED : 0;
        (void)wx_guest_write(c, (wx_gptr){x[X_RET_FLAGS]}, &ro, sizeof ro); /* checked */
    }
    return wx_guest_write_size(c, (wx_gptr){x[X_RET_LEN]}, (uint64_t)r);
}

static enum wx_outcome resume_transfer(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    struct wx_wasi_call c;
    uint64_t x[7];
    struct wx_file *f = resumed(t, &c, x);
    return wx_wasi_finish(&c, do_transfer(&c, f, false, x));
}

wx_wasi_ret wx_wasi_sock_recv(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t known = RI_PEEK | RI_WAITALL | (c->wasix ? RI_DATA_TRUNCATED | RI_DONTWAIT : 0);
    struct wx_fd fd;
    if (a[3] & ~known) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = get(c, a[0], WX_R(WX_RN_FD_READ), &fd);
    bool nonblock = !e && ((fd.flags & WX_FDFLAG_NONBLOCK) || (a[3] & RI_DONTWAIT));
    uint64_t x[7] = {a[1], a[2], a[4], a[5], a[3], 0, false};
    return e ? e : do_transfer(c, fd.file, nonblock, x);
}

wx_wasi_ret wx_wasi_sock_send(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    if (a[3] & ~(uint64_t)(c->wasix ? SI_DONTWAIT : 0)) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = get(c, a[0], WX_R(WX_RN_FD_WRITE), &fd);
    bool nonblock = !e && ((fd.flags & WX_FDFLAG_NONBLOCK) || (a[3] & SI_DONTWAIT));
    uint64_t x[7] = {a[1], a[2], a[4], 0, 0, 0, true};
    return e ? e : do_transfer(c, fd.file, nonblock, x);
}

/* -------- accepting -------- */

enum { A_FLAGS, A_RET_FD, A_RIGHTS };

static enum wx_outcome resume_accept(struct wx_thread *t, enum wx_wake why);

/* The number comes first: with none left no connection is taken and lost. Takes f's reference. */
static wx_wasi_ret do_accept(struct wx_wasi_call *c, struct wx_file *f, bool nonblock,
                             const uint64_t a[3])
{
    uint32_t n;
    struct wx_file *accepted = NULL;
    wx_werrno e = wx_fdtable_reserve(c->env->fds, &n);
    int host = e ? 0 : wx_hostsock_accept(f, &accepted);
    if (!e && host) {
        wx_fdtable_unreserve(c->env->fds, n);
        if (host == EAGAIN && !nonblock) {
            return wait_for(c, f, POLLIN, resume_accept, a, 3);
        }
        e = wx_werrno_from_host(host);
    }
    wx_file_unref(f);
    if (e) {
        return e;
    }
    struct wx_fd fd = {.file = accepted, .rights = a[A_RIGHTS], .flags = (uint16_t)a[A_FLAGS]};
    wx_fdtable_fill(c->env->fds, n, &fd);
    return wx_guest_write_u32(c, (wx_gptr){a[A_RET_FD]}, n); /* checked at the start */
}

static enum wx_outcome resume_accept(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    struct wx_wasi_call c;
    uint64_t a[7];
    struct wx_file *f = resumed(t, &c, a);
    return wx_wasi_finish(&c, do_accept(&c, f, false, a));
}

wx_wasi_ret wx_wasi_sock_accept(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    if (a[1] & ~(uint64_t)WX_FDFLAG_NONBLOCK) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[2]}, 4);
    if (e || (e = get(c, a[0], WX_R(WX_RN_SOCK_ACCEPT), &fd))) {
        return e;
    }
    const uint64_t state[3] = {a[1], a[2], fd.inheriting};
    return do_accept(c, fd.file, (fd.flags & WX_FDFLAG_NONBLOCK) != 0, state);
}

/* -------- ending -------- */

wx_wasi_ret wx_wasi_sock_shutdown(struct wx_wasi_call *c, const uint64_t *a)
{
    static const int how[4] = {-1, SHUT_RD, SHUT_WR, SHUT_RDWR};
    struct wx_fd fd;
    wx_werrno e = get(c, a[0], WX_R(WX_RN_SOCK_SHUTDOWN), &fd);
    if (e) {
        return e;
    }
    int host = a[1] == 0 || (a[1] & ~(uint64_t)(SD_RD | SD_WR))
                   ? EINVAL
                   : wx_hostsock_shutdown(fd.file, how[a[1]]);
    wx_file_unref(fd.file);
    return host ? wx_werrno_from_host(host) : 0;
}
