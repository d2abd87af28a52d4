/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, tables, globals, tags: the store's objects that instances share by linking. */
#ifndef WX_ENGINE_RT_FUNC_H
#define WX_ENGINE_RT_FUNC_H

#include "base/trap.h"
#include "engine/rt/exn.h"
#include "engine/rt/memory.h"
#include "engine/rt/outcome.h"
#include "engine/rt/sig.h"

struct wx_instance;
struct wx_store;

/** Code of one defined function, shared by all instances of the module. */
struct wx_code {
    const void *entry; /* atomic (release/acquire): what the tier runs; NULL = not compiled yet */
    uint32_t frame_slots; /* locals + header + operand stack */
    uint32_t local_slots; /* parameters included; the frame header follows them */
    uint32_t func_idx;    /* in the module's function index space */
    uint32_t mode;        /* bounds mode: which of module->codes it belongs to */
    struct wx_rt_module *module;
    void *tier_data; /* owned by the tier */
    /* Who catches what in here, NULL if nobody; set by the lowering before entry, owned. */
    struct wx_exn_table *exns;
};

enum wx_func_kind { WX_FUNC_WASM, WX_FUNC_HOST };

/**
 * A function reference is a pointer to one of these; owned by its store and valid until it ends.
 */
struct wx_func {
    uint32_t kind;
    uint32_t sig_id; /* = sig->id, for the call_indirect check */
    const struct wx_sig *sig;
    struct wx_instance *instance; /* WASM: owner; HOST: NULL */
    struct wx_code *code;         /* WASM */
    wx_host_fn host;              /* HOST */
    void *data;                   /* HOST */
    struct wx_store *store;
    uint32_t func_idx; /* WASM */
    const char *name;  /* HOST: for traces and messages; "" if none; store's lifetime */
};

/**
 * 16 bytes an element: reference bits and, for functions, the signature id (0 = null); an exnref
 * takes both words.
 */
struct wx_tabent {
    uint64_t ref;
    union {
        struct {
            uint32_t sig_id;
            uint32_t reserved;
        };
        uint64_t ref1;
    };
};

#define WX_TABLE_MAX_ELEMS UINT64_C(1000000) /* unless the engine says otherwise */

struct wx_table {
    struct wx_tabent *elems; /* may move on growth */
    uint64_t size;
    uint64_t max;
    uint64_t cap;
    struct wx_tabletype type; /* elem in engine-wide terms */
    struct wx_store *store;
    /* Asked for an element that is null or out of range before anybody is told so; it may grow the
     * table and write the element. NULL: nobody is. */
    void (*fetch)(struct wx_table *table, uint64_t idx);
    void *fetch_data;
};

struct wx_global {
    uint64_t value[2];         /* 16-byte aligned cell that compiled code reads and writes */
    struct wx_globaltype type; /* engine-wide terms */
    struct wx_store *store;
} __attribute__((aligned(16)));

/** Something an instance imports or exports. Borrowed pointers; the store owns the objects. */
struct wx_extern {
    uint32_t kind; /* enum wx_extern_kind */
    union {
        struct wx_func *func;
        struct wx_table *table;
        struct wx_memory *memory;
        struct wx_global *global;
        struct wx_tag *tag;
    } u;
};

/* Makers: objects belong to the store. `name` is copied. */
wax_status wx_func_new_host(struct wx_store *store, const struct wx_sig *sig, wx_host_fn fn,
                            void *data, const char *name, struct wx_func **ret_func,
                            wax_error **err);
wax_status wx_table_new(struct wx_store *store, const struct wx_tabletype *type,
                        const uint64_t init_ref[2], struct wx_table **ret_table, wax_error **err);
/** The same where there is room for it. */
wax_status wx_global_init(struct wx_store *store, struct wx_global *g,
                          const struct wx_globaltype *type, const uint64_t value[2],
                          wax_error **err);
wax_status wx_global_new(struct wx_store *store, const struct wx_globaltype *type,
                         const uint64_t value[2], struct wx_global **ret_global, wax_error **err);
wax_status wx_tag_new(struct wx_store *store, const struct wx_sig *sig, struct wx_tag **ret_tag,
                      wax_error **err);
/** @return previous size, or UINT64_MAX when refused */
uint64_t wx_table_grow(struct wx_table *table, uint64_t delta, const uint64_t init_ref[2]);
/** The element, or NULL: out of range. It is fetched if somebody can. */
const struct wx_tabent *wx_table_get(struct wx_table *table, uint64_t idx);
/** What call_indirect calls: as above, of this signature; NULL and the trap. */
struct wx_func *wx_table_callee(struct wx_table *table, uint64_t idx, uint32_t sig_id,
                                enum wx_trap *ret_trap);
/** Write a reference (the second word is looked at in tables of exnref only); idx in range. */
void wx_table_set(struct wx_table *table, uint64_t idx, const uint64_t ref[2]);
/* Bulk operations: bounds are checked first; 0, or the trap with nothing changed. */
enum wx_trap wx_table_fill(struct wx_table *table, uint64_t idx, const uint64_t ref[2], uint64_t n);
enum wx_trap wx_table_copy(struct wx_table *dst, uint64_t dst_idx, struct wx_table *src,
                           uint64_t src_idx, uint64_t n);
enum wx_trap wx_table_init(struct wx_instance *inst, uint32_t table_idx, uint32_t elem_idx,
                           uint64_t dst_idx, uint32_t src_idx, uint32_t n);
/** Value of one item of an element segment. @return false only when out of memory */
bool wx_elem_ref(struct wx_instance *inst, const struct wx_elem_segment *seg, uint32_t item,
                 uint64_t ret_value[2]);
enum wx_trap wx_memory_init(struct wx_instance *inst, uint32_t memory_idx, uint32_t data_idx,
                            uint64_t dst, uint32_t src, uint32_t n);

#endif
