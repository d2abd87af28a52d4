/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are found when they are called. */
/*
 * A stub is a host function with the type of what it stands for. Called, it brings the thread's
 * libraries up to date and makes them ready, finds the function, becomes a copy of it, so that
 * whoever holds a reference calls it without a detour from then on, and calls it with the arguments
 * it got. All that is a chain of guest calls of the runtime: nothing blocks, nothing is entered
 * again, exceptions pass through.
 */
#include <string.h>

#include "wasix/dl.h"

struct wx_dl_stub {
    struct wx_dl_stub *next; /* in group->all_stubs */
    struct wx_dl_group *group;
    struct wx_func *func;
    const struct wx_dl_lib *lib; /* whose; NULL: to be found by name */
    uint32_t idx;
    struct wx_name name;
    const char *requester; /* path; a library that can not be had is gone sooner */
};

static void become(struct wx_dl_stub *s, const struct wx_func *real)
{
    if (s->func != real) {
        *s->func = *real;
    }
}

void wx_dl_stubs_settle(struct wx_dl_group *g)
{
    for (size_t i = 0; i < g->stubs.n; i++) {
        struct wx_dl_stub *s = g->stubs.p[i];
        const struct wx_func *real = wx_dl_func(g, s->lib, s->idx);
        if (real) {
            become(s, real);
        }
    }
    g->stubs.n = 0;
}

static enum wx_outcome undefined(struct wx_thread *t, const struct wx_dl_stub *s, const char *why)
{
    (void)wx_fail(&t->error, WAX_TRAP, "symbol '%.*s', called by '%s', %s", (int)s->name.len,
                  s->name.p, s->requester, why);
    return wx_trap(t, WX_TRAP_HOST);
}

static void fill(struct wx_thread *t, const struct wx_guest_call *call, uint64_t *slots)
{
    (void)t;
    memcpy(slots, call->slots, call->func->sig->n_param_slots * sizeof *slots);
}

static enum wx_outcome called(struct wx_thread *t)
{
    const struct wx_guest_call *call = &t->out.call;
    memcpy(call->slots, call->results, call->func->sig->n_result_slots * sizeof *call->slots);
    return WX_DONE;
}

static enum wx_outcome run(struct wx_thread *t, void *data, uint64_t *slots);

static void threw(struct wx_thread *t, const struct wx_guest_call *call)
{
    (void)t;
    ((const struct wx_dl_stub *)call->data)->group->initializing--;
}

static enum wx_outcome initialized(struct wx_thread *t)
{
    const struct wx_guest_call call = t->out.call;
    const struct wx_dl_stub *s = call.data;
    s->group->initializing--;
    return run(t, call.data, call.slots);
}

/* NULL with the trap set, or what it stands for. */
static struct wx_func *find(struct wx_thread *t, const struct wx_dl_stub *s)
{
    struct wx_dl_group *g = s->group;
    struct wx_dl_symbol symbol = {.lib = s->lib, .idx = s->idx, .kind = WX_EXT_FUNC};
    if (!s->lib && !wx_dl_find_symbol(g->dl, (uint32_t)g->members.n, s->name, &symbol)) {
        (void)undefined(t, s, "is defined by no module that is loaded");
        return NULL;
    }
    struct wx_func *f = symbol.kind == WX_EXT_FUNC ? wx_dl_func(g, symbol.lib, symbol.idx) : NULL;
    if (!f || f->sig != s->func->sig || f == s->func) {
        (void)undefined(t, s,
                        symbol.kind != WX_EXT_FUNC ? "is no function"
                        : !f || f == s->func       ? "can not be had"
                                                   : "is of another type where it is defined");
        return NULL;
    }
    return f;
}

static enum wx_outcome run(struct wx_thread *t, void *data, uint64_t *slots)
{
    struct wx_dl_stub *s = data;
    struct wx_dl_group *g = s->group;
    struct wx_dl_init init;
    wax_error *error = NULL;
    if (wx_dl_sync(g, &error) != WAX_OK) {
        t->error = t->error ? t->error : error;
        return wx_trap(t, WX_TRAP_NOMEM);
    }
    if (!g->initializing && wx_dl_next_init(g, g->n_ready, &init)) {
        if (!init.func) {
            return wx_trap(t, WX_TRAP_NOMEM);
        }
        t->out.call = (struct wx_guest_call){.func = init.func,
                                             .args = {init.arg},
                                             .then = initialized,
                                             .thrown = threw,
                                             .data = s,
                                             .slots = slots};
        return WX_CALL;
    }
    struct wx_func *f = find(t, s);
    if (!f) {
        return WX_TRAP;
    }
    if (g->n_ready == g->members.n) {
        become(s, f);
    }
    t->out.call =
        (struct wx_guest_call){.func = f, .fill = fill, .then = called, .data = s, .slots = slots};
    return WX_CALL;
}

/* `name` and `requester` live as long as the store. */
static struct wx_dl_stub *make(struct wx_dl_group *g, const struct wx_sig *sig,
                               const struct wx_dl_lib *lib, uint32_t func, struct wx_name name,
                               const char *requester)
{
    struct wx_dl_stub *s = wx_arena_alloc(g->self->store->arena, sizeof *s);
    if (!s || wx_func_new_host(g->self->store, sig, run, s, "stub", &s->func, NULL) != WAX_OK) {
        return NULL;
    }
    s->group = g;
    s->lib = lib;
    s->idx = func;
    s->name = name;
    s->requester = requester;
    if (lib && !wx_vec_push(&g->dl->env->mem, &g->stubs, s)) {
        return NULL;
    }
    s->next = g->all_stubs;
    g->all_stubs = s;
    return s;
}

/* NULL when out of memory. */
static char *keep(const struct wx_dl_group *g, const char *text, size_t len)
{
    char *copy = wx_arena_alloc(g->self->store->arena, len + 1);
    return copy && len ? memcpy(copy, text, len) : copy;
}

struct wx_func *wx_dl_stub_new(struct wx_dl_group *g, const struct wx_sig *sig,
                               const struct wx_dl_lib *lib, uint32_t func, struct wx_name name,
                               const struct wx_dl_lib *requester)
{
    const char *path = requester ? requester->path : "";
    path = keep(g, path, strlen(path));
    const struct wx_dl_stub *s = path ? make(g, sig, lib, func, name, path) : NULL;
    return s ? s->func : NULL;
}

/* Those that have become functions begin anew: they may be in a call that goes on in the copy. */
bool wx_dl_stubs_copy(struct wx_dl_group *to, const struct wx_dl_group *from,
                      struct wx_twins *twins)
{
    for (const struct wx_dl_stub *s = from->all_stubs; s; s = s->next) {
        const char *name = keep(to, s->name.p, s->name.len);
        const char *path = keep(to, s->requester, strlen(s->requester));
        const struct wx_dl_lib *lib = s->lib ? to->dl->libs[s->lib->number] : NULL;
        const struct wx_name n = {name, s->name.len};
        struct wx_dl_stub *twin =
            name && path ? make(to, s->func->sig, lib, s->idx, n, path) : NULL;
        if (!twin || !wx_twins_add(twins, s, twin) || !wx_twins_add(twins, s->func, twin->func)) {
            return false;
        }
    }
    return true;
}
