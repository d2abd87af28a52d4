/* SPDX-License-Identifier: Apache-2.0 */
/* For guests that check themselves: they end with status 1 and the line of what was wrong. */
#ifndef TESTS_WASIX_CHECK_H
#define TESTS_WASIX_CHECK_H

#include <waxwing/guest.h>

enum {
    E_SUCCESS = 0,
    E_ACCESS = 2,
    E_AGAIN = 6,
    E_BADF = 8,
    E_EXIST = 20,
    E_INVAL = 28,
    E_LOOP = 32,
    E_MFILE = 33,
    E_NOENT = 44,
    E_NOTSUP = 58,
    E_NOTTY = 59,
    E_OVERFLOW = 61,
    E_PERM = 63,
    E_PIPE = 64,
    E_SPIPE = 70,
    E_MEMVIOLATION = 78
};

/* As the imports take addresses. */
#define AT(P) ((uint32_t)(uintptr_t)(P))

static inline void check_num(uint64_t got, uint64_t want, const char *text, uint32_t line)
{
    if (got != want) {
        wax_print_str("line ");
        wax_print_num(line);
        wax_print_str(": got ");
        wax_print_num(got);
        wax_print_str(", wanted ");
        wax_print_num(want);
        wax_print_str(": ");
        wax_print_str(text);
        wax_print_str("\n");
        p1_proc_exit(1);
    }
}
#define IS(GOT, WANT) check_num((uint64_t)(GOT), (uint64_t)(WANT), #GOT, __LINE__)
#define OK(CALL) IS(CALL, E_SUCCESS)

/* One buffer. *n bytes; 0 on error. */
static inline uint32_t put(uint32_t fd, const void *p, uint32_t len, uint32_t *n)
{
    uint32_t iov[2] = {AT(p), len};
    *n = 0;
    return p1_fd_write(fd, AT(iov), 1, AT(n));
}

static inline uint32_t get(uint32_t fd, void *p, uint32_t len, uint32_t *n)
{
    uint32_t iov[2] = {AT(p), len};
    *n = 0;
    return p1_fd_read(fd, AT(iov), 1, AT(n));
}

/* The lowest number that is not open: the same again when everything was closed. */
static inline uint32_t lowest_fd(void)
{
    uint32_t n = 0;
    OK(wasix_fd_dup(0, AT(&n)));
    OK(p1_fd_close(n));
    return n;
}

static inline void set_nonblock(uint32_t fd) { OK(p1_fd_fdstat_set_flags(fd, 4)); }

/* Whether a descriptor can be read (tag 1) or written (2) within `ns`. *nbytes, *hangup. */
static inline uint32_t ready(uint32_t fd, uint8_t tag, uint64_t ns, uint64_t *nbytes,
                             uint32_t *hangup)
{
    struct sub {
        uint64_t userdata;
        uint8_t tag;
        _Alignas(8) uint32_t id; /* descriptor or clock */
        uint64_t timeout, precision;
        uint16_t flags;
    } subs[2] = {{.userdata = 1, .tag = tag, .id = fd}, {.userdata = 2, .id = 1, .timeout = ns}};
    struct event {
        uint64_t userdata;
        uint16_t error;
        uint8_t type;
        uint64_t nbytes;
        uint16_t flags;
    } events[2];
    uint32_t n = 0, found = 0;
    _Static_assert(sizeof subs[0] == 48 && sizeof events[0] == 32, "as the ABI has them");
    OK(p1_poll_oneoff(AT(subs), AT(events), 2, AT(&n)));
    for (uint32_t i = 0; i < n; i++) {
        if (events[i].userdata == 1) {
            IS(events[i].error, 0);
            found = 1;
            *nbytes = events[i].nbytes;
            *hangup = events[i].flags & 1;
        }
    }
    return found;
}

static inline void sleep_ms(uint64_t ms) { OK(wasix_thread_sleep(ms * 1000000)); }

#endif
