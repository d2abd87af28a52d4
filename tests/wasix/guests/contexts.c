/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: switching, many of them, destroyed ones, in threads, with jumps and children. */
#include <waxwing/wasix.h>

#include "check.h"

enum { EXIT_SIGNAL = 2, ABRT = 6 };

static uint32_t address_of(void (*fn)(void)) { return AT(fn); }

static uint64_t make(void (*fn)(void))
{
    uint64_t id = 0;
    OK(wasix_context_create(AT(&id), address_of(fn)));
    return id;
}

/* -------- back and forth, at any depth -------- */

static uint64_t ids[100];
static volatile uint32_t count, current;

static __attribute__((noinline)) uint32_t deep(uint32_t n, uint64_t to)
{
    if (n == 0) {
        OK(wasix_context_switch(to));
        return 0;
    }
    return deep(n - 1, to) + 1;
}

static void worker(void)
{
    const uint32_t me = current;
    for (uint32_t i = 0;; i++) {
        IS(deep(me % 40, 0), me % 40);
        IS(current, me);
        count += i;
    }
}

static void many(void)
{
    for (uint32_t i = 0; i < 100; i++) {
        ids[i] = make(worker);
    }
    for (uint32_t round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < 100; i++) {
            current = i;
            OK(wasix_context_switch(ids[i]));
        }
    }
    IS(count, 100 * (48 * 49 / 2)); /* the first turn only begins */
    for (uint32_t i = 0; i < 100; i++) {
        OK(wasix_context_destroy(ids[i]));
        OK(wasix_context_destroy(ids[i])); /* as good as gone */
        IS(wasix_context_switch(ids[i]), E_INVAL);
    }
}

static void failures(void)
{
    uint64_t id = 0;
    OK(wasix_context_switch(0)); /* oneself */
    IS(wasix_context_switch(4711), E_INVAL);
    IS(wasix_context_destroy(0), E_INVAL);
    IS(wasix_context_create(AT(&id), 1000000), E_INVAL);
    IS(wasix_context_create(0xfffffff8, address_of(worker)), E_MEMVIOLATION);
    IS(wasix_context_create(AT(&id), AT(deep)), E_INVAL); /* takes arguments */
}

/* One that passes on to the next, and a signal on the way. */
static uint64_t ring[10];
static volatile uint32_t passed;

static void pass_on(void)
{
    for (;;) {
        uint32_t i = passed++ % 10;
        OK(wasix_context_switch(i == 9 ? 0 : ring[i + 1]));
    }
}

static void around(void)
{
    for (uint32_t i = 0; i < 10; i++) {
        ring[i] = make(pass_on);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        OK(wasix_context_switch(ring[0]));
    }
    IS(passed, 10000);
    for (uint32_t i = 0; i < 10; i++) {
        OK(wasix_context_destroy(ring[i]));
    }
}

/* -------- ends -------- */

static void returns(void) {}
static uint32_t joined(uint32_t pid)
{
    struct wasix_option_u32 who = {.some = 1, .value = pid};
    struct wasix_join_status s;
    OK(wasix_proc_join(AT(&who), 0, AT(&s)));
    IS(s.tag, 1);
    return s.code;
}
/* Both go on in the first context, which is copied, too. */
static void forks(void)
{
    uint32_t pid = 1;
    OK(wasix_proc_fork(1, AT(&pid)));
    if (pid) {
        IS(joined(pid), 9);
    }
    OK(wasix_context_switch(0));
}

/* -------- copied by a fork -------- */

static volatile uint32_t forking;

/* A fork far down in a context: it goes on there in both. */
static void forker(void)
{
    for (;;) {
        uint32_t pid = 1;
        OK(wasix_proc_fork(1, AT(&pid)));
        forking = pid;
        IS(deep(30, 0), 30);
    }
}

static void work(uint32_t rounds)
{
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < 10; i++) {
            current = i;
            OK(wasix_context_switch(ids[i]));
        }
    }
}

static void copied(void)
{
    const uint64_t forks_id = make(forker);
    for (uint32_t i = 0; i < 10; i++) {
        ids[i] = make(worker);
    }
    count = 0;
    work(3);
    IS(count, 10 * 1);
    for (uint32_t round = 0; round < 100; round++) {
        uint32_t pid = 1;
        if (round % 2) {
            OK(wasix_context_switch(forks_id));
            pid = forking;
        } else {
            OK(wasix_proc_fork(1, AT(&pid)));
        }
        if (!pid) {
            count = 0;
            work(2);
            IS(count, 10 * (2 + 3));
            const uint64_t more = make(worker); /* numbers go on from there */
            IS(more, ids[9] + 1);
            current = 7;
            OK(wasix_context_switch(more));
            OK(wasix_context_destroy(ids[3]));
            IS(wasix_context_switch(ids[3]), E_INVAL);
            wasix_proc_exit2(round);
        }
        IS(joined(pid), round);
    }
    IS(count, 10 * 1); /* nothing happened here */
    work(1);
    for (uint32_t i = 0; i < 10; i++) {
        OK(wasix_context_destroy(ids[i]));
    }
    OK(wasix_context_destroy(forks_id));
}
/* A jump to where a context was that is gone; another one has its place. */
static uint64_t mark[3], mark_value;
static void marks(void)
{
    OK(wasix_stack_checkpoint(AT(mark), AT(&mark_value)));
    OK(wasix_context_switch(0));
}
static void jumps(void) { wasix_stack_restore(AT(mark), 1); }
static void jumps_late(void)
{
    const uint64_t id = make(marks);
    OK(wasix_context_switch(id));
    OK(wasix_context_destroy(id));
    OK(wasix_context_switch(make(jumps)));
}
static void exits(void) { wasix_proc_exit2(5); }
static void exits_well(void) { wasix_proc_exit2(0); }

static void (*in_context)(void);
static void enter(void) { OK(wasix_context_switch(make(in_context))); }
static struct wasix_join_status child_of(void (*fn)(void))
{
    uint32_t pid = 1;
    OK(wasix_proc_fork(1, AT(&pid)));
    if (!pid) {
        fn();
        wasix_proc_exit2(9);
    }
    struct wasix_option_u32 who = {.some = 1, .value = pid};
    struct wasix_join_status s;
    OK(wasix_proc_join(AT(&who), 0, AT(&s)));
    return s;
}

static struct wasix_join_status child(void (*fn)(void))
{
    in_context = fn;
    return child_of(enter);
}

static void ends(void)
{
    IS(child(exits).code, 5);
    IS(child(forks).code, 9);
    struct wasix_join_status s = child(returns);
    IS(s.tag == EXIT_SIGNAL && s.signal == ABRT, 1);
    s = child_of(jumps_late);
    IS(s.tag == EXIT_SIGNAL && s.signal == ABRT, 1);
}

/* -------- threads: each has its own -------- */

static wax_thread threads[64];
static uint8_t stacks[64][8192] __attribute__((aligned(16)));

static void in_a_thread(void *arg)
{
    uint64_t id = 0;
    OK(wasix_context_create(AT(&id), address_of(worker)));
    IS(id, 1);
    OK(wasix_context_destroy(id));
    for (uint32_t i = 0; i < 5; i++) {
        (void)make(worker); /* left to the end of the thread */
    }
    *(uint32_t *)arg = 1;
}

static void in_threads(uint32_t n)
{
    static uint32_t done[64];
    for (uint32_t i = 0; i < n; i++) {
        done[i] = 0;
        OK(wax_thread_start(&threads[i], in_a_thread, &done[i], stacks[i], sizeof stacks[i]));
    }
    for (uint32_t i = 0; i < n; i++) {
        wax_thread_join(&threads[i]);
        IS(done[i], 1);
    }
}

WAX_EXPORT("_start") void start(void)
{
    failures();
    many();
    around();
    ends();
    copied();
    in_threads(1);
    in_threads(2);
    in_threads(64);
    OK(wasix_context_switch(make(exits_well)));
}
