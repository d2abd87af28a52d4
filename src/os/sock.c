/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of the host. */
#include "os/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "os/fd.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Decimal, at most 65535. */
static bool parse_port(const char *s, uint16_t *ret)
{
    unsigned port = 0;
    if (!s[0] || strlen(s) > 5 || strspn(s, "0123456789") != strlen(s)) {
        return false;
    }
    for (; *s; s++) {
        port = port * 10 + (unsigned)(*s - '0');
    }
    *ret = (uint16_t)port;
    return port <= UINT16_MAX;
}

static bool parse(const char *text, union address *ret, socklen_t *ret_len)
{
    char host[INET6_ADDRSTRLEN];
    uint16_t port;
    const char *colon = strrchr(text, ':');
    if (!colon || !parse_port(colon + 1, &port)) {
        return false;
    }
    bool v6 = text[0] == '[' && colon[-1] == ']';
    const char *from = v6 ? text + 1 : text;
    size_t len = (size_t)(colon - from) - v6;
    if (len >= sizeof host) {
        return false;
    }
    memcpy(host, from, len);
    host[len] = '\0';
    memset(ret, 0, sizeof *ret);
    if (v6) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(port);
        *ret_len = sizeof ret->v6;
        return inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1;
    }
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = htons(port);
    *ret_len = sizeof ret->v4;
    return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1;
}

int wx_sock_listen(const char *address, int *ret_fd, uint16_t *ret_port)
{
    union address a;
    socklen_t len;
    int one = 1;
    if (!parse(address, &a, &len)) {
        return EINVAL;
    }
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one); /* else as without */
    if (bind(fd, &a.any, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, &a.any, &len) != 0) {
        int e = errno;
        (void)wx_fd_close(&fd); /* nothing to lose */
        return e;
    }
    *ret_fd = fd;
    *ret_port = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
    return 0;
}

int wx_sock_open(int family, int type, int protocol, int *ret_fd)
{
    *ret_fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    return *ret_fd < 0 ? errno : 0;
}

int wx_sock_name_below(int dir_fd, const char *name, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    return n < 0 || (size_t)n >= sizeof ret->sun_path ? ENAMETOOLONG : 0;
}

void wx_sock_name_of(int fd, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d", fd); /* has room */
}

int wx_sock_take_error(int fd)
{
    int e = 0;
    socklen_t len = sizeof e;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) == 0 ? e : errno;
}

static int option(int fd, int name)
{
    int v = -1;
    socklen_t len = sizeof v;
    return fd >= 0 && getsockopt(fd, SOL_SOCKET, name, &v, &len) == 0 ? v : -1;
}

int wx_sock_pair(int type, int ret_fds[2])
{
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret_fds) != 0 ? errno : 0;
}

/* At any free address of the abstract namespace. */
static int bind_anywhere(int fd, struct sockaddr_un *ret, socklen_t *ret_len)
{
    const struct sockaddr any = {.sa_family = AF_UNIX};
    *ret_len = sizeof *ret;
    if (bind(fd, &any, sizeof any.sa_family) != 0 && errno != EINVAL) { /* a name serves as well */
        return errno;
    }
    memset(ret, 0, sizeof *ret);
    return getsockname(fd, (struct sockaddr *)ret, ret_len) != 0 ? errno : 0;
}

static bool is_from(int fd, const struct sockaddr_un *name, socklen_t len)
{
    struct sockaddr_un peer;
    socklen_t peer_len = sizeof peer;
    memset(&peer, 0, sizeof peer);
    return getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 && peer_len == len &&
           memcmp(&peer, name, sizeof peer) == 0;
}

/* Through a listener that is there for this only. */
static int join_stream(int fd, const struct sockaddr_un *name, socklen_t len, int *ret_other)
{
    struct sockaddr_un at;
    socklen_t at_len;
    int other = -1, listener, e = wx_sock_open(AF_UNIX, SOCK_STREAM, 0, &listener);
    e = e ? e : bind_anywhere(listener, &at, &at_len);
    if (!e && (listen(listener, SOMAXCONN) != 0 ||
               connect(fd, (const struct sockaddr *)&at, at_len) != 0)) {
        e = errno;
    }
    while (!e && other < 0) {
        other = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (other < 0) {
            e = errno;
        } else if (!is_from(other, name, len)) { /* somebody who found the address */
            (void)wx_fd_close(&other);
            other = -1;
        }
    }
    (void)wx_fd_close(&listener); /* nobody else is waiting */
    *ret_other = other;
    return e;
}

/* Once it is connected only the other one can send to it; what came before is thrown away. */
static int join_datagram(int fd, const struct sockaddr_un *name, socklen_t len, int *ret_other)
{
    struct sockaddr_un at;
    socklen_t at_len;
    char byte;
    int other, e = wx_sock_open(AF_UNIX, SOCK_DGRAM, 0, &other);
    e = e ? e : bind_anywhere(other, &at, &at_len);
    if (!e && (connect(fd, (const struct sockaddr *)&at, at_len) != 0 ||
               connect(other, (const struct sockaddr *)name, len) != 0)) {
        e = errno;
    }
    if (e) {
        (void)wx_fd_close(&other); /* nothing in it */
        return e;
    }
    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0) {
    }
    *ret_other = other;
    return 0;
}

int wx_sock_join(int fd, int type, int *ret_other)
{
    struct sockaddr_un name;
    socklen_t len;
    int e = bind_anywhere(fd, &name, &len);
    return e                     ? e
           : type == SOCK_STREAM ? join_stream(fd, &name, len, ret_other)
                                 : join_datagram(fd, &name, len, ret_other);
}

int wx_sock_family(int fd) { return option(fd, SO_DOMAIN); }
int wx_sock_protocol(int fd) { return option(fd, SO_PROTOCOL); }
int wx_sock_type(int fd) { return option(fd, SO_TYPE); }
bool wx_sock_is_listening(int fd) { return option(fd, SO_ACCEPTCONN) == 1; }
