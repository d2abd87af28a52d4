/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. */
#ifndef WX_TESTS_FUZZ_FUZZ_H
#define WX_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "wasm/module.h"

/** The entry every target has; never fails but by ending the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Say why and abort. */
_Noreturn void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** All that can be decoded. */
struct wx_features fuzz_all_features(void);
/** What every tier there is can run. */
uint64_t fuzz_tier_features(void);
/** Write a module made from an input to the file $WAXWING_FUZZ_DUMP, if that is set. */
void fuzz_dump(const uint8_t *data, size_t size);
/** Decode twice, with and without a memory limit: verdicts, places and accounts must be sound. */
void fuzz_decode(const uint8_t *data, size_t size);
/** Run on every tier and bounds mode; transcripts must agree. */
void fuzz_tiers(const uint8_t *data, size_t size, uint64_t seed, int must_load);

#endif
