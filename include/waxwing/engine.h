/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: options shared by all modules and stores made with it. */
#ifndef WAXWING_ENGINE_H
#define WAXWING_ENGINE_H

#include <waxwing/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Compiles and runs modules. Thread-safe; counted, so it may be freed before what was made with
 * it. */
typedef struct wax_engine wax_engine;

enum { WAX_LOG_ERROR, WAX_LOG_WARN, WAX_LOG_INFO, WAX_LOG_DEBUG, WAX_LOG_TRACE };
/** Receives one log record; called from any thread; must not call back into the library. */
typedef void (*wax_log_fn)(void *data, int32_t level, const char *area, const char *message);

/**
 * Who handles SIGSEGV, SIGBUS, SIGILL and one real-time signal. With WAX_SIGNALS_OWN a thread's
 * first call of a guest unblocks the four in it and gives it an alternate stack if it has none;
 * handlers of the host that may run in such threads should use SA_ONSTACK.
 */
enum {
    WAX_SIGNALS_OWN,    /* the engine installs handlers and chains what is not its own (default) */
    WAX_SIGNALS_FILTER, /* the embedder's handlers call wax_signal_filter() */
    WAX_SIGNALS_NONE    /* no signals: explicit bounds checks, slower */
};

/**
 * Files that tell perf(1) which machine code is which function. Names are "module!function". The
 * map lies in /tmp/perf-PID.map, where perf looks for it; the dump, jit-PID.dump, is for
 * `perf record -k mono` and then `perf inject --jit`: it survives the process and holds the code.
 */
enum { WAX_PROFILE_NONE, WAX_PROFILE_PERFMAP, WAX_PROFILE_JITDUMP };

/** Options; fill with wax_engine_options_init() and change what you need. */
typedef struct wax_engine_options {
    size_t struct_size;
    const char *features;      /* "+threads,-simd" on top of the defaults; NULL = defaults */
    const char *tier;          /* "interp"; NULL = best available */
    int32_t signals;           /* WAX_SIGNALS_* */
    int32_t fuel;              /* 1 = modules count fuel, see wax_store_set_fuel() */
    int32_t checked;           /* 1 = explicit bounds checks even where guards are possible */
    int32_t log_level;         /* most detailed level wanted */
    uint64_t allocation_limit; /* bytes of host allocations, linear memory not counted; 0 = none */
    uint64_t max_memory_bytes; /* per linear memory; 0 = what the module declares */
    uint64_t max_table_elems;  /* per table; 0 = 1,000,000 */
    uint64_t max_guest_fds;    /* of all guests, directories they keep open too; 0 = 3/4 of ours */
    uint64_t stack_bytes;      /* guest stack of a store; 0 = 8 MiB */
    wax_log_fn log;            /* NULL = silent */
    void *log_data;
    int32_t canonical_nans;  /* 1 = arithmetic makes the canonical NaN only: same bits everywhere */
    int32_t heat;            /* 1 = modules count calls and loops, see wax_module_heat() */
    int32_t profile;         /* WAX_PROFILE_*; only tiers that make machine code */
    const char *profile_dir; /* borrowed; NULL = /tmp */
    int64_t fail_alloc_at;   /* tests: the n-th allocation fails once; 0 = none */
} wax_engine_options;

/**
 * Fill in the defaults.
 *
 * @param options  written whole
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_engine_options_init(wax_engine_options *options);

/**
 * Give up an engine. What was made with it keeps it alive.
 *
 * @param engine  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_engine_free(wax_engine *wax_own engine);

/**
 * Make an engine. With WAX_SIGNALS_OWN this installs signal handlers for the whole process.
 *
 * @param options     borrowed; NULL = defaults
 * @param ret_engine  given to the caller, freed by wax_engine_free()
 * @return WAX_OK; WAX_E_INVALID (unknown feature), WAX_E_UNSUPPORTED (no such tier, or no profile
 *         of it), WAX_E_NOMEM, WAX_E_IO, WAX_E_NOT_FOUND, WAX_E_DENIED (a profile's directory)
 * @since 0.1
 * @source waxwing
 */
WAX_API WAX_MUST_USE wax_status wax_engine_new(const wax_engine_options *options,
                                               wax_engine *wax_own *ret_engine, wax_error **err);

/**
 * Bytes of host allocations now, linear memory and address space not counted. Thread-safe.
 *
 * @param engine  borrowed; NULL gives 0
 * @return bytes
 * @since 0.1
 * @source waxwing
 */
WAX_API uint64_t wax_engine_allocated(const wax_engine *engine);

/**
 * Most bytes of host allocations so far, counted as by wax_engine_allocated(). Thread-safe.
 *
 * @param engine  borrowed; NULL gives 0
 * @return bytes
 * @since 0.1
 * @source waxwing
 */
WAX_API uint64_t wax_engine_allocated_peak(const wax_engine *engine);

/**
 * Hand a signal to the engine, for WAX_SIGNALS_FILTER: call it from your SA_SIGINFO handlers of
 * SIGSEGV, SIGBUS and SIGILL. Async-signal-safe.
 *
 * @param sig       signal number
 * @param siginfo   siginfo_t * of the handler
 * @param ucontext  ucontext_t * of the handler, changed when it is ours
 * @return 1 when it was a guest fault and the handler should just return, else 0
 * @since 0.1
 * @source waxwing
 */
WAX_API int wax_signal_filter(int sig, void *siginfo, void *ucontext);

/**
 * Version of the library at run time.
 *
 * @return "0.1.0", valid for ever
 * @since 0.1
 * @source waxwing
 */
WAX_API const char *wax_version(void);

#ifdef __cplusplus
}
#endif
#endif
