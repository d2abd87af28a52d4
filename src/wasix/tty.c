/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal of a guest: tty_get, tty_set. */
/*
 * The calls name no descriptor. The terminal is that of a standard stream, or else of any
 * descriptor the guest has: only what the owner gave it can be one.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "os/tty.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/handlers.h"

#define TTY_BYTES 24u
enum {
    COLS = 0,
    ROWS = 4,
    WIDTH = 8,
    HEIGHT = 12,
    STDIN_TTY = 16,
    ECHO_ON = 19,
    LINE_BUFFERED,
    LINE_FEEDS
};

static bool is_tty(const struct wx_file *f)
{
    return f->filetype == WX_FT_CHAR && f->host_fd >= 0 && isatty(f->host_fd);
}

/* With a reference; NULL: there is none. */
static struct wx_file *find_tty(struct wx_fdtable *t)
{
    struct wx_fd fd;
    for (uint32_t i = 0; (i = wx_fdtable_next(t, i)) != UINT32_MAX; i++) {
        if (wx_fdtable_get(t, i, &fd) == 0) {
            if (is_tty(fd.file)) {
                return fd.file;
            }
            wx_file_unref(fd.file);
        }
    }
    return NULL;
}

static bool stream_is_tty(struct wx_fdtable *t, uint32_t n)
{
    struct wx_fd fd;
    if (wx_fdtable_get(t, n, &fd) != 0) {
        return false;
    }
    bool is = is_tty(fd.file);
    wx_file_unref(fd.file);
    return is;
}

wx_wasi_ret wx_wasi_tty_get(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_tty_state s;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, TTY_BYTES);
    if (e) {
        return e;
    }
    struct wx_file *f = find_tty(c->env->fds);
    int host = f ? wx_tty_get(f->host_fd, &s) : ENOTTY;
    wx_file_unref(f);
    if (host) {
        return wx_werrno_from_host(host);
    }
    uint8_t b[TTY_BYTES] = {0};
    wx_put_u32(b + COLS, s.cols);
    wx_put_u32(b + ROWS, s.rows);
    wx_put_u32(b + WIDTH, s.width);
    wx_put_u32(b + HEIGHT, s.height);
    for (uint32_t i = 0; i < 3; i++) {
        b[STDIN_TTY + i] = stream_is_tty(c->env->fds, i);
    }
    b[ECHO_ON] = s.echo;
    b[LINE_BUFFERED] = s.line_buffered;
    b[LINE_FEEDS] = 1;
    return wx_guest_write(c, (wx_gptr){a[0]}, b, sizeof b);
}

wx_wasi_ret wx_wasi_tty_set(struct wx_wasi_call *c, const uint64_t *a)
{
    uint8_t b[TTY_BYTES];
    wx_werrno e = wx_guest_read(c, (wx_gptr){a[0]}, b, sizeof b);
    if (e) {
        return e;
    }
    const struct wx_tty_state s = {.cols = wx_get_u32(b + COLS),
                                   .rows = wx_get_u32(b + ROWS),
                                   .width = wx_get_u32(b + WIDTH),
                                   .height = wx_get_u32(b + HEIGHT),
                                   .echo = b[ECHO_ON] == 1,
                                   .line_buffered = b[LINE_BUFFERED] == 1};
    struct wx_file *f = find_tty(c->env->fds);
    int host = f ? wx_tty_set(c->env->ttys, f->host_fd, &s) : ENOTTY;
    wx_file_unref(f);
    return host ? wx_werrno_from_host(host) : 0;
}
