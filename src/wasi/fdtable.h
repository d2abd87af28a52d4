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

#define WX_PREOPEN_MAX 4096 /* bytes of a preopen's guest path, one more than paths have */

/**
 * A descriptor. Rights and close-on-exec are its own; the flags are those of the open file, common
 * to all its duplicates: set when it is added, as they are at the moment when it is got.
 */
struct wx_fd {
    struct wx_file *file;
    uint64_t rights, inheriting;
    uint16_t flags; /* fdflags */
    bool cloexec;
};

struct wx_fdslot {
    struct wx_fd fd; /* .file NULL = free */
    char *preopen;   /* guest path of a preopened directory (the table's), or NULL */
    bool reserved;   /* free to look at, but taken */
};
/* A WX_VEC() with a name. */
struct wx_fdslots {
    struct wx_fdslot *p;
    size_t n, cap;
};

/* Lowest free number first; at most `max` open. Thread-safe. */
struct wx_fdtable {
    struct wx_mem *mem;
    uint32_t max;
    struct wx_budget *budget; /* of all environments of an engine */
    struct wx_mutex lock;     /* after env->lock, before those of files */
    struct wx_fdslots fds WAX_GUARDED_BY(&lock);
};

void wx_fdtable_init(struct wx_fdtable *t, struct wx_mem *mem, uint32_t max,
                     struct wx_budget *budget);
void wx_fdtable_fini(struct wx_fdtable *t);
/** Put an entry at the lowest free number ≥ `from`; takes fd->file on success. @return guest errno
 */
wx_werrno wx_fdtable_add(struct wx_fdtable *t, const struct wx_fd *fd, uint32_t from,
                         uint32_t *ret_fd);
/** The same for a preopened directory; the name is copied. */
wx_werrno wx_fdtable_add_preopen(struct wx_fdtable *t, const struct wx_fd *fd, const char *name,
                                 uint32_t from, uint32_t *ret_fd);
/**
 * Take the lowest free number without opening it, before something is done that can not be undone;
 * then fill it (takes fd->file) or give it back.
 */
wx_werrno wx_fdtable_reserve(struct wx_fdtable *t, uint32_t *ret_fd);
void wx_fdtable_fill(struct wx_fdtable *t, uint32_t n, const struct wx_fd *fd);
void wx_fdtable_unreserve(struct wx_fdtable *t, uint32_t n);
/** Copy of an entry with its file referenced. @return 0, or badf */
wx_werrno wx_fdtable_get(struct wx_fdtable *t, uint32_t fd, struct wx_fd *ret);
/**
 * Guest path of a preopened directory, cut at `cap` (0: `buf` may be NULL), without a NUL.
 * @return 0 and its whole length, or badf
 */
wx_werrno wx_fdtable_preopen(struct wx_fdtable *t, uint32_t fd, char *buf, size_t cap,
                             size_t *ret_len);
/** Lowest open number that is not below `from`; UINT32_MAX: none. */
uint32_t wx_fdtable_next(struct wx_fdtable *t, uint32_t from);
wx_werrno wx_fdtable_close(struct wx_fdtable *t, uint32_t fd);

/* Duplicates share the open file: position, flags. They are preopens if the original is. */

/** A duplicate at the lowest free number ≥ `from`. @return guest errno; inval: from ≥ max */
wx_werrno wx_fdtable_dup(struct wx_fdtable *t, uint32_t fd, uint32_t from, bool cloexec,
                         uint32_t *ret_fd);
/**
 * A duplicate at `to`, in place of what is open there; it is not closed on exec, also if both
 * numbers are one. @return guest errno; badf: to ≥ max; busy: another call is opening `to`
 */
wx_werrno wx_fdtable_dup_to(struct wx_fdtable *t, uint32_t from, uint32_t to);
/** `to` is replaced by `from`, which is freed. Both must be open. */
wx_werrno wx_fdtable_renumber(struct wx_fdtable *t, uint32_t from, uint32_t to);
/**
 * Duplicates of all in an empty table, under their numbers, charged to its budget. All or none.
 * @return guest errno
 */
wx_werrno wx_fdtable_clone(struct wx_fdtable *dst, struct wx_fdtable *src);
/** Close what is to be closed when another program starts. */
void wx_fdtable_close_on_exec(struct wx_fdtable *t);

/** Change rights (only fewer), flags or close-on-exec in place. */
wx_werrno wx_fdtable_set_rights(struct wx_fdtable *t, uint32_t fd, uint64_t base, uint64_t inh);
wx_werrno wx_fdtable_set_flags(struct wx_fdtable *t, uint32_t fd, uint16_t flags);
wx_werrno wx_fdtable_set_cloexec(struct wx_fdtable *t, uint32_t fd, bool cloexec);

#endif
