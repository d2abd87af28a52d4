/* SPDX-License-Identifier: Apache-2.0 */
/* Values of spec scripts: from JSON, and compared with results. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wast.h"

static uint64_t number(const char *s)
{
    return s[0] == '-' ? (uint64_t)strtoll(s, NULL, 10) : strtoull(s, NULL, 10);
}

static const char *field(const json_t *json, const char *name)
{
    const char *s = json_string_value(json_object_get(json, name));
    return s ? s : "";
}

/* externref N of the script: the same reference each time, data = N + 1. */
static int extern_ref(struct wast *w, const char *text, wax_value *ret)
{
    uintptr_t n = (uintptr_t)number(text) + 1;
    for (unsigned i = 0; i < w->n_externs; i++) {
        if (wax_externref_data(w->store, &w->externs[i]) == (void *)n) {
            *ret = w->externs[i];
            return 0;
        }
    }
    if (w->n_externs == 64 || wax_store_externref(w->store, (void *)n, NULL, ret, NULL) != WAX_OK) {
        return -1;
    }
    w->externs[w->n_externs++] = *ret;
    return 0;
}

int wast_value(struct wast *w, const json_t *json, wax_value *ret)
{
    const char *type = field(json, "type"), *text = field(json, "value");
    memset(ret, 0, sizeof *ret);
    uint64_t bits = number(text);
    if (strcmp(type, "i32") == 0 || strcmp(type, "f32") == 0) {
        ret->type = type[0] == 'i' ? WAX_I32 : WAX_F32;
        uint32_t low = (uint32_t)bits;
        memcpy(&ret->of, &low, sizeof low);
    } else if (strcmp(type, "i64") == 0 || strcmp(type, "f64") == 0) {
        ret->type = type[0] == 'i' ? WAX_I64 : WAX_F64;
        memcpy(&ret->of, &bits, sizeof bits);
    } else if (strcmp(type, "externref") == 0) {
        ret->type = WAX_EXTERNREF;
        return strcmp(text, "null") == 0 ? 0 : extern_ref(w, text, ret);
    } else if (strcmp(type, "funcref") == 0 && strcmp(text, "null") == 0) {
        ret->type = WAX_FUNCREF;
    } else {
        return -1;
    }
    return 0;
}

/* NaN patterns: canonical = only the quiet bit, arithmetic = the quiet bit and anything. */
static int matches_nan(uint64_t bits, const char *want, unsigned frac_bits, unsigned all_bits)
{
    uint64_t quiet = UINT64_C(1) << (frac_bits - 1);
    uint64_t magnitude = bits & ~(UINT64_C(1) << (all_bits - 1));
    uint64_t exponent = ((UINT64_C(1) << (all_bits - 1)) - 1) & ~((UINT64_C(1) << frac_bits) - 1);
    if (strcmp(want, "nan:canonical") == 0) {
        return magnitude == (exponent | quiet);
    }
    return (magnitude & (exponent | quiet)) == (exponent | quiet);
}

static int matches_number(const wax_value *v, const char *type, const char *want)
{
    int wide = type[1] == '6';
    uint64_t bits = 0;
    memcpy(&bits, &v->of, wide ? 8 : 4);
    if (strncmp(want, "nan:", 4) == 0) {
        return matches_nan(bits, want, wide ? 52 : 23, wide ? 64 : 32);
    }
    uint64_t n = number(want);
    return bits == (wide ? n : (uint32_t)n);
}

static int is_null(const wax_value *v) { return v->type >= WAX_FUNCREF && v->of.externref == 0; }

static int matches_ref(struct wast *w, const wax_value *v, const char *type, const json_t *value)
{
    const char *text = json_string_value(value);
    if (strcmp(type, "refnull") == 0) {
        return is_null(v);
    }
    if (strncmp(type, "null", 4) == 0) {
        return is_null(v);
    }
    if (text && strcmp(text, "null") == 0) {
        return is_null(v);
    }
    if (is_null(v)) {
        return 0;
    }
    if (strcmp(type, "externref") == 0 && text) {
        return wax_externref_data(w->store, v) == (void *)((uintptr_t)number(text) + 1);
    }
    return v->type == (strcmp(type, "externref") == 0 ? WAX_EXTERNREF
                       : strcmp(type, "exnref") == 0  ? WAX_EXNREF
                                                      : WAX_FUNCREF);
}

int wast_matches(struct wast *w, const wax_value *v, const json_t *expected)
{
    const char *type = field(expected, "type");
    if (strcmp(type, "either") == 0) {
        size_t i;
        json_t *one;
        json_array_foreach(json_object_get(expected, "values"), i, one)
        {
            if (wast_matches(w, v, one)) {
                return 1;
            }
        }
        return 0;
    }
    static const char *const names[] = {"i32", "i64", "f32", "f64"};
    for (int t = 0; t < 4; t++) {
        if (strcmp(type, names[t]) == 0) {
            return v->type == t && matches_number(v, type, field(expected, "value"));
        }
    }
    return matches_ref(w, v, type, json_object_get(expected, "value"));
}

const char *wast_text(const wax_value *v, char *buf, size_t size)
{
    static const char *const names[] = {"i32",  "i64",     "f32",       "f64",
                                        "v128", "funcref", "externref", "exnref"};
    uint64_t bits = 0;
    memcpy(&bits, &v->of, v->type == WAX_I32 || v->type == WAX_F32 ? 4 : 8);
    (void)snprintf(buf, size, "%s:%" PRIu64, v->type <= WAX_EXNREF ? names[v->type] : "?", bits);
    return buf;
}
