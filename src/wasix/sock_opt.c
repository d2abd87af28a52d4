/* SPDX-License-Identifier: Apache-2.0 */
/* Options of sockets, and multicast groups. */
/*
 * Options are rows: which call reads or sets them, and what they are to the host. Timeouts are ours
 * and off at first. A linger of 0 resets the connection when it is closed; a longer one is kept for
 * who asks, but closing never waits (no call of the host may): the host goes on sending by itself.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "os/sock.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/sock_watch.h"

/* sock_option */
enum {
    OPT_REUSE_PORT = 1,
    OPT_REUSE_ADDR = 2,
    OPT_NO_DELAY = 3,
    OPT_DONT_ROUTE = 4,
    OPT_ONLY_V6 = 5,
    OPT_BROADCAST = 6,
    OPT_MULTICAST_LOOP_V4 = 7,
    OPT_MULTICAST_LOOP_V6 = 8,
    OPT_LISTENING = 10,
    OPT_LAST_ERROR = 11,
    OPT_KEEP_ALIVE = 12,
    OPT_LINGER = 13,
    OPT_OOB_INLINE = 14,
    OPT_RECV_BUF = 15,
    OPT_SEND_BUF = 16,
    OPT_RECV_LOWAT = 17,
    OPT_SEND_LOWAT = 18,
    OPT_RECV_TIMEOUT = 19,
    OPT_SEND_TIMEOUT = 20,
    OPT_CONNECT_TIMEOUT = 21,
    OPT_ACCEPT_TIMEOUT = 22,
    OPT_TTL = 23,
    OPT_MULTICAST_TTL_V4 = 24,
    OPT_TYPE = 25,
    OPT_PROTO = 26
};

enum kind { FLAG, SIZE };
enum { READ_ONLY = 1 };

/* What is an option of the host's by another name. */
struct row {
    uint8_t opt;
    uint8_t kind;
    uint8_t read_only;
    uint8_t type;   /* of sockets that have it; 0: all */
    uint8_t family; /* the same */
    int level, name;
};

static const struct row rows[] = {
    {OPT_REUSE_PORT, FLAG, 0, 0, 0, SOL_SOCKET, SO_REUSEPORT},
    {OPT_REUSE_ADDR, FLAG, 0, 0, 0, SOL_SOCKET, SO_REUSEADDR},
    {OPT_NO_DELAY, FLAG, 0, SOCK_STREAM, 0, IPPROTO_TCP, TCP_NODELAY},
    {OPT_DONT_ROUTE, FLAG, 0, 0, 0, SOL_SOCKET, SO_DONTROUTE},
    {OPT_ONLY_V6, FLAG, 0, 0, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY},
    {OPT_BROADCAST, FLAG, 0, SOCK_DGRAM, 0, SOL_SOCKET, SO_BROADCAST},
    {OPT_MULTICAST_LOOP_V4, FLAG, 0, SOCK_DGRAM, AF_INET, IPPROTO_IP, IP_MULTICAST_LOOP},
    {OPT_MULTICAST_LOOP_V6, FLAG, 0, SOCK_DGRAM, AF_INET6, IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
    {OPT_LISTENING, FLAG, READ_ONLY, 0, 0, SOL_SOCKET, SO_ACCEPTCONN},
    {OPT_KEEP_ALIVE, FLAG, 0, 0, 0, SOL_SOCKET, SO_KEEPALIVE},
    {OPT_OOB_INLINE, FLAG, 0, 0, 0, SOL_SOCKET, SO_OOBINLINE},
    {OPT_RECV_BUF, SIZE, 0, 0, 0, SOL_SOCKET, SO_RCVBUF},
    {OPT_SEND_BUF, SIZE, 0, 0, 0, SOL_SOCKET, SO_SNDBUF},
    {OPT_RECV_LOWAT, SIZE, 0, 0, 0, SOL_SOCKET, SO_RCVLOWAT},
    {OPT_SEND_LOWAT, SIZE, READ_ONLY, 0, 0, SOL_SOCKET, SO_SNDLOWAT},
    {OPT_TTL, SIZE, 0, 0, AF_INET, IPPROTO_IP, IP_TTL},
    {OPT_TTL, SIZE, 0, 0, AF_INET6, IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {OPT_MULTICAST_TTL_V4, SIZE, 0, SOCK_DGRAM, AF_INET, IPPROTO_IP, IP_MULTICAST_TTL},
    {OPT_LAST_ERROR, SIZE, READ_ONLY, 0, 0, SOL_SOCKET, SO_ERROR},
};

static const struct row *find_row(const struct wx_hostsock *s, uint64_t opt, enum kind kind)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        if (r->opt == opt && r->kind == kind && (!r->type || r->type == s->type) &&
            (!r->family || r->family == s->family)) {
            return r;
        }
    }
    return NULL;
}

/* Is there such an option at all, of that kind? Then this socket lacks it. */
static wx_werrno no_option(uint64_t opt, enum kind kind)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].opt == opt && rows[i].kind == kind) {
            return WX_WERRNO_NOPROTOOPT;
        }
    }
    return WX_WERRNO_INVAL;
}

static wx_werrno set_host(struct wx_file *f, uint64_t opt, enum kind kind, uint64_t value)
{
    const struct row *r = find_row(wx_hostsock_of(f), opt, kind);
    if (!r || r->read_only) {
        return r ? WX_WERRNO_NOPROTOOPT : no_option(opt, kind);
    }
    int v = value > INT_MAX ? INT_MAX : (int)value;
    int host = wx_hostsock_set_option(f, r->level, r->name, v);
    return host ? wx_werrno_from_host(host) : 0;
}

static wx_werrno get_host(struct wx_file *f, uint64_t opt, enum kind kind, uint64_t *ret)
{
    const struct row *r = find_row(wx_hostsock_of(f), opt, kind);
    int v = 0;
    if (!r) {
        return no_option(opt, kind);
    }
    int host = wx_hostsock_get_option(f, r->level, r->name, &v);
    if (host) {
        return wx_werrno_from_host(host);
    }
    *ret = v < 0 ? 0 : (uint64_t)v;
    if (opt == OPT_LAST_ERROR) { /* an errno, in the guest's numbers */
        *ret = v ? wx_werrno_from_host(v) : 0;
    }
    return 0;
}

/* -------- flags and sizes -------- */

wx_wasi_ret wx_wasi_sock_set_opt_flag(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = a[2] > 1 ? WX_WERRNO_INVAL : wx_sock_get(c, a[0], 0, &fd);
    if (!e) {
        e = set_host(fd.file, a[1], FLAG, a[2]);
        wx_file_unref(fd.file);
    }
    return e;
}

wx_wasi_ret wx_wasi_sock_get_opt_flag(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    uint64_t v = 0;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[2]}, 1);
    if (e || (e = wx_sock_get(c, a[0], 0, &fd))) {
        return e;
    }
    e = get_host(fd.file, a[1], FLAG, &v);
    wx_file_unref(fd.file);
    return e ? e : wx_guest_write_u8(c, (wx_gptr){a[2]}, v != 0);
}

wx_wasi_ret wx_wasi_sock_set_opt_size(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    wx_werrno e = wx_sock_get(c, a[0], 0, &fd);
    if (!e) {
        e = set_host(fd.file, a[1], SIZE, a[2]);
        wx_file_unref(fd.file);
    }
    return e;
}

/* socktype and protocol, in the guest's numbers */
static bool describe(const struct wx_hostsock *s, uint64_t opt, uint64_t *ret)
{
    enum { TYPE_UNKNOWN, TYPE_STREAM, TYPE_DGRAM, TYPE_RAW, TYPE_SEQPACKET };
    if (opt == OPT_PROTO) {
        *ret = s->protocol > 0 ? (uint64_t)s->protocol : 0;
        return true;
    }
    *ret = s->type == SOCK_STREAM      ? TYPE_STREAM
           : s->type == SOCK_DGRAM     ? TYPE_DGRAM
           : s->type == SOCK_RAW       ? TYPE_RAW
           : s->type == SOCK_SEQPACKET ? TYPE_SEQPACKET
                                       : TYPE_UNKNOWN;
    return opt == OPT_TYPE;
}

wx_wasi_ret wx_wasi_sock_get_opt_size(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    uint64_t v = 0;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[2]}, 8);
    if (e || (e = wx_sock_get(c, a[0], 0, &fd))) {
        return e;
    }
    if (!describe(wx_hostsock_of(fd.file), a[1], &v)) {
        e = get_host(fd.file, a[1], SIZE, &v);
    }
    wx_file_unref(fd.file);
    return e ? e : wx_guest_write_u64(c, (wx_gptr){a[2]}, v);
}

/* -------- times: option_timestamp, tag u8 @0, ns u64 @8 -------- */

enum { TIME_BYTES = 16, TIME_NS = 8 };

/* Which timeout of ours; WX_SOCK_N_TIMEOUTS: none. */
static unsigned timeout_of(uint64_t opt)
{
    return opt == OPT_RECV_TIMEOUT      ? WX_SOCK_RECV
           : opt == OPT_SEND_TIMEOUT    ? WX_SOCK_SEND
           : opt == OPT_CONNECT_TIMEOUT ? WX_SOCK_CONNECT
           : opt == OPT_ACCEPT_TIMEOUT  ? WX_SOCK_ACCEPT
                                        : WX_SOCK_N_TIMEOUTS;
}

static wx_werrno set_linger(struct wx_hostsock *s, bool on, uint64_t ns)
{
    struct linger l = {.l_onoff = on && ns == 0};
    if (setsockopt(s->file.host_fd, SOL_SOCKET, SO_LINGER, &l, sizeof l) != 0) {
        return wx_werrno_from_host(errno);
    }
    wx_store_relaxed(&s->linger_ns, on ? ns : WX_SOCK_NO_LINGER); /* a number, orders nothing */
    return 0;
}

wx_wasi_ret wx_wasi_sock_set_opt_time(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    uint8_t b[TIME_BYTES];
    unsigned which = timeout_of(a[1]);
    if (which == WX_SOCK_N_TIMEOUTS && a[1] != OPT_LINGER) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_read(c, (wx_gptr){a[2]}, b, sizeof b);
    e = e ? e : b[0] > 1 ? WX_WERRNO_INVAL : wx_sock_get(c, a[0], 0, &fd);
    if (e) {
        return e;
    }
    struct wx_hostsock *s = wx_hostsock_of(fd.file);
    uint64_t ns = wx_get_u64(b + TIME_NS);
    if (a[1] == OPT_LINGER) {
        e = set_linger(s, b[0] == 1, ns);
    } else {
        wx_store_relaxed(&s->timeout_ns[which], b[0] ? ns : 0); /* 0 is off, as in POSIX */
    }
    wx_file_unref(fd.file);
    return e;
}

wx_wasi_ret wx_wasi_sock_get_opt_time(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_fd fd;
    uint8_t b[TIME_BYTES] = {0};
    unsigned which = timeout_of(a[1]);
    if (which == WX_SOCK_N_TIMEOUTS && a[1] != OPT_LINGER) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[2]}, sizeof b);
    if (e || (e = wx_sock_get(c, a[0], 0, &fd))) {
        return e;
    }
    struct wx_hostsock *s = wx_hostsock_of(fd.file);
    uint64_t ns = a[1] == OPT_LINGER ? wx_load_relaxed(&s->linger_ns)
                                     : wx_load_relaxed(&s->timeout_ns[which]);
    wx_file_unref(fd.file);
    b[0] = a[1] == OPT_LINGER ? ns != WX_SOCK_NO_LINGER : ns != 0;
    wx_put_u64(b + TIME_NS, b[0] ? ns : 0);
    return wx_guest_write(c, (wx_gptr){a[2]}, b, sizeof b);
}

/* -------- multicast -------- */

/* The group is asked for as something to listen at: it lets others send here. */
static wx_werrno may_join(struct wx_wasi_call *c, struct wx_file *f, const struct wx_net_ip *group,
                          bool join)
{
    struct wx_net_query q;
    struct wx_net_verdict v;
    if (f->filetype != WX_FT_DGRAM || wx_hostsock_of(f)->family == AF_UNIX) {
        return WX_WERRNO_NOTSUP;
    }
    if (!wx_sock_query(f, WX_NET_JOIN, &q)) {
        return WX_WERRNO_NOTCAPABLE;
    }
    if (c->env->vnet) {
        return WX_WERRNO_NODEV; /* there are no groups */
    }
    q.ip = *group;
    return join ? wx_sock_decide(c, &q, &v) : 0;
}

static wx_wasi_ret multicast(struct wx_wasi_call *c, const uint64_t *a, bool v6, bool join)
{
    struct wx_net_ip group = {.v6 = v6};
    struct ip_mreq v4_req;
    struct ipv6_mreq v6_req;
    struct wx_fd fd;
    memset(&v4_req, 0, sizeof v4_req);
    memset(&v6_req, 0, sizeof v6_req);
    wx_werrno e = wx_guest_read(c, (wx_gptr){a[1]}, group.b, v6 ? 16 : 4);
    e = e || v6 ? e : wx_guest_read(c, (wx_gptr){a[2]}, &v4_req.imr_interface, 4);
    if (e || (e = wx_sock_get(c, a[0], 0, &fd))) {
        return e;
    }
    memcpy(&v4_req.imr_multiaddr, group.b, 4);
    memcpy(&v6_req.ipv6mr_multiaddr, group.b, 16);
    v6_req.ipv6mr_interface = (unsigned)a[2];
    e = may_join(c, fd.file, &group, join);
    int r = e ? 0
            : v6
                ? setsockopt(fd.file->host_fd, IPPROTO_IPV6,
                             join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &v6_req, sizeof v6_req)
                : setsockopt(fd.file->host_fd, IPPROTO_IP,
                             join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &v4_req, sizeof v4_req);
    e = r != 0 ? wx_werrno_from_host(errno) : e;
    wx_file_unref(fd.file);
    return e;
}

wx_wasi_ret wx_wasi_sock_join_multicast_v4(struct wx_wasi_call *c, const uint64_t *a)
{
    return multicast(c, a, false, true);
}

wx_wasi_ret wx_wasi_sock_leave_multicast_v4(struct wx_wasi_call *c, const uint64_t *a)
{
    return multicast(c, a, false, false);
}

wx_wasi_ret wx_wasi_sock_join_multicast_v6(struct wx_wasi_call *c, const uint64_t *a)
{
    return multicast(c, a, true, true);
}

wx_wasi_ret wx_wasi_sock_leave_multicast_v6(struct wx_wasi_call *c, const uint64_t *a)
{
    return multicast(c, a, true, false);
}
