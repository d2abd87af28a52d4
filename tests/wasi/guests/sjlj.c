/* SPDX-License-Identifier: Apache-2.0 */
/* Guest: setjmp and longjmp as exceptions (clang -mllvm -wasm-enable-sjlj). */
#include <stdio.h>
#include <string.h>

#include "sjlj.h"

static jmp_buf outer, inner;
static int depth_reached;

static void dive(int depth)
{
    char pad[64];
    memset(pad, depth, sizeof pad);
    depth_reached += pad[depth & 63] == (char)depth;
    if (depth == 0) {
        longjmp(outer, 42);
    }
    dive(depth - 1);
    printf("not reached\n");
}

/* A setjmp in between that is not the one jumped to. */
static void through(int depth)
{
    volatile int kept = depth;
    if (setjmp(inner) == 0) {
        dive(depth);
    }
    printf("wrong setjmp %d\n", kept);
}

static int retry(int times)
{
    volatile int n = 0;
    int got = setjmp(inner);
    if (got < times) {
        n = n + 1;
        longjmp(inner, got + 1);
    }
    return n;
}

int main(void)
{
    volatile int kept = 7;
    int got = setjmp(outer);
    if (got == 0) {
        kept = 8;
        through(1000);
        return 1;
    }
    printf("got %d kept %d depth %d\n", got, kept, depth_reached);
    printf("retries %d\n", retry(100000));
    return got == 42 && kept == 8 ? 0 : 1;
}
