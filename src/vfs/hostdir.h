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
enum {
    WX_HOST_NO_LINKS = 1, /* following any symbolic link is ELOOP */
    WX_HOST_NO_XDEV = 2,  /* what is mounted below it on the host leads outside */
    WX_HOST_SPECIAL = 4   /* devices, FIFOs and sockets may be opened, without waiting */
};
/** A directory to resolve from: the root of a mount, or below one. */
struct wx_hostdir {
    int fd;
    dev_t dev;     /* the device it is on, which is no kernel filesystem */
    uint32_t opts; /* WX_HOST_*, those of its mount */
};

/** Open the root of a mount; refuses kernel filesystems such as /proc. */
wax_status wx_hostdir_open_root(const char *path, int *ret_fd, wax_error **err);
int wx_hostdir_open(const struct wx_hostdir *d, const char *path, const struct wx_open_how *how,
                    int *ret_fd, struct stat *ret_stat);
int wx_hostdir_stat(const struct wx_hostdir *d, const char *path, bool follow,
                    struct stat *ret_stat);
int wx_hostdir_mkdir(const struct wx_hostdir *d, const char *path);
int wx_hostdir_rmdir(const struct wx_hostdir *d, const char *path);
int wx_hostdir_unlink(const struct wx_hostdir *d, const char *path);
int wx_hostdir_rename(const struct wx_hostdir *from, const char *old_path,
                      const struct wx_hostdir *to, const char *new_path);
int wx_hostdir_link(const struct wx_hostdir *from, const char *old_path,
                    const struct wx_hostdir *to, const char *new_path);
/*
 * Sockets, by a name in the directory itself that is not followed. Bind one; or find one, as a
 * descriptor (O_PATH) by which wx_sock_by_fd() reaches it: ECONNREFUSED if it is something else.
 */
int wx_hostdir_bind_socket(const struct wx_hostdir *d, const char *name, int sock_fd);
int wx_hostdir_find_socket(const struct wx_hostdir *d, const char *name, int *ret_fd);
int wx_hostdir_symlink(const char *target, const struct wx_hostdir *d, const char *path);
int wx_hostdir_readlink(const struct wx_hostdir *d, const char *path, char *buf, size_t len,
                        size_t *ret_len);
int wx_hostdir_utimens(const struct wx_hostdir *d, const char *path, bool follow,
                       const struct timespec times[2]);

#endif
