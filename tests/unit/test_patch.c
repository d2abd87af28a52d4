/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of instructions filled in, for both processors: what the bytes are then, and what does not
 * fit. */
/*
 * The words of aarch64 are those an assembler gives for the text beside them. That the fields the
 * stencils have read back as what was asked is tools/stencils/aarch64.py's to check, by
 * disassembling them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/jit/patch_aarch64.h"
#include "engine/jit/patch_x86_64.h"

#define AT UINT64_C(0x7f0012345000)

struct filling {
    enum wx_a64_field field;
    uint32_t word;
    uint64_t value;
    uint32_t want;
};

static const struct filling fillings[] = {
    {WX_A64_JUMP26, 0x14000000, AT + 8, 0x14000002},                    /* b .+8 */
    {WX_A64_JUMP26, 0x14000000, AT - 4, 0x17ffffff},                    /* b .-4 */
    {WX_A64_JUMP26, 0x17ffffff, AT, 0x14000000},                        /* what was there is gone */
    {WX_A64_JUMP26, 0x14000000, AT - (1 << 27), 0x16000000},            /* b .-128M */
    {WX_A64_JUMP26, 0x14000000, AT + (1 << 27) - 4, 0x15ffffff},        /* b .+128M-4 */
    {WX_A64_CALL26, 0x94000000, AT + 0x1000, 0x94000400},               /* bl .+0x1000 */
    {WX_A64_CONDBR19, 0x54000001, AT + 16, 0x54000081},                 /* b.ne .+16 */
    {WX_A64_CONDBR19, 0xb4000018, AT - 8, 0xb4ffffd8},                  /* cbz x24, .-8 */
    {WX_A64_CONDBR19, 0x54000001, AT - (1 << 20), 0x54800001},          /* b.ne .-1M */
    {WX_A64_CONDBR19, 0x54000001, AT + (1 << 20) - 4, 0x547fffe1},      /* b.ne .+1M-4 */
    {WX_A64_LD_PREL_LO19, 0x58000010, AT + 0x20, 0x58000110},           /* ldr x16, .+0x20 */
    {WX_A64_TSTBR14, 0x37180018, AT - 4, 0x371ffff8},                   /* tbnz w24, #3, .-4 */
    {WX_A64_TSTBR14, 0x37180018, AT + (1 << 15) - 4, 0x371bfff8},       /* tbnz w24, #3, .+32K-4 */
    {WX_A64_ADR_PREL_PG_HI21, 0x90000010, AT + 0xfff, 0x90000010},      /* this page */
    {WX_A64_ADR_PREL_PG_HI21, 0x90000010, AT + 0x1234, 0xb0000010},     /* the next one */
    {WX_A64_ADR_PREL_PG_HI21, 0x90000010, AT - 1, 0xf0fffff0},          /* the one before */
    {WX_A64_ADR_PREL_PG_HI21, 0x90000010, AT + 0xfffff000, 0xf07ffff0}, /* +4G-4K */
    {WX_A64_ADD_ABS_LO12_NC, 0x91000108, 0x12345678, 0x9119e108},       /* add x8, x8, #0x678 */
    {WX_A64_LDST8_ABS_LO12_NC, 0x39400108, 0x12345679, 0x3959e508},     /* ldrb w8, [x8, #0x679] */
    {WX_A64_LDST16_ABS_LO12_NC, 0x79400108, 0x12345678, 0x794cf108},    /* ldrh w8, [x8, #0x678] */
    {WX_A64_LDST32_ABS_LO12_NC, 0xb9400108, 0x12345678, 0xb9467908},    /* ldr w8, [x8, #0x678] */
    {WX_A64_LDST64_ABS_LO12_NC, 0xf9400210, 0x12345678, 0xf9433e10},    /* ldr x16, [x16, #0x678] */
    {WX_A64_LDST128_ABS_LO12_NC, 0x3dc00100, 0x12345670, 0x3dc19d00},   /* ldr q0, [x8, #0x670] */
    {WX_A64_MOVW_UABS_G0, 0xd2800008, 0xffff, 0xd29fffe8},              /* movz x8, #0xffff */
    {WX_A64_MOVW_UABS_G0_NC, 0xf2800008, UINT64_C(0x1234567812345678),
     0xf28acf08},                                              /* movk x8, #0x5678 */
    {WX_A64_MOVW_UABS_G1, 0xd2a00008, 0xffff0000, 0xd2bfffe8}, /* movz x8, #0xffff, lsl #16 */
    {WX_A64_MOVW_UABS_G1_NC, 0xf2a00008, UINT64_C(0x9999123499999999), 0xf2b33328},
    {WX_A64_MOVW_UABS_G2, 0xd2c00008, UINT64_C(0x123400000000), 0xd2c24688},
    {WX_A64_MOVW_UABS_G2_NC, 0xf2c00008, UINT64_C(0x9999123499999999), 0xf2c24688},
    {WX_A64_MOVW_UABS_G3, 0xd2e00008, UINT64_C(0x1234000000000000), 0xd2e24688},
    {WX_A64_IMM12, 0x7100031f, 0xfff, 0x713fff1f}, /* cmp w24, #0xfff */
};

static void aarch64_fills(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fillings / sizeof *fillings; i++) {
        const struct filling *f = &fillings[i];
        uint8_t bytes[8];
        wx_put_u32(bytes, f->word);
        bool fits = wx_patch_aarch64(bytes, f->field, AT, f->value);
        if (!fits || wx_get_u32(bytes) != f->want) {
            print_error("row %zu: %#x\n", i, wx_get_u32(bytes));
        }
        assert_true(fits);
        assert_int_equal(wx_get_u32(bytes), f->want);
    }
    uint8_t word[8] = {0};
    assert_true(wx_patch_aarch64(word, WX_A64_ABS64, AT, UINT64_C(0x8877665544332211)));
    assert_int_equal(word[0], 0x11);
    assert_int_equal(word[7], 0x88);
}

static void aarch64_refuses(void **state)
{
    (void)state;
    static const struct {
        enum wx_a64_field field;
        uint64_t value;
    } rows[] = {
        {WX_A64_JUMP26, AT + (1 << 27)},
        {WX_A64_JUMP26, AT - (1 << 27) - 4},
        {WX_A64_JUMP26, AT + 2},
        {WX_A64_CALL26, 0},
        {WX_A64_CONDBR19, AT + (1 << 20)},
        {WX_A64_CONDBR19, AT - (1 << 20) - 4},
        {WX_A64_LD_PREL_LO19, AT + 1},
        {WX_A64_TSTBR14, AT + (1 << 15)},
        {WX_A64_TSTBR14, AT - (1 << 15) - 4},
        {WX_A64_ADR_PREL_PG_HI21, AT + (UINT64_C(1) << 32)},
        {WX_A64_ADR_PREL_PG_HI21, AT - (UINT64_C(1) << 32) - 1},
        {WX_A64_LDST16_ABS_LO12_NC, 1},
        {WX_A64_LDST32_ABS_LO12_NC, 2},
        {WX_A64_LDST64_ABS_LO12_NC, 4},
        {WX_A64_LDST128_ABS_LO12_NC, 8},
        {WX_A64_MOVW_UABS_G0, 0x10000},
        {WX_A64_MOVW_UABS_G1, UINT64_C(0x100000000)},
        {WX_A64_MOVW_UABS_G2, UINT64_C(0x1000000000000)},
        {WX_A64_IMM12, 0x1000},
        {WX_A64_IMM12, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[8] = {0x55, 0x66, 0x77, 0x88};
        if (wx_patch_aarch64(bytes, rows[i].field, AT, rows[i].value)) {
            print_error("row %zu\n", i);
            fail();
        }
        assert_int_equal(wx_get_u32(bytes), 0x88776655); /* untouched */
    }
}

static void x86_64_fills(void **state)
{
    (void)state;
    uint8_t b[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    wx_x86_put_imm(b, WX_SR_IMM8, 0x1ff);
    assert_memory_equal(b, ((uint8_t[]){0xff, 2, 3}), 3);
    wx_x86_put_imm(b, WX_SR_IMM32, 0x11223344);
    assert_memory_equal(b, ((uint8_t[]){0x44, 0x33, 0x22, 0x11, 5}), 5);
    wx_x86_put_imm(b, WX_SR_IMM64, UINT64_C(0x1122334455667788));
    assert_memory_equal(b, ((uint8_t[]){0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 9}), 9);
    const uint8_t code[128] = {0};
    wx_x86_put_rel32(b, code + 100, code + 90, -4);
    assert_memory_equal(b, ((uint8_t[]){0xf2, 0xff, 0xff, 0xff, 0x44}), 5);
}

static void x86_64_refuses(void **state)
{
    (void)state;
    assert_true(wx_x86_fits(WX_SR_IMM32, UINT32_MAX));
    assert_false(wx_x86_fits(WX_SR_IMM32, (uint64_t)UINT32_MAX + 1));
    assert_true(wx_x86_fits(WX_SR_IMM31, INT32_MAX));
    assert_false(wx_x86_fits(WX_SR_IMM31, (uint64_t)INT32_MAX + 1));
    assert_true(wx_x86_fits(WX_SR_IMM31, (uint64_t)INT32_MIN));
    assert_false(wx_x86_fits(WX_SR_IMM31, (uint64_t)INT32_MIN - 1));
    assert_true(wx_x86_fits(WX_SR_IMM64, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aarch64_fills),
        cmocka_unit_test(aarch64_refuses),
        cmocka_unit_test(x86_64_fills),
        cmocka_unit_test(x86_64_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
