/* SPDX-License-Identifier: Apache-2.0 */
/* What a filesystem in memory is made of: for memfs.c, its tree, and memfile.c, its open files. */
#ifndef WX_VFS_MEMNODE_H
#define WX_VFS_MEMNODE_H

#include <time.h>

#include "os/lock.h"
#include "vfs/memfs.h"
#include "vfs/node.h"

struct wx_memfs {
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

struct wx_mementry; /* memfs.c */

/* Everything but `node` and `fs` under the filesystem's lock. */
struct wx_memnode {
    struct wx_node node;
    struct wx_memfs *fs;
    uint64_t ino;
    uint32_t nlink;
    struct timespec atim, mtim, ctim;
    /* Files, and the text of links (NUL-terminated). */
    uint8_t *data;
    size_t size, room;
    struct wx_vsock *socket; /* sockets: counted; never changes */
    /* Directories. */
    struct wx_memnode *parent; /* NULL: root, or removed */
    bool is_root, mirror;
    struct wx_mementry **buckets;
    size_t n_buckets, n_entries; /* buckets: a power of two */
    struct wx_mementry *first, *last;
    uint64_t next_cookie;
    struct wx_memnode *to_free; /* while freeing */
};

static inline struct wx_memnode *wx_memnode_of(struct wx_node *n)
{
    return (struct wx_memnode *)(void *)n;
}

static inline struct timespec wx_memfs_now(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_REALTIME, &ts); /* always there */
    return ts;
}

static inline void wx_memnode_touch(struct wx_memnode *m) { m->mtim = m->ctim = wx_memfs_now(); }

static inline bool wx_memfs_has_room(const struct wx_memfs *fs, uint64_t more)
    WAX_REQUIRES(&fs->lock)
{
    return more <= fs->limits.max_bytes && fs->used_bytes <= fs->limits.max_bytes - more;
}

/** A root node of a filesystem of its own. @return NULL when out of memory */
struct wx_memnode *wx_memfs_make(struct wx_mem *mem, const struct wx_memfs_limits *limits,
                                 mode_t type);
/** As wx_node_ops have them. */
int wx_memnode_stat(struct wx_node *node, struct stat *ret);
int wx_memnode_utimens(struct wx_node *node, const struct timespec times[2]);
int wx_memnode_open(struct wx_node *node, int flags, struct wx_file **ret); /* memfile.c */

#endif
