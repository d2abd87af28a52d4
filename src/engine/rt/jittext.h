/* SPDX-License-Identifier: Apache-2.0 */
/* Which code addresses are ours: op bodies of the interpreter and registered compiled code. */
#ifndef WX_ENGINE_RT_JITTEXT_H
#define WX_ENGINE_RT_JITTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Make a range known; false when the table is full. Thread-safe. */
bool wx_jittext_add(const void *start, size_t len);
void wx_jittext_remove(const void *start);
/** Inside compiled code: nothing of C is on the stack, it may be left at any instruction. */
bool wx_jittext_is_compiled_sigsafe(uintptr_t pc);
/** Compiled code, or an op body of the interpreter (R28). */
bool wx_jittext_is_guest_sigsafe(uintptr_t pc);

#endif
