/* SPDX-License-Identifier: Apache-2.0 */
/* stack_checkpoint, stack_restore: setjmp and longjmp of guests without exceptions. */
/*
 * Both leave the guest first; then the stacks are copied aside, or back. Of the guest's snapshot
 * only its number counts, so it may be copied.
 *
 * Source: WASIX stack_checkpoint, stack_restore; ruling R10.
 */
#include <string.h>

#include "engine/rt/image.h"
#include "wasi/env.h"
#include "wasi/handlers.h"

#define SNAPSHOT_BYTES 24u /* stack_snapshot: user u64, hash of two u64 */
#define ID_OFFSET 8u

enum { S_SNAPSHOT, S_VALUE };

static wx_werrno checkpoint(struct wx_wasi_call *c, uint64_t snapshot, uint64_t ret_ptr)
{
    uint64_t words[3] = {ret_ptr, 0, 0};
    wax_error *error = NULL;
    wax_status st = wx_snapshot_save(c->self, c->slots, snapshot, ret_ptr, &words[1], &error);
    if (st != WAX_OK) {
        wx_logf(&c->env->log, WX_LOG_ERROR, "thread", "no checkpoint: %s",
                error ? wax_error_message(error) : "no memory");
        wax_error_free(error);
        return st == WAX_E_UNSUPPORTED ? WX_WERRNO_NOTSUP : WX_WERRNO_NOMEM;
    }
    wx_werrno e = wx_guest_write(c, (wx_gptr){snapshot}, words, SNAPSHOT_BYTES);
    return e ? e : wx_guest_write_u64(c, (wx_gptr){ret_ptr}, 0);
}

static enum wx_outcome resume_checkpoint(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    const struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    return wx_wasi_finish(&c, checkpoint(&c, w.state[S_SNAPSHOT], w.state[S_VALUE]));
}

wx_wasi_ret wx_wasi_stack_checkpoint(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, SNAPSHOT_BYTES);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[1]}, 8);
    if (e) {
        return e;
    }
    return wx_wasi_leave(c, resume_checkpoint, a[0], a[1]);
}

static wx_wasi_ret no_way_back(const struct wx_wasi_call *c, wax_error *error)
{
    if (!error) {
        (void)wx_fail(&error, WAX_TRAP, "stack_restore: no such checkpoint");
        wx_error_set_hint(&error, "the function that called setjmp() has returned, or another "
                                  "thread called it");
    }
    wx_error_clear(&c->t->error);
    c->t->error = error;
    c->t->trap = WX_TRAP_HOST;
    return WX_RET_TRAP;
}

/* The call that took the checkpoint returns again. */
static wx_wasi_ret restore(struct wx_wasi_call *c, uint64_t snapshot, uint64_t value)
{
    uint64_t id;
    wx_werrno e = wx_guest_read_u64(c, (wx_gptr){snapshot + ID_OFFSET}, &id);
    const struct wx_snapshot *s = e ? NULL : wx_snapshot_find(c->self, id);
    wax_error *error = NULL;
    if (!s || wx_stack_image_put(c->t, c->self->instance, s->image, &error) != WAX_OK) {
        return no_way_back(c, error);
    }
    s->image->slots[0] = 0;
    (void)wx_guest_write_u64(c, (wx_gptr){s->user}, value); /* checked when it was taken */
    return WX_RET_DONE;
}

static enum wx_outcome resume_restore(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    const struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    return wx_wasi_finish(&c, restore(&c, w.state[S_SNAPSHOT], w.state[S_VALUE]));
}

wx_wasi_ret wx_wasi_stack_restore(struct wx_wasi_call *c, const uint64_t *a)
{
    return wx_wasi_leave(c, resume_restore, a[0], a[1]);
}
