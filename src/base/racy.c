/* SPDX-License-Identifier: Apache-2.0 */
/* By volatile words, so that no compiler makes an instrumented memcpy of it. */
#include "base/racy.h"

#include <stdint.h>

#define UNCHECKED __attribute__((no_sanitize("thread", "address"), noinline))

/* Words may be misaligned. */
typedef uint64_t __attribute__((aligned(1), may_alias)) word;

UNCHECKED void wx_copy_racy(void *dst, const void *src, size_t len)
{
    volatile uint8_t *to = dst;
    const volatile uint8_t *from = src;
    for (; len >= 8; len -= 8, to += 8, from += 8) {
        *(volatile word *)(volatile void *)to = *(const volatile word *)(const volatile void *)from;
    }
    while (len--) {
        *to++ = *from++;
    }
}
