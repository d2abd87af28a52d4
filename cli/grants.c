/* SPDX-License-Identifier: Apache-2.0 */
/* What options give a guest. */
#include "grants.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* -------- numbers -------- */

/* Number with a unit from `units` ("K:1024,M:…"); -1 if malformed. */
static int parse_scaled(const char *s, const char *const *names, const uint64_t *factors,
                        uint64_t *ret)
{
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)s[0])) { /* strtoull takes blanks and signs */
        return -1;
    }
    unsigned long long n = strtoull(s, &end, 10);
    if (errno) {
        return -1;
    }
    for (int i = 0; names[i]; i++) {
        if (strcmp(end, names[i]) == 0) {
            return __builtin_mul_overflow((uint64_t)n, factors[i], ret) ? -1 : 0;
        }
    }
    return -1;
}

int cli_parse_time(const char *s, uint64_t *ret)
{
    static const char *const names[] = {"ns", "us", "ms", "s", "m", "", NULL};
    static const uint64_t factors[] = {1, 1000, 1000000, 1000000000, 60000000000, 1000000000};
    return parse_scaled(s, names, factors, ret);
}

int cli_parse_size(const char *s, uint64_t *ret)
{
    static const char *const names[] = {"", "K", "M", "G", NULL};
    static const uint64_t factors[] = {1, 1024, 1048576, 1073741824};
    return parse_scaled(s, names, factors, ret);
}

int cli_parse_count(const char *s, uint64_t *ret)
{
    static const char *const names[] = {"", NULL};
    static const uint64_t factors[] = {1};
    return parse_scaled(s, names, factors, ret);
}

static int told(wax_status st, wax_error *error)
{
    return st == WAX_OK ? 0 : cli_fail("run", error);
}

static int no_memory(void) { return cli_no_file("run", "out of memory", ENOMEM); }

/* -------- directories -------- */

/* A word that stands for flags or a policy, in options. */
static bool dir_word(const char *opt, wax_mount_options *o)
{
    static const struct {
        const char *word;
        uint32_t flags;
        uint32_t symlinks; /* 0: says nothing about them */
    } words[] = {
        {"rw", 0, 0},
        {"ro", WAX_MOUNT_RO, 0},
        {"cow", WAX_MOUNT_COW, 0},
        {"xdev=yes", 0, 0},
        {"xdev=no", WAX_MOUNT_NO_XDEV, 0},
        {"special=allow", WAX_MOUNT_SPECIAL, 0},
        {"symlinks=beneath", 0, WAX_SYMLINKS_BENEATH},
        {"symlinks=in-root", 0, WAX_SYMLINKS_IN_ROOT},
        {"symlinks=none", 0, WAX_SYMLINKS_NONE},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(opt, words[i].word) == 0) {
            o->flags |= words[i].flags;
            o->symlinks = words[i].symlinks ? words[i].symlinks : o->symlinks;
            return true;
        }
    }
    return false;
}

/* The options at the end of HOST[::GUEST][,opt…], cut off. @return 0, or an exit status */
static int dir_options(char *spec, wax_mount_options *o)
{
    static const char *const values[] = {"xdev=", "special=", "symlinks="};
    for (char *comma; (comma = strrchr(spec, ',')) != NULL; *comma = '\0') {
        const char *opt = comma + 1;
        if (dir_word(opt, o)) {
            continue;
        }
        if (strncmp(opt, "quota=", 6) == 0) {
            if (cli_parse_size(opt + 6, &o->max_bytes) != 0) {
                return cli_usage("run", "--dir: '%s' is no size", opt + 6);
            }
            continue;
        }
        if (strncmp(opt, "inodes=", 7) == 0) {
            if (cli_parse_count(opt + 7, &o->max_inodes) != 0) {
                return cli_usage("run", "--dir: '%s' is no number", opt + 7);
            }
            continue;
        }
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            if (strncmp(opt, values[i], strlen(values[i])) == 0) {
                return cli_usage("run",
                                 "--dir: bad option '%s': symlinks=beneath|in-root|none, "
                                 "xdev=yes|no, special=allow",
                                 opt);
            }
        }
        return 0; /* a comma in the path */
    }
    return 0;
}

int cli_dir(wax_builder *b, const char *spec)
{
    char *host = strdup(spec);
    if (!host) {
        return no_memory();
    }
    wax_mount_options o;
    wax_mount_options_init(&o);
    int status = dir_options(host, &o);
    if (!status && (o.max_bytes || o.max_inodes) && !(o.flags & WAX_MOUNT_COW)) {
        status = cli_usage("run", "--dir: quota and inodes go with cow");
    }
    if (!status && (o.flags & WAX_MOUNT_COW) && (o.flags & WAX_MOUNT_RO)) {
        status = cli_usage("run", "--dir: cow and ro exclude each other");
    }
    char *guest = strstr(host, "::");
    if (guest) {
        *guest = '\0';
        guest += 2;
    }
    if (!status) {
        wax_error *error = NULL;
        o.host = host;
        wax_status st = wax_builder_mount_with(b, guest ? guest : host, &o, &error);
        status = told(st, error);
        const char *comma = strrchr(guest ? guest : host, ',');
        if (status && comma) {
            fprintf(stderr,
                    "hint: '%s' was taken as part of the path: options are ro, rw, cow, "
                    "quota=, inodes=, symlinks=, xdev=, special=\n",
                    comma);
        }
    }
    free(host);
    return status;
}

/* One option of --tmpfs. @return 0, or -1 */
static int tmpfs_option(const char *opt, uint64_t *size, uint64_t *inodes)
{
    if (strncmp(opt, "size=", 5) == 0) {
        return cli_parse_size(opt + 5, size);
    }
    return strncmp(opt, "inodes=", 7) == 0 ? cli_parse_count(opt + 7, inodes) : -1;
}

int cli_tmpfs(wax_builder *b, const char *spec)
{
    char *guest = strdup(spec);
    if (!guest) {
        return no_memory();
    }
    uint64_t size = 0, inodes = 0;
    char *rest = strchr(guest, ',');
    int status = 0;
    while (rest && !status) {
        char *opt = rest + 1;
        *rest = '\0';
        rest = strchr(opt, ',');
        if (rest) {
            *rest = '\0';
        }
        if (tmpfs_option(opt, &size, &inodes) != 0) {
            status = cli_usage("run", "--tmpfs: bad option '%s': size=64M, inodes=65536", opt);
        }
    }
    if (!status) {
        wax_error *error = NULL;
        wax_status st = wax_builder_tmpfs(b, guest, size, inodes, &error);
        status = told(st, error);
    }
    free(guest);
    return status;
}

int cli_dev(wax_builder *b)
{
    wax_error *error = NULL;
    wax_status st = wax_builder_dev(b, "/dev", &error);
    return told(st, error);
}

int cli_cwd(wax_builder *b, const char *guest)
{
    wax_error *error = NULL;
    wax_status st = wax_builder_cwd(b, guest, &error);
    return told(st, error);
}

/* -------- variables -------- */

int cli_var(wax_builder *b, const char *spec)
{
    char *key = strdup(spec);
    if (!key) {
        return no_memory();
    }
    char *eq = strchr(key, '=');
    const char *value = eq ? eq + 1 : getenv(key);
    if (eq) {
        *eq = '\0';
    }
    wax_error *error = NULL;
    wax_status st = value || !key[0] ? wax_builder_env(b, key, value ? value : "", &error) : WAX_OK;
    free(key);
    return told(st, error);
}

int cli_env_file(wax_builder *b, const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        return cli_no_file("run", path, errno);
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    unsigned number = 0;
    int status = 0;
    while (!status && (len = getline(&line, &room, f)) >= 0) {
        number++;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r')) {
            line[--len] = '\0';
        }
        if (len == 0 || line[0] == '#') {
            continue;
        }
        status = strlen(line) != (size_t)len
                     ? cli_usage("run", "%s:%u: a NUL in a variable", path, number)
                 : strchr(line, '=') && line[0] != '='
                     ? cli_var(b, line)
                     : cli_usage("run", "%s:%u: not KEY=VALUE", path, number);
    }
    free(line);
    if (!status && ferror(f)) {
        status = cli_no_file("run", path, errno);
    }
    (void)fclose(f); /* read only */
    return status;
}

/* -------- streams -------- */

int cli_stream(wax_builder *b, int stream, const char *path)
{
    int flags = stream == WAX_STDIN ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0) {
        return cli_no_file("run", path, errno);
    }
    wax_error *error = NULL;
    wax_status st = wax_builder_stdio_fd(b, stream, fd, &error);
    (void)close(fd); /* the builder has a duplicate */
    return told(st, error);
}

/* -------- further descriptors -------- */

int cli_listen(wax_builder *b, const char *spec)
{
    static const char option[] = ",nonblock";
    char *address = strdup(spec);
    if (!address) {
        return no_memory();
    }
    size_t len = strlen(address), cut = sizeof option - 1;
    bool nonblock = len > cut && strcmp(address + len - cut, option) == 0;
    if (nonblock) {
        address[len - cut] = '\0';
    }
    wax_error *error = NULL;
    uint16_t port;
    wax_status st =
        wax_builder_listen(b, address, nonblock ? WAX_LISTEN_NONBLOCK : 0, &port, &error);
    const char *colon = strrchr(address, ':');
    if (st == WAX_OK && colon && strcmp(colon, ":0") == 0) {
        fprintf(stderr, "waxwing: listening on %.*s:%u\n", (int)(colon - address), address, port);
    }
    free(address);
    return told(st, error);
}

int cli_fd(wax_builder *b, const char *number)
{
    uint64_t n;
    if (cli_parse_count(number, &n) != 0 || n > INT_MAX) {
        return cli_usage("run", "--fd: '%s' is no number of a descriptor", number);
    }
    wax_error *error = NULL;
    wax_status st = wax_builder_fd(b, (int)n, &error);
    if (st == WAX_OK && n > STDERR_FILENO) {
        (void)close((int)n); /* the guest's is the last one: who reads sees it close */
    }
    return told(st, error);
}

/* -------- network -------- */

int cli_net(wax_builder *b, const char *rule)
{
    wax_error *error = NULL;
    wax_status st = wax_builder_net(b, rule, &error);
    return told(st, error);
}

int cli_net_log(wax_builder *b)
{
    wax_error *error = NULL;
    wax_status st = wax_builder_net_log(b, cli_net_decision, stderr, &error);
    return told(st, error);
}
