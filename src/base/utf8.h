/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 validation as wasm names require it (spec 5.2.4). */
#ifndef WX_BASE_UTF8_H
#define WX_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Well-formed: no overlong forms, surrogates or code points past U+10FFFF. */
bool wx_utf8_valid(const char *s, size_t len);

#endif
