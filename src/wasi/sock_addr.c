/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in guest memory: __wasi_addr_port_t of WASIX. */
/*
 * tag u8 @0, port u16 @2, then IPv4 @4 or IPv6 @4 in network order; ports are little-endian both
 * ways (libc asks the host which it writes). Behind an IPv6 address lie flow information @20 and
 * scope @24, each its low half first; a guest may have room for the first 20 bytes only. Of AF_UNIX
 * a path lies @2, NUL-terminated within 108 bytes.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/bits.h"
#include "net/addr.h"
#include "wasi/sock.h"

enum { TAG_UNSPEC, TAG_INET4, TAG_INET6, TAG_UNIX };
enum { FULL_BYTES = 28, SCOPE = 24, UNIX_PATH = 2 };

wx_werrno wx_sock_read_addr(const struct wx_wasi_call *c, uint64_t ptr, int family,
                            struct sockaddr_storage *ret, socklen_t *ret_len)
{
    uint8_t b[FULL_BYTES] = {0};
    struct wx_net_ip ip = {0};
    bool full = wx_guest_check(c, (wx_gptr){ptr}, sizeof b) == 0;
    wx_werrno e = wx_guest_read(c, (wx_gptr){ptr}, b, full ? sizeof b : WX_ADDR_BYTES);
    if (e) {
        return e;
    }
    if (b[0] != TAG_INET4 && b[0] != TAG_INET6) {
        return WX_WERRNO_INVAL;
    }
    ip.v6 = b[0] == TAG_INET6;
    memcpy(ip.b, b + 4, ip.v6 ? 16 : 4);
    *ret_len = wx_net_to_sockaddr(&ip, wx_get_u16(b + 2), family, ret);
    if (*ret_len == 0) {
        return WX_WERRNO_AFNOSUPPORT;
    }
    if (ip.v6 && ip.b[0] == 0xfe && (ip.b[1] & 0xc0) == 0x80) { /* means nothing without a link */
        struct sockaddr_in6 v6;
        memcpy(&v6, ret, sizeof v6);
        v6.sin6_scope_id = wx_get_u32(b + SCOPE);
        memcpy(ret, &v6, sizeof v6);
    }
    return 0;
}

wx_werrno wx_sock_write_addr(const struct wx_wasi_call *c, uint64_t ptr,
                             const struct sockaddr_storage *sa)
{
    uint8_t b[UNIX_PATH + WX_SOCK_UNIX_NAME] = {0};
    size_t n = WX_ADDR_BYTES;
    if (sa->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, sa, sizeof v4);
        b[0] = TAG_INET4;
        wx_put_u16(b + 2, ntohs(v4.sin_port));
        memcpy(b + 4, &v4.sin_addr, 4);
    } else if (sa->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, sa, sizeof v6);
        b[0] = TAG_INET6;
        wx_put_u16(b + 2, ntohs(v6.sin6_port));
        memcpy(b + 4, &v6.sin6_addr, 16);
        wx_put_u32(b + SCOPE, v6.sin6_scope_id);
        n = wx_guest_check(c, (wx_gptr){ptr}, FULL_BYTES) == 0 ? FULL_BYTES : n;
    } else if (sa->ss_family == AF_UNIX || sa->ss_family == WX_AF_GUEST_PATH) {
        char name[WX_SOCK_UNIX_NAME];
        size_t len = wx_sock_unix_name(c, sa, name);
        b[0] = TAG_UNIX;
        memcpy(b + UNIX_PATH, name, len + 1);
        n = UNIX_PATH + len + 1 > n ? UNIX_PATH + len + 1 : n;
    }
    return wx_guest_write(c, (wx_gptr){ptr}, b, n);
}
