/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of WASIX guests and the rules they live under, on every tier. argv: TIER NET.WASM */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "support/entries.h"

enum { PERM = 63, CONNREFUSED = 14 };
#define LOOPBACK 0x7f000001

static const char *tier, *net_path;
static char decisions[4096]; /* of the rules, one a line */

static void keep_decision(void *data, const wax_net_decision *d)
{
    (void)data;
    size_t len = strlen(decisions);
    (void)snprintf(decisions + len, sizeof decisions - len, "%s: %d rule %u: %s\n", d->what,
                   d->allowed, d->rule, d->why);
}

struct guest {
    wax_engine *engine;
    wax_module *module;
    wax_builder *builder;
    wax_env *env;
    unsigned fds; /* of this process, before */
};

static unsigned count_fds(void) { return count_entries("/proc/self/fd"); }

/* A guest with these rules, separated by spaces. */
static void guest_open(struct guest *g, const char *rules)
{
    wax_engine_options o;
    wax_error *error = NULL;
    char copy[512], *rest = copy, *rule;
    wax_engine_options_init(&o);
    o.tier = tier;
    g->fds = count_fds();
    decisions[0] = '\0';
    assert_int_equal(wax_engine_new(&o, &g->engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_file(g->engine, net_path, &g->module, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(g->engine, "net", &g->builder, NULL), WAX_OK);
    wax_builder_grant(g->builder, WAX_CAP_THREADS);
    (void)snprintf(copy, sizeof copy, "%s", rules);
    while ((rule = strsep(&rest, " "))) {
        if (rule[0] && wax_builder_net(g->builder, rule, &error) != WAX_OK) {
            fail_msg("%s", wax_error_message(error));
        }
    }
    assert_int_equal(wax_builder_tmpfs(g->builder, "/tmp", 0, 0, NULL), WAX_OK);
    assert_int_equal(wax_builder_net_log(g->builder, keep_decision, NULL, NULL), WAX_OK);
    if (wax_builder_instantiate(g->builder, g->module, &g->env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
}

/* Nothing is left, not even of a guest that closed nothing. */
static void guest_close(struct guest *g)
{
    wax_env_free(g->env);
    wax_builder_free(g->builder);
    wax_module_free(g->module);
    wax_engine_free(g->engine);
    assert_int_equal(count_fds(), g->fds);
}

static uint32_t call(struct guest *g, const char *name, const wax_value *args, size_t n)
{
    wax_value result;
    wax_error *error = NULL;
    if (wax_env_call(g->env, name, args, n, &result, 1, &error) != WAX_OK) {
        fail_msg("%s: %s", name, wax_error_message(error));
    }
    return (uint32_t)result.of.i32;
}

/* An export without parameters that answers 0: else line and answer. */
static void well(struct guest *g, const char *name)
{
    uint32_t r = call(g, name, NULL, 0);
    if (r) {
        fail_msg("%s: line %u answered %u\n%s", name, r / 1000, r % 1000, decisions);
    }
}

static uint32_t try_connect(struct guest *g, uint32_t ip, uint32_t port)
{
    const wax_value args[2] = {WAX_INIT_I32((int32_t)ip), WAX_INIT_I32((int32_t)port)};
    return call(g, "try_connect", args, 2);
}

static void one(const char *rules, const char *name)
{
    struct guest g;
    guest_open(&g, rules);
    well(&g, name);
    well(&g, name); /* it closed what it opened */
    guest_close(&g);
}

static void test_tcp(void **state)
{
    (void)state;
    one("loopback", "tcp_echo");
    one("loopback", "tcp_echo6");
    one("allow:tcp:in:127.0.0.1:* allow:tcp:out:127.0.0.0/8:1024-65535", "tcp_echo");
}

static void test_udp(void **state)
{
    (void)state;
    one("loopback", "udp_echo");
    one("allow:udp:*:127.0.0.1:*", "udp_echo");
}

static void test_denied(void **state)
{
    (void)state;
    struct guest g;
    guest_open(&g, "");
    assert_int_equal(try_connect(&g, LOOPBACK, 1), PERM);
    guest_close(&g);
    guest_open(&g, "all");
    assert_int_equal(try_connect(&g, LOOPBACK, 1), PERM);
    assert_string_equal(decisions, "connect tcp 127.0.0.1:1: 0 rule 0: built-in: loopback\n");
    assert_int_equal(try_connect(&g, 0xa9fea9fe, 80), PERM); /* 169.254.169.254 */
    assert_int_equal(try_connect(&g, 0, 1), PERM);
    guest_close(&g);
    guest_open(&g, "loopback deny:tcp:out:127.0.0.1:2-9");
    assert_int_equal(try_connect(&g, LOOPBACK, 1), CONNREFUSED);
    decisions[0] = '\0';
    assert_int_equal(try_connect(&g, LOOPBACK, 9), PERM);
    assert_string_equal(decisions,
                        "connect tcp 127.0.0.1:9: 0 rule 2: deny:tcp:out:127.0.0.1:2-9\n");
    guest_close(&g);
}

static void test_waits(void **state)
{
    (void)state;
    one("loopback", "nonblocking");
    one("loopback", "timeouts");
}

static void test_options(void **state)
{
    (void)state;
    one("loopback", "options");
    one("loopback", "misuse");
}

static void test_files(void **state)
{
    (void)state;
    one("loopback", "send_file");
}

/* -------- from outside -------- */

static uint32_t call1(struct guest *g, const char *name, uint32_t arg)
{
    const wax_value v = WAX_INIT_I32((int32_t)arg);
    return call(g, name, &v, 1);
}

static struct sockaddr_in local(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

/* A socket of the test's, bound to any port, told in *ret_port. */
static int outside(int type, uint16_t *ret_port)
{
    struct sockaddr_in a = local(0);
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static void connect_outside(int fd, uint16_t port)
{
    struct sockaddr_in a = local(port);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
}

static void test_who_calls(void **state)
{
    (void)state;
    enum { AGAIN = 6 };
    struct guest g;
    uint16_t unused;
    guest_open(&g, "allow:tcp:in:127.0.0.1:*");
    uint32_t port = call1(&g, "listen_on", 0);
    int fd = outside(SOCK_STREAM, &unused);
    connect_outside(fd, (uint16_t)port);
    assert_int_equal(call(&g, "accept_now", NULL, 0), 100000 + port);
    assert_int_equal(close(fd), 0);
    guest_close(&g);
    guest_open(&g, "allow:tcp:in:127.0.0.1:*:from=10.0.0.0/8");
    port = call1(&g, "listen_on", 0);
    fd = outside(SOCK_STREAM, &unused);
    connect_outside(fd, (uint16_t)port);
    assert_int_equal(call(&g, "accept_now", NULL, 0), AGAIN);
    assert_non_null(strstr(decisions, ": 0 rule 0: no rule allows it"));
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0); /* closed, or reset */
    assert_int_equal(close(fd), 0);
    guest_close(&g);
}

/* The guest listens at port 80, the host at another one. */
static void test_remap(void **state)
{
    (void)state;
    struct guest g;
    uint16_t free_port;
    char rule[64];
    int fd = outside(SOCK_STREAM, &free_port);
    assert_int_equal(close(fd), 0);
    (void)snprintf(rule, sizeof rule, "allow:tcp:in:127.0.0.1:80=127.0.0.1:%u", free_port);
    guest_open(&g, rule);
    assert_int_equal(call1(&g, "listen_on", 80), 80);
    uint16_t unused;
    fd = outside(SOCK_STREAM, &unused);
    connect_outside(fd, free_port);
    assert_int_equal(call(&g, "accept_now", NULL, 0), 100080);
    assert_int_equal(close(fd), 0);
    guest_close(&g);
}

static void send_outside(int fd, uint32_t port, const char *text)
{
    struct sockaddr_in a = local((uint16_t)port);
    assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&a, sizeof a),
                     strlen(text));
}

/* Whose datagrams reach a guest that may only talk to one of us. */
static void test_datagrams(void **state)
{
    (void)state;
    enum { NOTHING = 1006, RECV = 0, PEEK = 1, READ = 2 };
    struct guest g;
    uint16_t friend_port, foe_port;
    char rule[64];
    int friend = outside(SOCK_DGRAM, &friend_port), foe = outside(SOCK_DGRAM, &foe_port);
    (void)snprintf(rule, sizeof rule, "allow:udp:out:127.0.0.1:%u", friend_port);
    guest_open(&g, rule);
    uint32_t port = call(&g, "bind_udp", NULL, 0); /* to send from */
    for (uint32_t how = RECV; how <= READ; how++) {
        send_outside(foe, port, "from a foe");
        send_outside(friend, port, "friend");
        assert_int_equal(call1(&g, "received", how), 6);
        if (how == PEEK) {
            assert_int_equal(call1(&g, "received", RECV), 6);
        }
        send_outside(foe, port, "again");
        assert_int_equal(call1(&g, "received", how), NOTHING);
    }
    assert_int_equal(call1(&g, "send_udp", friend_port), 0);
    assert_int_equal(call1(&g, "send_udp", foe_port), PERM);
    guest_close(&g);
    assert_int_equal(close(foe), 0);
    assert_int_equal(close(friend), 0);
}

static void test_limit(void **state)
{
    (void)state;
    struct guest g;
    guest_open(&g, "loopback");
    assert_int_equal(call(&g, "until_refused", NULL, 0), 1024 - 4); /* streams and the root */
    assert_true(count_fds() >= g.fds + 1020);
    guest_close(&g);
}

/* A stop reaches every wait, and nothing stays. */
static void test_stops(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 3; i++) {
        struct guest g;
        const wax_value arg = WAX_INIT_I32(i);
        wax_value result;
        guest_open(&g, "loopback");
        wax_store_set_timeout(wax_env_store(g.env), 100000000);
        assert_int_equal(wax_env_call(g.env, "wait_in", &arg, 1, &result, 1, NULL), WAX_E_TIMEOUT);
        guest_close(&g);
    }
}

/* -------- names -------- */

static int dns_fd;

static size_t put_record(uint8_t *p, uint16_t owner, uint16_t type, const void *bytes, uint16_t n)
{
    const uint8_t head[12] = {
        (uint8_t)(owner >> 8), (uint8_t)owner, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)n};
    memcpy(p, head, sizeof head);
    memcpy(p + sizeof head, bytes, n);
    return sizeof head + n;
}

/* What the server makes of a question. @return its length, 0 for none */
static size_t answer(uint8_t *p, size_t len)
{
    static const uint8_t v4[4] = {192, 0, 2, 1}, v6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
    static const uint8_t target[] = "\x1"
                                    "a"
                                    "\x4"
                                    "test";
    char first[64] = {0};
    memcpy(first, p + 13, p[12] < 63 ? p[12] : 63);
    size_t at = 12;
    while (p[at]) {
        at += p[at] + 1u;
    }
    uint8_t type = p[at + 2];
    at += 5; /* behind the question: what else was sent is left out */
    (void)len;
    p[2] = 0x81;
    p[3] = strcmp(first, "none") == 0 ? 0x83 : strcmp(first, "broken") == 0 ? 0x82 : 0x80;
    memset(p + 6, 0, 6);
    if (strcmp(first, "silent") == 0) {
        return 0;
    }
    if (strcmp(first, "forged") == 0) { /* somebody else's number */
        p[0] ^= 0xff;
    }
    bool both = strcmp(first, "both") == 0, alias = strcmp(first, "alias") == 0;
    if (alias) {
        p[7]++;
        uint16_t there = (uint16_t)(0xc000 | (at + 12));
        at += put_record(p + at, 0xc00c, 5, target, sizeof target);
        if (type == 1) {
            p[7]++;
            at += put_record(p + at, there, 1, v4, sizeof v4);
        }
    } else if ((type == 1 && p[3] == 0x80) || both) {
        p[7]++;
        at += type == 1 ? put_record(p + at, 0xc00c, 1, v4, sizeof v4)
                        : put_record(p + at, 0xc00c, 28, v6, sizeof v6);
    }
    return at;
}

static void *serve_names(void *arg)
{
    (void)arg;
    uint8_t b[1500];
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    ssize_t n;
    while ((n = recvfrom(dns_fd, b, sizeof b - 100, 0, (struct sockaddr *)&from, &len)) > 1) {
        size_t out = answer(b, (size_t)n);
        if (out) {
            (void)sendto(dns_fd, b, out, 0, (struct sockaddr *)&from, len);
        }
        len = sizeof from;
    }
    return NULL;
}

static void test_names(void **state)
{
    (void)state;
    enum { NOENT = 44, IO = 29, TIMEDOUT = 73 };
    static const struct {
        uint32_t want;
        const char *name;
    } cases[] = {{1000, "a.test"},         {2000, "both.test"},       {NOENT, "none.test"},
                 {1000, "alias.test"},     {TIMEDOUT, "silent.test"}, {IO, "broken.test"},
                 {TIMEDOUT, "forged.test"}};
    struct guest g;
    char rules[128];
    uint16_t port;
    pthread_t server;
    unsigned fds = count_fds();
    one("allow:tcp:out:db.test:1 dns:map:db.test=127.0.0.1", "resolve_here");
    dns_fd = outside(SOCK_DGRAM, &port);
    assert_int_equal(pthread_create(&server, NULL, serve_names, NULL), 0);
    (void)snprintf(rules, sizeof rules, "allow:tcp:out:*.test:443 dns:server:127.0.0.1:%u", port);
    guest_open(&g, rules);
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t got = call1(&g, "resolve_one", i);
        if (got != cases[i].want) {
            fail_msg("%s: %u instead of %u", cases[i].name, got, cases[i].want);
        }
    }
    /* told, so it may; told nothing of another */
    decisions[0] = '\0';
    uint32_t e = try_connect(&g, 0xc0000202, 443);
    assert_int_equal(e, PERM);
    const wax_value arg = WAX_INIT_I32(4);
    wax_value result; /* a stop while it waits for an answer */
    wax_store_set_timeout(wax_env_store(g.env), 50000000);
    assert_int_equal(wax_env_call(g.env, "resolve_one", &arg, 1, &result, 1, NULL), WAX_E_TIMEOUT);
    guest_close(&g);
    uint16_t unused;
    int fd = outside(SOCK_DGRAM, &unused);
    send_outside(fd, port, "."); /* the server ends */
    assert_int_equal(pthread_join(server, NULL), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(dns_fd), 0);
    assert_int_equal(count_fds(), fds);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 64;
    }
    tier = argv[1];
    net_path = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),       cmocka_unit_test(test_udp),
        cmocka_unit_test(test_denied),    cmocka_unit_test(test_waits),
        cmocka_unit_test(test_options),   cmocka_unit_test(test_files),
        cmocka_unit_test(test_who_calls), cmocka_unit_test(test_remap),
        cmocka_unit_test(test_datagrams), cmocka_unit_test(test_limit),
        cmocka_unit_test(test_stops),     cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
