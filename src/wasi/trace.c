/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing and counting of calls. */
/*
 * Imports that are traced are linked to another thunk (abi.c), so calls that are not cost nothing.
 * A call is one record: of a call that waits, the line stays with its thread until the last resume;
 * if the wait is given up, ours stands in place of the handler's `abandon` and ends the record.
 */
#include "wasi/trace.h"

#include <stdio.h>
#include <string.h>

#include "os/clock.h"
#include "wasi/env.h"

enum {
#define TRACE_CLASS(KEY, NAME) KEY##_BIT,
#define TRACE_CALLS(PREFIX, CLASSES)
#define TRACE_ARG(CALL, NAME, KIND)
#include "wasi/trace.def"
    N_CLASSES
};
enum {
#define TRACE_CLASS(KEY, NAME) KEY = 1 << KEY##_BIT,
#define TRACE_CALLS(PREFIX, CLASSES)
#define TRACE_ARG(CALL, NAME, KIND)
#include "wasi/trace.def"
};
/* Text, not pointers: less to relocate (see abi.c). */
static const char class_names[N_CLASSES][8] = {
#define TRACE_CLASS(KEY, NAME) NAME,
#define TRACE_CALLS(PREFIX, CLASSES)
#define TRACE_ARG(CALL, NAME, KIND)
#include "wasi/trace.def"
};
static const struct {
    uint16_t classes;
    char prefix[22];
} calls[] = {
#define TRACE_CLASS(KEY, NAME)
#define TRACE_CALLS(PREFIX, CLASSES) {CLASSES, PREFIX},
#define TRACE_ARG(CALL, NAME, KIND)
#include "wasi/trace.def"
};

static unsigned classes_of(const char *call)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strncmp(call, calls[i].prefix, strlen(calls[i].prefix)) == 0) {
            return calls[i].classes;
        }
    }
    return 0;
}

const char *wx_trace_class(const char *call)
{
    unsigned bits = classes_of(call);
    for (unsigned i = 0; i < N_CLASSES; i++) {
        if (bits & (1u << i)) {
            return class_names[i];
        }
    }
    return "";
}

/* One word: a class, "all", or the name of a call. @return whether there is such */
static bool select_word(const char *word, size_t len, bool want[WX_ABI_N])
{
    unsigned bits = len == 3 && memcmp(word, "all", 3) == 0 ? (1u << N_CLASSES) - 1 : 0;
    bool found = bits != 0;
    for (unsigned i = 0; i < N_CLASSES && !found; i++) {
        if (strlen(class_names[i]) == len && memcmp(class_names[i], word, len) == 0) {
            bits = 1u << i;
            found = true;
        }
    }
    for (unsigned row = 0; row < WX_ABI_N; row++) {
        const char *name = wx_abi_name(row);
        bool this_one = strlen(name) == len && memcmp(name, word, len) == 0;
        want[row] = want[row] || this_one || (classes_of(name) & bits);
        found = found || this_one;
    }
    return found;
}

wax_status wx_trace_select(const char *classes, bool want[WX_ABI_N], wax_error **err)
{
    const char *word = classes[0] ? classes : "all";
    for (;; word++) {
        size_t len = strcspn(word, ",");
        if (!select_word(word, len, want)) {
            (void)wx_fail(err, WAX_E_INVALID, "no class of calls and no call is named '%.*s'",
                          (int)len, word);
            wx_error_set_hint(err, "classes: all file fd dir clock random poll sock proc thread "
                                   "env dl; or the name of a call, as fd_write");
            return WAX_E_INVALID;
        }
        word += len;
        if (!*word) {
            return WAX_OK;
        }
    }
}

struct wx_trace *wx_trace_new(struct wx_mem *mem)
{
    struct wx_trace *t = wx_zalloc(mem, sizeof *t);
    if (t) {
        t->mem = mem;
    }
    return t;
}

struct wx_trace *wx_trace_copy(struct wx_mem *mem, const struct wx_trace *from)
{
    struct wx_trace *t = wx_trace_new(mem);
    if (t) {
        *t = *from;
        t->mem = mem;
    }
    return t;
}

void wx_trace_free(struct wx_trace *trace)
{
    if (trace) {
        wx_free(trace->mem, trace);
    }
}

/* -------- one call -------- */

void wx_wasi_denied(const struct wx_wasi_call *c, const char *format, ...)
{
    struct wx_trace_line *l = c->self->line;
    bool traced = l && l->abi == c->abi;
    if (!traced && !wx_log_on(&c->env->log, WX_LOG_DEBUG)) {
        return;
    }
    char text[sizeof l->rule];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (traced) {
        memcpy(l->rule, text, sizeof text);
    }
    wx_logf(&c->env->log, WX_LOG_DEBUG, "wasi", "%s is denied: %s", c->abi->name, text);
}

void wx_wasi_denied_rights(const struct wx_wasi_call *c, uint32_t fd, uint64_t missing)
{
    char rights[128];
    wx_trace_rights(rights, sizeof rights, missing);
    wx_wasi_denied(c, "descriptor %u lacks the right %s", fd, rights);
}

void wx_trace_begin(struct wx_wasi_call *c, const uint64_t *args)
{
    struct wx_trace_line *l = c->self->line;
    l->abi = c->abi;
    memcpy(l->args, args, strlen(c->abi->params) * sizeof *args);
    l->rule[0] = '\0';
    l->len = 0;
    l->text[0] = '\0';
    l->next = 0;
    const struct wx_trace *t = c->env->trace;
    if (t->lines && t->want[c->abi->row]) {
        wx_trace_print_in(c);
    }
    l->start_ns = wx_clock_now();
}

/* The wait is given up: the call never comes back to its guest. */
static void abandon(struct wx_thread *t)
{
    struct wx_guest_thread *self = t->owner;
    struct wx_trace_line *l = self->line;
    if (l->abandon) {
        l->abandon(t);
    }
    struct wx_wasi_call c = {.t = t,
                             .env = self->env,
                             .self = self,
                             .memory = self->env->memory,
                             .abi = l->abi,
                             .is64 = l->abi->is64,
                             .wasix = l->abi->wasix};
    wx_trace_end(&c, WX_RET_ABANDONED);
}

/* Guest errno of a finished call; -1: it has none. */
static int32_t errno_of(const struct wx_wasi_call *c, wx_wasi_ret ret)
{
    if (ret == WX_RET_DONE && c->abi->results[0]) { /* a number, or a negative errno */
        int32_t v = (int32_t)(uint32_t)c->slots[0];
        return v < 0 ? -v : 0;
    }
    return ret == WX_RET_DONE ? 0 : ret < 0 ? -1 : ret;
}

static void hand_out(const struct wx_wasi_call *c, const struct wx_trace_line *l, int32_t error,
                     uint64_t ns)
{
    const struct wx_trace *t = c->env->trace;
    const wax_trace_record record = {
        .space = c->abi->space,
        .name = c->abi->name,
        .call_class = wx_trace_class(c->abi->name),
        .thread = c->self->tid,
        .n_args = (uint32_t)strlen(c->abi->params),
        .args = l->args,
        .error = error,
        .error_name = error < 0 ? "" : wx_werrno_name((uint32_t)error),
        .rule = l->rule,
        .start_ns = l->start_ns,
        .duration_ns = ns,
        .text = l->text,
    };
    if (t->fn) {
        t->fn(t->data, &record);
    } else {
        wx_logf(&c->env->log, WX_LOG_TRACE, "wasi", "[%u] %s%s%s", c->self->tid, l->text,
                l->rule[0] ? " denied: " : "", l->rule);
    }
}

void wx_trace_end(struct wx_wasi_call *c, wx_wasi_ret ret)
{
    struct wx_trace_line *l = c->self->line;
    if (ret == WX_RET_WAIT) {
        l->abandon = c->t->out.wait.abandon;
        c->t->out.wait.abandon = abandon;
        return;
    }
    uint64_t ns = wx_clock_now() - l->start_ns;
    struct wx_trace *t = c->env->trace;
    int32_t error = errno_of(c, ret);
    if (t->count) {
        struct wx_call_count *n = &t->counts[c->abi->row];
        (void)wx_add_relaxed(&n->calls, 1);
        (void)wx_add_relaxed(&n->ns, ns);
        (void)wx_add_relaxed(&n->errors, error > 0 ? 1 : 0);
    }
    if (t->lines && t->want[c->abi->row]) {
        wx_trace_print_out(c, ret);
        hand_out(c, l, error, ns);
    }
    l->abi = NULL;
}
