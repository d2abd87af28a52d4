/* SPDX-License-Identifier: Apache-2.0 */
/* The waxwing command: picks the sub-command. */
#include <signal.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const char help[] =
    "waxwing " WAX_VERSION
    " - runs WebAssembly plugins with POSIX at their disposal, in a sandbox\n"
    "\n"
    "usage: waxwing [run] [OPTIONS] FILE.wasm|FILE.wat [ARGS...]\n"
    "       waxwing COMMAND [OPTIONS] ...\n"
    "\n"
    "commands:\n"
    "  run         run a module (the default when the first word is a file)\n"
    "  validate    check that modules are well-formed and valid\n"
    "  inspect     show what a module imports, exports and needs\n"
    "  explain     say why a module will not run, and what would help\n"
    "  compile     compile all functions of a module, to measure how fast\n"
    "  print       show a module in the text format\n"
    "  net         tell what network rules allow\n"
    "  wast        run spec test scripts (.wast, or their JSON form)\n"
    "  version     show the version; --json for tools\n"
    "\n"
    "A plugin gets nothing it was not given: no directory, no environment, no network.\n"
    "  waxwing --dir . plugin.wasm             the current directory\n"
    "  waxwing --dir /srv/data::/data,ro p.wasm  a host directory, read-only, as /data\n"
    "  waxwing --env LANG --env MODE=fast p.wasm variables, inherited or given\n"
    "  waxwing --invoke 'add(1, 2)' math.wasm  call an exported function\n"
    "  waxwing --timeout 5s p.wasm             stop it after five seconds\n"
    "\n"
    "exit status: the guest's own; 64 usage, 65 module does not load, 66 input missing,\n"
    "69 import or feature missing, 74 I/O, 124 timeout, 134 trap or exception\n"
    "'waxwing COMMAND --help' tells more.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", cmd_run},         {"validate", cmd_validate}, {"inspect", cmd_inspect},
    {"explain", cmd_explain}, {"compile", cmd_compile},   {"print", cmd_print},
    {"net", cmd_net},         {"wast", cmd_wast},         {"version", cmd_version},
};

static const char *const planned[] = {"cache", "coredump", "config", "completion"};

static int status_of(const wax_error *error)
{
    switch (wax_error_status(error)) {
    case WAX_E_MALFORMED:
    case WAX_E_VALIDATION: return EXIT_DATA;
    case WAX_E_NOT_FOUND: return EXIT_NOINPUT;
    case WAX_E_UNSUPPORTED:
    case WAX_E_LINK:
    case WAX_E_DENIED: return EXIT_UNAVAILABLE;
    case WAX_E_INVALID:
    case WAX_E_TYPE: return EXIT_USAGE;
    case WAX_E_TIMEOUT: return EXIT_TIMEOUT;
    case WAX_TRAP:
    case WAX_EXCEPTION:
    case WAX_E_FUEL: return EXIT_TRAP;
    case WAX_E_CANCELLED: return 130;
    case WAX_E_IO: return wax_error_errno(error) == 2 ? EXIT_NOINPUT : EXIT_IO;
    default: return EXIT_DATA;
    }
}

const char *cli_plain(const char *text, char *buf, size_t size)
{
    size_t n = 0;
    for (const char *p = text; *p && n + 5 < size; p++) {
        unsigned char c = (unsigned char)*p;
        bool c1 = c == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] < 0xa0;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c1) {
            n += (size_t)snprintf(buf + n, size - n, "\\x%02x", c); /* four, see the loop */
        } else {
            buf[n++] = *p;
        }
    }
    buf[n] = '\0';
    return buf;
}

static void print_frames(const wax_error *error)
{
    for (size_t i = 0; i < wax_error_n_frames(error); i++) {
        const wax_frame *f = wax_error_frame(error, i);
        char name[1024];
        fprintf(stderr, "  %2zu: %s (func %u) at 0x%llx\n", i,
                f->func_name[0] ? cli_plain(f->func_name, name, sizeof name) : "?", f->func_idx,
                (unsigned long long)f->module_off);
    }
}

int cli_fail(const char *command, wax_error *error)
{
    char text[4096];
    fprintf(stderr, "waxwing: %s: %s", command,
            cli_plain(wax_error_message(error), text, sizeof text));
    if (wax_error_line(error)) {
        fprintf(stderr, "\n%s", cli_plain(wax_error_excerpt(error), text, sizeof text));
    } else if (wax_error_offset(error) != WAX_NO_OFFSET) {
        fprintf(stderr, " (at byte 0x%llx", (unsigned long long)wax_error_offset(error));
        if (wax_error_func_idx(error) != WAX_NO_INDEX) {
            fprintf(stderr, ", function %u", wax_error_func_idx(error));
        }
        if (wax_error_section(error)[0]) {
            fprintf(stderr, ", %s", wax_error_section(error));
        }
        fputc(')', stderr);
    }
    fputc('\n', stderr);
    print_frames(error);
    if (wax_error_hint(error)[0]) {
        fprintf(stderr, "hint: %s\n", cli_plain(wax_error_hint(error), text, sizeof text));
    }
    int status = status_of(error);
    wax_error_free(error);
    return status;
}

int cli_usage(const char *command, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "waxwing: %s: ", command);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nhint: see 'waxwing %s --help'\n", command);
    return EXIT_USAGE;
}

int cli_no_file(const char *command, const char *path, int host_errno)
{
    fprintf(stderr, "waxwing: %s: cannot open '%s': %s\n", command, path, strerror(host_errno));
    return host_errno == ENOENT ? EXIT_NOINPUT : EXIT_IO;
}

void cli_log(void *data, int32_t level, const char *area, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "debug", "trace"};
    char text[4096];
    (void)data;
    fprintf(stderr, "waxwing: %s: %s: %s\n", level <= WAX_LOG_TRACE ? names[level] : "?", area,
            cli_plain(message, text, sizeof text));
}

int cmd_version(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--json") == 0) {
        printf("{\"name\": \"waxwing\", \"version\": \"%s\", \"tiers\": [\"fast\", \"interp\"]}\n",
               wax_version());
    } else {
        printf("waxwing %s\n", wax_version());
    }
    return 0;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_DFL); /* a closed reader ends us quietly */
    if (argc < 2) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        return cmd_version(1, argv);
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) {
        if (strcmp(argv[1], planned[i]) == 0) {
            fprintf(stderr, "waxwing: '%s' is not there yet\nhint: docs/STATUS.md tells what is\n",
                    argv[1]);
            return EXIT_UNAVAILABLE;
        }
    }
    return cmd_run(argc, argv); /* options or a file: run */
}
