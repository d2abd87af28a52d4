/* SPDX-License-Identifier: Apache-2.0 */
/* Lexer of the text format: one pass, no look-back, bounded work per byte. */
/*
 * Source: wasm core 3.0, 6.3 (lexical format). Strings are checked here in full, so that whoever
 * unquotes one can not fail.
 */
#include "wasm/text/lexer.h"

#include <string.h>

enum { IDCHAR = 1, SPACE = 2 };

/* Everything printable but space " ( ) , ; [ ] { } may stand in identifiers. */
static const uint8_t classes[256] = {
    ['\t'] = SPACE, ['\n'] = SPACE, ['\r'] = SPACE, [' '] = SPACE,   ['!'] = IDCHAR, ['#'] = IDCHAR,
    ['$'] = IDCHAR, ['%'] = IDCHAR, ['&'] = IDCHAR, ['\''] = IDCHAR, ['*'] = IDCHAR, ['+'] = IDCHAR,
    ['-'] = IDCHAR, ['.'] = IDCHAR, ['/'] = IDCHAR, ['0'] = IDCHAR,  ['1'] = IDCHAR, ['2'] = IDCHAR,
    ['3'] = IDCHAR, ['4'] = IDCHAR, ['5'] = IDCHAR, ['6'] = IDCHAR,  ['7'] = IDCHAR, ['8'] = IDCHAR,
    ['9'] = IDCHAR, [':'] = IDCHAR, ['<'] = IDCHAR, ['='] = IDCHAR,  ['>'] = IDCHAR, ['?'] = IDCHAR,
    ['@'] = IDCHAR, ['A'] = IDCHAR, ['B'] = IDCHAR, ['C'] = IDCHAR,  ['D'] = IDCHAR, ['E'] = IDCHAR,
    ['F'] = IDCHAR, ['G'] = IDCHAR, ['H'] = IDCHAR, ['I'] = IDCHAR,  ['J'] = IDCHAR, ['K'] = IDCHAR,
    ['L'] = IDCHAR, ['M'] = IDCHAR, ['N'] = IDCHAR, ['O'] = IDCHAR,  ['P'] = IDCHAR, ['Q'] = IDCHAR,
    ['R'] = IDCHAR, ['S'] = IDCHAR, ['T'] = IDCHAR, ['U'] = IDCHAR,  ['V'] = IDCHAR, ['W'] = IDCHAR,
    ['X'] = IDCHAR, ['Y'] = IDCHAR, ['Z'] = IDCHAR, ['\\'] = IDCHAR, ['^'] = IDCHAR, ['_'] = IDCHAR,
    ['`'] = IDCHAR, ['a'] = IDCHAR, ['b'] = IDCHAR, ['c'] = IDCHAR,  ['d'] = IDCHAR, ['e'] = IDCHAR,
    ['f'] = IDCHAR, ['g'] = IDCHAR, ['h'] = IDCHAR, ['i'] = IDCHAR,  ['j'] = IDCHAR, ['k'] = IDCHAR,
    ['l'] = IDCHAR, ['m'] = IDCHAR, ['n'] = IDCHAR, ['o'] = IDCHAR,  ['p'] = IDCHAR, ['q'] = IDCHAR,
    ['r'] = IDCHAR, ['s'] = IDCHAR, ['t'] = IDCHAR, ['u'] = IDCHAR,  ['v'] = IDCHAR, ['w'] = IDCHAR,
    ['x'] = IDCHAR, ['y'] = IDCHAR, ['z'] = IDCHAR, ['|'] = IDCHAR,  ['~'] = IDCHAR,
};

bool wx_text_is_idchar(unsigned char c) { return classes[c] == IDCHAR; }

static void fail(struct wx_lexer *lx, uint32_t off, const char *message)
{
    if (!lx->fail) {
        lx->fail = message;
        lx->fail_off = off;
    }
    lx->pos = lx->len;
}

/* Length of the well-formed UTF-8 sequence at p, 0 if there is none. */
static unsigned utf8_len(const unsigned char *p, size_t left)
{
    unsigned c = p[0];
    unsigned n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n == 0 || n > left) {
        return 0;
    }
    for (unsigned i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool bad = (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
               (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : n;
}

void wx_lexer_init(struct wx_lexer *lx, const char *text, uint32_t len)
{
    *lx = (struct wx_lexer){.text = text, .len = len, .annot_depth = WX_NO_ANNOT};
    for (uint32_t i = 0; i < len;) {
        unsigned n = utf8_len((const unsigned char *)text + i, len - i);
        if (n == 0) {
            fail(lx, i, "malformed UTF-8 encoding");
            return;
        }
        i += n;
    }
}

static bool at(const struct wx_lexer *lx, char a, char b)
{
    return lx->len - lx->pos >= 2 && lx->text[lx->pos] == a && lx->text[lx->pos + 1] == b;
}

static void skip_line(struct wx_lexer *lx)
{
    while (lx->pos < lx->len && lx->text[lx->pos] != '\n' && lx->text[lx->pos] != '\r') {
        lx->pos++;
    }
}

/* At "(;": to behind the matching ";)". */
static void skip_block_comment(struct wx_lexer *lx)
{
    uint32_t start = lx->pos, open = 0;
    while (lx->pos < lx->len) {
        if (at(lx, '(', ';')) {
            open++;
            lx->pos += 2;
        } else if (at(lx, ';', ')')) {
            lx->pos += 2;
            if (--open == 0) {
                return;
            }
        } else {
            lx->pos++;
        }
    }
    fail(lx, start, "unclosed comment");
}

static void skip_blank(struct wx_lexer *lx)
{
    while (lx->pos < lx->len) {
        if (classes[(unsigned char)lx->text[lx->pos]] == SPACE) {
            lx->pos++;
        } else if (at(lx, ';', ';')) {
            skip_line(lx);
        } else if (at(lx, '(', ';')) {
            skip_block_comment(lx);
        } else {
            return;
        }
    }
}

/* -------- strings -------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * The escape behind a backslash at s: its length and the code point (negative: a raw byte). 0 if
 * it is malformed.
 */
static uint32_t read_escape(const char *s, uint32_t left, int32_t *ret)
{
    static const char letters[] = "tnr\"'\\", values[] = "\t\n\r\"'\\";
    const char *letter = left && s[0] ? strchr(letters, s[0]) : NULL;
    if (letter) {
        *ret = (unsigned char)values[letter - letters];
        return 1;
    }
    if (left >= 2 && hex_digit(s[0]) >= 0 && hex_digit(s[1]) >= 0) {
        *ret = -1 - (hex_digit(s[0]) * 16 + hex_digit(s[1]));
        return 2;
    }
    if (left < 4 || s[0] != 'u' || s[1] != '{') {
        return 0;
    }
    uint32_t i = 2, code = 0;
    for (; i < left && s[i] != '}'; i++) {
        bool separator = s[i] == '_' && i > 2 && hex_digit(s[i - 1]) >= 0 && i + 1 < left &&
                         hex_digit(s[i + 1]) >= 0;
        if (separator) {
            continue;
        }
        if (hex_digit(s[i]) < 0) {
            return 0;
        }
        code = code * 16 + (uint32_t)hex_digit(s[i]);
        if (code >= 0x110000) {
            return 0;
        }
    }
    if (i == left || i == 2 || (code >= 0xd800 && code < 0xe000)) {
        return 0;
    }
    *ret = (int32_t)code;
    return i + 1;
}

/* At a quote: to behind the closing one. False after a failure. */
static bool skip_string(struct wx_lexer *lx)
{
    uint32_t start = lx->pos++;
    while (lx->pos < lx->len) {
        unsigned char c = (unsigned char)lx->text[lx->pos];
        if (c == '"') {
            lx->pos++;
            return true;
        }
        if (c < 0x20 || c == 0x7f) {
            fail(lx, lx->pos,
                 c == '\n' ? "unclosed string" : "illegal control character in a string");
            return false;
        }
        lx->pos++;
        if (c == '\\') {
            int32_t code;
            uint32_t n = read_escape(lx->text + lx->pos, lx->len - lx->pos, &code);
            if (n == 0) {
                fail(lx, lx->pos - 1, "illegal escape in a string");
                return false;
            }
            lx->pos += n;
        }
    }
    fail(lx, start, "unclosed string");
    return false;
}

static void add_utf8(struct wx_strbuf *out, uint32_t c)
{
    char b[4];
    size_t n;
    if (c < 0x80) {
        b[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        b[0] = (char)(0xc0 | c >> 6);
        b[1] = (char)(0x80 | (c & 0x3f));
        n = 2;
    } else if (c < 0x10000) {
        b[0] = (char)(0xe0 | c >> 12);
        b[1] = (char)(0x80 | (c >> 6 & 0x3f));
        b[2] = (char)(0x80 | (c & 0x3f));
        n = 3;
    } else {
        b[0] = (char)(0xf0 | c >> 18);
        b[1] = (char)(0x80 | (c >> 12 & 0x3f));
        b[2] = (char)(0x80 | (c >> 6 & 0x3f));
        b[3] = (char)(0x80 | (c & 0x3f));
        n = 4;
    }
    wx_strbuf_add(out, b, n);
}

void wx_text_unquote(const char *quoted, uint32_t len, struct wx_strbuf *out)
{
    const char *p = quoted + 1, *end = quoted + len - 1;
    while (p < end) {
        const char *run = p;
        while (p < end && *p != '\\') {
            p++;
        }
        wx_strbuf_add(out, run, (size_t)(p - run));
        if (p < end) {
            int32_t code = 0;
            p += 1 + read_escape(p + 1, (uint32_t)(end - p - 1), &code);
            if (code < 0) {
                char byte = (char)(-1 - code);
                wx_strbuf_add(out, &byte, 1);
            } else {
                add_utf8(out, (uint32_t)code);
            }
        }
    }
}

/* -------- tokens -------- */

/* The longest run of identifier characters and strings is one token. */
static struct wx_tok read_word(struct wx_lexer *lx)
{
    uint32_t start = lx->pos, n_strings = 0, last_start = 0;
    while (lx->pos < lx->len) {
        unsigned char c = (unsigned char)lx->text[lx->pos];
        if (c == '"') {
            last_start = lx->pos;
            if (!skip_string(lx)) {
                return (struct wx_tok){.kind = WX_TOK_EOF, .off = start};
            }
            n_strings++;
        } else if (classes[c] == IDCHAR) {
            lx->pos++;
        } else {
            break;
        }
    }
    uint32_t len = lx->pos - start;
    struct wx_tok tok = {.kind = WX_TOK_ATOM, .off = start, .len = len};
    const char *s = lx->text + start;
    bool ends_in_string = n_strings == 1 && s[len - 1] == '"';
    if (len == 0) {
        fail(lx, start, "illegal character");
        tok.kind = WX_TOK_EOF;
    } else if (ends_in_string && last_start == start) {
        tok.kind = WX_TOK_STRING;
    } else if (s[0] == '$') {
        bool quoted = ends_in_string && last_start == start + 1;
        if (len == 1 || (quoted && len == 3)) {
            fail(lx, start, "empty identifier");
            tok.kind = WX_TOK_EOF;
        } else if (n_strings == 0 || quoted) {
            tok.kind = WX_TOK_ID;
        }
    }
    return tok;
}

/* At "(@": true if it is a token, else it was skipped (or the lexer failed). */
static bool read_annotation(struct wx_lexer *lx, struct wx_tok *ret)
{
    uint32_t start = lx->pos;
    lx->pos += 2;
    struct wx_tok id = {0};
    if (lx->pos < lx->len &&
        (lx->text[lx->pos] == '"' || classes[(unsigned char)lx->text[lx->pos]] == IDCHAR)) {
        id = read_word(lx);
    }
    if (id.kind == WX_TOK_EOF || id.len == 0) {
        fail(lx, start, "malformed annotation id");
        return false;
    }
    if (lx->depth == lx->annot_depth && id.len == 6 &&
        memcmp(lx->text + id.off, "custom", 6) == 0) {
        lx->depth++;
        *ret = (struct wx_tok){.kind = WX_TOK_ANNOT, .off = start, .len = lx->pos - start};
        return true;
    }
    for (uint32_t open = 1; open > 0;) {
        skip_blank(lx);
        if (lx->pos >= lx->len) {
            fail(lx, start, "unclosed annotation");
            return false;
        }
        char c = lx->text[lx->pos];
        if (c == '(' || c == ')') {
            open = c == '(' ? open + 1 : open - 1;
            lx->pos++;
        } else if (strchr(",;[]{}", c)) {
            lx->pos++;
        } else if (read_word(lx).kind == WX_TOK_EOF) {
            return false;
        }
    }
    return false;
}

struct wx_tok wx_lexer_next(struct wx_lexer *lx)
{
    struct wx_tok tok = {0};
    for (;;) {
        skip_blank(lx);
        if (lx->pos >= lx->len) {
            tok.off = lx->fail ? lx->fail_off : lx->len;
            return tok;
        }
        if (!at(lx, '(', '@')) {
            break;
        }
        if (read_annotation(lx, &tok)) {
            return tok;
        }
    }
    char c = lx->text[lx->pos];
    tok = (struct wx_tok){.kind = WX_TOK_LPAR, .off = lx->pos, .len = 1};
    if (c == '(') {
        lx->depth++;
    } else if (c == ')') {
        tok.kind = WX_TOK_RPAR;
        lx->depth -= lx->depth > 0;
    } else if (c && strchr(",;[]{}", c)) {
        tok.kind = WX_TOK_ATOM;
    } else {
        return read_word(lx);
    }
    lx->pos++;
    return tok;
}
