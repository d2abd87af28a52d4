/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanging the stacks of a thread. Nothing of C is on them, so a few fields are all there is. */
#include "engine/rt/context.h"

#include "engine/rt/stacks.h"
#include "os/vm.h"

bool wx_context_init(struct wx_context_state *state, const struct wx_thread *t,
                     uint64_t stack_bytes)
{
    uint64_t *base = wx_vm_reserve(stack_bytes);
    *state = (struct wx_context_state){.stack_base = base, .stack_bytes = stack_bytes};
    if (!base || wx_vm_commit(base, stack_bytes) != 0) {
        wx_context_fini(state);
        return false;
    }
    state->stack_end = base + stack_bytes / sizeof *base;
    state->spot = (struct wx_spot){.fp = base, .top = base};
    state->func = t->func;
    return true;
}

void wx_context_fini(struct wx_context_state *state)
{
    struct wx_stacks s = {
        .values = state->stack_base, .value_bytes = state->stack_bytes, .guest = state->own_gstack};
    wx_stacks_unmap(&s);
}

static struct wx_context_state state_of(const struct wx_thread *t)
{
    return (struct wx_context_state){.stack_base = t->stack_base,
                                     .stack_end = t->stack_end,
                                     .stack_bytes = t->stack_bytes,
                                     .own_gstack = t->own_gstack,
                                     .has_gstack = t->gstack != NULL,
                                     .spot = wx_spot_of(t),
                                     .guest_limit = t->guest_limit,
                                     .trap = t->trap,
                                     .func = t->func,
                                     .calls = t->calls};
}

struct wx_stack_view wx_context_view(const struct wx_context_state *s)
{
    struct wx_stack_view v = {.base = s->stack_base,
                              .stack = s->stack_base,
                              .spot = s->spot,
                              .func = s->func,
                              .calls = s->calls,
                              .trap = s->trap};
    if (s->has_gstack && s->spot.guest_sp) {
        v.gtop = s->own_gstack.top;
        v.gstack = s->spot.guest_sp;
        v.gstack_bytes = (uint64_t)(s->own_gstack.top - s->own_gstack.base);
    }
    return v;
}

void wx_context_exchange(struct wx_thread *t, struct wx_context_state *state)
{
    const struct wx_context_state to = *state;
    *state = state_of(t);
    t->stack_base = to.stack_base;
    t->stack_end = to.stack_end;
    t->stack_bytes = to.stack_bytes;
    t->own_gstack = to.own_gstack;
    t->gstack = to.has_gstack ? &t->own_gstack : NULL;
    t->pc = to.spot.pc;
    t->fp = to.spot.fp;
    t->inst = to.spot.inst;
    t->top = to.spot.top;
    t->guest_sp = to.spot.guest_sp;
    t->guest_limit = to.guest_limit;
    t->trap = to.trap;
    t->func = to.func;
    t->calls = to.calls;
    wx_thread_clear_interrupt(t, 0); /* the limit is that of these stacks now, or NULL */
}
