/* SPDX-License-Identifier: Apache-2.0 */
/* The copy-and-patch tier. */
#ifndef WX_ENGINE_JIT_JIT_H
#define WX_ENGINE_JIT_JIT_H

/**
 * Make the tier "fast" known to the runtime, if the host allows executable memory. Idempotent,
 * thread-safe.
 */
void wx_jit_register(void);

#endif
