/* SPDX-License-Identifier: Apache-2.0 */
/* Number literals: integers, and floats with exact rounding. */
/*
 * A float literal is reduced to m x 2^e with m of 64 bits and a "sticky" flag for what was cut off;
 * round_pack() alone rounds. Hexadecimal forms reduce by shifting. Decimal ones are D x 10^x: with
 * few digits and a small x in 128 bits, otherwise with big integers, where one quotient digit in
 * base 2^64 is all the precision needed. Digits past the 800th only matter as "something follows"
 * (the longest halfway point of a double has 767 digits). No table, no C library, no locale.
 */
#include "wasm/text/number.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

typedef unsigned __int128 u128;

#define MAX_DIGITS 800
#define BIG_LIMBS 80 /* 10^(324 + 801) has 3738 bits; 64 more for the quotient */

struct format {
    unsigned frac_bits;
    int bias;
};
static const struct format formats[2] = {{23, 127}, {52, 1023}};

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char l = (char)(c | 0x20);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : 99;
}

/* -------- integers -------- */

enum wx_num_result wx_text_nat(const char *s, uint32_t len, unsigned bits, uint64_t *ret)
{
    unsigned base = 10;
    if (len > 2 && s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
        len -= 2;
    }
    uint64_t v = 0;
    bool over = false, after_digit = false;
    for (uint32_t i = 0; i < len; i++) {
        if (s[i] == '_' && after_digit) {
            after_digit = false; /* a digit must follow */
            continue;
        }
        unsigned d = (unsigned)digit_value(s[i]);
        if (d >= base) {
            return WX_NUM_SYNTAX;
        }
        over |= !wx_mul_ok(v, (uint64_t)base, &v);
        over |= !wx_add_ok(v, (uint64_t)d, &v);
        after_digit = true;
    }
    if (!after_digit) {
        return WX_NUM_SYNTAX;
    }
    if (over || (bits < 64 && v >> bits)) {
        return WX_NUM_RANGE;
    }
    *ret = v;
    return WX_NUM_OK;
}

enum wx_num_result wx_text_int(const char *s, uint32_t len, unsigned bits, uint64_t *ret)
{
    bool minus = len && s[0] == '-';
    uint32_t skip = len && (s[0] == '-' || s[0] == '+');
    uint64_t v;
    enum wx_num_result r = wx_text_nat(s + skip, len - skip, bits, &v);
    if (r != WX_NUM_OK) {
        return r;
    }
    if (minus && v > UINT64_C(1) << (bits - 1)) {
        return WX_NUM_RANGE;
    }
    v = minus ? 0 - v : v;
    *ret = bits < 64 ? v & ((UINT64_C(1) << bits) - 1) : v;
    return WX_NUM_OK;
}

/* -------- rounding -------- */

/* m x 2^e (m != 0), more behind it if sticky, to the nearest float; false if that is infinite. */
static bool round_pack(const struct format *f, uint64_t m, int64_t e, bool sticky, uint64_t *ret)
{
    int lead = __builtin_clzll(m);
    m <<= lead;
    int64_t exp = e - lead + 63; /* of the leading bit */
    int64_t min_exp = 1 - f->bias;
    if (exp > f->bias) {
        return false;
    }
    uint64_t drop = 63 - f->frac_bits;
    if (exp < min_exp) {
        drop += (uint64_t)(min_exp - exp);
        exp = min_exp;
    }
    if (drop > 64) {
        *ret = 0; /* less than half of the least denormal */
        return true;
    }
    uint64_t q = drop == 64 ? 0 : m >> drop;
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t rest = drop == 64 ? m : m & ((half << 1) - 1);
    if (rest > half || (rest == half && (sticky || (q & 1)))) {
        q++;
    }
    *ret = ((uint64_t)((int64_t)exp + f->bias - 1) << f->frac_bits) +
           q; /* a carry moves the exponent */
    return *ret >> f->frac_bits != (uint64_t)f->bias * 2 + 1;
}

static bool round_u128(const struct format *f, u128 v, int64_t e, bool sticky, uint64_t *ret)
{
    uint64_t high = (uint64_t)(v >> 64);
    unsigned shift = high ? 64 - (unsigned)__builtin_clzll(high) : 0;
    sticky |= shift && (uint64_t)(v << (64 - shift) & UINT64_MAX) != 0;
    return round_pack(f, (uint64_t)(v >> shift), e + shift, sticky, ret);
}

/* -------- big integers, least limb first, no leading zero limbs -------- */

struct big {
    unsigned n;
    uint64_t w[BIG_LIMBS];
};

static void big_mul_add(struct big *b, uint64_t factor, uint64_t add)
{
    u128 carry = add;
    for (unsigned i = 0; i < b->n; i++) {
        carry += (u128)b->w[i] * factor;
        b->w[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry) {
        wx_assert(b->n < BIG_LIMBS);
        b->w[b->n++] = (uint64_t)carry;
    }
}

static void big_mul_pow10(struct big *b, unsigned x)
{
    for (; x >= 19; x -= 19) {
        big_mul_add(b, UINT64_C(10000000000000000000), 0);
    }
    uint64_t rest = 1;
    while (x--) {
        rest *= 10;
    }
    big_mul_add(b, rest, 0);
}

static unsigned big_bits(const struct big *b)
{
    return b->n ? b->n * 64 - (unsigned)__builtin_clzll(b->w[b->n - 1]) : 0;
}

static void big_shl(struct big *b, unsigned by)
{
    unsigned limbs = by / 64, bits = by % 64;
    wx_assert(b->n + limbs + 1 <= BIG_LIMBS);
    memmove(b->w + limbs, b->w, b->n * sizeof *b->w);
    memset(b->w, 0, limbs * sizeof *b->w);
    b->n += limbs;
    uint64_t carry = 0;
    for (unsigned i = limbs; bits && i < b->n; i++) {
        uint64_t w = b->w[i];
        b->w[i] = w << bits | carry;
        carry = w >> (64 - bits);
    }
    if (carry) {
        b->w[b->n++] = carry;
    }
}

/* The top 64 bits of b; *ret_e is the weight of the lowest of them. */
static uint64_t big_top(const struct big *b, int64_t *ret_e, bool *ret_sticky)
{
    uint64_t top = b->w[b->n - 1];
    unsigned lead = (unsigned)__builtin_clzll(top);
    *ret_e = (int64_t)(b->n - 1) * 64 - lead;
    uint64_t next = b->n > 1 ? b->w[b->n - 2] : 0;
    *ret_sticky = (next << lead) != 0;
    for (unsigned i = 0; i + 2 < b->n; i++) {
        *ret_sticky |= b->w[i] != 0;
    }
    return lead ? top << lead | next >> (64 - lead) : top;
}

/*
 * num / den where bits(num) = bits(den) + 63, hence a quotient of 63 or 64 bits: one digit of
 * schoolbook division (Knuth, TAOCP 2, 4.3.1 D) in base 2^64. den is normalised here.
 */
static uint64_t big_quotient(struct big *num, struct big *den, bool *ret_sticky)
{
    unsigned lead = (unsigned)__builtin_clzll(den->w[den->n - 1]);
    big_shl(num, lead);
    big_shl(den, lead);
    unsigned n = den->n;
    for (unsigned i = num->n; i <= n; i++) {
        num->w[i] = 0;
    }
    u128 top = (u128)num->w[n] << 64 | num->w[n - 1];
    uint64_t q =
        num->w[n] >= den->w[n - 1] ? UINT64_MAX : (uint64_t)(top / den->w[n - 1]); /* <= 2 over */
    u128 carry = 0;
    uint64_t borrow = 0;
    for (unsigned i = 0; i <= n; i++) {
        carry += (u128)(i < n ? den->w[i] : 0) * q;
        u128 diff = (u128)num->w[i] - (uint64_t)carry - borrow;
        num->w[i] = (uint64_t)diff;
        borrow = diff >> 64 != 0;
        carry >>= 64;
    }
    while (borrow) { /* q was too big: add den back */
        q--;
        uint64_t c = 0;
        for (unsigned i = 0; i <= n; i++) {
            u128 sum = (u128)num->w[i] + (i < n ? den->w[i] : 0) + c;
            num->w[i] = (uint64_t)sum;
            c = (uint64_t)(sum >> 64);
        }
        borrow = c ? 0 : 1;
    }
    *ret_sticky = false;
    for (unsigned i = 0; i <= n; i++) {
        *ret_sticky |= num->w[i] != 0;
    }
    return q;
}

/* -------- decimal -------- */

struct digits {
    unsigned n;  /* significant ones kept */
    int64_t exp; /* value = digits x 10^exp */
    uint8_t d[MAX_DIGITS + 1];
};

static uint64_t pow10_u64(unsigned x)
{
    uint64_t v = 1;
    while (x--) {
        v *= 10;
    }
    return v;
}

static bool decimal_small(const struct format *f, const struct digits *d, uint64_t *ret)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < d->n; i++) {
        v = v * 10 + d->d[i];
    }
    if (d->exp >= 0) {
        return round_u128(f, (u128)v * pow10_u64((unsigned)d->exp), 0, false, ret);
    }
    uint64_t den = pow10_u64((unsigned)-d->exp);
    unsigned lead = (unsigned)__builtin_clzll(v);
    u128 num = (u128)(v << lead) << 64;
    return round_u128(f, num / den, -64 - (int64_t)lead, num % den != 0, ret);
}

static bool decimal_big(const struct format *f, const struct digits *d, uint64_t *ret)
{
    struct big num = {.n = 0};
    for (unsigned i = 0; i < d->n; i++) {
        big_mul_add(&num, 10, d->d[i]);
    }
    int64_t e = 0;
    bool sticky;
    if (d->exp >= 0) {
        big_mul_pow10(&num, (unsigned)d->exp);
        uint64_t m = big_top(&num, &e, &sticky);
        return round_pack(f, m, e, sticky, ret);
    }
    struct big den = {.n = 1, .w = {1}};
    big_mul_pow10(&den, (unsigned)-d->exp);
    int64_t shift = (int64_t)big_bits(&den) + 63 - (int64_t)big_bits(&num);
    if (shift >= 0) {
        big_shl(&num, (unsigned)shift);
    } else {
        big_shl(&den, (unsigned)-shift);
    }
    uint64_t m = big_quotient(&num, &den, &sticky);
    return round_pack(f, m, -shift, sticky, ret);
}

static bool round_decimal(const struct format *f, struct digits *d, uint64_t *ret)
{
    while (d->n && d->d[d->n - 1] == 0) { /* fewer digits, smaller numbers */
        d->n--;
        d->exp++;
    }
    int64_t magnitude = (int64_t)d->n + d->exp; /* value < 10^magnitude */
    if (d->n == 0 || magnitude < -330) {
        *ret = 0;
        return true;
    }
    if (magnitude > 310) {
        return false;
    }
    bool small = d->n <= 19 && d->exp >= -19 && d->exp <= 19;
    return small ? decimal_small(f, d, ret) : decimal_big(f, d, ret);
}

/* -------- parsing floats -------- */

struct scanner {
    const char *p, *end;
};

/* Digits with single underscores between them; each goes to take(). False if there is none. */
static bool scan_digits(struct scanner *s, unsigned base,
                        void (*take)(void *to, unsigned d, bool frac), void *to, bool frac)
{
    bool any = false;
    while (s->p < s->end) {
        unsigned d = (unsigned)digit_value(*s->p);
        if (d < base) {
            take(to, d, frac);
            any = true;
        } else if (!(*s->p == '_' && any && s->p[-1] != '_' && s->p + 1 < s->end &&
                     (unsigned)digit_value(s->p[1]) < base)) {
            break;
        }
        s->p++;
    }
    return any;
}

static void take_exponent(void *to, unsigned d, bool frac)
{
    (void)frac;
    int64_t *e = to;
    if (*e < 1000000000000) { /* beyond any literal that fits in memory */
        *e = *e * 10 + d;
    }
}

/* "e+10" or "p-3", where `letter` is the lower-case one. True if all was read. */
static bool scan_exponent(struct scanner *s, char letter, int64_t *ret)
{
    *ret = 0;
    if (s->p == s->end) {
        return true;
    }
    if ((*s->p | 0x20) != letter) {
        return false;
    }
    s->p++;
    bool minus = s->p < s->end && *s->p == '-';
    s->p += s->p < s->end && (*s->p == '-' || *s->p == '+');
    bool ok = scan_digits(s, 10, take_exponent, ret, false) && s->p == s->end;
    *ret = minus ? -*ret : *ret;
    return ok;
}

/* NUM or NUM. or NUM.FRAC */
static bool scan_mantissa(struct scanner *s, unsigned base, void (*take)(void *, unsigned, bool),
                          void *to)
{
    if (!scan_digits(s, base, take, to, false)) {
        return false;
    }
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        (void)scan_digits(s, base, take, to, true); /* may be empty */
    }
    return true;
}

struct hex {
    uint64_t m;
    int64_t e;
    bool sticky;
};

static void take_hex(void *to, unsigned d, bool frac)
{
    struct hex *h = to;
    if (h->m >> 60) {
        h->sticky |= d != 0;
        h->e += frac ? 0 : 4;
    } else {
        h->m = h->m << 4 | d;
        h->e -= frac ? 4 : 0;
    }
}

static void take_decimal(void *to, unsigned d, bool frac)
{
    struct digits *v = to;
    if (v->n == 0 && d == 0) {
        v->exp -= frac;
    } else if (v->n < MAX_DIGITS) {
        v->d[v->n++] = (uint8_t)d;
        v->exp -= frac;
    } else {
        if (d && v->n == MAX_DIGITS) { /* something follows: a digit that says so */
            v->d[v->n++] = 1;
            v->exp--;
        }
        v->exp += !frac;
    }
}

static enum wx_num_result read_hex(struct scanner s, const struct format *f, uint64_t *ret)
{
    struct hex h = {0};
    int64_t e;
    if (!scan_mantissa(&s, 16, take_hex, &h) || !scan_exponent(&s, 'p', &e)) {
        return WX_NUM_SYNTAX;
    }
    if (h.m == 0) {
        *ret = 0;
        return WX_NUM_OK;
    }
    return round_pack(f, h.m, h.e + e, h.sticky, ret) ? WX_NUM_OK : WX_NUM_RANGE;
}

static enum wx_num_result read_decimal(struct scanner s, const struct format *f, uint64_t *ret)
{
    struct digits d;
    d.n = 0;
    d.exp = 0;
    int64_t e;
    if (!scan_mantissa(&s, 10, take_decimal, &d) || !scan_exponent(&s, 'e', &e)) {
        return WX_NUM_SYNTAX;
    }
    d.exp += e;
    return round_decimal(f, &d, ret) ? WX_NUM_OK : WX_NUM_RANGE;
}

static enum wx_num_result read_nan(const char *s, size_t len, const struct format *f, uint64_t *ret)
{
    uint64_t exponent = (uint64_t)(2 * f->bias + 1) << f->frac_bits;
    if (len == 3) {
        *ret = exponent | UINT64_C(1) << (f->frac_bits - 1);
        return WX_NUM_OK;
    }
    uint64_t payload;
    if (len < 7 || memcmp(s, "nan:0x", 6) != 0) {
        return WX_NUM_SYNTAX;
    }
    enum wx_num_result r = wx_text_nat(s + 4, (uint32_t)len - 4, f->frac_bits, &payload);
    if (r == WX_NUM_OK && payload == 0) {
        return WX_NUM_RANGE;
    }
    *ret = r == WX_NUM_OK ? exponent | payload : 0;
    return r;
}

static enum wx_num_result read_magnitude(struct scanner s, const struct format *f, uint64_t *ret)
{
    size_t len = (size_t)(s.end - s.p);
    if (len == 3 && memcmp(s.p, "inf", 3) == 0) {
        *ret = (uint64_t)(2 * f->bias + 1) << f->frac_bits;
        return WX_NUM_OK;
    }
    if (len >= 3 && memcmp(s.p, "nan", 3) == 0) {
        return read_nan(s.p, len, f, ret);
    }
    if (len > 2 && s.p[0] == '0' && s.p[1] == 'x') {
        s.p += 2;
        return read_hex(s, f, ret);
    }
    return read_decimal(s, f, ret);
}

enum wx_num_result wx_text_float(const char *s, uint32_t len, unsigned bits, uint64_t *ret)
{
    struct scanner scan = {s, s + len};
    bool minus = len && s[0] == '-';
    scan.p += len && (s[0] == '-' || s[0] == '+');
    enum wx_num_result r = read_magnitude(scan, &formats[bits == 64], ret);
    if (r == WX_NUM_OK && minus) {
        *ret |= UINT64_C(1) << (bits - 1);
    }
    return r;
}

/* -------- printing floats -------- */

static unsigned put(char *buf, const char *s)
{
    size_t len = strlen(s);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): callers go on behind it */
    memcpy(buf, s, len);
    return (unsigned)len;
}

/* m / 10^places with the point in its place. */
static unsigned put_decimal(char *buf, uint64_t m, unsigned places)
{
    char digits[24];
    unsigned n = 0, len = 0;
    while (m || n <= places) {
        digits[n++] = (char)('0' + m % 10);
        m /= 10;
    }
    while (n) {
        buf[len++] = digits[--n];
        if (n == places && n) {
            buf[len++] = '.';
        }
    }
    return len;
}

/* A decimal form of at most 15 digits, 9 of them behind the point, that reads back alike. */
static unsigned try_decimal(uint64_t magnitude, unsigned width, char *buf)
{
    double v;
    if (width == 64) {
        memcpy(&v, &magnitude, sizeof v);
    } else {
        float narrow;
        uint32_t low = (uint32_t)magnitude;
        memcpy(&narrow, &low, sizeof narrow);
        v = (double)narrow;
    }
    if (!(v < 1e15)) {
        return 0;
    }
    double scale = 1;
    for (unsigned places = 0; places <= 9 && v * scale < 1e15; places++, scale *= 10) {
        uint64_t m = (uint64_t)(v * scale + 0.5), back;
        unsigned len = put_decimal(buf, m, places);
        if (wx_text_float(buf, len, width, &back) == WX_NUM_OK && back == magnitude) {
            return len;
        }
    }
    return 0;
}

static unsigned put_hex(uint64_t magnitude, const struct format *f, char *buf)
{
    uint64_t frac = magnitude & ((UINT64_C(1) << f->frac_bits) - 1);
    int exp = (int)(magnitude >> f->frac_bits);
    bool normal = exp != 0;
    frac <<= (4 - f->frac_bits % 4) % 4; /* whole hexadecimal digits */
    unsigned n = (f->frac_bits + 3) / 4;
    while (n > 1 && (frac & 15) == 0) {
        frac >>= 4;
        n--;
    }
    int power = normal ? exp - f->bias : 1 - f->bias;
    return (unsigned)snprintf(buf, WX_FLOAT_TEXT_MAX, "0x%d.%0*llxp%+d", normal, (int)n,
                              (unsigned long long)frac, power);
}

uint32_t wx_text_float_print(uint64_t bits, unsigned width, char *buf)
{
    const struct format *f = &formats[width == 64];
    uint64_t magnitude = bits & ((UINT64_C(1) << (width - 1)) - 1);
    uint64_t infinity = (uint64_t)(2 * f->bias + 1) << f->frac_bits;
    unsigned len = 0;
    if (bits >> (width - 1) & 1) {
        buf[len++] = '-';
    }
    if (magnitude == infinity) {
        return len + put(buf + len, "inf");
    }
    if (magnitude > infinity) {
        uint64_t payload = magnitude - infinity;
        if (payload == UINT64_C(1) << (f->frac_bits - 1)) {
            return len + put(buf + len, "nan");
        }
        return len + (unsigned)snprintf(buf + len, WX_FLOAT_TEXT_MAX - 1, "nan:0x%llx",
                                        (unsigned long long)payload);
    }
    unsigned n = try_decimal(magnitude, width, buf + len);
    return len + (n ? n : put_hex(magnitude, f, buf + len));
}
