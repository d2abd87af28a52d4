/* SPDX-License-Identifier: Apache-2.0 */
/* The contexts of a guest thread: its own (0), and those it made. */
#ifndef WX_WASI_CONTEXT_H
#define WX_WASI_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/rt/context.h"

struct wx_guest_thread;

struct wx_context {
    struct wx_context *next;
    uint64_t id;                   /* 0: the one the thread began with */
    struct wx_context_state state; /* of all but the one that runs */
    struct wx_func *entry;         /* it has not begun; NULL afterwards */
    uint64_t *slots;               /* of the call it waits in */
};

#define WX_MAX_CONTEXTS 4096u /* of a thread */

/** Of one thread, used by it alone. Zero-initialised = only its own one. */
struct wx_contexts {
    struct wx_context *list; /* the running one included */
    struct wx_context *running;
    uint64_t last_id;
    uint32_t n;
};

/** @return NULL: out of memory, or there are too many */
struct wx_context *wx_context_new(struct wx_guest_thread *g, struct wx_func *entry);
struct wx_context *wx_context_find(const struct wx_guest_thread *g, uint64_t id);
/** The thread goes on in it; the present one waits in a call with these slots. */
void wx_context_switch(struct wx_guest_thread *g, struct wx_context *to, uint64_t *slots);
/** Not the running one. */
void wx_context_drop(struct wx_guest_thread *g, struct wx_context *context);
/** All of them: the thread has its own stacks again, and runs nothing. */
void wx_contexts_drop(struct wx_guest_thread *g);
/**
 * For a copy of a thread that runs nothing yet: the same contexts under the same numbers, the
 * running one on the stacks the copy has; first their stacks, with nothing on them, then what lies
 * there but for the running one. @return WAX_OK; WAX_E_NOMEM, WAX_E_UNSUPPORTED
 */
wax_status wx_contexts_new_copy(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                                wax_error **err);
wax_status wx_contexts_copy(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                            wax_error **err);
/** The one with this value stack; NULL: none. */
struct wx_context *wx_context_on(const struct wx_guest_thread *g, const uint64_t *stack_base);
/** For its thread: what lies on stacks that do not run, and in checkpoints, is found by sweeps. */
void wx_context_attach(struct wx_thread *t);
void wx_context_detach(struct wx_thread *t);
/** Does the thread run on the stacks it began with? */
bool wx_context_is_own(const struct wx_guest_thread *g);

#endif
