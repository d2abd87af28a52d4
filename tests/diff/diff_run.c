/* SPDX-License-Identifier: Apache-2.0 */
/* Runs modules on all tiers and compares; made ones by seed, or those of files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "engine/rt/tier.h"
#include "exec.h"
#include "gen.h"
#include "wasm/module.h"

static const char help[] =
    "usage: diff-run gen [--from SEED] [--count N] [--raw-nans] [--canonical] [--write DIR]\n"
    "         makes modules from seeds and compares all tiers and bounds modes; canonical: in "
    "engines\n"
    "         that make only the canonical NaN, bits of NaNs included (also of files and plan)\n"
    "       diff-run decode [--features -F] [--from SEED] [--count N] [--write DIR]\n"
    "         makes modules of all features (or the default ones and F) and only decodes them: all "
    "must "
    "be "
    "valid\n"
    "       diff-run files [--seed S] [--calls N] [--features +F] FILE...\n"
    "         compares on given modules (.wasm) or bundles of them (.wxb)\n"
    "       diff-run plan --tier T [--checked] [--plain] [--seed S] [--calls N] [--features +F] "
    "BUNDLE\n"
    "         prints the transcript of each module of a bundle; plain: no vectors at the boundary\n"
    "       diff-run mutate --seed S --count N --out BUNDLE FILE...\n"
    "         writes a bundle of mutants of the modules\n";

struct args {
    uint64_t from, count, seed, calls;
    const char *tier, *write, *out, *features;
    bool raw_nans, canonical, checked, plain;
    char **files;
    int n_files;
};

static bool parse(int argc, char **argv, struct args *a)
{
    for (int i = 0; i < argc; i++) {
        const char *s = argv[i];
        const char *v = i + 1 < argc ? argv[i + 1] : "";
        bool takes = true;
        if (s[0] != '-') {
            a->files = argv + i;
            a->n_files = argc - i;
            return true;
        } else if (strcmp(s, "--from") == 0) {
            a->from = strtoull(v, NULL, 0);
        } else if (strcmp(s, "--count") == 0) {
            a->count = strtoull(v, NULL, 0);
        } else if (strcmp(s, "--seed") == 0) {
            a->seed = strtoull(v, NULL, 0);
        } else if (strcmp(s, "--calls") == 0) {
            a->calls = strtoull(v, NULL, 0);
        } else if (strcmp(s, "--tier") == 0) {
            a->tier = v;
        } else if (strcmp(s, "--write") == 0) {
            a->write = v;
        } else if (strcmp(s, "--out") == 0) {
            a->out = v;
        } else if (strcmp(s, "--features") == 0) {
            a->features = v;
        } else {
            takes = false;
            a->raw_nans |= strcmp(s, "--raw-nans") == 0;
            a->checked |= strcmp(s, "--checked") == 0;
            a->plain |= strcmp(s, "--plain") == 0;
            a->canonical |= strcmp(s, "--canonical") == 0;
            if (strcmp(s, "--raw-nans") != 0 && strcmp(s, "--checked") != 0 &&
                strcmp(s, "--plain") != 0 && strcmp(s, "--canonical") != 0) {
                fprintf(stderr, "unknown option '%s'\n%s", s, help);
                return false;
            }
        }
        i += takes;
    }
    return true;
}

/* -------- comparing on every configuration -------- */

enum { MAX_CONFIGS = 8 };
struct bench {
    struct exec_config configs[MAX_CONFIGS];
    wax_engine *engines[MAX_CONFIGS];
    struct transcript t[MAX_CONFIGS];
    uint64_t modules, calls, traps, stopped, rejected;
};

static bool open_bench(struct bench *b, const struct args *a, const char *features)
{
    memset(b, 0, sizeof *b);
    for (unsigned i = 0; i < n_exec_configs && i < MAX_CONFIGS; i++) {
        int missing;
        b->configs[i] = exec_configs[i];
        b->configs[i].features = features ? features : exec_configs[i].features;
        b->configs[i].canonical = a->canonical;
        b->engines[i] = exec_engine(&b->configs[i], &missing);
        if (!b->engines[i] && !missing) {
            return false;
        }
    }
    return b->engines[0] != NULL;
}

static void close_bench(struct bench *b)
{
    for (unsigned i = 0; i < n_exec_configs && i < MAX_CONFIGS; i++) {
        wax_engine_free(b->engines[i]);
        transcript_fini(&b->t[i]);
    }
}

static void print_line(const char *who, const char *text, unsigned line)
{
    while (text && line > 1) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
        line--;
    }
    printf("#   %s: %.*s\n", who, text ? (int)strcspn(text, "\n") : 0, text ? text : "");
}

/* True if all agree; else says where they do not. */
static bool compare(struct bench *b, const void *bytes, size_t len, uint64_t seed, uint32_t calls,
                    const char *name)
{
    struct exec_options options = {.seed = seed, .calls = calls, .frames = 1};
    bool ok = true;
    for (unsigned i = 0; i < n_exec_configs; i++) {
        unsigned line;
        if (!b->engines[i]) {
            continue;
        }
        exec_module(b->engines[i], &b->configs[i], bytes, len, &options, &b->t[i]);
        if (i > 0 && !exec_agree(&b->t[0], &exec_configs[0], &b->t[i], &exec_configs[i], &line)) {
            printf("# %s: line %u differs\n", name, line);
            print_line(exec_configs[0].name, b->t[0].text, line);
            print_line(exec_configs[i].name, b->t[i].text, line);
            ok = false;
        }
    }
    b->modules++;
    b->calls += b->t[0].n_calls;
    b->traps += b->t[0].n_traps;
    b->stopped += b->t[0].stopped != 0;
    b->rejected += strncmp(b->t[0].text, "load ok", 7) != 0;
    return ok;
}

static void say_totals(const struct bench *b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < n_exec_configs; i++) {
        n += b->engines[i] != NULL;
    }
    printf("# %u configurations, %llu modules, %llu calls (%llu trapped), %llu stopped by a limit, "
           "%llu rejected\n",
           n, (unsigned long long)b->modules, (unsigned long long)b->calls,
           (unsigned long long)b->traps, (unsigned long long)b->stopped,
           (unsigned long long)b->rejected);
}

/* -------- made modules -------- */

/* What the default features and every tier present allow. */
static uint64_t features_of_all(const struct bench *b)
{
    uint64_t bits = wx_features_default().bits;
    for (unsigned i = 0; i < n_exec_configs; i++) {
        const struct wx_tier_ops *tier = b->engines[i] ? wx_tier_find(exec_configs[i].tier) : NULL;
        bits &= tier ? tier->features : UINT64_MAX;
    }
    return bits;
}

static void write_module(const char *dir, uint64_t seed, const uint8_t *p, size_t n)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%llu.wasm", dir, (unsigned long long)seed);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
        fprintf(stderr, "cannot write '%s': %s\n", path, strerror(errno));
        exit(1);
    }
}

static bool run_seed(struct bench *b, uint64_t seed, uint64_t features, const struct args *a)
{
    static uint8_t data[4096];
    size_t len, n = 64 + (size_t)(seed * 37 % (sizeof data - 64));
    /* Half the modules have few features, so that tiers do not only see mixtures. */
    uint64_t few = features & (gen_rand_next(&(struct gen_rand){seed}) | 1);
    struct gen_options options = {
        .features = seed & 1 ? features : few, .loops = seed >> 1 & 1, .raw_nans = a->raw_nans};
    gen_fill(seed, data, n);
    uint8_t *module = gen_module(data, n, &options, &len);
    char name[64];
    (void)snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
    if (!module) {
        printf("# %s: the generator failed\n", name);
        return false;
    }
    if (a->write) {
        write_module(a->write, seed, module, len);
    }
    uint64_t rejected = b->rejected;
    bool ok = compare(b, module, len, seed, 0, name);
    if (b->rejected != rejected) {
        printf("# %s: not valid: %.*s\n", name, (int)strcspn(b->t[0].text, "\n"), b->t[0].text);
        ok = false;
    }
    free(module);
    return ok;
}

/* Valid, whether a tier can run it or not. */
static bool decode_seed(uint64_t seed, struct wx_features features, const struct args *a)
{
    static uint8_t data[4096];
    size_t len, n = 64 + (size_t)(seed * 37 % (sizeof data - 64));
    uint64_t few = features.bits & (gen_rand_next(&(struct gen_rand){seed}) | 1);
    struct gen_options options = {.features = seed & 1 ? features.bits : few,
                                  .loops = seed >> 1 & 1};
    gen_fill(seed, data, n);
    uint8_t *module = gen_module(data, n, &options, &len);
    wax_error *err = NULL;
    struct wx_mem mem;
    struct wx_module *m = NULL;
    if (!module) {
        printf("# seed %llu: the generator failed\n", (unsigned long long)seed);
        return false;
    }
    if (a->write) {
        write_module(a->write, seed, module, len);
    }
    wx_mem_init(&mem, NULL, 0);
    if (wx_module_decode(&mem, module, len, &features, &wx_decode_limits_default, &m, &err) !=
        WAX_OK) {
        printf("# seed %llu: %s at byte %llu\n", (unsigned long long)seed, wax_error_message(err),
               (unsigned long long)wax_error_offset(err));
    }
    wax_error_free(err);
    wx_module_free(m);
    free(module);
    return m != NULL;
}

/* Every instruction the features allow must have been made. */
static bool check_coverage(uint64_t features)
{
    bool ok = true;
    for (uint32_t op = 0; op < WX_OP_COUNT; op++) {
        const struct wx_op_info *info = &wx_op_table[op];
        if ((features >> info->feature & 1) && info->feature != WX_FEATURE_GC && !gen_hits[op]) {
            printf("# never made: %s\n", wx_op_text[op]);
            ok = false;
        }
    }
    return ok;
}

static int run_decode(const struct args *a)
{
    struct wx_features features = {(UINT64_C(1) << WX_FEATURE_COUNT) - 1};
    if (a->features) {
        wax_error *err = NULL;
        features = wx_features_default();
        if (wx_features_parse(&features, a->features, &err) != WAX_OK) {
            fprintf(stderr, "%s\n", wax_error_message(err));
            wax_error_free(err);
            return 64;
        }
    }
    features.bits &= ~(UINT64_C(1) << WX_FEATURE_GC);
    uint64_t failed = 0, count = a->count ? a->count : 1000;
    for (uint64_t seed = a->from; seed < a->from + count; seed++) {
        failed += !decode_seed(seed, features, a);
    }
    bool covered = count < 1000 || check_coverage(features.bits);
    printf("%sok 1 - %llu modules of all features: %llu not valid\n", failed ? "not " : "",
           (unsigned long long)count, (unsigned long long)failed);
    printf("%sok 2 - every instruction was made\n", covered ? "" : "not ");
    printf("%d passed, %d failed, 0 skipped\n", !failed + covered, (failed != 0) + !covered);
    return failed || !covered;
}

static int run_gen(const struct args *a)
{
    struct bench b;
    if (!open_bench(&b, a, NULL)) {
        return 1;
    }
    uint64_t features = features_of_all(&b), failed = 0, count = a->count ? a->count : 1000;
    unsigned parts = count >= 1000 ? 10 : 1, n_failed = 0, i;
    for (i = 0; i < parts; i++) {
        uint64_t first = a->from + count / parts * i, last = a->from + count / parts * (i + 1);
        failed = 0;
        for (uint64_t seed = first; seed < last; seed++) {
            failed += !run_seed(&b, seed, features, a);
        }
        printf("%sok %u - seeds %llu to %llu: %llu differ\n", failed ? "not " : "", i + 1,
               (unsigned long long)first, (unsigned long long)last - 1, (unsigned long long)failed);
        n_failed += failed != 0;
    }
    say_totals(&b);
    if (count >= 1000) {
        bool covered = check_coverage(features);
        printf("%sok %u - every instruction was made\n", covered ? "" : "not ", ++i);
        n_failed += !covered;
    }
    close_bench(&b);
    printf("%u passed, %u failed, 0 skipped\n", i - n_failed, n_failed);
    return n_failed ? 1 : 0;
}

/* -------- given modules -------- */

static int run_files(const struct args *a)
{
    struct bench b;
    uint64_t failed = 0;
    if (!open_bench(&b, a, a->features)) {
        return 1;
    }
    for (int i = 0; i < a->n_files; i++) {
        struct bundle bundle;
        if (!bundle_read(a->files[i], &bundle)) {
            return 1;
        }
        for (uint32_t k = 0; k < bundle.n; k++) {
            char name[512];
            (void)snprintf(name, sizeof name, "%s #%u", a->files[i], k);
            failed +=
                !compare(&b, bundle.p[k], bundle.len[k], a->seed + k, (uint32_t)a->calls, name);
        }
        bundle_fini(&bundle);
    }
    say_totals(&b);
    close_bench(&b);
    printf("%llu passed, %llu failed, 0 skipped\n", (unsigned long long)(b.modules - failed),
           (unsigned long long)failed);
    return failed ? 1 : 0;
}

static int run_plan(const struct args *a)
{
    struct exec_config config = {a->tier, a->checked, 1, a->features, a->tier, a->canonical};
    struct transcript t = {0};
    struct bundle bundle;
    int missing;
    wax_engine *engine = exec_engine(&config, &missing);
    if (!engine) {
        fprintf(stderr, "there is no tier '%s'\n", a->tier);
        return 69;
    }
    if (a->n_files != 1 || !bundle_read(a->files[0], &bundle)) {
        return 64;
    }
    for (uint32_t k = 0; k < bundle.n; k++) {
        struct exec_options options = {
            .seed = a->seed + k, .calls = (uint32_t)a->calls, .plain = a->plain};
        exec_module(engine, &config, bundle.p[k], bundle.len[k], &options, &t);
        printf("module %u\n%s", k, t.text);
    }
    transcript_fini(&t);
    bundle_fini(&bundle);
    wax_engine_free(engine);
    return 0;
}

static int run_mutate(const struct args *a)
{
    struct bundle in = {0};
    FILE *out = a->out ? fopen(a->out, "wb") : NULL;
    if (!out || !a->n_files) {
        fprintf(stderr, "cannot write '%s'\n%s", a->out ? a->out : "", help);
        return 64;
    }
    for (int i = 0; i < a->n_files; i++) {
        if (!bundle_read(a->files[i], &in)) {
            return 66;
        }
    }
    struct gen_rand r = {a->seed};
    for (uint64_t k = 0; k < a->count && in.n; k++) {
        uint32_t which = (uint32_t)(gen_rand_next(&r) % in.n);
        size_t len;
        uint8_t *p = bundle_mutant(in.p[which], in.len[which], &r, &len);
        if (!p || !bundle_put(out, p, len)) {
            fprintf(stderr, "cannot write '%s'\n", a->out);
            return 74;
        }
        free(p);
    }
    bundle_fini(&in);
    return fclose(out) == 0 ? 0 : 74;
}

int main(int argc, char **argv)
{
    struct args a = {.tier = "interp"};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || !parse(argc - 2, argv + 2, &a)) {
        fputs(help, stderr);
        return 64;
    }
    if (strcmp(argv[1], "gen") == 0) {
        return run_gen(&a);
    }
    if (strcmp(argv[1], "decode") == 0) {
        return run_decode(&a);
    }
    if (strcmp(argv[1], "files") == 0) {
        return run_files(&a);
    }
    if (strcmp(argv[1], "plan") == 0) {
        return run_plan(&a);
    }
    if (strcmp(argv[1], "mutate") == 0) {
        return run_mutate(&a);
    }
    fputs(help, stderr);
    return 64;
}
