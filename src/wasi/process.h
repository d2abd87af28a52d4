/* SPDX-License-Identifier: Apache-2.0 */
/* Making processes from others, running them on host threads of their own, ending them. */
#ifndef WX_WASI_PROCESS_H
#define WX_WASI_PROCESS_H

#include "wasi/env.h"
#include "wasi/ptable.h"

/**
 * A process like `parent`, with a number and a place in the table: arguments, environment,
 * directories, descriptors, grants, limits, clock, handlers of signals; no thread, no memory, no
 * module. @return guest errno: perm over the limit, nomem, nfile
 */
wx_werrno wx_process_new(struct wx_env *parent, struct wx_env **ret_child);
/** It never ran: gives its number back and frees it. */
void wx_process_undo(struct wx_env *child);
/**
 * Make the child a copy of the calling thread of `self`'s process, which has left the guest
 * (WX_LEFT) in a call whose slots are `slots`. *ret_slots: the same ones of the child.
 * `shares`: both have one memory (vfork).
 *
 * @return WAX_OK; WAX_E_NOMEM, WAX_E_UNSUPPORTED with what can not be copied
 */
wax_status wx_process_copy_thread(struct wx_env *child, const struct wx_guest_thread *self,
                                  bool shares, const uint64_t *slots, uint64_t **ret_slots,
                                  wax_error **err);
/**
 * Start the process on a host thread, which owns it from now on. @return guest errno; on failure
 * nothing has changed
 */
wx_werrno wx_process_start(struct wx_env *child, enum wx_begin begin);

/**
 * The thread no longer acts as the child it has (proc_fork_env), which ends so, unless a signal
 * ended it.
 */
void wx_process_end_acting(struct wx_guest_thread *g, struct wx_exit how);
/**
 * Start a child that has child->next on a thread of its own, with half of the fuel of `t`.
 * @return as wx_process_start()
 */
wx_werrno wx_process_start_next(struct wx_env *child, struct wx_thread *t);

#endif
