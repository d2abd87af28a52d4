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
