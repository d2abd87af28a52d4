/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts shared by the descriptor and path calls. */
#ifndef WX_WASI_FILESTAT_H
#define WX_WASI_FILESTAT_H

#include <sys/stat.h>
#include <time.h>

#include "wasi/call.h"

/** Write a filestat (64 bytes; wasi_unstable: 56). */
wx_werrno wx_filestat_write(const struct wx_wasi_call *c, wx_gptr p, const struct stat *st,
                            bool snapshot0);
/** Times of *_filestat_set_times as utimensat wants them. @return 0, or inval */
wx_werrno wx_filestat_times(uint64_t atim, uint64_t mtim, uint32_t flags, struct timespec times[2]);
/** Host errno of a path operation → guest errno; leading outside is notcapable, or perm (WASIX). */
wx_werrno wx_path_errno(const struct wx_wasi_call *c, int host_errno);

#endif
