/* SPDX-License-Identifier: Apache-2.0 */
/* Network access of a guest: nothing until a rule allows it. */
#ifndef WAXWING_NET_H
#define WAXWING_NET_H

#include <waxwing/wasi.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Add a network rule. The order of rules does not matter: what a deny rule fits is denied, else
 * what an allow rule fits is allowed, all else is denied. A rule is one of
 *
 *     off                                    nothing
 *     loopback                               127.0.0.0/8 and [::1], in and out
 *     all                                    everything but the built-in denials, any name
 *     virtual                                a network of the guest's own, and none of the host's
 *     allow:PROTO:DIR:HOST:PORTS             deny:... the same
 *     allow:PROTO:in:HOST:PORTS:from=RANGE   only what comes from there
 *     allow:PROTO:in:ADDRESS:PORT=ADDRESS:PORT  listen somewhere else on the host
 *     allow:unix:[DIR:]/PATTERN              AF_UNIX sockets in the guest's files; deny:...
 *     allow:dns:NAME                         ask for the addresses of a name; deny:dns:NAME
 *     dns:map:NAME=ADDRESS                   a name that is not asked for
 *     dns:server:ADDRESS[:PORT]              who is asked, instead of the host's name servers
 *
 * PROTO is tcp, udp or `*` for both; DIR is out (HOST is who the guest connects and sends to), in
 * (HOST is an address of ours the guest listens at) or `*`. HOST is `*`, an address or range
 * (10.0.0.1, 10.0.0.0/8, [::1], [fd00::/8]) or, to connect to, a name: api.example.com, or
 * `*.example.com` for what lies below it. PORTS is `*` or ports and ranges of them with commas
 * between: 80,443,8000-8100.
 *
 * A rule about a name allows to ask for its addresses, and to connect to those this guest was told
 * for it, for as long as they hold. A deny rule about a name fits the same addresses; to keep a
 * guest from a host for certain, deny its addresses.
 *
 * Built-in denials: loopback, this host (0.0.0.0, [::]), link-local and metadata services,
 * multicast, broadcast, also behind IPv4-mapped, NAT64 and 6to4 addresses; the first two only for
 * connecting. An allow rule lifts one for what it names within the range denied: `loopback`,
 * allow:tcp:out:127.0.0.1:80, a name of dns:map, but neither `*` nor a name that was resolved.
 *
 * PATTERN is a shell pattern for paths of the guest, absolute and without symbolic links, whatever
 * the guest wrote: `*` and `?` fit no slash and no dot at the beginning of a name. DIR is out (to
 * connect and to send datagrams), in (to bind), or both if it is left out. `all` has none of these:
 * a socket of the host below a mount reaches a program of the host. A mount that is read-only takes
 * none. Where files are in memory nobody else finds a socket: there no rule is needed.
 *
 * The virtual network is 127.0.0.0/8 and [::1] among the processes of one guest; the host makes no
 * socket of the Internet for it, and elsewhere is unreachable. Rules that allow something of tcp,
 * udp or dns beside it are WAX_E_INVALID when the environment is made. More in docs/network.md.
 *
 * A guest may bind to port 0 if it may send anything; to listen, the port that became must be
 * allowed. A datagram is let in by a rule for the address it came to, or one to send to its sender.
 *
 * @param builder  borrowed
 * @param rule     copied
 * @return WAX_OK; WAX_E_INVALID with column, excerpt and hint; WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_net(wax_builder *builder, const char *rule,
                                                wax_error **err);

/** What was decided about something a guest wanted to do. Fields may be added at the end. */
typedef struct wax_net_decision {
    const char *what;    /* "connect tcp 10.0.0.1:443", "resolve api.example.com" */
    int32_t allowed;     /* 1 or 0 */
    uint32_t rule;       /* number of the rule, from 1 as they were added; 0: none of them */
    const char *why;     /* text of the rule, or "built-in: …", or "no rule allows it" */
    const char *suggest; /* a rule that would allow it; "" if a rule decided */
} wax_net_decision;

/**
 * Receives one decision, on the guest thread that asked; several may come at once. The strings are
 * valid during the call. It must not call back into the guest.
 */
typedef void (*wax_net_fn)(void *data, const wax_net_decision *decision);

/**
 * Be told of every decision about the network: each connect, bind, listen, connection accepted,
 * datagram sent and received, name asked for. Without any rule each of them is told, and denied.
 *
 * @param builder  borrowed
 * @param fn       called while environments made by this builder live; NULL = nobody is told
 * @param data     given to it
 * @return WAX_OK; WAX_E_INVALID
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_net_log(wax_builder *builder, wax_net_fn fn, void *data,
                                                    wax_error **err);

/**
 * Tell what rules say, without a guest and without asking the host anything.
 *
 * @param rules    as for wax_builder_net()
 * @param n_rules  how many
 * @param what     "out:HOST:PORT/tcp" (or /udp), HOST an address or a name: then it is about the
 *                 addresses the name is resolved to; "in:ADDRESS:PORT/tcp", also with
 *                 "<ADDRESS:PORT" behind it for who calls; "out:unix:/PATH", "in:unix:/PATH";
 *                 "dns:NAME"
 * @param fn       called once with the decision
 * @param data     given to it
 * @return WAX_OK; WAX_E_INVALID: a rule or the question is malformed; WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_net_check(const char *const *rules, size_t n_rules,
                                              const char *what, wax_net_fn fn, void *data,
                                              wax_error **err);

#ifdef __cplusplus
}
#endif

#endif
