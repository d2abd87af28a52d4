/* SPDX-License-Identifier: Apache-2.0 */
/* Open files over host descriptors: the kernel's description is the only truth. */
#ifndef WX_VFS_HOSTFILE_H
#define WX_VFS_HOSTFILE_H

#include "vfs/file.h"

/**
 * A file or stream over a host descriptor, which it takes (also on failure). The description is
 * shared with others: its flags stay as they are.
 * @return NULL when out of memory
 */
struct wx_file *wx_hostfile_new(struct wx_mem *mem, int host_fd, uint8_t filetype);
/** A directory (O_PATH is enough) to walk from; opts: WX_HOST_*, for all below it, too. */
struct wx_file *wx_hostfile_new_dir(struct wx_mem *mem, int host_fd, uint32_t opts);
/** Whether a regular file of the host was opened to append to it. */
bool wx_hostfile_appends(const struct wx_file *f);
/** Type of a host descriptor. */
uint8_t wx_hostfile_type(int host_fd);

#endif
