/* SPDX-License-Identifier: Apache-2.0 */
/* futex_wake has told its caller whom it woke before whoever was woken goes on. */
#include "check.h"

enum { ROUNDS = 3000, UNTOLD = 9 };

static uint32_t word, round_no, seen_round;
static uint8_t told, seen;
static wax_thread thread;
static _Alignas(16) char stack[4096];

static void waiter(void *arg)
{
    (void)arg;
    for (uint32_t r = 1; r <= ROUNDS; r++) {
        uint8_t timeout[16] = {0}, woken = 0;
        while (__atomic_load_n(&round_no, __ATOMIC_SEQ_CST) != r) {
        }
        OK(wasix_futex_wait(AT(&word), 0, AT(timeout), AT(&woken)));
        seen = __atomic_load_n(&told, __ATOMIC_SEQ_CST);
        __atomic_store_n(&seen_round, r, __ATOMIC_SEQ_CST);
    }
}

WAX_EXPORT("_start") void start(void)
{
    IS(wax_thread_start(&thread, waiter, 0, stack, sizeof stack), 0);
    for (uint32_t r = 1; r <= ROUNDS; r++) {
        __atomic_store_n(&round_no, r, __ATOMIC_SEQ_CST);
        do { /* until it waits */
            __atomic_store_n(&told, UNTOLD, __ATOMIC_SEQ_CST);
            OK(r % 2 ? wasix_futex_wake(AT(&word), AT(&told))
                     : wasix_futex_wake_all(AT(&word), AT(&told)));
        } while (__atomic_load_n(&told, __ATOMIC_SEQ_CST) == 0);
        while (__atomic_load_n(&seen_round, __ATOMIC_SEQ_CST) != r) {
        }
        IS(seen, 1);
        IS(told, 1);
    }
    wax_thread_join(&thread);
    p1_proc_exit(0);
}
