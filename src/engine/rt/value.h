/* SPDX-License-Identifier: Apache-2.0 */
/* From slots to the values of the public API. */
#ifndef WX_ENGINE_RT_VALUE_H
#define WX_ENGINE_RT_VALUE_H

#include <waxwing/value.h>

#include "wasm/types.h"

wax_valtype wx_out_type(wx_valtype type);
/** Read one value from its slot or slots. */
void wx_out_value(const uint64_t *slots, wx_valtype type, wax_value *ret_value);

#endif
