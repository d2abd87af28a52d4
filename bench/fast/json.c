/* SPDX-License-Identifier: Apache-2.0 */
/* Makes 40 KiB of JSON and parses it by recursive descent: numbers, strings, nested lists. */
#include "bench.h"

#define SIZE 40960

static char text[SIZE + 256];

struct parser {
    const char *p, *end;
    uint64_t sum;
    uint32_t errors, depth;
};

static char *put(char *at, const char *s)
{
    while (*s != 0) {
        *at++ = *s++;
    }
    return at;
}

static char *put_number(char *at, uint32_t v)
{
    char digits[10];
    int n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    while (n > 0) {
        *at++ = digits[--n];
    }
    return at;
}

static void make_json(uint32_t seed)
{
    char *at = put(text, "[\n");
    while (at < text + SIZE - 200) {
        at = put(at, "  {\"id\": ");
        at = put_number(at, next_random(&seed));
        at = put(at, seed & 4 ? ", \"name\": \"red \\\"stone\\\"\\n\"" : ", \"name\": \"bird\"");
        at = put(at, seed & 8 ? ", \"live\": true, \"at\": [" : ", \"live\": null, \"at\": [[], -");
        at = put_number(at, seed >> 20);
        *at++ = '.';
        at = put_number(at, seed >> 12 & 255);
        at = put(at, "e-2, 0]},\n");
    }
    at = put(at, "  false]\n");
    while (at < text + sizeof text) {
        *at++ = ' ';
    }
}

static void skip_space(struct parser *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')) {
        s->p++;
    }
}

static int take(struct parser *s, char c)
{
    skip_space(s);
    if (s->p < s->end && *s->p == c) {
        s->p++;
        return 1;
    }
    return 0;
}

static void parse_string(struct parser *s)
{
    uint32_t hash = 5381;
    while (s->p < s->end && *s->p != '"') {
        char c = *s->p++;
        if (c == '\\' && s->p < s->end) {
            c = *s->p++;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        hash = hash * 33 + (uint8_t)c;
    }
    s->errors += !take(s, '"');
    s->sum = mix(s->sum, hash);
}

static void parse_number(struct parser *s)
{
    double v = 0, scale = 1;
    int negative = *s->p == '-', exponent = 0, down = 0;
    s->p += negative;
    while (*s->p >= '0' && *s->p <= '9') {
        v = v * 10 + (*s->p++ - '0');
    }
    if (*s->p == '.') {
        for (s->p++; *s->p >= '0' && *s->p <= '9'; s->p++) {
            scale /= 10;
            v += (*s->p - '0') * scale;
        }
    }
    if (*s->p == 'e') {
        down = *++s->p == '-';
        s->p += down;
        while (*s->p >= '0' && *s->p <= '9') {
            exponent = exponent * 10 + (*s->p++ - '0');
        }
    }
    for (; exponent > 0 && exponent < 400; exponent--) {
        v = down ? v / 10 : v * 10;
    }
    s->sum = mix(s->sum, double_bits(negative ? -v : v));
}

static void parse_word(struct parser *s, const char *word)
{
    while (*word != 0 && s->p < s->end && *s->p == *word) {
        s->p++;
        word++;
    }
    s->errors += *word != 0;
    s->sum++;
}

static void parse_value(struct parser *s);

static void parse_items(struct parser *s, char end, int keys)
{
    if (take(s, end)) {
        return;
    }
    s->depth++;
    do {
        if (keys) {
            s->errors += !take(s, '"');
            parse_string(s);
            s->errors += !take(s, ':');
        }
        parse_value(s);
    } while (take(s, ','));
    s->depth--;
    s->errors += !take(s, end);
    s->sum = mix(s->sum, s->depth);
}

static void parse_value(struct parser *s)
{
    skip_space(s);
    switch (s->p < s->end && s->depth < 50 ? *s->p : 0) {
    case '{':
        s->p++;
        parse_items(s, '}', 1);
        break;
    case '[':
        s->p++;
        parse_items(s, ']', 0);
        break;
    case '"':
        s->p++;
        parse_string(s);
        break;
    case 't': parse_word(s, "true"); break;
    case 'f': parse_word(s, "false"); break;
    case 'n': parse_word(s, "null"); break;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': parse_number(s); break;
    default: s->errors++; s->p = s->end;
    }
}

uint64_t kernel(uint32_t rounds)
{
    uint64_t sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        make_json(round + 1);
        struct parser s = {text, text + SIZE, sum, 0, 0};
        parse_value(&s);
        sum = mix(s.sum, s.errors + 1);
    }
    return sum;
}
