/* SPDX-License-Identifier: Apache-2.0 */
/* The only atomics of the library; the memory order is part of the name. */
#ifndef WX_BASE_ATOMIC_H
#define WX_BASE_ATOMIC_H

/* Thin names over the compiler builtins: they work on plain integers and pointers, so that shared
 * structures keep ordinary fields. Every use comments which access it pairs with. */
#define wx_load_relaxed(P) __atomic_load_n((P), __ATOMIC_RELAXED)
#define wx_load_acquire(P) __atomic_load_n((P), __ATOMIC_ACQUIRE)
#define wx_load_seq(P) __atomic_load_n((P), __ATOMIC_SEQ_CST)
#define wx_store_relaxed(P, V) __atomic_store_n((P), (V), __ATOMIC_RELAXED)
#define wx_store_release(P, V) __atomic_store_n((P), (V), __ATOMIC_RELEASE)
#define wx_store_seq(P, V) __atomic_store_n((P), (V), __ATOMIC_SEQ_CST)
#define wx_add_relaxed(P, V) __atomic_fetch_add((P), (V), __ATOMIC_RELAXED)
#define wx_sub_relaxed(P, V) __atomic_fetch_sub((P), (V), __ATOMIC_RELAXED)
#define wx_add_acqrel(P, V) __atomic_fetch_add((P), (V), __ATOMIC_ACQ_REL)
#define wx_sub_acqrel(P, V) __atomic_fetch_sub((P), (V), __ATOMIC_ACQ_REL)
#define wx_or_acqrel(P, V) __atomic_fetch_or((P), (V), __ATOMIC_ACQ_REL)
#define wx_or_seq(P, V) __atomic_fetch_or((P), (V), __ATOMIC_SEQ_CST)
#define wx_and_acqrel(P, V) __atomic_fetch_and((P), (V), __ATOMIC_ACQ_REL)
#define wx_and_seq(P, V) __atomic_fetch_and((P), (V), __ATOMIC_SEQ_CST)
#define wx_xchg_acqrel(P, V) __atomic_exchange_n((P), (V), __ATOMIC_ACQ_REL)
#define wx_xchg_seq(P, V) __atomic_exchange_n((P), (V), __ATOMIC_SEQ_CST)
#define wx_cas_acqrel(P, EXPECTED, V)                                                              \
    __atomic_compare_exchange_n((P), (EXPECTED), (V), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define wx_fence_seq() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
