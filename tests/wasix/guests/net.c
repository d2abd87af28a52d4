/* SPDX-License-Identifier: Apache-2.0 */
/* Servers and clients on the loopback interface, each export one of them; 0 is well. */
#include "net.h"

static wax_thread server;
static _Alignas(16) char server_stack[16384];
static uint32_t listener, served;
static uint16_t port;
static uint8_t data[65536], back[65536];

/* Everything of one connection, back again. */
static uint32_t echo_one(uint32_t s)
{
    static uint8_t buf[4096];
    for (;;) {
        uint32_t n, sent;
        CHECK(E_SUCCESS, receive(s, buf, sizeof buf, 0, &n));
        if (n == 0) {
            return wasix_fd_close(s);
        }
        for (uint32_t at = 0; at < n; at += sent) {
            CHECK(E_SUCCESS, transfer(s, buf + at, n - at, &sent));
        }
    }
}

static uint32_t serve(void)
{
    struct addr peer;
    uint32_t s;
    CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, 0, PTR(&s), PTR(&peer)));
    CHECK(1, peer.port != 0);
    return echo_one(s);
}

static void server_main(void *arg)
{
    (void)arg;
    served = serve();
}

static uint32_t echo(struct addr at)
{
    struct addr name;
    uint32_t s, n;
    CHECK(E_SUCCESS, listen_at(at, &listener, &port));
    CHECK(E_SUCCESS, wax_thread_start(&server, server_main, 0, server_stack, sizeof server_stack));
    CHECK(E_SUCCESS, open_socket(at.tag, STREAM, &s));
    at.port = port;
    CHECK(E_SUCCESS, connect_to(s, at));
    CHECK(E_SUCCESS, wasix_sock_addr_peer(s, PTR(&name)));
    CHECK(at.tag, name.tag);
    CHECK(port, name.port);
    for (uint32_t i = 0; i < sizeof at.ip; i++) {
        CHECK(at.ip[i], at.tag == INET6 || i < 4 ? name.ip[i] : at.ip[i]);
    }
    for (uint32_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (uint32_t at_byte = 0; at_byte < sizeof data; at_byte += 4096) {
        CHECK(E_SUCCESS, transfer(s, data + at_byte, 4096, &n));
        CHECK(4096, n);
        CHECK(E_SUCCESS, receive(s, back + at_byte, 4096, 2 /* all of it */, &n));
        CHECK(4096, n);
    }
    for (uint32_t i = 0; i < sizeof data; i++) {
        CHECK(data[i], back[i]);
    }
    CHECK(E_SUCCESS, wasix_sock_shutdown(s, 2)); /* no more from here */
    CHECK(E_SUCCESS, receive(s, back, 1, 0, &n));
    CHECK(0, n);
    wax_thread_join(&server);
    CHECK(0, served);
    CHECK(E_SUCCESS, wasix_fd_close(s));
    return wasix_fd_close(listener);
}

WAX_EXPORT("tcp_echo") uint32_t tcp_echo(void) { return echo(loopback(0)); }
WAX_EXPORT("tcp_echo6") uint32_t tcp_echo6(void) { return echo(loopback6(0)); }

/* n round trips of one byte, for measuring and for traces. */
WAX_EXPORT("ping_pong") uint32_t ping_pong(uint32_t rounds)
{
    uint32_t s, n;
    CHECK(E_SUCCESS, listen_at(loopback(0), &listener, &port));
    CHECK(E_SUCCESS, wax_thread_start(&server, server_main, 0, server_stack, sizeof server_stack));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_SUCCESS, connect_to(s, loopback(port)));
    for (uint32_t i = 0; i < rounds; i++) {
        CHECK(E_SUCCESS, transfer(s, data, 1, &n));
        CHECK(E_SUCCESS, receive(s, back, 1, 0, &n));
        CHECK(1, n);
    }
    CHECK(E_SUCCESS, wasix_fd_close(s));
    wax_thread_join(&server);
    return wasix_fd_close(listener);
}

WAX_EXPORT("udp_echo") uint32_t udp_echo(void)
{
    uint32_t a, b, n;
    struct addr at, from;
    CHECK(E_SUCCESS, open_socket(INET4, DGRAM, &a));
    CHECK(E_SUCCESS, bind_to(a, loopback(0)));
    CHECK(E_SUCCESS, wasix_sock_addr_local(a, PTR(&at)));
    CHECK(E_SUCCESS, open_socket(INET4, DGRAM, &b));
    CHECK(E_DESTADDRREQ, transfer(b, "x", 1, &n));
    CHECK(E_SUCCESS, send_to(b, "ping", 4, at));
    CHECK(E_SUCCESS, receive_from(a, back, sizeof back, &n, &from));
    CHECK(4, n);
    CHECK(INET4, from.tag);
    CHECK(E_SUCCESS, send_to(a, "pong!", 5, loopback(from.port)));
    CHECK(E_SUCCESS, receive(b, back, 1, 1 /* only looked at */, &n));
    CHECK(E_SUCCESS, receive_from(b, back, sizeof back, &n, &from));
    CHECK(5, n);
    CHECK(at.port, from.port);
    CHECK(E_SUCCESS, connect_to(b, at)); /* from here on without an address */
    CHECK(E_SUCCESS, transfer(b, "once more", 9, &n));
    CHECK(E_SUCCESS, receive(a, back, sizeof back, 0, &n));
    CHECK(9, n);
    CHECK(E_MSGSIZE, transfer(b, data, sizeof data, &n));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    return wasix_fd_close(b);
}

/* What a rule denies: which numbers the errno has. */
WAX_EXPORT("try_connect") uint32_t try_connect(uint32_t ip, uint32_t to)
{
    uint32_t s, e;
    e = open_socket(INET4, STREAM, &s);
    if (e) {
        return e;
    }
    e = connect_to(s, v4((uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip,
                         (uint16_t)to));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    return e;
}

/* -------- not waiting, and waiting for a while -------- */

static uint64_t now(void)
{
    uint64_t ns = 0;
    (void)wasix_clock_time_get(1, 1, PTR(&ns));
    return ns;
}

struct option_time {
    uint8_t tag, zero[7];
    uint64_t ns;
};

static uint32_t set_time(uint32_t s, uint32_t opt, uint64_t ns)
{
    const struct option_time t = {.tag = ns != 0, .ns = ns};
    return wasix_sock_set_opt_time(s, opt, PTR(&t));
}

static uint32_t last_error(uint32_t s, uint64_t *ret)
{
    return wasix_sock_get_opt_size(s, 11, PTR(ret));
}

/* Until the socket can be written to, or refuses. */
static uint32_t wait_writable(uint32_t s)
{
    uint64_t sub[6] = {0}, event[4];
    uint32_t n;
    ((uint8_t *)sub)[8] = 2; /* fd_write */
    ((uint32_t *)sub)[4] = s;
    return wasix_poll_oneoff(PTR(sub), PTR(event), 1, PTR(&n));
}

WAX_EXPORT("nonblocking") uint32_t nonblocking(void)
{
    uint32_t s, a, n;
    uint64_t e;
    uint8_t status;
    CHECK(E_SUCCESS, listen_at(loopback(0), &listener, &port));
    CHECK(E_SUCCESS, wasix_fd_fdstat_set_flags(listener, NONBLOCK));
    CHECK(E_AGAIN, wasix_sock_accept_v2(listener, 0, PTR(&a), 0));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_SUCCESS, wasix_sock_status(s, PTR(&status)));
    CHECK(0, status); /* opening */
    CHECK(E_SUCCESS, wasix_fd_fdstat_set_flags(s, NONBLOCK));
    CHECK(E_INPROGRESS, connect_to(s, loopback(port)));
    CHECK(E_SUCCESS, wait_writable(s));
    CHECK(E_SUCCESS, last_error(s, &e));
    CHECK(0, e);
    CHECK(E_SUCCESS, connect_to(s, loopback(port))); /* that it came to be is told once */
    CHECK(E_ISCONN, connect_to(s, loopback(port)));
    CHECK(E_SUCCESS, wasix_sock_status(s, PTR(&status)));
    CHECK(1, status); /* opened */
    CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, NONBLOCK, PTR(&a), 0));
    CHECK(E_AGAIN, receive(a, back, 1, 0, &n));
    CHECK(E_AGAIN, receive(s, back, 1, 0, &n));
    uint32_t sent = 0;
    while (transfer(s, data, sizeof data, &n) == E_SUCCESS) { /* until nothing fits */
        sent += n;
    }
    CHECK(E_AGAIN, transfer(s, data, sizeof data, &n));
    CHECK(1, sent > sizeof data);
    CHECK(E_SUCCESS, wasix_fd_close(s));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, wasix_fd_close(listener));
    /* nobody is there any more */
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_SUCCESS, wasix_fd_fdstat_set_flags(s, NONBLOCK));
    CHECK(E_INPROGRESS, connect_to(s, loopback(port)));
    CHECK(E_SUCCESS, wait_writable(s));
    CHECK(E_SUCCESS, last_error(s, &e));
    CHECK(E_CONNREFUSED, e);
    CHECK(E_SUCCESS, last_error(s, &e));
    CHECK(0, e); /* told once */
    return wasix_fd_close(s);
}

WAX_EXPORT("timeouts") uint32_t timeouts(void)
{
    enum { MS = 1000000 };
    uint32_t s, a, n;
    struct option_time t;
    CHECK(E_SUCCESS, listen_at(loopback(0), &listener, &port));
    CHECK(E_SUCCESS, wasix_sock_get_opt_time(listener, 22, PTR(&t)));
    CHECK(0, t.tag); /* off at first */
    CHECK(E_SUCCESS, set_time(listener, 22, 30 * MS));
    uint64_t start = now();
    CHECK(E_AGAIN, wasix_sock_accept_v2(listener, 0, PTR(&a), 0));
    CHECK(1, now() - start >= 30 * MS);
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_SUCCESS, set_time(s, 21, 1000ull * MS));
    CHECK(E_SUCCESS, connect_to(s, loopback(port)));
    CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, 0, PTR(&a), 0));
    CHECK(E_SUCCESS, set_time(s, 19, 20 * MS));
    CHECK(E_SUCCESS, wasix_sock_get_opt_time(s, 19, PTR(&t)));
    CHECK(1, t.tag);
    CHECK(20 * MS, t.ns);
    start = now();
    CHECK(E_AGAIN, receive(s, back, 1, 0, &n));
    CHECK(1, now() - start >= 20 * MS);
    const uint32_t iov[2] = {PTR(back), 1};
    start = now();
    CHECK(E_AGAIN, wasix_fd_read(s, PTR(iov), 1, PTR(&n))); /* the same for files */
    CHECK(1, now() - start >= 20 * MS);
    CHECK(E_SUCCESS, transfer(a, "abc", 3, &n));
    CHECK(E_SUCCESS, receive(s, back, 8, 2 /* all of it */, &n)); /* what came in time */
    CHECK(3, n);
    CHECK(E_SUCCESS, set_time(s, 20, 20 * MS));
    uint32_t sent = 0;
    uint32_t e;
    while ((e = transfer(s, data, sizeof data, &n)) == E_SUCCESS) { /* until nothing fits */
        sent += n;
    }
    CHECK(E_AGAIN, e);
    CHECK(1, sent > 0);
    CHECK(E_INVAL, set_time(s, 3, 1));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    return wasix_fd_close(listener);
}

/* -------- options -------- */

WAX_EXPORT("options") uint32_t options(void)
{
    uint32_t s, u, u6;
    uint8_t flag;
    uint64_t size;
    struct option_time t;
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_SUCCESS, open_socket(INET4, DGRAM, &u));
    CHECK(E_SUCCESS, open_socket(INET6, DGRAM, &u6));
    static const uint8_t stream_flags[] = {1, 2, 3, 4, 12, 14};
    for (uint32_t i = 0; i < sizeof stream_flags; i++) {
        CHECK(E_SUCCESS, wasix_sock_get_opt_flag(s, stream_flags[i], PTR(&flag)));
        CHECK(0, flag);
        CHECK(E_SUCCESS, wasix_sock_set_opt_flag(s, stream_flags[i], 1));
        CHECK(E_SUCCESS, wasix_sock_get_opt_flag(s, stream_flags[i], PTR(&flag)));
        CHECK(1, flag);
    }
    CHECK(E_SUCCESS, wasix_sock_set_opt_flag(u, 6, 1)); /* broadcast */
    CHECK(E_SUCCESS, wasix_sock_get_opt_flag(u, 7, PTR(&flag)));
    CHECK(1, flag); /* multicast comes back */
    CHECK(E_SUCCESS, wasix_sock_set_opt_flag(u, 7, 0));
    CHECK(E_NOPROTOOPT, wasix_sock_set_opt_flag(s, 6, 1));
    CHECK(E_NOPROTOOPT, wasix_sock_set_opt_flag(u, 3, 1));
    CHECK(E_NOPROTOOPT, wasix_sock_set_opt_flag(u, 5, 1));
    CHECK(E_SUCCESS, wasix_sock_set_opt_flag(u6, 5, 1)); /* only IPv6 */
    CHECK(E_SUCCESS, wasix_sock_get_opt_flag(u6, 5, PTR(&flag)));
    CHECK(1, flag);
    CHECK(E_INVAL, wasix_sock_set_opt_flag(s, 9, 1));
    CHECK(E_INVAL, wasix_sock_set_opt_flag(s, 0, 1));
    CHECK(E_INVAL, wasix_sock_set_opt_flag(s, 3, 2));
    CHECK(E_NOPROTOOPT, wasix_sock_set_opt_flag(s, 10, 1));
    CHECK(E_SUCCESS, wasix_sock_get_opt_flag(s, 10, PTR(&flag)));
    CHECK(0, flag); /* it does not listen */
    CHECK(E_SUCCESS, wasix_sock_set_opt_size(s, 15, 65536));
    CHECK(E_SUCCESS, wasix_sock_get_opt_size(s, 15, PTR(&size)));
    CHECK(1, size >= 65536);
    CHECK(E_SUCCESS, wasix_sock_set_opt_size(u, 23, 7));
    CHECK(E_SUCCESS, wasix_sock_get_opt_size(u, 23, PTR(&size)));
    CHECK(7, size);
    CHECK(E_SUCCESS, wasix_sock_set_opt_size(u6, 23, 9));
    CHECK(E_SUCCESS, wasix_sock_get_opt_size(u6, 23, PTR(&size)));
    CHECK(9, size);
    CHECK(E_INVAL, wasix_sock_set_opt_size(u, 23, ~0ull));
    CHECK(E_SUCCESS, wasix_sock_set_opt_size(u, 24, 3));
    CHECK(E_NOPROTOOPT, wasix_sock_set_opt_size(s, 24, 3));
    CHECK(E_SUCCESS, wasix_sock_get_opt_size(s, 25, PTR(&size)));
    CHECK(STREAM, size);
    CHECK(E_SUCCESS, wasix_sock_get_opt_size(u, 25, PTR(&size)));
    CHECK(DGRAM, size);
    CHECK(E_SUCCESS, wasix_sock_get_opt_size(s, 26, PTR(&size)));
    CHECK(6, size);
    CHECK(E_SUCCESS, wasix_sock_get_opt_time(s, 13, PTR(&t)));
    CHECK(0, t.tag); /* linger */
    CHECK(E_SUCCESS, set_time(s, 13, 5000000000ull));
    CHECK(E_SUCCESS, wasix_sock_get_opt_time(s, 13, PTR(&t)));
    CHECK(1, t.tag);
    CHECK(5, t.ns / 1000000000);
    CHECK(E_NOTSOCK, wasix_sock_set_opt_flag(3, 3, 1));
    CHECK(E_BADF, wasix_sock_set_opt_flag(999, 3, 1));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    CHECK(E_SUCCESS, wasix_fd_close(u));
    return wasix_fd_close(u6);
}

WAX_EXPORT("misuse") uint32_t misuse(void)
{
    uint32_t s, u, n, fd;
    struct addr name;
    CHECK(E_AFNOSUPPORT, wasix_sock_open(9, STREAM, 0, PTR(&s)));
    CHECK(E_NOTSUP, wasix_sock_open(INET4, 3, 0, PTR(&s)));     /* raw */
    CHECK(E_NOTSUP, wasix_sock_open(INET4, DGRAM, 6, PTR(&s))); /* TCP */
    CHECK(E_SUCCESS, wasix_sock_open(INET4, STREAM, 6, PTR(&s)));
    CHECK(E_SUCCESS, wasix_sock_open(INET4, DGRAM, 17, PTR(&u)));
    CHECK(E_INVAL, wasix_sock_listen(s, 1)); /* not bound */
    CHECK(E_INVAL, wasix_sock_accept_v2(s, 0, PTR(&fd), 0));
    CHECK(E_NOTSUP, wasix_sock_listen(u, 1));
    CHECK(E_NOTCONN, wasix_sock_addr_peer(s, PTR(&name)));
    CHECK(E_NOTCONN, receive(s, back, 1, 0, &n));
    CHECK(E_PIPE, transfer(s, "x", 1, &n));
    CHECK(E_NOTCONN, wasix_sock_shutdown(s, 3));
    CHECK(E_INVAL, wasix_sock_shutdown(s, 0));
    CHECK(E_SUCCESS, wasix_sock_addr_local(s, PTR(&name)));
    CHECK(INET4, name.tag);
    CHECK(0, name.port);
    CHECK(E_AFNOSUPPORT, bind_to(s, loopback6(0)));
    name.tag = 3;
    CHECK(E_INVAL, bind_to(s, name));
    CHECK(E_SUCCESS, bind_to(s, loopback(0)));
    CHECK(E_INVAL, bind_to(s, loopback(0))); /* once */
    CHECK(E_SUCCESS, wasix_sock_addr_local(s, PTR(&name)));
    CHECK(E_SUCCESS, wasix_sock_listen(s, 1));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &fd));
    CHECK(E_ADDRINUSE, bind_to(fd, loopback(name.port)));
    CHECK(E_SUCCESS, wasix_fd_close(fd));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    return wasix_fd_close(u);
}

/* As many as there may be, then one less. */
WAX_EXPORT("until_refused") uint32_t until_refused(void)
{
    uint32_t s, n = 0, e;
    while ((e = open_socket(INET4, STREAM, &s)) == E_SUCCESS && n < 100000) {
        n++;
    }
    return e == E_MFILE ? n : 1000000 + e;
}

/* -------- files -------- */

WAX_EXPORT("send_file") uint32_t send_file(void)
{
    uint32_t s, a, f, n;
    uint64_t sent;
    CHECK(E_SUCCESS, wasix_path_open(3, 0, PTR("/tmp/f"), 6, 1, ~0ull >> 36, 0, 0, PTR(&f)));
    for (uint32_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 5 + i / 251);
    }
    const uint32_t iov[2] = {PTR(data), 50000};
    CHECK(E_SUCCESS, wasix_fd_write(f, PTR(iov), 1, PTR(&n)));
    CHECK(E_SUCCESS, listen_at(loopback(0), &listener, &port));
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_SUCCESS, connect_to(s, loopback(port)));
    CHECK(E_SUCCESS, wasix_sock_accept_v2(listener, 0, PTR(&a), 0));
    CHECK(E_SUCCESS, wasix_sock_send_file(s, f, 1000, ~0ull, PTR(&sent))); /* to the end */
    CHECK(49000, sent);
    CHECK(E_SUCCESS, receive(a, back, 49000, 2, &n));
    CHECK(49000, n);
    for (uint32_t i = 0; i < n; i++) {
        CHECK(data[i + 1000], back[i]);
    }
    CHECK(E_SUCCESS, wasix_sock_send_file(s, f, 60000, 5, PTR(&sent)));
    CHECK(0, sent);
    CHECK(31, wasix_sock_send_file(s, 3, 0, 5, PTR(&sent))); /* isdir */
    CHECK(E_BADF, wasix_sock_send_file(s, 999, 0, 5, PTR(&sent)));
    CHECK(E_NOTSOCK, wasix_sock_send_file(f, f, 0, 5, PTR(&sent)));
    CHECK(E_INVAL, wasix_sock_send_file(s, f, ~0ull, 5, PTR(&sent)));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    CHECK(E_SUCCESS, wasix_fd_close(f));
    return wasix_fd_close(listener);
}

/* -------- names -------- */

static uint32_t len_of(const char *s)
{
    uint32_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

/* The addresses; tag and bytes of the first in *ret. */
static uint32_t resolve_name(const char *name, uint32_t *ret_n, uint8_t ret[18])
{
    static uint8_t addrs[8][18];
    uint32_t e = wasix_resolve(PTR(name), len_of(name), 80, PTR(addrs), 8, PTR(ret_n));
    for (uint32_t i = 0; i < 18 && ret; i++) {
        ret[i] = addrs[0][i];
    }
    return e;
}

WAX_EXPORT("resolve_here") uint32_t resolve_here(void)
{
    uint32_t n;
    uint8_t a[18];
    CHECK(E_SUCCESS, resolve_name("192.0.2.7", &n, a));
    CHECK(1, n);
    CHECK(INET4, a[0]);
    CHECK(192, a[2]);
    CHECK(7, a[5]);
    CHECK(E_SUCCESS, resolve_name("2001:db8::5", &n, a));
    CHECK(INET6, a[0]);
    CHECK(5, a[17]);
    CHECK(E_SUCCESS, resolve_name("db.test", &n, a));
    CHECK(1, n);
    CHECK(127, a[2]);
    CHECK(E_PERM, resolve_name("elsewhere.test", &n, a));
    CHECK(44, resolve_name("no name", &n, a)); /* noent */
    CHECK(44, resolve_name("", &n, a));
    /* the name opens the port its rule names at the address it was told, and no other */
    uint32_t s;
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_CONNREFUSED, connect_to(s, loopback(1)));
    CHECK(E_SUCCESS, wasix_fd_close(s));
    CHECK(E_PERM, try_connect(0x7f000001, 2));
    return 0;
}

/* A name server answers. @return what resolve answered, + 1000 for each address */
WAX_EXPORT("resolve_one") uint32_t resolve_one(uint32_t which)
{
    static const char *const names[] = {"a.test",      "both.test",   "none.test",  "alias.test",
                                        "silent.test", "broken.test", "forged.test"};
    uint32_t n = 0;
    uint8_t a[18];
    uint32_t e = resolve_name(names[which], &n, a);
    return e ? e : n * 1000;
}

/* -------- what the test does from outside -------- */

static uint32_t kept;

/* Listens, and answers at once whether somebody was let in. */
WAX_EXPORT("listen_on") uint32_t listen_on(uint32_t p)
{
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &kept));
    CHECK(E_SUCCESS, bind_to(kept, loopback((uint16_t)p)));
    CHECK(E_SUCCESS, wasix_sock_listen(kept, 8));
    struct addr name;
    CHECK(E_SUCCESS, wasix_sock_addr_local(kept, PTR(&name)));
    return name.port;
}

WAX_EXPORT("accept_now") uint32_t accept_now(void)
{
    uint32_t a;
    struct addr name;
    (void)wasix_fd_fdstat_set_flags(kept, NONBLOCK);
    uint32_t e = wasix_sock_accept_v2(kept, 0, PTR(&a), 0);
    if (e) {
        return e;
    }
    CHECK(E_SUCCESS, wasix_sock_addr_local(a, PTR(&name)));
    CHECK(E_SUCCESS, wasix_fd_close(a));
    return 100000 + name.port;
}

WAX_EXPORT("bind_udp") uint32_t bind_udp(void)
{
    struct addr name;
    CHECK(E_SUCCESS, open_socket(INET4, DGRAM, &kept));
    CHECK(E_SUCCESS, bind_to(kept, loopback(0)));
    CHECK(E_SUCCESS, wasix_sock_addr_local(kept, PTR(&name)));
    return name.port;
}

/* How many bytes are there, without waiting: by recv, or by read. */
WAX_EXPORT("received") uint32_t received(uint32_t how)
{
    uint32_t n = 0, e;
    const uint32_t iov[2] = {PTR(back), 100};
    (void)wasix_fd_fdstat_set_flags(kept, NONBLOCK);
    e = how == 2 ? wasix_fd_read(kept, PTR(iov), 1, PTR(&n))
                 : receive(kept, back, 100, how /* 1: only looked at */, &n);
    return e ? 1000 + e : n;
}

WAX_EXPORT("send_udp") uint32_t send_udp(uint32_t p)
{
    return send_to(kept, "out", 3, loopback((uint16_t)p));
}

/* Waits for ever in a call on a socket. */
WAX_EXPORT("wait_in") uint32_t wait_in(uint32_t which)
{
    uint32_t s, a, n;
    CHECK(E_SUCCESS, listen_at(loopback(0), &listener, &port));
    if (which == 0) {
        return wasix_sock_accept_v2(listener, 0, PTR(&a), 0);
    }
    CHECK(E_SUCCESS, open_socket(INET4, STREAM, &s));
    CHECK(E_SUCCESS, connect_to(s, loopback(port)));
    if (which == 1) {
        return receive(s, back, 1, 0, &n);
    }
    for (;;) {
        CHECK(E_SUCCESS, transfer(s, data, sizeof data, &n));
    }
}
