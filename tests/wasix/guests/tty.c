/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal, as tests/wasix/tty.py has it; each export is one case. */
#include <waxwing/wasix.h>

#include "check.h"

static struct wasix_tty now(void)
{
    struct wasix_tty t;
    OK(wasix_tty_get(AT(&t)));
    IS(t.line_feeds, 1);
    return t;
}

static void set(uint8_t echo, uint8_t line_buffered)
{
    struct wasix_tty t = now();
    t.echo = echo;
    t.line_buffered = line_buffered;
    OK(wasix_tty_set(AT(&t)));
    t = now();
    IS(t.echo, echo);
    IS(t.line_buffered, line_buffered);
}

static void say(const char *text) { wax_print_str(text); }

static void print_state(void)
{
    struct wasix_tty t = now();
    const uint32_t n[] = {t.cols,       t.rows, t.stdin_tty,    t.stdout_tty,
                          t.stderr_tty, t.echo, t.line_buffered};
    for (uint32_t i = 0; i < sizeof n / sizeof *n; i++) {
        wax_print_num(n[i]);
        say(" ");
    }
    say("\n");
}

WAX_EXPORT("state") void state(void) { print_state(); }

/* One key, without a line's end and unseen. */
WAX_EXPORT("key") void key(void)
{
    char c;
    uint32_t n;
    set(0, 0);
    say("press\n");
    OK(get(0, &c, 1, &n));
    IS(n, 1);
    say("got ");
    OK(put(1, &c, 1, &n));
    say("\n");
}

WAX_EXPORT("size") void size(void)
{
    struct wasix_tty t = now();
    t.cols = 132;
    t.rows = 50;
    OK(wasix_tty_set(AT(&t)));
    t = now();
    IS(t.cols, 132);
    IS(t.rows, 50);
    t.cols = 65536;
    IS(wasix_tty_set(AT(&t)), E_INVAL);
    IS(now().cols, 132);
}

/* Closing the streams leaves nothing to see; their terminal is put back all the same. */
WAX_EXPORT("closing") void closing(void)
{
    set(0, 0);
    say("raw\n");
    for (uint32_t i = 0; i < 3; i++) {
        OK(p1_fd_close(i));
    }
    struct wasix_tty t;
    if (wasix_tty_get(AT(&t)) != E_NOTTY) {
        p1_proc_exit(1);
    }
}

WAX_EXPORT("exiting") void exiting(void)
{
    set(0, 0);
    p1_proc_exit(7);
}

WAX_EXPORT("trapping") void trapping(void)
{
    set(0, 0);
    __builtin_trap();
}

/* Not in a tight loop: sanitizers hold signals back from code they do not know. */
WAX_EXPORT("staying") void staying(void)
{
    set(0, 1);
    say("staying\n");
    for (;;) {
        sleep_ms(1);
    }
}

WAX_EXPORT("none") void none(void)
{
    struct wasix_tty t = {0};
    IS(wasix_tty_get(AT(&t)), E_NOTTY);
    IS(wasix_tty_set(AT(&t)), E_NOTTY);
    IS(wasix_tty_get(0xfffffff0), E_MEMVIOLATION);
    IS(wasix_tty_set(0xfffffff0), E_MEMVIOLATION);
    say("none\n");
}
