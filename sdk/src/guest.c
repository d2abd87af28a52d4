/* SPDX-License-Identifier: Apache-2.0 */
/* The guest side: starting and joining threads, printing. Freestanding wasm32. */
#include <waxwing/guest.h>

static uint32_t addr(const void *p) { return (uint32_t)(uintptr_t)p; }

/* clang turns loops into these; there is no C library. */
void *memset(void *p, int c, size_t n)
{
    unsigned char *b = p;
    while (n--) {
        *b++ = (unsigned char)c;
    }
    return p;
}

void *memcpy(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;
    while (n--) {
        *d++ = *s++;
    }
    return dst;
}

/* Second half of wasi_thread_start, on the new thread's own stack. */
__attribute__((used)) void wax_thread_run(uint32_t tid, wax_thread *t)
{
    (void)tid;
    ((void (*)(void *))(uintptr_t)t->start[2])((void *)(uintptr_t)t->start[3]);
    __atomic_store_n(&t->done, 1, __ATOMIC_SEQ_CST);
    (void)__builtin_wasm_memory_atomic_notify((int *)&t->done, 0x7fffffff);
}

/*
 * The entry the host calls on a new thread: its instance starts with the main thread's stack
 * pointer, so the thread's own stack (first word of thread_start) is set before any C runs.
 */
__asm__(".globaltype __stack_pointer, i32\n"
        ".functype wax_thread_run (i32, i32) -> ()\n"
        ".globl wasi_thread_start\n"
        ".export_name wasi_thread_start, wasi_thread_start\n"
        "wasi_thread_start:\n"
        "    .functype wasi_thread_start (i32, i32) -> ()\n"
        "    local.get 1\n"
        "    i32.load 0\n"
        "    global.set __stack_pointer\n"
        "    local.get 0\n"
        "    local.get 1\n"
        "    call wax_thread_run\n"
        "    end_function\n");

uint32_t wax_thread_start(wax_thread *t, void (*fn)(void *arg), void *arg, void *stack,
                          uint32_t stack_bytes)
{
    t->done = 0;
    t->start[0] = (addr(stack) + stack_bytes) & ~15u;
    t->start[2] = addr((const void *)(uintptr_t)fn);
    t->start[3] = addr(arg);
    t->start[14] = stack_bytes;
    return wasix_thread_spawn_v2(addr(t), addr(&t->tid));
}

void wax_thread_join(wax_thread *t)
{
    while (!__atomic_load_n(&t->done, __ATOMIC_SEQ_CST)) {
        (void)__builtin_wasm_memory_atomic_wait32((int *)&t->done, 0, -1);
    }
}

void wax_print(uint32_t fd, const char *text, uint32_t len)
{
    uint32_t iov[2] = {addr(text), len}, written = 0;
    while (iov[1] > 0 && p1_fd_write(fd, addr(iov), 1, addr(&written)) == 0) {
        iov[0] += written;
        iov[1] -= written;
    }
}

void wax_print_str(const char *text)
{
    uint32_t len = 0;
    while (text[len]) {
        len++;
    }
    wax_print(1, text, len);
}

void wax_print_num(uint64_t n)
{
    char buf[20];
    uint32_t at = sizeof buf;
    do {
        buf[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    wax_print(1, buf + at, (uint32_t)sizeof buf - at);
}
