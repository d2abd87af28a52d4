/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose constructor does what the program wants, and goes on afterwards. */
#include "log.h"

int hook_ready;
void program_hook(void);

__attribute__((constructor)) static void init(void)
{
    log_add('h');
    program_hook();
    hook_ready = 9;
}
int hook_get(void) { return hook_ready; }
