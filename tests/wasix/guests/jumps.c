/* SPDX-License-Identifier: Apache-2.0 */
/* stack_checkpoint and stack_restore: from deep calls, handlers, in threads and children. */
#include <waxwing/wasix.h>

#include "check.h"

enum { EXIT_NORMAL = 1, EXIT_SIGNAL = 2 };
enum { ABRT = 6, USR1 = 10 };

struct jump {
    struct wasix_stack_snapshot at;
    uint64_t value;
};

/* As setjmp(): 0, then what jump() says. */
static inline __attribute__((always_inline)) uint64_t mark(struct jump *j)
{
    OK(wasix_stack_checkpoint(AT(&j->at), AT(&j->value)));
    return *(volatile uint64_t *)&j->value;
}

static __attribute__((noinline, noreturn)) void jump(struct jump *j, uint64_t value)
{
    wasix_stack_restore(AT(&j->at), value);
    __builtin_trap();
}

static struct jump outer, inner;
static volatile uint32_t count;

static __attribute__((noinline)) uint32_t deep(uint32_t n, struct jump *j)
{
    volatile uint32_t mine = n;
    if (n == 0) {
        jump(j, count);
    }
    return deep(n - 1, j) + mine;
}

static __attribute__((noinline)) void back_and_again(void)
{
    volatile uint32_t local = 7; /* memory stays as it is, wherever it is */
    uint32_t other = count + 40;
    count = 0;
    uint64_t v = mark(&outer);
    IS(v, count);
    IS(other, 40);
    local = local + 1;
    if (++count <= 5) {
        (void)deep(count * 50, &outer);
    }
    IS(local, 13);
}

/* The inner one is gone when its function has returned; the outer one is not. */
static __attribute__((noinline)) void within(void)
{
    if (mark(&inner) == 0) {
        (void)deep(3, &inner);
    }
    count++;
}

static __attribute__((noinline)) void nested(void)
{
    count = 1;
    if (mark(&outer) == 0) {
        within();
        IS(count, 2);
        (void)deep(10, &outer);
    }
    IS(count, 2);
    count = 0;
}

static __attribute__((noinline)) void often(void)
{
    for (uint32_t i = 0; i < 20000; i++) {
        uint64_t v = mark(&inner);
        if (v == 0) {
            jump(&inner, i + 1);
        }
        IS(v, i + 1);
    }
}

WAX_EXPORT("handler") void handler(uint32_t sig)
{
    if (sig == USR1) { /* children send CHLD */
        count++;
        jump(&outer, sig);
    }
}

/* Signals come again after a handler was left so. */
static __attribute__((noinline)) void from_a_handler(void)
{
    wasix_callback_signal(AT("handler"), 7);
    count = 0;
    if (mark(&outer) != 0) {
        IS(outer.value, USR1);
    }
    if (count < 3) {
        wasix_proc_raise(USR1);
        IS(0, 1); /* not reached */
    }
    IS(count, 3);
}

static uint32_t wait_for(uint32_t pid, uint8_t tag)
{
    struct wasix_option_u32 who = {.some = 1, .value = pid};
    struct wasix_join_status s = {0};
    OK(wasix_proc_join(AT(&who), 0, AT(&s)));
    IS(s.tag, tag);
    return tag == EXIT_SIGNAL ? s.signal : s.code;
}

static __attribute__((noinline)) uint32_t fork_below(uint32_t n)
{
    uint32_t pid = 1;
    if (n > 0) {
        return fork_below(n - 1) + 0 * count;
    }
    OK(wasix_proc_fork(1, AT(&pid)));
    if (!pid) {
        jump(&outer, 77);
    }
    return pid;
}

/* A child goes back to what its parent marked, and so does the parent. */
static __attribute__((noinline)) void in_children(void)
{
    volatile uint32_t pid = 0;
    uint64_t v = mark(&outer);
    if (v == 77) {
        wasix_proc_exit2(21);
    }
    if (v == 0) {
        pid = fork_below(20);
        jump(&outer, 78);
    }
    IS(v, 78);
    IS(wait_for(pid, EXIT_NORMAL), 21);
}

/* Nothing to go back to: an error, not a crash. */
static __attribute__((noinline)) void nowhere(void)
{
    uint32_t pid = 1;
    OK(wasix_proc_fork(1, AT(&pid)));
    if (!pid) {
        struct jump none = {{1, 2, 3}, 0};
        jump(&none, 1);
    }
    IS(wait_for(pid, EXIT_SIGNAL), ABRT);
    IS(wasix_stack_checkpoint(0xfffffff0, AT(&count)), E_MEMVIOLATION);
}

static wax_thread threads[64];
static uint8_t stacks[64][8192] __attribute__((aligned(16)));

static void in_a_thread(void *arg)
{
    struct jump j;
    volatile uint32_t *n = arg, turns = 0;
    uint64_t v = mark(&j);
    if (v < 100) {
        turns = turns + 1;
        jump(&j, v + 1);
    }
    *n = turns;
}

static void in_threads(uint32_t n)
{
    static uint32_t results[64];
    for (uint32_t i = 0; i < n; i++) {
        results[i] = 0;
        OK(wax_thread_start(&threads[i], in_a_thread, &results[i], stacks[i], sizeof stacks[i]));
    }
    for (uint32_t i = 0; i < n; i++) {
        wax_thread_join(&threads[i]);
        IS(results[i], 100);
    }
}

WAX_EXPORT("_start") void start(void)
{
    back_and_again();
    nested();
    often();
    from_a_handler();
    in_children();
    nowhere();
    in_threads(1);
    in_threads(2);
    in_threads(64);
}
