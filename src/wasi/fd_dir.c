/* SPDX-License-Identifier: Apache-2.0 */
/* fd_readdir: one open host listing per descriptor, cookies that survive deletions. */
/*
 * Cookie n means "behind the n-th entry of this listing"; the host's position behind each entry is
 * remembered, so that a seek is exact whatever was deleted meanwhile. Cookie 0 starts a fresh
 * listing. "." and ".." come first as the host gives them; inode numbers are the host's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "os/fd.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"

#define DIRENT_BYTES 24

/* What getdents64 writes. */
struct host_dirent {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

struct listing {
    struct wx_wasi_call *c;
    uint64_t buf, len, used;
    uint64_t next; /* cookie of the next entry */
    bool full;
};

static uint8_t guest_type(uint8_t d_type)
{
    switch (d_type) {
    case DT_REG: return WX_FT_FILE;
    case DT_DIR: return WX_FT_DIR;
    case DT_LNK: return WX_FT_SYMLINK;
    case DT_CHR: return WX_FT_CHAR;
    case DT_BLK: return WX_FT_BLOCK;
    case DT_SOCK: return WX_FT_STREAM;
    default: return WX_FT_UNKNOWN;
    }
}

/* Append bytes, cut at the end of the buffer. */
static void append(struct listing *l, const void *p, size_t n)
{
    uint64_t room = l->len - l->used;
    uint64_t take = n < room ? n : room;
    (void)wx_guest_write(l->c, (wx_gptr){l->buf + l->used}, p, take); /* checked at the start */
    l->used += take;
    l->full = l->used == l->len;
}

static wx_werrno add_entry(struct listing *l, struct wx_file *f, const struct host_dirent *d)
    WAX_REQUIRES(&f->lock)
{
    size_t name_len = strlen(d->name);
    if (l->next == f->offsets.n && !wx_vec_push(f->mem, &f->offsets, d->off)) {
        return WX_WERRNO_NOMEM;
    }
    l->next++;
    uint8_t b[DIRENT_BYTES] = {0};
    wx_put_u64(b, l->next);
    wx_put_u64(b + 8, d->ino);
    wx_put_u32(b + 16, (uint32_t)name_len);
    b[20] = guest_type(d->type);
    append(l, b, sizeof b);
    append(l, d->name, name_len);
    return 0;
}

static wx_werrno position(struct wx_file *f, uint64_t cookie) WAX_REQUIRES(&f->lock)
{
    if (f->list_fd < 0) {
        f->list_fd = openat(f->host_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (f->list_fd < 0) {
            return wx_werrno_from_host(errno);
        }
    }
    if (cookie == 0) {
        f->offsets.n = 0;
    }
    if (cookie > f->offsets.n) {
        return WX_WERRNO_INVAL;
    }
    int64_t off = cookie ? f->offsets.p[cookie - 1] : 0;
    return lseek(f->list_fd, off, SEEK_SET) < 0 ? wx_werrno_from_host(errno) : 0;
}

static wx_werrno list(struct listing *l, struct wx_file *f) WAX_REQUIRES(&f->lock)
{
    _Alignas(16) uint8_t buf[32768];
    while (!l->full) {
        int64_t n = wx_fd_getdents(f->list_fd, buf, sizeof buf);
        if (n <= 0) {
            return n < 0 ? wx_werrno_from_host((int)-n) : 0;
        }
        for (int64_t at = 0; at < n && !l->full;) {
            const struct host_dirent *d = (const void *)(buf + at);
            wx_werrno e = add_entry(l, f, d);
            if (e) {
                return e;
            }
            at += d->reclen;
        }
    }
    return 0;
}

wx_wasi_ret wx_wasi_fd_readdir(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[1]}, a[2]);
    if (!e) {
        e = wx_guest_check(c, (wx_gptr){a[4]}, c->is64 ? 8 : 4);
    }
    struct wx_fd fd;
    if (e || (e = wx_fdtable_get(c->env->fds, (uint32_t)a[0], &fd))) {
        return e;
    }
    struct wx_file *f = fd.file;
    struct listing l = {.c = c, .buf = a[1], .len = a[2], .next = a[3], .full = a[2] == 0};
    if (fd.file->filetype != WX_FT_DIR) {
        e = WX_WERRNO_NOTDIR;
    } else if (!(fd.rights & WX_R(WX_RN_FD_READDIR))) {
        e = WX_WERRNO_NOTCAPABLE;
    } else {
        wx_mutex_lock(&f->lock);
        e = position(f, a[3]);
        if (!e) {
            e = list(&l, f);
        }
        wx_mutex_unlock(&f->lock);
    }
    wx_file_unref(f);
    return e ? e : wx_guest_write_size(c, (wx_gptr){a[4]}, l.used);
}
