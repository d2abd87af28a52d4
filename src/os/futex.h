/* SPDX-License-Identifier: Apache-2.0 */
/* Process-private futexes. */
#ifndef WX_OS_FUTEX_H
#define WX_OS_FUTEX_H

#include <stdint.h>

/**
 * Sleep while *word == expected, until woken or the absolute monotonic deadline (UINT64_MAX =
 * none).
 * @return 0 (woken, spuriously too), EAGAIN (value differs), ETIMEDOUT, EINTR
 */
int wx_futex_wait(uint32_t *word, uint32_t expected, uint64_t deadline_ns);
/** Wake up to n waiters. Async-signal-safe. */
void wx_futex_wake(uint32_t *word, int n);

#endif
