/* SPDX-License-Identifier: Apache-2.0 */
/* epoll_create, epoll_ctl, epoll_wait. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/bits.h"
#include "os/clock.h"
#include "vfs/epoll.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"

#define EVENT_BYTES 32u
#define BATCH 128

/* Bits of the ABI and of the host. */
static const uint32_t bits[] = {EPOLLIN,  EPOLLOUT, EPOLLRDHUP, EPOLLPRI,
                                EPOLLERR, EPOLLHUP, EPOLLET,    EPOLLONESHOT};
#define N_BITS (sizeof bits / sizeof *bits)

static uint32_t to_host(uint32_t guest)
{
    uint32_t host = 0;
    for (size_t i = 0; i < N_BITS; i++) {
        host |= guest >> i & 1 ? bits[i] : 0;
    }
    return host;
}

static uint32_t to_guest(uint32_t host)
{
    uint32_t guest = 0;
    for (size_t i = 0; i < N_BITS; i++) {
        guest |= host & bits[i] ? 1u << i : 0;
    }
    return guest;
}

wx_wasi_ret wx_wasi_epoll_create(struct wx_wasi_call *c, const uint64_t *a)
{
    uint32_t n;
    struct wx_file *f;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, 4);
    e = e ? e : wx_fdtable_reserve(c->env->fds, &n);
    if (e) {
        return e;
    }
    int host = wx_epoll_new(c->env->file_mem, wx_engine_get_fds(c->env->engine), &f);
    if (host) {
        wx_fdtable_unreserve(c->env->fds, n);
        return wx_werrno_from_host(host);
    }
    const struct wx_fd fd = {.file = f,
                             .rights = WX_R(WX_RN_POLL_FD_READWRITE) |
                                       WX_R(WX_RN_FD_FDSTAT_SET_FLAGS) |
                                       WX_R(WX_RN_FD_FILESTAT_GET)};
    wx_fdtable_fill(c->env->fds, n, &fd);
    return wx_guest_write_u32(c, (wx_gptr){a[0]}, n); /* checked */
}

/* A set, with a reference. */
static wx_werrno get_set(const struct wx_wasi_call *c, uint64_t fd, struct wx_fd *ret)
{
    wx_werrno e = wx_fdtable_get(c->env->fds, (uint32_t)fd, ret);
    if (!e && !wx_file_is_epoll(ret->file)) {
        wx_file_unref(ret->file);
        e = WX_WERRNO_INVAL;
    }
    return e;
}

/* The bytes of an event go round as they are, but for the descriptor in them. */
static wx_werrno read_event(const struct wx_wasi_call *c, uint64_t ptr, uint32_t fd,
                            struct wx_epoll_event *ret)
{
    uint8_t b[EVENT_BYTES];
    if (ptr == 0) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_read(c, (wx_gptr){ptr}, b, sizeof b);
    if (!e) {
        wx_put_u32(b + (c->is64 ? 16 : 12), fd);
        ret->events = to_host(wx_get_u32(b));
        memcpy(ret->data, b + EVENT_BYTES - WX_EPOLL_DATA, WX_EPOLL_DATA);
    }
    return e;
}

/* The libc passes the numbers of Linux. */
enum { OP_ADD_TOO, OP_ADD, OP_DEL, OP_MOD };

static int change(struct wx_file *set, uint32_t op, uint32_t n, struct wx_file *f,
                  const struct wx_epoll_event *event)
{
    switch (op) {
    case OP_DEL: return wx_epoll_remove(set, n, f);
    case OP_MOD: return wx_epoll_modify(set, n, f, event);
    default: return wx_epoll_add(set, n, f, event);
    }
}

wx_wasi_ret wx_wasi_epoll_ctl(struct wx_wasi_call *c, const uint64_t *a)
{
    uint32_t op = (uint32_t)a[1], n = (uint32_t)a[2];
    struct wx_epoll_event event = {0};
    struct wx_fd set, fd;
    if (op > OP_MOD) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = op == OP_DEL ? 0 : read_event(c, a[3], n, &event);
    if (e || (e = get_set(c, a[0], &set))) {
        return e;
    }
    e = wx_fdtable_get(c->env->fds, n, &fd);
    if (!e) {
        const uint64_t right = WX_R(WX_RN_POLL_FD_READWRITE);
        if (fd.file->filetype != WX_FT_FILE && !(fd.rights & right)) {
            wx_wasi_denied_rights(c, n, right);
            e = WX_WERRNO_NOTCAPABLE;
        } else {
            int host = change(set.file, op, n, fd.file, &event);
            e = host ? wx_werrno_from_host(host) : 0;
        }
        wx_file_unref(fd.file);
    }
    wx_file_unref(set.file);
    return e;
}

/* -------- waiting -------- */

/* State of a wait: the set is referenced by it. */
enum { S_EVENTS, S_MAX, S_RET_N, S_SET };

static enum wx_outcome resume_wait(struct wx_thread *t, enum wx_wake why);

static void release_wait(struct wx_thread *t)
{
    struct wx_wait *w = &t->out.wait;
    wx_file_unref((struct wx_file *)(uintptr_t)w->state[S_SET]);
    wx_free(&t->store->mem, w->fds);
}

static void write_events(const struct wx_wasi_call *c, uint64_t at,
                         const struct wx_epoll_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        uint8_t b[EVENT_BYTES] = {0};
        wx_put_u32(b, to_guest(events[i].events));
        memcpy(b + EVENT_BYTES - WX_EPOLL_DATA, events[i].data, WX_EPOLL_DATA);
        (void)wx_guest_write(c, (wx_gptr){at + (uint64_t)i * EVENT_BYTES}, b,
                             sizeof b); /* checked */
    }
}

/* Takes the set's reference. deadline 0: only a look */
static wx_wasi_ret wait_events(struct wx_wasi_call *c, const uint64_t s[4], uint64_t deadline)
{
    struct wx_file *set = (struct wx_file *)(uintptr_t)s[S_SET];
    struct wx_epoll_event events[BATCH];
    int n = wx_epoll_take(set, events, s[S_MAX] < BATCH ? (int)s[S_MAX] : BATCH);
    struct pollfd *fds = NULL;
    if (n == 0 && deadline) {
        fds = wx_zalloc_array(&c->t->store->mem, 2, sizeof *fds);
        n = fds ? 0 : -ENOMEM;
    }
    if (!fds) {
        wx_file_unref(set);
        if (n < 0) {
            return wx_werrno_from_host(-n);
        }
        write_events(c, s[S_EVENTS], events, n);
        return wx_guest_write_size(c, (wx_gptr){s[S_RET_N]}, (uint64_t)n);
    }
    fds[0] = (struct pollfd){.fd = set->host_fd, .events = POLLIN};
    c->t->out.wait = (struct wx_wait){.kind = WX_WAIT_FDS,
                                      .deadline_ns = deadline,
                                      .fds = fds,
                                      .n_fds = 1,
                                      .resume = resume_wait,
                                      .abandon = release_wait,
                                      .data = c->binding,
                                      .slots = c->slots,
                                      .state = {s[0], s[1], s[2], s[3]}};
    return WX_RET_WAIT;
}

static enum wx_outcome resume_wait(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    wx_free(&t->store->mem, w.fds);
    if (why == WX_WAKE_SIGNAL) {
        wx_file_unref((struct wx_file *)(uintptr_t)w.state[S_SET]);
        return wx_wasi_finish(&c, WX_WERRNO_INTR);
    }
    uint64_t deadline = why == WX_WAKE_TIMEOUT ? 0 : w.deadline_ns; /* a last look */
    return wx_wasi_finish(&c, wait_events(&c, w.state, deadline));
}

wx_wasi_ret wx_wasi_epoll_wait(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd set;
    int32_t max = (int32_t)(uint32_t)a[2];
    if (max <= 0) {
        return WX_WERRNO_INVAL;
    }
    uint64_t n = max < BATCH ? (uint64_t)max : BATCH; /* no more are written */
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, n * EVENT_BYTES);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[4]}, c->is64 ? 8 : 4);
    if (e || (e = get_set(c, a[0], &set))) {
        return e;
    }
    const uint64_t state[4] = {a[1], n, a[4], (uint64_t)(uintptr_t)set.file};
    return wait_events(c, state, a[3] == 0 ? 0 : wx_clock_after(a[3]));
}
