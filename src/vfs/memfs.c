/* SPDX-License-Identifier: Apache-2.0 */
/* Files, directories and links in memory. */
/*
 * One lock for a whole filesystem: what it guards are copies of bytes. A node lives while a
 * directory names it or somebody has it open; a directory knows its parent as long as it is in it.
 * Entries carry a number that only grows, which is the cookie of a listing: deleting others does
 * not shift it.
 */
#include "vfs/memfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/racy.h"
#include "os/lock.h"
#include "vfs/node.h"
#include "vfs/vsock.h"

#define FIRST_COOKIE 3u          /* "." is behind 1, ".." behind 2 */
#define FIRST_DEVICE 0x6d000000u /* st_dev: no disk has such a number */

struct fs {
    struct wx_mem *mem;
    uint32_t refs; /* atomic: nodes */
    struct wx_memfs_limits limits;
    struct wx_mutex lock; /* leaf */
    uint64_t used_bytes WAX_GUARDED_BY(&lock);
    uint64_t used_inodes WAX_GUARDED_BY(&lock);
    uint64_t used_names; /* under the lock, as what counts in it */
    uint64_t next_ino WAX_GUARDED_BY(&lock);
    dev_t dev; /* tells filesystems apart */
};

struct entry {
    struct entry *chain;       /* same bucket */
    struct entry *prev, *next; /* by cookie */
    uint64_t cookie;
    struct mnode *node;
    char name[];
};

/* Everything but `node` and `fs` under the filesystem's lock. */
struct mnode {
    struct wx_node node;
    struct fs *fs;
    uint64_t ino;
    uint32_t nlink;
    struct timespec atim, mtim, ctim;
    /* Files, and the text of links (NUL-terminated). */
    uint8_t *data;
    size_t size, room;
    struct wx_vsock *socket; /* sockets: counted; never changes */
    /* Directories. */
    struct mnode *parent; /* NULL: root, or removed */
    bool is_root, mirror;
    struct entry **buckets;
    size_t n_buckets, n_entries; /* buckets: a power of two */
    struct entry *first, *last;
    uint64_t next_cookie;
    struct mnode *to_free; /* while freeing */
};

static struct mnode *in(struct wx_node *n) { return (struct mnode *)(void *)n; }

static struct timespec now(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_REALTIME, &ts); /* always there */
    return ts;
}

static void touch(struct mnode *m) { m->mtim = m->ctim = now(); }

/* -------- names in a directory -------- */

static size_t hash(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++) {
        h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ h >> 32);
}

static struct entry **find(const struct mnode *dir, const char *name)
{
    struct entry **e = &dir->buckets[hash(name) & (dir->n_buckets - 1)];
    while (*e && strcmp((*e)->name, name) != 0) {
        e = &(*e)->chain;
    }
    return e;
}

static bool grow(struct mnode *dir)
{
    size_t n = dir->n_buckets ? dir->n_buckets * 2 : 8;
    struct entry **buckets = wx_zalloc_array(dir->fs->mem, n, sizeof(struct entry *));
    if (!buckets) {
        return false;
    }
    for (struct entry *e = dir->first; e; e = e->next) {
        struct entry **b = &buckets[hash(e->name) & (n - 1)];
        e->chain = *b;
        *b = e;
    }
    wx_free(dir->fs->mem, dir->buckets);
    dir->buckets = buckets;
    dir->n_buckets = n;
    return true;
}

/* The name is free. Takes no reference. */
static int add(struct mnode *dir, const char *name, struct mnode *node)
{
    size_t len = strlen(name);
    if (dir->n_entries >= dir->n_buckets && !grow(dir)) {
        return ENOMEM;
    }
    struct entry *e = wx_zalloc(dir->fs->mem, sizeof *e + len + 1);
    if (!e) {
        return ENOMEM;
    }
    memcpy(e->name, name, len + 1);
    e->node = node;
    e->cookie = dir->next_cookie++;
    struct entry **slot = find(dir, name);
    *slot = e;
    e->prev = dir->last;
    *(dir->last ? &dir->last->next : &dir->first) = e;
    dir->last = e;
    dir->n_entries++;
    dir->fs->used_names++;
    if (S_ISDIR(node->node.type)) {
        node->parent = dir;
        dir->nlink++;
    }
    touch(dir);
    return 0;
}

/* @return the node, with the directory's reference; NULL if nothing is there */
static struct mnode *take_out(struct mnode *dir, struct entry **slot)
{
    struct entry *e = *slot;
    if (!e) {
        return NULL;
    }
    struct mnode *node = e->node;
    *slot = e->chain;
    *(e->prev ? &e->prev->next : &dir->first) = e->next;
    *(e->next ? &e->next->prev : &dir->last) = e->prev;
    wx_free(dir->fs->mem, e);
    dir->n_entries--;
    dir->fs->used_names--;
    if (S_ISDIR(node->node.type)) {
        node->parent = NULL;
        dir->nlink--;
    }
    touch(dir);
    return node;
}

/* -------- making and freeing -------- */

static const struct wx_node_ops node_ops;

static struct mnode *new_node(struct fs *fs, mode_t type) WAX_REQUIRES(&fs->lock)
{
    if (fs->used_inodes >= fs->limits.max_inodes) {
        errno = ENOSPC;
        return NULL;
    }
    struct mnode *m = wx_zalloc(fs->mem, sizeof *m);
    errno = ENOMEM;
    if (!m) {
        return NULL;
    }
    m->node = (struct wx_node){&node_ops, 1, type};
    m->fs = fs;
    wx_add_relaxed(&fs->refs, 1); /* the caller's node holds one */
    fs->used_inodes++;
    m->ino = fs->next_ino++;
    m->nlink = S_ISDIR(type) ? 2 : 1;
    m->atim = m->mtim = m->ctim = now();
    m->next_cookie = FIRST_COOKIE;
    if (S_ISDIR(type) && !grow(m)) {
        fs->used_inodes--;
        wx_sub_acqrel(&fs->refs, 1); /* not the last: the caller's node holds one */
        wx_free(fs->mem, m);
        return NULL;
    }
    return m;
}

static void fs_unref(struct fs *fs)
{
    if (wx_sub_acqrel(&fs->refs, 1) == 1) {
        wx_mutex_fini(&fs->lock);
        wx_free(fs->mem, fs);
    }
}

/* Give back what the node holds; its entries join the list of what is to be freed. */
static void empty(struct mnode *m, struct mnode **list)
{
    while (m->first) {
        struct entry **slot = find(m, m->first->name);
        struct mnode *child = take_out(m, slot);
        if (child && wx_sub_acqrel(&child->node.refs, 1) == 1) {
            child->to_free = *list;
            *list = child;
        }
    }
}

/* A tree may be deep: no recursion. */
static void free_list(struct mnode *list)
{
    while (list) {
        struct mnode *m = list;
        struct fs *fs = m->fs;
        list = m->to_free;
        wx_mutex_lock(&fs->lock);
        empty(m, &list);
        fs->used_bytes -= m->size;
        fs->used_inodes--;
        wx_mutex_unlock(&fs->lock);
        wx_free(fs->mem, m->buckets);
        wx_free(fs->mem, m->data);
        wx_vsock_unref(m->socket);
        wx_free(fs->mem, m);
        fs_unref(fs);
    }
}

static void free_node(struct wx_node *node)
{
    in(node)->to_free = NULL;
    free_list(in(node));
}

/* -------- operations of nodes -------- */

static int op_lookup(struct wx_node *dir, const char *name, struct wx_node **ret)
{
    struct mnode *d = in(dir);
    wx_mutex_lock(&d->fs->lock);
    const struct entry *e = *find(d, name);
    if (e) {
        *ret = wx_node_ref(&e->node->node);
    }
    wx_mutex_unlock(&d->fs->lock);
    return e ? 0 : ENOENT;
}

static bool has_room(const struct fs *fs, uint64_t more) WAX_REQUIRES(&fs->lock)
{
    return more <= fs->limits.max_bytes && fs->used_bytes <= fs->limits.max_bytes - more;
}

/* Of a link. */
static int set_text(struct fs *fs, struct mnode *m, const char *text) WAX_REQUIRES(&fs->lock)
{
    size_t len = strlen(text);
    if (!has_room(fs, len)) {
        return ENOSPC;
    }
    m->data = (uint8_t *)wx_strndup(fs->mem, text, len);
    m->size = m->data ? len : 0;
    fs->used_bytes += m->size;
    return m->data ? 0 : ENOMEM;
}

static bool is_removed(const struct mnode *dir) { return !dir->is_root && !dir->parent; }

static int create(struct mnode *d, const char *name, mode_t type, const char *text,
                  struct mnode **ret) WAX_REQUIRES(&d->fs->lock)
{
    if (*find(d, name)) {
        return EEXIST;
    }
    if (is_removed(d)) {
        return ENOENT;
    }
    *ret = new_node(d->fs, type);
    return !*ret ? errno : text ? set_text(d->fs, *ret, text) : 0;
}

static int create_with(struct wx_node *dir, const char *name, mode_t type, const char *text,
                       struct wx_vsock *socket, struct wx_node **ret)
{
    struct mnode *d = in(dir), *m = NULL;
    wx_mutex_lock(&d->fs->lock);
    int e = create(d, name, type, text, &m);
    if (!e && socket) {
        m->socket = wx_vsock_ref(socket);
    }
    e = e ? e : add(d, name, m);
    wx_mutex_unlock(&d->fs->lock);
    if (e) {
        wx_node_unref(m ? &m->node : NULL);
        return e;
    }
    *ret = wx_node_ref(&m->node);
    return 0;
}

static int op_create(struct wx_node *dir, const char *name, mode_t type, const char *text,
                     struct wx_node **ret)
{
    return create_with(dir, name, type, text, NULL, ret);
}

static int op_bind(struct wx_node *dir, const char *name, struct wx_vsock *socket)
{
    struct wx_node *node = NULL;
    int e = create_with(dir, name, S_IFSOCK, NULL, socket, &node);
    wx_node_unref(node);
    return e;
}

static struct wx_vsock *op_socket(struct wx_node *node)
{
    struct mnode *m = in(node);
    return m->socket ? wx_vsock_ref(m->socket) : NULL;
}

/* May this entry go, or be replaced by something that is a directory or not? */
static int may_remove(const struct entry *e, bool for_dir)
{
    bool is_dir = S_ISDIR(e->node->node.type);
    if (is_dir != for_dir) {
        return is_dir ? EISDIR : ENOTDIR;
    }
    return is_dir && e->node->first ? ENOTEMPTY : 0;
}

static void unlinked(struct mnode *m)
{
    m->nlink -= S_ISDIR(m->node.type) ? 2 : 1;
    m->ctim = now();
}

static int op_remove(struct wx_node *dir, const char *name, bool is_dir)
{
    struct mnode *d = in(dir), *gone = NULL;
    wx_mutex_lock(&d->fs->lock);
    struct entry **slot = find(d, name);
    int e = *slot ? may_remove(*slot, is_dir) : ENOENT;
    if (!e) {
        gone = take_out(d, slot);
        unlinked(gone);
    }
    wx_mutex_unlock(&d->fs->lock);
    wx_node_unref(gone ? &gone->node : NULL);
    return e;
}

static bool is_below(const struct mnode *dir, const struct mnode *top)
{
    for (; dir; dir = dir->parent) {
        if (dir == top) {
            return true;
        }
    }
    return false;
}

static int check_rename(const struct mnode *m, const struct mnode *from,
                        const struct entry *replaced, const struct mnode *to)
{
    bool is_dir = S_ISDIR(m->node.type);
    if (is_dir && is_below(to, m)) {
        return EINVAL;
    }
    if (replaced && is_below(from, replaced->node)) {
        return ENOTEMPTY; /* the kernel says so even of a file that replaces a directory */
    }
    return is_removed(to) ? ENOENT : replaced ? may_remove(replaced, is_dir) : 0;
}

/* What can fail comes first: a rename happens whole or not at all. */
static int rename_locked(struct fs *fs, struct mnode *from, const char *name, struct mnode *to,
                         const char *to_name, struct mnode **ret_gone) WAX_REQUIRES(&fs->lock)
{
    (void)fs;
    struct entry **old = find(from, name), **replaced = find(to, to_name);
    if (!*old) {
        return ENOENT;
    }
    struct mnode *m = (*old)->node;
    if (*replaced && (*replaced)->node == m) {
        return 0; /* two names of one file: nothing happens */
    }
    int e = check_rename(m, from, *replaced, to);
    if (e) {
        return e;
    }
    bool swap = *replaced != NULL;
    if (!swap && (e = add(to, to_name, m)) != 0) {
        return e;
    }
    if (swap) { /* the entry stays, cookie included, and names the other node */
        *ret_gone = (*replaced)->node;
        (*replaced)->node = m;
        if (S_ISDIR(m->node.type)) {
            (*ret_gone)->parent = NULL;
        }
        touch(to);
        unlinked(*ret_gone);
    }
    (void)take_out(from, find(from, name)); /* its reference is the new entry's now */
    if (S_ISDIR(m->node.type)) {
        m->parent = to; /* take_out thought it gone */
    }
    m->ctim = now();
    return 0;
}

static int op_rename(struct wx_node *from, const char *name, struct wx_node *to,
                     const char *to_name)
{
    struct fs *fs = in(from)->fs;
    struct mnode *gone = NULL;
    if (fs != in(to)->fs) {
        return EXDEV;
    }
    wx_mutex_lock(&fs->lock);
    int e = rename_locked(fs, in(from), name, in(to), to_name, &gone);
    wx_mutex_unlock(&fs->lock);
    wx_node_unref(gone ? &gone->node : NULL);
    return e;
}

static int op_link(struct wx_node *node, struct wx_node *dir, const char *name)
{
    struct mnode *d = in(dir), *m = in(node);
    if (m->fs != d->fs) {
        return EXDEV;
    }
    wx_mutex_lock(&d->fs->lock);
    int e = *find(d, name)                                  ? EEXIST
            : is_removed(d) || m->nlink == 0                ? ENOENT
            : d->fs->used_names >= d->fs->limits.max_inodes ? ENOSPC
                                                            : add(d, name, m);
    if (!e) {
        (void)wx_node_ref(node);
        m->nlink++;
        m->ctim = now();
    }
    wx_mutex_unlock(&d->fs->lock);
    return e;
}

static int op_list(struct wx_node *dir, uint64_t cookie, wx_entry_fn fn, void *data)
{
    struct mnode *d = in(dir);
    wx_mutex_lock(&d->fs->lock);
    int e = cookie > d->next_cookie ? EINVAL : 0;
    bool more = !e;
    if (more && cookie < 1) {
        more = fn(data, 1, d->ino, WX_FT_DIR, ".");
    }
    if (more && cookie < 2) {
        more = fn(data, 2, (d->parent ? d->parent : d)->ino, WX_FT_DIR, "..");
    }
    /* Cookie c means: behind the entry with that number. From the end, as listings mostly go on
     * there. */
    const struct entry *at = NULL;
    for (const struct entry *k = d->last; more && k && k->cookie > cookie; k = k->prev) {
        at = k;
    }
    for (; more && at; at = at->next) {
        uint8_t type = at->node->mirror ? WX_FT_UNKNOWN : wx_filetype(at->node->node.type);
        more = fn(data, at->cookie, at->node->ino, type, at->name);
    }
    wx_mutex_unlock(&d->fs->lock);
    return e;
}

static int op_text(struct wx_node *link, char *buf, size_t len, size_t *ret_len)
{
    const struct mnode *m = in(link); /* never changes */
    *ret_len = m->size < len ? m->size : len;
    memcpy(buf, m->data, *ret_len);
    return 0;
}

static void stat_locked(const struct mnode *m, struct stat *ret)
{
    *ret = (struct stat){.st_dev = m->fs->dev,
                         .st_ino = m->ino,
                         .st_mode = m->node.type | (S_ISDIR(m->node.type) ? 0777 : 0666),
                         .st_nlink = m->nlink,
                         .st_size = (off_t)m->size,
                         .st_blksize = 4096,
                         .st_blocks = (blkcnt_t)((m->size + 511) / 512),
                         .st_atim = m->atim,
                         .st_mtim = m->mtim,
                         .st_ctim = m->ctim};
}

static int op_stat(struct wx_node *node, struct stat *ret)
{
    struct mnode *m = in(node);
    wx_mutex_lock(&m->fs->lock);
    stat_locked(m, ret);
    wx_mutex_unlock(&m->fs->lock);
    return 0;
}

static void set_time(struct timespec *to, const struct timespec *from, const struct timespec *t)
{
    if (from->tv_nsec != UTIME_OMIT) {
        *to = from->tv_nsec == UTIME_NOW ? *t : *from;
    }
}

static int op_utimens(struct wx_node *node, const struct timespec times[2])
{
    struct mnode *m = in(node);
    struct timespec t = now();
    wx_mutex_lock(&m->fs->lock);
    set_time(&m->atim, &times[0], &t);
    set_time(&m->mtim, &times[1], &t);
    m->ctim = t;
    wx_mutex_unlock(&m->fs->lock);
    return 0;
}

/* -------- open files -------- */

struct memfile {
    struct wx_file file;
    struct mnode *node;
    bool reads, writes;
    bool append; /* these two under the filesystem's lock */
    uint64_t pos;
};

static struct memfile *open_in(struct wx_file *f) { return (struct memfile *)(void *)f; }

/* What was cut off is the host's again: the quota counts sizes only. */
static void give_back(struct mnode *m) WAX_REQUIRES(&m->fs->lock)
{
    if (m->size > m->room / 2) {
        return;
    }
    uint8_t *less = m->size ? wx_realloc(m->fs->mem, m->data, m->size) : NULL;
    if (m->size == 0) {
        wx_free(m->fs->mem, m->data);
    } else if (!less) {
        return; /* as it was */
    }
    m->data = less;
    m->room = m->size;
}

/* @return host errno; the bytes between are zero */
static int resize(struct mnode *m, uint64_t size) WAX_REQUIRES(&m->fs->lock)
{
    struct fs *fs = m->fs;
    if (size > m->size && !has_room(m->fs, size - m->size)) {
        return ENOSPC;
    }
    if (size > m->room) {
        uint64_t room = size + size / 2 < 256 ? 256 : size + size / 2;
        uint8_t *data = wx_realloc(fs->mem, m->data, room);
        if (!data) {
            room = size; /* not more than needed, then */
            data = wx_realloc(fs->mem, m->data, room);
        }
        if (!data) {
            return ENOSPC;
        }
        m->data = data;
        m->room = room;
    }
    if (size > m->size) {
        memset(m->data + m->size, 0, size - m->size);
    }
    fs->used_bytes += size - m->size;
    m->size = size;
    give_back(m);
    return 0;
}

static ssize_t read_at(struct mnode *m, struct iovec *iov, int n, uint64_t at)
{
    uint64_t start = at;
    for (int i = 0; i < n && at < m->size; i++) {
        uint64_t len = iov[i].iov_len < m->size - at ? iov[i].iov_len : m->size - at;
        if (len) {
            wx_copy_racy(iov[i].iov_base, m->data + at, len);
        }
        at += len;
    }
    m->atim = now();
    return (ssize_t)(at - start);
}

static ssize_t write_at(struct mnode *m, struct iovec *iov, int n, uint64_t at)
    WAX_REQUIRES(&m->fs->lock)
{
    uint64_t total = wx_iov_total(iov, n), end;
    if (__builtin_add_overflow(at, total, &end) || end > INT64_MAX) {
        return -EFBIG;
    }
    if (total && end > m->size) {
        int e = resize(m, end);
        if (e) {
            return -e;
        }
    }
    for (int i = 0; i < n; i++) {
        if (iov[i].iov_len) {
            wx_copy_racy(m->data + at, iov[i].iov_base, iov[i].iov_len);
        }
        at += iov[i].iov_len;
    }
    touch(m);
    return (ssize_t)total;
}

static ssize_t file_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    struct memfile *o = open_in(f);
    struct mnode *m = o->node;
    if (write ? !o->writes : !o->reads) {
        return -EBADF;
    }
    wx_mutex_lock(&m->fs->lock);
    uint64_t at = write && o->append ? m->size : off < 0 ? o->pos : (uint64_t)off;
    ssize_t r = write ? write_at(m, iov, n, at) : read_at(m, iov, n, at);
    if (off < 0 && r > 0) {
        o->pos = at + (uint64_t)r;
    }
    wx_mutex_unlock(&m->fs->lock);
    return r;
}

static int64_t file_seek(struct wx_file *f, int64_t off, int whence)
{
    struct memfile *o = open_in(f);
    wx_mutex_lock(&o->node->fs->lock);
    int64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? (int64_t)o->pos
                                        : (int64_t)o->node->size;
    int64_t at;
    if (__builtin_add_overflow(base, off, &at)) {
        at = off < 0 ? -EINVAL : -EOVERFLOW;
    } else if (at < 0) {
        at = -EINVAL;
    } else {
        o->pos = (uint64_t)at;
    }
    wx_mutex_unlock(&o->node->fs->lock);
    return at;
}

static int file_stat(struct wx_file *f, struct stat *ret)
{
    return op_stat(&open_in(f)->node->node, ret);
}

static int file_truncate(struct wx_file *f, uint64_t size)
{
    struct memfile *o = open_in(f);
    if (!o->writes) {
        return EINVAL;
    }
    wx_mutex_lock(&o->node->fs->lock);
    int e = resize(o->node, size);
    if (!e) {
        touch(o->node);
    }
    wx_mutex_unlock(&o->node->fs->lock);
    return e;
}

static int file_allocate(struct wx_file *f, uint64_t off, uint64_t len)
{
    struct memfile *o = open_in(f);
    if (!o->writes) {
        return EBADF;
    }
    wx_mutex_lock(&o->node->fs->lock);
    int e = off + len > o->node->size ? resize(o->node, off + len) : 0; /* never shrinks */
    wx_mutex_unlock(&o->node->fs->lock);
    return e;
}

static int file_advise(struct wx_file *f, uint64_t off, uint64_t len, int host_advice)
{
    (void)f, (void)off, (void)len, (void)host_advice;
    return 0;
}

static int file_sync(struct wx_file *f, bool data_only)
{
    (void)f, (void)data_only; /* nothing is anywhere else */
    return 0;
}

static int file_utimens(struct wx_file *f, const struct timespec times[2])
{
    return op_utimens(&open_in(f)->node->node, times);
}

static int file_set_append(struct wx_file *f, bool append)
{
    struct memfile *o = open_in(f);
    wx_mutex_lock(&o->node->fs->lock);
    o->append = append;
    wx_mutex_unlock(&o->node->fs->lock);
    return 0;
}

static void file_free(struct wx_file *f)
{
    wx_node_unref(&open_in(f)->node->node);
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
    struct mnode *m = in(node);
    if (S_ISSOCK(node->type)) {
        return ENXIO; /* as the kernel has it */
    }
    struct memfile *o = wx_zalloc(m->fs->mem, sizeof *o);
    if (!o) {
        return ENOMEM;
    }
    wx_file_init(&o->file, &file_ops, m->fs->mem, WX_FT_FILE);
    o->node = in(wx_node_ref(node));
    o->reads = (flags & O_ACCMODE) != O_WRONLY;
    o->writes = (flags & O_ACCMODE) != O_RDONLY;
    o->append = (flags & O_APPEND) != 0;
    if (flags & O_TRUNC) { /* as the kernel does, whatever the access mode */
        wx_mutex_lock(&m->fs->lock);
        (void)resize(m, 0); /* shrinking */
        touch(m);
        wx_mutex_unlock(&m->fs->lock);
    }
    *ret = &o->file;
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
    .bind = op_bind,
    .socket = op_socket,
    .open = op_open,
    .stat = op_stat,
    .utimens = op_utimens,
    .free = free_node,
};

/* -------- the filesystem -------- */

/* A root node of a filesystem of its own. @return NULL when out of memory */
static struct mnode *new_fs(struct wx_mem *mem, const struct wx_memfs_limits *limits, mode_t type)
{
    struct fs *fs = wx_zalloc(mem, sizeof *fs);
    if (!fs) {
        return NULL;
    }
    fs->mem = mem;
    fs->refs = 1;
    fs->limits = *limits;
    static uint32_t n_made;                              /* atomic */
    fs->dev = FIRST_DEVICE + wx_add_relaxed(&n_made, 1); /* a number of its own is all it takes */
    wx_mutex_init(&fs->lock);
    wx_mutex_lock(&fs->lock);
    fs->next_ino = 1;
    struct mnode *root = new_node(fs, type);
    if (root) {
        root->is_root = true;
    }
    wx_mutex_unlock(&fs->lock);
    fs_unref(fs); /* the root holds it */
    return root;
}

struct wx_node *wx_memfs_root(struct wx_mem *mem, const struct wx_memfs_limits *limits)
{
    struct mnode *root = new_fs(mem, limits, S_IFDIR);
    return root ? &root->node : NULL;
}

void wx_memfs_set_mirror(struct wx_node *dir, bool mirror)
{
    wx_mutex_lock(&in(dir)->fs->lock);
    in(dir)->mirror = mirror;
    wx_mutex_unlock(&in(dir)->fs->lock);
}

bool wx_memfs_is_mirror(struct wx_node *node)
{
    wx_mutex_lock(&in(node)->fs->lock);
    bool mirror = in(node)->mirror;
    wx_mutex_unlock(&in(node)->fs->lock);
    return mirror;
}

bool wx_memfs_is_below(struct wx_node *dir, struct wx_node *top)
{
    wx_mutex_lock(&in(dir)->fs->lock);
    bool below = is_below(in(dir), in(top));
    wx_mutex_unlock(&in(dir)->fs->lock);
    return below;
}

void wx_memfs_clear(struct wx_node *dir)
{
    struct mnode *list = NULL;
    wx_mutex_lock(&in(dir)->fs->lock);
    empty(in(dir), &list);
    wx_mutex_unlock(&in(dir)->fs->lock);
    free_list(list);
}

struct wx_file *wx_memfs_new(struct wx_mem *mem, const struct wx_memfs_limits *limits)
{
    struct mnode *root = new_fs(mem, limits, S_IFDIR);
    return root ? wx_tree_open_dir(mem, &root->node) : NULL;
}

struct wx_file *wx_memfile_new(struct wx_mem *mem, const void *bytes, size_t len, bool writes,
                               uint64_t max_bytes)
{
    const struct wx_memfs_limits limits = {max_bytes, 1};
    struct mnode *m = new_fs(mem, &limits, S_IFREG);
    struct wx_file *f = NULL;
    if (!m) {
        return NULL;
    }
    if (op_open(&m->node, writes ? O_RDWR | O_APPEND : O_RDWR, &f) == 0 && len) {
        struct iovec iov = {(void *)(uintptr_t)bytes, len};
        if (file_io(f, true, &iov, 1, 0) != (ssize_t)len) {
            wx_file_unref(f);
            f = NULL;
        }
    }
    if (f) {
        open_in(f)->writes = writes;
        open_in(f)->reads = !writes;
    }
    wx_node_unref(&m->node);
    return f;
}

char *wx_memfile_copy(struct wx_file *file, struct wx_mem *mem, size_t *ret_len)
{
    struct mnode *m = open_in(file)->node;
    wx_mutex_lock(&m->fs->lock);
    char *copy = wx_strndup(mem, (const char *)m->data, m->size);
    *ret_len = m->size;
    wx_mutex_unlock(&m->fs->lock);
    return copy;
}
