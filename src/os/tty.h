/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: their size and mode, and putting the mode back. */
#ifndef WX_OS_TTY_H
#define WX_OS_TTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct wx_tty_state {
    uint32_t cols, rows;
    uint32_t width, height; /* pixels, 0 if the terminal does not say */
    bool echo, line_buffered;
};

/**
 * Remembers how terminals were before they were changed. Counted: by all who may change them.
 * Thread-safe.
 */
struct wx_tty_keeper;

/** The account must outlive it. @return NULL: out of memory */
struct wx_tty_keeper *wx_tty_keeper_new(struct wx_mem *mem);
struct wx_tty_keeper *wx_tty_keeper_ref(struct wx_tty_keeper *k);
/** The last one puts the terminals back. NULL accepted. */
void wx_tty_keeper_unref(struct wx_tty_keeper *k);
/** Put the terminals back now, whoever of them still wants them otherwise. */
void wx_tty_keeper_restore(struct wx_tty_keeper *k);

/** @return host errno; ENOTTY: no terminal */
int wx_tty_get(int fd, struct wx_tty_state *ret);
/**
 * Change what differs. From a process in the background the kernel would stop us: that is EPERM.
 * @return host errno
 */
int wx_tty_set(struct wx_tty_keeper *k, int fd, const struct wx_tty_state *state);

#endif
