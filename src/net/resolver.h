/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of names, without blocking and without a thread. */
#ifndef WX_NET_RESOLVER_H
#define WX_NET_RESOLVER_H

#include "net/dns.h"
#include "net/policy.h"

/**
 * A name being resolved. While wx_resolver_step() answers EAGAIN it wants to be called again when
 * `fd` can be read, or at the deadline.
 */
struct wx_resolver {
    struct wx_mem *mem;
    struct wx_net *net;
    int fd;
    uint64_t deadline_ns;
    struct wx_dns_found found;
    bool given; /* by a rule, or as an address */
    char name[WX_NET_NAME_MAX + 1];
    /* The way there. */
    WX_VEC(char *) candidates; /* what is asked for in turn: the name, with domains to search */
    size_t candidate;
    struct sockaddr_storage servers[3];
    unsigned n_servers, tries;
    bool answered[2], no_name[2]; /* A and AAAA */
    uint8_t questions[2][WX_DNS_QUESTION_BYTES];
    size_t question_len[2];
    bool failed; /* some server could not tell */
};

/**
 * Begin: an address, localhost, a name of a rule dns:map and of /etc/hosts are known at once.
 * @param name  clean (wx_net_name_clean()); the policy was asked
 * @return host errno; 0: step it
 */
int wx_resolver_new(struct wx_mem *mem, struct wx_net *net, const char *name,
                    struct wx_resolver **ret);
void wx_resolver_free(struct wx_resolver *r); /* NULL accepted */
/**
 * @return 0: `found` is complete, and the network remembers it; EAGAIN; ENOENT: there is no such
 * name, or it has no address; ETIMEDOUT, EIO: no server could tell; another host errno
 */
int wx_resolver_step(struct wx_resolver *r);

#endif
