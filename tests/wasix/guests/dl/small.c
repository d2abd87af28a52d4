/* SPDX-License-Identifier: Apache-2.0 */
/* A bit of everything, for runs in which some allocation fails: it ends with 0, or 3 if it could
 * not. */
#include <waxwing/wasix.h>

#include "../check.h"
#include "log.h"

char log_text[64];
static unsigned log_len;
void log_add(char c) { log_text[log_len++ & 63] = c; }
int program_triple(int a) { return 3 * a; }
int one_add(int a, int b), two_public(int a);

static uint32_t handle;
static wax_thread thread;
static char stack[16384] __attribute__((aligned(16)));

static void need(int ok)
{
    if (!ok) {
        p1_proc_exit(3);
    }
}

static void use(void *arg)
{
    uint32_t value = 0;
    (void)arg;
    need(wasix_dlsym(handle, AT("plug_count"), 10, 0, 0, AT(&value)) == 0);
    IS(((int (*)(int))(uintptr_t)value)(1), 101);
    IS(one_add(1, two_public(1)), 24);
}

static void use_in_child(void)
{
    uint32_t pid = 0;
    struct wasix_option_u32 who = {.some = 1};
    struct wasix_join_status s = {0, 0, 0};
    need(wasix_proc_fork(1, AT(&pid)) == 0);
    if (!pid) {
        use(0);
        wasix_proc_exit2(0);
    }
    who.value = pid;
    need(wasix_proc_join(AT(&who), 0, AT(&s)) == 0);
    need(s.tag == 1 && s.code == 0);
}

void _start(void)
{
    need(wasix_dlopen(AT("libplug.so"), 10, 0, 0, 0, 0, 0, AT(&handle)) == 0);
    use_in_child();
    use(0);
    need(wax_thread_start(&thread, use, 0, stack, sizeof stack) == 0);
    wax_thread_join(&thread);
    p1_proc_exit(0);
}
