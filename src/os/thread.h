/* SPDX-License-Identifier: Apache-2.0 */
/* Host threads. */
#ifndef WX_OS_THREAD_H
#define WX_OS_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct wx_os_thread {
    pthread_t handle;
};

/**
 * Start a thread with the given stack. All signals but the synchronous ones and the engine's own
 * are blocked in it, so that the embedder's handlers never run there. @return host errno
 */
int wx_os_thread_start(struct wx_os_thread *thread, size_t stack_bytes, void *(*fn)(void *),
                       void *arg);
void wx_os_thread_join(struct wx_os_thread *thread);
void wx_os_thread_detach(struct wx_os_thread *thread);
int32_t wx_os_tid(void);
int32_t wx_os_pid(void);
void wx_os_yield(void);
/** Logical processors this process may run on, at least 1. */
uint32_t wx_os_parallelism(void);

#endif
