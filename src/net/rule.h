/* SPDX-License-Identifier: Apache-2.0 */
/* One network rule, parsed from text; include/waxwing/net.h has the grammar. */
#ifndef WX_NET_RULE_H
#define WX_NET_RULE_H

#include "base/error.h"
#include "base/mem.h"
#include "base/vec.h"
#include "net/addr.h"

enum { WX_NET_TCP = 1, WX_NET_UDP = 2, WX_NET_UNIX = 4 }; /* protocols */
enum { WX_NET_OUT = 1, WX_NET_IN = 2 };                   /* who speaks first */

enum wx_net_rule_kind {
    WX_NET_RULE_ANY,   /* any address */
    WX_NET_RULE_CIDR,  /* a range of them */
    WX_NET_RULE_NAME,  /* what a name was resolved to */
    WX_NET_RULE_PATH,  /* a socket in the guest's filesystem */
    WX_NET_RULE_MAP,   /* a name stands for an address */
    WX_NET_RULE_DNS,   /* names that may, or may not, be asked for */
    WX_NET_RULE_SERVER /* who is asked for names */
};

#define WX_NET_MAX_PORTS 16
#define WX_NET_NAME_MAX 253 /* bytes of a name, RFC 1035 2.3.4 */

struct wx_net_ports {
    uint16_t lo, hi;
};

struct wx_net_rule {
    enum wx_net_rule_kind kind;
    uint32_t number; /* of the text it came from, from 1 */
    bool deny;
    uint8_t protos, dirs; /* sets */
    bool below;           /* name: what lies below it, "*.name" */
    bool has_from, maps;
    uint8_t n_ports;
    struct wx_net_ports ports[WX_NET_MAX_PORTS];
    struct wx_net_cidr cidr; /* CIDR; MAP, SERVER: the address */
    struct wx_net_cidr from; /* whose connections and datagrams, with has_from */
    struct wx_net_ip to;     /* where on the host it is bound, with maps */
    uint16_t to_port;        /* SERVER: its port */
    char *name;              /* lower case; path: the pattern */
};

/** What was asked for, in order; immutable once built. */
struct wx_net_rules {
    struct wx_mem *mem;
    WX_VEC(struct wx_net_rule) list;
    WX_VEC(char *) texts;
    bool by_name;         /* some rule is about what a name resolved to */
    uint32_t virtual_net; /* number of the rule "virtual"; 0: the network is the host's */
};

void wx_net_rules_init(struct wx_net_rules *rules, struct wx_mem *mem);
void wx_net_rules_fini(struct wx_net_rules *rules);
/**
 * Add a rule, or a class of them ("off", "loopback", "all", "virtual"). @return WAX_E_INVALID with
 * the place in the text and a hint; WAX_E_NOMEM
 */
wax_status wx_net_rules_add(struct wx_net_rules *rules, const char *text, wax_error **err);
/** Do they mean something together? @return WAX_E_INVALID: rules that a virtual network leaves out
 */
wax_status wx_net_rules_check(const struct wx_net_rules *rules, wax_error **err);

/** Lower case, without the dot at its end; false if it is none: labels, lengths, an address. */
bool wx_net_name_clean(const char *name, size_t len, char ret[WX_NET_NAME_MAX + 1]);
/** "localhost", and names below it (RFC 6761 6.3). */
bool wx_net_name_is_localhost(const char *name);
/** Is a clean name what the rule is about? */
bool wx_net_rule_has_name(const struct wx_net_rule *rule, const char *name);
bool wx_net_rule_has_port(const struct wx_net_rule *rule, uint16_t port);

#endif
