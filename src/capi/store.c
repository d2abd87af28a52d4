/* SPDX-License-Identifier: Apache-2.0 */
/* Public stores, functions, linking, calls. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capi/capi.h"
#include "engine/rt/engine.h"

/* -------- stores -------- */

wax_status wax_store_new(wax_engine *engine, wax_store **ret_store, wax_error **err)
{
    WX_REQUIRE(engine && ret_store, err, "an argument is NULL");
    struct wx_store *s;
    wax_status st = wx_store_new(wx_in_wax_engine(engine), 0, 0, &s, err);
    if (st == WAX_OK) {
        *ret_store = wx_out_wax_store(s);
    }
    return st;
}

void wax_store_free(wax_store *store) { wx_store_free(wx_in_wax_store(store)); }

void wax_store_cancel(wax_store *store)
{
    if (store) {
        wx_store_cancel(wx_in_wax_store(store));
    }
}

void wax_store_set_timeout(wax_store *store, uint64_t timeout_ns)
{
    if (store) {
        wx_in_wax_store(store)->timeout_ns = timeout_ns;
    }
}

void wax_store_set_fuel(wax_store *store, uint64_t fuel)
{
    if (store) {
        wx_store_set_fuel(wx_in_wax_store(store), fuel > INT64_MAX ? INT64_MAX : (int64_t)fuel);
    }
}

uint64_t wax_store_fuel(const wax_store *store)
{
    int64_t left = store ? wx_in_wax_store(store)->thread.fuel : 0;
    return left > 0 ? (uint64_t)left : 0;
}

wax_status wax_store_externref(wax_store *store, void *data, void (*finalize)(void *data),
                               wax_value *ret_value, wax_error **err)
{
    WX_REQUIRE(store && ret_value, err, "an argument is NULL");
    uint64_t handle;
    wax_status st = wx_store_externref(wx_in_wax_store(store), data, finalize, &handle, err);
    if (st == WAX_OK) {
        memset(ret_value, 0, sizeof *ret_value);
        ret_value->type = WAX_EXTERNREF;
        ret_value->of.externref = handle;
    }
    return st;
}

void *wax_externref_data(const wax_store *store, const wax_value *value)
{
    const struct wx_store *s = wx_in_wax_store(store);
    bool ok = store && value && value->type == WAX_EXTERNREF && value->of.externref != 0 &&
              value->of.externref <= s->externrefs.n;
    return ok ? s->externrefs.p[value->of.externref - 1].data : NULL;
}

/* -------- tags and exceptions -------- */

static wax_status intern(struct wx_engine *e, const wax_functype *type, const struct wx_sig **ret,
                         wax_error **err);

wax_status wax_tag_new(wax_store *store, const wax_functype *type, wax_tag **ret_tag,
                       wax_error **err)
{
    WX_REQUIRE(store && type && ret_tag, err, "an argument is NULL");
    WX_REQUIRE(type->n_results == 0, err, "a tag has no results");
    struct wx_store *s = wx_in_wax_store(store);
    const struct wx_sig *sig;
    struct wx_tag *tag;
    wax_status st = intern(s->engine, type, &sig, err);
    if (st == WAX_OK) {
        st = wx_tag_new(s, sig, &tag, err);
    }
    if (st == WAX_OK) {
        *ret_tag = wx_out_wax_tag(tag);
    }
    return st;
}

wax_status wax_tag_type(const wax_tag *tag, wax_functype *ret_type, wax_error **err)
{
    WX_REQUIRE(tag && ret_type, err, "an argument is NULL");
    const struct wx_tag *g = wx_in_wax_tag(tag);
    bool ok = wx_out_functype(g->store->arena, g->sig->types, g->sig->n_params, 0, ret_type);
    return ok ? WAX_OK : wx_fail_nomem(err, "a type");
}

/* Values of the tag's parameter types? */
static wax_status check_payload(const struct wx_tag *tag, const wax_value *args, size_t n_args,
                                wax_error **err)
{
    const struct wx_sig *sig = tag->sig;
    if (n_args != sig->n_params) {
        return wx_fail(err, WAX_E_INVALID, "the tag takes %u values, not %zu", sig->n_params,
                       n_args);
    }
    for (uint32_t i = 0; i < sig->n_params; i++) {
        if (!wx_value_fits(tag->store, &args[i], sig->types[i])) {
            return wx_fail(err, WAX_E_TYPE, "exception value %zu is of another type", (size_t)i);
        }
        wax_status st = wx_check_exnref(tag->store, &args[i], err);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

wax_status wax_host_throw(wax_error **err, const wax_tag *tag, const wax_value *args, size_t n_args)
{
    WX_REQUIRE(tag && (args || !n_args), err, "an argument is NULL");
    wax_status st = check_payload(wx_in_wax_tag(tag), args, n_args, err);
    if (st == WAX_OK) {
        st = wx_fail(err, WAX_EXCEPTION, "uncaught exception of the host");
        wx_error_set_trap(err, WX_TRAP_EXCEPTION);
        wx_error_set_exception(err, tag, args, n_args);
    }
    return st;
}

/*
 * A host function answered WAX_EXCEPTION: throw what its error holds, made by wax_host_throw() or
 * by a wax_call() further in, whose trace is kept. Takes the error.
 */
static enum wx_outcome throw_error(struct wx_thread *t, wax_error *error)
{
    const struct wx_tag *tag = wx_in_wax_tag(wax_error_tag(error));
    size_t n = wax_error_n_values(error);
    const wax_value *values = wax_error_value(error, 0);
    wax_error *bad = NULL;
    if (!tag || tag->store != t->store) {
        (void)wx_fail(&bad, WAX_TRAP, "a host function threw %s",
                      tag ? "an exception of another store" : "without a tag");
    } else {
        (void)check_payload(tag, values, n, &bad);
    }
    uint64_t few[16], *slots = few;
    uint32_t n_slots = tag && !bad ? tag->sig->n_param_slots : 0;
    if (n_slots > 16 && !(slots = wx_zalloc_array(&t->store->mem, n_slots, sizeof *slots))) {
        (void)wx_fail_nomem(&bad, "an exception");
    }
    wx_error_clear(&t->error);
    if (bad || !tag) { /* without a tag, bad is set */
        wax_error_free(error);
        t->error = bad;
        return wx_trap(t, WX_TRAP_HOST);
    }
    uint64_t *p = slots;
    for (size_t i = 0; i < n; i++) {
        wx_in_value(&values[i], p);
        p += wx_type_slots(tag->sig->types[i]);
    }
    enum wx_outcome out = wx_throw(t, tag, slots, t->top);
    if (slots != few) {
        wx_free(&t->store->mem, slots);
    }
    if (out == WX_THROW && wax_error_n_frames(error) > 0) {
        t->error = error;
    } else {
        wax_error_free(error);
    }
    return out;
}

/* -------- host functions -------- */

#define INLINE_VALUES 8
#define MAX_TYPES 1000 /* parameters or results of a host function, as in modules */

struct host_func {
    wax_host_fn fn;
    void *data;
    const struct wx_sig *sig;
};

wax_status wax_host_fail(wax_error **err, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap); /* cut when longer */
    va_end(ap);
    return wx_fail(err, WAX_TRAP, "%s", text);
}

/* A stop or an exit in a call the function made itself ends the outer call in the same way. */
static enum wx_outcome host_failed(struct wx_thread *t, wax_status st, wax_error *error)
{
    if (wx_load_seq(&t->interrupt)) {
        wax_error_free(error);
        return WX_INTERRUPT;
    }
    if (st == WAX_EXIT) {
        t->exit_code = wax_error_exit_code(error);
        wax_error_free(error);
        return WX_EXIT;
    }
    wx_error_clear(&t->error);
    t->error = error;
    return wx_trap(t, WX_TRAP_HOST);
}

static enum wx_outcome call_host(struct wx_thread *t, const struct host_func *h, uint64_t *slots,
                                 wax_value *values)
{
    const struct wx_sig *sig = h->sig;
    wax_value *results = values + sig->n_params;
    uint64_t *p = slots;
    for (uint32_t i = 0; i < sig->n_params; i++) {
        wx_out_value(p, sig->types[i], &values[i]);
        p += wx_type_slots(sig->types[i]);
    }
    memset(results, 0, sig->n_results * sizeof *results);
    for (uint32_t i = 0; i < sig->n_results; i++) {
        results[i].type = wx_out_type(sig->types[sig->n_params + i]);
    }
    struct wx_memory *memory =
        t->inst && t->inst->module->wasm->n_memories ? t->inst->memories[0] : NULL;
    wax_error *error = NULL;
    wax_status st = h->fn(h->data, wx_out_wax_memory(memory), values, results, &error);
    if (st == WAX_EXCEPTION) {
        return throw_error(t, error);
    }
    for (uint32_t i = 0; i < sig->n_results && st == WAX_OK; i++) {
        wx_valtype type = sig->types[sig->n_params + i];
        results[i].type = wx_out_type(type);
        st = wx_value_fits(t->store, &results[i], type)
                 ? wx_check_exnref(t->store, &results[i], &error)
                 : wx_fail(&error, WAX_TRAP, "result %u of the host function does not fit", i);
    }
    if (st != WAX_OK) {
        return host_failed(t, st, error);
    }
    p = slots;
    for (uint32_t i = 0; i < sig->n_results; i++) {
        wx_in_value(&results[i], p);
        p += wx_type_slots(sig->types[sig->n_params + i]);
    }
    return WX_DONE;
}

static enum wx_outcome host_thunk(struct wx_thread *t, void *data, uint64_t *slots)
{
    const struct host_func *h = data;
    uint32_t n = h->sig->n_params + h->sig->n_results;
    wax_value few[INLINE_VALUES], *values = few;
    if (n > INLINE_VALUES) {
        values = wx_zalloc_array(&t->store->mem, n, sizeof *values);
        if (!values) {
            return wx_trap(t, WX_TRAP_NOMEM);
        }
    }
    enum wx_outcome out = call_host(t, h, slots, values);
    if (values != few) {
        wx_free(&t->store->mem, values);
    }
    return out;
}

static wax_status intern(struct wx_engine *e, const wax_functype *type, const struct wx_sig **ret,
                         wax_error **err)
{
    WX_REQUIRE(type->n_params <= MAX_TYPES && type->n_results <= MAX_TYPES, err,
               "too many parameters or results");
    WX_REQUIRE((type->params || !type->n_params) && (type->results || !type->n_results), err,
               "a type array is NULL");
    uint32_t n = type->n_params + type->n_results;
    wx_valtype *types = wx_zalloc_array(&e->mem, (size_t)n + 1, sizeof *types);
    if (!types) {
        return wx_fail_nomem(err, "a function type");
    }
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < n && st == WAX_OK; i++) {
        wax_valtype t = i < type->n_params ? type->params[i] : type->results[i - type->n_params];
        types[i] = wx_in_type(t);
        st = wx_is_type(t) ? WAX_OK : wx_fail(err, WAX_E_INVALID, "there is no value type %d", t);
    }
    if (st == WAX_OK) {
        st = wx_sig_intern(e, types, type->n_params, type->n_results, ret, err);
    }
    wx_free(&e->mem, types);
    return st;
}

wax_status wax_func_new(wax_store *store, const wax_functype *type, wax_host_fn fn, void *data,
                        wax_func **ret_func, wax_error **err)
{
    WX_REQUIRE(store && type && fn && ret_func, err, "an argument is NULL");
    struct wx_store *s = wx_in_wax_store(store);
    struct host_func *h = wx_arena_alloc(s->arena, sizeof *h);
    if (!h) {
        return wx_fail_nomem(err, "a host function");
    }
    *h = (struct host_func){.fn = fn, .data = data};
    wax_status st = intern(s->engine, type, &h->sig, err);
    struct wx_func *f;
    if (st == WAX_OK) {
        st = wx_func_new_host(s, h->sig, host_thunk, h, "", &f, err);
    }
    if (st == WAX_OK) {
        *ret_func = wx_out_wax_func(f);
    }
    return st;
}

/* -------- linking -------- */

wax_status wax_linker_new(wax_engine *engine, wax_linker **ret_linker, wax_error **err)
{
    WX_REQUIRE(engine && ret_linker, err, "an argument is NULL");
    struct wx_linker *l;
    wax_status st =
        wx_linker_new(wx_in_wax_engine(engine), &wx_in_wax_engine(engine)->mem, &l, err);
    if (st == WAX_OK) {
        *ret_linker = wx_out_wax_linker(l);
    }
    return st;
}

void wax_linker_free(wax_linker *linker) { wx_linker_free(wx_in_wax_linker(linker)); }

#define NAME_OK(N) ((N).len <= UINT32_MAX && ((N).data || !(N).len))

wax_status wax_linker_define_func(wax_linker *linker, wax_name module, wax_name name,
                                  const wax_functype *type, wax_host_fn fn, void *data,
                                  wax_error **err)
{
    WX_REQUIRE(linker && type && fn, err, "an argument is NULL");
    WX_REQUIRE(NAME_OK(module) && NAME_OK(name), err, "a name is NULL or too long");
    struct wx_linker *l = wx_in_wax_linker(linker);
    struct host_func h = {.fn = fn, .data = data};
    wax_status st = intern(wx_linker_engine(l), type, &h.sig, err);
    if (st != WAX_OK) {
        return st;
    }
    struct wx_host_def def = {h.sig, host_thunk, &h, sizeof h};
    return wx_linker_define_host(l, wx_in_name(module), wx_in_name(name), &def, err);
}

wax_instance *wax_calling_instance(void)
{
    return wx_thread_current ? wx_out_wax_instance(wx_thread_current->inst) : NULL;
}

wax_status wax_linker_define(wax_linker *linker, wax_name module, wax_name name,
                             const wax_extern *ext, wax_error **err)
{
    WX_REQUIRE(linker && ext && ext->of.func, err, "an argument is NULL");
    WX_REQUIRE(NAME_OK(module) && NAME_OK(name), err, "a name is NULL or too long");
    struct wx_extern e = wx_in_extern(ext);
    return wx_linker_define(wx_in_wax_linker(linker), wx_in_name(module), wx_in_name(name), &e,
                            err);
}

wax_status wax_linker_define_instance(wax_linker *linker, wax_name module, wax_instance *instance,
                                      wax_error **err)
{
    WX_REQUIRE(linker && instance, err, "an argument is NULL");
    return wx_linker_define_instance(wx_in_wax_linker(linker), wx_in_name(module),
                                     wx_in_wax_instance(instance), err);
}

wax_status wax_linker_instantiate(wax_linker *linker, wax_store *store, wax_module *module,
                                  wax_instance **ret_instance, wax_error **err)
{
    WX_REQUIRE(linker && store && module && ret_instance, err, "an argument is NULL");
    struct wx_store *s = wx_in_wax_store(store);
    struct wx_rt_module *m = wx_in_wax_module(module);
    WX_REQUIRE(m->engine == s->engine, err, "module and store are of different engines");
    struct wx_extern *imports =
        wx_zalloc_array(&s->mem, (size_t)m->wasm->n_imports + 1, sizeof *imports);
    if (!imports) {
        return wx_fail_nomem(err, "imports");
    }
    struct wx_instance *inst;
    wax_status st = wx_linker_resolve(wx_in_wax_linker(linker), s, m, imports, err);
    if (st == WAX_OK) {
        st = wx_instantiate(s, m, imports, true, &inst, err);
    }
    wx_free(&s->mem, imports);
    if (st == WAX_OK) {
        *ret_instance = wx_out_wax_instance(inst);
    }
    return st;
}

/* -------- instances -------- */

wax_status wax_instance_export(wax_instance *instance, wax_name name, wax_extern *ret_extern,
                               wax_error **err)
{
    WX_REQUIRE(instance && ret_extern, err, "an argument is NULL");
    struct wx_extern ext;
    if (!wx_instance_export(wx_in_wax_instance(instance), name.data, name.len, &ext)) {
        return wx_fail(err, WAX_E_NOT_FOUND, "there is no export '%.*s'", (int)name.len, name.data);
    }
    wx_out_extern(&ext, ret_extern);
    return WAX_OK;
}

static wax_status export_of(wax_instance *instance, const char *name, int32_t kind,
                            const char *what, wax_extern *ret, wax_error **err)
{
    *ret = (wax_extern){.kind = -1};
    wax_status st = wax_instance_export(instance, (wax_name){name, strlen(name)}, ret, err);
    if (st == WAX_OK && ret->kind != kind) {
        return wx_fail(err, WAX_E_TYPE, "export '%s' is not a %s", name, what);
    }
    return st;
}

wax_status wax_instance_func(wax_instance *instance, const char *name, wax_func **ret_func,
                             wax_error **err)
{
    WX_REQUIRE(instance && name && ret_func, err, "an argument is NULL");
    wax_extern ext;
    wax_status st = export_of(instance, name, WAX_EXTERN_FUNC, "function", &ext, err);
    if (st == WAX_OK) {
        *ret_func = ext.of.func;
    }
    return st;
}

wax_status wax_instance_memory(wax_instance *instance, const char *name, wax_memory **ret_memory,
                               wax_error **err)
{
    WX_REQUIRE(instance && name && ret_memory, err, "an argument is NULL");
    wax_extern ext;
    wax_status st = export_of(instance, name, WAX_EXTERN_MEMORY, "memory", &ext, err);
    if (st == WAX_OK) {
        *ret_memory = ext.of.memory;
    }
    return st;
}

/* -------- calling -------- */

wax_status wax_func_type(wax_func *func, wax_functype *ret_type, wax_error **err)
{
    WX_REQUIRE(func && ret_type, err, "an argument is NULL");
    struct wx_func *f = wx_in_wax_func(func);
    bool ok = wx_out_functype(f->store->arena, f->sig->types, f->sig->n_params, f->sig->n_results,
                              ret_type);
    return ok ? WAX_OK : wx_fail_nomem(err, "a type");
}

static wax_status check_args(const struct wx_func *f, const wax_value *args, size_t n_args,
                             size_t n_results, wax_error **err)
{
    const struct wx_sig *sig = f->sig;
    if (n_args != sig->n_params || n_results != sig->n_results) {
        return wx_fail(err, WAX_E_INVALID,
                       "the function takes %u arguments and gives %u results, not %zu and %zu",
                       sig->n_params, sig->n_results, n_args, n_results);
    }
    for (uint32_t i = 0; i < sig->n_params; i++) {
        if (!wx_value_fits(f->store, &args[i], sig->types[i])) {
            char what[32];
            (void)snprintf(what, sizeof what, "argument %u", i + 1); /* fits */
            return wx_check_value(f->store, &args[i], sig->types[i], what, err);
        }
    }
    return WAX_OK;
}

static wax_status check_exnrefs(const struct wx_store *store, const wax_value *args, size_t n_args,
                                wax_error **err)
{
    for (size_t i = 0; i < n_args; i++) {
        wax_status st = wx_check_exnref(store, &args[i], err);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

wax_status wax_call(wax_func *func, const wax_value *args, size_t n_args, wax_value *results,
                    size_t n_results, wax_error **err)
{
    WX_REQUIRE(func, err, "func is NULL");
    WX_REQUIRE((args || !n_args) && (results || !n_results), err, "a value array is NULL");
    struct wx_func *f = wx_in_wax_func(func);
    const struct wx_sig *sig = f->sig;
    wax_status st = check_args(f, args, n_args, n_results, err);
    if (st == WAX_OK) {
        st = check_exnrefs(f->store, args, n_args, err);
    }
    if (st != WAX_OK) {
        return st;
    }
    uint64_t few[16], *slots = few;
    size_t n = (size_t)sig->n_param_slots + sig->n_result_slots;
    if (n > 16 && !(slots = wx_zalloc_array(&f->store->mem, n, sizeof *slots))) {
        return wx_fail_nomem(err, "arguments");
    }
    uint64_t *p = slots, *out = slots + sig->n_param_slots;
    for (size_t i = 0; i < n_args; i++) {
        wx_in_value(&args[i], p);
        p += wx_type_slots(sig->types[i]);
    }
    st = wx_enter(f->store, f, slots, out, err);
    for (size_t i = 0; i < n_results && st == WAX_OK; i++) {
        wx_out_value(out, sig->types[n_args + i], &results[i]);
        out += wx_type_slots(sig->types[n_args + i]);
    }
    if (slots != few) {
        wx_free(&f->store->mem, slots);
    }
    return st;
}
