/* SPDX-License-Identifier: Apache-2.0 */
/* The error object: building, reading, freeing. */
/*
 * An error is one heap object with owned strings. Building one must never fail, so when memory is
 * short a static, shared object stands in; it carries the status WAX_E_NOMEM and freeing it does
 * nothing. Errors are immutable once they left the library, hence readable from any thread.
 *
 * Errors use malloc directly and not a wx_mem account: they must be makeable when an account is at
 * its limit, and they outlive the engine they came from.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/trap.h"

#include <waxwing/store.h>

#define MAX_FRAMES 100 /* innermost ones; deeper recursion says nothing new */

struct wax_error {
    wax_status status;
    wax_trap_code trap;
    int32_t exit_code;
    int32_t host_errno;
    uint32_t func_idx;
    uint32_t line, column;
    uint64_t off;
    char *message;
    char *hint;
    char *rule;
    char *section;
    char *excerpt;
    size_t n_frames;
    wax_frame *frames;
    const wax_tag *tag; /* of an exception */
    size_t n_values;
    wax_value *values;
};

static wax_error nomem_error = {
    .status = WAX_E_NOMEM,
    .func_idx = WAX_NO_INDEX,
    .off = WAX_NO_OFFSET,
    .message = (char *)(uintptr_t)"out of memory",
};

static char *format_string(const char *format, va_list ap)
{
    va_list ap2;
    va_copy(ap2, ap);
    int len = vsnprintf(NULL, 0, format, ap2);
    va_end(ap2);
    if (len < 0) {
        return NULL;
    }
    char *s = malloc((size_t)len + 1);
    if (s) {
        (void)vsnprintf(s, (size_t)len + 1, format, ap); /* measured just above */
    }
    return s;
}

static void make(wax_error **err, wax_status status, const char *format, va_list ap)
{
    if (!err || *err) {
        return;
    }
    wax_error *e = calloc(1, sizeof *e);
    char *message = e ? format_string(format, ap) : NULL;
    if (!message) {
        free(e);
        *err = &nomem_error;
        return;
    }
    e->status = status;
    e->message = message;
    e->func_idx = WAX_NO_INDEX;
    e->off = WAX_NO_OFFSET;
    *err = e;
}

/* The error that may be added to, or NULL. */
static wax_error *editable(wax_error **err)
{
    return err && *err && *err != &nomem_error ? *err : NULL;
}

wax_status wx_fail(wax_error **err, wax_status status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    make(err, status, format, ap);
    va_end(ap);
    return status;
}

wax_status wx_fail_at(wax_error **err, wax_status status, uint64_t off, const char *format, ...)
{
    if (err && !*err) {
        va_list ap;
        va_start(ap, format);
        make(err, status, format, ap);
        va_end(ap);
        wax_error *e = editable(err);
        if (e) {
            e->off = off;
        }
    }
    return status;
}

static wax_status status_of_errno(int host_errno)
{
    switch (host_errno) {
    case ENOENT:
    case ENOTDIR: return WAX_E_NOT_FOUND;
    case ENOMEM: return WAX_E_NOMEM;
    default: return WAX_E_IO;
    }
}

static void add_errno(wax_error *e, int host_errno)
{
    char text[128];
    const char *why = strerror_r(host_errno, text, sizeof text); /* GNU form */
    size_t len = strlen(e->message) + strlen(why) + 3;
    char *message = malloc(len);
    e->host_errno = host_errno;
    if (message) {
        (void)snprintf(message, len, "%s: %s", e->message, why); /* sized above */
        free(e->message);
        e->message = message;
    }
}

wax_status wx_fail_errno(wax_error **err, int host_errno, const char *format, ...)
{
    wax_status status = status_of_errno(host_errno);
    if (err && !*err) {
        va_list ap;
        va_start(ap, format);
        make(err, status, format, ap);
        va_end(ap);
        if (editable(err)) {
            add_errno(*err, host_errno);
        }
    }
    return status;
}

wax_status wx_fail_nomem(wax_error **err, const char *what)
{
    return wx_fail(err, WAX_E_NOMEM, "out of memory for %s", what);
}

static void set_string(char **field, const char *format, va_list ap)
{
    char *s = format_string(format, ap);
    if (s) {
        free(*field);
        *field = s;
    }
}

void wx_error_set_hint(wax_error **err, const char *format, ...)
{
    wax_error *e = editable(err);
    if (e) {
        va_list ap;
        va_start(ap, format);
        set_string(&e->hint, format, ap);
        va_end(ap);
    }
}

void wx_error_set_rule(wax_error **err, const char *format, ...)
{
    wax_error *e = editable(err);
    if (e) {
        va_list ap;
        va_start(ap, format);
        set_string(&e->rule, format, ap);
        va_end(ap);
    }
}

void wx_error_set_section(wax_error **err, const char *section)
{
    wax_error *e = editable(err);
    if (e && !e->section) {
        e->section = strdup(section);
    }
}

void wx_error_set_source(wax_error **err, uint32_t line, uint32_t column, const char *excerpt)
{
    wax_error *e = editable(err);
    if (e) {
        free(e->excerpt);
        e->excerpt = strdup(excerpt);
        e->line = line;
        e->column = column;
    }
}

void wx_error_set_func(wax_error **err, uint32_t func_idx)
{
    wax_error *e = editable(err);
    if (e) {
        e->func_idx = func_idx;
    }
}

void wx_error_set_trap(wax_error **err, wax_trap_code code)
{
    wax_error *e = editable(err);
    if (e) {
        e->trap = code;
    }
}

void wx_error_set_exit_code(wax_error **err, int32_t code)
{
    wax_error *e = editable(err);
    if (e) {
        e->exit_code = code;
    }
}

void wx_error_set_exception(wax_error **err, const wax_tag *tag, const wax_value *values, size_t n)
{
    wax_error *e = editable(err);
    if (!e || e->tag) {
        return;
    }
    e->values = n ? malloc(n * sizeof *values) : NULL;
    if (n && !e->values) {
        return; /* without a tag: a host function can not hand it on, and says so */
    }
    if (n) {
        memcpy(e->values, values, n * sizeof *values);
    }
    e->n_values = n;
    e->tag = tag;
}

static char *copy_name(const char *s) { return strdup(s ? s : ""); }

void wx_error_add_frame(wax_error **err, const char *module_name, const char *func_name,
                        uint32_t func_idx, uint64_t module_off)
{
    wax_error *e = editable(err);
    if (!e || e->n_frames == MAX_FRAMES) {
        return;
    }
    wax_frame *frames = realloc(e->frames, (e->n_frames + 1) * sizeof *frames);
    if (!frames) {
        return;
    }
    e->frames = frames;
    wax_frame *f = &frames[e->n_frames];
    f->module_name = copy_name(module_name);
    f->func_name = copy_name(func_name);
    f->func_idx = func_idx;
    f->module_off = module_off;
    if (f->module_name && f->func_name) {
        e->n_frames++;
    } else {
        free((void *)(uintptr_t)f->module_name);
        free((void *)(uintptr_t)f->func_name);
    }
}

void wx_error_prefix(wax_error **err, const char *format, ...)
{
    wax_error *e = editable(err);
    if (!e) {
        return;
    }
    va_list ap;
    va_start(ap, format);
    char *prefix = format_string(format, ap);
    va_end(ap);
    size_t len = prefix ? strlen(prefix) + strlen(e->message) + 3 : 0;
    char *message = prefix ? malloc(len) : NULL;
    if (message) {
        (void)snprintf(message, len, "%s: %s", prefix, e->message); /* sized above */
        free(e->message);
        e->message = message;
    }
    free(prefix);
}

void wx_error_clear(wax_error **err)
{
    if (err) {
        wax_error_free(*err);
        *err = NULL;
    }
}

wax_status wax_error_status(const wax_error *error) { return error ? error->status : WAX_OK; }

const char *wax_error_message(const wax_error *error) { return error ? error->message : ""; }

const char *wax_error_hint(const wax_error *error)
{
    return error && error->hint ? error->hint : "";
}

const char *wax_error_rule(const wax_error *error)
{
    return error && error->rule ? error->rule : "";
}

const char *wax_error_section(const wax_error *error)
{
    return error && error->section ? error->section : "";
}

uint64_t wax_error_offset(const wax_error *error) { return error ? error->off : WAX_NO_OFFSET; }

uint32_t wax_error_func_idx(const wax_error *error)
{
    return error ? error->func_idx : WAX_NO_INDEX;
}

uint32_t wax_error_line(const wax_error *error) { return error ? error->line : 0; }

uint32_t wax_error_column(const wax_error *error) { return error ? error->column : 0; }

const char *wax_error_excerpt(const wax_error *error)
{
    return error && error->excerpt ? error->excerpt : "";
}

int32_t wax_error_errno(const wax_error *error) { return error ? error->host_errno : 0; }

wax_trap_code wax_error_trap_code(const wax_error *error) { return error ? error->trap : 0; }

int32_t wax_error_exit_code(const wax_error *error) { return error ? error->exit_code : 0; }

size_t wax_error_n_frames(const wax_error *error) { return error ? error->n_frames : 0; }

const wax_frame *wax_error_frame(const wax_error *error, size_t idx)
{
    return error && idx < error->n_frames ? &error->frames[idx] : NULL;
}

const wax_tag *wax_error_tag(const wax_error *error) { return error ? error->tag : NULL; }

size_t wax_error_n_values(const wax_error *error) { return error ? error->n_values : 0; }

const wax_value *wax_error_value(const wax_error *error, size_t idx)
{
    return error && idx < error->n_values ? &error->values[idx] : NULL;
}

void wax_error_free(wax_error *error)
{
    if (!error || error == &nomem_error) {
        return;
    }
    for (size_t i = 0; i < error->n_frames; i++) {
        free((void *)(uintptr_t)error->frames[i].module_name);
        free((void *)(uintptr_t)error->frames[i].func_name);
    }
    free(error->frames);
    free(error->values);
    free(error->message);
    free(error->hint);
    free(error->rule);
    free(error->section);
    free(error->excerpt);
    free(error);
}

const char *wax_status_name(wax_status status)
{
    static const struct {
        wax_status status;
        const char *name;
    } names[] = {
        {WAX_OK, "WAX_OK"},
        {WAX_TRAP, "WAX_TRAP"},
        {WAX_EXIT, "WAX_EXIT"},
        {WAX_EXCEPTION, "WAX_EXCEPTION"},
        {WAX_E_INVALID, "WAX_E_INVALID"},
        {WAX_E_NOMEM, "WAX_E_NOMEM"},
        {WAX_E_LIMIT, "WAX_E_LIMIT"},
        {WAX_E_MALFORMED, "WAX_E_MALFORMED"},
        {WAX_E_VALIDATION, "WAX_E_VALIDATION"},
        {WAX_E_UNSUPPORTED, "WAX_E_UNSUPPORTED"},
        {WAX_E_LINK, "WAX_E_LINK"},
        {WAX_E_NOT_FOUND, "WAX_E_NOT_FOUND"},
        {WAX_E_DENIED, "WAX_E_DENIED"},
        {WAX_E_IO, "WAX_E_IO"},
        {WAX_E_TYPE, "WAX_E_TYPE"},
        {WAX_E_BOUNDS, "WAX_E_BOUNDS"},
        {WAX_E_STATE, "WAX_E_STATE"},
        {WAX_E_POISONED, "WAX_E_POISONED"},
        {WAX_E_CANCELLED, "WAX_E_CANCELLED"},
        {WAX_E_TIMEOUT, "WAX_E_TIMEOUT"},
        {WAX_E_FUEL, "WAX_E_FUEL"},
        {WAX_E_INTERNAL, "WAX_E_INTERNAL"},
    };
    for (size_t i = 0; i < WX_ARRAY_LEN(names); i++) {
        if (names[i].status == status) {
            return names[i].name;
        }
    }
    return "unknown status";
}

const char *wax_trap_name(wax_trap_code code)
{
    switch (code) {
#define TRAP(NAME, CODE, TEXT)                                                                     \
    case CODE: return TEXT;
#include "base/trap.def"
#undef TRAP
    default: return "unknown trap";
    }
}
