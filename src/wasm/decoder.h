/* SPDX-License-Identifier: Apache-2.0 */
/* State shared by the decoder's files while one module is made. */
#ifndef WX_WASM_DECODER_H
#define WX_WASM_DECODER_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "wasm/census.h"
#include "wasm/module.h"
#include "wasm/opcodes.h"
#include "wasm/reader.h"

/** A control frame of the validator (spec appendix "Validation Algorithm"). */
struct wx_ctrl {
    uint8_t op; /* WX_OP_BLOCK, _LOOP, _IF, _ELSE, _TRY, _CATCH, _CATCH_ALL, _TRY_TABLE */
    bool unreachable;
    uint32_t height; /* operand stack at entry, parameters popped */
    uint32_t slots;  /* the same in slots */
    uint32_t inits;  /* height of the initialised-locals stack at entry */
    /* Block type: n_params types then n_results types. */
    const wx_valtype *types;
    uint32_t n_params, n_results;
    wx_valtype one; /* storage for the single-result form */
};

/** The frame's types: those of a function type, or its single result. */
static inline const wx_valtype *wx_ctrl_types(const struct wx_ctrl *c)
{
    return c->types ? c->types : &c->one;
}
/** Types a branch to the frame takes: a loop's parameters, else the results. */
static inline const wx_valtype *wx_label_types(const struct wx_ctrl *c, uint32_t *ret_n)
{
    bool loop = c->op == WX_OP_LOOP;
    *ret_n = loop ? c->n_params : c->n_results;
    return loop ? wx_ctrl_types(c) : wx_ctrl_types(c) + c->n_params;
}

struct wx_decoder {
    struct wx_module *m; /* under construction; arrays are reached through the casts below */
    struct wx_reader r;  /* the section at hand */
    struct wx_mem *mem;
    struct wx_features features;
    struct wx_decode_limits limits;
    wax_error **err;
    uint64_t used;           /* features really needed */
    uint8_t *declared_funcs; /* may be taken by ref.func (spec C.refs); n_funcs bytes */
    uint32_t n_code;         /* bodies seen */
    uint32_t data_count;
    uint32_t next_type;  /* types readable so far while in the type section */
    struct wx_map canon; /* encoded type -> canonical index + 1 */
};

/** Everything one expression needs; buffers are reused from function to function. */
struct wx_validator {
    struct wx_decoder *d;
    struct wx_reader *r;
    const struct wx_module *m;
    uint64_t op_off; /* of the instruction at hand, for messages */
    const struct wx_op_info *info;
    enum wx_op op;
    WX_VEC(wx_valtype) stack;
    WX_VEC(struct wx_ctrl) ctrls;
    WX_VEC(wx_valtype) locals;
    WX_VEC(uint8_t) local_init; /* 1 = may be read */
    WX_VEC(uint32_t) inits;     /* locals initialised since, to undo at block ends */
    uint32_t slots, max_slots;
    uint32_t max_labels;
    bool has_loop, has_call, has_refs;
    struct wx_census census;
    bool in_const;          /* constant expression: few instructions allowed */
    uint32_t const_globals; /* globals a constant expression may read */
    uint32_t const_ops;
};

/* decode_types.c */
wx_valtype wx_decode_valtype(struct wx_decoder *d, struct wx_reader *r);
uint32_t wx_decode_heaptype(struct wx_decoder *d, struct wx_reader *r);
wx_valtype wx_decode_reftype(struct wx_decoder *d, struct wx_reader *r);
void wx_decode_type_section(struct wx_decoder *d);
struct wx_tabletype wx_decode_tabletype(struct wx_decoder *d);
struct wx_limits wx_decode_memtype(struct wx_decoder *d);
struct wx_globaltype wx_decode_globaltype(struct wx_decoder *d);
/** Note that a feature is used at a byte offset. */
static inline void wx_decode_note(struct wx_decoder *d, enum wx_feature feature, uint64_t off)
{
    uint64_t bit = UINT64_C(1) << feature;
    if (!(d->used & bit)) {
        d->used |= bit;
        d->m->feature_offs[feature] = off;
    }
}
/** Require a feature: records its use or fails with its name. */
bool wx_decode_need(struct wx_decoder *d, struct wx_reader *r, enum wx_feature feature,
                    const char *what);

/* decode_custom.c */
void wx_decode_custom_section(struct wx_decoder *d);

/* validate.c */
void wx_validator_init(struct wx_validator *v, struct wx_decoder *d, struct wx_reader *r);
void wx_validator_fini(struct wx_validator *v);
/** Validate a body whose locals were declared in `def`; fills its side data. */
void wx_validate_body(struct wx_validator *v, struct wx_func_def *def);
/**
 * A body piece by piece, for whoever looks at the types in the middle of one that is valid
 * (typing.c): begin, then read on until the instruction that begins at `off` has been read.
 * @return false: a failure, or no instruction begins there
 */
bool wx_validate_begin(struct wx_validator *v, const struct wx_func_def *def);
bool wx_validate_past(struct wx_validator *v, uint64_t off);
/**
 * As many instructions of a body as are valid, common and plain; at the first that is not, the
 * state is as if only those before had been read. Fails never.
 */
void wx_validate_quick(struct wx_validator *v);
/** Validate a constant expression of type `expected`, up to and including `end`. */
void wx_validate_const(struct wx_decoder *d, struct wx_reader *r, wx_valtype expected,
                       uint32_t n_globals, struct wx_constexpr *ret);

/* validate.c, for validate_ops.c */
void wx_v_fail(struct wx_validator *v, const char *format, ...) WX_PRINTF(2, 3);
void wx_v_push(struct wx_validator *v, wx_valtype type);
wx_valtype wx_v_pop_any(struct wx_validator *v);
wx_valtype wx_v_pop(struct wx_validator *v, wx_valtype expected);
void wx_v_push_all(struct wx_validator *v, const wx_valtype *types, uint32_t n);
void wx_v_pop_all(struct wx_validator *v, const wx_valtype *types, uint32_t n);
void wx_v_unreachable(struct wx_validator *v);
/** A type's text: "i32", "(ref null func)". Valid until four calls later (per thread). */
const char *wx_valtype_text(wx_valtype type);

typedef void (*wx_check_fn)(struct wx_validator *v);
extern const wx_check_fn wx_check_table[WX_OP_COUNT]; /* validate_ops.c */
/** Check by the letters of the table's row. */
void wx_check_letters(struct wx_validator *v);

#endif
