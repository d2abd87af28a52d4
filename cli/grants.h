/* SPDX-License-Identifier: Apache-2.0 */
/* What options give a guest: directories, variables, streams, as the command line spells them. */
#ifndef WAXWING_CLI_GRANTS_H
#define WAXWING_CLI_GRANTS_H

#include <stdint.h>

#include <waxwing/waxwing.h>

/* Numbers with units, into *ret. @return 0, or -1 if malformed */
int cli_parse_time(const char *s, uint64_t *ret); /* ns */
int cli_parse_size(const char *s, uint64_t *ret); /* bytes */
int cli_parse_count(const char *s, uint64_t *ret);

/*
 * All of these return 0, or the exit status of a mistake they have told.
 */
/* HOST[::GUEST][,ro|,cow[,quota=N][,inodes=N]][,symlinks=…][,xdev=no][,special=allow] */
int cli_dir(wax_builder *b, const char *spec);
/* GUEST[,size=N][,inodes=N] */
int cli_tmpfs(wax_builder *b, const char *spec);
int cli_dev(wax_builder *b);
int cli_cwd(wax_builder *b, const char *guest);
/* KEY=VALUE, or KEY for the host's value if it has one */
int cli_var(wax_builder *b, const char *spec);
/* Lines KEY=VALUE; empty ones and those that start with # are passed over. */
int cli_env_file(wax_builder *b, const char *path);
/* ADDRESS:PORT[,nonblock] to accept connections on; port 0: the port is told on standard error. */
int cli_listen(wax_builder *b, const char *spec);
/* A descriptor of our own by its number; it is closed here. */
int cli_fd(wax_builder *b, const char *number);
/* A network rule. */
int cli_net(wax_builder *b, const char *rule);
/* Decisions about the network go to standard error. */
int cli_net_log(wax_builder *b);
/* A standard stream over a file, which is made or emptied if it is an output. */
int cli_stream(wax_builder *b, int stream, const char *path);

#endif
