/* SPDX-License-Identifier: Apache-2.0 */
/* Internet addresses. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void wx_net_ip_normalise(struct wx_net_ip *ip)
{
    if (ip->v6 && memcmp(ip->b, mapped, sizeof mapped) == 0) {
        ip->v6 = false;
        memmove(ip->b, ip->b + 12, 4);
        memset(ip->b + 4, 0, 12);
    }
}

bool wx_net_ip_embedded(const struct wx_net_ip *ip, struct wx_net_ip *ret_v4)
{
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b}, compatible[12];
    const uint8_t *from = NULL;
    if (!ip->v6) {
        return false;
    }
    if (memcmp(ip->b, nat64, sizeof nat64) == 0 ||
        (memcmp(ip->b, compatible, sizeof compatible) == 0 && (ip->b[12] || ip->b[13]))) {
        from = ip->b + 12;
    } else if (ip->b[0] == 0x20 && ip->b[1] == 0x02) { /* 6to4 */
        from = ip->b + 2;
    }
    if (from) {
        memset(ret_v4, 0, sizeof *ret_v4);
        memcpy(ret_v4->b, from, 4);
    }
    return from != NULL;
}

bool wx_net_ip_equal(const struct wx_net_ip *a, const struct wx_net_ip *b)
{
    return a->v6 == b->v6 && memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool wx_net_ip_unspecified(const struct wx_net_ip *ip)
{
    static const uint8_t zero[16];
    return memcmp(ip->b, zero, sizeof zero) == 0;
}

bool wx_net_ip_parse(const char *s, size_t len, struct wx_net_ip *ret)
{
    char text[INET6_ADDRSTRLEN];
    struct wx_net_ip ip = {0};
    if (len >= sizeof text || memchr(s, '\0', len)) {
        return false;
    }
    memcpy(text, s, len);
    text[len] = '\0';
    ip.v6 = strchr(text, ':') != NULL;
    if (inet_pton(ip.v6 ? AF_INET6 : AF_INET, text, ip.b) != 1) {
        return false;
    }
    *ret = ip;
    return true;
}

const char *wx_net_ip_text(const struct wx_net_ip *ip, char buf[WX_NET_IP_TEXT])
{
    return inet_ntop(ip->v6 ? AF_INET6 : AF_INET, ip->b, buf, WX_NET_IP_TEXT);
}

const char *wx_net_endpoint_text(const struct wx_net_ip *ip, uint16_t port,
                                 char buf[WX_NET_ENDPOINT_TEXT])
{
    char text[WX_NET_IP_TEXT];
    (void)snprintf(buf, WX_NET_ENDPOINT_TEXT, ip->v6 ? "[%s]:%u" : "%s:%u",
                   wx_net_ip_text(ip, text), port);
    return buf;
}

/* -------- ranges -------- */

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return memcmp(a, b, whole) == 0 && (!rest || ((a[whole] ^ b[whole]) & mask) == 0);
}

bool wx_net_cidr_has(const struct wx_net_cidr *c, const struct wx_net_ip *ip)
{
    return c->ip.v6 == ip->v6 && same_bits(c->ip.b, ip->b, c->bits);
}

bool wx_net_cidr_within(const struct wx_net_cidr *inner, const struct wx_net_cidr *outer)
{
    return inner->bits >= outer->bits && wx_net_cidr_has(outer, &inner->ip);
}

bool wx_net_cidr_clean(const struct wx_net_cidr *c)
{
    for (unsigned i = c->bits; i < (c->ip.v6 ? 128u : 32u); i++) {
        if (c->ip.b[i / 8] >> (7 - i % 8) & 1) {
            return false;
        }
    }
    return true;
}

/* -------- of the host -------- */

bool wx_net_from_sockaddr(const struct sockaddr *sa, struct wx_net_ip *ret_ip, uint16_t *ret_port)
{
    memset(ret_ip, 0, sizeof *ret_ip);
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, sa, sizeof v4);
        memcpy(ret_ip->b, &v4.sin_addr, 4);
        *ret_port = ntohs(v4.sin_port);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, sa, sizeof v6);
        ret_ip->v6 = true;
        memcpy(ret_ip->b, &v6.sin6_addr, 16);
        *ret_port = ntohs(v6.sin6_port);
        wx_net_ip_normalise(ret_ip);
        return true;
    }
    return false;
}

socklen_t wx_net_to_sockaddr(const struct wx_net_ip *ip, uint16_t port, int family,
                             struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof *ret);
    if (family == AF_INET && !ip->v6) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&v4.sin_addr, ip->b, 4);
        memcpy(ret, &v4, sizeof v4);
        return sizeof v4;
    }
    if (family == AF_INET6) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        if (ip->v6) {
            memcpy(&v6.sin6_addr, ip->b, 16);
        } else {
            memcpy(&v6.sin6_addr, mapped, sizeof mapped);
            memcpy((uint8_t *)&v6.sin6_addr + 12, ip->b, 4);
        }
        memcpy(ret, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}
