/* SPDX-License-Identifier: Apache-2.0 */
/* Servers and many clients over every kind of socket that stays here; an export answers 0, or the
 * line of what was wrong. */
#include "net.h"

/* Where they are: paths, or the loopback addresses. */
enum { ON_HOST, IN_MEMORY, ON_V4, ON_V6 };
enum { MAX_CLIENTS = 64, STACK = 8192, BYTES = 16384, CHUNK = 1024, ROUNDS = 20 };

static struct client {
    wax_thread thread;
    uint32_t kind, number, result;
    struct addr server;
    _Alignas(16) char stack[STACK];
} clients[MAX_CLIENTS];

static uint32_t is_path(uint32_t kind) { return kind <= IN_MEMORY; }

static uint32_t family_of(uint32_t kind)
{
    return is_path(kind) ? UNIX : kind == ON_V4 ? INET4 : INET6;
}

static struct addr unix_at(const char *path)
{
    struct addr a = {.tag = UNIX};
    char *p = (char *)&a + 2;
    while (*path) {
        *p++ = *path++;
    }
    return a;
}

/* The number is in the name; where addresses have ports any free one will do. */
static struct addr own_address(uint32_t kind, uint32_t number)
{
    char path[] = "/host/s00.sock", memory[] = "/tmp/s00.sock";
    if (!is_path(kind)) {
        return kind == ON_V4 ? loopback(0) : loopback6(0);
    }
    char *at = kind == ON_HOST ? path + 7 : memory + 6;
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
    return unix_at(kind == ON_HOST ? path : memory);
}

static const char *path_of(const struct addr *a) { return (const char *)a + 2; }

static uint32_t length_of(const char *s)
{
    uint32_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

static uint32_t remove_path(const char *path)
{
    return wasix_path_unlink_file(3, PTR(path), length_of(path));
}

static uint32_t bind_own(uint32_t kind, uint32_t number, uint32_t type, uint32_t *ret_s,
                         struct addr *ret_at)
{
    *ret_at = own_address(kind, number);
    CHECK(E_SUCCESS, open_socket(family_of(kind), type, ret_s));
    CHECK(E_SUCCESS, bind_to(*ret_s, *ret_at));
    CHECK(E_SUCCESS, wasix_sock_addr_local(*ret_s, PTR(ret_at)));
    CHECK(family_of(kind), ret_at->tag);
    return 0;
}

static uint32_t close_own(uint32_t kind, uint32_t s, const struct addr *at)
{
    CHECK(E_SUCCESS, wasix_fd_close(s));
    return is_path(kind) ? remove_path(path_of(at)) : 0;
}

static uint32_t start(uint32_t n, uint32_t kind, const struct addr *server, void (*fn)(void *))
{
    for (uint32_t i = 0; i < n; i++) {
        struct client *k = &clients[i];
        k->kind = kind;
        k->number = i + 1;
        k->server = *server;
        k->result = 1;
        CHECK(E_SUCCESS, wax_thread_start(&k->thread, fn, k, k->stack, STACK));
    }
    return 0;
}

static uint32_t join(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        wax_thread_join(&clients[i].thread);
        CHECK(0, clients[i].result / 1000); /* its line */
        CHECK(0, clients[i].result);
    }
    return 0;
}

static uint8_t byte_of(uint32_t number, uint32_t at)
{
    return (uint8_t)(number * 31 + at * 7 + at / 256);
}

/* -------- streams -------- */

/* Sends its bytes in pieces and gets each of them back. */
static uint32_t stream_client(const struct client *k)
{
    uint8_t out[CHUNK], in[CHUNK];
    uint32_t s, n;
    CHECK(E_SUCCESS, open_socket(family_of(k->kind), STREAM, &s));
    CHECK(E_SUCCESS, connect_to(s, k->server));
    for (uint32_t at = 0; at < BYTES; at += CHUNK) {
        for (uint32_t i = 0; i < CHUNK; i++) {
            out[i] = byte_of(k->number, at + i);
        }
        CHECK(E_SUCCESS, transfer(s, out, CHUNK, &n));
        CHECK(CHUNK, n);
        CHECK(E_SUCCESS, receive(s, in, CHUNK, 2 /* all of it */, &n));
        CHECK(CHUNK, n);
        for (uint32_t i = 0; i < CHUNK; i++) {
            CHECK(out[i], in[i]);
        }
    }
    CHECK(E_SUCCESS, wasix_sock_shutdown(s, 2));
    CHECK(E_SUCCESS, receive(s, in, 1, 0, &n));
    CHECK(0, n);
    return wasix_fd_close(s);
}

static void stream_main(void *arg)
{
    struct client *k = arg;
    k->result = stream_client(k);
}

static uint32_t echo_until_end(uint32_t s)
{
    static uint8_t buf[CHUNK];
    for (;;) {
        uint32_t n, sent;
        CHECK(E_SUCCESS, receive(s, buf, sizeof buf, 0, &n));
        if (n == 0) {
            return wasix_fd_close(s);
        }
        CHECK(E_SUCCESS, transfer(s, buf, n, &sent));
        CHECK(n, sent);
    }
}

WAX_EXPORT("streams") uint32_t streams(uint32_t kind, uint32_t n)
{
    struct addr at, peer;
    uint32_t listener, s, e;
    if ((e = bind_own(kind, 0, STREAM, &listener, &at)) != 0) {
        return e;
    }
    CHECK(E_SUCCESS, wasix_sock_listen(listener, 4)); /* fewer than there may be */
    if ((e = start(n, kind, &at, stream_main)) != 0) {
        return e;
    }
    for (uint32_t i = 0; i < n; i++) {
        CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, 0, PTR(&s), PTR(&peer)));
        CHECK(family_of(kind), peer.tag);
        CHECK(0, is_path(kind) ? path_of(&peer)[0] : 0); /* it has no name */
        if ((e = echo_until_end(s)) != 0) {
            return e;
        }
    }
    e = join(n);
    return e ? e : close_own(kind, listener, &at);
}

/* -------- datagrams -------- */

static uint32_t datagram_client(const struct client *k)
{
    uint8_t out[CHUNK], in[CHUNK];
    struct addr at, from;
    uint32_t s, n, e = bind_own(k->kind, k->number, DGRAM, &s, &at);
    if (e) {
        return e;
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t len = 1 + (round * 37 + k->number) % CHUNK;
        for (uint32_t i = 0; i < len; i++) {
            out[i] = byte_of(k->number, round + i);
        }
        CHECK(E_SUCCESS, send_to(s, out, len, k->server));
        CHECK(E_SUCCESS, receive_from(s, in, sizeof in, &n, &from));
        CHECK(len, n);
        CHECK(k->server.tag, from.tag);
        for (uint32_t i = 0; i < 20; i++) { /* the server's address */
            CHECK(((const uint8_t *)&k->server)[i], ((const uint8_t *)&from)[i]);
        }
        for (uint32_t i = 0; i < len; i++) {
            CHECK(out[i], in[i]);
        }
    }
    return close_own(k->kind, s, &at);
}

static void datagram_main(void *arg)
{
    struct client *k = arg;
    k->result = datagram_client(k);
}

WAX_EXPORT("datagrams") uint32_t datagrams(uint32_t kind, uint32_t n)
{
    static uint8_t buf[CHUNK];
    struct addr at, from;
    uint32_t s, len, e = bind_own(kind, 0, DGRAM, &s, &at);
    e = e ? e : start(n, kind, &at, datagram_main);
    if (e) {
        return e;
    }
    for (uint32_t i = 0; i < n * ROUNDS; i++) {
        CHECK(E_SUCCESS, receive_from(s, buf, sizeof buf, &len, &from));
        CHECK(E_SUCCESS, send_to(s, buf, len, from));
    }
    e = join(n);
    return e ? e : close_own(kind, s, &at);
}

/* -------- what paths are to sockets -------- */

static uint32_t type_of(const char *path, uint8_t *ret_type)
{
    struct {
        uint64_t dev, ino;
        uint8_t type;
        uint64_t nlink, size, times[3];
    } st;
    uint32_t e = wasix_path_filestat_get(3, 0, PTR(path), length_of(path), PTR(&st));
    *ret_type = st.type;
    return e;
}

WAX_EXPORT("names") uint32_t names(uint32_t kind)
{
    enum { SOCKET_STREAM = 6, NOT_THERE = 44 };
    struct addr at = own_address(kind, 0), name;
    uint32_t listener, second, s, a, n;
    uint8_t type, status;
    char in[8];
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &listener));
    CHECK(E_INVAL, wasix_sock_listen(listener, 1)); /* not bound */
    CHECK(NOT_THERE, connect_to(listener, at));
    CHECK(E_SUCCESS, bind_to(listener, at));
    CHECK(E_INVAL, bind_to(listener, own_address(kind, 1))); /* it has a name */
    CHECK(E_SUCCESS, type_of(path_of(&at), &type));
    CHECK(SOCKET_STREAM, type);
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &second));
    CHECK(E_ADDRINUSE, bind_to(second, at));
    CHECK(E_CONNREFUSED, connect_to(second, at)); /* nobody listens */
    CHECK(E_SUCCESS, wasix_sock_listen(listener, 8));
    CHECK(E_SUCCESS, wasix_sock_status(second, PTR(&status)));
    CHECK(0, status); /* opening */
    CHECK(E_SUCCESS, connect_to(second, at));
    CHECK(E_SUCCESS, wasix_sock_status(second, PTR(&status)));
    CHECK(1, status); /* opened */
    CHECK(E_ISCONN, connect_to(second, at));
    CHECK(E_SUCCESS, transfer(second, "early", 5, &n)); /* nobody took it yet */
    CHECK(E_SUCCESS, wasix_sock_addr_peer(second, PTR(&name)));
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(((const uint8_t *)&at)[i], ((const uint8_t *)&name)[i]);
    }
    CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, 0, PTR(&a), 0));
    CHECK(E_SUCCESS, receive(a, in, sizeof in, 0, &n));
    CHECK(5, n);
    CHECK(E_SUCCESS, wasix_sock_addr_local(a, PTR(&name)));
    CHECK('/', path_of(&name)[0]);
    CHECK(E_SUCCESS, remove_path(path_of(&at))); /* connections live on */
    CHECK(E_SUCCESS, transfer(a, "late", 4, &n));
    CHECK(E_SUCCESS, receive(second, in, sizeof in, 0, &n));
    CHECK(4, n);
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &s));
    CHECK(NOT_THERE, connect_to(s, at));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, receive(second, in, sizeof in, 0, &n));
    CHECK(0, n);
    CHECK(E_PIPE, transfer(second, "x", 1, &n));
    CHECK(E_SUCCESS, wasix_fd_close(second));
    CHECK(E_SUCCESS, wasix_fd_close(listener));
    /* a name that nobody has any more stays until it is removed */
    CHECK(E_SUCCESS, open_socket(UNIX, DGRAM, &s));
    CHECK(E_SUCCESS, bind_to(s, at));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    CHECK(E_SUCCESS, open_socket(UNIX, DGRAM, &s));
    CHECK(E_ADDRINUSE, bind_to(s, at));
    CHECK(E_CONNREFUSED, send_to(s, "x", 1, at));
    CHECK(E_SUCCESS, remove_path(path_of(&at)));
    return wasix_fd_close(s);
}

/* A full queue: who may wait does, who may not does not. */
WAX_EXPORT("queues") uint32_t queues(uint32_t kind)
{
    struct addr at;
    uint32_t s, b, n = 0, e = bind_own(kind, 0, DGRAM, &s, &at);
    char in[8];
    uint64_t timeout[2] = {1, 20000000};
    if (e) {
        return e;
    }
    CHECK(E_SUCCESS, open_socket(UNIX, DGRAM, &b));
    CHECK(E_SUCCESS, wasix_fd_fdstat_set_flags(b, NONBLOCK));
    while ((e = send_to(b, "x", 1, at)) == E_SUCCESS) {
        n++;
    }
    CHECK(E_AGAIN, e);
    CHECK(1, n > 0);
    CHECK(E_SUCCESS, wasix_fd_fdstat_set_flags(b, 0));
    CHECK(E_SUCCESS, wasix_sock_set_opt_time(b, 20 /* to send */, PTR(timeout)));
    CHECK(E_AGAIN, send_to(b, "x", 1, at));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len;
        CHECK(E_SUCCESS, receive(s, in, sizeof in, 0, &len));
        CHECK(1, len);
    }
    CHECK(E_SUCCESS, send_to(b, "y", 1, at));
    CHECK(E_SUCCESS, wasix_fd_close(b));
    return close_own(kind, s, &at);
}

/* -------- what is no address -------- */

WAX_EXPORT("hostile") uint32_t hostile(void)
{
    enum { MEMVIOLATION = 78, NAMETOOLONG = 37 };
    struct addr a = unix_at("/host/x");
    uint32_t s, d, n;
    uint32_t iov[2] = {PTR(&n), 0xffffffff};
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &s));
    CHECK(E_NOTSUP, open_socket(UNIX, 4, &d)); /* seqpacket */
    CHECK(E_SUCCESS, open_socket(UNIX, DGRAM, &d));
    CHECK(MEMVIOLATION, wasix_sock_bind(s, 0xffffffff));
    CHECK(MEMVIOLATION, wasix_sock_connect(s, 0xfffffff0));
    CHECK(E_INVAL, bind_to(s, unix_at("")));
    CHECK(E_INVAL, connect_to(s, unix_at("")));
    CHECK(E_INVAL, bind_to(s, loopback(0)));
    CHECK(E_INVAL, connect_to(s, loopback(1)));
    for (uint32_t i = 2; i < sizeof a; i++) {
        ((uint8_t *)&a)[i] = i == 2 ? '/' : 'x'; /* without an end */
    }
    CHECK(E_INVAL, bind_to(s, a));
    CHECK(E_INVAL, connect_to(s, a));
    CHECK(E_INVAL, send_to(d, "x", 1, a));
    CHECK(MEMVIOLATION, wasix_sock_send_to(d, PTR(iov), 1, 0, PTR(&a), PTR(&n)));
    CHECK(E_INVAL, wasix_sock_send_to(d, PTR(iov), 0xffffffff, 0, PTR(&a), PTR(&n)));
    CHECK(E_NOTSUP, wasix_sock_join_multicast_v4(d, PTR(&a), PTR(&a)));
    CHECK(E_SUCCESS, wasix_fd_close(d));
    return wasix_fd_close(s);
}

/* -------- what the test asks for -------- */

static struct addr asked;

/* One byte after the other; 0 begins anew. */
WAX_EXPORT("path_byte") uint32_t path_byte(uint32_t byte)
{
    static uint32_t at;
    if (byte == 0) {
        asked = unix_at("");
        at = 0;
    } else {
        ((uint8_t *)&asked)[2 + at++] = (uint8_t)byte;
    }
    return 0;
}

/* 0: connect and send, 1: bind, 2: a datagram; then what the errno is. */
WAX_EXPORT("try_path") uint32_t try_path(uint32_t what)
{
    uint32_t s, n, e = open_socket(UNIX, what == 2 ? DGRAM : STREAM, &s);
    if (e) {
        return e;
    }
    e = what == 1   ? bind_to(s, asked)
        : what == 2 ? send_to(s, "hi", 2, asked)
                    : connect_to(s, asked);
    if (!e && what == 0) {
        e = transfer(s, "hi", 2, &n);
    }
    CHECK(E_SUCCESS, wasix_fd_close(s));
    return e;
}

/* Listens there until somebody came, and answers him. */
WAX_EXPORT("serve_path") uint32_t serve_path(void)
{
    uint32_t s, a, e;
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &s));
    CHECK(E_SUCCESS, bind_to(s, asked));
    CHECK(E_SUCCESS, wasix_sock_listen(s, 1));
    CHECK(E_SUCCESS, wasix_sock_accept_v2(s, 0, PTR(&a), 0));
    e = echo_until_end(a);
    CHECK(E_SUCCESS, wasix_fd_close(s));
    return e;
}

/* -------- a network that is here only -------- */

static uint32_t port_of(uint32_t s, uint16_t *ret)
{
    struct addr at;
    uint32_t e = wasix_sock_addr_local(s, PTR(&at));
    *ret = at.port;
    return e;
}

static uint32_t bound(struct addr at, uint32_t type, uint32_t *ret)
{
    uint32_t e = open_socket(at.tag, type, ret);
    return e ? e : bind_to(*ret, at);
}

/* Who has which address. */
WAX_EXPORT("addresses") uint32_t addresses(void)
{
    enum { ADDRNOTAVAIL = 4, NETUNREACH = 40 };
    static const struct addr any6 = {.tag = INET6};
    struct addr far6 = {.tag = INET6, .ip = {0x20, 1, 0x0d, 0xb8}}, name;
    uint32_t a, b, c, u;
    uint16_t port, other;
    CHECK(E_SUCCESS, bound(loopback(80), STREAM, &a));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &b));
    CHECK(E_ADDRINUSE, bind_to(b, loopback(80)));
    CHECK(E_ADDRINUSE, bind_to(b, v4(0, 0, 0, 0, 80)));
    CHECK(E_SUCCESS, bind_to(b, v4(127, 1, 2, 3, 80))); /* another address */
    CHECK(E_INVAL, bind_to(b, loopback(81)));
    CHECK(E_SUCCESS, bound(loopback(80), DGRAM, &u)); /* another protocol */
    CHECK(E_CONNREFUSED, connect_to(b, loopback(80)));
    CHECK(E_SUCCESS, wasix_sock_listen(a, 1));
    CHECK(E_SUCCESS, connect_to(b, loopback(80)));
    CHECK(E_SUCCESS, wasix_sock_accept_v2(a, 0, PTR(&c), PTR(&name)));
    CHECK(80, name.port);
    CHECK(3, name.ip[3]);
    CHECK(E_SUCCESS, wasix_fd_close(c));
    CHECK(E_SUCCESS, wasix_fd_close(b));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, bound(loopback(80), STREAM, &a)); /* it is free again */
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, bound(loopback(0), STREAM, &a)); /* any port, each another one */
    CHECK(E_SUCCESS, bound(loopback(0), STREAM, &b));
    CHECK(E_SUCCESS, port_of(a, &port));
    CHECK(E_SUCCESS, port_of(b, &other));
    CHECK(1, port != other && port >= 32768 && other >= 32768);
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, wasix_fd_close(b));
    /* elsewhere is nowhere */
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &a));
    CHECK(ADDRNOTAVAIL, bind_to(a, v4(10, 0, 0, 1, 1)));
    CHECK(NETUNREACH, connect_to(a, v4(10, 0, 0, 1, 1)));
    CHECK(NETUNREACH, connect_to(a, v4(169, 254, 169, 254, 80)));
    CHECK(NETUNREACH, send_to(u, "x", 1, v4(8, 8, 8, 8, 53)));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, open_socket(INET6, STREAM, &a));
    CHECK(NETUNREACH, connect_to(a, far6));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, wasix_fd_close(u));
    /* both families at once, unless it wants none of the other */
    CHECK(E_SUCCESS, bound(any6, STREAM, &a));
    CHECK(E_SUCCESS, wasix_sock_listen(a, 8));
    CHECK(E_SUCCESS, port_of(a, &port));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &b));
    CHECK(E_SUCCESS, connect_to(b, loopback(port)));
    CHECK(E_SUCCESS, wasix_sock_accept_v2(a, 0, PTR(&c), PTR(&name)));
    CHECK(INET6, name.tag);
    CHECK(127, name.ip[12]);
    CHECK(E_SUCCESS, wasix_sock_addr_peer(b, PTR(&name)));
    CHECK(INET4, name.tag);
    CHECK(port, name.port);
    CHECK(E_SUCCESS, wasix_fd_close(c));
    CHECK(E_SUCCESS, wasix_fd_close(b));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, open_socket(INET6, STREAM, &a));
    CHECK(E_SUCCESS, wasix_sock_set_opt_flag(a, 5 /* only IPv6 */, 1));
    CHECK(E_SUCCESS, bind_to(a, any6));
    CHECK(E_SUCCESS, wasix_sock_listen(a, 8));
    CHECK(E_SUCCESS, port_of(a, &port));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &b));
    CHECK(E_CONNREFUSED, connect_to(b, loopback(port)));
    CHECK(E_SUCCESS, wasix_fd_close(b));
    return wasix_fd_close(a);
}

/* What waits is told as it is elsewhere. */
WAX_EXPORT("readiness") uint32_t readiness(void)
{
    struct {
        uint32_t events;
        uint32_t pad;
        uint8_t data[24];
    } wanted = {.events = 1 /* in */}, happened;
    uint32_t set, a, b, c, n;
    uint16_t port;
    uint8_t status;
    char in[4];
    CHECK(E_SUCCESS, wasix_epoll_create(PTR(&set)));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &a));
    CHECK(E_SUCCESS, wasix_epoll_ctl(set, 1, a, PTR(&wanted))); /* before it is anything */
    CHECK(E_SUCCESS, bind_to(a, loopback(0)));
    CHECK(E_SUCCESS, wasix_sock_listen(a, 8));
    CHECK(E_SUCCESS, port_of(a, &port));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &b));
    CHECK(E_SUCCESS, wasix_epoll_ctl(set, 1, b, PTR(&wanted)));
    CHECK(E_SUCCESS, wasix_epoll_wait(set, PTR(&happened), 1, 0, PTR(&n)));
    CHECK(0, n);
    CHECK(E_NOTCONN, receive(b, in, 1, 0, &n));
    CHECK(E_NOTCONN, wasix_sock_shutdown(b, 3));
    CHECK(E_SUCCESS, wasix_sock_status(b, PTR(&status)));
    CHECK(0, status);
    CHECK(E_SUCCESS, wasix_fd_fdstat_set_flags(b, NONBLOCK));
    CHECK(E_SUCCESS, connect_to(b, loopback(port))); /* at once */
    CHECK(E_ISCONN, connect_to(b, loopback(port)));
    CHECK(E_SUCCESS, wasix_epoll_wait(set, PTR(&happened), 1, 0, PTR(&n)));
    CHECK(1, n);
    CHECK(E_SUCCESS, wasix_sock_accept_v2(a, 0, PTR(&c), 0));
    CHECK(E_SUCCESS, wasix_epoll_wait(set, PTR(&happened), 1, 0, PTR(&n)));
    CHECK(0, n);
    CHECK(E_SUCCESS, transfer(c, "abc", 3, &n));
    CHECK(E_SUCCESS, wasix_epoll_wait(set, PTR(&happened), 1, 0, PTR(&n)));
    CHECK(1, n);
    CHECK(E_SUCCESS, receive(b, in, 4, 0, &n));
    CHECK(3, n);
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, wasix_fd_close(b));
    CHECK(E_SUCCESS, receive(c, in, 4, 0, &n));
    CHECK(0, n);
    CHECK(E_SUCCESS, wasix_fd_close(c));
    /* who called and was not taken sees the end */
    CHECK(E_SUCCESS, bound(loopback(port), STREAM, &a));
    CHECK(E_SUCCESS, wasix_sock_listen(a, 8));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &b));
    CHECK(E_SUCCESS, connect_to(b, loopback(port)));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, receive(b, in, 4, 0, &n));
    CHECK(0, n);
    CHECK(E_SUCCESS, wasix_fd_close(b));
    return wasix_fd_close(set);
}

/* Datagrams to nobody, and of who is not talked to. */
WAX_EXPORT("strangers") uint32_t strangers(void)
{
    uint32_t a, b, n;
    struct addr at_a, from;
    char in[8];
    uint64_t timeout[2] = {1, 20000000};
    CHECK(E_SUCCESS, bound(loopback(0), DGRAM, &a));
    CHECK(E_SUCCESS, wasix_sock_addr_local(a, PTR(&at_a)));
    CHECK(E_SUCCESS, wasix_sock_set_opt_time(a, 19 /* to receive */, PTR(timeout)));
    CHECK(E_SUCCESS, open_socket(INET4, DGRAM, &b));
    CHECK(E_SUCCESS, send_to(b, "x", 1, loopback(9))); /* lost */
    CHECK(E_SUCCESS, connect_to(b, loopback(9)));
    CHECK(E_SUCCESS, transfer(b, "x", 1, &n));
    CHECK(E_CONNREFUSED, receive(b, in, sizeof in, 0, &n)); /* told once */
    CHECK(E_SUCCESS, wasix_fd_fdstat_set_flags(b, NONBLOCK));
    CHECK(E_AGAIN, receive(b, in, sizeof in, 0, &n));
    CHECK(E_SUCCESS, connect_to(a, loopback(9))); /* talks to somebody else now */
    CHECK(E_SUCCESS, send_to(b, "x", 1, at_a));
    CHECK(E_AGAIN, receive(a, in, sizeof in, 0, &n));
    CHECK(E_SUCCESS, wasix_sock_addr_local(b, PTR(&from)));
    CHECK(E_SUCCESS, connect_to(a, loopback(from.port)));
    CHECK(E_SUCCESS, send_to(b, "yes", 3, at_a));
    CHECK(E_SUCCESS, receive_from(a, in, 2, &n, &from)); /* cut */
    CHECK(2, n);
    CHECK(127, from.ip[0]);
    CHECK(E_SUCCESS, send_to(b, "", 0, at_a));
    CHECK(E_SUCCESS, receive(a, in, sizeof in, 0, &n));
    CHECK(0, n);
    CHECK(E_SUCCESS, wasix_fd_close(a));
    return wasix_fd_close(b);
}

/* A child calls its parent, by what both know. */
WAX_EXPORT("across_fork") uint32_t across_fork(uint32_t kind)
{
    struct addr at;
    uint32_t listener, s, n, pid = 1, who[2], status[4],
                             e = bind_own(kind, 0, STREAM, &listener, &at);
    char in[8];
    if (e) {
        return e;
    }
    CHECK(E_SUCCESS, wasix_sock_listen(listener, 1));
    CHECK(E_SUCCESS, wasix_proc_fork(1, PTR(&pid)));
    if (pid == 0) {
        e = wasix_fd_close(listener); /* its own number of it */
        e = e ? e : open_socket(family_of(kind), STREAM, &s);
        e = e ? e : connect_to(s, at);
        e = e ? e : transfer(s, "child", 5, &n);
        wasix_proc_exit2(e);
    }
    CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, 0, PTR(&s), 0));
    CHECK(E_SUCCESS, receive(s, in, sizeof in, 2 /* until the end */, &n));
    CHECK(5, n);
    who[0] = 1;
    who[1] = pid;
    CHECK(E_SUCCESS, wasix_proc_join(PTR(who), 0, PTR(status)));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    return close_own(kind, listener, &at);
}

/* A set that watches a socket before it is known where that will be. */
WAX_EXPORT("watched") uint32_t watched(uint32_t kind)
{
    struct {
        uint32_t events, pad;
        uint8_t data[24];
    } wanted = {.events = 1 /* in */}, happened;
    struct addr at = own_address(kind, 0);
    uint32_t set, a, b, d, n;
    CHECK(E_SUCCESS, wasix_epoll_create(PTR(&set)));
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &a));
    CHECK(E_SUCCESS, wasix_epoll_ctl(set, 1, a, PTR(&wanted)));
    CHECK(E_SUCCESS, bind_to(a, at));
    CHECK(E_SUCCESS, wasix_sock_listen(a, 1));
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &b));
    CHECK(E_SUCCESS, connect_to(b, at));
    CHECK(E_SUCCESS, wasix_epoll_wait(set, PTR(&happened), 1, 1000000000, PTR(&n)));
    CHECK(1, n);
    CHECK(E_SUCCESS, wasix_fd_close(b));
    CHECK(E_SUCCESS, close_own(kind, a, &at));
    CHECK(E_SUCCESS, open_socket(UNIX, DGRAM, &d));
    CHECK(E_SUCCESS, wasix_epoll_ctl(set, 1, d, PTR(&wanted)));
    CHECK(E_SUCCESS, bind_to(d, at));
    CHECK(E_SUCCESS, wasix_epoll_wait(set, PTR(&happened), 1, 0, PTR(&n)));
    CHECK(0, n);
    CHECK(E_SUCCESS, open_socket(UNIX, DGRAM, &b));
    CHECK(E_SUCCESS, connect_to(b, at));
    CHECK(E_SUCCESS, transfer(b, "x", 1, &n));
    CHECK(E_SUCCESS, wasix_epoll_wait(set, PTR(&happened), 1, 1000000000, PTR(&n)));
    CHECK(1, n);
    CHECK(E_SUCCESS, wasix_fd_close(b));
    CHECK(E_SUCCESS, wasix_fd_close(set));
    return close_own(kind, d, &at);
}

/* Everything half done; who ends the guest cleans up. */
WAX_EXPORT("leave_open") uint32_t leave_open(uint32_t kind)
{
    struct addr at, from;
    uint32_t listener, s, d, e = bind_own(kind, 0, STREAM, &listener, &at);
    if (e) {
        return e;
    }
    CHECK(E_SUCCESS, wasix_sock_listen(listener, 8));
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(E_SUCCESS, open_socket(family_of(kind), STREAM, &s));
        CHECK(E_SUCCESS, connect_to(s, at));
        CHECK(E_SUCCESS, transfer(s, "unread", 6, &e));
    }
    e = bind_own(kind, 1, DGRAM, &d, &at);
    e = e ? e : bind_own(kind, 2, DGRAM, &s, &from);
    CHECK(0, e);
    CHECK(E_SUCCESS, connect_to(s, at));
    CHECK(E_SUCCESS, connect_to(d, from)); /* to each other */
    CHECK(E_SUCCESS, send_to(s, "unread", 6, at));
    return 0;
}

/* Many bind one socket at once: one of them does. */
static uint32_t contested;

static void claim_main(void *arg)
{
    struct client *k = arg;
    k->result = bind_to(contested, own_address(k->kind, k->number));
}

WAX_EXPORT("claims") uint32_t claims(uint32_t kind)
{
    enum { N = 8 };
    struct addr at;
    uint32_t e, well = 0;
    CHECK(E_SUCCESS, open_socket(UNIX, STREAM, &contested));
    at = unix_at("");
    if ((e = start(N, kind, &at, claim_main)) != 0) {
        return e;
    }
    for (uint32_t i = 0; i < N; i++) {
        wax_thread_join(&clients[i].thread);
        well += clients[i].result == E_SUCCESS;
        CHECK(1, clients[i].result == E_SUCCESS || clients[i].result == E_INVAL);
    }
    CHECK(1, well);
    CHECK(E_SUCCESS, wasix_sock_addr_local(contested, PTR(&at)));
    return close_own(kind, contested, &at);
}

/* Each thread a server and a client of its own, over and over: addresses come and go. */
static uint32_t churn_one(const struct client *k)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct addr at;
        uint32_t listener, s, a, n, e = bind_own(k->kind, k->number, STREAM, &listener, &at);
        uint8_t byte = byte_of(k->number, i), got = 0;
        if (e) {
            return e;
        }
        CHECK(E_SUCCESS, wasix_sock_listen(listener, 1));
        CHECK(E_SUCCESS, open_socket(family_of(k->kind), STREAM, &s));
        CHECK(E_SUCCESS, connect_to(s, at));
        CHECK(E_SUCCESS, transfer(s, &byte, 1, &n));
        CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, 0, PTR(&a), 0));
        CHECK(E_SUCCESS, receive(a, &got, 1, 0, &n));
        CHECK(byte, got);
        CHECK(E_SUCCESS, wasix_fd_close(i % 2 ? a : s));
        CHECK(0, close_own(k->kind, listener, &at));
        CHECK(E_SUCCESS, wasix_fd_close(i % 2 ? s : a));
    }
    return 0;
}

static void churn_main(void *arg)
{
    struct client *k = arg;
    k->result = churn_one(k);
}

WAX_EXPORT("churn") uint32_t churn(uint32_t kind, uint32_t n)
{
    const struct addr nobody = unix_at("");
    uint32_t e = start(n, kind, &nobody, churn_main);
    return e ? e : join(n);
}
