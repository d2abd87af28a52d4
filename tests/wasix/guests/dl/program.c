/* SPDX-License-Identifier: Apache-2.0 */
/* A dynamically linked program that checks what its linker does for it. */
#include "../check.h"
#include "log.h"

#define PLUG "libplug.so"

char log_text[64];
static unsigned log_len;
void log_add(char c) { log_text[log_len++] = c; }
int program_triple(int a) { return 3 * a; }

typedef int (*unary)(int);
extern int one_data, two_data;
int one_add(int a, int b), one_run(int a), one_lazy(int a), one_stack(int depth);
int two_public(int a);
unary one_two_public(void), two_local(void), two_own(void);
static int (*const table[])(int, int) = {one_add};

static uint32_t length(const char *s)
{
    uint32_t n = 0;
    while (s[n]) {
        n++;
    }
    return n;
}

static void same_text(const char *got, const char *want)
{
    uint32_t i = 0;
    while (got[i] && got[i] == want[i]) {
        i++;
    }
    if (got[i] != want[i]) {
        wax_print_str("got '");
        wax_print_str(got);
        wax_print_str("'\n");
        IS(0, 1);
    }
}

/* What it needs was loaded, related and initialized before it began. */
static void check_needed(void)
{
    same_text(log_text, "21");
    IS(one_data, 11);
    IS(two_data, 22);
    IS(one_add(2, 3), 5);
    IS(table[0](4, 5), 9);
    /* two_sum: hidden 13, one_data 11, 7; two_data 22; 3 * 5; initialized */
    IS(one_run(5), 13 + 11 + 7 + 22 + 15 + 1);
    IS(one_stack(100), 5050);
    /* A function has one address. */
    IS(one_two_public() == two_public, 1);
    IS(two_own() == two_public, 1);
    IS(two_public(1), 23);
    IS(two_local()(21), 42);
}

/* -------- opening -------- */

static char message[300];

static uint32_t open_flags(const char *path, uint32_t flags, uint32_t *handle)
{
    *handle = 0;
    message[0] = 0;
    return wasix_dlopen(AT(path), length(path), flags, AT(message), sizeof message, 0, 0,
                        AT(handle));
}

static uint32_t open_lib(const char *path)
{
    uint32_t handle;
    if (open_flags(path, 0, &handle)) {
        wax_print_str(message);
        wax_print_str("\n");
        IS(0, 1);
    }
    return handle;
}

static uint32_t find(uint32_t handle, const char *name, uint32_t *value)
{
    *value = 0;
    message[0] = 0;
    return wasix_dlsym(handle, AT(name), length(name), AT(message), sizeof message, AT(value));
}

static void *symbol(uint32_t handle, const char *name)
{
    uint32_t value;
    if (find(handle, name, &value)) {
        wax_print_str(message);
        wax_print_str("\n");
        IS(0, 1);
    }
    return (void *)(uintptr_t)value;
}

static int has(const char *text, const char *part)
{
    for (; *text; text++) {
        uint32_t i = 0;
        while (part[i] && text[i] == part[i]) {
            i++;
        }
        if (!part[i]) {
            return 1;
        }
    }
    return 0;
}

typedef int (*nullary)(void);
static uint32_t plug;
static unary plug_count;
static nullary own_next;

static void check_open(void)
{
    uint32_t handle, value;
    IS(open_flags("libmissing.so", 0, &handle), 79);
    IS(has(message, "libmissing.so") && has(message, "/usr/lib/libmissing.so"), 1);
    IS(open_flags("", 0, &handle), 79);
    IS(open_flags(PLUG, 8, &handle), 79); /* NOLOAD */
    plug = open_lib(PLUG);
    same_text(log_text, "21p");
    IS(open_lib(PLUG), plug);
    IS(open_lib("/lib/libplug.so"), plug); /* the same file */
    same_text(log_text, "21p");
    OK(wasix_dlopen(0, 0, 0, 0, 0, 0, 0, AT(&handle)));
    IS(handle, 1);
    OK(wasix_dl_invalid_handle(plug));
    OK(wasix_dl_invalid_handle(1));
    IS(wasix_dl_invalid_handle(0) != 0, 1);
    IS(wasix_dl_invalid_handle(plug + 1) != 0, 1);
    IS(wasix_dl_invalid_handle(0xffffffffu) != 0, 1);

    OK(find(1, "two_public", &value)); /* what the program needs is found by its handle */
    IS(find(1, "plug_count", &value), 79);
    OK(open_flags(PLUG, 4, &handle)); /* GLOBAL, from now on */
    OK(find(1, "plug_count", &value));
    own_next = (nullary)symbol(open_lib("libown.so"), "own_next");
    IS(own_next(), 6);
    plug_count = (unary)symbol(plug, "plug_count");
    IS(plug_count(1), 101);
    IS(plug_count(2), 103);
    IS(((nullary)symbol(plug, "plug_calls"))(), 2);
    IS(((unary)symbol(plug, "plug_triple"))(4), 19);
    IS(((nullary)symbol(plug, "plug_there"))(), 7);
    IS(*(int *)symbol(plug, "plug_data"), 7);
    IS(*(int *)symbol(plug, "plug_counter"), 103); /* thread-local */
    IS(((unary(*)(void))symbol(plug, "plug_negate"))()(5), -5);
    IS(symbol(plug, "plug_count") == (void *)plug_count, 1);
    IS(symbol(0, "plug_count") == (void *)plug_count, 1);
    IS(symbol(1, "program_triple") == (void *)program_triple, 1);
    IS(symbol(0, "log_text") == (void *)log_text, 1);
    IS(find(plug, "program_triple", &value), 79); /* not in there */
    IS(has(message, "program_triple") && has(message, "libplug.so"), 1);
    IS(find(0, "nowhere", &value), 79);
    IS(find(99, "plug_count", &value), 79);
    IS(one_lazy(4), 41); /* was not there when libone.so was loaded */
}

/* The text is cut to its buffer, with its end. */
static void check_message(void)
{
    static const char name[] = "libmissing.so";
    char buf[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    uint32_t handle;
    IS(wasix_dlopen(AT(name), sizeof name - 1, 0, AT(buf), 5, 0, 0, AT(&handle)), 79);
    IS(buf[3] > 1 && buf[4] == 0 && buf[5] == 1, 1);
    IS(wasix_dlopen(AT(name), sizeof name - 1, 0, 0, 0, 0, 0, AT(&handle)), 79);
    IS(wasix_dlopen(AT(name), sizeof name - 1, 0, AT(buf), 5, 0, 0, 0xfffffffeu), E_MEMVIOLATION);
    IS(wasix_dlopen(AT(name), sizeof name - 1, 0, 0xfffffff0u, 64, 0, 0, AT(&handle)) != 0, 1);
    IS(wasix_dlopen(0xfffffff0u, 64, 0, 0, 0, 0, 0, AT(&handle)) != 0, 1);
    IS(wasix_dlsym(1, AT(name), 4, 0, 0, 0xfffffffeu), E_MEMVIOLATION);
}

/* -------- functions by their numbers -------- */

static void add_backing(const int32_t *args, int32_t *result, int32_t *more)
{
    *result = args[0] + *more;
}

/* Of libraries like any other; closures take elements that libraries do not get. */
static void check_numbers(void)
{
    static const uint8_t i32s[1] = {0};
    int32_t arg = 5, got = 0, more = 30;
    uint32_t n = 0;
    OK(wasix_call_dynamic(AT(plug_count), AT(&arg), 4, AT(&got), 4, 1));
    IS(got, 108);
    OK(wasix_closure_allocate(AT(&n)));
    OK(wasix_closure_prepare(AT(add_backing), n, AT(i32s), 1, AT(i32s), 1, AT(&more)));
    IS(((unary)(uintptr_t)n)(12), 42);
    IS(((unary)symbol(open_lib("libcopy.so"), "copy_three"))(1), 4); /* behind the closures */
    IS(((unary)(uintptr_t)n)(13), 43);
    OK(wasix_closure_free(n));
}

/* -------- threads -------- */

#define MAX_THREADS 64
static wax_thread threads[MAX_THREADS];
static char stacks[MAX_THREADS][16384] __attribute__((aligned(16)));
static volatile uint32_t go, spinning, failures;

static void fail_if(int bad)
{
    if (bad) {
        __atomic_fetch_add(&failures, 1, __ATOMIC_SEQ_CST);
    }
}

/* Each has its own thread-local data, the same functions and the same data otherwise. */
static void use_plug(void *arg)
{
    int n = (int)(intptr_t)arg;
    fail_if(plug_count(n) != 100 + n);
    fail_if(plug_count(1) != 101 + n);
    fail_if(((nullary)symbol(plug, "plug_calls"))() != 2);
    fail_if(((nullary)symbol(plug, "plug_there"))() != 7);
    fail_if(own_next() != 6 || own_next() != 7);
    fail_if(*(int *)symbol(plug, "plug_counter") != 101 + n);
    fail_if(one_add(n, 1) != n + 1 || table[0](n, 2) != n + 2);
    fail_if(two_local()(n) != 2 * n || one_two_public() != two_public);
    fail_if(one_lazy(n) != 10 * n + 1);
    fail_if(one_stack(20) != 210);
}

static void run_threads(uint32_t n, void (*fn)(void *))
{
    for (uint32_t i = 0; i < n; i++) {
        OK(wax_thread_start(&threads[i], fn, (void *)(uintptr_t)i, stacks[i], sizeof stacks[i]));
    }
    for (uint32_t i = 0; i < n; i++) {
        wax_thread_join(&threads[i]);
    }
    IS(failures, 0);
}

/* -------- many libraries -------- */

static void copy_file(const char *from, const char *to)
{
    static char buf[65536];
    uint32_t in, out, n, done;
    OK(p1_path_open(3, 0, AT(from), length(from), 0, 2, 2, 0, AT(&in)));
    OK(p1_path_open(3, 0, AT(to), length(to), 1, 64, 64, 0, AT(&out)));
    while (get(in, buf, sizeof buf, &n) == 0 && n) {
        OK(put(out, buf, n, &done));
        IS(done, n);
    }
    OK(p1_fd_close(in));
    OK(p1_fd_close(out));
}

static char path[] = "tmp/libc000.so";

static const char *nth_path(uint32_t i)
{
    path[8] = (char)('0' + i / 100);
    path[9] = (char)('0' + i / 10 % 10);
    path[10] = (char)('0' + i % 10);
    return path;
}

static uint32_t open_copy(uint32_t i)
{
    copy_file("lib/libcopy.so", nth_path(i));
    uint32_t handle = open_lib(path);
    fail_if(((unary)symbol(handle, "copy_next"))((int)i) != (int)i + 1);
    fail_if(((unary)symbol(handle, "copy_next"))((int)i) != (int)i + 2);
    return handle;
}

static void spin(void *arg)
{
    (void)arg;
    __atomic_fetch_add(&spinning, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&go, __ATOMIC_RELAXED)) {
    }
    /* Of libraries that came while it was at it. */
    fail_if(((unary)(uintptr_t)go)(5) != 8);
}

/* Threads that never stop do not hold it up, and use what was opened afterwards. */
static void check_rounds(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        OK(wax_thread_start(&threads[i], spin, 0, stacks[i], sizeof stacks[i]));
    }
    while (__atomic_load_n(&spinning, __ATOMIC_SEQ_CST) < 2) {
    }
    uint32_t last = 0;
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t handle = open_copy(i);
        IS(handle != last, 1);
        last = handle;
    }
    __atomic_store_n(&go, (uint32_t)(uintptr_t)symbol(last, "copy_three"), __ATOMIC_SEQ_CST);
    wax_thread_join(&threads[0]);
    wax_thread_join(&threads[1]);
    IS(failures, 0);
}

/* All at the same time: some the same library, some their own. */
static void open_some(void *arg)
{
    static const char shared_path[] = "/tmp/libc001.so";
    uint32_t handle = 0;
    (void)arg;
    fail_if(wasix_dlopen(AT(shared_path), sizeof shared_path - 1, 0, 0, 0, 0, 0, AT(&handle)) != 0);
    fail_if(((unary)symbol(handle, "copy_three"))(1) != 4);
    fail_if(wasix_dlopen(AT("/lib/liblate.so"), 15, 2, 0, 0, 0, 0, AT(&handle)) != 0);
    fail_if(((nullary)symbol(handle, "late_ready"))() != 1);
}

void _start(void)
{
    check_needed();
    check_open();
    check_message();
    check_numbers();
    run_threads(1, use_plug);
    run_threads(2, use_plug);
    run_threads(64, use_plug);
    check_rounds();
    run_threads(8, open_some);
    p1_proc_exit(0);
}
