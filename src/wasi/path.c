/* SPDX-License-Identifier: Apache-2.0 */
/* path_* calls. Rules: preview1 witx, POSIX where it is silent; effects are those of the
 * directory's filesystem. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/filestat.h"
#include "wasi/handlers.h"
#include "wasi/open.h"
#include "wasi/rights.h"

#define PATH_MAX_BYTES 4095

/* A directory descriptor and a path below it. */
struct at {
    struct wx_fd dir;
    char *path;
};

static void at_fini(const struct wx_wasi_call *c, struct at *at)
{
    wx_file_unref(at->dir.file);
    wx_free(&c->env->mem, at->path);
}

static bool has_nul(const char *s, uint64_t len) { return memchr(s, 0, len) != NULL; }

static wx_werrno read_path(const struct wx_wasi_call *c, uint64_t ptr, uint64_t len, char **ret)
{
    wx_werrno e = wx_guest_read_str(c, (wx_gptr){ptr}, len, PATH_MAX_BYTES, ret);
    if (!e && has_nul(*ret, len)) {
        wx_free(&c->env->mem, *ret);
        *ret = NULL;
        e = WX_WERRNO_INVAL;
    }
    return e;
}

/*
 * What an absolute path counts from in WASIX is the root, whatever the descriptor, as in openat(2):
 * libc names descriptor 3, which a shell may have given another file ("exec 3>log").
 */
static bool is_of_root(const struct wx_wasi_call *c, const struct at *at)
{
    return c->env->wasix && at->path[0] == '/' &&
           !(at->dir.file && at->dir.file->filetype == WX_FT_DIR);
}

/* Check what comes with every path call: pointer, descriptor, type, right, read-only mount. */
static wx_werrno at_init(const struct wx_wasi_call *c, uint64_t fd, uint64_t ptr, uint64_t len,
                         uint64_t right, struct at *at)
{
    *at = (struct at){0};
    wx_werrno e = read_path(c, ptr, len, &at->path);
    if (!e) {
        e = wx_fdtable_get(c->env->fds, (uint32_t)fd, &at->dir);
        if (is_of_root(c, at)) {
            wx_file_unref(at->dir.file);
            wx_env_take_root(c->env, &at->dir);
            e = 0;
        }
    }
    if (!e && at->dir.file->filetype != WX_FT_DIR) {
        e = WX_WERRNO_NOTDIR;
    }
    if (!e && (right & WX_RIGHTS_WRITE) && at->dir.file->read_only) {
        e = WX_WERRNO_ROFS;
        wx_wasi_denied(c, "the mount is read-only");
    }
    if (!e && (at->dir.rights & right) != right) {
        wx_wasi_denied_rights(c, (uint32_t)fd, right & ~at->dir.rights);
        e = WX_WERRNO_NOTCAPABLE;
    }
    bool absolute = c->env->wasix && at->dir.file && at->dir.file->crosses; /* from the root */
    if (!e && at->path[0] == '/' && !absolute) {
        wx_wasi_denied(c, "paths are relative to a descriptor");
        e = c->env->wasix ? WX_WERRNO_PERM : WX_WERRNO_NOTCAPABLE;
    }
    if (e) {
        at_fini(c, at);
    }
    return e;
}

static wx_wasi_ret done(const struct wx_wasi_call *c, struct at *at, int host_errno)
{
    at_fini(c, at);
    return host_errno ? wx_path_errno(c, host_errno) : 0;
}

wx_wasi_ret wx_wasi_path_create_directory(struct wx_wasi_call *c, const uint64_t *a)
{
    struct at at;
    wx_werrno e = at_init(c, a[0], a[1], a[2], WX_R(WX_RN_PATH_CREATE_DIRECTORY), &at);
    return e ? e : done(c, &at, at.dir.file->dir->mkdir(at.dir.file, at.path));
}

wx_wasi_ret wx_wasi_path_remove_directory(struct wx_wasi_call *c, const uint64_t *a)
{
    struct at at;
    wx_werrno e = at_init(c, a[0], a[1], a[2], WX_R(WX_RN_PATH_REMOVE_DIRECTORY), &at);
    return e ? e : done(c, &at, at.dir.file->dir->rmdir(at.dir.file, at.path));
}

wx_wasi_ret wx_wasi_path_unlink_file(struct wx_wasi_call *c, const uint64_t *a)
{
    struct at at;
    wx_werrno e = at_init(c, a[0], a[1], a[2], WX_R(WX_RN_PATH_UNLINK_FILE), &at);
    return e ? e : done(c, &at, at.dir.file->dir->unlink(at.dir.file, at.path));
}

static wx_wasi_ret filestat_get(struct wx_wasi_call *c, const uint64_t *a, bool snapshot0)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[4]}, snapshot0 ? 56 : 64);
    struct at at;
    if (e || (e = at_init(c, a[0], a[2], a[3], WX_R(WX_RN_PATH_FILESTAT_GET), &at))) {
        return e;
    }
    struct stat st;
    int host = at.dir.file->dir->stat(at.dir.file, at.path, (a[1] & 1) != 0, &st);
    wx_wasi_ret r = done(c, &at, host);
    return r ? r : wx_filestat_write(c, (wx_gptr){a[4]}, &st, snapshot0);
}

wx_wasi_ret wx_wasi_path_filestat_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return filestat_get(c, a, false);
}

wx_wasi_ret wx_wasi_snapshot0_path_filestat_get(struct wx_wasi_call *c, const uint64_t *a)
{
    return filestat_get(c, a, true);
}

wx_wasi_ret wx_wasi_path_filestat_set_times(struct wx_wasi_call *c, const uint64_t *a)
{
    struct timespec times[2];
    wx_werrno e = wx_filestat_times(a[4], a[5], (uint32_t)a[6], times);
    struct at at;
    if (e || (e = at_init(c, a[0], a[2], a[3], WX_R(WX_RN_PATH_FILESTAT_SET_TIMES), &at))) {
        return e;
    }
    return done(c, &at, at.dir.file->dir->utimens(at.dir.file, at.path, (a[1] & 1) != 0, times));
}

/* link and rename: the second path is of another descriptor, maybe of another mount. */
static wx_wasi_ret two_paths(struct wx_wasi_call *c, const uint64_t *old, const uint64_t *new,
                             uint64_t old_right, uint64_t new_right, bool link)
{
    struct at a, b;
    wx_werrno e = at_init(c, old[0], old[1], old[2], old_right, &a);
    if (e) {
        return e;
    }
    e = at_init(c, new[0], new[1], new[2], new_right, &b);
    if (e) {
        at_fini(c, &a);
        return e;
    }
    /* Mounts may lie on one host filesystem: they are still different filesystems to the guest. */
    const struct wx_dir_ops *ops = a.dir.file->dir;
    int host = a.dir.file->mount != b.dir.file->mount || ops != b.dir.file->dir
                   ? EXDEV
                   : (link ? ops->link : ops->rename)(a.dir.file, a.path, b.dir.file, b.path);
    at_fini(c, &b);
    return done(c, &a, host);
}

wx_wasi_ret wx_wasi_path_link(struct wx_wasi_call *c, const uint64_t *a)
{
    if (a[1] & 1) {
        return WX_WERRNO_INVAL; /* following links is not offered, as the suite allows */
    }
    const uint64_t old[3] = {a[0], a[2], a[3]};
    return two_paths(c, old, a + 4, WX_R(WX_RN_PATH_LINK_SOURCE), WX_R(WX_RN_PATH_LINK_TARGET),
                     true);
}

wx_wasi_ret wx_wasi_path_rename(struct wx_wasi_call *c, const uint64_t *a)
{
    return two_paths(c, a, a + 3, WX_R(WX_RN_PATH_RENAME_SOURCE), WX_R(WX_RN_PATH_RENAME_TARGET),
                     false);
}

wx_wasi_ret wx_wasi_path_symlink(struct wx_wasi_call *c, const uint64_t *a)
{
    char *target;
    wx_werrno e = read_path(c, a[0], a[1], &target);
    struct at at;
    if (e) {
        return e;
    }
    e = at_init(c, a[2], a[3], a[4], WX_R(WX_RN_PATH_SYMLINK), &at);
    wx_wasi_ret r = e;
    if (!e) {
        /* An absolute link would lead outside a mount, and is never followed there anyway. */
        struct wx_file *d = at.dir.file;
        int host = target[0] == '/' && !d->crosses ? EPERM : d->dir->symlink(target, d, at.path);
        r = done(c, &at, host);
    }
    wx_free(&c->env->mem, target);
    return r;
}

wx_wasi_ret wx_wasi_path_readlink(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[3]}, a[4]);
    if (!e) {
        e = wx_guest_check(c, (wx_gptr){a[5]}, c->is64 ? 8 : 4);
    }
    struct at at;
    if (e || (e = at_init(c, a[0], a[1], a[2], WX_R(WX_RN_PATH_READLINK), &at))) {
        return e;
    }
    char buf[4096];
    size_t n = 0, len = a[4] < sizeof buf ? (size_t)a[4] : sizeof buf;
    int host = at.dir.file->dir->readlink(at.dir.file, at.path, buf, len, &n);
    wx_wasi_ret r = done(c, &at, host);
    if (!r && !(r = wx_guest_write(c, (wx_gptr){a[3]}, buf, n))) {
        r = wx_guest_write_size(c, (wx_gptr){a[5]}, n);
    }
    return r;
}

/* -------- path_open -------- */

static int host_flags(const struct wx_open_args *o)
{
    bool reads = (o->rights & (WX_R(WX_RN_FD_READ) | WX_R(WX_RN_FD_READDIR))) != 0;
    bool writes = (o->rights & (WX_R(WX_RN_FD_WRITE) | WX_R(WX_RN_FD_ALLOCATE) |
                                WX_R(WX_RN_FD_FILESTAT_SET_SIZE))) != 0;
    int flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
    flags |= o->oflags & WX_OFLAG_CREAT ? O_CREAT : 0;
    flags |= o->oflags & WX_OFLAG_DIRECTORY ? O_DIRECTORY : 0;
    flags |= o->oflags & WX_OFLAG_EXCL ? O_EXCL : 0;
    flags |= o->oflags & WX_OFLAG_TRUNC ? O_TRUNC : 0;
    flags |= o->fdflags & WX_FDFLAG_APPEND ? O_APPEND : 0;
    flags |= o->fdflags & WX_FDFLAG_DSYNC ? O_DSYNC : 0;
    flags |= o->fdflags & (WX_FDFLAG_SYNC | WX_FDFLAG_RSYNC) ? O_SYNC : 0;
    return flags;
}

/* Rights on the directory that the flags need (rule: creating and truncating are writing). */
static uint64_t needed_rights(const struct wx_open_args *o)
{
    uint64_t r = WX_R(WX_RN_PATH_OPEN);
    r |= o->oflags & WX_OFLAG_CREAT ? WX_R(WX_RN_PATH_CREATE_FILE) : 0;
    r |= o->oflags & WX_OFLAG_TRUNC ? WX_R(WX_RN_PATH_FILESTAT_SET_SIZE) : 0;
    return r;
}

/* Takes the file, as descriptor n. */
static wx_werrno publish(struct wx_wasi_call *c, const struct wx_fd *dir,
                         const struct wx_open_args *o, struct wx_file *f, uint32_t n)
{
    if (f->filetype == WX_FT_DIR && (o->rights & WX_R(WX_RN_FD_WRITE))) {
        wx_file_unref(f); /* below a read-only mount the host did not see the wish */
        return WX_WERRNO_ISDIR;
    }
    if (!dir->file->crosses) {
        f->read_only = dir->file->read_only;
        f->mount = dir->file->mount;
    }
    struct wx_fd fd = {.file = f,
                       .rights = o->rights & dir->inheriting,
                       .inheriting = o->inheriting & dir->inheriting,
                       .flags = (uint16_t)o->fdflags,
                       .cloexec = o->cloexec};
    if (f->filetype == WX_FT_DIR) {
        fd.rights &= WX_RIGHTS_DIR;
    }
    if (f->read_only) {
        fd.rights &= ~WX_RIGHTS_WRITE;
    }
    wx_fdtable_fill(c->env->fds, n, &fd);
    return 0;
}

/* Asking for all rights is common: a read-only mount gives those it has. */
static void ask_to_read(struct wx_open_how *how)
{
    how->flags = (how->flags & ~(O_ACCMODE | O_APPEND)) | O_RDONLY;
}

/* A root tells only when asked that what it found is on a read-only mount. */
static int open_below_root(struct wx_file *d, const char *path, const struct wx_open_args *o,
                           struct wx_open_how *how, struct wx_file **ret)
{
    int host = d->dir->open(d, path, how, ret);
    bool reads = (o->rights & WX_R(WX_RN_FD_READ)) != 0;
    if (host != EROFS || !reads || (how->flags & (O_CREAT | O_TRUNC))) {
        return host;
    }
    ask_to_read(how);
    host = d->dir->open(d, path, how, ret);
    if (!host && !(*ret)->read_only && (*ret)->filetype != WX_FT_DIR) { /* the host said so */
        wx_file_unref(*ret);
        return EROFS;
    }
    return host;
}

static int open_file(struct wx_file *d, const char *path, const struct wx_open_args *o,
                     struct wx_open_how *how, struct wx_file **ret)
{
    int host = !path[0]     ? ENOENT
               : d->crosses ? open_below_root(d, path, o, how, ret)
                            : d->dir->open(d, path, how, ret);
    if (host == EISDIR && !(o->oflags & (WX_OFLAG_CREAT | WX_OFLAG_TRUNC)) &&
        !(o->rights & WX_R(WX_RN_FD_WRITE))) {
        /* did not want to write, only to allocate or truncate if it was a file */
        ask_to_read(how);
        how->flags |= O_DIRECTORY;
        host = d->dir->open(d, path, how, ret);
    }
    return host;
}

/* The number comes first: with none left nothing is made or cut. */
static wx_werrno open_and_publish(struct wx_wasi_call *c, const struct wx_fd *dir, const char *path,
                                  const struct wx_open_args *o, struct wx_open_how *how,
                                  uint32_t *ret_fd)
{
    uint32_t n;
    wx_werrno e = wx_fdtable_reserve(c->env->fds, &n);
    if (e) {
        return e;
    }
    struct wx_file *f = NULL;
    int host = open_file(dir->file, path, o, how, &f);
    e = host ? wx_path_errno(c, host) : publish(c, dir, o, f, n);
    if (e) {
        wx_fdtable_unreserve(c->env->fds, n);
    }
    *ret_fd = n;
    return e;
}

wx_werrno wx_open_args_check(const struct wx_open_args *o)
{
    const uint32_t made_dir = WX_OFLAG_CREAT | WX_OFLAG_DIRECTORY; /* kernels differ about it */
    bool known = !(o->oflags & ~15u) && !(o->fdflags & ~31u) && !(o->rights & ~WX_RIGHTS_KNOWN);
    return known && (o->oflags & made_dir) != made_dir ? 0 : WX_WERRNO_INVAL;
}

wx_werrno wx_wasi_open(struct wx_wasi_call *c, const struct wx_fd *dir, const char *path,
                       const struct wx_open_args *o, uint32_t *ret_fd)
{
    struct wx_open_how how = {host_flags(o), (o->dirflags & 1) != 0};
    if (dir->file->read_only && (how.flags & (O_WRONLY | O_RDWR | O_APPEND))) {
        ask_to_read(&how);
        if (!(o->rights & WX_R(WX_RN_FD_READ))) {
            wx_wasi_denied(c, "the mount is read-only");
            return WX_WERRNO_ROFS;
        }
    }
    return open_and_publish(c, dir, path, o, &how, ret_fd);
}

static wx_wasi_ret path_open(struct wx_wasi_call *c, const uint64_t *a,
                             const struct wx_open_args *o, uint64_t ret_ptr)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){ret_ptr}, 4);
    e = e ? e : wx_open_args_check(o);
    struct at at;
    if (e || (e = at_init(c, a[0], a[2], a[3], needed_rights(o), &at))) {
        return e;
    }
    uint32_t n;
    e = wx_wasi_open(c, &at.dir, at.path, o, &n);
    at_fini(c, &at);
    return e ? e : wx_guest_write_u32(c, (wx_gptr){ret_ptr}, n); /* checked at the start */
}

wx_wasi_ret wx_wasi_path_open(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_open_args o = {(uint32_t)a[1], (uint32_t)a[4], (uint32_t)a[7], false, a[5], a[6]};
    return path_open(c, a, &o, a[8]);
}

wx_wasi_ret wx_wasi_path_open2(struct wx_wasi_call *c, const uint64_t *a)
{
    bool cloexec = (a[8] & WX_FDFLAGEXT_CLOEXEC) != 0;
    struct wx_open_args o = {(uint32_t)a[1], (uint32_t)a[4], (uint32_t)a[7], cloexec, a[5], a[6]};
    return path_open(c, a, &o, a[9]);
}
