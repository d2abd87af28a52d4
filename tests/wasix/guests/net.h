/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets for freestanding guests: addresses, and calls that say where they failed. */
#ifndef TESTS_WASIX_GUESTS_NET_H
#define TESTS_WASIX_GUESTS_NET_H

#include <waxwing/guest.h>

enum { INET4 = 1, INET6 = 2, UNIX = 3 };
enum { STREAM = 1, DGRAM = 2 };
enum { NONBLOCK = 4 };
enum {
    E_SUCCESS = 0,
    E_ADDRINUSE = 3,
    E_AFNOSUPPORT = 5,
    E_AGAIN = 6,
    E_BADF = 8,
    E_CONNREFUSED = 14,
    E_DESTADDRREQ = 17,
    E_INPROGRESS = 26,
    E_INVAL = 28,
    E_ISCONN = 30,
    E_MFILE = 33,
    E_MSGSIZE = 35,
    E_NOPROTOOPT = 50,
    E_NOTCONN = 53,
    E_NOTSOCK = 57,
    E_NOTSUP = 58,
    E_PERM = 63,
    E_PIPE = 64,
    E_TIMEDOUT = 73,
    E_NOTCAPABLE = 76
};

/* __wasi_addr_port_t */
struct addr {
    uint8_t tag, zero;
    uint16_t port;
    uint8_t ip[16];
    uint8_t more[90];
};

#define PTR(P) ((uint32_t)(uintptr_t)(P))

/* The line of the first thing that went wrong, and what it answered. */
#define CHECK(WANT, EXPR)                                                                          \
    do {                                                                                           \
        uint32_t got_ = (EXPR);                                                                    \
        if (got_ != (uint32_t)(WANT)) {                                                            \
            return __LINE__ * 1000u + (got_ < 999 ? got_ : 999);                                   \
        }                                                                                          \
    } while (0)

static inline struct addr v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    struct addr r = {.tag = INET4, .port = port, .ip = {a, b, c, d}};
    return r;
}

static inline struct addr loopback(uint16_t port) { return v4(127, 0, 0, 1, port); }

static inline struct addr loopback6(uint16_t port)
{
    struct addr r = {.tag = INET6, .port = port, .ip = {[15] = 1}};
    return r;
}

static inline uint32_t open_socket(uint32_t family, uint32_t type, uint32_t *ret)
{
    return wasix_sock_open(family, type, 0, PTR(ret));
}

static inline uint32_t bind_to(uint32_t s, struct addr a) { return wasix_sock_bind(s, PTR(&a)); }
static inline uint32_t connect_to(uint32_t s, struct addr a)
{
    return wasix_sock_connect(s, PTR(&a));
}

static inline uint32_t transfer(uint32_t s, const void *p, uint32_t len, uint32_t *ret_n)
{
    const uint32_t iov[2] = {PTR(p), len};
    return wasix_sock_send(s, PTR(iov), 1, 0, PTR(ret_n));
}

static inline uint32_t receive(uint32_t s, void *p, uint32_t len, uint32_t flags, uint32_t *ret_n)
{
    const uint32_t iov[2] = {PTR(p), len};
    uint16_t ro;
    return wasix_sock_recv(s, PTR(iov), 1, flags, PTR(ret_n), PTR(&ro));
}

static inline uint32_t send_to(uint32_t s, const void *p, uint32_t len, struct addr a)
{
    const uint32_t iov[2] = {PTR(p), len};
    uint32_t n;
    return wasix_sock_send_to(s, PTR(iov), 1, 0, PTR(&a), PTR(&n));
}

static inline uint32_t receive_from(uint32_t s, void *p, uint32_t len, uint32_t *ret_n,
                                    struct addr *ret_from)
{
    const uint32_t iov[2] = {PTR(p), len};
    uint16_t ro;
    return wasix_sock_recv_from(s, PTR(iov), 1, 0, PTR(ret_n), PTR(&ro), PTR(ret_from));
}

/* A listening socket at any port of the address. */
static inline uint32_t listen_at(struct addr a, uint32_t *ret_s, uint16_t *ret_port)
{
    uint32_t e = open_socket(a.tag, STREAM, ret_s);
    e = e ? e : bind_to(*ret_s, a);
    e = e ? e : wasix_sock_listen(*ret_s, 8);
    e = e ? e : wasix_sock_addr_local(*ret_s, PTR(&a));
    *ret_port = a.port;
    return e;
}

#endif
