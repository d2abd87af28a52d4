/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes. */
/*
 * Nodes are made when they are looked up: a kind, and a number for those of descriptors. A file
 * over a descriptor's file never stands on another such file, so that opening them from one another
 * makes no chain.
 */
#include "vfs/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/racy.h"
#include "os/fd.h"
#include "vfs/node.h"

#define DEVICE 0x6c000000u /* st_dev: no disk has such a number */
#define N_DOTS 2
#define CHUNK 4096u
#define MOST (UINT64_C(1) << 20) /* bytes a read gives at once: between reads a stop is seen */

enum kind { K_TOP, K_FD_DIR, K_NULL, K_ZERO, K_FULL, K_RANDOM, K_FD /* a descriptor */, K_TTY };

/* What is there, in the order of listings. */
static const struct {
    const char *name;
    enum kind kind;
    uint32_t number; /* of a descriptor, or the minor one of the device */
} entries[] = {
    {"null", K_NULL, 3},      {"zero", K_ZERO, 5}, {"full", K_FULL, 7}, {"random", K_RANDOM, 8},
    {"urandom", K_RANDOM, 9}, {"stdin", K_FD, 0},  {"stdout", K_FD, 1}, {"stderr", K_FD, 2},
    {"tty", K_TTY, 0},        {"fd", K_FD_DIR, 0},
};
#define N_ENTRIES WX_ARRAY_LEN(entries)
#define FIRST_FD_INO (N_ENTRIES + 2)

struct dnode {
    struct wx_node node;
    struct wx_mem *mem;
    struct wx_dev_source source;
    enum kind kind;
    uint32_t number;
    uint64_t ino;
};

static struct dnode *in(struct wx_node *n) { return (struct dnode *)(void *)n; }

static const struct wx_node_ops node_ops;

static bool is_dir(enum kind kind) { return kind == K_TOP || kind == K_FD_DIR; }

static struct wx_node *new_node(struct wx_mem *mem, const struct wx_dev_source *source,
                                enum kind kind, uint32_t number, uint64_t ino)
{
    struct dnode *d = wx_zalloc(mem, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->node = (struct wx_node){&node_ops, 1, is_dir(kind) ? S_IFDIR : S_IFCHR};
    d->mem = mem;
    d->source = *source;
    d->kind = kind;
    d->number = number;
    d->ino = ino;
    return &d->node;
}

static void free_node(struct wx_node *node) { wx_free(in(node)->mem, node); }

/* -------- devices -------- */

struct devfile {
    struct wx_file file;
    enum kind kind;
    uint64_t ino;
    uint32_t number;
    bool reads, writes;
    struct wx_file *to; /* a descriptor's file, counted; NULL: a device */
};

static struct devfile *open_in(struct wx_file *f) { return (struct devfile *)(void *)f; }

static int fill(enum kind kind, const struct iovec *iov, size_t len)
{
    uint8_t chunk[CHUNK] = {0};
    for (size_t at = 0; at < len;) {
        size_t n = len - at < CHUNK ? len - at : CHUNK;
        int e = kind == K_RANDOM ? wx_random_fill(chunk, n) : 0;
        if (e) {
            return e;
        }
        wx_copy_racy((uint8_t *)iov->iov_base + at, chunk, n);
        at += n;
    }
    return 0;
}

static ssize_t dev_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    const struct devfile *d = open_in(f);
    (void)off;
    if (write ? !d->writes : !d->reads) {
        return -EBADF;
    }
    if (write) {
        return d->kind == K_FULL && wx_iov_total(iov, n) ? -ENOSPC : (ssize_t)wx_iov_total(iov, n);
    }
    size_t done = 0;
    for (int i = 0; i < n && d->kind != K_NULL; i++) {
        size_t len = iov[i].iov_len < MOST - done ? iov[i].iov_len : MOST - done;
        int e = fill(d->kind, &iov[i], len);
        if (e) {
            return done ? (ssize_t)done : -e;
        }
        done += len;
    }
    return (ssize_t)done;
}

static int64_t dev_seek(struct wx_file *f, int64_t off, int whence)
{
    (void)f, (void)off, (void)whence;
    return 0;
}

static struct stat stat_of(enum kind kind, uint64_t ino, uint32_t number)
{
    return (struct stat){.st_dev = DEVICE,
                         .st_ino = ino,
                         .st_mode = is_dir(kind) ? S_IFDIR | 0555 : S_IFCHR | 0666,
                         .st_nlink = is_dir(kind) ? 2 : 1,
                         .st_rdev = is_dir(kind) ? 0 : makedev(1, number),
                         .st_blksize = 4096};
}

static int dev_stat(struct wx_file *f, struct stat *ret)
{
    *ret = stat_of(open_in(f)->kind, open_in(f)->ino, open_in(f)->number);
    return 0;
}

static int dev_sync(struct wx_file *f, bool data_only)
{
    (void)f, (void)data_only;
    return EINVAL; /* as the kernel's */
}

static void dev_free(struct wx_file *f)
{
    wx_file_unref(open_in(f)->to);
    wx_free(f->mem, f);
}

static const struct wx_file_ops dev_ops = {
    .io = dev_io,
    .seek = dev_seek,
    .stat = dev_stat,
    .truncate = wx_file_no_truncate,
    .allocate = wx_file_no_allocate,
    .advise = wx_file_no_advise,
    .sync = dev_sync,
    .utimens = wx_file_no_utimens,
    .set_append = wx_file_any_append,
    .list = wx_file_no_list,
    .free = dev_free,
};

/* -------- descriptors -------- */

static struct wx_file *to(struct wx_file *f) { return open_in(f)->to; }

static ssize_t fd_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    const struct devfile *d = open_in(f);
    return (write ? d->writes : d->reads) ? d->to->ops->io(d->to, write, iov, n, off) : -EBADF;
}

static int64_t fd_seek(struct wx_file *f, int64_t off, int whence)
{
    return to(f)->ops->seek(to(f), off, whence);
}

static int fd_stat(struct wx_file *f, struct stat *ret) { return to(f)->ops->stat(to(f), ret); }

static int fd_truncate(struct wx_file *f, uint64_t size)
{
    return open_in(f)->writes ? to(f)->ops->truncate(to(f), size) : EINVAL;
}

static int fd_allocate(struct wx_file *f, uint64_t off, uint64_t len)
{
    return open_in(f)->writes ? to(f)->ops->allocate(to(f), off, len) : EBADF;
}

static int fd_advise(struct wx_file *f, uint64_t off, uint64_t len, int host_advice)
{
    return to(f)->ops->advise(to(f), off, len, host_advice);
}

static int fd_sync(struct wx_file *f, bool data_only) { return to(f)->ops->sync(to(f), data_only); }

static int fd_utimens(struct wx_file *f, const struct timespec times[2])
{
    return open_in(f)->writes ? to(f)->ops->utimens(to(f), times) : EBADF;
}

static const struct wx_file_ops fd_ops = {
    .io = fd_io,
    .seek = fd_seek,
    .stat = fd_stat,
    .truncate = fd_truncate,
    .allocate = fd_allocate,
    .advise = fd_advise,
    .sync = fd_sync,
    .utimens = fd_utimens,
    .set_append = wx_file_any_append, /* the file keeps what it was opened with */
    .list = wx_file_no_list,
    .free = dev_free,
};

struct wx_file *wx_dev_target(struct wx_file *f) { return f->ops == &fd_ops ? to(f) : f; }

/* The standard stream that is a terminal. */
static int find_tty(const struct dnode *d, struct wx_dev_fd *ret)
{
    for (uint32_t i = 0; i < 3; i++) {
        if (d->source.get(d->source.data, i, ret) == 0) {
            if (ret->file->filetype == WX_FT_CHAR && isatty(ret->file->host_fd)) {
                return 0;
            }
            wx_file_unref(ret->file);
        }
    }
    return ENXIO;
}

/* What a node of a descriptor stands for, with a reference. */
static int resolve(const struct dnode *d, struct wx_dev_fd *ret)
{
    int e = d->kind == K_TTY ? find_tty(d, ret) : d->source.get(d->source.data, d->number, ret);
    if (!e && ret->file->ops == &fd_ops) { /* no files over files over files */
        const struct devfile *over = open_in(ret->file);
        struct wx_file *below = wx_file_ref(over->to);
        ret->reads = ret->reads && over->reads;
        ret->writes = ret->writes && over->writes;
        wx_file_unref(ret->file);
        ret->file = below;
    }
    return e == EBADF ? ENOENT : e;
}

/* -------- nodes -------- */

static int op_open(struct wx_node *node, int flags, struct wx_file **ret)
{
    const struct dnode *d = in(node);
    struct wx_dev_fd fd = {.reads = true, .writes = true};
    bool reads = (flags & O_ACCMODE) != O_WRONLY, writes = (flags & O_ACCMODE) != O_RDONLY;
    bool over = d->kind == K_FD || d->kind == K_TTY;
    int e = over ? resolve(d, &fd) : 0;
    if (e) {
        return e;
    }
    /* Directories are not got again this way. */
    bool refused =
        (over && fd.file->filetype == WX_FT_DIR) || (reads && !fd.reads) || (writes && !fd.writes);
    struct devfile *f = refused ? NULL : wx_zalloc(d->mem, sizeof *f);
    if (!f) {
        wx_file_unref(fd.file);
        return refused ? EACCES : ENOMEM;
    }
    wx_file_init(&f->file, over ? &fd_ops : &dev_ops, d->mem,
                 over ? fd.file->filetype : WX_FT_CHAR);
    f->file.host_fd = over ? fd.file->host_fd : -1;
    f->file.whole = over && fd.file->whole;
    f->kind = d->kind;
    f->ino = d->ino;
    f->number = d->number;
    f->reads = reads;
    f->writes = writes;
    f->to = fd.file;
    *ret = &f->file;
    return 0;
}

/* A descriptor's number as it is written; UINT32_MAX if it is none. */
static uint32_t number_of(const char *name)
{
    uint64_t n = 0;
    if (name[0] == '0' && name[1]) {
        return UINT32_MAX;
    }
    for (size_t i = 0; name[i] || i == 0; i++) {
        if (name[i] < '0' || name[i] > '9' || n > UINT32_MAX / 10) {
            return UINT32_MAX;
        }
        n = n * 10 + (uint64_t)(name[i] - '0');
    }
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static int lookup_fd(const struct dnode *d, const char *name, struct wx_node **ret)
{
    struct wx_dev_fd fd;
    uint32_t n = number_of(name);
    if (n == UINT32_MAX || d->source.get(d->source.data, n, &fd) != 0) {
        return ENOENT;
    }
    wx_file_unref(fd.file);
    *ret = new_node(d->mem, &d->source, K_FD, n, FIRST_FD_INO + n);
    return *ret ? 0 : ENOMEM;
}

static int op_lookup(struct wx_node *dir, const char *name, struct wx_node **ret)
{
    const struct dnode *d = in(dir);
    if (d->kind == K_FD_DIR) {
        return lookup_fd(d, name, ret);
    }
    for (size_t i = 0; i < N_ENTRIES; i++) {
        if (strcmp(name, entries[i].name) == 0) {
            *ret = new_node(d->mem, &d->source, entries[i].kind, entries[i].number, i + 2);
            return *ret ? 0 : ENOMEM;
        }
    }
    return ENOENT;
}

static int list_fds(const struct dnode *d, uint64_t cookie, wx_entry_fn fn, void *data)
{
    uint64_t from = cookie - N_DOTS;
    while (from < UINT32_MAX) {
        char name[16];
        uint32_t n = d->source.next(d->source.data, (uint32_t)from);
        (void)snprintf(name, sizeof name, "%u", n);
        if (n == UINT32_MAX ||
            !fn(data, (uint64_t)n + N_DOTS + 1, FIRST_FD_INO + n, WX_FT_CHAR, name)) {
            return 0;
        }
        from = (uint64_t)n + 1;
    }
    return 0;
}

static int op_list(struct wx_node *dir, uint64_t cookie, wx_entry_fn fn, void *data)
{
    const struct dnode *d = in(dir);
    for (; cookie < N_DOTS; cookie++) {
        if (!fn(data, cookie + 1, cookie ? 1 : d->ino, WX_FT_DIR, cookie ? ".." : ".")) {
            return 0;
        }
    }
    if (d->kind == K_FD_DIR) {
        return cookie - N_DOTS <= UINT32_MAX ? list_fds(d, cookie, fn, data) : EINVAL;
    }
    if (cookie - N_DOTS > N_ENTRIES) {
        return EINVAL;
    }
    for (uint64_t i = cookie - N_DOTS; i < N_ENTRIES; i++) {
        uint8_t type = is_dir(entries[i].kind) ? WX_FT_DIR : WX_FT_CHAR;
        if (!fn(data, i + N_DOTS + 1, i + 2, type, entries[i].name)) {
            return 0;
        }
    }
    return 0;
}

static int op_stat(struct wx_node *node, struct stat *ret)
{
    const struct dnode *d = in(node);
    struct wx_dev_fd fd;
    if (d->kind != K_FD || resolve(d, &fd) != 0) {
        *ret = stat_of(d->kind, d->ino, d->number);
        return d->kind == K_FD ? ENOENT : 0;
    }
    int e = fd.file->ops->stat(fd.file, ret);
    wx_file_unref(fd.file);
    return e;
}

static int no_create(struct wx_node *dir, const char *name, mode_t type, const char *text,
                     struct wx_node **ret)
{
    (void)dir, (void)name, (void)type, (void)text, (void)ret;
    return EROFS;
}

static int no_remove(struct wx_node *dir, const char *name, bool is_directory)
{
    (void)dir, (void)name, (void)is_directory;
    return EROFS;
}

static int no_rename(struct wx_node *from, const char *name, struct wx_node *dir,
                     const char *to_name)
{
    (void)from, (void)name, (void)dir, (void)to_name;
    return EROFS;
}

static int no_link(struct wx_node *node, struct wx_node *dir, const char *name)
{
    (void)node, (void)dir, (void)name;
    return EROFS;
}

static int no_text(struct wx_node *link, char *buf, size_t len, size_t *ret_len)
{
    (void)link, (void)buf, (void)len, (void)ret_len;
    return EINVAL; /* there are no links */
}

static int no_utimens(struct wx_node *node, const struct timespec times[2])
{
    (void)node, (void)times;
    return EROFS;
}

static const struct wx_node_ops node_ops = {
    .lookup = op_lookup,
    .create = no_create,
    .remove = no_remove,
    .rename = no_rename,
    .link = no_link,
    .list = op_list,
    .text = no_text,
    .open = op_open,
    .stat = op_stat,
    .utimens = no_utimens,
    .free = free_node,
};

struct wx_file *wx_dev_new(struct wx_mem *mem, const struct wx_dev_source *source)
{
    struct wx_node *top = new_node(mem, source, K_TOP, 0, 1);
    return top ? wx_tree_open_dir(mem, top) : NULL;
}
