/* SPDX-License-Identifier: Apache-2.0 */
/* proc_exec and its successors: another program in the same process. */
/*
 * The program is found and loaded before anything of the old one is given up. What can only fail
 * when it is instantiated (its imports, its memory) ends the process.
 *
 * Source: WASIX proc_exec*; POSIX.1-2017 exec().
 */
#include "wasi/env.h"
#include "wasi/filestat.h"
#include "wasi/handlers.h"
#include "wasi/process.h"
#include "wasix/proc_args.h"

static wx_werrno find(const struct wx_wasi_call *c, struct wx_proc_request *r)
{
    wx_mutex_lock(&c->env->lock);
    struct wx_file *cwd = wx_file_ref(c->env->cwd);
    wx_mutex_unlock(&c->env->lock);
    int e = wx_program_find(&r->program, c->env, cwd, r->name, r->path);
    wx_file_unref(cwd);
    return e ? wx_path_errno(c, e) : 0;
}

/* The child that the caller acts as becomes a process of its own; the caller is itself again. */
static wx_werrno exec_acting(struct wx_wasi_call *c, struct wx_program *p)
{
    struct wx_env *child = c->self->acting;
    wx_mutex_lock(&child->lock); /* nobody else looks at it */
    wx_program_fini(&child->mem, &child->next);
    child->next = *p;
    wx_mutex_unlock(&child->lock);
    *p = (struct wx_program){0};
    wx_werrno e = wx_process_start_next(child, c->t);
    if (!e) { /* it is not to be touched any more */
        c->self->acting = NULL;
    }
    return e;
}

static wx_wasi_ret exec(struct wx_wasi_call *c, const struct wx_proc_args *a)
{
    struct wx_proc_request r;
    wx_werrno e = wx_proc_granted(c);
    e = e ? e : wx_proc_request_read(c, a, &r);
    if (e) {
        return e;
    }
    e = find(c, &r);
    if (!e && c->self->acting) {
        wx_free(&c->env->mem, r.name);
        wx_free(&c->env->mem, r.path);
        return exec_acting(c, &r.program);
    }
    if (!e) {
        e = wx_env_exec(c->env, &r.program); /* takes it */
    }
    wx_proc_request_fini(&c->env->mem, &r);
    c->t->exit_code = 0;
    return e ? e : WX_RET_EXIT;
}

/* The first two have no result: a failure ends the process with the errno. */
static wx_wasi_ret exec_or_exit(struct wx_wasi_call *c, const struct wx_proc_args *a)
{
    wx_wasi_ret e = exec(c, a);
    if (e > 0 && c->self->acting) {
        wx_process_end_acting(c->self, (struct wx_exit){e, 0});
        e = WX_RET_DONE;
    } else if (e == 0) { /* such a child is a process of its own now */
        e = WX_RET_DONE;
    } else if (e > 0) {
        c->t->exit_code = e;
        wx_env_exit(c->env, e);
        e = WX_RET_EXIT;
    }
    return e;
}

wx_wasi_ret wx_wasi_proc_exec(struct wx_wasi_call *c, const uint64_t *a)
{
    const struct wx_proc_args args = {.name = a[0], .name_len = a[1], .args = {a[2], a[3], false}};
    return exec_or_exit(c, &args);
}

wx_wasi_ret wx_wasi_proc_exec2(struct wx_wasi_call *c, const uint64_t *a)
{
    const struct wx_proc_args args = {.name = a[0],
                                      .name_len = a[1],
                                      .args = {a[2], a[3], false},
                                      .environ = {a[4], a[5], false}};
    return exec_or_exit(c, &args);
}

static wx_wasi_ret exec_searching(struct wx_wasi_call *c, const uint64_t *a, bool arrays)
{
    const struct wx_proc_args args = {.name = a[0],
                                      .name_len = a[1],
                                      .args = {a[2], a[3], arrays},
                                      .environ = {a[4], a[5], arrays},
                                      .searches = (a[6] & 0xff) != 0,
                                      .path = a[7],
                                      .path_len = a[8]};
    return exec(c, &args);
}

wx_wasi_ret wx_wasi_proc_exec3(struct wx_wasi_call *c, const uint64_t *a)
{
    return exec_searching(c, a, false);
}

wx_wasi_ret wx_wasi_proc_exec4(struct wx_wasi_call *c, const uint64_t *a)
{
    return exec_searching(c, a, true);
}
