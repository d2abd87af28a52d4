/* SPDX-License-Identifier: Apache-2.0 */
/* Streams without a filesystem: none at all, and those the embedder carries out. */
#ifndef WX_VFS_STREAM_H
#define WX_VFS_STREAM_H

#include "vfs/file.h"

/** Empty, and swallows everything. @return NULL when out of memory */
struct wx_file *wx_nullfile_new(struct wx_mem *mem);

/**
 * Called for each read (fill the buffer) or write (take the bytes), on the guest thread that does
 * it.
 * @return bytes, 0 at the end of the input, or -errno
 */
typedef int64_t (*wx_stream_fn)(void *data, void *buf, size_t len);

/** A stream over a function, which gets a copy. @return NULL when out of memory */
struct wx_file *wx_callfile_new(struct wx_mem *mem, wx_stream_fn fn, void *data);

#endif
