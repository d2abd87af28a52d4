/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what exec and spawn are told. Guest memory is read once. */
#include "wasix/proc_args.h"

#include <string.h>

#include "wasi/env.h"

#define PATH_MAX_BYTES 4095
static const char default_path[] = "/usr/local/bin:/bin:/usr/bin";

wx_werrno wx_proc_granted(const struct wx_wasi_call *c)
{
    if (c->env->grants.processes) {
        return 0;
    }
    wx_wasi_denied(c, "capability processes is not granted");
    return WX_WERRNO_PERM;
}

wx_werrno wx_proc_may_fork(const struct wx_wasi_call *c)
{
    wx_werrno e = wx_proc_granted(c);
    return e ? e : c->self->acting ? WX_WERRNO_NOTSUP : 0;
}

static wx_werrno add(const struct wx_wasi_call *c, struct wx_strings *to, const char *s, size_t len)
{
    return memchr(s, 0, len) ? WX_WERRNO_INVAL
                             : wx_werrno_from_host(wx_strings_add(&c->env->mem, to, s, len));
}

/* A line each, as the libc puts them; the last one may lack its end. */
static wx_werrno add_lines(const struct wx_wasi_call *c, const char *text, size_t len,
                           struct wx_strings *to)
{
    wx_werrno e = 0;
    for (size_t at = 0; at < len && !e;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        e = add(c, to, text + at, n);
        at += n + 1;
    }
    return e;
}

/* A string that ends with a NUL, in pieces: where it ends, memory may, too. */
static wx_werrno add_one(const struct wx_wasi_call *c, uint64_t ptr, struct wx_strings *to)
{
    char buf[4096], *big = NULL;
    size_t room = sizeof buf, len = 0;
    wx_werrno e = 0;
    for (char *s = buf;;) {
        uint64_t piece = 256 - (ptr + len) % 256; /* to a multiple of 256, as pages are */
        if (len + piece > room) {
            char *grown = room < WX_STRINGS_MAX_BYTES ? wx_realloc(&c->env->mem, big, room * 2) : 0;
            if (!grown) {
                e = room < WX_STRINGS_MAX_BYTES ? WX_WERRNO_NOMEM : WX_WERRNO_TOOBIG;
                break;
            }
            if (!big) {
                memcpy(grown, buf, len);
            }
            s = big = grown;
            room *= 2;
        }
        e = wx_guest_read(c, (wx_gptr){ptr + len}, s + len, piece);
        const char *end = e ? NULL : memchr(s + len, 0, piece);
        if (e || end) {
            e = e ? e : add(c, to, s, (size_t)(end - s));
            break;
        }
        len += piece;
    }
    wx_free(&c->env->mem, big);
    return e;
}

static wx_werrno add_array(const struct wx_wasi_call *c, const struct wx_guest_strings *from,
                           struct wx_strings *to)
{
    wx_werrno e = 0;
    uint64_t size = c->is64 ? 8 : 4;
    for (uint64_t i = 0; i < from->n && !e; i++) {
        uint64_t ptr;
        e = wx_guest_read_size(c, (wx_gptr){from->ptr + i * size}, &ptr);
        e = e ? e : ptr ? add_one(c, ptr, to) : WX_WERRNO_INVAL;
    }
    return e;
}

static wx_werrno read_strings(const struct wx_wasi_call *c, const struct wx_guest_strings *from,
                              struct wx_strings *to)
{
    if (!from->ptr || !from->n) {
        return 0;
    }
    if (from->array) {
        return add_array(c, from, to);
    }
    char *text;
    if (from->n > WX_STRINGS_MAX_BYTES) {
        return WX_WERRNO_TOOBIG;
    }
    wx_werrno e = wx_guest_read_str(c, (wx_gptr){from->ptr}, from->n, WX_STRINGS_MAX_BYTES, &text);
    if (!e) {
        e = add_lines(c, text, (size_t)from->n, to);
        wx_free(&c->env->mem, text);
    }
    return e;
}

static wx_werrno read_name(const struct wx_wasi_call *c, uint64_t ptr, uint64_t len, uint64_t max,
                           char **ret)
{
    wx_werrno e = wx_guest_read_str(c, (wx_gptr){ptr}, len, max, ret);
    return e ? e : strlen(*ret) != len ? WX_WERRNO_INVAL : 0;
}

static wx_werrno read_all(const struct wx_wasi_call *c, const struct wx_proc_args *a,
                          struct wx_proc_request *r)
{
    wx_werrno e = read_name(c, a->name, a->name_len, PATH_MAX_BYTES, &r->name);
    if (!e && a->searches && a->path && a->path_len) {
        e = read_name(c, a->path, a->path_len, WX_STRINGS_MAX_BYTES, &r->path);
    } else if (!e && a->searches) {
        r->path = wx_strndup(&c->env->mem, default_path, sizeof default_path - 1);
        e = r->path ? 0 : WX_WERRNO_NOMEM;
    }
    e = e ? e : read_strings(c, &a->args, &r->program.args);
    if (!e && r->program.args.n == 0) {
        e = add(c, &r->program.args, r->name, strlen(r->name));
    }
    r->program.inherits = a->environ.ptr == 0;
    return e ? e : read_strings(c, &a->environ, &r->program.environ);
}

wx_werrno wx_proc_request_read(const struct wx_wasi_call *c, const struct wx_proc_args *a,
                               struct wx_proc_request *ret)
{
    *ret = (struct wx_proc_request){0};
    wx_werrno e = read_all(c, a, ret);
    if (e) {
        wx_proc_request_fini(&c->env->mem, ret);
    }
    return e;
}

void wx_proc_request_fini(struct wx_mem *mem, struct wx_proc_request *r)
{
    wx_free(mem, r->name);
    wx_free(mem, r->path);
    wx_program_fini(mem, &r->program);
    *r = (struct wx_proc_request){0};
}
