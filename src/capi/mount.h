/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts a builder describes; each environment gets filesystems of its own. */
#ifndef WX_CAPI_MOUNT_H
#define WX_CAPI_MOUNT_H

#include <waxwing/wasi.h>

#include "base/mem.h"
#include "base/vec.h"

struct wx_env;

struct wx_mount_spec {
    int fd;                    /* the host directory; -1: none */
    char *guest;               /* owned, as */
    char *host;                /* what the directory is called there, NULL: nothing */
    wax_mount_options options; /* what it borrows is NULL */
    wax_fs_ops fs;             /* if lookup is there */
    bool dev;                  /* device nodes */
};

struct wx_mount_list {
    WX_VEC(struct wx_mount_spec) specs;
};

void wx_mounts_fini(struct wx_mount_list *l, struct wx_mem *mem);
/** Check and keep a mount; the host directory is opened. */
wax_status wx_mounts_add(struct wx_mount_list *l, struct wx_mem *mem, const char *guest,
                         const wax_mount_options *o, wax_error **err);
wax_status wx_mounts_add_dev(struct wx_mount_list *l, struct wx_mem *mem, const char *guest,
                             wax_error **err);
/** Make the filesystems of an environment. */
wax_status wx_mounts_make(const struct wx_mount_list *l, struct wx_env *env, wax_error **err);

#endif
