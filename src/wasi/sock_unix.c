/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX: addresses that are paths in the guest's filesystem. */
/*
 * A path is resolved as files are, through the guest's mounts and from its working directory, to a
 * name in an open directory (vfs/root.h); rules are about the path that is: absolute, without
 * links. The host is then given that directory and that name, or the socket's open node, so nothing
 * can be changed on the way. A read-only mount takes neither new sockets nor messages.
 *
 * Names of the host's sockets are not the guest's: what it bound itself goes by the name it wrote,
 * what lies below a mount by its path there, all else is unnamed.
 */
#include <errno.h>
#include <string.h>

#include "os/fd.h"
#include "os/sock.h"
#include "wasi/env.h"
#include "wasi/filestat.h"
#include "wasi/sock_watch.h"

enum { TAG_UNIX = 3, PATH_AT = 2, PATH_BYTES = WX_NET_PATH_MAX + 1 };

/* No name at all, or one without an end, is inval: there is no abstract namespace. */
static wx_werrno read_name(const struct wx_wasi_call *c, uint64_t ptr, char name[PATH_BYTES])
{
    uint8_t b[PATH_AT + PATH_BYTES];
    wx_werrno e = wx_guest_read(c, (wx_gptr){ptr}, b, sizeof b);
    if (e) {
        return e;
    }
    memcpy(name, b + PATH_AT, PATH_BYTES);
    bool is_name = b[0] == TAG_UNIX && name[0] && memchr(name, '\0', PATH_BYTES);
    return is_name ? 0 : WX_WERRNO_INVAL;
}

/* The place a name means, if a rule allows `op` there. The directory is referenced. */
static wx_werrno find_place(const struct wx_wasi_call *c, struct wx_file *f, enum wx_net_op op,
                            const char *name, struct wx_root_place *ret)
{
    struct wx_fd root;
    struct wx_net_query q;
    struct wx_net_verdict v;
    if (!wx_sock_query(f, op, &q)) {
        return WX_WERRNO_NOTCAPABLE;
    }
    wx_env_take_root(c->env, &root);
    int host = wx_root_find(root.file, name, op != WX_NET_BIND, ret);
    wx_file_unref(root.file);
    if (host) { /* what is there already is something else */
        return host == EISDIR ? (op == WX_NET_BIND ? WX_WERRNO_ADDRINUSE : WX_WERRNO_CONNREFUSED)
                              : wx_path_errno(c, host);
    }
    q.path = ret->path;
    q.inside = ret->dir->host_fd < 0; /* in memory, or as good as there */
    wx_werrno e = wx_sock_decide(c, &q, &v);
    if (!e && ret->read_only) {
        wx_wasi_denied(c, "the mount is read-only");
        e = WX_WERRNO_ROFS;
    }
    if (e) {
        wx_file_unref(ret->dir);
    }
    return e;
}

/* In memory only what stays in this process can have a place. */
static int bind_at(const struct wx_wasi_call *c, struct wx_file *f, const struct wx_root_place *at)
{
    struct stat st;
    bool on_host = at->dir->host_fd >= 0;
    if (on_host && wx_hostsock_local(f)) {
        return EOPNOTSUPP;
    }
    if (!on_host && at->dir->dir->stat(at->dir, at->name, false, &st) == 0) {
        return EADDRINUSE; /* it may yet have a place on the host */
    }
    int e = on_host ? 0 : wx_hostsock_localize(f, c->env->fds->budget);
    return e ? e : at->dir->dir->bind_socket(at->dir, at->name, f);
}

static struct sockaddr_storage guest_name(const char *name)
{
    struct sockaddr_un a = {.sun_family = WX_AF_GUEST_PATH};
    struct sockaddr_storage ret;
    memcpy(a.sun_path, name, strlen(name) + 1);
    memset(&ret, 0, sizeof ret);
    memcpy(&ret, &a, sizeof a);
    return ret;
}

static wx_werrno bind_claimed(const struct wx_wasi_call *c, struct wx_file *f, const char *name)
{
    struct wx_root_place at;
    wx_werrno e = find_place(c, f, WX_NET_BIND, name, &at);
    if (e) {
        return e;
    }
    int host = bind_at(c, f, &at);
    if (!host && !wx_sock_set_path(f, c->env->fds->budget, name, &at)) {
        (void)at.dir->dir->unlink(at.dir, at.name); /* nobody finds it */
        host = ENFILE;
    }
    struct wx_vsock *local = wx_hostsock_local(f);
    if (!host && local) {
        struct sockaddr_storage own = guest_name(name);
        wx_vsock_set_name(local, &own);
    }
    wx_file_unref(at.dir);
    return host ? wx_path_errno(c, host) : 0;
}

wx_werrno wx_sock_unix_bind(const struct wx_wasi_call *c, struct wx_file *f, uint64_t ptr)
{
    char name[PATH_BYTES];
    wx_werrno e = read_name(c, ptr, name);
    if (e || !wx_sock_claim_path(f)) {
        return e ? e : WX_WERRNO_INVAL; /* it has one */
    }
    e = bind_claimed(c, f, name);
    if (e) {
        wx_sock_unclaim_path(f);
    }
    return e;
}

wx_werrno wx_sock_unix_find(const struct wx_wasi_call *c, struct wx_file *f, enum wx_net_op op,
                            uint64_t ptr, struct wx_sock_peer *ret)
{
    char name[PATH_BYTES];
    struct wx_root_place at;
    struct wx_sock_target target = {.host_fd = -1, .local = NULL};
    wx_werrno e = read_name(c, ptr, name);
    if (e || (e = find_place(c, f, op, name, &at))) {
        return e;
    }
    int host = at.dir->dir->find_socket(at.dir, at.name, &target);
    wx_file_unref(at.dir);
    if (host) {
        return wx_path_errno(c, host);
    }
    *ret = (struct wx_sock_peer){.node_fd = target.host_fd, .local = target.local};
    if (target.local) {
        struct sockaddr_storage written = guest_name(name);
        memcpy(&ret->name, &written, sizeof ret->name);
    } else {
        wx_sock_name_of(target.host_fd, &ret->name);
    }
    return 0;
}

void wx_sock_peer_fini(struct wx_sock_peer *peer)
{
    (void)wx_fd_close(&peer->node_fd); /* O_PATH */
    wx_vsock_unref(peer->local);
    peer->local = NULL;
}

/* -------- to who is in memory -------- */

int wx_sock_unix_connect(const struct wx_wasi_call *c, struct wx_file *f,
                         const struct wx_sock_peer *peer)
{
    struct wx_vsock_call call;
    struct sockaddr_storage name;
    bool stream = f->filetype == WX_FT_STREAM;
    if (peer->local->type != wx_hostsock_of(f)->type) {
        return EPROTOTYPE;
    }
    int e = stream && !wx_vsock_listens(peer->local) ? ECONNREFUSED
                                                     : wx_hostsock_localize(f, c->env->fds->budget);
    if (e) {
        return e;
    }
    struct wx_vsock *v = wx_hostsock_local(f);
    memset(&call, 0, sizeof call);
    memset(&name, 0, sizeof name);
    memcpy(&name, &peer->name, sizeof peer->name);
    (void)wx_vsock_get_name(v, false, &call.from);         /* there is one, perhaps empty */
    (void)wx_vsock_get_name(peer->local, false, &call.at); /* as it was bound */
    return wx_vsock_connect(v, peer->local, &name, &call);
}

ssize_t wx_sock_unix_send(struct wx_file *f, const struct wx_sock_peer *peer,
                          const struct iovec *iov, int n)
{
    struct wx_vsock *v = wx_hostsock_local(f);
    const char *host = v ? NULL : wx_sock_path(f);
    struct sockaddr_storage from = guest_name(host ? host : "");
    if (v) {
        (void)wx_vsock_get_name(v, false, &from); /* there is one, perhaps empty */
    }
    return wx_vsock_send_to(v, peer->local, &from, iov, n);
}

/* -------- names told to the guest -------- */

size_t wx_sock_unix_name(const struct wx_wasi_call *c, const struct sockaddr_storage *sa,
                         char ret[WX_SOCK_UNIX_NAME])
{
    struct sockaddr_un a;
    struct wx_fd root;
    struct wx_net *net = c->env->net;
    memcpy(&a, sa, sizeof a);
    a.sun_path[sizeof a.sun_path - 1] = '\0';
    memset(ret, 0, WX_SOCK_UNIX_NAME);
    if (a.sun_family == WX_AF_GUEST_PATH) {
        memcpy(ret, a.sun_path, sizeof a.sun_path);
        return strlen(ret);
    }
    if (a.sun_path[0] != '/' || (net && wx_net_find_name(net, a.sun_path, ret)) || !c->env->wasix) {
        return strlen(ret);
    }
    memcpy(ret, a.sun_path, sizeof a.sun_path);
    wx_env_take_root(c->env, &root);
    if (!wx_root_name_of_host(root.file, ret, WX_SOCK_UNIX_NAME)) {
        memset(ret, 0, WX_SOCK_UNIX_NAME);
    }
    wx_file_unref(root.file);
    return strlen(ret);
}
