/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of guest threads. */
#include "wasi/snapshot.h"

#include "base/check.h"
#include "engine/rt/image.h"
#include "wasi/env.h"

static struct wx_mem *mem_of(const struct wx_guest_thread *g)
{
    return wx_engine_get_mem(g->env->engine);
}

/* Take *link out and free it. */
static void drop(struct wx_guest_thread *g, struct wx_snapshot **link)
{
    struct wx_snapshot *s = *link;
    *link = s->older;
    g->snapshots.bytes -= s->image->bytes;
    wx_stack_image_free(mem_of(g), s->image);
    wx_free(mem_of(g), s);
}

void wx_snapshots_drop(struct wx_guest_thread *g)
{
    while (g->snapshots.newest) {
        drop(g, &g->snapshots.newest);
    }
}

void wx_snapshots_drop_on(struct wx_guest_thread *g, const uint64_t *stack_base)
{
    for (struct wx_snapshot **link = &g->snapshots.newest; *link;) {
        if ((*link)->image->view.base == stack_base) {
            drop(g, link);
        } else {
            link = &(*link)->older;
        }
    }
}

/* Those at this address, and those whose function has returned: less of their stack is in use. */
static void drop_dead(struct wx_guest_thread *g, uint64_t address, size_t depth)
{
    for (struct wx_snapshot **link = &g->snapshots.newest; *link;) {
        if ((*link)->address == address ||
            (wx_stack_image_fits((*link)->image, &g->store->thread) &&
             wx_stack_image_depth((*link)->image) > depth)) {
            drop(g, link);
        } else {
            link = &(*link)->older;
        }
    }
}

static void drop_oldest(struct wx_guest_thread *g)
{
    struct wx_snapshot **link = &g->snapshots.newest;
    while ((*link)->older) {
        link = &(*link)->older;
    }
    drop(g, link);
}

/* Takes the image. */
static wax_status add(struct wx_guest_thread *g, const struct wx_snapshot *like, wax_error **err)
{
    struct wx_snapshot *s = wx_alloc(mem_of(g), sizeof *s);
    if (!s) {
        wx_stack_image_free(mem_of(g), like->image);
        return wx_fail_nomem(err, "a checkpoint");
    }
    *s = *like;
    s->older = g->snapshots.newest;
    g->snapshots.newest = s;
    g->snapshots.bytes += s->image->bytes;
    return WAX_OK;
}

wax_status wx_snapshot_save(struct wx_guest_thread *g, uint64_t *slots, uint64_t address,
                            uint64_t user, uint64_t *ret_id, wax_error **err)
{
    struct wx_snapshot s = {.id = ++g->snapshots.last_id, .address = address, .user = user};
    wax_status st = wx_stack_image_take(&g->store->thread, g->instance, slots, &s.image, err);
    if (st != WAX_OK) {
        return st;
    }
    drop_dead(g, address, wx_stack_image_depth(s.image));
    while (g->snapshots.newest && g->snapshots.bytes + s.image->bytes > WX_SNAPSHOTS_MAX_BYTES) {
        wx_logf(&g->env->log, WX_LOG_WARN, "thread",
                "thread %u has too many checkpoints: the oldest is dropped", g->tid);
        drop_oldest(g);
    }
    *ret_id = s.id;
    return add(g, &s, err);
}

const struct wx_snapshot *wx_snapshot_find(const struct wx_guest_thread *g, uint64_t id)
{
    const struct wx_snapshot *s = g->snapshots.newest;
    while (s && s->id != id) {
        s = s->older;
    }
    return s;
}

/* The thread of the copy is on the stacks of that context meanwhile, if it is not the running one.
 */
static wax_status copy_one(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                           const struct wx_snapshot *s, wax_error **err)
{
    struct wx_context *on = NULL;
    if (!wx_stack_image_fits(s->image, &from->store->thread)) {
        const struct wx_context *c = wx_context_on(from, s->image->view.base);
        on = c ? wx_context_find(to, c->id) : NULL;
        wx_assert(on); /* what was taken on a context ends with it */
        wx_context_exchange(&to->store->thread, &on->state);
    }
    struct wx_snapshot copy = *s;
    wax_status st = wx_stack_image_copy(&to->store->thread, to->instance, from->instance, s->image,
                                        &copy.image, err);
    if (on) {
        wx_context_exchange(&to->store->thread, &on->state);
    }
    return st == WAX_OK ? add(to, &copy, err) : st;
}

/* Newest first, as they lie; the list is turned around at the end. */
wax_status wx_snapshots_copy(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                             wax_error **err)
{
    wax_status st = WAX_OK;
    for (const struct wx_snapshot *s = from->snapshots.newest; s && st == WAX_OK; s = s->older) {
        st = copy_one(to, from, s, err);
    }
    struct wx_snapshot *turned = NULL;
    for (struct wx_snapshot *s = to->snapshots.newest, *next; s; s = next) {
        next = s->older;
        s->older = turned;
        turned = s;
    }
    to->snapshots.newest = turned;
    to->snapshots.last_id = from->snapshots.last_id;
    return st;
}
