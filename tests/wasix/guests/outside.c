/* SPDX-License-Identifier: Apache-2.0 */
/* Signals from outside, as tests/wasix/signals.py and test_signals.c send them; each export is one
 * case. */
#include <waxwing/wasix.h>

#include "check.h"

static volatile uint32_t count, last;

WAX_EXPORT("__wasm_signal") void on_signal(uint32_t sig)
{
    last = sig;
    count++;
}

static void handle(void)
{
    static const char name[] = "__wasm_signal";
    wasix_callback_signal(AT(name), sizeof name - 1);
}

static void say(const char *text) { wax_print_str(text); }

/* No handler: a loop, a sleep. */
WAX_EXPORT("loop") void loop(void)
{
    say("ready\n");
    for (volatile uint32_t i = 0;; i++) {
    }
}

WAX_EXPORT("nap") void nap(void)
{
    say("ready\n");
    for (;;) {
        (void)wasix_thread_sleep(UINT64_C(1000000000) * 3600);
    }
}

/* A handler: tells every signal, until a TERM. */
WAX_EXPORT("tell") uint32_t tell(void)
{
    handle();
    say("ready\n");
    uint32_t said = 0; /* not `last`: that changes meanwhile */
    for (uint32_t told = 0; said != 15; told++) {
        while (count == told) { /* what comes before the sleep begins ends it */
            (void)wasix_thread_sleep(UINT64_C(1000000000) * 3600);
        }
        said = last;
        say("got ");
        wax_print_num(said);
        say("\n");
    }
    return count;
}

/* Changes the terminal, then waits for a key. */
WAX_EXPORT("raw") void raw(void)
{
    struct wasix_tty t;
    char c;
    uint32_t n;
    OK(wasix_tty_get(AT(&t)));
    t.echo = t.line_buffered = 0;
    OK(wasix_tty_set(AT(&t)));
    say("ready\n");
    OK(get(0, &c, 1, &n));
    say("key\n");
}

/* Nobody reads what it writes. */
WAX_EXPORT("write") void write_on(void)
{
    static const char block[4096];
    uint32_t n;
    while (put(1, block, sizeof block, &n) == E_SUCCESS) {
    }
    wax_print(2, "back\n", 5);
}

WAX_EXPORT("write_handled") void write_handled(void)
{
    static const char block[4096];
    uint32_t n, e;
    handle();
    do {
        e = put(1, block, sizeof block, &n);
    } while (e == E_SUCCESS);
    IS(e, E_PIPE);
    IS(count, 1);
    IS(last, 13);
    wax_print(2, "told\n", 5);
}

/* The main thread goes, another one stays. */
static wax_thread thread;
static _Alignas(16) char stack[4096];

static void stay(void *arg)
{
    (void)arg;
    nap();
}

WAX_EXPORT("_start") void start(void)
{
    IS(wax_thread_start(&thread, stay, 0, stack, sizeof stack), 0);
    wasix_thread_exit(0);
}
