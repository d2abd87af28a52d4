/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's part of setjmp() and longjmp(), which libraries take from the program. */
#include "jump.h"

void __wasm_setjmp(void *buf, uint32_t label, void *caller)
{
    jump_buf *j = buf;
    (*j)->caller = caller;
    (*j)->label = label;
}

uint32_t __wasm_setjmp_test(void *buf, void *caller)
{
    jump_buf *j = buf;
    return (*j)->caller == caller ? (*j)->label : 0;
}

void __wasm_longjmp(void *buf, int value)
{
    jump_buf *j = buf;
    (*j)->thrown.buf = buf;
    (*j)->thrown.value = value ? value : 1;
    __builtin_wasm_throw(1, &(*j)->thrown);
}
