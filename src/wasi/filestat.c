/* SPDX-License-Identifier: Apache-2.0 */
/* filestat layouts. Source: preview1 witx; wasi_unstable has a 32-bit link count. */
#include "wasi/filestat.h"

#include <string.h>

#include "base/bits.h"
#include "vfs/file.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"

static uint64_t ns_of(const struct timespec *ts)
{
    if (ts->tv_sec < 0) {
        return 0; /* before 1970: the guest's type has no such times */
    }
    return (uint64_t)ts->tv_sec * 1000000000u + (uint64_t)ts->tv_nsec;
}

wx_werrno wx_filestat_write(const struct wx_wasi_call *c, wx_gptr p, const struct stat *st,
                            bool snapshot0)
{
    uint8_t b[64] = {0};
    wx_put_u64(b, st->st_dev);
    wx_put_u64(b + 8, st->st_ino);
    b[16] = wx_filetype(st->st_mode);
    uint8_t *rest = b + 32;
    if (snapshot0) {
        wx_put_u32(b + 20, (uint32_t)st->st_nlink);
        rest = b + 24;
    } else {
        wx_put_u64(b + 24, st->st_nlink);
    }
    wx_put_u64(rest, (uint64_t)st->st_size);
    wx_put_u64(rest + 8, ns_of(&st->st_atim));
    wx_put_u64(rest + 16, ns_of(&st->st_mtim));
    wx_put_u64(rest + 24, ns_of(&st->st_ctim));
    return wx_guest_write(c, p, b, snapshot0 ? 56 : 64);
}

static wx_werrno one_time(uint64_t ns, bool set, bool now, struct timespec *ts)
{
    if (set && now) {
        return WX_WERRNO_INVAL;
    }
    *ts = (struct timespec){.tv_nsec = now ? UTIME_NOW : UTIME_OMIT};
    if (set) {
        *ts = (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    }
    return 0;
}

wx_werrno wx_filestat_times(uint64_t atim, uint64_t mtim, uint32_t flags, struct timespec times[2])
{
    if (flags & ~15u) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = one_time(atim, (flags & 1) != 0, (flags & 2) != 0, &times[0]);
    return e ? e : one_time(mtim, (flags & 4) != 0, (flags & 8) != 0, &times[1]);
}

wx_werrno wx_path_errno(const struct wx_wasi_call *c, int host_errno)
{
    if (host_errno == WX_EOUTSIDE) {
        wx_wasi_denied(c, "the path leads out of its directory");
        return c->env->wasix ? WX_WERRNO_PERM : WX_WERRNO_NOTCAPABLE;
    }
    return wx_werrno_from_host(host_errno);
}
