/* SPDX-License-Identifier: Apache-2.0 */
/* Rights, flags and sets of them (preview1 witx). */
#ifndef WX_WASI_RIGHTS_H
#define WX_WASI_RIGHTS_H

#include <stdint.h>

#define WX_R(N) (UINT64_C(1) << (N))
enum {
    WX_RN_FD_DATASYNC,
    WX_RN_FD_READ,
    WX_RN_FD_SEEK,
    WX_RN_FD_FDSTAT_SET_FLAGS,
    WX_RN_FD_SYNC,
    WX_RN_FD_TELL,
    WX_RN_FD_WRITE,
    WX_RN_FD_ADVISE,
    WX_RN_FD_ALLOCATE,
    WX_RN_PATH_CREATE_DIRECTORY,
    WX_RN_PATH_CREATE_FILE,
    WX_RN_PATH_LINK_SOURCE,
    WX_RN_PATH_LINK_TARGET,
    WX_RN_PATH_OPEN,
    WX_RN_FD_READDIR,
    WX_RN_PATH_READLINK,
    WX_RN_PATH_RENAME_SOURCE,
    WX_RN_PATH_RENAME_TARGET,
    WX_RN_PATH_FILESTAT_GET,
    WX_RN_PATH_FILESTAT_SET_SIZE,
    WX_RN_PATH_FILESTAT_SET_TIMES,
    WX_RN_FD_FILESTAT_GET,
    WX_RN_FD_FILESTAT_SET_SIZE,
    WX_RN_FD_FILESTAT_SET_TIMES,
    WX_RN_PATH_SYMLINK,
    WX_RN_PATH_REMOVE_DIRECTORY,
    WX_RN_PATH_UNLINK_FILE,
    WX_RN_POLL_FD_READWRITE,
    WX_RN_SOCK_SHUTDOWN,
    WX_RN_SOCK_ACCEPT,
    WX_RN_SOCK_CONNECT, /* WASIX from here on */
    WX_RN_SOCK_LISTEN,
    WX_RN_SOCK_BIND,
    WX_RN_SOCK_RECV,
    WX_RN_SOCK_SEND,
    WX_RN_SOCK_ADDR_LOCAL,
    WX_RN_SOCK_ADDR_REMOTE,
    WX_RN_SOCK_RECV_FROM,
    WX_RN_SOCK_SEND_TO
};
#define WX_RIGHTS_ALL ((UINT64_C(1) << 30) - 1)
/* Bits that have a meaning anywhere: preview1's and the socket rights of WASIX. */
#define WX_RIGHTS_KNOWN ((UINT64_C(1) << 39) - 1)
/* What changes something: never there below a read-only mount. */
#define WX_RIGHTS_WRITE                                                                            \
    (WX_R(WX_RN_FD_WRITE) | WX_R(WX_RN_FD_ALLOCATE) | WX_R(WX_RN_PATH_CREATE_DIRECTORY) |          \
     WX_R(WX_RN_PATH_CREATE_FILE) | WX_R(WX_RN_PATH_LINK_SOURCE) | WX_R(WX_RN_PATH_LINK_TARGET) |  \
     WX_R(WX_RN_PATH_RENAME_SOURCE) | WX_R(WX_RN_PATH_RENAME_TARGET) |                             \
     WX_R(WX_RN_PATH_FILESTAT_SET_SIZE) | WX_R(WX_RN_PATH_FILESTAT_SET_TIMES) |                    \
     WX_R(WX_RN_FD_FILESTAT_SET_SIZE) | WX_R(WX_RN_FD_FILESTAT_SET_TIMES) |                        \
     WX_R(WX_RN_PATH_SYMLINK) | WX_R(WX_RN_PATH_REMOVE_DIRECTORY) | WX_R(WX_RN_PATH_UNLINK_FILE))
/* What applies to a directory descriptor itself. */
#define WX_RIGHTS_DIR                                                                              \
    (WX_RIGHTS_ALL &                                                                               \
     ~(WX_R(WX_RN_FD_READ) | WX_R(WX_RN_FD_WRITE) | WX_R(WX_RN_FD_SEEK) | WX_R(WX_RN_FD_TELL) |    \
       WX_R(WX_RN_FD_ALLOCATE) | WX_R(WX_RN_FD_FILESTAT_SET_SIZE) | WX_R(WX_RN_SOCK_SHUTDOWN) |    \
       WX_R(WX_RN_SOCK_ACCEPT)))
/* What applies to a connection, and to a socket a WASIX guest makes. */
#define WX_RIGHTS_CONNECTION                                                                       \
    (WX_R(WX_RN_FD_FDSTAT_SET_FLAGS) | WX_R(WX_RN_FD_FILESTAT_GET) |                               \
     WX_R(WX_RN_POLL_FD_READWRITE) | WX_R(WX_RN_FD_READ) | WX_R(WX_RN_FD_WRITE) |                  \
     WX_R(WX_RN_SOCK_SHUTDOWN))
#define WX_RIGHTS_WASIX_CONNECTION                                                                 \
    (WX_RIGHTS_CONNECTION | WX_R(WX_RN_SOCK_RECV) | WX_R(WX_RN_SOCK_SEND) |                        \
     WX_R(WX_RN_SOCK_ADDR_LOCAL) | WX_R(WX_RN_SOCK_ADDR_REMOTE) | WX_R(WX_RN_SOCK_RECV_FROM))
#define WX_RIGHTS_SOCKET                                                                           \
    (WX_RIGHTS_WASIX_CONNECTION | WX_R(WX_RN_SOCK_ACCEPT) | WX_R(WX_RN_SOCK_CONNECT) |             \
     WX_R(WX_RN_SOCK_LISTEN) | WX_R(WX_RN_SOCK_BIND) | WX_R(WX_RN_SOCK_SEND_TO))

enum {
    WX_FDFLAG_APPEND = 1,
    WX_FDFLAG_DSYNC = 2,
    WX_FDFLAG_NONBLOCK = 4,
    WX_FDFLAG_RSYNC = 8,
    WX_FDFLAG_SYNC = 16
};
enum { WX_FDFLAGEXT_CLOEXEC = 1 };
enum { WX_OFLAG_CREAT = 1, WX_OFLAG_DIRECTORY = 2, WX_OFLAG_EXCL = 4, WX_OFLAG_TRUNC = 8 };

#endif
