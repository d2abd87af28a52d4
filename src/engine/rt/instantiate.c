/* SPDX-License-Identifier: Apache-2.0 */
/* From module and imports to instance (spec 4.5.3, 4.5.4). */
#include <string.h>

#include "base/check.h"
#include "engine/rt/engine.h"
#include "os/vm.h"

/* -------- import matching -------- */

static const char *const kind_names[] = {"function", "table", "memory", "global", "tag"};

struct matcher {
    const struct wx_store *store; /* what the instance will live in */
    const struct wx_rt_module *module;
    const struct wx_import *import;
    wax_error **err;
};

static wax_status mismatch(const struct matcher *mt, const char *why)
{
    const struct wx_import *im = mt->import;
    return wx_fail(mt->err, WAX_E_LINK, "incompatible import type for %s '%.*s.%.*s': %s",
                   kind_names[im->kind], (int)im->module.len, im->module.p ? im->module.p : "",
                   (int)im->name.len, im->name.p ? im->name.p : "", why);
}

/* `have` (present size, maximum) may stand in for `want`. */
static bool limits_fit(uint64_t size, bool has_max, uint64_t max, const struct wx_limits *want)
{
    return size >= want->min && (!want->has_max || (has_max && max <= want->max));
}

static wax_status match_table(const struct matcher *mt, const struct wx_table *have)
{
    const struct wx_tabletype *want = &mt->module->wasm->tables[mt->import->idx].type;
    if (have->type.elem != wx_sig_globalize(mt->module->sigs, want->elem)) {
        return mismatch(mt, "element types differ");
    }
    if (have->type.limits.is64 != want->limits.is64) {
        return mismatch(mt, "index types differ");
    }
    if (!limits_fit(have->size, have->type.limits.has_max, have->type.limits.max, &want->limits)) {
        return mismatch(mt, "size is outside the declared limits");
    }
    return WAX_OK;
}

static wax_status match_memory(const struct matcher *mt, const struct wx_memory *have)
{
    const struct wx_limits *want = &mt->module->wasm->memories[mt->import->idx];
    if (have->type.is64 != want->is64) {
        return mismatch(mt, "address types differ");
    }
    if (have->type.shared != want->shared) {
        return mismatch(mt, have->type.shared ? "memory is shared" : "memory is not shared");
    }
    if (have->type.page_shift != want->page_shift) {
        return mismatch(mt, "page sizes differ");
    }
    if (!limits_fit(wx_memory_pages(have), have->type.has_max, have->type.max, want)) {
        return mismatch(mt, "size is outside the declared limits");
    }
    return WAX_OK;
}

static wax_status match_global(const struct matcher *mt, const struct wx_global *have)
{
    const struct wx_globaltype *want = &mt->module->wasm->globals[mt->import->idx].type;
    wx_valtype type = wx_sig_globalize(mt->module->sigs, want->type);
    if (have->type.mut != want->mut) {
        return mismatch(mt, "mutability differs");
    }
    bool ok = want->mut ? have->type.type == type : wx_sig_valtype_matches(have->type.type, type);
    return ok ? WAX_OK : mismatch(mt, "value types differ");
}

/* Objects point into their store, so they can not be used from another; memories are counted. */
static bool is_foreign(const struct matcher *mt, const struct wx_extern *have)
{
    switch (have->kind) {
    case WX_EXT_FUNC: return have->u.func->store != mt->store;
    case WX_EXT_TABLE: return have->u.table->store != mt->store;
    case WX_EXT_GLOBAL: return have->u.global->store != mt->store;
    default: return false;
    }
}

static wax_status match_import(const struct matcher *mt, const struct wx_extern *have)
{
    const struct wx_rt_module *m = mt->module;
    uint32_t idx = mt->import->idx;
    if (is_foreign(mt, have)) {
        return mismatch(mt, "it belongs to another store");
    }
    if (have->kind != mt->import->kind) {
        return mismatch(mt, "it is of another kind");
    }
    switch (have->kind) {
    case WX_EXT_FUNC:
        return have->u.func->sig == m->sigs[m->wasm->funcs[idx].type_idx]
                   ? WAX_OK
                   : mismatch(mt, "signatures differ");
    case WX_EXT_TABLE: return match_table(mt, have->u.table);
    case WX_EXT_MEMORY: return match_memory(mt, have->u.memory);
    case WX_EXT_GLOBAL: return match_global(mt, have->u.global);
    default:
        return have->u.tag->sig == m->sigs[m->wasm->tags[idx]] ? WAX_OK
                                                               : mismatch(mt, "tag types differ");
    }
}

/*
 * Objects may only be linked within their store (a shared memory may be in several): another one
 * may run on another thread, end sooner, or number its function types differently.
 */
static wax_status match_store(const struct matcher *mt, const struct wx_extern *have,
                              const struct wx_store *store)
{
    bool same = true;
    switch (have->kind) {
    case WX_EXT_FUNC: same = have->u.func->store == store; break;
    case WX_EXT_TABLE: same = have->u.table->store == store; break;
    case WX_EXT_GLOBAL: same = have->u.global->store == store; break;
    case WX_EXT_TAG: same = have->u.tag->store == store; break;
    case WX_EXT_MEMORY: same = have->u.memory->engine == store->engine; break;
    default: break;
    }
    return same ? WAX_OK : mismatch(mt, "it belongs to another store");
}

/* -------- making the instance -------- */

struct wx_instance *wx_instance_alloc(struct wx_store *store, struct wx_rt_module *module)
{
    const struct wx_module *w = module->wasm;
    struct wx_arena *a = store->arena;
    struct wx_instance *inst = wx_arena_alloc(
        a, sizeof *inst + (size_t)(w->n_globals - w->n_global_imports) * sizeof *inst->own_globals);
    if (!inst) {
        return NULL;
    }
    inst->memories = wx_arena_array(a, w->n_memories, sizeof *inst->memories);
    inst->tables = wx_arena_array(a, w->n_tables, sizeof *inst->tables);
    inst->globals = wx_arena_array(a, w->n_globals, sizeof *inst->globals);
    inst->funcs = wx_arena_array(a, w->n_funcs, sizeof *inst->funcs);
    inst->tags = wx_arena_array(a, w->n_tags, sizeof *inst->tags);
    inst->dropped_elems = wx_arena_alloc(a, w->n_elems);
    inst->dropped_datas = wx_arena_alloc(a, w->n_datas);
    if (!inst->memories || !inst->tables || !inst->globals || !inst->funcs || !inst->tags ||
        !inst->dropped_elems || !inst->dropped_datas) {
        return NULL;
    }
    inst->store = store;
    inst->thread = &store->thread;
    inst->sigs = module->sigs;
    inst->heat = module->heat;
    inst->module = wx_rt_module_ref(module);
    wx_list_add(&store->instances, &inst->link);
    return inst;
}

wax_status wx_instance_bind_imports(struct wx_instance *inst, const struct wx_extern *imports,
                                    wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = 0; i < w->n_imports; i++) {
        struct matcher mt = {inst->store, inst->module, &w->imports[i], err};
        wax_status st = match_import(&mt, &imports[i]);
        if (st == WAX_OK) {
            st = match_store(&mt, &imports[i], inst->store);
        }
        if (st != WAX_OK) {
            return st;
        }
        uint32_t idx = w->imports[i].idx;
        switch (imports[i].kind) {
        case WX_EXT_FUNC: inst->funcs[idx] = imports[i].u.func; break;
        case WX_EXT_TABLE: inst->tables[idx] = imports[i].u.table; break;
        case WX_EXT_MEMORY:
            inst->memories[idx] = imports[i].u.memory;
            st = wx_store_adopt_memory(inst->store, imports[i].u.memory, err);
            break;
        case WX_EXT_GLOBAL: inst->globals[idx] = imports[i].u.global->value; break;
        default:
            inst->tags[idx] = imports[i].u.tag;
            if (imports[i].u.tag->store != inst->store) {
                st = mismatch(&mt, "it belongs to another store");
            }
        }
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

static wax_status make_memories(struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = w->n_memory_imports; i < w->n_memories; i++) {
        struct wx_memory *m;
        const struct wx_store *s = inst->store;
        wax_status st = (s->forkable ? wx_memory_new_forkable : wx_memory_new)(
            s->engine, &w->memories[i], s->max_memory_bytes, &m, err);
        if (st == WAX_OK) {
            st = wx_store_adopt_memory(inst->store, m, err);
            wx_memory_unref(m); /* the store holds it, or nobody */
        }
        if (st != WAX_OK) {
            return st;
        }
        inst->memories[i] = m;
    }
    return wx_instance_use_memory(inst, err);
}

wax_status wx_instance_use_memory(struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    struct wx_memory *mem0 = w->n_memories ? inst->memories[0] : NULL;
    inst->mem0 = mem0 ? mem0->base : NULL;
    inst->codes = wx_rt_module_codes(inst->module, wx_rt_module_mode(mem0));
    return inst->codes ? WAX_OK : wx_fail_nomem(err, "code tables");
}

static wax_status make_globals(struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = w->n_global_imports; i < w->n_globals; i++) {
        struct wx_globaltype type = w->globals[i].type;
        type.type = wx_sig_globalize(inst->module->sigs, type.type);
        uint64_t value[2];
        struct wx_global *g = &inst->own_globals[i - w->n_global_imports];
        if (!wx_constexpr_eval(inst, &w->globals[i].init, value)) {
            return wx_fail_nomem(err, "a global");
        }
        wax_status st = wx_global_init(inst->store, g, &type, value, err);
        if (st != WAX_OK) {
            return st;
        }
        inst->globals[i] = g->value;
    }
    return WAX_OK;
}

static wax_status make_tables(struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = w->n_table_imports; i < w->n_tables; i++) {
        struct wx_tabletype type = w->tables[i].type;
        type.elem = wx_sig_globalize(inst->module->sigs, type.elem);
        uint64_t init[2] = {0, 0};
        if (w->tables[i].has_init && !wx_constexpr_eval(inst, &w->tables[i].init, init)) {
            return wx_fail_nomem(err, "a table");
        }
        wax_status st = wx_table_new(inst->store, &type, init, &inst->tables[i], err);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

wax_status wx_instance_make_tags(struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = w->n_tag_imports; i < w->n_tags; i++) {
        wax_status st =
            wx_tag_new(inst->store, inst->module->sigs[w->tags[i]], &inst->tags[i], err);
        if (st != WAX_OK) {
            return st;
        }
        inst->tags[i]->instance = inst;
        inst->tags[i]->idx = i;
    }
    return WAX_OK;
}

/* -------- active segments -------- */

static wax_status segment_trap(enum wx_trap trap, const char *what, uint32_t idx, wax_error **err)
{
    if (trap == WX_TRAP_NOMEM) {
        return wx_fail_nomem(err, what);
    }
    (void)wx_fail(err, WAX_TRAP, "%s, while placing active %s segment %u", wax_trap_name(trap),
                  what, idx);
    wx_error_set_trap(err, trap);
    return WAX_TRAP;
}

static wax_status place_elems(struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = 0; i < w->n_elems; i++) {
        const struct wx_elem_segment *s = &w->elems[i];
        if (s->mode == WX_SEG_ACTIVE) {
            uint64_t at[2];
            enum wx_trap trap = wx_constexpr_eval(inst, &s->offset, at)
                                    ? wx_table_init(inst, s->table_idx, i, at[0], 0, s->n)
                                    : WX_TRAP_NOMEM;
            if (trap) {
                return segment_trap(trap, "element", i, err);
            }
        }
        inst->dropped_elems[i] = s->mode != WX_SEG_PASSIVE;
    }
    return WAX_OK;
}

/*
 * Where most of a range is about to be written, it may as well get large pages: a language runtime
 * brings its library in tens of megabytes of data, and thousands of page faults with them.
 */
static void advise_datas(const struct wx_instance *inst)
{
    const struct wx_module *w = inst->module->wasm;
    struct wx_memory *m = w->n_memories ? inst->memories[0] : NULL;
    uint64_t low = UINT64_MAX, high = 0, sum = 0;
    for (uint32_t i = 0; i < w->n_datas; i++) {
        const struct wx_data_segment *s = &w->datas[i];
        if (s->mode == WX_SEG_ACTIVE && s->memory_idx == 0 && s->offset.form == WX_CE_CONST) {
            uint64_t at = s->offset.value[0];
            low = at < low ? at : low;
            high = at + s->data_len > high ? at + s->data_len : high;
            sum += s->data_len;
        }
    }
    if (m && high > low && sum >= (high - low) / 2 && wx_memory_in_bounds(m, low, high - low)) {
        wx_vm_advise_huge(m->base + low, high - low);
    }
}

static wax_status place_datas(struct wx_instance *inst, wax_error **err)
{
    const struct wx_module *w = inst->module->wasm;
    advise_datas(inst);
    for (uint32_t i = 0; i < w->n_datas; i++) {
        const struct wx_data_segment *s = &w->datas[i];
        if (s->mode != WX_SEG_ACTIVE) {
            continue;
        }
        uint64_t at[2];
        enum wx_trap trap = wx_constexpr_eval(inst, &s->offset, at)
                                ? wx_memory_init(inst, s->memory_idx, i, at[0], 0, s->data_len)
                                : WX_TRAP_NOMEM;
        if (trap) {
            return segment_trap(trap, "data", i, err);
        }
        inst->dropped_datas[i] = 1;
    }
    return WAX_OK;
}

static wax_status run_start_func(struct wx_instance *inst, wax_error **err)
{
    uint32_t idx = inst->module->wasm->start_func;
    if (idx == WAX_NO_INDEX) {
        return WAX_OK;
    }
    struct wx_func *f = wx_instance_func(inst, idx);
    return f ? wx_enter(inst->store, f, NULL, NULL, err) : wx_fail_nomem(err, "a function");
}

/* As if the active segments had been placed. */
static wax_status skip_segments(struct wx_instance *inst, wax_error **err)
{
    (void)err;
    const struct wx_module *w = inst->module->wasm;
    for (uint32_t i = 0; i < w->n_elems; i++) {
        inst->dropped_elems[i] = w->elems[i].mode != WX_SEG_PASSIVE;
    }
    for (uint32_t i = 0; i < w->n_datas; i++) {
        inst->dropped_datas[i] = w->datas[i].mode == WX_SEG_ACTIVE;
    }
    return WAX_OK;
}

typedef wax_status (*step)(struct wx_instance *, wax_error **);

static wax_status link_instance(struct wx_instance *inst, const struct wx_extern *imports,
                                bool again, wax_error **err)
{
    /* Globals before tables: a table's initialiser may read them. */
    static const step steps[] = {make_memories, make_globals, make_tables, wx_instance_make_tags};
    static const step segments[2][2] = {{place_elems, place_datas}, {skip_segments}};
    wax_status st = wx_instance_bind_imports(inst, imports, err);
    for (size_t i = 0; i < WX_ARRAY_LEN(steps) && st == WAX_OK; i++) {
        st = steps[i](inst, err);
    }
    for (size_t i = 0; i < 2 && st == WAX_OK && segments[again][i]; i++) {
        st = segments[again][i](inst, err);
    }
    return st;
}

wax_status wx_instance_new(struct wx_store *store, struct wx_rt_module *module,
                           const struct wx_memory *mem0, struct wx_instance **ret_instance,
                           wax_error **err)
{
    struct wx_instance *inst = wx_instance_alloc(store, module);
    struct wx_code *codes = inst ? wx_rt_module_codes(module, wx_rt_module_mode(mem0)) : NULL;
    if (!codes) {
        return wx_fail_nomem(err, "an instance");
    }
    inst->codes = codes;
    *ret_instance = inst;
    return WAX_OK;
}

wax_status wx_instance_link(struct wx_instance *inst, const struct wx_extern *imports, bool again,
                            wax_error **err)
{
    const struct wx_code *codes = inst->codes;
    wax_status st = link_instance(inst, imports, again, err);
    wx_assert(st != WAX_OK || inst->codes == codes); /* functions of it are in use */
    (void)codes;
    return st;
}

wax_status wx_instantiate(struct wx_store *store, struct wx_rt_module *module,
                          const struct wx_extern *imports, bool run_start,
                          struct wx_instance **ret_instance, wax_error **err)
{
    struct wx_instance *inst = wx_instance_alloc(store, module);
    if (!inst) {
        return wx_fail_nomem(err, "an instance");
    }
    wax_status st = link_instance(inst, imports, false, err);
    if (st == WAX_OK && run_start) {
        st = run_start_func(inst, err);
    }
    if (st == WAX_OK) {
        *ret_instance = inst;
    }
    return st;
}
