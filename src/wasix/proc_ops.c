/* SPDX-License-Identifier: Apache-2.0 */
/* What a spawn does to its child before it begins: descriptors, working directory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/filestat.h"
#include "wasi/open.h"
#include "wasi/rights.h"
#include "wasix/proc_args.h"

#define PATH_MAX_BYTES 4095
#define MAX_FD_OPS 4096

enum { OP_CLOSE, OP_DUP2, OP_OPEN, OP_CHDIR, OP_FCHDIR }; /* proc_spawn_fd_op_name */
#define OP_BYTES 56u
#define OP_BYTES_64 64u

/* proc_spawn_fd_op */
struct fd_op {
    uint8_t cmd;
    uint32_t fd, src_fd;
    uint64_t path, path_len;
    struct wx_open_args open;
};

static uint64_t get(const uint8_t *b, size_t n)
{
    uint64_t v = 0;
    memcpy(&v, b, n);
    return v;
}

/* Fields from `path` on, whose sizes are those of pointers, lie elsewhere in wasix_64v1. */
static wx_werrno read_op(const struct wx_wasi_call *c, uint64_t ptr, struct fd_op *ret)
{
    uint8_t b[OP_BYTES_64];
    size_t word = c->is64 ? 8 : 4, path = c->is64 ? 16 : 12, flags = path + 2 * word;
    size_t rights = c->is64 ? 40 : 32;
    wx_werrno e = wx_guest_read(c, (wx_gptr){ptr}, b, c->is64 ? OP_BYTES_64 : OP_BYTES);
    if (e) {
        return e;
    }
    *ret = (struct fd_op){.cmd = b[0],
                          .fd = (uint32_t)get(b + 4, 4),
                          .src_fd = (uint32_t)get(b + 8, 4),
                          .path = get(b + path, word),
                          .path_len = get(b + path + word, word)};
    ret->open = (struct wx_open_args){.dirflags = (uint32_t)get(b + flags, 4),
                                      .oflags = (uint32_t)get(b + flags + 4, 2),
                                      .rights = get(b + rights, 8) & WX_RIGHTS_KNOWN,
                                      .inheriting = get(b + rights + 8, 8) & WX_RIGHTS_KNOWN,
                                      .fdflags = (uint32_t)get(b + rights + 16, 2),
                                      .cloexec = (get(b + rights + 18, 2) & 1) != 0};
    return 0;
}

static void set_cwd(struct wx_env *child, struct wx_file *dir)
{
    wx_file_unref(child->cwd); /* nobody else has the child yet */
    child->cwd = dir;
}

/* A descriptor of that number, in place of what is there. */
static wx_werrno op_open(struct wx_wasi_call *c, const struct fd_op *op, const char *path)
{
    struct wx_env *child = c->env;
    const struct wx_fd cwd = {
        .file = child->cwd, .rights = WX_RIGHTS_KNOWN, .inheriting = WX_RIGHTS_KNOWN};
    uint32_t n;
    wx_werrno e = wx_open_args_check(&op->open);
    e = e ? e : wx_wasi_open(c, &cwd, path, &op->open, &n);
    if (!e && n != op->fd) {
        e = wx_fdtable_dup_to(child->fds, n, op->fd);
        if (!e && op->open.cloexec) {
            (void)wx_fdtable_set_cloexec(child->fds, op->fd, true); /* it is there */
        }
        (void)wx_fdtable_close(child->fds, n); /* it is open */
    }
    return e;
}

static wx_werrno op_chdir(const struct wx_wasi_call *c, const char *path)
{
    static const struct wx_open_how how = {.flags = O_RDONLY | O_DIRECTORY, .follow = true};
    struct wx_file *dir, *cwd = c->env->cwd;
    int e = path[0] ? cwd->dir->open(cwd, path, &how, &dir) : ENOENT;
    if (e) {
        return wx_path_errno(c, e);
    }
    set_cwd(c->env, dir);
    return 0;
}

static wx_werrno op_fchdir(const struct wx_wasi_call *c, uint32_t n)
{
    struct wx_fd fd;
    wx_werrno e = wx_fdtable_get(c->env->fds, n, &fd);
    if (!e && (fd.file->filetype != WX_FT_DIR || !fd.file->crosses)) {
        wx_file_unref(fd.file);
        e = WX_WERRNO_NOTDIR;
    }
    if (!e) {
        set_cwd(c->env, fd.file);
    }
    return e;
}

/* dup2 of a number to itself only keeps it open. */
static wx_werrno op_dup2(const struct wx_wasi_call *c, const struct fd_op *op)
{
    return op->src_fd == op->fd ? wx_fdtable_set_cloexec(c->env->fds, op->fd, false)
                                : wx_fdtable_dup_to(c->env->fds, op->src_fd, op->fd);
}

static wx_werrno with_path(struct wx_wasi_call *c, const struct fd_op *op)
{
    char *path;
    wx_werrno e = wx_guest_read_str(c, (wx_gptr){op->path}, op->path_len, PATH_MAX_BYTES, &path);
    if (e) {
        return e;
    }
    e = strlen(path) != op->path_len ? WX_WERRNO_INVAL
        : op->cmd == OP_OPEN         ? op_open(c, op, path)
                                     : op_chdir(c, path);
    wx_free(&c->env->mem, path);
    return e;
}

static wx_werrno do_op(struct wx_wasi_call *c, const struct fd_op *op)
{
    switch (op->cmd) {
    case OP_CLOSE:
        (void)wx_fdtable_close(c->env->fds, op->fd);
        return 0; /* POSIX: not open is fine */
    case OP_DUP2: return op_dup2(c, op);
    case OP_OPEN:
    case OP_CHDIR: return with_path(c, op);
    case OP_FCHDIR: return op_fchdir(c, op->fd);
    default: return WX_WERRNO_INVAL;
    }
}

wx_werrno wx_proc_do_ops(const struct wx_wasi_call *c, struct wx_env *child, uint64_t ptr,
                         uint64_t n)
{
    struct wx_wasi_call of_child = *c; /* the guest's memory, the child's files */
    of_child.env = child;
    wx_werrno e = n > MAX_FD_OPS ? WX_WERRNO_INVAL : 0;
    for (uint64_t i = 0; i < n && !e; i++) {
        struct fd_op op;
        e = read_op(c, ptr + i * (c->is64 ? OP_BYTES_64 : OP_BYTES), &op);
        e = e ? e : do_op(&of_child, &op);
    }
    return e;
}

wx_werrno wx_proc_chdir(const struct wx_wasi_call *c, struct wx_env *child, uint64_t path,
                        uint64_t path_len)
{
    struct wx_wasi_call of_child = *c;
    of_child.env = child;
    const struct fd_op op = {.cmd = OP_CHDIR, .path = path, .path_len = path_len};
    return do_op(&of_child, &op);
}
