/* SPDX-License-Identifier: Apache-2.0 */
/* Options of mounts (rules 2, 4, 5 and 16): DATA has the one the check is named by. */
#include "rules.h"

#include <stdio.h>

/* The runner mounts another filesystem at d/e, and OTHER once more at bound, its file at boundfile.
 */
static void no_xdev(void)
{
    __wasi_filestat_t st;
    CHECK(NOTCAPABLE, try_open("d/e", DIRECTORY, R_READ));
    CHECK(NOTCAPABLE, try_open("d/e/new", CREAT, R_WRITE));
    CHECK(NOTCAPABLE, try_open("bound", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("bound/x", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("bound/x", CREAT | TRUNC, R_WRITE));
    CHECK(NOTCAPABLE, try_open("boundfile", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("boundfile", TRUNC, R_WRITE));
    CHECK(NOTCAPABLE, stat_at(DATA, 0, "bound", &st));
    CHECK(NOTCAPABLE, stat_at(DATA, 0, "boundfile", &st));
    CHECK(NOTCAPABLE, stat_at(DATA, 0, "bound/x", &st));
    CHECK(NOTCAPABLE, p1_path_unlink_file(DATA, S("bound/x")));
    CHECK(NOTCAPABLE, p1_path_create_directory(DATA, S("bound/n")));
    CHECK(NOTCAPABLE, p1_path_rename(DATA, S("f"), DATA, S("bound/f")));
    CHECK(NOTCAPABLE, p1_path_filestat_set_times(DATA, 0, S("boundfile"), 0, 0, 2));
    uint32_t e, d = open_at(DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(NOTCAPABLE, try_open_at(d, "e", 0, 0, R_READ));
    CHECK(SUCCESS, try_open_at(d, "g", 0, 0, R_READ));
    CHECK(SUCCESS, try_open("d/../lf", 0, R_READ));
    TRUE(file_is("ld/g", "inner"));
}

/* Without the option they are like any directory. */
static void xdev(void)
{
    CHECK(SUCCESS, try_open("d/e", DIRECTORY, R_READ));
    CHECK(SUCCESS, try_open("d/e/new", CREAT, R_WRITE));
    CHECK(SUCCESS, try_open("boundfile", 0, R_READ));
    TRUE(file_is("bound/x", "x"));
    CHECK(XDEV, p1_path_rename(DATA, S("d/g"), DATA, S("d/e/g")));
}

static void no_links(void)
{
    char buf[64];
    uint32_t n;
    __wasi_filestat_t st;
    CHECK(LOOP, try_open("lf", 0, R_READ));
    CHECK(LOOP, try_open_at(DATA, "lf", 0, 0, R_READ));
    CHECK(LOOP, try_open("lf", TRUNC, R_WRITE));
    CHECK(LOOP, try_open("dangling", CREAT, R_WRITE));
    CHECK(LOOP, try_open("ld/g", 0, R_READ));
    CHECK(LOOP, try_open("ld/new", CREAT, R_WRITE));
    CHECK(LOOP, try_open("self/f", 0, R_READ));
    CHECK(LOOP, try_open("up/secret", 0, R_READ));
    CHECK(LOOP, try_open("abs", 0, R_READ));
    CHECK(LOOP, stat_at(DATA, FOLLOW, "lf", &st));
    CHECK(LOOP, stat_at(DATA, 0, "ld/g", &st));
    CHECK(LOOP, p1_path_create_directory(DATA, S("ld/n")));
    CHECK(LOOP, p1_path_unlink_file(DATA, S("ld/g")));
    CHECK(LOOP, p1_path_filestat_set_times(DATA, FOLLOW, S("lf"), 0, 0, 2));
    /* The links themselves are names like any other. */
    CHECK(SUCCESS, stat_at(DATA, 0, "lf", &st));
    EQUAL(__WASI_FILETYPE_SYMBOLIC_LINK, st.filetype);
    CHECK(SUCCESS, p1_path_readlink(DATA, S("lf"), P(buf), sizeof buf, P(&n)));
    EQUAL(1, n);
    CHECK(SUCCESS, p1_path_symlink(S("f"), DATA, S("s")));
    CHECK(LOOP, try_open("s", 0, R_READ));
    CHECK(SUCCESS, try_open("d/../f", 0, R_READ));
}

/* `..` stays at the mount's root, absolute links count from it. */
static void in_root(void)
{
    uint32_t e;
    __wasi_filestat_t a, b;
    make_dir("outside");
    make_file("outside/secret", "mine");
    TRUE(file_is("upfile", "mine"));
    TRUE(file_is("up/secret", "mine"));
    TRUE(file_is("../f", "0123456789"));
    TRUE(file_is("d/../../../ld/g", "inner"));
    CHECK(NOENT, try_open("abs/passwd", 0, R_READ));
    make_dir("etc");
    CHECK(SUCCESS, try_open("abs/passwd", CREAT, R_WRITE));
    CHECK(SUCCESS, p1_path_unlink_file(DATA, S("etc/passwd")));
    CHECK(SUCCESS, try_open("upnew", CREAT, R_WRITE));
    CHECK(SUCCESS, p1_path_unlink_file(DATA, S("new")));
    CHECK(SUCCESS, p1_path_symlink(S("/d"), DATA, S("etc/s")));
    TRUE(file_is("etc/s/g", "inner"));
    TRUE(file_is("etc/s/../f", "0123456789"));
    CHECK(SUCCESS, p1_path_rename(DATA, S("etc/s/g"), DATA, S("up/moved")));
    TRUE(file_is("outside/moved", "inner"));
    CHECK(SUCCESS, p1_path_link(DATA, 0, S("up/moved"), DATA, S("etc/s/g")));
    make_dir("etc/s/n");
    CHECK(SUCCESS, p1_path_remove_directory(DATA, S("etc/s/n/")));
    CHECK(NOTDIR, p1_path_unlink_file(DATA, S("abs/s/")));
    CHECK(SUCCESS, p1_path_unlink_file(DATA, S("abs/s")));
    CHECK(NOTCAPABLE, try_open("/f", 0, R_READ)); /* preview1 knows no absolute paths */
    uint32_t d = open_at(DATA, "d", 0, DIRECTORY, DIR_RIGHTS, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(SUCCESS, try_open_at(d, "../../f", 0, 0, R_READ));
    CHECK(SUCCESS, stat_at(d, 0, "../..", &a));
    CHECK(SUCCESS, stat_at(DATA, 0, ".", &b));
    EQUAL(b.ino, a.ino);
    CHECK(XDEV, p1_path_rename(d, S("g"), OTHER, S("g")));
    CHECK(LOOP, try_open("a", 0, R_READ));
    CHECK(LOOP, try_open_at(DATA, "abs", 0, 0, R_READ));
}

static void in_root_strips(void)
{
    static const char *const want[][2] = {
        {"hostlink", "/d/g"}, {"hosttop", "/"}, {"hostother", "/etc/x"}, {"abs", "/etc"}};
    for (int i = 0; i < 4; i++) {
        char buf[64] = "";
        uint32_t n, len = (uint32_t)strlen(want[i][1]);
        CHECK(SUCCESS, p1_path_readlink(DATA, S(want[i][0]), P(buf), sizeof buf, P(&n)));
        EQUAL(len, n);
        TRUE(strcmp(buf, want[i][1]) == 0);
        buf[1] = 'x';
        CHECK(SUCCESS,
              p1_path_readlink(DATA, S(want[i][0]), P(buf), 1, P(&n))); /* cut after that */
        EQUAL(1, n);
        TRUE(buf[0] == '/' && buf[1] == 'x');
    }
    TRUE(file_is("hostlink", "inner"));
    TRUE(file_is("hosttop/f", "0123456789"));
    char buf[128];
    uint32_t n;
    CHECK(SUCCESS, p1_path_readlink(DATA, S("hostnear"), P(buf), sizeof buf, P(&n)));
    TRUE(n > 6 && memcmp(buf + n - 6, "/data2", 6) == 0); /* another directory's name */
    CHECK(NOENT, try_open("hostnear", 0, R_READ));
}

static void special_allow(void)
{
    char buf[8];
    uint32_t n, e, fifo;
    CHECK(NXIO, try_open("fifo", 0, R_WRITE)); /* nobody reads it, and nobody waits */
    fifo = open_at(DATA, "fifo", 0, 0, R_READ | R_WRITE, 0, &e);
    CHECK(SUCCESS, e);
    CHECK(SUCCESS, write_fd(fifo, "hello", &n));
    CHECK(SUCCESS, read_fd(fifo, buf, sizeof buf, &n));
    EQUAL(5, n);
    CHECK(NXIO, try_open("sock", 0, R_READ));
    uint32_t device = open_at(DATA, "device", 0, 0, R_READ | R_WRITE, 0, &e);
    if (!e) {
        CHECK(SUCCESS, read_fd(device, buf, sizeof buf, &n)); /* as /dev/null */
        EQUAL(0, n);
    } else {
        CHECK(NOENT, e); /* only root can make one */
    }
    CHECK(NOTCAPABLE, try_open("upfile", 0, R_READ)); /* nothing else is allowed by it */
}

/* --cwd /data/ld: a preopen that relative paths of libc count from. */
static void cwd_preopen(void)
{
    uint32_t prestat[2];
    char name[4] = "", line[8] = "";
    enum { CWD = OTHER + 1 };
    CHECK(SUCCESS, p1_fd_prestat_get(CWD, P(prestat)));
    CHECK(SUCCESS, p1_fd_prestat_dir_name(CWD, P(name), sizeof name));
    TRUE(prestat[1] == 1 && name[0] == '.');
    CHECK(SUCCESS, try_open_at(CWD, "g", 0, 0, R_READ));
    CHECK(NOTCAPABLE, try_open_at(CWD, "../f", 0, 0, R_READ));
    CHECK(XDEV, p1_path_rename(CWD, S("g"), OTHER, S("g")));
    FILE *f = fopen("g", "r");
    TRUE(f && fgets(line, sizeof line, f) && strcmp(line, "inner") == 0);
}

const struct rule mount_rules[] = {
    {"root-preview1-directory", cwd_preopen},
    {"rule-02-no-xdev", no_xdev},
    {"rule-02-xdev", xdev},
    {"rule-04-in-root", in_root},
    {"rule-04-no-links", no_links},
    {"rule-05-special-allow", special_allow},
    {"rule-16-in-root-strips-host-prefix", in_root_strips},
    {NULL, NULL},
};
