/* SPDX-License-Identifier: Apache-2.0 */
/* Loading within loading: constructors that open libraries, jump out, or end their thread. */
#include "../check.h"
#include "jump.h"
#include "log.h"

char log_text[64];
static unsigned log_len;
void log_add(char c) { log_text[log_len++] = c; }

jump_buf nest_buf;
int nest_jumps;

static uint32_t open_lib(const char *path, uint32_t *handle)
{
    uint32_t n = 0;
    while (path[n]) {
        n++;
    }
    *handle = 0;
    return wasix_dlopen(AT(path), n, 0, 0, 0, 0, 0, AT(handle));
}

static void *symbol(uint32_t handle, const char *name)
{
    uint32_t n = 0, value = 0;
    while (name[n]) {
        n++;
    }
    OK(wasix_dlsym(handle, AT(name), n, 0, 0, AT(&value)));
    return (void *)(uintptr_t)value;
}

/* Called by the constructor of libnest.so: inner libraries are ready when their dlopen returns. */
int program_open_inner(void)
{
    uint32_t handle;
    OK(open_lib("libinner.so", &handle));
    return ((int (*)(void))symbol(handle, "inner_ready"))();
}

static wax_thread thread, other;
static char stack[2][16384] __attribute__((aligned(16)));

/* An end of the thread in the middle of loading. */
void leave_hook(void) { wasix_thread_exit(0); }

static void open_leaving(void *arg)
{
    uint32_t handle;
    (void)arg;
    (void)open_lib("libleave.so", &handle);
    log_add('!');
}

static void open_late(void *arg)
{
    uint32_t handle;
    (void)arg;
    OK(open_lib("liblate.so", &handle));
    log_add(((int (*)(void))symbol(handle, "late_ready"))() == 1 ? 'l' : '?');
}

static int open_jumping(void)
{
    uint32_t handle;
    int value = setjmp(nest_buf);
    if (!value) {
        (void)open_lib("libnest.so", &handle);
    }
    return value;
}

static void same_text(const char *want)
{
    uint32_t i = 0;
    while (want[i] && log_text[i] == want[i]) {
        i++;
    }
    if (log_text[i] != want[i]) {
        wax_print_str(log_text);
        IS(0, 1);
    }
}

void _start(void)
{
    uint32_t handle;
    nest_jumps = 1;
    IS(open_jumping(), 5);
    same_text("<i>");
    OK(open_lib("libnest.so", &handle)); /* it is there, and no constructor runs again */
    IS(((int (*)(void))symbol(handle, "nest_get"))(), 6);
    same_text("<i>");
    /* Whoever waits goes on when the thread that loads ends. */
    OK(wax_thread_start(&thread, open_leaving, 0, stack[0], sizeof stack[0]));
    OK(wax_thread_start(&other, open_late, 0, stack[1], sizeof stack[1]));
    wax_thread_join(&other);
    OK(wasix_thread_join(thread.tid));
    same_text("<i>l");
    open_late(0);
    same_text("<i>ll");
    p1_proc_exit(0);
}
