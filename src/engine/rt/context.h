/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: further pairs of stacks of one thread, which runs on one of them at a time. */
#ifndef WX_ENGINE_RT_CONTEXT_H
#define WX_ENGINE_RT_CONTEXT_H

#include "engine/rt/copy.h"

/** What a context is while its thread runs on another one. */
struct wx_context_state {
    uint64_t *stack_base, *stack_end; /* value stack */
    uint64_t stack_bytes;
    struct wx_gstack own_gstack; /* made when it first runs compiled code */
    bool has_gstack;
    struct wx_spot spot;
    void *guest_limit;
    uint64_t trap;
    const struct wx_func *func;
    struct wx_call_record *calls;
};

/** Fresh stacks, on which nothing ran yet. @return false: out of memory */
bool wx_context_init(struct wx_context_state *state, const struct wx_thread *t,
                     uint64_t stack_bytes);
/** What lies on it, for wx_thread_copy(). */
struct wx_stack_view wx_context_view(const struct wx_context_state *state);
/** The thread must not run on it. */
void wx_context_fini(struct wx_context_state *state);
/**
 * The thread, which has left the guest, goes on on these stacks; `state` becomes what it stood on.
 * Own host thread only.
 */
void wx_context_exchange(struct wx_thread *t, struct wx_context_state *state);

#endif
