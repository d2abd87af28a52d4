/* SPDX-License-Identifier: Apache-2.0 */
/* Checked access to guest memory. */
#include "base/bits.h"
#include "wasi/call.h"
#include "wasi/env.h"

wx_werrno wx_guest_check(const struct wx_wasi_call *c, wx_gptr p, uint64_t len)
{
    if (wx_memory_in_bounds(c->memory, p.v, len)) {
        return 0;
    }
    if (!c->wasix) {
        return WX_WERRNO_FAULT;
    }
    return p.v + len < p.v ? WX_WERRNO_OVERFLOW : WX_WERRNO_MEMVIOLATION;
}

wx_werrno wx_guest_read(const struct wx_wasi_call *c, wx_gptr p, void *dst, uint64_t len)
{
    wx_werrno e = wx_guest_check(c, p, len);
    if (!e) {
        wx_memory_read(c->memory, p.v, dst, len);
    }
    return e;
}

wx_werrno wx_guest_write(const struct wx_wasi_call *c, wx_gptr p, const void *src, uint64_t len)
{
    wx_werrno e = wx_guest_check(c, p, len);
    if (!e) {
        wx_memory_write(c->memory, p.v, src, len);
    }
    return e;
}

wx_werrno wx_guest_write_u8(const struct wx_wasi_call *c, wx_gptr p, uint8_t v)
{
    return wx_guest_write(c, p, &v, sizeof v);
}

wx_werrno wx_guest_write_u32(const struct wx_wasi_call *c, wx_gptr p, uint32_t v)
{
    return wx_guest_write(c, p, &v, sizeof v);
}

wx_werrno wx_guest_write_u64(const struct wx_wasi_call *c, wx_gptr p, uint64_t v)
{
    return wx_guest_write(c, p, &v, sizeof v);
}

wx_werrno wx_guest_read_u32(const struct wx_wasi_call *c, wx_gptr p, uint32_t *ret)
{
    return wx_guest_read(c, p, ret, sizeof *ret);
}

wx_werrno wx_guest_read_u64(const struct wx_wasi_call *c, wx_gptr p, uint64_t *ret)
{
    return wx_guest_read(c, p, ret, sizeof *ret);
}

wx_werrno wx_guest_write_size(const struct wx_wasi_call *c, wx_gptr p, uint64_t v)
{
    return wx_guest_write(c, p, &v, c->is64 ? 8 : 4);
}

wx_werrno wx_guest_read_size(const struct wx_wasi_call *c, wx_gptr p, uint64_t *ret)
{
    *ret = 0;
    return wx_guest_read(c, p, ret, c->is64 ? 8 : 4);
}

wx_werrno wx_guest_read_str(const struct wx_wasi_call *c, wx_gptr p, uint64_t len, uint64_t max_len,
                            char **ret_str)
{
    wx_werrno e = wx_guest_check(c, p, len);
    if (e) {
        return e;
    }
    if (len > max_len) {
        return WX_WERRNO_NAMETOOLONG;
    }
    char *s = wx_alloc(&c->env->mem, len + 1);
    if (!s) {
        return WX_WERRNO_NOMEM;
    }
    wx_memory_read(c->memory, p.v, s, len);
    s[len] = '\0';
    *ret_str = s;
    return 0;
}

uint8_t *wx_guest_span(const struct wx_wasi_call *c, wx_gptr p, uint64_t len)
{
    (void)len;
    return c->memory->base + p.v;
}

wx_werrno wx_guest_read_iovs(const struct wx_wasi_call *c, uint64_t ptr, uint64_t n,
                             struct iovec *iov, int *ret_n)
{
    if (n > WX_MAX_IOVS) {
        return WX_WERRNO_INVAL;
    }
    uint64_t width = c->is64 ? 8 : 4, total = 0;
    wx_werrno e = wx_guest_check(c, (wx_gptr){ptr}, n * 2 * width);
    for (uint64_t i = 0; i < n && !e; i++) {
        uint64_t buf, len;
        (void)wx_guest_read_size(c, (wx_gptr){ptr + i * 2 * width}, &buf);
        (void)wx_guest_read_size(c, (wx_gptr){ptr + i * 2 * width + width}, &len);
        e = wx_guest_check(c, (wx_gptr){buf}, len);
        total += len;
        if (!e && total > INT32_MAX) {
            e = WX_WERRNO_INVAL;
        }
        if (!e) {
            iov[i] = (struct iovec){wx_guest_span(c, (wx_gptr){buf}, len), len};
        }
    }
    *ret_n = (int)n;
    return e;
}
