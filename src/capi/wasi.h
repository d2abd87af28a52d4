/* SPDX-License-Identifier: Apache-2.0 */
/* The handle of an environment, made by the builder. */
#ifndef WX_CAPI_WASI_H
#define WX_CAPI_WASI_H

struct wx_env;
struct wx_file;
struct wx_mem;

struct wax_env {
    struct wx_env *env;
    struct wx_file *outputs[3]; /* streams that are buffers, NULL = others; counted */
    int pipes[3];               /* host's ends of those that are pipes, -1 = others or taken */
};

/** Free the handle and all that is its own. */
void wx_env_handle_free(struct wax_env *handle, struct wx_mem *mem);

#endif
