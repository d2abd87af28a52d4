/* SPDX-License-Identifier: Apache-2.0 */
/* Taking images of a thread's stacks, and going back to them. */
#include "engine/rt/image.h"

#include <string.h>

#include "engine/rt/engine.h"

static wax_status check(const struct wx_thread *t, wax_error **err)
{
    return t->depth == 1 ? WAX_OK
                         : wx_fail(err, WAX_E_UNSUPPORTED,
                                   "a call of the embedder's under way can not be left so");
}

static bool is_saved(const struct wx_global *g)
{
    return g->type.mut && !wx_type_is_ref(g->type.type);
}

static const struct wx_global *global_at(const struct wx_instance *inst, uint32_t i)
{
    return (const struct wx_global *)(const void *)inst->globals[i];
}

static void save_globals(const struct wx_instance *inst, struct wx_stack_image *image)
{
    for (uint32_t i = 0; i < image->n_globals; i++) {
        memcpy(image->globals[i], global_at(inst, i)->value, sizeof image->globals[i]);
    }
}

wax_status wx_stack_image_take(struct wx_thread *t, const struct wx_instance *inst, uint64_t *slots,
                               struct wx_stack_image **ret_image, wax_error **err)
{
    wax_status st = check(t, err);
    if (st != WAX_OK) {
        return st;
    }
    struct wx_stack_view v = wx_stack_view_of(t);
    uint32_t n = inst->module->wasm->n_globals;
    size_t used = wx_stack_view_used(&v), gused = wx_stack_view_gused(&v);
    struct wx_stack_image *image;
    size_t head = sizeof *image + n * sizeof image->globals[0], bytes = head + used + gused;
    image = wx_alloc(wx_engine_get_mem(t->store->engine), bytes);
    if (!image) {
        return wx_fail_nomem(err, "an image of the stacks");
    }
    uint8_t *at = (uint8_t *)image + head;
    memcpy(at, v.stack, used);
    if (gused) {
        memcpy(at + used, v.gstack, gused);
    }
    v.stack = at;
    v.gstack = at + used;
    *image = (struct wx_stack_image){.view = v, .slots = slots, .bytes = bytes, .n_globals = n};
    save_globals(inst, image);
    *ret_image = image;
    return WAX_OK;
}

void wx_stack_image_free(struct wx_mem *mem, struct wx_stack_image *image) { wx_free(mem, image); }

static void restore_globals(struct wx_instance *inst, const struct wx_stack_image *image)
{
    for (uint32_t i = 0; i < image->n_globals; i++) {
        if (is_saved(global_at(inst, i))) {
            memcpy(inst->globals[i], image->globals[i], sizeof image->globals[i]);
        }
    }
}

wax_status wx_stack_image_put(struct wx_thread *t, struct wx_instance *inst,
                              const struct wx_stack_image *image, wax_error **err)
{
    wax_status st = check(t, err);
    if (st != WAX_OK) {
        return st;
    }
    if (!wx_stack_image_fits(image, t)) {
        return wx_fail(err, WAX_E_UNSUPPORTED, "a jump into another context");
    }
    const struct wx_stack_view *v = &image->view;
    wx_thread_leave_calls(t, v->calls);
    memcpy(t->stack_base, v->stack, wx_stack_view_used(v));
    if (v->gtop) {
        memcpy(v->spot.guest_sp, v->gstack, wx_stack_view_gused(v));
    }
    t->pc = v->spot.pc;
    t->fp = v->spot.fp;
    t->inst = v->spot.inst;
    t->top = v->spot.top;
    t->guest_sp = v->spot.guest_sp;
    t->trap = v->trap;
    t->func = v->func;
    t->calls = v->calls;
    restore_globals(inst, image);
    return WAX_OK;
}

wax_status wx_stack_image_copy(struct wx_thread *to, struct wx_instance *to_instance,
                               const struct wx_instance *from_instance,
                               const struct wx_stack_image *image,
                               struct wx_stack_image **ret_image, wax_error **err)
{
    struct wx_copy c;
    wax_status st = wx_thread_copy(to, &image->view, to_instance, from_instance, &c, err);
    if (st != WAX_OK) {
        return st;
    }
    st = wx_stack_image_take(to, to_instance, wx_copy_stack_address(&c, image->slots), ret_image,
                             err);
    if (st == WAX_OK) {
        memcpy((*ret_image)->globals, image->globals, image->n_globals * sizeof image->globals[0]);
    }
    return st;
}
