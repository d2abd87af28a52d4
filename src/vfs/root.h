/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts as one tree, as a guest with a root directory sees them. */
#ifndef WX_VFS_ROOT_H
#define WX_VFS_ROOT_H

#include "vfs/file.h"

/* What following a symbolic link may lead to. */
enum wx_links {
    WX_LINKS_BENEATH, /* what lies below its mount */
    WX_LINKS_IN_ROOT, /* absolute ones count from the root, which `..` does not leave */
    WX_LINKS_NONE     /* nothing: ELOOP */
};

struct wx_mount_how {
    bool read_only;
    enum wx_links links;
    const char *host; /* what of the host it shows, absolute; NULL: nothing, or nobody asks */
};

struct wx_root;
struct wx_budget; /* base/budget.h */

/**
 * An empty tree; `id` becomes the mount of its directories. Each directory that is kept open
 * because another one was reached through it counts in `budget` (NULL: unlimited). @return NULL
 * when out of memory
 */
struct wx_root *wx_root_new(struct wx_mem *mem, uint32_t id, struct wx_budget *budget);
void wx_root_unref(struct wx_root *root); /* NULL accepted */
/**
 * Put a directory (taken, on failure too) at a path of the guest; a relative one counts from the
 * root. What lies there below other mounts is hidden by it. Before anything is opened.
 * @return host errno: EEXIST if something is mounted there, EINVAL if the path has ".."
 */
int wx_root_mount(struct wx_root *root, const char *guest, struct wx_file *dir,
                  const struct wx_mount_how *how);
/**
 * The root directory, open. Paths may be absolute, and cross mounts. What it opens knows the mount
 * it is of. @return NULL when out of memory
 */
struct wx_file *wx_root_open(struct wx_root *root);
/** Where a path leads: a name in a directory of a mount, every link on the way resolved. */
struct wx_root_place {
    struct wx_file *dir; /* counted */
    bool read_only;
    char name[256];
    char path[4096]; /* the guest's, absolute */
};

/**
 * Find the place of a path below a directory that crosses mounts. What has the name is not looked
 * at, but that a link there is gone along with `follow`. @return host errno: EISDIR, a directory
 * itself is meant; ENOTDIR, a slash follows the name
 */
int wx_root_find(struct wx_file *dir, const char *path, bool follow, struct wx_root_place *ret);
/** The guest's name for a path of the host below one of its mounts. @return false: it has none */
bool wx_root_name_of_host(struct wx_file *dir, char *path, size_t size);

/** The path of a directory opened below a root. @return host errno; ERANGE: `len` is too small */
int wx_root_path(struct wx_file *dir, char *buf, size_t len);

#endif
