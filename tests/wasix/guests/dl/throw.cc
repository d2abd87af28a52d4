/* SPDX-License-Identifier: Apache-2.0 */
/* A library that throws, catches what others throw, and jumps into others. */
#include "jump.h"

extern "C" {
extern int destroyed;
int program_call(int (*fn)(int), int a);

struct Guard {
    ~Guard() { destroyed++; }
};

__attribute__((noinline)) static void raise(int a)
{
    __builtin_wasm_throw(0, reinterpret_cast<void *>(a));
}

int throw_it(int a)
{
    Guard guard;
    if (a) {
        raise(a);
    }
    return 1;
}

/* What the callback throws ends here. */
int throw_catch(int (*fn)(int), int a)
{
    try {
        return program_call(fn, a);
    } catch (...) {
        return -1;
    }
}

/* Called once, it throws in two processes. */
int throw_forked(unsigned (*fork)(void), int a)
{
    Guard guard;
    raise(fork() ? a : a + 50);
    return 0;
}

void throw_jump(jump_buf buf, int value) { longjmp(buf, value); }

int throw_land(void (*fn)(jump_buf))
{
    jump_buf buf;
    volatile int n = 0;
    int value = setjmp(buf);
    n = n + 1;
    if (!value) {
        fn(buf);
    }
    return value * 10 + n;
}
}
