/* SPDX-License-Identifier: Apache-2.0 */
/* Programs from programs: exec in all its forms, spawn, scripts, look-up, vfork. */
/* The program is /bin/exec.wasm; what a copy is to do stands in its first argument. */
#include <waxwing/wasix.h>

#include "check.h"

enum { E_TOOBIG = 1, E_CHILD = 12, E_NOEXEC = 45, E_NOTDIR = 54 };
enum { EXIT_NORMAL = 1, EXIT_SIGNAL = 2 };
enum { CREAT = 1, RIGHTS_ALL = 0x1fffffff };
enum { O_CLOSE, O_DUP2, O_OPEN, O_CHDIR, O_FCHDIR };
#define SELF "/bin/exec.wasm"
#define TEXT(S) AT(S), sizeof(S) - 1
#define MS UINT64_C(1000000)

static uint32_t argc;
static char *argv[16], arg_bytes[4096];

static uint32_t length(const char *s)
{
    uint32_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

static int same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static int starts(const char *s, const char *with)
{
    while (*with && *s == *with) {
        s++;
        with++;
    }
    return !*with;
}

static void read_args(void)
{
    uint32_t n, bytes, at[16];
    OK(wasix_args_sizes_get(AT(&n), AT(&bytes)));
    IS(n <= 16 && bytes <= sizeof arg_bytes, 1);
    OK(wasix_args_get(AT(at), AT(arg_bytes)));
    argc = n;
    for (uint32_t i = 0; i < n; i++) {
        argv[i] = (char *)(uintptr_t)at[i];
    }
}

static const char *variable(const char *name)
{
    static char bytes[4096];
    static uint32_t at[64];
    uint32_t n, size;
    OK(wasix_environ_sizes_get(AT(&n), AT(&size)));
    IS(n <= 64 && size <= sizeof bytes, 1);
    OK(wasix_environ_get(AT(at), AT(bytes)));
    for (uint32_t i = 0; i < n; i++) {
        char *s = (char *)(uintptr_t)at[i];
        if (starts(s, name) && s[length(name)] == '=') {
            return s + length(name) + 1;
        }
    }
    return 0;
}

static uint32_t open_file(const char *path, uint32_t flags, uint32_t cloexec)
{
    uint32_t fd = 0;
    OK(wasix_path_open2(3, 1, AT(path), length(path), flags, RIGHTS_ALL, RIGHTS_ALL, 0, cloexec,
                        AT(&fd)));
    return fd;
}

static void make_file(const char *path, const char *text)
{
    uint32_t n, fd = open_file(path, CREAT, 0);
    OK(put(fd, text, length(text), &n));
    IS(n, length(text));
    OK(p1_fd_close(fd));
}

static struct wasix_join_status wait_for(uint32_t pid)
{
    struct wasix_option_u32 who = {.some = 1, .value = pid};
    struct wasix_join_status s = {0};
    OK(wasix_proc_join(AT(&who), 0, AT(&s)));
    IS(who.value, pid);
    return s;
}

static void wait_code(uint32_t pid, uint32_t code)
{
    struct wasix_join_status s = wait_for(pid);
    IS(s.tag, EXIT_NORMAL);
    IS(s.code, code);
}

static uint32_t fork_now(uint32_t copy)
{
    uint32_t pid = 12345;
    OK(wasix_proc_fork(copy, AT(&pid)));
    return pid;
}

static uint32_t exec3(const char *name, const char *args, const char *env, const char *path)
{
    return wasix_proc_exec3(AT(name), length(name), AT(args), length(args), env ? AT(env) : 0,
                            env ? length(env) : 0, path != 0, AT(path), path ? length(path) : 0);
}

static uint32_t spawn(const char *name, const char *args, const struct wasix_spawn_fd_op *ops,
                      uint32_t n_ops, uint32_t *ret_pid)
{
    *ret_pid = 0;
    return wasix_proc_spawn2(AT(name), length(name), AT(args), length(args), 0, 0, AT(ops), n_ops,
                             0, 0, 0, 0, 0, AT(ret_pid));
}

/* -------- what copies do -------- */

static void tell_args(void)
{
    IS(argc, 5);
    IS(same(argv[0], "name") && same(argv[2], "two words") && same(argv[3], "") &&
           same(argv[4], ""),
       1);
    const char *a = variable("A");
    IS(a && same(a, "b") && !variable("HOME"), 1);
    wasix_proc_exit2(41);
}

static void tell_script(void)
{
    IS(argc, 4);
    IS(same(argv[0], SELF) && same(argv[2], "/tmp/script") && same(argv[3], "more"), 1);
    IS(same(variable("HOME"), "/home"), 1);
    wasix_proc_exit2(42);
}

/* Its input has what is to be said; 9 is closed, 8 is not. */
static void copy_input(void)
{
    char b[32];
    uint32_t n, m;
    OK(get(0, b, sizeof b, &n));
    OK(put(8, b, n, &m));
    IS(p1_fd_close(9), E_BADF);
    wasix_proc_exit2(n);
}

static void count_down(void)
{
    if (same(argv[2], "0")) {
        wasix_proc_exit2(7);
    }
    char args[] = SELF "\ncount\n0";
    args[sizeof args - 2] = (char)(argv[2][0] - 1);
    IS(exec3(SELF, args, 0, 0), 0);
}

static void family(void)
{
    uint32_t pid = fork_now(1);
    if (!pid) {
        IS(exec3(SELF, SELF "\ncount\n2", 0, 0), 0);
    }
    wait_code(pid, 7);
    wasix_proc_exit2(7);
}

static void end_by_signal(void)
{
    struct wasix_signal_disposition d[4];
    uint32_t n = 0;
    OK(wasix_proc_signals_sizes_get(AT(&n)));
    IS(n, 2); /* SIGCHLD comes always */
    OK(wasix_proc_signals_get(AT(d)));
    IS(d[0].signal == 13 && d[0].disposition == 1, 1);
    wasix_proc_raise(15);
    for (;;) {
        wasix_thread_sleep(1000 * MS);
    }
}

/* -------- tests -------- */

static void failures(void)
{
    static char big[1] = "";
    uint32_t pid;
    make_file("/tmp/text", "hello\n");
    make_file("/tmp/bad.wasm", "\0asm");
    make_file("/tmp/loop", "#! /tmp/loop\n");
    make_file("/tmp/nowhere", "#! /tmp/nothing here\n");
    make_file("/tmp/empty", "#!\n");
    IS(exec3("/tmp/none", "", 0, 0), E_NOENT);
    IS(exec3("/tmp/text/x", "", 0, 0), E_NOTDIR);
    IS(exec3("/tmp", "", 0, 0), E_ACCESS);
    IS(exec3("/tmp/text", "", 0, 0), E_NOEXEC);
    IS(exec3("/tmp/bad.wasm", "", 0, 0), E_NOEXEC);
    IS(exec3("/tmp/loop", "", 0, 0), E_LOOP);
    IS(exec3("/tmp/nowhere", "", 0, 0), E_NOENT);
    IS(exec3("/tmp/empty", "", 0, 0), E_NOEXEC);
    IS(exec3("exec.wasm", "", 0, "/tmp:/nowhere"), E_NOENT);
    IS(exec3("", "", 0, 0), E_NOENT);
    IS(wasix_proc_exec3(TEXT(SELF), AT(big), 0x7fffffff, 0, 0, 0, 0, 0), E_TOOBIG);
    IS(wasix_proc_exec4(TEXT(SELF), 0xfffffff0, 100, 0, 0, 0, 0, 0), E_MEMVIOLATION);
    IS(spawn("/tmp/none", "", 0, 0, &pid), E_NOENT);
    struct wasix_spawn_fd_op op = {.cmd = O_DUP2, .fd = 5, .src_fd = 700};
    IS(spawn(SELF, "", &op, 1, &pid), E_BADF);
    op.cmd = 99;
    IS(spawn(SELF, "", &op, 1, &pid), E_INVAL);
    struct wasix_option_u32 any = {0};
    struct wasix_join_status s;
    IS(wasix_proc_join(AT(&any), 0, AT(&s)), E_CHILD); /* none of them was one */
}

static void exec_it(uint32_t copy)
{
    uint32_t pid = fork_now(copy);
    if (!pid) { /* strings that end with a line end may be empty at the end */
        IS(exec3(SELF, "name\nargs\ntwo words\n\n\n", "A=b\nC=d\n", 0), 0);
    }
    wait_code(pid, 41);
    if (!(pid = fork_now(copy))) {
        const uint32_t args[] = {AT("name"), AT("args"), AT("two words"), AT(""), AT("")};
        const uint32_t env[] = {AT("A=b")};
        IS(wasix_proc_exec4(TEXT("exec.wasm"), AT(args), 5, AT(env), 1, 1, TEXT("/tmp::/bin")), 0);
    }
    wait_code(pid, 41);
    make_file("/tmp/script", "#! " SELF "  script \nanything\n");
    if (!(pid = fork_now(copy))) {
        IS(exec3("/tmp/script", "x\nmore", 0, 0), 0);
    }
    wait_code(pid, 42);
    if (!(pid = fork_now(copy))) {
        wasix_proc_exec(TEXT(SELF), TEXT(SELF "\ncount\n9"));
    }
    wait_code(pid, 7);
    if (!(pid = fork_now(copy))) {
        wasix_proc_exec(TEXT("/tmp/none"), 0, 0);
    }
    wait_code(pid, E_NOENT);
}

/* The child has the parent's memory, and the parent stands still. */
static void borrowed(void)
{
    static volatile uint32_t word;
    word = 1;
    uint32_t pid = fork_now(0);
    if (!pid) {
        wasix_thread_sleep(5 * MS);
        word = exec3("/tmp/none", "", 0, 0);
        wasix_proc_exit2(3);
    }
    IS(word, E_NOENT);
    wait_code(pid, 3);
}

static void spawned(void)
{
    uint32_t r, w, out, n, pid;
    char b[32];
    OK(wasix_fd_pipe(AT(&r), AT(&w)));
    OK(put(w, "to be said", 10, &n));
    out = open_file("/tmp/out", CREAT, 1);
    const struct wasix_spawn_fd_op ops[] = {
        {.cmd = O_DUP2, .fd = 0, .src_fd = r},
        {.cmd = O_CHDIR, .name = AT("/tmp"), .name_len = 4},
        {.cmd = O_OPEN,
         .fd = 9,
         .name = AT("text"),
         .name_len = 4,
         .rights = RIGHTS_ALL,
         .fdflagsext = 1},
        {.cmd = O_DUP2, .fd = 8, .src_fd = out},
        {.cmd = O_CLOSE, .fd = w},
    };
    OK(spawn("../bin/exec.wasm", "x\ncopy", ops, 5, &pid));
    wait_code(pid, 10);
    OK(p1_fd_close(r));
    OK(p1_fd_close(w));
    OK(p1_fd_close(out));
    uint32_t fd = open_file("/tmp/out", 0, 0);
    OK(get(fd, b, sizeof b, &n));
    IS(n == 10 && b[0] == 't' && b[9] == 'd', 1);
    OK(p1_fd_close(fd));
    const struct wasix_signal_disposition d[] = {{.signal = 13, .disposition = 1}};
    OK(wasix_proc_spawn2(TEXT("exec.wasm"), TEXT("x\nsignal"), 0, 0, 0, 0, AT(d), 1, 1,
                         TEXT("/bin"), AT(&pid)));
    struct wasix_join_status s = wait_for(pid);
    IS(s.tag, EXIT_SIGNAL);
    IS(s.signal, 15);
}

/* The first version, with pipes it makes itself. */
static void spawned_the_old_way(void)
{
    struct wasix_process_handles h;
    uint32_t n, lowest = lowest_fd();
    char b[32];
    OK(wasix_proc_spawn(TEXT(SELF), 0, TEXT("x\necho"), 0, 0, 0, 0, 1, TEXT("/tmp"), AT(&h)));
    IS(h.in.some == 1 && h.out.some == 1 && h.err.some == 0, 1);
    OK(put(h.in.value, "echo", 4, &n));
    OK(p1_fd_close(h.in.value));
    OK(get(h.out.value, b, sizeof b, &n));
    IS(n == 4 && b[0] == 'e', 1);
    OK(p1_fd_close(h.out.value));
    wait_code(h.pid, 4);
    IS(lowest_fd(), lowest);
}

static void echo(void)
{
    char b[32];
    uint32_t n, m;
    OK(get(0, b, sizeof b, &n));
    OK(put(1, b, n, &m));
    wasix_proc_exit2(n);
}

static uint32_t number_of(const char *s)
{
    uint32_t n = 0;
    for (; s && *s; s++) {
        n = n * 10 + (uint32_t)(*s - '0');
    }
    return n;
}

static void rounds(uint32_t n)
{
    IS(n > 0, 1);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t pid = fork_now(i & 1);
        if (!pid) {
            exec3(SELF, SELF "\ncount\n0", 0, 0);
        }
        wait_code(pid, 7);
    }
}

/* The caller acts as the child until that execs or exits, and those calls return. */
static uint32_t own_pid(void)
{
    uint32_t pid = 0;
    OK(wasix_proc_id(AT(&pid)));
    return pid;
}

static uint32_t act(void)
{
    uint32_t pid = 0, other;
    OK(wasix_proc_fork_env(AT(&pid)));
    IS(own_pid(), pid);
    IS(wasix_proc_fork_env(AT(&other)), E_NOTSUP);
    IS(wasix_proc_fork(1, AT(&other)), E_NOTSUP);
    IS(spawn(SELF, "", 0, 0, &other), E_NOTSUP);
    return pid;
}

static void acting(void)
{
    uint32_t me = own_pid(), lowest = lowest_fd(), pid = act();
    (void)open_file("/tmp/text", 0, 0);
    IS(lowest_fd(), lowest + 1);
    IS(exec3("/tmp/none", "", 0, 0), E_NOENT);
    IS(own_pid(), pid);
    IS(exec3(SELF, "x\ncount\n2", 0, 0), 0);
    IS(own_pid(), me);
    IS(lowest_fd(), lowest);
    wait_code(pid, 7);
    pid = act();
    OK(p1_fd_close(1));
    wasix_proc_exit2(33);
    IS(own_pid(), me);
    wait_code(pid, 33);
    pid = act();
    wasix_proc_exec(TEXT("/tmp/none"), 0, 0);
    IS(own_pid(), me);
    wait_code(pid, E_NOENT);
}

static void leave_acting(void)
{
    uint32_t pid = fork_now(1);
    if (!pid) {
        (void)act();
        p1_proc_exit(3);
    }
    wait_code(pid, 3);
}

/* Another thread execs, while others spin and sleep. */
static wax_thread threads[4];
static uint8_t stacks[4][16384] __attribute__((aligned(16)));

static void spin(void *arg)
{
    for (;;) {
        if (arg) {
            wasix_thread_sleep(100000 * MS);
        }
    }
}

static void exec_there(void *arg)
{
    (void)arg;
    exec3(SELF, SELF "\ncount\n3", 0, 0);
}

static void from_a_thread(void)
{
    uint32_t pid = fork_now(1);
    if (!pid) {
        for (uint32_t i = 0; i < 4; i++) {
            OK(wax_thread_start(&threads[i], i == 3 ? exec_there : spin, i == 1 ? &pid : 0,
                                stacks[i], sizeof stacks[i]));
        }
        wasix_thread_sleep(100000 * MS);
    }
    wait_code(pid, 7);
}

WAX_EXPORT("_start") void start(void)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } roles[] = {{"args", tell_args},   {"script", tell_script}, {"copy", copy_input},
                 {"count", count_down}, {"echo", echo},          {"signal", end_by_signal},
                 {"family", family}};
    read_args();
    if (argc > 1 && same(argv[1], "last")) {
        return;
    }
    for (uint32_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++) {
        if (same(argv[1], roles[i].name)) {
            roles[i].fn();
        }
    }
    failures();
    exec_it(1);
    exec_it(0);
    borrowed();
    spawned();
    spawned_the_old_way();
    acting();
    leave_acting();
    from_a_thread();
    rounds(number_of(variable("ROUNDS")));
    exec3(SELF, SELF "\nlast", 0, 0); /* the first process becomes another program, too */
    wasix_proc_exit2(9);
}
