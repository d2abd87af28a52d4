/* SPDX-License-Identifier: Apache-2.0 */
/* What stencils.c needs instead of a C library, and the way into machine code and out of it. */
#ifndef WX_TESTS_AARCH64_BARE_H
#define WX_TESTS_AARCH64_BARE_H

#include <stddef.h>
#include <stdint.h>

#include "wasm/num_simd.h"

/* -------- no C library -------- */

static long kernel(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = -1;
    register long x5 __asm__("x5") = 0;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
static void leave_program(int status)
{
    for (;;) {
        kernel(93, status, 0, 0, 0);
    }
}
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}
void *memset(void *to, int v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)v;
    }
    return to;
}
static void say(const char *text)
{
    size_t n = 0;
    while (text[n]) {
        n++;
    }
    kernel(64, 1, (long)text, (long)n, 0);
}
static void say_number(uint64_t v, unsigned base)
{
    char digits[24];
    unsigned at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    say(&digits[at]);
}

/* -------- into a stencil and out of it -------- */

#define N_GPR 7
#define N_VEC 8
static const uint8_t gpr[N_GPR] = {24, 25, 26, 28, 0, 1, 2}; /* as the lowering numbers them */

struct registers {
    union wx_lanes v[N_VEC];
    uint64_t r[N_GPR];
    uint64_t state[4]; /* x20 to x23 */
    uint64_t way;      /* how it left: one of the stubs below */
};
#define OFFSET_R 128
#define OFFSET_STATE 184
#define OFFSET_WAY 216
_Static_assert(offsetof(struct registers, r) == OFFSET_R, "enter_code");
_Static_assert(offsetof(struct registers, state) == OFFSET_STATE, "enter_code");
_Static_assert(offsetof(struct registers, way) == OFFSET_WAY, "enter_code");

void enter_code(struct registers *s, const void *code);
extern const uint8_t leave_code[];
__asm__(".text\n"
        ".global enter_code\nenter_code:\n"
        "stp x29, x30, [sp, #-192]!\n"
        "stp x19, x20, [sp, #16]\n stp x21, x22, [sp, #32]\n stp x23, x24, [sp, #48]\n"
        "stp x25, x26, [sp, #64]\n stp x27, x28, [sp, #80]\n"
        "stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n stp d12, d13, [sp, #128]\n"
        "stp d14, d15, [sp, #144]\n str x0, [sp, #160]\n"
        "mov x16, x1\n mov x9, x0\n"
        "ldp q0, q1, [x9]\n ldp q2, q3, [x9, #32]\n ldp q4, q5, [x9, #64]\n ldp q6, q7, [x9, #96]\n"
        "ldp x24, x25, [x9, #128]\n ldp x26, x28, [x9, #144]\n ldp x0, x1, [x9, #160]\n"
        "ldr x2, [x9, #176]\n ldp x20, x21, [x9, #184]\n ldp x22, x23, [x9, #200]\n"
        "br x16\n"
        ".global leave_code\nleave_code:\n"
        "ldr x9, [sp, #160]\n"
        "stp q0, q1, [x9]\n stp q2, q3, [x9, #32]\n stp q4, q5, [x9, #64]\n stp q6, q7, [x9, #96]\n"
        "stp x24, x25, [x9, #128]\n stp x26, x28, [x9, #144]\n stp x0, x1, [x9, #160]\n"
        "str x2, [x9, #176]\n stp x20, x21, [x9, #184]\n stp x22, x23, [x9, #200]\n"
        "str x17, [x9, #216]\n"
        "ldp x19, x20, [sp, #16]\n ldp x21, x22, [sp, #32]\n ldp x23, x24, [sp, #48]\n"
        "ldp x25, x26, [sp, #64]\n ldp x27, x28, [sp, #80]\n"
        "ldp d8, d9, [sp, #96]\n ldp d10, d11, [sp, #112]\n ldp d12, d13, [sp, #128]\n"
        "ldp d14, d15, [sp, #144]\n ldp x29, x30, [sp], #192\n"
        "ret\n");

#endif
