/* SPDX-License-Identifier: Apache-2.0 */
/* Spec scripts: running their commands. */
/*
 * Commands run in order and state carries over. A module this engine can not have (a feature its
 * tier lacks) makes "no current instance"; commands on it are skipped, not failed. A thread has a
 * state of its own, with its own store and linker; of its parent's it sees one instance. Its counts
 * are added to the parent's when it is waited for, at the end of the script at the latest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wast.h"

enum verdict { PASS, FAIL, SKIP };

struct wast_thread {
    wax_name name;
    pthread_t id;
    int joined, status;
    struct wast w;
    const wax_script_command *commands;
    size_t n;
    struct wast_thread *next;
};

static const char *const kind_names[] = {
    "module",
    "module_definition",
    "module_instance",
    "register",
    "action",
    "assert_return",
    "assert_trap",
    "assert_exhaustion",
    "assert_exception",
    "assert_invalid",
    "assert_malformed",
    "assert_unlinkable",
    "assert_uninstantiable",
    "thread",
    "wait",
};

static enum verdict fail(const struct wast *w, const wax_script_command *c, const char *what,
                         wax_error *error)
{
    flockfile(stderr); /* threads report too */
    fprintf(stderr, "%s:%u: %s: %s%s%s\n", w->file, c->line, kind_names[c->kind], what,
            error ? ": " : "", error ? wax_error_message(error) : "");
    if (wax_error_line(error)) {
        fprintf(stderr, "%s\n", wax_error_excerpt(error));
    }
    funlockfile(stderr);
    wax_error_free(error);
    return FAIL;
}

static enum verdict skip(struct wast *w, const char *reason)
{
    w->skip_reason = reason;
    return SKIP;
}

static int same_name(wax_name a, wax_name b)
{
    return a.data && b.data && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* -------- modules -------- */

static wax_status load(struct wast *w, const wax_script_command *c, wax_module **ret,
                       wax_error **err)
{
    return c->is_text ? wax_module_from_text(w->engine, c->bytes, c->len, ret, err)
                      : wax_module_from_bytes(w->engine, c->bytes, c->len, ret, err);
}

static void add_instance(struct wast *w, wax_name name, wax_instance *instance)
{
    struct wast_instance *i = calloc(1, sizeof *i);
    if (i) {
        i->name = name;
        i->instance = instance;
        i->next = w->instances;
        w->instances = i;
    }
    w->current = i;
}

static enum verdict load_verdict(struct wast *w, const wax_script_command *c, wax_status st,
                                 wax_error *error)
{
    if (st == WAX_E_UNSUPPORTED) {
        wax_error_free(error);
        return skip(w, "needs a feature this tier does not run");
    }
    return fail(w, c, "does not load", error);
}

static enum verdict instantiate(struct wast *w, const wax_script_command *c, wax_module *module)
{
    wax_instance *instance = NULL;
    wax_error *error = NULL;
    wax_status st = wax_linker_instantiate(w->linker, w->store, module, &instance, &error);
    add_instance(w, c->name, st == WAX_OK ? instance : NULL);
    return st == WAX_OK ? PASS : fail(w, c, "does not instantiate", error);
}

static enum verdict do_module(struct wast *w, const wax_script_command *c)
{
    wax_module *module = NULL;
    wax_error *error = NULL;
    wax_status st = load(w, c, &module, &error);
    if (st != WAX_OK) {
        add_instance(w, c->name, NULL);
        return load_verdict(w, c, st, error);
    }
    enum verdict v = instantiate(w, c, module);
    wax_module_free(module);
    return v;
}

static enum verdict do_definition(struct wast *w, const wax_script_command *c)
{
    struct wast_definition *d = calloc(1, sizeof *d);
    if (!d) {
        return fail(w, c, "out of memory", NULL);
    }
    d->name = c->name;
    d->next = w->definitions;
    w->definitions = w->definition = d;
    wax_error *error = NULL;
    wax_status st = load(w, c, &d->module, &error);
    return st == WAX_OK ? PASS : load_verdict(w, c, st, error);
}

static enum verdict do_instance(struct wast *w, const wax_script_command *c)
{
    struct wast_definition *d = w->definition;
    for (struct wast_definition *p = w->definitions; c->of.data && p; p = p->next) {
        if (same_name(p->name, c->of)) {
            d = p;
            break;
        }
    }
    if (!d || !d->module) {
        add_instance(w, c->name, NULL);
        return skip(w, "its definition was skipped");
    }
    return instantiate(w, c, d->module);
}

static wax_instance *find(const struct wast *w, wax_name name)
{
    if (!name.data) {
        return w->current ? w->current->instance : NULL;
    }
    for (struct wast_instance *i = w->instances; i; i = i->next) {
        if (same_name(i->name, name)) {
            return i->instance;
        }
    }
    return NULL;
}

static enum verdict do_register(struct wast *w, const wax_script_command *c)
{
    wax_instance *instance = find(w, c->of);
    if (!instance) {
        return skip(w, "its module was skipped");
    }
    wax_error *error = NULL;
    wax_status st = wax_linker_define_instance(w->linker, c->as, instance, &error);
    return st == WAX_OK ? PASS : fail(w, c, "cannot register", error);
}

/* -------- actions -------- */

struct result {
    wax_status status;
    wax_error *error;
    size_t n;
    wax_value values[WAST_MAX_VALUES];
    const char *skip; /* reason, or NULL */
};

static void invoke(struct wast *w, const wax_script_action *a, wax_func *func, struct result *r)
{
    wax_functype type;
    r->status = wax_func_type(func, &type, &r->error);
    wax_value values[WAST_MAX_VALUES];
    if (r->status != WAX_OK) {
        return;
    }
    if (a->n_args > WAST_MAX_VALUES || type.n_results > WAST_MAX_VALUES) {
        r->skip = "more values than the runner takes";
        return;
    }
    for (size_t i = 0; i < a->n_args; i++) {
        if (wast_value(w, &a->args[i], &values[i]) != 0) {
            r->skip = "argument of a kind that is not supported";
            return;
        }
    }
    r->n = type.n_results;
    r->status = wax_call(func, values, a->n_args, r->values, r->n, &r->error);
}

static void act(struct wast *w, const wax_script_action *a, struct result *r)
{
    memset(r, 0, sizeof *r);
    wax_instance *instance = find(w, a->module);
    if (!instance) {
        r->skip = "its module was skipped";
        return;
    }
    wax_extern ext;
    r->status = wax_instance_export(instance, a->field, &ext, &r->error);
    if (r->status != WAX_OK) {
        return;
    }
    if (ext.kind == WAX_EXTERN_GLOBAL && a->is_get) {
        r->n = 1;
        wax_global_get(ext.of.global, &r->values[0]);
    } else if (ext.kind == WAX_EXTERN_FUNC && !a->is_get) {
        invoke(w, a, ext.of.func, r);
    } else {
        r->status = WAX_E_TYPE;
    }
}

static enum verdict do_action(struct wast *w, const wax_script_command *c)
{
    struct result r;
    act(w, &c->action, &r);
    if (r.skip) {
        return skip(w, r.skip);
    }
    return r.status == WAX_OK ? PASS : fail(w, c, "failed", r.error);
}

static enum verdict assert_return(struct wast *w, const wax_script_command *c)
{
    struct result r;
    act(w, &c->action, &r);
    if (r.skip) {
        return skip(w, r.skip);
    }
    if (r.status != WAX_OK) {
        return fail(w, c, "failed", r.error);
    }
    if (c->n_expected != r.n) {
        return fail(w, c, "wrong number of results", NULL);
    }
    for (size_t i = 0; i < r.n; i++) {
        if (!wast_matches(w, &r.values[i], &c->expected[i])) {
            char what[512], got[128], want[128];
            (void)snprintf(what, sizeof what, "result %zu is %s, expected %s", i,
                           wast_text(&r.values[i], got, sizeof got),
                           wast_expected_text(&c->expected[i], want, sizeof want));
            return fail(w, c, what, NULL);
        }
    }
    return PASS;
}

static enum verdict assert_ending(struct wast *w, const wax_script_command *c)
{
    struct result r;
    act(w, &c->action, &r);
    if (r.skip) {
        return skip(w, r.skip);
    }
    int exhausted = c->kind == WAX_SCRIPT_ASSERT_EXHAUSTION;
    int stack =
        r.error && strcmp(wax_trap_name(wax_error_trap_code(r.error)), "call stack exhausted") == 0;
    int as_asked = c->kind == WAX_SCRIPT_ASSERT_EXCEPTION
                       ? r.status == WAX_EXCEPTION
                       : r.status == WAX_TRAP && exhausted == stack;
    if (!as_asked) {
        return fail(w, c, r.status == WAX_OK ? "returned" : "ended otherwise", r.error);
    }
    wax_error_free(r.error);
    return PASS;
}

/* -------- modules that must be refused -------- */

static enum verdict assert_rejected(struct wast *w, const wax_script_command *c)
{
    wax_module *module = NULL;
    wax_error *error = NULL;
    wax_status st = load(w, c, &module, &error);
    wax_module_free(module);
    if (st == WAX_E_UNSUPPORTED && !w->feature_off) {
        wax_error_free(error);
        return skip(w, "needs a feature this tier does not run");
    }
    wax_status want = c->kind == WAX_SCRIPT_ASSERT_MALFORMED ? WAX_E_MALFORMED : WAX_E_VALIDATION;
    if (st != want && !(st == WAX_E_UNSUPPORTED && w->feature_off)) {
        return fail(w, c, st == WAX_OK ? "was accepted" : "was rejected otherwise", error);
    }
    wax_error_free(error);
    return PASS;
}

static enum verdict assert_not_instantiable(struct wast *w, const wax_script_command *c)
{
    wax_module *module = NULL;
    wax_instance *instance;
    wax_error *error = NULL;
    wax_status st = load(w, c, &module, &error);
    if (st != WAX_OK) {
        return load_verdict(w, c, st, error);
    }
    st = wax_linker_instantiate(w->linker, w->store, module, &instance, &error);
    wax_module_free(module);
    wax_status want = c->kind == WAX_SCRIPT_ASSERT_UNLINKABLE ? WAX_E_LINK : WAX_TRAP;
    if (st != want) {
        return fail(w, c, st == WAX_OK ? "was instantiated" : "failed otherwise", error);
    }
    wax_error_free(error);
    return PASS;
}

/* -------- threads -------- */

static void *thread_main(void *data)
{
    struct wast_thread *t = data;
    t->status = wast_run(&t->w, t->commands, t->n);
    return NULL;
}

static enum verdict do_thread(struct wast *w, const wax_script_command *c)
{
    struct wast_thread *t = calloc(1, sizeof *t);
    if (!t) {
        return fail(w, c, "out of memory", NULL);
    }
    t->name = c->name;
    t->commands = c->body;
    t->n = c->n_body;
    t->w = (struct wast){.file = w->file,
                         .engine = w->engine,
                         .list_skips = w->list_skips,
                         .feature_off = w->feature_off};
    wax_instance *shared = c->of.data ? find(w, c->of) : NULL;
    if (shared) {
        add_instance(&t->w, c->of, shared);
        t->w.current = NULL;
    }
    if (pthread_create(&t->id, NULL, thread_main, t) != 0) {
        free(t->w.instances);
        free(t);
        return fail(w, c, "cannot start a thread", NULL);
    }
    t->next = w->threads;
    w->threads = t;
    return PASS;
}

/* Joins and adds its counts. @return whether all went well in it */
static int join(struct wast *w, struct wast_thread *t)
{
    if (!t->joined) {
        t->joined = pthread_join(t->id, NULL) == 0;
        w->passed += t->w.passed;
        w->failed += t->w.failed;
        w->skipped += t->w.skipped;
    }
    return t->joined && t->status == 0 && t->w.failed == 0;
}

static enum verdict do_wait(struct wast *w, const wax_script_command *c)
{
    for (struct wast_thread *t = w->threads; t; t = t->next) {
        if (same_name(t->name, c->name)) {
            return join(w, t) ? PASS : fail(w, c, "a command of the thread failed", NULL);
        }
    }
    return fail(w, c, "there is no such thread", NULL);
}

/* -------- scripts -------- */

static enum verdict run_command(struct wast *w, const wax_script_command *c)
{
    static enum verdict (*const run[])(struct wast *, const wax_script_command *) = {
        [WAX_SCRIPT_MODULE] = do_module,
        [WAX_SCRIPT_DEFINITION] = do_definition,
        [WAX_SCRIPT_INSTANCE] = do_instance,
        [WAX_SCRIPT_REGISTER] = do_register,
        [WAX_SCRIPT_ACTION] = do_action,
        [WAX_SCRIPT_ASSERT_RETURN] = assert_return,
        [WAX_SCRIPT_ASSERT_TRAP] = assert_ending,
        [WAX_SCRIPT_ASSERT_EXHAUSTION] = assert_ending,
        [WAX_SCRIPT_ASSERT_EXCEPTION] = assert_ending,
        [WAX_SCRIPT_ASSERT_INVALID] = assert_rejected,
        [WAX_SCRIPT_ASSERT_MALFORMED] = assert_rejected,
        [WAX_SCRIPT_ASSERT_UNLINKABLE] = assert_not_instantiable,
        [WAX_SCRIPT_ASSERT_UNINSTANTIABLE] = assert_not_instantiable,
        [WAX_SCRIPT_THREAD] = do_thread,
        [WAX_SCRIPT_WAIT] = do_wait,
    };
    return run[c->kind](w, c);
}

static void run_commands(struct wast *w, const wax_script_command *commands, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const wax_script_command *c = &commands[i];
        switch (run_command(w, c)) {
        case PASS: w->passed++; break;
        case FAIL: w->failed++; break;
        case SKIP:
            w->skipped++;
            if (w->list_skips) {
                printf("%s:%u: skipped %s: %s\n", w->file, c->line, kind_names[c->kind],
                       w->skip_reason);
            }
            break;
        }
    }
}

static void close_script(struct wast *w)
{
    for (struct wast_thread *t = w->threads; t;) {
        struct wast_thread *next = t->next;
        (void)join(w, t); /* its failures are counted */
        free(t);
        t = next;
    }
    for (struct wast_instance *i = w->instances; i;) {
        struct wast_instance *next = i->next;
        free(i);
        i = next;
    }
    for (struct wast_definition *d = w->definitions; d;) {
        struct wast_definition *next = d->next;
        wax_module_free(d->module);
        free(d);
        d = next;
    }
    wax_linker_free(w->linker);
    wax_store_free(w->store);
}

int wast_run(struct wast *w, const wax_script_command *commands, size_t n)
{
    wax_error *error = NULL;
    int status = 0;
    if (wax_store_new(w->engine, &w->store, &error) != WAX_OK ||
        wax_linker_new(w->engine, &w->linker, &error) != WAX_OK ||
        wast_spectest(w, &error) != WAX_OK) {
        status = cli_fail("wast", error);
    } else {
        run_commands(w, commands, n);
    }
    close_script(w);
    return status;
}
