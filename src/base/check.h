/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions and checked arithmetic. */
#ifndef WX_BASE_CHECK_H
#define WX_BASE_CHECK_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* Internal invariants only; guest and caller input is never asserted. */
#define wx_assert(X) assert(X)
#ifdef WX_ASSERT_EXPENSIVE
#define wx_assert_expensive(X) assert(X)
#else
#define wx_assert_expensive(X) ((void)0)
#endif

/* True when the result fits; *ret is written either way. Operands of any integer type. */
#define wx_add_ok(A, B, RET) (!__builtin_add_overflow((A), (B), (RET)))
#define wx_sub_ok(A, B, RET) (!__builtin_sub_overflow((A), (B), (RET)))
#define wx_mul_ok(A, B, RET) (!__builtin_mul_overflow((A), (B), (RET)))

#define WX_ARRAY_LEN(A) (sizeof(A) / sizeof((A)[0]))

#endif
