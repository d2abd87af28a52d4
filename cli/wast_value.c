/* SPDX-License-Identifier: Apache-2.0 */
/* Values of spec scripts: as arguments, and compared with results. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wast.h"

static const char *const type_names[] = {"i32",  "i64",     "f32",       "f64",
                                         "v128", "funcref", "externref", "exnref"};

/* Host reference N of the script: the same reference each time, data = N + 1. */
static int host_ref(struct wast *w, uint64_t number, wax_value *ret)
{
    void *data = (void *)(uintptr_t)(number + 1);
    for (unsigned i = 0; i < w->n_externs; i++) {
        if (wax_externref_data(w->store, &w->externs[i]) == data) {
            *ret = w->externs[i];
            return 0;
        }
    }
    if (w->n_externs == sizeof w->externs / sizeof *w->externs ||
        wax_store_externref(w->store, data, NULL, ret, NULL) != WAX_OK) {
        return -1;
    }
    w->externs[w->n_externs++] = *ret;
    return 0;
}

int wast_value(struct wast *w, const wax_script_value *from, wax_value *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->type = from->type;
    switch (from->kind) {
    case WAX_SCRIPT_NUMBER:
    case WAX_SCRIPT_VECTOR: memcpy(&ret->of, from->bits, sizeof from->bits); return 0;
    case WAX_SCRIPT_REF_NULL: return from->type == WAX_SCRIPT_ANY_TYPE ? -1 : 0;
    case WAX_SCRIPT_REF_HOST: return host_ref(w, from->number, ret);
    default: return -1;
    }
}

/* NaN patterns: canonical = only the quiet bit, arithmetic = the quiet bit and anything. */
static int matches_float(uint64_t bits, uint64_t want, int nan, unsigned width)
{
    unsigned frac_bits = width == 64 ? 52 : 23;
    if (nan == WAX_SCRIPT_EXACT) {
        return bits == want;
    }
    uint64_t quiet = UINT64_C(1) << (frac_bits - 1);
    uint64_t sign = UINT64_C(1) << (width - 1);
    uint64_t exponent = (sign - 1) & ~((UINT64_C(1) << frac_bits) - 1);
    uint64_t magnitude = bits & (sign - 1);
    if (nan == WAX_SCRIPT_NAN_CANONICAL) {
        return magnitude == (exponent | quiet);
    }
    return (magnitude & (exponent | quiet)) == (exponent | quiet);
}

static uint64_t lane_bits(const void *from, unsigned width)
{
    uint64_t v = 0;
    memcpy(&v, from, width / 8);
    return v;
}

static int matches_vector(const wax_value *v, const wax_script_value *want)
{
    unsigned lane = (unsigned)want->lane;
    for (unsigned i = 0; i < 128 / lane; i++) {
        uint64_t got = lane_bits(v->of.v128 + i * lane / 8, lane);
        uint64_t expected = lane_bits(want->bits + i * lane / 8, lane);
        if (want->is_float ? !matches_float(got, expected, want->nan[i], lane) : got != expected) {
            return 0;
        }
    }
    return 1;
}

static int is_null(const wax_value *v) { return v->type >= WAX_FUNCREF && v->of.externref == 0; }

int wast_matches(struct wast *w, const wax_value *v, const wax_script_value *want)
{
    if (want->kind == WAX_SCRIPT_EITHER) {
        for (size_t i = 0; i < want->n_values; i++) {
            if (wast_matches(w, v, &want->values[i])) {
                return 1;
            }
        }
        return 0;
    }
    if (want->type != WAX_SCRIPT_ANY_TYPE && v->type != want->type) {
        return 0;
    }
    unsigned width = v->type == WAX_I32 || v->type == WAX_F32 ? 32 : 64;
    switch (want->kind) {
    case WAX_SCRIPT_NUMBER:
        return matches_float(lane_bits(&v->of, width), lane_bits(want->bits, width), want->nan[0],
                             width);
    case WAX_SCRIPT_VECTOR: return matches_vector(v, want);
    case WAX_SCRIPT_REF_NULL: return is_null(v);
    case WAX_SCRIPT_REF_HOST:
        return wax_externref_data(w->store, v) == (void *)(uintptr_t)(want->number + 1);
    default: return v->type >= WAX_FUNCREF && !is_null(v);
    }
}

static const char *bytes_text(int32_t type, const void *bits, char *buf, size_t size)
{
    const uint8_t *b = bits;
    if (type == WAX_V128) {
        (void)snprintf(buf, size, "v128:0x%016" PRIx64 "%016" PRIx64, lane_bits(b + 8, 64),
                       lane_bits(b, 64));
    } else {
        unsigned width = type == WAX_I32 || type == WAX_F32 ? 32 : 64;
        (void)snprintf(buf, size, "%s:0x%" PRIx64,
                       type >= 0 && type <= WAX_EXNREF ? type_names[type] : "?",
                       lane_bits(b, width));
    }
    return buf;
}

const char *wast_text(const wax_value *v, char *buf, size_t size)
{
    return bytes_text(v->type, &v->of, buf, size);
}

const char *wast_expected_text(const wax_script_value *v, char *buf, size_t size)
{
    switch (v->kind) {
    case WAX_SCRIPT_NUMBER:
        if (v->nan[0]) {
            return v->nan[0] == WAX_SCRIPT_NAN_CANONICAL ? "a canonical NaN" : "an arithmetic NaN";
        }
        return bytes_text(v->type, v->bits, buf, size);
    case WAX_SCRIPT_VECTOR: return bytes_text(v->type, v->bits, buf, size);
    case WAX_SCRIPT_REF_NULL: return "a null reference";
    case WAX_SCRIPT_REF_HOST:
        (void)snprintf(buf, size, "host reference %" PRIu64, v->number);
        return buf;
    case WAX_SCRIPT_EITHER: return "one of several values";
    default: return "a reference";
    }
}
