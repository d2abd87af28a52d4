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
