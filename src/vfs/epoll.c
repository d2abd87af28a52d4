/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of watched files. */
/*
 * Edge and level triggering, one-shot, nesting and loops are the kernel's: each entry is one of an
 * epoll descriptor of the host. What the kernel can not do for us:
 *
 * - Duplicates of the guest are one descriptor of the host, which an epoll descriptor takes once.
 *   Those beyond the first go to further epoll descriptors, which the first one watches.
 * - Streams without a descriptor are always ready ("soft" entries). While one of them has something
 *   to say an eventfd that can be read is watched, so that the set is ready to who waits for it.
 * - An entry ends with its file. The kernel does that by itself when the host's descriptor is
 *   closed; here such an entry is found by its number when that is used again. An event carries a
 *   slot and its generation, so one of an entry that is gone finds nothing.
 *
 * Invariants. 1. An entry whose life has ended is registered nowhere any more, and no call of the
 * host is made with its descriptor. 2. first[n] leads to all entries of the number n.
 */
#include "vfs/epoll.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/vec.h"
#include "os/fd.h"
#include "os/lock.h"
#include "vfs/dev.h"

#define MAX_LEVELS 8 /* duplicates of one open file in one set */
#define BATCH 64
#define NONE UINT32_MAX
/* What events of the further levels and of the eventfd carry. */
#define LEVEL_KEY(LEVEL) (UINT64_MAX - (LEVEL))
#define SOFT_KEY LEVEL_KEY(0)

struct entry {
    struct wx_file_life *life; /* NULL = a free slot */
    uint32_t generation, number;
    uint32_t next; /* of the same number, or the next free one; NONE: none */
    int level;     /* in which epoll descriptor; -1: soft */
    bool armed;    /* soft: has something to say */
    struct wx_epoll_event wanted;
};

struct set {
    struct wx_file file; /* host_fd: the first level */
    struct wx_budget *budget;
    struct wx_mutex lock; /* before those of watched files; not held for those it is watched by */
    WX_VEC(struct entry) entries WAX_GUARDED_BY(&lock);
    uint32_t free WAX_GUARDED_BY(&lock);          /* the first free slot, or NONE */
    WX_VEC(uint32_t) first WAX_GUARDED_BY(&lock); /* by number, NONE: no entry */
    uint32_t n_armed WAX_GUARDED_BY(&lock);
    int levels[MAX_LEVELS] WAX_GUARDED_BY(&lock); /* from 1 on; 0: not there */
    int soft_fd WAX_GUARDED_BY(&lock);            /* the eventfd, -1: not there */
    bool soft_first WAX_GUARDED_BY(&lock);        /* turns are taken */
};

static struct set *in(struct wx_file *f) { return (struct set *)(void *)f; }

static int result(int r) { return r < 0 ? errno : 0; }

/* -------- levels -------- */

static int level_fd(const struct set *s, int level) WAX_REQUIRES(&s->lock)
{
    return level ? s->levels[level] : s->file.host_fd;
}

static int watch(int epoll_fd, int op, int fd, uint32_t events, uint64_t key)
{
    struct epoll_event e = {.events = events, .data.u64 = key};
    return result(epoll_ctl(epoll_fd, op, fd, &e));
}

/* One more descriptor, watched by the first level. Takes it; it is charged. */
static int keep(struct set *s, int fd, uint64_t key, int *ret) WAX_REQUIRES(&s->lock)
{
    int e = fd < 0 ? errno : watch(s->file.host_fd, EPOLL_CTL_ADD, fd, EPOLLIN, key);
    if (e) {
        (void)wx_fd_close(&fd); /* nothing in it */
        wx_budget_give(s->budget);
        return e;
    }
    *ret = fd;
    return 0;
}

static int need_level(struct set *s, int level) WAX_REQUIRES(&s->lock)
{
    if (level == 0 || s->levels[level]) {
        return 0;
    }
    if (!wx_budget_take(s->budget)) {
        return ENFILE;
    }
    return keep(s, epoll_create1(EPOLL_CLOEXEC), LEVEL_KEY(level), &s->levels[level]);
}

static int need_soft(struct set *s) WAX_REQUIRES(&s->lock)
{
    if (s->soft_fd >= 0) {
        return 0;
    }
    if (!wx_budget_take(s->budget)) {
        return ENFILE;
    }
    return keep(s, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), SOFT_KEY, &s->soft_fd);
}

/* The eventfd can be read while a soft entry has something to say. */
static void arm(struct set *s, struct entry *e, bool armed) WAX_REQUIRES(&s->lock)
{
    uint64_t n = 1;
    ssize_t r = 0;
    if (armed && !e->armed && s->n_armed++ == 0) {
        r = write(s->soft_fd, &n, sizeof n);
    } else if (!armed && e->armed && --s->n_armed == 0) {
        r = read(s->soft_fd, &n, sizeof n);
    }
    (void)r; /* 0 to 1 and back: neither can fail */
    e->armed = armed;
}

/* -------- entries -------- */

static uint64_t key_of(const struct set *s, const struct entry *e) WAX_REQUIRES(&s->lock)
{
    return (uint64_t)e->generation << 32 | (uint64_t)(e - s->entries.p);
}

static struct entry *by_key(const struct set *s, uint64_t key) WAX_REQUIRES(&s->lock)
{
    uint32_t i = (uint32_t)key;
    struct entry *e = i < s->entries.n ? &s->entries.p[i] : NULL;
    return e && e->life && e->generation == key >> 32 ? e : NULL;
}

/* Out of the chain of its number. The slot is free then. */
static void drop(struct set *s, struct entry *e) WAX_REQUIRES(&s->lock)
{
    uint32_t i = (uint32_t)(e - s->entries.p), *p = &s->first.p[e->number];
    while (*p != i) {
        p = &s->entries.p[*p].next;
    }
    *p = e->next;
    if (e->level < 0) {
        arm(s, e, false);
    }
    wx_file_life_unref(e->life);
    *e = (struct entry){.generation = e->generation + 1, .next = s->free};
    s->free = i;
}

/* The entry of a number and an open file. Entries of it whose file is gone go, too. */
static struct entry *find(struct set *s, uint32_t number, const struct wx_file *f)
    WAX_REQUIRES(&s->lock)
{
    struct entry *found = NULL;
    uint32_t i = number < s->first.n ? s->first.p[number] : NONE;
    while (i != NONE) {
        struct entry *e = &s->entries.p[i];
        i = e->next;
        if (wx_file_life_is_over(e->life)) {
            drop(s, e);
        } else if (wx_file_life_of(f) == e->life) {
            found = e;
        }
    }
    return found;
}

/* A free slot, still the first of them; NULL: out of memory. */
static struct entry *need_slot(struct set *s, uint32_t number) WAX_REQUIRES(&s->lock)
{
    static const struct entry none = {.next = NONE};
    while (number >= s->first.n) {
        if (!wx_vec_push(s->file.mem, &s->first, NONE)) {
            return NULL;
        }
    }
    if (s->free == NONE) {
        if (!wx_vec_push(s->file.mem, &s->entries, none)) {
            return NULL;
        }
        s->free = (uint32_t)s->entries.n - 1;
    }
    return &s->entries.p[s->free];
}

/* On the first level that does not have the file's descriptor yet. */
static int add_hard(struct set *s, struct entry *e, int fd) WAX_REQUIRES(&s->lock)
{
    int err = EEXIST;
    for (int level = 0; err == EEXIST; level++) {
        if (level == MAX_LEVELS) {
            return ENOSPC;
        }
        e->level = level;
        err = need_level(s, level);
        err = err ? err
                  : watch(level_fd(s, level), EPOLL_CTL_ADD, fd, e->wanted.events, key_of(s, e));
    }
    return err;
}

static bool soft_has_news(const struct entry *e)
{
    return (e->wanted.events & (EPOLLIN | EPOLLOUT)) != 0;
}

static int add_soft(struct set *s, struct entry *e) WAX_REQUIRES(&s->lock)
{
    int err = need_soft(s);
    e->level = -1;
    if (!err) {
        arm(s, e, soft_has_news(e));
    }
    return err;
}

static int add_locked(struct set *s, uint32_t number, struct wx_file *f,
                      const struct wx_epoll_event *event) WAX_REQUIRES(&s->lock)
{
    if (find(s, number, f)) {
        return EEXIST;
    }
    struct entry *e = need_slot(s, number);
    struct wx_file_life *life = e ? wx_file_life_ref(f) : NULL;
    if (!life) {
        return ENOMEM;
    }
    e->number = number;
    e->wanted = *event;
    int err = f->host_fd >= 0 ? add_hard(s, e, f->host_fd) : EPERM;
    if (err == EPERM) { /* the null device and its like */
        err = add_soft(s, e);
    }
    if (err) {
        wx_file_life_unref(life);
        return err;
    }
    uint32_t slot = s->free;
    s->free = e->next;
    e->life = life;
    e->next = s->first.p[number];
    s->first.p[number] = slot;
    return 0;
}

int wx_epoll_add(struct wx_file *set, uint32_t number, struct wx_file *f,
                 const struct wx_epoll_event *event)
{
    struct set *s = in(set);
    f = wx_dev_target(f);
    if (f == set) {
        return EINVAL;
    }
    if (f->filetype == WX_FT_FILE || f->filetype == WX_FT_DIR) {
        return EPERM; /* as the kernel says */
    }
    wx_mutex_lock(&s->lock);
    int e = add_locked(s, number, f, event);
    wx_mutex_unlock(&s->lock);
    return e;
}

int wx_epoll_modify(struct wx_file *set, uint32_t number, struct wx_file *f,
                    const struct wx_epoll_event *event)
{
    struct set *s = in(set);
    f = wx_dev_target(f);
    wx_mutex_lock(&s->lock);
    struct entry *e = find(s, number, f);
    int err = e ? 0 : ENOENT;
    if (e && e->level >= 0) {
        err = watch(level_fd(s, e->level), EPOLL_CTL_MOD, f->host_fd, event->events, key_of(s, e));
    }
    if (e && !err) {
        e->wanted = *event;
        if (e->level < 0) {
            arm(s, e, soft_has_news(e));
        }
    }
    wx_mutex_unlock(&s->lock);
    return err;
}

int wx_epoll_remove(struct wx_file *set, uint32_t number, struct wx_file *f)
{
    struct set *s = in(set);
    f = wx_dev_target(f);
    wx_mutex_lock(&s->lock);
    struct entry *e = find(s, number, f);
    if (e && e->level >= 0) { /* it is there: can not fail */
        (void)watch(level_fd(s, e->level), EPOLL_CTL_DEL, f->host_fd, 0, 0);
    }
    if (e) {
        drop(s, e);
    }
    wx_mutex_unlock(&s->lock);
    return e ? 0 : ENOENT;
}

/* -------- what is ready -------- */

struct out {
    struct wx_epoll_event *p;
    int n, max;
};

static void give(struct out *o, const struct entry *e, uint32_t events)
{
    o->p[o->n] = e->wanted;
    o->p[o->n++].events = events;
}

static int take_hard(struct set *s, int level, struct out *o) WAX_REQUIRES(&s->lock)
{
    struct epoll_event ready[BATCH];
    int max = o->max - o->n < BATCH ? o->max - o->n : BATCH;
    int n = max > 0 ? epoll_wait(level_fd(s, level), ready, max, 0) : 0;
    for (int i = 0; i < n; i++) {
        const struct entry *e = by_key(s, ready[i].data.u64);
        if (e) {
            give(o, e, ready[i].events);
        }
    }
    return n < 0 ? errno : 0;
}

/* The further levels say that they are ready until they have given all they have. */
static int take_all_hard(struct set *s, struct out *o) WAX_REQUIRES(&s->lock)
{
    int e = take_hard(s, 0, o);
    for (int level = 1; level < MAX_LEVELS && s->levels[level] && !e; level++) {
        e = take_hard(s, level, o);
    }
    return e;
}

static void take_soft(struct set *s, struct out *o) WAX_REQUIRES(&s->lock)
{
    for (size_t i = 0; i < s->entries.n && s->n_armed && o->n < o->max; i++) {
        struct entry *e = &s->entries.p[i];
        if (e->life && e->level < 0 && wx_file_life_is_over(e->life)) {
            drop(s, e);
        } else if (e->life && e->level < 0 && e->armed) {
            give(o, e, e->wanted.events & (EPOLLIN | EPOLLOUT));
            if (e->wanted.events & (EPOLLET | EPOLLONESHOT)) {
                arm(s, e, false);
            }
        }
    }
}

int wx_epoll_take(struct wx_file *set, struct wx_epoll_event *ret, int max)
{
    struct set *s = in(set);
    struct out o = {ret, 0, max};
    wx_mutex_lock(&s->lock);
    s->soft_first = !s->soft_first; /* none of the two keeps the other away */
    if (s->soft_first) {
        take_soft(s, &o);
    }
    int e = take_all_hard(s, &o);
    if (!s->soft_first) {
        take_soft(s, &o);
    }
    wx_mutex_unlock(&s->lock);
    return o.n || !e ? o.n : -e;
}

/* -------- as a file -------- */

static ssize_t set_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    (void)f, (void)write, (void)iov, (void)n, (void)off;
    return -EINVAL;
}

static int set_stat(struct wx_file *f, struct stat *ret) { return result(fstat(f->host_fd, ret)); }

static void close_extra(struct set *s, int *fd)
{
    if (*fd > 0) {
        (void)wx_fd_close(fd);
        wx_budget_give(s->budget);
    }
}

static void set_free(struct wx_file *f)
{
    struct set *s = in(f);
    wx_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->entries.n; i++) {
        wx_file_life_unref(s->entries.p[i].life);
    }
    wx_vec_fini(f->mem, &s->entries);
    wx_vec_fini(f->mem, &s->first);
    for (int i = 1; i < MAX_LEVELS; i++) {
        close_extra(s, &s->levels[i]);
    }
    close_extra(s, &s->soft_fd);
    wx_mutex_unlock(&s->lock);
    (void)wx_fd_close(&f->host_fd); /* nothing to lose */
    wx_mutex_fini(&s->lock);
    wx_free(f->mem, s);
}

static const struct wx_file_ops set_ops = {
    .io = set_io,
    .seek = wx_file_no_seek,
    .stat = set_stat,
    .truncate = wx_file_no_truncate,
    .allocate = wx_file_no_allocate,
    .advise = wx_file_no_advise,
    .sync = wx_file_no_sync,
    .utimens = wx_file_no_utimens,
    .set_append = wx_file_any_append,
    .list = wx_file_no_list,
    .free = set_free,
};

bool wx_file_is_epoll(const struct wx_file *f) { return f->ops == &set_ops; }

int wx_epoll_new(struct wx_mem *mem, struct wx_budget *budget, struct wx_file **ret)
{
    struct set *s = wx_zalloc(mem, sizeof *s);
    if (!s) {
        return ENOMEM;
    }
    wx_file_init(&s->file, &set_ops, mem, WX_FT_UNKNOWN);
    s->budget = budget;
    wx_mutex_init(&s->lock);
    wx_mutex_lock(&s->lock);
    s->soft_fd = -1;
    s->free = NONE;
    wx_mutex_unlock(&s->lock);
    s->file.host_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->file.host_fd < 0) {
        int e = errno;
        wx_file_unref(&s->file);
        return e;
    }
    *ret = &s->file;
    return 0;
}
