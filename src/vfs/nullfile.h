/* SPDX-License-Identifier: Apache-2.0 */
/* Files without a filesystem: /dev/null and its kind, and the stream that is none. */
#ifndef WX_VFS_NULLFILE_H
#define WX_VFS_NULLFILE_H

#include "vfs/file.h"

/** Empty, and swallows everything. @return NULL when out of memory */
struct wx_file *wx_nullfile_new(struct wx_mem *mem);

#endif
