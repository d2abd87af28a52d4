/* SPDX-License-Identifier: Apache-2.0 */
/* Rules 31 to 35: poll_oneoff. */
#include "rules.h"

enum { CLOCK, READ, WRITE };
enum { REALTIME, MONOTONIC };

/* The layouts of the interface. */
struct sub {
    uint64_t userdata;
    uint64_t tag;
    uint64_t u[4]; /* clock: id, timeout, precision, flags; descriptor: number */
};
struct event {
    uint64_t userdata;
    uint16_t error;
    uint8_t type;
    uint64_t nbytes;
    uint16_t flags;
};
_Static_assert(sizeof(struct sub) == 48 && sizeof(struct event) == 32, "layouts");

static struct event events[8];

static uint32_t poll(const struct sub *subs, uint32_t n, uint32_t *ret_n)
{
    *ret_n = 0;
    return p1_poll_oneoff(P(subs), P(events), n, P(ret_n));
}

static uint64_t now(void)
{
    uint64_t t = 0;
    CHECK(SUCCESS, p1_clock_time_get(MONOTONIC, 0, P(&t)));
    return t;
}

void rule_poll_counts(void)
{
    static struct sub subs[1025];
    static struct event many[1025];
    uint32_t n;
    CHECK(INVAL, p1_poll_oneoff(P(subs), P(many), 0, P(&n)));
    CHECK(INVAL, p1_poll_oneoff(P(subs), P(many), 1025, P(&n)));
    CHECK(INVAL, p1_poll_oneoff(P(subs), P(many), UINT32_MAX, P(&n)));
    for (int i = 0; i < 1024; i++) {
        subs[i] = (struct sub){(uint64_t)i, CLOCK, {MONOTONIC, 0, 0, 0}};
    }
    CHECK(SUCCESS, p1_poll_oneoff(P(subs), P(many), 1024, P(&n)));
    EQUAL(1024, n);
    EQUAL(1023, many[1023].userdata);
}

static void overlap(void)
{
    uint32_t n;
    struct sub subs[2] = {{1, CLOCK, {MONOTONIC, 0, 0, 0}}, {2, CLOCK, {MONOTONIC, 0, 0, 0}}};
    CHECK(SUCCESS, p1_poll_oneoff(P(subs), P(subs), 2, P(&n))); /* events over subscriptions */
    EQUAL(2, n);
    memcpy(events, subs, sizeof subs);
    EQUAL(1, events[0].userdata);
    EQUAL(2, events[1].userdata);
    EQUAL(0, events[1].error);
}

static void errors(void)
{
    uint32_t n, none = open_file("f", R_READ, 0); /* without the right to poll */
    const struct sub subs[4] = {
        {7, READ, {100}}, {8, WRITE, {UINT32_MAX}}, {9, CLOCK, {9, 1, 0, 0}}, {10, READ, {none}}};
    CHECK(SUCCESS, poll(subs, 4, &n));
    EQUAL(4, n);
    EQUAL(7, events[0].userdata);
    EQUAL(__WASI_ERRNO_BADF, events[0].error);
    EQUAL(READ, events[0].type);
    EQUAL(__WASI_ERRNO_BADF, events[1].error);
    EQUAL(__WASI_ERRNO_INVAL, events[2].error);
    EQUAL(9, events[2].userdata);
    EQUAL(__WASI_ERRNO_NOTCAPABLE, events[3].error);
    CHECK(INVAL, poll(&(struct sub){1, 3, {0}}, 1, &n));
    CHECK(INVAL, poll(&(struct sub){1, 255, {0}}, 1, &n));
}

static void clocks(void)
{
    uint32_t n;
    uint64_t real = 0, start = now();
    const struct sub two[2] = {{1, CLOCK, {MONOTONIC, 20000000, UINT64_MAX, 0}},
                               {2, CLOCK, {REALTIME, 60000000000, 0, 0}}};
    CHECK(SUCCESS, poll(two, 2, &n));
    uint64_t took = now() - start;
    EQUAL(1, n);
    EQUAL(1, events[0].userdata);
    EQUAL(CLOCK, events[0].type);
    EQUAL(0, events[0].error);
    TRUE(took >= 20000000 && took < 20000000000); /* the earliest, and not before */
    CHECK(SUCCESS, poll(&(struct sub){3, CLOCK, {MONOTONIC, 0, 0, 0}}, 1, &n)); /* at once */
    const struct sub past[2] = {{4, CLOCK, {REALTIME, 1, 0, 1}},
                                {5, CLOCK, {MONOTONIC, UINT64_MAX, 0, 1}}};
    CHECK(SUCCESS, poll(past, 2, &n)); /* absolute: long ago, and never */
    EQUAL(1, n);
    EQUAL(4, events[0].userdata);
    start = now();
    CHECK(SUCCESS, p1_clock_time_get(REALTIME, 0, P(&real)));
    CHECK(SUCCESS, poll(&(struct sub){6, CLOCK, {REALTIME, real + 10000000, 0, 1}}, 1, &n));
    TRUE(now() - start >= 9000000);
}

static void ready(void)
{
    char c;
    uint32_t n, got, fd = open_file("f", ALL_RIGHTS, 0);
    const struct sub subs[3] = {
        {1, READ, {fd}}, {2, WRITE, {fd}}, {3, CLOCK, {MONOTONIC, 60000000000, 0, 0}}};
    CHECK(SUCCESS, poll(subs, 3, &n));
    EQUAL(2, n); /* no timer that has not run out */
    EQUAL(1, events[0].userdata);
    TRUE(events[0].nbytes >= 1);
    EQUAL(0, events[0].error);
    EQUAL(2, events[1].userdata);
    const struct sub in[2] = {{4, READ, {0}}, {5, CLOCK, {MONOTONIC, 5000000, 0, 0}}};
    CHECK(SUCCESS, poll(in, 2, &n)); /* nothing in the pipe: only the timer */
    EQUAL(1, n);
    EQUAL(5, events[0].userdata);
    peek("nothing"); /* the runner answers with one and three more */
    CHECK(SUCCESS, poll(in, 1, &n));
    EQUAL(4, events[0].userdata);
    TRUE(events[0].nbytes >= 1);
    EQUAL(0, events[0].flags);
    CHECK(SUCCESS, read_fd(0, &c, 1, &got));
}

static void hangup(void) /* standard input is a pipe nobody writes to any more */
{
    uint32_t n, got = 9;
    char c;
    CHECK(SUCCESS, poll(&(struct sub){1, READ, {0}}, 1, &n));
    EQUAL(1, n);
    EQUAL(0, events[0].error);
    EQUAL(1, events[0].flags);
    CHECK(SUCCESS, read_fd(0, &c, 1, &got));
    EQUAL(0, got);
}

static void interrupted(void) /* the runner's --timeout ends this */
{
    uint32_t n;
    const struct sub subs[2] = {{1, READ, {0}}, {2, CLOCK, {MONOTONIC, 60000000000, 0, 0}}};
    CHECK(SUCCESS, poll(subs, 2, &n));
    TRUE(!"still here");
}

static void interrupted_sleep(void)
{
    uint32_t n;
    CHECK(SUCCESS, poll(&(struct sub){1, CLOCK, {MONOTONIC, 60000000000, 0, 0}}, 1, &n));
    TRUE(!"still here");
}

const struct rule poll_rules[] = {
    {"rule-31-poll-counts", rule_poll_counts},
    {"rule-31-buffers-overlap", overlap},
    {"rule-32-errors-are-events", errors},
    {"rule-33-clocks", clocks},
    {"rule-33-sleep-is-interruptible", interrupted_sleep},
    {"rule-34-ready", ready},
    {"rule-34-hangup", hangup},
    {"rule-35-wait-is-interruptible", interrupted},
    {NULL, NULL},
};
