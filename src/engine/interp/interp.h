/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter tier. */
#ifndef WX_ENGINE_INTERP_INTERP_H
#define WX_ENGINE_INTERP_INTERP_H

/** Make the tier "interp" known to the runtime. Idempotent, thread-safe. */
void wx_interp_register(void);

#endif
