/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mounts, and levels. */
#include "vfs/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/atomic.h"
#include "base/budget.h"

#define MAX_NAME 255
#define MAX_DEPTH 256 /* a level keeps those above it open */
#define FIRST_INO 1u

/* -------- points -------- */

static bool is_name(const char *name, size_t len, const char *s)
{
    return strlen(s) == len && memcmp(name, s, len) == 0;
}

static struct wx_point *find(struct wx_point *p, const char *name, size_t len)
{
    struct wx_point *c = p->children;
    while (c && !is_name(name, len, c->name)) {
        c = c->next;
    }
    return c;
}

const struct wx_point *wx_point_find(const struct wx_point *p, const char *name)
{
    const struct wx_point *c = p ? p->children : NULL;
    while (c && strcmp(c->name, name) != 0) {
        c = c->next;
    }
    return c;
}

static struct wx_point *add(struct wx_root *root, struct wx_point *p, const char *name, size_t len)
{
    struct wx_point *c = wx_zalloc(root->mem, sizeof *c);
    char *copy = c ? wx_strndup(root->mem, name, len) : NULL;
    if (!copy) {
        wx_free(root->mem, c);
        return NULL;
    }
    c->name = copy;
    c->parent = p;
    c->ino = FIRST_INO + ++root->n_points;
    struct wx_point **last = &p->children;
    while (*last) {
        last = &(*last)->next;
    }
    *last = c;
    return c;
}

/* The point of a path, made if need be. */
static int make_point(struct wx_root *root, const char *path, struct wx_point **ret)
{
    struct wx_point *p = &root->top;
    for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
        size_t len = strcspn(path, "/");
        if (is_name(path, len, "..")) {
            return EINVAL;
        }
        if (len > MAX_NAME) {
            return ENAMETOOLONG;
        }
        if (!is_name(path, len, ".")) {
            struct wx_point *next = find(p, path, len);
            p = next ? next : add(root, p, path, len);
            if (!p) {
                return ENOMEM;
            }
        }
        path += len;
    }
    *ret = p;
    return 0;
}

int wx_root_mount(struct wx_root *root, const char *guest, struct wx_file *dir,
                  const struct wx_mount_how *how)
{
    struct wx_point *p;
    int e = make_point(root, guest, &p);
    e = !e && p->dir ? EEXIST : e;
    char *host = !e && how->host ? wx_strndup(root->mem, how->host, strlen(how->host)) : NULL;
    if (e || (how->host && !host)) {
        wx_file_unref(dir);
        return e ? e : ENOMEM;
    }
    p->dir = dir;
    p->read_only = how->read_only;
    p->links = how->links;
    p->host = host;
    p->id = ++root->n_points;
    return 0;
}

/* In the order of the tree. */
static const struct wx_point *next_point(const struct wx_point *p)
{
    if (p->children) {
        return p->children;
    }
    while (p && !p->next) {
        p = p->parent;
    }
    return p ? p->next : NULL;
}

/* Length of the point's path; written to the end of `end` backwards if that is not NULL. */
static size_t point_path(const struct wx_point *p, char *end)
{
    size_t sum = 0;
    for (; p->parent; p = p->parent) {
        size_t len = strlen(p->name);
        sum += len + 1;
        if (end) {
            end -= len;
            memcpy(end, p->name, len);
            *--end = '/';
        }
    }
    return sum;
}

int wx_mounts_hide_host(const struct wx_root *root, char *text, size_t size, bool *ret_below)
{
    const struct wx_point *best = NULL;
    size_t best_len = 0;
    for (const struct wx_point *p = &root->top; p; p = next_point(p)) {
        size_t len = p->host ? strlen(p->host) : 0;
        if (len > best_len && strncmp(text, p->host, len) == 0 &&
            (text[len] == '/' || text[len] == '\0')) {
            best = p;
            best_len = len;
        }
    }
    if (ret_below) {
        *ret_below = best != NULL;
    }
    if (!best) {
        return 0;
    }
    size_t rest = strlen(text + best_len), len = point_path(best, NULL);
    if (len + rest + 2 > size) {
        return ENAMETOOLONG;
    }
    memmove(text + len, text + best_len, rest + 1);
    (void)point_path(best, text + len);
    if (len + rest == 0) {
        memcpy(text, "/", 2);
    }
    return 0;
}

/* -------- roots -------- */

struct wx_root *wx_root_new(struct wx_mem *mem, uint32_t id, struct wx_budget *budget)
{
    struct wx_root *root = wx_zalloc(mem, sizeof *root);
    if (root) {
        root->mem = mem;
        root->refs = 1;
        root->id = id;
        root->budget = budget;
        root->top.ino = FIRST_INO;
    }
    return root;
}

static void drop_point(struct wx_root *root, struct wx_point *p)
{
    wx_file_unref(p->dir);
    wx_free(root->mem, p->host);
    wx_free(root->mem, p->name);
    if (p->parent) {
        wx_free(root->mem, p);
    }
}

void wx_root_unref(struct wx_root *root)
{
    if (!root || wx_sub_acqrel(&root->refs, 1) != 1) {
        return;
    }
    struct wx_point *p = &root->top;
    while (p) { /* the deepest first, without recursion */
        if (p->children) {
            struct wx_point *child = p->children;
            p->children = child->next;
            child->next = NULL;
            p = child;
            continue;
        }
        struct wx_point *parent = p->parent;
        drop_point(root, p);
        p = parent;
    }
    wx_free(root->mem, root);
}

/* -------- levels -------- */

struct wx_level *wx_level_ref(struct wx_level *l)
{
    wx_add_relaxed(&l->refs, 1); /* the caller holds one already */
    return l;
}

void wx_level_unref(struct wx_level *l)
{
    while (l && wx_sub_acqrel(&l->refs, 1) == 1) {
        struct wx_level *parent = l->parent;
        struct wx_root *root = l->root;
        wx_file_unref(l->dir);
        if (l->counted) {
            wx_budget_give(root->budget);
        }
        wx_free(root->mem, l);
        wx_root_unref(root);
        l = parent;
    }
}

struct wx_level *wx_level_new(struct wx_root *root, struct wx_level *parent, const char *name,
                              struct wx_file *dir, const struct wx_point *mount,
                              const struct wx_point *point)
{
    size_t len = strlen(name);
    struct wx_level *l = wx_zalloc(root->mem, sizeof *l + len + 1);
    if (!l) {
        wx_file_unref(dir);
        return NULL;
    }
    memcpy(l->name, name, len + 1);
    l->refs = 1;
    l->root = root;
    wx_add_relaxed(&root->refs, 1); /* the caller holds one */
    l->parent = parent ? wx_level_ref(parent) : NULL;
    l->depth = parent ? parent->depth + 1 : 0;
    l->dir = dir;
    l->mount = dir ? mount : NULL;
    l->point = point;
    return l;
}

int wx_level_enter_dir(struct wx_level *l, const char *name, struct wx_file *dir,
                       const struct wx_point *point, struct wx_level **ret)
{
    struct wx_budget *budget = l->root->budget;
    bool deep = l->depth >= MAX_DEPTH;
    if (deep || (budget && !wx_budget_take(budget))) {
        wx_file_unref(dir);
        return deep ? ENAMETOOLONG : ENFILE;
    }
    *ret = wx_level_new(l->root, l, name, dir, l->mount, point);
    if (*ret) {
        (*ret)->counted = budget != NULL;
    } else if (budget) {
        wx_budget_give(budget);
    }
    return *ret ? 0 : ENOMEM;
}

int wx_level_enter_point(struct wx_level *l, const struct wx_point *p, struct wx_level **ret)
{
    struct wx_file *dir = p->dir ? wx_file_ref(p->dir) : NULL;
    if (l->depth >= MAX_DEPTH) {
        wx_file_unref(dir);
        return ENAMETOOLONG;
    }
    if (!dir && l->dir) { /* mounts are below it: if there is such a directory, it shows */
        const struct wx_open_how how = {.flags = O_RDONLY | O_DIRECTORY, .follow = false};
        if (l->dir->dir->open(l->dir, p->name, &how, &dir) == 0) {
            return wx_level_enter_dir(l, p->name, dir, p, ret);
        }
        dir = NULL;
    }
    *ret = wx_level_new(l->root, l, p->name, dir, p, p);
    return *ret ? 0 : ENOMEM;
}
