/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of network rules. */
/*
 *   RULE  := "off" | "loopback" | "all" | "virtual"
 *          | ("allow" | "deny") ":" PROTO ":" DIR ":" HOST ":" PORTS [":from=" RANGE] ["=" ADDR]
 *          | ("allow" | "deny") ":unix:" [DIR ":"] "/" PATTERN
 *          | ("allow" | "deny") ":dns:" NAME | "dns:map:" NAME "=" IP
 *          | "dns:server:" IP [":" port]
 *   PROTO := "tcp" | "udp" | "*"       DIR := "in" | "out" | "*"
 *   HOST  := "*" | RANGE | NAME        RANGE := IPv4["/"N] | "[" IPv6 ["/"N] "]"
 *   PORTS := "*" | port ["-" port] {"," port ["-" port]}
 *
 * A cursor walks the text once. Every error names what was expected where, with a caret below it.
 */
#include "net/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *text, *p;
    struct wx_mem *mem;
    wax_error **err;
};

void wx_net_rules_init(struct wx_net_rules *rules, struct wx_mem *mem)
{
    memset(rules, 0, sizeof *rules);
    rules->mem = mem;
}

void wx_net_rules_fini(struct wx_net_rules *rules)
{
    for (size_t i = 0; i < rules->list.n; i++) {
        wx_free(rules->mem, rules->list.p[i].name);
    }
    for (size_t i = 0; i < rules->texts.n; i++) {
        wx_free(rules->mem, rules->texts.p[i]);
    }
    wx_vec_fini(rules->mem, &rules->list);
    wx_vec_fini(rules->mem, &rules->texts);
}

/* -------- errors -------- */

/* At `at`, which lies in the text: what is wrong there. */
static wax_status wrong(const struct cursor *c, const char *at, const char *what, const char *hint)
{
    enum { SHOWN = 200 };
    size_t len = strlen(c->text), off = (size_t)(at - c->text);
    size_t from = off > SHOWN / 2 ? off - SHOWN / 2 : 0;
    char excerpt[2 * SHOWN + 8];
    int shown = (int)(len - from < SHOWN ? len - from : SHOWN);
    (void)snprintf(excerpt, sizeof excerpt, "%.*s\n%*s^", shown, c->text + from, (int)(off - from),
                   "");
    (void)wx_fail(c->err, WAX_E_INVALID, "network rule '%.200s': %s", c->text, what);
    wx_error_set_source(c->err, 1, (uint32_t)off + 1, excerpt);
    wx_error_set_hint(c->err, "%s", hint);
    return WAX_E_INVALID;
}

/* -------- words -------- */

static size_t word_len(const struct cursor *c, const char *ends) { return strcspn(c->p, ends); }

static bool is_word(const char *p, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(p, word, len) == 0;
}

struct choice {
    const char *word;
    uint8_t value;
};

/* One of the words, up to a colon, which is passed over, too. */
static wax_status take_choice(struct cursor *c, const struct choice *choices, uint8_t *ret,
                              const char *what, const char *hint)
{
    size_t len = word_len(c, ":");
    for (; choices->word; choices++) {
        if (is_word(c->p, len, choices->word) && c->p[len] == ':') {
            c->p += len + 1;
            *ret = choices->value;
            return WAX_OK;
        }
    }
    return wrong(c, c->p, what, hint);
}

static const struct choice dirs[] = {
    {"in", WX_NET_IN}, {"out", WX_NET_OUT}, {"*", WX_NET_IN | WX_NET_OUT}, {NULL, 0}};

/* Decimal, at most `max`, without signs and leading zeros. */
static bool parse_number(const char *p, size_t len, uint32_t max, uint32_t *ret)
{
    uint32_t v = 0;
    if (len == 0 || len > 5 || (len > 1 && p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
        v = v * 10 + (uint32_t)(p[i] - '0');
    }
    *ret = v;
    return v <= max;
}

/* -------- names -------- */

bool wx_net_name_clean(const char *name, size_t len, char ret[WX_NET_NAME_MAX + 1])
{
    size_t label = 0;
    bool letters = false; /* in the last label: a name never ends in a number */
    len -= len > 1 && name[len - 1] == '.';
    if (len == 0 || len > WX_NET_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char ch = name[i];
        bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
        bool inner = (ch >= '0' && ch <= '9') || ch == '-';
        if (ch == '.' ? label == 0 : (!letter && !inner) || label == 63) {
            return false;
        }
        label = ch == '.' ? 0 : label + 1;
        letters = ch != '.' && (letters || letter || ch == '-');
        ret[i] = (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
    }
    ret[len] = '\0';
    return label > 0 && letters;
}

bool wx_net_name_is_localhost(const char *name)
{
    static const char word[] = "localhost";
    size_t len = strlen(name), n = sizeof word - 1;
    return len >= n && strcmp(name + len - n, word) == 0 && (len == n || name[len - n - 1] == '.');
}

bool wx_net_rule_has_name(const struct wx_net_rule *rule, const char *name)
{
    if (!rule->below) {
        return strcmp(rule->name, name) == 0;
    }
    size_t len = strlen(name), tail = strlen(rule->name);
    return len > tail + 1 && name[len - tail - 1] == '.' &&
           strcmp(name + len - tail, rule->name) == 0;
}

bool wx_net_rule_has_port(const struct wx_net_rule *rule, uint16_t port)
{
    for (unsigned i = 0; i < rule->n_ports; i++) {
        if (port >= rule->ports[i].lo && port <= rule->ports[i].hi) {
            return true;
        }
    }
    return false;
}

static wax_status take_name(struct cursor *c, const char *ends, struct wx_net_rule *r)
{
    char clean[WX_NET_NAME_MAX + 1];
    const char *at = c->p;
    size_t len = word_len(c, ends);
    r->below = len > 2 && c->p[0] == '*' && c->p[1] == '.';
    size_t skip = r->below ? 2 : 0;
    if (!wx_net_name_clean(c->p + skip, len - skip, clean)) {
        return wrong(c, at, "this is no address and no name",
                     "10.0.0.1, 10.0.0.0/8, [fd00::1], [fd00::/8], api.example.com, "
                     "*.example.com, or * for any address");
    }
    c->p += len;
    r->name = wx_strndup(c->mem, clean, strlen(clean));
    return r->name ? WAX_OK : wx_fail_nomem(c->err, "a network rule");
}

/* -------- addresses and ports -------- */

/* ADDRESS[/BITS] up to `len`; false: no address at all. */
static bool take_range(struct cursor *c, struct wx_net_cidr *ret, wax_status *ret_st)
{
    const char *at = c->p;
    bool v6 = c->p[0] == '[';
    size_t len = v6 ? word_len(c, "]") : word_len(c, ":=");
    const char *from = c->p + v6;
    const char *slash = memchr(from, '/', len - v6);
    size_t ip_len = slash ? (size_t)(slash - from) : len - v6;
    uint32_t bits = 0;
    *ret_st = WAX_OK;
    if ((v6 && c->p[len] != ']') || !wx_net_ip_parse(from, ip_len, &ret->ip) || ret->ip.v6 != v6) {
        if (v6) {
            *ret_st = wrong(c, at, "this is no IPv6 address", "as in [fd00::1] or [fd00::/8]");
        }
        return v6;
    }
    uint32_t all = v6 ? 128 : 32;
    if (slash && !parse_number(slash + 1, len - (size_t)(slash + 1 - c->p), all, &bits)) {
        *ret_st = wrong(c, slash + 1, "this is no length of a prefix",
                        v6 ? "0 to 128, as in [fd00::/8]" : "0 to 32, as in 10.0.0.0/8");
        return true;
    }
    ret->bits = (uint8_t)(slash ? bits : all);
    if (!wx_net_cidr_clean(ret)) {
        *ret_st = wrong(c, at, "bits of the address lie behind its prefix",
                        "write the first address of the range, as in 10.0.0.0/8");
    }
    if (ret->ip.v6 && ret->bits >= 96) { /* rules are tested against what they mean */
        struct wx_net_ip v4 = ret->ip;
        wx_net_ip_normalise(&v4);
        ret->bits = (uint8_t)(v4.v6 ? ret->bits : ret->bits - 96);
        ret->ip = v4;
    }
    c->p += len + v6;
    return true;
}

static wax_status take_host(struct cursor *c, struct wx_net_rule *r)
{
    wax_status st;
    size_t len = word_len(c, ":=");
    if (len == 1 && c->p[0] == '*') {
        r->kind = WX_NET_RULE_ANY;
        c->p++;
        return WAX_OK;
    }
    r->kind = WX_NET_RULE_CIDR;
    if (take_range(c, &r->cidr, &st)) {
        return st;
    }
    r->kind = WX_NET_RULE_NAME;
    return take_name(c, ":=", r);
}

static wax_status take_ports(struct cursor *c, struct wx_net_rule *r)
{
    static const char hint[] = "443, 1-1024, 80,443,8000-8100, or * for any port";
    if (c->p[0] == '*') {
        r->ports[r->n_ports++] = (struct wx_net_ports){0, UINT16_MAX};
        c->p++;
        return WAX_OK;
    }
    for (;;) {
        const char *at = c->p;
        uint32_t lo, hi;
        size_t len = word_len(c, ",-:=");
        if (!parse_number(c->p, len, UINT16_MAX, &lo)) {
            return wrong(c, at, "this is no port", hint);
        }
        c->p += len;
        hi = lo;
        if (c->p[0] == '-') {
            c->p++;
            len = word_len(c, ",-:=");
            if (!parse_number(c->p, len, UINT16_MAX, &hi) || hi < lo) {
                return wrong(c, c->p, "this is no end of a range of ports", hint);
            }
            c->p += len;
        }
        if (r->n_ports == WX_NET_MAX_PORTS) {
            return wrong(c, at, "too many ports", "at most 16 ranges; use two rules");
        }
        r->ports[r->n_ports++] = (struct wx_net_ports){(uint16_t)lo, (uint16_t)hi};
        if (c->p[0] != ',') {
            return WAX_OK;
        }
        c->p++;
    }
}

/* [":from=" RANGE] */
static wax_status take_from(struct cursor *c, struct wx_net_rule *r)
{
    static const char word[] = ":from=";
    wax_status st = WAX_OK;
    if (strncmp(c->p, word, sizeof word - 1) != 0) {
        return WAX_OK;
    }
    if (!(r->dirs & WX_NET_IN)) {
        return wrong(c, c->p, "only what comes in comes from somewhere",
                     "deny:tcp:in:*:*:from=10.0.0.0/8");
    }
    c->p += sizeof word - 1;
    r->has_from = true;
    if (!take_range(c, &r->from, &st)) {
        return wrong(c, c->p, "this is no address", "as in :from=10.0.0.0/8 or :from=[fd00::/8]");
    }
    return st;
}

/* ["=" ADDR ":" PORT]: an address the guest takes for its own is another one on the host. */
static wax_status take_remap(struct cursor *c, struct wx_net_rule *r)
{
    struct wx_net_cidr to;
    wax_status st = WAX_OK;
    uint32_t port;
    if (c->p[0] != '=') {
        return WAX_OK;
    }
    unsigned all = r->cidr.ip.v6 ? 128 : 32;
    if (r->deny || r->dirs != WX_NET_IN || r->kind != WX_NET_RULE_CIDR || r->cidr.bits != all ||
        r->n_ports != 1 || r->ports[0].lo != r->ports[0].hi) {
        return wrong(c, c->p, "only one address and port to listen on can be another on the host",
                     "allow:tcp:in:127.0.0.1:80=127.0.0.1:8080");
    }
    c->p++;
    const char *at = c->p;
    if (!take_range(c, &to, &st) || st != WAX_OK || to.bits != (to.ip.v6 ? 128 : 32) ||
        to.ip.v6 != r->cidr.ip.v6 || c->p[0] != ':' ||
        !parse_number(c->p + 1, strlen(c->p + 1), UINT16_MAX, &port)) {
        return st != WAX_OK ? st
                            : wrong(c, at, "this is no address and port of the same family",
                                    "allow:tcp:in:127.0.0.1:80=127.0.0.1:8080");
    }
    c->p += strlen(c->p);
    r->maps = true;
    r->to = to.ip;
    r->to_port = (uint16_t)port;
    return WAX_OK;
}

/* -------- rules -------- */

static wax_status expect_end(struct cursor *c)
{
    return c->p[0] ? wrong(c, c->p, "nothing can stand here", "the rule is complete before it")
                   : WAX_OK;
}

/* [DIR ":"] "/" PATTERN */
static wax_status take_path(struct cursor *c, struct wx_net_rule *r)
{
    r->kind = WX_NET_RULE_PATH;
    r->protos = WX_NET_UNIX;
    r->dirs = WX_NET_IN | WX_NET_OUT;
    if (c->p[0] != '/') {
        wax_status st = take_choice(c, dirs, &r->dirs, "neither a path nor a direction",
                                    "as in allow:unix:/run/app/*.sock or allow:unix:in:/run/*");
        if (st != WAX_OK) {
            return st;
        }
    }
    if (c->p[0] != '/') {
        return wrong(c, c->p, "the path is not absolute", "as in allow:unix:/run/app/*.sock");
    }
    r->name = wx_strndup(c->mem, c->p, strlen(c->p));
    return r->name ? WAX_OK : wx_fail_nomem(c->err, "a network rule");
}

/* NAME, behind "dns:" */
static wax_status take_dns(struct cursor *c, struct wx_net_rule *r)
{
    r->kind = WX_NET_RULE_DNS;
    r->dirs = WX_NET_OUT;
    if (strcmp(c->p, "*") == 0) {
        r->name = wx_strndup(c->mem, "", 0);
        r->below = true;
        return r->name ? WAX_OK : wx_fail_nomem(c->err, "a network rule");
    }
    wax_status st = take_name(c, ":=", r);
    return st == WAX_OK ? expect_end(c) : st;
}

/* Behind "allow:" or "deny:". */
static wax_status take_grant(struct cursor *c, struct wx_net_rule *r)
{
    enum { DNS = 64 };
    static const struct choice protos[] = {
        {"tcp", WX_NET_TCP},   {"udp", WX_NET_UDP}, {"*", WX_NET_TCP | WX_NET_UDP},
        {"unix", WX_NET_UNIX}, {"dns", DNS},        {NULL, 0}};
    wax_status st =
        take_choice(c, protos, &r->protos, "unknown protocol", "tcp, udp, unix, dns or *");
    if (st != WAX_OK || r->protos == WX_NET_UNIX) {
        return st != WAX_OK ? st : take_path(c, r);
    }
    if (r->protos == DNS) {
        return take_dns(c, r);
    }
    st = take_choice(c, dirs, &r->dirs, "unknown direction", "in, out or *");
    st = st == WAX_OK ? take_host(c, r) : st;
    if (st == WAX_OK && c->p[0] != ':') {
        return wrong(c, c->p, "a port is missing", "as in 10.0.0.1:443, or :* for any port");
    }
    if (st != WAX_OK) {
        return st;
    }
    if (r->kind == WX_NET_RULE_NAME && r->dirs != WX_NET_OUT) {
        return wrong(c, c->text, "a name can only be connected to",
                     "use direction out, or an address to listen on");
    }
    c->p++;
    st = take_ports(c, r);
    st = st == WAX_OK ? take_from(c, r) : st;
    st = st == WAX_OK ? take_remap(c, r) : st;
    return st == WAX_OK ? expect_end(c) : st;
}

/* NAME "=" IP, behind "dns:map:" */
static wax_status take_map(struct cursor *c, struct wx_net_rule *r)
{
    r->kind = WX_NET_RULE_MAP;
    wax_status st = take_name(c, "=", r);
    if (st != WAX_OK) {
        return st;
    }
    const char *ip = c->p + (c->p[0] == '=');
    size_t len = strlen(ip);
    bool bracket = len > 2 && ip[0] == '[' && ip[len - 1] == ']';
    if (ip == c->p || r->below ||
        !wx_net_ip_parse(ip + bracket, len - (bracket ? 2 : 0), &r->cidr.ip)) {
        return wrong(c, c->p, "this maps no name to an address", "as in dns:map:db.test=127.0.0.1");
    }
    wx_net_ip_normalise(&r->cidr.ip);
    return WAX_OK;
}

/* ADDRESS [":" port], behind "dns:server:" */
static wax_status take_server(struct cursor *c, struct wx_net_rule *r)
{
    static const char hint[] = "as in dns:server:10.0.0.53 or dns:server:[fd00::53]:5353";
    const char *at = c->p;
    uint32_t port = 53;
    wax_status st;
    r->kind = WX_NET_RULE_SERVER;
    if (!take_range(c, &r->cidr, &st) || st != WAX_OK ||
        r->cidr.bits != (r->cidr.ip.v6 ? 128 : 32)) {
        return st != WAX_OK ? st : wrong(c, at, "this is no address", hint);
    }
    if (c->p[0] == ':') {
        c->p++;
        if (!parse_number(c->p, strlen(c->p), UINT16_MAX, &port) || port == 0) {
            return wrong(c, c->p, "this is no port", hint);
        }
        c->p += strlen(c->p);
    }
    r->to_port = (uint16_t)port;
    return expect_end(c);
}

static wax_status take_rule(struct cursor *c, struct wx_net_rule *r)
{
    static const struct choice verbs[] = {{"allow", 0}, {"deny", 1}, {"dns", 2}, {NULL, 0}};
    static const struct choice kinds[] = {{"map", 0}, {"server", 1}, {NULL, 0}};
    uint8_t verb, server;
    wax_status st = take_choice(c, verbs, &verb, "this begins no rule",
                                "off, loopback, all, virtual, allow:..., deny:... or dns:map:...");
    if (st != WAX_OK) {
        return st;
    }
    r->deny = verb == 1;
    if (verb < 2) {
        return take_grant(c, r);
    }
    st = take_choice(c, kinds, &server, "unknown kind of dns rule",
                     "as in dns:map:db.test=127.0.0.1 or dns:server:10.0.0.53");
    return st != WAX_OK ? st : server ? take_server(c, r) : take_map(c, r);
}

/* Classes stand for rules. */
static const struct {
    const char *name;
    const char *rules[3];
} classes[] = {
    {"off", {NULL}},
    {"loopback", {"allow:*:*:127.0.0.0/8:*", "allow:*:*:[::1]:*", NULL}},
    {"all", {"allow:*:*:*:*", "allow:dns:*", NULL}},
    {"virtual", {NULL}},
};

static wax_status add_one(struct wx_net_rules *rules, const char *text, uint32_t number,
                          wax_error **err)
{
    struct cursor c = {.text = text, .p = text, .mem = rules->mem, .err = err};
    struct wx_net_rule r = {.number = number};
    wax_status st = take_rule(&c, &r);
    if (st == WAX_OK && !wx_vec_push(rules->mem, &rules->list, r)) {
        st = wx_fail_nomem(err, "a network rule");
    }
    if (st != WAX_OK) {
        wx_free(rules->mem, r.name);
        return st;
    }
    rules->by_name = rules->by_name || r.kind == WX_NET_RULE_NAME;
    return WAX_OK;
}

wax_status wx_net_rules_add(struct wx_net_rules *rules, const char *text, wax_error **err)
{
    char *copy = wx_strndup(rules->mem, text, strlen(text));
    if (!copy || !wx_vec_push(rules->mem, &rules->texts, copy)) {
        wx_free(rules->mem, copy);
        return wx_fail_nomem(err, "a network rule");
    }
    uint32_t number = (uint32_t)rules->texts.n;
    wax_status st = WAX_OK;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (strcmp(text, classes[i].name) == 0) {
            rules->virtual_net = strcmp(text, "virtual") == 0 ? number : rules->virtual_net;
            for (const char *const *r = classes[i].rules; *r && st == WAX_OK; r++) {
                st = add_one(rules, *r, number, err);
            }
            return st;
        }
    }
    st = add_one(rules, copy, number, err);
    if (st != WAX_OK) {
        wx_free(rules->mem, copy);
        rules->texts.n--;
    }
    return st;
}

wax_status wx_net_rules_check(const struct wx_net_rules *rules, wax_error **err)
{
    for (size_t i = 0; rules->virtual_net && i < rules->list.n; i++) {
        const struct wx_net_rule *r = &rules->list.p[i];
        bool host = r->kind == WX_NET_RULE_SERVER || r->kind == WX_NET_RULE_DNS ||
                    (r->protos & (WX_NET_TCP | WX_NET_UDP));
        if (!r->deny && host) {
            (void)wx_fail(err, WAX_E_INVALID,
                          "network rule '%.200s': nothing of the host can be "
                          "allowed to a guest with a virtual network",
                          rules->texts.p[r->number - 1]);
            wx_error_set_hint(err,
                              "leave out one of them; deny:..., unix and dns:map: go along with "
                              "virtual");
            return WAX_E_INVALID;
        }
    }
    return WAX_OK;
}
