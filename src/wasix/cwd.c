/* SPDX-License-Identifier: Apache-2.0 */
/* The working directory of a guest process: paths of chdir count from it, libc asks where it is. */
#include <fcntl.h>
#include <string.h>

#include "wasi/env.h"
#include "wasi/filestat.h"
#include "wasi/handlers.h"

#define PATH_MAX_BYTES 4095
#define CWD_MAX_BYTES (256 * 256) /* as deep as a walk goes, names as long as they may be */

static struct wx_file *cwd_of(struct wx_env *env)
{
    wx_mutex_lock(&env->lock);
    struct wx_file *cwd = wx_file_ref(env->cwd);
    wx_mutex_unlock(&env->lock);
    return cwd;
}

static void set_cwd(struct wx_env *env, struct wx_file *dir)
{
    wx_mutex_lock(&env->lock);
    struct wx_file *old = env->cwd;
    env->cwd = dir;
    wx_mutex_unlock(&env->lock);
    wx_file_unref(old); /* may close a host directory: not under the lock */
}

wx_wasi_ret wx_wasi_chdir(struct wx_wasi_call *c, const uint64_t *a)
{
    char *path;
    wx_werrno e = wx_guest_read_str(c, (wx_gptr){a[0]}, a[1], PATH_MAX_BYTES, &path);
    if (e) {
        return e;
    }
    const struct wx_open_how how = {.flags = O_RDONLY | O_DIRECTORY, .follow = true};
    struct wx_file *cwd = cwd_of(c->env), *dir;
    e = a[1] == 0              ? WX_WERRNO_NOENT
        : strlen(path) != a[1] ? WX_WERRNO_INVAL
                               : wx_path_errno(c, cwd->dir->open(cwd, path, &how, &dir));
    if (!e) {
        set_cwd(c->env, dir);
    }
    wx_file_unref(cwd);
    wx_free(&c->env->mem, path);
    return e;
}

/* The length needed is told in any case; a NUL goes behind the path if there is room. */
wx_wasi_ret wx_wasi_getcwd(struct wx_wasi_call *c, const uint64_t *a)
{
    uint64_t room;
    wx_werrno e = wx_guest_read_size(c, (wx_gptr){a[1]}, &room);
    e = e ? e : a[0] == 0 || room == 0 ? WX_WERRNO_INVAL : wx_guest_check(c, (wx_gptr){a[0]}, room);
    char *path = e ? NULL : wx_alloc(&c->env->mem, CWD_MAX_BYTES + 2);
    if (!path) {
        return e ? e : WX_WERRNO_NOMEM;
    }
    struct wx_file *cwd = cwd_of(c->env);
    e = wx_path_errno(c, wx_root_path(cwd, path, CWD_MAX_BYTES + 2));
    wx_file_unref(cwd);
    size_t len = e ? 0 : strlen(path);
    e = e ? e : wx_guest_write_size(c, (wx_gptr){a[1]}, len);
    e = e ? e : len > room ? WX_WERRNO_RANGE : 0;
    e = e ? e : wx_guest_write(c, (wx_gptr){a[0]}, path, len < room ? len + 1 : len);
    wx_free(&c->env->mem, path);
    return e;
}
