/* SPDX-License-Identifier: Apache-2.0 */
/* What clang's lowering of setjmp calls; in a file of its own, for it must not see them as known.
 */
/*
 * A function that calls setjmp has an identity per invocation and a label per call. A longjmp is a
 * throw of tag __c_longjmp with a pointer to {jmp_buf, value}, which the function catches, tests,
 * and throws on if it is not meant.
 */
#include "sjlj.h"

#define TAG_LONGJMP 1
void __wasm_setjmp(void *env, uint32_t label, void *invocation);
void __wasm_setjmp(void *env, uint32_t label, void *invocation)
{
    struct jump *j = env;
    j->invocation = invocation;
    j->label = label;
}

uint32_t __wasm_setjmp_test(void *env, void *invocation);
uint32_t __wasm_setjmp_test(void *env, void *invocation)
{
    const struct jump *j = env;
    return j->invocation == invocation ? j->label : 0;
}

void __wasm_longjmp(void *env, int value) __attribute__((noreturn));
void __wasm_longjmp(void *env, int value)
{
    struct jump *j = env;
    j->arg.env = env;
    j->arg.value = value ? value : 1;
    __builtin_wasm_throw(TAG_LONGJMP, &j->arg);
}
