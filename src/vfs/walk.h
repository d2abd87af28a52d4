/* SPDX-License-Identifier: Apache-2.0 */
/* Path resolution beneath a directory without openat2(2): old kernels and seccomp filters. */
#ifndef WX_VFS_WALK_H
#define WX_VFS_WALK_H

#include "vfs/hostdir.h"

/**
 * What openat2 with RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS and what the directory's options add
 * does, one component at a time. New files get mode 0666 less the umask; the descriptor is
 * close-on-exec.
 *
 * @return descriptor, or -errno; -EXDEV when the path leads outside
 */
int wx_walk_beneath(const struct wx_hostdir *d, const char *path, int flags);

#endif
