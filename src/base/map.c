/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map from byte strings to pointers: open addressing with linear probing, FNV-1a. */
#include "base/map.h"

#include <string.h>

#include "base/check.h"

void wx_map_init(struct wx_map *map, struct wx_mem *mem) { *map = (struct wx_map){.mem = mem}; }

void wx_map_fini(struct wx_map *map)
{
    for (size_t i = 0; i < map->cap; i++) {
        wx_free(map->mem, map->entries[i].key);
    }
    wx_free(map->mem, map->entries);
    wx_map_init(map, map->mem);
}

static uint64_t hash_bytes(const void *key, size_t len)
{
    const uint8_t *p = key;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ (h >> 29);
}

/* Entry of the key, or the empty one where it belongs. The table is never full. */
static struct wx_map_entry *find_entry(const struct wx_map *map, const void *key, size_t len,
                                       uint64_t hash)
{
    for (size_t i = (size_t)hash & (map->cap - 1);; i = (i + 1) & (map->cap - 1)) {
        struct wx_map_entry *e = &map->entries[i];
        if (!e->key || (e->hash == hash && e->len == len && memcmp(e->key, key, len) == 0)) {
            return e;
        }
    }
}

static bool grow(struct wx_map *map)
{
    struct wx_map bigger = {.mem = map->mem, .n = map->n, .cap = map->cap ? map->cap * 2 : 16};
    bigger.entries = wx_zalloc_array(map->mem, bigger.cap, sizeof *bigger.entries);
    if (!bigger.entries) {
        return false;
    }
    for (size_t i = 0; i < map->cap; i++) {
        const struct wx_map_entry *e = &map->entries[i];
        if (e->key) {
            *find_entry(&bigger, e->key, e->len, e->hash) = *e;
        }
    }
    wx_free(map->mem, map->entries);
    *map = bigger;
    return true;
}

bool wx_map_put(struct wx_map *map, const void *key, size_t len, void *value)
{
    if ((map->n + 1) * 4 > map->cap * 3 && !grow(map)) {
        return false;
    }
    uint64_t hash = hash_bytes(key, len);
    struct wx_map_entry *e = find_entry(map, key, len, hash);
    if (!e->key) {
        char *copy = wx_strndup(map->mem, key, len);
        if (!copy) {
            return false;
        }
        *e = (struct wx_map_entry){.key = copy, .len = len, .hash = hash};
        map->n++;
    }
    e->value = value;
    return true;
}

void *wx_map_get(const struct wx_map *map, const void *key, size_t len)
{
    return map->cap ? find_entry(map, key, len, hash_bytes(key, len))->value : NULL;
}
