/* SPDX-License-Identifier: Apache-2.0 */
/* Modules made to cost: an error or a trap within the limits, in bounded memory and time, per tier.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <waxwing/waxwing.h>

/* -------- modules of any size -------- */

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

static void put(struct bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->cap + n) * 2;
        b->p = realloc(b->p, b->cap);
        assert_non_null(b->p);
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}
#define PUT(B, LITERAL) put((B), LITERAL, sizeof(LITERAL) - 1)

static void put_leb(struct bytes *b, uint64_t v)
{
    do {
        uint8_t byte = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        put(b, &byte, 1);
        v >>= 7;
    } while (v);
}

static void put_times(struct bytes *b, const void *p, size_t n, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        put(b, p, n);
    }
}

static void put_section(struct bytes *b, uint8_t id, struct bytes *body)
{
    if (b->n == 0) {
        PUT(b, "\0asm\1\0\0\0");
    }
    put(b, &id, 1);
    put_leb(b, body->n);
    put(b, body->p, body->n);
    free(body->p);
    *body = (struct bytes){0};
}
#define SECTION(B, ID, LITERAL)                                                                    \
    do {                                                                                           \
        struct bytes body_ = {0};                                                                  \
        PUT(&body_, LITERAL);                                                                      \
        put_section((B), (ID), &body_);                                                            \
    } while (0)

/* One function [] -> [] exported as "f", with this body. */
static void put_function(struct bytes *b, struct bytes *body)
{
    struct bytes code = {0};
    SECTION(b, 1, "\1\x60\0\0");
    SECTION(b, 3, "\1\0");
    SECTION(b, 7, "\1\1f\0\0");
    put_leb(&code, 1);
    put_leb(&code, body->n);
    put(&code, body->p, body->n);
    free(body->p);
    *body = (struct bytes){0};
    put_section(b, 10, &code);
}

/* -------- running one -------- */

static const char *tier;

struct end {
    wax_status load, instantiate, call;
    wax_trap_code trap;
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Host memory stays below 64 MiB and some hundred times the module, time below `seconds`. */
static struct end run(struct bytes *b, double seconds)
{
    struct end e = {0};
    wax_engine_options options;
    wax_engine *engine;
    wax_module *module = NULL;
    wax_store *store;
    wax_linker *linker;
    wax_instance *instance;
    wax_func *f;
    wax_error *err = NULL;
    double start = cpu_seconds();
    wax_engine_options_init(&options);
    options.tier = tier;
    assert_int_equal(wax_engine_new(&options, &engine, NULL), WAX_OK);
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    wax_store_set_timeout(store, UINT64_C(60000000000));
    e.load = wax_module_from_bytes(engine, b->p, b->n, &module, &err);
    if (e.load == WAX_OK) {
        e.instantiate = wax_linker_instantiate(linker, store, module, &instance, &err);
    }
    if (e.load == WAX_OK && e.instantiate == WAX_OK &&
        wax_instance_func(instance, "f", &f, NULL) == WAX_OK) {
        e.call = wax_call(f, NULL, 0, NULL, 0, &err);
    }
    e.trap = wax_error_trap_code(err);
    assert_true(e.load == WAX_OK || wax_error_message(err)[0]);
    assert_true(wax_engine_allocated_peak(engine) < (64u << 20) + 256 * (uint64_t)b->n);
    wax_error_free(err);
    wax_linker_free(linker);
    wax_store_free(store);
    wax_module_free(module);
    wax_engine_free(engine);
    assert_true(cpu_seconds() - start < seconds);
    free(b->p);
    *b = (struct bytes){0};
    return e;
}

enum { STACK_OVERFLOW = 9 };

/* -------- the cases -------- */

static void test_recursion_without_end(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\0\x10\0\x0b");
    put_function(&b, &body);
    struct end e = run(&b, 10);
    assert_int_equal(e.call, WAX_TRAP);
    assert_int_equal(e.trap, STACK_OVERFLOW);
}

/* Frames of 400 kB each must not step over the guard. */
static void test_recursion_with_50000_locals(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\1\xd0\x86\3\x7e\x10\0\x0b");
    put_function(&b, &body);
    struct end e = run(&b, 10);
    assert_int_equal(e.call, WAX_TRAP);
    assert_int_equal(e.trap, STACK_OVERFLOW);
}

static void test_50001_locals(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\1\xd1\x86\3\x7e\x0b");
    put_function(&b, &body);
    assert_int_equal(run(&b, 5).load, WAX_E_LIMIT);
    PUT(&body, "\2\xff\xff\xff\xff\x0f\x7e\xff\xff\xff\xff\x0f\x7e\x0b");
    put_function(&b, &body);
    wax_status st = run(&b, 5).load;
    assert_true(st == WAX_E_MALFORMED || st == WAX_E_LIMIT);
}

static void test_memory_of_2_to_48_pages(void **state)
{
    (void)state;
    struct bytes b = {0};
    /* (memory i64 2^48), (memory i64 0 2^48), (memory 65536), three of 65536 */
    SECTION(&b, 5, "\1\4\x80\x80\x80\x80\x80\x80\x40");
    struct end e = run(&b, 5);
    assert_int_equal(e.load, WAX_OK);
    assert_true(e.instantiate == WAX_E_LIMIT || e.instantiate == WAX_E_NOMEM);
    SECTION(&b, 5, "\1\5\0\x80\x80\x80\x80\x80\x80\x40");
    e = run(&b, 5);
    assert_int_equal(e.load, WAX_OK);
    assert_true(e.instantiate == WAX_OK || e.instantiate == WAX_E_LIMIT);
    SECTION(&b, 5, "\1\4\x81\x80\x80\x80\x80\x80\x40");
    assert_int_equal(run(&b, 5).load, WAX_E_VALIDATION);
    SECTION(&b, 5, "\3\0\x80\x80\4\0\x80\x80\4\0\x80\x80\4");
    e = run(&b, 5);
    assert_int_equal(e.load, WAX_OK);
}

static void test_table_of_2_to_32_elements(void **state)
{
    (void)state;
    struct bytes b = {0};
    SECTION(&b, 4, "\1\x70\0\xff\xff\xff\xff\x0f");
    struct end e = run(&b, 5);
    assert_true(e.load == WAX_E_LIMIT || e.instantiate == WAX_E_LIMIT);
    SECTION(&b, 4, "\1\x70\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\1");
    e = run(&b, 5);
    assert_true(e.load == WAX_E_LIMIT || e.instantiate == WAX_E_LIMIT);
}

/* Either refused for its size or compiled and run. */
static void accept_or_limit(struct end e)
{
    assert_true(e.load == WAX_E_LIMIT || (e.load == WAX_OK && e.call == WAX_OK));
}

static void test_function_of_10_megabytes(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\1\1\x7f");
    put_times(&body, "\x20\0\x41\1\x6a\x21\0", 7, 10000000 / 7);
    PUT(&body, "\x0b");
    put_function(&b, &body);
    accept_or_limit(run(&b, 30));
}

static void test_function_just_within_the_limit(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\1\1\x7f");
    put_times(&body, "\x20\0\x41\1\x6a\x21\0", 7, 7600000 / 7);
    PUT(&body, "\x0b");
    put_function(&b, &body);
    struct end e = run(&b, 30);
    assert_int_equal(e.load, WAX_OK);
    assert_int_equal(e.call, WAX_OK);
}

static void test_br_table_of_a_million(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\0\x02\x40\x02\x40\x41\x07\x0e");
    put_leb(&body, 1000000);
    put_times(&body, "\0\1", 2, 500000);
    PUT(&body, "\0\x0b\x0b\x0b");
    put_function(&b, &body);
    accept_or_limit(run(&b, 20));
}

static void test_br_tables_with_results(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    /* block (result i32), 7, 7, br_table of 60,000: every target moves a value */
    PUT(&body, "\0\x02\x7f\x41\7\x41\7\x0e");
    put_leb(&body, 60000);
    put_times(&body, "\0", 1, 60001);
    PUT(&body, "\x0b\x1a\x0b");
    put_function(&b, &body);
    accept_or_limit(run(&b, 20));
}

static void test_100000_nested_blocks(void **state)
{
    (void)state;
    static const char *const kinds[] = {"\x02\x40", "\x03\x40", "\x41\1\x04\x40"};
    static const uint8_t lens[] = {2, 2, 4};
    for (int i = 0; i < 3; i++) {
        struct bytes b = {0}, body = {0};
        PUT(&body, "\0");
        put_times(&body, kinds[i], lens[i], 100000);
        put_times(&body, "\x0b", 1, 100001);
        put_function(&b, &body);
        accept_or_limit(run(&b, 20));
    }
}

static void test_a_million_operands(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\0");
    put_times(&body, "\x41\1", 2, 1000000);
    put_times(&body, "\x1a", 1, 1000000);
    PUT(&body, "\x0b");
    put_function(&b, &body);
    struct end e = run(&b, 20);
    /* a frame of 8 MB: the stack may not hold it */
    assert_true(e.load == WAX_E_LIMIT || e.call == WAX_OK ||
                (e.call == WAX_TRAP && e.trap == STACK_OVERFLOW));
}

static void test_a_million_types(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    put_leb(&body, 1000000);
    put_times(&body, "\x60\0\0", 3, 1000000);
    put_section(&b, 1, &body);
    struct end e = run(&b, 20);
    assert_true(e.load == WAX_OK || e.load == WAX_E_LIMIT);
    SECTION(&b, 1, "\xff\xff\xff\xff\x0f\x60\0\0"); /* a count without types */
    e = run(&b, 5);
    assert_true(e.load == WAX_E_MALFORMED || e.load == WAX_E_LIMIT);
}

static void test_element_segments(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    SECTION(&b, 1, "\1\x60\0\0");
    SECTION(&b, 3, "\1\0");
    PUT(&body, "\1\1\0"); /* one passive segment of a million functions */
    put_leb(&body, 1000000);
    put_times(&body, "\0", 1, 1000000);
    put_section(&b, 9, &body);
    SECTION(&b, 10, "\1\2\0\x0b");
    struct end e = run(&b, 10);
    assert_true(e.load == WAX_OK || e.load == WAX_E_LIMIT);
    /* the same as expressions */
    SECTION(&b, 1, "\1\x60\0\0");
    SECTION(&b, 3, "\1\0");
    PUT(&body, "\1\5\x70");
    put_leb(&body, 1000000);
    put_times(&body, "\xd2\0\x0b", 3, 1000000);
    put_section(&b, 9, &body);
    SECTION(&b, 10, "\1\2\0\x0b");
    e = run(&b, 20);
    assert_true(e.load == WAX_OK || e.load == WAX_E_LIMIT);
}

/* A value per level under 20,000 blocks, each with a branch out: moves must not add up to squares.
 */
static void test_branches_over_deep_stacks(void **state)
{
    (void)state;
    struct bytes b = {0}, body = {0};
    PUT(&body, "\0");
    for (int i = 0; i < 800; i++) {
        PUT(&body, "\x41\1\x02\x40\x41\0\x0d\0");
    }
    for (int i = 0; i < 800; i++) {
        PUT(&body, "\x0b\x1a");
    }
    PUT(&body, "\x0b");
    put_function(&b, &body);
    accept_or_limit(run(&b, 10));
}

int main(int argc, char **argv)
{
    tier = argc > 1 ? argv[1] : "interp";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recursion_without_end),
        cmocka_unit_test(test_recursion_with_50000_locals),
        cmocka_unit_test(test_50001_locals),
        cmocka_unit_test(test_memory_of_2_to_48_pages),
        cmocka_unit_test(test_table_of_2_to_32_elements),
        cmocka_unit_test(test_function_of_10_megabytes),
        cmocka_unit_test(test_function_just_within_the_limit),
        cmocka_unit_test(test_br_table_of_a_million),
        cmocka_unit_test(test_br_tables_with_results),
        cmocka_unit_test(test_100000_nested_blocks),
        cmocka_unit_test(test_a_million_operands),
        cmocka_unit_test(test_a_million_types),
        cmocka_unit_test(test_element_segments),
        cmocka_unit_test(test_branches_over_deep_stacks),
    };
    return cmocka_run_group_tests_name(tier, tests, NULL, NULL);
}
