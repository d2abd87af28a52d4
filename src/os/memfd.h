/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory, mapped for all who have them or for one alone; which pages the one has written.
 */
#ifndef WX_OS_MEMFD_H
#define WX_OS_MEMFD_H

#include <stdbool.h>
#include <stddef.h>

/** A file of `len` zero bytes. @return host errno */
int wx_memfd_new(size_t len, int *ret_fd);
/** Its start in place of a part of a reservation, inaccessible; writes change the file. @return
 * host errno */
int wx_memfd_map_shared(void *p, size_t len, int fd);
/**
 * The same where writes are kept from the file; the first `used` bytes can be read and written.
 * What was mapped there is replaced at once: who writes meanwhile writes to the one or to the
 * other.
 */
int wx_memfd_map_private(void *p, size_t len, size_t used, int fd);

/** A run of pages. @return false: no more of them */
typedef bool (*wx_memfd_pages_fn)(void *data, size_t off, size_t len);
/** Those of a private mapping that differ from the file, in order. @return host errno */
int wx_memfd_written(const void *p, size_t len, wx_memfd_pages_fn fn, void *data);

#endif
