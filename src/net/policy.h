/* SPDX-License-Identifier: Apache-2.0 */
/* Who may talk to whom: rules, what is denied without one, and names that were resolved. */
#ifndef WX_NET_POLICY_H
#define WX_NET_POLICY_H

#include <waxwing/net.h>

#include "net/rule.h"
#include "os/lock.h"

/** What is to be done. */
enum wx_net_op {
    WX_NET_CONNECT, /* out: ip is the peer */
    WX_NET_SEND,    /* a datagram, out: ip is the peer */
    WX_NET_BIND,    /* in: ip is our side; nobody can call yet */
    WX_NET_LISTEN,  /* in: the same, with the port it came to be */
    WX_NET_JOIN,    /* in: ip is a multicast group */
    WX_NET_ACCEPT,  /* in: ip is our side, from is who calls */
    WX_NET_RECEIVE, /* a datagram, in or as an answer: ip is our side, from the peer */
    WX_NET_RESOLVE  /* ask for the addresses of a name */
};

struct wx_net_query {
    enum wx_net_op op;
    uint8_t proto; /* WX_NET_TCP, …; 0 with RESOLVE */
    struct wx_net_ip ip;
    uint16_t port;
    struct wx_net_ip from;
    uint16_t from_port;
    const char *name; /* RESOLVE; else NULL, or what ip is taken to be the address of */
    const char *path; /* unix */
    bool inside;      /* unix: in memory, where only this guest's processes find it */
};

struct wx_net_verdict {
    bool allowed;
    uint32_t rule;   /* number of the rule, from 1; 0: none, then `why` tells */
    const char *why; /* text of the rule, or what else decided; lives as long as the policy */
    bool maps;       /* BIND: do it there instead */
    struct wx_net_ip to;
    uint16_t to_port;
};

/** A name somebody here resolved: only through it rules about the name apply. */
struct wx_net_ticket {
    struct wx_net_ip ip;
    uint64_t until_ns; /* monotonic */
    bool given;        /* by a rule dns:map, whose author named the address */
    char name[WX_NET_NAME_MAX + 1];
};

#define WX_NET_MAX_TICKETS 512

#define WX_NET_PATH_MAX 107 /* bytes of an AF_UNIX address, without its NUL */

/** A socket of the guest's that has a name on the host, which means nothing to the guest. */
struct wx_net_name {
    const void *owner;
    char host[WX_NET_PATH_MAX + 1], guest[WX_NET_PATH_MAX + 1];
};

/**
 * The network of a guest process, shared with what it forks. Rules do not change; tickets are
 * guarded by the lock, which is a leaf. Thread-safe.
 */
struct wx_net {
    struct wx_mem *mem;
    uint32_t refs; /* atomic */
    struct wx_net_rules rules;
    wax_net_fn log; /* told of every decision; NULL: nobody is */
    void *log_data;
    struct wx_mutex lock;
    WX_VEC(struct wx_net_ticket) tickets WAX_GUARDED_BY(&lock);
    size_t oldest WAX_GUARDED_BY(&lock); /* the next to be replaced when there are many */
    WX_VEC(struct wx_net_name) names WAX_GUARDED_BY(&lock);
};

/** Nothing is allowed yet; add rules before it is used. @return NULL when out of memory */
struct wx_net *wx_net_new(struct wx_mem *mem);
struct wx_net *wx_net_ref(struct wx_net *net);
void wx_net_unref(struct wx_net *net); /* NULL accepted */

/** Decide, and tell the log. */
struct wx_net_verdict wx_net_decide(struct wx_net *net, const struct wx_net_query *q);
/** The address a rule gives a name. */
bool wx_net_mapped(const struct wx_net *net, const char *name, struct wx_net_ip *ret);
/** The name server a rule chooses. */
bool wx_net_server(const struct wx_net *net, struct wx_net_ip *ret_ip, uint16_t *ret_port);
/** Remember what a name was resolved to, for `ttl_s` seconds (at least a minute, at most a day). */
void wx_net_remember(struct wx_net *net, const char *name, const struct wx_net_ip *ip,
                     uint32_t ttl_s, bool given);

/* Names of AF_UNIX sockets, one of each owner. */
bool wx_net_add_name(struct wx_net *net, const void *owner, const char *host, const char *guest);
void wx_net_remove_name(struct wx_net *net, const void *owner);
bool wx_net_find_name(struct wx_net *net, const char *host, char ret[WX_NET_PATH_MAX + 1]);

#define WX_NET_QUERY_TEXT 400
/** "connect tcp 10.0.0.1:443", "accept tcp 0.0.0.0:80 from 10.0.0.9:4711", … */
const char *wx_net_query_text(const struct wx_net_query *q, char buf[WX_NET_QUERY_TEXT]);
/** The rule that would allow it; "" if none does on its own. */
const char *wx_net_suggest(const struct wx_net_query *q, char buf[WX_NET_QUERY_TEXT]);

#endif
