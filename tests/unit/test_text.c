/* SPDX-License-Identifier: Apache-2.0 */
/* The text format: tokens, number literals, parsing, places of errors, hostile text, mutants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/bits.h"
#include "wasm/text/lexer.h"
#include "wasm/text/number.h"
#include "wasm/text/text.h"

static char **seed_paths;
static int n_seeds;

static uint64_t random_state = 1;

static uint64_t random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* -------- tokens -------- */

/* Kinds of all tokens as letters, '!' for a failure. */
static const char *kinds_of(const char *text)
{
    static char kinds[64];
    size_t n = 0;
    struct wx_lexer lx;
    wx_lexer_init(&lx, text, (uint32_t)strlen(text));
    for (struct wx_tok t = wx_lexer_next(&lx); t.kind != WX_TOK_EOF && n < sizeof kinds - 2;
         t = wx_lexer_next(&lx)) {
        kinds[n++] = ".()aisc"[t.kind];
    }
    if (lx.fail) {
        kinds[n++] = '!';
    }
    kinds[n] = '\0';
    return kinds;
}

static void test_lexer_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kinds;
    } cases[] = {
        {"", ""},
        {"(func $f)", "(ai)"},
        {"(a;;b\n)", "(a)"},
        {"(a;;b\r)", "(a)"},
        {"(;x(;y;)z;)a", "a"},
        {"(;x(;y;)z", "!"},
        {"a(;b;)c", "aa"},
        {"\"a\"", "s"},
        {"\"a\"\"b\"", "a"}, /* strings without a space between are reserved */
        {"\"a\"b", "a"},
        {"a\"b\"", "a"},
        {"$\"a b\"", "i"},
        {"$\"a\"b", "a"},
        {"$a\"b\"", "a"},
        {"$", "!"},
        {"$\"\"", "!"},
        {"$ \"a\"", "!"},
        {"0x1p-3 -1_000 +nan:0x7f", "aaa"},
        {"a,b;c", "aaaaa"},
        {"[{}]", "aaaa"},
        {"(@x (y \")\") z) a", "a"},
        {"(@\"x\") a", "a"},
        {"(@ x)", "!"},
        {"(@x", "!"},
        {"(@x (", "!"},
        {"(@x \"", "!"},
        {"\"\\", "!"},
        {"\"\\x\"", "!"},
        {"\"\\u{110000}\"", "!"},
        {"\"\\u{d800}\"", "!"},
        {"\"\\u{}\"", "!"},
        {"\"\\u{1_0}\"", "s"},
        {"\"\\u{1__0}\"", "!"},
        {"\"\\u{12345678901234567890}\"", "!"},
        {"\"a\nb\"", "!"},
        {"\"a", "!"},
        {"\"\x7f\"", "!"},
        {"\"\xc3\xa4\"", "s"},
        {"\xc3\xa4", "!"}, /* letters past ASCII only in strings and comments */
        {";; \xc3\xa4\na", "a"},
        {";; \xc3\n", "!"}, /* not UTF-8 */
        {"\"\xed\xa0\x80\"", "!"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(kinds_of(cases[i].text), cases[i].kinds);
    }
}

static void test_unquote(void **state)
{
    (void)state;
    static const char quoted[] =
        "\"a\\t\\n\\r\\\"\\'\\\\\\00\\fF\\u{41}\\u{e4}\\u{20ac}\\u{1f600}\"";
    static const char want[] = "a\t\n\r\"'\\\0\xff"
                               "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_strbuf out;
    wx_strbuf_init(&out, &mem);
    wx_text_unquote(quoted, sizeof quoted - 1, &out);
    assert_int_equal(out.len, sizeof want - 1);
    assert_memory_equal(out.p, want, out.len);
    wx_strbuf_fini(&out);
}

/* -------- numbers -------- */

static enum wx_num_result read_float(const char *s, unsigned bits, uint64_t *ret)
{
    return wx_text_float(s, (uint32_t)strlen(s), bits, ret);
}

static void test_integer_edges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned bits;
        enum wx_num_result result;
        uint64_t value;
    } cases[] = {
        {"0", 32, WX_NUM_OK, 0},
        {"4294967295", 32, WX_NUM_OK, UINT32_MAX},
        {"4294967296", 32, WX_NUM_RANGE, 0},
        {"-2147483648", 32, WX_NUM_OK, 0x80000000},
        {"-2147483649", 32, WX_NUM_RANGE, 0},
        {"+0x7f", 8, WX_NUM_OK, 0x7f},
        {"-0x80", 8, WX_NUM_OK, 0x80},
        {"-0x81", 8, WX_NUM_RANGE, 0},
        {"0xffff_ffff_ffff_ffff", 64, WX_NUM_OK, UINT64_MAX},
        {"18446744073709551616", 64, WX_NUM_RANGE, 0},
        {"-9223372036854775808", 64, WX_NUM_OK, UINT64_C(1) << 63},
        {"99999999999999999999999999", 64, WX_NUM_RANGE, 0},
        {"1__0", 32, WX_NUM_SYNTAX, 0},
        {"_1", 32, WX_NUM_SYNTAX, 0},
        {"1_", 32, WX_NUM_SYNTAX, 0},
        {"0x", 32, WX_NUM_SYNTAX, 0},
        {"0x_1", 32, WX_NUM_SYNTAX, 0},
        {"", 32, WX_NUM_SYNTAX, 0},
        {"+", 32, WX_NUM_SYNTAX, 0},
        {"+-1", 32, WX_NUM_SYNTAX, 0},
        {"0X1", 32, WX_NUM_SYNTAX, 0},
        {"1a", 32, WX_NUM_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t v = 0;
        assert_int_equal(
            wx_text_int(cases[i].text, (uint32_t)strlen(cases[i].text), cases[i].bits, &v),
            cases[i].result);
        assert_int_equal(v, cases[i].value);
    }
}

static void test_float_syntax(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       ".5",   "1e",     "1e+",           "0x",
                                      "0x.8",   "0x1p", "1_.5",   "1._5",          "1e_5",
                                      "1.5_",   "nan:", "nan:0x", "nan:1",         "infinity",
                                      "0x1e+5", "1p5",  "--1",    "nan:canonical", "1.0f"};
    static const char *const good[] = {"1.",        "1.e5",  "0x1.", "1_0.0_1e1_0", "+1",
                                       "-0x1.8p-1", "0xep0", "1E5",  "0x1P5"};
    static const char *const out[] = {"1e309", "0x1p1024", "nan:0x0", "nan:0x10000000000000",
                                      "1e999999999999999999999"};
    uint64_t v;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_float(bad[i], 64, &v), WX_NUM_SYNTAX);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(read_float(good[i], 64, &v), WX_NUM_OK);
    }
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        assert_int_equal(read_float(out[i], 64, &v), WX_NUM_RANGE);
    }
}

/* Against the C library, which rounds correctly too. */
static void check_float(const char *s)
{
    uint64_t got = 0;
    double d = strtod(s, NULL);
    float f = strtof(s, NULL);
    enum wx_num_result r = read_float(s, 64, &got);
    if (d == d && (d - d) == 0) {
        if (r != WX_NUM_OK || got != wx_f64_bits(d)) {
            fail_msg("f64 %s: 0x%llx, expected 0x%llx", s, (unsigned long long)got,
                     (unsigned long long)wx_f64_bits(d));
        }
    } else {
        assert_int_equal(r, WX_NUM_RANGE);
    }
    r = read_float(s, 32, &got);
    if ((f - f) == 0) {
        if (r != WX_NUM_OK || got != wx_f32_bits(f)) {
            fail_msg("f32 %s: 0x%llx, expected 0x%x", s, (unsigned long long)got, wx_f32_bits(f));
        }
    } else {
        assert_int_equal(r, WX_NUM_RANGE);
    }
}

static void test_float_hard_cases(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "0",
        "-0",
        "1e400",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "9007199254740993",
        "9007199254740992.99999999999999999999999999",
        "9007199254740993.00000000000000000000000000000000000000000001",
        "16777217",
        "16777217.0000000000000000001",
        "3.4028235677973366e38",
        "3.4028235677973365e38",
        "1.401298464324817e-45",
        "7.006492321624085e-46",
        "7.006492321624086e-46",
        "0x1.fffffeffffffffp127",
        "0x1.ffffffp127",
        "0x1p-149",
        "0x1p-150",

        "0x1.fffffffffffff7p1023",
        "0x1.fffffffffffff8p1023",
        "0x1p-1074",
        "0x1p-1075",
        "0x1.0000000000001p-1075",
        "0x0.00000000000000000000001p0",
        "0x123456789abcdef0123456789abcdef",
        "0x100000000000008000000000000000000000000000001",
        "6.631236871469758276785396630275967242379e-35",
        "1e23",
        "8.5e22",
        "5e-324",
        "1e-400",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017"
        "977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273"
        "854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704"
        "342711559699508093042880",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_float(cases[i]);
    }
    /* Just above half of the least denormal: glibc 2.36 gives 0 here. */
    uint64_t bits;
    assert_int_equal(read_float("0x1.000001p-150", 32, &bits), WX_NUM_OK);
    assert_int_equal(bits, 1);
    /* A halfway point of 767 digits, and one with a nonzero digit after the 900th. */
    char text[1100];
    (void)snprintf(text, sizeof text, "%.1074f", 4.9406564584124654e-324);
    check_float(text);
    (void)snprintf(text, sizeof text, "9007199254740993.%0900d1", 0);
    check_float(text);
}

static void test_float_random_literals(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        char s[128];
        uint64_t bits = random_u64();
        switch (i % 5) {
        case 0: /* any double in full */
            if ((bits >> 52 & 0x7ff) == 0x7ff) {
                continue;
            }
            (void)snprintf(s, sizeof s, "%.17g", wx_f64_from_bits(bits));
            break;
        case 1: /* halfway between two floats, more or less */
            (void)snprintf(s, sizeof s, "%.25g",
                           (double)wx_f32_from_bits((uint32_t)bits & 0x7f7fffff) * (1 + 0x1p-24));
            break;
        case 2:
            (void)snprintf(s, sizeof s, "%llu.%llue%d", (unsigned long long)bits,
                           (unsigned long long)random_u64(), (int)(random_u64() % 700) - 350);
            break;
        case 3:
            (void)snprintf(s, sizeof s, "%llue%d", (unsigned long long)(bits % 100000),
                           (int)(random_u64() % 90) - 45);
            break;
        default:
            (void)snprintf(s, sizeof s, "0x%llx.%llxp%d", (unsigned long long)bits,
                           (unsigned long long)random_u64(), (int)(random_u64() % 2400) - 1200);
            break;
        }
        check_float(s);
    }
}

static void test_float_print_reads_back(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        unsigned width = i % 2 ? 64 : 32;
        uint64_t bits = random_u64(), back = 0;
        bits = width == 32 ? (uint32_t)bits : bits;
        if (i % 3 == 0) { /* short decimals */
            double d = (double)(int64_t)(bits % 2000001) / 1000 - 1000;
            bits = width == 64 ? wx_f64_bits(d) : wx_f32_bits((float)d);
        }
        char text[WX_FLOAT_TEXT_MAX];
        uint32_t len = wx_text_float_print(bits, width, text);
        assert_int_equal(wx_text_float(text, len, width, &back), WX_NUM_OK);
        assert_true(back == bits);
    }
    char text[WX_FLOAT_TEXT_MAX];
    assert_int_equal(wx_text_float_print(wx_f64_bits(-1.5), 64, text), 4);
    assert_memory_equal(text, "-1.5", 4);
}

/* -------- parsing -------- */

static wax_status encode(const char *text, size_t len, struct wx_text_module *m, wax_error **err)
{
    static struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    return wx_text_encode(&mem, text, len, &wx_decode_limits_default, m, err);
}

/* The binary of a text, which must parse, as an owned copy. */
static uint8_t *binary_of(const char *text, size_t *ret_len)
{
    struct wx_text_module m;
    wax_error *e = NULL;
    if (encode(text, strlen(text), &m, &e) != WAX_OK) {
        fail_msg("%s: %s", text, wax_error_message(e));
    }
    *ret_len = m.bytes.len;
    uint8_t *copy = malloc(m.bytes.len);
    memcpy(copy, m.bytes.p, m.bytes.len);
    wx_text_module_fini(&m);
    return copy;
}

/* Texts that mean the same module. */
static void test_abbreviations(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"(module (func))", "(func)"},
        {"(func (param i32 i64))", "(type (func (param i32) (param i64))) (func (type 0))"},
        {"(func (export \"a\") (export \"b\"))",
         "(export \"a\" (func 0)) (export \"b\" (func 0)) (func)"},
        {"(func (import \"m\" \"n\") (param i32))", "(import \"m\" \"n\" (func (param i32)))"},
        {"(memory (data \"abc\"))", "(memory 1 1) (data (i32.const 0) \"abc\")"},
        {"(memory i64 (data))", "(memory i64 0 0) (data (memory 0) (offset i64.const 0))"},
        {"(func) (table funcref (elem 0))",
         "(func) (table 1 1 funcref) (elem (i32.const 0) func 0)"},
        {"(func) (table 1 funcref) (elem (i32.const 0) 0)",
         "(func) (table 1 (ref null func)) (elem (table 0) (offset (i32.const 0)) func 0)"},
        {"(func (result i32) (i32.add (i32.const 1) (i32.const 2)))",
         "(func (result i32) i32.const 1 i32.const 2 i32.add)"},
        {"(func (if (i32.const 1) (then (nop)) (else)))", "(func i32.const 1 if nop else end)"},
        {"(func (if (i32.const 1) (then)))", "(func (i32.const 1) if end)"},
        {"(func (block (loop (br 1))))", "(func block loop br 1 end end)"},
        {"(tag) (func (try (do (nop)) (catch 0 (nop)) (catch_all)))",
         "(tag) (func try nop catch 0 nop catch_all end)"},
        {"(func (try (do) (delegate 0)))", "(func try delegate 0)"},
        {"(func (local i32 i32 i64))", "(func (local i32) (local i32) (local i64))"},
        {"(memory 1) (func (drop (i32.load (i32.const 0))))",
         "(memory 1) (func (drop (i32.load 0 offset=0 align=4 (i32.const 0))))"},
        {"(table 1 funcref) (func (drop (table.size)))",
         "(table 1 funcref) (func (drop (table.size 0)))"},
        {"(func (block (result i32) (i32.const 1)) drop)",
         "(func (block (param) (result) (result i32) (i32.const 1)) drop)"},
        {"(type (sub final (func)))", "(rec (type (func)))"},
        /* An implicit type gets the index after all written ones. */
        {"(func (param i32)) (type (func)) (func (type 0))",
         "(type (func)) (type (func (param i32))) (func (type 1)) (func (type 0))"},
        /* … and may be used by number before it is made. */
        {"(func (type 0) (local i64) (local.set 1 (i64.const 0))) (func (param i32))",
         "(type (func (param i32))) (func (type 0) (local i64) (local.set 1 (i64.const 0))) "
         "(func (type 0))"},
        {"(func i32.const 0x80000000 drop)", "(func i32.const -2147483648 drop)"},
        {"(memory 1) (func (v128.load8_lane 0 (i32.const 0) (v128.const i64x2 0 0)) drop)",
         "(memory 1) (func (v128.load8_lane 0 offset=0 0 (i32.const 0) "
         "(v128.const i32x4 0 0 0 0)) drop)"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t a_len, b_len;
        uint8_t *a = binary_of(pairs[i][0], &a_len), *b = binary_of(pairs[i][1], &b_len);
        if (a_len != b_len || memcmp(a, b, a_len) != 0) {
            fail_msg("differ: %s and %s", pairs[i][0], pairs[i][1]);
        }
        free(a);
        free(b);
    }
}

static void test_names_are_kept(void **state)
{
    (void)state;
    size_t len;
    uint8_t *bytes = binary_of("(module $m (func $f (param $x i32)) (func) (func $\"g h\"))", &len);
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_features f = wx_features_default();
    struct wx_module *m = NULL;
    wax_error *e = NULL;
    assert_int_equal(wx_module_decode(&mem, bytes, len, &f, &wx_decode_limits_default, &m, &e),
                     WAX_OK);
    assert_memory_equal(m->module_name.p, "m", 1);
    assert_memory_equal(wx_module_func_name(m, 0).p, "f", 1);
    assert_int_equal(wx_module_func_name(m, 1).len, 0);
    assert_memory_equal(wx_module_func_name(m, 2).p, "g h", 3);
    wx_module_free(m);
    free(bytes);
}

static void test_custom_sections(void **state)
{
    (void)state;
    size_t len;
    uint8_t *bytes = binary_of("(module (@custom \"a\" (before first) \"x\") (func) "
                               "(@custom \"b\" (after func) \"y\" \"z\") (@custom \"c\"))",
                               &len);
    static const uint8_t start[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0, 0, 0, 0, 3, 1, 'a', 'x', 1};
    static const uint8_t middle[] = {3, 2, 1, 0, 0, 4, 1, 'b', 'y', 'z', 10};
    static const uint8_t end[] = {0, 2, 1, 'c'};
    assert_memory_equal(bytes, start, sizeof start);
    assert_non_null(memmem(bytes, len, middle, sizeof middle));
    assert_memory_equal(bytes + len - sizeof end, end, sizeof end);
    free(bytes);
}

static void test_error_places(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        wax_status status;
        uint32_t line, column;
        const char *message, *excerpt;
    } cases[] = {
        {"(module\n  (func nop\n  frob))", WAX_E_MALFORMED, 3, 3, "unexpected token 'frob'",
         "  frob))\n  ^"},
        {"(func $a) (func\r\n $a)", WAX_E_MALFORMED, 2, 2, "duplicate function '$a'", " $a)\n ^"},
        {"(func\n\t(call $nope))", WAX_E_MALFORMED, 2, 8, "unknown function '$nope'",
         " (call $nope))\n       ^"},
        {";; \xc3\xa4\xc3\xb6 \n(func (; \xe2\x82\xac ;) bad)", WAX_E_MALFORMED, 2, 15,
         "unknown operator", NULL},
        {"(func", WAX_E_MALFORMED, 1, 2, "unexpected end of text", NULL},
        {"(func (br $l))", WAX_E_MALFORMED, 1, 11, "unknown label '$l'", NULL},
        {"(func block $a end $b)", WAX_E_MALFORMED, 1, 20, "mismatching label '$b'", NULL},
        {"(func (local $x i32 i64))", WAX_E_MALFORMED, 1, 21, "expected ')'", NULL},
        {"(func (param $x i32) (local $x i64))", WAX_E_MALFORMED, 1, 29, "duplicate local", NULL},
        {"(func (i32.const 4294967296))", WAX_E_MALFORMED, 1, 18, "constant out of range", NULL},
        {"(memory 1) (func (i32.load align=3))", WAX_E_MALFORMED, 1, 28, "power of two", NULL},
        {"(type (func (param i32))) (func (type 0) (param i64))", WAX_E_MALFORMED, 1, 33,
         "inline function type", NULL},
        {"(type (struct))", WAX_E_UNSUPPORTED, 1, 8, "garbage-collected", NULL},
        {"(func (param anyref))", WAX_E_UNSUPPORTED, 1, 14, "garbage-collected", NULL},
        {"(func (ref.i31 (i32.const 1)))", WAX_E_UNSUPPORTED, 1, 8, "garbage-collected", NULL},
        {"(func) (import \"a\" \"b\" (func))", WAX_E_MALFORMED, 1, 9, "import after", NULL},
        {"(start 0) (func) (start 0)", WAX_E_MALFORMED, 1, 19, "multiple start", NULL},
        {"(func end)", WAX_E_MALFORMED, 1, 7, "no block it belongs to", NULL},
        {"(func block)", WAX_E_MALFORMED, 1, 12, "'end' of a block", NULL},
        {"(func (if (then)))", WAX_OK, 0, 0, NULL, NULL},
        {"(func (if (nop)))", WAX_E_MALFORMED, 1, 16, "'(then'", NULL},
        {"(func (if (then) (then)))", WAX_E_MALFORMED, 1, 18, "'(else'", NULL},
        {"(func (i32.add i32.const))", WAX_E_MALFORMED, 1, 16, "'(' or ')'", NULL},
        {"(import \"\\ff\" \"\" (func))", WAX_E_MALFORMED, 1, 9, "UTF-8", NULL},
        {"(func) garbage", WAX_E_MALFORMED, 1, 8, "a module field", NULL},
        {"(module) (module)", WAX_E_MALFORMED, 1, 10, "the end of the text", NULL},
        {"(module (frobnicate))", WAX_E_MALFORMED, 1, 10, "a module field", NULL},
        {"(func \"x\")", WAX_E_MALFORMED, 1, 7, "an instruction", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wx_text_module m;
        wax_error *e = NULL;
        wax_status st = encode(cases[i].text, strlen(cases[i].text), &m, &e);
        wx_text_module_fini(&m);
        if (st != cases[i].status || wax_error_line(e) != cases[i].line ||
            wax_error_column(e) != cases[i].column ||
            (cases[i].message && !strstr(wax_error_message(e), cases[i].message))) {
            fail_msg("%s: status %d at %u:%u: %s", cases[i].text, st, wax_error_line(e),
                     wax_error_column(e), wax_error_message(e));
        }
        if (cases[i].excerpt) {
            assert_string_equal(wax_error_excerpt(e), cases[i].excerpt);
        }
        wax_error_free(e);
    }
}

/* Excerpts of long lines are cut, whatever stands where they are cut. */
static void test_excerpt_of_long_line(void **state)
{
    (void)state;
    static char text[4000];
    for (size_t at = 1000; at < 1010; at++) {
        memset(text, ' ', sizeof text);
        for (size_t i = 0; i + 2 < sizeof text; i += 3) {
            memcpy(text + i, "\xe2\x82\xac", 3);
        }
        wax_error *e = NULL;
        (void)wx_fail(&e, WAX_E_MALFORMED, "x");
        wx_text_point_at(text, sizeof text, at, &e);
        assert_true(strlen(wax_error_excerpt(e)) < 220);
        assert_non_null(strchr(wax_error_excerpt(e), '^'));
        wax_error_free(e);
    }
}

/* -------- hostile text -------- */

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* can not fail for this clock */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CPU seconds and status of `prefix`, `piece` up to `size` bytes, `suffix`. */
static double time_of(const char *prefix, const char *piece, const char *suffix, size_t size,
                      wax_status *ret_status)
{
    size_t n = strlen(piece), len = strlen(prefix);
    char *text = malloc(size + len + n + strlen(suffix) + 1);
    memcpy(text, prefix, len);
    while (len < size) {
        memcpy(text + len, piece, n);
        len += n;
    }
    memcpy(text + len, suffix, strlen(suffix));
    len += strlen(suffix);
    struct wx_text_module m;
    wax_error *e = NULL;
    double start = seconds();
    *ret_status = encode(text, len, &m, &e);
    double t = seconds() - start;
    assert_true(wx_mem_peak(m.bytes.mem) < 40 * size + (16u << 20));
    wx_text_module_fini(&m);
    wax_error_free(e);
    free(text);
    return t;
}

/* Ten times the text takes about ten times as long, never a hundred times. */
static void test_hostile_text_is_linear(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *piece, *suffix;
    } cases[] = {
        {"", "(", ""},
        {"(module", "(", ""},
        {"(func ", "(", ""},
        {"(func ", "(block ", ""},
        {"(func ", "block ", ")"},
        {"(func ", "(i32.add ", ""},
        {"(func ", "(if (i32.const 0) (then ", ""},
        {"(func ", "(try (do ", ""},
        {"(func block $l ", "br $l ", "end)"},
        {"(func br_table ", "0 ", ")"},
        {"(func (param ", "i32 ", "))"},
        {"(func (local $a i32) ", "local.get $a ", ")"},
        {"", "(func (param $x i32) (result f32 i64))", ""},
        {"", "(func $\"\\61\")", ""},
        {"", "(rec (type (func)))", ""},
        {"(rec ", "(type (func (param i32)))", ")"},
        {"(;", "(;", ""},
        {"(@a ", "(", ""},
        {"(@a ", "(@a ", ""},
        {"(data \"", "\\u{41}", "\")"},
        {"\"", "a", ""},
        {"(func f64.const 1", "0", ")"},
        {"(func f64.const 0.", "0", "1)"},
        {"(func f64.const 0x1.", "0", "1)"},
        {"(func ", "(drop (f64.const 1.2345678e-301))", ")"},
        {"(func $a", "b", ")"},
        {"(table 0 funcref) (func) ", "(elem (i32.const 0) 0 0 0)", ""},
        {"", "(export \"a\" (func 0))", ""},
        {"(func (type 9))", "(func (param i32))", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wax_status small, big;
        double a = time_of(cases[i].prefix, cases[i].piece, cases[i].suffix, 100000, &small);
        double b = time_of(cases[i].prefix, cases[i].piece, cases[i].suffix, 1000000, &big);
        if (b > 0.25 && b > 40 * a) {
            fail_msg("%s%s...: %.3f s for 100 kB, %.3f s for 1 MB", cases[i].prefix, cases[i].piece,
                     a, b);
        }
    }
}

static void test_ten_megabytes_of_parentheses(void **state)
{
    (void)state;
    wax_status st;
    (void)time_of("", "(", "", 10000000, &st);
    assert_int_equal(st, WAX_E_MALFORMED);
    (void)time_of("(func ", "block ", ")", 10000000, &st);
    assert_int_equal(st, WAX_E_LIMIT);
}

/* -------- seeds -------- */

static char *read_seed(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fail_msg("cannot open %s", path);
    }
    char *p = malloc(1 << 16);
    *ret_len = fread(p, 1, 1 << 16, f);
    (void)fclose(f); /* read only */
    return p;
}

static struct wx_features all_features(void)
{
    struct wx_features f = wx_features_default();
    assert_int_equal(wx_features_parse(&f, "+custom-page-sizes,+wide-arithmetic", NULL), WAX_OK);
    return f;
}

static void test_seeds_are_valid(void **state)
{
    (void)state;
    struct wx_features f = all_features();
    for (int i = 0; i < n_seeds; i++) {
        size_t len;
        char *text = read_seed(seed_paths[i], &len);
        struct wx_text_module t;
        struct wx_module *m = NULL;
        wax_error *e = NULL;
        wax_status st = encode(text, len, &t, &e);
        if (st == WAX_OK) {
            st = wx_module_decode(t.bytes.mem, (const uint8_t *)t.bytes.p, t.bytes.len, &f,
                                  &wx_decode_limits_default, &m, &e);
            wx_text_locate(&t, text, len, &e);
        }
        if (st != WAX_OK) {
            fail_msg("%s:%u:%u: %s", seed_paths[i], wax_error_line(e), wax_error_column(e),
                     wax_error_message(e));
        }
        wx_module_free(m);
        wx_text_module_fini(&t);
        free(text);
    }
}

/* Module of a seed, decoded with everything on. */
static struct wx_module *decode_seed(struct wx_mem *mem, const char *text, size_t len,
                                     struct wx_text_module *t)
{
    struct wx_features f = all_features();
    struct wx_module *m = NULL;
    wax_error *e = NULL;
    if (wx_text_encode(mem, text, len, &wx_decode_limits_default, t, &e) != WAX_OK ||
        wx_module_decode(mem, (const uint8_t *)t->bytes.p, t->bytes.len, &f,
                         &wx_decode_limits_default, &m, &e) != WAX_OK) {
        fail_msg("%u:%u: %s", wax_error_line(e), wax_error_column(e), wax_error_message(e));
    }
    return m;
}

/* SEED.wat is printed as SEED.golden says (WAX_TEST_BLESS=1 writes it), and parses to the same. */
static void test_printing(void **state)
{
    (void)state;
    for (int i = 0; i < n_seeds; i++) {
        size_t len, golden_len;
        char *text = read_seed(seed_paths[i], &len), path[1000];
        struct wx_mem mem;
        wx_mem_init(&mem, NULL, 0);
        struct wx_text_module t, again;
        struct wx_module *m = decode_seed(&mem, text, len, &t);
        struct wx_strbuf out;
        wx_strbuf_init(&out, &mem);
        assert_int_equal(wx_text_print(m, &out, NULL), WAX_OK);
        (void)snprintf(path, sizeof path, "%.*s.golden", (int)strlen(seed_paths[i]) - 4,
                       seed_paths[i]);
        if (getenv("WAX_TEST_BLESS")) {
            FILE *f = fopen(path, "wb");
            assert_true(f && fwrite(out.p, 1, out.len, f) == out.len && fclose(f) == 0);
        }
        char *golden = read_seed(path, &golden_len);
        if (golden_len != out.len || memcmp(golden, out.p, out.len) != 0) {
            fail_msg("%s is printed otherwise than %s:\n%s", seed_paths[i], path, out.p);
        }
        struct wx_module *m2 = decode_seed(&mem, out.p, out.len, &again);
        assert_int_equal(again.bytes.len, t.bytes.len);
        assert_memory_equal(again.bytes.p, t.bytes.p, t.bytes.len);
        wx_module_free(m2);
        wx_module_free(m);
        wx_text_module_fini(&again);
        wx_text_module_fini(&t);
        wx_strbuf_fini(&out);
        assert_int_equal(mem.n_live, 0);
        free(golden);
        free(text);
    }
}

static void test_printing_survives_allocation_failures(void **state)
{
    (void)state;
    for (int i = 0; i < n_seeds; i++) {
        size_t len;
        char *text = read_seed(seed_paths[i], &len);
        struct wx_mem mem;
        wx_mem_init(&mem, NULL, 0);
        struct wx_text_module t;
        struct wx_module *m = decode_seed(&mem, text, len, &t);
        wax_status st = WAX_E_NOMEM;
        for (int64_t n = 1; st != WAX_OK; n++) {
            struct wx_mem own;
            wx_mem_init(&own, NULL, 0);
            own.fail_at = n;
            struct wx_strbuf out;
            wx_strbuf_init(&out, &own);
            wax_error *e = NULL;
            st = wx_text_print(m, &out, &e);
            assert_true(st == WAX_OK || st == WAX_E_NOMEM);
            wx_strbuf_fini(&out);
            wax_error_free(e);
            assert_int_equal(own.n_live, 0);
        }
        wx_module_free(m);
        wx_text_module_fini(&t);
        free(text);
    }
}

/* Names that are no identifiers, are empty, come twice, or could fool a terminal. */
static void test_printing_odd_names(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {
        0,   'a', 's', 'm', 1,   0,   0,   0,   1,    4,    1,    0x60, 0,   0,    3,   5,  4,
        0,   0,   0,   0,   10,  13,  4,   2,   0,    11,   2,    0,    11,  2,    0,   11, 2,
        0,   11,  0,   27,  4,   'n', 'a', 'm', 'e',  1,    20,   4,    0,   1,    'x', 1,  1,
        'x', 2,   3,   'a', ' ', 'b', 3,   6,   0xe2, 0x80, 0xae, 'y',  '"', '\n',
    };
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_features f = wx_features_default();
    struct wx_module *m = NULL;
    assert_int_equal(
        wx_module_decode(&mem, bytes, sizeof bytes, &f, &wx_decode_limits_default, &m, NULL),
        WAX_OK);
    struct wx_strbuf out;
    wx_strbuf_init(&out, &mem);
    assert_int_equal(wx_text_print(m, &out, NULL), WAX_OK);
    assert_non_null(strstr(out.p, "(func $x (type 0))"));
    assert_non_null(strstr(out.p, "(func $x#1 (type 0))"));
    assert_non_null(strstr(out.p, "(func $\"a b\" (type 0))"));
    assert_non_null(strstr(out.p, "(func $\"\\u{202e}y\\\"\\0a\" (type 0))"));
    wx_strbuf_fini(&out);
    wx_module_free(m);
}

static void test_survives_allocation_failures(void **state)
{
    (void)state;
    for (int i = 0; i < n_seeds; i++) {
        size_t len;
        char *text = read_seed(seed_paths[i], &len);
        wax_status st = WAX_E_NOMEM;
        for (int64_t n = 1; st != WAX_OK; n++) {
            struct wx_mem mem;
            wx_mem_init(&mem, NULL, 0);
            mem.fail_at = n;
            struct wx_text_module t;
            wax_error *e = NULL;
            st = wx_text_encode(&mem, text, len, &wx_decode_limits_default, &t, &e);
            assert_true(st == WAX_OK || st == WAX_E_NOMEM);
            wx_text_module_fini(&t);
            wax_error_free(e);
            assert_int_equal(mem.n_live, 0);
            assert_true(n < 100000);
        }
        free(text);
    }
}

/* One to four edits: bytes, tokens moved, parentheses, pieces left out. */
static size_t mutate(char *text, size_t len)
{
    static const char bytes[] = "()$\"\\;@ 0_xe.=ainf\n\x80";
    for (uint64_t n = 1 + random_u64() % 4; n > 0; n--) {
        size_t at = random_u64() % len, from = random_u64() % len, count = random_u64() % 20;
        switch (random_u64() % 4) {
        case 0: text[at] = bytes[random_u64() % (sizeof bytes - 1)]; break;
        case 1: text[at] = (char)random_u64(); break;
        case 2:
            if (at + count < len && from + count < len) {
                memmove(text + at, text + from, count);
            }
            break;
        default:
            if (len > 100 && at + count < len) {
                memmove(text + at, text + at + count, len - at - count);
                len -= count;
            }
        }
    }
    return len;
}

static void test_mutants_never_harm(void **state)
{
    (void)state;
    struct wx_features f = all_features();
    unsigned total = 0, parsed = 0, valid = 0;
    for (int i = 0; i < n_seeds; i++) {
        size_t seed_len;
        char *seed = read_seed(seed_paths[i], &seed_len), *copy = malloc(1 << 16);
        for (int k = 0; k < 5000; k++, total++) {
            memcpy(copy, seed, seed_len);
            size_t len = mutate(copy, seed_len);
            char *exact = malloc(len); /* so that the sanitizer sees reads past the end */
            memcpy(exact, copy, len);
            struct wx_text_module t;
            struct wx_module *m = NULL;
            wax_error *e = NULL;
            if (encode(exact, len, &t, &e) == WAX_OK) {
                parsed++;
                if (wx_module_decode(t.bytes.mem, (const uint8_t *)t.bytes.p, t.bytes.len, &f,
                                     &wx_decode_limits_default, &m, &e) == WAX_OK) {
                    valid++;
                } else {
                    wx_text_locate(&t, exact, len, &e);
                }
            } else {
                assert_true(wax_error_line(e) > 0);
            }
            wx_module_free(m);
            struct wx_mem *mem = t.bytes.mem;
            wx_text_module_fini(&t);
            assert_int_equal(mem->n_live, 0);
            wax_error_free(e);
            free(exact);
        }
        free(copy);
        free(seed);
    }
    printf("# %u mutants, %u parsed, %u valid\n", total, parsed, valid);
    assert_true(total >= 10000 && valid > 100);
}

/* -------- scripts -------- */

static void test_script(void **state)
{
    (void)state;
    static const char text[] =
        "(module $m (func (export \"f\")))\n"
        "(register \"x\" $m)\n"
        "(invoke $m \"f\" (i32.const -1) (f32.const nan:0x1) (ref.extern 3) (ref.null func))\n"
        "(assert_return (get \"g\") (f64.const nan:canonical) "
        "(v128.const f32x4 1 nan:arithmetic 0 0) (either (i32.const 1) (i32.const 2)))\n"
        "(assert_trap (invoke \"t\") \"unreachable\")\n"
        "(assert_trap (module (func) (start 0)) \"x\")\n"
        "(assert_malformed (module quote \"(func\" \" x)\") \"y\")\n"
        "(assert_invalid (module binary \"\\00asm\") \"z\")\n"
        "(module definition $d (memory 1)) (module instance $i $d)\n"
        "(thread $t (shared (module $m)) (invoke \"f\")\n (thread $u)) (wait $t)\n";
    static const int32_t kinds[] = {
        WAX_SCRIPT_MODULE,           WAX_SCRIPT_REGISTER,       WAX_SCRIPT_ACTION,
        WAX_SCRIPT_ASSERT_RETURN,    WAX_SCRIPT_ASSERT_TRAP,    WAX_SCRIPT_ASSERT_UNINSTANTIABLE,
        WAX_SCRIPT_ASSERT_MALFORMED, WAX_SCRIPT_ASSERT_INVALID, WAX_SCRIPT_DEFINITION,
        WAX_SCRIPT_INSTANCE,         WAX_SCRIPT_THREAD,         WAX_SCRIPT_WAIT};
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct wx_script *s = NULL;
    wax_error *e = NULL;
    assert_int_equal(
        wx_script_parse(&mem, text, sizeof text - 1, &wx_decode_limits_default, &s, &e), WAX_OK);
    const wax_script_command *c = s->commands;
    assert_int_equal(s->n, sizeof kinds / sizeof *kinds);
    for (size_t i = 0; i < s->n; i++) {
        assert_int_equal(c[i].kind, kinds[i]);
    }
    assert_int_equal(c[0].len, strlen("(func (export \"f\"))"));
    assert_int_equal(c[3].line, 4);
    assert_int_equal(c[2].action.n_args, 4);
    assert_int_equal(wx_get_u32(c[2].action.args[1].bits), 0x7f800001);
    assert_int_equal(c[2].action.args[2].number, 3);
    assert_int_equal(c[3].expected[0].nan[0], WAX_SCRIPT_NAN_CANONICAL);
    assert_int_equal(c[3].expected[1].nan[1], WAX_SCRIPT_NAN_ARITHMETIC);
    assert_int_equal(c[3].expected[2].n_values, 2);
    assert_memory_equal(c[6].bytes, "(func x)", 8);
    assert_memory_equal(c[7].bytes, "\0asm", 4);
    assert_int_equal(c[10].n_body, 2);
    assert_int_equal(c[10].body[1].line, 11);
    assert_memory_equal(c[10].of.data, "m", 1);
    wx_script_free(s);
    assert_int_equal(mem.n_live, 0);
    static const char *const bad[] = {"(modul)",
                                      "(assert_return)",
                                      "(invoke)",
                                      "x",
                                      "(module",
                                      "(assert_return (invoke \"f\") (i32.const x))",
                                      "(assert_return (invoke \"f\") (either (either)))"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            wx_script_parse(&mem, bad[i], strlen(bad[i]), &wx_decode_limits_default, &s, &e),
            WAX_E_MALFORMED);
        assert_int_equal(wax_error_line(e), 1);
        wx_error_clear(&e);
    }
    assert_int_equal(mem.n_live, 0);
}

int main(int argc, char **argv)
{
    n_seeds = argc - 1;
    seed_paths = argv + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lexer_tokens),
        cmocka_unit_test(test_unquote),
        cmocka_unit_test(test_integer_edges),
        cmocka_unit_test(test_float_syntax),
        cmocka_unit_test(test_float_hard_cases),
        cmocka_unit_test(test_float_random_literals),
        cmocka_unit_test(test_float_print_reads_back),
        cmocka_unit_test(test_abbreviations),
        cmocka_unit_test(test_names_are_kept),
        cmocka_unit_test(test_custom_sections),
        cmocka_unit_test(test_error_places),
        cmocka_unit_test(test_excerpt_of_long_line),
        cmocka_unit_test(test_hostile_text_is_linear),
        cmocka_unit_test(test_ten_megabytes_of_parentheses),
        cmocka_unit_test(test_seeds_are_valid),
        cmocka_unit_test(test_printing),
        cmocka_unit_test(test_printing_survives_allocation_failures),
        cmocka_unit_test(test_printing_odd_names),
        cmocka_unit_test(test_survives_allocation_failures),
        cmocka_unit_test(test_mutants_never_harm),
        cmocka_unit_test(test_script),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
