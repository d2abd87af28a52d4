/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler annotations: thread-safety analysis, branch hints, cleanup. */
#ifndef WX_BASE_ANNOT_H
#define WX_BASE_ANNOT_H

#if defined(__clang__)
#define WX_TSA(X) __attribute__((X))
#else
#define WX_TSA(X)
#endif
#define WAX_CAPABILITY(X) WX_TSA(capability(X))
#define WAX_GUARDED_BY(X) WX_TSA(guarded_by(X))
#define WAX_PT_GUARDED_BY(X) WX_TSA(pt_guarded_by(X))
#define WAX_REQUIRES(...) WX_TSA(requires_capability(__VA_ARGS__))
#define WAX_EXCLUDES(...) WX_TSA(locks_excluded(__VA_ARGS__))
#define WAX_ACQUIRE(...) WX_TSA(acquire_capability(__VA_ARGS__))
#define WAX_TRY_ACQUIRE(...) WX_TSA(try_acquire_capability(__VA_ARGS__))
#define WAX_RELEASE(...) WX_TSA(release_capability(__VA_ARGS__))
#define WAX_ACQUIRED_AFTER(...) WX_TSA(acquired_after(__VA_ARGS__))
#define WAX_NO_TSA WX_TSA(no_thread_safety_analysis)

/* Per-thread variables that signal handlers read: no allocation at first use. */
#define WX_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#define wx_likely(X) __builtin_expect(!!(X), 1)
#define wx_unlikely(X) __builtin_expect(!!(X), 0)
#define WX_COLD __attribute__((cold, noinline))
#define WX_UNUSED __attribute__((unused))
/* Runs in signal handlers at any instruction: no sanitizer runtime may be entered from it. */
#if defined(__clang__)
#define WX_UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#else
#define WX_UNINSTRUMENTED
#endif

#endif
