/* SPDX-License-Identifier: Apache-2.0 */
/* How the library makes errors: first one wins, never fails, never prints. */
#ifndef WX_BASE_ERROR_H
#define WX_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include <waxwing/error.h>
#include <waxwing/value.h>

#define WX_PRINTF(FMT, ARGS) __attribute__((format(printf, FMT, ARGS)))

/**
 * Record an error in *err and return its status, so that callers write `return wx_fail(err, …);`.
 *
 * If err is NULL only the status travels. If *err is already set it is kept: the first error wins.
 * Out of memory while building one uses a static object, so this never fails.
 * Messages: lower case, what failed first, the subject quoted with ''.
 */
wax_status wx_fail(wax_error **err, wax_status status, const char *format, ...) WX_PRINTF(3, 4);
/** As wx_fail, with the byte offset in the module. */
wax_status wx_fail_at(wax_error **err, wax_status status, uint64_t off, const char *format, ...)
    WX_PRINTF(4, 5);
/**
 * As wx_fail, with the host errno; its strerror text is appended after ": ".
 * @return WAX_E_NOT_FOUND for a missing file, WAX_E_NOMEM when the host is short of it, else
 * WAX_E_IO
 */
wax_status wx_fail_errno(wax_error **err, int host_errno, const char *format, ...) WX_PRINTF(3, 4);
/** Out of memory while making `what`; uses the static error object. */
wax_status wx_fail_nomem(wax_error **err, const char *what);

/* Additions to an error just made. All accept err == NULL and *err == NULL. Strings are copied. */
void wx_error_set_hint(wax_error **err, const char *format, ...) WX_PRINTF(2, 3);
void wx_error_set_rule(wax_error **err, const char *format, ...) WX_PRINTF(2, 3);
void wx_error_set_section(wax_error **err, const char *section);
/** Place in a text: line and column from 1, and the line with a caret below it. */
void wx_error_set_source(wax_error **err, uint32_t line, uint32_t column, const char *excerpt);
void wx_error_set_func(wax_error **err, uint32_t func_idx);
void wx_error_set_trap(wax_error **err, wax_trap_code code);
/** The exception behind WAX_EXCEPTION: its tag and n payload values, copied. */
void wx_error_set_exception(wax_error **err, const wax_tag *tag, const wax_value *values, size_t n);
void wx_error_set_exit_code(wax_error **err, int32_t code);
void wx_error_add_frame(wax_error **err, const char *module_name, const char *func_name,
                        uint32_t func_idx, uint64_t module_off);
/** Put "prefix: " before the message, for callers that know the subject better. */
void wx_error_prefix(wax_error **err, const char *format, ...) WX_PRINTF(2, 3);
/** Drop *err (an error that was handled) and set it to NULL. */
void wx_error_clear(wax_error **err);

#endif
