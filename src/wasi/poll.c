/* SPDX-License-Identifier: Apache-2.0 */
/* poll_oneoff: clocks and descriptors, without blocking the handler. */
/*
 * All subscriptions are read and checked first (buffers may overlap). What is ready at once is
 * reported at once; else the call waits for the descriptors and the earliest clock, and looks
 * again.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "os/clock.h"
#include "vfs/hostsock.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"

#define MAX_SUBS 1024

enum { TAG_CLOCK, TAG_READ, TAG_WRITE };

struct sub {
    uint64_t userdata;
    uint8_t tag;
    uint16_t error;       /* reported in its event */
    uint64_t deadline_ns; /* TAG_CLOCK: monotonic */
    struct wx_file *file; /* TAG_READ, TAG_WRITE */
    int32_t poll_idx;     /* in fds, -1 if none */
};

struct state {
    struct wx_mem *mem;
    uint32_t n;
    uint32_t n_fds;
    uint64_t out, nevents;
    struct pollfd *fds;
    struct sub subs[];
};

static void state_free(struct state *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        wx_file_unref(s->subs[i].file);
    }
    wx_free(s->mem, s->fds);
    wx_free(s->mem, s);
}

/* Relative times count from now; absolute ones are turned into monotonic time. */
static uint16_t clock_deadline(const struct wx_env *env, uint32_t id, uint64_t timeout,
                               bool absolute, uint64_t *ret)
{
    static const clockid_t clocks[2] = {CLOCK_REALTIME, CLOCK_MONOTONIC};
    uint64_t now = 0;
    if (id > 1) {
        return WX_WERRNO_INVAL;
    }
    if (absolute) {
        (void)wx_clock_get(clocks[id], &now); /* both always exist */
        now += clocks[id] == CLOCK_REALTIME ? (uint64_t)wx_load_relaxed(&env->realtime_offset) : 0;
        timeout = timeout > now ? timeout - now : 0;
    }
    *ret = wx_clock_after(timeout);
    return 0;
}

static wx_werrno read_sub(struct wx_wasi_call *c, struct state *s, const uint8_t *b, bool snapshot0)
{
    struct sub *sub = &s->subs[s->n++];
    *sub = (struct sub){.userdata = wx_get_u64(b), .tag = b[8], .poll_idx = -1};
    if (sub->tag == TAG_CLOCK) {
        const uint8_t *u = b + (snapshot0 ? 24 : 16);
        bool absolute = (wx_get_u16(u + 24) & 1) != 0;
        sub->error =
            clock_deadline(c->env, wx_get_u32(u), wx_get_u64(u + 8), absolute, &sub->deadline_ns);
        return 0;
    }
    if (sub->tag > TAG_WRITE) {
        return WX_WERRNO_INVAL;
    }
    struct wx_fd fd;
    sub->error = wx_fdtable_get(c->env->fds, wx_get_u32(b + 16), &fd);
    if (!sub->error) {
        sub->file = fd.file;
        sub->error = fd.rights & WX_R(WX_RN_POLL_FD_READWRITE) ? 0 : WX_WERRNO_NOTCAPABLE;
    }
    if (!sub->error && sub->file->host_fd >= 0 && sub->file->filetype != WX_FT_FILE) {
        sub->poll_idx = (int32_t)s->n_fds;
        s->fds[s->n_fds++] = (struct pollfd){.fd = sub->file->host_fd,
                                             .events = sub->tag == TAG_READ ? POLLIN : POLLOUT};
    }
    return 0;
}

/* What is left of a file in memory. */
static uint64_t bytes_left(struct wx_file *f)
{
    struct stat st;
    int64_t at = f->ops->seek(f, 0, SEEK_CUR);
    bool known = at >= 0 && f->ops->stat(f, &st) == 0 && st.st_size > at;
    return known ? (uint64_t)(st.st_size - at) : 0;
}

static uint64_t bytes_ready(const struct sub *sub)
{
    int n = 0;
    uint64_t over = wx_file_is_socket(sub->file) ? wx_hostsock_overhead(sub->file) : 0;
    if (sub->tag == TAG_READ && sub->file->host_fd < 0) {
        return sub->file->filetype == WX_FT_FILE ? bytes_left(sub->file) : 0;
    }
    if (sub->tag == TAG_READ && sub->file->host_fd >= 0 &&
        ioctl(sub->file->host_fd, FIONREAD, &n) == 0 && n > 0) {
        return (uint64_t)n > over ? (uint64_t)n - over : 0;
    }
    return sub->tag == TAG_READ ? 0 : 1;
}

/* Write the event of a ready subscription. @return whether it is ready */
static bool report(struct wx_wasi_call *c, struct state *s, const struct sub *sub, uint32_t n,
                   uint64_t now)
{
    uint8_t b[32] = {0};
    if (!sub->error && sub->tag == TAG_CLOCK && now < sub->deadline_ns) {
        return false;
    }
    if (!sub->error && sub->poll_idx >= 0 && !s->fds[sub->poll_idx].revents) {
        return false;
    }
    wx_put_u64(b, sub->userdata);
    wx_put_u16(b + 8, sub->error);
    b[10] = sub->tag;
    if (!sub->error && sub->tag != TAG_CLOCK) {
        wx_put_u64(b + 16, bytes_ready(sub));
        /* POLLERR is how the writing end of a pipe learns that its reader is gone */
        bool hup = sub->poll_idx >= 0 && (s->fds[sub->poll_idx].revents & (POLLHUP | POLLERR));
        wx_put_u16(b + 24, hup);
    }
    (void)wx_guest_write(c, (wx_gptr){s->out + (uint64_t)n * 32}, b, sizeof b); /* checked */
    return true;
}

static uint32_t report_all(struct wx_wasi_call *c, struct state *s)
{
    uint64_t now = wx_clock_now();
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        n += report(c, s, &s->subs[i], n, now);
    }
    return n;
}

static void abandon(struct wx_thread *t) { state_free(t->out.wait.data); }

static enum wx_outcome resume_poll(struct wx_thread *t, enum wx_wake why);

static wx_wasi_ret look(struct wx_wasi_call *c, struct state *s)
{
    uint64_t earliest = UINT64_MAX;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->subs[i].tag == TAG_CLOCK && s->subs[i].deadline_ns < earliest) {
            earliest = s->subs[i].deadline_ns;
        }
    }
    uint32_t n = report_all(c, s);
    if (n) {
        wx_wasi_ret r = wx_guest_write_size(c, (wx_gptr){s->nevents}, n);
        state_free(s);
        return r;
    }
    c->t->out.wait = (struct wx_wait){.kind = s->n_fds ? WX_WAIT_FDS : WX_WAIT_TIME,
                                      .deadline_ns = earliest,
                                      .fds = s->fds,
                                      .n_fds = s->n_fds,
                                      .seq = wx_load_seq(&c->t->wake_seq),
                                      .resume = resume_poll,
                                      .abandon = abandon,
                                      .data = s,
                                      .slots = c->slots,
                                      .state = {(uint64_t)(uintptr_t)c->binding}};
    return WX_RET_WAIT;
}

static enum wx_outcome resume_poll(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, (void *)(uintptr_t)w.state[0], w.slots);
    if (why == WX_WAKE_SIGNAL) {
        state_free(w.data);
        return wx_wasi_finish(&c, WX_WERRNO_INTR);
    }
    /* descriptors and clocks are looked at anew */
    return wx_wasi_finish(&c, look(&c, w.data));
}

static wx_wasi_ret poll_oneoff(struct wx_wasi_call *c, const uint64_t *a, bool snapshot0)
{
    uint64_t n = a[2], size = snapshot0 ? 56 : 48;
    if (n == 0 || n > MAX_SUBS) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, n * size);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[1]}, n * 32);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[3]}, c->is64 ? 8 : 4);
    if (e) {
        return e;
    }
    struct state *s = wx_zalloc(&c->env->mem, sizeof *s + n * sizeof s->subs[0]);
    if (!s) {
        return WX_WERRNO_NOMEM;
    }
    s->mem = &c->env->mem;
    s->out = a[1];
    s->nevents = a[3];
    s->fds = wx_zalloc_array(s->mem, n + 1, sizeof *s->fds); /* one more, as waits want */
    e = s->fds ? 0 : WX_WERRNO_NOMEM;
    for (uint64_t i = 0; i < n && !e; i++) {
        uint8_t b[56];
        (void)wx_guest_read(c, (wx_gptr){a[0] + i * size}, b, size); /* checked */
        e = read_sub(c, s, b, snapshot0);
    }
    if (e) {
        state_free(s);
        return e;
    }
    if (s->n_fds) {
        (void)poll(s->fds, s->n_fds, 0); /* only a look; errors show as nothing ready */
    }
    return look(c, s);
}

wx_wasi_ret wx_wasi_poll_oneoff(struct wx_wasi_call *c, const uint64_t *a)
{
    return poll_oneoff(c, a, false);
}

wx_wasi_ret wx_wasi_snapshot0_poll_oneoff(struct wx_wasi_call *c, const uint64_t *a)
{
    return poll_oneoff(c, a, true);
}
