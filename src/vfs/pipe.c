/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes and event counters, on those of the host. */
/*
 * Their host descriptors are nobody else's, so they are non-blocking. A write into a pipe without a
 * reader raises SIGPIPE in the host's thread. Both ends are ours, so that is known beforehand: the
 * reading end is closed under a lock, which a write holds too. (Holding the signal back instead, as
 * for pipes of the host's, takes two more system calls for each write.)
 */
#include "vfs/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/racy.h"
#include "os/fd.h"
#include "os/lock.h"

/* Common to both ends. */
struct link {
    struct wx_mem *mem;
    uint32_t refs;        /* atomic */
    struct wx_mutex lock; /* leaf */
    bool no_reader WAX_GUARDED_BY(&lock);
};

struct pipefile {
    struct wx_file file;
    struct link *link;
    bool writes;
};

static struct pipefile *in(struct wx_file *f) { return (struct pipefile *)(void *)f; }

static ssize_t result(ssize_t r) { return r < 0 ? -errno : r; }

static ssize_t pipe_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    struct pipefile *p = in(f);
    if (off >= 0) {
        return -ESPIPE;
    }
    if (write != p->writes) {
        return -EBADF;
    }
    if (wx_iov_total(iov, n) == 0) {
        return 0;
    }
    if (!write) {
        return result(wx_iov_read(f->host_fd, iov, n));
    }
    wx_mutex_lock(&p->link->lock);
    ssize_t r = p->link->no_reader ? -EPIPE : result(wx_iov_write(f->host_fd, iov, n));
    wx_mutex_unlock(&p->link->lock);
    return r;
}

static int host_stat(struct wx_file *f, struct stat *ret)
{
    return fstat(f->host_fd, ret) != 0 ? errno : 0;
}

static void link_unref(struct link *l)
{
    if (l && wx_sub_acqrel(&l->refs, 1) == 1) {
        wx_mutex_fini(&l->lock);
        wx_free(l->mem, l);
    }
}

static void pipe_free(struct wx_file *f)
{
    struct pipefile *p = in(f);
    wx_mutex_lock(&p->link->lock);
    p->link->no_reader = p->link->no_reader || !p->writes;
    (void)wx_fd_close(&f->host_fd); /* nothing to lose */
    wx_mutex_unlock(&p->link->lock);
    link_unref(p->link);
    wx_free(f->mem, p);
}

static const struct wx_file_ops pipe_ops = {
    .io = pipe_io,
    .seek = wx_file_no_seek,
    .stat = host_stat,
    .truncate = wx_file_no_truncate,
    .allocate = wx_file_no_allocate,
    .advise = wx_file_no_advise,
    .sync = wx_file_no_sync,
    .utimens = wx_file_no_utimens,
    .set_append = wx_file_any_append,
    .list = wx_file_no_list,
    .free = pipe_free,
};

static struct wx_file *new_end(struct wx_mem *mem, struct link *link, bool writes)
{
    struct pipefile *p = wx_zalloc(mem, sizeof *p);
    if (!p) {
        return NULL;
    }
    wx_file_init(&p->file, &pipe_ops, mem, WX_FT_UNKNOWN);
    p->file.whole = true;
    p->link = link;
    p->writes = writes;
    wx_add_relaxed(&link->refs, 1);
    return &p->file;
}

int wx_pipe_new(struct wx_mem *mem, struct wx_file *ret[2])
{
    int fds[2];
    struct link *link = wx_zalloc(mem, sizeof *link);
    if (!link) {
        return ENOMEM;
    }
    link->mem = mem;
    link->refs = 1;
    wx_mutex_init(&link->lock);
    struct wx_file *ends[2] = {new_end(mem, link, false), new_end(mem, link, true)};
    int e = !ends[0] || !ends[1] ? ENOMEM : pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0 ? errno : 0;
    for (int i = 0; i < 2; i++) {
        if (e) {
            wx_file_unref(ends[i]);
        } else {
            ends[i]->host_fd = fds[i];
            ret[i] = ends[i];
        }
    }
    link_unref(link);
    return e;
}

/* -------- event counters -------- */

/* Guest memory may change under a copy: the number is taken once. */
static void gather(uint64_t *v, const struct iovec *iov, int n)
{
    size_t at = 0;
    for (int i = 0; i < n && at < sizeof *v; i++) {
        size_t len = iov[i].iov_len < sizeof *v - at ? iov[i].iov_len : sizeof *v - at;
        wx_copy_racy((uint8_t *)v + at, iov[i].iov_base, len);
        at += len;
    }
}

static void scatter(const uint64_t *v, const struct iovec *iov, int n)
{
    size_t at = 0;
    for (int i = 0; i < n && at < sizeof *v; i++) {
        size_t len = iov[i].iov_len < sizeof *v - at ? iov[i].iov_len : sizeof *v - at;
        wx_copy_racy(iov[i].iov_base, (const uint8_t *)v + at, len);
        at += len;
    }
}

static ssize_t event_io(struct wx_file *f, bool write_it, struct iovec *iov, int n, int64_t off)
{
    uint64_t v = 0;
    if (off >= 0 || wx_iov_total(iov, n) < sizeof v) {
        return off >= 0 ? -ESPIPE : -EINVAL;
    }
    if (write_it) {
        gather(&v, iov, n);
        return result(write(f->host_fd, &v, sizeof v));
    }
    ssize_t r = result(read(f->host_fd, &v, sizeof v));
    if (r > 0) {
        scatter(&v, iov, n);
    }
    return r;
}

static void event_free(struct wx_file *f)
{
    (void)wx_fd_close(&f->host_fd); /* nothing to lose */
    wx_free(f->mem, f);
}

static const struct wx_file_ops event_ops = {
    .io = event_io,
    .seek = wx_file_no_seek,
    .stat = host_stat,
    .truncate = wx_file_no_truncate,
    .allocate = wx_file_no_allocate,
    .advise = wx_file_no_advise,
    .sync = wx_file_no_sync,
    .utimens = wx_file_no_utimens,
    .set_append = wx_file_any_append,
    .list = wx_file_no_list,
    .free = event_free,
};

int wx_eventfile_new(struct wx_mem *mem, uint64_t count, bool semaphore, struct wx_file **ret)
{
    if (count == UINT64_MAX) {
        return EINVAL;
    }
    struct wx_file *f = wx_zalloc(mem, sizeof *f);
    if (!f) {
        return ENOMEM;
    }
    wx_file_init(f, &event_ops, mem, WX_FT_UNKNOWN);
    f->host_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | (semaphore ? EFD_SEMAPHORE : 0));
    /* eventfd() itself takes 32 bits only */
    if (f->host_fd < 0 || (count && write(f->host_fd, &count, sizeof count) < 0)) {
        int e = errno;
        wx_file_unref(f);
        return e;
    }
    *ret = f;
    return 0;
}
