/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing and counting of calls: which, how long, what they were given and came to. */
#ifndef WX_WASI_TRACE_H
#define WX_WASI_TRACE_H

#include <waxwing/wasi.h>

#include "wasi/abi.h"

/** How often a call was made. Counted by all threads: atomics. */
struct wx_call_count {
    uint64_t calls, errors, ns;
};

/** What an environment wants to know; fixed once its imports are linked. */
struct wx_trace {
    struct wx_mem *mem;
    bool lines, count;
    wax_trace_fn fn; /* NULL: lines go to the log */
    void *data;
    bool want[WX_ABI_N]; /* rows that make lines */
    struct wx_call_count counts[WX_ABI_N];
};

#define WX_TRACE_TEXT 2048u /* longer lines are cut */

/** The call in progress of one guest thread, across its waits. */
struct wx_trace_line {
    const struct wx_abi_func *abi; /* NULL: none */
    uint64_t args[WX_ABI_MAX_ARGS];
    uint64_t start_ns;
    void (*abandon)(struct wx_thread *t); /* the handler's, in whose place ours stands */
    uint32_t next;                        /* first parameter not written yet */
    size_t len;
    char text[WX_TRACE_TEXT];
    char rule[192]; /* why it was refused, "" */
};

struct wx_trace *wx_trace_new(struct wx_mem *mem); /* NULL: out of memory */
struct wx_trace *wx_trace_copy(struct wx_mem *mem, const struct wx_trace *from);
void wx_trace_free(struct wx_trace *trace); /* NULL accepted */
/** Mark the rows that a list of classes and names of calls picks ("" = all). */
wax_status wx_trace_select(const char *classes, bool want[WX_ABI_N], wax_error **err);
const char *wx_trace_class(const char *call); /* name of the first class */
/** NULL, or what makes lines and counts of this row. */
static inline bool wx_trace_wants(const struct wx_trace *t, unsigned row)
{
    return t && (t->count || (t->lines && t->want[row]));
}

/** Around the handler; with WAIT the end comes after the last resume, or when it is abandoned. */
void wx_trace_begin(struct wx_wasi_call *c, const uint64_t *args);
void wx_trace_end(struct wx_wasi_call *c, wx_wasi_ret ret);
/** Results of a call that no handler returned. */
#define WX_RET_ABANDONED (-5)

/* trace_text.c: the text of c->self->line, up to the first result, and the rest of it. */
void wx_trace_print_in(const struct wx_wasi_call *c);
void wx_trace_print_out(const struct wx_wasi_call *c, wx_wasi_ret ret);
/** "fd_read|fd_seek", "ALL&~fd_write", … */
void wx_trace_rights(char *buf, size_t size, uint64_t rights);

#endif
