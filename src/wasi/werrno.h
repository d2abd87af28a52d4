/* SPDX-License-Identifier: Apache-2.0 */
/* Guest error numbers and their conversion from host errno; both from errno.def. */
#ifndef WX_WASI_WERRNO_H
#define WX_WASI_WERRNO_H

#include <stdint.h>

/** A guest errno (WASI numbers, abi errno type). Never mixed with host errno or wax_status. */
typedef uint16_t wx_werrno;

enum {
#define WERRNO(NAME, VALUE, HOST, TEXT) WX_WERRNO_##NAME = (VALUE),
#include "wasi/errno.def"
#undef WERRNO
};

/** Host errno → guest errno; unknown ones become io. */
wx_werrno wx_werrno_from_host(int host_errno);
/** "noent"; "?" for numbers that are none. */
const char *wx_werrno_name(uint32_t werrno);

#endif
