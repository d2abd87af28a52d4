/* SPDX-License-Identifier: Apache-2.0 */
/* Internet addresses and ranges of them, as text and as bytes. */
#ifndef WX_NET_ADDR_H
#define WX_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** An address; of IPv4 the first four bytes count, the others are 0. */
struct wx_net_ip {
    bool v6;
    uint8_t b[16];
};

/** All addresses whose first `bits` bits are those of ip. */
struct wx_net_cidr {
    struct wx_net_ip ip;
    uint8_t bits;
};

#define WX_NET_IP_TEXT 48       /* room for any address, with its NUL */
#define WX_NET_ENDPOINT_TEXT 56 /* the same with a port */

/** An IPv4-mapped IPv6 address becomes the IPv4 one it means. */
void wx_net_ip_normalise(struct wx_net_ip *ip);
/**
 * The IPv4 address behind an IPv6 one that a translator or tunnel carries on (NAT64, 6to4,
 * IPv4-compatible). @return false: none
 */
bool wx_net_ip_embedded(const struct wx_net_ip *ip, struct wx_net_ip *ret_v4);
bool wx_net_ip_equal(const struct wx_net_ip *a, const struct wx_net_ip *b);
bool wx_net_ip_unspecified(const struct wx_net_ip *ip);

/** "10.0.0.1", "fe80::1"; nothing else: no zone, no brackets. */
bool wx_net_ip_parse(const char *s, size_t len, struct wx_net_ip *ret);
const char *wx_net_ip_text(const struct wx_net_ip *ip, char buf[WX_NET_IP_TEXT]);
/** "10.0.0.1:80", "[fe80::1]:80" */
const char *wx_net_endpoint_text(const struct wx_net_ip *ip, uint16_t port,
                                 char buf[WX_NET_ENDPOINT_TEXT]);

bool wx_net_cidr_has(const struct wx_net_cidr *c, const struct wx_net_ip *ip);
/** Is every address of `inner` one of `outer`? */
bool wx_net_cidr_within(const struct wx_net_cidr *inner, const struct wx_net_cidr *outer);
/** Are the bits behind the prefix 0? */
bool wx_net_cidr_clean(const struct wx_net_cidr *c);

/* Addresses of the host: AF_INET and AF_INET6 (mapped ones are normalised). False: another one. */
bool wx_net_from_sockaddr(const struct sockaddr *sa, struct wx_net_ip *ret_ip, uint16_t *ret_port);
/** For a socket of that family; an IPv4 address becomes a mapped one in AF_INET6. @return 0: no */
socklen_t wx_net_to_sockaddr(const struct wx_net_ip *ip, uint16_t port, int family,
                             struct sockaddr_storage *ret);

#endif
