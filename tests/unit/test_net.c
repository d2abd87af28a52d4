/* SPDX-License-Identifier: Apache-2.0 */
/* Network rules: what they say, what is wrong with them, and what nobody talks out of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/dns.h"
#include "net/policy.h"
#include "net/question.h"

static struct wx_mem mem;

/* Rules with spaces between; they must be right. */
static struct wx_net *net_with(const char *rules)
{
    char copy[1024], *rest = copy, *rule;
    struct wx_net *net = wx_net_new(&mem);
    assert_non_null(net);
    (void)snprintf(copy, sizeof copy, "%s", rules);
    while ((rule = strsep(&rest, " "))) {
        wax_error *error = NULL;
        if (rule[0] && wx_net_rules_add(&net->rules, rule, &error) != WAX_OK) {
            fail_msg("%s", wax_error_message(error));
        }
    }
    return net;
}

static struct wx_net_query question(const char *what)
{
    static char name[WX_NET_NAME_MAX + 1];
    struct wx_net_query q;
    wax_error *error = NULL;
    if (wx_net_question_parse(what, &q, name, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
    return q;
}

static struct wx_net_verdict ask(struct wx_net *net, const char *what)
{
    struct wx_net_query q = question(what);
    return wx_net_decide(net, &q);
}

#define ALLOWS(RULES, N, WHAT) says((RULES), true, (N), (WHAT), __LINE__)
#define DENIES(RULES, N, WHAT) says((RULES), false, (N), (WHAT), __LINE__)

static void says(const char *rules, bool allowed, uint32_t rule, const char *what, int line)
{
    struct wx_net *net = net_with(rules);
    struct wx_net_verdict v = ask(net, what);
    if (v.allowed != allowed || v.rule != rule) {
        fail_msg("line %d: %s under '%s': %s by rule %u, %s", line, what, rules,
                 v.allowed ? "allowed" : "denied", v.rule, v.why);
    }
    wx_net_unref(net);
    assert_int_equal(mem.n_live, 0);
}

static void test_rules(void **state)
{
    (void)state;
    DENIES("", 0, "out:10.0.0.1:80/tcp");
    DENIES("off", 0, "out:10.0.0.1:80/tcp");
    ALLOWS("all", 1, "out:10.0.0.1:80/tcp");
    ALLOWS("all", 1, "in:10.0.0.1:80/udp");
    ALLOWS("all", 1, "dns:example.com");
    ALLOWS("off allow:tcp:out:10.0.0.0/8:1-1024", 2, "out:10.255.0.1:1024/tcp");
    DENIES("allow:tcp:out:10.0.0.0/8:1-1024", 0, "out:10.0.0.1:1025/tcp");
    DENIES("allow:tcp:out:10.0.0.0/8:1-1024", 0, "out:11.0.0.1:80/tcp");
    DENIES("allow:tcp:out:10.0.0.0/8:1-1024", 0, "out:10.0.0.1:80/udp");
    DENIES("allow:tcp:out:10.0.0.0/8:1-1024", 0, "in:10.0.0.1:80/tcp");
    ALLOWS("allow:*:*:10.0.0.1:80,90-95,7", 1, "in:10.0.0.1:7/udp");
    ALLOWS("allow:*:*:10.0.0.1:80,90-95,7", 1, "out:10.0.0.1:93/tcp");
    DENIES("allow:*:*:10.0.0.1:80,90-95,7", 0, "out:10.0.0.1:81/tcp");
    ALLOWS("allow:udp:out:[fd00::/8]:53", 1, "out:[fd12::1]:53/udp");
    DENIES("allow:udp:out:[fd00::/8]:53", 0, "out:[fe00::1]:53/udp");
    ALLOWS("allow:tcp:out:0.0.0.0/0:*", 1, "out:8.8.8.8:1/tcp");
    DENIES("allow:tcp:out:0.0.0.0/0:*", 0, "out:[2001:db8::1]:1/tcp");
    ALLOWS("allow:tcp:out:10.1.2.128/25:*", 1, "out:10.1.2.129:1/tcp");
    DENIES("allow:tcp:out:10.1.2.128/25:*", 0, "out:10.1.2.127:1/tcp");
    /* the order does not matter */
    DENIES("allow:tcp:out:*:* deny:*:out:10.0.0.0/8:*", 2, "out:10.0.0.1:80/tcp");
    DENIES("deny:*:out:10.0.0.0/8:* allow:tcp:out:10.0.0.1:80", 1, "out:10.0.0.1:80/tcp");
}

static void test_who_calls(void **state)
{
    (void)state;
    const char *from = "allow:tcp:in:0.0.0.0:80:from=10.0.0.0/8";
    ALLOWS(from, 1, "in:0.0.0.0:80/tcp");
    ALLOWS(from, 1, "in:0.0.0.0:80/tcp<10.0.0.9:4711");
    DENIES(from, 0, "in:0.0.0.0:80/tcp<11.0.0.9:4711");
    ALLOWS(from, 1, "in:0.0.0.0:80/tcp<[::ffff:10.0.0.9]:4711");
    const char *but = "allow:tcp:in:*:* deny:tcp:in:*:*:from=10.1.0.0/16";
    ALLOWS(but, 1, "in:0.0.0.0:80/tcp");
    ALLOWS(but, 1, "in:0.0.0.0:80/tcp<10.2.0.9:4711");
    DENIES(but, 2, "in:0.0.0.0:80/tcp<10.1.0.9:4711");
    /* to listen everywhere is to listen there as well */
    DENIES("allow:tcp:in:*:* deny:tcp:in:10.0.0.5:22", 2, "in:0.0.0.0:22/tcp");
    DENIES("allow:tcp:in:*:* deny:tcp:in:10.0.0.5:22", 2, "in:[::]:22/tcp");
    ALLOWS("allow:tcp:in:*:* deny:tcp:in:10.0.0.5:22", 1, "in:0.0.0.0:23/tcp");
    ALLOWS("allow:tcp:in:*:* deny:tcp:in:[fd00::5]:22", 1, "in:0.0.0.0:22/tcp");
    /* an answer comes back, nothing else does */
    ALLOWS("allow:udp:out:10.0.0.1:53", 1, "in:0.0.0.0:4000/udp<10.0.0.1:53");
    DENIES("allow:udp:out:10.0.0.1:53", 0, "in:0.0.0.0:4000/udp<10.0.0.1:54");
    DENIES("allow:udp:out:*:* deny:udp:in:*:*:from=10.0.0.1/32", 2,
           "in:0.0.0.0:4000/udp<10.0.0.1:53");
    DENIES("allow:udp:in:*:* deny:udp:in:*:4000", 2, "in:0.0.0.0:4000/udp<10.0.0.1:53");
}

static void test_builtin(void **state)
{
    (void)state;
    static const char *const never[] = {
        "out:127.0.0.1:80/tcp",
        "out:127.255.0.1:80/udp",
        "out:[::1]:80/tcp",
        "out:0.0.0.0:80/tcp",
        "out:0.1.2.3:80/tcp",
        "out:[::]:80/tcp",
        "out:169.254.169.254:80/tcp",
        "out:[fe80::1]:80/tcp",
        "out:[febf::1]:80/tcp",
        "out:[fd00:ec2::254]:80/tcp",
        "out:100.100.100.200:80/tcp",
        "out:168.63.129.16:80/tcp",
        "out:224.0.0.1:80/udp",
        "out:239.255.255.255:80/udp",
        "out:[ff02::1]:80/udp",
        "out:255.255.255.255:80/udp",
        "out:240.0.0.1:80/tcp",
        "out:[::ffff:127.0.0.1]:80/tcp",
        "out:[::ffff:169.254.169.254]:80/tcp",
        "out:[64:ff9b::169.254.169.254]:80/tcp",
        "out:[64:ff9b::127.0.0.1]:80/tcp",
        "out:[2002:7f00:1::1]:80/tcp",
        "out:[::169.254.169.254]:80/tcp",
    };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        DENIES("all", 0, never[i]);
        DENIES("allow:*:*:0.0.0.0/0:* allow:*:*:[::/0]:* all", 0, never[i]);
    }
    ALLOWS("all", 1, "out:[fd00:ec2::255]:80/tcp");
    ALLOWS("all", 1, "out:[fec0::1]:80/tcp");
    ALLOWS("all", 1, "out:[64:ff9b::8.8.8.8]:80/tcp");
    /* an interface is listened on by whoever may */
    ALLOWS("all", 1, "in:0.0.0.0:80/tcp");
    ALLOWS("all", 1, "in:127.0.0.1:80/tcp");
    DENIES("all", 0, "in:224.0.0.1:80/udp");
    /* what is named is meant */
    ALLOWS("loopback", 1, "out:127.0.0.1:80/tcp");
    ALLOWS("loopback", 1, "out:[::ffff:127.0.0.1]:80/tcp");
    ALLOWS("loopback", 1, "out:[::1]:80/udp");
    DENIES("loopback", 0, "out:0.0.0.0:80/tcp");
    DENIES("loopback", 0, "out:10.0.0.1:80/tcp");
    DENIES("loopback", 0, "in:0.0.0.0:80/tcp");
    ALLOWS("allow:tcp:out:169.254.169.254:80", 1, "out:169.254.169.254:80/tcp");
    ALLOWS("allow:udp:out:224.0.0.0/8:*", 1, "out:224.0.0.1:80/udp");
    DENIES("allow:udp:out:128.0.0.0/1:*", 0, "out:224.0.0.1:80/udp");
    DENIES("all allow:tcp:out:169.254.169.254:80 deny:*:out:169.254.0.0/16:*", 3,
           "out:169.254.169.254:80/tcp");
}

static struct wx_net_ip ip_of(const char *s)
{
    struct wx_net_ip ip;
    assert_true(wx_net_ip_parse(s, strlen(s), &ip));
    return ip;
}

static void test_names(void **state)
{
    (void)state;
    struct wx_net *net = net_with("allow:tcp:out:*.example.com:443 allow:tcp:out:db.test:5432 "
                                  "dns:map:db.test=127.0.0.1 deny:tcp:out:bad.example.com:443");
    struct wx_net_ip a = ip_of("192.0.2.1"), b = ip_of("192.0.2.2"), local = ip_of("127.0.0.1");
    struct wx_net_ip mapped;
    assert_false(ask(net, "out:192.0.2.1:443/tcp").allowed);
    wx_net_remember(net, "elsewhere.test", &a, 300, false);
    wx_net_remember(net, "notexample.com", &a, 300, false);
    wx_net_remember(net, "example.com", &a, 300, false);
    assert_false(ask(net, "out:192.0.2.1:443/tcp").allowed);
    wx_net_remember(net, "api.example.com", &a, 300, false);
    assert_true(ask(net, "out:192.0.2.1:443/tcp").allowed);
    assert_false(ask(net, "out:192.0.2.1:444/tcp").allowed);
    assert_false(ask(net, "out:192.0.2.2:443/tcp").allowed); /* another address */
    wx_net_remember(net, "deep.api.example.com", &b, 300, false);
    assert_true(ask(net, "out:192.0.2.2:443/tcp").allowed); /* a second name of the same rule */
    wx_net_remember(net, "bad.example.com", &b, 300, false);
    assert_int_equal(ask(net, "out:192.0.2.2:443/tcp").rule, 4);
    /* a zone of somebody else does not open the loopback interface; who wrote the map does */
    wx_net_remember(net, "api.example.com", &local, 300, false);
    assert_false(ask(net, "out:127.0.0.1:443/tcp").allowed);
    assert_true(wx_net_mapped(net, "db.test", &mapped));
    assert_true(wx_net_ip_equal(&mapped, &local));
    wx_net_remember(net, "db.test", &mapped, 0, true);
    assert_true(ask(net, "out:127.0.0.1:5432/tcp").allowed);
    assert_false(ask(net, "out:127.0.0.1:443/tcp").allowed);
    assert_true(ask(net, "dns:api.example.com").allowed);
    assert_true(ask(net, "dns:API.Example.Com.").allowed);
    assert_true(ask(net, "dns:db.test").allowed);
    assert_false(ask(net, "dns:example.com").allowed);
    assert_false(ask(net, "dns:elsewhere.test").allowed);
    assert_true(ask(net, "out:api.example.com:443/tcp").allowed);
    assert_false(ask(net, "out:api.example.org:443/tcp").allowed);
    wx_net_unref(net);
    ALLOWS("allow:dns:*.corp deny:dns:secret.corp", 1, "dns:a.corp");
    DENIES("allow:dns:*.corp deny:dns:secret.corp", 2, "dns:secret.corp");
    DENIES("allow:tcp:out:10.0.0.0/8:*", 0, "dns:a.corp");
}

static void test_tickets_end(void **state)
{
    (void)state;
    struct wx_net *net = net_with("allow:tcp:out:a.test:1");
    struct wx_net_ip ip = ip_of("192.0.2.1"), other = {.b = {198, 51, 0, 0}};
    wx_net_remember(net, "a.test", &ip, 300, false);
    assert_true(ask(net, "out:192.0.2.1:1/tcp").allowed);
    for (uint32_t i = 0; i < 3 * WX_NET_MAX_TICKETS; i++) { /* as many as there may be */
        other.b[2] = (uint8_t)(i >> 8);
        other.b[3] = (uint8_t)i;
        wx_net_remember(net, "a.test", &other, 300, false);
    }
    assert_false(ask(net, "out:192.0.2.1:1/tcp").allowed);
    assert_true(ask(net, "out:198.51.5.255:1/tcp").allowed);
    wx_mutex_lock(&net->lock);
    assert_int_equal(net->tickets.n, WX_NET_MAX_TICKETS);
    for (size_t i = 0; i < net->tickets.n; i++) {
        net->tickets.p[i].until_ns = 1;
    }
    wx_mutex_unlock(&net->lock);
    assert_false(ask(net, "out:198.51.5.255:1/tcp").allowed);
    wx_net_unref(net);
    assert_int_equal(mem.n_live, 0);
}

static void test_bind(void **state)
{
    (void)state;
    struct wx_net *net =
        net_with("allow:tcp:in:127.0.0.1:80=127.0.0.1:8080 allow:udp:out:10.0.0.1:53");
    struct wx_net_query q = question("in:127.0.0.1:80/tcp");
    q.op = WX_NET_BIND;
    struct wx_net_verdict v = wx_net_decide(net, &q);
    assert_true(v.allowed && v.maps);
    assert_int_equal(v.to_port, 8080);
    q = question("in:0.0.0.0:0/udp"); /* a port to send from */
    q.op = WX_NET_BIND;
    assert_true(wx_net_decide(net, &q).allowed);
    q.port = 5353;
    assert_false(wx_net_decide(net, &q).allowed);
    q = question("in:0.0.0.0:0/tcp");
    q.op = WX_NET_BIND;
    assert_false(wx_net_decide(net, &q).allowed);
    q = question("in:127.0.0.1:0/tcp"); /* any: what comes of it is asked when it listens */
    q.op = WX_NET_BIND;
    assert_true(wx_net_decide(net, &q).allowed);
    assert_false(ask(net, "in:127.0.0.1:40000/tcp").allowed);
    wx_net_unref(net);
}

static void test_unix(void **state)
{
    (void)state;
    struct wx_net *net =
        net_with("allow:unix:/run/app/*.sock allow:unix:in:/tmp/x deny:unix:/run/app/b.sock");
    struct wx_net_query q = {.op = WX_NET_CONNECT, .proto = WX_NET_UNIX, .path = "/run/app/a.sock"};
    assert_int_equal(wx_net_decide(net, &q).rule, 1);
    q.path = "/run/app/b.sock";
    assert_int_equal(wx_net_decide(net, &q).rule, 3);
    q.path = "/run/app/sub/a.sock";
    assert_false(wx_net_decide(net, &q).allowed);
    q.path = "/tmp/x";
    assert_false(wx_net_decide(net, &q).allowed);
    q.op = WX_NET_BIND;
    assert_true(wx_net_decide(net, &q).allowed);
    q.path = "/tmp/y"; /* sending is allowed somewhere; others would find this name */
    assert_false(wx_net_decide(net, &q).allowed);
    assert_int_equal(ask(net, "out:unix:/run/app/a.sock").rule, 1);
    assert_int_equal(ask(net, "in:unix:/tmp/x").rule, 2);
    wx_net_unref(net);
}

static void test_inside(void **state)
{
    (void)state;
    struct wx_net *net = net_with("deny:unix:/tmp/no");
    struct wx_net_query q = {
        .op = WX_NET_BIND, .proto = WX_NET_UNIX, .path = "/tmp/yes", .inside = true};
    assert_string_equal(wx_net_decide(net, &q).why, "built-in: inside the guest");
    assert_true(wx_net_decide(net, &q).allowed);
    q.path = "/tmp/no";
    assert_int_equal(wx_net_decide(net, &q).rule, 1);
    q.inside = false;
    q.path = "/tmp/yes";
    assert_false(wx_net_decide(net, &q).allowed);
    char text[WX_NET_QUERY_TEXT];
    q.path = "/tmp/a[1]*";
    assert_string_equal(wx_net_suggest(&q, text), "allow:unix:in:/tmp/a\\[1\\]\\*");
    wx_net_unref(net);
}

static void test_virtual(void **state)
{
    (void)state;
    struct wx_net *net = net_with("deny:tcp:in:*:22 virtual dns:map:db.test=127.0.0.1");
    wax_error *error = NULL;
    assert_int_equal(wx_net_rules_check(&net->rules, &error), WAX_OK);
    assert_int_equal(ask(net, "out:127.9.9.9:80/tcp").rule, 2);
    assert_int_equal(ask(net, "out:[::1]:80/udp").rule, 2);
    assert_int_equal(ask(net, "out:[::ffff:127.0.0.1]:80/udp").rule, 2);
    assert_int_equal(ask(net, "in:0.0.0.0:80/tcp").rule, 2);
    assert_int_equal(ask(net, "in:0.0.0.0:22/tcp").rule, 1);
    assert_false(ask(net, "out:128.0.0.1:80/tcp").allowed);
    assert_false(ask(net, "out:[::2]:80/tcp").allowed);
    assert_false(ask(net, "out:localhost:80/tcp").allowed); /* it is resolved first */
    assert_false(ask(net, "in:10.0.0.1:0/udp").allowed);
    assert_false(ask(net, "out:unix:/x").allowed);
    assert_int_equal(ask(net, "dns:localhost").rule, 2);
    assert_int_equal(ask(net, "dns:db.test").rule, 3);
    assert_false(ask(net, "dns:notlocalhost").allowed);
    wx_net_unref(net);
    net = net_with("virtual dns:server:10.0.0.53");
    assert_int_equal(wx_net_rules_check(&net->rules, &error), WAX_E_INVALID);
    wax_error_free(error);
    wx_net_unref(net);
}

/* -------- what is no rule -------- */

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t column;
    } bad[] = {
        {"", 1},
        {"on", 1},
        {"allow", 1},
        {"allow:", 7},
        {"allow:tcp", 7},
        {"allow:tpc:out:1.2.3.4:5", 7},
        {"allow:tcp:up:1.2.3.4:5", 11},
        {"allow:tcp:out:1.2.3.4", 22},
        {"allow:tcp:out:1.2.3.4:", 23},
        {"allow:tcp:out:1.2.3.4:65536", 23},
        {"allow:tcp:out:1.2.3.4:080", 23},
        {"allow:tcp:out:1.2.3.4:9-1", 25},
        {"allow:tcp:out:1.2.3.4:1,", 25},
        {"allow:tcp:out:1.2.3.4:1,*", 25},
        {"allow:tcp:out:1.2.3.4:1 ", 23},
        {"allow:tcp:out:1.2.3:1", 15},
        {"allow:tcp:out:1.2.3.256:1", 15},
        {"allow:tcp:out:01.2.3.4:1", 15},
        {"allow:tcp:out:1.2.3.4/33:1", 23},
        {"allow:tcp:out:1.2.3.4/8:1", 15},
        {"allow:tcp:out:1.2.3.4/:1", 23},
        {"allow:tcp:out:[::1:1", 15},
        {"allow:tcp:out:[1.2.3.4]:1", 15},
        {"allow:tcp:out:[::1/129]:1", 20},
        {"allow:tcp:out:[fe80::1%eth0]:1", 15},
        {"allow:tcp:out::1", 15},
        {"allow:tcp:out:a..b:1", 15},
        {"allow:tcp:out:.a:1", 15},
        {"allow:tcp:out:a b:1", 15},
        {"allow:tcp:out:*a.b:1", 15},
        {"allow:tcp:out:a.*.b:1", 15},
        {"allow:tcp:in:a.b:1", 1},
        {"allow:tcp:*:a.b:1", 1},
        {"allow:tcp:out:*:*:from=1.2.3.4", 18},
        {"allow:tcp:in:*:*:from=x", 23},
        {"allow:tcp:in:*:*:to=1.2.3.4", 17},
        {"allow:tcp:in:*:80=127.0.0.1:8080", 18},
        {"allow:tcp:out:1.2.3.4:80=127.0.0.1:8080", 25},
        {"deny:tcp:in:1.2.3.4:80=127.0.0.1:8080", 23},
        {"allow:tcp:in:1.2.3.4:80=127.0.0.1", 25},
        {"allow:tcp:in:1.2.3.4:80=[::1]:80", 25},
        {"allow:unix:run/x", 12},
        {"allow:unix:in:run/x", 15},
        {"dns:a=1.2.3.4", 5},
        {"dns:map:a", 10},
        {"dns:map:a=b", 10},
        {"dns:map:*.a=1.2.3.4", 12},
        {"dns:server:x", 12},
        {"dns:server:10.0.0.0/8", 12},
        {"dns:server:1.2.3.4:0", 20},
        {"dns:server:1.2.3.4:5x", 20},
        {"allow:dns:", 11},
        {"allow:dns:a:1", 12},
        {"loopback ", 1},
        {"allow:tcp:out:1.2.3.4:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", 62},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wx_net_rules rules;
        wax_error *error = NULL;
        wx_net_rules_init(&rules, &mem);
        assert_int_equal(wx_net_rules_add(&rules, bad[i].text, &error), WAX_E_INVALID);
        if (wax_error_column(error) != bad[i].column || !wax_error_hint(error)[0]) {
            fail_msg("'%s': column %u: %s", bad[i].text, wax_error_column(error),
                     wax_error_message(error));
        }
        assert_int_equal(rules.list.n + rules.texts.n, 0);
        wax_error_free(error);
        wx_net_rules_fini(&rules);
        assert_int_equal(mem.n_live, 0);
    }
}

/* Long and strange texts are errors, too; names are as long as they may be. */
static void test_long(void **state)
{
    (void)state;
    static char text[70000];
    struct wx_net_rules rules;
    wx_net_rules_init(&rules, &mem);
    memset(text, 'a', sizeof text - 1);
    assert_int_equal(wx_net_rules_add(&rules, text, NULL), WAX_E_INVALID);
    for (size_t i = 0; i < 14; i++) {
        text[i] = "allow:tcp:out:"[i];
    }
    assert_int_equal(wx_net_rules_add(&rules, text, NULL), WAX_E_INVALID);
    memcpy(text + 14 + 63, ":1", 3);
    assert_int_equal(wx_net_rules_add(&rules, text, NULL), WAX_OK);
    text[14 + 63] = 'a';
    assert_int_equal(wx_net_rules_add(&rules, text, NULL), WAX_E_INVALID);
    wx_net_rules_fini(&rules);
    assert_int_equal(mem.n_live, 0);
}

static void test_memory(void **state)
{
    (void)state;
    static const char *const texts[] = {"loopback", "all", "allow:tcp:out:a.test:1",
                                        "allow:unix:/x", "dns:map:a.test=1.2.3.4"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        wax_status st = WAX_E_NOMEM;
        for (int64_t at = 1; st == WAX_E_NOMEM; at++) {
            struct wx_net_rules rules;
            wx_net_rules_init(&rules, &mem);
            mem.fail_at = at;
            st = wx_net_rules_add(&rules, texts[i], NULL);
            mem.fail_at = 0;
            wx_net_rules_fini(&rules);
            assert_int_equal(mem.n_live, 0);
        }
        assert_int_equal(st, WAX_OK);
    }
}

static void test_questions(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "out",
                                      "out:",
                                      "out:1.2.3.4:5",
                                      "out:1.2.3.4/tcp",
                                      "out:1.2.3.4:5/sctp",
                                      "out:1.2.3.4:5/tcpx",
                                      "out:1.2.3.4:5/tcp<1.2.3.4:5",
                                      "in:name.test:5/tcp",
                                      "in:1.2.3.4:5/tcp<",
                                      "in:1.2.3.4:5/tcp<x:1",
                                      "out:::1:5/tcp",
                                      "out:[1.2.3.4]:5/tcp",
                                      "out:unix:",
                                      "out:unix:run/x",
                                      "in:unix:/run/../x",
                                      "in:unix:/run/./x",
                                      "in:unix:/run//x",
                                      "in:unix:/run/",
                                      "dns:",
                                      "dns:1.2.3.4",
                                      "dns:a..b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char name[WX_NET_NAME_MAX + 1];
        struct wx_net_query q;
        wax_error *error = NULL;
        assert_int_equal(wx_net_question_parse(bad[i], &q, name, &error), WAX_E_INVALID);
        assert_true(wax_error_hint(error)[0]);
        wax_error_free(error);
    }
}

/* -------- messages of name servers -------- */

/* An answer to our question: flags, how many records, and those. */
static enum wx_dns_verdict hear(const char *name, uint16_t type, const uint8_t *records, size_t len,
                                uint8_t n, struct wx_dns_found *found)
{
    uint8_t q[WX_DNS_QUESTION_BYTES], m[600];
    size_t q_len = wx_dns_ask(q, 0x1234, name, type), at = q_len - 11;
    memcpy(m, q, at);
    memcpy(m + at, records, len);
    m[2] = 0x81;
    m[3] = 0x80;
    m[7] = n;
    m[11] = 0;
    memset(found, 0, sizeof *found);
    /* any part of it, and any wrong byte, is harmless */
    for (size_t cut = 0; cut < at + len; cut++) {
        struct wx_dns_found part = {.n = 0};
        (void)wx_dns_answer(m, cut, q, q_len, &part);
        m[cut] ^= 0xff;
        (void)wx_dns_answer(m, at + len, q, q_len, &part);
        m[cut] ^= 0xff;
    }
    return wx_dns_answer(m, at + len, q, q_len, found);
}

static void test_dns(void **state)
{
    (void)state;
    struct wx_dns_found f;
    struct wx_net_ip want = ip_of("192.0.2.1");
    /* a.b: question at 12, 5 bytes; records from 21 on */
    static const uint8_t plain[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
    assert_int_equal(hear("a.b", WX_DNS_A, plain, sizeof plain, 1, &f), WX_DNS_FOUND);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.ttl_s[0], 256);
    assert_true(wx_net_ip_equal(&f.ips[0], &want));
    assert_int_equal(hear("a.b", WX_DNS_AAAA, plain, sizeof plain, 1, &f), WX_DNS_FOUND);
    assert_int_equal(f.n, 0); /* of another type */
    static const uint8_t other[] = {1, 'x', 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
    assert_int_equal(hear("a.b", WX_DNS_A, other, sizeof other, 1, &f), WX_DNS_FOUND);
    assert_int_equal(f.n, 0); /* of another name */
    static const uint8_t upper[] = {1, 'A', 0xc0, 14, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
    assert_int_equal(hear("a.b", WX_DNS_A, upper, sizeof upper, 1, &f), WX_DNS_FOUND);
    assert_int_equal(f.n, 1);
    static const uint8_t alias[] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 1, 0, 0, 3, 1,   'c', 0, 1,
                                    'c',  0,  0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0,   2, 1};
    assert_int_equal(hear("a.b", WX_DNS_A, alias, sizeof alias, 2, &f), WX_DNS_FOUND);
    assert_int_equal(f.n, 1);
    static const uint8_t loop[] = {0xc0, 21, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
    assert_int_equal(hear("a.b", WX_DNS_A, loop, sizeof loop, 1, &f), WX_DNS_FOUND);
    assert_int_equal(f.n, 0); /* a name that points at itself */
    static const uint8_t mapped[] = {0xc0, 12, 0, 28, 0, 1, 0, 0, 1,    0,    0,   16, 0, 0,
                                     0,    0,  0, 0,  0, 0, 0, 0, 0xff, 0xff, 127, 0,  0, 1};
    assert_int_equal(hear("a.b", WX_DNS_AAAA, mapped, sizeof mapped, 1, &f), WX_DNS_FOUND);
    assert_false(f.ips[0].v6); /* taken for what it means */
    /* not ours: another number, another question, no answer at all */
    uint8_t q[WX_DNS_QUESTION_BYTES], other_q[WX_DNS_QUESTION_BYTES];
    size_t len = wx_dns_ask(q, 1, "a.b", WX_DNS_A);
    (void)wx_dns_ask(other_q, 1, "a.c", WX_DNS_A);
    assert_int_equal(wx_dns_answer(q, len, q, len, &f), WX_DNS_FOREIGN);
    q[2] |= 0x80;
    assert_int_equal(wx_dns_answer(q, len, q, len, &f), WX_DNS_FOUND);
    assert_int_equal(wx_dns_answer(q, len, other_q, len, &f), WX_DNS_FOREIGN);
    q[3] = 3;
    assert_int_equal(wx_dns_answer(q, len, q, len, &f), WX_DNS_NO_NAME);
    q[3] = 2;
    assert_int_equal(wx_dns_answer(q, len, q, len, &f), WX_DNS_FAILED);
    char longest[WX_NET_NAME_MAX + 1], clean[WX_NET_NAME_MAX + 1];
    memset(longest, 'x', sizeof longest);
    for (size_t i = 63; i < WX_NET_NAME_MAX; i += 64) {
        longest[i] = '.';
    }
    longest[WX_NET_NAME_MAX] = '\0';
    assert_true(wx_net_name_clean(longest, strlen(longest), clean));
    assert_int_equal(wx_dns_ask(q, 1, clean, WX_DNS_A), 12 + 255 + 4 + 11);
}

int main(void)
{
    wx_mem_init(&mem, NULL, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),       cmocka_unit_test(test_who_calls),
        cmocka_unit_test(test_builtin),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_tickets_end), cmocka_unit_test(test_bind),
        cmocka_unit_test(test_inside),      cmocka_unit_test(test_virtual),
        cmocka_unit_test(test_unix),        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_long),        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_questions),   cmocka_unit_test(test_dns),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
