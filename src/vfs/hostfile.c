/* SPDX-License-Identifier: Apache-2.0 */
/* Files, streams and directories of the host. */
/*
 * Regular files are read and written at once. Everything else is tried without blocking (R20):
 * O_NONBLOCK of the host's description is never changed.
 */
#include "vfs/hostfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/vec.h"
#include "os/fd.h"
#include "os/lock.h"
#include "os/signal.h"
#include "vfs/hostdir.h"
#include "vfs/hostsock.h"

#define LIST_BYTES 32768

struct hostfile {
    struct wx_file file;
    struct wx_hostdir at; /* a directory; its descriptor is file.host_fd */
    bool given;           /* its description is shared with the host */
    struct wx_mutex lock; /* leaf; directory listing */
    /* Readable descriptor of a directory, -1 until listed; file.host_fd if that can be read. */
    int list_fd WAX_GUARDED_BY(&lock);
    WX_VEC(int64_t) offsets WAX_GUARDED_BY(&lock); /* host position behind entry i */
    /* What the host gave last: entries `first` to `end` of the listing, the dots among them. */
    uint8_t *list WAX_GUARDED_BY(&lock); /* LIST_BYTES, or NULL */
    size_t list_used WAX_GUARDED_BY(&lock);
    uint64_t first WAX_GUARDED_BY(&lock), end WAX_GUARDED_BY(&lock);
};

static struct hostfile *in(struct wx_file *f) { return (struct hostfile *)(void *)f; }
static int result(int r) { return r < 0 ? errno : 0; }

uint8_t wx_hostfile_type(int host_fd)
{
    struct stat st;
    return host_fd < 0 || fstat(host_fd, &st) != 0 ? WX_FT_UNKNOWN : wx_filetype(st.st_mode);
}

/* -------- reading and writing -------- */

/* One try without blocking. @return bytes or -errno (EAGAIN = would block) */
static ssize_t try_once(int fd, bool write_it, struct iovec *iov, int n)
{
    ssize_t r =
        write_it ? pwritev2(fd, iov, n, -1, RWF_NOWAIT) : preadv2(fd, iov, n, -1, RWF_NOWAIT);
    if (r >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS)) {
        return r >= 0 ? r : -errno;
    }
    /* No such flag for this kind of file: do it only when poll says it will not block. */
    struct pollfd p = {.fd = fd, .events = write_it ? POLLOUT : POLLIN};
    if (poll(&p, 1, 0) == 0) {
        return -EAGAIN;
    }
    if (write_it && n > 0) { /* a writable pipe takes PIPE_BUF bytes for sure */
        struct iovec one = iov[0];
        for (int i = 0; i < n && one.iov_len == 0; i++) {
            one = iov[i];
        }
        one.iov_len = one.iov_len > PIPE_BUF ? PIPE_BUF : one.iov_len;
        r = writev(fd, &one, 1);
    } else {
        r = readv(fd, iov, n);
    }
    return r >= 0 ? r : -errno;
}

/* SIGPIPE is the guest's affair, never the host's: only errno tells of a closed reader. */
static ssize_t stream_io(struct wx_file *f, bool write_it, struct iovec *iov, int n, int64_t off)
{
    if (off >= 0) {
        return -ESPIPE;
    }
    if (wx_iov_total(iov, n) == 0) {
        return 0;
    }
    if (!write_it || f->filetype == WX_FT_CHAR) {
        return try_once(f->host_fd, write_it, iov, n);
    }
    struct wx_held_signal held;
    wx_signal_hold(&held, SIGPIPE);
    ssize_t r = try_once(f->host_fd, write_it, iov, n);
    wx_signal_drop(&held, r == -EPIPE);
    return r;
}

static ssize_t file_io(struct wx_file *f, bool write_it, struct iovec *iov, int n, int64_t off)
{
    ssize_t r;
    if (off < 0) {
        r = write_it ? wx_iov_write(f->host_fd, iov, n) : wx_iov_read(f->host_fd, iov, n);
    } else {
        r = write_it ? pwritev(f->host_fd, iov, n, off) : preadv(f->host_fd, iov, n, off);
    }
    return r >= 0 ? r : -errno;
}

static int64_t file_seek(struct wx_file *f, int64_t off, int whence)
{
    off_t at = lseek(f->host_fd, off, whence);
    return at < 0 ? -errno : at;
}

/* -------- attributes -------- */

static int host_stat(struct wx_file *f, struct stat *ret) { return result(fstat(f->host_fd, ret)); }

static int file_truncate(struct wx_file *f, uint64_t size)
{
    return result(ftruncate(f->host_fd, (off_t)size));
}

static int file_allocate(struct wx_file *f, uint64_t off, uint64_t len)
{
    return result(fallocate(f->host_fd, 0, (off_t)off, (off_t)len));
}

static int file_advise(struct wx_file *f, uint64_t off, uint64_t len, int host_advice)
{
    return posix_fadvise(f->host_fd, (off_t)off, (off_t)len, host_advice);
}

static int file_sync(struct wx_file *f, bool data_only)
{
    return result(data_only ? fdatasync(f->host_fd) : fsync(f->host_fd));
}

/* Directories can be synced too; they are open by path only, so a real descriptor is made. */
static int dir_sync(struct wx_file *f, bool data_only)
{
    int dir = openat(f->host_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int e = dir < 0 ? errno : result(data_only ? fdatasync(dir) : fsync(dir));
    (void)wx_fd_close(&dir); /* read only */
    return e;
}

static int host_utimens(struct wx_file *f, const struct timespec times[2])
{
    return result(utimensat(f->host_fd, "", times, AT_EMPTY_PATH));
}

/* Of a description shared with others (who opened a log to append to it) no flag is changed. */
static int file_set_append(struct wx_file *f, bool append)
{
    int now = fcntl(f->host_fd, F_GETFL);
    if (now < 0) {
        return errno;
    }
    if (append == ((now & O_APPEND) != 0)) {
        return 0;
    }
    if (in(f)->given) {
        return EPERM;
    }
    return result(fcntl(f->host_fd, F_SETFL, append ? now | O_APPEND : now & ~O_APPEND));
}

/*
 * Where the host limits the size of files (RLIMIT_FSIZE): what goes beyond it is EFBIG to the guest
 * and no SIGXFSZ to the host.
 */
static ssize_t limited_io(struct wx_file *f, bool write_it, struct iovec *iov, int n, int64_t off)
{
    struct wx_held_signal held;
    wx_signal_hold(&held, SIGXFSZ);
    ssize_t r = file_io(f, write_it, iov, n, off);
    wx_signal_drop(&held, r == -EFBIG);
    return r;
}

static int limited_truncate(struct wx_file *f, uint64_t size)
{
    struct wx_held_signal held;
    wx_signal_hold(&held, SIGXFSZ);
    int e = file_truncate(f, size);
    wx_signal_drop(&held, e == EFBIG);
    return e;
}

static int limited_allocate(struct wx_file *f, uint64_t off, uint64_t len)
{
    struct wx_held_signal held;
    wx_signal_hold(&held, SIGXFSZ);
    int e = file_allocate(f, off, len);
    wx_signal_drop(&held, e == EFBIG);
    return e;
}

static bool size_is_limited(void)
{
    struct rlimit l;
    return getrlimit(RLIMIT_FSIZE, &l) == 0 && l.rlim_cur != RLIM_INFINITY;
}

/* -------- listing -------- */

/* What getdents64 writes. */
struct host_dirent {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

static uint8_t type_of_entry(uint8_t d_type)
{
    switch (d_type) {
    case DT_REG: return WX_FT_FILE;
    case DT_DIR: return WX_FT_DIR;
    case DT_LNK: return WX_FT_SYMLINK;
    case DT_CHR: return WX_FT_CHAR;
    case DT_BLK: return WX_FT_BLOCK;
    case DT_SOCK: return WX_FT_STREAM;
    default: return WX_FT_UNKNOWN;
    }
}

/*
 * Cookie n means "behind the n-th entry of this listing". The first two are "." and "..", wherever
 * the host has them; entry i of the others has cookie i + 3. Behind each the host's position is
 * remembered, so that a seek is exact whatever was deleted meanwhile. Going on where the last call
 * stopped needs no seek and no reading again.
 */
#define N_DOTS 2

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* Forget what was read; entry `next` is what the host gives now. */
static void list_from(struct hostfile *h, uint64_t next) WAX_REQUIRES(&h->lock)
{
    h->list_used = 0;
    h->first = h->end = next;
}

/* Roots of mounts are open by path only; a directory of the guest costs the host one descriptor. */
static int open_list(struct hostfile *h) WAX_REQUIRES(&h->lock)
{
    int fd = h->file.host_fd, flags = fcntl(fd, F_GETFL);
    bool by_path = flags < 0 || (flags & O_PATH);
    h->list_fd = by_path ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : fd;
    return h->list_fd < 0 ? errno : 0;
}

static int position(struct hostfile *h, uint64_t cookie) WAX_REQUIRES(&h->lock)
{
    int e = h->list_fd < 0 ? open_list(h) : 0;
    if (e || h->list_fd < 0) {
        return e ? e : EBADF;
    }
    if (cookie > h->offsets.n + N_DOTS) {
        return EINVAL;
    }
    uint64_t next = cookie > N_DOTS ? cookie - N_DOTS : 0;
    if (cookie == 0) {
        h->offsets.n = 0;
    } else if (next >= h->first && next <= h->end) {
        return 0;
    }
    list_from(h, next);
    return lseek(h->list_fd, next ? h->offsets.p[next - 1] : 0, SEEK_SET) < 0 ? errno : 0;
}

/* Entry `cookie` + 1, one of the first two. @return whether fn took it */
static bool give_dots(struct hostfile *h, uint64_t cookie, wx_entry_fn fn, void *data)
    WAX_REQUIRES(&h->lock)
{
    struct stat st = {0};
    const char *name = cookie ? ".." : ".";
    (void)fstatat(h->list_fd, name, &st, AT_SYMLINK_NOFOLLOW); /* else without an inode */
    return fn(data, cookie + 1, st.st_ino, WX_FT_DIR, name);
}

/* Read the next entries from the host. None left: h->list_used is 0, and the memory is given back.
 */
static int read_more(struct hostfile *h) WAX_REQUIRES(&h->lock)
{
    list_from(h, h->end);
    if (!h->list && !(h->list = wx_alloc(h->file.mem, LIST_BYTES))) {
        return ENOMEM;
    }
    int64_t n = wx_fd_getdents(h->list_fd, h->list, LIST_BYTES);
    if (n <= 0) {
        wx_free(h->file.mem, h->list);
        h->list = NULL;
        return (int)-n;
    }
    for (int64_t at = 0; at < n;) {
        const struct host_dirent *d = (const void *)(h->list + at);
        if (!is_dots(d->name)) {
            if (h->end == h->offsets.n && !wx_vec_push(h->file.mem, &h->offsets, d->off)) {
                list_from(h, 0);
                h->offsets.n = 0;
                return ENOMEM;
            }
            h->end++;
        }
        at += d->reclen;
    }
    h->list_used = (size_t)n;
    return 0;
}

/* Entries from `next` on that are in memory. @return whether fn took them all */
static bool give_read(const struct hostfile *h, uint64_t next, wx_entry_fn fn, void *data)
    WAX_REQUIRES(&h->lock)
{
    uint64_t i = h->first;
    for (size_t at = 0; at < h->list_used;) {
        const struct host_dirent *d = (const void *)(h->list + at);
        at += d->reclen;
        if (is_dots(d->name) || i++ < next) {
            continue;
        }
        if (!fn(data, i + N_DOTS, d->ino, type_of_entry(d->type), d->name)) {
            return false;
        }
    }
    return true;
}

static int list_on(struct hostfile *h, uint64_t cookie, wx_entry_fn fn, void *data)
    WAX_REQUIRES(&h->lock)
{
    for (; cookie < N_DOTS; cookie++) {
        if (!give_dots(h, cookie, fn, data)) {
            return 0;
        }
    }
    uint64_t next = cookie - N_DOTS;
    while (give_read(h, next, fn, data)) {
        int e = read_more(h);
        if (e || h->list_used == 0) {
            return e;
        }
        next = h->first;
    }
    return 0;
}

static int dir_list(struct wx_file *dir, uint64_t cookie, wx_entry_fn fn, void *data)
{
    struct hostfile *h = in(dir);
    wx_mutex_lock(&h->lock);
    int e = position(h, cookie);
    if (!e) {
        e = list_on(h, cookie, fn, data);
    }
    wx_mutex_unlock(&h->lock);
    return e;
}

/* -------- paths -------- */

static struct wx_file *new_file(struct wx_mem *mem, int host_fd, uint8_t filetype, dev_t dev,
                                uint32_t opts);

static int path_open(struct wx_file *d, const char *path, const struct wx_open_how *how,
                     struct wx_file **ret)
{
    struct stat st;
    int fd, e = wx_hostdir_open(&in(d)->at, path, how, &fd, &st);
    if (!e) {
        *ret = new_file(d->mem, fd, wx_filetype(st.st_mode), st.st_dev, in(d)->at.opts);
        e = *ret ? 0 : ENOMEM;
    }
    return e;
}

static int path_stat(struct wx_file *d, const char *path, bool follow, struct stat *ret)
{
    return wx_hostdir_stat(&in(d)->at, path, follow, ret);
}

static int path_utimens(struct wx_file *d, const char *path, bool follow,
                        const struct timespec times[2])
{
    return wx_hostdir_utimens(&in(d)->at, path, follow, times);
}

static int path_mkdir(struct wx_file *d, const char *path)
{
    return wx_hostdir_mkdir(&in(d)->at, path);
}
static int path_rmdir(struct wx_file *d, const char *path)
{
    return wx_hostdir_rmdir(&in(d)->at, path);
}
static int path_unlink(struct wx_file *d, const char *path)
{
    return wx_hostdir_unlink(&in(d)->at, path);
}
static int path_symlink(const char *target, struct wx_file *d, const char *path)
{
    return wx_hostdir_symlink(target, &in(d)->at, path);
}
static int path_readlink(struct wx_file *d, const char *path, char *buf, size_t len,
                         size_t *ret_len)
{
    return wx_hostdir_readlink(&in(d)->at, path, buf, len, ret_len);
}
static int path_rename(struct wx_file *from, const char *path, struct wx_file *to,
                       const char *to_path)
{
    return wx_hostdir_rename(&in(from)->at, path, &in(to)->at, to_path);
}
static int path_link(struct wx_file *from, const char *path, struct wx_file *to,
                     const char *to_path)
{
    return wx_hostdir_link(&in(from)->at, path, &in(to)->at, to_path);
}

static int path_bind_socket(struct wx_file *d, const char *name, struct wx_file *sock)
{
    return wx_hostdir_bind_socket(&in(d)->at, name, sock->host_fd);
}
static int path_find_socket(struct wx_file *d, const char *name, struct wx_sock_target *ret)
{
    return wx_hostdir_find_socket(&in(d)->at, name, &ret->host_fd);
}

/* -------- the tables -------- */

static void host_free(struct wx_file *f)
{
    struct hostfile *h = in(f);
    wx_mutex_lock(&h->lock);
    if (h->list_fd != f->host_fd) {
        (void)wx_fd_close(&h->list_fd); /* read only */
    }
    wx_vec_fini(f->mem, &h->offsets);
    wx_free(f->mem, h->list);
    wx_mutex_unlock(&h->lock);
    (void)wx_fd_close(&f->host_fd); /* errors of close were the last writer's to see by sync */
    wx_mutex_fini(&h->lock);
    wx_free(f->mem, h);
}

static const struct wx_file_ops file_ops = {
    file_io,   file_seek,    host_stat,       file_truncate,   file_allocate, file_advise,
    file_sync, host_utimens, file_set_append, wx_file_no_list, host_free,
};
static const struct wx_file_ops limited_ops = {
    limited_io, file_seek,    host_stat,       limited_truncate, limited_allocate, file_advise,
    file_sync,  host_utimens, file_set_append, wx_file_no_list,  host_free,
};
static const struct wx_file_ops dir_ops = {
    wx_file_no_io,       wx_file_no_seek,   host_stat, wx_file_no_truncate,
    wx_file_no_allocate, wx_file_no_advise, dir_sync,  host_utimens,
    wx_file_any_append,  dir_list,          host_free,
};
static const struct wx_file_ops stream_ops = {
    stream_io,           wx_file_no_seek,   host_stat,       wx_file_no_truncate,
    wx_file_no_allocate, wx_file_no_advise, wx_file_no_sync, host_utimens,
    wx_file_any_append,  wx_file_no_list,   host_free,
};
static const struct wx_dir_ops paths = {
    path_open,    path_stat,     path_utimens, path_mkdir, path_rmdir,       path_unlink,
    path_symlink, path_readlink, path_rename,  path_link,  path_bind_socket, path_find_socket,
};

static struct wx_file *new_file(struct wx_mem *mem, int host_fd, uint8_t filetype, dev_t dev,
                                uint32_t opts)
{
    struct hostfile *h = wx_zalloc(mem, sizeof *h);
    if (!h) {
        (void)wx_fd_close(&host_fd);
        return NULL;
    }
    bool is_dir = filetype == WX_FT_DIR;
    wx_file_init(&h->file,
                 is_dir                   ? &dir_ops
                 : filetype != WX_FT_FILE ? &stream_ops
                 : size_is_limited()      ? &limited_ops
                                          : &file_ops,
                 mem, filetype);
    h->file.host_fd = host_fd;
    h->file.whole = h->file.ops == &stream_ops;
    h->at = (struct wx_hostdir){host_fd, dev, opts};
    h->file.dir = is_dir ? &paths : NULL;
    wx_mutex_init(&h->lock);
    wx_mutex_lock(&h->lock);
    h->list_fd = -1;
    wx_mutex_unlock(&h->lock);
    return &h->file;
}

struct wx_file *wx_hostfile_new(struct wx_mem *mem, int host_fd, uint8_t filetype)
{
    struct wx_file *f = new_file(mem, host_fd, filetype, 0, 0);
    if (f) {
        in(f)->given = true;
    }
    return f;
}

bool wx_hostfile_appends(const struct wx_file *f)
{
    int flags = f->host_fd >= 0 && f->filetype == WX_FT_FILE ? fcntl(f->host_fd, F_GETFL) : -1;
    return flags >= 0 && (flags & O_APPEND);
}

struct wx_file *wx_hostfile_new_dir(struct wx_mem *mem, int host_fd, uint32_t opts)
{
    struct stat st = {0};
    (void)fstat(host_fd, &st); /* else every look below it asks which filesystem it is on */
    return new_file(mem, host_fd, WX_FT_DIR, st.st_dev, opts);
}
