/* SPDX-License-Identifier: Apache-2.0 */
/* sock_* calls that preview1 has, and what all calls on sockets share. */
/*
 * All are tried without blocking. What would block returns WAIT for the descriptor, which keeps the
 * file alive, and is tried again when it is ready; with NONBLOCK the guest gets again. So it does
 * when the timeout of the socket is over, as in POSIX. A signal ends a wait with intr, unless bytes
 * were moved.
 */
#include "wasi/sock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/atomic.h"
#include "os/clock.h"
#include "vfs/vnet.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"
#include "wasi/signal.h"
#include "wasi/sock_watch.h"

enum { SD_RD = 1, SD_WR = 2 };

wx_werrno wx_sock_get(const struct wx_wasi_call *c, uint64_t n, uint64_t right, struct wx_fd *fd)
{
    wx_werrno e = wx_fdtable_get(c->env->fds, (uint32_t)n, fd);
    if (e) {
        return e;
    }
    if (!wx_file_is_socket(fd->file)) {
        e = WX_WERRNO_NOTSOCK;
    } else if ((fd->rights & right) != right) {
        wx_wasi_denied_rights(c, (uint32_t)n, right);
        e = WX_WERRNO_NOTCAPABLE;
    }
    if (e) {
        wx_file_unref(fd->file);
    }
    return e;
}

/* -------- waiting -------- */

#define PAUSE_NS 1000000u /* between tries where nothing tells when to try again */
enum { DEADLINE_SLOT = WX_SOCK_N_STATE, FILE_SLOT }; /* of wait.state; the file is referenced */

static void abandon(struct wx_thread *t)
{
    struct wx_wait *w = &t->out.wait;
    wx_file_unref((struct wx_file *)(uintptr_t)w->state[FILE_SLOT]);
    wx_free(&t->store->mem, w->fds);
}

uint64_t wx_sock_deadline(struct wx_file *f, unsigned timeout)
{
    uint64_t ns = wx_load_relaxed(&wx_hostsock_of(f)->timeout_ns[timeout]); /* no pairing */
    return ns ? wx_clock_after(ns) : UINT64_MAX;
}

wx_wasi_ret wx_sock_wait(struct wx_wasi_call *c, struct wx_file *f, short events,
                         uint64_t deadline_ns, wx_resume_fn resume,
                         const uint64_t state[WX_SOCK_N_STATE])
{
    struct pollfd *fds = events ? wx_zalloc_array(&c->t->store->mem, 2, sizeof *fds) : NULL;
    if (events && !fds) {
        wx_file_unref(f);
        return WX_WERRNO_NOMEM;
    }
    if (fds) {
        fds[0] = (struct pollfd){.fd = f->host_fd, .events = events};
    }
    uint64_t again = fds ? UINT64_MAX : wx_clock_after(PAUSE_NS);
    c->t->out.wait = (struct wx_wait){.kind = fds ? WX_WAIT_FDS : WX_WAIT_TIME,
                                      .deadline_ns = again < deadline_ns ? again : deadline_ns,
                                      .fds = fds,
                                      .n_fds = fds ? 1 : 0,
                                      .seq = wx_load_seq(&c->t->wake_seq),
                                      .resume = resume,
                                      .abandon = abandon,
                                      .data = c->binding,
                                      .slots = c->slots};
    for (size_t i = 0; i < WX_SOCK_N_STATE; i++) {
        c->t->out.wait.state[i] = state[i];
    }
    c->t->out.wait.state[DEADLINE_SLOT] = deadline_ns;
    c->t->out.wait.state[FILE_SLOT] = (uint64_t)(uintptr_t)f;
    return WX_RET_WAIT;
}

struct wx_file *wx_sock_resumed(struct wx_thread *t, struct wx_wasi_call *c,
                                uint64_t state[WX_SOCK_N_STATE], uint64_t *ret_deadline)
{
    struct wx_wait w = t->out.wait;
    wx_wasi_call_init(c, t, w.data, w.slots);
    wx_free(&t->store->mem, w.fds);
    for (size_t i = 0; i < WX_SOCK_N_STATE; i++) {
        state[i] = w.state[i];
    }
    *ret_deadline = w.state[DEADLINE_SLOT];
    return (struct wx_file *)(uintptr_t)w.state[FILE_SLOT];
}

wx_werrno wx_sock_woken(enum wx_wake why, uint64_t deadline_ns)
{
    bool over = why == WX_WAKE_TIMEOUT && wx_clock_now() >= deadline_ns;
    return over ? WX_WERRNO_AGAIN : why == WX_WAKE_SIGNAL ? WX_WERRNO_INTR : 0;
}

/* -------- sending and receiving -------- */

/* The call at hand: what the guest wants, and how far it is. */
struct transfer {
    struct wx_sock_transfer x;
    uint64_t done;
    uint64_t deadline_ns; /* 0: it has not waited */
    wx_werrno gives_up;   /* instead of waiting */
};

/* The other side of one try: read for sending, filled by receiving. */
struct other {
    struct sockaddr_storage sa;
    socklen_t len;                 /* 0: none */
    struct wx_sock_peer unix_peer; /* of AF_UNIX */
    bool truncated;
};

static ssize_t try_once(struct wx_file *f, const struct wx_sock_transfer *x, struct iovec *iov,
                        int n, struct other *o)
{
    if (x->send && o->unix_peer.local) {
        return wx_sock_unix_send(f, &o->unix_peer, iov, n);
    }
    if (x->send) {
        const struct sockaddr *to = o->len ? (const struct sockaddr *)&o->sa : NULL;
        return wx_hostsock_send(f, iov, n, to, o->len);
    }
    return wx_hostsock_recv(f, iov, n, x->flags & WX_RI_PEEK ? MSG_PEEK : 0, &o->truncated,
                            x->addressed ? &o->sa : NULL);
}

/* One try; all that is sent to a stream, or with WAITALL received, takes several. @return what
 * there is in all, or -errno */
static ssize_t transfer(struct wx_file *f, struct transfer *t, struct iovec *iov, int n,
                        struct other *o)
{
    bool stream = f->filetype == WX_FT_STREAM;
    bool waitall = (t->x.flags & WX_RI_WAITALL) && !(t->x.flags & WX_RI_PEEK);
    bool all = stream && (t->x.send || waitall);
    wx_iov_skip(&iov, &n, t->done);
    if (stream && wx_iov_total(iov, n) == 0) {
        return (ssize_t)t->done;
    }
    for (;;) {
        ssize_t r = try_once(f, &t->x, iov, n, o);
        if (r == -EAGAIN || (r < 0 && !t->done)) {
            return r;
        }
        t->done += r > 0 ? (uint64_t)r : 0;
        if (!all || r <= 0) { /* the end, or an error that comes again */
            return (ssize_t)t->done;
        }
        wx_iov_skip(&iov, &n, (uint64_t)r);
        if (n == 0) {
            return (ssize_t)t->done;
        }
    }
}

static bool is_unix(struct wx_file *f) { return wx_hostsock_of(f)->family == AF_UNIX; }

static wx_werrno find_other(const struct wx_wasi_call *c, struct wx_file *f, uint64_t ptr,
                            struct other *o)
{
    wx_werrno e = wx_sock_unix_find(c, f, WX_NET_SEND, ptr, &o->unix_peer);
    if (!e) {
        o->len = sizeof o->unix_peer.name;
        memcpy(&o->sa, &o->unix_peer.name, sizeof o->unix_peer.name);
    }
    return e;
}

static wx_werrno read_other(const struct wx_wasi_call *c, struct wx_file *f,
                            const struct wx_sock_transfer *x, struct other *o)
{
    if (!x->addressed) {
        return 0;
    }
    if (!x->send) {
        return wx_guest_check(c, (wx_gptr){x->addr}, WX_ADDR_BYTES);
    }
    if (is_unix(f)) {
        return f->filetype == WX_FT_STREAM ? 0 : find_other(c, f, x->addr, o);
    }
    wx_werrno e = wx_sock_read_addr(c, x->addr, wx_hostsock_of(f)->family, &o->sa, &o->len);
    if (!e && f->filetype == WX_FT_STREAM) {
        o->len = 0; /* it has its peer */
    }
    const char *rule =
        e || !o->len ? NULL : wx_hostsock_refusal(f, (const struct sockaddr *)&o->sa);
    if (rule) {
        bool nowhere = c->env->vnet && !wx_vnet_reaches((const struct sockaddr *)&o->sa);
        wx_wasi_denied(c, "%s", rule);
        e = nowhere ? WX_WERRNO_NETUNREACH : WX_WERRNO_PERM;
    }
    return e;
}

static wx_wasi_ret write_result(struct wx_wasi_call *c, const struct wx_sock_transfer *x,
                                uint64_t n, const struct other *o)
{
    if (!x->send) {
        uint16_t ro = o->truncated ? WX_RO_DATA_TRUNCATED : 0;
        (void)wx_guest_write(c, (wx_gptr){x->ret_flags}, &ro, sizeof ro); /* checked, as below */
        if (x->addressed) {
            (void)wx_sock_write_addr(c, x->addr, &o->sa);
        }
    }
    return wx_guest_write_size(c, (wx_gptr){x->ret_len}, n);
}

static enum wx_outcome resume_transfer(struct wx_thread *t, enum wx_wake why);

enum { S_IOVS, S_N_IOVS, S_RET_LEN, S_RET_FLAGS, S_ADDR, S_REST };
enum { SEND_BIT = 1 << 16, ADDRESSED_BIT = 1 << 17, DONE_SHIFT = 32 };

static wx_wasi_ret wait_transfer(struct wx_wasi_call *c, struct wx_file *f,
                                 const struct transfer *t)
{
    const struct wx_sock_transfer *x = &t->x;
    uint64_t deadline = t->deadline_ns ? t->deadline_ns
                                       : wx_sock_deadline(f, x->send ? WX_SOCK_SEND : WX_SOCK_RECV);
    uint64_t rest = x->flags | (x->send ? SEND_BIT : 0) | (x->addressed ? ADDRESSED_BIT : 0) |
                    t->done << DONE_SHIFT; /* buffers hold less than 2 GiB in all */
    const uint64_t state[WX_SOCK_N_STATE] = {
        [S_IOVS] = x->iovs,           [S_N_IOVS] = x->n_iovs, [S_RET_LEN] = x->ret_len,
        [S_RET_FLAGS] = x->ret_flags, [S_ADDR] = x->addr,     [S_REST] = rest};
    /* A queue of somebody's that is full: nothing tells when it is not. */
    bool blind = x->send && x->addressed && is_unix(f) && f->filetype == WX_FT_DGRAM;
    short events = POLLIN;
    if (x->send) {
        events = blind ? 0 : POLLOUT;
    }
    return wx_sock_wait(c, f, events, deadline, resume_transfer, state);
}

/* Takes the reference of f. */
static wx_wasi_ret do_transfer(struct wx_wasi_call *c, struct wx_file *f, struct transfer *t)
{
    struct iovec iov[WX_MAX_IOVS];
    struct other other = {.len = 0, .unix_peer = {.node_fd = -1}};
    int n = 0;
    other.sa.ss_family = AF_UNSPEC;
    wx_werrno e = wx_guest_check(c, (wx_gptr){t->x.ret_len}, c->is64 ? 8 : 4);
    e = e || t->x.send ? e : wx_guest_check(c, (wx_gptr){t->x.ret_flags}, 2);
    e = e ? e : wx_guest_read_iovs(c, t->x.iovs, t->x.n_iovs, iov, &n);
    e = e ? e : read_other(c, f, &t->x, &other);
    if (e) {
        wx_file_unref(f);
        return e;
    }
    bool first = t->deadline_ns == 0 && !t->gives_up && !t->x.send;
    if (first && wx_iov_total(iov, n) > 0 && wx_file_expects_nothing(f)) {
        return wait_transfer(c, f, t);
    }
    ssize_t r = transfer(f, t, iov, n, &other);
    wx_sock_peer_fini(&other.unix_peer);
    if (r == -EAGAIN && !t->gives_up) {
        if (first) {
            wx_file_found_nothing(f);
        }
        return wait_transfer(c, f, t);
    }
    if (r == -EAGAIN) {
        r = (ssize_t)t->done;
        e = r ? 0 : t->gives_up;
    } else if (r < 0) {
        e = wx_werrno_from_host((int)-r); /* no SIGPIPE: the ABI has no MSG_NOSIGNAL */
    }
    wx_file_unref(f);
    return e ? e : write_result(c, &t->x, (uint64_t)r, &other);
}

static enum wx_outcome resume_transfer(struct wx_thread *thread, enum wx_wake why)
{
    struct wx_wasi_call c;
    struct transfer t;
    uint64_t s[WX_SOCK_N_STATE];
    struct wx_file *f = wx_sock_resumed(thread, &c, s, &t.deadline_ns);
    t.gives_up = wx_sock_woken(wx_signal_restarts(thread, why), t.deadline_ns);
    t.done = s[S_REST] >> DONE_SHIFT;
    t.x = (struct wx_sock_transfer){.send = (s[S_REST] & SEND_BIT) != 0,
                                    .addressed = (s[S_REST] & ADDRESSED_BIT) != 0,
                                    .flags = (uint16_t)s[S_REST],
                                    .iovs = s[S_IOVS],
                                    .n_iovs = s[S_N_IOVS],
                                    .ret_len = s[S_RET_LEN],
                                    .ret_flags = s[S_RET_FLAGS],
                                    .addr = s[S_ADDR]};
    return wx_wasi_finish(&c, do_transfer(&c, f, &t));
}

wx_wasi_ret wx_sock_do_transfer(struct wx_wasi_call *c, struct wx_file *f, bool nonblock,
                                const struct wx_sock_transfer *x)
{
    struct transfer t = {.x = *x, .gives_up = nonblock ? WX_WERRNO_AGAIN : 0};
    return do_transfer(c, f, &t);
}

wx_wasi_ret wx_wasi_sock_recv(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t known =
        WX_RI_PEEK | WX_RI_WAITALL | (c->wasix ? WX_RI_DATA_TRUNCATED | WX_RI_DONTWAIT : 0);
    struct wx_fd fd;
    if (a[3] & ~known) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_sock_get(c, a[0], WX_R(WX_RN_FD_READ), &fd);
    bool nonblock = !e && ((fd.flags & WX_FDFLAG_NONBLOCK) || (a[3] & WX_RI_DONTWAIT));
    const struct wx_sock_transfer x = {
        .flags = (uint16_t)a[3], .iovs = a[1], .n_iovs = a[2], .ret_len = a[4], .ret_flags = a[5]};
    return e ? e : wx_sock_do_transfer(c, fd.file, nonblock, &x);
}

wx_wasi_ret wx_wasi_sock_send(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    if (a[3] & ~(uint64_t)(c->wasix ? WX_SI_DONTWAIT : 0)) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_sock_get(c, a[0], WX_R(WX_RN_FD_WRITE), &fd);
    bool nonblock = !e && ((fd.flags & WX_FDFLAG_NONBLOCK) || (a[3] & WX_SI_DONTWAIT));
    const struct wx_sock_transfer x = {.send = true, .iovs = a[1], .n_iovs = a[2], .ret_len = a[4]};
    return e ? e : wx_sock_do_transfer(c, fd.file, nonblock, &x);
}

/* -------- accepting -------- */

enum { A_FLAGS, A_RIGHTS, A_RET_FD, A_RET_ADDR };

static enum wx_outcome resume_accept(struct wx_thread *t, enum wx_wake why);

/* The number comes first: with none left no connection is taken and lost. Takes f's reference. */
static wx_wasi_ret do_accept(struct wx_wasi_call *c, struct wx_file *f, wx_werrno gives_up,
                             uint64_t deadline_ns, const uint64_t a[WX_SOCK_N_STATE])
{
    uint32_t n;
    struct wx_file *accepted = NULL;
    struct sockaddr_storage peer;
    wx_werrno e = wx_fdtable_reserve(c->env->fds, &n);
    int host = e ? 0 : wx_hostsock_accept(f, &accepted, &peer);
    if (!e && host) {
        wx_fdtable_unreserve(c->env->fds, n);
        if (host == EAGAIN && !gives_up) {
            deadline_ns = deadline_ns ? deadline_ns : wx_sock_deadline(f, WX_SOCK_ACCEPT);
            return wx_sock_wait(c, f, POLLIN, deadline_ns, resume_accept, a);
        }
        e = host == EAGAIN ? gives_up : wx_werrno_from_host(host);
    }
    wx_file_unref(f);
    if (e) {
        return e;
    }
    struct wx_fd fd = {.file = accepted, .rights = a[A_RIGHTS], .flags = (uint16_t)a[A_FLAGS]};
    wx_fdtable_fill(c->env->fds, n, &fd);
    if (a[A_RET_ADDR]) {
        (void)wx_sock_write_addr(c, a[A_RET_ADDR], &peer); /* checked at the start, as below */
    }
    return wx_guest_write_u32(c, (wx_gptr){a[A_RET_FD]}, n);
}

static enum wx_outcome resume_accept(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wasi_call c;
    uint64_t a[WX_SOCK_N_STATE], deadline;
    struct wx_file *f = wx_sock_resumed(t, &c, a, &deadline);
    why = wx_signal_restarts(t, why);
    return wx_wasi_finish(&c, do_accept(&c, f, wx_sock_woken(why, deadline), deadline, a));
}

wx_wasi_ret wx_sock_do_accept(struct wx_wasi_call *c, struct wx_file *f, bool nonblock,
                              uint16_t flags, uint64_t rights, uint64_t ret_fd, uint64_t ret_addr)
{
    const uint64_t state[WX_SOCK_N_STATE] = {
        [A_FLAGS] = flags, [A_RIGHTS] = rights, [A_RET_FD] = ret_fd, [A_RET_ADDR] = ret_addr};
    return do_accept(c, f, nonblock ? WX_WERRNO_AGAIN : 0, 0, state);
}

wx_wasi_ret wx_wasi_sock_accept(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    if (a[1] & ~(uint64_t)WX_FDFLAG_NONBLOCK) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[2]}, 4);
    if (e || (e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_ACCEPT), &fd))) {
        return e;
    }
    return wx_sock_do_accept(c, fd.file, (fd.flags & WX_FDFLAG_NONBLOCK) != 0, (uint16_t)a[1],
                             fd.inheriting, a[2], 0);
}

/* -------- ending -------- */

wx_wasi_ret wx_wasi_sock_shutdown(struct wx_wasi_call *c, const uint64_t *a)
{
    static const int how[4] = {-1, SHUT_RD, SHUT_WR, SHUT_RDWR};
    struct wx_fd fd;
    wx_werrno e = wx_sock_get(c, a[0], WX_R(WX_RN_SOCK_SHUTDOWN), &fd);
    if (e) {
        return e;
    }
    int host = a[1] == 0 || (a[1] & ~(uint64_t)(SD_RD | SD_WR))
                   ? EINVAL
                   : wx_hostsock_shutdown(fd.file, how[a[1]]);
    wx_file_unref(fd.file);
    return host ? wx_werrno_from_host(host) : 0;
}
