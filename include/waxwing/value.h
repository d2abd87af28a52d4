/* SPDX-License-Identifier: Apache-2.0 */
/* Values and types as they cross the boundary. */
#ifndef WAXWING_VALUE_H
#define WAXWING_VALUE_H

#include <waxwing/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wax_func wax_func;
typedef struct wax_table wax_table;
typedef struct wax_memory wax_memory;
typedef struct wax_global wax_global;
typedef struct wax_tag wax_tag;

/** Value types. Concrete function references report as WAX_FUNCREF. */
typedef int32_t wax_valtype;
enum { WAX_I32, WAX_I64, WAX_F32, WAX_F64, WAX_V128, WAX_FUNCREF, WAX_EXTERNREF, WAX_EXNREF };

/**
 * A value with its type. References are valid while their store lives, but for an exnref: it is
 * valid during the call that a host function got it in, elsewhere until guest code of its store
 * runs again; put it into a global or a table to keep it. A use after that is an error, not a
 * fault.
 */
typedef struct wax_value {
    wax_valtype type;
    union {
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        uint8_t v128[16];   /* lane 0 first */
        wax_func *func;     /* NULL = null reference */
        uint64_t externref; /* 0 = null reference; see wax_store_externref() */
        uint64_t exnref[2]; /* opaque; exnref[0] == 0 = null reference */
    } of;
} wax_value;

/** A function type: n_params types, then n_results types. */
typedef struct wax_functype {
    uint32_t n_params;
    uint32_t n_results;
    const wax_valtype *params;
    const wax_valtype *results;
} wax_functype;

enum { WAX_EXTERN_FUNC, WAX_EXTERN_TABLE, WAX_EXTERN_MEMORY, WAX_EXTERN_GLOBAL, WAX_EXTERN_TAG };

/** Something imported or exported; borrowed from its store. */
typedef struct wax_extern {
    int32_t kind; /* WAX_EXTERN_* */
    union {
        wax_func *func;
        wax_table *table;
        wax_memory *memory;
        wax_global *global;
        wax_tag *tag;
    } of;
} wax_extern;

/** Limits of memories (pages of 64 KiB, or bytes with 1-byte pages) and tables (elements). */
typedef struct wax_limits {
    uint64_t min;
    uint64_t max;   /* UINT64_MAX = none declared */
    int32_t is64;   /* 64-bit addresses or indices */
    int32_t shared; /* memories */
} wax_limits;

/** A name: any UTF-8, may be empty and may contain NULs; not NUL-terminated. */
typedef struct wax_name {
    const char *data;
    size_t len;
} wax_name;

/* Initialisers for wax_value; those with a designator are C, or C++20. */
#define WAX_INIT_I32(V)                                                                            \
    {                                                                                              \
        WAX_I32, { (V) }                                                                           \
    }
#define WAX_INIT_I64(V)                                                                            \
    {                                                                                              \
        WAX_I64, { .i64 = (V) }                                                                    \
    }
#define WAX_INIT_F64(V)                                                                            \
    {                                                                                              \
        WAX_F64, { .f64 = (V) }                                                                    \
    }

#ifdef __cplusplus
}
#endif
#endif
