/* SPDX-License-Identifier: Apache-2.0 */
/* A resolver over the host's files and DNS. */
/*
 * In turn: rules dns:map, localhost, /etc/hosts, then the name servers of a rule dns:server or of
 * /etc/resolv.conf, each asked twice for A and AAAA at once over one connected UDP socket with a
 * number of our own and a port of the host's choosing. Names without a dot are asked for in the
 * domains to search first. What is found is remembered with its time to live (tickets).
 *
 * The C library's resolver blocks, or needs a thread; why not: docs/RATIONALE.md. Sources: RFC
 * 1035, resolv.conf(5), hosts(5).
 */
#include "net/resolver.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/sock.h"

enum { TRIES = 2, TRY_NS = 2000000000, DNS_PORT = 53, NOT_EXPIRING_S = 86400 };
enum { MAX_LINE = 4096, MAX_SEARCH = 6 };
static const uint16_t types[2] = {WX_DNS_A, WX_DNS_AAAA};

/* -------- files -------- */

/* Calls fn with the words of each line; longer lines are passed over. */
typedef bool (*words_fn)(struct wx_resolver *r, char **words, unsigned n);

static bool each_line(struct wx_resolver *r, const char *path, words_fn fn)
{
    enum { MAX_WORDS = 64 };
    char line[MAX_LINE];
    bool ok = true;
    FILE *f = fopen(path, "re");
    while (f && ok && !feof(f) && !ferror(f) && fgets(line, sizeof line, f)) {
        char *words[MAX_WORDS], *rest = line, *w;
        unsigned n = 0;
        if (!strchr(line, '\n')) {
            for (int ch = 0; ch != '\n' && ch != EOF;) {
                ch = getc(f);
            }
        }
        line[strcspn(line, "#;\n")] = '\0';
        while (n < MAX_WORDS && (w = strsep(&rest, " \t\r"))) {
            if (w[0]) {
                words[n++] = w;
            }
        }
        ok = n == 0 || fn(r, words, n);
    }
    if (f) {
        (void)fclose(f); /* read only */
    }
    return ok;
}

static void add_found(struct wx_resolver *r, const struct wx_net_ip *ip)
{
    if (r->found.n < WX_DNS_MAX_IPS) {
        r->found.ips[r->found.n] = *ip;
        r->found.ttl_s[r->found.n++] = NOT_EXPIRING_S;
    }
}

/* ADDRESS NAME... */
static bool host_line(struct wx_resolver *r, char **words, unsigned n)
{
    struct wx_net_ip ip;
    char clean[WX_NET_NAME_MAX + 1];
    for (unsigned i = 1; i < n; i++) {
        if (wx_net_name_clean(words[i], strlen(words[i]), clean) && strcmp(clean, r->name) == 0 &&
            wx_net_ip_parse(words[0], strlen(words[0]), &ip)) {
            wx_net_ip_normalise(&ip);
            add_found(r, &ip);
            break;
        }
    }
    return true;
}

static bool add_server(struct wx_resolver *r, const struct wx_net_ip *ip, uint16_t port)
{
    if (r->n_servers < sizeof r->servers / sizeof *r->servers) {
        (void)wx_net_to_sockaddr(ip, port, ip->v6 ? AF_INET6 : AF_INET,
                                 &r->servers[r->n_servers++]);
    }
    return true;
}

static bool add_candidate(struct wx_resolver *r, const char *domain)
{
    char full[2 * WX_NET_NAME_MAX + 2], clean[WX_NET_NAME_MAX + 1];
    (void)snprintf(full, sizeof full, "%s%s%.*s", r->name, domain[0] ? "." : "", WX_NET_NAME_MAX,
                   domain);
    if (!wx_net_name_clean(full, strlen(full), clean)) {
        return true;
    }
    char *copy = wx_strndup(r->mem, clean, strlen(clean));
    if (!copy || !wx_vec_push(r->mem, &r->candidates, copy)) {
        wx_free(r->mem, copy);
        return false;
    }
    return true;
}

/* "nameserver ADDRESS", "search DOMAIN...", "domain DOMAIN" */
static bool conf_line(struct wx_resolver *r, char **words, unsigned n)
{
    struct wx_net_ip ip;
    bool ok = true;
    if (strcmp(words[0], "nameserver") == 0 && n > 1 &&
        wx_net_ip_parse(words[1], strlen(words[1]), &ip)) {
        return add_server(r, &ip, DNS_PORT);
    }
    bool search = strcmp(words[0], "search") == 0 || strcmp(words[0], "domain") == 0;
    for (unsigned i = 1; search && !strchr(r->name, '.') && i < n && i <= MAX_SEARCH && ok; i++) {
        ok = add_candidate(r, words[i]);
    }
    return ok;
}

/* -------- beginning -------- */

/* What needs no server. */
static void look_here(struct wx_resolver *r)
{
    struct wx_net_ip ip;
    if (wx_net_mapped(r->net, r->name, &ip)) {
        r->given = true;
        add_found(r, &ip);
    } else if (wx_net_name_is_localhost(r->name)) {
        add_found(r, &(struct wx_net_ip){.b = {127, 0, 0, 1}});
        add_found(r, &(struct wx_net_ip){.v6 = true, .b = {[15] = 1}});
    } else if (!r->net->rules.virtual_net) {
        (void)each_line(r, "/etc/hosts", host_line);
    }
}

int wx_resolver_new(struct wx_mem *mem, struct wx_net *net, const char *name,
                    struct wx_resolver **ret)
{
    struct wx_resolver *r = wx_zalloc(mem, sizeof *r);
    struct wx_net_ip server;
    uint16_t port;
    if (!r) {
        return ENOMEM;
    }
    r->mem = mem;
    r->net = wx_net_ref(net);
    r->fd = -1;
    (void)snprintf(r->name, sizeof r->name, "%s", name);
    look_here(r);
    bool ok = true;
    if (!r->found.n && !net->rules.virtual_net) {
        bool chosen = wx_net_server(net, &server, &port);
        ok =
            (chosen ? add_server(r, &server, port) : each_line(r, "/etc/resolv.conf", conf_line)) &&
            add_candidate(r, "");
    }
    if (!ok) {
        wx_resolver_free(r);
        return ENOMEM;
    }
    *ret = r;
    return 0;
}

void wx_resolver_free(struct wx_resolver *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; i < r->candidates.n; i++) {
        wx_free(r->mem, r->candidates.p[i]);
    }
    wx_vec_fini(r->mem, &r->candidates);
    (void)wx_fd_close(&r->fd); /* nothing to lose */
    wx_net_unref(r->net);
    wx_free(r->mem, r);
}

/* -------- asking -------- */

/* Ask one server for the candidate at hand. @return host errno */
static int ask(struct wx_resolver *r)
{
    const struct sockaddr_storage *sa = &r->servers[r->tries % r->n_servers];
    uint16_t ids[2];
    (void)wx_fd_close(&r->fd);
    int e = wx_sock_open(sa->ss_family, SOCK_DGRAM, IPPROTO_UDP, &r->fd);
    e = e ? e : wx_random_fill(ids, sizeof ids);
    if (!e && connect(r->fd, (const struct sockaddr *)sa, sizeof *sa) != 0) {
        e = errno;
    }
    for (int i = 0; i < 2 && !e; i++) {
        r->answered[i] = r->no_name[i] = false;
        r->question_len[i] =
            wx_dns_ask(r->questions[i], ids[i], r->candidates.p[r->candidate], types[i]);
        if (send(r->fd, r->questions[i], r->question_len[i], MSG_NOSIGNAL) < 0) {
            e = errno;
        }
    }
    r->deadline_ns = wx_clock_after(TRY_NS);
    r->tries++;
    return e;
}

/* Take what has come. @return false: the server is not there */
static bool hear(struct wx_resolver *r)
{
    uint8_t b[WX_DNS_MAX_BYTES];
    for (;;) {
        ssize_t n = recv(r->fd, b, sizeof b, MSG_DONTWAIT);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        for (int i = 0; i < 2; i++) {
            enum wx_dns_verdict v = r->answered[i] ? WX_DNS_FOREIGN
                                                   : wx_dns_answer(b, (size_t)n, r->questions[i],
                                                                   r->question_len[i], &r->found);
            r->answered[i] = r->answered[i] || v != WX_DNS_FOREIGN;
            r->no_name[i] = r->no_name[i] || v == WX_DNS_NO_NAME;
            r->failed = r->failed || v == WX_DNS_FAILED;
            if (v != WX_DNS_FOREIGN) {
                break;
            }
        }
    }
}

static void remember(struct wx_resolver *r)
{
    for (uint32_t i = 0; i < r->found.n; i++) {
        wx_net_remember(r->net, r->name, &r->found.ips[i], r->found.ttl_s[i], r->given);
    }
}

/* The next server, or the next name. @return EAGAIN, or why there is none */
static int go_on(struct wx_resolver *r)
{
    bool told = r->answered[0] && r->answered[1] && !r->failed;
    if (told) { /* it is known that there is nothing */
        r->candidate++;
        r->tries = 0;
    }
    while (r->candidate < r->candidates.n && r->tries < TRIES * r->n_servers) {
        r->failed = false;
        if (ask(r) == 0) {
            return EAGAIN;
        }
    }
    return told ? ENOENT : r->failed ? EIO : ETIMEDOUT;
}

int wx_resolver_step(struct wx_resolver *r)
{
    if (r->found.n && r->fd < 0) {
        remember(r);
        return 0;
    }
    if (r->n_servers == 0) {
        return ENOENT; /* nobody to ask */
    }
    bool there = r->fd >= 0 && hear(r);
    bool all = r->fd >= 0 && r->answered[0] && r->answered[1];
    if (there && !all && wx_clock_now() < r->deadline_ns) {
        return EAGAIN;
    }
    if (r->found.n) { /* what there is, also if one half is missing */
        remember(r);
        return 0;
    }
    return go_on(r);
}
