/* SPDX-License-Identifier: Apache-2.0 */
/* Checked cursor: fixed-size values, LEB128, names. */
#include "wasm/reader.h"

#include <stdio.h>

#include "base/bits.h"
#include "base/utf8.h"

void wx_reader_init(struct wx_reader *r, const uint8_t *base, size_t off, size_t len,
                    const char *section, wax_error **err)
{
    *r = (struct wx_reader){
        .base = base, .p = base + off, .end = base + off + len, .section = section, .err = err};
}

static void fail(struct wx_reader *r, wax_status status, uint64_t off, const char *format,
                 va_list ap)
{
    if (r->status == WAX_OK) {
        char text[256];
        (void)vsnprintf(text, sizeof text, format, ap); /* cut when longer */
        r->status = wx_fail_at(r->err, status, off, "%s", text);
        wx_error_set_section(r->err, r->section);
        r->p = r->end;
    }
}

void wx_reader_fail(struct wx_reader *r, wax_status status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fail(r, status, wx_reader_off(r), format, ap);
    va_end(ap);
}

void wx_reader_fail_at(struct wx_reader *r, wax_status status, uint64_t off, const char *format,
                       ...)
{
    va_list ap;
    va_start(ap, format);
    fail(r, status, off, format, ap);
    va_end(ap);
}

static bool want(struct wx_reader *r, size_t len)
{
    if (wx_reader_left(r) >= len) {
        return true;
    }
    wx_reader_fail(r, WAX_E_MALFORMED, "unexpected end of %s", r->section);
    return false;
}

uint8_t wx_read_nothing(struct wx_reader *r)
{
    (void)want(r, 1); /* records the failure */
    return 0;
}

uint32_t wx_read_u32le(struct wx_reader *r)
{
    if (!want(r, 4)) {
        return 0;
    }
    uint32_t v = wx_get_u32(r->p);
    r->p += 4;
    return v;
}

/*
 * Unsigned LEB128 of `bits` bits: at most ceil(bits / 7) bytes, unused bits of the last one zero.
 */
static uint64_t read_unsigned(struct wx_reader *r, unsigned bits)
{
    uint64_t start = wx_reader_off(r);
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (!want(r, 1)) {
            return 0;
        }
        uint8_t byte = *r->p++;
        unsigned room = bits - shift;
        if (room < 7 && (byte & 0x80)) {
            wx_reader_fail_at(r, WAX_E_MALFORMED, start, "integer representation too long");
            return 0;
        }
        if (room < 7 && (byte & 0x7f) >> room) {
            wx_reader_fail_at(r, WAX_E_MALFORMED, start, "integer too large");
            return 0;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            return value;
        }
    }
}

/* Signed LEB128 of `bits` bits: unused bits of the last byte repeat the sign. */
static int64_t read_signed(struct wx_reader *r, unsigned bits)
{
    uint64_t start = wx_reader_off(r);
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (!want(r, 1)) {
            return 0;
        }
        uint8_t byte = *r->p++;
        unsigned room = bits - shift;
        if (room < 7) {
            if (byte & 0x80) {
                wx_reader_fail_at(r, WAX_E_MALFORMED, start, "integer representation too long");
                return 0;
            }
            uint8_t rest = (uint8_t)((byte & 0x7f) >> (room - 1)); /* sign bit and unused ones */
            if (rest != 0 && rest != 0x7f >> (room - 1)) {
                wx_reader_fail_at(r, WAX_E_MALFORMED, start, "integer too large");
                return 0;
            }
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            unsigned top = shift + 7 < 64 ? shift + 7 : 64;
            if (top < 64 && (byte & 0x40)) {
                value |= ~UINT64_C(0) << top;
            }
            return (int64_t)value;
        }
    }
}

uint32_t wx_read_u32_slow(struct wx_reader *r) { return (uint32_t)read_unsigned(r, 32); }
uint64_t wx_read_u64_slow(struct wx_reader *r) { return read_unsigned(r, 64); }
int32_t wx_read_s32_slow(struct wx_reader *r) { return (int32_t)read_signed(r, 32); }
int64_t wx_read_s33(struct wx_reader *r) { return read_signed(r, 33); }
int64_t wx_read_s64_slow(struct wx_reader *r) { return read_signed(r, 64); }

const uint8_t *wx_read_bytes(struct wx_reader *r, size_t len)
{
    if (!want(r, len)) {
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += len;
    return p;
}

struct wx_name wx_read_name(struct wx_reader *r)
{
    struct wx_name name = {0};
    uint32_t len = wx_read_u32(r);
    uint64_t off = wx_reader_off(r);
    const uint8_t *p = wx_read_bytes(r, len);
    if (p && !wx_utf8_valid((const char *)p, len)) {
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "malformed UTF-8 encoding");
        p = NULL;
    }
    if (p) {
        name.p = (const char *)p;
        name.len = len;
    }
    return name;
}

uint32_t wx_read_count(struct wx_reader *r, uint32_t min_bytes, uint32_t limit, const char *what)
{
    uint64_t off = wx_reader_off(r);
    uint32_t n = wx_read_u32(r);
    if ((uint64_t)n * min_bytes > wx_reader_left(r)) {
        wx_reader_fail_at(r, WAX_E_MALFORMED, off, "unexpected end of %s: %u %s announced",
                          r->section, n, what);
        return 0;
    }
    if (n > limit) {
        wx_reader_fail_at(r, WAX_E_LIMIT, off, "too many %s: %u, the limit is %u", what, n, limit);
        return 0;
    }
    return n;
}
