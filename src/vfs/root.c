/* SPDX-License-Identifier: Apache-2.0 */
/* Paths over a tree of mounts, and the directories opened there. */
/*
 * A path is walked until no mount lies below: the rest of it is the mount's own filesystem's, in
 * one call. Only what that answers with WX_EOUTSIDE (an absolute link, or more `..` than
 * directories) is walked name by name, as are directories that are opened, since they must know
 * where `..` leads. A walk holds a level; `..` goes to the one before it.
 *
 * A link of a mount whose links stay beneath it puts a floor under the walk for as long as its text
 * lasts. Every call into a mount is confined by that mount, whatever happens meanwhile, so a walk
 * that is overtaken by renames may miss, but never leaves.
 *
 * Mounts keep their flags here: read-only ones answer EROFS, names never move between two.
 */
#include "vfs/root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "vfs/mounts.h"

#define MAX_LINKS 40  /* as the kernel */
#define MAX_TEXT 8192 /* path and link texts not walked yet */
#define MAX_NAME 255
#define POINTS (UINT64_C(1) << 63) /* in cookies: a position among mount points */

struct rootdir {
    struct wx_file file;
    struct wx_level *level;
};

static struct wx_level *level_of(struct wx_file *d) { return ((struct rootdir *)(void *)d)->level; }

static struct wx_file *open_level(struct wx_level *l);

/* -------- walking -------- */

/* What the last component is for. */
enum last {
    LAST_NAME,  /* a name, whatever is there */
    LAST_SLASH, /* a slash asks for what a link leads to */
    LAST_FOLLOW /* so does the caller */
};

struct walk {
    struct wx_level *at; /* counted */
    unsigned n_links;
    unsigned n_floors;
    struct {
        size_t rest; /* of the path, when the link's text is through */
        unsigned depth;
    } floors[MAX_LINKS + 1];
    int floor; /* depth of the one that holds for the present name; -1: none */
    enum { PLACE_NAME, PLACE_POINT, PLACE_SELF } kind;
    const struct wx_point *point; /* PLACE_POINT: a child of the present level's */
    bool up;                      /* PLACE_SELF: by ".." */
    const char *path;             /* PLACE_NAME: below the present level */
    bool direct;                  /* … a path, which may still lead elsewhere */
    bool needs_dir;               /* … a name that had a slash behind it */
    char name[MAX_NAME + 1];
    bool slash;              /* slashes follow it */
    char last[MAX_NAME + 2]; /* name and slash */
    char text[MAX_TEXT];
    char *rest; /* in text */
};

static int start(struct walk *w, struct wx_file *d, const char *path)
{
    size_t len = strlen(path);
    w->at = NULL;
    if (len == 0) {
        return ENOENT;
    }
    if (len > 4095) {
        return ENAMETOOLONG;
    }
    struct wx_level *from = level_of(d);
    while (path[0] == '/' && from->parent) {
        from = from->parent;
    }
    w->at = wx_level_ref(from);
    w->n_links = w->n_floors = 0;
    w->direct = w->needs_dir = false;
    memcpy(w->text, path, len + 1);
    w->rest = w->text + strspn(w->text, "/");
    return 0;
}

static void end(struct walk *w) { wx_level_unref(w->at); }

static void set_level(struct walk *w, struct wx_level *l)
{
    wx_level_unref(w->at);
    w->at = l;
}

/* The nearest floor that still holds; -1: none. */
static int floor_depth(struct walk *w)
{
    size_t rest = strlen(w->rest);
    while (w->n_floors && rest <= w->floors[w->n_floors - 1].rest) {
        w->n_floors--;
    }
    return w->n_floors ? (int)w->floors[w->n_floors - 1].depth : -1;
}

static int go_up(struct walk *w)
{
    if ((int)w->at->depth <= w->floor) {
        return WX_EOUTSIDE;
    }
    if (w->at->parent) { /* the root is its own parent */
        set_level(w, wx_level_ref(w->at->parent));
    }
    return 0;
}

/* Where the mount of the present level begins. */
static unsigned mount_depth(const struct wx_level *l)
{
    while (l->parent && l->parent->mount == l->mount) {
        l = l->parent;
    }
    return l->depth;
}

/* Go on with the text of the link w->name, then the rest. */
static int expand(struct walk *w)
{
    char link[4096];
    size_t len, rest = strlen(w->rest);
    const struct wx_level *l = w->at;
    if (l->mount->links == WX_LINKS_NONE || ++w->n_links > MAX_LINKS) {
        return ELOOP;
    }
    int e = l->dir->dir->readlink(l->dir, w->name, link, sizeof link, &len);
    if (e || len == 0 || len == sizeof link) {
        return e ? e : len ? ENAMETOOLONG : ENOENT;
    }
    link[len] = '\0';
    if (l->mount->links == WX_LINKS_BENEATH) {
        w->floors[w->n_floors].rest = rest;
        w->floors[w->n_floors++].depth = mount_depth(l);
        w->floor = (int)mount_depth(l);
    }
    if (link[0] == '/' && w->floor >= 0) {
        e = WX_EOUTSIDE;
    } else if (link[0] == '/') {
        e = wx_mounts_hide_host(l->root, link, sizeof link, NULL);
        while (w->at->parent) {
            set_level(w, wx_level_ref(w->at->parent));
        }
    }
    len = strlen(link);
    if (e || len + w->slash + rest >= sizeof w->text) {
        return e ? e : ENAMETOOLONG;
    }
    memmove(w->text + len + w->slash, w->rest, rest + 1);
    memcpy(w->text, link, len);
    if (w->slash) {
        w->text[len] = '/';
    }
    w->rest = w->text + strspn(w->text, "/");
    return 0;
}

static bool is_link(const struct walk *w)
{
    struct stat st;
    return w->at->dir && w->at->dir->dir->stat(w->at->dir, w->name, false, &st) == 0 &&
           S_ISLNK(st.st_mode);
}

/* A level below the present one. */
static int go_down(struct walk *w, struct wx_file *dir)
{
    struct wx_level *next;
    int e = wx_level_enter_dir(w->at, w->name, dir, NULL, &next);
    if (!e) {
        set_level(w, next);
    }
    return e;
}

/* Into a directory, or along a link. */
static int enter(struct walk *w)
{
    const struct wx_open_how how = {.flags = O_RDONLY | O_DIRECTORY, .follow = false};
    struct wx_level *l = w->at, *next;
    struct wx_file *dir = NULL;
    if (w->point) {
        int e = wx_level_enter_point(l, w->point, &next);
        if (!e) {
            set_level(w, next);
        }
        return e;
    }
    int e = l->dir ? l->dir->dir->open(l->dir, w->name, &how, &dir) : ENOENT;
    if ((e == ELOOP || e == ENOTDIR) && is_link(w)) {
        return expand(w);
    }
    return e ? e : go_down(w, dir);
}

static int next_name(struct walk *w, bool *ret_last)
{
    size_t len = strcspn(w->rest, "/");
    if (len > MAX_NAME) {
        return ENAMETOOLONG;
    }
    memcpy(w->name, w->rest, len);
    w->name[len] = '\0';
    w->rest += len;
    w->slash = *w->rest == '/';
    w->rest += strspn(w->rest, "/");
    *ret_last = *w->rest == '\0';
    return 0;
}

/* The last component. @return 0, with *ret_there unless it was a link to go along */
static int arrive(struct walk *w, enum last want, bool *ret_there)
{
    if (w->point) {
        w->kind = PLACE_POINT;
    } else if ((want == LAST_FOLLOW || (want == LAST_SLASH && w->slash)) && is_link(w)) {
        return expand(w);
    } else {
        /* With a slash, filesystems go along links: one put there meanwhile, past mounts. */
        size_t len = strlen(w->name);
        bool slash = w->slash && want == LAST_NAME;
        memcpy(w->last, w->name, len + 1);
        memcpy(w->last + len, slash ? "/" : "", slash + 1u);
        w->path = w->last;
        w->needs_dir = w->slash && !slash;
        w->direct = false;
        w->kind = PLACE_NAME;
    }
    *ret_there = true;
    return 0;
}

/* One component. */
static int step(struct walk *w, enum last want, bool *ret_there)
{
    bool last;
    w->floor = floor_depth(w); /* before the link's last name is taken off */
    int e = next_name(w, &last);
    if (e) {
        return e;
    }
    w->up = strcmp(w->name, "..") == 0;
    if (w->up || strcmp(w->name, ".") == 0) {
        w->kind = PLACE_SELF;
        *ret_there = last;
        return w->up ? go_up(w) : 0;
    }
    w->point = wx_point_find(w->at->point, w->name);
    return last ? arrive(w, want, ret_there) : enter(w);
}

/*
 * Find what a path means: a name in a directory, a mount, or a directory itself. With `direct` the
 * name may be a path, links included, that the filesystem of that directory resolves.
 */
static int find(struct walk *w, struct wx_file *d, const char *path, enum last want, bool direct)
{
    int e = start(w, d, path);
    for (bool there = false; !e && !there;) {
        if (!*w->rest) {
            w->kind = PLACE_SELF; /* "/" */
            w->up = false;
            return 0;
        }
        if (direct && w->at->dir && !(w->at->point && w->at->point->children)) {
            w->path = w->rest;
            w->direct = true;
            w->kind = PLACE_NAME;
            return 0;
        }
        e = step(w, want, &there);
    }
    return e;
}

/* Where a path ends is not known yet: the answer is to find out (WX_EOUTSIDE). */
static int unless_direct(const struct walk *w, int e) { return w->direct ? WX_EOUTSIDE : e; }

/* Whether names may be changed in the directory that was found. */
static int check_writable(const struct walk *w)
{
    return !w->at->mount || w->at->mount->read_only ? unless_direct(w, EROFS) : 0;
}

/* -------- operations on one path -------- */

/* What an operation does once the place is known; it may be asked twice. */
typedef int (*act_fn)(struct walk *w, void *data);

static int act(struct wx_file *d, const char *path, enum last want, bool direct, act_fn fn,
               void *data)
{
    int e = WX_EOUTSIDE;
    for (int i = direct ? 0 : 1; i < 2 && e == WX_EOUTSIDE; i++) {
        struct walk w;
        e = find(&w, d, path, want, i == 0);
        e = e ? e : fn(&w, data);
        end(&w);
    }
    return e;
}

/* The level of a mount or directory that was found. */
static int self(struct walk *w)
{
    struct wx_level *next;
    if (w->kind == PLACE_SELF) {
        return 0;
    }
    int e = wx_level_enter_point(w->at, w->point, &next);
    if (!e) {
        set_level(w, next);
    }
    return e;
}

struct opening {
    struct wx_open_how how;
    struct wx_file *file;
};

static int open_self(struct walk *w, struct opening *o)
{
    if (o->how.flags & O_EXCL) {
        return EEXIST;
    }
    if ((o->how.flags & O_ACCMODE) != O_RDONLY || (o->how.flags & (O_CREAT | O_TRUNC))) {
        return EISDIR;
    }
    int e = self(w);
    if (!e) {
        o->file = open_level(w->at);
    }
    return e ? e : o->file ? 0 : ENOMEM;
}

static int act_open(struct walk *w, void *data)
{
    struct opening *o = data;
    const int writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    struct wx_level *l = w->at;
    if (w->kind != PLACE_NAME) {
        return open_self(w, o);
    }
    if (!l->dir) {
        return o->how.flags & O_CREAT ? EROFS : ENOENT;
    }
    if (l->mount->read_only && (o->how.flags & writes)) {
        return unless_direct(w, EROFS);
    }
    const struct wx_open_how how = {o->how.flags | (w->needs_dir ? O_DIRECTORY : 0),
                                    w->direct && o->how.follow};
    int e = l->dir->dir->open(l->dir, w->path, &how, &o->file);
    if (e) {
        return e;
    }
    if (o->file->filetype != WX_FT_DIR) {
        o->file->read_only = l->mount->read_only;
        o->file->mount = l->mount->id;
        return 0;
    }
    if (w->direct) { /* it must know what it is below */
        wx_file_unref(o->file);
        return WX_EOUTSIDE;
    }
    e = go_down(w, o->file);
    o->file = e ? NULL : open_level(w->at);
    return e ? e : o->file ? 0 : ENOMEM;
}

static int root_open(struct wx_file *d, const char *path, const struct wx_open_how *how,
                     struct wx_file **ret)
{
    struct opening o = {.how = *how};
    bool exclusive = (how->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    size_t len = strlen(path);
    if (len && path[len - 1] == '/' && (how->flags & O_CREAT)) {
        return EISDIR;
    }
    enum last want = how->follow && !exclusive ? LAST_FOLLOW : LAST_SLASH;
    int e = act(d, path, want, !(how->flags & O_DIRECTORY), act_open, &o);
    if (!e) {
        *ret = o.file;
    }
    return e;
}

static int stat_level(const struct wx_level *l, struct stat *ret)
{
    if (l->dir) {
        return l->dir->ops->stat(l->dir, ret);
    }
    *ret = (struct stat){.st_ino = l->point->ino, .st_mode = S_IFDIR | 0555, .st_nlink = 2};
    return 0;
}

struct looking {
    bool follow;
    struct stat *st;
};

static int act_stat(struct walk *w, void *data)
{
    const struct looking *k = data;
    if (w->kind == PLACE_NAME) {
        struct wx_file *dir = w->at->dir;
        int e = dir ? dir->dir->stat(dir, w->path, k->follow && w->direct, k->st) : ENOENT;
        return !e && w->needs_dir && !S_ISDIR(k->st->st_mode) ? ENOTDIR : e;
    }
    int e = self(w);
    return e ? e : stat_level(w->at, k->st);
}

static int root_stat(struct wx_file *d, const char *path, bool follow, struct stat *ret)
{
    struct looking k = {follow, ret};
    return act(d, path, follow ? LAST_FOLLOW : LAST_SLASH, true, act_stat, &k);
}

struct timing {
    bool follow;
    const struct timespec *times;
};

static int utimens_level(const struct wx_level *l, const struct timespec times[2])
{
    return !l->dir || l->mount->read_only ? EROFS : l->dir->ops->utimens(l->dir, times);
}

static int act_utimens(struct walk *w, void *data)
{
    const struct timing *k = data;
    if (w->kind != PLACE_NAME) {
        int e = self(w);
        return e ? e : utimens_level(w->at, k->times);
    }
    struct stat st;
    struct wx_file *dir = w->at->dir;
    int e = check_writable(w);
    if (!e && w->needs_dir) {
        e = dir->dir->stat(dir, w->path, false, &st);
        e = e || S_ISDIR(st.st_mode) ? e : ENOTDIR;
    }
    return e ? e : dir->dir->utimens(dir, w->path, k->follow && w->direct, k->times);
}

static int root_utimens(struct wx_file *d, const char *path, bool follow,
                        const struct timespec times[2])
{
    struct timing k = {follow, times};
    return act(d, path, follow ? LAST_FOLLOW : LAST_SLASH, true, act_utimens, &k);
}

static int act_mkdir(struct walk *w, void *data)
{
    (void)data;
    int e = w->kind == PLACE_NAME ? check_writable(w) : EEXIST;
    return e ? e : w->at->dir->dir->mkdir(w->at->dir, w->path);
}

static int root_mkdir(struct wx_file *d, const char *path)
{
    return act(d, path, LAST_NAME, true, act_mkdir, NULL);
}

static int act_rmdir(struct walk *w, void *data)
{
    (void)data;
    int e = w->kind == PLACE_POINT  ? EBUSY
            : w->kind == PLACE_SELF ? (w->up ? ENOTEMPTY : EINVAL)
                                    : check_writable(w);
    return e ? e : w->at->dir->dir->rmdir(w->at->dir, w->path);
}

static int root_rmdir(struct wx_file *d, const char *path)
{
    return act(d, path, LAST_NAME, true, act_rmdir, NULL);
}

static int act_unlink(struct walk *w, void *data)
{
    (void)data;
    int e = w->kind == PLACE_NAME ? check_writable(w) : EISDIR;
    return e ? e : w->at->dir->dir->unlink(w->at->dir, w->path);
}

static int root_unlink(struct wx_file *d, const char *path)
{
    return act(d, path, LAST_NAME, true, act_unlink, NULL);
}

static int act_symlink(struct walk *w, void *data)
{
    const char *target = data;
    int e = w->kind == PLACE_NAME ? check_writable(w) : EEXIST;
    if (!e && target[0] == '/' && w->at->mount->links != WX_LINKS_IN_ROOT) {
        e = EPERM; /* would lead outside; never followed anyway */
    }
    return e ? e : w->at->dir->dir->symlink(target, w->at->dir, w->path);
}

static int root_symlink(const char *target, struct wx_file *d, const char *path)
{
    return act(d, path, LAST_NAME, true, act_symlink, (void *)(uintptr_t)target);
}

struct reading {
    char text[4096];
    size_t len;
};

static int act_readlink(struct walk *w, void *data)
{
    struct reading *k = data;
    if (w->kind != PLACE_NAME) {
        return EINVAL;
    }
    if (w->needs_dir) {
        struct looking look = {false, &(struct stat){0}};
        int e = act_stat(w, &look);
        return e ? e : EINVAL;
    }
    struct wx_file *dir = w->at->dir;
    int e = dir ? dir->dir->readlink(dir, w->path, k->text, sizeof k->text - 1, &k->len) : ENOENT;
    if (!e && w->at->mount->links == WX_LINKS_IN_ROOT) {
        k->text[k->len] = '\0';
        e = wx_mounts_hide_host(w->at->root, k->text, sizeof k->text, NULL);
        k->len = strlen(k->text);
    }
    return e;
}

static int root_readlink(struct wx_file *d, const char *path, char *buf, size_t len,
                         size_t *ret_len)
{
    struct reading k;
    int e = act(d, path, LAST_SLASH, true, act_readlink, &k);
    if (!e) {
        *ret_len = k.len < len ? k.len : len;
        memcpy(buf, k.text, *ret_len);
    }
    return e;
}

/* -------- operations on two paths -------- */

static int check_two(const struct walk *a, const struct walk *b, bool link)
{
    if (a->kind == PLACE_POINT || b->kind == PLACE_POINT) {
        return link ? (a->kind == PLACE_POINT ? EPERM : EEXIST) : EBUSY;
    }
    if (a->kind == PLACE_SELF || b->kind == PLACE_SELF) {
        return !link ? EINVAL : a->kind == PLACE_SELF ? EPERM : EEXIST;
    }
    int e = a->at->dir ? check_writable(a) : ENOENT;
    e = e ? e : check_writable(b);
    bool direct = a->direct || b->direct;
    return e ? e : a->at->mount == b->at->mount ? 0 : direct ? WX_EOUTSIDE : EXDEV;
}

static int two_paths(struct wx_file *from, const char *path, struct wx_file *to,
                     const char *to_path, bool link)
{
    int e = WX_EOUTSIDE;
    for (int i = 0; i < 2 && e == WX_EOUTSIDE; i++) {
        struct walk a = {.at = NULL}, b = {.at = NULL};
        e = find(&a, from, path, LAST_NAME, i == 0);
        e = e ? e : find(&b, to, to_path, LAST_NAME, i == 0);
        e = e ? e : check_two(&a, &b, link);
        if (!e) {
            const struct wx_dir_ops *ops = a.at->dir->dir;
            e = (link ? ops->link : ops->rename)(a.at->dir, a.path, b.at->dir, b.path);
        }
        end(&a);
        end(&b);
    }
    return e;
}

static int root_rename(struct wx_file *from, const char *path, struct wx_file *to,
                       const char *to_path)
{
    return two_paths(from, path, to, to_path, false);
}

static int root_link(struct wx_file *from, const char *path, struct wx_file *to,
                     const char *to_path)
{
    return two_paths(from, path, to, to_path, true);
}

/* -------- the directory itself -------- */

struct lister {
    const struct wx_level *level;
    wx_entry_fn fn;
    void *data;
    bool full;
};

/* What the filesystem has, but for what mounts hide. */
static bool from_dir(void *data, uint64_t next, uint64_t ino, uint8_t type, const char *name)
{
    struct lister *l = data;
    if (wx_point_find(l->level->point, name)) {
        return true;
    }
    l->full = !l->fn(l->data, next, ino, type, name);
    return !l->full;
}

static int list_points(struct lister *l, uint64_t from)
{
    const struct wx_point *p = l->level->point ? l->level->point->children : NULL;
    uint64_t i = 0;
    for (; p && !l->full; p = p->next, i++) {
        struct stat st;
        if (i >= from) {
            bool known = p->dir && p->dir->ops->stat(p->dir, &st) == 0;
            l->full =
                !l->fn(l->data, POINTS | (i + 1), known ? st.st_ino : p->ino, WX_FT_DIR, p->name);
        }
    }
    return from > i ? EINVAL : 0; /* no such cookie */
}

static int list_dots(struct lister *l, uint64_t cookie)
{
    const struct wx_level *up = l->level->parent ? l->level->parent : l->level;
    const struct wx_level *dots[2] = {l->level, up};
    for (; cookie < 2 && !l->full; cookie++) {
        struct stat st = {0};
        (void)stat_level(dots[cookie], &st); /* else without an inode */
        l->full = !l->fn(l->data, cookie + 1, st.st_ino, WX_FT_DIR, cookie ? ".." : ".");
    }
    return cookie > 2 ? EINVAL : 0;
}

static int dir_list(struct wx_file *f, uint64_t cookie, wx_entry_fn fn, void *data)
{
    struct lister l = {.level = level_of(f), .fn = fn, .data = data};
    if (cookie & POINTS) {
        return cookie == POINTS ? EINVAL : list_points(&l, cookie & ~POINTS);
    }
    struct wx_file *dir = l.level->dir;
    int e = dir ? dir->ops->list(dir, cookie, from_dir, &l) : list_dots(&l, cookie);
    return e || l.full ? e : list_points(&l, 0);
}

static int dir_stat(struct wx_file *f, struct stat *ret) { return stat_level(level_of(f), ret); }

static int dir_sync(struct wx_file *f, bool data_only)
{
    struct wx_file *dir = level_of(f)->dir;
    return dir ? dir->ops->sync(dir, data_only) : 0;
}

static int dir_utimens(struct wx_file *f, const struct timespec times[2])
{
    return utimens_level(level_of(f), times);
}

static void dir_free(struct wx_file *f)
{
    wx_level_unref(level_of(f));
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
    .open = root_open,
    .stat = root_stat,
    .utimens = root_utimens,
    .mkdir = root_mkdir,
    .rmdir = root_rmdir,
    .unlink = root_unlink,
    .symlink = root_symlink,
    .readlink = root_readlink,
    .rename = root_rename,
    .link = root_link,
};

static struct wx_file *open_level(struct wx_level *l)
{
    struct rootdir *d = wx_zalloc(l->root->mem, sizeof *d);
    if (!d) {
        return NULL;
    }
    wx_file_init(&d->file, &dir_ops, l->root->mem, WX_FT_DIR);
    d->file.dir = &paths;
    d->file.crosses = true;
    d->file.mount = l->root->id;
    d->level = wx_level_ref(l);
    return &d->file;
}

struct wx_file *wx_root_open(struct wx_root *root)
{
    struct wx_file *top = root->top.dir ? wx_file_ref(root->top.dir) : NULL;
    struct wx_level *l = wx_level_new(root, NULL, "", top, &root->top, &root->top);
    struct wx_file *f = l ? open_level(l) : NULL;
    wx_level_unref(l);
    return f;
}

static int level_path(const struct wx_level *level, char *buf, size_t len)
{
    const struct wx_level *l = level;
    size_t need = l->parent ? 0 : 1;
    for (; l->parent; l = l->parent) {
        need += strlen(l->name) + 1;
    }
    if (need + 1 > len) {
        return ERANGE;
    }
    char *end = buf + need;
    memcpy(buf, "/", 2);
    *end = '\0';
    for (l = level; l->parent; l = l->parent) {
        size_t n = strlen(l->name);
        end -= n;
        memcpy(end, l->name, n);
        *--end = '/';
    }
    return 0;
}

int wx_root_path(struct wx_file *dir, char *buf, size_t len)
{
    return level_path(level_of(dir), buf, len);
}

/* -------- places -------- */

/* The name, below the present level. */
static int act_place(struct walk *w, void *data)
{
    struct wx_root_place *p = data;
    const struct wx_level *l = w->at;
    size_t len = strlen(w->name);
    if (w->kind != PLACE_NAME) {
        return EISDIR;
    }
    if (w->slash || !l->dir) {
        return w->slash ? ENOTDIR : ENOENT;
    }
    int e = level_path(l, p->path, sizeof p->path - 1 - len);
    if (e) {
        return ENAMETOOLONG;
    }
    size_t at = strlen(p->path);
    p->path[at] = '/';
    at += at > 1; /* behind the root, which is a slash */
    memcpy(p->path + at, w->name, len + 1);
    memcpy(p->name, w->name, len + 1);
    p->dir = wx_file_ref(l->dir);
    p->read_only = l->mount->read_only;
    return 0;
}

int wx_root_find(struct wx_file *dir, const char *path, bool follow, struct wx_root_place *ret)
{
    return act(dir, path, follow ? LAST_FOLLOW : LAST_NAME, false, act_place, ret);
}

bool wx_root_name_of_host(struct wx_file *dir, char *path, size_t size)
{
    bool below = false;
    return path[0] == '/' && wx_mounts_hide_host(level_of(dir)->root, path, size, &below) == 0 &&
           below;
}
