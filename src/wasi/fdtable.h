/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of a guest process. */
#ifndef WX_WASI_FDTABLE_H
#define WX_WASI_FDTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/budget.h"
#include "base/mem.h"
#include "base/vec.h"
#include "os/lock.h"
#include "vfs/file.h"
#include "wasi/werrno.h"

struct wx_fd {
    struct wx_file *file; /* NULL = free */
    bool reserved;        /* free to look at, but taken */
    uint64_t rights, inheriting;
    uint16_t flags;      /* fdflags */
    const char *preopen; /* guest path of a preopened directory (the environment's), or NULL */
};

/* Lowest free number first; at most `max` open. Thread-safe. */
struct wx_fdtable {
    struct wx_mem *mem;
    uint32_t max;
    struct wx_budget *budget; /* of all environments of an engine */
    struct wx_mutex lock;     /* after env->lock, before those of files */
    WX_VEC(struct wx_fd) fds WAX_GUARDED_BY(&lock);
};

void wx_fdtable_init(struct wx_fdtable *t, struct wx_mem *mem, uint32_t max,
                     struct wx_budget *budget);
void wx_fdtable_fini(struct wx_fdtable *t);
/** Put an entry at the lowest free number ≥ `from`; takes fd->file on success. @return guest errno
 */
wx_werrno wx_fdtable_add(struct wx_fdtable *t, const struct wx_fd *fd, uint32_t from,
                         uint32_t *ret_fd);
/**
 * Take the lowest free number without opening it, before something is done that can not be undone;
 * then fill it (takes fd->file) or give it back.
 */
wx_werrno wx_fdtable_reserve(struct wx_fdtable *t, uint32_t *ret_fd);
void wx_fdtable_fill(struct wx_fdtable *t, uint32_t n, const struct wx_fd *fd);
void wx_fdtable_unreserve(struct wx_fdtable *t, uint32_t n);
/** Copy of an entry with its file referenced. @return 0, or badf */
wx_werrno wx_fdtable_get(struct wx_fdtable *t, uint32_t fd, struct wx_fd *ret);
/** Lowest open number that is not below `from`; UINT32_MAX: none. */
uint32_t wx_fdtable_next(struct wx_fdtable *t, uint32_t from);
wx_werrno wx_fdtable_close(struct wx_fdtable *t, uint32_t fd);
/** dup2-like: `to` is replaced by `from`, which is freed. Both must be open. */
wx_werrno wx_fdtable_renumber(struct wx_fdtable *t, uint32_t from, uint32_t to);
/** Change rights (only fewer) or flags in place. */
wx_werrno wx_fdtable_set_rights(struct wx_fdtable *t, uint32_t fd, uint64_t base, uint64_t inh);
wx_werrno wx_fdtable_set_flags(struct wx_fdtable *t, uint32_t fd, uint16_t flags);

#endif
