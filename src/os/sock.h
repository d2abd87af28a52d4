/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: what is asked of the host when one is made or looked at. */
#ifndef WX_OS_SOCK_H
#define WX_OS_SOCK_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Listen on a numeric TCP address, "127.0.0.1:80" or "[::1]:80"; port 0 = any free one.
 * @return host errno; EINVAL: not such an address
 */
int wx_sock_listen(const char *address, int *ret_fd, uint16_t *ret_port);
/** Two AF_UNIX sockets connected to each other; type: SOCK_STREAM, SOCK_DGRAM. @return host errno
 */
int wx_sock_pair(int type, int ret_fds[2]);
/** SOCK_STREAM and so on; -1: no socket. */
int wx_sock_type(int fd);
bool wx_sock_is_listening(int fd);

#endif
