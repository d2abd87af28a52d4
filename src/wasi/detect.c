/* SPDX-License-Identifier: Apache-2.0 */
/* Version detection. */
#include "wasi/detect.h"

#include <string.h>

uint32_t wx_wasi_version_of(struct wx_name module)
{
    static const struct {
        const char *name;
        uint32_t version;
    } spaces[] = {
        {"wasi_unstable", WX_WASI_UNSTABLE},
        {"wasi_snapshot_preview1", WX_WASI_PREVIEW1},
        {"wasix_32v1", WX_WASIX_32V1},
        {"wasix_64v1", WX_WASIX_64V1},
    };
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        if (module.len == strlen(spaces[i].name) &&
            memcmp(module.p, spaces[i].name, module.len) == 0) {
            return spaces[i].version;
        }
    }
    return 0;
}

uint32_t wx_wasi_versions(const struct wx_module *module)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < module->n_imports; i++) {
        if (module->imports[i].kind == WX_EXT_FUNC) {
            bits |= wx_wasi_version_of(module->imports[i].module);
        }
    }
    return bits;
}

uint32_t wx_wasi_version_strict(const struct wx_module *module)
{
    uint32_t version = 0;
    for (uint32_t i = 0; i < module->n_imports; i++) {
        if (module->imports[i].kind != WX_EXT_FUNC) {
            continue;
        }
        uint32_t v = wx_wasi_version_of(module->imports[i].module);
        if (v == 0 || (version != 0 && v != version)) {
            return 0;
        }
        version = v;
    }
    return version;
}
