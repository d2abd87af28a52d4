/* SPDX-License-Identifier: Apache-2.0 */
/* Running WASI and WASIX plugins: the builder and the environment it makes. */
#ifndef WAXWING_WASI_H
#define WAXWING_WASI_H

#include <waxwing/store.h>
#include <waxwing/vfs.h>

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

/**
 * Free a builder. Environments made by it stay.
 *
 * @param builder  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_builder_free(wax_builder *wax_own builder);

/**
 * Start describing an environment.
 *
 * @param engine       borrowed; counted by the builder
 * @param name         program name, argument 0 of the guest; copied
 * @param ret_builder  given to the caller, freed by wax_builder_free()
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasi preview1, args_get
 */
WAX_API WAX_MUST_USE wax_status wax_builder_new(wax_engine *engine, const char *name,
                                                wax_builder *wax_own *ret_builder, wax_error **err);

/**
 * Append an argument.
 *
 * @param builder  borrowed
 * @param arg      copied
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source wasi preview1, args_get
 */
WAX_API WAX_MUST_USE wax_status wax_builder_arg(wax_builder *builder, const char *arg,
                                                wax_error **err);

/**
 * Set an environment variable; the last value of a key wins.
 *
 * @param builder  borrowed
 * @param key      copied; not empty, without '='
 * @param value    copied
 * @return WAX_OK; WAX_E_INVALID, WAX_E_NOMEM
 * @since 0.1
 * @source wasi preview1, environ_get
 */
WAX_API WAX_MUST_USE wax_status wax_builder_env(wax_builder *builder, const char *key,
                                                const char *value, wax_error **err);

/** How a directory is mounted. */
enum {
    WAX_MOUNT_RO = 1,      /* nothing in it can be changed */
    WAX_MOUNT_COW = 2,     /* what is changed stays in memory, the host keeps what it has */
    WAX_MOUNT_NO_XDEV = 4, /* what is mounted below it on the host can not be reached */
    WAX_MOUNT_SPECIAL = 8  /* devices, FIFOs and sockets may be opened, without waiting */
};
/** What following a symbolic link may lead to. */
enum {
    WAX_SYMLINKS_DEFAULT, /* BENEATH for preview1 modules, IN_ROOT for WASIX ones */
    WAX_SYMLINKS_BENEATH, /* what lies below the mount; anything else is refused */
    WAX_SYMLINKS_IN_ROOT, /* absolute ones count from the guest's root, which `..` does not leave */
    WAX_SYMLINKS_NONE     /* nothing: the guest gets ELOOP */
};

/** Options of a mount; fill with wax_mount_options_init() and change what you need. */
typedef struct wax_mount_options {
    size_t struct_size;
    const char *host;     /* existing host directory, opened now; NULL: an empty one in memory */
    uint32_t flags;       /* WAX_MOUNT_* */
    uint32_t symlinks;    /* WAX_SYMLINKS_* */
    const wax_fs_ops *fs; /* not NULL: a filesystem of the embedder's instead; copied */
    void *fs_data;        /* given to its functions while environments of the builder live */
    uint64_t max_bytes;   /* in memory and COW: of all files written; 0 = 64 MiB */
    uint64_t max_inodes;  /* in memory and COW: files, directories and links; 0 = 65,536 */
} wax_mount_options;

/**
 * Fill in the defaults: an empty directory in memory.
 *
 * @param options  written whole; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_mount_options_init(wax_mount_options *options);

/**
 * Give the guest a directory, with all options there are.
 *
 * @param builder  borrowed
 * @param guest    path the guest knows it by, each at most once; copied
 * @param options  borrowed for the call
 * @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_DENIED (a kernel filesystem), WAX_E_INVALID (options that
 *         do not fit, empty or duplicate guest path), WAX_E_IO, WAX_E_NOMEM
 * @since 0.1
 * @source wasi preview1, fd_prestat_get
 */
WAX_API WAX_MUST_USE wax_status wax_builder_mount_with(wax_builder *builder, const char *guest,
                                                       const wax_mount_options *options,
                                                       wax_error **err);

/**
 * Give the guest a host directory.
 *
 * @param builder  borrowed
 * @param host     existing host directory, opened now
 * @param guest    path the guest knows it by, each at most once; copied
 * @param flags    WAX_MOUNT_* bits
 * @return as wax_builder_mount_with()
 * @since 0.1
 * @source wasi preview1, fd_prestat_get
 */
WAX_API WAX_MUST_USE wax_status wax_builder_mount(wax_builder *builder, const char *host,
                                                  const char *guest, uint32_t flags,
                                                  wax_error **err);

/**
 * Give the guest an empty directory in memory, gone with the environment.
 *
 * @param builder     borrowed
 * @param guest       path the guest knows it by; copied
 * @param max_bytes   of all files; the guest gets ENOSPC beyond it; 0 = 64 MiB
 * @param max_inodes  files, directories and links; 0 = 65,536
 * @return WAX_OK; WAX_E_INVALID (empty or duplicate guest path), WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_tmpfs(wax_builder *builder, const char *guest,
                                                  uint64_t max_bytes, uint64_t max_inodes,
                                                  wax_error **err);

/**
 * Give the guest a host directory it may change, without changing the host: what it writes stays in
 * memory, gone with the environment. Renaming a directory of the host is EXDEV.
 *
 * @param builder     borrowed
 * @param host        existing host directory, opened now
 * @param guest       path the guest knows it by; copied
 * @param max_bytes   of all files written; the guest gets ENOSPC beyond it; 0 = 64 MiB
 * @param max_inodes  files, directories and links changed, and directories visited; 0 = 65,536
 * @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_DENIED (a kernel filesystem), WAX_E_INVALID (empty or
 *         duplicate guest path), WAX_E_IO, WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_cow(wax_builder *builder, const char *host,
                                                const char *guest, uint64_t max_bytes,
                                                uint64_t max_inodes, wax_error **err);

/**
 * Give the guest a filesystem of the embedder's own.
 *
 * @param builder  borrowed
 * @param guest    path the guest knows it by; copied
 * @param ops      copied
 * @param data     given to its functions, while environments made by this builder live
 * @param flags    WAX_MOUNT_RO or WAX_MOUNT_COW, or 0
 * @return WAX_OK; WAX_E_INVALID (a table of another size or without what it must have, empty or
 *         duplicate guest path), WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_fs(wax_builder *builder, const char *guest,
                                               const wax_fs_ops *ops, void *data, uint32_t flags,
                                               wax_error **err);

/**
 * Give the guest a directory of device nodes: null, zero, full, random, urandom, and stdin, stdout,
 * stderr, tty and fd/ for what it has open. WASIX modules have one at /dev unless something else is
 * mounted there.
 *
 * @param builder  borrowed
 * @param guest    path the guest knows it by; copied
 * @return WAX_OK; WAX_E_INVALID (empty or duplicate guest path), WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_dev(wax_builder *builder, const char *guest,
                                                wax_error **err);

/**
 * Choose the directory the guest begins to work in: its working directory in WASIX modules, the
 * preopen called "." in preview1 ones. By default the root, and none.
 *
 * @param builder  borrowed
 * @param guest    path of the guest below a mount; copied. Whether it is there shows when the
 *                 environment is made (WAX_E_NOT_FOUND)
 * @return WAX_OK; WAX_E_INVALID (empty path), WAX_E_NOMEM
 * @since 0.1
 * @source wasix_32v1, getcwd
 */
WAX_API WAX_MUST_USE wax_status wax_builder_cwd(wax_builder *builder, const char *guest,
                                                wax_error **err);

enum { WAX_STDIN, WAX_STDOUT, WAX_STDERR };

/**
 * Connect a standard stream to a host descriptor, which is duplicated. By default it is null:
 * reading ends at once, what is written vanishes.
 *
 * @param builder  borrowed
 * @param stream   WAX_STDIN, WAX_STDOUT or WAX_STDERR
 * @param host_fd  open descriptor, or -1 for null
 * @return WAX_OK; WAX_E_INVALID (no such stream, not open)
 * @since 0.1
 * @source wasi preview1
 */
WAX_API WAX_MUST_USE wax_status wax_builder_stdio_fd(wax_builder *builder, int stream, int host_fd,
                                                     wax_error **err);

/**
 * Let the guest read these bytes from its standard input.
 *
 * @param builder  borrowed
 * @param bytes    copied; may be NULL if len is 0
 * @param len      bytes
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_stdio_bytes(wax_builder *builder, const void *bytes,
                                                        size_t len, wax_error **err);

/**
 * Keep what the guest writes to an output, for wax_env_output().
 *
 * @param builder    borrowed
 * @param stream     WAX_STDOUT or WAX_STDERR
 * @param max_bytes  the guest gets ENOSPC beyond it; 0 = 1 MiB
 * @return WAX_OK; WAX_E_INVALID (no such output)
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_stdio_buffer(wax_builder *builder, int stream,
                                                         uint64_t max_bytes, wax_error **err);

/**
 * What carries out reads (fill `buf`) or writes (take it) of a stream, on the guest thread at hand;
 * several may come at once. It may block, but then cancelling waits for it.
 *
 * @return bytes, 0 at the end of the input, or a negative errno
 */
typedef int64_t (*wax_stream_fn)(void *data, void *buf, size_t len);

/**
 * Connect a standard stream to a function.
 *
 * @param builder  borrowed
 * @param stream   WAX_STDIN, WAX_STDOUT or WAX_STDERR
 * @param fn       called with at most 4,096 bytes at a time, while environments made by this
 * builder live
 * @param data     given to it
 * @return WAX_OK; WAX_E_INVALID (no such stream)
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_stdio_call(wax_builder *builder, int stream,
                                                       wax_stream_fn fn, void *data,
                                                       wax_error **err);

/**
 * Connect a standard stream to a pipe, whose other end is the embedder's: wax_env_pipe().
 *
 * @param builder  borrowed
 * @param stream   WAX_STDIN, WAX_STDOUT or WAX_STDERR
 * @return WAX_OK; WAX_E_INVALID (no such stream)
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_stdio_pipe(wax_builder *builder, int stream,
                                                       wax_error **err);

/**
 * Connect all three standard streams to the host's own.
 *
 * @param builder  borrowed
 * @return WAX_OK; WAX_E_INVALID if one is not open
 * @since 0.1
 * @source wasi preview1
 */
WAX_API WAX_MUST_USE wax_status wax_builder_inherit_stdio(wax_builder *builder, wax_error **err);

/**
 * Let the guest accept TCP connections: a listening socket, opened now, as its next descriptor
 * behind the directories; without directories the first is 3. All environments of the builder share
 * it.
 *
 * @param builder   borrowed
 * @param address   numeric, "127.0.0.1:8080" or "[::1]:8080"; port 0 = any free one
 * @param flags     0, or WAX_LISTEN_NONBLOCK
 * @param ret_port  the port; may be NULL
 * @return WAX_OK; WAX_E_INVALID (not such an address, unknown flags), WAX_E_IO with the host's
 * errno, WAX_E_NOMEM
 * @since 0.1
 * @source wasi preview1, sock_accept
 */
WAX_API WAX_MUST_USE wax_status wax_builder_listen(wax_builder *builder, const char *address,
                                                   uint32_t flags, uint16_t *ret_port,
                                                   wax_error **err);
enum {
    WAX_LISTEN_NONBLOCK = 1 /* the guest finds it non-blocking, as Go's net package wants it */
};

/**
 * Give the guest a host descriptor, which is duplicated: a file, pipe, terminal or socket, as its
 * next one behind the directories, in one order with those of wax_builder_listen(). It may read and
 * write as far as the descriptor is open for it, and finds it non-blocking if it is. A listening
 * socket is made non-blocking, for all who share it; to the guest it is what it was. No other flag
 * of the description changes: what was opened to append to it is only appended to.
 *
 * @param builder  borrowed
 * @param host_fd  open descriptor, no directory
 * @return WAX_OK; WAX_E_INVALID (not open, a directory), WAX_E_NOMEM
 * @since 0.1
 * @source wasi preview1
 */
WAX_API WAX_MUST_USE wax_status wax_builder_fd(wax_builder *builder, int host_fd, wax_error **err);

/** What a guest may be allowed to do. */
enum {
    WAX_CAP_THREADS = 1,  /* start threads, up to the limit */
    WAX_CAP_PROCESSES = 2 /* WASIX: start processes, up to the limit, which have the same grants */
};

/**
 * Grant capabilities, on top of those granted before.
 *
 * @param builder       borrowed; NULL accepted
 * @param capabilities  WAX_CAP_* bits
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_builder_grant(wax_builder *builder, uint32_t capabilities);

/**
 * Set limits; 0 keeps the default.
 *
 * @param builder           borrowed; NULL accepted
 * @param max_threads       guest threads of all processes, the main ones included (512)
 * @param max_fds           guest descriptors (1,024)
 * @param max_memory_bytes  per linear memory (what the module declares)
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_builder_limits(wax_builder *builder, uint32_t max_threads, uint32_t max_fds,
                                uint64_t max_memory_bytes);

/**
 * Limit the processes a guest comes to, itself and those that have ended and were not waited for
 * included. The limits of threads and open files hold for all of them together, that of memory for
 * each.
 *
 * @param builder  borrowed; NULL accepted
 * @param max      0 keeps the default (64)
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_builder_limit_processes(wax_builder *builder, uint32_t max);

/** A finished call of the guest. Fields may be added at the end. */
typedef struct wax_trace_record {
    const char *space;      /* "wasi_snapshot_preview1" */
    const char *name;       /* "fd_write" */
    const char *call_class; /* "fd" */
    uint32_t thread;        /* guest thread, from 1 */
    uint32_t n_args;
    const uint64_t *args;   /* as the guest gave them */
    int32_t error;          /* guest errno, 0 = success; -1: the call did not come back */
    const char *error_name; /* "noent"; "" if it did not come back */
    const char *rule;       /* which rule refused the call; "" if none did */
    uint64_t start_ns;      /* monotonic time of the host */
    uint64_t duration_ns;   /* waiting included */
    const char *text;       /* "fd_write(1, [{\"hi\", 2}], 1, [2]) = success" */
} wax_trace_record;

/**
 * Receives one finished call, on the guest thread that made it; several may come at once. The
 * record and its text are valid during the call. It must not call back into the guest.
 */
typedef void (*wax_trace_fn)(void *data, const wax_trace_record *record);

/**
 * Trace calls of WASI and WASIX, decoded. Imports that are not traced cost nothing. Text from the
 * guest is quoted; addresses outside its memory are written as such.
 *
 * @param builder  borrowed
 * @param classes  comma-separated: file, fd, dir, clock, random, poll, sock, proc, thread, env, dl,
 *                 all, or names of calls; "" = all; NULL = trace nothing
 * @param fn       called while environments made by this builder live; NULL = lines to the log, at
 *                 level WAX_LOG_TRACE
 * @param data     given to it
 * @return WAX_OK; WAX_E_INVALID naming the word that is no class and no call; WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_trace(wax_builder *builder, const char *classes,
                                                  wax_trace_fn fn, void *data, wax_error **err);

/**
 * Count calls and the time they take, for wax_env_call_count().
 *
 * @param builder  borrowed
 * @param on       1 or 0
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_builder_count_calls(wax_builder *builder, int on,
                                                        wax_error **err);

/**
 * Offer definitions of the embedder; they are taken before those of WASI. Guest threads can have
 * functions of wax_linker_define_func(), shared memories, tags (a thread's own of the same type)
 * and immutable numeric globals; if the module imports anything else from it, starting a thread
 * fails. A forked child has copies of tables and globals as they were in its parent; nobody but the
 * child can reach these.
 *
 * @param builder  borrowed; NULL accepted
 * @param linker   borrowed until the environment is freed; NULL = none
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_builder_linker(wax_builder *builder, wax_linker *linker);

/**
 * Choose the store the main instance is made in, for externs defined in the linker.
 *
 * @param builder  borrowed; NULL accepted
 * @param store    borrowed until the environment is freed, usable again then; NULL = a new one
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_builder_store(wax_builder *builder, wax_store *store);

/**
 * End the guest process and wait for it: threads, descriptors, memory.
 *
 * @param env  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_env_free(wax_env *wax_own env);

/**
 * Make the environment and the main instance: versions are detected, shared memory is made,
 * imports linked, `_initialize` run if the module is a reactor. The builder may be used again.
 *
 * @param builder  borrowed
 * @param module   borrowed; counted by the environment
 * @param ret_env  given to the caller, freed by wax_env_free()
 * @return WAX_OK; WAX_E_LINK naming the missing import; WAX_TRAP, WAX_EXIT, WAX_E_LIMIT,
 *         WAX_E_NOMEM, WAX_E_INVALID; the ends of wax_call()
 * @since 0.1
 * @source wasi preview1, wasi-threads, wasix_32v1
 */
WAX_API WAX_MUST_USE wax_status wax_builder_instantiate(wax_builder *builder, wax_module *module,
                                                        wax_env *wax_own *ret_env, wax_error **err);

/**
 * Take the host's end of a stream that is a pipe (wax_builder_stdio_pipe()): write to the guest's
 * standard input, or read its outputs. It may be taken before or after the guest runs; a guest
 * waits while the pipe is empty or full, so who reads and writes it does so on another thread, or
 * between calls what fits in a pipe. Closing it is the end of the input, or a closed reader. The
 * guest's end closes when the guest closes it, and with the environment.
 *
 * @param env     borrowed
 * @param stream  WAX_STDIN, WAX_STDOUT or WAX_STDERR
 * @param ret_fd  given to the caller, closed by close(); close-on-exec, blocking
 * @return WAX_OK; WAX_E_INVALID (no pipe, or taken already)
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_env_pipe(wax_env *env, int stream, int *ret_fd,
                                             wax_error **err);

/**
 * What the guest has written so far to a stream that is a buffer (wax_builder_stdio_buffer()).
 *
 * @param env        borrowed; any thread
 * @param stream     WAX_STDOUT or WAX_STDERR
 * @param ret_bytes  given to the caller, freed by free(); a NUL follows them
 * @param ret_len    bytes, the NUL not counted
 * @return WAX_OK; WAX_E_INVALID (the stream is no buffer), WAX_E_NOMEM
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_env_output(wax_env *env, int stream, char **ret_bytes,
                                               size_t *ret_len, wax_error **err);

/**
 * Main instance of the guest.
 *
 * @param env  borrowed; NULL gives NULL
 * @return valid as long as the environment
 * @since 0.1
 * @source waxwing
 */
WAX_API wax_instance *wax_env_instance(wax_env *env);

/**
 * Store of the main instance, for its fuel and timeout.
 *
 * @param env  borrowed; NULL gives NULL
 * @return valid as long as the environment
 * @since 0.1
 * @source waxwing
 */
WAX_API wax_store *wax_env_store(wax_env *env);

/**
 * Run `_start` to its end.
 *
 * @param env            borrowed
 * @param ret_exit_code  0 on return, else what the guest gave to exit; 128 + N if it raised the
 *                       fatal signal N
 * @return WAX_OK (returned or exited); WAX_TRAP, WAX_E_* as wax_call(); WAX_E_NOT_FOUND if there
 *         is no `_start`
 * @since 0.1
 * @source wasi preview1 (commands)
 */
WAX_API WAX_MUST_USE wax_status wax_env_run(wax_env *env, int32_t *ret_exit_code, wax_error **err);

/**
 * Call an exported function by name.
 *
 * @param env        borrowed
 * @param name       C string, borrowed for the call
 * @param args       as for wax_call()
 * @param n_args     as for wax_call()
 * @param results    as for wax_call()
 * @param n_results  as for wax_call()
 * @return as wax_call(); WAX_E_NOT_FOUND, WAX_E_TYPE if it is no function
 * @since 0.1
 * @source wasm core 3.0, 4.5.5
 */
WAX_API WAX_MUST_USE wax_status wax_env_call(wax_env *env, const char *name, const wax_value *args,
                                             size_t n_args, wax_value *results, size_t n_results,
                                             wax_error **err);

/**
 * Stop every thread of the guest, soon and for good. Any thread.
 *
 * @param env  borrowed; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_env_cancel(wax_env *env);

/**
 * Live guest threads, the main one included. Thread-safe.
 *
 * @param env  borrowed; NULL gives 0
 * @return threads
 * @since 0.1
 * @source wasi-threads
 */
WAX_API uint32_t wax_env_n_threads(wax_env *env);

/** What the calls of one import came to, in all threads of an environment. */
typedef struct wax_call_count {
    const char *space; /* valid for ever, as name */
    const char *name;
    uint64_t calls;  /* that are over */
    uint64_t errors; /* that gave an errno other than success */
    uint64_t ns;     /* time in them, waiting included */
} wax_call_count;

/**
 * Read the counters of one import, in environments that count (wax_builder_count_calls()).
 *
 * @param env        borrowed; any thread
 * @param idx        from 0, the imports that were called, in the order of their table
 * @param ret_count  written if there is one
 * @return 1; 0 past the end or when the environment does not count
 * @since 0.1
 * @source waxwing
 */
WAX_API int wax_env_call_count(wax_env *env, size_t idx, wax_call_count *ret_count);

/* -------- guest memory through the environment; every access is bounds-checked -------- */

/**
 * Memory of the guest, shared by its threads.
 *
 * @param env  borrowed; NULL gives NULL
 * @return valid as long as the environment; NULL if it has none
 * @since 0.1
 * @source waxwing
 */
WAX_API wax_memory *wax_env_memory(wax_env *env);

/**
 * Copy out of guest memory, as wax_memory_read().
 *
 * @param env   borrowed
 * @param addr  guest address
 * @param dst   len bytes, written on success
 * @param len   bytes
 * @return WAX_OK; WAX_E_BOUNDS, WAX_E_INVALID (no memory)
 * @since 0.1
 * @source wasm core 3.0, 4.2.8
 */
WAX_API WAX_MUST_USE wax_status wax_env_read(wax_env *env, uint64_t addr, void *dst, size_t len,
                                             wax_error **err);

/**
 * Copy into guest memory, as wax_memory_write().
 *
 * @param env   borrowed
 * @param addr  guest address
 * @param src   len bytes, borrowed for the call
 * @param len   bytes
 * @return WAX_OK; WAX_E_BOUNDS, WAX_E_INVALID (no memory)
 * @since 0.1
 * @source wasm core 3.0, 4.2.8
 */
WAX_API WAX_MUST_USE wax_status wax_env_write(wax_env *env, uint64_t addr, const void *src,
                                              size_t len, wax_error **err);

/**
 * Read a 32-bit number.
 *
 * @param env        borrowed
 * @param addr       guest address, of any alignment
 * @param ret_value  the number
 * @return WAX_OK; WAX_E_BOUNDS, WAX_E_INVALID (no memory)
 * @since 0.1
 * @source wasm core 3.0, 4.2.8
 */
WAX_API WAX_MUST_USE wax_status wax_env_read_u32(wax_env *env, uint64_t addr, uint32_t *ret_value,
                                                 wax_error **err);

/**
 * Write a 32-bit number.
 *
 * @param env    borrowed
 * @param addr   guest address, of any alignment
 * @param value  the number
 * @return WAX_OK; WAX_E_BOUNDS, WAX_E_INVALID (no memory)
 * @since 0.1
 * @source wasm core 3.0, 4.2.8
 */
WAX_API WAX_MUST_USE wax_status wax_env_write_u32(wax_env *env, uint64_t addr, uint32_t value,
                                                  wax_error **err);

/**
 * Copy a NUL-terminated guest string, cut at max_len bytes.
 *
 * @param env      borrowed
 * @param addr     guest address
 * @param max_len  most bytes to copy, the NUL not counted
 * @param ret_str  malloc'ed, NUL-terminated, freed with free()
 * @return WAX_OK; WAX_E_BOUNDS if it starts or runs out of bounds, WAX_E_NOMEM, WAX_E_INVALID
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_env_read_str(wax_env *env, uint64_t addr, size_t max_len,
                                                 char *wax_own *ret_str, wax_error **err);

#ifdef __cplusplus
}
#endif
#endif
