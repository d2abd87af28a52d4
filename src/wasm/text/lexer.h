/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the text format. */
#ifndef WX_WASM_TEXT_LEXER_H
#define WX_WASM_TEXT_LEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

enum wx_tok_kind {
    WX_TOK_EOF,
    WX_TOK_LPAR,
    WX_TOK_RPAR,
    WX_TOK_ATOM,   /* keyword, number, or anything reserved */
    WX_TOK_ID,     /* $name or $"name" */
    WX_TOK_STRING, /* quotes included */
    WX_TOK_ANNOT   /* "(@custom" where custom sections may stand */
};

struct wx_tok {
    uint8_t kind; /* enum wx_tok_kind */
    uint32_t off;
    uint32_t len;
};

#define WX_NO_ANNOT UINT32_MAX

/**
 * A cursor over text. White space, comments and annotations are skipped. The first failure is kept
 * in `fail`; from then on every token is EOF. A lexer may be copied to look ahead.
 */
struct wx_lexer {
    const char *text;
    uint32_t len;
    uint32_t pos;
    uint32_t depth;       /* open parentheses */
    uint32_t annot_depth; /* where "(@custom" is a token; WX_NO_ANNOT = nowhere */
    const char *fail;     /* static message; NULL while all is well */
    uint32_t fail_off;
};

/** Text of at most UINT32_MAX bytes, borrowed. Fails at once if it is not UTF-8. */
void wx_lexer_init(struct wx_lexer *lx, const char *text, uint32_t len);
struct wx_tok wx_lexer_next(struct wx_lexer *lx);

/**
 * Append the bytes a string token (or the quoted part of an identifier) stands for. Its escapes
 * were checked when the token was made.
 */
void wx_text_unquote(const char *quoted, uint32_t len, struct wx_strbuf *out);
/** May the byte stand in an identifier or keyword? */
bool wx_text_is_idchar(unsigned char c);

#endif
