/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor table. */
#include "wasi/fdtable.h"

#include <string.h>

void wx_fdtable_init(struct wx_fdtable *t, struct wx_mem *mem, uint32_t max,
                     struct wx_budget *budget)
{
    memset(t, 0, sizeof *t);
    t->mem = mem;
    t->max = max;
    t->budget = budget;
    wx_mutex_init(&t->lock);
}

static void drop(struct wx_fdtable *t, struct wx_fd *fd)
{
    if (fd->file) {
        wx_budget_give(t->budget);
    }
    wx_file_unref(fd->file);
    memset(fd, 0, sizeof *fd);
}

void wx_fdtable_fini(struct wx_fdtable *t)
{
    wx_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->fds.n; i++) {
        drop(t, &t->fds.p[i]);
    }
    wx_vec_fini(t->mem, &t->fds);
    wx_mutex_unlock(&t->lock);
    wx_mutex_fini(&t->lock);
}

static wx_werrno add_locked(struct wx_fdtable *t, const struct wx_fd *fd, uint32_t from,
                            uint32_t *ret_fd) WAX_REQUIRES(&t->lock)
{
    size_t i = from;
    while (i < t->fds.n && (t->fds.p[i].file || t->fds.p[i].reserved)) {
        i++;
    }
    if (i >= t->max) {
        return WX_WERRNO_MFILE;
    }
    static const struct wx_fd none = {0};
    while (i >= t->fds.n) {
        if (!wx_vec_push(t->mem, &t->fds, none)) {
            return WX_WERRNO_NOMEM;
        }
    }
    if (!wx_budget_take(t->budget)) {
        return WX_WERRNO_NFILE;
    }
    t->fds.p[i] = *fd;
    *ret_fd = (uint32_t)i;
    return 0;
}

wx_werrno wx_fdtable_add(struct wx_fdtable *t, const struct wx_fd *fd, uint32_t from,
                         uint32_t *ret_fd)
{
    wx_mutex_lock(&t->lock);
    wx_werrno e = add_locked(t, fd, from, ret_fd);
    wx_mutex_unlock(&t->lock);
    return e;
}

wx_werrno wx_fdtable_reserve(struct wx_fdtable *t, uint32_t *ret_fd)
{
    return wx_fdtable_add(t, &(struct wx_fd){.reserved = true}, 0, ret_fd);
}

void wx_fdtable_fill(struct wx_fdtable *t, uint32_t n, const struct wx_fd *fd)
{
    wx_mutex_lock(&t->lock);
    t->fds.p[n] = *fd;
    wx_mutex_unlock(&t->lock);
}

void wx_fdtable_unreserve(struct wx_fdtable *t, uint32_t n)
{
    wx_fdtable_fill(t, n, &(struct wx_fd){0});
    wx_budget_give(t->budget);
}

static struct wx_fd *find(struct wx_fdtable *t, uint32_t fd) WAX_REQUIRES(&t->lock)
{
    return fd < t->fds.n && t->fds.p[fd].file ? &t->fds.p[fd] : NULL;
}

wx_werrno wx_fdtable_get(struct wx_fdtable *t, uint32_t fd, struct wx_fd *ret)
{
    wx_mutex_lock(&t->lock);
    const struct wx_fd *e = find(t, fd);
    if (e) {
        *ret = *e;
        (void)wx_file_ref(e->file);
    }
    wx_mutex_unlock(&t->lock);
    return e ? 0 : WX_WERRNO_BADF;
}

uint32_t wx_fdtable_next(struct wx_fdtable *t, uint32_t from)
{
    wx_mutex_lock(&t->lock);
    size_t i = from;
    while (i < t->fds.n && !t->fds.p[i].file) {
        i++;
    }
    bool found = i < t->fds.n;
    wx_mutex_unlock(&t->lock);
    return found ? (uint32_t)i : UINT32_MAX;
}

wx_werrno wx_fdtable_close(struct wx_fdtable *t, uint32_t fd)
{
    struct wx_fd old = {0};
    wx_mutex_lock(&t->lock);
    struct wx_fd *e = find(t, fd);
    if (e) {
        old = *e;
        memset(e, 0, sizeof *e);
    }
    wx_mutex_unlock(&t->lock);
    drop(t, &old); /* may close a host file: not under the lock */
    return e ? 0 : WX_WERRNO_BADF;
}

wx_werrno wx_fdtable_renumber(struct wx_fdtable *t, uint32_t from, uint32_t to)
{
    struct wx_fd old = {0};
    wx_mutex_lock(&t->lock);
    struct wx_fd *a = find(t, from), *b = find(t, to);
    bool ok = a && b;
    if (ok && from != to) {
        old = *b;
        *b = *a;
        memset(a, 0, sizeof *a);
    }
    wx_mutex_unlock(&t->lock);
    drop(t, &old);
    return ok ? 0 : WX_WERRNO_BADF;
}

wx_werrno wx_fdtable_set_rights(struct wx_fdtable *t, uint32_t fd, uint64_t base, uint64_t inh)
{
    wx_mutex_lock(&t->lock);
    struct wx_fd *e = find(t, fd);
    wx_werrno r = !e                                              ? WX_WERRNO_BADF
                  : (base & ~e->rights) || (inh & ~e->inheriting) ? WX_WERRNO_NOTCAPABLE
                                                                  : 0;
    if (!r) {
        e->rights = base;
        e->inheriting = inh;
    }
    wx_mutex_unlock(&t->lock);
    return r;
}

wx_werrno wx_fdtable_set_flags(struct wx_fdtable *t, uint32_t fd, uint16_t flags)
{
    wx_mutex_lock(&t->lock);
    struct wx_fd *e = find(t, fd);
    if (e) {
        e->flags = flags;
    }
    wx_mutex_unlock(&t->lock);
    return e ? 0 : WX_WERRNO_BADF;
}
