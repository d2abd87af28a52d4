/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of a dynamically linked program, for it and its libraries. */
#ifndef TESTS_WASIX_GUESTS_DL_FORKER_H
#define TESTS_WASIX_GUESTS_DL_FORKER_H

#include <waxwing/wasix.h>

#include "../check.h"

static inline uint32_t fork_now(void)
{
    uint32_t pid = 12345;
    OK(wasix_proc_fork(1, AT(&pid)));
    return pid;
}

static inline struct wasix_join_status wait_for(uint32_t pid)
{
    struct wasix_option_u32 who = {1, pid};
    struct wasix_join_status s = {0, 0, 0};
    OK(wasix_proc_join(AT(&who), 0, AT(&s)));
    IS(who.value, pid);
    return s;
}

static inline void wait_code(uint32_t pid, uint32_t code)
{
    struct wasix_join_status s = wait_for(pid);
    IS(s.code, code);
    IS(s.tag, 1); /* it exited */
}

static inline uint32_t text_length(const char *s)
{
    uint32_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

static inline uint32_t open_lib(const char *path)
{
    char message[200] = "";
    uint32_t handle = 0;
    if (wasix_dlopen(AT(path), text_length(path), 0, AT(message), sizeof message, 0, 0,
                     AT(&handle))) {
        wax_print_str(message);
        wax_print_str("\n");
        IS(0, 1);
    }
    return handle;
}

static inline void *symbol(uint32_t handle, const char *name)
{
    uint32_t value = 0;
    OK(wasix_dlsym(handle, AT(name), text_length(name), 0, 0, AT(&value)));
    return (void *)(uintptr_t)value;
}

#endif
