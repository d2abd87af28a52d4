/* SPDX-License-Identifier: Apache-2.0 */
/* The one grow function behind every WX_VEC. */
#include "base/vec.h"

#include "base/check.h"

bool wx_vec_reserve_raw(struct wx_mem *mem, void **p, size_t n, size_t *cap, size_t n_more,
                        size_t elem_size)
{
    size_t need, bytes;
    if (!wx_add_ok(n, n_more, &need)) {
        return false;
    }
    if (need <= *cap) {
        return true;
    }
    size_t grown = *cap < 8 ? 8 : *cap + *cap / 2;
    if (grown < need) {
        grown = need;
    }
    if (!wx_mul_ok(grown, elem_size, &bytes)) {
        return false;
    }
    void *moved = wx_realloc(mem, *p, bytes);
    if (!moved) {
        return false;
    }
    *p = moved;
    *cap = grown;
    return true;
}
