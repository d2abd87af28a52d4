/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 1 to 10: descriptors, opening, rights, read-only mounts. */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>

/* The runner looks: every descriptor is close-on-exec, those of mounts are for paths only. */
static void host_descriptors(void)
{
    (void)open_file("f", ALL_RIGHTS, 0);
    (void)open_file("d", R_READ, 0);
    uint8_t buf[512];
    uint32_t used;
    CHECK(SUCCESS, readdir(DATA, buf, sizeof buf, 0, &used));
    peek("descriptors");
}

static void beneath(void)
{
    CHECK(SUCCESS, try_open("d/../f", 0, R_READ));
    CHECK(SUCCESS, try_open("././/f", 0, R_READ));
    CHECK(SUCCESS, try_open("self/self/d/e/../../f", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("..", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("../data/f", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("d/../../outside/secret", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("self/../f", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("up/secret", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("upfile", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("upnew", CREAT, R_WRITE));
    CHECK(NOTCAPABLE, try_open("abs/passwd", 0, R_READ));
    uint32_t d = open_file("d", R_READ, 0);
    CHECK(NOTCAPABLE, try_open_at(d, "../f", 0, 0, R_READ)); /* a descriptor is a root, too */
}

static void nofollow(void)
{
    CHECK(LOOP, try_open_at(DATA, "lf", 0, 0, R_READ));
    CHECK(SUCCESS, try_open_at(DATA, "lf", FOLLOW, 0, R_READ));
    CHECK(LOOP, try_open_at(DATA, "dangling", 0, CREAT, R_WRITE));
    CHECK(LOOP, try_open_at(DATA, "upfile", 0, TRUNC, R_WRITE));
    CHECK(SUCCESS, try_open_at(DATA, "ld/g", 0, 0, R_READ)); /* only the last name is meant */
    CHECK(SUCCESS, try_open_at(DATA, "ld/", 0, 0, R_READ));
}

static void open_flags(void)
{
    uint32_t e;
    CHECK(EXIST, try_open("f", CREAT | EXCL, R_WRITE));
    CHECK(SUCCESS, try_open("f", CREAT, R_WRITE));
    CHECK(NOTDIR, try_open("f", DIRECTORY, R_READ));
    CHECK(SUCCESS, try_open("d", DIRECTORY, R_READ));
    CHECK(SUCCESS, try_open("d", 0, R_READ));
    CHECK(ISDIR, try_open("d", 0, R_WRITE));
    CHECK(ISDIR, try_open("d", DIRECTORY, R_READ | R_WRITE));
    CHECK(ISDIR, try_open_at(RO, "dir", 0, 0, R_READ | R_WRITE));
    CHECK(ISDIR, try_open("d", TRUNC, R_WRITE));
    CHECK(INVAL, try_open("made", CREAT | DIRECTORY, R_READ));
    CHECK(NOENT, try_open("made", 0, R_READ));
    CHECK(NOENT, try_open("none/f", CREAT, R_WRITE));
    (void)open_at(open_file("f", R_READ, 0), "x", 0, 0, R_READ, 0, &e);
    CHECK(NOTDIR, e);
    CHECK(BADF, try_open_at(NO_FD, "f", 0, 0, R_READ));
    TRUE(file_is("f", "0123456789"));
}

static void link_limits(void)
{
    char deep[400] = "";
    CHECK(LOOP, try_open("a", 0, R_READ));
    CHECK(LOOP, try_open("a/x", CREAT, R_WRITE));
    for (int i = 0; i < 40; i++) {
        strcat(deep, "self/");
    }
    strcat(deep, "f");
    CHECK(SUCCESS, try_open(deep, 0, R_READ)); /* 40 links are allowed, as in the kernel */
    memmove(deep + 5, deep, strlen(deep) + 1);
    memcpy(deep, "self/", 5);
    CHECK(LOOP, try_open(deep, 0, R_READ));
}

/* 64 directories deep, down and up again, and a path as long as one may be. */
static void depth(void)
{
    char path[4200] = "", up[4200];
    for (int i = 0; i < 64; i++) {
        strcat(path, i ? "/n" : "n");
        make_dir(path);
    }
    strcpy(up, path);
    for (int i = 0; i < 64; i++) {
        strcat(up, "/..");
    }
    strcat(up, "/f");
    CHECK(SUCCESS, try_open(up, 0, R_READ));
    strcpy(up, path);
    for (int i = 0; i < 65; i++) {
        strcat(up, "/..");
    }
    CHECK(NOTCAPABLE, try_open(up, 0, R_READ));
    memset(up, '/', 4094);
    memcpy(up, "d", 1);
    strcpy(up + 4094, "g");
    CHECK(SUCCESS, try_open(up, 0, R_READ));
    for (size_t len = strlen(path); len > 0; len -= len > 1 ? 2 : 1) {
        path[len] = '\0';
        CHECK(SUCCESS, p1_path_remove_directory(DATA, S(path)));
    }
}

static void special_files(void)
{
    static const char *const names[] = {"fifo", "sock"};
    for (int i = 0; i < 2; i++) {
        CHECK(PERM, try_open(names[i], 0, R_READ)); /* at once: a FIFO would block */
        CHECK(PERM, try_open(names[i], 0, R_WRITE));
        CHECK(PERM, try_open(names[i], CREAT, R_WRITE));
        CHECK(PERM, try_open(names[i], TRUNC, R_READ | R_WRITE));
        CHECK(EXIST, try_open(names[i], CREAT | EXCL, R_WRITE));
    }
    __wasi_filestat_t st;
    CHECK(SUCCESS, stat_at(DATA, 0, "fifo", &st));
    CHECK(SUCCESS, p1_path_rename(DATA, S("fifo"), DATA, S("d/fifo"))); /* its name is a name */
}

static void device(void)
{
    CHECK(PERM, try_open("device", 0, R_READ));
    CHECK(PERM, try_open("device", 0, R_WRITE));
}

/* A mount of all of the host: nothing of /proc and the like comes with it. */
static void kernel_files(void)
{
    uint32_t e;
    char buf[64];
    enum { ALL = 6 };
    CHECK(PERM, try_open_at(ALL, "proc/self/mem", FOLLOW, 0, R_READ));
    CHECK(PERM, try_open_at(ALL, "proc/self/environ", FOLLOW, 0, R_READ));
    CHECK(PERM, try_open_at(ALL, "proc/version", FOLLOW, 0, R_READ));
    CHECK(PERM, try_open_at(ALL, "proc", FOLLOW, DIRECTORY, R_READ));
    CHECK(PERM, try_open_at(ALL, "sys", FOLLOW, DIRECTORY, R_READ));
    CHECK(PERM, p1_path_readlink(ALL, S("proc/self/exe"), P(buf), sizeof buf, P(buf)));
    uint32_t etc = open_at(ALL, "etc", FOLLOW, DIRECTORY, R_READ, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(NOTCAPABLE, try_open_at(etc, "../proc/self/mem", FOLLOW, 0, R_READ));
}

static void modes(void) /* the runner compares them */
{
    CHECK(SUCCESS, try_open("made", CREAT, R_WRITE));
    CHECK(SUCCESS, try_open("d/made", CREAT | EXCL, R_READ));
    make_dir("madedir");
}

static void rights_intersect(void)
{
    uint32_t n, e, dir = NO_FD;
    CHECK(SUCCESS, p1_path_open(DATA, 0, S("."), DIRECTORY, DIR_RIGHTS, R_READ, 0, P(&dir)));
    uint32_t fd = open_at(dir, "f", 0, 0, R_READ | R_WRITE, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(BADF, write_fd(fd, "x", &n)); /* not inherited */
    __wasi_fdstat_t st;
    CHECK(SUCCESS, p1_fd_fdstat_get(fd, P(&st)));
    EQUAL(R_READ, st.fs_rights_base);
    EQUAL(R_READ, st.fs_rights_inheriting);
    CHECK(SUCCESS, p1_fd_fdstat_get(DATA, P(&st)));
    EQUAL(0, st.fs_rights_base & (R_READ | R_WRITE | RIGHT(FD_SEEK)));
    CHECK(NOTCAPABLE, p1_fd_filestat_set_size(fd, 0));
    CHECK(NOTCAPABLE, p1_fd_seek(fd, 0, SEEK_START, P(&st)));
}

/* Take rights from DATA itself; what is opened below it may still have them. */
static void drop(uint64_t rights)
{
    __wasi_fdstat_t st;
    CHECK(SUCCESS, p1_fd_fdstat_get(DATA, P(&st)));
    CHECK(SUCCESS,
          p1_fd_fdstat_set_rights(DATA, st.fs_rights_base & ~rights, st.fs_rights_inheriting));
}

static void rights_to_create(void)
{
    drop(RIGHT(PATH_CREATE_FILE));
    CHECK(NOTCAPABLE, try_open("made", CREAT, R_WRITE));
    CHECK(NOTCAPABLE, try_open("f", CREAT, R_WRITE));
    CHECK(SUCCESS, try_open("f", 0, R_WRITE));
}

static void rights_to_truncate(void)
{
    drop(RIGHT(PATH_FILESTAT_SET_SIZE));
    CHECK(NOTCAPABLE, try_open("f", TRUNC, R_WRITE));
    CHECK(NOTCAPABLE, try_open("f", TRUNC, R_READ));
    TRUE(file_is("f", "0123456789"));
}

void rule_trunc_on_readonly(void)
{
    CHECK(ROFS, try_open_at(RO, "keep", 0, TRUNC, R_READ));
    CHECK(ROFS, try_open_at(RO, "keep", 0, TRUNC, R_WRITE));
    CHECK(ROFS, try_open_at(RO, "keep", 0, TRUNC, 0));
    CHECK(ROFS, try_open_at(RO, "keep", 0, TRUNC, ALL_RIGHTS));
    CHECK(ROFS, try_open_at(RO, "keep", 0, CREAT | TRUNC, R_READ));
    CHECK(ROFS, try_open_at(RO, "link", FOLLOW, TRUNC, R_READ));
    uint32_t e, sub = open_at(RO, ".", 0, DIRECTORY, DIR_RIGHTS, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(ROFS, try_open_at(sub, "keep", 0, TRUNC, R_READ));
}

static void rights_only_drop(void)
{
    uint32_t n, fd = open_file("f", R_READ, 0);
    char c;
    CHECK(NOTCAPABLE, p1_fd_fdstat_set_rights(fd, R_READ | R_WRITE, 0));
    CHECK(SUCCESS, read_fd(fd, &c, 1, &n));
    CHECK(SUCCESS, p1_fd_fdstat_set_rights(fd, 0, 0));
    CHECK(BADF, read_fd(fd, &c, 1, &n));
    CHECK(NOTCAPABLE, p1_fd_fdstat_set_rights(fd, R_READ, 0));
    CHECK(NOTCAPABLE, p1_fd_fdstat_set_rights(fd, 0, R_READ));
    CHECK(BADF, p1_fd_fdstat_set_rights(100, 0, 0));
}

/* The runner looks: read only, write only, both, and read only without any right. */
static void access_mode(void)
{
    uint32_t n, r = open_file("f", R_READ, 0), w = open_file("f", R_WRITE, 0);
    (void)open_file("f", R_READ | R_WRITE, 0);
    uint32_t none = open_file("f", 0, 0);
    char c;
    CHECK(BADF, write_fd(r, "x", &n));
    CHECK(BADF, read_fd(w, &c, 1, &n));
    CHECK(BADF, read_fd(none, &c, 1, &n));
    CHECK(BADF, write_fd(none, "x", &n));
    CHECK(ISDIR, read_fd(DATA, &c, 1, &n));
    CHECK(ISDIR, write_fd(DATA, "x", &n));
    peek("modes");
}

static void readonly_mount(void)
{
    static const uint32_t oflags[] = {CREAT, TRUNC, CREAT | TRUNC, CREAT | EXCL};
    for (int i = 0; i < 4; i++) {
        CHECK(ROFS, try_open_at(RO, "keep", 0, oflags[i], R_READ));
        CHECK(ROFS, try_open_at(RO, "new", 0, oflags[i], R_WRITE));
    }
    CHECK(ROFS, try_open_at(RO, "keep", 0, 0, R_WRITE));
    CHECK(ROFS, p1_path_create_directory(RO, S("n")));
    CHECK(ROFS, p1_path_remove_directory(RO, S("dir")));
    CHECK(ROFS, p1_path_unlink_file(RO, S("keep")));
    CHECK(ROFS, p1_path_symlink(S("x"), RO, S("n")));
    CHECK(ROFS, p1_path_filestat_set_times(RO, 0, S("keep"), 0, 0, 2));
    uint32_t n, e, fd = open_at(RO, "keep", 0, 0, ALL_RIGHTS, 0, &e);
    char c;
    CHECK(SUCCESS, e); /* asking for all there is gives what there is */
    CHECK(NOTCAPABLE, p1_fd_filestat_set_size(fd, 0));
    CHECK(NOTCAPABLE, p1_fd_filestat_set_times(fd, 0, 0, 2));
    CHECK(NOTCAPABLE, p1_fd_allocate(fd, 0, 100));
    CHECK(BADF, write_fd(fd, "x", &n));
    CHECK(SUCCESS, read_fd(fd, &c, 1, &n));
    fd = open_at(RO, "keep", 0, 0, R_READ, APPEND, &e);
    CHECK(BADF, write_fd(fd, "x", &n));
    fd = open_at(RO, ".", 0, DIRECTORY, DIR_RIGHTS, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(ROFS, p1_path_unlink_file(fd, S("keep")));
    CHECK(ROFS, p1_path_create_directory(fd, S("n")));
}

void rule_readonly_two_names(void)
{
    CHECK(ROFS, p1_path_rename(RO, S("keep"), DATA, S("k")));
    CHECK(ROFS, p1_path_rename(DATA, S("f"), RO, S("k")));
    CHECK(ROFS, p1_path_rename(RO, S("keep"), RO, S("k")));
    CHECK(ROFS, p1_path_link(RO, 0, S("keep"), DATA, S("k")));
    CHECK(ROFS, p1_path_link(DATA, 0, S("f"), RO, S("k")));
    CHECK(ROFS, p1_path_link(RO, 0, S("keep"), RO, S("k")));
}

static void across_mounts(void)
{
    uint32_t e;
    CHECK(XDEV, p1_path_rename(DATA, S("f"), OTHER, S("f"))); /* though the host could */
    CHECK(XDEV, p1_path_rename(OTHER, S("x"), DATA, S("x")));
    CHECK(XDEV, p1_path_link(DATA, 0, S("f"), OTHER, S("f")));
    uint32_t d = open_at(DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(SUCCESS, p1_path_rename(DATA, S("f"), d, S("moved"))); /* one mount, two descriptors */
    CHECK(SUCCESS, p1_path_link(d, 0, S("moved"), DATA, S("linked")));
}

const struct rule open_rules[] = {
    {"rule-01-host-descriptors", host_descriptors},
    {"rule-02-beneath", beneath},
    {"rule-02-nofollow", nofollow},
    {"rule-02-open-flags", open_flags},
    {"rule-03-link-limits", link_limits},
    {"rule-03-depth", depth},
    {"rule-04-beneath-is-default", beneath},
    {"rule-05-special-files", special_files},
    {"rule-05-device", device},
    {"rule-06-kernel-files", kernel_files},
    {"rule-07-modes", modes},
    {"rule-07-modes-umask-077", modes},
    {"rule-08-rights-intersect", rights_intersect},
    {"rule-08-rights-to-create", rights_to_create},
    {"rule-08-rights-to-truncate", rights_to_truncate},
    {"rule-08-trunc-on-readonly", rule_trunc_on_readonly},
    {"rule-08-rights-only-drop", rights_only_drop},
    {"rule-09-access-mode", access_mode},
    {"rule-10-readonly-mount", readonly_mount},
    {"rule-10-readonly-two-names", rule_readonly_two_names},
    {"rule-10-across-mounts", across_mounts},
    {NULL, NULL},
};
