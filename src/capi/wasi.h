/* SPDX-License-Identifier: Apache-2.0 */
/* The handle of an environment, made by the builder. */
#ifndef WX_CAPI_WASI_H
#define WX_CAPI_WASI_H

struct wx_env;
struct wx_file;

struct wax_env {
    struct wx_env *env;
    struct wx_file *outputs[3]; /* streams that are buffers, NULL = others; counted */
};

#endif
