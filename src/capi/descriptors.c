/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of the builder: listening sockets, and what the host hands over. */
#include "capi/descriptors.h"

#include <errno.h>
#include <fcntl.h>

#include "os/fd.h"
#include "os/sock.h"
#include "vfs/hostfile.h"
#include "vfs/hostsock.h"
#include "wasi/env.h"

void wx_descriptors_fini(struct wx_descriptor_list *list, struct wx_mem *mem)
{
    for (size_t i = 0; i < list->fds.n; i++) {
        (void)wx_fd_close(&list->fds.p[i].fd); /* a duplicate, or it only listens */
    }
    wx_vec_fini(mem, &list->fds);
}

/* Takes fd. */
static wax_status push(struct wx_descriptor_list *list, struct wx_mem *mem, int fd, bool nonblock,
                       wax_error **err)
{
    const struct wx_descriptor d = {fd, nonblock};
    if (!wx_vec_push(mem, &list->fds, d)) {
        (void)wx_fd_close(&fd);
        return wx_fail_nomem(err, "the builder");
    }
    return WAX_OK;
}

wax_status wx_descriptors_listen(struct wx_descriptor_list *list, struct wx_mem *mem,
                                 const char *address, bool nonblock, uint16_t *ret_port,
                                 wax_error **err)
{
    int fd;
    uint16_t port;
    int e = wx_sock_listen(address, &fd, &port);
    if (e == EINVAL) {
        (void)wx_fail(err, WAX_E_INVALID, "cannot listen on '%s': not a numeric address and port",
                      address);
        wx_error_set_hint(err, "as in 127.0.0.1:8080 or [::1]:8080; port 0 is any free one");
        return WAX_E_INVALID;
    }
    if (e) {
        return wx_fail_errno(err, e, "cannot listen on '%s'", address);
    }
    if (ret_port) {
        *ret_port = port;
    }
    return push(list, mem, fd, nonblock, err);
}

wax_status wx_descriptors_add(struct wx_descriptor_list *list, struct wx_mem *mem, int host_fd,
                              wax_error **err)
{
    int fd = host_fd < 0 ? -1 : fcntl(host_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        return wx_fail(err, WAX_E_INVALID, "descriptor %d is not open", host_fd);
    }
    if (wx_hostfile_type(fd) == WX_FT_DIR) {
        (void)wx_fd_close(&fd);
        (void)wx_fail(err, WAX_E_INVALID, "descriptor %d is a directory", host_fd);
        wx_error_set_hint(err, "directories are mounted: --dir, wax_builder_mount()");
        return WAX_E_INVALID;
    }
    return push(list, mem, fd, (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, err);
}

struct wx_file *wx_descriptor_file(struct wx_mem *mem, int host_fd)
{
    return wx_sock_type(host_fd) >= 0 ? wx_hostsock_new(mem, host_fd)
                                      : wx_hostfile_new(mem, host_fd, wx_hostfile_type(host_fd));
}

wax_status wx_descriptors_make(const struct wx_descriptor_list *list, struct wx_env *env,
                               wax_error **err)
{
    wax_status st = WAX_OK;
    for (size_t i = 0; i < list->fds.n && st == WAX_OK; i++) {
        int fd = fcntl(list->fds.p[i].fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0) {
            return wx_fail_errno(err, errno, "cannot duplicate a descriptor for the guest");
        }
        int mode = fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH);
        const struct wx_env_file file = {
            .file = wx_descriptor_file(env->file_mem, fd),
            .reads = mode == O_RDONLY || mode == O_RDWR,
            .writes = mode == O_WRONLY || mode == O_RDWR,
            .nonblock = list->fds.p[i].nonblock,
        };
        st = wx_env_add_file(env, &file, err);
    }
    return st;
}
