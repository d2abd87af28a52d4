/* SPDX-License-Identifier: Apache-2.0 */
/* Copying an instance and the thread that runs in it. */
/*
 * References are addresses of objects of the store, or handles to them. In tables and globals their
 * types tell them from numbers; how they are told on the stack is said in copy_refs.c.
 */
#include "engine/rt/copy_refs.h"

#include <string.h>

#include "engine/rt/engine.h"

wax_status wx_no_copy(wax_error **err, const char *what)
{
    (void)wx_fail(err, WAX_E_UNSUPPORTED, "%s can not be copied to another process", what);
    return WAX_E_UNSUPPORTED;
}

struct wx_func *wx_copy_func(const struct wx_copy *c, const struct wx_func *func)
{
    if (func->kind == WX_FUNC_WASM) {
        struct wx_instance *inst = wx_copy_instance(c, func->instance);
        return inst ? wx_instance_func(inst, func->func_idx) : NULL;
    }
    struct wx_func *twin = wx_twins_find(c->to->store->twins, func);
    if (twin) {
        return twin;
    }
    uint32_t n = c->from->module->wasm->n_func_imports;
    for (uint32_t i = 0; i < n; i++) {
        if (c->from->funcs[i] == func) {
            return c->to->funcs[i];
        }
    }
    return NULL;
}

/* -------- the instance -------- */

/* What somebody else owns and all may write: the copy of the store gets one of its own. */
static wax_status copy_import(const struct wx_copy *c, uint32_t idx, const uint64_t value[2],
                              wax_error **err)
{
    const struct wx_global *from = (const struct wx_global *)(const void *)c->from->globals[idx];
    struct wx_global *to = wx_twins_find(c->to->store->twins, from);
    if (!to) {
        wax_status st = wx_global_new(c->to->store, &from->type, value, &to, err);
        if (st != WAX_OK) {
            return st;
        }
        if (!wx_twins_add(c->to->store->twins, from, to)) {
            return wx_fail_nomem(err, "a global");
        }
    }
    c->to->globals[idx] = to->value;
    return WAX_OK;
}

static wax_status copy_globals(const struct wx_copy *c, wax_error **err)
{
    const struct wx_module *w = c->from->module->wasm;
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < w->n_globals && st == WAX_OK; i++) {
        const struct wx_global *from = (const struct wx_global *)(const void *)c->from->globals[i];
        uint64_t value[2] = {from->value[0], from->value[1]};
        if (wx_type_is_ref(from->type.type)) {
            st = wx_copy_ref(c, from->type.type, value, err);
        }
        if (i < w->n_global_imports) {
            st = from->type.mut && st == WAX_OK ? copy_import(c, i, value, err) : st;
            continue;
        }
        struct wx_global *to = &c->to->own_globals[i - w->n_global_imports];
        if (st == WAX_OK) {
            st = wx_global_init(c->to->store, to, &from->type, value, err);
        }
        c->to->globals[i] = to->value;
    }
    return st;
}

static wax_status copy_table(const struct wx_copy *c, uint32_t idx, wax_error **err)
{
    const struct wx_table *from = c->from->tables[idx];
    const uint64_t null[2] = {0, 0};
    struct wx_tabletype type = from->type;
    type.limits.min = from->size;
    struct wx_table *to;
    wax_status st = wx_table_new(c->to->store, &type, null, &to, err);
    for (uint64_t i = 0; i < from->size && st == WAX_OK; i++) {
        uint64_t ref[2] = {from->elems[i].ref, from->elems[i].ref1};
        if (ref[0]) {
            st = wx_copy_ref(c, type.elem, ref, err);
            wx_table_set(to, i, ref);
        }
    }
    if (st == WAX_OK) {
        to->type.limits.min = from->type.limits.min;
        c->to->tables[idx] = to;
    }
    return st;
}

static wax_status copy_tables(const struct wx_copy *c, wax_error **err)
{
    const struct wx_module *w = c->from->module->wasm;
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < w->n_table_imports && st == WAX_OK; i++) {
        struct wx_table *to = wx_twins_find(c->to->store->twins, c->from->tables[i]);
        if (to) {
            c->to->tables[i] = to;
            continue;
        }
        st = copy_table(c, i, err);
        if (st == WAX_OK &&
            !wx_twins_add(c->to->store->twins, c->from->tables[i], c->to->tables[i])) {
            st = wx_fail_nomem(err, "a table");
        }
    }
    for (uint32_t i = w->n_table_imports; i < w->n_tables && st == WAX_OK; i++) {
        st = copy_table(c, i, err);
    }
    return st;
}

static wax_status copy_memories(const struct wx_copy *c, bool shares, wax_error **err)
{
    const struct wx_module *w = c->from->module->wasm;
    for (uint32_t i = w->n_memory_imports; i < w->n_memories; i++) {
        struct wx_memory *m = shares ? wx_memory_ref(c->from->memories[i]) : NULL;
        wax_status st = shares ? WAX_OK : wx_memory_copy(c->from->memories[i], &m, err);
        if (st == WAX_OK) {
            st = wx_store_adopt_memory(c->to->store, m, err);
            wx_memory_unref(m); /* the store holds it, or nobody */
        }
        if (st != WAX_OK) {
            return st;
        }
        c->to->memories[i] = m;
    }
    return wx_instance_use_memory(c->to, err);
}

wax_status wx_instance_begin_copy(struct wx_store *store, const struct wx_instance *from,
                                  struct wx_instance **ret_instance, wax_error **err)
{
    const struct wx_module *w = from->module->wasm;
    struct wx_instance *to = wx_instance_alloc(store, from->module);
    if (!to) {
        return wx_fail_nomem(err, "an instance");
    }
    to->codes = from->codes;
    wax_status st = wx_instance_make_tags(to, err);
    bool ok = st != WAX_OK || wx_twins_add(store->twins, from, to);
    for (uint32_t i = w->n_tag_imports; i < w->n_tags && ok && st == WAX_OK; i++) {
        ok = wx_twins_add(store->twins, from->tags[i], to->tags[i]);
    }
    *ret_instance = to;
    return ok ? st : wx_fail_nomem(err, "an instance");
}

wax_status wx_instance_fill_copy(struct wx_instance *to, struct wx_instance *from,
                                 const struct wx_extern *imports, bool shares, wax_error **err)
{
    const struct wx_module *w = from->module->wasm;
    struct wx_copy_refs refs = {.mem = wx_engine_get_mem(to->store->engine)};
    const struct wx_copy c = {.from = from, .to = to, .refs = &refs};
    wax_status st = wx_instance_bind_imports(to, imports, err);
    st = st == WAX_OK ? copy_memories(&c, shares, err) : st;
    st = st == WAX_OK && to->codes != from->codes ? wx_no_copy(err, "compiled code") : st;
    st = st == WAX_OK ? copy_globals(&c, err) : st;
    st = st == WAX_OK ? copy_tables(&c, err) : st;
    st = st == WAX_OK ? wx_copy_refs_finish(&c, err) : st;
    wx_copy_refs_fini(&refs);
    if (st == WAX_OK) {
        memcpy(to->dropped_elems, from->dropped_elems, w->n_elems);
        memcpy(to->dropped_datas, from->dropped_datas, w->n_datas);
    }
    return st;
}

wax_status wx_instance_copy(struct wx_store *store, struct wx_instance *from,
                            const struct wx_extern *imports, bool shares,
                            struct wx_instance **ret_instance, wax_error **err)
{
    struct wx_instance *to = NULL;
    wax_status st = wx_instance_begin_copy(store, from, &to, err);
    if (to && st == WAX_OK) {
        st = wx_instance_fill_copy(to, from, imports, shares, err);
    }
    if (st == WAX_OK) {
        *ret_instance = to;
    }
    return st;
}

/* -------- the thread -------- */

static void copy_place(const struct wx_copy *c, struct wx_spot *p)
{
    p->fp = wx_copy_stack_address(c, p->fp);
    p->top = wx_copy_stack_address(c, p->top);
    p->inst = wx_copy_instance(c, p->inst);
    p->guest_sp = wx_copy_gstack_address(c, p->guest_sp);
    p->host_sp = NULL; /* set when guest code is entered */
}

/* The frames of one level: those between its place and the host code it was called from. */
static wax_status copy_frames(const struct wx_copy *c, const struct wx_spot *p, wax_error **err)
{
    if (!p->inst || !p->pc) {
        return WAX_OK; /* a host function called directly */
    }
    switch (p->inst->module->tier->relocate(c, p)) {
    case WX_RELOCATED: return WAX_OK;
    case WX_NO_ROOM: return wx_fail_nomem(err, "a copy of a thread");
    default: return wx_no_copy(err, "a frame of another module");
    }
}

/* What belongs to a host function of the one store, in the other. */
static bool copy_data(const struct wx_copy *c, void **data)
{
    if (!*data) {
        return true;
    }
    void *twin = wx_twins_find(c->to->store->twins, *data);
    if (twin) {
        *data = twin;
        return true;
    }
    const struct wx_instance *from = c->from;
    for (uint32_t i = 0; i < from->module->wasm->n_func_imports; i++) {
        if (from->funcs[i]->kind == WX_FUNC_HOST && from->funcs[i]->data == *data) {
            *data = c->to->funcs[i]->data;
            return true;
        }
    }
    for (uint32_t i = 0; i < from->module->wasm->n_memories; i++) { /* atomic.wait */
        if (from->memories[i] == *data) {
            *data = c->to->memories[i];
            return true;
        }
    }
    return false;
}

static wax_status copy_record(const struct wx_copy *c, struct wx_call_record *r, wax_error **err)
{
    r->below = wx_copy_stack_address(c, r->below);
    copy_place(c, &r->place);
    r->func = wx_copy_func(c, r->func);
    r->call.func = wx_copy_func(c, r->call.func);
    r->call.slots = wx_copy_stack_address(c, r->call.slots);
    r->wait.slots = wx_copy_stack_address(c, r->wait.slots);
    bool ok = r->func && r->call.func && copy_data(c, &r->call.data);
    ok = ok && (!r->waits || (!r->wait.fds && copy_data(c, &r->wait.data)));
    return ok ? copy_frames(c, &r->place, err) : wx_no_copy(err, "a call of the host under way");
}

struct wx_stack_view wx_stack_view_of(const struct wx_thread *t)
{
    struct wx_stack_view v = {.base = t->stack_base,
                              .stack = t->stack_base,
                              .spot = wx_spot_of(t),
                              .func = t->func,
                              .calls = t->calls,
                              .trap = t->trap};
    if (t->gstack && t->guest_sp) {
        v.gtop = t->gstack->top;
        v.gstack = t->guest_sp;
        v.gstack_bytes = (uint64_t)(t->gstack->top - t->gstack->base);
    }
    return v;
}

static wax_status copy_stacks(struct wx_thread *to, const struct wx_stack_view *from,
                              struct wx_copy *c, wax_error **err)
{
    size_t used = wx_stack_view_used(from);
    if (used > to->stack_bytes) {
        return wx_no_copy(err, "a larger stack");
    }
    c->stack = (uint8_t *)to->stack_base - (const uint8_t *)from->base;
    memcpy(to->stack_base, from->stack, used);
    if (!from->gtop) {
        return WAX_OK;
    }
    if (!to->gstack) {
        wx_assert(!to->own_gstack.reservation);
        wax_status st = wx_gstack_init(&to->own_gstack, from->gstack_bytes, err);
        if (st != WAX_OK) {
            return st;
        }
        to->gstack = &to->own_gstack;
        to->guest_limit = to->own_gstack.base;
    }
    c->gstack = to->gstack->top - from->gtop;
    memcpy(wx_copy_gstack_address(c, from->spot.guest_sp), from->gstack, wx_stack_view_gused(from));
    return WAX_OK;
}

/* The thread stands where the other one did, its stacks copied already. */
static wax_status place_copy(struct wx_thread *to, const struct wx_stack_view *from,
                             const struct wx_copy *c, wax_error **err)
{
    struct wx_spot place = from->spot;
    copy_place(c, &place);
    to->pc = place.pc;
    to->fp = place.fp;
    to->inst = place.inst;
    to->top = place.top;
    to->guest_sp = place.guest_sp;
    to->trap = from->trap;
    to->depth = 1;
    to->func = wx_copy_func(c, from->func);
    to->calls = wx_copy_stack_address(c, from->calls);
    wax_status st =
        to->func ? copy_frames(c, &place, err) : wx_no_copy(err, "the function it began with");
    for (struct wx_call_record *r = to->calls; r && st == WAX_OK; r = r->below) {
        st = copy_record(c, r, err);
    }
    return st;
}

wax_status wx_thread_copy(struct wx_thread *to, const struct wx_stack_view *from,
                          struct wx_instance *to_instance, const struct wx_instance *from_instance,
                          struct wx_copy *ret_copy, wax_error **err)
{
    struct wx_copy_refs refs = {.mem = wx_engine_get_mem(to->store->engine)};
    struct wx_copy c = {.from = from_instance, .to = to_instance, .refs = &refs};
    wax_status st = copy_stacks(to, from, &c, err);
    st = st == WAX_OK ? place_copy(to, from, &c, err) : st;
    st = st == WAX_OK ? wx_copy_refs_finish(&c, err) : st;
    wx_copy_refs_fini(&refs);
    c.refs = NULL;
    *ret_copy = c;
    return st;
}
