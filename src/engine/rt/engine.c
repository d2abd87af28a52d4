/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: options, accounts, signals, tier registry. */
#include <signal.h>
#include <string.h>

#include "engine/rt/engine.h"
#include "os/fd.h"
#include "os/signal.h"
#include "os/vm.h"

/* Tiers register once, before the first engine, from the layer that links them in. */
static const struct wx_tier_ops *tiers[4]; /* atomic pointers; only ever go from NULL to set */

void wx_tier_register(const struct wx_tier_ops *tier)
{
    for (unsigned i = 0; i < WX_ARRAY_LEN(tiers); i++) {
        const struct wx_tier_ops *none = NULL;
        if (wx_load_acquire(&tiers[i]) == tier || wx_cas_acqrel(&tiers[i], &none, tier) ||
            none == tier) {
            return;
        }
    }
}

const struct wx_tier_ops *wx_tier_find(const char *name)
{
    for (unsigned i = 0; i < WX_ARRAY_LEN(tiers); i++) {
        const struct wx_tier_ops *tier = wx_load_acquire(&tiers[i]); /* pairs with register */
        if (tier && (!name || strcmp(tier->name, name) == 0)) {
            return tier;
        }
    }
    return NULL;
}

static wax_status take_signals(struct wx_engine *e, wax_error **err)
{
    if (e->config.signals == WX_SIGNALS_NONE) {
        e->guards_off = 1;
    } else if (e->config.signals == WX_SIGNALS_OWN) {
        int n = wx_signal_acquire(wx_fault_handle_sigsafe);
        if (n) {
            return wx_fail_errno(err, n, "cannot install signal handlers");
        }
        e->owns_signals = true;
    }
    if (e->config.force_checked) {
        e->guards_off = 1;
    }
    return WAX_OK;
}

static void engine_free(struct wx_engine *e)
{
    if (e->owns_signals) {
        wx_signal_release();
    }
    wx_profile_close(&e->profile);
    wx_mutex_lock(&e->sig_lock);
    wx_map_fini(&e->sigs);
    wx_arena_free(e->sig_arena);
    wx_mutex_unlock(&e->sig_lock);
    wx_mutex_fini(&e->sig_lock);
    struct wx_mem self = e->mem; /* the engine is charged to its own account */
    self.parent = NULL;
    wx_free(&self, e);
}

static wax_status open_profile(struct wx_engine *e, wax_error **err)
{
    const struct wx_engine_config *c = &e->config;
    if (!c->tier->native) {
        (void)wx_fail(err, WAX_E_UNSUPPORTED, "tier '%s' has no profile", c->tier->name);
        wx_error_set_hint(err, "profilers of the host see machine code: --tier fast");
        return WAX_E_UNSUPPORTED;
    }
    wax_status st = wx_profile_open(&e->profile, c->profile, c->profile_dir, &c->log, err);
    e->config.profile_dir = NULL; /* was borrowed */
    return st;
}

static wax_status engine_init(struct wx_engine *e, wax_error **err)
{
    wx_mutex_lock(&e->sig_lock);
    wx_map_init(&e->sigs, &e->mem);
    e->sig_arena = wx_arena_new(&e->mem);
    bool ok = e->sig_arena != NULL;
    wx_mutex_unlock(&e->sig_lock);
    wax_status st = ok ? WAX_OK : wx_fail_nomem(err, "an engine");
    if (st == WAX_OK && e->config.profile != WX_PROFILE_NONE) {
        st = open_profile(e, err);
    }
    return st == WAX_OK ? take_signals(e, err) : st;
}

/* Some descriptors are left for the host itself. */
static uint32_t max_guest_fds(const struct wx_engine_config *c)
{
    uint64_t n = c->max_guest_fds ? c->max_guest_fds : wx_fd_limit() / 4 * 3;
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

wax_status wx_engine_new(const struct wx_engine_config *config, struct wx_engine **ret_engine,
                         wax_error **err)
{
    struct wx_mem root;
    wx_mem_init(&root, NULL, config->memory_limit);
    root.fail_at = config->fail_alloc_at;
    struct wx_engine *e = wx_zalloc(&root, sizeof *e);
    if (!e) {
        return wx_fail_nomem(err, "an engine");
    }
    e->mem = root;
    e->config = *config;
    e->refs = 1;
    e->guest_fds.max = max_guest_fds(config);
    wx_mutex_init(&e->sig_lock);
    if (!e->config.tier) {
        e->config.tier = wx_tier_find(NULL);
    }
    wax_status st = e->config.tier ? engine_init(e, err)
                                   : wx_fail(err, WAX_E_UNSUPPORTED, "no execution tier built in");
    if (st != WAX_OK) {
        engine_free(e);
        return st;
    }
    *ret_engine = e;
    return WAX_OK;
}

struct wx_engine *wx_engine_ref(struct wx_engine *engine)
{
    wx_add_relaxed(&engine->refs, 1); /* the caller holds one already */
    return engine;
}

void wx_engine_unref(struct wx_engine *engine)
{
    if (engine && wx_sub_acqrel(&engine->refs, 1) == 1) {
        engine_free(engine);
    }
}

const struct wx_engine_config *wx_engine_get_config(const struct wx_engine *engine)
{
    return &engine->config;
}

struct wx_mem *wx_engine_get_mem(struct wx_engine *engine) { return &engine->mem; }
struct wx_budget *wx_engine_get_fds(struct wx_engine *engine) { return &engine->guest_fds; }

const struct wx_log *wx_engine_get_log(const struct wx_engine *engine)
{
    return &engine->config.log;
}

struct wx_profile *wx_engine_get_profile(struct wx_engine *engine)
{
    return engine->profile.kind != WX_PROFILE_NONE ? &engine->profile : NULL;
}

bool wx_engine_guards(const struct wx_engine *engine)
{
    return wx_load_relaxed(&engine->guards_off) == 0; /* only a hint for new memories */
}

void wx_engine_drop_guards(struct wx_engine *engine)
{
    if (wx_xchg_acqrel(&engine->guards_off, 1) == 0) {
        wx_logf(&engine->config.log, WX_LOG_WARN, "engine",
                "address space is limited: memories get explicit bounds checks from now on");
    }
}
