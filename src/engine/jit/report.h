/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the engine's profile what was compiled; does nothing when there is none. */
#ifndef WX_ENGINE_JIT_REPORT_H
#define WX_ENGINE_JIT_REPORT_H

#include "engine/jit/region.h"

void wx_jit_report_stubs(const struct wx_rt_module *module, const struct wx_jit_region *region);
void wx_jit_report_function(const struct wx_rt_module *module, const struct wx_jit_region *region,
                            const struct wx_code *code);

#endif
