/* SPDX-License-Identifier: Apache-2.0 */
/* Sandboxed path operations on host directories. */
#include "vfs/hostdir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/sock.h"
#include "vfs/walk.h"

#define RESOLVE (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
#define RETRIES 8 /* EAGAIN: a rename raced with the resolution */

static bool is_kernel_fs(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0) {
        return false;
    }
    switch ((uint32_t)fs.f_type) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC: return true;
    default: return false;
    }
}

wax_status wx_hostdir_open_root(const char *path, int *ret_fd, wax_error **err)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return wx_fail_errno(err, errno, "cannot mount '%s'", path);
    }
    if (is_kernel_fs(fd)) {
        (void)wx_fd_close(&fd);
        (void)wx_fail(err, WAX_E_DENIED, "cannot mount '%s': it is a kernel filesystem", path);
        wx_error_set_rule(err, "kernel filesystems are never mounted");
        wx_error_set_hint(err, "files such as /proc/self/mem would give the guest the host");
        return WAX_E_DENIED;
    }
    *ret_fd = fd;
    return WAX_OK;
}

/* The caller looks where it led. */
static int open_unchecked(const struct wx_hostdir *d, const char *path, int flags, int *ret_fd)
{
    uint64_t mode = flags & O_CREAT ? 0666 : 0;
    uint64_t resolve = RESOLVE | (d->opts & WX_HOST_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0) |
                       (d->opts & WX_HOST_NO_XDEV ? RESOLVE_NO_XDEV : 0);
    int fd = -EAGAIN;
    for (int i = 0; i <= RETRIES && fd == -EAGAIN; i++) {
        fd = wx_fd_openat2(d->fd, path, (uint64_t)(unsigned)flags, mode, resolve);
    }
    /* No such call, one that a seccomp filter forbids, or no end of renames. */
    if (fd == -ENOSYS || fd == -EPERM || fd == -EAGAIN) {
        fd = wx_walk_beneath(d, path, flags);
    }
    if (fd < 0) {
        return fd == -EXDEV ? WX_EOUTSIDE : -fd;
    }
    *ret_fd = fd;
    return 0;
}

/*
 * The kernel's own filesystems are refused at any depth, not only as the root of a mount:
 * /proc/self/mem below a mount of "/" is a regular file and would hand the host to the guest.
 */
static int open_beneath(const struct wx_hostdir *d, const char *path, int flags, int *ret_fd)
{
    int fd, e = open_unchecked(d, path, flags, &fd);
    if (e) {
        return e;
    }
    if (is_kernel_fs(fd)) {
        (void)wx_fd_close(&fd); /* nothing was done with it */
        return EPERM;
    }
    *ret_fd = fd;
    return 0;
}

/* Length of the path without trailing slashes; *ret_slash tells whether there were any. */
static size_t trimmed(const char *path, bool *ret_slash)
{
    size_t len = strlen(path);
    size_t n = len;
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    *ret_slash = n != len;
    return n;
}

/* Parent directory and last component of a path. */
struct last {
    int fd;     /* O_PATH, to be closed */
    bool slash; /* the path ended in '/' */
    char name[256];
};

static int split(const struct wx_hostdir *d, const char *path, struct last *l)
{
    size_t len = trimmed(path, &l->slash), start = len;
    if (len == 0) {
        return ENOENT;
    }
    if (len > 4095) {
        return ENAMETOOLONG;
    }
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    if (len - start > 255) {
        return ENAMETOOLONG;
    }
    memcpy(l->name, path + start, len - start);
    l->name[len - start] = '\0';
    if (l->name[0] == '\0') { /* "/" */
        return WX_EOUTSIDE;
    }
    char parent[4096] = ".";
    if (start > 0) {
        memcpy(parent, path, start);
        parent[start] = '\0';
    }
    return open_beneath(d, parent, O_PATH | O_DIRECTORY, &l->fd);
}

static bool is_dot(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

static int finish(struct last *l, int result)
{
    int e = result == 0 ? 0 : errno;
    (void)wx_fd_close(&l->fd); /* O_PATH */
    return e;
}

/* What may not be opened below this mount. */
static bool special(const struct wx_hostdir *d, mode_t mode)
{
    return !(d->opts & WX_HOST_SPECIAL) && !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode);
}

/* A name in the directory itself: the kernel has nothing to resolve, so plain calls do. */
static bool is_plain_name(const struct wx_hostdir *d, const char *path)
{
    return !(d->opts & WX_HOST_NO_XDEV) && path[0] != '\0' && !strchr(path, '/') &&
           strcmp(path, "..") != 0;
}

/* Whether something is where nothing may be used; what shares the directory's device is not. */
static bool is_refused(int fd, const struct stat *st, const struct wx_hostdir *d)
{
    return st->st_dev != d->dev && is_kernel_fs(fd);
}

/* A link put there meanwhile is followed as any other, if it may be. */
static int open_for_real(const struct wx_hostdir *d, const char *path, int flags, int *ret_fd)
{
    if (is_plain_name(d, path)) {
        int fd = openat(d->fd, path, flags | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0) {
            *ret_fd = fd;
            return 0;
        }
        if ((errno != ELOOP && errno != ENOTDIR) || (flags & O_NOFOLLOW)) {
            return errno;
        }
    }
    return open_unchecked(d, path, flags, ret_fd);
}

/* Before the real open, which may have effects. What is not there may be created. */
static int check_type(const struct wx_hostdir *d, const char *path, int flags)
{
    struct stat st;
    int e = wx_hostdir_stat(d, path, !(flags & O_NOFOLLOW), &st);
    if (e) {
        return e == ENOENT && (flags & O_CREAT) ? 0 : e;
    }
    return special(d, st.st_mode) ? EPERM : 0;
}

/*
 * Devices, FIFOs and sockets are refused unless the mount allows them: opening a FIFO can block, a
 * device can do anything. The type is looked at before; O_NONBLOCK keeps a swapped-in FIFO from
 * blocking and the type is checked again on what was really opened.
 */
int wx_hostdir_open(const struct wx_hostdir *d, const char *path, const struct wx_open_how *how,
                    int *ret_fd, struct stat *ret_stat)
{
    int flags = how->flags | O_NOCTTY | (how->follow ? 0 : O_NOFOLLOW);
    size_t len = strlen(path);
    if (len == 0) {
        return ENOENT;
    }
    if (len > 4095) {
        return ENAMETOOLONG;
    }
    if (path[len - 1] == '/' && (flags & O_CREAT)) {
        return EISDIR;
    }
    /* Neither a new file nor a directory is special. */
    bool plain = (flags & O_DIRECTORY) || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    int fd, e = plain ? 0 : check_type(d, path, flags);
    if (!e) {
        e = open_for_real(d, path, flags | O_NONBLOCK, &fd);
    }
    if (e) {
        return e;
    }
    if (fstat(fd, ret_stat) != 0 || special(d, ret_stat->st_mode) || is_refused(fd, ret_stat, d)) {
        (void)wx_fd_close(&fd);
        return EPERM;
    }
    *ret_fd = fd;
    return 0;
}

int wx_hostdir_stat(const struct wx_hostdir *d, const char *path, bool follow,
                    struct stat *ret_stat)
{
    if (is_plain_name(d, path)) {
        if (fstatat(d->fd, path, ret_stat, AT_SYMLINK_NOFOLLOW) != 0) {
            return errno;
        }
        if (ret_stat->st_dev == d->dev && !(follow && S_ISLNK(ret_stat->st_mode))) {
            return 0;
        }
    }
    bool slash;
    (void)trimmed(path, &slash);
    int flags = O_PATH | (follow || slash ? 0 : O_NOFOLLOW) | (slash ? O_DIRECTORY : 0);
    int fd, e = open_unchecked(d, path, flags, &fd);
    if (!e) {
        e = fstat(fd, ret_stat) != 0 ? errno : is_refused(fd, ret_stat, d) ? EPERM : 0;
        (void)wx_fd_close(&fd);
    }
    return e;
}

int wx_hostdir_mkdir(const struct wx_hostdir *d, const char *path)
{
    struct last l;
    int e = split(d, path, &l);
    return e ? e : finish(&l, mkdirat(l.fd, l.name, 0777));
}

int wx_hostdir_rmdir(const struct wx_hostdir *d, const char *path)
{
    struct last l;
    int e = split(d, path, &l);
    return e ? e : finish(&l, unlinkat(l.fd, l.name, AT_REMOVEDIR));
}

int wx_hostdir_unlink(const struct wx_hostdir *d, const char *path)
{
    struct last l;
    int e = split(d, path, &l);
    if (e) {
        return e;
    }
    struct stat st;
    bool found = fstatat(l.fd, l.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    bool dir = is_dot(l.name) || (found && S_ISDIR(st.st_mode));
    if (dir || (l.slash && found)) {
        (void)wx_fd_close(&l.fd); /* O_PATH */
        return dir ? EISDIR : ENOTDIR;
    }
    return finish(&l, unlinkat(l.fd, l.name, 0));
}

/* A trailing slash after a name that is no directory. */
static int check_slash(const struct last *l)
{
    struct stat st;
    if (l->slash && fstatat(l->fd, l->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISDIR(st.st_mode)) {
        return ENOTDIR;
    }
    return 0;
}

int wx_hostdir_rename(const struct wx_hostdir *from, const char *old_path,
                      const struct wx_hostdir *to, const char *new_path)
{
    struct last a, b;
    int e = split(from, old_path, &a);
    if (e) {
        return e;
    }
    e = split(to, new_path, &b);
    if (e) {
        (void)wx_fd_close(&a.fd);
        return e;
    }
    e = is_dot(a.name) || is_dot(b.name) ? EINVAL : check_slash(&a);
    struct stat st;
    if (!e && b.slash && fstatat(a.fd, a.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISDIR(st.st_mode)) {
        e = ENOTDIR;
    }
    if (!e) {
        e = renameat(a.fd, a.name, b.fd, b.name) != 0 ? errno : 0;
    }
    (void)wx_fd_close(&a.fd);
    (void)wx_fd_close(&b.fd);
    return e;
}

int wx_hostdir_link(const struct wx_hostdir *from, const char *old_path,
                    const struct wx_hostdir *to, const char *new_path)
{
    struct last a, b;
    int e = split(from, old_path, &a);
    if (e) {
        return e;
    }
    e = split(to, new_path, &b);
    if (!e) {
        struct stat st;
        e = check_slash(&a);
        if (!e) {
            e = fstatat(a.fd, a.name, &st, AT_SYMLINK_NOFOLLOW) != 0 ? errno
                : S_ISDIR(st.st_mode)                                ? EPERM
                                                                     : 0;
        }
        if (!e && b.slash) {
            e = fstatat(b.fd, b.name, &st, AT_SYMLINK_NOFOLLOW) != 0 ? ENOENT
                : S_ISDIR(st.st_mode)                                ? EEXIST
                                                                     : ENOTDIR;
        }
        if (!e) {
            e = linkat(a.fd, a.name, b.fd, b.name, 0) != 0 ? errno : 0;
        }
        (void)wx_fd_close(&b.fd);
    }
    (void)wx_fd_close(&a.fd);
    return e;
}

int wx_hostdir_symlink(const char *target, const struct wx_hostdir *d, const char *path)
{
    if (target[0] == '\0') {
        return ENOENT;
    }
    struct last l;
    int e = split(d, path, &l);
    if (e) {
        return e;
    }
    if (l.slash) {
        struct stat st;
        e = fstatat(l.fd, l.name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : ENOENT;
        (void)wx_fd_close(&l.fd);
        return e;
    }
    return finish(&l, symlinkat(target, l.fd, l.name));
}

int wx_hostdir_readlink(const struct wx_hostdir *d, const char *path, char *buf, size_t len,
                        size_t *ret_len)
{
    struct last l;
    int e = split(d, path, &l);
    if (e) {
        return e;
    }
    if (l.slash) {                /* what it leads to is meant, and that is no link */
        (void)wx_fd_close(&l.fd); /* O_PATH */
        int fd;
        e = open_beneath(d, path, O_PATH | O_DIRECTORY, &fd);
        if (!e) {
            (void)wx_fd_close(&fd); /* O_PATH */
        }
        return e ? e : EINVAL;
    }
    char whole[4096]; /* a zero-length buffer is an error to the kernel, not to the guest */
    ssize_t n = readlinkat(l.fd, l.name, whole, sizeof whole);
    e = finish(&l, n < 0 ? -1 : 0);
    if (!e) {
        *ret_len = (size_t)n < len ? (size_t)n : len;
        memcpy(buf, whole, *ret_len);
    }
    return e;
}

int wx_hostdir_utimens(const struct wx_hostdir *d, const char *path, bool follow,
                       const struct timespec times[2])
{
    bool slash;
    (void)trimmed(path, &slash);
    int fd, e = open_beneath(d, path, O_PATH | (follow || slash ? 0 : O_NOFOLLOW), &fd);
    if (!e) {
        e = utimensat(fd, "", times, AT_EMPTY_PATH) != 0 ? errno : 0;
        (void)wx_fd_close(&fd);
    }
    return e;
}

/* -------- sockets -------- */

int wx_hostdir_bind_socket(const struct wx_hostdir *d, const char *name, int sock_fd)
{
    struct sockaddr_un a;
    if (is_dot(name)) {
        return EADDRINUSE;
    }
    int e = wx_sock_name_below(d->fd, name, &a);
    return e ? e : bind(sock_fd, (const struct sockaddr *)&a, sizeof a) != 0 ? errno : 0;
}

int wx_hostdir_find_socket(const struct wx_hostdir *d, const char *name, int *ret_fd)
{
    struct stat st;
    int fd, e = open_unchecked(d, name, O_PATH | O_NOFOLLOW, &fd);
    if (e) {
        return e;
    }
    e = fstat(fd, &st) != 0      ? errno
        : is_refused(fd, &st, d) ? EPERM
        : S_ISLNK(st.st_mode)    ? ELOOP
        : !S_ISSOCK(st.st_mode)  ? ECONNREFUSED
                                 : 0;
    if (e) {
        (void)wx_fd_close(&fd); /* O_PATH */
        return e;
    }
    *ret_fd = fd;
    return 0;
}
