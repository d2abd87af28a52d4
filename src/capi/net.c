/* SPDX-License-Identifier: Apache-2.0 */
/* Public network rules. */
#include "capi/net.h"

#include <string.h>

#include "capi/capi.h"
#include "net/question.h"
#include "vfs/vnet.h"
#include "wasi/env.h"

void wx_net_spec_fini(struct wx_net_spec *spec, struct wx_mem *mem)
{
    for (size_t i = 0; i < spec->rules.n; i++) {
        wx_free(mem, spec->rules.p[i]);
    }
    wx_vec_fini(mem, &spec->rules);
}

wax_status wx_net_spec_add(struct wx_net_spec *spec, struct wx_mem *mem, const char *rule,
                           wax_error **err)
{
    struct wx_net_rules probe;
    wx_net_rules_init(&probe, mem);
    wax_status st = wx_net_rules_add(&probe, rule, err);
    wx_net_rules_fini(&probe);
    if (st != WAX_OK) {
        return st;
    }
    char *copy = wx_strndup(mem, rule, strlen(rule));
    if (!copy || !wx_vec_push(mem, &spec->rules, copy)) {
        wx_free(mem, copy);
        return wx_fail_nomem(err, "a network rule");
    }
    return WAX_OK;
}

static wax_status make(const char *const *rules, size_t n, struct wx_mem *mem,
                       struct wx_net **ret_net, wax_error **err)
{
    struct wx_net *net = wx_net_new(mem);
    wax_status st = net ? WAX_OK : wx_fail_nomem(err, "a network");
    for (size_t i = 0; i < n && st == WAX_OK; i++) {
        st = wx_net_rules_add(&net->rules, rules[i], err);
    }
    st = st == WAX_OK ? wx_net_rules_check(&net->rules, err) : st;
    if (st != WAX_OK) {
        wx_net_unref(net);
        return st;
    }
    *ret_net = net;
    return WAX_OK;
}

wax_status wx_net_spec_make(const struct wx_net_spec *spec, struct wx_env *env, wax_error **err)
{
    if (spec->rules.n == 0 && !spec->fn) {
        return WAX_OK;
    }
    wax_status st =
        make((const char *const *)spec->rules.p, spec->rules.n, env->file_mem, &env->net, err);
    if (st == WAX_OK) {
        env->net->log = spec->fn;
        env->net->log_data = spec->data;
    }
    if (st == WAX_OK && env->net->rules.virtual_net) {
        env->vnet = wx_vnet_new(env->file_mem);
        st = env->vnet ? WAX_OK : wx_fail_nomem(err, "a virtual network");
    }
    return st;
}

wax_status wax_net_check(const char *const *rules, size_t n_rules, const char *what, wax_net_fn fn,
                         void *data, wax_error **err)
{
    WX_REQUIRE(what && fn && (rules || n_rules == 0), err, "an argument is NULL");
    struct wx_mem mem;
    struct wx_net *net;
    struct wx_net_query q;
    char name[WX_NET_NAME_MAX + 1];
    wx_mem_init(&mem, NULL, 0);
    wax_status st = wx_net_question_parse(what, &q, name, err);
    st = st == WAX_OK ? make(rules, n_rules, &mem, &net, err) : st;
    if (st != WAX_OK) {
        return st;
    }
    net->log = fn;
    net->log_data = data;
    (void)wx_net_decide(net, &q); /* tells it */
    wx_net_unref(net);
    return WAX_OK;
}
