/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation through handles: limit, accounting, fault injection. */
#ifndef WX_BASE_MEM_H
#define WX_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * An allocation account. Each engine has a root one; stores, modules and environments have
 * children. Usage is charged to the handle and to all its parents; a limit anywhere on that path
 * makes the allocation fail. Thread-safe (counters are atomic). `fail_at` > 0 makes the n-th
 * allocation from now fail once (tests); it is looked at in the root only.
 */
struct wx_mem {
    struct wx_mem *parent;
    uint64_t limit;  /* bytes, 0 = none */
    uint64_t used;   /* atomic */
    uint64_t peak;   /* atomic */
    uint64_t n_live; /* atomic: live allocations */
    int64_t fail_at; /* atomic */
    uint32_t refs;   /* atomic: of an account made by wx_mem_new() */
};

void wx_mem_init(struct wx_mem *mem, struct wx_mem *parent, uint64_t limit);
/** An account that several owners have together, with one reference. @return NULL: out of memory */
struct wx_mem *wx_mem_new(struct wx_mem *parent, uint64_t limit);
struct wx_mem *wx_mem_ref(struct wx_mem *mem);
void wx_mem_unref(struct wx_mem *mem); /* NULL accepted; nothing may be left in it at the end */
/** All of these return NULL on failure and accept sizes of 0 (they return a unique pointer). */
void *wx_alloc(struct wx_mem *mem, size_t size) __attribute__((malloc, alloc_size(2)));
void *wx_zalloc(struct wx_mem *mem, size_t size) __attribute__((malloc, alloc_size(2)));
/** Zeroed array; an overflowing product fails. */
void *wx_zalloc_array(struct wx_mem *mem, size_t n, size_t size) __attribute__((malloc));
/** Grow or shrink; on failure p stays valid. p may be NULL. */
void *wx_realloc(struct wx_mem *mem, void *p, size_t size);
char *wx_strndup(struct wx_mem *mem, const char *s, size_t len); /* NUL added */
void wx_free(struct wx_mem *mem, void *p);                       /* NULL accepted */
/** Charge or release memory that came from elsewhere (mmap); false if a limit forbids it. */
bool wx_mem_charge(struct wx_mem *mem, uint64_t size);
void wx_mem_uncharge(struct wx_mem *mem, uint64_t size);
uint64_t wx_mem_used(const struct wx_mem *mem);
uint64_t wx_mem_peak(const struct wx_mem *mem);

#endif
