/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing net: what network rules say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char help[] =
    "usage: waxwing net check RULE... --to HOST:PORT/tcp\n"
    "       waxwing net check RULE... --at ADDRESS:PORT/tcp [--from ADDRESS:PORT]\n"
    "       waxwing net check RULE... --to unix:/PATH | --at unix:/PATH | --resolve NAME\n"
    "Tells whether the rules, given as to 'waxwing run --net', allow to connect (or send) to a "
    "host,\n"
    "to listen at an address of ours and have it called, or to ask for a name. Nothing is asked "
    "of\n"
    "the network: of a name, what holds for the addresses it may be resolved to is told.\n"
    "\n"
    "rules, in any order; deny wins, and what no rule allows is denied:\n"
    "  off, loopback, all                     classes\n"
    "  virtual                                loopback addresses of the guest's own, and no more\n"
    "  allow:PROTO:DIR:HOST:PORTS             PROTO tcp, udp, *; DIR in, out, *\n"
    "        HOST *, 10.0.0.1, 10.0.0.0/8, [fd00::/8], api.example.com, *.example.com\n"
    "        PORTS *, 443, 80,443,8000-8100\n"
    "  deny:...                               the same\n"
    "  allow:tcp:in:HOST:PORTS:from=RANGE     only who calls from there\n"
    "  allow:tcp:in:127.0.0.1:80=127.0.0.1:8080  listen at another address of the host\n"
    "  allow:unix:[DIR:]/PATTERN              AF_UNIX sockets in the guest's files: /run/*.sock\n"
    "  allow:dns:NAME, deny:dns:NAME          ask for the addresses of a name\n"
    "  dns:map:NAME=ADDRESS                   a name that is not asked for\n"
    "  dns:server:ADDRESS[:PORT]              who is asked for names\n"
    "\n"
    "exit status: 0 allowed, 1 denied, 64 a rule or the question is wrong\n";

void cli_net_decision(void *data, const wax_net_decision *d)
{
    char what[1024], why[1024], suggest[1024];
    fprintf(data, "waxwing: net: %s: %s: ", cli_plain(d->what, what, sizeof what),
            d->allowed ? "allowed" : "denied");
    if (d->rule) {
        fprintf(data, "rule %u, ", d->rule);
    }
    fprintf(data, "%s", cli_plain(d->why, why, sizeof why));
    if (d->suggest[0]) {
        fprintf(data, " (--net %s)", cli_plain(d->suggest, suggest, sizeof suggest));
    }
    fputc('\n', data);
}

static void answer(void *data, const wax_net_decision *d)
{
    char what[1024], why[1024];
    *(int *)data = d->allowed ? 0 : 1;
    printf("%s: %s: ", d->allowed ? "allowed" : "denied", cli_plain(d->what, what, sizeof what));
    if (d->rule) {
        printf("rule %u, ", d->rule);
    }
    printf("%s\n", cli_plain(d->why, why, sizeof why));
    if (d->suggest[0]) {
        printf("hint: --net %s\n", cli_plain(d->suggest, what, sizeof what));
    }
}

struct question {
    const char *kind; /* "out:", … */
    const char *what, *from;
};

/* An option and its value. @return whether it is one */
static int take_option(struct question *q, const char *name, const char *value)
{
    static const struct {
        const char *name, *kind;
    } kinds[] = {{"--to", "out:"}, {"--at", "in:"}, {"--resolve", "dns:"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            q->kind = kinds[i].kind;
            q->what = value;
            return 1;
        }
    }
    if (strcmp(name, "--from") == 0) {
        q->from = value;
        return 1;
    }
    return 0;
}

static int check(const char *const *rules, size_t n, const struct question *q)
{
    char text[1024];
    wax_error *error = NULL;
    int status = 1;
    int len = snprintf(text, sizeof text, "%s%s%s%s", q->kind, q->what, q->from ? "<" : "",
                       q->from ? q->from : "");
    if (len < 0 || (size_t)len >= sizeof text) {
        return cli_usage("net", "the question is too long");
    }
    wax_status st = wax_net_check(rules, n, text, answer, &status, &error);
    return st == WAX_OK ? status : cli_fail("net", error);
}

int cmd_net(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    if (argc < 2 || strcmp(argv[1], "check") != 0) {
        return cli_usage("net", "the only thing to do is 'check'");
    }
    const char **rules = calloc((size_t)argc, sizeof *rules);
    if (!rules) {
        return cli_usage("net", "out of memory");
    }
    size_t n = 0;
    struct question q = {0};
    int status = 0;
    for (int i = 2; i < argc && !status; i++) {
        if (argv[i][0] != '-') {
            rules[n++] = argv[i];
        } else if (i + 1 >= argc || !take_option(&q, argv[i], argv[i + 1])) {
            status = cli_usage("net", "unknown option '%s', or without its value", argv[i]);
        } else {
            i++;
        }
    }
    if (!status && !q.what) {
        status = cli_usage("net", "nothing is asked: --to, --at or --resolve");
    }
    status = status ? status : check(rules, n, &q);
    free(rules);
    return status;
}
