/* SPDX-License-Identifier: Apache-2.0 */
/* State of one lowering, shared by the files that make it. */
/*
 * The operand stack exists only here. Each operand is in one of five places:
 *
 * - REG: in the register of its position p: r or x number p % 4 in the interpreter, p % 3 in
 *   compiled code; never an exnref (two slots)
 * - HOT: a local.get of a local in a register, not carried out yet
 * - SLOT: in its own slot of the frame
 * - LOCAL: a local.get not carried out yet: the local's slot is read where the value is used
 * - CONST: a constant not carried out yet
 *
 * so that `local.get a; i32.const 4; i32.add` becomes one body, I32_ADD_LC. LOCAL and SLOT are both
 * frame slots (form L). Before a local is written, operands that still stand for it are moved to
 * their own slots.
 *
 * Compiled code has locals in registers besides (lower_locals.c): the most used ones of functions
 * with loops. An operand that stands for one (HOT) is in form R, and a body whose
 * result the next instruction sets such a local to leaves it there. At labels all of them are in
 * their registers and nowhere else; calls and helpers find them in their slots.
 *
 * Invariants. 1. At most one operand owns a register; taking it spills the owner. 2. At labels all
 * operands are in their slots, but for the single result of a block, which is in the register of
 * its position: all predecessors agree. 3. Before calls and helpers everything is in slots: these
 * clobber registers. 4. Unreachable code is skipped, not translated. 5. The n_settled operands at
 * the bottom are in their slots, and at most MAX_UNSETTLED are above them: looking through those is
 * all that flushing or writing a local takes, so that the time stays linear on hostile bodies too.
 *
 * Input is valid (R26), so reading it needs no checks beyond the reader's own.
 */
#ifndef WX_ENGINE_OPS_LOWERING_H
#define WX_ENGINE_OPS_LOWERING_H

#include "engine/ops/frame.h"
#include "engine/ops/lower.h"
#include "wasm/opcodes.h"
#include "wasm/reader.h"

enum wx_place { WX_IN_REG, WX_IN_HOT, WX_IN_SLOT, WX_IN_LOCAL, WX_IN_CONST };

/*
 * What holds a value: bit 0 tells the register file (f32, f64, v128: the x file), bits 1 and 2 the
 * slots it takes. Of locals in a register the bits above are its number + 1 in `hot`.
 */
enum wx_shape {
    WX_SHAPE_NONE = 0, /* no value */
    WX_SHAPE_R = 2,
    WX_SHAPE_X = 3,
    WX_SHAPE_PAIR = 4, /* exnref */
    WX_SHAPE_V = 5,
};
#define WX_SHAPE_HOT_SHIFT 3

struct wx_operand {
    uint8_t place;
    uint8_t shape;
    uint8_t reg;    /* of its position, whether it is there or not */
    uint32_t slot;  /* of the operand itself, counted from the frame */
    uint64_t value; /* LOCAL, HOT: byte offset of the local; SLOT: its own; CONST: bits */
    uint64_t high;  /* CONST of v128: bits 64 and up */
};

/* A local in a register: its value is there, or in its slot, or in both. */
struct wx_lo_hot {
    uint32_t off; /* of its slot */
    uint8_t reg;
    bool is_x, two_slots;
    bool in_reg, in_slot;
};

/* A poll at a loop head, carried out behind the function's body: the locals go to their slots. */
struct wx_lo_poll {
    uint32_t label, back; /* of the code out of line; where it goes on */
    uint32_t op_off;
};

/* A condition whose operands are in place and popped: the body that branches on it. */
struct wx_lo_test {
    uint32_t h, regs;
    unsigned n;
    uint64_t imms[2];
};

/* Two operands taken off the stack for a body. */
struct wx_lo_two {
    size_t pos; /* of the first */
    enum wx_form form;
    int a, b; /* registers, -1 = none */
    bool a_x, b_x;
    unsigned n;
    uint64_t imms[3];
};

/* Where a body's result goes. */
struct wx_lo_dest {
    unsigned reg;
    bool is_x;
};

struct wx_control {
    uint8_t op;       /* WX_OP_BLOCK, _LOOP, _IF, _ELSE, _TRY, _CATCH, _CATCH_ALL, _TRY_TABLE */
    bool reached_end; /* some branch or fall-through comes to the end */
    uint32_t height;  /* operands below the parameters */
    uint32_t label;   /* branch target: loop head or end */
    uint32_t else_label;
    uint32_t stub;       /* label + 1 of its moves in the br_table at hand, 0 = none */
    uint32_t region;     /* exception region in force in the part at hand */
    uint32_t own_region; /* in a catch: that of its try; last_clause: where to append */
    uint32_t last_clause;
    const wx_valtype *types;
    uint32_t n_params, n_results;
    wx_valtype one;
};

/** A landing pad of try_table: code behind the function that goes on at the clause's label. */
struct wx_lo_pad {
    uint32_t pad;
    uint32_t label;     /* WX_EXN_NONE: the function returns */
    uint32_t slot;      /* of the payload */
    bool in_reg;        /* a single result travels in a register */
    uint32_t get, regs; /* body that loads it there */
};

struct wx_lo_exn {
    WX_VEC(struct wx_exn_spot) spots;
    WX_VEC(struct wx_exn_region) regions;
    WX_VEC(struct wx_exn_clause) clauses;
    WX_VEC(struct wx_lo_pad) pads;
    uint32_t n_pads; /* those of legacy catches included */
    uint32_t region; /* of the last spot */
};

struct wx_lowering {
    struct wx_sink *sink;
    const struct wx_rt_module *rt;
    const struct wx_module *m;
    struct wx_mem *mem;
    const struct wx_func_def *def;
    const struct wx_functype *type;
    struct wx_reader r;
    int mode;      /* 0 guarded memory 0, 1 checked */
    bool compiled; /* registers are parameters of bodies; locals may be in some */
    bool fuel;
    bool heat;        /* count calls and iterations */
    bool canonical;   /* NaNs that arithmetic makes have one bit pattern */
    bool fuel_open;   /* a FUEL body waits for its cost */
    bool dead;        /* after an unconditional branch: skip to the end of the block */
    bool failed;      /* out of memory */
    uint8_t n_regs;   /* for operands, of each file */
    uint8_t next_reg; /* of the operand to come */
    uint32_t next_slot;
    uint32_t n_labels;
    uint32_t op_off;          /* module offset of the instruction at hand */
    uint64_t cost;            /* instructions since the last FUEL */
    size_t n_settled;         /* this many operands at the bottom are in their slots */
    int64_t owner[2][4];      /* position in each register (file, number), -1 = free */
    struct wx_lo_dest result; /* where the last result was put */
    uint32_t *local_slot;
    uint8_t *local_shape;
    unsigned n_hot;
    struct wx_lo_hot hot[WX_LOCAL_REGS + WX_LOCAL_XREGS];
    WX_VEC(struct wx_lo_poll) polls;
    WX_VEC(struct wx_operand) stack;
    WX_VEC(struct wx_control) ctrls;
    struct wx_lo_exn exn;
};

/* -------- output and operands (lower_operands.c) -------- */

static inline struct wx_operand *wx_lo_at(struct wx_lowering *l, size_t pos)
{
    return &l->stack.p[pos];
}
static inline size_t wx_lo_height(const struct wx_lowering *l) { return l->stack.n; }
static inline uint64_t wx_lo_slot_off(uint32_t slot) { return (uint64_t)slot * 8; }
static inline uint32_t wx_lo_new_label(struct wx_lowering *l) { return l->n_labels++; }

void wx_lo_fail(struct wx_lowering *l);
void wx_lo_emit(struct wx_lowering *l, uint32_t h, const uint64_t *imms, unsigned n);
void wx_lo_emit0(struct wx_lowering *l, uint32_t h);
void wx_lo_emit1(struct wx_lowering *l, uint32_t h, uint64_t a);
void wx_lo_emit2(struct wx_lowering *l, uint32_t h, uint64_t a, uint64_t b);
void wx_lo_emit3(struct wx_lowering *l, uint32_t h, uint64_t a, uint64_t b, uint64_t c);
void wx_lo_emit4(struct wx_lowering *l, uint32_t h, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void wx_lo_emit_regs(struct wx_lowering *l, uint32_t h, uint32_t regs, const uint64_t *imms,
                     unsigned n);
void wx_lo_emit_test(struct wx_lowering *l, const struct wx_lo_test *t, uint32_t label);
void wx_lo_emit_jump(struct wx_lowering *l, uint32_t label);
/* Bodies with registers as parameters are made for each position in the interpreter. */
static inline uint32_t wx_lo_at_pos(const struct wx_lowering *l, uint32_t h, size_t pos)
{
    return l->compiled ? h : h + (uint32_t)(pos & 3);
}
/* The register of the operand at a position. */
static inline unsigned wx_lo_reg(const struct wx_lowering *l, size_t pos)
{
    return (unsigned)(l->compiled ? pos % WX_OPERAND_REGS : pos & 3);
}
/* The one of three bodies that moves an operand of this kind. */
struct wx_lo_files {
    uint32_t r, x, v;
};
extern const struct wx_lo_files wx_lo_get_body, wx_lo_put_body, wx_lo_const_body, wx_lo_move_body;
uint32_t wx_lo_by_file(const struct wx_lo_files *h, bool is_x, bool two_slots);
void wx_lo_emit_file(struct wx_lowering *l, const struct wx_lo_files *h, const struct wx_operand *o,
                     size_t pos, unsigned reg, const uint64_t *imms, unsigned n);
void wx_lo_bind(struct wx_lowering *l, uint32_t label);
uint64_t wx_lo_header_off(const struct wx_lowering *l);
static inline uint32_t wx_lo_first_operand_slot(const struct wx_lowering *l)
{
    return l->def->n_local_slots + l->rt->tier->header_slots;
}
static inline uint8_t wx_lo_shape_of(wx_valtype t)
{
    return (uint8_t)(wx_type_in_vector_file(t) | wx_type_slots(t) << 1);
}
static inline bool wx_lo_shape_is_x(uint8_t shape) { return shape & 1; }
static inline uint32_t wx_lo_shape_slots(uint8_t shape) { return shape >> 1 & 3; }
static inline bool wx_lo_is_x(const struct wx_operand *o) { return wx_lo_shape_is_x(o->shape); }
static inline bool wx_lo_is_wide(const struct wx_operand *o)
{
    return wx_lo_shape_slots(o->shape) == 2;
}
/* It is in its slot from here on. */
static inline void wx_lo_set_in_slot(struct wx_operand *o)
{
    o->place = WX_IN_SLOT;
    o->value = wx_lo_slot_off(o->slot);
}
static inline bool wx_lo_in_some_reg(const struct wx_operand *o) { return o->place <= WX_IN_HOT; }
#define MAX_UNSETTLED 32u /* operands at the top that may be elsewhere than in their slots */
/* Before an operand is pushed: does another one have to go to its slot, or the stack to grow? */
static inline bool wx_lo_in_the_way(const struct wx_lowering *l)
{
    return l->stack.n - l->n_settled >= MAX_UNSETTLED || l->stack.n == l->stack.cap;
}
void wx_lo_peek_pair(struct wx_lowering *l, size_t pos);
void wx_lo_copy_to(struct wx_lowering *l, size_t pos, uint64_t off);
void wx_lo_to_slot(struct wx_lowering *l, size_t pos);
void wx_lo_to_reg_slow(struct wx_lowering *l, size_t pos);
static inline void wx_lo_to_reg(struct wx_lowering *l, size_t pos)
{
    if (wx_lo_at(l, pos)->place != WX_IN_REG) {
        wx_lo_to_reg_slow(l, pos);
    }
}
bool wx_lo_make_way(struct wx_lowering *l);

/* The register of `pos` in a file becomes its own; an older owner goes to its slot. */
static inline void wx_lo_claim(struct wx_lowering *l, size_t pos, bool is_x, unsigned reg)
{
    int64_t *owner = &l->owner[is_x][reg];
    if (wx_unlikely(*owner >= 0 && *owner != (int64_t)pos)) {
        wx_lo_to_slot(l, (size_t)*owner);
    }
    *owner = (int64_t)pos;
}

/* There is room, and the register is claimed. */
static inline void wx_lo_put_operand(struct wx_lowering *l, uint8_t place, uint8_t shape,
                                     uint64_t value)
{
    struct wx_operand *o = &l->stack.p[l->stack.n++];
    o->place = place;
    o->shape = shape;
    o->reg = l->next_reg;
    o->slot = l->next_slot;
    o->value = value;
    l->next_reg = (uint8_t)(l->next_reg + 1 == l->n_regs ? 0 : l->next_reg + 1);
    l->next_slot += wx_lo_shape_slots(shape);
}

/* One that needs no register. */
static inline void wx_lo_push_value(struct wx_lowering *l, uint8_t place, uint8_t shape,
                                    uint64_t value)
{
    if (wx_likely(!wx_lo_in_the_way(l)) || wx_lo_make_way(l)) {
        wx_lo_put_operand(l, place, shape, value);
    }
}
static inline void wx_lo_push_const(struct wx_lowering *l, uint8_t shape, uint64_t value)
{
    wx_lo_push_value(l, WX_IN_CONST, shape, value);
}
static inline void wx_lo_push_slot(struct wx_lowering *l, wx_valtype t)
{
    wx_lo_push_value(l, WX_IN_SLOT, wx_lo_shape_of(t), wx_lo_slot_off(l->next_slot));
}
unsigned wx_lo_push_reg(struct wx_lowering *l, uint8_t shape);

/* The top n operands go, of which only those in registers leave a trace. */
static inline void wx_lo_pop_some(struct wx_lowering *l, size_t n)
{
    size_t height = l->stack.n - n;
    for (const struct wx_operand *o = &l->stack.p[l->stack.n]; n; n--) {
        o--;
        if (o->place == WX_IN_REG) {
            l->owner[wx_lo_is_x(o)][o->reg] = -1;
        }
        l->next_reg = o->reg;
        l->next_slot = o->slot;
    }
    l->stack.n = height;
    l->n_settled = height < l->n_settled ? height : l->n_settled;
}
static inline void wx_lo_pop(struct wx_lowering *l) { wx_lo_pop_some(l, 1); }
void wx_lo_pop_to(struct wx_lowering *l, size_t h);
void wx_lo_flush_to(struct wx_lowering *l, size_t n);
void wx_lo_flush(struct wx_lowering *l);
/* Is it in a slot, its own or a local's, at `value`? */
static inline bool wx_lo_is_loc(const struct wx_operand *o)
{
    return o->place == WX_IN_SLOT || o->place == WX_IN_LOCAL;
}
void wx_lo_take_two(struct wx_lowering *l, struct wx_lo_two *t);
uint32_t wx_lo_sources(const struct wx_lo_two *t);
enum wx_op wx_lo_inverse(enum wx_op op);
unsigned wx_lo_any_reg(struct wx_lowering *l, size_t pos);
uint32_t wx_lo_in_reg(struct wx_lowering *l, size_t pos, unsigned role);
/* What lowering an instruction looks up. */
struct wx_lo_row {
    uint16_t body;  /* the first one of those it has */
    uint8_t class;  /* enum wx_lower */
    uint8_t result; /* enum wx_shape */
};
extern const struct wx_lo_row wx_lo_rows[WX_OP_COUNT];
#define BR_FORMS 24 /* a compare's branch bodies follow its 6 × 4 value bodies */

/* -------- locals (lower_locals.c) -------- */

/* Where each lies in a frame. @return false when out of memory */
bool wx_lo_set_locals(struct wx_lowering *l);

/* -------- locals in registers (lower_locals.c) -------- */

/* Choose them; before anything is emitted. */
void wx_lo_choose_hot(struct wx_lowering *l);
/* Have one in its register, or all of them. */
void wx_lo_load_hot(struct wx_lowering *l, unsigned i);
void wx_lo_load_all_hot(struct wx_lowering *l);
/* The register of the one an operand stands for, where it is from here on. */
static inline unsigned wx_lo_hot_reg(struct wx_lowering *l, const struct wx_operand *o)
{
    unsigned i = (o->shape >> WX_SHAPE_HOT_SHIFT) - 1u;
    wx_lo_load_hot(l, i);
    return l->hot[i].reg;
}
/* What follows clobbers their registers: they are in their slots from here on. */
void wx_lo_clobber(struct wx_lowering *l);
/* Where they are from here on, by agreement with what comes here. */
void wx_lo_hot_at_label(struct wx_lowering *l);
void wx_lo_hot_in_slots(struct wx_lowering *l);
void wx_lo_poll(struct wx_lowering *l);
void wx_lo_polls_out_of_line(struct wx_lowering *l);
/*
 * The register for a result of that shape: that of the local the next instruction sets, which is
 * carried out with that, or that of the position at hand, where the result is pushed.
 */
struct wx_lo_dest wx_lo_result_or_set(struct wx_lowering *l, uint8_t shape);
static inline struct wx_lo_dest wx_lo_result(struct wx_lowering *l, uint8_t shape)
{
    uint8_t next = *l->r.p; /* there is one: a body ends with `end` */
    if (l->n_hot && (next == 0x21 || next == 0x22)) {
        return wx_lo_result_or_set(l, shape);
    }
    (void)wx_lo_push_reg(l, shape);
    return l->result;
}
static inline void wx_lo_push_local(struct wx_lowering *l, uint32_t idx)
{
    uint8_t shape = l->local_shape[idx];
    wx_lo_push_value(l, shape >> WX_SHAPE_HOT_SHIFT ? WX_IN_HOT : WX_IN_LOCAL, shape,
                     wx_lo_slot_off(l->local_slot[idx]));
}
void wx_lo_local(struct wx_lowering *l, enum wx_op op);

/* -------- reading (lower.c) -------- */

static inline enum wx_op wx_lo_read_op(struct wx_reader *r)
{
    uint32_t code = *r->p++; /* there is one: a body ends with `end` */
    if (wx_unlikely(code >= 0xfb && code <= 0xfe)) {
        return wx_op_valid((uint8_t)code, wx_read_u32(r));
    }
    return wx_op_valid(0, code);
}
void wx_lo_skip_immediate(struct wx_reader *r, enum wx_imm imm); /* lower_skip.c */
static inline bool wx_lo_opens_block(enum wx_op op)
{
    return op == WX_OP_BLOCK || op == WX_OP_LOOP || op == WX_OP_IF || op == WX_OP_TRY ||
           op == WX_OP_TRY_TABLE;
}

/* -------- instructions (lower_instrs.c) -------- */

void wx_lo_unary(struct wx_lowering *l, enum wx_op op);
void wx_lo_binary(struct wx_lowering *l, enum wx_op op);
void wx_lo_load(struct wx_lowering *l, enum wx_op op);
void wx_lo_store(struct wx_lowering *l, enum wx_op op);
void wx_lo_wide(struct wx_lowering *l, enum wx_op op);
void wx_lo_v_registers(struct wx_lowering *l, enum wx_op op);
void wx_lo_v_extract(struct wx_lowering *l, enum wx_op op);
void wx_lo_v_lane_access(struct wx_lowering *l, enum wx_op op);
void wx_lo_atomic(struct wx_lowering *l, enum wx_op op);
void wx_lo_bulk(struct wx_lowering *l, enum wx_op op);
void wx_lo_table(struct wx_lowering *l, enum wx_op op);
void wx_lo_atomic_wait(struct wx_lowering *l, enum wx_op op);
void wx_lo_global(struct wx_lowering *l, enum wx_op op);
void wx_lo_const(struct wx_lowering *l, enum wx_op op);
void wx_lo_parametric(struct wx_lowering *l, enum wx_op op);
void wx_lo_call(struct wx_lowering *l, enum wx_op op);
void wx_lo_ref(struct wx_lowering *l, enum wx_op op);

/* -------- control (lower.c) -------- */

void wx_lo_go_dead(struct wx_lowering *l);
void wx_lo_branch_if(struct wx_lowering *l, const struct wx_lo_test *t, uint32_t depth);
/* In their slots. */
void wx_lo_push_types(struct wx_lowering *l, const wx_valtype *types, uint32_t n);
/** Types of a block: parameters, then results. */
static inline const wx_valtype *wx_lo_ctrl_types(const struct wx_control *c)
{
    return c->types ? c->types : &c->one;
}
static inline struct wx_control *wx_lo_ctrl(struct wx_lowering *l, uint32_t depth)
{
    return &l->ctrls.p[l->ctrls.n - 1 - depth];
}
bool wx_lo_result_in_reg(const struct wx_control *c);
uint32_t wx_lo_slot_at_height(struct wx_lowering *l, size_t h);
void wx_lo_begin_fuel(struct wx_lowering *l);
void wx_lo_end_fuel(struct wx_lowering *l);
void wx_lo_fall_to_end(struct wx_lowering *l, struct wx_control *c);
void wx_lo_reset_to(struct wx_lowering *l, size_t h);
void wx_lo_open_block(struct wx_lowering *l, enum wx_op op);
void wx_lo_end_block(struct wx_lowering *l, bool reachable);

/* -------- canonical NaNs (lower_nan.c) -------- */

/** Behind an instruction: if its result may be a NaN, that becomes the canonical one. */
void wx_lo_canonical(struct wx_lowering *l, enum wx_op op);

/* -------- exceptions (lower_exn.c) -------- */

void wx_lo_exn(struct wx_lowering *l, enum wx_op op);
/** The region of a try or try_table about to be pushed; reads the clauses of the latter. */
uint32_t wx_lo_exn_open(struct wx_lowering *l, enum wx_op op);
/** catch, catch_all: the next part of the try on top, whose last part's end is reachable or not. */
void wx_lo_begin_catch(struct wx_lowering *l, enum wx_op op, bool reachable);
/** Read the label of delegate; the block is still to be ended. */
void wx_lo_delegate(struct wx_lowering *l);
/** Code from the instruction at hand on belongs to another region. */
void wx_lo_exn_spot(struct wx_lowering *l, uint32_t region);
/** Emit the pads of try_table; after the body. */
void wx_lo_exn_pads(struct wx_lowering *l);
/** Give the table to the code. */
void wx_lo_exn_finish(struct wx_lowering *l, struct wx_code *code);
void wx_lo_exn_fini(struct wx_lowering *l);

#endif
