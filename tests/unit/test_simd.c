/* SPDX-License-Identifier: Apache-2.0 */
/* Every instruction on v128, and wide arithmetic, against its lane-by-lane definition. */
/*
 * Rows of opcodes.def drive it. For each instruction (and each lane of those that name one) modules
 * are made whose operands come from a local, from a register (through a global) or from a constant,
 * at each of the four stack positions, in every combination; each runs on edge and random values
 * and its result must equal wx_lanes_NAME (wasm/num_simd.h) bit for bit. Results that are NaN may
 * differ in what the specification leaves open, but must be quiet. Memory instructions run guarded
 * and checked, at the very end of the memory, where one byte further must trap. All of it runs on
 * every tier there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "engine/interp/interp.h"
#include "engine/jit/jit.h"
#include "engine/rt/store.h"
#include "wasm/num_simd.h"
#include "wasm/opcodes.h"

#define N_VECTORS 24u /* inputs of each module */
#define PAGE 65536u
#define OFFSET 5u /* static offset of memory accesses: nothing is aligned */

/* -------- the definitions, called alike -------- */

struct inputs {
    union wx_lanes v[4]; /* operands; scalars in lane 0 */
    union wx_lanes imm;  /* of i8x16.shuffle */
    unsigned lane;
};
typedef void (*reference_fn)(const struct inputs *in, union wx_lanes *out);

#define ARG_V(K) (in->v[K])
#define ARG_i(K) (in->v[K].u32[0])
#define ARG_I(K) (in->v[K].u64[0])
#define ARG_f(K) (in->v[K].f32[0])
#define ARG_F(K) (in->v[K].f64[0])
#define SECOND_Vi ARG_i(1)
#define SECOND_VI ARG_I(1)
#define SECOND_Vf ARG_f(1)
#define SECOND_VF ARG_F(1)
#define OUT_V(X) (*out = (X))
#define OUT_i(X) (out->u32[0] = (X))
#define OUT_I(X) (out->u64[0] = (X))
#define OUT_f(X) (out->f32[0] = (X))
#define OUT_F(X) (out->f64[0] = (X))
#define REFERENCE(NAME, CALL)                                                                      \
    static void ref_##NAME(const struct inputs *in, union wx_lanes *out) { CALL; }

#define REF_UNARY(NAME, P, R) REFERENCE(NAME, OUT_##R(wx_lanes_##NAME(ARG_##P(0))))
#define REF_V_BINARY(NAME, P, R) REFERENCE(NAME, OUT_V(wx_lanes_##NAME(in->v[0], in->v[1])))
#define REF_V_SHIFT(NAME, P, R) REFERENCE(NAME, OUT_V(wx_lanes_##NAME(in->v[0], ARG_i(1))))
#define REF_V_TERNARY(NAME, P, R)                                                                  \
    REFERENCE(NAME, OUT_V(wx_lanes_##NAME(in->v[0], in->v[1], in->v[2])))
#define REF_V_SHUFFLE(NAME, P, R)                                                                  \
    REFERENCE(NAME, OUT_V(wx_lanes_##NAME(in->v[0], in->v[1], in->imm)))
#define REF_V_EXTRACT(NAME, P, R) REFERENCE(NAME, OUT_##R(wx_lanes_##NAME(in->v[0], in->lane)))
#define REF_V_REPLACE(NAME, P, R)                                                                  \
    REFERENCE(NAME, OUT_V(wx_lanes_##NAME(in->v[0], SECOND_##P, in->lane)))
#define REF_CONST(NAME, P, R)
/* Loads get the bytes read in v[0], lane accesses their vector in v[1]. */
#define REF_LOAD(NAME, P, R) REFERENCE(NAME, OUT_V(load_##NAME(in->v[0])))
#define REF_V_LOAD_LANE(NAME, P, R)                                                                \
    REFERENCE(NAME, OUT_V(lane_##NAME(in->v[1], in->v[0], in->lane)))
/* Stores give the bytes to be written. */
#define REF_V_STORE(NAME, P, R) REFERENCE(NAME, OUT_V(in->v[1]))
#define REF_V_STORE_LANE(NAME, P, R) REFERENCE(NAME, OUT_V(lane_##NAME(in->v[1], in->lane)))
#define REF_WIDE(NAME, P, R) REFERENCE(NAME, wide_##NAME(in, out))

#define LOAD_AS(NAME, EXPR)                                                                        \
    static union wx_lanes load_##NAME(union wx_lanes v) {                                          \
        return EXPR;                                                                               \
    }
static union wx_lanes low_bits(union wx_lanes v, unsigned n_bytes)
{
    memset(v.u8 + n_bytes, 0, 16 - n_bytes);
    return v;
}
LOAD_AS(V128_LOAD, v)
LOAD_AS(V128_LOAD8X8_S, wx_lanes_I16X8_EXTEND_LOW_I8X16_S(v))
LOAD_AS(V128_LOAD8X8_U, wx_lanes_I16X8_EXTEND_LOW_I8X16_U(v))
LOAD_AS(V128_LOAD16X4_S, wx_lanes_I32X4_EXTEND_LOW_I16X8_S(v))
LOAD_AS(V128_LOAD16X4_U, wx_lanes_I32X4_EXTEND_LOW_I16X8_U(v))
LOAD_AS(V128_LOAD32X2_S, wx_lanes_I64X2_EXTEND_LOW_I32X4_S(v))
LOAD_AS(V128_LOAD32X2_U, wx_lanes_I64X2_EXTEND_LOW_I32X4_U(v))
LOAD_AS(V128_LOAD8_SPLAT, wx_lanes_I8X16_SPLAT(v.u8[0]))
LOAD_AS(V128_LOAD16_SPLAT, wx_lanes_I16X8_SPLAT(v.u16[0]))
LOAD_AS(V128_LOAD32_SPLAT, wx_lanes_I32X4_SPLAT(v.u32[0]))
LOAD_AS(V128_LOAD64_SPLAT, wx_lanes_I64X2_SPLAT(v.u64[0]))
LOAD_AS(V128_LOAD32_ZERO, low_bits(v, 4))
LOAD_AS(V128_LOAD64_ZERO, low_bits(v, 8))

#define LANE_ACCESS(BITS)                                                                          \
    static union wx_lanes lane_V128_LOAD##BITS##_LANE(union wx_lanes v, union wx_lanes m,          \
                                                      unsigned lane) {                             \
        v.u##BITS[lane] = m.u##BITS[0];                                                            \
        return v;                                                                                  \
    } static union wx_lanes lane_V128_STORE##BITS##_LANE(union wx_lanes v, unsigned lane) {        \
        v.u##BITS[0] = v.u##BITS[lane];                                                            \
        return v;                                                                                  \
    }
LANE_ACCESS(8)
LANE_ACCESS(16)
LANE_ACCESS(32)
LANE_ACCESS(64)

/* Without 128-bit integers, which the product uses. */
static void wide_I64_ADD128(const struct inputs *in, union wx_lanes *out)
{
    out->u64[0] = ARG_I(0) + ARG_I(2);
    out->u64[1] = ARG_I(1) + ARG_I(3) + (out->u64[0] < ARG_I(0));
}
static void wide_I64_SUB128(const struct inputs *in, union wx_lanes *out)
{
    out->u64[0] = ARG_I(0) - ARG_I(2);
    out->u64[1] = ARG_I(1) - ARG_I(3) - (ARG_I(0) < ARG_I(2));
}
static void wide_I64_MUL_WIDE_U(const struct inputs *in, union wx_lanes *out)
{
    uint64_t a = ARG_I(0), b = ARG_I(1), al = (uint32_t)a, bl = (uint32_t)b;
    uint64_t mid = (a >> 32) * bl + (al * bl >> 32), mid2 = al * (b >> 32) + (uint32_t)mid;
    out->u64[0] = a * b;
    out->u64[1] = (a >> 32) * (b >> 32) + (mid >> 32) + (mid2 >> 32);
}
static void wide_I64_MUL_WIDE_S(const struct inputs *in, union wx_lanes *out)
{
    wide_I64_MUL_WIDE_U(in, out);
    out->u64[1] -= (in->v[0].s64[0] < 0 ? ARG_I(1) : 0) + (in->v[1].s64[0] < 0 ? ARG_I(0) : 0);
}

/* Rows of the features tested; the others are not of this test. */
#define ROW_SIMD(NAME, P, R, LOWER) REF_##LOWER(NAME, P, R)
#define ROW_RELAXED_SIMD ROW_SIMD
#define ROW_WIDE_ARITHMETIC ROW_SIMD
#define ROW_MVP(NAME, P, R, LOWER)
#define ROW_SIGN_EXTENSION ROW_MVP
#define ROW_SATURATING_CONVERSIONS ROW_MVP
#define ROW_BULK_MEMORY ROW_MVP
#define ROW_REFERENCE_TYPES ROW_MVP
#define ROW_TAIL_CALL ROW_MVP
#define ROW_FUNCTION_REFERENCES ROW_MVP
#define ROW_EXCEPTIONS ROW_MVP
#define ROW_LEGACY_EXCEPTIONS ROW_MVP
#define ROW_THREADS ROW_MVP
#define ROW_GC ROW_MVP
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    ROW_##FEATURE(NAME, PARAMS, RESULTS, LOWER)
#include "wasm/opcodes.def"
#undef OP
#undef ROW_SIMD
#define ROW_SIMD(NAME, P, R, LOWER) [WX_OP_##NAME] = REF_OF_##LOWER(NAME),
#define REF_OF_CONST(NAME) NULL
#define REF_OF_UNARY(NAME) ref_##NAME
#define REF_OF_LOAD(NAME) ref_##NAME
#define REF_OF_WIDE(NAME) ref_##NAME
#define REF_OF_V_BINARY(NAME) ref_##NAME
#define REF_OF_V_SHIFT(NAME) ref_##NAME
#define REF_OF_V_TERNARY(NAME) ref_##NAME
#define REF_OF_V_SHUFFLE(NAME) ref_##NAME
#define REF_OF_V_EXTRACT(NAME) ref_##NAME
#define REF_OF_V_REPLACE(NAME) ref_##NAME
#define REF_OF_V_STORE(NAME) ref_##NAME
#define REF_OF_V_LOAD_LANE(NAME) ref_##NAME
#define REF_OF_V_STORE_LANE(NAME) ref_##NAME
static const reference_fn references[WX_OP_COUNT] = {
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    ROW_##FEATURE(NAME, PARAMS, RESULTS, LOWER)
#include "wasm/opcodes.def"
#undef OP
};

static bool is_tested(enum wx_op op)
{
    uint8_t f = wx_op_table[op].feature;
    return f == WX_FEATURE_SIMD || f == WX_FEATURE_RELAXED_SIMD || f == WX_FEATURE_WIDE_ARITHMETIC;
}

static bool is_memory(enum wx_op op) { return wx_op_table[op].params[0] == 'm'; }

/* -------- values: edges of every lane type, and random bits -------- */

static uint64_t seed;
static uint64_t random_bits(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}
#define PICK(TABLE) ((TABLE)[random_bits() % (sizeof(TABLE) / sizeof *(TABLE))])

static union wx_lanes random_value(void)
{
    static const uint8_t bytes[] = {0, 1, 15, 16, 31, 0x7f, 0x80, 0x81, 0xfe, 0xff};
    static const uint16_t halves[] = {0,      1,      0x7f,   0x80,   0xff,  0x100,
                                      0x7fff, 0x8000, 0x8001, 0xff80, 0xffff};
    static const uint32_t f32s[] = {
        0,          0x80000000, 1,          0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
        0x7fc00000, 0xffc00000, 0x7f800001, 0xffa00000, 0x7fffffff, 0x4f000000, 0xcf000000,
        0x4effffff, 0xcf000001, 0x4f800000, 0x4f7fffff, 0x3f000000, 0xbf000000, 0x3fc00000,
        0x40200000, 0xbf7fffff, 0x4b000001, 0x7f7fffff, 0x00800000, 0x3effffff, 0xffffffff};
    static const double f64s[] = {0.0,           -0.0,          1.0,
                                  -1.0,          0.5,           -0.5,
                                  1.5,           2.5,           0.49999999999999994,
                                  2147483647.0,  2147483647.5,  2147483648.0,
                                  -2147483648.0, -2147483648.5, -2147483649.0,
                                  4294967295.0,  4294967295.5,  4294967296.0,
                                  -0.99,         1e300,         -1e300,
                                  4.9e-324,      16777217.0,    4503599627370497.0};
    static const uint64_t nans[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001,
                                    0x7ff0000000000000, 0xfff0000000000000, 0xfff7ffffffffffff,
                                    0xffffffffffffffff, 0x8000000000000000, 0x7fffffffffffffff};
    union wx_lanes r;
    unsigned kind = (unsigned)(random_bits() % 6);
    for (int i = 0; i < 16; i++) {
        switch (kind) {
        case 0: r.u8[i] = PICK(bytes); break;
        case 1: r.u16[i & 7] = PICK(halves); break;
        case 2: r.u32[i & 3] = PICK(f32s); break;
        case 3: r.f64[i & 1] = PICK(f64s); break;
        case 4: r.u64[i & 1] = PICK(nans); break;
        default: r.u8[i] = (uint8_t)random_bits(); break;
        }
    }
    return r;
}

/* -------- modules -------- */

struct bytes {
    uint8_t p[1024];
    size_t n;
};

static void put(struct bytes *b, const void *p, size_t n)
{
    assert_true(b->n + n <= sizeof b->p);
    memcpy(b->p + b->n, p, n);
    b->n += n;
}
static void put_byte(struct bytes *b, unsigned v) { put(b, &(uint8_t){(uint8_t)v}, 1); }
static void put_u32(struct bytes *b, uint32_t v)
{
    for (; v > 0x7f; v >>= 7) {
        put_byte(b, (v & 0x7f) | 0x80);
    }
    put_byte(b, v);
}
static void put_s32(struct bytes *b, int32_t v)
{
    for (; v > 0x3f || v < -0x40; v >>= 7) {
        put_byte(b, ((unsigned)v & 0x7f) | 0x80);
    }
    put_byte(b, (unsigned)v & 0x7f);
}
static void put_section(struct bytes *b, unsigned id, const struct bytes *content)
{
    put_byte(b, id);
    put_u32(b, (uint32_t)content->n);
    put(b, content->p, content->n);
}

static unsigned type_byte(char letter)
{
    switch (letter) {
    case 'V': return 0x7b;
    case 'I': return 0x7e;
    case 'f': return 0x7d;
    case 'F': return 0x7c;
    default: return 0x7f; /* i, and m of a 32-bit memory */
    }
}

/* Where operands come from. Constants are of V and i only. */
enum source { FROM_LOCAL, FROM_REGISTER, FROM_CONSTANT, N_SOURCES };

struct plan {
    enum wx_op op;
    const char *params, *results; /* "" for none */
    unsigned n_params, n_results;
    enum source sources[4];
    unsigned depth; /* operands below */
    struct inputs in;
};

static void put_const(struct bytes *b, char letter, const union wx_lanes *v)
{
    switch (letter) {
    case 'V':
        put(b, "\xfd\x0c", 2);
        put(b, v, 16);
        break;
    case 'I': put(b, "\x42\0", 2); break;
    case 'f': put(b, "\x43\0\0\0\0", 5); break;
    case 'F': put(b, "\x44\0\0\0\0\0\0\0\0", 9); break;
    default:
        put_byte(b, 0x41);
        put_s32(b, v->s32[0]);
        break;
    }
}

static void put_instruction(struct bytes *b, const struct plan *p)
{
    const struct wx_op_info *info = &wx_op_table[p->op];
    put_byte(b, info->pfx);
    put_u32(b, info->code);
    if (is_memory(p->op)) {
        put_u32(b, 0);
        put_u32(b, OFFSET);
    }
    if (info->imm == WX_IMM_LANE || info->imm == WX_IMM_MEMARG_LANE) {
        put_byte(b, p->in.lane);
    } else if (info->imm == WX_IMM_LANES16) {
        put(b, &p->in.imm, 16);
    }
}

/* Parameters go to globals; the operands are taken from where the plan says. */
static void put_body(struct bytes *code, const struct plan *p)
{
    struct bytes b = {.n = 0};
    put_u32(&b, p->n_results);
    for (unsigned i = 0; i < p->n_results; i++) {
        put_byte(&b, 1);
        put_byte(&b, type_byte(p->results[i]));
    }
    for (unsigned i = 0; i < p->n_params; i++) {
        put(&b, (uint8_t[]){0x20, (uint8_t)i, 0x24, (uint8_t)i}, 4);
    }
    for (unsigned i = 0; i < p->depth; i++) {
        put(&b, "\x41\x07", 2);
    }
    for (unsigned i = 0; i < p->n_params; i++) {
        if (p->sources[i] == FROM_CONSTANT) {
            put_const(&b, p->params[i], &p->in.v[i]);
        } else {
            put(&b, (uint8_t[]){p->sources[i] == FROM_LOCAL ? 0x20 : 0x23, (uint8_t)i}, 2);
        }
    }
    put_instruction(&b, p);
    for (unsigned i = p->n_results; i-- > 0;) {
        put(&b, (uint8_t[]){0x21, (uint8_t)(p->n_params + i)}, 2);
    }
    for (unsigned i = 0; i < p->depth; i++) {
        put_byte(&b, 0x1a);
    }
    for (unsigned i = 0; i < p->n_results; i++) {
        put(&b, (uint8_t[]){0x20, (uint8_t)(p->n_params + i)}, 2);
    }
    put_byte(&b, 0x0b);
    put_byte(code, 1);
    put_u32(code, (uint32_t)b.n);
    put(code, b.p, b.n);
}

static void make_module(struct bytes *m, const struct plan *p)
{
    static const union wx_lanes zero;
    struct bytes s = {.n = 0};
    m->n = 0;
    put(m, "\0asm\1\0\0\0", 8);
    put(&s, "\1\x60", 2);
    put_u32(&s, p->n_params);
    for (unsigned i = 0; i < p->n_params; i++) {
        put_byte(&s, type_byte(p->params[i]));
    }
    put_u32(&s, p->n_results);
    for (unsigned i = 0; i < p->n_results; i++) {
        put_byte(&s, type_byte(p->results[i]));
    }
    put_section(m, 1, &s);
    put_section(m, 3, &(struct bytes){"\1\0", 2});
    put_section(m, 5, &(struct bytes){"\1\0\1", 3});
    s.n = 0;
    put_u32(&s, p->n_params);
    for (unsigned i = 0; i < p->n_params; i++) {
        put_byte(&s, type_byte(p->params[i]));
        put_byte(&s, 1);
        put_const(&s, p->params[i], &zero);
        put_byte(&s, 0x0b);
    }
    put_section(m, 6, &s);
    put_section(m, 7, &(struct bytes){"\1\0\0\0", 4});
    s.n = 0;
    put_body(&s, p);
    put_section(m, 10, &s);
}

struct world {
    struct wx_store *store;
    struct wx_rt_module *module;
    struct wx_instance *inst;
    struct wx_func *func;
};

static void open_world(struct world *w, struct wx_engine *engine, const struct plan *p)
{
    static struct bytes m;
    struct wx_extern f;
    make_module(&m, p);
    assert_int_equal(wx_store_new(engine, 65536, 0, &w->store, NULL), WAX_OK);
    assert_int_equal(wx_rt_module_new(engine, m.p, m.n, &w->module, NULL), WAX_OK);
    assert_int_equal(wx_instantiate(w->store, w->module, NULL, true, &w->inst, NULL), WAX_OK);
    assert_true(wx_instance_export(w->inst, "", 0, &f));
    w->func = f.u.func;
}

static void close_world(struct world *w)
{
    wx_store_free(w->store);
    wx_rt_module_unref(w->module);
}

/* -------- comparing -------- */

/* Instructions on floats that compute: a NaN of theirs is any quiet one. */
static bool any_nan(const char *text)
{
    static const char *const computed[] = {"add",     "sub",    "mul",     "div",   "sqrt",
                                           "min",     "max",    "ceil",    "floor", "trunc",
                                           "nearest", "demote", "promote", "madd",  "nmadd"};
    if (text[0] != 'f' || !strchr(text, 'x')) {
        return false;
    }
    const char *name = strchr(text, '.') + 1;
    name += strncmp(name, "relaxed_", 8) == 0 ? 8 : 0;
    for (size_t i = 0; i < sizeof computed / sizeof *computed; i++) {
        if (strncmp(name, computed[i], strlen(computed[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_lane(bool wide, uint64_t got, uint64_t want, bool nan_open)
{
    uint64_t inf = wide ? UINT64_C(0x7ff) << 52 : UINT64_C(0xff) << 23;
    uint64_t quiet = inf | (wide ? UINT64_C(1) << 51 : UINT64_C(1) << 22);
    uint64_t magnitude = wide ? UINT64_MAX >> 1 : UINT32_MAX >> 1;
    return got == want || (nan_open && (want & magnitude) > inf && (got & quiet) == quiet);
}

static bool same(enum wx_op op, const union wx_lanes *got, const union wx_lanes *want)
{
    const char *text = wx_op_text[op];
    bool nan_open = any_nan(text), wide = strncmp(text, "f64", 3) == 0;
    for (int i = 0; i < 4; i++) {
        if (!wide && !same_lane(false, got->u32[i], want->u32[i], nan_open)) {
            return false;
        }
        if (wide && !same_lane(true, got->u64[i & 1], want->u64[i & 1], nan_open)) {
            return false;
        }
    }
    return true;
}

static void print_value(const char *what, const union wx_lanes *v)
{
    print_message("  %s 0x%016llx%016llx\n", what, (unsigned long long)v->u64[1],
                  (unsigned long long)v->u64[0]);
}

static void expect_same(const struct plan *p, const union wx_lanes *got, const union wx_lanes *want)
{
    if (same(p->op, got, want)) {
        return;
    }
    print_message("%s lane %u, sources %d %d %d, position %u\n", wx_op_text[p->op], p->in.lane,
                  (int)p->sources[0], (int)p->sources[1], (int)p->sources[2], p->depth);
    for (unsigned i = 0; i < p->n_params; i++) {
        print_value("operand", &p->in.v[i]);
    }
    print_value("result ", got);
    print_value("not    ", want);
    fail();
}

/* -------- running -------- */

static unsigned letter_slots(char letter) { return letter == 'V' ? 2 : 1; }

static unsigned results_bytes(const struct plan *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->n_results; i++) {
        char t = p->results[i];
        n += t == 'V' ? 16 : t == 'I' || t == 'F' ? 8 : 4;
    }
    return n;
}

static wax_status call(const struct world *w, const struct plan *p, union wx_lanes *ret,
                       wax_error **err)
{
    uint64_t args[8], results[4] = {0}, *a = args;
    for (unsigned i = 0; i < p->n_params; i++) {
        memcpy(a, &p->in.v[i], 16);
        a += letter_slots(p->params[i]);
    }
    wax_status st = wx_enter(w->store, w->func, args, results, err);
    memset(ret, 0, sizeof *ret);
    memcpy(ret, results, results_bytes(p));
    return st;
}

static void run_value(const struct world *w, const struct plan *p)
{
    union wx_lanes got, want = {{0}};
    references[p->op](&p->in, &want);
    assert_int_equal(call(w, p, &got, NULL), WAX_OK);
    expect_same(p, &got, &want);
}

/* At the end of the memory, and one byte past it. */
static void run_memory(const struct world *w, struct plan *p)
{
    unsigned width = wx_op_table[p->op].access;
    uint8_t *memory = w->inst->memories[0]->base, *at = memory + PAGE - width;
    struct inputs in = p->in;
    union wx_lanes got, want = {{0}}, cell = p->in.v[0];
    memcpy(at - 16, &p->in.v[2], 16);
    memcpy(at, &cell, width);
    in.v[0] = low_bits(cell, width);
    references[p->op](&in, &want);
    p->in.v[0].u32[0] = PAGE - width - OFFSET;
    assert_int_equal(call(w, p, &got, NULL), WAX_OK);
    if (p->n_results) {
        expect_same(p, &got, &want);
        assert_memory_equal(at, &cell, width);
    } else {
        assert_memory_equal(at, &want, width);
    }
    assert_memory_equal(at - 16, &p->in.v[2], 16);
    memcpy(at, &cell, width);
    p->in.v[0].u32[0]++;
    wax_error *err = NULL;
    assert_int_equal(call(w, p, &got, &err), WAX_TRAP);
    assert_int_equal(wax_error_trap_code(err), WX_TRAP_MEMORY_OOB);
    wax_error_free(err);
    assert_memory_equal(at, &cell, width);
}

static void random_operands(struct plan *p)
{
    for (unsigned i = 0; i < 4; i++) {
        p->in.v[i] = random_value();
    }
}

/* One module, many inputs. */
static void run_plan(struct wx_engine *engine, struct plan *p)
{
    struct world w;
    bool constant = false;
    for (unsigned i = 0; i < p->n_params; i++) {
        constant = constant || p->sources[i] == FROM_CONSTANT;
    }
    open_world(&w, engine, p);
    for (unsigned k = 0; k < (constant ? 1 : N_VECTORS); k++) {
        if (!constant) {
            random_operands(p);
        }
        if (is_memory(p->op)) {
            run_memory(&w, p);
        } else {
            run_value(&w, p);
        }
    }
    close_world(&w);
}

static bool may_be_constant(const struct plan *p, unsigned i)
{
    return p->params[i] == 'V' || p->params[i] == 'i';
}

/* All combinations of sources, each at one position; over all of them every position comes. */
static void run_sources(struct wx_engine *engine, struct plan *p)
{
    unsigned n = 1;
    for (unsigned i = 0; i < p->n_params; i++) {
        n *= N_SOURCES;
    }
    for (unsigned c = 0; c < n * 4; c++) {
        unsigned rest = c / 4;
        bool ok = true;
        p->depth = c % 4;
        for (unsigned i = 0; i < p->n_params; i++, rest /= N_SOURCES) {
            p->sources[i] = (enum source)(rest % N_SOURCES);
            ok = ok && (p->sources[i] != FROM_CONSTANT || may_be_constant(p, i));
        }
        if (ok) {
            random_operands(p);
            run_plan(engine, p);
        }
    }
}

static void run_op(struct wx_engine *engine, enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    struct plan p = {.op = op, .params = info->params, .results = info->results};
    p.n_params = (unsigned)strlen(p.params);
    p.n_results = p.results[0] == '_' ? 0 : (unsigned)strlen(p.results);
    bool lanes = info->imm == WX_IMM_LANE || info->imm == WX_IMM_MEMARG_LANE;
    unsigned n = lanes ? 16u / info->access : info->imm == WX_IMM_LANES16 ? 8 : 1;
    for (unsigned lane = 0; lane < n; lane++) {
        p.in.lane = lanes ? lane : 0;
        for (unsigned i = 0; i < 16; i++) {
            p.in.imm.u8[i] = (uint8_t)(random_bits() % 32);
        }
        run_sources(engine, &p);
    }
}

static void run_all(const char *tier, bool memory, bool checked)
{
    struct wx_engine *engine;
    struct wx_engine_config config = {
        .features = wx_features_default(), .tier = wx_tier_find(tier), .force_checked = checked};
    if (!config.tier) { /* no executable memory here */
        print_message("tier %s is not there\n", tier);
        skip();
    }
    assert_int_equal(wx_features_parse(&config.features, "+wide-arithmetic", NULL), WAX_OK);
    assert_int_equal(wx_engine_new(&config, &engine, NULL), WAX_OK);
    seed = UINT64_C(0x9e3779b97f4a7c15);
    unsigned n = 0;
    for (int op = 0; op < WX_OP_COUNT; op++) {
        if (is_tested((enum wx_op)op) && references[op] && is_memory((enum wx_op)op) == memory) {
            run_op(engine, (enum wx_op)op);
            n++;
        }
    }
    assert_int_equal(n, memory ? 22 : 237);
    wx_engine_unref(engine);
}

static void test_values_as_defined_interp(void **state)
{
    (void)state;
    run_all("interp", false, false);
}
static void test_memory_guarded_interp(void **state)
{
    (void)state;
    run_all("interp", true, false);
}
static void test_memory_checked_interp(void **state)
{
    (void)state;
    run_all("interp", true, true);
}
static void test_values_as_defined_fast(void **state)
{
    (void)state;
    run_all("fast", false, false);
}
static void test_memory_guarded_fast(void **state)
{
    (void)state;
    run_all("fast", true, false);
}
static void test_memory_checked_fast(void **state)
{
    (void)state;
    run_all("fast", true, true);
}

int main(void)
{
    wx_interp_register();
    wx_jit_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_as_defined_interp),
        cmocka_unit_test(test_memory_guarded_interp),
        cmocka_unit_test(test_memory_checked_interp),
        cmocka_unit_test(test_values_as_defined_fast),
        cmocka_unit_test(test_memory_guarded_fast),
        cmocka_unit_test(test_memory_checked_fast),
    };
    return cmocka_run_group_tests_name("simd", tests, NULL, NULL);
}
