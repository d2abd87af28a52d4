/* SPDX-License-Identifier: Apache-2.0 */
/* What a builder knows of descriptors a guest gets beside its streams and directories. */
#ifndef WX_CAPI_DESCRIPTORS_H
#define WX_CAPI_DESCRIPTORS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/vec.h"

struct wx_env;
struct wx_file;

struct wx_descriptor {
    int fd;        /* a duplicate, or a socket of our own */
    bool nonblock; /* to the guest */
};

struct wx_descriptor_list {
    WX_VEC(struct wx_descriptor) fds;
};

void wx_descriptors_fini(struct wx_descriptor_list *list, struct wx_mem *mem);
wax_status wx_descriptors_listen(struct wx_descriptor_list *list, struct wx_mem *mem,
                                 const char *address, bool nonblock, uint16_t *ret_port,
                                 wax_error **err);
wax_status wx_descriptors_add(struct wx_descriptor_list *list, struct wx_mem *mem, int host_fd,
                              wax_error **err);
/** Give an environment a duplicate of each. */
wax_status wx_descriptors_make(const struct wx_descriptor_list *list, struct wx_env *env,
                               wax_error **err);
/** A file over any host descriptor but a directory, which it takes. NULL: out of memory */
struct wx_file *wx_descriptor_file(struct wx_mem *mem, int host_fd);

#endif
