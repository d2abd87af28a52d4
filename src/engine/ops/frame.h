/* SPDX-License-Identifier: Apache-2.0 */
/* The frame on the value stack, shared by all tiers that use one. */
#ifndef WX_ENGINE_OPS_FRAME_H
#define WX_ENGINE_OPS_FRAME_H

#include <stdint.h>

/*
 * fp -> [locals, parameters first][header][operand slots]
 *
 * Arguments are the caller's topmost operand slots in place: callee fp = address of the first one.
 * Results are left at fp[0..), which is where the caller's operands go on. The header lies after
 * the locals (code->local_slots), so its place is known from the function alone.
 */
enum {
    WX_FRAME_PC,   /* where the caller goes on */
    WX_FRAME_FP,   /* caller's frame; NULL below the first frame of an activation */
    WX_FRAME_INST, /* caller's instance */
    WX_FRAME_SPARE,
    WX_FRAME_SLOTS
};

#endif
