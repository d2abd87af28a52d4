/* SPDX-License-Identifier: Apache-2.0 */
/* The stencil table has every body the lowering can choose, and its holes are the operands. */
/*
 * What the lowering may emit is said here once more, by class: a form, which registers it has and
 * where its result may go. A body nobody made is found by the emitter only when a program needs it;
 * a hole for a register that is no operand would be filled with whatever register is number 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/jit/stencil.h"
#include "engine/ops/lowering.h"

static const char *const names[WX_S_COUNT] = {
#define H(NAME) [WX_H_##NAME] = #NAME,
#include "engine/ops/handlers.def"
    [WX_S_FRAME] = "FRAME", [WX_S_AFTER_CALL] = "AFTER_CALL"};

/* Registers of a body: bit 0 to 2 those of the integer file, 3 to 5 of the vector file. */
typedef unsigned roles;
#define R(ROLE) (1u << (ROLE))
#define X(ROLE) (8u << (ROLE))

static unsigned n_wrong, n_checked;

static roles roles_of(const struct wx_stencil *s)
{
    roles r = 0;
    for (unsigned i = 0; i < s->n_holes + s->n_cold_holes; i++) {
        r |= 1u << wx_stencil_holes[s->holes + i].from / 4;
    }
    return r;
}

static void has(uint32_t h, roles want)
{
    const struct wx_stencil *s = &wx_stencil_table[wx_stencil_index[h]];
    n_checked++;
    if (s == wx_stencil_table) {
        print_error("%s: there is no stencil\n", names[h]);
        n_wrong++;
    }
    for (; s != wx_stencil_table; s = &wx_stencil_table[s->wide]) {
        if (s->hot && roles_of(s) != want) { /* lane 0 of floats needs no code in place */
            print_error("%s: holes for the registers %#x, not %#x\n", names[h], roles_of(s), want);
            n_wrong++;
        }
    }
}

/* Made for each position, without holes. */
static void has_positions(uint32_t h)
{
    for (uint32_t i = 0; i < WX_OPERAND_REGS; i++) {
        has(h + i, 0);
    }
}

static bool is_x(char letter) { return letter == 'f' || letter == 'F' || letter == 'V'; }
static roles role(char letter, unsigned n) { return is_x(letter) ? X(n) : R(n); }

/* -------- one form: operands in registers or not, and the result -------- */

/* a, b: letters, 0 = not in a register. */
static void has_form(uint32_t h, char a, char b, char result)
{
    roles operands = (a ? role(a, 0) : 0) | (b ? role(b, 1) : 0);
    bool over_a = a && is_x(a) == is_x(result), over_b = b && is_x(b) == is_x(result);
    has(h, operands | role(result, 0));
    if (over_a) {
        has(h + 1, operands | role(result, 2));
    }
    if (over_b) {
        has(h + 2, operands | role(result, 1));
    }
}

/* The six forms of two operands; those with a constant are left out for vectors. */
static void has_binary(uint32_t h, char a, char b, char result, bool constants)
{
    has_form(h, a, b, result);
    has_form(h + 4, a, 0, result);
    h += 8;
    if (constants) {
        has_form(h, a, 0, result);
        h += 4;
    }
    has_form(h, 0, b, result);
    has_form(h + 4, 0, 0, result);
    if (constants) {
        has_form(h + 8, 0, 0, result);
    }
}

/* The same without a result: branches and stores. */
static void has_pair(uint32_t h, char a, char b, bool constants)
{
    const roles ra = role(a, 0), rb = role(b, 1);
    const roles with[] = {ra | rb, ra, ra, rb, 0, 0}, without[] = {ra | rb, ra, rb, 0};
    for (uint32_t i = 0; i < (constants ? 6u : 4u); i++) {
        has(h + 4 * i, constants ? with[i] : without[i]);
    }
}

static void check_op(enum wx_op op)
{
    const struct wx_op_info *info = &wx_op_table[op];
    uint32_t h = wx_lo_rows[op].body, n_lanes = info->access ? 16u / info->access : 0;
    const char a = info->params[0], b = a == '_' ? 0 : info->params[1], r = info->results[0];
    switch ((enum wx_lower)info->lower) {
    case WX_LOWER_UNARY:
        has_form(h, a, 0, r);
        has_form(h + 4, 0, 0, r);
        break;
    case WX_LOWER_COMPARE:
        has_binary(h, a, b, r, true);
        has_pair(h + BR_FORMS, a, b, true);
        break;
    case WX_LOWER_BINARY:
    case WX_LOWER_V_SHIFT: has_binary(h, a, b, r, true); break;
    case WX_LOWER_V_BINARY: has_binary(h, a, b, r, false); break;
    case WX_LOWER_LOAD:
        has_form(h, 'i', 0, r);
        has_form(h + 4, 0, 0, r);
        has_form(h + 8, 'i', 0, r);
        break;
    case WX_LOWER_STORE:
        has_pair(h, 'i', b, true);
        has(h + 24, R(0) | role(b, 1));
        break;
    case WX_LOWER_V_STORE:
        has_pair(h, 'i', b, false);
        has(h + 16, R(0) | X(1));
        break;
    case WX_LOWER_V_TERNARY: has(h, X(0) | X(1) | X(2)); break;
    case WX_LOWER_V_SHUFFLE: has(h, X(0) | X(1)); break;
    case WX_LOWER_V_EXTRACT:
        for (uint32_t i = 0; i < n_lanes; i++) {
            has_form(h + 4 * i, 'V', 0, r);
        }
        has_form(h + 4 * n_lanes, 0, 0, r);
        break;
    case WX_LOWER_V_REPLACE:
        for (uint32_t i = 0; i < n_lanes; i++) {
            has(h + 4 * i, X(0) | role(b, 1));
        }
        break;
    case WX_LOWER_V_LOAD_LANE:
    case WX_LOWER_V_STORE_LANE:
        for (uint32_t i = 0; i < 2 * n_lanes; i++) { /* then the checked ones */
            has(h + 4 * i, R(0) | X(1) | (info->lower == WX_LOWER_V_LOAD_LANE ? X(0) : 0));
        }
        break;
    case WX_LOWER_UNARY_TRAP:
    case WX_LOWER_BINARY_TRAP:
    case WX_LOWER_ATOMIC_LOAD:
    case WX_LOWER_ATOMIC_STORE:
    case WX_LOWER_ATOMIC_RMW:
    case WX_LOWER_ATOMIC_CMPXCHG:
    case WX_LOWER_WIDE: has_positions(h); break;
    default: break; /* no bodies of their own */
    }
}

static void test_instructions_have_their_stencils(void **state)
{
    (void)state;
    n_wrong = n_checked = 0;
    for (uint32_t op = 0; op < WX_OP_COUNT; op++) {
        check_op((enum wx_op)op);
    }
    assert_int_equal(n_wrong, 0);
    assert_true(n_checked > 2500);
}

static void test_other_bodies_have_their_stencils(void **state)
{
    (void)state;
    static const struct {
        uint32_t h;
        roles want;
    } others[] = {
        {WX_H_GET_r_0, R(0)},
        {WX_H_GET_x_0, X(0)},
        {WX_H_GET_v_0, X(0)},
        {WX_H_PUT_r_0, R(0)},
        {WX_H_PUT_x_0, X(0)},
        {WX_H_PUT_v_0, X(0)},
        {WX_H_CONST_r_0, R(0)},
        {WX_H_CONST_x_0, X(0)},
        {WX_H_CONST_v_0, X(0)},
        {WX_H_SHIFT1_r_0, R(0) | R(1)},
        {WX_H_SHIFT1_x_0, X(0) | X(1)},
        {WX_H_GLOBAL_GET_r_0, R(0)},
        {WX_H_GLOBAL_GET_x_0, X(0)},
        {WX_H_GLOBAL_GET_v_0, X(0)},
        {WX_H_GLOBAL_SET_r_0, R(0)},
        {WX_H_GLOBAL_SET_x_0, X(0)},
        {WX_H_GLOBAL_SET_v_0, X(0)},
        {WX_H_SELECT_r_0, R(0) | R(1) | R(2)},
        {WX_H_SELECT_x_0, X(0) | X(1) | R(2)},
        {WX_H_MEMORY_SIZE_0, R(0)},
        {WX_H_NON_NULL_0, R(0)},
        {WX_H_BR_IF_0, R(0)},
        {WX_H_BR_UNLESS_0, R(0)},
        {WX_H_BR_NULL_0, R(0)},
        {WX_H_BR_NON_NULL_0, R(0)},
        {WX_H_BR_TABLE_0, R(0)},
        {WX_H_RETURN_r_0, R(0)},
        {WX_H_RETURN_x_0, X(0)},
        {WX_H_RETURN_v_0, X(0)},
    };
    static const uint32_t without[] = {
        WX_H_MOVE_SLOT, WX_H_MOVE_SLOT2,  WX_H_CONST_SLOT,  WX_H_CONST_SLOT2,    WX_H_COPY_SLOTS,
        WX_H_BR,        WX_H_BR_IF_L,     WX_H_BR_UNLESS_L, WX_H_POLL,           WX_H_BR_POLL,
        WX_H_FUEL,      WX_H_UNREACHABLE, WX_H_ENTER,       WX_H_RETURN,         WX_H_RETURN_N,
        WX_H_CALL,      WX_H_CALL_FUNC,   WX_H_TAIL_CALL,   WX_H_TAIL_CALL_FUNC, WX_H_HELPER,
        WX_S_FRAME,     WX_S_AFTER_CALL};
    static const uint32_t positions[] = {WX_H_CALL_INDIRECT_0, WX_H_CALL_REF_0,
                                         WX_H_TAIL_CALL_INDIRECT_0, WX_H_TAIL_CALL_REF_0};
    n_wrong = 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        has(others[i].h, others[i].want);
    }
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        has(without[i], 0);
    }
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
        has_positions(positions[i]);
    }
    assert_int_equal(n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instructions_have_their_stencils),
        cmocka_unit_test(test_other_bodies_have_their_stencils),
    };
    return cmocka_run_group_tests_name("stencils", tests, NULL, NULL);
}
