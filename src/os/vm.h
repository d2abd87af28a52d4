/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual memory: reserve, commit, release, dual-mapped code. */
#ifndef WX_OS_VM_H
#define WX_OS_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t wx_vm_page_size(void);
/** Inaccessible address range that costs no memory; NULL when the host refuses. */
void *wx_vm_reserve(size_t len);
/** Make part of a reservation readable and writable (zero-filled). @return host errno */
int wx_vm_commit(void *p, size_t len);
void wx_vm_release(void *p, size_t len);
/** Large pages are welcome where the range contains any: it will be written whole, and soon. */
void wx_vm_advise_huge(void *p, size_t len);

/**
 * Code memory (ruling R21), no page of which is ever writable and executable, of one of two kinds.
 *
 * Of two views: a file in memory, mapped once to be run and once to be written, wherever and
 * whenever.
 * In pages: private memory whose pages are written first and sealed then, from its start on. For
 * code that is made all at once: large pages make that cheap (40 MB here: 7 ms, the file's take
 * 36), and what is sealed can never be written again.
 */
struct wx_vm_code {
    uint8_t *rw; /* NULL: in pages */
    uint8_t *rx;
    size_t len;
    size_t written; /* bytes from the start on */
    size_t sealed;  /* in pages: bytes that are executable; whole pages */
    size_t open;    /* in pages: bytes that were made writable */
    int owner;      /* of two views: process that made it */
};
/**
 * The executable view goes to `at` (part of a reservation, replaced), or anywhere if NULL.
 * @return host errno; on failure nothing new is mapped
 */
int wx_vm_code_map(void *at, size_t len, struct wx_vm_code *ret_code);
/**
 * The same in pages of a reservation. @return host errno: some hosts allow no memory to become
 * executable that was writable
 */
int wx_vm_code_map_pages(void *at, size_t len, struct wx_vm_code *ret_code);
/**
 * Write code at `off`, within `len` and not sealed. After a fork parent and child share the file,
 * so the process that did not make it continues on a copy, at the same address. One caller at a
 * time.
 * @return host errno; on failure what was there before still is
 */
int wx_vm_code_write(struct wx_vm_code *code, size_t off, const void *bytes, size_t len);
/**
 * Before anything is run that was written since the last time. In pages, more is written from
 * `sealed` on. @return host errno
 */
int wx_vm_code_seal(struct wx_vm_code *code);
void wx_vm_code_unmap(struct wx_vm_code *code);
/** Map a page of a file executable, only to be seen in the list of mappings. @return host errno */
int wx_vm_map_marker(int fd, void **ret_marker);
void wx_vm_unmap_marker(void *marker); /* NULL accepted */

#endif
