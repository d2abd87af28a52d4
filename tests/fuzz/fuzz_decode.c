/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a module: decoded within bounds, and if valid and runnable, alike on all tiers. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_decode(data, size);
    fuzz_tiers(data, size, size, 0);
    return 0;
}
