/* SPDX-License-Identifier: Apache-2.0 */
/* A number of things that several owners may have together. */
#ifndef WX_BASE_BUDGET_H
#define WX_BASE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

/** Thread-safe. */
struct wx_budget {
    uint32_t max;
    uint32_t used; /* atomic */
};

/** One more, unless there are `max`; who takes gives back. */
static inline bool wx_budget_take(struct wx_budget *b)
{
    if (wx_add_relaxed(&b->used, 1) < b->max) {
        return true;
    }
    wx_sub_acqrel(&b->used, 1);
    return false;
}

static inline void wx_budget_give(struct wx_budget *b) { wx_sub_acqrel(&b->used, 1); }

#endif
