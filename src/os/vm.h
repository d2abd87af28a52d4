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
 * Code memory (ruling R21): a file in memory, mapped once to be run and once to be written. While
 * its descriptor is open it is written through that, which takes half as long as touching pages
 * does; a library keeps none open for long.
 */
struct wx_vm_code {
    uint8_t *rw;
    uint8_t *rx;
    size_t len;
    size_t written; /* bytes from the start on */
    int fd;         /* -1 = closed */
    int owner;      /* process that made it */
};
/**
 * The executable view goes to `at` (part of a reservation, replaced), or anywhere if NULL.
 * @return host errno; on failure nothing new is mapped
 */
int wx_vm_code_map(void *at, size_t len, struct wx_vm_code *ret_code);
/** What is written from here on is little. */
void wx_vm_code_close(struct wx_vm_code *code);
/**
 * Write code at `off`, within `len`. After a fork parent and child share the file, so the process
 * that did not make it continues on a copy, at the same address. One caller at a time.
 * @return host errno; on failure what was there before still is
 */
int wx_vm_code_write(struct wx_vm_code *code, size_t off, const void *bytes, size_t len);
void wx_vm_code_unmap(struct wx_vm_code *code);
/** Map a page of a file executable, only to be seen in the list of mappings. @return host errno */
int wx_vm_map_marker(int fd, void **ret_marker);
void wx_vm_unmap_marker(void *marker); /* NULL accepted */

#endif
