/* SPDX-License-Identifier: Apache-2.0 */
/* Directories, links and what files hang at, in memory. */
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
#include "vfs/memnode.h"
#include "vfs/vsock.h"

#define FIRST_COOKIE 3u          /* "." is behind 1, ".." behind 2 */
#define FIRST_DEVICE 0x6d000000u /* st_dev: no disk has such a number */

struct wx_mementry {
    struct wx_mementry *chain;       /* same bucket */
    struct wx_mementry *prev, *next; /* by cookie */
    uint64_t cookie;
    struct wx_memnode *node;
    char name[];
};

/* -------- names in a directory -------- */

static size_t hash(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++) {
        h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ h >> 32);
}

static struct wx_mementry **find(const struct wx_memnode *dir, const char *name)
{
    struct wx_mementry **e = &dir->buckets[hash(name) & (dir->n_buckets - 1)];
    while (*e && strcmp((*e)->name, name) != 0) {
        e = &(*e)->chain;
    }
    return e;
}

static bool grow(struct wx_memnode *dir)
{
    size_t n = dir->n_buckets ? dir->n_buckets * 2 : 8;
    struct wx_mementry **buckets = wx_zalloc_array(dir->fs->mem, n, sizeof(struct wx_mementry *));
    if (!buckets) {
        return false;
    }
    for (struct wx_mementry *e = dir->first; e; e = e->next) {
        struct wx_mementry **b = &buckets[hash(e->name) & (n - 1)];
        e->chain = *b;
        *b = e;
    }
    wx_free(dir->fs->mem, dir->buckets);
    dir->buckets = buckets;
    dir->n_buckets = n;
    return true;
}

/* The name is free. Takes no reference. */
static int add(struct wx_memnode *dir, const char *name, struct wx_memnode *node)
{
    size_t len = strlen(name);
    if (dir->n_entries >= dir->n_buckets && !grow(dir)) {
        return ENOMEM;
    }
    struct wx_mementry *e = wx_zalloc(dir->fs->mem, sizeof *e + len + 1);
    if (!e) {
        return ENOMEM;
    }
    memcpy(e->name, name, len + 1);
    e->node = node;
    e->cookie = dir->next_cookie++;
    struct wx_mementry **slot = find(dir, name);
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
    wx_memnode_touch(dir);
    return 0;
}

/* @return the node, with the directory's reference; NULL if nothing is there */
static struct wx_memnode *take_out(struct wx_memnode *dir, struct wx_mementry **slot)
{
    struct wx_mementry *e = *slot;
    if (!e) {
        return NULL;
    }
    struct wx_memnode *node = e->node;
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
    wx_memnode_touch(dir);
    return node;
}

/* -------- making and freeing -------- */

static const struct wx_node_ops node_ops;

static struct wx_memnode *new_node(struct wx_memfs *fs, mode_t type) WAX_REQUIRES(&fs->lock)
{
    if (fs->used_inodes >= fs->limits.max_inodes) {
        errno = ENOSPC;
        return NULL;
    }
    struct wx_memnode *m = wx_zalloc(fs->mem, sizeof *m);
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
    m->atim = m->mtim = m->ctim = wx_memfs_now();
    m->next_cookie = FIRST_COOKIE;
    if (S_ISDIR(type) && !grow(m)) {
        fs->used_inodes--;
        wx_sub_acqrel(&fs->refs, 1); /* not the last: the caller's node holds one */
        wx_free(fs->mem, m);
        return NULL;
    }
    return m;
}

static void fs_unref(struct wx_memfs *fs)
{
    if (wx_sub_acqrel(&fs->refs, 1) == 1) {
        wx_mutex_fini(&fs->lock);
        wx_free(fs->mem, fs);
    }
}

/* Give back what the node holds; its entries join the list of what is to be freed. */
static void empty(struct wx_memnode *m, struct wx_memnode **list)
{
    while (m->first) {
        struct wx_mementry **slot = find(m, m->first->name);
        struct wx_memnode *child = take_out(m, slot);
        if (child && wx_sub_acqrel(&child->node.refs, 1) == 1) {
            child->to_free = *list;
            *list = child;
        }
    }
}

/* A tree may be deep: no recursion. */
static void free_list(struct wx_memnode *list)
{
    while (list) {
        struct wx_memnode *m = list;
        struct wx_memfs *fs = m->fs;
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
    wx_memnode_of(node)->to_free = NULL;
    free_list(wx_memnode_of(node));
}

/* -------- operations of nodes -------- */

static int op_lookup(struct wx_node *dir, const char *name, struct wx_node **ret)
{
    struct wx_memnode *d = wx_memnode_of(dir);
    wx_mutex_lock(&d->fs->lock);
    const struct wx_mementry *e = *find(d, name);
    if (e) {
        *ret = wx_node_ref(&e->node->node);
    }
    wx_mutex_unlock(&d->fs->lock);
    return e ? 0 : ENOENT;
}

/* Of a link. */
static int set_text(struct wx_memfs *fs, struct wx_memnode *m, const char *text)
    WAX_REQUIRES(&fs->lock)
{
    size_t len = strlen(text);
    if (!wx_memfs_has_room(fs, len)) {
        return ENOSPC;
    }
    m->data = (uint8_t *)wx_strndup(fs->mem, text, len);
    m->size = m->data ? len : 0;
    fs->used_bytes += m->size;
    return m->data ? 0 : ENOMEM;
}

static bool is_removed(const struct wx_memnode *dir) { return !dir->is_root && !dir->parent; }

static int create(struct wx_memnode *d, const char *name, mode_t type, const char *text,
                  struct wx_memnode **ret) WAX_REQUIRES(&d->fs->lock)
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
    struct wx_memnode *d = wx_memnode_of(dir), *m = NULL;
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
    struct wx_memnode *m = wx_memnode_of(node);
    return m->socket ? wx_vsock_ref(m->socket) : NULL;
}

/* May this entry go, or be replaced by something that is a directory or not? */
static int may_remove(const struct wx_mementry *e, bool for_dir)
{
    bool is_dir = S_ISDIR(e->node->node.type);
    if (is_dir != for_dir) {
        return is_dir ? EISDIR : ENOTDIR;
    }
    return is_dir && e->node->first ? ENOTEMPTY : 0;
}

static void unlinked(struct wx_memnode *m)
{
    m->nlink -= S_ISDIR(m->node.type) ? 2 : 1;
    m->ctim = wx_memfs_now();
}

static int op_remove(struct wx_node *dir, const char *name, bool is_dir)
{
    struct wx_memnode *d = wx_memnode_of(dir), *gone = NULL;
    wx_mutex_lock(&d->fs->lock);
    struct wx_mementry **slot = find(d, name);
    int e = *slot ? may_remove(*slot, is_dir) : ENOENT;
    if (!e) {
        gone = take_out(d, slot);
        unlinked(gone);
    }
    wx_mutex_unlock(&d->fs->lock);
    wx_node_unref(gone ? &gone->node : NULL);
    return e;
}

static bool is_below(const struct wx_memnode *dir, const struct wx_memnode *top)
{
    for (; dir; dir = dir->parent) {
        if (dir == top) {
            return true;
        }
    }
    return false;
}

static int check_rename(const struct wx_memnode *m, const struct wx_memnode *from,
                        const struct wx_mementry *replaced, const struct wx_memnode *to)
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
static int rename_locked(struct wx_memfs *fs, struct wx_memnode *from, const char *name,
                         struct wx_memnode *to, const char *to_name, struct wx_memnode **ret_gone)
    WAX_REQUIRES(&fs->lock)
{
    (void)fs;
    struct wx_mementry **old = find(from, name), **replaced = find(to, to_name);
    if (!*old) {
        return ENOENT;
    }
    struct wx_memnode *m = (*old)->node;
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
        wx_memnode_touch(to);
        unlinked(*ret_gone);
    }
    (void)take_out(from, find(from, name)); /* its reference is the new entry's now */
    if (S_ISDIR(m->node.type)) {
        m->parent = to; /* take_out thought it gone */
    }
    m->ctim = wx_memfs_now();
    return 0;
}

static int op_rename(struct wx_node *from, const char *name, struct wx_node *to,
                     const char *to_name)
{
    struct wx_memfs *fs = wx_memnode_of(from)->fs;
    struct wx_memnode *gone = NULL;
    if (fs != wx_memnode_of(to)->fs) {
        return EXDEV;
    }
    wx_mutex_lock(&fs->lock);
    int e = rename_locked(fs, wx_memnode_of(from), name, wx_memnode_of(to), to_name, &gone);
    wx_mutex_unlock(&fs->lock);
    wx_node_unref(gone ? &gone->node : NULL);
    return e;
}

static int op_link(struct wx_node *node, struct wx_node *dir, const char *name)
{
    struct wx_memnode *d = wx_memnode_of(dir), *m = wx_memnode_of(node);
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
        m->ctim = wx_memfs_now();
    }
    wx_mutex_unlock(&d->fs->lock);
    return e;
}

static int op_list(struct wx_node *dir, uint64_t cookie, wx_entry_fn fn, void *data)
{
    struct wx_memnode *d = wx_memnode_of(dir);
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
    const struct wx_mementry *at = NULL;
    for (const struct wx_mementry *k = d->last; more && k && k->cookie > cookie; k = k->prev) {
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
    const struct wx_memnode *m = wx_memnode_of(link); /* never changes */
    *ret_len = m->size < len ? m->size : len;
    memcpy(buf, m->data, *ret_len);
    return 0;
}

static void stat_locked(const struct wx_memnode *m, struct stat *ret)
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

int wx_memnode_stat(struct wx_node *node, struct stat *ret)
{
    struct wx_memnode *m = wx_memnode_of(node);
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

int wx_memnode_utimens(struct wx_node *node, const struct timespec times[2])
{
    struct wx_memnode *m = wx_memnode_of(node);
    struct timespec t = wx_memfs_now();
    wx_mutex_lock(&m->fs->lock);
    set_time(&m->atim, &times[0], &t);
    set_time(&m->mtim, &times[1], &t);
    m->ctim = t;
    wx_mutex_unlock(&m->fs->lock);
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
    .open = wx_memnode_open,
    .stat = wx_memnode_stat,
    .utimens = wx_memnode_utimens,
    .free = free_node,
};

/* -------- the filesystem -------- */

struct wx_memnode *wx_memfs_make(struct wx_mem *mem, const struct wx_memfs_limits *limits,
                                 mode_t type)
{
    struct wx_memfs *fs = wx_zalloc(mem, sizeof *fs);
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
    struct wx_memnode *root = new_node(fs, type);
    if (root) {
        root->is_root = true;
    }
    wx_mutex_unlock(&fs->lock);
    fs_unref(fs); /* the root holds it */
    return root;
}

struct wx_node *wx_memfs_root(struct wx_mem *mem, const struct wx_memfs_limits *limits)
{
    struct wx_memnode *root = wx_memfs_make(mem, limits, S_IFDIR);
    return root ? &root->node : NULL;
}

void wx_memfs_set_mirror(struct wx_node *dir, bool mirror)
{
    wx_mutex_lock(&wx_memnode_of(dir)->fs->lock);
    wx_memnode_of(dir)->mirror = mirror;
    wx_mutex_unlock(&wx_memnode_of(dir)->fs->lock);
}

bool wx_memfs_is_mirror(struct wx_node *node)
{
    wx_mutex_lock(&wx_memnode_of(node)->fs->lock);
    bool mirror = wx_memnode_of(node)->mirror;
    wx_mutex_unlock(&wx_memnode_of(node)->fs->lock);
    return mirror;
}

bool wx_memfs_is_below(struct wx_node *dir, struct wx_node *top)
{
    wx_mutex_lock(&wx_memnode_of(dir)->fs->lock);
    bool below = is_below(wx_memnode_of(dir), wx_memnode_of(top));
    wx_mutex_unlock(&wx_memnode_of(dir)->fs->lock);
    return below;
}

void wx_memfs_clear(struct wx_node *dir)
{
    struct wx_memnode *list = NULL;
    wx_mutex_lock(&wx_memnode_of(dir)->fs->lock);
    empty(wx_memnode_of(dir), &list);
    wx_mutex_unlock(&wx_memnode_of(dir)->fs->lock);
    free_list(list);
}

struct wx_file *wx_memfs_new(struct wx_mem *mem, const struct wx_memfs_limits *limits)
{
    struct wx_memnode *root = wx_memfs_make(mem, limits, S_IFDIR);
    return root ? wx_tree_open_dir(mem, &root->node) : NULL;
}
