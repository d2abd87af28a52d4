/* SPDX-License-Identifier: Apache-2.0 */
/* A library that makes the thread-local data of further threads itself and does not say where. */
#include <waxwing/guest.h>

void __wasm_init_tls(void *block);

static _Alignas(16) char blocks[128][16];
static uint32_t n_blocks;
static __thread int counter = 5;

WAX_EXPORT("__wasix_init_tls") uint32_t init_tls(void)
{
    void *block = blocks[__atomic_fetch_add(&n_blocks, 1, __ATOMIC_RELAXED)];
    __wasm_init_tls(block);
    return (uint32_t)(uintptr_t)block;
}
int own_next(void) { return ++counter; }
