/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: exit statuses and messages. */
#ifndef WAXWING_CLI_H
#define WAXWING_CLI_H

#include <waxwing/waxwing.h>

/* Exit statuses (sysexits where they fit); guest codes pass through as they are. */
enum {
    EXIT_USAGE = 64,       /* our own command line */
    EXIT_DATA = 65,        /* the module does not load or validate */
    EXIT_NOINPUT = 66,     /* a named input is missing */
    EXIT_UNAVAILABLE = 69, /* missing import or feature */
    EXIT_IO = 74,
    EXIT_TIMEOUT = 124,
    EXIT_TRAP = 134
};

/** Prints "waxwing: COMMAND: message" and the hint, frees the error, returns the exit status. */
int cli_fail(const char *command, wax_error *error);
/** A usage error: message and where to find help. Returns EXIT_USAGE. */
int cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A file that can not be opened: what and why. Returns EXIT_NOINPUT or EXIT_IO. */
int cli_no_file(const char *command, const char *path, int host_errno);
/**
 * The text with control characters made visible: names in modules are the guest's and must not
 * drive the terminal. @return `buf`; cut when longer
 */
const char *cli_plain(const char *text, char *buf, size_t size);
/**
 * Remember how the terminal is, and put it back when a signal ends us: the library does so when the
 * guest ends.
 */
void cli_keep_terminal(void);
/** Log callback that writes to stderr. */
void cli_log(void *data, int32_t level, const char *area, const char *message);

/** What was decided about the network, as a line; data: FILE. */
void cli_net_decision(void *data, const wax_net_decision *d);

int cmd_run(int argc, char **argv);
int cmd_validate(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_compile(int argc, char **argv);
int cmd_net(int argc, char **argv);
int cmd_print(int argc, char **argv);
int cmd_wast(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
