/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation freed as a whole: module data and short-lived compile data. */
#ifndef WX_BASE_ARENA_H
#define WX_BASE_ARENA_H

#include "base/mem.h"

struct wx_arena; /* not thread-safe */

/** An empty arena charging `mem`; NULL when out of memory. */
struct wx_arena *wx_arena_new(struct wx_mem *mem);
void wx_arena_free(struct wx_arena *arena); /* NULL accepted; frees everything made in it */
/** Zeroed, 16-byte aligned; NULL when out of memory. Size 0 gives a unique pointer. */
void *wx_arena_alloc(struct wx_arena *arena, size_t size);
/** Zeroed array; an overflowing product fails. */
void *wx_arena_array(struct wx_arena *arena, size_t n, size_t size);

#endif
