/* SPDX-License-Identifier: Apache-2.0 */
/* setjmp and longjmp as clang lowers them: what a C library has of them. */
#ifndef TESTS_WASIX_GUESTS_DL_JUMP_H
#define TESTS_WASIX_GUESTS_DL_JUMP_H

#include <stdint.h>

typedef struct {
    void *caller; /* which call of the function setjmp() was called in */
    uint32_t label;
    struct {
        void *buf;
        int value;
    } thrown; /* what the tag __c_longjmp carries a pointer to */
} jump_buf[1];

#ifdef __cplusplus
extern "C" {
#endif
int setjmp(jump_buf) __attribute__((returns_twice));
void longjmp(jump_buf, int) __attribute__((noreturn));
void __wasm_setjmp(void *buf, uint32_t label, void *caller);
uint32_t __wasm_setjmp_test(void *buf, void *caller);
void __wasm_longjmp(void *buf, int value);
#ifdef __cplusplus
}
#endif

#endif
