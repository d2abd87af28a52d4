/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems the embedder carries out. */
#ifndef WX_VFS_USERFS_H
#define WX_VFS_USERFS_H

#include <waxwing/vfs.h>

#include "vfs/file.h"

/** The root directory; the table is copied. @return NULL when out of memory */
struct wx_file *wx_userfs_new(struct wx_mem *mem, const wax_fs_ops *ops, void *data);

#endif
