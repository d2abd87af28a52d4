/* SPDX-License-Identifier: Apache-2.0 */
/* Trap codes, from trap.def; 0 = none. */
#ifndef WX_BASE_TRAP_H
#define WX_BASE_TRAP_H

enum wx_trap {
    WX_TRAP_NONE = 0,
#define TRAP(NAME, CODE, TEXT) WX_TRAP_##NAME = (CODE),
#include "base/trap.def"
#undef TRAP
};

#endif
