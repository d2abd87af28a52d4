/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of WASIX guests and the rules they live under, on every tier. argv: TIER NET.WASM */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

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

static unsigned count_fds(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d)) {
        n++;
    }
    closedir(d);
    return n;
}

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

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 64;
    }
    tier = argv[1];
    net_path = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_denied),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
