/* SPDX-License-Identifier: Apache-2.0 */
/* Places in text: detection, line and column, excerpts for errors. */
#include <stdio.h>
#include <string.h>

#include "wasm/text/lexer.h"
#include "wasm/text/text.h"

/* Longest piece of a line that an excerpt shows, in bytes. */
#define EXCERPT_BYTES 100

bool wx_text_detect(const void *bytes, size_t len)
{
    const char *s = bytes;
    size_t i = 0;
    while (i < len && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r')) {
        i++;
    }
    return i < len && (s[i] == '(' || (s[i] == ';' && i + 1 < len && s[i + 1] == ';'));
}

static bool is_continuation(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

void wx_text_position(const char *text, size_t len, size_t off, uint32_t *ret_line,
                      uint32_t *ret_column)
{
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < off && i < len; i++) {
        bool crlf = text[i] == '\r' && i + 1 < len && text[i + 1] == '\n';
        if (text[i] == '\n' || (text[i] == '\r' && !crlf)) {
            line++;
            column = 1;
        } else {
            column += !is_continuation(text[i]);
        }
    }
    *ret_line = line;
    *ret_column = column;
}

/* The piece of the line around `off`: [*ret_from, return value). */
static size_t excerpt_range(const char *text, size_t len, size_t off, size_t *ret_from)
{
    size_t from = off, to = off;
    while (from > 0 && off - from < EXCERPT_BYTES / 2 && text[from - 1] != '\n' &&
           text[from - 1] != '\r') {
        from--;
    }
    while (to < len && to - from < EXCERPT_BYTES && text[to] != '\n' && text[to] != '\r') {
        to++;
    }
    while (from < off && is_continuation(text[from])) {
        from++;
    }
    while (to > off && to < len && is_continuation(text[to])) {
        to--;
    }
    *ret_from = from;
    return to;
}

void wx_text_point_at(const char *text, size_t len, size_t off, wax_error **err)
{
    uint32_t line, column;
    off = off < len ? off : len;
    wx_text_position(text, len, off, &line, &column);
    size_t from, to = excerpt_range(text, len, off, &from);
    char excerpt[2 * EXCERPT_BYTES + 8];
    size_t n = 0;
    for (size_t i = from; i < to; i++) { /* what a terminal might obey is not shown */
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f) {
            excerpt[n++] = ' ';
        } else {
            excerpt[n++] = text[i];
        }
    }
    excerpt[n++] = '\n';
    for (size_t i = from; i < off; i++) {
        if (!is_continuation(text[i])) {
            excerpt[n++] = ' ';
        }
    }
    excerpt[n++] = '^';
    excerpt[n] = '\0';
    wx_error_set_source(err, line, column, excerpt);
}

void wx_text_locate(const struct wx_text_module *module, const char *text, size_t len,
                    wax_error **err)
{
    uint64_t off = err && *err ? wax_error_offset(*err) : WAX_NO_OFFSET;
    if (off == WAX_NO_OFFSET || module->n_marks == 0) {
        return;
    }
    size_t low = 0, high = module->n_marks; /* the last mark at or before off */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (module->marks[mid].off <= off) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low) {
        wx_text_point_at(text, len, module->marks[low - 1].text_off, err);
    }
}
