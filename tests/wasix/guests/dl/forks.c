/* SPDX-License-Identifier: Apache-2.0 */
/* A dynamically linked program that forks: what child and parent have of libraries afterwards. */
#include "forker.h"
#include "log.h"

char log_text[64];
static unsigned log_len;
void log_add(char c) { log_text[log_len++ & 63] = c; }
int program_triple(int a) { return 3 * a; }

typedef int (*unary)(int);
typedef int (*nullary)(void);
extern int one_data, two_data;
int one_add(int a, int b), one_run(int a), one_lazy(int a), one_stack(int depth);
int two_public(int a);
unary one_two_public(void), two_local(void), two_own(void);
int forker_deep(int depth, uint32_t *pid), forker_forks(void), forker_mine(void);
int forker_tls_get(void);
uint32_t forker_now(void);

/* What libraries do, in whichever process. */
static void check_libraries(int extra)
{
    IS(one_run(5), 13 + 11 + 7 + 22 + 15 + 1 + extra);
    IS(one_stack(100), 5050);
    IS(one_two_public() == two_public && two_own() == two_public, 1);
    IS(two_local()(21), 42);
    IS(one_two_public()(1), 23 + extra);
}

/* Data of a library is copied; each has its own afterwards. */
static void fork_simply(void)
{
    uint32_t pid = fork_now();
    if (!pid) {
        check_libraries(0);
        two_data += 5;
        check_libraries(5);
        wasix_proc_exit2(21);
    }
    check_libraries(0);
    wait_code(pid, 21);
    IS(two_data, 22);
}

/* Where a jump out of both modules leads to: value 1 in the parent, 2 in the child. */
static struct wasix_stack_snapshot mark;
static uint64_t mark_value;
static int jumps;

int program_step(int depth, uint32_t *pid)
{
    volatile int own = 1000;
    int sum = forker_deep(depth, pid) + own;
    if (jumps && depth == 3) {
        jumps = 0;
        wasix_stack_restore(AT(&mark), *pid ? 1 : 2);
    }
    return sum;
}

static int (*volatile deep)(int, uint32_t *) = forker_deep;

/* Frames of both modules lie below the fork, and go on in both processes. */
static void fork_deep(void)
{
    int before = forker_forks();
    uint32_t pid = 99;
    int sum = deep(50, &pid);
    IS(sum, 1275 + 50 * 1000);
    IS(forker_forks(), before + 1);
    if (!pid) {
        check_libraries(0);
        wasix_proc_exit2(22);
    }
    wait_code(pid, 22);
    pid = forker_now();
    if (!pid) {
        wasix_proc_exit2(23);
    }
    wait_code(pid, 23);
}

/* Marked before the fork, by frames of which some belong to the library. */
static void fork_and_jump(void)
{
    static uint32_t pid;
    OK(wasix_stack_checkpoint(AT(&mark), AT(&mark_value)));
    uint64_t value = *(volatile uint64_t *)&mark_value;
    if (!value) {
        jumps = 1;
        (void)deep(20, &pid);
        IS(0, 1);
    }
    IS(value, pid ? 1 : 2);
    check_libraries(0);
    if (!pid) {
        wasix_proc_exit2(44);
    }
    wait_code(pid, 44);
}

static uint32_t plug;

/* What one opens, the other one does not see; what is opened in both lies where it lies. */
static void open_apart(void)
{
    uint32_t pid = fork_now();
    if (!pid) {
        plug = open_lib("libplug.so");
        IS(((unary)symbol(plug, "plug_count"))(1), 101);
        IS(((unary)symbol(plug, "plug_triple"))(4), 19);
        IS(one_lazy(4), 41);
        wasix_proc_exit2(24);
    }
    wait_code(pid, 24);
    IS(wasix_dl_invalid_handle(plug + 5) != 0, 1);
    uint32_t copy = open_lib("libcopy.so"), value = 0;
    IS(((unary)symbol(copy, "copy_next"))(1), 2);
    IS(wasix_dlsym(copy, AT("plug_count"), 10, 0, 0, AT(&value)), 79);
    pid = fork_now();
    if (!pid) {
        IS(open_lib("libcopy.so"), copy);
        IS(((unary)symbol(copy, "copy_next"))(1), 3);
        IS(((unary)symbol(open_lib("libplug.so"), "plug_count"))(1), 101);
        wasix_proc_exit2(25);
    }
    IS(((unary)symbol(copy, "copy_next"))(1), 3);
    wait_code(pid, 25);
    plug = open_lib("libplug.so");
    IS(((unary)symbol(plug, "plug_count"))(1), 101);
    IS(one_lazy(4), 41);
    pid = fork_now();
    if (!pid) {
        IS(((unary)symbol(plug, "plug_count"))(1), 102);
        IS(one_lazy(5), 51);
        wasix_proc_exit2(26);
    }
    wait_code(pid, 26);
    IS(((unary)symbol(plug, "plug_count"))(1), 102);
}

/* -------- threads -------- */

static wax_thread thread;
static char stack[16384] __attribute__((aligned(16)));
static volatile uint32_t failures;

static void fail_if(int bad)
{
    if (bad) {
        __atomic_fetch_add(&failures, 1, __ATOMIC_SEQ_CST);
    }
}

static void use(void *arg)
{
    int n = (int)(intptr_t)arg;
    fail_if(((unary)symbol(plug, "plug_count"))(n) != 100 + n);
    fail_if(one_lazy(n) != 10 * n + 1);
    fail_if(forker_mine() != 5 || forker_mine() != 6);
    fail_if(one_stack(20) != 210);
}

static void run_thread(void (*fn)(void *), int arg)
{
    OK(wax_thread_start(&thread, fn, (void *)(intptr_t)arg, stack, sizeof stack));
    wax_thread_join(&thread);
    IS(failures, 0);
}

/* Threads of a child have its libraries. */
static void threads_of_a_child(void)
{
    uint32_t pid = fork_now();
    if (!pid) {
        run_thread(use, 3);
        run_thread(use, 4);
        wasix_proc_exit2(27);
    }
    wait_code(pid, 27);
    run_thread(use, 5);
}

/* The thread becomes the first of the child; it has not used libplug.so yet. */
static void fork_here(void *arg)
{
    (void)arg;
    IS(forker_mine(), 5);
    uint32_t pid = fork_now();
    if (!pid) {
        IS(forker_mine(), 6);
        IS(((unary)symbol(plug, "plug_count"))(7), 107);
        IS(one_lazy(2), 21);
        run_thread(use, 8);
        wasix_proc_exit2(28);
    }
    IS(forker_mine(), 6);
    wait_code(pid, 28);
    IS(((unary)symbol(plug, "plug_count"))(9), 109);
}

static void fork_in_a_thread(void)
{
    static wax_thread other;
    static char room[16384] __attribute__((aligned(16)));
    OK(wax_thread_start(&other, fork_here, 0, room, sizeof room));
    wax_thread_join(&other);
}

/* -------- thread-local data that another library defines -------- */

static uint32_t external;

static void use_extern(void *arg)
{
    int n = (int)(intptr_t)arg;
    fail_if(((nullary)symbol(external, "extern_get"))() != 70);
    ((void (*)(int))symbol(external, "extern_set"))(n);
    fail_if(forker_tls_get() != n || ((nullary)symbol(external, "extern_get"))() != n);
}

static void fork_with_extern(void)
{
    external = open_lib("libextern.so");
    use_extern((void *)71);
    uint32_t pid = fork_now();
    if (!pid) {
        IS(((nullary)symbol(external, "extern_get"))(), 71);
        ((void (*)(int))symbol(external, "extern_set"))(72);
        run_thread(use_extern, 73);
        IS(forker_tls_get(), 72);
        wasix_proc_exit2(30);
    }
    wait_code(pid, 30);
    run_thread(use_extern, 74);
    IS(forker_tls_get(), 71);
}

/* -------- functions made at run time -------- */

static void add_backing(const int32_t *args, int32_t *result, int32_t *more)
{
    *result = args[0] + *more;
}

static void fork_with_closure(void)
{
    static const uint8_t i32s[1] = {0};
    static int32_t more = 30;
    uint32_t n = 0;
    OK(wasix_closure_allocate(AT(&n)));
    OK(wasix_closure_prepare(AT(add_backing), n, AT(i32s), 1, AT(i32s), 1, AT(&more)));
    IS(((unary)(uintptr_t)n)(12), 42);
    uint32_t pid = fork_now();
    if (!pid) {
        more = 40;
        IS(((unary)(uintptr_t)n)(12), 52);
        IS(((nullary)symbol(open_lib("libinner.so"), "inner_ready"))(), 6);
        IS(((unary)(uintptr_t)n)(13), 53);
        OK(wasix_closure_free(n));
        wasix_proc_exit2(40);
    }
    wait_code(pid, 40);
    IS(((unary)(uintptr_t)n)(13), 43);
    OK(wasix_closure_free(n));
}

void _start(void)
{
    fork_simply();
    fork_with_closure(); /* before there are threads */
    fork_deep();
    fork_and_jump();
    open_apart();
    threads_of_a_child();
    fork_in_a_thread();
    fork_with_extern();
    wasix_proc_exit2(0);
}
