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

/** Code memory written through one mapping and run through another (ruling R21). */
struct wx_vm_code {
    uint8_t *rw;
    uint8_t *rx;
    size_t len;
};
/**
 * The executable view goes to `at` (part of a reservation, replaced), or anywhere if NULL.
 * @return host errno; on failure nothing new is mapped
 */
int wx_vm_code_map(void *at, size_t len, struct wx_vm_code *ret_code);
void wx_vm_code_unmap(struct wx_vm_code *code);
/** Map a page of a file executable, only to be seen in the list of mappings. @return host errno */
int wx_vm_map_marker(int fd, void **ret_marker);
void wx_vm_unmap_marker(void *marker); /* NULL accepted */

#endif
