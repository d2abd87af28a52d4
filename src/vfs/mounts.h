/* SPDX-License-Identifier: Apache-2.0 */
/* Where mounts are, and directories as they were walked into. */
#ifndef WX_VFS_MOUNTS_H
#define WX_VFS_MOUNTS_H

#include "vfs/root.h"

/** A place in the tree that is mounted, or has mounts below it. Never changes once walked. */
struct wx_point {
    struct wx_point *parent, *children, *next; /* children in the order they were mounted */
    char *name;
    uint64_t ino; /* for listings, if nothing is mounted here */
    /* The mount; dir NULL: none. */
    struct wx_file *dir;
    bool read_only;
    enum wx_links links;
    char *host; /* NULL: nothing to hide */
    uint32_t id;
};

struct wx_root {
    struct wx_mem *mem;
    uint32_t refs; /* atomic: levels and the maker */
    uint32_t id;
    struct wx_budget *budget; /* NULL: directories are not counted */
    uint32_t n_points;
    struct wx_point top;
};

/**
 * A directory, with those it was reached through: `..` is the one before, whatever was renamed
 * meanwhile, so that nothing leads out.
 */
struct wx_level {
    struct wx_root *root;    /* counted */
    struct wx_level *parent; /* counted; NULL: the root */
    uint32_t refs;           /* atomic */
    unsigned depth;
    bool counted;                 /* in the root's budget */
    struct wx_file *dir;          /* counted; NULL: only mounts are here */
    const struct wx_point *mount; /* that `dir` is of; NULL with it */
    const struct wx_point *point; /* here; NULL: no mounts are below */
    char name[];
};

/** The child with that name, or NULL. */
const struct wx_point *wx_point_find(const struct wx_point *p, const char *name);
/**
 * The guest's name for what the host calls `text`: a path below a mount, or `text` itself. NULL, or
 * whether it is below one.
 */
int wx_mounts_hide_host(const struct wx_root *root, char *text, size_t size, bool *ret_below);

struct wx_level *wx_level_ref(struct wx_level *l);
void wx_level_unref(struct wx_level *l); /* NULL accepted */
/**
 * A level below `parent`, of a directory that was opened for it (taken, on failure too).
 * @return host errno: ENFILE when the budget is spent, ENAMETOOLONG: too deep
 */
int wx_level_enter_dir(struct wx_level *l, const char *name, struct wx_file *dir,
                       const struct wx_point *point, struct wx_level **ret);
/** A level below `parent` (NULL: the root); takes `dir`. @return NULL when out of memory */
struct wx_level *wx_level_new(struct wx_root *root, struct wx_level *parent, const char *name,
                              struct wx_file *dir, const struct wx_point *mount,
                              const struct wx_point *point);
/** What is mounted at a child of the present point, or the place where mounts are below. */
int wx_level_enter_point(struct wx_level *l, const struct wx_point *p, struct wx_level **ret);

#endif
