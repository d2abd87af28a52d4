/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets in the guest's files, on every tier. argv: TIER SOCKETS.WASM */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "support/entries.h"

enum { CONNREFUSED = 14, ADDRINUSE = 3, LOOP = 32, NOENT = 44, NOTDIR = 54, PERM = 63, ROFS = 69 };
enum { ON_HOST, IN_MEMORY };
enum { CONNECT, BIND, SEND };

static const char *tier, *sockets_path;
static char dir[64]; /* what the guest sees as /host */
static char decisions[4096];

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
    unsigned fds;
};

/* A guest with these rules, separated by spaces. */
static void guest_open(struct guest *g, const char *rules, uint32_t mount_flags)
{
    wax_engine_options o;
    wax_error *error = NULL;
    char copy[512], *rest = copy, *rule;
    wax_engine_options_init(&o);
    o.tier = tier;
    g->fds = count_entries("/proc/self/fd");
    decisions[0] = '\0';
    assert_int_equal(wax_engine_new(&o, &g->engine, NULL), WAX_OK);
    assert_int_equal(wax_module_from_file(g->engine, sockets_path, &g->module, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(g->engine, "sockets", &g->builder, NULL), WAX_OK);
    wax_builder_grant(g->builder, WAX_CAP_THREADS);
    (void)snprintf(copy, sizeof copy, "%s", rules);
    while ((rule = strsep(&rest, " "))) {
        if (rule[0] && wax_builder_net(g->builder, rule, &error) != WAX_OK) {
            fail_msg("%s", wax_error_message(error));
        }
    }
    assert_int_equal(wax_builder_tmpfs(g->builder, "/tmp", 0, 0, NULL), WAX_OK);
    assert_int_equal(wax_builder_mount(g->builder, dir, "/host", mount_flags, NULL), WAX_OK);
    assert_int_equal(wax_builder_net_log(g->builder, keep_decision, NULL, NULL), WAX_OK);
    if (wax_builder_instantiate(g->builder, g->module, &g->env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
}

static void guest_close(struct guest *g)
{
    wax_env_free(g->env);
    wax_builder_free(g->builder);
    wax_module_free(g->module);
    wax_engine_free(g->engine);
    assert_int_equal(count_entries("/proc/self/fd"), g->fds);
}

static uint32_t call2(struct guest *g, const char *name, uint32_t a, uint32_t b, size_t n)
{
    const wax_value args[2] = {WAX_INIT_I32((int32_t)a), WAX_INIT_I32((int32_t)b)};
    wax_value result;
    wax_error *error = NULL;
    if (wax_env_call(g->env, name, args, n, &result, 1, &error) != WAX_OK) {
        fail_msg("%s: %s", name, wax_error_message(error));
    }
    return (uint32_t)result.of.i32;
}

static void well(struct guest *g, const char *name, uint32_t a, uint32_t b, size_t n)
{
    uint32_t r = call2(g, name, a, b, n);
    if (r) {
        fail_msg("%s(%u, %u): line %u answered %u\n%s", name, a, b, r / 1000, r % 1000, decisions);
    }
}

static void name_path(struct guest *g, const char *path)
{
    (void)call2(g, "path_byte", 0, 0, 1);
    for (; *path; path++) {
        (void)call2(g, "path_byte", (uint8_t)*path, 0, 1);
    }
}

static uint32_t try_path(struct guest *g, uint32_t what, const char *path)
{
    name_path(g, path);
    return call2(g, "try_path", what, 0, 1);
}

static const char *below(const char *name)
{
    static char path[192];
    (void)snprintf(path, sizeof path, "%.63s/%.100s", dir, name);
    return path;
}

/* -------- of this process -------- */

static struct sockaddr_un at_host(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%.107s", path);
    return a;
}

static int host_server(const char *path, int type)
{
    struct sockaddr_un a = at_host(path);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_true(type == SOCK_DGRAM || listen(fd, 4) == 0);
    return fd;
}

static void assert_comes(int fd, const char *text)
{
    char buf[16] = {0};
    assert_int_equal(recv(fd, buf, sizeof buf - 1, 0), strlen(text));
    assert_string_equal(buf, text);
}

/* -------- tests -------- */

#define BOTH "allow:unix:/host/*"

static void run_all(const char *rules, uint32_t kind)
{
    static const uint32_t counts[] = {1, 2, 64};
    struct guest g;
    guest_open(&g, rules, 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        well(&g, "streams", kind, counts[i], 2);
        well(&g, "datagrams", kind, counts[i], 2);
    }
    well(&g, "names", kind, 0, 1);
    well(&g, "queues", kind, 0, 1);
    guest_close(&g);
    assert_int_equal(count_entries(dir), 2); /* nothing of it is left there */
}

static void test_on_host(void **state)
{
    (void)state;
    run_all(BOTH, ON_HOST);
}

static void test_hostile(void **state)
{
    (void)state;
    struct guest g;
    guest_open(&g, BOTH, 0);
    well(&g, "hostile", 0, 0, 0);
    guest_close(&g);
}

static void test_rules(void **state)
{
    (void)state;
    struct guest g;
    int server = host_server(below("a.sock"), SOCK_STREAM);
    assert_int_equal(mkdir(below("real"), 0700), 0);
    assert_int_equal(symlink("real", below("link")), 0);
    int deep = host_server(below("real/b.sock"), SOCK_STREAM);
    guest_open(&g, "all", 0);
    assert_int_equal(try_path(&g, CONNECT, "/host/a.sock"), PERM);
    assert_int_equal(try_path(&g, BIND, "/host/c.sock"), PERM);
    assert_string_equal(decisions, "connect unix /host/a.sock: 0 rule 0: no rule allows it\n"
                                   "bind unix /host/c.sock: 0 rule 0: no rule allows it\n");
    guest_close(&g);
    guest_open(&g, "allow:unix:out:/host/* deny:unix:/host/a.sock allow:unix:out:/host/real/*", 0);
    assert_int_equal(try_path(&g, CONNECT, "/host/a.sock"), PERM);
    assert_string_equal(decisions, "connect unix /host/a.sock: 0 rule 2: deny:unix:/host/a.sock\n");
    decisions[0] = '\0';
    assert_int_equal(try_path(&g, CONNECT, "/host/./link/../link/b.sock"), 0);
    assert_string_equal(decisions,
                        "connect unix /host/real/b.sock: 1 rule 3: allow:unix:out:/host/real/*\n");
    assert_int_equal(try_path(&g, BIND, "/host/c.sock"), PERM);
    guest_close(&g);
    guest_open(&g, BOTH, WAX_MOUNT_RO);
    assert_int_equal(try_path(&g, CONNECT, "/host/a.sock"), ROFS);
    assert_int_equal(try_path(&g, BIND, "/host/c.sock"), ROFS);
    guest_close(&g);
    guest_open(&g, "", 0);
    assert_int_equal(try_path(&g, CONNECT, "/host/a.sock"), PERM);
    guest_close(&g);
    assert_int_equal(close(server), 0);
    assert_int_equal(close(deep), 0);
    assert_int_equal(unlink(below("a.sock")), 0);
    assert_int_equal(unlink(below("real/b.sock")), 0);
    assert_int_equal(unlink(below("link")), 0);
    assert_int_equal(rmdir(below("real")), 0);
}

/* What is somewhere else, or something else. */
static void test_places(void **state)
{
    (void)state;
    struct guest g;
    char outside[80], text[100], longest[100];
    (void)snprintf(outside, sizeof outside, "%s.sock", dir);
    int server = host_server(outside, SOCK_STREAM), other = host_server(below("d"), SOCK_DGRAM);
    (void)snprintf(text, sizeof text, "../%s", strrchr(outside, '/') + 1);
    assert_int_equal(symlink(outside, below("absolute")), 0);
    assert_int_equal(symlink(text, below("relative")), 0);
    assert_int_equal(symlink("loop", below("loop")), 0);
    assert_int_equal(symlink("d", below("inside")), 0);
    assert_int_equal(mkfifo(below("fifo"), 0600), 0);
    assert_int_equal(mknod(below("file"), S_IFREG | 0600, 0), 0);
    guest_open(&g, "allow:unix:/* allow:unix:/*/* allow:unix:/*/*/*", 0);
    static const struct {
        const char *path;
        uint32_t connect, bind;
    } cases[] = {
        {"/host/absolute", NOENT, ADDRINUSE},
        {"/host/relative", NOENT, ADDRINUSE},
        {"/host/loop", LOOP, ADDRINUSE},
        {"/host/fifo", CONNREFUSED, ADDRINUSE},
        {"/host/file", CONNREFUSED, ADDRINUSE},
        {"/host", CONNREFUSED, ADDRINUSE},
        {"/host/.", CONNREFUSED, ADDRINUSE},
        {"/", CONNREFUSED, ADDRINUSE},
        {"/host/nothing", NOENT, 0},
        {"/host/file/x", NOTDIR, NOTDIR},
        {"/host/d/", NOTDIR, NOTDIR},
        {"/x", NOENT, NOENT},
        {"/dev/null", CONNREFUSED, ADDRINUSE},
        {"/../../etc/x", NOENT, NOENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t c = try_path(&g, CONNECT, cases[i].path), b = try_path(&g, BIND, cases[i].path);
        if (c != cases[i].connect || b != cases[i].bind) {
            fail_msg("%s: %u and %u\n%s", cases[i].path, c, b, decisions);
        }
    }
    assert_int_equal(unlink(below("nothing")), 0);
    assert_int_equal(try_path(&g, SEND, "/host/inside"), 0); /* along a link that stays here */
    assert_comes(other, "hi");
    assert_int_equal(try_path(&g, CONNECT, "/host/d"), 67); /* datagrams: prototype */
    memset(longest, 'n', sizeof longest);
    memcpy(longest, "/host/", 6);
    longest[6 + 80] = '\0'; /* more than an address has room for, behind the directory */
    assert_true(try_path(&g, BIND, longest) == 0 && unlink(below(longest + 6)) == 0);
    longest[6 + 80] = 'n';
    longest[99] = '\0';
    assert_int_equal(try_path(&g, BIND, longest), 37); /* nametoolong */
    guest_close(&g);
    static const char *const made[] = {"absolute", "relative", "loop", "inside",
                                       "fifo",     "file",     "d"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        assert_int_equal(unlink(below(made[i])), 0);
    }
    assert_int_equal(close(server), 0);
    assert_int_equal(close(other), 0);
    assert_int_equal(unlink(outside), 0);
    assert_int_equal(count_entries(dir), 2);
}

static void *call_guest(void *arg)
{
    struct sockaddr_un a = at_host(below("g.sock"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)arg;
    while (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) { /* it is not there yet */
        (void)usleep(1000);
    }
    if (send(fd, "hello", 5, 0) == 5) {
        assert_comes(fd, "hello");
    }
    return close(fd) == 0 ? arg : NULL;
}

/* Programs of the host, on either side. */
static void test_others(void **state)
{
    (void)state;
    struct guest g;
    pthread_t thread;
    void *result;
    int server = host_server(below("h.sock"), SOCK_STREAM);
    guest_open(&g, BOTH, 0);
    assert_int_equal(try_path(&g, CONNECT, "/host/h.sock"), 0);
    int fd = accept(server, NULL, NULL);
    assert_comes(fd, "hi");
    assert_int_equal(close(fd), 0);
    assert_int_equal(pthread_create(&thread, NULL, call_guest, &g), 0);
    name_path(&g, "/host/g.sock");
    assert_int_equal(call2(&g, "serve_path", 0, 0, 0), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &g);
    guest_close(&g);
    assert_int_equal(close(server), 0);
    assert_int_equal(unlink(below("h.sock")), 0);
    assert_int_equal(unlink(below("g.sock")), 0);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 64;
    }
    tier = argv[1];
    sockets_path = argv[2];
    (void)snprintf(dir, sizeof dir, "/tmp/waxwing-unix-XXXXXX");
    if (!mkdtemp(dir)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_host), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_rules),   cmocka_unit_test(test_places),
        cmocka_unit_test(test_others),
    };
    int failed = cmocka_run_group_tests_name("unix", tests, NULL, NULL);
    return rmdir(dir) == 0 ? failed : 1;
}
