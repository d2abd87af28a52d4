/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose constructor opens another one, and is left by a jump if the program says so. */
#include "jump.h"
#include "log.h"

extern jump_buf nest_buf;
extern int nest_jumps;
int program_open_inner(void);

int nest_value;
__attribute__((constructor)) static void init(void)
{
    log_add('<');
    nest_value = program_open_inner();
    log_add('>');
    if (nest_jumps) {
        longjmp(nest_buf, 5);
    }
}
int nest_get(void) { return nest_value; }
