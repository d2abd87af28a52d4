/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and the objects they own. */
#include <string.h>

#include "engine/rt/engine.h"
#include "os/vm.h"

/* Tables, instances and what hangs on them: a hostile module gets no more by many tables. */
#define DEFAULT_STORE_BYTES (UINT64_C(32) << 20)

static wax_status new_store(struct wx_engine *engine, struct wx_stack_cache *stacks,
                            uint64_t stack_bytes, uint64_t memory_limit,
                            struct wx_store **ret_store, wax_error **err)
{
    struct wx_store *s = wx_zalloc(&engine->mem, sizeof *s);
    if (!s) {
        return wx_fail_nomem(err, "a store");
    }
    wx_mem_init(&s->mem, &engine->mem, memory_limit ? memory_limit : DEFAULT_STORE_BYTES);
    s->engine = wx_engine_ref(engine);
    wx_list_init(&s->instances);
    s->thread.event_fd = -1;
    s->arena = wx_arena_new(&s->mem);
    uint64_t stack = stack_bytes ? stack_bytes : engine->config.stack_bytes;
    wax_status st = s->arena ? wx_thread_init(&s->thread, s, stacks, stack ? stack : 8u << 20, err)
                             : wx_fail_nomem(err, "a store");
    if (st != WAX_OK) {
        wx_store_free(s);
        return st;
    }
    *ret_store = s;
    return WAX_OK;
}

wax_status wx_store_new(struct wx_engine *engine, uint64_t stack_bytes, uint64_t memory_limit,
                        struct wx_store **ret_store, wax_error **err)
{
    return new_store(engine, NULL, stack_bytes, memory_limit, ret_store, err);
}

wax_status wx_store_new_thread(struct wx_engine *engine, struct wx_stack_cache *stacks,
                               uint64_t stack_bytes, struct wx_store **ret_store, wax_error **err)
{
    return new_store(engine, stacks, stack_bytes, 0, ret_store, err);
}

static void free_instances(struct wx_store *s)
{
    for (struct wx_list_node *n; (n = wx_list_first(&s->instances)) != NULL;) {
        wx_list_remove(n);
        struct wx_instance *inst = WX_LIST_ENTRY(n, struct wx_instance, link);
        wx_rt_module_unref(inst->module); /* the rest lies in the arena */
    }
}

/* What a store had before it was renewed, kept for who has handles to it. */
struct wx_store_past {
    struct wx_list instances;
    struct wx_arena *arena;
    struct wx_table_list tables;
    struct wx_memory_list memories;
    struct wx_externref_list externrefs;
    struct wx_exn_heap exns;
};

static void fini_objects(struct wx_store *s)
{
    for (size_t i = 0; i < s->externrefs.n; i++) {
        if (s->externrefs.p[i].finalize) {
            s->externrefs.p[i].finalize(s->externrefs.p[i].data);
        }
    }
    wx_vec_fini(&s->mem, &s->externrefs);
    free_instances(s);
    for (size_t i = 0; i < s->tables.n; i++) {
        wx_free(&s->mem, s->tables.p[i]->elems);
        wx_free(&s->mem, s->tables.p[i]);
    }
    wx_vec_fini(&s->mem, &s->tables);
    for (size_t i = 0; i < s->memories.n; i++) {
        wx_memory_unref(s->memories.p[i]);
    }
    wx_vec_fini(&s->mem, &s->memories);
    wx_exn_heap_fini(s);
    wx_arena_free(s->arena);
}

static void move_instances(struct wx_list *to, struct wx_list *from)
{
    for (struct wx_list_node *n; (n = wx_list_first(from)) != NULL;) {
        wx_list_remove(n);
        wx_list_add(to, n);
    }
}

/* The store has no objects left. */
static void take_back(struct wx_store *s)
{
    struct wx_store_past *p = s->past;
    s->past = NULL;
    move_instances(&s->instances, &p->instances);
    s->arena = p->arena;
    s->tables = p->tables;
    s->memories = p->memories;
    s->externrefs = p->externrefs;
    s->exns = p->exns;
    wx_free(&s->mem, p);
}

/* The opposite: what it has now becomes its past. */
static void put_aside(struct wx_store *s, struct wx_store_past *p)
{
    *p = (struct wx_store_past){.arena = s->arena,
                                .tables = s->tables,
                                .memories = s->memories,
                                .externrefs = s->externrefs,
                                .exns = s->exns};
    wx_list_init(&p->instances);
    move_instances(&p->instances, &s->instances);
    s->past = p;
}

wax_status wx_store_renew(struct wx_store *s, bool keep, wax_error **err)
{
    struct wx_arena *arena = wx_arena_new(&s->mem);
    struct wx_store_past *past = keep && !s->past ? wx_alloc(&s->mem, sizeof *past) : NULL;
    if (!arena || (keep && !s->past && !past)) {
        wx_arena_free(arena);
        return wx_fail_nomem(err, "a store");
    }
    if (past) {
        put_aside(s, past);
    } else {
        fini_objects(s);
    }
    s->arena = arena;
    s->tables = (struct wx_table_list){0};
    s->memories = (struct wx_memory_list){0};
    s->externrefs = (struct wx_externref_list){0};
    s->exns = (struct wx_exn_heap){0};
    return WAX_OK;
}

void wx_store_free(struct wx_store *s)
{
    if (!s) {
        return;
    }
    fini_objects(s);
    if (s->past) {
        take_back(s);
        fini_objects(s);
    }
    wx_thread_fini(&s->thread);
    struct wx_engine *e = s->engine;
    wx_free(&e->mem, s);
    wx_engine_unref(e);
}

wax_status wx_store_externref(struct wx_store *store, void *data, void (*finalize)(void *),
                              uint64_t *ret_handle, wax_error **err)
{
    struct wx_externref ref = {.data = data, .finalize = finalize};
    if (!wx_vec_push(&store->mem, &store->externrefs, ref)) {
        return wx_fail_nomem(err, "an external reference");
    }
    *ret_handle = store->externrefs.n;
    return WAX_OK;
}

wax_status wx_store_adopt_memory(struct wx_store *store, struct wx_memory *memory, wax_error **err)
{
    for (size_t i = 0; i < store->memories.n; i++) {
        if (store->memories.p[i] == memory) {
            return WAX_OK;
        }
    }
    if (!wx_vec_push(&store->mem, &store->memories, memory)) {
        return wx_fail_nomem(err, "a memory");
    }
    (void)wx_memory_ref(memory);
    return WAX_OK;
}

void wx_store_set_fuel(struct wx_store *store, int64_t fuel) { store->thread.fuel = fuel; }

wax_status wx_func_new_host(struct wx_store *store, const struct wx_sig *sig, wx_host_fn fn,
                            void *data, const char *name, struct wx_func **ret_func,
                            wax_error **err)
{
    size_t len = strlen(name) + 1;
    struct wx_func *f = wx_arena_alloc(store->arena, sizeof *f);
    char *copy = wx_arena_alloc(store->arena, len);
    if (!f || !copy) {
        return wx_fail_nomem(err, "a host function");
    }
    memcpy(copy, name, len);
    *f = (struct wx_func){.kind = WX_FUNC_HOST,
                          .sig_id = sig->id,
                          .sig = sig,
                          .host = fn,
                          .data = data,
                          .store = store,
                          .name = copy};
    *ret_func = f;
    return WAX_OK;
}

wax_status wx_global_init(struct wx_store *store, struct wx_global *g,
                          const struct wx_globaltype *type, const uint64_t value[2],
                          wax_error **err)
{
    bool is_exn = wx_type_is_ref(type->type) && wx_type_slots(type->type) == 2;
    if (is_exn && !wx_vec_push(&store->mem, &store->exns.globals, g)) {
        return wx_fail_nomem(err, "a global");
    }
    g->type = *type;
    g->store = store;
    g->value[0] = value[0];
    g->value[1] = value[1];
    return WAX_OK;
}

wax_status wx_global_new(struct wx_store *store, const struct wx_globaltype *type,
                         const uint64_t value[2], struct wx_global **ret_global, wax_error **err)
{
    struct wx_global *g = wx_arena_alloc(store->arena, sizeof *g);
    wax_status st = g ? wx_global_init(store, g, type, value, err) : wx_fail_nomem(err, "a global");
    if (st == WAX_OK) {
        *ret_global = g;
    }
    return st;
}

wax_status wx_tag_new(struct wx_store *store, const struct wx_sig *sig, struct wx_tag **ret_tag,
                      wax_error **err)
{
    struct wx_tag *tag = wx_arena_alloc(store->arena, sizeof *tag);
    if (!tag) {
        return wx_fail_nomem(err, "a tag");
    }
    *tag = (struct wx_tag){.sig = sig, .store = store};
    *ret_tag = tag;
    return WAX_OK;
}

struct wx_func *wx_instance_func(struct wx_instance *inst, uint32_t func_idx)
{
    if (inst->funcs[func_idx]) {
        return inst->funcs[func_idx];
    }
    struct wx_func *f = wx_arena_alloc(inst->store->arena, sizeof *f);
    if (!f) {
        return NULL;
    }
    const struct wx_module *m = inst->module->wasm;
    const struct wx_sig *sig = inst->module->sigs[m->funcs[func_idx].type_idx];
    *f = (struct wx_func){.kind = WX_FUNC_WASM,
                          .sig_id = sig->id,
                          .sig = sig,
                          .instance = inst,
                          .code = &inst->codes[func_idx - m->n_func_imports],
                          .store = inst->store,
                          .func_idx = func_idx,
                          .name = ""};
    inst->funcs[func_idx] = f;
    return f;
}

bool wx_instance_export(struct wx_instance *inst, const char *name, size_t len,
                        struct wx_extern *ret_extern)
{
    const struct wx_export *e = wx_module_find_export(inst->module->wasm, name, len);
    return e && wx_instance_extern(inst, e->kind, e->idx, ret_extern);
}

bool wx_instance_extern(struct wx_instance *inst, uint32_t kind, uint32_t idx,
                        struct wx_extern *ret_extern)
{
    ret_extern->kind = kind;
    switch (kind) {
    case WX_EXT_FUNC:
        ret_extern->u.func = wx_instance_func(inst, idx);
        return ret_extern->u.func != NULL;
    case WX_EXT_TABLE: ret_extern->u.table = inst->tables[idx]; return true;
    case WX_EXT_MEMORY: ret_extern->u.memory = inst->memories[idx]; return true;
    case WX_EXT_GLOBAL:
        /* value is the first field: the cell's address is the object's. */
        ret_extern->u.global = (struct wx_global *)(void *)inst->globals[idx];
        return true;
    default: ret_extern->u.tag = inst->tags[idx]; return true;
    }
}
