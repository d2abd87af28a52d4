/* SPDX-License-Identifier: Apache-2.0 */
/* Public builder and environment. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi/capi.h"
#include "engine/rt/engine.h"
#include "os/fd.h"
#include "vfs/hostdir.h"
#include "wasi/env.h"

struct mount {
    int fd; /* the host directory */
    char *guest;
    uint32_t flags;
};

struct wax_builder {
    struct wx_engine *engine;
    struct wx_mem *mem;
    WX_VEC(char *) args;
    WX_VEC(char *) vars; /* "K=V" */
    WX_VEC(struct mount) mounts;
    int stdio[3]; /* duplicates, -1 = null */
    struct wx_grants grants;
    uint32_t max_threads, max_fds;
    uint64_t max_memory_bytes;
    bool trace;
    struct wx_linker *linker;
    struct wx_store *store;
};

struct wax_env {
    struct wx_env *env;
};

static wax_status push(struct wax_builder *b, void *list, char *s, wax_error **err)
{
    struct {
        char **p;
        size_t n, cap;
    } *v = list;
    if (!s || !wx_vec_push(b->mem, v, s)) {
        wx_free(b->mem, s);
        return wx_fail_nomem(err, "the builder");
    }
    return WAX_OK;
}

wax_status wax_builder_new(wax_engine *engine, const char *name, wax_builder **ret_builder,
                           wax_error **err)
{
    WX_REQUIRE(engine && name && ret_builder, err, "an argument is NULL");
    struct wx_engine *e = wx_in_wax_engine(engine);
    struct wax_builder *b = wx_zalloc(&e->mem, sizeof *b);
    if (!b) {
        return wx_fail_nomem(err, "a builder");
    }
    b->engine = wx_engine_ref(e);
    b->mem = &e->mem;
    b->stdio[0] = b->stdio[1] = b->stdio[2] = -1;
    wax_status st = wax_builder_arg(b, name, err);
    if (st != WAX_OK) {
        wax_builder_free(b);
        return st;
    }
    *ret_builder = b;
    return WAX_OK;
}

void wax_builder_free(wax_builder *b)
{
    if (!b) {
        return;
    }
    for (size_t i = 0; i < b->args.n; i++) {
        wx_free(b->mem, b->args.p[i]);
    }
    for (size_t i = 0; i < b->vars.n; i++) {
        wx_free(b->mem, b->vars.p[i]);
    }
    for (size_t i = 0; i < b->mounts.n; i++) {
        (void)wx_fd_close(&b->mounts.p[i].fd); /* read only */
        wx_free(b->mem, b->mounts.p[i].guest);
    }
    wx_vec_fini(b->mem, &b->args);
    wx_vec_fini(b->mem, &b->vars);
    wx_vec_fini(b->mem, &b->mounts);
    for (int i = 0; i < 3; i++) {
        if (b->stdio[i] >= 0) {
            (void)close(b->stdio[i]); /* a duplicate */
        }
    }
    struct wx_engine *e = b->engine;
    wx_free(b->mem, b);
    wx_engine_unref(e);
}

wax_status wax_builder_arg(wax_builder *b, const char *arg, wax_error **err)
{
    WX_REQUIRE(b && arg, err, "an argument is NULL");
    return push(b, &b->args, wx_strndup(b->mem, arg, strlen(arg)), err);
}

wax_status wax_builder_env(wax_builder *b, const char *key, const char *value, wax_error **err)
{
    WX_REQUIRE(b && key && value, err, "an argument is NULL");
    size_t key_len = strlen(key), value_len = strlen(value);
    if (key_len == 0 || strchr(key, '=')) {
        return wx_fail(err, WAX_E_INVALID,
                       "environment variable '%s': the name is empty or has '='", key);
    }
    char *pair = wx_alloc(b->mem, key_len + value_len + 2);
    if (!pair) {
        return wx_fail_nomem(err, "the builder");
    }
    memcpy(pair, key, key_len);
    pair[key_len] = '=';
    memcpy(pair + key_len + 1, value, value_len + 1);
    for (size_t i = 0; i < b->vars.n; i++) {
        if (strncmp(b->vars.p[i], pair, key_len + 1) == 0) {
            wx_free(b->mem, b->vars.p[i]);
            b->vars.p[i] = pair;
            return WAX_OK;
        }
    }
    return push(b, &b->vars, pair, err);
}

wax_status wax_builder_mount(wax_builder *b, const char *host, const char *guest, uint32_t flags,
                             wax_error **err)
{
    WX_REQUIRE(b && host && guest, err, "an argument is NULL");
    WX_REQUIRE((flags & ~(uint32_t)WAX_MOUNT_RO) == 0, err, "unknown flags");
    WX_REQUIRE(guest[0], err, "the guest path is empty");
    for (size_t i = 0; i < b->mounts.n; i++) {
        if (strcmp(b->mounts.p[i].guest, guest) == 0) {
            return wx_fail(err, WAX_E_INVALID,
                           "cannot mount '%s' at '%s': there is a mount already", host, guest);
        }
    }
    struct mount m = {.fd = -1, .flags = flags};
    wax_status st = wx_hostdir_open_root(host, &m.fd, err);
    if (st != WAX_OK) {
        return st;
    }
    m.guest = wx_strndup(b->mem, guest, strlen(guest));
    if (!m.guest || !wx_vec_push(b->mem, &b->mounts, m)) {
        (void)wx_fd_close(&m.fd); /* read only */
        wx_free(b->mem, m.guest);
        return wx_fail_nomem(err, "the builder");
    }
    return WAX_OK;
}

wax_status wax_builder_stdio_fd(wax_builder *b, int stream, int host_fd, wax_error **err)
{
    WX_REQUIRE(b && stream >= WAX_STDIN && stream <= WAX_STDERR, err, "no such stream");
    /* not at 0 to 2: others take those for the host's streams */
    int fd = host_fd >= 0 ? fcntl(host_fd, F_DUPFD_CLOEXEC, 3) : -1;
    if (host_fd >= 0 && fd < 0) {
        return wx_fail(err, WAX_E_INVALID, "descriptor %d is not open", host_fd);
    }
    if (b->stdio[stream] >= 0) {
        (void)close(b->stdio[stream]); /* a duplicate */
    }
    b->stdio[stream] = fd;
    return WAX_OK;
}

wax_status wax_builder_inherit_stdio(wax_builder *b, wax_error **err)
{
    for (int i = 0; i < 3; i++) { /* one the host itself has closed is null */
        wax_status st = wax_builder_stdio_fd(b, i, fcntl(i, F_GETFD) < 0 ? -1 : i, err);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

void wax_builder_grant(wax_builder *b, uint32_t capabilities)
{
    if (b) {
        b->grants.threads = b->grants.threads || (capabilities & WAX_CAP_THREADS) != 0;
    }
}

void wax_builder_limits(wax_builder *b, uint32_t max_threads, uint32_t max_fds,
                        uint64_t max_memory_bytes)
{
    if (b) {
        b->max_threads = max_threads;
        b->max_fds = max_fds;
        b->max_memory_bytes = max_memory_bytes;
    }
}

void wax_builder_trace(wax_builder *b, int on)
{
    if (b) {
        b->trace = on != 0;
    }
}

void wax_builder_linker(wax_builder *b, wax_linker *linker)
{
    if (b) {
        b->linker = wx_in_wax_linker(linker);
    }
}

void wax_builder_store(wax_builder *b, wax_store *store)
{
    if (b) {
        b->store = wx_in_wax_store(store);
    }
}

static wax_status describe(const struct wax_builder *b, struct wx_env *env, wax_error **err)
{
    wax_status st = WAX_OK;
    env->grants = b->grants;
    env->trace = b->trace;
    env->embedder = b->linker;
    env->limits.max_threads = b->max_threads ? b->max_threads : env->limits.max_threads;
    env->limits.max_memory_bytes = b->max_memory_bytes;
    wx_env_limit_fds(env, b->max_fds ? b->max_fds : env->limits.max_fds);
    for (size_t i = 0; i < b->args.n && st == WAX_OK; i++) {
        st = wx_env_add_arg(env, b->args.p[i], err);
    }
    for (size_t i = 0; i < b->vars.n && st == WAX_OK; i++) {
        st = wx_env_add_var(env, b->vars.p[i], err);
    }
    for (uint32_t i = 0; i < 3 && st == WAX_OK; i++) {
        st = wx_env_set_stream(env, i, b->stdio[i], err);
    }
    for (size_t i = 0; i < b->mounts.n && st == WAX_OK; i++) {
        const struct mount *m = &b->mounts.p[i];
        st = wx_env_mount(env, m->fd, m->guest, (m->flags & WAX_MOUNT_RO) != 0, err);
    }
    return st;
}

wax_status wax_builder_instantiate(wax_builder *b, wax_module *module, wax_env **ret_env,
                                   wax_error **err)
{
    WX_REQUIRE(b && module && ret_env, err, "an argument is NULL");
    WX_REQUIRE(wx_in_wax_module(module)->engine == b->engine &&
                   (!b->store || b->store->engine == b->engine),
               err, "builder, module and store are of different engines");
    struct wax_env *handle = wx_zalloc(b->mem, sizeof *handle);
    if (!handle) {
        return wx_fail_nomem(err, "an environment");
    }
    wax_status st = wx_env_new(b->engine, &handle->env, err);
    if (st == WAX_OK) {
        st = describe(b, handle->env, err);
    }
    if (st == WAX_OK) {
        st = wx_env_instantiate(handle->env, wx_in_wax_module(module), b->store, err);
    }
    if (st != WAX_OK) {
        wx_env_free(handle->env);
        wx_free(b->mem, handle);
        return st;
    }
    *ret_env = handle;
    return WAX_OK;
}

void wax_env_free(wax_env *env)
{
    if (env) {
        struct wx_engine *e = wx_engine_ref(env->env->engine);
        wx_env_free(env->env);
        wx_free(&e->mem, env);
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
    return wx_env_run(env->env, ret_exit_code, err);
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
        (void)wax_env_read(env, addr + len, &c, 1, NULL); /* in bounds */
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
