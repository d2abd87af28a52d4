/* SPDX-License-Identifier: Apache-2.0 */
/* The front end: LEB128 limits, errors with offset and section, allocation failures, mutants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wasm/module.h"
#include "wasm/num.h"
#include "wasm/opcodes.h"
#include "wasm/reader.h"

#define HEADER 0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00

/* (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) */
static const uint8_t add_module[] = {HEADER, 0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x01,
                                     0x7f,   0x03, 0x02, 0x01, 0x00, 0x07, 0x07, 0x01, 0x03,
                                     'a',    'd',  'd',  0x00, 0x00, 0x0a, 0x09, 0x01, 0x07,
                                     0x00,   0x20, 0x00, 0x20, 0x01, 0x6a, 0x0b};

static wax_status decode(struct wx_mem *mem, const void *bytes, size_t len, struct wx_module **ret,
                         wax_error **err)
{
    struct wx_features f = wx_features_default();
    return wx_module_decode(mem, bytes, len, &f, &wx_decode_limits_default, ret, err);
}

static uint32_t read_u32(const char *bytes, size_t len, wax_status *ret)
{
    struct wx_reader r;
    wx_reader_init(&r, (const uint8_t *)bytes, 0, len, "test", NULL);
    uint32_t v = wx_read_u32(&r);
    *ret = r.status;
    return v;
}

static void test_reader_leb_limits(void **state)
{
    (void)state;
    wax_status st;
    assert_int_equal(read_u32("\xff\xff\xff\xff\x0f", 5, &st), UINT32_MAX);
    assert_int_equal(st, WAX_OK);
    assert_int_equal(read_u32("\x80\x80\x80\x80\x00", 5, &st), 0);
    assert_int_equal(st, WAX_OK);
    (void)read_u32("\xff\xff\xff\xff\x1f", 5, &st); /* too large */
    assert_int_equal(st, WAX_E_MALFORMED);
    (void)read_u32("\x80\x80\x80\x80\x80\x00", 6, &st); /* too long */
    assert_int_equal(st, WAX_E_MALFORMED);
    (void)read_u32("\x80", 1, &st);
    assert_int_equal(st, WAX_E_MALFORMED);
    struct wx_reader r;
    wx_reader_init(&r, (const uint8_t *)"\x7f\x80\x7f\x40", 0, 4, "test", NULL);
    assert_int_equal(wx_read_s32(&r), -1);
    assert_int_equal(wx_read_s32(&r), -128);
    assert_int_equal(wx_read_s64(&r), -64);
}

static void test_decode_ok(void **state)
{
    (void)state;
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_module *m = NULL;
    assert_int_equal(decode(&mem, add_module, sizeof add_module, &m, NULL), WAX_OK);
    assert_int_equal(m->n_funcs, 1);
    assert_non_null(wx_module_find_export(m, "add", 3));
    assert_null(wx_module_find_export(m, "ad", 2));
    assert_int_equal(m->funcs[0].max_stack_slots, 2);
    wx_module_free(m);
    assert_int_equal(wx_mem_used(&mem), 0);
}

static void test_decode_every_truncation_fails(void **state)
{
    (void)state;
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    for (size_t len = 0; len < sizeof add_module; len++) {
        struct wx_module *m = NULL;
        wax_error *e = NULL;
        wax_status st = decode(&mem, add_module, len, &m, &e);
        if (len == 8 || len == 17) { /* the empty module; types only */
            assert_int_equal(st, WAX_OK);
            wx_module_free(m);
            continue;
        }
        assert_int_equal(st, WAX_E_MALFORMED);
        assert_true(wax_error_offset(e) <= len);
        wax_error_free(e);
    }
    assert_int_equal(wx_mem_used(&mem), 0);
}

/* A table of (ref null HEAP): abstract heap types are single bytes. */
static void test_decode_heap_types(void **state)
{
    (void)state;
    static const struct {
        const char *heap;
        uint8_t len;
        wax_status want;
    } cases[] = {
        {"\x70", 1, WAX_OK},
        {"\x6f", 1, WAX_OK},
        {"\x73", 1, WAX_OK},
        {"\x00", 1, WAX_E_VALIDATION}, /* there is no type 0 */
        {"\x7f", 1, WAX_E_MALFORMED},
        {"\xf0\x7f", 2, WAX_E_MALFORMED}, /* -16 with more digits than it needs */
        {"\xf0\x44", 2, WAX_E_MALFORMED}, /* only its low bits are those of func */
        {"\xf0\xff\xff\xff\x7f", 5, WAX_E_MALFORMED},
    };
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[32] = {0, 'a', 's', 'm', 1, 0, 0, 0, 4, (uint8_t)(4 + cases[i].len), 1, 0x63};
        memcpy(bytes + 12, cases[i].heap, cases[i].len);
        struct wx_module *m = NULL;
        wax_status st = decode(&mem, bytes, 14u + cases[i].len, &m, NULL); /* limits: 0, from 0 */
        assert_int_equal(st, cases[i].want);
        wx_module_free(m);
    }
}

static void test_decode_error_names_place(void **state)
{
    (void)state;
    uint8_t bytes[sizeof add_module];
    memcpy(bytes, add_module, sizeof bytes);
    bytes[sizeof bytes - 2] = 0x7c; /* i64.add on i32 operands */
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    wax_error *e = NULL;
    struct wx_module *m;
    assert_int_equal(decode(&mem, bytes, sizeof bytes, &m, &e), WAX_E_VALIDATION);
    assert_int_equal(wax_error_offset(e), sizeof bytes - 2);
    assert_int_equal(wax_error_func_idx(e), 0);
    assert_string_equal(wax_error_section(e), "function body");
    assert_non_null(strstr(wax_error_message(e), "expected i64, found i32"));
    wax_error_free(e);
}

static void test_decode_huge_counts_allocate_nothing(void **state)
{
    (void)state;
    /* Type section that announces 2^32 - 1 types. */
    static const uint8_t huge[] = {HEADER, 0x01, 0x05, 0xff, 0xff, 0xff, 0xff, 0x0f};
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_module *m;
    assert_int_equal(decode(&mem, huge, sizeof huge, &m, NULL), WAX_E_MALFORMED);
    assert_true(wx_mem_peak(&mem) < 65536);
}

static void fail_each_allocation(const uint8_t *bytes, size_t len)
{
    for (int64_t n = 1;; n++) {
        struct wx_mem mem;
        wx_mem_init(&mem, NULL, 0);
        mem.fail_at = n;
        struct wx_module *m = NULL;
        wax_status st = decode(&mem, bytes, len, &m, NULL);
        if (st == WAX_OK) {
            wx_module_free(m);
            assert_true(n > 5);
            return;
        }
        assert_int_equal(st, WAX_E_NOMEM);
        assert_int_equal(mem.n_live, 0);
    }
}

static void test_decode_survives_allocation_failures(void **state)
{
    (void)state;
    fail_each_allocation(add_module, sizeof add_module);
}

/* So many runs of locals that their array is an allocation of its own. */
static void test_decode_survives_allocation_failure_for_locals(void **state)
{
    (void)state;
    enum { RUNS = 9000, BODY = 2 + 2 * RUNS + 1 };
    static uint8_t m[64 + BODY] = "\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\x0a";
    size_t n = 19;
    const uint32_t sizes[] = {1 + 3 + BODY, 1, BODY, RUNS};
    const uint8_t widths[] = {3, 1, 3, 2};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < widths[i]; k++) {
            m[n++] = (uint8_t)((sizes[i] >> (7 * k) & 0x7f) | (k + 1 < widths[i] ? 0x80 : 0));
        }
    }
    for (int i = 0; i < RUNS; i++) {
        m[n++] = 1;
        m[n++] = 0x7f;
    }
    m[n++] = 0x0b;
    fail_each_allocation(m, n);
}

static void test_opcodes_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WX_OP_COUNT; i++) {
        assert_int_equal(wx_op_find(wx_op_table[i].pfx, wx_op_table[i].code), i);
    }
    assert_int_equal(wx_op_find(0, 0x6a), WX_OP_I32_ADD);
    assert_int_equal(wx_op_find(0, 0xff), WX_OP_INVALID);
    assert_int_equal(wx_op_find(0xfd, 0x113), WX_OP_I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S);
    assert_int_equal(wx_op_find(0xfe, 0x4e), WX_OP_I64_ATOMIC_RMW32_CMPXCHG_U);
}

static void test_num_edges(void **state)
{
    (void)state;
    uint32_t r = 0;
    assert_int_equal(wx_num_I32_DIV_S(0x80000000u, UINT32_MAX, &r), WX_TRAP_INT_OVERFLOW);
    assert_int_equal(wx_num_I32_REM_S(0x80000000u, UINT32_MAX, &r), 0);
    assert_int_equal(r, 0);
    assert_int_equal(wx_num_I32_TRUNC_F64_S(-2147483648.9, &r), 0);
    assert_int_equal((int32_t)r, INT32_MIN);
    assert_int_equal(wx_num_I32_TRUNC_F64_S(-2147483649.0, &r), WX_TRAP_INT_OVERFLOW);
    assert_int_equal(wx_num_I32_TRUNC_SAT_F64_U(-5.0), 0);
    assert_true(wx_num_F64_NEAREST(2.5) == 2.0 && wx_num_F64_NEAREST(3.5) == 4.0);
    assert_int_equal(wx_f64_bits(wx_num_F64_CEIL(-0.5)), UINT64_C(0x8000000000000000));
    assert_int_equal(wx_f64_bits(wx_num_F64_MIN(0.0, -0.0)), UINT64_C(0x8000000000000000));
    assert_int_equal(wx_num_I32_ROTL(0x80000001u, 33), 3);
}

/* -------- mutants of the modules named on the command line -------- */

static int n_seeds;
static char **seed_paths;

static uint64_t rng_state;
static uint64_t rng(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    return rng_state ^= rng_state << 17;
}

static uint8_t *load(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8_t *b = malloc(1 << 20);
    assert_non_null(b);
    *len = fread(b, 1, 1 << 20, f);
    fclose(f);
    return b;
}

static void mutate(uint8_t *b, size_t *len)
{
    for (uint64_t n = 1 + rng() % 4; n > 0; n--) {
        size_t at = rng() % *len;
        switch (rng() % 4) {
        case 0: b[at] = (uint8_t)rng(); break;
        case 1: b[at] ^= (uint8_t)(1u << rng() % 8); break;
        case 2: b[at] = rng() & 1 ? 0xff : 0x80; break;
        default: *len = at + 1; break;
        }
    }
}

static void test_mutants_never_harm(void **state)
{
    (void)state;
    unsigned valid = 0, total = 0;
    for (int s = 0; s < n_seeds; s++) {
        size_t seed_len;
        uint8_t *seed = load(seed_paths[s], &seed_len);
        uint8_t *copy = malloc(seed_len);
        assert_non_null(copy);
        rng_state = 0x9e3779b97f4a7c15u + (uint64_t)s;
        for (int i = 0; i < 10000 / n_seeds + 1; i++, total++) {
            memcpy(copy, seed, seed_len);
            size_t len = seed_len;
            mutate(copy, &len);
            struct wx_mem mem;
            wx_mem_init(&mem, NULL, 0);
            struct wx_module *m = NULL;
            wax_error *e = NULL;
            wax_status st = decode(&mem, copy, len, &m, &e);
            if (st == WAX_OK) {
                valid++;
                wx_module_free(m);
            } else {
                assert_true(st == WAX_E_LIMIT || st == WAX_E_UNSUPPORTED ||
                            wax_error_offset(e) <= len);
            }
            wax_error_free(e);
            assert_true(wx_mem_peak(&mem) < (64u << 20));
            assert_int_equal(mem.n_live, 0);
        }
        free(copy);
        free(seed);
    }
    printf("# %u mutants, %u still valid\n", total, valid);
    assert_true(total >= 10000);
}

int main(int argc, char **argv)
{
    n_seeds = argc - 1;
    seed_paths = argv + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reader_leb_limits),
        cmocka_unit_test(test_decode_ok),
        cmocka_unit_test(test_decode_every_truncation_fails),
        cmocka_unit_test(test_decode_heap_types),
        cmocka_unit_test(test_decode_error_names_place),
        cmocka_unit_test(test_decode_huge_counts_allocate_nothing),
        cmocka_unit_test(test_decode_survives_allocation_failures),
        cmocka_unit_test(test_decode_survives_allocation_failure_for_locals),
        cmocka_unit_test(test_opcodes_round_trip),
        cmocka_unit_test(test_num_edges),
        cmocka_unit_test(test_mutants_never_harm),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
