/* SPDX-License-Identifier: Apache-2.0 */
/* Running WASI and WASIX plugins: the builder and the environment it makes. */
#ifndef WAXWING_WASI_H
#define WAXWING_WASI_H

#include <waxwing/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Describes a plugin's environment. Nothing is granted until said so. One thread at a time. */
typedef struct wax_builder wax_builder;
/**
 * A running plugin: its process, threads, descriptors and main instance. One thread at a time, but
 * wax_env_cancel() and memory access may come from any thread.
 */
typedef struct wax_env wax_env;

WAX_API void wax_builder_free(wax_builder *wax_own builder);
/**
 * Start describing an environment.
 *
 * @param name  program name, argument 0 of the guest; copied
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasi preview1
 */
WAX_API WAX_MUST_USE wax_status wax_builder_new(wax_engine *engine, const char *name,
                                                wax_builder *wax_own *ret_builder, wax_error **err);
/** Append an argument. @return WAX_OK; WAX_E_NOMEM */
WAX_API wax_status wax_builder_arg(wax_builder *builder, const char *arg, wax_error **err);
/** Set an environment variable; the last value of a key wins. @return WAX_OK; WAX_E_INVALID */
WAX_API wax_status wax_builder_env(wax_builder *builder, const char *key, const char *value,
                                   wax_error **err);
/**
 * Give the guest a host directory.
 *
 * @param host   existing host directory, opened now
 * @param guest  absolute guest path, each at most once
 * @param flags  0, or WAX_MOUNT_RO
 * @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_DENIED (a kernel filesystem), WAX_E_INVALID (duplicate
 *         or relative guest path), WAX_E_IO
 * @since 0.1
 * @source wasi preview1 (preopened directories)
 */
WAX_API wax_status wax_builder_mount(wax_builder *builder, const char *host, const char *guest,
                                     uint32_t flags, wax_error **err);
enum { WAX_MOUNT_RO = 1 };

enum { WAX_STDIN, WAX_STDOUT, WAX_STDERR };
/** Connect a standard stream to a host descriptor, which is duplicated. Default: null. */
WAX_API wax_status wax_builder_stdio_fd(wax_builder *builder, int stream, int host_fd,
                                        wax_error **err);
/** All three to the host's own. */
WAX_API wax_status wax_builder_inherit_stdio(wax_builder *builder, wax_error **err);

/** What a guest may be allowed to do. */
enum {
    WAX_CAP_THREADS = 1 /* start threads, up to the limit */
};
WAX_API void wax_builder_grant(wax_builder *builder, uint32_t capabilities);
/** Limits; 0 keeps the default (512 threads, 1,024 descriptors, what the module declares). */
WAX_API void wax_builder_limits(wax_builder *builder, uint32_t max_threads, uint32_t max_fds,
                                uint64_t max_memory_bytes);
/** Log every WASI call, decoded, at level WAX_LOG_TRACE. */
WAX_API void wax_builder_trace(wax_builder *builder, int on);
/** Definitions of the embedder; taken before WASI's. Borrowed until the environment is freed. */
WAX_API void wax_builder_linker(wax_builder *builder, wax_linker *linker);
/** Store the main instance is made in (for externs defined in the linker); default: a new one. */
WAX_API void wax_builder_store(wax_builder *builder, wax_store *store);

/** Ends the guest process: threads, descriptors, memory. NULL accepted. */
WAX_API void wax_env_free(wax_env *wax_own env);
/**
 * Make the environment and the main instance: versions are detected, shared memory is made, imports
 * linked, `_initialize` run if the module is a reactor. The builder may be used again.
 *
 * @param ret_env  given to the caller, freed by wax_env_free()
 * @return WAX_OK; WAX_E_LINK naming the missing import, WAX_TRAP, WAX_EXIT, WAX_E_LIMIT,
 * WAX_E_NOMEM
 * @since 0.1
 * @source wasi preview1, wasi-threads, wasix_32v1
 */
WAX_API WAX_MUST_USE wax_status wax_builder_instantiate(wax_builder *builder, wax_module *module,
                                                        wax_env *wax_own *ret_env, wax_error **err);
/** Main instance and its store; live as long as the environment. */
WAX_API wax_instance *wax_env_instance(wax_env *env);
WAX_API wax_store *wax_env_store(wax_env *env);
/**
 * Run `_start` to its end.
 *
 * @param ret_exit_code  0 on return, else what the guest gave to exit
 * @return WAX_OK (returned or exited); WAX_TRAP, WAX_E_* as wax_call(); WAX_E_NOT_FOUND if there is
 *         no `_start`
 * @since 0.1
 * @source wasi preview1 (commands)
 */
WAX_API wax_status wax_env_run(wax_env *env, int32_t *ret_exit_code, wax_error **err);
/** Call an exported function by name, as wax_call(). */
WAX_API wax_status wax_env_call(wax_env *env, const char *name, const wax_value *args,
                                size_t n_args, wax_value *results, size_t n_results,
                                wax_error **err);
/** Stop every thread of the guest, soon and for good. Any thread. */
WAX_API void wax_env_cancel(wax_env *env);
/** Live guest threads, the main one included. */
WAX_API uint32_t wax_env_n_threads(wax_env *env);

/* -------- guest memory through the environment; every access is bounds-checked -------- */

/** The guest's memory, NULL if it has none. */
WAX_API wax_memory *wax_env_memory(wax_env *env);
WAX_API wax_status wax_env_read(wax_env *env, uint64_t addr, void *dst, size_t len,
                                wax_error **err);
WAX_API wax_status wax_env_write(wax_env *env, uint64_t addr, const void *src, size_t len,
                                 wax_error **err);
WAX_API wax_status wax_env_read_u32(wax_env *env, uint64_t addr, uint32_t *ret_value,
                                    wax_error **err);
WAX_API wax_status wax_env_write_u32(wax_env *env, uint64_t addr, uint32_t value, wax_error **err);
/**
 * Copy a NUL-terminated guest string, cut at max_len bytes.
 *
 * @param ret_str  malloc'ed, NUL-terminated, freed with free()
 * @return WAX_OK; WAX_E_BOUNDS if it starts or runs out of bounds, WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API wax_status wax_env_read_str(wax_env *env, uint64_t addr, size_t max_len,
                                    char *wax_own *ret_str, wax_error **err);

#ifdef __cplusplus
}
#endif
#endif
