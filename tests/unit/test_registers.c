/* SPDX-License-Identifier: Apache-2.0 */
/* Every instruction with its operands in every place and its result going to every place. */
/*
 * For each row of opcodes.def typed by letters one function is made, a loop with more locals than
 * there are registers. In it the instruction stands once for each combination of where its operands
 * are (a local in a register, the same one twice, a local in its slot, a constant, an operand in a
 * register or in its slot) and what is done with its result (set to a local that was an operand, to
 * another one, to one in its slot, teed, or left on the stack for a while). What came out, and what
 * a pending read of the local had before, goes to memory, which must be the same in all tiers and
 * bounds modes.
 */
#include "unit/bytes.h"
#include "unit/tiers.h"

#include <stdio.h>

#include "base/bits.h"
#include "engine/ops/lowering.h"

static struct bytes mod, body, part;

/* -------- locals: by type, the first ones used most -------- */

static const char letters[] = "iIfFV";
enum { N_TYPES = 5, N_HOT = 3, PER_TYPE = 5, COLD = 3 }; /* the last one of a type is a decoy */

static unsigned type_of(char letter)
{
    const char *at = strchr(letters, letter == 'm' ? 'i' : letter);
    assert_non_null(at);
    return (unsigned)(at - letters);
}

static unsigned local_of(char letter, unsigned n) { return type_of(letter) * PER_TYPE + n; }
/* Behind those: the turns left. Global t is of type t. */
enum { COUNTER = N_TYPES * PER_TYPE };

static const uint8_t kinds[N_TYPES] = {0x7f, 0x7e, 0x7d, 0x7c, 0x7b};

static void byte(uint8_t v) { put(&body, &v, 1); }
static void op_u32(uint8_t op, uint32_t v)
{
    byte(op);
    put_u32(&body, v);
}
static void get(unsigned local) { op_u32(0x20, local); }
static void set(unsigned local) { op_u32(0x21, local); }

static void i32_const(uint32_t v) /* not negative */
{
    byte(0x41);
    for (; v > 0x3f; v >>= 7) {
        byte((uint8_t)(v | 0x80));
    }
    byte((uint8_t)v);
}

/* Value n of a type: small integers (addresses, shift counts, divisors), floats above zero. */
static void put_const(unsigned type, unsigned n)
{
    const float f = 1.75f + (float)n * 13.5f;
    const double d = 2.5 + (double)n * 100.25;
    float lanes[4] = {f, 2 * f, 0.5f, 3 * f};
    switch (type) {
    case 0: i32_const(16 * (n * 3 + 1)); break;
    case 1:
        byte(0x42);
        put(&body, (const uint8_t[]){(uint8_t)(n * 5 + 3)}, 1);
        break;
    case 2:
        byte(0x43);
        put(&body, &f, sizeof f);
        break;
    case 3:
        byte(0x44);
        put(&body, &d, sizeof d);
        break;
    default:
        byte(0xfd);
        put_u32(&body, 12);
        put(&body, lanes, sizeof lanes);
        break;
    }
}

/* -------- one combination -------- */

enum place { HOT_0, HOT_1, IN_SLOT_LOCAL, CONSTANT, OPERAND_REG, OPERAND_SLOT, N_PLACES };
enum dest { SET_0, SET_1, SET_2, SET_COLD, TEE_0, LATER, N_DESTS };

static void operand(char letter, enum place place)
{
    unsigned type = type_of(letter);
    switch (place) {
    case HOT_0:
    case HOT_1: get(local_of(letter, place)); break;
    case IN_SLOT_LOCAL: get(local_of(letter, COLD)); break;
    case CONSTANT: put_const(type, 2); break;
    default:
        op_u32(0x23, type);
        if (place == OPERAND_SLOT) { /* a block brings all below it to their slots */
            put(&body, "\x02\x40\x0b", 3);
        }
        break;
    }
}

/* @return the local the result is in afterwards */
static unsigned take_result(char letter, enum dest dest)
{
    unsigned cold = local_of(letter, COLD), n = dest < SET_COLD ? local_of(letter, dest) : cold;
    switch (dest) {
    case TEE_0:
        op_u32(0x22, local_of(letter, 0));
        set(cold);
        return local_of(letter, 0);
    case LATER: /* not right behind */
        byte(0x01);
        set(local_of(letter, 2));
        return local_of(letter, 2);
    default: set(n); return n;
    }
}

static uint32_t out_at; /* address of the next thing written */

static void write_value(char letter)
{
    static const char *const stores[N_TYPES] = {"\x36\2", "\x37\3", "\x38\2", "\x39\3",
                                                "\xfd\x0b\4"};
    put(&body, stores[type_of(letter)], strlen(stores[type_of(letter)]));
    put_u32(&body, out_at);
    out_at += 16;
}

static void write_local(char letter, unsigned local)
{
    i32_const(0);
    get(local);
    write_value(letter);
}

static void put_op(const struct wx_op_info *info, unsigned n)
{
    if (info->pfx) {
        byte(info->pfx);
        put_u32(&body, info->code);
    } else {
        byte((uint8_t)info->code);
    }
    unsigned align = info->access ? (unsigned)__builtin_ctz(info->access) : 0;
    switch ((enum wx_imm)info->imm) {
    case WX_IMM_MEMARG:
    case WX_IMM_MEMARG_LANE:
        put_u32(&body, align);
        put_u32(&body, n % 3 * 8); /* offset */
        break;
    case WX_IMM_LANES16:
        for (unsigned i = 0; i < 16; i++) {
            byte((uint8_t)((i * 7 + n) % 32));
        }
        break;
    default: break;
    }
    if (info->imm == WX_IMM_LANE || info->imm == WX_IMM_MEMARG_LANE) {
        byte((uint8_t)(n % (16u / info->access)));
    }
}

/* The locals of the types at hand to their values again. */
static void reset(const char *types)
{
    for (const char *c = types; *c && *c != '_'; c++) {
        for (unsigned n = 0; n <= COLD && !memchr(types, *c, (size_t)(c - types)); n++) {
            put_const(type_of(*c), n);
            set(local_of(*c, n));
        }
    }
}

static void combination(const struct wx_op_info *info, const enum place *places, unsigned n)
{
    const char *r = info->results;
    unsigned n_results = r[0] == '_' ? 0 : (unsigned)strlen(r);
    bool pending = n_results && n % 2; /* a read of what is about to be set */
    reset(info->params);
    if (pending) {
        i32_const(0);
        get(local_of(r[0], n % 3));
    }
    for (unsigned i = 0; info->params[i] && info->params[i] != '_'; i++) {
        operand(info->params[i], places[i]);
    }
    put_op(info, n);
    unsigned locals[2] = {0};
    for (unsigned i = n_results; i-- > 0;) {
        locals[i] = take_result(r[i], (enum dest)((n / 2 + i) % N_DESTS));
    }
    if (pending) {
        write_value(r[0]);
    }
    for (unsigned i = 0; i < n_results; i++) {
        write_local(r[i], locals[i]);
        if ((n / 2 + i) % N_DESTS == TEE_0) {
            write_local(r[i], local_of(r[i], COLD));
        }
    }
}

/* -------- a function of all combinations -------- */

/* Reads that cost nothing, so deep in loops that they alone say who gets a register. */
static void weigh(const char *types)
{
    put(&body, "\x03\x40\x03\x40\x03\x40\x03\x40", 8);
    for (const char *c = types; *c && *c != '_'; c++) {
        for (unsigned n = 0; n < N_HOT; n++) {
            for (unsigned i = n; i < 2 * N_HOT; i++) {
                get(local_of(*c, n));
                byte(0x1a);
            }
        }
    }
    for (unsigned t = 0; t < N_TYPES; t++) { /* what is left goes to others than the cold ones */
        for (unsigned i = 0; i < 2; i++) {
            get(t * PER_TYPE + PER_TYPE - 1);
            byte(0x1a);
        }
    }
    put(&body, "\x0b\x0b\x0b\x0b", 4);
}

static uint32_t power(uint32_t base, uint32_t n)
{
    uint32_t v = 1;
    while (n--) {
        v *= base;
    }
    return v;
}

static void make_function(const struct wx_op_info *info)
{
    unsigned n_params = info->params[0] == '_' ? 0 : (unsigned)strlen(info->params);
    uint32_t all = power(N_PLACES, n_params), step = all > 36 ? all / 72 | 1 : 1, turn = 0;
    body.n = 0;
    put_u32(&body, N_TYPES + 1);
    for (unsigned t = 0; t < N_TYPES; t++) {
        put_u32(&body, PER_TYPE);
        byte(kinds[t]);
    }
    put(&body, "\1\x7f", 2);
    put(&body, "\x41\2\x21", 3);
    put_u32(&body, COUNTER);
    put(&body, "\x03\x40", 2);
    weigh(info->params);
    weigh(info->results);
    out_at = 4096;
    for (uint32_t k = 0; k < all; k += step) {
        enum place places[4];
        uint32_t left = k;
        for (unsigned i = 0; i < 4; i++, left /= N_PLACES) {
            places[i] = (enum place)(left % N_PLACES);
        }
        for (unsigned d = 0; d < (n_params < 3 ? 12 : 3); d += n_params == 2 ? 3 : 1) {
            combination(info, places, turn++ % 3 + d * (n_params < 3 ? 1 : 4));
        }
    }
    get(COUNTER);
    put(&body, "\x41\1\x6b\x22", 4);
    put_u32(&body, COUNTER);
    put(&body, "\x0d\0\x0b\x0b", 4);
    assert_true(out_at < 65536);
}

static void make_module(const struct wx_op_info *info)
{
    make_function(info);
    mod.n = 0;
    SECTION(&mod, 1, "\1\x60\0\0");
    SECTION(&mod, 3, "\1\0");
    SECTION(&mod, 5, "\1\1\1\1");
    part.n = 0;
    put_u32(&part, 1);
    put_u32(&part, (uint32_t)body.n);
    put(&part, body.p, body.n);
    body.n = 0; /* globals: one of each type */
    put_u32(&body, N_TYPES);
    for (unsigned t = 0; t < N_TYPES; t++) {
        byte(kinds[t]);
        byte(0);
        put_const(t, 4);
        byte(0x0b);
    }
    put_section(&mod, 6, body.p, body.n);
    SECTION(&mod, 7, "\2\0\0\0\1m\2\0");
    put_section(&mod, 10, part.p, part.n);
}

/* -------- comparing -------- */

static uint8_t memories[N_TIER_CONFIGS][65536];

static void run_config(unsigned i, const char *text)
{
    struct tier_world w;
    struct wx_extern f, m;
    wax_error *err = NULL;
    if (!tier_open(&w, &tier_configs[i], mod.p, mod.n, NULL, false)) {
        memcpy(memories[i], memories[0], sizeof memories[i]);
        return;
    }
    assert_true(wx_instance_export(w.inst, "", 0, &f));
    assert_true(wx_instance_export(w.inst, "m", 1, &m));
    wax_status st = wx_enter(w.store, f.u.func, NULL, NULL, &err);
    if (st != WAX_OK) {
        print_error("%s: %s\n", text, err ? wax_error_message(err) : "");
    }
    assert_int_equal(st, WAX_OK);
    memcpy(memories[i], m.u.memory->base, sizeof memories[i]);
    tier_close(&w);
}

static bool compare(const struct wx_op_info *info)
{
    bool ok = true;
    make_module(info);
    for (unsigned i = 0; i < N_TIER_CONFIGS; i++) {
        run_config(i, wx_op_text[info - wx_op_table]);
        size_t at = 0;
        while (at < sizeof memories[i] && memories[i][at] == memories[0][at]) {
            at++;
        }
        if (at < sizeof memories[i]) {
            print_error("%s: %s, %s differs at %zu\n", wx_op_text[info - wx_op_table],
                        tier_configs[i].tier, tier_configs[i].checked ? "checked" : "guarded", at);
            ok = false;
        }
    }
    return ok;
}

static bool has_letters(const struct wx_op_info *info)
{
    bool typed = info->params[0] != 'X' && info->results[0] != 'X' && !strchr(info->params, 't') &&
                 !strchr(info->results, 't') && info->results[0] != 'm';
    switch ((enum wx_lower)info->lower) {
    case WX_LOWER_CONTROL:
    case WX_LOWER_CONST:
    case WX_LOWER_BULK:
    case WX_LOWER_TABLE:
    case WX_LOWER_GC:
    case WX_LOWER_ATOMIC_WAIT: return false;
    default: return typed;
    }
}

static void test_every_instruction_in_every_place(void **state)
{
    (void)state;
    unsigned n = 0, n_wrong = 0;
    for (uint32_t op = 0; op < WX_OP_COUNT; op++) {
        if (has_letters(&wx_op_table[op])) {
            n++;
            n_wrong += !compare(&wx_op_table[op]);
        }
    }
    assert_int_equal(n_wrong, 0);
    assert_true(n > 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_instruction_in_every_place),
    };
    return cmocka_run_group_tests_name("registers", tests, NULL, NULL);
}
