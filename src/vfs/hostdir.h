/* SPDX-License-Identifier: Apache-2.0 */
/* Host directories as sandboxes: every path operation stays beneath a directory descriptor. */
#ifndef WX_VFS_HOSTDIR_H
#define WX_VFS_HOSTDIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "vfs/file.h"

/*
 * The kernel resolves paths (openat2, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS; vfs/walk.h where
 * there is no such call): no cache, no string rewriting, no check-then-use. Operations on names
 * open the parent that way and act on the last component without following it. All functions return
 * a host errno, or WX_EOUTSIDE when the path leads out of the directory (EXDEV stays what the
 * kernel means by it). Paths are relative; rules: trailing slash = a directory is required; what
 * lies on a kernel filesystem is refused with EPERM.
 */
/** Open the root of a mount; refuses kernel filesystems such as /proc. */
wax_status wx_hostdir_open_root(const char *path, int *ret_fd, wax_error **err);
/* `dev`: the device the directory itself is on, which is no kernel filesystem. */
int wx_hostdir_open(int dir_fd, dev_t dev, const char *path, const struct wx_open_how *how,
                    int *ret_fd, struct stat *ret_stat);
int wx_hostdir_stat(int dir_fd, dev_t dev, const char *path, bool follow, struct stat *ret_stat);
int wx_hostdir_mkdir(int dir_fd, const char *path);
int wx_hostdir_rmdir(int dir_fd, const char *path);
int wx_hostdir_unlink(int dir_fd, const char *path);
int wx_hostdir_rename(int old_fd, const char *old_path, int new_fd, const char *new_path);
int wx_hostdir_link(int old_fd, const char *old_path, int new_fd, const char *new_path);
int wx_hostdir_symlink(const char *target, int dir_fd, const char *path);
int wx_hostdir_readlink(int dir_fd, const char *path, char *buf, size_t len, size_t *ret_len);
int wx_hostdir_utimens(int dir_fd, const char *path, bool follow, const struct timespec times[2]);

#endif
