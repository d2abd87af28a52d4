/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes and the error object every fallible call can return. */
#ifndef WAXWING_ERROR_H
#define WAXWING_ERROR_H

#include <stddef.h>
#include <stdint.h>

#include <waxwing/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What a call came to. Zero is success, positive values are outcomes of guest code (the guest ran
 * and ended in a way the caller must look at), negative values are errors (the call did not do what
 * was asked; `wax_error` says why).
 */
typedef int32_t wax_status;
enum {
    WAX_OK = 0,
    WAX_TRAP = 1,           /* the guest trapped; wax_error_trap() tells where */
    WAX_EXIT = 2,           /* the guest called exit; wax_error_exit_code() gives the code */
    WAX_EXCEPTION = 3,      /* a wasm exception left the guest uncaught */
    WAX_E_INVALID = -1,     /* an argument of this call is wrong */
    WAX_E_NOMEM = -2,       /* the host is out of memory */
    WAX_E_LIMIT = -3,       /* a configured or declared limit would be passed */
    WAX_E_MALFORMED = -4,   /* bytes are not a wasm module (decoding) */
    WAX_E_VALIDATION = -5,  /* a well-formed module breaks a validation rule */
    WAX_E_UNSUPPORTED = -6, /* a feature is off or not there yet */
    WAX_E_LINK = -7,        /* an import is missing or has another type */
    WAX_E_NOT_FOUND = -8,   /* no such export, file, mount, … */
    WAX_E_DENIED = -9,      /* a capability was not granted; the error names the rule */
    WAX_E_IO = -10,         /* the host refused a system call; wax_error_errno() has the number */
    WAX_E_TYPE = -11,       /* value or extern of another type than asked for */
    WAX_E_BOUNDS = -12,     /* outside guest memory, a table or a buffer */
    WAX_E_STATE = -13,      /* not possible in the present state (running, already started, …) */
    WAX_E_POISONED = -14,   /* the instance was stopped hard and must be reset or freed */
    WAX_E_CANCELLED = -15,  /* stopped by wax_*_cancel() */
    WAX_E_TIMEOUT = -16,    /* stopped by a deadline */
    WAX_E_FUEL = -17,       /* stopped because the fuel was used up */
    WAX_E_INTERNAL = -18    /* a bug in waxwing */
};

/** Where an offset or index is not known. */
#define WAX_NO_OFFSET UINT64_MAX
#define WAX_NO_INDEX UINT32_MAX

/**
 * An error: what failed, on which subject, why, and what would permit it. Immutable once returned;
 * may be read from any thread; owned by the caller and freed by wax_error_free().
 */
typedef struct wax_error wax_error;

/** Kinds of trap, as wax_error_trap_code() reports them; names in wax_trap_name(). */
typedef int32_t wax_trap_code;

/** One frame of a guest back-trace, innermost first. Strings live as long as the error. */
typedef struct wax_frame {
    const char *module_name; /* may be "" */
    const char *func_name;   /* from the name section or an export; may be "" */
    uint32_t func_idx;       /* function index in its module */
    uint64_t module_off;     /* byte offset in the module, WAX_NO_OFFSET if unknown */
} wax_frame;

/**
 * Status of an error.
 *
 * @param error  borrowed; NULL accepted
 * @return what the failing call returned; WAX_OK for NULL
 * @since 0.1
 * @source waxwing
 */
WAX_API wax_status wax_error_status(const wax_error *error);

/**
 * What failed, on which subject and why, in one line.
 *
 * @param error  borrowed; NULL accepted
 * @return valid until the error is freed; "" for NULL
 * @since 0.1
 * @source waxwing
 */
WAX_API const char *wax_error_message(const wax_error *error);

/**
 * What would permit it, or where to look.
 *
 * @param error  borrowed; NULL accepted
 * @return valid until the error is freed; "" if there is none
 * @since 0.1
 * @source waxwing
 */
WAX_API const char *wax_error_hint(const wax_error *error);

/**
 * Rule behind a denial.
 *
 * @param error  borrowed; NULL accepted
 * @return valid until the error is freed; "" if it is no denial
 * @since 0.1
 * @source waxwing
 */
WAX_API const char *wax_error_rule(const wax_error *error);

/**
 * Section of the module an error of loading was found in.
 *
 * @param error  borrowed; NULL accepted
 * @return valid until the error is freed; "" if there is none
 * @since 0.1
 * @source wasm core 3.0, 5.5.2
 */
WAX_API const char *wax_error_section(const wax_error *error);

/**
 * Byte offset in the module of an error of loading.
 *
 * @param error  borrowed; NULL accepted
 * @return offset, WAX_NO_OFFSET if unknown
 * @since 0.1
 * @source waxwing
 */
WAX_API uint64_t wax_error_offset(const wax_error *error);

/**
 * Function of the module an error of loading was found in.
 *
 * @param error  borrowed; NULL accepted
 * @return function index, WAX_NO_INDEX if none
 * @since 0.1
 * @source waxwing
 */
WAX_API uint32_t wax_error_func_idx(const wax_error *error);

/**
 * Number of the system call error behind WAX_E_IO, WAX_E_NOT_FOUND or WAX_E_NOMEM.
 *
 * @param error  borrowed; NULL accepted
 * @return errno, 0 if none
 * @since 0.1
 * @source waxwing
 */
WAX_API int32_t wax_error_errno(const wax_error *error);
/* Errors about text: place (from 1; 0 if there is none) and "the line\n    ^" that shows it. */

/**
 * Line of the text an error is about.
 *
 * @param error  borrowed; NULL accepted
 * @return from 1; 0 if it is not about text
 * @since 0.1
 * @source wasm core 3.0, 6
 */
WAX_API uint32_t wax_error_line(const wax_error *error);

/**
 * Column of the text an error is about.
 *
 * @param error  borrowed; NULL accepted
 * @return from 1, in characters; 0 if it is not about text
 * @since 0.1
 * @source wasm core 3.0, 6
 */
WAX_API uint32_t wax_error_column(const wax_error *error);

/**
 * The line of the text an error is about, and below it a mark that shows the place.
 *
 * @param error  borrowed; NULL accepted
 * @return valid until the error is freed; "" if it is not about text
 * @since 0.1
 * @source waxwing
 */
WAX_API const char *wax_error_excerpt(const wax_error *error);

/**
 * Kind of a trap.
 *
 * @param error  borrowed; NULL accepted
 * @return code for wax_trap_name(), 0 if it is no trap
 * @since 0.1
 * @source wasm core 3.0, 4.2.2
 */
WAX_API wax_trap_code wax_error_trap_code(const wax_error *error);

/**
 * What the guest gave to exit, for WAX_EXIT.
 *
 * @param error  borrowed; NULL accepted
 * @return exit code, 0 if it is no exit
 * @since 0.1
 * @source wasi preview1, proc_exit
 */
WAX_API int32_t wax_error_exit_code(const wax_error *error);

/**
 * Frames in the back-trace of a trap or stop.
 *
 * @param error  borrowed; NULL accepted
 * @return number of frames, at most 64
 * @since 0.1
 * @source waxwing
 */
WAX_API size_t wax_error_n_frames(const wax_error *error);

/**
 * One frame of the back-trace, innermost first.
 *
 * @param error  borrowed; NULL accepted
 * @param idx    0 to wax_error_n_frames() - 1
 * @return valid until the error is freed; NULL past the end
 * @since 0.1
 * @source waxwing
 */
WAX_API const wax_frame *wax_error_frame(const wax_error *error, size_t idx);

/**
 * Free an error.
 *
 * @param error  taken; NULL accepted
 * @since 0.1
 * @source waxwing
 */
WAX_API void wax_error_free(wax_error *wax_own error);

/**
 * Name of a status.
 *
 * @param status  any number
 * @return "WAX_E_LIMIT" and so on, "unknown status"; valid for ever
 * @since 0.1
 * @source waxwing
 */
WAX_API const char *wax_status_name(wax_status status);

/**
 * Description of a kind of trap.
 *
 * @param code  any number
 * @return "out of bounds memory access" and so on, "unknown trap"; valid for ever
 * @since 0.1
 * @source wasm core 3.0, A.3
 */
WAX_API const char *wax_trap_name(wax_trap_code code);

#ifdef __cplusplus
}
#endif
#endif
