/* SPDX-License-Identifier: Apache-2.0 */
/* Engine, runtime module, store, instance: who owns what, and how a module becomes an instance. */
#ifndef WX_ENGINE_RT_STORE_H
#define WX_ENGINE_RT_STORE_H

#include "base/arena.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/vec.h"
#include "engine/rt/func.h"
#include "engine/rt/profile.h"
#include "engine/rt/thread.h"
#include "engine/rt/tier.h"
#include "engine/rt/twins.h"
#include "os/lock.h"

/* -------- engine: thread-safe, counted; holds the tier, the signatures and the options -------- */

enum wx_signal_mode { WX_SIGNALS_OWN, WX_SIGNALS_FILTER, WX_SIGNALS_NONE }; /* R7 */

struct wx_budget; /* base/budget.h */

struct wx_engine_config {
    struct wx_features features;
    const struct wx_tier_ops *tier; /* NULL = the registered default */
    enum wx_signal_mode signals;
    bool fuel;                 /* modules count fuel */
    bool heat;                 /* modules count calls and loop iterations */
    bool canonical_nans;       /* arithmetic makes the canonical NaN only */
    bool force_checked;        /* explicit bounds checks everywhere (tests, R15) */
    uint64_t memory_limit;     /* allocation accounting, bytes, 0 = none */
    uint64_t max_memory_bytes; /* per linear memory, 0 = none */
    uint64_t max_table_elems;  /* per table, 0 = 1,000,000 */
    uint64_t max_guest_fds;    /* of all guests together, 0 = 3/4 of the host's limit */
    uint64_t stack_bytes;      /* value stack of a store, 0 = 8 MiB */
    int64_t fail_alloc_at;     /* tests: the n-th allocation fails; 0 = none */
    enum wx_profile_kind profile;
    const char *profile_dir; /* borrowed by wx_engine_new */
    struct wx_log log;
};

struct wx_engine; /* engine.c */

wax_status wx_engine_new(const struct wx_engine_config *config, struct wx_engine **ret_engine,
                         wax_error **err);
struct wx_engine *wx_engine_ref(struct wx_engine *engine);
void wx_engine_unref(struct wx_engine *engine); /* NULL accepted */
const struct wx_engine_config *wx_engine_get_config(const struct wx_engine *engine);
struct wx_mem *wx_engine_get_mem(struct wx_engine *engine);
struct wx_budget *wx_engine_get_fds(struct wx_engine *engine); /* descriptors of guests */
const struct wx_log *wx_engine_get_log(const struct wx_engine *engine);
/** NULL when the engine was not asked for one. */
struct wx_profile *wx_engine_get_profile(struct wx_engine *engine);
/** False after a reservation was refused or when signals are off: memories get checked access. */
bool wx_engine_guards(const struct wx_engine *engine);

/* -------- runtime module: immutable module + code per bounds mode; thread-safe, counted --------
 */

struct wx_rt_module {
    struct wx_module *wasm;
    struct wx_engine *engine;
    const struct wx_sig **sigs; /* per type */
    struct wx_code *codes[2];   /* defined functions; [0] guarded memory 0, [1] checked */
    const struct wx_tier_ops *tier;
    struct wx_mutex lock; /* compiling; order: innermost but the allocator */
    uint32_t refs;        /* atomic */
    unsigned whole;       /* threads that compile all of it; guarded by lock */
    void *tier_data;      /* owned by the tier */
    /* Two for each defined function: calls and iterations of its loops. NULL unless the engine
     * counts. Written by all threads at once, without synchronisation: some counts get lost. */
    uint64_t *heat;
};

wax_status wx_rt_module_new(struct wx_engine *engine, const uint8_t *bytes, size_t len,
                            struct wx_rt_module **ret_module, wax_error **err);
/** With bytes from wx_alloc(engine's account), taken even on failure. */
wax_status wx_rt_module_new_owned(struct wx_engine *engine, uint8_t *bytes, size_t len,
                                  struct wx_rt_module **ret_module, wax_error **err);
struct wx_rt_module *wx_rt_module_ref(struct wx_rt_module *module);
void wx_rt_module_unref(struct wx_rt_module *module); /* NULL accepted */
/** The code table for a bounds mode, made on first use; NULL when out of memory. */
struct wx_code *wx_rt_module_codes(struct wx_rt_module *module, int mode);
/** What compiling all of a module made. */
struct wx_compiled {
    uint64_t n_funcs;
    uint64_t body_bytes; /* of wasm */
    uint64_t code_bytes; /* of machine code; 0 in tiers without */
};
/**
 * Compile all functions not compiled yet, for the bounds mode its instances are likely to have.
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_LIMIT with the function in the error
 */
wax_status wx_rt_module_compile(struct wx_rt_module *module, struct wx_compiled *ret_compiled,
                                wax_error **err);
/** Which of codes[] an instance with this memory 0 uses. */
static inline int wx_rt_module_mode(const struct wx_memory *mem0)
{
    return mem0 != 0 && !mem0->guarded;
}

/* -------- store: everything that lives together; one host thread at a time -------- */

/** What an externref stands for: handle = index + 1 in store->externrefs. Freed with the store. */
struct wx_externref {
    void *data;
    void (*finalize)(void *data);
};

/* WX_VEC()s with names. */
struct wx_table_list {
    struct wx_table **p;
    size_t n, cap;
};
struct wx_memory_list {
    struct wx_memory **p;
    size_t n, cap;
};
struct wx_externref_list {
    struct wx_externref *p;
    size_t n, cap;
};

struct wx_store_past; /* store.c */

struct wx_store {
    struct wx_thread thread;
    struct wx_engine *engine;
    struct wx_mem mem;        /* account, child of the engine's */
    struct wx_list instances; /* all objects below are freed with the store */
    struct wx_arena *arena;   /* functions, globals, tags, names: freed as a whole */
    struct wx_table_list tables;
    struct wx_memory_list memories; /* counted references */
    struct wx_externref_list externrefs;
    struct wx_exn_heap exns;
    struct wx_store_past *past; /* what it had before wx_store_renew(); or NULL */
    struct wx_twins *twins;     /* while it is made as the copy of another one; or NULL */
    uint64_t max_memory_bytes;  /* per memory made by instances; 0 = the engine's limit */
    uint64_t timeout_ns;        /* of each outermost call; 0 = none */
    bool forkable;              /* memories made by instances are, too */
    bool poisoned;              /* a hard stop happened (R19) */
    void *user;                 /* embedder's */
};

wax_status wx_store_new(struct wx_engine *engine, uint64_t stack_bytes, uint64_t memory_limit,
                        struct wx_store **ret_store, wax_error **err);
/** The same for a thread: its stacks come from a cache and go there, which must outlive it. */
wax_status wx_store_new_thread(struct wx_engine *engine, struct wx_stack_cache *stacks,
                               uint64_t stack_bytes, struct wx_store **ret_store, wax_error **err);
void wx_store_free(struct wx_store *store); /* NULL accepted; not while a call is running */
/**
 * Begin with no objects, for another program in the same thread; not while a call is running.
 * `keep`: those it had live until the store ends, as somebody may have handles to them.
 */
wax_status wx_store_renew(struct wx_store *store, bool keep, wax_error **err);
wax_status wx_store_externref(struct wx_store *store, void *data, void (*finalize)(void *),
                              uint64_t *ret_handle, wax_error **err);
/** Memory object owned by the store (kept by reference until it ends). */
wax_status wx_store_adopt_memory(struct wx_store *store, struct wx_memory *memory, wax_error **err);

/* -------- instance -------- */

struct wx_instance {
#define VMCTX(TYPE, NAME) TYPE NAME;
#include "engine/rt/vmctx.def"
    struct wx_list_node link; /* in store->instances */
    struct wx_store *store;
    struct wx_rt_module *module; /* counted */
    struct wx_tag **tags;
    uint8_t *dropped_elems; /* one byte per segment: 1 after elem.drop */
    uint8_t *dropped_datas;
    void *owner; /* wasi environment, or NULL */
    struct wx_global
        own_globals[]; /* those the module defines: compiled code reaches them by offset */
};

/** Bytes from an instance to the value of a global that the module defines. */
static inline size_t wx_instance_own_global(const struct wx_module *m, uint32_t idx)
{
    return offsetof(struct wx_instance, own_globals) +
           (size_t)(idx - m->n_global_imports) * sizeof(struct wx_global);
}

/**
 * Instantiate (spec 4.5.4): check imports against `imports` (in module order), make objects, run
 * element and data segments and, if run_start, the start function. On a trap in there the instance
 * stays in the store (its writes stay visible) but is not returned; WAX_TRAP with the error.
 */
wax_status wx_instantiate(struct wx_store *store, struct wx_rt_module *module,
                          const struct wx_extern *imports, bool run_start,
                          struct wx_instance **ret_instance, wax_error **err);
/**
 * The same in two steps, for instances that import from each other. After the first one there are
 * functions, but for the imported ones; memory 0 will be `mem0`. `again`: it stands in for one that
 * exists elsewhere, over the same memory; active segments are not placed. No start function is run.
 */
wax_status wx_instance_new(struct wx_store *store, struct wx_rt_module *module,
                           const struct wx_memory *mem0, struct wx_instance **ret_instance,
                           wax_error **err);
wax_status wx_instance_link(struct wx_instance *inst, const struct wx_extern *imports, bool again,
                            wax_error **err);
/** Function object for an index (made on demand). NULL only when out of memory. */
struct wx_func *wx_instance_func(struct wx_instance *inst, uint32_t func_idx);
/** Object behind an index. @return false only when out of memory */
bool wx_instance_extern(struct wx_instance *inst, uint32_t kind, uint32_t idx,
                        struct wx_extern *ret_extern);
/** Export by length-counted name. @return false if absent */
bool wx_instance_export(struct wx_instance *inst, const char *name, size_t len,
                        struct wx_extern *ret_extern);

/* -------- calling (enter.c) -------- */

/**
 * Call a function to its end: waits, guest calls, traps and exits are handled inside.
 *
 * args: n_param_slots slots; results: n_result_slots slots.
 * @return WAX_OK; WAX_TRAP, WAX_EXIT, WAX_E_CANCELLED, WAX_E_TIMEOUT, WAX_E_FUEL with code, exit
 * code and back-trace in the error; WAX_E_POISONED, WAX_E_STATE if it may not be entered now
 */
wax_status wx_enter(struct wx_store *store, struct wx_func *func, const uint64_t *args,
                    uint64_t *results, wax_error **err);
/**
 * Go on with a thread that was copied from another store (copy.h), to its end.
 * @return as wx_enter
 */
wax_status wx_enter_copy(struct wx_store *store, wax_error **err);
/** Charge fuel to the store: how much later calls may use (engines with fuel on). */
void wx_store_set_fuel(struct wx_store *store, int64_t fuel);
/** Stop whatever the store runs, soon and for good. Any thread. */
void wx_store_cancel(struct wx_store *store);

#endif
