/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: system calls the C library does not wrap, always close-on-exec. */
#ifndef WX_OS_FD_H
#define WX_OS_FD_H

#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/** openat2(2). @return descriptor, or -errno */
int wx_fd_openat2(int dir_fd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
/** close(2) once; -1 is accepted. @return host errno of the close */
int wx_fd_close(int *fd);
/** getdents64(2) into buf. @return bytes, or -errno */
int64_t wx_fd_getdents(int fd, void *buf, size_t len);
/** How many descriptors the process may have; UINT64_MAX: no limit. */
uint64_t wx_fd_limit(void);
/** Fill with kernel entropy. @return host errno */
int wx_random_fill(void *buf, size_t len);

#endif
