/* SPDX-License-Identifier: Apache-2.0 */
/* The quick way through bodies: instructions that are valid and common, and nothing else. */
/*
 * Most of loading is validation, and most of validation are a few dozen instructions that are as
 * they should be. Each is checked here by a small function; whatever is rare, or not valid, or only
 * may be not valid, is *declined*: the cursor goes back to its first byte and the machine of
 * validate.c, which knows all rules and messages, does it. So nothing is ever refused here, and
 * errors are the same with and without this file.
 *
 * Invariants. 1. What is declined has changed nothing: every function reads its immediates, checks,
 * and only then writes. 2. What is accepted leaves the state that validate.c would have left.
 * 3. An instruction is accepted only if the feature it belongs to is in use already; the first use
 * of each is declined, so that it is checked and its place noted. 4. Bytes are read without a check
 * each while at least MARGIN of the module are left; immediates that end behind the body are
 * declined.
 */

#include "base/annot.h"
#include "wasm/decoder.h"

/* More than any instruction accepted here has: prefix, opcode, memarg with a lane or 16 bytes. */
#define MARGIN 32

struct quick {
    struct wx_validator *v;
    const uint8_t *end;      /* of the body */
    wx_valtype *base, *room; /* bottom of the frame's operands, end of the memory for operands */
    /*
     * Most operands take one slot: slots are counted as what those there are take beyond one each,
     * and the most there were so far as the place sp was at then.
     */
    uintptr_t high; /* an address, as it may lie outside of the memory */
    uint32_t extra;
    bool mem32; /* memory 0 is there and has 32-bit addresses */
};

/*
 * The next byte and the next free operand: what nearly every instruction changes, passed and
 * returned in registers. p is NULL after what is declined.
 */
struct at {
    const uint8_t *p;
    wx_valtype *sp;
};
static const struct at declined;

/* -------- immediates -------- */

/* Bytes of a LEB128 number of up to `bits` bits; 0 if it is malformed. *ret_value is its bits. */
static uint32_t measure(const uint8_t *p, unsigned bits, bool is_signed, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7, p++) {
        unsigned room = bits - shift;
        value |= (uint64_t)(*p & 0x7f) << shift;
        if (room < 7) { /* the last byte there may be: unused bits are zero, or the sign */
            uint8_t rest = (uint8_t)((*p & 0x7f) >> (is_signed ? room - 1 : room));
            bool ok = rest == 0 || (is_signed && rest == 0x7f >> (room - 1));
            if (!ok || (*p & 0x80)) {
                return 0;
            }
        }
        if (!(*p & 0x80)) {
            *ret_value = value;
            return shift / 7 + 1;
        }
    }
    return 0;
}

static uint32_t measure_u32(const uint8_t *p, uint64_t *ret_value)
{
    return measure(p, 32, false, ret_value);
}

static uint32_t measure_s32(const uint8_t *p)
{
    uint64_t value;
    return measure(p, 32, true, &value);
}

static uint32_t measure_s64(const uint8_t *p)
{
    uint64_t value;
    return measure(p, 64, true, &value);
}

/* @return the byte behind it; NULL if it is malformed or ends behind the body */
static inline const uint8_t *read_u32(const struct quick *q, const uint8_t *p, uint32_t *ret)
{
    uint64_t value = *p;
    uint32_t n = 1;
    if (wx_unlikely(value >= 0x80)) {
        n = measure_u32(p, &value);
    }
    *ret = (uint32_t)value;
    return n != 0 && p + n <= q->end ? p + n : NULL;
}

static inline const uint8_t *skip(const struct quick *q, const uint8_t *p, uint32_t n)
{
    return n != 0 && p + n <= q->end ? p + n : NULL;
}

/* -------- operands -------- */

static uint32_t max_slots(const struct quick *q)
{
    return (uint32_t)((q->high - (uintptr_t)q->v->stack.p) / sizeof(wx_valtype)) + q->extra;
}

/* There are never more extra slots than slots, so this is not below the memory. */
static void set_max_slots(struct quick *q, uint32_t max)
{
    q->high = (uintptr_t)q->v->stack.p + (uint64_t)(max - q->extra) * sizeof(wx_valtype);
}

/* Before operands of two slots come and after they go. */
static void set_extra(struct quick *q, const wx_valtype *sp, uint32_t extra)
{
    uint32_t max = max_slots(q), slots = (uint32_t)(sp - q->v->stack.p) + extra;
    q->extra = extra;
    set_max_slots(q, max > slots ? max : slots);
}

/* There is room. @return sp */
static inline wx_valtype *put(struct quick *q, wx_valtype *sp, wx_valtype t)
{
    *sp++ = t;
    if (wx_unlikely(wx_type_slots(t) > 1)) {
        set_extra(q, sp, q->extra + 1);
    }
    if ((uintptr_t)sp > q->high) {
        q->high = (uintptr_t)sp;
    }
    return sp;
}

static inline struct at push(struct quick *q, struct at a, wx_valtype t)
{
    if (wx_unlikely(a.sp == q->room)) {
        return declined;
    }
    a.sp = put(q, a.sp, t);
    return a;
}

static inline bool top_is(const struct quick *q, const wx_valtype *sp, wx_valtype t)
{
    return sp > q->base && sp[-1] == t;
}

/* @return sp */
static inline wx_valtype *drop_top(struct quick *q, wx_valtype *sp)
{
    if (wx_unlikely(wx_type_slots(*--sp) > 1)) {
        set_extra(q, sp, q->extra - 1);
    }
    return sp;
}

/* Are these the types on top, the last one uppermost? */
static inline bool tops_are(const struct quick *q, const wx_valtype *sp, const wx_valtype *types,
                            uint32_t n)
{
    if ((size_t)(sp - q->base) < n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (sp[(int64_t)i - n] != types[i]) {
            return false;
        }
    }
    return true;
}

/* There is room. @return sp */
static inline wx_valtype *put_all(struct quick *q, wx_valtype *sp, const wx_valtype *types,
                                  uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        sp = put(q, sp, types[i]);
    }
    return sp;
}

/* -------- control -------- */

static inline struct wx_ctrl *top_ctrl(const struct quick *q)
{
    return &q->v->ctrls.p[q->v->ctrls.n - 1];
}

/* The stack as it was when the frame on top was opened, or is after its end. @return sp */
static inline wx_valtype *cut(struct quick *q, const struct wx_ctrl *c)
{
    if (wx_unlikely(q->extra != c->slots - c->height)) {
        set_extra(q, q->base, c->slots - c->height);
    }
    return q->base;
}

static struct at go_dead(struct quick *q, struct at a)
{
    struct wx_ctrl *c = top_ctrl(q);
    a.sp = cut(q, c);
    c->unreachable = true;
    return a;
}

/* Blocks without parameters and with at most one result. */
static struct at open_block(struct quick *q, struct at a, uint8_t op)
{
    struct wx_validator *v = q->v;
    uint8_t type = *a.p;
    bool one = type <= WX_KIND_I32 && type >= WX_KIND_F64;
    if ((!one && type != 0x40) || a.p >= q->end || v->ctrls.n == v->ctrls.cap ||
        v->ctrls.n >= v->d->limits.max_nesting ||
        (op == WX_OP_IF && !top_is(q, a.sp, WX_KIND_I32))) {
        return declined;
    }
    a.sp -= op == WX_OP_IF;
    if (op == WX_OP_LOOP) {
        v->has_loop = true;
        wx_census_open_loop(&v->census);
    }
    uint32_t height = (uint32_t)(a.sp - v->stack.p);
    v->ctrls.p[v->ctrls.n++] = (struct wx_ctrl){.op = op,
                                                .height = height,
                                                .slots = height + q->extra,
                                                .inits = (uint32_t)v->inits.n,
                                                .n_results = one,
                                                .one = one ? type : 0};
    if (v->ctrls.n > v->max_labels) {
        v->max_labels = (uint32_t)v->ctrls.n;
    }
    q->base = a.sp;
    a.p++;
    return a;
}

/*
 * Nothing but the results above the frame's bottom, or nothing at all where that is unreachable;
 * no locals to forget.
 */
static bool frame_is_finished(const struct quick *q, const wx_valtype *sp, const struct wx_ctrl *c)
{
    const wx_valtype *types = wx_ctrl_types(c) + c->n_params;
    size_t n = (size_t)(sp - q->base);
    return c->inits == q->v->inits.n &&
           ((c->unreachable && n == 0) ||
            (n == c->n_results && tops_are(q, sp, types, c->n_results)));
}

static struct at quick_END(struct quick *q, struct at a)
{
    struct wx_validator *v = q->v;
    const struct wx_ctrl *c = top_ctrl(q);
    bool plain = c->op == WX_OP_BLOCK || c->op == WX_OP_LOOP || c->op == WX_OP_ELSE ||
                 (c->op == WX_OP_IF && c->n_results == 0 && c->n_params == 0);
    if (!plain || !frame_is_finished(q, a.sp, c) || (size_t)(q->room - q->base) < c->n_results) {
        return declined;
    }
    a.sp = cut(q, c);
    v->ctrls.n--;
    if (c->op == WX_OP_LOOP) {
        wx_census_end_loop(&v->census);
    }
    if (v->ctrls.n > 0) {
        q->base = v->stack.p + c[-1].height;
        a.sp = put_all(q, a.sp, wx_ctrl_types(c) + c->n_params, c->n_results);
    }
    return a;
}

static struct at quick_ELSE(struct quick *q, struct at a)
{
    struct wx_ctrl *c = top_ctrl(q);
    if (c->op != WX_OP_IF || c->n_params != 0 || !frame_is_finished(q, a.sp, c)) {
        return declined;
    }
    c->op = WX_OP_ELSE;
    c->unreachable = false;
    a.sp = cut(q, c);
    return a;
}

/* The label's frame, with a.p behind the depth; NULL if there is none. */
static inline const struct wx_ctrl *read_label(const struct quick *q, struct at *a)
{
    uint32_t depth;
    a->p = read_u32(q, a->p, &depth);
    return a->p && depth < q->v->ctrls.n ? top_ctrl(q) - depth : NULL;
}

static inline bool fits_label(const struct quick *q, const wx_valtype *sp, const struct wx_ctrl *c)
{
    uint32_t n;
    const wx_valtype *types = wx_label_types(c, &n);
    return tops_are(q, sp, types, n);
}

static struct at quick_BR(struct quick *q, struct at a)
{
    const struct wx_ctrl *c = read_label(q, &a);
    return c && fits_label(q, a.sp, c) ? go_dead(q, a) : declined;
}

static struct at quick_BR_IF(struct quick *q, struct at a)
{
    const struct wx_ctrl *c = read_label(q, &a);
    if (!c || !top_is(q, a.sp, WX_KIND_I32) || !fits_label(q, a.sp - 1, c)) {
        return declined;
    }
    a.sp--;
    return a;
}

static struct at quick_RETURN(struct quick *q, struct at a)
{
    const struct wx_ctrl *body = &q->v->ctrls.p[0];
    return tops_are(q, a.sp, body->types, body->n_results) ? go_dead(q, a) : declined;
}

/* -------- calls, variables -------- */

static struct at apply(struct quick *q, struct at a, const struct wx_functype *t)
{
    if (!tops_are(q, a.sp, t->types, t->n_params) ||
        (size_t)(q->room - a.sp) + t->n_params < t->n_results) {
        return declined;
    }
    a.sp -= t->n_params;
    if (wx_unlikely(t->n_param_slots != t->n_params)) {
        set_extra(q, a.sp, q->extra - (t->n_param_slots - t->n_params));
    }
    for (uint32_t i = 0; i < t->n_results; i++) {
        q->v->has_refs = q->v->has_refs || wx_type_is_ref(t->types[t->n_params + i]);
    }
    a.sp = put_all(q, a.sp, t->types + t->n_params, t->n_results);
    q->v->has_call = true;
    wx_census_clobber(&q->v->census);
    return a;
}

static struct at quick_CALL(struct quick *q, struct at a)
{
    const struct wx_module *m = q->v->m;
    uint32_t idx;
    a.p = read_u32(q, a.p, &idx);
    return a.p && idx < m->n_funcs ? apply(q, a, wx_module_func_type(m, idx)) : declined;
}

static struct at quick_CALL_INDIRECT(struct quick *q, struct at a)
{
    const struct wx_module *m = q->v->m;
    uint32_t type, table;
    a.p = read_u32(q, a.p, &type);
    a.p = a.p ? read_u32(q, a.p, &table) : NULL;
    if (!a.p || type >= m->n_types || table >= m->n_tables ||
        m->tables[table].type.elem != WX_FUNCREF || m->tables[table].type.limits.is64 ||
        !top_is(q, a.sp, WX_KIND_I32)) {
        return declined;
    }
    a.sp--;
    return apply(q, a, &m->types[type]);
}

/* A local that may be read, with a.p behind its number; its type, WX_KIND_BOT if there is none. */
static inline wx_valtype read_local(const struct quick *q, struct at *a, uint32_t *ret_idx)
{
    const struct wx_validator *v = q->v;
    a->p = read_u32(q, a->p, ret_idx);
    return a->p && *ret_idx < v->locals.n && v->local_init.p[*ret_idx] ? v->locals.p[*ret_idx]
                                                                       : WX_KIND_BOT;
}

static struct at quick_LOCAL_GET(struct quick *q, struct at a)
{
    uint32_t idx;
    wx_valtype t = read_local(q, &a, &idx);
    if (t == WX_KIND_BOT || a.sp == q->room) {
        return declined;
    }
    wx_census_use(&q->v->census, idx);
    a.sp = put(q, a.sp, t);
    return a;
}

static struct at quick_LOCAL_TEE(struct quick *q, struct at a)
{
    uint32_t idx;
    wx_valtype t = read_local(q, &a, &idx);
    if (t == WX_KIND_BOT || !top_is(q, a.sp, t)) {
        return declined;
    }
    wx_census_use(&q->v->census, idx);
    return a;
}

static struct at quick_LOCAL_SET(struct quick *q, struct at a)
{
    uint32_t idx;
    wx_valtype t = read_local(q, &a, &idx);
    if (t == WX_KIND_BOT || !top_is(q, a.sp, t)) {
        return declined;
    }
    wx_census_use(&q->v->census, idx);
    a.sp = drop_top(q, a.sp);
    return a;
}

static inline const struct wx_globaltype *read_global(const struct quick *q, struct at *a)
{
    const struct wx_module *m = q->v->m;
    uint32_t idx;
    a->p = read_u32(q, a->p, &idx);
    return a->p && idx < m->n_globals ? &m->globals[idx].type : NULL;
}

static struct at quick_GLOBAL_GET(struct quick *q, struct at a)
{
    const struct wx_globaltype *g = read_global(q, &a);
    return g && !wx_type_is_ref(g->type) ? push(q, a, g->type) : declined;
}

static struct at quick_GLOBAL_SET(struct quick *q, struct at a)
{
    const struct wx_globaltype *g = read_global(q, &a);
    if (!g || !g->mut || !top_is(q, a.sp, g->type)) {
        return declined;
    }
    a.sp = drop_top(q, a.sp);
    return a;
}

static struct at quick_DROP(struct quick *q, struct at a)
{
    if (a.sp == q->base) {
        return declined;
    }
    a.sp = drop_top(q, a.sp);
    return a;
}

static struct at quick_SELECT(struct quick *q, struct at a)
{
    wx_valtype t = a.sp - q->base < 3 ? WX_KIND_BOT : a.sp[-2];
    if (t == WX_KIND_BOT || t != a.sp[-3] || wx_type_is_ref(t) || a.sp[-1] != WX_KIND_I32) {
        return declined;
    }
    a.sp = drop_top(q, a.sp - 1);
    return a;
}

/* -------- instructions that letters describe -------- */

/* How an instruction is checked: what it has of immediates and operands. */
enum how { DECLINE, PLAIN, ACCESS, CONST_I32, CONST_I64, BYTES, LANE, ACCESS_LANE };

/* 'm' is i32: that is looked at with the memarg. */
#define KIND(C)                                                                                    \
    ((C) == 'i' || (C) == 'm' ? WX_KIND_I32                                                        \
     : (C) == 'I'             ? WX_KIND_I64                                                        \
     : (C) == 'f'             ? WX_KIND_F32                                                        \
     : (C) == 'F'             ? WX_KIND_F64                                                        \
     : (C) == 'V'             ? WX_KIND_V128                                                       \
                              : 0)
#define LETTER(LETTERS, N) ((#LETTERS "\0\0\0")[N])
#define N_KINDS(LETTERS)                                                                           \
    ((KIND(LETTER(LETTERS, 0)) != 0) + (KIND(LETTER(LETTERS, 1)) != 0) +                           \
     (KIND(LETTER(LETTERS, 2)) != 0))
/* Up to three operands, up to one result, and letters that are kinds of operands. */
#define FITS(PARAMS, RESULTS)                                                                      \
    ((sizeof #PARAMS <= 4) && (sizeof #RESULTS <= 2) &&                                            \
     (N_KINDS(PARAMS) == sizeof #PARAMS - 1 || LETTER(PARAMS, 0) == '_') &&                        \
     (N_KINDS(RESULTS) == 1 || LETTER(RESULTS, 0) == '_'))
#define IS_WIDE(PARAMS, RESULTS)                                                                   \
    (LETTER(PARAMS, 0) == 'V' || LETTER(PARAMS, 1) == 'V' || LETTER(PARAMS, 2) == 'V' ||           \
     LETTER(RESULTS, 0) == 'V')
#define HOW(IMM)                                                                                   \
    ((IMM) == WX_IMM_NONE                                                 ? PLAIN                  \
     : (IMM) == WX_IMM_MEMARG                                             ? ACCESS                 \
     : (IMM) == WX_IMM_MEMARG_LANE                                        ? ACCESS_LANE            \
     : (IMM) == WX_IMM_I32                                                ? CONST_I32              \
     : (IMM) == WX_IMM_I64                                                ? CONST_I64              \
     : (IMM) == WX_IMM_LANE                                               ? LANE                   \
     : (IMM) == WX_IMM_F32 || (IMM) == WX_IMM_F64 || (IMM) == WX_IMM_V128 ? BYTES                  \
                                                                          : DECLINE)

static const struct row {
    uint8_t how;
    uint8_t feature;
    uint8_t access;
    uint8_t n_bytes;                     /* of BYTES */
    uint8_t n_params, params[3], result; /* kinds; result 0 = none */
    bool wide;                           /* of v128 */
} rows[WX_OP_COUNT] = {
/* Atomic accesses have other alignment rules, a number of lanes is not an immediate to skip. */
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS_BYTES, FEATURE, LOWER)              \
    [WX_OP_##NAME] = {!FITS(PARAMS, RESULTS) || (WX_LOWER_##LOWER >= WX_LOWER_ATOMIC_LOAD &&       \
                                                 WX_LOWER_##LOWER <= WX_LOWER_ATOMIC_WAIT)         \
                          ? DECLINE                                                                \
                          : HOW(WX_IMM_##IMM),                                                     \
                      WX_FEATURE_##FEATURE,                                                        \
                      ACCESS_BYTES,                                                                \
                      WX_IMM_##IMM == WX_IMM_F32   ? 4                                             \
                      : WX_IMM_##IMM == WX_IMM_F64 ? 8                                             \
                                                   : 16,                                           \
                      N_KINDS(PARAMS),                                                             \
                      {KIND(LETTER(PARAMS, 0)), KIND(LETTER(PARAMS, 1)), KIND(LETTER(PARAMS, 2))}, \
                      KIND(LETTER(RESULTS, 0)),                                                    \
                      IS_WIDE(PARAMS, RESULTS)},
#include "wasm/opcodes.def"
#undef OP
};

/* The operands are as the row says: take them, give the result. */
static struct at by_row(struct quick *q, struct at a, const struct row *row)
{
    uint32_t n = row->n_params;
    if (!a.p || (size_t)(a.sp - q->base) < n) {
        return declined;
    }
    wx_valtype *at = a.sp - n;
    if ((n > 0 && at[0] != row->params[0]) || (n > 1 && at[1] != row->params[1]) ||
        (n > 2 && at[2] != row->params[2])) {
        return declined;
    }
    if (n == 0) {
        return row->result ? push(q, a, row->result) : a;
    }
    if (wx_unlikely(row->wide)) {
        while (a.sp != at) {
            a.sp = drop_top(q, a.sp);
        }
        at = row->result ? put(q, at, row->result) : at;
    } else if (row->result) { /* in a place that was taken already */
        *at++ = row->result;
    }
    a.sp = at;
    return a;
}

static inline const uint8_t *skip_memarg(const struct quick *q, const uint8_t *p, uint32_t access)
{
    uint32_t align = *p++, offset;
    return q->mem32 && align < 32 && UINT32_C(1) << align <= access ? read_u32(q, p, &offset)
                                                                    : NULL;
}

static inline const uint8_t *skip_lane(const struct quick *q, const uint8_t *p, uint32_t access)
{
    return p && *p < 16 / access ? skip(q, p, 1) : NULL;
}

static struct at quick_letters(struct quick *q, struct at a, const struct row *row, uint64_t used)
{
    if (!(used >> row->feature & 1)) {
        return declined;
    }
    const uint8_t *p = a.p;
    switch ((enum how)row->how) {
    case PLAIN: break;
    case ACCESS: a.p = skip_memarg(q, p, row->access); break;
    case CONST_I32: a.p = skip(q, p, *p < 0x80 ? 1 : measure_s32(p)); break;
    case CONST_I64: a.p = skip(q, p, *p < 0x80 ? 1 : measure_s64(p)); break;
    case BYTES: a.p = skip(q, p, row->n_bytes); break;
    case LANE: a.p = skip_lane(q, p, row->access); break;
    case ACCESS_LANE: a.p = skip_lane(q, skip_memarg(q, p, row->access), row->access); break;
    default: return declined;
    }
    return by_row(q, a, row);
}

static struct at quick_prefixed(struct quick *q, struct at a, uint64_t used)
{
    uint8_t pfx = a.p[-1];
    uint32_t code;
    a.p = read_u32(q, a.p, &code);
    enum wx_op op = a.p ? wx_op_find(pfx, code) : WX_OP_INVALID;
    return op != WX_OP_INVALID ? quick_letters(q, a, &rows[op], used) : declined;
}

static struct at quick_I32_CONST(struct quick *q, struct at a)
{
    a.p = skip(q, a.p, *a.p < 0x80 ? 1 : measure_s32(a.p));
    return a.p ? push(q, a, WX_KIND_I32) : declined;
}

/* -------- the loop -------- */

/* The cases are of feature MVP, which is in use: see wx_validate_quick. */
static inline struct at one(struct quick *q, struct at a, uint64_t used)
{
    uint32_t code = *a.p++;
    uint32_t op = wx_op_by_code[0][code] - 1u; /* WX_OP_INVALID is another large number */
    switch (op) {
    case WX_OP_LOCAL_GET: return quick_LOCAL_GET(q, a);
    case WX_OP_LOCAL_SET: return quick_LOCAL_SET(q, a);
    case WX_OP_LOCAL_TEE: return quick_LOCAL_TEE(q, a);
    case WX_OP_GLOBAL_GET: return quick_GLOBAL_GET(q, a);
    case WX_OP_GLOBAL_SET: return quick_GLOBAL_SET(q, a);
    case WX_OP_CALL: return quick_CALL(q, a);
    case WX_OP_CALL_INDIRECT: return quick_CALL_INDIRECT(q, a);
    case WX_OP_BLOCK:
    case WX_OP_LOOP:
    case WX_OP_IF: return open_block(q, a, (uint8_t)op);
    case WX_OP_ELSE: return quick_ELSE(q, a);
    case WX_OP_END: return quick_END(q, a);
    case WX_OP_BR: return quick_BR(q, a);
    case WX_OP_BR_IF: return quick_BR_IF(q, a);
    case WX_OP_RETURN: return quick_RETURN(q, a);
    case WX_OP_UNREACHABLE: return go_dead(q, a);
    case WX_OP_DROP: return quick_DROP(q, a);
    case WX_OP_SELECT: return quick_SELECT(q, a);
    /* What letters describe, and is as common as that. */
    case WX_OP_I32_CONST: return quick_I32_CONST(q, a);
    case WX_OP_I32_LOAD ... WX_OP_I64_STORE32:
        a.p = skip_memarg(q, a.p, rows[op].access);
        return by_row(q, a, &rows[op]);
    case WX_OP_I32_EQZ ... WX_OP_F64_REINTERPRET_I64: return by_row(q, a, &rows[op]);
    default: break;
    }
    if (op < WX_OP_COUNT) {
        return quick_letters(q, a, &rows[op], used);
    }
    return code >= 0xfb && code <= 0xfe ? quick_prefixed(q, a, used) : declined;
}

void wx_validate_quick(struct wx_validator *v)
{
    const uint8_t *module_end = v->m->bytes + v->m->len;
    if (v->in_const || v->d->limits.no_quick || v->ctrls.n == 0 || !v->stack.p ||
        !(v->d->used >> WX_FEATURE_MVP & 1) || module_end - v->r->p <= MARGIN) {
        return;
    }
    const uint8_t *limit = module_end - MARGIN;
    limit = limit < v->r->end ? limit : v->r->end;
    struct quick q = {.v = v,
                      .end = v->r->end,
                      .base = v->stack.p + v->ctrls.p[v->ctrls.n - 1].height,
                      .room = v->stack.p + v->stack.cap,
                      .extra = v->slots - (uint32_t)v->stack.n,
                      .mem32 = v->m->n_memories > 0 && !v->m->memories[0].is64};
    set_max_slots(&q, v->max_slots);
    struct at a = {v->r->p, v->stack.p + v->stack.n};
    uint64_t used = v->d->used;
    while (a.p < limit && v->ctrls.n > 0) {
        struct at next = one(&q, a, used);
        if (!next.p) {
            break;
        }
        a = next;
    }
    v->r->p = a.p;
    v->stack.n = (size_t)(a.sp - v->stack.p);
    v->slots = (uint32_t)v->stack.n + q.extra;
    v->max_slots = max_slots(&q);
}
