/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a module and writes its transcript; public headers only. */
#include "exec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct exec_config exec_configs[] = {
    {"interp", 0, 1, NULL, "interp/guarded", 0},
    {"interp", 1, 1, NULL, "interp/checked", 0},
    {"interp", 0, 0, NULL, "interp/guarded/nofuel", 0},
    {"fast", 0, 1, NULL, "fast/guarded", 0},
    {"fast", 1, 1, NULL, "fast/checked", 0},
    {"fast", 0, 0, NULL, "fast/guarded/nofuel", 0},
};
const unsigned n_exec_configs = sizeof exec_configs / sizeof *exec_configs;

enum { MAX_VALUES = 64, MAX_EXPORTS = 128 };

struct world {
    wax_engine *engine;
    const struct exec_options *options;
    const struct exec_config *config;
    struct transcript *t;
    wax_module *module;
    wax_store *store;
    wax_linker *linker;
    wax_instance *instance;
    uint64_t rand;
    uint32_t host_calls;
};

/* -------- text -------- */

static void say(struct transcript *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct transcript *t, const char *format, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    if (t->len + len + 1 > t->cap) {
        size_t cap = (t->cap + len) * 2 + 4096;
        char *grown = realloc(t->text, cap);
        if (!grown) {
            fprintf(stderr, "out of memory for a transcript\n");
            exit(1);
        }
        t->text = grown;
        t->cap = cap;
    }
    memcpy(t->text + t->len, line, len);
    t->len += len;
    t->text[t->len] = 0;
}

void transcript_fini(struct transcript *t)
{
    free(t->text);
    memset(t, 0, sizeof *t);
}

/* -------- values -------- */

static uint64_t next_rand(uint64_t *s)
{
    uint64_t z = (*s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Any value of that type; NaNs are the canonical one. */
static wax_value make_value(wax_valtype type, uint64_t r)
{
    static const uint64_t ints[] = {0,          1,          2,          UINT64_MAX,
                                    0x7fffffff, 0x80000000, 1ull << 63, 0xffffffff,
                                    4096,       65535,      65536,      1ull << 32};
    static const double floats[] = {0.0, -0.0, 1.0, -1.5, 1e10, -1e300, 0.1, 4294967296.0};
    wax_value v = {.type = type};
    uint64_t bits = r % 3 ? ints[(r >> 8) % 12] : r >> 16;
    switch (type) {
    case WAX_I32: v.of.i32 = (int32_t)bits; break;
    case WAX_I64: v.of.i64 = (int64_t)bits; break;
    case WAX_F32:
        v.of.f32 = r % 11 == 0   ? __builtin_nanf("")
                   : r % 13 == 0 ? -__builtin_inff()
                                 : (float)floats[(r >> 8) % 8];
        break;
    case WAX_F64:
        v.of.f64 = r % 11 == 0   ? __builtin_nan("")
                   : r % 13 == 0 ? __builtin_inf()
                                 : floats[(r >> 8) % 8];
        break;
    case WAX_V128:
        memcpy(v.of.v128, &bits, 8);
        r = next_rand(&r);
        memcpy(v.of.v128 + 8, &r, 8);
        break;
    default: break; /* null references */
    }
    return v;
}

/* -0.0 and the like stay apart; all NaNs are one. */
static void say_value(struct transcript *t, const wax_value *v)
{
    uint32_t f;
    uint64_t d;
    switch (v->type) {
    case WAX_I32: say(t, " i:%08x", (uint32_t)v->of.i32); break;
    case WAX_I64: say(t, " I:%016llx", (unsigned long long)v->of.i64); break;
    case WAX_F32:
        memcpy(&f, &v->of.f32, 4);
        say(t, v->of.f32 != v->of.f32 && !t->nan_bits ? " f:nan" : " f:%08x", f);
        break;
    case WAX_F64:
        memcpy(&d, &v->of.f64, 8);
        say(t, v->of.f64 != v->of.f64 && !t->nan_bits ? " F:nan" : " F:%016llx",
            (unsigned long long)d);
        break;
    case WAX_V128:
        say(t, " V:");
        for (int i = 0; i < 16; i++) {
            say(t, "%02x", v->of.v128[i]);
        }
        break;
    case WAX_FUNCREF: say(t, v->of.func ? " r:func" : " r:null"); break;
    case WAX_EXTERNREF: say(t, v->of.externref ? " e:some" : " e:null"); break;
    default: say(t, " x:exn"); break;
    }
}

static int can_make(wax_valtype t) { return t != WAX_EXNREF; }

static int is_plain(wax_valtype t) { return t != WAX_V128 && t != WAX_EXNREF; }

static int can_call(const wax_functype *type, int plain)
{
    for (uint32_t i = 0; i < type->n_params; i++) {
        if (!can_make(type->params[i]) || (plain && !is_plain(type->params[i]))) {
            return 0;
        }
    }
    for (uint32_t i = 0; i < type->n_results; i++) {
        if (plain && !is_plain(type->results[i])) {
            return 0;
        }
    }
    return type->n_params <= MAX_VALUES && type->n_results <= MAX_VALUES;
}

/* -------- endings -------- */

static void say_frames(struct world *w, const wax_error *err)
{
    size_t n = w->options->frames ? wax_error_n_frames(err) : 0;
    for (size_t i = 0; i < n && i < 16; i++) {
        const wax_frame *f = wax_error_frame(err, i);
        say(w->t, " %u:%llu", f->func_idx, (unsigned long long)f->module_off);
    }
}

static void say_end(struct world *w, wax_status st, const wax_error *err)
{
    int trap = wax_error_trap_code(err);
    w->t->n_traps += st == WAX_TRAP;
    if (st == WAX_TRAP && trap == 9) {
        say(w->t, " stopped: %s\n", wax_trap_name(trap));
        w->t->stopped = 1; /* how deep a stack goes is nobody's promise */
    } else if (st == WAX_TRAP) {
        say(w->t, " trap: %s", wax_trap_name(trap));
        say_frames(w, err);
        say(w->t, "\n");
    } else if (st == WAX_EXCEPTION) {
        say(w->t, " exception");
        say_frames(w, err);
        say(w->t, "\n");
    } else if (st == WAX_E_FUEL || st == WAX_E_TIMEOUT || st == WAX_E_LIMIT || st == WAX_E_NOMEM) {
        say(w->t, " stopped: %s\n", wax_status_name(st));
        w->t->stopped = 1;
    } else {
        say(w->t, " error: %s\n", wax_status_name(st));
    }
}

/* -------- imports -------- */

struct host {
    struct world *w;
    wax_functype type;
    size_t idx;
};

/* Results follow from how many host calls there were before. */
static wax_status host_call(void *data, wax_memory *memory, const wax_value *args,
                            wax_value *results, wax_error **err)
{
    struct host *h = data;
    (void)memory, (void)err;
    say(h->w->t, " [h%zu", h->idx);
    for (uint32_t i = 0; i < h->type.n_params; i++) {
        say_value(h->w->t, &args[i]);
    }
    uint32_t n = ++h->w->host_calls;
    for (uint32_t i = 0; i < h->type.n_results; i++) {
        wax_value *r = &results[i];
        uint32_t v = (n * 7 + i) % 1000;
        switch (h->type.results[i]) {
        case WAX_I32: r->of.i32 = (int32_t)v; break;
        case WAX_I64: r->of.i64 = v; break;
        case WAX_F32: r->of.f32 = (float)v; break;
        case WAX_F64: r->of.f64 = v; break;
        case WAX_V128:
            memset(r->of.v128, 0, 16);
            r->of.v128[0] = (uint8_t)v;
            break;
        default: break; /* null references, set already */
        }
    }
    say(h->w->t, "]");
    return WAX_OK;
}

static int make_import(struct world *w, const wax_port *p, size_t idx, wax_extern *ext)
{
    wax_status st = WAX_E_UNSUPPORTED;
    ext->kind = p->kind;
    if (p->kind == WAX_EXTERN_FUNC) {
        struct host *h = malloc(sizeof *h);
        wax_value owner;
        if (!h || wax_store_externref(w->store, h, free, &owner, NULL) != WAX_OK) {
            return 0; /* the store frees it */
        }
        *h = (struct host){w, p->func, idx};
        st = wax_func_new(w->store, &p->func, host_call, h, &ext->of.func, NULL);
    } else if (p->kind == WAX_EXTERN_MEMORY) {
        st = wax_memory_new(w->store, &p->limits, &ext->of.memory, NULL);
    } else if (p->kind == WAX_EXTERN_TABLE) {
        st = wax_table_new(w->store, &p->limits, p->value, &ext->of.table, NULL);
    } else if (p->kind == WAX_EXTERN_GLOBAL && can_make(p->value)) {
        wax_value v = make_value(p->value, idx * 3 + 1);
        st = wax_global_new(w->store, &v, p->mut, &ext->of.global, NULL);
    }
    return st == WAX_OK;
}

/* "import 2 iI>f": the kinds of a host function, for those who cannot ask. */
static void say_imports(struct world *w)
{
    static const char kinds[] = "iIfFVrex";
    for (size_t i = 0; i < wax_module_n_imports(w->module); i++) {
        wax_port p;
        if (wax_module_import(w->module, i, &p, NULL) != WAX_OK || p.kind != WAX_EXTERN_FUNC) {
            continue;
        }
        say(w->t, "import %zu ", i);
        for (uint32_t k = 0; k < p.func.n_params; k++) {
            say(w->t, "%c", kinds[p.func.params[k]]);
        }
        say(w->t, ">");
        for (uint32_t k = 0; k < p.func.n_results; k++) {
            say(w->t, "%c", kinds[p.func.results[k]]);
        }
        say(w->t, "\n");
    }
}

static int define_imports(struct world *w)
{
    for (size_t i = 0; i < wax_module_n_imports(w->module); i++) {
        wax_port p;
        wax_extern ext;
        if (wax_module_import(w->module, i, &p, NULL) != WAX_OK || !make_import(w, &p, i, &ext) ||
            wax_linker_define(w->linker, p.module, p.name, &ext, NULL) != WAX_OK) {
            return 0;
        }
    }
    return 1;
}

/* -------- instances -------- */

static void close_instance(struct world *w)
{
    wax_linker_free(w->linker);
    wax_store_free(w->store);
    w->linker = NULL;
    w->store = NULL;
    w->instance = NULL;
}

static int open_instance(struct world *w)
{
    wax_error *err = NULL;
    close_instance(w);
    w->host_calls = 0;
    if (wax_store_new(w->engine, &w->store, NULL) != WAX_OK ||
        wax_linker_new(w->engine, &w->linker, NULL) != WAX_OK) {
        say(w->t, "error: no store\n");
        w->t->stopped = 1;
        return 0;
    }
    if (!define_imports(w)) {
        say(w->t, "imports: skipped\n");
        return 0;
    }
    uint64_t fuel = w->options->fuel ? w->options->fuel : 200000;
    wax_store_set_fuel(w->store, fuel);
    wax_store_set_timeout(w->store, UINT64_C(10000000000));
    say(w->t, "inst");
    wax_status st = wax_linker_instantiate(w->linker, w->store, w->module, &w->instance, &err);
    if (st != WAX_OK) {
        if (st == WAX_E_LINK) {
            say(w->t, " link\n"); /* two imports of one name, usually */
        } else {
            say_end(w, st, err);
        }
        wax_error_free(err);
        return 0;
    }
    say(w->t, " ok\n");
    return 1;
}

/* -------- state -------- */

static uint32_t crc32_of(uint32_t crc, const uint8_t *p, size_t n)
{
    static uint32_t table[256];
    if (!table[1]) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int k = 0; k < 8; k++) {
                c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
            }
            table[i] = c;
        }
    }
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc = table[(crc ^ p[i]) & 0xff] ^ (crc >> 8);
    }
    return ~crc;
}

/* The first megabyte and the last 64 KiB. */
static uint32_t hash_memory(const wax_memory *m, uint64_t size)
{
    static uint8_t buf[65536];
    uint32_t crc = 0;
    for (uint64_t at = 0; at < size; at += sizeof buf) {
        if (at >= 1 << 20 && at + sizeof buf < size) {
            at = (size - 1) / sizeof buf * sizeof buf;
        }
        size_t n = size - at < sizeof buf ? (size_t)(size - at) : sizeof buf;
        if (wax_memory_read(m, at, buf, n, NULL) != WAX_OK) {
            return 0;
        }
        crc = crc32_of(crc, buf, n);
    }
    return crc;
}

static void say_state(struct world *w, int fuel)
{
    for (size_t i = 0; i < wax_module_n_exports(w->module); i++) {
        wax_port p;
        wax_extern ext;
        wax_value v;
        if (wax_module_export(w->module, i, &p, NULL) != WAX_OK || p.kind == WAX_EXTERN_FUNC ||
            p.kind == WAX_EXTERN_TAG ||
            wax_instance_export(w->instance, p.name, &ext, NULL) != WAX_OK) {
            continue;
        }
        say(w->t, "state %zu", i);
        if (p.kind == WAX_EXTERN_MEMORY) {
            uint64_t size = wax_memory_size(ext.of.memory);
            say(w->t, " mem:%llx:%08x", (unsigned long long)size, hash_memory(ext.of.memory, size));
        } else if (p.kind == WAX_EXTERN_GLOBAL) {
            wax_global_get(ext.of.global, &v);
            say_value(w->t, &v);
        } else {
            uint64_t n = wax_table_size(ext.of.table);
            say(w->t, " table:%llx", (unsigned long long)n);
            for (uint64_t k = 0; k < n && k < 32; k++) {
                if (wax_table_get(ext.of.table, k, &v, NULL) == WAX_OK) {
                    say_value(w->t, &v);
                }
            }
        }
        say(w->t, "\n");
    }
    if (fuel) {
        say(w->t, "fuel %llu\n", (unsigned long long)wax_store_fuel(w->store));
    }
}

/* -------- calls -------- */

static void call_one(struct world *w, const wax_port *p, size_t idx)
{
    wax_value args[MAX_VALUES] = {0}, results[MAX_VALUES] = {0};
    wax_extern ext;
    wax_error *err = NULL;
    if (wax_instance_export(w->instance, p->name, &ext, NULL) != WAX_OK) {
        say(w->t, "error: no export %zu\n", idx);
        return;
    }
    say(w->t, "call %zu", idx);
    for (uint32_t i = 0; i < p->func.n_params; i++) {
        args[i] = make_value(p->func.params[i], next_rand(&w->rand));
        say_value(w->t, &args[i]);
    }
    say(w->t, " =>");
    w->t->n_calls++;
    uint64_t fuel = w->options->fuel ? w->options->fuel : 200000;
    wax_store_set_fuel(w->store, fuel);
    wax_status st = wax_call(ext.of.func, args, p->func.n_params, results, p->func.n_results, &err);
    if (st == WAX_OK) {
        say(w->t, " ok");
        for (uint32_t i = 0; i < p->func.n_results; i++) {
            say_value(w->t, &results[i]);
        }
        say(w->t, "\n");
    } else if (st == WAX_E_TYPE) {
        say(w->t, " skipped\n"); /* a parameter that must not be null */
    } else {
        say_end(w, st, err);
    }
    wax_error_free(err);
}

static void call_all(struct world *w)
{
    uint32_t n = w->options->calls ? w->options->calls : 3;
    uint32_t per_instance = w->options->per_instance ? w->options->per_instance : 12, done = 0;
    size_t n_exports = wax_module_n_exports(w->module);
    for (size_t i = 0; i < n_exports && i < MAX_EXPORTS; i++) {
        wax_port p;
        if (wax_module_export(w->module, i, &p, NULL) != WAX_OK || p.kind != WAX_EXTERN_FUNC ||
            !can_call(&p.func, w->options->plain)) {
            continue;
        }
        for (uint32_t k = 0; k < n && !w->t->stopped; k++) {
            if (done++ % per_instance == 0) {
                if (w->instance) {
                    say_state(w, w->config->fuel);
                }
                if (!open_instance(w)) {
                    return;
                }
            }
            call_one(w, &p, i);
        }
    }
    if (w->instance && !w->t->stopped) {
        say_state(w, w->config->fuel);
    } else if (!w->instance && !done) {
        (void)(open_instance(w) && (say_state(w, w->config->fuel), 1));
    }
}

wax_engine *exec_engine(const struct exec_config *config, int *ret_missing)
{
    wax_engine_options options;
    wax_engine *engine = NULL;
    wax_error *err = NULL;
    wax_engine_options_init(&options);
    options.tier = config->tier;
    options.checked = config->checked;
    options.fuel = config->fuel;
    options.features = config->features;
    options.canonical_nans = config->canonical;
    options.max_memory_bytes = UINT64_C(1) << 33;
    wax_status st = wax_engine_new(&options, &engine, &err);
    *ret_missing = st == WAX_E_INVALID || st == WAX_E_UNSUPPORTED;
    if (st != WAX_OK && !*ret_missing) {
        fprintf(stderr, "no engine for %s: %s\n", config->name, wax_error_message(err));
    }
    wax_error_free(err);
    return st == WAX_OK ? engine : NULL;
}

void exec_module(wax_engine *engine, const struct exec_config *config, const void *bytes,
                 size_t len, const struct exec_options *options, struct transcript *t)
{
    struct world w = {.engine = engine, .options = options, .config = config, .t = t};
    wax_error *err = NULL;
    w.rand = options->seed;
    t->len = 0;
    t->n_calls = t->n_traps = 0;
    t->stopped = 0;
    t->nan_bits = config->canonical;
    wax_status st = wax_module_from_bytes(engine, bytes, len, &w.module, &err);
    if (st == WAX_OK) {
        say(t, "load ok\n");
        say_imports(&w);
        call_all(&w);
    } else {
        /* What a tier can not run, it says under its own name. */
        say(t, "load %s: %s\n", wax_status_name(st),
            st == WAX_E_UNSUPPORTED ? "" : wax_error_message(err));
    }
    wax_error_free(err);
    close_instance(&w);
    wax_module_free(w.module);
}

/* -------- comparing -------- */

/* The next line, without its end; lines of fuel are left out unless both count it. */
static size_t next_line(const char **at, int fuel, const char **ret_line)
{
    for (;;) {
        const char *line = *at, *end = strchr(line, '\n');
        size_t len = end ? (size_t)(end - line) : strlen(line);
        *at = end ? end + 1 : line + len;
        *ret_line = line;
        if (fuel || strncmp(line, "fuel ", 5) != 0) {
            return len;
        }
    }
}

static int line_is_stopped(const char *line, size_t len)
{
    return memmem(line, len, " stopped: ", 10) != NULL;
}

static int line_is_exhausted(const char *line, size_t len)
{
    return memmem(line, len, "stopped: call stack", 19) != NULL;
}

int exec_agree(const struct transcript *a, const struct exec_config *ca, const struct transcript *b,
               const struct exec_config *cb, unsigned *ret_line)
{
    const char *pa = a->text, *pb = b->text, *la, *lb;
    int fuel = ca->fuel && cb->fuel;
    for (*ret_line = 1; *pa || *pb; ++*ret_line) {
        size_t na = next_line(&pa, fuel, &la), nb = next_line(&pb, fuel, &lb);
        if (na == nb && memcmp(la, lb, na) == 0) {
            continue;
        }
        int stopped = line_is_stopped(la, na) || line_is_stopped(lb, nb);
        int exhausted = line_is_exhausted(la, na) || line_is_exhausted(lb, nb);
        return exhausted || (stopped && !fuel);
    }
    return 1;
}
