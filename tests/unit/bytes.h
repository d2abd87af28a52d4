/* SPDX-License-Identifier: Apache-2.0 */
/* Modules put together from bytes, for the unit tests. */
#ifndef WX_TESTS_UNIT_BYTES_H
#define WX_TESTS_UNIT_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <string.h>

#include <waxwing/error.h>

struct bytes {
    uint8_t p[1 << 16];
    size_t n;
};

static inline void put(struct bytes *b, const void *p, size_t n)
{
    assert_true(b->n + n <= sizeof b->p);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

static inline void put_u32(struct bytes *b, uint32_t v)
{
    do {
        uint8_t byte = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        put(b, &byte, 1);
        v >>= 7;
    } while (v);
}

static inline void put_section(struct bytes *b, uint8_t id, const void *p, size_t n)
{
    if (b->n == 0) {
        put(b, "\0asm\1\0\0\0", 8);
    }
    put(b, &id, 1);
    put_u32(b, (uint32_t)n);
    put(b, p, n);
}
#define SECTION(B, ID, LITERAL) put_section((B), (ID), LITERAL, sizeof(LITERAL) - 1)

/* A function body: declarations of locals and instructions, `end` included. */
struct body {
    const char *p;
    size_t n;
};
#define BODY(LITERAL) {LITERAL, sizeof(LITERAL) - 1}

static inline void put_code(struct bytes *b, const struct body *bodies, uint32_t n)
{
    static struct bytes code;
    code.n = 0;
    put_u32(&code, n);
    for (uint32_t i = 0; i < n; i++) {
        put_u32(&code, (uint32_t)bodies[i].n);
        put(&code, bodies[i].p, bodies[i].n);
    }
    put_section(b, 10, code.p, code.n);
}

/* Offset of the only place these bytes are in the module. */
static inline uint64_t offset_of(const struct bytes *b, const void *p, size_t n)
{
    uint64_t found = WAX_NO_OFFSET;
    for (size_t i = 0; i + n <= b->n; i++) {
        if (memcmp(b->p + i, p, n) == 0) {
            assert_true(found == WAX_NO_OFFSET);
            found = i;
        }
    }
    assert_true(found != WAX_NO_OFFSET);
    return found;
}
#define OFFSET_OF(B, LITERAL) offset_of((B), LITERAL, sizeof(LITERAL) - 1)

#endif
