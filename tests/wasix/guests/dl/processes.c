/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of a dynamically linked program: constructors that fork or switch, forks while others
 * load, programs from programs, over and over. */
/* The program is /lib/dl_processes.wasm; what a copy is to do stands in its first argument. */
#include "forker.h"
#include "log.h"

#define SELF "/lib/dl_processes.wasm"
#define TEXT(S) AT(S), sizeof(S) - 1
enum { KILL = 9, EXIT_SIGNAL = 2 };

char log_text[64];
static unsigned log_len;
void log_add(char c) { log_text[log_len++ & 63] = c; }
int program_triple(int a) { return 3 * a; }

typedef int (*unary)(int);
typedef int (*nullary)(void);
int one_add(int a, int b), one_run(int a), one_stack(int depth), two_public(int a);

static void (*hook)(void);
void program_hook(void) { hook(); }

static wax_thread thread;
static char stack[16384] __attribute__((aligned(16)));

/* -------- in a constructor -------- */

static void open_there(void *arg)
{
    (void)arg;
    IS(((nullary)symbol(open_lib("libinner.so"), "inner_ready"))(), 6);
}

/* Nobody is loading any more: another thread's turn comes. */
static void open_in_thread(void)
{
    OK(wax_thread_start(&thread, open_there, 0, stack, sizeof stack));
    wax_thread_join(&thread);
}

static uint32_t constructed_pid = 1;
static void fork_hook(void) { constructed_pid = fork_now(); }

/* Both go on with the load, and have the library afterwards. */
static void fork_in_constructor(void)
{
    hook = fork_hook;
    uint32_t handle = open_lib("libhook.so");
    IS(((nullary)symbol(handle, "hook_get"))(), 9);
    IS(((unary)symbol(open_lib("libcopy.so"), "copy_three"))(2), 5);
    if (!constructed_pid) {
        open_in_thread();
        wasix_proc_exit2(31);
    }
    wait_code(constructed_pid, 31);
}

static uint64_t other;
static uint32_t switches;

static void other_context(void)
{
    for (;;) {
        switches++;
        OK(wasix_context_switch(0));
    }
}

static void switch_hook(void)
{
    OK(wasix_context_switch(other));
    uint32_t pid = fork_now(); /* the other context is in the child, too */
    OK(wasix_context_switch(other));
    if (!pid) {
        IS(switches, 2);
        wasix_proc_exit2(32);
    }
    wait_code(pid, 32);
}

/* In a child, which does not have libhook.so yet. */
static void switch_in_constructor(void)
{
    uint32_t pid = fork_now();
    if (!pid) {
        hook = switch_hook;
        OK(wasix_context_create(AT(&other), AT(other_context)));
        IS(((nullary)symbol(open_lib("libhook.so"), "hook_get"))(), 9);
        IS(switches, 2);
        wasix_proc_exit2(33);
    }
    wait_code(pid, 33);
}

/* -------- while another thread loads -------- */

static volatile uint32_t loaded, stopping, rounds;
static uint32_t n_loads = 60;

static char path[] = "tmp/libc00.so";

static void copy_file(const char *from, const char *to)
{
    static char buf[65536];
    uint32_t in, out, n, done;
    OK(p1_path_open(3, 0, AT(from), text_length(from), 0, 2, 2, 0, AT(&in)));
    OK(p1_path_open(3, 0, AT(to), text_length(to), 1, 64, 64, 0, AT(&out)));
    while (get(in, buf, sizeof buf, &n) == 0 && n) {
        OK(put(out, buf, n, &done));
        IS(done, n);
    }
    OK(p1_fd_close(in));
    OK(p1_fd_close(out));
}

static void name_path(uint32_t i)
{
    path[8] = (char)('0' + i / 10);
    path[9] = (char)('0' + i % 10);
}

static void load_many(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < n_loads && !stopping; i++) {
        name_path(i);
        while (i == 5 && rounds == 0) { /* they do overlap */
        }
        copy_file("lib/libcopy.so", path);
        uint32_t handle = open_lib(path);
        IS(((unary)symbol(handle, "copy_next"))(1), 2);
        loaded = handle;
    }
    stopping = 1;
}

/* All the child can see of libraries works, and it loads one of its own. */
static void use_all(uint32_t last)
{
    IS(one_run(5), 13 + 11 + 7 + 22 + 15 + 1);
    if (last) {
        IS(((unary)symbol(last, "copy_next"))(1), 3);
    }
    IS(((unary)symbol(open_lib("libplug.so"), "plug_count"))(1), 101);
}

static void fork_while_loading(void)
{
    OK(wax_thread_start(&thread, load_many, 0, stack, sizeof stack));
    while (!stopping) {
        uint32_t last = loaded, pid = 12345, copies = rounds & 1; /* or the parent's memory */
        OK(wasix_proc_fork(copies, AT(&pid)));
        if (!pid) {
            if (copies) {
                use_all(last);
            }
            wasix_proc_exit2(34);
        }
        wait_code(pid, 34);
        rounds++;
    }
    wax_thread_join(&thread);
}

static void many_rounds(void)
{
    uint32_t plug = open_lib("libplug.so");
    for (uint32_t i = 0; i < 120; i++) {
        uint32_t pid = fork_now();
        if (!pid) {
            IS(((unary)symbol(plug, "plug_count"))((int)i), 100 + (int)i);
            wasix_proc_exit2(i);
        }
        wait_code(pid, i);
    }
}

/* -------- programs from programs -------- */

static char *argv1;

static void read_args(void)
{
    static char bytes[512];
    uint32_t n, len, at[8];
    OK(wasix_args_sizes_get(AT(&n), AT(&len)));
    IS(n <= 8 && len <= sizeof bytes, 1);
    OK(wasix_args_get(AT(at), AT(bytes)));
    argv1 = n > 1 ? (char *)(uintptr_t)at[1] : 0;
}

static uint32_t exec_self(const char *args)
{
    return wasix_proc_exec3(TEXT(SELF), AT(args), text_length(args), 0, 0, 0, 0, 0);
}

/* In memory of its own, and in the parent's. */
static void fork_and_exec(uint32_t copies)
{
    uint32_t pid = 12345;
    OK(wasix_proc_fork(copies, AT(&pid)));
    if (!pid) {
        (void)exec_self("x\nuse");
        wasix_proc_exit2(99);
    }
    wait_code(pid, 35);
    IS(one_run(5), 13 + 11 + 7 + 22 + 15 + 1);
}

/* The thread acts as the child until that is another program. */
static void act_and_exec(void)
{
    uint32_t pid = 0, value = 0;
    OK(wasix_proc_fork_env(AT(&pid)));
    OK(wasix_dlsym(0, AT("one_add"), 7, 0, 0, AT(&value)));
    OK(exec_self("x\nuse"));
    wait_code(pid, 35);
    IS(one_add(2, 3), 5);
}

static void vfork_and_exit(void)
{
    uint32_t pid = 12345;
    OK(wasix_proc_fork(0, AT(&pid)));
    if (!pid) {
        IS(one_add(2, 3), 5);
        wasix_proc_exit2(36);
    }
    wait_code(pid, 36);
}

static void spawn_self(void)
{
    uint32_t pid = 0;
    OK(wasix_proc_spawn2(TEXT(SELF), TEXT("x\nuse"), 0, 0, 0, 0, 0, 0, 0, 0, 0, AT(&pid)));
    wait_code(pid, 35);
    /* One that becomes another, which becomes another. */
    OK(wasix_proc_spawn2(TEXT(SELF), TEXT("x\nbecome"), 0, 0, 0, 0, 0, 0, 0, 0, 0, AT(&pid)));
    wait_code(pid, 35);
}

static void kill_children(void)
{
    for (uint32_t i = 0; i < 40; i++) {
        uint32_t pid = fork_now();
        if (!pid) {
            for (;;) {
                uint32_t next = fork_now();
                if (!next) {
                    use_all(0);
                    wasix_proc_exit2(37);
                }
                (void)wait_for(next);
            }
        }
        OK(wasix_thread_sleep(UINT64_C(150000) * i));
        OK(wasix_proc_signal(pid, KILL));
        struct wasix_join_status s = wait_for(pid);
        IS(s.tag, EXIT_SIGNAL);
        IS(s.signal, KILL);
    }
}

static int is(const char *word)
{
    uint32_t i = 0;
    while (argv1 && word[i] && argv1[i] == word[i]) {
        i++;
    }
    return argv1 && argv1[i] == word[i];
}

void _start(void)
{
    read_args();
    if (is("use")) {
        use_all(0);
        wasix_proc_exit2(35);
    }
    if (is("become")) {
        (void)open_lib("libplug.so");
        (void)exec_self("x\nuse");
        wasix_proc_exit2(99);
    }
    switch_in_constructor();
    fork_in_constructor();
    fork_while_loading();
    many_rounds();
    fork_and_exec(1);
    fork_and_exec(0);
    act_and_exec();
    vfork_and_exit();
    spawn_self();
    kill_children();
    wasix_proc_exit2(0);
}
