/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of one store, and what stands for each of them in its copy. */
#ifndef WX_ENGINE_RT_TWINS_H
#define WX_ENGINE_RT_TWINS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct wx_twin {
    const void *from; /* NULL: empty */
    void *to;
};

/** From addresses to addresses, by open addressing. Zero-initialised but for `mem` = empty. */
struct wx_twins {
    struct wx_mem *mem;
    struct wx_twin *p;
    size_t n, cap; /* cap: a power of two, or 0 */
};

/** `from` is not NULL; the first twin it was given stays. @return false when out of memory */
bool wx_twins_add(struct wx_twins *twins, const void *from, void *to);
/** NULL: there is none. `twins` may be NULL. */
void *wx_twins_find(const struct wx_twins *twins, const void *from);
void wx_twins_fini(struct wx_twins *twins);

#endif
