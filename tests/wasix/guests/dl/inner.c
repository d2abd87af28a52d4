/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is opened by the constructor of another one. */
#include "log.h"

static int ready;
__attribute__((constructor)) static void init(void)
{
    log_add('i');
    ready = 6;
}
int inner_ready(void) { return ready; }
