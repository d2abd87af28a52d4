/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's own fields, for the files of this folder. */
#ifndef WX_ENGINE_RT_ENGINE_H
#define WX_ENGINE_RT_ENGINE_H

#include <signal.h>

#include "base/arena.h"
#include "base/budget.h"
#include "base/check.h"
#include "base/map.h"
#include "engine/rt/profile.h"
#include "engine/rt/store.h"

struct wx_engine {
    struct wx_mem mem; /* root account */
    struct wx_engine_config config;
    uint32_t refs;       /* atomic */
    uint32_t guards_off; /* atomic: set once when a guarded reservation was refused */
    bool owns_signals;
    struct wx_budget guest_fds;
    struct wx_profile profile; /* kind NONE unless asked for */
    struct wx_mutex sig_lock;  /* leaf */
    struct wx_arena *sig_arena WAX_GUARDED_BY(&sig_lock);
    struct wx_map sigs WAX_GUARDED_BY(&sig_lock);
    uint32_t n_sigs WAX_GUARDED_BY(&sig_lock);
};

/** Remember that guarded memories can not be had; logs it the first time. */
void wx_engine_drop_guards(struct wx_engine *engine);
/* constexpr.c. @return false only when out of memory */
bool wx_constexpr_eval(struct wx_instance *inst, const struct wx_constexpr *e, uint64_t ret[2]);
/* enter.c: the frames of the present activation, innermost first. */
void wx_thread_add_trace(struct wx_thread *t, wax_error **err);
/* throw.c: the error of an exception, without a trace. @return WAX_EXCEPTION */
wax_status wx_throw_error(struct wx_store *store, const uint64_t exn[2], wax_error **err);
static inline struct wx_walk wx_walk_start(const struct wx_thread *t)
{
    return (struct wx_walk){.inst = t->inst, .pc = t->pc, .fp = t->fp};
}
/* instantiate.c: its steps, for copies of instances as well. */
struct wx_instance *wx_instance_alloc(struct wx_store *store, struct wx_rt_module *module);
wax_status wx_instance_bind_imports(struct wx_instance *inst, const struct wx_extern *imports,
                                    wax_error **err);
/** When the memories are there: choose memory 0 and the code for it. */
wax_status wx_instance_use_memory(struct wx_instance *inst, wax_error **err);
wax_status wx_instance_make_tags(struct wx_instance *inst, wax_error **err);
/* fault.c: what the signal handler does. */
bool wx_fault_handle_sigsafe(int sig, siginfo_t *info, void *ucontext);

#endif
