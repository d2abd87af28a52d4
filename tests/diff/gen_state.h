/* SPDX-License-Identifier: Apache-2.0 */
/* What the generator's files share. */
#ifndef WX_TESTS_DIFF_GEN_STATE_H
#define WX_TESTS_DIFF_GEN_STATE_H

#include "gen.h"
#include "wasm/features.h"
#include "wasm/types.h"

enum {
    MAX_ARITY = 6,
    MAX_TYPES = 12,
    MAX_FUNCS = 24,
    MAX_LOCALS = 40,
    MAX_STACK = 96,
    MAX_NESTING = 7,
    MAX_MEMS = 3,
    MAX_TABLES = 3,
    MAX_GLOBALS = 16,
    MAX_TAGS = 4,
    MAX_SEGMENTS = 4
};

/* Instructions are chosen by class first, so that 250 vector ones do not drown 30 others. */
enum op_class {
    CLASS_NUM,
    CLASS_MEM,
    CLASS_SIMD,
    CLASS_ATOMIC,
    CLASS_OTHER,
    CLASS_CONTROL,
    N_CLASSES
};

struct wbuf {
    uint8_t *p;
    size_t n, cap;
    bool failed;
};
void wbuf_put(struct wbuf *b, const void *p, size_t n);
void wbuf_u8(struct wbuf *b, uint8_t v);
void wbuf_u32(struct wbuf *b, uint32_t v);
void wbuf_u64(struct wbuf *b, uint64_t v);
void wbuf_s64(struct wbuf *b, int64_t v);

struct gtype {
    uint32_t n_params, n_results;
    wx_valtype t[2 * MAX_ARITY];
};

struct gmem {
    bool is64, shared, has_max;
    uint8_t page_shift;
    uint32_t min, max;
};

struct gtable {
    wx_valtype elem;
    bool is64;
    uint32_t min;
};

struct gglobal {
    wx_valtype type;
    bool mut;
};

struct gsegment {
    wx_valtype type; /* element segments */
    bool passive;
    uint32_t n;
};

/** An enclosing control frame, as branches see it. */
struct label {
    wx_valtype t[MAX_ARITY];
    uint32_t n;
    bool loop;     /* branches go back: only under the loop's counter */
    bool catching; /* inside a legacy catch: rethrow may name it */
    uint32_t counter;
};

struct gen {
    const uint8_t *in, *in_end;
    struct gen_options opt;
    struct wbuf out, code;
    struct gtype types[MAX_TYPES];
    uint32_t n_types;
    uint32_t funcs[MAX_FUNCS]; /* type indices, imports first */
    uint32_t n_funcs, n_imports;
    struct gmem mems[MAX_MEMS];
    uint32_t n_mems;
    struct gtable tables[MAX_TABLES];
    uint32_t n_tables;
    struct gglobal globals[MAX_GLOBALS]; /* the last one is the fuel, not named here */
    uint32_t n_globals;
    uint32_t tags[MAX_TAGS];
    uint32_t n_tags;
    struct gsegment elems[MAX_SEGMENTS];
    uint32_t n_elems;
    uint32_t n_datas;

    uint16_t ops[N_CLASSES][WX_OP_COUNT]; /* what may be made, by class */
    uint32_t n_ops[N_CLASSES];

    /* the function at hand */
    const struct gtype *type;
    wx_valtype locals[MAX_LOCALS];
    uint32_t n_locals;
    uint32_t first_counter; /* one i32 local per nesting depth */
    uint32_t scratch[5];    /* locals for NaN canonicalisation: f32, f64, v128 */
    wx_valtype st[MAX_STACK];
    uint32_t sp, base; /* base: of the innermost block */
    uint32_t floor;    /* operands below are promised to somebody */
    struct label labels[MAX_NESTING + 1];
    uint32_t n_labels;
    bool unreachable;
    uint32_t budget;
    uint32_t depth; /* of nested value making */
    bool calm;      /* only what leaves locals in registers */
};

/* choices */
uint32_t pick(struct gen *g, uint32_t n);
bool chance(struct gen *g, uint32_t one_in);
static inline bool has(const struct gen *g, enum wx_feature f) { return g->opt.features >> f & 1; }

/* gen.c: types */
wx_valtype pick_type(struct gen *g);
void put_valtype(struct wbuf *b, wx_valtype t);
void put_heaptype(struct wbuf *b, wx_valtype t);

/* gen_body.c: operands and plain instructions */
void emit_op(struct gen *g, enum wx_op op);
/** Make an instruction with its operands; false if it has no place here. */
bool gen_op(struct gen *g, enum wx_op op);
void push(struct gen *g, wx_valtype t);
/** Take operands of these types from the stack, making what is missing. */
void need(struct gen *g, const wx_valtype *t, uint32_t n);
/** The same, made here and small, so that the instruction rarely traps. */
void need_small(struct gen *g, wx_valtype t, uint32_t max);
void gen_value(struct gen *g, wx_valtype t);
void gen_const(struct gen *g, wx_valtype t, uint64_t v);
void gen_default(struct gen *g, wx_valtype t);
void go_unreachable(struct gen *g);
/** Spend fuel; return with defaults when it is out. */
void gen_fuel(struct gen *g);
void gen_body(struct gen *g, uint32_t func);
/** The inside of a control frame: instructions and then exactly the results. */
void gen_inside(struct gen *g, const struct gtype *type, bool loop);
/** Promise the topmost operands: nothing made until restore takes them. Returns the old floor. */
static inline uint32_t promise(struct gen *g)
{
    uint32_t old = g->floor;
    g->floor = g->sp;
    return old;
}
void finish(struct gen *g, const wx_valtype *t, uint32_t n);
bool find_local(struct gen *g, wx_valtype t, uint32_t *ret_idx);
wx_valtype addr_type(bool is64);

/** Which instructions the features and the module allow. */
void gen_collect_ops(struct gen *g);

/* gen_loops.c: functions of loops (options.loops) */
/** Set a local to the operand on top, if one fits. */
void gen_keep_result(struct gen *g);
/** An instruction on locals, or one that locals in registers meet in loops; false if none was made.
 */
bool gen_on_locals(struct gen *g);
bool gen_around_locals(struct gen *g);
/** More locals of each file than there are registers. */
wx_valtype gen_local_type(struct gen *g, uint32_t i);
/** All locals to memory, where what they became can be seen. */
void gen_write_locals(struct gen *g, uint32_t func);

/* gen_special.c: instructions typed X; false if it cannot be made here and now */
bool gen_block(struct gen *g, enum wx_op op);
bool gen_special(struct gen *g, enum wx_op op);

#endif
