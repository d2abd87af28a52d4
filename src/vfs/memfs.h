/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems in memory, and single files in it. */
#ifndef WX_VFS_MEMFS_H
#define WX_VFS_MEMFS_H

#include "vfs/file.h"

struct wx_memfs_limits {
    uint64_t max_bytes;  /* of all files, and of links' texts; more is ENOSPC */
    uint64_t max_inodes; /* files, directories and links, and names of them; more is ENOSPC */
};

/**
 * The root directory of a new, empty filesystem. It lives as long as something of it is open;
 * memory is charged to `mem`. @return NULL when out of memory
 */
struct wx_file *wx_memfs_new(struct wx_mem *mem, const struct wx_memfs_limits *limits);
struct wx_node;
/** The same as a node, for filesystems that are made of one. */
struct wx_node *wx_memfs_root(struct wx_mem *mem, const struct wx_memfs_limits *limits);
/* A mark on a directory that means something to cow.c. Listings show its type as unknown. */
void wx_memfs_set_mirror(struct wx_node *dir, bool mirror);
bool wx_memfs_is_mirror(struct wx_node *node);
/** Is the directory this one, or anywhere below it? */
bool wx_memfs_is_below(struct wx_node *dir, struct wx_node *top);
/** Take every entry out of a directory. */
void wx_memfs_clear(struct wx_node *dir);
/**
 * A file of its own with these bytes (copied), as a stream: at position 0, for reading or, growing
 * up to max_bytes, for appending.
 */
struct wx_file *wx_memfile_new(struct wx_mem *mem, const void *bytes, size_t len, bool writes,
                               uint64_t max_bytes);
/** Copy of what a memory file holds, to be freed from `mem`. @return NULL when out of memory */
char *wx_memfile_copy(struct wx_file *file, struct wx_mem *mem, size_t *ret_len);

#endif
