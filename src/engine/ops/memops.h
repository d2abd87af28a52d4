/* SPDX-License-Identifier: Apache-2.0 */
/* Memory access of the op bodies: one plain function per load and store. */
/*
 * Accesses are volatile and of exactly the wasm width (invariant 4): a load whose value is dropped
 * still traps, nothing is widened or split. Addresses may be misaligned.
 */
#ifndef WX_ENGINE_OPS_MEMOPS_H
#define WX_ENGINE_OPS_MEMOPS_H

#include <stdint.h>

#include "wasm/simd.h"

#define WX_OPS_INLINE static inline __attribute__((always_inline))

/* Type of memory cells: any alignment, aliases everything. */
#define WX_CELL(T) T __attribute__((aligned(1), may_alias))
typedef WX_CELL(uint8_t) wx_cell_u8;
typedef WX_CELL(int8_t) wx_cell_s8;
typedef WX_CELL(uint16_t) wx_cell_u16;
typedef WX_CELL(int16_t) wx_cell_s16;
typedef WX_CELL(uint32_t) wx_cell_u32;
typedef WX_CELL(int32_t) wx_cell_s32;
typedef WX_CELL(uint64_t) wx_cell_u64;
typedef WX_CELL(float) wx_cell_f32;
typedef WX_CELL(double) wx_cell_f64;
typedef WX_CELL(wx_v128) wx_cell_v128;

#define WX_LOAD(NAME, RESULT, CELL)                                                                \
    WX_OPS_INLINE RESULT wx_op_##NAME(const uint8_t *p)                                            \
    {                                                                                              \
        return (RESULT) * (const volatile wx_cell_##CELL *)p;                                      \
    }
WX_LOAD(I32_LOAD, uint32_t, u32)
WX_LOAD(I64_LOAD, uint64_t, u64)
WX_LOAD(F32_LOAD, float, f32)
WX_LOAD(F64_LOAD, double, f64)
WX_LOAD(I32_LOAD8_S, uint32_t, s8)
WX_LOAD(I32_LOAD8_U, uint32_t, u8)
WX_LOAD(I32_LOAD16_S, uint32_t, s16)
WX_LOAD(I32_LOAD16_U, uint32_t, u16)
WX_LOAD(I64_LOAD8_S, uint64_t, s8)
WX_LOAD(I64_LOAD8_U, uint64_t, u8)
WX_LOAD(I64_LOAD16_S, uint64_t, s16)
WX_LOAD(I64_LOAD16_U, uint64_t, u16)
WX_LOAD(I64_LOAD32_S, uint64_t, s32)
WX_LOAD(I64_LOAD32_U, uint64_t, u32)

#define WX_STORE(NAME, VALUE, CELL)                                                                \
    WX_OPS_INLINE void wx_op_##NAME(uint8_t *p, VALUE v)                                           \
    {                                                                                              \
        *(volatile wx_cell_##CELL *)p = (wx_cell_##CELL)v;                                         \
    }
WX_STORE(I32_STORE, uint32_t, u32)
WX_STORE(I64_STORE, uint64_t, u64)
WX_STORE(F32_STORE, float, f32)
WX_STORE(F64_STORE, double, f64)
WX_STORE(I32_STORE8, uint32_t, u8)
WX_STORE(I32_STORE16, uint32_t, u16)
WX_STORE(I64_STORE8, uint64_t, u8)
WX_STORE(I64_STORE16, uint64_t, u16)
WX_STORE(I64_STORE32, uint64_t, u32)

/* -------- v128 -------- */

WX_LOAD(V128_LOAD, wx_v128, v128)
WX_STORE(V128_STORE, wx_v128, v128)
/* VALUE is made of the cell v. */
#define WX_LOAD_V(NAME, CELL, VALUE)                                                               \
    WX_OPS_INLINE wx_v128 wx_op_##NAME(const uint8_t *p)                                           \
    {                                                                                              \
        wx_cell_##CELL v = *(const volatile wx_cell_##CELL *)p;                                    \
        return (wx_v128)(VALUE);                                                                   \
    }
WX_LOAD_V(V128_LOAD8_SPLAT, u8, wx_num_I8X16_SPLAT(v))
WX_LOAD_V(V128_LOAD16_SPLAT, u16, wx_num_I16X8_SPLAT(v))
WX_LOAD_V(V128_LOAD32_SPLAT, u32, wx_num_I32X4_SPLAT(v))
WX_LOAD_V(V128_LOAD64_SPLAT, u64, wx_num_I64X2_SPLAT(v))
WX_LOAD_V(V128_LOAD32_ZERO, u32, ((wx_v128){v, 0}))
WX_LOAD_V(V128_LOAD64_ZERO, u64, ((wx_v128){v, 0}))
#define WX_LOW_64(V) ((wx_v128){(V), 0})
WX_LOAD_V(V128_LOAD8X8_S, u64, wx_num_I16X8_EXTEND_LOW_I8X16_S(WX_LOW_64(v)))
WX_LOAD_V(V128_LOAD8X8_U, u64, wx_num_I16X8_EXTEND_LOW_I8X16_U(WX_LOW_64(v)))
WX_LOAD_V(V128_LOAD16X4_S, u64, wx_num_I32X4_EXTEND_LOW_I16X8_S(WX_LOW_64(v)))
WX_LOAD_V(V128_LOAD16X4_U, u64, wx_num_I32X4_EXTEND_LOW_I16X8_U(WX_LOW_64(v)))
WX_LOAD_V(V128_LOAD32X2_S, u64, wx_num_I64X2_EXTEND_LOW_I32X4_S(WX_LOW_64(v)))
WX_LOAD_V(V128_LOAD32X2_U, u64, wx_num_I64X2_EXTEND_LOW_I32X4_U(WX_LOW_64(v)))

/* One lane from or to memory; `lane` is a constant once these are inlined. */
#define WX_LANE(BITS, REPLACE, EXTRACT)                                                            \
    WX_OPS_INLINE wx_v128 wx_op_V128_LOAD##BITS##_LANE(const uint8_t *p, wx_v128 a, unsigned lane) \
    {                                                                                              \
        return wx_num_##REPLACE(a, *(const volatile wx_cell_u##BITS *)p, lane);                    \
    }                                                                                              \
    WX_OPS_INLINE void wx_op_V128_STORE##BITS##_LANE(uint8_t *p, wx_v128 a, unsigned lane)         \
    {                                                                                              \
        *(volatile wx_cell_u##BITS *)p = (wx_cell_u##BITS)wx_num_##EXTRACT(a, lane);               \
    }
WX_LANE(8, I8X16_REPLACE_LANE, I8X16_EXTRACT_LANE_U)
WX_LANE(16, I16X8_REPLACE_LANE, I16X8_EXTRACT_LANE_U)
WX_LANE(32, I32X4_REPLACE_LANE, I32X4_EXTRACT_LANE)
WX_LANE(64, I64X2_REPLACE_LANE, I64X2_EXTRACT_LANE)

/* Atomics: sequentially consistent, naturally aligned (checked by the caller). */
#define WX_ATOMIC_LOAD(NAME, RESULT, CELL)                                                         \
    WX_OPS_INLINE RESULT wx_op_##NAME(uint8_t *p)                                                  \
    {                                                                                              \
        return __atomic_load_n((CELL *)(void *)p, __ATOMIC_SEQ_CST);                               \
    }
#define WX_ATOMIC_STORE(NAME, VALUE, CELL)                                                         \
    WX_OPS_INLINE void wx_op_##NAME(uint8_t *p, VALUE v)                                           \
    {                                                                                              \
        __atomic_store_n((CELL *)(void *)p, (CELL)v, __ATOMIC_SEQ_CST);                            \
    }
#define WX_ATOMIC_RMW(NAME, VALUE, CELL, FN)                                                       \
    WX_OPS_INLINE VALUE wx_op_##NAME(uint8_t *p, VALUE v)                                          \
    {                                                                                              \
        return FN((CELL *)(void *)p, (CELL)v, __ATOMIC_SEQ_CST);                                   \
    }
/* The expected value is cut to the cell's width, as the threads proposal settled it (issue 195). */
#define WX_ATOMIC_CMPXCHG(NAME, VALUE, CELL)                                                       \
    WX_OPS_INLINE VALUE wx_op_##NAME(uint8_t *p, VALUE expected, VALUE v)                          \
    {                                                                                              \
        CELL *cell = (CELL *)(void *)p;                                                            \
        CELL old = (CELL)expected;                                                                 \
        __atomic_compare_exchange_n(cell, &old, (CELL)v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);   \
        return old;                                                                                \
    }
#define WX_ATOMIC_SET(T, VALUE, LOAD, STORE, RMW, U, CELL)                                         \
    WX_ATOMIC_LOAD(LOAD, VALUE, CELL)                                                              \
    WX_ATOMIC_STORE(STORE, VALUE, CELL)                                                            \
    WX_ATOMIC_RMW(T##_ATOMIC_##RMW##_ADD##U, VALUE, CELL, __atomic_fetch_add)                      \
    WX_ATOMIC_RMW(T##_ATOMIC_##RMW##_SUB##U, VALUE, CELL, __atomic_fetch_sub)                      \
    WX_ATOMIC_RMW(T##_ATOMIC_##RMW##_AND##U, VALUE, CELL, __atomic_fetch_and)                      \
    WX_ATOMIC_RMW(T##_ATOMIC_##RMW##_OR##U, VALUE, CELL, __atomic_fetch_or)                        \
    WX_ATOMIC_RMW(T##_ATOMIC_##RMW##_XOR##U, VALUE, CELL, __atomic_fetch_xor)                      \
    WX_ATOMIC_RMW(T##_ATOMIC_##RMW##_XCHG##U, VALUE, CELL, __atomic_exchange_n)                    \
    WX_ATOMIC_CMPXCHG(T##_ATOMIC_##RMW##_CMPXCHG##U, VALUE, CELL)
WX_ATOMIC_SET(I32, uint32_t, I32_ATOMIC_LOAD, I32_ATOMIC_STORE, RMW, , uint32_t)
WX_ATOMIC_SET(I64, uint64_t, I64_ATOMIC_LOAD, I64_ATOMIC_STORE, RMW, , uint64_t)
WX_ATOMIC_SET(I32, uint32_t, I32_ATOMIC_LOAD8_U, I32_ATOMIC_STORE8, RMW8, _U, uint8_t)
WX_ATOMIC_SET(I32, uint32_t, I32_ATOMIC_LOAD16_U, I32_ATOMIC_STORE16, RMW16, _U, uint16_t)
WX_ATOMIC_SET(I64, uint64_t, I64_ATOMIC_LOAD8_U, I64_ATOMIC_STORE8, RMW8, _U, uint8_t)
WX_ATOMIC_SET(I64, uint64_t, I64_ATOMIC_LOAD16_U, I64_ATOMIC_STORE16, RMW16, _U, uint16_t)
WX_ATOMIC_SET(I64, uint64_t, I64_ATOMIC_LOAD32_U, I64_ATOMIC_STORE32, RMW32, _U, uint32_t)

#endif
