/* SPDX-License-Identifier: Apache-2.0 */
/* Wants threads but has no wasi_thread_start: the spawn answers 76. */
#include <stdint.h>

__attribute__((import_module("wasix_32v1"), import_name("thread_spawn_v2"))) uint32_t
spawn(uint32_t start, uint32_t ret_tid);
__attribute__((import_module("wasi"), import_name("thread-spawn"))) int32_t spawn_old(uint32_t arg);

static uint32_t start[16], tid;

__attribute__((export_name("spawn_errno"))) uint32_t spawn_errno(void)
{
    return spawn((uint32_t)(uintptr_t)start, (uint32_t)(uintptr_t)&tid);
}
__attribute__((export_name("spawn_old_errno"))) int32_t spawn_old_errno(void)
{
    return spawn_old(1);
}
