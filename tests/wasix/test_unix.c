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

#include "support/netguest.h"

enum { CONNREFUSED = 14, ADDRINUSE = 3, LOOP = 32, NOENT = 44, NOTDIR = 54, PERM = 63, ROFS = 69 };
enum { ON_HOST, IN_MEMORY };
enum { CONNECT, BIND, SEND };

static const char *tier, *sockets_path;
static char dir[64]; /* what the guest sees as /host */

static void open_with(struct guest *g, const char *rules, uint32_t mount_flags)
{
    *g = (struct guest){
        .tier = tier, .path = sockets_path, .rules = rules, .dir = dir, .mount_flags = mount_flags};
    guest_open(g);
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
    if (fd < 0) {
        fail();
        return -1;
    }
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_true(type == SOCK_DGRAM || listen(fd, 4) == 0);
    return fd;
}

static void assert_comes(int fd, const char *text)
{
    char buf[16] = {0};
    assert_true(fd >= 0);
    assert_int_equal(fd < 0 ? -1 : recv(fd, buf, sizeof buf - 1, 0), strlen(text));
    assert_string_equal(buf, text);
}

/* -------- tests -------- */

#define BOTH "allow:unix:/host/*"

static void run_all(const char *rules, uint32_t kind)
{
    static const uint32_t counts[] = {1, 2, 64};
    struct guest g;
    open_with(&g, rules, 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        well(&g, "streams", kind, counts[i], 2);
        well(&g, "datagrams", kind, counts[i], 2);
    }
    well(&g, "names", kind, 0, 1);
    well(&g, "queues", kind, 0, 1);
    well(&g, "churn", kind, 64, 2);
    well(&g, "watched", kind, 0, 1);
    for (int i = 0; i < 20; i++) {
        well(&g, "claims", kind, 0, 1);
    }
    well(&g, "across_fork", kind, 0, 1);
    guest_close(&g);
    assert_int_equal(count_entries(dir), 2); /* nothing of it is left there */
}

static void test_on_host(void **state)
{
    (void)state;
    run_all(BOTH, ON_HOST);
}

/* Where nobody else can be, so that no rule is asked for; but a rule may deny. */
static void test_in_memory(void **state)
{
    (void)state;
    struct guest g;
    run_all("", IN_MEMORY);
    run_all("virtual", IN_MEMORY);
    open_with(&g, "", 0);
    well(&g, "leave_open", IN_MEMORY, 0, 1);
    guest_close(&g);
    open_with(&g, "deny:unix:/tmp/s00.sock", 0);
    assert_int_equal(try_path(&g, BIND, "/tmp/s01.sock"), 0);
    assert_int_equal(try_path(&g, BIND, "/tmp/s00.sock"), PERM);
    assert_string_equal(decisions, "bind unix /tmp/s01.sock: 1 rule 0: built-in: inside the guest\n"
                                   "bind unix /tmp/s00.sock: 0 rule 1: deny:unix:/tmp/s00.sock\n");
    guest_close(&g);
}

/* A directory of the host whose changes stay in memory: its own sockets are out of reach. */
static void test_copy_on_write(void **state)
{
    (void)state;
    struct guest g = {.tier = tier, .path = sockets_path, .rules = BOTH};
    wax_error *error = NULL;
    int server = host_server(below("h.sock"), SOCK_STREAM);
    guest_describe(&g);
    assert_int_equal(wax_builder_cow(g.builder, dir, "/host", 0, 0, NULL), WAX_OK);
    if (wax_builder_instantiate(g.builder, g.module, &g.env, &error) != WAX_OK) {
        fail_msg("%s", wax_error_message(error));
    }
    assert_int_equal(try_path(&g, CONNECT, "/host/h.sock"), CONNREFUSED);
    assert_int_equal(try_path(&g, BIND, "/host/h.sock"), ADDRINUSE);
    well(&g, "streams", ON_HOST, 2, 2);
    well(&g, "datagrams", ON_HOST, 2, 2);
    well(&g, "names", ON_HOST, 0, 1);
    guest_close(&g);
    assert_int_equal(close(server), 0);
    assert_int_equal(unlink(below("h.sock")), 0);
    assert_int_equal(count_entries(dir), 2);
}

static void test_hostile(void **state)
{
    (void)state;
    struct guest g;
    open_with(&g, BOTH, 0);
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
    open_with(&g, "all", 0);
    assert_int_equal(try_path(&g, CONNECT, "/host/a.sock"), PERM);
    assert_int_equal(try_path(&g, BIND, "/host/c.sock"), PERM);
    assert_string_equal(decisions, "connect unix /host/a.sock: 0 rule 0: no rule allows it\n"
                                   "bind unix /host/c.sock: 0 rule 0: no rule allows it\n");
    guest_close(&g);
    open_with(&g, "allow:unix:out:/host/* deny:unix:/host/a.sock allow:unix:out:/host/real/*", 0);
    assert_int_equal(try_path(&g, CONNECT, "/host/a.sock"), PERM);
    assert_string_equal(decisions, "connect unix /host/a.sock: 0 rule 2: deny:unix:/host/a.sock\n");
    decisions[0] = '\0';
    assert_int_equal(try_path(&g, CONNECT, "/host/./link/../link/b.sock"), 0);
    assert_string_equal(decisions,
                        "connect unix /host/real/b.sock: 1 rule 3: allow:unix:out:/host/real/*\n");
    assert_int_equal(try_path(&g, BIND, "/host/c.sock"), PERM);
    guest_close(&g);
    open_with(&g, BOTH, WAX_MOUNT_RO);
    assert_int_equal(try_path(&g, CONNECT, "/host/a.sock"), ROFS);
    assert_int_equal(try_path(&g, BIND, "/host/c.sock"), ROFS);
    guest_close(&g);
    open_with(&g, "", 0);
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
    open_with(&g, "allow:unix:/* allow:unix:/*/* allow:unix:/*/*/*", 0);
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
    while (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) { /* it is not there yet */
        (void)usleep(1000);
    }
    if (fd >= 0 && send(fd, "hello", 5, 0) == 5) {
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
    open_with(&g, BOTH, 0);
    assert_int_equal(try_path(&g, CONNECT, "/host/h.sock"), 0);
    int fd = server < 0 ? -1 : accept(server, NULL, NULL);
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
        cmocka_unit_test(test_on_host),       cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_copy_on_write), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_rules),         cmocka_unit_test(test_places),
        cmocka_unit_test(test_others),
    };
    int failed = cmocka_run_group_tests_name("unix", tests, NULL, NULL);
    return rmdir(dir) == 0 ? failed : 1;
}
