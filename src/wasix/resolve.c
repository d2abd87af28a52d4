/* SPDX-License-Identifier: Apache-2.0 */
/* resolve: addresses of a name, under the rules of the network. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "net/resolver.h"
#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasi/sock_watch.h"

enum { ADDR_STRIDE = 18, TAG_INET4 = 1, TAG_INET6 = 2 }; /* __wasi_addr_ip_t: tag @0, bytes @2 */

/* What the call keeps while it waits. */
struct state {
    struct wx_resolver *resolver;
    struct wx_budget *budget; /* its socket counts, as the guest's do */
    uint64_t addrs, n_addrs, ret_n;
    struct pollfd fds[2]; /* one more, as waits want */
};

static void state_free(struct wx_mem *mem, struct state *s)
{
    wx_resolver_free(s->resolver);
    wx_budget_give(s->budget);
    wx_free(mem, s);
}

static void abandon(struct wx_thread *t)
{
    const struct wx_guest_thread *self = t->owner;
    state_free(self->env->file_mem, t->out.wait.data);
}

static wx_werrno write_found(const struct wx_wasi_call *c, uint64_t addrs, uint64_t n_addrs,
                             uint64_t ret_n, const struct wx_dns_found *found)
{
    uint64_t n = found->n < n_addrs ? found->n : n_addrs;
    wx_werrno e = 0;
    for (uint64_t i = 0; i < n && !e; i++) {
        uint8_t b[ADDR_STRIDE] = {0};
        b[0] = found->ips[i].v6 ? TAG_INET6 : TAG_INET4;
        memcpy(b + 2, found->ips[i].b, found->ips[i].v6 ? 16 : 4);
        e = wx_guest_write(c, (wx_gptr){addrs + i * ADDR_STRIDE}, b, sizeof b);
    }
    return e ? e : wx_guest_write_size(c, (wx_gptr){ret_n}, n);
}

static enum wx_outcome resume(struct wx_thread *t, enum wx_wake why);

static wx_wasi_ret step(struct wx_wasi_call *c, struct state *s)
{
    int host = wx_resolver_step(s->resolver);
    if (host == EAGAIN) {
        s->fds[0] = (struct pollfd){.fd = s->resolver->fd, .events = POLLIN};
        c->t->out.wait = (struct wx_wait){.kind = WX_WAIT_FDS,
                                          .deadline_ns = s->resolver->deadline_ns,
                                          .fds = s->fds,
                                          .n_fds = 1,
                                          .resume = resume,
                                          .abandon = abandon,
                                          .data = s,
                                          .slots = c->slots,
                                          .state = {(uint64_t)(uintptr_t)c->binding}};
        return WX_RET_WAIT;
    }
    wx_werrno e = host ? wx_werrno_from_host(host)
                       : write_found(c, s->addrs, s->n_addrs, s->ret_n, &s->resolver->found);
    state_free(c->env->file_mem, s);
    return e;
}

static enum wx_outcome resume(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, (void *)(uintptr_t)w.state[0], w.slots);
    if (why == WX_WAKE_SIGNAL) {
        state_free(c.env->file_mem, w.data);
        return wx_wasi_finish(&c, WX_WERRNO_INTR);
    }
    return wx_wasi_finish(&c, step(&c, w.data));
}

static wx_wasi_ret begin(struct wx_wasi_call *c, const uint64_t *a, const char *name)
{
    struct wx_budget *budget = c->env->fds->budget;
    struct state *s = wx_zalloc(c->env->file_mem, sizeof *s);
    if (!s || !wx_budget_take(budget)) {
        wx_free(c->env->file_mem, s);
        return s ? WX_WERRNO_NFILE : WX_WERRNO_NOMEM;
    }
    s->budget = budget;
    s->addrs = a[3];
    s->n_addrs = a[4];
    s->ret_n = a[5];
    int host = wx_resolver_new(c->env->file_mem, c->env->net, name, &s->resolver);
    if (host) {
        state_free(c->env->file_mem, s);
        return wx_werrno_from_host(host);
    }
    return step(c, s);
}

/* An address stands for itself; "name:port" is taken for the name. */
static wx_wasi_ret resolve(struct wx_wasi_call *c, const uint64_t *a, const char *host, size_t len)
{
    struct wx_dns_found found = {.n = 1};
    struct wx_net_query q = {.op = WX_NET_RESOLVE};
    struct wx_net_verdict v;
    char name[WX_NET_NAME_MAX + 1];
    if (wx_net_ip_parse(host, len, &found.ips[0])) {
        return write_found(c, a[3], a[4], a[5], &found);
    }
    const char *colon = memchr(host, ':', len);
    size_t name_len = colon ? (size_t)(colon - host) : len;
    if (!wx_net_name_clean(host, name_len, name)) {
        return WX_WERRNO_NOENT;
    }
    q.name = name;
    wx_werrno e = wx_sock_decide(c, &q, &v);
    return e ? e : begin(c, a, name);
}

wx_wasi_ret wx_wasi_resolve(struct wx_wasi_call *c, const uint64_t *a)
{
    char *host;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[5]}, c->is64 ? 8 : 4);
    if (!e && a[4] > UINT64_MAX / ADDR_STRIDE) {
        e = WX_WERRNO_OVERFLOW;
    }
    e = e ? e : wx_guest_check(c, (wx_gptr){a[3]}, a[4] * ADDR_STRIDE);
    e = e ? e : wx_guest_read_str(c, (wx_gptr){a[0]}, a[1], UINT64_C(2) * WX_NET_NAME_MAX, &host);
    if (e) {
        return e;
    }
    wx_wasi_ret r = resolve(c, a, host, a[1]);
    wx_free(&c->env->mem, host);
    return r;
}
