/* SPDX-License-Identifier: Apache-2.0 */
/* One system call many times: calls CASE ROUNDS [DIRECTORY]; native, or over WASI. */
/*
 * The directory (descriptor 3 of the guest) has the files f and out of 1 MiB, a/b/c/f, and many/
 * with 1,000 files. Guests call the imports themselves: what is measured is the runtime, not a C
 * library.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096
static char block[BLOCK];

#ifdef __wasi__
#include <waxwing/imports.h>

#define P(X) ((uint32_t)(uintptr_t)(X))
#define S(TEXT) P(TEXT), (uint32_t)strlen(TEXT)
#define RIGHTS ((UINT64_C(1) << 30) - 1)
#define NOT_WRITE (~(UINT64_C(1) << 6))
static const uint32_t dir = 3;

static void set_directory(const char *path) { (void)path; }

static int open_at(const char *path)
{
    uint32_t fd = 0;
    return p1_path_open(dir, 1, S(path), 0, RIGHTS & NOT_WRITE, RIGHTS, 0, P(&fd)) ? -1 : (int)fd;
}

static int open_rw(const char *path)
{
    uint32_t fd = 0;
    return p1_path_open(dir, 1, S(path), 0, RIGHTS, RIGHTS, 0, P(&fd)) ? -1 : (int)fd;
}

static int close_fd(int fd) { return (int)p1_fd_close((uint32_t)fd); }

static int read_block(int fd)
{
    uint32_t iov[2] = {P(block), BLOCK}, n = 0;
    return p1_fd_read((uint32_t)fd, P(iov), 1, P(&n)) ? -1 : (int)n;
}

static int write_block(int fd)
{
    uint32_t iov[2] = {P(block), BLOCK}, n = 0;
    return p1_fd_write((uint32_t)fd, P(iov), 1, P(&n)) ? -1 : (int)n;
}

static int to_start(int fd)
{
    uint64_t at;
    return (int)p1_fd_seek((uint32_t)fd, 0, 0, P(&at));
}

static int stat_path(const char *path)
{
    uint64_t st[8];
    return (int)p1_path_filestat_get(dir, 1, S(path), P(st));
}

static int list(const char *path)
{
    static char buf[4096]; /* as wasi-libc's */
    uint32_t used = sizeof buf, len;
    uint64_t cookie = 0;
    int n = 0, fd = open_at(path);
    while (used == sizeof buf &&
           p1_fd_readdir((uint32_t)fd, P(buf), sizeof buf, cookie, P(&used)) == 0) {
        for (uint32_t at = 0; used - at >= 24; at += 24 + len, n++) {
            memcpy(&len, buf + at + 16, 4);
            if (used - at - 24 < len) {
                break;
            }
            memcpy(&cookie, buf + at, 8);
        }
    }
    return close_fd(fd) ? -1 : n;
}

static int clock_now(void)
{
    uint64_t t;
    return (int)p1_clock_time_get(1, 0, P(&t));
}

static int random_bytes(void) { return (int)p1_random_get(P(block), 32); }
static int yield(void) { return (int)p1_sched_yield(); }
#else
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int dir;

static void set_directory(const char *path) { dir = open(path, O_RDONLY | O_DIRECTORY); }
static int open_at(const char *path) { return openat(dir, path, O_RDONLY); }
static int open_rw(const char *path) { return openat(dir, path, O_RDWR); }
static int close_fd(int fd) { return close(fd); }
static int read_block(int fd) { return (int)read(fd, block, BLOCK); }
static int write_block(int fd) { return (int)write(fd, block, BLOCK); }
static int to_start(int fd) { return lseek(fd, 0, SEEK_SET) < 0; }

static int stat_path(const char *path)
{
    struct stat st;
    return fstatat(dir, path, &st, 0);
}

static int list(const char *path)
{
    int n = 0;
    DIR *d = fdopendir(openat(dir, path, O_RDONLY | O_DIRECTORY));
    while (readdir(d)) {
        n++;
    }
    return closedir(d) ? -1 : n;
}

static int clock_now(void)
{
    struct timespec t;
    return clock_gettime(CLOCK_MONOTONIC, &t);
}

static int random_bytes(void) { return getrandom(block, 32, 0) != 32; }
static int yield(void) { return sched_yield(); }
#endif

/* -------- cases: 0 = as it should be -------- */

static int file;

static int once_read(void)
{
    int n = read_block(file);
    return n == BLOCK ? 0 : n == 0 ? to_start(file) : 1;
}

static int once_write(void)
{
    static int blocks;
    if (++blocks % 256 == 0 && to_start(file)) {
        return 1;
    }
    return write_block(file) != BLOCK;
}

static int once_stat(void) { return stat_path("f"); }
static int once_stat4(void) { return stat_path("a/b/c/f"); }

static int once_open(void)
{
    int fd = open_at("f");
    return fd < 0 || close_fd(fd);
}

static int once_list(void) { return list("many") != 1002; }

static const struct {
    const char *name;
    int (*once)(void);
} cases[] = {
    {"fd_read", once_read}, {"fd_write", once_write}, {"clock", clock_now},
    {"stat", once_stat},    {"stat4", once_stat4},    {"open_close", once_open},
    {"list", once_list},    {"random", random_bytes}, {"yield", yield},
};

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 64;
    }
    set_directory(argc > 3 ? argv[3] : "");
    file = open_rw("out");
    if (file < 0) {
        return 66;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            for (long n = atol(argv[2]); n > 0; n--) {
                if (cases[i].once()) {
                    printf("%s fails\n", argv[1]);
                    return 1;
                }
            }
            return 0;
        }
    }
    return 64;
}
