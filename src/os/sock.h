/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: what is asked of the host when one is made or looked at. */
#ifndef WX_OS_SOCK_H
#define WX_OS_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/**
 * Listen on a numeric TCP address, "127.0.0.1:80" or "[::1]:80"; port 0 = any free one.
 * @return host errno; EINVAL: not such an address
 */
int wx_sock_listen(const char *address, int *ret_fd, uint16_t *ret_port);
/** Two AF_UNIX sockets connected to each other; type: SOCK_STREAM, SOCK_DGRAM. @return host errno
 */
int wx_sock_pair(int type, int ret_fds[2]);
/**
 * Make an AF_UNIX socket, which is connected to nobody, one of a pair with a new one. Nobody else
 * comes between: who is connected is told by an address that only that socket has. @return host
 * errno
 */
int wx_sock_join(int fd, int type, int *ret_other);
/** A socket that never blocks, close-on-exec. @return host errno */
int wx_sock_open(int family, int type, int protocol, int *ret_fd);
/*
 * AF_UNIX names that lead to what is open: a name in a directory, or a socket's node (O_PATH). They
 * are short, and no link on the way to them can be changed.
 */
/** @return host errno; ENAMETOOLONG: an address has no room for it */
int wx_sock_name_below(int dir_fd, const char *name, struct sockaddr_un *ret);
void wx_sock_name_of(int fd, struct sockaddr_un *ret);
/** The error that is waiting, which is gone then; 0: none. */
int wx_sock_take_error(int fd);
/** SOCK_STREAM and so on; -1: no socket. */
int wx_sock_type(int fd);
/** AF_INET and so on, IPPROTO_TCP and so on; -1: no socket. */
int wx_sock_family(int fd);
int wx_sock_protocol(int fd);
bool wx_sock_is_listening(int fd);

#endif
