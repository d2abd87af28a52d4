/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the check named by the first argument; without one lists all names. */
#include "rules.h"

#include <stdio.h>

static const struct rule *const tables[] = {open_rules, name_rules, io_rules,
                                            dir_rules,  fd_rules,   mount_rules,
                                            poll_rules, call_rules, hole_rules};

/* What the runner makes of the host for DATA, in a directory in memory: no special files. */
static void populate(void)
{
    static const char *const links[][2] = {
        {"f", "lf"},          {"d", "ld"},         {".", "self"},
        {"b", "a"},           {"a", "b"},          {"none", "dangling"},
        {"../outside", "up"}, {"../new", "upnew"}, {"../outside/secret", "upfile"},
    };
    make_dir("d");
    make_dir("d/e");
    make_file("f", "0123456789");
    make_file("d/g", "inner");
    make_file("old", "old");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        CHECK(SUCCESS, p1_path_symlink(S(links[i][0]), DATA, S(links[i][1])));
    }
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const struct rule *r = tables[i]; r->name; r++) {
            if (argc < 2) {
                puts(r->name);
            } else if (strcmp(argv[1], r->name) == 0) {
                if (argc > 2) {
                    populate();
                }
                r->check();
                printf("%u checks, %u failures\n", checks, failures);
                return checks == 0 || failures > 0;
            }
        }
    }
    return argc < 2 ? 0 : 64;
}
