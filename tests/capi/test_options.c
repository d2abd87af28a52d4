/* SPDX-License-Identifier: Apache-2.0 */
/* Options that change what code is made: canonical NaNs, counting. On each tier. */
#include <stdio.h>
#include <string.h>

#include "support/capi.h"

static const char *const tiers[] = {"interp", "fast"};

static void open_text(struct bench *b, const wax_engine_options *o, const char *text)
{
    bench_empty(b, o);
    OK(wax_module_from_text(b->engine, text, strlen(text), &b->module, &error));
    OK(wax_linker_instantiate(b->linker, b->store, b->module, &b->instance, &error));
}

/* -------- canonical NaNs -------- */

/* NaNs of either sign with payloads, quiet and signalling. */
#define F32_A "f32.const -nan:0x12345"
#define F32_B "f32.const nan:0x654321"
#define F64_A "f64.const -nan:0x1234567890"
#define F64_B "f64.const nan:0xc000000000001"
#define V32_A "v128.const f32x4 -nan:0x12345 nan:0x654321 1 -inf"
#define V32_B "v128.const f32x4 1 -nan:0x7 nan:0x400001 inf"
#define V64_A "v128.const f64x2 -nan:0x1234567890 2"
#define V64_B "v128.const f64x2 1 nan:0xc000000000001"

#define CANON32 0x7fc00000u
#define CANON64 UINT64_C(0x7ff8000000000000)

struct nan_case {
    const char *op;
    const char *operands; /* constants, then the result is looked at by lanes of `bits` */
    uint8_t bits;
    bool keeps; /* moves bits: the payload must stay */
};
#define F32_CASES(A, B)                                                                            \
    {"f32.add", A " " B, 32, false}, {"f32.sub", A " " B, 32, false},                              \
        {"f32.mul", A " " B, 32, false}, {"f32.div", A " " B, 32, false},                          \
        {"f32.min", A " " B, 32, false}, {"f32.max", A " " B, 32, false},                          \
        {"f32.sqrt", A, 32, false}, {"f32.ceil", A, 32, false}, {"f32.floor", A, 32, false},       \
        {"f32.trunc", A, 32, false}, {"f32.nearest", A, 32, false},                                \
        {"f64.promote_f32", A, 64, false}, {"f32.abs", A, 32, true}, {"f32.neg", A, 32, true},     \
    {                                                                                              \
        "f32.copysign", A " " B, 32, true                                                          \
    }
#define F64_CASES(A, B)                                                                            \
    {"f64.add", A " " B, 64, false}, {"f64.sub", A " " B, 64, false},                              \
        {"f64.mul", A " " B, 64, false}, {"f64.div", A " " B, 64, false},                          \
        {"f64.min", A " " B, 64, false}, {"f64.max", A " " B, 64, false},                          \
        {"f64.sqrt", A, 64, false}, {"f64.ceil", A, 64, false}, {"f64.floor", A, 64, false},       \
        {"f64.trunc", A, 64, false}, {"f64.nearest", A, 64, false},                                \
        {"f32.demote_f64", A, 32, false}, {"f64.abs", A, 64, true}, {"f64.neg", A, 64, true},      \
    {                                                                                              \
        "f64.copysign", A " " B, 64, true                                                          \
    }
#define V_CASES(X, A, B, BITS)                                                                     \
    {X ".add", A " " B, BITS, false}, {X ".sub", A " " B, BITS, false},                            \
        {X ".mul", A " " B, BITS, false}, {X ".div", A " " B, BITS, false},                        \
        {X ".min", A " " B, BITS, false}, {X ".max", A " " B, BITS, false},                        \
        {X ".sqrt", A, BITS, false}, {X ".ceil", A, BITS, false}, {X ".floor", A, BITS, false},    \
        {X ".trunc", A, BITS, false}, {X ".nearest", A, BITS, false},                              \
        {X ".relaxed_madd", A " " B " " A, BITS, false},                                           \
        {X ".relaxed_nmadd", A " " B " " A, BITS, false},                                          \
        {X ".relaxed_min", A " " B, BITS, false}, {X ".relaxed_max", A " " B, BITS, false},        \
        {X ".pmin", A " " B, BITS, true}, {X ".pmax", A " " B, BITS, true},                        \
        {X ".abs", A, BITS, true},                                                                 \
    {                                                                                              \
        X ".neg", A, BITS, true                                                                    \
    }

static const struct nan_case cases[] = {
    F32_CASES(F32_A, F32_B),
    F64_CASES(F64_A, F64_B),
    V_CASES("f32x4", V32_A, V32_B, 32),
    V_CASES("f64x2", V64_A, V64_B, 64),
    {"f32x4.demote_f64x2_zero", V64_A, 32, false},
    {"f64x2.promote_low_f32x4", V32_A, 64, false},
    /* a NaN out of numbers: the processor's has its sign set */
    {"f32.div", "f32.const 0 f32.const 0", 32, false},
    {"f64.sub", "f64.const inf f64.const inf", 64, false},
    {"f64.sqrt", "f64.const -1", 64, false},
    {"f32x4.mul", "v128.const f32x4 0 inf 1 2 v128.const f32x4 inf 0 1 2", 32, false},
};

static bool is_vector(const struct nan_case *c) { return c->op[3] == 'x'; }

/*
 * The result goes to memory: from an operand at once, through a local a loop has in a register, and
 * from a local that local.tee has set.
 */
static void nan_module(char *out, size_t size, const struct nan_case *c, int way)
{
    const char *type = is_vector(c) ? "v128" : c->bits == 32 ? "f32" : "f64";
    char body[1024];
    if (way == 0) {
        (void)snprintf(body, sizeof body, "i32.const 16 %s %s %s.store", c->operands, c->op, type);
    } else if (way == 1) {
        (void)snprintf(body, sizeof body,
                       "loop %s %s local.set 0 i32.const 0 br_if 0 end "
                       "i32.const 16 local.get 0 %s.store",
                       c->operands, c->op, type);
    } else {
        (void)snprintf(body, sizeof body,
                       "i32.const 16 loop (result %s) %s %s local.tee 0 end %s.store "
                       "i32.const 32 local.get 0 %s.store",
                       type, c->operands, c->op, type, type);
    }
    (void)snprintf(out, size,
                   "(module (memory (export \"m\") 1) (func (export \"f\") (local %s) %s))", type,
                   body);
}

/* Lanes that are NaNs with other bits than the canonical one. */
static unsigned count_others(const uint8_t *p, const struct nan_case *c, unsigned *ret_nans)
{
    unsigned n = 0;
    for (unsigned at = 0; at < (is_vector(c) ? 16u : c->bits / 8u); at += c->bits / 8u) {
        uint64_t bits = 0;
        memcpy(&bits, p + at, c->bits / 8u);
        bool nan = c->bits == 32 ? (bits & 0x7fffffff) > 0x7f800000
                                 : (bits & INT64_MAX) > UINT64_C(0x7ff) << 52;
        *ret_nans += nan;
        n += nan && bits != (c->bits == 32 ? CANON32 : CANON64);
    }
    return n;
}

static unsigned run_case(const wax_engine_options *o, const struct nan_case *c, int way,
                         unsigned *ret_nans)
{
    struct bench b;
    char text[1400];
    uint8_t bytes[48];
    wax_memory *memory;
    nan_module(text, sizeof text, c, way);
    open_text(&b, o, text);
    OK(wax_call(bench_func(&b, "f"), NULL, 0, NULL, 0, &error));
    OK(wax_instance_memory(b.instance, "m", &memory, &error));
    OK(wax_memory_read(memory, 0, bytes, sizeof bytes, &error));
    unsigned others = count_others(bytes + 16, c, ret_nans);
    if (way == 2) {
        assert_memory_equal(bytes + 16, bytes + 32, is_vector(c) ? 16 : c->bits / 8u);
    }
    bench_close(&b);
    return others;
}

static void test_canonical_nans(void **state)
{
    (void)state;
    for (unsigned t = 0; t < 2; t++) {
        unsigned others_when_off = 0;
        wax_engine_options o;
        wax_engine_options_init(&o);
        o.tier = tiers[t];
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            for (int way = 0; way < 3; way++) {
                unsigned nans = 0;
                o.canonical_nans = 1;
                unsigned others = run_case(&o, &cases[i], way, &nans);
                if (cases[i].keeps ? others == 0 : others != 0 || nans == 0) {
                    fail_msg("%s, way %d, tier %s: %u of %u NaNs are not canonical", cases[i].op,
                             way, tiers[t], others, nans);
                }
                o.canonical_nans = 0;
                others_when_off += cases[i].keeps ? 0 : run_case(&o, &cases[i], way, &nans);
            }
        }
        assert_true(others_when_off > 100); /* or the test would not show anything */
    }
}

/* -------- counting -------- */

static const char counted[] = "(module\n"
                              " (func $leaf (param i32) (result i32) (local.get 0))\n"
                              " (func $never)\n"
                              " (func $loops (export \"loops\") (param $n i32) (local $i i32)\n"
                              "  (loop $l (drop (call $leaf (local.get $i)))\n"
                              "   (local.set $i (i32.add (local.get $i) (i32.const 1)))\n"
                              "   (br_if $l (i32.lt_u (local.get $i) (local.get $n))))\n"
                              "  (loop $once)))";

static void expect_heat(const wax_module *m, size_t idx, const char *called, uint64_t calls,
                        uint64_t loops)
{
    wax_heat h;
    assert_int_equal(wax_module_heat(m, idx, &h), 1);
    assert_int_equal(h.func, idx);
    assert_int_equal(h.name.len, strlen(called));
    assert_memory_equal(h.name.data, called, strlen(called));
    assert_int_equal(h.calls, calls);
    assert_int_equal(h.loops, loops);
}

static void test_heat_counts_calls_and_loops(void **state)
{
    (void)state;
    for (unsigned t = 0; t < 4; t++) {
        struct bench b;
        wax_heat h;
        wax_engine_options o;
        wax_engine_options_init(&o);
        o.tier = tiers[t % 2];
        o.fuel = t / 2; /* both are at the same places */
        o.heat = 1;
        open_text(&b, &o, counted);
        wax_store_set_fuel(b.store, 1000000);
        expect_heat(b.module, 2, "loops", 0, 0);
        for (int i = 0; i < 3; i++) {
            wax_value n = i32(10);
            OK(wax_call(bench_func(&b, "loops"), &n, 1, NULL, 0, &error));
        }
        expect_heat(b.module, 0, "leaf", 30, 0);
        expect_heat(b.module, 1, "never", 0, 0);
        expect_heat(b.module, 2, "loops", 3, 33);
        assert_int_equal(wax_module_heat(b.module, 3, &h), 0);
        assert_int_equal(wax_module_heat(b.module, 0, NULL), 0);
        assert_int_equal(wax_module_heat(NULL, 0, &h), 0);
        bench_close(&b);
        o.heat = 0;
        open_text(&b, &o, counted);
        assert_int_equal(wax_module_heat(b.module, 0, &h), 0);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_nans),
        cmocka_unit_test(test_heat_counts_calls_and_loops),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
