/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every exported function of a module with arguments of a seed and writes down what happens.
 */
#ifndef WX_TESTS_DIFF_EXEC_H
#define WX_TESTS_DIFF_EXEC_H

#include <waxwing/waxwing.h>

/** How to run: a tier, a bounds mode, and whether fuel ends endless code (else a deadline does). */
struct exec_config {
    const char *tier;
    int checked;
    int fuel;
    const char *features; /* NULL = defaults */
    const char *name;     /* for messages: "interp/checked" */
    int canonical;        /* NaNs are canonical: their bits are compared, too */
};

struct exec_options {
    uint64_t seed;
    uint32_t calls;        /* of each function; 0 = 3 */
    uint32_t per_instance; /* calls before a fresh instance is made; 0 = 12 */
    uint64_t fuel;         /* of each call; 0 = 200,000 */
    int plain;             /* call only functions whose values JavaScript has */
    int frames;            /* say where traps and exceptions came from */
};

/** A transcript: lines of text, described in tests/diff/README.md. */
struct transcript {
    char *text;
    size_t len, cap;
    uint32_t n_calls, n_traps;
    int nan_bits; /* of the configuration */
    int stopped;  /* ended by fuel, a deadline or an exhausted stack: the rest was not run */
};
void transcript_fini(struct transcript *t);

/** An engine for a configuration; NULL (with *ret_missing set) if there is no such tier. */
wax_engine *exec_engine(const struct exec_config *config, int *ret_missing);
/** Run one module. The transcript is emptied first. */
void exec_module(wax_engine *engine, const struct exec_config *config, const void *bytes,
                 size_t len, const struct exec_options *options, struct transcript *t);

/**
 * Compare two transcripts of one module. Different are only what README.md allows: lines of fuel
 * where one had none, and all that follows where one was stopped by a limit the other does not
 * have.
 *
 * @param ret_line  number of the first line that differs, from 1
 */
int exec_agree(const struct transcript *a, const struct exec_config *ca, const struct transcript *b,
               const struct exec_config *cb, unsigned *ret_line);

/** All tiers and bounds modes; with and without fuel. */
extern const struct exec_config exec_configs[];
extern const unsigned n_exec_configs;

#endif
