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
/** Remember how the terminal is. */
void cli_keep_terminal(void);
/** Leave the terminal as it was. Async-signal-safe. */
void cli_put_terminal_back_sigsafe(void);
/** Before we are stopped, and afterwards: whoever is in the foreground finds it as it was. */
void cli_lend_terminal(void);
void cli_take_terminal(void);

/** From now on signals of the command are this guest's. */
void cli_signals_start(wax_env *env);
/** It is over. @return the signal that ended it; 0: none did */
int cli_signals_end(void);
/** The guest was stopped, so are we: for wax_builder_on_stop(). */
void cli_stop_too(void *data);
/** End of the command by this signal, everything else being done. @return exit status if it lives
 */
int cli_die_of(int sig);
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
