/* SPDX-License-Identifier: Apache-2.0 */
/* WASIX futexes, on the same table as memory.atomic.wait and notify. */
#include <string.h>

#include "wasi/env.h"
#include "wasi/handlers.h"

/* option_timestamp: tag at 0, nanoseconds at 8. Negative result = for ever. */
static wx_werrno read_timeout(struct wx_wasi_call *c, uint64_t ptr, int64_t *ret)
{
    uint8_t b[16];
    wx_werrno e = wx_guest_read(c, (wx_gptr){ptr}, b, sizeof b);
    if (!e) {
        uint64_t ns;
        memcpy(&ns, b + 8, sizeof ns);
        *ret = b[0] == 1 ? (int64_t)(ns > INT64_MAX ? INT64_MAX : ns) : -1;
    }
    return e;
}

static enum wx_outcome resume_futex(struct wx_thread *t, enum wx_wake why)
{
    struct wx_wait w = t->out.wait;
    bool notified = wx_waitq_remove(&t->node);
    struct wx_wasi_call c;
    wx_wasi_call_init(&c, t, w.data, w.slots);
    if (why == WX_WAKE_SIGNAL && !notified) {
        (void)wx_guest_write_u8(&c, (wx_gptr){w.state[0]}, 0); /* checked */
        return wx_wasi_finish(&c, WX_WERRNO_INTR);
    }
    bool woken = notified || why == WX_WAKE_READY;
    return wx_wasi_finish(&c, wx_guest_write_u8(&c, (wx_gptr){w.state[0]}, woken));
}

wx_wasi_ret wx_wasi_futex_wait(struct wx_wasi_call *c, const uint64_t *a)
{
    int64_t timeout = -1;
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, 4);
    e = e ? e : a[0] & 3 ? WX_WERRNO_INVAL : wx_guest_check(c, (wx_gptr){a[3]}, 1);
    e = e ? e : read_timeout(c, a[2], &timeout);
    if (e) {
        return e;
    }
    wx_waitq_begin(c->t, timeout, c->slots);
    c->t->out.wait.resume = resume_futex;
    c->t->out.wait.data = c->binding;
    c->t->out.wait.state[0] = a[3];
    if (wx_waitq_enqueue(&c->t->node, c->t, c->memory, a[0], a[1], false) == WX_WAITQ_NOT_EQUAL) {
        return wx_guest_write_u8(c, (wx_gptr){a[3]}, 1);
    }
    return WX_RET_WAIT;
}

struct told {
    struct wx_wasi_call *c;
    wx_gptr woken;
};

static void tell_woken(void *arg, uint32_t n)
{
    const struct told *t = arg;
    (void)wx_guest_write_u8(t->c, t->woken, n > 0); /* checked */
}

/*
 * Told before anybody is woken: to a thread that is about to end this may be memory of its stack,
 * which whoever is woken is free to use again.
 */
static wx_wasi_ret wake(struct wx_wasi_call *c, const uint64_t *a, uint32_t count)
{
    wx_werrno e = wx_guest_check(c, (wx_gptr){a[0]}, 4);
    e = e ? e : wx_guest_check(c, (wx_gptr){a[1]}, 1);
    if (e) {
        return e;
    }
    struct told told = {c, {a[1]}};
    (void)wx_waitq_notify(c->memory, a[0], count, tell_woken, &told);
    return 0;
}

wx_wasi_ret wx_wasi_futex_wake(struct wx_wasi_call *c, const uint64_t *a) { return wake(c, a, 1); }

wx_wasi_ret wx_wasi_futex_wake_all(struct wx_wasi_call *c, const uint64_t *a)
{
    return wake(c, a, UINT32_MAX);
}
