/* SPDX-License-Identifier: Apache-2.0 */
/* Open files of filesystems in memory. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/racy.h"
#include "vfs/memnode.h"

struct memfile {
    struct wx_file file;
    struct wx_memnode *node;
    bool reads, writes;
    bool append; /* these two under the filesystem's lock */
    uint64_t pos;
};

static struct memfile *open_in(struct wx_file *f) { return (struct memfile *)(void *)f; }

/* What was cut off is the host's again: the quota counts sizes only. */
static void give_back(struct wx_memnode *m) WAX_REQUIRES(&m->fs->lock)
{
    if (m->size > m->room / 2) {
        return;
    }
    uint8_t *less = m->size ? wx_realloc(m->fs->mem, m->data, m->size) : NULL;
    if (m->size == 0) {
        wx_free(m->fs->mem, m->data);
    } else if (!less) {
        return; /* as it was */
    }
    m->data = less;
    m->room = m->size;
}

/* @return host errno; the bytes between are zero */
static int resize(struct wx_memnode *m, uint64_t size) WAX_REQUIRES(&m->fs->lock)
{
    struct wx_memfs *fs = m->fs;
    if (size > m->size && !wx_memfs_has_room(m->fs, size - m->size)) {
        return ENOSPC;
    }
    if (size > m->room) {
        uint64_t room = size + size / 2 < 256 ? 256 : size + size / 2;
        uint8_t *data = wx_realloc(fs->mem, m->data, room);
        if (!data) {
            room = size; /* not more than needed, then */
            data = wx_realloc(fs->mem, m->data, room);
        }
        if (!data) {
            return ENOSPC;
        }
        m->data = data;
        m->room = room;
    }
    if (size > m->size) {
        memset(m->data + m->size, 0, size - m->size);
    }
    fs->used_bytes += size - m->size;
    m->size = size;
    give_back(m);
    return 0;
}

static ssize_t read_at(struct wx_memnode *m, struct iovec *iov, int n, uint64_t at)
{
    uint64_t start = at;
    for (int i = 0; i < n && at < m->size; i++) {
        uint64_t len = iov[i].iov_len < m->size - at ? iov[i].iov_len : m->size - at;
        if (len) {
            wx_copy_racy(iov[i].iov_base, m->data + at, len);
        }
        at += len;
    }
    m->atim = wx_memfs_now();
    return (ssize_t)(at - start);
}

static ssize_t write_at(struct wx_memnode *m, struct iovec *iov, int n, uint64_t at)
    WAX_REQUIRES(&m->fs->lock)
{
    uint64_t total = wx_iov_total(iov, n), end;
    if (__builtin_add_overflow(at, total, &end) || end > INT64_MAX) {
        return -EFBIG;
    }
    if (total && end > m->size) {
        int e = resize(m, end);
        if (e) {
            return -e;
        }
    }
    for (int i = 0; i < n; i++) {
        if (iov[i].iov_len) {
            wx_copy_racy(m->data + at, iov[i].iov_base, iov[i].iov_len);
        }
        at += iov[i].iov_len;
    }
    wx_memnode_touch(m);
    return (ssize_t)total;
}

static ssize_t file_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    struct memfile *o = open_in(f);
    struct wx_memnode *m = o->node;
    if (write ? !o->writes : !o->reads) {
        return -EBADF;
    }
    wx_mutex_lock(&m->fs->lock);
    uint64_t at = write && o->append ? m->size : off < 0 ? o->pos : (uint64_t)off;
    ssize_t r = write ? write_at(m, iov, n, at) : read_at(m, iov, n, at);
    if (off < 0 && r > 0) {
        o->pos = at + (uint64_t)r;
    }
    wx_mutex_unlock(&m->fs->lock);
    return r;
}

static int64_t file_seek(struct wx_file *f, int64_t off, int whence)
{
    struct memfile *o = open_in(f);
    wx_mutex_lock(&o->node->fs->lock);
    int64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? (int64_t)o->pos
                                        : (int64_t)o->node->size;
    int64_t at;
    if (__builtin_add_overflow(base, off, &at)) {
        at = off < 0 ? -EINVAL : -EOVERFLOW;
    } else if (at < 0) {
        at = -EINVAL;
    } else {
        o->pos = (uint64_t)at;
    }
    wx_mutex_unlock(&o->node->fs->lock);
    return at;
}

static int file_stat(struct wx_file *f, struct stat *ret)
{
    return wx_memnode_stat(&open_in(f)->node->node, ret);
}

static int file_truncate(struct wx_file *f, uint64_t size)
{
    struct memfile *o = open_in(f);
    if (!o->writes) {
        return EINVAL;
    }
    wx_mutex_lock(&o->node->fs->lock);
    int e = resize(o->node, size);
    if (!e) {
        wx_memnode_touch(o->node);
    }
    wx_mutex_unlock(&o->node->fs->lock);
    return e;
}

static int file_allocate(struct wx_file *f, uint64_t off, uint64_t len)
{
    struct memfile *o = open_in(f);
    if (!o->writes) {
        return EBADF;
    }
    wx_mutex_lock(&o->node->fs->lock);
    int e = off + len > o->node->size ? resize(o->node, off + len) : 0; /* never shrinks */
    wx_mutex_unlock(&o->node->fs->lock);
    return e;
}

static int file_advise(struct wx_file *f, uint64_t off, uint64_t len, int host_advice)
{
    (void)f, (void)off, (void)len, (void)host_advice;
    return 0;
}

static int file_sync(struct wx_file *f, bool data_only)
{
    (void)f, (void)data_only; /* nothing is anywhere else */
    return 0;
}

static int file_utimens(struct wx_file *f, const struct timespec times[2])
{
    return wx_memnode_utimens(&open_in(f)->node->node, times);
}

static int file_set_append(struct wx_file *f, bool append)
{
    struct memfile *o = open_in(f);
    wx_mutex_lock(&o->node->fs->lock);
    o->append = append;
    wx_mutex_unlock(&o->node->fs->lock);
    return 0;
}

static void file_free(struct wx_file *f)
{
    wx_node_unref(&open_in(f)->node->node);
    wx_free(f->mem, f);
}

static const struct wx_file_ops file_ops = {
    .io = file_io,
    .seek = file_seek,
    .stat = file_stat,
    .truncate = file_truncate,
    .allocate = file_allocate,
    .advise = file_advise,
    .sync = file_sync,
    .utimens = file_utimens,
    .set_append = file_set_append,
    .list = wx_file_no_list,
    .free = file_free,
};

int wx_memnode_open(struct wx_node *node, int flags, struct wx_file **ret)
{
    struct wx_memnode *m = wx_memnode_of(node);
    if (S_ISSOCK(node->type)) {
        return ENXIO; /* as the kernel has it */
    }
    struct memfile *o = wx_zalloc(m->fs->mem, sizeof *o);
    if (!o) {
        return ENOMEM;
    }
    wx_file_init(&o->file, &file_ops, m->fs->mem, WX_FT_FILE);
    o->node = wx_memnode_of(wx_node_ref(node));
    o->reads = (flags & O_ACCMODE) != O_WRONLY;
    o->writes = (flags & O_ACCMODE) != O_RDONLY;
    o->append = (flags & O_APPEND) != 0;
    if (flags & O_TRUNC) { /* as the kernel does, whatever the access mode */
        wx_mutex_lock(&m->fs->lock);
        (void)resize(m, 0); /* shrinking */
        wx_memnode_touch(m);
        wx_mutex_unlock(&m->fs->lock);
    }
    *ret = &o->file;
    return 0;
}

/* -------- outside of any tree -------- */

struct wx_file *wx_memfile_new(struct wx_mem *mem, const void *bytes, size_t len, bool writes,
                               uint64_t max_bytes)
{
    const struct wx_memfs_limits limits = {max_bytes, 1};
    struct wx_memnode *m = wx_memfs_make(mem, &limits, S_IFREG);
    struct wx_file *f = NULL;
    if (!m) {
        return NULL;
    }
    if (wx_memnode_open(&m->node, writes ? O_RDWR | O_APPEND : O_RDWR, &f) == 0 && len) {
        struct iovec iov = {(void *)(uintptr_t)bytes, len};
        if (file_io(f, true, &iov, 1, 0) != (ssize_t)len) {
            wx_file_unref(f);
            f = NULL;
        }
    }
    if (f) {
        open_in(f)->writes = writes;
        open_in(f)->reads = !writes;
    }
    wx_node_unref(&m->node);
    return f;
}

char *wx_memfile_copy(struct wx_file *file, struct wx_mem *mem, size_t *ret_len)
{
    struct wx_memnode *m = open_in(file)->node;
    wx_mutex_lock(&m->fs->lock);
    char *copy = wx_strndup(mem, (const char *)m->data, m->size);
    *ret_len = m->size;
    wx_mutex_unlock(&m->fs->lock);
    return copy;
}
