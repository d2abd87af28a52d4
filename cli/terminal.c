/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal, when a signal ends or stops the command: the library cares for all other ends. */
#include <signal.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

/* Written before the handlers are there. */
static struct termios before;
static int terminal = -1;

static struct termios guests; /* while it is lent */
static int lent;

void cli_keep_terminal(void)
{
    for (int fd = 0; fd < 3 && terminal < 0; fd++) {
        terminal = tcgetattr(fd, &before) == 0 ? fd : -1;
    }
}

void cli_put_terminal_back_sigsafe(void)
{
    if (terminal >= 0) {
        (void)tcsetattr(terminal, TCSANOW, &before); /* it may be gone */
    }
}

/* In the background the terminal is somebody else's. */
static int is_ours(void) { return terminal >= 0 && tcgetpgrp(terminal) == getpgrp(); }

void cli_lend_terminal(void)
{
    lent = is_ours() && tcgetattr(terminal, &guests) == 0;
    if (lent) {
        (void)tcsetattr(terminal, TCSADRAIN, &before);
    }
}

void cli_take_terminal(void)
{
    if (lent && is_ours()) {
        (void)tcsetattr(terminal, TCSADRAIN, &guests);
    }
}
