/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as choices of the generator: a valid module, which all tiers must run alike. */
#include <stdlib.h>

#include "fuzz.h"
#include "gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gen_options options = {.features = fuzz_tier_features()};
    size_t len;
    if (size < 2) {
        return 0;
    }
    if (data[0] & 1) { /* some proposals off */
        options.features &= gen_rand_next(&(struct gen_rand){data[1]}) | 1;
    }
    options.loops = data[0] >> 7;
    uint8_t *module = gen_module(data + 2, size - 2, &options, &len);
    if (!module) {
        fuzz_fail("the generator failed");
    }
    fuzz_dump(module, len);
    fuzz_decode(module, len);
    fuzz_tiers(module, len, data[0], 1);
    free(module);
    return 0;
}
