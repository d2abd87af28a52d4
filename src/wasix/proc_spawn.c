/* SPDX-License-Identifier: Apache-2.0 */
/* proc_spawn and its successors: a new process that runs another program. */
/*
 * The child is made like one by fork, without memory or thread. What is asked for is done to its
 * descriptors and its working directory, the program is found from there, and only then does it
 * begin; until then every failure is the caller's to know, and there is no child.
 *
 * Source: WASIX proc_spawn*; POSIX.1-2017 posix_spawn().
 */
#include <string.h>

#include "vfs/pipe.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/filestat.h"
#include "wasi/handlers.h"
#include "wasi/process.h"
#include "wasi/rights.h"
#include "wasix/proc_args.h"

/* signal_disposition {signal u8, disposition u8}: the program asks for them when it begins. */
static wx_werrno set_dispositions(const struct wx_wasi_call *c, struct wx_env *child, uint64_t ptr,
                                  uint64_t n)
{
    wx_werrno e = n > WX_N_SIGNALS * 2 + 64 ? WX_WERRNO_INVAL : 0;
    for (uint64_t i = 0; i < n && !e; i++) {
        uint8_t b[2];
        e = wx_guest_read(c, (wx_gptr){ptr + i * 2}, b, 2);
        if (!e && b[0] > 0 && b[0] < WX_N_SIGNALS) {
            child->dispositions[b[0]] = (uint8_t)(b[1] + 1);
        }
    }
    return e;
}

/* -------- starting -------- */

/* The program, as the child finds it. */
static wx_werrno find(const struct wx_wasi_call *c, struct wx_env *child,
                      const struct wx_proc_args *a)
{
    struct wx_wasi_call of_child = *c;
    of_child.env = child;
    struct wx_proc_request r;
    wx_werrno e = wx_proc_request_read(&of_child, a, &r);
    if (e) {
        return e;
    }
    int host = wx_program_find(&r.program, child, child->cwd, r.name, r.path);
    if (host) {
        e = wx_path_errno(c, host);
    } else {
        wx_mutex_lock(&child->lock); /* nobody else has it yet */
        child->next = r.program;
        wx_mutex_unlock(&child->lock);
        r.program = (struct wx_program){0};
    }
    wx_proc_request_fini(&child->mem, &r);
    return e;
}

struct spawn {
    struct wx_proc_args args;
    uint64_t ops, n_ops, dispositions, n_dispositions;
};

static wx_wasi_ret spawn(struct wx_wasi_call *c, const struct spawn *s, uint64_t ret_ptr)
{
    struct wx_env *child;
    wx_werrno e = wx_proc_may_fork(c);
    e = e ? e : wx_guest_check(c, (wx_gptr){ret_ptr}, 4);
    e = e ? e : wx_process_new(c->env, &child);
    if (e) {
        return e;
    }
    uint32_t pid = child->main.tid;
    e = wx_proc_do_ops(c, child, s->ops, s->n_ops);
    e = e ? e : set_dispositions(c, child, s->dispositions, s->n_dispositions);
    e = e ? e : find(c, child, &s->args);
    e = e ? e : wx_process_start_next(child, c->t);
    if (e) {
        wx_process_undo(child);
        return e;
    }
    return wx_guest_write_u32(c, (wx_gptr){ret_ptr}, pid);
}

static wx_wasi_ret spawn_with_ops(struct wx_wasi_call *c, const uint64_t *a, bool arrays)
{
    const struct spawn s = {.args = {.name = a[0],
                                     .name_len = a[1],
                                     .args = {a[2], a[3], arrays},
                                     .environ = {a[4], a[5], arrays},
                                     .searches = (a[10] & 0xff) != 0,
                                     .path = a[11],
                                     .path_len = a[12]},
                            .ops = a[6],
                            .n_ops = a[7],
                            .dispositions = a[8],
                            .n_dispositions = a[9]};
    return spawn(c, &s, a[13]);
}

wx_wasi_ret wx_wasi_proc_spawn2(struct wx_wasi_call *c, const uint64_t *a)
{
    return spawn_with_ops(c, a, false);
}

wx_wasi_ret wx_wasi_proc_spawn3(struct wx_wasi_call *c, const uint64_t *a)
{
    return spawn_with_ops(c, a, true);
}

/* -------- the first version: pipes to the standard streams -------- */

enum { PIPED, INHERIT };  /* stdio_mode; all others: closed */
#define HANDLES_BYTES 28u /* process_handles: pid, three of {tag u8, fd u32} */
#define PIPE_RIGHTS                                                                                \
    (WX_R(WX_RN_FD_FDSTAT_SET_FLAGS) | WX_R(WX_RN_FD_FILESTAT_GET) |                               \
     WX_R(WX_RN_POLL_FD_READWRITE) | WX_R(WX_RN_FD_SYNC) | WX_R(WX_RN_FD_DATASYNC))

static wx_werrno add_end(struct wx_fdtable *t, struct wx_file *f, bool reads, uint32_t from,
                         uint32_t *ret_fd)
{
    const struct wx_fd fd = {
        .file = f, .rights = PIPE_RIGHTS | (reads ? WX_R(WX_RN_FD_READ) : WX_R(WX_RN_FD_WRITE))};
    wx_werrno e = wx_fdtable_add(t, &fd, from, ret_fd);
    if (e) {
        wx_file_unref(f);
    }
    return e;
}

/* The child's stream n, which is closed, and the parent's end. */
static wx_werrno pipe_to(struct wx_wasi_call *c, struct wx_env *child, uint32_t n, uint32_t *ret_fd)
{
    struct wx_file *ends[2];
    int host = wx_pipe_new(c->env->file_mem, ends);
    if (host) {
        return wx_werrno_from_host(host);
    }
    bool in = n == 0;
    uint32_t got;
    wx_werrno e = add_end(child->fds, ends[in ? 0 : 1], in, n, &got);
    if (e) {
        wx_file_unref(ends[in ? 1 : 0]);
        return e;
    }
    return add_end(c->env->fds, ends[in ? 1 : 0], !in, 0, ret_fd);
}

static wx_werrno set_streams(struct wx_wasi_call *c, struct wx_env *child, const uint64_t modes[3],
                             uint32_t fds[3])
{
    wx_werrno e = 0;
    for (uint32_t n = 0; n < 3 && !e; n++) {
        if ((modes[n] & 0xff) == INHERIT) {
            continue;
        }
        (void)wx_fdtable_close(child->fds, n); /* it may be closed already */
        e = (modes[n] & 0xff) == PIPED ? pipe_to(c, child, n, &fds[n]) : 0;
    }
    return e;
}

static wx_werrno write_handles(struct wx_wasi_call *c, uint64_t at, uint32_t pid,
                               const uint32_t fds[3])
{
    uint8_t b[HANDLES_BYTES] = {0};
    memcpy(b, &pid, sizeof pid);
    for (size_t i = 0; i < 3; i++) {
        b[4 + i * 8] = fds[i] != UINT32_MAX;
        memcpy(b + 8 + i * 8, &fds[i], sizeof fds[i]);
    }
    return wx_guest_write(c, (wx_gptr){at}, b, sizeof b);
}

static wx_werrno make_old(struct wx_wasi_call *c, struct wx_env *child, const uint64_t *a,
                          uint32_t fds[3])
{
    const struct wx_proc_args args = {
        .name = a[0], .name_len = a[1], .args = {a[3], a[4], false}, .searches = true};
    wx_werrno e = set_streams(c, child, a + 7, fds);
    e = e || !a[11] ? e : wx_proc_chdir(c, child, a[10], a[11]);
    e = e ? e : find(c, child, &args);
    return e ? e : wx_process_start_next(child, c->t);
}

wx_wasi_ret wx_wasi_proc_spawn(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_env *child;
    uint32_t fds[3] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    wx_werrno e = wx_proc_may_fork(c);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[12]}, HANDLES_BYTES);
    e = e ? e : (a[2] & 0xff) || a[6] ? WX_WERRNO_NOTSUP : 0; /* a root, preopens of its own */
    e = e ? e : wx_process_new(c->env, &child);
    if (e) {
        return e;
    }
    uint32_t pid = child->main.tid;
    e = make_old(c, child, a, fds);
    if (e) {
        wx_process_undo(child);
        for (int i = 0; i < 3; i++) {
            if (fds[i] != UINT32_MAX) {
                (void)wx_fdtable_close(c->env->fds, fds[i]); /* made above */
            }
        }
        return e;
    }
    return write_handles(c, a[12], pid, fds);
}
