/* SPDX-License-Identifier: Apache-2.0 */
/* Stencils of aarch64 run one by one, each result compared with the instruction's definition. */
/*
 * Built and run by tools/stencils/aarch64.py, on other machines in an emulator: no C library, the
 * kernel is called directly. A stencil gets operands in registers (any of those the lowering may
 * choose), slots and constants of all sizes, which choose its form; wx_patch_aarch64 fills in its
 * fields. Besides the result, no other register may have changed. Scalars are compared with
 * wasm/num.h, vectors with wasm/num_simd.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/jit/patch_aarch64.h"
#include "engine/jit/stencil.h"
#include "engine/ops/memops.h"
#include "engine/rt/store.h"
#include "wasm/num.h"
#include "wasm/num_simd.h"

#include "bare.h"

/* Code memory: stubs, then what stencils reach by address, then the stencil. */
#define CODE_SIZE 16384
#define STUB_SIZE 32
enum { WAY_NEXT, WAY_TARGET, WAY_THUNK, N_STUBS = WAY_THUNK + WX_THUNK_COUNT };
#define AT_SLOTS 2048
#define AT_CONSTANT 3072
#define AT_POOL 3584
#define AT_STENCIL 4096
static uint8_t *code;

static void make_stubs(void)
{
    for (uint32_t i = 0; i < N_STUBS; i++) {
        uint8_t *p = code + (size_t)i * STUB_SIZE;
        wx_put_u32(p, UINT32_C(0xd2800011) | i << 5); /* mov x17, #i */
        wx_put_u32(p + 4, 0x58000070);                /* ldr x16, .+12 */
        wx_put_u32(p + 8, 0xd61f0200);                /* br x16 */
        wx_put_u64(p + 16, (uint64_t)(uintptr_t)leave_code);
        if (i >= WAY_THUNK) {
            wx_put_u64(code + AT_SLOTS + (i - WAY_THUNK) * 8, (uint64_t)(uintptr_t)p);
        }
    }
    memcpy(code + AT_POOL, wx_stencil_pool, wx_stencil_pool_len);
}

static uint64_t address(size_t offset) { return (uint64_t)(uintptr_t)(code + offset); }

/* What a relocation of a stencil at AT_STENCIL stands for. */
static uint64_t value_of(const struct wx_stencil *s, const struct wx_stencil_reloc *r,
                         const uint64_t *imms)
{
    uint64_t addend = (uint64_t)(int64_t)r->addend;
    switch (r->kind & ~WX_SR_IN_COLD) {
    case WX_SR_NEXT: return address(WAY_NEXT * STUB_SIZE);
    case WX_SR_TARGET: return address(WAY_TARGET * STUB_SIZE);
    case WX_SR_HOT: return address(AT_STENCIL) + addend;
    case WX_SR_COLD: return address(AT_STENCIL) + s->hot + 4 + addend;
    case WX_SR_THUNK: return address(AT_SLOTS) + r->arg * 8u;
    case WX_SR_POOL: return address(AT_POOL) + addend;
    case WX_SR_CONST:
        wx_put_u64(code + AT_CONSTANT, imms[r->arg & 15]);
        wx_put_u64(code + AT_CONSTANT + 8, r->arg & 16 ? imms[(r->arg & 15) + 1] : 0);
        return address(AT_CONSTANT);
    default: return imms[r->arg];
    }
}

/* @return false: some immediate needs a wider form */
static bool put_form(const struct wx_stencil *s, const uint8_t *regs, const uint64_t *imms)
{
    uint8_t *hot = code + AT_STENCIL, *cold = hot + s->hot + 4;
    memcpy(hot, wx_stencil_bytes + s->bytes, s->hot);
    memcpy(cold, wx_stencil_bytes + s->bytes + s->hot, s->cold);
    wx_put_u32(hot + s->hot, 0x14000000); /* to what follows */
    bool ok = wx_patch_aarch64(hot + s->hot, WX_A64_JUMP26, address(AT_STENCIL + s->hot),
                               address(WAY_NEXT * STUB_SIZE));
    for (unsigned i = 0; i < s->n_holes + s->n_cold_holes; i++) {
        const struct wx_stencil_hole *h = &wx_stencil_holes[s->holes + i];
        uint8_t *p = (i < s->n_holes ? hot : cold) + h->at * 4u;
        unsigned role = h->from / 4u;
        uint32_t reg = role < 3 ? gpr[regs[role]] : regs[role];
        wx_put_u32(p, wx_get_u32(p) | reg << h->form);
    }
    for (unsigned i = 0; i < s->n_relocs && ok; i++) {
        const struct wx_stencil_reloc *r = &wx_stencil_relocs[s->relocs + i];
        uint8_t *p = (r->kind & WX_SR_IN_COLD ? cold : hot) + r->off;
        ok = wx_patch_aarch64(p, (enum wx_a64_field)r->field, (uint64_t)(uintptr_t)p,
                              value_of(s, r, imms));
    }
    for (const uint8_t *p = hot; p < cold + s->cold; p += 4) {
        __asm__ volatile("dc cvau, %0\n dsb ish\n ic ivau, %0" : : "r"(p) : "memory");
    }
    __asm__ volatile("dsb ish\n isb" : : : "memory");
    return ok;
}

/* -------- values -------- */

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
static uint64_t random_bits(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static const uint64_t edges[] = {
    0,
    1,
    2,
    0x7f,
    0x80,
    0xfff,
    0x1000,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    UINT64_C(0x100000000),
    UINT64_C(0x7fffffffffffffff),
    UINT64_C(0x8000000000000000),
    UINT64_MAX,
    0x3f800000,
    0xbf000000,
    0x4f000000,
    0xcf000000,
    0x4f800000,
    0x7f800000,
    0x7fc00000,
    0x7fa00001,
    UINT64_C(0x3ff0000000000000),
    UINT64_C(0xbfe0000000000000),
    UINT64_C(0x41dfffffffc00000),
    UINT64_C(0x41e0000000000000),
    UINT64_C(0xc1e0000000200000),
    UINT64_C(0x43e0000000000000),
    UINT64_C(0x7ff0000000000000),
    UINT64_C(0x7ff8000000000000),
    UINT64_C(0x7ff4000000000001),
    UINT64_C(0x3fe0000000000000),
    UINT64_C(0x4004000000000000),
    UINT64_C(0x7f80000080000000),
    UINT64_C(0x0f1f10ff00011e80),
};
static union wx_lanes random_value(void)
{
    union wx_lanes v;
    unsigned kind = (unsigned)(random_bits() % 3);
    for (int i = 0; i < 2; i++) {
        uint64_t edge = edges[random_bits() % (sizeof edges / sizeof *edges)];
        uint64_t other = edges[random_bits() % (sizeof edges / sizeof *edges)];
        v.u64[i] = kind == 0 ? edge : kind == 1 ? (edge & 0xffffffff) | other << 32 : random_bits();
    }
    return v;
}

/* -------- the definitions -------- */

/* @return the trap, 0 = none */
typedef uint32_t (*reference_fn)(const union wx_lanes *in, unsigned lane, uint8_t *cell,
                                 union wx_lanes *out);

#define ARG_i(K) (in[K].u32[0])
#define ARG_I(K) (in[K].u64[0])
#define ARG_f(K) (in[K].f32[0])
#define ARG_F(K) (in[K].f64[0])
#define ARG_V(K) (in[K])
#define OUT_i(X) (out->u64[0] = (uint32_t)(X))
#define OUT_I(X) (out->u64[0] = (X))
#define OUT_f(X) (out->f32[0] = (X))
#define OUT_F(X) (out->f64[0] = (X))
#define OUT_V(X) (*out = (X))
#define ONE_ii i
#define ONE_II I
#define ONE_ff f
#define ONE_FF F
#define SECOND_Vi ARG_i(1)
#define SECOND_VI ARG_I(1)
#define SECOND_Vf ARG_f(1)
#define SECOND_VF ARG_F(1)
#define CAT_(X, Y) X##Y
#define CAT(X, Y) CAT_(X, Y)
#define TRAPPING_i(CALL)                                                                           \
    uint32_t v = 0, trap = CALL;                                                                   \
    out->u64[0] = v;                                                                               \
    return trap;
#define TRAPPING_I(CALL)                                                                           \
    uint64_t v = 0;                                                                                \
    uint32_t trap = CALL;                                                                          \
    out->u64[0] = v;                                                                               \
    return trap;
#define REFERENCE(NAME, ...)                                                                       \
    static uint32_t ref_##NAME(const union wx_lanes *in, unsigned lane, uint8_t *cell,             \
                               union wx_lanes *out)                                                \
    {                                                                                              \
        (void)in, (void)lane, (void)cell, (void)out;                                               \
        __VA_ARGS__;                                                                               \
        return 0;                                                                                  \
    }

#define DEF_UNARY(FN, NAME, P, R) REFERENCE(NAME, OUT_##R(FN##NAME(ARG_##P(0))))
#define DEF_BINARY(FN, NAME, P, R)                                                                 \
    REFERENCE(NAME, OUT_##R(FN##NAME(CAT(ARG_, ONE_##P)(0), CAT(ARG_, ONE_##P)(1))))
#define DEF_COMPARE DEF_BINARY
#define DEF_UNARY_TRAP(FN, NAME, P, R) REFERENCE(NAME, TRAPPING_##R(FN##NAME(ARG_##P(0), &v)))
#define DEF_BINARY_TRAP(FN, NAME, P, R)                                                            \
    REFERENCE(NAME, TRAPPING_##R(FN##NAME(CAT(ARG_, ONE_##P)(0), CAT(ARG_, ONE_##P)(1), &v)))
#define DEF_V_BINARY(FN, NAME, P, R) REFERENCE(NAME, OUT_V(FN##NAME(in[0], in[1])))
#define DEF_V_SHIFT(FN, NAME, P, R) REFERENCE(NAME, OUT_V(FN##NAME(in[0], ARG_i(1))))
#define DEF_V_TERNARY(FN, NAME, P, R) REFERENCE(NAME, OUT_V(FN##NAME(in[0], in[1], in[2])))
#define DEF_V_SHUFFLE(FN, NAME, P, R) REFERENCE(NAME, OUT_V(FN##NAME(in[0], in[1], in[2])))
#define DEF_V_EXTRACT(FN, NAME, P, R) REFERENCE(NAME, OUT_##R(FN##NAME(in[0], lane)))
#define DEF_V_REPLACE(FN, NAME, P, R) REFERENCE(NAME, OUT_V(FN##NAME(in[0], SECOND_##P, lane)))

/* Memory: at `cell` on both sides. */
#define GET_i OUT_i
#define GET_I OUT_I
#define GET_f OUT_f
#define GET_F OUT_F
#define GET_V(X)                                                                                   \
    wx_v128 v_ = (X);                                                                              \
    memcpy(out, &v_, 16)
#define VECTOR(K) ((wx_v128){in[K].u64[0], in[K].u64[1]})
#define STORED_mi ARG_i(1)
#define STORED_mI ARG_I(1)
#define STORED_mf ARG_f(1)
#define STORED_mF ARG_F(1)
#define DEF_LOAD(FN, NAME, P, R) REFERENCE(NAME, GET_##R(wx_op_##NAME(cell)))
#define DEF_STORE(FN, NAME, P, R) REFERENCE(NAME, wx_op_##NAME(cell, STORED_##P))
#define DEF_V_STORE(FN, NAME, P, R) REFERENCE(NAME, wx_op_##NAME(cell, VECTOR(1)))
#define DEF_V_LOAD_LANE(FN, NAME, P, R) REFERENCE(NAME, GET_V(wx_op_##NAME(cell, VECTOR(1), lane)))
#define DEF_V_STORE_LANE(FN, NAME, P, R) REFERENCE(NAME, wx_op_##NAME(cell, VECTOR(1), lane))
#define DEF_ATOMIC_LOAD DEF_LOAD
#define DEF_ATOMIC_STORE DEF_STORE
#define DEF_ATOMIC_RMW(FN, NAME, P, R) REFERENCE(NAME, GET_##R(wx_op_##NAME(cell, ARG_##R(1))))
#define DEF_ATOMIC_CMPXCHG(FN, NAME, P, R)                                                         \
    REFERENCE(NAME, GET_##R(wx_op_##NAME(cell, ARG_##R(1), ARG_##R(2))))

/* Classes that are not run here, for they need more of the engine. */
#define NOT_RUN(FN, NAME, P, R)
#define DEF_CONTROL NOT_RUN
#define DEF_EXN NOT_RUN
#define DEF_CALL NOT_RUN
#define DEF_PARAMETRIC NOT_RUN
#define DEF_LOCAL NOT_RUN
#define DEF_GLOBAL NOT_RUN
#define DEF_TABLE NOT_RUN
#define DEF_REF NOT_RUN
#define DEF_CONST NOT_RUN
#define DEF_BULK NOT_RUN
#define DEF_GC NOT_RUN
#define DEF_ATOMIC_WAIT NOT_RUN
#define DEF_WIDE NOT_RUN

#define FN_MVP wx_num_
#define FN_SIGN_EXTENSION wx_num_
#define FN_SATURATING_CONVERSIONS wx_num_
#define FN_THREADS
#define FN_SIMD wx_lanes_
#define FN_RELAXED_SIMD wx_lanes_
#define DEFINE_(LOWER, FN, NAME, P, R) DEF_##LOWER(FN, NAME, P, R)
#define DEFINE(LOWER, FN, NAME, P, R) DEFINE_(LOWER, FN, NAME, P, R)
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    DEFINE(LOWER, FN_##FEATURE, NAME, PARAMS, RESULTS)
#include "wasm/opcodes.def"
#undef OP

/* -------- forms -------- */

/* Where operands come from: R register, L slot, C constant, S 16 bytes of it; B: a branch on the
 * result. */
static const char *const unary[] = {"R", "L", NULL};
static const char *const binary[] = {"RR", "RL", "RC", "LR", "LL", "LC", NULL};
static const char *const compare[] = {"RR",  "RL",  "RC",  "LR",  "LL",  "LC", "RRB",
                                      "RLB", "RCB", "LRB", "LLB", "LCB", NULL};
static const char *const v_binary[] = {"RR", "RL", "LR", "LL", NULL};
static const char *const one_r[] = {"R", NULL};
static const char *const two_r[] = {"RR", NULL};
static const char *const three_r[] = {"RRR", NULL};
static const char *const shuffle[] = {"RRS", NULL};
/* One body for each lane of these. */
static const char *const lanes[] = {"R", NULL};
static const char *const lanes_2[] = {"RR", NULL};
/* K: an index in a register, checked. */
static const char *const load[] = {"R", "L", "K", NULL};
static const char *const store[] = {"RR", "RL", "RC", "LR", "LL", "LC", "KR", NULL};
static const char *const v_store[] = {"RR", "RL", "LR", "LL", "KR", NULL};
static const char *const lane_access[] = {"RR", "KR", NULL};
static const char *const atomic_1[] = {"K", NULL};
static const char *const atomic_2[] = {"KR", NULL};
static const char *const atomic_3[] = {"KRR", NULL};

struct row {
    const char *name;
    uint32_t first; /* body; four for each form */
    const char *const *forms;
    const char *params, *result;
    reference_fn reference;
    unsigned lanes;    /* bodies of each form, 0 = one */
    bool at_positions; /* without holes */
    unsigned width;    /* bytes in memory */
    bool atomic;
};
#define FORMS(NAME, FIRST, LIST, P, R, LANES, AT_POS)                                              \
    {#NAME, WX_H_##NAME##_##FIRST##_0, LIST, #P, #R, ref_##NAME, LANES, AT_POS, 0, false},
#define IN_MEMORY(NAME, FIRST, LIST, P, R, LANES, WIDTH, ATOMIC)                                   \
    {#NAME, WX_H_##NAME##_##FIRST##_0, LIST, #P, #R, ref_##NAME, LANES, ATOMIC, WIDTH, ATOMIC},
#define ROW_LOAD(NAME, P, RES, W) IN_MEMORY(NAME, R, load, P, RES, 0, W, false)
#define ROW_STORE(NAME, P, RES, W) IN_MEMORY(NAME, RR, store, P, RES, 0, W, false)
#define ROW_V_STORE(NAME, P, RES, W) IN_MEMORY(NAME, RR, v_store, P, RES, 0, W, false)
#define ROW_V_LOAD_LANE(NAME, P, RES, W) IN_MEMORY(NAME, R0, lane_access, P, RES, 16 / W, W, false)
#define ROW_V_STORE_LANE ROW_V_LOAD_LANE
#define ROW_ATOMIC_LOAD(NAME, P, RES, W) IN_MEMORY(NAME, K, atomic_1, P, RES, 0, W, true)
#define ROW_ATOMIC_STORE(NAME, P, RES, W) IN_MEMORY(NAME, K, atomic_2, P, RES, 0, W, true)
#define ROW_ATOMIC_RMW ROW_ATOMIC_STORE
#define ROW_ATOMIC_CMPXCHG(NAME, P, RES, W) IN_MEMORY(NAME, K, atomic_3, P, RES, 0, W, true)
#define ROW_UNARY(NAME, PARAMS, RESULT, W) FORMS(NAME, R, unary, PARAMS, RESULT, 0, false)
#define ROW_BINARY(NAME, PARAMS, RESULT, W) FORMS(NAME, RR, binary, PARAMS, RESULT, 0, false)
#define ROW_COMPARE(NAME, PARAMS, RESULT, W) FORMS(NAME, RR, compare, PARAMS, RESULT, 0, false)
#define ROW_UNARY_TRAP(NAME, PARAMS, RESULT, W) FORMS(NAME, R, one_r, PARAMS, RESULT, 0, true)
#define ROW_BINARY_TRAP(NAME, PARAMS, RESULT, W) FORMS(NAME, RR, two_r, PARAMS, RESULT, 0, true)
#define ROW_V_BINARY(NAME, PARAMS, RESULT, W) FORMS(NAME, RR, v_binary, PARAMS, RESULT, 0, false)
#define ROW_V_SHIFT(NAME, PARAMS, RESULT, W) FORMS(NAME, RR, binary, PARAMS, RESULT, 0, false)
#define ROW_V_TERNARY(NAME, PARAMS, RESULT, W) FORMS(NAME, R, three_r, PARAMS, RESULT, 0, false)
#define ROW_V_SHUFFLE(NAME, PARAMS, RESULT, W) FORMS(NAME, R, shuffle, PARAMS##V, RESULT, 0, false)
#define ROW_V_EXTRACT(NAME, PARAMS, RESULT, W) FORMS(NAME, R0, lanes, PARAMS, RESULT, 16 / W, false)
#define ROW_V_REPLACE(NAME, PARAMS, RESULT, W)                                                     \
    FORMS(NAME, R0, lanes_2, PARAMS, RESULT, 16 / W, false)
#define NO_ROW(NAME, P, R, W)
#define ROW_CONTROL NO_ROW
#define ROW_EXN NO_ROW
#define ROW_CALL NO_ROW
#define ROW_PARAMETRIC NO_ROW
#define ROW_LOCAL NO_ROW
#define ROW_GLOBAL NO_ROW
#define ROW_TABLE NO_ROW
#define ROW_REF NO_ROW
#define ROW_CONST NO_ROW
#define ROW_BULK NO_ROW
#define ROW_GC NO_ROW
#define ROW_ATOMIC_WAIT NO_ROW
#define ROW_WIDE NO_ROW
static const struct row rows[] = {
#define OP(NAME, PFX, CODE, TEXT, IMM, PARAMS, RESULTS, ACCESS, FEATURE, LOWER)                    \
    ROW_##LOWER(NAME, PARAMS, RESULTS, ACCESS)
#include "wasm/opcodes.def"
#undef OP
};
static const uint8_t thunk_of_trap[] = {
#define TRAP(NAME, CODE, TEXT) [CODE] = WX_THUNK_trap_##NAME,
#include "base/trap.def"
#undef TRAP
};

/* -------- one run -------- */

struct run {
    const struct row *row;
    const char *from;
    uint32_t body;
    unsigned n; /* last number of the body's name */
    unsigned lane;
    uint8_t regs[6];
    uint64_t imms[5];
    union wx_lanes in[3];
    uint8_t *cell;   /* in memory; NULL: out of bounds */
    uint64_t offset; /* static, of the access */
    uint64_t slots[32];
    struct registers before, after;
};

static bool is_x(char letter) { return letter == 'f' || letter == 'F' || letter == 'V'; }
static unsigned role_of(const struct run *r, unsigned k)
{
    return r->row->at_positions ? (r->n + k) % 3 : k;
}
/* Result: the first operand's register, a new one or the second's. */
static unsigned result_role(const struct run *r)
{
    static const uint8_t roles[] = {0, 2, 1};
    return r->row->at_positions ? r->n : roles[r->n];
}

static void choose_registers(struct run *r)
{
    for (unsigned i = 0; i < 3; i++) {
        r->regs[i] = r->regs[3 + i] = (uint8_t)i;
    }
    for (unsigned i = 0; i < 3 && !r->row->at_positions; i++) {
        do {
            r->regs[i] = (uint8_t)(random_bits() % N_GPR);
        } while ((i > 0 && r->regs[i] == r->regs[0]) || (i > 1 && r->regs[i] == r->regs[1]));
        do {
            r->regs[3 + i] = (uint8_t)(random_bits() % N_VEC);
        } while ((i > 0 && r->regs[3 + i] == r->regs[3]) ||
                 (i > 1 && r->regs[3 + i] == r->regs[4]));
    }
}

static uint8_t *memory_base;
#define MEMORY_SIZE (UINT64_C(1) << 30)
static struct wx_memory memory = {.size_bytes = MEMORY_SIZE};
static struct wx_memory *memories[] = {&memory};
static struct wx_instance instance = {.memories = memories};

/* An address, mostly inside; checked forms get some that are not, or not aligned. @return the trap
 */
static uint32_t choose_address(struct run *r)
{
    static const uint32_t offsets[] = {0, 5, 0xfff, 0x12345, 0x10000003};
    bool checked = r->from[0] == 'K';
    r->offset = offsets[random_bits() % (sizeof offsets / sizeof *offsets)];
    uint64_t index = random_bits() % 4096;
    if (r->row->atomic && random_bits() % 4) {
        index = (index & ~UINT64_C(7)) + (-r->offset & 7);
    }
    if (checked && random_bits() % 4 == 0) { /* the last place inside, or the first outside */
        index = MEMORY_SIZE - r->offset - r->row->width + (random_bits() & 1) * r->row->width;
    }
    uint64_t at = index + r->offset;
    r->in[0] = (union wx_lanes){.u64 = {index}};
    r->cell = at + r->row->width <= MEMORY_SIZE ? memory_base + at : NULL;
    return r->row->atomic && at & (r->row->width - 1) ? WX_TRAP_UNALIGNED_ATOMIC
           : !r->cell                                 ? WX_TRAP_MEMORY_OOB
                                                      : 0;
}

static void place_operands(struct run *r)
{
    unsigned n_imms = 0;
    for (unsigned k = 0; r->from[k] && r->from[k] != 'B'; k++) {
        char letter = r->row->params[k];
        unsigned role = role_of(r, k);
        uint64_t bits = letter == 'i' || letter == 'f' ? r->in[k].u32[0] : r->in[k].u64[0];
        switch (r->from[k]) {
        case 'K':
            r->imms[0] = 0;
            r->imms[1] = r->offset;
            r->imms[2] = UINT32_MAX;
            r->before.r[r->regs[role]] = bits;
            break;
        case 'R':
            if (is_x(letter)) {
                r->before.v[r->regs[3 + role]] = r->in[k];
            } else {
                r->before.r[r->regs[role]] = letter == 'i' ? bits : r->in[k].u64[0];
            }
            break;
        case 'L': {
            uint64_t slot = (k + 1) * 8;
            r->slots[slot] = r->in[k].u64[0];
            r->slots[slot + 1] = r->in[k].u64[1];
            r->imms[n_imms++] = slot * 8;
            break;
        }
        case 'C': r->imms[n_imms++] = bits; break;
        default:
            r->imms[n_imms++] = r->in[k].u64[0];
            r->imms[n_imms++] = r->in[k].u64[1];
            break;
        }
    }
    if (r->row->width && r->from[0] != 'K') {
        r->imms[n_imms] = r->offset;
    }
}

static bool same_f32(uint32_t a, uint32_t b)
{
    bool nans = (a & 0x7fffffff) > 0x7f800000 && (b & 0x7fffffff) > 0x7f800000;
    return a == b || (nans && a & 0x400000);
}
static bool same_f64(uint64_t a, uint64_t b)
{
    const uint64_t inf = UINT64_C(0x7ff0000000000000), sign = UINT64_C(1) << 63;
    return a == b || ((a & ~sign) > inf && (b & ~sign) > inf && a & UINT64_C(0x8000000000000));
}

static bool same_result(const struct run *r, const union wx_lanes *got, const union wx_lanes *want)
{
    const char *name = r->row->name;
    switch (*r->row->result) {
    case 'f': return same_f32(got->u32[0], want->u32[0]);
    case 'F': return same_f64(got->u64[0], want->u64[0]);
    case 'i':
    case 'I': return got->u64[0] == want->u64[0];
    default: break;
    }
    bool f32 = name[0] == 'F' && name[1] == '3', f64 = name[0] == 'F' && name[1] == '6';
    bool same = true;
    for (int i = 0; i < 4; i++) {
        same = same && (f64   ? same_f64(got->u64[i / 2], want->u64[i / 2])
                        : f32 ? same_f32(got->u32[i], want->u32[i])
                              : got->u32[i] == want->u32[i]);
    }
    return same;
}

/* All registers are as before but for the result; traps and atomics may use those of locals. */
static bool others_unchanged(const struct run *r, bool has_result, bool locals)
{
    bool x = is_x(*r->row->result), same = true;
    unsigned z = result_role(r);
    for (unsigned i = 0; i < (locals ? N_GPR : 3); i++) {
        bool mine = has_result && !x && r->regs[z] == i;
        same = same && (mine || r->before.r[i] == r->after.r[i]);
    }
    for (unsigned i = 0; i < N_VEC; i++) {
        bool mine = has_result && x && r->regs[3 + z] == i;
        same = same && (mine || (r->before.v[i].u64[0] == r->after.v[i].u64[0] &&
                                 r->before.v[i].u64[1] == r->after.v[i].u64[1]));
    }
    for (unsigned i = 0; i < 4; i++) {
        same = same && r->before.state[i] == r->after.state[i];
    }
    return same;
}

static uint64_t n_runs, n_wrong, n_bodies, n_of_form[3];

static void complain(const struct run *r, const char *why, const union wx_lanes *got,
                     const union wx_lanes *want)
{
    n_wrong++;
    say(r->row->name);
    say("_");
    say(r->from);
    say("_");
    say_number(r->n, 10);
    say(": ");
    say(why);
    for (int i = 0; i < 2; i++) {
        say(i ? " instead of " : " ");
        const union wx_lanes *v = i ? want : got;
        say_number(v->u64[1], 16);
        say(":");
        say_number(v->u64[0], 16);
    }
    say("\n");
}

/* The narrowest form that holds the immediates. */
static bool put_stencil(const struct run *r)
{
    const struct wx_stencil *s = &wx_stencil_table[wx_stencil_index[r->body]];
    for (unsigned form = 0;; form++) {
        if (put_form(s, r->regs, r->imms)) {
            n_of_form[form]++;
            return true;
        }
        if (!s->wide) {
            return false;
        }
        s = &wx_stencil_table[s->wide];
    }
}

static void choose_values(struct run *r)
{
    choose_registers(r);
    for (unsigned i = 0; i < 3; i++) {
        r->in[i] = random_value();
    }
    for (unsigned i = 0; i < 16 && r->from[1] && r->from[2] == 'S'; i++) {
        r->in[2].u8[i] &= 31;
    }
    for (unsigned i = 0; i < N_GPR; i++) {
        r->before.r[i] = random_bits();
    }
    for (unsigned i = 0; i < N_VEC; i++) {
        r->before.v[i] = random_value();
    }
    r->before.state[1] = (uint64_t)(uintptr_t)r->slots;
    r->before.state[0] = (uint64_t)(uintptr_t)memory_base;
    r->before.state[2] = (uint64_t)(uintptr_t)&instance;
}

/* What should be; `cell` is what memory should hold. @return the way out */
static uint64_t expect(struct run *r, union wx_lanes *cell, union wx_lanes *want)
{
    bool branches = false;
    for (const char *p = r->from; *p; p++) {
        branches = branches || *p == 'B';
    }
    uint32_t trap = r->row->width ? choose_address(r) : 0;
    if (r->row->width && r->cell) {
        *cell = random_value();
        if (random_bits() & 1) { /* else cmpxchg would never find what it wants */
            r->in[1] = *cell;
        }
        memcpy(r->cell, cell, r->row->width);
    }
    trap = trap ? trap : r->row->reference(r->in, r->lane, cell->u8, want);
    return trap                       ? WAY_THUNK + thunk_of_trap[trap]
           : branches && want->u32[0] ? WAY_TARGET
                                      : WAY_NEXT;
}

static bool memory_is(const struct run *r, const union wx_lanes *cell)
{
    bool same = true;
    for (unsigned i = 0; i < r->row->width && r->cell; i++) {
        same = same && r->cell[i] == cell->u8[i];
    }
    return same;
}

static void run_once(struct run *r)
{
    union wx_lanes want = {{0}}, got = {{0}}, cell = {{0}};
    choose_values(r);
    uint64_t way = expect(r, &cell, &want);
    place_operands(r);
    n_runs++;
    if (!put_stencil(r)) {
        complain(r, "no form holds its immediates", &got, &want);
        return;
    }
    r->after = r->before;
    enter_code(&r->after, code + AT_STENCIL);
    unsigned z = result_role(r);
    if (is_x(*r->row->result)) {
        got = r->after.v[r->regs[3 + z]];
    } else {
        got.u64[0] = r->after.r[r->regs[z]];
    }
    bool branch = r->from[0] && r->from[1] && r->from[2] == 'B';
    bool has_result = way == WAY_NEXT && !branch && *r->row->result != '_';
    if (r->after.way != way) {
        complain(r, "another way out", &(union wx_lanes){.u64 = {r->after.way}},
                 &(union wx_lanes){.u64 = {way}});
    } else if (has_result && !same_result(r, &got, &want)) {
        complain(r, "it gives", &got, &want);
    } else if (!memory_is(r, &cell)) {
        complain(r, "memory is wrong", &got, &cell);
    } else if (!others_unchanged(r, has_result, way < WAY_THUNK && !r->row->atomic)) {
        complain(r, "another register changed", &got, &want);
    }
}

#define RUNS 24

static void run_row(const struct row *row)
{
    static struct run r;
    unsigned lanes_each = row->lanes ? row->lanes : 1;
    for (unsigned form = 0; row->forms[form / lanes_each]; form++) {
        for (unsigned n = 0; n < 3; n++) {
            uint32_t body = row->first + form * 4 + n;
            if (!wx_stencil_index[body]) {
                continue; /* that place is none of this form: tests/unit/test_stencils.c */
            }
            n_bodies++;
            r.row = row;
            r.from = row->forms[form / lanes_each];
            r.body = body;
            r.n = n;
            r.lane = form % lanes_each;
            for (unsigned i = 0; i < RUNS; i++) {
                run_once(&r);
            }
        }
    }
}

int run_all(void);
int run_all(void)
{
    code = (uint8_t *)kernel(222, 0, CODE_SIZE, 7, 0x22);            /* mmap, anonymous, RWX */
    memory_base = (uint8_t *)kernel(222, 0, MEMORY_SIZE, 3, 0x4022); /* not reserved */
    memory.base = memory_base;
    make_stubs();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run_row(&rows[i]);
    }
    say_number(n_bodies, 10);
    say(" bodies, ");
    say_number(n_runs, 10);
    say(" runs (");
    for (unsigned i = 0; i < 3; i++) {
        say_number(n_of_form[i], 10);
        say(i < 2 ? ", " : " in each form), ");
    }
    say_number(n_wrong, 10);
    say(" wrong\n");
    return n_wrong || n_bodies < 3000;
}

void start(void);
void start(void) { leave_program(run_all()); }
__asm__(".global _start\n_start:\n mov x29, #0\n bl start\n");
