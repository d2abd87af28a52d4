/* SPDX-License-Identifier: Apache-2.0 */
/* The null stream, and streams over functions. */
#include "vfs/stream.h"

#include <errno.h>
#include <string.h>

#include "base/racy.h"

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

#define STREAM_OPS(IO)                                                                             \
    {.io = (IO),                                                                                   \
     .seek = wx_file_no_seek,                                                                      \
     .stat = null_stat,                                                                            \
     .truncate = wx_file_no_truncate,                                                              \
     .allocate = wx_file_no_allocate,                                                              \
     .advise = wx_file_no_advise,                                                                  \
     .sync = wx_file_no_sync,                                                                      \
     .utimens = wx_file_no_utimens,                                                                \
     .set_append = wx_file_any_append,                                                             \
     .list = wx_file_no_list,                                                                      \
     .free = null_free}
static const struct wx_file_ops null_ops = STREAM_OPS(null_io);

struct wx_file *wx_nullfile_new(struct wx_mem *mem)
{
    struct wx_file *f = wx_zalloc(mem, sizeof *f);
    if (f) {
        wx_file_init(f, &null_ops, mem, WX_FT_UNKNOWN);
    }
    return f;
}

/* -------- functions -------- */

#define CHUNK 4096u /* guest memory may change under a copy, the embedder sees bytes that stay */

struct callfile {
    struct wx_file file;
    wx_stream_fn fn;
    void *data;
};

/* One call with at most a chunk: short reads and writes are what streams do. */
static ssize_t call_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    struct callfile *c = (struct callfile *)(void *)f;
    uint8_t chunk[CHUNK];
    if (off >= 0) {
        return -ESPIPE;
    }
    while (n > 0 && iov->iov_len == 0) {
        iov++;
        n--;
    }
    if (n <= 0) {
        return 0;
    }
    size_t len = iov->iov_len < CHUNK ? iov->iov_len : CHUNK;
    if (write) {
        wx_copy_racy(chunk, iov->iov_base, len);
    }
    int64_t r = c->fn(c->data, chunk, len);
    if (r > (int64_t)len || r < -4095) {
        return -EIO;
    }
    if (!write && r > 0) {
        wx_copy_racy(iov->iov_base, chunk, (size_t)r);
    }
    return (ssize_t)r;
}

static const struct wx_file_ops call_ops = STREAM_OPS(call_io);

struct wx_file *wx_callfile_new(struct wx_mem *mem, wx_stream_fn fn, void *data)
{
    struct callfile *c = wx_zalloc(mem, sizeof *c);
    if (!c) {
        return NULL;
    }
    wx_file_init(&c->file, &call_ops, mem, WX_FT_UNKNOWN);
    c->fn = fn;
    c->data = data;
    return &c->file;
}
