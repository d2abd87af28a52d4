/* SPDX-License-Identifier: Apache-2.0 */
/* --invoke of waxwing run: a call of an export as text. */
#ifndef WAXWING_CLI_INVOKE_H
#define WAXWING_CLI_INVOKE_H

#include <waxwing/waxwing.h>

#define CLI_MAX_VALUES 32u

struct cli_call {
    wax_name name; /* the module's */
    uint32_t n_args, n_results;
    wax_value args[CLI_MAX_VALUES];
};

/**
 * FN, or FN(VALUE, …), against what the module exports, before anything of it runs.
 * @return 0, or the exit status of a mistake it has told
 */
int cli_call_parse(wax_module *module, const char *spec, struct cli_call *ret);
/** Call and print the results. @return exit status */
int cli_call_run(wax_env *env, const struct cli_call *call);

#endif
