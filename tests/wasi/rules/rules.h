/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the WASI filesystem as guest checks: calls of the imports themselves, one row each. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wasi/api.h>
#include <waxwing/imports.h>

/*
 * What each run finds (runner.py makes it anew): DATA is writable, RO read-only, OTHER writable on
 * the same host filesystem. DATA holds the file f "0123456789", the directories d and d/e with the
 * file d/g, and links: lf -> f, ld -> d, self -> ., a -> b -> a, dangling -> none, up ->
 * ../outside, upnew -> ../new, upfile -> ../outside/secret, abs -> /etc, fifo and sock are what
 * they say. RO holds keep "keep", link -> keep and the directory dir.
 */
enum { DATA = 3, RO = 4, OTHER = 5 };
enum { FOLLOW = 1 };
enum { CREAT = 1, DIRECTORY = 2, EXCL = 4, TRUNC = 8 };
enum { APPEND = 1, DSYNC = 2, NONBLOCK = 4, RSYNC = 8, SYNC = 16 };
enum { SEEK_START, SEEK_HERE, SEEK_BACK };
#define RIGHT(N) ((uint64_t)__WASI_RIGHTS_##N)
#define R_READ RIGHT(FD_READ)
#define R_WRITE RIGHT(FD_WRITE)
#define ALL_RIGHTS ((UINT64_C(1) << 30) - 1)
#define DIR_RIGHTS (ALL_RIGHTS & ~R_WRITE)
#define NO_FD UINT32_MAX

struct rule {
    const char *name;
    void (*check)(void);
};
extern const struct rule open_rules[], name_rules[], io_rules[], dir_rules[], fd_rules[],
    mount_rules[], poll_rules[], call_rules[], hole_rules[];
/* Checks that stand for a hole as well. */
void rule_poll_counts(void);
void rule_renumber(void);
void rule_trunc_on_readonly(void);
void rule_readonly_two_names(void);

/* A guest address, and an address with a length. */
#define P(X) ((uint32_t)(uintptr_t)(X))
#define S(TEXT) P(TEXT), (uint32_t)strlen(TEXT)

extern unsigned checks, failures;
/** Count a check; what fails is printed with its line. */
void check(int line, const char *what, bool ok);
void check_errno(int line, const char *what, uint32_t got, uint32_t want);
void check_number(int line, const char *what, uint64_t got, uint64_t want);
#define TRUE(X) check(__LINE__, #X, (X))
#define CHECK(WANT, X) check_errno(__LINE__, #X, (X), __WASI_ERRNO_##WANT)
#define EQUAL(WANT, X) check_number(__LINE__, #X, (X), (WANT))

/** Descriptor of a path below `dir`; NO_FD with the errno in *ret_errno (may be NULL). */
uint32_t open_at(uint32_t dir, const char *path, uint32_t dirflags, uint32_t oflags,
                 uint64_t rights, uint32_t fdflags, uint32_t *ret_errno);
/** The errno of opening below DATA (following links) and closing again. */
uint32_t try_open(const char *path, uint32_t oflags, uint64_t rights);
uint32_t try_open_at(uint32_t dir, const char *path, uint32_t dirflags, uint32_t oflags,
                     uint64_t rights);
/** Open what must be there. */
uint32_t open_file(const char *path, uint64_t rights, uint32_t fdflags);
void make_file(const char *path, const char *text);
void make_dir(const char *path);
void remove_file(const char *path);

/** One buffer. *ret_n bytes (0 on error). */
uint32_t read_fd(uint32_t fd, void *buf, uint32_t len, uint32_t *ret_n);
uint32_t write_fd(uint32_t fd, const char *text, uint32_t *ret_n);
uint64_t tell(uint32_t fd);
uint64_t size_of(uint32_t fd);
/** The whole of a file below DATA is this text. */
bool file_is(const char *path, const char *text);
uint32_t stat_at(uint32_t dir, uint32_t flags, const char *path, __wasi_filestat_t *ret);

/** One complete entry of a buffer fd_readdir filled. */
struct entry {
    uint64_t cookie, ino;
    uint8_t type;
    char name[256];
};
/** The entry at *at; false: none whole is left. */
bool next_entry(const uint8_t *buf, uint32_t used, uint32_t *at, struct entry *ret);
uint32_t readdir(uint32_t fd, void *buf, uint32_t len, uint64_t cookie, uint32_t *ret_used);

/** Let the runner look at this process from outside, then go on. */
void peek(const char *what);

#endif
