/* SPDX-License-Identifier: Apache-2.0 */
/* Public engine functions. */
#include <signal.h>

#include "capi/capi.h"
#include "engine/interp/interp.h"
#include "engine/jit/jit.h"
#include "engine/rt/engine.h"

void wax_engine_options_init(wax_engine_options *options)
{
    *options = (wax_engine_options){.struct_size = sizeof *options, .log_level = WAX_LOG_WARN};
}

static wax_status make_config(const wax_engine_options *o, struct wx_engine_config *c,
                              wax_error **err)
{
    c->features = wx_features_default();
    c->signals = (enum wx_signal_mode)o->signals;
    c->fuel = o->fuel != 0;
    c->force_checked = o->checked != 0;
    c->canonical_nans = o->canonical_nans != 0;
    c->heat = o->heat != 0;
    c->memory_limit = o->allocation_limit;
    c->max_memory_bytes = o->max_memory_bytes;
    c->max_table_elems = o->max_table_elems;
    c->max_guest_fds = o->max_guest_fds;
    c->stack_bytes = o->stack_bytes;
    c->fail_alloc_at = o->fail_alloc_at;
    c->profile = (enum wx_profile_kind)o->profile;
    c->profile_dir = o->profile_dir;
    c->log = (struct wx_log){o->log, o->log_data, o->log_level};
    if (o->signals < WAX_SIGNALS_OWN || o->signals > WAX_SIGNALS_NONE) {
        return wx_fail(err, WAX_E_INVALID, "unknown signal mode %d", o->signals);
    }
    if (o->profile < WAX_PROFILE_NONE || o->profile > WAX_PROFILE_JITDUMP) {
        return wx_fail(err, WAX_E_INVALID, "unknown kind of profile %d", o->profile);
    }
    if (o->tier && !(c->tier = wx_tier_find(o->tier))) {
        (void)wx_fail(err, WAX_E_UNSUPPORTED, "tier '%s' is not there", o->tier);
        wx_error_set_hint(err, "this build has: fast, interp");
        return WAX_E_UNSUPPORTED;
    }
    return o->features ? wx_features_parse(&c->features, o->features, err) : WAX_OK;
}

wax_status wax_engine_new(const wax_engine_options *options, wax_engine **ret_engine,
                          wax_error **err)
{
    WX_REQUIRE(ret_engine, err, "ret_engine is NULL");
    wax_engine_options defaults;
    wax_engine_options_init(&defaults);
    const wax_engine_options *o = options ? options : &defaults;
    WX_REQUIRE(o->struct_size == sizeof *o, err, "options were not initialised");
    wx_jit_register(); /* first = default */
    wx_interp_register();
    struct wx_engine_config config = {0};
    wax_status st = make_config(o, &config, err);
    struct wx_engine *e;
    if (st == WAX_OK) {
        st = wx_engine_new(&config, &e, err);
    }
    if (st == WAX_OK) {
        *ret_engine = wx_out_wax_engine(e);
    }
    return st;
}

void wax_engine_free(wax_engine *engine) { wx_engine_unref(wx_in_wax_engine(engine)); }

uint64_t wax_engine_allocated(const wax_engine *engine)
{
    return engine ? wx_mem_used(&wx_in_wax_engine(engine)->mem) : 0;
}

uint64_t wax_engine_allocated_peak(const wax_engine *engine)
{
    return engine ? wx_mem_peak(&wx_in_wax_engine(engine)->mem) : 0;
}

int wax_signal_filter(int sig, void *siginfo, void *ucontext)
{
    return wx_fault_handle_sigsafe(sig, siginfo, ucontext);
}

const char *wax_version(void) { return WAX_VERSION; }
