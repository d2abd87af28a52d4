/* SPDX-License-Identifier: Apache-2.0 */
/* What guests talk through: pipes and event counters. Nothing here blocks or raises SIGPIPE. */
#ifndef WX_VFS_PIPE_H
#define WX_VFS_PIPE_H

#include "vfs/file.h"

/** A pipe of the host: ret[0] is read from, ret[1] written to. @return host errno */
int wx_pipe_new(struct wx_mem *mem, struct wx_file *ret[2]);
/**
 * A counter as eventfd(2) makes it: reading takes all of it or, as a semaphore, one; writing adds.
 * @return host errno; EINVAL: the count is 2^64 - 1
 */
int wx_eventfile_new(struct wx_mem *mem, uint64_t count, bool semaphore, struct wx_file **ret);

#endif
