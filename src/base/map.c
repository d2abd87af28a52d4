/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map from byte strings to pointers: open addressing with linear probing. */
/*
 * Keys come from guests and from text, so whoever chooses them must not know which collide: the
 * hash is keyed with addresses, which the loader and the heap make differ from run to run.
 */
#include "base/map.h"

#include <string.h>

#include "base/check.h"

/* Spreads every bit over all (the finalizer of MurmurHash3, public domain). */
static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

void wx_map_init(struct wx_map *map, struct wx_mem *mem)
{
    uint64_t key = mix((uintptr_t)map ^ mix((uintptr_t)mem ^ mix((uintptr_t)&wx_map_init)));
    *map = (struct wx_map){.mem = mem, .key = key};
}

void wx_map_fini(struct wx_map *map)
{
    for (size_t i = 0; i < map->cap; i++) {
        wx_free(map->mem, map->entries[i].key);
    }
    wx_free(map->mem, map->entries);
    wx_map_init(map, map->mem);
}

/* Eight bytes a step, each multiplied into a keyed state. */
static uint64_t hash_bytes(uint64_t key, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t h = key ^ len;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = mix(h ^ word) + key;
    }
    uint64_t last = 0;
    for (size_t i = 0; i < len; i++) {
        last |= (uint64_t)p[i] << (8 * i);
    }
    return mix(h ^ last);
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
    struct wx_map bigger = {
        .mem = map->mem, .key = map->key, .n = map->n, .cap = map->cap ? map->cap * 2 : 16};
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
    uint64_t hash = hash_bytes(map->key, key, len);
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
    return map->cap ? find_entry(map, key, len, hash_bytes(map->key, key, len))->value : NULL;
}
