/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions. */
/*
 * In this order: a deny rule that fits; a built-in denial, unless an allow rule names an address
 * within it; an allow rule that fits; no. The order of rules does not matter.
 *
 * A rule about a name fits an address only if this process resolved the name to it a while ago (a
 * ticket): an address is not let through because some name is, and the host's idea of the name does
 * not count. A name never lifts a built-in denial, or a zone somebody else controls would open the
 * metadata service or the loopback interface; a name its rule's author mapped to an address does.
 *
 * A virtual network is no host's: what stays in it is allowed, all else is not there. Deny rules
 * count as elsewhere. Nor is a socket anybody else's that has its place in memory.
 *
 * Datagrams come in where a rule lets them in, and from whoever they may be sent to.
 */
#include "net/policy.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/atomic.h"
#include "os/clock.h"

struct wx_net *wx_net_new(struct wx_mem *mem)
{
    struct wx_net *net = wx_zalloc(mem, sizeof *net);
    if (net) {
        net->mem = mem;
        net->refs = 1;
        wx_net_rules_init(&net->rules, mem);
        wx_mutex_init(&net->lock);
    }
    return net;
}

struct wx_net *wx_net_ref(struct wx_net *net)
{
    if (net) {
        (void)wx_add_relaxed(&net->refs, 1);
    }
    return net;
}

void wx_net_unref(struct wx_net *net)
{
    if (!net || wx_sub_acqrel(&net->refs, 1) != 1) {
        return;
    }
    wx_mutex_lock(&net->lock);
    wx_vec_fini(net->mem, &net->tickets);
    wx_vec_fini(net->mem, &net->names);
    wx_mutex_unlock(&net->lock);
    wx_mutex_fini(&net->lock);
    wx_net_rules_fini(&net->rules);
    wx_free(net->mem, net);
}

/* -------- what is denied without a rule -------- */

struct builtin {
    const char *why;
    bool only_out; /* to listen there is the interface's business, not this list's */
    struct wx_net_cidr range;
};

#define V4(A, B, C, D, BITS) {.ip = {.b = {A, B, C, D}}, .bits = (BITS)}
static const struct builtin builtins[] = {
    {"built-in: loopback", true, V4(127, 0, 0, 0, 8)},
    {"built-in: loopback", true, {.ip = {.v6 = true, .b = {[15] = 1}}, .bits = 128}},
    {"built-in: this host", true, V4(0, 0, 0, 0, 8)},
    {"built-in: this host", true, {.ip = {.v6 = true}, .bits = 128}},
    {"built-in: link-local and metadata", false, V4(169, 254, 0, 0, 16)},
    {"built-in: link-local", false, {.ip = {.v6 = true, .b = {0xfe, 0x80}}, .bits = 10}},
    {"built-in: metadata", false, V4(100, 100, 100, 200, 32)},
    {"built-in: metadata", false, V4(168, 63, 129, 16, 32)},
    {"built-in: metadata",
     false,
     {.ip = {.v6 = true, .b = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}}, .bits = 128}},
    {"built-in: multicast", false, V4(224, 0, 0, 0, 4)},
    {"built-in: multicast", false, {.ip = {.v6 = true, .b = {0xff}}, .bits = 8}},
    {"built-in: broadcast and reserved", false, V4(240, 0, 0, 0, 4)},
};

static const struct builtin *find_builtin(const struct wx_net_ip *ip, uint8_t dir)
{
    struct wx_net_ip v4;
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++) {
        if ((dir == WX_NET_OUT || !builtins[i].only_out) &&
            wx_net_cidr_has(&builtins[i].range, ip)) {
            return &builtins[i];
        }
    }
    return wx_net_ip_embedded(ip, &v4) ? find_builtin(&v4, dir) : NULL;
}

/* -------- rules -------- */

/* What a ticket says of an address. */
enum ticket { NO_TICKET, RESOLVED, GIVEN };

static enum ticket find_ticket(struct wx_net *net, const struct wx_net_rule *r,
                               const struct wx_net_query *q)
{
    enum ticket found = NO_TICKET;
    if (q->name) { /* taken to be so */
        return wx_net_rule_has_name(r, q->name) ? RESOLVED : NO_TICKET;
    }
    uint64_t now = wx_clock_now();
    wx_mutex_lock(&net->lock);
    for (size_t i = 0; i < net->tickets.n && found != GIVEN; i++) {
        const struct wx_net_ticket *t = &net->tickets.p[i];
        if (wx_net_ip_equal(&t->ip, &q->ip) && (t->given || now < t->until_ns) &&
            wx_net_rule_has_name(r, t->name)) {
            found = t->given ? GIVEN : RESOLVED;
        }
    }
    wx_mutex_unlock(&net->lock);
    return found;
}

static bool fits_path(const struct wx_net_rule *r, const struct wx_net_query *q, uint8_t dir)
{
    return r->kind == WX_NET_RULE_PATH && (r->dirs & dir) && q->path &&
           fnmatch(r->name, q->path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

/* An address within the range, or one that carries one of it. */
static bool names(const struct wx_net_rule *r, const struct builtin *b)
{
    bool other_family = r->cidr.ip.v6 && !b->range.ip.v6;
    return wx_net_cidr_within(&r->cidr, &b->range) || (other_family && r->cidr.bits == 128);
}

/* All addresses of this host are to be listened on, and one of them the rule denies. */
static bool denies_part(const struct wx_net_rule *r, const struct wx_net_query *q, uint8_t dir)
{
    return r->deny && dir == WX_NET_IN && wx_net_ip_unspecified(&q->ip) &&
           (q->ip.v6 || !r->cidr.ip.v6);
}

/* Does the rule speak of this? *ret_exact: it names the address itself, or its author did. */
static bool fits(struct wx_net *net, const struct wx_net_rule *r, const struct wx_net_query *q,
                 uint8_t dir, const struct builtin *b, bool *ret_exact)
{
    *ret_exact = false;
    if (!(r->protos & q->proto) || !(r->dirs & dir)) {
        return false;
    }
    if (q->proto == WX_NET_UNIX) {
        *ret_exact = true;
        return fits_path(r, q, dir);
    }
    if (!wx_net_rule_has_port(r, q->port)) {
        /* any free port is none yet: what it becomes is asked for when somebody may call */
        bool any = q->op == WX_NET_BIND && q->port == 0 && !r->deny;
        if (!any) {
            return false;
        }
    }
    if (r->has_from && dir == WX_NET_IN) {
        bool called = q->op == WX_NET_ACCEPT || q->op == WX_NET_RECEIVE;
        if (called ? !wx_net_cidr_has(&r->from, &q->from) : r->deny) {
            return false;
        }
    }
    enum ticket t;
    switch (r->kind) {
    case WX_NET_RULE_ANY: return true;
    case WX_NET_RULE_CIDR:
        *ret_exact = b && names(r, b);
        return q->name ? r->cidr.bits == 0
                       : wx_net_cidr_has(&r->cidr, &q->ip) || denies_part(r, q, dir);
    case WX_NET_RULE_NAME:
        t = find_ticket(net, r, q);
        *ret_exact = t == GIVEN;
        return t != NO_TICKET;
    default: return false;
    }
}

static struct wx_net_verdict by_rule(const struct wx_net *net, const struct wx_net_rule *r)
{
    return (struct wx_net_verdict){.allowed = !r->deny,
                                   .rule = r->number,
                                   .why = net->rules.texts.p[r->number - 1],
                                   .maps = r->maps,
                                   .to = r->to,
                                   .to_port = r->to_port};
}

/* What no rule speaks of. */
static struct wx_net_verdict by_place(const struct wx_net *net, const struct wx_net_query *q,
                                      const struct wx_net_verdict *otherwise)
{
    uint32_t number = net->rules.virtual_net;
    if (q->proto == WX_NET_UNIX && q->inside) {
        return (struct wx_net_verdict){.allowed = true, .why = "built-in: inside the guest"};
    }
    if (!number || q->proto == WX_NET_UNIX) {
        return *otherwise;
    }
    static const struct wx_net_cidr here[] = {V4(127, 0, 0, 0, 8),
                                              {.ip = {.v6 = true, .b = {[15] = 1}}, .bits = 128}};
    bool is_here =
        !q->name && (wx_net_ip_unspecified(&q->ip) || wx_net_cidr_has(&here[0], &q->ip) ||
                     wx_net_cidr_has(&here[1], &q->ip));
    return (struct wx_net_verdict){.allowed = is_here,
                                   .rule = is_here ? number : 0,
                                   .why = is_here ? net->rules.texts.p[number - 1]
                                                  : "built-in: the virtual network ends here"};
}

static struct wx_net_verdict decide_in_dir(struct wx_net *net, const struct wx_net_query *q,
                                           uint8_t dir)
{
    const struct builtin *b = q->proto == WX_NET_UNIX || q->name ? NULL : find_builtin(&q->ip, dir);
    const struct wx_net_rule *allow = NULL;
    bool exact;
    for (size_t i = 0; i < net->rules.list.n; i++) {
        const struct wx_net_rule *r = &net->rules.list.p[i];
        if ((allow && !r->deny) || !fits(net, r, q, dir, b, &exact)) {
            continue;
        }
        if (r->deny) {
            return by_rule(net, r);
        }
        allow = !b || exact ? r : allow;
    }
    const struct wx_net_verdict no = {.why = b ? b->why : "no rule allows it"};
    return allow ? by_rule(net, allow) : by_place(net, q, &no);
}

/* A socket that is only to send from needs some port; what reaches it is another question. */
static bool any_out(const struct wx_net *net, uint8_t protos)
{
    for (size_t i = 0; i < net->rules.list.n; i++) {
        const struct wx_net_rule *r = &net->rules.list.p[i];
        if (!r->deny && (r->dirs & WX_NET_OUT) && (r->protos & protos)) {
            return true;
        }
    }
    return false;
}

static struct wx_net_verdict decide_bind(struct wx_net *net, const struct wx_net_query *q)
{
    struct wx_net_verdict v = decide_in_dir(net, q, WX_NET_IN);
    bool named = q->proto == WX_NET_UNIX; /* others find it */
    if (!v.allowed && v.rule == 0 && q->port == 0 && !named && any_out(net, q->proto)) {
        v = (struct wx_net_verdict){.allowed = true, .why = "built-in: any port to send from"};
    }
    return v;
}

/* What a rule lets in, and what answers somebody a rule lets be sent to. */
static struct wx_net_verdict decide_receive(struct wx_net *net, const struct wx_net_query *q)
{
    struct wx_net_query back = *q;
    back.ip = q->from;
    back.port = q->from_port;
    struct wx_net_verdict v = decide_in_dir(net, q, WX_NET_IN);
    if (v.allowed || v.rule) {
        return v;
    }
    struct wx_net_verdict out = decide_in_dir(net, &back, WX_NET_OUT);
    return out.allowed || out.rule ? out : v;
}

/*
 * A name may be asked for if something may be done with the answer that the name decides, or a rule
 * says so: a query tells its servers what the guest likes them to know.
 */
static struct wx_net_verdict decide_name(const struct wx_net *net, const char *name)
{
    const struct wx_net_rule *allow = NULL;
    for (size_t i = 0; i < net->rules.list.n; i++) {
        const struct wx_net_rule *r = &net->rules.list.p[i];
        bool about =
            r->kind == WX_NET_RULE_NAME || r->kind == WX_NET_RULE_DNS || r->kind == WX_NET_RULE_MAP;
        bool any = r->kind == WX_NET_RULE_DNS && r->below && !r->name[0];
        if (!about || !(any || wx_net_rule_has_name(r, name))) {
            continue;
        }
        if (r->deny && r->kind == WX_NET_RULE_DNS) {
            return by_rule(net, r);
        }
        allow = !r->deny && !allow ? r : allow;
    }
    uint32_t number = net->rules.virtual_net;
    if (!allow && number && wx_net_name_is_localhost(name)) {
        return (struct wx_net_verdict){
            .allowed = true, .rule = number, .why = net->rules.texts.p[number - 1]};
    }
    return allow ? by_rule(net, allow)
                 : (struct wx_net_verdict){.why = "no rule allows to ask for the name"};
}

/* A rule would not help where nothing is. */
static bool is_nowhere(const struct wx_net *net, const struct wx_net_query *q)
{
    return net->rules.virtual_net && q->proto != WX_NET_UNIX;
}

static void tell(const struct wx_net *net, const struct wx_net_query *q,
                 const struct wx_net_verdict *v)
{
    char text[WX_NET_QUERY_TEXT], suggest[WX_NET_QUERY_TEXT] = "";
    const wax_net_decision d = {
        .what = wx_net_query_text(q, text),
        .allowed = v->allowed,
        .rule = v->rule,
        .why = v->why,
        .suggest = v->allowed || v->rule || is_nowhere(net, q) ? "" : wx_net_suggest(q, suggest)};
    net->log(net->log_data, &d);
}

struct wx_net_verdict wx_net_decide(struct wx_net *net, const struct wx_net_query *q)
{
    struct wx_net_verdict v;
    switch (q->op) {
    case WX_NET_CONNECT:
    case WX_NET_SEND: v = decide_in_dir(net, q, WX_NET_OUT); break;
    case WX_NET_RESOLVE: v = decide_name(net, q->name); break;
    case WX_NET_RECEIVE: v = decide_receive(net, q); break;
    case WX_NET_BIND: v = decide_bind(net, q); break;
    default: v = decide_in_dir(net, q, WX_NET_IN); break;
    }
    if (net->log) {
        tell(net, q, &v);
    }
    return v;
}

/* -------- names -------- */

bool wx_net_mapped(const struct wx_net *net, const char *name, struct wx_net_ip *ret)
{
    for (size_t i = 0; i < net->rules.list.n; i++) {
        const struct wx_net_rule *r = &net->rules.list.p[i];
        if (r->kind == WX_NET_RULE_MAP && strcmp(r->name, name) == 0) {
            *ret = r->cidr.ip;
            return true;
        }
    }
    return false;
}

bool wx_net_server(const struct wx_net *net, struct wx_net_ip *ret_ip, uint16_t *ret_port)
{
    for (size_t i = 0; i < net->rules.list.n; i++) {
        const struct wx_net_rule *r = &net->rules.list.p[i];
        if (r->kind == WX_NET_RULE_SERVER) {
            *ret_ip = r->cidr.ip;
            *ret_port = r->to_port;
            return true;
        }
    }
    return false;
}

void wx_net_remember(struct wx_net *net, const char *name, const struct wx_net_ip *ip,
                     uint32_t ttl_s, bool given)
{
    enum { MINUTE = 60, DAY = 86400 };
    struct wx_net_ticket t = {.ip = *ip, .given = given};
    if (!net->rules.by_name) {
        return; /* nobody will ask */
    }
    ttl_s = ttl_s < MINUTE ? MINUTE : ttl_s > DAY ? DAY : ttl_s;
    t.until_ns = wx_clock_after((uint64_t)ttl_s * 1000000000u);
    (void)snprintf(t.name, sizeof t.name, "%s", name);
    wx_mutex_lock(&net->lock);
    for (size_t i = 0; i < net->tickets.n; i++) {
        struct wx_net_ticket *old = &net->tickets.p[i];
        if (wx_net_ip_equal(&old->ip, ip) && strcmp(old->name, name) == 0) {
            *old = t;
            wx_mutex_unlock(&net->lock);
            return;
        }
    }
    if (net->tickets.n >= WX_NET_MAX_TICKETS) {
        net->tickets.p[net->oldest] = t;
        net->oldest = (net->oldest + 1) % WX_NET_MAX_TICKETS;
    } else {
        (void)wx_vec_push(net->mem, &net->tickets, t); /* without memory: it is asked for again */
    }
    wx_mutex_unlock(&net->lock);
}

/* -------- text -------- */

static const char *proto_name(uint8_t proto)
{
    return proto == WX_NET_TCP ? "tcp" : proto == WX_NET_UDP ? "udp" : "unix";
}

const char *wx_net_query_text(const struct wx_net_query *q, char buf[WX_NET_QUERY_TEXT])
{
    static const char *const ops[] = {"connect", "send",   "bind",    "listen",
                                      "join",    "accept", "receive", "resolve"};
    char at[WX_NET_ENDPOINT_TEXT], from[WX_NET_ENDPOINT_TEXT];
    bool called = q->op == WX_NET_ACCEPT || q->op == WX_NET_RECEIVE;
    if (q->op == WX_NET_RESOLVE) {
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "resolve %s", q->name);
    } else if (q->path) {
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "%s unix %s", ops[q->op], q->path);
    } else if (q->name) {
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "%s %s %s:%u", ops[q->op], proto_name(q->proto),
                       q->name, q->port);
    } else {
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "%s %s %s%s%s", ops[q->op], proto_name(q->proto),
                       wx_net_endpoint_text(&q->ip, q->port, at), called ? " from " : "",
                       called ? wx_net_endpoint_text(&q->from, q->from_port, from) : "");
    }
    return buf;
}

/* A pattern that fits the path only. */
static void pattern_of(const char *path, char *ret, size_t size)
{
    size_t at = 0;
    for (; *path && at + 2 < size; path++) {
        if (strchr("*?[]\\", *path)) {
            ret[at++] = '\\';
        }
        ret[at++] = *path;
    }
    ret[at] = '\0';
}

const char *wx_net_suggest(const struct wx_net_query *q, char buf[WX_NET_QUERY_TEXT])
{
    char at[WX_NET_ENDPOINT_TEXT];
    bool out = q->op == WX_NET_CONNECT || q->op == WX_NET_SEND;
    if (q->op == WX_NET_RESOLVE) {
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "allow:dns:%s", q->name);
    } else if (q->path) {
        char pattern[WX_NET_QUERY_TEXT - 16];
        pattern_of(q->path, pattern, sizeof pattern);
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "allow:unix:%s:%s", out ? "out" : "in", pattern);
    } else if (q->name) {
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "allow:%s:out:%s:%u", proto_name(q->proto), q->name,
                       q->port);
    } else {
        (void)snprintf(buf, WX_NET_QUERY_TEXT, "allow:%s:%s:%s", proto_name(q->proto),
                       out ? "out" : "in", wx_net_endpoint_text(&q->ip, q->port, at));
    }
    return buf;
}
