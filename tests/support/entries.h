/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what this process has: entries of its directories in /proc. */
#ifndef WAXWING_TESTS_ENTRIES_H
#define WAXWING_TESTS_ENTRIES_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** Of a directory, with `.` and `..`; of /proc/self/fd with the one it is read by. */
static inline unsigned count_entries(const char *path)
{
    unsigned n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    while (d && readdir(d)) {
        n++;
    }
    if (d) {
        (void)closedir(d); /* only read from */
    }
    return n;
}

#endif
