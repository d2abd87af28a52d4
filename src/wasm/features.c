/* SPDX-License-Identifier: Apache-2.0 */
/* Feature names, defaults and parsing. */
#include "wasm/features.h"

#include <string.h>

static const struct {
    const char *name;
    const char *status;
    const char *about;
    bool on;
} table[WX_FEATURE_COUNT] = {
#define FEATURE(NAME, TEXT, DEFAULT, STATUS, ABOUT) {TEXT, STATUS, ABOUT, DEFAULT},
#include "wasm/features.def"
#undef FEATURE
};

struct wx_features wx_features_default(void)
{
    struct wx_features f = {0};
    for (unsigned i = 0; i < WX_FEATURE_COUNT; i++) {
        f.bits |= (uint64_t)table[i].on << i;
    }
    return f;
}

const char *wx_feature_name(enum wx_feature feature)
{
    return feature < WX_FEATURE_COUNT ? table[feature].name : "unknown";
}

const char *wx_feature_status(enum wx_feature feature)
{
    return feature < WX_FEATURE_COUNT ? table[feature].status : "unknown";
}

const char *wx_feature_about(enum wx_feature feature)
{
    return feature < WX_FEATURE_COUNT ? table[feature].about : "unknown";
}

static wax_status apply(struct wx_features *features, const char *name, size_t len, bool on,
                        wax_error **err)
{
    for (unsigned i = 0; i < WX_FEATURE_COUNT; i++) {
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0) {
            if (i == WX_FEATURE_GC && on) {
                return wx_fail(err, WAX_E_UNSUPPORTED, "feature 'gc' is not supported");
            }
            uint64_t bit = UINT64_C(1) << i;
            features->bits = on ? features->bits | bit : features->bits & ~bit;
            return WAX_OK;
        }
    }
    (void)wx_fail(err, WAX_E_INVALID, "unknown feature '%.*s'", (int)len, name);
    wx_error_set_hint(err, "features are named as in docs/features.md, for example threads, simd");
    return WAX_E_INVALID;
}

wax_status wx_features_parse(struct wx_features *features, const char *spec, wax_error **err)
{
    struct wx_features result = *features;
    for (const char *p = spec; *p;) {
        size_t len = strcspn(p, ",");
        bool off = *p == '-';
        size_t skip = *p == '-' || *p == '+';
        wax_status st = apply(&result, p + skip, len - skip, !off, err);
        if (st != WAX_OK) {
            return st;
        }
        p += len + (p[len] == ',');
    }
    *features = result;
    return WAX_OK;
}
