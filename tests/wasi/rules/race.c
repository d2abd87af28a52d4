/* SPDX-License-Identifier: Apache-2.0 */
/* Uses paths below names that another process exchanges with links leading out. */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * d and p/q are directories with the file secret ("inside") one moment and links to ../outside the
 * next, v is a file or a link to ../outside/secret. What is outside is 21 bytes long: no text of a
 * link is, whose own size a stat may tell when the link came between two looks.
 */
enum { OUTSIDE_BYTES = 21 };
enum { N_KINDS = 2 };
static uint64_t done[N_KINDS], leaks; /* answered with success, with an errno */

static void count(uint32_t e) { done[e != 0]++; }

static void leak(const char *what, const char *path)
{
    leaks++;
    printf("%s through %s\n", what, path);
}

static void read_it(const char *path, uint64_t rights, uint32_t oflags)
{
    char text[OUTSIDE_BYTES];
    uint32_t e, n, fd = open_at(DATA, path, FOLLOW, oflags, rights, 0, &e);
    count(e);
    if (e) {
        return;
    }
    if (read_fd(fd, text, sizeof text, &n) == 0 && n >= 7 && memcmp(text, "outside", 7) == 0) {
        leak("read", path);
    }
    if (rights & R_WRITE) {
        (void)write_fd(fd, "inside", &n);
    }
    (void)p1_fd_close(fd);
}

static void stat_it(const char *path, uint32_t flags)
{
    __wasi_filestat_t st;
    uint32_t e = stat_at(DATA, flags, path, &st);
    count(e);
    if (!e && st.size == OUTSIDE_BYTES) {
        leak("stat", path);
    }
}

/* Everything there is, below a directory that comes and goes. */
static void below(const char *dir)
{
    char a[64], b[64], text[16];
    uint32_t n;
    snprintf(a, sizeof a, "%s/secret", dir);
    read_it(a, R_READ, 0);
    read_it(a, R_READ | R_WRITE, 0);
    stat_it(a, 0);
    stat_it(a, FOLLOW);
    count(p1_path_filestat_set_times(DATA, FOLLOW, S(a), 0, 0, 8));
    snprintf(a, sizeof a, "%s/link", dir);
    n = p1_path_readlink(DATA, S(a), P(text), sizeof text, P(&n));
    count(n);
    if (!n && memcmp(text, "outer", 5) == 0) {
        leak("readlink", a);
    }
    snprintf(a, sizeof a, "%s/new", dir);
    snprintf(b, sizeof b, "%s/newer", dir);
    read_it(a, R_READ | R_WRITE, CREAT);
    count(p1_path_rename(DATA, S(a), DATA, S(b)));
    count(p1_path_link(DATA, 0, S(b), DATA, S(a)));
    count(p1_path_unlink_file(DATA, S(a)));
    count(p1_path_unlink_file(DATA, S(b)));
    count(p1_path_symlink(S("x"), DATA, S(a)));
    count(p1_path_unlink_file(DATA, S(a)));
    count(p1_path_create_directory(DATA, S(a)));
    count(p1_path_remove_directory(DATA, S(a)));
    snprintf(a, sizeof a, "%s/keep", dir); /* outside only: can be neither taken nor removed */
    count(p1_path_unlink_file(DATA, S(a)));
    count(p1_path_rename(DATA, S(a), DATA, S("stolen")));
    count(p1_path_link(DATA, 0, S(a), DATA, S("stolen")));
    if (p1_path_unlink_file(DATA, S("stolen")) == 0) {
        leak("taken", a);
    }
}

static void file(void)
{
    read_it("v", R_READ, 0);
    read_it("v", R_READ | R_WRITE, CREAT);
    read_it("v", R_READ | R_WRITE, TRUNC);
    stat_it("v", FOLLOW);
    count(p1_path_filestat_set_times(DATA, FOLLOW, S("v"), 0, 0, 8));
}

int main(int argc, char **argv)
{
    uint64_t now = 0, end = 0;
    (void)p1_clock_time_get(1, 0, P(&now));
    end = now + (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000) * 1000000;
    while (now < end && leaks < 10) {
        for (int i = 0; i < 20; i++) {
            below("d");
            below("p/q");
            file();
        }
        (void)p1_clock_time_get(1, 0, P(&now));
    }
    printf("%llu done, %llu refused, %llu leaks\n", done[0], done[1], leaks);
    return leaks > 0 || done[0] == 0 || done[1] == 0;
}
