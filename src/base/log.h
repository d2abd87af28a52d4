/* SPDX-License-Identifier: Apache-2.0 */
/* Log records handed to the embedder's callback; nothing is written anywhere else. */
#ifndef WX_BASE_LOG_H
#define WX_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum wx_log_level { WX_LOG_ERROR, WX_LOG_WARN, WX_LOG_INFO, WX_LOG_DEBUG, WX_LOG_TRACE };

/** Receives one record; called from any thread, must not call back into the library. */
typedef void (*wx_log_fn)(void *data, int32_t level, const char *area, const char *message);

/** A log sink: plain data, copied by value into whatever logs. fn NULL = silent. */
struct wx_log {
    wx_log_fn fn;
    void *data;
    int32_t max_level;
};

static inline bool wx_log_on(const struct wx_log *log, int32_t level)
{
    return log->fn != 0 && level <= log->max_level;
}
/** Format and hand over (at most 1,024 bytes, cut with "…"); cheap when the level is off. */
void wx_logf(const struct wx_log *log, int32_t level, const char *area, const char *format, ...)
    WX_PRINTF(4, 5);

#endif
