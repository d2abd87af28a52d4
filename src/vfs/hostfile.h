/* SPDX-License-Identifier: Apache-2.0 */
/* Open files over host descriptors: the kernel's description is the only truth. */
#ifndef WX_VFS_HOSTFILE_H
#define WX_VFS_HOSTFILE_H

#include "vfs/file.h"

/**
 * A file over a host descriptor, which it takes (also on failure). A directory (O_PATH is enough)
 * can be walked from. @return NULL when out of memory
 */
struct wx_file *wx_hostfile_new(struct wx_mem *mem, int host_fd, uint8_t filetype);
/** Type of a host descriptor. */
uint8_t wx_hostfile_type(int host_fd);

#endif
