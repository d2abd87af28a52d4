/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing run: a module as a program, or one of its functions. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "grants.h"
#include "invoke.h"
#include "trace.h"

extern char **environ;

static const char help[] =
    "usage: waxwing [run] [OPTIONS] FILE.wasm [ARGS...]\n"
    "Runs a WASI or WASIX module; everything behind FILE is the guest's.\n"
    "\n"
    "what the guest gets (nothing else):\n"
    "  --dir HOST[::GUEST][,ro]  a host directory, as GUEST (default: the same path), read-only\n"
    "        ...,cow[,quota=N][,inodes=N]  changes stay in memory, the host keeps what it has\n"
    "        ...,symlinks=beneath|in-root|none,xdev=no,special=allow  see waxwing(1)\n"
    "  --volume HOST:GUEST[:ro]  the same, other spelling (also --mapdir GUEST:HOST)\n"
    "  --tmpfs GUEST[,size=N][,inodes=N]  an empty directory in memory (64M, 65536)\n"
    "  --dev                     /dev for preview1 modules, too: null, zero, random, stdin, fd/…\n"
    "  --cwd GUEST               the directory the guest works in (default: /, or none)\n"
    "  --listen ADDRESS:PORT[,nonblock]  a socket to accept TCP connections on: 127.0.0.1:8080\n"
    "  --net RULE                off, loopback, all, virtual, allow:tcp:out:api.example.com:443\n"
    "                            and the like (repeatable; 'waxwing net --help')\n"
    "  --net-log                 tell every decision about the network and its rule\n"
    "  --fd N                    our descriptor N: from a shell or a service manager\n"
    "  --stdin FILE              --stdout FILE, --stderr FILE: not the host's own stream\n"
    "  --env KEY[=VALUE]         a variable; without VALUE the host's\n"
    "  --env-file FILE           KEY=VALUE lines\n"
    "  --env-inherit[=GLOB]      the host's variables (that match)\n"
    "  --argv0 NAME              argument 0 (default: FILE)\n"
    "limits:\n"
    "  --timeout TIME            stop after TIME: 500ms, 5s, 2m\n"
    "  --max-memory SIZE         linear memory: 64M, 1G\n"
    "  --max-threads N           guest threads (512)   --max-fds N  descriptors (1024)\n"
    "  --max-processes N         guest processes (64)\n"
    "  --fuel N                  stop after N wasm instructions\n"
    "  --allow-threads=no        no threads at all   --allow-processes=no  nor processes\n"
    "engine:\n"
    "  --invoke 'FN(1, 2.5)'     call an export instead of _start and print the results\n"
    "  --preload NAME=PATH       instantiate PATH and offer its exports as module NAME\n"
    "  --tier fast|interp        --feature +NAME,-NAME (--feature help lists them)\n"
    "  --deterministic           results with the same bits everywhere (canonical NaNs)\n"
    "  --stats                   at the end, the functions called and looping most\n"
    "  --profile perfmap|jitdump[=DIR]  files for perf(1), by default in /tmp\n"
    "  --trace[=CLASS,...][:FILE]  write the guest's calls, decoded: all, file fd dir clock\n"
    "        random poll sock proc thread env dl, or names of calls; to FILE or standard error\n"
    "  --trace-summary           at the end, calls, errors and time by call\n"
    "  -v, -q                    more, fewer messages\n"
    "\n"
    "exit status: the guest's own; 64 usage, 65 module does not load, 66 input missing,\n"
    "69 import or feature missing, 74 I/O, 124 timeout, 134 trap or exception;\n"
    "ended by the signal that ended the guest\n";

#define MAX_LIST 64

struct run {
    const char *dirs[MAX_LIST];
    const char *vars[MAX_LIST];
    const char *preloads[MAX_LIST];
    char is_tmpfs[MAX_LIST]; /* which of dirs; preopens come in the order of the options */
    const char *env_files[MAX_LIST];
    const char *listens[MAX_LIST];
    const char *fds[MAX_LIST];
    const char *nets[MAX_LIST];
    const char *streams[3];    /* files, NULL = the host's stream */
    char *respelled[MAX_LIST]; /* owned; some of dirs point here */
    unsigned n_dirs, n_vars, n_preloads, n_respelled, n_env_files, n_listens, n_fds, n_nets;
    const char *inherit; /* glob, NULL = none */
    const char *argv0, *invoke, *cwd;
    struct cli_call call; /* what invoke says */
    uint64_t timeout_ns, max_memory, fuel;
    uint32_t max_threads, max_fds, max_processes;
    int no_threads, no_processes, use_fuel, dev, net_log;
    int ended_by; /* signal */
    struct cli_trace trace;
    wax_engine_options engine;
};

/* -------- options -------- */

static int add(const char **list, unsigned *n, const char *value)
{
    if (*n == MAX_LIST) {
        return -1;
    }
    list[(*n)++] = value;
    return 0;
}

/* KIND or KIND=DIR */
static int set_profile(struct run *r, const char *value)
{
    size_t len = strcspn(value, "=");
    if (len == 7 && strncmp(value, "perfmap", len) == 0) {
        r->engine.profile = WAX_PROFILE_PERFMAP;
    } else if (len == 7 && strncmp(value, "jitdump", len) == 0) {
        r->engine.profile = WAX_PROFILE_JITDUMP;
    } else {
        return -1;
    }
    r->engine.profile_dir = value[len] ? value + len + 1 : NULL;
    return value[len] && !value[len + 1] ? -1 : 0;
}

static int parse_limit(const char *value, uint64_t least, uint32_t *ret)
{
    uint64_t n;
    if (cli_parse_count(value, &n) != 0 || n > UINT32_MAX || n < least) {
        return -1;
    }
    *ret = (uint32_t)n;
    return 0;
}

static int parse_no(const char *value, int *ret_no)
{
    *ret_no = strcmp(value, "no") == 0;
    return *ret_no || strcmp(value, "yes") == 0 ? 0 : -1;
}

/* The same as set_option(), for limits. */
static int set_limit(struct run *r, const char *name, const char *value)
{
    if (strcmp(name, "--timeout") == 0) {
        return cli_parse_time(value, &r->timeout_ns);
    }
    if (strcmp(name, "--max-memory") == 0) {
        return cli_parse_size(value, &r->max_memory);
    }
    if (strcmp(name, "--fuel") == 0) {
        r->use_fuel = r->engine.fuel = 1;
        return cli_parse_count(value, &r->fuel);
    }
    if (strcmp(name, "--max-threads") == 0) {
        return parse_limit(value, 1, &r->max_threads);
    }
    if (strcmp(name, "--max-processes") == 0) {
        return parse_limit(value, 1, &r->max_processes);
    }
    if (strcmp(name, "--max-fds") == 0) {
        return parse_limit(value, 3, &r->max_fds); /* three streams */
    }
    if (strcmp(name, "--allow-threads") == 0) {
        return parse_no(value, &r->no_threads);
    }
    if (strcmp(name, "--allow-processes") == 0) {
        return parse_no(value, &r->no_processes);
    }
    return -2;
}

/* One option with its value. @return 0, -1 if the value is wrong, -2 if there is no such option */
static int set_option(struct run *r, const char *name, const char *value)
{
    if (strcmp(name, "--dir") == 0 || strcmp(name, "--mount") == 0) {
        return add(r->dirs, &r->n_dirs, value);
    }
    if (strcmp(name, "--env") == 0) {
        return add(r->vars, &r->n_vars, value);
    }
    if (strcmp(name, "--preload") == 0) {
        return strchr(value, '=') ? add(r->preloads, &r->n_preloads, value) : -1;
    }
    if (strcmp(name, "--tmpfs") == 0) {
        r->is_tmpfs[r->n_dirs < MAX_LIST ? r->n_dirs : 0] = 1;
        return add(r->dirs, &r->n_dirs, value);
    }
    if (strcmp(name, "--listen") == 0) {
        return add(r->listens, &r->n_listens, value);
    }
    if (strcmp(name, "--fd") == 0) {
        return add(r->fds, &r->n_fds, value);
    }
    if (strcmp(name, "--net") == 0) {
        return add(r->nets, &r->n_nets, value);
    }
    if (strcmp(name, "--env-file") == 0) {
        return add(r->env_files, &r->n_env_files, value);
    }
    static const char *const streams[] = {"--stdin", "--stdout", "--stderr"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, streams[i]) == 0) {
            r->streams[i] = value;
            return value[0] ? 0 : -1;
        }
    }
    if (strcmp(name, "--cwd") == 0) {
        r->cwd = value;
    } else if (strcmp(name, "--argv0") == 0) {
        r->argv0 = value;
    } else if (strcmp(name, "--invoke") == 0 || strcmp(name, "-i") == 0) {
        r->invoke = value;
    } else if (strcmp(name, "--tier") == 0) {
        r->engine.tier = strcmp(value, "auto") == 0 ? NULL : value;
    } else if (strcmp(name, "--feature") == 0) {
        r->engine.features = value;
    } else if (strcmp(name, "--profile") == 0) {
        return set_profile(r, value);
    } else if (strcmp(name, "--trace") == 0) {
        return cli_trace_option(&r->trace, value);
    } else {
        return set_limit(r, name, value);
    }
    return 0;
}

/* HOST:GUEST or GUEST:HOST turned into HOST::GUEST; NULL if it is neither. */
static const char *respell(struct run *r, const char *value, int guest_first)
{
    const char *colon = strchr(value, ':');
    char *s = colon && r->n_respelled < MAX_LIST ? malloc(strlen(value) + 8) : NULL;
    if (!s) {
        return NULL;
    }
    r->respelled[r->n_respelled++] = s;
    const char *rest = colon + 1;
    size_t len = strlen(rest);
    bool ro = len >= 3 && strcmp(rest + len - 3, ":ro") == 0; /* only as the last word */
    bool rw = len >= 3 && strcmp(rest + len - 3, ":rw") == 0;
    int rest_len = (int)(ro || rw ? len - 3 : len);
    if (guest_first) {
        (void)sprintf(s, "%.*s::%.*s%s", rest_len, rest, (int)(colon - value), value,
                      ro ? ",ro" : "");
    } else {
        (void)sprintf(s, "%.*s::%.*s%s", (int)(colon - value), value, rest_len, rest,
                      ro ? ",ro" : "");
    }
    return s;
}

static int is_flag(struct run *r, const char *arg)
{
    if (strcmp(arg, "--dev") == 0) {
        r->dev = 1;
    } else if (strcmp(arg, "--net-log") == 0) {
        r->net_log = 1;
    } else if (strcmp(arg, "--trace") == 0) {
        return cli_trace_option(&r->trace, "") == 0;
    } else if (strcmp(arg, "--trace-summary") == 0) {
        r->trace.summary = 1;
    } else if (strcmp(arg, "--deterministic") == 0) {
        r->engine.canonical_nans = 1; /* relaxed SIMD has one result each, anyway */
    } else if (strcmp(arg, "--stats") == 0) {
        r->engine.heat = 1;
    } else if (strcmp(arg, "-v") == 0) {
        r->engine.log_level = WAX_LOG_DEBUG;
    } else if (strcmp(arg, "-q") == 0 || strcmp(arg, "--quiet") == 0) {
        r->engine.log = NULL;
    } else if (strcmp(arg, "--env-inherit") == 0 || strcmp(arg, "--forward-host-env") == 0) {
        r->inherit = "*";
    } else if (strncmp(arg, "--env-inherit=", 14) == 0) {
        r->inherit = arg + 14;
    } else {
        return 0;
    }
    return 1;
}

/* Options up to the file. @return index of the file, or a negative exit status */
static int parse(struct run *r, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (strcmp(argv[i], "--") == 0) {
            return i + 1;
        }
        if (is_flag(r, argv[i])) {
            continue;
        }
        char name[32];
        const char *eq = strchr(argv[i], '=');
        size_t len = eq ? (size_t)(eq - argv[i]) : strlen(argv[i]);
        const char *value = eq ? eq + 1 : i + 1 < argc ? argv[i + 1] : NULL;
        (void)snprintf(name, sizeof name, "%.*s", (int)len, argv[i]);
        if (strcmp(name, "--map-dir") == 0) {
            return -cli_usage("run", "--map-dir is not known here: use --dir HOST::GUEST");
        }
        int spelled = strcmp(name, "--volume") == 0 ? 1 : strcmp(name, "--mapdir") == 0 ? 2 : 0;
        if (spelled) {
            const char *as_dir = value ? respell(r, value, spelled == 2) : NULL;
            if (value && !as_dir) {
                return -cli_usage("run", "bad value for option '%s': '%s': want %s", name, value,
                                  spelled == 1 ? "HOST:GUEST[:ro]" : "GUEST:HOST");
            }
            value = as_dir;
            (void)snprintf(name, sizeof name, "--dir");
        }
        int e = set_option(r, name, value ? value : ""); /* known at all? */
        e = value || e == -2 ? e : -3;
        if (e == -2) {
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): kept in r->respelled, see cmd_run */
            return -cli_usage("run", "unknown option '%s'", argv[i]);
        }
        if (e) {
            return e == -3 ? -cli_usage("run", "option '%s' needs a value", name)
                           : -cli_usage("run", "bad value for option '%s': '%s'", name, value);
        }
        i += !eq;
    }
    return i;
}

/* -------- building the environment -------- */

static int inherit_vars(const struct run *r, wax_builder *b)
{
    int status = 0;
    for (char **e = environ; r->inherit && *e && !status; e++) {
        char key[256];
        (void)snprintf(key, sizeof key, "%.*s", (int)strcspn(*e, "="), *e);
        if (fnmatch(r->inherit, key, 0) == 0 && strchr(*e, '=')) {
            status = cli_var(b, *e);
        }
    }
    return status;
}

/* What options name one by one. @return 0 or an exit status */
static int grant_each(wax_builder *b, int (*grant)(wax_builder *b, const char *spec),
                      const char *const *list, unsigned n)
{
    int status = 0;
    for (unsigned i = 0; i < n && !status; i++) {
        status = grant(b, list[i]);
    }
    return status;
}

/* @return 0 or an exit status; what is wrong has been told */
static int describe(struct run *r, wax_builder *b, int argc, char **argv)
{
    wax_error *error = NULL;
    wax_status st = wax_builder_inherit_stdio(b, &error);
    for (int i = 0; i < argc && st == WAX_OK; i++) {
        st = wax_builder_arg(b, argv[i], &error);
    }
    int status = st == WAX_OK ? 0 : cli_fail("run", error);
    status = status ? status : inherit_vars(r, b);
    status = status ? status : grant_each(b, cli_env_file, r->env_files, r->n_env_files);
    status = status ? status : grant_each(b, cli_var, r->vars, r->n_vars);
    for (unsigned i = 0; i < r->n_dirs && !status; i++) {
        status = (r->is_tmpfs[i] ? cli_tmpfs : cli_dir)(b, r->dirs[i]);
    }
    status = status ? status : r->dev ? cli_dev(b) : 0;
    status = status ? status : r->cwd ? cli_cwd(b, r->cwd) : 0;
    status = status ? status : grant_each(b, cli_listen, r->listens, r->n_listens);
    status = status ? status : grant_each(b, cli_fd, r->fds, r->n_fds);
    status = status ? status : grant_each(b, cli_net, r->nets, r->n_nets);
    status = status || !r->net_log ? status : cli_net_log(b);
    for (int i = 0; i < 3 && !status; i++) { /* late: they empty files */
        status = r->streams[i] ? cli_stream(b, i, r->streams[i]) : 0;
    }
    wax_builder_grant(b, r->no_threads ? 0 : WAX_CAP_THREADS);
    wax_builder_grant(b, r->no_processes ? 0 : WAX_CAP_PROCESSES);
    wax_builder_limit_processes(b, r->max_processes);
    wax_builder_limits(b, r->max_threads, r->max_fds, r->max_memory);
    status = status ? status : cli_trace_start(&r->trace, b);
    st = status ? WAX_OK : wax_builder_on_stop(b, cli_stop_too, NULL, &error);
    return st == WAX_OK ? status : cli_fail("run", error);
}

/* Instantiate the preloaded modules in the store and define their exports. */
static wax_status preload(const struct run *r, wax_engine *engine, wax_store *store,
                          wax_linker *linker, wax_error **err)
{
    for (unsigned i = 0; i < r->n_preloads; i++) {
        const char *eq = strchr(r->preloads[i], '=');
        wax_module *module = NULL;
        wax_instance *instance;
        wax_status st = wax_module_from_file(engine, eq + 1, &module, err);
        if (st == WAX_OK) {
            st = wax_linker_instantiate(linker, store, module, &instance, err);
        }
        if (st == WAX_OK) {
            wax_name name = {r->preloads[i], (size_t)(eq - r->preloads[i])};
            st = wax_linker_define_instance(linker, name, instance, err);
        }
        wax_module_free(module);
        if (st != WAX_OK) {
            return st;
        }
    }
    return WAX_OK;
}

/* -------- running -------- */

static int run_env(struct run *r, wax_env *env)
{
    wax_store_set_timeout(wax_env_store(env), r->timeout_ns);
    cli_signals_start(env);
    int status;
    if (r->invoke) {
        status = cli_call_run(env, &r->call);
    } else {
        wax_error *error = NULL;
        int32_t code = 0;
        wax_status st = wax_env_run(env, &code, &error);
        if (st == WAX_E_NOT_FOUND) {
            fprintf(stderr,
                    "waxwing: run: %s\nhint: it is a library: call a function with "
                    "--invoke, see them with 'waxwing inspect'\n",
                    wax_error_message(error));
            wax_error_free(error);
            status = EXIT_DATA;
        } else {
            status = st == WAX_OK ? code : cli_fail("run", error);
        }
    }
    r->ended_by = cli_signals_end();
    return status;
}

static int run_module(struct run *r, wax_engine *engine, wax_module *module, int argc, char **argv)
{
    wax_error *error = NULL;
    wax_builder *builder = NULL;
    wax_store *store = NULL;
    wax_linker *linker = NULL;
    wax_env *env = NULL;
    int status = 0;
    if (wax_builder_new(engine, r->argv0 ? r->argv0 : argv[0], &builder, &error) != WAX_OK) {
        return cli_fail("run", error);
    }
    status = r->invoke ? cli_call_parse(module, r->invoke, &r->call) : 0;
    status = status ? status : describe(r, builder, argc - 1, argv + 1);
    if (status) {
        wax_builder_free(builder);
        return cli_trace_end(&r->trace, NULL, status);
    }
    if (wax_store_new(engine, &store, &error) != WAX_OK ||
        wax_linker_new(engine, &linker, &error) != WAX_OK ||
        preload(r, engine, store, linker, &error) != WAX_OK) {
        status = cli_fail("run", error);
    } else {
        wax_store_set_timeout(store, r->timeout_ns);
        wax_store_set_fuel(store, r->use_fuel ? r->fuel : INT64_MAX);
        wax_builder_linker(builder, linker);
        wax_builder_store(builder, store);
        wax_status st = wax_builder_instantiate(builder, module, &env, &error);
        wax_builder_free(builder); /* with its duplicates: what the guest closes is closed */
        builder = NULL;
        status = st == WAX_OK     ? run_env(r, env)
                 : st == WAX_EXIT ? wax_error_exit_code(error)
                                  : cli_fail("run", error);
        if (st == WAX_EXIT) {
            wax_error_free(error);
        }
    }
    status = cli_trace_end(&r->trace, env, status);
    wax_env_free(env);
    wax_builder_free(builder);
    wax_linker_free(linker);
    wax_store_free(store);
    return status;
}

/* The ten functions with most calls and iterations, to standard error. */
static void print_stats(const wax_module *module)
{
    enum { SHOWN = 10 };
    wax_heat top[SHOWN + 1], h;
    unsigned n = 0;
    for (size_t i = 0; wax_module_heat(module, i, &h); i++) {
        unsigned at = n;
        while (at > 0 && h.calls + h.loops > top[at - 1].calls + top[at - 1].loops) {
            top[at] = top[at - 1];
            at--;
        }
        if (at < SHOWN && h.calls + h.loops > 0) {
            top[at] = h;
            n += n < SHOWN;
        }
    }
    fprintf(stderr, "%14s %14s  function\n", "calls", "iterations");
    for (unsigned i = 0; i < n; i++) {
        char name[128], plain[512];
        (void)snprintf(name, sizeof name, "%.*s", (int)top[i].name.len,
                       top[i].name.len ? top[i].name.data : "");
        fprintf(stderr, "%14" PRIu64 " %14" PRIu64 "  %s (func %u)\n", top[i].calls, top[i].loops,
                cli_plain(name, plain, sizeof plain), top[i].func);
    }
}

static void list_features(void)
{
    wax_feature f;
    for (size_t i = 0; wax_feature_info(i, &f); i++) {
        printf("%c%-24s %-25s %s\n", f.on ? '+' : '-', f.name, f.standing, f.about);
    }
}

static int run_command(struct run *r, int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    int at = parse(r, argc, argv);
    if (at < 0) {
        return -at;
    }
    if (r->engine.features && strcmp(r->engine.features, "help") == 0) {
        list_features();
        return 0;
    }
    if (at >= argc) {
        return cli_usage("run", "no file named");
    }
    wax_error *error = NULL;
    wax_engine *engine = NULL;
    wax_module *module = NULL;
    int status;
    if (wax_engine_new(&r->engine, &engine, &error) != WAX_OK ||
        wax_module_from_file(engine, argv[at], &module, &error) != WAX_OK) {
        status = cli_fail("run", error);
    } else {
        status = run_module(r, engine, module, argc - at, argv + at);
        if (r->engine.heat) {
            print_stats(module);
        }
    }
    wax_module_free(module);
    wax_engine_free(engine);
    return status;
}

int cmd_run(int argc, char **argv)
{
    struct run r = {0};
    wax_engine_options_init(&r.engine);
    r.engine.log = cli_log;
    int status = run_command(&r, argc, argv);
    for (unsigned i = 0; i < r.n_respelled; i++) {
        free(r.respelled[i]);
    }
    free(r.trace.classes);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed just above */
    return r.ended_by ? cli_die_of(r.ended_by) : status;
}
