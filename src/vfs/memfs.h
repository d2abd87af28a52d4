/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems in memory, and single files in it. */
#ifndef WX_VFS_MEMFS_H
#define WX_VFS_MEMFS_H

#include "vfs/file.h"

struct wx_memfs_limits {
    uint64_t max_bytes;  /* of all files; more is ENOSPC */
    uint64_t max_inodes; /* files, directories and links; more is ENOSPC */
};

/**
 * The root directory of a new, empty filesystem. It lives as long as something of it is open;
 * memory is charged to `mem`. @return NULL when out of memory
 */
struct wx_file *wx_memfs_new(struct wx_mem *mem, const struct wx_memfs_limits *limits);
/**
 * A file of its own with these bytes (copied), as a stream: at position 0, for reading or, growing
 * up to max_bytes, for appending.
 */
struct wx_file *wx_memfile_new(struct wx_mem *mem, const void *bytes, size_t len, bool writes,
                               uint64_t max_bytes);
/** Copy of what a memory file holds, to be freed from `mem`. @return NULL when out of memory */
char *wx_memfile_copy(struct wx_file *file, struct wx_mem *mem, size_t *ret_len);

#endif
