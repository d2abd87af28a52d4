/* SPDX-License-Identifier: Apache-2.0 */
/* Growable array: a typed struct around one untyped grow function. */
#ifndef WX_BASE_VEC_H
#define WX_BASE_VEC_H

#include "base/mem.h"

/* struct wx_vec_u32 = WX_VEC(uint32_t); fields: p, n, cap. Zero-initialised = empty. */
#define WX_VEC(TYPE)                                                                               \
    struct {                                                                                       \
        TYPE *p;                                                                                   \
        size_t n;                                                                                  \
        size_t cap;                                                                                \
    }

/** Make room for `n_more` elements; false when out of memory (the vector is unchanged). */
bool wx_vec_reserve_raw(struct wx_mem *mem, void **p, size_t n, size_t *cap, size_t n_more,
                        size_t elem_size);
#define wx_vec_reserve(MEM, V, N)                                                                  \
    wx_vec_reserve_raw((MEM), (void **)&(V)->p, (V)->n, &(V)->cap, (N), sizeof *(V)->p)
/* Append VALUE; evaluates to false when out of memory. */
#define wx_vec_push(MEM, V, VALUE)                                                                 \
    (((V)->n < (V)->cap || wx_vec_reserve((MEM), (V), 1)) && ((V)->p[(V)->n++] = (VALUE), true))
#define wx_vec_fini(MEM, V) (wx_free((MEM), (V)->p), (V)->p = NULL, (V)->n = 0, (V)->cap = 0)

#endif
