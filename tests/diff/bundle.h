/* SPDX-License-Identifier: Apache-2.0 */
/* Many modules in one file, and mutants of them. */
#ifndef WX_TESTS_DIFF_BUNDLE_H
#define WX_TESTS_DIFF_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gen.h"

/** A file is a row of (u32 length, little-endian; bytes); a lone .wasm counts as one of one. */
struct bundle {
    uint8_t **p;
    size_t *len;
    uint32_t n, cap;
};
/** Append the modules of a file; says why it cannot. */
bool bundle_read(const char *path, struct bundle *b);
/** Append a file as it is. */
bool bundle_read_one(const char *path, struct bundle *b);
void bundle_fini(struct bundle *b);
bool bundle_put(FILE *out, const uint8_t *p, size_t len);
/** One to eight small changes; freed by free(). */
uint8_t *bundle_mutant(const uint8_t *p, size_t len, struct gen_rand *r, size_t *ret_len);

#endif
