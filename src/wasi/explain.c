/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about a module: imports one by one, then what its exports lack for what it imports. */
#include "wasi/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wasi/abi.h"
#include "wasi/detect.h"
#include "wasm/dylink.h"

struct look {
    const struct wx_module *m;
    wx_finding_fn fn;
    void *data;
    char subject[256];
    bool dynamic, needs; /* dynamically linked; and other modules come with it */
};

static bool name_is(struct wx_name n, const char *s)
{
    return n.len == strlen(s) && memcmp(n.p, s, n.len) == 0;
}

static bool begins(struct wx_name n, const char *s)
{
    return n.len >= strlen(s) && memcmp(n.p, s, strlen(s)) == 0;
}

const char *wx_abi_removed(struct wx_name name)
{
    static const struct {
        char name[32], seen[8];
    } removed[] = {
#define REMOVED(NAME, SEEN) {NAME, SEEN},
#include "wasi/removed.def"
    };
    for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
        if (name_is(name, removed[i].name)) {
            return removed[i].seen;
        }
    }
    return NULL;
}

static void say(const struct look *l, enum wx_finding_level level, const char *hint,
                const char *format, ...) WX_PRINTF(4, 5);
static void say(const struct look *l, enum wx_finding_level level, const char *hint,
                const char *format, ...)
{
    char message[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args); /* cut if it must be */
    va_end(args);
    const struct wx_finding f = {level, l->subject, message, hint};
    l->fn(l->data, &f);
}

/* -------- imports -------- */

static bool is_letter(wx_valtype t, char letter)
{
    return t == (letter == 'i' ? WX_KIND_I32 : WX_KIND_I64);
}

static bool type_fits(const struct wx_functype *type, const struct wx_abi_func *f)
{
    bool fits = type->n_params == strlen(f->params) && type->n_results == strlen(f->results);
    for (uint32_t i = 0; fits && i < type->n_params; i++) {
        fits = is_letter(type->types[i], f->params[i]);
    }
    for (uint32_t i = 0; fits && i < type->n_results; i++) {
        fits = is_letter(type->types[type->n_params + i], f->results[i]);
    }
    return fits;
}

static void look_at_ours(const struct look *l, const struct wx_import *im)
{
    struct wx_abi_func f;
    if (!wx_abi_find(im->module, im->name, &f)) {
        const char *seen = wx_abi_removed(im->name);
        if (seen) {
            say(l, WX_FINDING_MISSING, "build the module with a WASIX libc of today",
                "was removed from the interface; last seen in %s", seen);
        } else {
            say(l, WX_FINDING_MISSING, "", "no version of the interface has it");
        }
    } else if (!type_fits(&l->m->types[l->m->funcs[im->idx].type_idx], &f)) {
        say(l, WX_FINDING_MISSING, "",
            "is imported with another type than (%s) -> (%s); i = i32, I = i64", f.params,
            f.results);
    } else if (!f.handler) {
        say(l, WX_FINDING_LIMIT, "docs/abi-status.md lists what is there",
            f.results[0] ? "is not there yet: it answers ENOSYS"
                         : "is not there yet: calling it is a trap");
    }
}

/* Whose interface it is, by the first row that fits. */
static const char *hint_for(const struct wx_import *im)
{
    static const struct {
        const char *module, *name, *hint;
    } rows[] = {
        {"wasi:", "", "this is a component: build a module for preview1 or WASIX"},
        {"wasi_", "", "no such version: preview1 and WASIX are wasi_snapshot_preview1, wasix_32v1"},
        {"wasix_", "", "no such version: the one of 32 bits is wasix_32v1"},
        {"extism:", "", "a plugin of another system: its host functions are the embedder's"},
        {"go", "", "built for JavaScript hosts: build with GOOS=wasip1"},
        {"wbg", "", "built for JavaScript hosts by wasm-bindgen: build for wasm32-wasip1"},
        {"__wbindgen", "", "built for JavaScript hosts by wasm-bindgen: build for wasm32-wasip1"},
        {"env", "emscripten_", "built for JavaScript hosts: link with -sSTANDALONE_WASM"},
        {"env", "invoke_", "built for JavaScript hosts: link with -fwasm-exceptions"},
        {"GOT.", "", "it is of a dynamically linked module, whose section 'dylink.0' is gone"},
        {"env", "", "the embedder must define it, or link the module with the library that has it"},
        {"", "",
         "the embedder must define it, or preload a module that exports it "
         "(--preload NAME=PATH)"},
    };
    size_t i = 0;
    while (!begins(im->module, rows[i].module) || !begins(im->name, rows[i].name)) {
        i++;
    }
    return rows[i].hint;
}

static void subject(struct look *l, const char *name)
{
    (void)snprintf(l->subject, sizeof l->subject, "%s", name);
}

/* What it needs is found, or not, when it starts. */
static void look_at_dylink(struct look *l)
{
    struct wx_dylink dl;
    wax_error *error = NULL;
    wax_status st = wx_dylink_read(l->m, l->m->mem, &dl, &error);
    if (st == WAX_E_NOT_FOUND) {
        return;
    }
    if (st != WAX_OK) {
        subject(l, "dylink.0");
        say(l, WX_FINDING_MISSING, "", "%s", wax_error_message(error));
        wax_error_free(error);
        return;
    }
    l->dynamic = true;
    l->needs = dl.n_needed > 0 || !wx_module_find_export(l->m, "_start", 6); /* or is needed */
    for (uint32_t i = 0; i < dl.n_needed; i++) {
        (void)snprintf(l->subject, sizeof l->subject, "%.*s",
                       (int)(dl.needed[i].len < 200 ? dl.needed[i].len : 200), dl.needed[i].p);
        say(l, WX_FINDING_NOTE, "mount the directory it lies in: --dir HOST::/lib",
            "is needed: a library that is looked for in the guest's directories");
    }
    wx_dylink_fini(&dl, l->m->mem);
}

/* Of libraries, the linker or the program itself. @return whether that is for sure */
static bool is_linked(const struct look *l, const struct wx_import *im)
{
    static const char *const known[] = {"__indirect_function_table",
                                        "__stack_pointer",
                                        "__memory_base",
                                        "__table_base",
                                        "__stack_low",
                                        "__stack_high",
                                        "__heap_base",
                                        "__heap_end",
                                        "__cpp_exception",
                                        "__c_longjmp"};
    if (!l->dynamic || (!name_is(im->module, "env") && !begins(im->module, "GOT."))) {
        return false;
    }
    bool found = l->needs || wx_module_find_export(l->m, im->name.p, im->name.len);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        found |= name_is(im->name, known[i]);
    }
    return found;
}

static void look_at_import(struct look *l, const struct wx_import *im, bool *first_memory)
{
    static const char *const kinds[] = {"function", "table", "memory", "global", "tag"};
    (void)snprintf(l->subject, sizeof l->subject, "%.*s.%.*s",
                   (int)(im->module.len < 100 ? im->module.len : 100), im->module.p,
                   (int)(im->name.len < 100 ? im->name.len : 100), im->name.p);
    if (im->kind == WX_EXT_MEMORY && *first_memory) {
        *first_memory = false; /* made here */
    } else if (is_linked(l, im)) {
        return;
    } else if (im->kind == WX_EXT_FUNC && wx_abi_is_space(im->module)) {
        look_at_ours(l, im);
    } else {
        say(l, WX_FINDING_MISSING, hint_for(im), "the imported %s is not provided",
            kinds[im->kind]);
    }
}

/* -------- exports -------- */

static bool exports_kind(const struct wx_module *m, const char *name, uint8_t kind)
{
    const struct wx_export *e = wx_module_find_export(m, name, strlen(name));
    return e && e->kind == kind;
}

static bool imports(const struct wx_module *m, const char *name)
{
    for (uint32_t i = 0; i < m->n_imports; i++) {
        const struct wx_import *im = &m->imports[i];
        if (im->kind == WX_EXT_FUNC && name_is(im->name, name) && wx_abi_is_space(im->module)) {
            return true;
        }
    }
    return false;
}

static void look_at_memory(struct look *l)
{
    const struct wx_module *m = l->m;
    bool imported = false, exported = false;
    for (uint32_t i = 0; i < m->n_imports; i++) {
        imported |= m->imports[i].kind == WX_EXT_MEMORY;
    }
    for (uint32_t i = 0; i < m->n_exports; i++) {
        exported |= m->exports[i].kind == WX_EXT_MEMORY;
    }
    subject(l, "memory");
    if (wx_wasi_versions(m) && !imported && !exported) {
        say(l, WX_FINDING_MISSING, "export it: wasm-ld does so unless told otherwise",
            "WASI works on a memory, and the module neither imports nor exports one");
    }
}

static void look_at_threads(struct look *l)
{
    const struct wx_module *m = l->m;
    if (!imports(m, "thread-spawn") && !imports(m, "thread_spawn_v2") &&
        !imports(m, "thread_spawn")) {
        return;
    }
    if (!exports_kind(m, "wasi_thread_start", WX_EXT_FUNC)) {
        subject(l, "wasi_thread_start");
        say(l, WX_FINDING_LIMIT, "link with --export=wasi_thread_start",
            "is not exported: starting a thread answers notcapable");
    }
    if (m->n_memories == 0 || !m->memories[0].shared) {
        subject(l, "memory");
        say(l, WX_FINDING_LIMIT, "link with --shared-memory --import-memory --max-memory=...",
            "is not shared: starting a thread answers memviolation");
    }
}

static void look_at_tables(struct look *l)
{
    static const char *const need[] = {"call_dynamic", "reflect_signature", "closure_allocate",
                                       "context_create"};
    if (l->dynamic || exports_kind(l->m, "__indirect_function_table", WX_EXT_TABLE)) {
        return;
    }
    for (size_t i = 0; i < sizeof need / sizeof *need; i++) {
        if (imports(l->m, need[i])) {
            subject(l, "__indirect_function_table");
            say(l, WX_FINDING_LIMIT, "link with --export-table --growable-table",
                "is not exported: %s answers notsup", need[i]);
        }
    }
}

static void look_at_start(struct look *l)
{
    subject(l, "_start");
    if (!exports_kind(l->m, "_start", WX_EXT_FUNC)) {
        say(l, WX_FINDING_NOTE, "call a function: --invoke 'NAME(ARGS)', wax_env_call()",
            "is not exported: the module is a library");
    }
}

void wx_explain(const struct wx_module *module, wx_finding_fn fn, void *data)
{
    struct look l = {.m = module, .fn = fn, .data = data};
    bool first_memory = true;
    look_at_dylink(&l);
    for (uint32_t i = 0; i < module->n_imports; i++) {
        look_at_import(&l, &module->imports[i], &first_memory);
    }
    look_at_memory(&l);
    look_at_threads(&l);
    look_at_tables(&l);
    look_at_start(&l);
}
