/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and structures of preview1 and wasix_32v1, for freestanding wasm32 guests. */
/*
 * imports.h declares the calls; an address in one is a 32-bit number: WASIX_AT(&object). Sizes and
 * offsets are those of the ABI and are asserted below. Errors are WASI_E* of imports.h.
 */
#ifndef WAXWING_GUEST_WASIX_H
#define WAXWING_GUEST_WASIX_H

#include <stddef.h>
#include <stdint.h>

#include <waxwing/imports.h>

#ifdef __cplusplus
#define WASIX_ASSERT(X) static_assert(X, #X)
#else
#define WASIX_ASSERT(X) _Static_assert(X, #X)
#endif
#define WASIX_LAYOUT(TYPE, SIZE) WASIX_ASSERT(sizeof(TYPE) == (SIZE))
#define WASIX_OFFSET(TYPE, FIELD, OFF) WASIX_ASSERT(offsetof(TYPE, FIELD) == (OFF))
#define WASIX_AT(P) ((uint32_t)(uintptr_t)(P))

/* -------- numbers -------- */

enum {
    WASIX_CLOCK_REALTIME,
    WASIX_CLOCK_MONOTONIC,
    WASIX_CLOCK_PROCESS_CPU,
    WASIX_CLOCK_THREAD_CPU
};
enum { WASIX_LOOKUP_FOLLOW = 1 };
enum { WASIX_O_CREAT = 1, WASIX_O_DIRECTORY = 2, WASIX_O_EXCL = 4, WASIX_O_TRUNC = 8 };
enum {
    WASIX_FD_APPEND = 1,
    WASIX_FD_DSYNC = 2,
    WASIX_FD_NONBLOCK = 4,
    WASIX_FD_RSYNC = 8,
    WASIX_FD_SYNC = 16
};
enum { WASIX_FD_CLOEXEC = 1 }; /* fd_fdflags_*, path_open2 */
enum { WASIX_EFD_SEMAPHORE = 1, WASIX_EFD_NONBLOCK = 4 };
enum { WASIX_SET, WASIX_CUR, WASIX_END };
enum {
    WASIX_FT_UNKNOWN,
    WASIX_FT_BLOCK,
    WASIX_FT_CHAR,
    WASIX_FT_DIR,
    WASIX_FT_FILE,
    WASIX_FT_DGRAM,
    WASIX_FT_STREAM,
    WASIX_FT_SYMLINK,
    WASIX_FT_RAW,
    WASIX_FT_SEQPACKET
};
enum { WASIX_ON_CLOCK, WASIX_ON_READ, WASIX_ON_WRITE }; /* tags of subscriptions and events */
enum { WASIX_ABSTIME = 1, WASIX_HANGUP = 1 };
/* epoll_ctl, as the libc passes them */
enum { WASIX_EPOLL_ADD = 1, WASIX_EPOLL_DEL = 2, WASIX_EPOLL_MOD = 3 };
enum {
    WASIX_EPOLLIN = 1,
    WASIX_EPOLLOUT = 2,
    WASIX_EPOLLRDHUP = 4,
    WASIX_EPOLLPRI = 8,
    WASIX_EPOLLERR = 16,
    WASIX_EPOLLHUP = 32,
    WASIX_EPOLLET = 64,
    WASIX_EPOLLONESHOT = 128
};
enum { WASIX_AF_UNSPEC, WASIX_AF_INET, WASIX_AF_INET6, WASIX_AF_UNIX };
enum { WASIX_STREAM = 1, WASIX_DGRAM = 2, WASIX_RAW = 3, WASIX_SEQPACKET = 4 };
enum { WASIX_IP = 0, WASIX_TCP = 6, WASIX_UDP = 17 };
enum { WASIX_PEEK = 1, WASIX_WAITALL = 2, WASIX_DONT_WAIT = 8 }; /* receiving */
enum { WASIX_SHUT_RD = 1, WASIX_SHUT_WR = 2 };
enum {
    WASIX_SO_REUSE_PORT = 1,
    WASIX_SO_REUSE_ADDR,
    WASIX_SO_NO_DELAY,
    WASIX_SO_DONT_ROUTE,
    WASIX_SO_ONLY_V6,
    WASIX_SO_BROADCAST,
    WASIX_SO_MULTICAST_LOOP_V4,
    WASIX_SO_MULTICAST_LOOP_V6,
    WASIX_SO_PROMISCUOUS,
    WASIX_SO_LISTENING,
    WASIX_SO_LAST_ERROR,
    WASIX_SO_KEEP_ALIVE,
    WASIX_SO_LINGER,
    WASIX_SO_OOB_INLINE,
    WASIX_SO_RECV_BUF,
    WASIX_SO_SEND_BUF,
    WASIX_SO_RECV_LOWAT,
    WASIX_SO_SEND_LOWAT,
    WASIX_SO_RECV_TIMEOUT,
    WASIX_SO_SEND_TIMEOUT,
    WASIX_SO_CONNECT_TIMEOUT,
    WASIX_SO_ACCEPT_TIMEOUT,
    WASIX_SO_TTL,
    WASIX_SO_MULTICAST_TTL_V4,
    WASIX_SO_TYPE,
    WASIX_SO_PROTO
};
enum { WASIX_JOIN_NON_BLOCKING = 1, WASIX_JOIN_WAKE_STOPPED = 2 };
enum { WASIX_JOIN_NOTHING, WASIX_JOIN_EXIT, WASIX_JOIN_SIGNAL, WASIX_JOIN_STOPPED };
enum { WASIX_FDOP_CLOSE, WASIX_FDOP_DUP2, WASIX_FDOP_OPEN, WASIX_FDOP_CHDIR, WASIX_FDOP_FCHDIR };
enum { WASIX_STDIO_PIPED, WASIX_STDIO_INHERIT, WASIX_STDIO_NULL, WASIX_STDIO_LOG };
enum { WASIX_I32, WASIX_I64, WASIX_F32, WASIX_F64, WASIX_V128 }; /* reflection, closures */
#define WASIX_WHOLE_PROCESS 0x3fffffffu                          /* thread_signal */
#define WASIX_FOREVER UINT64_MAX                                 /* epoll_wait */

/* -------- files -------- */

struct wasix_iovec {
    uint32_t buf, len;
};
WASIX_LAYOUT(struct wasix_iovec, 8);

struct wasix_fdstat {
    uint8_t filetype;
    uint16_t flags;
    uint64_t rights, inheriting;
};
WASIX_LAYOUT(struct wasix_fdstat, 24);

struct wasix_filestat {
    uint64_t dev, ino;
    uint8_t filetype;
    uint64_t nlink, size, atim, mtim, ctim;
};
WASIX_LAYOUT(struct wasix_filestat, 64);

struct wasix_prestat {
    uint8_t type; /* 0: a directory */
    uint32_t name_len;
};
WASIX_LAYOUT(struct wasix_prestat, 8);

/* The name follows, without a NUL. */
struct wasix_dirent {
    uint64_t next, ino;
    uint32_t name_len;
    uint8_t type;
};
WASIX_LAYOUT(struct wasix_dirent, 24);

/* -------- waiting -------- */

struct wasix_subscription {
    uint64_t userdata;
    uint8_t tag;
    union {
        struct {
            uint32_t id;
            uint64_t timeout, precision;
            uint16_t flags;
        } clock;
        uint32_t fd;
    } u;
};
WASIX_LAYOUT(struct wasix_subscription, 48);
WASIX_OFFSET(struct wasix_subscription, u.clock.timeout, 24);

struct wasix_event {
    uint64_t userdata;
    uint16_t error;
    uint8_t type;
    uint64_t nbytes;
    uint16_t flags;
};
WASIX_LAYOUT(struct wasix_event, 32);

/* What comes back beside `events` is what went in; fd is the watched descriptor. */
struct wasix_epoll_event {
    uint32_t events;
    _Alignas(8) uint32_t ptr;
    uint32_t fd;
    uint32_t data1;
    uint64_t data2;
};
WASIX_LAYOUT(struct wasix_epoll_event, 32);
WASIX_OFFSET(struct wasix_epoll_event, data2, 24);

struct wasix_tty {
    uint32_t cols, rows, width, height;
    uint8_t stdin_tty, stdout_tty, stderr_tty, echo, line_buffered, line_feeds;
};
WASIX_LAYOUT(struct wasix_tty, 24);

/* -------- options -------- */

struct wasix_option_timestamp {
    uint8_t some;
    uint64_t ns;
};
WASIX_LAYOUT(struct wasix_option_timestamp, 16);

struct wasix_option_u32 { /* a pid, a descriptor */
    uint8_t some;
    uint32_t value;
};
WASIX_LAYOUT(struct wasix_option_u32, 8);

/* -------- threads and processes -------- */

struct wasix_thread_start {
    uint32_t stack_upper, tls_base, start_funct, start_args;
    uint32_t reserved[10];
    uint32_t stack_size, guard_size;
};
WASIX_LAYOUT(struct wasix_thread_start, 64);

struct wasix_stack_snapshot {
    uint64_t user, hash_lower, hash_upper;
};
WASIX_LAYOUT(struct wasix_stack_snapshot, 24);

struct wasix_join_status {
    uint8_t tag;
    uint16_t code;  /* exit, or of a signal */
    uint8_t signal; /* of JOIN_SIGNAL; of JOIN_STOPPED it is the low byte of `code` */
};
WASIX_LAYOUT(struct wasix_join_status, 6);

struct wasix_signal_disposition {
    uint8_t signal, disposition; /* 1: ignored */
};
WASIX_LAYOUT(struct wasix_signal_disposition, 2);

struct wasix_process_handles {
    uint32_t pid;
    struct wasix_option_u32 in, out, err;
};
WASIX_LAYOUT(struct wasix_process_handles, 28);

struct wasix_spawn_fd_op {
    uint8_t cmd;
    uint32_t fd, src_fd, name, name_len, dirflags;
    uint16_t oflags;
    uint64_t rights, inheriting;
    uint16_t fdflags, fdflagsext;
};
WASIX_LAYOUT(struct wasix_spawn_fd_op, 56);
WASIX_OFFSET(struct wasix_spawn_fd_op, oflags, 24);
WASIX_OFFSET(struct wasix_spawn_fd_op, fdflagsext, 50);

/* -------- addresses -------- */

struct wasix_addr_port {
    uint8_t family, zero;
    uint16_t port;
    uint8_t bytes[16]; /* 4 of them for v4 */
};
WASIX_LAYOUT(struct wasix_addr_port, 20);

struct wasix_addr {
    uint8_t family, zero;
    uint8_t bytes[16];
};
WASIX_LAYOUT(struct wasix_addr, 18);

/* -------- reflection -------- */

struct wasix_reflection {
    uint8_t cacheable;
    uint16_t n_params, n_results;
};
WASIX_LAYOUT(struct wasix_reflection, 6);

#endif
