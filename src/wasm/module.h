/* SPDX-License-Identifier: Apache-2.0 */
/* A decoded and validated module: immutable, position-free data shared by all instances. */
#ifndef WX_WASM_MODULE_H
#define WX_WASM_MODULE_H

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "wasm/features.h"
#include "wasm/types.h"

/*
 * Index spaces hold imports first, then definitions, as in the spec. Byte offsets are from the
 * start of the module. All arrays live in the module's arena and end with it. After
 * wx_module_decode() returned WAX_OK every index, type and offset in here is valid: consumers do
 * not check again (they may assert).
 */

struct wx_import {
    struct wx_name module;
    struct wx_name name;
    uint8_t kind; /* enum wx_extern_kind */
    uint32_t idx; /* index in the index space of its kind */
};

struct wx_export {
    struct wx_name name;
    uint8_t kind;
    uint32_t idx;
};

/** A constant expression: bytes [off, off + len) of the module, `end` included. */
struct wx_constexpr {
    uint32_t off;
    uint32_t len;
    /* Short form found by the validator, so that most need no evaluation. */
    enum { WX_CE_EXPR, WX_CE_CONST, WX_CE_GLOBAL, WX_CE_REF_NULL, WX_CE_REF_FUNC } form;
    uint64_t value[2]; /* CONST: bits (v128 both words); GLOBAL/REF_FUNC: index */
};

/** A run of locals of one type, as in the code section. */
struct wx_local_run {
    uint32_t n;
    wx_valtype type;
};

/* As many locals of a file as are told to be used most. */
#define WX_MAX_HOT_LOCALS 5u

struct wx_func_def {
    uint32_t type_idx;
    /* Below: only for defined functions (zero for imports). */
    uint32_t body_off; /* first instruction */
    uint32_t body_len; /* up to and including the final `end` */
    uint32_t n_runs;
    const struct wx_local_run *runs;
    uint32_t n_locals;        /* parameters included */
    uint32_t n_local_slots;   /* parameters included */
    uint32_t max_stack_slots; /* deepest operand stack in slots */
    uint32_t max_labels;      /* deepest nesting of control frames, the body included */
    bool has_loop;
    bool has_call;
    bool has_refs; /* has locals, operands or caught exceptions that are references */
    /* Of functions with loops: the locals used most, the first one most of all; of the integer file
     * and of that of floats and vectors. */
    uint8_t n_hot[2];
    const uint32_t *hot[2];
};

struct wx_table_def {
    struct wx_tabletype type;
    bool has_init;
    struct wx_constexpr init;
};

struct wx_global_def {
    struct wx_globaltype type;
    struct wx_constexpr init; /* defined globals only */
};

enum wx_segment_mode { WX_SEG_PASSIVE, WX_SEG_ACTIVE, WX_SEG_DECLARED };

struct wx_elem_segment {
    uint8_t mode;
    wx_valtype type;
    uint32_t table_idx;
    struct wx_constexpr offset;
    uint32_t n;
    /* Either function indices or one expression each. */
    const uint32_t *funcs;
    const struct wx_constexpr *exprs;
};

struct wx_data_segment {
    uint8_t mode;
    uint32_t memory_idx;
    struct wx_constexpr offset;
    uint32_t data_off;
    uint32_t data_len;
};

struct wx_custom_section {
    struct wx_name name;
    uint32_t off; /* payload after the name */
    uint32_t len;
};

struct wx_module {
    const uint8_t *bytes; /* whole module; owned */
    size_t len;
    struct wx_features features; /* what validation allowed */
    uint64_t features_used;      /* bit set of enum wx_feature the module really needs */
    uint64_t feature_offs[WX_FEATURE_COUNT]; /* byte offset of the first use of each of those */

    uint32_t n_types, n_funcs, n_tables, n_memories, n_globals, n_tags;
    uint32_t n_func_imports, n_table_imports, n_memory_imports, n_global_imports, n_tag_imports;
    uint32_t n_imports, n_exports, n_elems, n_datas, n_customs;
    const struct wx_functype *types;
    const struct wx_func_def *funcs;
    const struct wx_table_def *tables;
    const struct wx_limits *memories;
    const struct wx_global_def *globals;
    const uint32_t *tags; /* type index of each */
    const struct wx_import *imports;
    const struct wx_export *exports;
    const uint32_t *exports_sorted; /* export numbers ordered by name length, then bytes */
    const struct wx_elem_segment *elems;
    const struct wx_data_segment *datas;
    const struct wx_custom_section *customs;
    uint32_t start_func; /* WAX_NO_INDEX if none */
    bool has_data_count;

    struct wx_name module_name;       /* name section; empty if none */
    const struct wx_name *func_names; /* n_funcs, or NULL without a name section */

    struct wx_arena *arena;
    struct wx_mem *mem;
};

/** What decode accepts beyond the format itself; every field has a default in wx_limits_default. */
struct wx_decode_limits {
    uint64_t max_module_bytes;
    uint32_t max_types, max_funcs, max_imports, max_exports, max_globals, max_tables, max_memories,
        max_tags, max_elems, max_datas, max_customs;
    uint32_t max_func_bytes, max_locals, max_params, max_results, max_br_table, max_nesting;
    uint64_t max_elem_items;
    bool no_quick; /* tests: every instruction by the machine that knows all rules */
};
extern const struct wx_decode_limits wx_decode_limits_default;

/**
 * Decode and validate `len` bytes (copied). The only way to make a wx_module.
 *
 * @return WAX_OK; WAX_E_MALFORMED, WAX_E_VALIDATION, WAX_E_UNSUPPORTED (feature named),
 * WAX_E_LIMIT, WAX_E_NOMEM, with offset, function index and section in the error
 */
wax_status wx_module_decode(struct wx_mem *mem, const uint8_t *bytes, size_t len,
                            const struct wx_features *features,
                            const struct wx_decode_limits *limits, struct wx_module **ret_module,
                            wax_error **err);
/** The same with bytes from wx_alloc(mem), which are taken even on failure: nothing is copied. */
wax_status wx_module_decode_owned(struct wx_mem *mem, uint8_t *bytes, size_t len,
                                  const struct wx_features *features,
                                  const struct wx_decode_limits *limits,
                                  struct wx_module **ret_module, wax_error **err);
void wx_module_free(struct wx_module *module); /* NULL accepted */

static inline const struct wx_functype *wx_module_func_type(const struct wx_module *m,
                                                            uint32_t func_idx)
{
    return &m->types[m->funcs[func_idx].type_idx];
}
/** Find an export by length-counted name; NULL if absent. */
const struct wx_export *wx_module_find_export(const struct wx_module *module, const char *name,
                                              size_t len);
/** Best name of a function: name section, else an export, else empty. */
struct wx_name wx_module_func_name(const struct wx_module *module, uint32_t func_idx);
/** First custom section of that name; NULL if absent. */
const struct wx_custom_section *wx_module_find_custom(const struct wx_module *module,
                                                      const char *name);
/** Subtyping of value types within one module (typed function references included). */
bool wx_valtype_matches(const struct wx_module *m, wx_valtype sub, wx_valtype super);
#endif
