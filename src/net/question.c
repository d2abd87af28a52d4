/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about rules. */
#include "net/question.h"

#include <string.h>

static wax_status wrong(wax_error **err, const char *text, const char *what)
{
    (void)wx_fail(err, WAX_E_INVALID, "network question '%.200s': %s", text, what);
    wx_error_set_hint(
        err, "out:10.0.0.1:443/tcp, out:api.example.com:443/tcp, in:0.0.0.0:53/udp, "
             "in:0.0.0.0:80/tcp<10.0.0.9:4711, out:unix:/run/app.sock, dns:api.example.com");
    return WAX_E_INVALID;
}

static bool parse_port(const char *p, size_t len, uint16_t *ret)
{
    uint32_t v = 0;
    for (size_t i = 0; i < len && v <= UINT16_MAX; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return false;
        }
        v = v * 10 + (uint32_t)(p[i] - '0');
    }
    *ret = (uint16_t)v;
    return len > 0 && v <= UINT16_MAX;
}

/* HOST ":" PORT; a name only where there is room for one. */
static bool parse_endpoint(const char *p, size_t len, struct wx_net_ip *ret_ip, uint16_t *ret_port,
                           char *name)
{
    const char *colon = memrchr(p, ':', len);
    if (!colon || !parse_port(colon + 1, len - (size_t)(colon + 1 - p), ret_port)) {
        return false;
    }
    size_t host = (size_t)(colon - p);
    bool bracket = host > 2 && p[0] == '[' && p[host - 1] == ']';
    if (wx_net_ip_parse(p + bracket, host - (bracket ? 2 : 0), ret_ip)) {
        bool fits = ret_ip->v6 == bracket;
        wx_net_ip_normalise(ret_ip);
        return fits;
    }
    return name && wx_net_name_clean(p, host, name);
}

/* Absolute, and as rules are asked about it: without empty components, "." and "..". */
static bool is_path(const char *p)
{
    if (p[0] != '/' || strlen(p) > WX_NET_PATH_MAX) {
        return false;
    }
    while (*p == '/') {
        size_t len = strcspn(p + 1, "/");
        if (len == 0 || strncmp(p + 1, ".", len) == 0 || strncmp(p + 1, "..", len) == 0) {
            return false;
        }
        p += 1 + len;
    }
    return true;
}

wax_status wx_net_question_parse(const char *text, struct wx_net_query *ret,
                                 char name[WX_NET_NAME_MAX + 1], wax_error **err)
{
    *ret = (struct wx_net_query){.op = WX_NET_CONNECT};
    name[0] = '\0';
    if (strncmp(text, "dns:", 4) == 0) {
        ret->op = WX_NET_RESOLVE;
        ret->name = name;
        return wx_net_name_clean(text + 4, strlen(text + 4), name)
                   ? WAX_OK
                   : wrong(err, text, "this is no name");
    }
    bool in = strncmp(text, "in:", 3) == 0;
    if (!in && strncmp(text, "out:", 4) != 0) {
        return wrong(err, text, "it begins with neither in: nor out: nor dns:");
    }
    const char *p = text + (in ? 3 : 4);
    if (strncmp(p, "unix:", 5) == 0) {
        ret->op = in ? WX_NET_LISTEN : WX_NET_CONNECT;
        ret->proto = WX_NET_UNIX;
        ret->path = p + 5;
        return is_path(ret->path) ? WAX_OK : wrong(err, text, "this is no path without dots");
    }
    const char *slash = strchr(p, '/');
    bool udp = slash && strncmp(slash, "/udp", 4) == 0;
    if (!slash || (!udp && strncmp(slash, "/tcp", 4) != 0)) {
        return wrong(err, text, "it has neither /tcp nor /udp behind the port");
    }
    ret->proto = udp ? WX_NET_UDP : WX_NET_TCP;
    if (!parse_endpoint(p, (size_t)(slash - p), &ret->ip, &ret->port, in ? NULL : name)) {
        return wrong(err, text, "this is no address and port");
    }
    ret->name = name[0] ? name : NULL;
    ret->op = in ? WX_NET_LISTEN : WX_NET_CONNECT;
    if (!slash[4]) {
        return WAX_OK;
    }
    ret->op = udp ? WX_NET_RECEIVE : WX_NET_ACCEPT;
    return in && slash[4] == '<' &&
                   parse_endpoint(slash + 5, strlen(slash + 5), &ret->from, &ret->from_port, NULL)
               ? WAX_OK
               : wrong(err, text, "what stands behind the protocol is nobody who calls");
}
