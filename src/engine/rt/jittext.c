/* SPDX-License-Identifier: Apache-2.0 */
/* Registry of code ranges, readable from signal handlers. */
/*
 * A fixed array of atomic (start, end) pairs: adding claims a free entry by compare-and-swap on
 * `end`, readers never lock. Ranges are whole code regions, not functions, so few are needed;
 * n_seen bounds the entries ever taken, so that nobody looks through (and touches) the whole array.
 */
#include "engine/rt/jittext.h"

#include "base/annot.h"
#include "base/atomic.h"

#define MAX_RANGES 4096

static struct {
    uintptr_t start; /* atomic */
    uintptr_t end;   /* atomic; 0 = free, 1 = being filled */
} ranges[MAX_RANGES];
static unsigned n_seen; /* atomic; only grows; raised before an entry is filled */

/* The linker section all interpreter handlers lie in; absent when no interpreter is linked. */
extern const char __start_wx_ops[] __attribute__((weak, visibility("hidden")));
extern const char __stop_wx_ops[] __attribute__((weak, visibility("hidden")));

static void raise_seen(unsigned n)
{
    unsigned seen = wx_load_acquire(&n_seen);
    while (seen < n && !wx_cas_acqrel(&n_seen, &seen, n)) {
    }
}

bool wx_jittext_add(const void *start, size_t len)
{
    for (unsigned i = 0; i < MAX_RANGES; i++) {
        uintptr_t none = 0;
        if (wx_cas_acqrel(&ranges[i].end, &none, 1)) {
            raise_seen(i + 1);
            wx_store_relaxed(&ranges[i].start, (uintptr_t)start);
            wx_store_release(&ranges[i].end, (uintptr_t)start + len); /* pairs with readers */
            return true;
        }
    }
    return false;
}

void wx_jittext_remove(const void *start)
{
    for (unsigned i = 0, n = wx_load_acquire(&n_seen); i < n; i++) {
        if (wx_load_acquire(&ranges[i].end) > 1 &&
            wx_load_relaxed(&ranges[i].start) == (uintptr_t)start) {
            wx_store_release(&ranges[i].end, 0);
        }
    }
}

WX_UNINSTRUMENTED bool wx_jittext_is_compiled_sigsafe(uintptr_t pc)
{
    for (unsigned i = 0, n = wx_load_acquire(&n_seen); i < n; i++) {
        uintptr_t end = wx_load_acquire(&ranges[i].end);
        if (end > 1 && pc < end && pc >= wx_load_relaxed(&ranges[i].start)) {
            return true;
        }
    }
    return false;
}

WX_UNINSTRUMENTED bool wx_jittext_is_guest_sigsafe(uintptr_t pc)
{
    return (pc >= (uintptr_t)__start_wx_ops && pc < (uintptr_t)__stop_wx_ops) ||
           wx_jittext_is_compiled_sigsafe(pc);
}
