/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: their values, where they are kept, and the tables that say who catches them. */
/*
 * Nothing is done when nothing is thrown: entering a try costs no instruction. The lowering makes a
 * table per function, the same for every tier, and a throw looks the frames of the activation up in
 * it, innermost first (throw.c).
 *
 * A value of type exnref is two slots, held by value and without identity (R12):
 *
 *   [0]  the tag, a struct wx_tag *; 0 = null
 *   [1]  the payload if it is one slot; the handle of a box if it is more; 0 if there is none
 *
 * Boxes belong to the store. A box whose exception was thrown and caught by a clause that takes no
 * reference is freed there and then, since nobody else can know it. All others are found dead by a
 * sweep: when boxes have doubled since the last one, every word of the value stack, of other
 * stacks of the thread (contexts, checkpoints), of exnref tables and globals, of live boxes and of
 * the thread's own exception that looks like a handle keeps its box. A word that merely looks like
 * one keeps a box too long, never too short. The next sweep comes after as many new boxes as pay
 * for this one, so memory is bounded by what is live and the cost of a throw by a constant,
 * amortised. What is live is limited to 64 MiB a store, over that a throw traps; a sweep gives up
 * when an interrupt is pending.
 *
 * Handles carry a generation: one that outlived its box (in the embedder's hands) is told apart.
 */
#ifndef WX_ENGINE_RT_EXN_H
#define WX_ENGINE_RT_EXN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/trap.h"
#include "base/vec.h"
#include "engine/rt/outcome.h"

struct wx_code;
struct wx_global;
struct wx_instance;
struct wx_sig;
struct wx_store;
struct wx_thread;

/** Identity is the address. Owned by its store. */
struct wx_tag {
    const struct wx_sig *sig; /* parameters only */
    struct wx_store *store;
    const struct wx_instance *instance; /* that defined it, for its name; NULL: the host */
    uint32_t idx;                       /* in that instance */
};

/* -------- tables: made by the lowering, immutable, owned by struct wx_code -------- */

#define WX_EXN_NONE UINT32_MAX

/** One catch clause; tried in order of `next`. Slots are counted from the frame. */
struct wx_exn_clause {
    uint32_t tag;          /* index in the instance; WX_EXN_NONE: every exception */
    uint32_t pad;          /* landing pad, as told to the sink */
    uint32_t payload_slot; /* where the payload goes; unused without a tag */
    uint32_t ref_slot;     /* where the exnref goes, two slots; WX_EXN_NONE: nowhere */
    uint32_t next;         /* WX_EXN_NONE: the last */
};

/** A protected stretch of code. Exceptions none of its clauses takes go to `outer`. */
struct wx_exn_region {
    uint32_t first; /* clause; WX_EXN_NONE: none */
    uint32_t outer; /* enclosing region, or where `delegate` points; WX_EXN_NONE: the caller */
};

/** From this module byte offset on, up to the next spot, code belongs to `region`. */
struct wx_exn_spot {
    uint32_t module_off;
    uint32_t region; /* WX_EXN_NONE: none */
};

struct wx_exn_table {
    uint32_t n_spots, n_regions, n_clauses, n_pads;
    const struct wx_exn_spot *spots; /* offsets ascend; all three lie behind this struct */
    const struct wx_exn_region *regions;
    const struct wx_exn_clause *clauses;
};

/* -------- values (exn.c) -------- */

struct wx_exn_cell {
    struct wx_exn_box *box; /* NULL: free */
    uint32_t gen;
    uint32_t next_free; /* index + 1 of the next free cell; 0 = none */
};

#define WX_EXN_UNKNOWN UINT32_MAX

/** The boxes of a store. Zero-initialised = empty. */
struct wx_exn_heap {
    WX_VEC(struct wx_exn_cell) cells;
    uint32_t first_free; /* index + 1; WX_EXN_UNKNOWN: to be found first */
    uint32_t n_live;
    uint64_t n_bytes;                   /* payloads in live boxes; limited */
    uint32_t sweep_at;                  /* n_live that makes the next box sweep first */
    WX_VEC(struct wx_global *) globals; /* of the store, of type exnref */
};

/**
 * Make an exception. `top`: end of the value stack in use, for the sweep.
 * @return WX_TRAP_NONE, or WX_TRAP_NOMEM
 */
enum wx_trap wx_exn_new(struct wx_store *store, const struct wx_tag *tag, const uint64_t *payload,
                        const uint64_t *top, uint64_t ret_exn[2]);
/** Payload of a non-null exnref, tag->sig->n_param_slots slots; NULL if its box is gone. */
const uint64_t *wx_exn_payload(const struct wx_store *store, const uint64_t exn[2]);
/** Free the box of an exception nothing refers to any more. */
void wx_exn_release(struct wx_store *store, const uint64_t exn[2]);
/**
 * The box of an exception of `from` in `to` as well, under the same handle; `to` runs nothing yet,
 * and all it has of boxes are such copies. *ret_slots: its payload, where references are still
 * those of `from`; NULL if it is there already. @return false: out of memory, or it is gone
 */
bool wx_exn_copy_box(struct wx_store *to, const struct wx_store *from, uint64_t handle,
                     uint64_t **ret_slots);
/** Null, or of this store and not gone. For values that come from the embedder. */
bool wx_exn_is_valid(const struct wx_store *store, const uint64_t exn[2]);
void wx_exn_heap_fini(struct wx_store *store);

/* -------- throwing and landing (throw.c) -------- */

/** Throw tag with this payload: `return wx_throw(…);` in helpers and host functions. */
enum wx_outcome wx_throw(struct wx_thread *t, const struct wx_tag *tag, const uint64_t *payload,
                         const uint64_t *top);
/** Throw an exnref again; null traps. */
enum wx_outcome wx_throw_ref(struct wx_thread *t, const uint64_t exn[2]);
/**
 * After WX_THROW: go on at the innermost frame of this activation that catches it.
 * @return false if no frame of this activation catches it; else true, with what the guest then came
 * to (which may be another throw)
 */
bool wx_throw_land(struct wx_thread *t, enum wx_outcome *ret_outcome);
/** Before an activation is left by an exception: keep where it was thrown in t->error. */
void wx_throw_keep_trace(struct wx_thread *t);
/** The error of an exception nobody caught. @return WAX_EXCEPTION */
wax_status wx_throw_fail(struct wx_thread *t, wax_error **err);

#endif
