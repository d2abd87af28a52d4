/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest process asks of its dynamic linker, which is src/wasix/dl_*.c. */
#ifndef WX_WASI_DL_H
#define WX_WASI_DL_H

#include "wasi/env.h"

/**
 * Instances of a thread, of a module with a "dylink.0" section: its own and those of all libraries.
 * The main thread's is made first, and libraries are loaded for it. Runs no guest code.
 */
wax_status wx_dl_link_thread(struct wx_guest_thread *self, wax_error **err);
/**
 * The same for the main thread of a process that becomes a copy of `from`'s: everything as it is
 * there, in the own store's twins. `shares`: both have one memory. Nobody else may be loading,
 * unless it does.
 */
wax_status wx_dl_copy_thread(struct wx_guest_thread *self, const struct wx_guest_thread *from,
                             bool shares, wax_error **err);
/** Run start functions, relocations and constructors, but for the program's own constructors. */
wax_status wx_dl_start(struct wx_guest_thread *main, wax_error **err);
/** The table of functions, which all modules of a thread share. */
struct wx_table *wx_dl_table(const struct wx_guest_thread *self);
/** Elements at its end that the linker gives nobody. @return the first; UINT64_MAX: no room */
uint64_t wx_dl_grow_table(struct wx_guest_thread *self, uint64_t n);
/** The thread runs no more: what the linker keeps of it goes. Before its store does. */
void wx_dl_end_thread(struct wx_guest_thread *self);
void wx_dl_free(struct wx_env *env);

#endif
