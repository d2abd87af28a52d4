/* SPDX-License-Identifier: Apache-2.0 */
/* Images of a thread's stacks, to go back to where it was: setjmp (ruling R10). */
#ifndef WX_ENGINE_RT_IMAGE_H
#define WX_ENGINE_RT_IMAGE_H

#include "engine/rt/copy.h"

/** Stacks and mutable globals as they were; memory is not part of it. Owned by whoever took it. */
struct wx_stack_image {
    struct wx_stack_view view; /* its bytes lie behind the globals */
    uint64_t *slots;           /* of the host call it was taken in, in the thread's stack */
    size_t bytes;              /* of all */
    uint32_t n_globals;
    uint64_t globals[][2];
};

/**
 * Of a thread that has left the guest in a host call with these slots; only its own host thread,
 * with no call of the embedder's beneath. @return WAX_OK; WAX_E_NOMEM, WAX_E_UNSUPPORTED
 */
wax_status wx_stack_image_take(struct wx_thread *t, const struct wx_instance *inst, uint64_t *slots,
                               struct wx_stack_image **ret_image, wax_error **err);
void wx_stack_image_free(struct wx_mem *mem, struct wx_stack_image *image); /* NULL accepted */
/**
 * The thread, which has left the guest, stands where it did then: what was called since is gone,
 * handlers of signals too. @return WAX_OK; WAX_E_UNSUPPORTED
 */
wax_status wx_stack_image_put(struct wx_thread *t, struct wx_instance *inst,
                              const struct wx_stack_image *image, wax_error **err);
/**
 * The same image for a copy of the thread, which runs nothing yet and whose stacks are written to.
 * @return as wx_thread_copy()
 */
wax_status wx_stack_image_copy(struct wx_thread *to, struct wx_instance *to_instance,
                               const struct wx_instance *from_instance,
                               const struct wx_stack_image *image,
                               struct wx_stack_image **ret_image, wax_error **err);
/** Bytes of the value stack in use then: who took it has returned if less are now. */
static inline size_t wx_stack_image_depth(const struct wx_stack_image *image)
{
    return wx_stack_view_used(&image->view);
}

/** Was it taken on the stacks the thread runs on now (context.h)? */
static inline bool wx_stack_image_fits(const struct wx_stack_image *image,
                                       const struct wx_thread *t)
{
    return image->view.base == t->stack_base;
}

#endif
