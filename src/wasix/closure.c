/* SPDX-License-Identifier: Apache-2.0 */
/* closure_allocate, closure_prepare, closure_free: functions made at run time. */
/*
 * A closure is a host function in the guest's table. Called, it lays its arguments on the C stack
 * of the guest and runs backing(arguments, results, environment); what that left at `results` is
 * what it returns. Nothing is compiled.
 *
 * Numbers are reserved by growing the table, some at a time, and given back to be reserved again;
 * the table never shrinks. Function objects keep their type for ever, for the guest may keep
 * references to them: one that is free serves the next closure of the same type. So everything here
 * is bounded by what is in use at once, and lies in the store of the main thread, which no thread
 * outlives.
 *
 * Each thread has a table of its own, which only it may write. One that is started later gets the
 * closures there are (wx_closures_inherit); one that runs already can not. So they are made while
 * the process has one thread only: whoever gets the number can call it.
 *
 * A forked child has closures of its own, all that its parent had at the same numbers; free ones,
 * too, as the guest may refer to them still.
 *
 * `live` is atomic: any thread may free a closure while others call it, which traps or not. Its
 * other fields are written while there is one thread. All lists are guarded by env->lock.
 */
#include <string.h>

#include "base/atomic.h"
#include "base/check.h"
#include "wasi/dl.h"
#include "wasi/handlers.h"
#include "wasix/callable.h"

#define MAX_VALUES 1000u /* parameters, and results, of a function: as in wasm */
#define MAX_NEW_TYPES                                                                              \
    16384u /* parameters and results of types no module has: the engine keeps them */
#define FIRST_CHUNK 64u

struct closure {
    struct closure *next;  /* in its pool, when free */
    struct closure *older; /* made before it */
    struct pool *pool;
    struct wx_closures *owner;
    struct wx_func *func; /* of the main thread */
    uint32_t live;        /* atomic */
    uint32_t backing;     /* number of the function to run */
    uint64_t environment; /* as it was given */
    bool is64;
};

/* Free ones of one type. */
struct pool {
    struct pool *next;
    const struct wx_sig *sig;
    struct closure *free;
};

struct slot {
    struct slot *next; /* in the free list */
    uint32_t idx;
    bool taken;
    struct closure *closure; /* prepared; or NULL */
};

/* Numbers that follow each other. */
struct chunk {
    struct chunk *next;
    uint32_t first, n;
    struct slot slots[];
};

struct wx_closures {
    struct chunk *chunks; /* each twice as large as the one before; grows with one thread only */
    struct chunk *spare;  /* the next one: the table could not grow */
    struct slot *free;
    struct pool *pools;
    struct closure *newest;
    uint32_t n_new_types; /* at most MAX_NEW_TYPES */
    uint32_t sp_idx;      /* the global that is the C stack pointer */
};

/* -------- running one -------- */

enum { OLD_SP, RESULTS, RESULTS_LEN }; /* state of a call */

static uint64_t *stack_pointer(const struct wx_guest_thread *g, const struct wx_closures *all)
{
    return g->instance->globals[all->sp_idx];
}

static enum wx_outcome returned(struct wx_thread *t)
{
    const struct wx_guest_call *call = &t->out.call;
    const struct closure *cl = call->data;
    const struct wx_guest_thread *g = t->owner;
    const struct wx_sig *sig = cl->func->sig;
    stack_pointer(g, cl->owner)[0] = call->state[OLD_SP];
    wx_values_load(g->env->memory, call->state[RESULTS], call->state[RESULTS_LEN],
                   sig->types + sig->n_params, sig->n_results, call->slots);
    return WX_DONE;
}

/* The function that is to be run, checked as call_indirect would. */
static struct wx_func *find_backing(const struct wx_guest_thread *g, const struct closure *cl,
                                    enum wx_trap *ret_trap)
{
    struct wx_table *table = wx_callable_table(g);
    struct wx_func *f = table ? wx_callable_find(table, cl->backing) : NULL;
    wx_valtype word = cl->is64 ? WX_KIND_I64 : WX_KIND_I32;
    if (!f) {
        *ret_trap = table && cl->backing < table->size ? WX_TRAP_INDIRECT_NULL : WX_TRAP_TABLE_OOB;
        return NULL;
    }
    const struct wx_sig *sig = f->sig;
    if (sig->n_params != 3 || sig->n_results != 0 || sig->types[0] != word ||
        sig->types[1] != word || sig->types[2] != word) {
        *ret_trap = WX_TRAP_SIGNATURE;
        return NULL;
    }
    return f;
}

static enum wx_outcome fail(struct wx_thread *t, enum wx_trap trap, const char *why)
{
    (void)wx_fail(&t->error, WAX_TRAP, "%s: %s", wax_trap_name((wax_trap_code)trap), why);
    return wx_trap(t, trap);
}

static enum wx_outcome run_closure(struct wx_thread *t, void *data, uint64_t *slots)
{
    struct closure *cl = data;
    const struct wx_guest_thread *g = t->owner;
    const struct wx_sig *sig = cl->func->sig;
    if (!g || g->env->closures != cl->owner || !wx_load_acquire(&cl->live)) {
        return fail(t, WX_TRAP_INDIRECT_NULL, "the closure was freed");
    }
    enum wx_trap trap = WX_TRAP_NONE;
    struct wx_func *f = find_backing(g, cl, &trap);
    if (!f) {
        return fail(t, trap, "the function behind a closure");
    }
    uint64_t params = 0, results = 0; /* scalars all: looked at when it was prepared */
    (void)wx_values_bytes(sig->types, sig->n_params, &params);
    (void)wx_values_bytes(sig->types + sig->n_params, sig->n_results, &results);
    uint64_t *sp = stack_pointer(g, cl->owner);
    uint64_t old = cl->is64 ? sp[0] : (uint32_t)sp[0];
    uint64_t need = ((params + 15) & ~UINT64_C(15)) + results;
    uint64_t at = old >= need ? (old - need) & ~UINT64_C(15) : 0;
    if (old < need || !wx_memory_in_bounds(g->env->memory, at, need)) {
        return fail(t, WX_TRAP_STACK_OVERFLOW, "no room for the values of a closure");
    }
    uint64_t results_at = at + need - results;
    wx_values_store(g->env->memory, at, params, sig->types, sig->n_params, slots);
    wx_values_clear(g->env->memory, results_at, results);
    sp[0] = at;
    t->out.call = (struct wx_guest_call){.func = f,
                                         .args = {at, results_at, cl->environment},
                                         .then = returned,
                                         .data = cl,
                                         .slots = slots,
                                         .state = {old, results_at, results}};
    return WX_CALL;
}

/* -------- numbers -------- */

static bool is_closure(const struct wx_func *func)
{
    return func->kind == WX_FUNC_HOST && func->host == run_closure;
}

static struct slot *find_slot(const struct wx_closures *all, uint64_t idx)
{
    for (struct chunk *ch = all ? all->chunks : NULL; ch; ch = ch->next) {
        if (idx >= ch->first && idx - ch->first < ch->n) {
            return &ch->slots[idx - ch->first];
        }
    }
    return NULL;
}

bool wx_closure_owns(const struct wx_guest_thread *self, uint64_t idx)
{
    return find_slot(self->env->closures, idx) != NULL;
}

/* Why there can be no closure; said once the lock is free. */
enum refusal { FINE, NO_MEMORY, NO_STACK_POINTER, NO_ROOM, NOT_ALONE };

static wx_werrno refuse(const struct wx_wasi_call *c, enum refusal why)
{
    static const char *const texts[] = {
        [NO_STACK_POINTER] = "there is no '__stack_pointer' (link with --export=__stack_pointer)",
        [NO_ROOM] = "the table of functions can not grow (link the module with --growable-table)",
        [NOT_ALONE] = "other threads, whose tables are their own, would not see it",
    };
    if (why != FINE && texts[why]) {
        wx_logf(&c->env->log, WX_LOG_WARN, "closure", "no closure: %s", texts[why]);
    }
    return why == FINE ? 0 : why == NO_MEMORY ? WX_WERRNO_NOMEM : WX_WERRNO_NOTSUP;
}

/* Would everybody see a closure made now? */
static bool alone(const struct wx_wasi_call *c) WAX_REQUIRES(&c->env->lock)
{
    return c->env->n_threads == 1 && c->self->is_main;
}

static enum refusal find_stack_pointer(const struct wx_wasi_call *c, uint32_t *ret_idx)
{
    const struct wx_module *w = c->env->module->wasm;
    const struct wx_export *e = wx_module_find_export(w, "__stack_pointer", 15);
    uint8_t kind = c->is64 ? WX_KIND_I64 : WX_KIND_I32;
    uint32_t idx = e && e->kind == WX_EXT_GLOBAL ? e->idx : WAX_NO_INDEX;
    for (uint32_t i = 0; c->env->dl && i < w->n_imports && idx == WAX_NO_INDEX; i++) {
        const struct wx_import *im = &w->imports[i]; /* all modules of the thread have the same */
        bool is_it = im->kind == WX_EXT_GLOBAL && im->name.len == 15 &&
                     memcmp(im->name.p, "__stack_pointer", 15) == 0;
        idx = is_it ? im->idx : idx;
    }
    if (idx == WAX_NO_INDEX || !w->globals[idx].type.mut ||
        wx_type_kind(w->globals[idx].type.type) != kind) {
        return NO_STACK_POINTER;
    }
    *ret_idx = idx;
    return FINE;
}

/* Memory of a kind that lives as long as the main thread's store. */
static void *keep(const struct wx_env *env, size_t size)
{
    return wx_arena_alloc(env->main.store->arena, size);
}

/* Reserve more: as many as there is room for. */
static enum refusal grow(const struct wx_wasi_call *c, struct wx_table *table,
                         struct wx_closures *all)
{
    const uint64_t null[2] = {0, 0};
    uint64_t room = table->max - table->size;
    uint64_t n = all->chunks ? 2 * (uint64_t)all->chunks->n : FIRST_CHUNK;
    if (room == 0 || table->size + n > UINT32_MAX) {
        return all->chunks ? NO_MEMORY : NO_ROOM;
    }
    struct chunk *ch = all->spare ? all->spare : keep(c->env, sizeof *ch + n * sizeof ch->slots[0]);
    all->spare = ch;
    n = n > room ? room : n;
    uint64_t first = !ch          ? UINT64_MAX
                     : c->env->dl ? wx_dl_grow_table(c->self, n)
                                  : wx_table_grow(table, n, null);
    if (first == UINT64_MAX) {
        return NO_MEMORY;
    }
    *ch = (struct chunk){.next = all->chunks, .first = (uint32_t)first, .n = (uint32_t)n};
    all->chunks = ch;
    all->spare = NULL;
    for (uint32_t i = ch->n; i-- > 0;) { /* the lowest is given out first */
        ch->slots[i] = (struct slot){.next = all->free, .idx = ch->first + i};
        all->free = &ch->slots[i];
    }
    return FINE;
}

static enum refusal allocate(const struct wx_wasi_call *c, struct wx_table *table,
                             uint32_t *ret_idx) WAX_REQUIRES(&c->env->lock)
{
    if (!alone(c)) {
        return NOT_ALONE;
    }
    struct wx_closures *all = c->env->closures;
    all = all ? all : keep(c->env, sizeof *all);
    if (!all) {
        return NO_MEMORY;
    }
    c->env->closures = all;
    enum refusal why = find_stack_pointer(c, &all->sp_idx);
    if (why == FINE && !all->free) {
        why = grow(c, table, all);
    }
    struct slot *s = why == FINE ? all->free : NULL;
    if (s) {
        all->free = s->next;
        s->taken = true;
        *ret_idx = s->idx;
    }
    return s || why != FINE ? why : NO_MEMORY;
}

wx_wasi_ret wx_wasi_closure_allocate(struct wx_wasi_call *c, const uint64_t *a)
{
    struct wx_table *table = wx_callable_table(c->self);
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, 4);
    if (e || !table) {
        return e ? e : WX_WERRNO_NOTSUP;
    }
    uint32_t idx = 0;
    wx_mutex_lock(&c->env->lock);
    enum refusal why = allocate(c, table, &idx);
    wx_mutex_unlock(&c->env->lock);
    return why == FINE ? wx_guest_write_u32(c, (wx_gptr){a[0]}, idx) : refuse(c, why);
}

/* -------- what they are -------- */

/* Give a closure back; calls through what is left of it trap. */
static void retire(struct closure *cl)
{
    wx_store_release(&cl->live, 0);
    cl->next = cl->pool->free;
    cl->pool->free = cl;
}

static void clear(struct wx_guest_thread *self, struct slot *s)
{
    const uint64_t null[2] = {0, 0};
    struct wx_table *table = wx_callable_table(self);
    struct wx_func *f = table ? wx_callable_find(table, s->idx) : NULL;
    if (f && is_closure(f) && f->data == s->closure) {
        wx_table_set(table, s->idx, null);
    }
    if (s->closure) {
        retire(s->closure);
    }
    s->closure = NULL;
}

wx_wasi_ret wx_wasi_closure_free(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_mutex_lock(&c->env->lock);
    struct wx_closures *all = c->env->closures;
    struct slot *s = find_slot(all, (uint32_t)a[0]);
    if (s && s->taken) {
        clear(c->self, s);
        s->taken = false;
        s->next = all->free;
        all->free = s;
    }
    wx_mutex_unlock(&c->env->lock);
    return 0; /* what is none is ignored */
}

/* The type; one that no module has is made, within bounds. */
static wx_werrno find_sig(struct wx_wasi_call *c, struct wx_closures *all, const wx_valtype *types,
                          uint32_t n_params, uint32_t n_results, const struct wx_sig **ret)
{
    *ret = wx_sig_find(c->env->engine, types, n_params, n_results);
    if (*ret) {
        return 0;
    }
    uint32_t n = 8 + n_params + n_results; /* with what the entry itself costs */
    if (MAX_NEW_TYPES - all->n_new_types < n ||
        wx_sig_intern(c->env->engine, types, n_params, n_results, ret, NULL) != WAX_OK) {
        return WX_WERRNO_NOMEM;
    }
    all->n_new_types += n;
    return 0;
}

static struct pool *find_pool(const struct wx_wasi_call *c, struct wx_closures *all,
                              const struct wx_sig *sig)
{
    struct pool *p = all->pools;
    while (p && p->sig != sig) {
        p = p->next;
    }
    if (!p) {
        p = keep(c->env, sizeof *p);
        if (p) {
            p->sig = sig;
            p->next = all->pools;
            all->pools = p;
        }
    }
    return p;
}

/* It is the newest one from here on. */
static struct closure *new_closure(struct wx_env *env, struct wx_closures *all, struct pool *pool)
{
    struct closure *cl = keep(env, sizeof *cl);
    if (!cl || wx_func_new_host(env->main.store, pool->sig, run_closure, cl, "closure", &cl->func,
                                NULL) != WAX_OK) {
        return NULL;
    }
    cl->owner = all;
    cl->pool = pool;
    cl->older = all->newest;
    all->newest = cl;
    return cl;
}

/* A closure of a type, free or new. */
static struct closure *get_closure(const struct wx_wasi_call *c, struct wx_closures *all,
                                   const struct wx_sig *sig)
{
    struct pool *p = find_pool(c, all, sig);
    struct closure *cl = p ? p->free : NULL;
    if (cl) {
        p->free = cl->next;
        return cl;
    }
    return p ? new_closure(c->env, all, p) : NULL;
}

static wx_werrno prepare(struct wx_wasi_call *c, const uint64_t *a, const wx_valtype *types)
    WAX_REQUIRES(&c->env->lock)
{
    struct wx_closures *all = c->env->closures;
    struct wx_table *table = wx_callable_table(c->self);
    struct slot *s = find_slot(all, (uint32_t)a[1]);
    if (!s || !s->taken || !table || s->idx >= table->size) {
        return WX_WERRNO_INVAL;
    }
    if (!alone(c)) {
        return WX_WERRNO_NOTSUP; /* made before other threads were started */
    }
    struct closure model = {.backing = (uint32_t)a[0], .is64 = c->is64};
    enum wx_trap trap;
    if (!find_backing(c->self, &model, &trap)) {
        return WX_WERRNO_INVAL;
    }
    const struct wx_sig *sig;
    wx_werrno e = find_sig(c, all, types, (uint32_t)a[3], (uint32_t)a[5], &sig);
    struct closure *cl = e ? NULL : get_closure(c, all, sig);
    if (!cl) {
        return e ? e : WX_WERRNO_NOMEM;
    }
    clear(c->self, s);
    cl->backing = model.backing;
    cl->environment = a[6];
    cl->is64 = c->is64;
    wx_store_release(&cl->live, 1);
    s->closure = cl;
    const uint64_t ref[2] = {(uint64_t)(uintptr_t)cl->func, 0};
    wx_table_set(table, s->idx, ref);
    return 0;
}

static wx_werrno read_types(struct wx_wasi_call *c, uint64_t ptr, uint32_t n, wx_valtype *types)
{
    static const wx_valtype known[] = {WX_KIND_I32, WX_KIND_I64, WX_KIND_F32, WX_KIND_F64,
                                       WX_KIND_V128};
    uint8_t codes[MAX_VALUES];
    wx_werrno e = wx_guest_read(c, (wx_gptr){ptr}, codes, n);
    for (uint32_t i = 0; i < n && !e; i++) {
        if (codes[i] >= WX_ARRAY_LEN(known)) {
            return WX_WERRNO_INVAL;
        }
        types[i] = known[codes[i]];
    }
    return e;
}

wx_wasi_ret wx_wasi_closure_prepare(struct wx_wasi_call *c, const uint64_t *a)
{
    wx_valtype types[2 * MAX_VALUES];
    if (a[3] > MAX_VALUES || a[5] > MAX_VALUES) {
        return WX_WERRNO_INVAL;
    }
    wx_werrno e = read_types(c, a[2], (uint32_t)a[3], types);
    e = e ? e : read_types(c, a[4], (uint32_t)a[5], types + a[3]);
    if (!e) {
        wx_mutex_lock(&c->env->lock);
        e = prepare(c, a, types);
        wx_mutex_unlock(&c->env->lock);
    }
    return e;
}

/* -------- threads -------- */

static bool put_closure(struct wx_guest_thread *g, struct wx_table *table, const struct slot *s)
{
    struct wx_func *f;
    if (wx_func_new_host(g->store, s->closure->func->sig, run_closure, s->closure, "closure", &f,
                         NULL) != WAX_OK) {
        return false;
    }
    const uint64_t ref[2] = {(uint64_t)(uintptr_t)f, 0};
    wx_table_set(table, s->idx, ref);
    return true;
}

static bool put_chunk(struct wx_guest_thread *g, struct wx_table *table, const struct chunk *ch)
    WAX_REQUIRES(&g->env->lock)
{
    const uint64_t null[2] = {0, 0};
    uint64_t end = (uint64_t)ch->first + ch->n;
    if (table->size < end && wx_table_grow(table, end - table->size, null) == UINT64_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < ch->n; i++) {
        if (ch->slots[i].closure && !put_closure(g, table, &ch->slots[i])) {
            return false;
        }
    }
    return true;
}

bool wx_closures_inherit(struct wx_guest_thread *g)
{
    struct wx_table *table = g->env->closures ? wx_callable_table(g) : NULL;
    bool ok = true;
    wx_mutex_lock(&g->env->lock);
    for (struct chunk *ch = table ? g->env->closures->chunks : NULL; ch && ok; ch = ch->next) {
        ok = put_chunk(g, table, ch);
    }
    wx_mutex_unlock(&g->env->lock);
    return ok;
}

/* -------- children -------- */

static bool copy_pools(struct wx_env *child, struct wx_closures *to, const struct wx_closures *from)
{
    struct pool **end = &to->pools;
    for (const struct pool *p = from->pools; p; p = p->next) {
        struct pool *copy = keep(child, sizeof *copy);
        if (!copy || !wx_twins_add(child->main.store->twins, p, copy)) {
            return false;
        }
        copy->sig = p->sig;
        *end = copy;
        end = &copy->next;
    }
    return true;
}

static bool copy_closure(struct wx_env *child, struct wx_closures *to, const struct closure *cl)
{
    struct wx_twins *twins = child->main.store->twins;
    struct pool *pool = wx_twins_find(twins, cl->pool);
    struct closure *copy = new_closure(child, to, pool);
    if (!copy || !wx_twins_add(twins, cl, copy) || !wx_twins_add(twins, cl->func, copy->func)) {
        return false;
    }
    copy->live = wx_load_acquire(&cl->live);
    copy->backing = cl->backing;
    copy->environment = cl->environment;
    copy->is64 = cl->is64;
    if (!copy->live) {
        copy->next = pool->free;
        pool->free = copy;
    }
    return true;
}

static bool copy_chunks(struct wx_env *child, struct wx_closures *to,
                        const struct wx_closures *from)
{
    struct chunk **end = &to->chunks;
    for (const struct chunk *ch = from->chunks; ch; ch = ch->next) {
        struct chunk *copy = keep(child, sizeof *copy + ch->n * sizeof ch->slots[0]);
        if (!copy) {
            return false;
        }
        copy->first = ch->first;
        copy->n = ch->n;
        for (uint32_t i = 0; i < ch->n; i++) {
            const struct slot *s = &ch->slots[i];
            copy->slots[i] = (struct slot){.idx = s->idx, .taken = s->taken};
            if (s->closure) {
                copy->slots[i].closure = wx_twins_find(child->main.store->twins, s->closure);
            }
        }
        *end = copy;
        end = &copy->next;
    }
    struct slot **last = &to->free; /* given out in the same order */
    for (const struct slot *s = from->free; s; s = s->next) {
        *last = find_slot(to, s->idx);
        last = &(*last)->next;
    }
    return true;
}

/* What stands for closures in the table of a thread other than the main one. */
static bool name_functions(struct wx_env *child, const struct wx_guest_thread *self,
                           const struct wx_closures *from)
{
    struct wx_twins *twins = child->main.store->twins;
    const struct wx_table *table = wx_callable_table(self);
    bool ok = true;
    for (const struct chunk *ch = from->chunks; ch && table && ok; ch = ch->next) {
        for (uint64_t i = ch->first; i < (uint64_t)ch->first + ch->n && i < table->size; i++) {
            const struct wx_func *f = (const struct wx_func *)(uintptr_t)table->elems[i].ref;
            const struct closure *copy = f && is_closure(f) ? wx_twins_find(twins, f->data) : NULL;
            ok = ok && (!copy || wx_twins_add(twins, f, copy->func));
        }
    }
    return ok;
}

static bool copy_all(struct wx_env *child, const struct wx_env *parent,
                     const struct wx_guest_thread *self) WAX_REQUIRES(&parent->lock)
{
    const struct wx_closures *from = parent->closures;
    struct wx_closures *to = keep(child, sizeof *to);
    if (!to || !copy_pools(child, to, from)) {
        return false;
    }
    to->n_new_types = from->n_new_types;
    to->sp_idx = from->sp_idx;
    for (const struct closure *cl = from->newest; cl; cl = cl->older) {
        if (!copy_closure(child, to, cl)) {
            return false;
        }
    }
    child->closures = to;
    return copy_chunks(child, to, from) && name_functions(child, self, from);
}

bool wx_closures_copy(struct wx_env *child, const struct wx_guest_thread *self)
{
    struct wx_env *parent = self->env;
    wx_mutex_lock(&parent->lock);
    bool ok = !parent->closures || copy_all(child, parent, self);
    wx_mutex_unlock(&parent->lock);
    return ok;
}
