/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of a guest process. */
#ifndef WX_WASI_FDTABLE_H
#define WX_WASI_FDTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/vec.h"
#include "os/lock.h"
#include "wasi/werrno.h"

/* preview1 filetypes. */
enum {
    WX_FT_UNKNOWN,
    WX_FT_BLOCK,
    WX_FT_CHAR,
    WX_FT_DIR,
    WX_FT_FILE,
    WX_FT_DGRAM,
    WX_FT_STREAM,
    WX_FT_SYMLINK
};

/**
 * An open file: one host description, counted by table entries and by calls at work on it, so that
 * closing a descriptor somebody blocks on is safe. The kernel's offset is the only one.
 */
struct wx_file {
    struct wx_mem *mem;
    uint32_t refs; /* atomic */
    int host_fd;   /* -1: null stream */
    uint8_t filetype;
    bool read_only;                    /* below a read-only mount */
    uint32_t mount;                    /* which mount it was opened below, from 1; 0 = none */
    struct wx_mutex lock;              /* leaf; directory listing */
    int list_fd WAX_GUARDED_BY(&lock); /* readable descriptor of a directory, -1 until listed */
    WX_VEC(int64_t) offsets WAX_GUARDED_BY(&lock); /* host position behind entry i */
};

struct wx_fd {
    struct wx_file *file; /* NULL = free */
    uint64_t rights, inheriting;
    uint16_t flags;      /* fdflags */
    const char *preopen; /* guest path of a preopened directory (the environment's), or NULL */
};

/* Lowest free number first; at most `max` open. Thread-safe. */
struct wx_fdtable {
    struct wx_mem *mem;
    uint32_t max;
    struct wx_mutex lock; /* after env->lock, before file->lock */
    WX_VEC(struct wx_fd) fds WAX_GUARDED_BY(&lock);
};

/** A file over a host descriptor, which it takes (also on failure). */
struct wx_file *wx_file_new(struct wx_mem *mem, int host_fd, uint8_t filetype);
struct wx_file *wx_file_ref(struct wx_file *file);
void wx_file_unref(struct wx_file *file); /* NULL accepted */
/** Type of a host descriptor. */
uint8_t wx_file_type_of(int host_fd);

void wx_fdtable_init(struct wx_fdtable *t, struct wx_mem *mem, uint32_t max);
void wx_fdtable_fini(struct wx_fdtable *t);
/** Put an entry at the lowest free number ≥ `from`; takes fd->file on success. @return guest errno
 */
wx_werrno wx_fdtable_add(struct wx_fdtable *t, const struct wx_fd *fd, uint32_t from,
                         uint32_t *ret_fd);
/** Copy of an entry with its file referenced. @return 0, or badf */
wx_werrno wx_fdtable_get(struct wx_fdtable *t, uint32_t fd, struct wx_fd *ret);
wx_werrno wx_fdtable_close(struct wx_fdtable *t, uint32_t fd);
/** dup2-like: `to` is replaced by `from`, which is freed. Both must be open. */
wx_werrno wx_fdtable_renumber(struct wx_fdtable *t, uint32_t from, uint32_t to);
/** Change rights (only fewer) or flags in place. */
wx_werrno wx_fdtable_set_rights(struct wx_fdtable *t, uint32_t fd, uint64_t base, uint64_t inh);
wx_werrno wx_fdtable_set_flags(struct wx_fdtable *t, uint32_t fd, uint16_t flags);

#endif
