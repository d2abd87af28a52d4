/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that exec and spawn start: found in the guest's own files, with their strings. */
#ifndef WX_WASI_PROGRAM_H
#define WX_WASI_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct wx_env;
struct wx_file;
struct wx_ptable;
struct wx_rt_module;

#define WX_STRINGS_MAX_BYTES ((size_t)2 << 20) /* arguments and environment; E2BIG beyond */

/** Arguments or variables. A WX_VEC() with a name; `bytes` with the NULs. */
struct wx_strings {
    char **p;
    size_t n, cap;
    size_t bytes;
};

/** Copy a string to the end, or to the front. @return host errno: ENOMEM, E2BIG */
int wx_strings_add(struct wx_mem *mem, struct wx_strings *s, const char *str, size_t len);
int wx_strings_add_first(struct wx_mem *mem, struct wx_strings *s, const char *str);
void wx_strings_fini(struct wx_mem *mem, struct wx_strings *s);

/** Zero-initialised = none. Its strings are of the account of the process it is for. */
struct wx_program {
    struct wx_rt_module *module; /* counted */
    struct wx_strings args, environ;
    bool inherits; /* the environment stays */
};

void wx_program_fini(struct wx_mem *mem, struct wx_program *p);
/**
 * Set p->module to the program `name`, relative to the directory `cwd`. If `path` is not NULL and
 * `name` has no slash, it is looked for in the directories named there, in turn. A file that begins
 * with #! stands for the interpreter named there: p->args, the first of which is the program's
 * name, change as in POSIX systems.
 *
 * Programs with the same bytes are loaded once by all processes of a table.
 *
 * @return host errno: that of the look-up; EACCES (no regular file), ENOEXEC (not WebAssembly, or
 * not valid: the log tells), ELOOP (too many interpreters), ENOMEM
 */
int wx_program_find(struct wx_program *p, struct wx_env *env, struct wx_file *cwd, const char *name,
                    const char *path);

/** Modules of one table of processes, most recent first. */
#define WX_N_PROGRAMS 8
struct wx_program_cache {
    struct wx_rt_module *modules[WX_N_PROGRAMS]; /* counted */
};
void wx_program_cache_fini(struct wx_program_cache *cache);

#endif
