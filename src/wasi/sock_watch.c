/* SPDX-License-Identifier: Apache-2.0 */
/* Network rules, applied to sockets. */
#include "wasi/sock_watch.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "wasi/env.h"

/* What a socket of the guest's carries. */
struct guard {
    struct wx_sock_watch watch; /* first */
    struct wx_mem *mem;
    struct wx_net *net;
    uint32_t bound;   /* atomic: ip and port are valid; set once */
    uint32_t claimed; /* atomic: somebody binds it to a path, or did */
    struct wx_net_ip ip;
    uint16_t port;
    /* AF_UNIX, valid with `bound`: its name as the guest wrote it, and the path that means. */
    char *name, *path;
    struct wx_file *dir;
    struct wx_budget *budget; /* the directory counts in it */
};

static struct guard *guard_of(struct wx_file *f)
{
    return (struct guard *)(void *)wx_hostsock_of(f)->watch;
}

struct wx_net *wx_sock_net(const struct wx_wasi_call *c)
{
    struct wx_net *net = c->env->net;
    if (!net) {
        wx_wasi_denied(c, "no network was granted (--net, wax_builder_net())");
    }
    return net;
}

wx_werrno wx_sock_decide(const struct wx_wasi_call *c, const struct wx_net_query *q,
                         struct wx_net_verdict *ret)
{
    char what[WX_NET_QUERY_TEXT], rule[WX_NET_QUERY_TEXT];
    if (q->inside && !c->env->net) { /* nobody says otherwise */
        return 0;
    }
    struct wx_net *net = wx_sock_net(c);
    if (!net) {
        *ret = (struct wx_net_verdict){.why = "no network was granted"};
        return WX_WERRNO_PERM;
    }
    *ret = wx_net_decide(net, q);
    if (ret->allowed) {
        return 0;
    }
    (void)wx_net_query_text(q, what);
    if (ret->rule) {
        wx_wasi_denied(c, "%s: network rule %u, %s", what, ret->rule, ret->why);
    } else {
        wx_wasi_denied(c, "%s: %s; --net %s would allow it", what, ret->why,
                       wx_net_suggest(q, rule));
    }
    return WX_WERRNO_PERM;
}

static const char *refuses(struct wx_sock_watch *watch, struct wx_hostsock *s, bool leaves,
                           const struct sockaddr *peer)
{
    struct guard *g = (struct guard *)(void *)watch;
    struct wx_net_query q;
    struct wx_net_ip ip;
    uint16_t port;
    enum wx_net_op op = leaves                   ? WX_NET_SEND
                        : s->type == SOCK_STREAM ? WX_NET_ACCEPT
                                                 : WX_NET_RECEIVE;
    if (!wx_sock_query(&s->file, op, &q) || q.proto == WX_NET_UNIX) {
        return NULL; /* who has the path may use the socket */
    }
    if (!wx_net_from_sockaddr(peer, &ip, &port)) {
        return "an address of an unknown kind";
    }
    if (leaves) {
        q.ip = ip;
        q.port = port;
    } else {
        q.from = ip;
        q.from_port = port;
    }
    struct wx_net_verdict v = wx_net_decide(g->net, &q);
    return v.allowed ? NULL : v.why;
}

static void guard_free(struct wx_sock_watch *watch)
{
    struct guard *g = (struct guard *)(void *)watch;
    if (g->dir) {
        wx_net_remove_name(g->net, g);
        wx_file_unref(g->dir);
        wx_budget_give(g->budget);
    }
    wx_free(g->mem, g->name);
    wx_free(g->mem, g->path);
    wx_net_unref(g->net);
    wx_free(g->mem, g);
}

bool wx_sock_guard(struct wx_file *f, struct wx_net *net)
{
    struct guard *g = wx_zalloc(f->mem, sizeof *g);
    if (!g) {
        return false;
    }
    *g = (struct guard){.watch = {refuses, guard_free}, .mem = f->mem, .net = wx_net_ref(net)};
    wx_hostsock_of(f)->watch = &g->watch;
    return true;
}

bool wx_sock_query(struct wx_file *f, enum wx_net_op op, struct wx_net_query *ret)
{
    struct wx_hostsock *s = wx_hostsock_of(f);
    struct guard *g = (struct guard *)(void *)s->watch;
    if (!g) {
        return false;
    }
    *ret = (struct wx_net_query){.op = op,
                                 .proto = s->family == AF_UNIX     ? WX_NET_UNIX
                                          : s->type == SOCK_STREAM ? WX_NET_TCP
                                                                   : WX_NET_UDP};
    ret->ip.v6 = s->family == AF_INET6;
    if (wx_load_acquire(&g->bound)) { /* pairs with wx_sock_set_bound() */
        ret->ip = g->ip;
        ret->port = g->port;
        ret->path = g->path;
        ret->inside = g->path && !g->dir;
    }
    return true;
}

void wx_sock_set_bound(struct wx_file *f, const struct wx_net_ip *ip, uint16_t port)
{
    struct guard *g = guard_of(f);
    g->ip = *ip;
    g->port = port;
    wx_store_release(&g->bound, 1);
}

/* The name the host has for it is known to nobody else as long as the directory is open. */
static bool keep_name(struct guard *g, int host_fd)
{
    struct sockaddr_un a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    if (getsockname(host_fd, (struct sockaddr *)&a, &len) != 0) {
        return false;
    }
    a.sun_path[sizeof a.sun_path - 1] = '\0';
    return wx_net_add_name(g->net, g, a.sun_path, g->name);
}

bool wx_sock_set_path(struct wx_file *f, struct wx_budget *budget, const char *name,
                      const struct wx_root_place *at)
{
    struct guard *g = guard_of(f);
    char *copy = wx_strndup(g->mem, name, strlen(name));
    char *path = wx_strndup(g->mem, at->path, strlen(at->path));
    bool on_host = at->dir->host_fd >= 0;
    bool charged = copy && path && (!on_host || wx_budget_take(budget));
    if (charged) {
        g->name = copy;
        g->path = path;
        if (!on_host || keep_name(g, f->host_fd)) {
            g->dir = on_host ? wx_file_ref(at->dir) : NULL;
            g->budget = budget;
            wx_store_release(&g->bound, 1);
            return true;
        }
        g->name = g->path = NULL;
        wx_budget_give(budget);
    }
    wx_free(g->mem, copy);
    wx_free(g->mem, path);
    return false;
}

bool wx_sock_claim_path(struct wx_file *f)
{
    uint32_t no = 0;
    struct guard *g = guard_of(f);
    return g && wx_cas_acqrel(&g->claimed, &no, 1);
}

void wx_sock_unclaim_path(struct wx_file *f)
{
    wx_store_release(&guard_of(f)->claimed, 0); /* pairs with who claims it next */
}

const char *wx_sock_path(struct wx_file *f)
{
    const struct guard *g = guard_of(f);
    return g && wx_load_acquire(&g->bound) ? g->name : NULL;
}
