/* SPDX-License-Identifier: Apache-2.0 */
/* Small valid modules, one per group of features: what the mutants come from. */
#ifndef WAXWING_TESTS_SEEDS_H
#define WAXWING_TESTS_SEEDS_H

#include "support/wasm.h"

struct seed {
    const char *name;
    void (*make)(struct wasm *w);
};

/** Ended by a row without a name. */
extern const struct seed seeds[];

#endif
