/* SPDX-License-Identifier: Apache-2.0 */
/* Copy on write: a directory that is never changed, below what was written since. */
#ifndef WX_VFS_COW_H
#define WX_VFS_COW_H

#include "vfs/memfs.h"

/**
 * The root of a filesystem that shows `lower` (a directory, taken) and keeps every change in
 * memory, within the limits. Renaming a directory that is there below is EXDEV, as in the kernel's
 * overlays: programs copy then. @return NULL when out of memory
 */
struct wx_file *wx_cow_new(struct wx_mem *mem, struct wx_file *lower,
                           const struct wx_memfs_limits *limits);

#endif
