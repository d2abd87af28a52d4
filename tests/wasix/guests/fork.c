/* SPDX-License-Identifier: Apache-2.0 */
/* Processes by fork: results, memory, descriptors, waiting, signals, orphans, many of them. */
#include <waxwing/wasix.h>

#include "check.h"

#define CHECK(X) IS(!(X), 0)

enum { E_CHILD = 12, E_INTR = 27, E_SRCH = 71 };
enum { NON_BLOCKING = 1, WAKE_STOPPED = 2 };
enum { NOTHING, EXIT_NORMAL, EXIT_SIGNAL, STOPPED };
enum { KILL = 9, USR1 = 10, CHLD = 17, CONT = 18, TSTP = 20 };
enum { MAX_PROCESSES = 64 };
#define MS UINT64_C(1000000)

struct option_pid {
    uint32_t some, pid;
};
struct status {
    uint8_t tag, pad;
    uint16_t code;
    uint8_t sig, pad2;
};

static uint32_t word = 1;

static uint32_t fork_now(void)
{
    uint32_t pid = 12345;
    CHECK(wasix_proc_fork(1, AT(&pid)) == E_SUCCESS);
    return pid;
}

static struct status wait_for(uint32_t pid, uint32_t *ret_pid)
{
    struct option_pid who = {pid != 0, pid};
    struct status s = {0};
    CHECK(wasix_proc_join(AT(&who), 0, AT(&s)) == E_SUCCESS);
    CHECK((who.some & 0xff) == 1);
    *ret_pid = who.pid;
    return s;
}

static void wait_code(uint32_t pid, uint32_t code)
{
    uint32_t got;
    struct status s = wait_for(pid, &got);
    IS(got, pid);
    IS(s.tag, EXIT_NORMAL);
    IS(s.code, code);
}

static uint32_t own_pid(void)
{
    uint32_t pid = 0;
    wasix_proc_id(AT(&pid));
    return pid;
}

static void memory_is_its_own(void)
{
    uint32_t local = 7, me = own_pid(), pid = fork_now();
    if (!pid) {
        uint32_t parent = 0;
        CHECK(wasix_proc_parent(own_pid(), AT(&parent)) == E_SUCCESS && parent == me);
        CHECK(local == 7 && word == 1 && own_pid() != me);
        word = 2;
        local = 8;
        wasix_proc_exit2(local + word);
    }
    wait_code(pid, 10);
    CHECK(word == 1 && local == 7 && own_pid() == me);
}

/* Frames of the parent are those of the child, too. */
static uint32_t deep(uint32_t n, uint32_t *ret_pid)
{
    volatile uint32_t mine = n;
    if (n == 0) {
        *ret_pid = fork_now();
        return 0;
    }
    return deep(n - 1, ret_pid) + mine;
}

static void from_deep_down(void)
{
    uint32_t pid, sum = deep(100, &pid);
    CHECK(sum == 5050);
    if (!pid) {
        wasix_proc_exit2(sum == 5050 ? 3 : 4);
    }
    wait_code(pid, 3);
}

static void nobody_to_wait_for(void)
{
    struct option_pid any = {0, 0}, no = {1, 4711};
    struct status s;
    IS(wasix_proc_join(AT(&any), 0, AT(&s)), E_CHILD);
    IS(wasix_proc_join(AT(&no), 0, AT(&s)), E_CHILD);
    IS(wasix_proc_signal(4711, 0), E_SRCH);
}

static void killed(void)
{
    uint32_t pid = fork_now(), got;
    if (!pid) {
        for (;;) {
            __asm__ volatile("");
        }
    }
    struct option_pid who = {1, pid};
    struct status s;
    IS(wasix_proc_join(AT(&who), NON_BLOCKING, AT(&s)), E_SUCCESS);
    CHECK((who.some & 0xff) == 1 && who.pid == 0 && s.tag == NOTHING); /* as waitpid() tells it */
    IS(wasix_proc_signal(pid, KILL), E_SUCCESS);
    s = wait_for(pid, &got);
    CHECK(got == pid && s.tag == EXIT_SIGNAL && s.sig == KILL && s.code == 0);
    IS(wasix_proc_signal(pid, 0), E_SRCH);
}

static void by_pipes(void)
{
    uint32_t r, w, n = 0;
    char b[6] = {0};
    CHECK(wasix_fd_pipe(AT(&r), AT(&w)) == E_SUCCESS);
    uint32_t pid = fork_now();
    if (!pid) {
        const struct wasix_iovec out = {AT("hello"), 5};
        CHECK(wasix_fd_close(r) == E_SUCCESS);
        wasix_thread_sleep(2 * MS);
        CHECK(wasix_fd_write(w, AT(&out), 1, AT(&n)) == E_SUCCESS && n == 5);
        wasix_proc_exit2(0);
    }
    const struct wasix_iovec in = {AT(b), 6};
    CHECK(wasix_fd_close(w) == E_SUCCESS);
    CHECK(wasix_fd_read(r, AT(&in), 1, AT(&n)) == E_SUCCESS && n == 5 && b[0] == 'h');
    CHECK(wasix_fd_read(r, AT(&in), 1, AT(&n)) == E_SUCCESS && n == 0);
    CHECK(wasix_fd_close(r) == E_SUCCESS);
    wait_code(pid, 0);
}

static void many(void)
{
    uint32_t sum = 0, got;
    for (uint32_t i = 0; i < 20; i++) {
        uint32_t pid = fork_now();
        if (!pid) {
            wasix_proc_exit2(i);
        }
    }
    for (uint32_t i = 0; i < 20; i++) {
        sum += wait_for(0, &got).code;
    }
    IS(sum, 190);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t pid = fork_now();
        if (!pid) {
            wasix_proc_exit2(i & 0x7f);
        }
        wait_code(pid, i & 0x7f);
    }
}

/* -------- what the memory of each is, whoever wrote when -------- */

enum { PAGE = 4096, N_PAGES = 512 };
static volatile uint8_t pages[N_PAGES][PAGE];

static void fill(uint32_t from, uint32_t step, uint8_t with)
{
    for (uint32_t i = from; i < N_PAGES; i += step) {
        pages[i][0] = with;
        pages[i][PAGE - 1] = with;
    }
}

static uint32_t count_of(uint8_t value)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < N_PAGES; i++) {
        n += pages[i][0] == value && pages[i][PAGE - 1] == value;
    }
    return n;
}

static volatile uint8_t *grown(uint32_t n)
{
    return (volatile uint8_t *)(__builtin_wasm_memory_grow(0, n) * 65536);
}

static void grandchild(void)
{
    fill(0, 3, 4);
    uint32_t pid = fork_now();
    if (!pid) {
        CHECK(count_of(4) == 171 && count_of(3) == 0 && count_of(2) == 85);
        wasix_proc_exit2(0);
    }
    fill(0, 1, 9);
    wait_code(pid, 0);
    wasix_proc_exit2(count_of(9) == N_PAGES ? 5 : 1);
}

static void pages_are_their_own(void)
{
    fill(0, 1, 1);
    uint32_t first = fork_now();
    if (!first) {
        wasix_thread_sleep(20 * MS); /* the parent writes meanwhile */
        wasix_proc_exit2(count_of(1) == N_PAGES ? 5 : 1);
    }
    fill(0, 2, 2);
    volatile uint8_t *more = grown(2);
    more[100] = 7;
    uint32_t second = fork_now();
    if (!second) {
        CHECK(count_of(1) == N_PAGES / 2 && count_of(2) == N_PAGES / 2 && more[100] == 7);
        volatile uint8_t *own = grown(1);
        CHECK(own == more + 2 * 65536 && own[5] == 0);
        own[5] = 1;
        fill(1, 3, 3);
        fill(1, 3, 1);
        grandchild();
    }
    wait_code(first, 5);
    wait_code(second, 5);
    CHECK(count_of(2) == N_PAGES / 2 && more[100] == 7);
    volatile uint8_t *own = grown(1);
    CHECK(own == more + 2 * 65536 && own[5] == 0);
}

/* Stopped, told so once, and going on. */
static void stopped(void)
{
    uint32_t r, w, n = 0, pid;
    char b = 0;
    CHECK(wasix_fd_pipe(AT(&r), AT(&w)) == E_SUCCESS);
    pid = fork_now();
    if (!pid) {
        get(r, &b, 1, &n);
        wasix_proc_exit2(b);
    }
    struct option_pid who = {1, pid};
    struct status s;
    OK(wasix_proc_signal(pid, TSTP));
    OK(wasix_proc_join(AT(&who), WAKE_STOPPED, AT(&s)));
    CHECK(who.pid == pid && s.tag == STOPPED && s.code == TSTP);
    OK(put(w, "\5", 1, &n));
    who = (struct option_pid){1, pid};
    OK(wasix_proc_join(AT(&who), WAKE_STOPPED | NON_BLOCKING, AT(&s)));
    CHECK((who.some & 0xff) == 1 && who.pid == 0 && s.tag == NOTHING); /* as waitpid() tells it */
    OK(wasix_proc_signal(pid, CONT));
    wait_code(pid, 5);
    OK(p1_fd_close(r));
    OK(p1_fd_close(w));
}

static uint32_t n_told, n_usr;

WAX_EXPORT("on_signal") void on_signal(uint32_t sig)
{
    n_told += sig == CHLD;
    if (sig == CHLD) {
        sleep_ms(40); /* meanwhile the next one comes */
    }
    n_usr += sig == USR1;
}

static uint32_t ends_after(uint64_t ms, uint32_t code)
{
    uint32_t pid = fork_now();
    if (!pid) {
        sleep_ms(ms);
        wasix_proc_exit2(code);
    }
    return pid;
}

/* Who waits for one child is told of another's end, and waits on; other signals end the wait. */
static void told_while_waiting(void)
{
    uint32_t child = fork_now();
    if (child) {
        wait_code(child, 9);
        return;
    }
    wasix_callback_signal(AT("on_signal"), 9);
    uint32_t other = ends_after(20, 6), third = ends_after(35, 5), pid = ends_after(200, 7);
    wait_code(pid, 7);
    CHECK(n_told > 1);
    wait_code(other, 6);
    wait_code(third, 5);
    uint32_t r, w, n = 0;
    CHECK(wasix_fd_pipe(AT(&r), AT(&w)) == E_SUCCESS);
    other = ends_after(20, 6); /* nor does a read end */
    pid = fork_now();
    if (!pid) {
        sleep_ms(100);
        OK(put(w, "x", 1, &n));
        wasix_proc_exit2(7);
    }
    OK(get(r, &w, 1, &n));
    IS(n, 1);
    wait_code(pid, 7);
    wait_code(other, 6);
    uint32_t self = own_pid();
    pid = fork_now();
    if (!pid) {
        sleep_ms(20);
        OK(wasix_proc_signal(self, USR1));
        sleep_ms(100);
        wasix_proc_exit2(8);
    }
    struct option_pid who = {1, pid};
    struct status s;
    IS(wasix_proc_join(AT(&who), 0, AT(&s)), E_INTR);
    IS(n_usr, 1);
    wait_code(pid, 8);
    wasix_proc_exit2(9);
}

/* As many as may be, all ended at once. */
static void bomb(void)
{
    uint32_t n = 0, pid = 0, got;
    while (wasix_proc_fork(1, AT(&pid)) == E_SUCCESS) {
        if (!pid) {
            wasix_thread_sleep(100000 * MS);
        }
        n++;
    }
    IS(n, MAX_PROCESSES - 1);
    IS(wasix_proc_fork(1, AT(&pid)), E_AGAIN);
    OK(wasix_proc_signal((uint32_t)-1, KILL));
    for (uint32_t i = 0; i < n; i++) {
        IS(wait_for(0, &got).tag, EXIT_SIGNAL);
    }
}

/* -------- threads -------- */

static wax_thread threads[8];
static uint8_t stacks[8][32768] __attribute__((aligned(16)));
static uint32_t stop;

static void idle(void *arg) { (void)arg; }

static void fork_some(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t pid = fork_now();
        if (!pid) { /* alone here: those that spin are not */
            uint32_t before = __atomic_load_n(&word, __ATOMIC_SEQ_CST);
            wasix_thread_sleep(MS);
            CHECK(__atomic_load_n(&word, __ATOMIC_SEQ_CST) == before);
            CHECK(wax_thread_start(&threads[7], idle, 0, stacks[7], sizeof stacks[7]) == 0);
            wax_thread_join(&threads[7]);
            wasix_proc_exit2(i);
        }
        wait_code(pid, i);
    }
}

static void spin(void *arg)
{
    (void)arg;
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        __atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
    }
}

static void from_threads(void)
{
    for (uint32_t i = 0; i < 5; i++) {
        CHECK(wax_thread_start(&threads[i], i < 3 ? fork_some : spin, 0, stacks[i],
                               sizeof stacks[i]) == 0);
    }
    for (uint32_t i = 0; i < 5; i++) {
        if (i == 3) {
            __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
        }
        wax_thread_join(&threads[i]);
    }
}

/* What is left when the first process ends is killed. */
static void left_behind(void)
{
    if (!fork_now()) {
        if (!fork_now()) {
            wasix_thread_sleep(100000 * MS);
        }
        wasix_thread_sleep(100000 * MS);
    }
}

WAX_EXPORT("_start") void start(void)
{
    nobody_to_wait_for();
    memory_is_its_own();
    pages_are_their_own();
    from_deep_down();
    by_pipes();
    killed();
    many();
    stopped();
    told_while_waiting();
    bomb();
    from_threads();
    left_behind();
}
