/* SPDX-License-Identifier: Apache-2.0 */
/* A network that is in this process only, on every tier. argv: TIER NET.WASM SOCKETS.WASM */
/*
 * The whole test runs where the host refuses to make a socket of the Internet: a filter of system
 * calls. What works here needs none.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "support/netguest.h"

enum { CONNREFUSED = 14, NETUNREACH = 40, PERM = 63 };
enum { ON_V4 = 2, ON_V6 };
#define LOOPBACK 0x7f000001

static const char *tier, *net_path, *sockets_path;

/* socket() of any family but AF_UNIX is EACCES from here on. */
static int refuse_internet(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 2), /* another: allowed */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 1), /* another: refused */
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
    };
    const struct sock_fprog f = {sizeof program / sizeof *program, program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f, 0, 0) == 0 &&
                   socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EACCES
               ? 0
               : -1;
}

static void open_with(struct guest *g, const char *path, const char *rules)
{
    *g = (struct guest){.tier = tier, .path = path, .rules = rules};
    guest_open(g);
}

static void test_streams(void **state)
{
    static const uint32_t counts[] = {1, 2, 64};
    (void)state;
    struct guest g;
    open_with(&g, sockets_path, "virtual");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (uint32_t kind = ON_V4; kind <= ON_V6; kind++) {
            well(&g, "streams", kind, counts[i], 2);
            well(&g, "datagrams", kind, counts[i], 2);
        }
    }
    guest_close(&g);
}

static void test_behaviour(void **state)
{
    static const char *const exports[] = {"addresses", "readiness", "strangers"};
    (void)state;
    struct guest g;
    open_with(&g, sockets_path, "virtual");
    for (size_t i = 0; i < 2 * sizeof exports / sizeof *exports; i++) { /* each twice */
        well(&g, exports[i / 2], 0, 0, 0);
    }
    for (uint32_t kind = ON_V4; kind <= ON_V6; kind++) {
        well(&g, "churn", kind, 64, 2);
        well(&g, "across_fork", kind, 0, 1);
        well(&g, "leave_open", kind, 0, 1);
    }
    guest_close(&g);
}

/* What is so on the host's loopback interface is so here. */
static void test_as_elsewhere(void **state)
{
    static const char *const exports[] = {"tcp_echo", "tcp_echo6", "udp_echo", "timeouts",
                                          "options",  "misuse",    "send_file"};
    (void)state;
    struct guest g;
    open_with(&g, net_path, "virtual");
    for (size_t i = 0; i < sizeof exports / sizeof *exports; i++) {
        well(&g, exports[i], 0, 0, 0);
    }
    assert_int_equal(call2(&g, "until_refused", 0, 0, 0), 1024 - 4); /* streams and the root */
    guest_close(&g);
    for (uint32_t i = 0; i < 3; i++) { /* a stop reaches every wait */
        const wax_value arg = WAX_INIT_I32((int32_t)i);
        wax_value result;
        open_with(&g, net_path, "virtual");
        wax_store_set_timeout(wax_env_store(g.env), 100000000);
        assert_int_equal(wax_env_call(g.env, "wait_in", &arg, 1, &result, 1, NULL), WAX_E_TIMEOUT);
        guest_close(&g);
    }
}

static void test_rules(void **state)
{
    (void)state;
    struct guest g;
    open_with(&g, net_path, "virtual deny:tcp:out:127.0.0.1:9 dns:map:db.test=127.0.0.1");
    assert_int_equal(call2(&g, "try_connect", LOOPBACK, 1, 2), CONNREFUSED);
    assert_int_equal(call2(&g, "try_connect", LOOPBACK, 9, 2), PERM);
    assert_int_equal(call2(&g, "try_connect", 0x0a000001, 1, 2), NETUNREACH);
    assert_string_equal(decisions,
                        "connect tcp 127.0.0.1:1: 1 rule 1: virtual\n"
                        "connect tcp 127.0.0.1:9: 0 rule 2: deny:tcp:out:127.0.0.1:9\n"
                        "connect tcp 10.0.0.1:1: 0 rule 0: built-in: the virtual network ends "
                        "here\n");
    guest_close(&g);
}

static void test_contradictions(void **state)
{
    static const char *const rules[] = {"virtual allow:tcp:out:10.0.0.1:80", "loopback virtual",
                                        "virtual all", "virtual allow:dns:*",
                                        "dns:server:10.0.0.53 virtual"};
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct guest g = {.tier = tier, .path = net_path, .rules = rules[i]};
        wax_error *error = NULL;
        guest_describe(&g);
        assert_int_equal(wax_builder_instantiate(g.builder, g.module, &g.env, &error),
                         WAX_E_INVALID);
        assert_true(wax_error_hint(error)[0]);
        wax_error_free(error);
        g.env = NULL;
        guest_close(&g);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        return 64;
    }
    tier = argv[1];
    net_path = argv[2];
    sockets_path = argv[3];
    if (refuse_internet() != 0) {
        return 77; /* the host allows no filter */
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),        cmocka_unit_test(test_behaviour),
        cmocka_unit_test(test_as_elsewhere),   cmocka_unit_test(test_rules),
        cmocka_unit_test(test_contradictions),
    };
    return cmocka_run_group_tests_name("virtual", tests, NULL, NULL);
}
