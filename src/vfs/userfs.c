/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and files over the embedder's functions, none of whose answers is believed unseen. */
#include "vfs/userfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "base/racy.h"
#include "os/lock.h"
#include "vfs/node.h"

#define FIRST_DEVICE 0x6e000000u /* st_dev: no disk has such a number */
#define N_DOTS 2
#define MAX_COOKIE (UINT64_C(1) << 61) /* the bits above are those of who stands over us */
#define CHUNK 4096u /* guest memory may change under a copy, the embedder sees bytes that stay */
#define MOST (UINT64_C(16) << 20) /* bytes of one call: between calls a stop is seen */
#define NS_PER_S UINT64_C(1000000000)

struct fs {
    struct wx_mem *mem;
    uint32_t refs; /* atomic: nodes */
    dev_t dev;
    wax_fs_ops ops;
    void *data;
};

struct unode {
    struct wx_node node;
    struct fs *fs;
    uint64_t id;
};

static struct unode *in(struct wx_node *n) { return (struct unode *)(void *)n; }

static const struct wx_node_ops node_ops;

/* An errno as the embedder gave it. */
static int checked(int32_t e) { return e >= 0 && e <= 4095 ? e : EIO; }

/* Bytes of at most `len`, or -errno. */
static int64_t checked_bytes(int64_t r, size_t len)
{
    return r >= -4095 && r <= (int64_t)len ? r : -EIO;
}

static mode_t mode_of(uint32_t type)
{
    switch (type) {
    case WAX_FS_FILE: return S_IFREG;
    case WAX_FS_DIR: return S_IFDIR;
    case WAX_FS_LINK: return S_IFLNK;
    default: return 0;
    }
}

static void forget(const struct fs *fs, uint64_t id)
{
    if (fs->ops.forget && id != WAX_FS_ROOT) {
        fs->ops.forget(fs->data, id);
    }
}

static void fs_unref(struct fs *fs)
{
    if (wx_sub_acqrel(&fs->refs, 1) == 1) {
        wx_free(fs->mem, fs);
    }
}

static void free_node(struct wx_node *node)
{
    struct fs *fs = in(node)->fs;
    forget(fs, in(node)->id);
    wx_free(fs->mem, node);
    fs_unref(fs);
}

/* Takes the embedder's node. */
static int new_node(struct fs *fs, uint64_t id, uint32_t type, struct wx_node **ret)
{
    struct unode *u = mode_of(type) ? wx_zalloc(fs->mem, sizeof *u) : NULL;
    if (!u) {
        forget(fs, id);
        return mode_of(type) ? ENOMEM : EIO;
    }
    u->node = (struct wx_node){&node_ops, 1, mode_of(type)};
    u->fs = fs;
    wx_add_relaxed(&fs->refs, 1); /* the caller holds one */
    u->id = id;
    *ret = &u->node;
    return 0;
}

/* -------- nodes -------- */

static int op_lookup(struct wx_node *dir, const char *name, struct wx_node **ret)
{
    struct fs *fs = in(dir)->fs;
    uint64_t id = 0;
    uint32_t type = 0;
    int e = checked(fs->ops.lookup(fs->data, in(dir)->id, name, &id, &type));
    return e ? e : new_node(fs, id, type, ret);
}

static int op_create(struct wx_node *dir, const char *name, mode_t type, const char *text,
                     struct wx_node **ret)
{
    struct fs *fs = in(dir)->fs;
    uint32_t kind = S_ISDIR(type) ? WAX_FS_DIR : S_ISLNK(type) ? WAX_FS_LINK : WAX_FS_FILE;
    uint64_t id = 0;
    int e = !fs->ops.create ? EROFS
                            : checked(fs->ops.create(fs->data, in(dir)->id, name, kind, text, &id));
    return e ? e : new_node(fs, id, kind, ret);
}

static int op_remove(struct wx_node *dir, const char *name, bool is_dir)
{
    const struct fs *fs = in(dir)->fs;
    return fs->ops.remove ? checked(fs->ops.remove(fs->data, in(dir)->id, name, is_dir)) : EROFS;
}

static int op_rename(struct wx_node *from, const char *name, struct wx_node *to,
                     const char *to_name)
{
    const struct fs *fs = in(from)->fs;
    if (fs != in(to)->fs) {
        return EXDEV;
    }
    return fs->ops.rename
               ? checked(fs->ops.rename(fs->data, in(from)->id, name, in(to)->id, to_name))
               : EROFS;
}

static int op_link(struct wx_node *node, struct wx_node *dir, const char *name)
{
    const struct fs *fs = in(dir)->fs;
    if (fs != in(node)->fs) {
        return EXDEV;
    }
    return fs->ops.link ? checked(fs->ops.link(fs->data, in(node)->id, in(dir)->id, name)) : EROFS;
}

/* Cookies ascend, so that a listing comes to an end. */
static bool is_entry(const wax_fs_entry *e, uint64_t cookie)
{
    size_t len = strnlen(e->name, sizeof e->name);
    return len > 0 && len < sizeof e->name && !strchr(e->name, '/') && strcmp(e->name, ".") != 0 &&
           strcmp(e->name, "..") != 0 && mode_of(e->type) && e->next > cookie &&
           e->next < MAX_COOKIE;
}

static int op_list(struct wx_node *dir, uint64_t cookie, wx_entry_fn fn, void *data)
{
    const struct fs *fs = in(dir)->fs;
    for (; cookie < N_DOTS; cookie++) {
        if (!fn(data, cookie + 1, in(dir)->id, WX_FT_DIR, cookie ? ".." : ".")) {
            return 0;
        }
    }
    if (cookie >= MAX_COOKIE) {
        return EINVAL;
    }
    for (cookie -= N_DOTS;;) {
        wax_fs_entry entry = {0};
        int e = checked(fs->ops.list(fs->data, in(dir)->id, cookie, &entry));
        if (e || !is_entry(&entry, cookie)) {
            return e == ENOENT ? 0 : e ? e : EIO;
        }
        if (!fn(data, entry.next + N_DOTS, entry.node, wx_filetype(mode_of(entry.type)),
                entry.name)) {
            return 0;
        }
        cookie = entry.next;
    }
}

static int op_text(struct wx_node *link, char *buf, size_t len, size_t *ret_len)
{
    const struct fs *fs = in(link)->fs;
    int64_t n = fs->ops.readlink
                    ? checked_bytes(fs->ops.readlink(fs->data, in(link)->id, buf, len), len)
                    : -ENOSYS;
    if (n < 0) {
        return (int)-n;
    }
    *ret_len = strnlen(buf, (size_t)n); /* a NUL ends it */
    return *ret_len || len == 0 ? 0 : EIO;
}

static struct timespec time_of(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
}

static int op_stat(struct wx_node *node, struct stat *ret)
{
    const struct unode *u = in(node);
    wax_fs_stat st = {0};
    int e = checked(u->fs->ops.stat(u->fs->data, u->id, &st));
    if (!e && (mode_of(st.type) != node->type || st.size > INT64_MAX)) {
        e = EIO;
    }
    if (!e) {
        *ret = (struct stat){.st_dev = u->fs->dev,
                             .st_ino = u->id,
                             .st_mode = node->type | (S_ISDIR(node->type) ? 0777 : 0666),
                             .st_nlink = st.n_links,
                             .st_size = (off_t)st.size,
                             .st_blksize = 4096,
                             .st_blocks = (blkcnt_t)(st.size / 512),
                             .st_atim = time_of(st.atime_ns),
                             .st_mtim = time_of(st.mtime_ns),
                             .st_ctim = time_of(st.ctime_ns)};
    }
    return e;
}

static uint64_t ns_of(const struct timespec *t)
{
    struct timespec now;
    if (t->tv_nsec == UTIME_OMIT) {
        return WAX_FS_OMIT;
    }
    if (t->tv_nsec == UTIME_NOW) {
        (void)clock_gettime(CLOCK_REALTIME, &now); /* always there */
        t = &now;
    }
    return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}

static int op_utimens(struct wx_node *node, const struct timespec times[2])
{
    const struct unode *u = in(node);
    uint64_t atime = ns_of(&times[0]), mtime = ns_of(&times[1]);
    return u->fs->ops.set_times ? checked(u->fs->ops.set_times(u->fs->data, u->id, atime, mtime))
                                : EROFS;
}

/* -------- files -------- */

struct userfile {
    struct wx_file file;
    struct wx_node *node;
    bool reads, writes;
    struct wx_mutex lock; /* leaf; never held while the embedder is called */
    bool append WAX_GUARDED_BY(&lock);
    uint64_t pos WAX_GUARDED_BY(&lock);
};

static struct userfile *open_in(struct wx_file *f) { return (struct userfile *)(void *)f; }
static struct unode *node_of(struct wx_file *f) { return in(open_in(f)->node); }

/* One call with at most a chunk. @return bytes, or -errno */
static int64_t move_chunk(const struct unode *u, bool write, uint8_t *at, size_t len, uint64_t off)
{
    const wax_fs_ops *ops = &u->fs->ops;
    uint8_t chunk[CHUNK];
    if (write) {
        wx_copy_racy(chunk, at, len);
        return ops->write ? checked_bytes(ops->write(u->fs->data, u->id, chunk, len, off), len)
                          : -EROFS;
    }
    memset(chunk, 0, len); /* what the embedder does not fill is nobody's secret */
    int64_t n =
        ops->read ? checked_bytes(ops->read(u->fs->data, u->id, chunk, len, off), len) : -ENOSYS;
    if (n > 0) {
        wx_copy_racy(at, chunk, (size_t)n);
    }
    return n;
}

/* @return bytes, or -errno if there were none */
static int64_t move(const struct unode *u, bool write, const struct iovec *iov, int n, uint64_t off)
{
    int64_t done = 0;
    for (int i = 0; i < n; i++) {
        for (size_t at = 0; at < iov[i].iov_len && (uint64_t)done < MOST;) {
            size_t len = iov[i].iov_len - at < CHUNK ? iov[i].iov_len - at : CHUNK;
            uint64_t where = off == WAX_FS_APPEND ? off : off + (uint64_t)done;
            int64_t r = move_chunk(u, write, (uint8_t *)iov[i].iov_base + at, len, where);
            if (r < 0) {
                return done ? done : r;
            }
            done += r;
            at += (size_t)r;
            if ((size_t)r < len) {
                return done;
            }
        }
    }
    return done;
}

static ssize_t file_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    struct userfile *u = open_in(f);
    struct stat st;
    if (write ? !u->writes : !u->reads) {
        return -EBADF;
    }
    wx_mutex_lock(&u->lock);
    bool append = write && u->append;
    uint64_t at = off >= 0 ? (uint64_t)off : u->pos;
    wx_mutex_unlock(&u->lock);
    if (at + wx_iov_total(iov, n) > INT64_MAX) {
        return -EFBIG;
    }
    int64_t r = move(node_of(f), write, iov, n, append ? WAX_FS_APPEND : at);
    if (r > 0 && off < 0) {
        at += (uint64_t)r;
        if (append && op_stat(u->node, &st) == 0) {
            at = (uint64_t)st.st_size;
        }
        wx_mutex_lock(&u->lock);
        u->pos = at;
        wx_mutex_unlock(&u->lock);
    }
    return r;
}

static int64_t file_seek(struct wx_file *f, int64_t off, int whence)
{
    struct userfile *u = open_in(f);
    struct stat st = {0};
    int e = whence == SEEK_END ? op_stat(u->node, &st) : 0;
    if (e) {
        return -e;
    }
    wx_mutex_lock(&u->lock);
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)u->pos : st.st_size, at;
    if (__builtin_add_overflow(base, off, &at)) {
        at = off < 0 ? -EINVAL : -EOVERFLOW;
    } else if (at < 0) {
        at = -EINVAL;
    } else {
        u->pos = (uint64_t)at;
    }
    wx_mutex_unlock(&u->lock);
    return at;
}

static int file_stat(struct wx_file *f, struct stat *ret) { return op_stat(open_in(f)->node, ret); }

static int truncate_node(const struct unode *u, uint64_t size)
{
    return u->fs->ops.truncate ? checked(u->fs->ops.truncate(u->fs->data, u->id, size)) : EROFS;
}

static int file_truncate(struct wx_file *f, uint64_t size)
{
    return open_in(f)->writes ? truncate_node(node_of(f), size) : EINVAL;
}

static int file_allocate(struct wx_file *f, uint64_t off, uint64_t len)
{
    struct stat st;
    int e = open_in(f)->writes ? op_stat(open_in(f)->node, &st) : EBADF;
    return e || off + len <= (uint64_t)st.st_size ? e : truncate_node(node_of(f), off + len);
}

static int file_advise(struct wx_file *f, uint64_t off, uint64_t len, int host_advice)
{
    (void)f, (void)off, (void)len, (void)host_advice;
    return 0;
}

static int file_sync(struct wx_file *f, bool data_only)
{
    const struct unode *u = node_of(f);
    (void)data_only;
    return u->fs->ops.sync ? checked(u->fs->ops.sync(u->fs->data, u->id)) : 0;
}

static int file_utimens(struct wx_file *f, const struct timespec times[2])
{
    return op_utimens(open_in(f)->node, times);
}

static int file_set_append(struct wx_file *f, bool append)
{
    wx_mutex_lock(&open_in(f)->lock);
    open_in(f)->append = append;
    wx_mutex_unlock(&open_in(f)->lock);
    return 0;
}

static void file_free(struct wx_file *f)
{
    wx_node_unref(open_in(f)->node);
    wx_mutex_fini(&open_in(f)->lock);
    wx_free(f->mem, f);
}

static const struct wx_file_ops file_ops = {
    .io = file_io,
    .seek = file_seek,
    .stat = file_stat,
    .truncate = file_truncate,
    .allocate = file_allocate,
    .advise = file_advise,
    .sync = file_sync,
    .utimens = file_utimens,
    .set_append = file_set_append,
    .list = wx_file_no_list,
    .free = file_free,
};

static int op_open(struct wx_node *node, int flags, struct wx_file **ret)
{
    const struct unode *u = in(node);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (writes && !u->fs->ops.write) {
        return EROFS;
    }
    int e = flags & O_TRUNC ? truncate_node(u, 0) : 0;
    struct userfile *f = e ? NULL : wx_zalloc(u->fs->mem, sizeof *f);
    if (!f) {
        return e ? e : ENOMEM;
    }
    wx_file_init(&f->file, &file_ops, u->fs->mem, WX_FT_FILE);
    f->node = wx_node_ref(node);
    f->reads = (flags & O_ACCMODE) != O_WRONLY;
    f->writes = writes;
    wx_mutex_init(&f->lock);
    (void)file_set_append(&f->file, (flags & O_APPEND) != 0); /* can not fail */
    *ret = &f->file;
    return 0;
}

static const struct wx_node_ops node_ops = {
    .lookup = op_lookup,
    .create = op_create,
    .remove = op_remove,
    .rename = op_rename,
    .link = op_link,
    .list = op_list,
    .text = op_text,
    .open = op_open,
    .stat = op_stat,
    .utimens = op_utimens,
    .free = free_node,
};

struct wx_file *wx_userfs_new(struct wx_mem *mem, const wax_fs_ops *ops, void *data)
{
    struct fs *fs = wx_zalloc(mem, sizeof *fs);
    struct wx_node *root = NULL;
    if (!fs) {
        return NULL;
    }
    static uint32_t n_made; /* atomic */
    fs->mem = mem;
    fs->refs = 1;
    fs->dev = FIRST_DEVICE + wx_add_relaxed(&n_made, 1); /* a number of its own is all it takes */
    fs->ops = *ops;
    fs->data = data;
    (void)new_node(fs, WAX_FS_ROOT, WAX_FS_DIR, &root); /* else root stays NULL */
    fs_unref(fs);                                       /* the root holds it */
    return root ? wx_tree_open_dir(mem, root) : NULL;
}
