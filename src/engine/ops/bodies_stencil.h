/* SPDX-License-Identifier: Apache-2.0 */
/* Op bodies of compiled code: calls, returns, tables of branches, ways out. */
#ifndef WX_ENGINE_OPS_BODIES_STENCIL_H
#define WX_ENGINE_OPS_BODIES_STENCIL_H

#endif
