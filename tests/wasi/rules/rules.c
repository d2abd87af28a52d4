/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the check named by the first argument; without one lists all names. */
#include "rules.h"

#include <stdio.h>

static const struct rule *const tables[] = {open_rules, name_rules, io_rules,
                                            dir_rules,  fd_rules,   mount_rules,
                                            poll_rules, call_rules, hole_rules};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const struct rule *r = tables[i]; r->name; r++) {
            if (argc < 2) {
                puts(r->name);
            } else if (strcmp(argv[1], r->name) == 0) {
                r->check();
                printf("%u checks, %u failures\n", checks, failures);
                return checks == 0 || failures > 0;
            }
        }
    }
    return argc < 2 ? 0 : 64;
}
