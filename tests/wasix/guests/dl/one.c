/* SPDX-License-Identifier: Apache-2.0 */
/* A library the program needs, which needs another one. */
#include "log.h"

int one_data = 11;
extern int two_data;
int two_sum(void);
int two_public(int a);
int program_triple(int a);
__attribute__((weak)) int nobody_has_this(int a);
__attribute__((weak)) extern int nor_this;
int lazy_function(int a); /* of a library that is opened later */

static int one_initialized;
__attribute__((constructor)) static void init(void)
{
    one_initialized = 1;
    log_add('1');
}

int one_add(int a, int b) { return a + b; }
typedef int (*unary)(int);
unary one_two_public(void) { return two_public; }
int one_run(int a)
{
    return two_sum() + two_data + program_triple(a) + (nobody_has_this ? 1000 : 0) +
           (&nor_this ? 1000 : 0) + one_initialized;
}
int one_lazy(int a) { return lazy_function(a) + 1; }

/* Enough of a frame that the stack pointer moves. */
int one_stack(int depth)
{
    volatile int room[16];
    room[depth & 15] = depth;
    return depth == 0 ? 0 : one_stack(depth - 1) + room[depth & 15];
}
