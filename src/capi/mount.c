/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts: options checked when they are described, filesystems made for each environment. */
#include "capi/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "capi/capi.h"
#include "os/fd.h"
#include "vfs/cow.h"
#include "vfs/hostdir.h"
#include "vfs/hostfile.h"
#include "vfs/memfs.h"
#include "vfs/userfs.h"
#include "wasi/env.h"

#define MEM_BYTES (UINT64_C(64) << 20) /* unless said otherwise */
#define MEM_INODES UINT64_C(65536)
#define FLAGS (WAX_MOUNT_RO | WAX_MOUNT_COW | WAX_MOUNT_NO_XDEV | WAX_MOUNT_SPECIAL)
#define HOST_FLAGS (WAX_MOUNT_COW | WAX_MOUNT_NO_XDEV | WAX_MOUNT_SPECIAL)

static void drop_names(struct wx_mount_spec *m, struct wx_mem *mem)
{
    wx_free(mem, m->guest);
    wx_free(mem, m->host);
}

void wx_mounts_fini(struct wx_mount_list *l, struct wx_mem *mem)
{
    for (size_t i = 0; i < l->specs.n; i++) {
        (void)wx_fd_close(&l->specs.p[i].fd); /* O_PATH */
        drop_names(&l->specs.p[i], mem);
    }
    wx_vec_fini(mem, &l->specs);
}

static wax_status check_options(const char *guest, const wax_mount_options *o, wax_error **err)
{
    uint32_t writes = o->flags & (WAX_MOUNT_RO | WAX_MOUNT_COW);
    WX_REQUIRE(o->struct_size == sizeof *o, err, "options were not initialised");
    WX_REQUIRE((o->flags & ~(uint32_t)FLAGS) == 0, err, "unknown flags");
    WX_REQUIRE(o->symlinks <= WAX_SYMLINKS_NONE, err, "unknown policy of symbolic links");
    WX_REQUIRE(writes != (WAX_MOUNT_RO | WAX_MOUNT_COW), err,
               "read-only and copy on write exclude each other");
    WX_REQUIRE(!o->host || !o->fs, err, "a host directory and a filesystem exclude each other");
    uint32_t needing = o->fs ? HOST_FLAGS & ~(uint32_t)WAX_MOUNT_COW : HOST_FLAGS;
    WX_REQUIRE(o->host || !(o->flags & needing), err, "these flags need a host directory");
    WX_REQUIRE(!o->fs || o->fs->struct_size == sizeof *o->fs, err,
               "the filesystem's table has another size");
    WX_REQUIRE(!o->fs || (o->fs->lookup && o->fs->stat && o->fs->list), err,
               "a filesystem needs lookup, stat and list");
    return guest[0] ? WAX_OK
                    : wx_fail(err, WAX_E_INVALID, "cannot mount '%s': the guest path is empty",
                              o->host ? o->host
                              : o->fs ? "a filesystem"
                                      : "a filesystem in memory");
}

static wax_status check_place(const struct wx_mount_list *l, const char *guest,
                              const wax_mount_options *o, wax_error **err)
{
    for (size_t i = 0; i < l->specs.n; i++) {
        if (strcmp(l->specs.p[i].guest, guest) == 0) {
            return wx_fail(err, WAX_E_INVALID,
                           "cannot mount '%s' at '%s': there is a mount already",
                           o->host ? o->host
                           : o->fs ? "a filesystem"
                                   : "a filesystem in memory",
                           guest);
        }
    }
    return WAX_OK;
}

/* Absolute links of the host may name the directory: guests with a root are not to see that. */
static bool keep_names(struct wx_mount_spec *m, struct wx_mem *mem, const char *guest)
{
    const wax_mount_options *o = &m->options;
    m->guest = wx_strndup(mem, guest, strlen(guest));
    bool root = o->symlinks == WAX_SYMLINKS_DEFAULT || o->symlinks == WAX_SYMLINKS_IN_ROOT;
    char *real = o->host && root ? realpath(o->host, NULL) : NULL;
    bool told = real && strcmp(real, "/") != 0;
    if (told) {
        m->host = wx_strndup(mem, real, strlen(real));
    }
    free(real);
    return m->guest && (m->host || !told);
}

wax_status wx_mounts_add(struct wx_mount_list *l, struct wx_mem *mem, const char *guest,
                         const wax_mount_options *o, wax_error **err)
{
    struct wx_mount_spec spec = {.fd = -1, .options = *o};
    wax_status st = check_options(guest, o, err);
    st = st == WAX_OK ? check_place(l, guest, o, err) : st;
    if (st == WAX_OK && o->host) {
        st = wx_hostdir_open_root(o->host, &spec.fd, err);
    }
    if (st != WAX_OK) {
        return st;
    }
    bool kept = keep_names(&spec, mem, guest);
    spec.options.host = NULL; /* borrowed for the call, as is the table */
    spec.options.fs = NULL;
    spec.fs = o->fs ? *o->fs : (wax_fs_ops){0};
    if (!kept || !wx_vec_push(mem, &l->specs, spec)) {
        (void)wx_fd_close(&spec.fd); /* O_PATH */
        drop_names(&spec, mem);
        return wx_fail_nomem(err, "the builder");
    }
    return WAX_OK;
}

wax_status wx_mounts_add_dev(struct wx_mount_list *l, struct wx_mem *mem, const char *guest,
                             wax_error **err)
{
    wax_mount_options o;
    wax_mount_options_init(&o);
    wax_status st = wx_mounts_add(l, mem, guest, &o, err);
    if (st == WAX_OK) {
        l->specs.p[l->specs.n - 1].dev = true;
    }
    return st;
}

/* -------- making -------- */

static uint32_t host_options(const wax_mount_options *o)
{
    return (o->flags & WAX_MOUNT_NO_XDEV ? WX_HOST_NO_XDEV : 0) |
           (o->flags & WAX_MOUNT_SPECIAL ? WX_HOST_SPECIAL : 0) |
           (o->symlinks == WAX_SYMLINKS_NONE ? WX_HOST_NO_LINKS : 0);
}

static wax_status make(const struct wx_mount_spec *m, struct wx_env *env, wax_error **err)
{
    const wax_mount_options *o = &m->options;
    const struct wx_memfs_limits limits = {o->max_bytes ? o->max_bytes : MEM_BYTES,
                                           o->max_inodes ? o->max_inodes : MEM_INODES};
    struct wx_file *dir = NULL;
    int fd = m->fd >= 0 ? fcntl(m->fd, F_DUPFD_CLOEXEC, 3) : -1;
    if (m->fd >= 0 && fd < 0) {
        return wx_fail_errno(err, errno, "cannot duplicate the directory for '%s'", m->guest);
    }
    if (fd >= 0) {
        dir = wx_hostfile_new_dir(env->file_mem, fd, host_options(o));
    } else if (m->fs.lookup) {
        dir = wx_userfs_new(env->file_mem, &m->fs, o->fs_data);
    } else if (m->dev) {
        dir = wx_env_new_dev(env);
    } else {
        dir = wx_memfs_new(env->file_mem, &limits);
    }
    if (dir && (o->flags & WAX_MOUNT_COW)) {
        dir = wx_cow_new(env->file_mem, dir, &limits);
    }
    if (dir) {
        dir->no_links = o->symlinks == WAX_SYMLINKS_NONE;
    }
    static const enum wx_links links[] = {
        [WAX_SYMLINKS_BENEATH] = WX_LINKS_BENEATH,
        [WAX_SYMLINKS_IN_ROOT] = WX_LINKS_IN_ROOT,
        [WAX_SYMLINKS_NONE] = WX_LINKS_NONE,
    };
    const struct wx_env_mount mount = {
        .guest = m->guest,
        .dir = dir,
        .read_only = (o->flags & WAX_MOUNT_RO) != 0,
        .links_given = o->symlinks != WAX_SYMLINKS_DEFAULT,
        .links = links[o->symlinks],
        .host = m->host,
    };
    return wx_env_mount(env, &mount, err);
}

wax_status wx_mounts_make(const struct wx_mount_list *l, struct wx_env *env, wax_error **err)
{
    wax_status st = WAX_OK;
    for (size_t i = 0; i < l->specs.n && st == WAX_OK; i++) {
        st = make(&l->specs.p[i], env, err);
    }
    return st;
}
