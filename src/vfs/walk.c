/* SPDX-License-Identifier: Apache-2.0 */
/* The walker: a stack of directory descriptors and the text still to go. */
/*
 * Each component is opened from the directory reached so far and never followed by the kernel
 * (O_NOFOLLOW); a symbolic link's text goes in front of what is left. `..` takes a descriptor off
 * the stack, so that a directory moved meanwhile can not lead out: below the start there is
 * nothing. Absolute links lead outside. Nothing is looked at first and used afterwards by name,
 * except to tell that a name that would not open is a link.
 *
 * Invariant: every descriptor on the stack was reached from the one below it without leaving.
 */
#include "vfs/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"

#define WALK_ON (-100000) /* no errno */
#define MAX_LINKS 40      /* as the kernel */
#define MAX_DEPTH 256
#define MAX_TEXT 8192 /* path and link texts not walked yet */

struct walk {
    const struct wx_hostdir *start;
    uint64_t mount; /* of the start, if no other may be entered */
    int flags;
    int dirs[MAX_DEPTH]; /* [0] is the caller's */
    unsigned depth;      /* index of the present directory */
    unsigned n_links;
    char text[MAX_TEXT];
    char *rest; /* in text */
};

/* One component, and what comes behind it. */
struct step {
    char name[256];
    bool last;  /* nothing but slashes follows */
    bool slash; /* slashes follow */
};

static int next_step(struct walk *w, struct step *s)
{
    size_t len = strcspn(w->rest, "/");
    if (len >= sizeof s->name) {
        return ENAMETOOLONG;
    }
    memcpy(s->name, w->rest, len);
    s->name[len] = '\0';
    w->rest += len;
    s->slash = *w->rest == '/';
    w->rest += strspn(w->rest, "/");
    s->last = *w->rest == '\0';
    return 0;
}

/* Which mount of the host a descriptor is on. @return host errno */
static int mount_of(int fd, uint64_t *ret)
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) != 0) {
        return errno;
    }
    *ret = st.stx_mnt_id;
    return st.stx_mask & STATX_MNT_ID ? 0 : ENOSYS;
}

/* Whether something open may be used: it is on the mount of the start. @return host errno */
static int check_mount(const struct walk *w, int fd)
{
    uint64_t mount = 0;
    int e = mount_of(fd, &mount);
    return e ? e : mount != w->mount ? EXDEV : 0;
}

/* The same of a name, before opening it has effects; what is not there is on no other. */
static int check_name(const struct walk *w, const char *name)
{
    int fd = openat(w->dirs[w->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int e = fd < 0 ? 0 : check_mount(w, fd);
    (void)wx_fd_close(&fd); /* O_PATH */
    return e;
}

static int open_at(const struct walk *w, const char *name, int flags)
{
    bool stays = (w->start->opts & WX_HOST_NO_XDEV) != 0;
    int e = stays && !(flags & O_PATH) ? check_name(w, name) : 0;
    if (e) {
        return -e;
    }
    int fd = openat(w->dirs[w->depth], name, flags | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) {
        return -errno;
    }
    e = stays ? check_mount(w, fd) : 0;
    if (e) {
        (void)wx_fd_close(&fd); /* nothing was done with it */
        return -e;
    }
    return fd;
}

/* Put the text of a link before the rest. `fd` is the link itself, or a directory with `name`. */
static int expand(struct walk *w, int fd, const char *name, const struct step *s)
{
    char link[4096];
    ssize_t n = readlinkat(fd, name, link, sizeof link);
    if (n < 0) {
        return errno;
    }
    if (w->start->opts & WX_HOST_NO_LINKS) {
        return ELOOP;
    }
    size_t len = (size_t)n, rest = strlen(w->rest);
    if (++w->n_links > MAX_LINKS) {
        return ELOOP;
    }
    if (len == 0 || len == sizeof link || len + 1 + rest >= sizeof w->text) {
        return len == 0 ? ENOENT : ENAMETOOLONG;
    }
    if (link[0] == '/') {
        return EXDEV;
    }
    memmove(w->text + len + s->slash, w->rest, rest + 1);
    memcpy(w->text, link, len);
    if (s->slash) {
        w->text[len] = '/';
    }
    w->rest = w->text;
    return 0;
}

/* Into a directory, or along a link. Takes fd (O_PATH). */
static int enter(struct walk *w, int fd, const struct step *s)
{
    struct stat st;
    int e = fstat(fd, &st) != 0 ? errno : 0;
    if (!e && S_ISDIR(st.st_mode) && w->depth + 1 < MAX_DEPTH) {
        w->dirs[++w->depth] = fd;
        return 0;
    }
    if (!e && S_ISLNK(st.st_mode)) {
        e = expand(w, fd, "", s);
    } else if (!e) {
        e = S_ISDIR(st.st_mode) ? ENAMETOOLONG : ENOTDIR;
    }
    (void)wx_fd_close(&fd); /* O_PATH */
    return e;
}

/* "." and "..". */
static int dots(struct walk *w, const struct step *s)
{
    if (s->name[1] == '\0') {
        return 0;
    }
    if (w->depth == 0) {
        return EXDEV;
    }
    (void)wx_fd_close(&w->dirs[w->depth--]); /* O_PATH */
    return 0;
}

/* The last name, as the caller wants it. @return descriptor, -errno, or WALK_ON */
static int open_last(struct walk *w, const struct step *s)
{
    bool follow = !(w->flags & O_NOFOLLOW) || s->slash;
    int fd = open_at(w, s->name, w->flags);
    struct stat st;
    bool is_link = fd >= 0 && (w->flags & O_PATH) && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
    if (fd >= 0 && !(is_link && follow)) {
        if (!is_link && s->slash && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
            (void)wx_fd_close(&fd); /* not given to anybody */
            return -ENOTDIR;
        }
        return fd;
    }
    int e;
    if (fd >= 0) {
        e = expand(w, fd, "", s);
        (void)wx_fd_close(&fd); /* O_PATH */
        return e ? -e : WALK_ON;
    }
    if (!follow || (fd != -ELOOP && fd != -ENOTDIR)) {
        return fd;
    }
    e = expand(w, w->dirs[w->depth], s->name, s); /* EINVAL: no link, so the errno was right */
    return e == EINVAL ? fd : e ? -e : WALK_ON;
}

/* @return descriptor, or -errno */
static int run(struct walk *w)
{
    while (*w->rest) {
        struct step s;
        int e = next_step(w, &s);
        if (!e && (strcmp(s.name, ".") == 0 || strcmp(s.name, "..") == 0)) {
            e = dots(w, &s);
        } else if (!e && s.last) {
            int fd = open_last(w, &s);
            if (fd != WALK_ON) {
                return fd;
            }
        } else if (!e) {
            int fd = open_at(w, s.name, O_PATH);
            e = fd < 0 ? -fd : enter(w, fd, &s);
        }
        if (e) {
            return -e;
        }
    }
    return open_at(w, ".", w->flags); /* the path ended in dots */
}

int wx_walk_beneath(const struct wx_hostdir *d, const char *path, int flags)
{
    struct walk w = {.start = d, .flags = flags};
    size_t len = strlen(path);
    if (len == 0) {
        return -ENOENT;
    }
    if (len >= sizeof w.text) {
        return -ENAMETOOLONG;
    }
    if (path[0] == '/') {
        return -EXDEV;
    }
    w.dirs[0] = d->fd;
    memcpy(w.text, path, len + 1);
    w.rest = w.text;
    int e = d->opts & WX_HOST_NO_XDEV ? mount_of(d->fd, &w.mount) : 0;
    int fd = e ? -e : run(&w);
    while (w.depth > 0) {
        (void)wx_fd_close(&w.dirs[w.depth--]); /* O_PATH */
    }
    return fd;
}
