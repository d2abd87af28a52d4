/* SPDX-License-Identifier: Apache-2.0 */
/* --trace and --trace-summary of waxwing run. */
#ifndef WAXWING_CLI_TRACE_H
#define WAXWING_CLI_TRACE_H

#include <stdio.h>

#include <waxwing/waxwing.h>

struct cli_trace {
    int summary;
    char *classes;    /* NULL: no lines; owned by the caller of cli_trace_option() */
    const char *file; /* NULL: standard error; points into the command line */
    FILE *out;        /* while the guest runs */
};

/** The value of --trace: [CLASS,…][:FILE]. @return 0, or -1 */
int cli_trace_option(struct cli_trace *t, const char *value);
/** Open the file and tell the builder. @return 0, or the exit status of a mistake it has told */
int cli_trace_start(struct cli_trace *t, wax_builder *b);
/** Write the summary (env may be NULL) and close. @return `status`, or EXIT_IO if that failed */
int cli_trace_end(struct cli_trace *t, wax_env *env, int status);

#endif
