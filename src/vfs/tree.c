/* SPDX-License-Identifier: Apache-2.0 */
/* Paths over nodes, and directories open at them. */
/*
 * A walk is a stack of directories and the text still to go; a link's text goes in front of it.
 * `..` takes a directory off the stack: below the start there is nothing. The last component is
 * left to the operation, which acts on it in its directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/atomic.h"
#include "vfs/hostsock.h"
#include "vfs/node.h"

#define MAX_LINKS 40 /* as the kernel */
#define MAX_DEPTH 256
#define MAX_TEXT 8192 /* path and link texts not walked yet */
#define MAX_NAME 255

struct treedir {
    struct wx_file file;
    struct wx_node *node;
};

static struct wx_node *node_of(struct wx_file *d) { return ((struct treedir *)(void *)d)->node; }

struct wx_node *wx_node_ref(struct wx_node *node)
{
    wx_add_relaxed(&node->refs, 1); /* the caller holds one already */
    return node;
}

void wx_node_unref(struct wx_node *node)
{
    if (node && wx_sub_acqrel(&node->refs, 1) == 1) {
        node->ops->free(node);
    }
}

/* -------- walking -------- */

struct walk {
    struct wx_node *dirs[MAX_DEPTH]; /* [0] is the start's; the others are referenced */
    unsigned depth;                  /* index of the present directory */
    unsigned n_links;
    char name[MAX_NAME + 1]; /* last component; "." if the path ends in the present directory */
    bool slash;              /* slashes follow it */
    bool was_dots;           /* it was "." or ".." */
    bool no_links;           /* none is followed */
    char text[MAX_TEXT];
    char *rest; /* in text */
};

static struct wx_node *here(const struct walk *w) { return w->dirs[w->depth]; }

static int start(struct walk *w, struct wx_file *d, const char *path)
{
    size_t len = strlen(path);
    w->dirs[0] = node_of(d);
    w->depth = w->n_links = 0;
    w->no_links = d->no_links;
    w->name[0] = '\0'; /* no place to make anything in yet */
    if (len == 0) {
        return ENOENT;
    }
    if (len > 4095) {
        return ENAMETOOLONG;
    }
    if (path[0] == '/') {
        return WX_EOUTSIDE;
    }
    memcpy(w->text, path, len + 1);
    w->rest = w->text;
    return 0;
}

static void end(struct walk *w)
{
    while (w->depth > 0) {
        wx_node_unref(w->dirs[w->depth--]);
    }
}

/* Put the text of a link before the rest. */
static int expand(struct walk *w, struct wx_node *link, bool slash)
{
    char text[4096];
    size_t len, rest = strlen(w->rest);
    int e = link->ops->text(link, text, sizeof text, &len);
    if (e) {
        return e;
    }
    if (w->no_links || ++w->n_links > MAX_LINKS) {
        return ELOOP;
    }
    if (text[0] == '/') {
        return WX_EOUTSIDE;
    }
    if (len == sizeof text || len + 1 + rest >= sizeof w->text) {
        return ENAMETOOLONG;
    }
    memmove(w->text + len + slash, w->rest, rest + 1);
    memcpy(w->text, text, len);
    if (slash) {
        w->text[len] = '/';
    }
    w->rest = w->text;
    return 0;
}

/* Into a directory, or along a link; takes the reference. */
static int enter(struct walk *w, struct wx_node *node, bool slash)
{
    if (S_ISDIR(node->type) && w->depth + 1 < MAX_DEPTH) {
        w->dirs[++w->depth] = node;
        return 0;
    }
    int e = S_ISLNK(node->type)   ? expand(w, node, slash)
            : S_ISDIR(node->type) ? ENAMETOOLONG
                                  : ENOTDIR;
    wx_node_unref(node);
    return e;
}

static int dots(struct walk *w)
{
    if (w->name[1] == '.') {
        if (w->depth == 0) {
            return WX_EOUTSIDE;
        }
        wx_node_unref(w->dirs[w->depth--]);
    }
    return 0;
}

/* To the last component; "." and ".." there are gone along if enter_dots. */
static int walk_on(struct walk *w, bool enter_dots)
{
    for (;;) {
        size_t len = strcspn(w->rest, "/");
        if (len > MAX_NAME) {
            return ENAMETOOLONG;
        }
        memcpy(w->name, w->rest, len);
        w->name[len] = '\0';
        w->rest += len;
        w->slash = *w->rest == '/';
        w->rest += strspn(w->rest, "/");
        bool last = *w->rest == '\0';
        w->was_dots = strcmp(w->name, ".") == 0 || strcmp(w->name, "..") == 0;
        int e = w->was_dots && (enter_dots || !last) ? dots(w) : 0;
        if (e || last) {
            return e;
        }
        if (!w->was_dots) {
            struct wx_node *node;
            e = here(w)->ops->lookup(here(w), w->name, &node);
            e = e ? e : enter(w, node, true);
        }
        if (e) {
            return e;
        }
    }
}

static int to_last(struct walk *w) { return walk_on(w, false); }

/*
 * The node of the last component, links followed if wanted or if a slash asks for what they lead
 * to. After ENOENT the name in the present directory is the one that is not there.
 */
static int to_node(struct walk *w, bool follow, struct wx_node **ret)
{
    for (;;) {
        int e = walk_on(w, true);
        if (e) {
            w->name[0] = '\0'; /* no place to make anything in */
            return e;
        }
        if (w->was_dots) {
            *ret = wx_node_ref(here(w));
            return 0;
        }
        struct wx_node *node;
        e = here(w)->ops->lookup(here(w), w->name, &node);
        if (e) {
            return e;
        }
        if (!S_ISLNK(node->type) || !(follow || w->slash)) {
            if (w->slash && !S_ISDIR(node->type)) {
                wx_node_unref(node);
                return ENOTDIR;
            }
            *ret = node;
            return 0;
        }
        e = expand(w, node, w->slash);
        wx_node_unref(node);
        if (e) {
            w->name[0] = '\0';
            return e;
        }
    }
}

static int find(struct wx_file *d, const char *path, bool follow, struct wx_node **ret)
{
    struct walk w;
    int e = start(&w, d, path);
    e = e ? e : to_node(&w, follow, ret);
    end(&w);
    return e;
}

/* -------- operations -------- */

/* What O_CREAT makes when nothing is there. */
static int create_file(struct walk *w, struct wx_node **ret)
{
    if (w->slash) {
        return EISDIR;
    }
    return here(w)->ops->create(here(w), w->name, S_IFREG, NULL, ret);
}

static int open_node(struct wx_file *d, struct wx_node *node, int flags, struct wx_file **ret)
{
    if (S_ISLNK(node->type)) {
        return flags & O_DIRECTORY ? ENOTDIR : ELOOP;
    }
    if (!S_ISDIR(node->type)) {
        return flags & O_DIRECTORY ? ENOTDIR : node->ops->open(node, flags, ret);
    }
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC))) {
        return EISDIR;
    }
    *ret = wx_tree_open_dir(d->mem, wx_node_ref(node));
    if (!*ret) {
        return ENOMEM;
    }
    (*ret)->no_links = d->no_links;
    return 0;
}

static int tree_open(struct wx_file *d, const char *path, const struct wx_open_how *how,
                     struct wx_file **ret)
{
    size_t len = strlen(path);
    if (len && path[len - 1] == '/' && (how->flags & O_CREAT)) {
        return EISDIR;
    }
    struct walk w;
    struct wx_node *node;
    bool exclusive = (how->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    int e = start(&w, d, path);
    e = e ? e : to_node(&w, how->follow && !exclusive, &node);
    if (!e && exclusive) {
        wx_node_unref(node);
        e = EEXIST;
    } else if (e == ENOENT && (how->flags & O_CREAT) && w.name[0]) {
        e = create_file(&w, &node);
        if (e == EEXIST && !exclusive) { /* made by somebody else just now */
            e = here(&w)->ops->lookup(here(&w), w.name, &node);
        }
    }
    end(&w);
    if (!e) {
        e = open_node(d, node, how->flags, ret);
        wx_node_unref(node);
    }
    return e;
}

static int tree_stat(struct wx_file *d, const char *path, bool follow, struct stat *ret)
{
    struct wx_node *node;
    int e = find(d, path, follow, &node);
    if (!e) {
        e = node->ops->stat(node, ret);
        wx_node_unref(node);
    }
    return e;
}

static int tree_utimens(struct wx_file *d, const char *path, bool follow,
                        const struct timespec times[2])
{
    struct wx_node *node;
    int e = find(d, path, follow, &node);
    if (!e) {
        e = node->ops->utimens(node, times);
        wx_node_unref(node);
    }
    return e;
}

static int tree_mkdir(struct wx_file *d, const char *path)
{
    struct walk w;
    int e = start(&w, d, path);
    e = e ? e : to_last(&w);
    if (!e && w.was_dots) {
        e = EEXIST;
    }
    struct wx_node *made = NULL;
    if (!e) {
        e = here(&w)->ops->create(here(&w), w.name, S_IFDIR, NULL, &made);
    }
    wx_node_unref(made);
    end(&w);
    return e;
}

static int tree_rmdir(struct wx_file *d, const char *path)
{
    struct walk w;
    int e = start(&w, d, path);
    e = e ? e : to_last(&w);
    if (!e && w.was_dots) {
        e = w.name[1] ? ENOTEMPTY : EINVAL;
    }
    e = e ? e : here(&w)->ops->remove(here(&w), w.name, true);
    end(&w);
    return e;
}

static int tree_unlink(struct wx_file *d, const char *path)
{
    struct walk w;
    int e = start(&w, d, path);
    e = e ? e : to_last(&w);
    if (!e && w.was_dots) {
        e = EISDIR;
    }
    if (!e && w.slash) {
        struct wx_node *node;
        e = here(&w)->ops->lookup(here(&w), w.name, &node);
        if (!e) {
            e = S_ISDIR(node->type) ? EISDIR : ENOTDIR;
            wx_node_unref(node);
        }
    }
    e = e ? e : here(&w)->ops->remove(here(&w), w.name, false);
    end(&w);
    return e;
}

static int tree_symlink(const char *target, struct wx_file *d, const char *path)
{
    if (target[0] == '\0') {
        return ENOENT;
    }
    struct walk w;
    int e = start(&w, d, path);
    e = e ? e : to_last(&w);
    struct wx_node *node = NULL;
    if (!e && w.was_dots) {
        e = EEXIST;
    } else if (!e && w.slash) {
        e = here(&w)->ops->lookup(here(&w), w.name, &node) == 0 ? EEXIST : ENOENT;
    } else if (!e) {
        e = here(&w)->ops->create(here(&w), w.name, S_IFLNK, target, &node);
    }
    wx_node_unref(node);
    end(&w);
    return e;
}

static int tree_readlink(struct wx_file *d, const char *path, char *buf, size_t len,
                         size_t *ret_len)
{
    struct walk w;
    struct wx_node *node;
    int e = start(&w, d, path);
    e = e ? e : to_last(&w);
    if (!e && w.was_dots) {
        e = EINVAL; /* a directory, wherever it is */
    }
    end(&w);
    e = e ? e : find(d, path, false, &node);
    if (!e) {
        e = S_ISLNK(node->type) ? node->ops->text(node, buf, len, ret_len) : EINVAL;
        wx_node_unref(node);
    }
    return e;
}

/* The last components of two paths, for rename and link. @return 0 with both walks begun */
static int two(struct walk *a, struct wx_file *from, const char *path, struct walk *b,
               struct wx_file *to, const char *to_path)
{
    int e = start(a, from, path);
    e = e ? e : to_last(a);
    if (e) {
        end(a);
        return e;
    }
    e = start(b, to, to_path);
    e = e ? e : to_last(b);
    if (e) {
        end(a);
        end(b);
    }
    return e;
}

/* A slash behind either name asks for a directory. */
static int check_source(const struct walk *a, const struct walk *b, struct wx_node **ret)
{
    int e = here(a)->ops->lookup(here(a), a->name, ret);
    if (!e && (a->slash || b->slash) && !S_ISDIR((*ret)->type)) {
        wx_node_unref(*ret);
        e = ENOTDIR;
    }
    return e;
}

static int tree_rename(struct wx_file *from, const char *path, struct wx_file *to,
                       const char *to_path)
{
    struct walk a, b;
    int e = two(&a, from, path, &b, to, to_path);
    if (e) {
        return e;
    }
    struct wx_node *node = NULL;
    e = a.was_dots || b.was_dots ? EINVAL : check_source(&a, &b, &node);
    if (!e) {
        wx_node_unref(node);
        e = here(&a)->ops->rename(here(&a), a.name, here(&b), b.name);
    }
    end(&a);
    end(&b);
    return e;
}

static int link_node(const struct walk *a, const struct walk *b)
{
    struct wx_node *node, *old = NULL;
    int e = here(a)->ops->lookup(here(a), a->name, &node);
    if (e) {
        return e;
    }
    if (S_ISDIR(node->type)) {
        e = EPERM;
    } else if (a->slash) {
        e = ENOTDIR;
    } else if (b->was_dots) {
        e = EEXIST;
    } else if (b->slash) {
        e = here(b)->ops->lookup(here(b), b->name, &old);
        e = e ? ENOENT : S_ISDIR(old->type) ? EEXIST : ENOTDIR;
    } else {
        e = here(b)->ops->link(node, here(b), b->name);
    }
    wx_node_unref(old);
    wx_node_unref(node);
    return e;
}

static int tree_link(struct wx_file *from, const char *path, struct wx_file *to,
                     const char *to_path)
{
    struct walk a, b;
    int e = two(&a, from, path, &b, to, to_path);
    if (!e) {
        e = a.was_dots ? EPERM : link_node(&a, &b);
        end(&a);
        end(&b);
    }
    return e;
}

/* -------- sockets -------- */

static int tree_bind_socket(struct wx_file *d, const char *name, struct wx_file *sock)
{
    struct wx_node *dir = node_of(d), *there = NULL;
    int e;
    if (!dir->ops->bind) {
        e = dir->ops->lookup(dir, name, &there);
        wx_node_unref(there);
        return e == ENOENT ? EOPNOTSUPP : e ? e : EADDRINUSE;
    }
    e = dir->ops->bind(dir, name, wx_hostsock_local(sock));
    return e == EEXIST ? EADDRINUSE : e;
}

static int tree_find_socket(struct wx_file *d, const char *name, struct wx_sock_target *ret)
{
    struct wx_node *dir = node_of(d), *node;
    int e = dir->ops->lookup(dir, name, &node);
    if (e) {
        return e;
    }
    struct wx_vsock *v = node->ops->socket ? node->ops->socket(node) : NULL;
    wx_node_unref(node);
    *ret = (struct wx_sock_target){.host_fd = -1, .local = v};
    return v ? 0 : ECONNREFUSED;
}

/* -------- the directory itself -------- */

static int dir_stat(struct wx_file *f, struct stat *ret)
{
    return node_of(f)->ops->stat(node_of(f), ret);
}

static int dir_sync(struct wx_file *f, bool data_only)
{
    (void)f, (void)data_only; /* nothing is anywhere else */
    return 0;
}

static int dir_utimens(struct wx_file *f, const struct timespec times[2])
{
    return node_of(f)->ops->utimens(node_of(f), times);
}

static int dir_list(struct wx_file *f, uint64_t cookie, wx_entry_fn fn, void *data)
{
    return node_of(f)->ops->list(node_of(f), cookie, fn, data);
}

static void dir_free(struct wx_file *f)
{
    wx_node_unref(node_of(f));
    wx_free(f->mem, f);
}

static const struct wx_file_ops dir_ops = {
    .io = wx_file_no_io,
    .seek = wx_file_no_seek,
    .stat = dir_stat,
    .truncate = wx_file_no_truncate,
    .allocate = wx_file_no_allocate,
    .advise = wx_file_no_advise,
    .sync = dir_sync,
    .utimens = dir_utimens,
    .set_append = wx_file_any_append,
    .list = dir_list,
    .free = dir_free,
};
static const struct wx_dir_ops paths = {
    .open = tree_open,
    .stat = tree_stat,
    .utimens = tree_utimens,
    .mkdir = tree_mkdir,
    .rmdir = tree_rmdir,
    .unlink = tree_unlink,
    .symlink = tree_symlink,
    .readlink = tree_readlink,
    .rename = tree_rename,
    .link = tree_link,
    .bind_socket = tree_bind_socket,
    .find_socket = tree_find_socket,
};

struct wx_file *wx_tree_open_dir(struct wx_mem *mem, struct wx_node *dir)
{
    struct treedir *d = wx_zalloc(mem, sizeof *d);
    if (!d) {
        wx_node_unref(dir);
        return NULL;
    }
    wx_file_init(&d->file, &dir_ops, mem, WX_FT_DIR);
    d->file.dir = &paths;
    d->node = dir;
    return &d->file;
}
