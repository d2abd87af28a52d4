/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor table. */
/*
 * An entry is a number's own: rights, close-on-exec, the name of a preopen. What duplicates share,
 * also in tables of other processes, is the counted file. A number is charged to the budget while
 * it is open or reserved; files are closed outside the lock.
 */
#include "wasi/fdtable.h"

#include <string.h>

#include "base/atomic.h"
#include "base/check.h"

void wx_fdtable_init(struct wx_fdtable *t, struct wx_mem *mem, uint32_t max,
                     struct wx_budget *budget)
{
    memset(t, 0, sizeof *t);
    t->mem = mem;
    t->max = max;
    t->budget = budget;
    wx_mutex_init(&t->lock);
}

/* Empty a slot that is not charged, or whose charge another has now. */
static void release(const struct wx_fdtable *t, struct wx_fdslot *s)
{
    wx_file_unref(s->fd.file);
    wx_free(t->mem, s->preopen);
    memset(s, 0, sizeof *s);
}

static void drop(const struct wx_fdtable *t, struct wx_fdslot *s)
{
    if (s->fd.file) {
        wx_budget_give(t->budget);
    }
    release(t, s);
}

static void drop_all(const struct wx_fdtable *t, struct wx_fdslots *slots)
{
    for (size_t i = 0; i < slots->n; i++) {
        drop(t, &slots->p[i]);
    }
    wx_vec_fini(t->mem, slots);
}

void wx_fdtable_fini(struct wx_fdtable *t)
{
    wx_mutex_lock(&t->lock);
    drop_all(t, &t->fds);
    wx_mutex_unlock(&t->lock);
    wx_mutex_fini(&t->lock);
}

static struct wx_fdslot *find(struct wx_fdtable *t, uint32_t fd) WAX_REQUIRES(&t->lock)
{
    return fd < t->fds.n && t->fds.p[fd].fd.file ? &t->fds.p[fd] : NULL;
}

static wx_werrno grow_to(struct wx_fdtable *t, size_t n) WAX_REQUIRES(&t->lock)
{
    static const struct wx_fdslot none = {0};
    while (n > t->fds.n) {
        if (!wx_vec_push(t->mem, &t->fds, none)) {
            return WX_WERRNO_NOMEM;
        }
    }
    return 0;
}

/* Takes what is in the slot on success. */
static wx_werrno add_locked(struct wx_fdtable *t, const struct wx_fdslot *slot, uint32_t from,
                            uint32_t *ret_fd) WAX_REQUIRES(&t->lock)
{
    size_t i = from;
    while (i < t->fds.n && (t->fds.p[i].fd.file || t->fds.p[i].reserved)) {
        i++;
    }
    if (i >= t->max) {
        return WX_WERRNO_MFILE;
    }
    wx_werrno e = grow_to(t, i + 1);
    if (!e && !wx_budget_take(t->budget)) {
        e = WX_WERRNO_NFILE;
    }
    if (!e) {
        t->fds.p[i] = *slot;
        *ret_fd = (uint32_t)i;
    }
    return e;
}

static wx_werrno add(struct wx_fdtable *t, const struct wx_fdslot *slot, uint32_t from,
                     uint32_t *ret_fd)
{
    wx_mutex_lock(&t->lock);
    wx_werrno e = add_locked(t, slot, from, ret_fd);
    wx_mutex_unlock(&t->lock);
    return e;
}

/* An open file nobody else has yet gets its flags. */
static void give_flags(const struct wx_fd *fd) { wx_store_relaxed(&fd->file->flags, fd->flags); }

wx_werrno wx_fdtable_add(struct wx_fdtable *t, const struct wx_fd *fd, uint32_t from,
                         uint32_t *ret_fd)
{
    give_flags(fd);
    return add(t, &(struct wx_fdslot){.fd = *fd}, from, ret_fd);
}

wx_werrno wx_fdtable_add_preopen(struct wx_fdtable *t, const struct wx_fd *fd, const char *name,
                                 uint32_t from, uint32_t *ret_fd)
{
    struct wx_fdslot slot = {.fd = *fd, .preopen = wx_strndup(t->mem, name, strlen(name))};
    give_flags(fd);
    wx_werrno e = slot.preopen ? add(t, &slot, from, ret_fd) : WX_WERRNO_NOMEM;
    if (e) {
        wx_free(t->mem, slot.preopen);
    }
    return e;
}

wx_werrno wx_fdtable_reserve(struct wx_fdtable *t, uint32_t *ret_fd)
{
    return add(t, &(struct wx_fdslot){.reserved = true}, 0, ret_fd);
}

static void set_reserved(struct wx_fdtable *t, uint32_t n, const struct wx_fdslot *slot)
{
    wx_mutex_lock(&t->lock);
    t->fds.p[n] = *slot;
    wx_mutex_unlock(&t->lock);
}

void wx_fdtable_fill(struct wx_fdtable *t, uint32_t n, const struct wx_fd *fd)
{
    give_flags(fd);
    set_reserved(t, n, &(struct wx_fdslot){.fd = *fd});
}

void wx_fdtable_unreserve(struct wx_fdtable *t, uint32_t n)
{
    set_reserved(t, n, &(struct wx_fdslot){0});
    wx_budget_give(t->budget);
}

wx_werrno wx_fdtable_get(struct wx_fdtable *t, uint32_t fd, struct wx_fd *ret)
{
    wx_mutex_lock(&t->lock);
    const struct wx_fdslot *s = find(t, fd);
    if (s) {
        *ret = s->fd;
        ret->flags = wx_load_relaxed(&s->fd.file->flags);
        (void)wx_file_ref(s->fd.file);
    }
    wx_mutex_unlock(&t->lock);
    return s ? 0 : WX_WERRNO_BADF;
}

wx_werrno wx_fdtable_preopen(struct wx_fdtable *t, uint32_t fd, char *buf, size_t cap,
                             size_t *ret_len)
{
    wx_mutex_lock(&t->lock);
    const struct wx_fdslot *s = find(t, fd);
    const char *name = s ? s->preopen : NULL;
    if (name) {
        size_t len = strlen(name);
        if (cap) {
            memcpy(buf, name, len < cap ? len : cap);
        }
        *ret_len = len;
    }
    wx_mutex_unlock(&t->lock);
    return name ? 0 : WX_WERRNO_BADF;
}

uint32_t wx_fdtable_next(struct wx_fdtable *t, uint32_t from)
{
    wx_mutex_lock(&t->lock);
    size_t i = from;
    while (i < t->fds.n && !t->fds.p[i].fd.file) {
        i++;
    }
    bool found = i < t->fds.n;
    wx_mutex_unlock(&t->lock);
    return found ? (uint32_t)i : UINT32_MAX;
}

/* What is open there; the number is free then. */
static struct wx_fdslot take_out(struct wx_fdslot *s)
{
    struct wx_fdslot old = *s;
    memset(s, 0, sizeof *s);
    return old;
}

wx_werrno wx_fdtable_close(struct wx_fdtable *t, uint32_t fd)
{
    struct wx_fdslot old = {0};
    wx_mutex_lock(&t->lock);
    struct wx_fdslot *s = find(t, fd);
    if (s) {
        old = take_out(s);
    }
    wx_mutex_unlock(&t->lock);
    drop(t, &old); /* may close a host file: not under the lock */
    return s ? 0 : WX_WERRNO_BADF;
}

/* -------- duplicates -------- */

/* Not charged yet. */
static wx_werrno copy_slot(struct wx_mem *mem, const struct wx_fdslot *s, struct wx_fdslot *ret)
{
    *ret = *s;
    if (s->preopen && !(ret->preopen = wx_strndup(mem, s->preopen, strlen(s->preopen)))) {
        return WX_WERRNO_NOMEM;
    }
    (void)wx_file_ref(s->fd.file);
    return 0;
}

wx_werrno wx_fdtable_dup(struct wx_fdtable *t, uint32_t fd, uint32_t from, bool cloexec,
                         uint32_t *ret_fd)
{
    struct wx_fdslot copy = {0};
    if (from >= t->max) {
        return WX_WERRNO_INVAL;
    }
    wx_mutex_lock(&t->lock);
    const struct wx_fdslot *s = find(t, fd);
    wx_werrno e = s ? copy_slot(t->mem, s, &copy) : WX_WERRNO_BADF;
    if (!e) {
        copy.fd.cloexec = cloexec;
        e = add_locked(t, &copy, from, ret_fd);
        if (e) {
            release(t, &copy); /* the original is still there: nothing is closed by this */
        }
    }
    wx_mutex_unlock(&t->lock);
    return e;
}

/* What was open at `to` comes back, without its charge. */
static wx_werrno replace_locked(struct wx_fdtable *t, uint32_t from, uint32_t to,
                                struct wx_fdslot *ret_old) WAX_REQUIRES(&t->lock)
{
    struct wx_fdslot copy;
    wx_werrno e = grow_to(t, (size_t)to + 1); /* before anything points into the array */
    e = e ? e : copy_slot(t->mem, &t->fds.p[from], &copy);
    if (e) {
        return e;
    }
    if (!t->fds.p[to].fd.file && !wx_budget_take(t->budget)) {
        release(t, &copy);
        return WX_WERRNO_NFILE;
    }
    copy.fd.cloexec = false;
    *ret_old = take_out(&t->fds.p[to]);
    t->fds.p[to] = copy;
    return 0;
}

wx_werrno wx_fdtable_dup_to(struct wx_fdtable *t, uint32_t from, uint32_t to)
{
    struct wx_fdslot old = {0};
    wx_mutex_lock(&t->lock);
    struct wx_fdslot *s = find(t, from);
    bool busy = to < t->fds.n && t->fds.p[to].reserved;
    wx_werrno e = !s || to >= t->max ? WX_WERRNO_BADF : busy ? WX_WERRNO_BUSY : 0;
    if (!e && from == to) {
        s->fd.cloexec = false;
    } else if (!e) {
        e = replace_locked(t, from, to, &old);
    }
    wx_mutex_unlock(&t->lock);
    release(t, &old);
    return e;
}

wx_werrno wx_fdtable_renumber(struct wx_fdtable *t, uint32_t from, uint32_t to)
{
    struct wx_fdslot old = {0};
    wx_mutex_lock(&t->lock);
    struct wx_fdslot *a = find(t, from), *b = find(t, to);
    bool ok = a && b;
    if (ok && from != to) {
        old = *b;
        *b = take_out(a);
    }
    wx_mutex_unlock(&t->lock);
    drop(t, &old);
    return ok ? 0 : WX_WERRNO_BADF;
}

/* Copies of all open entries, charged to dst. */
static wx_werrno copy_all(const struct wx_fdtable *dst, const struct wx_fdslots *from,
                          struct wx_fdslots *ret)
{
    static const struct wx_fdslot none = {0};
    wx_werrno e = 0;
    for (size_t i = 0; i < from->n && !e; i++) {
        const struct wx_fdslot *s = &from->p[i];
        struct wx_fdslot copy;
        if (!wx_vec_push(dst->mem, ret, none)) {
            e = WX_WERRNO_NOMEM;
        } else if (s->fd.file && i >= dst->max) {
            e = WX_WERRNO_MFILE;
        } else if (s->fd.file && !wx_budget_take(dst->budget)) {
            e = WX_WERRNO_NFILE;
        } else if (s->fd.file && (e = copy_slot(dst->mem, s, &copy)) != 0) {
            wx_budget_give(dst->budget);
        } else if (s->fd.file) {
            ret->p[i] = copy;
        }
    }
    return e;
}

wx_werrno wx_fdtable_clone(struct wx_fdtable *dst, struct wx_fdtable *src)
{
    struct wx_fdslots copies = {0};
    wx_mutex_lock(&src->lock);
    wx_werrno e = copy_all(dst, &src->fds, &copies);
    wx_mutex_unlock(&src->lock);
    if (e) {
        drop_all(dst, &copies);
        return e;
    }
    wx_mutex_lock(&dst->lock);
    wx_assert(dst->fds.n == 0);
    dst->fds = copies;
    wx_mutex_unlock(&dst->lock);
    return 0;
}

void wx_fdtable_close_on_exec(struct wx_fdtable *t)
{
    for (uint32_t i = 0; (i = wx_fdtable_next(t, i)) != UINT32_MAX; i++) {
        struct wx_fdslot old = {0};
        wx_mutex_lock(&t->lock);
        struct wx_fdslot *s = find(t, i);
        if (s && s->fd.cloexec) {
            old = take_out(s);
        }
        wx_mutex_unlock(&t->lock);
        drop(t, &old);
    }
}

/* -------- changes in place -------- */

wx_werrno wx_fdtable_set_rights(struct wx_fdtable *t, uint32_t fd, uint64_t base, uint64_t inh)
{
    wx_mutex_lock(&t->lock);
    struct wx_fdslot *s = find(t, fd);
    wx_werrno r = !s                                                    ? WX_WERRNO_BADF
                  : (base & ~s->fd.rights) || (inh & ~s->fd.inheriting) ? WX_WERRNO_NOTCAPABLE
                                                                        : 0;
    if (!r) {
        s->fd.rights = base;
        s->fd.inheriting = inh;
    }
    wx_mutex_unlock(&t->lock);
    return r;
}

wx_werrno wx_fdtable_set_flags(struct wx_fdtable *t, uint32_t fd, uint16_t flags)
{
    wx_mutex_lock(&t->lock);
    const struct wx_fdslot *s = find(t, fd);
    if (s) {
        wx_store_relaxed(&s->fd.file->flags, flags);
    }
    wx_mutex_unlock(&t->lock);
    return s ? 0 : WX_WERRNO_BADF;
}

wx_werrno wx_fdtable_set_cloexec(struct wx_fdtable *t, uint32_t fd, bool cloexec)
{
    wx_mutex_lock(&t->lock);
    struct wx_fdslot *s = find(t, fd);
    if (s) {
        s->fd.cloexec = cloexec;
    }
    wx_mutex_unlock(&t->lock);
    return s ? 0 : WX_WERRNO_BADF;
}
