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
