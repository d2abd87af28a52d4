/* SPDX-License-Identifier: Apache-2.0 */
/* Path resolution beneath a directory without openat2(2): old kernels and seccomp filters. */
#ifndef WX_VFS_WALK_H
#define WX_VFS_WALK_H

/**
 * What openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS does, one component at a time. New
 * files get mode 0666 less the umask; the descriptor is close-on-exec.
 *
 * @return descriptor, or -errno; -EXDEV when the path leads outside
 */
int wx_walk_beneath(int dir_fd, const char *path, int flags);

#endif
