/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion of error numbers. */
#include "wasi/werrno.h"

#include <errno.h>
#include <stddef.h>

static const struct {
    int host;
    wx_werrno guest;
    const char *name;
} table[] = {
#define WERRNO(NAME, VALUE, HOST, TEXT) {HOST, VALUE, TEXT},
#include "wasi/errno.def"
#undef WERRNO
};

wx_werrno wx_werrno_from_host(int host_errno)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].host == host_errno) {
            return table[i].guest;
        }
    }
    return WX_WERRNO_IO;
}

const char *wx_werrno_name(uint32_t werrno)
{
    return werrno < sizeof table / sizeof *table ? table[werrno].name : "?";
}
