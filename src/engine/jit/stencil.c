/* SPDX-License-Identifier: Apache-2.0 */
/* The stencil table for this processor. */
#include "engine/jit/stencil.h"

#include "base/check.h"

/* The generated file holds six arrays between these two macros. */
#define STENCIL_PART(NAME, TYPE) PART_##NAME(TYPE)
#define PART_pool(TYPE) _Alignas(16) const TYPE wx_stencil_pool[] = {
#define PART_bytes(TYPE) const TYPE wx_stencil_bytes[] = {
#define PART_relocs(TYPE) const TYPE wx_stencil_relocs[] = {
#define PART_holes(TYPE) const TYPE wx_stencil_holes[] = {
#define PART_table(TYPE) const TYPE wx_stencil_table[] = {
#define PART_index(TYPE) const TYPE wx_stencil_index[WX_S_COUNT] = {
#define STENCIL_END                                                                                \
    }                                                                                              \
    ;

#ifdef __aarch64__ /* made where it is needed: gen-stencils.py */
#include "engine/jit/stencils_aarch64.inc"
#else
#include "engine/jit/stencils_x86_64.inc"
#endif

const uint32_t wx_stencil_pool_len = sizeof wx_stencil_pool;
