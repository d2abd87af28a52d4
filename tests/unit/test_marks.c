/* SPDX-License-Identifier: Apache-2.0 */
/* Packed marks against the list they were made from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/jit/marks.h"

static uint64_t rng_state = 0x9e3779b97f4a7c15u;

static uint32_t rng(uint32_t below)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t)(rng_state >> 16) % below;
}

#define MAX 3000
static struct wx_jit_mark list[MAX];

/* As code has them: mostly small steps, now and then a large one, module offsets going back. */
static uint32_t make_list(uint32_t n)
{
    struct wx_jit_mark m = {0, rng(1 << 20), 0};
    for (uint32_t i = 0; i < n; i++) {
        list[i] = m;
        list[i].fp_delta = rng(8) == 0 ? 8 * rng(rng(2) ? 64 : UINT32_MAX / 8) : 0;
        m.code_off += 1 + (rng(50) ? rng(20) : rng(1 << 16));
        m.module_off = rng(50) ? m.module_off + rng(6) : rng(UINT32_MAX);
    }
    return m.code_off;
}

static void check(const struct wx_jit_packer *p, uint32_t code_off, const struct wx_jit_mark *want)
{
    struct wx_jit_mark got =
        wx_jit_marks_find(p->blocks.p, (uint32_t)p->blocks.n, p->bytes.p, p->bytes.n, code_off);
    assert_int_equal(got.code_off, want->code_off);
    assert_int_equal(got.module_off, want->module_off);
    assert_int_equal(got.fp_delta, want->fp_delta);
}

static void test_find_every_mark(void **state)
{
    (void)state;
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_jit_packer p = {.mem = &mem};
    for (uint32_t round = 0; round < 60; round++) {
        uint32_t n = round < 40 ? round * 2 + 1 : 1 + rng(MAX - 1);
        uint32_t end = make_list(n);
        wx_jit_packer_reset(&p);
        for (uint32_t i = 0; i < n; i++) {
            struct wx_jit_mark other = {list[i].code_off, rng(1 << 30), 8};
            assert_true(
                wx_jit_packer_add(&p, &other)); /* replaced by the next, at the same place */
            assert_true(wx_jit_packer_add(&p, &list[i]));
        }
        assert_true(wx_jit_packer_flush(&p));
        assert_int_equal(p.n, n);
        static struct wx_jit_mark all[MAX];
        wx_jit_marks_unpack(p.blocks.p, p.bytes.p, n, all);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(all[i].code_off, list[i].code_off);
            assert_int_equal(all[i].module_off, list[i].module_off);
            assert_int_equal(all[i].fp_delta, list[i].fp_delta);
            uint32_t next = i + 1 < n ? list[i + 1].code_off : end;
            check(&p, list[i].code_off, &list[i]);
            check(&p, list[i].code_off + rng(next - list[i].code_off), &list[i]);
            check(&p, next - 1, &list[i]);
        }
        check(&p, UINT32_MAX, &list[n - 1]);
    }
    wx_jit_packer_fini(&p);
    assert_int_equal(mem.used, 0);
}

static void test_allocation_failures(void **state)
{
    (void)state;
    (void)make_list(200);
    uint32_t failed = 0;
    for (int64_t at = 1;; at++) {
        struct wx_mem mem;
        wx_mem_init(&mem, NULL, 0);
        mem.fail_at = at;
        struct wx_jit_packer p = {.mem = &mem};
        bool ok = true;
        for (uint32_t i = 0; i < 200 && ok; i++) {
            ok = wx_jit_packer_add(&p, &list[i]);
        }
        ok = ok && wx_jit_packer_flush(&p);
        failed += !ok;
        wx_jit_packer_fini(&p);
        assert_int_equal(mem.used, 0);
        if (ok) {
            break;
        }
    }
    assert_true(failed >= 2); /* blocks and bytes both grow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_every_mark),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
