/* SPDX-License-Identifier: Apache-2.0 */
/* context_create, context_switch, context_destroy: stacks a guest thread runs on in turn. */
/*
 * A switch leaves the guest, exchanges the thread's stacks and goes on there: behind the switch
 * that context waits in, or at its entry function. Memory and globals are common to all; the
 * guest's library moves its own stack pointer.
 *
 * Source: WASIX context_*; ruling R13.
 */
#include "wasi/context.h"

#include "wasi/env.h"
#include "wasi/handlers.h"
#include "wasix/callable.h"

wx_wasi_ret wx_wasi_context_create(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_table *table = wx_callable_table(c->self);
    struct wx_func *entry = table ? wx_callable_find(table, (uint32_t)a[1]) : NULL;
    if (!entry) {
        return table ? WX_WERRNO_INVAL : WX_WERRNO_NOTSUP;
    }
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, 8);
    if (e || entry->sig->n_params || entry->sig->n_results) {
        return e ? e : WX_WERRNO_INVAL;
    }
    struct wx_context *made = wx_context_new(c->self, entry);
    return made ? wx_guest_write_u64(c, (wx_gptr){a[0]}, made->id) : WX_WERRNO_NOMEM;
}

static enum wx_outcome returned(struct wx_thread *t)
{
    wx_error_clear(&t->error);
    (void)wx_fail(&t->error, WAX_TRAP, "the entry function of a context returned");
    wx_error_set_hint(&t->error, "it has to switch to another context at its end");
    return wx_trap(t, WX_TRAP_HOST);
}

/* In the context switched to: its own call is over, or it begins. */
static enum wx_outcome resume_switch(struct wx_thread *t, enum wx_wake why)
{
    (void)why;
    const struct wx_wait w = t->out.wait;
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    (void)wx_wasi_finish(&c, 0);
    struct wx_context *to = wx_context_find(c.self, w.state[0]);
    struct wx_func *entry = to->entry;
    wx_context_switch(c.self, to, w.slots);
    to->entry = NULL;
    if (!entry) {
        to->slots[0] = 0;
        return WX_DONE;
    }
    t->out.call = (struct wx_guest_call){.func = entry, .then = returned};
    return WX_CALL;
}

wx_wasi_ret wx_wasi_context_switch(struct wx_wasi_call *c, const uint64_t *a)
{
    const struct wx_context *running = c->self->contexts.running;
    if (a[0] == (running ? running->id : 0)) {
        return 0;
    }
    if (!wx_context_find(c->self, a[0])) {
        return WX_WERRNO_INVAL;
    }
    if (c->t->depth != 1) { /* a function of the embedder's lies between */
        return WX_WERRNO_NOTSUP;
    }
    return wx_wasi_leave(c, resume_switch, a[0], 0);
}

wx_wasi_ret wx_wasi_context_destroy(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_context *context = wx_context_find(c->self, a[0]);
    if (a[0] == 0 || (context && context == c->self->contexts.running)) {
        return WX_WERRNO_INVAL;
    }
    if (context) {
        wx_context_drop(c->self, context);
    }
    return 0;
}
