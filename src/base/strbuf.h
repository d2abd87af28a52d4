/* SPDX-License-Identifier: Apache-2.0 */
/* Growing string; running out of memory is remembered, not reported at each append. */
#ifndef WX_BASE_STRBUF_H
#define WX_BASE_STRBUF_H

#include "base/error.h"
#include "base/mem.h"

struct wx_strbuf {
    struct wx_mem *mem;
    char *p; /* NUL-terminated once something was added */
    size_t len;
    size_t cap;
    bool failed; /* an append was lost: the text is incomplete */
};

void wx_strbuf_init(struct wx_strbuf *sb, struct wx_mem *mem);
void wx_strbuf_fini(struct wx_strbuf *sb);
void wx_strbuf_add(struct wx_strbuf *sb, const char *s, size_t len);
void wx_strbuf_addf(struct wx_strbuf *sb, const char *format, ...) WX_PRINTF(2, 3);
/** The text, "" if empty; valid until the next append. */
const char *wx_strbuf_str(const struct wx_strbuf *sb);

#endif
