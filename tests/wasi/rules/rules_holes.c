/* SPDX-License-Identifier: Apache-2.0 */
/* Holes other runtimes had: each stays shut here. */
#include "rules.h"

#include <stdio.h>

/* Started without any mount: there is no directory at all. */
static void no_preopen(void)
{
    uint32_t prestat[2];
    for (uint32_t fd = 3; fd < 20; fd++) {
        CHECK(BADF, p1_fd_prestat_get(fd, P(prestat)));
        CHECK(BADF, try_open_at(fd, ".", 0, 0, R_READ));
        CHECK(BADF, try_open_at(fd, "/etc/passwd", 0, 0, R_READ));
    }
}

static void symlink_create(void)
{
    CHECK(SUCCESS, p1_path_symlink(S("../outside/made"), DATA, S("s")));
    CHECK(NOTCAPABLE, try_open("s", CREAT, R_WRITE));
    CHECK(NOTCAPABLE, try_open("s", CREAT | TRUNC, R_READ | R_WRITE));
    CHECK(NOTCAPABLE, try_open("upfile", CREAT, R_WRITE));
    CHECK(NOTCAPABLE, try_open("upfile", TRUNC, R_WRITE));
    CHECK(NOTCAPABLE, try_open("up/made", CREAT | EXCL, R_WRITE));
    CHECK(SUCCESS, p1_path_symlink(S("../.."), DATA, S("d/s")));
    CHECK(NOTCAPABLE, try_open("d/s/outside/secret", 0, R_READ));
    CHECK(SUCCESS, p1_path_symlink(S("d/s"), DATA, S("s2"))); /* a link to a link that leads out */
    CHECK(NOTCAPABLE, try_open("s2/outside/secret", 0, R_READ));
}

static void dotdot(void)
{
    CHECK(NOTCAPABLE, try_open("/etc/passwd", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("//etc/passwd", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("../outside/secret", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("./../outside/secret", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("d/e/../../../outside/secret", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("ld/../../outside/secret", 0, R_READ));
    CHECK(NOTCAPABLE, p1_path_create_directory(DATA, S("../made")));
    CHECK(NOTCAPABLE, p1_path_remove_directory(DATA, S("../outside/dir")));
    CHECK(NOTCAPABLE, p1_path_unlink_file(DATA, S("d/../../outside/secret")));
    CHECK(NOTCAPABLE, p1_path_rename(DATA, S("f"), DATA, S("../f")));
    uint32_t e = open_file("d/e", DIR_RIGHTS, 0);
    CHECK(NOTCAPABLE, try_open_at(e, "../../f", 0, 0, R_READ)); /* the string d/e + ../.. is f */
    CHECK(NOTCAPABLE, try_open_at(e, "../g", 0, 0, R_READ));
}

static void symlink_on_file(void)
{
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(NOTDIR, p1_path_symlink(S("x"), fd, S("s")));
    CHECK(NOTDIR, p1_path_create_directory(fd, S("s")));
    CHECK(NOTDIR, p1_path_unlink_file(fd, S("s")));
    CHECK(NOTDIR, p1_path_rename(fd, S("s"), DATA, S("t")));
    CHECK(NOTDIR, p1_path_symlink(S("x"), 0, S("s")));
    CHECK(BADF, p1_path_symlink(S("x"), 100, S("s")));
}

static void self_dot(void)
{
    char path[5 * 30 + 8] = "";
    for (int i = 0; i < 30; i++) {
        strcat(path, "self/");
    }
    strcat(path, "f");
    CHECK(SUCCESS, try_open(path, 0, R_READ));
    CHECK(SUCCESS, p1_path_symlink(S("./"), DATA, S("slash")));
    CHECK(SUCCESS, try_open("slash/f", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("self/..", 0, R_READ)); /* a link that goes nowhere is no depth */
    CHECK(NOTCAPABLE, try_open("self/../outside/secret", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("self/self/../data/f", 0, R_READ));
    CHECK(SUCCESS, p1_path_symlink(S("twice/twice"), DATA, S("twice")));
    CHECK(LOOP, try_open("twice", 0, R_READ));
}

/* The runner counts the host's descriptors before and after. */
static void renumber_leak(void)
{
    uint32_t keep = open_file("f", ALL_RIGHTS, 0);
    peek("before");
    for (int i = 0; i < 20000; i++) {
        uint32_t fd = open_at(DATA, "f", 0, 0, ALL_RIGHTS, 0, NULL);
        if (fd != keep + 1 || p1_fd_renumber(fd, keep) != 0) {
            TRUE(!"renumber fails or numbers grow");
            break;
        }
    }
    EQUAL(10, size_of(keep));
    peek("after");
}

static void excl_dangling(void)
{
    CHECK(EXIST, try_open("dangling", CREAT | EXCL, R_WRITE));
    CHECK(EXIST, try_open_at(DATA, "dangling", 0, CREAT | EXCL, R_WRITE));
    CHECK(EXIST, try_open("upnew", CREAT | EXCL, R_WRITE));
    CHECK(NOENT, try_open("none", 0, R_READ)); /* not made */
}

static void directory_links(void)
{
    __wasi_filestat_t st;
    char buf[16];
    uint32_t n;
    CHECK(NOTCAPABLE, try_open("up", DIRECTORY, R_READ));
    CHECK(NOTCAPABLE, try_open("up/dir/inner", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("d/../up/secret", 0, R_READ));
    CHECK(NOTCAPABLE, stat_at(DATA, 0, "up/secret", &st));
    CHECK(NOTCAPABLE, p1_path_readlink(DATA, S("up/link"), P(buf), sizeof buf, P(&n)));
    CHECK(NOTCAPABLE, p1_path_filestat_set_times(DATA, 0, S("up/secret"), 0, 0, 2 | 8));
    CHECK(NOTCAPABLE, p1_path_create_directory(DATA, S("up/made")));
    CHECK(NOTCAPABLE, p1_path_remove_directory(DATA, S("up/dir")));
    CHECK(NOTCAPABLE, p1_path_link(DATA, 0, S("up/secret"), DATA, S("stolen")));
    CHECK(NOTCAPABLE, p1_path_symlink(S("x"), DATA, S("up/made")));
}

static void times_both(void)
{
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    for (uint32_t flags = 0; flags < 16; flags++) {
        bool bad = (flags & 3) == 3 || (flags & 12) == 12;
        EQUAL(bad ? __WASI_ERRNO_INVAL : 0, p1_fd_filestat_set_times(fd, 1, 1, flags));
        EQUAL(bad ? __WASI_ERRNO_INVAL : 0,
              p1_path_filestat_set_times(DATA, 0, S("f"), 1, 1, flags));
    }
}

/* Descriptors, vectors and names that a guest asks for without end stop at a limit. */
static void allocations(void)
{
    uint32_t e = 0, n = 0;
    while (!e && n < 2000) {
        (void)open_at(DATA, "f", 0, 0, R_READ, 0, &e);
        n += !e;
    }
    CHECK(MFILE, e);
    EQUAL(1024 - (OTHER + 1), n); /* the limit is exact */
    CHECK(INVAL, p1_fd_read(OTHER + 1, 0, 100000, P(&n)));
    CHECK(INVAL, p1_poll_oneoff(0, 0, 100000, P(&n)));
}

/* A rename that fails changes nothing: both names mean what they meant. */
static void failed_rename(void)
{
    CHECK(ISDIR, p1_path_rename(DATA, S("f"), DATA, S("d")));
    CHECK(XDEV, p1_path_rename(DATA, S("f"), OTHER, S("f")));
    CHECK(NOTCAPABLE, p1_path_rename(DATA, S("f"), DATA, S("up/f")));
    CHECK(NOENT, p1_path_rename(DATA, S("f"), DATA, S("none/f")));
    TRUE(file_is("f", "0123456789"));
    TRUE(file_is("d/g", "inner"));
    uint32_t fd = open_file("f", ALL_RIGHTS, 0);
    CHECK(NOTDIR, p1_path_rename(DATA, S("d"), DATA, S("f")));
    EQUAL(10, size_of(fd));
}

WAX_IMPORT("wasi_snapshot_preview1", "sock_recv")
uint32_t p1_recv(uint32_t fd, uint32_t iovs, uint32_t n, uint32_t flags, uint32_t len,
                 uint32_t ret);
WAX_IMPORT("wasi_snapshot_preview1", "sock_send")
uint32_t p1_send(uint32_t fd, uint32_t iovs, uint32_t n, uint32_t flags, uint32_t ret);
WAX_IMPORT("wasi_snapshot_preview1", "sock_accept")
uint32_t p1_accept(uint32_t fd, uint32_t flags, uint32_t ret);

static void socket_calls(void) /* what is no socket is told so, whatever the pointers are */
{
    CHECK(NOTSOCK, p1_sock_shutdown(1, 1));
    CHECK(NOTSOCK, p1_sock_shutdown(DATA, UINT32_MAX));
    CHECK(BADF, p1_sock_shutdown(UINT32_MAX, 1));
    TRUE(p1_recv(0, UINT32_MAX, UINT32_MAX, 0, UINT32_MAX, UINT32_MAX) != 0);
    TRUE(p1_send(1, UINT32_MAX, UINT32_MAX, 0, UINT32_MAX) != 0);
    TRUE(p1_accept(3, 0, UINT32_MAX) != 0);
}

const struct rule hole_rules[] = {
    {"hole-cve-2023-51661-no-preopen", no_preopen},
    {"hole-cve-2024-38358-symlink-create", symlink_create},
    {"hole-wasmer-4774-dotdot", dotdot},
    {"hole-wasmer-4899-symlink-on-file", symlink_on_file},
    {"hole-wasmer-5868-self-dot", self_dot},
    {"hole-cve-2025-53901-renumber", rule_renumber},
    {"hole-ghsa-3p27-renumber-leak", renumber_leak},
    {"hole-cve-2026-47261-trunc-on-readonly", rule_trunc_on_readonly},
    {"hole-cve-2026-58494-readonly-link-rename", rule_readonly_two_names},
    {"hole-cve-2026-27204-allocations", allocations},
    {"hole-wazero-2321-directory-links", directory_links},
    {"hole-uvwasi-times-both", times_both},
    {"hole-iwasm-excl-dangling", excl_dangling},
    {"hole-iwasm-poll-of-nothing", rule_poll_counts},
    {"hole-wamr-4611-socket-pointers", socket_calls},
    {"hole-audit-failed-rename", failed_rename},
    {NULL, NULL},
};
