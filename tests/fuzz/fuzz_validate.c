/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a function body in a module that has everything a body can name. */
/*
 * Byte 0 chooses the function's type, and with bit 3 the module is one without vectors and tags;
 * the rest is the body, locals first. A valid body that the tiers can run is run.
 */
#include <string.h>

#include "fuzz.h"

static const uint8_t head[] = "\0asm\1\0\0\0";
/* 0 [] -> []; 1 [i32] -> [i32]; 2 [i64 f32] -> [f64]; 3 [] -> [i32 i64]; 4 [v128] -> [v128];
   5 [funcref externref] -> [funcref]; 6 [i32 i32] -> []; 7 [f64 f64] -> [f32 f32] */
static const char types[] = "\x08\x60\0\0\x60\1\x7f\1\x7f\x60\2\x7e\x7d\1\x7c\x60\0\2\x7f\x7e"
                            "\x60\1\x7b\1\x7b\x60\2\x70\x6f\1\x70\x60\2\x7f\x7f\0\x60\2\x7c\x7c\2"
                            "\x7d\x7d";
/* Function 0: the body at hand; 1, 2, 3 of types 1, 2, 0. */
static const char tables[] = "\3\x70\1\4\x08\x6f\1\4\x08\x70\5\4\x08";
static const char memories[] = "\3\1\1\2\3\1\2\5\1\2"; /* plain, shared, 64-bit */
static const char tags[] = "\2\0\0\0\6";
/* mutable i32, i64, f32, f64; an immutable i32; mutable funcref */
static const char globals[] =
    "\6\x7f\1\x41\7\x0b\x7e\1\x42\7\x0b\x7d\1\x43\0\0\x80\x3f\x0b"
    "\x7c\1\x44\0\0\0\0\0\0\xf0\x3f\x0b\x7f\0\x41\3\x0b\x70\1\xd0\x70\x0b";
static const char exports[] = "\4\1f\0\0\1m\2\0\1g\3\0\1t\1\0";
/* active: functions 0-3; passive; declared 0-3 */
static const char elems[] = "\3\0\x41\0\x0b\4\0\1\2\3\1\0\2\0\1\3\0\4\0\1\2\3";
static const char others[] = "\4\0\x20\0\x0b\x0b\0\x44\0\0\0\0\0\0\xf0\x3f\x0b\2\0\x0b";
static const char datas[] = "\2\0\x41\0\x0b\4wxyz\1\3abc";

static size_t put(uint8_t *out, size_t at, uint8_t id, const void *p, size_t n)
{
    out[at++] = id;
    for (size_t v = n, more = 1; more; v >>= 7) {
        more = v > 0x7f;
        out[at++] = (uint8_t)((v & 0x7f) | (more ? 0x80 : 0));
    }
    memcpy(out + at, p, n);
    return at + n;
}
#define PUT(ID, LITERAL) at = put(out, at, ID, LITERAL, sizeof(LITERAL) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[1 << 16], code[1 << 15];
    if (size < 2 || size > 8192) {
        return 0;
    }
    size_t body_len = size - 1, at = 0;
    const char funcs[] = {4, (char)(data[0] % 8), 1, 2, 0};
    memcpy(out, head, 8);
    at = 8;
    char plain[sizeof types];
    for (size_t i = 0; i < sizeof types; i++) {
        plain[i] = types[i] == 0x7b && (data[0] & 8) ? 0x7e : types[i];
    }
    at = put(out, at, 1, plain, sizeof types - 1);
    at = put(out, at, 3, funcs, sizeof funcs);
    PUT(4, tables);
    PUT(5, memories);
    if (!(data[0] & 8)) {
        PUT(13, tags);
    }
    PUT(6, globals);
    PUT(7, exports);
    PUT(9, elems);
    at = put(out, at, 12, "\2", 1);
    size_t n = 0;
    code[n++] = 4;
    code[n++] = (uint8_t)(body_len & 0x7f) | 0x80;
    code[n++] = (uint8_t)(body_len >> 7);
    memcpy(code + n, data + 1, body_len);
    n += body_len;
    memcpy(code + n, others, sizeof others - 1);
    /* three bodies: [i32] -> [i32], [i64 f32] -> [f64], [] -> []; lengths come first in each */
    n += sizeof others - 1;
    at = put(out, at, 10, code, n);
    PUT(11, datas);
    fuzz_dump(out, at);
    fuzz_decode(out, at);
    fuzz_tiers(out, at, data[0], 0);
    return 0;
}
