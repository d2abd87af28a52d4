/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of a guest thread, which setjmp makes and longjmp goes back to (ruling R10). */
#ifndef WX_WASI_SNAPSHOT_H
#define WX_WASI_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct wx_guest_thread;
struct wx_stack_image; /* engine/rt/image.h */

struct wx_snapshot {
    struct wx_snapshot *older;
    uint64_t id;      /* what the guest has of it; never 0 */
    uint64_t address; /* of the guest's jmp_buf: another one there replaces it */
    uint64_t user;    /* where the guest wants the value */
    struct wx_stack_image *image;
};

/** Of one thread, used by it alone. Zero-initialised = none. */
struct wx_snapshots {
    struct wx_snapshot *newest;
    uint64_t last_id;
    size_t bytes;
};

#define WX_SNAPSHOTS_MAX_BYTES ((size_t)64 << 20) /* of a thread: the oldest go */

/**
 * The thread has left the guest in a call with these slots. Those whose function has returned are
 * dropped. @return WAX_OK; WAX_E_NOMEM, WAX_E_UNSUPPORTED
 */
wax_status wx_snapshot_save(struct wx_guest_thread *g, uint64_t *slots, uint64_t address,
                            uint64_t user, uint64_t *ret_id, wax_error **err);
/** NULL: there is none, or no longer. */
const struct wx_snapshot *wx_snapshot_find(const struct wx_guest_thread *g, uint64_t id);
/**
 * All of them under the same numbers, for a copy of the thread that runs nothing yet and has stacks
 * for its contexts, which are written to.
 */
wax_status wx_snapshots_copy(struct wx_guest_thread *to, const struct wx_guest_thread *from,
                             wax_error **err);
void wx_snapshots_drop(struct wx_guest_thread *g);
/** Those taken on this value stack, which is about to go. */
void wx_snapshots_drop_on(struct wx_guest_thread *g, const uint64_t *stack_base);

#endif
