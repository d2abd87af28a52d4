/* SPDX-License-Identifier: Apache-2.0 */
/* fd_readdir: one open host listing per descriptor, cookies that survive deletions. */
/*
 * Cookies are the filesystem's (vfs/file.h). The buffer is filled to its end, the last entry cut:
 * the guest reads on from the cookie of the one before.
 */
#include <string.h>

#include "base/bits.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"
#include "wasi/rights.h"

#define DIRENT_BYTES 24

struct listing {
    struct wx_wasi_call *c;
    uint64_t buf, len, used;
    bool full;
};

/* Append bytes, cut at the end of the buffer. */
static void append(struct listing *l, const void *p, size_t n)
{
    uint64_t room = l->len - l->used;
    uint64_t take = n < room ? n : room;
    (void)wx_guest_write(l->c, (wx_gptr){l->buf + l->used}, p, take); /* checked at the start */
    l->used += take;
    l->full = l->used == l->len;
}

static bool add_entry(void *data, uint64_t next, uint64_t ino, uint8_t type, const char *name)
{
    struct listing *l = data;
    if (l->full) {
        return false;
    }
    uint8_t b[DIRENT_BYTES] = {0};
    size_t name_len = strlen(name);
    wx_put_u64(b, next);
    wx_put_u64(b + 8, ino);
    wx_put_u32(b + 16, (uint32_t)name_len);
    b[20] = type;
    append(l, b, sizeof b);
    append(l, name, name_len);
    return true;
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
    struct listing l = {.c = c, .buf = a[1], .len = a[2], .full = a[2] == 0};
    if (fd.file->filetype != WX_FT_DIR) {
        e = WX_WERRNO_NOTDIR;
    } else if (!(fd.rights & WX_R(WX_RN_FD_READDIR))) {
        wx_wasi_denied_rights(c, (uint32_t)a[0], WX_R(WX_RN_FD_READDIR));
        e = WX_WERRNO_NOTCAPABLE;
    } else {
        int host = f->ops->list(f, a[3], add_entry, &l);
        e = host ? wx_werrno_from_host(host) : 0;
    }
    wx_file_unref(f);
    return e ? e : wx_guest_write_size(c, (wx_gptr){a[4]}, l.used);
}
