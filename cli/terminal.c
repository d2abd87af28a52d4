/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal after a signal that ends the command. */
#include <signal.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

/* Written before the handlers are there. */
static struct termios before;
static int terminal = -1;

/* Its action is the default one again (SA_RESETHAND), so raising it ends us. */
static void put_back_sigsafe(int sig)
{
    (void)tcsetattr(terminal, TCSANOW, &before); /* it may be gone */
    (void)raise(sig);
}

void cli_keep_terminal(void)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT};
    for (int fd = 0; fd < 3 && terminal < 0; fd++) {
        terminal = tcgetattr(fd, &before) == 0 ? fd : -1;
    }
    if (terminal < 0) {
        return;
    }
    /* In the background the kernel stops who changes a terminal, unless the signal is blocked. */
    struct sigaction act = {.sa_handler = put_back_sigsafe,
                            .sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK)};
    (void)sigemptyset(&act.sa_mask);
    (void)sigaddset(&act.sa_mask, SIGTTOU);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction now;
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
            (void)sigaction(signals[i], &act, NULL); /* valid arguments */
        }
    }
}
