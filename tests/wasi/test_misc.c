/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of WASIX without a family: the clock of a process, interfaces it does not have. */
#include "direct.h"

#include <string.h>

#include "base/bits.h"

enum { OUT = 8, SUB = 64, EVENT = 128, N = 192 };
enum { REALTIME, MONOTONIC };
#define SECOND UINT64_C(1000000000)
#define LATER (UINT64_C(4000000000) * SECOND) /* the year 2096 */

static int setup(void **state)
{
    static struct guest g;
    guest_open(&g, "wasix_32v1");
    guest_start(&g);
    wax_store_set_timeout(wax_env_store(g.env), 20 * SECOND);
    *state = &g;
    return 0;
}

static uint64_t now(struct guest *g, uint32_t clock)
{
    CHECK(SUCCESS, CALL(g, "clock_time_get", clock, 1, OUT));
    return guest_u64(g, OUT);
}

static void test_clock_is_set(void **state)
{
    struct guest *g = *state;
    const uint64_t before = now(g, REALTIME), mono = now(g, MONOTONIC);
    CHECK(SUCCESS, CALL(g, "clock_time_set", REALTIME, LATER));
    assert_in_range(now(g, REALTIME), LATER, LATER + 10 * SECOND);
    assert_in_range(now(g, MONOTONIC), mono, mono + 10 * SECOND);
    CHECK(SUCCESS, CALL(g, "clock_time_set", REALTIME, 5)); /* backwards, too */
    assert_in_range(now(g, REALTIME), 5, 10 * SECOND);
    for (uint64_t clock = 1; clock < 5; clock++) {
        CHECK(INVAL, CALL(g, "clock_time_set", clock, LATER));
    }
    guest_restart(g); /* another process has the host's */
    assert_in_range(now(g, REALTIME), before, before + 10 * SECOND);
}

/* A deadline is a time of the clock the guest sees. */
static void test_deadline_of_a_set_clock(void **state)
{
    struct guest *g = *state;
    uint8_t sub[48] = {0};
    CHECK(SUCCESS, CALL(g, "clock_time_set", REALTIME, LATER));
    const uint64_t mono = now(g, MONOTONIC);
    wx_put_u32(sub + 16, REALTIME);
    wx_put_u64(sub + 24, LATER + SECOND / 10);
    wx_put_u16(sub + 40, 1); /* absolute */
    guest_put(g, SUB, sub, sizeof sub);
    CHECK(SUCCESS, CALL(g, "poll_oneoff", SUB, EVENT, 1, N));
    assert_int_equal(guest_u32(g, N), 1);
    const uint64_t took = now(g, MONOTONIC) - mono;
    assert_in_range(took, SECOND / 100, 10 * SECOND);
    assert_true(now(g, REALTIME) >= LATER + SECOND / 10);
}

static void test_no_interfaces(void **state)
{
    struct guest *g = *state;
    size_t n = 0;
    for (size_t i = 0; i < n_abi_rows; i++) {
        const struct abi_row *r = &abi_rows[i];
        if (strcmp(r->space, "wasix_32v1") == 0 && strncmp(r->name, "port_", 5) == 0) {
            const uint64_t args[5] = {64, 8, 64, 8, 0};
            CHECK(NOTSUP, guest_call(g, r->name, args));
            n++;
        }
    }
    assert_int_equal(n, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_is_set),
        cmocka_unit_test(test_deadline_of_a_set_clock),
        cmocka_unit_test(test_no_interfaces),
    };
    return cmocka_run_group_tests_name("misc", tests, setup, guest_teardown);
}
