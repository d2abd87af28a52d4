/* SPDX-License-Identifier: Apache-2.0 */
/* fd_* calls: reading and writing, positions, attributes. */
/*
 * What a file does is its filesystem's (vfs/file.h) and never blocks. When it would, the call
 * returns WAIT for the descriptor and is tried again when it is ready (R1, R20).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bits.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/filestat.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"
#include "wasi/signal.h"
#include "wasi/sock.h"

static wx_werrno get(const struct wx_wasi_call *c, uint64_t n, uint64_t right, struct wx_fd *fd)
{
    wx_werrno e = wx_fdtable_get(c->env->fds, (uint32_t)n, fd);
    if (!e && (fd->rights & right) != right) {
        bool io = right == WX_R(WX_RN_FD_READ) || right == WX_R(WX_RN_FD_WRITE);
        e = io && fd->file->filetype == WX_FT_DIR ? WX_WERRNO_ISDIR
            : io                                  ? WX_WERRNO_BADF
                                                  : WX_WERRNO_NOTCAPABLE;
        wx_wasi_denied_rights(c, (uint32_t)n, right & ~fd->rights);
        wx_file_unref(fd->file);
    }
    return e;
}

/* End of a call on a file, with its host errno. */
static wx_wasi_ret put(struct wx_fd *fd, int host_errno)
{
    wx_file_unref(fd->file);
    return host_errno ? wx_werrno_from_host(host_errno) : 0;
}

/* -------- reading and writing -------- */

struct io {
    bool write;
    int64_t off; /* -1: at the file's position */
    uint64_t fd, iovs, n_iovs, ret_ptr;
    uint64_t done;        /* bytes already written */
    uint64_t deadline_ns; /* 0: it has not waited */
};

static enum wx_outcome resume_io(struct wx_thread *t, enum wx_wake why);

static void release_wait(struct wx_thread *t)
{
    struct wx_wait *w = &t->out.wait;
    wx_file_unref((struct wx_file *)(uintptr_t)w->state[5]);
    wx_free(&t->store->mem, w->fds);
}

/* Ask for the descriptor to become ready; keeps the file referenced meanwhile. */
static wx_wasi_ret wait_for(struct wx_wasi_call *c, struct io *io, struct wx_file *f)
{
    struct pollfd *fds = wx_zalloc_array(&c->t->store->mem, 2, sizeof *fds);
    if (!fds) {
        wx_file_unref(f);
        return io->done ? wx_guest_write_size(c, (wx_gptr){io->ret_ptr}, io->done)
                        : WX_WERRNO_NOMEM;
    }
    fds[0] = (struct pollfd){.fd = f->host_fd, .events = io->write ? POLLOUT : POLLIN};
    if (io->deadline_ns == 0) { /* the first wait: sockets may have a timeout */
        io->deadline_ns = wx_file_is_socket(f)
                              ? wx_sock_deadline(f, io->write ? WX_SOCK_SEND : WX_SOCK_RECV)
                              : UINT64_MAX;
    }
    c->t->out.wait =
        (struct wx_wait){.kind = WX_WAIT_FDS,
                         .deadline_ns = io->deadline_ns,
                         .fds = fds,
                         .n_fds = 1,
                         .resume = resume_io,
                         .abandon = release_wait,
                         .data = c->binding,
                         .slots = c->slots,
                         .state = {io->write, io->fd, io->iovs, io->n_iovs, io->ret_ptr,
                                   (uint64_t)(uintptr_t)f, io->done, io->deadline_ns}};
    return WX_RET_WAIT;
}

/*
 * One try, or as many as it takes to write all without waiting. A write that waits does so until
 * all is written, as POSIX wants of pipes and streams. @return bytes in all, or -errno; EAGAIN also
 * when some of a write that may wait is done
 */
static ssize_t transfer(struct wx_file *f, struct io *io, struct iovec *iov, int n, bool waits)
{
    bool whole = io->write && f->whole && waits;
    wx_iov_skip(&iov, &n, io->done);
    for (;;) {
        ssize_t r = f->ops->io(f, io->write, iov, n, io->off);
        if (r < 0) {
            return io->done && r != -EAGAIN ? (ssize_t)io->done : r;
        }
        io->done += (uint64_t)r;
        wx_iov_skip(&iov, &n, (uint64_t)r);
        if (!whole || r == 0 || n == 0) {
            return (ssize_t)io->done;
        }
    }
}

/* Takes the reference of fd->file. */
static wx_wasi_ret do_io(struct wx_wasi_call *c, struct io *io, struct wx_fd *fd)
{
    struct iovec iov[WX_MAX_IOVS];
    int n = 0;
    wx_werrno e = wx_guest_check(c, (wx_gptr){io->ret_ptr}, c->is64 ? 8 : 4);
    if (!e) {
        e = wx_guest_read_iovs(c, io->iovs, io->n_iovs, iov, &n);
    }
    if (e) {
        wx_file_unref(fd->file);
        return e;
    }
    bool waits = fd->file->host_fd >= 0 && !(fd->flags & WX_FDFLAG_NONBLOCK);
    bool first = waits && !io->write && io->off < 0 && io->deadline_ns == 0;
    if (first && wx_iov_total(iov, n) > 0 && wx_file_expects_nothing(fd->file)) {
        return wait_for(c, io, fd->file);
    }
    ssize_t r = transfer(fd->file, io, iov, n, waits);
    if (r == -EAGAIN && waits) {
        if (first) {
            wx_file_found_nothing(fd->file);
        }
        return wait_for(c, io, fd->file);
    }
    e = r >= 0      ? 0
        : io->write ? wx_wasi_write_failed(c, fd->file, (int)-r)
                    : wx_werrno_from_host((int)-r);
    wx_file_unref(fd->file);
    return e ? e : wx_guest_write_size(c, (wx_gptr){io->ret_ptr}, (uint64_t)r);
}

static enum wx_outcome resume_io(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    why = wx_signal_restarts(t, why);
    if (why == WX_WAKE_SIGNAL) {
        release_wait(t);
        return wx_wasi_finish(&c, WX_WERRNO_INTR);
    }
    wx_free(&t->store->mem, w.fds);
    struct io io = {w.state[0] != 0, -1,         w.state[1], w.state[2],
                    w.state[3],      w.state[4], w.state[6], w.state[7]};
    struct wx_fd fd = {.file = (struct wx_file *)(uintptr_t)w.state[5]};
    if (why != WX_WAKE_READY) {
        wx_werrno e = why == WX_WAKE_SIGNAL ? WX_WERRNO_INTR : WX_WERRNO_AGAIN;
        wx_file_unref(fd.file);
        return wx_wasi_finish(&c, io.done ? wx_guest_write_size(&c, (wx_gptr){io.ret_ptr}, io.done)
                                          : e);
    }
    return wx_wasi_finish(&c, do_io(&c, &io, &fd));
}

static wx_wasi_ret start_io(struct wx_wasi_call *c, struct io *io)
{
    struct wx_fd fd;
    wx_werrno e = get(c, io->fd, io->write ? WX_R(WX_RN_FD_WRITE) : WX_R(WX_RN_FD_READ), &fd);
    return e ? e : do_io(c, io, &fd);
}

wx_wasi_ret wx_wasi_fd_read(struct wx_wasi_call *c, const uint64_t *a)
{
    return start_io(c, &(struct io){false, -1, a[0], a[1], a[2], a[3], 0, 0});
}

wx_wasi_ret wx_wasi_fd_write(struct wx_wasi_call *c, const uint64_t *a)
{
    return start_io(c, &(struct io){true, -1, a[0], a[1], a[2], a[3], 0, 0});
}

wx_wasi_ret wx_wasi_fd_pread(struct wx_wasi_call *c, const uint64_t *a)
{
    return a[3] > INT64_MAX
               ? WX_WERRNO_INVAL
               : start_io(c, &(struct io){false, (int64_t)a[3], a[0], a[1], a[2], a[4], 0, 0});
}

wx_wasi_ret wx_wasi_fd_pwrite(struct wx_wasi_call *c, const uint64_t *a)
{
    return a[3] > INT64_MAX
               ? WX_WERRNO_INVAL
               : start_io(c, &(struct io){true, (int64_t)a[3], a[0], a[1], a[2], a[4], 0, 0});
}

/* -------- positions -------- */

static wx_wasi_ret seek(struct wx_wasi_call *c, uint64_t n, int64_t off, int whence, uint64_t right,
                        wx_gptr ret)
{
    wx_werrno e = wx_guest_check(c, ret, 8);
    struct wx_fd fd;
    if (e || (e = wx_fdtable_get(c->env->fds, (uint32_t)n, &fd))) {
        return e;
    }
    if (!(fd.rights & right)) { /* one of them is enough */
        wx_wasi_denied_rights(c, (uint32_t)n, right);
        (void)put(&fd, 0);
        return WX_WERRNO_NOTCAPABLE;
    }
    int64_t at = fd.file->ops->seek(fd.file, off, whence);
    wx_wasi_ret r = put(&fd, at < 0 ? (int)-at : 0);
    return r ? r : wx_guest_write_u64(c, ret, (uint64_t)at);
}

wx_wasi_ret wx_wasi_fd_seek(struct wx_wasi_call *c, const uint64_t *a)
{
    static const int whence[3] = {SEEK_SET, SEEK_CUR, SEEK_END};
    return a[2] > 2
               ? WX_WERRNO_INVAL
               : seek(c, a[0], (int64_t)a[1], whence[a[2]], WX_R(WX_RN_FD_SEEK), (wx_gptr){a[3]});
}

wx_wasi_ret wx_wasi_snapshot0_fd_seek(struct wx_wasi_call *c, const uint64_t *a)
{
    static const int whence[3] = {SEEK_CUR, SEEK_END, SEEK_SET};
    return a[2] > 2
               ? WX_WERRNO_INVAL
               : seek(c, a[0], (int64_t)a[1], whence[a[2]], WX_R(WX_RN_FD_SEEK), (wx_gptr){a[3]});
}

wx_wasi_ret wx_wasi_fd_tell(struct wx_wasi_call *c, const uint64_t *a)
{
    /* witx: the right to seek implies the one to tell. */
    return seek(c, a[0], 0, SEEK_CUR, WX_R(WX_RN_FD_TELL) | WX_R(WX_RN_FD_SEEK), (wx_gptr){a[1]});
}

/* -------- attributes -------- */

#define ROOT_FD 3u

/*
 * libc asks for the rights of descriptor 3 before every open, as that of the root, and for less
 * than those it asks nothing. It is told the root's unless another file is there, and then those
 * that files may be opened with.
 */
static wx_werrno get_for_stat(struct wx_wasi_call *c, uint64_t fd, struct wx_fd *ret)
{
    wx_werrno e = get(c, fd, 0, ret);
    if (c->env->wasix && fd == ROOT_FD) {
        if (e) {
            wx_env_take_root(c->env, ret);
        } else if (ret->file->filetype != WX_FT_DIR) {
            ret->inheriting = WX_RIGHTS_ALL;
        }
        e = 0;
    }
    return e;
}

wx_wasi_ret wx_wasi_fd_fdstat_get(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, 24);
    if (e || (e = get_for_stat(c, a[0], &fd))) {
        return e;
    }
    uint8_t b[24] = {0};
    b[0] = fd.file->filetype;
    wx_put_u16(b + 2, fd.flags);
    wx_put_u64(b + 8, fd.rights);
    wx_put_u64(b + 16, fd.inheriting);
    (void)put(&fd, 0);
    return wx_guest_write(c, (wx_gptr){a[1]}, b, sizeof b);
}

wx_wasi_ret wx_wasi_fd_fdstat_set_flags(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    if (a[1] & ~UINT64_C(31)) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = get(c, a[0], WX_R(WX_RN_FD_FDSTAT_SET_FLAGS), &fd);
    if (e) {
        return e;
    }
    const uint16_t sync = WX_FDFLAG_DSYNC | WX_FDFLAG_RSYNC | WX_FDFLAG_SYNC;
    if (((uint16_t)a[1] ^ fd.flags) & sync) {
        (void)put(&fd, 0);
        return WX_WERRNO_INVAL; /* the host can not change these later */
    }
    wx_wasi_ret r = put(&fd, fd.file->ops->set_append(fd.file, (a[1] & WX_FDFLAG_APPEND) != 0));
    return r ? r : wx_fdtable_set_flags(c->env->fds, (uint32_t)a[0], (uint16_t)a[1]);
}

wx_wasi_ret wx_wasi_fd_fdstat_set_rights(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_werrno e = wx_fdtable_set_rights(c->env->fds, (uint32_t)a[0], a[1], a[2]);
    if (e == WX_WERRNO_NOTCAPABLE) {
        wx_wasi_denied(c, "rights can only be given up");
    }
    return e;
}

static wx_wasi_ret filestat_get(struct wx_wasi_call *c, const uint64_t *a, bool snapshot0)
{
    struct wx_fd fd;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, snapshot0 ? 56 : 64);
    if (e || (e = get(c, a[0], WX_R(WX_RN_FD_FILESTAT_GET), &fd))) {
        return e;
    }
    struct stat st = {0};
    wx_wasi_ret r = put(&fd, fd.file->ops->stat(fd.file, &st));
    return r ? r : wx_filestat_write(c, (wx_gptr){a[1]}, &st, snapshot0);
}

wx_wasi_ret wx_wasi_fd_filestat_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return filestat_get(c, a, false);
}

wx_wasi_ret wx_wasi_snapshot0_fd_filestat_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return filestat_get(c, a, true);
}

wx_wasi_ret wx_wasi_fd_filestat_set_size(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = get(c, a[0], WX_R(WX_RN_FD_FILESTAT_SET_SIZE), &fd);
    if (e) {
        return e;
    }
    if (a[1] > INT64_MAX) {
        (void)put(&fd, 0);
        return WX_WERRNO_INVAL;
    }
    return put(&fd, fd.file->ops->truncate(fd.file, a[1]));
}

wx_wasi_ret wx_wasi_fd_filestat_set_times(struct wx_wasi_call *c, const uint64_t *a)
{
    struct timespec times[2];
    struct wx_fd fd;
    wx_werrno e = wx_filestat_times(a[1], a[2], (uint32_t)a[3], times);
    if (e || (e = get(c, a[0], WX_R(WX_RN_FD_FILESTAT_SET_TIMES), &fd))) {
        return e;
    }
    return put(&fd, fd.file->ops->utimens(fd.file, times));
}

wx_wasi_ret wx_wasi_fd_advise(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    uint64_t end;
    if (a[3] > 5 || __builtin_add_overflow(a[1], a[2], &end) || end > INT64_MAX) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = get(c, a[0], WX_R(WX_RN_FD_ADVISE), &fd);
    if (e) {
        return e;
    }
    static const int advice[6] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                  POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
    return put(&fd, fd.file->ops->advise(fd.file, a[1], a[2], advice[a[3]]));
}

wx_wasi_ret wx_wasi_fd_allocate(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    uint64_t end;
    if (a[2] == 0 || __builtin_add_overflow(a[1], a[2], &end) || end > INT64_MAX) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = get(c, a[0], WX_R(WX_RN_FD_ALLOCATE), &fd);
    if (e) {
        return e;
    }
    return put(&fd, fd.file->ops->allocate(fd.file, a[1], a[2]));
}

static wx_wasi_ret sync_fd(struct wx_wasi_call *c, uint64_t n, uint64_t right, bool data_only)
{
    struct wx_fd fd;
    wx_werrno e = get(c, n, right, &fd);
    return e ? e : put(&fd, fd.file->ops->sync(fd.file, data_only));
}

wx_wasi_ret wx_wasi_fd_sync(struct wx_wasi_call *c, const uint64_t *a)
{
    return sync_fd(c, a[0], WX_R(WX_RN_FD_SYNC), false);
}

wx_wasi_ret wx_wasi_fd_datasync(struct wx_wasi_call *c, const uint64_t *a)
{
    return sync_fd(c, a[0], WX_R(WX_RN_FD_DATASYNC), true);
}

/* -------- the table -------- */

wx_wasi_ret wx_wasi_fd_close(struct wx_wasi_call *c, const uint64_t *a)
{
    return wx_fdtable_close(c->env->fds, (uint32_t)a[0]);
}

/*
 * preview1 moves the descriptor. The libc of WASIX makes its dup2() of this import, in whichever
 * namespace: in those modules the source stays open and the target need not be.
 */
wx_wasi_ret wx_wasi_fd_renumber(struct wx_wasi_call *c, const uint64_t *a)
{
    uint32_t from = (uint32_t)a[0], to = (uint32_t)a[1];
    bool same = from == to; /* no effect */
    return c->env->wasix && !same ? wx_fdtable_dup_to(c->env->fds, from, to)
                                  : wx_fdtable_renumber(c->env->fds, from, to);
}

static wx_wasi_ret dup_fd(struct wx_wasi_call *c, uint64_t fd, uint64_t from, bool cloexec,
                          uint64_t ret)
{
    uint32_t n;
    wx_werrno e = wx_guest_check(c, (wx_gptr){ret}, 4);
    e = e ? e : wx_fdtable_dup(c->env->fds, (uint32_t)fd, (uint32_t)from, cloexec, &n);
    return e ? e : wx_guest_write_u32(c, (wx_gptr){ret}, n);
}

wx_wasi_ret wx_wasi_fd_dup(struct wx_wasi_call *c, const uint64_t *a)
{
    return dup_fd(c, a[0], 0, false, a[1]);
}

/* F_DUPFD and F_DUPFD_CLOEXEC, whatever its name says. */
wx_wasi_ret wx_wasi_fd_dup2(struct wx_wasi_call *c, const uint64_t *a)
{
    return dup_fd(c, a[0], a[1], (a[2] & 0xff) == 1, a[3]);
}

wx_wasi_ret wx_wasi_fd_fdflags_get(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, 2);
    if (e || (e = get(c, a[0], 0, &fd))) {
        return e;
    }
    (void)put(&fd, 0);
    uint16_t flags = fd.cloexec ? WX_FDFLAGEXT_CLOEXEC : 0;
    return wx_guest_write(c, (wx_gptr){a[1]}, &flags, sizeof flags);
}

/* Unknown bits are left out, as fcntl() does. */
wx_wasi_ret wx_wasi_fd_fdflags_set(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = get(c, a[0], WX_R(WX_RN_FD_FDSTAT_SET_FLAGS), &fd);
    if (e) {
        return e;
    }
    (void)put(&fd, 0);
    bool cloexec = (a[1] & WX_FDFLAGEXT_CLOEXEC) != 0;
    return wx_fdtable_set_cloexec(c->env->fds, (uint32_t)a[0], cloexec);
}

/*
 * In WASIX the root is told of at 3 even when another file has that number, say of a shell's
 * redirection: a libc asks when a program begins, and absolute paths count from the root anyhow.
 */
static wx_werrno preopen_name(const struct wx_wasi_call *c, uint64_t fd, char name[WX_PREOPEN_MAX],
                              size_t *ret_len)
{
    if (c->env->wasix && fd == ROOT_FD) {
        name[0] = '/';
        *ret_len = 1;
        return 0;
    }
    return wx_fdtable_preopen(c->env->fds, (uint32_t)fd, name, WX_PREOPEN_MAX, ret_len);
}

wx_wasi_ret wx_wasi_fd_prestat_get(struct wx_wasi_call *c, const uint64_t *a)
{
    char name[WX_PREOPEN_MAX];
    size_t len;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, 8);
    e = e ? e : preopen_name(c, a[0], name, &len);
    if (e) {
        return e;
    }
    uint8_t b[8] = {0};
    wx_put_u32(b + 4, (uint32_t)len);
    return wx_guest_write(c, (wx_gptr){a[1]}, b, sizeof b);
}

wx_wasi_ret wx_wasi_fd_prestat_dir_name(struct wx_wasi_call *c, const uint64_t *a)
{
    char name[WX_PREOPEN_MAX];
    size_t len;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, a[2]);
    e = e ? e : preopen_name(c, a[0], name, &len);
    if (!e && a[2] < len) {
        e = WX_WERRNO_NAMETOOLONG;
    }
    return e ? e : wx_guest_write(c, (wx_gptr){a[1]}, name, len);
}
