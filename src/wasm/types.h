/* SPDX-License-Identifier: Apache-2.0 */
/* Wasm types as the front end decodes them and the engine uses them. */
#ifndef WX_WASM_TYPES_H
#define WX_WASM_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/**
 * A value type in 32 bits: kind in the low byte; for references bit 8 = nullable and bits 12–31 the
 * heap type (an abstract one as its binary code 0x6a–0x74, or WX_HEAP_INDEX + type index).
 */
typedef uint32_t wx_valtype;

enum wx_valkind {
    WX_KIND_BOT = 0x00, /* bottom: any operand in unreachable code (validator only) */
    WX_KIND_I32 = 0x7f,
    WX_KIND_I64 = 0x7e,
    WX_KIND_F32 = 0x7d,
    WX_KIND_F64 = 0x7c,
    WX_KIND_V128 = 0x7b,
    WX_KIND_REF = 0x64, /* all references; the heap type tells which */
};

#define WX_NULLABLE 0x100u
#define WX_HEAP_SHIFT 12
/* Heap types: binary codes of the abstract ones; concrete ones are WX_HEAP_INDEX + type index. */
enum wx_heap {
    WX_HEAP_BOT = 0x00, /* below all: a reference in unreachable code (validator only) */
    WX_HEAP_FUNC = 0x70,
    WX_HEAP_EXTERN = 0x6f,
    WX_HEAP_EXN = 0x69,
    WX_HEAP_NOFUNC = 0x73,
    WX_HEAP_NOEXTERN = 0x72,
    WX_HEAP_NOEXN = 0x74,
    WX_HEAP_INDEX = 0x100, /* + module type index; at most 1,000,000 types (limits) */
};
#define WX_REF(HEAP, NULLABLE)                                                                     \
    ((wx_valtype)WX_KIND_REF | ((NULLABLE) ? WX_NULLABLE : 0u) |                                   \
     ((uint32_t)(HEAP) << WX_HEAP_SHIFT))
#define WX_FUNCREF WX_REF(WX_HEAP_FUNC, 1)
#define WX_EXTERNREF WX_REF(WX_HEAP_EXTERN, 1)
#define WX_EXNREF WX_REF(WX_HEAP_EXN, 1)

static inline uint8_t wx_type_kind(wx_valtype t) { return (uint8_t)t; }
static inline uint32_t wx_type_heap(wx_valtype t) { return t >> WX_HEAP_SHIFT; }
static inline bool wx_type_nullable(wx_valtype t) { return (t & WX_NULLABLE) != 0; }
static inline bool wx_type_is_ref(wx_valtype t) { return (uint8_t)t == WX_KIND_REF; }
/** References to functions, of any type. */
static inline bool wx_type_is_funcref(wx_valtype t)
{
    uint32_t heap = wx_type_heap(t);
    return wx_type_is_ref(t) &&
           (heap == WX_HEAP_FUNC || heap == WX_HEAP_NOFUNC || heap >= WX_HEAP_INDEX);
}
/** Values of floats and vectors are apart from all others in processors. */
static inline bool wx_type_in_vector_file(wx_valtype t)
{
    uint8_t k = wx_type_kind(t);
    return k == WX_KIND_F32 || k == WX_KIND_F64 || k == WX_KIND_V128;
}
/** 64-bit value-stack slots of one value: v128 takes two, exnref two (R12), all else one. */
static inline uint32_t wx_type_slots(wx_valtype t)
{
    return wx_type_kind(t) == WX_KIND_V128 ||
                   (wx_type_is_ref(t) &&
                    (wx_type_heap(t) == WX_HEAP_EXN || wx_type_heap(t) == WX_HEAP_NOEXN))
               ? 2u
               : 1u;
}

/** types[0 .. n_params) then types[n_params .. n_params + n_results). */
struct wx_functype {
    uint32_t n_params;
    uint32_t n_results;
    uint32_t n_param_slots;
    uint32_t n_result_slots;
    uint32_t canon;          /* least type index of this module with an equal type */
    const wx_valtype *types; /* owned by the module's arena */
};

/** Limits of a memory (pages of 1 << page_shift bytes) or a table (elements). */
struct wx_limits {
    uint64_t min;
    uint64_t max; /* meaningful if has_max */
    bool has_max;
    bool is64;          /* addresses or indices are i64 */
    bool shared;        /* memories only */
    uint8_t page_shift; /* memories: 16, or 0 with custom-page-sizes */
};

struct wx_globaltype {
    wx_valtype type;
    bool mut;
};

struct wx_tabletype {
    wx_valtype elem;
    struct wx_limits limits;
};

enum wx_extern_kind {
    WX_EXT_FUNC = 0,
    WX_EXT_TABLE = 1,
    WX_EXT_MEMORY = 2,
    WX_EXT_GLOBAL = 3,
    WX_EXT_TAG = 4
};

/** Length-counted name, not NUL-terminated, valid UTF-8; may hold NULs. */
struct wx_name {
    const char *p;
    uint32_t len;
};

#endif
