/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, futexes, pipes, sockets and processes: of WASIX, or of the host. */
/*
 * Functions answer 0 or a number of bytes, anything else is a failure. Guests call the imports
 * themselves: what is measured is the runtime, not a C library.
 */
#ifndef BENCH_WASIX_PLATFORM_H
#define BENCH_WASIX_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

struct thread;
static int thread_start(struct thread *t, void (*fn)(void *), void *arg);
static void thread_join(struct thread *t);
/* Functions of their own, as in any C library: locks that need neither are small. */
static __attribute__((noinline)) void futex_wait(uint32_t *word, uint32_t value);
static __attribute__((noinline)) void futex_wake(uint32_t *word);
static int make_pipe(int ret_fds[2]);
static long put(int fd, const void *p, size_t len);
static long get(int fd, void *p, size_t len);
/** A listening socket of the loopback interface and its address, for connect_to(). */
static int listen_somewhere(void *ret_address);
static int connect_to(const void *address);
static int accept_one(int listener);
static long send_all(int fd, const void *p, size_t len);
static long receive_all(int fd, void *p, size_t len);
/** A child that exits at once, and is waited for. LACKING: there is no such call. */
#define LACKING 69
static int fork_once(void);
/** Of a clock that only goes forward. */
static uint64_t now_ns(void);

#define ADDRESS_BYTES 128

#ifdef __wasm__
#include <waxwing/guest.h>

#define P(X) ((uint32_t)(uintptr_t)(X))

struct thread {
    wax_thread wax;
    _Alignas(16) char stack[4096];
};

static int thread_start(struct thread *t, void (*fn)(void *), void *arg)
{
    return (int)wax_thread_start(&t->wax, fn, arg, t->stack, sizeof t->stack);
}

static void thread_join(struct thread *t) { wax_thread_join(&t->wax); }

static void futex_wait(uint32_t *word, uint32_t value)
{
    static const uint64_t for_ever[2] = {0, 0};
    uint8_t woken;
    (void)wasix_futex_wait(P(word), value, P(for_ever), P(&woken));
}

static void futex_wake(uint32_t *word)
{
    uint8_t woken;
    (void)wasix_futex_wake(P(word), P(&woken));
}

static int make_pipe(int ret_fds[2]) { return (int)wasix_fd_pipe(P(&ret_fds[0]), P(&ret_fds[1])); }

static long put(int fd, const void *p, size_t len)
{
    uint32_t iov[2] = {P(p), len}, n = 0;
    return p1_fd_write((uint32_t)fd, P(iov), 1, P(&n)) ? -1 : (long)n;
}

static long get(int fd, void *p, size_t len)
{
    uint32_t iov[2] = {P(p), len}, n = 0;
    return p1_fd_read((uint32_t)fd, P(iov), 1, P(&n)) ? -1 : (long)n;
}

static int open_socket(void)
{
    uint32_t s = 0;
    return wasix_sock_open(1, 1, 0, P(&s)) ? -1 : (int)s;
}

static int listen_somewhere(void *ret_address)
{
    static const uint8_t any[ADDRESS_BYTES] = {1, 0, 0, 0, 127, 0, 0, 1};
    int s = open_socket();
    return s < 0 || wasix_sock_bind((uint32_t)s, P(any)) || wasix_sock_listen((uint32_t)s, 8) ||
                   wasix_sock_addr_local((uint32_t)s, P(ret_address))
               ? -1
               : s;
}

static int connect_to(const void *address)
{
    int s = open_socket();
    return s < 0 || wasix_sock_connect((uint32_t)s, P(address)) ? -1 : s;
}

static int accept_one(int listener)
{
    uint8_t from[ADDRESS_BYTES];
    uint32_t s = 0;
    return wasix_sock_accept_v2((uint32_t)listener, 0, P(&s), P(from)) ? -1 : (int)s;
}

static long send_all(int fd, const void *p, size_t len)
{
    uint32_t iov[2] = {P(p), len}, n = 0;
    return wasix_sock_send((uint32_t)fd, P(iov), 1, 0, P(&n)) ? -1 : (long)n;
}

static long receive_all(int fd, void *p, size_t len)
{
    uint32_t iov[2] = {P(p), len}, n = 0;
    uint16_t flags;
    return wasix_sock_recv((uint32_t)fd, P(iov), 1, 0, P(&n), P(&flags)) ? -1 : (long)n;
}

static int fork_once(void)
{
    uint32_t pid = 0, status[2];
    uint32_t e = wasix_proc_fork(1, P(&pid));
    if (e) {
        return e == 52 ? LACKING : 1; /* nosys */
    }
    if (pid == 0) {
        wasix_proc_exit2(0);
    }
    uint32_t which[2] = {1, pid};
    return (int)wasix_proc_join(P(which), 0, P(status));
}

static uint64_t now_ns(void)
{
    uint64_t t = 0;
    (void)p1_clock_time_get(1, 1, P(&t));
    return t;
}

static int run(int n_args, char **args);

WAX_EXPORT("_start") void _start(void)
{
    static char *args[8], text[256];
    uint32_t n = 0, bytes = 0;
    if (p1_args_sizes_get(P(&n), P(&bytes)) || n > 8 || bytes > sizeof text ||
        p1_args_get(P(args), P(text))) {
        p1_proc_exit(64);
    }
    p1_proc_exit((uint32_t)run((int)n, args));
}
#else
#include <arpa/inet.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct thread {
    pthread_t id;
    void (*fn)(void *);
    void *arg;
};

static void *thread_main(void *p)
{
    const struct thread *t = p;
    t->fn(t->arg);
    return NULL;
}

static int thread_start(struct thread *t, void (*fn)(void *), void *arg)
{
    t->fn = fn;
    t->arg = arg;
    return pthread_create(&t->id, NULL, thread_main, t);
}

static void thread_join(struct thread *t) { (void)pthread_join(t->id, NULL); }

static void futex_wait(uint32_t *word, uint32_t value)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL);
}

static void futex_wake(uint32_t *word) { (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1); }
static int make_pipe(int ret_fds[2]) { return pipe(ret_fds); }
static long put(int fd, const void *p, size_t len) { return write(fd, p, len); }
static long get(int fd, void *p, size_t len) { return read(fd, p, len); }

static int listen_somewhere(void *ret_address)
{
    struct sockaddr_in *a = ret_address;
    socklen_t len = sizeof *a;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return s < 0 || bind(s, ret_address, len) || listen(s, 8) || getsockname(s, ret_address, &len)
               ? -1
               : s;
}

static int connect_to(const void *address)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return s < 0 || connect(s, address, sizeof(struct sockaddr_in)) ? -1 : s;
}

static int accept_one(int listener) { return accept(listener, NULL, NULL); }
static long send_all(int fd, const void *p, size_t len)
{
    return fd < 0 ? -1 : send(fd, p, len, MSG_NOSIGNAL);
}
static long receive_all(int fd, void *p, size_t len) { return fd < 0 ? -1 : recv(fd, p, len, 0); }

static int fork_once(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 || waitpid(pid, &status, 0) != pid;
}

static uint64_t now_ns(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int run(int n_args, char **args);

int main(int argc, char **argv) { return run(argc, argv); }
#endif

#endif
