/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts of guest threads. */
#include "wasi/context.h"

#include "engine/rt/image.h"
#include "wasi/env.h"

static struct wx_mem *mem_of(const struct wx_guest_thread *g)
{
    return wx_engine_get_mem(g->env->engine);
}

static struct wx_context *add(struct wx_guest_thread *g)
{
    struct wx_contexts *all = &g->contexts;
    struct wx_context *c = all->n < WX_MAX_CONTEXTS ? wx_zalloc(mem_of(g), sizeof *c) : NULL;
    if (c) {
        c->next = all->list;
        all->list = c;
        all->n++;
    }
    return c;
}

static void take_out(struct wx_guest_thread *g, struct wx_context *context)
{
    struct wx_context **link = &g->contexts.list;
    while (*link && *link != context) {
        link = &(*link)->next;
    }
    *link = context->next;
    g->contexts.n--;
    wx_free(mem_of(g), context);
}

struct wx_context *wx_context_new(struct wx_guest_thread *g, struct wx_func *entry)
{
    struct wx_contexts *all = &g->contexts;
    if (!all->list) { /* the thread's own comes first */
        all->running = add(g);
        if (!all->running) {
            return NULL;
        }
    }
    struct wx_context *c = add(g);
    if (c && !wx_context_init(&c->state, &g->store->thread, g->env->limits.thread_stack_bytes)) {
        take_out(g, c);
        c = NULL;
    }
    if (c) {
        c->id = ++all->last_id;
        c->entry = entry;
    }
    return c;
}

struct wx_context *wx_context_find(const struct wx_guest_thread *g, uint64_t id)
{
    struct wx_context *c = g->contexts.list;
    while (c && c->id != id) {
        c = c->next;
    }
    return c;
}

void wx_context_switch(struct wx_guest_thread *g, struct wx_context *to, uint64_t *slots)
{
    struct wx_context *from = g->contexts.running;
    from->slots = slots;
    from->state = to->state;
    wx_context_exchange(&g->store->thread, &from->state);
    g->contexts.running = to;
}

void wx_context_drop(struct wx_guest_thread *g, struct wx_context *context)
{
    wx_snapshots_drop_on(g, context->state.stack_base);
    wx_context_fini(&context->state);
    take_out(g, context);
}

void wx_contexts_drop(struct wx_guest_thread *g)
{
    struct wx_contexts *all = &g->contexts;
    if (!wx_context_is_own(g)) {
        wx_context_switch(g, wx_context_find(g, 0), NULL);
    }
    for (struct wx_context *c = all->list, *next; c; c = next) {
        next = c->next;
        if (c != all->running) {
            wx_context_drop(g, c);
        }
    }
    if (all->running) {
        take_out(g, all->running);
        all->running = NULL;
    }
}

struct wx_context *wx_context_on(const struct wx_guest_thread *g, const uint64_t *stack_base)
{
    struct wx_context *c = g->contexts.list;
    while (c && (c == g->contexts.running ? g->store->thread.stack_base : c->state.stack_base) !=
                    stack_base) {
        c = c->next;
    }
    return c;
}

/* -------- copies -------- */

static bool add_copy(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                     const struct wx_context *c, struct wx_context ***end)
{
    struct wx_context *copy = wx_zalloc(mem_of(to), sizeof *copy);
    if (!copy) {
        return false;
    }
    copy->id = c->id;
    **end = copy; /* in the same order */
    *end = &copy->next;
    to->contexts.n++;
    if (c == from->contexts.running) {
        to->contexts.running = copy;
        return true;
    }
    return wx_context_init(&copy->state, &to->store->thread, c->state.stack_bytes);
}

wax_status wx_contexts_new_copy(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                                wax_error **err)
{
    struct wx_context **end = &to->contexts.list;
    bool ok = true;
    for (const struct wx_context *c = from->contexts.list; c && ok; c = c->next) {
        ok = add_copy(to, from, c, &end);
    }
    to->contexts.last_id = from->contexts.last_id;
    if (!ok) {
        to->contexts.running = NULL; /* some are missing: the thread is on stacks of its own */
        return wx_fail_nomem(err, "a copy of a context");
    }
    return WAX_OK;
}

/* The thread of the copy is on the context's stacks meanwhile. */
static wax_status copy_one(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                           struct wx_context *copy, const struct wx_context *c, wax_error **err)
{
    struct wx_thread *t = &to->store->thread;
    const struct wx_stack_view view = wx_context_view(&c->state);
    struct wx_copy how;
    wx_context_exchange(t, &copy->state);
    wax_status st = wx_thread_copy(t, &view, to->instance, from->instance, &how, err);
    wx_context_exchange(t, &copy->state);
    if (st == WAX_OK) {
        copy->slots = wx_copy_stack_address(&how, c->slots);
        copy->entry = c->entry ? wx_copy_func(&how, c->entry) : NULL;
        st = copy->entry || !c->entry ? WAX_OK : wx_fail_nomem(err, "a function");
    }
    return st;
}

wax_status wx_contexts_copy(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                            wax_error **err)
{
    wax_status st = WAX_OK;
    struct wx_context *copy = to->contexts.list;
    for (const struct wx_context *c = from->contexts.list; c && st == WAX_OK; c = c->next) {
        if (c != from->contexts.running) {
            st = copy_one(to, from, copy, c, err);
        }
        copy = copy->next;
    }
    return st;
}

static void mark_all(const struct wx_thread *t, wx_mark_fn mark, void *data)
{
    const struct wx_guest_thread *g = t->owner;
    for (const struct wx_context *c = g->contexts.list; c; c = c->next) {
        if (c != g->contexts.running) {
            const struct wx_context_state *s = &c->state;
            mark(data, s->stack_base, (uint64_t)(s->spot.top - s->stack_base));
        }
    }
    for (const struct wx_snapshot *s = g->snapshots.newest; s; s = s->older) {
        const struct wx_stack_view *v = &s->image->view;
        mark(data, v->stack, wx_stack_view_used(v) / sizeof(uint64_t));
    }
}

void wx_context_attach(struct wx_thread *t) { t->other_stacks = mark_all; }
void wx_context_detach(struct wx_thread *t) { t->other_stacks = NULL; }

bool wx_context_is_own(const struct wx_guest_thread *g)
{
    return !g->contexts.running || g->contexts.running->id == 0;
}
