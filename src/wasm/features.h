/* SPDX-License-Identifier: Apache-2.0 */
/* The set of wasm features a module may use. */
#ifndef WX_WASM_FEATURES_H
#define WX_WASM_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum wx_feature {
#define FEATURE(NAME, TEXT, DEFAULT, STATUS, ABOUT) WX_FEATURE_##NAME,
#include "wasm/features.def"
#undef FEATURE
    WX_FEATURE_COUNT
};

struct wx_features {
    uint64_t bits; /* 1 << enum wx_feature */
};

static inline bool wx_features_has(struct wx_features f, enum wx_feature feature)
{
    return (f.bits >> feature & 1) != 0;
}
struct wx_features wx_features_default(void);
/** "threads" */
const char *wx_feature_name(enum wx_feature feature);
/** "2.0", "phase 4", … */
const char *wx_feature_status(enum wx_feature feature);
/** "v128 and its instructions" */
const char *wx_feature_about(enum wx_feature feature);
/**
 * Apply "+a,-b" (a name without a sign means +).
 * @return WAX_E_INVALID naming the unknown feature, WAX_E_UNSUPPORTED for +gc
 */
wax_status wx_features_parse(struct wx_features *features, const char *spec, wax_error **err);

#endif
