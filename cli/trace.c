/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the guest as lines, and what they took as a table. */
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

int cli_trace_option(struct cli_trace *t, const char *value)
{
    size_t len = strcspn(value, ":");
    free(t->classes);
    t->classes = strndup(value, len);
    t->file = value[len] ? value + len + 1 : NULL;
    return !t->classes || (t->file && !t->file[0]) ? -1 : 0;
}

/* One line at a time: guest threads take turns in stdio. */
static void print_call(void *data, const wax_trace_record *r)
{
    fprintf(data, "[%" PRIu32 "] %s <%" PRIu64 ".%06" PRIu64 ">%s%s\n", r->thread, r->text,
            r->duration_ns / 1000000000, r->duration_ns / 1000 % 1000000,
            r->rule[0] ? " denied: " : "", r->rule);
}

int cli_trace_start(struct cli_trace *t, wax_builder *b)
{
    if (!t->classes && !t->summary) {
        return 0;
    }
    t->out = t->file ? fopen(t->file, "we") : stderr;
    if (!t->out) {
        return cli_no_file("run", t->file, errno);
    }
    if (t->file) { /* whatever ends us, the lines until then are there */
        (void)setvbuf(t->out, NULL, _IOLBF, BUFSIZ);
    }
    wax_error *error = NULL;
    if ((t->classes && wax_builder_trace(b, t->classes, print_call, t->out, &error) != WAX_OK) ||
        (t->summary && wax_builder_count_calls(b, 1, &error) != WAX_OK)) {
        return cli_fail("run", error);
    }
    return 0;
}

static int by_time(const void *a, const void *b)
{
    const wax_call_count *x = a, *y = b;
    return x->ns != y->ns ? (x->ns < y->ns) - (x->ns > y->ns) : strcmp(x->name, y->name);
}

static void print_row(FILE *out, const wax_call_count *n, uint64_t all_ns)
{
    fprintf(out, "%6.2f %11.6f %11" PRIu64 " %9" PRIu64 " %9.0" PRIu64 " %s\n",
            all_ns ? 100.0 * (double)n->ns / (double)all_ns : 0.0, (double)n->ns / 1e9,
            n->calls ? n->ns / n->calls : 0, n->calls, n->errors, n->name);
}

static void print_summary(FILE *out, wax_env *env)
{
    static wax_call_count rows[512]; /* more than there are imports */
    size_t n = 0;
    wax_call_count total = {.name = "total"};
    for (; n < sizeof rows / sizeof *rows && wax_env_call_count(env, n, &rows[n]); n++) {
        total.calls += rows[n].calls;
        total.errors += rows[n].errors;
        total.ns += rows[n].ns;
    }
    qsort(rows, n, sizeof *rows, by_time);
    fprintf(out, "%6s %11s %11s %9s %9s %s\n", "% time", "seconds", "nsecs/call", "calls", "errors",
            "call");
    for (size_t i = 0; i < n; i++) {
        print_row(out, &rows[i], total.ns);
    }
    print_row(out, &total, total.ns);
}

int cli_trace_end(struct cli_trace *t, wax_env *env, int status)
{
    if (t->out && t->summary && env) {
        print_summary(t->out, env);
    }
    if (t->out && t->file) {
        int failed = ferror(t->out);
        if (fclose(t->out) != 0 || failed) {
            fprintf(stderr, "waxwing: run: cannot write the trace to '%s': %s\n", t->file,
                    strerror(errno));
            status = status ? status : EXIT_IO;
        }
    }
    t->out = NULL;
    return status;
}
