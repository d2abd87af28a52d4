/* SPDX-License-Identifier: Apache-2.0 */
/* Copies to and from memory that guest threads may write at the same time. */
#ifndef WX_BASE_RACY_H
#define WX_BASE_RACY_H

#include <stddef.h>

/**
 * memcpy outside of sanitizer instrumentation (R16): a race with the guest is the guest's, and
 * reports stay about our own state.
 */
void wx_copy_racy(void *dst, const void *src, size_t len);

#endif
