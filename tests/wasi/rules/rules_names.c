/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 11 to 16: names, slashes, dots, links. */
#include "rules.h"

static void names(void)
{
    char name[5000];
    uint32_t fd;
    CHECK(NOENT, try_open("", 0, R_READ));
    CHECK(NOENT, p1_path_unlink_file(DATA, S("")));
    CHECK(NOENT, p1_path_create_directory(DATA, S("")));
    CHECK(NOENT, p1_path_rename(DATA, S("f"), DATA, S("")));
    CHECK(INVAL, p1_path_open(DATA, 0, P("f\0g"), 3, 0, R_READ, 0, 0, P(&fd)));
    CHECK(INVAL, p1_path_unlink_file(DATA, P("f\0"), 2));
    memset(name, 'n', sizeof name);
    CHECK(NAMETOOLONG, p1_path_open(DATA, 0, P(name), 256, 0, R_READ, 0, 0, P(&fd)));
    CHECK(NOENT, p1_path_open(DATA, 0, P(name), 255, 0, R_READ, 0, 0, P(&fd)));
    CHECK(NAMETOOLONG, p1_path_create_directory(DATA, P(name), 256));
    CHECK(NAMETOOLONG, p1_path_create_directory(DATA, P(name), 4096));
    CHECK(NAMETOOLONG, p1_path_unlink_file(DATA, P(name), 4097));
    CHECK(SUCCESS, p1_path_create_directory(DATA, P(name), 255));
    CHECK(SUCCESS, p1_path_remove_directory(DATA, P(name), 255));
    CHECK(SUCCESS, try_open("bytes \xff\xfe\x01 free", CREAT, R_WRITE));
}

static void absolute(void)
{
    CHECK(NOTCAPABLE, try_open("/f", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("/data/f", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("/etc/passwd", 0, R_READ));
    CHECK(NOTCAPABLE, try_open("/", DIRECTORY, R_READ));
    CHECK(NOTCAPABLE, p1_path_create_directory(DATA, S("/tmp/waxwing-made")));
    CHECK(NOTCAPABLE, p1_path_unlink_file(DATA, S("/")));
    CHECK(NOTCAPABLE, p1_path_rename(DATA, S("f"), DATA, S("/tmp/waxwing-f")));
    __wasi_filestat_t st;
    CHECK(NOTCAPABLE, stat_at(DATA, 0, "/etc", &st));
}

static void slash_open(void)
{
    CHECK(NOTDIR, try_open("f/", 0, R_READ));
    CHECK(NOTDIR, try_open("lf/", 0, R_READ));
    CHECK(ISDIR, try_open("new/", CREAT, R_WRITE));
    CHECK(ISDIR, try_open("d/", CREAT, R_WRITE));
    CHECK(SUCCESS, try_open("d//", 0, R_READ));
    CHECK(SUCCESS, try_open("ld/", 0, R_READ));
}

static void slash_stat(void)
{
    __wasi_filestat_t st;
    CHECK(SUCCESS, stat_at(DATA, 0, "lf", &st));
    EQUAL(__WASI_FILETYPE_SYMBOLIC_LINK, st.filetype);
    CHECK(SUCCESS, stat_at(DATA, FOLLOW, "lf", &st));
    EQUAL(__WASI_FILETYPE_REGULAR_FILE, st.filetype);
    CHECK(SUCCESS, stat_at(DATA, 0, "ld/", &st));
    EQUAL(__WASI_FILETYPE_DIRECTORY, st.filetype);
    CHECK(NOTDIR, stat_at(DATA, 0, "lf/", &st));
    CHECK(NOTDIR, stat_at(DATA, 0, "f/", &st));
    CHECK(NOTDIR, stat_at(DATA, FOLLOW, "f/", &st));
    CHECK(NOENT, stat_at(DATA, FOLLOW, "dangling", &st));
    CHECK(NOTCAPABLE, stat_at(DATA, FOLLOW, "upfile", &st));
    CHECK(NOTCAPABLE, stat_at(DATA, 0, "up/", &st));
}

static void slash_directories(void)
{
    CHECK(SUCCESS, p1_path_create_directory(DATA, S("n/")));
    CHECK(EXIST, p1_path_create_directory(DATA, S("d/")));
    CHECK(EXIST, p1_path_create_directory(DATA, S("f/")));
    CHECK(SUCCESS, p1_path_remove_directory(DATA, S("n//")));
    CHECK(NOTDIR, p1_path_remove_directory(DATA, S("f/")));
    CHECK(NOTDIR, p1_path_remove_directory(DATA, S("f")));
    CHECK(NOTDIR, p1_path_remove_directory(DATA, S("ld")));
    CHECK(NOTDIR, p1_path_remove_directory(DATA, S("ld/")));
    CHECK(NOTEMPTY, p1_path_remove_directory(DATA, S("d")));
    CHECK(NOENT, p1_path_remove_directory(DATA, S("none")));
}

static void slash_unlink(void)
{
    CHECK(NOTDIR, p1_path_unlink_file(DATA, S("f/")));
    CHECK(NOTDIR, p1_path_unlink_file(DATA, S("ld/")));
    CHECK(NOENT, p1_path_unlink_file(DATA, S("none/")));
    CHECK(ISDIR, p1_path_unlink_file(DATA, S("d")));
    CHECK(ISDIR, p1_path_unlink_file(DATA, S("d/")));
    CHECK(NOTCAPABLE, p1_path_unlink_file(DATA, S("../outside/secret")));
    CHECK(NOTCAPABLE, p1_path_unlink_file(DATA, S("up/secret")));
    CHECK(SUCCESS, p1_path_unlink_file(DATA, S("upfile"))); /* the link, not what it means */
    CHECK(SUCCESS, p1_path_unlink_file(DATA, S("ld")));
}

static uint32_t rename_in(const char *from, const char *to)
{
    return p1_path_rename(DATA, S(from), DATA, S(to));
}

static void slash_rename(void)
{
    CHECK(NOTDIR, rename_in("f", "x/"));
    CHECK(NOTDIR, rename_in("f/", "x"));
    CHECK(NOTDIR, rename_in("ld/", "x"));
    CHECK(NOTDIR, rename_in("d", "f"));
    CHECK(ISDIR, rename_in("f", "d"));
    CHECK(NOTDIR, rename_in("f", "d/"));
    CHECK(INVAL, rename_in("d", "d/e/below"));
    CHECK(NOTEMPTY, rename_in("d/e", "d") == __WASI_ERRNO_EXIST ? __WASI_ERRNO_NOTEMPTY
                                                                : rename_in("d/e", "d"));
    CHECK(NOENT, rename_in("none", "x"));
    CHECK(NOTCAPABLE, rename_in("f", "../outside/f"));
    CHECK(NOTCAPABLE, rename_in("f", "up/f"));
    CHECK(NOTCAPABLE, rename_in("../outside/secret", "x"));
    CHECK(NOTCAPABLE, rename_in("up/secret", "x"));
    CHECK(SUCCESS, rename_in("f", "f"));
    CHECK(SUCCESS, rename_in("d/", "moved/"));
}

static void slash_links(void)
{
    CHECK(NOENT, p1_path_symlink(S("f"), DATA, S("new/")));
    CHECK(EXIST, p1_path_symlink(S("f"), DATA, S("d/")));
    CHECK(EXIST, p1_path_symlink(S("f"), DATA, S("f/")));
    CHECK(NOTDIR, p1_path_link(DATA, 0, S("f/"), DATA, S("new")));
    CHECK(NOENT, p1_path_link(DATA, 0, S("f"), DATA, S("new/")));
    CHECK(EXIST, p1_path_link(DATA, 0, S("f"), DATA, S("d/")));
    char buf[16];
    uint32_t n;
    CHECK(INVAL, p1_path_readlink(DATA, S("ld/"), P(buf), sizeof buf, P(&n)));
    CHECK(NOTDIR, p1_path_readlink(DATA, S("lf/"), P(buf), sizeof buf, P(&n)));
    CHECK(NOTCAPABLE, p1_path_readlink(DATA, S("up/"), P(buf), sizeof buf, P(&n)));
}

static void dots(void)
{
    CHECK(NOTDIR, try_open("f/.", 0, R_READ));
    CHECK(NOTDIR, try_open("f/..", 0, R_READ));
    CHECK(NOTDIR, try_open("f/../f", 0, R_READ)); /* no arithmetic on names */
    CHECK(ISDIR, p1_path_unlink_file(DATA, S(".")));
    CHECK(ISDIR, p1_path_unlink_file(DATA, S("d/.")));
    CHECK(ISDIR, p1_path_unlink_file(DATA, S("d/..")));
    CHECK(INVAL, p1_path_remove_directory(DATA, S(".")));
    CHECK(INVAL, p1_path_remove_directory(DATA, S("d/.")));
    CHECK(NOTEMPTY, p1_path_remove_directory(DATA, S("d/e/..")));
    CHECK(EXIST, p1_path_create_directory(DATA, S(".")));
    CHECK(EXIST, p1_path_create_directory(DATA, S("d/..")));
    CHECK(INVAL, rename_in(".", "x"));
    CHECK(INVAL, rename_in("d/.", "x"));
    CHECK(INVAL, rename_in("d", "d/e/.."));
    CHECK(INVAL, rename_in("d", "."));
}

static void symlinks(void)
{
    char buf[64];
    uint32_t n;
    CHECK(SUCCESS, p1_path_symlink(S("../outside/./x"), DATA, S("s")));
    CHECK(SUCCESS, p1_path_readlink(DATA, S("s"), P(buf), sizeof buf, P(&n)));
    EQUAL(14, n);
    TRUE(memcmp(buf, "../outside/./x", 14) == 0);     /* as given */
    CHECK(NOTCAPABLE, try_open("s", CREAT, R_WRITE)); /* may be made, leads nowhere */
    CHECK(PERM, p1_path_symlink(S("/etc"), DATA, S("s2")));
    CHECK(NOENT, p1_path_symlink(S(""), DATA, S("s2")));
    CHECK(EXIST, p1_path_symlink(S("f"), DATA, S("s")));
    CHECK(INVAL, p1_path_symlink(P("f\0g"), 3, DATA, S("s2")));
    CHECK(NOTCAPABLE, p1_path_symlink(S("f"), DATA, S("up/s2")));
    CHECK(NOTCAPABLE, p1_path_symlink(S("f"), DATA, S("../outside/s2")));
}

static void links(void)
{
    __wasi_filestat_t a, b;
    CHECK(SUCCESS, p1_path_link(DATA, 0, S("f"), DATA, S("h")));
    CHECK(SUCCESS, stat_at(DATA, 0, "f", &a));
    CHECK(SUCCESS, stat_at(DATA, 0, "h", &b));
    EQUAL(a.ino, b.ino);
    EQUAL(2, b.nlink);
    CHECK(EXIST, p1_path_link(DATA, 0, S("f"), DATA, S("h")));
    CHECK(PERM, p1_path_link(DATA, 0, S("d"), DATA, S("h2")));
    CHECK(INVAL, p1_path_link(DATA, FOLLOW, S("lf"), DATA, S("h2")));
    CHECK(SUCCESS, p1_path_link(DATA, 0, S("lf"), DATA, S("hl"))); /* the link itself */
    CHECK(SUCCESS, stat_at(DATA, 0, "hl", &b));
    EQUAL(__WASI_FILETYPE_SYMBOLIC_LINK, b.filetype);
    CHECK(NOENT, p1_path_link(DATA, 0, S("none"), DATA, S("h2")));
    CHECK(NOTCAPABLE, p1_path_link(DATA, 0, S("../outside/secret"), DATA, S("h2")));
    CHECK(NOTCAPABLE, p1_path_link(DATA, 0, S("up/secret"), DATA, S("h2")));
    CHECK(NOTCAPABLE, p1_path_link(DATA, 0, S("f"), DATA, S("up/h2")));
}

static void readlinks(void)
{
    char buf[16];
    uint32_t n = 99;
    memset(buf, '#', sizeof buf);
    CHECK(SUCCESS, p1_path_readlink(DATA, S("up"), P(buf), sizeof buf, P(&n)));
    EQUAL(10, n);
    TRUE(memcmp(buf, "../outside#", 11) == 0); /* no NUL behind it */
    CHECK(SUCCESS, p1_path_readlink(DATA, S("up"), P(buf), 4, P(&n)));
    EQUAL(4, n);
    CHECK(SUCCESS, p1_path_readlink(DATA, S("up"), P(buf), 0, P(&n)));
    EQUAL(0, n);
    CHECK(SUCCESS, p1_path_readlink(DATA, S("abs"), P(buf), sizeof buf, P(&n)));
    EQUAL(4, n); /* as stored */
    CHECK(INVAL, p1_path_readlink(DATA, S("f"), P(buf), 4, P(&n)));
    CHECK(INVAL, p1_path_readlink(DATA, S("d"), P(buf), 4, P(&n)));
    CHECK(NOENT, p1_path_readlink(DATA, S("none"), P(buf), 4, P(&n)));
    CHECK(NOTCAPABLE, p1_path_readlink(DATA, S("up/x"), P(buf), 4, P(&n)));
}

const struct rule name_rules[] = {
    {"rule-11-names", names},
    {"rule-11-absolute", absolute},
    {"rule-12-slash-open", slash_open},
    {"rule-12-slash-stat", slash_stat},
    {"rule-12-slash-directories", slash_directories},
    {"rule-12-slash-unlink", slash_unlink},
    {"rule-12-slash-rename", slash_rename},
    {"rule-12-slash-links", slash_links},
    {"rule-13-dots", dots},
    {"rule-14-symlink", symlinks},
    {"rule-15-link", links},
    {"rule-16-readlink", readlinks},
    {NULL, NULL},
};
