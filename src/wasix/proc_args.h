/* SPDX-License-Identifier: Apache-2.0 */
/* What exec and spawn are told by the guest: name, strings, where to look. */
#ifndef WX_WASIX_PROC_ARGS_H
#define WX_WASIX_PROC_ARGS_H

#include "wasi/call.h"
#include "wasi/program.h"

/** Where a list of strings lies, as the call has it. */
struct wx_guest_strings {
    uint64_t ptr, n; /* n: bytes of text with a string a line, or elements of an array */
    bool array;      /* of pointers to strings that end with a NUL */
};

/** Arguments of an exec or spawn. */
struct wx_proc_args {
    uint64_t name, name_len;
    struct wx_guest_strings args, environ; /* environ.ptr 0: inherited */
    bool searches;
    uint64_t path, path_len; /* "": the default */
};

/** The same, copied in. */
struct wx_proc_request {
    char *name, *path;         /* path NULL: no search */
    struct wx_program program; /* no module yet */
};

/** @return guest errno; on success wx_proc_request_fini() */
wx_werrno wx_proc_request_read(const struct wx_wasi_call *c, const struct wx_proc_args *a,
                               struct wx_proc_request *ret);
void wx_proc_request_fini(struct wx_mem *mem, struct wx_proc_request *r);
/**
 * The n operations of a spawn's list, in turn, on the child's descriptors and directory.
 * @return guest errno of the first that failed
 */
wx_werrno wx_proc_do_ops(const struct wx_wasi_call *c, struct wx_env *child, uint64_t ptr,
                         uint64_t n);
/** Only its working directory. */
wx_werrno wx_proc_chdir(const struct wx_wasi_call *c, struct wx_env *child, uint64_t path,
                        uint64_t path_len);
/** Are processes granted? @return 0, or perm with the rule told */
wx_werrno wx_proc_granted(const struct wx_wasi_call *c);
/** The same, and the caller is no child of proc_fork_env(), which has none itself: notsup. */
wx_werrno wx_proc_may_fork(const struct wx_wasi_call *c);

#endif
