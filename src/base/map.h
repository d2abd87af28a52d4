/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map from byte strings (length-counted) to pointers. */
#ifndef WX_BASE_MAP_H
#define WX_BASE_MAP_H

#include "base/mem.h"

struct wx_map_entry {
    char *key; /* owned copy; NULL = empty */
    size_t len;
    uint64_t hash;
    void *value;
};

/* Open addressing, keyed hash, never shrinks, no removal (replace the value by NULL). Not
 * thread-safe. */
struct wx_map {
    struct wx_mem *mem;
    struct wx_map_entry *entries;
    uint64_t key; /* of the hash: differs from run to run */
    size_t n;
    size_t cap; /* power of two */
};

void wx_map_init(struct wx_map *map, struct wx_mem *mem);
void wx_map_fini(struct wx_map *map); /* frees keys; values are the caller's */
/** Insert or replace; false when out of memory (unchanged). */
bool wx_map_put(struct wx_map *map, const void *key, size_t len, void *value);
/** NULL if absent. */
void *wx_map_get(const struct wx_map *map, const void *key, size_t len);

#endif
