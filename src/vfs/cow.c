/* SPDX-License-Identifier: Apache-2.0 */
/* A tree in memory over a directory. */
/*
 * The upper tree is a memfs. A directory of both is there as a *mirror*, made when it is first
 * walked into; one that is no mirror hides what is below. A removed name is a *whiteout*. A file of
 * below is copied up when it is opened for writing, linked, renamed, or given other times; who had
 * it open for reading keeps the old one.
 *
 * A node of a file of below names it in its directory, and looks each time whether it has been
 * copied up meanwhile. Changes are made under one lock, as they take several steps.
 *
 * A listing gives the upper entries but mirrors, then those of below that are not hidden.
 */
#include "vfs/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/atomic.h"
#include "os/lock.h"
#include "vfs/node.h"

#define WHITEOUT S_IFCHR
#define BELOW (UINT64_C(1) << 62) /* in cookies: a position in the lower listing */
#define CHUNK 65536u

struct cow {
    struct wx_mem *mem;
    uint32_t refs;        /* atomic: nodes */
    struct wx_mutex lock; /* before the upper tree's */
};

struct cnode {
    struct wx_node node;
    struct cow *cow;
    /* Directories. */
    struct wx_node *up;
    struct wx_file *low; /* NULL: nothing below */
    /* Files of below. */
    struct cnode *dir; /* referenced */
    char *name;
};

static struct cnode *in(struct wx_node *n) { return (struct cnode *)(void *)n; }

static const struct wx_node_ops dir_node_ops, file_node_ops;

static struct cnode *new_node(struct cow *cow, const struct wx_node_ops *ops, mode_t type)
{
    struct cnode *c = wx_zalloc(cow->mem, sizeof *c);
    if (c) {
        c->node = (struct wx_node){ops, 1, type};
        c->cow = cow;
        wx_add_relaxed(&cow->refs, 1); /* the caller's node holds one */
    }
    return c;
}

static void cow_unref(struct cow *cow)
{
    if (wx_sub_acqrel(&cow->refs, 1) == 1) {
        wx_mutex_fini(&cow->lock);
        wx_free(cow->mem, cow);
    }
}

static void free_node(struct wx_node *node)
{
    struct cnode *c = in(node);
    struct cow *cow = c->cow;
    wx_node_unref(c->up);
    wx_file_unref(c->low);
    wx_node_unref(c->dir ? &c->dir->node : NULL);
    wx_free(cow->mem, c->name);
    wx_free(cow->mem, c);
    cow_unref(cow);
}

/* Takes the references. */
static int dir_node(struct cow *cow, struct wx_node *up, struct wx_file *low, struct wx_node **ret)
{
    struct cnode *c = new_node(cow, &dir_node_ops, S_IFDIR);
    if (!c) {
        wx_node_unref(up);
        wx_file_unref(low);
        return ENOMEM;
    }
    c->up = up;
    c->low = low;
    *ret = &c->node;
    return 0;
}

static int file_node(struct cnode *dir, const char *name, mode_t type, struct wx_node **ret)
{
    struct cnode *c = new_node(dir->cow, &file_node_ops, type & S_IFMT);
    char *copy = c ? wx_strndup(dir->cow->mem, name, strlen(name)) : NULL;
    if (!copy) {
        wx_node_unref(c ? &c->node : NULL);
        return ENOMEM;
    }
    c->name = copy;
    c->dir = in(wx_node_ref(&dir->node));
    *ret = &c->node;
    return 0;
}

/* -------- looking -------- */

/* The upper entry, whiteouts included. */
static int upper(struct cnode *dir, const char *name, struct wx_node **ret)
{
    return dir->up->ops->lookup(dir->up, name, ret);
}

static int stat_below(const struct cnode *dir, const char *name, struct stat *ret)
{
    return dir->low ? dir->low->dir->stat(dir->low, name, false, ret) : ENOENT;
}

static int open_below(const struct cnode *dir, const char *name, int flags, struct wx_file **ret)
{
    const struct wx_open_how how = {.flags = flags, .follow = false};
    return dir->low ? dir->low->dir->open(dir->low, name, &how, ret) : ENOENT;
}

/* A directory of below, not in the upper tree yet. */
static int make_mirror(struct cnode *dir, const char *name, struct wx_node **ret)
{
    struct stat st;
    int e = stat_below(dir, name, &st);
    e = e ? e : dir->up->ops->create(dir->up, name, S_IFDIR, NULL, ret);
    if (!e) {
        const struct timespec times[2] = {st.st_atim, st.st_mtim};
        (void)(*ret)->ops->utimens(*ret, times); /* cannot fail in memory */
        wx_memfs_set_mirror(*ret, true);
    } else if (e == EEXIST) { /* made by somebody else just now */
        e = upper(dir, name, ret);
    }
    return e;
}

static int merged_dir(struct cnode *dir, const char *name, struct wx_node *up, struct wx_node **ret)
{
    struct wx_file *low = NULL;
    int e = wx_memfs_is_mirror(up) ? open_below(dir, name, O_DIRECTORY, &low) : 0;
    if (e && e != ENOENT && e != ENOTDIR) { /* gone meanwhile: only what was written is left */
        wx_node_unref(up);
        return e;
    }
    return dir_node(dir->cow, up, low, ret);
}

static int op_lookup(struct wx_node *node, const char *name, struct wx_node **ret)
{
    struct cnode *dir = in(node);
    struct wx_node *up;
    int e = upper(dir, name, &up);
    if (!e && S_ISDIR(up->type)) {
        return merged_dir(dir, name, up, ret);
    }
    if (!e && up->type == WHITEOUT) {
        wx_node_unref(up);
        return ENOENT;
    }
    struct stat st;
    if (e != ENOENT) {
        *ret = e ? NULL : up;
        return e;
    }
    e = stat_below(dir, name, &st);
    if (e) {
        return e;
    }
    if (!S_ISDIR(st.st_mode)) {
        return file_node(dir, name, st.st_mode, ret);
    }
    e = make_mirror(dir, name, &up);
    return e ? e : merged_dir(dir, name, up, ret);
}

/* What was written, but for the number that listings show. */
static int dir_stat(struct wx_node *node, struct stat *ret)
{
    const struct cnode *c = in(node);
    struct stat low;
    int e = c->up->ops->stat(c->up, ret);
    if (!e && c->low && c->low->ops->stat(c->low, &low) == 0) {
        ret->st_dev = low.st_dev;
        ret->st_ino = low.st_ino;
    }
    return e;
}

static int dir_utimens(struct wx_node *node, const struct timespec times[2])
{
    return in(node)->up->ops->utimens(in(node)->up, times);
}

/* -------- listing -------- */

struct lister {
    struct cnode *dir;
    wx_entry_fn fn;
    void *data;
    bool full;
};

/* Is this name of below replaced or removed? */
static bool is_hidden(struct cnode *dir, const char *name)
{
    struct wx_node *up;
    if (upper(dir, name, &up) != 0) {
        return false;
    }
    bool hidden = !wx_memfs_is_mirror(up);
    wx_node_unref(up);
    return hidden;
}

/* Called with the upper tree locked: what it holds is told by the type. */
static bool from_upper(void *data, uint64_t next, uint64_t ino, uint8_t type, const char *name)
{
    struct lister *l = data;
    if (type == WX_FT_CHAR || type == WX_FT_UNKNOWN) { /* a whiteout, or a mirror */
        return true;
    }
    l->full = !l->fn(l->data, next, ino, type, name);
    return !l->full;
}

static bool from_below(void *data, uint64_t next, uint64_t ino, uint8_t type, const char *name)
{
    struct lister *l = data;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_hidden(l->dir, name)) {
        return true;
    }
    l->full = !l->fn(l->data, next | BELOW, ino, type, name);
    return !l->full;
}

static int op_list(struct wx_node *node, uint64_t cookie, wx_entry_fn fn, void *data)
{
    struct lister l = {.dir = in(node), .fn = fn, .data = data};
    int e = 0;
    if (!(cookie & BELOW)) {
        e = l.dir->up->ops->list(l.dir->up, cookie, from_upper, &l);
        cookie = 0;
    }
    if (e || l.full || !l.dir->low) {
        return e;
    }
    return l.dir->low->ops->list(l.dir->low, cookie & ~BELOW, from_below, &l);
}

static bool any_entry(void *data, uint64_t next, uint64_t ino, uint8_t type, const char *name)
{
    (void)next, (void)ino, (void)type;
    bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    *(bool *)data = *(bool *)data || !dots;
    return dots;
}

/* -------- copying up -------- */

static int copy_bytes(struct wx_file *from, struct wx_file *to, uint8_t *buf)
{
    for (uint64_t at = 0;;) {
        struct iovec iov = {buf, CHUNK};
        ssize_t n = from->ops->io(from, false, &iov, 1, (int64_t)at);
        if (n <= 0) {
            return (int)-n;
        }
        iov.iov_len = (size_t)n;
        ssize_t put = to->ops->io(to, true, &iov, 1, (int64_t)at);
        if (put != n) {
            return put < 0 ? (int)-put : EIO;
        }
        at += (uint64_t)n;
    }
}

static int copy_file(const struct cnode *c, struct wx_node *up)
{
    struct wx_file *from = NULL, *to = NULL;
    uint8_t *buf = wx_alloc(c->cow->mem, CHUNK);
    int e = buf ? open_below(c->dir, c->name, 0, &from) : ENOMEM;
    e = e ? e : up->ops->open(up, O_WRONLY, &to);
    e = e ? e : copy_bytes(from, to, buf);
    wx_file_unref(from);
    wx_file_unref(to);
    wx_free(c->cow->mem, buf);
    return e;
}

static int copy_link(const struct cnode *c, struct wx_node **ret)
{
    char text[4096];
    size_t len;
    int e = c->dir->low->dir->readlink(c->dir->low, c->name, text, sizeof text - 1, &len);
    if (e) {
        return e;
    }
    text[len] = '\0';
    return c->dir->up->ops->create(c->dir->up, c->name, S_IFLNK, text, ret);
}

static int copy_up_locked(const struct cnode *c, struct wx_node **ret)
{
    struct stat st;
    int e = upper(c->dir, c->name, ret);
    if (!e && (*ret)->type == WHITEOUT) { /* removed meanwhile */
        wx_node_unref(*ret);
        return ENOENT;
    }
    if (e != ENOENT) {
        return e;
    }
    e = stat_below(c->dir, c->name, &st);
    if (!e && S_ISLNK(st.st_mode)) {
        return copy_link(c, ret);
    }
    if (!e && !S_ISREG(st.st_mode)) {
        return EPERM; /* a device, FIFO or socket is only where it is */
    }
    struct wx_node *up = c->dir->up;
    e = e ? e : up->ops->create(up, c->name, S_IFREG, NULL, ret);
    if (e) {
        return e;
    }
    e = copy_file(c, *ret);
    if (!e) {
        const struct timespec times[2] = {st.st_atim, st.st_mtim};
        (void)(*ret)->ops->utimens(*ret, times); /* cannot fail in memory */
        return 0;
    }
    (void)up->ops->remove(up, c->name, false); /* as if it had never begun */
    wx_node_unref(*ret);
    return e;
}

/* The upper node of a file of below, made if need be. */
static int copy_up(struct wx_node *node, struct wx_node **ret)
{
    struct cnode *c = in(node);
    wx_mutex_lock(&c->cow->lock);
    int e = copy_up_locked(c, ret);
    wx_mutex_unlock(&c->cow->lock);
    return e;
}

/* Whether it has been copied up; ENOENT: it is still below. */
static int upper_of(struct wx_node *node, struct wx_node **ret)
{
    return upper(in(node)->dir, in(node)->name, ret);
}

static int file_text(struct wx_node *node, char *buf, size_t len, size_t *ret_len)
{
    const struct cnode *c = in(node);
    return c->dir->low->dir->readlink(c->dir->low, c->name, buf, len, ret_len);
}

static int file_open(struct wx_node *node, int flags, struct wx_file **ret)
{
    const struct cnode *c = in(node);
    struct wx_node *up;
    int e = upper_of(node, &up);
    if (e == ENOENT && !S_ISREG(node->type)) { /* it keeps no bytes; below is said if it may be */
        return open_below(c->dir, c->name, flags & ~(O_CREAT | O_TRUNC), ret);
    }
    if (e == ENOENT && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))) {
        e = copy_up(node, &up);
    } else if (e == ENOENT) {
        return open_below(c->dir, c->name, 0, ret);
    }
    if (!e) {
        e = S_ISREG(up->type) ? up->ops->open(up, flags, ret) : ENOENT;
        wx_node_unref(up);
    }
    return e;
}

static int file_stat(struct wx_node *node, struct stat *ret)
{
    const struct cnode *c = in(node);
    struct wx_node *up;
    if (upper_of(node, &up) != 0) {
        return stat_below(c->dir, c->name, ret);
    }
    int e = up->type == WHITEOUT ? ENOENT : up->ops->stat(up, ret);
    wx_node_unref(up);
    return e;
}

static int file_utimens(struct wx_node *node, const struct timespec times[2])
{
    struct wx_node *up;
    int e = copy_up(node, &up);
    if (!e) {
        e = up->ops->utimens(up, times);
        wx_node_unref(up);
    }
    return e;
}

/* -------- changing names -------- */

static bool is_below(const struct cnode *dir, const char *name)
{
    struct stat st;
    return stat_below(dir, name, &st) == 0;
}

/* The name is free in the upper tree; hide the one below, if there is one. */
static int hide(struct cnode *dir, const char *name)
{
    struct wx_node *up;
    if (!is_below(dir, name)) {
        return 0;
    }
    int e = dir->up->ops->create(dir->up, name, WHITEOUT, NULL, &up);
    if (!e) {
        wx_node_unref(up);
    }
    return e;
}

/* What is made: a socket if there is one, else by the other arguments. */
struct making {
    mode_t type;
    const char *text;
    struct wx_vsock *socket;
};

static int make(struct wx_node *up, const char *name, const struct making *m, struct wx_node **ret)
{
    return m->socket ? up->ops->bind(up, name, m->socket)
                     : up->ops->create(up, name, m->type, m->text, ret);
}

static int create_locked(struct cnode *dir, const char *name, const struct making *m,
                         struct wx_node **ret)
{
    struct wx_node *up;
    int e = upper(dir, name, &up);
    if (!e) {
        bool gone = up->type == WHITEOUT;
        wx_node_unref(up);
        if (!gone) {
            return EEXIST;
        }
        (void)dir->up->ops->remove(dir->up, name, false); /* the whiteout that was just there */
    } else if (e != ENOENT || is_below(dir, name)) {
        return e == ENOENT ? EEXIST : e;
    }
    e = make(dir->up, name, m, ret);
    if (e) {
        (void)hide(dir, name); /* back to what it was */
    }
    return e;
}

static int op_create(struct wx_node *node, const char *name, mode_t type, const char *text,
                     struct wx_node **ret)
{
    struct cnode *dir = in(node);
    struct wx_node *up;
    wx_mutex_lock(&dir->cow->lock);
    const struct making m = {.type = type, .text = text};
    int e = create_locked(dir, name, &m, &up);
    wx_mutex_unlock(&dir->cow->lock);
    if (e || !S_ISDIR(type)) {
        *ret = e ? NULL : up;
        return e;
    }
    return dir_node(dir->cow, up, NULL, ret);
}

static int op_bind(struct wx_node *node, const char *name, struct wx_vsock *socket)
{
    struct cnode *dir = in(node);
    const struct making m = {.socket = socket};
    wx_mutex_lock(&dir->cow->lock);
    int e = create_locked(dir, name, &m, NULL);
    wx_mutex_unlock(&dir->cow->lock);
    return e;
}

/* What is there under a name, before it is taken away. */
static int check_gone(struct wx_node *dir, const char *name, bool is_dir)
{
    struct wx_node *node;
    int e = op_lookup(dir, name, &node);
    if (e) {
        return e;
    }
    if (S_ISDIR(node->type) != is_dir) {
        e = is_dir ? ENOTDIR : EISDIR;
    } else if (is_dir) {
        bool any = false;
        e = op_list(node, 0, any_entry, &any);
        e = e ? e : any ? ENOTEMPTY : 0;
    }
    wx_node_unref(node);
    return e;
}

/* Out of the upper tree; a directory there may still hold whiteouts. */
static void drop_upper(struct cnode *dir, const char *name)
{
    struct wx_node *up;
    if (upper(dir, name, &up) != 0) {
        return;
    }
    bool is_dir = S_ISDIR(up->type);
    if (is_dir) {
        wx_memfs_clear(up);
    }
    wx_node_unref(up);
    (void)dir->up->ops->remove(dir->up, name, is_dir); /* it is empty now */
}

static int op_remove(struct wx_node *node, const char *name, bool is_dir)
{
    struct cnode *dir = in(node);
    wx_mutex_lock(&dir->cow->lock);
    int e = check_gone(node, name, is_dir);
    if (!e) {
        drop_upper(dir, name);
        e = hide(dir, name);
    }
    wx_mutex_unlock(&dir->cow->lock);
    return e;
}

/* The source as an upper node; EXDEV for directories of below. */
static int source(struct cnode *from, const char *name, bool *ret_is_dir)
{
    struct wx_node *node, *up = NULL;
    int e = op_lookup(&from->node, name, &node);
    if (e) {
        return e;
    }
    *ret_is_dir = S_ISDIR(node->type);
    if (*ret_is_dir) {
        e = in(node)->low ? EXDEV : 0;
    } else if (node->ops == &file_node_ops) {
        e = copy_up_locked(in(node), &up);
    }
    wx_node_unref(up);
    wx_node_unref(node);
    return e;
}

static int rename_locked(struct cnode *from, const char *name, struct cnode *to,
                         const char *to_name)
{
    bool is_dir = false;
    int e = source(from, name, &is_dir);
    if (e) {
        return e;
    }
    struct wx_node *a = NULL, *b = NULL;
    (void)upper(from, name, &a);
    (void)upper(to, to_name, &b);
    bool same = a && a == b; /* two names of one file */
    bool above = b && S_ISDIR(b->type) && wx_memfs_is_below(from->up, b); /* as memfs has it */
    wx_node_unref(a);
    wx_node_unref(b);
    if (same || above) {
        return above ? ENOTEMPTY : 0;
    }
    e = check_gone(&to->node, to_name, is_dir);
    if (e && e != ENOENT) {
        return e;
    }
    bool whiteout = e == ENOENT;
    if (whiteout || is_dir) { /* what the memory's rename would not replace */
        drop_upper(to, to_name);
    }
    e = from->up->ops->rename(from->up, name, to->up, to_name);
    if (e) {
        (void)hide(to, to_name); /* a whiteout that was dropped */
        return e;
    }
    return hide(from, name);
}

static int op_rename(struct wx_node *from, const char *name, struct wx_node *to,
                     const char *to_name)
{
    struct cow *cow = in(from)->cow;
    if (cow != in(to)->cow) {
        return EXDEV;
    }
    wx_mutex_lock(&cow->lock);
    int e = rename_locked(in(from), name, in(to), to_name);
    wx_mutex_unlock(&cow->lock);
    return e;
}

static int link_locked(struct wx_node *node, struct cnode *dir, const char *name)
{
    struct wx_node *old, *up = NULL;
    int e = op_lookup(&dir->node, name, &old);
    if (e != ENOENT) {
        wx_node_unref(e ? NULL : old);
        return e ? e : EEXIST;
    }
    e = node->ops == &file_node_ops ? copy_up_locked(in(node), &up) : 0;
    if (!e) {
        drop_upper(dir, name); /* a whiteout */
        e = dir->up->ops->link(up ? up : node, dir->up, name);
        if (e) {
            (void)hide(dir, name);
        }
    }
    wx_node_unref(up);
    return e;
}

static int op_link(struct wx_node *node, struct wx_node *dir, const char *name)
{
    struct cow *cow = in(dir)->cow;
    wx_mutex_lock(&cow->lock);
    int e = link_locked(node, in(dir), name);
    wx_mutex_unlock(&cow->lock);
    return e;
}

static const struct wx_node_ops dir_node_ops = {
    .lookup = op_lookup,
    .create = op_create,
    .bind = op_bind,
    .remove = op_remove,
    .rename = op_rename,
    .link = op_link,
    .list = op_list,
    .stat = dir_stat,
    .utimens = dir_utimens,
    .free = free_node,
};
static const struct wx_node_ops file_node_ops = {
    .text = file_text,
    .open = file_open,
    .stat = file_stat,
    .utimens = file_utimens,
    .free = free_node,
};

struct wx_file *wx_cow_new(struct wx_mem *mem, struct wx_file *lower,
                           const struct wx_memfs_limits *limits)
{
    struct cow *cow = wx_zalloc(mem, sizeof *cow);
    struct wx_node *up = cow ? wx_memfs_root(mem, limits) : NULL, *root;
    if (!up) {
        wx_free(mem, cow);
        wx_file_unref(lower);
        return NULL;
    }
    wx_memfs_set_mirror(up, true);
    cow->mem = mem;
    cow->refs = 1;
    wx_mutex_init(&cow->lock);
    int e = dir_node(cow, up, lower, &root);
    cow_unref(cow); /* the root holds it */
    return e ? NULL : wx_tree_open_dir(mem, root);
}
