/* SPDX-License-Identifier: Apache-2.0 */
/* 20,000 mutated modules: decoded, validated, and the valid ones instantiated and run. */
/*
 * Every mutant goes through the public API as an embedder with an untrusted plugin would use it: a
 * builder with nothing granted, stubs for what WASI does not provide, fuel, a deadline, a limit on
 * linear memory. Whatever happens, it must end, stay under 64 MiB of host allocations and leave
 * nothing behind. A crash or a hang (10 s for one mutant) ends the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <waxwing/waxwing.h>

#include "seeds.h"

#define MUTANTS 20000
#define MUTANTS_RUN 2500 /* of them valid and run, at least: else only the decoder is tested */
#define PEAK_BYTES (64u << 20)
#define FUEL 20000
#define TIMEOUT_NS 20000000
#define MAX_SECONDS 10
#define MAX_ARGS 16

static char **guest_paths;
static int n_guests;

static uint64_t rng_state;

static uint32_t rng(uint32_t below)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t)(rng_state >> 16) % below;
}

struct tally {
    unsigned total, valid, instantiated, calls, returned;
};

/* -------- what the mutants import -------- */

static wax_status stub(void *data, wax_memory *memory, const wax_value *args, wax_value *results,
                       wax_error **err)
{
    (void)data, (void)memory, (void)args, (void)results, (void)err;
    return WAX_OK; /* results are zeros of their types */
}

static int make_stub(wax_store *store, const wax_port *p, wax_extern *ext)
{
    wax_value zero = {.type = p->value};
    ext->kind = p->kind;
    switch (p->kind) {
    case WAX_EXTERN_FUNC:
        return wax_func_new(store, &p->func, stub, NULL, &ext->of.func, NULL) == WAX_OK;
    case WAX_EXTERN_TABLE:
        return wax_table_new(store, &p->limits, p->value, &ext->of.table, NULL) == WAX_OK;
    case WAX_EXTERN_MEMORY:
        return wax_memory_new(store, &p->limits, &ext->of.memory, NULL) == WAX_OK;
    case WAX_EXTERN_GLOBAL:
        return wax_global_new(store, &zero, p->mut, &ext->of.global, NULL) == WAX_OK;
    default: return 0;
    }
}

static void define_stubs(wax_store *store, wax_linker *linker, wax_module *module)
{
    wax_port p;
    for (size_t i = 0; wax_module_import(module, i, &p, NULL) == WAX_OK; i++) {
        wax_extern ext;
        int wasi = p.module.len >= 4 && memcmp(p.module.data, "wasi", 4) == 0;
        int shared = p.kind == WAX_EXTERN_MEMORY && p.limits.shared; /* the environment's */
        if (!wasi && !shared && make_stub(store, &p, &ext)) {
            assert_int_equal(wax_linker_define(linker, p.module, p.name, &ext, NULL), WAX_OK);
        }
    }
}

/* -------- running -------- */

static void call_exports(wax_env *env, wax_module *module, struct tally *t)
{
    wax_port p;
    for (size_t i = 0; wax_module_export(module, i, &p, NULL) == WAX_OK; i++) {
        wax_value args[MAX_ARGS] = {{0}}, results[MAX_ARGS];
        wax_extern ext;
        if (p.kind != WAX_EXTERN_FUNC || p.func.n_params > MAX_ARGS ||
            p.func.n_results > MAX_ARGS) {
            continue;
        }
        for (uint32_t a = 0; a < p.func.n_params; a++) {
            args[a].type = p.func.params[a];
        }
        assert_int_equal(wax_instance_export(wax_env_instance(env), p.name, &ext, NULL), WAX_OK);
        wax_store_set_fuel(wax_env_store(env), FUEL);
        wax_error *error = NULL;
        wax_status st =
            wax_call(ext.of.func, args, p.func.n_params, results, p.func.n_results, &error);
        assert_int_equal(st, error ? wax_error_status(error) : WAX_OK);
        wax_error_free(error);
        t->calls++;
        t->returned += st == WAX_OK;
    }
}

static void run(wax_engine *engine, wax_module *module, struct tally *t)
{
    wax_store *store = NULL;
    wax_linker *linker = NULL;
    wax_builder *builder = NULL;
    wax_env *env = NULL;
    wax_error *error = NULL;
    assert_int_equal(wax_store_new(engine, &store, NULL), WAX_OK);
    assert_int_equal(wax_linker_new(engine, &linker, NULL), WAX_OK);
    assert_int_equal(wax_builder_new(engine, "mutant", &builder, NULL), WAX_OK);
    define_stubs(store, linker, module);
    wax_store_set_fuel(store, FUEL);
    wax_store_set_timeout(store, TIMEOUT_NS);
    wax_builder_linker(builder, linker);
    wax_builder_store(builder, store);
    if (wax_builder_instantiate(builder, module, &env, &error) == WAX_OK) {
        t->instantiated++;
        call_exports(env, module, t);
    } else {
        assert_true(wax_error_message(error)[0] != '\0');
        wax_error_free(error);
    }
    wax_env_free(env);
    wax_builder_free(builder);
    wax_linker_free(linker);
    wax_store_free(store);
}

static void check_refused(const wax_error *error, wax_status st, size_t len)
{
    assert_non_null(error);
    assert_int_equal(st, wax_error_status(error));
    assert_true(wax_error_message(error)[0] != '\0');
    assert_true(st == WAX_E_MALFORMED || st == WAX_E_VALIDATION || st == WAX_E_LIMIT ||
                st == WAX_E_UNSUPPORTED);
    if (wax_error_offset(error) > len) {
        fail_msg("no offset: %s", wax_error_message(error));
    }
}

static bool try_mutant(const uint8_t *bytes, size_t len, struct tally *t)
{
    wax_engine_options options;
    wax_engine_options_init(&options);
    options.fuel = 1;
    options.max_memory_bytes = 16u << 20;
    wax_engine *engine;
    assert_int_equal(wax_engine_new(&options, &engine, NULL), WAX_OK);
    uint64_t before = wax_engine_allocated(engine);
    wax_module *module = NULL;
    wax_error *error = NULL;
    (void)alarm(MAX_SECONDS);
    t->total++;
    wax_status st = wax_module_from_bytes(engine, bytes, len, &module, &error);
    if (st == WAX_OK) {
        t->valid++;
        run(engine, module, t);
    } else {
        check_refused(error, st, len);
        wax_error_free(error);
    }
    wax_module_free(module);
    (void)alarm(0);
    if (wax_engine_allocated_peak(engine) >= PEAK_BYTES) {
        fail_msg("%llu bytes at the peak", (unsigned long long)wax_engine_allocated_peak(engine));
    }
    /* Function types stay with the engine. */
    assert_true(wax_engine_allocated(engine) < before + 65536);
    wax_engine_free(engine);
    return st == WAX_OK;
}

/* -------- mutating -------- */

/*
 * A valid mutant becomes the parent of the next one, up to MAX_STEPS changes from its seed: so the
 * valid ones differ from the seed in many places, and changes meet each other.
 */
#define MAX_STEPS 24

/* Where the code section's contents begin; behind the header if there is none. */
static size_t code_start(const uint8_t *b, size_t len)
{
    for (size_t at = 8; at + 6 < len;) {
        uint8_t id = b[at++];
        size_t size = 0;
        for (unsigned shift = 0; at < len; shift += 7) {
            uint8_t byte = b[at++];
            size |= (size_t)(byte & 0x7f) << (shift & 63);
            if (!(byte & 0x80)) {
                break;
            }
        }
        if (id == SEC_CODE || size > len) {
            return at;
        }
        at += size;
    }
    return 8;
}

static void mutate(uint8_t *b, size_t *len, size_t code)
{
    size_t from = code < *len && rng(8) ? code : 8; /* mostly code; never the header */
    uint8_t *p = &b[from + rng((uint32_t)(*len - from))];
    switch (rng(32)) {
    case 0: *len = 9 + rng((uint32_t)*len - 8); break;
    case 1: *p = rng(2) ? 0xff : 0x80; break;
    case 2: *p = (uint8_t)rng(256); break;
    case 3: *p = b[8 + rng((uint32_t)*len - 8)]; break;
    case 4:
    case 5: *p ^= (uint8_t)(1u << rng(8)); break;
    case 6:
    case 7:
    case 8: *p = (uint8_t)rng(16); break; /* another small constant, index, alignment */
    default:                              /* a neighbour: often an instruction of the same type */
        *p = (uint8_t)(*p + (rng(2) ? 1 : -1) * (int)(1 + rng(4)));
        break;
    }
}

static void mutants_of(const char *name, const uint8_t *seed, size_t seed_len, unsigned count,
                       struct tally *sum)
{
    uint8_t *parent = malloc(seed_len), *copy = malloc(seed_len);
    assert_true(parent && copy);
    size_t parent_len = seed_len, code = code_start(seed, seed_len);
    struct tally t = {0};
    memcpy(parent, seed, seed_len);
    try_mutant(parent, seed_len, &t);
    assert_int_equal(t.instantiated, 1); /* the seed itself is one of them */
    for (unsigned i = 1, steps = 0; i < count; i++) {
        memcpy(copy, parent, parent_len);
        size_t len = parent_len;
        mutate(copy, &len, code);
        bool valid = try_mutant(copy, len, &t);
        if (steps == MAX_STEPS || len < seed_len / 2) {
            memcpy(parent, seed, parent_len = seed_len);
            steps = 0;
        } else if (valid) {
            memcpy(parent, copy, parent_len = len);
            steps++;
        }
    }
    free(parent);
    free(copy);
    print_message("# %s: %u mutants, %u valid, %u instantiated, %u calls, %u returned\n", name,
                  t.total, t.valid, t.instantiated, t.calls, t.returned);
    sum->total += t.total;
    sum->valid += t.valid;
    sum->instantiated += t.instantiated;
    sum->calls += t.calls;
}

static void test_mutants_of_small_modules(void **state)
{
    (void)state;
    struct tally sum = {0};
    unsigned n = 0;
    while (seeds[n].name) {
        n++;
    }
    for (unsigned i = 0; i < n; i++) {
        struct wasm w;
        seeds[i].make(&w);
        rng_state = 0x9e3779b97f4a7c15u + i;
        mutants_of(seeds[i].name, w.b, w.n, MUTANTS / n + 1, &sum);
    }
    assert_true(sum.total >= MUTANTS);
    assert_true(sum.instantiated >= MUTANTS_RUN);
    assert_true(sum.calls >= sum.instantiated);
}

static void test_mutants_of_guests(void **state)
{
    (void)state;
    struct tally sum = {0};
    for (int i = 0; i < n_guests; i++) {
        FILE *f = fopen(guest_paths[i], "rb");
        assert_non_null(f);
        uint8_t *bytes = malloc(1u << 20);
        assert_non_null(bytes);
        size_t len = fread(bytes, 1, 1u << 20, f);
        (void)fclose(f); /* read only */
        rng_state = 0x2545f4914f6cdd1du + (uint64_t)i;
        mutants_of(strrchr(guest_paths[i], '/') + 1, bytes, len, 500, &sum);
        free(bytes);
    }
    assert_true(sum.valid > 0);
}

int main(int argc, char **argv)
{
    guest_paths = argv + 1;
    n_guests = argc - 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutants_of_small_modules),
        cmocka_unit_test(test_mutants_of_guests),
    };
    return cmocka_run_group_tests_name("mutants", tests, NULL, NULL);
}
