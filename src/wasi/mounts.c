/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of a guest: preopens in preview1, a root with mounts in WASIX. */
/*
 * R27: a preview1 module gets a preopen for each mount, from 3 on. A module that imports WASIX has
 * a root at 3, which holds only mounts, and relative mount points count from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "vfs/dev.h"
#include "wasi/rights.h"

#define FIRST_PREOPEN 3

static char *copy_of(struct wx_env *env, const char *s)
{
    return s ? wx_strndup(&env->mem, s, strlen(s)) : NULL;
}

static void drop_mount(struct wx_env *env, struct wx_env_mount *m)
{
    wx_file_unref(m->dir);
    wx_free(&env->mem, m->guest);
    wx_free(&env->mem, m->host);
}

wax_status wx_env_mount(struct wx_env *env, const struct wx_env_mount *mount, wax_error **err)
{
    struct wx_env_mount m = *mount;
    if (strlen(mount->guest) >= WX_PREOPEN_MAX) {
        wx_file_unref(mount->dir);
        return wx_fail(err, WAX_E_INVALID, "guest paths are at most %d bytes long",
                       WX_PREOPEN_MAX - 1);
    }
    m.guest = copy_of(env, mount->guest);
    m.host = copy_of(env, mount->host);
    if (!m.dir || !m.guest || (mount->host && !m.host) ||
        !wx_vec_push(&env->mem, &env->mounts, m)) {
        drop_mount(env, &m);
        return wx_fail_nomem(err, "a mount");
    }
    return WAX_OK;
}

wax_status wx_env_set_cwd(struct wx_env *env, const char *path, wax_error **err)
{
    env->start_cwd = copy_of(env, path);
    return env->start_cwd ? WAX_OK : wx_fail_nomem(err, "a directory");
}

void wx_env_fini_mounts(struct wx_env *env)
{
    for (size_t i = 0; i < env->mounts.n; i++) {
        drop_mount(env, &env->mounts.p[i]);
    }
    wx_vec_fini(&env->mem, &env->mounts);
    wx_file_unref(env->cwd);
    wx_free(&env->mem, env->start_cwd);
}

/* -------- /dev -------- */

/*
 * The nodes are shared by processes that come from one by forking; what they stand for is the
 * descriptors of the process that looks.
 */
static struct wx_fdtable *own_fds(void)
{
    const struct wx_guest_thread *self = wx_thread_current ? wx_thread_current->owner : NULL;
    return self ? self->env->fds : NULL;
}

static int dev_get(void *data, uint32_t n, struct wx_dev_fd *ret)
{
    (void)data;
    struct wx_fdtable *fds = own_fds();
    struct wx_fd fd;
    if (!fds || wx_fdtable_get(fds, n, &fd) != 0) {
        return EBADF;
    }
    *ret = (struct wx_dev_fd){fd.file, (fd.rights & WX_R(WX_RN_FD_READ)) != 0,
                              (fd.rights & WX_R(WX_RN_FD_WRITE)) != 0};
    return 0;
}

static uint32_t dev_next(void *data, uint32_t from)
{
    (void)data;
    struct wx_fdtable *fds = own_fds();
    return fds ? wx_fdtable_next(fds, from) : UINT32_MAX;
}

struct wx_file *wx_env_new_dev(struct wx_env *env)
{
    static const struct wx_dev_source source = {NULL, dev_get, dev_next};
    return wx_dev_new(env->file_mem, &source);
}

/* -------- placing -------- */

/* Takes the directory. */
static wax_status add_preopen(struct wx_env *env, struct wx_file *dir, const char *name,
                              uint64_t rights, wax_error **err)
{
    struct wx_fd entry = {.file = dir, .rights = rights & WX_RIGHTS_DIR, .inheriting = rights};
    uint32_t n;
    if (!dir) {
        return wx_fail_nomem(err, "a mount");
    }
    wx_werrno e = wx_fdtable_add_preopen(env->fds, &entry, name, FIRST_PREOPEN, &n);
    if (e) {
        wx_file_unref(dir);
    }
    return e == 0 ? WAX_OK
           : e == WX_WERRNO_NOMEM
               ? wx_fail_nomem(err, "a mount")
               : wx_fail(err, WAX_E_LIMIT, "cannot mount '%s': too many descriptors", name);
}

static struct wx_mount_how how_of(const struct wx_env_mount *m, enum wx_links links)
{
    return (struct wx_mount_how){m->read_only, m->links_given ? m->links : links, m->host};
}

static wax_status place(struct wx_root *root, const struct wx_env_mount *m, const char *guest,
                        enum wx_links links, wax_error **err)
{
    const struct wx_mount_how how = how_of(m, links);
    int e = wx_root_mount(root, guest, wx_file_ref(m->dir), &how);
    switch (e) {
    case 0: return WAX_OK;
    case ENOMEM: return wx_fail_nomem(err, "a mount");
    case EEXIST:
        return wx_fail(err, WAX_E_INVALID, "cannot mount at '%s': there is a mount already",
                       m->guest);
    default:
        return wx_fail(err, WAX_E_INVALID,
                       "cannot mount at '%s': names are at most 255 bytes, "
                       "and none is '..'",
                       m->guest);
    }
}

static wax_status no_cwd(const struct wx_env *env, wax_error **err)
{
    (void)wx_fail(err, WAX_E_NOT_FOUND, "the guest has no directory '%s' to work in",
                  env->start_cwd);
    wx_error_set_hint(err, "it must lie in a mounted directory");
    return WAX_E_NOT_FOUND;
}

/* -------- preview1 -------- */

/* A mount whose links count from its root is a tree of its own. */
static wax_status preopen_as_root(struct wx_env *env, const struct wx_env_mount *m, uint32_t id,
                                  wax_error **err)
{
    struct wx_root *root = wx_root_new(env->file_mem, id, wx_engine_get_fds(env->engine));
    if (!root) {
        return wx_fail_nomem(err, "a mount");
    }
    wax_status st = place(root, m, "/", WX_LINKS_IN_ROOT, err);
    if (st == WAX_OK) {
        st = add_preopen(env, wx_root_open(root), m->guest, WX_RIGHTS_ALL, err);
    }
    wx_root_unref(root);
    return st;
}

/* What is left of `path` behind a mount's guest path; NULL: it is not below it. */
static const char *below(const char *path, const char *guest)
{
    size_t len = strlen(guest);
    while (len > 0 && guest[len - 1] == '/') {
        len--;
    }
    bool is = strncmp(path, guest, len) == 0 && (path[len] == '/' || path[len] == '\0');
    return is ? path + len + strspn(path + len, "/") : NULL;
}

/* Relative paths of a libc without a working directory count from the preopen called ".". */
static wax_status preopen_cwd(struct wx_env *env, wax_error **err)
{
    const struct wx_open_how how = {.flags = O_RDONLY | O_DIRECTORY, .follow = true};
    const char *rest = NULL;
    struct wx_file *dir = NULL;
    struct wx_fd top = {0};
    for (uint32_t i = 0; i < env->mounts.n; i++) { /* the one mounted deepest */
        const char *r = below(env->start_cwd, env->mounts.p[i].guest);
        if (r && (!rest || r > rest)) {
            wx_file_unref(top.file);
            (void)wx_fdtable_get(env->fds, FIRST_PREOPEN + i, &top); /* it was put there */
            rest = r;
        }
    }
    int e = rest ? top.file->dir->open(top.file, *rest ? rest : ".", &how, &dir) : ENOENT;
    if (!e && !top.file->crosses) {
        dir->read_only = top.file->read_only;
        dir->mount = top.file->mount;
    }
    wx_file_unref(top.file);
    return e ? no_cwd(env, err) : add_preopen(env, dir, ".", top.inheriting, err);
}

static wax_status place_preopens(struct wx_env *env, wax_error **err)
{
    wax_status st = WAX_OK;
    for (uint32_t i = 0; i < env->mounts.n && st == WAX_OK; i++) {
        const struct wx_env_mount *m = &env->mounts.p[i];
        if (m->links_given && m->links == WX_LINKS_IN_ROOT) {
            st = preopen_as_root(env, m, i + 1, err);
            continue;
        }
        m->dir->read_only = m->read_only;
        m->dir->mount = i + 1;
        st = add_preopen(env, wx_file_ref(m->dir), m->guest,
                         m->read_only ? WX_RIGHTS_ALL & ~WX_RIGHTS_WRITE : WX_RIGHTS_ALL, err);
    }
    return st == WAX_OK && env->start_cwd ? preopen_cwd(env, err) : st;
}

/* -------- WASIX -------- */

static wax_status enter_cwd(struct wx_env *env, struct wx_file *root, wax_error **err)
{
    const struct wx_open_how how = {.flags = O_RDONLY | O_DIRECTORY, .follow = true};
    int e = root->dir->open(root, env->start_cwd, &how, &env->cwd);
    return e ? no_cwd(env, err) : WAX_OK;
}

/* Nothing in it is more than the guest has anyway. */
static wax_status place_dev(struct wx_env *env, struct wx_root *root, wax_error **err)
{
    const struct wx_mount_how how = {.links = WX_LINKS_BENEATH};
    struct wx_file *dev = wx_env_new_dev(env);
    int e = dev ? wx_root_mount(root, "/dev", dev, &how) : ENOMEM;
    return e && e != EEXIST ? wx_fail_nomem(err, "device nodes") : WAX_OK; /* another one there */
}

static wax_status place_root(struct wx_env *env, wax_error **err)
{
    struct wx_root *root = wx_root_new(env->file_mem, 0, wx_engine_get_fds(env->engine));
    if (!root) {
        return wx_fail_nomem(err, "the root directory");
    }
    wax_status st = WAX_OK;
    for (size_t i = 0; i < env->mounts.n && st == WAX_OK; i++) {
        const struct wx_env_mount *m = &env->mounts.p[i];
        st = place(root, m, m->guest, WX_LINKS_IN_ROOT, err);
    }
    if (st == WAX_OK) {
        st = place_dev(env, root, err);
    }
    struct wx_file *top = st == WAX_OK ? wx_root_open(root) : NULL;
    wx_root_unref(root);
    if (st != WAX_OK || !top) {
        return st != WAX_OK ? st : wx_fail_nomem(err, "the root directory");
    }
    if (env->start_cwd) {
        st = enter_cwd(env, top, err);
    } else {
        env->cwd = wx_file_ref(top);
    }
    if (st != WAX_OK) {
        wx_file_unref(top);
        return st;
    }
    return add_preopen(env, top, "/", WX_RIGHTS_ALL, err);
}

void wx_env_take_root(struct wx_env *env, struct wx_fd *ret)
{
    wx_mutex_lock(&env->lock);
    *ret = (struct wx_fd){.file = wx_file_ref(env->cwd), /* absolute paths are the same there */
                          .rights = WX_RIGHTS_DIR,
                          .inheriting = WX_RIGHTS_ALL};
    wx_mutex_unlock(&env->lock);
}

wax_status wx_env_place_mounts(struct wx_env *env, wax_error **err)
{
    wax_status st = env->wasix ? place_root(env, err) : place_preopens(env, err);
    for (size_t i = 0; i < env->mounts.n; i++) { /* they are as open as the guest leaves them */
        wx_file_unref(env->mounts.p[i].dir);
        env->mounts.p[i].dir = NULL;
    }
    return st;
}
