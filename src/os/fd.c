/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor system calls. */
#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/resource.h>
#include <unistd.h>

int wx_fd_openat2(int dir_fd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
    long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
    return fd < 0 ? -errno : (int)fd;
}

int wx_fd_close(int *fd)
{
    int old = *fd;
    *fd = -1;
    return old >= 0 && close(old) != 0 ? errno : 0;
}

int64_t wx_fd_getdents(int fd, void *buf, size_t len)
{
    long n = syscall(SYS_getdents64, fd, buf, len);
    return n < 0 ? -errno : n;
}

int wx_random_fill(void *buf, size_t len)
{
    uint8_t *p = buf;
    while (len > 0) {
        ssize_t n = getrandom(p, len < 65536 ? len : 65536, 0);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

uint64_t wx_fd_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY
               ? UINT64_MAX
               : limit.rlim_cur;
}
