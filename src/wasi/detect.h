/* SPDX-License-Identifier: Apache-2.0 */
/* Which WASI versions a module wants, from the namespaces of its function imports. */
#ifndef WX_WASI_DETECT_H
#define WX_WASI_DETECT_H

#include "wasm/module.h"

/* The public WAX_WASI_* bits. */
enum wx_wasi_version {
    WX_WASI_UNSTABLE = 1,
    WX_WASI_PREVIEW1 = 2,
    WX_WASIX_32V1 = 4,
    WX_WASIX_64V1 = 8
};

/** Version bit of a namespace, 0 if it is none. */
uint32_t wx_wasi_version_of(struct wx_name module);
/** All versions seen in function imports. */
uint32_t wx_wasi_versions(const struct wx_module *module);
/** The one version every function import belongs to; 0 if mixed, foreign or none. */
uint32_t wx_wasi_version_strict(const struct wx_module *module);

#endif
