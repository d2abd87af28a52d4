/* SPDX-License-Identifier: Apache-2.0 */
/* setjmp for guests: wasi-libc has none without its own exception support. */
#ifndef WX_TESTS_WASI_SJLJ_H
#define WX_TESTS_WASI_SJLJ_H

#include <stdint.h>

struct jump {
    void *invocation;
    uint32_t label;
    struct {
        void *env;
        int value;
    } arg;
};
typedef struct jump jmp_buf[1];
int setjmp(jmp_buf env) __attribute__((returns_twice));
void longjmp(jmp_buf env, int value) __attribute__((noreturn));

#endif
