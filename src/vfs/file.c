/* SPDX-License-Identifier: Apache-2.0 */
/* What open files of all kinds share. */
#include "vfs/file.h"

#include <errno.h>
#include <unistd.h>

#include "base/atomic.h"

struct wx_file_life {
    struct wx_mem *mem;
    uint32_t refs; /* atomic */
    uint32_t over; /* atomic */
};

uint8_t wx_filetype(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return WX_FT_FILE;
    case S_IFDIR: return WX_FT_DIR;
    case S_IFCHR: return WX_FT_CHAR;
    case S_IFBLK: return WX_FT_BLOCK;
    case S_IFLNK: return WX_FT_SYMLINK;
    case S_IFSOCK: return WX_FT_STREAM;
    default: return WX_FT_UNKNOWN;
    }
}

void wx_file_init(struct wx_file *file, const struct wx_file_ops *ops, struct wx_mem *mem,
                  uint8_t filetype)
{
    file->ops = ops;
    file->mem = mem;
    file->refs = 1;
    file->host_fd = -1;
    file->filetype = filetype;
}

struct wx_file *wx_file_ref(struct wx_file *file)
{
    wx_add_relaxed(&file->refs, 1); /* the caller holds one already */
    return file;
}

void wx_file_unref(struct wx_file *file)
{
    if (file && wx_sub_acqrel(&file->refs, 1) == 1) {
        struct wx_file_life *life = wx_load_acquire(&file->life); /* with its installing */
        file->ops->free(file);
        if (life) {
            wx_store_release(&life->over, 1); /* pairs with wx_file_life_is_over() */
            wx_file_life_unref(life);
        }
    }
}

struct wx_file_life *wx_file_life_ref(struct wx_file *file)
{
    struct wx_file_life *life = wx_load_acquire(&file->life), *before = NULL;
    if (!life) {
        life = wx_zalloc(file->mem, sizeof *life);
        if (!life) {
            return NULL;
        }
        life->mem = file->mem;
        life->refs = 1; /* the file's */
        if (!wx_cas_acqrel(&file->life, &before, life)) {
            wx_free(life->mem, life);
            life = before; /* another thread was first */
        }
    }
    wx_add_relaxed(&life->refs, 1);
    return life;
}

const struct wx_file_life *wx_file_life_of(const struct wx_file *file)
{
    return wx_load_acquire(&file->life);
}

void wx_file_life_unref(struct wx_file_life *life)
{
    if (life && wx_sub_acqrel(&life->refs, 1) == 1) {
        wx_free(life->mem, life);
    }
}

bool wx_file_life_is_over(const struct wx_file_life *life)
{
    return wx_load_acquire(&life->over) != 0;
}

ssize_t wx_file_no_io(struct wx_file *f, bool write, struct iovec *iov, int n, int64_t off)
{
    (void)f, (void)write, (void)iov, (void)n, (void)off;
    return -EISDIR; /* only directories have none */
}

int64_t wx_file_no_seek(struct wx_file *f, int64_t off, int whence)
{
    (void)off, (void)whence;
    return f->filetype == WX_FT_DIR ? -EISDIR : -ESPIPE;
}

int wx_file_no_truncate(struct wx_file *f, uint64_t size)
{
    (void)size;
    return f->filetype == WX_FT_DIR ? EISDIR : EINVAL;
}

int wx_file_no_allocate(struct wx_file *f, uint64_t off, uint64_t len)
{
    (void)off, (void)len;
    return f->filetype == WX_FT_DIR ? EBADF : ESPIPE;
}

int wx_file_no_advise(struct wx_file *f, uint64_t off, uint64_t len, int host_advice)
{
    (void)off, (void)len, (void)host_advice;
    return f->filetype == WX_FT_DIR ? EBADF : ESPIPE;
}

int wx_file_no_sync(struct wx_file *f, bool data_only)
{
    (void)f, (void)data_only;
    return EINVAL;
}

int wx_file_no_utimens(struct wx_file *f, const struct timespec times[2])
{
    (void)f, (void)times;
    return EINVAL;
}

int wx_file_any_append(struct wx_file *f, bool append)
{
    (void)f, (void)append;
    return 0;
}

int wx_file_no_list(struct wx_file *dir, uint64_t cookie, wx_entry_fn fn, void *data)
{
    (void)dir, (void)cookie, (void)fn, (void)data;
    return ENOTDIR;
}

#define EXPECTED_WAITS 8

void wx_file_found_nothing(struct wx_file *f)
{
    if (f->whole) {
        wx_store_relaxed(&f->waits, EXPECTED_WAITS);
    }
}

/* Threads that read one file spoil each other's count: a call of the system, no more. */
bool wx_file_expects_nothing(struct wx_file *f)
{
    uint8_t left = wx_load_relaxed(&f->waits);
    if (left > 0) {
        wx_store_relaxed(&f->waits, (uint8_t)(left - 1));
    }
    return left > 0;
}

uint64_t wx_iov_total(const struct iovec *iov, int n)
{
    uint64_t sum = 0;
    for (int i = 0; i < n; i++) {
        sum += iov[i].iov_len;
    }
    return sum;
}

void wx_iov_skip(struct iovec **iov, int *n, uint64_t done)
{
    while (*n > 0 && done >= (*iov)->iov_len) {
        done -= (*iov)->iov_len;
        (*iov)++;
        (*n)--;
    }
    if (*n > 0) {
        (*iov)->iov_base = (uint8_t *)(*iov)->iov_base + done;
        (*iov)->iov_len -= done;
    }
}

ssize_t wx_iov_read(int fd, const struct iovec *iov, int n)
{
    return n == 1 ? read(fd, iov->iov_base, iov->iov_len) : readv(fd, iov, n);
}

ssize_t wx_iov_write(int fd, const struct iovec *iov, int n)
{
    return n == 1 ? write(fd, iov->iov_base, iov->iov_len) : writev(fd, iov, n);
}
