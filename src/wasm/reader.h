/* SPDX-License-Identifier: Apache-2.0 */
/* The one checked cursor over module bytes. */
#ifndef WX_WASM_READER_H
#define WX_WASM_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/annot.h"
#include "base/error.h"
#include "wasm/types.h"

/**
 * Reads never pass `end`. The first failure is kept (status and *err, with the byte offset) and
 * moves the cursor to the end; from then on every read returns 0, so that callers may check once
 * per item instead of once per byte. Counts are bounded by the bytes left before anything is
 * allocated for them.
 */
struct wx_reader {
    const uint8_t *base; /* offset 0 of the module */
    const uint8_t *p;
    const uint8_t *end;
    const char *section; /* for messages */
    wax_error **err;
    wax_status status;
};

void wx_reader_init(struct wx_reader *r, const uint8_t *base, size_t off, size_t len,
                    const char *section, wax_error **err);
static inline bool wx_reader_ok(const struct wx_reader *r) { return r->status == WAX_OK; }
static inline uint64_t wx_reader_off(const struct wx_reader *r)
{
    return (uint64_t)(r->p - r->base);
}
static inline size_t wx_reader_left(const struct wx_reader *r) { return (size_t)(r->end - r->p); }
/** Record a failure at the present offset (or `off`). */
void wx_reader_fail(struct wx_reader *r, wax_status status, const char *format, ...)
    WX_PRINTF(3, 4);
void wx_reader_fail_at(struct wx_reader *r, wax_status status, uint64_t off, const char *format,
                       ...) WX_PRINTF(4, 5);

/** Records "unexpected end". @return 0 */
uint8_t wx_read_nothing(struct wx_reader *r);
static inline uint8_t wx_read_u8(struct wx_reader *r)
{
    return wx_likely(r->p != r->end) ? *r->p++ : wx_read_nothing(r);
}
uint32_t wx_read_u32le(struct wx_reader *r);

/* LEB128 with the exact limits of spec 5.2.2; most numbers are one byte. */
uint32_t wx_read_u32_slow(struct wx_reader *r);
uint64_t wx_read_u64_slow(struct wx_reader *r);
int32_t wx_read_s32_slow(struct wx_reader *r);
int64_t wx_read_s64_slow(struct wx_reader *r);
int64_t wx_read_s33(struct wx_reader *r);
static inline bool wx_reader_has_short(const struct wx_reader *r)
{
    return wx_likely(r->p != r->end) && *r->p < 0x80;
}
/* The sign is bit 6. */
static inline int8_t wx_read_short_signed(struct wx_reader *r)
{
    return (int8_t)((*r->p++ ^ 0x40) - 0x40);
}
static inline uint32_t wx_read_u32(struct wx_reader *r)
{
    return wx_reader_has_short(r) ? *r->p++ : wx_read_u32_slow(r);
}
static inline uint64_t wx_read_u64(struct wx_reader *r)
{
    return wx_reader_has_short(r) ? *r->p++ : wx_read_u64_slow(r);
}
static inline int32_t wx_read_s32(struct wx_reader *r)
{
    return wx_reader_has_short(r) ? wx_read_short_signed(r) : wx_read_s32_slow(r);
}
static inline int64_t wx_read_s64(struct wx_reader *r)
{
    return wx_reader_has_short(r) ? wx_read_short_signed(r) : wx_read_s64_slow(r);
}
/** `len` raw bytes; NULL after a failure. */
const uint8_t *wx_read_bytes(struct wx_reader *r, size_t len);
/** Length-counted UTF-8 name. */
struct wx_name wx_read_name(struct wx_reader *r);
/**
 * Element count of a vector whose elements take at least min_bytes each; `limit` is configured.
 * `what` names it in messages.
 */
uint32_t wx_read_count(struct wx_reader *r, uint32_t min_bytes, uint32_t limit, const char *what);

#endif
