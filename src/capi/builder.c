/* SPDX-License-Identifier: Apache-2.0 */
/* Public builder. */
/*
 * It keeps a description, so that it may be used for several environments: each gets streams and
 * filesystems of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capi/capi.h"
#include "capi/descriptors.h"
#include "capi/mount.h"
#include "capi/net.h"
#include "capi/wasi.h"
#include "engine/rt/engine.h"
#include "vfs/hostfile.h"
#include "vfs/memfs.h"
#include "vfs/stream.h"
#include "wasi/env.h"
#include "wasi/trace.h"

enum stream_kind { STREAM_NULL, STREAM_FD, STREAM_BYTES, STREAM_BUFFER, STREAM_CALL, STREAM_PIPE };

struct stream {
    enum stream_kind kind;
    int fd;         /* FD: a duplicate */
    char *bytes;    /* BYTES: a copy */
    uint64_t bound; /* BYTES: how many; BUFFER: at most */
    wax_stream_fn fn;
    void *data;
};

struct wax_builder {
    struct wx_engine *engine;
    struct wx_mem *mem;
    WX_VEC(char *) args;
    WX_VEC(char *) vars; /* "K=V" */
    struct wx_mount_list mounts;
    char *cwd;                     /* NULL: none of its own */
    struct wx_descriptor_list fds; /* further ones */
    struct wx_net_spec net;
    wax_stop_fn on_stop;
    void *on_stop_data;
    struct stream streams[3];
    struct wx_grants grants;
    uint32_t max_threads, max_processes, max_fds;
    uint64_t max_memory_bytes;
    struct wx_trace *trace; /* what environments get a copy of; NULL: nothing */
    struct wx_linker *linker;
    struct wx_store *store;
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
    wax_status st = wax_builder_arg(b, name, err);
    if (st != WAX_OK) {
        wax_builder_free(b);
        return st;
    }
    *ret_builder = b;
    return WAX_OK;
}

static void stream_fini(struct wax_builder *b, struct stream *s)
{
    if (s->kind == STREAM_FD) {
        (void)close(s->fd); /* a duplicate */
    }
    wx_free(b->mem, s->bytes);
    *s = (struct stream){.kind = STREAM_NULL};
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
    wx_vec_fini(b->mem, &b->args);
    wx_vec_fini(b->mem, &b->vars);
    wx_mounts_fini(&b->mounts, b->mem);
    wx_free(b->mem, b->cwd);
    wx_descriptors_fini(&b->fds, b->mem);
    wx_net_spec_fini(&b->net, b->mem);
    for (int i = 0; i < 3; i++) {
        stream_fini(b, &b->streams[i]);
    }
    wx_trace_free(b->trace);
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

#define BUFFER_BYTES (UINT64_C(1) << 20)

void wax_mount_options_init(wax_mount_options *options)
{
    if (options) {
        *options = (wax_mount_options){.struct_size = sizeof *options};
    }
}

wax_status wax_builder_mount_with(wax_builder *b, const char *guest,
                                  const wax_mount_options *options, wax_error **err)
{
    WX_REQUIRE(b && guest && options, err, "an argument is NULL");
    return wx_mounts_add(&b->mounts, b->mem, guest, options, err);
}

wax_status wax_builder_mount(wax_builder *b, const char *host, const char *guest, uint32_t flags,
                             wax_error **err)
{
    WX_REQUIRE(b && host && guest, err, "an argument is NULL");
    const wax_mount_options o = {.struct_size = sizeof o, .host = host, .flags = flags};
    return wx_mounts_add(&b->mounts, b->mem, guest, &o, err);
}

wax_status wax_builder_tmpfs(wax_builder *b, const char *guest, uint64_t max_bytes,
                             uint64_t max_inodes, wax_error **err)
{
    WX_REQUIRE(b && guest, err, "an argument is NULL");
    const wax_mount_options o = {
        .struct_size = sizeof o, .max_bytes = max_bytes, .max_inodes = max_inodes};
    return wx_mounts_add(&b->mounts, b->mem, guest, &o, err);
}

wax_status wax_builder_cow(wax_builder *b, const char *host, const char *guest, uint64_t max_bytes,
                           uint64_t max_inodes, wax_error **err)
{
    WX_REQUIRE(b && host && guest, err, "an argument is NULL");
    const wax_mount_options o = {.struct_size = sizeof o,
                                 .host = host,
                                 .flags = WAX_MOUNT_COW,
                                 .max_bytes = max_bytes,
                                 .max_inodes = max_inodes};
    return wx_mounts_add(&b->mounts, b->mem, guest, &o, err);
}

wax_status wax_builder_fs(wax_builder *b, const char *guest, const wax_fs_ops *ops, void *data,
                          uint32_t flags, wax_error **err)
{
    WX_REQUIRE(b && guest && ops, err, "an argument is NULL");
    const wax_mount_options o = {
        .struct_size = sizeof o, .flags = flags, .fs = ops, .fs_data = data};
    return wx_mounts_add(&b->mounts, b->mem, guest, &o, err);
}

wax_status wax_builder_dev(wax_builder *b, const char *guest, wax_error **err)
{
    WX_REQUIRE(b && guest, err, "an argument is NULL");
    return wx_mounts_add_dev(&b->mounts, b->mem, guest, err);
}

wax_status wax_builder_cwd(wax_builder *b, const char *guest, wax_error **err)
{
    WX_REQUIRE(b && guest, err, "an argument is NULL");
    WX_REQUIRE(guest[0], err, "the guest path is empty");
    char *copy = wx_strndup(b->mem, guest, strlen(guest));
    if (!copy) {
        return wx_fail_nomem(err, "the builder");
    }
    wx_free(b->mem, b->cwd);
    b->cwd = copy;
    return WAX_OK;
}

wax_status wax_builder_listen(wax_builder *b, const char *address, uint32_t flags,
                              uint16_t *ret_port, wax_error **err)
{
    WX_REQUIRE(b && address, err, "an argument is NULL");
    WX_REQUIRE((flags & ~(uint32_t)WAX_LISTEN_NONBLOCK) == 0, err, "unknown flags");
    return wx_descriptors_listen(&b->fds, b->mem, address, flags != 0, ret_port, err);
}

wax_status wax_builder_fd(wax_builder *b, int host_fd, wax_error **err)
{
    WX_REQUIRE(b, err, "the builder is NULL");
    return wx_descriptors_add(&b->fds, b->mem, host_fd, err);
}

wax_status wax_builder_net(wax_builder *b, const char *rule, wax_error **err)
{
    WX_REQUIRE(b && rule, err, "an argument is NULL");
    return wx_net_spec_add(&b->net, b->mem, rule, err);
}

wax_status wax_builder_net_log(wax_builder *b, wax_net_fn fn, void *data, wax_error **err)
{
    WX_REQUIRE(b, err, "the builder is NULL");
    b->net.fn = fn;
    b->net.data = data;
    return WAX_OK;
}

/* The stream, null for the moment; NULL if there is no such. */
static struct stream *take_stream(struct wax_builder *b, int stream)
{
    if (!b || stream < WAX_STDIN || stream > WAX_STDERR) {
        return NULL;
    }
    stream_fini(b, &b->streams[stream]);
    return &b->streams[stream];
}

wax_status wax_builder_stdio_bytes(wax_builder *b, const void *bytes, size_t len, wax_error **err)
{
    WX_REQUIRE(b && (bytes || len == 0), err, "an argument is NULL");
    char *copy = wx_strndup(b->mem, bytes, len);
    if (!copy) {
        return wx_fail_nomem(err, "the builder");
    }
    struct stream *s = take_stream(b, WAX_STDIN);
    *s = (struct stream){.kind = STREAM_BYTES, .bytes = copy, .bound = len};
    return WAX_OK;
}

wax_status wax_builder_stdio_buffer(wax_builder *b, int stream, uint64_t max_bytes, wax_error **err)
{
    WX_REQUIRE(stream == WAX_STDOUT || stream == WAX_STDERR, err, "no such output");
    struct stream *s = take_stream(b, stream);
    WX_REQUIRE(s, err, "an argument is NULL");
    *s = (struct stream){.kind = STREAM_BUFFER, .bound = max_bytes ? max_bytes : BUFFER_BYTES};
    return WAX_OK;
}

wax_status wax_builder_stdio_call(wax_builder *b, int stream, wax_stream_fn fn, void *data,
                                  wax_error **err)
{
    WX_REQUIRE(fn, err, "the function is NULL");
    struct stream *s = take_stream(b, stream);
    WX_REQUIRE(s, err, "no such stream");
    *s = (struct stream){.kind = STREAM_CALL, .fn = fn, .data = data};
    return WAX_OK;
}

wax_status wax_builder_stdio_pipe(wax_builder *b, int stream, wax_error **err)
{
    struct stream *s = take_stream(b, stream);
    WX_REQUIRE(s, err, "no such stream");
    *s = (struct stream){.kind = STREAM_PIPE};
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
    *take_stream(b, stream) = (struct stream){.kind = fd < 0 ? STREAM_NULL : STREAM_FD, .fd = fd};
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
        b->grants.processes = b->grants.processes || (capabilities & WAX_CAP_PROCESSES) != 0;
    }
}

wax_status wax_builder_on_stop(wax_builder *b, wax_stop_fn fn, void *data, wax_error **err)
{
    WX_REQUIRE(b, err, "the builder is NULL");
    b->on_stop = fn;
    b->on_stop_data = data;
    return WAX_OK;
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

void wax_builder_limit_processes(wax_builder *b, uint32_t max)
{
    if (b) {
        b->max_processes = max;
    }
}

/* The description of what to trace; NULL: out of memory. */
static struct wx_trace *get_trace(struct wax_builder *b)
{
    b->trace = b->trace ? b->trace : wx_trace_new(b->mem);
    return b->trace;
}

wax_status wax_builder_trace(wax_builder *b, const char *classes, wax_trace_fn fn, void *data,
                             wax_error **err)
{
    WX_REQUIRE(b, err, "the builder is NULL");
    bool want[WX_ABI_N] = {0};
    wax_status st = classes ? wx_trace_select(classes, want, err) : WAX_OK;
    if (st != WAX_OK) {
        return st;
    }
    struct wx_trace *t = get_trace(b);
    if (!t) {
        return wx_fail_nomem(err, "a trace");
    }
    t->lines = classes != NULL;
    t->fn = fn;
    t->data = data;
    memcpy(t->want, want, sizeof want);
    return WAX_OK;
}

wax_status wax_builder_count_calls(wax_builder *b, int on, wax_error **err)
{
    WX_REQUIRE(b, err, "the builder is NULL");
    struct wx_trace *t = get_trace(b);
    if (!t) {
        return wx_fail_nomem(err, "counters of calls");
    }
    t->count = on != 0;
    return WAX_OK;
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

static struct wx_file *make_fd_stream(struct wx_mem *mem, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? NULL : wx_descriptor_file(mem, copy);
}

static struct wx_file *make_stream(struct wx_env *env, const struct stream *s)
{
    switch (s->kind) {
    case STREAM_FD: return make_fd_stream(env->file_mem, s->fd);
    case STREAM_BYTES: return wx_memfile_new(env->file_mem, s->bytes, s->bound, false, s->bound);
    case STREAM_BUFFER: return wx_memfile_new(env->file_mem, NULL, 0, true, s->bound);
    case STREAM_CALL: return wx_callfile_new(env->file_mem, s->fn, s->data);
    default: return wx_nullfile_new(env->file_mem);
    }
}

/* One end for the guest, the other for who takes it. */
static wax_status set_pipe(struct wax_env *handle, uint32_t n, wax_error **err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return wx_fail_errno(err, errno, "cannot make a pipe for stream %u", n);
    }
    int guest = n == WAX_STDIN ? 0 : 1;
    handle->pipes[n] = ends[!guest];
    struct wx_mem *mem = handle->env->file_mem;
    return wx_env_set_stream(handle->env, n, wx_hostfile_new(mem, ends[guest], WX_FT_UNKNOWN), err);
}

static wax_status set_streams(const struct wax_builder *b, struct wax_env *handle, wax_error **err)
{
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < 3 && st == WAX_OK; i++) {
        if (b->streams[i].kind == STREAM_PIPE) {
            st = set_pipe(handle, i, err);
            continue;
        }
        struct wx_file *f = make_stream(handle->env, &b->streams[i]);
        if (f && b->streams[i].kind == STREAM_BUFFER) {
            handle->outputs[i] = wx_file_ref(f);
        }
        st = wx_env_set_stream(handle->env, i, f, err);
    }
    return st;
}

static wax_status describe(const struct wax_builder *b, struct wax_env *handle, wax_error **err)
{
    struct wx_env *env = handle->env;
    wax_status st = WAX_OK;
    env->grants = b->grants;
    env->embedder = b->linker;
    env->on_stop = b->on_stop;
    env->on_stop_data = b->on_stop_data;
    env->limits.max_threads = b->max_threads ? b->max_threads : env->limits.max_threads;
    env->limits.max_processes = b->max_processes ? b->max_processes : env->limits.max_processes;
    env->limits.max_memory_bytes = b->max_memory_bytes;
    wx_env_limit_fds(env, b->max_fds ? b->max_fds : env->limits.max_fds);
    for (size_t i = 0; i < b->args.n && st == WAX_OK; i++) {
        st = wx_env_add_arg(env, b->args.p[i], err);
    }
    for (size_t i = 0; i < b->vars.n && st == WAX_OK; i++) {
        st = wx_env_add_var(env, b->vars.p[i], err);
    }
    if (b->trace && st == WAX_OK) {
        env->trace = wx_trace_copy(&env->mem, b->trace);
        st = env->trace ? WAX_OK : wx_fail_nomem(err, "a trace");
    }
    st = st == WAX_OK ? wx_net_spec_make(&b->net, env, err) : st;
    st = st == WAX_OK ? set_streams(b, handle, err) : st;
    st = st == WAX_OK ? wx_mounts_make(&b->mounts, env, err) : st;
    st = st == WAX_OK && b->cwd ? wx_env_set_cwd(env, b->cwd, err) : st;
    return st == WAX_OK ? wx_descriptors_make(&b->fds, env, err) : st;
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
    for (int i = 0; i < 3; i++) {
        handle->pipes[i] = -1;
    }
    wax_status st = wx_env_new(b->engine, &handle->env, err);
    if (st == WAX_OK) {
        st = describe(b, handle, err);
    }
    if (st == WAX_OK) {
        st = wx_env_instantiate(handle->env, wx_in_wax_module(module), b->store, err);
    }
    if (st != WAX_OK) {
        wx_env_handle_free(handle, b->mem);
        return st;
    }
    *ret_env = handle;
    return WAX_OK;
}
