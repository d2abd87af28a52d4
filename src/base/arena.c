/* SPDX-License-Identifier: Apache-2.0 */
/* Arena: a list of chunks, the newest one is filled; big blocks get a chunk of their own. */
#include "base/arena.h"

#include "base/bits.h"
#include "base/check.h"

#define CHUNK_BYTES 4096u

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    uint64_t pad;
    uint8_t bytes[];
};
_Static_assert(sizeof(struct chunk) % 16 == 0, "payload keeps 16-byte alignment");

struct wx_arena {
    struct wx_mem *mem;
    struct chunk *head;
    size_t next_size; /* doubles, so that big modules make few chunks */
};

struct wx_arena *wx_arena_new(struct wx_mem *mem)
{
    struct wx_arena *arena = wx_zalloc(mem, sizeof *arena);
    if (arena) {
        arena->mem = mem;
        arena->next_size = CHUNK_BYTES;
    }
    return arena;
}

void wx_arena_free(struct wx_arena *arena)
{
    if (!arena) {
        return;
    }
    for (struct chunk *c = arena->head; c;) {
        struct chunk *next = c->next;
        wx_free(arena->mem, c);
        c = next;
    }
    wx_free(arena->mem, arena);
}

static struct chunk *add_chunk(struct wx_arena *arena, size_t size)
{
    size_t total;
    if (!wx_add_ok(size, sizeof(struct chunk), &total)) {
        return NULL;
    }
    struct chunk *c = wx_zalloc(arena->mem, total);
    if (c) {
        c->size = size;
        c->next = arena->head;
        arena->head = c;
    }
    return c;
}

void *wx_arena_alloc(struct wx_arena *arena, size_t size)
{
    size_t rounded;
    if (!wx_add_ok(size, (size_t)15, &rounded)) {
        return NULL;
    }
    rounded &= ~(size_t)15;
    struct chunk *c = arena->head;
    if (!c || c->size - c->used < rounded) {
        size_t want = arena->next_size;
        c = add_chunk(arena, rounded > want ? rounded : want);
        if (!c) {
            return NULL;
        }
        if (want < (size_t)1 << 20) {
            arena->next_size = want * 2;
        }
    }
    void *p = c->bytes + c->used;
    c->used += rounded;
    return p;
}

void *wx_arena_array(struct wx_arena *arena, size_t n, size_t size)
{
    size_t total;
    return wx_mul_ok(n, size, &total) ? wx_arena_alloc(arena, total) : NULL;
}
