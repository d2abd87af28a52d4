/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting of log records. */
#include "base/log.h"

#include <stdio.h>
#include <string.h>

void wx_logf(const struct wx_log *log, int32_t level, const char *area, const char *format, ...)
{
    if (!wx_log_on(log, level)) {
        return;
    }
    static const char cut[] = "…";
    char text[1024];
    va_list ap;
    va_start(ap, format);
    int len = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (len < 0) {
        return;
    }
    if ((size_t)len >= sizeof text) {
        memcpy(text + sizeof text - sizeof cut, cut, sizeof cut);
    }
    log->fn(log->data, level, area, text);
}
