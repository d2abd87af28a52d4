/* SPDX-License-Identifier: Apache-2.0 */
/* Public environment. */
#include <stdlib.h>
#include <string.h>

#include "capi/capi.h"
#include "capi/wasi.h"
#include "engine/rt/engine.h"
#include "os/fd.h"
#include "vfs/memfs.h"
#include "wasi/env.h"
#include "wasi/trace.h"
#include "wasi/fdtable.h"

void wx_env_handle_free(struct wax_env *handle, struct wx_mem *mem)
{
    for (int i = 0; i < 3; i++) {
        wx_file_unref(handle->outputs[i]);
        (void)wx_fd_close(&handle->pipes[i]); /* nobody else has it */
    }
    wx_env_free(handle->env);
    wx_free(mem, handle);
}

void wax_env_free(wax_env *env)
{
    if (env) {
        struct wx_engine *e = wx_engine_ref(env->env->engine);
        wx_env_handle_free(env, &e->mem);
        wx_engine_unref(e);
    }
}

wax_instance *wax_env_instance(wax_env *env)
{
    return env ? wx_out_wax_instance(env->env->main.instance) : NULL;
}

wax_store *wax_env_store(wax_env *env)
{
    return env ? wx_out_wax_store(env->env->main.store) : NULL;
}

wax_status wax_env_run(wax_env *env, int32_t *ret_exit_code, wax_error **err)
{
    WX_REQUIRE(env && ret_exit_code, err, "an argument is NULL");
    return wx_env_run(env->env, WX_BEGIN_START, ret_exit_code, err);
}

wax_status wax_env_call(wax_env *env, const char *name, const wax_value *args, size_t n_args,
                        wax_value *results, size_t n_results, wax_error **err)
{
    WX_REQUIRE(env && name, err, "an argument is NULL");
    wax_func *func;
    wax_status st = wax_instance_func(wax_env_instance(env), name, &func, err);
    return st == WAX_OK ? wax_call(func, args, n_args, results, n_results, err) : st;
}

void wax_env_cancel(wax_env *env)
{
    if (env) {
        wx_env_cancel(env->env);
    }
}

int wax_env_signal(wax_env *env, int sig)
{
    if (!env || sig <= 0 || (uint32_t)sig >= WX_N_SIGNALS) {
        return -1;
    }
    return wx_signal_send_sigsafe(env->env, sig);
}

int wax_env_exit_signal(wax_env *env)
{
    int sig = 0;
    if (env) {
        wx_mutex_lock(&env->env->lock);
        sig = env->env->exit_signal;
        wx_mutex_unlock(&env->env->lock);
    }
    return sig;
}

uint32_t wax_env_n_threads(wax_env *env) { return env ? wx_env_n_threads(env->env) : 0; }

wax_memory *wax_env_memory(wax_env *env)
{
    return env ? wx_out_wax_memory(env->env->memory) : NULL;
}

wax_status wax_env_read(wax_env *env, uint64_t addr, void *dst, size_t len, wax_error **err)
{
    WX_REQUIRE(wax_env_memory(env), err, "the guest has no memory");
    return wax_memory_read(wax_env_memory(env), addr, dst, len, err);
}

wax_status wax_env_write(wax_env *env, uint64_t addr, const void *src, size_t len, wax_error **err)
{
    WX_REQUIRE(wax_env_memory(env), err, "the guest has no memory");
    return wax_memory_write(wax_env_memory(env), addr, src, len, err);
}

wax_status wax_env_read_u32(wax_env *env, uint64_t addr, uint32_t *ret_value, wax_error **err)
{
    WX_REQUIRE(ret_value, err, "ret_value is NULL");
    return wax_env_read(env, addr, ret_value, sizeof *ret_value, err);
}

wax_status wax_env_write_u32(wax_env *env, uint64_t addr, uint32_t value, wax_error **err)
{
    return wax_env_write(env, addr, &value, sizeof value, err);
}

wax_status wax_env_read_str(wax_env *env, uint64_t addr, size_t max_len, char **ret_str,
                            wax_error **err)
{
    WX_REQUIRE(ret_str && wax_env_memory(env), err, "ret_str is NULL or there is no memory");
    uint64_t size = wax_memory_size(wax_env_memory(env));
    size_t len = 0;
    for (char c = 1; len < max_len; len++) {
        if (addr + len < addr || addr + len >= size) {
            return wx_fail(err, WAX_E_BOUNDS, "the string at 0x%llx runs out of the guest memory",
                           (unsigned long long)addr);
        }
        wax_status st = wax_env_read(env, addr + len, &c, 1, err);
        if (st != WAX_OK) {
            return st;
        }
        if (!c) {
            break;
        }
    }
    char *s = malloc(len + 1);
    if (!s) {
        return wx_fail_nomem(err, "a string");
    }
    wax_status st = wax_env_read(env, addr, s, len, err);
    s[len] = '\0';
    if (st == WAX_OK) {
        *ret_str = s;
    } else {
        free(s);
    }
    return st;
}

wax_status wax_env_pipe(wax_env *env, int stream, int *ret_fd, wax_error **err)
{
    WX_REQUIRE(env && ret_fd, err, "an argument is NULL");
    WX_REQUIRE(stream >= WAX_STDIN && stream <= WAX_STDERR && env->pipes[stream] >= 0, err,
               "the stream is no pipe, or its end has been taken");
    *ret_fd = env->pipes[stream];
    env->pipes[stream] = -1;
    return WAX_OK;
}

wax_status wax_env_output(wax_env *env, int stream, char **ret_bytes, size_t *ret_len,
                          wax_error **err)
{
    WX_REQUIRE(env && ret_bytes && ret_len, err, "an argument is NULL");
    WX_REQUIRE(stream >= WAX_STDIN && stream <= WAX_STDERR && env->outputs[stream], err,
               "the stream is no buffer");
    size_t len;
    struct wx_mem *mem = &env->env->mem;
    char *inner = wx_memfile_copy(env->outputs[stream], mem, &len);
    char *bytes = inner ? malloc(len + 1) : NULL;
    if (bytes) {
        memcpy(bytes, inner, len + 1);
    }
    wx_free(mem, inner);
    if (!bytes) {
        return wx_fail_nomem(err, "the output");
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return WAX_OK;
}

int wax_env_call_count(wax_env *env, size_t idx, wax_call_count *ret_count)
{
    struct wx_trace *t = env && ret_count ? env->env->trace : NULL;
    for (unsigned row = 0; t && t->count && row < WX_ABI_N; row++) {
        const struct wx_call_count *n = &t->counts[row];
        uint64_t calls = wx_load_relaxed(&n->calls);
        if (calls == 0 || idx--) {
            continue;
        }
        *ret_count = (wax_call_count){wx_abi_space(row), wx_abi_name(row), calls,
                                      wx_load_relaxed(&n->errors), wx_load_relaxed(&n->ns)};
        return 1;
    }
    return 0;
}
