/* SPDX-License-Identifier: Apache-2.0 */
/* Random but well-typed modules, driven by the letters of opcodes.def. */
#ifndef WX_TESTS_DIFF_GEN_H
#define WX_TESTS_DIFF_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wasm/opcodes.h"

/*
 * A module is a function of (bytes, options): every choice takes a byte, and when they are used up
 * everything open is closed. The instructions come from the table: a row typed by letters needs no
 * code here; rows with X have one in gen_special.c. Bodies are made bottom-up: an instruction takes
 * what fits from the operand stack, what is missing is made first, so that operands of every age
 * and place are met.
 *
 * Modules end: loops count their turns, and a global is spent at loop heads and function entries;
 * when it is used up, functions return at once. Traps are possible everywhere but made rare, since
 * what follows a trap is not tested.
 *
 * Exports: functions "f0" …, memories "m0" …, tables "t0" …, globals "g0" …; imports: "h"."0" ….
 */
struct gen_options {
    uint64_t features;   /* 1 << enum wx_feature: what may be used */
    uint32_t max_funcs;  /* 0 = 6 */
    uint32_t max_instrs; /* per function; 0 = 80 */
    bool loops;          /* functions are loops over many locals, written to memory at the end */
    bool raw_nans;       /* NaN payloads may get into integers and memory */
};

/**
 * Make a module from len bytes.
 *
 * @param ret_len  its size
 * @return the module, freed by free(); NULL if memory is out
 */
uint8_t *gen_module(const uint8_t *data, size_t len, const struct gen_options *options,
                    size_t *ret_len);

/** How often each instruction was made so far; for a test of coverage. */
extern uint32_t gen_hits[WX_OP_COUNT];

/** A small random sequence: the same everywhere. */
struct gen_rand {
    uint64_t s;
};
uint64_t gen_rand_next(struct gen_rand *r);
/** Fill with bytes of a seed, as input for gen_module(). */
void gen_fill(uint64_t seed, uint8_t *out, size_t len);

#endif
