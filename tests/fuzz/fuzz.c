/* SPDX-License-Identifier: Apache-2.0 */
/* Checks shared by the fuzz targets. */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rt/tier.h"
#include "exec.h"

void fuzz_fail(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "fuzz: ");
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

struct wx_features fuzz_all_features(void)
{
    struct wx_features f = {(UINT64_C(1) << WX_FEATURE_COUNT) - 1};
    f.bits &= ~(UINT64_C(1) << WX_FEATURE_GC);
    return f;
}

void fuzz_dump(const uint8_t *data, size_t size)
{
    const char *path = getenv("WAXWING_FUZZ_DUMP");
    FILE *f = path ? fopen(path, "wb") : NULL;
    if (path && (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)) {
        fuzz_fail("cannot write '%s'", path);
    }
}

static wax_status decode(struct wx_mem *mem, const uint8_t *data, size_t size)
{
    struct wx_features features = fuzz_all_features();
    struct wx_module *m = NULL;
    wax_error *err = NULL;
    wax_status st =
        wx_module_decode(mem, data, size, &features, &wx_decode_limits_default, &m, &err);
    if (st == WAX_OK) {
        wx_module_free(m);
    } else if (!err || wax_error_status(err) != st || !wax_error_message(err)[0]) {
        fuzz_fail("status %d without an error that says so", st);
    } else if (st != WAX_E_LIMIT && st != WAX_E_NOMEM && wax_error_offset(err) > size) {
        fuzz_fail("the error lies at byte %llu of %zu", (unsigned long long)wax_error_offset(err),
                  size);
    }
    wax_error_free(err);
    if (mem->n_live) {
        fuzz_fail("%lld blocks are left", (long long)mem->n_live);
    }
    return st;
}

/* -------- the validator's quick way against the one that knows all rules -------- */

struct verdict {
    wax_status st;
    struct wx_module *m;
    wax_error *err;
};

static struct verdict judge(struct wx_mem *mem, const uint8_t *data, size_t size, bool no_quick)
{
    struct wx_features features = fuzz_all_features();
    struct wx_decode_limits limits = wx_decode_limits_default;
    limits.no_quick = no_quick;
    struct verdict v = {WAX_OK, NULL, NULL};
    v.st = wx_module_decode(mem, data, size, &features, &limits, &v.m, &v.err);
    return v;
}

static void same_errors(const wax_error *a, const wax_error *b)
{
    if (strcmp(wax_error_message(a), wax_error_message(b)) != 0 ||
        wax_error_offset(a) != wax_error_offset(b) ||
        wax_error_func_idx(a) != wax_error_func_idx(b) ||
        strcmp(wax_error_section(a), wax_error_section(b)) != 0) {
        fuzz_fail("quickly '%s' at %llu, else '%s' at %llu", wax_error_message(a),
                  (unsigned long long)wax_error_offset(a), wax_error_message(b),
                  (unsigned long long)wax_error_offset(b));
    }
}

static void same_modules(const struct wx_module *a, const struct wx_module *b)
{
    for (uint32_t i = a->n_func_imports; i < a->n_funcs; i++) {
        const struct wx_func_def *f = &a->funcs[i], *g = &b->funcs[i];
        if (f->body_off != g->body_off || f->body_len != g->body_len ||
            f->max_stack_slots != g->max_stack_slots || f->max_labels != g->max_labels ||
            f->has_loop != g->has_loop || f->has_call != g->has_call) {
            fuzz_fail("function %u: %u slots, %u labels, loop %d, call %d; else %u, %u, %d, %d", i,
                      f->max_stack_slots, f->max_labels, f->has_loop, f->has_call,
                      g->max_stack_slots, g->max_labels, g->has_loop, g->has_call);
        }
    }
    if (a->features_used != b->features_used ||
        memcmp(a->feature_offs, b->feature_offs, sizeof a->feature_offs) != 0) {
        fuzz_fail("other features are found quickly");
    }
}

static void compare_validators(const uint8_t *data, size_t size)
{
    struct wx_mem mem;
    wx_mem_init(&mem, NULL, 0);
    struct verdict quick = judge(&mem, data, size, false), full = judge(&mem, data, size, true);
    if (quick.st != full.st) {
        fuzz_fail("quickly status %d, else %d", quick.st, full.st);
    }
    if (quick.st == WAX_OK) {
        same_modules(quick.m, full.m);
    } else {
        same_errors(quick.err, full.err);
    }
    wx_module_free(quick.m);
    wx_module_free(full.m);
    wax_error_free(quick.err);
    wax_error_free(full.err);
}

void fuzz_decode(const uint8_t *data, size_t size)
{
    compare_validators(data, size);
    struct wx_mem mem, small;
    wx_mem_init(&mem, NULL, 0);
    wax_status st = decode(&mem, data, size);
    /* A module is a constant factor of its bytes, but for what limits bound: 50,000 locals. */
    if (wx_mem_peak(&mem) > (4u << 20) + 400 * (uint64_t)size) {
        fuzz_fail("%llu bytes for a module of %zu", (unsigned long long)wx_mem_peak(&mem), size);
    }
    wx_mem_init(&small, NULL, wx_mem_peak(&mem) / 2);
    wax_status again = decode(&small, data, size);
    if (again != st && again != WAX_E_NOMEM && again != WAX_E_LIMIT) {
        fuzz_fail("status %d, and %d with half the memory", st, again);
    }
}

/* -------- tiers -------- */

static wax_engine *engines[8];

static void open_engines(void)
{
    for (unsigned i = 0; i < n_exec_configs && !engines[0]; i++) {
        int missing;
        engines[i] = exec_engine(&exec_configs[i], &missing);
        if (!engines[i] && !missing) {
            fuzz_fail("no engine");
        }
        if (i == 0) {
            for (unsigned k = 1; k < n_exec_configs; k++) {
                engines[k] = exec_engine(&exec_configs[k], &missing);
            }
        }
    }
}

uint64_t fuzz_tier_features(void)
{
    open_engines();
    uint64_t bits = wx_features_default().bits;
    for (unsigned i = 0; i < n_exec_configs; i++) {
        const struct wx_tier_ops *tier = engines[i] ? wx_tier_find(exec_configs[i].tier) : NULL;
        bits &= tier ? tier->features : UINT64_MAX;
    }
    return bits;
}

void fuzz_tiers(const uint8_t *data, size_t size, uint64_t seed, int must_load)
{
    static struct transcript t[8]; /* kept: reachable, so no leak */
    struct exec_options options = {.seed = seed, .calls = 2, .fuel = 20000};
    open_engines();
    for (unsigned i = 0; i < n_exec_configs; i++) {
        unsigned line;
        if (!engines[i] || (!must_load && !exec_configs[i].fuel)) {
            continue; /* of unknown code only what fuel ends */
        }
        exec_module(engines[i], &exec_configs[i], data, size, &options, &t[i]);
        if (must_load && strncmp(t[i].text, "load ok", 7) != 0) {
            fuzz_fail("a made module does not load: %s", t[i].text);
        }
        if (i > 0 && !exec_agree(&t[0], &exec_configs[0], &t[i], &exec_configs[i], &line)) {
            fuzz_fail("tiers differ at line %u:\n--- %s\n%s--- %s\n%s", line, exec_configs[0].name,
                      t[0].text, exec_configs[i].name, t[i].text);
        }
    }
}
