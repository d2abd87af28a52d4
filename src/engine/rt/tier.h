/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime knows of a tier; rt never names one. */
#ifndef WX_ENGINE_RT_TIER_H
#define WX_ENGINE_RT_TIER_H

#include <stdbool.h>

#include "base/error.h"
#include "engine/rt/outcome.h"

struct wx_rt_module;
struct wx_code;
struct wx_instance;
struct wx_copy;
struct wx_spot;

/** What came of moving the frames of a copied thread. */
enum wx_relocated { WX_RELOCATED, WX_NO_ROOM, WX_NOT_COPIED };

/** One guest frame, innermost first, while walking a stopped thread. */
struct wx_walk {
    const struct wx_instance *inst;
    uint32_t func_idx;
    const struct wx_code *code;
    uint64_t module_off; /* byte offset of the instruction in the module */
    /* walker's state */
    const void *pc;
    uint64_t *fp;
    const uint64_t *sp; /* tiers with a guest stack */
};

struct wx_tier_ops {
    const char *name;
    bool native;           /* makes machine code, so a profiler of the host can see functions */
    uint64_t features;     /* bit set of enum wx_feature it can run */
    bool compiled;         /* bodies as stencils, with registers to choose (engine/ops) */
    uint32_t header_slots; /* of a frame on the value stack, behind the locals */
    /**
     * Called once for each code table, before anybody sees it; may set entries that compile on
     * first call. May be NULL. The module's lock is held.
     */
    wax_status (*prepare)(struct wx_rt_module *module, struct wx_code *codes, uint32_t n, int mode,
                          wax_error **err);
    void (*module_fini)(struct wx_rt_module *module); /* may be NULL */
    /** Make code->entry and tier_data non-NULL. Called with the module's lock held. */
    wax_status (*compile)(struct wx_rt_module *module, struct wx_code *code, int mode,
                          wax_error **err);
    /**
     * While all of a module is compiled (module->whole), entries may be made some time after
     * compile; here at the latest. The lock is held. May be NULL.
     */
    wax_status (*compiled_whole)(struct wx_rt_module *module, int mode, wax_error **err);
    /** Free what compile made for one function / the module. */
    void (*code_fini)(struct wx_code *code);
    /** Bytes of machine code of a compiled function; NULL in tiers that make none. */
    uint32_t (*code_bytes)(const struct wx_code *code);
    /**
     * Run a wasm function whose arguments lie at `base` on the thread's value stack; results are
     * left there. Returns WX_DONE when that function returned, else any outcome of a host function
     * it called, WX_TRAP or WX_INTERRUPT, with pc/fp/inst saved in the thread.
     */
    enum wx_outcome (*call)(struct wx_thread *t, struct wx_func *func, uint64_t *base);
    /** Go on after the instruction saved in the thread (its host call is now done). */
    enum wx_outcome (*resume)(struct wx_thread *t);
    /**
     * After WX_INTERRUPT that was not one for good: make the stopped thread one that `resume` goes
     * on with and `walk` can name. May be NULL.
     */
    void (*settle)(struct wx_thread *t);
    /**
     * Walk the frames of the present activation: `walk` names the frame of w->pc, w->fp, w->inst
     * (first those of the thread), `step` goes to its caller. @return false past the last frame
     */
    bool (*walk)(const struct wx_thread *t, struct wx_walk *w);
    bool (*step)(const struct wx_thread *t, struct wx_walk *w);
    /**
     * The stacks of a thread that had left the guest were copied: make the frames of one level,
     * from this place of the copy on, point to each other and to their instance, and name those
     * that may hold references (copy.h).
     */
    enum wx_relocated (*relocate)(const struct wx_copy *copy, const struct wx_spot *place);
    /**
     * Go on at a landing pad of the walk's frame; what lies above it is gone. Everything is in its
     * slots there, registers hold nothing. Returns like call and resume.
     */
    enum wx_outcome (*land)(struct wx_thread *t, const struct wx_walk *w, uint32_t pad);
};

/** Compile on first call. @return the entry, or NULL with t->trap and t->error set */
const void *wx_code_entry(struct wx_thread *t, struct wx_code *code);
/** The tier new engines use; set once by the layer that links tiers in. */
void wx_tier_register(const struct wx_tier_ops *tier);
const struct wx_tier_ops *wx_tier_find(const char *name); /* NULL name = default */

#endif
