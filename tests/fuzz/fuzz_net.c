/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as network rules, a line each, and a question in the last one: rules that parse decide. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/policy.h"
#include "net/question.h"

/* What is denied everywhere is denied to whoever did not name it. */
static void ask(struct wx_net *net, const char *text)
{
    char name[WX_NET_NAME_MAX + 1], what[WX_NET_QUERY_TEXT], rule[WX_NET_QUERY_TEXT];
    struct wx_net_query q;
    if (wx_net_question_parse(text, &q, name, NULL) != WAX_OK) {
        return;
    }
    struct wx_net_verdict v = wx_net_decide(net, &q);
    bool any = net->rules.list.n || net->rules.virtual_net;
    if (!v.why || (v.rule > net->rules.texts.n) || (v.rule && v.allowed && !any)) {
        fuzz_fail("a decision without a reason");
    }
    (void)wx_net_query_text(&q, what);
    struct wx_net *other = wx_net_new(net->mem);
    bool called = q.op == WX_NET_ACCEPT || q.op == WX_NET_RECEIVE;
    if (wx_net_rules_add(&other->rules, wx_net_suggest(&q, rule), NULL) != WAX_OK) {
        fuzz_fail("the suggestion '%s' is no rule", rule);
    }
    if (!called && !wx_net_decide(other, &q).allowed) {
        fuzz_fail("'%s' does not allow '%s'", rule, what);
    }
    wx_net_unref(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_net *net = wx_net_new(&mem);
    char *text = wx_strndup(&mem, (const char *)data, size), *line, *rest = text, *last = text;
    while ((line = strsep(&rest, "\n"))) {
        wax_error *error = NULL;
        last = line;
        size_t before = net->rules.list.n;
        wax_status st = wx_net_rules_add(&net->rules, line, &error);
        if (st != WAX_OK &&
            (net->rules.list.n != before || wax_error_column(error) < 1 ||
             wax_error_column(error) > strlen(line) + 1 || !wax_error_hint(error)[0])) {
            fuzz_fail("an error without its place, or half a rule");
        }
        wax_error_free(error);
    }
    ask(net, last);
    wx_free(&mem, text);
    wx_net_unref(net);
    if (mem.n_live) {
        fuzz_fail("%llu allocations are left", (unsigned long long)mem.n_live);
    }
    return 0;
}
