/* SPDX-License-Identifier: Apache-2.0 */
/* One module in every tier and bounds mode, for tests that compare them. */
#ifndef WX_TESTS_UNIT_TIERS_H
#define WX_TESTS_UNIT_TIERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/interp/interp.h"
#include "engine/jit/jit.h"
#include "engine/rt/engine.h"

/* The first one is what the others are compared with. */
static const struct tier_config {
    const char *tier;
    bool checked;
} tier_configs[] = {{"interp", false}, {"interp", true}, {"fast", false}, {"fast", true}};
#define N_TIER_CONFIGS 4u

struct tier_world {
    struct wx_engine *engine;
    struct wx_store *store;
    struct wx_rt_module *module;
    struct wx_instance *inst;
};

/* A tier this machine does not have is left out: false. host: the only import, of type 0, or NULL.
 */
static inline bool tier_open(struct tier_world *w, const struct tier_config *c, const void *bytes,
                             size_t len, wx_host_fn host, bool fuel)
{
    wx_interp_register();
    wx_jit_register();
    struct wx_engine_config config = {.features = wx_features_default(),
                                      .tier = wx_tier_find(c->tier),
                                      .force_checked = c->checked,
                                      .fuel = fuel};
    config.features.bits |= UINT64_C(1) << WX_FEATURE_WIDE_ARITHMETIC;
    wax_error *err = NULL;
    if (!config.tier) {
        return false;
    }
    assert_int_equal(wx_engine_new(&config, &w->engine, NULL), WAX_OK);
    assert_int_equal(wx_store_new(w->engine, 0, 0, &w->store, NULL), WAX_OK);
    wax_status st = wx_rt_module_new(w->engine, bytes, len, &w->module, &err);
    assert_string_equal(err ? wax_error_message(err) : "", "");
    assert_int_equal(st, WAX_OK);
    struct wx_extern import = {.kind = WX_EXT_FUNC};
    if (host) {
        assert_int_equal(wx_func_new_host(w->store, w->module->sigs[0], host, NULL, "host",
                                          &import.u.func, NULL),
                         WAX_OK);
    }
    st = wx_instantiate(w->store, w->module, &import, true, &w->inst, &err);
    assert_string_equal(err ? wax_error_message(err) : "", "");
    assert_int_equal(st, WAX_OK);
    return true;
}

static inline void tier_close(struct tier_world *w)
{
    wx_store_free(w->store);
    wx_rt_module_unref(w->module);
    wx_engine_unref(w->engine);
}

#endif
