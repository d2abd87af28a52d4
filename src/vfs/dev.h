/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes: nothing of the host but its entropy, and what the guest has open already. */
#ifndef WX_VFS_DEV_H
#define WX_VFS_DEV_H

#include "vfs/file.h"

/** Something the guest has open. */
struct wx_dev_fd {
    struct wx_file *file; /* a reference for the caller */
    bool reads, writes;   /* what it may do with it */
};

/** The guest's descriptors. Both may be called at any time, by several threads. */
struct wx_dev_source {
    void *data;
    int (*get)(void *data, uint32_t fd, struct wx_dev_fd *ret); /* host errno */
    uint32_t (*next)(void *data, uint32_t fd); /* lowest open number >= fd; UINT32_MAX: none */
};

/**
 * A directory of null, zero, full, random, urandom, stdin, stdout, stderr, tty and fd/. Opening a
 * descriptor gives the same open file, with no more access than it has; tty is the standard stream
 * that is a terminal, if one is. @return NULL when out of memory
 */
struct wx_file *wx_dev_new(struct wx_mem *mem, const struct wx_dev_source *source);

/** What a file opened below fd/ stands for; any other file: itself. Borrowed. */
struct wx_file *wx_dev_target(struct wx_file *f);

#endif
