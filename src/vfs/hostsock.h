/* SPDX-License-Identifier: Apache-2.0 */
/* Open sockets of the host. Nothing here blocks or raises SIGPIPE. */
#ifndef WX_VFS_HOSTSOCK_H
#define WX_VFS_HOSTSOCK_H

#include "vfs/file.h"

/**
 * A file over a host socket, which it takes (also on failure). A listening one is made
 * non-blocking, for all who share it: accepting has no flag for that.
 * @return NULL when out of memory
 */
struct wx_file *wx_hostsock_new(struct wx_mem *mem, int host_fd);
bool wx_file_is_socket(const struct wx_file *f);

/* Of files that are sockets. Bytes or 0, or -errno; flags: MSG_PEEK. */
ssize_t wx_hostsock_recv(struct wx_file *f, struct iovec *iov, int n, int flags,
                         bool *ret_truncated);
ssize_t wx_hostsock_send(struct wx_file *f, struct iovec *iov, int n);
int wx_hostsock_accept(struct wx_file *f, struct wx_file **ret);
int wx_hostsock_shutdown(struct wx_file *f, int how);

#endif
