/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that blocks for the guest, and the one way to wake it. */
/*
 * A thread sleeps either on its futex word wake_seq or, when it waits for descriptors, in ppoll
 * with an eventfd of its own added. A wake bumps wake_seq, wakes the futex and, if the thread says
 * it is polling, writes the eventfd.
 *
 * No wake is lost. Futex: the sleeper reads wake_seq, then looks at its conditions, then sleeps
 * only if wake_seq is unchanged; whoever changes a condition bumps wake_seq afterwards. ppoll: the
 * sleeper stores polling = 1, then looks at the conditions; a waker changes them, then reads
 * polling. Both sides are sequentially consistent, so one of them sees the other.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/rt/engine.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/futex.h"
#include "os/vm.h"

WX_THREAD_LOCAL struct wx_thread *wx_thread_current;
WX_THREAD_LOCAL const struct wx_activation_link *wx_activations;

static bool make_stacks(struct wx_thread *t)
{
    if (t->cache) {
        struct wx_stacks got;
        if (!wx_stack_cache_get(t->cache, t->stack_bytes, &got)) {
            return false;
        }
        t->stack_base = got.values;
        t->own_gstack = got.guest;
        t->signal_stack = got.signals;
        return true;
    }
    t->stack_base = wx_vm_reserve(t->stack_bytes);
    return t->stack_base && wx_vm_commit(t->stack_base, t->stack_bytes) == 0;
}

static void drop_stacks(struct wx_thread *t)
{
    struct wx_stacks s = {t->stack_base, t->stack_bytes, t->own_gstack, t->signal_stack};
    if (t->cache && s.values) {
        wx_stack_cache_put(t->cache, &s);
    } else {
        wx_stacks_unmap(&s);
    }
}

wax_status wx_thread_init(struct wx_thread *t, struct wx_store *store, struct wx_stack_cache *cache,
                          uint64_t stack_bytes, wax_error **err)
{
    t->store = store;
    t->cache = cache;
    t->event_fd = -1;
    t->stack_bytes = (stack_bytes + 0xffff) & ~UINT64_C(0xffff);
    if (!make_stacks(t)) {
        return wx_fail_errno(err, ENOMEM, "cannot map a value stack of %llu bytes",
                             (unsigned long long)t->stack_bytes);
    }
    t->stack_end = t->stack_base + t->stack_bytes / sizeof(uint64_t);
    t->stack_limit = t->stack_end;
    return WAX_OK;
}

void wx_thread_fini(struct wx_thread *t)
{
    drop_stacks(t);
    (void)wx_fd_close(&t->event_fd); /* an eventfd has nothing to lose */
    wx_error_clear(&t->error);
}

uint32_t *wx_thread_wake_later(struct wx_thread *t)
{
    (void)__atomic_fetch_add(&t->wake_seq, 1, __ATOMIC_SEQ_CST);
    return &t->wake_seq;
}

void wx_thread_wake(struct wx_thread *t)
{
    (void)__atomic_fetch_add(&t->wake_seq, 1, __ATOMIC_SEQ_CST);
    wx_futex_wake(&t->wake_seq, 1);
    if (wx_load_seq(&t->polling)) {
        int saved = errno;
        uint64_t one = 1;
        ssize_t n = write(t->event_fd, &one, sizeof one);
        (void)n; /* EAGAIN: it is readable already */
        errno = saved;
    }
}

void wx_thread_interrupt(struct wx_thread *t, uint64_t bits)
{
    (void)wx_or_seq(&t->interrupt, bits);
    /* Makes the next call look, too (R17). The thread may have seen and cleared the bits before
     * this comes: a limit of NULL without them means nothing, and whoever finds it puts it right.
     */
    wx_store_seq(&t->stack_limit, NULL);
    wx_thread_wake(t);
}

void wx_thread_clear_interrupt(struct wx_thread *t, uint64_t bits)
{
    (void)wx_and_seq(&t->interrupt, ~bits);
    wx_store_seq(&t->stack_limit, t->stack_end);
    if (wx_load_seq(&t->interrupt)) { /* another came meanwhile: its store may be lost under ours */
        wx_store_seq(&t->stack_limit, NULL);
    }
}

/*
 * The same from a handler running on the thread itself. Whatever it blocks in ends with EINTR; the
 * bumped word and the eventfd close the gap before it blocks. No function of the C library that a
 * sanitizer watches is called.
 */
WX_UNINSTRUMENTED void wx_thread_interrupt_self_sigsafe(struct wx_thread *t, uint64_t bits)
{
    (void)wx_or_seq(&t->interrupt, bits);
    wx_store_relaxed(&t->stack_limit, NULL);
    (void)__atomic_fetch_add(&t->wake_seq, 1, __ATOMIC_SEQ_CST);
    if (wx_load_seq(&t->polling)) {
        static const uint64_t one = 1;
        (void)syscall(SYS_write, t->event_fd, &one, sizeof one); /* EAGAIN: readable already */
    }
}

static bool interrupted(struct wx_thread *t) { return wx_load_seq(&t->interrupt) != 0; }

/* Milliseconds for poll would round: ppoll takes the exact rest. */
static struct timespec *rest_until(uint64_t deadline_ns, struct timespec *ts)
{
    if (deadline_ns == UINT64_MAX) {
        return NULL;
    }
    uint64_t now = wx_clock_now();
    uint64_t rest = deadline_ns > now ? deadline_ns - now : 0;
    ts->tv_sec = (time_t)(rest / 1000000000u);
    ts->tv_nsec = (long)(rest % 1000000000u);
    return ts;
}

static void drain(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n; /* non-blocking; empty is fine */
}

/* One round of ppoll. @return true when some descriptor is ready */
static bool poll_once(struct wx_thread *t)
{
    struct wx_wait *w = &t->out.wait;
    w->fds[w->n_fds] = (struct pollfd){.fd = t->event_fd, .events = POLLIN};
    struct timespec ts;
    int n = 0;
    wx_store_seq(&t->polling, 1);
    if (!interrupted(t)) {
        n = ppoll(w->fds, w->n_fds + 1, rest_until(w->deadline_ns, &ts), NULL);
    }
    wx_store_seq(&t->polling, 0);
    if (n > 0 && w->fds[w->n_fds].revents) {
        drain(t->event_fd);
        n--;
    }
    return n > 0;
}

static bool wait_fds(struct wx_thread *t, enum wx_wake *ret_why)
{
    struct wx_wait *w = &t->out.wait;
    if (t->event_fd < 0) {
        t->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    for (;;) {
        if (interrupted(t)) {
            return false;
        }
        bool ready = t->event_fd >= 0 && poll_once(t);
        if (ready || t->event_fd < 0) { /* no descriptor for the eventfd: let the handler see */
            *ret_why = WX_WAKE_READY;
            return true;
        }
        if (!interrupted(t) && wx_clock_now() >= w->deadline_ns) {
            *ret_why = WX_WAKE_TIMEOUT;
            return true;
        }
    }
}

static bool wait_word(struct wx_thread *t, enum wx_wake *ret_why)
{
    struct wx_wait *w = &t->out.wait;
    for (;;) {
        uint32_t seq = wx_load_seq(&t->wake_seq);
        if (interrupted(t)) {
            return false;
        }
        bool ready =
            w->kind == WX_WAIT_KEY ? wx_load_acquire(&t->node.notified) != 0 : seq != w->seq;
        if (ready) {
            *ret_why = WX_WAKE_READY;
            return true;
        }
        if (w->deadline_ns != UINT64_MAX && wx_clock_now() >= w->deadline_ns) {
            *ret_why = WX_WAKE_TIMEOUT;
            return true;
        }
        (void)wx_futex_wait(&t->wake_seq, seq, w->deadline_ns); /* every reason: look again */
    }
}

bool wx_thread_wait(struct wx_thread *t, enum wx_wake *ret_why)
{
    return t->out.wait.kind == WX_WAIT_FDS ? wait_fds(t, ret_why) : wait_word(t, ret_why);
}
