/* SPDX-License-Identifier: Apache-2.0 */
/* Growing string. */
#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

void wx_strbuf_init(struct wx_strbuf *sb, struct wx_mem *mem)
{
    *sb = (struct wx_strbuf){.mem = mem};
}

void wx_strbuf_fini(struct wx_strbuf *sb)
{
    wx_free(sb->mem, sb->p);
    wx_strbuf_init(sb, sb->mem);
}

static bool reserve(struct wx_strbuf *sb, size_t more)
{
    size_t need = sb->len + more + 1;
    if (sb->failed || need < more) {
        sb->failed = true;
        return false;
    }
    if (need > sb->cap) {
        size_t cap = sb->cap * 2 > need ? sb->cap * 2 : need + 32;
        char *p = wx_realloc(sb->mem, sb->p, cap);
        if (!p) {
            sb->failed = true;
            return false;
        }
        sb->p = p;
        sb->cap = cap;
    }
    return true;
}

void wx_strbuf_add(struct wx_strbuf *sb, const char *s, size_t len)
{
    if (reserve(sb, len)) {
        if (len) {
            memcpy(sb->p + sb->len, s, len);
        }
        sb->len += len;
        sb->p[sb->len] = '\0';
    }
}

void wx_strbuf_addf(struct wx_strbuf *sb, const char *format, ...)
{
    va_list ap, ap2;
    va_start(ap, format);
    va_copy(ap2, ap);
    int len = vsnprintf(NULL, 0, format, ap2);
    va_end(ap2);
    if (len >= 0 && reserve(sb, (size_t)len)) {
        (void)vsnprintf(sb->p + sb->len, (size_t)len + 1, format, ap); /* measured above */
        sb->len += (size_t)len;
    }
    va_end(ap);
}

const char *wx_strbuf_str(const struct wx_strbuf *sb) { return sb->p ? sb->p : ""; }
