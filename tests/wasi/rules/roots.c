/* SPDX-License-Identifier: Apache-2.0 */
/* A module that imports WASIX has a root directory: rules 3, 4, 10 and 16 over mounts in a tree. */
/*
 * What the runner mounts: /data, /ro and /other as for the other checks, but from the root at 3,
 * and at /data/d/sub the same as /other, at /data/tmp/deep an empty one in memory.
 */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOT = 3 };

static bool text_is(uint32_t dir, const char *path, const char *text)
{
    char buf[64];
    uint32_t n, e, fd = open_at(dir, path, FOLLOW, 0, R_READ, 0, &e);
    bool same = !e && read_fd(fd, buf, sizeof buf, &n) == 0 && n == strlen(text) &&
                memcmp(buf, text, n) == 0;
    if (e) {
        printf("%s: errno %u\n", path, e);
    }
    (void)p1_fd_close(fd);
    return same;
}

static uint32_t open_dir(uint32_t dir, const char *path)
{
    uint32_t e, fd = open_at(dir, path, FOLLOW, DIRECTORY, DIR_RIGHTS, 0, &e);
    CHECK(SUCCESS, e);
    return fd;
}

/* How often each of the names is listed, read some bytes at a time. */
static void count_names(uint32_t fd, const char *const *names, uint32_t *ret_counts,
                        uint32_t *ret_n)
{
    uint8_t buf[300];
    uint32_t used = sizeof buf;
    uint64_t cookie = 0;
    for (*ret_n = 0; used == sizeof buf;) {
        struct entry entry;
        CHECK(SUCCESS, readdir(fd, buf, sizeof buf, cookie, &used));
        for (uint32_t at = 0; next_entry(buf, used, &at, &entry); (*ret_n)++) {
            cookie = entry.cookie;
            for (uint32_t i = 0; names[i]; i++) {
                ret_counts[i] += strcmp(entry.name, names[i]) == 0;
            }
        }
    }
}

static void preopen(void)
{
    uint32_t prestat[2];
    char name[8] = "";
    CHECK(SUCCESS, p1_fd_prestat_get(ROOT, P(prestat)));
    EQUAL(1, prestat[1]);
    CHECK(SUCCESS, p1_fd_prestat_dir_name(ROOT, P(name), 1));
    TRUE(strcmp(name, "/") == 0);
    CHECK(BADF, p1_fd_prestat_get(ROOT + 1, P(prestat)));
}

static void walk_over_mounts(void)
{
    uint32_t buf[2];
    __wasi_filestat_t a, b;
    TRUE(text_is(ROOT, "data/f", "0123456789"));
    TRUE(text_is(ROOT, "/data/f", "0123456789"));
    TRUE(text_is(ROOT, "//data///d/../f", "0123456789"));
    TRUE(text_is(ROOT, "data/../other/x", "x"));
    TRUE(text_is(ROOT, "../../ro/../ro/keep", "keep"));
    TRUE(text_is(ROOT, "data/d/sub/x", "x"));
    TRUE(text_is(ROOT, "data/d/sub/../g", "inner"));
    TRUE(text_is(ROOT, "data/d/sub/../../../ro/link", "keep"));
    TRUE(text_is(ROOT, "data/self/self/ld/sub/x", "x")); /* along links, onto a mount */
    CHECK(NOENT, try_open("data/none/../f", 0, R_READ));
    CHECK(NOTDIR, try_open("data/f/../f", 0, R_READ));
    CHECK(NOENT, try_open("none", 0, R_READ));
    CHECK(NOENT, try_open("none/x", 0, R_READ));
    CHECK(LOOP, try_open("data/a", 0, R_READ));
    /* From descriptors. */
    uint32_t d = open_dir(ROOT, "data/d"), sub = open_dir(d, "sub");
    TRUE(text_is(d, "../f", "0123456789"));
    TRUE(text_is(d, "../../ro/keep", "keep"));
    TRUE(text_is(sub, "../g", "inner"));
    TRUE(text_is(sub, "/other/x", "x"));
    CHECK(SUCCESS, stat_at(sub, 0, "../../..", &a));
    CHECK(SUCCESS, stat_at(ROOT, 0, "/", &b));
    EQUAL(b.ino, a.ino);
    EQUAL(__WASI_FILETYPE_DIRECTORY, a.filetype);
    CHECK(SUCCESS, stat_at(ROOT, 0, "data/d/sub", &a));
    CHECK(SUCCESS, stat_at(ROOT, 0, "other", &b));
    EQUAL(b.ino, a.ino);
    CHECK(INVAL, p1_path_readlink(ROOT, S("data"), P(buf), sizeof buf, P(buf)));
    CHECK(SUCCESS, wasix_path_open2(ROOT, FOLLOW, S("/data/f"), 0, R_READ, 0, 0, 0, P(buf)));
    /* A directory keeps the way it was reached by. */
    CHECK(SUCCESS, p1_path_rename(ROOT, S("data/d/e"), ROOT, S("data/e")));
    uint32_t e = open_dir(ROOT, "data/e");
    CHECK(SUCCESS, p1_path_rename(ROOT, S("data/e"), ROOT, S("data/d/e")));
    TRUE(text_is(e, "../f", "0123456789"));
}

static void listings(void)
{
    static const char *const top[] = {".", "..", "data", "ro", "other", "none", NULL};
    static const char *const inner[] = {".", "..", "e", "g", "sub", NULL};
    static const char *const made[] = {".", "..", "deep", NULL};
    uint32_t counts[6] = {0}, n, more[6] = {0}, few[6] = {0};
    count_names(ROOT, top, counts, &n);
    for (int i = 0; i < 5; i++) {
        EQUAL(1, counts[i]);
    }
    EQUAL(0, counts[5]);
    uint32_t d = open_dir(ROOT, "data/d");
    CHECK(SUCCESS, p1_path_create_directory(d, S("e/sub"))); /* not the mount: another directory */
    count_names(d, inner, more, &n);
    EQUAL(5, n);
    for (int i = 0; i < 5; i++) {
        EQUAL(1, more[i]);
    }
    CHECK(SUCCESS, p1_path_remove_directory(d, S("e/sub")));
    uint32_t tmp = open_dir(ROOT, "data/tmp"); /* is on no filesystem */
    count_names(tmp, made, few, &n);
    EQUAL(3, n);
    EQUAL(1, few[2]);
    uint8_t buf[64];
    CHECK(INVAL, readdir(tmp, buf, sizeof buf, 99, &n));
}

/* What is a mount, or holds one, can not be moved or removed; the root holds only mounts. */
static void mount_points(void)
{
    CHECK(BUSY, p1_path_rename(ROOT, S("data"), ROOT, S("new")));
    CHECK(BUSY, p1_path_rename(ROOT, S("data/d"), ROOT, S("data/new")));
    CHECK(BUSY, p1_path_rename(ROOT, S("data/d/g"), ROOT, S("data/d/sub")));
    CHECK(BUSY, p1_path_remove_directory(ROOT, S("data/d/sub")));
    CHECK(BUSY, p1_path_remove_directory(ROOT, S("data/tmp/")));
    CHECK(ISDIR, p1_path_unlink_file(ROOT, S("data")));
    CHECK(EXIST, p1_path_create_directory(ROOT, S("data")));
    CHECK(EXIST, p1_path_symlink(S("x"), ROOT, S("data/d/sub")));
    CHECK(PERM, p1_path_link(ROOT, 0, S("data"), ROOT, S("data/l")));
    CHECK(EXIST, p1_path_link(ROOT, 0, S("data/f"), ROOT, S("other")));
    CHECK(EXIST, try_open("data", CREAT | EXCL, R_WRITE));
    CHECK(ISDIR, try_open("data", 0, R_WRITE));
    CHECK(ISDIR, try_open("/", CREAT, R_WRITE));
    CHECK(ROFS, try_open("new", CREAT, R_WRITE));
    CHECK(ROFS, p1_path_create_directory(ROOT, S("new")));
    CHECK(ROFS, p1_path_create_directory(ROOT, S("data/tmp/new")));
    CHECK(ROFS, p1_path_symlink(S("x"), ROOT, S("new")));
    CHECK(INVAL, p1_path_remove_directory(ROOT, S(".")));
    CHECK(NOTEMPTY, p1_path_remove_directory(ROOT, S("data/..")));
    make_dir("data/tmp/deep/n");
    make_file("data/tmp/deep/n/f", "made");
    TRUE(text_is(ROOT, "data/tmp/deep/n/../n/f", "made"));
}

static void readonly(void)
{
    uint32_t n, e, fd = open_at(ROOT, "ro/keep", 0, 0, ALL_RIGHTS, 0, &e);
    char c;
    CHECK(SUCCESS, e); /* asking for all there is gives what there is */
    CHECK(BADF, write_fd(fd, "x", &n));
    CHECK(SUCCESS, read_fd(fd, &c, 1, &n));
    CHECK(NOTCAPABLE, p1_fd_filestat_set_size(fd, 0));
    CHECK(NOTCAPABLE, p1_fd_filestat_set_times(fd, 0, 0, 2));
    CHECK(ROFS, try_open("ro/keep", 0, R_WRITE));
    CHECK(ROFS, try_open("ro/keep", TRUNC, R_READ));
    CHECK(ROFS, try_open("ro/new", CREAT, R_WRITE));
    CHECK(ROFS, p1_path_create_directory(ROOT, S("ro/n")));
    CHECK(ROFS, p1_path_remove_directory(ROOT, S("ro/dir")));
    CHECK(ROFS, p1_path_unlink_file(ROOT, S("data/../ro/keep")));
    CHECK(ROFS, p1_path_symlink(S("x"), ROOT, S("ro/n")));
    CHECK(ROFS, p1_path_filestat_set_times(ROOT, 0, S("ro/keep"), 0, 0, 2));
    CHECK(ROFS, p1_path_filestat_set_times(ROOT, 0, S("ro"), 0, 0, 2));
    CHECK(ROFS, p1_path_rename(ROOT, S("ro/keep"), ROOT, S("data/k")));
    CHECK(ROFS, p1_path_rename(ROOT, S("data/f"), ROOT, S("ro/k")));
    CHECK(ROFS, p1_path_link(ROOT, 0, S("ro/keep"), ROOT, S("data/k")));
    uint32_t dir = open_dir(ROOT, "ro");
    CHECK(ROFS, p1_fd_filestat_set_times(dir, 0, 0, 2));
    CHECK(ROFS, p1_path_unlink_file(dir, S("keep")));
    uint32_t d = open_dir(ROOT, "data/d");
    CHECK(ROFS, try_open_at(d, "../../ro/keep", 0, TRUNC, R_WRITE));
    CHECK(SUCCESS, try_open_at(dir, "../data/f", 0, 0, R_WRITE)); /* up, and to where it may */
}

static void across(void)
{
    CHECK(XDEV, p1_path_rename(ROOT, S("data/f"), ROOT, S("other/f")));
    CHECK(XDEV, p1_path_rename(ROOT, S("data/d/sub/x"), ROOT, S("data/d/x")));
    CHECK(XDEV, p1_path_rename(ROOT, S("data/d/sub/x"), ROOT, S("other/y"))); /* one directory */
    CHECK(XDEV, p1_path_link(ROOT, 0, S("data/f"), ROOT, S("other/f")));
    CHECK(SUCCESS, p1_path_rename(ROOT, S("data/f"), ROOT, S("data/ld/moved")));
    TRUE(text_is(ROOT, "data/d/moved", "0123456789"));
}

/* Links lead through the tree; what they say counts from the guest's root. */
static void links_in_root(void)
{
    char buf[64] = "";
    uint32_t n;
    CHECK(SUCCESS, p1_path_symlink(S("../other/x"), ROOT, S("data/s1")));
    CHECK(SUCCESS, p1_path_symlink(S("/other"), ROOT, S("data/s2")));
    CHECK(SUCCESS, p1_path_symlink(S("/data/s2/../data/s1"), ROOT, S("data/s3")));
    TRUE(text_is(ROOT, "data/s1", "x"));
    TRUE(text_is(ROOT, "data/s2/x", "x"));
    TRUE(text_is(ROOT, "data/s2/../ro/keep", "keep"));
    TRUE(text_is(ROOT, "data/s3", "x"));
    CHECK(NOENT, try_open("data/upfile", 0, R_READ)); /* there is no /outside */
    CHECK(NOENT, try_open("data/abs/passwd", 0, R_READ));
    CHECK(ROFS, try_open("data/upnew", CREAT, R_WRITE));
    CHECK(SUCCESS, try_open("data/s2/made", CREAT, R_WRITE));
    CHECK(SUCCESS, p1_path_rename(ROOT, S("data/s2/made"), ROOT, S("other/made2")));
    CHECK(XDEV, p1_path_rename(ROOT, S("data/s2/made2"), ROOT, S("data/made")));
    CHECK(SUCCESS, p1_path_unlink_file(ROOT, S("data/s2/made2")));
    CHECK(SUCCESS, p1_path_readlink(ROOT, S("data/s2"), P(buf), sizeof buf, P(&n)));
    EQUAL(6, n);
    TRUE(strcmp(buf, "/other") == 0);
    /* The host's own links name its directories: the guest sees its names for them. */
    memset(buf, 0, sizeof buf);
    CHECK(SUCCESS, p1_path_readlink(ROOT, S("data/hostlink"), P(buf), sizeof buf, P(&n)));
    TRUE(strcmp(buf, "/data/d/g") == 0);
    TRUE(text_is(ROOT, "data/hostlink", "inner"));
    TRUE(text_is(ROOT, "data/hostother/x", "x"));
    for (const char *const *s = (const char *const[]){"s1", "s2", "s3", NULL}; *s; s++) {
        snprintf(buf, sizeof buf, "data/%s", *s);
        remove_file(buf);
    }
}

/* /data has symlinks=beneath: its links stay below it, paths of the guest do not have to. */
static void links_beneath(void)
{
    CHECK(SUCCESS, p1_path_symlink(S("../../other/x"), ROOT, S("data/d/s1")));
    CHECK(SUCCESS, p1_path_symlink(S("../ld/./sub/../g"), ROOT, S("data/d/s2")));
    CHECK(SUCCESS, p1_path_symlink(S("sub/../../../ro"), ROOT, S("data/d/s3")));
    CHECK(SUCCESS, p1_path_symlink(S(".."), ROOT, S("data/d/s4")));
    CHECK(SUCCESS, p1_path_symlink(S(".."), ROOT, S("data/s5")));
    CHECK(PERM, p1_path_symlink(S("/other"), ROOT, S("data/s6")));
    CHECK(PERM, try_open("data/d/s1", 0, R_READ));
    TRUE(text_is(ROOT, "data/d/s2", "inner"));
    CHECK(PERM, try_open("data/d/s3/keep", 0, R_READ));
    TRUE(text_is(ROOT, "data/d/s4/f", "0123456789"));
    TRUE(text_is(ROOT, "data/d/s4/../ro/keep", "keep")); /* the link is through */
    CHECK(PERM, try_open("data/s5", 0, R_READ));
    CHECK(PERM, try_open("data/s5/ro/keep", 0, R_READ));
    CHECK(PERM, try_open("data/hostlink", 0, R_READ));
    CHECK(PERM, try_open("data/abs/passwd", 0, R_READ));
    TRUE(text_is(ROOT, "data/d/../../ro/keep", "keep"));
    for (const char *const *s = (const char *const[]){"d/s1", "d/s2", "d/s3", "d/s4", "s5", NULL};
         *s; s++) {
        char path[16];
        snprintf(path, sizeof path, "data/%s", *s);
        remove_file(path);
    }
}

static bool cwd_is(const char *want)
{
    char buf[32];
    memset(buf, 'x', sizeof buf);
    uint32_t len = sizeof buf;
    CHECK(SUCCESS, wasix_getcwd(P(buf), P(&len)));
    EQUAL(strlen(want), len);
    return strcmp(buf, want) == 0;
}

/* Begins in /data/ld, as --cwd said. */
static void working_directory(void)
{
    char buf[8] = "1234567";
    uint32_t len = 0;
    TRUE(cwd_is("/data/d"));
    CHECK(SUCCESS, wasix_chdir(S("sub")));
    TRUE(cwd_is("/data/d/sub"));
    CHECK(SUCCESS, wasix_chdir(S("../../../ro/dir/.")));
    TRUE(cwd_is("/ro/dir"));
    CHECK(NOENT, wasix_chdir(S("none")));
    CHECK(NOENT, wasix_chdir(S("")));
    CHECK(NOTDIR, wasix_chdir(S("../keep")));
    TRUE(cwd_is("/ro/dir"));
    CHECK(INVAL, wasix_getcwd(P(buf), P(&len)));
    len = 6;
    CHECK(RANGE, wasix_getcwd(P(buf), P(&len)));
    EQUAL(7, len);
    CHECK(SUCCESS, wasix_getcwd(P(buf), P(&len)));
    TRUE(memcmp(buf, "/ro/dir", 7) == 0);
    CHECK(SUCCESS, wasix_chdir(S("/")));
    TRUE(cwd_is("/"));
    CHECK(SUCCESS, wasix_chdir(S("..")));
    TRUE(cwd_is("/"));
}

static uint32_t io(const char *path, bool write, char *buf, uint32_t len, uint32_t *ret_n)
{
    const uint32_t iov[2] = {P(buf), len};
    uint32_t e, fd = open_at(ROOT, path, FOLLOW, 0, write ? R_WRITE : R_READ, 0, &e);
    if (!e) {
        e = write ? p1_fd_write(fd, P(iov), 1, P(ret_n)) : p1_fd_read(fd, P(iov), 1, P(ret_n));
        CHECK(SUCCESS, p1_fd_close(fd));
    }
    return e;
}

static bool all_are(const char *buf, uint32_t len, char c)
{
    uint32_t i = 0;
    while (i < len && buf[i] == c) {
        i++;
    }
    return i == len;
}

static void devices(void)
{
    static char buf[10000];
    uint32_t n;
    memset(buf, 'x', sizeof buf);
    CHECK(SUCCESS, io("/dev/null", true, buf, 100, &n));
    EQUAL(100, n);
    CHECK(SUCCESS, io("/dev/null", false, buf, 100, &n));
    EQUAL(0, n);
    CHECK(SUCCESS, io("/dev/zero", false, buf, 9000, &n));
    EQUAL(9000, n);
    TRUE(all_are(buf, 9000, 0) && all_are(buf + 9000, 1000, 'x'));
    CHECK(NOSPC, io("/dev/full", true, buf, 1, &n));
    CHECK(SUCCESS, io("/dev/random", false, buf, 9000, &n));
    TRUE(!all_are(buf, 4096, 0) && !all_are(buf + 8800, 200, 0));
    CHECK(SUCCESS, io("/dev/urandom", false, buf, 16, &n));
    CHECK(SUCCESS, try_open("/dev/null", CREAT | TRUNC, R_WRITE)); /* as shells do */
    CHECK(ROFS, try_open("/dev/none", CREAT, R_WRITE));
    CHECK(ROFS, p1_path_unlink_file(ROOT, S("dev/null")));
    CHECK(ROFS, p1_path_rename(ROOT, S("dev/null"), ROOT, S("dev/zero")));
    CHECK(ROFS, p1_path_create_directory(ROOT, S("dev/d")));
    CHECK(ROFS, p1_path_link(ROOT, 0, S("dev/null"), ROOT, S("dev/l")));
    CHECK(NXIO, try_open("/dev/tty", 0, R_READ)); /* the runner gives no terminal */
    __wasi_filestat_t st;
    CHECK(SUCCESS, stat_at(ROOT, 0, "dev/null", &st));
    EQUAL(__WASI_FILETYPE_CHARACTER_DEVICE, st.filetype);
    static const char *const names[] = {".",      "..",      "null",  "zero",   "full",
                                        "random", "urandom", "stdin", "stdout", "stderr",
                                        "tty",    "fd",      NULL};
    uint32_t counts[12] = {0};
    count_names(open_dir(ROOT, "dev"), names, counts, &n);
    EQUAL(12, n);
    for (int i = 0; i < 12; i++) {
        EQUAL(1, counts[i]);
    }
}

/* Descriptors by name give what there is, with no more access. */
static void descriptors(void)
{
    static const char *const names[] = {".", "..", "0", "1", "2", "3", "4", "5", NULL};
    char path[32], text[] = "said through /dev/stdout\n";
    uint32_t n, e, counts[8] = {0}, f = open_at(ROOT, "data/f", FOLLOW, 0, R_READ, 0, &e);
    char c;
    CHECK(SUCCESS, e);
    EQUAL(4, f);
    CHECK(SUCCESS, io("/dev/stdout", true, text, sizeof text - 1, &n));
    CHECK(ACCES, try_open("/dev/stdin", 0, R_WRITE));
    CHECK(ACCES, try_open("/dev/stdout", 0, R_READ));
    CHECK(ACCES, try_open("/dev/fd/4", 0, R_WRITE));
    CHECK(ACCES, try_open("/dev/fd/3", 0, R_READ)); /* a directory */
    CHECK(NOENT, try_open("/dev/fd/99", 0, R_READ));
    CHECK(NOENT, try_open("/dev/fd/04", 0, R_READ));
    CHECK(NOENT, try_open("/dev/fd/4x", 0, R_READ));
    CHECK(NOENT, try_open("/dev/fd/99999999999", 0, R_READ));
    count_names(open_dir(ROOT, "dev/fd"), names, counts, &n);
    EQUAL(8, n);
    for (int i = 0; i < 8; i++) {
        EQUAL(1, counts[i]);
    }
    /* The same open file, one position; a chain of them is no deeper than one. */
    uint32_t last = f;
    for (int i = 0; i < 100000; i++) {
        snprintf(path, sizeof path, "/dev/fd/%u", last);
        uint32_t fd = open_at(ROOT, path, FOLLOW, 0, R_READ | RIGHT(FD_FILESTAT_GET), 0, &e);
        if (e || (last != f && p1_fd_close(last))) {
            CHECK(SUCCESS, e);
            break;
        }
        last = fd;
    }
    CHECK(SUCCESS, read_fd(f, &c, 1, &n));
    CHECK(SUCCESS, read_fd(last, &c, 1, &n));
    TRUE(c == '1');
    EQUAL(10, size_of(last));
    CHECK(SUCCESS, p1_fd_close(f));
    CHECK(SUCCESS, read_fd(last, &c, 1, &n)); /* it is open on its own */
    TRUE(c == '2');
    CHECK(BADF, write_fd(last, "x", &n));
}

/* As after "exec 3>file" in a shell, and after "exec 3>&-". */
static void another_file_at_3(void)
{
    uint32_t n, e, prestat[2], f = open_at(ROOT, "data/f", FOLLOW, 0, R_READ, 0, &e);
    uint64_t stat[3];
    char c, name[8] = "";
    CHECK(SUCCESS, e);
    CHECK(SUCCESS, p1_fd_renumber(f, ROOT));
    CHECK(SUCCESS, read_fd(ROOT, &c, 1, &n));
    CHECK(NOTDIR, try_open("data/f", 0, R_READ));
    for (int i = 0; i < 2; i++) {
        CHECK(SUCCESS, try_open("/data/f", 0, R_READ));
        CHECK(NOENT, try_open("/data/none", 0, R_READ));
        CHECK(SUCCESS, p1_fd_prestat_get(ROOT, P(prestat)));
        EQUAL(1, prestat[1]);
        CHECK(SUCCESS, p1_fd_prestat_dir_name(ROOT, P(name), 1));
        TRUE(strcmp(name, "/") == 0);
        CHECK(SUCCESS, p1_fd_fdstat_get(ROOT, P(stat)));
        TRUE((stat[2] & R_READ) != 0); /* files may be opened with it */
        (void)p1_fd_close(ROOT);
    }
    CHECK(BADF, try_open("data/f", 0, R_READ));
    CHECK(BADF, p1_fd_prestat_get(f, P(prestat)));
}

static const struct rule rules[] = {
    {"root-another-file-at-3", another_file_at_3},
    {"root-devices", devices},
    {"root-descriptors", descriptors},
    {"root-preopen", preopen},
    {"root-listings", listings},
    {"root-mount-points", mount_points},
    {"root-working-directory", working_directory},
    {"rule-03-walk-over-mounts", walk_over_mounts},
    {"rule-04-in-root-over-mounts", links_in_root},
    {"rule-04-beneath-in-a-root", links_beneath},
    {"rule-10-readonly-in-a-root", readonly},
    {"rule-10-across-mounts-of-a-root", across},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (argc < 2) {
            puts(rules[i].name);
        } else if (strcmp(argv[1], rules[i].name) == 0) {
            rules[i].check();
            printf("%u checks, %u failures\n", checks, failures);
            return checks == 0 || failures > 0;
        }
    }
    return argc < 2 ? 0 : 64;
}
