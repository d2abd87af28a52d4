/* SPDX-License-Identifier: Apache-2.0 */
/* One guest call of a WASI/WASIX function: context, results, checked access to guest memory. */
#ifndef WX_WASI_CALL_H
#define WX_WASI_CALL_H

#include <sys/uio.h>

#include "engine/rt/store.h"
#include "wasi/werrno.h"

struct wx_env;
struct wx_guest_thread;
struct wx_abi_func;

/** A guest address; never mixes with host pointers. */
typedef struct {
    uint64_t v;
} wx_gptr;

/**
 * What every handler gets. Lives on the host stack for the length of the handler; a handler that
 * waits copies what it needs into t->out.wait.state and finds `env` and `self` again in resume by
 * wx_wasi_call_init().
 */
struct wx_wasi_call {
    struct wx_thread *t;
    struct wx_env *env;
    struct wx_guest_thread *self;
    struct wx_memory *memory;      /* the guest's memory; never NULL inside a handler */
    const struct wx_abi_func *abi; /* row of the table: namespace, name, types */
    uint64_t *slots;
    bool is64;     /* wasix_64v1: pointers and sizes are 64 bits */
    void *binding; /* for wx_wasi_call_init() in a resume function */
    bool wasix;    /* pointer errors are 78/61 instead of 21 (R27), escapes 63 */
};

/**
 * Result of a handler: a guest errno (≥ 0, 0 = success) that the thunk stores in slots[0], or one
 * of the negative values: the thunk returns that outcome and the slots are left alone.
 */
typedef int32_t wx_wasi_ret;
#define WX_RET_DONE (-1) /* slots are already right (functions whose result is no errno) */
#define WX_RET_WAIT (-2) /* t->out.wait is filled in */
#define WX_RET_TRAP (-3) /* t->trap is set */
#define WX_RET_EXIT (-4) /* t->exit_code is set: leave this guest thread */
#define WX_RET_LEFT (-5) /* t->out.wait is filled in: resume when the guest has been left */
#define WX_RET_CALL (-6) /* t->out.call is filled in */

/** Rebuild the call context in a resume function. */
void wx_wasi_call_init(struct wx_wasi_call *c, struct wx_thread *t, void *data, uint64_t *slots);
/** End of a resume function: store the errno or map WX_RET_* to the outcome. */
enum wx_outcome wx_wasi_finish(struct wx_wasi_call *c, wx_wasi_ret ret);

typedef enum wx_outcome (*wx_wasi_resume_fn)(struct wx_thread *t, enum wx_wake why);
/**
 * End of a handler that waits until its thread is woken (wx_thread_wake): `seq` is the thread's
 * wake_seq from before it looked. @return WX_RET_WAIT
 */
wx_wasi_ret wx_wasi_wait_woken(struct wx_wasi_call *c, uint32_t seq, wx_wasi_resume_fn resume,
                               const uint64_t state[4]);
/** End of a handler that goes on when the guest has been left. @return WX_RET_LEFT */
wx_wasi_ret wx_wasi_leave(struct wx_wasi_call *c, wx_wasi_resume_fn resume, uint64_t state0,
                          uint64_t state1);

/**
 * Say which rule refuses the call at hand (invariant 12): in its trace, and in the log (debug).
 */
void wx_wasi_denied(const struct wx_wasi_call *c, const char *format, ...) WX_PRINTF(2, 3);
void wx_wasi_denied_rights(const struct wx_wasi_call *c, uint32_t fd, uint64_t missing);

/*
 * Checked access (invariant 6: checked before use, read once). All return 0 or the errno that the
 * calling namespace uses for a bad pointer (preview1: fault; wasix: memviolation/overflow).
 * Pointers from the guest may be misaligned.
 */
wx_werrno wx_guest_check(const struct wx_wasi_call *c, wx_gptr p, uint64_t len);
wx_werrno wx_guest_read(const struct wx_wasi_call *c, wx_gptr p, void *dst, uint64_t len);
wx_werrno wx_guest_write(const struct wx_wasi_call *c, wx_gptr p, const void *src, uint64_t len);
wx_werrno wx_guest_write_u8(const struct wx_wasi_call *c, wx_gptr p, uint8_t v);
wx_werrno wx_guest_write_u32(const struct wx_wasi_call *c, wx_gptr p, uint32_t v);
wx_werrno wx_guest_write_u64(const struct wx_wasi_call *c, wx_gptr p, uint64_t v);
wx_werrno wx_guest_read_u32(const struct wx_wasi_call *c, wx_gptr p, uint32_t *ret);
wx_werrno wx_guest_read_u64(const struct wx_wasi_call *c, wx_gptr p, uint64_t *ret);
/** size/pointer of the ABI's width: u32, or u64 in wasix_64v1. */
wx_werrno wx_guest_write_size(const struct wx_wasi_call *c, wx_gptr p, uint64_t v);
wx_werrno wx_guest_read_size(const struct wx_wasi_call *c, wx_gptr p, uint64_t *ret);
/** Copy a string in (length-capped); allocated from the environment's account, NUL-terminated. */
wx_werrno wx_guest_read_str(const struct wx_wasi_call *c, wx_gptr p, uint64_t len, uint64_t max_len,
                            char **ret_str);
/**
 * Host address of a checked range for system calls that fill or drain guest memory (readv, …). The
 * range was checked and memory never shrinks or moves, so it stays valid.
 */
uint8_t *wx_guest_span(const struct wx_wasi_call *c, wx_gptr p, uint64_t len);

/**
 * An array of buffers, copied and checked once (shared memory may change); the spans lie in guest
 * memory. More than WX_MAX_IOVS, or 2 GiB in all, is inval.
 */
#define WX_MAX_IOVS 1024
wx_werrno wx_guest_read_iovs(const struct wx_wasi_call *c, uint64_t ptr, uint64_t n,
                             struct iovec *iov, int *ret_n);

#endif
