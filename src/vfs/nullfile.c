/* SPDX-License-Identifier: Apache-2.0 */
/* The null stream. */
#include "vfs/nullfile.h"

#include <string.h>

static ssize_t null_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    (void)f, (void)off;
    return write ? (ssize_t)wx_iov_total(iov, n) : 0;
}

static int null_stat(struct wx_file *f, struct stat *ret)
{
    (void)f;
    memset(ret, 0, sizeof *ret);
    return 0;
}

static void null_free(struct wx_file *f) { wx_free(f->mem, f); }

static const struct wx_file_ops ops = {
    null_io,
    wx_file_no_seek,
    null_stat,
    wx_file_no_truncate,
    wx_file_no_allocate,
    wx_file_no_advise,
    wx_file_no_sync,
    wx_file_no_utimens,
    wx_file_any_append,
    wx_file_no_list,
    null_free,
};

struct wx_file *wx_nullfile_new(struct wx_mem *mem)
{
    struct wx_file *f = wx_zalloc(mem, sizeof *f);
    if (f) {
        wx_file_init(f, &ops, mem, WX_FT_UNKNOWN);
    }
    return f;
}
