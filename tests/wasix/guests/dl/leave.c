/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose constructor ends the thread. */
void leave_hook(void);
__attribute__((constructor)) static void init(void) { leave_hook(); }
