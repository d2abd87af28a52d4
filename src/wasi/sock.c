/* SPDX-License-Identifier: Apache-2.0 */
/* sock_* calls on the sockets a guest was given. */
#include <errno.h>
#include <sys/socket.h>

#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"

enum { SD_RD = 1, SD_WR = 2 };

wx_wasi_ret wx_wasi_sock_shutdown(struct wx_wasi_call *c, const uint64_t *a)
{
    static const int how[4] = {-1, SHUT_RD, SHUT_WR, SHUT_RDWR};
    struct wx_fd fd;
    wx_werrno e = wx_fdtable_get(c->env->fds, (uint32_t)a[0], &fd);
    if (e) {
        return e;
    }
    bool is_socket = fd.file->filetype == WX_FT_STREAM || fd.file->filetype == WX_FT_DGRAM;
    e = !is_socket                                         ? WX_WERRNO_NOTSOCK
        : !(fd.rights & WX_R(WX_RN_SOCK_SHUTDOWN))         ? WX_WERRNO_NOTCAPABLE
        : a[1] == 0 || (a[1] & ~(uint64_t)(SD_RD | SD_WR)) ? WX_WERRNO_INVAL
                                                           : 0;
    if (!e && shutdown(fd.file->host_fd, how[a[1]]) != 0) {
        e = wx_werrno_from_host(errno);
    }
    wx_file_unref(fd.file);
    return e;
}
