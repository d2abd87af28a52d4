/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of what a thread of guest code is: its stacks, its instance (rulings R4, R9, R10). */
/*
 * A thread that has left the guest (WX_LEFT) is all in memory: the value stack with frames,
 * operands and guest calls of the runtime, the guest stack with return addresses, and a few fields.
 * What points into these, or to objects of the store, is found by walking the frames and made to
 * point to the same thing of the copy; code is common to both.
 */
#ifndef WX_ENGINE_RT_COPY_H
#define WX_ENGINE_RT_COPY_H

#include "engine/rt/store.h"
#include "wasm/typing.h"

/** Where guest code stands in a thread, or stood when a guest call was begun above it. */
struct wx_spot {
    const void *pc;
    uint64_t *fp;
    struct wx_instance *inst;
    uint64_t *top;
    void *host_sp;
    void *guest_sp;
};

static inline struct wx_spot wx_spot_of(const struct wx_thread *t)
{
    return (struct wx_spot){t->pc, t->fp, t->inst, t->top, t->host_sp, t->guest_sp};
}

/**
 * A guest call of the runtime (WX_CALL) under way. It lies on the value stack, below the frames of
 * what was called: so whatever copies the stacks of a thread copies these, too, and enter.c needs
 * no host stack for them.
 */
struct wx_call_record {
    struct wx_call_record *below;
    struct wx_spot place;
    const struct wx_func *func; /* the function this level began with */
    bool waits;                 /* a wait was interrupted, and goes on afterwards */
    struct wx_wait wait;
    struct wx_guest_call call;
};

#define WX_CALL_RECORD_SLOTS                                                                       \
    ((sizeof(struct wx_call_record) + sizeof(uint64_t) - 1) / sizeof(uint64_t))

/** What a thread that has left the guest is; `stack` and `gstack` may lie elsewhere by now. */
struct wx_stack_view {
    const uint64_t *base;  /* of the value stack, where it was */
    const void *stack;     /* its bytes from there on, up to spot.top */
    const uint8_t *gtop;   /* end of the guest stack, where it was; NULL: none is in use */
    const void *gstack;    /* its bytes from spot.guest_sp up to there */
    uint64_t gstack_bytes; /* size of the guest stack */
    struct wx_spot spot;
    const struct wx_func *func;
    struct wx_call_record *calls;
    uint64_t trap;
};

struct wx_stack_view wx_stack_view_of(const struct wx_thread *t);
static inline size_t wx_stack_view_used(const struct wx_stack_view *v)
{
    return (size_t)((const uint8_t *)v->spot.top - (const uint8_t *)v->base);
}
static inline size_t wx_stack_view_gused(const struct wx_stack_view *v)
{
    return v->gtop ? (size_t)(v->gtop - (const uint8_t *)v->spot.guest_sp) : 0;
}

/** Give up the guest calls of the runtime above this one; NULL: all (enter.c). */
void wx_thread_leave_calls(struct wx_thread *t, const struct wx_call_record *until);

/** From the addresses of one thread to those of its copy. */
struct wx_copy {
    /* An instance of the store and its copy. What there is besides is in to->store->twins. */
    const struct wx_instance *from;
    struct wx_instance *to;
    ptrdiff_t stack;  /* bytes to add to an address in the value stack */
    ptrdiff_t gstack; /* the same for the guest stack */
    struct wx_copy_refs *refs;
};

#define WX_COPY_AT_ENTRY WX_TYPING_ENTRY /* the function has not begun */
/**
 * For tiers: a frame of the copy stands at the instruction at this byte offset of the module. What
 * it holds of references is translated later. @return false when out of memory
 */
bool wx_copy_note_frame(const struct wx_copy *c, const struct wx_code *code, uint64_t *fp,
                        uint64_t module_off);

/** The function of the copy; NULL: it belongs to neither, or out of memory. */
struct wx_func *wx_copy_func(const struct wx_copy *c, const struct wx_func *func);
static inline struct wx_instance *wx_copy_instance(const struct wx_copy *c, const void *inst)
{
    return inst == c->from ? c->to : wx_twins_find(c->to->store->twins, inst);
}
static inline void *wx_copy_stack_address(const struct wx_copy *c, const void *p)
{
    return p ? (uint8_t *)(uintptr_t)p + c->stack : NULL;
}
static inline void *wx_copy_gstack_address(const struct wx_copy *c, const void *p)
{
    return p ? (uint8_t *)(uintptr_t)p + c->gstack : NULL;
}

/**
 * An instance like `from` in another store, as it is now: globals, tables, dropped segments,
 * exceptions. Nothing is run. `imports` are the copy's own, its memory among them; a memory that
 * the module defines is copied with wx_memory_copy(), or is that of both if it `shares` them.
 *
 * @return WAX_OK; WAX_E_NOMEM; WAX_E_UNSUPPORTED with what can not be copied
 */
wax_status wx_instance_copy(struct wx_store *store, struct wx_instance *from,
                            const struct wx_extern *imports, bool shares,
                            struct wx_instance **ret_instance, wax_error **err);
/**
 * The same in two steps, for instances that refer to each other: all are begun, and what they
 * import has its twin in store->twins, before one is filled. After the first step there are
 * functions, but for imported ones, and tags; they have twins, as the instance has.
 */
wax_status wx_instance_begin_copy(struct wx_store *store, const struct wx_instance *from,
                                  struct wx_instance **ret_instance, wax_error **err);
wax_status wx_instance_fill_copy(struct wx_instance *to, struct wx_instance *from,
                                 const struct wx_extern *imports, bool shares, wax_error **err);
/**
 * Make `to`, a thread that runs nothing, one that stands where `from` did; the instances are copies
 * of each other. Goes on with wx_enter_copy().
 *
 * @return as above
 */
wax_status wx_thread_copy(struct wx_thread *to, const struct wx_stack_view *from,
                          struct wx_instance *to_instance, const struct wx_instance *from_instance,
                          struct wx_copy *ret_copy, wax_error **err);

#endif
