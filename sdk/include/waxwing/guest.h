/* SPDX-License-Identifier: Apache-2.0 */
/* What a freestanding wasm32 guest needs to use threads and print: link sdk/src/guest.c with it. */
#ifndef WAXWING_GUEST_H
#define WAXWING_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include <waxwing/imports.h>

#define WAX_EXPORT(NAME) __attribute__((export_name(NAME), visibility("default")))

/** A thread, in memory of the caller that must stay until it was joined. */
typedef struct wax_thread {
    /* thread_start of the ABI: stack top, TLS base, function, argument, …, stack size, guard. */
    uint32_t start[16];
    uint32_t tid;
    uint32_t done; /* futex: 1 when the function returned */
} wax_thread;

/** Run fn(arg) on a new thread with the given stack. @return 0, or a WASI errno */
uint32_t wax_thread_start(wax_thread *thread, void (*fn)(void *arg), void *arg, void *stack,
                          uint32_t stack_bytes);
void wax_thread_join(wax_thread *thread);

/** Write text to standard output (or error, fd 2). */
void wax_print(uint32_t fd, const char *text, uint32_t len);
void wax_print_str(const char *text);
void wax_print_num(uint64_t n);

#endif
