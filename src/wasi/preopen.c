/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors a guest has from the start, beside streams and directories. */
#include <unistd.h>

#include "os/sock.h"
#include "vfs/hostfile.h"
#include "vfs/hostsock.h"
#include "wasi/env.h"
#include "wasi/fdtable.h"
#include "wasi/rights.h"

#define ANY_RIGHTS                                                                                 \
    (WX_R(WX_RN_FD_FDSTAT_SET_FLAGS) | WX_R(WX_RN_FD_FILESTAT_GET) | WX_R(WX_RN_POLL_FD_READWRITE))
#define FILE_RIGHTS                                                                                \
    (WX_R(WX_RN_FD_SEEK) | WX_R(WX_RN_FD_TELL) | WX_R(WX_RN_FD_ADVISE) | WX_R(WX_RN_FD_SYNC) |     \
     WX_R(WX_RN_FD_DATASYNC))
#define FILE_WRITE_RIGHTS                                                                          \
    (WX_R(WX_RN_FD_ALLOCATE) | WX_R(WX_RN_FD_FILESTAT_SET_SIZE) | WX_R(WX_RN_FD_FILESTAT_SET_TIMES))

wax_status wx_env_add_file(struct wx_env *env, const struct wx_env_file *file, wax_error **err)
{
    if (!file->file || !wx_vec_push(&env->mem, &env->files, *file)) {
        wx_file_unref(file->file);
        return wx_fail_nomem(err, "a descriptor");
    }
    return WAX_OK;
}

void wx_env_fini_files(struct wx_env *env)
{
    for (size_t i = 0; i < env->files.n; i++) {
        wx_file_unref(env->files.p[i].file);
    }
    wx_vec_fini(&env->mem, &env->files);
}

static struct wx_fd entry_of(const struct wx_env *env, const struct wx_env_file *f)
{
    uint64_t connection = env->wasix ? WX_RIGHTS_WASIX_CONNECTION : WX_RIGHTS_CONNECTION;
    struct wx_file *file = f->file;
    struct wx_fd entry = {
        .file = file, .rights = ANY_RIGHTS, .flags = f->nonblock ? WX_FDFLAG_NONBLOCK : 0};
    entry.flags |= wx_hostfile_appends(file) ? WX_FDFLAG_APPEND : 0;
    if (file->filetype == WX_FT_CHAR && !isatty(file->host_fd)) {
        file->filetype = WX_FT_UNKNOWN; /* the guest takes a character device for a terminal */
    }
    if (wx_file_is_socket(file) && wx_sock_is_listening(file->host_fd)) {
        entry.rights |= WX_R(WX_RN_SOCK_ACCEPT);
        entry.rights |= env->wasix ? WX_R(WX_RN_SOCK_ADDR_LOCAL) : 0;
        entry.inheriting = connection;
    } else if (wx_file_is_socket(file)) {
        entry.rights = connection;
    } else {
        entry.rights |= f->reads ? WX_R(WX_RN_FD_READ) : 0;
        entry.rights |= f->writes ? WX_R(WX_RN_FD_WRITE) : 0;
        if (file->filetype == WX_FT_FILE) {
            entry.rights |= FILE_RIGHTS | (f->writes ? FILE_WRITE_RIGHTS : 0);
        }
    }
    return entry;
}

wax_status wx_env_place_files(struct wx_env *env, wax_error **err)
{
    wx_werrno e = 0;
    size_t n = 0;
    for (; n < env->files.n; n++) {
        uint32_t fd;
        struct wx_fd entry = entry_of(env, &env->files.p[n]);
        e = wx_fdtable_add(env->fds, &entry, 3, &fd);
        if (e) {
            break;
        }
        env->files.p[n].file = NULL; /* the table's now */
    }
    if (e == WX_WERRNO_NFILE) {
        return wx_fail(err, WAX_E_LIMIT, "too many descriptors of all guests together");
    }
    return e == WX_WERRNO_MFILE ? wx_fail(err, WAX_E_LIMIT, "too many descriptors: the limit is %u",
                                          env->limits.max_fds)
           : e                  ? wx_fail_nomem(err, "a descriptor")
                                : WAX_OK;
}
