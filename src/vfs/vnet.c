/* SPDX-License-Identifier: Apache-2.0 */
/* A network that is nowhere but in this process. */
/*
 * A list of who has which address; what is sent goes from socket to socket (vsock.h). Addresses are
 * compared as IPv6 ones, those of IPv4 mapped. A socket at [::] also has all of IPv4, unless it
 * wants none of it.
 */
#include "vfs/vnet.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/atomic.h"
#include "vfs/file.h"

enum { FIRST_PORT = 32768, N_PORTS = 28232 }; /* as Linux has it: those for who does not care */

struct address {
    uint8_t ip[16];
    uint16_t port;
};

struct place {
    struct wx_vsock *v; /* which leaves the list before it ends */
    struct address at;
    bool only_v6;
};

struct wx_vnet {
    struct wx_mem *mem;
    uint32_t refs;        /* atomic: sockets, processes */
    struct wx_mutex lock; /* before those of sockets */
    WX_VEC(struct place) places WAX_GUARDED_BY(&lock);
    uint16_t next WAX_GUARDED_BY(&lock); /* the port to try, counted from the first */
};

struct wx_vnet *wx_vnet_new(struct wx_mem *mem)
{
    struct wx_vnet *net = wx_zalloc(mem, sizeof *net);
    if (net) {
        net->mem = mem;
        net->refs = 1;
        wx_mutex_init(&net->lock);
    }
    return net;
}

struct wx_vnet *wx_vnet_ref(struct wx_vnet *net)
{
    if (net) {
        wx_add_relaxed(&net->refs, 1); /* the caller holds one already */
    }
    return net;
}

void wx_vnet_unref(struct wx_vnet *net)
{
    if (!net || wx_sub_acqrel(&net->refs, 1) != 1) {
        return;
    }
    wx_mutex_lock(&net->lock);
    wx_vec_fini(net->mem, &net->places);
    wx_mutex_unlock(&net->lock);
    wx_mutex_fini(&net->lock);
    wx_free(net->mem, net);
}

void wx_vnet_remove(struct wx_vnet *net, const struct wx_vsock *v)
{
    wx_mutex_lock(&net->lock);
    for (size_t i = 0; i < net->places.n; i++) {
        if (net->places.p[i].v == v) {
            net->places.p[i] = net->places.p[--net->places.n];
            break;
        }
    }
    wx_mutex_unlock(&net->lock);
}

/* -------- addresses -------- */

static const uint8_t mapped[12] = {[10] = 0xff, 0xff}, none[16];

static bool is_v4(const struct address *a) { return memcmp(a->ip, mapped, sizeof mapped) == 0; }

static bool is_any(const struct address *a)
{
    return is_v4(a) ? memcmp(a->ip + 12, none, 4) == 0 : memcmp(a->ip, none, sizeof none) == 0;
}

/* @return false: of another family */
static bool take(const struct sockaddr *from, struct address *ret)
{
    memset(ret, 0, sizeof *ret);
    if (from->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof v4);
        memcpy(ret->ip, mapped, sizeof mapped);
        memcpy(ret->ip + 12, &v4.sin_addr, 4);
        ret->port = ntohs(v4.sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof v6);
        memcpy(ret->ip, &v6.sin6_addr, 16);
        ret->port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

/* As a socket of that family sees it. */
static struct sockaddr_storage give(const struct address *a, int family)
{
    struct sockaddr_storage ret;
    memset(&ret, 0, sizeof ret);
    if (family == AF_INET) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&v4.sin_addr, a->ip + 12, 4);
        memcpy(&ret, &v4, sizeof v4);
    } else {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
        memcpy(&v6.sin6_addr, a->ip, 16);
        memcpy(&ret, &v6, sizeof v6);
    }
    return ret;
}

static bool is_here(const struct address *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return is_any(a) || (is_v4(a) ? a->ip[12] == 127 : memcmp(a->ip, one, sizeof one) == 0);
}

/* Who names all addresses of a host means the host itself. */
static void make_definite(struct address *a)
{
    if (is_any(a)) {
        a->ip[15] = 1;
        a->ip[12] = is_v4(a) ? 127 : 0;
    }
}

bool wx_vnet_reaches(const struct sockaddr *address)
{
    struct address a;
    return take(address, &a) && is_here(&a);
}

bool wx_vnet_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    struct address x, y;
    return take((const struct sockaddr *)a, &x) && take((const struct sockaddr *)b, &y) &&
           memcmp(x.ip, y.ip, sizeof x.ip) == 0 && x.port == y.port;
}

/* -------- who is where -------- */

static bool covers(const struct place *p, const struct address *a)
{
    bool all = is_any(&p->at) && (is_v4(&p->at) ? is_v4(a) : !is_v4(a) || !p->only_v6);
    return p->at.port == a->port && (all || memcmp(p->at.ip, a->ip, sizeof a->ip) == 0);
}

static bool is_taken(const struct wx_vnet *net, const struct place *wanted) WAX_REQUIRES(&net->lock)
{
    for (size_t i = 0; i < net->places.n; i++) {
        const struct place *p = &net->places.p[i];
        if (p->v->type == wanted->v->type && (covers(p, &wanted->at) || covers(wanted, &p->at))) {
            return true;
        }
    }
    return false;
}

static bool choose_port(struct wx_vnet *net, struct place *p) WAX_REQUIRES(&net->lock)
{
    for (unsigned i = 0; i < N_PORTS; i++) {
        p->at.port = (uint16_t)(FIRST_PORT + net->next);
        net->next = (uint16_t)((net->next + 1) % N_PORTS);
        if (!is_taken(net, p)) {
            return true;
        }
    }
    return false;
}

static int put(struct wx_vnet *net, struct place *p) WAX_REQUIRES(&net->lock)
{
    bool any = p->at.port == 0;
    if (any ? !choose_port(net, p) : is_taken(net, p)) {
        return EADDRINUSE;
    }
    if (!wx_vec_push(net->mem, &net->places, *p)) {
        return ENOMEM;
    }
    struct sockaddr_storage name = give(&p->at, p->v->family);
    wx_vsock_set_name(p->v, &name);
    return 0;
}

int wx_vnet_bind(struct wx_vsock *v, const struct sockaddr *address)
{
    struct place p = {.v = v};
    int only = 0;
    if (!take(address, &p.at)) {
        return EAFNOSUPPORT;
    }
    if (!is_here(&p.at)) {
        return EADDRNOTAVAIL;
    }
    (void)wx_vsock_get_option(v, IPPROTO_IPV6, IPV6_V6ONLY, &only); /* has a default */
    p.only_v6 = only != 0;
    if (v->family == AF_INET6 && p.only_v6 && is_v4(&p.at)) {
        return EINVAL;
    }
    wx_mutex_lock(&v->net->lock);
    int e = wx_vsock_is_bound(v) ? EINVAL : put(v->net, &p);
    wx_mutex_unlock(&v->net->lock);
    return e;
}

/* Before it calls or sends: any port of the address that answers come to. */
static int need_name(struct wx_vsock *v, const struct address *to)
{
    if (wx_vsock_is_bound(v)) {
        return 0;
    }
    struct address own = {.port = 0};
    memcpy(own.ip, to->ip, sizeof own.ip);
    if (is_v4(&own)) {
        memcpy(own.ip + 12, (const uint8_t[]){127, 0, 0, 1}, 4);
    }
    if (v->type != SOCK_STREAM) { /* may send elsewhere next time */
        memset(own.ip + (is_v4(&own) ? 12 : 0), 0, is_v4(&own) ? 4 : 16);
    }
    struct sockaddr_storage name = give(&own, v->family);
    int e = wx_vnet_bind(v, (const struct sockaddr *)&name);
    return e == EINVAL ? 0 : e; /* somebody else did */
}

/* Who has the address, counted; NULL: nobody. */
static struct wx_vsock *find(struct wx_vnet *net, int type, const struct address *a)
{
    struct wx_vsock *found = NULL;
    wx_mutex_lock(&net->lock);
    for (size_t i = 0; i < net->places.n && !found; i++) {
        const struct place *p = &net->places.p[i];
        if (p->v->type == type && covers(p, a)) {
            found = wx_vsock_ref(p->v);
        }
    }
    wx_mutex_unlock(&net->lock);
    return found;
}

/* -------- calling and sending -------- */

/* Its own address as somebody at `to`, of that family, sees it: never all addresses of a host. */
static struct sockaddr_storage own_name(struct wx_vsock *v, const struct address *to, int family)
{
    struct sockaddr_storage name;
    struct address own = {.port = 0};
    (void)wx_vsock_get_name(v, false, &name); /* it has one */
    (void)take((const struct sockaddr *)&name, &own);
    if (is_any(&own)) {
        memcpy(own.ip, to->ip, sizeof own.ip);
        make_definite(&own);
    }
    return give(&own, family);
}

static int target(const struct wx_vsock *v, const struct sockaddr *to, struct address *ret)
{
    if (!take(to, ret)) {
        return EAFNOSUPPORT;
    }
    if (!is_here(ret)) {
        return ENETUNREACH;
    }
    make_definite(ret);
    return v->family == AF_INET && !is_v4(ret) ? EAFNOSUPPORT : ret->port == 0 ? ECONNREFUSED : 0;
}

int wx_vnet_connect(struct wx_vsock *v, const struct sockaddr *to)
{
    struct address a;
    int e = target(v, to, &a);
    e = e ? e : need_name(v, &a);
    if (e) {
        return e;
    }
    struct sockaddr_storage at = give(&a, v->family);
    if (v->type != SOCK_STREAM) { /* whoever comes to be there */
        wx_vsock_set_peer(v, &at);
        return 0;
    }
    struct wx_vsock *listener = find(v->net, v->type, &a);
    if (!listener) {
        return ECONNREFUSED;
    }
    const struct wx_vsock_call seen = {.at = give(&a, listener->family),
                                       .from = own_name(v, &a, listener->family)};
    e = wx_vsock_connect(v, listener, &at, &seen);
    wx_vsock_unref(listener);
    return e;
}

ssize_t wx_vnet_send(struct wx_vsock *v, const struct iovec *iov, int n, const struct sockaddr *to)
{
    struct sockaddr_storage peer;
    struct address a;
    if (!to && wx_vsock_get_name(v, true, &peer) != 0) {
        return -EDESTADDRREQ;
    }
    int e = target(v, to ? to : (const struct sockaddr *)&peer, &a);
    e = e ? e : need_name(v, &a);
    if (e) {
        return -e;
    }
    struct wx_vsock *other = find(v->net, v->type, &a);
    ssize_t r = -ECONNREFUSED;
    if (other) {
        struct sockaddr_storage from = own_name(v, &a, other->family);
        r = wx_vsock_send_to(v, other, &from, iov, n);
        wx_vsock_unref(other);
    }
    if (r == -ECONNREFUSED && !to) {
        wx_vsock_fail_later(v, ECONNREFUSED);
    }
    bool lost = r == -ECONNREFUSED || r == -EAGAIN || r == -EPERM;
    return lost ? (ssize_t)wx_iov_total(iov, n) : r;
}
