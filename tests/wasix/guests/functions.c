/* SPDX-License-Identifier: Apache-2.0 */
/* Functions whose types are known at run time: call_dynamic, reflect_signature, closures. */
#include <waxwing/wasix.h>

#include "check.h"

enum { I32 = 0, I64 = 1, F32 = 2, F64 = 3, V128 = 4 };
enum { OUTSIDE = 0x7fffff00 }; /* behind the memory */
#define NUMBER(F) ((uint32_t)(uintptr_t)(F))

typedef int vec4 __attribute__((vector_size(16)));

static uint32_t calls;

static uint32_t stack_pointer(void)
{
    uint32_t sp;
    __asm__ volatile(".globaltype __stack_pointer, i32\n"
                     "global.get __stack_pointer\n"
                     "local.set %0"
                     : "=r"(sp));
    return sp;
}

/* -------- functions to call -------- */

static double mixed(uint8_t a, int64_t b, float c, double d, uint32_t e, uint32_t f, int64_t g,
                    uint32_t h)
{
    calls++;
    return a + (double)b + (double)c + d + e + f + (double)g + h;
}

static vec4 add_vectors(vec4 a, uint32_t n, vec4 b)
{
    vec4 all = {(int)n, (int)n, (int)n, (int)n};
    return a + b + all;
}

static void nothing(void) { calls++; }

static uint32_t sleep_and_add(uint32_t a, uint32_t b)
{
    sleep_ms(2);
    return a + b;
}

/* Itself by call_dynamic, n times. */
static uint32_t count_down(uint32_t n)
{
    uint32_t below = 0, less = n - 1;
    if (n) {
        OK(wasix_call_dynamic(NUMBER(count_down), AT(&less), 4, AT(&below), 4, 1));
    }
    return below + 1;
}

/* -------- reflect_signature -------- */

struct reflection {
    uint8_t cacheable, zero;
    uint16_t params, results;
};

static void reflect(void)
{
    struct reflection r = {9, 9, 9, 9};
    uint8_t params[8] = {9, 9, 9, 9, 9, 9, 9, 9}, results[2] = {9, 9};
    static const uint8_t want[8] = {I32, I64, F32, F64, I32, I32, I64, I32};
    OK(wasix_reflect_signature(NUMBER(mixed), AT(params), 8, AT(results), 2, AT(&r)));
    IS(r.cacheable, 1);
    IS(r.zero, 0);
    IS(r.params, 8);
    IS(r.results, 1);
    for (uint32_t i = 0; i < 8; i++) {
        IS(params[i], want[i]);
    }
    IS(results[0], F64);
    IS(results[1], 9);
    IS(wasix_reflect_signature(NUMBER(mixed), AT(params), 7, AT(results), 1, AT(&r)), E_OVERFLOW);
    IS(r.params, 8);
    IS(wasix_reflect_signature(NUMBER(mixed), AT(params), 8, AT(results), 0, AT(&r)), E_OVERFLOW);
    IS(wasix_reflect_signature(NUMBER(mixed), OUTSIDE, 8, AT(results), 1, AT(&r)), E_MEMVIOLATION);
    IS(wasix_reflect_signature(NUMBER(mixed), AT(params), 8, OUTSIDE, 1, AT(&r)), E_MEMVIOLATION);
    IS(wasix_reflect_signature(NUMBER(mixed), AT(params), 8, AT(results), 1, OUTSIDE),
       E_MEMVIOLATION);
    IS(wasix_reflect_signature(0, AT(params), 8, AT(results), 1, AT(&r)), E_INVAL); /* empty */
    IS(r.cacheable, 1);
    IS(r.params + r.results, 0);
    IS(wasix_reflect_signature(1u << 30, AT(params), 8, AT(results), 1, AT(&r)), E_INVAL);
    IS(r.cacheable, 0);
    OK(wasix_reflect_signature(NUMBER(nothing), 0, 0, 0, 0, AT(&r)));
    IS(r.params + r.results, 0);
}

/* -------- call_dynamic -------- */

/* Its arguments, packed. */
struct __attribute__((packed)) mixed_args {
    uint32_t a;
    int64_t b;
    float c;
    double d;
    uint32_t e, f;
    int64_t g;
    uint32_t h;
};

static void dynamic(void)
{
    const struct mixed_args args = {1, 20, 300.5f, 4000.25, 50000, 600000, 7000000, 80000000};
    const double all = 1 + 20 + 300.5 + 4000.25 + 50000 + 600000 + 7000000 + 80000000;
    struct {
        double value;
        uint32_t behind;
    } r = {0, 0x55555555};
    OK(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args, AT(&r), 8, 1));
    IS(r.value == all, 1);
    IS(r.behind, 0x55555555);
    calls = 0; /* strict: every byte */
    IS(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args - 1, AT(&r), 8, 1), E_INVAL);
    IS(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args + 1, AT(&r), 8, 1), E_INVAL);
    IS(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args, AT(&r), 7, 1), E_INVAL);
    IS(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args, AT(&r), 9, 1), E_INVAL);
    IS(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args, AT(&r), 8, 2), E_INVAL);
    IS(calls, 0);
    /* not strict: what is missing is zero, what does not fit is dropped */
    OK(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args - 1, AT(&r), 4096, 0));
    IS(r.value == all - 80000000, 1);
    OK(wasix_call_dynamic(NUMBER(mixed), AT(&args), 4, AT(&r), 8, 0));
    IS(r.value == 1, 1);
    OK(wasix_call_dynamic(NUMBER(mixed), 0, 0, AT(&r), 8, 0));
    IS(r.value == 0, 1);
    r.value = 5;
    OK(wasix_call_dynamic(NUMBER(mixed), AT(&args), UINT32_MAX, AT(&r), 7, 0));
    IS(r.value == 5, 1);
    IS(calls, 4);
    IS(wasix_call_dynamic(NUMBER(mixed), OUTSIDE, sizeof args, AT(&r), 8, 1), E_MEMVIOLATION);
    IS(wasix_call_dynamic(NUMBER(mixed), AT(&args), sizeof args, OUTSIDE, 8, 1), E_MEMVIOLATION);
    IS(calls, 4); /* before anything is run */
    IS(wasix_call_dynamic(0, AT(&args), 0, AT(&r), 0, 1), E_INVAL);
    IS(wasix_call_dynamic(1u << 30, AT(&args), 0, AT(&r), 0, 0), E_INVAL);
    OK(wasix_call_dynamic(NUMBER(nothing), 0, 0, 0, 0, 1));
    IS(calls, 5);
}

static void dynamic_kinds(void)
{
    struct __attribute__((packed)) {
        vec4 a;
        uint32_t n;
        vec4 b;
    } v = {{1, 2, 3, 4}, 1000, {10, 20, 30, 40}};
    vec4 sum = {0};
    OK(wasix_call_dynamic(NUMBER(add_vectors), AT(&v), 36, AT(&sum), 16, 1));
    IS(sum[0] == 1011 && sum[1] == 1022 && sum[2] == 1033 && sum[3] == 1044, 1);
    uint32_t two[2] = {40, 2}, r = 0, n = 1000;
    OK(wasix_call_dynamic(NUMBER(sleep_and_add), AT(two), 8, AT(&r), 4, 1)); /* waits in there */
    IS(r, 42);
    OK(wasix_call_dynamic(NUMBER(count_down), AT(&n), 4, AT(&r), 4, 1));
    IS(r, 1001);
    uint32_t tid = 0, where = AT(&tid), errno_got = 9; /* a function of the host, directly */
    OK(wasix_call_dynamic(NUMBER(wasix_thread_id), AT(&where), 4, AT(&errno_got), 4, 1));
    IS(errno_got, 0);
    IS(tid != 0, 1);
    uint64_t ns = 2000000;
    OK(wasix_call_dynamic(NUMBER(wasix_thread_sleep), AT(&ns), 8, AT(&errno_got), 4, 1));
    IS(errno_got, 0);
}

/* -------- closures -------- */

struct environment {
    uint32_t bias, depth, self;
    uint32_t seen_args, seen_results;
};

/* For (i32, i64, f64) -> i64. */
static void backing(const uint8_t *args, int64_t *results, struct environment *env)
{
    int32_t a;
    int64_t b;
    double c;
    __builtin_memcpy(&a, args, 4);
    __builtin_memcpy(&b, args + 4, 8);
    __builtin_memcpy(&c, args + 12, 8);
    IS(*results, 0);
    env->seen_args = AT(args);
    env->seen_results = AT(results);
    if (env->depth) { /* a closure in itself */
        env->depth--;
        int64_t (*self)(int32_t, int64_t, double) =
            (int64_t (*)(int32_t, int64_t, double))(uintptr_t)env->self;
        IS(self(a, b, c) != 0, 1);
    }
    *results = a + b + (int64_t)c + env->bias;
}
typedef int64_t (*sum_fn)(int32_t, int64_t, double);
static const uint8_t sum_params[3] = {I32, I64, F64}, sum_results[1] = {I64};

/* For () -> (), with nothing to look at. */
static void count_backing(const void *args, void *results, uint32_t *env)
{
    (void)args, (void)results;
    ++*env;
}

static void free_backing(const void *args, uint32_t *results, uint32_t *self)
{
    (void)args;
    OK(wasix_closure_free(*self));
    *results = 77;
}

static void sleep_backing(const uint32_t *args, uint32_t *results, void *env)
{
    (void)env;
    sleep_ms(2);
    *results = *args * 2;
}

/* Results of several types, which only call_dynamic gets to see. */
static void many_backing(const void *args, uint8_t *results, void *env)
{
    static const uint32_t i = 1;
    static const double d = 2.5;
    static const vec4 v = {3, 4, 5, 6};
    (void)args, (void)env;
    __builtin_memcpy(results, &i, 4);
    __builtin_memcpy(results + 4, &d, 8);
    __builtin_memcpy(results + 12, &v, 16);
}

static uint32_t allocate(void)
{
    uint32_t n = 0;
    OK(wasix_closure_allocate(AT(&n)));
    IS(n != 0, 1);
    return n;
}

static void one_closure(void)
{
    struct environment env = {.bias = 1000};
    uint32_t n = allocate(), before = stack_pointer();
    env.self = n;
    OK(wasix_closure_prepare(NUMBER(backing), n, AT(sum_params), 3, AT(sum_results), 1, AT(&env)));
    sum_fn sum = (sum_fn)(uintptr_t)n;
    IS(sum(1, 20, 300.0), 1321);
    IS(env.seen_args % 16, 0);
    IS(env.seen_args < env.seen_results && env.seen_results < before, 1);
    IS(stack_pointer(), before);
    env.depth = 20;
    IS(sum(-1, -20, -300.0), 679);
    IS(env.depth, 0);
    IS(stack_pointer(), before);

    struct reflection r;
    uint8_t params[3], results[1];
    OK(wasix_reflect_signature(n, AT(params), 3, AT(results), 1, AT(&r)));
    IS(r.cacheable, 0);
    IS(params[0] == I32 && params[1] == I64 && params[2] == F64 && results[0] == I64, 1);
    struct __attribute__((packed)) {
        int32_t a;
        int64_t b;
        double c;
    } args = {5, 6, 7};
    int64_t got = 0;
    OK(wasix_call_dynamic(n, AT(&args), 20, AT(&got), 8, 1));
    IS(got, 1018);

    /* the same number, another type */
    uint32_t count = 0;
    OK(wasix_closure_prepare(NUMBER(count_backing), n, 0, 0, 0, 0, AT(&count)));
    ((void (*)(void))(uintptr_t)n)();
    IS(count, 1);
    OK(wasix_closure_free(n));
    IS(wasix_call_dynamic(n, 0, 0, 0, 0, 1), E_INVAL); /* empty again */
    IS(wasix_reflect_signature(n, 0, 0, 0, 0, AT(&r)), E_INVAL);
    IS(r.cacheable, 0);
}

static void kinds(void)
{
    static const uint8_t i32s[1] = {I32}, three[3] = {I32, F64, V128};
    uint32_t n = allocate(), self = n;
    OK(wasix_closure_prepare(NUMBER(sleep_backing), n, AT(i32s), 1, AT(i32s), 1, 0));
    IS(((uint32_t (*)(uint32_t))(uintptr_t)n)(21), 42); /* waits in there */
    OK(wasix_closure_prepare(NUMBER(free_backing), n, 0, 0, AT(i32s), 1, AT(&self)));
    IS(((uint32_t (*)(void))(uintptr_t)n)(), 77); /* frees itself */
    IS(wasix_call_dynamic(n, 0, 0, 0, 0, 0), E_INVAL);
    n = allocate();
    OK(wasix_closure_prepare(NUMBER(many_backing), n, 0, 0, AT(three), 3, 0));
    struct __attribute__((packed)) {
        uint32_t i;
        double d;
        vec4 v;
    } got;
    OK(wasix_call_dynamic(n, 0, 0, AT(&got), 28, 1));
    IS(got.i == 1 && got.d == 2.5 && got.v[0] == 3 && got.v[3] == 6, 1);
    OK(wasix_closure_free(n));
}

static void refused(void)
{
    static const uint8_t bad[2] = {I32, 5};
    uint32_t n = allocate(), word = 0;
    const uint32_t f = NUMBER(count_backing);
    IS(wasix_closure_allocate(OUTSIDE), E_MEMVIOLATION);
    IS(wasix_closure_prepare(f, n, AT(bad), 2, 0, 0, 0), E_INVAL);
    IS(wasix_closure_prepare(f, n, 0, 0, AT(bad), 2, 0), E_INVAL);
    IS(wasix_closure_prepare(f, n, OUTSIDE, 1, 0, 0, 0), E_MEMVIOLATION);
    IS(wasix_closure_prepare(f, n, 0, 0, OUTSIDE, 1, 0), E_MEMVIOLATION);
    IS(wasix_closure_prepare(f, n, AT(bad), UINT32_MAX, 0, 0, 0), E_INVAL);
    IS(wasix_closure_prepare(f, n, AT(bad), 0, 0, 1001, 0), E_INVAL);
    IS(wasix_closure_prepare(0, n, 0, 0, 0, 0, 0), E_INVAL);
    IS(wasix_closure_prepare(1u << 30, n, 0, 0, 0, 0, 0), E_INVAL);
    IS(wasix_closure_prepare(NUMBER(nothing), n, 0, 0, 0, 0, 0), E_INVAL); /* another type */
    IS(wasix_closure_prepare(f, f, 0, 0, 0, 0, 0), E_INVAL);               /* not a closure's */
    IS(wasix_closure_prepare(f, 1u << 30, 0, 0, 0, 0, 0), E_INVAL);
    IS(wasix_closure_prepare(f, n + 1, 0, 0, 0, 0, 0), E_INVAL); /* not given out */
    OK(wasix_closure_free(f));                                   /* ignored */
    OK(wasix_closure_free(1u << 30));
    OK(wasix_closure_prepare(f, n, 0, 0, 0, 0, AT(&word)));
    OK(wasix_closure_free(n));
    OK(wasix_closure_free(n)); /* once is enough: nobody gets it twice */
    uint32_t one = allocate(), two = allocate();
    IS(one != two, 1);
    OK(wasix_closure_free(one));
    OK(wasix_closure_free(two));
}

static void rounds(void)
{
    static uint32_t held[300];
    uint32_t count = 0, high = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        uint32_t n = allocate();
        struct environment env = {.bias = i};
        high = n > high ? n : high;
        if (i % 3 == 0) {
            OK(wasix_closure_prepare(NUMBER(count_backing), n, 0, 0, 0, 0, AT(&count)));
            ((void (*)(void))(uintptr_t)n)();
        } else {
            OK(wasix_closure_prepare(NUMBER(backing), n, AT(sum_params), 3, AT(sum_results), 1,
                                     AT(&env)));
            IS(((sum_fn)(uintptr_t)n)(1, 2, 3), 6 + i);
        }
        OK(wasix_closure_free(n));
    }
    IS(count, 3334);
    IS(high, allocate()); /* the first is used all the time */
    OK(wasix_closure_free(high));
    for (uint32_t round = 0; round < 3; round++) { /* many at once */
        count = 0;
        for (uint32_t i = 0; i < 300; i++) {
            held[i] = allocate();
            OK(wasix_closure_prepare(NUMBER(count_backing), held[i], 0, 0, 0, 0, AT(&count)));
        }
        for (uint32_t i = 0; i < 300; i++) {
            ((void (*)(void))(uintptr_t)held[i])();
        }
        IS(count, 300);
        for (uint32_t i = 0; i < 300; i++) {
            OK(wasix_closure_free(held[(i * 7) % 300]));
        }
    }
}

/* -------- threads -------- */

static _Alignas(16) char stacks[2][8192];
static uint32_t go, running;

static void call_it(void *arg)
{
    sum_fn sum = (sum_fn)(uintptr_t)arg;
    uint32_t n = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        IS(sum((int32_t)i, 2, 3), i + 5 + 7);
    }
    IS(wasix_closure_allocate(AT(&n)), E_NOTSUP);
    __atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST)) {
    }
}

static void in_threads(void)
{
    struct environment env = {.bias = 7};
    uint32_t n = allocate(), other = 0;
    wax_thread threads[2];
    OK(wasix_closure_prepare(NUMBER(backing), n, AT(sum_params), 3, AT(sum_results), 1, AT(&env)));
    for (uint32_t i = 0; i < 2; i++) {
        OK(wax_thread_start(&threads[i], call_it, (void *)(uintptr_t)n, stacks[i],
                            sizeof stacks[i]));
    }
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) < 2) {
    }
    IS(wasix_closure_allocate(AT(&other)), E_NOTSUP); /* they would not see it */
    IS(wasix_closure_prepare(NUMBER(backing), n, 0, 0, 0, 0, 0), E_NOTSUP);
    OK(wasix_closure_free(n));
    __atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < 2; i++) {
        wax_thread_join(&threads[i]);
    }
    while (wasix_closure_allocate(AT(&other)) == E_NOTSUP) { /* until they are gone */
        sleep_ms(1);
    }
    IS(other, n);
    OK(wasix_closure_free(other));
}

/* -------- in children -------- */

static uint32_t fork_now(void)
{
    uint32_t pid = 1;
    OK(wasix_proc_fork(1, AT(&pid)));
    return pid;
}

static void joined(uint32_t pid, uint32_t code)
{
    struct wasix_option_u32 who = {.some = 1, .value = pid};
    struct wasix_join_status s;
    OK(wasix_proc_join(AT(&who), 0, AT(&s)));
    IS(s.tag, 1);
    IS(s.code, code);
}

/* A closure goes on in both. */
static void fork_backing(const void *args, uint32_t *results, const uint32_t *add)
{
    (void)args;
    *results = fork_now();
    if (!*results) {
        *results = *add;
    }
}

/* The child has closures of its own: as they were, and with what it makes of them. */
static void closures_of_child(sum_fn sum, struct environment *env, uint32_t unused, uint32_t empty)
{
    uint32_t count = 0;
    IS(sum(1, 2, 3), 6 + env->bias);
    env->bias = 100;
    IS(sum(1, 2, 3), 106);
    IS(wasix_call_dynamic(empty, 0, 0, 0, 0, 1), E_INVAL);
    OK(wasix_closure_prepare(NUMBER(count_backing), unused, 0, 0, 0, 0, AT(&count)));
    ((void (*)(void))(uintptr_t)unused)();
    IS(allocate(), empty);
    OK(wasix_closure_prepare(NUMBER(count_backing), empty, 0, 0, 0, 0, AT(&count)));
    ((void (*)(void))(uintptr_t)empty)();
    IS(count, 2);
    uint32_t pid = fork_now();
    if (pid) {
        joined(pid, 7);
    }
    ((void (*)(void))(uintptr_t)empty)();
    IS(sum(1, 1, 1), 103);
    OK(wasix_closure_free(AT(sum)));
    IS(wasix_call_dynamic(AT(sum), 0, 0, 0, 0, 1), E_INVAL);
    wasix_proc_exit2(7);
}

static void children(void)
{
    static const uint8_t i32s[1] = {I32};
    for (uint32_t round = 0; round < 50; round++) {
        struct environment env = {.bias = round};
        uint32_t n = allocate(), unused = allocate(), empty = allocate(), add = 1u << 30;
        sum_fn sum = (sum_fn)(uintptr_t)n;
        OK(wasix_closure_prepare(NUMBER(backing), n, AT(sum_params), 3, AT(sum_results), 1,
                                 AT(&env)));
        OK(wasix_closure_prepare(NUMBER(backing), empty, AT(sum_params), 3, AT(sum_results), 1,
                                 AT(&env)));
        OK(wasix_closure_free(empty));
        uint32_t pid = fork_now();
        if (!pid) {
            closures_of_child(sum, &env, unused, empty);
        }
        joined(pid, 7);
        IS(sum(1, 2, 3), 6 + round);
        OK(wasix_closure_prepare(NUMBER(fork_backing), unused, 0, 0, AT(i32s), 1, AT(&add)));
        uint32_t got = ((uint32_t (*)(void))(uintptr_t)unused)();
        if (got == add) { /* the child */
            IS(sum(1, 2, 3), 6 + round);
            wasix_proc_exit2(50);
        }
        joined(got, 50);
        OK(wasix_closure_free(unused));
        OK(wasix_closure_free(n));
    }
}

/* In a thread, whose table is its own; the child has one thread, and can make closures. */
static struct environment thread_env = {.bias = 9};
static void fork_it(void *arg)
{
    uint32_t pid = fork_now(), more = 0;
    if (!pid) {
        IS(((sum_fn)(uintptr_t)arg)(1, 2, 3), 15);
        thread_env.bias = 0;
        IS(((sum_fn)(uintptr_t)arg)(1, 2, 3), 6);
        OK(wasix_closure_allocate(AT(&more)));
        OK(wasix_closure_prepare(NUMBER(backing), more, AT(sum_params), 3, AT(sum_results), 1,
                                 AT(&thread_env)));
        IS(((sum_fn)(uintptr_t)more)(4, 5, 6), 15);
        OK(wasix_closure_free(AT(arg)));
        wasix_proc_exit2(8);
    }
    joined(pid, 8);
    IS(((sum_fn)(uintptr_t)arg)(1, 2, 3), 15);
}

static void children_of_threads(void)
{
    uint32_t n = allocate();
    wax_thread threads[2];
    OK(wasix_closure_prepare(NUMBER(backing), n, AT(sum_params), 3, AT(sum_results), 1,
                             AT(&thread_env)));
    for (uint32_t i = 0; i < 2; i++) {
        OK(wax_thread_start(&threads[i], fork_it, (void *)(uintptr_t)n, stacks[i],
                            sizeof stacks[i]));
    }
    for (uint32_t i = 0; i < 2; i++) {
        wax_thread_join(&threads[i]);
    }
    OK(wasix_closure_free(n));
}

WAX_EXPORT("_start") void start(void)
{
    reflect();
    dynamic();
    dynamic_kinds();
    one_closure();
    kinds();
    refused();
    rounds();
    in_threads();
    children();
    children_of_threads();
    p1_proc_exit(0);
}
