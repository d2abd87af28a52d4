/* SPDX-License-Identifier: Apache-2.0 */
/* Runtime modules: a validated module, its signatures and its code. */
#include "engine/rt/engine.h"

static wax_status check_tier(const struct wx_rt_module *m, wax_error **err)
{
    uint64_t missing = m->wasm->features_used & ~m->tier->features;
    if (!missing) {
        return WAX_OK;
    }
    unsigned feature = (unsigned)__builtin_ctzll(missing);
    (void)wx_fail_at(err, WAX_E_UNSUPPORTED, m->wasm->feature_offs[feature],
                     "the module uses '%s', which tier '%s' cannot run yet",
                     wx_feature_name((enum wx_feature)feature), m->tier->name);
    return WAX_E_UNSUPPORTED;
}

static void free_codes(struct wx_rt_module *m, int mode)
{
    if (m->codes[mode]) {
        for (uint32_t i = 0; i < m->wasm->n_funcs - m->wasm->n_func_imports; i++) {
            m->tier->code_fini(&m->codes[mode][i]);
            wx_free(&m->engine->mem, m->codes[mode][i].exns);
        }
        wx_free(&m->engine->mem, m->codes[mode]);
    }
}

static void module_free(struct wx_rt_module *m)
{
    struct wx_engine *e = m->engine;
    for (int mode = 0; mode < 2; mode++) {
        free_codes(m, mode);
    }
    if (m->tier->module_fini) {
        m->tier->module_fini(m);
    }
    wx_free(&e->mem, m->sigs);
    wx_free(&e->mem, m->heat);
    wx_module_free(m->wasm);
    wx_mutex_fini(&m->lock);
    wx_free(&e->mem, m);
    wx_engine_unref(e);
}

static wax_status module_init(struct wx_rt_module *m, wax_error **err)
{
    struct wx_engine *e = m->engine;
    wax_status st = check_tier(m, err);
    if (st != WAX_OK) {
        return st;
    }
    m->sigs = wx_zalloc_array(&e->mem, m->wasm->n_types, sizeof *m->sigs);
    if (!m->sigs) {
        return wx_fail_nomem(err, "a module's types");
    }
    if (e->config.heat) {
        size_t n = m->wasm->n_funcs - m->wasm->n_func_imports;
        m->heat = wx_zalloc_array(&e->mem, n * 2 + 1, sizeof *m->heat);
        if (!m->heat) {
            return wx_fail_nomem(err, "a module's counters");
        }
    }
    return wx_sig_intern_module(e, m->wasm, m->sigs, err);
}

/* Around a decoded module, which is taken. */
static wax_status new_around(struct wx_engine *engine, struct wx_module *wasm,
                             struct wx_rt_module **ret_module, wax_error **err)
{
    struct wx_rt_module *m = wx_zalloc(&engine->mem, sizeof *m);
    if (!m) {
        wx_module_free(wasm);
        return wx_fail_nomem(err, "a module");
    }
    m->wasm = wasm;
    m->engine = wx_engine_ref(engine);
    m->tier = engine->config.tier;
    m->refs = 1;
    wx_mutex_init(&m->lock);
    wax_status st = module_init(m, err);
    if (st != WAX_OK) {
        module_free(m);
        return st;
    }
    *ret_module = m;
    return WAX_OK;
}

wax_status wx_rt_module_new(struct wx_engine *engine, const uint8_t *bytes, size_t len,
                            struct wx_rt_module **ret_module, wax_error **err)
{
    struct wx_module *wasm;
    wax_status st = wx_module_decode(&engine->mem, bytes, len, &engine->config.features,
                                     &wx_decode_limits_default, &wasm, err);
    return st == WAX_OK ? new_around(engine, wasm, ret_module, err) : st;
}

wax_status wx_rt_module_new_owned(struct wx_engine *engine, uint8_t *bytes, size_t len,
                                  struct wx_rt_module **ret_module, wax_error **err)
{
    struct wx_module *wasm;
    wax_status st = wx_module_decode_owned(&engine->mem, bytes, len, &engine->config.features,
                                           &wx_decode_limits_default, &wasm, err);
    return st == WAX_OK ? new_around(engine, wasm, ret_module, err) : st;
}

struct wx_rt_module *wx_rt_module_ref(struct wx_rt_module *module)
{
    wx_add_relaxed(&module->refs, 1); /* the caller holds one already */
    return module;
}

void wx_rt_module_unref(struct wx_rt_module *module)
{
    if (module && wx_sub_acqrel(&module->refs, 1) == 1) {
        module_free(module);
    }
}

static struct wx_code *make_codes(struct wx_rt_module *m, int mode, uint32_t n)
{
    struct wx_code *codes = wx_zalloc_array(&m->engine->mem, (size_t)n + 1, sizeof *codes);
    for (uint32_t i = 0; codes && i < n; i++) {
        const struct wx_func_def *f = &m->wasm->funcs[m->wasm->n_func_imports + i];
        codes[i] = (struct wx_code){
            .func_idx = m->wasm->n_func_imports + i,
            .module = m,
            .mode = (uint32_t)mode,
            .local_slots = f->n_local_slots,
            .frame_slots = f->n_local_slots + m->tier->header_slots + f->max_stack_slots,
        };
    }
    wax_error *error = NULL;
    if (codes && m->tier->prepare && m->tier->prepare(m, codes, n, mode, &error) != WAX_OK) {
        wx_logf(&m->engine->config.log, WX_LOG_ERROR, "engine", "%s", wax_error_message(error));
        wax_error_free(error);
        wx_free(&m->engine->mem, codes);
        return NULL;
    }
    return codes;
}

struct wx_code *wx_rt_module_codes(struct wx_rt_module *m, int mode)
{
    wx_mutex_lock(&m->lock);
    uint32_t n = m->wasm->n_funcs - m->wasm->n_func_imports;
    if (!m->codes[mode]) {
        m->codes[mode] = make_codes(m, mode, n);
    }
    struct wx_code *codes = m->codes[mode];
    wx_mutex_unlock(&m->lock);
    return codes;
}

/* Asked before there is an instance; one with an imported memory of the other mode compiles anew.
 */
static int likely_mode(const struct wx_rt_module *m)
{
    const struct wx_module *w = m->wasm;
    return w->n_memories > 0 && !wx_memory_guardable(m->engine, &w->memories[0]);
}

static wax_status compile_one(struct wx_rt_module *m, struct wx_code *code, wax_error **err)
{
    wax_status st = WAX_OK;
    wx_mutex_lock(&m->lock); /* one at a time: a guest may be waiting to compile one of its own */
    if (!code->tier_data) {
        st = m->tier->compile(m, code, (int)code->mode, err);
    }
    wx_mutex_unlock(&m->lock);
    if (st != WAX_OK) {
        wx_error_set_func(err, code->func_idx);
    }
    return st;
}

static void begin_whole(struct wx_rt_module *m)
{
    wx_mutex_lock(&m->lock);
    m->whole++;
    wx_mutex_unlock(&m->lock);
}

static wax_status end_whole(struct wx_rt_module *m, int mode, wax_error **err)
{
    wx_mutex_lock(&m->lock);
    m->whole--;
    bool tell = m->codes[mode] && m->tier->compiled_whole;
    wax_status st = tell ? m->tier->compiled_whole(m, mode, err) : WAX_OK;
    wx_mutex_unlock(&m->lock);
    return st;
}

static wax_status compile_all(struct wx_rt_module *m, struct wx_code *codes,
                              struct wx_compiled *sum, wax_error **err)
{
    for (uint64_t i = 0; i < sum->n_funcs; i++) {
        wax_status st = compile_one(m, &codes[i], err);
        if (st != WAX_OK) {
            return st;
        }
        sum->body_bytes += m->wasm->funcs[codes[i].func_idx].body_len;
        sum->code_bytes += m->tier->code_bytes ? m->tier->code_bytes(&codes[i]) : 0;
    }
    return WAX_OK;
}

wax_status wx_rt_module_compile(struct wx_rt_module *m, struct wx_compiled *ret_compiled,
                                wax_error **err)
{
    struct wx_compiled sum = {.n_funcs = m->wasm->n_funcs - m->wasm->n_func_imports};
    int mode = likely_mode(m);
    begin_whole(m);
    struct wx_code *codes = wx_rt_module_codes(m, mode);
    wax_status st = codes ? compile_all(m, codes, &sum, err) : wx_fail_nomem(err, "code tables");
    wax_status end = end_whole(m, mode, st == WAX_OK ? err : NULL);
    st = st == WAX_OK ? end : st;
    if (st == WAX_OK) {
        *ret_compiled = sum;
    }
    return st;
}

const void *wx_code_entry(struct wx_thread *t, struct wx_code *code)
{
    const void *entry = wx_load_acquire(&code->entry); /* pairs with the tier's release */
    if (entry) {
        return entry;
    }
    struct wx_rt_module *m = code->module;
    wx_mutex_lock(&m->lock);
    wax_status st = WAX_OK;
    if (!code->entry) {
        st = m->tier->compile(m, code, (int)code->mode, &t->error);
    }
    wx_mutex_unlock(&m->lock);
    if (st != WAX_OK) {
        t->trap = st == WAX_E_NOMEM ? WX_TRAP_NOMEM : WX_TRAP_UNIMPLEMENTED;
        return NULL;
    }
    return wx_load_acquire(&code->entry);
}
