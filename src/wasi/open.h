/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a file below a directory as path_open does, for calls that open files, too. */
#ifndef WX_WASI_OPEN_H
#define WX_WASI_OPEN_H

#include "wasi/call.h"
#include "wasi/fdtable.h"

/** In the numbers of the ABI, as the guest gave them. */
struct wx_open_args {
    uint32_t dirflags, oflags, fdflags;
    bool cloexec;
    uint64_t rights, inheriting;
};

/** Flags and rights that there are, in combinations that mean something? @return 0, inval */
wx_werrno wx_open_args_check(const struct wx_open_args *o);
/**
 * Open `path`, below a directory that the guest has as `dir` (its rights bound those of the file),
 * as a descriptor of c->env. @return guest errno
 */
wx_werrno wx_wasi_open(struct wx_wasi_call *c, const struct wx_fd *dir, const char *path,
                       const struct wx_open_args *o, uint32_t *ret_fd);

#endif
