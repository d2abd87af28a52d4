/* SPDX-License-Identifier: Apache-2.0 */
/* Rule 29: a descriptor is closed while another thread waits for its file. */
#include <waxwing/guest.h>

#define P(X) ((uint32_t)(uintptr_t)(X))
enum { BADF = 8, R_READ = 2 };

static uint32_t failures;

static void check(const char *what, int ok)
{
    if (!ok) {
        failures++;
        wax_print_str(what);
        wax_print_str(": not so\n");
    }
}

static uint32_t read_byte(uint32_t fd, char *c, uint32_t *n)
{
    const uint32_t iov[2] = {P(c), 1};
    *n = 99;
    return p1_fd_read(fd, P(iov), 1, P(n));
}

static struct {
    uint32_t started, error, n;
    char c;
} reader;

static void read_input(void *arg)
{
    (void)arg;
    __atomic_store_n(&reader.started, 1, __ATOMIC_SEQ_CST);
    reader.error = read_byte(0, &reader.c, &reader.n);
}

static void nap(uint64_t ns)
{
    const uint64_t sub[6] = {1, 0, 1, ns, 0, 0}; /* monotonic, relative */
    uint64_t event[4];
    uint32_t n;
    (void)p1_poll_oneoff(P(sub), P(event), 1, P(&n));
}

WAX_EXPORT("_start")
void _start(void)
{
    static wax_thread thread;
    static _Alignas(16) char stack[65536];
    char c;
    uint32_t n, fd = 99;
    check("the thread starts", wax_thread_start(&thread, read_input, 0, stack, sizeof stack) == 0);
    while (!__atomic_load_n(&reader.started, __ATOMIC_SEQ_CST)) {
        (void)p1_sched_yield();
    }
    nap(100000000); /* it waits now */
    check("closing succeeds", p1_fd_close(0) == 0);
    check("the number is free at once", p1_fd_close(0) == BADF);
    check("a file opens", p1_path_open(3, 0, P("data/f"), 6, 0, R_READ, R_READ, 0, P(&fd)) == 0);
    check("with that number", fd == 0);
    check("which is the file's", read_byte(0, &c, &n) == 0 && n == 1 && c == '0');
    wax_print_str("peek nothing\n"); /* the runner answers with a line */
    wax_thread_join(&thread);
    check("the thread's read ends with what it waited for",
          reader.error == 0 && reader.n == 1 && reader.c == '\n');
    p1_proc_exit(failures > 0);
}
